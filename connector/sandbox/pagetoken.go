package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"net/url"
	"strconv"
	"strings"
)

// pageToken returns the token of the page that begins after a key ("next") or
// ends before it ("prev"). As in Gorgias it is the base64 of a JSON array: the
// direction, the value that the list is sorted by, and the id. Its validity is
// encoded as white space, which a JSON parser ignores: the time at which it was
// issued, if page tokens expire, and a checksum, so that another list, order or
// filter rejects it.
func (q *query) pageToken(direction string, k sortKey) string {
	b := append([]byte(`["`), direction...)
	b = append(b, `", `...)
	b = k.appendValue(b, q.order)
	b = strconv.AppendInt(append(b, ", "...), k.id, 10)
	if q.tokenLifetime > 0 {
		b = append(b, encodeBlanks(uint32(q.now/second))...)
	}
	b = append(append(b, q.tokenChecksum()...), ']')
	return base64.StdEncoding.EncodeToString(b)
}

// appendValue appends the value that the list is sorted by, as JSON.
func (k sortKey) appendValue(b []byte, order string) []byte {
	switch sortTypeOf(order) {
	case sortByText:
		return append(b, k.s...)
	case sortByNumber:
		return strconv.AppendInt(b, k.n, 10)
	case sortByNumberAndText:
		b = strconv.AppendInt(append(b, '['), k.n, 10)
		return append(append(append(b, ", "...), k.s...), ']')
	}
	if k.n == 0 {
		return append(b, "null"...)
	}
	return append(timestamp(k.n).appendTo(append(b, '"'), false), '"')
}

// tokenChecksum returns a checksum of the list, the order and the filters.
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

const blanks = " \t\n\r" // each stands for two bits

func encodeBlanks(n uint32) string {
	var b [16]byte
	for i := range b {
		b[i] = blanks[n>>(2*i)&3]
	}
	return string(b[:])
}

func decodeBlanks(s string) (n uint32) {
	for i, c := range s {
		n |= uint32(max(0, strings.IndexRune(blanks, c))) << (2 * i)
	}
	return n
}

// tokenExpired reports whether a page token has expired; text is its JSON up to
// the checksum.
func (q *query) tokenExpired(text string) bool {
	if q.tokenLifetime == 0 {
		return false
	}
	issued := timestamp(decodeBlanks(text[max(0, len(text)-16):])) * second
	return issued+q.tokenLifetime < q.now
}

// applyToken makes the query request the page of a token; false if the token is
// not valid for this list, order and filters.
func (q *query) applyToken(token string) bool {
	b, err := base64.StdEncoding.DecodeString(token)
	text, ok := strings.CutSuffix(string(b), q.tokenChecksum()+"]")
	if err != nil || !ok || q.tokenExpired(text) {
		return false
	}
	var parts []json.RawMessage
	if json.Unmarshal(b, &parts) != nil || len(parts) != 3 {
		return false
	}
	var direction string
	var k sortKey
	if json.Unmarshal(parts[0], &direction) != nil || json.Unmarshal(parts[2], &k.id) != nil || !k.parseValue(parts[1], q.order) {
		return false
	}
	q.after, q.back = &k, direction == "prev"
	return q.back || direction == "next"
}

// parseValue reads what appendValue writes.
func (k *sortKey) parseValue(value json.RawMessage, order string) bool {
	switch sortTypeOf(order) {
	case sortByText:
		k.s = string(value)
		return true
	case sortByNumber:
		return json.Unmarshal(value, &k.n) == nil
	case sortByNumberAndText:
		var both []json.RawMessage
		if json.Unmarshal(value, &both) != nil || len(both) != 2 || json.Unmarshal(both[0], &k.n) != nil {
			return false
		}
		k.s = string(both[1])
		return true
	}
	var text *string
	if json.Unmarshal(value, &text) != nil {
		return false
	}
	if text == nil {
		return true
	}
	t, ok := parseTimestamp(*text)
	k.n = int64(t)
	return ok
}
