package gorgias

import (
	"sync"
	"time"
)

// ClockTolerance is how far two server times may lie apart and still agree. The
// API's backends differ by seconds, and a response takes time.
const ClockTolerance = 2 * time.Minute

// clockConfirmations is how many responses in a row must agree on another time
// before it counts as the server's.
const clockConfirmations = 3

// A serverClock proves the Date headers of responses: the monotonic clock measures
// how much later than the responses before it one should be. A Date that does not
// fit proves nothing, unless the next ones fit to it: a clock may be corrected
// during a sync, and a host may sleep, which stops the monotonic clock.
//
// A Date that is wrong from the first response on is consistent. So a caller that
// stores a server time needs another witness.
type serverClock struct {
	mu     sync.Mutex
	origin time.Time // when the first response arrived
	line   time.Time // the server time at origin
	other  time.Time // the same, by the last responses that did not fit
	agree  int       // how many of them
}

// prove returns how far a Date that has just arrived is off; zero if it counts.
func (c *serverClock) prove(date time.Time) (off time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.origin.IsZero() {
		c.origin, c.line = time.Now(), date
	}
	at := date.Add(-time.Since(c.origin))
	if off = at.Sub(c.line); off.Abs() <= ClockTolerance { //rule:server-time-jumps-are-unproven
		c.agree = 0
		return 0
	}
	if c.agree == 0 || at.Sub(c.other).Abs() > ClockTolerance {
		c.other, c.agree = at, 0
	}
	if c.agree++; c.agree < clockConfirmations { //rule:corrected-server-time-counts
		return off
	}
	c.line, c.agree = c.other, 0
	return 0
}
