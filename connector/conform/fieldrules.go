package conform

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// FieldRules are the fields of a stream's records that are excluded, hashed or
// masked. A path is a list of member names, from the column down. Elements of
// arrays have no name in it: ["channels", "address"] is the address of each
// channel. The field need not be declared by the schema.
type FieldRules struct {
	// Exclude are the paths of fields that are dropped.
	Exclude [][]string
	// Hash are the paths of fields whose value is replaced by its SHA-256 in
	// hexadecimal digits: that of the salt and the content of a string, or of the
	// salt and the JSON of any other value. The declared type does not matter, so
	// the hash is the same under every catalog. null stays null.
	Hash [][]string
	Salt []byte
	// SecretColumns are the columns that may contain third-party credentials. What
	// looks like one is masked (mask.go).
	SecretColumns []string
	// FlatKeys are columns that contain objects with an id, such as customer. The
	// column customer_id, if the schema declares it, gets the id from the record's
	// customer, also where that column is not selected; a field customer_id of the
	// record itself takes precedence. What is excluded or hashed of the object's id is
	// so in the column too.
	FlatKeys []string
}

// Compile is [Compile] under the rules. The Schema's JSON describes what is
// hashed and masked.
func (r *FieldRules) Compile(schema []byte, keep func(path []string) bool) (*Schema, error) {
	s, err := compileSchema(schema, keep)
	if err != nil {
		return nil, err
	}
	s.pass.salt = r.Salt
	r = r.withFlatKeys()
	for _, column := range r.SecretColumns {
		if k, ok := s.root.index[column]; ok {
			s.root.props[k].masked = true
		} else {
			s.unrecognizedNode().declare(column).masked = true
		}
	}
	// Hashing a field discards the schema of its children, so outer fields come
	// first.
	for _, path := range slices.SortedStableFunc(slices.Values(r.Hash), func(a, b []string) int { return len(a) - len(b) }) {
		s.applyRule(path, false)
	}
	for _, path := range r.Exclude { // takes precedence over hashing
		s.applyRule(path, true)
	}
	if s.unrecognized >= 0 && s.root.props[s.unrecognized].drop {
		s.unrecognized = -1
	}
	s.fillFlatKeys(r.FlatKeys)
	s.json = appendPruned(nil, schema[skipSpace(schema, 0):], s.root)
	return s, nil
}

// withFlatKeys returns the rules, and those that follow from them for the columns of
// FlatKeys.
func (r *FieldRules) withFlatKeys() *FieldRules {
	all := *r
	for _, object := range r.FlatKeys {
		follow := func(paths [][]string) [][]string {
			for _, path := range paths {
				if len(path) > 1 && path[0] == Unrecognized {
					path = path[1:]
				}
				if path[0] == object && (len(path) == 1 || len(path) == 2 && path[1] == "id") {
					return append(slices.Clip(paths), []string{object + "_id"}) //rule:flat-keys-follow-their-object
				}
			}
			return paths
		}
		all.Exclude, all.Hash = follow(all.Exclude), follow(all.Hash)
	}
	return &all
}

// fillFlatKeys sets which objects fill which columns.
func (s *Schema) fillFlatKeys(objects []string) {
	for _, object := range objects {
		column, ok := s.root.index[object+"_id"]
		if !ok {
			continue
		}
		if k, ok := s.root.index[object]; ok {
			s.root.props[k].idColumn = 1 + column
			continue
		}
		if s.idColumns == nil {
			s.idColumns = map[string]int{}
		}
		s.idColumns[object] = 1 + column
	}
}

// applyRule excludes the field at a path, or hashes it.
func (s *Schema) applyRule(path []string, exclude bool) {
	_, declared := s.root.index[path[0]]
	if path[0] == Unrecognized && len(path) > 1 {
		// A catalog or a later release may declare the field as a column.
		if _, column := s.root.index[path[1]]; column && path[1] != Unrecognized {
			s.root.applyRule(path[1:], exclude)
		}
	}
	unrecognized := s.unrecognized >= 0 && path[0] == Unrecognized && len(path) > 1
	if declared && !unrecognized {
		s.root.applyRule(path, exclude)
		return
	}
	if unrecognized {
		path = path[1:]
	}
	s.unrecognizedNode().applyRule(path, exclude)
}

// unrecognizedNode returns the node for undeclared fields, creating it if
// needed.
func (s *Schema) unrecognizedNode() *node {
	if s.unrecognizedRules == nil {
		s.unrecognizedRules = anyNode(&node{column: Unrecognized, field: Unrecognized})
	}
	return s.unrecognizedRules
}

// applyRule applies a rule to a path within the value.
func (n *node) applyRule(path []string, exclude bool) {
	n.hides = true // whatever the schema says: the value may be of another type
	if n.accepts&typeArray != 0 {
		if n.items == nil {
			n.items = anyNode(n)
		}
		if n.items != n {
			n.items.applyRule(path, exclude)
		}
	}
	if n.accepts&typeObject == 0 {
		return
	}
	switch p := n.declare(path[0]); {
	case len(path) > 1:
		p.applyRule(path[1:], exclude)
	case exclude:
		p.drop = true
	case !p.hashed:
		p.hashed, p.node = true, anyNode(p.node)
	}
}

// declare returns the property of a name, adding it if the schema does not
// declare it.
func (n *node) declare(name string) *prop {
	k, ok := n.index[name]
	if !ok {
		if n.index == nil {
			n.index = map[string]int{}
		}
		k = len(n.props)
		n.index[name] = k
		child := anyNode(&node{column: n.column, field: n.field + "." + name})
		// Where undeclared members are dropped, this one is dropped too.
		n.props = append(n.props, newProp([]byte(name), child, n.closed))
	}
	return &n.props[k]
}

// anyNode returns a node with the path of n that accepts every value. Its
// elements share the node.
func anyNode(n *node) *node {
	free := &node{column: n.column, field: n.field, accepts: typeAny}
	free.items = free
	return free
}

// hashInPlace replaces the value at p.dst[start:] by its hash.
func (p *pass) hashInPlace(start int) {
	value := p.dst[start:]
	switch value[0] {
	case 'n':
		return
	case '"':
		value, _ = unquote(value, 0)
	}
	sum := sha256.Sum256(slices.Concat(p.salt, value))
	p.dst = append(hex.AppendEncode(append(p.dst[:start], '"'), sum[:]), '"')
}

// appendHashedSchema appends the schema of a hashed field.
func appendHashedSchema(dst, schema []byte) []byte {
	dst = append(dst, `{"description":`...)
	dst = appendDescription(dst, schema, "A salted SHA-256, in hexadecimal digits, of:")
	return append(dst, `,"type":["string","null"]}`...)
}

// appendDescription appends the description of a schema as a JSON string, with
// a prefix.
func appendDescription(dst, schema []byte, prefix string) []byte {
	text, _ := Field(schema, "description")
	description := []byte("this field")
	if len(text) > 0 && text[0] == '"' {
		description, _ = unquote(text, 0)
	}
	if bytes.HasPrefix(description, []byte(prefix)) { // the catalog was discovered under the same rules
		return appendQuoted(dst, description)
	}
	return appendQuoted(dst, slices.Concat([]byte(prefix), []byte{' '}, description))
}
