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

// A mode is how a scenario is performed: with which pen, and whether the
// account's events are heard (read for the feed alone), selected as a stream
// too, or forbidden.
type mode struct {
	writer writer
	events string
}

var modes = []mode{{airbyteWriter, "heard"}, {airbyteWriter, "selected"}, {airbyteWriter, "forbidden"}, {singerWriter, "forbidden"}, {singerWriter, "selected"}, {singerWriter, "heard"}}

// A stage is one performance of a scenario.
type runner struct {
	*testing.T
	*scenario
	mode
	*destination
	box             *sandbox.Server
	client          *gorgias.Client
	list            []*stream.Stream // in the order of the table
	eventsForbidden bool             // events are forbidden
	pageSize        int              // rows on a page
	sequential      bool             // one list is read at a time

	n       int  // which performance of a loop this is
	variant int  // the same, begun elsewhere in each mode
	reached bool // what the n-th was to meet has been met: there is another

	mu    sync.Mutex
	fault func(*http.Request) *sandbox.Fault // is asked one at a time; nil = none

	account  map[string]map[string]string // what it holds when it is judged, by stream and key
	losses   map[string]bool              // that are expected
	warnings []string                     // that each sync gives

	// the cast: tickets of a hundred days ago and of an hour ago, with two
	// messages each; all there is of the others
	oldTickets, oldMessages, newTickets, newMessages, customers, surveys, tags []int64
}

const day = 24 * time.Hour

const forbidden = "the account's events cannot be read (GET /api/events: 403 Forbidden: You do not have enough permissions to perform this action.): " +
	"deletions and changes of old records are not captured. Use the API key of an admin, or give the app the scope events:read"

// few are one of each kind of the streams that the account's events tell of,
// and core are all of them.
var eventStreams = []string{"tickets", "ticket_tags", "ticket_messages", "satisfaction_surveys", "customers"}
var eventAndDerivedStreams = append([]string{"ticket_custom_field_values", "ticket_message_attachments", "customer_custom_field_values"}, eventStreams...)

// perform plays the scenario and reports whether, of a loop, there is another.
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
	s.box.ScheduleSurvey(s.newTickets[1]) // the watermark leaves the others behind
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
	s.sync() // at rest
	for _, key := range s.written {
		s.Errorf("written again: %s", key)
	}
	if t.Failed() {
		t.Logf("%s, events %s, n = %d", m.writer.name, m.events, n)
	}
	return c.loop && s.reached && !t.Failed()
}

func (s *runner) wait(d time.Duration) { time.Sleep(d) }

// now is the account's present.
func (s *runner) now() time.Time { return time.Now().Add(s.box.ClockOffset) }

// fail is asked by the account, from many goroutines.
func (s *runner) fail(r *http.Request) *sandbox.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == nil || s.eventsForbidden && r.URL.Path == "/api/events" { // which fails anyway
		return nil
	}
	return s.fault(r)
}

// RoundTrip is a network without wires, which writes as the scenario spells.
func (s *runner) RoundTrip(r *http.Request) (res *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	defer func() {
		if v := recover(); v == http.ErrAbortHandler { // dropped in mid-body
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

// sync reads to the end. Exactly the streams named fail.
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

// kill reads until so many states have been written. Every other time the
// records that come next are written too.
func (s *runner) kill(states int) {
	s.read(states)
	s.reached = s.reached || s.states >= states
}

func (s *runner) read(states int) {
	d := s.destination
	d.stop, d.writeRest, d.states, d.written, d.failed, d.errors, d.warned = states, s.variant%2 == 1, 0, nil, nil, nil, nil
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

// forget empties the destination.
func (s *runner) resetDestination() {
	clear(s.rows)
	s.state, s.airbyteStates = nil, map[string]json.RawMessage{}
}

// warn says of what each sync warns from now on, unless events are forbidden.
func (s *runner) expectWarnings(texts ...string) {
	if !s.eventsForbidden {
		s.warnings = texts
	}
}

// lost declares that nobody tells of something: that a stream's row of that
// key is missing, stale or a ghost.
func (s *runner) lost(what, stream string, key ...int64) {
	if s.streams[stream] != nil {
		s.losses[what+" "+stream+" "+strings.Trim(strings.ReplaceAll(fmt.Sprint(key), " ", "/"), "[]")] = true
	}
}

// lostParts declares it of all that is cut from a parent's row.
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

// lostMessages declares it of messages and of what is attached to them.
func (s *runner) lostMessages(what string, ids ...int64) {
	for _, id := range ids {
		s.lost(what, "ticket_messages", id)
		s.lostParts(what, "ticket_message_attachments", id)
	}
}

// unheard declares it where events are forbidden.
func (s *runner) lostWithoutEvents(what, stream string, key ...int64) {
	if s.eventsForbidden {
		s.lost(what, stream, key...)
	}
}

// meanwhile judges, and takes all declarations back.
func (s *runner) compareNow() {
	s.Helper()
	s.compare()
	clear(s.losses)
}

// atOnce judges what changed while the feed was at work. An events stream has
// been read by then.
func (s *runner) compareIfFeedAlone() {
	s.Helper()
	if s.events == "heard" {
		s.compare()
	}
}

// judge compares what the destination holds with what the account holds, as
// the schema of each stream conforms it. The losses are at most those declared:
// a change of a record on a page that is read anyway is not lost.
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

// truth returns the rows of a stream as the account shows them now, conformed.
func (s *runner) expected(st *stream.Stream) map[string]string {
	if s.account[st.Name] != nil {
		return s.account[st.Name]
	}
	rows := map[string]string{}
	s.account[st.Name] = rows
	var privacy *config.Privacy // the usual one
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

// plain leaves out of an old row what changes without a trace: when a message
// was opened; of jobs, calls and recordings all but the key.
func (s *runner) withoutUntracked(st *stream.Stream, raw string) string {
	switch old := st.LookbackWindow > 0 && cursorOf(st, raw).Before(s.now().Add(-st.LookbackWindow)); {
	case old && st.Name == "ticket_messages":
		return opened.ReplaceAllString(raw, "")
	case old && st.Name != "satisfaction_surveys":
		return ""
	}
	return raw
}

// past reports whether a row that is not in the account any more tells so
// itself, by what it belongs to: that is gone, or of a later date. Events are
// only forgotten.
func (s *runner) isImpliedDeletion(st *stream.Stream, raw string) bool {
	of := map[string][2]string{
		"ticket_messages": {"tickets", "ticket_id"}, "satisfaction_surveys": {"tickets", "ticket_id"},
		"ticket_tags": {"tickets", "ticket_id"}, "ticket_custom_field_values": {"tickets", "ticket_id"},
		"ticket_message_attachments": {"ticket_messages", "message_id"}, "customer_custom_field_values": {"customers", "customer_id"},
	}[st.Name]
	if of[0] == "" {
		return st.Name == "events"
	}
	parent := streams.Find(of[0])
	found, ok := s.expected(parent)[fieldOf(raw, of[1])]
	return !ok || st.Mode == stream.Derived && cursorOf(parent, found).After(cursorOf(st, raw))
}

// holds reports whether the destination's row of a stream holds some texts.
func (s *runner) contains(stream string, id int64, texts ...string) {
	s.Helper()
	for _, text := range texts {
		if got := s.rows[stream][fmt.Sprint(id)].raw; !strings.Contains(got, text) {
			s.Errorf("%s %d does not hold %s: %s", stream, id, text, got)
		}
	}
}

// ids lists the rows of a path that hold a text.
func (s *runner) ids(path, text string) (ids []int64) {
	for raw := range s.box.Each(path) {
		if strings.Contains(string(raw), text) {
			id, _ := strconv.ParseInt(fieldOf(string(raw), "id"), 10, 64)
			ids = append(ids, id)
		}
	}
	return ids
}

// ticket adds a ticket dated so long ago, and returns its id and those of its
// two messages.
func (s *runner) ticket(age time.Duration) (id int64, messages []int64) {
	at := s.now().Add(-age)
	id = s.box.AddTicket(at, at, s.now())
	return id, s.ids("messages", fmt.Sprintf(`"ticket_id":%d,`, id))
}

// The changes that follow declare what is lost of them without events.

func (s *runner) edit(messages ...int64) {
	for _, id := range messages {
		s.box.EditMessage(id)
		s.lostWithoutEvents("stale", "ticket_messages", id)
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

func (s *runner) mergeCustomers() {
	s.box.MergeCustomers(s.customers[0], s.customers[1])
	s.lostWithoutEvents("ghost", "customers", s.customers[0])
}

func (s *runner) tag(ticket int64) {
	s.box.ToggleTicketTag(ticket, s.tags[0])
	s.lostWithoutEvents("stale", "tickets", ticket)
	s.lostWithoutEvents("missing", "ticket_tags", ticket, s.tags[0])
}

// untag takes its tag off the last of the old tickets.
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

// unseen makes one of each of the changes that only events tell of.
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

// shown makes changes that the lists show.
func (s *runner) changeListed() {
	t, _ := s.ticket(0)
	s.box.AddMessage(t)
	s.box.ScheduleSurvey(t)
	s.box.EditTicketSubject(s.newTickets[0])
	s.box.CloseTicket(s.newTickets[1], true)
	s.box.EditCustomer(s.box.AddCustomer())
}

// on is a fault of the requests for a path.
func on(path string, f sandbox.Fault) func(*http.Request) *sandbox.Fault {
	return func(r *http.Request) *sandbox.Fault {
		if r.URL.Path == "/api/"+path {
			return &f
		}
		return nil
	}
}

// when does something once, as a request arrives that holds a text.
func when(text string, do func()) func(*http.Request) *sandbox.Fault {
	do = sync.OnceFunc(do)
	return func(r *http.Request) *sandbox.Fault {
		if strings.Contains(r.URL.String(), text) {
			do()
		}
		return nil
	}
}
