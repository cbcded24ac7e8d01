package probe

import (
	"context"
	"time"

	"source-gorgias/connector/streams"
)

// A stamp is when something was changed, and the date that it has since.
type stamp struct{ changed, updated time.Time }

var stampEvidence = []string{"changes that moved the date", "changes that did not", "changes that a later one hides"}

// judgeStamps is the verdict of a fact whose first answer is that changes move the
// date, whose second one that they do not, and whose third one that some do.
func judgeStamps(stamps []stamp) verdict {
	moved, unmoved, hidden := 0, 0, 0
	for _, s := range stamps {
		switch {
		case near(s.changed, s.updated):
			moved++
		case s.updated.Before(s.changed): //rule:probe-tells-unmoved-dates
			unmoved++
		default:
			hidden++
		}
	}
	switch {
	case len(stamps) == 0:
		return unknown(noSuchEvent)
	case moved+unmoved == 0:
		return unknown(noEvidence, moved, unmoved, hidden)
	case unmoved == 0:
		return found(0, moved, unmoved, hidden)
	case moved == 0:
		return found(1, moved, unmoved, hidden)
	}
	return found(2, moved, unmoved, hidden)
}

// opposite swaps the first two answers of a verdict.
func opposite(v verdict) verdict {
	if v.because == noReason && v.answer < 2 {
		v.answer = 1 - v.answer
	}
	return v
}

func stampFacts() []*fact {
	return []*fact{{
		id: "labels-move-updated", question: "Do tags, trash and spam leave the updated_datetime of their ticket?",
		answers: []answer{
			{"yes", "such a change comes by its event", Agrees},
			{"no, it moves", "nothing is lost: such a change comes with the list as well", Differs},
			{"not always", "nothing is lost: such a change comes with the list or by its event", Differs},
		},
		evidence: stampEvidence,
		judge:    func(v *view) verdict { return opposite(judgeStamps(v.stamps)) },
	}, {
		id: "values-move-updated", question: "Does a custom-field value leave the updated_datetime of its ticket?",
		answers: []answer{
			{"yes", "a new value comes with the next change of its ticket or with reconciliation, up to reconcile_days late", Agrees},
		},
		evidence: []string{"tickets with a date before the creation of a field of which they have a value"},
		judge: func(v *view) verdict {
			if v.values.older == 0 {
				return unknown(noDates, 0)
			}
			return found(0, v.values.older)
		},
	}}
}

// seeLabels compares the changes of tags, trash and spam with the dates of their
// tickets. Only the last one of a ticket counts, and only if nothing else happened to it then.
func (s *session) seeLabels() {
	seen := map[int64]bool{}
	for _, e := range s.view.eventsOf(labelTypes...) {
		t, known := s.view.tickets[e.object]
		if !known || seen[e.object] {
			continue
		}
		seen[e.object] = true
		if near(e.at, t.updated) && s.other(e) {
			continue
		}
		s.view.stamps = append(s.view.stamps, stamp{e.at, t.updated})
	}
}

// other reports whether another operation than that of an event changed its ticket at
// about the same time, and so can have moved the date.
func (s *session) other(e event) bool {
	for _, o := range s.view.events.all {
		if o.id != e.id && near(o.at, e.at) && (o.context != e.context || e.context == "") && o.ofTicket && o.object == e.object {
			return true
		}
	}
	return false
}

// seeValues looks for tickets that have a value of a field that is younger than
// their date.
func (s *session) seeValues(ctx context.Context) {
	created := map[int64]time.Time{}
	for _, rec := range s.listOf(ctx, streams.CustomFields).rows {
		created[rec.ID()] = createdOf(rec)
	}
	for _, t := range s.view.tickets {
		for _, field := range t.fields {
			if at := created[field]; !at.IsZero() && at.Sub(t.updated) > together {
				s.view.values.older++
				break
			}
		}
	}
}
