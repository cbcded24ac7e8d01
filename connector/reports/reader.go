package reports

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// The first period of a report is long enough for the usual window. If its rows
// leave most of a page empty, the next one is twice as long, up to what the API
// allows together with the day before it; if they do not fit on a page, half as
// long.
const (
	minPeriod = 35 // days
	maxPeriod = 365
	maxRows   = 10_000 // on a page
)

// ErrNotConfigured ends the stream of reports when none is configured.
var ErrNotConfigured = errors.New("reports: it is missing, and the stream of statistics consists of nothing else; add reports to the configuration, or deselect the stream")

// Reader reads reports one after the other, each from its oldest day to the
// server's today. Today is read although it is not over: as_of_datetime shows
// that, and the next sync reads it again.
//
// A day is emitted as a whole whenever something in it has changed, so that its
// current rows are those with its latest as_of_datetime. Before that, the
// bookmark drops the day's fingerprint: after a sync that ends in between, it is
// unknown what the destination holds.
type Reader struct{ Reports []Report }

// Read reads the reports. One that the API rejects does not stop the others.
func (r Reader) Read(ctx context.Context, l *reader.List) error {
	if len(r.Reports) == 0 {
		return ErrNotConfigured
	}
	server, err := r.serverTime(ctx, l)
	if err != nil {
		return err
	}
	readers := r.readers(l, server)
	if slices.ContainsFunc(readers, func(d *reportReader) bool { return d.clamped }) {
		l.Warn(l.Outputs[0], fmt.Sprintf("the state is later than the server's present, %s: the days since the last one that is known to have rows are read again", server.Format(time.DateTime)))
	}
	var failed error
	for _, d := range readers {
		err := d.read(ctx)
		var e *gorgias.Error
		if errors.As(err, &e) && e.Kind != gorgias.Unauthorized {
			failed = cmp.Or(failed, d.named(err))
		} else if err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	l.Done(l.Outputs[0])
	return nil
}

// Check requests a row of each report. It returns no record.
func (r Reader) Check(ctx context.Context, l *reader.List) (*stream.Record, error) {
	for _, err := range r.CheckEach(ctx, l) {
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// CheckEach requests a row of each report, and yields its index and error.
func (r Reader) CheckEach(ctx context.Context, l *reader.List) func(yield func(int, error) bool) {
	return func(yield func(int, error) bool) {
		for i, d := range r.readers(l, time.Time{}) {
			if _, err := d.check(ctx); !yield(i, err) {
				return
			}
		}
	}
}

// serverTime returns the server's time. If there was no response yet, or the host's
// clock does not agree with the last one, it takes a request for a day long past, of
// the first report that can be read, and at most another one: a wrong Date does not
// fit to the next response, and is replaced.
func (r Reader) serverTime(ctx context.Context, l *reader.List) (time.Time, error) {
	server := l.LastServerTime()
	for tries := 0; tries < 2 && !agrees(server); tries++ {
		var failed error
		for _, d := range r.readers(l, time.Time{}) {
			at, err := d.check(ctx)
			if err == nil {
				server, failed = at, nil
				break
			}
			failed = cmp.Or(failed, err)
		}
		if failed != nil && server.IsZero() {
			return server, failed
		}
	}
	return server, nil
}

// agrees reports whether the host's clock agrees with a server time.
func agrees(server time.Time) bool {
	return time.Since(server).Abs() <= gorgias.ClockTolerance //rule:doubtful-server-time-is-asked-again
}

// A reportReader reads one report.
type reportReader struct {
	*reader.List
	*Report
	output   *reader.Output
	index    int             // in the configuration
	all      []*reportReader // of the configured reports
	bookmark state.ReportBookmark
	now      time.Time // server time when the scan started, as far as it is plausible

	from, last   day
	rereadWindow bool // the scan covers all days that may have changed
	undatedRows  bool // rows do not contain their day
	clamped      bool // the bookmark was later than the server's present
}

// readers returns those of all reports, each at the start given by its bookmark.
// Without a server time, they can only check.
func (r Reader) readers(l *reader.List, server time.Time) []*reportReader {
	all := make([]*reportReader, len(r.Reports))
	now := l.Plausible(server)
	for i := range all {
		d := &reportReader{List: l, Report: &r.Reports[i], output: l.Outputs[0], index: i, all: all, now: now}
		if all[i] = d; !server.IsZero() {
			d.begin(server)
			d.bound(server)
		}
	}
	return all
}

// begin sets the first day to read. A report without a bookmark, or with another
// query than before, is read from the start date.
func (d *reportReader) begin(server time.Time) {
	id, stored := d.id(), d.output.Bookmark
	if i := slices.IndexFunc(stored.Reports, func(b state.ReportBookmark) bool { return b.Report == id }); i >= 0 {
		d.bookmark = stored.Reports[i]
	} else if len(stored.Reports) == 0 { // an imported state
		d.bookmark = state.ReportBookmark{Watermark: stored.Watermark, WindowReadAt: stored.WindowReadAt}
	}
	d.bookmark.Report = id
	d.clamped = d.bookmark.ClampTo(server.Add(gorgias.ClockTolerance))
	// The dates of the configuration are days, in any time zone.
	start := dayOf(d.now.AddDate(-1, 0, 0), d.Zone)
	if !d.Start.IsZero() {
		start = dayOf(d.Start, time.UTC)
	}
	window := d.Window(d.Source)
	if d.bookmark.Watermark.IsZero() {
		d.from = start
		d.bookmark.WindowReadAt = d.now // what is read from here on may change from here on
		return
	}
	d.from = dayOf(d.bookmark.Watermark.Add(-d.Overlap), d.Zone)
	d.rereadWindow = window > 0 && d.WindowDue(d.bookmark.WindowReadAt, server) //rule:recent-days-are-reread
	if d.rereadWindow {
		windowStart := dayOf(d.bookmark.WindowReadAt.Add(-window), d.Zone)
		if !d.Start.IsZero() {
			windowStart = max(windowStart, start) // no sync has read what lies before
		}
		d.from = min(d.from, windowStart)
	}
}

// bound sets the last day to read: today. The server's today is also read if it is not
// plausible, because the host's clock may be late; only no more than a year of such
// days, and they do not count as read. They are counted from the watermark at the
// earliest, not from the window, which may reach back further.
func (d *reportReader) bound(server time.Time) {
	known := max(dayOf(d.now, d.Zone), dayOf(d.bookmark.Watermark, d.Zone), d.from) //rule:days-beyond-the-window-are-read
	d.last = min(dayOf(server, d.Zone), known+maxPeriod)                            //rule:days-beyond-the-present-are-bounded
	if !d.End.IsZero() {
		d.last = min(d.last, dayOf(d.End, time.UTC))
	}
}

// read reads the report's days. Each period is a batch.
func (d *reportReader) read(ctx context.Context) error {
	for length, longest := minPeriod, maxPeriod; d.from <= d.last; {
		to := min(d.from+day(length)-1, d.last)
		days, rows, readAt, err := d.period(ctx, d.from, to)
		if (reader.IsExhausted(err) || reader.IsRejectedToken(err)) && length > minPeriod {
			length, longest = minPeriod, minPeriod // a long period may be too much for the API
			continue
		}
		if err != nil {
			return err
		}
		d.emit(days, to, readAt)
		d.from = to + 1
		switch {
		case rows < d.limit()/4:
			length = min(2*length, longest)
		case rows > d.limit():
			length = max(length/2, 1)
		}
	}
	if d.rereadWindow { //rule:window-counts-only-when-reread
		d.bookmark.WindowReadAt = state.MaxTime(d.bookmark.WindowReadAt, d.clampWatermark(d.now))
		d.saveState()
	}
	return nil
}

func (d *reportReader) limit() int { return cmp.Or(d.PageSize, maxRows) }

// clampWatermark keeps a watermark from passing the start of the scan or the end
// date.
func (d *reportReader) clampWatermark(at time.Time) time.Time {
	at = state.MinTime(at, d.now)
	if !d.End.IsZero() {
		at = state.MinTime(at, d.End)
	}
	return at
}

// emit emits the days of a period that have changed since they were emitted
// last.
func (d *reportReader) emit(days map[day][]reportRow, to day, readAt time.Time) {
	b := &d.output.Bookmark
	asOf := readAt
	if !asOf.After(d.bookmark.LastAsOf) { //rule:report-rows-are-dated-upwards
		asOf = d.bookmark.LastAsOf.Add(time.Microsecond)
	}
	var records []stream.Record
	var read, changed []stream.Fingerprint
	lastNonEmpty := d.bookmark.LastNonEmptyDay
	for on := d.from; on <= to; on++ {
		rows, starts := days[on], on.start(d.Zone)
		fp := d.fingerprint(on, rows)
		read = append(read, fp)
		if b.Fingerprints.Has(fp) { //rule:unchanged-days-are-not-emitted
			continue
		}
		if len(rows) > 0 {
			lastNonEmpty = state.MaxTime(lastNonEmpty, starts)
		} else if !starts.After(d.bookmark.LastNonEmptyDay) { //rule:emptied-days-get-an-empty-row
			rows = []reportRow{d.emptyDayRow(on)} // the destination may hold some
		}
		for _, row := range rows {
			records = append(records, stream.Record{Raw: row.record(asOf)})
		}
		changed = append(changed, fp)
	}
	if len(records) > 0 {
		d.bookmark.LastNonEmptyDay, d.bookmark.LastAsOf = lastNonEmpty, asOf
		b.Fingerprints = b.Fingerprints.Without(changed) //rule:changed-days-forget-fingerprints-first
		d.saveState()
		d.EmitRecords(d.output, nil)
	}
	d.bookmark.Watermark = state.MaxTime(d.bookmark.Watermark, d.clampWatermark((to + 1).start(d.Zone))) //rule:report-watermark-follows-days-read
	d.saveState()
	b.Fingerprints = b.Fingerprints.With(read, d.fingerprintHorizon(), 0)
	d.EmitRecords(d.output, records)
}

// fingerprint is that of a day.
func (d *reportReader) fingerprint(on day, rows []reportRow) stream.Fingerprint {
	var text []byte
	for _, row := range rows {
		text = append(append(text, row.text...), '\n')
	}
	return stream.NewFingerprint(fmt.Appendf(nil, "%s %d", d.bookmark.Report, on), on.start(d.Zone), text)
}

// saveState puts the report's bookmark into that of the stream. A list that has
// been handed out stays as it is.
func (d *reportReader) saveState() {
	b := &d.output.Bookmark
	all := slices.Clone(b.Reports)
	if i := slices.IndexFunc(all, func(r state.ReportBookmark) bool { return r.Report == d.bookmark.Report }); i >= 0 {
		all[i] = d.bookmark
	} else {
		all = append(all, d.bookmark)
	}
	b.Reports = all
	b.Watermark, b.WindowReadAt = d.bookmark.Watermark, d.bookmark.WindowReadAt
	for _, other := range d.all {
		b.Watermark = state.MinTime(b.Watermark, other.bookmark.Watermark)
		b.WindowReadAt = state.MinTime(b.WindowReadAt, other.bookmark.WindowReadAt)
	}
}

// fingerprintHorizon is the time down to which some report may read a day again.
func (d *reportReader) fingerprintHorizon() (horizon time.Time) {
	window := d.Window(d.Source)
	for _, other := range d.all {
		if other.bookmark.Watermark.IsZero() {
			continue
		}
		back := state.MinTime(other.bookmark.Watermark.Add(-d.Overlap), other.bookmark.WindowReadAt.Add(-window)) //rule:report-fingerprints-outlive-window
		back = dayOf(back, other.Zone).start(other.Zone)
		if horizon.IsZero() || back.Before(horizon) {
			horizon = back
		}
	}
	return horizon
}

// period reads some days. It also returns how many rows came, and when.
func (d *reportReader) period(ctx context.Context, from, to day) (days map[day][]reportRow, rows int, readAt time.Time, err error) {
	if d.undatedRows {
		return d.dayByDay(ctx, from, to)
	}
	// The day before is queried, too: if a period excludes its first day, it is
	// none of those that matter.
	raws, readAt, err := d.query(ctx, from-1, to+1) //rule:day-before-period-is-queried
	if err != nil {
		return nil, 0, readAt, err
	}
	days, found, err := d.rowsByDay(raws, from, to)
	if err != nil {
		return nil, 0, readAt, d.invalid(err.Error())
	}
	if found {
		return days, len(raws), readAt, nil
	}
	days, rows, readAt, err = d.dayByDay(ctx, from, to)
	if err == nil && !d.undatedRows {
		err = d.invalid("the rows do not contain their day")
	}
	return days, rows, readAt, err
}

// dayByDay reads days one by one, because rows do not contain their day. The
// first time, it also reads the day before, to see that this works.
func (d *reportReader) dayByDay(ctx context.Context, from, to day) (days map[day][]reportRow, rows int, readAt time.Time, err error) {
	days = map[day][]reportRow{}
	first := from - 1
	if d.undatedRows {
		first = from
	}
	for on := first; on <= to; on++ {
		raws, at, err := d.query(ctx, on, on+1)
		if err != nil {
			return nil, 0, at, err
		}
		if readAt.IsZero() {
			readAt = at
		}
		d.undatedRows = d.undatedRows || len(raws) > 0
		for _, raw := range raws {
			if on >= from {
				days[on] = append(days[on], d.newRow(raw, on, ""))
			}
		}
	}
	if err := sortRows(days); err != nil {
		return nil, 0, readAt, d.invalid(err.Error())
	}
	return days, d.limit(), readAt, nil
}

// query reads all rows of the days from one up to, and without, another. It
// returns when the first of them came.
func (d *reportReader) query(ctx context.Context, from, before day) (rows []json.RawMessage, readAt time.Time, err error) {
	pager := reader.Pager{Path: d.Source.Path, Fetch: func(ctx context.Context, token string) (*reader.Page, error) {
		return d.fetch(ctx, from, before, d.limit(), token)
	}}
	for page, err := range pager.Pages(ctx) {
		if err != nil {
			return nil, readAt, err
		}
		if page.Restarted {
			rows, readAt = nil, time.Time{}
		}
		if readAt.IsZero() {
			readAt = d.Plausible(page.ServerTime)
		}
		for _, rec := range page.Records {
			rows = append(rows, rec.Raw)
		}
	}
	return rows, readAt, nil
}

// fetch requests one page.
func (d *reportReader) fetch(ctx context.Context, from, before day, limit int, token string) (*reader.Page, error) {
	return d.Query(ctx, d.Source, url.Values{"limit": {strconv.Itoa(limit)}}, d.body(from, before), token)
}

// checkDay is a day that is over in every time zone: 1 January 2024.
const checkDay = day(19723)

// check requests one row, to see whether the report can be read, and returns the
// server's time.
func (d *reportReader) check(ctx context.Context) (server time.Time, err error) {
	page, err := d.fetch(ctx, checkDay, checkDay+1, 1, "")
	if err != nil {
		return time.Time{}, d.named(err)
	}
	return page.ServerTime, nil
}

func (d *reportReader) invalid(message string) error {
	return &gorgias.Error{Kind: gorgias.InvalidResponse, Method: http.MethodPost, Path: "/api/" + d.Source.Path, Message: message}
}

// named adds to an error of the API which report it ended, by its place: values
// of the configuration are not quoted.
func (d *reportReader) named(err error) error {
	var e *gorgias.Error
	if !errors.As(err, &e) {
		return err
	}
	named := *e
	named.Message = fmt.Sprintf("reports: %s: %s", EntryLabel(d.index), strings.TrimSuffix(e.Message, "."))
	for _, s := range Scopes() {
		if e.Kind == gorgias.ClientError && s.Name == d.Scope {
			named.Message += fmt.Sprintf(". The documented measures of this scope are %s and the dimensions %s", strings.Join(s.Measures, ", "), strings.Join(s.Dimensions, ", "))
		}
	}
	return &named
}

// Forecast requests the first period of each report.
func (r Reader) Forecast(ctx context.Context, l *reader.List) (reader.Estimate, error) {
	e := reader.Estimate{Accuracy: reader.Exact}
	if len(r.Reports) == 0 {
		return e, ErrNotConfigured
	}
	if !agrees(l.LastServerTime()) {
		e.Requests, e.Accuracy = 1, reader.AtLeast // for the server's time
	}
	server, err := r.serverTime(ctx, l)
	if err != nil {
		return e, err
	}
	since := day(0)
	var failed []error
	for i, d := range r.readers(l, server) {
		if i == 0 || d.from < since {
			since = d.from
		}
		if err := d.forecast(ctx, &e); err != nil {
			if failed = append(failed, err); ctx.Err() != nil || len(failed) == len(r.Reports) {
				return e, err
			}
		}
	}
	e.Description = fmt.Sprintf("the days since %s, of each of %d reports", since, len(r.Reports))
	if !l.End.IsZero() && since > dayOf(l.End, time.UTC) {
		e.Description, e.Requests = "nothing: the state is past the end date", 0
	}
	for _, err := range failed {
		e.Description += "; " + err.Error()
	}
	return e, nil
}

// forecast adds what one report will request.
func (d *reportReader) forecast(ctx context.Context, e *reader.Estimate) error {
	if d.from > d.last {
		return nil
	}
	to := min(d.from+minPeriod-1, d.last)
	page, err := d.fetch(ctx, d.from-1, to+1, d.limit(), "")
	if err != nil {
		return d.named(err)
	}
	var raws []json.RawMessage
	for _, rec := range page.Records {
		raws = append(raws, rec.Raw)
	}
	days, found, _ := d.rowsByDay(raws, d.from, to)
	for _, rows := range days {
		e.Records += len(rows)
	}
	e.Requests++
	if to < d.last || page.NextToken != "" || !found {
		e.Accuracy = reader.AtLeast
	}
	for length := 2 * minPeriod; to < d.last; length = min(2*length, maxPeriod) {
		to += day(length)
		e.Requests++
	}
	return nil
}
