package reader

import (
	"sync"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// A clock knows how late it is at the account, from three witnesses. The Date of
// the responses is exact, and may be wrong from the first to the last of them.
// The host's clock may be wrong, too; that both are wrong in the same way is not
// believed. The account's own records prove that it is not earlier than the newest
// of them, and nothing else does as certainly.
type clock struct {
	mu     sync.Mutex
	origin time.Time // of the monotonic clock
	server time.Time // the last server time
	proven time.Time // how late it was at least at origin; zero if no record has shown it
	hint   time.Time // the same by records that were created, maybe with a date of someone's choice
}

// A Reading is the Date of a response as it arrived.
type Reading struct {
	date   time.Time
	asked  time.Time // when the request was sent, by the monotonic clock: the account answered later
	agrees bool      // the host's clock agreed with the date
}

// observe takes note of a response's server time, and of its records. Records
// dated in the future exist, and prove nothing. Where the date may be of someone's
// choice, the future begins where either clock says so.
func (c *clock) observe(s *stream.Stream, page *Page) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.origin.IsZero() {
		c.origin = time.Now()
	}
	c.server = page.ServerTime
	latest, by := state.MaxTime(page.ServerTime, time.Now()), &c.proven
	if s.LookbackWindow > 0 { // sorted by creation, for want of a date that only the server sets
		latest, by = state.MinTime(page.ServerTime, time.Now()), &c.hint //rule:chosen-dates-prove-no-future
	}
	for i := range page.Records {
		if at := page.Records[i].Cursor; !at.IsZero() && !at.After(latest) { //rule:future-records-prove-no-time
			*by = state.MaxTime(*by, at.Add(-time.Since(c.origin)))
		}
	}
}

// LastServerTime is the server time of the last response; zero before the first
// one.
func (c *clock) LastServerTime() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server //rule:server-clock-dates-today
}

// provenTime is how late it is at the account at least, whatever any clock says.
// It is zero if no record has shown it.
func (c *clock) provenTime() time.Time { return c.provenAt(time.Now()) }

// provenAt is how late it was at least when the host's clock was at.
func (c *clock) provenAt(at time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	proven := c.proven
	if proven.IsZero() {
		proven = c.hint
	}
	if proven.IsZero() {
		return time.Time{}
	}
	return proven.Add(at.Sub(c.origin)).UTC()
}

// read returns the reading of a server time that has just arrived.
func read(server, asked time.Time) Reading {
	return Reading{server, asked, time.Until(server).Abs() <= gorgias.ClockTolerance}
}

// Certain returns the server time of a response if the host's clock agreed, and
// otherwise what the records that have been read until now prove of it: it can be
// too early, and never too late.
func (c *clock) Certain(r Reading) time.Time {
	if r.agrees {
		return r.date
	}
	proven := c.provenAt(r.asked) //rule:responses-are-dated-as-they-are-asked-for
	if proven.IsZero() {
		proven = time.Unix(0, 0).UTC()
	}
	return state.MinTime(r.date, proven) //rule:uncertain-server-time-is-not-stored
}

// Plausible returns a server time that has just arrived, but none that is later
// than both the host's clock and what the records prove.
func (c *clock) Plausible(server time.Time) time.Time {
	return state.MinTime(server, state.MaxTime(time.Now().UTC(), c.provenTime())) //rule:reports-have-a-plausible-present
}
