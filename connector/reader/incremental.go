package reader

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// Incremental reads a list in the order of time. Newest first, it stops at the
// first record that is older than anything it could miss; oldest first, and
// whenever a page is not in the order asked for, it reads the list to its end.
type Incremental struct{ listChecker }

// A scan that took longer than rescanAfter, or that an earlier sync started, is
// followed by another one over what has come meanwhile, and so on, up to
// maxHeadRescans.
const (
	rescanAfter    = 30 * time.Minute
	maxHeadRescans = 3
)

// Read reads the list.
func (Incremental) Read(ctx context.Context, l *List) error {
	s := &scan{List: l}
	if err := s.resume(ctx); err != nil {
		return err
	}
	for rescans := 0; ; {
		finished, err := s.run(ctx, rescans == maxHeadRescans)
		if finished || err != nil {
			return err
		}
		clamped, headOnly := s.clamped, !s.resumed && !s.clamped
		if err := s.begin(ctx); err != nil {
			return err
		}
		s.headOnly = headOnly
		if !clamped {
			rescans++
		}
	}
}

// A scan reads a list from start to end in one pass, possibly across several
// syncs.
type scan struct {
	*List
	position state.ScanPosition

	orderSeen      bool // two rows have shown that the list is in the order asked for
	resumed        bool // an earlier sync started the scan
	truncatedByEnd bool // rows beyond the end date were left out
	headOnly       bool // this sync has finished a scan: only what came since is missing
	ended          bool // the page observed last is the last one that matters
	checked        bool // the bookmarks have been compared with the server's present
	clamped        bool // they were later: the scan begins again

	first    Reading   // the server time of the first page, if this sync began the scan
	readFrom time.Time // what lies before it may not have been read by this sync
}

// ScanInfo says what part of a list a scan covers.
type ScanInfo struct {
	// From is the cursor value before which this sync may have read nothing.
	From time.Time
	// Resumed is set if an earlier sync started the scan.
	Resumed bool
	// Unsorted is set if a page was not in the order asked for.
	Unsorted bool
	// Last is set on the last page of a scan.
	Last bool
}

// run reads the pages of one scan. It reports whether the list is finished: if
// not, what came during the scan has to be read. final means that it is
// finished in any case.
func (s *scan) run(ctx context.Context, final bool) (finished bool, err error) {
	pager := Pager{Path: s.Source.Path, Token: s.position.PageToken, Observe: s.observe, Restart: s.restart, Fetch: s.fetch}
	for page, err := range pager.Pages(ctx) {
		if err != nil {
			return false, err
		}
		if s.clamped {
			return false, nil
		}
		ended := s.ended
		last := ended && (!s.resumed && !s.tookLong(page) || final) //rule:head-is-rescanned-after-resume
		s.take(page, ScanInfo{s.readFrom, s.resumed, s.position.Unsorted, ended}, last)
		if last {
			return true, s.finish(ctx)
		}
		if ended {
			return false, nil
		}
	}
	return false, nil
}

// take emits and compares a page. last is set if the list ends with it.
func (s *scan) take(page *Page, info ScanInfo, last bool) {
	if s.Comparer != nil && s.position.Pages == 1 {
		s.Comparer.Begin()
	}
	s.recordEmissions(page)
	for _, o := range s.Outputs {
		s.emitPage(o, page, info.Last && s.Comparer == nil, last)
	}
	if s.Comparer != nil {
		s.Comparer.Compare(page, info)
		s.endScan(info.Last, last)
	}
	if s.OnPage != nil {
		s.OnPage(page, info)
	}
}

// finish does what follows the scan, and ends the outputs that do not wait for more.
func (s *scan) finish(ctx context.Context) error {
	s.EndToken, s.Finished = s.position.PageToken, true
	if err := s.follow(ctx); err != nil {
		return err
	}
	if s.Reconcile != nil && !s.ReadAgain {
		if err := s.Reconcile(ctx, s.List); err != nil {
			return err
		}
	}
	for _, o := range s.Outputs {
		if !o.AwaitsEvents && !s.ReadAgain {
			s.Done(o)
		}
	}
	return nil
}

// fetch requests a page of the scan.
func (s *scan) fetch(ctx context.Context, token string) (*Page, error) {
	extra := url.Values{}
	if s.Source.SinceParam != "" {
		extra.Set(s.Source.SinceParam, s.position.LowerBound.UTC().Format(SinceLayout))
	}
	return s.FetchPage(ctx, s.Source, s.Source.Path, extra, token)
}

// SinceLayout is how lists are filtered by time: whole seconds, rounded down.
const SinceLayout = "2006-01-02T15:04:05Z"

// resume continues the scan under way, or begins one.
func (s *scan) resume(ctx context.Context) error {
	position := s.Outputs[0].Bookmark.Scan
	for _, o := range s.Outputs {
		if o.Bookmark.Scan.Pages < position.Pages {
			position = o.Bookmark.Scan // a sync stopped between the batches of one page: the least advanced output leads
		}
	}
	// A scan without rows has no watermark to say that what lies beyond an end date
	// is left out.
	joinable := position.PageToken != "" && (s.End.IsZero() || !position.NextWatermark.IsZero()) //rule:scan-without-rows-starts-again-before-end
	for _, o := range s.Outputs {
		joinable = joinable && s.canJoin(o.Bookmark.Scan, position)
		o.firstScan = o.Bookmark.Watermark.IsZero()
		if o.lowerBound = position.LowerBound; s.Window(s.Source) == 0 {
			o.lowerBound = state.MaxTime(o.lowerBound, o.Bookmark.Watermark.Add(-s.Overlap))
		}
		if o.firstScan && joinable {
			start, err := s.defaultStart(ctx, s.Source)
			if err != nil {
				return err
			}
			// What is asked for now must lie within the scan.
			o.lowerBound, joinable = position.LowerBound, !start.Before(position.LowerBound)
		}
	}
	if !joinable {
		return s.begin(ctx)
	}
	s.position, s.resumed, s.readFrom = position, true, position.LastCursor
	return nil
}

// canJoin reports whether p is a position of the scan that stands at leading.
// Two scans that started within the same second look alike. A position that is
// ahead must be further on in the list, and have seen no more above it.
func (s *scan) canJoin(p, leading state.ScanPosition) bool {
	return p.Pages-leading.Pages <= 1 && (p.Pages > leading.Pages || p.PageToken == leading.PageToken) &&
		!p.NextWatermark.Before(leading.NextWatermark) &&
		(p.Unsorted || leading.Unsorted || !s.comesBefore(p.LastCursor, leading.LastCursor))
}

// comesBefore reports whether a scan reads the cursor value a before b.
func (s *scan) comesBefore(a, b time.Time) bool {
	if s.Source.Mode == stream.OldestFirst {
		return a.Before(b)
	}
	return a.After(b)
}

// begin starts a scan from the watermark of the least advanced output.
func (s *scan) begin(ctx context.Context) error {
	*s = scan{List: s.List, checked: s.checked} //rule:restart-forgets-page-token
	for i, o := range s.Outputs {
		o.firstScan = o.Bookmark.Watermark.IsZero()
		o.lowerBound = o.Bookmark.Watermark.Add(-s.Overlap) //rule:overlap-is-reread
		if o.firstScan {
			start, err := s.defaultStart(ctx, s.Source)
			if err != nil {
				return err
			}
			if o.lowerBound = start; !o.Bookmark.Scan.LowerBound.IsZero() {
				o.lowerBound = state.MinTime(start, o.Bookmark.Scan.LowerBound) // a first scan that was started has to be finished
			}
		}
		if i == 0 {
			s.position.LowerBound = o.lowerBound
		}
		s.position.LowerBound = state.MinTime(s.position.LowerBound, o.lowerBound)
	}
	s.readFrom = s.position.LowerBound
	return nil
}

// extendToWindow lowers the bounds to cover the records that may have changed
// since the window was last read, if that is long enough ago.
func (s *scan) extendToWindow() {
	window := s.Window(s.Source)
	if s.headOnly || window == 0 {
		return
	}
	for _, o := range s.Outputs {
		if o.Bookmark.Watermark.IsZero() || !s.WindowDue(o.Bookmark.WindowReadAt, s.LastServerTime()) {
			continue
		}
		o.windowDue = true
		// No sync has read what lies before the start date.
		windowStart := o.Bookmark.WindowReadAt.Add(-window)
		if s.Comparer != nil {
			windowStart = o.Bookmark.Reconciliation.YoungSliceStart(windowStart, window)
		}
		windowStart = state.MaxTime(windowStart, s.Start)
		o.lowerBound = state.MinTime(o.lowerBound, windowStart)                    //rule:window-lowers-output-bound
		s.position.LowerBound = state.MinTime(s.position.LowerBound, o.lowerBound) //rule:window-lowers-scan-bound
	}
}

// beginSlices divides what a first scan reads into the slices of its reconciliation.
func (s *scan) beginSlices() {
	if s.ReconcileEvery == 0 || s.Source.Created == "" {
		return
	}
	for _, o := range s.Outputs {
		if r := &o.Bookmark.Reconciliation; o.firstScan && len(r.Slices) == 0 {
			r.Begin(o.lowerBound, s.position.StartedAt, s.Overlap, s.Window(s.Source))
		}
	}
}

// restart starts the scan again after a rejected token. If the server sorts and
// filters, what an oldest-first scan has read needs no second reading.
func (s *scan) restart(ctx context.Context) error {
	if s.Source.SinceParam != "" && !s.position.Unsorted {
		for _, o := range s.Outputs {
			o.Bookmark.Scan = s.position
			o.Bookmark.FinishScan(0, true)
		}
	}
	return s.begin(ctx)
}

// observe moves the scan position over a page, and reports whether the next
// page is needed.
func (s *scan) observe(page *Page) bool {
	p := &s.position
	if s.clampBookmarks(); s.clamped {
		return false
	}
	if p.StartedAt.IsZero() {
		p.StartedAt = page.ServerTime //rule:server-clock-starts-scan
		s.first = page.Reading
		s.extendToWindow()
		s.beginSlices()
	}
	p.Pages++
	p.PageToken = page.NextToken
	for i := range page.Records {
		if at := page.Records[i].Cursor; !at.IsZero() { // a row without one shows nothing
			s.observeRow(at)
		}
	}
	ended := s.reachedEnd() //rule:empty-page-continues-scan
	s.ended = ended
	return !ended
}

// clampBookmarks takes back what the bookmarks say of the time after the server's
// present, as the first response shows it.
func (s *scan) clampBookmarks() {
	if s.checked {
		return
	}
	s.checked = true
	present := state.MaxTime(s.LastServerTime(), s.provenTime()).Add(gorgias.ClockTolerance)
	for _, o := range s.Outputs {
		before, after := o.Bookmark, o.Bookmark
		if !after.ClampTo(present) {
			continue
		}
		s.Warn(o, fmt.Sprintf("the state is later than the server's present, %s: everything since the last record that is known to have been read is read again", s.LastServerTime().Format(time.DateTime)))
		o.Bookmark, o.clamped = after, true // not before the warning, whose bookmark is valid, too
		s.clamped = s.clamped || after.Watermark != before.Watermark || after.Scan != before.Scan
	}
}

func (s *scan) observeRow(at time.Time) {
	p := &s.position
	if !p.LastCursor.IsZero() {
		p.Unsorted = p.Unsorted || s.comesBefore(at, p.LastCursor)
		s.orderSeen = s.orderSeen || s.comesBefore(p.LastCursor, at)
	}
	p.LastCursor = at
	s.truncatedByEnd = s.truncatedByEnd || s.beyondEnd(at)
	if !s.resumed || s.Source.Mode == stream.OldestFirst {
		// What lies above a resumed newest-first scan is read after it.
		p.NextWatermark = state.MaxTime(p.NextWatermark, s.clampWatermark(at))
	}
}

// tookLong reports whether the scan has taken so long that its head is worth
// reading again.
func (s *scan) tookLong(page *Page) bool {
	return s.Source.Mode == stream.NewestFirst && page.ServerTime.Sub(s.position.StartedAt) > rescanAfter //rule:head-is-rescanned-after-long-scan
}

// clampWatermark keeps a watermark from passing the start of the scan or the
// end date.
func (s *scan) clampWatermark(at time.Time) time.Time {
	at = state.MinTime(at, s.position.StartedAt) //rule:watermark-never-passes-scan-start
	if s.beyondEnd(at) {
		at = s.End
	}
	return at
}

// reachedEnd reports whether the page just observed is the last that matters.
func (s *scan) reachedEnd() bool {
	p := &s.position
	switch {
	case p.PageToken == "":
		return true
	case p.Unsorted || !s.orderSeen: //rule:order-is-verified
		return false // the position of a record shows nothing, or not yet
	case s.Source.Mode == stream.NewestFirst:
		return p.LastCursor.Before(p.LowerBound) //rule:scan-ends-below-lower-bound
	default:
		return s.Source.SinceParam != "" && s.beyondEnd(p.LastCursor)
	}
}

// itemFor returns a row of a page as an item for o, or false if the row does
// not concern o. Rows below its lower bound have been read by earlier syncs: those
// whose fingerprints are kept are compared all the same.
func (s *scan) itemFor(o *Output, rec stream.Record) (Item, bool) {
	it := Item{Record: rec, At: rec.Cursor}
	if it.At.IsZero() {
		it.At = s.position.StartedAt
		return it, true
	}
	if s.beyondEnd(it.At) {
		return it, false
	}
	if it.At.Before(o.lowerBound) { //rule:records-at-watermark-are-kept
		return it, o.Bookmark.Fingerprints.Knows(rec.Fingerprint(it.At)) //rule:rows-that-are-read-are-compared
	}
	return it, true
}

// emitPage emits the records of a page that are new to o, with the bookmark
// that is valid then.
func (s *scan) emitPage(o *Output, page *Page, ended, last bool) {
	s.startEvents(o)
	var items []Item
	for _, rec := range page.Records {
		if it, ok := s.itemFor(o, rec); ok {
			items = append(items, it)
		}
	}
	s.trackUnfinished(o, items)
	if o.newBefore = (time.Time{}); o.Bookmark.Reconciliation.Round.StartedAt.Equal(s.position.StartedAt) {
		o.newBefore = s.position.StartedAt // the scan began with empty slices
	}
	items = slices.DeleteFunc(items, func(it Item) bool { return s.holds(o, it.Record) })
	records, read := s.dedupe(o, items)
	o.Bookmark.Scan = s.position
	if s.truncatedByEnd && (s.Source.Mode == stream.OldestFirst || s.position.Unsorted) {
		o.Bookmark.Scan.PageToken = "" // a sync without the end date would miss what was left out
	}
	if ended { //rule:watermark-stands-still-during-scan
		s.finishScan(o)
	}
	s.remember(o, read)
	if ended {
		s.compact(o)
	}
	o.listDone = last
	s.EmitRecords(o, records)
}

// endScan ends a scan once its last page was compared.
func (s *scan) endScan(ended, last bool) {
	if !ended {
		return
	}
	for _, o := range s.Outputs {
		s.finishScan(o)
		s.compact(o)
		o.listDone = last
		s.EmitRecords(o, nil)
	}
}

// compact joins the slices that a first scan has filled.
func (s *scan) compact(o *Output) {
	if r := &o.Bookmark.Reconciliation; o.firstScan {
		r.Compact(s.RowsPerSlice(r.Rows()), s.Window(s.Source))
	}
}

// finishScan moves the watermark of o. After a scan of several pages it moves on to a time
// by which all that came before had become visible: or each sync would read a burst of
// changes again until the next change. Without an overlap there is no such time.
func (s *scan) finishScan(o *Output) {
	p := &o.Bookmark.Scan
	if p.Pages > 1 && !s.resumed && s.Overlap > 0 && s.End.IsZero() && !p.Unsorted && !p.NextWatermark.IsZero() { //rule:bursts-are-read-twice-at-most
		p.NextWatermark = state.MaxTime(p.NextWatermark, s.Certain(s.first).Add(-2*s.Overlap))
	}
	o.Bookmark.FinishScan(s.Window(s.Source), !s.resumed || s.Comparer == nil) //rule:held-rows-are-read-again
}

// holds reports whether a row is not emitted with its page.
func (s *scan) holds(o *Output, rec stream.Record) bool {
	return s.Comparer != nil && s.Comparer.Holds(o, rec)
}

// startEvents stores since when events matter to o, before its first record is
// written: a sync that stops there must process the deletion of that record. A
// first scan reads what was visible when it started; after an imported
// watermark, the events since then matter.
func (s *scan) startEvents(o *Output) {
	if !o.HasEvents || !o.Bookmark.EventWatermark.IsZero() {
		return
	}
	from := s.position.StartedAt
	switch {
	case !o.Bookmark.Watermark.IsZero():
		from = o.Bookmark.Watermark
	case o.clamped: // the destination may hold records of an earlier scan
		from = o.lowerBound //rule:clamped-state-reads-all-events
	}
	o.Bookmark.EventWatermark = from.Add(-s.Overlap)
	s.EmitRecords(o, nil) //rule:event-watermark-precedes-first-record
}

// recordEmissions records for the change feed what this sync has read. The feed
// of a first scan needs the latest records only.
func (s *scan) recordEmissions(page *Page) {
	if s.Emissions == nil {
		return
	}
	var from time.Time
	for _, o := range s.Outputs {
		if o.firstScan {
			from = s.position.StartedAt.Add(-s.Overlap)
		}
	}
	for _, rec := range page.Records {
		if !rec.Cursor.IsZero() && rec.Cursor.Before(from) {
			continue
		}
		em := Emission{ReadAt: page.ServerTime, Emitted: true, Held: true}
		for _, o := range s.Outputs {
			it, ok := s.itemFor(o, rec)
			em.Held = em.Held && ok
			em.Emitted = em.Emitted && ok && o.IsNew(it) && !s.holds(o, rec)
		}
		if em.Emitted || !s.Emissions.HasEmitted(rec) {
			s.Emissions.Record(rec, em)
		}
	}
}
