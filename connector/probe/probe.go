// Package probe settles by looking what is not certain about the API: it asks an
// account up to [MaxRequests] times, with GET alone, and reports what the responses
// show.
//
// A fact is a question with its possible answers; the first one is what the connector
// assumes. Asking and judging are apart. The requests of a subject fill a view, which
// has what the judges need to know of the responses: ids, times, statuses, counts. A
// judge is a pure function from that view to a verdict: the number of an answer, or of
// the reason why there is none, and counts. So a report cannot contain the value of a
// record: all its texts are constants of this package or names of streams.
//
// A file holds a subject: its facts, their judges and, below them, its requests.
//
//	events, messages, merges, deletions, stamps    what the account's events show
//	lists, filters, tokens, fields                 what lists show
//	headers, statistics                            the rest
package probe

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/stream"
)

// MaxRequests is how many requests a probe sends at most, repeated ones included.
const MaxRequests = 60

// A Level is how an answer relates to what the connector assumes. Lower levels are
// reported first.
type Level int

const (
	Contradicts Level = iota // it costs records or requests: see what follows
	Differs                  // it is another one, and costs nothing
	Open                     // the account does not show it
	Agrees
)

var levels = []string{"contradicts", "differs", "open", "agrees"}

func (l Level) String() string { return levels[l] }

// A fact is a question about the API.
type fact struct {
	id, question string
	// answers are the possible ones, first what the connector assumes.
	answers []answer
	// evidence names the first numbers of a verdict; the next ones are of the streams in
	// perStream, and shown with the prefix unless they are zero.
	evidence  []string
	prefix    string
	perStream []*stream.Stream
	judge     func(v *view) verdict
}

type answer struct {
	text    string
	follows string // what follows for the data and the requests
	level   Level
}

// A verdict is the answer to a fact, as its number, or the reason why it is not
// known.
type verdict struct {
	answer  int
	because reason // 0: it is known
	numbers []int  // as fact.evidence names them
}

// found is the verdict of a known answer.
func found(answer int, numbers ...int) verdict { return verdict{answer: answer, numbers: numbers} }

// unknown is the verdict that there is no answer.
func unknown(because reason, numbers ...int) verdict {
	return verdict{because: because, numbers: numbers}
}

// A reason says why an account does not show an answer.
type reason int

const (
	noReason reason = iota
	noSuchEvent
	noEvidence
	ambiguous
	noOrder
	noPages
	noTickets
	filterRejected
	notPermitted
	notSent
	requestFailed
	needsPost
	noDates
)

var reasons = []string{
	noReason:       "",
	noSuchEvent:    "no such change is among the events that were read",
	noEvidence:     "none of the changes that were read was the last one of its object",
	ambiguous:      "requests for the objects of the merges that were read do not show which one remained",
	noOrder:        "the list of events does not honor the requested order, so that its oldest event is not known",
	noPages:        "no list is longer than a page",
	noTickets:      "no such record is among those that were read",
	filterRejected: "the filter itself is rejected",
	notPermitted:   "the credentials do not permit the request",
	notSent:        "the requests of this run were used up before",
	requestFailed:  "the request failed",
	needsPost:      "statistics are requested by POST, and a probe sends only GET",
	noDates:        "nothing in the API says when a value was set, and no value that was read is younger than its ticket's date",
}

// A Finding is what a probe has found about one fact.
type Finding struct {
	fact    *fact
	verdict verdict
}

// Level returns how the answer relates to what the connector assumes.
func (f Finding) Level() Level {
	if f.verdict.because != noReason {
		return Open
	}
	return f.answer().level
}

func (f Finding) answer() answer { return f.fact.answers[f.verdict.answer] }

// ID is the name of the fact: lower case, with hyphens.
func (f Finding) ID() string { return f.fact.id }

// Question is the question of the fact.
func (f Finding) Question() string { return f.fact.question }

// Assumed is the answer that the connector assumes; "" if it assumes none.
func (f Finding) Assumed() string { return f.fact.answers[0].text }

// Answer is the answer of the account, or why it does not show one.
func (f Finding) Answer() string {
	if because := f.verdict.because; because != noReason {
		return "cannot be told here, because " + reasons[because]
	}
	return f.answer().text
}

// Follows says what the answer means for the data; "" if it is not known.
func (f Finding) Follows() string {
	if f.verdict.because != noReason {
		return ""
	}
	return f.answer().follows
}

// A Count is a number that an answer rests on, and what it counts.
type Count struct {
	What string `json:"what"`
	N    int    `json:"n"`
}

// Evidence returns the numbers that the answer rests on.
func (f Finding) Evidence() (all []Count) {
	fixed := f.fact.evidence
	for i, n := range f.verdict.numbers {
		switch {
		case i < len(fixed):
			all = append(all, Count{fixed[i], n})
		case n > 0:
			all = append(all, Count{f.fact.prefix + f.fact.perStream[i-len(fixed)].Name, n})
		}
	}
	return all
}

// MarshalJSON writes the finding as an object.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ID       string  `json:"id"`
		Question string  `json:"question"`
		Level    string  `json:"level"`
		Answer   string  `json:"answer"`
		Assumed  string  `json:"assumed"`
		Evidence []Count `json:"evidence"`
		Follows  string  `json:"follows"`
	}{f.ID(), f.Question(), f.Level().String(), f.Answer(), f.Assumed(), append([]Count{}, f.Evidence()...), f.Follows()})
}

// A Report is the result of a probe: its findings, contradictions first.
type Report struct {
	Requests int       `json:"requests"` // sent, repeated ones included
	Findings []Finding `json:"findings"`
}

// Count returns the number of findings of a level.
func (r *Report) Count(l Level) (n int) {
	for _, f := range r.Findings {
		if f.Level() == l {
			n++
		}
	}
	return n
}

// Options configure a probe. Client must send its requests through Transport.
type Options struct {
	Client    *gorgias.Client
	Transport *Transport
	// Wait is a pause before the last request, which uses the first page token again.
	Wait time.Duration
}

// Run probes an account. It fails if the account cannot be reached, or rejects the
// credentials; what it does not permit is a finding.
func Run(ctx context.Context, o Options) (*Report, error) {
	s := newSession(o)
	if err := s.ask(ctx); err != nil {
		return nil, err
	}
	s.view.headers = o.Transport.headers
	return report(&s.view, s.transport.sent), nil
}

// report judges what was seen.
func report(v *view, requests int) *Report {
	r := &Report{Requests: requests}
	for _, f := range facts() {
		r.Findings = append(r.Findings, Finding{f, f.judge(v)})
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(a.Level(), b.Level()) })
	return r
}

// facts returns all facts, by subject.
func facts() []*fact {
	return slices.Concat(eventFacts(), messageFacts(), mergeFacts(), deletionFacts(), stampFacts(),
		listFacts(), filterFacts(), tokenFacts(), fieldFacts(), headerFacts(), statisticFacts())
}
