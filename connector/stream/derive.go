package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"source-gorgias/connector/conform"

	"github.com/go-json-experiment/json/jsontext"
)

// PrependFields puts fields, as JSON without braces, in front of those of an
// object.
func PrependFields(object, fields []byte) json.RawMessage {
	body := bytes.TrimLeft(object[1:], " \t\r\n")
	out := make([]byte, 0, len(object)+len(fields)+2)
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

// Elements calls make with each object that a field of raw contains, as an
// element of a list or as a value of an object, and returns the results. A
// field of another type has none; conform reports it when it conforms raw.
func Elements(raw []byte, field string, make func(i int, element []byte) json.RawMessage) []json.RawMessage {
	value := Field(raw, field)
	if len(value) == 0 || value[0] != '[' && value[0] != '{' {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	open, err := d.ReadToken()
	if err != nil {
		return nil
	}
	var out []json.RawMessage
	for i := 0; ; i++ {
		if open.Kind() == '{' && d.PeekKind() != '}' {
			err = d.SkipValue() // the name
		}
		if k := d.PeekKind(); err != nil || k == '}' || k == ']' || k == jsontext.KindInvalid {
			return out
		}
		element, err := d.ReadValue()
		if err != nil {
			return out
		}
		if element.Kind() == '{' {
			out = append(out, make(i, element))
		}
	}
}
