package integration_tests

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// TestRemovedValues checks that values that are taken off tickets and customers
// get tombstones: of those whose values the state holds, the newest ones.
func TestRemovedValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Tickets: 400, Customers: 400, CustomFields: 6}}
		h := newFixture(t, box)
		marks := map[string]state.Bookmark{}
		var tombstones []string
		sync := func() {
			time.Sleep(time.Hour)
			p := h.plan([]string{"ticket_custom_field_values", "customer_custom_field_values"}, throughJSON(t, marks))
			p.Tombstone, tombstones = tombstone, nil
			for b, err := range p.Run(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				for _, rec := range b.Records {
					if isTombstone(string(rec.Raw)) {
						tombstones = append(tombstones, b.Stream.Name+" "+keyOf(b.Stream, rec.Raw))
					}
				}
				marks[b.Stream.Name] = b.Bookmark
			}
		}
		for path, change := range map[string]func(int64) bool{"tickets": box.EditTicketSubject, "customers": box.EditCustomer} {
			n := 0
			for row := range box.Each(path) {
				if n++; n <= 60 {
					change(idOf(row)) // among the newest from now on
				}
			}
		}
		sync()
		var want []string
		for path, name := range map[string]string{"tickets": "ticket_custom_field_values", "customers": "customer_custom_field_values"} {
			last, n := map[int64]string{}, 0
			for row := range box.Each(path) {
				if n++; n > 60 {
					break
				}
				for _, v := range stream.Elements(row, "custom_fields", nil, func(e stream.Element, _ []byte) json.RawMessage { return stream.Field(e.Raw, "id") }) {
					last[idOf(row)] = string(v)
				}
			}
			for id := range last {
				want = append(want, name+" "+strconv.FormatInt(id, 10)+"/"+last[id])
				if path == "tickets" {
					box.RemoveTicketField(id)
				} else {
					box.RemoveCustomerField(id)
				}
			}
		}
		sync()
		slices.Sort(want)
		slices.Sort(tombstones)
		if len(want) < 30 || !slices.Equal(tombstones, want) {
			t.Errorf("tombstones of %v\nwant %v", tombstones, want)
		}
	})
}
