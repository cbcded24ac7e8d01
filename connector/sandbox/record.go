package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
)

// A record is a row of one of the smaller resources: its fields in the order
// the API sends them, each with its raw value.
type record struct {
	id     int64
	fields []field
}

type field struct{ name, raw string }

// get returns a field's raw value; "" if the record lacks the field.
func (r record) get(name string) string {
	for _, f := range r.fields {
		if f.name == name {
			return f.raw
		}
	}
	return ""
}

// with returns a copy of the record with a field's value replaced; fields it
// does not have are not added.
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
			at, _ := parseTimestamp(text) // of our own making
			k.n = int64(at)
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

func (r record) number(name string) int64 {
	if name == "relevance" { // nothing is known of how relevance is told
		name = "usage"
	}
	var n int64
	_ = json.Unmarshal([]byte(r.get(name)), &n) // not a number: 0
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
