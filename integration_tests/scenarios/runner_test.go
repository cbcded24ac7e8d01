package scenarios

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// A mode is how a scenario is run: with which writer, and whether the stream of
// events is left to the change feed, selected too, or forbidden.
type mode struct {
	writer writer
	events string
}

var modes = []mode{{airbyteWriter, "feed"}, {airbyteWriter, "selected"}, {airbyteWriter, "forbidden"}, {singerWriter, "forbidden"}, {singerWriter, "selected"}, {singerWriter, "feed"}}

// A runner runs a scenario once.
type runner struct {
	*testing.T
	*scenario
	mode
	*destination
	box             *sandbox.Server
	client          *gorgias.Client
	list            []*stream.Stream // in the order of the table
	eventsForbidden bool             // no access to events
	pageSize        int              // rows per page
	sequential      bool             // one list is read at a time

	n       int  // the turn of a loop
	variant int  // the same, with another start in each mode
	reached bool // the n-th page, request or state was reached: there is another turn

	mu    sync.Mutex
	fault func(*http.Request) *sandbox.Fault // called one at a time; nil is none

	account  map[string]map[string]string // its rows when they are compared, by stream and key
	losses   map[string]bool              // that are expected
	warnings []string                     // that each sync emits

	// tickets of a hundred days ago and of an hour ago, with two messages each;
	// all of the others
	oldTickets, oldMessages, newTickets, newMessages, customers, surveys, tags []int64
}

const day = 24 * time.Hour

const forbidden = "the account's events cannot be read (GET /api/events: 403 Forbidden: You do not have enough permissions to perform this action.): " +
	"deletions and changes of old records are not captured. Use the API key of an admin, or give the app the scope events:read"

// eventStreams are one stream of each kind whose changes the account's events
// show. eventAndDerivedStreams are all of them.
var eventStreams = []string{"tickets", "ticket_tags", "ticket_messages", "satisfaction_surveys", "customers"}
var eventAndDerivedStreams = append([]string{"ticket_custom_field_values", "ticket_message_attachments", "customer_custom_field_values"}, eventStreams...)

// run runs the scenario. It reports whether a loop has another turn.
func (c *scenario) run(t *testing.T, m mode, n, turn int) bool {
	s := &runner{T: t, scenario: c, mode: m, eventsForbidden: m.events == "forbidden", n: n, variant: turn, pageSize: 5, losses: map[string]bool{}}
	s.box = &sandbox.Server{Seed: 7, Limit: 1_000_000, ClockOffset: c.clockOffset, VisibilityLag: c.visibilityLag, Quirks: c.quirks, Fail: s.fail, Size: sandbox.Size{Tickets: 4, Messages: 8,
		Customers: 6, Events: 12, Surveys: 4, Calls: 6, CallEvents: 9, Recordings: 6, Users: 6, Teams: 6, Tags: 6, Macros: 6, Rules: 6, Views: 2, CustomFields: 6, Integrations: 2, Jobs: 6, Widgets: 2}}
	names := slices.Concat(eventAndDerivedStreams, c.more)
	if c.loop {
		names, s.pageSize = slices.Concat(eventStreams, c.more), 10
	}
	switch m.events {
	case "selected":
		names = append(names, "events")
	case "forbidden":
		s.box.Forbidden, s.warnings = []string{"events"}, []string{forbidden}
	}
	s.destination = &destination{tombstone: m.writer.tombstone, streams: map[string]*stream.Stream{},
		rows: map[string]map[string]row{}, pending: map[string]map[string]row{}, reported: map[string]int{}}
	s.resetDestination()
	for _, stream := range streams.All() {
		if slices.Contains(names, stream.Name) {
			s.list, s.streams[stream.Name] = append(s.list, stream), stream
		}
	}
	var err error
	if s.client, err = gorgias.New(gorgias.Options{Origin: "https://acme.gorgias.com", Auth: gorgias.Basic("sandbox@example.com", "sandbox-key"), Transport: s}); err != nil {
		t.Fatal(err)
	}
	s.surveys = s.ids("satisfaction-surveys", "") // the oldest last
	for range 6 {
		t, m := s.ticket(100 * day)
		s.oldTickets, s.oldMessages = append(s.oldTickets, t), append(s.oldMessages, m...)
	}
	for range 2 {
		t, m := s.ticket(time.Hour)
		s.newTickets, s.newMessages = append(s.newTickets, t), append(s.newMessages, m...)
	}
	for _, t := range slices.Concat(s.oldTickets, s.newTickets[1:]) { // a page of surveys that are newer than the others
		s.box.ScheduleSurvey(t)
	}
	s.box.ToggleTicketTag(s.oldTickets[5], s.ids("tags", "")[0])
	s.tags, s.customers = s.ids("tags", ""), []int64{s.box.AddCustomer(), s.box.AddCustomer()}
	s.wait(time.Hour)
	if !c.noFirstSync {
		s.sync()
	}
	c.play(s)
	s.sync()
	s.compare()
	s.wait(time.Hour)
	s.sync() // without changes
	for _, key := range s.written {
		s.Errorf("emitted again: %s", key)
	}
	if t.Failed() {
		t.Logf("%s, events %s, n = %d", m.writer.name, m.events, n)
	}
	return c.loop && s.reached && !t.Failed()
}

func (s *runner) wait(d time.Duration) { time.Sleep(d) }

// now is the account's time.
func (s *runner) now() time.Time { return time.Now().Add(s.box.ClockOffset) }

// fail is called by the account, from several goroutines.
func (s *runner) fail(r *http.Request) *sandbox.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == nil || s.eventsForbidden && r.URL.Path == "/api/events" { // it fails anyway
		return nil
	}
	return s.fault(r)
}

// RoundTrip is a network without connections, which applies the rewrite of the
// scenario.
func (s *runner) RoundTrip(r *http.Request) (res *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	defer func() {
		if v := recover(); v == http.ErrAbortHandler { // closed within the body
			res, err = rec.Result(), nil
			res.Body = io.NopCloser(io.MultiReader(res.Body, broken{}))
		} else if v != nil {
			panic(v)
		}
	}()
	s.box.ServeHTTP(rec, r)
	if res = rec.Result(); s.rewrite != nil && res.StatusCode == http.StatusOK {
		body := s.rewrite(strings.TrimPrefix(r.URL.Path, "/api/"), rec.Body.Bytes())
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return res, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// sync reads to the end. Exactly the named streams fail.
func (s *runner) sync(failing ...string) {
	s.Helper()
	s.read(-1)
	slices.Sort(failing)
	slices.Sort(s.failed)
	if got := slices.Compact(s.failed); !slices.Equal(got, failing) {
		s.Errorf("the streams %v failed, expected %v: %v", got, failing, s.errors)
	}
	if !slices.EqualFunc(s.warned, s.warnings, strings.Contains) {
		s.Errorf("warned of %q, expected %q", s.warned, s.warnings)
	}
}

// kill reads until so many states are written. Every other time, the records
// that follow are written too.
func (s *runner) kill(states int) {
	s.read(states)
	s.reached = s.reached || s.states >= states
}

// killAfter reads until a record is written, and loses its state.
func (s *runner) killAfter(stream string, id int64) {
	s.last = fmt.Sprint(stream, " ", id)
	s.read(-1)
	s.last = ""
}

func (s *runner) read(states int) {
	d := s.destination
	d.killed, d.stop, d.writeRest, d.states, d.written, d.failed, d.errors, d.warned = false, states, s.variant%2 == 1, 0, nil, nil, nil, nil
	settings, err := config.Parse([]byte(`{"subdomain":"acme","start_date":"1980-01-01","credentials":{"auth_type":"api_key","email":"a@example.com","api_key":"k"}`+s.config+`}`), false)
	if err != nil {
		s.Fatal(err)
	}
	plan := connector.NewPlan(settings, s.writer.tombstone)
	plan.Client, plan.Streams, plan.PageSize = s.client, s.list, s.pageSize
	if s.sequential {
		plan.Concurrency = 1
	}
	if err := s.writer.sync(context.Background(), d, plan); err != nil && !errors.Is(err, errKilled) && len(d.failed) == 0 {
		s.Fatal(err)
	}
}

// resetDestination empties the destination.
func (s *runner) resetDestination() {
	clear(s.rows)
	s.state, s.airbyteStates = nil, map[string]json.RawMessage{}
}

// expectWarnings sets the warnings that each sync emits from now on, unless
// no access to events.
func (s *runner) expectWarnings(texts ...string) {
	if !s.eventsForbidden {
		s.warnings = texts
	}
}

// lost declares a loss: a stream's row of a key is missing, stale, or a ghost
// that the account no longer has.
func (s *runner) lost(what, stream string, key ...int64) {
	if s.streams[stream] != nil {
		s.losses[what+" "+stream+" "+strings.Trim(strings.ReplaceAll(fmt.Sprint(key), " ", "/"), "[]")] = true
	}
}

// lostParts declares it of all rows derived from a parent's row.
func (s *runner) lostParts(what, stream string, parent int64) {
	cut := streams.Find(stream)
	for raw := range s.box.Each(cut.Parent.Path) {
		for _, part := range cut.Derive(raw) {
			if key := keyOf(cut, string(part)); s.streams[stream] != nil && strings.HasPrefix(key, fmt.Sprint(parent, "/")) {
				s.losses[what+" "+stream+" "+key] = true
			}
		}
	}
}

// lostMessages declares it of messages and their attachments.
func (s *runner) lostMessages(what string, ids ...int64) {
	for _, id := range ids {
		s.lost(what, "ticket_messages", id)
		s.lostParts(what, "ticket_message_attachments", id)
	}
}

// lostWithoutEvents declares it if events are forbidden.
func (s *runner) lostWithoutEvents(what, stream string, key ...int64) {
	if s.eventsForbidden {
		s.lost(what, stream, key...)
	}
}

// compareNow compares, and removes all declarations.
func (s *runner) compareNow() {
	s.Helper()
	s.compare()
	clear(s.losses)
}

// compareIfFeedAlone compares what changed while the feed was reading. A
// selected stream of events has been read by then.
func (s *runner) compareIfFeedAlone() {
	s.Helper()
	if s.events == "feed" {
		s.compare()
	}
}

// compare compares the destination with the account, whose rows are conformed
// to the schema of each stream. The losses are at most those declared: a change
// of a record on a page that is read anyway is not lost.
func (s *runner) compare() {
	s.Helper()
	s.account = map[string]map[string]string{}
	found := map[string]string{}
	for _, stream := range s.list {
		truth, rows := s.expected(stream), s.rows[stream.Name]
		for key, want := range truth {
			switch got, ok := rows[key]; {
			case !ok || got.deleted:
				found["missing "+stream.Name+" "+key] = want
			case s.withoutUntracked(stream, got.raw) != s.withoutUntracked(stream, want):
				found["stale "+stream.Name+" "+key] = "got " + got.raw + "\nwant " + want
			}
		}
		for key, got := range rows {
			if truth[key] == "" && !got.deleted && !s.isImpliedDeletion(stream, got.raw) {
				found["ghost "+stream.Name+" "+key] = got.raw
			}
		}
	}
	for _, what := range slices.Sorted(maps.Keys(found)) {
		if !s.losses[what] {
			s.Errorf("%s: %.2500s", what, found[what])
		}
	}
}

// expected returns the rows of a stream as the account lists them now,
// conformed.
func (s *runner) expected(st *stream.Stream) map[string]string {
	if s.account[st.Name] != nil {
		return s.account[st.Name]
	}
	rows := map[string]string{}
	s.account[st.Name] = rows
	var privacy *config.Privacy // the default
	conform, err := privacy.Rules(st).Compile(st.Schema(s.tombstone), nil)
	if err != nil {
		s.Fatal(err)
	}
	paths, cut := []string{st.Path}, st.Derive
	switch st.Mode {
	case stream.Derived:
		paths[0] = st.Parent.Path
	case stream.PerParent:
		paths = nil
		for _, id := range s.ids(st.Parent.Path, "") {
			paths = append(paths, strings.Replace(st.Path, "{id}", fmt.Sprint(id), 1))
		}
		cut = func(raw json.RawMessage) []json.RawMessage {
			id := strings.Split(paths[0], "/")[1]
			return []json.RawMessage{fmt.Appendf(nil, `{%q:%s,%s`, st.Key[0], id, raw[1:])}
		}
	default:
		cut = func(raw json.RawMessage) []json.RawMessage { return []json.RawMessage{raw} }
	}
	for ; len(paths) > 0; paths = paths[1:] {
		for raw := range s.box.Each(paths[0]) {
			if s.rewrite != nil && !s.rewriteKeepsMeaning {
				raw = s.rewrite(paths[0], raw)
			}
			for _, part := range cut(raw) {
				out, _, err := conform.Append(nil, part)
				if err != nil {
					s.Fatal(err)
				}
				rows[keyOf(st, string(out))] = string(out)
			}
		}
	}
	return rows
}

var opened = regexp.MustCompile(`"opened_datetime":("[^"]*"|null)`)

// withoutUntracked removes from an old row what changes without an event: when
// a message was opened; of jobs, calls and recordings all but the key.
func (s *runner) withoutUntracked(st *stream.Stream, raw string) string {
	switch old := st.LookbackWindow > 0 && cursorOf(st, raw).Before(s.now().Add(-st.LookbackWindow)); {
	case old && st.Name == "ticket_messages":
		return opened.ReplaceAllString(raw, "")
	case old && st.Name != "satisfaction_surveys":
		return ""
	}
	return raw
}

// isImpliedDeletion reports whether a row that the account no longer has is
// outdated by its parent, which is gone or newer. Events are only dropped by
// the account, and a survey goes with its ticket only if a quirk says so.
func (s *runner) isImpliedDeletion(st *stream.Stream, raw string) bool {
	of := map[string][2]string{
		"ticket_messages": {"tickets", "ticket_id"}, "satisfaction_surveys": {"tickets", "ticket_id"},
		"ticket_tags": {"tickets", "ticket_id"}, "ticket_custom_field_values": {"tickets", "ticket_id"},
		"ticket_message_attachments": {"ticket_messages", "message_id"}, "customer_custom_field_values": {"customers", "customer_id"},
	}[st.Name]
	if of[0] == "" || st.Name == "satisfaction_surveys" && !s.quirks.DeletedTicketsTakeSurveys {
		return st.Name == "events"
	}
	parent := streams.Find(of[0])
	found, ok := s.expected(parent)[fieldOf(raw, of[1])]
	return !ok || st.Mode == stream.Derived && cursorOf(parent, found).After(cursorOf(st, raw))
}

// contains checks that the destination's row of a stream contains some strings.
func (s *runner) contains(stream string, id int64, texts ...string) {
	s.Helper()
	for _, text := range texts {
		if got := s.rows[stream][fmt.Sprint(id)].raw; !strings.Contains(got, text) {
			s.Errorf("%s %d does not hold %s: %s", stream, id, text, got)
		}
	}
}

// ids returns the ids of the rows of a path that contain a string.
func (s *runner) ids(path, text string) (ids []int64) {
	for raw := range s.box.Each(path) {
		if strings.Contains(string(raw), text) {
			id, _ := strconv.ParseInt(fieldOf(string(raw), "id"), 10, 64)
			ids = append(ids, id)
		}
	}
	return ids
}

// ticket adds a ticket that was created so long ago, and returns its id and
// those of its two messages.
func (s *runner) ticket(age time.Duration) (id int64, messages []int64) {
	at := s.now().Add(-age)
	id = s.box.AddTicket(at, at, s.now())
	return id, s.ids("messages", fmt.Sprintf(`"ticket_id":%d,`, id))
}

// The following changes declare what is lost without events.

func (s *runner) edit(messages ...int64) {
	for _, id := range messages {
		s.box.EditMessage(id)
		s.lostWithoutEvents("stale", "ticket_messages", id)
	}
}

// deleteMessage deletes messages, which changes their tickets.
func (s *runner) deleteMessage(messages ...int64) {
	for _, id := range messages {
		for raw := range s.box.Each("messages") {
			if ticket, _ := strconv.ParseInt(fieldOf(string(raw), "ticket_id"), 10, 64); fieldOf(string(raw), "id") == fmt.Sprint(id) {
				s.lostWithoutEvents("stale", "tickets", ticket)
			}
		}
		s.box.DeleteMessage(id)
		s.lostWithoutEvents(map[bool]string{true: "ghost", false: "stale"}[s.quirks.DeletedMessagesVanish], "ticket_messages", id)
	}
}

func (s *runner) answerSurvey(survey int64) {
	s.box.AnswerSurvey(survey, 2)
	s.lostWithoutEvents("stale", "satisfaction_surveys", survey)
}

func (s *runner) delete(ticket int64) {
	s.box.DeleteTicket(ticket)
	s.lostWithoutEvents("ghost", "tickets", ticket)
}

// merge merges two of the old tickets.
func (s *runner) merge(from, into int) {
	s.box.MergeTickets(s.oldTickets[from], s.oldTickets[into])
	s.lostWithoutEvents("ghost", "tickets", s.oldTickets[from])
	if s.eventsForbidden {
		s.lostMessages("stale", s.oldMessages[2*from:2*from+2]...)
	}
}

// changeAndRevert changes a record and reverts the change. The sync of the
// changed version, which contains a text, is killed before its state is written.
func (s *runner) changeAndRevert(stream string, id int64, pause time.Duration, text string, change func(other bool)) {
	s.Helper()
	change(false)
	s.lostWithoutEvents("stale", stream, id)
	s.wait(pause)
	s.sync()
	change(true)
	s.wait(pause)
	if s.killAfter(stream, id); !s.eventsForbidden {
		s.contains(stream, id, text)
	}
	change(false)
	s.sync()
	s.compare()
}

func (s *runner) mergeCustomers() {
	s.box.MergeCustomers(s.customers[0], s.customers[1])
	s.lostWithoutEvents("ghost", "customers", s.customers[0])
}

func (s *runner) tag(ticket int64) {
	s.box.ToggleTicketTag(ticket, s.tags[0])
	s.lostWithoutEvents("stale", "tickets", ticket)
	s.lostWithoutEvents("missing", "ticket_tags", ticket, s.tags[0])
}

// untag removes the tag of the last old ticket.
func (s *runner) untag() {
	s.box.ToggleTicketTag(s.oldTickets[5], s.tags[0])
	s.lostWithoutEvents("stale", "tickets", s.oldTickets[5])
	s.lostWithoutEvents("ghost", "ticket_tags", s.oldTickets[5], s.tags[0])
}

func (s *runner) setCustomField(ticket int64) {
	s.box.EditTicketField(ticket)
	if s.lostWithoutEvents("stale", "tickets", ticket); s.eventsForbidden {
		s.lostParts("missing", "ticket_custom_field_values", ticket)
	}
}

func (s *runner) importTicket() {
	ticket, messages := s.ticket(900 * day)
	if s.lostWithoutEvents("missing", "tickets", ticket); s.eventsForbidden {
		s.lostMessages("missing", messages...)
	}
}

// changeUnlisted makes one change of each kind that only events show.
func (s *runner) changeUnlisted() {
	s.tag(s.oldTickets[0])
	s.setCustomField(s.oldTickets[1])
	s.edit(s.oldMessages[2])
	s.delete(s.oldTickets[2])
	s.merge(3, 4)
	s.untag()
	s.answerSurvey(s.surveys[len(s.surveys)-1])
	s.mergeCustomers()
	s.importTicket()
}

// changeListed makes changes that the lists show.
func (s *runner) changeListed() {
	t, _ := s.ticket(0)
	s.box.AddMessage(t)
	s.box.ScheduleSurvey(t)
	s.box.EditTicketSubject(s.newTickets[0])
	s.box.CloseTicket(s.newTickets[1], true)
	s.box.EditCustomer(s.box.AddCustomer())
}

// on returns a fault for the requests of a path.
func on(path string, f sandbox.Fault) func(*http.Request) *sandbox.Fault {
	return func(r *http.Request) *sandbox.Fault {
		if r.URL.Path == "/api/"+path {
			return &f
		}
		return nil
	}
}

// when calls a function once, when a request arrives that contains a string.
func when(text string, do func()) func(*http.Request) *sandbox.Fault {
	do = sync.OnceFunc(do)
	return func(r *http.Request) *sandbox.Fault {
		if strings.Contains(r.URL.String(), text) {
			do()
		}
		return nil
	}
}
