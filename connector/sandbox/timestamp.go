package sandbox

import "time"

// A timestamp counts microseconds since 1970, the resolution of the API. Zero
// stands for null.
type timestamp int64

const (
	second timestamp = 1e6
	minute           = 60 * second
	hour             = 60 * minute
	day              = 24 * hour
)

// timestampOf truncates t to microseconds; the zero time is null.
func timestampOf(t time.Time) timestamp {
	if t.IsZero() {
		return 0
	}
	return timestamp(t.UnixMicro())
}

// appendTo appends t in the API's format: with microseconds, unless they are
// zero, and with the offset, except in page tokens.
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

// parseTimestamp parses the formats that clients send and that page tokens
// hold.
func parseTimestamp(s string) (timestamp, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return timestampOf(t), true
		}
	}
	return 0, false
}
