package sandbox

import "slices"

// A ticket is a conversation with a customer, as far as it can change. What
// never does follows from the id (writeTicket).
type ticket struct {
	id, customer, user, team int64 // 0 = none

	created, updated, opened, received, message, closed, snoozed, trashed instant

	open, unread, spam, undelivered bool

	priority string // not raw
	subject  string // raw
	messages int
	tags     []int64
	values   []value
}

// A value is what a ticket or customer has in a custom field.
type value struct {
	field     int64
	raw       string
	predicted bool
}

func (t ticket) key(order string) key {
	return key{n: t.number(order), id: t.id}
}

func (t *ticket) number(order string) int64 {
	switch order {
	case "updated_datetime":
		return int64(t.updated)
	case "last_message_datetime":
		return int64(t.message)
	case "last_received_message_datetime":
		return int64(t.received)
	case "closed_datetime":
		return int64(t.closed)
	case "snooze_datetime":
		return int64(t.snoozed)
	case "priority":
		return int64(slices.Index(priorities, t.priority))
	}
	return int64(t.created)
}

var priorities = []string{"low", "normal", "high", "critical"}

func (a *account) baseTicket(i int) ticket {
	c := begin(a.seed, ofTicket, int64(i))
	b := &a.tickets.base
	t := ticket{
		id:       b.id(i),
		customer: a.customerOf(i),
		created:  b.created(i),
		updated:  b.updated(b.place(i)),
		priority: "normal",
		subject:  "null",
	}
	thread := a.thread(i)
	t.messages = len(thread)
	for _, m := range slices.Backward(thread) {
		at := a.messageTime(m)
		if t.message == 0 {
			t.message = at
		}
		if !a.byAgent(m) {
			t.received = at
			break
		}
	}
	if !c.one(7) {
		t.subject = c.subject()
	}
	if c.one(4) {
		t.priority = pick(&c, priorities)
	}
	if !c.one(3) {
		t.user = a.userAt(&c)
	}
	if a.size.Teams > 0 && c.one(2) {
		t.team = firstTeam + int64(c.below(a.size.Teams))
	}
	if !c.one(5) {
		t.opened = min(t.created+instant(c.below(int(2*hour))), t.updated)
	}
	t.open = c.one(15) || i > b.n*7/8 && c.one(2)
	if !t.open {
		t.closed = max(t.updated-instant(c.below(int(second))), t.message)
	} else if c.one(6) {
		t.snoozed = a.epoch + instant(1+c.below(20))*day
	}
	t.unread = t.open && c.one(3)
	t.spam = c.one(30)
	t.undelivered = c.one(50)
	if c.one(40) {
		t.trashed = t.updated
	}
	if n := a.size.Tags; n > 0 && !c.one(3) {
		first := c.below(n)
		for k := range min(1+c.below(3), n) {
			t.tags = append(t.tags, firstTag+int64((first+k*7)%n))
		}
		t.tags = slices.Compact(t.tags)
	}
	t.values = a.values(&c, a.size.CustomFields-a.size.CustomFields/3, func(k int) int { return k/2*3 + k%2 })
	return t
}

// values fills a few of n custom fields; index tells which the k-th is.
func (a *account) values(c *chance, n int, index func(k int) int) []value {
	if n < 1 || c.one(3) {
		return nil
	}
	var vs []value
	first := c.below(n)
	for k := range min(1+c.below(3), n) {
		i := index((first + k) % n)
		vs = append(vs, value{firstField + int64(i), fieldValue(c, i), c.one(3)})
	}
	return vs
}

// customerOf is the customer of base ticket i: one that came about when the
// ticket did, and now and then one that came a good while before.
func (a *account) customerOf(i int) int64 {
	n := a.size.Customers
	if n == 0 {
		return 0
	}
	return a.customers.base.id(customerIndex(i, a.size.Tickets, n))
}

const regulars = 7

func customerIndex(i, tickets, customers int) int {
	k := i * customers / max(tickets, 1)
	if i%4 == 3 && k >= regulars {
		return k - regulars
	}
	return max(k-1, 0)
}

// ticketsOf lists the tickets of a customer, as lists show them or will.
func (a *account) ticketsOf(customer int64) []int64 {
	var ids []int64
	look := func(id int64) {
		if t, ok := a.tickets.get(id); ok && t.customer == customer {
			ids = append(ids, id)
		}
	}
	n := a.size.Tickets
	if k, ok := a.customers.base.find(customer); ok {
		for _, k := range []int{k, k + 1, k + regulars} {
			for i := k * n / a.size.Customers; i <= (k+1)*n/a.size.Customers && i < n; i++ {
				look(a.tickets.base.id(i))
			}
		}
	}
	for id := range a.tickets.shown {
		look(id)
	}
	for id := range a.tickets.fresh {
		look(id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// A form is one of the shapes a ticket or message is sent in.
type form int

const (
	inList   form = iota
	inView        // of a view's items
	inFull        // alone
	inFuller      // alone, with relationships=custom_fields
	inThread      // of the deprecated list per ticket
	inTicket      // within a ticket
)

var channels = []string{
	"email", "email", "email", "chat", "contact_form", "phone", "instagram-direct-message", "facebook-messenger",
	"sms", "help-center", "api", "whatsapp", "our-own-app",
}

// vias tells by which way a channel's tickets come, where it is not its own
// name.
var vias = map[string]string{
	"chat": "gorgias_chat", "contact_form": "form", "phone": "twilio", "instagram-direct-message": "instagram",
	"help-center": "helpdesk", "our-own-app": "api",
}

// route tells how ticket id came in.
func (a *account) route(id int64) (channel, via string) {
	c := begin(a.seed, ofTicketLook, id)
	channel = pick(&c, channels)
	via = channel
	if v, ok := vias[channel]; ok {
		via = v
	}
	return channel, via
}

func (a *account) writeTicket(j *jot, t *ticket, as form) {
	c := begin(a.seed, ofTicketLook, -t.id)
	channel, via := a.route(t.id)
	list := as == inList || as == inView
	j.open("", '{')
	j.int("id", t.id)
	j.link("uri", "/api/tickets/", t.id, "/")
	external := "null"
	if c.one(6) {
		external = `"LEGACY-` + num(int64(c.below(1e6))) + `"`
	}
	j.raw("external_id", external)
	j.raw("language", pick(&c, []string{`"en"`, `"en"`, `"fr"`, `"de"`, "null"}))
	j.raw("status", pickIf(t.open, `"open"`, `"closed"`))
	j.link("priority", t.priority)
	j.link("channel", channel)
	j.link("via", via)
	j.raw("from_agent", pick(&c, []string{"false", "false", "false", "true", "null"}))
	if list {
		a.person(j, "customer", t.customer)
	} else {
		a.customer(j, "customer", t.customer)
	}
	if t.user == 0 {
		j.raw("assignee_user", "")
	} else {
		p := a.persona(t.user)
		j.open("assignee_user", '{')
		p.write(j)
		j.raw("bio", "")
		j.close('}')
	}
	j.raw("assignee_team", a.shortTeam(t.team))
	j.raw("subject", t.subject)
	if as != inView {
		a.summary(j, t, &c)
	}
	if list {
		a.excerpt(j, t)
		j.open("integrations", '[')
		if a.size.Integrations > 0 && !c.one(4) {
			j.open("", '{')
			j.raw("name", `"Support"`)
			j.link("address", "support@", a.subdomain, ".example")
			j.link("type", channel)
			j.close('}')
		}
		j.close(']')
	}
	j.raw("meta", c.anything())
	j.open("tags", '[')
	for _, id := range t.tags {
		name, decoration := a.tagLook(id)
		j.open("", '{')
		j.int("id", id)
		j.raw("name", name)
		j.raw("decoration", decoration)
		j.close('}')
	}
	j.close(']')
	if list {
		j.int("messages_count", int64(t.messages))
	}
	j.bool("is_unread", t.unread)
	j.bool("spam", t.spam)
	j.time("created_datetime", t.created)
	j.time("opened_datetime", t.opened)
	j.time("last_received_message_datetime", t.received)
	j.time("last_message_datetime", t.message)
	if list {
		j.bool("last_sent_message_not_delivered", t.undelivered)
	}
	j.time("updated_datetime", t.updated)
	j.time("closed_datetime", t.closed)
	j.time("snooze_datetime", t.snoozed)
	j.time("trashed_datetime", t.trashed)
	if as == inList || as == inFuller {
		writeValues(j, t.values)
	}
	if !list {
		a.ticketDetail(j, t, &c, channel)
	}
	j.close('}')
}

func (a *account) summary(j *jot, t *ticket, c *chance) {
	if !c.one(4) {
		j.raw("summary", "")
		return
	}
	at := t.created + 5*minute
	j.open("summary", '{')
	j.raw("content", string(append(c.fill([]byte{'"'}, "The customer asks about order # and the %."), '"')))
	j.time("created_datetime", at)
	j.time("updated_datetime", at)
	j.ref("triggered_by", a.userAt(c))
	j.close('}')
}

// excerpt tells what the last message begins with.
func (a *account) excerpt(j *jot, t *ticket) {
	if t.messages == 0 {
		j.raw("excerpt", "")
		return
	}
	c := begin(a.seed, ofTicketLook, t.id<<8|int64(t.messages&255))
	j.raw("excerpt", string(append(append([]byte{'"'}, c.prose()...), '"')))
}

func writeValues(j *jot, values []value) {
	j.open("custom_fields", '{')
	for _, v := range values {
		id := num(v.field)
		j.open(id, '{')
		j.raw("id", id)
		j.raw("value", v.raw)
		if v.predicted {
			j.raw("prediction", `{"confidence":0.90,"value":`+v.raw+`}`)
		}
		j.close('}')
	}
	j.close('}')
}

// ticketDetail writes what only the answer for one ticket has.
func (a *account) ticketDetail(j *jot, t *ticket, c *chance, channel string) {
	j.raw("events", "[]")
	j.raw("imported", pick(c, []string{"null", "null", "false", "true"}))
	j.ref("assignee_user_id", t.user)
	j.ref("assignee_team_id", t.team)
	j.open("messages", '[')
	for _, id := range a.threadOf(t.id) {
		if m, ok := a.messages.get(id); ok {
			a.writeMessage(j, &m, inTicket)
		}
	}
	j.close(']')
	j.time("processed_datetime", pickIf(c.one(5), 0, t.created+281*1000))
	if s, ok := a.surveyOf(t.id); ok {
		j.key("satisfaction_survey")
		s.write(j)
	} else {
		j.raw("satisfaction_survey", "")
	}
	j.open("reply_options", '{')
	j.raw(channel, `{"answerable":true}`)
	j.raw("internal-note", `{"answerable":true}`)
	j.close('}')
	a.customer(j, "requester", t.customer)
}

func pickIf[T any](yes bool, a, b T) T {
	if yes {
		return a
	}
	return b
}
