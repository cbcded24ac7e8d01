package integration_tests

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/streams"
)

// TestRemovedTagOfOldTicket checks that a tag that is taken off gets a tombstone
// because its event names it: of old tickets, the state does not remember the tags.
func TestRemovedTagOfOldTicket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t, &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Tickets: 30, Tags: 5}})
		marks := map[string]state.Bookmark{}
		sync := func() []string {
			tombstones, _ := syncTombstones(t, h.plan([]string{"tickets", "ticket_tags"}, marks), marks)
			return tombstones["ticket_tags"]
		}
		sync()
		mark := marks["ticket_tags"]
		mark.Elements = nil // as of tickets that are old
		marks["ticket_tags"] = mark

		key := slices.Min(slices.Collect(maps.Keys(expectedRecords(h.box, streams.Find("ticket_tags")))))
		ticket, tag, _ := strings.Cut(key, "/")
		id := func(text string) int64 { n, _ := strconv.ParseInt(text, 10, 64); return n }
		h.box.ToggleTicketTag(id(ticket), id(tag))
		time.Sleep(time.Hour)
		if tombstones := sync(); !slices.Contains(tombstones, key) {
			t.Errorf("the tag %s was taken off; tombstones: %q", key, tombstones)
		}
	})
}

// TestSharedEvents checks that the change feed reads events itself if the stream of events,
// which it reads along, begins too late: earlier syncs have read the events alone.
func TestSharedEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t, &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Tickets: 30}})
		marks := map[string]state.Bookmark{}
		sync := func(names ...string) []string {
			time.Sleep(time.Hour)
			tombstones, _ := syncTombstones(t, h.plan(names, marks), marks)
			return tombstones["tickets"]
		}
		sync("tickets", "events")
		id := slices.Min(slices.Collect(maps.Keys(expectedRecords(h.box, streams.Find("tickets")))))
		number, _ := strconv.ParseInt(id, 10, 64)
		h.box.DeleteTicket(number)
		for range 3 {
			sync("events")
			h.box.AddCustomer() // an event, so that the stream goes on
		}
		if tombstones := sync("tickets", "events"); !slices.Equal(tombstones, []string{id}) {
			t.Errorf("%s was deleted; tombstones: %q", id, tombstones)
		}
	})
}

// TestHiddenRecord checks that a record which its list did not show for a while, and which
// exists, gets a tombstone if it is deleted later: no event shows that, and no slice has
// it. The same holds for what was derived from it, whether it is read or not.
func TestHiddenRecord(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{{"customers"}, {"customer_custom_field_values"}, {"customers", "customer_custom_field_values"}} {
		t.Run(strings.Join(names, ", "), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { testHiddenRecord(t, names) })
		})
	}
}

func testHiddenRecord(t *testing.T, names []string) {
	box := &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Customers: 30, CustomFields: 4},
		Fail: func(r *http.Request) *sandbox.Fault {
			if strings.HasPrefix(r.URL.Path, "/api/events") {
				return &sandbox.Fault{Status: http.StatusForbidden}
			}
			return nil
		}}
	hidden := 0
	h := newFixtureBehind(t, box, &lyingNetwork{inMemory{box}, func() int {
		if hidden == 0 {
			return 0
		}
		return 1 + hidden // so many first rows
	}})
	marks := map[string]state.Bookmark{}
	sync := func() map[string][]string {
		time.Sleep(time.Hour)
		plan := h.plan(names, marks)
		plan.ReconcileEvery, plan.ReconcileNow = 7*24*time.Hour, true
		tombstones, _ := syncTombstones(t, plan, marks)
		return tombstones
	}
	sync()
	all := expectedRecords(h.box, streams.Find("customers"))
	customers := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return strings.Compare(createdOf(all[b]), createdOf(all[a]))
	})
	values := func() map[string]string { return expectedRecords(h.box, streams.Find("customer_custom_field_values")) }
	hasValues := func(id string) bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(values())), func(key string) bool { return strings.HasPrefix(key, id+"/") })
	}
	i := slices.IndexFunc(customers, hasValues)
	hidden = 1 + i
	if tombstones := sync(); len(tombstones) > 0 {
		t.Fatalf("hidden, and got tombstones: %q", tombstones)
	}
	hidden = 0
	id, _ := strconv.ParseInt(customers[i], 10, 64)
	want := customers[i]
	if names[len(names)-1] == "customers" {
		h.box.DeleteCustomer(id)
	} else {
		before := values()
		h.box.RemoveCustomerFieldSilently(id)
		for key := range before {
			if _, left := values()[key]; !left {
				want = key
			}
		}
	}
	if tombstones := sync()[names[len(names)-1]]; !slices.Equal(tombstones, []string{want}) {
		t.Errorf("%s was deleted; tombstones: %q", want, tombstones)
	}
}

// TestRejectedSuspects checks that a record which is missing in its list, and cannot be
// asked for, gets a tombstone once it can; until then a warning says so.
func TestRejectedSuspects(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rejects := true
		h := newFixture(t, &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Customers: 30},
			Fail: func(r *http.Request) *sandbox.Fault {
				switch {
				case strings.HasPrefix(r.URL.Path, "/api/events"):
					return &sandbox.Fault{Status: http.StatusForbidden}
				case rejects && strings.HasPrefix(r.URL.Path, "/api/customers/"):
					return &sandbox.Fault{Status: http.StatusBadRequest}
				}
				return nil
			}})
		marks, warnings := map[string]state.Bookmark{}, ""
		sync := func() []string {
			time.Sleep(time.Hour)
			plan := h.plan([]string{"customers"}, marks)
			plan.ReconcileEvery, plan.ReconcileNow = 7*24*time.Hour, true
			tombstones, warned := syncTombstones(t, plan, marks)
			warnings = warned
			return tombstones["customers"]
		}
		sync()
		id := slices.Min(slices.Collect(maps.Keys(expectedRecords(h.box, streams.Find("customers")))))
		number, _ := strconv.ParseInt(id, 10, 64)
		h.box.DeleteCustomer(number)
		if tombstones := sync(); len(tombstones) > 0 || !strings.Contains(warnings, "cannot be re-fetched") {
			t.Errorf("tombstones %q, warnings %q", tombstones, warnings)
		}
		rejects = false
		if tombstones := sync(); !slices.Equal(tombstones, []string{id}) {
			t.Errorf("%s was deleted; tombstones: %q", id, tombstones)
		}
	})
}

// createdOf returns when a record was created.
func createdOf(record string) string {
	_, rest, _ := strings.Cut(record, `"created_datetime":"`)
	at, _, _ := strings.Cut(rest, `"`)
	return at
}

// syncTombstones runs a plan, stores the bookmarks, and returns the keys of the tombstones
// of each stream, and the warnings.
func syncTombstones(t *testing.T, plan *connector.Plan, marks map[string]state.Bookmark) (tombstones map[string][]string, warnings string) {
	t.Helper()
	tombstones = map[string][]string{}
	plan.Tombstone = tombstone
	for b, err := range plan.Run(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range b.Records {
			if isTombstone(string(rec.Raw)) {
				tombstones[b.Stream.Name] = append(tombstones[b.Stream.Name], keyOf(b.Stream, rec.Raw))
			}
		}
		marks[b.Stream.Name] = b.Bookmark
		warnings += b.Warning
	}
	return tombstones, warnings
}
