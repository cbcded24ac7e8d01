package reader

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector/stream"
)

// Forecast requests the first page of the scan, and of some lists the page at
// the other end.
func (Incremental) Forecast(ctx context.Context, l *List) (Estimate, error) {
	e := Estimate{Requests: 1, Accuracy: Exact}
	l.Outputs = slices.DeleteFunc(slices.Clone(l.Outputs), l.pastEnd)
	if len(l.Outputs) == 0 {
		e.Description, e.Requests = "nothing: the state is past the end date", 0
		return e, nil
	}
	s := &scan{List: l}
	if err := s.resume(ctx); err != nil {
		return e, err
	}
	resumedAt := s.position.Pages
	page, err := s.fetch(ctx, s.position.PageToken)
	if s.resumed && (IsRejectedToken(err) || IsExhausted(err)) {
		if err = s.begin(ctx); err == nil {
			page, err = s.fetch(ctx, "")
		}
	}
	if err != nil {
		return e, err
	}
	more := s.observe(page)
	e.Description = s.describe(resumedAt)
	for _, rec := range page.Records {
		if at := rec.Cursor; at.IsZero() || !at.Before(s.position.LowerBound) && !s.beyondEnd(at) {
			e.Records++
		}
	}
	if !more {
		return e, nil
	}
	e.Accuracy = AtLeast
	remaining := s.remaining(ctx, page)
	if remaining > 0 {
		e.Accuracy = About
		e.Records += remaining
	}
	e.Requests += max(1, Pages(remaining))
	return e, nil
}

// Pages returns how many pages of the largest size some rows take.
func Pages(rows int) int { return (rows + MaxPageSize - 1) / MaxPageSize }

// describe says what the scan is going to read.
func (s *scan) describe(resumedAt int) string {
	if s.Source.Mode == stream.OldestFirst && s.Source.SinceParam == "" {
		return "the whole list, to find new records"
	}
	verb := "changed"
	if !strings.HasSuffix(s.Source.Cursor, "updated_datetime") {
		verb = "created"
	}
	text := fmt.Sprintf("records %s since %s", verb, s.position.LowerBound.UTC().Format(time.DateTime))
	if resumedAt > 0 && s.resumed {
		text += fmt.Sprintf("; continues after page %d", resumedAt)
	}
	return text
}

// remaining estimates how many rows of the scan lie beyond its first page; 0 if
// that is unknown. For a short time span, the density of the rows of that page
// shows it; for a longer one, the page at the other end of the list does, by the
// ids between them and their density.
func (s *scan) remaining(ctx context.Context, page *Page) int {
	from, to, order := s.position.LowerBound, s.position.LastCursor, "created_datetime:asc"
	if s.Source.Mode == stream.OldestFirst {
		from, to, order = s.position.LastCursor, s.position.StartedAt, "created_datetime:desc"
	}
	if n, ok := s.fromDensity(page, to.Sub(from)); ok {
		return n
	}
	if s.Source.Query.Get("order_by") == "" {
		return 0
	}
	other, err := s.FetchPage(ctx, s.Source, s.Source.Path, url.Values{"order_by": {order}}, "")
	if err != nil || len(other.Records) < 3 {
		return 0
	}
	return s.fromIDs(page, other, from)
}

// fromDensity estimates the rows in a time span by those of the page, if the
// span is short enough.
func (s *scan) fromDensity(page *Page, span time.Duration) (int, bool) {
	var times []time.Time
	for _, rec := range page.Records {
		if at := rec.Cursor; !at.IsZero() && !at.After(s.position.StartedAt) {
			times = append(times, at)
		}
	}
	n := len(times)
	if n < 2 {
		return 0, false
	}
	known := times[0].Sub(times[n-1]).Abs()
	if span > 3*known {
		return 0, false
	}
	return int(float64(n-1)*span.Seconds()/known.Seconds() + 0.5), true
}

// fromIDs estimates the rows between a page and the one at the other end of the
// list.
func (s *scan) fromIDs(page, other *Page, from time.Time) int {
	gap := spacing(other.Records)
	if s.Source.Cursor == "created_datetime" { // else the page is in another order
		gap = (gap + spacing(page.Records)) / 2
	}
	// A few rows at either end may have been imported with a date of their own.
	// The middle of the page is not among them.
	middle := other.Records[len(other.Records)/2]
	var newest int64
	for _, rec := range page.Records {
		newest = max(newest, rec.ID())
	}
	created := stream.Timestamp(middle.Raw, "created_datetime")
	if gap == 0 || created.IsZero() {
		return 0
	}
	between := math.Abs(float64(newest-middle.ID())) / gap
	share := 1.0
	if s.Source.Mode == stream.NewestFirst {
		share = min(1, s.position.StartedAt.Sub(from).Seconds()/max(1, s.position.StartedAt.Sub(created).Seconds()))
	}
	return max(0, int(between*share)+len(other.Records)/2-len(page.Records))
}

// spacing is the mean distance between the ids of a page, without the outliers;
// 0 if that is unknown.
func spacing(records []stream.Record) float64 {
	var gaps []float64
	for i := range len(records) - 1 {
		gaps = append(gaps, math.Abs(float64(records[i].ID()-records[i+1].ID())))
	}
	slices.Sort(gaps)
	gaps = gaps[len(gaps)/10 : len(gaps)-len(gaps)/10]
	sum := 0.0
	for _, g := range gaps {
		sum += g
	}
	return sum / max(1, float64(len(gaps)))
}
