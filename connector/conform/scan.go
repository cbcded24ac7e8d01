package conform

import (
	"bytes"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// Field returns the value of a top-level field as raw spells it, and whether
// there is one. Of repeated fields it is the first, as in [Shape.Append]. raw
// must be one JSON object; of anything else the answer says nothing.
func Field(raw []byte, name string) (jsontext.Value, bool) {
	for n, value := range members(raw) {
		if string(n) == name {
			return value, true
		}
	}
	return nil, false
}

// Fields finds several top-level fields in one pass over raw: values[i] becomes
// the value of the field names[i] as raw spells it, or nil if there is none. It
// agrees with [Field] about every field, reads no further than the last one it
// needs, and does not allocate. names may repeat; values is as long as names.
func Fields(raw []byte, names []string, values [][]byte) {
	clear(values)
	missing := len(names)
	for name, value := range members(raw) {
		for i := range names {
			if values[i] == nil && string(name) == names[i] {
				values[i] = value
				missing--
			}
		}
		if missing == 0 {
			return
		}
	}
}

// Properties yields what a schema declares of an object, or of the objects in a
// list: names and their schemas. schema must be valid.
func Properties(schema []byte) iter.Seq2[string, []byte] {
	return func(yield func(name string, schema []byte) bool) {
		for {
			if properties, ok := Field(schema, "properties"); ok {
				for name, property := range members(properties) {
					if !yield(string(name), property) {
						return
					}
				}
			}
			items, ok := Field(schema, "items")
			if !ok || items[0] != '{' {
				return
			}
			schema = items
		}
	}
}

// Members yields the top-level fields of raw, names mended and values as they
// are spelled. raw must be one JSON object, as for [Field].
func Members(raw []byte) iter.Seq2[string, jsontext.Value] {
	return func(yield func(string, jsontext.Value) bool) {
		for name, value := range members(raw) {
			if !yield(string(name), value) {
				return
			}
		}
	}
}

// members yields the members of an object: what their names say, mended, and
// their values as they are spelled. It checks no grammar, but does not run out
// of b whatever it holds.
func members(b []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		i := skipBlank(b, 0) + 1
		for {
			i = skipBlank(b, i)
			if i < len(b) && b[i] == ',' {
				i = skipBlank(b, i+1)
			}
			if i >= len(b) || b[i] != '"' {
				return
			}
			name, start := readName(b, i)
			i = skipValue(b, start)
			if !yield(name, b[start:i]) {
				return
			}
		}
	}
}

// readName returns what the name at b[i] says, and where its value begins.
func readName(b []byte, i int) (name []byte, value int) {
	name, i = readText(b, i)
	i = skipBlank(b, i)
	if i < len(b) && b[i] == ':' {
		i = skipBlank(b, i+1)
	}
	return name, i
}

// skipBlank returns where the white space at b[i] ends.
func skipBlank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// skipValue returns where the value at b[i] ends.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipText(b, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\n', '\r', '\t':
			i++
			continue
		default:
			i = skipScalar(b, i)
		}
		if depth <= 0 {
			break
		}
	}
	return i
}

// skipScalar returns where the number or the literal at b[i] ends.
func skipScalar(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ' ', '\n', '\r', '\t':
			return i
		}
		i++
	}
	return i
}

// skipText returns where the string at b[i] ends. It searches for a quote once
// per quote, not once per escape: a string may hold a million escapes.
func skipText(b []byte, i int) int {
	i++
	for i < len(b) {
		quote := bytes.IndexByte(b[i:], '"')
		if quote < 0 {
			break
		}
		for end := i + quote; i <= end; {
			escape := bytes.IndexByte(b[i:end], '\\')
			if escape < 0 {
				return end + 1
			}
			i += escape + 2
		}
	}
	return len(b)
}
