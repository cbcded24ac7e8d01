package changefeed

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// A Feed is the change feed of one sync. After the lists, it reads the
// account's events since the earliest EventWatermark, re-fetches the records
// they name, and emits tombstones for deleted ones.
//
// Events younger than the overlap are processed now and again in the next sync:
// their effect may not be visible yet. The state holds their ids, so that the
// next sync emits only what has changed since.
type Feed struct {
	*reader.Run
	// Events is the stream of the account's events.
	Events *stream.Stream
	// ChunkPages is the number of event pages that are buffered before they are
	// processed. It bounds the work that is repeated after a crash, and the size
	// of a re-fetch.
	ChunkPages int

	appliers  []*Applier
	eventList *reader.List // read for its own sake; nil if that stream is not selected

	progress
}

// progress is how far the feed has read the events.
type progress struct {
	from        time.Time      // the earliest event that matters
	startedAt   time.Time      // server time of the first page, as far as it is certain; zero before it
	first       reader.Reading // the same as it arrived
	lastEventAt time.Time
	unsorted    bool    // an event was followed by an earlier one
	incomplete  bool    // the shared list of events starts too late
	buffer      []Event // read and not yet processed
	pages       int     // of the buffer
	resolver    resolver
}

// DefaultChunkPages is the usual number of pages per chunk.
const DefaultChunkPages = 20

// Add makes a list wait for the feed.
func (f *Feed) Add(l *reader.List, c *Changes) {
	l.Emissions = reader.NewEmissions()
	f.appliers = append(f.appliers, &Applier{List: l, changes: c, unresolved: map[int64]bool{}, lostTickets: map[int64]bool{}})
}

// Waits reports whether any list waits for the feed.
func (f *Feed) Waits() bool { return len(f.appliers) > 0 }

// Share makes the feed read the list of events that the user selected, instead
// of one of its own. It reports whether that list should be read before, beside the
// others, where responses are slow: a first scan of it is long, and the feed needs
// only what comes meanwhile.
func (f *Feed) Share(l *reader.List) (before bool) {
	f.eventList = l
	l.ReadAgain = slices.ContainsFunc(l.Outputs, func(o *reader.Output) bool { return o.Bookmark.Watermark.IsZero() }) //rule:events-are-read-beside-the-lists
	return l.ReadAgain
}

// active are the lists with outputs that still wait.
func (f *Feed) active() []*Applier {
	return slices.DeleteFunc(slices.Clone(f.appliers), func(a *Applier) bool { return len(a.Awaiting()) == 0 })
}

// Execute reads and applies the events, and ends each output that waits.
func (f *Feed) Execute(ctx context.Context) {
	defer func() {
		if v := recover(); v != nil {
			for _, a := range f.appliers {
				f.fail(ctx, a, &reader.Panic{Value: v, Stack: debug.Stack()})
			}
		}
	}()
	f.reset()
	if f.readShared(ctx) || len(f.active()) > 0 && f.readEvents(ctx) { //rule:change-feed-runs
		f.processChunk(ctx, true)
	}
	f.askForSuspects(ctx) //rule:suspects-are-asked-for
	for _, a := range f.active() {
		if n := len(a.unresolved); n > 0 { //rule:unresolved-messages-are-reported
			a.Warn(a.output(), fmt.Sprintf("%d changed messages could not be re-fetched: their events name no ticket. Run a full refresh of %s", n, a.Source.Name))
		}
		for _, o := range a.Awaiting() {
			if ctx.Err() != nil {
				a.Fail(ctx, o, ctx.Err())
				continue
			}
			a.Done(o)
		}
	}
}

// reset starts from the event watermarks.
func (f *Feed) reset() {
	f.progress = progress{}
	for _, a := range f.active() {
		a.unresolved = map[int64]bool{}
		if at := a.eventWatermark(); f.from.IsZero() || at.Before(f.from) {
			f.from = at
		}
	}
}

// eventWatermark is the time up to which all outputs of the list have processed
// the events.
func (a *Applier) eventWatermark() (at time.Time) {
	for _, o := range a.Awaiting() {
		if at.IsZero() || o.Bookmark.EventWatermark.Before(at) {
			at = o.Bookmark.EventWatermark
		}
	}
	return at
}

// fail ends with err the outputs of a list that still wait.
func (f *Feed) fail(ctx context.Context, a *Applier, err error) {
	for _, o := range a.Awaiting() {
		a.Fail(ctx, o, err)
	}
}

// warn emits a warning about the feed once, with the first output that waits.
func (f *Feed) warn(format string, args ...any) {
	for _, a := range f.active() {
		a.Warn(a.Awaiting()[0], fmt.Sprintf(format, args...))
		return
	}
}

// readShared reads the events along with the stream of events, if it is
// selected. It reports whether those were all that matter.
func (f *Feed) readShared(ctx context.Context) bool {
	if f.eventList == nil {
		return false
	}
	if f.eventList.ReadAgain && !slices.ContainsFunc(f.eventList.Outputs, (*reader.Output).Open) {
		return false // it failed
	}
	f.eventList.ReadAgain = false
	f.eventList.OnPage = func(page *reader.Page, info reader.ScanInfo) { f.consumeFrom(ctx, page, info) }
	f.eventList.Execute(ctx, reader.Incremental{})
	return f.eventList.Finished && !f.incomplete
}

// consumeFrom consumes a page of the stream of events, if its scan started
// early enough.
func (f *Feed) consumeFrom(ctx context.Context, page *reader.Page, info reader.ScanInfo) {
	if f.startedAt.IsZero() {
		f.incomplete = info.From.After(f.from) || info.Resumed && info.From.Equal(f.from) //rule:shared-events-reach-back
	}
	f.incomplete = f.incomplete || info.Resumed && info.Unsorted
	if f.incomplete || len(f.active()) == 0 {
		return
	}
	f.consume(ctx, page)
}

// readEvents reads the events for the feed alone: only those that matter, if
// the server accepts the filter. It reports whether it has read them all.
func (f *Feed) readEvents(ctx context.Context) bool {
	f.reset()
	query := f.query()
	err := f.readList(ctx, query)
	if gorgias.Is(err, gorgias.ClientError) && query.Has("types") { //rule:rejected-type-filter-is-dropped
		query.Del("types") // the filter is documented, and has not been seen to work
		f.reset()
		err = f.readList(ctx, query)
	}
	switch {
	case err == nil:
		return len(f.active()) > 0
	case gorgias.Is(err, gorgias.Forbidden) || gorgias.Is(err, gorgias.NotFound) || gorgias.Is(err, gorgias.ClientError):
		f.warn("the account's events cannot be read (%v): deletions and changes of old records are not captured. %s", err, //rule:forbidden-events-are-reported
			"Use the API key of an admin, or give the app the scope events:read")
	default: // the lists are complete, and what they do not show comes with the next sync
		for _, a := range f.active() {
			f.fail(ctx, a, err) //rule:unread-events-fail-loudly
		}
	}
	return false
}

// readList consumes the list of events.
func (f *Feed) readList(ctx context.Context, query url.Values) error {
	for page, err := range f.Pages(ctx, f.Events, f.Events.Path, query, "", nil) {
		if err != nil {
			return err
		}
		if f.consume(ctx, page); len(f.active()) == 0 {
			return nil
		}
	}
	if n := f.Unusable(f.Events); n > 0 {
		f.warn("%d events were left out: their id is not an integer of 64 bits. What they show is not captured", n)
	}
	return nil
}

// query filters the list of events by time and type.
func (f *Feed) query() url.Values {
	return url.Values{f.Events.SinceParam: {f.from.UTC().Format(reader.SinceLayout)}, "types": f.eventTypes()}
}

// eventTypes are those that matter to any list.
func (f *Feed) eventTypes() []string {
	var types []string
	for _, a := range f.active() {
		types = append(types, a.changes.EventTypes...)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// consume buffers a page of events, and processes them when a chunk is full.
func (f *Feed) consume(ctx context.Context, page *reader.Page) {
	wanted := f.eventTypes()
	if f.startedAt.IsZero() {
		f.first = page.Reading
		f.warnRetentionGap(ctx, page)
	}
	f.startedAt = f.Certain(f.first) //rule:server-clock-starts-change-feed
	if page.Restarted {
		f.lastEventAt = time.Time{}
	}
	for _, rec := range page.Records {
		at := rec.Cursor
		if f.unsorted = f.unsorted || at.Before(f.lastEventAt); !f.unsorted {
			f.lastEventAt = at
		}
		typ := eventType(rec.Raw)
		if slices.Contains(wanted, typ) && !at.Before(f.from) {
			f.buffer = append(f.buffer, newEvent(rec, typ))
		}
	}
	if len(page.Records) > 0 { // an empty page cannot name the ticket that a deferred event waits for
		f.pages++
	}
	if f.pages >= f.ChunkPages && page.NextToken != "" {
		f.processChunk(ctx, false)
	}
}

// warnRetentionGap warns if the account no longer has events that matter. Only
// a gap of more than a day before the first event is worth a request.
func (f *Feed) warnRetentionGap(ctx context.Context, page *reader.Page) {
	const day = 24 * time.Hour
	if f.from.Before(time.Unix(0, 0)) { // when the events began to matter was not certain
		return
	}
	first := page.ServerTime
	if n := len(page.Records); n > 0 {
		first = page.Records[0].Cursor
		if first.After(page.Records[n-1].Cursor) {
			return // the list has another order: the first event is not the oldest
		}
	}
	if first.Sub(f.from) < day { //rule:event-retention-gap-is-reported
		return
	}
	oldest, err := f.FetchPage(ctx, f.Events, f.Events.Path, url.Values{"limit": {"1"}}, "")
	if err != nil || len(oldest.Records) == 0 {
		return
	}
	// What is certain of the time can be that of the oldest event itself.
	if at := oldest.Records[0].Cursor; at.Sub(f.from) > f.Overlap+gorgias.ClockTolerance {
		f.warn("the account's events reach back to %s only: deletions and changes of old records between %s and then are not captured. Run a full refresh to capture the changes",
			at.Format(time.DateTime), f.from.Format(time.DateTime))
	}
}

// processChunk applies the buffered events. After the final chunk, all events
// are processed up to the time at which everything had become visible; before,
// up to the last one of the chunk.
func (f *Feed) processChunk(ctx context.Context, final bool) {
	events, deferred := f.resolver.resolve(f.buffer, final)
	// An event can be needed again to resolve a message of the same operation.
	upTo := f.lastEventAt.Add(-f.Overlap)
	for _, e := range deferred {
		upTo = state.MinTime(upTo, e.At)
	}
	if final {
		upTo = f.startedAt
	}
	active := f.active()
	slices.SortStableFunc(active, func(a, b *Applier) int { return cmp.Compare(b.Source.BelongsTo, a.Source.BelongsTo) }) // messages first: reading them shows their tickets
	for _, a := range active {
		f.locate(events)
		own := a.eventsOf(events)
		switch {
		case a.refetchUnavailable:
		case !final && a.changes.AtEnd:
			deferred = append(deferred, own...)
		default:
			f.apply(ctx, a, own, upTo, final)
		}
	}
	f.buffer, f.pages = deferred, 0
}

// locate sets the tickets of messages that this sync has read and whose events do
// not name them.
func (f *Feed) locate(events []Event) {
	for i, e := range events {
		if !e.ofMessage() || e.ticket() != 0 {
			continue
		}
		for _, a := range f.appliers {
			if a.Source.BelongsTo != "" {
				events[i].TicketID = a.Emissions.Get(e.ObjectID).Owner //rule:read-messages-show-their-tickets
			}
		}
	}
}

// eventsOf returns the events that matter to a list.
func (a *Applier) eventsOf(events []Event) (own []Event) {
	from := a.eventWatermark()
	for _, e := range events {
		if slices.Contains(a.changes.EventTypes, e.Type) && !e.At.Before(from) {
			own = append(own, e)
		}
	}
	return own
}

// apply applies events to a list and stores that in the states of its outputs.
func (f *Feed) apply(ctx context.Context, a *Applier, events []Event, upTo time.Time, final bool) {
	f.refetch(ctx, a, events)
	if !a.refetchUnavailable {
		for _, e := range events {
			if !e.ofMessage() || !a.unresolved[e.ObjectID] {
				a.processed = append(a.processed, e)
			}
		}
	}
	for _, o := range a.Awaiting() {
		if !a.refetchUnavailable && (final || !f.unsorted) { //rule:unavailable-refetch-keeps-watermark
			o.Bookmark.EventWatermark = state.MaxTime(o.Bookmark.EventWatermark, state.MinTime(upTo, f.startedAt.Add(-f.Overlap))) //rule:events-are-reprocessed-over-overlap
		}
		a.storeProcessed(o, final)
		a.EmitRecords(o, nil)
	}
}

// refetch applies events to a list. If the API rejects that, it is unavailable; on
// another error the list fails.
func (f *Feed) refetch(ctx context.Context, a *Applier, events []Event) {
	err := a.changes.Apply(ctx, a, events)
	switch {
	case gorgias.Is(err, gorgias.ClientError) || gorgias.Is(err, gorgias.Forbidden): //rule:unavailable-refetch-keeps-stream
		a.refetchUnavailable = true // the list itself has been read: the stream is complete but for these changes
		f.warn("the records of %s that events name cannot be re-fetched (%v): changes of old records are not captured", a.Source.Name, err)
	case err != nil:
		f.fail(ctx, a, err)
	}
}

// askForSuspects asks for the records that were missing when their list was read
// again, as if an event said that they were deleted.
func (f *Feed) askForSuspects(ctx context.Context) {
	var events []Event
	for _, a := range f.active() {
		for _, o := range a.Awaiting() {
			for _, m := range o.Bookmark.Reconciliation.Suspects {
				e := Event{Missing: true, At: f.LastServerTime(), Type: a.changes.DeletedType, ObjectID: m.ID, TicketID: m.Owner}
				if o.Stream.Derive != nil { // the record that it was derived from may be missing, too
					e.ObjectID, e.TicketID = m.Owner, 0 //rule:owners-of-suspects-are-asked-for
				}
				events = append(events, e)
			}
		}
	}
	for _, a := range f.active() {
		own := slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return !slices.Contains(a.changes.EventTypes, e.Type) })
		if len(own) == 0 || a.refetchUnavailable {
			continue
		}
		if f.refetch(ctx, a, own); a.refetchUnavailable {
			continue
		}
		for _, o := range a.Awaiting() {
			r := &o.Bookmark.Reconciliation
			r.Emit(a.present(o, r.Suspects)) //rule:suspects-that-exist-are-kept
			r.Suspects = nil
			a.EmitRecords(o, nil)
		}
	}
}

// present returns the suspects of an output that exist, as far as this sync has seen. No
// slice has them any longer. A record exists if it got no tombstone; what was derived from
// another one, if that does.
func (a *Applier) present(o *reader.Output, suspects state.Members) (all []state.Emitted) {
	for _, m := range suspects {
		id := m.ID
		if o.Stream.Derive != nil {
			id = m.Owner
		}
		em := a.Emissions.Get(id)
		if o.Stream.Derive != nil && em.ReadAt.IsZero() {
			continue
		}
		if em.Record != nil {
			if !em.Record.Created.IsZero() {
				m.Created = stream.Seconds(em.Record.Created)
			}
		}
		all = append(all, state.Emitted{Member: m})
	}
	return all
}

// storeProcessed stores the ids of the processed events that the next sync
// reads again. After the final chunk, those of earlier syncs are among them.
func (a *Applier) storeProcessed(o *reader.Output, final bool) {
	var ids []int64
	for _, e := range a.processed {
		if !e.At.Before(o.Bookmark.EventWatermark) { //rule:event-ids-are-kept-over-overlap
			ids = append(ids, e.ID)
		}
	}
	if final && !a.refetchUnavailable {
		o.Bookmark.EventIDs = nil
	}
	o.Bookmark.EventIDs = o.Bookmark.EventIDs.With(ids)
}

// Forecast estimates what the feed will request. A first sync processes only
// what happens while the lists are read.
func (f *Feed) Forecast(ctx context.Context) (reader.Estimate, error) {
	e := reader.Estimate{Streams: []string{"changes found through the change feed"}, Accuracy: reader.AtLeast}
	f.appliers = slices.DeleteFunc(f.appliers, func(a *Applier) bool { return a.eventWatermark().IsZero() })
	f.reset()
	if f.from.IsZero() {
		e.Description = "changes made while the lists are read"
		if f.eventList == nil {
			e.Requests = 1
		}
		return e, nil
	}
	e.Description = "events since " + f.from.UTC().Format(time.DateTime) + ", and the records they name"
	if f.eventList != nil {
		e.Description += "; the stream of events is read in any case"
		return e, nil
	}
	page, err := f.FetchPage(ctx, f.Events, f.Events.Path, f.query(), "")
	if err != nil {
		return e, err
	}
	e.Requests, e.Records = 1, len(page.Records)
	if n := len(page.Records); page.NextToken != "" && n > 1 {
		first, last := page.Records[0].Cursor, page.Records[n-1].Cursor
		more := int(float64(n-1) * page.ServerTime.Sub(last).Seconds() / max(1, last.Sub(first).Seconds()))
		e.Requests, e.Records = 1+max(1, reader.Pages(more)), e.Records+more
	}
	return e, nil
}

// Shared returns the list of events that the user selected; nil if there is
// none.
func (f *Feed) Shared() *reader.List { return f.eventList }
