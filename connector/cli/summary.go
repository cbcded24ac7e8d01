package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector"
)

// summaryUsage describes the flag --summary.
const summaryUsage = "write totals, failures and warnings of the sync to `FILE`, as JSON"

// A summaryJSON is the file of --summary. Programs read it: names stay as they are.
type summaryJSON struct {
	Streams        []streamJSON `json:"streams"`  // those that were selected, in the order of the catalog
	Records        int          `json:"records"`  // that were written, of all streams
	Requests       int          `json:"requests"` // retries included
	RateLimitShare float64      `json:"rate_limit_share"`
	Seconds        float64      `json:"seconds"`
	Interrupted    bool         `json:"interrupted"`
	Warnings       []string     `json:"warnings"`
	Nulled         []nulledJSON `json:"nulled"` // values that became null, the most first
}

type streamJSON struct {
	Stream     string `json:"stream"`
	Records    int    `json:"records"` // all; of these,
	Refetched  int    `json:"refetched"`
	Reconciled int    `json:"reconciled"`
	Tombstones int    `json:"tombstones"`
	Complete   bool   `json:"complete"`        // read to its end
	Error      string `json:"error,omitempty"` // what ended the stream
}

type nulledJSON struct {
	Column string `json:"column"`
	Reason string `json:"reason"`
	Values int    `json:"values"`
}

// createSummary returns a function that writes the file that --summary names; nil if
// there is none. The file is created at once: a path that cannot be written to is an
// error before the sync.
func (a *app) createSummary(c *cli.Context) (write func(*connector.Summary), err error) {
	path := c.String("summary")
	if path == "" {
		return func(*connector.Summary) {}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fileError("summary", path, err)
	}
	return func(s *connector.Summary) {
		encoder := json.NewEncoder(file)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := cmp.Or(encoder.Encode(a.newSummaryJSON(s, c.Context.Err() != nil)), file.Close()); err != nil {
			a.warn("", "the summary is not complete: "+err.Error())
		}
	}, nil
}

// newSummaryJSON returns a summary without secrets.
func (a *app) newSummaryJSON(s *connector.Summary, interrupted bool) summaryJSON {
	took, requests, share := s.Cost()
	all, _, _ := s.Total()
	out := summaryJSON{Streams: []streamJSON{}, Records: all.Records, Requests: requests, RateLimitShare: math.Round(1000*share) / 1000,
		Seconds: math.Round(1000*took.Seconds()) / 1000, Interrupted: interrupted, Warnings: []string{}, Nulled: []nulledJSON{}}
	for _, st := range s.Streams {
		one := streamJSON{st.Stream.Name, st.Records, st.Refetched, st.Reconciled, st.Tombstones, st.Done && st.Failure == nil, ""}
		if st.Failure != nil {
			one.Error = a.redactor.Redact(st.Failure.Message)
		}
		out.Streams = append(out.Streams, one)
	}
	for _, warning := range s.Warnings {
		out.Warnings = append(out.Warnings, a.redactor.Redact(warning))
	}
	for _, n := range s.NulledColumns() {
		out.Nulled = append(out.Nulled, nulledJSON{n.Column, n.Reason, n.Values})
	}
	return out
}

// summarize shows the summary of a sync on a terminal.
func summarize(out io.Writer, redact func(string) string, s *connector.Summary, interrupted bool) {
	var b strings.Builder
	summarizeRecords(&b, s)
	for _, st := range s.Streams {
		switch f := st.Failure; {
		case f == nil || f.Repeated:
		case f.AllStreams:
			fmt.Fprintf(&b, "failed: %s\n", f.Message)
		default:
			fmt.Fprintf(&b, "%s failed: %s\n", f.Stream, f.Message)
		}
	}
	for _, warning := range s.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", warning)
	}
	summarizeNulled(&b, s.NulledColumns())
	if interrupted {
		b.WriteString("interrupted; the next read resumes from the last state written\n")
	}
	_, done, _ := s.Total()
	took, requests, share := s.Cost()
	fmt.Fprintf(&b, "%d of %d streams read in %s with %s, %.0f%% of the rate limit\n",
		done, len(s.Streams), formatDuration(took), counted(requests, "request"), 100*share)
	_, _ = io.WriteString(out, redact(b.String())) // best effort: standard error may be closed
}

// summarizeRecords writes a table of the streams with records, without columns
// that are empty, and the names of the complete streams without records.
func summarizeRecords(b *strings.Builder, s *connector.Summary) {
	all, _, _ := s.Total()
	row := func(name, records, refetched, reconciled, tombstones string) {
		fmt.Fprintf(b, "%-28s%12s", name, records)
		if all.Refetched > 0 {
			fmt.Fprintf(b, "%12s", refetched)
		}
		if all.Reconciled > 0 {
			fmt.Fprintf(b, "%12s", reconciled)
		}
		if all.Tombstones > 0 {
			fmt.Fprintf(b, "%12s", tombstones)
		}
		b.WriteByte('\n')
	}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return formatNumber(n)
	}
	var empty []string
	if all.Records > 0 {
		row("STREAM", "RECORDS", "RE-FETCHED", "RECONCILED", "TOMBSTONES")
	}
	for _, st := range s.Streams {
		if st.Records > 0 {
			row(st.Stream.Name, number(st.Records), number(st.Refetched), number(st.Reconciled), number(st.Tombstones))
		} else if st.Done {
			empty = append(empty, st.Stream.Name)
		}
	}
	if all.Records > 0 {
		row("all", number(all.Records), number(all.Refetched), number(all.Reconciled), number(all.Tombstones))
	}
	b.WriteString(listLine("no new records", empty))
}

// maxColumns is how many columns summarizeNulled names.
const maxColumns = 20

// summarizeNulled writes a line for each reason for which values were set to
// null, with the columns that have the most.
func summarizeNulled(b *strings.Builder, nulled []connector.NulledColumn) {
	for len(nulled) > 0 {
		reason, values := nulled[0].Reason, 0
		var columns []string
		nulled = slices.DeleteFunc(nulled, func(n connector.NulledColumn) bool {
			if n.Reason == reason {
				values += n.Values
				columns = append(columns, fmt.Sprintf("%s (%s)", n.Column, formatNumber(n.Values)))
			}
			return n.Reason == reason
		})
		if more := len(columns) - maxColumns; more > 0 {
			columns = append(columns[:maxColumns], fmt.Sprintf("and %d more", more))
		}
		b.WriteString(listLine(fmt.Sprintf("%s set to null, because the API's value %s", counted(values, "value"), reason), columns))
	}
}

// listLine returns a line with names; "" if there are none.
func listLine(title string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return title + ": " + strings.Join(names, ", ") + "\n"
}
