package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
)

// A record is a row of one of the smaller resources: its fields in the order of
// the API, with their raw values.
type record struct {
	id     int64
	fields []field
}

type field struct{ name, raw string }

// get returns the raw value of a field; "" if the record does not have it.
func (r record) get(name string) string {
	for _, f := range r.fields {
		if f.name == name {
			return f.raw
		}
	}
	return ""
}

// with returns a copy of the record with another value of a field, if the
// record has the field.
func (r record) with(name, raw string) record {
	r.fields = slices.Clone(r.fields)
	for i := range r.fields {
		if r.fields[i].name == name {
			r.fields[i].raw = raw
		}
	}
	return r
}

func (r record) sortKey(order string) sortKey {
	k := sortKey{id: r.id}
	switch sortTypeOf(order) {
	case sortByTime:
		var text string
		if json.Unmarshal([]byte(r.get(order)), &text) == nil && text != "" {
			t, _ := parseTimestamp(text) // valid: the sandbox wrote it
			k.n = int64(t)
		}
	case sortByText:
		k.s = r.get(order)
		if order == "role.name" {
			k.s = strings.TrimSuffix(strings.TrimPrefix(r.get("role"), `{"name":`), "}")
		}
	case sortByNumber:
		k.n = r.number(order)
	case sortByNumberAndText:
		k.n, k.s = r.number("usage"), r.get("name")
	}
	return k
}

// number returns a field as a number; 0 if it is none.
func (r record) number(name string) int64 {
	if name == "relevance" { // how Gorgias computes it is not known
		name = "usage"
	}
	var n int64
	_ = json.Unmarshal([]byte(r.get(name)), &n)
	return n
}

func (r *record) write(j *jsonWriter) {
	j.open("", '{')
	for _, f := range r.fields {
		j.raw(f.name, f.raw)
	}
	j.close('}')
}

func writeRecord(j *jsonWriter, r *record) { r.write(j) }
