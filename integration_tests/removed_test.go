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

// TestHiddenRecord checks that a record which its list did not show for a while, and which
// exists, gets a tombstone if it is deleted later: no event shows that, and no slice has it.
func TestHiddenRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Customers: 30},
			Fail: func(r *http.Request) *sandbox.Fault {
				if strings.HasPrefix(r.URL.Path, "/api/events") {
					return &sandbox.Fault{Status: http.StatusForbidden}
				}
				return nil
			}}
		hides := false
		h := newFixtureBehind(t, box, &lyingNetwork{inMemory{box}, func() int {
			if hides {
				return 2 // the first row
			}
			return 0
		}})
		marks := map[string]state.Bookmark{}
		sync := func() []string {
			time.Sleep(time.Hour)
			plan := h.plan([]string{"customers"}, marks)
			plan.ReconcileEvery, plan.ReconcileNow = 7*24*time.Hour, true
			tombstones, _ := syncTombstones(t, plan, marks)
			return tombstones["customers"]
		}
		sync()
		customers := expectedRecords(h.box, streams.Find("customers"))
		newest := slices.MaxFunc(slices.Collect(maps.Keys(customers)), func(a, b string) int {
			return strings.Compare(createdOf(customers[a]), createdOf(customers[b]))
		})
		hides = true
		if tombstones := sync(); len(tombstones) > 0 {
			t.Fatalf("hidden, and got tombstones: %q", tombstones)
		}
		hides = false
		id, _ := strconv.ParseInt(newest, 10, 64)
		h.box.DeleteCustomer(id)
		if tombstones := sync(); !slices.Equal(tombstones, []string{newest}) {
			t.Errorf("%s was deleted; tombstones: %q", newest, tombstones)
		}
	})
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
