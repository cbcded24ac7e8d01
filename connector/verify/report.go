package verify

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector/stream"
)

// What can be wrong with a row.
const (
	Missing   = "missing"    // the account has the record, the table has no row
	Stale     = "stale"      // columns have other values than in the account
	LeftOver  = "left over"  // the account no longer has the record
	Duplicate = "duplicated" // the table has the row more than once
)

// A Difference is one row that is wrong. It shows no value but the key.
type Difference struct {
	// Kind is Missing, Stale, LeftOver or Duplicate.
	Kind string `json:"kind"`
	// Key is the primary key; of two columns, with a slash between them.
	Key string `json:"key"`
	// Columns are those that differ, of a Stale row; with --full they are not known.
	Columns []string `json:"columns,omitempty"`
}

func (d Difference) compare(other Difference) int {
	return cmp.Or(cmp.Compare(d.Kind, other.Kind), cmp.Compare(len(d.Key), len(other.Key)), cmp.Compare(d.Key, other.Key))
}

// A Problem is something about the rows that prevents a comparison.
type Problem struct {
	Text string `json:"text"`
	Rows int    `json:"rows"` // that have it; 0 if it is one of all rows
}

// A Report says what was compared, and what was found.
type Report struct {
	Stream string `json:"stream"`
	Full   bool   `json:"full"`
	Seed   uint64 `json:"seed,omitempty"` // of the sample
	// Requests is how many the comparison took.
	Requests int `json:"requests"`
	// Rows is how many the input has; Tombstones of them are deleted, BeforeSince are
	// older than what was asked for.
	Rows        int `json:"rows"`
	Tombstones  int `json:"tombstones"`
	BeforeSince int `json:"before_since"`
	// Groups is how many records or, of what belongs to others, how many of those were
	// asked for; FromAccount of them were drawn from the account's events.
	Groups      int `json:"groups,omitempty"`
	FromAccount int `json:"from_account,omitempty"`
	// Compared is how many rows were compared, with so many records of the account.
	Compared       int `json:"compared"`
	AccountRecords int `json:"account_records"`
	// Horizon is the time before which each change has to be in the rows.
	Horizon time.Time `json:"horizon"`
	// Differences are the rows that are wrong. Uncounted are further differences, which
	// are too many to be looked at.
	Differences []Difference `json:"differences"`
	Uncounted   int          `json:"further_differences"`
	// Pending are differences that are no faults, by the reason.
	Pending map[string]int `json:"pending"`
	// Problems are what cannot be compared.
	Problems []Problem `json:"problems"`
	// Bound is the share of wrong rows that is not exceeded with a probability of
	// 95 percent, if faults are as frequent among all rows as in the sample; nil if
	// all rows were compared, or some are wrong.
	Bound *float64 `json:"bound,omitempty"`
	// EventsUnreadable is set if the credentials do not allow to read the events.
	EventsUnreadable bool `json:"events_unreadable"`
	// Control are the totals of the account; nil if there are none for the stream.
	Control *Control `json:"control,omitempty"`
	// Equal is set if nothing is wrong.
	Equal bool `json:"equal"`
	// Next is what to do; "" if there is nothing to do.
	Next string `json:"next,omitempty"`

	live           int
	newest, oldest time.Time // cursor values of the rows
	extracted      time.Time
}

// problem counts rows that have a problem.
func (r *Report) problem(text string, rows int) {
	i := slices.IndexFunc(r.Problems, func(p Problem) bool { return p.Text == text })
	if i < 0 {
		i = len(r.Problems)
		r.Problems = append(r.Problems, Problem{Text: text})
	}
	r.Problems[i].Rows += rows
}

// finish draws the conclusions.
func (r *Report) finish(s *stream.Stream, hasState bool) {
	r.Equal = len(r.Differences) == 0 && r.Uncounted == 0 && !slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Rows > 0 })
	if r.Differences == nil {
		r.Differences = []Difference{}
	}
	if r.Problems == nil {
		r.Problems = []Problem{}
	}
	if n := max(r.Compared, r.AccountRecords); !r.Full && n > 0 && r.Equal {
		bound := min(1, 3/float64(n)) //rule:bound-of-a-sample
		r.Bound = &bound
	}
	if len(r.Differences)+r.Uncounted == 0 {
		return
	}
	switch source := s.Source(); {
	case source.Created != "":
		r.Next = "run `read --reconcile` with the state and load what it writes; then export the rows and verify them again. If rows are still wrong, read the stream once without its state"
	case s.Incremental():
		r.Next = "read the stream once without its state, and load that"
	default:
		r.Next = "the next sync reads the stream in full: export the rows after it, and verify them again"
	}
	if !hasState && s.Incremental() {
		r.Next += ". With --state, changes since the last sync are no faults with certainty"
	}
}

// WriteJSON writes the report as JSON.
func (r *Report) WriteJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// maxNamed is how many keys of a kind the text names.
const maxNamed = 20

// WriteText writes the report for people.
func (r *Report) WriteText(out io.Writer) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	verdict := "equal to the account"
	if !r.Equal {
		verdict = "NOT equal to the account"
	}
	line("%s: %s", r.Stream, verdict)
	line("  rows         %d, of which %d tombstones and %d before the start", r.Rows, r.Tombstones, r.BeforeSince)
	if r.Full {
		line("  compared     all %d rows with all %d records of the list, in %d requests", r.Compared, r.AccountRecords, r.Requests)
	} else {
		line("  compared     %d rows with %d records of the account, in %d requests; sample %d", r.Compared, r.AccountRecords, r.Requests, r.Seed)
		line("  drawn        %d from the rows, %d from the account's events", r.Groups-r.FromAccount, r.FromAccount)
	}
	for _, kind := range []string{Missing, Stale, LeftOver, Duplicate} {
		r.writeKind(line, kind)
	}
	if r.Uncounted > 0 {
		line("  further      %d differences, which were not looked at", r.Uncounted)
	}
	for _, reason := range slices.Sorted(maps.Keys(r.Pending)) {
		line("  no fault     %d: %s", r.Pending[reason], reason)
	}
	for _, p := range r.Problems {
		text := p.Text
		if p.Rows > 0 {
			text = fmt.Sprintf("%d %s", p.Rows, text)
		}
		line("  problem      %s", text)
	}
	if r.Control != nil {
		line("  control      %s", r.Control)
	}
	if r.EventsUnreadable {
		line("  events       cannot be read: rows that are missing may not be found, and changes since the last sync may count as faults. Use an admin's key, or the scope events:read")
	}
	if r.Bound != nil {
		line("  bound        0 of %d are wrong: with 95 %% probability fewer than %.2g %% of all rows, if faults are as frequent there", max(r.Compared, r.AccountRecords), 100**r.Bound)
	}
	if r.Next != "" {
		line("  next         %s", r.Next)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// writeKind writes the differences of a kind.
func (r *Report) writeKind(line func(string, ...any), kind string) {
	var names []string
	n := 0
	for _, d := range r.Differences {
		if d.Kind != kind {
			continue
		}
		if n++; n > maxNamed {
			continue
		}
		if len(d.Columns) > 0 {
			names = append(names, d.Key+" ("+strings.Join(d.Columns, ", ")+")")
		} else {
			names = append(names, d.Key)
		}
	}
	if n > maxNamed {
		names = append(names, "…")
	}
	line("  %-12s %s", kind, strings.TrimSuffix(fmt.Sprintf("%d: %s", n, strings.Join(names, ", ")), ": "))
}
