package sandbox

import (
	"slices"
	"time"
)

// A change is one operation on the account: the rows it writes become visible
// together, and its events share a context.
type change struct {
	*account
	at        instant // when it happens
	visible   instant // when lists begin to show it
	operation uint64
	luck      chance // what it leaves open
}

// begin begins a change that happens now. It becomes visible at the given
// time, or, if that is zero, within the account's lag.
func (a *account) begin(visible time.Time) *change {
	c := &change{account: a, at: a.tick()}
	a.seq++
	c.luck = begin(a.seed, ofChange, int64(a.seq))
	c.operation = c.luck.next()
	c.visible = c.at
	if !visible.IsZero() {
		c.visible = instantOf(visible)
	} else if a.lag > 0 {
		c.visible += instant(c.luck.below(int(a.lag/time.Microsecond) + 1))
	}
	return c
}

// put writes a row, drop takes one away.
func put[R row](c *change, t *table[R], id int64, r R) { lay(c, t, id, version[R]{row: r}) }

func drop[R row](c *change, t *table[R], id int64) { lay(c, t, id, version[R]{gone: true}) }

func lay[R row](c *change, t *table[R], id int64, v version[R]) {
	c.seq++
	v.seq = c.seq
	if c.visible <= c.at {
		t.show(id, v)
		return
	}
	t.fresh[id] = v
	c.await(c.visible, func() { t.show(id, v) })
}

// fresh ids grow, with gaps.
func newID[R row](c *change, t *table[R]) int64 {
	t.top += 1 + int64(c.luck.below(3))
	return t.top
}

// event writes down what happened to an object.
func (c *change) event(objectType string, object int64, kind, data string) {
	id := newID(c, c.events)
	put(c, c.events, id, event{
		id: id, object: object, user: pickIf(c.luck.one(3), 0, c.userAt(&c.luck)),
		created: c.at, objectType: objectType, kind: kind, data: data, operation: c.operation,
	})
}

// change makes one named change.
func (s *Server) change(visible time.Time, f func(c *change)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.open().begin(visible))
}

// edit changes one row if it is there.
func edit[R row](s *Server, of func(*account) *table[R], id int64, f func(c *change, r R)) bool {
	found := false
	s.change(time.Time{}, func(c *change) {
		var r R
		if r, found = of(c.account).get(id); found {
			f(c, r)
		}
	})
	return found
}

// The changes. Those of a thing that is not there do nothing and return false.

// AddTicket adds a ticket with two messages, dated as given: in the past, as an
// import does, or in the future. Lists show it from the visible time on. Zero
// times are now. It returns the ticket's id.
func (s *Server) AddTicket(created, updated, visible time.Time) (id int64) {
	s.change(visible, func(c *change) {
		id = c.addTicket(orNow(created, c.at), orNow(updated, c.at))
	})
	return id
}

func orNow(t time.Time, now instant) instant {
	if t.IsZero() {
		return now
	}
	return instantOf(t)
}

func (c *change) addTicket(created, updated instant) int64 {
	t := ticket{
		id: newID(c, c.tickets), created: created, updated: updated, message: created, received: created,
		open: true, unread: true, priority: "normal", subject: c.luck.subject(), messages: 2,
	}
	if n := c.size.Customers; n > 0 {
		t.customer = c.customers.base.id(c.luck.below(n))
		if _, ok := c.customers.get(t.customer); !ok {
			t.customer = 0
		}
	}
	put(c, c.tickets, t.id, t)
	c.event("Ticket", t.id, "ticket-created", "null")
	for i := range t.messages {
		c.say(t, created, i > 0)
	}
	return t.id
}

// say adds a message to a ticket's thread; the ticket is the caller's to put.
func (c *change) say(t ticket, created instant, agent bool) int64 {
	m := message{
		id: newID(c, c.messages), ticket: t.id, author: t.customer, created: created, sent: created,
		processed: created, agent: agent, body: string(c.luck.prose()), imported: created != c.at,
	}
	if agent {
		m.author, m.note = c.userAt(&c.luck), c.luck.one(4)
	}
	c.moved[t.id] = append(c.moved[t.id], m.id)
	put(c, c.messages, m.id, m)
	c.tell(m, "ticket-message-created")
	return m.id
}

// tell writes the event of a message. Some of them name the ticket; for all
// another event of the same context does.
func (c *change) tell(m message, kind string) {
	c.event("TicketMessage", m.id, kind, pickIf(c.luck.one(2), `{"ticket_id":`+num(m.ticket)+`}`, "null"))
	c.event("Ticket", m.ticket, "ticket-updated", "null")
}

// AddMessage adds a message to a ticket, which moves the ticket's
// updated_datetime and opens it again. It returns the message's id; 0 if there
// is no such ticket.
func (s *Server) AddMessage(ticketID int64) (id int64) {
	edit(s, tickets, ticketID, func(c *change, t ticket) { id = c.reply(t) })
	return id
}

func (c *change) reply(t ticket) int64 {
	agent := c.luck.one(2)
	id := c.say(t, c.at, agent)
	t.messages++
	t.message = c.at
	if !agent {
		t.received, t.unread = c.at, true
		if !t.open {
			t.open, t.closed = true, 0
			c.event("Ticket", t.id, "ticket-reopened", "null")
		}
	}
	c.move(t)
	return id
}

// move puts a ticket with its updated_datetime moved: once the rest is done.
func (c *change) move(t ticket) {
	t.updated = c.at
	put(c, c.tickets, t.id, t)
}

// TouchTicket gives a ticket another subject, which moves its updated_datetime.
func (s *Server) TouchTicket(id int64) bool {
	return edit(s, tickets, id, (*change).touch)
}

func (c *change) touch(t ticket) {
	old := t.subject
	t.subject = c.luck.subject()
	c.move(t)
	c.event("Ticket", t.id, "ticket-subject-updated", `{"old_subject":`+old+`,"new_subject":`+t.subject+`}`)
}

// CloseTicket closes a ticket, or opens it again; its updated_datetime moves.
func (s *Server) CloseTicket(id int64, closed bool) bool {
	return edit(s, tickets, id, func(c *change, t ticket) { c.close(t, closed) })
}

func (c *change) close(t ticket, closed bool) {
	t.open, t.unread = !closed, false
	t.closed = pickIf(closed, c.at, 0)
	t.snoozed = 0
	c.move(t)
	c.event("Ticket", t.id, pickIf(closed, "ticket-closed", "ticket-reopened"), "null")
}

// AssignTicket gives a ticket to some user; its updated_datetime moves.
func (s *Server) AssignTicket(id int64) bool { return edit(s, tickets, id, (*change).assign) }

func (c *change) assign(t ticket) {
	t.user = c.userAt(&c.luck)
	c.move(t)
	c.event("Ticket", t.id, "ticket-assigned", `{"assignee_user_id":`+ref(t.user)+`}`)
}

// The next four leave a ticket's updated_datetime where it is: that it moves
// is not documented, and only the events tell.

// TagTicket puts a tag on a ticket, or takes it off if it is there.
func (s *Server) TagTicket(id, tag int64) bool {
	return edit(s, tickets, id, func(c *change, t ticket) { c.label(t, tag) })
}

func (c *change) label(t ticket, tag int64) {
	kind, data := "ticket-tags-added", "tags_added"
	i := slices.Index(t.tags, tag)
	t.tags = slices.Clone(t.tags)
	if i >= 0 {
		t.tags = slices.Delete(t.tags, i, i+1)
		kind, data = "ticket-tags-removed", "tags_removed"
	} else {
		t.tags = append(t.tags, tag)
	}
	put(c, c.tickets, t.id, t)
	c.event("Ticket", t.id, kind, `{"`+data+`":[`+num(tag)+`]}`)
}

// FillField gives a ticket another value in one of its custom fields.
func (s *Server) FillField(id int64) bool { return edit(s, tickets, id, (*change).fill) }

func (c *change) fill(t ticket) {
	t.values = c.refill(t.values, 0)
	put(c, c.tickets, t.id, t)
	c.event("Ticket", t.id, "ticket-updated", "null")
}

// refill changes the last of some values; field is the index of the one that
// is filled if there are none.
func (c *change) refill(values []value, field int) []value {
	v := value{field: firstField + int64(field)}
	if n := len(values); n > 0 {
		v = values[n-1]
		values = slices.Clone(values[:n-1])
	}
	old := v.raw
	for range 4 {
		if v.raw = fieldValue(&c.luck, int(v.field-firstField)); v.raw != old {
			break
		}
	}
	return append(values, v)
}

// TrashTicket puts a ticket into the trash or takes it out.
func (s *Server) TrashTicket(id int64, trashed bool) bool {
	return edit(s, tickets, id, func(c *change, t ticket) { c.trash(t, trashed) })
}

func (c *change) trash(t ticket, trashed bool) {
	t.trashed = pickIf(trashed, c.at, 0)
	put(c, c.tickets, t.id, t)
	c.event("Ticket", t.id, pickIf(trashed, "ticket-trashed", "ticket-untrashed"), "null")
}

// SpamTicket marks a ticket as spam or takes the mark off.
func (s *Server) SpamTicket(id int64, spam bool) bool {
	return edit(s, tickets, id, func(c *change, t ticket) { c.mark(t, spam) })
}

func (c *change) mark(t ticket, spam bool) {
	t.spam = spam
	put(c, c.tickets, t.id, t)
	c.event("Ticket", t.id, pickIf(spam, "ticket-marked-spam", "ticket-unmarked-spam"), "null")
}

// DeleteTicket deletes a ticket for good, with its messages and its survey.
// Only the ticket's own event tells of it.
func (s *Server) DeleteTicket(id int64) bool { return edit(s, tickets, id, (*change).deleteTicket) }

func (c *change) deleteTicket(t ticket) {
	for _, m := range c.threadOf(t.id) {
		drop(c, c.messages, m)
	}
	if s, ok := c.surveyOf(t.id); ok {
		drop(c, c.surveys, s.id)
	}
	drop(c, c.tickets, t.id)
	c.event("Ticket", t.id, "ticket-deleted", "null")
}

// MergeTickets moves a ticket's messages into another and deletes it; who asks
// for it is sent to the other. Events tell of the merge at the survivor and of
// the deletion; none of the messages.
func (s *Server) MergeTickets(from, into int64) bool {
	done := false
	edit(s, tickets, from, func(c *change, t ticket) {
		if to, ok := c.tickets.get(into); ok && from != into {
			c.mergeTickets(t, to)
			done = true
		}
	})
	return done
}

func (c *change) mergeTickets(from, into ticket) {
	for _, id := range c.threadOf(from.id) {
		m, _ := c.messages.get(id) // threadOf found it
		m.ticket = into.id
		c.moved[into.id] = append(c.moved[into.id], id)
		put(c, c.messages, id, m)
	}
	into.messages += from.messages
	into.message = max(into.message, from.message)
	into.received = max(into.received, from.received)
	c.tickets.merged[from.id] = into.id
	drop(c, c.tickets, from.id)
	c.move(into)
	c.event("Ticket", into.id, "ticket-merged", `{"source_ticket_id":`+num(from.id)+`}`)
	c.event("Ticket", from.id, "ticket-deleted", "null")
}

func messagesOf(a *account) *table[message] { return a.messages }

// EditMessage changes a message's text.
func (s *Server) EditMessage(id int64) bool {
	return edit(s, messagesOf, id, (*change).rewrite)
}

func (c *change) rewrite(m message) {
	m.body = "Edited: " + string(c.luck.prose())
	m.rejected = true
	put(c, c.messages, m.id, m)
	c.tell(m, "ticket-message-updated")
}

// FailMessage has the sending of a message fail.
func (s *Server) FailMessage(id int64) bool { return edit(s, messagesOf, id, (*change).bounce) }

func (c *change) bounce(m message) {
	m.failed = c.at
	put(c, c.messages, m.id, m)
	c.tell(m, "ticket-message-failed")
}

// ReadMessage has a message opened by whom it was sent to. No event tells.
func (s *Server) ReadMessage(id int64) bool { return edit(s, messagesOf, id, (*change).read) }

func (c *change) read(m message) {
	m.read = c.at
	put(c, c.messages, m.id, m)
}

// DeleteMessage deletes a message: it stays, with a deleted_datetime.
func (s *Server) DeleteMessage(id int64) bool { return edit(s, messagesOf, id, (*change).strike) }

func (c *change) strike(m message) {
	m.deleted = c.at
	put(c, c.messages, m.id, m)
	c.tell(m, "ticket-message-deleted")
}

// AskSurvey plans a survey for a ticket and returns the survey's id; 0 if
// there is no such ticket or it has one. No event tells before it is sent.
func (s *Server) AskSurvey(ticketID int64) (id int64) {
	edit(s, tickets, ticketID, func(c *change, t ticket) { id = c.ask(t) })
	return id
}

func (c *change) ask(t ticket) int64 {
	if _, ok := c.surveyOf(t.id); ok {
		return 0
	}
	id := newID(c, c.surveys)
	c.surveyed[t.id] = id
	put(c, c.surveys, id, survey(id, t.id, t.customer, c.at, c.at+day, 0, 0, "null", "null", "null"))
	return id
}

func surveysOf(a *account) *table[record] { return a.surveys }

// SendSurvey sends a survey.
func (s *Server) SendSurvey(id int64) bool { return edit(s, surveysOf, id, (*change).sendSurvey) }

func (c *change) sendSurvey(r record) {
	put(c, c.surveys, r.id, r.with("sent_datetime", when(c.at)))
	c.event("SatisfactionSurvey", r.id, "satisfaction-survey-sent", "null")
}

// AnswerSurvey has the customer give a score of 1 to 5.
func (s *Server) AnswerSurvey(id int64, score int) bool {
	return edit(s, surveysOf, id, func(c *change, r record) { c.answerSurvey(r, score) })
}

func (c *change) answerSurvey(r record, score int) {
	text := `"` + string(c.luck.prose()) + `"`
	r = r.with("score", num(int64(score))).with("scored_datetime", when(c.at)).with("body_text", text)
	put(c, c.surveys, r.id, r)
	c.event("SatisfactionSurvey", r.id, "satisfaction-survey-responded", `{"score":`+num(int64(score))+`,"body_text":`+text+`}`)
}

// AddCustomer adds a customer and returns the id.
func (s *Server) AddCustomer() (id int64) {
	s.change(time.Time{}, func(c *change) { id = c.addCustomer() })
	return id
}

func (c *change) addCustomer() int64 {
	id := newID(c, c.customers)
	put(c, c.customers, id, c.newCustomer(id, c.at, c.at))
	c.event("Customer", id, "customer-created", "null")
	return id
}

// EditCustomer changes a customer's name and note.
func (s *Server) EditCustomer(id int64) bool { return edit(s, customers, id, (*change).editCustomer) }

func (c *change) editCustomer(r customer) {
	r.name = `"` + pick(&c.luck, firstNames) + " " + pick(&c.luck, lastNames) + `"`
	r.note = `"` + string(c.luck.prose()) + `"`
	if c.size.Fields > 2 {
		r.values = c.refill(r.values, 2)
	}
	r.updated = c.at
	put(c, c.customers, r.id, r)
	c.event("Customer", r.id, "customer-updated", "null")
}

// DeleteCustomer deletes a customer; the tickets stay.
func (s *Server) DeleteCustomer(id int64) bool {
	return edit(s, customers, id, (*change).deleteCustomer)
}

func (c *change) deleteCustomer(r customer) {
	drop(c, c.customers, r.id)
	c.event("Customer", r.id, "customer-deleted", "null")
}

// MergeCustomers gives a customer's tickets to another and deletes it; who asks
// for it is sent to the other. The messages and surveys stay as they are.
func (s *Server) MergeCustomers(from, into int64) bool {
	done := false
	edit(s, customers, from, func(c *change, r customer) {
		if to, ok := c.customers.get(into); ok && from != into {
			c.mergeCustomers(r, to)
			done = true
		}
	})
	return done
}

func (c *change) mergeCustomers(from, into customer) {
	for _, id := range c.ticketsOf(from.id) {
		t, _ := c.tickets.get(id) // ticketsOf found it
		t.customer = into.id
		c.move(t)
		c.event("Ticket", id, "ticket-customer-updated", `{"old_customer":{"id":`+num(from.id)+`},"new_customer":{"id":`+num(into.id)+`}}`)
	}
	into.updated = c.at
	put(c, c.customers, into.id, into)
	c.customers.merged[from.id] = into.id
	drop(c, c.customers, from.id)
	c.event("Customer", into.id, "customer-merged", `{"source_customer_id":`+num(from.id)+`}`)
	c.event("Customer", from.id, "customer-deleted", "null")
}

// AddCall adds a phone call about a ticket (0 = none), with an event and a
// recording, and returns its id.
func (s *Server) AddCall(ticket int64) (id int64) {
	s.change(time.Time{}, func(c *change) { id = c.ring(ticket) })
	return id
}

func (c *change) ring(ticket int64) int64 {
	customer := int64(0)
	if t, ok := c.tickets.get(ticket); ok {
		customer = t.customer
	}
	id := newID(c, c.calls)
	r := c.call(&c.luck, id, ticket, customer, c.at)
	put(c, c.calls, id, r.with("updated_datetime", when(c.at)))
	heard := newID(c, c.callEvents)
	put(c, c.callEvents, heard, c.callEvent(&c.luck, heard, id, "incoming-phone-call", c.at))
	kept := newID(c, c.recordings)
	put(c, c.recordings, kept, c.recording(&c.luck, kept, id, c.at).with("deleted_datetime", "null").with("deleted_by_user_id", "null"))
	return id
}

// The smaller resources, by the path of their list: users, teams, tags, macros,
// rules, views, custom-fields, integrations, widgets, jobs, and of phone/ the
// voice-calls and voice-call-recordings.

// A nature is what can be done to a smaller resource.
type nature struct {
	objectType, event string // "" = no events tell
	text              string // the field that an edit writes
	retired           string // the field that tells since when it is out of use
}

func natureOf(path string) (nature, bool) {
	n, ok := map[string]nature{
		"users":                       {"User", "user", "bio", "deactivated_datetime"},
		"teams":                       {"Team", "team", "description", ""},
		"tags":                        {"Tag", "tag", "description", ""},
		"macros":                      {"Macro", "macro", "name", "archived_datetime"},
		"rules":                       {"Rule", "rule", "description", "deactivated_datetime"},
		"views":                       {"View", "view", "name", "deactivated_datetime"},
		"custom-fields":               {"CustomField", "custom-field", "label", "deactivated_datetime"},
		"integrations":                {"Integration", "integration", "description", "deactivated_datetime"},
		"widgets":                     {"Widget", "widget", "app_id", "deactivated_datetime"},
		"jobs":                        {"", "", "meta", "ended_datetime"},
		"phone/voice-calls":           {"", "", "status", ""},
		"phone/voice-call-recordings": {"", "", "transcription_status", "deleted_datetime"},
	}[path]
	return n, ok
}

// Add adds one, and returns its id; 0 for calls (AddCall) and recordings.
func (s *Server) Add(path string) (id int64) {
	s.change(time.Time{}, func(c *change) { id = c.add(path) })
	return id
}

func (c *change) add(path string) int64 {
	n, ok := natureOf(path)
	t := c.records[path]
	if !ok || t.base.n > 0 || path == "phone/voice-calls" || path == "phone/voice-call-recordings" {
		return 0
	}
	t.top++
	r := t.base.row(int(t.top-t.base.first)).with("created_datetime", when(c.at)).with("updated_datetime", when(c.at))
	if n.retired != "" {
		r = r.with(n.retired, "null")
	}
	switch path {
	case "users":
		r = r.with("active", "true")
	case "tags":
		r = r.with("usage", "0")
	case "jobs":
		r = r.with("status", `"running"`).with("scheduled_datetime", "null").with("started_datetime", when(c.at)).
			with("failed_datetime", "null").with("cancel_requested_datetime", "null").with("cancelled_datetime", "null")
	}
	put(c, t, r.id, r)
	c.note(n, r.id, "-created")
	return r.id
}

// note writes the event of a smaller resource, if it has any.
func (c *change) note(n nature, id int64, happened string) {
	if n.event != "" {
		c.event(n.objectType, id, n.event+happened, "null")
	}
}

// Edit changes one, and moves its updated_datetime if it has one.
func (s *Server) Edit(path string, id int64) bool { return s.rework(path, id, (*change).editRecord) }

func (s *Server) rework(path string, id int64, f func(c *change, n nature, t *table[record], r record)) bool {
	n, ok := natureOf(path)
	return ok && edit(s, func(a *account) *table[record] { return a.records[path] }, id, func(c *change, r record) {
		f(c, n, c.records[path], r)
	})
}

func (c *change) editRecord(n nature, t *table[record], r record) {
	text := quote("edited " + num(int64(c.seq)))
	if n.text == "meta" {
		text = `{"description":` + text + `}`
	}
	put(c, t, r.id, r.with(n.text, text).with("updated_datetime", when(c.at)))
	c.note(n, r.id, "-updated")
}

// Retire takes one out of use: users, rules, views, custom fields, integrations
// and widgets are deactivated, macros archived, jobs done, recordings deleted.
// It returns false for those that know no such state.
func (s *Server) Retire(path string, id int64) bool {
	n, _ := natureOf(path)
	return n.retired != "" && s.rework(path, id, (*change).retire)
}

func (c *change) retire(n nature, t *table[record], r record) {
	r = r.with(n.retired, when(c.at)).with("updated_datetime", when(c.at)).with("active", "false")
	switch t {
	case c.jobs:
		r = r.with("status", `"done"`)
	case c.recordings:
		r = r.with("url", "null").with("deleted_by_user_id", ref(c.userAt(&c.luck)))
	}
	put(c, t, r.id, r)
	c.note(n, r.id, pickIf(n.event == "rule" || n.event == "view" || n.event == "integration", "-deactivated", "-updated"))
}

// Remove deletes one. It returns false for jobs, calls and recordings, which
// cannot be.
func (s *Server) Remove(path string, id int64) bool {
	n, _ := natureOf(path)
	return n.event != "" && s.rework(path, id, (*change).remove)
}

func (c *change) remove(n nature, t *table[record], r record) {
	drop(c, t, r.id)
	c.note(n, r.id, "-deleted")
}

// MergeTags puts one tag in another's place. Tickets keep what they hold.
func (s *Server) MergeTags(from, into int64) bool {
	done := false
	s.rework("tags", from, func(c *change, _ nature, t *table[record], _ record) {
		if _, ok := t.get(into); ok && from != into {
			drop(c, t, from)
			c.event("Tag", into, "tag-merged", `{"source_tag_id":`+num(from)+`}`)
			c.event("Tag", from, "tag-deleted", "null")
			done = true
		}
	})
	return done
}

// imports writes the rows no account of some age lacks: tickets that were
// brought over from another helpdesk, dated years back, and some dated in the
// future, with their messages.
func (a *account) imports() {
	if a.size.Tickets == 0 {
		return
	}
	for i := range instant(6) {
		c := &change{account: a, at: a.epoch - hour + i*minute, luck: begin(a.seed, ofChange, int64(-1-i))}
		c.visible, c.operation = c.at, c.luck.next()
		created := c.at + (i+1)*40*day
		if i%2 == 0 {
			created = c.at - (i+3)*365*day
		}
		id := c.addTicket(created, c.at)
		if t, _ := a.tickets.get(id); i%3 == 0 {
			t.open, t.closed = false, created-day // closed before it began
			put(c, a.tickets, id, t)
		}
	}
}
