package integration_tests

import (
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/state"
	"source-gorgias/connector/streams"
)

// TestInterval reads intervals of random accounts. An interval is complete,
// contains nothing from before or after it, and is the same when it is read
// twice. If it is read with the state of an incremental sync, the next sync
// still emits what it would have emitted.
//
// INTERVAL_SEED repeats one account.
func TestInterval(t *testing.T) {
	t.Parallel()
	var seeds []uint64
	for range map[bool]int{true: 15, false: 5}[*full] {
		seeds = append(seeds, rand.Uint64())
	}
	if s := os.Getenv("INTERVAL_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		synctest.Test(t, func(t *testing.T) { interval(t, rand.New(rand.NewPCG(seed, 0))) })
		if t.Failed() {
			t.Fatalf("INTERVAL_SEED=%d", seed)
		}
	}
}

func interval(t *testing.T, r *rand.Rand) {
	const day = 24 * time.Hour
	box := small()
	box.Seed = r.Uint64()
	h := newFixture(t, box)
	names := []string{"tickets", "ticket_tags", "ticket_messages", "satisfaction_surveys", "customers", "events", "jobs", "voice_calls", "voice_call_events", "voice_call_recordings"}
	sync := func(p *connector.Plan) (map[string]map[string]string, map[string]state.Bookmark) {
		rows, marks := map[string]map[string]string{}, maps.Clone(p.Bookmarks)
		if marks == nil {
			marks = map[string]state.Bookmark{}
		}
		p.WindowInterval = day
		for batch, err := range p.Run(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			s := batch.Stream
			if rows[s.Name] == nil {
				rows[s.Name] = map[string]string{}
			}
			for _, rec := range batch.Records {
				raw := rec.Raw
				rows[s.Name][keyOf(s, raw)] = string(raw)
			}
			marks[s.Name] = batch.Bookmark
		}
		return rows, throughJSON(t, marks)
	}
	held, marks := sync(h.plan(names, nil))

	// The interval, twice.
	now := time.Now()
	from := now.Add(-time.Duration(r.Int64N(int64(300 * day)))).Truncate(time.Second)
	to := from.Add(time.Duration(r.Int64N(int64(now.Sub(from)) + 1)))
	bounded := func(marks map[string]state.Bookmark) *connector.Plan {
		p := h.plan(names, marks)
		p.Start, p.End = from, to
		return p
	}
	first, own := sync(bounded(nil))
	second, _ := sync(bounded(nil))
	for _, name := range names {
		s := streams.Find(name)
		want := maps.Collect(func(yield func(string, string) bool) {
			for key, raw := range expectedRecords(box, s) {
				if at := cursorOf(s, []byte(raw)); !at.Before(from) && !at.After(to) && !yield(key, raw) {
					return
				}
			}
		})
		if !maps.Equal(first[name], want) || !maps.Equal(second[name], want) {
			t.Errorf("%s from %v to %v: %d records, then %d, want %d", name, from, to, len(first[name]), len(second[name]), len(want))
		}
		if own[name].Watermark.After(to) {
			t.Errorf("%s: the watermark is %v, after the interval's end %v", name, own[name].Watermark, to)
		}
	}

	// The account changes, and the interval is read with the other state in
	// between.
	pass := func() {
		for range 1 + r.IntN(40) {
			time.Sleep(time.Duration(r.Int64N(int64(12 * time.Hour))))
			box.Mutate(r)
			// No event shows changes of jobs and calls.
			for _, name := range []string{"jobs", "voice_calls"} {
				s := streams.Find(name)
				var young []int64
				for raw := range box.Each(s.Path) {
					if id, err := strconv.ParseInt(keyOf(s, raw), 10, 64); err == nil && time.Since(cursorOf(s, raw)) < s.LookbackWindow {
						young = append(young, id)
					}
				}
				if len(young) > 0 {
					box.Edit(s.Path, young[r.IntN(len(young))])
				}
			}
		}
	}
	pass()
	between, after := sync(bounded(marks))
	for _, name := range names {
		if after[name].Watermark.Before(marks[name].Watermark) {
			t.Errorf("%s: the watermark went back from %v to %v", name, marks[name].Watermark, after[name].Watermark)
		}
	}
	pass()
	time.Sleep(25 * time.Hour)
	rest, _ := sync(h.plan(names, after))
	alone, _ := sync(h.plan(names, marks))
	for _, name := range names {
		// The destination holds the same either way.
		with, without := maps.Clone(held[name]), maps.Clone(held[name])
		maps.Copy(with, between[name])
		maps.Copy(with, rest[name])
		maps.Copy(without, alone[name])
		for _, key := range slices.Sorted(maps.Keys(without)) {
			if with[key] != without[key] {
				t.Errorf("%s %s: %.200s\nwithout the interval: %.200s", name, key, with[key], without[key])
			}
		}
	}
}
