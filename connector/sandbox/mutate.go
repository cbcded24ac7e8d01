package sandbox

import "math/rand/v2"

// mutate makes one random change, with the frequencies of a small shop. If
// there is no record to change, it does nothing.
func (c *change) mutate(r *rand.Rand) {
	switch n := r.IntN(100); {
	case n < 50:
		c.mutateTicket(r)
	case n < 68:
		c.mutateMessage(r)
	case n < 76:
		c.mutateSurvey(r)
	case n < 88:
		c.mutateCustomer(r)
	default:
		c.mutateSetting(r)
	}
}

func (c *change) mutateTicket(r *rand.Rand) {
	n := r.IntN(50)
	if n < 12 {
		created := c.at
		switch n {
		case 0: // an import
			created -= timestamp(1+r.IntN(2000)) * day
		case 1: // a ticket dated in the future
			created += timestamp(1+r.IntN(100)) * hour
		}
		c.addTicket(created, c.at)
		return
	}
	if t, ok := c.tickets.randomRow(r); ok {
		c.mutateExistingTicket(r, t, n)
	}
}

// mutateExistingTicket makes one change to a ticket; n, from 12 to 49, selects
// the change.
func (c *change) mutateExistingTicket(r *rand.Rand, t ticket, n int) {
	switch {
	case n < 26:
		c.addReply(t)
	case n < 32:
		c.setClosed(t, t.open)
	case n < 34:
		c.assign(t)
	case n < 38:
		tag := firstTag + int64(r.IntN(max(c.size.Tags, 1)))
		if len(t.tags) > 0 && r.IntN(2) == 0 {
			tag = t.tags[0]
		}
		c.toggleTag(t, tag)
	case n < 40:
		switch {
		case len(t.values) > 0 && r.IntN(2) == 0:
			c.removeField(t)
		case c.size.CustomFields > 0:
			c.editField(t)
		}
	case n < 42:
		c.setTrashed(t, t.trashed == 0)
	case n < 43:
		c.setSpam(t, !t.spam)
	case n < 45:
		c.editSubject(t)
	case n < 47:
		c.deleteTicket(t)
	default:
		if into, ok := c.tickets.randomRow(r); ok && into.id != t.id {
			c.mergeTickets(t, into)
		}
	}
}

func (c *change) mutateMessage(r *rand.Rand) {
	m, ok := c.messages.randomRow(r)
	if !ok {
		return
	}
	switch r.IntN(4) {
	case 0:
		c.editMessage(m)
	case 1:
		c.failMessage(m)
	case 2:
		c.openMessage(m)
	case 3:
		c.deleteMessage(m)
	}
}

func (c *change) mutateSurvey(r *rand.Rand) {
	if r.IntN(3) == 0 {
		if t, ok := c.tickets.randomRow(r); ok {
			c.scheduleSurvey(t)
		}
		return
	}
	s, ok := c.surveys.randomRow(r)
	if !ok {
		return
	}
	if s.get("sent_datetime") == "null" {
		c.sendSurvey(s)
	} else {
		c.answerSurvey(s, 1+r.IntN(5))
	}
}

func (c *change) mutateCustomer(r *rand.Rand) {
	n := r.IntN(10)
	if n < 3 {
		c.addCustomer()
		return
	}
	customer, ok := c.customers.randomRow(r)
	if !ok {
		return
	}
	switch {
	case n < 5:
		c.editCustomer(customer)
	case n < 6 && len(customer.values) > 0:
		c.removeCustomerField(customer)
	case n < 7 && c.size.CustomFields > 2:
		c.editCustomerField(customer)
	case n < 8:
		c.deleteCustomer(customer)
	default:
		if into, ok := c.customers.randomRow(r); ok && into.id != customer.id {
			c.mergeCustomers(customer, into)
		}
	}
}

func (c *change) mutateSetting(r *rand.Rand) {
	paths := []string{
		"users", "teams", "tags", "macros", "rules", "views", "custom-fields", "integrations", "widgets", "jobs",
		"phone/voice-calls", "phone/voice-call-recordings",
	}
	path := paths[r.IntN(len(paths))]
	kind, _ := settingKindOf(path)
	action := r.IntN(6)
	if action < 2 {
		if path == "phone/voice-calls" {
			if t, ok := c.tickets.randomRow(r); ok {
				c.addCall(t.id)
			}
			return
		}
		c.addSetting(path)
		return
	}
	t := c.recordTables[path]
	row, ok := t.randomRow(r)
	switch {
	case !ok || row.id == firstUser: // the user whose credentials the client has does not change
	case action < 4:
		c.editSetting(kind, t, row)
	case action == 4 && kind.deactivatedField != "":
		c.deactivate(kind, t, row)
	case action == 5 && kind.eventPrefix != "" && path != "views" && path != "custom-fields":
		c.deleteSetting(kind, t, row)
	}
}
