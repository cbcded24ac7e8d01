package sandbox

import (
	"encoding/json"
	"strconv"
	"strings"
)

// A jot writes JSON from left to right. Where a comma is due it sees for
// itself. Texts are kept and handed over raw, as JSON: only so can they hold
// what a Go string cannot, such as a lone surrogate.
type jsonWriter struct{ b []byte }

// comma separates what follows from what stands before.
func (j *jsonWriter) comma() {
	if n := len(j.b); n > 0 {
		switch j.b[n-1] {
		case '{', '[', ':':
		default:
			j.b = append(j.b, ',')
		}
	}
}

func (j *jsonWriter) memberName(name string) {
	j.comma()
	j.b = append(append(append(j.b, '"'), name...), '"', ':')
}

// raw writes a member whose value is JSON already; "" stands for null.
func (j *jsonWriter) raw(name, json string) {
	j.memberName(name)
	if json == "" {
		json = "null"
	}
	j.b = append(j.b, json...)
}

func (j *jsonWriter) int(name string, v int64) {
	j.memberName(name)
	j.b = strconv.AppendInt(j.b, v, 10)
}

// ref writes the id of another thing; 0 is null.
func (j *jsonWriter) ref(name string, id int64) {
	if id == 0 {
		j.raw(name, "")
		return
	}
	j.int(name, id)
}

func (j *jsonWriter) bool(name string, v bool) {
	j.memberName(name)
	j.b = strconv.AppendBool(j.b, v)
}

func (j *jsonWriter) time(name string, t timestamp) {
	if t == 0 {
		j.raw(name, "")
		return
	}
	j.memberName(name)
	j.b = append(t.appendTo(append(j.b, '"'), true), '"')
}

// link writes a path made of words and ids as a text.
func (j *jsonWriter) text(name string, parts ...any) {
	j.memberName(name)
	j.b = append(j.b, '"')
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			j.b = append(j.b, p...)
		case int64:
			j.b = strconv.AppendInt(j.b, p, 10)
		}
	}
	j.b = append(j.b, '"')
}

// open begins an object or a list: as a member if it has a name, else as an
// element.
func (j *jsonWriter) open(name string, brace byte) {
	if name != "" {
		j.memberName(name)
	} else {
		j.comma()
	}
	j.b = append(j.b, brace)
}

func (j *jsonWriter) close(brace byte) { j.b = append(j.b, brace) }

// quote returns s as a JSON text.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the API writes < and & as they are
	_ = e.Encode(s)        // a string always has a JSON form
	return strings.TrimSuffix(b.String(), "\n")
}

// num, yes and when are raw values of the kinds their names say.
func number(v int64) string { return strconv.FormatInt(v, 10) }

// ref is an id, null for 0.
func idOrNull(id int64) string {
	if id == 0 {
		return "null"
	}
	return number(id)
}

func boolean(v bool) string { return strconv.FormatBool(v) }

func datetime(t timestamp) string {
	if t == 0 {
		return "null"
	}
	return string(append(t.appendTo([]byte{'"'}, true), '"'))
}

// list joins raw values to a list.
func jsonArray(raws []string) string {
	b := []byte{'['}
	for i, r := range raws {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, r...)
	}
	return string(append(b, ']'))
}
