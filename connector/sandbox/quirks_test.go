package sandbox

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Every quirk is tested with and without: a request after some changes, the
// status of the response and a part of its body.
func TestQuirksSwitchReadings(t *testing.T) {
	ticket, into := firstTicket+9, firstTicket+3
	m := func(s *Server) int64 { // a message of the ticket
		return ids(readList(t, s, fmt.Sprint("/api/messages?order_by=created_datetime:asc&ticket_id=", ticket)))[0]
	}
	type reading struct {
		status     int
		has, lacks string // parts of the body
	}
	ok := reading{status: 200}
	for _, test := range []struct {
		name          string
		quirks        Quirks
		change        func(s *Server)
		path          func(s *Server) string // nil: the quirk moves updated_datetime
		without, with reading
	}{
		{"types", Quirks{EventTypesRejected: true}, nil,
			func(*Server) string { return "/api/events?types=ticket-deleted" }, ok, reading{400, `"types"`, ""}},
		{"ticket_ids", Quirks{TicketIDsRejected: true}, nil,
			func(*Server) string { return fmt.Sprint("/api/tickets?ticket_ids=", ticket) }, ok, reading{400, `"ticket_ids"`, ""}},
		{"page tokens", Quirks{PageTokenLifetime: time.Minute}, nil, func(s *Server) string {
			token := url.QueryEscape(*readList(t, s, "/api/messages?limit=5").Meta.Next)
			time.Sleep(time.Minute)
			readList(t, s, "/api/messages?limit=5&cursor="+token) // not expired
			time.Sleep(time.Minute)
			return "/api/messages?limit=5&cursor=" + token
		}, ok, reading{400, "Invalid cursor.", ""}},
		{"retention: old events", Quirks{EventRetention: 100 * 24 * time.Hour}, nil,
			func(s *Server) string {
				return "/api/events?created_datetime[lt]=" + time.Now().AddDate(0, 0, -101).UTC().Format(time.RFC3339)
			}, reading{200, `"id"`, ""}, reading{200, "", `"id"`}},
		{"retention: recent events", Quirks{EventRetention: 100 * 24 * time.Hour}, nil,
			func(s *Server) string {
				return "/api/events?order_by=created_datetime:asc&created_datetime[gte]=" + time.Now().AddDate(0, 0, -99).UTC().Format(time.RFC3339)
			}, reading{200, `"id"`, ""}, reading{200, `"id"`, ""}},
		{"tags", Quirks{TagsMoveUpdated: true}, func(s *Server) { s.ToggleTicketTag(ticket, firstTag) }, nil, ok, ok},
		{"values", Quirks{TagsMoveUpdated: true}, func(s *Server) { s.EditTicketField(ticket) }, nil, ok, ok},
		{"trash", Quirks{TagsMoveUpdated: true}, func(s *Server) { s.TrashTicket(ticket, true) }, nil, ok, ok},
		{"spam", Quirks{TagsMoveUpdated: true}, func(s *Server) { s.MarkTicketSpam(ticket, true) }, nil, ok, ok},
		{"deleted message", Quirks{DeletedMessagesVanish: true}, nil, func(s *Server) string {
			id := m(s)
			s.DeleteMessage(id)
			return fmt.Sprintf("/api/tickets/%d/messages/%d", ticket, id)
		}, reading{200, "deleted_datetime", `"deleted_datetime":null`}, reading{404, "", ""}},
		{"deleted message in lists", Quirks{DeletedMessagesVanish: true}, func(s *Server) { s.DeleteMessage(m(s)) },
			func(s *Server) string { return fmt.Sprint("/api/messages?ticket_id=", ticket) },
			reading{200, `"deleted_datetime":"2`, ""}, reading{200, "", `"deleted_datetime":"2`}},
		{"data of a message's event", Quirks{MessageEventsWithoutTicket: true}, func(s *Server) {
			for range 8 { // some of them name the ticket
				s.EditMessage(m(s))
			}
		}, func(s *Server) string { return "/api/events?types=ticket-message-updated&limit=8" },
			reading{200, fmt.Sprintf(`{"ticket_id":%d}`, ticket), ""}, reading{200, "", "ticket_id"}},
		{"merge of tickets", Quirks{MergeEventsOnAbsorbed: true}, func(s *Server) { s.MergeTickets(ticket, into) },
			func(*Server) string { return "/api/events?types=ticket-merged&limit=1" },
			reading{200, fmt.Sprintf(`"data":{"source_ticket_id":%d},"object_id":%d`, ticket, into), ""},
			reading{200, fmt.Sprintf(`"data":{"survivor":{"ticket":%d}},"object_id":%d`, into, ticket), ""}},
		{"merge of customers", Quirks{MergeEventsOnAbsorbed: true}, func(s *Server) { s.MergeCustomers(firstCustomer, firstCustomer+3) },
			func(*Server) string { return "/api/events?types=customer-merged&limit=1" },
			reading{200, fmt.Sprintf(`"data":{"source_customer_id":%d},"object_id":%d`, firstCustomer, firstCustomer+3), ""},
			reading{200, fmt.Sprintf(`"data":{"survivor":{"customer":%d}},"object_id":%d`, firstCustomer+3, firstCustomer), ""}},
		{"absorbed ticket", Quirks{MergedNotFound: true}, func(s *Server) { s.MergeTickets(ticket, into) },
			func(*Server) string { return fmt.Sprint("/api/tickets/", ticket) }, reading{status: 301}, reading{404, "", ""}},
		{"message of an absorbed ticket", Quirks{MergedNotFound: true}, nil, func(s *Server) string {
			id := m(s)
			s.MergeTickets(ticket, into)
			return fmt.Sprintf("/api/tickets/%d/messages/%d", ticket, id)
		}, reading{status: 301}, reading{404, "", ""}},
	} {
		for _, quirk := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s, want := unlimited(&Server{Seed: 3}), test.without
				if quirk {
					s.Quirks, want = test.quirks, test.with
				}
				updated := func() timestamp {
					_, a := withAccount(s)
					row, _ := a.tickets.get(ticket)
					return row.updated
				}
				before := updated()
				if test.change != nil {
					test.change(s)
				}
				if test.path == nil {
					if moved := updated() != before; moved != quirk {
						t.Errorf("%s, quirk %v: updated_datetime moved: %v", test.name, quirk, moved)
					}
					return
				}
				w := get(s, test.path(s))
				body := w.Body.String()
				if w.Code != want.status || !strings.Contains(body, want.has) || want.lacks != "" && strings.Contains(body, want.lacks) {
					t.Errorf("%s, quirk %v: %d %.600s", test.name, quirk, w.Code, body)
				}
			})
		}
	}
}

// Without MessageEventsWithoutTicket every event of a message has the context
// of an event of its ticket; with it, none has.
func TestMessageEventsShareContextWithTicket(t *testing.T) {
	for _, quirk := range []bool{false, true} {
		s, a := withAccount(unlimited(&Server{Quirks: Quirks{MessageEventsWithoutTicket: quirk}}))
		s.AddTicket(time.Time{}, time.Time{}, time.Time{})
		s.AddMessage(firstTicket)
		tickets, messages := map[uint64]int{}, 0
		for _, v := range a.events.listed {
			if v.row.eventType == "ticket-updated" {
				tickets[v.row.contextID]++
			}
		}
		shared := 0
		for _, v := range a.events.listed {
			if v.row.eventType == "ticket-message-created" {
				messages++
				shared += min(1, tickets[v.row.contextID])
			}
		}
		if want := pickIf(quirk, 0, messages); messages == 0 || shared != want {
			t.Errorf("quirk %v: %d of %d messages share a context with their ticket", quirk, shared, messages)
		}
	}
}

// With EventsNewestFirst, events are newest first on all pages, although the
// opposite order is requested.
func TestEventsNewestFirst(t *testing.T) {
	for _, quirk := range []bool{false, true} {
		s := unlimited(&Server{Quirks: Quirks{EventsNewestFirst: quirk}})
		var all []int64
		for next := ""; ; {
			l := readList(t, s, "/api/events?limit=100&order_by=created_datetime:asc"+next)
			if all = append(all, ids(l)...); l.Meta.Next == nil {
				break
			}
			next = "&cursor=" + url.QueryEscape(*l.Meta.Next)
		}
		if n := len(all); n < 1000 || all[0] > all[n-1] != quirk {
			t.Errorf("quirk %v: %d events from %d to %d", quirk, n, all[0], all[n-1])
		}
	}
}

// DeletedMessagesVanish applies to base messages too.
func TestDeletedMessagesVanish(t *testing.T) {
	for _, quirk := range []bool{false, true} {
		deleted := 0
		for row := range (&Server{Quirks: Quirks{DeletedMessagesVanish: quirk}}).Each("messages") {
			if !strings.Contains(string(row), `"deleted_datetime":null`) {
				deleted++
			}
		}
		if deleted == 0 != quirk {
			t.Errorf("quirk %v: %d deleted messages", quirk, deleted)
		}
	}
}
