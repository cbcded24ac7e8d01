package sandbox

import (
	"slices"
	"time"
)

// What happens to tickets.

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
	data, apart := pickIf(c.luck.one(2), `{"ticket_id":`+num(m.ticket)+`}`, "null"), uint64(0)
	if c.doubts.MessageEventsWithoutTicket {
		data, apart = "null", 1
	}
	c.event("TicketMessage", m.id, kind, data)
	c.operation += apart
	c.event("Ticket", m.ticket, "ticket-updated", "null")
	c.operation += apart
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

// ImportMessage adds a message dated as given, as an import does, and returns
// its id; 0 if there is no such ticket. The ticket's updated_datetime moves.
func (s *Server) ImportMessage(ticketID int64, created time.Time) (id int64) {
	edit(s, tickets, ticketID, func(c *change, t ticket) {
		id = c.say(t, instantOf(created), false)
		t.messages++
		c.move(t)
	})
	return id
}

// move puts a ticket with its updated_datetime moved: once the rest is done.
func (c *change) move(t ticket) {
	t.updated = c.at
	put(c, c.tickets, t.id, t)
}

// TouchTicket gives a ticket another subject, which moves its updated_datetime.
func (s *Server) EditTicketSubject(id int64) bool {
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

// The next four leave a ticket's updated_datetime where it is, unless
// Quirks.TagsMoveUpdated: that it moves is not documented, and only the events tell.

// TagTicket puts a tag on a ticket, or takes it off if it is there.
func (s *Server) ToggleTicketTag(id, tag int64) bool {
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
	c.stamp(t)
	c.event("Ticket", t.id, kind, `{"`+data+`":[`+num(tag)+`]}`)
}

// FillField gives a ticket another value in one of its custom fields.
func (s *Server) EditTicketField(id int64) bool { return edit(s, tickets, id, (*change).fill) }

func (c *change) fill(t ticket) {
	t.values = c.refill(t.values, 0)
	c.stamp(t)
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
	c.stamp(t)
	c.event("Ticket", t.id, pickIf(trashed, "ticket-trashed", "ticket-untrashed"), "null")
}

// SpamTicket marks a ticket as spam or takes the mark off.
func (s *Server) MarkTicketSpam(id int64, spam bool) bool {
	return edit(s, tickets, id, func(c *change, t ticket) { c.mark(t, spam) })
}

func (c *change) mark(t ticket, spam bool) {
	t.spam = spam
	c.stamp(t)
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
	object, data := c.merge("ticket", from.id, into.id)
	c.event("Ticket", object, "ticket-merged", data)
	c.event("Ticket", from.id, "ticket-deleted", "null")
}
