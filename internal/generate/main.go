// Command generate writes the files that follow from the stream table, the
// record types and the configuration:
//
//	schemas/*.json            the JSON Schema of every record, from schemas/*.go
//	connector/config/spec.json  the specification, from config.Config
//	catalog.json              a configured catalog with every stream
//	tap-gorgias.yml           the tap's definition for Meltano, also in
//	                          examples/meltano/meltano.yml
//	README.md, docs/airbyte.md  the tables between their markers
//	docs/streams.md           every stream and column
//	docs/streams.dot          the entity-relationship diagram; internal/generate/graphviz
//	                          draws docs/streams.svg from it
//
// It runs at the root of the repository. A test compares the files with what it
// would write.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/config"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
	"source-gorgias/schemas"
)

// The generator contains the schemas and the specification that it writes. So
// they are written first, each by a run of its own.
func main() {
	stages := map[string]func() (map[string][]byte, error){
		"schemas": func() (map[string][]byte, error) { return generateSchemas(streams.Records()) },
		"spec":    generateSpec,
		"":        func() (map[string][]byte, error) { return generate(streams.Records()) },
	}
	files, err := stages[strings.Join(os.Args[1:], " ")]()
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

// generateSchemas returns the schema of every record type.
func generateSchemas(records []any) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, record := range records {
		document, err := Document(record)
		if err != nil {
			return nil, err
		}
		files[filepath.Join("schemas", schemas.File(record))] = document
	}
	return files, nil
}

// generateSpec returns the specification.
func generateSpec() (map[string][]byte, error) {
	spec, err := Specification()
	return map[string][]byte{specFile: spec}, err
}

var specFile = filepath.Join("connector", "config", "spec.json")

// generate returns the content of every generated file by its name.
func generate(records []any) (map[string][]byte, error) {
	files, err := generateSchemas(records)
	if err != nil {
		return nil, err
	}
	specFiles, err := generateSpec()
	if err != nil {
		return nil, err
	}
	spec := specFiles[specFile]
	files[specFile] = spec
	if files["catalog.json"], err = airbyte.ConfiguredCatalog(config.AvailableStreams(nil)); err != nil {
		return nil, err
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		return nil, err
	}
	table, err := streamTable(streams.All())
	if err != nil {
		return nil, err
	}
	if files["README.md"], err = between(readme, "README.md", "", "streams", table); err != nil {
		return nil, err
	}
	all, err := sections(streams.All())
	if err != nil {
		return nil, err
	}
	if files[filepath.Join("docs", "streams.md")], err = Streams(all); err != nil {
		return nil, err
	}
	files[filepath.Join("docs", "streams.dot")] = ERDiagram(all)
	page := filepath.Join("docs", "airbyte.md")
	text, err := os.ReadFile(page)
	if err != nil {
		return nil, err
	}
	if files[page], err = airbyteDocument(text, spec, streams.All()); err != nil {
		return nil, err
	}
	files["tap-gorgias.yml"] = append([]byte("# For Meltano: meltano add --plugin-type extractor tap-gorgias --from-ref tap-gorgias.yml\n"), Plugin()...)
	project := filepath.Join("examples", "meltano", "meltano.yml")
	if text, err = os.ReadFile(project); err != nil {
		return nil, err
	}
	files[project], err = between(text, project, "  # ", "tap", indented(Plugin(), "  "))
	return files, err
}

// streamGroups are the rows of the list of streams in README.md.
var streamGroups = []struct {
	about   string
	streams []string
}{
	{"Conversations", []string{"tickets", "ticket_tags", "ticket_custom_field_values", "ticket_messages", "ticket_message_attachments", "satisfaction_surveys"}},
	{"Customers", []string{"customers", "customer_custom_field_values"}},
	{"Calls", []string{"voice_calls", "voice_call_events", "voice_call_recordings"}},
	{"Activity and reports", []string{"events", "jobs", "statistics", "metric_cards"}},
	{"People", []string{"users", "teams"}},
	{"Configuration", []string{"account", "account_settings", "custom_fields", "integrations", "macros", "rules", "tags", "views", "view_items", "widgets"}},
}

// streamTable is the list of streams in README.md. Each stream is in one group.
func streamTable(streams []*stream.Stream) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("| | incremental | full refresh |\n| --- | --- | --- |\n")
	listed := 0
	for _, g := range streamGroups {
		cells := map[bool][]string{}
		for _, name := range g.streams {
			i := slices.IndexFunc(streams, func(s *stream.Stream) bool { return s.Name == name })
			if i < 0 {
				return nil, fmt.Errorf("group %s of README.md: there is no stream %s", g.about, name)
			}
			listed++
			link := fmt.Sprintf("[`%s`](docs/streams.md#%s)", name, name)
			cells[streams[i].Incremental()] = append(cells[streams[i].Incremental()], link)
		}
		fmt.Fprintf(&b, "| **%s** | %s | %s |\n", g.about, strings.Join(cells[true], ", "), strings.Join(cells[false], ", "))
	}
	if listed != len(streams) {
		return nil, fmt.Errorf("the groups of README.md have %d of %d streams", listed, len(streams))
	}
	return b.Bytes(), nil
}

// between replaces the text between the markers of that name, each on a line of
// its own after the prefix.
func between(text []byte, file, prefix, name string, with []byte) ([]byte, error) {
	start, end := prefix+"<!-- "+name+" -->\n", prefix+"<!-- end of "+name+" -->\n"
	head, rest, ok1 := bytes.Cut(text, []byte(start))
	_, tail, ok2 := bytes.Cut(rest, []byte(end))
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("%s has no markers for %s", file, name)
	}
	return slices.Concat(head, []byte(start), with, []byte(end), tail), nil
}
