package verify

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-gorgias/connector/conform"
)

// A kind is how the values of a column are compared.
type kind uint8

const (
	textKind kind = iota
	numberKind
	booleanKind
	timestampKind
	jsonKind
)

// kinds returns the columns that a JSON schema declares.
func kinds(schema []byte) map[string]kind {
	all := map[string]kind{}
	for name, property := range conform.Properties(schema) {
		var p struct {
			Type   json.RawMessage `json:"type"`
			Format string          `json:"format"`
		}
		_ = json.Unmarshal(property, &p) // the schema is ours
		is := func(types ...string) bool {
			return slices.ContainsFunc(types, func(t string) bool { return bytes.Contains(p.Type, []byte(`"`+t+`"`)) })
		}
		switch {
		case p.Format == "date-time":
			all[name] = timestampKind
		case is("object", "array") || !is("string", "number", "integer", "boolean"):
			all[name] = jsonKind
		case is("string"):
			all[name] = textKind
		case is("number", "integer"):
			all[name] = numberKind
		default:
			all[name] = booleanKind
		}
	}
	return all
}

// A value is what a cell means: equal values have equal texts. Null has an empty one,
// like an empty string: CSV does not tell them apart.
type value string

// canonical returns what a cell means in a column. ok is false if it is a text that a
// column of this kind cannot have; the value is then that text.
func (k kind) canonical(c Cell) (v value, ok bool) {
	if c.Null || c.Text == "" {
		return "", true
	}
	switch k {
	case numberKind:
		return canonicalNumber(c.Text)
	case booleanKind:
		switch strings.ToLower(c.Text) {
		case "true", "t", "1", "yes":
			return "true", true
		case "false", "f", "0", "no":
			return "false", true
		}
		return value(c.Text), false
	case timestampKind:
		if t, ok := conform.ParseTimestamp(c.Text); ok {
			return value(strconv.FormatInt(t.UnixMicro(), 10)), true
		}
		return value(c.Text), false
	case jsonKind:
		return canonicalJSON(c.Text), true
	}
	return value(strings.ReplaceAll(c.Text, "\r\n", "\n")), true // CSV loses the difference
}

// canonicalNumber spells a number in one way: integers with all digits, others with the
// 15 digits that a double keeps.
func canonicalNumber(text string) (value, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return value(strconv.FormatInt(n, 10)), true // of -0 too
	}
	if n, ok := conform.Integer([]byte(text)); ok {
		return value(n), true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && math.IsInf(f, 0) || math.IsNaN(f) {
		return value(text), true // a number beyond what a double holds
	}
	if err != nil {
		return value(text), false
	}
	return value(strconv.FormatFloat(f, 'g', 15, 64)), true
}

// canonicalJSON spells a JSON value in one way: members sorted, no white space. A text
// that is no JSON is a string.
func canonicalJSON(text string) value {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		v = text
	} else if _, err := d.Token(); err != io.EOF {
		v = text
	}
	if v == nil {
		return "" // JSON null is null
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(spellNumbers(v)) // of decoded JSON
	return value(b.String())
}

// spellNumbers spells all numbers of a decoded JSON value in one way.
func spellNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		n, _ := canonicalNumber(v.String())
		return json.Number(n)
	case []any:
		for i := range v {
			v[i] = spellNumbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = spellNumbers(v[name])
		}
	}
	return v
}

// equal reports whether a row has the value of the account. A timestamp may have lost
// the fraction of its second, or what is finer than a millisecond: warehouses keep less.
func (k kind) equal(row, account value) bool {
	if row == account || k != timestampKind {
		return row == account
	}
	r, err1 := strconv.ParseInt(string(row), 10, 64)
	a, err2 := strconv.ParseInt(string(account), 10, 64)
	if err1 != nil || err2 != nil {
		return false
	}
	precision := int64(1)
	for _, p := range []time.Duration{time.Millisecond, time.Second} {
		if r%p.Microseconds() == 0 { //rule:timestamps-may-lose-their-fraction
			precision = p.Microseconds()
		}
	}
	return r-a < precision && a-r < precision
}

// hash returns a part of the version of a record: its versions have the same sum if
// all values are the same. Of a timestamp it has the second.
func (k kind) hash(column string, v value) uint64 {
	if v == "" {
		return 0
	}
	if k == timestampKind {
		if micros, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			v = value(strconv.FormatInt(time.UnixMicro(micros).Unix(), 10))
		}
	}
	h := fnv.New64a()
	_, _ = io.WriteString(h, column)
	_, _ = h.Write([]byte{0})
	_, _ = io.WriteString(h, string(v))
	return scatter(h.Sum64())
}

// scatter is a permutation of 64-bit numbers without a pattern: the finalizer of
// SplitMix64.
func scatter(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
