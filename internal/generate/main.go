// Generate writes the files that are made from the code: the JSON Schema of
// every record, the specification of the configuration, a configured catalog
// with every stream, the tap's definition for Meltano, the tables in README.md
// and docs/airbyte.md, and docs/streams.md with its picture. It is run at the
// root of the repository.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
	if files["catalog.json"], err = airbyte.Configured(connector.AvailableStreams(nil)); err != nil {
		return nil, err
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		return nil, err
	}
	if files["README.md"], err = between(readme, "README.md", "", "streams", table(connector.Streams())); err != nil {
		return nil, err
	}
	all, err := sections(connector.Streams())
	if err != nil {
		return nil, err
	}
	if files[filepath.Join("docs", "streams.md")], err = Streams(all); err != nil {
		return nil, err
	}
	if files[filepath.Join("docs", "streams.svg")], err = Picture(all); err != nil {
		return nil, err
	}
	page := filepath.Join("docs", "airbyte.md")
	text, err := os.ReadFile(page)
	if err != nil {
		return nil, err
	}
	if files[page], err = airbyteDocument(text, specification, connector.Streams()); err != nil {
		return nil, err
	}
	files["tap-gorgias.yml"] = append([]byte("# For Meltano: meltano add --plugin-type extractor tap-gorgias --from-ref tap-gorgias.yml\n"), Plugin()...)
	project := filepath.Join("integration_tests", "meltano", "meltano.yml")
	if text, err = os.ReadFile(project); err != nil {
		return nil, err
	}
	files[project], err = between(text, project, "  # ", "tap", indented(Plugin(), "  "))
	return files, err
}

// table tells of the streams, for people.
func table(streams []*connector.Stream) []byte {
	var b bytes.Buffer
	b.WriteString("| stream | primary key | sync | read from |\n| --- | --- | --- | --- |\n")
	for _, s := range streams {
		sync, from := "whole", "`/api/"+s.Path+"`"
		if s.Incremental() {
			sync = "incremental, `" + s.Cursor + "`"
		}
		if s.Mode == connector.Derived {
			from = "the pages of `" + s.Parent + "`"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", s.Name, strings.Join(s.Key, "`, `"), sync, from)
	}
	return b.Bytes()
}

// between replaces what stands between the marks of that name, each on a line
// of its own behind the prefix.
func between(text []byte, file, prefix, name string, with []byte) ([]byte, error) {
	open, shut := prefix+"<!-- "+name+" -->\n", prefix+"<!-- end of "+name+" -->\n"
	head, rest, ok1 := bytes.Cut(text, []byte(open))
	_, tail, ok2 := bytes.Cut(rest, []byte(shut))
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("%s has no marks for %s", file, name)
	}
	return slices.Concat(head, []byte(open), with, []byte(shut), tail), nil
}
