package schemas_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// files returns every schema of the package by file name.
func files(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no schemas: %v", err)
	}
	all := map[string][]byte{}
	for _, name := range names {
		if all[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// decode reads JSON with its numbers as they are spelled.
func decode[T any](t *testing.T, data []byte) (v T) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDialect(t *testing.T) {
	for name, data := range files(t) {
		for _, fault := range lint(decode[map[string]any](t, data)) {
			t.Errorf("%s: %s", name, fault)
		}
		if !bytes.HasSuffix(data, []byte("}\n")) || bytes.HasSuffix(data, []byte("\n\n")) {
			t.Errorf("%s does not end with one newline", name)
		}
	}
}

var columnName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// lint returns the violations of the dialect in the schema of a record.
func lint(root map[string]any) (faults []string) {
	fault := func(at, format string, args ...any) {
		faults = append(faults, strings.TrimPrefix(at+": ", ": ")+fmt.Sprintf(format, args...))
	}
	flat := map[string]string{} // flattened paths to paths
	keyed := false

	var check func(at string, s map[string]any)
	children := func(at string, s map[string]any) {
		if s["additionalProperties"] != true {
			fault(at, "the object is closed")
		}
		children, declared := s["properties"].(map[string]any)
		if _, is := s["properties"]; is && !declared {
			fault(at, "properties is not an object")
		}
		for name, child := range children {
			path := strings.TrimPrefix(at+"."+name, ".")
			if !columnName.MatchString(name) {
				fault(path, "some destination cannot use this name")
			}
			if other := flat[strings.ReplaceAll(path, ".", "__")]; other != "" {
				fault(path, "flattened, it is the same as %s", other)
			}
			flat[strings.ReplaceAll(path, ".", "__")] = path
			column, is := child.(map[string]any)
			if !is {
				fault(path, "is not a schema")
				continue
			}
			text, _ := column["description"].(string)
			if len(text) < 2 || text != strings.TrimSpace(text) || strings.Contains(text, "\n") || !strings.HasSuffix(text, ".") {
				fault(path, "the description %q is not a sentence", text)
			}
			if timestamp := column["format"] != nil; timestamp != strings.HasSuffix(name, "_datetime") {
				fault(path, "timestamps, and only they, end in _datetime")
			}
			check(path, column)
		}
	}
	check = func(at string, s map[string]any) {
		types, _ := s["type"].([]any)
		nullable := len(types) == 2 && types[1] == "null"
		keyed = keyed || len(types) == 1
		if key := len(types) == 1 && !strings.ContainsAny(at, ".["); !nullable && !key {
			fault(at, "the type %v is neither nullable nor that of a key", s["type"])
			return
		}
		allowed := []string{"type", "description"}
		switch types[0] {
		case "string":
			allowed = append(allowed, "format", "airbyte_type")
			if s["format"] != nil && s["format"] != "date-time" {
				fault(at, "the format is %v", s["format"])
			}
			if (s["format"] != nil) != (s["airbyte_type"] == "timestamp_with_timezone") {
				fault(at, "format and airbyte_type disagree")
			}
			if s["format"] != nil && !nullable {
				fault(at, "a timestamp in the key")
			}
		case "boolean", "number":
		case "integer":
			allowed = append(allowed, "minimum", "maximum")
			if fmt.Sprintf("%v %v", s["minimum"], s["maximum"]) != "-9223372036854775808 9223372036854775807" {
				fault(at, "the integer is not bounded as an int64")
			}
		case "array":
			allowed = append(allowed, "items")
			items, _ := s["items"].(map[string]any)
			if s["items"] == nil {
				break
			}
			if items == nil {
				fault(at, "items is not a schema")
				break
			}
			check(at+"[]", items)
			if kinds, _ := items["type"].([]any); slices.Contains(kinds, any("array")) {
				fault(at, "an array of arrays that declares its items")
			} else if slices.Contains(kinds, any("object")) && items["properties"] == nil {
				fault(at, "an array of objects without properties")
			}
		case "object":
			allowed = append(allowed, "properties", "additionalProperties")
			children(at, s)
		default:
			fault(at, "the type %v", types[0])
		}
		if !nullable && types[0] != "integer" && types[0] != "string" {
			fault(at, "a key of type %v", types[0])
		}
		for keyword := range s {
			if !slices.Contains(allowed, keyword) {
				fault(at, "the keyword %s", keyword)
			}
		}
	}

	if root["$schema"] != "http://json-schema.org/draft-07/schema#" || root["type"] != "object" || root["properties"] == nil {
		fault("", "the root is not a draft-07 object")
	}
	if text, _ := root["description"].(string); !strings.HasSuffix(text, ".") {
		fault("", "the description %q is not a sentence", text)
	}
	for keyword := range root {
		if !slices.Contains([]string{"$schema", "type", "description", "properties", "additionalProperties"}, keyword) {
			fault("", "the keyword %s", keyword)
		}
	}
	children("", root)
	if !keyed {
		fault("", "no column can be the key")
	}
	return faults
}

// TestLint checks that lint finds each fault on its own.
func TestLint(t *testing.T) {
	for _, column := range []string{
		`"a":{"type":["string","null"]}`,
		`"a":{"type":["string","null"],"description":""}`,
		`"a":{"type":["string","null"],"description":"no sentence"}`,
		`"a":{"type":["string","null"],"description":"Two\nlines."}`,
		`"a":{"type":"string","description":"A."}`,
		`"a":{"type":["null","string"],"description":"A."}`,
		`"a":{"type":["string","integer","null"],"description":"A."}`,
		`"a":{"type":["string","integer"],"description":"A."}`,
		`"a":{"type":["boolean"],"description":"A."}`,
		`"a":{"type":["blob","null"],"description":"A."}`,
		`"a":{"description":"A."}`,
		`"a":{"type":["integer","null"],"description":"A."}`,
		`"a":{"type":["integer","null"],"description":"A.","minimum":0,"maximum":9223372036854775807}`,
		`"a":{"type":["string","null"],"description":"A.","enum":["a"]}`,
		`"a":{"type":["string","null"],"description":"A.","pattern":"a"}`,
		`"a":{"type":["string","null"],"description":"A.","anyOf":[{}]}`,
		`"a":{"type":["string","null"],"description":"A.","format":"date-time","airbyte_type":"timestamp_with_timezone"}`,
		`"a":{"type":["object","null"],"description":"A."}`,
		`"a":{"type":["object","null"],"description":"A.","additionalProperties":false}`,
		`"a":{"type":["object","null"],"description":"A.","additionalProperties":true,"required":["b"]}`,
		`"a":{"type":["object","null"],"description":"A.","additionalProperties":true,"properties":{"b":true}}`,
		`"a":{"type":["object","null"],"description":"A.","additionalProperties":true,"properties":{"b":{"type":["string","null"]}}}`,
		`"a":{"type":["object","null"],"description":"A.","additionalProperties":true,"properties":{"b":{"type":["string"],"description":"A."}}}`,
		`"a":{"type":["object","null"],"description":"A.","additionalProperties":true,"properties":{"B":{"type":["string","null"],"description":"A."}}}`,
		`"a":{"type":["object","null"],"description":"A.","additionalProperties":true,"properties":{"c":{"type":["string","null"],"description":"A."}}}`,
		`"a":{"type":["array","null"],"description":"A.","items":[{"type":["string","null"]}]}`,
		`"a":{"type":["array","null"],"description":"A.","items":{"type":["string"]}}`,
		`"a":{"type":["array","null"],"description":"A.","items":{"type":["array","null"]}}`,
		`"a":{"type":["array","null"],"description":"A.","items":{"type":["object","null"],"additionalProperties":true}}`,
		`"a":{"type":["array","null"],"description":"A.","items":{"type":["object","null"],"properties":{}}}`,
		`"a":{"type":["object","null"],"description":"A.","additionalProperties":true,"properties":[]}`,
		`"a_datetime":{"type":["string","null"],"description":"A."}`,
		`"a_datetime":{"type":["string","null"],"description":"A.","format":"date","airbyte_type":"timestamp_with_timezone"}`,
		`"a_datetime":{"type":["string","null"],"description":"A.","format":"date-time"}`,
		`"a_datetime":{"type":["string"],"description":"A.","format":"date-time","airbyte_type":"timestamp_with_timezone"}`,
	} {
		root := decode[map[string]any](t, []byte(`{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","description":"A.",
			"properties":{"id":{"type":["string"],"description":"A."},`+column+`,"a__c":{"type":["string","null"],"description":"A."}},"additionalProperties":true}`))
		if len(lint(root)) == 0 {
			t.Errorf("no fault found in %s", column)
		}
	}

	sound := `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","description":"A.",
		"properties":{"a":{"type":["integer"],"description":"A.","minimum":-9223372036854775808,"maximum":9223372036854775807}},"additionalProperties":true}`
	if faults := lint(decode[map[string]any](t, []byte(sound))); len(faults) > 0 {
		t.Fatalf("faults in a sound schema: %v", faults)
	}
	for old, new := range map[string]string{
		`["integer"]`:                  `["integer","null"]`,
		"draft-07":                     "draft-04",
		`"type":"object"`:              `"type":["object"]`,
		`"description":"A.",` + "\n":   "\n",
		`"properties"`:                 `"fields"`,
		`,"additionalProperties":true`: ``,
		`"a":`:                         `"a-b":`,
		`{"a":`:                        `{"a_datetime":`,
		`"A.",` + "\n":                 `"A.","$id":"a",` + "\n",
	} {
		broken := strings.Replace(sound, old, new, 1)
		if broken == sound || len(lint(decode[map[string]any](t, []byte(broken)))) == 0 {
			t.Errorf("no fault found with %s instead of %s", new, old)
		}
	}
}
