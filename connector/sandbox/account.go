package sandbox

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// A Size is the number of rows of each resource when an account begins. Zero
// stands for the number in DefaultSize, a negative number for none. There are
// at most as many surveys as tickets. If there are tickets, six imported ones
// with twelve messages come in addition: every such account has rows dated
// years back and in the future. The large resources (from Tickets to
// Recordings) may have millions of rows, which are computed when a request
// needs them; the others are stored in memory.
type Size struct {
	Tickets, Messages, Customers, Events, Surveys int
	Calls, CallEvents, Recordings                 int

	Users, Teams, Tags, Macros, Rules, Views, CustomFields, Integrations, Jobs, Widgets int
}

// DefaultSize is the size of the zero Server: small, but several lists are
// longer than a page.
var DefaultSize = Size{
	Tickets: 400, Messages: 2000, Customers: 300, Events: 1500, Surveys: 130,
	Calls: 120, CallEvents: 360, Recordings: 60,
	Users: 40, Teams: 7, Tags: 140, Macros: 150, Rules: 23, Views: 14, CustomFields: 12, Integrations: 9, Jobs: 110, Widgets: 5,
}

// withDefaults returns the numbers that s stands for.
func (s Size) withDefaults() Size {
	d := DefaultSize
	for _, f := range []struct {
		n *int
		d int
	}{
		{&s.Tickets, d.Tickets}, {&s.Messages, d.Messages}, {&s.Customers, d.Customers}, {&s.Events, d.Events},
		{&s.Surveys, d.Surveys}, {&s.Calls, d.Calls}, {&s.CallEvents, d.CallEvents}, {&s.Recordings, d.Recordings},
		{&s.Users, d.Users}, {&s.Teams, d.Teams}, {&s.Tags, d.Tags}, {&s.Macros, d.Macros}, {&s.Rules, d.Rules},
		{&s.Views, d.Views}, {&s.CustomFields, d.CustomFields}, {&s.Integrations, d.Integrations}, {&s.Jobs, d.Jobs}, {&s.Widgets, d.Widgets},
	} {
		*f.n = max(cmp.Or(*f.n, f.d), 0)
	}
	if s.Tickets == 0 { // every message belongs to a ticket
		s.Messages = 0
	}
	if s.Calls == 0 {
		s.CallEvents, s.Recordings = 0, 0
	}
	s.Surveys = min(s.Surveys, s.Tickets)
	return s
}

// An account is the data that a server serves. The caller of its methods holds
// the server's lock.
type account struct {
	seed             seed
	size             Size
	epoch            timestamp // end of the base rows, start of the changes
	subdomain, email string
	quirks           Quirks

	tickets   *table[ticket]
	messages  *table[message]
	customers *table[customer]
	events    *table[event]

	surveys, calls, callEvents, recordings                                              *table[record]
	users, teams, tags, macros, rules, views, customFields, integrations, jobs, widgets *table[record]

	recordTables  map[string]*table[record] // by path
	addedMessages map[int64][]int64         // ticket id → messages added to it by changes; some may have been moved away since
	addedSurveys  map[int64]int64           // ticket id → survey added by a change

	lag        time.Duration
	now        func() time.Time
	rand       *rand.Rand
	lastChange timestamp // of the last change
	lastSeq    uint64    // of the last version
	pending    []pendingRow
}

// A pendingRow is a row of a change that lists do not show yet.
type pendingRow struct {
	visibleAt timestamp
	show      func()
}

// newAccount generates the account of a server; its base rows end at now.
func newAccount(s *Server, now time.Time) *account {
	a := &account{
		seed: seed{s.Seed, s.Polite}, size: s.Size.withDefaults(), epoch: timestampOf(now.Truncate(time.Second)),
		subdomain: cmp.Or(s.Subdomain, "sandbox"), email: cmp.Or(s.Email, defaultEmail), quirks: s.Quirks,
		addedMessages: map[int64][]int64{}, addedSurveys: map[int64]int64{},
		lag: s.VisibilityLag, now: s.now, rand: rand.New(rand.NewPCG(s.Seed, uint64(saltChange))),
	}
	n := a.size
	start, end := a.epoch-300*day, a.epoch-2*hour
	line := func(resource uint64, n int, start timestamp) timeline {
		return timeline{seed{a.seed.number ^ resource<<32, a.seed.polite}, n, start, end}
	}
	a.tickets = newTable(base[ticket]{timeline: line(1, n.Tickets, start), first: firstTicket, stride: 3, absorbedOffset: 2, row: a.baseTicket})
	a.customers = newTable(base[customer]{timeline: line(2, n.Customers, start-day), first: firstCustomer, stride: 3, absorbedOffset: 2, row: a.baseCustomer})
	a.messages = newTable(base[message]{timeline: line(3, n.Messages, start), first: firstMessage, stride: 2, row: a.baseMessage, createdAt: a.messageCreated})
	a.events = newTable(base[event]{timeline: line(4, n.Events, start), first: firstEvent, stride: 2, row: a.baseEvent})
	a.surveys = newTable(base[record]{timeline: line(5, n.Surveys, start+5*day), first: firstSurvey, stride: 2, row: a.baseSurvey})
	a.calls = newTable(base[record]{timeline: line(6, n.Calls, start), first: firstCall, stride: 1, row: a.baseCall})
	a.callEvents = newTable(base[record]{timeline: line(7, n.CallEvents, start), first: firstCallEvent, stride: 1, row: a.baseCallEvent})
	a.recordings = newTable(base[record]{timeline: line(8, n.Recordings, start), first: firstRecording, stride: 1, row: a.baseRecording})
	a.users = storedTable(firstUser, n.Users, a.user)
	a.teams = storedTable(firstTeam, n.Teams, a.team)
	a.tags = storedTable(firstTag, n.Tags, a.tag)
	a.macros = storedTable(firstMacro, n.Macros, a.macro)
	a.rules = storedTable(firstRule, n.Rules, a.rule)
	a.views = storedTable(firstView, n.Views, a.view)
	a.customFields = storedTable(firstField, n.CustomFields, a.customField)
	a.integrations = storedTable(firstIntegration, n.Integrations, a.integration)
	a.jobs = storedTable(firstJob, n.Jobs, a.job)
	a.widgets = storedTable(firstWidget, n.Widgets, a.widget)
	a.recordTables = map[string]*table[record]{
		"satisfaction-surveys": a.surveys, "users": a.users, "teams": a.teams, "tags": a.tags, "macros": a.macros,
		"rules": a.rules, "views": a.views, "custom-fields": a.customFields, "integrations": a.integrations, "jobs": a.jobs,
		"widgets": a.widgets, "phone/voice-calls": a.calls, "phone/voice-call-events": a.callEvents,
		"phone/voice-call-recordings": a.recordings,
	}
	a.addImportedTickets()
	return a
}

// storedTable returns a table whose rows are all in memory.
func storedTable(first int64, n int, row func(i int) record) *table[record] {
	t := newTable(base[record]{first: first, stride: 1, row: row})
	for i := range n {
		t.listed[first+int64(i)] = version[record]{row: row(i)}
	}
	t.maxID = first + int64(n) - 1
	return t
}

// nextTimestamp returns the time of the next change: now, but later than the
// change before.
func (a *account) nextTimestamp() timestamp {
	a.lastChange = max(timestampOf(a.now()), a.lastChange+1)
	return a.lastChange
}

// showPending makes lists show what has become visible by now.
func (a *account) showPending() {
	now := max(timestampOf(a.now()), a.lastChange)
	for len(a.pending) > 0 && a.pending[0].visibleAt <= now {
		a.pending[0].show()
		a.pending = slices.Delete(a.pending, 0, 1)
	}
}

// schedule calls show at the given time, or with the first request after it.
func (a *account) schedule(at timestamp, show func()) {
	i, _ := slices.BinarySearchFunc(a.pending, at+1, func(p pendingRow, at timestamp) int { return cmp.Compare(p.visibleAt, at) })
	a.pending = slices.Insert(a.pending, i, pendingRow{at, show})
}
