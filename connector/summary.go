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
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
)

// A Summary is the totals of a sync: what was written of each stream, and the
// requests that took. The writer keeps it after each batch, so that it counts
// what was written, not what was read. A nil Summary counts nothing. It belongs
// to the goroutine of the writer.
type Summary struct {
	// Streams are those of the plan, in its order.
	Streams []*StreamSummary
	// Warnings are those that ended no stream, each after the stream's name.
	Warnings []string

	failures    Failures
	startedAt   time.Time
	rateLimiter *gorgias.RateLimiter
}

// A StreamSummary is what was written of a stream.
type StreamSummary struct {
	Stream     *stream.Stream
	Records    int // all that were written; of these,
	Refetched  int // those that the change feed re-fetched,
	Reconciled int // those that were read again and may have changed, and
	Tombstones int // those of deletions
	// Nulled counts the values that were set to null, by field and reason.
	Nulled map[conform.Nulled]int
	// Done is set if the stream was read completely.
	Done bool
	// Failure is the error that ended the stream; nil if there was none.
	Failure *StreamFailure
}

// NewSummary returns the empty summary of a plan.
func (p *Plan) NewSummary() *Summary {
	s := &Summary{startedAt: time.Now(), rateLimiter: p.RateLimiter}
	for _, st := range p.Streams {
		s.Streams = append(s.Streams, &StreamSummary{Stream: st, Nulled: map[conform.Nulled]int{}})
	}
	return s
}

// of returns the summary of a stream; nil if it is not in the plan.
func (s *Summary) of(st *stream.Stream) *StreamSummary {
	if s == nil {
		return nil
	}
	i := slices.IndexFunc(s.Streams, func(c *StreamSummary) bool { return c.Stream == st })
	if i < 0 {
		return nil
	}
	return s.Streams[i]
}

// Add counts a batch that was written, or the error that ended a stream.
func (s *Summary) Add(b Batch, err error) {
	c := s.of(b.Stream)
	if c == nil {
		return
	}
	if err != nil {
		f := s.failures.Add(b.Stream, err)
		c.Failure = &f
		return
	}
	c.Records += len(b.Records)
	c.Refetched += b.Count(stream.Refetched)
	c.Reconciled += b.Count(stream.Reconciled)
	c.Tombstones += b.Count(stream.Tombstone)
	c.Done = c.Done || b.Kind == reader.Done
	if b.Kind == reader.Warning {
		s.Warn(b.Stream.Name + ": " + b.Warning)
	}
}

// Warn adds a warning.
func (s *Summary) Warn(text string) {
	if s != nil {
		s.Warnings = append(s.Warnings, text)
	}
}

// CountNulled counts a value that was set to null.
func (s *Summary) CountNulled(st *stream.Stream, nulled conform.Nulled) {
	if c := s.of(st); c != nil {
		c.Nulled[nulled]++
	}
}

// Total returns the sums over all streams, without nulled values, and how many
// streams are done and how many failed.
func (s *Summary) Total() (all StreamSummary, done, failed int) {
	for _, c := range s.Streams {
		all.Records += c.Records
		all.Refetched += c.Refetched
		all.Reconciled += c.Reconciled
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

// A NulledColumn is the values of a column that were set to null for one
// reason.
type NulledColumn struct {
	Column string // "tickets.customer.email"
	Reason string // "does not fit the declared type"
	Values int
}

// NulledColumns returns what was set to null, the most values first.
func (s *Summary) NulledColumns() (all []NulledColumn) {
	for _, c := range s.Streams {
		for _, n := range slices.SortedFunc(maps.Keys(c.Nulled), func(a, b conform.Nulled) int {
			return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason))
		}) {
			all = append(all, NulledColumn{c.Stream.Name + "." + n.Field, n.Reason.String(), c.Nulled[n]})
		}
	}
	slices.SortStableFunc(all, func(a, b NulledColumn) int { return cmp.Compare(b.Values, a.Values) })
	return all
}

// Cost returns how long the sync has taken, how many requests it made, and the
// share of the rate limit for that time, from 0 to 1.
func (s *Summary) Cost() (took time.Duration, requests int, share float64) {
	took = time.Since(s.startedAt)
	if s.rateLimiter == nil {
		return took, 0, 0
	}
	requests = s.rateLimiter.Sent()
	return took, requests, float64(requests) / s.rateLimiter.Capacity(took)
}

// maxNamedColumns is how many columns the line of String names.
const maxNamedColumns = 10

// String returns the summary as one line for a log. It names failed streams;
// their errors were logged when they occurred.
func (s *Summary) String() string {
	all, done, failed := s.Total()
	took, requests, share := s.Cost()
	var b strings.Builder
	fmt.Fprintf(&b, "Summary: streams read: %d of %d; records: %d, of which re-fetched: %d, reconciled: %d, tombstones: %d; requests: %d, %.0f%% of the rate limit; time: %s",
		done, len(s.Streams), all.Records, all.Refetched, all.Reconciled, all.Tombstones, requests, 100*share, took.Round(time.Second))
	if nulled := s.NulledColumns(); len(nulled) > 0 {
		fmt.Fprintf(&b, "; values set to null: %s", describeNulled(nulled))
	}
	if n := len(s.Warnings); n > 0 {
		fmt.Fprintf(&b, "; warnings: %d", n)
	}
	if failed > 0 {
		var names []string
		for _, c := range s.Streams {
			if c.Failure != nil {
				names = append(names, c.Stream.Name)
			}
		}
		fmt.Fprintf(&b, "; failed: %s", strings.Join(names, ", "))
	}
	return b.String()
}

// describeNulled returns the number of values and the columns with the most.
func describeNulled(columns []NulledColumn) string {
	n := 0
	var named []string
	for i, c := range columns {
		if n += c.Values; i < maxNamedColumns {
			named = append(named, fmt.Sprintf("%.100s %d", c.Column, c.Values))
		}
	}
	if more := len(columns) - maxNamedColumns; more > 0 {
		named = append(named, fmt.Sprintf("and %d more columns", more))
	}
	return fmt.Sprintf("%d (%s)", n, strings.Join(named, ", "))
}
