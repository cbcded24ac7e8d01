package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// relationships is the parameter of a single ticket or customer.
var relationships = map[string]paramCheck{"relationships": multiValue(10, checkOneOf("custom_fields"))}

// handlers returns the handlers of all endpoints by the pattern of their path.
func handlers() map[string]handler {
	hs := map[string]handler{
		"account":                      withParams(nil, serveAccount),
		"account/settings":             withParams(map[string]paramCheck{"type": textParam}, serveSettings),
		"tickets/{id}":                 withParams(relationships, serveRow(ticketTable, writeTicketDetail)),
		"tickets/{id}/tags":            withParams(nil, serveRow(ticketTable, writeTicketTags)),
		"tickets/{id}/custom-fields":   withParams(nil, serveRow(ticketTable, writeTicketFields)),
		"tickets/{id}/messages":        withParams(map[string]paramCheck{"page": numberParam, "limit": numberParam}, serveRow(ticketTable, writeThread)),
		"tickets/{id}/messages/{id}":   withParams(nil, serveMessage),
		"customers/{id}":               withParams(relationships, serveRow(customerTable, writeCustomerDetail)),
		"customers/{id}/custom-fields": withParams(nil, serveRow(customerTable, writeCustomerFields)),
		"events/{id}":                  withParams(nil, serveRow(eventTable, writeEventDetail)),
		"users/{id}":                   withParams(nil, serveUser),
		"views/{id}/items":             (*account).serveViewItems,
		statsPath:                      (*account).serveStats,
		"metric-cards":                 withParams(metricCardParams, serveMetricCards),
	}
	for _, e := range listEndpoints() {
		hs[e.path] = e.serve
		if _, own := hs[e.path+"/{id}"]; !own && e.path != "messages" { // a single message is below its ticket
			hs[e.path+"/{id}"] = serveRecord
		}
	}
	return hs
}

func ticketTable(a *account) *table[ticket]     { return a.tickets }
func customerTable(a *account) *table[customer] { return a.customers }
func eventTable(a *account) *table[event]       { return a.events }

func serveAccount(a *account, _ *request) response {
	var j jsonWriter
	a.writeAccount(&j)
	return response{status: http.StatusOK, body: j.b}
}

func serveSettings(_ *account, r *request) response {
	settings := accountSettings(r.values.Get("type"))
	return response{status: http.StatusOK, body: []byte(`{"data":` + jsonArray(settings) + `}`)}
}

// serveRecord serves a record of one of the smaller resources.
func serveRecord(a *account, r *request) response {
	path := r.path[:strings.LastIndexByte(r.path, '/')]
	return withParams(nil, serveRow(func(a *account) *table[record] { return a.recordTables[path] },
		func(_ *account, _ *request, j *jsonWriter, r *record) { r.write(j) }))(a, r)
}

// serveUser serves a user; id 0 is the user whose credentials the client has.
func serveUser(a *account, r *request) response {
	if r.ids[0] == 0 {
		r.ids[0] = firstUser
	}
	return serveRecord(a, r)
}

// serveMessage serves a message below its ticket, or redirects to it below the
// ticket that its ticket was merged into.
func serveMessage(a *account, r *request) response {
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
}

func detailVariant(v url.Values) variant {
	return pickIf(v.Has("relationships"), inDetailWithFields, inDetail)
}

func writeTicketDetail(a *account, r *request, j *jsonWriter, t *ticket) {
	a.writeTicket(j, t, detailVariant(r.values))
}

func writeCustomerDetail(a *account, r *request, j *jsonWriter, c *customer) {
	a.writeCustomer(j, c, detailVariant(r.values))
}

func writeEventDetail(a *account, _ *request, j *jsonWriter, e *event) { a.writeEvent(j, e) }

func writeTicketTags(a *account, _ *request, j *jsonWriter, t *ticket) {
	j.open("", '{')
	j.open("data", '[')
	for _, id := range t.tags {
		if tag, ok := a.tags.get(id); ok {
			tag.write(j)
		}
	}
	j.close(']')
	j.close('}')
}

func writeTicketFields(a *account, _ *request, j *jsonWriter, t *ticket) {
	a.writeFieldList(j, t.values)
}

func writeCustomerFields(a *account, _ *request, j *jsonWriter, c *customer) {
	a.writeFieldList(j, c.values)
}

// writeFieldList writes custom-field values with the definitions of the fields.
func (a *account) writeFieldList(j *jsonWriter, values []fieldValue) {
	j.open("", '{')
	j.open("data", '[')
	for _, v := range values {
		f, ok := a.customFields.get(v.field)
		if !ok {
			continue
		}
		j.open("", '{')
		j.memberName("field")
		f.write(j)
		j.raw("prediction", pickIf(v.predicted, `{"confidence":0.90,"value":`+v.raw+`}`, "null"))
		j.raw("value", v.raw)
		j.close('}')
	}
	j.close(']')
	j.close('}')
}

// writeThread writes a page of the deprecated list of a ticket's messages,
// which has page numbers instead of page tokens.
func writeThread(a *account, r *request, j *jsonWriter, t *ticket) {
	const perPage = 30
	ids := a.threadMessages(t.id)
	n, err := strconv.Atoi(r.values.Get("page"))
	if err != nil { // not requested
		n = 1
	}
	n = min(n, 1e6) // past the end, and n*perPage does not overflow
	path := "/api/tickets/" + number(t.id) + "/messages/"
	j.open("", '{')
	j.open("data", '[')
	for i := min((n-1)*perPage, len(ids)); i < min(n*perPage, len(ids)); i++ {
		m, _ := a.messages.get(ids[i]) // exists: threadMessages returned it
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
