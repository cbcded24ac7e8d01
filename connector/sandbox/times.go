package sandbox

import "time"

// An instant counts microseconds since 1970, the finest the API tells. Zero
// stands for null.
type timestamp int64

const (
	second timestamp = 1e6
	minute           = 60 * second
	hour             = 60 * minute
	day              = 24 * hour
)

// instantOf cuts t to microseconds; the zero time is null.
func timestampOf(t time.Time) timestamp {
	if t.IsZero() {
		return 0
	}
	return timestamp(t.UnixMicro())
}

// append writes t as the API does: microseconds and offset, the fraction left
// out when it is zero. A cursor spells it without the offset.
func (t timestamp) appendTo(dst []byte, offset bool) []byte {
	layout := "2006-01-02T15:04:05.000000"
	if t%second == 0 {
		layout = "2006-01-02T15:04:05"
	}
	dst = time.UnixMicro(int64(t)).UTC().AppendFormat(dst, layout)
	if offset {
		dst = append(dst, "+00:00"...)
	}
	return dst
}

// parseInstant reads an instant as a client may send it, or as a cursor does.
func parseTimestamp(s string) (timestamp, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return timestampOf(t), true
		}
	}
	return 0, false
}

// A timeline tells when the rows of the base account were created and last
// updated. Both are pure functions that never fall, so that a place in a list
// is found by halving, and an account of any size is kept in a few words.
//
// Rows are updated in another order than they are created: those of a block of
// 16 change places. Some blocks share one instant, and now and then a bulk of
// 128 does, more than any page holds.
type timeline struct {
	seed       uint64
	n          int
	start, end timestamp
}

const (
	blockSize = 16
	bulkSize  = 128
	// settled is how many rows later the last update of a row falls: late
	// enough for everything base rows say about each other (threads.go).
	updateDelay = 40
)

// at is the x-th of n moments between start and end. Those beyond n follow a
// minute apart: what is left to do when nothing new arrives.
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

// created is when the i-th row was created.
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

// updated is when the row at place p, counted by updates, was last updated.
func (l timeline) updated(p int) timestamp {
	if l.inBulk(p) {
		p = min(p|(bulkSize-1), l.n-1)
	} else if tied, _ := l.shuffle(p); tied {
		p = min(p|(blockSize-1), l.n-1)
	}
	return l.at(p + updateDelay)
}

// place turns a row's index into its place in the order of updates, and a
// place into the index: the change of places undoes itself.
func (l timeline) updatePosition(i int) int {
	_, mask := l.shuffle(i)
	return i ^ mask
}

func (l timeline) inBulk(p int) bool { return p/bulkSize%16 == 2 }

// shuffle tells of the block of place p whether its rows share one instant
// (then they keep their places, since equal instants sort by id), else which
// bits of the places are flipped.
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
