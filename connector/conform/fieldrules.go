package conform

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// Privacy says what of a stream's records is not to be shown. A path is the
// names of members, from the column down; elements of lists have no name in it:
// ["channels", "address"] is the address of each channel. It holds wherever the
// place is, also if the schema does not declare it.
type FieldRules struct {
	// Exclude are the places that are left out.
	Exclude [][]string
	// Hash are the places where the SHA-256 of a value stands for it, in
	// hexadecimal digits: of the salt and what a string says, or the salt and the
	// JSON of anything else. Of what type it should be does not matter, so that
	// the hash is the same under every catalog. null stays null.
	Hash [][]string
	Salt []byte
	// Secrets are the columns in which credentials of others lie. What looks like
	// one is masked there (mask.go).
	SecretColumns []string
}

// Compile is [Compile] for records that are not to be shown as they are. The
// Shape's schema says what has been done.
func (v *FieldRules) Compile(schema []byte, keep func(path []string) bool) (*Schema, error) {
	s, err := read(schema, keep)
	if err != nil || v == nil {
		return s, err
	}
	s.pass.salt = v.Salt
	for _, column := range v.SecretColumns {
		if k, ok := s.root.index[column]; ok {
			s.root.props[k].masked = true
		} else {
			s.gathered().member(column).masked = true
		}
	}
	// What is hashed loses what was known of it, so the outer places come first.
	for _, path := range slices.SortedStableFunc(slices.Values(v.Hash), func(a, b []string) int { return len(a) - len(b) }) {
		s.conceal(path, false)
	}
	for _, path := range v.Exclude { // it wins
		s.conceal(path, true)
	}
	if s.rest >= 0 && s.root.props[s.rest].drop {
		s.rest = -1
	}
	s.schema = prune(nil, schema[skipBlank(schema, 0):], s.root)
	return s, nil
}

// conceal hashes what is at a path, or leaves it out.
func (s *Schema) conceal(path []string, out bool) {
	_, declared := s.root.index[path[0]]
	if path[0] == Unrecognized && len(path) > 1 { // a catalog, or a later release, may have made a column of it
		if _, own := s.root.index[path[1]]; own {
			s.root.conceal(path[1:], out)
		}
	}
	gathered := s.rest >= 0 && path[0] == Unrecognized && len(path) > 1
	if declared && !gathered {
		s.root.conceal(path, out)
		return
	}
	if gathered {
		path = path[1:]
	}
	s.gathered().conceal(path, out)
}

// gathered is what is known of the undeclared fields, among which comes what no
// column is declared for.
func (s *Schema) gathered() *node {
	if s.covert == nil {
		s.covert = free(&node{column: Unrecognized, field: Unrecognized})
	}
	return s.covert
}

func (n *node) conceal(path []string, out bool) {
	if n.accepts&list != 0 {
		if n.items == nil {
			n.items = free(n)
		}
		if n.items != n {
			n.items.conceal(path, out)
		}
	}
	if n.accepts&object == 0 {
		return
	}
	switch p := n.member(path[0]); {
	case len(path) > 1:
		p.conceal(path[1:], out)
	case out:
		p.drop = true
	case !p.hashed:
		p.hashed, p.node = true, free(p.node)
	}
}

// member is the member of that name, which is declared from here on.
func (n *node) member(name string) *prop {
	k, ok := n.index[name]
	if !ok {
		if n.index == nil {
			n.index = map[string]int{}
		}
		k = len(n.props)
		n.index[name] = k
		child := free(&node{column: n.column, field: n.field + "." + name})
		// Where undeclared members are dropped, so is this one.
		n.props = append(n.props, newProp([]byte(name), child, n.closed))
	}
	return &n.props[k]
}

// free is a node at the place of n, or among the elements there, where anything
// goes. Its elements are as it is.
func free(n *node) *node {
	f := &node{column: n.column, field: n.field, accepts: all}
	f.items = f
	return f
}

// digest puts the hash of the value that has been written from start on in its
// place.
func (p *pass) digest(start int) {
	said := p.dst[start:]
	switch said[0] {
	case 'n':
		return
	case '"':
		said, _ = readText(said, 0)
	}
	sum := sha256.Sum256(slices.Concat(p.salt, said))
	p.dst = append(hex.AppendEncode(append(p.dst[:start], '"'), sum[:]), '"')
}

// hashedSchema appends what a schema says of a place that is hashed.
func hashedSchema(dst, schema []byte) []byte {
	dst = append(dst, `{"description":`...)
	dst = described(dst, schema, "A salted SHA-256, in hexadecimal digits, of:")
	return append(dst, `,"type":["string","null"]}`...)
}

// described appends the description in a schema, as a JSON string, with a few
// words before it.
func described(dst, schema []byte, before string) []byte {
	text, _ := Field(schema, "description")
	said := []byte("this place")
	if len(text) > 0 && text[0] == '"' {
		said, _ = readText(text, 0)
	}
	if bytes.HasPrefix(said, []byte(before)) { // a catalog that was discovered so
		return appendQuoted(dst, said)
	}
	return appendQuoted(dst, slices.Concat([]byte(before), []byte{' '}, said))
}
