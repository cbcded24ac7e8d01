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
func both(fields ...string) []string {
	var orders []string
	for _, f := range fields {
		orders = append(orders, f+":asc", f+":desc")
	}
	return orders
}

// entries are the lists of the usual kind.
func entries() []entry {
	return []entry{
		{
			path: "tickets", modern: true, orders: byUpdate,
			params: map[string]check{
				"customer_id": number, "external_id": anyText, "view_id": number, "rule_id": number,
				"ticket_ids": many(100, isNumber), "trashed": flag,
			},
			shelf: ticketShelf,
		},
		{
			path: "messages", orders: byCreation,
			params: map[string]check{"ticket_id": number},
			shelf: func(a *account, q *query) (shelf, *refusal) {
				write := func(j *jot, m *message) { a.writeMessage(j, m, inList) }
				if !q.Has("ticket_id") {
					return browse(a.messages, window{}, nil, write), nil
				}
				ticket := q.number("ticket_id")
				return choose(a.messages, a.threadSeen(ticket), func(m *message) bool { return m.ticket == ticket }, write), nil
			},
		},
		{
			path: "customers", orders: byUpdate,
			params: map[string]check{
				"email": anyText, "external_id": anyText, "name": anyText, "language": anyText, "timezone": anyText,
				"view_id": number, "channel_type": anyText, "channel_address": anyText,
			},
			shelf: customerShelf,
		},
		{
			path: "events", orders: byCreation,
			params: map[string]check{
				"object_id": number, "object_type": oneOf(objectTypes...),
				"user_ids": many(100, isNumber), "types": many(100, isText),
				"created_datetime[gt]": moment, "created_datetime[gte]": moment, "created_datetime[lt]": moment, "created_datetime[lte]": moment,
			},
			shelf: eventShelf,
		},
		{
			path: "satisfaction-surveys", orders: byCreation,
			params: map[string]check{"ticket_id": number},
			shelf: func(a *account, q *query) (shelf, *refusal) {
				if !q.Has("ticket_id") {
					return browse(a.surveys, window{}, nil, writeRecord), nil
				}
				var ids []int64
				if s, ok := a.surveyOf(q.number("ticket_id")); ok {
					ids = append(ids, s.id)
				}
				return choose(a.surveys, ids, nil, writeRecord), nil
			},
		},
		{
			path: "users", modern: true, orders: append([]string{"name:asc"}, both("name", "email", "created_datetime", "role.name")...),
			params: map[string]check{
				"email": anyText, "external_id": anyText, "search": anyText, "available_first": flag,
				"roles": many(100, oneOfTexts("admin", "agent", "basic-agent", "lite-agent", "observer-agent", "bot", "internal-agent")),
			},
			shelf: filtered(func(q *query, r *record) bool {
				return q.same(r, "email") && q.same(r, "external_id") && (q.part(r, "name") || q.part(r, "email")) &&
					(!q.Has("roles") || slices.Contains(q.Values["roles"], strings.Trim(r.key("role.name").s, `"`)))
			}),
		},
		{path: "teams", orders: append(byCreation, both("name")...), shelf: filtered(nil)},
		{
			path: "tags", modern: true, orders: append(append(byCreation, both("name")...), "usage:asc,name:asc", "usage:desc,name:desc"),
			params: map[string]check{"search": anyText},
			shelf:  filtered(func(q *query, r *record) bool { return q.part(r, "name") }),
		},
		{
			path: "macros", orders: append([]string{"usage:desc"}, both("usage", "name", "created_datetime", "updated_datetime", "relevance", "language")...),
			params: map[string]check{
				"search": anyText, "tags": many(100, isText), "languages": many(100, isText),
				"ticket_id": number, "message_id": number, "number_predictions": anyText, "archived": flag,
			},
			shelf: func(a *account, q *query) (shelf, *refusal) {
				if q.order == "relevance" && !q.Has("ticket_id") {
					return nil, refuse("order_by", "Ordering by relevance requires ticket_id.")
				}
				archived := q.Get("archived") == "true"
				return browse(a.macros, window{}, func(r *record) bool {
					return (r.get("archived_datetime") != "null") == archived && q.part(r, "name") &&
						(!q.Has("languages") || slices.Contains(q.Values["languages"], strings.Trim(r.get("language"), `"`))) &&
						!slices.ContainsFunc(q.Values["tags"], func(tag string) bool {
							return !strings.Contains(r.get("actions"), `"tags":`+quote(tag))
						})
				}, writeRecord), nil
			},
		},
		{path: "rules", limit: 100, orders: byCreation, shelf: filtered(nil)},
		{path: "views", modern: true, orders: byCreation, shelf: filtered(nil)},
		{
			path: "custom-fields", modern: true, orders: []string{"priority:desc", "priority:asc"},
			params: map[string]check{"object_type": oneOf("Ticket", "Customer"), "search": anyText, "archived": flag},
			shelf: func(a *account, q *query) (shelf, *refusal) {
				if !q.Has("object_type") {
					return nil, refuse("object_type", "Missing data for required field.")
				}
				return browse(a.fields, window{}, func(r *record) bool {
					return q.same(r, "object_type") && q.part(r, "label") &&
						(!q.Has("archived") || (r.get("deactivated_datetime") != "null") == (q.Get("archived") == "true"))
				}, writeRecord), nil
			},
		},
		{
			path: "integrations", modern: true, orders: byCreation,
			params: map[string]check{"type": oneOf("http")},
			shelf:  filtered(func(q *query, r *record) bool { return q.same(r, "type") }),
		},
		{
			path: "jobs", orders: byCreation,
			params: map[string]check{
				"status": oneOf("pending", "scheduled", "running", "done", "cancel_requested", "canceled", "errored", "fatal_errored"),
				"type": oneOf("applyMacro", "deleteTicket", "exportTicket", "importMacro", "exportMacro", "updateTicket",
					"exportTicketDrilldown", "exportConvertCampaignSalesDrilldown"),
			},
			shelf: filtered(func(q *query, r *record) bool { return q.same(r, "status") && q.same(r, "type") }),
		},
		{
			path: "widgets", orders: append(byCreation, both("order")...),
			params: map[string]check{"integration_id": number, "app_id": anyText},
			shelf: filtered(func(q *query, r *record) bool {
				return q.same(r, "app_id") && (!q.Has("integration_id") || r.get("integration_id") == q.Get("integration_id"))
			}),
		},
		{
			path: "phone/voice-calls", orders: byCreation, fixed: true,
			params: map[string]check{"ticket_id": number},
			shelf:  filtered(func(q *query, r *record) bool { return !q.Has("ticket_id") || r.get("ticket_id") == q.Get("ticket_id") }),
		},
		{
			path: "phone/voice-call-events", orders: []string{"id:asc"}, fixed: true,
			params: map[string]check{"call_id": number},
			shelf:  filtered(ofCallID),
		},
		{
			path: "phone/voice-call-recordings", orders: byCreation, fixed: true,
			params: map[string]check{"call_id": number},
			shelf:  filtered(ofCallID),
		},
	}
}

func ofCallID(q *query, r *record) bool {
	return !q.Has("call_id") || r.get("call_id") == q.Get("call_id")
}

// filtered is the shelf of the records at the query's path.
func filtered(keep func(q *query, r *record) bool) func(*account, *query) (shelf, *refusal) {
	return func(a *account, q *query) (shelf, *refusal) {
		if keep == nil {
			return browse(a.records[q.path], window{}, nil, writeRecord), nil
		}
		return browse(a.records[q.path], window{}, func(r *record) bool { return keep(q, r) }, writeRecord), nil
	}
}

func oneOfTexts(allowed ...string) func(string) string {
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
func (q *query) same(r *record, name string) bool {
	return !q.Has(name) || r.get(name) == quote(q.Get(name))
}

// part tells whether a field holds the text searched for.
func (q *query) part(r *record, name string) bool {
	return strings.Contains(strings.ToLower(r.get(name)), strings.ToLower(q.Get("search")))
}

func ticketShelf(a *account, q *query) (shelf, *refusal) {
	keep := func(t *ticket) bool {
		if q.Get("trashed") == "false" && t.trashed != 0 {
			return false
		}
		if q.Has("customer_id") && t.customer != q.number("customer_id") {
			return false
		}
		if q.Has("external_id") {
			var j jot
			a.writeTicket(&j, t, inList)
			return strings.Contains(string(j.b), `"external_id":`+quote(q.Get("external_id"))+`,`)
		}
		return true
	}
	write := func(j *jot, t *ticket) { a.writeTicket(j, t, inList) }
	switch {
	case q.Has("ticket_ids") && a.doubts.TicketIDsRejected:
		return nil, refuse("ticket_ids", "Unknown field.")
	case q.Has("ticket_ids"):
		return choose(a.tickets, q.numbers("ticket_ids"), keep, write), nil
	case q.Has("view_id"):
		id := q.number("view_id")
		if _, ok := a.views.get(id); !ok || lensOf(id).customers {
			return choose(a.tickets, nil, nil, write), nil
		}
		l := lensOf(id)
		return choose(a.tickets, candidates(a.tickets), func(t *ticket) bool { return l.keep(firstUser, t) && keep(t) }, write), nil
	case q.Has("rule_id"): // what a rule would match is not known here
		return choose(a.tickets, nil, nil, write), nil
	case q.Has("customer_id"):
		return choose(a.tickets, a.ticketsOf(q.number("customer_id")), keep, write), nil
	case len(q.Values) == 0 || !q.Has("trashed") && !q.Has("external_id"):
		return browse(a.tickets, window{}, nil, write), nil
	}
	return browse(a.tickets, window{}, keep, write), nil
}

func customerShelf(a *account, q *query) (shelf, *refusal) {
	write := func(j *jot, r *customer) { a.writeCustomer(j, r, inList) }
	if q.Has("channel_type") != q.Has("channel_address") {
		return nil, refuse("channel_type", "channel_type and channel_address go together.")
	}
	if q.Has("view_id") {
		id := q.number("view_id")
		if _, ok := a.views.get(id); !ok || !lensOf(id).customers {
			return choose(a.customers, nil, nil, write), nil
		}
		return choose(a.customers, candidates(a.customers), nil, write), nil
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
		return browse(a.customers, window{}, nil, write), nil
	}
	return browse(a.customers, window{}, func(r *customer) bool {
		var j jot
		a.writeCustomer(&j, r, inFuller)
		return !slices.ContainsFunc(wanted, func(w string) bool { return !strings.Contains(string(j.b), w) })
	}, write), nil
}

var objectTypes = []string{
	"Account", "Customer", "Integration", "Macro", "Rule", "SatisfactionSurvey", "Tag", "Team", "Ticket", "TicketMessage", "User", "View", "Widget",
}

func eventShelf(a *account, q *query) (shelf, *refusal) {
	if q.Has("object_type") && !q.Has("object_id") {
		return nil, refuse("object_type", "object_type requires object_id.")
	}
	if q.Has("types") && a.doubts.EventTypesRejected {
		return nil, refuse("types", "Unknown field.")
	}
	in := window{from: a.forgotten()}
	for _, bound := range []struct {
		name string
		open int64
	}{{"[gt]", 1}, {"[gte]", 0}, {"[lt]", -1}, {"[lte]", 0}} {
		name := "created_datetime" + bound.name
		if !q.Has(name) {
			continue
		}
		at, _ := parseInstant(q.Get(name)) // checked
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
		return (object == 0 || e.object == object) && (objectType == "" || e.objectType == objectType) &&
			(users == nil || slices.Contains(users, e.user)) && (types == nil || slices.Contains(types, e.kind))
	}
	return browse(a.events, in, keep, a.writeEvent), nil
}

// threadSeen lists the messages that may be a ticket's, as lists show them.
func (a *account) threadSeen(ticket int64) []int64 {
	var ids []int64
	if t, ok := a.tickets.base.find(ticket); ok {
		for _, m := range a.thread(t) {
			ids = append(ids, a.messages.base.id(m))
		}
	}
	return append(ids, a.moved[ticket]...)
}

// handlers are all endpoints, by pattern.
func handlers() map[string]handler {
	hs := map[string]handler{
		"account": plain(nil, func(a *account, _ *request) answer {
			var j jot
			a.writeAccount(&j)
			return answer{status: http.StatusOK, body: j.b}
		}),
		"account/settings": plain(map[string]check{"type": anyText}, func(a *account, r *request) answer {
			return data(settings(r.values.Get("type")))
		}),
		"tickets/{id}": plain(related, single(tickets, func(a *account, r *request, j *jot, t *ticket) {
			a.writeTicket(j, t, full(r.values))
		})),
		"tickets/{id}/tags": plain(nil, single(tickets, func(a *account, _ *request, j *jot, t *ticket) {
			var tags []string
			for _, id := range t.tags {
				if tag, ok := a.tags.get(id); ok {
					var one jot
					tag.write(&one)
					tags = append(tags, string(one.b))
				}
			}
			j.b = append(j.b, data(tags).body...)
		})),
		"tickets/{id}/custom-fields": plain(nil, single(tickets, func(a *account, _ *request, j *jot, t *ticket) {
			j.b = append(j.b, a.fieldValues(t.values).body...)
		})),
		"tickets/{id}/messages": plain(map[string]check{"page": number, "limit": number}, single(tickets, threadPage)),
		"tickets/{id}/messages/{id}": plain(nil, func(a *account, r *request) answer {
			m, ok := a.messages.get(r.ids[1])
			if into, merged := a.tickets.survivor(r.ids[0]); ok && merged && into == m.ticket && !a.doubts.MergedNotFound {
				return answer{status: http.StatusMovedPermanently, location: "/api/tickets/" + num(into) + "/messages/" + num(m.id)}
			}
			if !ok || m.ticket != r.ids[0] {
				return notFound()
			}
			var j jot
			a.writeMessage(&j, &m, inThread)
			return answer{status: http.StatusOK, body: j.b}
		}),
		"customers/{id}": plain(related, single(customers, func(a *account, r *request, j *jot, c *customer) {
			a.writeCustomer(j, c, full(r.values))
		})),
		"customers/{id}/custom-fields": plain(nil, single(customers, func(a *account, _ *request, j *jot, c *customer) {
			j.b = append(j.b, a.fieldValues(c.values).body...)
		})),
		"events/{id}": plain(nil, single(events, func(a *account, _ *request, j *jot, e *event) { a.writeEvent(j, e) })),
		"users/{id}": plain(nil, func(a *account, r *request) answer {
			if r.ids[0] == 0 { // whoever asks
				r.ids[0] = firstUser
			}
			return aRecord(a, r)
		}),
		"views/{id}/items": (*account).viewItems,
		statsPath:          (*account).stats,
	}
	for _, e := range entries() {
		hs[e.path] = e.list
		if _, own := hs[e.path+"/{id}"]; !own && e.path != "messages" { // a message is asked for below its ticket
			hs[e.path+"/{id}"] = aRecord
		}
	}
	return hs
}

func tickets(a *account) *table[ticket]     { return a.tickets }
func customers(a *account) *table[customer] { return a.customers }
func events(a *account) *table[event]       { return a.events }

// aRecord answers for one of the smaller resources.
func aRecord(a *account, r *request) answer {
	path := r.path[:strings.LastIndexByte(r.path, '/')]
	return plain(nil, single(func(a *account) *table[record] { return a.records[path] },
		func(_ *account, _ *request, j *jot, r *record) { r.write(j) }))(a, r)
}

var related = map[string]check{"relationships": many(10, oneOfTexts("custom_fields"))}

func full(v url.Values) form { return pickIf(v.Has("relationships"), inFuller, inFull) }

// data wraps rows that come all at once.
func data(rows []string) answer {
	return answer{status: http.StatusOK, body: []byte(`{"data":` + list(rows) + `}`)}
}

// fieldValues tells values with the definitions of their fields.
func (a *account) fieldValues(values []value) answer {
	var rows []string
	for _, v := range values {
		f, ok := a.fields.get(v.field)
		if !ok {
			continue
		}
		var j jot
		j.open("", '{')
		j.key("field")
		f.write(&j)
		j.raw("prediction", pickIf(v.predicted, `{"confidence":0.90,"value":`+v.raw+`}`, "null"))
		j.raw("value", v.raw)
		j.close('}')
		rows = append(rows, string(j.b))
	}
	return data(rows)
}

// threadPage is a page of the deprecated list of a ticket's messages, which
// counts pages instead of handing out cursors.
func threadPage(a *account, r *request, j *jot, t *ticket) {
	const perPage = 30
	ids := a.threadOf(t.id)
	n, err := strconv.Atoi(r.values.Get("page"))
	if err != nil {
		n = 1
	}
	n = min(n, 1e6) // far behind the last
	path := "/api/tickets/" + num(t.id) + "/messages/"
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
