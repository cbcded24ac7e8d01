package integration_tests

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/streams"
)

// TestEndlessMerges checks that merges without an end, which events name, cost a
// bounded number of requests, end in a warning, and fail no stream. A chain that
// ends is followed.
func TestEndlessMerges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		into    func(id int64) int64 // 0: not merged
		endless bool                 // no record remains
	}{
		{"for ever", func(id int64) int64 { return id + 1 }, true},
		{"for ever, far apart", func(id int64) int64 { return id*7 + 13 }, true},
		{"into each other", func(id int64) int64 { return id ^ 1 }, false},
		{"three in a circle", func(id int64) int64 { return id - id%3 + (id+1)%3 }, false},
		{"not at all", func(int64) int64 { return 0 }, false},
	} {
		for _, name := range []string{"tickets", "ticket_messages", "customers"} {
			t.Run(c.name+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					box := &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Tickets: 5, Messages: 20, Customers: 5}}
					h := newFixture(t, box)
					marks := map[string]state.Bookmark{}
					sync := func() (warnings, errs int) {
						p := h.plan([]string{name}, throughJSON(t, marks))
						p.Tombstone = tombstone
						for b, err := range p.Run(t.Context()) {
							if err != nil {
								errs++
								continue
							}
							if marks[name] = b.Bookmark; b.Warning != "" {
								warnings++
							}
						}
						return warnings, errs
					}
					if warnings, errs := sync(); warnings+errs > 0 {
						t.Fatal("the first sync failed")
					}
					time.Sleep(time.Minute)
					for path, merge := range map[string]func(int64, int64) bool{"tickets": box.MergeTickets, "customers": box.MergeCustomers} {
						var ids []int64
						for row := range box.Each(path) {
							id, _ := strconv.ParseInt(keyOf(streams.Find(path), row), 10, 64)
							ids = append(ids, id)
						}
						if !merge(ids[0], ids[1]) {
							t.Fatal("not merged")
						}
					}
					time.Sleep(time.Minute)
					before := box.Requests()
					box.Fail = func(r *http.Request) *sandbox.Fault {
						if box.Requests()-before > 200 {
							return nil // too many
						}
						for _, path := range []string{"/api/tickets/", "/api/customers/"} {
							rest, single := strings.CutPrefix(r.URL.Path, path)
							id, err := strconv.ParseInt(rest, 10, 64)
							if into := c.into(id); single && err == nil && into != 0 {
								return &sandbox.Fault{Status: 301, Header: http.Header{"Location": {fmt.Sprint(path, into)}}}
							}
						}
						if r.URL.Query().Has("ticket_ids") { // none is listed any more
							return &sandbox.Fault{Status: 200, Body: `{"data":[],"object":"list","uri":"","meta":{"prev_cursor":null,"next_cursor":null}}`}
						}
						return nil
					}
					warnings, errs := sync()
					if n := box.Requests() - before; n > 100 {
						t.Errorf("%d requests", n)
					}
					if c.endless && name != "ticket_messages" && errs != 1 || c.name == "not at all" && warnings+errs != 0 {
						t.Errorf("%d warnings, %d errors", warnings, errs)
					}
				})
			})
		}
	}
}
