package integration_tests

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/streams"
)

// Changes of the scopes. Those that go to and fro make the same record again.
var (
	tag = change{"tag", "ticket 0", func(a *tiny) bool { return a.box().ToggleTicketTag(a.tickets[0], a.tag) }}
	// spam moves no date: only its event shows it.
	spam         = change{"spam", "ticket 0", func(a *tiny) bool { return a.box().MarkTicketSpam(a.tickets[0], a.flip("spam")) }}
	subject      = change{"subject", "ticket 1", func(a *tiny) bool { return a.box().EditTicketSubject(a.tickets[1]) }}
	deleteTicket = change{"delete", "ticket 0", func(a *tiny) bool { return a.box().DeleteTicket(a.tickets[0]) }}
	mergeTickets = change{"merge", "ticket 0", func(a *tiny) bool { return a.box().MergeTickets(a.tickets[0], a.tickets[1]) }}

	edit     = change{"edit", "message 0", func(a *tiny) bool { return a.editMessage(0) }}
	editLast = change{"edit-last", "message 5", func(a *tiny) bool { return a.editMessage(5) }}
	open     = change{"open", "message 4", func(a *tiny) bool { return a.box().OpenMessage(a.messages[4]) }} // has no event
	erase    = change{"erase", "message 1", func(a *tiny) bool { return a.box().DeleteMessage(a.messages[1]) }}
	imported = change{"import", "ticket 1", func(a *tiny) bool {
		return a.box().ImportMessage(a.tickets[1], a.now().Add(-60*24*time.Hour)) != 0
	}}

	score = change{"score", "survey 0", func(a *tiny) bool {
		return a.box().SetSurveyScore(a.surveys[0], map[bool]int{true: 2, false: 1}[a.flip("score")])
	}}
	send   = change{"send", "survey 1", func(a *tiny) bool { return a.box().SendSurvey(a.surveys[1]) }}
	remove = change{"remove", "survey 1", func(a *tiny) bool { return a.box().DeleteTicket(a.tickets[1]) }}

	rename         = change{"rename", "customer 0", func(a *tiny) bool { return a.box().EditCustomer(a.customers[0]) }}
	deleteCustomer = change{"delete", "customer 1", func(a *tiny) bool { return a.box().DeleteCustomer(a.customers[1]) }}
	mergeCustomers = change{"merge", "customer 0", func(a *tiny) bool { return a.box().MergeCustomers(a.customers[0], a.customers[2]) }}

	late = change{"late", "late", func(a *tiny) bool { // shown eight minutes later
		return a.box().AddTicket(a.now(), a.now(), a.now().Add(8*time.Minute)) != 0
	}}
	future = change{"future", "future", func(a *tiny) bool {
		return a.box().AddTicket(a.now().Add(100*time.Hour), a.now().Add(100*time.Hour), a.now()) != 0
	}}
	twins = change{"twins", "twins", func(a *tiny) bool { // with the newest timestamp of the list
		at := a.newest()
		first, second := a.box().AddTicket(at, at, a.now()), a.box().AddTicket(at, at, a.now())
		return first != 0 && second != 0
	}}
)

// scopes returns the scopes of TestEveryHistory. Each is as small as the rules
// allow that it is for: each rule of progress and of the change feed has a short
// history that fails without it.
func scopes() []*scope {
	ticketStreams := []string{"tickets", "ticket_tags"}
	return []*scope{
		{
			name: "tickets", streams: ticketStreams, page: 1, setup: threeTickets,
			changes: []change{tag, spam, subject, deleteTicket, mergeTickets}, then: true, during: 2,
			special: map[string]func(*tiny) error{"vanish": vanish}, more: []string{"vanish"},
		},
		{
			name: "first sync", streams: ticketStreams, page: 1, setup: threeTickets, fresh: true,
			changes: []change{subject, deleteTicket}, more: []string{"hour"},
		},
		{
			name: "messages", streams: []string{"ticket_messages"}, page: 1, setup: threeTickets,
			changes: []change{edit, erase, mergeTickets, imported}, then: true, during: 2,
		},
		{
			name: "window", streams: []string{"ticket_messages"}, page: 1, setup: threeTickets, forbidden: true,
			changes: []change{open, subject, newMessage}, more: []string{"day", "month"},
		},
		{
			name: "deleted messages are gone", streams: []string{"ticket_messages"}, page: 1, setup: threeTickets,
			quirks:  sandbox.Quirks{DeletedMessagesVanish: true},
			changes: []change{erase, mergeTickets}, during: 5,
		},
		{
			name: "surveys", streams: []string{"satisfaction_surveys"}, page: 1, setup: threeSurveys,
			quirks:  sandbox.Quirks{DeletedTicketsTakeSurveys: true},
			changes: []change{score, send, remove}, then: true, during: 3,
		},
		{
			name: "customers", streams: []string{"customers"}, page: 1, setup: threeCustomers,
			changes: []change{rename, deleteCustomer, mergeCustomers}, then: true, during: 3,
		},
		{
			name: "clock", streams: []string{"tickets", "ticket_messages"}, page: 2, setup: threeTickets, clock: -26 * time.Hour, // the host's is ahead
			changes: []change{edit, subject}, during: 3, noKills: true,
		},
		{
			name: "late", streams: []string{"tickets"}, page: 1, setup: threeTickets, forbidden: true, late: true,
			changes: []change{late, subject, future}, during: 2,
		},
		{
			name: "late events", streams: []string{"tickets", "ticket_messages"}, page: 2, setup: threeTickets, lag: 9 * time.Minute, late: true,
			changes: []change{edit, editLast, tag}, noKills: true,
		},
		{
			name: "late events, slow destination", streams: []string{"ticket_messages"}, page: 2, setup: threeTickets, lag: 9 * time.Minute, late: true,
			changes: []change{edit, editLast}, during: 3, noKills: true, pause: time.Minute, writing: 4 * time.Minute,
		},
		{
			name: "slow destination", streams: []string{"tickets"}, page: 1, setup: func(a *tiny) { threeTickets(a); threeTickets(a) }, forbidden: true,
			changes: []change{subject}, noKills: true, fresh: true, writing: 40 * time.Minute,
			special: map[string]func(*tiny) error{"moving": moving}, more: []string{"moving"},
		},
		{
			name: "equal timestamps", streams: ticketStreams, page: 1, setup: threeTickets, noOverlap: true, forbidden: true,
			changes: []change{twins, subject},
		},
		{
			name: "wrong order", streams: ticketStreams, page: 1, setup: threeTickets, forbidden: true,
			changes: []change{late, subject}, late: true, intercepts: reversed,
		},
		{
			name: "empty pages", streams: []string{"tickets", "ticket_messages"}, page: 1, setup: threeTickets,
			changes: []change{edit, subject, mergeTickets}, noKills: true, intercepts: emptyPages,
		},
		{
			name: "page tokens expire", streams: ticketStreams, page: 1, setup: threeTickets, fresh: true,
			quirks:  sandbox.Quirks{PageTokenLifetime: 15 * time.Minute},
			changes: []change{subject, deleteTicket}, more: []string{"hour"},
		},
		{
			name: "end date", streams: []string{"tickets"}, page: 1, setup: threeTickets, fresh: true, noKills: true,
			changes: []change{subject, deleteTicket},
			special: map[string]func(*tiny) error{"until": until(nil), "until-kill": until(&kill{2, true})}, more: []string{"until", "until-kill"},
		},
		{
			name: "stream of events", streams: []string{"tickets", "events"}, page: 2, setup: threeTickets, pause: 15 * time.Minute,
			changes: []change{tag, spam},
		},
		{
			name: "side by side", streams: []string{"tickets", "ticket_messages", "customers"}, page: 2, setup: threeTickets, concurrency: 3,
			changes: []change{edit, subject, deleteTicket}, during: 4,
		},
		{
			name: "events without a filter", streams: []string{"tickets"}, page: 2, setup: threeTickets,
			quirks:  sandbox.Quirks{EventTypesRejected: true, EventsNewestFirst: true},
			changes: []change{tag, deleteTicket}, noKills: true,
		},
		{
			name: "merges at the absorbed record", streams: []string{"tickets", "customers"}, page: 2, setup: func(a *tiny) { threeTickets(a); threeCustomers(a) },
			quirks:  sandbox.Quirks{MergeEventsOnAbsorbed: true},
			changes: []change{tag, mergeTickets, {"merge-customers", "customer 0", mergeCustomers.do}}, noKills: true,
		},
		{
			name: "faults", streams: []string{"tickets", "satisfaction_surveys"}, page: 1, setup: threeSurveys,
			changes: []change{tag, subject, score}, noKills: true,
			special: map[string]func(*tiny) error{"failing": failing, "rejecting": rejecting, "looping": looping, "mixing": mixing},
			more:    []string{"failing", "rejecting", "looping", "mixing"},
		},
		{
			name: "warnings", streams: []string{"ticket_messages"}, page: 1, noKills: true,
			setup: func(a *tiny) {
				threeTickets(a)
				for range 2 {
					a.editMessage(0)
				}
				time.Sleep(time.Hour)
			},
			quirks:  sandbox.Quirks{MessageEventsAlone: true, EventRetention: 10 * 24 * time.Hour},
			inner:   []change{edit, {"customer", "", func(a *tiny) bool { return a.box().AddCustomer() != 0 }}},
			special: map[string]func(*tiny) error{"unresolved": unresolved, "gap": gap}, more: []string{"unresolved", "gap"},
		},
	}
}

var newMessage = change{"reply", "ticket 2", func(a *tiny) bool { return a.box().AddMessage(a.tickets[2]) != 0 }}

// threeTickets adds two old tickets, of which the older one has a tag, and a
// young one. Each has two messages.
func threeTickets(a *tiny) {
	for _, age := range []time.Duration{100 * 24 * time.Hour, 50 * 24 * time.Hour, 2 * time.Hour} {
		at := a.now().Add(-age)
		a.tickets = append(a.tickets, a.box().AddTicket(at, at, a.now()))
	}
	a.messages = a.ids("messages")
	a.box().ToggleTicketTag(a.tickets[0], a.tag)
	time.Sleep(time.Hour)
}

// threeSurveys adds two surveys that are older than their window, and a young
// one.
func threeSurveys(a *tiny) {
	threeTickets(a)
	a.box().ScheduleSurvey(a.tickets[0])
	time.Sleep(time.Hour)
	a.box().ScheduleSurvey(a.tickets[1])
	time.Sleep(40 * 24 * time.Hour)
	a.box().ScheduleSurvey(a.tickets[2])
	a.surveys = a.ids("satisfaction-surveys")
	time.Sleep(time.Hour)
}

func threeCustomers(a *tiny) {
	for range 3 {
		a.customers = append(a.customers, a.box().AddCustomer())
		time.Sleep(time.Hour)
	}
}

// now is the account's present.
func (a *tiny) now() time.Time { return time.Now().Add(a.clock) }

// flip returns true and false in turn.
func (a *tiny) flip(name string) bool {
	a.flips[name] = !a.flips[name]
	return a.flips[name]
}

func (a *tiny) editMessage(i int) bool {
	return a.box().SetMessageText(a.messages[i], map[bool]string{true: "B", false: "A"}[a.flip(fmt.Sprint("edit", i))])
}

// newest is the latest cursor value of the tickets.
func (a *tiny) newest() (at time.Time) {
	s := streams.Find("tickets")
	for row := range a.box().Each(s.Path) {
		if t := cursorOf(s, row); t.After(at) {
			at = t
		}
	}
	return at
}

// reversed lists oldest first what is requested newest first.
func reversed(_ *tiny, r *http.Request) *sandbox.Fault {
	r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "datetime%3Adesc", "datetime%3Aasc", 1)
	return nil
}

// emptyPages puts an empty page before each page but the first. Its token is the
// token of that page in another spelling: a JSON array may contain blanks.
func emptyPages(_ *tiny, r *http.Request) *sandbox.Fault {
	token, _ := base64.StdEncoding.DecodeString(r.URL.Query().Get("cursor"))
	if len(token) == 0 || token[1] == ' ' {
		return nil
	}
	other := base64.StdEncoding.EncodeToString(append([]byte("[ "), token[1:]...))
	return &sandbox.Fault{Status: 200, Body: fmt.Sprintf(`{"data":[],"object":"list","meta":{"prev_cursor":null,"next_cursor":%q}}`, other)}
}

// withFault syncs, and each request passes through f.
func (a *tiny) withFault(f func(r *http.Request) *sandbox.Fault) error {
	a.fault = f
	defer func() { a.fault = nil }()
	return a.sync(nil)
}

// vanish changes a ticket and deletes it as it is re-fetched. The same sync
// emits the tombstone.
func vanish(a *tiny) error {
	if !a.make("tag") {
		return errNothing
	}
	a.rest()
	err := a.withFault(func(r *http.Request) *sandbox.Fault {
		if r.URL.Query().Has("ticket_ids") {
			a.make("delete")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if row := a.written["tickets"][fmt.Sprint(a.tickets[0])]; !isTombstone(row) {
		return fmt.Errorf("a ticket vanished, and has no tombstone: %.200s", row)
	}
	return nil
}

// moving changes a ticket during a long sync. The same sync emits it.
func moving(a *tiny) error {
	if len(a.bookmarks) > 0 {
		return errNothing // only a first sync is long
	}
	a.at, a.then = 2, func() { a.make("subject") }
	err := a.sync(nil)
	if a.then = nil; err != nil {
		return err
	}
	return a.compare()
}

// until syncs up to half an hour ago. It reads nothing beyond, and does not
// touch a state that is past it.
func until(k *kill) func(a *tiny) error {
	return func(a *tiny) error {
		plan := a.syncPlan()
		plan.End = a.now().Add(-30 * time.Minute)
		was := a.bookmarks["tickets"]
		past := was.Watermark.After(plan.End) || was.Scan.NextWatermark.After(plan.End)
		a.allowedWarnings = 1
		err := a.read(plan, k, nil)
		if a.allowedWarnings = 0; err != nil {
			return err
		}
		before, _ := json.Marshal(was)
		after, _ := json.Marshal(a.bookmarks["tickets"])
		if past && string(before) != string(after) {
			return fmt.Errorf("the state was past the end date, and changed from %s to %s", before, after)
		}
		return nil
	}
}

// failing syncs while a list fails. Its stream fails, and no other.
func failing(a *tiny) error {
	return a.expectFailure("tickets", func(r *http.Request) *sandbox.Fault {
		if r.URL.Path == "/api/tickets" {
			return &sandbox.Fault{Status: 502}
		}
		return nil
	})
}

// looping syncs while the page tokens of a list lead back.
func looping(a *tiny) error {
	requests := 0
	return a.expectFailure("tickets", func(r *http.Request) *sandbox.Fault {
		if r.URL.Path != "/api/tickets" || r.URL.Query().Has("ticket_ids") {
			return nil
		}
		if requests++; requests > 20 {
			return &sandbox.Fault{Status: 403}
		}
		return &sandbox.Fault{Status: 200, Body: fmt.Sprintf(`{"data":[],"object":"list","meta":{"prev_cursor":null,"next_cursor":"%d"}}`, requests%2)}
	})
}

// expectFailure syncs while the requests of a stream fail. That stream fails, and
// no other.
func (a *tiny) expectFailure(stream string, f func(r *http.Request) *sandbox.Fault) error {
	err := a.withFault(f)
	if err == nil {
		return fmt.Errorf("%s did not fail", stream)
	}
	for _, name := range a.failed {
		if name != stream {
			return err
		}
	}
	return nil
}

// rejecting syncs while tickets cannot be re-fetched. The sync warns if it had
// to, and the next one re-fetches them.
func rejecting(a *tiny) error {
	a.allowedWarnings = 1
	defer func() { a.allowedWarnings = 0 }()
	return a.withFault(func(r *http.Request) *sandbox.Fault {
		if r.URL.Query().Has("ticket_ids") {
			return &sandbox.Fault{Status: 400}
		}
		return nil
	})
}

// mixing syncs while a record that is requested by its id is another one, once.
func mixing(a *tiny) error {
	mixed := false
	return a.withFault(func(r *http.Request) *sandbox.Fault {
		if mixed || !byID.MatchString(r.URL.Path) {
			return nil
		}
		mixed = true
		return &sandbox.Fault{Status: 200, Body: `{"data":[],"object":"list"}`}
	})
}

// unresolved edits a message whose events do not name its ticket: the sync
// warns.
func unresolved(a *tiny) error {
	a.make("edit")
	a.rest()
	if err := a.expectWarning("their events name no ticket"); err != nil {
		return err
	}
	a.make("edit") // as it was
	a.rest()
	if err := a.expectWarning("their events name no ticket"); err != nil {
		return err
	}
	time.Sleep(time.Hour)
	return a.expectWarning("their events name no ticket") // the event was within the overlap
}

// gap lets the account forget an event: the sync warns.
func gap(a *tiny) error {
	a.make("customer")
	time.Sleep(20 * 24 * time.Hour)
	a.make("customer")
	a.rest()
	return a.expectWarning("reach back")
}

// expectWarning syncs, and expects one warning.
func (a *tiny) expectWarning(text string) error {
	a.allowedWarnings = 1
	defer func() { a.allowedWarnings = 0 }()
	if err := a.sync(nil); err != nil {
		return err
	}
	if len(a.warnings) != 1 || !strings.Contains(a.warnings[0], text) {
		return fmt.Errorf("expected a warning with %q, got %q", text, a.warnings)
	}
	return nil
}
