package conform

import (
	"bytes"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// Field returns the value of a top-level field as raw spells it, and whether
// there is one. Of repeated fields it returns the last, like [Schema.Append].
// raw must be one JSON object; for anything else the result is undefined.
func Field(raw []byte, name string) (value jsontext.Value, ok bool) {
	for n, v := range members(raw) {
		if string(n) == name {
			value, ok = v, true
		}
	}
	return value, ok
}

// Fields finds several top-level fields in one pass over raw: it sets values[i]
// to the value of names[i] as [Field] returns it, or to nil if there is none.
// names may repeat; values must be as long. Only names that contain escapes
// allocate.
func Fields(raw []byte, names []string, values [][]byte) {
	clear(values)
	for name, value := range members(raw) {
		for i := range names {
			if string(name) == names[i] {
				values[i] = value //rule:last-of-repeated-names-counts
			}
		}
	}
}

// appendLast appends the JSON value that begins at src[i], with the last of
// repeated members only, and returns where it ends. depth is how many objects
// and arrays are around it; what is too deep is copied, since no record keeps it.
func appendLast(dst, src []byte, i, depth int) ([]byte, int) {
	open := src[i]
	if depth >= MaxDepth || open != '{' && open != '[' {
		end := skipValue(src, i)
		return append(dst, src[i:end]...), end
	}
	last := map[string]int{}
	if open == '{' {
		n := 0
		for name := range members(src[i:]) {
			last[string(name)] = n
			n++
		}
	}
	dst = append(dst, open)
	i++
	for n := 0; ; n++ {
		if i = skipSpace(src, i); src[i] == ',' {
			i = skipSpace(src, i+1)
		}
		if src[i] == '}' || src[i] == ']' {
			return append(dst, src[i]), i + 1
		}
		start := i
		if open == '{' {
			var name []byte
			if name, i = readName(src, i); last[string(name)] != n {
				i = skipValue(src, i)
				continue
			}
		}
		dst = append(appendComma(dst), src[start:i]...)
		dst, i = appendLast(dst, src, i, depth+1)
	}
}

// Properties yields the names and schemas of an object's properties, or of the
// properties of the objects in an array. schema must be valid.
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

// Members yields the top-level fields of raw: repaired names, and values as raw
// spells them. raw must be one JSON object, as for [Field].
func Members(raw []byte) iter.Seq2[string, jsontext.Value] {
	return func(yield func(string, jsontext.Value) bool) {
		for name, value := range members(raw) {
			if !yield(string(name), value) {
				return
			}
		}
	}
}

// Elements yields the elements of a list as raw spells them. raw must be one JSON
// array.
func Elements(raw []byte) iter.Seq[jsontext.Value] {
	return func(yield func(jsontext.Value) bool) {
		for i := skipSpace(raw, 0) + 1; ; {
			i = skipSpace(raw, i)
			if i < len(raw) && raw[i] == ',' {
				i = skipSpace(raw, i+1)
			}
			if i >= len(raw) || raw[i] == ']' {
				return
			}
			start := i
			if i = skipValue(raw, i); !yield(raw[start:i]) {
				return
			}
		}
	}
}

// members yields the members of an object: repaired names, and values as b
// spells them. It does not check the grammar, but never reads past the end of b.
func members(b []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		i := skipSpace(b, 0) + 1
		for {
			i = skipSpace(b, i)
			if i < len(b) && b[i] == ',' {
				i = skipSpace(b, i+1)
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

// readName returns the repaired name at b[i], and where its value begins.
func readName(b []byte, i int) (name []byte, value int) {
	name, i = unquote(b, i)
	i = skipSpace(b, i)
	if i < len(b) && b[i] == ':' {
		i = skipSpace(b, i+1)
	}
	return name, i
}

// skipSpace returns where the white space at b[i] ends.
func skipSpace(b []byte, i int) int {
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
			i = skipString(b, i)
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

// skipString returns where the string at b[i] ends: at a quote with an even number of
// backslashes before it. It never looks at other escapes, of which a string may hold a
// million.
func skipString(b []byte, i int) int {
	for i++; i < len(b); {
		quote := bytes.IndexByte(b[i:], '"')
		if quote < 0 {
			break
		}
		slashes := 0
		for slashes < quote && b[i+quote-1-slashes] == '\\' {
			slashes++
		}
		if i += quote + 1; slashes%2 == 0 {
			return i
		}
	}
	return len(b)
}
