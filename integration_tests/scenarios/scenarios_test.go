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
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/sandbox"
)

var full = flag.Bool("full", false, "play every mode, and more performances of loops")

// A scenario is one history of an account. README.md lists them.
type scenario struct {
	name   string
	ahead  time.Duration // of the account's clock
	lag    time.Duration // until changes are visible
	doubts sandbox.Quirks
	config string                                // further settings, each after a comma
	more   []string                              // further streams
	spell  func(path string, body []byte) []byte // how the network spells what the account answers; nil = as it is
	same   bool                                  // the spelling does not change what is meant
	cold   bool                                  // nothing has been read before it is played
	loop   bool                                  // it is played for each n until there is nothing left to meet
	play   func(s *stage)                        // what happens before the last sync
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
	for _, c := range slices.Concat(life(), network(), doubts()) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for i, m := range modes {
				if !*full && i%2 == 1 {
					continue
				}
				for n, more := i%3, true; more && !t.Failed(); n += step {
					synctest.Test(t, func(t *testing.T) { more = c.perform(t, m, n, n/step+i) })
				}
			}
		})
	}
}

// life is what happens in an account.
func life() []scenario {
	return []scenario{{
		name: "rows become visible late",
		play: func(s *stage) {
			at := s.now()
			s.box.AddTicket(at, at, at.Add(8*time.Minute))
			s.pass(time.Minute)
			s.ticket(0) // which the watermark passes
			s.sync()
			s.pass(8 * time.Minute)
		},
	}, {
		name: "events become visible late", lag: 9 * time.Minute,
		play: func(s *stage) {
			s.edit(s.m...)
			s.pass(time.Minute)
			s.sync()
			s.pass(20 * time.Minute)
		},
	}, {
		name: "instants are shared across the edges of pages", config: `,"overlap":0`,
		play: func(s *stage) {
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
		play: func(s *stage) {
			survey := s.box.ScheduleSurvey(s.young[0]) // to be sent in a day
			s.pass(time.Hour)
			s.box.ScheduleSurvey(s.t[0])
			s.sync()
			s.pass(26 * time.Hour)
			s.box.SendSurvey(survey)
			s.sync() // and a look at the window
			s.pass(time.Hour)
			s.score(survey)
			s.sync()
			s.meanwhile()
			s.pass(day)
		},
	}, {
		name: "old surveys are scored",
		play: func(s *stage) { s.score(s.surveys[2]); s.score(s.surveys[3]) },
	}, {
		name: "young messages are edited, fail, are opened, are deleted",
		play: func(s *stage) {
			s.edit(s.fresh[0])
			s.box.FailMessage(s.fresh[1])
			s.unheard("stale", "ticket_messages", s.fresh[1])
			s.box.DeleteMessage(s.fresh[2])
			s.unheard("stale", "ticket_messages", s.fresh[2])
			s.box.OpenMessage(s.fresh[3])
			s.lost("stale", "ticket_messages", s.fresh[3]) // until the next look at the window
			s.pass(2 * time.Hour)
			s.sync()
			s.meanwhile()
			s.pass(day)
		},
	}, {
		name: "old messages are edited, fail, are opened, are deleted",
		play: func(s *stage) {
			s.edit(s.m[0])
			s.box.FailMessage(s.m[1])
			s.unheard("stale", "ticket_messages", s.m[1])
			s.box.DeleteMessage(s.m[2])
			s.unheard("stale", "ticket_messages", s.m[2])
			s.box.OpenMessage(s.m[3])
			s.pass(day)
		},
	}, {
		name: "a ticket is imported, dated years back",
		play: (*stage).imports,
	}, {
		name: "a message is imported into an old ticket, dated years back",
		play: func(s *stage) {
			if id := s.box.ImportMessage(s.t[0], s.now().Add(-900*day)); s.deaf {
				s.lostMessages("missing", id)
			}
		},
	}, {
		name: "a ticket is dated in the future",
		play: func(s *stage) {
			s.box.AddTicket(s.now().Add(10*day), s.now().Add(10*day), s.now())
			s.sync()
			s.pass(time.Hour)
			s.box.EditTicketSubject(s.t[0])
		},
	}, {
		name: "many old tickets are updated",
		play: func(s *stage) {
			for i, t := range s.ids("tickets", "") {
				if s.pass(time.Minute); i%2 == 0 {
					s.box.AddMessage(t)
				} else {
					s.box.CloseTicket(t, true)
				}
			}
			s.pass(time.Hour)
		},
	}, {
		name: "a ticket is updated while it is walked over", loop: true, cold: true, config: `,"overlap":0`,
		play: func(s *stage) {
			seen := 0
			s.fault = func(r *http.Request) *sandbox.Fault {
				if r.URL.Path != "/api/tickets" {
					return nil
				}
				if seen++; seen-1 == s.n {
					s.met = s.box.EditTicketSubject(s.t[0])
				}
				return &sandbox.Fault{Delay: 2 * time.Second}
			}
			s.page = 3
			s.sync()
			s.fault = nil
		},
	}, {
		name: "a walk is long, and meanwhile a ticket is updated", cold: true,
		play: func(s *stage) {
			old, _ := s.ticket(900 * day)
			for range 24 {
				s.ticket(100 * day)
			}
			s.pass(time.Hour)
			touch := when("cursor=", func() { s.box.EditTicketSubject(old) })
			s.fault = func(r *http.Request) *sandbox.Fault {
				if r.URL.Path != "/api/tickets" {
					return nil
				}
				touch(r)
				return &sandbox.Fault{Delay: 55 * time.Second}
			}
			s.page = 1
			s.sync()
			s.fault, s.page = nil, 5
			s.meanwhile()
		},
	}, {
		name: "settings change: roles, teams, tags, rules, views …",
		more: []string{"users", "teams", "tags", "macros", "rules", "views", "view_items", "custom_fields", "integrations", "widgets"},
		play: func(s *stage) {
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
		name: "jobs run, calls go on, recordings are deleted", cold: true,
		more: []string{"jobs", "voice_calls", "voice_call_events", "voice_call_recordings"},
		play: func(s *stage) {
			job, call := s.box.Add("jobs"), s.box.AddCall(0)
			s.pass(time.Hour)
			s.box.Add("jobs") // and later ones
			s.box.AddCall(0)
			s.sync()
			s.box.Deactivate("jobs", job)
			s.box.Edit("phone/voice-calls", call)
			s.box.Deactivate("phone/voice-call-recordings", s.ids("phone/voice-call-recordings", fmt.Sprintf(`"call_id":%d`, call))[0])
			s.pass(25 * time.Hour)
		},
	}, {
		name: "tickets, customers and tags are deleted", more: []string{"tags"},
		play: func(s *stage) {
			s.delete(s.t[5]) // with its tag
			s.delete(s.young[1])
			s.box.DeleteCustomer(s.customers[0])
			s.unheard("ghost", "customers", s.customers[0])
			s.box.Delete("tags", s.tags[1])
		},
	}, {
		name: "tickets, customers and tags are merged", more: []string{"tags"},
		play: func(s *stage) { s.merge(0, 1); s.mergeCustomers(); s.box.MergeTags(s.tags[1], s.tags[2]) },
	}, {
		name: "what was merged is merged on",
		play: func(s *stage) {
			s.merge(0, 1)
			s.merge(1, 2) // before anybody has heard of the first
			s.sync()
			s.pass(time.Hour)
			s.merge(2, 3)
		},
	}, {
		name: "a deleted message goes with its ticket",
		play: func(s *stage) {
			s.box.DeleteMessage(s.m[0])
			s.merge(0, 1)
			s.box.DeleteMessage(s.m[4])
			s.unheard("stale", "ticket_messages", s.m[4])
			s.fault = when("ticket_id=", func() { s.merge(2, 3) }) // as its thread is read
			s.sync()
			if s.fault = nil; !s.deaf {
				s.holds("ticket_messages", s.m[4], `"deleted_datetime":"2`)
			}
		},
	}, {
		name: "a tag is taken off, and put on again",
		play: func(s *stage) {
			s.untag()
			s.box.ToggleTicketTag(s.t[0], s.tags[0])
			s.box.ToggleTicketTag(s.t[0], s.tags[0]) // nothing has happened
			s.sync()
			s.meanwhile()
			s.box.ToggleTicketTag(s.t[5], s.tags[0])
		},
	}, {
		name: "a tag is put on again while it is told that it is off",
		play: func(s *stage) {
			s.untag()
			s.fault = when("ticket_ids=", func() { s.box.ToggleTicketTag(s.t[5], s.tags[0]) })
			s.sync()
			s.fault = nil
			s.atOnce()
		},
	}, {
		name: "field values, the trash and spam change, and no date",
		play: func(s *stage) {
			s.box.TrashTicket(s.young[0], true)
			s.box.EditTicketSubject(s.young[0])
			s.sync()
			s.pass(time.Hour)
			s.box.EditTicketSubject(s.young[1]) // which the watermark passes
			s.sync()
			s.fill(s.t[0])
			s.box.TrashTicket(s.t[1], true)
			s.box.MarkTicketSpam(s.t[2], true)
			s.box.TrashTicket(s.young[0], false)
			for _, t := range []int64{s.t[1], s.t[2], s.young[0]} {
				s.unheard("stale", "tickets", t)
			}
		},
	}, {
		name: "what is read again has vanished meanwhile",
		play: func(s *stage) {
			s.tag(s.t[0])
			s.edit(s.m[2])
			s.mergeCustomers()
			gone, gone2 := when("ticket_ids=", func() { s.box.DeleteTicket(s.t[0]) }), when("ticket_id=", func() { s.box.DeleteTicket(s.t[1]) })
			s.fault = func(r *http.Request) *sandbox.Fault { gone(r); return gone2(r) }
			s.sync()
			s.atOnce()
			s.fault = nil
		},
	}, {
		name: "deletions are ignored", config: `,"deletes":"ignore"`,
		play: func(s *stage) {
			s.unseen()
			for _, t := range []int64{s.t[2], s.t[3]} {
				s.lost("ghost", "tickets", t)
			}
			s.lost("ghost", "ticket_tags", s.t[5], s.tags[0])
			s.lost("ghost", "customers", s.customers[0])
			if s.sync(); s.graves > 0 {
				s.Errorf("%d tombstones", s.graves)
			}
		},
	}, {
		name: "the machine's clock is a day behind", ahead: 26 * time.Hour, play: skewed,
	}, {
		name: "the machine's clock is a day ahead", ahead: -26 * time.Hour, play: skewed,
	}}
}

// skewed is life under a clock that is wrong.
func skewed(s *stage) {
	s.box.AddTicket(s.now().Add(50*time.Hour), s.now().Add(50*time.Hour), s.now())
	for range 3 {
		t, m := s.ticket(0)
		s.pass(10 * time.Hour)
		s.sync()
		s.box.EditTicketSubject(t)
		s.box.DeleteMessage(m[0])
		s.pass(15 * time.Hour) // then a look at the window
		s.sync()
	}
	s.unseen()
}

var (
	unread   = regexp.MustCompile(`"messages_count":(\d+)`)
	datetime = regexp.MustCompile(`("\w+_datetime":")(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?\+00:00"`)
)

// network is what happens on the way.
func network() []scenario {
	return []scenario{{
		name: "a page is cut, or is none, with status 200", loop: true, cold: true, more: []string{"tags"},
		play: func(s *stage) {
			seen := 0
			s.fault = func(r *http.Request) *sandbox.Fault {
				if seen++; seen-1 != s.n {
					return nil
				}
				s.met = true
				switch {
				case s.turn%4 == 0:
					return &sandbox.Fault{Truncate: 1 + 977*s.n%5000}
				case s.turn%4 == 1:
					return &sandbox.Fault{Disconnect: true}
				case s.turn%4 == 2:
					return &sandbox.Fault{Status: 200, Body: "<html>maintenance</html>"}
				}
				return &sandbox.Fault{Status: 200, Body: `{"data":[],"object":"list"}`}
			}
			s.sync()
			s.unseen()
			s.shown()
		},
	}, {
		name: "a record that is asked for by its id is another",
		play: func(s *stage) {
			asked := false
			s.score(s.surveys[3])
			s.fault = func(r *http.Request) *sandbox.Fault {
				if asked || !strings.HasPrefix(r.URL.Path, "/api/satisfaction-surveys/") {
					return nil
				}
				asked = true
				return &sandbox.Fault{Status: 200, Body: `{"data":[],"object":"list"}`}
			}
		},
	}, {
		name: "killed anywhere in the first sync", loop: true, cold: true, more: []string{"tags"},
		play: func(s *stage) {
			s.kill(s.n)
			if s.shown(); !s.deaf { // else what is lost depends on where it was killed
				s.unseen()
			}
			s.pass(time.Hour)
		},
	}, {
		name: "killed anywhere in the second sync", loop: true,
		play: func(s *stage) {
			s.unseen()
			s.shown()
			s.pass(time.Hour)
			s.kill(s.n)
			s.pass(time.Hour)
			s.shown()
		},
	}, {
		name: "a record changes to and fro, and the sync between is killed before its state is kept",
		play: func(s *stage) {
			text := func(id int64) func(bool) {
				return func(other bool) { s.box.SetMessageText(id, map[bool]string{true: "B", false: "A"}[other]) }
			}
			score := func(id int64) func(bool) {
				return func(other bool) { s.box.SetSurveyScore(id, map[bool]int{true: 2, false: 1}[other]) }
			}
			young := s.ids("satisfaction-surveys", fmt.Sprint(`"ticket_id":`, s.young[1]))[0]
			// Those that the scan reads again come first, while they are young.
			s.toAndFro("ticket_messages", s.fresh[0], 25*time.Hour, `"body_text":"B"`, text(s.fresh[0]))
			s.toAndFro("satisfaction_surveys", young, 25*time.Hour, `"score":2`, score(young))
			s.toAndFro("ticket_messages", s.m[2], time.Hour, `"body_text":"B"`, text(s.m[2]))
			s.toAndFro("satisfaction_surveys", s.surveys[3], time.Hour, `"score":2`, score(s.surveys[3]))
			s.toAndFro("tickets", s.t[0], time.Hour, `"spam":true`, func(other bool) { s.box.MarkTicketSpam(s.t[0], other) })
		},
	}, {
		name: "429 with Retry-After", cold: true,
		play: func(s *stage) {
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
			s.alone = true // so that no requests cross
		},
	}, {
		name: "429 without Retry-After, 5xx that pass", cold: true, more: []string{"tags", "views", "view_items"},
		play: func(s *stage) {
			n := 0
			s.fault = func(*http.Request) *sandbox.Fault {
				if n++; n%3 == 0 {
					return &sandbox.Fault{Status: []int{429, 502, 503, 500, 504}[n/3%5]}
				}
				return nil
			}
			s.sync()
			s.shown()
		},
	}, {
		name: "5xx longer than it is asked again",
		play: func(s *stage) {
			s.shown()
			s.fault = on("messages", sandbox.Fault{Status: 502})
			s.pass(day)
			s.sync("ticket_messages", "ticket_message_attachments")
			s.fault = nil
		},
	}, {
		name: "403 for one stream", cold: true,
		play: func(s *stage) {
			s.fault = on("satisfaction-surveys", sandbox.Fault{Status: 403})
			s.sync("satisfaction_surveys")
			s.shown()
			s.sync("satisfaction_surveys")
			s.fault = nil
		},
	}, {
		name: "empty pages with a token", cold: true, more: []string{"tags"},
		play: func(s *stage) {
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
			s.shown()
		},
	}, {
		name: "lists come oldest first, though asked for newest first",
		play: func(s *stage) {
			s.fault = func(r *http.Request) *sandbox.Fault {
				r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "datetime%3Adesc", "datetime%3Aasc", 1)
				return nil
			}
			s.shown()
		},
	}, {
		name: "a token that repeats",
		play: func(s *stage) {
			s.shown()
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
		name: "instants in every spelling", cold: true, same: true,
		spell: func(path string, body []byte) []byte {
			return datetime.ReplaceAllFunc(body, func(at []byte) []byte {
				m := datetime.FindSubmatch(at)
				spelling := []string{"T%s%s\"", " %s%s\"", "T%s%sZ\"", "T%s%s+0000\"", "T%s%s+00:00\""}[m[3][7]%5]
				return fmt.Appendf(nil, "%s%s"+spelling, m[1], m[2], m[3], bytes.TrimRight(m[4], "0"))
			})
		},
		play: func(s *stage) { s.sync(); s.unseen(); s.shown() },
	}, {
		name: "new fields, and other types of known ones",
		spell: func(path string, body []byte) []byte {
			if strings.HasPrefix(path, "tickets") {
				body = bytes.ReplaceAll(body, []byte(`"is_unread":true`), []byte(`"is_unread":"unread"`))
				body = unread.ReplaceAll(body, []byte(`"sentiment":{"score":1e1,"of":["a"]},"messages_count":"$1"`))
			}
			return body
		},
		play: func(s *stage) {
			s.box.EditTicketSubject(s.t[0])
			s.sync()
			s.holds("tickets", s.t[0], `"unrecognized_fields":{"sentiment":{"score":1e1,"of":["a"]}}`, `"messages_count":2,`, `"is_unread":null,`)
			if s.reported["tickets: is_unread"] == 0 || s.reported["tickets: messages_count"] != 0 {
				s.Errorf("reported as lost: %v", s.reported)
			}
		},
	}, {
		name: "customers with several shops",
		spell: func(path string, body []byte) []byte {
			if !strings.HasPrefix(path, "customers") {
				return body
			}
			return bytes.ReplaceAll(body, []byte(`"active":`), []byte(`"integrations":{"71":{"__integration_type__":"shopify","orders":[{"id":9007199254740995}]},"72":{"__integration_type__":"recharge"}},`+
				`"ecommerce_data":{"store-1":{"shopper":{"id":"x"}},"store-2":{"shopper":null}},"active":`))
		},
		play: func(s *stage) {
			s.box.EditCustomer(s.customers[0])
			s.sync()
			s.holds("customers", s.customers[0], `"72":{"__integration_type__":"recharge"}`, `"orders":[{"id":9007199254740995}]`, `"store-2":{"shopper":null}`)
		},
	}}
}

// doubts are the other readings of what nobody knows of Gorgias.
func doubts() []scenario {
	all := func(s *stage) { s.unseen(); s.shown() }
	return []scenario{{
		name: "in doubt: events cannot be asked for by type", doubts: sandbox.Quirks{EventTypesRejected: true}, play: all,
	}, {
		name: "in doubt: events come newest first", doubts: sandbox.Quirks{EventsNewestFirst: true},
		play: func(s *stage) {
			s.pass(3 * day) // and the account is not said to have forgotten any
			all(s)
		},
	}, {
		name: "in doubt: what was merged is not found", doubts: sandbox.Quirks{MergedNotFound: true}, play: all,
	}, {
		name: "in doubt: merges are told at what was absorbed", doubts: sandbox.Quirks{MergeEventsOnAbsorbed: true},
		play: func(s *stage) { s.merge(0, 1); s.mergeCustomers() },
	}, {
		name: "in doubt: tickets cannot be asked for by id", doubts: sandbox.Quirks{TicketIDsRejected: true},
		play: func(s *stage) {
			s.tag(s.t[0])
			s.lost("stale", "tickets", s.t[0])
			s.lost("missing", "ticket_tags", s.t[0], s.tags[0])
			s.delete(s.t[1])
			s.edit(s.m[4])
			s.pass(time.Hour)
			// From now on: what was not processed is read again by each sync.
			s.warn("the records of tickets that events name cannot be re-fetched (GET /api/tickets: 400 Bad Request: Bad request. ticket_ids: Unknown field.): changes of old records are not captured")
		},
	}, {
		name: "in doubt: tags, field values, the trash and spam date a ticket anew", doubts: sandbox.Quirks{TagsMoveUpdated: true},
		play: func(s *stage) {
			s.box.ToggleTicketTag(s.t[5], s.tags[0])
			for i, mark := range []func(int64) bool{s.box.EditTicketField,
				func(t int64) bool { return s.box.ToggleTicketTag(t, s.tags[1]) },
				func(t int64) bool { return s.box.TrashTicket(t, true) },
				func(t int64) bool { return s.box.MarkTicketSpam(t, true) },
			} {
				mark(s.t[i])
			}
		},
	}, {
		name: "in doubt: deleted messages are gone", doubts: sandbox.Quirks{DeletedMessagesVanish: true},
		play: func(s *stage) {
			for _, id := range []int64{s.m[0], s.fresh[0]} {
				s.box.DeleteMessage(id)
				s.unheard("ghost", "ticket_messages", id)
			}
			s.pass(25 * time.Hour)
		},
	}, {
		name: "in doubt: events are kept for ten days", doubts: sandbox.Quirks{EventRetention: 10 * day},
		play: func(s *stage) {
			s.edit(s.m[0])
			s.lost("stale", "ticket_messages", s.m[0])
			s.pass(20 * day)
			s.edit(s.m[1])
			s.warn("the account's events reach back to 2000-01-21 01:00:00 only: deletions and changes of old records between 2000-01-01 00:50:00 and then are not captured. Run a full refresh to capture the changes")
			s.sync()
			s.warn()
		},
	}, {
		name: "in doubt: events of messages do not name their tickets", doubts: sandbox.Quirks{MessageEventsWithoutTicket: true},
		play: func(s *stage) {
			s.edit(s.m[0])
			s.lost("stale", "ticket_messages", s.m[0])
			s.box.DeleteMessage(s.m[1]) // which has a tombstone then, rather than a date
			s.lost(map[bool]string{true: "stale", false: "missing"}[s.deaf], "ticket_messages", s.m[1])
			s.box.EditMessage(s.fresh[0])
			imported, with := s.ticket(900 * day)
			s.unheard("missing", "tickets", imported)
			s.lostMessages("missing", with...)
			s.pass(25 * time.Hour)
			s.warn("3 changed messages could not be re-fetched: their events name no ticket. Run a full refresh of ticket_messages")
			s.sync()
			s.warn()
		},
	}, {
		name: "in doubt: page tokens expire", cold: true, doubts: sandbox.Quirks{PageTokenLifetime: 2 * time.Minute},
		play: func(s *stage) {
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
			s.meanwhile()
			s.forget()
			s.kill(12)
			s.pass(time.Hour)
			s.shown()
		},
	}}
}
