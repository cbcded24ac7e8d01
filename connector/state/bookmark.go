// Package state is what a sync stores for the next one: a bookmark per stream,
// its JSON, and the states of other connectors that can be imported.
package state

import (
	"time"

	"source-gorgias/connector/stream"
)

// A Bookmark is the state of one stream. It is valid once the batch that
// carries it has been written: every batch is a checkpoint.
//
// Its JSON is the same in both protocols. Every key is always there and none
// is ever null, because some clients merge states instead of replacing them.
type Bookmark struct {
	// Watermark is the cursor value up to which everything has been read. It
	// moves only when a scan has finished, and never past the server time at
	// which that scan started. Zero before the first scan has finished.
	Watermark time.Time
	// Fingerprints are the versions last emitted of the records that coming
	// syncs will read again, so that only what changed is emitted again.
	Fingerprints Fingerprints
	// WindowReadAt is the server time at the start of the last scan that covered
	// the whole lookback window.
	WindowReadAt time.Time
	// EventWatermark is the time up to which all events have been processed;
	// zero before the first page of the first scan.
	EventWatermark time.Time
	// EventIDs are the events after EventWatermark that have been processed.
	// The next sync reads them again, because their effect can become visible
	// late, and emits only what has changed since.
	EventIDs IDs
	// Unfinished are the ids of the records that were unfinished when they were
	// last read (Stream.Unfinished).
	Unfinished IDs
	// Elements are the records that were emitted of a Derived stream, by the
	// records they were derived from.
	Elements Elements
	// Reconciliation is what the list is compared with when it is read again.
	Reconciliation Reconciliation
	// Scan is the scan under way; zero between scans.
	Scan ScanPosition
	// Reports are the states of the reports (DailyReport streams only). Watermark
	// and WindowReadAt are then the earliest of those that are configured.
	Reports []ReportBookmark

	fullRefresh bool // every sync reads the stream in full: there is nothing to store
}

// A ScanPosition is where an unfinished scan stands.
type ScanPosition struct {
	// StartedAt is the server time when the scan started; zero if none is under
	// way.
	StartedAt time.Time
	// LowerBound is the cursor value down to which the scan reads.
	LowerBound time.Time
	// NextWatermark is the latest cursor value seen, at most StartedAt.
	NextWatermark time.Time
	// Pages counts the pages read, and so the batches emitted.
	Pages int
	// Unsorted is set if a page was not in the order asked for. The position of
	// an old record then shows nothing, and the list is read to its end.
	Unsorted bool
	// LastCursor is the cursor value of the last row read.
	LastCursor time.Time
	// PageToken requests the next page. The API may reject it; the scan then
	// starts again.
	PageToken string
}

// A ReportBookmark is the state of one report.
type ReportBookmark struct {
	// Report is a digest of the report's name and query.
	Report string
	// Watermark is the time up to which all days have been read.
	Watermark time.Time
	// WindowReadAt is the server time up to which no day can have changed that
	// was not read again.
	WindowReadAt time.Time
	// LastNonEmptyDay is the start of the last day of which rows may have been
	// emitted.
	LastNonEmptyDay time.Time
	// LastAsOf is the latest as_of_datetime that may have been emitted. The next
	// one is later, even if the server's clock goes back.
	LastAsOf time.Time
}

// FullRefresh returns the bookmark of a stream that every sync reads in full.
func FullRefresh() Bookmark { return Bookmark{fullRefresh: true} }

// Resumable reports whether a sync can continue from the bookmark. If not,
// every sync reads the stream in full.
func (b Bookmark) Resumable() bool { return !b.fullRefresh }

// FinishScan moves the watermark to where the scan has got. Nothing moves back: a list
// can have become shorter, and a server's clock can be behind. window is how long records change after
// their cursor value: if the scan reached back over all records that could have
// changed since WindowReadAt, and has compared them all, the window has been read.
func (b *Bookmark) FinishScan(window time.Duration, compared bool) {
	if b.WindowReadAt.IsZero() || compared && !b.Scan.LowerBound.After(b.WindowReadAt.Add(-window)) {
		b.WindowReadAt = MaxTime(b.WindowReadAt, b.Scan.StartedAt) //rule:window-never-moves-back
	}
	b.Watermark = MaxTime(b.Watermark, b.Scan.NextWatermark) //rule:watermark-is-newest-cursor
	b.Scan = ScanPosition{}
}

// ClampTo takes back what lies after a time, and reports whether there was
// anything: a clock was wrong, here or where the state comes from. It was so by an
// unknown time, so the watermark goes back to the newest record that is known to
// have been emitted by then; if none is, everything is read again. The scan under
// way starts again from its lower bound, and the events since where the next one
// starts are to be processed.
func (b *Bookmark) ClampTo(present time.Time) bool {
	before := *b
	if b.Watermark.After(present) || b.Scan.StartedAt.After(present) || b.Scan.NextWatermark.After(present) {
		b.Scan = ScanPosition{LowerBound: b.Scan.LowerBound}
	}
	if b.Watermark.After(present) {
		b.Watermark = b.Fingerprints.lastBefore(present) //rule:future-watermark-is-clamped
	}
	if b.WindowReadAt.After(present) {
		b.WindowReadAt = b.Watermark //rule:future-window-is-clamped
	}
	if b.EventWatermark.After(present) {
		b.EventWatermark = time.Time{} //rule:future-event-watermark-is-clamped
	}
	return b.Watermark != before.Watermark || b.Scan != before.Scan || b.WindowReadAt != before.WindowReadAt || b.EventWatermark != before.EventWatermark
}

// ClampTo takes back what lies after a time, as [Bookmark.ClampTo] does. Days may
// have been read before they came, so the watermark goes back to the last one that
// had rows. LastAsOf stays: what is read next must count more than the rows that
// have it.
func (b *ReportBookmark) ClampTo(present time.Time) bool {
	before := *b
	if b.Watermark.After(present) { //rule:future-report-watermark-is-clamped
		b.Watermark = b.LastNonEmptyDay
		if b.Watermark.After(present) {
			b.Watermark = time.Time{}
		}
	}
	if b.WindowReadAt.After(present) { //rule:future-report-window-is-clamped
		b.WindowReadAt = b.Watermark
	}
	return *b != before
}

// ScanProgress returns the share of its time span that the scan under way has
// read, from 0 to 1; false if there is no scan or it is unknown.
func (b Bookmark) ScanProgress(s *stream.Stream) (float64, bool) {
	span := b.Scan.StartedAt.Sub(b.Scan.LowerBound)
	if b.Scan.LastCursor.IsZero() || b.Scan.Unsorted || span <= 0 {
		return 0, false
	}
	read := b.Scan.StartedAt.Sub(b.Scan.LastCursor)
	if s.Mode == stream.OldestFirst {
		read = span - read
	}
	return min(1, max(0, float64(read)/float64(span))), true
}

// MaxTime returns the later of two times.
func MaxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// MinTime returns the earlier of two times.
func MinTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
