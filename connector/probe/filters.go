package probe

import (
	"context"
	"net/url"

	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// A filter is a parameter that the connector relies on.
type filter int

const (
	typesFilter filter = iota
	sinceFilter
	ticketIDsFilter
	ticketFilter
	filterCount
)

// filtered is what came of the requests with a filter.
type filtered struct {
	outcome       outcome // rejected if any was
	rows, outside int     // of them outside the filter
}

// note adds the response to a request with the filter.
func (f *filtered) note(l listing, outside func(stream.Record) bool) {
	if f.outcome != rejected {
		f.outcome = l.outcome
	}
	for _, rec := range l.rows {
		if f.rows++; outside(rec) {
			f.outside++
		}
	}
}

func filterFacts() []*fact {
	return []*fact{
		filterFact(typesFilter, "events-types-filter", "Can the list of events be filtered by types?",
			"all events are read instead of those that matter: more requests, and nothing is lost"),
		filterFact(sinceFilter, "events-since-filter", "Can the list of events be filtered by created_datetime[gte]?",
			"each sync reads all events that the account has, if it can read them at all: many more requests"),
		filterFact(ticketIDsFilter, "ticket-ids-filter", "Can tickets be requested by ticket_ids?",
			"changed tickets cannot be re-fetched together: each sync says so in one warning, and what only events show comes with reconciliation"),
		filterFact(ticketFilter, "messages-ticket-filter", "Can messages be requested by ticket_id?",
			"changed old messages cannot be re-fetched: each sync says so in one warning, and they come with reconciliation"),
		{
			id: "unknown-parameters", question: "Is a request with an unknown parameter rejected?",
			answers: []answer{
				{"yes, with 400", "nothing: a parameter that is no longer known is noticed", Agrees},
				{"no", "a filter that is no longer known would be ignored: what is outside of it is left out by the connector itself", Differs},
			},
			judge: func(v *view) verdict { return v.limits.verdict(v.limits.unknownParameter) },
		}, {
			id: "limit-above-100", question: "Is a limit above 100 rejected?",
			answers: []answer{
				{"yes, with 400", "nothing: the connector requests 100", Agrees},
				{"no", "nothing: the connector requests 100", Differs},
			},
			judge: func(v *view) verdict { return v.limits.verdict(v.limits.limit101) },
		},
	}
}

func filterFact(f filter, id, question, otherwise string) *fact {
	return &fact{
		id: id, question: question,
		answers: []answer{
			{"yes", "the connector uses it", Agrees},
			{"no, it is rejected", otherwise, Contradicts},
			{"no, it is ignored", otherwise, Contradicts},
		},
		evidence: []string{"rows", "of them outside the filter"},
		judge: func(v *view) verdict {
			switch seen := v.filters[f]; {
			case seen.outcome == rejected: //rule:probe-tells-rejected-filters
				return found(1, 0, 0)
			case seen.outcome != ok:
				return unknown(seen.outcome.reason())
			case seen.outside > 0:
				return found(2, seen.rows, seen.outside)
			case seen.rows == 0:
				return unknown(noTickets)
			default:
				return found(0, seen.rows, 0)
			}
		},
	}
}

// limitView is what came of requests that should be rejected.
type limitView struct{ unknownParameter, limit101 outcome }

func (limitView) verdict(o outcome) verdict {
	switch o {
	case rejected:
		return found(0)
	case ok:
		return found(1)
	}
	return unknown(o.reason())
}

// askLimits sends requests that should be rejected.
func (s *session) askLimits(ctx context.Context) {
	s.view.limits = limitView{
		unknownParameter: s.page(ctx, streams.Tags, url.Values{"limit": {"1"}, "probe_of_an_unknown_parameter": {"1"}}, "").outcome,
		limit101:         s.page(ctx, streams.Tags, url.Values{"limit": {"101"}}, "").outcome,
	}
}
