// Generate writes the files that are made from the code: the JSON Schema of
// every record, the specification of the configuration, and a configured
// catalog with every stream. It is run at the root of the repository.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"source-gorgias/connector"
	"source-gorgias/connector/airbyte"
	"source-gorgias/schemas"
)

func main() {
	files, err := generate(records())
	for name, document := range files {
		if err == nil {
			err = os.WriteFile(name, document, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// records returns a zero value of every record type.
func records() []any {
	var all []any
	for _, s := range connector.Streams() {
		all = append(all, s.Record)
	}
	return all
}

// generate returns the contents of every generated file by its name.
func generate(records []any) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, record := range records {
		document, err := Document(record)
		if err != nil {
			return nil, err
		}
		files[filepath.Join("schemas", schemas.File(record))] = document
	}
	specification, err := Specification()
	if err != nil {
		return nil, err
	}
	files[filepath.Join("connector", "spec.json")] = specification
	files["catalog.json"], err = airbyte.Configured(connector.Streams())
	return files, err
}
