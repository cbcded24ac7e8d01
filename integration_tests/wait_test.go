package integration_tests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/config"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/singer"
	"source-gorgias/connector/state"
)

// TestWaitIsReported checks that a sync that waits for Retry-After reports it,
// and repeats its state often enough for the platform.
func TestWaitIsReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		h := newFixture(t, &sandbox.Server{Limit: unlimited, Fail: func(*http.Request) *sandbox.Fault {
			if n.Add(1) == 4 {
				return &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"600"}}}
			}
			return nil
		}})
		plan := h.plan([]string{"ticket_messages"}, nil)
		plan.Heartbeat = time.Minute
		out := &outputTimes{began: time.Now()}
		if err := airbyte.NewWriter(out).Sync(context.Background(), plan.Run(context.Background()), nil); err != nil {
			t.Fatal(err)
		}
		limited := fmt.Sprintf(`"status":"RUNNING","reasons":[{"type":"RATE_LIMITED","rate_limited":{"quota_reset":%d}}]`, out.began.Add(600*time.Second).UnixMilli())
		if !strings.Contains(out.String(), limited) {
			t.Errorf("the output does not contain %s", limited)
		}
		if !strings.Contains(out.String(), `"recordCount":0.0`) || strings.Contains(out.String(), "INCOMPLETE") {
			t.Errorf("got %s", out.String())
		}
	})
}

// TestNoSilence checks that no five minutes pass without a record or a state,
// whatever a sync waits for, in both protocols. The state of a heartbeat claims
// nothing: it is the last one of its stream, or that of a stream that has not
// been read. With the last state, a sync can continue.
func TestNoSilence(t *testing.T) {
	t.Parallel()
	at := func(path string, nth int32, fault sandbox.Fault) func(r *http.Request, n int32) *sandbox.Fault {
		return func(r *http.Request, n int32) *sandbox.Fault {
			if strings.HasPrefix(r.URL.Path, path) && n == nth {
				return &fault
			}
			return nil
		}
	}
	retryAfter := func(seconds string) sandbox.Fault {
		return sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {seconds}}}
	}
	for name, c := range map[string]struct {
		streams []string
		fault   func(r *http.Request, n int32) *sandbox.Fault // n counts the requests of a path
	}{
		"the second page":                 {[]string{"ticket_messages"}, at("/api/messages", 2, retryAfter("560"))},
		"the first request":               {[]string{"tickets"}, at("/api/tickets", 1, retryAfter("890"))},
		"a full refresh":                  {[]string{"macros"}, at("/api/macros", 1, retryAfter("870"))},
		"a full refresh among others":     {[]string{"macros", "tags", "tickets"}, at("/api/macros", 1, retryAfter("600"))},
		"the second page of full refresh": {[]string{"users"}, at("/api/users", 2, retryAfter("600"))},
		"a single object":                 {[]string{"account"}, at("/api/account", 1, retryAfter("600"))},
		"the change feed":                 {[]string{"customers"}, at("/api/events", 1, retryAfter("600"))},
		"statistics":                      {[]string{"statistics"}, at("/api/reporting/stats", 1, retryAfter("600"))},
		"lists below parents that are slow and empty": {[]string{"view_items"}, func(r *http.Request, _ int32) *sandbox.Fault {
			if strings.HasSuffix(r.URL.Path, "/items") {
				return &sandbox.Fault{Status: 200, Body: `{"data":[],"meta":{"next_items":null}}`, Delay: 100 * time.Second}
			}
			return nil
		}},
		"retries": {[]string{"teams", "jobs"}, func(_ *http.Request, n int32) *sandbox.Fault {
			if n < 9 {
				return &sandbox.Fault{Status: 503, Delay: 20 * time.Second}
			}
			return nil
		}},
		"retries until the sync fails": {[]string{"teams", "tags"}, func(*http.Request, int32) *sandbox.Fault { return &sandbox.Fault{Status: 502, Delay: 55 * time.Second} }},
	} {
		for _, protocol := range []string{"airbyte", "singer"} {
			t.Run(name+"/"+protocol, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { checkNoSilence(t, protocol, c.streams, c.fault) })
			})
		}
	}
}

func checkNoSilence(t *testing.T, protocol string, names []string, fault func(*http.Request, int32) *sandbox.Fault) {
	requests := map[string]*atomic.Int32{}
	var mu sync.Mutex
	box := &sandbox.Server{Limit: unlimited}
	h := newFixture(t, box)
	box.Fail = func(r *http.Request) *sandbox.Fault {
		mu.Lock()
		if requests[r.URL.Path] == nil {
			requests[r.URL.Path] = &atomic.Int32{}
		}
		n := requests[r.URL.Path].Add(1)
		mu.Unlock()
		return fault(r, n)
	}
	plan := h.plan(names, nil)
	plan.PageSize = 10
	plan.Heartbeat = connector.NewPlan(&config.Settings{}, "").Heartbeat
	out := &outputTimes{began: time.Now()}
	var states map[string]state.Bookmark
	var err error
	if protocol == "airbyte" {
		_ = airbyte.NewWriter(out).Sync(context.Background(), plan.Run(context.Background()), nil)
		checkHeartbeats(t, out.String())
		states, err = airbyte.ParseState(airbyteStates(t, out.String()))
	} else {
		selection, _ := singer.Select(plan.Streams, nil, nil)
		none, _ := singer.ParseState(nil)
		_ = singer.NewWriter(out, singer.NewLog(io.Discard, nil)).Sync(context.Background(), plan.Run(context.Background()), selection, none)
		last, _ := singer.ParseState([]byte(out.String()[strings.LastIndex(out.String(), `{"type":"STATE"`):]))
		states, _, err = last.Bookmarks(selection)
	}
	if err != nil {
		t.Errorf("the last state cannot be read: %v", err)
	}
	silent := time.Duration(0)
	for _, at := range append(out.times, time.Since(out.began)) {
		if at-silent > 5*time.Minute {
			t.Errorf("silent from %v to %v", silent, at)
		}
		silent = at
	}
	if silent < 330*time.Second {
		t.Errorf("the sync ended after %v: it did not wait", silent)
	}
	box.Fail = nil
	for _, err := range h.plan(names, states).Run(context.Background()) {
		if err != nil {
			t.Errorf("the next sync fails: %v", err)
		}
	}
}

// checkHeartbeats checks that no state is repeated after records: platforms match
// states by their content.
func checkHeartbeats(t *testing.T, output string) {
	stored := map[string]string{}
	for _, line := range airbyteStateLines(output) {
		name, state, _ := strings.Cut(line, `"stream_state":`)
		state, counted, _ := strings.Cut(state, `,"sourceStats"`)
		if !strings.Contains(counted, ":0.0") && stored[name] == state {
			t.Errorf("the same state before and after records: %s", line)
		}
		stored[name] = state
	}
}

func airbyteStateLines(output string) (lines []string) {
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, `{"type":"STATE"`) {
			lines = append(lines, line)
		}
	}
	return lines
}

// airbyteStates returns the last state of each stream, as a platform stores it.
func airbyteStates(t *testing.T, output string) []byte {
	last := map[string]json.RawMessage{}
	for _, line := range airbyteStateLines(output) {
		var m struct{ State json.RawMessage }
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		var s struct {
			Stream struct {
				Descriptor struct{ Name string } `json:"stream_descriptor"`
			}
		}
		_ = json.Unmarshal(m.State, &s)
		last[s.Stream.Descriptor.Name] = m.State
	}
	text, _ := json.Marshal(slices.Collect(maps.Values(last)))
	return text
}

// outputTimes records when records and states are written.
type outputTimes struct {
	bytes.Buffer
	began time.Time
	times []time.Duration
}

func (w *outputTimes) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(`{"type":"STATE"`)) || bytes.Contains(p, []byte(`{"type":"RECORD"`)) {
		w.times = append(w.times, time.Since(w.began))
	}
	return w.Buffer.Write(p)
}

// TestRetriesAreLogged checks that a failed request is logged before the next
// one is sent, in both protocols and in checks.
func TestRetriesAreLogged(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]sandbox.Fault{
		"rate limited": {Status: 429, Header: http.Header{"Retry-After": {"1"}}},
		"unavailable":  {Status: 503},
		"truncated":    {Truncate: 20},
		"disconnected": {Disconnect: true},
	} {
		for _, c := range []call{{args: []string{"read"}}, {args: []string{"check"}}, {tap: true}} {
			t.Run(fmt.Sprint(name, c.args), func(t *testing.T) {
				t.Parallel()
				box := small()
				out := &lockedBuffer{}
				failed, early := atomic.Bool{}, atomic.Bool{}
				box.Fail = func(r *http.Request) *sandbox.Fault {
					if r.URL.Path != "/api/account" {
						return nil
					}
					if failed.Swap(true) {
						early.Store(!c.tap && !strings.Contains(out.String(), "trying again in"))
						return nil
					}
					return &fault
				}
				c := c
				c.out, c.args = out, append(slices.Clone(c.args), "--config", serveSandbox(t, box))
				tr := c.inside(t)
				if tr.code != 0 || early.Load() || !strings.Contains(string(tr.stdout)+string(tr.stderr), "/api/account") ||
					!strings.Contains(string(tr.stdout)+string(tr.stderr), "trying again in 1s") {
					t.Errorf("exit code %d, late: %v: %s", tr.code, early.Load(), tail(tr.stderr))
				}
			})
		}
	}
}

// lockedBuffer is a buffer for concurrent use.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// TestRunEndsGoroutines checks that a run leaves no goroutine when it ends,
// when its reader stops, and when it is canceled: a synctest bubble ends only
// with its goroutines.
func TestRunEndsGoroutines(t *testing.T) {
	t.Parallel()
	for stop := range 40 {
		synctest.Test(t, func(t *testing.T) {
			h := newFixture(t, &sandbox.Server{Limit: unlimited, Fail: func(*http.Request) *sandbox.Fault {
				return &sandbox.Fault{Delay: time.Second}
			}})
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			left := stop
			for _, err := range h.plan(allStreams(), nil).Run(ctx) {
				if err != nil {
					t.Fatal(err)
				}
				if left--; left < 0 {
					if stop%2 == 0 {
						break
					}
					cancel()
				}
			}
		})
	}
}
