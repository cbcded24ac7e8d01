package reader

import (
	"context"
	"testing"
	"time"

	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// Streams that share a list resume together only from the same scan, or if one
// was stopped a page before the other. A scan that was started again within a
// second looks like the one before it but for its pages and its token.
func TestOutputsResumeOneScan(t *testing.T) {
	started := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	at := func(pages int, token string) state.Bookmark {
		return state.Bookmark{Scan: state.ScanPosition{StartedAt: started, LowerBound: started.AddDate(-1, 0, 0), NextWatermark: started, Pages: pages, PageToken: token}}
	}
	empty := func(pages int, token string) state.Bookmark { // only empty pages were read
		b := at(pages, token)
		b.Scan.NextWatermark = time.Time{}
		return b
	}
	for _, c := range []struct {
		name  string
		a, b  state.Bookmark
		token string // where the scan resumes; "" for a new scan
		end   time.Time
	}{
		{"the same page", at(5, "next=e"), at(5, "next=e"), "next=e", time.Time{}},
		{"stopped between the batches of one page", at(4, "next=d"), at(5, "next=e"), "next=d", time.Time{}},
		{"the other way round", at(5, "next=e"), at(4, "next=d"), "next=d", time.Time{}},
		{"started again in between", at(1, "next=b"), at(5, "next=e"), "", time.Time{}},
		{"started again, and as far", at(5, "next=f"), at(5, "next=e"), "", time.Time{}},
		{"empty pages", empty(5, "next=e"), empty(5, "next=e"), "next=e", time.Time{}},
		{"an end date", at(5, "next=e"), at(5, "next=e"), "next=e", started.AddDate(0, 0, 1)},
		{"empty pages, and then an end date", empty(5, "next=e"), empty(5, "next=e"), "", started.AddDate(0, 0, -1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			parent := &stream.Stream{Name: "tickets", Key: []string{"id"}, Cursor: "updated_datetime"}
			derived := &stream.Stream{Name: "ticket_tags", Parent: parent, Mode: stream.Derived, Key: []string{"ticket_id", "id"}, Cursor: "ticket_updated_datetime"}
			s := &scan{List: &List{Run: &Run{Options: Options{Start: started.AddDate(-1, 0, 0), End: c.end}}, Source: parent,
				Outputs: []*Output{NewOutput(parent, c.a), NewOutput(derived, c.b)}}}
			if err := s.resume(context.Background()); err != nil {
				t.Fatal(err)
			}
			if s.position.PageToken != c.token {
				t.Errorf("the scan resumes at %q, expected %q", s.position.PageToken, c.token)
			}
		})
	}
}

// Without an interval, a window is read again in every sync, even if the server's
// clock went back by less than makes a state one of the future.
func TestWindowDue(t *testing.T) {
	readAt := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		interval, since time.Duration
		due             bool
	}{
		{0, -time.Minute, true}, {0, 0, true}, {0, time.Hour, true},
		{24 * time.Hour, -time.Minute, false}, {24 * time.Hour, 24*time.Hour - 1, false}, {24 * time.Hour, 24 * time.Hour, true},
	} {
		o := Options{WindowInterval: c.interval}
		if due := o.WindowDue(readAt, readAt.Add(c.since)); due != c.due {
			t.Errorf("after %v with an interval of %v: %v", c.since, c.interval, due)
		}
	}
}
