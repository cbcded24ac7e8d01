package integration_tests

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/streams"
)

// TestForecast compares a forecast with the sync that follows: exact figures
// are exact, estimates are right within a factor of two, and it takes at most
// two requests per list.
func TestForecast(t *testing.T) {
	t.Parallel()
	box := &sandbox.Server{Limit: unlimited, ClockOffset: time.Until(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))}
	h := newFixture(t, box)
	marks := map[string]state.Bookmark{}
	plan := func() *connector.Plan {
		p := h.plan(allStreams(), throughJSON(t, marks))
		p.WindowInterval, p.Tombstone = 24*time.Hour, tombstone
		return p
	}
	forecast := func() (*connector.Forecast, map[string]reader.Estimate) {
		f, err := plan().Forecast(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		lists := map[string]reader.Estimate{}
		for _, e := range f.Lists {
			if e.Error != "" {
				t.Errorf("%s: %s", e.Streams[0], e.Error)
			}
			lists[e.Streams[0]] = e
		}
		if most := 2 * len(f.Lists); f.ForecastRequests > most {
			t.Errorf("a forecast took %d requests, expected at most %d", f.ForecastRequests, most)
		}
		return f, lists
	}
	read := func() (requests, records map[string]int) {
		requests, records = map[string]int{}, map[string]int{}
		for _, s := range streams.All() {
			requests[s.Name] -= box.Hits(s.Path)
		}
		for b, err := range plan().Run(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			records[b.Stream.Name] += len(b.Records)
			marks[b.Stream.Name] = b.Bookmark
		}
		for _, s := range streams.All() {
			requests[s.Name] += box.Hits(s.Path)
		}
		return requests, records
	}
	_, lists := forecast()
	requests, records := read()
	for name, e := range lists {
		if streams.Find(name) == nil {
			continue // the change feed
		}
		got, n := requests[name], records[name]
		switch e.Accuracy {
		case reader.Exact:
			if got != e.Requests || n != e.Records {
				t.Errorf("%s: %d requests and %d records, expected exactly %d and %d", name, got, n, e.Requests, e.Records)
			}
		case reader.About:
			if n > 2*e.Records || 2*n < e.Records {
				t.Errorf("%s: %d records, expected about %d", name, n, e.Records)
			}
		case reader.AtLeast:
			if got < e.Requests || n < e.Records {
				t.Errorf("%s: %d requests and %d records, expected at least %d and %d", name, got, n, e.Requests, e.Records)
			}
		}
	}

	_, lists = forecast()
	requests, _ = read()
	for name, e := range lists {
		if s := streams.Find(name); s == nil || !s.Incremental() || name == "voice_call_events" {
			continue
		}
		// Events of the overlap are processed again, and dates may need a witness.
		exact := e.Accuracy == reader.Exact && e.Requests == requests[name]
		if more := hasEvents(streams.Find(name)) || name == "statistics"; !exact && (!more || e.Requests > requests[name]) {
			t.Errorf("%s at rest: %s %d requests, and it took %d", name, e.Accuracy, e.Requests, requests[name])
		}
	}

	past := plan()
	past.End = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	back, err := past.Forecast(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range back.Lists {
		if s := streams.Find(e.Streams[0]); s != nil && s.Incremental() && (e.Requests != 0 || !strings.HasPrefix(e.Description, "nothing")) {
			t.Errorf("%s: up to an end long passed: %d requests, %s", s.Name, e.Requests, e.Description)
		}
	}

	box.Fail = func(r *http.Request) *sandbox.Fault {
		if r.URL.Path == "/api/jobs" {
			return &sandbox.Fault{Status: 403}
		}
		return nil
	}
	f, err := plan().Forecast(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range f.Lists {
		if denied := strings.Contains(e.Error, "403 Forbidden"); denied != (e.Streams[0] == "jobs") {
			t.Errorf("%s: fault %q", e.Streams[0], e.Error)
		}
	}
}

// TestForecastTime checks that the forecast duration is that of the rate limit.
func TestForecastTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t, &sandbox.Server{Size: sandbox.Size{Messages: 20_000, Tickets: 100}})
		plan := h.plan([]string{"ticket_messages"}, nil)
		f, err := plan.Forecast(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for _, err := range h.plan([]string{"ticket_messages"}, nil).Run(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		took := time.Since(began).Seconds()
		if f.Accuracy == reader.Exact || took < 0.5*f.Seconds || took > 1.5*f.Seconds {
			t.Errorf("it took %.0f s, and %.0f s were forecast for %s %d requests", took, f.Seconds, f.Accuracy, f.Requests)
		}
	})
}
