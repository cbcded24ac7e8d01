package integration_tests

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/reader"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/streams"
)

// TestResumeRequestCount checks that a first sync of 10,000 pages that is
// killed repeatedly requests few pages twice.
func TestResumeRequestCount(t *testing.T) {
	t.Parallel()
	const pages = 10_000
	rows := 100 * pages
	if !*full {
		rows /= 50
	}
	box := &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Messages: rows, Tickets: rows / 5}}
	h := newFixture(t, box)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	marks := map[string]state.Bookmark{}
	kills, written := 0, 0
	for done := false; !done; {
		stop := 1 + r.IntN(rows/400)
		plan := h.plan([]string{"ticket_messages"}, throughJSON(t, marks))
		plan.WindowInterval = 24 * time.Hour
		for b, err := range plan.Run(context.Background()) {
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if b.Kind == reader.Started {
				continue
			}
			if stop--; stop < 0 {
				kills++
				break
			}
			marks["ticket_messages"] = b.Bookmark
			written += len(b.Records)
			done = b.Kind == reader.Done
		}
	}
	listed := rows + 12 // the imported tickets have messages
	if written != listed {
		t.Errorf("seed %d: %d records were written, of %d", seed, written, listed)
	}
	// A kill costs the page that it interrupts, the page read after it, and the
	// one requested after that. A resumed scan is followed by a scan of the
	// head.
	needed, asked := (listed+99)/100, box.Hits("messages")
	if again := asked - needed; again > 3*kills+1 {
		t.Errorf("seed %d: %d pages were read in %d requests with %d kills", seed, needed, asked, kills)
	}
	t.Logf("%d pages, %d kills, %d requests", needed, kills, asked)
}

// TestStreamsResumeIndependently checks streams of one list whose scans started
// in the same second and stand at different positions: none continues from a
// position that it has not reached.
func TestStreamsResumeIndependently(t *testing.T) {
	t.Parallel()
	for _, pages := range [][2]int{{4, 3}, {3, 3}, {3, 4}, {1, 2}, {5, 1}} {
		synctest.Test(t, func(t *testing.T) {
			h := newFixture(t, &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Tickets: 60, Messages: -1, Events: -1}})
			marks, got := map[string]state.Bookmark{}, map[string]bool{}
			read := func(size, stop int, names ...string) {
				plan := h.plan(names, throughJSON(t, marks))
				plan.PageSize, plan.Overlap = size, 0
				for b, err := range plan.Run(context.Background()) {
					if err != nil {
						t.Fatal(err)
					}
					for _, rec := range b.Records {
						raw := rec.Raw
						got[b.Stream.Name+" "+keyOf(b.Stream, raw)] = true
					}
					if marks[b.Stream.Name] = b.Bookmark; b.Bookmark.Scan.Pages == stop {
						break
					}
				}
			}
			read(5, pages[0], "tickets") // has read less of the list than the other, in more or as many pages
			read(9, pages[1], "ticket_tags")
			read(7, -1, "tickets", "ticket_tags")
			for _, name := range []string{"tickets", "ticket_tags"} {
				for key := range expectedRecords(h.box, streams.Find(name)) {
					if !got[name+" "+key] {
						t.Errorf("after %d pages of tickets and %d of the other: %s %s is lost", pages[0], pages[1], name, key)
					}
				}
			}
		})
	}
}

// TestResumeWithoutEndDate checks that a scan up to an end date, interrupted
// anywhere and continued without that date, loses no record: not even those
// that it left out on pages it had read.
func TestResumeWithoutEndDate(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"voice_call_events", "events", "tickets"} {
		s := streams.Find(name)
		for stop := 1; stop < 20; stop++ {
			synctest.Test(t, func(t *testing.T) {
				h := newFixture(t, &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Tickets: 60, Events: 60, CallEvents: 60, Messages: -1}})
				var all []time.Time
				for _, raw := range expectedRecords(h.box, s) {
					all = append(all, cursorOf(s, []byte(raw)))
				}
				slices.SortFunc(all, time.Time.Compare)
				marks, got := map[string]state.Bookmark{}, map[string]bool{}
				for _, end := range []time.Time{all[len(all)/3], {}} {
					plan := h.plan([]string{name}, throughJSON(t, marks))
					plan.PageSize, plan.End = 5, end
					batches := 0
					for b, err := range plan.Run(context.Background()) {
						if err != nil {
							t.Fatal(err)
						}
						for _, rec := range b.Records {
							raw := rec.Raw
							got[keyOf(s, raw)] = true
						}
						marks[name] = b.Bookmark
						if batches++; batches == stop && !end.IsZero() {
							break
						}
					}
				}
				for key := range expectedRecords(h.box, s) {
					if !got[key] {
						t.Errorf("%s, stopped after %d batches: %s is lost", name, stop, key)
					}
				}
			})
		}
	}
}
