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

// A model holds the rows of all tables in plain maps. The tests compare it with
// what lists and single records show after changes.
type model struct {
	tickets   map[int64]ticket
	messages  map[int64]message
	customers map[int64]customer
	events    map[int64]event
	records   map[string]map[int64]record
}

func newModel(a *account) *model {
	m := &model{records: map[string]map[int64]record{}}
	m.tickets = listedRows(a.tickets)
	m.messages = listedRows(a.messages)
	m.customers = listedRows(a.customers)
	m.events = listedRows(a.events)
	for path, t := range a.recordTables {
		m.records[path] = listedRows(t)
	}
	return m
}

// listedRows reads a table id by id, without using an order.
func listedRows[R row](t *table[R]) map[int64]R {
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

// sortedIDs returns the ids in an order, by a plain sort.
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

// joinPages reads all pages by their tokens, and for each the page before it.
func joinPages(t *testing.T, s listSource, orderBy string, limit int) []int64 {
	t.Helper()
	read := func(token string) page {
		q := &query{limit: limit, path: "x"}
		q.order, q.desc = splitOrder(orderBy)
		if token != "" && !q.applyToken(token) {
			t.Fatalf("%s: page token %q is rejected", orderBy, token)
		}
		return s.page(q)
	}
	idsOf := func(p page) []int64 {
		var ids []int64
		for _, k := range p.keys {
			ids = append(ids, k.id)
		}
		return ids
	}
	var ids, before []int64
	for token := ""; ; {
		p := read(token)
		if len(p.keys) > limit || p.next != "" && len(p.keys) != limit {
			t.Fatalf("%s: %d rows on a page of %d", orderBy, len(p.keys), limit)
		}
		if (p.prev == "") != (token == "") && len(p.keys) > 0 {
			t.Fatalf("%s: prev_cursor %q on a page after %q", orderBy, p.prev, token)
		}
		if p.prev != "" {
			if back := read(p.prev); !slices.Equal(idsOf(back), before) {
				t.Fatalf("%s: the page before is %v, and was %v", orderBy, idsOf(back), before)
			}
		}
		before = idsOf(p)
		ids = append(ids, before...)
		if token = p.next; token == "" {
			return ids
		}
	}
}

func randomSize(r *rand.Rand) Size {
	return Size{
		Tickets: 1 + r.IntN(300), Messages: r.IntN(900), Customers: 1 + r.IntN(300), Events: 1 + r.IntN(500), Surveys: 1 + r.IntN(100),
		Calls: 1 + r.IntN(40), CallEvents: 1 + r.IntN(90), Recordings: 1 + r.IntN(30), Tags: 1 + r.IntN(30), Jobs: 1 + r.IntN(30),
	}
}

func checkPages[R row](t *testing.T, r *rand.Rand, tb *table[R], rows map[int64]R, orders ...string) {
	t.Helper()
	order := orders[r.IntN(len(orders))]
	for _, dir := range []string{":asc", ":desc"} {
		got := joinPages(t, tableSource(tb, timeRange{}, nil, func(*jsonWriter, *R) {}), order+dir, 1+r.IntN(120))
		if want := sortedIDs(rows, order, dir == ":desc"); !slices.Equal(got, want) {
			t.Fatalf("%T %s%s: %d rows, want %d in order", tb, order, dir, len(got), len(want))
		}
	}
}

// The pages together are the sorted list for every size of the account, order
// and page size, after any changes, with and without lag.
func TestJoinedPagesEqualSortedList(t *testing.T) {
	r := randomSource(t)
	for range 25 {
		s, a := withAccount(&Server{Seed: r.Uint64(), Size: randomSize(r), VisibilityLag: time.Duration(r.IntN(2)) * time.Hour})
		for range 3 {
			m := newModel(a)
			checkPages(t, r, a.tickets, m.tickets, "created_datetime", "updated_datetime")
			checkPages(t, r, a.messages, m.messages, "created_datetime")
			checkPages(t, r, a.customers, m.customers, "created_datetime", "updated_datetime")
			checkPages(t, r, a.events, m.events, "created_datetime")
			checkPages(t, r, a.surveys, m.records["satisfaction-surveys"], "created_datetime")
			checkPages(t, r, a.callEvents, m.records["phone/voice-call-events"], "id")
			checkPages(t, r, a.users, m.records["users"], "name", "email", "created_datetime", "role.name")
			checkPages(t, r, a.tags, m.records["tags"], "created_datetime", "name", "usage,name")
			checkPages(t, r, a.macros, m.records["macros"], "updated_datetime", "usage", "language")
			checkPages(t, r, a.customFields, m.records["custom-fields"], "priority")
			for range 60 {
				s.Mutate(r)
			}
		}
	}
}

// A scan during which rows move has every row that did not move exactly once.
// Ascending by updates, it has every row.
func TestPagesOfChangingListMissNothing(t *testing.T) {
	r := randomSource(t)
	for range 15 {
		s, a := withAccount(&Server{Seed: r.Uint64(), Size: randomSize(r)})
		for _, orderBy := range byUpdate {
			order, desc := splitOrder(orderBy)
			before := newModel(a).tickets
			seen := map[int64]int{}
			q := &query{order: order, desc: desc, limit: 7}
			source := tableSource(a.tickets, timeRange{}, nil, func(*jsonWriter, *ticket) {})
			for {
				p := source.page(q)
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
			for id, now := range newModel(a).tickets {
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

// Every changed or deleted row has an event of the same change, except those of
// resources without events.
func TestEveryChangeHasAnEvent(t *testing.T) {
	r := randomSource(t)
	s, a := withAccount(&Server{Seed: r.Uint64()})
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
		named := map[string]bool{}
		for id := top + 1; id <= a.events.maxID; id++ {
			if e, ok := a.events.get(id); ok {
				named[e.objectType+number(e.objectID)] = true
				delete(unseen, e.eventType)
			}
		}
		changed := changedRows(a.tickets, "Ticket", seq)
		changed = append(changed, changedRows(a.customers, "Customer", seq)...)
		for path, of := range a.recordTables {
			if n, _ := settingKindOf(path); n.eventPrefix != "" {
				changed = append(changed, changedRows(of, n.objectType, seq)...)
			}
		}
		for _, object := range changed {
			if !named[object] {
				t.Fatalf("%s changed without an event", object)
			}
		}
	}
	if len(unseen) > 0 {
		t.Errorf("no change adds %v", slices.Collect(maps.Keys(unseen)))
	}
}

// changedRows returns the rows that were stored or deleted after seq.
func changedRows[R row](t *table[R], objectType string, seq uint64) []string {
	var changed []string
	for id, v := range t.listed {
		if v.seq > seq {
			changed = append(changed, objectType+number(id))
		}
	}
	return changed
}

// With lag, lists show a change late, all of its rows at the same time, and
// never an older version after a newer one; a single record is always current.
func TestVisibilityLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := randomSource(t)
		s, a := withAccount(&Server{Seed: r.Uint64(), VisibilityLag: time.Minute})
		start := time.Now()
		id := s.AddTicket(time.Time{}, time.Time{}, start.Add(10*time.Second))
		seen := func() bool {
			_, ok := newModel(a).tickets[id]
			return ok
		}
		if _, ok := a.tickets.get(id); !ok || seen() {
			t.Errorf("a new ticket exists: %v, is listed: %v", ok, seen())
		}
		time.Sleep(9 * time.Second)
		withAccount(s)
		if seen() {
			t.Error("a ticket is listed before its time")
		}
		time.Sleep(time.Second)
		withAccount(s)
		if !seen() || len(a.threadMessages(id)) != 2 {
			t.Error("a ticket is not listed at its time, with its messages")
		}
		updated := map[int64]timestamp{}
		late := 0
		for range 2000 {
			s.Mutate(r)
			time.Sleep(100 * time.Millisecond)
			withAccount(s)
			for id, v := range a.tickets.listed {
				if v.row.updated < updated[id] && !v.deleted {
					t.Fatalf("ticket %d went back in time", id)
				}
				updated[id] = v.row.updated
				if f, ok := a.tickets.unlisted[id]; ok && f.seq < v.seq {
					t.Fatalf("ticket %d is older than in the lists", id)
				}
			}
			late += len(a.pending)
		}
		if late < 2000 {
			t.Errorf("only %d changes were pending", late)
		}
		time.Sleep(time.Minute + time.Second)
		withAccount(s)
		if n := len(a.pending) + len(a.tickets.unlisted) + len(a.messages.unlisted) + len(a.events.unlisted); n != 0 {
			t.Errorf("%d changes are not shown after the lag", n)
		}
		for id := range a.tickets.listed {
			if got, ok := a.tickets.get(id); ok && fmt.Sprint(got) != fmt.Sprint(newModel(a).tickets[id]) {
				t.Fatalf("the listed ticket %d is not current", id)
			}
			break
		}
	})
}

// A version that lists show at once replaces an older one that is pending.
func TestLaterVersionReplacesPendingVersion(t *testing.T) {
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

// Every change is later than the one before, and not earlier than now.
func TestChangesAreOrderedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, a := withAccount(&Server{})
		r := randomSource(t)
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

// The clock offset applies to the Date header, to the end of the base rows and
// to the timestamps of changes.
func TestClockOffset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, offset := range []time.Duration{0, 3 * time.Hour, -3 * time.Hour} {
			s, a := withAccount(unlimited(&Server{ClockOffset: offset}))
			time.Sleep(time.Minute)
			now := time.Now().Add(offset)
			id := s.AddCustomer()
			if c, _ := a.customers.get(id); c.created < timestampOf(now) || c.created > timestampOf(now)+1000 {
				t.Errorf("offset %v: a change at %d, now %d", offset, c.created, timestampOf(now))
			}
			if date := get(s, "/api/account").Header().Get("Date"); date != now.UTC().Format(http.TimeFormat) {
				t.Errorf("offset %v: %s", offset, date)
			}
			if a.epoch != timestampOf(now.Add(-time.Minute)) {
				t.Errorf("offset %v: the base ends at %d", offset, a.epoch)
			}
		}
	})
}
