package verify

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// controlDays is how many days the control totals cover.
const controlDays = 30

// A Control sets numbers of rows beside what the account counts, in one request. The
// definitions differ, so a difference is no fault.
type Control struct {
	// Counter is what counts: a scope of the account's statistics, by the day, or a column
	// of a list, such as tags.usage, by its records.
	Counter string `json:"counter"`
	// From is the first day and Before the one after the last, as dates in UTC; "" if it
	// counts by records.
	From   string `json:"from,omitempty"`
	Before string `json:"before,omitempty"`
	// Rows is how many rows there are of all that is counted, Account how many the account
	// counts.
	Rows    int `json:"rows"`
	Account int `json:"account"`
	// Differing are the days or records for which the numbers differ.
	Differing []Drift `json:"differing"`
	// Unavailable says why there are no totals; "" if there are.
	Unavailable string `json:"unavailable,omitempty"`

	what, why string // the counter in a sentence, and why the numbers may differ
}

// A Drift is a day or a record for which the numbers of a Control differ.
type Drift struct {
	Of      string `json:"of"` // the date or the id
	Rows    int    `json:"rows"`
	Account int    `json:"account"`
}

func (d Drift) size() int { return max(d.Rows-d.Account, d.Account-d.Rows) }

// control compares the control totals of a stream that has any. What prevents them is no
// error: they are a further help.
func (c *comparison) control(ctx context.Context) error {
	var err error
	switch {
	case c.Stream.CountedBy != "":
		err = c.controlDays(ctx)
	case c.Stream.CountedIn != nil:
		err = c.controlRecords(ctx) //rule:tags-have-totals
	}
	if err != nil && ctx.Err() == nil {
		c.report.Control.Unavailable = connector.Classify(c.Stream, err).Message
		err = nil
	}
	return err
}

// controlDays compares the rows that were created on each of the last days with the
// account's statistics.
func (c *comparison) controlDays(ctx context.Context) error {
	scope := c.Stream.CountedBy
	before := c.report.Horizon.Truncate(24 * time.Hour)
	from := before.AddDate(0, 0, -controlDays)
	if since := c.since(); since.After(from) {
		from = since.Truncate(24*time.Hour).AddDate(0, 0, 1)
	}
	r := &Control{Counter: scope, From: from.Format(time.DateOnly), Before: before.Format(time.DateOnly), Differing: []Drift{},
		why: "statistics leave out spam and what is in the trash, and count tickets that were deleted since"}
	r.what = fmt.Sprintf("from %s to before %s, the statistic %s", r.From, r.Before, scope)
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
		return err
	}
	for at := from; at.Before(before); at = at.AddDate(0, 0, 1) {
		day := at.Format(time.DateOnly)
		r.add(Drift{day, c.table.counts[day], account[day]})
	}
	return nil
}

// controlRecords compares how many rows name each record of another list with the number
// that the record has: of one page, the largest numbers.
func (c *comparison) controlRecords(ctx context.Context) error {
	in := c.Stream.CountedIn
	r := &Control{Counter: in.Stream.Name + "." + in.Column, Differing: []Drift{},
		why: "a number may count tickets that are older than the start date or deleted, and rows may be of an older version of a ticket"}
	c.report.Control = r
	page, err := c.FetchPage(ctx, in.Stream, in.Stream.Path, in.Query, "")
	if err != nil {
		return err
	}
	for _, rec := range page.Records {
		id := strconv.FormatInt(rec.ID(), 10)
		r.add(Drift{id, c.table.counts[id], int(stream.Integer(stream.Field(rec.Raw, in.Column)))})
	}
	r.what = fmt.Sprintf("for the %d %s with the largest numbers, %s", len(page.Records), in.Stream.Name, in.Column)
	return nil
}

// add adds a day or a record.
func (r *Control) add(d Drift) {
	r.Rows, r.Account = r.Rows+d.Rows, r.Account+d.Account
	if d.size() > 0 {
		r.Differing = append(r.Differing, d)
	}
}

// String says what the totals are, in one line.
func (r *Control) String() string {
	if r.Unavailable != "" {
		return "no totals: " + r.Unavailable
	}
	text := fmt.Sprintf("%s counts %d; rows are %d", r.what, r.Account, r.Rows)
	if len(r.Differing) == 0 {
		return text + ", the same for each"
	}
	worst := slices.Clone(r.Differing)
	slices.SortStableFunc(worst, func(a, b Drift) int { return b.size() - a.size() })
	var named []string
	for _, d := range worst[:min(3, len(worst))] {
		named = append(named, fmt.Sprintf("%s: %d, rows %d", d.Of, d.Account, d.Rows))
	}
	return fmt.Sprintf("%s. %d differ, most %s. That is no fault by itself: %s", text, len(r.Differing), strings.Join(named, "; "), r.why)
}
