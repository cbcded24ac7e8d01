package verify

import (
	"container/heap"
	"maps"
	"slices"
)

// A reservoir keeps the rows of some groups: of those that were drawn from the account,
// and of a uniform sample of all others, without replacement. The sample are the groups
// with the smallest numbers, which the seed gives to each: it does not depend on the
// order of the rows, and rows of one group may be far apart.
type reservoir struct {
	size  int
	seed  uint64
	drawn map[int64]bool
	rows  map[int64][]entry
	top   numbers // the groups of the sample, the largest number first
}

type numbered struct {
	number uint64
	group  int64
}

type numbers []numbered

func (n numbers) Len() int           { return len(n) }
func (n numbers) Less(i, j int) bool { return n[i].number > n[j].number }
func (n numbers) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }
func (n *numbers) Push(x any)        { *n = append(*n, x.(numbered)) }
func (n *numbers) Pop() any {
	last := (*n)[len(*n)-1]
	*n = (*n)[:len(*n)-1]
	return last
}

func newReservoir(size int, seed uint64, drawn []int64) *reservoir {
	r := &reservoir{size: size, seed: scatter(seed), drawn: map[int64]bool{}, rows: map[int64][]entry{}}
	for _, g := range drawn {
		r.drawn[g] = true
	}
	return r
}

func (r *reservoir) add(e entry) {
	_, kept := r.rows[e.group]
	if !kept && !r.drawn[e.group] {
		n := numbered{scatter(uint64(e.group) ^ r.seed), e.group}
		if len(r.top) == r.size && (r.size == 0 || n.number >= r.top[0].number) {
			return
		}
		heap.Push(&r.top, n)
		if len(r.top) > r.size {
			delete(r.rows, heap.Pop(&r.top).(numbered).group)
		}
	}
	r.rows[e.group] = append(r.rows[e.group], e)
}

// all returns the groups.
func (r *reservoir) all() []int64 {
	all := maps.Clone(r.drawn)
	for g := range r.rows {
		all[g] = true
	}
	return slices.Sorted(maps.Keys(all))
}
