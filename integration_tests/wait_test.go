package integration_tests

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/sandbox"
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
		out := &stateTimes{began: time.Now()}
		if err := airbyte.NewWriter(out).Sync(context.Background(), plan.Run(context.Background()), nil); err != nil {
			t.Fatal(err)
		}
		limited := fmt.Sprintf(`"status":"RUNNING","reasons":[{"type":"RATE_LIMITED","rate_limited":{"quota_reset":%d}}]`, out.began.Add(600*time.Second).UnixMilli())
		if !strings.Contains(out.String(), limited) {
			t.Errorf("the output does not contain %s", limited)
		}
		last := time.Duration(0)
		for _, at := range append(out.states, time.Since(out.began)) {
			if at-last > 3*time.Minute {
				t.Errorf("silent from %v to %v", last, at)
			}
			last = at
		}
		if !strings.Contains(out.String(), `"recordCount":0.0`) || strings.Contains(out.String(), "INCOMPLETE") {
			t.Errorf("got %s", out.String())
		}
	})
}

// stateTimes records when states are written.
type stateTimes struct {
	bytes.Buffer
	began  time.Time
	states []time.Duration
}

func (w *stateTimes) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(`{"type":"STATE"`)) {
		w.states = append(w.states, time.Since(w.began))
	}
	return w.Buffer.Write(p)
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
