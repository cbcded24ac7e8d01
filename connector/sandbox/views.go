package sandbox

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A viewFilter is the filter of a view: the expression, and the function that
// evaluates it.
type viewFilter struct {
	name, slug, filters string
	orderBy             string
	customers           bool                             // the view shows all customers
	keep                func(user int64, t *ticket) bool // user = the one whose credentials the client has
}

var viewFilters = []viewFilter{
	{"Inbox", "inbox", "eq(ticket.assignee_user.id, '{{current_user.id}}') && eq(ticket.status, 'open')", "last_message_datetime", false,
		func(user int64, t *ticket) bool { return t.user == user && t.open && !t.hidden() }},
	{"All customers", "all-customers", "", "updated_datetime", true, nil},
	{"Open refunds", "open-refunds", "eq(ticket.status, 'open') && containsAny(ticket.tags.name, ['refund'])", "updated_datetime", false,
		func(_ int64, t *ticket) bool { return t.open && slices.Contains(t.tags, firstTag) && !t.hidden() }},
	{"All", "all", "eq(ticket.status, 'open')", "last_message_datetime", false,
		func(_ int64, t *ticket) bool { return t.open && !t.hidden() }},
	{"Closed", "closed", "eq(ticket.status, 'closed')", "closed_datetime", false,
		func(_ int64, t *ticket) bool { return !t.open && !t.hidden() }},
	{"Unassigned", "unassigned", "isEmpty(ticket.assignee_user.id) && eq(ticket.status, 'open')", "last_message_datetime", false,
		func(_ int64, t *ticket) bool { return t.user == 0 && t.open && !t.hidden() }},
	{"Snoozed", "snoozed", "isNotEmpty(ticket.snooze_datetime)", "snooze_datetime", false,
		func(_ int64, t *ticket) bool { return t.snoozed != 0 && !t.hidden() }},
	{"Trash", "trash", "isNotEmpty(ticket.trashed_datetime)", "last_message_datetime", false,
		func(_ int64, t *ticket) bool { return t.trashed != 0 }},
	{"Spam", "spam", "eq(ticket.spam, true)", "last_message_datetime", false,
		func(_ int64, t *ticket) bool { return t.spam && t.trashed == 0 }},
	{"Urgent 🔥", "urgent", "containsAny(ticket.priority, ['critical', 'high'])", "priority", false,
		func(_ int64, t *ticket) bool { return t.priority == "critical" || t.priority == "high" }},
}

// hidden reports whether most views exclude the ticket.
func (t *ticket) hidden() bool { return t.spam || t.trashed != 0 }

func (a *account) view(i int) record {
	id := firstView + int64(i)
	rng := newPRNG(a.seed, saltSetting, id)
	created := a.setupTime(&rng, i)
	filter := viewFilters[i%len(viewFilters)]
	suffix := numberSuffix(i / len(viewFilters))
	fields := `["id","details","tags","customer","updated"]`
	if filter.customers {
		fields = `["name","email","created","updated"]`
	}
	var teams, users []string
	visibility := pick(&rng, []string{`"public"`, `"shared"`, `"private"`})
	if visibility == `"shared"` && a.size.Teams > 0 {
		teams = []string{a.teamReference(firstTeam)}
	}
	if visibility == `"private"` {
		p := a.personOf(firstUser)
		users = []string{`{"id":` + number(p.id) + `,"name":` + p.name + `,"meta":` + p.meta + `}`}
	}
	return record{id, []field{
		{"id", number(id)},
		{"category", pickIf(i < len(viewFilters), `"system"`, pickIf(rng.oneIn(3), "null", `"user"`))},
		{"created_datetime", datetime(created)},
		{"deactivated_datetime", datetime(pickIf(i >= len(viewFilters) && rng.oneIn(3), a.laterTime(&rng, created), 0))},
		{"decoration", pick(&rng, []string{"null", `{"emoji":"📦"}`, `{"emoji":null}`})},
		{"fields", fields},
		{"filters", quote(strings.ReplaceAll(filter.filters, "{{current_user.id}}", number(firstUser)))},
		{"filters_ast", syntaxTree(i % 5)},
		{"name", quote(filter.name + suffix)},
		{"order_by", quote(filter.orderBy)},
		{"order_dir", `"desc"`},
		{"search", "null"},
		{"shared_with_teams", jsonArray(teams)},
		{"shared_with_users", jsonArray(users)},
		{"section_id", pickIf(rng.oneIn(3), "301", "null")},
		{"slug", quote(filter.slug + strings.ReplaceAll(suffix, " ", "-"))},
		{"type", pickIf(filter.customers, `"customer-list"`, `"ticket-list"`)},
		{"uri", `"/api/views/` + number(id) + `/"`},
		{"visibility", visibility},
	}}
}

func viewFilterOf(view int64) viewFilter { return viewFilters[int(view-firstView)%len(viewFilters)] }

// maxViewCandidates is the number of newest base tickets and customers that a
// view can contain, so that a page takes little time in an account of millions.
const maxViewCandidates = 2000

// candidates returns the ids of the rows that a view can contain.
func candidates[R row](t *table[R]) []int64 {
	var ids []int64
	for i := max(t.base.n-maxViewCandidates, 0); i < t.base.n; i++ {
		ids = append(ids, t.base.id(i))
	}
	for id := range t.listed {
		ids = append(ids, id)
	}
	return ids
}

// viewItemSource returns the source of the items of a view.
func (a *account) viewItemSource(view int64) listSource {
	l := viewFilterOf(view)
	if l.customers {
		return idSource(a.customers, candidates(a.customers), nil, func(j *jsonWriter, r *customer) { a.writeCustomer(j, r, inView) })
	}
	return idSource(a.tickets, candidates(a.tickets),
		func(t *ticket) bool { return l.keep(firstUser, t) },
		func(j *jsonWriter, t *ticket) { a.writeTicket(j, t, inView) })
}

var itemOrders = bothDirections("created_datetime", "updated_datetime", "last_message_datetime", "last_received_message_datetime",
	"closed_datetime", "snooze_datetime", "priority")

// serveViewItems serves GET views/{id}/items. Its pages have their own tokens:
// the value that the list is sorted by and whether it is empty. The id of the
// row that precedes the page is a parameter of its own.
func (a *account) serveViewItems(r *request) response {
	if _, ok := a.views.get(r.ids[0]); !ok {
		return notFound()
	}
	q, bad := r.parseQuery(listEndpoint{
		path:   r.path,
		orders: append([]string{viewFilterOf(r.ids[0]).orderBy + ":desc"}, itemOrders...),
		params: map[string]paramCheck{"direction": oneOf("next", "prev"), "ignored_item": numberParam, "cursor": textParam},
	})
	if bad != nil {
		return bad.response()
	}
	if cursor := q.Get("cursor"); cursor != "" {
		b, err := base64.StdEncoding.DecodeString(cursor)
		value, empty, found := strings.Cut(string(b), "-")
		n, err2 := strconv.ParseInt(value, 10, 64)
		if err != nil || err2 != nil || !found || empty != "true" && empty != "false" {
			return newBadRequest("cursor", "Invalid cursor.").response()
		}
		q.after, q.back = &sortKey{n: n, id: q.number("ignored_item")}, q.Get("direction") == "prev"
	}
	p := a.viewItemSource(r.ids[0]).page(q)
	j := jsonWriter{}
	j.open("", '{')
	j.open("data", '[')
	p.writeRows(&j)
	j.close(']')
	j.open("meta", '{')
	first, last := p.ends()
	j.raw("next_items", viewItemsLink(p.next != "", r.path, "next", last))
	j.raw("prev_items", viewItemsLink(p.prev != "", r.path, "prev", first))
	j.raw("current_cursor", quoteOrNull(viewItemsToken(last)))
	j.close('}')
	j.close('}')
	return response{status: 200, body: j.b}
}

// viewItemsLink returns the link to the next or the previous page, raw.
func viewItemsLink(exists bool, path, direction string, k sortKey) string {
	if !exists {
		return "null"
	}
	return quote("/api/" + path + "/?direction=" + direction + "&ignored_item=" + number(k.id) + "&cursor=" + url.QueryEscape(viewItemsToken(k)))
}

// viewItemsToken returns the token of the page after a key; "" for the key of
// an empty page.
func viewItemsToken(k sortKey) string {
	if k.id == 0 {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(number(k.n) + "-" + boolean(k.n == 0)))
}
