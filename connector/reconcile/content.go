package reconcile

import (
	"maps"
	"slices"
	"time"

	"source-gorgias/connector/reader"
	"source-gorgias/connector/reconcile/sketch"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// A content is what a part contains of one output.
type content struct {
	elements []element
	byRow    map[int64]int // the row of a record's id
	has      map[sketch.Element]bool
	output   *stream.Stream
}

// An element is a record of an output, derived from a row or the row itself.
type element struct {
	sketch.Element
	version stream.Version
	created time.Time
	row     int
}

// newContent returns the content of an output before the first row.
func newContent(o *reader.Output) *content {
	return &content{output: o.Stream, byRow: map[int64]int{}, has: map[sketch.Element]bool{}}
}

// add adds the elements of a row that was created at a time.
func (c *content) add(row int, rec stream.Record, created time.Time) {
	c.byRow[rec.ID()] = row
	if c.output.Derive == nil {
		c.addElement(sketch.Element{Owner: rec.Owner, ID: rec.ID()}, rec.Version(), created, row)
		return
	}
	for _, raw := range c.output.DeriveFrom(rec) {
		if c.output.HasKey(raw) {
			e := sketch.Element{Owner: rec.ID(), ID: stream.Integer(stream.Field(raw, c.output.ID()))}
			c.addElement(e, stream.VersionOf(raw), created, row)
		}
	}
}

func (c *content) addElement(e sketch.Element, v stream.Version, created time.Time, row int) {
	if c.has[e] {
		return // the list shows it twice
	}
	c.has[e] = true
	c.elements = append(c.elements, element{e, v, created, row})
}

// rows returns the rows of all elements.
func (c *content) rows() (rows []int) {
	for _, e := range c.elements {
		if len(rows) == 0 || rows[len(rows)-1] != e.row {
			rows = append(rows, e.row)
		}
	}
	return rows
}

// contains reports whether an element is in the part. A record that belongs to
// another one now is the same record.
func (c *content) contains(e sketch.Element) bool {
	if c.output.Derive != nil {
		return c.has[e]
	}
	_, ok := c.byRow[e.ID]
	return ok
}

// covers reports whether a member was created within the part.
func (c *content) covers(of *part, m state.Member) bool {
	return (of.from.IsZero() || m.Created >= stream.Seconds(of.from)) && m.Created < stream.Seconds(of.to)
}

// missing returns the records that the destination should have and that are not in
// the part, and the other members that the slice had. It reports false if there are
// too many to name.
func (c *content) missing(r *state.Reconciliation, of *part, known state.Slice, ok bool) (missing []state.Member, gone []state.Member, named bool) {
	named = true
	all := r.Recent.Without(func(m state.Member) bool { return !c.covers(of, m) })
	if ok {
		var elements []sketch.Element
		elements, named = c.difference(r, of, known)
		for _, e := range elements {
			all = append(all[:len(all):len(all)], state.Member{Element: e, Created: stream.Seconds(of.from)})
		}
	}
	for _, m := range all {
		if c.contains(m.Element) { //rule:present-records-are-no-suspects
			continue
		}
		if r.IsGone(m.Element) { //rule:tombstones-are-not-repeated
			gone = append(gone, m)
			continue
		}
		missing = append(missing, m)
	}
	return missing, gone, named
}

// difference returns the elements that are in the part and not in a slice, or the
// reverse. It reports false if there are too many to name: even if what came since is
// left out, or what got a tombstone, or both. Whether those are in the slice is not
// known, but elements that agree with the sketch are the right ones.
func (c *content) difference(r *state.Reconciliation, of *part, known state.Slice) (elements []sketch.Element, named bool) {
	came := r.Recent.Without(func(m state.Member) bool { return !c.covers(of, m) || !c.has[m.Element] })
	gone := r.Gone.Without(func(m state.Member) bool { return c.contains(m.Element) })
	for _, others := range [][]state.Member{nil, gone, came, slices.Concat(came, gone)} {
		difference := known.Members.Clone()
		for _, e := range c.elements {
			difference.Toggle(e.Element)
		}
		for _, m := range others {
			difference.Toggle(m.Element)
		}
		if elements, named = difference.Decode(); named {
			return elements, true
		}
	}
	return nil, false
}

// changed returns the rows of which an element counts in a digest that is not as it
// was, or that was emitted or got a tombstone since, or is missing; all rows if nothing
// is known.
func (c *content) changed(r *state.Reconciliation, known state.Slice, ok bool, missing []state.Member) []int {
	now := c.slice(known.From, known)
	rows := map[int]bool{}
	for _, e := range c.elements {
		bucket := state.Bucket(e.Element)
		if !ok || now.Digests[bucket] != known.Digests[bucket] || r.IsGone(e.Element) || r.Recent.Has(e.Element) { //rule:equal-slices-are-not-written
			rows[e.row] = true
		}
	}
	for _, m := range missing {
		if i, derived := c.byRow[m.Owner]; derived && c.output.Derive != nil {
			rows[i] = true
		}
	}
	return slices.Sorted(maps.Keys(rows))
}

// slice returns the elements as one slice, with the members of another one.
func (c *content) slice(from time.Time, members state.Slice) state.Slice {
	s := state.NewSlice(from)
	for _, e := range c.elements {
		s.Count(e.Element, e.version)
	}
	s.Members = members.Members
	return s
}

// slices returns the elements as slices of so many rows.
func (c *content) slices(of *part, rows int) (all []state.Slice) {
	s := state.NewSlice(of.from)
	for i, e := range c.elements {
		if at := e.created.Truncate(time.Second); s.Rows >= rows && len(c.elements)-i >= rows && at.Before(c.elements[i-1].created.Truncate(time.Second)) {
			s.From = c.elements[i-1].created.Truncate(time.Second)
			all, s = append(all, s), state.NewSlice(of.from)
		}
		s.Add(e.Element, e.version)
	}
	return append(all, s)
}

// unexplained returns the missing records. What was derived from another one is explained
// if that is there, without it, or was deleted.
func (c *content) unexplained(missing []state.Member, deleted state.Members) []state.Member {
	return slices.DeleteFunc(slices.Clone(missing), func(m state.Member) bool {
		_, there := c.byRow[m.Owner]
		return c.output.Derive != nil && (there || deleted.Has(sketch.Element{ID: m.Owner}))
	})
}

// removed returns tombstones of what was derived from a row and is not derived from
// it any longer.
func (c *content) removed(p *pass, of *part, missing []state.Member) (tombstones []reader.TombstoneItem) {
	if c.output.Derive == nil || !c.output.Deletable {
		return nil
	}
	for _, m := range missing {
		if i, ok := c.byRow[m.Owner]; ok { //rule:removed-elements-are-reconciled
			at := of.rows[i].Cursor
			tombstones = append(tombstones, p.NewTombstone(c.output, at, at, nil, m.Owner, m.ID))
		}
	}
	return tombstones
}
