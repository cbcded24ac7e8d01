package conform

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// plain marks the bytes that mean themselves in a JSON string: printable ASCII
// but the quote and the backslash.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// skipPlain returns where the plain bytes at b[i] end. It tests eight at a time,
// because most of a record is long strings: with the table alone, Append takes
// an eighth longer.
func skipPlain(b []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^ones*'"', w^ones*'\\'
		if stop := (w | (quote-ones)&^quote | (slash-ones)&^slash) & tops; stop != 0 {
			return i + bits.TrailingZeros64(stop)/8
		}
	}
	for i < len(b) && plain[b[i]] {
		i++
	}
	return i
}

// appendString appends the JSON string that begins at src[i], repaired, and
// returns where it ends. What needs no repair keeps its spelling.
func appendString(dst, src []byte, i int) ([]byte, int) {
	done := i // src[done:i] is checked, but not yet copied
	for i++; ; {
		i = skipPlain(src, i)
		size, replacement, ok := 0, "", true
		switch c := src[i]; {
		case c == '"':
			return append(dst, src[done:i+1]...), i + 1
		case c == '\\' && src[i+1] != 'u':
			size = 2
		case c == '\\':
			size, replacement, ok = checkEscape(src[i:])
		default:
			size, replacement, ok = checkRune(src[i:])
		}
		if !ok {
			dst = append(append(dst, src[done:i]...), replacement...)
			done = i + size
		}
		i += size
	}
}

// checkEscape returns the length of the \u escape at the start of b, or of a
// surrogate pair of them. If it is not ok, replacement replaces it.
func checkEscape(b []byte) (size int, replacement string, ok bool) {
	switch r := unescape(b); {
	case r == 0:
		return 6, "", false
	case !utf16.IsSurrogate(r):
		return 6, "", true
	case b[6] == '\\' && b[7] == 'u' && utf16.DecodeRune(r, unescape(b[6:])) != utf8.RuneError:
		return 12, "", true
	}
	return 6, "\uFFFD", false
}

// checkRune does the same for the non-ASCII rune at the start of b.
func checkRune(b []byte) (size int, replacement string, ok bool) {
	r, size := utf8.DecodeRune(b)
	switch {
	case r == utf8.RuneError && size == 1:
		return 1, "\uFFFD", false
	case r == 0x85:
		return size, `\u0085`, false
	case r == 0x2028:
		return size, `\u2028`, false
	case r == 0x2029:
		return size, `\u2029`, false
	}
	return size, "", true
}

// unescape returns the UTF-16 unit of the escape \uXXXX at the start of b.
func unescape(b []byte) (r rune) {
	for _, c := range b[2:6] {
		switch {
		case c >= 'a':
			c -= 'a' - 10
		case c >= 'A':
			c -= 'A' - 10
		default:
			c -= '0'
		}
		r = r<<4 | rune(c)
	}
	return r
}

// unquote returns the repaired content of the JSON string that begins at src[i],
// and where the string ends. The content may share memory with src.
func unquote(src []byte, i int) ([]byte, int) {
	end := skipPlain(src, i+1)
	if end < len(src) && src[end] == '"' {
		return src[i+1 : end], end + 1
	}
	end = skipString(src, i)
	text, _ := jsontext.AppendUnquote(nil, src[i:end]) // an error means that U+FFFD replaced something
	return bytes.ReplaceAll(text, []byte{0}, nil), end
}

// appendQuoted appends repaired text as a JSON string in its shortest spelling.
func appendQuoted(dst, text []byte) []byte {
	for _, c := range text {
		if !plain[c] {
			quoted, _ := jsontext.AppendQuote(nil, text) // repaired text has no errors
			dst, _ = appendString(dst, quoted, 0)
			return dst
		}
	}
	return append(append(append(dst, '"'), text...), '"')
}

// appendComma appends the comma that the next member or element needs.
func appendComma(dst []byte) []byte {
	if last := dst[len(dst)-1]; last != '{' && last != '[' {
		dst = append(dst, ',')
	}
	return dst
}

// appendCompact appends a valid JSON value, repaired and without white space.
func appendCompact(dst, value []byte) []byte {
	p := pass{src: value, dst: dst}
	p.maskOrConform(anyValue)
	return p.dst
}
