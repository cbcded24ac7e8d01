package gorgias

import (
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	drainTime  = 20 * time.Second // a full bucket runs empty in this time
	bucketSize  = 40               // requests in a full bucket, until an answer names another limit
	request = 1_000_000        // the limiter's tokens are millionths of a request
	defaultReserve   = 0.1              // reserve when nobody names one
)

// A Budget is the allowance of one account. The server keeps a leaky bucket for
// it: each request adds one, a full bucket runs empty in 20 seconds, and what
// does not fit is refused with 429. The budget keeps its own account of that
// bucket and lets a request go when it fits and still leaves the reserve free.
//
// The level is what we sent ourselves, leaking as the bucket does, plus what
// others have sent as far as the server's answers tell. It counts a request from
// the moment it is let go, and takes every doubt for full: as long as others
// send no more than the reserve before an answer can tell of it, nothing of ours
// is refused. Doubts cost no time while they last, since the bucket leaks at the
// same rate at any level; only those that are left at the end of a sync cost a
// request each.
//
// All clients of one account share one Budget.
type RateLimiter struct {
	// Waiting, if set before the budget is used, is told when a wait of more
	// than a second begins, and when that wait will end as far as is known. It
	// must not block, nor ask the budget anything.
	Waiting func(blockedUntil time.Time)

	reserve float64
	queue    chan struct{} // held by the waiter whose turn it is: first come, first served

	mu      sync.Mutex
	sent    int           // requests let go so far
	limit   int           // requests that fit in the bucket
	bucket    *rate.Limiter // its tokens are what is left for us, below the reserve
	externalUsage  float64       // the part of the level that is not our own
	newestSent  time.Time     // when the call that told us of others was let go
	inFlight     map[*call]bool
	calibrated     bool          // an answer has come
	blockedUntil   time.Time     // nobody may send before
	consecutive429 int           // refusals in a row that did not say how long to wait
	announcedUntil    time.Time     // the end of the last wait that was announced
	changed chan struct{} // closed at the next answer
}

// A call is a request that was let go and has not been answered.
type call struct {
	sentAt    time.Time
	ownMin float64 // of our own requests, so many were in the bucket at any time since
}

// An answer is what a response, or the lack of one, says of the bucket.
type callLimit struct {
	used, limit int           // the server's count; a limit of 0: it did not say
	rejected     bool          // 429
	retryAfter        time.Duration // nobody may send for so long
}

// NewBudget returns the budget of an account of which nothing is known yet. The
// reserve is the share of the bucket, from 0 to less than 1, that is left to
// others who use the account.
func NewRateLimiter(reserve float64) *RateLimiter {
	b := &RateLimiter{
		reserve: min(max(reserve, 0), 1),
		queue:    make(chan struct{}, 1),
		limit:   bucketSize,
		inFlight:     map[*call]bool{},
		changed: make(chan struct{}),
	}
	b.set(0, time.Now())
	return b
}

// Usage returns how many requests the account's bucket holds, as far as we know,
// and how many fit in it.
func (b *RateLimiter) Usage() (used, limit float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.level(time.Now()), float64(b.limit)
}

// Forecast returns how long so many requests take in seconds, if nobody else
// draws on the account, with the limit and the reserve that count.
func (b *RateLimiter) Forecast(requests int) (limit int, reserve, seconds float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	free := float64(b.limit)*(1-b.reserve) - b.level(time.Now())
	return b.limit, b.reserve, max(0, float64(requests)-free) * drainTime.Seconds() / float64(b.limit)
}

// Allows returns how many requests the account allows in so long a time, its
// bucket being empty at first, whoever makes them.
func (b *RateLimiter) Capacity(d time.Duration) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return float64(b.limit) * (1 + d.Seconds()/drainTime.Seconds())
}

// Sent returns how many requests were let go.
func (b *RateLimiter) Sent() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sent
}

// wait blocks until one request may be sent. The call it returns must be
// answered, whatever becomes of the request.
func (b *RateLimiter) wait(ctx context.Context) (*call, error) {
	select {
	case b.queue <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-b.queue }()

	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		now := time.Now()
		c, delay, changed := b.admit(now)
		if c != nil {
			return c, nil
		}
		b.mu.Lock()
		b.announce(delay, now.Add(delay))
		b.mu.Unlock()
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-changed: // it may be sooner now, or later
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// tell announces a wait that is worth a word, once. The lock is held.
func (b *RateLimiter) announce(wait time.Duration, until time.Time) {
	if wait > time.Second && until.After(b.announcedUntil) && b.Waiting != nil {
		b.announcedUntil = until
		b.Waiting(until)
	}
}

// admit lets a request go, or says how long to wait before asking again.
func (b *RateLimiter) admit(now time.Time) (*call, time.Duration, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.calibrated && len(b.inFlight) > 0 { // the first goes alone, to see what others have left
		return nil, time.Second, b.changed
	}
	if rest := b.blockedUntil.Sub(now); rest > 0 {
		return nil, rest, b.changed
	}
	if !b.bucket.AllowN(now, request) {
		short := (request - b.bucket.TokensAt(now)) / float64(b.bucket.Limit())
		return nil, time.Duration(short*float64(time.Second)) + time.Microsecond, b.changed
	}
	c := &call{sentAt: now, ownMin: b.own(now) - float64(len(b.inFlight))}
	b.inFlight[c] = true
	b.sent++
	return c, 0, nil
}

// answered takes a call back, once, with what its answer says.
//
// The server counted at some moment of the call's life. At that moment at least
// c.least of what it counted was ours; the rest was not. The count is a whole
// number and may have been rounded down, so the rest may be almost one more.
// (A bucket that leaks faster than we think shows as others who give back.)
// A call that was let go later knows better, even if it was answered sooner.
func (b *RateLimiter) done(c *call, a callLimit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	level, own := b.level(now), b.own(now)
	for o := range b.inFlight { // of all that are out, only o itself is sure to have been counted
		o.ownMin = min(o.ownMin, own-float64(len(b.inFlight)-1))
	}
	delete(b.inFlight, c)

	limit, others := b.limit, b.externalUsage
	if a.limit > 0 {
		limit = a.limit
	}
	switch {
	case a.rejected:
		others += max(0, float64(limit)-level)
	case a.limit > 0 && !c.sentAt.Before(b.newestSent):
		others = float64(a.used) + 1 - c.ownMin
		b.newestSent = c.sentAt
	}
	if limit != b.limit || others != b.externalUsage {
		b.limit, b.externalUsage = limit, others
		b.set(own+others, now)
	}

	b.block(c, a, now)
	b.calibrated = true
	close(b.changed)
	b.changed = make(chan struct{})
}

// pause stops everyone after an answer that asks for a rest, and after a refusal
// that does not say for how long: a second at first, then longer each time. A
// call that was let go before the last pause was refused for the same reason as
// the one that began it, and changes nothing.
func (b *RateLimiter) block(c *call, a callLimit, now time.Time) {
	fresh := !c.sentAt.Before(b.blockedUntil)
	switch {
	case !a.rejected && fresh:
		b.consecutive429 = 0
	case a.rejected && a.retryAfter <= 0 && fresh:
		a.retryAfter = time.Second << b.consecutive429
		b.consecutive429 = min(b.consecutive429+1, 6)
	}
	if until := now.Add(a.retryAfter); until.After(b.blockedUntil) {
		b.blockedUntil = until
		// The one who was refused waits elsewhere, and perhaps alone.
		b.announce(a.retryAfter, until)
	}
}

// level returns how many requests are in the bucket, or on their way to it.
func (b *RateLimiter) level(now time.Time) float64 {
	return (float64(b.bucket.Burst()) - b.bucket.TokensAt(now)) / request
}

// own returns our own part of the level. It falls below zero when others keep
// the bucket filled with less and less of ours in it; only differences matter.
func (b *RateLimiter) own(now time.Time) float64 {
	return b.level(now) - b.externalUsage
}

// set begins a new limiter at a level. Its tokens come back as the bucket leaks.
func (b *RateLimiter) set(level float64, now time.Time) {
	ours := max(request, int(math.Round(float64(b.limit)*(1-b.reserve)*request)))
	leak := float64(b.limit*request) / drainTime.Seconds()
	b.bucket = rate.NewLimiter(rate.Limit(leak), ours)
	for debt := int(math.Round(level * request)); debt > 0; debt -= ours {
		b.bucket.ReserveN(now, min(debt, ours))
	}
}
