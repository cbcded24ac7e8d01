package integration_tests

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// TestUnresolvedMessages checks that messages whose events name no ticket are looked
// for with a bounded number of requests, that what is found is no more than that
// bound, and that the warning about the others is one of ticket_messages, in any
// order of the streams.
func TestUnresolvedMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Tickets: 300, Messages: 600}, Quirks: sandbox.Quirks{MessageEventsWithoutTicket: true}}
		h := newFixture(t, box)
		marks := map[string]state.Bookmark{}
		warned := map[string]string{}
		edited := map[string]bool{}
		sync := func() {
			time.Sleep(time.Hour)
			p := h.plan([]string{"ticket_message_attachments", "ticket_messages"}, throughJSON(t, marks))
			for b, err := range p.Run(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				for _, rec := range b.Records {
					if b.Stream.Name == "ticket_messages" && strings.Contains(string(rec.Raw), `"Edited: `) {
						edited[keyOf(b.Stream, rec.Raw)] = true
					}
				}
				if marks[b.Stream.Name] = b.Bookmark; b.Warning != "" {
					warned[b.Stream.Name] = b.Warning
				}
			}
		}
		sync()
		time.Sleep(10 * 24 * time.Hour)
		tickets := map[int64]bool{}
		for row := range box.Each("messages") {
			if ticket := stream.Integer(stream.Field(row, "ticket_id")); !tickets[ticket] && len(tickets) < 250 {
				tickets[ticket] = true
				box.EditMessage(idOf(row))
				time.Sleep(time.Minute)
			}
		}
		before := box.Hits("messages")
		sync()
		if n := box.Hits("messages") - before; n > 110 || len(edited) < 100 || len(edited) > 210 { // on the page that is read anyway, and in 100 threads
			t.Errorf("%d requests found %d messages", n, len(edited))
		}
		if len(warned) != 1 || !strings.Contains(warned["ticket_messages"], "changed messages could not be re-fetched: their events name no ticket") {
			t.Errorf("warnings: %q", warned)
		}
	})
}
