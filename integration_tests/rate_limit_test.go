package integration_tests

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/sandbox"
)

// TestRateLimiter checks that 400 requests take at most 1.03 times what the
// sandbox's bucket requires, and that only the faults of the test reject one.
func TestRateLimiter(t *testing.T) {
	t.Parallel()
	const requests = 400
	for _, c := range []struct {
		name    string
		limit   int     // of the bucket; 0 is 40
		minimum float64 // seconds that the bucket requires
		others  float64 // requests per second of another client
		travel  float64 // seconds per response
		fault   func(n int32) *sandbox.Fault
	}{
		{name: "alone", minimum: (requests - 40) / 2},
		// Its share of the leak is one request per second.
		{name: "another client takes half", minimum: requests - 40, others: 1},
		{name: "limit 80", limit: 80, minimum: (requests - 80) / 4},
		{name: "one second per response", minimum: (requests - 40) / 2, travel: 1, fault: func(int32) *sandbox.Fault {
			return &sandbox.Fault{Delay: time.Second}
		}},
		{name: "429 with Retry-After", minimum: (requests - 40) / 2, fault: func(n int32) *sandbox.Fault {
			if n == 150 {
				return &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"5"}}}
			}
			return nil
		}},
		{name: "429 without Retry-After", minimum: (requests - 40) / 2, fault: func(n int32) *sandbox.Fault {
			if n == 150 {
				return &sandbox.Fault{Status: 429}
			}
			return nil
		}},
	} {
		for _, workers := range []int{4, 8} {
			synctest.Test(t, func(t *testing.T) {
				box := &sandbox.Server{Limit: c.limit}
				ours := inMemory{box}
				var n atomic.Int32
				if c.fault != nil {
					box.Fail = func(r *http.Request) *sandbox.Fault {
						if r.UserAgent() == "another" {
							return nil
						}
						return c.fault(n.Add(1))
					}
				}
				budget := gorgias.NewRateLimiter(0.1)
				client, err := gorgias.New(gorgias.Options{
					Origin: "https://sandbox.gorgias.com", Auth: gorgias.Basic("sandbox@example.com", "sandbox-key"), Transport: ours, RateLimiter: budget,
				})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				if c.others > 0 {
					go otherClient(ctx, ours, c.others)
				}
				began := time.Now()
				var left atomic.Int32
				left.Store(requests)
				var group sync.WaitGroup
				for range workers {
					group.Go(func() {
						for left.Add(-1) >= 0 {
							if _, err := client.List(ctx, gorgias.CursorList, "tags", url.Values{"limit": {"1"}}, ""); err != nil {
								t.Error(err)
							}
						}
					})
				}
				group.Wait()
				// The duration of the last response is not due to the rate
				// limit.
				took := time.Since(began).Seconds() - c.travel
				cancel()
				synctest.Wait()
				if ratio := took / c.minimum; ratio > 1.03 {
					t.Errorf("%s, %d workers: took %.1f s, %.3f of the bucket's minimum", c.name, workers, took, ratio)
				} else {
					t.Logf("%s, %d workers: %.1f s, %.3f of the minimum", c.name, workers, took, ratio)
				}
				if box.RateLimited() > 0 {
					t.Errorf("%s, %d workers: %d requests were refused", c.name, workers, box.RateLimited())
				}
			})
		}
	}
}

// otherClient sends requests to the same account at a steady rate.
func otherClient(ctx context.Context, net http.RoundTripper, perSecond float64) {
	tick := time.NewTicker(time.Duration(float64(time.Second) / perSecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://sandbox.gorgias.com/api/account", nil)
		if err != nil {
			return
		}
		r.SetBasicAuth("sandbox@example.com", "sandbox-key")
		r.Header.Set("User-Agent", "another")
		if res, err := net.RoundTrip(r); err == nil {
			_ = res.Body.Close()
		}
	}
}
