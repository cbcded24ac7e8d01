package conform

import (
	"bytes"
	"slices"
)

// A pass is the state of conforming one record. src is valid JSON, so no step
// can fail: i is always where the next token begins.
type pass struct {
	src []byte
	i   int
	dst []byte

	nulled  []Nulled
	masking maskLevel
	masked  bool // a value was masked
	salt    []byte

	// Stacks that the open objects share.
	seen  []bool   // which properties have occurred
	names [][]byte // which undeclared names have occurred

	unrecognized []member // the record's undeclared fields, for the column Unrecognized
}

// A member is an undeclared field of the record: its name, and where in src its
// value begins.
type member struct {
	name  []byte
	value int
	*prop
}

// conformRecord conforms the record itself. Unlike the objects within it, it
// ends up with all of its properties, and no others.
func (p *pass) conformRecord(s *Schema) {
	n := s.root
	p.seen = append(p.seen, make([]bool, len(n.props))...)
	p.dst = append(p.dst, '{')
	var undeclared nameSet
	expected := 0
	for p.i++; p.next(); {
		name, k := p.memberName(n, &expected)
		switch {
		case k < 0 || k == s.unrecognized:
			if s.unrecognized >= 0 && p.addName(&undeclared, name) {
				if c := s.rulesFor(name); !c.drop {
					p.unrecognized = append(p.unrecognized, member{name, p.i, c})
				}
			}
			p.skip()
		case p.seen[k] || n.props[k].drop:
			p.skip()
		default:
			p.seen[k] = true
			p.conformColumn(&n.props[k], nil)
		}
	}
	for k := range n.props {
		c := &n.props[k]
		switch {
		case p.seen[k] || c.drop:
		case k == s.unrecognized && len(p.unrecognized) > 0:
			p.conformColumn(c, p.unrecognized)
		default:
			p.dst = append(append(appendComma(p.dst), c.prefix...), "null"...)
		}
	}
	p.dst = append(p.dst, '}')
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

// conformColumn writes the column c: the value at p.i, or an object of the
// unrecognized fields if there are any. If the result is too large, null
// replaces it.
func (p *pass) conformColumn(c *prop, unrecognized []member) {
	p.dst = append(appendComma(p.dst), c.prefix...)
	start, before := len(p.dst), len(p.nulled)
	if c.masked {
		p.masking = maskSecrets
	}
	if unrecognized == nil {
		p.maskOrConform(c.node)
	} else {
		p.dst = append(p.dst, '{')
		for _, m := range unrecognized {
			p.dst = append(appendQuoted(appendComma(p.dst), m.name), ':')
			p.i = m.value
			p.conformMember(m.prop, m.name, p.masking)
		}
		p.dst = append(p.dst, '}')
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
			p.dst = append(p.dst, scalar...)
			return
		}
	}
	dst, ok := n.convert(p.dst, scalar)
	p.dst = dst
	switch {
	case ok:
	case n.timestamp:
		p.nullify(n, BadTimestamp)
	default:
		p.nullify(n, BadType)
	}
}

// nullify writes null in place of a value and records why.
func (p *pass) nullify(n *node, reason Reason) {
	p.dst = append(p.dst, "null"...)
	if v := (Nulled{n.column, n.field, reason}); !slices.Contains(p.nulled, v) {
		p.nulled = append(p.nulled, v)
	}
}

// conformObject conforms an object within the record.
func (p *pass) conformObject(n *node) {
	base, namesBase := len(p.seen), len(p.names)
	for range n.props {
		p.seen = append(p.seen, false)
	}
	p.dst = append(p.dst, '{')
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
		case p.seen[base+k] || n.props[k].drop:
			p.skip()
		default:
			p.seen[base+k] = true
			p.dst = append(appendComma(p.dst), n.props[k].prefix...)
			p.conformMember(&n.props[k], n.props[k].name, valueLevel)
		}
	}
	p.dst = append(p.dst, '}')
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
	p.dst = append(p.dst, '[')
	for p.i++; p.next(); {
		p.dst = appendComma(p.dst)
		p.maskOrConform(items)
	}
	p.dst = append(p.dst, ']')
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
		return !repeated
	}
	for _, other := range p.names[o.base:] {
		if bytes.Equal(other, name) {
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
