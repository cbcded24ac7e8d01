package sandbox

import (
	"cmp"
	"iter"
	"math/rand/v2"
	"slices"
	"sort"
)

// A key is a row's place in an order: the value sorted by, a number or a text
// or both, then the id.
type sortKey struct {
	n  int64
	s  string
	id int64
}

func (k sortKey) compare(o sortKey) int {
	return cmp.Or(cmp.Compare(k.n, o.n), cmp.Compare(k.s, o.s), cmp.Compare(k.id, o.id))
}

// A row can say where it stands in an order of its resource. An order is named
// by the field sorted by.
type row interface{ sortKey(order string) sortKey }

// A base is the part of a table that is not kept but computed: n rows in the
// order of their ids and their creation.
type base[R row] struct {
	timeline
	first, stride  int64 // the ids: first, first+stride, …
	absorbedOffset int64 // how far after its own is the id of what a row absorbed; 0 = none did
	row            func(i int) R
	createdAt      func(i int) timestamp // when rows were created, where it is not for the timeline to say
}

func (b *base[R]) created(i int) timestamp {
	if b.createdAt != nil {
		return b.createdAt(i)
	}
	return b.timeline.created(i)
}

func (b *base[R]) id(i int) int64 { return b.first + int64(i)*b.stride }

// find returns the index of an id.
func (b *base[R]) index(id int64) (int, bool) {
	if b.stride == 0 || id < b.first || (id-b.first)%b.stride != 0 {
		return 0, false
	}
	i := int((id - b.first) / b.stride)
	return i, i < b.n
}

// at returns the index and the key of the row at place p of an order.
func (b *base[R]) at(order string, p int) (int, sortKey) {
	switch order {
	case "updated_datetime":
		i := b.updatePosition(p)
		return i, sortKey{n: int64(b.updated(p)), id: b.id(i)}
	case "id":
		return p, sortKey{n: b.id(p), id: b.id(p)}
	default:
		return p, sortKey{n: int64(b.created(p)), id: b.id(p)}
	}
}

// survivor tells into what row the one with this id was merged.
func (t *table[R]) survivor(id int64) (int64, bool) {
	into, ok := t.mergedInto[id]
	if !ok && t.base.absorbedOffset != 0 {
		into = id - t.base.absorbedOffset
		_, ok = t.base.index(into)
	}
	if further, again := t.mergedInto[into]; ok && again {
		for again {
			into = further
			further, again = t.mergedInto[into]
		}
	}
	return into, ok
}

// A version is a row as one change left it; gone, if it took the row away. Of
// two versions the one with the greater seq is the later.
type version[R row] struct {
	row     R
	deleted bool
	seq     uint64
}

// A table is the base with the changes laid over it. Lists show what is
// visible; a change may be there before lists show it.
type table[R row] struct {
	base       base[R]
	listed     map[int64]version[R] // changed rows as lists show them
	unlisted   map[int64]version[R] // changed rows that lists do not show yet
	sortedKeys map[string][]sortKey // the keys of what is shown and not gone, per order
	mergedInto map[int64]int64      // what was absorbed, and by what
	maxID      int64                // the highest id given so far
}

func newTable[R row](b base[R]) *table[R] {
	return &table[R]{
		base:       b,
		listed:     map[int64]version[R]{},
		unlisted:   map[int64]version[R]{},
		sortedKeys: map[string][]sortKey{},
		mergedInto: map[int64]int64{},
		maxID:      b.id(b.n) + 1000, // a gap that tells old from new to who reads along
	}
}

// get returns a row as it is.
func (t *table[R]) get(id int64) (R, bool) {
	if v, ok := t.unlisted[id]; ok {
		return v.row, !v.deleted
	}
	return t.getListed(id)
}

// see returns a row as lists show it.
func (t *table[R]) getListed(id int64) (R, bool) {
	if v, ok := t.listed[id]; ok {
		return v.row, !v.deleted
	}
	if i, ok := t.base.index(id); ok {
		return t.base.row(i), true
	}
	var none R
	return none, false
}

// show makes a version visible, unless a later one is.
func (t *table[R]) setListed(id int64, v version[R]) {
	if f, ok := t.unlisted[id]; ok && f.seq <= v.seq {
		delete(t.unlisted, id)
	}
	old, was := t.listed[id]
	if old.seq > v.seq {
		return
	}
	for order, keys := range t.sortedKeys {
		if was && !old.deleted {
			at, _ := slices.BinarySearchFunc(keys, old.row.sortKey(order), sortKey.compare)
			keys = slices.Delete(keys, at, at+1)
		}
		if !v.deleted {
			k := v.row.sortKey(order)
			at, _ := slices.BinarySearchFunc(keys, k, sortKey.compare)
			keys = slices.Insert(keys, at, k)
		}
		t.sortedKeys[order] = keys
	}
	t.listed[id] = v
}

// keys returns the sorted keys of the changed rows.
func (t *table[R]) changedKeys(order string) []sortKey {
	keys, ok := t.sortedKeys[order]
	if !ok {
		for _, v := range t.listed {
			if !v.deleted {
				keys = append(keys, v.row.sortKey(order))
			}
		}
		slices.SortFunc(keys, sortKey.compare)
		t.sortedKeys[order] = keys
	}
	return keys
}

// walk yields the visible rows of an order strictly after a key, or from its
// beginning: two sorted rows of rows, the base and what lies over it, merged.
// A base that is not empty knows creation, update and id to sort by.
func (t *table[R]) rows(order string, desc bool, after *sortKey) iter.Seq2[sortKey, R] {
	return func(yield func(sortKey, R) bool) {
		over := t.changedKeys(order)
		step, p, q := 1, 0, 0
		if desc {
			step, p, q = -1, t.base.n-1, len(over)-1
		}
		if after != nil {
			p = sort.Search(t.base.n, func(p int) bool {
				_, k := t.base.at(order, p)
				return k.compare(*after) >= 0
			})
			var met bool
			q, met = slices.BinarySearchFunc(over, *after, sortKey.compare)
			if desc {
				p, q = p-1, q-1
			} else {
				if p < t.base.n {
					if _, k := t.base.at(order, p); k == *after {
						p++
					}
				}
				if met {
					q++
				}
			}
		}
		for {
			var i int
			var below, above sortKey
			for ; 0 <= p && p < t.base.n; p += step {
				i, below = t.base.at(order, p)
				if _, changed := t.listed[below.id]; !changed {
					break
				}
			}
			inBase, inOver := 0 <= p && p < t.base.n, 0 <= q && q < len(over)
			if inOver {
				above = over[q]
			}
			switch {
			case inBase && (!inOver || below.compare(above)*step < 0):
				if !yield(below, t.base.row(i)) {
					return
				}
				p += step
			case inOver:
				if !yield(above, t.listed[above.id].row) {
					return
				}
				q += step
			default:
				return
			}
		}
	}
}

// any returns some row that is there, one of the changed ones as likely as one
// of the base; false if it finds none in a few tries.
func (t *table[R]) randomRow(r *rand.Rand) (R, bool) {
	over := t.changedKeys("created_datetime")
	for range 8 {
		n := t.base.n + len(over)
		if n == 0 {
			break
		}
		var id int64
		if k := r.IntN(n); k < len(over) {
			id = over[k].id
		} else {
			id = t.base.id(k - len(over))
		}
		if found, ok := t.get(id); ok {
			return found, true
		}
	}
	var none R
	return none, false
}
