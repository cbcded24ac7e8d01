package changefeed

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector/stream"
)

// An Event is what the change feed keeps of an entry of the account's event
// log.
type Event struct {
	ID   int64
	At   time.Time
	Type string
	// ObjectID is the id of the object that changed. OfTicket is set if that is a
	// ticket.
	ObjectID int64
	OfTicket bool
	// TicketID is the ticket of a message; 0 if the event does not name it. Nearby
	// are then the tickets that changed at about the same time, the nearest first:
	// where to look for the message.
	TicketID int64
	Nearby   []int64
	// RelatedID is what was merged into the object or split off from it; 0 if
	// nothing was.
	RelatedID int64
	// RemovedTags are the ids of tags taken off a ticket.
	RemovedTags []int64
	// Missing is set if the account has no such event: the object is missing in its
	// list. ID is 0 then.
	Missing bool
	// Context is the same for all events of one operation.
	Context string

	deferred bool
}

// eventJSON is an event as the API writes it. Its data depends on the type.
type eventJSON struct {
	Context    string `json:"context"`
	ObjectID   id     `json:"object_id"`
	ObjectType string `json:"object_type"`
	Data       struct {
		TicketID         id   `json:"ticket_id"`
		SourceTicketID   id   `json:"source_ticket_id"`
		SplitIntoTicket  id   `json:"split_into_ticket"`
		SourceCustomerID id   `json:"source_customer_id"`
		TagsRemoved      []id `json:"tags_removed"`
	} `json:"data"`
}

// An id is an id in each of its forms: a number, a number in a string, or an
// object that has one. Everything else is 0.
type id int64

func (i *id) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '{' {
		raw = stream.Field(raw, "id")
	}
	*i = id(stream.Integer(raw))
	return nil
}

// eventType returns the type of an event; "" if it is no string.
func eventType(raw []byte) string {
	var text string
	_ = json.Unmarshal(stream.Field(raw, "type"), &text)
	return text
}

// newEvent reads an event. What does not have the expected form is left out.
func newEvent(rec stream.Record, typ string) Event {
	var e eventJSON
	_ = json.Unmarshal(rec.Raw, &e)
	event := Event{ID: rec.ID(), At: rec.Cursor, Type: typ, ObjectID: int64(e.ObjectID), OfTicket: e.ObjectType == "Ticket", TicketID: int64(e.Data.TicketID), Context: e.Context,
		RelatedID: int64(cmp.Or(e.Data.SourceTicketID, e.Data.SplitIntoTicket, e.Data.SourceCustomerID))}
	for _, tag := range e.Data.TagsRemoved {
		event.RemovedTags = append(event.RemovedTags, int64(tag))
	}
	return event
}

// ofMessage reports whether an event is about a message of a ticket.
func (e Event) ofMessage() bool { return strings.HasPrefix(e.Type, "ticket-message-") }

// ticket is the ticket that an event changes; 0 if it is not known.
func (e Event) ticket() int64 {
	if e.ofMessage() && !e.OfTicket {
		return e.TicketID
	}
	return e.ObjectID
}

// namesTicket reports whether an event is one of a ticket, whatever its type.
func (e Event) namesTicket() bool {
	return e.ObjectID != 0 && (e.OfTicket || strings.HasPrefix(e.Type, "ticket-") && !e.ofMessage())
}

// A resolver finds the tickets of messages whose events do not name them, by
// the other events of the same operation.
type resolver struct {
	previous map[string]int64 // tickets by context, of the chunk before
	changes  []Event          // of tickets that remain, of the chunk before
}

// resolve sets the tickets of the events of messages. It returns the events of
// a chunk and, apart, those whose ticket the next chunk may name; there is none
// after the final one.
func (r *resolver) resolve(events []Event, final bool) (ready, deferred []Event) {
	current, changes := ticketsOf(events)
	nearby := slices.Concat(r.changes, changes)
	for _, e := range events {
		if e.ofMessage() && e.ticket() == 0 {
			e.TicketID = cmp.Or(current[e.Context], r.previous[e.Context])
			if e.TicketID == 0 && !final && !e.deferred {
				e.deferred = true
				deferred = append(deferred, e)
				continue
			}
			if e.TicketID == 0 {
				e.Nearby = nearest(e.At, nearby)
			} else {
				current[e.Context] = e.TicketID // the next chunk may have more messages of it
			}
		}
		ready = append(ready, e)
	}
	r.previous, r.changes = current, changes
	return ready, deferred
}

// ticketsOf returns the tickets that events name, by context, and the changes of those
// that remain.
func ticketsOf(events []Event) (byContext map[string]int64, changes []Event) {
	byContext = map[string]int64{}
	for _, e := range events {
		if ticket := e.ticket(); (e.namesTicket() || e.ofMessage()) && (byContext[e.Context] == 0 || e.Type == "ticket-updated") { //rule:message-tickets-are-resolved-by-context
			byContext[e.Context] = ticket
		}
		if e.namesTicket() && e.Type != "ticket-deleted" {
			changes = append(changes, e)
		}
	}
	return byContext, changes
}

// maxNearby is in how many tickets a message is looked for. The events of one
// operation lie milliseconds apart, so that its ticket is the nearest unless
// others changed in the same moment.
const maxNearby = 3

// nearest returns the tickets that changed nearest to a time.
func nearest(at time.Time, changes []Event) (tickets []int64) {
	for range maxNearby {
		var best *Event
		for i, e := range changes {
			if !slices.Contains(tickets, e.ObjectID) && (best == nil || e.At.Sub(at).Abs() < best.At.Sub(at).Abs()) {
				best = &changes[i]
			}
		}
		if best == nil {
			break
		}
		tickets = append(tickets, best.ObjectID)
	}
	return tickets
}
