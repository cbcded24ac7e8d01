package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"source-gorgias/connector/reports"
)

// explain describes one error of the validator: the setting as the user wrote
// it, and what is expected, with an example.
func explain(e *jsonschema.ValidationError, schema *jsonschema.Schema, fields map[string]any, names originalNames, unknown []string) []Problem {
	path := strings.Split(e.InstanceLocation, "/")[1:]
	schema, value := lookup(schema, fields, path)
	if !strings.HasSuffix(e.KeywordLocation, "/required") {
		setting, place := names.locate(path)
		name := path[len(path)-1]
		want := describeExpected(name, schema)
		if expected[name] != "" {
			want += ", as a string"
		}
		return []Problem{{Setting: setting, Text: place + "expected " + want}}
	}
	var problems []Problem
	for _, name := range schema.Required {
		if value.(map[string]any)[name] != nil {
			continue
		}
		setting, place := names.locate(append(slices.Clone(path), name))
		text := place + "missing; expected " + describeExpected(name, schema.Properties[name])
		for _, other := range unknown {
			if match := ClosestMatch(lastName(other), settingNames()); match == name || slices.Contains(Aliases(name), match) {
				text += fmt.Sprintf(" (if you meant %q, rename it)", other)
			}
		}
		problems = append(problems, Problem{Setting: setting, Missing: true, Text: text})
	}
	return problems
}

// lookup returns the schema and the value at a path.
func lookup(schema *jsonschema.Schema, value any, path []string) (*jsonschema.Schema, any) {
	for _, name := range path {
		switch v := value.(type) {
		case map[string]any:
			schema, value = schema.Properties[name], v[name]
		case []any:
			i, _ := strconv.Atoi(name)
			schema, value = schema.Items.(*jsonschema.Schema), v[i]
		}
	}
	return schema, value
}

// locate returns the name of the setting at a path, as the user wrote it, and
// the place within it: "reports" and "entry 1: scope: ".
func (n originalNames) locate(path []string) (setting, place string) {
	if path[0] == "credentials" {
		return n.of(path[len(path)-1]), ""
	}
	for _, name := range path[1:] {
		if i, err := strconv.Atoi(name); err == nil {
			name = reports.EntryLabel(i)
		}
		place += name + ": "
	}
	return n.of(path[0]), place
}

// lastName returns the last name of a path such as credentials.email.
func lastName(path string) string { return path[strings.LastIndex(path, ".")+1:] }

const expectedDate = "a date such as 2026-01-31 or a timestamp such as 2026-01-31T00:00:00Z"

// expected describes the strings of which the specification says nothing more.
var expected = map[string]string{
	"start_date":    expectedDate,
	"end_date":      expectedDate,
	"email":         "the email address of the user who owns the API key",
	"api_key":       "the API key from Settings, REST API",
	"client_id":     "the client ID of your app",
	"client_secret": "the client secret of your app",
	"refresh_token": "the refresh token of your app",
	"access_token":  "an access token of your app",
}

// describeExpected says what the specification expects of a setting.
func describeExpected(name string, s *jsonschema.Schema) string {
	switch items, _ := s.Items.(*jsonschema.Schema); {
	case name == "credentials":
		return `an object with "email" and "api_key"`
	case expected[name] != "":
		return expected[name]
	case len(s.Enum) > 0:
		return strings.Trim(strings.ReplaceAll(fmt.Sprintf("%q", s.Enum), " ", " or "), "[]")
	case items != nil && items.Types[0] == "string":
		return "a list of strings"
	case s.MinLength > 0:
		return fmt.Sprintf("a string of at least %d characters", s.MinLength)
	}
	text := map[string]string{"string": "a string", "integer": "an integer", "number": "a number", "object": "an object", "array": "a list",
		"boolean": "true or false"}[s.Types[0]]
	if s.Minimum != nil {
		low, _ := s.Minimum.Float64()
		high, _ := s.Maximum.Float64()
		text += fmt.Sprintf(" from %v to %v", low, high)
	}
	switch {
	case len(s.Examples) > 0:
		text += fmt.Sprintf(" such as %v", s.Examples[0])
	case s.Default != nil && s.Types[0] != "boolean":
		text += fmt.Sprintf(" such as %v", s.Default)
	}
	return text
}
