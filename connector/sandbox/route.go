package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A request is one that has passed the door: its path below /api/ without
// slashes at its ends, and the ids in it.
type request struct {
	path, uri string
	ids       []int64
	values    url.Values
	body      []byte
	bare      bool
	now       instant
	doubts    Quirks
}

// An answer is what goes back.
type answer struct {
	status   int
	location string
	body     []byte
}

func failure(status int, msg string) answer {
	return answer{status: status, body: []byte(`{"error":{"msg":` + quote(msg) + `}}`)}
}

func notFound() answer { return failure(http.StatusNotFound, "Resource not found.") }

// A refusal is a 400: the parameter and what is wrong with it.
type refusal struct{ param, reason string }

func refuse(param, reason string) *refusal { return &refusal{param, reason} }

func (r *refusal) answer() answer {
	return answer{status: http.StatusBadRequest, body: []byte(`{"error":{"msg":"Bad request.","data":{` + quote(r.param) + `:[` + quote(r.reason) + `]}}}`)}
}

// A check tells what is wrong with the values of a parameter; "" = nothing.
type check func(values []string) string

func one(ok func(string) string) check {
	return func(values []string) string {
		if len(values) != 1 {
			return "Not a single value."
		}
		return ok(values[0])
	}
}

func many(most int, ok func(string) string) check {
	return func(values []string) string {
		if len(values) > most {
			return fmt.Sprintf("Longer than %d.", most)
		}
		for _, v := range values {
			if reason := ok(v); reason != "" {
				return reason
			}
		}
		return ""
	}
}

func isNumber(v string) string {
	if n, err := strconv.ParseInt(v, 10, 64); err != nil || n < 1 {
		return "Not a valid integer."
	}
	return ""
}

func isText(v string) string {
	if v == "" {
		return "Shorter than minimum length 1."
	}
	return ""
}

func isMoment(v string) string {
	if _, ok := parseInstant(v); !ok {
		return "Not a valid datetime."
	}
	return ""
}

var (
	number  = one(isNumber)
	anyText = one(isText)
	moment  = one(isMoment)
	flag    = oneOf("true", "false")
)

func oneOf(allowed ...string) check {
	return one(func(v string) string {
		if slices.Contains(allowed, v) {
			return ""
		}
		return "Must be one of: " + strings.Join(allowed, ", ") + "."
	})
}

// An entry says how a list may be asked.
type entry struct {
	path   string
	modern bool             // the newer envelope
	limit  int              // rows on a page that asks for no number; 0 = 30
	orders []string         // the first is the default
	fixed  bool             // the order cannot be asked for
	params map[string]check // besides cursor, limit and order_by
	shelf  func(a *account, q *query) (shelf, *refusal)
}

const most = 100

// query reads the request as the entry allows.
func (r *request) query(e entry) (*query, *refusal) {
	q := &query{Values: r.values, path: r.path, limit: 30, now: r.now, expire: instant(r.doubts.PageTokenLifetime / time.Microsecond)}
	if e.limit != 0 {
		q.limit = e.limit
	}
	orderBy := e.orders[0]
	for _, name := range sortedNames(r.values) {
		values := r.values[name]
		ok, known := e.params[name]
		reason := ""
		switch {
		case known:
			reason = ok(values)
		case name == "limit":
			if reason = number(values); reason == "" {
				if q.limit, _ = strconv.Atoi(values[0]); q.limit > most { // checked; too long a number is 0
					reason = fmt.Sprintf("Must be between 1 and %d.", most)
				}
			}
		case name == "order_by" && !e.fixed:
			if reason = oneOf(e.orders...)(values); reason == "" {
				orderBy = values[0]
			}
		case name == "cursor":
			reason = anyText(values)
		default:
			reason = "Unknown field."
		}
		if reason != "" {
			return nil, refuse(name, reason)
		}
	}
	q.order, q.desc = splitOrder(orderBy)
	q.desc = q.desc || e.path == "events" && r.doubts.EventsNewestFirst
	if _, own := e.params["cursor"]; !own && r.values.Has("cursor") && !q.resume(r.values.Get("cursor")) {
		return nil, refuse("cursor", "Invalid cursor.")
	}
	return q, nil
}

func sortedNames(v url.Values) []string {
	var names []string
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// list answers a list of the usual kind.
func (e entry) list(a *account, r *request) answer {
	q, bad := r.query(e)
	if bad != nil {
		return bad.answer()
	}
	s, bad := e.shelf(a, q)
	if bad != nil {
		return bad.answer()
	}
	p := s.page(q)
	j := jot{b: make([]byte, 0, 2048*len(p.keys)+256)}
	if r.bare && p.next == "" && p.prev == "" {
		j.open("", '[')
		p.rows(&j)
		j.close(']')
	} else {
		p.envelope(&j, r.uri, e.modern)
	}
	return answer{status: http.StatusOK, body: j.b}
}

// A handler answers the requests of one path.
type handler func(a *account, r *request) answer

// plain checks the parameters of what is not a list.
func plain(params map[string]check, h handler) handler {
	return func(a *account, r *request) answer {
		for _, name := range sortedNames(r.values) {
			ok, known := params[name]
			if !known {
				return refuse(name, "Unknown field.").answer()
			}
			if reason := ok(r.values[name]); reason != "" {
				return refuse(name, reason).answer()
			}
		}
		return h(a, r)
	}
}

// single answers with the row whose id is the path's i-th, or tells where it
// went. A path may go on behind the id.
func single[R row](of func(*account) *table[R], write func(a *account, r *request, j *jot, row *R)) handler {
	return func(a *account, r *request) answer {
		t := of(a)
		id := r.ids[0]
		found, ok := t.get(id)
		if !ok {
			into, merged := t.survivor(id)
			if _, there := t.get(into); !merged || !there || a.doubts.MergedNotFound {
				return notFound()
			}
			return answer{status: http.StatusMovedPermanently, location: "/api/" + strings.Replace(r.path, num(id), num(into), 1)}
		}
		var j jot
		write(a, r, &j, &found)
		return answer{status: http.StatusOK, body: j.b}
	}
}

// split turns a path into its pattern and the ids in it: tickets/7/tags is
// tickets/{id}/tags and 7.
func split(path string) (pattern string, ids []int64) {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if id, err := strconv.ParseInt(p, 10, 64); err == nil && id >= 0 {
			parts[i] = "{id}"
			ids = append(ids, id)
		}
	}
	return strings.Join(parts, "/"), ids
}
