package sandbox

import "time"

// A change is one operation on the account. Lists begin to show its rows at
// the same time, and its events share a context.
type change struct {
	*account
	at        timestamp // when it happens
	visibleAt timestamp // when lists begin to show it
	contextID uint64
	silent    bool // it raises no event and moves no updated_datetime
	creating  bool // it creates a ticket
	rng       prng
}

// newChange returns a change that happens now. Lists show it from the given
// time on or, if that is zero, from a random time within the account's lag.
func (a *account) newChange(visible time.Time) *change {
	c := &change{account: a, at: a.nextTimestamp()}
	a.lastSeq++
	c.rng = newPRNG(a.seed, saltChange, int64(a.lastSeq))
	c.contextID = c.rng.next()
	c.visibleAt = c.at
	if !visible.IsZero() {
		c.visibleAt = timestampOf(visible)
	} else if a.lag > 0 {
		c.visibleAt += timestamp(c.rng.intn(int(a.lag/time.Microsecond) + 1))
	}
	return c
}

// putRow stores a row.
func putRow[R row](c *change, t *table[R], id int64, r R) { putVersion(c, t, id, version[R]{row: r}) }

// deleteRow deletes a row.
func deleteRow[R row](c *change, t *table[R], id int64) {
	putVersion(c, t, id, version[R]{deleted: true})
}

// putVersion makes a version current, and makes lists show it when the change
// becomes visible.
func putVersion[R row](c *change, t *table[R], id int64, v version[R]) {
	c.lastSeq++
	v.seq = c.lastSeq
	if c.visibleAt <= c.at {
		t.setListed(id, v)
		return
	}
	t.unlisted[id] = v
	c.schedule(c.visibleAt, func() { t.setListed(id, v) })
}

// newID returns an id greater than all before, with random gaps.
func newID[R row](c *change, t *table[R]) int64 {
	t.maxID += 1 + int64(c.rng.intn(3))
	return t.maxID
}

// addEvent adds an event of the change, unless it is silent.
func (c *change) addEvent(objectType string, objectID int64, eventType, data string) {
	if c.silent {
		return
	}
	id := newID(c, c.events)
	putRow(c, c.events, id, event{
		id: id, objectID: objectID, userID: pickIf(c.rng.oneIn(3), 0, c.randomUser(&c.rng)),
		created: c.at, objectType: objectType, eventType: eventType, data: data, contextID: c.contextID,
	})
}

// apply makes a change. Lists show it from the given time on (see newChange).
func (s *Server) apply(visible time.Time, f func(c *change)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.openAccount().newChange(visible))
}

// editRow makes a change to the row with an id. If there is none, it does
// nothing and returns false; so do all exported methods that call it.
func editRow[R row](s *Server, tableOf func(*account) *table[R], id int64, f func(c *change, r R)) bool {
	found := false
	s.apply(time.Time{}, func(c *change) {
		var r R
		if r, found = tableOf(c.account).get(id); found {
			f(c, r)
		}
	})
	return found
}

// addImportedTickets adds what every older account has: tickets with their
// messages that were imported from another helpdesk, dated years back, and
// some dated in the future.
func (a *account) addImportedTickets() {
	if a.size.Tickets == 0 {
		return
	}
	for i := range timestamp(6) {
		c := &change{account: a, at: a.epoch - hour + i*minute, rng: newPRNG(a.seed, saltChange, int64(-1-i))}
		c.visibleAt, c.contextID = c.at, c.rng.next()
		created := c.at + (i+1)*40*day
		if i%2 == 0 {
			created = c.at - (i+3)*365*day
		}
		id := c.addTicket(created, c.at)
		if t, _ := a.tickets.get(id); i%3 == 0 {
			t.open, t.closed = false, created-day // closed before it was created
			putRow(c, a.tickets, id, t)
		}
	}
}
