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
	after *sortKey // rows strictly after this one …
	back  bool     // … or before it

	now           timestamp
	tokenLifetime timestamp // how long cursors are good for; 0 = for ever
}

// order_by, as the list's entry spells it, is the field and the direction.
func splitOrder(orderBy string) (field string, desc bool) {
	desc = strings.HasSuffix(orderBy, "desc")
	field = strings.ReplaceAll(strings.ReplaceAll(orderBy, ":asc", ""), ":desc", "")
	return field, desc
}

// A cut is one page of a list: its rows' keys, a pen for each, and whether
// there are more in the direction asked for.
type rowPage struct {
	keys  []sortKey
	write func(j *jsonWriter, i int)
	more  bool
}

// A shelf cuts pages out of the rows a request's filters leave.
type listSource func(order string, desc bool, after *sortKey, n int) rowPage

// browse is a shelf over a table. A nil keep keeps all. Rows created outside
// the window are not looked at.
func tableSource[R row](t *table[R], in timeRange, keep func(*R) bool, write func(*jsonWriter, *R)) listSource {
	return func(order string, desc bool, after *sortKey, n int) rowPage {
		if edge := in.startKey(desc); order == "created_datetime" && edge != nil {
			if after == nil || edge.compare(*after) > 0 != desc {
				after = edge
			}
		}
		var rows []R
		var keys []sortKey
		more := false
		for k, r := range t.rows(order, desc, after) {
			if order == "created_datetime" && in.isPast(k.n, desc) {
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
		return rowPage{keys, func(j *jsonWriter, i int) { write(j, &rows[i]) }, more}
	}
}

// choose is a shelf over a few rows that are known by id. Those that lists do
// not show are left out.
func idSource[R row](t *table[R], ids []int64, keep func(*R) bool, write func(*jsonWriter, *R)) listSource {
	return func(order string, desc bool, after *sortKey, n int) rowPage {
		var keys []sortKey
		for _, id := range ids {
			r, ok := t.getListed(id)
			if !ok || keep != nil && !keep(&r) {
				continue
			}
			k := r.sortKey(order)
			if after == nil || k.compare(*after) != 0 && k.compare(*after) < 0 == desc {
				keys = append(keys, k)
			}
		}
		slices.SortFunc(keys, sortKey.compare)
		keys = slices.Compact(keys) // an id asked for twice
		if desc {
			slices.Reverse(keys)
		}
		more := len(keys) > n
		keys = keys[:min(n, len(keys))]
		return rowPage{keys, func(j *jsonWriter, i int) {
			r, _ := t.getListed(keys[i].id)
			write(j, &r)
		}, more}
	}
}

// A window is a stretch of time, its ends included; 0 leaves an end open.
type timeRange struct{ from, to int64 }

// edge is the key just outside the window where a walk in it begins; nil if
// that end is open.
func (w timeRange) startKey(desc bool) *sortKey {
	switch {
	case desc && w.to != 0:
		return &sortKey{n: w.to + 1}
	case !desc && w.from != 0:
		return &sortKey{n: w.from}
	}
	return nil
}

func (w timeRange) isPast(n int64, desc bool) bool {
	return desc && n < w.from || !desc && w.to != 0 && n > w.to
}

// A page is a cut and what its envelope says of its neighbours.
type page struct {
	rowPage
	prev, next string // cursors; "" = null
}

func (s listSource) page(q *query) page {
	c := s(q.order, q.desc != q.back, q.after, q.limit)
	n := len(c.keys)
	if q.back { // read away from the key, shown in the list's own order
		away := c.write
		c.keys = slices.Clone(c.keys)
		slices.Reverse(c.keys)
		c.write = func(j *jsonWriter, i int) { away(j, n-1-i) }
	}
	p := page{rowPage: c}
	if n == 0 {
		return p
	}
	if c.more || q.back {
		p.next = q.pageToken("next", c.keys[n-1])
	}
	if q.after != nil && (c.more || !q.back) {
		p.prev = q.pageToken("prev", c.keys[0])
	}
	return p
}

// A cursor is base64 of a JSON array: the direction, the value sorted by of
// the page's last row, and the row's id. It is read with the parameters it was
// made with, or refused: they seal it, in blanks that a JSON reader skips. So
// do, if cursors expire, the seconds at which it was given out.
func (q *query) pageToken(direction string, k sortKey) string {
	b := append([]byte(`["`), direction...)
	b = append(b, `", `...)
	switch sortTypeOf(q.order) {
	case sortByTime:
		if k.n == 0 {
			b = append(b, "null"...)
		} else {
			b = append(timestamp(k.n).appendTo(append(b, '"'), false), '"')
		}
	case sortByText:
		b = append(b, k.s...)
	case sortByNumber:
		b = strconv.AppendInt(b, k.n, 10)
	case sortByNumberAndText:
		b = strconv.AppendInt(append(b, '['), k.n, 10)
		b = append(append(append(b, ", "...), k.s...), ']')
	}
	b = strconv.AppendInt(append(b, ", "...), k.id, 10)
	if q.tokenLifetime > 0 {
		b = append(b, encodeBlanks(uint32(q.now/second))...)
	}
	b = append(append(b, q.tokenChecksum()...), ']')
	return base64.StdEncoding.EncodeToString(b)
}

// seal is a digest of what a cursor belongs to, spelled in blanks.
func (q *query) tokenChecksum() string {
	h := fnv.New32a()
	h.Write([]byte(q.path + " " + q.order + " " + strconv.FormatBool(q.desc)))
	v := url.Values{}
	for name, values := range q.Values {
		if name != "cursor" && name != "limit" && name != "order_by" {
			v[name] = values
		}
	}
	h.Write([]byte(v.Encode()))
	return encodeBlanks(h.Sum32() & 0xffff)[:8]
}

// white are the blanks that spell two bits each.
const whitespace = " \t\n\r"

func encodeBlanks(n uint32) string {
	var b [16]byte
	for i := range b {
		b[i] = whitespace[n>>(2*i)&3]
	}
	return string(b[:])
}

// expired reports whether a cursor, its seal taken off, is too old.
func (q *query) tokenExpired(cursor string) bool {
	if q.tokenLifetime == 0 {
		return false
	}
	var at uint32
	for i, c := range cursor[max(0, len(cursor)-16):] {
		at |= uint32(max(0, strings.IndexRune(whitespace, c))) << (2 * i)
	}
	return timestamp(at)*second+q.tokenLifetime < q.now
}

// resume reads a cursor into the query; false if it is not one of this list,
// order and filters.
func (q *query) applyToken(cursor string) bool {
	b, err := base64.StdEncoding.DecodeString(cursor)
	rest, sealed := strings.CutSuffix(string(b), q.tokenChecksum()+"]")
	if err != nil || !sealed || q.tokenExpired(rest) {
		return false
	}
	var parts []json.RawMessage
	if json.Unmarshal(b, &parts) != nil || len(parts) != 3 {
		return false
	}
	var direction string
	var k sortKey
	if json.Unmarshal(parts[0], &direction) != nil || json.Unmarshal(parts[2], &k.id) != nil {
		return false
	}
	value := parts[1]
	ok := true
	switch sortTypeOf(q.order) {
	case sortByTime:
		var text *string
		ok = json.Unmarshal(value, &text) == nil
		if ok && text != nil {
			var at timestamp
			at, ok = parseTimestamp(*text)
			k.n = int64(at)
		}
	case sortByText:
		k.s = string(value)
	case sortByNumber:
		ok = json.Unmarshal(value, &k.n) == nil
	case sortByNumberAndText:
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
type sortType int

const (
	sortByTime sortType = iota
	sortByText
	sortByNumber
	sortByNumberAndText // a number, then a text
)

func sortTypeOf(order string) sortType {
	switch order {
	case "name", "email", "role.name", "language":
		return sortByText
	case "id", "usage", "relevance", "priority", "order":
		return sortByNumber
	case "usage,name":
		return sortByNumberAndText
	}
	return sortByTime
}

// envelope writes the page as the API wraps it. There are two generations,
// with other keys in another order.
func (p page) writeEnvelope(j *jsonWriter, uri string, modern bool) {
	j.open("", '{')
	if modern {
		j.raw("object", `"list"`)
		j.raw("uri", quote(uri))
	}
	j.open("data", '[')
	p.writeRows(j)
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

func (c rowPage) writeRows(j *jsonWriter) {
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
