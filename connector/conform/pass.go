package conform

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// A pass is the state of conforming one record. src is valid JSON, so no step
// can fail: i is always where the next token begins.
type pass struct {
	src []byte
	i   int
	dst []byte

	nulled   []Nulled
	column   string // the column that is written
	repeated bool   // a name is repeated; what is written has its first value
	masking  maskLevel
	masked   bool // a value was masked
	salt     []byte

	// Stacks that the open objects and arrays share.
	depth   int
	seen    []bool   // which properties have occurred
	names   [][]byte // which undeclared names have occurred
	indexes []int    // the positions of the open elements
	ids     []int    // per column, where in src the id begins that fills it; 0 for none

	// For the column Unrecognized.
	keeps        bool     // there is one
	unrecognized []member // the record's undeclared fields
	kept         []kept   // values that do not fit
}

// A member is an undeclared field of the record: its name, and where in src its
// value begins.
type member struct {
	name  []byte
	value int
	*prop
}

// A kept is a value that does not fit its schema: its path, and the value as it
// is written.
type kept struct{ path, value []byte }

// begin prepares p for another record. The buffers stay, except those that a
// caller may hold, and without what they contain, which would keep a whole page.
func (p *pass) begin(src, dst []byte, i int) {
	clear(p.names[:cap(p.names)]) //rule:finished-records-are-not-kept
	clear(p.unrecognized)
	clear(p.kept)
	*p = pass{src: src, dst: dst, i: i, salt: p.salt, seen: p.seen[:0], names: p.names[:0], indexes: p.indexes[:0], ids: p.ids[:0],
		unrecognized: p.unrecognized[:0], kept: p.kept[:0]}
}

// conformRecord conforms the record itself. Unlike the objects within it, it
// ends up with all of its properties, and no others.
func (p *pass) conformRecord(s *Schema) {
	n := s.root
	start := len(p.dst)
	p.seen = append(p.seen, make([]bool, len(n.props))...)
	p.ids = append(p.ids, make([]int, len(n.props))...)
	p.depth, p.keeps = 1, s.unrecognized >= 0
	p.dst = append(p.dst, '{')
	var undeclared nameSet
	expected := 0
	for p.i++; p.next(); {
		name, k := p.memberName(n, &expected)
		if c := s.idColumn(name, k); c > 0 && p.src[p.i] == '{' {
			p.ids[c-1] = p.findID(k >= 0 && n.props[k].drop) //rule:ids-of-objects-fill-their-columns
		}
		switch {
		case k < 0 || k == s.unrecognized:
			if p.keeps && p.addName(&undeclared, name) {
				if c := s.rulesFor(name); !c.drop {
					p.unrecognized = append(p.unrecognized, member{name, p.i, c})
				}
			}
			p.skip()
		case n.props[k].drop:
			p.skip()
		case p.seen[k]:
			p.repeated = true //rule:repeated-columns-are-noticed
			p.skip()
		default:
			p.seen[k] = true
			p.conformColumn(&n.props[k], nil)
		}
	}
	p.appendAbsent(s, &undeclared)
	p.dst = append(p.dst, '}')
	if len(p.dst)-start > MaxRecord { //rule:large-records-lose-their-largest-columns
		p.shrink(start, MaxRecord, n.nullable)
	}
}

// appendAbsent writes the columns that the record itself lacks: the one for undeclared
// fields, those for the ids of objects, and null for the others.
func (p *pass) appendAbsent(s *Schema, undeclared *nameSet) {
	n := s.root
	for k := range n.props {
		c := &n.props[k]
		switch {
		case p.seen[k] || c.drop:
		case k == s.unrecognized && len(p.unrecognized)+len(p.kept) > 0:
			p.conformColumn(c, undeclared)
		case p.ids[k] > 0:
			p.conformID(c, p.ids[k])
		default:
			p.dst = append(append(appendComma(p.dst), c.prefix...), "null"...)
		}
	}
}

// idColumn returns prop.idColumn of the field that has the index k, or -1.
func (s *Schema) idColumn(name []byte, k int) int {
	if k >= 0 {
		return s.root.props[k].idColumn
	}
	return s.idColumns[string(name)]
}

// findID returns where the id of the object at p.i begins; 0 if it has none. Of
// repeated ones it returns the last if the object is dropped. If not, the pass itself
// notices that they are.
func (p *pass) findID(dropped bool) (at int) {
	const prefix = `{"id":`
	if !dropped && bytes.HasPrefix(p.src[p.i:], []byte(prefix)) { // as the API writes it
		return skipSpace(p.src, p.i+len(prefix))
	}
	for i := p.i + 1; ; {
		i = skipSpace(p.src, i)
		if p.src[i] == ',' {
			i = skipSpace(p.src, i+1)
		}
		if p.src[i] == '}' {
			return at
		}
		var name []byte
		if name, i = readName(p.src, i); string(name) == "id" {
			if at = i; !dropped {
				return at
			}
		}
		i = skipValue(p.src, i)
	}
}

// conformID writes the column c with the id at p.src[at:]. Where it does not fit, the
// object has reported and kept it.
func (p *pass) conformID(c *prop, at int) {
	keeps, nulled := p.keeps, len(p.nulled)
	p.i, p.keeps = at, false
	p.conformColumn(c, nil)
	p.keeps, p.nulled = keeps, p.nulled[:nulled]
}

// nullable returns the node of a property, or nil if it may not be null.
func (n *node) nullable(name []byte) *node {
	if c := n.props[n.index[string(name)]]; c.accepts&typeNull != 0 || c.hashed {
		return c.node
	}
	return nil
}

// rulesFor returns the rules for an undeclared field.
func (s *Schema) rulesFor(name []byte) *prop {
	if s.unrecognizedRules == nil {
		return anyProp
	}
	if k, ok := s.unrecognizedRules.index[string(name)]; ok {
		return &s.unrecognizedRules.props[k]
	}
	return anyProp
}

// conformColumn writes the column c: the value at p.i, or with the set of
// undeclared names the column Unrecognized. If the result is too large, null
// replaces it.
func (p *pass) conformColumn(c *prop, undeclared *nameSet) {
	p.dst = append(appendComma(p.dst), c.prefix...)
	start, before := len(p.dst), len(p.nulled)
	p.column = c.column
	if c.masked {
		p.masking = maskSecrets
	}
	if undeclared == nil {
		p.maskOrConform(c.node)
	} else {
		p.appendUnrecognized(c.node, undeclared)
	}
	if c.hashed {
		p.hashInPlace(start)
	}
	p.masking = maskNothing
	if len(p.dst)-start > MaxField && c.accepts&typeNull != 0 {
		p.dst, p.nulled = p.dst[:start], p.nulled[:before]
		p.nullify(c.node, TooLarge)
	}
}

// appendUnrecognized writes the column Unrecognized: the undeclared fields, then
// the values that do not fit. If it is too large, the largest of them become
// null.
func (p *pass) appendUnrecognized(n *node, names *nameSet) {
	start := len(p.dst)
	p.dst = append(p.dst, '{')
	p.depth++
	for _, m := range p.unrecognized {
		p.dst = append(appendQuoted(appendComma(p.dst), m.name), ':')
		p.i = m.value
		p.conformMember(m.prop, m.name, p.masking)
	}
	p.depth--
	repeated := p.repeated
	for _, k := range p.kept {
		for !p.addName(names, k.path) {
			k.path = append(k.path, '_') // a field of that name is undeclared
		}
		p.dst = append(append(appendQuoted(appendComma(p.dst), k.path), ':'), k.value...)
	}
	p.repeated = repeated
	p.dst = append(p.dst, '}')
	if len(p.dst)-start > MaxField {
		p.shrink(start, MaxField, func([]byte) *node { return n })
	}
}

// shrink replaces the largest members of the object at p.dst[start:] by null
// until it has no more than limit bytes. nullable returns the node of a member,
// or nil if it must stay.
func (p *pass) shrink(start, limit int, nullable func(name []byte) *node) {
	type span struct {
		from, to int
		*node
	}
	var spans []span
	for i := start + 1; i < len(p.dst) && p.dst[i] != '}'; {
		name, from := readName(p.dst, i+len(","))
		if i == start+1 {
			name, from = readName(p.dst, i)
		}
		i = skipValue(p.dst, from)
		if n := nullable(name); n != nil && i-from > len("null") {
			spans = append(spans, span{from, i, n})
		}
	}
	slices.SortStableFunc(spans, func(a, b span) int { return (b.to - b.from) - (a.to - a.from) })
	size, count := len(p.dst)-start, 0
	for ; size > limit && count < len(spans); count++ {
		size -= spans[count].to - spans[count].from - len("null")
		p.report(spans[count].node, TooLarge)
	}
	spans = spans[:count]
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	from, object := start, slices.Clone(p.dst[start:])
	p.dst = p.dst[:start]
	for _, s := range spans {
		p.dst = append(append(p.dst, object[from-start:s.from-start]...), "null"...)
		from = s.to
	}
	p.dst = append(p.dst, object[from-start:]...)
}

// maskOrConform masks the value at p.i, or conforms it.
func (p *pass) maskOrConform(n *node) {
	if p.masking == maskNothing || !p.maskScalar(n) {
		p.conformValue(n)
	}
}

// conformValue conforms the value at p.i.
func (p *pass) conformValue(n *node) {
	switch p.src[p.i] {
	case 'n':
		p.i += len("null")
		p.dst = append(p.dst, "null"...)
		return
	case '{':
		if n.accepts&typeObject != 0 {
			p.conformObject(n)
			return
		}
	case '[':
		if n.accepts&typeArray != 0 {
			p.conformArray(n)
			return
		}
	case '"':
		if n.accepts&typeString != 0 && !n.timestamp {
			p.dst, p.i = appendString(p.dst, p.src, p.i)
			return
		}
	}
	p.conformScalar(n)
}

// conformScalar conforms a timestamp, a boolean, a number, or a value of a type
// that the schema does not accept.
func (p *pass) conformScalar(n *node) {
	var scalar []byte // nil for an object or an array, which stand for nothing else
	start := p.i
	switch p.src[start] {
	case '{', '[':
		p.skip()
	case '"':
		scalar, p.i = unquote(p.src, start)
		if n.timestamp {
			if t, ok := parseTimestamp(scalar); ok {
				p.dst = appendTimestamp(p.dst, t)
				return
			}
		}
	case 't', 'f':
		p.skip()
		scalar = p.src[start:p.i]
		if n.accepts&typeBoolean != 0 {
			p.dst = append(p.dst, scalar...)
			return
		}
	default:
		p.skip()
		scalar = p.src[start:p.i]
		if n.accepts&typeNumber != 0 || n.accepts&typeInteger != 0 && isPlainInteger(scalar) && n.inBounds(scalar) {
			p.appendNumber(n, scalar)
			return
		}
	}
	dst, ok := n.convert(p.dst, scalar)
	if p.dst = dst; ok {
		return
	}
	kept := p.keep(n, start)
	switch {
	case n.timestamp:
		p.nullify(n, BadTimestamp)
	case kept && n.isFreeForm():
		p.dst = append(p.dst, "null"...) //rule:free-form-values-are-no-warning
	default:
		p.nullify(n, BadType)
	}
}

// appendNumber writes a number that n accepts.
func (p *pass) appendNumber(n *node, num []byte) {
	if hasTooManyDigits(num) {
		p.nullify(n, TooLarge)
		return
	}
	p.dst = append(p.dst, num...)
}

// keep keeps the value at p.src[start:], which does not fit n, for the column
// Unrecognized, and reports whether it may be kept: what is hidden in a value
// that fits must not show in one that does not.
func (p *pass) keep(n *node, start int) bool {
	if !p.keeps || n.hides { //rule:kept-values-hide-what-is-hidden
		return false
	}
	dst, end, depth := p.dst, p.i, p.depth
	p.dst, p.i, p.depth = nil, start, 2 // in the column, in the record
	p.maskOrConform(anyValue)           //rule:kept-values-are-masked
	p.kept = append(p.kept, kept{n.path(p.indexes), p.dst})
	p.dst, p.i, p.depth = dst, end, depth
	return true
}

// path is the field of n, with the positions of the elements it is in.
func (n *node) path(indexes []int) []byte {
	var path []byte
	for i, part := range strings.Split(n.field, "[]") {
		if i > 0 && i <= len(indexes) {
			path = fmt.Appendf(path, "[%d]", indexes[i-1])
		}
		path = append(path, part...)
	}
	return path
}

// nullify writes null in place of a value and records why.
func (p *pass) nullify(n *node, reason Reason) {
	p.dst = append(p.dst, "null"...)
	p.report(n, reason)
}

// report records why a value is null.
func (p *pass) report(n *node, reason Reason) {
	v := Nulled{n.column, n.field, reason}
	if n.column == "" { // within a value that has no schema
		v.Column, v.Field = p.column, p.column
	}
	if !slices.Contains(p.nulled, v) {
		p.nulled = append(p.nulled, v)
	}
}

// enter opens the object or array at p.i, unless it is nested too deep: then it
// becomes null.
func (p *pass) enter(n *node, open byte) bool {
	if p.depth >= MaxDepth { //rule:deep-nesting-becomes-null
		p.skip()
		p.nullify(n, TooDeep)
		return false
	}
	p.depth++
	p.dst = append(p.dst, open)
	return true
}

// conformObject conforms an object within the record.
func (p *pass) conformObject(n *node) {
	if !p.enter(n, '{') {
		return
	}
	base, namesBase := len(p.seen), len(p.names)
	for range n.props {
		p.seen = append(p.seen, false)
	}
	undeclared := nameSet{base: namesBase}
	expected := 0
	valueLevel := p.masking
	if p.masking != maskNothing {
		valueLevel = p.valueLevel()
	}
	for p.i++; p.next(); {
		name, k := p.memberName(n, &expected)
		switch {
		case k < 0 && (n.closed || !p.addName(&undeclared, name)):
			p.skip()
		case k < 0:
			p.dst = append(appendQuoted(appendComma(p.dst), name), ':')
			p.conformMember(anyProp, name, valueLevel)
		case n.props[k].drop:
			p.skip()
		case p.seen[base+k]:
			p.repeated = true
			p.skip()
		default:
			p.seen[base+k] = true
			p.dst = append(appendComma(p.dst), n.props[k].prefix...)
			p.conformMember(&n.props[k], n.props[k].name, valueLevel)
		}
	}
	p.dst = append(p.dst, '}')
	p.depth--
	p.seen, p.names = p.seen[:base], p.names[:namesBase]
}

// conformMember writes the value at p.i of a member of an object. valueLevel
// is how a member "value" of that object is masked.
func (p *pass) conformMember(c *prop, name []byte, valueLevel maskLevel) {
	start, outer := len(p.dst), p.masking
	if c.masked && outer == maskNothing {
		p.masking = maskSecrets
	} else if outer != maskNothing {
		p.masking = outer.ofMember(name)
		if string(name) == "value" {
			p.masking = valueLevel
		}
	}
	p.maskOrConform(c.node)
	if p.masking = outer; c.hashed {
		p.hashInPlace(start)
	}
}

// conformArray conforms an array.
func (p *pass) conformArray(n *node) {
	items := n.items
	if items == nil {
		items = anyValue
	}
	if !p.enter(n, '[') {
		return
	}
	p.indexes = append(p.indexes, 0)
	last := len(p.indexes) - 1
	for p.i++; p.next(); p.indexes[last]++ {
		p.dst = appendComma(p.dst)
		p.maskOrConform(items)
	}
	p.dst = append(p.dst, ']')
	p.depth--
	p.indexes = p.indexes[:last]
}

// next moves to the next member or element of the open object or array, or past
// its end, and reports whether there is one.
func (p *pass) next() bool {
	p.i = skipSpace(p.src, p.i)
	switch p.src[p.i] {
	case '}', ']':
		p.i++
		return false
	case ',':
		p.i = skipSpace(p.src, p.i+1)
	}
	return true
}

// memberName reads a member's name, moves to its value, and returns the index
// of its property, or -1. Members mostly come in the order of the schema, so it
// compares with the expected one before it searches.
func (p *pass) memberName(n *node, expected *int) (name []byte, k int) {
	if k = *expected; k < len(n.props) && bytes.HasPrefix(p.src[p.i:], n.props[k].prefix) {
		p.i = skipSpace(p.src, p.i+len(n.props[k].prefix))
		*expected = k + 1
		return n.props[k].name, k
	}
	name, p.i = readName(p.src, p.i)
	k, ok := n.index[string(name)]
	if !ok {
		return name, -1
	}
	*expected = k + 1
	return name, k
}

// skip moves past the value at p.i.
func (p *pass) skip() { p.i = skipValue(p.src, p.i) }

// A nameSet holds the undeclared names of one object: pass.names from base on,
// and a map once they are too many to compare with each.
type nameSet struct {
	base int
	set  map[string]bool
}

const maxComparedNames = 64

// addName adds a name to the set and reports whether it is new.
func (p *pass) addName(o *nameSet, name []byte) bool {
	if o.set != nil {
		repeated := o.set[string(name)]
		o.set[string(name)] = true
		p.repeated = p.repeated || repeated
		return !repeated
	}
	for _, other := range p.names[o.base:] {
		if bytes.Equal(other, name) {
			p.repeated = true
			return false
		}
	}
	p.names = append(p.names, name)
	if len(p.names)-o.base > maxComparedNames {
		o.set = make(map[string]bool)
		for _, other := range p.names[o.base:] {
			o.set[string(other)] = true
		}
	}
	return true
}
