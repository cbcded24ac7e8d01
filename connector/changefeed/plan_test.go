package changefeed

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
)

// at is a time, some minutes after the start of the test's day.
func at(minutes int) time.Time {
	return time.Date(2026, 1, 2, 0, minutes, 0, 0, time.UTC)
}

// event returns the event of an id and a type, that many minutes into the day.
func event(id int, typ string, object int64, change func(*Event)) Event {
	e := Event{ID: int64(id), At: at(id), Type: typ, ObjectID: object}
	if change != nil {
		change(&e)
	}
	return e
}

func related(id int64) func(*Event) { return func(e *Event) { e.RelatedID = id } }
func ticket(id int64) func(*Event)  { return func(e *Event) { e.TicketID = id } }

func nearby(tickets ...int64) func(*Event) { return func(e *Event) { e.Nearby = tickets } }

// why is the cause of events of these ids, of which the last is the latest.
func why(ids ...int64) cause { return cause{at: at(int(slices.Max(ids))), events: ids} }

func TestPlanTickets(t *testing.T) {
	none := map[int64]bool{}
	tags := func(ids ...int64) func(*Event) { return func(e *Event) { e.RemovedTags = ids } }
	for _, c := range []struct {
		name   string
		events []Event
		want   ticketWork
	}{
		{"no events", nil, ticketWork{causes{}, causes{}, none, map[int64]causes{}}},
		{"an update", []Event{event(1, "ticket-updated", 7, nil)},
			ticketWork{causes{7: why(1)}, causes{}, none, map[int64]causes{}}},
		{"two updates of one ticket are one re-fetch, because of both", []Event{event(1, "ticket-updated", 7, nil), event(2, "ticket-trashed", 7, nil)},
			ticketWork{causes{7: why(1, 2)}, causes{}, none, map[int64]causes{}}},
		{"a deleted ticket is asked for", []Event{event(1, "ticket-updated", 7, nil), event(2, "ticket-deleted", 7, nil)},
			ticketWork{causes{7: why(1, 2)}, causes{7: why(2)}, none, map[int64]causes{}}},
		{"a merge changes both tickets", []Event{event(1, "ticket-merged", 7, related(8))},
			ticketWork{causes{7: why(1), 8: why(1)}, causes{}, none, map[int64]causes{}}},
		{"a merge into a ticket that is deleted later", []Event{event(1, "ticket-merged", 7, related(8)), event(2, "ticket-deleted", 8, nil)},
			ticketWork{causes{7: why(1), 8: why(1, 2)}, causes{8: why(2)}, none, map[int64]causes{}}},
		{"a merge that names no other ticket", []Event{event(1, "ticket-merged", 7, nil), event(2, "ticket-deleted", 7, nil)},
			ticketWork{causes{7: why(1, 2)}, causes{7: why(2)}, map[int64]bool{7: true}, map[int64]causes{}}},
		{"removed tags, one of them twice", []Event{event(1, "ticket-tags-removed", 7, tags(5, 6)), event(2, "ticket-tags-removed", 7, tags(5))},
			ticketWork{causes{7: why(1, 2)}, causes{}, none, map[int64]causes{7: {5: why(1, 2), 6: why(1)}}}},
		{"a message changes its ticket", []Event{event(1, "ticket-message-updated", 50, ticket(7)), event(2, "ticket-message-deleted", 51, ticket(7)), event(3, "ticket-message-deleted", 52, ticket(8))},
			ticketWork{causes{7: why(1, 2), 8: why(3)}, causes{}, none, map[int64]causes{}}},
		{"a message of an unknown ticket", []Event{event(1, "ticket-message-deleted", 50, nil)},
			ticketWork{causes{}, causes{}, none, map[int64]causes{}}},
		{"a summary of a ticket", []Event{event(1, "ticket-message-summary-created", 7, func(e *Event) { e.OfTicket = true })},
			ticketWork{causes{7: why(1)}, causes{}, none, map[int64]causes{}}},
		{"a summary of messages", []Event{event(1, "ticket-message-summary-created", 50, ticket(7))},
			ticketWork{causes{7: why(1)}, causes{}, none, map[int64]causes{}}},
		{"an event without an object", []Event{event(1, "ticket-updated", 0, nil)},
			ticketWork{causes{}, causes{}, none, map[int64]causes{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := planTickets(c.events); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestPlanCustomers(t *testing.T) {
	customers := &stream.Stream{Name: "customers", Key: []string{"id"}, Cursor: "updated_datetime"}
	read := reader.NewEmissions()
	for id, updated := range map[int]time.Time{50: at(5), 51: at(0)} {
		rec := customers.NewRecord(fmt.Appendf(nil, `{"id":%d,"updated_datetime":%q}`, id, updated.Format(time.RFC3339)))
		read.Record(rec, reader.Emission{ReadAt: at(6), Held: true})
	}
	for _, c := range []struct {
		name   string
		events []Event
		want   causes
	}{
		{"a deletion is asked for", []Event{event(1, "customer-deleted", 7, nil)}, causes{7: why(1)}},
		{"a merge changes both", []Event{event(1, "customer-merged", 7, related(8))}, causes{7: why(1), 8: why(1)}},
		{"a merge that names no source", []Event{event(1, "customer-merged", 7, nil)}, causes{7: why(1)}},
		{"a source that is deleted later", []Event{event(1, "customer-merged", 7, related(8)), event(2, "customer-deleted", 8, nil)}, causes{7: why(1), 8: why(1, 2)}},
		{"a customer that was created and not read", []Event{event(1, "customer-created", 7, nil)}, causes{7: why(1)}},
		{"a customer that was created and read", []Event{event(1, "customer-created", 51, nil)}, causes{}},
		{"an update that the list shows", []Event{event(5, "customer-updated", 50, nil)}, causes{}},
		{"an update that is later than what the list shows", []Event{event(1, "customer-updated", 51, nil)}, causes{51: why(1)}},
		{"a merge later than what the list shows", []Event{event(5, "customer-merged", 50, nil)}, causes{50: why(5)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := planCustomers(c.events, read); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestPlanSurveys(t *testing.T) {
	got := planSurveys([]Event{event(1, "satisfaction-survey-sent", 7, nil), event(2, "satisfaction-survey-responded", 7, nil), event(3, "satisfaction-survey-sent", 8, nil)})
	if want := (causes{7: why(1, 2), 8: why(3)}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestPlanMessages(t *testing.T) {
	messages := &stream.Stream{Name: "messages", Key: []string{"id"}, Cursor: "created_datetime", BelongsTo: "ticket_id"}
	read := reader.NewEmissions()
	for _, m := range []struct {
		id     int
		ticket int
		held   bool
	}{{50, 9, true}, {51, 9, false}} {
		rec := messages.NewRecord(fmt.Appendf(nil, `{"id":%d,"ticket_id":%d,"created_datetime":"2026-01-01T00:00:00"}`, m.id, m.ticket))
		read.Record(rec, reader.Emission{ReadAt: at(0), Held: m.held})
	}
	none := planMessages(nil, read)
	with := func(change func(w *messageWork)) messageWork {
		w := planMessages(nil, read)
		change(&w)
		return w
	}
	for _, c := range []struct {
		name   string
		events []Event
		want   messageWork
	}{
		{"an update names its ticket", []Event{event(1, "ticket-message-updated", 60, ticket(9))},
			with(func(w *messageWork) {
				w.threads[9] = &thread{changed: causes{60: why(1)}, deleted: causes{}, why: why(1)}
			})},
		{"updates of a message of an unknown ticket", []Event{event(1, "ticket-message-updated", 60, nearby(9, 10)), event(2, "ticket-message-failed", 60, nearby(11))},
			with(func(w *messageWork) { w.unresolved[60], w.nearby[60] = why(1, 2), []int64{9, 10, 11} })},
		{"a deletion of a message of an unknown ticket", []Event{event(1, "ticket-message-deleted", 60, nearby(9))},
			with(func(w *messageWork) { w.unresolved[60], w.nearby[60] = why(1), []int64{9} })},
		{"a deletion with a ticket", []Event{event(1, "ticket-message-deleted", 60, ticket(9))},
			with(func(w *messageWork) {
				w.threads[9] = &thread{changed: causes{60: why(1)}, deleted: causes{60: why(1)}, why: why(1)}
			})},
		{"a new message that the destination holds", []Event{event(1, "ticket-message-created", 50, nil)}, none},
		{"a new message that was read and not emitted", []Event{event(1, "ticket-message-created", 51, ticket(9))},
			with(func(w *messageWork) {
				w.threads[9] = &thread{changed: causes{51: why(1)}, deleted: causes{}, why: why(1)}
			})},
		{"a new message that was not read", []Event{event(1, "ticket-message-created", 60, ticket(9))},
			with(func(w *messageWork) {
				w.threads[9] = &thread{changed: causes{60: why(1)}, deleted: causes{}, why: why(1)}
			})},
		{"events without an object", []Event{event(1, "ticket-merged", 0, nil), event(2, "ticket-message-updated", 0, ticket(9))}, none},
		{"the ticket of another message", []Event{event(1, "ticket-updated", 9, nil)}, none},
		{"a deleted ticket", []Event{event(1, "ticket-deleted", 9, nil)},
			with(func(w *messageWork) { w.deletedTickets[9] = true })},
		{"a merge", []Event{event(1, "ticket-merged", 9, related(10))},
			with(func(w *messageWork) {
				w.threads[9] = &thread{whole: true, changed: causes{}, deleted: causes{}, why: why(1)}
				w.threads[10] = &thread{whole: true, changed: causes{}, deleted: causes{}, why: why(1)}
			})},
		{"a merge that names no other ticket", []Event{event(1, "ticket-merged", 9, nil)},
			with(func(w *messageWork) {
				w.threads[9] = &thread{whole: true, mayHaveMoved: true, changed: causes{}, deleted: causes{}, why: why(1, 1)}
			})},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := planMessages(c.events, read); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// The ticket of a message is that of an event of the same operation, in this
// chunk or the one before; what the next chunk may name is deferred once.
func TestResolver(t *testing.T) {
	in := func(context string) func(*Event) { return func(e *Event) { e.Context = context } }
	var r resolver
	ready, deferred := r.resolve([]Event{event(1, "ticket-updated", 9, in("a")), event(2, "ticket-message-updated", 50, in("a")), event(3, "ticket-message-updated", 51, in("b"))}, false)
	if len(ready) != 2 || ready[1].TicketID != 9 || len(deferred) != 1 || deferred[0].ObjectID != 51 {
		t.Fatalf("ready %+v, deferred %+v", ready, deferred)
	}
	ready, deferred = r.resolve(append(deferred, event(4, "ticket-message-updated", 52, in("a")), event(5, "ticket-created", 10, in("b"))), false)
	if len(ready) != 3 || ready[0].TicketID != 10 || ready[1].TicketID != 9 || len(deferred) != 0 {
		t.Fatalf("ready %+v, deferred %+v", ready, deferred)
	}
	ready, deferred = r.resolve([]Event{event(6, "ticket-message-updated", 53, in("c")), event(7, "ticket-message-updated", 54, in("a")),
		event(8, "ticket-message-updated", 55, func(e *Event) { e.Context, e.TicketID = "d", 11 }), event(9, "ticket-message-updated", 56, in("d"))}, true)
	if len(ready) != 4 || ready[0].TicketID != 0 || ready[1].TicketID != 9 || ready[3].TicketID != 11 || len(deferred) != 0 {
		t.Fatalf("the final chunk: ready %+v, deferred %+v", ready, deferred)
	}
}

// Any event of a ticket names the ticket of the messages of its operation. If none
// does, the messages are looked for in the tickets that changed at about the same
// time, also in the chunk before, but not in those that were deleted.
func TestResolverNearby(t *testing.T) {
	in := func(context string) func(*Event) { return func(e *Event) { e.Context = context } }
	var r resolver
	_, deferred := r.resolve([]Event{event(1, "ticket-created", 9, in("a")), event(4, "ticket-updated", 10, in("b")), event(5, "ticket-message-failed", 50, in("c"))}, false)
	ready, _ := r.resolve(append(deferred,
		event(6, "ticket-deleted", 11, in("d")), event(7, "ticket-reopened", 12, in("e")), event(8, "ticket-updated", 10, in("f")),
		event(20, "ticket-message-summary-created", 13, func(e *Event) { e.Context, e.OfTicket = "g", true }), event(20, "ticket-message-failed", 51, in("g")),
		event(3, "ticket-updated", 0, in("i")), event(30, "ticket-updated", 14, in("h"))), true)
	if e := ready[0]; e.ObjectID != 50 || e.TicketID != 0 || !slices.Equal(e.Nearby, []int64{10, 12, 9}) {
		t.Errorf("%+v", e)
	}
	if e := ready[5]; e.ObjectID != 51 || e.TicketID != 13 || e.Nearby != nil {
		t.Errorf("%+v", e)
	}
}

// Reading on finds the ids that lie close below with fewer requests.
func TestScanIsCheaper(t *testing.T) {
	for _, c := range []struct {
		ids  []int64
		want bool
	}{
		{nil, false},
		{[]int64{1}, false},
		{[]int64{950}, false},           // one page, or one request
		{[]int64{940, 950}, true},       // one page for both
		{[]int64{1, 950}, false},        // ten pages
		{[]int64{1, 940, 950}, true},    // the first page pays
		{[]int64{500, 600, 700}, false}, // five pages for three
		{[]int64{2000, 3000}, false},    // above: the scan has passed them
	} {
		if got := scanIsCheaper(c.ids, 1000, 100); got != c.want {
			t.Errorf("%v: %v", c.ids, got)
		}
	}
}
