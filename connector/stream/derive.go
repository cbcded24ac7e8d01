package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"source-gorgias/connector/conform"

	"github.com/go-json-experiment/json/jsontext"
)

// PrependFields puts fields, as JSON without braces, in front of those of an
// object. They count even if the object has fields of their names.
func PrependFields(object, fields []byte) json.RawMessage {
	body := bytes.TrimLeft(object[1:], " \t\r\n")
	out := make([]byte, 0, len(object)+len(fields)+2)
	for name := range conform.Members(slices.Concat([]byte{'{'}, fields, []byte{'}'})) {
		if _, repeated := conform.Field(object, name); repeated { //rule:own-fields-count
			out = append(append(out, object[:len(object)-1]...), ',')
			return append(append(out, fields...), '}')
		}
	}
	out = append(append(out, '{'), fields...)
	if body[0] != '}' {
		out = append(out, ',')
	}
	return append(out, body...)
}

// WithoutFields returns an object without some of its fields.
func WithoutFields(object []byte, names []string) json.RawMessage {
	if len(names) == 0 {
		return object
	}
	out := []byte{'{'}
	for name, value := range conform.Members(object) {
		if slices.Contains(names, name) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out, _ = jsontext.AppendQuote(out, name) // names are repaired: they are valid UTF-8
		out = append(append(out, ':'), value...)
	}
	return append(out, '}')
}

// CopyFields returns, as JSON without braces, fields of raw under other names.
// names are pairs: the new name, then the field's.
func CopyFields(raw []byte, names ...string) []byte {
	var fields []byte
	for i := 0; i < len(names); i += 2 {
		value := Field(raw, names[i+1])
		if value == nil {
			value = []byte("null")
		}
		if i > 0 {
			fields = append(fields, ',')
		}
		fields = fmt.Appendf(fields, "%q:%s", names[i], value)
	}
	return fields
}

// An Element is an object that a list or another object contains.
type Element struct {
	Index int
	Name  string // its name in the object; "" in a list
	Raw   []byte
}

// Elements calls make with each object that a field of raw contains, as an
// element of a list or as a value of an object, and returns the results; of
// repeated names, the last. Other elements but null are among the results as they
// are: they have no key. A field of another type has no elements; conform reports
// it when it conforms raw.
func Elements(raw []byte, field string, make func(Element) json.RawMessage) []json.RawMessage {
	value := Field(raw, field)
	var out []json.RawMessage
	places := map[string]int{} // of names in out
	for e := range elements(value) {
		if value[0] == '{' {
			if at, repeated := places[e.Name]; repeated {
				out[at] = nil
			}
			places[e.Name] = len(out)
		}
		switch e.Raw[0] {
		case '{':
			out = append(out, make(e))
		case 'n':
			out = append(out, nil)
		default:
			out = append(out, slices.Clone(e.Raw))
		}
	}
	return slices.DeleteFunc(out, func(raw json.RawMessage) bool { return raw == nil })
}

// elements yields what a list or an object contains; nothing for another value. An
// element is valid until the next one.
func elements(value []byte) iter.Seq[Element] {
	return func(yield func(Element) bool) {
		d := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		open, err := d.ReadToken()
		if err != nil || open.Kind() != '{' && open.Kind() != '[' {
			return
		}
		for i := 0; d.PeekKind() != '}' && d.PeekKind() != ']'; i++ {
			e := Element{Index: i}
			if open.Kind() == '{' {
				name, err := d.ReadToken()
				if err != nil {
					return
				}
				e.Name = name.String()
			}
			raw, err := d.ReadValue()
			if e.Raw = raw; err != nil || !yield(e) {
				return
			}
		}
	}
}
