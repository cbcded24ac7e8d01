//go:build clients

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A warehouse is what a destination holds, by table.
type warehouse map[string]*stored

// A stored is one table: its columns with their types as the destination calls
// them, and its rows.
type stored struct {
	columns map[string]string
	rows    []record
}

// A dialect is what is peculiar to a destination: its own columns, its types,
// and what it is known to do to values. All else must be as in the truth.
type dialect struct {
	// own reports whether a column is the destination's own.
	own func(column string) bool
	// tombstone is the column for deletions of the protocol it speaks.
	tombstone string
	// types are the column types allowed for each kind of property; nil means
	// that there are no types to be seen.
	types map[string][]string
	// deletes says that rows with a tombstone leave the warehouse.
	deletes bool
	// bend is what the destination does to a value of a top-level column; nil
	// if it keeps all as they are.
	bend func(p *property, v any) any
	// sometimes is what it makes of a text at other times; nil if it does not.
	sometimes func(text string) string
}

// A difference is a place where a warehouse is not as it should be.
type difference struct{ stream, text string }

func (d difference) String() string { return d.stream + ": " + d.text }

// compare holds streams of a warehouse against the truth, row by row and value
// by value. past are the rows there once were: of those that are gone, a
// warehouse keeps what nothing tells it to delete. It returns how many rows were
// compared.
func (all expected) compare(w warehouse, streams []string, d dialect, past expected) (rows int, found []difference) {
	for _, name := range streams {
		t, s := all[name], w[name]
		fault := func(format string, args ...any) {
			found = append(found, difference{name, fmt.Sprintf(format, args...)})
		}
		switch {
		case t == nil:
			fault("the stream is not known here")
			continue
		case s == nil && len(t.rows) > 0:
			fault("there is no table")
			continue
		case s == nil:
			continue
		}
		for _, text := range t.compareColumns(s, d) {
			fault("%s", text)
		}
		seen := map[string]bool{}
		for _, got := range s.rows {
			rows++
			k := keyOf(t.key, got)
			want, exists := t.rows[k]
			once := past[name].row(k)
			switch {
			case seen[k]:
				fault("row %s stands twice", k)
			case !exists && once == nil:
				fault("row %s should not be", k)
			case !exists && got[d.tombstone] != nil && t.hasTombstones() && !d.deletes:
			case !exists && t.deletable && !all.isGone(t.deletedWith, once["ticket_id"]):
				fault("row %s is not there any more, and still stands", k)
			case !exists:
				want = once
				fallthrough
			default:
				for _, text := range t.compareRow(got, want, d) {
					fault("row %s: %s", k, text)
				}
			}
			seen[k] = true
		}
		for _, k := range slices.Sorted(maps.Keys(t.rows)) {
			if !seen[k] {
				fault("row %s is missing", k)
			}
		}
	}
	return rows, found
}

func (s source) hasTombstones() bool { return s.deletable || s.someDeleted }

// gone reports whether a record that others go with is not there any more.
func (all expected) isGone(list string, id any) bool {
	return list != "" && all[list].row(canonical(id)) == nil
}

// compareColumns compares what columns there are, and their types.
func (t *expectedStream) compareColumns(s *stored, d dialect) (found []string) {
	if s.columns == nil {
		return nil
	}
	for name, as := range s.columns {
		p := t.columns[name]
		switch {
		case p == nil && d.own(name):
			continue // also Singer's tombstone, which its targets declare themselves
		case p == nil && name == d.tombstone && t.hasTombstones():
			p = &property{Types: oneOrMore{"string", "null"}, Format: "date-time"}
		case p == nil:
			found = append(found, fmt.Sprintf("column %s should not be", name))
			continue
		}
		if allowed := d.types[p.jsonType()]; d.types != nil && !slices.Contains(allowed, as) {
			found = append(found, fmt.Sprintf("column %s (%s) is %s, not %s", name, p.jsonType(), as, strings.Join(allowed, " or ")))
		}
	}
	for name := range t.columns {
		if s.columns[name] == "" {
			found = append(found, fmt.Sprintf("column %s is missing", name))
		}
	}
	slices.Sort(found)
	return found
}

// compareRow compares the values of a row.
func (t *expectedStream) compareRow(got, want record, d dialect) (found []string) {
	for name := range t.columns {
		if _, ok := got[name]; !ok {
			found = append(found, name+" is missing")
		}
	}
	for name, value := range got {
		p := t.columns[name]
		if p == nil {
			switch {
			case name == d.tombstone && t.hasTombstones() && value != nil:
				found = append(found, fmt.Sprintf("%s is %s, the record exists", name, canonical(value)))
			case name != d.tombstone && !d.own(name):
				found = append(found, name+" should not be")
			}
			continue
		}
		expected := want[name]
		if d.bend != nil {
			expected = d.bend(p, expected)
		}
		if text, ok := value.(string); ok && p.isTimestamp() && d.types != nil {
			if at, ok := canonicalTimestamp(text); ok { // a column of timestamps has its own format
				value = at
			}
		}
		is, should := canonical(value), canonical(expected)
		if text, ok := expected.(string); ok && d.sometimes != nil && is == canonical(d.sometimes(text)) {
			continue
		}
		if is != should {
			found = append(found, fmt.Sprintf("%s is %s, not %s", name, cutShort(is), cutShort(should)))
		}
	}
	slices.Sort(found)
	return found
}

func cutShort(s string) string {
	if len(s) > 300 {
		return s[:300] + "…"
	}
	return s
}

// names lists the streams of the truth, whole or not.
func (all expected) names() []string { return slices.Sorted(maps.Keys(all)) }

// count returns how many records the truth has.
func (all expected) count() (n int) {
	for _, t := range all {
		n += len(t.rows)
	}
	return n
}

// without drops streams.
func without(names []string, dropped ...string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(dropped, n) })
}

// row returns a row by its key; nil if there is none.
func (t *expectedStream) row(key string) record {
	if t == nil {
		return nil
	}
	return t.rows[key]
}

// over lays the truth over an earlier one: every row there ever was, as it was
// last.
func (all expected) mergedWith(past expected) expected {
	both := expected{}
	for name, t := range all {
		rows := map[string]record{}
		if p := past[name]; p != nil {
			maps.Copy(rows, p.rows)
		}
		maps.Copy(rows, t.rows)
		both[name] = &expectedStream{source: t.source, columns: t.columns, rows: rows}
	}
	return both
}

// spelled is a value as JSON.
func spelled(v any) string {
	raw, _ := json.Marshal(v) // no error: it was read from JSON
	return string(raw)
}
