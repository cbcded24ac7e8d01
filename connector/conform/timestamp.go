package conform

import "time"

// Instant reads a timestamp in any of the layouts that the API and the
// systems behind it use: RFC 3339 with any number of digits in the fraction;
// the offset also as ±hhmm or ±hh, or left out, which means UTC; a blank for
// the T; or a date alone, which means its beginning. The result is in UTC, and
// exact to the nanosecond. Texts that name no instant between the years 1 and
// 9999 are not ok.
func ParseTimestamp(text string) (t time.Time, ok bool) { return readInstant(text) }

func readInstant[T string | []byte](s T) (t time.Time, ok bool) {
	if len(s) < len("2006-01-02") || s[4] != '-' || s[7] != '-' {
		return t, false
	}
	year, month, day := digits(s[0:4]), digits(s[5:7]), digits(s[8:10])
	var hour, minute, second, nano, offset int
	if len(s) > 10 {
		if len(s) < len("2006-01-02T15:04:05") || s[10] != 'T' && s[10] != ' ' && s[10] != 't' || s[13] != ':' || s[16] != ':' {
			return t, false
		}
		hour, minute, second = digits(s[11:13]), digits(s[14:16]), digits(s[17:19])
		if s = s[19:]; len(s) > 0 && s[0] == '.' {
			end := 1
			for end < len(s) && isDigit(s[end]) {
				end++
			}
			if end == 1 {
				return t, false
			}
			for i := 1; i <= 9; i++ {
				nano *= 10
				if i < end {
					nano += int(s[i] - '0')
				}
			}
			s = s[end:]
		}
		if offset, ok = readOffset(s); !ok {
			return t, false
		}
	}
	if year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 ||
		minute < 0 || minute > 59 || second < 0 || second > 59 {
		return t, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nano, time.UTC)
	if t.Day() != day {
		return t, false // the 30th of February
	}
	if offset != 0 {
		t = t.Add(-time.Duration(offset) * time.Minute)
	}
	return t, 1 <= t.Year() && t.Year() <= 9999
}

// readOffset reads an offset from UTC, in minutes.
func readOffset[T string | []byte](s T) (minutes int, ok bool) {
	if len(s) == 0 || len(s) == 1 && (s[0] == 'Z' || s[0] == 'z') {
		return 0, true
	}
	var hour, minute int
	switch {
	case len(s) == len("+00:00") && s[3] == ':':
		hour, minute = digits(s[1:3]), digits(s[4:6])
	case len(s) == len("+0000"):
		hour, minute = digits(s[1:3]), digits(s[3:5])
	case len(s) == len("+00"):
		hour = digits(s[1:3])
	default:
		return 0, false
	}
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, false
	}
	switch minutes = hour*60 + minute; s[0] {
	case '+':
		return minutes, true
	case '-':
		return -minutes, true
	}
	return 0, false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// digits returns the number that s spells, or -1.
func digits[T string | []byte](s T) (n int) {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// appendInstant appends an instant as records have it: a JSON string, in UTC,
// always with six digits of fraction. Finer ones are cut off, as a destination
// that rounds would date a record after its own cursor.
func appendInstant(dst []byte, t time.Time) []byte {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(dst, '"')
	dst = append(appendDigits(dst, year, 4), '-')
	dst = append(appendDigits(dst, int(month), 2), '-')
	dst = append(appendDigits(dst, day, 2), 'T')
	dst = append(appendDigits(dst, hour, 2), ':')
	dst = append(appendDigits(dst, minute, 2), ':')
	dst = append(appendDigits(dst, second, 2), '.')
	return append(appendDigits(dst, t.Nanosecond()/1000, 6), 'Z', '"')
}

// appendDigits appends n with leading zeros.
func appendDigits(dst []byte, n, width int) []byte {
	for range width {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}
