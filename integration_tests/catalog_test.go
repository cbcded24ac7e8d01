package integration_tests

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/config"
	"source-gorgias/connector/streams"
)

// TestCatalog checks what Airbyte's acceptance tests check in a discovered
// catalog.
func TestCatalog(t *testing.T) {
	t.Parallel()
	discover := []string{"discover", "--sandbox", "--config", file(t, "config.json", `{"reports":`+someReports+`}`)}
	tr := call{args: discover}.inside(t)
	catalog := discoveredStreams(t)
	var order []string
	for _, m := range tr.messages() {
		if m.Catalog != nil {
			for _, s := range m.Catalog.Streams {
				order = append(order, s.Name)
			}
		}
	}
	each := func(name string, check func(*testing.T, *contract)) {
		t.Run(name, func(t *testing.T) {
			for _, name := range order {
				check(t, catalog[name])
			}
		})
	}
	t.Run("discover", func(t *testing.T) {
		if !slices.Equal(order, allStreams()) {
			t.Errorf("discovered %q, the table has %q", order, allStreams())
		}
		if sorted := slices.Sorted(slices.Values(order)); len(slices.Compact(sorted)) != len(order) {
			t.Errorf("a name stands twice in %q", order)
		}
	})
	each("streams_have_valid_json_schemas", func(t *testing.T, s *contract) {
		c := jsonschema.NewCompiler()
		c.Draft = jsonschema.Draft7
		if err := c.AddResource(s.Name, bytes.NewReader(s.Schema)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Compile(s.Name); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	})
	each("defined_cursors_exist_in_schema", func(t *testing.T, s *contract) {
		for _, c := range s.Cursor {
			if column, _ := s.columns[c].(map[string]any); column["format"] != "date-time" {
				t.Errorf("%s: the cursor %s is %v", s.Name, c, column)
			}
		}
	})
	each("primary_keys_exist_in_schema", func(t *testing.T, s *contract) {
		if len(s.Key) == 0 {
			t.Errorf("%s has no key", s.Name)
		}
		for _, k := range s.Key {
			column, _ := s.columns[k[0]].(map[string]any)
			if types, _ := column["type"].([]any); column == nil || slices.Contains(types, "object") || slices.Contains(types, "array") || slices.Contains(types, "null") {
				t.Errorf("%s: the key %v is %v", s.Name, k, column)
			}
		}
	})
	each("keyword_exist", func(t *testing.T, s *contract) {
		for _, word := range []string{"$ref", "allOf", "anyOf", "oneOf", `"not"`, `"if"`, "patternProperties"} {
			if bytes.Contains(s.Schema, []byte(word)) {
				t.Errorf("%s has %s", s.Name, word)
			}
		}
	})
	each("streams_has_sync_modes", func(t *testing.T, s *contract) {
		row := streams.Find(s.Name)
		if incremental := slices.Contains(s.Modes, "incremental"); s.Modes[0] != "full_refresh" || incremental != row.Incremental() || incremental != s.Resumable || incremental != s.OwnCursor {
			t.Errorf("%s: %q, resumable %v, its own cursor %v; the table says incremental %v", s.Name, s.Modes, s.Resumable, s.OwnCursor, row.Incremental())
		}
	})
	each("additional_properties_is_true", func(t *testing.T, s *contract) {
		for p := range places(s.document) {
			if more, ok := p.schema["additionalProperties"]; ok && more != true {
				t.Errorf("%s%s: %v", s.Name, p.path, more)
			}
		}
	})
	each("catalog_has_supported_data_types", func(t *testing.T, s *contract) {
		for p := range places(s.document) {
			types, _ := p.schema["type"].([]any)
			if one, ok := p.schema["type"].(string); ok {
				types = []any{one}
			}
			kinds := slices.DeleteFunc(slices.Clone(types), func(v any) bool { return v == "null" })
			if len(kinds) != 1 || !slices.Contains([]any{"object", "array", "string", "number", "integer", "boolean"}, kinds[0]) {
				t.Errorf("%s%s: type %v", s.Name, p.path, p.schema["type"])
				continue
			}
			format, airbyte := p.schema["format"], p.schema["airbyte_type"]
			if format != nil && (kinds[0] != "string" || format != "date" && format != "date-time") {
				t.Errorf("%s%s: format %v", s.Name, p.path, format)
			}
			if airbyte != nil && (format != "date-time" || airbyte != "timestamp_with_timezone" && airbyte != "timestamp_without_timezone") {
				t.Errorf("%s%s: airbyte_type %v", s.Name, p.path, airbyte)
			}
		}
	})
	each("column_names", func(t *testing.T, s *contract) {
		seen := map[string]bool{}
		for name := range s.columns {
			flat := strings.ToLower(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(name, "_"))
			if name == airbyte.TombstoneColumn {
				continue // the column by which destinations delete
			}
			if seen[flat] || flat != name || regexp.MustCompile(`^([0-9]|_?airbyte_|_ab_)`).MatchString(name) {
				t.Errorf("%s.%s is no name a destination keeps", s.Name, name)
			}
			seen[flat] = true
		}
	})
	t.Run("primary_keys_of_all", func(t *testing.T) {
		for name, s := range catalog {
			for _, k := range s.Key {
				if len(k) != 1 {
					t.Errorf("%s: the key %v is nested", name, k)
				}
			}
		}
	})
}

// TestConfiguredCatalog reads with the repository's configured catalog. It
// names every stream, and every stream completes.
func TestConfiguredCatalog(t *testing.T) {
	t.Parallel()
	const path = "../catalog.json"
	if _, err := os.Stat(path); err != nil {
		t.Skip("there is none")
	}
	c := call{args: []string{"read", "--sandbox", "--catalog", path}}
	if got, want := c.transcript().configured, streamNames(config.AvailableStreams(nil)); !slices.Equal(got, want) {
		t.Errorf("it names %q, what needs no reports is %q", got, want)
	}
	if tr := c.inside(t); tr.code != 0 {
		t.Errorf("exit code %d", tr.code)
	}
}

// TestOutputIsDeterministic runs spec and discover several times: the output is
// the same to the byte.
func TestOutputIsDeterministic(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"spec", "discover"} {
		var first []byte
		for range 5 {
			args := []string{command}
			if command == "discover" {
				args = append(args, "--sandbox")
			}
			tr := call{args: args}.inside(t)
			if first == nil {
				first = tr.stdout
			}
			if !bytes.Equal(tr.stdout, first) {
				t.Errorf("%s differs between two runs", command)
			}
		}
		if out := (call{args: []string{command, "--sandbox"}[:map[string]int{"spec": 1, "discover": 2}[command]]}).run(t).stdout; !bytes.Equal(out, first) {
			t.Errorf("%s differs between two processes", command)
		}
	}
}

// TestConfiguredColumns checks which columns a catalog's schema selects: with
// each subset of the columns of every stream, a record has these, its key, its
// cursor and the column of tombstones. A schema without a column of the stream
// selects all.
func TestConfiguredColumns(t *testing.T) {
	t.Parallel()
	config := serveSandbox(t, small())
	for turn, columns := range map[string]func(all []string) []string{
		"none":    func([]string) []string { return nil },
		"unknown": func([]string) []string { return []string{"ID", "x"} },
		"one":     func(all []string) []string { return all[len(all)-1:] },
		"every third": func(all []string) (some []string) {
			for i := 0; i < len(all); i += 3 {
				some = append(some, all[i], all[i]+"_unknown")
			}
			return some
		},
		"all": func(all []string) []string { return all },
	} {
		t.Run(turn, func(t *testing.T) {
			type configured = map[string]any
			var catalog []configured
			want := map[string][]string{}
			for _, s := range streams.All() {
				all := slices.Sorted(maps.Keys(discoveredStreams(t)[s.Name].columns))
				properties := configured{}
				for _, c := range columns(all) {
					properties[c] = configured{}
					if slices.Contains(all, c) {
						want[s.Name] = append(want[s.Name], c)
					}
				}
				if want[s.Name] == nil {
					want[s.Name] = all
				}
				for _, c := range append(slices.Clone(s.Key), s.Cursor, airbyte.TombstoneColumn) {
					if slices.Contains(all, c) && !slices.Contains(want[s.Name], c) {
						want[s.Name] = append(want[s.Name], c)
					}
				}
				catalog = append(catalog, configured{"sync_mode": "full_refresh", "stream": configured{"name": s.Name, "json_schema": configured{"properties": properties}}})
			}
			text, _ := json.Marshal(configured{"streams": catalog})
			rows := records(call{args: []string{"read", "--config", config, "--catalog", file(t, "catalog.json", string(text))}}.inside(t).messages())
			for _, s := range streams.All() {
				if len(rows[s.Name]) == 0 {
					t.Errorf("%s: no records", s.Name)
				}
				for _, raw := range rows[s.Name] {
					if got := slices.Sorted(maps.Keys(decode(raw).(map[string]any))); !slices.Equal(got, slices.Sorted(slices.Values(want[s.Name]))) {
						t.Fatalf("%s: columns %q, want %q", s.Name, got, want[s.Name])
					}
				}
			}
		})
	}
}
