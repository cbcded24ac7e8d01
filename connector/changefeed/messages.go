package changefeed

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
)

// Messages returns the changes of ticket messages. tickets is the stream of the
// tickets they belong to. The events of tickets show where messages moved, and
// which ticket a message belongs to: one that changed in the same operation.
func Messages(tickets *stream.Stream) *Changes {
	return &Changes{
		EventTypes: []string{"ticket-message-created", "ticket-message-updated", "ticket-message-failed", "ticket-message-deleted",
			"ticket-created", "ticket-updated", "ticket-split", "ticket-merged", "ticket-deleted"},
		RefetchDoc: "messages are re-fetched by ticket, 100 messages of one ticket in one request",
		Apply: func(ctx context.Context, a *Applier, events []Event) error {
			return applyMessages(ctx, a, tickets, planMessages(events, a.Emissions))
		},
	}
}

// messageWork is what events require of messages.
type messageWork struct {
	threads        threads
	deletedTickets map[int64]bool
	deleted        causes // deleted messages of unknown tickets
	unresolved     causes // changed messages of unknown tickets
}

// threads are what is wanted of the messages of tickets, by ticket.
type threads map[int64]*thread

// A thread is what is wanted of the messages of one ticket.
type thread struct {
	whole        bool   // all of them: they may have come from another ticket
	mayHaveMoved bool   // they may have moved to a ticket that only this one names
	changed      causes // messages that changed
	deleted      causes // of these, those that were deleted
	why          cause  // all changes of the thread
}

// get returns the thread of a ticket and adds a cause to it.
func (t threads) get(ticket int64, why cause) *thread {
	if t[ticket] == nil {
		t[ticket] = &thread{changed: causes{}, deleted: causes{}}
	}
	t[ticket].why = t[ticket].why.and(why)
	return t[ticket]
}

// planMessages decides what events require. A message whose event names no
// ticket belongs to the ticket with which this sync has read it.
func planMessages(events []Event, read *reader.Emissions) messageWork {
	work := messageWork{threads{}, map[int64]bool{}, causes{}, causes{}}
	for _, e := range events {
		switch e.Type {
		case "ticket-deleted":
			work.deletedTickets[e.ObjectID] = true
		case "ticket-merged", "ticket-split":
			work.addMove(e)
		case "ticket-created", "ticket-updated": // only name the ticket of messages
		default:
			work.addMessage(e, read.Get(e.ObjectID))
		}
	}
	return work
}

// addMove adds the threads that a merge or a split has changed.
func (w *messageWork) addMove(e Event) {
	w.threads.get(e.ObjectID, e.cause()).whole = true //rule:merged-ticket-moves-messages
	if e.RelatedID != 0 {
		w.threads.get(e.RelatedID, e.cause()).whole = true //rule:merged-ticket-moves-messages
	} else {
		w.threads.get(e.ObjectID, e.cause()).mayHaveMoved = true
	}
}

// addMessage adds a changed message. One that was created needs nothing if this
// sync has read it and the destination holds it.
func (w *messageWork) addMessage(e Event, em reader.Emission) {
	ticket, deleted := cmp.Or(e.TicketID, em.Owner), e.Type == "ticket-message-deleted"
	switch {
	case e.Type == "ticket-message-created" && em.Held:
	case ticket == 0 && deleted:
		w.deleted.add(e.ObjectID, e.cause())
	case ticket == 0:
		w.unresolved.add(e.ObjectID, e.cause())
	default:
		t := w.threads.get(ticket, e.cause())
		t.changed.add(e.ObjectID, e.cause())
		if deleted {
			t.deleted.add(e.ObjectID, e.cause())
		}
	}
}

// applyMessages re-fetches messages by their threads. Deleted ones are asked for in
// any case: that the list was read since the deletion, no clock proves.
func applyMessages(ctx context.Context, a *Applier, tickets *stream.Stream, work messageWork) error {
	read := a.takeRead(work.unresolved, nil)
	for id := range work.unresolved {
		a.unresolved[id] = true
	}
	for _, ticket := range slices.Sorted(maps.Keys(work.threads)) {
		t := work.threads[ticket]
		read = append(read, a.takeRead(t.changed, nil)...)
		maps.Copy(t.changed, t.deleted) //rule:deleted-messages-are-asked-for
		if !t.whole && len(t.changed) == 0 {
			delete(work.threads, ticket)
		}
	}
	for wanted, moves := work.threads, 0; len(wanted) > 0; moves++ {
		if moves > maxMoves {
			a.warnEndless("the messages of tickets", slices.Sorted(maps.Keys(wanted)))
			break
		}
		next, err := a.refetchThreads(ctx, tickets, wanted, work.deletedTickets)
		if err != nil {
			return err
		}
		wanted = next
	}
	// Last, so that a list that cannot be re-fetched is not emitted by each sync;
	// but nothing that was read again since.
	read = slices.DeleteFunc(read, func(it reader.Item) bool { return !a.Emissions.IsLatest(it.Record) })
	a.EmitChanges(read, a.tombstones(work.deleted))
	return nil
}

// refetchThreads re-fetches threads, and emits tombstones for deleted messages
// that are gone. It returns the threads to which others have moved.
func (a *Applier) refetchThreads(ctx context.Context, tickets *stream.Stream, wanted threads, deletedTickets map[int64]bool) (next threads, err error) {
	next = threads{}
	ticketOf, missing := map[int64]int64{}, causes{}
	for ticket, t := range wanted {
		for id, why := range t.deleted {
			ticketOf[id] = ticket
			missing.add(id, why)
		}
	}
	for _, ticket := range slices.Sorted(maps.Keys(wanted)) {
		t := wanted[ticket]
		if !deletedTickets[ticket] { //rule:threads-are-refetched
			if err := a.refetchThread(ctx, ticket, t, missing); err != nil {
				return nil, err
			}
		}
		if t.mayHaveMoved {
			if err := a.followTicket(ctx, tickets, ticket, t.why, next); err != nil {
				return nil, err
			}
		}
	}
	for _, id := range missing.ids() {
		if err := a.confirmDeleted(ctx, tickets, ticketOf[id], id, missing[id], next); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// followTicket adds to next the ticket into which a ticket was merged.
func (a *Applier) followTicket(ctx context.Context, tickets *stream.Stream, ticket int64, why cause, next threads) error {
	_, _, err := a.FetchByID(ctx, tickets, tickets.Path, 0, ticket)
	if merged, into := gorgias.MergedInto(err); merged {
		next.get(into, why).whole = true
	} else if err != nil && !gorgias.Is(err, gorgias.NotFound) {
		return err
	}
	return nil
}

// confirmDeleted fetches a message that was deleted and is in none of the threads
// that were read since its event. A deleted message may stay, with the date of its
// deletion, or not; it may also have moved with its ticket. A tombstone cannot be
// taken back, so the API has to confirm it first.
func (a *Applier) confirmDeleted(ctx context.Context, tickets *stream.Stream, ticket, id int64, why cause, next threads) error {
	_, _, err := a.FetchByID(ctx, a.Source, tickets.Path+"/{id}/messages", ticket, id) //rule:deleted-messages-are-confirmed
	gone, into := isGone(err)
	switch {
	case into != 0:
		next.get(into, why).changed.add(id, why) //rule:deleted-messages-are-followed
		next.get(into, why).deleted.add(id, why) //rule:deleted-messages-are-followed
	case gone:
		a.EmitChanges(nil, []reader.TombstoneItem{a.tombstone(a.Source, why, id)}) //rule:vanished-messages-get-tombstones
	}
	if gone {
		return nil
	}
	return err
}

// refetchThread reads the messages of a ticket, and removes what it finds from
// what is wanted and from the deleted messages that are missing. A ticket that is
// gone has none.
func (a *Applier) refetchThread(ctx context.Context, ticket int64, wanted *thread, missing causes) error {
	more := func(page *reader.Page) bool {
		left := len(wanted.changed)
		for _, rec := range page.Records {
			if _, ok := wanted.changed[rec.ID()]; ok {
				left--
			}
		}
		return wanted.whole || left > 0
	}
	fetch := func(ctx context.Context, ticket int64, token string) (*reader.Page, error) {
		return a.FetchPage(ctx, a.Source, a.Source.Path, url.Values{"ticket_id": {strconv.FormatInt(ticket, 10)}}, token)
	}
	pager := reader.Pager{Path: a.Source.Path, Observe: more, Fetch: func(ctx context.Context, token string) (*reader.Page, error) {
		return fetch(ctx, ticket, token)
	}}
	same := func(ctx context.Context, other stream.Record) error {
		_, err := fetch(ctx, other.Owner, "")
		return err
	}
	for page, err := range a.PagesOf(ctx, pager, a.Source, same) {
		if err != nil {
			return err
		}
		var items []reader.Item
		for _, rec := range page.Records {
			id := rec.ID()
			if _, ok := wanted.changed[id]; ok || wanted.whole {
				items = append(items, a.refetched(rec, wanted.why, page.ServerTime))
			} else if a.Knows(rec) {
				items = append(items, a.refetched(rec, cause{}, page.ServerTime))
			}
			delete(wanted.changed, id)
			delete(missing, id)
		}
		a.EmitChanges(items, nil)
	}
	return nil
}
