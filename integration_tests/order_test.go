package integration_tests

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/gorgias"
)

// ordered is a network that makes one seed one order of requests, also if
// several lists are read at once: it delays each request by a time that follows
// from the seed, the request and how often it was sent before. Under a fake
// clock no two requests arrive together, and nothing else decides which one is
// the first.
type ordered struct {
	net  http.RoundTripper
	seed uint64

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

// longestBackoff is more than the client ever waits before it retries.
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
	select {
	case <-time.After(o.delay(request)):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	o.mu.Lock()
	o.arrived = append(o.arrived, request)
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.sent[request].last = time.Now()
	}()
	return o.net.RoundTrip(r)
}

// delay returns how long a request takes to arrive. The client waits before it
// retries for about 1, 2, 4 … seconds: a random time, which is filled up to one
// that is not.
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
	delay := time.Duration(1 + hash.Sum64()%uint64(time.Millisecond))
	s.times++
	if time.Since(s.last) > longestBackoff {
		s.retries = 0
		return delay
	}
	backoff := min(1300*time.Millisecond<<min(s.retries, 10), longestBackoff)
	s.retries++
	return max(0, time.Until(s.last.Add(backoff))) + delay
}

// calibrate sends the first request. The rate limiter sends it alone, and which
// one that is would be left to the scheduler.
func (o *ordered) calibrate(t testing.TB, client *gorgias.Client) {
	t.Helper()
	if _, err := client.List(context.Background(), gorgias.SingleObject, "account", nil, ""); err != nil {
		t.Fatal(err)
	}
}

// TestOneSeedIsOneOrderOfRequests plays random histories, whose syncs read
// several lists at once, twice each.
func TestOneSeedIsOneOrderOfRequests(t *testing.T) {
	t.Parallel()
	side := 0
	for seed := range uint64(20) {
		var arrived [2][]string
		for i := range arrived {
			synctest.Test(t, func(t *testing.T) {
				h := &history{t: t, Rand: rand.New(rand.NewPCG(seed, 1)), most: enough}
				_ = h.live() // what it finds is not asked here
				arrived[i] = h.network.arrived
			})
		}
		for i, request := range arrived[0] {
			if i >= len(arrived[1]) || arrived[1][i] != request {
				t.Fatalf("history %d: request %d is\n%s, and of the second run\n%s", seed, i+1, request, arrived[1][min(i, len(arrived[1])-1)])
			}
		}
		if len(arrived[0]) != len(arrived[1]) {
			t.Fatalf("history %d: %d requests, and %d of the second run", seed, len(arrived[0]), len(arrived[1]))
		}
		if len(slices.Compact(arrived[0])) > 10 {
			side++
		}
	}
	if side == 0 {
		t.Error("no history had requests worth comparing")
	}
}
