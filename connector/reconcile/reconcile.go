// Package reconcile reads lists again that have been read, and compares them with
// what the destination got: it finds changes that neither a date nor an event shows,
// and records that have vanished.
//
// # Parts
//
// A round reads a list once from end to end, in the order in which its records were
// created, newest first: new records do not disturb that. Each sync reads the parts
// that are due, so that the rounds of a list take equally long and cost equally much
// each day. What lies within the lookback window is read more often, by the scan.
//
// # Slices
//
// The state knows of each slice of a list, some thousand records that were created
// one after the other, the sums of their versions and a sketch of their ids
// ([state.Slice]). If the sums agree with what the list shows, nothing is written.
// Otherwise the records are written that count in the sums that do not. The sketch
// names the records that are missing in the list, up to [state.SketchCapacity] of
// them. These are suspects: the change feed asks for each by its id, and only that
// proves a deletion.
//
// What else a sync emits is kept as a list of recent records until their slice is
// read. So a state that was rolled back, or a list that shows too little or too much,
// can make records be written again or be asked for, and no more.
package reconcile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// Attach makes each sync of a list compare what its scan reads and, after that, read the
// parts that are due. It emits what has changed and stores the suspects in the bookmarks.
func Attach(l *reader.List) {
	missing := unnamed{}
	if l.Source.Created != "" && l.Source.Created == l.Source.Cursor && l.ReconcileEvery > 0 {
		l.Comparer = &watch{List: l, missing: missing}
	}
	l.Reconcile = func(ctx context.Context, l *reader.List) error {
		err := readDue(ctx, l, missing)
		missing.warn(l)
		return err
	}
}

// readDue reads the parts of a list that are due: the rest of a round, and what is due of
// the next one.
func readDue(ctx context.Context, l *reader.List, missing unnamed) error {
	for range 2 {
		p := newPass(l)
		p.unnamed = missing
		if len(p.outputs) == 0 || p.read >= p.due || p.open.to.Unix() <= 0 {
			return nil
		}
		if err := p.readAll(ctx); err != nil {
			return err
		}
		if p.round.FinishedAt.IsZero() || p.round.FinishedAt.After(p.now) || l.ReconcileNow { //rule:next-round-begins-at-once
			return nil
		}
	}
	return nil
}

// readAll reads the parts of the round that are due.
func (p *pass) readAll(ctx context.Context) error {
	err := p.readParts(ctx)
	if gorgias.Is(err, gorgias.ClientError) && p.Source.ByCreation != nil { //rule:rejected-order-keeps-stream
		p.giveUp(fmt.Sprintf("the list cannot be read in the order of creation (%v)", err))
		return nil
	}
	switch {
	case err != nil:
		return err
	case p.unsorted:
		p.giveUp("the list is not in the order of creation")
	case p.isLate():
		p.Warn(p.outputs[0], fmt.Sprintf("the reconciliation of %s is late: parts of it have been due for more than a day, and this sync has sent as many requests as it may. Sync more often, set reconcile_days to a higher number, or set reconcile_now once", p.Source.Name))
	}
	return nil
}

// unnamed are the parts of each output in which too many records are missing.
type unnamed map[*reader.Output][]*part

// warn reports them, once for each output.
func (u unnamed) warn(l *reader.List) {
	for _, o := range l.Outputs {
		parts := u[o]
		if len(parts) == 0 {
			continue
		}
		from, to := parts[0].from, parts[0].to
		for _, of := range parts {
			from, to = state.MinTime(from, of.from), state.MaxTime(to, of.to)
		}
		remedy := "Run a full refresh of " + o.Stream.Name + " to remove them"
		if l.Source.BelongsTo != "" {
			remedy += fmt.Sprintf(", or leave out the records whose %s is that of no record", l.Source.BelongsTo)
		}
		l.Warn(o, fmt.Sprintf("records that were created between %s and %s are missing in the list, or have moved: more than %d at once. They cannot be named, and stay in the destination. %s",
			spell(from), spell(to), state.SketchCapacity, remedy))
		delete(u, o)
	}
}

// Forecast estimates what readDue would request. It reports false if nothing is due.
func Forecast(l *reader.List) (e reader.Estimate, due bool) {
	p := newPass(l)
	if len(p.outputs) == 0 || p.read >= p.due {
		return e, false
	}
	part := max(p.due-p.read, p.RowsPerSlice(p.rowsKnown))
	e.Description, e.Accuracy = "again, to find what neither a date nor an event shows", reader.About
	e.Requests = 1 + reader.Pages(max(0, min(part, p.rowsKnown-p.read))) // what has not changed is not written
	for _, o := range p.outputs {
		e.Streams = append(e.Streams, o.Stream.Name)
	}
	return e, true
}

// giveUp ends the round. The next one tries again when this one would have ended.
func (p *pass) giveUp(why string) {
	p.Warn(p.outputs[0], why+": what neither a date nor an event shows is not found")
	for _, o := range p.outputs {
		o.Bookmark.Reconciliation.Round.FinishedAt = p.now.Add(p.ReconcileEvery)
		p.EmitRecords(o, nil)
	}
}

// isLate reports whether records are left that were due a day ago.
func (p *pass) isLate() bool {
	return p.dueAt(p.now.Add(-24*time.Hour)) > p.round.Rows //rule:late-reconciliation-is-reported
}

// A watch compares what the scans of a list read again of the lookback window, however much
// that is: it emits what has changed, and finds what is missing. The list is read in the
// order of creation.
type watch struct {
	*reader.List
	pass    *pass // nil if the scan is not compared
	missing unnamed
}

func (w *watch) Begin() { w.pass = newWatch(w.List, w.missing) }

// Holds reports whether a row is in a slice and was read by an earlier scan.
func (w *watch) Holds(o *reader.Output, rec stream.Record) bool {
	before := state.MinTime(o.Bookmark.Reconciliation.Top, o.Bookmark.Watermark.Add(-w.Overlap))
	return w.pass != nil && o.HasRead(rec.Cursor) && rec.Cursor.Before(before) //rule:window-is-compared
}

func (w *watch) Compare(page *reader.Page, info reader.ScanInfo) {
	p := w.pass
	if p == nil {
		return
	}
	sorted := !info.Unsorted && (p.observe(page) || !p.unsorted)
	if !sorted {
		p.holdAll(page)
	}
	if (!sorted || info.Last) && p.open.size > 0 {
		p.finished = append(p.finished, p.open.release()) //rule:held-rows-are-emitted-in-the-end
	}
	if p.applyFinished(); !sorted || info.Last {
		w.pass = nil
	}
}

// holdAll holds the rows of a page.
func (p *pass) holdAll(page *reader.Page) {
	p.page = page
	for _, rec := range page.Records {
		p.hold(p.open, rec, rec.Cursor)
	}
}

// newWatch returns a pass over the pages of a scan; nil if there is nothing to compare.
func newWatch(l *reader.List, missing unnamed) *pass {
	if !l.End.IsZero() {
		return nil
	}
	p := &pass{List: l, outputs: l.Outputs, watches: true, unnamed: missing, now: l.Plausible(l.LastServerTime()), due: everything}
	for _, o := range l.Outputs {
		if !o.HasRead(state.EndOfTime) {
			return nil // it fills the slices
		}
		r := &o.Bookmark.Reconciliation
		r.Compact(l.RowsPerSlice(r.Rows()), l.Window(l.Source)) // each sync adds one
	}
	if p.beginAt(p.newest()); p.open.to.Unix() <= 0 {
		return nil
	}
	return p
}

// A pass reads parts of a list.
type pass struct {
	*reader.List
	outputs []*reader.Output
	watches bool        // the pages of a scan, which emits what it does not hold
	round   state.Round // of the least advanced output
	now     time.Time   // server time
	due     int         // how many rows of the list this round should have read
	read    int         // how many it has read

	head     *part        // the records above the first part; nil once a part has begun
	open     *part        // the part that is read
	page     *reader.Page // that is observed
	created  time.Time    // of the last row
	token    string       // of the page that is observed
	finished []*part      // those that are to be applied
	packer   packer
	deleted  state.Members // records of the list that got tombstones, before the finished parts
	unnamed  unnamed

	rowsKnown int  // how many the list has, as far as is known
	unsorted  bool // a row was created after the one before it
}

// newPass decides what is due.
func newPass(l *reader.List) *pass {
	p := &pass{List: l, now: l.Plausible(l.LastServerTime())}
	if l.Source.Created == "" || l.ReconcileEvery == 0 || !l.End.IsZero() {
		return p
	}
	for _, o := range l.Outputs {
		if o.Open() {
			p.outputs = append(p.outputs, o)
		}
	}
	for i, o := range p.outputs {
		r := &o.Bookmark.Reconciliation
		if p.begins(r) {
			r.Round = state.Round{StartedAt: p.startOf(r), From: p.coverage(r)}
		}
		if i == 0 || o.Stream == l.Source {
			p.rowsKnown = r.Rows()
		}
		if i == 0 || r.Round.Rows < p.round.Rows {
			p.round = r.Round
		}
	}
	if len(p.outputs) > 0 {
		p.read, p.due = p.round.Rows, p.dueAt(p.now)
	}
	if p.open = p.newPart(p.round.Below); p.open.to.IsZero() {
		p.beginAt(p.newest())
	}
	return p
}

// begins reports whether a round begins with this sync.
func (p *pass) begins(r *state.Reconciliation) bool {
	switch round := &r.Round; {
	case round.StartedAt.IsZero(), round.StartedAt.After(p.now), p.ReconcileNow:
		return true
	case p.coverage(r).Before(round.From): // the start date is earlier now
		return true //rule:earlier-start-date-is-read
	default:
		return !round.FinishedAt.IsZero() && !round.FinishedAt.After(p.now)
	}
}

// startOf returns when the round that begins counts as begun: with the end of the one
// before, if that was not long ago, so that no part waits longer than it may.
func (p *pass) startOf(r *state.Reconciliation) time.Time {
	end := state.MinTime(r.Round.FinishedAt, r.Round.StartedAt.Add(p.ReconcileEvery))
	if r.Round.FinishedAt.IsZero() || p.ReconcileNow || end.After(p.now) || p.now.Sub(end) >= p.ReconcileEvery {
		return p.now
	}
	return end
}

// coverage is the cursor value from which on the stream is to be complete: the start
// date, if it is not later than what has been read.
func (p *pass) coverage(r *state.Reconciliation) time.Time {
	if r.CoveredFrom.IsZero() || !p.Start.IsZero() && p.Start.Before(r.CoveredFrom) {
		return p.Start
	}
	return r.CoveredFrom
}

// beginAt begins the first part at a time of creation, with the list's first row.
func (p *pass) beginAt(upper time.Time) {
	p.open, p.head = p.newPart(upper), p.newPart(state.EndOfTime)
	p.head.from, p.head.kind = upper, newestRows
}

// newest returns the creation time of the newest records to compare: younger ones may
// not be visible yet. If the server's clock was ahead when slices were made, it is their
// end.
func (p *pass) newest() time.Time {
	at := p.LastServerTime().Add(-p.Overlap).Truncate(time.Second)
	for _, o := range p.outputs {
		at = state.MaxTime(at, o.Bookmark.Reconciliation.Top) //rule:slices-may-end-in-the-future
	}
	return at
}

// everything is more rows than a list has.
const everything = 1 << 40

// dueAt returns how many rows the round should have read at a time, before it begins
// another slice, half of which may be read early. What is read for the first time is due at
// once.
func (p *pass) dueAt(at time.Time) int {
	elapsed := at.Sub(p.round.StartedAt)
	switch {
	case !p.round.FinishedAt.IsZero():
		return 0
	case p.ReconcileNow, p.reads(), elapsed >= p.ReconcileEvery:
		return everything
	}
	return int(float64(p.rowsKnown)*float64(elapsed)/float64(p.ReconcileEvery)) - p.RowsPerSlice(p.rowsKnown)/2 //rule:parts-are-spread-over-time
}

// share returns the part of the time between two rounds in which a number of rows is read.
func (p *pass) share(rows int) time.Duration {
	return time.Duration(min(1, float64(rows)/float64(max(1, p.rowsKnown))) * float64(p.ReconcileEvery))
}

// reads reports whether the round reads what no sync has read.
func (p *pass) reads() bool {
	return len(p.outputs) > 0 && p.round.From.Before(p.outputs[0].Bookmark.Reconciliation.CoveredFrom)
}

// readParts reads the parts that are due and applies them.
func (p *pass) readParts(ctx context.Context) error {
	p.token = p.round.PageToken
	pager := reader.Pager{Path: p.Source.Path, Token: p.token, Observe: p.observe, Fetch: p.fetch}
	for _, err := range pager.Pages(ctx) {
		if err != nil {
			return err
		}
		p.applyFinished()
	}
	return nil
}

// applyFinished compares the parts that have ended with the slices of each output.
func (p *pass) applyFinished() {
	if len(p.finished) == 0 {
		return
	}
	for _, o := range p.outputs {
		if o.Stream == p.Source {
			p.deleted = o.Bookmark.Reconciliation.Gone
		}
	}
	for i, o := range p.outputs {
		emitted := true
		for _, of := range p.finished {
			emitted = p.apply(i, of)
		}
		if !emitted {
			p.EmitRecords(o, nil)
		}
	}
	if !p.watches {
		p.round = p.outputs[0].Bookmark.Reconciliation.Round
	}
	p.finished = nil
}

func (p *pass) fetch(ctx context.Context, token string) (*reader.Page, error) {
	return p.FetchPage(ctx, p.Source, p.Source.Path, p.Source.ByCreation, token)
}

// observe adds the rows of a page, and reports whether the next page is needed.
func (p *pass) observe(page *reader.Page) bool {
	p.page = page
	if page.Restarted { // from the start of the list, down to where the part starts
		p.open, p.created, p.token = p.newPart(p.open.to), time.Time{}, ""
		if p.head != nil {
			p.beginAt(p.open.to)
		}
	}
	for _, rec := range page.Records {
		if at := rec.Created; !at.IsZero() && !p.add(rec, at) {
			return false
		}
	}
	if page.NextToken == "" || p.pastStart() {
		p.endHead()
		for from := p.next(time.Time{}); !from.IsZero(); from = p.next(time.Time{}) {
			p.endPart(from)
		}
		p.endPart(time.Time{})
		return false
	}
	if p.open.size > maxHeld { //rule:held-rows-are-bounded
		p.finished = append(p.finished, p.open.release())
	}
	p.token = page.NextToken
	return p.read < p.due && (p.watches || p.reads() || p.ReconcileBudget(1))
}

// pastStart reports whether the rest of the list was created before what the round
// covers.
func (p *pass) pastStart() bool {
	return !p.watches && p.Source.Created == p.Source.Cursor && !p.created.IsZero() && p.created.Before(p.round.From) //rule:empty-pages-end-no-reconciliation
}

// add adds a row. It reports false if the list is not in the order asked for.
func (p *pass) add(rec stream.Record, at time.Time) bool {
	if !p.created.IsZero() && at.After(p.created) { //rule:unsorted-lists-are-not-reconciled
		p.unsorted = true
		return false
	}
	for from := p.next(at); at.Before(from); from = p.next(at) { //rule:parts-end-where-slices-do
		p.endPart(from)
	}
	p.created = at
	switch {
	case at.Before(p.open.to):
		p.endHead()
		p.hold(p.open, rec, at)
	case p.head != nil:
		p.hold(p.head, rec, at)
	}
	return true
}

// endHead ends the records above the first part.
func (p *pass) endHead() {
	if p.head != nil {
		p.finished, p.head = append(p.finished, p.head), nil
	}
}

// next returns where the part ends, before a row that was created at a time or, if it
// is zero, at the end of the list; zero if the part goes on. It ends where a slice of
// each output ends, or above all slices.
func (p *pass) next(at time.Time) (from time.Time) {
	for _, o := range p.outputs {
		if top := o.Bookmark.Reconciliation.Top; at.Before(top) && top.Before(p.open.to) {
			from = state.MaxTime(from, top)
		}
	}
	if !from.IsZero() {
		return from
	}
	young := p.now.Add(-p.Window(p.Source))
	if from, known := p.sliceEnd(p.open.to.Add(-time.Second)); known && (p.watches || from.After(young)) {
		return from // the slices of the window stay
	}
	if p.watches || at.IsZero() || len(p.open.rows) < p.RowsPerSlice(p.outputs[0].Bookmark.Reconciliation.Rows()) {
		return time.Time{}
	}
	from, _ = p.sliceEnd(p.created.Truncate(time.Second))
	return from
}

// sliceEnd returns the latest time up to another one at which a slice of each output
// ends. It reports false if no output has slices there.
func (p *pass) sliceEnd(from time.Time) (end time.Time, known bool) {
	for before := state.EndOfTime; !from.Equal(before); { // each output may lower it
		before = from
		for _, o := range p.outputs {
			r := &o.Bookmark.Reconciliation
			i := slices.IndexFunc(r.Slices, func(s state.Slice) bool { return !s.From.After(from) })
			if i >= 0 && from.Before(r.Top) {
				from, known = r.Slices[i].From, true
			}
		}
	}
	return from, known
}

// endPart ends the part, at a time of creation.
func (p *pass) endPart(from time.Time) {
	p.read += len(p.open.rows)
	p.open.from, p.open.token, p.open.read = from, p.token, p.read
	p.finished, p.open = append(p.finished, p.open), p.newPart(from)
}

// apply compares a part with the slices of an output. It reports whether it has emitted
// the bookmark.
func (p *pass) apply(output int, of *part) (emitted bool) {
	o, in := p.outputs[output], of.contents[output]
	r := o.Bookmark.Reconciliation
	if of.kind == releasedRows || p.watches && !o.HasRead(of.from) { // whether they have changed is not known
		p.EmitReconciled(o, p.items(o, of, in.rows()), nil, nil)
		return true
	}
	known, ok := r.Between(of.from, of.to)
	missing, gone, named := in.missing(&r, of, known, ok)
	tombstones := in.removed(p, of, missing)
	next, changed := r, []reader.Item(nil)
	if of.kind == allRows {
		next = p.replace(o, of, in, known, named)
		next.Gone = r.Gone.Without(func(m state.Member) bool {
			return slices.ContainsFunc(gone, func(g state.Member) bool { return m.Is(g.Element) }) || !p.watches && in.contains(m.Element)
		})
	}
	next.Round.Vanished += len(missing)
	if o.Stream.Deletable && p.Tombstone != "" {
		next.Suspect(in.unexplained(missing, p.deleted)) //rule:missing-records-are-suspects
	}
	if of.kind == allRows {
		changed = p.items(o, of, in.changed(&r, known, ok, missing))
	}
	if emitted = len(changed)+len(tombstones) > 0; emitted {
		p.EmitReconciled(o, changed, tombstones, &next)
	} else {
		o.Bookmark.Reconciliation = next
	}
	if of.kind == allRows {
		p.Reread(o, of.rows)
	}
	return emitted
}

// items returns rows of a part as items, and notes for the change feed that they were
// read. Those that were released before, and those of other outputs, are left out.
func (p *pass) items(o *reader.Output, of *part, rows []int) (items []reader.Item) {
	for _, i := range rows {
		if of.packed[i] == nil || p.watches && !p.Comparer.Holds(o, of.rows[i]) {
			continue
		}
		rec := of.rows[i]
		rec.Raw, rec.Origin = unpack(of.packed[i]), stream.Reconciled
		items = append(items, reader.Item{Record: rec, At: rec.Cursor})
		if p.Emissions != nil { //rule:feed-knows-what-was-reconciled
			p.Emissions.Record(rec, reader.Emission{ReadAt: of.readAt, Held: true, Emitted: true})
		}
	}
	return items
}

// replace returns the reconciliation after a part has been read.
func (p *pass) replace(o *reader.Output, of *part, in *content, known state.Slice, named bool) state.Reconciliation {
	r := &o.Bookmark.Reconciliation
	with := in.slices(of, p.RowsPerSlice(r.Rows()))
	if !named {
		with = []state.Slice{in.slice(of.from, known)} // what is missing may be there when it is read again
		p.unnamed[o] = append(p.unnamed[o], &part{from: of.from, to: of.to})
	}
	next := r.Replace(of.from, of.to, with)
	next.Recent = r.Recent.Without(func(m state.Member) bool { return in.covers(of, m) })
	if p.watches {
		return next
	}
	next.Round.StartedAt, next.Round.From = p.round.StartedAt, p.round.From
	// Or what is left of the round, and then the next one, would be due too late.
	if p.ReconcileNow { //rule:hurried-rounds-began-earlier
		next.Round.StartedAt = state.MinTime(next.Round.StartedAt, p.now.Add(-p.share(of.read)))
	}
	next.Round.Below, next.Round.PageToken, next.Round.Rows = of.from, of.token, of.read
	if of.from.IsZero() {
		next.Round.FinishedAt, next.CoveredFrom = p.now, p.round.From
	}
	return next
}

// spell returns a time for a message.
func spell(at time.Time) string {
	if at.IsZero() {
		return "the beginning"
	}
	return at.UTC().Format(time.DateTime)
}
