package gorgias

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A serverBucket is an account's bucket as the server keeps it: strict, and exact,
// because it counts in whole numbers only. A request is drainTime nanoseconds, and
// limit nanoseconds leak out in each nanosecond.
type serverBucket struct {
	mu        sync.Mutex
	limit     int64
	drainTime time.Duration // in which a full bucket leaks empty
	roundsUp  bool          // the count in the header is rounded up, not down
	level     int64
	last      time.Time
	rejected  int                    // of our requests
	fault     func(n int) *callLimit // the response to the nth request, if not nil
	n         int
}

func newServerBucket(limit int, up bool) *serverBucket {
	return &serverBucket{limit: int64(limit), drainTime: 20 * time.Second, roundsUp: up, last: time.Now()}
}

// take adds one request, if it fits.
func (b *serverBucket) take() bool {
	now := time.Now()
	b.level = max(0, b.level-b.limit*int64(now.Sub(b.last)))
	b.last = now
	if b.level+int64(b.drainTime) > b.limit*int64(b.drainTime) {
		return false
	}
	b.level += int64(b.drainTime)
	return true
}

// others adds n requests of other integrations.
func (b *serverBucket) others(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range n {
		b.take()
	}
}

// serve adds one of our requests and returns its response.
func (b *serverBucket) serve() callLimit {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	if b.fault != nil {
		if a := b.fault(b.n); a != nil {
			b.rejected++
			return *a
		}
	}
	ok := b.take()
	if !ok {
		b.rejected++
	}
	used := b.level / int64(b.drainTime)
	if b.roundsUp && b.level%int64(b.drainTime) > 0 {
		used++
	}
	return callLimit{used: int(used), limit: int(b.limit), rateLimited: !ok}
}

// A load is a number of requests, sent as fast as the rate limiter admits them.
type load struct {
	requests, workers int
	latency           func() (there, back time.Duration)
	done              func(sent time.Time)
}

// run returns how long the load took. Rejected requests are sent again.
func (l load) run(t *testing.T, limiter *RateLimiter, server *serverBucket) time.Duration {
	t.Helper()
	begin := time.Now()
	todo := make(chan struct{}, l.requests)
	for range l.requests {
		todo <- struct{}{}
	}
	close(todo)
	var workers sync.WaitGroup
	for range l.workers {
		workers.Go(func() {
			for range todo {
				for {
					c, err := limiter.wait(context.Background())
					if err != nil {
						t.Error(err)
						return
					}
					there, back := time.Duration(0), time.Duration(0)
					if l.latency != nil {
						there, back = l.latency()
					}
					sent := time.Now()
					time.Sleep(there)
					a := server.serve()
					time.Sleep(back)
					limiter.done(c, a)
					if l.done != nil {
						l.done(sent)
					}
					if !a.rateLimited {
						break
					}
				}
			}
		})
	}
	workers.Wait()
	return time.Since(begin)
}

// repeat calls do in a goroutine until stop is called.
func repeat(do func()) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				do()
			}
		}
	})
	return func() { close(done); running.Wait() }
}

// A scenario is an account and the workers that read it.
type scenario struct {
	limit, workers int
	roundsUp       bool
	latency        time.Duration
	drainTime      time.Duration // 20s, or faster
}

func scenarios(empty time.Duration, yield func(scenario)) {
	for _, up := range []bool{false, true} {
		for _, limit := range []int{40, 80} {
			for _, workers := range []int{1, 2, 8} {
				for _, latency := range []time.Duration{0, 50 * time.Millisecond, time.Second} {
					s := scenario{limit, workers, up, latency, empty}
					if float64(workers)/latency.Seconds() > 1.2*float64(limit)/empty.Seconds() { // else the latency limits them, not the bucket
						yield(s)
					}
				}
			}
		}
	}
}

// run sends 400 requests and returns how long that took, and the shortest possible
// time.
func (s scenario) run(t *testing.T, server *serverBucket) (took, least time.Duration) {
	l := load{requests: 400, workers: s.workers, latency: func() (time.Duration, time.Duration) { return s.latency / 2, s.latency / 2 }}
	took = l.run(t, NewRateLimiter(0.1), server)
	least = time.Duration(400-s.limit) * s.drainTime / time.Duration(s.limit)
	return took, least
}

// allowed is how long the limiter may take without other integrations. The reserve
// is a tenth of the limit; the rounded count hides up to two requests; a request in
// flight counts in full both ways; and the last response must arrive.
func (s scenario) allowed(least time.Duration) time.Duration {
	leak := float64(s.limit) / s.drainTime.Seconds()
	requests := float64(s.limit)/10 + 2 + 2*s.latency.Seconds()*leak
	return least + time.Duration(requests/leak*float64(time.Second)) + s.latency
}

func (s scenario) server() *serverBucket {
	b := newServerBucket(s.limit, s.roundsUp)
	b.drainTime = s.drainTime
	return b
}

// Without other integrations, the limiter uses all of the bucket except the reserve.
func TestRateLimiterAlone(t *testing.T) {
	scenarios(20*time.Second, func(s scenario) {
		synctest.Test(t, func(t *testing.T) {
			server := s.server()
			took, least := s.run(t, server)
			t.Logf("%+v: %v of %v (%.4f)", s, took, least, took.Seconds()/least.Seconds())
			allowed := s.allowed(least)
			if s.limit == 40 || s.latency == 0 {
				allowed = min(allowed, least*103/100+s.latency)
			}
			if took > allowed || server.rejected > 0 {
				t.Errorf("%+v: took %v, allowed %v; %d rejected", s, took, allowed, server.rejected)
			}
		})
	})
}

// If other integrations use half of the leak, steadily or in bursts of almost the size of
// the reserve, the limiter uses the other half.
func TestRateLimiterShared(t *testing.T) {
	scenarios(20*time.Second, func(s scenario) {
		for _, burst := range []int{1, s.limit/10 - 1} {
			synctest.Test(t, func(t *testing.T) {
				server := s.server()
				stop := repeat(func() {
					server.others(burst)
					time.Sleep(2 * s.drainTime / time.Duration(s.limit) * time.Duration(burst))
				})
				took, least := s.run(t, server)
				stop()
				least *= 2
				allowed := least * 104 / 100
				if s.limit == 80 {
					allowed = least * 110 / 100 // of which the reserve and the room for others are 6, and a burst at the end 1.25
				}
				t.Logf("%+v, bursts of %d: %v of %v (%.4f)", s, burst, took, least, took.Seconds()/least.Seconds())
				if took > allowed || server.rejected > 0 {
					t.Errorf("%+v, bursts of %d: took %v, allowed %v; %d rejected", s, burst, took, allowed, server.rejected)
				}
			})
		}
	})
}

// A 429 stops all requests for its Retry-After, or else for a second. Since the
// bucket leaks meanwhile, that costs no time, and causes no other 429.
func TestRateLimiterRetryAfter(t *testing.T) {
	for _, retryAfter := range []time.Duration{0, 5 * time.Second} {
		scenarios(20*time.Second, func(s scenario) {
			synctest.Test(t, func(t *testing.T) {
				var stopped, resumed time.Time
				server := s.server()
				server.fault = func(n int) *callLimit {
					switch {
					case n == 200:
						stopped = time.Now()
						return &callLimit{limit: s.limit, used: s.limit, rateLimited: true, retryAfter: retryAfter}
					case n > 200+s.workers && resumed.IsZero(): // these were in flight
						resumed = time.Now()
					}
					return nil
				}
				took, least := s.run(t, server)
				allowed := s.allowed(least)
				t.Logf("%+v, Retry-After %v: %v of %v (%.4f), %v", s, retryAfter, took, least, took.Seconds()/least.Seconds(), resumed.Sub(stopped))
				if took > allowed || server.rejected != 1 {
					t.Errorf("%+v, Retry-After %v: took %v, allowed %v; %d rejected", s, retryAfter, took, allowed, server.rejected)
				}
				if resumed.Sub(stopped) < max(retryAfter, time.Second) {
					t.Errorf("%+v, Retry-After %v: resumed after %v", s, retryAfter, resumed.Sub(stopped))
				}
			})
		})
	}
}

// A bucket that leaks twice as fast is used at its speed.
func TestRateLimiterFasterBucket(t *testing.T) {
	scenarios(10*time.Second, func(s scenario) {
		if s.latency == 0 && s.workers > 1 {
			// Calls that are sent at the same time and whose responses take no time
			// cannot be distinguished; the result then depends on their order.
			return
		}
		synctest.Test(t, func(t *testing.T) {
			server := s.server()
			took, least := s.run(t, server)
			t.Logf("%+v: %v of %v (%.4f)", s, took, least, took.Seconds()/least.Seconds())
			if took > least*100/90 || server.rejected > 0 {
				t.Errorf("%+v: took %v of at least %v, %d rejected", s, took, least, server.rejected)
			}
		})
	})
}

// After a 429 without Retry-After the limiter waits for 1, 2, 4 … 64 seconds;
// several at the same time count as one.
func TestRateLimiterBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0)
		c := mustWait(t, b)
		b.done(c, callLimit{used: 1, limit: 40})
		b.done(mustWait(t, b), callLimit{rateLimited: true})
		if used, _ := b.Usage(); used != 40 {
			t.Errorf("level %v of 40 after a 429", used)
		}
		for _, want := range []time.Duration{2, 4, 8, 16, 32, 64, 64} {
			one, two := mustWait(t, b), mustWait(t, b)
			b.done(one, callLimit{rateLimited: true})
			b.done(two, callLimit{rateLimited: true})
			if got := time.Until(b.blockedUntil); got != want*time.Second {
				t.Errorf("blocked for %v, want %v", got, want*time.Second)
			}
		}
		b.done(mustWait(t, b), callLimit{used: 1, limit: 40})
		b.done(mustWait(t, b), callLimit{rateLimited: true})
		if got := time.Until(b.blockedUntil); got != time.Second {
			t.Errorf("blocked for %v after a success", got)
		}
	})
}

// Until the first response shows what others use, no second request is sent. Its
// limit and count are used at once.
func TestRateLimiterCalibratesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0.1)
		first := mustWait(t, b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := b.wait(ctx); err != context.DeadlineExceeded {
			t.Fatalf("a second request was sent before the first response: %v", err)
		}
		b.done(first, callLimit{used: 70, limit: 80})
		if used, limit := b.Usage(); used < 70 || used > 71 || limit != 80 {
			t.Errorf("usage %v of %v, want 70 to 71 of 80", used, limit)
		}
	})
}

// The limit is used even if the count changes nothing.
func TestRateLimiterAdoptsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0.1)
		b.done(mustWait(t, b), callLimit{used: 0, limit: 80})
		if _, limit := b.Usage(); limit != 80 {
			t.Errorf("limit %v, want 80", limit)
		}
	})
}

// A bucket that a response shows to be full holds no more, whatever the API has not
// counted yet.
func TestRateLimiterFullBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0)
		b.done(mustWait(t, b), callLimit{used: 1, limit: 40})
		mustWait(t, b)
		b.done(mustWait(t, b), callLimit{used: 40, limit: 40})
		if used, _ := b.Usage(); used != 40 {
			t.Errorf("level %v of 40", used)
		}
	})
}

// The response to a call does not replace what is known from a call that was sent
// later.
func TestRateLimiterIgnoresStaleResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0.1)
		b.done(mustWait(t, b), callLimit{used: 1, limit: 40})
		old := mustWait(t, b)
		time.Sleep(time.Second)
		b.done(mustWait(t, b), callLimit{used: 30, limit: 40})
		b.done(old, callLimit{used: 2, limit: 40})
		if used, _ := b.Usage(); used < 30 {
			t.Errorf("level %v, but a later call returned 30", used)
		}
	})
}

// Waiters are admitted in the order of their arrival; a canceled one returns at
// once, and delays no other. A long wait is announced, once.
func TestRateLimiterOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0)
		var announced []time.Duration
		begin := time.Now()
		b.Waiting = func(until time.Time) { announced = append(announced, until.Sub(begin)) }
		b.done(mustWait(t, b), callLimit{})
		late := mustWait(t, b)
		b.done(mustWait(t, b), callLimit{used: 12, limit: 40, rateLimited: true, retryAfter: 7 * time.Second})

		var mu sync.Mutex
		var order []int
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 10 {
			go func() {
				mine := t.Context()
				if i%3 == 0 {
					mine = ctx
				}
				c, err := b.wait(mine)
				if err != nil {
					if i%3 != 0 || time.Since(begin) != 3*time.Second {
						t.Errorf("waiter %d was canceled after %v: %v", i, time.Since(begin), err)
					}
					return
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				b.done(c, callLimit{})
			}()
			synctest.Wait()
		}
		time.Sleep(2 * time.Second)
		b.done(late, callLimit{}) // wakes the first waiter, which must wait again
		time.Sleep(time.Second)
		cancel()
		synctest.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []int{1, 2, 4, 5, 7, 8}; !slices.Equal(order, want) {
			t.Errorf("admitted in order %v, want %v", order, want)
		}
		if len(announced) != 1 || announced[0] != 7*time.Second { // once for all
			t.Errorf("announced %v", announced)
		}
	})
}

// The waits of half a second at a full bucket are not announced.
func TestRateLimiterShortWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0.9) // the limiter is 4 of 40
		b.Waiting = func(until time.Time) { t.Errorf("announced a wait of %v", time.Until(until)) }
		begin := time.Now()
		for range 10 {
			b.done(mustWait(t, b), callLimit{})
		}
		if took := time.Since(begin).Round(time.Millisecond); took != 3*time.Second {
			t.Errorf("ten requests took %v", took)
		}
	})
}

func mustWait(t *testing.T, b *RateLimiter) *call {
	t.Helper()
	c, err := b.wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// For any latencies, limit, reserve and other integrations: as long as those send
// less than the reserve before a response can show it, no request is rejected.
func TestRateLimiterNever429(t *testing.T) {
	cases := 1000
	if testing.Short() {
		cases = 100
	}
	seed := rand.Uint64()
	for i := range cases {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		var mu sync.Mutex
		pick := func(n int) int { mu.Lock(); defer mu.Unlock(); return r.IntN(n) }
		synctest.Test(t, func(t *testing.T) {
			limit := []int{40, 80}[pick(2)]
			reserve := []float64{0, 0.05, 0.1, 0.25, 0.5}[pick(5)]
			slowest := time.Duration(pick(1500)) * time.Millisecond
			steady := pick(2) == 0
			server := newServerBucket(limit, pick(2) == 0)
			if pick(3) == 0 {
				server.level = int64(pick(limit/2))*int64(server.drainTime) + int64(pick(1e9))
			}
			workers := 1 + pick(8)

			// What others sent counts against the reserve until a response can
			// show it, and no request that was sent before is in flight.
			type usage struct {
				n         int
				at, shown time.Time
			}
			var usages []usage
			out := map[time.Time]int{}
			left := func() int {
				usages = slices.DeleteFunc(usages, func(d usage) bool {
					for sent, n := range out {
						if n > 0 && sent.Before(d.shown) {
							return false
						}
					}
					return !d.shown.IsZero()
				})
				left := int(reserve*float64(limit)) - 1
				for _, d := range usages {
					left -= d.n
				}
				return left
			}
			stop := repeat(func() {
				mu.Lock()
				n := r.IntN(max(0, left()) + 1)
				if steady {
					n = min(n, 1)
				}
				if n > 0 {
					usages = append(usages, usage{n: n, at: time.Now()})
				}
				server.others(n)
				mu.Unlock()
				time.Sleep(time.Duration(1+pick(3000)) * time.Millisecond)
			})
			l := load{requests: 150, workers: workers}
			l.latency = func() (time.Duration, time.Duration) {
				mu.Lock()
				out[time.Now()]++
				mu.Unlock()
				return time.Duration(pick(int(slowest) + 1)), time.Duration(pick(int(slowest) + 1))
			}
			l.done = func(sent time.Time) {
				mu.Lock()
				defer mu.Unlock()
				out[sent]--
				for i := range usages {
					if d := &usages[i]; d.shown.IsZero() && sent.After(d.at) {
						d.shown = time.Now()
					}
				}
			}
			l.run(t, NewRateLimiter(reserve), server)
			stop()
			if server.rejected > 0 {
				t.Errorf("seed %d, case %d: %d rejected (limit %d, reserve %v, %d workers, latency %v, steady %v, rounds up %v)",
					seed, i, server.rejected, limit, reserve, workers, slowest, steady, server.roundsUp)
			}
		})
	}
}
