package probe

import (
	"context"
	"net/url"
	"slices"
	"time"

	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// Types of events, by what they show. Each group is one request.
var (
	mergeTypes   = []string{"ticket-merged", "customer-merged", "customer-deleted", "tag-merged", "tag-deleted", "ticket-deleted"}
	messageTypes = []string{"ticket-message-updated", "ticket-message-deleted", "ticket-message-failed"}
	labelTypes   = []string{"ticket-tags-added", "ticket-tags-removed", "ticket-trashed", "ticket-untrashed", "ticket-marked-spam", "ticket-unmarked-spam"}
	surveyTypes  = []string{"satisfaction-survey-sent", "satisfaction-survey-responded"}
	createTypes  = []string{"ticket-created", "ticket-message-created", "ticket-updated"}

	knownTypes = slices.Concat(mergeTypes, messageTypes, labelTypes, surveyTypes, createTypes)
)

// An eventView is what the judges see of the account's event log.
type eventView struct {
	outcome               outcome
	ascending, descending order
	oldest                time.Time // zero: there is none
	all                   []event   // newest first, each once
	tickets               map[string]int64
	whole                 []span // in which all events were read, whatever their type
	unpublished           outcome
}

// A span is a time, its ends included.
type span struct{ from, to time.Time }

// covers reports whether all events of the operation at a time were read.
func (v *eventView) covers(at time.Time) bool {
	return slices.ContainsFunc(v.whole, func(s span) bool { return at.Sub(s.from) >= together && !at.After(s.to) })
}

// ticketOf returns the ticket of the event of a message; 0 if nothing names it.
func (v *eventView) ticketOf(e event) int64 {
	if e.ticket != 0 || e.context == "" {
		return e.ticket
	}
	return v.tickets[e.context]
}

// of returns the events of some types that are settled.
func (v *view) eventsOf(types ...string) (all []event) {
	for _, e := range v.events.all {
		if slices.Contains(types, e.typ) && v.settled(e.at) {
			all = append(all, e)
		}
	}
	return all
}

// add adds the events of a page, newest first.
func (v *eventView) add(rows []stream.Record) {
	for _, rec := range rows {
		e := newEvent(rec)
		if slices.ContainsFunc(v.all, func(other event) bool { return other.id == e.id }) {
			continue
		}
		v.all = append(v.all, e)
		if e.ofTicket && e.context != "" {
			v.tickets[e.context] = e.object
		}
	}
	slices.SortStableFunc(v.all, func(a, b event) int { return b.at.Compare(a.at) })
}

func eventFacts() []*fact {
	return []*fact{{
		id: "events-order", question: "Does the list of events have the order that is requested?",
		answers: []answer{
			{"yes", "the change feed stores its progress within the events of a sync", Agrees},
			{"no, it is newest first in any case", "the list is read to its end, and no progress within it is stored: an interrupted sync reads its events again; nothing is lost", Contradicts},
			{"no, it has another order", "the list is read to its end, and no progress within it is stored: an interrupted sync reads its events again; nothing is lost", Contradicts},
		},
		evidence: []string{"rows compared, oldest first requested", "of them in another order", "rows compared, newest first requested", "of them in another order, newest first"},
		judge: func(v *view) verdict {
			up, down := v.events.ascending, v.events.descending
			numbers := []int{up.compared, up.misplaced, down.compared, down.misplaced}
			switch {
			case v.events.outcome != ok:
				return unknown(v.events.outcome.reason())
			case up.compared+down.compared == 0:
				return unknown(noTickets, numbers...)
			case up.misplaced+down.misplaced == 0:
				return found(0, numbers...)
			case down.misplaced == 0 && up.misplaced == up.compared: //rule:probe-tells-newest-first
				return found(1, numbers...)
			}
			return found(2, numbers...)
		},
	}, {
		id: "events-retention", question: "Are events kept since the account began?",
		answers: []answer{
			{"yes, as far as this account shows", "a sync after a long pause still finds all events", Agrees},
			{"no, older ones are not listed", "syncs must be at most that far apart for deletions to be captured by events; after a longer pause one warning names the gap, and reconciliation finds what is missing", Contradicts},
		},
		evidence: []string{"days back to the oldest event", "days since the account was created"},
		judge:    judgeRetention,
	}, {
		id: "events-unpublished-type", question: "Does the list of events accept a type that is not documented?",
		answers: []answer{
			{"yes", "nothing: the connector sends documented types only", Agrees},
			{"no, it is rejected", "nothing: the connector sends documented types only", Differs},
		},
		judge: func(v *view) verdict {
			switch types := v.filters[typesFilter]; {
			case types.outcome == rejected:
				return unknown(filterRejected)
			case v.events.unpublished == ok:
				return found(0)
			case v.events.unpublished == rejected:
				return found(1)
			}
			return unknown(v.events.unpublished.reason())
		},
	}}
}

func judgeRetention(v *view) verdict {
	const day = 24 * time.Hour
	switch e := v.events; {
	case e.outcome != ok:
		return unknown(e.outcome.reason())
	case v.account != ok || v.accountCreated.IsZero():
		return unknown(v.account.reason())
	case e.ascending.misplaced > 0:
		return unknown(noOrder)
	case e.oldest.IsZero():
		return unknown(noSuchEvent)
	}
	reach, age := v.now.Sub(v.events.oldest), v.now.Sub(v.accountCreated)
	numbers := []int{int(reach / day), int(age / day)}
	if age-reach > 7*day { // every account has events in its first days
		return found(1, numbers...)
	}
	return found(0, numbers...)
}

// askEvents reads the log: its oldest page, its newest ones, and by types those
// that are rare.
func (s *session) askEvents(ctx context.Context) {
	v := &s.view.events
	v.tickets = map[string]int64{}
	first := s.listOf(ctx, streams.Events)
	if v.outcome = first.outcome; first.outcome != ok {
		return
	}
	s.keepToken(first)
	v.ascending = orderOf(first.rows, cursorOf, false)
	if len(first.rows) > 0 {
		v.oldest = first.rows[0].Cursor
	}
	v.add(first.rows)
	types := s.view.filters[typesFilter]
	for _, group := range [][]string{mergeTypes, messageTypes, labelTypes, surveyTypes} {
		page := s.page(ctx, streams.Events, newestFirst("types", group...), "")
		types.note(page, func(rec stream.Record) bool { return !slices.Contains(group, newEvent(rec).typ) })
		if page.outcome == rejected {
			break
		}
		v.add(page.rows)
	}
	pages := 3
	if types.outcome == rejected { // what is rare is among the newest or not seen
		pages = 8
	}
	s.askNewestEvents(ctx, pages)
	if types.outcome == ok {
		v.unpublished = s.page(ctx, streams.Events, newestFirst("types", "probe-of-an-unknown-type"), "").outcome
	}
	if len(v.all) > 0 {
		since := v.all[min(10, len(v.all)-1)].at.Truncate(time.Second)
		page := s.page(ctx, streams.Events, newestFirst(streams.Events.SinceParam, since.UTC().Format(reader.SinceLayout)), "")
		s.view.filters[sinceFilter].note(page, func(rec stream.Record) bool { return rec.Cursor.Before(since) })
	}
	s.askAround(ctx)
}

// askNewestEvents reads some pages of the newest events.
func (s *session) askNewestEvents(ctx context.Context, pages int) {
	v := &s.view.events
	var rows []stream.Record
	token := ""
	for range pages {
		page := s.page(ctx, streams.Events, newestFirst("", ""), token)
		if page.outcome != ok {
			return
		}
		rows = append(rows, page.rows...)
		if token = page.next; token == "" {
			break
		}
	}
	v.descending = orderOf(rows, cursorOf, true)
	v.add(rows)
	if v.descending.misplaced == 0 && len(rows) > 0 {
		whole := span{rows[len(rows)-1].Cursor, s.view.now}
		if token == "" {
			whole.from = time.Time{}
		}
		v.whole = append(v.whole, whole)
	}
}

// askAround reads all events around the newest ones of messages that were changed,
// if the newest pages do not reach back to them: one of their operation names the
// ticket.
func (s *session) askAround(ctx context.Context) {
	v := &s.view.events
	left := 2
	for _, e := range s.view.eventsOf(messageTypes...) {
		if left == 0 || v.covers(e.at) {
			continue
		}
		left--
		around := span{e.at.Add(-2 * together).Truncate(time.Second), e.at.Add(2 * together).Truncate(time.Second)}
		query := newestFirst("created_datetime[gte]", around.from.UTC().Format(reader.SinceLayout))
		query.Set("created_datetime[lte]", around.to.UTC().Format(reader.SinceLayout))
		if page := s.page(ctx, streams.Events, query, ""); page.outcome == ok && page.next == "" {
			v.add(page.rows)
			v.whole = append(v.whole, around)
		}
	}
}

// newestFirst returns the query of a list that is ordered by creation, newest first,
// with a filter unless its name is "".
func newestFirst(filter string, values ...string) url.Values {
	query := url.Values{"order_by": {"created_datetime:desc"}, "limit": {pageSize}}
	if filter != "" {
		query[filter] = values
	}
	return query
}
