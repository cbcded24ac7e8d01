package conform

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// convert appends what a scalar certainly stands for in one of the types of n,
// and reports whether it stands for any. A spelling is what a string says, or
// a number or a boolean as it is written; which of them it was does not
// matter, since values that n accepts do not come here.
func (n *node) convert(dst, spelling []byte) ([]byte, bool) {
	if spelling == nil {
		return dst, false // an object or a list
	}
	for _, to := range n.order {
		switch to {
		case text:
			return append(append(append(dst, '"'), spelling...), '"'), true
		case boolean:
			if s := string(spelling); s == "true" || s == "false" {
				return append(dst, spelling...), true
			}
		case number:
			if isNumber(spelling) {
				return append(dst, spelling...), true
			}
		case integer:
			if !isNumber(spelling) {
				continue
			}
			if with, ok := appendWhole(dst, spelling); ok && n.within(with[len(dst):]) {
				return with, true
			}
		}
	}
	return dst, false
}

// isNumber reports whether s is a number as JSON spells it.
func isNumber(s []byte) bool {
	digit := func(c byte) bool { return '0' <= c && c <= '9' }
	return len(s) > 0 && (s[0] == '-' || digit(s[0])) && digit(s[len(s)-1]) && jsontext.Value(s).IsValid()
}

// whole reports whether a number has neither a fraction nor an exponent.
func whole(num []byte) bool {
	for _, c := range num {
		if c != '-' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// within reports whether an integer keeps the bounds of n.
func (n *node) within(num []byte) bool {
	if !n.bounded {
		return true
	}
	i, err := strconv.ParseInt(string(num), 10, 64)
	return err == nil && n.min <= i && i <= n.max
}

// maxDigits is how long an integer may become when its exponent is resolved:
// six bytes like 1e9999 must not grow into kilobytes.
const maxDigits = 64

// appendWhole appends the integer that a JSON number stands for, like 12 for
// 12.0 and 1.2e1, and reports whether it is one.
func appendWhole(dst, num []byte) ([]byte, bool) {
	start := len(dst)
	if num[0] == '-' {
		dst, num = append(dst, '-'), num[1:]
	}
	scale := 0 // the value is the digits times ten to the power of scale
	if e := bytes.IndexAny(num, "eE"); e >= 0 {
		exponent, _ := strconv.ParseInt(string(num[e+1:]), 10, 32) // what is too large stays large
		num, scale = num[:e], int(exponent)
	}
	before, after, _ := bytes.Cut(num, []byte{'.'})
	digits := bytes.TrimLeft(bytes.Join([][]byte{before, after}, nil), "0")
	scale -= len(after)
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
