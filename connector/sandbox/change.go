package sandbox

import "time"

// A change is one operation on the account: the rows it writes become visible
// together, and its events share a context.
type change struct {
	*account
	at        timestamp // when it happens
	visibleAt timestamp // when lists begin to show it
	contextID uint64
	rng       prng // what it leaves open
}

// begin begins a change that happens now. It becomes visible at the given
// time, or, if that is zero, within the account's lag.
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

// put writes a row, drop takes one away.
func putRow[R row](c *change, t *table[R], id int64, r R) { putVersion(c, t, id, version[R]{row: r}) }

func deleteRow[R row](c *change, t *table[R], id int64) {
	putVersion(c, t, id, version[R]{deleted: true})
}

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

// newID returns an id greater than all before, with gaps.
func newID[R row](c *change, t *table[R]) int64 {
	t.maxID += 1 + int64(c.rng.intn(3))
	return t.maxID
}

// event writes down what happened to an object.
func (c *change) addEvent(objectType string, object int64, kind, data string) {
	id := newID(c, c.events)
	putRow(c, c.events, id, event{
		id: id, objectID: object, userID: pickIf(c.rng.oneIn(3), 0, c.randomUser(&c.rng)),
		created: c.at, objectType: objectType, eventType: kind, data: data, contextID: c.contextID,
	})
}

// change makes one named change.
func (s *Server) apply(visible time.Time, f func(c *change)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.openAccount().newChange(visible))
}

// edit changes one row; if it is not there, it does nothing and returns false.
// So do all named changes.
func editRow[R row](s *Server, of func(*account) *table[R], id int64, f func(c *change, r R)) bool {
	found := false
	s.apply(time.Time{}, func(c *change) {
		var r R
		if r, found = of(c.account).get(id); found {
			f(c, r)
		}
	})
	return found
}

// imports writes the rows no account of some age lacks: tickets that were
// brought over from another helpdesk, dated years back, and some dated in the
// future, with their messages.
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
			t.open, t.closed = false, created-day // closed before it began
			putRow(c, a.tickets, id, t)
		}
	}
}
