package conform

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseTimestamp parses a timestamp in any layout that the API and the systems
// behind it use: RFC 3339 with any number of digits in the fraction, or without
// seconds; the offset also as ±hhmm or ±hh, or absent, which means UTC; a space
// for the T; or a date alone, which means its first moment. The result is in UTC
// and exact to the nanosecond. ok is false for any other text and for years outside 1 to
// 9999.
func ParseTimestamp(text string) (t time.Time, ok bool) { return parseTimestamp([]byte(text)) }

// parseTimestamp rewrites text as RFC 3339, the one layout that package time
// parses fast, and checks what that is lenient about: hours of one digit, a comma
// before the fraction, and the range of the offset.
func parseTimestamp(text []byte) (t time.Time, ok bool) {
	const date, second = len("2006-01-02"), len("2006-01-02T15:04:05")
	var buf [64]byte // longer texts allocate
	b := appendTime(append(buf[:0], text...))
	if len(b) < second || b[len("2006-01-02T15")] != ':' {
		return t, false
	}
	if b[date] == ' ' || b[date] == 't' {
		b[date] = 'T'
	}
	zone := second
	for zone < len(b) && (b[zone] == '.' || '0' <= b[zone] && b[zone] <= '9') {
		zone++
	}
	b, ok = appendZone(b[:zone], b[zone:])
	if !ok || t.UnmarshalText(b) != nil {
		return time.Time{}, false
	}
	t = t.UTC()
	return t, 1 <= t.Year() && t.Year() <= 9999
}

// appendTime adds what a timestamp may lack: its time, or the seconds.
func appendTime(b []byte) []byte {
	const date, minute = len("2006-01-02"), len("2006-01-02T15:04")
	if len(b) == date {
		return append(b, "T00:00:00Z"...)
	}
	if len(b) == minute || len(b) > minute && strings.IndexByte("Zz+-", b[minute]) >= 0 {
		return slices.Insert(b, minute, []byte(":00")...) //rule:timestamp-without-seconds-is-read
	}
	return b
}

// appendZone appends the offset from UTC as RFC 3339 has it. dst and zone may
// share their array. ok is false if hours or minutes are out of range.
func appendZone(dst, zone []byte) (b []byte, ok bool) {
	hours, minutes := "00", "00"
	switch n := len(zone); {
	case n == 0 || n == 1 && (zone[0] == 'Z' || zone[0] == 'z'): //rule:timestamp-without-offset-is-utc
		return append(dst, 'Z'), true
	case n == len("+00"):
		hours = string(zone[1:])
	case n == len("+0000"):
		hours, minutes = string(zone[1:3]), string(zone[3:])
	case n == len("+00:00") && zone[3] == ':':
		hours, minutes = string(zone[1:3]), string(zone[4:])
	default:
		return dst, false
	}
	dst = append(append(dst, zone[0]), hours...)
	return append(append(dst, ':'), minutes...), hours < "24" && minutes < "60"
}

// appendTimestamp appends t, which is in UTC, as a JSON string with six digits
// of fraction. It truncates: a destination that rounded up would date a record
// after its own cursor.
func appendTimestamp(dst []byte, t time.Time) []byte {
	dst = t.AppendFormat(append(dst, '"'), time.RFC3339) // any other layout takes five times as long
	dot := len(dst) - len("Z")
	dst = strconv.AppendInt(dst[:dot], int64(1_000_000+t.Nanosecond()/1000), 10) // 1 keeps the leading zeros
	dst[dot] = '.'
	return append(dst, 'Z', '"')
}
