package connector

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
	"sync/atomic"
	"time"

	"source-gorgias/connector/gorgias"
)

// A period of a report's days is short at first, and long enough for the usual
// window. If its rows leave most of a page empty, the next is twice as long, up to
// what the API allows with the day before it; if they do not fit on a page, half
// as long.
const (
	minPeriod = 35
	maxPeriod = 365
	maxRows   = 10_000 // on a page
)

// errNoReports ends a stream of reports when none is configured.
var errNoReports = &Error{[]string{`reports: it is missing, and the stream statistics is made of nothing else; add reports to the configuration, or deselect the stream`}}

// daily reads the reports one after the other, each from its oldest day to the
// server's today. Today is read although it is not over: people want to see it
// grow, as_of_datetime tells that it has not ended, and the next sync reads it again.
//
// A day is written whole whenever something in it has changed, so that its
// present rows are those with its latest as_of_datetime. Before that, a bookmark forgets
// what was written of it: of a sync that ends in between, nobody can say what
// the destination has.
func (t *task) daily(ctx context.Context) error {
	if len(t.Reports) == 0 {
		return errNoReports
	}
	now, err := t.clock(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, d := range t.diaries(now) {
		err := d.read(ctx)
		var e *gorgias.Error
		if errors.As(err, &e) && e.Kind != gorgias.Unauthorized {
			if failed == nil {
				failed = d.named(e)
			}
			continue // the other reports may be had
		}
		if err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	m := t.members[0]
	t.send(m, Batch{Bookmark: m.mark, Last: true})
	return nil
}

// A latest is the latest time the server has told, in seconds since 1970.
type latest struct{ atomic.Int64 }

func (l *latest) note(at time.Time) {
	for old := l.Load(); at.Unix() > old && !l.CompareAndSwap(old, at.Unix()); {
		old = l.Load()
	}
}

// clock returns the server's time. If nothing has been asked yet, the first
// report that can be had is asked for a day of long ago.
func (t *task) clock(ctx context.Context) (time.Time, error) {
	var failed error
	for _, d := range t.diaries(time.Time{}) {
		if t.served.Load() == 0 {
			failed = cmp.Or(failed, d.probe(ctx))
		}
	}
	if at := t.served.Load(); at != 0 {
		return time.Unix(at, 0).UTC(), nil
	}
	return time.Time{}, failed
}

// probe asks for a row, to see whether the report can be had.
func (d *diary) probe(ctx context.Context) error {
	_, err := d.page(ctx, probed, probed+1, 1, "")
	var e *gorgias.Error
	if errors.As(err, &e) {
		return d.named(e)
	}
	return err
}

// probed is a day that is over wherever one is: 1 January 2024.
const probed = day(19723)

// A diary is a report on its way.
type diary struct {
	*task
	*Report
	index int      // in the configuration
	all   []*diary // of the configured reports
	mark  ReportBookmark
	now   time.Time // the server's, when the walk began

	from, last day
	revises    bool // it reaches back over all days that may have changed
	nameless   bool // rows do not say of which day they are
}

// diaries are those of all reports, each set out from where its mark says.
func (t *task) diaries(now time.Time) []*diary {
	all := make([]*diary, len(t.Reports))
	for i := range all {
		all[i] = &diary{task: t, Report: &t.Reports[i], index: i, all: all, now: now}
		all[i].begin()
	}
	return all
}

// begin sets out. A report that has no mark, or another question than before, is
// read from the beginning.
func (d *diary) begin() {
	id, m := d.id(), d.members[0]
	if i := slices.IndexFunc(m.mark.Reports, func(r ReportBookmark) bool { return r.Report == id }); i >= 0 {
		d.mark = m.mark.Reports[i]
	} else if len(m.mark.Reports) == 0 { // a state of somebody else's
		d.mark = ReportBookmark{Watermark: m.mark.Watermark, WindowReadAt: m.mark.WindowReadAt}
	}
	d.mark.Report = id
	d.last = dayOf(d.now, d.Zone)
	if !d.End.IsZero() {
		d.last = min(d.last, dayOf(d.End, time.UTC))
	}
	// The dates of the configuration are days, wherever they begin.
	start := dayOf(d.now.AddDate(-1, 0, 0), d.Zone)
	if !d.Start.IsZero() {
		start = dayOf(d.Start, time.UTC)
	}
	window := d.window(m.Stream)
	if d.mark.Watermark.IsZero() {
		d.from = start
		d.mark.WindowReadAt = d.now // what is read from here on may change from here on
		return
	}
	d.from = dayOf(d.mark.Watermark.Add(-d.Overlap), d.Zone)
	if d.revises = window > 0 && d.now.Sub(d.mark.WindowReadAt) >= d.WindowInterval; d.revises {
		back := dayOf(d.mark.WindowReadAt.Add(-window), d.Zone)
		if !d.Start.IsZero() {
			back = max(back, start) // what was before has never been read
		}
		d.from = min(d.from, back)
	}
}

// read reads the report's days. Each period is a batch, and a place to stop.
func (d *diary) read(ctx context.Context) error {
	for length, most := minPeriod, maxPeriod; d.from <= d.last; {
		to := min(d.from+day(length)-1, d.last)
		days, rows, served, err := d.period(ctx, d.from, to)
		if (failed(err) || refused(err)) && length > minPeriod {
			length, most = minPeriod, minPeriod // a long period may be asking too much
			continue
		}
		if err != nil {
			return err
		}
		d.write(days, to, served)
		d.from = to + 1
		switch {
		case rows < d.limit()/4:
			length = min(2*length, most)
		case rows > d.limit():
			length = max(length/2, 1)
		}
	}
	if d.revises {
		d.mark.WindowReadAt = later(d.mark.WindowReadAt, d.bound(d.now))
		d.keep()
	}
	return nil
}

func (d *diary) limit() int { return cmp.Or(d.PageSize, maxRows) }

// bound keeps a watermark from passing the walk's beginning or the sync's end.
func (d *diary) bound(at time.Time) time.Time {
	at = earlier(at, d.now)
	if !d.End.IsZero() {
		at = earlier(at, d.End)
	}
	return at
}

// write hands on the days of a period that are not as they were written last.
func (d *diary) write(days map[day][]line, to day, served time.Time) {
	m := d.members[0]
	asOf := served
	if !asOf.After(d.mark.LastAsOf) {
		asOf = d.mark.LastAsOf.Add(time.Microsecond)
	}
	var records []json.RawMessage
	var met, changed []print
	reached := d.mark.LastNonEmptyDay
	for on := d.from; on <= to; on++ {
		lines, begins := days[on], on.start(d.Zone)
		as := d.print(on, lines)
		met = append(met, as)
		if m.mark.Fingerprints.has(as) {
			continue
		}
		if len(lines) == 0 && !begins.After(d.mark.LastNonEmptyDay) {
			lines = []line{d.none(on)} // it may have had some
		}
		for _, l := range lines {
			records = append(records, l.record(asOf))
		}
		if len(lines) > 0 {
			reached = later(reached, begins)
		}
		changed = append(changed, as)
	}
	if len(records) > 0 {
		d.mark.LastNonEmptyDay, d.mark.LastAsOf = reached, asOf
		m.mark.Fingerprints = m.mark.Fingerprints.without(changed)
		d.keep()
		d.send(m, Batch{Bookmark: m.mark})
	}
	d.mark.Watermark = later(d.mark.Watermark, d.bound((to + 1).start(d.Zone)))
	d.keep()
	m.mark.Fingerprints = m.mark.Fingerprints.with(met, d.floor())
	d.send(m, Batch{Records: records, Bookmark: m.mark})
}

// print is the fingerprint of a day.
func (d *diary) print(on day, lines []line) print {
	var text []byte
	for _, l := range lines {
		text = append(append(text, l.text...), '\n')
	}
	return printOf(fmt.Appendf(nil, "%s %d", d.mark.Report, on), on.start(d.Zone), text)
}

// keep puts the report's mark into the bookmark. A list that has been handed
// out stays as it is.
func (d *diary) keep() {
	b := &d.members[0].mark
	marks := slices.Clone(b.Reports)
	if i := slices.IndexFunc(marks, func(r ReportBookmark) bool { return r.Report == d.mark.Report }); i >= 0 {
		marks[i] = d.mark
	} else {
		marks = append(marks, d.mark)
	}
	b.Reports = marks
	b.Watermark, b.WindowReadAt = d.mark.Watermark, d.mark.WindowReadAt
	for _, o := range d.all {
		b.Watermark, b.WindowReadAt = earlier(b.Watermark, o.mark.Watermark), earlier(b.WindowReadAt, o.mark.WindowReadAt)
	}
}

// floor is how far back some report may meet a day again.
func (d *diary) floor() (floor time.Time) {
	window := d.window(d.source)
	for _, o := range d.all {
		if o.mark.Watermark.IsZero() {
			continue
		}
		back := earlier(o.mark.Watermark.Add(-d.Overlap), o.mark.WindowReadAt.Add(-window))
		back = dayOf(back, o.Zone).start(o.Zone)
		if floor.IsZero() || back.Before(floor) {
			floor = back
		}
	}
	return floor
}

// period reads some days. If no row says of which day it is, they are asked for
// one by one. It also returns how many rows came, and when.
func (d *diary) period(ctx context.Context, from, to day) (days map[day][]line, rows int, served time.Time, err error) {
	if !d.nameless {
		// The day before is asked for as well: if a period begins after that
		// day, it is none of its own.
		raws, at, err := d.ask(ctx, from-1, to+1)
		if err != nil {
			return nil, 0, at, err
		}
		days, found, err := d.lines(raws, from, to)
		if err != nil {
			return nil, 0, at, d.unproven(err.Error())
		}
		if found {
			return days, len(raws), at, nil
		}
		rows = len(raws)
	}
	days, nameless := map[day][]line{}, d.nameless
	for on := from - 1; on <= to; on++ {
		if on < from && nameless {
			continue // it has been shown that this works
		}
		raws, at, err := d.ask(ctx, on, on+1)
		if err != nil {
			return nil, 0, at, err
		}
		if served.IsZero() {
			served = at
		}
		nameless = nameless || len(raws) > 0
		for _, raw := range raws {
			if on >= from {
				days[on] = append(days[on], d.line(raw, on, ""))
			}
		}
	}
	if rows > 0 && !nameless {
		return nil, 0, served, d.unproven("the rows do not say of which day they are")
	}
	d.nameless = nameless
	if err := inOrder(days); err != nil {
		return nil, 0, served, d.unproven(err.Error())
	}
	return days, d.limit(), served, nil
}

// ask reads all rows of the days from the one to before the other, and tells
// when the first of them came. If a page token is refused, it begins again.
func (d *diary) ask(ctx context.Context, from, before day) (rows []json.RawMessage, served time.Time, err error) {
	for restarts := 0; ; restarts++ {
		rows, served = nil, time.Time{}
		var circle ring
		for next := ""; ; {
			page, err := d.page(ctx, from, before, d.limit(), next)
			if refused(err) && next != "" && restarts < maxRestarts {
				break
			}
			if err != nil {
				return nil, served, err
			}
			if served.IsZero() {
				served = page.ServerTime
			}
			rows = append(rows, page.Records...)
			if next = page.NextToken; next == "" {
				return rows, served, nil
			}
			if err := circle.pass(d.source.Path, next); err != nil {
				return nil, served, err
			}
		}
	}
}

// page asks for one page.
func (d *diary) page(ctx context.Context, from, before day, limit int, next string) (*gorgias.Page, error) {
	page, err := d.Client.Query(ctx, d.source.Envelope, d.source.Path, url.Values{"limit": {strconv.Itoa(limit)}}, d.body(from, before), next)
	if err == nil {
		d.served.note(page.ServerTime)
	}
	return page, err
}

func (d *diary) unproven(message string) error {
	return &gorgias.Error{Kind: gorgias.InvalidResponse, Method: http.MethodPost, Path: "/api/" + d.source.Path, Message: message}
}

// named says of an error which report it ended, by its place: a configuration
// is not quoted.
func (d *diary) named(e *gorgias.Error) *gorgias.Error {
	named := *e
	named.Message = fmt.Sprintf("reports: %s: %s", entry(d.index), strings.TrimSuffix(e.Message, "."))
	for _, s := range Scopes() {
		if e.Kind == gorgias.ClientError && s.Name == d.Scope {
			named.Message += fmt.Sprintf(". Documented of this scope are the measures %s and the dimensions %s", strings.Join(s.Measures, ", "), strings.Join(s.Dimensions, ", "))
		}
	}
	return &named
}
