package conform

import (
	"bytes"
	"slices"
)

// A pass is the walk over one record. src is known to be valid JSON, so no step
// can fail: i is always where the next thing begins.
type pass struct {
	src []byte
	i   int
	dst []byte

	changes []Nulled
	cover   cover
	hidden  bool // something was masked
	salt    []byte

	// Stacks, shared by the objects that are open.
	seen  []bool   // which properties have been met
	names [][]byte // which undeclared names have been met

	rest []member // undeclared members of the record, for Unrecognized
}

// A member is an undeclared field of the record: its name, and where in the
// source its value begins.
type member struct {
	name  []byte
	value int
	*prop
}

// record conforms the record itself. Unlike any object below it, it has all
// its properties when it is done, and no others.
func (p *pass) record(s *Schema) {
	n := s.root
	p.seen = append(p.seen, make([]bool, len(n.props))...)
	p.dst = append(p.dst, '{')
	var unknown names
	likely := 0
	for p.i++; p.more(); {
		name, k := p.name(n, &likely)
		switch {
		case k < 0 || k == s.rest:
			if s.rest >= 0 && p.first(&unknown, name) {
				if c := s.undeclared(name); !c.drop {
					p.rest = append(p.rest, member{name, p.i, c})
				}
			}
			p.skip()
		case p.seen[k] || n.props[k].drop:
			p.skip()
		default:
			p.seen[k] = true
			p.column(&n.props[k], nil)
		}
	}
	for k := range n.props {
		c := &n.props[k]
		switch {
		case p.seen[k] || c.drop:
		case k == s.rest && len(p.rest) > 0:
			p.column(c, p.rest)
		default:
			p.dst = append(append(appendComma(p.dst), c.prefix...), "null"...)
		}
	}
	p.dst = append(p.dst, '}')
}

// undeclared returns what is known of an undeclared field.
func (s *Schema) undeclared(name []byte) *prop {
	if s.covert == nil {
		return anyProp
	}
	if k, ok := s.covert.index[string(name)]; ok {
		return &s.covert.props[k]
	}
	return anyProp
}

// column writes the column c: the value at p.i, or the undeclared members of
// the record if these are given. What is too large is taken back.
func (p *pass) column(c *prop, rest []member) {
	p.dst = append(appendComma(p.dst), c.prefix...)
	start, before := len(p.dst), len(p.changes)
	if c.masked {
		p.cover = watched
	}
	if rest == nil {
		p.value(c.node)
	} else {
		p.dst = append(p.dst, '{')
		for _, m := range rest {
			p.dst = append(appendQuoted(appendComma(p.dst), m.name), ':')
			p.i = m.value
			p.member(m.prop, m.name, p.cover)
		}
		p.dst = append(p.dst, '}')
	}
	if c.hashed {
		p.digest(start)
	}
	p.cover = open
	if len(p.dst)-start > MaxField && c.accepts&null != 0 {
		p.dst, p.changes = p.dst[:start], p.changes[:before]
		p.lose(c.node, TooLarge)
	}
}

// value conforms the value at p.i, or masks it.
func (p *pass) value(n *node) {
	if p.cover == open || !p.mask(n) {
		p.clear(n)
	}
}

// clear conforms the value at p.i.
func (p *pass) clear(n *node) {
	start := p.i
	var spelling []byte
	switch p.src[start] {
	case 'n':
		p.i += len("null")
		p.dst = append(p.dst, "null"...)
		return
	case '{':
		if n.accepts&object != 0 {
			p.object(n)
			return
		}
		p.skip()
	case '[':
		if n.accepts&list != 0 {
			p.list(n)
			return
		}
		p.skip()
	case '"':
		if n.accepts&text != 0 && !n.instant {
			p.dst, p.i = appendText(p.dst, p.src, start)
			return
		}
		spelling, p.i = readText(p.src, start)
		if n.instant {
			if t, ok := readInstant(spelling); ok {
				p.dst = appendInstant(p.dst, t)
				return
			}
		}
	case 't', 'f':
		p.skip()
		spelling = p.src[start:p.i]
		if n.accepts&boolean != 0 {
			p.dst = append(p.dst, spelling...)
			return
		}
	default:
		p.skip()
		spelling = p.src[start:p.i]
		if n.accepts&number != 0 || n.accepts&integer != 0 && whole(spelling) && n.within(spelling) {
			p.dst = append(p.dst, spelling...)
			return
		}
	}
	dst, ok := n.convert(p.dst, spelling)
	p.dst = dst
	switch {
	case ok:
	case n.instant:
		p.lose(n, BadTimestamp)
	default:
		p.lose(n, BadType)
	}
}

// lose writes null in the place of a value and notes why.
func (p *pass) lose(n *node, why Reason) {
	p.dst = append(p.dst, "null"...)
	if c := (Nulled{n.column, n.field, why}); !slices.Contains(p.changes, c) {
		p.changes = append(p.changes, c)
	}
}

// object conforms an object within the record.
func (p *pass) object(n *node) {
	base, met := len(p.seen), len(p.names)
	for range n.props {
		p.seen = append(p.seen, false)
	}
	p.dst = append(p.dst, '{')
	unknown := names{from: met}
	likely := 0
	paired := p.cover
	if p.cover != open {
		paired = p.paired()
	}
	for p.i++; p.more(); {
		name, k := p.name(n, &likely)
		switch {
		case k < 0 && (n.closed || !p.first(&unknown, name)):
			p.skip()
		case k < 0:
			p.dst = append(appendQuoted(appendComma(p.dst), name), ':')
			p.member(anyProp, name, paired)
		case p.seen[base+k] || n.props[k].drop:
			p.skip()
		default:
			p.seen[base+k] = true
			p.dst = append(appendComma(p.dst), n.props[k].prefix...)
			p.member(&n.props[k], n.props[k].name, paired)
		}
	}
	p.dst = append(p.dst, '}')
	p.seen, p.names = p.seen[:base], p.names[:met]
}

// list conforms a list.
func (p *pass) list(n *node) {
	items := n.items
	if items == nil {
		items = anything
	}
	p.dst = append(p.dst, '[')
	for p.i++; p.more(); {
		p.dst = appendComma(p.dst)
		p.value(items)
	}
	p.dst = append(p.dst, ']')
}

// more goes to the next member or element of what is open, or past its end.
func (p *pass) more() bool {
	p.i = skipBlank(p.src, p.i)
	switch p.src[p.i] {
	case '}', ']':
		p.i++
		return false
	case ',':
		p.i = skipBlank(p.src, p.i+1)
	}
	return true
}

// name reads a member's name, goes to its value, and returns the index of the
// property of that name, or -1. Members mostly come in the order of the schema,
// so it looks at the likely one first.
func (p *pass) name(n *node, likely *int) (name []byte, k int) {
	if k = *likely; k < len(n.props) && bytes.HasPrefix(p.src[p.i:], n.props[k].prefix) {
		p.i = skipBlank(p.src, p.i+len(n.props[k].prefix))
		*likely = k + 1
		return n.props[k].name, k
	}
	name, p.i = readName(p.src, p.i)
	k, ok := n.index[string(name)]
	if !ok {
		return name, -1
	}
	*likely = k + 1
	return name, k
}

// skip goes past the value at p.i.
func (p *pass) skip() { p.i = skipValue(p.src, p.i) }

// names are the undeclared names of one object: a part of the pass's stack,
// and a set as well once they are too many to look through.
type names struct {
	from int
	set  map[string]bool
}

const fewNames = 64

// first reports whether the object has not had that name before.
func (p *pass) first(o *names, name []byte) bool {
	if o.set != nil {
		had := o.set[string(name)]
		o.set[string(name)] = true
		return !had
	}
	for _, other := range p.names[o.from:] {
		if bytes.Equal(other, name) {
			return false
		}
	}
	p.names = append(p.names, name)
	if len(p.names)-o.from > fewNames {
		o.set = make(map[string]bool)
		for _, other := range p.names[o.from:] {
			o.set[string(other)] = true
		}
	}
	return true
}
