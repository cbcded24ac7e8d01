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
	pen    pen
	events string
}

var modes = []mode{{airbytePen, "heard"}, {airbytePen, "selected"}, {airbytePen, "forbidden"}, {singerPen, "forbidden"}, {singerPen, "selected"}, {singerPen, "heard"}}

// A stage is one performance of a scenario.
type stage struct {
	*testing.T
	*scenario
	mode
	*destination
	box    *sandbox.Server
	client *gorgias.Client
	list   []*stream.Stream // in the order of the table
	deaf   bool             // events are forbidden
	page   int              // rows on a page
	alone  bool             // one list is read at a time

	n    int  // which performance of a loop this is
	turn int  // the same, begun elsewhere in each mode
	met  bool // what the n-th was to meet has been met: there is another

	mu    sync.Mutex
	fault func(*http.Request) *sandbox.Fault // is asked one at a time; nil = none

	account  map[string]map[string]string // what it holds when it is judged, by stream and key
	losses   map[string]bool              // that are expected
	warnings []string                     // that each sync gives

	// the cast: tickets of a hundred days ago and of an hour ago, with two
	// messages each; all there is of the others
	t, m, young, fresh, customers, surveys, tags []int64
}

const day = 24 * time.Hour

const forbidden = "the account's events cannot be read (GET /api/events: 403 Forbidden: You do not have enough permissions to perform this action.): " +
	"deletions and changes of old records are not captured. Use the API key of an admin, or give the app the scope events:read"

// few are one of each kind of the streams that the account's events tell of,
// and core are all of them.
var few = []string{"tickets", "ticket_tags", "ticket_messages", "satisfaction_surveys", "customers"}
var core = append([]string{"ticket_custom_field_values", "ticket_message_attachments", "customer_custom_field_values"}, few...)

// perform plays the scenario and reports whether, of a loop, there is another.
func (c *scenario) perform(t *testing.T, m mode, n, turn int) bool {
	s := &stage{T: t, scenario: c, mode: m, deaf: m.events == "forbidden", n: n, turn: turn, page: 5, losses: map[string]bool{}}
	s.box = &sandbox.Server{Seed: 7, Limit: 1_000_000, ClockOffset: c.ahead, VisibilityLag: c.lag, Quirks: c.doubts, Fail: s.fail, Size: sandbox.Size{Tickets: 4, Messages: 8,
		Customers: 6, Events: 12, Surveys: 4, Calls: 6, CallEvents: 9, Recordings: 6, Users: 6, Teams: 6, Tags: 6, Macros: 6, Rules: 6, Views: 2, CustomFields: 6, Integrations: 2, Jobs: 6, Widgets: 2}}
	names := slices.Concat(core, c.more)
	if c.loop {
		names, s.page = slices.Concat(few, c.more), 10
	}
	switch m.events {
	case "selected":
		names = append(names, "events")
	case "forbidden":
		s.box.Forbidden, s.warnings = []string{"events"}, []string{forbidden}
	}
	s.destination = &destination{tombstone: m.pen.tombstone, streams: map[string]*stream.Stream{},
		rows: map[string]map[string]row{}, fresh: map[string]map[string]row{}, reported: map[string]int{}}
	s.forget()
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
		s.t, s.m = append(s.t, t), append(s.m, m...)
	}
	for range 2 {
		t, m := s.ticket(time.Hour)
		s.young, s.fresh = append(s.young, t), append(s.fresh, m...)
	}
	s.box.ScheduleSurvey(s.young[1]) // the watermark leaves the others behind
	s.box.ToggleTicketTag(s.t[5], s.ids("tags", "")[0])
	s.tags, s.customers = s.ids("tags", ""), []int64{s.box.AddCustomer(), s.box.AddCustomer()}
	s.pass(time.Hour)
	if !c.cold {
		s.sync()
	}
	c.play(s)
	s.sync()
	s.judge()
	s.pass(time.Hour)
	s.sync() // at rest
	for _, key := range s.written {
		s.Errorf("written again: %s", key)
	}
	if t.Failed() {
		t.Logf("%s, events %s, n = %d", m.pen.name, m.events, n)
	}
	return c.loop && s.met && !t.Failed()
}

func (s *stage) pass(d time.Duration) { time.Sleep(d) }

// now is the account's present.
func (s *stage) now() time.Time { return time.Now().Add(s.box.ClockOffset) }

// fail is asked by the account, from many goroutines.
func (s *stage) fail(r *http.Request) *sandbox.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == nil || s.deaf && r.URL.Path == "/api/events" { // which fails anyway
		return nil
	}
	return s.fault(r)
}

// RoundTrip is a network without wires, which writes as the scenario spells.
func (s *stage) RoundTrip(r *http.Request) (res *http.Response, err error) {
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
	if res = rec.Result(); s.spell != nil && res.StatusCode == http.StatusOK {
		body := s.spell(strings.TrimPrefix(r.URL.Path, "/api/"), rec.Body.Bytes())
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return res, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// sync reads to the end. Exactly the streams named fail.
func (s *stage) sync(failing ...string) {
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
func (s *stage) kill(states int) {
	s.read(states)
	s.met = s.met || s.states >= states
}

// killAfter reads until a record has been written. Its state has not.
func (s *stage) killAfter(stream string, id int64) {
	s.last = fmt.Sprint(stream, " ", id)
	s.read(-1)
	s.last = ""
}

func (s *stage) read(states int) {
	d := s.destination
	d.killed, d.stop, d.spill, d.states, d.written, d.failed, d.errors, d.warned = false, states, s.turn%2 == 1, 0, nil, nil, nil, nil
	settings, err := config.Parse([]byte(`{"subdomain":"acme","start_date":"1980-01-01","credentials":{"auth_type":"api_key","email":"a@example.com","api_key":"k"}`+s.config+`}`), false)
	if err != nil {
		s.Fatal(err)
	}
	plan := connector.NewPlan(settings, s.pen.tombstone)
	plan.Client, plan.Streams, plan.PageSize = s.client, s.list, s.page
	if s.alone {
		plan.Concurrency = 1
	}
	if err := s.pen.sync(context.Background(), d, plan); err != nil && !errors.Is(err, errKilled) && len(d.failed) == 0 {
		s.Fatal(err)
	}
}

// forget empties the destination.
func (s *stage) forget() {
	clear(s.rows)
	s.state, s.kept = nil, map[string]json.RawMessage{}
}

// warn says of what each sync warns from now on, unless events are forbidden.
func (s *stage) warn(texts ...string) {
	if !s.deaf {
		s.warnings = texts
	}
}

// lost declares that nobody tells of something: that a stream's row of that
// key is missing, stale or a ghost.
func (s *stage) lost(what, stream string, key ...int64) {
	if s.streams[stream] != nil {
		s.losses[what+" "+stream+" "+strings.Trim(strings.ReplaceAll(fmt.Sprint(key), " ", "/"), "[]")] = true
	}
}

// lostParts declares it of all that is cut from a parent's row.
func (s *stage) lostParts(what, stream string, parent int64) {
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
func (s *stage) lostMessages(what string, ids ...int64) {
	for _, id := range ids {
		s.lost(what, "ticket_messages", id)
		s.lostParts(what, "ticket_message_attachments", id)
	}
}

// unheard declares it where events are forbidden.
func (s *stage) unheard(what, stream string, key ...int64) {
	if s.deaf {
		s.lost(what, stream, key...)
	}
}

// meanwhile judges, and takes all declarations back.
func (s *stage) meanwhile() {
	s.Helper()
	s.judge()
	clear(s.losses)
}

// atOnce judges what changed while the feed was at work. An events stream has
// been read by then.
func (s *stage) atOnce() {
	s.Helper()
	if s.events == "heard" {
		s.judge()
	}
}

// judge compares what the destination holds with what the account holds, as
// the schema of each stream conforms it. The losses are at most those declared:
// a change of a record on a page that is read anyway is not lost.
func (s *stage) judge() {
	s.Helper()
	s.account = map[string]map[string]string{}
	found := map[string]string{}
	for _, stream := range s.list {
		truth, rows := s.truth(stream), s.rows[stream.Name]
		for key, want := range truth {
			switch got, ok := rows[key]; {
			case !ok || got.dead:
				found["missing "+stream.Name+" "+key] = want
			case s.plain(stream, got.raw) != s.plain(stream, want):
				found["stale "+stream.Name+" "+key] = "got " + got.raw + "\nwant " + want
			}
		}
		for key, got := range rows {
			if truth[key] == "" && !got.dead && !s.past(stream, got.raw) {
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
func (s *stage) truth(st *stream.Stream) map[string]string {
	if s.account[st.Name] != nil {
		return s.account[st.Name]
	}
	rows := map[string]string{}
	s.account[st.Name] = rows
	var privacy *config.Privacy // the usual one
	conform, err := privacy.Of(st).Compile(st.Schema(s.tombstone), nil)
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
			if s.spell != nil && !s.same {
				raw = s.spell(paths[0], raw)
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
func (s *stage) plain(st *stream.Stream, raw string) string {
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
func (s *stage) past(st *stream.Stream, raw string) bool {
	of := map[string][2]string{
		"ticket_messages": {"tickets", "ticket_id"}, "satisfaction_surveys": {"tickets", "ticket_id"},
		"ticket_tags": {"tickets", "ticket_id"}, "ticket_custom_field_values": {"tickets", "ticket_id"},
		"ticket_message_attachments": {"ticket_messages", "message_id"}, "customer_custom_field_values": {"customers", "customer_id"},
	}[st.Name]
	if of[0] == "" {
		return st.Name == "events"
	}
	parent := streams.Find(of[0])
	found, ok := s.truth(parent)[fieldOf(raw, of[1])]
	return !ok || st.Mode == stream.Derived && cursorOf(parent, found).After(cursorOf(st, raw))
}

// holds reports whether the destination's row of a stream holds some texts.
func (s *stage) holds(stream string, id int64, texts ...string) {
	s.Helper()
	for _, text := range texts {
		if got := s.rows[stream][fmt.Sprint(id)].raw; !strings.Contains(got, text) {
			s.Errorf("%s %d does not hold %s: %s", stream, id, text, got)
		}
	}
}

// ids lists the rows of a path that hold a text.
func (s *stage) ids(path, text string) (ids []int64) {
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
func (s *stage) ticket(age time.Duration) (id int64, messages []int64) {
	at := s.now().Add(-age)
	id = s.box.AddTicket(at, at, s.now())
	return id, s.ids("messages", fmt.Sprintf(`"ticket_id":%d,`, id))
}

// The changes that follow declare what is lost of them without events.

func (s *stage) edit(messages ...int64) {
	for _, id := range messages {
		s.box.EditMessage(id)
		s.unheard("stale", "ticket_messages", id)
	}
}

func (s *stage) score(survey int64) {
	s.box.AnswerSurvey(survey, 2)
	s.unheard("stale", "satisfaction_surveys", survey)
}

func (s *stage) delete(ticket int64) {
	s.box.DeleteTicket(ticket)
	s.unheard("ghost", "tickets", ticket)
}

// merge merges two of the old tickets.
func (s *stage) merge(from, into int) {
	s.box.MergeTickets(s.t[from], s.t[into])
	s.unheard("ghost", "tickets", s.t[from])
	if s.deaf {
		s.lostMessages("stale", s.m[2*from:2*from+2]...)
	}
}

// toAndFro plays a record that changes to and fro. A sync writes one version
// and its state is kept; the next one is killed as soon as it has written the
// other version, which holds a text.
func (s *stage) toAndFro(stream string, id int64, pause time.Duration, text string, change func(other bool)) {
	s.Helper()
	change(false)
	s.unheard("stale", stream, id)
	s.pass(pause)
	s.sync()
	change(true)
	s.pass(pause)
	if s.killAfter(stream, id); !s.deaf {
		s.holds(stream, id, text)
	}
	change(false)
	s.sync()
	s.judge()
}

func (s *stage) mergeCustomers() {
	s.box.MergeCustomers(s.customers[0], s.customers[1])
	s.unheard("ghost", "customers", s.customers[0])
}

func (s *stage) tag(ticket int64) {
	s.box.ToggleTicketTag(ticket, s.tags[0])
	s.unheard("stale", "tickets", ticket)
	s.unheard("missing", "ticket_tags", ticket, s.tags[0])
}

// untag takes its tag off the last of the old tickets.
func (s *stage) untag() {
	s.box.ToggleTicketTag(s.t[5], s.tags[0])
	s.unheard("stale", "tickets", s.t[5])
	s.unheard("ghost", "ticket_tags", s.t[5], s.tags[0])
}

func (s *stage) fill(ticket int64) {
	s.box.EditTicketField(ticket)
	if s.unheard("stale", "tickets", ticket); s.deaf {
		s.lostParts("missing", "ticket_custom_field_values", ticket)
	}
}

func (s *stage) imports() {
	ticket, messages := s.ticket(900 * day)
	if s.unheard("missing", "tickets", ticket); s.deaf {
		s.lostMessages("missing", messages...)
	}
}

// unseen makes one of each of the changes that only events tell of.
func (s *stage) unseen() {
	s.tag(s.t[0])
	s.fill(s.t[1])
	s.edit(s.m[2])
	s.delete(s.t[2])
	s.merge(3, 4)
	s.untag()
	s.score(s.surveys[len(s.surveys)-1])
	s.mergeCustomers()
	s.imports()
}

// shown makes changes that the lists show.
func (s *stage) shown() {
	t, _ := s.ticket(0)
	s.box.AddMessage(t)
	s.box.ScheduleSurvey(t)
	s.box.EditTicketSubject(s.young[0])
	s.box.CloseTicket(s.young[1], true)
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
