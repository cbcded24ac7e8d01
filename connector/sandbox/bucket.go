package sandbox

import "time"

// A bucket leaks one drop per interval and takes no more than height: 40
// requests in 20 seconds are a height of 40 and half a second. All that has to
// be known is when it would be empty.
type bucket struct {
	size     int
	interval time.Duration
	emptyAt  time.Time
}

func newBucket(limit int, window time.Duration) bucket {
	return bucket{size: limit, interval: window / time.Duration(limit)}
}

// add pours one request in. If the bucket is full, the request is refused, and
// wait is how long it takes until there is room for it.
func (b *bucket) add(now time.Time) (wait time.Duration, ok bool) {
	level := max(b.emptyAt.Sub(now), 0)
	free := b.interval*time.Duration(b.size) - level - b.interval
	if free < 0 {
		return -free, false
	}
	b.emptyAt = now.Add(level + b.interval)
	return 0, true
}

// used is the number of requests in the bucket, a drop that has not leaked
// completely counted whole.
func (b *bucket) used(now time.Time) int {
	level := b.emptyAt.Sub(now)
	if level <= 0 || b.interval == 0 {
		return 0
	}
	return int((level + b.interval - 1) / b.interval)
}
