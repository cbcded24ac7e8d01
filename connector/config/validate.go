package config

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"source-gorgias/connector/reports"
)

// spec returns the compiled specification.
var spec = sync.OnceValue(func() *jsonschema.Schema {
	c := jsonschema.NewCompiler()
	c.ExtractAnnotations = true
	// The format is for date pickers; more spellings of dates are accepted.
	c.Formats = map[string]func(any) bool{"date-time": func(any) bool { return true }}
	if err := c.AddResource("spec.json", bytes.NewReader(specJSON)); err != nil {
		panic(err) // spec.json is embedded: every test finds a mistake in it
	}
	return c.MustCompile("spec.json")
})

// settingNames returns the names of all settings, and their aliases.
func settingNames() []string {
	names := append(slices.Collect(maps.Keys(spec().Properties)), credentialFields...)
	for _, a := range aliases {
		names = append(names, a.other...)
	}
	slices.Sort(names)
	return names
}

// takeUnknown removes unknown settings and returns their names. Names that begin
// with an underscore are comments; it does not return them.
func takeUnknown(fields map[string]any) (unknown []string) {
	take := func(in map[string]any, prefix string, known func(string) bool) {
		for name := range in {
			if known(name) {
				continue
			}
			delete(in, name) // encoding/json ignores case and would decode it
			if !strings.HasPrefix(name, "_") {
				unknown = append(unknown, prefix+name)
			}
		}
	}
	take(fields, "", func(name string) bool { return spec().Properties[name] != nil })
	if credentials, ok := fields["credentials"].(map[string]any); ok {
		take(credentials, "credentials.", func(name string) bool { return slices.Contains(credentialFields, name) })
	}
	slices.Sort(unknown)
	return unknown
}

// misspelledRules finds unknown settings that were meant to exclude, hash or mask
// fields. Ignoring them would emit these fields.
func misspelledRules(unknown []string) (problems []Problem) {
	for _, name := range unknown {
		matches := func(word string) bool { return strings.Contains(strings.ToLower(name), word) }
		if slices.ContainsFunc([]string{"exclu", "hash", "salt", "mask"}, matches) {
			problems = append(problems, Problem{Setting: name, Text: "unknown setting; expected exclude_fields, hash_fields, hash_salt or mask_secrets"})
		}
	}
	return problems
}

// validate compares normalized fields with the specification. Of the two types
// of credentials it validates the one that is given.
func validate(fields map[string]any, names originalNames, unknown []string) []Problem {
	schema := *spec()
	if credentials, ok := fields["credentials"].(map[string]any); ok {
		option := credentialsOption(credentials)
		if option == nil {
			return NewError(names.of("auth_type"), "expected %q or %q", AuthAPIKey, AuthOAuth).Problems
		}
		schema.Properties = maps.Clone(schema.Properties)
		schema.Properties["credentials"] = option
	}
	problems := unknownReportFields(fields)
	var invalid *jsonschema.ValidationError
	if errors.As(schema.Validate(fields), &invalid) {
		for _, leaf := range leafErrors(invalid) {
			problems = append(problems, explain(leaf, &schema, fields, names, unknown)...)
		}
	}
	slices.SortFunc(problems, func(a, b Problem) int { return strings.Compare(a.String(), b.String()) }) // the validator's order is random
	return problems
}

// credentialsOption returns the schema of one type of credentials; nil if there
// is no such type.
func credentialsOption(credentials map[string]any) *jsonschema.Schema {
	for _, o := range spec().Properties["credentials"].OneOf {
		if o.Properties["auth_type"].Constant[0] != credentials["auth_type"] {
			continue
		}
		option := *o
		if credentials["access_token"] != nil && credentials["refresh_token"] == nil {
			option.Required = []string{"auth_type", "access_token"} // an access token alone works until it expires
		}
		return &option
	}
	return nil
}

// unknownReportFields finds unknown fields in the reports. A report without them
// would be another report, so that a warning is not enough.
func unknownReportFields(fields map[string]any) (problems []Problem) {
	known := spec().Properties["reports"].Items.(*jsonschema.Schema).Properties
	configured, _ := fields["reports"].([]any)
	for i, r := range configured {
		report, _ := r.(map[string]any)
		for name := range report {
			if known[name] == nil {
				problems = append(problems, NewError("reports", "%s: %s: unknown field; expected one of %s",
					reports.EntryLabel(i), name, strings.Join(slices.Sorted(maps.Keys(known)), ", ")).Problems...)
			}
		}
	}
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
