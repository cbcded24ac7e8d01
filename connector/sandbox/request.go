package sandbox

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A request is a request below /api/ that was authorized and is within the
// rate limit.
type request struct {
	path   string  // below /api/, without slashes at its ends
	uri    string  // as requested, for the envelope
	ids    []int64 // in the path
	values url.Values
	body   []byte
	bare   bool // Server.BareLists
	now    timestamp
	quirks Quirks
}

// A response is the status, the Location header and the body of a response.
type response struct {
	status   int
	location string
	body     []byte
}

func errorResponse(status int, msg string) response {
	return response{status: status, body: []byte(`{"error":{"msg":` + quote(msg) + `}}`)}
}

func notFound() response { return errorResponse(http.StatusNotFound, "Resource not found.") }

// A badRequest is a 400: a parameter and what is wrong with it.
type badRequest struct{ param, reason string }

func newBadRequest(param, reason string) *badRequest { return &badRequest{param, reason} }

func (b *badRequest) response() response {
	return response{status: http.StatusBadRequest, body: []byte(`{"error":{"msg":"Bad request.","data":{` + quote(b.param) + `:[` + quote(b.reason) + `]}}}`)}
}

// A listEndpoint is a list that is paged by page tokens.
type listEndpoint struct {
	path         string
	modern       bool                  // has the newer envelope
	defaultLimit int                   // page size if none is requested; 0 = 30
	orders       []string              // the first is the default
	fixedOrder   bool                  // order_by is not allowed
	params       map[string]paramCheck // beside cursor, limit and order_by
	source       func(a *account, q *query) (listSource, *badRequest)
}

const maxLimit = 100 // rows on a page

// allParams returns the checks of all parameters.
func (e listEndpoint) allParams() map[string]paramCheck {
	params := map[string]paramCheck{"cursor": textParam, "limit": limitParam(maxLimit)}
	if !e.fixedOrder {
		params["order_by"] = oneOf(e.orders...)
	}
	maps.Copy(params, e.params)
	return params
}

// parseQuery returns the page of a list that is requested.
func (r *request) parseQuery(e listEndpoint) (*query, *badRequest) {
	if bad := checkParams(r.values, e.allParams()); bad != nil {
		return nil, bad
	}
	limit := limitOf(r.values, cmp.Or(e.defaultLimit, 30))
	q := &query{Values: r.values, path: r.path, limit: limit, now: r.now, tokenLifetime: r.tokenLifetime()}
	orderBy := e.orders[0]
	if r.values.Has("order_by") {
		orderBy = r.values.Get("order_by")
	}
	q.order, q.desc = splitOrder(orderBy)
	q.desc = q.desc || e.path == "events" && r.quirks.EventsNewestFirst
	if _, own := e.params["cursor"]; !own && r.values.Has("cursor") && !q.applyToken(r.values.Get("cursor")) {
		return nil, newBadRequest("cursor", "Invalid cursor.")
	}
	return q, nil
}

func (r *request) tokenLifetime() timestamp {
	return timestamp(r.quirks.PageTokenLifetime / time.Microsecond)
}

// serve serves the list.
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

// A handler serves the requests of one path.
type handler func(a *account, r *request) response

// withParams returns a handler that checks the parameters first.
func withParams(params map[string]paramCheck, h handler) handler {
	return func(a *account, r *request) response {
		if bad := checkParams(r.values, params); bad != nil {
			return bad.response()
		}
		return h(a, r)
	}
}

// serveRow returns a handler that serves the row with the first id of the path,
// or redirects to the row that it was merged into.
func serveRow[R row](tableOf func(*account) *table[R], write func(a *account, r *request, j *jsonWriter, row *R)) handler {
	return func(a *account, r *request) response {
		t := tableOf(a)
		id := r.ids[0]
		found, ok := t.get(id)
		if !ok {
			into, merged := t.survivor(id)
			if _, exists := t.get(into); !merged || !exists || a.quirks.MergedNotFound {
				return notFound()
			}
			return response{status: http.StatusMovedPermanently, location: "/api/" + strings.Replace(r.path, number(id), number(into), 1)}
		}
		var j jsonWriter
		write(a, r, &j, &found)
		return response{status: http.StatusOK, body: j.b}
	}
}

// splitPath returns the pattern of a path and the ids in it: tickets/7/tags is
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
