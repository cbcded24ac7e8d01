package sandbox

// An event is an entry of the account's event log. It never changes.
type event struct {
	id, objectID, userID  int64 // userID 0 = the system
	created               timestamp
	objectType, eventType string
	data                  string // raw
	contextID             uint64 // common to the events of one operation
}

func (e event) sortKey(string) sortKey { return sortKey{n: int64(e.created), id: e.id} }

// baseEvent returns base event i, which is about a ticket or about something
// near it. The objects of most events exist. The objects of deletions and
// merges do not: their ids are in the gaps between the base ids.
func (a *account) baseEvent(i int) event {
	b := &a.events.base
	rng := newPRNG(a.seed, saltEvent, int64(i))
	e := event{id: b.id(i), created: b.created(i), objectType: "Ticket", data: "null", contextID: rng.next()}
	ticket := max(i*max(a.size.Tickets, 1)/b.n-1, 0)
	e.objectID = a.tickets.base.id(ticket)
	e.userID = a.randomUser(&rng)
	if rng.oneIn(3) {
		e.userID = 0
	}
	if n := rng.intn(24); n < 16 {
		a.setTicketEvent(&e, n, ticket, &rng)
	} else {
		a.setOtherEvent(&e, n, ticket)
	}
	return e
}

// setTicketEvent makes e an event of a ticket or of its messages; n, below 16,
// selects the type.
func (a *account) setTicketEvent(e *event, n, ticket int, rng *prng) {
	switch n {
	case 0, 1, 2, 3:
		e.eventType = "ticket-created"
	case 4, 5, 6, 7:
		e.eventType, e.objectType = "ticket-message-created", "TicketMessage"
		if ms := a.threadIndices(ticket); len(ms) > 0 {
			e.objectID = a.messages.base.id(pick(rng, ms))
		}
	case 8, 9:
		e.eventType, e.data = "ticket-assigned", `{"assignee_user_id":`+idOrNull(e.userID)+`}`
	case 10:
		e.eventType, e.data = "ticket-tags-added", `{"tags_added":[`+number(firstTag)+`]}`
	case 11:
		e.eventType, e.data = "ticket-tags-removed", `{"tags_removed":[`+number(firstTag)+`]}`
	case 12, 13:
		e.eventType = "ticket-closed"
	case 14:
		e.eventType = "ticket-reopened"
	case 15:
		e.eventType, e.data = "ticket-subject-updated", `{"old_subject":"","new_subject":`+rng.subject()+`}`
	}
}

// setOtherEvent makes e an event of another object, a deletion or a merge; n,
// from 16 to 23, selects the type.
func (a *account) setOtherEvent(e *event, n, ticket int) {
	ticketID, customer := e.objectID, a.customerOf(ticket)
	switch n {
	case 16:
		e.eventType, e.objectType, e.objectID = "customer-updated", "Customer", customer
	case 17:
		e.eventType, e.objectType, e.objectID = "user-logged-in", "User", firstUser
	case 18:
		e.eventType, e.data = "rule-executed", `{"rule":{"id":`+number(firstRule)+`,"actions":[]}}`
		e.objectType, e.objectID = "Rule", firstRule
	case 19:
		e.eventType, e.objectType, e.objectID = "custom-field-updated", "CustomField", firstField
	case 20:
		e.eventType, e.objectID = "ticket-deleted", ticketID+1
	case 21:
		e.eventType = "ticket-merged"
		e.objectID, e.data = a.mergeEvent("ticket", ticketID+2, ticketID)
	case 22:
		e.eventType, e.objectType = "customer-merged", "Customer"
		e.objectID, e.data = a.mergeEvent("customer", customer+2, customer)
	case 23:
		e.eventType, e.data = "ticket-message-summary-created", `{"first_unseen_id":1,"last_unseen_id":`+number(1<<53+1)+`}`
	}
}

func (a *account) writeEvent(j *jsonWriter, e *event) {
	j.open("", '{')
	j.int("id", e.id)
	j.raw("context", uuid(e.contextID))
	j.time("created_datetime", e.created)
	j.raw("data", e.data)
	j.int("object_id", e.objectID)
	j.text("object_type", e.objectType)
	j.text("type", e.eventType)
	j.ref("user_id", e.userID)
	j.text("uri", "/api/events/", e.id, "/")
	j.close('}')
}

// uuid returns 64 bits as a random UUID, raw.
func uuid(n uint64) string {
	const hex = "0123456789abcdef"
	b := []byte(`"00000000-0000-4000-8000-000000000000"`)
	for _, i := range []int{1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 18, 21} {
		b[i] = hex[n&15]
		n >>= 4
	}
	return string(b)
}
