package gorgias

import (
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	drainTime      = 20 * time.Second // in which a full bucket leaks empty
	defaultLimit   = 40               // the rate limit until a response names another
	defaultReserve = 0.1
)

// A RateLimiter delays requests so that the account's rate limit is not
// exceeded. All clients of one account share one RateLimiter.
//
// The API keeps a leaky bucket for each account: a request raises its level by
// one, limit requests leak out in drainTime, and a request that does not fit is
// rejected with 429. The limiter tracks an upper bound of that level. Our own
// requests count from the moment they are admitted; the requests of other
// integrations are known from the call limit header of the responses. A request
// is admitted if it fits into the budget: the limit less the reserve, or less what
// others have sent lately if that is more, up to half of the limit.
//
// So none of our requests is rejected as long as other integrations send at least one
// request less than that before a response can show it. While a sync runs, a budget that is too
// low costs no time, because the bucket leaks at the same rate at any level. At the
// end of a sync, each request of the difference costs the time in which one
// request leaks out.
type RateLimiter struct {
	// Waiting, if set before the limiter is used, is called when a wait of more
	// than a second begins, with the time at which it ends as far as is known.
	// It must neither block nor call the limiter.
	Waiting func(until time.Time)

	reserve float64
	queue   chan struct{} // held by the first waiter: requests are admitted in the order of their arrival

	mu             sync.Mutex
	sent           int       // requests admitted so far
	bucket         bucket    // its level: our own requests and externalUsage
	externalUsage  float64   // the part of the level that is not our own
	shown          float64   // the same, as the last header showed it
	others         float64   // how many requests others send in half of drainTime, from the latest responses
	othersAt       time.Time // the time of the last of these
	newestSent     time.Time // when the call was sent from whose response externalUsage is known
	inFlight       map[*call]bool
	responses      int           // that have arrived
	responseTime   float64       // seconds that the latest ones took, on average
	blockedUntil   time.Time     // no request is admitted before
	consecutive429 int           // without Retry-After
	announcedUntil time.Time     // the end of the last wait passed to Waiting
	changed        chan struct{} // closed at the next response
}

// A rate.Limiter takes whole tokens only, and levels have fractions.
const tokensPerRequest = 1_000_000

// A bucket is a leaky bucket. A rate.Limiter does the leaking: its missing tokens
// are the level, and come back at the rate of the leak.
type bucket struct {
	limit   int // requests that fit
	limiter *rate.Limiter
}

// newBucket returns a bucket that holds level requests.
func newBucket(limit int, level float64, now time.Time) bucket {
	b := bucket{limit: limit}
	size := max(float64(limit), math.Ceil(level))
	b.limiter = rate.NewLimiter(rate.Limit(b.leak()*tokensPerRequest), int(size)*tokensPerRequest)
	b.limiter.ReserveN(now, int(math.Round(level*tokensPerRequest)))
	return b
}

// leak returns how many requests leak out in a second.
func (b bucket) leak() float64 { return float64(b.limit) / drainTime.Seconds() }

func (b bucket) level(now time.Time) float64 {
	return (float64(b.limiter.Burst()) - b.limiter.TokensAt(now)) / tokensPerRequest
}

func (b bucket) add(now time.Time) { b.limiter.ReserveN(now, tokensPerRequest) }

// A call is a request in flight.
type call struct {
	sentAt time.Time
	ownMin float64 // the lowest number of our own requests that the bucket can have held since
}

// A callLimit is what a response, or its absence, shows of the bucket.
type callLimit struct {
	used, limit int           // the API's count; a limit of 0: the response has none
	rateLimited bool          // 429
	retryAfter  time.Duration // no request may be sent for so long
}

// NewRateLimiter returns the limiter of an account whose usage is not known yet.
// The reserve is the share of the rate limit, from 0 to less than 1, that is left
// to other integrations.
func NewRateLimiter(reserve float64) *RateLimiter {
	return &RateLimiter{
		reserve:  min(max(reserve, 0), 1),
		queue:    make(chan struct{}, 1),
		bucket:   newBucket(defaultLimit, 0, time.Now()),
		inFlight: map[*call]bool{},
		changed:  make(chan struct{}),
	}
}

// Usage returns how many requests the account's bucket holds, at most, and how
// many fit into it.
func (l *RateLimiter) Usage() (used, limit float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bucket.level(time.Now()), float64(l.bucket.limit)
}

// Forecast returns how many seconds so many requests take if no other integration
// sends any, with the limit and the reserve on which that rests.
func (l *RateLimiter) Forecast(requests int) (limit int, reserve, seconds float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	free := l.budget() - l.bucket.level(time.Now())
	return l.bucket.limit, l.reserve, max(0, float64(requests)-free) / l.bucket.leak()
}

// Capacity returns how many requests the rate limit allows in so long a time, by
// all integrations together, if the bucket is empty at first.
func (l *RateLimiter) Capacity(d time.Duration) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return float64(l.bucket.limit) + d.Seconds()*l.bucket.leak()
}

// Slow reports whether responses take so long that one request after the other hardly
// uses the rate limit, which may leak twice as fast as is known. It waits for the first
// response if that is on its way, and else reports false.
func (l *RateLimiter) Slow(ctx context.Context) bool {
	for {
		l.mu.Lock()
		known, slow, changed := l.responses > 0, l.responseTime*l.bucket.leak() > 0.5, l.changed
		none := len(l.inFlight) == 0
		l.mu.Unlock()
		if known || none { //rule:no-list-waits-for-itself
			return slow
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// Sent returns how many requests were admitted.
func (l *RateLimiter) Sent() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent
}

// wait blocks until one request may be sent. The caller must pass the call to
// done, whatever becomes of the request.
func (l *RateLimiter) wait(ctx context.Context) (*call, error) {
	select {
	case l.queue <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-l.queue }()

	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c, until, changed := l.admit()
		if c != nil {
			return c, nil
		}
		timer := time.NewTimer(time.Until(until))
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// admit admits a request. If there is no room for one, it returns the time to
// wait for, and a channel that is closed when that time may have changed.
func (l *RateLimiter) admit() (*call, time.Time, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if until := l.earliest(now); until.After(now) {
		l.announce(until, now)
		return nil, until, l.changed
	}
	l.bucket.add(now)
	c := &call{sentAt: now, ownMin: l.own(now) - float64(len(l.inFlight))}
	l.inFlight[c] = true
	l.sent++
	return c, time.Time{}, nil
}

// earliest returns when the next request may be sent, as far as is known.
func (l *RateLimiter) earliest(now time.Time) time.Time {
	unknown := l.responses == 0 || l.responses == 1 && l.externalUsage > 1 // a second response shows whether others send at this moment
	if unknown && len(l.inFlight) > 0 {                                    //rule:first-requests-are-sent-alone
		return now.Add(time.Second)
	}
	if l.blockedUntil.After(now) {
		return l.blockedUntil
	}
	excess := l.bucket.level(now) + 1 - l.budget()
	if excess <= 0 {
		return now
	}
	return now.Add(time.Duration(excess/l.bucket.leak()*float64(time.Second)) + time.Microsecond)
}

// announce passes a wait of more than a second to Waiting, once.
func (l *RateLimiter) announce(until, now time.Time) {
	if until.Sub(now) > time.Second && until.After(l.announcedUntil) && l.Waiting != nil {
		l.announcedUntil = until
		l.Waiting(until)
	}
}

// done ends a call, with what its response shows.
//
// The API counted at some time between the call's start and now. At that time, at
// least ownMin of its count were our own requests; the rest is external. The
// count is a whole number: if it was rounded down, the reserve is smaller by less
// than one request. A bucket that leaks faster than drainTime shows as external
// usage that decreases.
//
// Only the call that was sent last counts: it knows more than one that was sent
// earlier, even if that one's response arrives later.
func (l *RateLimiter) done(c *call, r callLimit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	own := l.own(now)
	for o := range l.inFlight { // of all in flight, only o itself is certain to be counted in its response
		o.ownMin = min(o.ownMin, own-float64(len(l.inFlight)-1))
	}
	delete(l.inFlight, c)

	limit := or(r.limit, l.bucket.limit)
	if r.limit > 0 && !c.sentAt.Before(l.newestSent) {
		l.externalUsage = float64(r.used) - c.ownMin
		l.learn(l.externalUsage-l.shown, now)
		l.newestSent, l.shown = c.sentAt, l.externalUsage
	}
	if r.rateLimited { // the bucket is full
		l.externalUsage = max(l.externalUsage, float64(limit)-own)
	}
	l.externalUsage = min(l.externalUsage, float64(limit)-own) //rule:bucket-holds-no-more-than-its-limit
	l.bucket = newBucket(limit, own+l.externalUsage, now)
	l.block(c, r, now)
	l.responses++
	l.responseTime += (now.Sub(c.sentAt).Seconds() - l.responseTime) / float64(min(l.responses, 10))
	close(l.changed)
	l.changed = make(chan struct{})
}

// learn takes note of requests that others have sent since the last header.
func (l *RateLimiter) learn(sent float64, now time.Time) {
	lost := math.Exp(-now.Sub(l.othersAt).Seconds() / (drainTime / 2).Seconds())
	l.others = max(0, l.others*lost+sent)
	l.othersAt = now
}

// block delays all requests after a response with Retry-After, and after a 429
// without one: by a second at first, then longer each time. A call that was sent
// before the last block was rejected for the same reason, and changes nothing.
func (l *RateLimiter) block(c *call, r callLimit, now time.Time) {
	wait, newer := r.retryAfter, !c.sentAt.Before(l.blockedUntil)
	switch {
	case !r.rateLimited && newer:
		l.consecutive429 = 0
	case r.rateLimited && wait <= 0 && newer:
		wait = time.Second << l.consecutive429
		l.consecutive429 = min(l.consecutive429+1, 6)
	}
	if until := now.Add(wait); until.After(l.blockedUntil) {
		l.blockedUntil = until
		// The rejected request waits in its own backoff, and perhaps no other waits here.
		l.announce(until, now)
	}
}

// budget returns how many requests the bucket may hold for us to send one. One is left
// at least, because the API's count may have been rounded down.
func (l *RateLimiter) budget() float64 {
	limit := float64(l.bucket.limit)
	left := max(1, l.reserve*limit, min(l.others, limit/2)) //rule:others-are-left-room
	return max(1, limit-left)
}

// own returns our own part of the level. It falls below zero when others keep the
// bucket filled while ours leak; only its differences matter.
func (l *RateLimiter) own(now time.Time) float64 { return l.bucket.level(now) - l.externalUsage }
