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

// A bucket is an account's bucket as the server keeps it: strict, and exact,
// because it counts in whole numbers only. One request is as much as leaks in
// empty, divided by height.
type bucket struct {
	mu      sync.Mutex
	height  int64
	empty   time.Duration // how long a full one takes to run empty
	up      bool          // its count is rounded up, not down
	level   int64         // a request is empty, in nanoseconds; height leak each nanosecond
	last    time.Time
	refused int                 // requests of ours
	inject  func(n int) *answer // what to answer to the nth request instead
	n       int
}

func newBucket(height int, up bool) *bucket {
	return &bucket{height: int64(height), empty: 20 * time.Second, up: up, last: time.Now()}
}

// draw takes one request, if it fits.
func (b *bucket) draw() bool {
	now := time.Now()
	b.level = max(0, b.level-b.height*int64(now.Sub(b.last)))
	b.last = now
	if b.level+int64(b.empty) > b.height*int64(b.empty) {
		return false
	}
	b.level += int64(b.empty)
	return true
}

// others draw n times.
func (b *bucket) others(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range n {
		b.draw()
	}
}

// answer serves one request of ours.
func (b *bucket) answer() answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	if b.inject != nil {
		if a := b.inject(b.n); a != nil {
			b.refused++
			return *a
		}
	}
	ok := b.draw()
	if !ok {
		b.refused++
	}
	used := b.level / int64(b.empty)
	if b.up && b.level%int64(b.empty) > 0 {
		used++
	}
	return answer{used: int(used), limit: int(b.height), refused: !ok}
}

// A load is a number of requests, sent as fast as the budget lets them go.
type load struct {
	requests, workers int
	latency           func() (there, back time.Duration)
	answered          func(sent time.Time)
}

// run returns how long the load took. Refused requests are sent again.
func (l load) run(t *testing.T, budget *RateLimiter, server *bucket) time.Duration {
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
					c, err := budget.wait(context.Background())
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
					a := server.answer()
					time.Sleep(back)
					budget.answered(c, a)
					if l.answered != nil {
						l.answered(sent)
					}
					if !a.refused {
						break
					}
				}
			}
		})
	}
	workers.Wait()
	return time.Since(begin)
}

// aside does something again and again until it is stopped.
func aside(do func()) (stop func()) {
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

// A setting is an account and those who read it.
type setting struct {
	height, workers int
	up              bool
	latency         time.Duration
	empty           time.Duration // 20s, or faster
}

func settings(empty time.Duration, yield func(setting)) {
	for _, up := range []bool{false, true} {
		for _, height := range []int{40, 80} {
			for _, workers := range []int{1, 2, 8} {
				for _, latency := range []time.Duration{0, 50 * time.Millisecond, time.Second} {
					s := setting{height, workers, up, latency, empty}
					if float64(workers)/latency.Seconds() > 1.2*float64(height)/empty.Seconds() { // else it is not the bucket that holds them up
						yield(s)
					}
				}
			}
		}
	}
}

// run sends 400 requests and returns how long that took, and the shortest time in
// which it could be done.
func (s setting) run(t *testing.T, server *bucket) (took, least time.Duration) {
	l := load{requests: 400, workers: s.workers, latency: func() (time.Duration, time.Duration) { return s.latency / 2, s.latency / 2 }}
	took = l.run(t, NewRateLimiter(0.1), server)
	least = time.Duration(400-s.height) * s.empty / time.Duration(s.height)
	return took, least
}

// allowed is what the budget may need alone. The reserve is a tenth of the height;
// the count's rounding hides up to two requests; what is on its way is counted in
// full there and back; and the last answer must still come home.
func (s setting) allowed(least time.Duration) time.Duration {
	leak := float64(s.height) / s.empty.Seconds()
	requests := float64(s.height)/10 + 2 + 2*s.latency.Seconds()*leak
	return least + time.Duration(requests/leak*float64(time.Second)) + s.latency
}

func (s setting) bucket() *bucket {
	b := newBucket(s.height, s.up)
	b.empty = s.empty
	return b
}

// Alone, the budget uses the whole bucket but for the reserve.
func TestBudgetAlone(t *testing.T) {
	settings(20*time.Second, func(s setting) {
		synctest.Test(t, func(t *testing.T) {
			server := s.bucket()
			took, least := s.run(t, server)
			t.Logf("%+v: %v of %v (%.4f)", s, took, least, took.Seconds()/least.Seconds())
			allowed := s.allowed(least)
			if s.height == 40 || s.latency == 0 {
				allowed = min(allowed, least*103/100+s.latency)
			}
			if took > allowed || server.refused > 0 {
				t.Errorf("%+v: took %v, allowed %v; %d refused", s, took, allowed, server.refused)
			}
		})
	})
}

// With others that use half of what leaks, steadily or in bursts as large as the
// reserve, the budget uses the other half.
func TestBudgetShared(t *testing.T) {
	settings(20*time.Second, func(s setting) {
		for _, burst := range []int{1, s.height / 10} {
			synctest.Test(t, func(t *testing.T) {
				server := s.bucket()
				stop := aside(func() {
					server.others(burst)
					time.Sleep(2 * s.empty / time.Duration(s.height) * time.Duration(burst))
				})
				took, least := s.run(t, server)
				stop()
				least *= 2
				allowed := least * 103 / 100
				if s.height == 80 {
					allowed = least * 106 / 100 // of which the reserve is 2.5, and a burst at the end 1.25
				}
				t.Logf("%+v, bursts of %d: %v of %v (%.4f)", s, burst, took, least, took.Seconds()/least.Seconds())
				if took > allowed || server.refused > 0 {
					t.Errorf("%+v, bursts of %d: took %v, allowed %v; %d refused", s, burst, took, allowed, server.refused)
				}
			})
		}
	})
}

// A refusal stops everyone for the time it names, or else for a second. Since the
// bucket leaks on meanwhile, it costs nothing, and it brings no other.
func TestBudgetRefused(t *testing.T) {
	for _, rest := range []time.Duration{0, 5 * time.Second} {
		settings(20*time.Second, func(s setting) {
			synctest.Test(t, func(t *testing.T) {
				var refused, resumed time.Time
				server := s.bucket()
				server.inject = func(n int) *answer {
					switch {
					case n == 200:
						refused = time.Now()
						return &answer{limit: s.height, used: s.height, refused: true, rest: rest}
					case n > 200+s.workers && resumed.IsZero(): // those were on their way
						resumed = time.Now()
					}
					return nil
				}
				took, least := s.run(t, server)
				allowed := s.allowed(least)
				t.Logf("%+v, rest %v: %v of %v (%.4f), %v", s, rest, took, least, took.Seconds()/least.Seconds(), resumed.Sub(refused))
				if took > allowed || server.refused != 1 {
					t.Errorf("%+v, rest %v: took %v, allowed %v; %d refused", s, rest, took, allowed, server.refused)
				}
				if resumed.Sub(refused) < max(rest, time.Second) {
					t.Errorf("%+v, rest %v: went on after %v", s, rest, resumed.Sub(refused))
				}
			})
		})
	}
}

// A bucket that leaks twice as fast is found out, and used.
func TestBudgetFasterBucket(t *testing.T) {
	settings(10*time.Second, func(s setting) {
		if s.latency == 0 && s.workers > 1 {
			// Calls of the same instant whose answers take no time cannot be
			// told apart; how much is found out is then a matter of luck.
			return
		}
		synctest.Test(t, func(t *testing.T) {
			server := s.bucket()
			took, least := s.run(t, server)
			t.Logf("%+v: %v of %v (%.4f)", s, took, least, took.Seconds()/least.Seconds())
			if took > least*100/90 || server.refused > 0 {
				t.Errorf("%+v: took %v of at least %v, %d refused", s, took, least, server.refused)
			}
		})
	})
}

// Refusals without a time to wait are answered with 1, 2, 4 … 64 seconds, and
// several at once count as one.
func TestBudgetPausesLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0)
		c := admitted(t, b)
		b.answered(c, answer{used: 1, limit: 40})
		b.answered(admitted(t, b), answer{refused: true})
		if used, _ := b.Usage(); used != 40 {
			t.Errorf("refused at level %v of 40", used)
		}
		for _, want := range []time.Duration{2, 4, 8, 16, 32, 64, 64} {
			one, two := admitted(t, b), admitted(t, b)
			b.answered(one, answer{refused: true})
			b.answered(two, answer{refused: true})
			if got := time.Until(b.until); got != want*time.Second {
				t.Errorf("paused for %v, want %v", got, want*time.Second)
			}
		}
		b.answered(admitted(t, b), answer{used: 1, limit: 40})
		b.answered(admitted(t, b), answer{refused: true})
		if got := time.Until(b.until); got != time.Second {
			t.Errorf("after a success, paused for %v", got)
		}
	})
}

// Until the first answer tells what others have left, nothing follows the first
// request; and its limit and count hold at once.
func TestBudgetAsksFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0.1)
		first := admitted(t, b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := b.wait(ctx); err != context.DeadlineExceeded {
			t.Fatalf("a second request went before the first was answered: %v", err)
		}
		b.answered(first, answer{used: 70, limit: 80})
		if used, limit := b.Usage(); used < 70 || used > 71 || limit != 80 {
			t.Errorf("usage %v of %v, want 70 to 71 of 80", used, limit)
		}
	})
}

// A limit is heard even when the count changes nothing.
func TestBudgetHearsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0.1)
		b.answered(admitted(t, b), answer{used: 0, limit: 80})
		if _, limit := b.Usage(); limit != 80 {
			t.Errorf("limit %v, want 80", limit)
		}
	})
}

// What a call learned that was let go later is not forgotten for an older one's
// answer that was long on its way.
func TestBudgetBelievesTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0.1)
		b.answered(admitted(t, b), answer{used: 1, limit: 40})
		old := admitted(t, b)
		time.Sleep(time.Second)
		b.answered(admitted(t, b), answer{used: 30, limit: 40})
		b.answered(old, answer{used: 2, limit: 40})
		if used, _ := b.Usage(); used < 30 {
			t.Errorf("level %v, but another call found 30", used)
		}
	})
}

// Waiters go in the order in which they came; one that gives up does so at once,
// and holds up nobody. A long wait is announced, once.
func TestBudgetOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0)
		var announced []time.Duration
		begin := time.Now()
		b.Waiting = func(until time.Time) { announced = append(announced, until.Sub(begin)) }
		b.answered(admitted(t, b), answer{})
		late := admitted(t, b)
		b.answered(admitted(t, b), answer{used: 40, limit: 40, refused: true, rest: 7 * time.Second})

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
						t.Errorf("waiter %d gave up after %v: %v", i, time.Since(begin), err)
					}
					return
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				b.answered(c, answer{})
			}()
			synctest.Wait()
		}
		time.Sleep(2 * time.Second)
		b.answered(late, answer{}) // wakes the first waiter, for nothing
		time.Sleep(time.Second)
		cancel()
		synctest.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []int{1, 2, 4, 5, 7, 8}; !slices.Equal(order, want) {
			t.Errorf("went in order %v, want %v", order, want)
		}
		if len(announced) != 1 || announced[0] != 7*time.Second { // once for all
			t.Errorf("announced %v", announced)
		}
	})
}

// The waits of half a second that a full bucket brings are not worth a word.
func TestBudgetShortWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewRateLimiter(0.9) // four of forty are ours
		b.Waiting = func(until time.Time) { t.Errorf("announced a wait of %v", time.Until(until)) }
		begin := time.Now()
		for range 10 {
			b.answered(admitted(t, b), answer{})
		}
		if took := time.Since(begin).Round(time.Millisecond); took != 3*time.Second {
			t.Errorf("ten requests took %v", took)
		}
	})
}

func admitted(t *testing.T, b *RateLimiter) *call {
	t.Helper()
	c, err := b.wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Whatever the latencies, the account's limit, the reserve and the others: as
// long as those draw no more than the reserve before an answer can tell of it,
// no request is refused.
func TestBudgetNeverRefused(t *testing.T) {
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
			height := []int{40, 80}[pick(2)]
			reserve := []float64{0, 0.05, 0.1, 0.25, 0.5}[pick(5)]
			slowest := time.Duration(pick(1500)) * time.Millisecond
			steady := pick(2) == 0
			server := newBucket(height, pick(2) == 0)
			if pick(3) == 0 {
				server.level = int64(pick(height/2))*int64(server.empty) + int64(pick(1e9))
			}
			workers := 1 + pick(8)

			// What others drew counts against the reserve until an answer
			// can tell of it, and nothing that was sent before is still out.
			type drawing struct {
				n        int
				at, told time.Time
			}
			var drawings []drawing
			out := map[time.Time]int{}
			left := func() int {
				drawings = slices.DeleteFunc(drawings, func(d drawing) bool {
					for sent, n := range out {
						if n > 0 && sent.Before(d.told) {
							return false
						}
					}
					return !d.told.IsZero()
				})
				left := int(reserve * float64(height))
				for _, d := range drawings {
					left -= d.n
				}
				return left
			}
			stop := aside(func() {
				mu.Lock()
				n := r.IntN(left() + 1)
				if steady {
					n = min(n, 1)
				}
				if n > 0 {
					drawings = append(drawings, drawing{n: n, at: time.Now()})
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
			l.answered = func(sent time.Time) {
				mu.Lock()
				defer mu.Unlock()
				out[sent]--
				for i := range drawings {
					if d := &drawings[i]; d.told.IsZero() && sent.After(d.at) {
						d.told = time.Now()
					}
				}
			}
			l.run(t, NewRateLimiter(reserve), server)
			stop()
			if server.refused > 0 {
				t.Errorf("seed %d, case %d: %d refused (height %d, reserve %v, %d workers, latency %v, steady %v, up %v)",
					seed, i, server.refused, height, reserve, workers, slowest, steady, server.up)
			}
		})
	}
}
