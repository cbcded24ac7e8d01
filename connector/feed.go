package connector

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-gorgias/connector/gorgias"
)

// A feed hears the account's events, once the lists have been read, and tells
// what the lists could not: records are read again that changed without being
// dated anew, and deletions become tombstones.
//
// What it heeds goes from each stream's Heard to the last event there is. What
// happened within the overlap before the lists were read may not have been
// visible yet: it is heeded now, and the next time again.
type feed struct {
	*round
	tasks []*task // the lists that have been read, and wait
	lists []*task // of events, that are read for their own sake

	from     time.Time // the earliest event that is wanted
	again    time.Time // events up to here may have been heeded before
	began    time.Time // the server's time at the first page; zero before it
	last     time.Time // the instant of the last event heard
	unsorted bool      // an event came after one that is later
	partial  bool      // the list of events began too late
	events   []event   // heard and not yet heeded
	pages    int       // on which they were

	places map[string]int64 // tickets of the chapter before, by the context of its events

	lost map[int64]bool // messages that changed, and nobody can say where
}

// chapter is how many pages of events are heard before they are heeded: so
// much is heard again after a kill, and so many re-reads are put together.
const chapter = 20

// kinds are the types of events that are heeded for the streams of a list. All
// other events say nothing that the list does not show: what else happens to a
// ticket or a customer moves its updated_datetime.
func kinds(source *Stream) []string {
	switch source.Name {
	case "tickets":
		return []string{"ticket-created", "ticket-updated", "ticket-tags-added", "ticket-tags-removed", "ticket-marked-spam",
			"ticket-unmarked-spam", "ticket-trashed", "ticket-untrashed", "ticket-customer-updated", "ticket-split",
			"ticket-merged", "ticket-deleted"}
	case "ticket_messages":
		// Those of tickets tell where messages went, and which ticket a message
		// belongs to: one that happened in the same context.
		return []string{"ticket-message-created", "ticket-message-updated", "ticket-message-failed", "ticket-message-deleted",
			"ticket-updated", "ticket-split", "ticket-merged", "ticket-deleted"}
	case "satisfaction_surveys":
		return []string{"satisfaction-survey-sent", "satisfaction-survey-responded"}
	case "customers":
		return []string{"customer-merged", "customer-deleted"}
	}
	return nil
}

// Heeds returns the types of events that are heeded for the stream, or for the
// one it is cut from; none if the lists show all that can be known of it.
func (s *Stream) Heeds() []string {
	if s.Mode == Derived {
		s = Find(s.Parent)
	}
	return kinds(s)
}

// feed splits off from the tasks what belongs to the feed. If no stream has
// anything to hear, that is nothing.
func (r *round) feed(tasks []*task) ([]*task, *feed) {
	f := &feed{round: r}
	for _, t := range tasks {
		if slices.ContainsFunc(t.members, func(m *member) bool { return m.fed }) {
			t.sights = map[int64]sight{}
			f.tasks = append(f.tasks, t)
		}
	}
	if len(f.tasks) == 0 {
		return tasks, f // events are a list like any other
	}
	tasks = slices.DeleteFunc(tasks, func(t *task) bool {
		if t.source.Name == "events" {
			f.lists = append(f.lists, t)
			return true
		}
		return false
	})
	return tasks, f
}

// fed are the members of t that still wait for the feed.
func (t *task) fed() []*member {
	return slices.DeleteFunc(slices.Clone(t.members), func(m *member) bool { return !m.fed || m.over })
}

// listening are the tasks with members that still wait.
func (f *feed) listening() []*task {
	return slices.DeleteFunc(slices.Clone(f.tasks), func(t *task) bool { return len(t.fed()) == 0 })
}

// run hears and heeds, and ends each of the streams that wait.
func (f *feed) run(ctx context.Context) {
	defer func() {
		if v := recover(); v != nil {
			for _, t := range f.tasks {
				f.fail(ctx, t, &Panic{Value: v, Stack: debug.Stack()})
			}
		}
	}()
	f.begin()
	heard := false
	for _, t := range f.lists {
		if !heard {
			t.hear = func(page *gorgias.Page, w *walker) { f.overhear(ctx, page, w) }
		}
		t.run(ctx)
		heard = heard || !t.began.IsZero() && !f.partial
	}
	if len(f.listening()) > 0 && (heard || f.listen(ctx)) {
		f.heed(ctx, true)
	}
	if len(f.lost) > 0 {
		f.warn("%d messages changed that could not be found: the account's events do not say to which tickets they belong; a full refresh of ticket_messages brings them up to date", len(f.lost))
	}
	for _, t := range f.listening() {
		for _, m := range t.fed() {
			if ctx.Err() != nil {
				t.fail(ctx, m, ctx.Err())
				continue
			}
			t.send(m, Batch{Bookmark: m.mark, Last: true})
		}
	}
}

// begin sets out from what the streams have heard before.
func (f *feed) begin() {
	*f = feed{round: f.round, tasks: f.tasks, lists: f.lists, lost: map[int64]bool{}}
	for _, t := range f.listening() {
		if heard := t.heard(); f.from.IsZero() || heard.Before(f.from) {
			f.from = heard
		}
		for _, m := range t.fed() {
			f.again = later(f.again, m.mark.EventWatermark.Add(f.Overlap))
		}
	}
}

// heard is up to when all members that wait have heeded the events.
func (t *task) heard() (at time.Time) {
	for _, m := range t.fed() {
		if at.IsZero() || m.mark.EventWatermark.Before(at) {
			at = m.mark.EventWatermark
		}
	}
	return at
}

// fail ends with err the streams of a list that still wait.
func (f *feed) fail(ctx context.Context, t *task, err error) {
	for _, m := range t.fed() {
		t.fail(ctx, m, err)
	}
}

// warn says something of the feed once, with the first stream that waits.
func (f *feed) warn(format string, args ...any) {
	for _, t := range f.listening() {
		m := t.fed()[0]
		t.send(m, Batch{Bookmark: m.mark, Warning: fmt.Sprintf(format, args...)})
		return
	}
}

// listen reads the events for the feed's own sake: only those it heeds, if the
// server lets itself be asked for them. It reports whether it heard them all.
func (f *feed) listen(ctx context.Context) bool {
	events := &task{round: f.round, source: Find("events")}
	f.begin()
	query := f.query()
	for {
		var fault error
		for page, err := range events.pages(ctx, events.source, events.source.Path, query) {
			if fault = err; err != nil {
				break
			}
			if f.hear(ctx, page); len(f.listening()) == 0 {
				return false
			}
		}
		switch {
		case fault == nil:
			return true
		case is(fault, gorgias.ClientError) && query.Has("types"):
			query.Del("types") // that the list takes them is documented, and not proved
			f.begin()
			continue
		case is(fault, gorgias.Unauthorized) || ctx.Err() != nil:
			for _, t := range f.listening() {
				f.fail(ctx, t, fault)
			}
		case is(fault, gorgias.Forbidden) || is(fault, gorgias.NotFound) || is(fault, gorgias.ClientError):
			f.warn("the account's events cannot be read (%v): deletions, and changes of what is old, are not captured. %s", fault,
				"Use the API key of an admin, or give the app the scope events:read")
		default:
			f.warn("the account's events could not be read (%v): deletions, and changes of what is old, are captured by the next sync", fault)
		}
		return false
	}
}

// query asks for the events that are heeded.
func (f *feed) query() url.Values {
	var types []string
	for _, t := range f.listening() {
		types = append(types, kinds(t.source)...)
	}
	slices.Sort(types)
	return url.Values{Find("events").SinceParam: {f.from.UTC().Format(sinceLayout)}, "types": slices.Compact(types)}
}

// overhear takes the events from pages that are read in any case, if they
// begin early enough.
func (f *feed) overhear(ctx context.Context, page *gorgias.Page, w *walker) {
	if f.began.IsZero() {
		f.partial = w.reach.After(f.from) || w.resumed && w.reach.Equal(f.from)
	}
	f.partial = f.partial || w.resumed && w.mark.Unsorted
	if f.partial || len(f.listening()) == 0 {
		return
	}
	f.hear(ctx, page)
}

// An event is what the feed keeps of one.
type event struct {
	at      time.Time
	kind    string
	object  int64  // what it happened to
	ticket  int64  // of a message; 0 if it is not said
	other   int64  // what was merged into the object, or split off from it; 0 if nothing was
	removed []id   // tags taken off
	context string // of events that are one operation
	late    bool
}

// eventJSON is an event as the API writes it; its data depends on the type.
type eventJSON struct {
	Context string `json:"context"`
	Object  id     `json:"object_id"`
	Data    struct {
		Ticket         id   `json:"ticket_id"`
		SourceTicket   id   `json:"source_ticket_id"`
		SplitInto      id   `json:"split_into_ticket"`
		SourceCustomer id   `json:"source_customer_id"`
		Removed        []id `json:"tags_removed"`
	} `json:"data"`
}

// An id is one however it is written: a number, a number in a text, or an
// object that has one. What is none of these is 0.
type id int64

func (i *id) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '{' {
		raw = field(raw, "id")
	}
	*i = id(number(raw))
	return nil
}

// number reads a whole number; 0 if it is none.
func number(raw []byte) int64 {
	if len(raw) > 1 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	n, _ := strconv.ParseInt(string(raw), 10, 64)
	return n
}

// hear takes note of a page of events, and heeds a chapter of them.
func (f *feed) hear(ctx context.Context, page *gorgias.Page) {
	wanted := map[string]bool{}
	for _, t := range f.listening() {
		for _, kind := range kinds(t.source) {
			wanted[kind] = true
		}
	}
	if f.began.IsZero() {
		f.began = page.ServerTime
		f.reachesBack(ctx, page)
	}
	for _, raw := range page.Records {
		at := cursorOf(raw, "created_datetime")
		if f.unsorted = f.unsorted || at.Before(f.last); !f.unsorted {
			f.last = at
		}
		var kind string
		_ = json.Unmarshal(field(raw, "type"), &kind) // not a text: not wanted
		if !wanted[kind] || at.Before(f.from) {
			continue
		}
		var e eventJSON
		_ = json.Unmarshal(raw, &e) // what does not fit is left out
		f.events = append(f.events, event{at: at, kind: kind, object: int64(e.Object), ticket: int64(e.Data.Ticket), context: e.Context,
			other:   int64(cmp.Or(e.Data.SourceTicket, e.Data.SplitInto, e.Data.SourceCustomer)),
			removed: e.Data.Removed})
	}
	// What may have been heeded before is heeded as one: a record was written then
	// because of the last that had happened to it.
	if f.pages++; f.pages >= chapter && page.NextToken != "" && (f.last.After(f.again) || f.unsorted) {
		f.heed(ctx, false)
	}
}

// reachesBack warns if the account has forgotten events that are wanted. Only
// a gap of more than a day before the first one is worth a request.
func (f *feed) reachesBack(ctx context.Context, page *gorgias.Page) {
	const day = 24 * time.Hour
	first := page.ServerTime
	if n := len(page.Records); n > 0 {
		first = cursorOf(page.Records[0], "created_datetime")
		if first.After(cursorOf(page.Records[n-1], "created_datetime")) {
			return // it comes in another order, and the first of it is no oldest one
		}
	}
	if first.Sub(f.from) < day {
		return
	}
	events := &task{round: f.round, source: Find("events")}
	oldest, err := events.get(ctx, events.source, events.source.Path, url.Values{"limit": {"1"}}, "")
	if err != nil || len(oldest.Records) == 0 {
		return
	}
	if at := cursorOf(oldest.Records[0], "created_datetime"); at.After(f.from) {
		f.warn("the account's events reach back to %s only: deletions, and changes of what was old, between %s and then are not captured; a full refresh brings all up to date",
			at.Format(time.DateTime), f.from.Format(time.DateTime))
	}
}

// heed acts on what was heard. If these were the last events, they are heeded
// for good up to where all of them had become visible; else up to the last of
// them.
func (f *feed) heed(ctx context.Context, final bool) {
	late := f.locate(final)
	upto := f.last
	for _, e := range late {
		upto = earlier(upto, e.at)
	}
	if final {
		upto = f.began
	}
	for _, t := range f.listening() {
		// Surveys are read again together: their list is read on but once.
		if t.deaf || !final && t.source.Name == "satisfaction_surveys" {
			continue
		}
		err := f.retell(ctx, t)
		if is(err, gorgias.ClientError) || is(err, gorgias.Forbidden) {
			t.deaf = true // the list itself has been read: the stream is sound
			f.warn("what the account's events tell of %s cannot be read again (%v): changes of what is old are not captured", t.source.Name, err)
		} else if err != nil {
			f.fail(ctx, t, err)
			continue
		}
		for _, m := range t.fed() {
			if !t.deaf && (final || !f.unsorted) {
				m.mark.EventWatermark = later(m.mark.EventWatermark, earlier(upto, f.began.Add(-f.Overlap)))
			}
			t.send(m, Batch{Bookmark: m.mark})
		}
	}
	for _, e := range f.events {
		if !final && strings.HasPrefix(e.kind, "satisfaction-survey-") {
			late = append(late, e)
		}
	}
	f.events, f.pages = late, 0
}

// locate finds the tickets of the messages whose events do not name them, by
// the events of the same context, in this chapter and the one before. It takes
// out, and returns, those that may be found among the events that come next.
func (f *feed) locate(final bool) (late []event) {
	tickets := map[string]int64{}
	for _, e := range f.events {
		if e.kind == "ticket-updated" {
			tickets[e.context] = e.object
		}
	}
	var found []event
	for _, e := range f.events {
		if strings.HasPrefix(e.kind, "ticket-message-") && e.ticket == 0 {
			if e.ticket = cmp.Or(tickets[e.context], f.places[e.context]); e.ticket == 0 && !final && !e.late {
				e.late = true
				late = append(late, e)
				continue
			}
		}
		found = append(found, e)
	}
	f.events, f.places = found, tickets
	return late
}
