package sandbox

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Each doubt, and the reading that is taken without it: what is asked after
// some changes, and the answer's status and what it says.
func TestQuirks(t *testing.T) {
	ticket, into := firstTicket+9, firstTicket+3
	m := func(s *Server) int64 { // a message of the ticket
		return ids(read(t, s, fmt.Sprint("/api/messages?order_by=created_datetime:asc&ticket_id=", ticket)))[0]
	}
	type reading struct {
		status      int
		says, hides string // parts of the body
	}
	ok := reading{status: 200}
	for _, test := range []struct {
		name          string
		doubts        Quirks
		change        func(s *Server)
		path          func(s *Server) string
		likely, doubt reading
	}{
		{"types", Quirks{EventTypesRejected: true}, nil,
			func(*Server) string { return "/api/events?types=ticket-deleted" }, ok, reading{400, `"types"`, ""}},
		{"ticket_ids", Quirks{TicketIDsRejected: true}, nil,
			func(*Server) string { return fmt.Sprint("/api/tickets?ticket_ids=", ticket) }, ok, reading{400, `"ticket_ids"`, ""}},
		{"cursors", Quirks{PageTokenLifetime: time.Minute}, nil, func(s *Server) string {
			cursor := url.QueryEscape(*read(t, s, "/api/messages?limit=5").Meta.Next)
			time.Sleep(time.Minute)
			read(t, s, "/api/messages?limit=5&cursor="+cursor) // a young one
			time.Sleep(time.Minute)
			return "/api/messages?limit=5&cursor=" + cursor
		}, ok, reading{400, "Invalid cursor.", ""}},
		{"events kept", Quirks{EventRetention: 100 * 24 * time.Hour}, nil,
			func(s *Server) string {
				return "/api/events?created_datetime[lt]=" + time.Now().AddDate(0, 0, -101).UTC().Format(time.RFC3339)
			}, reading{200, `"id"`, ""}, reading{200, "", `"id"`}},
		{"events kept, the young ones", Quirks{EventRetention: 100 * 24 * time.Hour}, nil,
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
			for range 8 { // of which some would name it
				s.EditMessage(m(s))
			}
		}, func(s *Server) string { return "/api/events?types=ticket-message-updated&limit=8" },
			reading{200, fmt.Sprintf(`{"ticket_id":%d}`, ticket), ""}, reading{200, "", "ticket_id"}},
		{"merge", Quirks{MergeEventsOnAbsorbed: true}, func(s *Server) { s.MergeTickets(ticket, into) },
			func(*Server) string { return "/api/events?types=ticket-merged&limit=1" },
			reading{200, fmt.Sprintf(`"data":{"source_ticket_id":%d},"object_id":%d`, ticket, into), ""},
			reading{200, fmt.Sprintf(`"data":{"survivor":{"ticket":%d}},"object_id":%d`, into, ticket), ""}},
		{"merge of customers", Quirks{MergeEventsOnAbsorbed: true}, func(s *Server) { s.MergeCustomers(firstCustomer, firstCustomer+3) },
			func(*Server) string { return "/api/events?types=customer-merged&limit=1" },
			reading{200, fmt.Sprintf(`"data":{"source_customer_id":%d},"object_id":%d`, firstCustomer, firstCustomer+3), ""},
			reading{200, fmt.Sprintf(`"data":{"survivor":{"customer":%d}},"object_id":%d`, firstCustomer+3, firstCustomer), ""}},
		{"merged", Quirks{MergedNotFound: true}, func(s *Server) { s.MergeTickets(ticket, into) },
			func(*Server) string { return fmt.Sprint("/api/tickets/", ticket) }, reading{status: 301}, reading{404, "", ""}},
		{"message of what was merged", Quirks{MergedNotFound: true}, nil, func(s *Server) string {
			id := m(s)
			s.MergeTickets(ticket, into)
			return fmt.Sprintf("/api/tickets/%d/messages/%d", ticket, id)
		}, reading{status: 301}, reading{404, "", ""}},
	} {
		for _, doubtful := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s, want := unlimited(&Server{Seed: 3}), test.likely
				if doubtful {
					s.Quirks, want = test.doubts, test.doubt
				}
				updated := func() timestamp {
					_, a := opened(s)
					row, _ := a.tickets.get(ticket)
					return row.updated
				}
				before := updated()
				if test.change != nil {
					test.change(s)
				}
				if test.path == nil {
					if moved := updated() != before; moved != doubtful {
						t.Errorf("%s: in doubt %v: updated_datetime moved: %v", test.name, doubtful, moved)
					}
					return
				}
				w := get(s, test.path(s))
				body := w.Body.String()
				if w.Code != want.status || !strings.Contains(body, want.says) || want.hides != "" && strings.Contains(body, want.hides) {
					t.Errorf("%s: in doubt %v: %d %.600s", test.name, doubtful, w.Code, body)
				}
			})
		}
	}
}

// With nameless messages no event of the ticket shares the context of one of
// its messages; without, each does.
func TestDoubtsOfContexts(t *testing.T) {
	for _, doubtful := range []bool{false, true} {
		s, a := opened(unlimited(&Server{Quirks: Quirks{MessageEventsWithoutTicket: doubtful}}))
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
		if want := pickIf(doubtful, 0, messages); messages == 0 || shared != want {
			t.Errorf("in doubt %v: %d of %d messages share a context with their ticket", doubtful, shared, messages)
		}
	}
}

// Events come newest first although they are asked for oldest first, over the
// pages too.
func TestDoubtsOfTheOrderOfEvents(t *testing.T) {
	for _, doubtful := range []bool{false, true} {
		s := unlimited(&Server{Quirks: Quirks{EventsNewestFirst: doubtful}})
		var all []int64
		for next := ""; ; {
			l := read(t, s, "/api/events?limit=100&order_by=created_datetime:asc"+next)
			if all = append(all, ids(l)...); l.Meta.Next == nil {
				break
			}
			next = "&cursor=" + url.QueryEscape(*l.Meta.Next)
		}
		if n := len(all); n < 1000 || all[0] > all[n-1] != doubtful {
			t.Errorf("in doubt %v: %d events from %d to %d", doubtful, n, all[0], all[n-1])
		}
	}
}

// Messages that were deleted before the account's first use are gone too.
func TestDoubtsOfOldMessages(t *testing.T) {
	for _, doubtful := range []bool{false, true} {
		deleted := 0
		for row := range (&Server{Quirks: Quirks{DeletedMessagesVanish: doubtful}}).Each("messages") {
			if !strings.Contains(string(row), `"deleted_datetime":null`) {
				deleted++
			}
		}
		if deleted == 0 != doubtful {
			t.Errorf("in doubt %v: %d deleted messages", doubtful, deleted)
		}
	}
}
