package integration_tests

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/gorgias"
)

// ordered is a network in which the seed determines the order of the requests,
// also if several lists are read at once. It delays each request by a time
// computed from the seed, the request and how often it was sent before: under a
// fake clock, no two requests arrive at the same time.
type ordered struct {
	net     http.RoundTripper
	seed    uint64
	instant bool // requests take no time: there is one list at a time

	mu      sync.Mutex
	sent    map[string]*sent
	arrived []string // the requests in the order of their arrival
}

// sent is what is known of a request that was sent before.
type sent struct {
	times   uint64
	retries int // in a row
	last    time.Time
}

// longestBackoff is longer than any wait of the client before a retry.
const longestBackoff = 80 * time.Second

func (o *ordered) RoundTrip(r *http.Request) (*http.Response, error) {
	request := r.Method + " " + r.URL.RequestURI()
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		query, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		request += " " + string(query)
	}
	if !o.instant {
		select {
		case <-time.After(o.delay(request)):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	o.mu.Lock()
	o.arrived = append(o.arrived, request)
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if s := o.sent[request]; s != nil {
			s.last = time.Now()
		}
	}()
	return o.net.RoundTrip(r)
}

// restart forgets what was sent: the same requests again take the same times.
func (o *ordered) restart() { o.sent = nil }

// delay returns how long a request takes to arrive. The client retries after
// about 1, 2, 4 … seconds, give or take a random part. The delay makes the time
// of the retry exact.
func (o *ordered) delay(request string) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sent == nil {
		o.sent = map[string]*sent{}
	}
	s := o.sent[request]
	if s == nil {
		s = &sent{}
		o.sent[request] = s
	}
	hash := fnv.New64a()
	fmt.Fprint(hash, o.seed, request, s.times)
	longest := time.Millisecond
	if o.seed%4 == 0 { // responses are slow: what can be is read side by side
		longest = 2 * time.Second
	}
	delay := time.Duration(1 + hash.Sum64()%uint64(longest))
	s.times++
	if time.Since(s.last) > longestBackoff {
		s.retries = 0
		return delay
	}
	backoff := min(1300*time.Millisecond<<min(s.retries, 10), longestBackoff)
	s.retries++
	return max(0, time.Until(s.last.Add(backoff))) + delay
}

// calibrate sends the first request. The rate limiter sends it alone; without
// calibrate, the scheduler would decide which request that is.
func (o *ordered) calibrate(t testing.TB, client *gorgias.Client) {
	t.Helper()
	if _, err := client.List(context.Background(), gorgias.SingleObject, "account", nil, ""); err != nil {
		t.Fatal(err)
	}
}

// TestRequestOrderFollowsSeed runs random histories, whose syncs read several
// lists at once, twice each.
func TestRequestOrderFollowsSeed(t *testing.T) {
	t.Parallel()
	seeds := 6
	if *full {
		seeds = 40
	}
	for seed := range uint64(seeds) {
		var runs [2][]string
		for i := range runs {
			synctest.Test(t, func(t *testing.T) {
				h := &history{t: t, Rand: rand.New(rand.NewPCG(seed, 1)), maxChanges: defaultMaxChanges}
				_ = h.play() // only the requests matter here
				runs[i] = h.network.arrived
			})
		}
		if slices.Equal(runs[0], runs[1]) {
			continue
		}
		for i, request := range runs[0] {
			if i >= len(runs[1]) || runs[1][i] != request {
				t.Fatalf("seed %d: request %d of %d and %d differs:\n%s\n%s", seed, i+1, len(runs[0]), len(runs[1]), request, strings.Join(runs[1][min(i, len(runs[1])):min(i+1, len(runs[1]))], ""))
			}
		}
		t.Fatalf("seed %d: %d requests, and %d in the second run", seed, len(runs[0]), len(runs[1]))
	}
}
