package cli

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// A rate is measured over the last minute. What is expected of hours is
// measured over a fourth of the time that has passed, within these bounds.
const recently, lately = time.Minute, 10 * time.Minute

// A pace is how fast a sync has gone recently, and when it will end by that.
type pace struct {
	began time.Time
	marks []mark
	end   time.Time // as expected, over some time; zero while nobody knows
	told  time.Time // and as it is told to people
	at    time.Time // when it was last expected
}

// A mark is what a sync had come to at some time.
type mark struct {
	at                time.Time
	records, requests int
}

func (p *pace) note(m mark) {
	if p.began.IsZero() {
		p.began = m.at
	}
	p.marks = append(p.marks, m)
	for len(p.marks) > 2 && m.at.Sub(p.marks[1].at) >= lately {
		p.marks = p.marks[1:]
	}
}

// rates are the records and requests of a second over some time until now; 0
// if it is too early to say.
func (p *pace) rates(over time.Duration) (records, requests float64) {
	if len(p.marks) == 0 {
		return 0, 0
	}
	last := p.marks[len(p.marks)-1]
	i, _ := slices.BinarySearchFunc(p.marks, last.at.Add(-over), func(m mark, at time.Time) int { return m.at.Compare(at) })
	first := p.marks[i]
	took := last.at.Sub(first.at).Seconds()
	if took < 2 {
		return 0, 0
	}
	return float64(last.records-first.records) / took, float64(last.requests-first.requests) / took
}

// settling is how long an expectation takes to follow what is measured.
const settling = 30 * time.Second

// expect takes account of so many requests that are left, which take at least
// so long. What is told to people changes only when it has become wrong by a
// tenth of the rest.
func (p *pace) expect(now time.Time, requests float64, least time.Duration) {
	passed := now.Sub(p.began)
	_, rate := p.rates(min(max(recently, passed/4), lately))
	if rate == 0 || passed < 10*time.Second {
		return
	}
	rest := max(least, time.Duration(requests/rate*float64(time.Second)))
	end := now.Add(rest)
	if p.end.IsZero() {
		p.end = end
	} else {
		share := 1 - math.Exp(-float64(now.Sub(p.at))/float64(settling))
		p.end = p.end.Add(time.Duration(share * float64(end.Sub(p.end))))
	}
	p.at = now
	if off := p.end.Sub(p.told).Abs(); off > max(10*time.Second, p.end.Sub(now)/10) {
		p.told = p.end
	}
}

// forget is for when nothing more is expected.
func (p *pace) forget() { p.end, p.told = time.Time{}, time.Time{} }

// left says how long it will take; "" if nobody knows.
func (p *pace) left(now time.Time) string {
	rest := p.told.Sub(now)
	unit := time.Minute
	switch {
	case p.told.IsZero():
		return ""
	case rest < time.Minute:
		return "less than a minute left"
	case rest > 10*time.Hour:
		unit = 30 * time.Minute
	case rest > 30*time.Minute:
		unit = 5 * time.Minute
	}
	until := p.told.Round(unit)
	layout := "15:04"
	if until.YearDay() != now.YearDay() {
		layout = "Mon 15:04"
	}
	return fmt.Sprintf("about %s left (until %s)", span(rest.Round(unit)), until.Format(layout))
}

// span spells a duration in the two units that matter.
func span(d time.Duration) string {
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
