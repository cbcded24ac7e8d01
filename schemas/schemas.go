package schemas

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.json
var files embed.FS

// Of returns the JSON Schema of a record's type, given any value of it; nil
// if it is not a record type of this package.
func Of(record any) []byte {
	schema, err := files.ReadFile(File(record))
	if err != nil {
		return nil
	}
	return schema
}

// File returns the name of the file with the schema of a record's type, which
// is the type's name in snake case: ticket_message.json.
func File(record any) string {
	var name strings.Builder
	for i, r := range strings.TrimPrefix(fmt.Sprintf("%T", record), "schemas.") {
		if i > 0 && 'A' <= r && r <= 'Z' {
			name.WriteByte('_')
		}
		name.WriteRune(r)
	}
	return strings.ToLower(name.String()) + ".json"
}
