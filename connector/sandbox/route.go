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
	now       timestamp
	quirks    Quirks
}

// An answer is what goes back.
type response struct {
	status   int
	location string
	body     []byte
}

func errorResponse(status int, msg string) response {
	return response{status: status, body: []byte(`{"error":{"msg":` + quote(msg) + `}}`)}
}

func notFound() response { return errorResponse(http.StatusNotFound, "Resource not found.") }

// A refusal is a 400: the parameter and what is wrong with it.
type badRequest struct{ param, reason string }

func newBadRequest(param, reason string) *badRequest { return &badRequest{param, reason} }

func (r *badRequest) response() response {
	return response{status: http.StatusBadRequest, body: []byte(`{"error":{"msg":"Bad request.","data":{` + quote(r.param) + `:[` + quote(r.reason) + `]}}}`)}
}

// A check tells what is wrong with the values of a parameter; "" = nothing.
type paramCheck func(values []string) string

func singleValue(ok func(string) string) paramCheck {
	return func(values []string) string {
		if len(values) != 1 {
			return "Not a single value."
		}
		return ok(values[0])
	}
}

func multiValue(most int, ok func(string) string) paramCheck {
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

func checkNumber(v string) string {
	if n, err := strconv.ParseInt(v, 10, 64); err != nil || n < 1 {
		return "Not a valid integer."
	}
	return ""
}

func checkText(v string) string {
	if v == "" {
		return "Shorter than minimum length 1."
	}
	return ""
}

func checkDatetime(v string) string {
	if _, ok := parseTimestamp(v); !ok {
		return "Not a valid datetime."
	}
	return ""
}

var (
	numberParam   = singleValue(checkNumber)
	textParam     = singleValue(checkText)
	datetimeParam = singleValue(checkDatetime)
	boolParam     = oneOf("true", "false")
)

func oneOf(allowed ...string) paramCheck {
	return singleValue(func(v string) string {
		if slices.Contains(allowed, v) {
			return ""
		}
		return "Must be one of: " + strings.Join(allowed, ", ") + "."
	})
}

// An entry says how a list may be asked.
type listEndpoint struct {
	path         string
	modern       bool                  // the newer envelope
	defaultLimit int                   // rows on a page that asks for no number; 0 = 30
	orders       []string              // the first is the default
	fixedOrder   bool                  // the order cannot be asked for
	params       map[string]paramCheck // besides cursor, limit and order_by
	source       func(a *account, q *query) (listSource, *badRequest)
}

const maxLimit = 100

// query reads the request as the entry allows.
func (r *request) parseQuery(e listEndpoint) (*query, *badRequest) {
	q := &query{Values: r.values, path: r.path, limit: 30, now: r.now, tokenLifetime: timestamp(r.quirks.PageTokenLifetime / time.Microsecond)}
	if e.defaultLimit != 0 {
		q.limit = e.defaultLimit
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
			if reason = numberParam(values); reason == "" {
				if q.limit, _ = strconv.Atoi(values[0]); q.limit > maxLimit { // checked; too long a number is 0
					reason = fmt.Sprintf("Must be between 1 and %d.", maxLimit)
				}
			}
		case name == "order_by" && !e.fixedOrder:
			if reason = oneOf(e.orders...)(values); reason == "" {
				orderBy = values[0]
			}
		case name == "cursor":
			reason = textParam(values)
		default:
			reason = "Unknown field."
		}
		if reason != "" {
			return nil, newBadRequest(name, reason)
		}
	}
	q.order, q.desc = splitOrder(orderBy)
	q.desc = q.desc || e.path == "events" && r.quirks.EventsNewestFirst
	if _, own := e.params["cursor"]; !own && r.values.Has("cursor") && !q.applyToken(r.values.Get("cursor")) {
		return nil, newBadRequest("cursor", "Invalid cursor.")
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
func (e listEndpoint) serve(a *account, r *request) response {
	q, bad := r.parseQuery(e)
	if bad != nil {
		return bad.response()
	}
	s, bad := e.source(a, q)
	if bad != nil {
		return bad.response()
	}
	p := s.page(q)
	j := jsonWriter{b: make([]byte, 0, 2048*len(p.keys)+256)}
	if r.bare && p.next == "" && p.prev == "" {
		j.open("", '[')
		p.writeRows(&j)
		j.close(']')
	} else {
		p.writeEnvelope(&j, r.uri, e.modern)
	}
	return response{status: http.StatusOK, body: j.b}
}

// A handler answers the requests of one path.
type handler func(a *account, r *request) response

// plain checks the parameters of what is not a list.
func withParams(params map[string]paramCheck, h handler) handler {
	return func(a *account, r *request) response {
		for _, name := range sortedNames(r.values) {
			ok, known := params[name]
			if !known {
				return newBadRequest(name, "Unknown field.").response()
			}
			if reason := ok(r.values[name]); reason != "" {
				return newBadRequest(name, reason).response()
			}
		}
		return h(a, r)
	}
}

// single answers with the row whose id is the path's i-th, or tells where it
// went. A path may go on behind the id.
func serveRow[R row](of func(*account) *table[R], write func(a *account, r *request, j *jsonWriter, row *R)) handler {
	return func(a *account, r *request) response {
		t := of(a)
		id := r.ids[0]
		found, ok := t.get(id)
		if !ok {
			into, merged := t.survivor(id)
			if _, there := t.get(into); !merged || !there || a.quirks.MergedNotFound {
				return notFound()
			}
			return response{status: http.StatusMovedPermanently, location: "/api/" + strings.Replace(r.path, number(id), number(into), 1)}
		}
		var j jsonWriter
		write(a, r, &j, &found)
		return response{status: http.StatusOK, body: j.b}
	}
}

// split turns a path into its pattern and the ids in it: tickets/7/tags is
// tickets/{id}/tags and 7.
func splitPath(path string) (pattern string, ids []int64) {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if id, err := strconv.ParseInt(p, 10, 64); err == nil && id >= 0 {
			parts[i] = "{id}"
			ids = append(ids, id)
		}
	}
	return strings.Join(parts, "/"), ids
}
