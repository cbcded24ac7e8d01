package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"source-gorgias/connector/reports"
)

// settings lists the names of all there is to set, and the other names of some.
func settings() []string {
	var known struct{ Properties map[string]any }
	_ = json.Unmarshal(spec, &known)
	names := append(slices.Collect(maps.Keys(known.Properties)), credentialFields...)
	for _, a := range aliases {
		names = append(names, a.other...)
	}
	slices.Sort(names)
	return names
}

// unknown takes out the settings nobody knows and names them. Names that begin
// with an underscore are notes of test suites.
func takeUnknown(fields map[string]any) (names []string) {
	var known struct{ Properties map[string]any }
	_ = json.Unmarshal(spec, &known)
	take := func(in map[string]any, prefix string, ours func(string) bool) {
		for name := range in {
			if ours(name) {
				continue
			}
			delete(in, name) // encoding/json would take them in any case
			if !strings.HasPrefix(name, "_") {
				names = append(names, prefix+name)
			}
		}
	}
	take(fields, "", func(name string) bool { return known.Properties[name] != nil })
	if in, ok := fields["credentials"].(map[string]any); ok {
		take(in, "credentials.", func(name string) bool { return slices.Contains(credentialFields, name) })
	}
	slices.Sort(names)
	return names
}

// misspelled finds settings that were meant to conceal something. Going on
// without them would show it.
func misspelled(strange []string) (problems []string) {
	for _, name := range strange {
		for _, word := range []string{"exclu", "hash", "salt", "mask"} {
			if strings.Contains(strings.ToLower(name), word) {
				problems = append(problems, name+": there is no such setting; expected exclude_fields, hash_fields, hash_salt or mask_secrets")
				break
			}
		}
	}
	return problems
}

// validate holds the fields against the specification and says in plain words
// what does not fit. Strangers are the settings nobody knows.
func validate(fields map[string]any, spelled spelling, strangers []string) []string {
	var doc map[string]any
	_ = json.Unmarshal(spec, &doc)
	properties := doc["properties"].(map[string]any)
	for _, p := range properties {
		delete(p.(map[string]any), "format") // it is there for date pickers; people may write more
	}
	// Of the two kinds of credentials, only the one that is meant is asked for:
	// "neither fits" would help nobody.
	if in, ok := fields["credentials"].(map[string]any); ok {
		options := properties["credentials"].(map[string]any)["oneOf"].([]any)
		meant := slices.IndexFunc(options, func(o any) bool {
			return o.(map[string]any)["properties"].(map[string]any)["auth_type"].(map[string]any)["const"] == in["auth_type"]
		})
		if meant < 0 {
			return []string{fmt.Sprintf("%s: expected %q or %q", spelled.of("auth_type"), AuthAPIKey, AuthOAuth)}
		}
		option := options[meant].(map[string]any)
		properties["credentials"] = option
		if in["access_token"] != nil && in["refresh_token"] == nil {
			option["required"] = []any{"auth_type", "access_token"} // good for a day
		}
		if p, ok := option["properties"].(map[string]any)["token_expiry_date"].(map[string]any); ok {
			delete(p, "format")
		}
	}
	narrowed, _ := json.Marshal(doc)
	schema, err := jsonschema.CompileString("spec.json", string(narrowed))
	if err != nil {
		return []string{"internal error: the specification does not compile"}
	}
	problems := unknownReportFields(fields, properties)
	var invalid *jsonschema.ValidationError
	if !errors.As(schema.Validate(fields), &invalid) {
		return problems
	}
	for _, leaf := range leafErrors(invalid) {
		problems = append(problems, explain(leaf, doc, spelled, strangers)...)
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}

// strangeReports finds what nobody knows in the reports. Elsewhere it is left aside
// with a warning; a report would answer another question.
func unknownReportFields(fields, properties map[string]any) (problems []string) {
	known := properties["reports"].(map[string]any)["items"].(map[string]any)["properties"].(map[string]any)
	configured, _ := fields["reports"].([]any)
	for i, r := range configured {
		report, _ := r.(map[string]any)
		for name := range report {
			if known[name] == nil {
				problems = append(problems, fmt.Sprintf("reports: %s: %s: it is not known; expected one of %s", reports.EntryLabel(i), name, strings.Join(slices.Sorted(maps.Keys(known)), ", ")))
			}
		}
	}
	slices.Sort(problems)
	return problems
}

func leafErrors(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var all []*jsonschema.ValidationError
	for _, c := range e.Causes {
		all = append(all, leafErrors(c)...)
	}
	return all
}

var quoted = regexp.MustCompile(`'([^']+)'`)

// explain puts one failure of the validator into words: the field as the user
// wrote it, what is expected, an example.
func explain(e *jsonschema.ValidationError, doc map[string]any, spelled spelling, strangers []string) []string {
	path := strings.Split(strings.TrimPrefix(e.InstanceLocation, "/"), "/")
	keyword := e.KeywordLocation[strings.LastIndex(e.KeywordLocation, "/")+1:]
	if keyword == "required" {
		var problems []string
		for _, m := range quoted.FindAllStringSubmatch(e.Message, -1) {
			at := append(slices.Clone(path), m[1])
			if path[0] == "" {
				at = at[1:]
			}
			problem := fmt.Sprintf("%s: it is missing, expected %s", name(at, spelled), describeExpected(at, doc))
			for _, stranger := range strangers {
				if near := ClosestMatch(last(stranger), settings()); near == m[1] || slices.Contains(Aliases(m[1]), near) {
					problem += fmt.Sprintf(" (if %q is meant, rename it)", stranger)
				}
			}
			problems = append(problems, problem)
		}
		return problems
	}
	want := describeExpected(path, doc)
	if expectation[path[len(path)-1]] != "" {
		want += ", as a text"
	}
	return []string{fmt.Sprintf("%s: expected %s", name(path, spelled), want)}
}

// name is what a place of the configuration is called: subdomain,
// credentials.email, reports: entry 1: scope.
func name(path []string, spelled spelling) string {
	if other, ok := spelled[path[len(path)-1]]; ok {
		return other
	}
	text, between := "", ""
	for _, p := range path {
		if i, err := strconv.Atoi(p); err == nil {
			text, between = text+": "+reports.EntryLabel(i), ": "
			continue
		}
		text, between = text+between+p, "."
	}
	return text
}

// last is the name at the end of a path.
func last(path string) string { return path[strings.LastIndex(path, ".")+1:] }

const dates = "a date such as 2026-01-31 or an instant such as 2026-01-31T00:00:00Z"

// meant says of settings that are texts like any other what is meant by them.
var expectation = map[string]string{
	"start_date":    dates,
	"end_date":      dates,
	"email":         "the e-mail address of the user the API key belongs to",
	"api_key":       "the API key from Settings, REST API",
	"client_id":     "the client ID of your app",
	"client_secret": "the client secret of your app",
	"refresh_token": "the refresh token your app was given",
	"access_token":  "an access token of your app",
}

// wanted describes what the specification wants at path.
func describeExpected(path []string, doc map[string]any) string {
	at := doc
	for _, p := range path {
		if items, ok := at["items"].(map[string]any); ok { // and p is a number
			at = items
			continue
		}
		properties, _ := at["properties"].(map[string]any)
		next, ok := properties[p].(map[string]any)
		if !ok {
			return "an object"
		}
		at = next
	}
	text := map[any]string{"string": "a text", "integer": "a whole number", "number": "a number", "object": "an object", "array": "a list",
		"boolean": "true or false"}[at["type"]]
	if items, ok := at["items"].(map[string]any); ok && items["type"] == "string" {
		text = "a list of texts"
	}
	if path[len(path)-1] == "credentials" {
		return `an object with "email" and "api_key"`
	}
	if words := expectation[path[len(path)-1]]; words != "" {
		return words
	}
	if choices, _ := at["enum"].([]any); len(choices) > 0 {
		return strings.Trim(strings.ReplaceAll(fmt.Sprintf("%q", choices), " ", " or "), "[]")
	}
	if least := at["minLength"]; least != nil {
		return text + fmt.Sprintf(" of at least %v characters", least)
	}
	switch lo, hi := at["minimum"], at["maximum"]; {
	case lo != nil && hi != nil:
		text += fmt.Sprintf(" from %v to %v", lo, hi)
	case lo != nil:
		text += fmt.Sprintf(" of at least %v", lo)
	}
	if examples, _ := at["examples"].([]any); len(examples) > 0 {
		text += fmt.Sprintf(" such as %v", examples[0])
	} else if d := at["default"]; d != nil && at["type"] != "boolean" {
		text += fmt.Sprintf(" such as %v", d)
	}
	return text
}
