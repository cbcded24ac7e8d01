package cli

import (
	"math/rand/v2"
	"testing"
	"time"
)

// However unevenly the pages come: what people are told changes once a minute at
// most, in the mean, and soon it is nearly right.
func TestPace(t *testing.T) {
	seed := rand.Uint64()
	whim := rand.New(rand.NewPCG(seed, 0))
	begin := time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)
	for range 60 {
		pages := 200 + whim.IntN(5000)
		perPage := 0.2 + 2*whim.Float64()
		bias := 0.9 + 0.2*whim.Float64() // of the rest that is expected, at first
		var came []time.Time
		at := begin
		for range pages {
			at = at.Add(time.Duration(perPage * 2 * whim.Float64() * float64(time.Second)))
			came = append(came, at)
		}
		end := at

		var p pace
		told, changes, read := time.Time{}, 0, 0
		for now := begin; now.Before(end); now = now.Add(interval) {
			for came[read].Before(now) {
				read++
			}
			p.note(mark{now, 100 * read, read})
			done := float64(read) / float64(pages)
			p.expect(now, float64(pages-read)*(bias+(1-bias)*done), 0)
			if p.told != told {
				told = p.told
				changes++
			}
			if off := told.Sub(end).Abs(); now.Sub(begin) > 3*recently && off > settling+end.Sub(now)/2 {
				t.Fatalf("seed %d: %v before the end people were told of %v", seed, end.Sub(now), told.Sub(now))
			}
		}
		if changes > 20+int(end.Sub(begin).Minutes()) {
			t.Fatalf("seed %d: what was told changed %d times in %v", seed, changes, end.Sub(begin))
		}
	}
}

// What is told is told as people tell it.
func TestLeft(t *testing.T) {
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
		p := pace{told: now.Add(c.rest)}
		if got := p.left(now); got != c.want {
			t.Errorf("%v: %q, expected %q", c.rest, got, c.want)
		}
	}
	if got := new(pace).left(now); got != "" {
		t.Errorf("nobody knows, and it is %q", got)
	}
}
