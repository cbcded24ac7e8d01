package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A query is what a request asks of a list.
type query struct {
	url.Values
	path  string // of the resource: tickets, phone/voice-calls
	order string // the field sorted by
	desc  bool
	limit int
	after *key // rows strictly after this one …
	back  bool // … or before it

	now    instant
	expire instant // how long cursors are good for; 0 = for ever
}

// order_by, as the list's entry spells it, is the field and the direction.
func splitOrder(orderBy string) (field string, desc bool) {
	desc = strings.HasSuffix(orderBy, "desc")
	field = strings.ReplaceAll(strings.ReplaceAll(orderBy, ":asc", ""), ":desc", "")
	return field, desc
}

// A cut is one page of a list: its rows' keys, a pen for each, and whether
// there are more in the direction asked for.
type cut struct {
	keys  []key
	write func(j *jot, i int)
	more  bool
}

// A shelf cuts pages out of the rows a request's filters leave.
type shelf func(order string, desc bool, after *key, n int) cut

// browse is a shelf over a table. A nil keep keeps all. Rows created outside
// the window are not looked at.
func browse[R row](t *table[R], in window, keep func(*R) bool, write func(*jot, *R)) shelf {
	return func(order string, desc bool, after *key, n int) cut {
		if edge := in.edge(desc); order == "created_datetime" && edge != nil {
			if after == nil || edge.compare(*after) > 0 != desc {
				after = edge
			}
		}
		var rows []R
		var keys []key
		more := false
		for k, r := range t.walk(order, desc, after) {
			if order == "created_datetime" && in.passed(k.n, desc) {
				break
			}
			if keep != nil && !keep(&r) {
				continue
			}
			if len(rows) == n {
				more = true
				break
			}
			rows, keys = append(rows, r), append(keys, k)
		}
		return cut{keys, func(j *jot, i int) { write(j, &rows[i]) }, more}
	}
}

// choose is a shelf over a few rows that are known by id. Those that lists do
// not show are left out.
func choose[R row](t *table[R], ids []int64, keep func(*R) bool, write func(*jot, *R)) shelf {
	return func(order string, desc bool, after *key, n int) cut {
		var keys []key
		for _, id := range ids {
			r, ok := t.see(id)
			if !ok || keep != nil && !keep(&r) {
				continue
			}
			k := r.key(order)
			if after == nil || k.compare(*after) != 0 && k.compare(*after) < 0 == desc {
				keys = append(keys, k)
			}
		}
		slices.SortFunc(keys, key.compare)
		keys = slices.Compact(keys) // an id asked for twice
		if desc {
			slices.Reverse(keys)
		}
		more := len(keys) > n
		keys = keys[:min(n, len(keys))]
		return cut{keys, func(j *jot, i int) {
			r, _ := t.see(keys[i].id)
			write(j, &r)
		}, more}
	}
}

// A window is a stretch of time, its ends included; 0 leaves an end open.
type window struct{ from, to int64 }

// edge is the key just outside the window where a walk in it begins; nil if
// that end is open.
func (w window) edge(desc bool) *key {
	switch {
	case desc && w.to != 0:
		return &key{n: w.to + 1}
	case !desc && w.from != 0:
		return &key{n: w.from}
	}
	return nil
}

func (w window) passed(n int64, desc bool) bool {
	return desc && n < w.from || !desc && w.to != 0 && n > w.to
}

// A page is a cut and what its envelope says of its neighbours.
type page struct {
	cut
	prev, next string // cursors; "" = null
}

func (s shelf) page(q *query) page {
	c := s(q.order, q.desc != q.back, q.after, q.limit)
	n := len(c.keys)
	if q.back { // read away from the key, shown in the list's own order
		away := c.write
		c.keys = slices.Clone(c.keys)
		slices.Reverse(c.keys)
		c.write = func(j *jot, i int) { away(j, n-1-i) }
	}
	p := page{cut: c}
	if n == 0 {
		return p
	}
	if c.more || q.back {
		p.next = q.cursor("next", c.keys[n-1])
	}
	if q.after != nil && (c.more || !q.back) {
		p.prev = q.cursor("prev", c.keys[0])
	}
	return p
}

// A cursor is base64 of a JSON array: the direction, the value sorted by of
// the page's last row, and the row's id. It is read with the parameters it was
// made with, or refused: they seal it, in blanks that a JSON reader skips. So
// do, if cursors expire, the seconds at which it was given out.
func (q *query) cursor(direction string, k key) string {
	b := append([]byte(`["`), direction...)
	b = append(b, `", `...)
	switch sortedBy(q.order) {
	case byTime:
		if k.n == 0 {
			b = append(b, "null"...)
		} else {
			b = append(instant(k.n).append(append(b, '"'), false), '"')
		}
	case byText:
		b = append(b, k.s...)
	case byNumber:
		b = strconv.AppendInt(b, k.n, 10)
	case byBoth:
		b = strconv.AppendInt(append(b, '['), k.n, 10)
		b = append(append(append(b, ", "...), k.s...), ']')
	}
	b = strconv.AppendInt(append(b, ", "...), k.id, 10)
	if q.expire > 0 {
		b = append(b, blanks(uint32(q.now/second))...)
	}
	b = append(append(b, q.seal()...), ']')
	return base64.StdEncoding.EncodeToString(b)
}

// seal is a digest of what a cursor belongs to, spelled in blanks.
func (q *query) seal() string {
	h := fnv.New32a()
	h.Write([]byte(q.path + " " + q.order + " " + strconv.FormatBool(q.desc)))
	v := url.Values{}
	for name, values := range q.Values {
		if name != "cursor" && name != "limit" && name != "order_by" {
			v[name] = values
		}
	}
	h.Write([]byte(v.Encode()))
	return blanks(h.Sum32() & 0xffff)[:8]
}

// white are the blanks that spell two bits each.
const white = " \t\n\r"

func blanks(n uint32) string {
	var b [16]byte
	for i := range b {
		b[i] = white[n>>(2*i)&3]
	}
	return string(b[:])
}

// expired reports whether a cursor, its seal taken off, is too old.
func (q *query) expired(cursor string) bool {
	if q.expire == 0 {
		return false
	}
	var at uint32
	for i, c := range cursor[max(0, len(cursor)-16):] {
		at |= uint32(max(0, strings.IndexRune(white, c))) << (2 * i)
	}
	return instant(at)*second+q.expire < q.now
}

// resume reads a cursor into the query; false if it is not one of this list,
// order and filters.
func (q *query) resume(cursor string) bool {
	b, err := base64.StdEncoding.DecodeString(cursor)
	rest, sealed := strings.CutSuffix(string(b), q.seal()+"]")
	if err != nil || !sealed || q.expired(rest) {
		return false
	}
	var parts []json.RawMessage
	if json.Unmarshal(b, &parts) != nil || len(parts) != 3 {
		return false
	}
	var direction string
	var k key
	if json.Unmarshal(parts[0], &direction) != nil || json.Unmarshal(parts[2], &k.id) != nil {
		return false
	}
	value := parts[1]
	ok := true
	switch sortedBy(q.order) {
	case byTime:
		var text *string
		ok = json.Unmarshal(value, &text) == nil
		if ok && text != nil {
			var at instant
			at, ok = parseInstant(*text)
			k.n = int64(at)
		}
	case byText:
		k.s = string(value)
	case byNumber:
		ok = json.Unmarshal(value, &k.n) == nil
	case byBoth:
		var both []json.RawMessage
		ok = json.Unmarshal(value, &both) == nil && len(both) == 2 && json.Unmarshal(both[0], &k.n) == nil
		if ok {
			k.s = string(both[1])
		}
	}
	q.after, q.back = &k, direction == "prev"
	return ok && (q.back || direction == "next")
}

// A sorting is what an order compares.
type sorting int

const (
	byTime sorting = iota
	byText
	byNumber
	byBoth // a number, then a text
)

func sortedBy(order string) sorting {
	switch order {
	case "name", "email", "role.name", "language":
		return byText
	case "id", "usage", "relevance", "priority", "order":
		return byNumber
	case "usage,name":
		return byBoth
	}
	return byTime
}

// envelope writes the page as the API wraps it. There are two generations,
// with other keys in another order.
func (p page) envelope(j *jot, uri string, modern bool) {
	j.open("", '{')
	if modern {
		j.raw("object", `"list"`)
		j.raw("uri", quote(uri))
	}
	j.open("data", '[')
	p.rows(j)
	j.close(']')
	if !modern {
		j.raw("object", `"list"`)
		j.raw("uri", quote(uri))
	}
	j.open("meta", '{')
	j.raw("prev_cursor", quoteOrNull(p.prev))
	j.raw("next_cursor", quoteOrNull(p.next))
	if modern {
		j.raw("total_resources", "")
	}
	j.close('}')
	j.close('}')
}

func (c cut) rows(j *jot) {
	for i := range c.keys {
		c.write(j, i)
	}
}

func quoteOrNull(s string) string {
	if s == "" {
		return ""
	}
	return quote(s)
}
