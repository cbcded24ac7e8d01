package scenarios

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/sandbox"
)

var full = flag.Bool("full", false, "play every mode, and more performances of loops")

// A scenario is one history of an account. README.md lists them.
type scenario struct {
	name                string
	clockOffset         time.Duration // of the account's clock
	visibilityLag       time.Duration // until changes are visible
	quirks              sandbox.Quirks
	config              string                                // further settings, each after a comma
	more                []string                              // further streams
	rewrite             func(path string, body []byte) []byte // how the network spells what the account answers; nil = as it is
	rewriteKeepsMeaning bool                                  // the spelling does not change what is meant
	noFirstSync         bool                                  // nothing has been read before it is played
	loop                bool                                  // it is played for each n until there is nothing left to meet
	play                func(s *runner)                       // what happens before the last sync
}

// TestScenarios plays each scenario in both protocols, each with the account's
// events read for the feed alone, selected as a stream too, and forbidden. In
// the end the destination holds what the account holds, but for the losses the
// scenario declares; and a further sync of the account at rest writes nothing.
// Of a loop, each protocol plays each performance, with the events in turn as
// above. Without -full, half of these are left out, and of the six modes every other.
func TestScenarios(t *testing.T) {
	step := 3
	if !*full {
		step = 6
	}
	failfast := flag.Lookup("test.failfast").Value.String() == "true"
	var failed atomic.Bool
	for _, c := range slices.Concat(accountScenarios(), networkScenarios(), quirkScenarios()) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if failfast && failed.Load() { // go test does not stop parallel tests
				t.Skip("another scenario has failed")
			}
			defer func() {
				if t.Failed() {
					failed.Store(true)
				}
			}()
			for i, m := range modes {
				if !*full && i%2 == 1 {
					continue
				}
				for n, more := i%3, true; more && !t.Failed(); n += step {
					synctest.Test(t, func(t *testing.T) { more = c.run(t, m, n, n/step+i) })
				}
			}
		})
	}
}

// life is what happens in an account.
func accountScenarios() []scenario {
	return []scenario{{
		name: "rows become visible late",
		play: func(s *runner) {
			at := s.now()
			s.box.AddTicket(at, at, at.Add(8*time.Minute))
			s.wait(time.Minute)
			s.ticket(0) // which the watermark passes
			s.sync()
			s.wait(8 * time.Minute)
		},
	}, {
		name: "events become visible late", visibilityLag: 9 * time.Minute,
		play: func(s *runner) {
			s.edit(s.oldMessages...)
			s.wait(time.Minute)
			s.sync()
			s.wait(20 * time.Minute)
		},
	}, {
		name: "instants are shared across the edges of pages", config: `,"overlap":0`,
		play: func(s *runner) {
			at := s.now()
			for _, more := range []int{1, 8} { // the latter later, and of the watermark's very instant
				for range more {
					s.box.AddTicket(at, at, at)
				}
				s.sync()
			}
		},
	}, {
		name: "a young survey is sent and scored",
		play: func(s *runner) {
			survey := s.box.ScheduleSurvey(s.newTickets[0]) // to be sent in a day
			s.wait(time.Hour)
			s.box.ScheduleSurvey(s.oldTickets[0])
			s.sync()
			s.wait(26 * time.Hour)
			s.box.SendSurvey(survey)
			s.sync() // and a look at the window
			s.wait(time.Hour)
			s.answerSurvey(survey)
			s.sync()
			s.compareNow()
			s.wait(day)
		},
	}, {
		name: "old surveys are scored",
		play: func(s *runner) { s.answerSurvey(s.surveys[2]); s.answerSurvey(s.surveys[3]) },
	}, {
		name: "young messages are edited, fail, are opened, are deleted",
		play: func(s *runner) {
			s.edit(s.newMessages[0])
			s.box.FailMessage(s.newMessages[1])
			s.lostWithoutEvents("stale", "ticket_messages", s.newMessages[1])
			s.box.DeleteMessage(s.newMessages[2])
			s.lostWithoutEvents("stale", "ticket_messages", s.newMessages[2])
			s.box.OpenMessage(s.newMessages[3])
			s.lost("stale", "ticket_messages", s.newMessages[3]) // until the next look at the window
			s.wait(2 * time.Hour)
			s.sync()
			s.compareNow()
			s.wait(day)
		},
	}, {
		name: "old messages are edited, fail, are opened, are deleted",
		play: func(s *runner) {
			s.edit(s.oldMessages[0])
			s.box.FailMessage(s.oldMessages[1])
			s.lostWithoutEvents("stale", "ticket_messages", s.oldMessages[1])
			s.box.DeleteMessage(s.oldMessages[2])
			s.lostWithoutEvents("stale", "ticket_messages", s.oldMessages[2])
			s.box.OpenMessage(s.oldMessages[3])
			s.wait(day)
		},
	}, {
		name: "a ticket is imported, dated years back",
		play: (*runner).importTicket,
	}, {
		name: "a message is imported into an old ticket, dated years back",
		play: func(s *runner) {
			if id := s.box.ImportMessage(s.oldTickets[0], s.now().Add(-900*day)); s.eventsForbidden {
				s.lostMessages("missing", id)
			}
		},
	}, {
		name: "a ticket is dated in the future",
		play: func(s *runner) {
			s.box.AddTicket(s.now().Add(10*day), s.now().Add(10*day), s.now())
			s.sync()
			s.wait(time.Hour)
			s.box.EditTicketSubject(s.oldTickets[0])
		},
	}, {
		name: "many old tickets are updated",
		play: func(s *runner) {
			for i, t := range s.ids("tickets", "") {
				if s.wait(time.Minute); i%2 == 0 {
					s.box.AddMessage(t)
				} else {
					s.box.CloseTicket(t, true)
				}
			}
			s.wait(time.Hour)
		},
	}, {
		name: "a ticket is updated while it is walked over", loop: true, noFirstSync: true, config: `,"overlap":0`,
		play: func(s *runner) {
			seen := 0
			s.fault = func(r *http.Request) *sandbox.Fault {
				if r.URL.Path != "/api/tickets" {
					return nil
				}
				if seen++; seen-1 == s.n {
					s.reached = s.box.EditTicketSubject(s.oldTickets[0])
				}
				return &sandbox.Fault{Delay: 2 * time.Second}
			}
			s.pageSize = 3
			s.sync()
			s.fault = nil
		},
	}, {
		name: "a walk is long, and meanwhile a ticket is updated", noFirstSync: true,
		play: func(s *runner) {
			old, _ := s.ticket(900 * day)
			for range 24 {
				s.ticket(100 * day)
			}
			s.wait(time.Hour)
			touch := when("cursor=", func() { s.box.EditTicketSubject(old) })
			s.fault = func(r *http.Request) *sandbox.Fault {
				if r.URL.Path != "/api/tickets" {
					return nil
				}
				touch(r)
				return &sandbox.Fault{Delay: 55 * time.Second}
			}
			s.pageSize = 1
			s.sync()
			s.fault, s.pageSize = nil, 5
			s.compareNow()
		},
	}, {
		name: "settings change: roles, teams, tags, rules, views …",
		more: []string{"users", "teams", "tags", "macros", "rules", "views", "view_items", "custom_fields", "integrations", "widgets"},
		play: func(s *runner) {
			for _, path := range []string{"users", "teams", "tags", "macros", "rules", "views", "custom-fields", "integrations", "widgets"} {
				all := s.ids(path, "")
				s.box.Edit(path, all[0])
				s.box.Deactivate(path, all[1])
				if s.box.Add(path); path != "views" {
					s.box.Delete(path, all[len(all)-1])
				}
			}
			s.box.MergeTags(s.tags[1], s.tags[2])
		},
	}, {
		name: "jobs run, calls go on, recordings are deleted", noFirstSync: true,
		more: []string{"jobs", "voice_calls", "voice_call_events", "voice_call_recordings"},
		play: func(s *runner) {
			job, call := s.box.Add("jobs"), s.box.AddCall(0)
			s.wait(time.Hour)
			s.box.Add("jobs") // and later ones
			s.box.AddCall(0)
			s.sync()
			s.box.Deactivate("jobs", job)
			s.box.Edit("phone/voice-calls", call)
			s.box.Deactivate("phone/voice-call-recordings", s.ids("phone/voice-call-recordings", fmt.Sprintf(`"call_id":%d`, call))[0])
			s.wait(25 * time.Hour)
		},
	}, {
		name: "tickets, customers and tags are deleted", more: []string{"tags"},
		play: func(s *runner) {
			s.delete(s.oldTickets[5]) // with its tag
			s.delete(s.newTickets[1])
			s.box.DeleteCustomer(s.customers[0])
			s.lostWithoutEvents("ghost", "customers", s.customers[0])
			s.box.Delete("tags", s.tags[1])
		},
	}, {
		name: "tickets, customers and tags are merged", more: []string{"tags"},
		play: func(s *runner) { s.merge(0, 1); s.mergeCustomers(); s.box.MergeTags(s.tags[1], s.tags[2]) },
	}, {
		name: "what was merged is merged on",
		play: func(s *runner) {
			s.merge(0, 1)
			s.merge(1, 2) // before anybody has heard of the first
			s.sync()
			s.wait(time.Hour)
			s.merge(2, 3)
		},
	}, {
		name: "a deleted message goes with its ticket",
		play: func(s *runner) {
			s.box.DeleteMessage(s.oldMessages[0])
			s.merge(0, 1)
			s.box.DeleteMessage(s.oldMessages[4])
			s.lostWithoutEvents("stale", "ticket_messages", s.oldMessages[4])
			s.fault = when("ticket_id=", func() { s.merge(2, 3) }) // as its thread is read
			s.sync()
			if s.fault = nil; !s.eventsForbidden {
				s.contains("ticket_messages", s.oldMessages[4], `"deleted_datetime":"2`)
			}
		},
	}, {
		name: "a tag is taken off, and put on again",
		play: func(s *runner) {
			s.untag()
			s.box.ToggleTicketTag(s.oldTickets[0], s.tags[0])
			s.box.ToggleTicketTag(s.oldTickets[0], s.tags[0]) // nothing has happened
			s.sync()
			s.compareNow()
			s.box.ToggleTicketTag(s.oldTickets[5], s.tags[0])
		},
	}, {
		name: "a tag is put on again while it is told that it is off",
		play: func(s *runner) {
			s.untag()
			s.fault = when("ticket_ids=", func() { s.box.ToggleTicketTag(s.oldTickets[5], s.tags[0]) })
			s.sync()
			s.fault = nil
			s.compareIfFeedAlone()
		},
	}, {
		name: "field values, the trash and spam change, and no date",
		play: func(s *runner) {
			s.box.TrashTicket(s.newTickets[0], true)
			s.box.EditTicketSubject(s.newTickets[0])
			s.sync()
			s.wait(time.Hour)
			s.box.EditTicketSubject(s.newTickets[1]) // which the watermark passes
			s.sync()
			s.setCustomField(s.oldTickets[0])
			s.box.TrashTicket(s.oldTickets[1], true)
			s.box.MarkTicketSpam(s.oldTickets[2], true)
			s.box.TrashTicket(s.newTickets[0], false)
			for _, t := range []int64{s.oldTickets[1], s.oldTickets[2], s.newTickets[0]} {
				s.lostWithoutEvents("stale", "tickets", t)
			}
		},
	}, {
		name: "what is read again has vanished meanwhile",
		play: func(s *runner) {
			s.tag(s.oldTickets[0])
			s.edit(s.oldMessages[2])
			s.mergeCustomers()
			gone, gone2 := when("ticket_ids=", func() { s.box.DeleteTicket(s.oldTickets[0]) }), when("ticket_id=", func() { s.box.DeleteTicket(s.oldTickets[1]) })
			s.fault = func(r *http.Request) *sandbox.Fault { gone(r); return gone2(r) }
			s.sync()
			s.compareIfFeedAlone()
			s.fault = nil
		},
	}, {
		name: "deletions are ignored", config: `,"deletes":"ignore"`,
		play: func(s *runner) {
			s.changeUnlisted()
			for _, t := range []int64{s.oldTickets[2], s.oldTickets[3]} {
				s.lost("ghost", "tickets", t)
			}
			s.lost("ghost", "ticket_tags", s.oldTickets[5], s.tags[0])
			s.lost("ghost", "customers", s.customers[0])
			if s.sync(); s.tombstones > 0 {
				s.Errorf("%d tombstones", s.tombstones)
			}
		},
	}, {
		name: "the machine's clock is a day behind", clockOffset: 26 * time.Hour, play: everyChangeWithClockOffset,
	}, {
		name: "the machine's clock is a day ahead", clockOffset: -26 * time.Hour, play: everyChangeWithClockOffset,
	}}
}

// skewed is life under a clock that is wrong.
func everyChangeWithClockOffset(s *runner) {
	s.box.AddTicket(s.now().Add(50*time.Hour), s.now().Add(50*time.Hour), s.now())
	for range 3 {
		t, m := s.ticket(0)
		s.wait(10 * time.Hour)
		s.sync()
		s.box.EditTicketSubject(t)
		s.box.DeleteMessage(m[0])
		s.wait(15 * time.Hour) // then a look at the window
		s.sync()
	}
	s.changeUnlisted()
}

var (
	unread   = regexp.MustCompile(`"messages_count":(\d+)`)
	datetime = regexp.MustCompile(`("\w+_datetime":")(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?\+00:00"`)
)

// network is what happens on the way.
func networkScenarios() []scenario {
	return []scenario{{
		name: "a page is cut, or is none, with status 200", loop: true, noFirstSync: true, more: []string{"tags"},
		play: func(s *runner) {
			seen := 0
			s.fault = func(r *http.Request) *sandbox.Fault {
				if seen++; seen-1 != s.n {
					return nil
				}
				s.reached = true
				switch {
				case s.variant%4 == 0:
					return &sandbox.Fault{Truncate: 1 + 977*s.n%5000}
				case s.variant%4 == 1:
					return &sandbox.Fault{Disconnect: true}
				case s.variant%4 == 2:
					return &sandbox.Fault{Status: 200, Body: "<html>maintenance</html>"}
				}
				return &sandbox.Fault{Status: 200, Body: `{"data":[],"object":"list"}`}
			}
			s.sync()
			s.changeUnlisted()
			s.changeListed()
		},
	}, {
		name: "a record that is asked for by its id is another",
		play: func(s *runner) {
			asked := false
			s.answerSurvey(s.surveys[3])
			s.fault = func(r *http.Request) *sandbox.Fault {
				if asked || !strings.HasPrefix(r.URL.Path, "/api/satisfaction-surveys/") {
					return nil
				}
				asked = true
				return &sandbox.Fault{Status: 200, Body: `{"data":[],"object":"list"}`}
			}
		},
	}, {
		name: "killed anywhere in the first sync", loop: true, noFirstSync: true, more: []string{"tags"},
		play: func(s *runner) {
			s.kill(s.n)
			if s.changeListed(); !s.eventsForbidden { // else what is lost depends on where it was killed
				s.changeUnlisted()
			}
			s.wait(time.Hour)
		},
	}, {
		name: "killed anywhere in the second sync", loop: true,
		play: func(s *runner) {
			s.changeUnlisted()
			s.changeListed()
			s.wait(time.Hour)
			s.kill(s.n)
			s.wait(time.Hour)
			s.changeListed()
		},
	}, {
		name: "429 with Retry-After", noFirstSync: true,
		play: func(s *runner) {
			var until time.Time
			n := 0
			s.fault = func(*http.Request) *sandbox.Fault {
				if time.Now().Before(until) {
					s.Errorf("asked again %v before it may", time.Until(until))
				}
				if n++; n%9 != 0 {
					return nil
				}
				until = time.Now().Add(90 * time.Second)
				return &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"90"}}}
			}
			s.sequential = true // so that no requests cross
		},
	}, {
		name: "429 without Retry-After, 5xx that pass", noFirstSync: true, more: []string{"tags", "views", "view_items"},
		play: func(s *runner) {
			n := 0
			s.fault = func(*http.Request) *sandbox.Fault {
				if n++; n%3 == 0 {
					return &sandbox.Fault{Status: []int{429, 502, 503, 500, 504}[n/3%5]}
				}
				return nil
			}
			s.sync()
			s.changeListed()
		},
	}, {
		name: "5xx longer than it is asked again",
		play: func(s *runner) {
			s.changeListed()
			s.fault = on("messages", sandbox.Fault{Status: 502})
			s.wait(day)
			s.sync("ticket_messages", "ticket_message_attachments")
			s.fault = nil
		},
	}, {
		name: "403 for one stream", noFirstSync: true,
		play: func(s *runner) {
			s.fault = on("satisfaction-surveys", sandbox.Fault{Status: 403})
			s.sync("satisfaction_surveys")
			s.changeListed()
			s.sync("satisfaction_surveys")
			s.fault = nil
		},
	}, {
		name: "empty pages with a token", noFirstSync: true, more: []string{"tags"},
		play: func(s *runner) {
			s.fault = func(r *http.Request) *sandbox.Fault {
				// The same token, spelled otherwise: a JSON array takes a blank.
				token, _ := base64.StdEncoding.DecodeString(r.URL.Query().Get("cursor"))
				if len(token) == 0 || token[1] == ' ' {
					return nil
				}
				other := base64.StdEncoding.EncodeToString(append([]byte("[ "), token[1:]...))
				return &sandbox.Fault{Status: 200, Body: fmt.Sprintf(`{"data":[],"object":"list","meta":{"prev_cursor":null,"next_cursor":%q}}`, other)}
			}
			s.sync()
			s.changeListed()
		},
	}, {
		name: "lists come oldest first, though asked for newest first",
		play: func(s *runner) {
			s.fault = func(r *http.Request) *sandbox.Fault {
				r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "datetime%3Adesc", "datetime%3Aasc", 1)
				return nil
			}
			s.changeListed()
		},
	}, {
		name: "a token that repeats",
		play: func(s *runner) {
			s.changeListed()
			for _, circle := range []int{1, 3} {
				n := 0
				s.fault = func(r *http.Request) *sandbox.Fault {
					if r.URL.Path != "/api/tickets" || r.URL.Query().Has("ticket_ids") {
						return nil
					}
					if n++; n > 300 {
						s.Errorf("went round in a circle")
						return &sandbox.Fault{Status: 403}
					}
					return &sandbox.Fault{Status: 200, Body: fmt.Sprintf(`{"data":[],"object":"list","meta":{"prev_cursor":null,"next_cursor":"%d"}}`, n%circle)}
				}
				s.sync("tickets", "ticket_tags", "ticket_custom_field_values")
			}
			s.fault = nil
		},
	}, {
		name: "instants in every spelling", noFirstSync: true, rewriteKeepsMeaning: true,
		rewrite: func(path string, body []byte) []byte {
			return datetime.ReplaceAllFunc(body, func(at []byte) []byte {
				m := datetime.FindSubmatch(at)
				spelling := []string{"T%s%s\"", " %s%s\"", "T%s%sZ\"", "T%s%s+0000\"", "T%s%s+00:00\""}[m[3][7]%5]
				return fmt.Appendf(nil, "%s%s"+spelling, m[1], m[2], m[3], bytes.TrimRight(m[4], "0"))
			})
		},
		play: func(s *runner) { s.sync(); s.changeUnlisted(); s.changeListed() },
	}, {
		name: "new fields, and other types of known ones",
		rewrite: func(path string, body []byte) []byte {
			if strings.HasPrefix(path, "tickets") {
				body = bytes.ReplaceAll(body, []byte(`"is_unread":true`), []byte(`"is_unread":"unread"`))
				body = unread.ReplaceAll(body, []byte(`"sentiment":{"score":1e1,"of":["a"]},"messages_count":"$1"`))
			}
			return body
		},
		play: func(s *runner) {
			s.box.EditTicketSubject(s.oldTickets[0])
			s.sync()
			s.contains("tickets", s.oldTickets[0], `"unrecognized_fields":{"sentiment":{"score":1e1,"of":["a"]}}`, `"messages_count":2,`, `"is_unread":null,`)
			if s.reported["tickets: is_unread"] == 0 || s.reported["tickets: messages_count"] != 0 {
				s.Errorf("reported as lost: %v", s.reported)
			}
		},
	}, {
		name: "customers with several shops",
		rewrite: func(path string, body []byte) []byte {
			if !strings.HasPrefix(path, "customers") {
				return body
			}
			return bytes.ReplaceAll(body, []byte(`"active":`), []byte(`"integrations":{"71":{"__integration_type__":"shopify","orders":[{"id":9007199254740995}]},"72":{"__integration_type__":"recharge"}},`+
				`"ecommerce_data":{"store-1":{"shopper":{"id":"x"}},"store-2":{"shopper":null}},"active":`))
		},
		play: func(s *runner) {
			s.box.EditCustomer(s.customers[0])
			s.sync()
			s.contains("customers", s.customers[0], `"72":{"__integration_type__":"recharge"}`, `"orders":[{"id":9007199254740995}]`, `"store-2":{"shopper":null}`)
		},
	}}
}

// doubts are the other readings of what nobody knows of Gorgias.
func quirkScenarios() []scenario {
	all := func(s *runner) { s.changeUnlisted(); s.changeListed() }
	return []scenario{{
		name: "in doubt: events cannot be asked for by type", quirks: sandbox.Quirks{EventTypesRejected: true}, play: all,
	}, {
		name: "in doubt: events come newest first", quirks: sandbox.Quirks{EventsNewestFirst: true},
		play: func(s *runner) {
			s.wait(3 * day) // and the account is not said to have forgotten any
			all(s)
		},
	}, {
		name: "in doubt: what was merged is not found", quirks: sandbox.Quirks{MergedNotFound: true}, play: all,
	}, {
		name: "in doubt: merges are told at what was absorbed", quirks: sandbox.Quirks{MergeEventsOnAbsorbed: true},
		play: func(s *runner) { s.merge(0, 1); s.mergeCustomers() },
	}, {
		name: "in doubt: tickets cannot be asked for by id", quirks: sandbox.Quirks{TicketIDsRejected: true},
		play: func(s *runner) {
			s.tag(s.oldTickets[0])
			s.lost("stale", "tickets", s.oldTickets[0])
			s.lost("missing", "ticket_tags", s.oldTickets[0], s.tags[0])
			s.delete(s.oldTickets[1])
			s.edit(s.oldMessages[4])
			s.wait(time.Hour)
			// From now on: what was not processed is read again by each sync.
			s.expectWarnings("the records of tickets that events name cannot be re-fetched (GET /api/tickets: 400 Bad Request: Bad request. ticket_ids: Unknown field.): changes of old records are not captured")
		},
	}, {
		name: "in doubt: tags, field values, the trash and spam date a ticket anew", quirks: sandbox.Quirks{TagsMoveUpdated: true},
		play: func(s *runner) {
			s.box.ToggleTicketTag(s.oldTickets[5], s.tags[0])
			for i, mark := range []func(int64) bool{s.box.EditTicketField,
				func(t int64) bool { return s.box.ToggleTicketTag(t, s.tags[1]) },
				func(t int64) bool { return s.box.TrashTicket(t, true) },
				func(t int64) bool { return s.box.MarkTicketSpam(t, true) },
			} {
				mark(s.oldTickets[i])
			}
		},
	}, {
		name: "in doubt: deleted messages are gone", quirks: sandbox.Quirks{DeletedMessagesVanish: true},
		play: func(s *runner) {
			for _, id := range []int64{s.oldMessages[0], s.newMessages[0]} {
				s.box.DeleteMessage(id)
				s.lostWithoutEvents("ghost", "ticket_messages", id)
			}
			s.wait(25 * time.Hour)
		},
	}, {
		name: "in doubt: events are kept for ten days", quirks: sandbox.Quirks{EventRetention: 10 * day},
		play: func(s *runner) {
			s.edit(s.oldMessages[0])
			s.lost("stale", "ticket_messages", s.oldMessages[0])
			s.wait(20 * day)
			s.edit(s.oldMessages[1])
			s.expectWarnings("the account's events reach back to 2000-01-21 01:00:00 only: deletions and changes of old records between 2000-01-01 00:50:00 and then are not captured. Run a full refresh to capture the changes")
			s.sync()
			s.expectWarnings()
		},
	}, {
		name: "in doubt: events of messages do not name their tickets", quirks: sandbox.Quirks{MessageEventsWithoutTicket: true},
		play: func(s *runner) {
			s.edit(s.oldMessages[0])
			s.lost("stale", "ticket_messages", s.oldMessages[0])
			s.box.DeleteMessage(s.oldMessages[1]) // which has a tombstone then, rather than a date
			s.lost(map[bool]string{true: "stale", false: "missing"}[s.eventsForbidden], "ticket_messages", s.oldMessages[1])
			s.box.EditMessage(s.newMessages[0])
			imported, with := s.ticket(900 * day)
			s.lostWithoutEvents("missing", "tickets", imported)
			s.lostMessages("missing", with...)
			s.wait(25 * time.Hour)
			s.expectWarnings("3 changed messages could not be re-fetched: their events name no ticket. Run a full refresh of ticket_messages")
			s.sync()
			s.expectWarnings()
		},
	}, {
		name: "in doubt: page tokens expire", noFirstSync: true, quirks: sandbox.Quirks{PageTokenLifetime: 2 * time.Minute},
		play: func(s *runner) {
			n, until := 0, time.Time{}
			s.fault = func(r *http.Request) *sandbox.Fault {
				if n++; n == 9 {
					until = time.Now().Add(3 * time.Minute)
				}
				if time.Now().Before(until) {
					return &sandbox.Fault{Status: 502}
				}
				return nil
			}
			s.sync()
			s.compareNow()
			s.resetDestination()
			s.kill(12)
			s.wait(time.Hour)
			s.changeListed()
		},
	}}
}
