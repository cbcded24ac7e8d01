package schemas

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.json
var files embed.FS

// Of returns the JSON Schema for the type of record, or nil if that is not a
// record type of this package.
func Of(record any) []byte {
	schema, err := files.ReadFile(File(record))
	if err != nil {
		return nil
	}
	return schema
}

// File returns the name of the schema file for the type of record: the type's
// name in snake case, such as ticket_message.json.
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
