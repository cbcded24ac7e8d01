package probe

import (
	"context"
	"strconv"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// deletions are what came of the requests for what was deleted.
type deletions struct {
	tickets        []outcome
	unknown        outcome // of an id that no ticket has
	messages       []outcome
	events, silent int // deletions of messages with an event, and without
}

// surveys are what the newest surveys show.
type surveys struct {
	outcome               outcome
	scored, announced     int // scores while events were read, and of them with an event
	outliving, takenAlong int // surveys of deleted tickets that are listed, and that are gone
}

func deletionFacts() []*fact {
	return []*fact{{
		id: "deleted-messages", question: "Is a deleted message still there, with a deleted_datetime?",
		answers: []answer{
			{"yes", "the message arrives with its deleted_datetime", Agrees},
			{"no, it is 404", "the message gets a tombstone, once the API has confirmed that it is gone", Differs},
			{"not always", "the message gets a tombstone or arrives with its deleted_datetime", Differs},
		},
		evidence: []string{"deleted messages", "of them still there"},
		judge:    judgeDeletedMessages,
	}, {
		id: "silent-deletions", question: "Does each deletion of a message create an event?",
		answers: []answer{
			{"yes, as far as this account shows", "a deletion is captured by the next sync", Agrees},
			{"no, some messages vanished without one", "such a deletion is found by reconciliation, up to reconcile_days late", Contradicts},
		},
		evidence: []string{"deletions with an event", "deletions without one"},
		judge: func(v *view) verdict {
			d := v.deleted
			switch {
			case d.silent > 0: //rule:probe-tells-silent-deletions
				return found(1, d.events, d.silent)
			case d.events > 0:
				return found(0, d.events, 0)
			}
			return unknown(noSuchEvent)
		},
	}, {
		id: "survey-scores", question: "Does each score of a survey create an event?",
		answers: []answer{
			{"yes", "a score is captured by the next sync, however old the survey is", Agrees},
			{"no", "the score of a survey that is older than its lookback window is found by reconciliation, up to reconcile_days late", Contradicts},
			{"not always", "the score of a survey that is older than its lookback window is found by reconciliation, up to reconcile_days late", Contradicts},
		},
		evidence: []string{"scores since the oldest event of surveys that was read", "of them with an event"},
		judge: func(v *view) verdict {
			if v.surveys.outcome != ok {
				return unknown(v.surveys.outcome.reason())
			}
			return share(v.surveys.scored, v.surveys.announced)
		},
	}, {
		id: "surveys-of-deleted-tickets", question: "Does a survey outlive its ticket?",
		answers: []answer{
			{"yes", "the survey stays in the destination", Agrees},
			{"no, it is gone", "reconciliation finds that it is gone, up to reconcile_days late, and writes its tombstone", Contradicts},
			{"not always", "reconciliation finds those that are gone, up to reconcile_days late, and writes their tombstones", Contradicts},
		},
		evidence: []string{"surveys of deleted tickets", "of them still there"},
		judge: func(v *view) verdict {
			return share(v.surveys.outliving+v.surveys.takenAlong, v.surveys.outliving)
		},
	}, {
		id: "deleted-tickets", question: "Which status has a request for a deleted ticket?",
		answers: []answer{
			{"404", "it gets a tombstone", Agrees},
			{"it is still there", "no tombstone is written while the API returns it", Contradicts},
			{"another one", "no tombstone is written: only 404 and 301 confirm a deletion", Contradicts},
		},
		evidence: []string{"deleted tickets with 404", "that are still there", "with another status"},
		judge:    judgeDeletedTickets,
	}, {
		id: "unknown-ids", question: "Which status has a request for a ticket that never was?",
		answers: []answer{
			{"404", "nothing: it is the same as for a deleted one", Agrees},
			{"another one", "nothing: the connector requests only ids that the account has shown", Differs},
		},
		judge: func(v *view) verdict {
			switch v.deleted.unknown {
			case gone:
				return found(0)
			case forbidden, unsent, unasked:
				return unknown(v.deleted.unknown.reason())
			}
			return found(1)
		},
	}}
}

// askDeletions requests what events say was deleted, and what is missing without one.
func (s *session) askDeletions(ctx context.Context) {
	const never = 1<<53 - 1
	d := &s.view.deleted
	d.unknown = s.lookup(ctx, streams.Tickets, never).outcome
	merges := s.view.eventsOf("ticket-merged")
	for _, e := range s.view.eventsOf("ticket-deleted") {
		merged := false
		for _, m := range merges {
			merged = merged || near(m.at, e.at)
		}
		if !merged && len(d.tickets) < 2 {
			d.tickets = append(d.tickets, s.lookup(ctx, streams.Tickets, e.object).outcome)
		}
	}
	announced := map[int64]bool{}
	for _, e := range s.view.eventsOf("ticket-message-deleted") {
		announced[e.object] = true
		if d.events++; len(d.messages) < 2 && s.hasTicket(e) {
			d.messages = append(d.messages, s.lookupMessage(ctx, e))
		}
	}
	s.askMissingMessages(ctx, announced)
}

// hasTicket reports whether the ticket of the event of a message is known and exists.
func (s *session) hasTicket(e event) bool {
	_, exists := s.view.tickets[s.view.events.ticketOf(e)]
	return exists
}

// lookupMessage requests the message of an event below its ticket.
func (s *session) lookupMessage(ctx context.Context, e event) outcome {
	path := streams.Tickets.Path + "/" + strconv.FormatInt(s.view.events.ticketOf(e), 10) + "/messages/" + strconv.FormatInt(e.object, 10)
	return s.get(ctx, gorgias.SingleObject, streams.Messages, path, nil, "").outcome
}

// askMissingMessages requests messages that an event says are new and that the page of
// the newest ones lacks: they are old ones that were imported, or gone.
func (s *session) askMissingMessages(ctx context.Context, announced map[int64]bool) {
	newest := s.listOf(ctx, streams.Messages)
	if newest.outcome != ok || len(newest.rows) == 0 {
		return
	}
	listed, from := map[int64]bool{}, time.Time{}
	for _, rec := range newest.rows {
		listed[rec.ID()] = true
	}
	if newest.next != "" {
		from = newest.rows[len(newest.rows)-1].Cursor
	}
	left := 3
	for _, e := range s.view.eventsOf("ticket-message-created") {
		if left == 0 || listed[e.object] || announced[e.object] || !e.at.After(from) || !s.hasTicket(e) {
			continue
		}
		left--
		if s.lookupMessage(ctx, e) == gone {
			s.view.deleted.silent++
		}
	}
}

// askSurveys compares the newest surveys with their events, and with their tickets.
func (s *session) askSurveys(ctx context.Context) {
	page := s.listOf(ctx, streams.Surveys)
	v := &s.view.surveys
	if v.outcome = page.outcome; v.outcome != ok {
		return
	}
	responded, sent, oldest := map[int64]bool{}, []int64{}, s.view.now
	for _, e := range s.view.eventsOf(surveyTypes...) {
		if sent, oldest = append(sent, e.object), e.at; e.typ == "satisfaction-survey-responded" {
			responded[e.object] = true
		}
	}
	listed, tickets := map[int64]bool{}, map[int64]bool{}
	for _, rec := range page.rows {
		listed[rec.ID()] = true
		tickets[stream.Integer(stream.Field(rec.Raw, "ticket_id"))] = true
		at := stream.Timestamp(rec.Raw, "scored_datetime")
		if at.IsZero() || !s.view.settled(at) || at.Before(oldest.Add(-together)) {
			continue
		}
		if v.scored++; responded[rec.ID()] {
			v.announced++
		}
	}
	s.askSurvivingSurveys(ctx, tickets)
	s.askLostSurveys(ctx, sent, listed)
}

// askSurvivingSurveys counts listed surveys whose ticket was deleted.
func (s *session) askSurvivingSurveys(ctx context.Context, tickets map[int64]bool) {
	for _, id := range s.missingTickets(ctx, tickets, 2) {
		if s.lookup(ctx, streams.Tickets, id).outcome == gone {
			s.view.surveys.outliving++
		}
	}
}

// askLostSurveys counts surveys that events name and that are gone: nothing else than
// the deletion of their ticket deletes one.
func (s *session) askLostSurveys(ctx context.Context, ids []int64, listed map[int64]bool) {
	asked := map[int64]bool{}
	for _, id := range ids {
		if listed[id] || asked[id] || len(asked) == 2 {
			continue
		}
		asked[id] = true
		if s.lookup(ctx, streams.Surveys, id).outcome == gone {
			s.view.surveys.takenAlong++
		}
	}
}

func judgeDeletedMessages(v *view) verdict {
	all, there := 0, 0
	for _, o := range v.deleted.messages {
		switch o {
		case ok:
			there++
			all++
		case gone:
			all++
		}
	}
	return share(all, there)
}

func judgeDeletedTickets(v *view) verdict {
	var n [3]int
	for _, o := range v.deleted.tickets {
		switch o {
		case gone:
			n[0]++
		case ok:
			n[1]++
		case rejected, failed:
			n[2]++
		}
	}
	switch {
	case n[2] > 0:
		return found(2, n[:]...)
	case n[1] > 0:
		return found(1, n[:]...)
	case n[0] > 0:
		return found(0, n[:]...)
	}
	return unknown(noSuchEvent)
}
