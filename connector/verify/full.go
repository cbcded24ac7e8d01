package verify

import (
	"cmp"
	"context"
	"io"
	"slices"
	"sort"
	"time"

	"source-gorgias/connector/stream"
)

// A summary is a row of which only what is compared is kept: 48 bytes.
type summary struct {
	key
	group   int64
	version uint64
	at      int64 // the cursor value in microseconds
	seen    bool
}

func (k key) compare(other key) int {
	return cmp.Or(cmp.Compare(k.owner, other.owner), cmp.Compare(k.id, other.id))
}

// full compares all rows with the list, which is read once.
func (c *comparison) full(ctx context.Context, in io.Reader) error {
	now, err := c.now(ctx)
	if err != nil {
		return err
	}
	var rows []summary
	err = c.table.rows(in, c.Since, now, func(e entry) {
		var sum uint64
		for name, v := range e.values {
			sum += c.table.kinds[name].hash(name, v)
		}
		rows = append(rows, summary{key: e.key, group: e.group, version: sum, at: e.cursor.UnixMicro()})
	})
	if err == nil {
		err = c.checkRows(ctx)
	}
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b summary) int { return a.compare(b.key) })
	c.report.Compared = len(rows)
	begin := func() {
		c.candidates, c.report.Uncounted, c.report.AccountRecords = nil, 0, 0
		for i := range rows {
			rows[i].seen = false
		}
	}
	begin()
	if err := c.list(ctx, begin, func(rec stream.Record) { c.compareAll(rows, rec) }); err != nil {
		return err
	}
	for i, row := range rows {
		e := entry{key: row.key, group: row.group, cursor: time.UnixMicro(row.at)}
		switch {
		case i > 0 && rows[i-1].key == row.key:
			c.add(candidate{Difference: Difference{Kind: Duplicate}, entry: e})
		case !row.seen:
			c.add(candidate{Difference: Difference{Kind: LeftOver}, entry: e, version: row.version})
		}
	}
	return nil
}

// compareAll compares what a record of the list should be with the rows.
func (c *comparison) compareAll(rows []summary, rec stream.Record) {
	for _, e := range c.table.entries(rec) {
		i := sort.Search(len(rows), func(i int) bool { return rows[i].compare(e.key) >= 0 })
		if i == len(rows) || rows[i].key != e.key {
			c.report.AccountRecords++
			c.add(candidate{Difference: Difference{Kind: Missing}, entry: e, rec: &rec})
			continue
		}
		if !rows[i].seen {
			c.report.AccountRecords++
		}
		rows[i].seen = true
		if rows[i].version != c.table.version(e) {
			row := entry{key: e.key, group: rows[i].group}
			c.add(candidate{Difference: Difference{Kind: Stale}, entry: row, version: rows[i].version, rec: &rec})
		}
	}
}
