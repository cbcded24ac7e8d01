package sandbox

// An event tells that something happened. It never changes.
type event struct {
	id, object, user int64 // user 0 = the system
	created          instant
	objectType, kind string
	data             string // raw
	operation        uint64 // events of one operation share it
}

func (e event) key(string) key { return key{n: int64(e.created), id: e.id} }

// baseEvent tells what once happened to some ticket, or around it. Half of
// what it tells of is there to be seen; deletions and merges tell of what is
// not there any more, whose ids are the gaps between those that are.
func (a *account) baseEvent(i int) event {
	b := &a.events.base
	c := begin(a.seed, ofEvent, int64(i))
	e := event{id: b.id(i), created: b.created(i), objectType: "Ticket", data: "null", operation: c.next()}
	n := max(a.size.Tickets, 1)
	t := max(i*n/b.n-1, 0)
	ticket, customer := a.tickets.base.id(t), a.customerOf(t)
	e.object = ticket
	user := a.userAt(&c)
	if c.one(3) {
		user = 0
	}
	e.user = user
	switch c.below(24) {
	case 0, 1, 2, 3:
		e.kind = "ticket-created"
	case 4, 5, 6, 7:
		e.kind, e.objectType = "ticket-message-created", "TicketMessage"
		if ms := a.thread(t); len(ms) > 0 {
			e.object = a.messages.base.id(pick(&c, ms))
		}
	case 8, 9:
		e.kind, e.data = "ticket-assigned", `{"assignee_user_id":`+ref(user)+`}`
	case 10:
		e.kind, e.data = "ticket-tags-added", `{"tags_added":[`+num(firstTag)+`]}`
	case 11:
		e.kind, e.data = "ticket-tags-removed", `{"tags_removed":[`+num(firstTag)+`]}`
	case 12, 13:
		e.kind = "ticket-closed"
	case 14:
		e.kind = "ticket-reopened"
	case 15:
		e.kind, e.data = "ticket-subject-updated", `{"old_subject":"","new_subject":`+c.subject()+`}`
	case 16:
		e.kind, e.objectType, e.object = "customer-updated", "Customer", customer
	case 17:
		e.kind, e.objectType, e.object = "user-logged-in", "User", firstUser
	case 18:
		e.kind, e.data = "rule-executed", `{"rule":{"id":`+num(firstRule)+`,"actions":[]}}`
		e.objectType, e.object = "Rule", firstRule
	case 19:
		e.kind, e.objectType, e.object = "custom-field-updated", "CustomField", firstField
	case 20:
		e.kind, e.object = "ticket-deleted", ticket+1
	case 21:
		e.kind = "ticket-merged"
		e.object, e.data = a.merge("ticket", ticket+2, ticket)
	case 22:
		e.kind, e.objectType = "customer-merged", "Customer"
		e.object, e.data = a.merge("customer", customer+2, customer)
	case 23:
		e.kind, e.data = "ticket-message-summary-created", `{"first_unseen_id":1,"last_unseen_id":`+num(1<<53+1)+`}`
	}
	return e
}

func (a *account) writeEvent(j *jot, e *event) {
	j.open("", '{')
	j.int("id", e.id)
	j.raw("context", uuid(e.operation))
	j.time("created_datetime", e.created)
	j.raw("data", e.data)
	j.int("object_id", e.object)
	j.link("object_type", e.objectType)
	j.link("type", e.kind)
	j.ref("user_id", e.user)
	j.link("uri", "/api/events/", e.id, "/")
	j.close('}')
}

// uuid spells 64 bits as a random UUID, quoted.
func uuid(n uint64) string {
	const hex = "0123456789abcdef"
	b := []byte(`"00000000-0000-4000-8000-000000000000"`)
	for _, i := range []int{1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 18, 21} {
		b[i] = hex[n&15]
		n >>= 4
	}
	return string(b)
}
