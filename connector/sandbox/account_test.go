package sandbox

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// randomSource returns random numbers and logs their seed if the test fails.
func randomSource(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// withAccount returns a server and its account, generated and up to date.
func withAccount(s *Server) (*Server, *account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s, s.openAccount()
}

var resources = []string{
	"tickets", "messages", "customers", "events", "satisfaction-surveys", "users", "teams", "tags", "macros", "rules", "views",
	"custom-fields", "integrations", "jobs", "widgets", "phone/voice-calls", "phone/voice-call-events", "phone/voice-call-recordings",
}

// allRows returns the rows of a complete list.
func allRows(s *Server, path string) [][]byte { return slices.Collect(s.Each(path)) }

func TestEqualSeedsGiveEqualAccounts(t *testing.T) {
	epoch := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	r := randomSource(t)
	seed := r.Uint64()
	s1, s2, other := &Server{Seed: seed, Epoch: epoch}, &Server{Seed: seed, Epoch: epoch}, &Server{Seed: seed + 1, Epoch: epoch}
	for _, path := range resources {
		one, two := allRows(s1, path), allRows(s2, path)
		if len(one) == 0 {
			t.Errorf("%s: no rows", path)
		}
		if !slices.EqualFunc(one, two, bytes.Equal) {
			t.Errorf("%s: equal seeds, different rows", path)
		}
		if slices.EqualFunc(one, allRows(other, path), bytes.Equal) {
			t.Errorf("%s: different seeds, equal rows", path)
		}
	}
}

// The binary search and the merge of a table depend on these properties.
func TestTimelinesIncrease(t *testing.T) {
	r := randomSource(t)
	for range 20 {
		n := 1 + r.IntN(9000)
		l := timeline{seed{number: r.Uint64()}, n, 1e15, 1e15 + timestamp(1+r.IntN(300))*day}
		b := base[event]{timeline: l, first: 7, stride: 3}
		tied := 0
		for _, order := range []string{"created_datetime", "updated_datetime"} {
			seen := make([]bool, n)
			var last sortKey
			for p := range n {
				i, k := b.at(order, p)
				if p > 0 && last.compare(k) >= 0 {
					t.Fatalf("n %d %s: position %d %v is not after %v", n, order, p, k, last)
				}
				if seen[i] {
					t.Fatalf("n %d %s: row %d has two positions", n, order, i)
				}
				if p > 0 && last.n == k.n {
					tied++
				}
				seen[i] = true
				last = k
				if found, ok := b.index(k.id); !ok || found != i {
					t.Fatalf("index of id %d of row %d is %d, %v", k.id, i, found, ok)
				}
				if b.updated(b.updatePosition(i)) < b.created(i) {
					t.Fatalf("row %d was updated before it was created", i)
				}
			}
			if n > 1000 && tied < 100 {
				t.Errorf("n %d %s: only %d ties", n, order, tied)
			}
		}
	}
}

// Every message is in the thread of its ticket and in no other, between the
// ticket's creation and its last update.
func TestEveryMessageIsInOneThread(t *testing.T) {
	r := randomSource(t)
	for range 30 {
		size := Size{Tickets: 1 + r.IntN(600), Messages: r.IntN(3000)}
		_, a := withAccount(&Server{Seed: r.Uint64(), Size: size})
		seen := map[int]int{}
		for i := range a.size.Tickets {
			tk := a.baseTicket(i)
			thread := a.threadIndices(i)
			for n, m := range thread {
				seen[m]++
				if a.ticketIndexOf(m) != i {
					t.Fatalf("%+v: message %d is in thread %d, but of ticket %d", size, m, i, a.ticketIndexOf(m))
				}
				at := a.messageCreated(m)
				if at < tk.created || at > tk.updated || n > 0 && at < a.messageCreated(thread[n-1]) {
					t.Fatalf("%+v: message %d at %d, ticket %d from %d to %d", size, m, at, i, tk.created, tk.updated)
				}
			}
			if len(thread) != tk.messages || len(thread) > 0 && tk.lastMessage != a.messageCreated(thread[len(thread)-1]) {
				t.Fatalf("%+v: ticket %d does not agree with its thread", size, i)
			}
			if _, ok := a.customers.get(tk.customer); !ok {
				t.Fatalf("%+v: ticket %d has no customer", size, i)
			}
			if !slices.Contains(a.ticketsOf(tk.customer), tk.id) {
				t.Fatalf("%+v: ticket %d is not among those of its customer", size, i)
			}
		}
		for m := range a.size.Messages {
			if seen[m] != 1 {
				t.Fatalf("%+v: message %d is in %d threads", size, m, seen[m])
			}
		}
	}
}

func TestSurveyOfFindsEverySurvey(t *testing.T) {
	_, a := withAccount(&Server{})
	n := 0
	for i := range a.size.Tickets {
		if s, ok := a.surveyOf(a.tickets.base.id(i)); ok {
			n++
			if s.get("ticket_id") != number(a.tickets.base.id(i)) {
				t.Errorf("ticket %d has the survey of %s", a.tickets.base.id(i), s.get("ticket_id"))
			}
		}
	}
	if n != a.size.Surveys {
		t.Errorf("%d of %d surveys found", n, a.size.Surveys)
	}
}

func TestSizeSetsRowCounts(t *testing.T) {
	s := &Server{Size: Size{Tickets: 12, Messages: 31, Customers: -1, Events: -1, Surveys: 99, Tags: -1, Users: -1, CustomFields: -1, Views: -1, Teams: -1, Macros: -1, Rules: -1, Integrations: -1, Jobs: -1, Widgets: -1, Calls: -1}}
	for path, want := range map[string]int{"tickets": 18, "messages": 43, "customers": 0, "satisfaction-surveys": 12, "tags": 0, "users": 0, "phone/voice-calls": 0, "phone/voice-call-events": 0} {
		if got := len(allRows(s, path)); got != want {
			t.Errorf("%d %s, want %d", got, path, want)
		}
	}
}
