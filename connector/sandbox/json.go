package sandbox

import (
	"encoding/json"
	"strconv"
	"strings"
)

// A jsonWriter appends JSON from left to right and inserts the commas. Strings
// are passed to it raw, as JSON, because a Go string cannot hold everything
// that a JSON string can, such as a lone surrogate.
type jsonWriter struct{ b []byte }

// comma appends a comma, unless an object, a list or a value begins here.
func (j *jsonWriter) comma() {
	if n := len(j.b); n > 0 {
		switch j.b[n-1] {
		case '{', '[', ':':
		default:
			j.b = append(j.b, ',')
		}
	}
}

// memberName writes the name of a member, whose value follows.
func (j *jsonWriter) memberName(name string) {
	j.comma()
	j.b = append(append(append(j.b, '"'), name...), '"', ':')
}

// raw writes a member whose value is JSON; "" stands for null.
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

// ref writes the id of another object; 0 is null.
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

// text writes a string that is the concatenation of its parts: strings, which
// need no escaping, and int64 ids.
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

// open begins an object or a list: a member if it has a name, else an element.
func (j *jsonWriter) open(name string, brace byte) {
	if name != "" {
		j.memberName(name)
	} else {
		j.comma()
	}
	j.b = append(j.b, brace)
}

// close ends an object or a list.
func (j *jsonWriter) close(brace byte) { j.b = append(j.b, brace) }

// quote returns s as a JSON string.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the API writes < and & as they are
	_ = e.Encode(s)        // a string always has a JSON form
	return strings.TrimSuffix(b.String(), "\n")
}

// number returns v as JSON.
func number(v int64) string { return strconv.FormatInt(v, 10) }

// idOrNull returns an id as JSON, null for 0.
func idOrNull(id int64) string {
	if id == 0 {
		return "null"
	}
	return number(id)
}

// boolean returns v as JSON.
func boolean(v bool) string { return strconv.FormatBool(v) }

// datetime returns t as JSON, null for 0.
func datetime(t timestamp) string {
	if t == 0 {
		return "null"
	}
	return string(append(t.appendTo([]byte{'"'}, true), '"'))
}

// jsonArray joins raw values to a list.
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
