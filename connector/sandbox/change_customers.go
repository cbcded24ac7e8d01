package sandbox

import "time"

// Changes of customers and calls.

// AddCustomer adds a customer and returns its id.
func (s *Server) AddCustomer() (id int64) {
	s.apply(time.Time{}, func(c *change) { id = c.addCustomer() })
	return id
}

func (c *change) addCustomer() int64 {
	id := newID(c, c.customers)
	putRow(c, c.customers, id, c.newCustomer(id, c.at, c.at))
	c.addEvent("Customer", id, "customer-created", "null")
	return id
}

// EditCustomer changes a customer's name and note.
func (s *Server) EditCustomer(id int64) bool {
	return editRow(s, customerTable, id, (*change).editCustomer)
}

func (c *change) editCustomer(r customer) {
	r.name = `"` + pick(&c.rng, firstNames) + " " + pick(&c.rng, lastNames) + `"`
	r.note = `"` + string(c.rng.prose()) + `"`
	if c.size.CustomFields > 2 {
		r.values = c.changeFieldValue(r.values, 2)
	}
	r.updated = c.at
	putRow(c, c.customers, r.id, r)
	c.addEvent("Customer", r.id, "customer-updated", "null")
}

// EditCustomerField gives a customer another value in one of its custom fields.
// Its updated_datetime moves only with Quirks.FieldValuesMoveUpdated.
func (s *Server) EditCustomerField(id int64) bool {
	return editRow(s, customerTable, id, (*change).editCustomerField)
}

// EditCustomerFieldSilently does the same without an event, as is recorded.
func (s *Server) EditCustomerFieldSilently(id int64) bool {
	return editRow(s, customerTable, id, silently((*change).editCustomerField))
}

// RemoveCustomerField takes the last value of a custom field off a customer, if
// it has one.
func (s *Server) RemoveCustomerField(id int64) bool {
	return editRow(s, customerTable, id, (*change).removeCustomerField)
}

// RemoveCustomerFieldSilently does the same without an event.
func (s *Server) RemoveCustomerFieldSilently(id int64) bool {
	return editRow(s, customerTable, id, silently((*change).removeCustomerField))
}

func (c *change) editCustomerField(r customer) {
	c.setCustomerFieldValues(r, c.changeFieldValue(r.values, 2))
}

func (c *change) removeCustomerField(r customer) { c.setCustomerFieldValues(r, withoutLast(r.values)) }

func (c *change) setCustomerFieldValues(r customer, values []fieldValue) {
	c.maybeSilent()
	r.values = values
	if c.quirks.FieldValuesMoveUpdated && !c.silent {
		r.updated = c.at
	}
	putRow(c, c.customers, r.id, r)
	c.addEvent("Customer", r.id, "customer-updated", "null")
}

// DeleteCustomer deletes a customer. Its tickets and surveys stay.
func (s *Server) DeleteCustomer(id int64) bool {
	return editRow(s, customerTable, id, (*change).deleteCustomer)
}

func (c *change) deleteCustomer(r customer) {
	deleteRow(c, c.customers, r.id)
	c.addEvent("Customer", r.id, "customer-deleted", "null")
}

// MergeCustomers moves a customer's tickets to another customer and deletes the
// first one; requests for its id are redirected. The messages and surveys do
// not change.
func (s *Server) MergeCustomers(from, into int64) bool {
	done := false
	editRow(s, customerTable, from, func(c *change, r customer) {
		if to, ok := c.customers.get(into); ok && from != into {
			c.mergeCustomers(r, to)
			done = true
		}
	})
	return done
}

func (c *change) mergeCustomers(from, into customer) {
	for _, id := range c.ticketsOf(from.id) {
		t, _ := c.tickets.get(id) // exists: ticketsOf returned it
		t.customer = into.id
		c.putUpdated(t)
		c.addEvent("Ticket", id, "ticket-customer-updated", `{"old_customer":{"id":`+number(from.id)+`},"new_customer":{"id":`+number(into.id)+`}}`)
	}
	if c.quirks.MergesMoveCustomer {
		into.updated = c.at
	}
	if into.note == "null" {
		into.note = from.note
	}
	putRow(c, c.customers, into.id, into)
	c.customers.mergedInto[from.id] = into.id
	deleteRow(c, c.customers, from.id)
	objectID, data := c.mergeEvent("customer", from.id, into.id)
	if c.quirks.CustomerMergesInOneContext {
		c.addEvent("Customer", objectID, "customer-merged", data)
		c.addEvent("Customer", from.id, "customer-deleted", "null")
		return
	}
	c.contextID++
	c.addEvent("Customer", from.id, "customer-deleted", "null")
	c.contextID++
	c.addEvent("Customer", objectID, "customer-merged", data)
}

// AddCall adds a phone call about a ticket (0 = none), with an event and a
// recording, and returns its id.
func (s *Server) AddCall(ticket int64) (id int64) {
	s.apply(time.Time{}, func(c *change) { id = c.addCall(ticket) })
	return id
}

func (c *change) addCall(ticket int64) int64 {
	customer := int64(0)
	if t, ok := c.tickets.get(ticket); ok {
		customer = t.customer
	}
	id := newID(c, c.calls)
	r := c.call(&c.rng, id, ticket, customer, c.at)
	putRow(c, c.calls, id, r.with("updated_datetime", datetime(c.at)))
	callEventID := newID(c, c.callEvents)
	putRow(c, c.callEvents, callEventID, c.callEvent(&c.rng, callEventID, id, "incoming-phone-call", c.at))
	recordingID := newID(c, c.recordings)
	putRow(c, c.recordings, recordingID, c.recording(&c.rng, recordingID, id, c.at).with("deleted_datetime", "null").with("deleted_by_user_id", "null"))
	return id
}
