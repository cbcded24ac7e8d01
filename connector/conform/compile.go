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

// A typeSet is a set of the types of JSON Schema.
type typeSet uint8

const (
	typeNull typeSet = 1 << iota
	typeBoolean
	typeInteger
	typeNumber
	typeString
	typeObject
	typeArray

	typeAny = typeNull | typeBoolean | typeInteger | typeNumber | typeString | typeObject | typeArray
)

// A node is the compiled schema of one value.
type node struct {
	column, field string

	accepts     typeSet   // the types of values that are copied
	conversions []typeSet // what other values may become, in the order of the schema
	timestamp   bool      // strings are timestamps

	bounded  bool // integers are between min and max
	min, max int64

	props  []prop // in the order of the schema
	index  map[string]int
	closed bool // undeclared members are dropped

	items *node // the schema of elements; nil accepts all

	masked bool // secrets in the value are masked
	hides  bool // members of the value are deselected, excluded or hashed
}

// A prop is a declared member of an object.
type prop struct {
	name   []byte
	prefix []byte // the quoted name and a colon
	drop   bool   // deselected or excluded
	hashed bool   // the hash replaces the value
	// idColumn is one more than the index of the column that gets the id of this
	// object; 0 if there is none.
	idColumn int
	*node
}

// anyValue accepts every value.
var anyValue = &node{accepts: typeAny}

// anyProp is a member without a schema.
var anyProp = &prop{node: anyValue}

func newProp(name []byte, n *node, drop bool) prop {
	return prop{name: slices.Clone(name), prefix: append(appendQuoted(nil, name), ':'), drop: drop, node: n}
}

// Compile compiles a JSON schema. It uses the keywords type, format (only
// date-time), minimum, maximum, properties, additionalProperties (only false)
// and items, and ignores all others. Without a type, every value is accepted.
// If there are several types, a value of another type becomes the first one
// that it can be converted to.
//
// keep reports whether a declared property is selected; nil keeps all. It is
// called once for each property, with its path, like ["customer", "email"]. It
// is not called below a deselected property, which has no selected children,
// nor within arrays, whose elements are kept or dropped together. An object
// with a deselected child loses its undeclared members too.
//
// The error names the field whose schema is invalid.
func Compile(schema []byte, keep func(path []string) bool) (*Schema, error) {
	return new(FieldRules).Compile(schema, keep)
}

// compileSchema compiles everything but the field rules and Schema.json.
func compileSchema(schema []byte, keep func(path []string) bool) (*Schema, error) {
	if !jsontext.Value(schema).IsValid() {
		return nil, errors.New("schema: not valid JSON, or a name is repeated")
	}
	schema = schema[skipSpace(schema, 0):]
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
	if root.accepts&typeObject == 0 {
		return nil, errors.New("schema: type: a record is an object")
	}
	s := &Schema{root: root, unrecognized: -1}
	if k, ok := root.index[Unrecognized]; ok {
		if c := root.props[k]; !c.drop && c.accepts&typeObject != 0 && c.props == nil && !c.closed {
			s.unrecognized = k
		}
	}
	return s, nil
}

// compile fills n from its schema. keep is nil within arrays.
func (n *node) compile(schema []byte, path []string, keep func([]string) bool) (err error) {
	n.accepts = typeAny
	if schema[0] != '{' {
		return nil // true, in most cases
	}
	var low, high bool
	for name, value := range members(schema) {
		switch string(name) {
		case "type":
			err = n.readTypes(value)
		case "format":
			n.timestamp = string(value) == `"date-time"`
		case "minimum":
			n.min, low = readBound(value)
		case "maximum":
			n.max, high = readBound(value)
		case "additionalProperties":
			n.closed = n.closed || string(value) == "false"
		case "properties":
			err = n.compileProperties(value, path, keep)
		case "items":
			n.items = &node{column: n.column, field: n.field + "[]"}
			err = n.items.compile(value, nil, nil)
		}
		if err != nil {
			return err
		}
	}
	n.bounded = low && high
	n.timestamp = n.timestamp && n.accepts&typeString != 0
	if n.timestamp {
		n.conversions = slices.DeleteFunc(n.conversions, func(k typeSet) bool { return k == typeString })
	}
	return nil
}

func (n *node) compileProperties(schema []byte, path []string, keep func([]string) bool) error {
	if schema[0] != '{' {
		return fmt.Errorf("schema: %s: properties is not an object", n.field)
	}
	n.props, n.index = []prop{}, map[string]int{}
	for name, value := range members(schema) {
		if _, repeated := n.index[string(name)]; repeated {
			return fmt.Errorf("schema: %s: property %q is declared twice", n.field, name)
		}
		child := &node{column: n.column, field: n.field + "." + string(name)}
		if path == nil && n.column == "" {
			child.column, child.field = string(name), string(name)
		}
		p := newProp(name, child, false)
		below := append(slices.Clone(path), string(name))
		if keep != nil && !keep(slices.Clone(below)) {
			p.drop, n.closed, n.hides = true, true, true
		} else if err := child.compile(value, below, keep); err != nil {
			return err
		}
		n.hides = n.hides || child.hides
		n.index[string(name)] = len(n.props)
		n.props = append(n.props, p)
	}
	return nil
}

var typeNames = map[string]typeSet{
	"null": typeNull, "boolean": typeBoolean, "integer": typeInteger, "number": typeNumber,
	"string": typeString, "object": typeObject, "array": typeArray,
}

func (n *node) readTypes(value []byte) error {
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
		k, ok := typeNames[name]
		if !ok {
			return fmt.Errorf("schema: %s: unknown type %q", n.field, name)
		}
		n.accepts |= k
		n.conversions = append(n.conversions, k)
	}
	return nil
}

// readBound reads a bound of an integer and limits it to int64: JavaScript
// rounds the bounds of int64 in a catalog up to 9223372036854776000.
func readBound(value []byte) (int64, bool) {
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

// appendPruned appends the schema of n without the dropped properties, and
// describes what is hashed or masked.
func appendPruned(dst, schema []byte, n *node) []byte {
	if schema[0] != '{' || !n.isPruned() {
		return appendCompact(dst, schema)
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
					dst = appendHashedSchema(append(appendComma(dst), p.prefix...), value)
				case !p.drop:
					dst = appendPruned(append(appendComma(dst), p.prefix...), value, p.node)
				}
			}
			dst = append(dst, '}')
		case "items":
			dst = appendPruned(dst, value, n.items)
		case "required":
			dst = n.appendRequired(dst, value)
		case "description":
			if n.masked {
				dst = appendDescription(dst, schema, "Secrets in it are masked.")
				continue
			}
			dst = appendCompact(dst, value)
		default:
			dst = appendCompact(dst, value)
		}
	}
	return append(dst, '}')
}

// isPruned reports whether the schema of n differs from the given one.
func (n *node) isPruned() bool {
	return n.masked || n.items != nil && n.items != n && n.items.isPruned() ||
		slices.ContainsFunc(n.props, func(p prop) bool { return p.drop || p.hashed || p.isPruned() })
}

// isFreeForm reports whether the schema says no more than that a value is an
// object: such values can be anything.
func (n *node) isFreeForm() bool { return n.accepts&typeObject != 0 && n.props == nil }

// appendRequired appends a list of required members without the dropped ones.
func (n *node) appendRequired(dst, value []byte) []byte {
	var names []string
	if json.Unmarshal(value, &names) != nil {
		return appendCompact(dst, value) // Draft 3 had a boolean
	}
	dst = append(dst, '[')
	for _, name := range names {
		if k, ok := n.index[name]; !ok || !n.props[k].drop {
			dst = appendQuoted(appendComma(dst), []byte(name))
		}
	}
	return append(dst, ']')
}
