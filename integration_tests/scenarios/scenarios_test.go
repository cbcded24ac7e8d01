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
	rewrite             func(path string, body []byte) []byte // changes the responses of the account; nil does not
	rewriteKeepsMeaning bool                                  // rewrite does not change the meaning
	noFirstSync         bool                                  // no sync before play
	loop                bool                                  // it runs for each n until there is none left
	play                func(s *runner)                       // what happens before the last sync
}

// TestScenarios runs each scenario in both protocols, each with the events left
// to the change feed, selected as a stream too, and forbidden. In the end the
// destination equals the account, except for the losses that the scenario
// declares, and one more sync emits nothing.
//
// A loop has a turn for each page, request or state; each protocol runs each
// turn, with the events in turn as above. Without -full, it runs half of the
// turns and half of the modes.
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

// accountScenarios are about changes of an account.
func accountScenarios() []scenario {
	return []scenario{{
		name: "rows become visible late",
		play: func(s *runner) {
			at := s.now()
			s.box.AddTicket(at, at, at.Add(8*time.Minute))
			s.wait(time.Minute)
			s.ticket(0) // newer than the other
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
		name: "a record is read before its change is visible, and its event long after", visibilityLag: 9 * time.Minute,
		play: func(s *runner) {
			s.edit(s.newMessages...)
			s.wait(time.Minute)
			limited := false
			s.fault = func(r *http.Request) *sandbox.Fault {
				if limited || r.URL.Path != "/api/events" {
					return nil
				}
				limited = true
				return &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"660"}}}
			}
			s.sync()
			s.compareNow()
			s.wait(20 * time.Minute)
		},
	}, {
		name: "equal timestamps across page boundaries", config: `,"overlap":0`,
		play: func(s *runner) {
			at := s.now()
			for _, more := range []int{1, 8} { // the second time later, with the timestamp of the watermark
				for range more {
					s.box.AddTicket(at, at, at)
				}
				s.sync()
			}
		},
	}, {
		name: "a recent survey is sent and answered",
		play: func(s *runner) {
			survey := s.box.ScheduleSurvey(s.newTickets[0]) // to be sent in a day
			s.wait(time.Hour)
			s.box.ScheduleSurvey(s.oldTickets[0])
			s.sync()
			s.wait(26 * time.Hour)
			s.box.SendSurvey(survey)
			s.sync() // re-reads the window
			s.wait(time.Hour)
			s.answerSurvey(survey)
			s.sync()
			s.compareNow()
			s.wait(day)
		},
	}, {
		name: "values are taken off recent tickets", more: []string{"ticket_custom_field_values"},
		play: func(s *runner) {
			for range 3 {
				for i, ticket := range s.newTickets {
					s.box.EditTicketField(ticket)
					s.wait(time.Minute)
					if i%2 == 0 {
						s.sync()
					}
					s.box.RemoveTicketField(ticket)
				}
				s.wait(20 * time.Minute)
				s.sync()
				if !s.eventsForbidden {
					s.compareNow()
				}
			}
			s.wait(day)
		},
	}, {
		name: "values of recent customers are set and taken off", more: []string{"customer_custom_field_values"},
		play: func(s *runner) {
			for _, customer := range s.customers {
				s.box.EditCustomerField(customer)
			}
			s.sync()
			s.wait(time.Hour)
			s.box.RemoveCustomerField(s.customers[0])
			s.box.EditCustomerField(s.customers[1])
			for i, customer := range s.customers {
				s.lostWithoutEvents("stale", "customers", customer)
				if s.eventsForbidden {
					s.lostParts([]string{"missing", "stale"}[i], "customer_custom_field_values", customer)
				}
			}
		},
	}, {
		name: "old surveys are answered",
		play: func(s *runner) { s.answerSurvey(s.surveys[2]); s.answerSurvey(s.surveys[3]) },
	}, {
		name: "recent messages are edited, fail, are opened, are deleted",
		play: func(s *runner) {
			for range 2 * s.pageSize { // the others lie beyond the pages that a sync reads
				s.box.AddMessage(s.newTickets[0])
			}
			s.wait(time.Hour)
			s.sync()
			s.edit(s.newMessages[0])
			s.box.FailMessage(s.newMessages[1])
			s.lostWithoutEvents("stale", "ticket_messages", s.newMessages[1])
			s.deleteMessage(s.newMessages[2])
			s.box.OpenMessage(s.newMessages[3])
			s.lost("stale", "ticket_messages", s.newMessages[3]) // until the window is re-read
			s.wait(2 * time.Hour)
			s.sync()
			s.compareNow()
			s.lostWithoutEvents("stale", "tickets", s.newTickets[1])
			s.wait(day)
		},
	}, {
		name: "old messages are edited, fail, are opened, are deleted",
		play: func(s *runner) {
			s.edit(s.oldMessages[0])
			s.box.FailMessage(s.oldMessages[1])
			s.lostWithoutEvents("stale", "ticket_messages", s.oldMessages[1])
			s.deleteMessage(s.oldMessages[2])
			s.box.OpenMessage(s.oldMessages[3])
			s.wait(day)
		},
	}, {
		name: "a ticket is imported with old dates",
		play: (*runner).importTicket,
	}, {
		name: "a message is imported into an old ticket with old dates",
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
		name: "a ticket is updated during the scan", loop: true, noFirstSync: true, config: `,"overlap":0`,
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
		name: "a ticket is updated during a long scan", noFirstSync: true,
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
		name: "a merged ticket is merged again",
		play: func(s *runner) {
			s.merge(0, 1)
			s.merge(1, 2) // before the first merge is read
			s.sync()
			s.wait(time.Hour)
			s.merge(2, 3)
		},
	}, {
		name: "a deleted message moves with its ticket",
		play: func(s *runner) {
			s.box.DeleteMessage(s.oldMessages[0])
			s.merge(0, 1)
			s.deleteMessage(s.oldMessages[4])
			s.fault = when("ticket_id=", func() { s.merge(2, 3) }) // as its thread is read
			s.sync()
			if s.fault = nil; !s.eventsForbidden {
				s.contains("ticket_messages", s.oldMessages[4], `"deleted_datetime":"2`)
			}
		},
	}, {
		name: "a tag is removed and added again",
		play: func(s *runner) {
			s.untag()
			s.box.ToggleTicketTag(s.oldTickets[0], s.tags[0])
			s.box.ToggleTicketTag(s.oldTickets[0], s.tags[0]) // no change in the end
			s.sync()
			s.compareNow()
			s.box.ToggleTicketTag(s.oldTickets[5], s.tags[0])
		},
	}, {
		name: "a tag is added again while its removal is processed",
		play: func(s *runner) {
			s.untag()
			s.fault = when("ticket_ids=", func() { s.box.ToggleTicketTag(s.oldTickets[5], s.tags[0]) })
			s.sync()
			s.fault = nil
			s.compareIfFeedAlone()
		},
	}, {
		name: "field values, trash and spam change without a date",
		play: func(s *runner) {
			s.box.TrashTicket(s.newTickets[0], true)
			s.box.EditTicketSubject(s.newTickets[0])
			s.sync()
			s.wait(time.Hour)
			s.box.EditTicketSubject(s.newTickets[1]) // newer than the other
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
		name: "a record is deleted while it is re-fetched",
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
		name: "the host's clock is a day behind", clockOffset: 26 * time.Hour, play: everyChangeWithClockOffset,
	}, {
		name: "the host's clock is a day ahead", clockOffset: -26 * time.Hour, play: everyChangeWithClockOffset,
	}}
}

// everyChangeWithClockOffset makes every change while the clocks differ.
func everyChangeWithClockOffset(s *runner) {
	s.box.AddTicket(s.now().Add(50*time.Hour), s.now().Add(50*time.Hour), s.now())
	for range 3 {
		t, m := s.ticket(0)
		s.wait(10 * time.Hour)
		s.sync()
		s.box.EditTicketSubject(t)
		s.box.DeleteMessage(m[0])
		s.wait(15 * time.Hour) // then the window is re-read
		s.sync()
	}
	s.changeUnlisted()
}

var (
	unread   = regexp.MustCompile(`"messages_count":(\d+)`)
	datetime = regexp.MustCompile(`("\w+_datetime":")(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?\+00:00"`)
)

// networkScenarios are about faults between client and account.
func networkScenarios() []scenario {
	return []scenario{{
		name: "a truncated or invalid page with status 200", loop: true, noFirstSync: true, more: []string{"tags"},
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
		name: "another record is returned for an id",
		play: func(s *runner) {
			asked := false
			s.pageSize = 2 // the survey is on no page that is read
			s.answerSurvey(s.surveys[3])
			s.fault = func(r *http.Request) *sandbox.Fault {
				if asked || !strings.HasPrefix(r.URL.Path, "/api/satisfaction-surveys/") {
					return nil
				}
				asked = true
				return &sandbox.Fault{Status: 200, Body: `{"data":[],"object":"list"}`}
			}
			if s.sync(); !asked && !s.eventsForbidden {
				s.Error("no survey was fetched by id")
			}
			s.compare()
		},
	}, {
		name: "killed anywhere in the first sync", loop: true, noFirstSync: true, more: []string{"tags"},
		play: func(s *runner) {
			s.kill(s.n)
			if s.changeListed(); !s.eventsForbidden { // otherwise the losses depend on where it is killed
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
		name: "a change is reverted after a killed sync emitted it",
		play: func(s *runner) {
			text := func(id int64) func(bool) {
				return func(other bool) { s.box.SetMessageText(id, map[bool]string{true: "B", false: "A"}[other]) }
			}
			score := func(id int64) func(bool) {
				return func(other bool) { s.box.SetSurveyScore(id, map[bool]int{true: 2, false: 1}[other]) }
			}
			recent := s.ids("satisfaction-surveys", fmt.Sprint(`"ticket_id":`, s.newTickets[1]))[0]
			// Those that the scan reads again come first, while they are recent.
			s.changeAndRevert("ticket_messages", s.newMessages[0], 25*time.Hour, `"body_text":"B"`, text(s.newMessages[0]))
			s.changeAndRevert("satisfaction_surveys", recent, 25*time.Hour, `"score":2`, score(recent))
			s.changeAndRevert("ticket_messages", s.oldMessages[2], time.Hour, `"body_text":"B"`, text(s.oldMessages[2]))
			s.changeAndRevert("satisfaction_surveys", s.surveys[3], time.Hour, `"score":2`, score(s.surveys[3]))
			s.changeAndRevert("tickets", s.oldTickets[0], time.Hour, `"spam":true`, func(other bool) { s.box.MarkTicketSpam(s.oldTickets[0], other) })
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
			s.sequential = true // for a defined order of requests
		},
	}, {
		name: "429 without Retry-After, temporary 5xx", noFirstSync: true, more: []string{"tags", "views", "view_items"},
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
		name: "5xx for longer than it is retried",
		play: func(s *runner) {
			s.changeListed()
			s.fault = on("messages", sandbox.Fault{Status: 502})
			s.wait(day)
			s.sync("ticket_messages", "ticket_message_attachments")
			s.fault = nil
		},
	}, {
		name: "a gateway responds to the first requests of each path", noFirstSync: true, more: []string{"tags", "view_items"},
		play: func(s *runner) {
			foreign := []sandbox.Fault{
				{Status: 404, Header: http.Header{"Content-Type": {"text/plain"}}, Body: "default backend - 404"},
				{Status: 403, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>blocked</html>"},
				{Status: 401, Body: `{"error":"unauthorized"}`},
				{Status: 404, Body: `{"message":"no Route matched with those values"}`},
				{Status: 302, Header: http.Header{"Location": {"https://login.example.com/"}}},
				{Status: 301, Header: http.Header{"Location": {"/api/users/1"}}},
				{Status: 404, Header: http.Header{"Location": {""}}, Body: "\n"},
				{Status: 400, Body: "<html>bad request</html>"},
			}
			asked := map[string]int{}
			s.fault = func(r *http.Request) *sandbox.Fault {
				path := r.URL.Path + r.URL.Query().Get("ticket_id") + r.URL.Query().Get("ticket_ids")
				if asked[path]++; asked[path] > 2 {
					return nil
				}
				return &foreign[(len(asked)+asked[path]+s.n)%len(foreign)]
			}
			s.sync()
			for range 3 {
				clear(asked)
				s.changeListed()
				s.changeUnlisted()
				s.wait(day)
				s.sync()
			}
		},
	}, {
		name: "a gateway withholds the events",
		play: func(s *runner) {
			s.changeUnlisted()
			if !s.eventsForbidden {
				s.fault = on("events", sandbox.Fault{Status: 404, Body: "default backend - 404"})
				s.wait(day)
				failing := eventAndDerivedStreams
				if s.events == "selected" {
					failing = append(slices.Clone(failing), "events")
				}
				s.sync(failing...)
			}
			s.fault = nil
		},
	}, {
		name: "404s of another form", quirks: sandbox.Quirks{DeletedMessagesVanish: true},
		play: func(s *runner) {
			id := s.oldMessages[0]
			s.deleteMessage(id)
			s.fault = func(r *http.Request) *sandbox.Fault {
				if strings.HasSuffix(r.URL.Path, fmt.Sprintf("/messages/%d", id)) {
					return &sandbox.Fault{Status: 404, Body: `{"message":"unknown"}`}
				}
				return nil
			}
			s.expectWarnings("The same request succeeds for another record, so the record counts as deleted")
			s.sync()
			s.fault = nil
			s.expectWarnings()
		},
	}, {
		name: "404s of a gateway for all records", quirks: sandbox.Quirks{DeletedMessagesVanish: true},
		play: func(s *runner) {
			id := s.oldMessages[0]
			s.deleteMessage(id)
			s.fault = func(r *http.Request) *sandbox.Fault {
				if strings.Contains(r.URL.Path, "/messages/") {
					return &sandbox.Fault{Status: 404, Body: "default backend - 404"}
				}
				return nil
			}
			if s.eventsForbidden {
				s.sync()
				return
			}
			s.sync("ticket_messages", "ticket_message_attachments")
			if n := len(s.rows["ticket_messages"]); n == 0 {
				s.Errorf("no messages are left")
			}
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
				// The same token in another form: a JSON array may contain a
				// space.
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
		name: "lists in the opposite order",
		play: func(s *runner) {
			s.fault = func(r *http.Request) *sandbox.Fault {
				r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "datetime%3Adesc", "datetime%3Aasc", 1)
				return nil
			}
			s.changeListed()
		},
	}, {
		name: "page tokens that repeat",
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
		name: "timestamps in every spelling", noFirstSync: true, rewriteKeepsMeaning: true,
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
			s.contains("tickets", s.oldTickets[0], `"unrecognized_fields":{"sentiment":{"score":1e1,"of":["a"]},"is_unread":"unread"}`, `"messages_count":2,`, `"is_unread":null,`)
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

// playMessageEventsAlone changes messages of tickets that no event names. What this
// sync has read is known to belong to a ticket; of the others one warning tells, and
// a deletion that cannot be asked for makes no tombstone.
func playMessageEventsAlone(s *runner) {
	s.edit(s.oldMessages[0])
	s.lost("stale", "ticket_messages", s.oldMessages[0])
	s.deleteMessage(s.oldMessages[2])
	s.lost(map[bool]string{true: "ghost", false: "stale"}[s.quirks.DeletedMessagesVanish], "ticket_messages", s.oldMessages[2])
	s.lost("stale", "tickets", s.oldTickets[1])
	s.box.EditMessage(s.newMessages[0])
	s.wait(25 * time.Hour)
	s.expectWarnings("2 changed messages could not be re-fetched: their events name no ticket. Run a full refresh of ticket_messages")
	s.sync()
	if s.expectWarnings(); s.tombstones > 0 {
		s.Errorf("%d tombstones", s.tombstones)
	}
	s.wait(25 * time.Hour)
	s.fault = when("/api/events", func() {
		s.wait(2 * time.Second)
		s.box.DeleteMessage(s.newMessages[1]) // the sync has read it
	})
	s.sync()
	if s.fault = nil; s.eventsForbidden {
		s.lost("stale", "tickets", s.newTickets[0])
		s.lost(map[bool]string{true: "ghost", false: "stale"}[s.quirks.DeletedMessagesVanish], "ticket_messages", s.newMessages[1])
	}
}

// quirkScenarios are about the possible readings of what the API leaves
// undocumented.
func quirkScenarios() []scenario {
	all := func(s *runner) { s.changeUnlisted(); s.changeListed() }
	return []scenario{{
		name: "quirk: the filter of events by type is rejected", quirks: sandbox.Quirks{EventTypesRejected: true}, play: all,
	}, {
		name: "quirk: events come newest first", quirks: sandbox.Quirks{EventsNewestFirst: true},
		play: func(s *runner) {
			s.wait(3 * day) // without a warning of a gap
			all(s)
		},
	}, {
		name: "quirk: merged objects are not found", quirks: sandbox.Quirks{MergedNotFound: true}, play: all,
	}, {
		name: "quirk: merged objects are not found, and deleted messages move with them", quirks: sandbox.Quirks{MergedNotFound: true},
		play: func(s *runner) {
			s.deleteMessage(s.oldMessages[0])
			s.fault = when("ticket_id=", func() { s.merge(0, 1) }) // as its thread is read
			s.sync()
			s.fault = nil
			if !s.eventsForbidden && s.tombstones > 1 { // that of the ticket
				s.Errorf("%d tombstones", s.tombstones)
			}
		},
	}, {
		name: "quirk: events of merges name the absorbed object", quirks: sandbox.Quirks{MergeEventsOnAbsorbed: true},
		play: func(s *runner) { s.merge(0, 1); s.mergeCustomers() },
	}, {
		name: "quirk: tickets cannot be fetched by id", quirks: sandbox.Quirks{TicketIDsRejected: true},
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
		name: "quirk: tags, field values, trash and spam move updated_datetime", quirks: sandbox.Quirks{TagsMoveUpdated: true, FieldValuesMoveUpdated: true},
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
		name: "quirk: deleted messages are gone", quirks: sandbox.Quirks{DeletedMessagesVanish: true},
		play: func(s *runner) {
			s.deleteMessage(s.oldMessages[0], s.newMessages[0])
			s.wait(25 * time.Hour)
		},
	}, {
		name: "quirk: events are kept for ten days", quirks: sandbox.Quirks{EventRetention: 10 * day},
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
		name: "quirk: events of messages do not name their tickets", quirks: sandbox.Quirks{MessageEventsWithoutTicket: true},
		play: func(s *runner) {
			s.edit(s.oldMessages[0])
			s.wait(time.Minute)
			s.deleteMessage(s.oldMessages[2])
			s.box.EditMessage(s.newMessages[0])
			s.wait(time.Minute)
			s.importTicket()
			s.wait(25 * time.Hour)
		},
	}, {
		name: "quirk: events of messages come without one of a ticket", quirks: sandbox.Quirks{MessageEventsAlone: true},
		play: playMessageEventsAlone,
	}, {
		name:   "quirk: events of messages come without one of a ticket, and deleted messages are gone",
		quirks: sandbox.Quirks{MessageEventsAlone: true, DeletedMessagesVanish: true},
		play:   playMessageEventsAlone,
	}, {
		name: "quirk: the other reading of what was recorded once",
		quirks: sandbox.Quirks{DeletedTicketsTakeSurveys: true, TicketCreatedAlone: true, MergesMoveCustomer: true, MergesLeaveTicket: true,
			CustomerMergesInOneContext: true, FieldValuesMoveUpdated: true, DeletedMessagesVanish: true},
		play: func(s *runner) {
			s.changeUnlisted()
			s.box.EditCustomerField(s.customers[1])
			s.deleteMessage(s.oldMessages[10])
			s.changeListed()
			if s.lost("stale", "tickets", s.oldTickets[4]); !s.eventsForbidden {
				clear(s.losses)
			}
		},
	}, {
		name: "quirk: page tokens expire", noFirstSync: true, quirks: sandbox.Quirks{PageTokenLifetime: 2 * time.Minute},
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
