package sandbox

import (
	"slices"
	"strings"
)

// Orders of several lists.
var (
	byCreation = []string{"created_datetime:desc", "created_datetime:asc"}
	byUpdate   = []string{"created_datetime:desc", "created_datetime:asc", "updated_datetime:desc", "updated_datetime:asc"}
)

// listEndpoints returns the lists that are paged by page tokens.
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
			source: messageSource,
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
			source: surveySource,
		},
		{
			path: "users", modern: true, orders: append([]string{"name:asc"}, bothDirections("name", "email", "created_datetime", "role.name")...),
			params: map[string]paramCheck{
				"email": textParam, "external_id": textParam, "search": textParam, "available_first": boolParam,
				"roles": multiValue(100, checkOneOf("admin", "agent", "basic-agent", "lite-agent", "observer-agent", "bot", "internal-agent")),
			},
			source: recordSource(matchesUser),
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
			source: macroSource,
		},
		{path: "rules", defaultLimit: 100, orders: byCreation, source: recordSource(nil)},
		{path: "views", modern: true, orders: byCreation, source: recordSource(nil)},
		{
			path: "custom-fields", modern: true, orders: []string{"priority:desc", "priority:asc"},
			params: map[string]paramCheck{"object_type": oneOf("Ticket", "Customer"), "search": textParam, "archived": boolParam},
			source: customFieldSource,
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
			source: recordSource(func(q *query, r *record) bool { return q.matches(r, "app_id") && q.matchesID(r, "integration_id") }),
		},
		{
			path: "phone/voice-calls", orders: byCreation, fixedOrder: true,
			params: map[string]paramCheck{"ticket_id": numberParam},
			source: recordSource(func(q *query, r *record) bool { return q.matchesID(r, "ticket_id") }),
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

func matchesCall(q *query, r *record) bool { return q.matchesID(r, "call_id") }

func matchesUser(q *query, r *record) bool {
	return q.matches(r, "email") && q.matches(r, "external_id") && (q.contains(r, "name") || q.contains(r, "email")) &&
		(!q.Has("roles") || slices.Contains(q.Values["roles"], strings.Trim(r.sortKey("role.name").s, `"`)))
}

// matches reports whether a record has the value of the parameter with the
// field's name.
func (q *query) matches(r *record, name string) bool {
	return !q.Has(name) || r.get(name) == quote(q.Get(name))
}

// matchesID is matches for an id.
func (q *query) matchesID(r *record, name string) bool {
	return !q.Has(name) || r.get(name) == q.Get(name)
}

// contains reports whether a field contains the value of the parameter search.
func (q *query) contains(r *record, name string) bool {
	return strings.Contains(strings.ToLower(r.get(name)), strings.ToLower(q.Get("search")))
}

// recordSource returns the source function of a list of records; a nil keep
// accepts all.
func recordSource(keep func(q *query, r *record) bool) func(*account, *query) (listSource, *badRequest) {
	return func(a *account, q *query) (listSource, *badRequest) {
		if keep == nil {
			return tableSource(a.recordTables[q.path], timeRange{}, nil, writeRecord), nil
		}
		return tableSource(a.recordTables[q.path], timeRange{}, func(r *record) bool { return keep(q, r) }, writeRecord), nil
	}
}

func macroSource(a *account, q *query) (listSource, *badRequest) {
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
}

func customFieldSource(a *account, q *query) (listSource, *badRequest) {
	if !q.Has("object_type") {
		return nil, newBadRequest("object_type", "Missing data for required field.")
	}
	return tableSource(a.customFields, timeRange{}, func(r *record) bool {
		return q.matches(r, "object_type") && q.contains(r, "label") &&
			(!q.Has("archived") || (r.get("deactivated_datetime") != "null") == (q.Get("archived") == "true"))
	}, writeRecord), nil
}

func messageSource(a *account, q *query) (listSource, *badRequest) {
	write := func(j *jsonWriter, m *message) { a.writeMessage(j, m, inList) }
	if !q.Has("ticket_id") {
		return tableSource(a.messages, timeRange{}, nil, write), nil
	}
	ticket := q.number("ticket_id")
	return idSource(a.messages, a.threadCandidates(ticket), func(m *message) bool { return m.ticket == ticket }, write), nil
}

func surveySource(a *account, q *query) (listSource, *badRequest) {
	if !q.Has("ticket_id") {
		return tableSource(a.surveys, timeRange{}, nil, writeRecord), nil
	}
	var ids []int64
	if s, ok := a.surveyOf(q.number("ticket_id")); ok {
		ids = append(ids, s.id)
	}
	return idSource(a.surveys, ids, nil, writeRecord), nil
}

func ticketSource(a *account, q *query) (listSource, *badRequest) {
	keep := func(t *ticket) bool { return a.matchesTicket(q, t) }
	write := func(j *jsonWriter, t *ticket) { a.writeTicket(j, t, inList) }
	switch {
	case q.Has("ticket_ids") && a.quirks.TicketIDsRejected:
		return nil, newBadRequest("ticket_ids", "Unknown field.")
	case q.Has("ticket_ids"):
		return idSource(a.tickets, q.numbers("ticket_ids"), keep, write), nil
	case q.Has("view_id"):
		id := q.number("view_id")
		filter := viewFilterOf(id)
		if _, ok := a.views.get(id); !ok || filter.customers {
			return idSource(a.tickets, nil, nil, write), nil
		}
		return idSource(a.tickets, candidates(a.tickets), func(t *ticket) bool { return filter.keep(firstUser, t) && keep(t) }, write), nil
	case q.Has("rule_id"): // rules are not evaluated: they match nothing
		return idSource(a.tickets, nil, nil, write), nil
	case q.Has("customer_id"):
		return idSource(a.tickets, a.ticketsOf(q.number("customer_id")), keep, write), nil
	case !q.Has("trashed") && !q.Has("external_id"):
		return tableSource(a.tickets, timeRange{}, nil, write), nil
	}
	return tableSource(a.tickets, timeRange{}, keep, write), nil
}

// matchesTicket reports whether a ticket passes the filters trashed,
// customer_id and external_id.
func (a *account) matchesTicket(q *query, t *ticket) bool {
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
	var members []string // that the JSON of a matching customer contains
	for _, name := range []string{"email", "external_id", "name", "language", "timezone"} {
		if q.Has(name) {
			members = append(members, quote(name)+":"+quote(q.Get(name)))
		}
	}
	if q.Has("channel_type") {
		members = append(members, `"type":`+quote(q.Get("channel_type"))+`,"address":`+quote(q.Get("channel_address")))
	}
	if members == nil {
		return tableSource(a.customers, timeRange{}, nil, write), nil
	}
	return tableSource(a.customers, timeRange{}, func(r *customer) bool {
		var j jsonWriter
		a.writeCustomer(&j, r, inDetailWithFields)
		return !slices.ContainsFunc(members, func(m string) bool { return !strings.Contains(string(j.b), m) })
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
	objectID, users := q.number("object_id"), q.numbers("user_ids")
	types, objectType := q.Values["types"], q.Get("object_type")
	keep := func(e *event) bool {
		return (objectID == 0 || e.objectID == objectID) && (objectType == "" || e.objectType == objectType) &&
			(users == nil || slices.Contains(users, e.userID)) && (types == nil || slices.Contains(types, e.eventType))
	}
	return tableSource(a.events, a.eventRange(q), keep, a.writeEvent), nil
}

// eventRange returns the range of creation that the filters leave.
func (a *account) eventRange(q *query) timeRange {
	in := timeRange{from: a.oldestListedEvent()}
	for _, bound := range []struct {
		param  string
		lower  bool
		offset int64
	}{
		{"created_datetime[gt]", true, 1}, {"created_datetime[gte]", true, 0},
		{"created_datetime[lt]", false, -1}, {"created_datetime[lte]", false, 0},
	} {
		if !q.Has(bound.param) {
			continue
		}
		t, _ := parseTimestamp(q.Get(bound.param)) // checked
		n := int64(t) + bound.offset
		if bound.lower {
			in.from = max(in.from, n)
		} else if in.to == 0 || n < in.to {
			in.to = n
		}
	}
	return in
}
