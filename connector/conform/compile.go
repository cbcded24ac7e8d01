package conform

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// kinds is a set of the types that a schema knows.
type kinds uint8

const (
	null kinds = 1 << iota
	boolean
	integer
	number
	text
	object
	list

	all = null | boolean | integer | number | text | object | list
)

// A node is one place of the schema.
type node struct {
	column, field string

	accepts kinds   // values that go through as they are
	order   []kinds // what other values may be converted to, as the schema lists it
	instant bool    // strings are instants

	bounded  bool // integers lie between min and max
	min, max int64

	props  []prop // in the order of the schema
	index  map[string]int
	closed bool // members that no property declares are dropped

	items *node // what elements look like; nil: anything

	masked bool // secrets within are masked
}

// A prop is a declared member of an object.
type prop struct {
	name   []byte
	prefix []byte // its name as it is written, with the colon
	drop   bool   // it is left out
	hashed bool   // its hash stands in its place
	*node
}

// anything lets every value through.
var anything = &node{accepts: all}

// anyProp is a member of which nothing is known.
var anyProp = &prop{node: anything}

func newProp(name []byte, n *node, drop bool) prop {
	return prop{name: slices.Clone(name), prefix: append(appendQuoted(nil, name), ':'), drop: drop, node: n}
}

// Compile makes a Shape from a JSON schema. The keywords type, format (only
// date-time), minimum, maximum, properties, additionalProperties (only false)
// and items are understood, all others ignored. Without a type anything goes;
// of several types a value may have any, and where it has none the first it
// can be converted to decides.
//
// keep tells which declared properties are selected; nil keeps all. It is
// called once for each, with its path, like ["customer", "email"]; but not
// below a deselected property, since that takes its children with it, and not
// inside lists, since their elements are kept or dropped together. An object
// with a deselected child loses its undeclared members too.
//
// The error names the place where the schema cannot be understood.
func Compile(schema []byte, keep func(path []string) bool) (*Schema, error) {
	s, err := read(schema, keep)
	if err != nil {
		return nil, err
	}
	s.schema = prune(nil, schema[skipBlank(schema, 0):], s.root)
	return s, nil
}

// read makes a Shape but for its schema.
func read(schema []byte, keep func(path []string) bool) (*Schema, error) {
	if !jsontext.Value(schema).IsValid() {
		return nil, errors.New("schema: not valid JSON, or a name is repeated")
	}
	schema = schema[skipBlank(schema, 0):]
	if schema[0] != '{' {
		return nil, errors.New("schema: not an object")
	}
	if keep == nil {
		keep = func([]string) bool { return true }
	}
	root := &node{}
	if err := root.compile(schema, nil, keep); err != nil {
		return nil, err
	}
	if root.accepts&object == 0 {
		return nil, errors.New("schema: type: a record is an object")
	}
	s := &Schema{root: root, rest: -1}
	if k, ok := root.index[Unrecognized]; ok {
		if c := root.props[k]; !c.drop && c.accepts&object != 0 && c.props == nil && !c.closed {
			s.rest = k
		}
	}
	return s, nil
}

// compile fills n from its schema. Without keep there is no selection here.
func (n *node) compile(schema []byte, path []string, keep func([]string) bool) (err error) {
	n.accepts = all
	if schema[0] != '{' {
		return nil // true, mostly
	}
	var low, high bool
	for name, value := range members(schema) {
		switch string(name) {
		case "type":
			err = n.types(value)
		case "format":
			n.instant = string(value) == `"date-time"`
		case "minimum":
			n.min, low = bound(value)
		case "maximum":
			n.max, high = bound(value)
		case "additionalProperties":
			n.closed = n.closed || string(value) == "false"
		case "properties":
			err = n.properties(value, path, keep)
		case "items":
			n.items = &node{column: n.column, field: n.field + "[]"}
			err = n.items.compile(value, nil, nil)
		}
		if err != nil {
			return err
		}
	}
	n.bounded = low && high
	n.instant = n.instant && n.accepts&text != 0
	if n.instant {
		n.order = slices.DeleteFunc(n.order, func(k kinds) bool { return k == text })
	}
	return nil
}

func (n *node) properties(schema []byte, path []string, keep func([]string) bool) error {
	if schema[0] != '{' {
		return fmt.Errorf("schema: %s: properties is not an object", n.field)
	}
	n.props, n.index = []prop{}, map[string]int{}
	for name, value := range members(schema) {
		if _, twice := n.index[string(name)]; twice {
			return fmt.Errorf("schema: %s: property %q is declared twice", n.field, name)
		}
		child := &node{column: n.column, field: n.field + "." + string(name)}
		if path == nil && n.column == "" {
			child.column, child.field = string(name), string(name)
		}
		p := newProp(name, child, false)
		below := append(slices.Clone(path), string(name))
		if keep != nil && !keep(slices.Clone(below)) {
			p.drop, n.closed = true, true
		} else if err := child.compile(value, below, keep); err != nil {
			return err
		}
		n.index[string(name)] = len(n.props)
		n.props = append(n.props, p)
	}
	return nil
}

var kindNames = map[string]kinds{
	"null": null, "boolean": boolean, "integer": integer, "number": number,
	"string": text, "object": object, "array": list,
}

func (n *node) types(value []byte) error {
	var names []string
	if json.Unmarshal(value, &names) != nil {
		names = make([]string, 1)
		if err := json.Unmarshal(value, &names[0]); err != nil {
			return fmt.Errorf("schema: %s: type is neither a name nor a list of names", n.field)
		}
	}
	if len(names) == 0 {
		return nil
	}
	n.accepts = 0
	for _, name := range names {
		k, ok := kindNames[name]
		if !ok {
			return fmt.Errorf("schema: %s: unknown type %q", n.field, name)
		}
		n.accepts |= k
		n.order = append(n.order, k)
	}
	return nil
}

// bound reads a bound of an integer. Catalogs that went through JavaScript
// have int64's own bounds rounded up to 9223372036854776000, so what lies
// outside is brought back.
func bound(value []byte) (int64, bool) {
	if i, err := strconv.ParseInt(string(value), 10, 64); err == nil {
		return i, true
	}
	f, err := strconv.ParseFloat(string(value), 64)
	switch {
	case err != nil:
		return 0, false
	case f >= math.MaxInt64:
		return math.MaxInt64, true
	case f <= math.MinInt64:
		return math.MinInt64, true
	}
	return int64(f), true
}

// prune appends the schema of n without the properties that are left out, and
// with what is said of those that are written otherwise than they come.
func prune(dst, schema []byte, n *node) []byte {
	if schema[0] != '{' || !n.pruned() {
		return appendTidy(dst, schema)
	}
	dst = append(dst, '{')
	for name, value := range members(schema) {
		dst = append(appendQuoted(appendComma(dst), name), ':')
		switch string(name) {
		case "properties":
			dst = append(dst, '{')
			for name, value := range members(value) {
				switch p := n.props[n.index[string(name)]]; {
				case p.hashed && !p.drop:
					dst = hashedSchema(append(appendComma(dst), p.prefix...), value)
				case !p.drop:
					dst = prune(append(appendComma(dst), p.prefix...), value, p.node)
				}
			}
			dst = append(dst, '}')
		case "items":
			dst = prune(dst, value, n.items)
		case "required":
			dst = n.required(dst, value)
		case "description":
			if n.masked {
				dst = described(dst, schema, "Secrets in it are masked.")
				continue
			}
			dst = appendTidy(dst, value)
		default:
			dst = appendTidy(dst, value)
		}
	}
	return append(dst, '}')
}

// pruned reports whether n's schema is not written as it was given.
func (n *node) pruned() bool {
	return n.masked || n.items != nil && n.items != n && n.items.pruned() ||
		slices.ContainsFunc(n.props, func(p prop) bool { return p.drop || p.hashed || p.pruned() })
}

// required appends a list of required members without the deselected ones.
func (n *node) required(dst, value []byte) []byte {
	var names []string
	if json.Unmarshal(value, &names) != nil {
		return appendTidy(dst, value) // Draft 3 had a boolean
	}
	dst = append(dst, '[')
	for _, name := range names {
		if k, ok := n.index[name]; !ok || !n.props[k].drop {
			dst = appendQuoted(appendComma(dst), []byte(name))
		}
	}
	return append(dst, ']')
}
