package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

var (
	byCreation = []string{"created_datetime:desc", "created_datetime:asc"}
	byUpdate   = []string{"created_datetime:desc", "created_datetime:asc", "updated_datetime:desc", "updated_datetime:asc"}
)

// both spells each field with both directions.
func bothDirections(fields ...string) []string {
	var orders []string
	for _, f := range fields {
		orders = append(orders, f+":asc", f+":desc")
	}
	return orders
}

// entries are the lists of the usual kind.
func listEndpoints() []listEndpoint {
	return []listEndpoint{
		{
			path: "tickets", modern: true, orders: byUpdate,
			params: map[string]paramCheck{
				"customer_id": numberParam, "external_id": textParam, "view_id": numberParam, "rule_id": numberParam,
				"ticket_ids": multiValue(100, checkNumber), "trashed": boolParam,
			},
			source: ticketSource,
		},
		{
			path: "messages", orders: byCreation,
			params: map[string]paramCheck{"ticket_id": numberParam},
			source: func(a *account, q *query) (listSource, *badRequest) {
				write := func(j *jsonWriter, m *message) { a.writeMessage(j, m, inList) }
				if !q.Has("ticket_id") {
					return tableSource(a.messages, timeRange{}, nil, write), nil
				}
				ticket := q.number("ticket_id")
				return idSource(a.messages, a.threadCandidates(ticket), func(m *message) bool { return m.ticket == ticket }, write), nil
			},
		},
		{
			path: "customers", orders: byUpdate,
			params: map[string]paramCheck{
				"email": textParam, "external_id": textParam, "name": textParam, "language": textParam, "timezone": textParam,
				"view_id": numberParam, "channel_type": textParam, "channel_address": textParam,
			},
			source: customerSource,
		},
		{
			path: "events", orders: byCreation,
			params: map[string]paramCheck{
				"object_id": numberParam, "object_type": oneOf(objectTypes...),
				"user_ids": multiValue(100, checkNumber), "types": multiValue(100, checkText),
				"created_datetime[gt]": datetimeParam, "created_datetime[gte]": datetimeParam, "created_datetime[lt]": datetimeParam, "created_datetime[lte]": datetimeParam,
			},
			source: eventSource,
		},
		{
			path: "satisfaction-surveys", orders: byCreation,
			params: map[string]paramCheck{"ticket_id": numberParam},
			source: func(a *account, q *query) (listSource, *badRequest) {
				if !q.Has("ticket_id") {
					return tableSource(a.surveys, timeRange{}, nil, writeRecord), nil
				}
				var ids []int64
				if s, ok := a.surveyOf(q.number("ticket_id")); ok {
					ids = append(ids, s.id)
				}
				return idSource(a.surveys, ids, nil, writeRecord), nil
			},
		},
		{
			path: "users", modern: true, orders: append([]string{"name:asc"}, bothDirections("name", "email", "created_datetime", "role.name")...),
			params: map[string]paramCheck{
				"email": textParam, "external_id": textParam, "search": textParam, "available_first": boolParam,
				"roles": multiValue(100, checkOneOf("admin", "agent", "basic-agent", "lite-agent", "observer-agent", "bot", "internal-agent")),
			},
			source: recordSource(func(q *query, r *record) bool {
				return q.matches(r, "email") && q.matches(r, "external_id") && (q.contains(r, "name") || q.contains(r, "email")) &&
					(!q.Has("roles") || slices.Contains(q.Values["roles"], strings.Trim(r.sortKey("role.name").s, `"`)))
			}),
		},
		{path: "teams", orders: append(byCreation, bothDirections("name")...), source: recordSource(nil)},
		{
			path: "tags", modern: true, orders: append(append(byCreation, bothDirections("name")...), "usage:asc,name:asc", "usage:desc,name:desc"),
			params: map[string]paramCheck{"search": textParam},
			source: recordSource(func(q *query, r *record) bool { return q.contains(r, "name") }),
		},
		{
			path: "macros", orders: append([]string{"usage:desc"}, bothDirections("usage", "name", "created_datetime", "updated_datetime", "relevance", "language")...),
			params: map[string]paramCheck{
				"search": textParam, "tags": multiValue(100, checkText), "languages": multiValue(100, checkText),
				"ticket_id": numberParam, "message_id": numberParam, "number_predictions": textParam, "archived": boolParam,
			},
			source: func(a *account, q *query) (listSource, *badRequest) {
				if q.order == "relevance" && !q.Has("ticket_id") {
					return nil, newBadRequest("order_by", "Ordering by relevance requires ticket_id.")
				}
				archived := q.Get("archived") == "true"
				return tableSource(a.macros, timeRange{}, func(r *record) bool {
					return (r.get("archived_datetime") != "null") == archived && q.contains(r, "name") &&
						(!q.Has("languages") || slices.Contains(q.Values["languages"], strings.Trim(r.get("language"), `"`))) &&
						!slices.ContainsFunc(q.Values["tags"], func(tag string) bool {
							return !strings.Contains(r.get("actions"), `"tags":`+quote(tag))
						})
				}, writeRecord), nil
			},
		},
		{path: "rules", defaultLimit: 100, orders: byCreation, source: recordSource(nil)},
		{path: "views", modern: true, orders: byCreation, source: recordSource(nil)},
		{
			path: "custom-fields", modern: true, orders: []string{"priority:desc", "priority:asc"},
			params: map[string]paramCheck{"object_type": oneOf("Ticket", "Customer"), "search": textParam, "archived": boolParam},
			source: func(a *account, q *query) (listSource, *badRequest) {
				if !q.Has("object_type") {
					return nil, newBadRequest("object_type", "Missing data for required field.")
				}
				return tableSource(a.fields, timeRange{}, func(r *record) bool {
					return q.matches(r, "object_type") && q.contains(r, "label") &&
						(!q.Has("archived") || (r.get("deactivated_datetime") != "null") == (q.Get("archived") == "true"))
				}, writeRecord), nil
			},
		},
		{
			path: "integrations", modern: true, orders: byCreation,
			params: map[string]paramCheck{"type": oneOf("http")},
			source: recordSource(func(q *query, r *record) bool { return q.matches(r, "type") }),
		},
		{
			path: "jobs", orders: byCreation,
			params: map[string]paramCheck{
				"status": oneOf("pending", "scheduled", "running", "done", "cancel_requested", "canceled", "errored", "fatal_errored"),
				"type": oneOf("applyMacro", "deleteTicket", "exportTicket", "importMacro", "exportMacro", "updateTicket",
					"exportTicketDrilldown", "exportConvertCampaignSalesDrilldown"),
			},
			source: recordSource(func(q *query, r *record) bool { return q.matches(r, "status") && q.matches(r, "type") }),
		},
		{
			path: "widgets", orders: append(byCreation, bothDirections("order")...),
			params: map[string]paramCheck{"integration_id": numberParam, "app_id": textParam},
			source: recordSource(func(q *query, r *record) bool {
				return q.matches(r, "app_id") && (!q.Has("integration_id") || r.get("integration_id") == q.Get("integration_id"))
			}),
		},
		{
			path: "phone/voice-calls", orders: byCreation, fixedOrder: true,
			params: map[string]paramCheck{"ticket_id": numberParam},
			source: recordSource(func(q *query, r *record) bool { return !q.Has("ticket_id") || r.get("ticket_id") == q.Get("ticket_id") }),
		},
		{
			path: "phone/voice-call-events", orders: []string{"id:asc"}, fixedOrder: true,
			params: map[string]paramCheck{"call_id": numberParam},
			source: recordSource(matchesCall),
		},
		{
			path: "phone/voice-call-recordings", orders: byCreation, fixedOrder: true,
			params: map[string]paramCheck{"call_id": numberParam},
			source: recordSource(matchesCall),
		},
	}
}

func matchesCall(q *query, r *record) bool {
	return !q.Has("call_id") || r.get("call_id") == q.Get("call_id")
}

// filtered is the shelf of the records at the query's path.
func recordSource(keep func(q *query, r *record) bool) func(*account, *query) (listSource, *badRequest) {
	return func(a *account, q *query) (listSource, *badRequest) {
		if keep == nil {
			return tableSource(a.recordTables[q.path], timeRange{}, nil, writeRecord), nil
		}
		return tableSource(a.recordTables[q.path], timeRange{}, func(r *record) bool { return keep(q, r) }, writeRecord), nil
	}
}

func checkOneOf(allowed ...string) func(string) string {
	ok := oneOf(allowed...)
	return func(v string) string { return ok([]string{v}) }
}

// number returns a parameter that was checked to be a number.
func (q *query) number(name string) int64 {
	n, _ := strconv.ParseInt(q.Get(name), 10, 64)
	return n
}

func (q *query) numbers(name string) []int64 {
	var ns []int64
	for _, v := range q.Values[name] {
		n, _ := strconv.ParseInt(v, 10, 64) // checked
		ns = append(ns, n)
	}
	return ns
}

// same tells whether a field is what the parameter of its name asks for.
func (q *query) matches(r *record, name string) bool {
	return !q.Has(name) || r.get(name) == quote(q.Get(name))
}

// part tells whether a field holds the text searched for.
func (q *query) contains(r *record, name string) bool {
	return strings.Contains(strings.ToLower(r.get(name)), strings.ToLower(q.Get("search")))
}

func ticketSource(a *account, q *query) (listSource, *badRequest) {
	keep := func(t *ticket) bool {
		if q.Get("trashed") == "false" && t.trashed != 0 {
			return false
		}
		if q.Has("customer_id") && t.customer != q.number("customer_id") {
			return false
		}
		if q.Has("external_id") {
			var j jsonWriter
			a.writeTicket(&j, t, inList)
			return strings.Contains(string(j.b), `"external_id":`+quote(q.Get("external_id"))+`,`)
		}
		return true
	}
	write := func(j *jsonWriter, t *ticket) { a.writeTicket(j, t, inList) }
	switch {
	case q.Has("ticket_ids") && a.quirks.TicketIDsRejected:
		return nil, newBadRequest("ticket_ids", "Unknown field.")
	case q.Has("ticket_ids"):
		return idSource(a.tickets, q.numbers("ticket_ids"), keep, write), nil
	case q.Has("view_id"):
		id := q.number("view_id")
		if _, ok := a.views.get(id); !ok || viewFilterOf(id).customers {
			return idSource(a.tickets, nil, nil, write), nil
		}
		l := viewFilterOf(id)
		return idSource(a.tickets, candidates(a.tickets), func(t *ticket) bool { return l.keep(firstUser, t) && keep(t) }, write), nil
	case q.Has("rule_id"): // what a rule would match is not known here
		return idSource(a.tickets, nil, nil, write), nil
	case q.Has("customer_id"):
		return idSource(a.tickets, a.ticketsOf(q.number("customer_id")), keep, write), nil
	case len(q.Values) == 0 || !q.Has("trashed") && !q.Has("external_id"):
		return tableSource(a.tickets, timeRange{}, nil, write), nil
	}
	return tableSource(a.tickets, timeRange{}, keep, write), nil
}

func customerSource(a *account, q *query) (listSource, *badRequest) {
	write := func(j *jsonWriter, r *customer) { a.writeCustomer(j, r, inList) }
	if q.Has("channel_type") != q.Has("channel_address") {
		return nil, newBadRequest("channel_type", "channel_type and channel_address go together.")
	}
	if q.Has("view_id") {
		id := q.number("view_id")
		if _, ok := a.views.get(id); !ok || !viewFilterOf(id).customers {
			return idSource(a.customers, nil, nil, write), nil
		}
		return idSource(a.customers, candidates(a.customers), nil, write), nil
	}
	var wanted []string // members a row must show
	for _, name := range []string{"email", "external_id", "name", "language", "timezone"} {
		if q.Has(name) {
			wanted = append(wanted, quote(name)+":"+quote(q.Get(name)))
		}
	}
	if q.Has("channel_type") {
		wanted = append(wanted, `"type":`+quote(q.Get("channel_type"))+`,"address":`+quote(q.Get("channel_address")))
	}
	if wanted == nil {
		return tableSource(a.customers, timeRange{}, nil, write), nil
	}
	return tableSource(a.customers, timeRange{}, func(r *customer) bool {
		var j jsonWriter
		a.writeCustomer(&j, r, inFuller)
		return !slices.ContainsFunc(wanted, func(w string) bool { return !strings.Contains(string(j.b), w) })
	}, write), nil
}

var objectTypes = []string{
	"Account", "Customer", "Integration", "Macro", "Rule", "SatisfactionSurvey", "Tag", "Team", "Ticket", "TicketMessage", "User", "View", "Widget",
}

func eventSource(a *account, q *query) (listSource, *badRequest) {
	if q.Has("object_type") && !q.Has("object_id") {
		return nil, newBadRequest("object_type", "object_type requires object_id.")
	}
	if q.Has("types") && a.quirks.EventTypesRejected {
		return nil, newBadRequest("types", "Unknown field.")
	}
	in := timeRange{from: a.oldestListedEvent()}
	for _, bound := range []struct {
		name string
		open int64
	}{{"[gt]", 1}, {"[gte]", 0}, {"[lt]", -1}, {"[lte]", 0}} {
		name := "created_datetime" + bound.name
		if !q.Has(name) {
			continue
		}
		at, _ := parseTimestamp(q.Get(name)) // checked
		n := int64(at) + bound.open
		if strings.HasPrefix(bound.name, "[g") {
			in.from = max(in.from, n)
		} else if in.to == 0 || n < in.to {
			in.to = n
		}
	}
	object, users := q.number("object_id"), q.numbers("user_ids")
	types, objectType := q.Values["types"], q.Get("object_type")
	keep := func(e *event) bool {
		return (object == 0 || e.objectID == object) && (objectType == "" || e.objectType == objectType) &&
			(users == nil || slices.Contains(users, e.userID)) && (types == nil || slices.Contains(types, e.eventType))
	}
	return tableSource(a.events, in, keep, a.writeEvent), nil
}

// threadSeen lists the messages that may be a ticket's, as lists show them.
func (a *account) threadCandidates(ticket int64) []int64 {
	var ids []int64
	if t, ok := a.tickets.base.index(ticket); ok {
		for _, m := range a.threadIndices(t) {
			ids = append(ids, a.messages.base.id(m))
		}
	}
	return append(ids, a.addedMessages[ticket]...)
}

// handlers are all endpoints, by pattern.
func handlers() map[string]handler {
	hs := map[string]handler{
		"account": withParams(nil, func(a *account, _ *request) response {
			var j jsonWriter
			a.writeAccount(&j)
			return response{status: http.StatusOK, body: j.b}
		}),
		"account/settings": withParams(map[string]paramCheck{"type": textParam}, func(a *account, r *request) response {
			return dataResponse(accountSettings(r.values.Get("type")))
		}),
		"tickets/{id}": withParams(relationshipsParam, serveRow(ticketTable, func(a *account, r *request, j *jsonWriter, t *ticket) {
			a.writeTicket(j, t, detailVariant(r.values))
		})),
		"tickets/{id}/tags": withParams(nil, serveRow(ticketTable, func(a *account, _ *request, j *jsonWriter, t *ticket) {
			var tags []string
			for _, id := range t.tags {
				if tag, ok := a.tags.get(id); ok {
					var one jsonWriter
					tag.write(&one)
					tags = append(tags, string(one.b))
				}
			}
			j.b = append(j.b, dataResponse(tags).body...)
		})),
		"tickets/{id}/custom-fields": withParams(nil, serveRow(ticketTable, func(a *account, _ *request, j *jsonWriter, t *ticket) {
			j.b = append(j.b, a.fieldValuesResponse(t.values).body...)
		})),
		"tickets/{id}/messages": withParams(map[string]paramCheck{"page": numberParam, "limit": numberParam}, serveRow(ticketTable, serveThread)),
		"tickets/{id}/messages/{id}": withParams(nil, func(a *account, r *request) response {
			m, ok := a.messages.get(r.ids[1])
			if into, merged := a.tickets.survivor(r.ids[0]); ok && merged && into == m.ticket && !a.quirks.MergedNotFound {
				return response{status: http.StatusMovedPermanently, location: "/api/tickets/" + number(into) + "/messages/" + number(m.id)}
			}
			if !ok || m.ticket != r.ids[0] {
				return notFound()
			}
			var j jsonWriter
			a.writeMessage(&j, &m, inThread)
			return response{status: http.StatusOK, body: j.b}
		}),
		"customers/{id}": withParams(relationshipsParam, serveRow(customerTable, func(a *account, r *request, j *jsonWriter, c *customer) {
			a.writeCustomer(j, c, detailVariant(r.values))
		})),
		"customers/{id}/custom-fields": withParams(nil, serveRow(customerTable, func(a *account, _ *request, j *jsonWriter, c *customer) {
			j.b = append(j.b, a.fieldValuesResponse(c.values).body...)
		})),
		"events/{id}": withParams(nil, serveRow(eventTable, func(a *account, _ *request, j *jsonWriter, e *event) { a.writeEvent(j, e) })),
		"users/{id}": withParams(nil, func(a *account, r *request) response {
			if r.ids[0] == 0 { // whoever asks
				r.ids[0] = firstUser
			}
			return serveRecord(a, r)
		}),
		"views/{id}/items": (*account).serveViewItems,
		statsPath:          (*account).serveStats,
	}
	for _, e := range listEndpoints() {
		hs[e.path] = e.serve
		if _, own := hs[e.path+"/{id}"]; !own && e.path != "messages" { // a message is asked for below its ticket
			hs[e.path+"/{id}"] = serveRecord
		}
	}
	return hs
}

func ticketTable(a *account) *table[ticket]     { return a.tickets }
func customerTable(a *account) *table[customer] { return a.customers }
func eventTable(a *account) *table[event]       { return a.events }

// aRecord answers for one of the smaller resources.
func serveRecord(a *account, r *request) response {
	path := r.path[:strings.LastIndexByte(r.path, '/')]
	return withParams(nil, serveRow(func(a *account) *table[record] { return a.recordTables[path] },
		func(_ *account, _ *request, j *jsonWriter, r *record) { r.write(j) }))(a, r)
}

var relationshipsParam = map[string]paramCheck{"relationships": multiValue(10, checkOneOf("custom_fields"))}

func detailVariant(v url.Values) variant { return pickIf(v.Has("relationships"), inFuller, inFull) }

// data wraps rows that come all at once.
func dataResponse(rows []string) response {
	return response{status: http.StatusOK, body: []byte(`{"data":` + jsonArray(rows) + `}`)}
}

// fieldValues tells values with the definitions of their fields.
func (a *account) fieldValuesResponse(values []fieldValue) response {
	var rows []string
	for _, v := range values {
		f, ok := a.fields.get(v.field)
		if !ok {
			continue
		}
		var j jsonWriter
		j.open("", '{')
		j.memberName("field")
		f.write(&j)
		j.raw("prediction", pickIf(v.predicted, `{"confidence":0.90,"value":`+v.raw+`}`, "null"))
		j.raw("value", v.raw)
		j.close('}')
		rows = append(rows, string(j.b))
	}
	return dataResponse(rows)
}

// threadPage is a page of the deprecated list of a ticket's messages, which
// counts pages instead of handing out cursors.
func serveThread(a *account, r *request, j *jsonWriter, t *ticket) {
	const perPage = 30
	ids := a.threadMessages(t.id)
	n, err := strconv.Atoi(r.values.Get("page"))
	if err != nil {
		n = 1
	}
	n = min(n, 1e6) // far behind the last
	path := "/api/tickets/" + number(t.id) + "/messages/"
	j.open("", '{')
	j.open("data", '[')
	for i := min((n-1)*perPage, len(ids)); i < min(n*perPage, len(ids)); i++ {
		m, _ := a.messages.get(ids[i]) // threadOf found it
		a.writeMessage(j, &m, inThread)
	}
	j.close(']')
	j.raw("object", `"list"`)
	j.raw("uri", quote(path))
	j.open("meta", '{')
	j.int("page", int64(n))
	j.int("per_page", perPage)
	j.raw("current_page", quote(path+"?page="+strconv.Itoa(n)))
	j.int("item_count", int64(len(ids)))
	j.int("nb_pages", int64(max((len(ids)+perPage-1)/perPage, 1)))
	j.close('}')
	j.close('}')
}
