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
	s.apply(visible, func(c *change) {
		id = c.addTicket(orNow(created, c.at), orNow(updated, c.at))
	})
	return id
}

func orNow(t time.Time, now timestamp) timestamp {
	if t.IsZero() {
		return now
	}
	return timestampOf(t)
}

func (c *change) addTicket(created, updated timestamp) int64 {
	t := ticket{
		id: newID(c, c.tickets), created: created, updated: updated, lastMessage: created, lastReceived: created,
		open: true, unread: true, priority: "normal", subject: c.rng.subject(), messages: 2,
	}
	if n := c.size.Customers; n > 0 {
		t.customer = c.customers.base.id(c.rng.intn(n))
		if _, ok := c.customers.get(t.customer); !ok {
			t.customer = 0
		}
	}
	putRow(c, c.tickets, t.id, t)
	c.addEvent("Ticket", t.id, "ticket-created", "null")
	for i := range t.messages {
		c.addMessage(t, created, i > 0)
	}
	return t.id
}

// say adds a message to a ticket's thread; the ticket is the caller's to put.
func (c *change) addMessage(t ticket, created timestamp, agent bool) int64 {
	m := message{
		id: newID(c, c.messages), ticket: t.id, author: t.customer, created: created, sent: created,
		processed: created, agent: agent, body: string(c.rng.prose()), imported: created != c.at,
	}
	if agent {
		m.author, m.note = c.randomUser(&c.rng), c.rng.oneIn(4)
	}
	c.addedMessages[t.id] = append(c.addedMessages[t.id], m.id)
	putRow(c, c.messages, m.id, m)
	c.addMessageEvent(m, "ticket-message-created")
	return m.id
}

// tell writes the event of a message. Some of them name the ticket; for all
// another event of the same context does.
func (c *change) addMessageEvent(m message, kind string) {
	data, apart := pickIf(c.rng.oneIn(2), `{"ticket_id":`+number(m.ticket)+`}`, "null"), uint64(0)
	if c.quirks.MessageEventsWithoutTicket {
		data, apart = "null", 1
	}
	c.addEvent("TicketMessage", m.id, kind, data)
	c.contextID += apart
	c.addEvent("Ticket", m.ticket, "ticket-updated", "null")
	c.contextID += apart
}

// AddMessage adds a message to a ticket, which moves the ticket's
// updated_datetime and opens it again. It returns the message's id; 0 if there
// is no such ticket.
func (s *Server) AddMessage(ticketID int64) (id int64) {
	editRow(s, ticketTable, ticketID, func(c *change, t ticket) { id = c.addReply(t) })
	return id
}

func (c *change) addReply(t ticket) int64 {
	agent := c.rng.oneIn(2)
	id := c.addMessage(t, c.at, agent)
	t.messages++
	t.lastMessage = c.at
	if !agent {
		t.lastReceived, t.unread = c.at, true
		if !t.open {
			t.open, t.closed = true, 0
			c.addEvent("Ticket", t.id, "ticket-reopened", "null")
		}
	}
	c.putUpdated(t)
	return id
}

// ImportMessage adds a message dated as given, as an import does, and returns
// its id; 0 if there is no such ticket. The ticket's updated_datetime moves.
func (s *Server) ImportMessage(ticketID int64, created time.Time) (id int64) {
	editRow(s, ticketTable, ticketID, func(c *change, t ticket) {
		id = c.addMessage(t, timestampOf(created), false)
		t.messages++
		c.putUpdated(t)
	})
	return id
}

// move puts a ticket with its updated_datetime moved: once the rest is done.
func (c *change) putUpdated(t ticket) {
	t.updated = c.at
	putRow(c, c.tickets, t.id, t)
}

// TouchTicket gives a ticket another subject, which moves its updated_datetime.
func (s *Server) EditTicketSubject(id int64) bool {
	return editRow(s, ticketTable, id, (*change).editSubject)
}

func (c *change) editSubject(t ticket) {
	old := t.subject
	t.subject = c.rng.subject()
	c.putUpdated(t)
	c.addEvent("Ticket", t.id, "ticket-subject-updated", `{"old_subject":`+old+`,"new_subject":`+t.subject+`}`)
}

// CloseTicket closes a ticket, or opens it again; its updated_datetime moves.
func (s *Server) CloseTicket(id int64, closed bool) bool {
	return editRow(s, ticketTable, id, func(c *change, t ticket) { c.setClosed(t, closed) })
}

func (c *change) setClosed(t ticket, closed bool) {
	t.open, t.unread = !closed, false
	t.closed = pickIf(closed, c.at, 0)
	t.snoozed = 0
	c.putUpdated(t)
	c.addEvent("Ticket", t.id, pickIf(closed, "ticket-closed", "ticket-reopened"), "null")
}

// AssignTicket gives a ticket to some user; its updated_datetime moves.
func (s *Server) AssignTicket(id int64) bool { return editRow(s, ticketTable, id, (*change).assign) }

func (c *change) assign(t ticket) {
	t.user = c.randomUser(&c.rng)
	c.putUpdated(t)
	c.addEvent("Ticket", t.id, "ticket-assigned", `{"assignee_user_id":`+idOrNull(t.user)+`}`)
}

// The next four leave a ticket's updated_datetime where it is, unless
// Quirks.TagsMoveUpdated: that it moves is not documented, and only the events tell.

// TagTicket puts a tag on a ticket, or takes it off if it is there.
func (s *Server) ToggleTicketTag(id, tag int64) bool {
	return editRow(s, ticketTable, id, func(c *change, t ticket) { c.toggleTag(t, tag) })
}

func (c *change) toggleTag(t ticket, tag int64) {
	kind, data := "ticket-tags-added", "tags_added"
	i := slices.Index(t.tags, tag)
	t.tags = slices.Clone(t.tags)
	if i >= 0 {
		t.tags = slices.Delete(t.tags, i, i+1)
		kind, data = "ticket-tags-removed", "tags_removed"
	} else {
		t.tags = append(t.tags, tag)
	}
	c.putLabeled(t)
	c.addEvent("Ticket", t.id, kind, `{"`+data+`":[`+number(tag)+`]}`)
}

// FillField gives a ticket another value in one of its custom fields.
func (s *Server) EditTicketField(id int64) bool {
	return editRow(s, ticketTable, id, (*change).editField)
}

func (c *change) editField(t ticket) {
	t.values = c.changeFieldValue(t.values, 0)
	c.putLabeled(t)
	c.addEvent("Ticket", t.id, "ticket-updated", "null")
}

// refill changes the last of some values; field is the index of the one that
// is filled if there are none.
func (c *change) changeFieldValue(values []fieldValue, field int) []fieldValue {
	v := fieldValue{field: firstField + int64(field)}
	if n := len(values); n > 0 {
		v = values[n-1]
		values = slices.Clone(values[:n-1])
	}
	old := v.raw
	for range 4 {
		if v.raw = randomFieldValue(&c.rng, int(v.field-firstField)); v.raw != old {
			break
		}
	}
	return append(values, v)
}

// TrashTicket puts a ticket into the trash or takes it out.
func (s *Server) TrashTicket(id int64, trashed bool) bool {
	return editRow(s, ticketTable, id, func(c *change, t ticket) { c.setTrashed(t, trashed) })
}

func (c *change) setTrashed(t ticket, trashed bool) {
	t.trashed = pickIf(trashed, c.at, 0)
	c.putLabeled(t)
	c.addEvent("Ticket", t.id, pickIf(trashed, "ticket-trashed", "ticket-untrashed"), "null")
}

// SpamTicket marks a ticket as spam or takes the mark off.
func (s *Server) MarkTicketSpam(id int64, spam bool) bool {
	return editRow(s, ticketTable, id, func(c *change, t ticket) { c.setSpam(t, spam) })
}

func (c *change) setSpam(t ticket, spam bool) {
	t.spam = spam
	c.putLabeled(t)
	c.addEvent("Ticket", t.id, pickIf(spam, "ticket-marked-spam", "ticket-unmarked-spam"), "null")
}

// DeleteTicket deletes a ticket for good, with its messages and its survey.
// Only the ticket's own event tells of it.
func (s *Server) DeleteTicket(id int64) bool {
	return editRow(s, ticketTable, id, (*change).deleteTicket)
}

func (c *change) deleteTicket(t ticket) {
	for _, m := range c.threadMessages(t.id) {
		deleteRow(c, c.messages, m)
	}
	if s, ok := c.surveyOf(t.id); ok {
		deleteRow(c, c.surveys, s.id)
	}
	deleteRow(c, c.tickets, t.id)
	c.addEvent("Ticket", t.id, "ticket-deleted", "null")
}

// MergeTickets moves a ticket's messages into another and deletes it; who asks
// for it is sent to the other. Events tell of the merge at the survivor and of
// the deletion; none of the messages.
func (s *Server) MergeTickets(from, into int64) bool {
	done := false
	editRow(s, ticketTable, from, func(c *change, t ticket) {
		if to, ok := c.tickets.get(into); ok && from != into {
			c.mergeTickets(t, to)
			done = true
		}
	})
	return done
}

func (c *change) mergeTickets(from, into ticket) {
	for _, id := range c.threadMessages(from.id) {
		m, _ := c.messages.get(id) // threadOf found it
		m.ticket = into.id
		c.addedMessages[into.id] = append(c.addedMessages[into.id], id)
		putRow(c, c.messages, id, m)
	}
	into.messages += from.messages
	into.lastMessage = max(into.lastMessage, from.lastMessage)
	into.lastReceived = max(into.lastReceived, from.lastReceived)
	c.tickets.mergedInto[from.id] = into.id
	deleteRow(c, c.tickets, from.id)
	c.putUpdated(into)
	object, data := c.mergeEvent("ticket", from.id, into.id)
	c.addEvent("Ticket", object, "ticket-merged", data)
	c.addEvent("Ticket", from.id, "ticket-deleted", "null")
}
