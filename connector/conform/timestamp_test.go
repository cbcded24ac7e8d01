package conform_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"source-gorgias/connector/conform"
)

func TestParseTimestamp(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-01-02T03:04:05Z":                    at,
		"2026-01-02t03:04:05z":                    at,
		"2026-01-02 03:04:05":                     at,
		"2026-01-02T03:04:05+00:00":               at,
		"2026-01-02T08:34:05+05:30":               at,
		"2026-01-02T08:34:05+0530":                at,
		"2026-01-01T19:04:05-08":                  at,
		"2026-01-02T03:04:05.5":                   at.Add(500 * time.Millisecond),
		"2026-01-02T03:04:05.000001Z":             at.Add(time.Microsecond),
		"2026-01-02T03:04:05.1234567899999+00:00": at.Add(123456789),
		"2026-01-02T03:04":                        at.Add(-5 * time.Second),
		"2026-01-02 03:04Z":                       at.Add(-5 * time.Second),
		"2026-01-02T05:04+02:00":                  at.Add(-5 * time.Second),
		"2026-01-01T22:04-0500":                   at.Add(-5 * time.Second),
		"2026-01-02t11:04+08":                     at.Add(-5 * time.Second),
		"2026-01-02":                              time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		"2024-02-29":                              time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
		"0001-01-01T00:00:00Z":                    {},
		"9999-12-31T23:59:59.999999999":           time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
		"0000-12-31T23:59:59-00:01":               time.Date(1, 1, 1, 0, 0, 59, 0, time.UTC),
	} {
		if got, ok := conform.ParseTimestamp(text); !ok || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q: %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "now", "0000-00-00", "0000-00-00T00:00:00Z", "2026-1-2", "2026-01-02T", "2026-01-02T03", "2026-01-02T03:", "2026-01-02T03:4", "2026-01-02T03:04.5", "2026-01-02T03:04:", "2026-01-02T03:045", "2026-01-02T24:00", "2026-01-02T03:60", "2026-01-02T03:04+", "2026-01-02T03:04x", "2026-01-02T03:04:05.", "2026-01-02T03:04:05,5", "2026-01-02T03:04:05+", "2026-01-02T03:04:05+5",
		"2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+00:60", "2026-01-02T03:04:05*00:00", "2026-01-02T03:04:05 +00:00", "2026-01-02T3:04:05Z", "2026-01-02T3:04:05.5Z", "2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05-", "2026-01-02T03:04:05+:0:00", "2026-01-02T03:04:05+0:00", "2026-01-02T03:04:60Z", "2026-01-02T24:00:00Z", "2026-01-02T03:60:00Z", "2026-13-01", "2026-00-01", "2026-01-00", "2025-02-29",
		"2026-01-02Z", "2026/01/02", "1767225600", "+2026-01-02", "Fri, 02 Jan 2026 03:04:05 GMT", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "0000-06-01", " 2026-01-02", "2026-01-02T03:04:05Zx", "２０２６-01-02"} {
		if got, ok := conform.ParseTimestamp(text); ok {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

// ParseTimestamp agrees with trying one layout after the other.
func FuzzParseTimestamp(f *testing.F) {
	for _, text := range []string{"2026-01-02", "2026-01-02T03:04:05Z", "2026-01-02 03:04:05.123456+0530", "2026-01-02T03:04+01:00", "2026-01-02t03:04:05-08", "2026-02-30T00:00:00+00:00", "9999-12-31T23:59:59-00:01"} {
		f.Add(text)
		for i := range text { // one character off
			f.Add(text[:i] + text[i+1:])
			for _, c := range "059:,. Zz+-" {
				f.Add(text[:i] + string(c) + text[i+1:])
				f.Add(text[:i] + string(c) + text[i:])
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := conform.ParseTimestamp(text)
		want, wantOK := plainTimestamp(text)
		if ok != wantOK || ok && !got.Equal(want) {
			t.Errorf("%q: %v, %v, want %v, %v", text, got, ok, want, wantOK)
		}
	})
}

// Every timestamp, written in any layout, has one canonical form.
func TestTimestampLayouts(t *testing.T) {
	const seed = 3
	r := rand.New(rand.NewPCG(seed, 0))
	layouts := []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999Z0700", "2006-01-02T15:04:05-07:00", "2006-01-02T15:04:05.000Z07:00"}
	for range 10_000 {
		layout := layouts[r.IntN(len(layouts))]
		at := time.Unix(r.Int64N(300e9)-60e9, r.Int64N(1e9)).In(time.FixedZone("", (r.IntN(2*1439)-1439)*60))
		text := at.Format(layout)
		precise, err := time.Parse(layout, text)
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(`{"v":"%s"}`, precise.UTC().Format("2006-01-02T15:04:05.000000Z"))
		if got, nulled := conformOne(t, `"v":{"type":"string","format":"date-time"}`, nil, `{"v":"`+text+`"}`); got != want || nulled != nil {
			t.Fatalf("seed %d: %s: %s, %v, want %s", seed, text, got, nulled, want)
		}
	}
}
