package connector

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/gorgias"
)

// A Tally is what a sync has come to: what was written of each stream, and what
// that took. The pen that writes keeps it, after each batch, so that it counts
// what was written and not what was read. A nil Tally counts nothing. It
// belongs to the goroutine of the pen.
type Summary struct {
	// Counts are those of the streams, in the plan's order.
	Streams []*StreamSummary
	// Warnings are what a person should know and what ended no stream, each
	// with the stream's name before it.
	Warnings []string

	began  time.Time
	budget *gorgias.RateLimiter
}

// A Count is what was written of a stream.
type StreamSummary struct {
	Stream  *Stream
	Records int // all that were written; among them
	Refetched  int // those that were read again because an event named them, and
	Tombstones  int // the tombstones of what was deleted
	// Lost are the values that became null, by where they stood and why.
	Nulled map[conform.Nulled]int
	// Done is set if the stream has been read to its end.
	Done bool
	// Failure is what ended the stream before; nil if nothing did.
	Failure *Failure
}

// NewTally begins the tally of a plan that is going to be run.
func (p *Plan) NewSummary() *Summary {
	t := &Summary{began: time.Now(), budget: p.RateLimiter}
	for _, s := range p.Streams {
		t.Streams = append(t.Streams, &StreamSummary{Stream: s, Nulled: map[conform.Nulled]int{}})
	}
	return t
}

// of returns the count of a stream; nil if it is not in the plan.
func (t *Summary) of(s *Stream) *StreamSummary {
	if t != nil {
		for _, c := range t.Streams {
			if c.Stream.Name == s.Name {
				return c
			}
		}
	}
	return nil
}

// Note counts a batch that has been written, or the end that a stream came to.
func (t *Summary) Add(b Batch, err error) {
	c := t.of(b.Stream)
	if c == nil {
		return
	}
	if err != nil {
		f := Classify(b.Stream, err)
		c.Failure = &f
		return
	}
	c.Records += len(b.Records)
	c.Refetched += b.Retold
	c.Tombstones += b.Graves
	c.Done = c.Done || b.Last
	if b.Warning != "" {
		t.Warn(b.Stream.Name + ": " + b.Warning)
	}
}

// Warn keeps a warning.
func (t *Summary) Warn(text string) {
	if t != nil {
		t.Warnings = append(t.Warnings, text)
	}
}

// Lose counts a value of a stream that became null.
func (t *Summary) CountNulled(s *Stream, change conform.Nulled) {
	if c := t.of(s); c != nil {
		c.Nulled[change]++
	}
}

// Sum returns the counts of all streams as one, without what they lost; of
// those that failed and are done, how many.
func (t *Summary) Total() (all StreamSummary, done, failed int) {
	for _, c := range t.Streams {
		all.Records += c.Records
		all.Refetched += c.Refetched
		all.Tombstones += c.Tombstones
		switch {
		case c.Failure != nil:
			failed++
		case c.Done:
			done++
		}
	}
	return all, done, failed
}

// A Loss is what became null of a column of a stream.
type NulledColumn struct {
	Column string // "tickets.customer.email"
	Reason string // "does not fit the declared type"
	Values int
}

// Losses returns what became null, the most first.
func (t *Summary) NulledColumns() (all []NulledColumn) {
	for _, c := range t.Streams {
		for _, change := range slices.SortedFunc(maps.Keys(c.Nulled), func(a, b conform.Nulled) int {
			return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason))
		}) {
			all = append(all, NulledColumn{c.Stream.Name + "." + change.Field, change.Reason.String(), c.Nulled[change]})
		}
	}
	slices.SortStableFunc(all, func(a, b NulledColumn) int { return cmp.Compare(b.Values, a.Values) })
	return all
}

// Cost returns how long the sync has taken, how many requests it has made, and
// what share that is of those which the account allows in this time.
func (t *Summary) Cost() (took time.Duration, requests int, share float64) {
	took = time.Since(t.began)
	if t.budget == nil {
		return took, 0, 0
	}
	requests = t.budget.Sent()
	return took, requests, float64(requests) / t.budget.Capacity(took)
}

// maxNamed is how many columns a line names.
const maxNamed = 10

// String is the tally as one line for a log. Failures are named there; what
// they were has been told when they came.
func (t *Summary) String() string {
	all, done, failed := t.Total()
	took, requests, share := t.Cost()
	var b strings.Builder
	fmt.Fprintf(&b, "Summary: streams read: %d of %d; records: %d, of which read again because of events: %d, deletions: %d; requests: %d, %.0f%% of the allowance; time: %s",
		done, len(t.Streams), all.Records, all.Refetched, all.Tombstones, requests, 100*share, took.Round(time.Second))
	if losses := t.NulledColumns(); len(losses) > 0 {
		n := 0
		var named []string
		for i, l := range losses {
			if n += l.Values; i < maxNamed {
				named = append(named, fmt.Sprintf("%.100s %d", l.Column, l.Values))
			}
		}
		if more := len(losses) - maxNamed; more > 0 {
			named = append(named, fmt.Sprintf("and %d columns more", more))
		}
		fmt.Fprintf(&b, "; values that became null: %d (%s)", n, strings.Join(named, ", "))
	}
	if n := len(t.Warnings); n > 0 {
		fmt.Fprintf(&b, "; warnings: %d", n)
	}
	if failed > 0 {
		var names []string
		for _, c := range t.Streams {
			if c.Failure != nil {
				names = append(names, c.Stream.Name)
			}
		}
		fmt.Fprintf(&b, "; failed: %s", strings.Join(names, ", "))
	}
	return b.String()
}
