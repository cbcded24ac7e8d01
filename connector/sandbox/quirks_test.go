package sandbox

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
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
		{"values", Quirks{FieldValuesMoveUpdated: true}, func(s *Server) { s.EditTicketField(ticket) }, nil, ok, ok},
		{"removed values", Quirks{FieldValuesMoveUpdated: true}, func(s *Server) { s.RemoveTicketField(ticket) }, nil, ok, ok},
		{"values of customers", Quirks{FieldValuesMoveUpdated: true}, func(s *Server) { s.EditCustomerField(firstCustomer + 3) }, nil, ok, ok},
		{"removed values of customers", Quirks{FieldValuesMoveUpdated: true}, func(s *Server) { s.RemoveCustomerField(firstCustomer + 3) }, nil, ok, ok},
		{"the customer that remains", Quirks{MergesMoveCustomer: true}, func(s *Server) { s.MergeCustomers(firstCustomer, firstCustomer+3) }, nil, ok, ok},
		{"the survey of a deleted ticket", Quirks{DeletedTicketsTakeSurveys: true}, nil, func(s *Server) string {
			s.ScheduleSurvey(ticket)
			s.DeleteTicket(ticket)
			return fmt.Sprint("/api/satisfaction-surveys?ticket_id=", ticket)
		}, reading{200, fmt.Sprintf(`"ticket_id":%d,"uri":`, ticket), ""}, reading{200, "", `"uri":"/api/satisfaction-surveys/7`}},
		{"merge of tags", Quirks{TagMergesNameSurvivor: true}, func(s *Server) { s.MergeTags(firstTag, firstTag+1) },
			func(*Server) string { return "/api/events?types=tag-merged&types=tag-deleted&limit=2" },
			reading{200, fmt.Sprint(`"data":null,"object_id":`, firstTag), `"type":"tag-deleted"`}, reading{200, fmt.Sprintf(`"data":{"source_tag_id":%d},"object_id":%d`, firstTag, firstTag+1), ""}},
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
				updated := func() [2]timestamp {
					_, a := withAccount(s)
					row, _ := a.tickets.get(ticket)
					customer, _ := a.customers.get(firstCustomer + 3)
					return [2]timestamp{row.updated, customer.updated}
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

// TestEventsOfOneChange checks the events that a change raises, the latest last:
// the type of each and, after a bar, which of the contexts of the change it has.
func TestEventsOfOneChange(t *testing.T) {
	newTicket := func(s *Server) { s.AddTicket(time.Time{}, time.Time{}, time.Time{}) }
	edit := func(s *Server) { s.EditMessage(firstMessage) }
	merge := func(s *Server) { s.MergeCustomers(firstCustomer, firstCustomer+6) }
	for _, test := range []struct {
		name   string
		quirks Quirks
		change func(s *Server)
		want   string
	}{
		{"a new ticket", Quirks{}, newTicket, "ticket-created|0 ticket-message-created|0 ticket-updated|0 ticket-message-created|0 ticket-updated|0"},
		{"a new ticket", Quirks{TicketCreatedAlone: true}, newTicket, "ticket-created|0 ticket-message-created|0 ticket-message-created|0"},
		{"a new ticket", Quirks{MessageEventsAlone: true}, newTicket, "ticket-created|0 ticket-message-created|0 ticket-updated|0 ticket-message-created|0 ticket-updated|0"},
		{"an edited message", Quirks{}, edit, "ticket-message-updated|0 ticket-updated|0"},
		{"an edited message", Quirks{MessageEventsWithoutTicket: true}, edit, "ticket-message-updated|0 ticket-updated|1"},
		{"an edited message", Quirks{MessageEventsAlone: true}, edit, "ticket-message-updated|0"},
		{"customers are merged", Quirks{}, merge, "customer-deleted|0 customer-merged|1"},
		{"customers are merged", Quirks{CustomerMergesInOneContext: true}, merge, "customer-merged|0 customer-deleted|0"},
		{"a value", Quirks{}, func(s *Server) { s.EditTicketField(firstTicket) }, "ticket-updated|0"},
		{"a value of a customer", Quirks{}, func(s *Server) { s.EditCustomerField(firstCustomer) }, "customer-updated|0"},
	} {
		s, a := withAccount(unlimited(&Server{Quirks: test.quirks, Size: Size{Tickets: 3, Messages: 6, Customers: 9, CustomFields: 6}}))
		before := a.events.maxID
		test.change(s)
		var got []string
		contexts := map[uint64]int{}
		for _, id := range slices.Sorted(maps.Keys(a.events.listed)) {
			if e := a.events.listed[id].row; id > before && !strings.HasPrefix(e.eventType, "ticket-customer-") {
				if _, known := contexts[e.contextID]; !known {
					contexts[e.contextID] = len(contexts)
				}
				got = append(got, fmt.Sprint(e.eventType, "|", contexts[e.contextID]))
			}
		}
		if text := strings.Join(got, " "); text != test.want {
			t.Errorf("%s, %+v:\n got %s\nwant %s", test.name, test.quirks, text, test.want)
		}
	}
}

// TestSilentChanges checks that silent changes raise no event and move no date:
// by a method, and at random with the quirk. A deleted message leaves its ticket
// with a message less and without an excerpt.
func TestSilentChanges(t *testing.T) {
	const ticket, customer = firstTicket, firstCustomer
	for name, change := range map[string]func(s *Server, quirk bool, message, survey int64){
		"a value": func(s *Server, quirk bool, _, _ int64) {
			pickIf(quirk, s.EditTicketField, s.EditTicketFieldSilently)(ticket)
		},
		"a removed value": func(s *Server, quirk bool, _, _ int64) {
			pickIf(quirk, s.RemoveTicketField, s.RemoveTicketFieldSilently)(ticket)
		},
		"a value of a customer": func(s *Server, quirk bool, _, _ int64) {
			pickIf(quirk, s.EditCustomerField, s.EditCustomerFieldSilently)(customer)
		},
		"a removed value of a customer": func(s *Server, quirk bool, _, _ int64) {
			pickIf(quirk, s.RemoveCustomerField, s.RemoveCustomerFieldSilently)(customer)
		},
		"a deleted message": func(s *Server, quirk bool, message, _ int64) {
			pickIf(quirk, s.DeleteMessage, s.DeleteMessageSilently)(message)
		},
		"a score": func(s *Server, quirk bool, _, survey int64) {
			pickIf(quirk, s.AnswerSurvey, s.AnswerSurveySilently)(survey, 5)
		},
	} {
		for _, quirk := range []bool{false, true} {
			s, a := withAccount(unlimited(&Server{Seed: 3, Quirks: Quirks{SilentChanges: quirk, FieldValuesMoveUpdated: true}}))
			s.EditTicketField(ticket) // unless the quirk is set, it has a value from now on
			s.EditCustomerField(customer)
			account := func() string {
				var all []byte
				for _, path := range []string{"tickets", "messages", "customers", "satisfaction-surveys"} {
					for row := range s.Each(path) {
						all = append(all, row...)
					}
				}
				return string(all)
			}
			survey := s.ScheduleSurvey(s.AddTicket(time.Time{}, time.Time{}, time.Time{}))
			message, events := a.threadMessages(ticket)[0], a.events.maxID
			before, wasTicket := account(), rowOf(a.tickets, ticket)
			wasCustomer := rowOf(a.customers, customer)
			change(s, quirk, message, survey)
			if account() == before {
				t.Errorf("%s, quirk %v: nothing changed", name, quirk)
			}
			isTicket := rowOf(a.tickets, ticket)
			if a.events.maxID != events || isTicket.updated != wasTicket.updated || rowOf(a.customers, customer).updated != wasCustomer.updated {
				t.Errorf("%s, quirk %v: the change shows", name, quirk)
			}
			_, there := a.messages.get(message)
			if gone := name == "a deleted message"; gone == there || gone != (isTicket.messages == wasTicket.messages-1) || gone != isTicket.excerptLost {
				t.Errorf("%s, quirk %v: %d messages, %d before, excerpt lost: %v", name, quirk, isTicket.messages, wasTicket.messages, isTicket.excerptLost)
			}
		}
	}
}

func rowOf[R row](t *table[R], id int64) R {
	r, _ := t.get(id)
	return r
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
