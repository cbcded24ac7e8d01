package probe

import "slices"

func messageFacts() []*fact {
	return []*fact{{
		id: "message-events", question: "Do events of messages name their ticket, or does another event of the same context?",
		answers: []answer{
			{"yes", "each changed message is re-fetched through its ticket", Agrees},
			{"only those of new messages", "changed old messages are found in the tickets of this sync or in those that changed at about the same time; others come with reconciliation, up to reconcile_days late", Contradicts},
			{"no", "new messages come with their list; changed old ones are looked for in the tickets that changed at about the same time, and others come with reconciliation, up to reconcile_days late", Contradicts},
			{"some do", "messages whose events name no ticket are looked for in the tickets that changed at about the same time; others come with reconciliation, up to reconcile_days late", Contradicts},
		},
		evidence: []string{"events of new messages", "of them with a ticket", "events of changed messages", "of them with their ticket"},
		judge:    judgeMessageEvents,
	}, {
		id: "ticket-created-events", question: "Does a new ticket also create ticket-updated?",
		answers: []answer{
			{"yes", "nothing: any event of the ticket is used", Agrees},
			{"no", "nothing: any event of the ticket is used", Differs},
			{"some do", "nothing: any event of the ticket is used", Differs},
		},
		evidence: []string{"new tickets", "of them with ticket-updated"},
		judge: func(v *view) verdict {
			all, with := 0, 0
			for _, e := range v.eventsOf("ticket-created") {
				if !v.events.covers(e.at) {
					continue
				}
				all++
				if slices.ContainsFunc(v.events.all, func(o event) bool { return o.typ == "ticket-updated" && o.object == e.object && near(o.at, e.at) }) {
					with++
				}
			}
			return share(all, with)
		},
	}}
}

// share is the verdict of a fact whose first answer is that all have something, whose
// second one that none has it, and whose third one that some have.
func share(all, with int) verdict {
	switch with {
	case 0:
		if all == 0 {
			return unknown(noSuchEvent, 0, 0)
		}
		return found(1, all, with)
	case all:
		return found(0, all, with)
	}
	return found(2, all, with)
}

func judgeMessageEvents(v *view) verdict {
	var n [4]int
	for _, e := range v.eventsOf("ticket-message-created", "ticket-message-updated", "ticket-message-deleted", "ticket-message-failed") {
		if !e.ofMessage || !v.events.covers(e.at) {
			continue
		}
		i := 2
		if e.typ == "ticket-message-created" {
			i = 0
		}
		n[i]++
		if v.events.ticketOf(e) != 0 {
			n[i+1]++
		}
	}
	created, createdNamed, changed, changedNamed := n[0], n[1], n[2], n[3]
	switch {
	case created+changed == 0:
		return unknown(noSuchEvent)
	case createdNamed+changedNamed == 0:
		return found(2, n[:]...)
	case created == createdNamed && changed == changedNamed:
		return found(0, n[:]...)
	case created == createdNamed && changedNamed == 0: //rule:probe-tells-new-from-changed
		return found(1, n[:]...)
	}
	return found(3, n[:]...)
}
