package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// Privacy says which fields are excluded, hashed and masked. A nil Privacy
// masks the secret columns of the streams, and does nothing else.
type Privacy struct {
	rules          map[string]*conform.FieldRules // by stream name
	secretsVisible bool                           // secret columns are not masked
}

// Rules returns the rules of a stream.
func (p *Privacy) Rules(s *stream.Stream) *conform.FieldRules {
	if p == nil {
		return &conform.FieldRules{SecretColumns: s.SecretColumns, FlatKeys: s.FlatKeys}
	}
	r := &conform.FieldRules{}
	if own := p.rules[s.Name]; own != nil {
		*r = *own
	}
	r.FlatKeys = s.FlatKeys
	if !p.secretsVisible {
		r.SecretColumns = s.SecretColumns
	}
	return r
}

// fieldRules sets the privacy rules.
func (p *parser) fieldRules() {
	c := &p.config
	p.Privacy = &Privacy{rules: map[string]*conform.FieldRules{}, secretsVisible: !c.MaskSecrets}
	p.eachField("exclude_fields", c.ExcludeFields, func(r *conform.FieldRules, path []string) { r.Exclude = append(r.Exclude, path) })
	p.eachField("hash_fields", c.HashFields, func(r *conform.FieldRules, path []string) { r.Hash = append(r.Hash, path) })
	if len(c.HashFields) > 0 && c.HashSalt == "" {
		p.fail("hash_salt", "missing; expected a secret string of at least 16 characters. Without it, email addresses and phone numbers can be guessed from their hashes")
	}
}

// eachField calls add with the rules of the stream and the path of each field.
func (p *parser) eachField(setting string, fields []string, add func(r *conform.FieldRules, path []string)) {
	for i, text := range fields {
		path := strings.Split(strings.ReplaceAll(strings.TrimSpace(text), "[]", ""), ".")
		s, path := streams.Find(path[0]), path[1:]
		if problem := fieldProblem(s, path); problem != "" {
			p.fail(setting, "%s: %s", reports.EntryLabel(i), problem)
			continue
		}
		if _, _, ok := resolve(s.Schema(""), path); !ok {
			p.warn("%s: %s: this field is not in the schema; the setting applies wherever the field occurs", setting, reports.EntryLabel(i))
		}
		r := p.Privacy.rules[s.Name]
		if r == nil {
			r = &conform.FieldRules{Salt: []byte(p.config.HashSalt)}
			p.Privacy.rules[s.Name] = r
		}
		add(r, path)
	}
}

// fieldProblem says why a field cannot be excluded or hashed; "" if it can.
func fieldProblem(s *stream.Stream, path []string) string {
	switch {
	case s == nil:
		return "no such stream; expected stream.field such as customers.email"
	case len(path) == 0 || slices.Contains(path, ""):
		return "no field; expected stream.field such as customers.email. To exclude a whole stream, deselect it"
	case isRequiredColumn(s, path[0]) || path[0] == conform.Unrecognized && len(path) > 1 && isRequiredColumn(s, path[1]):
		return fmt.Sprintf("%s.%s is required: it identifies and orders the records in the destination", s.Name, path[len(path)-1])
	}
	declared, siblings, _ := resolve(s.Schema(""), path)
	switch {
	case declared == 0:
		return s.Name + " has no such field; docs/streams.md lists its fields"
	case slices.Contains(path, "*"):
		return "* is not supported; name each field"
	case declared == len(path):
		return ""
	}
	if match := ClosestMatch(path[declared], siblings); match != "" {
		return fmt.Sprintf("%s has no such field; did you mean %s?", s.Name, strings.Join(append(slices.Clone(path[:declared]), match), "."))
	}
	return ""
}

// resolve follows a path through a schema, also through arrays. It returns how
// many of its names the schema declares and what it declares in place of the
// next one. ok is false if the schema excludes the path: where an object declares
// nothing, any field can occur.
func resolve(schema []byte, path []string) (declared int, siblings []string, ok bool) {
	for i, name := range path {
		var next []byte
		siblings = nil
		for n, property := range conform.Properties(schema) {
			if siblings = append(siblings, n); n == name {
				next = property
			}
		}
		if next == nil {
			typ, _ := conform.Field(schema, "type")
			return i, siblings, siblings == nil && (bytes.Contains(typ, []byte("object")) || bytes.Contains(typ, []byte("array")))
		}
		schema = next
	}
	return len(path), nil, true
}

// isRequiredColumn reports whether a destination needs a column.
func isRequiredColumn(s *stream.Stream, column string) bool {
	return slices.Contains(s.Key, column) || column == s.Cursor
}
