package sandbox

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A model is the naive account: what every table holds, spelled out. It is
// compared with what lists and single answers say after any changes.
type model struct {
	tickets   map[int64]ticket
	messages  map[int64]message
	customers map[int64]customer
	events    map[int64]event
	records   map[string]map[int64]record
}

func spell(a *account) *model {
	m := &model{records: map[string]map[int64]record{}}
	m.tickets = spelled(a.tickets)
	m.messages = spelled(a.messages)
	m.customers = spelled(a.customers)
	m.events = spelled(a.events)
	for path, t := range a.recordTables {
		m.records[path] = spelled(t)
	}
	return m
}

// spelled reads a table without any of its orders: id by id.
func spelled[R row](t *table[R]) map[int64]R {
	rows := map[int64]R{}
	for i := range t.base.n {
		if r, ok := t.getListed(t.base.id(i)); ok {
			rows[t.base.id(i)] = r
		}
	}
	for id := range t.listed {
		if r, ok := t.getListed(id); ok {
			rows[id] = r
		}
	}
	return rows
}

// sortedIDs is the naive order.
func sortedIDs[R row](rows map[int64]R, order string, desc bool) []int64 {
	var keys []sortKey
	for _, r := range rows {
		keys = append(keys, r.sortKey(order))
	}
	slices.SortFunc(keys, func(x, y sortKey) int {
		d := 1
		if desc {
			d = -1
		}
		switch {
		case x.n != y.n:
			return d * (2*b2i(x.n > y.n) - 1)
		case x.s != y.s:
			return d * strings.Compare(x.s, y.s)
		}
		return d * (2*b2i(x.id > y.id) - 1)
	})
	var ids []int64
	for _, k := range keys {
		ids = append(ids, k.id)
	}
	return ids
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// pages joins the pages of a shelf through their cursors, forwards and back.
func pages(t *testing.T, s listSource, orderBy string, limit int) []int64 {
	t.Helper()
	ask := func(cursor string) (*query, page) {
		q := &query{limit: limit, path: "x"}
		q.order, q.desc = splitOrder(orderBy)
		if cursor != "" && !q.applyToken(cursor) {
			t.Fatalf("%s: cursor %q is refused", orderBy, cursor)
		}
		return q, s.page(q)
	}
	idsOf := func(p page) []int64 {
		var ids []int64
		for _, k := range p.keys {
			ids = append(ids, k.id)
		}
		return ids
	}
	var ids, before []int64
	for cursor := ""; ; {
		_, p := ask(cursor)
		if len(p.keys) > limit || p.next != "" && len(p.keys) != limit {
			t.Fatalf("%s: %d rows on a page of %d", orderBy, len(p.keys), limit)
		}
		if (p.prev == "") != (cursor == "") && len(p.keys) > 0 {
			t.Fatalf("%s: prev_cursor %q on a page after %q", orderBy, p.prev, cursor)
		}
		if p.prev != "" {
			if _, back := ask(p.prev); !slices.Equal(idsOf(back), before) {
				t.Fatalf("%s: the page before is %v, and was %v", orderBy, idsOf(back), before)
			}
		}
		before = idsOf(p)
		ids = append(ids, before...)
		if cursor = p.next; cursor == "" {
			return ids
		}
	}
}

func smallSize(r *rand.Rand) Size {
	return Size{
		Tickets: 1 + r.IntN(300), Messages: r.IntN(900), Customers: 1 + r.IntN(300), Events: 1 + r.IntN(500), Surveys: 1 + r.IntN(100),
		Calls: 1 + r.IntN(40), CallEvents: 1 + r.IntN(90), Recordings: 1 + r.IntN(30), Tags: 1 + r.IntN(30), Jobs: 1 + r.IntN(30),
	}
}

func checkPages[R row](t *testing.T, r *rand.Rand, tb *table[R], rows map[int64]R, orders ...string) {
	t.Helper()
	order := orders[r.IntN(len(orders))]
	for _, dir := range []string{":asc", ":desc"} {
		got := pages(t, tableSource(tb, timeRange{}, nil, func(*jsonWriter, *R) {}), order+dir, 1+r.IntN(120))
		if want := sortedIDs(rows, order, dir == ":desc"); !slices.Equal(got, want) {
			t.Fatalf("%T %s%s: %d rows, want %d in order", tb, order, dir, len(got), len(want))
		}
	}
}

// Pages joined are the sorted list: whatever the account's size, the order, the
// page's size, and however it was changed, with and without lag.
func TestPagesJoinedAreTheSortedList(t *testing.T) {
	r := dice(t)
	for range 25 {
		s, a := opened(&Server{Seed: r.Uint64(), Size: smallSize(r), VisibilityLag: time.Duration(r.IntN(2)) * time.Hour})
		for range 3 {
			m := spell(a)
			checkPages(t, r, a.tickets, m.tickets, "created_datetime", "updated_datetime")
			checkPages(t, r, a.messages, m.messages, "created_datetime")
			checkPages(t, r, a.customers, m.customers, "created_datetime", "updated_datetime")
			checkPages(t, r, a.events, m.events, "created_datetime")
			checkPages(t, r, a.surveys, m.records["satisfaction-surveys"], "created_datetime")
			checkPages(t, r, a.callEvents, m.records["phone/voice-call-events"], "id")
			checkPages(t, r, a.users, m.records["users"], "name", "email", "created_datetime", "role.name")
			checkPages(t, r, a.tags, m.records["tags"], "created_datetime", "name", "usage,name")
			checkPages(t, r, a.macros, m.records["macros"], "updated_datetime", "usage", "language")
			checkPages(t, r, a.fields, m.records["custom-fields"], "priority")
			for range 60 {
				s.Mutate(r)
			}
		}
	}
}

// A walk under which rows move misses none of those that did not move, and
// shows none of them twice; ascending by updates it misses nothing at all.
func TestPagesOfAnAccountThatMoves(t *testing.T) {
	r := dice(t)
	for range 15 {
		s, a := opened(&Server{Seed: r.Uint64(), Size: smallSize(r)})
		for _, orderBy := range byUpdate {
			order, desc := splitOrder(orderBy)
			before := spell(a).tickets
			seen := map[int64]int{}
			q := &query{order: order, desc: desc, limit: 7}
			look := tableSource(a.tickets, timeRange{}, nil, func(*jsonWriter, *ticket) {})
			for {
				p := look.page(q)
				for _, k := range p.keys {
					seen[k.id]++
				}
				if !p.more {
					break
				}
				_, last := p.ends()
				q.after = &last
				s.Mutate(r)
			}
			for id, now := range spell(a).tickets {
				was, old := before[id]
				still := old && was.sortKey(order) == now.sortKey(order)
				if still && seen[id] != 1 {
					t.Fatalf("%s: ticket %d did not move and was seen %d times", orderBy, id, seen[id])
				}
				if orderBy == "updated_datetime:asc" && seen[id] == 0 && old {
					t.Fatalf("%s: ticket %d was never seen", orderBy, id)
				}
			}
		}
	}
}

// What a change does is told by the event; what the events tell is all that
// may have changed in tickets and customers, and all deletions.
func TestChangesAreToldByEvents(t *testing.T) {
	r := dice(t)
	s, a := opened(&Server{Seed: r.Uint64()})
	unseen := map[string]bool{}
	for _, kind := range []string{
		"ticket-created", "ticket-message-created", "ticket-updated", "ticket-reopened", "ticket-closed", "ticket-assigned", "ticket-tags-added",
		"ticket-tags-removed", "ticket-trashed", "ticket-untrashed", "ticket-marked-spam", "ticket-unmarked-spam", "ticket-subject-updated", "ticket-deleted",
		"ticket-merged", "ticket-customer-updated", "ticket-message-updated", "ticket-message-failed", "ticket-message-deleted",
		"satisfaction-survey-sent", "satisfaction-survey-responded", "customer-created", "customer-updated", "customer-deleted", "customer-merged",
		"tag-created", "tag-updated", "tag-deleted", "macro-updated", "rule-deactivated", "user-updated", "view-created", "widget-deleted",
	} {
		unseen[kind] = true
	}
	for n := 0; n < 3000 || len(unseen) > 0 && n < 50_000; n++ {
		top, seq := a.events.maxID, a.lastSeq
		s.Mutate(r)
		told := map[string]bool{}
		for id := top + 1; id <= a.events.maxID; id++ {
			if e, ok := a.events.get(id); ok {
				told[e.objectType+number(e.objectID)] = true
				delete(unseen, e.eventType)
			}
		}
		changed := written(a.tickets, "Ticket", seq)
		changed = append(changed, written(a.customers, "Customer", seq)...)
		for path, of := range a.recordTables {
			if n, _ := settingKindOf(path); n.eventPrefix != "" {
				changed = append(changed, written(of, n.objectType, seq)...)
			}
		}
		for _, what := range changed {
			if !told[what] {
				t.Fatalf("%s changed without an event", what)
			}
		}
	}
	if len(unseen) > 0 {
		t.Errorf("no change is told by %v", slices.Collect(maps.Keys(unseen)))
	}
}

// written lists the rows that changes after seq wrote or took away.
func written[R row](t *table[R], objectType string, seq uint64) []string {
	var changed []string
	for id, v := range t.listed {
		if v.seq > seq {
			changed = append(changed, objectType+number(id))
		}
	}
	return changed
}

// With lag, lists show a change late, whole, and never an older version after
// a newer one; a single answer shows it at once.
func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := dice(t)
		s, a := opened(&Server{Seed: r.Uint64(), VisibilityLag: time.Minute})
		start := time.Now()
		id := s.AddTicket(time.Time{}, time.Time{}, start.Add(10*time.Second))
		seen := func() bool {
			_, ok := spell(a).tickets[id]
			return ok
		}
		if _, ok := a.tickets.get(id); !ok || seen() {
			t.Errorf("a new ticket is there: %v, is listed: %v", ok, seen())
		}
		time.Sleep(9 * time.Second)
		opened(s)
		if seen() {
			t.Error("a ticket is listed before its time")
		}
		time.Sleep(time.Second)
		opened(s)
		if !seen() || len(a.threadMessages(id)) != 2 {
			t.Error("a ticket is not listed at its time, with its messages")
		}
		updated := map[int64]timestamp{}
		late := 0
		for range 2000 {
			s.Mutate(r)
			time.Sleep(100 * time.Millisecond)
			opened(s)
			for id, v := range a.tickets.listed {
				if v.row.updated < updated[id] && !v.deleted {
					t.Fatalf("ticket %d went back in time", id)
				}
				updated[id] = v.row.updated
				if f, ok := a.tickets.unlisted[id]; ok && f.seq < v.seq {
					t.Fatalf("ticket %d is read as it was before what lists show", id)
				}
			}
			late += len(a.pending)
		}
		if late < 2000 {
			t.Errorf("only %d changes waited", late)
		}
		time.Sleep(time.Minute + time.Second)
		opened(s)
		if n := len(a.pending) + len(a.tickets.unlisted) + len(a.messages.unlisted) + len(a.events.unlisted); n != 0 {
			t.Errorf("%d changes are not shown after the lag", n)
		}
		for id := range a.tickets.listed {
			if got, ok := a.tickets.get(id); ok && fmt.Sprint(got) != fmt.Sprint(spell(a).tickets[id]) {
				t.Fatalf("ticket %d is not listed as it is", id)
			}
			break
		}
	})
}

// A version that is visible at once overtakes one that still waits.
func TestLaterVersionsOvertake(t *testing.T) {
	tb := storedTable(1, 1, func(int) record { return record{1, []field{{"name", "0"}}} })
	name := func(raw string, seq uint64) version[record] {
		return version[record]{row: record{1, []field{{"name", raw}}}, seq: seq}
	}
	tb.unlisted[1] = name("1", 1)
	tb.setListed(1, name("2", 2))
	got, _ := tb.get(1)
	tb.setListed(1, name("1", 1))
	if seen, _ := tb.getListed(1); got.get("name") != "2" || seen.get("name") != "2" {
		t.Errorf("got %v, seen %v", got, seen)
	}
}

// Every change is dated after the one before, and not before now.
func TestChangesGoForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, a := opened(&Server{})
		r := dice(t)
		last := a.epoch
		for range 500 {
			time.Sleep(time.Duration(r.IntN(3)) * time.Second)
			top := a.events.maxID
			s.Mutate(r)
			if a.lastChange <= last || a.lastChange < timestampOf(time.Now()) || a.lastChange > timestampOf(time.Now())+1000 {
				t.Fatalf("a change at %d after one at %d, now %d", a.lastChange, last, timestampOf(time.Now()))
			}
			last = a.lastChange
			for id := top + 1; id <= a.events.maxID; id++ {
				if e, ok := a.events.get(id); ok && e.created != last {
					t.Fatalf("event %d of a change at %d is dated %d", id, last, e.created)
				}
			}
		}
	})
}

// An account whose clock goes ahead tells its own time everywhere: in Date, in
// where its base ends, and in what changes write.
func TestClockAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, ahead := range []time.Duration{0, 3 * time.Hour, -3 * time.Hour} {
			s, a := opened(unlimited(&Server{ClockOffset: ahead}))
			time.Sleep(time.Minute)
			there := time.Now().Add(ahead)
			id := s.AddCustomer()
			if c, _ := a.customers.get(id); c.created < timestampOf(there) || c.created > timestampOf(there)+1000 {
				t.Errorf("%v ahead: a change at %d, now %d", ahead, c.created, timestampOf(there))
			}
			if date := get(s, "/api/account").Header().Get("Date"); date != there.UTC().Format(http.TimeFormat) {
				t.Errorf("%v ahead: %s", ahead, date)
			}
			if a.epoch != timestampOf(there.Add(-time.Minute)) {
				t.Errorf("%v ahead: the base ends at %d", ahead, a.epoch)
			}
		}
	})
}
