package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/streams"
)

// controlDays is how many days the control totals cover.
const controlDays = 30

// A Control sets the rows of some days beside what the account's own statistics count,
// in one request. The definitions differ, so a difference is no fault.
type Control struct {
	// Scope is the statistic, From the first day and Before the one after the last, as
	// dates in UTC.
	Scope  string `json:"scope"`
	From   string `json:"from"`
	Before string `json:"before"`
	// Rows is how many rows were created on these days, Account how many the account counts.
	Rows    int `json:"rows"`
	Account int `json:"account"`
	// Days are those on which the numbers differ.
	Days []ControlDay `json:"days"`
	// Unavailable says why there are no totals; "" if there are.
	Unavailable string `json:"unavailable,omitempty"`
}

// A ControlDay is a day on which the numbers of a Control differ.
type ControlDay struct {
	Date    string `json:"date"`
	Rows    int    `json:"rows"`
	Account int    `json:"account"`
}

func (d ControlDay) drift() int { return max(d.Rows-d.Account, d.Account-d.Rows) }

// control compares the control totals of a stream that has any.
func (c *comparison) control(ctx context.Context) error {
	scope := c.Stream.CountedBy
	if scope == "" {
		return nil
	}
	before := c.report.Horizon.Truncate(24 * time.Hour)
	from := before.AddDate(0, 0, -controlDays)
	if since := c.since(); since.After(from) {
		from = since.Truncate(24*time.Hour).AddDate(0, 0, 1)
	}
	r := &Control{Scope: scope, From: from.Format(time.DateOnly), Before: before.Format(time.DateOnly), Days: []ControlDay{}}
	c.report.Control = r
	if _, given := c.table.given[c.Stream.Created]; !given {
		r.Unavailable = "the rows have no " + c.Stream.Created
		return nil
	}
	if !from.Before(before) {
		r.Unavailable = "the rows cover no whole day"
		return nil
	}
	i := slices.IndexFunc(reports.Scopes(), func(s reports.Scope) bool { return s.Name == scope })
	published := reports.Scopes()[i]
	account, err := reports.Totals(ctx, c.Run, streams.Statistics(), reports.Report{Name: scope, Scope: scope, TimeDimension: published.TimeDimension,
		Measures: published.Measures[:1], Zone: time.UTC}, from, before)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		r.Unavailable = connector.Classify(c.Stream, err).Message
		return nil
	}
	for at := from; at.Before(before); at = at.AddDate(0, 0, 1) {
		day := ControlDay{Date: at.Format(time.DateOnly)}
		day.Rows, day.Account = c.table.perDay[day.Date], account[day.Date]
		r.Rows, r.Account = r.Rows+day.Rows, r.Account+day.Account
		if day.drift() > 0 {
			r.Days = append(r.Days, day)
		}
	}
	return nil
}

// String says what the totals are, in one line.
func (r *Control) String() string {
	if r.Unavailable != "" {
		return "no totals: " + r.Unavailable
	}
	text := fmt.Sprintf("from %s to before %s, %d rows were created, and the statistic %s counts %d", r.From, r.Before, r.Rows, r.Scope, r.Account)
	if len(r.Days) == 0 {
		return text + ", the same on each day"
	}
	worst := slices.Clone(r.Days)
	slices.SortStableFunc(worst, func(a, b ControlDay) int { return b.drift() - a.drift() })
	var named []string
	for _, d := range worst[:min(3, len(worst))] {
		named = append(named, fmt.Sprintf("%s (%d, %d)", d.Date, d.Rows, d.Account))
	}
	return fmt.Sprintf("%s; they differ on %d days, most on %s. That is no fault by itself: statistics leave out spam and what is in the trash, and count tickets that were deleted since", text, len(r.Days), strings.Join(named, ", "))
}
