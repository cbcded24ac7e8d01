package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"source-gorgias/connector"
)

// maxColumns is how many columns are named in which values became null.
const maxColumns = 20

// summarize tells people what a sync has come to: how much was written of each
// stream, what went wrong, and what it cost.
func summarize(out io.Writer, mask func(string) string, t *connector.Summary, interrupted bool) {
	all, done, _ := t.Total()
	var text string
	row := func(name, records, retold, graves string) {
		text += fmt.Sprintf("%-28s%12s", name, records)
		if all.Refetched > 0 {
			text += fmt.Sprintf("%12s", retold)
		}
		if all.Tombstones > 0 {
			text += fmt.Sprintf("%10s", graves)
		}
		text += "\n"
	}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return grouped(n)
	}
	var silent []string
	if all.Records > 0 {
		row("STREAM", "RECORDS", "READ AGAIN", "DELETED")
	}
	for _, c := range t.Streams {
		if c.Records > 0 {
			row(c.Stream.Name, number(c.Records), number(c.Refetched), number(c.Tombstones))
		} else if c.Done {
			silent = append(silent, c.Stream.Name)
		}
	}
	if all.Records > 0 {
		row("all", number(all.Records), number(all.Refetched), number(all.Tombstones))
	}
	text += list("nothing to write of", silent)

	whole := false // what ends all streams is told once
	for _, c := range t.Streams {
		if c.Failure == nil || c.Failure.AllStreams && whole {
			continue
		}
		if whole = whole || c.Failure.AllStreams; c.Failure.AllStreams {
			text += "failed: " + c.Failure.Message + "\n"
		} else {
			text += fmt.Sprintf("%s failed: %s\n", c.Stream.Name, c.Failure.Message)
		}
	}
	for _, warning := range t.Warnings {
		text += "warning: " + warning + "\n"
	}
	text += nulled(t.NulledColumns())
	if interrupted {
		text += "interrupted; the next read goes on from the last states that were written\n"
	}
	took, requests, share := t.Cost()
	text += fmt.Sprintf("%d of %d streams read in %s with %s, %.0f%% of what the account allows in that time\n",
		done, len(t.Streams), span(took), counted(requests, "request"), 100*share)
	_, _ = io.WriteString(out, mask(text)) // there is nobody left to tell
}

// nulled has a line for each reason for which values became null, with the
// columns in which that happened most.
func nulled(losses []connector.NulledColumn) (text string) {
	for len(losses) > 0 {
		reason, values := losses[0].Reason, 0
		var columns []string
		losses = slices.DeleteFunc(losses, func(l connector.NulledColumn) bool {
			if l.Reason == reason {
				values += l.Values
				columns = append(columns, fmt.Sprintf("%s (%s)", l.Column, grouped(l.Values)))
			}
			return l.Reason == reason
		})
		if more := len(columns) - maxColumns; more > 0 {
			columns = append(columns[:maxColumns], fmt.Sprintf("and %d more", more))
		}
		text += list(fmt.Sprintf("%s became null, since what the API sent %s", counted(values, "value"), reason), columns)
	}
	return text
}

// list is a line that names some things; none if there are none.
func list(what string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return what + ": " + strings.Join(names, ", ") + "\n"
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return grouped(n) + " " + thing
}
