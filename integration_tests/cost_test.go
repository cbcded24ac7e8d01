package integration_tests

import (
	"context"
	"testing"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/sandbox"
)

// A first sync asks for as many pages as the rows fill, and for at most one
// more per list; a sync of an account at rest asks each list that can be
// followed in time for one page, and writes nothing of it.
func TestCost(t *testing.T) {
	box := &sandbox.Server{Limit: unlimited}
	h := newHouse(t, box)
	marks := map[string]connector.Bookmark{}
	read := func() (records int) {
		plan := h.plan(everyStream(), stored(t, marks))
		plan.Revise = 24 * time.Hour
		for b, err := range plan.Run(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Stream.Incremental() {
				records += len(b.Records)
			}
			marks[b.Stream.Name] = b.Bookmark
		}
		return records
	}
	asked := func() map[string]int {
		hits := map[string]int{}
		for _, s := range connector.Streams() {
			if s.Path != "" {
				hits[s.Name] = box.Hits(s.Path)
			}
		}
		return hits
	}
	records := read()
	first, total := asked(), h.budget.Sent()
	for _, s := range connector.Streams() {
		if s.Path == "" || s.Walk == connector.PerParent || s.Walk == connector.Single {
			continue
		}
		rows := len(truth(box, s))
		if most := (rows+99)/100 + max(1, len(s.Passes)); first[s.Name] > most {
			t.Errorf("%s: %d rows took %d requests, expected at most %d", s.Name, rows, first[s.Name], most)
		}
	}
	t.Logf("a first sync: %d records of incremental streams, %d requests", records, total)

	if records := read(); records != 0 {
		t.Errorf("a sync at rest wrote %d records", records)
	}
	for name, n := range asked() {
		s := connector.Find(name)
		// The events of calls have no filter and come oldest first: all of
		// them are read.
		if s.Incremental() && name != "voice_call_events" && n-first[name] > 1 {
			t.Errorf("%s: a sync at rest took %d requests", name, n-first[name])
		}
	}
	t.Logf("a sync at rest: %d requests", h.budget.Sent()-total)
}
