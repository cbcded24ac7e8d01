package sandbox

// A timeline says when the generated rows of a table were created and last
// updated. Both are pure functions that never decrease: a position in a list
// is found by binary search, and no row needs to be stored.
//
// The order of updates is not the order of creation: within a block of 16 rows
// the positions are permuted. Some blocks share one timestamp, and sometimes
// 128 rows do, more than fit on a page.
type timeline struct {
	seed       seed
	n          int // how many rows
	start, end timestamp
}

const (
	blockSize = 16
	bulkSize  = 128
	// updateDelay is how many rows later a row is last updated. That is later
	// than every time at which another row refers to it (threads.go).
	updateDelay = 40
)

// at returns the x-th of n timestamps between start and end. Those beyond n
// follow at intervals of a minute: they are the updates of the last rows.
func (l timeline) at(x int) timestamp {
	if x >= l.n {
		return l.end + timestamp(x-l.n)*minute
	}
	step := max((l.end-l.start)/timestamp(l.n), 1)
	low := l.start + timestamp(x)*step
	rng := newPRNG(l.seed, saltTime, int64(x))
	at := low + timestamp(rng.intn(int(step)))
	if round := (low + second - 1) / second * second; rng.oneIn(5) && round < low+step {
		at = round
	}
	return at
}

// created returns when the i-th row was created.
func (l timeline) created(i int) timestamp {
	if i < l.n {
		if i/bulkSize%16 == 1 {
			i -= i % bulkSize
		} else if rng := newPRNG(l.seed, saltTime, int64(-1-i/8)); rng.oneIn(6) {
			i -= i % 8
		}
	}
	return l.at(i)
}

// updated returns when the row at position p of the order of updates was last
// updated.
func (l timeline) updated(p int) timestamp {
	if l.inBulk(p) {
		p = min(p|(bulkSize-1), l.n-1)
	} else if tied, _ := l.shuffle(p); tied {
		p = min(p|(blockSize-1), l.n-1)
	}
	return l.at(p + updateDelay)
}

// updatePosition returns the position of the i-th row in the order of updates.
// The permutation is its own inverse, so that it also returns the index of the
// row at position i.
func (l timeline) updatePosition(i int) int {
	_, mask := l.shuffle(i)
	return i ^ mask
}

// inBulk reports whether position p is one of 128 that share a timestamp.
func (l timeline) inBulk(p int) bool { return p/bulkSize%16 == 2 }

// shuffle returns how the block of position p is permuted: mask has the bits
// of the positions that are flipped. If the rows of the block are tied, that
// is, share one timestamp, none is: equal timestamps sort by id.
func (l timeline) shuffle(p int) (tied bool, mask int) {
	if l.inBulk(p) || p|(blockSize-1) >= l.n {
		return false, 0
	}
	rng := newPRNG(l.seed, saltOrder, int64(p/blockSize))
	if rng.oneIn(4) {
		return true, 0
	}
	return false, rng.intn(blockSize)
}
