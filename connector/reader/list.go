package reader

import (
	"bytes"
	"context"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"source-gorgias/connector/reconcile/sketch"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// A List is one list of the account and the streams that are made from it: one
// request serves them all.
type List struct {
	*Run
	Source *stream.Stream
	// Outputs are made from the list's records, Children from lists below each
	// of its records.
	Outputs  []*Output
	Children []*Output
	// OnPage, if set, sees each page once it is emitted.
	OnPage func(*Page, ScanInfo)
	// Comparer, if set, compares what scans read again with what earlier ones have read.
	Comparer Comparer
	// Emissions are what this sync read of the list, for the change feed; nil if
	// it needs none.
	Emissions *Emissions
	// EndToken is the page token at which the last scan ended; "" at the end of
	// the list.
	EndToken string
	// ReadAgain is set if the list is read once more in this sync: its outputs stay open.
	ReadAgain bool
	// Finished is set once an ordered list has been read.
	Finished bool
	// Reconcile, if set, reads on in the list after its scan.
	Reconcile func(context.Context, *List) error

	unproven404Reported atomic.Bool
}

// An Output is one stream that is made from a list, during a sync.
type Output struct {
	Stream   *stream.Stream
	Bookmark state.Bookmark
	// HasEvents is set if the account's events show changes of the records.
	HasEvents bool
	// AwaitsEvents is set if the stream ends after the change feed, not after
	// its list.
	AwaitsEvents bool

	lowerBound time.Time // records before it have been read by earlier syncs, or lie before the start
	firstScan  bool      // no scan has finished yet
	clamped    bool      // the bookmark was later than the server's present
	started    bool
	listDone   bool
	windowDue  bool // this sync re-reads the lookback window
	ended      bool
	newBefore  time.Time            // the first scan emits for the first time what is not dated later
	emitted    []state.Emitted      // in the batch that is being made
	leftOut    int                  // elements without a key, of a Derived stream
	derived    map[uint32]state.IDs // the elements of the records being emitted
	read       map[int64]bool       // unfinished records that this sync has read
}

// NewOutput returns the output of a stream from its bookmark.
func NewOutput(s *stream.Stream, b state.Bookmark) *Output {
	if !s.Incremental() {
		b = state.FullRefresh()
	}
	return &Output{Stream: s, Bookmark: b}
}

// All returns the outputs and the children.
func (l *List) All() []*Output { return append(append([]*Output{}, l.Outputs...), l.Children...) }

// A Comparer emits some of the rows that a scan reads, if they have changed.
type Comparer interface {
	// Begin is called before the first page of a scan is emitted.
	Begin()
	// Holds reports whether a row is not emitted with its page.
	Holds(*Output, stream.Record) bool
	// Compare sees each page once it is emitted, and the last one before the scan counts
	// as finished.
	Compare(*Page, ScanInfo)
}

// Open reports whether o has not ended.
func (o *Output) Open() bool { return !o.ended }

// HasRead reports whether the scan under way emits all that is new to o from a cursor
// value on, and earlier scans have emitted the rest.
func (o *Output) HasRead(from time.Time) bool { return !o.firstScan && !from.Before(o.lowerBound) }

// Awaiting returns the outputs that still wait for events.
func (l *List) Awaiting() (outputs []*Output) {
	for _, o := range l.Outputs {
		if o.AwaitsEvents && !o.ended {
			outputs = append(outputs, o)
		}
	}
	return outputs
}

// Execute reads the list and what is below it. It ends each output with Done or
// an error, except those that wait for events.
func (l *List) Execute(ctx context.Context, r Reader) {
	all := l.All()
	if ctx.Err() != nil { // the whole sync ended before this list started
		l.failAll(ctx, all, ctx.Err())
		return
	}
	defer func() {
		if v := recover(); v != nil {
			l.failAll(ctx, all, &Panic{Value: v, Stack: debug.Stack()})
		}
	}()
	for _, o := range all {
		if !o.started {
			o.started = true
			l.send(o, Batch{Kind: Started})
		}
	}
	l.Finished = false
	l.endPastOutputs()
	if len(l.Outputs)+len(l.Children) == 0 {
		return
	}
	if err := r.Read(ctx, l); err != nil {
		l.failAll(ctx, all, err)
	}
}

// endPastOutputs ends the outputs that were read beyond the end date before.
func (l *List) endPastOutputs() {
	var outputs []*Output
	for _, o := range l.Outputs {
		if !l.pastEnd(o) {
			outputs = append(outputs, o)
			continue
		}
		l.Warn(o, "the state is past the end date: nothing was read, and the state stays as it is. To read an interval again, give no state")
		l.Done(o)
	}
	l.Outputs = outputs
}

// pastEnd reports whether o was read beyond the end date before: nothing is
// left to read, or what is left belongs to a sync without that date, whose scan
// position would be lost. Re-scanning past the end date without emitting would
// mark records as read that were never emitted.
func (r *Run) pastEnd(o *Output) bool {
	return !r.End.IsZero() && (o.Bookmark.Watermark.After(r.End) || o.Bookmark.Scan.NextWatermark.After(r.End)) //rule:state-past-end-date-is-kept
}

// beyondEnd reports whether a time lies after the end date.
func (r *Run) beyondEnd(at time.Time) bool { return !r.End.IsZero() && at.After(r.End) }

// EmitRecords emits a page's records of o with its bookmark: a checkpoint.
func (r *Run) EmitRecords(o *Output, records []stream.Record) {
	r.send(o, Batch{Kind: Records, Records: records})
}

// Warn emits a warning.
func (r *Run) Warn(o *Output, text string) { r.send(o, Batch{Kind: Warning, Warning: text}) }

// Done ends o, with an error if rows were left out.
func (r *Run) Done(o *Output) {
	if err := r.keyError(o.Stream); err != nil { //rule:left-out-rows-fail-the-stream
		r.end(o, err)
		return
	}
	r.warnOfValues(o)
	o.ended = true
	r.send(o, Batch{Kind: Done})
}

func (r *Run) send(o *Output, b Batch) {
	b.Stream, b.Bookmark = o.Stream, o.Bookmark
	b.ReadingEvents = o.AwaitsEvents && o.listDone && !o.ended
	r.Emit(b, nil)
}

// Fail ends o with an error, unless it has already ended. If the sync was
// canceled, the error is the cause of that.
func (r *Run) Fail(ctx context.Context, o *Output, err error) {
	if o.ended {
		return
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	r.end(o, err)
}

func (r *Run) end(o *Output, err error) {
	r.warnOfValues(o)
	o.ended = true
	r.Emit(Batch{Stream: o.Stream, Bookmark: o.Bookmark}, err) //rule:failed-stream-is-not-complete,failed-stream-keeps-state
}

func (l *List) failAll(ctx context.Context, outputs []*Output, err error) {
	for _, o := range outputs {
		l.Fail(ctx, o, err)
	}
}

// An Item is a record on its way to the outputs of its list.
type Item struct {
	stream.Record
	// At is the time up to which the record's fingerprint matters.
	At time.Time
	// Events are the ids of the events because of which it was re-fetched.
	Events []int64
	// Emitted is set if this sync has already emitted this version.
	Emitted bool
}

// dedupe returns the records of o that are new to it, and the fingerprints of
// all items. A record that was re-fetched is new if one of its events has not
// been processed: a sync that was killed may have emitted another version
// without a trace.
func (r *Run) dedupe(o *Output, items []Item) (records []stream.Record, read []stream.Fingerprint) {
	for _, it := range items {
		read = append(read, it.Fingerprint(it.At))
		switch {
		case it.Emitted, !o.IsNew(it):
		case o.Stream.Derive == nil:
			records = append(records, it.Record)
			r.note(o, it.Record, it.Owner, it.ID(), it.Version())
		default:
			records = append(records, r.derive(o, it.Record)...)
		}
	}
	return records, read
}

// note notes that a record is emitted, rec itself or what was derived from it.
func (r *Run) note(o *Output, rec stream.Record, owner, id int64, v stream.Version) {
	if r.ReconcileEvery == 0 || rec.Created.IsZero() {
		return // it has no place in the order
	}
	isNew := rec.Origin == stream.Listed && rec.Cursor.Before(o.newBefore)
	o.emitted = append(o.emitted, state.Emitted{Member: state.NewMember(owner, id, rec.Created), Version: v, New: isNew})
}

// derive returns the records of a Derived stream that are in a new version of rec,
// and tombstones for those that were in an earlier one.
func (r *Run) derive(o *Output, rec stream.Record) (records []stream.Record) {
	var ids []int64
	leftOut := o.leftOut
	for _, raw := range o.Stream.DeriveFrom(rec) {
		if !o.Stream.HasKey(raw) { //rule:elements-without-a-key-are-left-out
			o.leftOut++
			continue
		}
		records = append(records, stream.Record{Raw: raw, Origin: rec.Origin})
		id := stream.Integer(stream.Field(raw, o.Stream.ID()))
		ids = append(ids, id)
		r.note(o, rec, rec.ID(), id, stream.VersionOf(raw))
	}
	if !o.Stream.Deletable || o.leftOut > leftOut { // what was left out may be what seems to be removed
		return records
	}
	if o.derived == nil {
		o.derived = map[uint32]state.IDs{}
	}
	key := stream.HashKey(rec.Key)
	was, known := o.derived[key]
	if !known {
		was = o.Bookmark.Elements.Of(key)
	}
	o.derived[key] = state.IDs(nil).With(ids)
	for _, id := range was {
		if r.Tombstone != "" && !slices.Contains(ids, id) { //rule:removed-elements-get-tombstones
			records = append(records, o.Stream.NewTombstone(r.Tombstone, rec.Cursor, rec.ID(), id))
			o.Bookmark.Reconciliation.Delete(sketch.Element{Owner: rec.ID(), ID: id})
		}
	}
	return records
}

// IsNew reports whether o has not emitted this version of a record, or must
// emit it again because of an event.
func (o *Output) IsNew(it Item) bool {
	return !o.Bookmark.Fingerprints.Has(it.Fingerprint(it.At)) || !o.Bookmark.EventIDs.HasAll(it.Events) //rule:unprocessed-events-emit-again
}

// Knows reports whether an output that waits has the fingerprint of a version of a
// record, so that another version shows a change.
func (l *List) Knows(rec stream.Record) bool {
	return slices.ContainsFunc(l.Awaiting(), func(o *Output) bool { return o.Bookmark.Fingerprints.Knows(rec.Fingerprint(rec.Cursor)) })
}

// fingerprintMargin is how many fingerprints are kept of records that no scan
// needs: those that stand on the last page of an incremental scan all the same.
const fingerprintMargin = MaxPageSize

// fingerprintHorizon is the cursor value down to which o may read a record
// again: in its scans, or because the change feed starts there.
func (l *List) fingerprintHorizon(o *Output) time.Time {
	watermark, windowReadAt := o.Bookmark.Watermark, o.Bookmark.WindowReadAt
	if watermark.IsZero() {
		watermark = o.Bookmark.Scan.NextWatermark
	}
	if windowReadAt.IsZero() {
		windowReadAt = watermark
	}
	horizon := state.MinTime(watermark.Add(-l.Overlap), windowReadAt.Add(-l.Window(l.Source)))
	if o.HasEvents {
		horizon = state.MinTime(horizon, o.Bookmark.EventWatermark)
	}
	return horizon
}

// remember adds fingerprints to the bookmark of o.
func (l *List) remember(o *Output, read []stream.Fingerprint) {
	o.Bookmark.Fingerprints = o.Bookmark.Fingerprints.With(read, l.fingerprintHorizon(o), fingerprintMargin)
	if len(o.derived)+len(o.Bookmark.Elements) > 0 {
		o.Bookmark.Elements = o.Bookmark.Elements.With(o.derived, o.Bookmark.Fingerprints)
	}
	o.derived = nil
	o.Bookmark.Reconciliation.Emit(o.emitted)
	o.emitted = nil
}

// EmitChanges emits what the change feed found: items to those outputs that
// wait and to which they are new, and tombstones to their streams.
func (l *List) EmitChanges(items []Item, tombstones []TombstoneItem) {
	for _, t := range tombstones {
		if t.Stream == l.Source {
			l.Emissions.Delete(t.ID()) // what was emitted of the record before does not count
		}
	}
	for _, o := range l.Awaiting() {
		if records := l.changesOf(o, items, tombstones); len(records) > 0 {
			l.EmitRecords(o, records) //rule:event-watermark-moves-after-chunk
		}
	}
}

// changesOf returns the records of o that are new to it, and its tombstones.
func (l *List) changesOf(o *Output, items []Item, tombstones []TombstoneItem) []stream.Record {
	records, read := l.dedupe(o, items)
	for _, t := range tombstones {
		if t.Stream != o.Stream || l.Tombstone == "" { //rule:deletions-become-tombstones
			continue
		}
		read = append(read, t.Fingerprint(t.At))
		emitted := slices.ContainsFunc(records, func(rec stream.Record) bool { return rec.Origin == stream.Tombstone && bytes.Equal(rec.Key, t.Key) })
		if !emitted && o.IsNew(t.Item) {
			records = append(records, t.Record)
			o.Bookmark.Reconciliation.Delete(t.Element)
		}
	}
	l.remember(o, read)
	return records
}

// Reread keeps the fingerprints of records that were read again and are not emitted,
// where o has that of another version: what it shows of them is as it was.
func (l *List) Reread(o *Output, records []stream.Record) {
	var read []stream.Fingerprint
	for _, rec := range records {
		if fp := rec.Fingerprint(rec.Cursor); o.Bookmark.Fingerprints.Knows(fp) && !o.Bookmark.Fingerprints.Has(fp) {
			read = append(read, fp)
		}
	}
	if len(read) > 0 {
		l.remember(o, read)
	}
}

// EmitReconciled emits what was read again and may have changed to o, as far as it is
// new, and then stores the reconciliation; nil keeps that which notes what is emitted.
func (l *List) EmitReconciled(o *Output, items []Item, tombstones []TombstoneItem, r *state.Reconciliation) {
	for more := true; more; {
		n := min(len(items), MaxPageSize)
		more = n < len(items)
		var removed []TombstoneItem
		if !more {
			removed = tombstones
		}
		records := l.changesOf(o, items[:n], removed)
		if r != nil {
			r.Round.Changed += len(records)
		}
		if r != nil && !more {
			o.Bookmark.Reconciliation = *r
		}
		l.EmitRecords(o, records)
		items = items[n:]
	}
}

// A TombstoneItem is the record of a deletion on its way to its stream.
type TombstoneItem struct {
	Item
	Stream *stream.Stream
	// Element identifies the deleted record in its stream.
	Element sketch.Element
}

// NewTombstone returns the record that says that a record of s was deleted: its
// key, the time of the deletion, and the cursor with the same time. changed is
// the time of the last event that shows the deletion.
func (r *Run) NewTombstone(s *stream.Stream, deleted, changed time.Time, events []int64, key ...int64) TombstoneItem {
	rec := s.NewTombstone(r.Tombstone, deleted, key...)
	e := sketch.Element{ID: key[len(key)-1]}
	if len(key) > 1 {
		e.Owner = key[0]
	}
	return TombstoneItem{Item{Record: rec, At: state.MaxTime(changed, deleted), Events: events}, s, e}
}
