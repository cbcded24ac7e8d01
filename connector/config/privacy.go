package config

import (
	"bytes"
	"slices"
	"strings"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// Privacy is what is not to be shown of the records. A nil Privacy masks what
// the table says is secret, and shows all else.
type Privacy struct {
	streams        map[string]*conform.FieldRules
	secretsVisible bool // secrets are not masked
}

// Rules returns what is not to be shown of a stream's records.
func (p *Privacy) Rules(s *stream.Stream) *conform.FieldRules {
	if p == nil {
		return &conform.FieldRules{SecretColumns: s.SecretColumns}
	}
	v := &conform.FieldRules{}
	if own := p.streams[s.Name]; own != nil {
		*v = *own
	}
	if !p.secretsVisible {
		v.SecretColumns = s.SecretColumns
	}
	return v
}

// newPrivacy reads the settings that conceal fields. It returns the fields that
// it takes on trust, since no schema declares them; fail is told of mistakes.
func newPrivacy(c *Config, fail func(field, format string, args ...any)) (p *Privacy, unproven []string) {
	p = &Privacy{streams: map[string]*conform.FieldRules{}, secretsVisible: !c.MaskSecrets}
	for _, list := range []struct {
		name    string
		entries []string
		add     func(v *conform.FieldRules, path []string)
	}{
		{"exclude_fields", c.ExcludeFields, func(v *conform.FieldRules, path []string) { v.Exclude = append(v.Exclude, path) }},
		{"hash_fields", c.HashFields, func(v *conform.FieldRules, path []string) { v.Hash = append(v.Hash, path) }},
	} {
		for i, text := range list.entries {
			fault := func(format string, args ...any) {
				fail(list.name+": "+reports.EntryLabel(i), format, args...)
			}
			path := strings.Split(strings.ReplaceAll(strings.TrimSpace(text), "[]", ""), ".")
			s := streams.Find(path[0])
			switch path = path[1:]; {
			case s == nil:
				fault("it names no stream; expected stream.field such as customers.email")
			case len(path) == 0 || slices.Contains(path, ""):
				fault("it names no field; expected stream.field such as %s.%s. To leave out a stream, deselect it", s.Name, exampleField(s))
			case isRequiredColumn(s, path[0]) || path[0] == conform.Unrecognized && len(path) > 1 && isRequiredColumn(s, path[1]):
				fault("%s.%s is needed: by it the destination tells records and their versions apart", s.Name, path[len(path)-1])
			case !declares(s.Schema(""), path[:1]):
				fault("%s has no such field; docs/streams.md lists them", s.Name)
			case slices.Contains(path, "*"):
				fault("each field stands for itself, and * for none")
			case suggestField(s, path) != "":
				fault("%s has no such field; is %s meant?", s.Name, suggestField(s, path))
			default:
				if !declares(s.Schema(""), path) {
					unproven = append(unproven, list.name+": "+reports.EntryLabel(i))
				}
				v := p.streams[s.Name]
				if v == nil {
					v = &conform.FieldRules{Salt: []byte(c.HashSalt)}
					p.streams[s.Name] = v
				}
				list.add(v, path)
			}
		}
	}
	if len(c.HashFields) > 0 && c.HashSalt == "" {
		fail("hash_salt", "it is missing; expected a text of at least 16 characters that you keep to yourself: without it, hashes of e-mail addresses and phone numbers are soon guessed")
	}
	return p, unproven
}

// needs reports whether a destination cannot do without a column.
func isRequiredColumn(s *stream.Stream, column string) bool {
	return slices.Contains(s.Key, column) || column == s.Cursor
}

// example is a field that may be left out.
func exampleField(s *stream.Stream) string {
	for name := range conform.Properties(s.Schema("")) {
		if !slices.Contains(s.Key, name) && name != s.Cursor {
			return name
		}
	}
	return "field"
}

// misspelt returns the declared path that is meant by one that is not; "" if
// none is near.
func suggestField(s *stream.Stream, path []string) string {
	schema := s.Schema("")
	for i, name := range path {
		var below []byte
		var known []string
		for n, property := range conform.Properties(schema) {
			if known = append(known, n); n == name {
				below = property
			}
		}
		if below == nil {
			if near := ClosestMatch(name, known); near != "" {
				return strings.Join(append(slices.Clone(path[:i]), near), ".")
			}
			return ""
		}
		schema = below
	}
	return ""
}

// declares reports whether a schema has a place for a path, through lists.
// Where nothing is declared and anything may be, it has.
func declares(schema []byte, path []string) bool {
	for _, name := range path {
		var below []byte
		open := true
		for n, property := range conform.Properties(schema) {
			open = false
			if n == name {
				below = property
			}
		}
		if below == nil {
			kind, _ := conform.Field(schema, "type")
			return open && (bytes.Contains(kind, []byte("object")) || bytes.Contains(kind, []byte("array")))
		}
		schema = below
	}
	return true
}
