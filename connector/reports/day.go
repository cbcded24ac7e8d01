package reports

import "time"

// A day counts the days since 1970.
type day int

// dayOf is the day of a time in a zone.
func dayOf(at time.Time, zone *time.Location) day {
	y, m, d := at.In(zone).Date()
	return day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// start is when the day begins in a zone: mostly at midnight. Where the clock is
// put forward at midnight there is none.
func (d day) start(zone *time.Location) time.Time {
	at := time.Date(1970, 1, 1+int(d), 0, 0, 0, 0, zone)
	if dayOf(at, zone) < d {
		_, offset := at.Zone()
		at = time.Unix(int64(d)*24*60*60-int64(offset), 0).In(zone)
	}
	return at
}

func (d day) String() string { return d.start(time.UTC).Format(time.DateOnly) }
