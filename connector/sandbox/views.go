package sandbox

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A lens is what a view shows: an expression, and what it comes to.
type lens struct {
	name, slug, filters string
	orderBy             string
	customers           bool
	keep                func(me int64, t *ticket) bool
}

var lenses = []lens{
	{"Inbox", "inbox", "eq(ticket.assignee_user.id, '{{current_user.id}}') && eq(ticket.status, 'open')", "last_message_datetime", false,
		func(me int64, t *ticket) bool { return t.user == me && t.open && !t.hidden() }},
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

func (t *ticket) hidden() bool { return t.spam || t.trashed != 0 }

func (a *account) view(i int) record {
	id := firstView + int64(i)
	c := begin(a.seed, ofSetting, id)
	created := a.setUp(&c, i)
	l := lenses[i%len(lenses)]
	again := numbered(i / len(lenses))
	fields := `["id","details","tags","customer","updated"]`
	if l.customers {
		fields = `["name","email","created","updated"]`
	}
	var teams, users []string
	visibility := pick(&c, []string{`"public"`, `"shared"`, `"private"`})
	if visibility == `"shared"` && a.size.Teams > 0 {
		teams = []string{a.shortTeam(firstTeam)}
	}
	if visibility == `"private"` {
		p := a.persona(firstUser)
		users = []string{`{"id":` + num(p.id) + `,"name":` + p.name + `,"meta":` + p.meta + `}`}
	}
	return record{id, []field{
		{"id", num(id)},
		{"category", pickIf(i < len(lenses), `"system"`, pickIf(c.one(3), "null", `"user"`))},
		{"created_datetime", when(created)},
		{"deactivated_datetime", when(pickIf(i >= len(lenses) && c.one(3), a.later(&c, created), 0))},
		{"decoration", pick(&c, []string{"null", `{"emoji":"📦"}`, `{"emoji":null}`})},
		{"fields", fields},
		{"filters", quote(strings.ReplaceAll(l.filters, "{{current_user.id}}", num(firstUser)))},
		{"filters_ast", program(i % 5)},
		{"name", quote(l.name + again)},
		{"order_by", quote(l.orderBy)},
		{"order_dir", `"desc"`},
		{"search", "null"},
		{"shared_with_teams", list(teams)},
		{"shared_with_users", list(users)},
		{"section_id", pickIf(c.one(3), "301", "null")},
		{"slug", quote(l.slug + strings.ReplaceAll(again, " ", "-"))},
		{"type", pickIf(l.customers, `"customer-list"`, `"ticket-list"`)},
		{"uri", `"/api/views/` + num(id) + `/"`},
		{"visibility", visibility},
	}}
}

func lensOf(view int64) lens { return lenses[int(view-firstView)%len(lenses)] }

// recently is how many of the newest base tickets and customers a view looks
// at, so that one page of it stays cheap in an account of millions.
const recently = 2000

func candidates[R row](t *table[R]) []int64 {
	var ids []int64
	for i := max(t.base.n-recently, 0); i < t.base.n; i++ {
		ids = append(ids, t.base.id(i))
	}
	for id := range t.shown {
		ids = append(ids, id)
	}
	return ids
}

// items is the shelf of what a view shows.
func (a *account) items(view int64) shelf {
	l := lensOf(view)
	if l.customers {
		return choose(a.customers, candidates(a.customers), nil, func(j *jot, r *customer) { a.writeCustomer(j, r, inView) })
	}
	return choose(a.tickets, candidates(a.tickets),
		func(t *ticket) bool { return l.keep(firstUser, t) },
		func(j *jot, t *ticket) { a.writeTicket(j, t, inView) })
}

var itemOrders = both("created_datetime", "updated_datetime", "last_message_datetime", "last_received_message_datetime",
	"closed_datetime", "snooze_datetime", "priority")

// viewItems answers GET views/{id}/items, which pages in a way of its own: a
// cursor of the value sorted by and whether it is empty, and beside it the id
// of the row not to be repeated.
func (a *account) viewItems(r *request) answer {
	if _, ok := a.views.get(r.ids[0]); !ok {
		return notFound()
	}
	q, bad := r.query(entry{
		path:   r.path,
		orders: append([]string{lensOf(r.ids[0]).orderBy + ":desc"}, itemOrders...),
		params: map[string]check{"direction": oneOf("next", "prev"), "ignored_item": number, "cursor": anyText},
	})
	if bad != nil {
		return bad.answer()
	}
	if cursor := q.Get("cursor"); cursor != "" {
		b, err := base64.StdEncoding.DecodeString(cursor)
		value, empty, found := strings.Cut(string(b), "-")
		n, err2 := strconv.ParseInt(value, 10, 64)
		if err != nil || err2 != nil || !found || empty != "true" && empty != "false" {
			return refuse("cursor", "Invalid cursor.").answer()
		}
		id, _ := strconv.ParseInt(q.Get("ignored_item"), 10, 64) // checked; 0 if not sent
		q.after, q.back = &key{n: n, id: id}, q.Get("direction") == "prev"
	}
	p := a.items(r.ids[0]).page(q)
	j := jot{}
	j.open("", '{')
	j.open("data", '[')
	p.rows(&j)
	j.close(']')
	j.open("meta", '{')
	first, last := p.ends()
	j.raw("next_items", itemsLink(p.next != "", r.path, "next", last))
	j.raw("prev_items", itemsLink(p.prev != "", r.path, "prev", first))
	j.raw("current_cursor", quoteOrNull(itemsCursor(last)))
	j.close('}')
	j.close('}')
	return answer{status: 200, body: j.b}
}

func itemsLink(there bool, path, direction string, k key) string {
	if !there {
		return "null"
	}
	return quote("/api/" + path + "/?direction=" + direction + "&ignored_item=" + num(k.id) + "&cursor=" + url.QueryEscape(itemsCursor(k)))
}

// itemsCursor is empty after an empty page.
func itemsCursor(k key) string {
	if k.id == 0 {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(num(k.n) + "-" + yes(k.n == 0)))
}

// ends are the keys of the first and the last row.
func (c cut) ends() (first, last key) {
	if n := len(c.keys); n > 0 {
		return c.keys[0], c.keys[n-1]
	}
	return first, last
}
