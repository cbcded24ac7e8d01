package sandbox

import (
	"slices"
	"time"
)

// Changes of tickets.

// AddTicket adds a ticket with two messages and returns its id. The times may
// be in the past, as in an import, or in the future; zero is now. Lists show
// the ticket from the visible time on (see newChange).
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
	c.creating = true
	c.addEvent("Ticket", t.id, "ticket-created", "null")
	for i := range t.messages {
		c.addMessage(t, created, i > 0)
	}
	return t.id
}

// addMessage adds a message to a ticket's thread. The caller stores the ticket.
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

// addMessageEvent adds an event of a message, and one of the ticket in the same
// context. The data of some message events name the ticket as well.
func (c *change) addMessageEvent(m message, eventType string) {
	data, separate := pickIf(c.rng.oneIn(2), `{"ticket_id":`+number(m.ticket)+`}`, "null"), uint64(0)
	if c.quirks.MessageEventsWithoutTicket || c.quirks.MessageEventsAlone {
		data = "null"
	}
	if c.quirks.MessageEventsWithoutTicket {
		separate = 1
	}
	c.contextID += separate // ticket-created names a ticket, too
	c.addEvent("TicketMessage", m.id, eventType, data)
	if c.creating && c.quirks.TicketCreatedAlone || eventType != "ticket-message-created" && c.quirks.MessageEventsAlone {
		return
	}
	c.contextID += separate
	c.addEvent("Ticket", m.ticket, "ticket-updated", "null")
	c.contextID += separate
}

// AddMessage adds a message to a ticket and returns its id; 0 if there is no
// such ticket. The ticket's updated_datetime moves. If the customer wrote the
// message, a closed ticket is open again.
func (s *Server) AddMessage(ticketID int64) (id int64) {
	editRow(s, ticketTable, ticketID, func(c *change, t ticket) { id = c.addReply(t) })
	return id
}

func (c *change) addReply(t ticket) int64 {
	agent := c.rng.oneIn(2)
	id := c.addMessage(t, c.at, agent)
	t.messages++
	t.excerptLost = false
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

// ImportMessage adds a message with the given time, as an import does, and
// returns its id; 0 if there is no such ticket. The ticket's updated_datetime
// moves.
func (s *Server) ImportMessage(ticketID int64, created time.Time) (id int64) {
	editRow(s, ticketTable, ticketID, func(c *change, t ticket) {
		id = c.addMessage(t, timestampOf(created), false)
		t.messages++
		c.putUpdated(t)
	})
	return id
}

// putUpdated moves a ticket's updated_datetime and stores the ticket.
func (c *change) putUpdated(t ticket) { c.putTicket(t, true) }

// EditTicketSubject gives a ticket another subject; its updated_datetime moves.
func (s *Server) EditTicketSubject(id int64) bool {
	return editRow(s, ticketTable, id, (*change).editSubject)
}

func (c *change) editSubject(t ticket) {
	old := t.subject
	t.subject = c.rng.subject()
	c.putUpdated(t)
	c.addEvent("Ticket", t.id, "ticket-subject-updated", `{"old_subject":`+old+`,"new_subject":`+t.subject+`}`)
}

// CloseTicket closes or reopens a ticket; its updated_datetime moves.
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

// AssignTicket assigns a ticket to a random user; its updated_datetime moves.
func (s *Server) AssignTicket(id int64) bool { return editRow(s, ticketTable, id, (*change).assign) }

func (c *change) assign(t ticket) {
	t.user = c.randomUser(&c.rng)
	c.putUpdated(t)
	c.addEvent("Ticket", t.id, "ticket-assigned", `{"assignee_user_id":`+idOrNull(t.user)+`}`)
}

// The next ones move a ticket's updated_datetime only with
// Quirks.TagsMoveUpdated or, of values, Quirks.FieldValuesMoveUpdated; otherwise
// only their events show the change.

// ToggleTicketTag adds a tag to a ticket, or removes it if the ticket has it.
func (s *Server) ToggleTicketTag(id, tag int64) bool {
	return editRow(s, ticketTable, id, func(c *change, t ticket) { c.toggleTag(t, tag) })
}

func (c *change) toggleTag(t ticket, tag int64) {
	eventType, member := "ticket-tags-added", "tags_added"
	i := slices.Index(t.tags, tag)
	t.tags = slices.Clone(t.tags)
	if i >= 0 {
		t.tags = slices.Delete(t.tags, i, i+1)
		eventType, member = "ticket-tags-removed", "tags_removed"
	} else {
		t.tags = append(t.tags, tag)
	}
	c.putLabeled(t)
	c.addEvent("Ticket", t.id, eventType, `{"`+member+`":[`+number(tag)+`]}`)
}

// EditTicketField gives a ticket another value in one of its custom fields.
func (s *Server) EditTicketField(id int64) bool {
	return editRow(s, ticketTable, id, (*change).editField)
}

// EditTicketFieldSilently does the same without an event.
func (s *Server) EditTicketFieldSilently(id int64) bool {
	return editRow(s, ticketTable, id, silently((*change).editField))
}

// RemoveTicketField takes the last value of a custom field off a ticket, if it
// has one.
func (s *Server) RemoveTicketField(id int64) bool {
	return editRow(s, ticketTable, id, (*change).removeField)
}

// RemoveTicketFieldSilently does the same without an event.
func (s *Server) RemoveTicketFieldSilently(id int64) bool {
	return editRow(s, ticketTable, id, silently((*change).removeField))
}

func (c *change) editField(t ticket) { c.setFieldValues(t, c.changeFieldValue(t.values, 0)) }

func (c *change) removeField(t ticket) { c.setFieldValues(t, withoutLast(t.values)) }

func (c *change) setFieldValues(t ticket, values []fieldValue) {
	c.maybeSilent()
	t.values = values
	c.putTicket(t, c.quirks.FieldValuesMoveUpdated)
	c.addEvent("Ticket", t.id, "ticket-updated", "null")
}

func withoutLast(values []fieldValue) []fieldValue {
	return slices.Clone(values[:max(len(values)-1, 0)])
}

// changeFieldValue changes the last of some values; if there are none, it adds
// one for the custom field with the given index.
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

// TrashTicket moves a ticket to the trash or restores it.
func (s *Server) TrashTicket(id int64, trashed bool) bool {
	return editRow(s, ticketTable, id, func(c *change, t ticket) { c.setTrashed(t, trashed) })
}

func (c *change) setTrashed(t ticket, trashed bool) {
	t.trashed = pickIf(trashed, c.at, 0)
	c.putLabeled(t)
	c.addEvent("Ticket", t.id, pickIf(trashed, "ticket-trashed", "ticket-untrashed"), "null")
}

// MarkTicketSpam marks a ticket as spam or removes the mark.
func (s *Server) MarkTicketSpam(id int64, spam bool) bool {
	return editRow(s, ticketTable, id, func(c *change, t ticket) { c.setSpam(t, spam) })
}

func (c *change) setSpam(t ticket, spam bool) {
	t.spam = spam
	c.putLabeled(t)
	c.addEvent("Ticket", t.id, pickIf(spam, "ticket-marked-spam", "ticket-unmarked-spam"), "null")
}

// DeleteTicket deletes a ticket and its messages. Its survey stays, unless
// Quirks.DeletedTicketsTakeSurveys is set. The only event is that of the ticket.
func (s *Server) DeleteTicket(id int64) bool {
	return editRow(s, ticketTable, id, (*change).deleteTicket)
}

func (c *change) deleteTicket(t ticket) {
	for _, m := range c.threadMessages(t.id) {
		deleteRow(c, c.messages, m)
	}
	if s, ok := c.surveyOf(t.id); ok && c.quirks.DeletedTicketsTakeSurveys {
		deleteRow(c, c.surveys, s.id)
	}
	deleteRow(c, c.tickets, t.id)
	c.addEvent("Ticket", t.id, "ticket-deleted", "null")
}

// MergeTickets moves a ticket's messages to another ticket and deletes the
// first one; requests for its id are redirected. The events are one of the
// merge and one of the deletion, none of the messages.
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
		m, _ := c.messages.get(id) // exists: threadMessages returned it
		m.ticket = into.id
		c.addedMessages[into.id] = append(c.addedMessages[into.id], id)
		putRow(c, c.messages, id, m)
	}
	into.messages += from.messages
	into.lastMessage = max(into.lastMessage, from.lastMessage)
	into.lastReceived = max(into.lastReceived, from.lastReceived)
	c.tickets.mergedInto[from.id] = into.id
	deleteRow(c, c.tickets, from.id)
	c.putTicket(into, !c.quirks.MergesLeaveTicket)
	objectID, data := c.mergeEvent("ticket", from.id, into.id)
	c.addEvent("Ticket", objectID, "ticket-merged", data)
	c.addEvent("Ticket", from.id, "ticket-deleted", "null")
}
