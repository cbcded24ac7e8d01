package verify

import (
	"context"
	"maps"
	"slices"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// Why a difference is none: the next sync removes it, or the table is not to have it.
const (
	changedSince  = "changed since the rows were loaded, by their dates"
	namedByEvents = "changed since the rows were loaded, by the account's events"
	tooOld        = "older than the first row that is expected"
	ownerDeleted  = "of a record that was deleted: filter them by its id"
	outdated      = "of an older version of their record, as their date shows: filter them by that"
)

// maxRechecked is how many groups are asked for again before their differences count.
const maxRechecked = 100

// judge takes out the candidates that the next sync explains, and reports the others.
func (c *comparison) judge(ctx context.Context) error {
	c.report.Horizon = c.horizon()
	c.explain(c.byDates)
	if err := c.recheck(ctx); err != nil {
		return err
	}
	c.explain(c.byDates)
	for wait := time.Duration(0); ; wait = c.Settle {
		if len(c.candidates) == 0 {
			return nil
		}
		if err := sleep(ctx, wait); err != nil { //rule:late-events-are-waited-for
			return err
		}
		touched, err := c.touched(ctx, c.eventsFrom())
		if gorgias.Is(err, gorgias.Forbidden) || gorgias.Is(err, gorgias.NotFound) || gorgias.Is(err, gorgias.ClientError) {
			c.report.EventsUnreadable = true
			break
		}
		if err != nil {
			return err
		}
		c.explain(func(d candidate) string {
			if touched[d.key.id] || touched[d.key.owner] || touched[d.group] {
				return namedByEvents //rule:differences-with-events-are-pending
			}
			return ""
		})
		if wait == c.Settle {
			break
		}
	}
	return c.excludeLeftOver(ctx)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// explain takes out the candidates for which why has a reason.
func (c *comparison) explain(why func(candidate) string) {
	c.candidates = slices.DeleteFunc(c.candidates, func(d candidate) bool {
		reason := why(d)
		if d.Kind == Duplicate || reason == "" {
			return false
		}
		c.report.Pending[reason]++
		return true
	})
}

// loadedAt is up to when the rows have what the account had.
func (c *comparison) loadedAt() time.Time {
	switch {
	case c.Bookmark != nil && !c.Bookmark.Watermark.IsZero():
		return c.Bookmark.Watermark
	case !c.report.extracted.IsZero():
		return c.report.extracted
	}
	return c.report.newest
}

// horizon is the time before which all changes are in the rows: what became visible
// late may not be.
func (c *comparison) horizon() time.Time { return c.loadedAt().Add(-c.Settings.Overlap) }

// eventsFrom is the time of the first event that the rows may not have.
func (c *comparison) eventsFrom() time.Time {
	if c.Bookmark != nil && !c.Bookmark.EventWatermark.IsZero() {
		return c.Bookmark.EventWatermark
	}
	return c.horizon()
}

// byDates says whether the dates of the account's record show that the next sync brings
// it, or that it is none of the table's.
func (c *comparison) byDates(d candidate) string {
	if d.rec == nil {
		return ""
	}
	if expected := orElse(c.since(), c.report.oldest); d.Kind == Missing && !d.rec.Cursor.IsZero() && d.rec.Cursor.Before(expected) {
		return tooOld
	}
	horizon := c.horizon()
	if c.Source.Incremental() && !d.rec.Cursor.Before(horizon) {
		return changedSince
	}
	if readAt := c.windowReadAt(); d.rec.Cursor.After(readAt.Add(-c.window())) {
		horizon = state.MinTime(horizon, readAt.Add(-c.Settings.Overlap)) // it is read again with the window
	}
	now := c.LastServerTime()
	for _, name := range c.dates {
		if at := stream.Timestamp(d.rec.Raw, name); !at.Before(horizon) && !at.After(now) { //rule:dates-show-changes-since
			return changedSince
		}
	}
	return ""
}

func orElse(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// window is the lookback window of the list.
func (c *comparison) window() time.Duration {
	if w, ok := c.Settings.Windows[c.Source.Name]; ok {
		return w
	}
	return c.Source.LookbackWindow
}

// windowReadAt is when the lookback window was last read.
func (c *comparison) windowReadAt() time.Time {
	if c.Bookmark != nil && !c.Bookmark.WindowReadAt.IsZero() {
		return c.Bookmark.WindowReadAt
	}
	return c.loadedAt().Add(-c.Settings.WindowInterval)
}

// recheck asks once more for what differs, where the list was read and not each record:
// a list may show a change late.
func (c *comparison) recheck(ctx context.Context) error {
	if !c.Full && (c.Source.BelongsTo != "" || c.Source.IDsParam == "") {
		return nil // that was asked for
	}
	groups := map[int64]bool{}
	for _, d := range c.candidates {
		if d.Kind != Duplicate && len(groups) < maxRechecked {
			groups[d.group] = true
		}
	}
	found := map[key]candidate{}
	ask := c.ask
	if c.Source.BelongsTo == "" {
		ask = c.askOneByOne
	}
	err := ask(ctx, slices.Sorted(maps.Keys(groups)), func(rec stream.Record) {
		for _, e := range c.table.entries(rec) {
			found[e.key] = candidate{entry: e, rec: &rec}
		}
	})
	if err != nil {
		return err
	}
	var left []candidate
	for _, d := range c.candidates {
		if d.Kind == Duplicate || !groups[d.group] {
			left = append(left, d)
		} else if now, exists := found[d.key]; c.stillDiffers(&d, now, exists) { //rule:lists-may-be-late
			left = append(left, d)
		}
	}
	c.candidates = left
	return nil
}

// stillDiffers compares a candidate with what the account has now, if that exists, and
// reports whether it is a difference.
func (c *comparison) stillDiffers(d *candidate, now candidate, exists bool) bool {
	d.rec = now.rec
	switch {
	case d.Kind == Missing:
		return exists
	case !exists:
		d.Kind, d.Columns = LeftOver, nil
	case c.agrees(*d, now.entry):
		return false
	default:
		d.Kind = Stale
	}
	return true
}

// agrees reports whether a row is what the account has now.
func (c *comparison) agrees(row candidate, account entry) bool {
	if row.hasValues {
		return len(c.table.differing(row.entry, account)) == 0
	}
	return row.version == c.table.version(account)
}

// excludeLeftOver takes out rows of a derived stream, or that belong to other records,
// which the table may keep: those whose record is gone, since nothing says which they
// were, and those of an older version of it, which its date shows. Then it reports what
// is left.
func (c *comparison) excludeLeftOver(ctx context.Context) error {
	defer c.reportAll()
	owners := c.account
	switch {
	case c.Source.BelongsTo != "":
		options := *c.Options
		options.Stream = streams.Tickets
		owners = newAccount(&options)
	case c.Stream.Derive == nil:
		return nil
	}
	groups := map[int64]bool{}
	for _, d := range c.candidates {
		if d.Kind == LeftOver && len(groups) < maxRechecked {
			groups[d.group] = true
		}
	}
	found := map[int64]stream.Record{}
	err := owners.ask(ctx, slices.Sorted(maps.Keys(groups)), func(rec stream.Record) { found[rec.ID()] = rec })
	if err != nil {
		return err
	}
	c.explain(func(d candidate) string {
		rec, exists := found[d.group]
		switch {
		case d.Kind != LeftOver || !groups[d.group]:
		case !exists:
			return ownerDeleted //rule:rows-of-deleted-tickets-may-stay
		case c.Source.BelongsTo == "" && d.cursor.Before(rec.Cursor.Truncate(time.Second)):
			return outdated
		}
		return ""
	})
	return nil
}

func (c *comparison) reportAll() {
	for _, d := range c.candidates {
		c.report.Differences = append(c.report.Differences, d.Difference)
	}
	slices.SortFunc(c.report.Differences, Difference.compare)
}
