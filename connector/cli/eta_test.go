package cli

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestRateEstimator checks that the shown end changes once a minute at most, on
// average, and soon is nearly right, however irregular the pages are.
func TestRateEstimator(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	begin := time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)
	for range 60 {
		pages := 200 + random.IntN(5000)
		perPage := 0.2 + 2*random.Float64()
		bias := 0.9 + 0.2*random.Float64() // initial error of the number of pages left
		var arrivals []time.Time
		at := begin
		for range pages {
			at = at.Add(time.Duration(perPage * 2 * random.Float64() * float64(time.Second)))
			arrivals = append(arrivals, at)
		}
		end := at

		var estimator rateEstimator
		shown, changes, read := time.Time{}, 0, 0
		for now := begin; now.Before(end); now = now.Add(interval) {
			for arrivals[read].Before(now) {
				read++
			}
			estimator.add(sample{now, 100 * read, read})
			done := float64(read) / float64(pages)
			estimator.update(now, float64(pages-read)*(bias+(1-bias)*done), 0)
			if estimator.shown != shown {
				shown = estimator.shown
				changes++
			}
			if off := shown.Sub(end).Abs(); now.Sub(begin) > 3*rateWindow && off > smoothing+end.Sub(now)/2 {
				t.Fatalf("seed %d: %v before the end, %v was shown", seed, end.Sub(now), shown.Sub(now))
			}
		}
		if changes > 20+int(end.Sub(begin).Minutes()) {
			t.Fatalf("seed %d: the shown end changed %d times in %v", seed, changes, end.Sub(begin))
		}
	}
}

func TestRemaining(t *testing.T) {
	now := time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		rest time.Duration
		want string
	}{
		{-time.Minute, "less than a minute left"},
		{59 * time.Second, "less than a minute left"},
		{7*time.Minute + 12*time.Second, "about 7m left (until 22:07)"},
		{58 * time.Minute, "about 1h left (until 23:00)"},
		{3*time.Hour + 41*time.Minute, "about 3h 40m left (until Mon 01:40)"},
		{50 * time.Hour, "about 2 days 2h left (until Wed 00:00)"},
	} {
		r := rateEstimator{shown: now.Add(c.rest)}
		if got := r.remaining(now); got != c.want {
			t.Errorf("%v: %q, expected %q", c.rest, got, c.want)
		}
	}
	if got := new(rateEstimator).remaining(now); got != "" {
		t.Errorf("%q without an estimate", got)
	}
}
