package integration_tests

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
)

// TestPace checks that a sync takes hardly longer than the account's bucket and the
// reserve require. Where responses are slow, the longest chain of requests must not
// decide.
func TestPace(t *testing.T) {
	t.Parallel()
	small := sandbox.Size{Tickets: 300, Messages: 900, Customers: 400, Surveys: 100}
	larger := sandbox.Size{Tickets: 600, Messages: 1800, Customers: 800, Surveys: 200}
	large := sandbox.Size{Tickets: 3000, Messages: 9000, Customers: 4000, Surveys: 1000}
	for _, c := range []struct {
		name   string
		limit  int
		window time.Duration // in which the bucket leaks empty
		travel time.Duration // per response
		size   sandbox.Size
		most   float64 // times what the bucket and the reserve require
	}{
		{name: "63 requests", size: sandbox.Size{Tickets: 100, Messages: 300, Customers: 100, Surveys: 50}, most: 1.06},
		{name: "82 requests", size: small, most: 1.05},
		{name: "110 requests, OAuth2", limit: 80, size: larger, most: 1.08},
		// That the bucket leaks twice as fast shows in the responses only.
		{name: "82 requests, Enterprise", window: 10 * time.Second, size: small, most: 1.15},
		{name: "110 requests, Enterprise", window: 10 * time.Second, size: larger, most: 1.1},
		{name: "110 requests, Enterprise with OAuth2", limit: 80, window: 10 * time.Second, size: larger, most: 1.25},
		{name: "287 slow requests", travel: time.Second, size: large, most: 1.15},
		{name: "82 slow requests", travel: time.Second, size: small, most: 1.35}, // four at once take 0.9 without any limit
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var ratios []float64
			for range 3 { // the lists compete for the requests
				synctest.Test(t, func(t *testing.T) {
					box := &sandbox.Server{Seed: 1, Limit: cmp.Or(c.limit, 40), Window: cmp.Or(c.window, 20*time.Second), Size: c.size}
					travel := cmp.Or(c.travel, 140*time.Millisecond)
					box.Fail = func(*http.Request) *sandbox.Fault { return &sandbox.Fault{Delay: travel} }
					plan := newFixture(t, box).plan(streamNames(config.AvailableStreams(nil)), map[string]state.Bookmark{})
					began := time.Now()
					for _, err := range plan.Run(t.Context()) {
						if err != nil {
							t.Fatal(err)
						}
					}
					limit := float64(box.Limit)
					least := (float64(box.Requests()) - 0.9*limit) / (limit / box.Window.Seconds())
					ratios = append(ratios, time.Since(began).Seconds()/least)
					if box.RateLimited() > 0 {
						t.Errorf("%d requests were rejected", box.RateLimited())
					}
				})
			}
			slices.Sort(ratios)
			if t.Logf("times of what the bucket requires: %.3f", ratios); ratios[1] > c.most {
				t.Errorf("a sync took %.3f times what the bucket and the reserve require, in the median of %.3f; expected at most %.2f", ratios[1], ratios, c.most)
			}
		})
	}
}

// TestLongListsFirst checks the order in which a first sync begins its lists.
func TestLongListsFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var begun []string
		box := &sandbox.Server{Limit: unlimited, Fail: func(r *http.Request) *sandbox.Fault {
			mu.Lock()
			defer mu.Unlock()
			if path := r.URL.Path; !slices.Contains(begun, path) {
				begun = append(begun, path)
			}
			return &sandbox.Fault{Delay: time.Second}
		}}
		plan := newFixture(t, box).plan(streamNames(config.AvailableStreams(nil)), map[string]state.Bookmark{})
		plan.Concurrency = 1
		for _, err := range plan.Run(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		last := -1
		for _, path := range []string{"account", "messages", "tickets", "events", "views", "custom-fields"} {
			at := slices.Index(begun, "/api/"+path)
			if at <= last {
				t.Errorf("%s comes too early: %v", path, begun)
			}
			last = at
		}
	})
}

// TestEventsAlone checks that a sync that begins with its list of events ends.
func TestEventsAlone(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 4} {
		for _, names := range [][]string{{"events", "tickets"}, {"events", "ticket_messages", "customers", "tickets", "tags"}} {
			synctest.Test(t, func(t *testing.T) {
				box := &sandbox.Server{Fail: func(*http.Request) *sandbox.Fault { return &sandbox.Fault{Delay: time.Second} }}
				plan := newFixture(t, box).plan(names, map[string]state.Bookmark{})
				plan.Concurrency = concurrency
				done := 0
				for b, err := range plan.Run(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					if b.Kind == reader.Done {
						done++
					}
				}
				if done != len(names) {
					t.Errorf("%d of %v ended", done, names)
				}
			})
		}
	}
}

// TestManyProcesses checks that processes that share an account, and know nothing of each
// other, get few responses with 429, use the whole rate limit, and all make progress.
func TestManyProcesses(t *testing.T) {
	t.Parallel()
	const processes, lists, span = 20, 4, 20 * time.Second
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			var mu sync.Mutex
			upTo := func(d time.Duration) time.Duration {
				mu.Lock()
				defer mu.Unlock()
				return time.Duration(random.Int64N(int64(d) + 1))
			}
			lag := time.Duration(seed) * 400 * time.Millisecond // between the first process and the last
			box := &sandbox.Server{}
			box.Fail = func(*http.Request) *sandbox.Fault {
				return &sandbox.Fault{Delay: 70*time.Millisecond + upTo(140*time.Millisecond)}
			}
			began := time.Now()
			var group sync.WaitGroup
			served := make([]int, processes)
			for i := range processes {
				client, err := gorgias.New(gorgias.Options{Origin: "https://sandbox.gorgias.com", Auth: gorgias.Basic("sandbox@example.com", "sandbox-key"),
					Transport: inMemory{box}, RateLimiter: gorgias.NewRateLimiter(0.1)})
				if err != nil {
					t.Fatal(err)
				}
				start := upTo(lag)
				for range lists {
					group.Go(func() {
						time.Sleep(start)
						for time.Since(began) < 5*span {
							if _, err := client.List(t.Context(), gorgias.CursorList, "tags", url.Values{"limit": {"1"}}, ""); err != nil {
								t.Error(err)
								return
							}
							mu.Lock()
							served[i]++
							mu.Unlock()
						}
					})
				}
			}
			for i, requests, rejected := 0, 0, 0; i < 5; i++ {
				time.Sleep(span)
				n, r := box.Requests()-requests, box.RateLimited()-rejected
				requests, rejected = requests+n, rejected+r
				t.Logf("seed %d, %d s: %d requests, %d rejected", seed, 20*(i+1), n, r)
				if r >= 20 || n-r < 36 {
					t.Errorf("seed %d, within %d s: %d requests, %d of them rejected; expected 40, and fewer than 20 rejected", seed, 20*(i+1), n, r)
				}
			}
			group.Wait()
			for i, n := range served {
				if n < 3 {
					t.Errorf("seed %d: process %d was served %d times in %v", seed, i, n, 5*span)
				}
			}
		})
	}
}
