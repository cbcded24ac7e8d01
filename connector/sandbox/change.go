package sandbox

import "time"

// A change is one operation on the account: the rows it writes become visible
// together, and its events share a context.
type change struct {
	*account
	at        instant // when it happens
	visible   instant // when lists begin to show it
	operation uint64
	luck      chance // what it leaves open
}

// begin begins a change that happens now. It becomes visible at the given
// time, or, if that is zero, within the account's lag.
func (a *account) begin(visible time.Time) *change {
	c := &change{account: a, at: a.tick()}
	a.seq++
	c.luck = begin(a.seed, ofChange, int64(a.seq))
	c.operation = c.luck.next()
	c.visible = c.at
	if !visible.IsZero() {
		c.visible = instantOf(visible)
	} else if a.lag > 0 {
		c.visible += instant(c.luck.below(int(a.lag/time.Microsecond) + 1))
	}
	return c
}

// put writes a row, drop takes one away.
func put[R row](c *change, t *table[R], id int64, r R) { lay(c, t, id, version[R]{row: r}) }

func drop[R row](c *change, t *table[R], id int64) { lay(c, t, id, version[R]{gone: true}) }

func lay[R row](c *change, t *table[R], id int64, v version[R]) {
	c.seq++
	v.seq = c.seq
	if c.visible <= c.at {
		t.show(id, v)
		return
	}
	t.fresh[id] = v
	c.await(c.visible, func() { t.show(id, v) })
}

// newID returns an id greater than all before, with gaps.
func newID[R row](c *change, t *table[R]) int64 {
	t.top += 1 + int64(c.luck.below(3))
	return t.top
}

// event writes down what happened to an object.
func (c *change) event(objectType string, object int64, kind, data string) {
	id := newID(c, c.events)
	put(c, c.events, id, event{
		id: id, object: object, user: pickIf(c.luck.one(3), 0, c.userAt(&c.luck)),
		created: c.at, objectType: objectType, kind: kind, data: data, operation: c.operation,
	})
}

// change makes one named change.
func (s *Server) change(visible time.Time, f func(c *change)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.open().begin(visible))
}

// edit changes one row; if it is not there, it does nothing and returns false.
// So do all named changes.
func edit[R row](s *Server, of func(*account) *table[R], id int64, f func(c *change, r R)) bool {
	found := false
	s.change(time.Time{}, func(c *change) {
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
func (a *account) imports() {
	if a.size.Tickets == 0 {
		return
	}
	for i := range instant(6) {
		c := &change{account: a, at: a.epoch - hour + i*minute, luck: begin(a.seed, ofChange, int64(-1-i))}
		c.visible, c.operation = c.at, c.luck.next()
		created := c.at + (i+1)*40*day
		if i%2 == 0 {
			created = c.at - (i+3)*365*day
		}
		id := c.addTicket(created, c.at)
		if t, _ := a.tickets.get(id); i%3 == 0 {
			t.open, t.closed = false, created-day // closed before it began
			put(c, a.tickets, id, t)
		}
	}
}
