package sandbox

import "time"

// What happens to customers, and who calls.

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
	if c.size.CustomFields > 2 {
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
	object, data := c.merge("customer", from.id, into.id)
	c.event("Customer", object, "customer-merged", data)
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
