package sandbox

import "time"

// A bucket is the leaky bucket of the rate limit. It holds at most size
// requests and leaks one per interval: 40 requests in 20 seconds are a size of
// 40 and an interval of half a second. The time at which it will be empty is
// its whole state.
type bucket struct {
	size     int
	interval time.Duration
	emptyAt  time.Time
}

func newBucket(limit int, window time.Duration) bucket {
	return bucket{size: limit, interval: window / time.Duration(limit)}
}

// add adds a request. If the bucket is full, it returns false and the time
// until the bucket has room for the request.
func (b *bucket) add(now time.Time) (wait time.Duration, ok bool) {
	level := max(b.emptyAt.Sub(now), 0)
	free := b.interval*time.Duration(b.size) - level - b.interval
	if free < 0 {
		return -free, false
	}
	b.emptyAt = now.Add(level + b.interval)
	return 0, true
}

// used returns the number of requests in the bucket, rounded up.
func (b *bucket) used(now time.Time) int {
	level := b.emptyAt.Sub(now)
	if level <= 0 || b.interval == 0 {
		return 0
	}
	return int((level + b.interval - 1) / b.interval)
}
