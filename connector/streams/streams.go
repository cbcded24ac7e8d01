// Package streams is the table of streams, one file per subject. A row says
// what a stream is, how its list is read, and which events change its records.
// To add an endpoint, add its row; the tour in package connector has the other
// steps.
package streams

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"source-gorgias/connector/changefeed"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
)

// A Row is one stream of the table.
type Row struct {
	*stream.Stream
	// Reader reads the stream's list. A stream that is read along with its
	// parent has none.
	Reader reader.Reader
	// Changes applies the events that show changes of its records; nil if its
	// list shows them all, or nothing does.
	Changes *changefeed.Changes
}

// Orders and filters are those of the reference documentation. order_by is
// sent wherever it is allowed, so that no endpoint's default matters.
var (
	newestCreated = url.Values{"order_by": {"created_datetime:desc"}}
	// A single ticket or customer shows all its custom-field values only if asked.
	withFields    = url.Values{"relationships": {"custom_fields"}}
	newestUpdated = url.Values{"order_by": {"updated_datetime:desc"}}
	// Lists that are read in full are read oldest first: a record that is added
	// during the scan comes last, and is seen.
	oldestCreated = url.Values{"order_by": {"created_datetime:asc"}}
)

const day = 24 * time.Hour

// table returns the rows. The first one is cheap and always has a record:
// clients that stop at the first record learn at once that the connection
// works.
var table = sync.OnceValue(func() []*Row {
	rows := subjects()
	if err := Validate(rows); err != nil {
		panic(err) // a mistake in this package, found by every test
	}
	return rows
})

// subjects returns the rows of all files.
func subjects() []*Row {
	return slices.Concat(accountRows, customerRows, customFieldRows, eventRows, integrationRows, jobRows, automationRows,
		surveyRows, statisticRows, tagRows, userRows, messageRows, ticketRows, viewRows, phoneRows, widgetRows)
}

// Records returns a zero value of each record type, for the generator of the
// schemas: it does not need the schemas to be there.
func Records() (all []any) {
	for _, row := range subjects() {
		all = append(all, row.Record)
	}
	return all
}

// All returns the streams in the order of the table.
func All() []*stream.Stream {
	all := make([]*stream.Stream, len(table()))
	for i, row := range table() {
		all[i] = row.Stream
	}
	return all
}

// Available returns the streams that exist with or without configured reports.
func Available(reports bool) []*stream.Stream {
	return slices.DeleteFunc(All(), func(s *stream.Stream) bool { return s.Mode == stream.DailyReport && !reports })
}

// RowOf returns the row of a stream; nil if it is not in the table.
func RowOf(s *stream.Stream) *Row {
	for _, row := range table() {
		if row.Stream == s {
			return row
		}
	}
	return nil
}

// Find returns the stream of a name; nil if there is none.
func Find(name string) *stream.Stream {
	return first(func(s *stream.Stream) bool { return s.Name == name })
}

// Lookup returns the stream of a name, or the one whose state another connector
// keeps under it; nil if there is none.
func Lookup(name string) *stream.Stream {
	return first(func(s *stream.Stream) bool { return s.Name == name || slices.Contains(s.Aliases, name) })
}

func first(match func(s *stream.Stream) bool) *stream.Stream {
	for _, row := range table() {
		if match(row.Stream) {
			return row.Stream
		}
	}
	return nil
}

// Names returns the names of all streams.
func Names() (names []string) {
	for _, row := range table() {
		names = append(names, row.Name)
	}
	return names
}

// ChangesOf returns the changes of the list that a stream is read from; nil if
// events show none.
func ChangesOf(s *stream.Stream) *changefeed.Changes {
	if row := RowOf(s.Source()); row != nil && s.Mode != stream.PerParent {
		return row.Changes
	}
	return nil
}

// Validate finds the mistakes a table can have.
func Validate(rows []*Row) error {
	var errs []error
	names, listed := map[string]bool{}, map[*stream.Stream]bool{}
	for _, row := range rows {
		if names[row.Name] {
			errs = append(errs, fmt.Errorf("stream %q: the name is taken", row.Name))
		}
		names[row.Name], listed[row.Stream] = true, true
		errs = append(errs, row.Validate()...)
	}
	for _, row := range rows {
		if row.Parent != nil && !listed[row.Parent] {
			errs = append(errs, fmt.Errorf("stream %q: its parent is not in the table", row.Name))
		}
		if (row.Reader == nil) != (row.Parent != nil) {
			errs = append(errs, fmt.Errorf("stream %q: a stream has either a reader or a parent", row.Name))
		}
		if row.Changes != nil && !row.Ordered() {
			errs = append(errs, fmt.Errorf("stream %q: events change the records of ordered lists only", row.Name))
		}
	}
	return errors.Join(errs...)
}
