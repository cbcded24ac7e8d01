package sandbox

import (
	"iter"
	"math/rand/v2"
	"slices"
	"sort"
)

// A row is a record of any resource. An order is the name of the field that
// the list is sorted by.
type row interface{ sortKey(order string) sortKey }

// A base is the part of a table that is computed instead of stored: n rows, by
// ascending id and creation.
type base[R row] struct {
	timeline
	first, stride  int64 // the ids: first, first+stride, …
	absorbedOffset int64 // id of the row that a row absorbed, less its own; 0 = none did
	row            func(i int) R
	createdAt      func(i int) timestamp // overrides the timeline
}

func (b *base[R]) created(i int) timestamp {
	if b.createdAt != nil {
		return b.createdAt(i)
	}
	return b.timeline.created(i)
}

func (b *base[R]) id(i int) int64 { return b.first + int64(i)*b.stride }

// index returns the index of an id; false if no row of the base has it.
func (b *base[R]) index(id int64) (int, bool) {
	if b.stride == 0 || id < b.first || (id-b.first)%b.stride != 0 {
		return 0, false
	}
	i := int((id - b.first) / b.stride)
	return i, i < b.n
}

// at returns the index and the key of the row at position p of an order.
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

// survivor returns the id of the row that the row with this id was merged
// into, directly or by several merges; false if it was not merged.
func (t *table[R]) survivor(id int64) (int64, bool) {
	into, ok := t.mergedInto[id]
	if !ok && t.base.absorbedOffset != 0 {
		into = id - t.base.absorbedOffset
		_, ok = t.base.index(into)
	}
	for ok {
		next, merged := t.mergedInto[into]
		if !merged {
			break
		}
		into = next
	}
	return into, ok
}

// A version is a row as one change left it, or its deletion. A greater seq is
// a later version.
type version[R row] struct {
	row     R
	deleted bool
	seq     uint64
}

// A table holds the rows of one resource: the base and the versions that
// changes wrote. A change may be current before lists show it.
type table[R row] struct {
	base       base[R]
	listed     map[int64]version[R] // changed rows as lists show them, by id
	unlisted   map[int64]version[R] // changed rows that lists do not show yet
	sortedKeys map[string][]sortKey // ascending keys of the rows in listed that are not deleted, by order
	mergedInto map[int64]int64      // ids of absorbed rows and of what absorbed them
	maxID      int64                // the highest id so far
}

func newTable[R row](b base[R]) *table[R] {
	return &table[R]{
		base:       b,
		listed:     map[int64]version[R]{},
		unlisted:   map[int64]version[R]{},
		sortedKeys: map[string][]sortKey{},
		mergedInto: map[int64]int64{},
		maxID:      b.id(b.n) + 1000, // a gap, so that a reader of test output can tell new rows from base rows
	}
}

// get returns the current version of a row; false if there is none.
func (t *table[R]) get(id int64) (R, bool) {
	if v, ok := t.unlisted[id]; ok {
		return v.row, !v.deleted
	}
	return t.getListed(id)
}

// getListed returns the version of a row that lists show; false if they show
// none.
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

// setListed makes lists show a version, unless they show a later one.
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

// changedKeys returns the ascending keys of the changed rows that lists show.
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

// rows yields the rows that lists show, in an order, strictly after a key or
// from the beginning. It merges the base rows and the changed rows. A base
// that is not empty can be sorted by creation, update and id only.
func (t *table[R]) rows(order string, desc bool, after *sortKey) iter.Seq2[sortKey, R] {
	return func(yield func(sortKey, R) bool) {
		m := t.merge(order, desc, after)
		for {
			i, baseKey, inBase := m.nextBase()
			changedKey, inChanged := m.nextChanged()
			switch {
			case inBase && (!inChanged || baseKey.compare(changedKey)*m.step < 0):
				if !yield(baseKey, t.base.row(i)) {
					return
				}
				m.p += m.step
			case inChanged:
				if !yield(changedKey, t.listed[changedKey.id].row) {
					return
				}
				m.q += m.step
			default:
				return
			}
		}
	}
}

// A merge is the position in the two sorted sequences of which a list
// consists.
type merge[R row] struct {
	*table[R]
	order   string
	step    int       // 1 = ascending, -1 = descending
	changed []sortKey // of the changed rows, ascending
	p, q    int       // the next positions in the base and in changed
}

// merge returns the merge whose next row is the first one after a key; nil is
// before all rows.
func (t *table[R]) merge(order string, desc bool, after *sortKey) *merge[R] {
	m := &merge[R]{table: t, order: order, step: 1, changed: t.changedKeys(order)}
	if desc {
		m.step, m.p, m.q = -1, t.base.n-1, len(m.changed)-1
	}
	if after == nil {
		return m
	}
	p := sort.Search(t.base.n, func(p int) bool {
		_, k := t.base.at(order, p)
		return k.compare(*after) >= 0
	})
	q, found := slices.BinarySearchFunc(m.changed, *after, sortKey.compare)
	if desc {
		m.p, m.q = p-1, q-1
		return m
	}
	if p < t.base.n {
		if _, k := t.base.at(order, p); k == *after {
			p++
		}
	}
	if found {
		q++
	}
	m.p, m.q = p, q
	return m
}

// nextBase returns the index and the key of the next base row that has not
// changed; false if there is none.
func (m *merge[R]) nextBase() (i int, k sortKey, ok bool) {
	for ; 0 <= m.p && m.p < m.base.n; m.p += m.step {
		i, k = m.base.at(m.order, m.p)
		if _, changed := m.listed[k.id]; !changed {
			return i, k, true
		}
	}
	return 0, sortKey{}, false
}

// nextChanged returns the key of the next changed row; false if there is none.
func (m *merge[R]) nextChanged() (sortKey, bool) {
	if m.q < 0 || m.q >= len(m.changed) {
		return sortKey{}, false
	}
	return m.changed[m.q], true
}

// randomRow returns a random row that is not deleted; false if it finds none
// in a few attempts.
func (t *table[R]) randomRow(r *rand.Rand) (R, bool) {
	changed := t.changedKeys("created_datetime")
	for range 8 {
		n := t.base.n + len(changed)
		if n == 0 {
			break
		}
		var id int64
		if k := r.IntN(n); k < len(changed) {
			id = changed[k].id
		} else {
			id = t.base.id(k - len(changed))
		}
		if found, ok := t.get(id); ok {
			return found, true
		}
	}
	var none R
	return none, false
}
