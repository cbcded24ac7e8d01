package stream

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
	"strconv"

	"source-gorgias/connector/conform"

	"github.com/go-json-experiment/json/jsontext"
)

// PrependFields puts fields, as JSON without braces, in front of those of an
// object. They count even if the object has fields of their names.
func PrependFields(object, fields []byte) json.RawMessage {
	body := bytes.TrimLeft(object[1:], " \t\r\n")
	out := make([]byte, 0, len(object)+len(fields)+2)
	var quoted [64]byte
	for name := range conform.Members(object) {
		if bytes.Contains(fields, strconv.AppendQuote(quoted[:0], name)) { //rule:own-fields-count
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

// An Element is an object that a list or another object contains.
type Element struct {
	Index int
	Name  string // its name in the object; "" in a list
	Raw   []byte
}

// A Copied field of a record becomes a field of each element.
type Copied struct{ Field, As string }

// Elements calls make with each object that a field of raw contains, as an
// element of a list or as a value of an object, and returns the results; of
// repeated names, the last. make also gets, as JSON without braces, the copied fields
// of raw; one that raw lacks is null. Other elements but null are among the results as
// they are: they have no key. A field of another type has no elements; conform reports
// it when it conforms raw.
func Elements(raw []byte, field string, copied []Copied, make func(e Element, fields []byte) json.RawMessage) []json.RawMessage {
	names, values := [8]string{field}, [8][]byte{}
	for i, c := range copied {
		names[1+i] = c.Field
	}
	conform.Fields(raw, names[:1+len(copied)], values[:1+len(copied)])
	value := values[0]
	if len(value) == 0 || value[0] != '[' && value[0] != '{' {
		return nil
	}
	var out []json.RawMessage
	var fields []byte
	places := map[string]int{} // of names in out
	for e := range elements(value) {
		if fields == nil {
			fields = copyFields(copied, values[1:])
		}
		if value[0] == '{' {
			if at, repeated := places[e.Name]; repeated {
				out[at] = nil
			}
			places[e.Name] = len(out)
		}
		switch e.Raw[0] {
		case '{':
			out = append(out, make(e, fields))
		case 'n':
			out = append(out, nil)
		default:
			out = append(out, slices.Clone(e.Raw))
		}
	}
	return slices.DeleteFunc(out, func(raw json.RawMessage) bool { return raw == nil })
}

// copyFields returns values as JSON without braces.
func copyFields(copied []Copied, values [][]byte) (fields []byte) {
	for i, c := range copied {
		value := values[i]
		if value == nil {
			value = []byte("null")
		}
		if i > 0 {
			fields = append(fields, ',')
		}
		fields = append(append(strconv.AppendQuote(fields, c.As), ':'), value...)
	}
	return fields[:len(fields):len(fields)]
}

// elements yields what a list or an object contains.
func elements(value []byte) iter.Seq[Element] {
	return func(yield func(Element) bool) {
		if value[0] == '[' {
			i := 0
			for raw := range conform.Elements(value) {
				if !yield(Element{Index: i, Raw: raw}) {
					return
				}
				i++
			}
			return
		}
		for name, raw := range conform.Members(value) {
			if !yield(Element{Name: name, Raw: raw}) {
				return
			}
		}
	}
}
