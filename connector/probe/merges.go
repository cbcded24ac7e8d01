package probe

import (
	"context"
	"slices"
	"strconv"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// A merge is what came of the requests for the objects that the event of a merge of
// tickets or of customers may mean.
type merge struct {
	ofCustomers bool
	at          time.Time
	object      lookup   // the object of the event
	others      []lookup // the ids in its data, and what was deleted with it
	// Of customer-deleted: whether it was seen, is in the same context, and comes first.
	deleted, sameContext, deletedFirst bool
}

// A lookup is the result of a request for a record by its id.
type lookup struct {
	outcome outcome
	updated time.Time
	values  int // of custom fields
}

// A tagMerge is what the event of a merge of tags shows.
type tagMerge struct {
	object  outcome // of the request for its object
	deleted bool    // another tag was deleted at the same time
}

// roles returns which of the objects remained and which were absorbed; ok is false if
// the requests do not show it.
func (m merge) roles() (survivor lookup, absorbed []lookup, ofObject, known bool) {
	all := append([]lookup{m.object}, m.others...)
	present := -1
	for i, l := range all {
		switch {
		case l.outcome == ok && present < 0:
			present = i
		case l.outcome == ok, l.outcome != redirected && l.outcome != gone:
			return survivor, nil, false, false
		}
	}
	if present < 0 {
		return survivor, nil, false, false
	}
	return all[present], slices.Delete(slices.Clone(all), present, present+1), present == 0, true
}

func mergeFacts() []*fact {
	return []*fact{{
		id: "merge-events", question: "Is the object of the event of a merge the one that remains?",
		answers: []answer{
			{"yes", "both objects are re-fetched", Agrees},
			{"no, it is the absorbed one", "both objects are re-fetched, because a request for the absorbed one leads to the other; if it does not, the remaining one comes with its date or with reconciliation", Contradicts},
			{"not always", "both objects are re-fetched where one leads to the other; else the remaining one comes with its date or with reconciliation", Contradicts},
		},
		evidence: []string{"merges", "of them with the remaining object"},
		judge:    judgeMergeEvents,
	}, {
		id: "merged-ids", question: "Does a request for a merged ticket or customer redirect to the one that remains?",
		answers: []answer{
			{"yes, with 301", "the absorbed object gets a tombstone, and the remaining one is re-fetched", Agrees},
			{"no, it is 404", "the absorbed object gets a tombstone as if it was deleted; the remaining one is re-fetched if the event names it", Contradicts},
			{"not always", "the absorbed object gets a tombstone; the remaining one is re-fetched if the event or a redirect names it", Contradicts},
		},
		evidence: []string{"merged objects", "of them with 301", "redirects seen", "of them to an absolute URL", "of them with a trailing slash"},
		judge:    judgeMergedIDs,
	}, {
		id: "customer-merge-contexts", question: "Is customer-deleted the first event of a merge of customers, in another context than customer-merged?",
		answers: []answer{
			{"yes", "each id is requested, whatever the events say", Agrees},
			{"no, both are in one context", "each id is requested, whatever the events say", Differs},
			{"not always", "each id is requested, whatever the events say", Differs},
		},
		evidence: []string{"merges of customers", "of them with two contexts", "of them with customer-deleted first"},
		judge:    judgeMergeContexts,
	}, {
		id: "tag-merge-events", question: "Is the object of tag-merged the absorbed tag?",
		answers: []answer{
			{"yes", "nothing: the list of tags is read in each sync, and tickets that carry the tag come with their date or with reconciliation", Agrees},
			{"no, it is the one that remains", "nothing: the list of tags is read in each sync, and tickets that carry the tag come with their date or with reconciliation", Differs},
			{"not always", "nothing: the list of tags is read in each sync, and tickets that carry the tag come with their date or with reconciliation", Differs},
		},
		evidence: []string{"merges of tags", "of them with the absorbed tag"},
		judge:    judgeTagMerges,
	}, {
		id: "ticket-merges-move-updated", question: "Does a merge move the updated_datetime of the ticket that remains?",
		answers: []answer{
			{"yes", "the remaining ticket comes with its list, and by the event", Agrees},
			{"no", "the remaining ticket comes by the event, if it names it or a redirect does; else with reconciliation, up to reconcile_days late", Contradicts},
			{"not always", "the remaining ticket comes by the event, if it names it or a redirect does; else with reconciliation, up to reconcile_days late", Contradicts},
		},
		evidence: stampEvidence,
		judge:    func(v *view) verdict { return judgeStamps(v.survivors(false)) },
	}, {
		id: "customer-merges-move-updated", question: "Does a merge leave the updated_datetime of the customer that remains?",
		answers: []answer{
			{"yes", "the remaining customer comes by the event, whatever its date", Agrees},
			{"no, it moves", "nothing is lost: the remaining customer comes with its list as well", Differs},
			{"not always", "nothing is lost: the remaining customer comes with its list as well", Differs},
		},
		evidence: stampEvidence,
		judge:    func(v *view) verdict { return opposite(judgeStamps(v.survivors(true))) },
	}}
}

// shareOfMerges is share for the merges whose objects were requested.
func (v *view) shareOfMerges(all, with int) verdict {
	if all == 0 && len(v.merges) > 0 {
		return unknown(ambiguous)
	}
	return share(all, with)
}

// survivors returns the dates of what remained of merges.
func (v *view) survivors(ofCustomers bool) (all []stamp) {
	for _, m := range v.merges {
		survivor, _, _, known := m.roles()
		if known && m.ofCustomers == ofCustomers && !survivor.updated.IsZero() {
			all = append(all, stamp{m.at, survivor.updated})
		}
	}
	return all
}

// askMerges requests the objects of the newest merges.
func (s *session) askMerges(ctx context.Context) {
	for _, kind := range []struct {
		merged, deleted string
		stream          *stream.Stream
	}{{"ticket-merged", "ticket-deleted", streams.Tickets}, {"customer-merged", "customer-deleted", streams.Customers}} {
		events, deletions := s.view.eventsOf(kind.merged), s.view.eventsOf(kind.deleted)
		for _, e := range events[:min(2, len(events))] {
			s.view.merges = append(s.view.merges, s.askMerge(ctx, kind.stream, e, deletions))
		}
	}
	merges := s.view.eventsOf("tag-merged")
	for _, e := range merges[:min(2, len(merges))] {
		m := tagMerge{object: s.lookup(ctx, streams.Tags, e.object).outcome}
		for _, d := range s.view.eventsOf("tag-deleted") {
			m.deleted = m.deleted || near(d.at, e.at) && d.object != e.object
		}
		s.view.tags = append(s.view.tags, m)
	}
}

// askMerge requests the objects of a merge: that of its event, one that its data names,
// or else what was deleted at the same time.
func (s *session) askMerge(ctx context.Context, of *stream.Stream, e event, deletions []event) merge {
	m := merge{ofCustomers: of == streams.Customers, at: e.at}
	ids := append([]int64{e.object}, e.others[:min(1, len(e.others))]...)
	for _, d := range deletions {
		if !near(d.at, e.at) || !slices.Contains(ids, d.object) && len(ids) > 1 {
			continue
		}
		m.deleted, m.sameContext = true, d.context == e.context
		m.deletedFirst = d.at.Before(e.at) || d.at.Equal(e.at) && d.id < e.id
		if !slices.Contains(ids, d.object) {
			ids = append(ids, d.object)
		}
	}
	m.object = s.lookup(ctx, of, e.object)
	for _, id := range ids[1:] {
		m.others = append(m.others, s.lookup(ctx, of, id))
	}
	return m
}

// lookup requests a record by its id.
func (s *session) lookup(ctx context.Context, of *stream.Stream, id int64) lookup {
	page := s.get(ctx, gorgias.SingleObject, of, of.Path+"/"+strconv.FormatInt(id, 10), of.QueryByID, "")
	l := lookup{outcome: page.outcome}
	if len(page.raw) > 0 {
		t := newTicket(page.raw[0])
		l.updated, l.values = t.updated, len(t.fields)
	}
	return l
}

func judgeMergeEvents(v *view) verdict {
	all, with := 0, 0
	for _, m := range v.merges {
		if _, _, ofObject, known := m.roles(); known {
			all++
			if ofObject {
				with++
			}
		}
	}
	return v.shareOfMerges(all, with)
}

func judgeMergedIDs(v *view) verdict {
	all, with := 0, 0
	for _, m := range v.merges {
		_, absorbed, _, known := m.roles()
		for _, l := range absorbed {
			if known {
				all++
				if l.outcome == redirected { //rule:probe-tells-redirects
					with++
				}
			}
		}
	}
	result := v.shareOfMerges(all, with)
	if result.because == noReason {
		result.numbers = append(result.numbers, v.headers.redirects, v.headers.absolute, v.headers.withSlash)
	}
	return result
}

func judgeMergeContexts(v *view) verdict {
	all, apart, first := 0, 0, 0
	for _, m := range v.merges {
		if m.ofCustomers && m.deleted {
			all++
			if !m.sameContext {
				apart++
			}
			if m.deletedFirst {
				first++
			}
		}
	}
	result := share(all, apart)
	if result.because == noReason {
		result.numbers = append(result.numbers, first)
	}
	return result
}

func judgeTagMerges(v *view) verdict {
	all, absorbed := 0, 0
	for _, m := range v.tags {
		switch {
		case m.object == ok || m.deleted:
			all++
		case m.object == gone:
			all++
			absorbed++
		}
	}
	return share(all, absorbed)
}
