// Package verify compares the rows of a table with the account: a sample of them, or
// all. It shows rows that are missing, differ or are left over, and it counts no
// difference that the next sync removes. It only reads. It knows no flags and no files.
package verify

import (
	"cmp"
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// Options are what is compared, and how.
type Options struct {
	Client      *gorgias.Client
	RateLimiter *gorgias.RateLimiter // the client's: it counts the requests
	Settings    *config.Settings     // as the rows were loaded with
	Stream      *stream.Stream
	// Key are the columns of the rows that hold the last columns of the primary key,
	// if they have other names.
	Key []string
	// Sample is how many records or, of what belongs to others, how many of those are
	// asked for: half are drawn from the rows, and half from the account. Zero is the
	// default for the stream.
	Sample int
	// Full compares all rows with the whole list.
	Full bool
	// Since leaves out what has an earlier cursor value. Zero is the start date of the
	// configuration or of the state, or else what the oldest row has.
	Since time.Time
	// Bookmark is the state with which the rows were loaded; nil if there is none.
	Bookmark *state.Bookmark
	// Settle is how long to wait for events that become visible late, before a
	// difference counts that no event explains.
	Settle time.Duration
	// Seed draws the sample.
	Seed uint64
}

// Unverifiable returns why a stream cannot be verified; "" if it can.
func Unverifiable(s *stream.Stream) string {
	switch {
	case s.TextKey || s.Mode == stream.SingleObject:
		return "each sync reads it in full, in one response: there is nothing to sample"
	case s.Mode == stream.PerParent:
		return "what its lists contain changes without a date, and each sync reads them in full"
	case s.Mode == stream.DailyReport:
		return "its rows are figures of a day, which have no id to ask for"
	}
	return ""
}

// Run compares the rows of in with the account.
func Run(ctx context.Context, o Options, in io.Reader) (*Report, error) {
	s := o.Stream
	if why := Unverifiable(s); why != "" {
		return nil, connector.NewInputError("%s cannot be verified: %s", s.Name, why)
	}
	if o.Bookmark != nil && s.Incremental() && o.Bookmark.Watermark.IsZero() {
		return nil, connector.NewInputError("the first sync of %s has not finished, by the state: finish it, export the rows again, and verify them then", s.Name)
	}
	a := newAccount(&o)
	o.Full = o.Full || a.Source.Mode == stream.FullRefresh || a.changes == nil && a.Source.SinceParam == "" //rule:lists-that-cannot-be-sampled-are-read-whole
	if o.Sample == 0 {
		o.Sample = defaultSample(a.Source)
	}
	r := &Report{Stream: s.Name, Full: o.Full, Seed: o.Seed, Pending: map[string]int{}}
	sent := o.RateLimiter.Sent()
	defer func() { r.Requests = o.RateLimiter.Sent() - sent }()
	t, err := newTable(&o, r)
	if err != nil {
		return nil, err
	}
	c := &comparison{Options: &o, account: a, table: t, report: r}
	for name, k := range kinds(a.Source.Schema("")) {
		if k == timestampKind {
			c.dates = append(c.dates, name)
		}
	}
	if o.Full {
		err = c.full(ctx, in)
	} else {
		err = c.sample(ctx, in)
	}
	if err == nil {
		err = c.judge(ctx)
	}
	if err == nil {
		err = c.control(ctx) //rule:totals-of-the-account-are-compared
	}
	if err != nil {
		return nil, err
	}
	r.finish(s, o.Bookmark != nil)
	return r, nil
}

// defaultSample is how many records are asked for: a hundred requests, or fewer.
func defaultSample(source *stream.Stream) int {
	if source.IDsParam != "" {
		return 1000
	}
	return 100
}

// A comparison is one run.
type comparison struct {
	*Options
	*account
	table  *table
	report *Report
	dates  []string // the timestamps of the list's records

	candidates []candidate
}

// A candidate is a difference, before it is known whether the next sync removes it.
type candidate struct {
	Difference
	entry            // the row's or, of a missing row, the account's
	version   uint64 // of the row, if its values are not known
	hasValues bool
	rec       *stream.Record // the account's; nil if it has none
}

// since is the cursor value from which on the account's records are expected as rows.
func (c *comparison) since() time.Time {
	at := cmp.Or(c.Since, c.Settings.Start)
	if at.IsZero() && c.Bookmark != nil {
		at = c.Bookmark.Reconciliation.CoveredFrom
	}
	return at
}

// now requests something small, which tells the account's time.
func (c *comparison) now(ctx context.Context) (time.Time, error) {
	if c.LastServerTime().IsZero() {
		if _, err := c.first(ctx); err != nil {
			return time.Time{}, err
		}
	}
	return c.LastServerTime(), nil
}

// sample compares the groups that were drawn.
func (c *comparison) sample(ctx context.Context, in io.Reader) error {
	rng := rand.New(rand.NewPCG(c.Seed, 1))
	drawn, err := c.random(ctx, c.Sample/2, c.since(), rng)
	if gorgias.Is(err, gorgias.Forbidden) || gorgias.Is(err, gorgias.NotFound) || gorgias.Is(err, gorgias.ClientError) {
		c.report.EventsUnreadable = true
		err = nil
	}
	if err != nil {
		return err
	}
	now, err := c.now(ctx)
	if err != nil {
		return err
	}
	chosen := newReservoir(c.Sample-len(drawn), c.Seed, drawn)
	if err := c.table.rows(in, c.Since, now, chosen.add); err != nil {
		return err
	}
	if err := c.checkRows(ctx); err != nil {
		return err
	}
	records := map[int64][]stream.Record{}
	groups := chosen.all()
	c.rowless = map[int64]bool{}
	for _, g := range groups {
		c.rowless[g] = chosen.rows[g] == nil
	}
	err = c.ask(ctx, groups, func(rec stream.Record) {
		g := rec.ID()
		if c.Source.BelongsTo != "" {
			g = rec.Owner
		}
		records[g] = append(records[g], rec)
	})
	c.report.Groups, c.report.FromAccount = len(groups), len(drawn)
	for _, g := range groups {
		c.compareGroup(chosen.rows[g], records[g])
	}
	return err
}

// checkRows refuses a table without rows, unless the account has no records either.
func (c *comparison) checkRows(ctx context.Context) error {
	if c.report.live > 0 || c.report.BeforeSince > 0 {
		return nil
	}
	page, err := c.first(ctx)
	if err == nil && len(page.Records) > 0 { //rule:no-rows-are-no-table
		if c.report.Rows > 0 {
			return connector.NewInputError("standard input: none of the %d rows can be compared: each is a tombstone or has no usable key; the account has records", c.report.Rows)
		}
		return connector.NewInputError("standard input has no rows, but the account has records: the export failed, or the table is empty. In a shell, set -o pipefail shows which")
	}
	return err
}

// compareGroup compares the rows of a group with its records.
func (c *comparison) compareGroup(rows []entry, records []stream.Record) {
	type own struct {
		entry
		rec  *stream.Record
		seen bool
	}
	has := map[key]*own{}
	for i := range records {
		for _, e := range c.table.entries(records[i]) {
			has[e.key] = &own{entry: e, rec: &records[i]}
			c.report.AccountRecords++
		}
	}
	inRows := map[key]bool{}
	for _, row := range rows {
		c.report.Compared++
		if inRows[row.key] { //rule:rows-that-are-there-twice-are-found
			c.add(candidate{Difference: Difference{Kind: Duplicate}, entry: row})
			continue
		}
		inRows[row.key] = true
		o := has[row.key]
		if o == nil {
			c.add(candidate{Difference: Difference{Kind: LeftOver}, entry: row, hasValues: true})
			continue
		}
		o.seen = true
		if columns := c.table.differing(row, o.entry); len(columns) > 0 {
			c.add(candidate{Difference: Difference{Kind: Stale, Columns: columns}, entry: row, hasValues: true, rec: o.rec})
		}
	}
	for _, o := range has {
		if !o.seen {
			c.add(candidate{Difference: Difference{Kind: Missing}, entry: o.entry, rec: o.rec})
		}
	}
}

// maxCandidates bounds the memory of differences; more of them are only counted.
const maxCandidates = 10_000

func (c *comparison) add(d candidate) {
	if len(c.candidates) >= maxCandidates {
		c.report.Uncounted++
		return
	}
	d.Key = d.key.String()
	if d.rec != nil {
		rec := *d.rec
		rec.Raw = slices.Clone(rec.Raw) // which shares the memory of its page
		d.rec = &rec
	}
	c.candidates = append(c.candidates, d)
}
