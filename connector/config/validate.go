package config

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
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

var rulePattern = regexp.MustCompile(`(?i)exclu|hash|salt|mask`)

// misspelledRules finds unknown settings that were meant to exclude, hash or mask
// fields. Ignoring them would emit these fields.
func misspelledRules(unknown []string) (problems []Problem) {
	for _, name := range unknown {
		if rulePattern.MatchString(name) {
			problems = append(problems, Problem{Setting: name, Text: "unknown setting; expected exclude_fields, hash_fields, hash_salt or mask_secrets"})
		}
	}
	return problems
}

// A validator compares the fields with the specification.
type validator struct {
	names    originalNames
	unknown  []string
	problems []Problem
}

// A place is a setting, or a place within one.
type place struct {
	name    string // of the innermost member
	setting string // as the user wrote it
	within  string // such as "entry 1: scope: "
}

func (v *validator) fail(p place, text string) {
	v.problems = append(v.problems, Problem{Setting: p.setting, Text: p.within + text})
}

// validate compares a value with its schema. The members of objects and lists are
// validated one by one, so that a problem can name them.
func (v *validator) validate(p place, schema *jsonschema.Schema, value any) {
	shallow := *schema
	shallow.Properties, shallow.Required, shallow.Items, shallow.OneOf = nil, nil, nil, nil
	if shallow.Validate(value) != nil {
		want := "expected " + describeExpected(p.name, schema)
		if expected[p.name] != "" {
			want += ", as a string"
		}
		v.fail(p, want)
		return
	}
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			v.validate(place{setting: p.setting, within: p.within + reports.EntryLabel(i) + ": "}, schema.Items.(*jsonschema.Schema), element)
		}
	case map[string]any:
		v.validateMembers(p, schema, value)
	}
}

func (v *validator) validateMembers(p place, schema *jsonschema.Schema, members map[string]any) {
	if schema.OneOf != nil {
		if schema = credentialsOption(schema.OneOf, members); schema == nil {
			v.fail(place{setting: v.names.of("auth_type")}, fmt.Sprintf("expected %q or %q", AuthAPIKey, AuthOAuth))
			return
		}
	}
	child := func(name string) place {
		if p.name == "" && p.within == "" || p.name == "credentials" {
			return place{name: name, setting: v.names.of(name)}
		}
		return place{name, p.setting, p.within + name + ": "}
	}
	known := slices.Sorted(maps.Keys(schema.Properties))
	for _, name := range known {
		if members[name] != nil {
			v.validate(child(name), schema.Properties[name], members[name])
		} else if slices.Contains(schema.Required, name) {
			v.fail(child(name), "missing; expected "+describeExpected(name, schema.Properties[name])+v.suggestRename(name))
			v.problems[len(v.problems)-1].Missing = true
		}
	}
	// Unknown settings are ignored with a warning. A report without a field would be
	// another report.
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if p.within != "" && schema.Properties[name] == nil {
			v.fail(child(name), "unknown field; expected one of "+strings.Join(known, ", "))
		}
	}
}

// credentialsOption returns the schema of the given type of credentials; nil if
// there is no such type.
func credentialsOption(options []*jsonschema.Schema, credentials map[string]any) *jsonschema.Schema {
	for _, o := range options {
		if o.Properties["auth_type"].Constant[0] == credentials["auth_type"] {
			option := *o
			if credentials["access_token"] != nil && credentials["refresh_token"] == nil {
				option.Required = []string{"auth_type", "access_token"} // an access token alone works until it expires
			}
			return &option
		}
	}
	return nil
}

// suggestRename names the unknown settings that may be a misspelled name.
func (v *validator) suggestRename(name string) (text string) {
	for _, other := range v.unknown {
		if match := ClosestMatch(lastName(other), settingNames()); match == name || slices.Contains(Aliases(name), match) {
			text += fmt.Sprintf(" (if you meant %q, rename it)", other)
		}
	}
	return text
}

// lastName returns the last name of a path such as credentials.email.
func lastName(path string) string { return path[strings.LastIndex(path, ".")+1:] }
