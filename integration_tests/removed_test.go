package integration_tests

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
		sync := func() (tombstones []string) {
			plan := h.plan([]string{"tickets", "ticket_tags"}, marks)
			plan.Tombstone = tombstone
			for b, err := range plan.Run(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				for _, rec := range b.Records {
					if b.Stream.Name == "ticket_tags" && isTombstone(string(rec.Raw)) {
						tombstones = append(tombstones, keyOf(b.Stream, rec.Raw))
					}
				}
				marks[b.Stream.Name] = b.Bookmark
			}
			return tombstones
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
