package sandbox

import "slices"

// A ticket holds what can change of a ticket. The rest follows from the id (see
// writeTicket).
type ticket struct {
	id, customer, user, team int64 // 0 = none

	created, updated, opened, lastReceived, lastMessage, closed, snoozed, trashed timestamp

	open, unread, spam, undelivered bool

	excerptLost bool // a message was deleted since the last one was added

	priority string // not raw
	subject  string // raw
	messages int
	tags     []int64
	values   []fieldValue
}

// A fieldValue is a ticket's or customer's value of a custom field.
type fieldValue struct {
	field     int64 // id
	raw       string
	predicted bool
}

func (t ticket) sortKey(order string) sortKey {
	return sortKey{n: t.orderValue(order), id: t.id}
}

// orderValue returns the value that an order compares.
func (t *ticket) orderValue(order string) int64 {
	switch order {
	case "updated_datetime":
		return int64(t.updated)
	case "last_message_datetime":
		return int64(t.lastMessage)
	case "last_received_message_datetime":
		return int64(t.lastReceived)
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

// baseTicket returns base ticket i.
func (a *account) baseTicket(i int) ticket {
	rng := newPRNG(a.seed, saltTicket, int64(i))
	b := &a.tickets.base
	t := ticket{
		id:       b.id(i),
		customer: a.customerOf(i),
		created:  b.created(i),
		updated:  b.updated(b.updatePosition(i)),
		priority: "normal",
		subject:  "null",
	}
	thread := a.threadIndices(i)
	t.messages = len(thread)
	t.lastMessage, t.lastReceived = a.lastMessages(thread)
	if !rng.oneIn(7) {
		t.subject = rng.subject()
	}
	if rng.oneIn(4) {
		t.priority = pick(&rng, priorities)
	}
	if !rng.oneIn(3) {
		t.user = a.randomUser(&rng)
	}
	if a.size.Teams > 0 && rng.oneIn(2) {
		t.team = firstTeam + int64(rng.intn(a.size.Teams))
	}
	if !rng.oneIn(5) {
		t.opened = min(t.created+timestamp(rng.intn(int(2*hour))), t.updated)
	}
	t.open = rng.oneIn(15) || i > b.n*7/8 && rng.oneIn(2)
	if !t.open {
		t.closed = max(t.updated-timestamp(rng.intn(int(second))), t.lastMessage)
	} else if rng.oneIn(6) {
		t.snoozed = a.epoch + timestamp(1+rng.intn(20))*day
	}
	t.unread = t.open && rng.oneIn(3)
	t.spam = rng.oneIn(30)
	t.undelivered = rng.oneIn(50)
	if rng.oneIn(40) {
		t.trashed = t.updated
	}
	t.tags = a.randomTags(&rng)
	t.values = a.randomFieldValues(&rng, a.size.CustomFields-a.size.CustomFields/3, func(k int) int { return k/2*3 + k%2 })
	return t
}

// lastMessages returns when the last message of a thread, and the last one of
// the customer, was created; 0 if there is none.
func (a *account) lastMessages(thread []int) (last, lastReceived timestamp) {
	for _, m := range slices.Backward(thread) {
		t := a.messageCreated(m)
		if last == 0 {
			last = t
		}
		if !a.sentByAgent(m) {
			return last, t
		}
	}
	return last, 0
}

// randomTags returns the ids of up to three tags.
func (a *account) randomTags(rng *prng) []int64 {
	n := a.size.Tags
	if n == 0 || rng.oneIn(3) {
		return nil
	}
	var tags []int64
	first := rng.intn(n)
	for k := range min(1+rng.intn(3), n) {
		tags = append(tags, firstTag+int64((first+k*7)%n))
	}
	return slices.Compact(tags)
}

// randomFieldValues returns values of up to three of n custom fields; index
// returns the index of the k-th of them.
func (a *account) randomFieldValues(rng *prng, n int, index func(k int) int) []fieldValue {
	if n < 1 || rng.oneIn(3) {
		return nil
	}
	var vs []fieldValue
	first := rng.intn(n)
	for k := range min(1+rng.intn(3), n) {
		i := index((first + k) % n)
		vs = append(vs, fieldValue{firstField + int64(i), randomFieldValue(rng, i), rng.oneIn(3)})
	}
	return vs
}

// customerOf returns the id of the customer of base ticket i: one that was
// created shortly before the ticket, or sometimes an older one; 0 in an account
// without customers.
func (a *account) customerOf(i int) int64 {
	n := a.size.Customers
	if n == 0 {
		return 0
	}
	return a.customers.base.id(customerIndex(i, a.size.Tickets, n))
}

const returningOffset = 7 // how much older a returning customer is, in customers

// customerIndex returns the index of the customer of base ticket i.
func customerIndex(i, tickets, customers int) int {
	k := i * customers / max(tickets, 1)
	if i%4 == 3 && k >= returningOffset {
		return k - returningOffset
	}
	return max(k-1, 0)
}

// ticketsOf returns the ids of a customer's tickets, also of those that lists do
// not show yet.
func (a *account) ticketsOf(customer int64) []int64 {
	var ids []int64
	add := func(id int64) {
		if t, ok := a.tickets.get(id); ok && t.customer == customer {
			ids = append(ids, id)
		}
	}
	n := a.size.Tickets
	if k, ok := a.customers.base.index(customer); ok {
		for _, k := range []int{k, k + 1, k + returningOffset} {
			for i := k * n / a.size.Customers; i <= (k+1)*n/a.size.Customers && i < n; i++ {
				add(a.tickets.base.id(i))
			}
		}
	}
	for id := range a.tickets.listed {
		add(id)
	}
	for id := range a.tickets.unlisted {
		add(id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// A variant is one of the forms in which the API sends a ticket, a customer or a
// message.
type variant int

const (
	inList             variant = iota
	inView                     // item of a view
	inDetail                   // single
	inDetailWithFields         // single, with relationships=custom_fields
	inThread                   // in the deprecated list below a ticket, or single
	inTicket                   // within a ticket
)

var channels = []string{
	"email", "email", "email", "chat", "contact_form", "phone", "instagram-direct-message", "facebook-messenger",
	"sms", "help-center", "api", "whatsapp", "our-own-app",
}

// channelVia has the via of the tickets of a channel, if it is not the channel's
// name.
var channelVia = map[string]string{
	"chat": "gorgias_chat", "contact_form": "form", "phone": "twilio", "instagram-direct-message": "instagram",
	"help-center": "helpdesk", "our-own-app": "api",
}

// channelOf returns the channel and the via of the ticket with this id.
func (a *account) channelOf(id int64) (channel, via string) {
	rng := newPRNG(a.seed, saltTicketDetails, id)
	channel = pick(&rng, channels)
	via = channel
	if v, ok := channelVia[channel]; ok {
		via = v
	}
	return channel, via
}

// writeTicket writes a ticket.
func (a *account) writeTicket(j *jsonWriter, t *ticket, v variant) {
	rng := newPRNG(a.seed, saltTicketDetails, -t.id)
	channel, via := a.channelOf(t.id)
	list := v == inList || v == inView
	j.open("", '{')
	j.int("id", t.id)
	j.text("uri", "/api/tickets/", t.id, "/")
	externalID := "null"
	if rng.oneIn(6) {
		externalID = `"LEGACY-` + number(int64(rng.intn(1e6))) + `"`
	}
	j.raw("external_id", externalID)
	j.raw("language", pick(&rng, []string{`"en"`, `"en"`, `"fr"`, `"de"`, "null"}))
	j.raw("status", pickIf(t.open, `"open"`, `"closed"`))
	j.text("priority", t.priority)
	j.text("channel", channel)
	j.text("via", via)
	j.raw("from_agent", pick(&rng, []string{"false", "false", "false", "true", "null"}))
	if list {
		a.writePerson(j, "customer", t.customer)
	} else {
		a.writeContact(j, "customer", t.customer)
	}
	if t.user == 0 {
		j.raw("assignee_user", "")
	} else {
		p := a.personOf(t.user)
		j.open("assignee_user", '{')
		p.write(j)
		j.raw("bio", "")
		j.close('}')
	}
	j.raw("assignee_team", a.teamReference(t.team))
	j.raw("subject", t.subject)
	if v != inView {
		a.writeSummary(j, t, &rng)
	}
	if list {
		a.writeExcerpt(j, t)
		j.open("integrations", '[')
		if a.size.Integrations > 0 && !rng.oneIn(4) {
			j.open("", '{')
			j.raw("name", `"Support"`)
			j.text("address", "support@", a.subdomain, ".example")
			j.text("type", channel)
			j.close('}')
		}
		j.close(']')
	}
	j.raw("meta", rng.arbitraryJSON())
	j.open("tags", '[')
	for _, id := range t.tags {
		name, decoration := a.tagNameAndDecoration(id)
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
	j.time("last_received_message_datetime", t.lastReceived)
	j.time("last_message_datetime", t.lastMessage)
	if list {
		j.bool("last_sent_message_not_delivered", t.undelivered)
	}
	j.time("updated_datetime", t.updated)
	j.time("closed_datetime", t.closed)
	j.time("snooze_datetime", t.snoozed)
	j.time("trashed_datetime", t.trashed)
	if v == inList || v == inDetailWithFields {
		writeValues(j, t.values)
	}
	if !list {
		a.writeTicketDetails(j, t, &rng, channel)
	}
	j.close('}')
}

func (a *account) writeSummary(j *jsonWriter, t *ticket, rng *prng) {
	if !rng.oneIn(4) {
		j.raw("summary", "")
		return
	}
	at := t.created + 5*minute
	j.open("summary", '{')
	j.raw("content", string(append(rng.expand([]byte{'"'}, "The customer asks about order # and the %."), '"')))
	j.time("created_datetime", at)
	j.time("updated_datetime", at)
	j.ref("triggered_by", a.randomUser(rng))
	j.close('}')
}

// writeExcerpt writes the beginning of the last message, which changes with the
// number of messages.
func (a *account) writeExcerpt(j *jsonWriter, t *ticket) {
	if t.messages == 0 || t.excerptLost {
		j.raw("excerpt", "")
		return
	}
	rng := newPRNG(a.seed, saltTicketDetails, t.id<<8|int64(t.messages&255))
	j.raw("excerpt", string(append(append([]byte{'"'}, rng.prose()...), '"')))
}

// writeValues writes custom-field values in the form that lists have.
func writeValues(j *jsonWriter, values []fieldValue) {
	j.open("custom_fields", '{')
	for _, v := range values {
		id := number(v.field)
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

// writeTicketDetails writes the members that only a single ticket has.
func (a *account) writeTicketDetails(j *jsonWriter, t *ticket, rng *prng, channel string) {
	j.raw("events", "[]")
	j.raw("imported", pick(rng, []string{"null", "null", "false", "true"}))
	j.ref("assignee_user_id", t.user)
	j.ref("assignee_team_id", t.team)
	j.open("messages", '[')
	for _, id := range a.threadMessages(t.id) {
		if m, ok := a.messages.get(id); ok {
			a.writeMessage(j, &m, inTicket)
		}
	}
	j.close(']')
	j.time("processed_datetime", pickIf(rng.oneIn(5), 0, t.created+281*1000))
	if s, ok := a.surveyOf(t.id); ok {
		j.memberName("satisfaction_survey")
		s.write(j)
	} else {
		j.raw("satisfaction_survey", "")
	}
	j.open("reply_options", '{')
	j.raw(channel, `{"answerable":true}`)
	j.raw("internal-note", `{"answerable":true}`)
	j.close('}')
	a.writeContact(j, "requester", t.customer)
}

// pickIf returns a if yes, else b. Both are evaluated.
func pickIf[T any](yes bool, a, b T) T {
	if yes {
		return a
	}
	return b
}
