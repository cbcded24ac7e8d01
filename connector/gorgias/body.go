package gorgias

import "bytes"

// withoutMark returns a body without the byte order marks of UTF-8 that some
// servers and proxies put in front of it.
func withoutMark(body []byte) []byte {
	for bytes.HasPrefix(body, []byte("\xef\xbb\xbf")) { //rule:byte-order-mark-is-skipped
		body = body[3:]
	}
	return body
}

// replaceNonFinite replaces the numbers that JSON does not have, NaN and
// Infinity, and returns how many there were. Some servers write them
// all the same. In strings they stay.
func replaceNonFinite(body []byte, with string) (mended []byte, count int) {
	done := 0
	for i := 0; i < len(body); {
		switch c := body[i]; {
		case c == '"':
			i = skipString(body, i)
		case isWordByte(c):
			start := i
			for i < len(body) && isWordByte(body[i]) {
				i++
			}
			if isNonFinite(body[start:i]) { //rule:nan-becomes-null
				mended = append(append(mended, body[done:start]...), with...)
				done = i
				count++
			}
		default:
			i++
		}
	}
	if count == 0 {
		return body, 0
	}
	return append(mended, body[done:]...), count
}

// isNonFinite reports whether a word outside strings is a number that JSON does
// not have, as any of the common languages spells it.
func isNonFinite(word []byte) bool {
	if word[0] == '-' || word[0] == '+' {
		word = word[1:]
	}
	for _, name := range []string{"NaN", "Infinity", "Inf"} {
		if bytes.EqualFold(word, []byte(name)) {
			return true
		}
	}
	return false
}

func isWordByte(c byte) bool {
	return c == '-' || c == '+' || c == '.' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// skipString returns where the string at b[i] ends.
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}
