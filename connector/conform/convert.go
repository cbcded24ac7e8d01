package conform

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// convert appends the value that a scalar certainly stands for in one of the
// types of n, and reports whether there is one. scalar is the content of a
// string, or a number or a boolean as it is spelled. Which of them it was does
// not matter, since values that n accepts are not converted.
func (n *node) convert(dst, scalar []byte) ([]byte, bool) {
	if scalar == nil { //rule:certain-values-are-converted
		return dst, false // an object or an array
	}
	for _, to := range n.conversions {
		switch to {
		case typeString:
			return append(append(append(dst, '"'), scalar...), '"'), true
		case typeBoolean:
			if s := string(scalar); s == "true" || s == "false" {
				return append(dst, scalar...), true
			}
		case typeNumber:
			if isNumber(scalar) && !hasTooManyDigits(scalar) {
				return append(dst, scalar...), true
			}
		case typeInteger:
			if !isNumber(scalar) {
				continue
			}
			if longer, ok := appendInteger(dst, scalar); ok && n.inBounds(longer[len(dst):]) {
				return longer, true
			}
		}
	}
	return dst, false
}

// isNumber reports whether s is a JSON number.
func isNumber(s []byte) bool {
	digit := func(c byte) bool { return '0' <= c && c <= '9' }
	return len(s) > 0 && (s[0] == '-' || digit(s[0])) && digit(s[len(s)-1]) && jsontext.Value(s).IsValid()
}

// Integer returns the integer that a JSON value certainly stands for, like 12 for
// 12.0 and "12", and whether there is one and it fits in 64 bits.
func Integer(value []byte) ([]byte, bool) {
	if len(value) == 0 {
		return nil, false
	}
	if value[0] == '"' {
		value, _ = unquote(value, 0)
	}
	if !isNumber(value) {
		return nil, false
	}
	if !isPlainInteger(value) {
		var ok bool
		if value, ok = appendInteger(nil, value); !ok {
			return nil, false
		}
	}
	if _, err := strconv.ParseInt(string(value), 10, 64); err != nil { //rule:key-fits-in-64-bits
		return nil, false
	}
	return value, true
}

// maxIntegerDigits is the length up to which common JSON readers accept an
// integer: Python's refuses longer ones.
const maxIntegerDigits = 4300

// hasTooManyDigits reports whether a number is an integer that JSON readers
// refuse.
func hasTooManyDigits(num []byte) bool {
	return len(num) > maxIntegerDigits && isPlainInteger(num) && len(bytes.TrimPrefix(num, []byte("-"))) > maxIntegerDigits //rule:long-integers-become-null
}

// isPlainInteger reports whether a number has neither a fraction nor an exponent.
func isPlainInteger(num []byte) bool {
	for _, c := range num {
		if c != '-' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// inBounds reports whether an integer is within the bounds of n.
func (n *node) inBounds(num []byte) bool {
	if !n.bounded {
		return true
	}
	i, err := strconv.ParseInt(string(num), 10, 64)
	return err == nil && n.min <= i && i <= n.max
}

// maxDigits is the length up to which an exponent is expanded: six bytes like
// 1e9999 must not grow into kilobytes.
const maxDigits = 64

// appendInteger appends the integer that a JSON number equals, like 12 for 12.0
// and 1.2e1, and reports whether there is one.
func appendInteger(dst, num []byte) ([]byte, bool) {
	start := len(dst)
	if num[0] == '-' {
		dst, num = append(dst, '-'), num[1:]
	}
	scale := 0 // the value is the digits × 10^scale
	if e := bytes.IndexAny(num, "eE"); e >= 0 {
		exponent, _ := strconv.ParseInt(string(num[e+1:]), 10, 32) // out of range: the largest of 32 bits, which is too large as well
		num, scale = num[:e], int(exponent)
	}
	integer, fraction, _ := bytes.Cut(num, []byte{'.'})
	digits := bytes.TrimLeft(bytes.Join([][]byte{integer, fraction}, nil), "0")
	scale -= len(fraction)
	if len(digits) == 0 {
		return append(dst[:start], '0'), true
	}
	trimmed := bytes.TrimRight(digits, "0")
	scale += len(digits) - len(trimmed)
	if scale < 0 || len(trimmed)+scale > maxDigits {
		return dst[:start], false
	}
	dst = append(dst, trimmed...)
	for range scale {
		dst = append(dst, '0')
	}
	return dst, true
}
