package sandbox

import (
	"net/url"
	"slices"
	"strconv"
)

// A query is a request of one page of a list.
type query struct {
	url.Values
	path  string // of the list
	order string // the field that the list is sorted by
	desc  bool
	limit int      // rows on the page
	after *sortKey // the page begins after this key; nil = at the beginning
	back  bool     // the page ends before after instead

	now           timestamp
	tokenLifetime timestamp // of page tokens; 0 = for ever
}

// number returns a parameter that was checked to be a number; 0 if it is
// missing.
func (q *query) number(name string) int64 {
	n, _ := strconv.ParseInt(q.Get(name), 10, 64)
	return n
}

// numbers returns a parameter that was checked to be numbers.
func (q *query) numbers(name string) []int64 {
	var ns []int64
	for _, v := range q.Values[name] {
		n, _ := strconv.ParseInt(v, 10, 64)
		ns = append(ns, n)
	}
	return ns
}

// A rowPage holds the rows of one page: their keys, the function that writes
// the i-th row, and whether there are more rows in the direction of the scan.
type rowPage struct {
	keys  []sortKey
	write func(j *jsonWriter, i int)
	more  bool
}

// writeRows writes all rows.
func (p rowPage) writeRows(j *jsonWriter) {
	for i := range p.keys {
		p.write(j, i)
	}
}

// ends returns the keys of the first and the last row.
func (p rowPage) ends() (first, last sortKey) {
	if n := len(p.keys); n > 0 {
		return p.keys[0], p.keys[n-1]
	}
	return first, last
}

// A listSource returns up to n rows of a filtered list, after a key.
type listSource func(order string, desc bool, after *sortKey, n int) rowPage

// tableSource returns the source of the rows of a table that keep accepts; nil
// accepts all. If the order is that of creation, it skips the rows outside the
// range without reading them.
func tableSource[R row](t *table[R], in timeRange, keep func(*R) bool, write func(*jsonWriter, *R)) listSource {
	return func(order string, desc bool, after *sortKey, n int) rowPage {
		byCreation := order == "created_datetime"
		if start := in.startKey(desc); byCreation && start != nil && (after == nil || start.compare(*after) > 0 != desc) {
			after = start
		}
		var rows []R
		var keys []sortKey
		more := false
		for k, r := range t.rows(order, desc, after) {
			if byCreation && in.isPast(k.n, desc) {
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

// idSource returns the source of the rows that have one of the ids, that lists
// show, and that keep accepts; nil accepts all.
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
		keys = slices.Compact(keys) // an id may have been requested twice
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

// A timeRange is a range of timestamps that includes its ends; an end of 0 is
// open.
type timeRange struct{ from, to int64 }

// startKey returns the key after which a scan of the range begins; nil if that
// end is open.
func (r timeRange) startKey(desc bool) *sortKey {
	switch {
	case desc && r.to != 0:
		return &sortKey{n: r.to + 1}
	case !desc && r.from != 0:
		return &sortKey{n: r.from}
	}
	return nil
}

// isPast reports whether a scan has left the range at timestamp n.
func (r timeRange) isPast(n int64, desc bool) bool {
	return desc && n < r.from || !desc && r.to != 0 && n > r.to
}

// A page is a rowPage with the page tokens of its neighbors.
type page struct {
	rowPage
	prev, next string // "" = null
}

// page returns the page that the query requests.
func (s listSource) page(q *query) page {
	rows := s(q.order, q.desc != q.back, q.after, q.limit)
	n := len(rows.keys)
	if q.back { // scanned away from the key, but shown in the order of the list
		write := rows.write
		rows.keys = slices.Clone(rows.keys)
		slices.Reverse(rows.keys)
		rows.write = func(j *jsonWriter, i int) { write(j, n-1-i) }
	}
	p := page{rowPage: rows}
	if n == 0 {
		return p
	}
	if rows.more || q.back {
		p.next = q.pageToken("next", rows.keys[n-1])
	}
	if q.after != nil && (rows.more || !q.back) {
		p.prev = q.pageToken("prev", rows.keys[0])
	}
	return p
}

// writeEnvelope writes the page in one of the API's two envelopes, which differ
// in their members and in the order of these.
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

// quoteOrNull returns s as a JSON string; "" stands for null, as in raw.
func quoteOrNull(s string) string {
	if s == "" {
		return ""
	}
	return quote(s)
}
