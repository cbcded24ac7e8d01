package changefeed

import (
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
		DeletedType: "ticket-message-deleted",
		RefetchDoc:  "messages are re-fetched by ticket, 100 messages of one ticket in one request",
		Apply: func(ctx context.Context, a *Applier, events []Event) error {
			return applyMessages(ctx, a, tickets, planMessages(events, a.Emissions))
		},
	}
}

// messageWork is what events require of messages.
type messageWork struct {
	threads        threads
	deletedTickets map[int64]bool
	unresolved     causes            // changed messages of unknown tickets
	nearby         map[int64][]int64 // where to look for these: tickets, by message
	readWhole      map[int64]bool    // tickets whose threads have been read to their ends
}

// threads are what is wanted of the messages of tickets, by ticket.
type threads map[int64]*thread

// A thread is what is wanted of the messages of one ticket.
type thread struct {
	whole        bool    // all of them: they may have come from another ticket
	mayHaveMoved bool    // they may have moved to a ticket that only this one names
	changed      causes  // messages that changed
	deleted      causes  // of these, those that were deleted
	why          cause   // all changes of the thread
	sought       []int64 // messages that may be in it
}

// get returns the thread of a ticket and adds a cause to it.
func (t threads) get(ticket int64, why cause) *thread {
	if t[ticket] == nil {
		t[ticket] = &thread{changed: causes{}, deleted: causes{}}
	}
	t[ticket].why = t[ticket].why.and(why)
	return t[ticket]
}

// planMessages decides what events require.
func planMessages(events []Event, read *reader.Emissions) messageWork {
	work := messageWork{threads{}, map[int64]bool{}, causes{}, map[int64][]int64{}, map[int64]bool{}}
	for _, e := range events {
		if e.ObjectID == 0 {
			continue
		}
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
// sync has read it and the destination holds it. That one was deleted can only be
// asked of its ticket.
func (w *messageWork) addMessage(e Event, em reader.Emission) {
	switch {
	case e.Type == "ticket-message-created" && em.Held:
	case e.TicketID == 0: //rule:deletions-without-ticket-are-not-believed
		w.unresolved.add(e.ObjectID, e.cause())
		w.nearby[e.ObjectID] = append(w.nearby[e.ObjectID], e.Nearby...)
	default:
		t := w.threads.get(e.TicketID, e.cause())
		t.changed.add(e.ObjectID, e.cause())
		if e.Type == "ticket-message-deleted" {
			t.deleted.add(e.ObjectID, e.cause())
		}
	}
}

// applyMessages re-fetches messages by their threads. Deleted ones are asked for in
// any case: that the list was read since the deletion, no clock proves.
func applyMessages(ctx context.Context, a *Applier, tickets *stream.Stream, work messageWork) error {
	read := a.takeRead(work.unresolved, nil)
	for _, ticket := range slices.Sorted(maps.Keys(work.threads)) {
		read = append(read, a.takeRead(work.threads[ticket].changed, nil)...)
	}
	if err := a.rereadMessages(ctx, work.threads); err != nil {
		return err
	}
	for ticket, t := range work.threads {
		maps.Copy(t.changed, t.deleted) //rule:deleted-messages-are-asked-for
		if !t.whole && len(t.changed) == 0 {
			delete(work.threads, ticket)
		}
	}
	for moves := 0; ; moves++ {
		if a.addNearby(work); len(work.threads) == 0 {
			break
		}
		if moves > maxMoves {
			a.warnEndless("the messages of tickets", slices.Sorted(maps.Keys(work.threads)))
			break
		}
		next, err := a.refetchThreads(ctx, tickets, work)
		if err != nil {
			return err
		}
		work.threads = next
	}
	for id, why := range work.unresolved {
		if !a.hasProcessed(why.events) { //rule:processed-events-need-no-ticket
			a.unresolved[id] = true
		}
	}
	a.EmitChanges(a.latest(read), nil) // last, so that a list that cannot be re-fetched is not emitted by each sync
	return nil
}

// rereadMessages re-fetches changed messages that the scan has read by reading the list
// again, if that takes fewer requests than reading their threads.
func (a *Applier) rereadMessages(ctx context.Context, wanted threads) error {
	changed, ticketOf := causes{}, map[int64]int64{}
	for ticket, t := range wanted {
		if t.whole {
			continue
		}
		for id, why := range t.changed {
			changed.add(id, why)
			ticketOf[id] = ticket
		}
	}
	err := a.rereadList(ctx, changed, func(left causes) (ids []int64) {
		counted := map[int64]bool{}
		for _, id := range left.ids() {
			if ticket := ticketOf[id]; !counted[ticket] {
				counted[ticket] = true
				ids = append(ids, id)
			}
		}
		return ids
	})
	for id, ticket := range ticketOf {
		if _, left := changed[id]; !left {
			delete(wanted[ticket].changed, id)
		}
	}
	return err
}

// maxSearched bounds the pages that a sync reads to find messages of unknown
// tickets: less than a minute of the allowance, even if no event of a message
// names its ticket.
const maxSearched = 100

// addNearby adds, for each message of an unknown ticket, the thread of the next
// ticket in which it may be.
func (a *Applier) addNearby(work messageWork) {
	for _, id := range work.unresolved.ids() { //rule:messages-are-sought-in-changed-tickets
		near := slices.DeleteFunc(work.nearby[id], func(ticket int64) bool { return work.readWhole[ticket] || work.deletedTickets[ticket] })
		if work.nearby[id] = near; len(near) == 0 {
			continue
		}
		if work.threads[near[0]] == nil {
			if a.searched >= maxSearched { //rule:search-for-messages-is-bounded
				return
			}
			a.searched++
		}
		t := work.threads.get(near[0], cause{})
		t.sought = append(t.sought, id)
		work.nearby[id] = near[1:]
	}
}

// refetchThreads re-fetches threads, and emits tombstones for deleted messages
// that are gone. It returns the threads to which others have moved.
func (a *Applier) refetchThreads(ctx context.Context, tickets *stream.Stream, work messageWork) (next threads, err error) {
	next = threads{}
	ticketOf, missing := map[int64]int64{}, causes{}
	for ticket, t := range work.threads {
		for id, why := range t.deleted {
			ticketOf[id] = ticket
			missing.add(id, why)
		}
	}
	for _, ticket := range slices.Sorted(maps.Keys(work.threads)) {
		t := work.threads[ticket]
		if !work.deletedTickets[ticket] { //rule:threads-are-refetched
			if err := a.refetchThread(ctx, ticket, t, work, missing); err != nil {
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
// taken back, so the API has to confirm it first: the message is gone, and its ticket
// is not. A message whose ticket is gone went with it, or to another ticket.
// If it is missing in the list of all messages, it did not move.
func (a *Applier) confirmDeleted(ctx context.Context, tickets *stream.Stream, ticket, id int64, why cause, next threads) error {
	if why.missing && a.lostTickets[ticket] { // and the ticket was asked for
		a.EmitChanges(nil, []reader.TombstoneItem{a.tombstone(a.Source, why, id)})
		return nil
	}
	_, _, err := a.FetchByID(ctx, a.Source, tickets.Path+"/{id}/messages", ticket, id) //rule:deleted-messages-are-confirmed
	gone, into := isGone(err)
	ticketGone := false
	if gone && into == 0 {
		_, _, err = a.FetchByID(ctx, tickets, tickets.Path, 0, ticket)
		ticketGone, into = isGone(err) //rule:message-of-lost-ticket-is-not-deleted
		if a.lostTickets[ticket] = ticketGone && into == 0; a.lostTickets[ticket] && why.missing {
			ticketGone, err = false, nil
		}
	}
	switch {
	case into != 0:
		next.get(into, why).changed.add(id, why) //rule:deleted-messages-are-followed
		next.get(into, why).deleted.add(id, why) //rule:deleted-messages-are-followed
		return nil
	case ticketGone:
		return nil
	case gone && err == nil:
		a.EmitChanges(nil, []reader.TombstoneItem{a.tombstone(a.Source, why, id)}) //rule:vanished-messages-get-tombstones
	}
	return err
}

// mayHave reports whether a thread, after a page of it, may still have messages
// that are wanted or sought.
func (a *Applier) mayHave(t *thread, page *reader.Page, unresolved causes) bool {
	isOn := func(id int64) bool {
		return slices.ContainsFunc(page.Records, func(rec stream.Record) bool { return rec.ID() == id })
	}
	for id := range t.changed {
		if !isOn(id) {
			return true
		}
	}
	if t.whole {
		return true
	}
	for _, id := range t.sought {
		if _, lost := unresolved[id]; lost && !isOn(id) && a.searched < maxSearched {
			a.searched++
			return true
		}
	}
	return false
}

// refetchThread reads the messages of a ticket, and removes what it finds from
// what is wanted, from those of unknown tickets and from the deleted messages that are
// missing. A ticket that is gone has none.
func (a *Applier) refetchThread(ctx context.Context, ticket int64, wanted *thread, work messageWork, missing causes) error {
	more := func(page *reader.Page) bool { return a.mayHave(wanted, page, work.unresolved) }
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
			why, sought := work.unresolved[id]
			if _, ok := wanted.changed[id]; ok || wanted.whole {
				why, sought = why.and(wanted.why), true
			}
			if sought || a.Knows(rec) {
				items = append(items, a.refetched(rec, why, page.ServerTime))
			}
			delete(wanted.changed, id)
			delete(missing, id)
			delete(work.unresolved, id)
		}
		a.EmitChanges(items, nil)
		work.readWhole[ticket] = page.NextToken == ""
	}
	return nil
}
