package cli

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Rates are measured over rateWindow. The estimate of the end uses the rate of a
// fourth of the elapsed time, from rateWindow to maxWindow.
const rateWindow, maxWindow = time.Minute, 10 * time.Minute

// smoothing is the time constant with which the estimate follows new rates.
const smoothing = 30 * time.Second

// A rateEstimator measures the rates of a sync and estimates its end.
type rateEstimator struct {
	startedAt time.Time
	samples   []sample
	end       time.Time // the smoothed estimate; zero if there is none
	updatedAt time.Time // of end
	shown     time.Time // the end that users see
}

// A sample is the totals of a sync at some time.
type sample struct {
	at                time.Time
	records, requests int
}

func (r *rateEstimator) add(s sample) {
	if r.startedAt.IsZero() {
		r.startedAt = s.at
	}
	r.samples = append(r.samples, s)
	for len(r.samples) > 2 && s.at.Sub(r.samples[1].at) >= maxWindow {
		r.samples = r.samples[1:]
	}
}

// rates returns the records and requests per second over a window that ends
// now; 0 until two seconds have been measured.
func (r *rateEstimator) rates(window time.Duration) (records, requests float64) {
	if len(r.samples) == 0 {
		return 0, 0
	}
	last := r.samples[len(r.samples)-1]
	i, _ := slices.BinarySearchFunc(r.samples, last.at.Add(-window), func(s sample, at time.Time) int { return s.at.Compare(at) })
	first := r.samples[i]
	seconds := last.at.Sub(first.at).Seconds()
	if seconds < 2 {
		return 0, 0
	}
	return float64(last.records-first.records) / seconds, float64(last.requests-first.requests) / seconds
}

// update estimates the end from the number of requests left and the least time
// that they take. The shown end changes only when it is wrong by a tenth of the
// remaining time.
func (r *rateEstimator) update(now time.Time, requests float64, least time.Duration) {
	elapsed := now.Sub(r.startedAt)
	_, rate := r.rates(min(max(rateWindow, elapsed/4), maxWindow))
	if rate == 0 || elapsed < 10*time.Second {
		return
	}
	end := now.Add(max(least, time.Duration(requests/rate*float64(time.Second))))
	if r.end.IsZero() {
		r.end = end
	} else {
		weight := 1 - math.Exp(-float64(now.Sub(r.updatedAt))/float64(smoothing))
		r.end = r.end.Add(time.Duration(weight * float64(end.Sub(r.end))))
	}
	r.updatedAt = now
	if off := r.end.Sub(r.shown).Abs(); off > max(10*time.Second, r.end.Sub(now)/10) {
		r.shown = r.end
	}
}

// reset removes the estimate.
func (r *rateEstimator) reset() { r.end, r.shown = time.Time{}, time.Time{} }

// remaining describes the remaining time; "" if it is unknown.
func (r *rateEstimator) remaining(now time.Time) string {
	left := r.shown.Sub(now)
	unit := time.Minute
	switch {
	case r.shown.IsZero():
		return ""
	case left < time.Minute:
		return "less than a minute left"
	case left > 10*time.Hour:
		unit = 30 * time.Minute
	case left > 30*time.Minute:
		unit = 5 * time.Minute
	}
	end := r.shown.Round(unit)
	layout := "15:04"
	if end.YearDay() != now.YearDay() {
		layout = "Mon 15:04"
	}
	return fmt.Sprintf("about %s left (until %s)", formatDuration(left.Round(unit)), end.Format(layout))
}

// formatDuration writes a duration in its two largest units.
func formatDuration(d time.Duration) string {
	d = d.Round(time.Second)
	two := func(a time.Duration, big string, b time.Duration, small string) string {
		text := fmt.Sprintf("%d%s", d/a, big)
		if rest := d % a / b; rest > 0 {
			text += fmt.Sprintf(" %d%s", rest, small)
		}
		return text
	}
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return two(day, " days", time.Hour, "h")
	case d >= time.Hour:
		return two(time.Hour, "h", time.Minute, "m")
	case d >= time.Minute:
		return two(time.Minute, "m", time.Second, "s")
	}
	return fmt.Sprintf("%ds", d/time.Second)
}
