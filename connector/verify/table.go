package verify

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/conform"
	"source-gorgias/connector/stream"
)

// tombstoneColumns mark a deleted row, if one has a value and that is not false.
var tombstoneColumns = []string{"_ab_cdc_deleted_at", "_sdc_deleted_at", "deleted"}

// extractedColumns are when a row was read from the account.
var extractedColumns = []string{"_airbyte_extracted_at", "_sdc_extracted_at"}

// A key identifies a record within its stream: its id and, where the primary key has
// two columns, the one before it.
type key struct{ owner, id int64 }

func (k key) String() string {
	if k.owner == 0 {
		return strconv.FormatInt(k.id, 10)
	}
	return fmt.Sprintf("%d/%d", k.owner, k.id)
}

// An entry is a row, or a record of the account as its row should be.
type entry struct {
	key
	group  int64 // by which the account is asked for it
	cursor time.Time
	values map[string]value // by column; one that is absent is null
}

// A table knows the columns of a stream.
type table struct {
	stream *stream.Stream
	schema *conform.Schema
	kinds  map[string]kind
	group  string              // the column by which the account is asked
	names  map[string]string   // of columns: theirs in the rows to the stream's; "" is not compared
	given  map[string]struct{} // columns that the rows have
	counts map[string]int      // live rows by the date of their creation or by the id in their key, as the account counts them
	report *Report
}

// newTable returns the table of a stream. keys are the names in the rows of the columns
// of the primary key, if they have others.
func newTable(o *Options, r *Report) (*table, error) {
	s := o.Stream
	schema, err := o.Settings.Privacy.Rules(s).Compile(s.Schema(""), nil)
	if err != nil {
		return nil, err
	}
	t := &table{stream: s, schema: schema, kinds: kinds(schema.JSON()), names: map[string]string{}, given: map[string]struct{}{}, counts: map[string]int{}, report: r}
	switch {
	case s.Source().BelongsTo != "":
		t.group = s.Source().BelongsTo
	case s.Derive != nil:
		t.group = s.Key[0]
	default:
		t.group = s.ID()
	}
	if len(o.Key) > len(s.Key) {
		return nil, connector.NewInputError("--key: the primary key of %s is %s", s.Name, strings.Join(s.Key, ", "))
	}
	for i, name := range o.Key {
		t.names[name] = s.Key[len(s.Key)-len(o.Key)+i]
	}
	for _, name := range append([]string{t.group}, s.Key...) {
		if _, ok := t.kinds[name]; !ok {
			return nil, connector.NewInputError("%s cannot be verified: the setting exclude_fields removes %s, by which a row is found", s.Name, name)
		}
	}
	return t, nil
}

// column returns the stream's name of a column of the rows; "" if it is not compared.
func (t *table) column(name string) string {
	own, known := t.names[name]
	if known {
		return own
	}
	for declared := range t.kinds {
		if strings.EqualFold(declared, name) { // Snowflake prefers capitals
			own = declared
		}
	}
	lower := strings.ToLower(name)
	own = strings.TrimSpace(own)
	switch {
	case slices.Contains(t.stream.Counters, own): //rule:counters-are-not-compared
		own = ""
	case own != "" && own != conform.Unrecognized:
	case slices.Contains(tombstoneColumns, lower), slices.Contains(extractedColumns, lower):
		own = lower
	case own == conform.Unrecognized || strings.HasPrefix(lower, "_airbyte_") || strings.HasPrefix(lower, "_ab_") || strings.HasPrefix(lower, "_sdc_"):
		own = ""
	default:
		t.report.problem("the column "+strconv.Quote(name)+" is not a column of the stream, or the configuration leaves it out: it is not compared", 0) //rule:unknown-columns-are-named
	}
	t.names[name] = own
	return own
}

// read returns what a row says. ok is false if it is no row: a tombstone, or one without
// its key, which is counted.
func (t *table) read(row Row) (e entry, extracted time.Time, ok bool) {
	e.values = make(map[string]value, len(row.Columns))
	deleted := false
	for i, name := range row.Columns {
		own, cell := t.column(name), row.Cells[i]
		switch {
		case own == "":
		case slices.Contains(extractedColumns, own):
			extracted, _ = conform.ParseTimestamp(cell.Text)
		case slices.Contains(tombstoneColumns, own):
			gone, known := booleanKind.canonical(cell)
			deleted = deleted || gone != "" && (gone != "false" || !known) //rule:tombstones-are-not-there
		default:
			v, ok := t.kinds[own].canonical(cell)
			if !ok {
				t.report.problem(fmt.Sprintf("values of %s cannot be read as %s", own, t.kinds[own]), 1)
			}
			t.given[own] = struct{}{}
			if v != "" {
				e.values[own] = v
			}
		}
	}
	if deleted {
		t.report.Tombstones++
		return e, extracted, false
	}
	if ok = t.identify(&e); ok {
		t.count(e)
	}
	return e, extracted, ok
}

// count counts a row as the account does: on the day of its creation, or for the record
// that it names.
func (t *table) count(e entry) {
	if t.stream.CountedIn != nil {
		t.counts[strconv.FormatInt(e.id, 10)]++
	}
	if t.stream.CountedBy == "" {
		return
	}
	if micros, err := strconv.ParseInt(string(e.values[t.stream.Created]), 10, 64); err == nil {
		t.counts[time.UnixMicro(micros).UTC().Format(time.DateOnly)]++
	}
}

func (k kind) String() string {
	return [...]string{"texts", "numbers", "booleans", "timestamps", "JSON"}[k]
}

// identify finds the key, the group and the cursor of a row.
func (t *table) identify(e *entry) bool {
	integer := func(name string) (n int64, ok bool) {
		n, err := strconv.ParseInt(string(e.values[name]), 10, 64)
		return n, err == nil
	}
	id, ok := integer(t.stream.ID())
	group, hasGroup := integer(t.group)
	owner, hasOwner := int64(0), true
	if len(t.stream.Key) > 1 {
		owner, hasOwner = integer(t.stream.Key[0])
	}
	if !ok || !hasOwner || !hasGroup {
		missing := slices.Compact(append(slices.Clone(t.stream.Key), t.group))
		t.report.problem("rows have no usable "+strings.Join(missing, ", ")+": they are not compared", 1) //rule:rows-without-a-key-are-counted
		return false
	}
	e.key, e.group = key{owner, id}, group
	if micros, err := strconv.ParseInt(string(e.values[t.stream.Cursor]), 10, 64); err == nil {
		e.cursor = time.UnixMicro(micros).UTC()
	}
	return true
}

// entries returns what a record of the account's list should be in the table.
func (t *table) entries(rec stream.Record) (all []entry) {
	raws := [][]byte{rec.Raw}
	if t.stream.Derive != nil {
		raws = nil
		for _, raw := range t.stream.DeriveFrom(rec) {
			if t.stream.HasKey(raw) {
				raws = append(raws, raw)
			}
		}
	}
	for _, raw := range raws {
		conformed, _ := t.schema.AppendValid(nil, raw)
		e := entry{values: map[string]value{}}
		for name, cell := range conform.Members(conformed) {
			if v, _ := t.kinds[name].canonical(newCell(cell)); v != "" {
				e.values[name] = v
			}
		}
		if t.identify(&e) {
			all = append(all, e)
		}
	}
	return all
}

// differing returns the columns whose values differ, of those that the rows have.
func (t *table) differing(row, account entry) (columns []string) {
	for _, name := range slices.Sorted(maps.Keys(t.given)) {
		if !t.kinds[name].equal(row.values[name], account.values[name]) {
			columns = append(columns, name)
		}
	}
	return columns
}

// version is the sum of the hashes of an entry's values, of the columns that the rows have.
func (t *table) version(e entry) (sum uint64) {
	for name, v := range e.values {
		if _, given := t.given[name]; given {
			sum += t.kinds[name].hash(name, v)
		}
	}
	return sum
}

// latest returns the latest timestamp of a row without a cursor, up to the present.
func (t *table) latest(e entry, now time.Time) (latest time.Time) {
	for name, v := range e.values {
		if micros, err := strconv.ParseInt(string(v), 10, 64); t.kinds[name] == timestampKind && err == nil {
			if at := time.UnixMicro(micros).UTC(); at.After(latest) && !at.After(now) {
				latest = at
			}
		}
	}
	return latest
}

// rows passes the rows of the input that count to each, and notes what is known of all.
func (t *table) rows(in io.Reader, since time.Time, now time.Time, each func(entry)) error {
	for row, err := range ReadRows(in) {
		if err != nil {
			return connector.NewInputError("standard input: %v", err)
		}
		e, extracted, ok := t.read(row)
		if t.report.Rows++; t.report.Rows == 1 {
			if err := t.checkColumns(); err != nil {
				return err
			}
		}
		if ok && t.matters(&e, since, now) {
			each(e)
		}
		if extracted.After(t.report.extracted) && !extracted.After(now) {
			t.report.extracted = extracted
		}
	}
	return nil
}

// checkColumns checks that the first row has the columns by which rows are found.
func (t *table) checkColumns() error {
	for _, name := range append([]string{t.group}, t.stream.Key...) {
		if _, given := t.given[name]; !given {
			return connector.NewInputError("standard input: the rows have no column %s, by which a row of %s is found; export it, or name the key's column with --key", name, t.stream.Name)
		}
	}
	return nil
}

// matters notes the dates of a row, and reports whether it is as late as asked for.
func (t *table) matters(e *entry, since, now time.Time) bool {
	r := t.report
	if t.stream.Cursor == "" {
		e.cursor = t.latest(*e, now)
	} else if !e.cursor.IsZero() && e.cursor.Before(since) {
		r.BeforeSince++
		return false
	}
	if e.cursor.After(r.newest) && !e.cursor.After(now) { // one may be dated in the future
		r.newest = e.cursor
	}
	if !e.cursor.IsZero() && (r.oldest.IsZero() || e.cursor.Before(r.oldest)) {
		r.oldest = e.cursor
	}
	r.live++
	return true
}
