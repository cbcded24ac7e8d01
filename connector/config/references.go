package config

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
)

// referencePattern matches a reference to a variable.
var referencePattern = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}`)

// Resolve returns a configuration as JSON, with the values of variables in place
// of references such as ${GORGIAS_API_KEY}. lookup returns the value of a variable, and
// whether there is one; nil finds none. In a Sling environment, its "variables"
// count too. References to other variables remain: Parse reports those in settings
// that are used.
func Resolve(raw []byte, lookup func(name string) (string, bool)) ([]byte, error) {
	fields, err := decode(raw)
	if err != nil {
		return nil, err
	}
	variables, _ := fields["variables"].(map[string]any)
	resolve := func(reference string) string {
		name := reference[2 : len(reference)-1]
		if value, ok := lookup(name); ok {
			return value
		}
		if value, ok := variables[name].(string); ok && !referencePattern.MatchString(value) {
			return value
		}
		return reference
	}
	if lookup != nil {
		resolveStrings(fields, resolve)
	}
	return json.Marshal(fields)
}

// resolveStrings replaces the references in all strings of a value.
func resolveStrings(value any, resolve func(string) string) any {
	switch v := value.(type) {
	case map[string]any:
		for name := range v {
			v[name] = resolveStrings(v[name], resolve)
		}
	case []any:
		for i := range v {
			v[i] = resolveStrings(v[i], resolve)
		}
	case string:
		return referencePattern.ReplaceAllStringFunc(v, resolve) //rule:references-are-resolved
	}
	return value
}

// namePattern matches the names of variables that can be shown. Others may be
// values.
var namePattern = regexp.MustCompile(`^\$\{[A-Z][A-Z0-9_]*\}$`)

// references reports the references that Resolve could not replace.
func (p *parser) references(fields map[string]any) {
	for _, in := range []any{fields, fields["credentials"]} {
		in, _ := in.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(in)) {
			text, _ := in[name].(string)
			reference := referencePattern.FindString(text)
			switch {
			case reference == "":
				continue
			case namePattern.MatchString(reference):
				p.fail(name, "%s is not set in the environment: set the variable, or write the value itself", reference[2:len(reference)-1])
			default:
				p.fail(name, "the variable that it refers to is not set in the environment: set it, or write the value itself")
			}
			p.unresolved = append(p.unresolved, p.names.of(name))
		}
	}
}
