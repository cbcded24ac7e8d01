package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/stream"
)

// A reportRow is a row of a report, without the time at which it was read.
type reportRow struct {
	row  string // the dimensions, as one JSON object
	text []byte // the fields of its record
}

// rowsByDay sorts the rows of a response by day. The column of the day is not
// documented: it has the time dimension's name, with or without .day, or is the
// one other value that is a day of the period. If there is none, found is false.
// Days outside the period are left out: it is not documented either whether a
// period includes the day that it is said to begin after.
func (r *Report) rowsByDay(raws []json.RawMessage, from, to day) (days map[day][]reportRow, found bool, err error) {
	days = map[day][]reportRow{}
	if len(raws) == 0 {
		return days, true, nil
	}
	name, ok := r.findDayColumn(raws, from-1, to+1)
	if !ok {
		return nil, false, nil
	}
	for _, raw := range raws {
		value := stream.Field(raw, name)
		if stream.IsNull(value) {
			continue // it belongs to no day
		}
		d, ok := r.dayIn(value)
		if !ok {
			return nil, true, fmt.Errorf("a row's %q is no day", name)
		}
		if from <= d && d <= to {
			days[d] = append(days[d], r.newRow(raw, d, name))
		}
	}
	return days, true, sortRows(days)
}

// sortRows sorts the rows of each day. Two equal rows are one. If two rows have
// the same dimensions and differ, something unknown tells them apart.
func sortRows(days map[day][]reportRow) error {
	for d, rows := range days {
		slices.SortFunc(rows, func(a, b reportRow) int { return strings.Compare(a.row, b.row) })
		for i := 1; i < len(rows); i++ {
			if a, b := rows[i-1], rows[i]; a.row == b.row && !bytes.Equal(a.text, b.text) {
				return errors.New("two rows of one day have the same dimensions")
			}
		}
		days[d] = slices.CompactFunc(rows, func(a, b reportRow) bool { return a.row == b.row })
	}
	return nil
}

// findDayColumn finds the column that contains the day of each row.
func (r *Report) findDayColumn(raws []json.RawMessage, from, to day) (name string, ok bool) {
	in := func(name string) bool {
		some := false
		for _, raw := range raws {
			if value := stream.Field(raw, name); !stream.IsNull(value) {
				d, ok := r.dayIn(value)
				if some = true; !ok || d < from || d > to {
					return false
				}
			}
		}
		return some
	}
	for _, name := range []string{r.TimeDimension, r.TimeDimension + ".day"} {
		if in(name) {
			return name, true
		}
	}
	var others []string
	for name := range conform.Members(raws[0]) {
		if !slices.Contains(r.Dimensions, name) && !slices.Contains(r.Measures, name) && in(name) {
			others = append(others, name)
		}
	}
	if len(others) != 1 {
		return "", false
	}
	return others[0], true
}

// dayIn reads a string as a day: as the date that is written, if its time is
// midnight or absent, or as the time at which a day begins in the zone.
func (r *Report) dayIn(value []byte) (day, bool) {
	text := strings.Trim(string(value), `"`)
	at, ok := conform.ParseTimestamp(text)
	if !ok || len(text) < len(time.DateOnly) || value[0] != '"' {
		return 0, false
	}
	written, err := time.Parse(time.DateOnly, text[:len(time.DateOnly)])
	rest := strings.TrimLeft(text[len(time.DateOnly):], "T 0:.")
	if err == nil && (rest == "" || strings.ContainsAny(rest[:1], "Zz+-")) {
		return dayOf(written, time.UTC), true
	}
	d := dayOf(at, r.Zone)
	return d, d.start(r.Zone).Equal(at)
}

// newRow takes a row of the API apart.
func (r *Report) newRow(raw json.RawMessage, d day, dayColumn string) reportRow {
	values := map[string][]byte{}
	var dimensions, measures, rest []byte
	for name, value := range conform.Members(raw) {
		switch {
		case slices.Contains(r.Dimensions, name):
			values[name] = value
			dimensions = appendMember(dimensions, name, value)
		case slices.Contains(r.Measures, name):
			measures = appendMember(measures, name, value)
		case name == dayColumn || name == r.TimeDimension || name == r.TimeDimension+".day":
		default:
			rest = appendMember(rest, name, value)
		}
	}
	var row []byte
	for _, name := range slices.Sorted(slices.Values(r.Dimensions)) {
		value, ok := values[name]
		if !ok {
			value = []byte("null")
		}
		row = appendMember(row, name, value)
	}
	l := reportRow{row: "{" + string(row) + "}"}
	l.text = fmt.Appendf(nil, `%s,"dimensions":{%s},"measures":{%s}`, r.key(d, l.row), dimensions, measures)
	if len(rest) > 0 {
		l.text = append(append(l.text, ','), rest...)
	}
	return l
}

// appendMember appends a member to those of an object.
func appendMember(to []byte, name string, value []byte) []byte {
	if len(to) > 0 {
		to = append(to, ',')
	}
	return append(append(append(to, quote(name)...), ':'), value...)
}

// emptyDayRow is the row that says that a day no longer has rows.
func (r *Report) emptyDayRow(d day) reportRow { return reportRow{"{}", r.key(d, "{}")} }

func (r *Report) key(d day, row string) []byte {
	return fmt.Appendf(nil, `"report":%s,"day":"%s","row":%s,"timezone":%s`, quote(r.Name), d, quote(row), quote(r.Zone.String()))
}

// record is the record of a row that was read at a time.
func (l reportRow) record(asOf time.Time) json.RawMessage {
	return fmt.Appendf(nil, `{%s,"as_of_datetime":"%s"}`, l.text, asOf.UTC().Format(stream.TimestampLayout))
}

// quote writes a string as JSON.
func quote(text string) []byte {
	quoted, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(text, "\uFFFD"))
	return quoted
}
