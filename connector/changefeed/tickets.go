package changefeed

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
)

// Tickets returns the changes of tickets. tags is the stream derived from them
// that gets a tombstone for each removed tag.
func Tickets(tags *stream.Stream) *Changes {
	return &Changes{
		EventTypes: []string{"ticket-created", "ticket-updated", "ticket-tags-added", "ticket-tags-removed", "ticket-marked-spam",
			"ticket-unmarked-spam", "ticket-trashed", "ticket-untrashed", "ticket-customer-updated", "ticket-split",
			"ticket-merged", "ticket-deleted", "ticket-message-updated", "ticket-message-deleted", "ticket-message-summary-created"},
		DeletedType:     "ticket-deleted",
		ListProvesMerge: true,
		RefetchDoc:      "up to 100 tickets are re-fetched in one request",
		Apply: func(ctx context.Context, a *Applier, events []Event) error {
			return applyTickets(ctx, a, tags, planTickets(events))
		},
	}
}

// ticketWork is what events require of tickets.
type ticketWork struct {
	refetch     causes
	deleted     causes
	merged      map[int64]bool   // into which ticket, or which one into them, only a request shows
	removedTags map[int64]causes // by ticket, then by tag
}

// planTickets decides what events require. A message changes its ticket, the
// excerpt or the number of messages, without moving the ticket's date. A merge or a split changes both
// tickets: which of them remains is seen when they are re-fetched.
func planTickets(events []Event) ticketWork {
	work := ticketWork{causes{}, causes{}, map[int64]bool{}, map[int64]causes{}}
	for _, e := range events {
		work.refetch.add(e.ticket(), e.cause()) //rule:changed-messages-refetch-their-ticket
		if e.Type == "ticket-deleted" {
			work.deleted.add(e.ObjectID, e.cause())
		}
		if e.Type == "ticket-merged" && e.RelatedID == 0 {
			work.merged[e.ObjectID] = true //rule:nameless-merges-are-followed
		}
		work.refetch.add(e.RelatedID, e.cause())
		for _, tag := range e.RemovedTags {
			if work.removedTags[e.ObjectID] == nil {
				work.removedTags[e.ObjectID] = causes{}
			}
			work.removedTags[e.ObjectID].add(tag, e.cause())
		}
	}
	return work
}

// applyTickets re-fetches tickets, as many at once as a page holds. Of those that
// are missing from the response, the ones that an event says are deleted are gone.
// The others are fetched by id: only that proves it.
func applyTickets(ctx context.Context, a *Applier, tags *stream.Stream, work ticketWork) error {
	needsRecord := func(id int64) bool { return work.removedTags[id] != nil }
	emit := func(items []reader.Item) {
		var removed []reader.TombstoneItem
		for _, it := range items {
			removed = append(removed, a.removedTags(tags, it.Record, work.removedTags[it.ID()])...) //rule:removed-tags-get-tombstones
		}
		a.EmitChanges(items, removed)
	}
	all, wanted := work.refetch, maps.Clone(work.refetch)
	maps.DeleteFunc(wanted, func(id int64, _ cause) bool { return work.deleted[id].events != nil })
	read := a.takeRead(wanted, needsRecord)
	// The deleted ones are asked for in any case: no clock decides that they exist.
	maps.Copy(wanted, work.deleted)
	queue := wanted.ids()
	for done := 0; done < len(queue); { //rule:tickets-are-refetched
		n := min(a.Limit(), len(queue)-done)
		missing, err := a.refetchTickets(ctx, queue[done:done+n], all, emit)
		if err != nil {
			return cmp.Or(a.confirmDeletedTickets(ctx, work.deleted), err)
		}
		done += n
		for _, id := range missing { //rule:missing-tickets-are-fetched-by-id
			if why, deleted := work.deleted[id]; deleted && !work.merged[id] { // an event and the response agree
				a.EmitChanges(nil, []reader.TombstoneItem{a.tombstone(a.Source, why, id)})
				continue
			}
			items, into, err := a.refetchOne(ctx, id, all[id])
			if err != nil {
				return err
			}
			if into == 0 {
				emit(items)
			} else if !slices.Contains(queue, into) {
				all.add(into, all[id])
				queue = append(queue, into)
			}
		}
	}
	emit(a.latest(read)) // last, so that a list that cannot be re-fetched is not emitted by each sync
	return nil
}

// confirmDeletedTickets fetches each deleted ticket by its id, where the API does
// not take several, and emits tombstones for those that are gone.
func (a *Applier) confirmDeletedTickets(ctx context.Context, deleted causes) error {
	for _, id := range deleted.ids() {
		if _, _, err := a.refetchOne(ctx, id, deleted[id]); err != nil {
			return err
		}
	}
	a.acknowledge(deleted)
	return nil
}

// refetchTickets fetches tickets by their ids in one request and passes them to
// emit. It returns the ids that are missing from the response.
func (a *Applier) refetchTickets(ctx context.Context, ids []int64, why causes, emit func([]reader.Item)) (missing []int64, err error) {
	query, found := url.Values{}, map[int64]bool{}
	for _, id := range ids {
		query.Add(a.Source.IDsParam, strconv.FormatInt(id, 10))
	}
	for page, err := range a.Pages(ctx, a.Source, a.Source.Path, query, "", nil) {
		if err != nil {
			return nil, err
		}
		var items []reader.Item
		for _, rec := range page.Records {
			found[rec.ID()] = true
			items = append(items, a.refetched(rec, why[rec.ID()], page.ServerTime))
		}
		emit(items)
	}
	for _, id := range ids {
		if !found[id] {
			missing = append(missing, id)
		}
	}
	return missing, nil
}

// removedTags returns the tombstones of tags that were taken off a ticket and
// are not on it now. They have the ticket's date: adding a tag again does not
// move updated_datetime, and its record must not be older than the tombstone.
func (a *Applier) removedTags(tags *stream.Stream, ticket stream.Record, removed causes) (items []reader.TombstoneItem) {
	for _, tag := range tags.DeriveFrom(ticket) {
		delete(removed, stream.Integer(stream.Field(tag, tags.ID()))) //rule:present-tags-get-no-tombstone
	}
	for _, tag := range removed.ids() {
		items = append(items, a.NewTombstone(tags, ticket.Cursor, removed[tag].at, removed[tag].events, ticket.ID(), tag)) //rule:tag-tombstone-has-date-of-ticket
	}
	return items
}
