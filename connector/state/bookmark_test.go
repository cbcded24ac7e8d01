package state

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/reconcile/sketch"
	"source-gorgias/connector/stream"
)

var (
	ticketStream  = &stream.Stream{Name: "tickets", Key: []string{"id"}, Cursor: "updated_datetime"}
	messageStream = &stream.Stream{Name: "ticket_messages", Key: []string{"id"}, Cursor: "created_datetime"}
)

func randomBookmark(r *rand.Rand) Bookmark {
	at := func() time.Time {
		return time.UnixMicro(r.Int64N(4_000_000_000_000_000)).UTC()
	}
	fingerprints := func() Fingerprints {
		var f Fingerprints
		for range r.IntN(5) {
			f = f.With([]stream.Fingerprint{stream.NewFingerprint([]byte{byte(r.Uint32())}, at(), []byte{byte(r.Uint32())})}, time.Time{}, 0)
		}
		return f
	}
	b := Bookmark{Watermark: at(), Fingerprints: fingerprints(), WindowReadAt: at(), EventWatermark: at(), EventIDs: IDs(nil).With([]int64{r.Int64N(100), r.Int64()})}
	if r.IntN(2) == 0 {
		b.Scan = ScanPosition{StartedAt: at(), LowerBound: at(), NextWatermark: at(), Pages: 1 + r.IntN(9), Unsorted: r.IntN(2) == 0, LastCursor: at(), PageToken: "cursor=" + string(rune('a'+r.IntN(26)))}
	}
	if r.IntN(2) == 0 {
		b.Reconciliation = randomReconciliation(r)
	}
	return b
}

// randomReconciliation is one that some syncs could have left.
func randomReconciliation(r *rand.Rand) Reconciliation {
	var rec Reconciliation
	start := time.Unix(r.Int64N(2_000_000_000), 0).UTC()
	at := func() time.Time { return start.Add(-time.Duration(r.Int64N(int64(400 * 24 * time.Hour)))) }
	rec.Begin(start.AddDate(-1, 0, 0), start, 10*time.Minute, 30*24*time.Hour)
	for range r.IntN(9) {
		var emitted []Emitted
		for range r.IntN(9) {
			emitted = append(emitted, Emitted{Member: NewMember(r.Int64N(3), r.Int64N(1000)+1, at()), Version: stream.Version{byte(r.Uint32())}, New: r.IntN(3) > 0})
		}
		rec.Emit(emitted)
		rec.Delete(sketch.Element{ID: r.Int64()})
		rec.Suspect([]Member{NewMember(0, r.Int64N(1000)+1, at())})
	}
	rec.Compact(1+r.IntN(20), 30*24*time.Hour)
	rec.Round = Round{StartedAt: start, FinishedAt: at(), From: at(), Rows: r.IntN(9), Below: at().Truncate(time.Second), PageToken: "x", Changed: r.IntN(9), Vanished: r.IntN(9)}
	return rec
}

// A bookmark survives its JSON, whose keys are always the same and never null.
func TestBookmarkRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	keys := func(raw []byte) string {
		var top map[string]json.RawMessage
		var scan map[string]json.RawMessage
		if err := json.Unmarshal(raw, &top); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(top["scan"], &scan); err != nil {
			t.Fatal(err)
		}
		return strings.Join([]string{sorted(top), sorted(scan)}, "/")
	}
	zero, _ := json.Marshal(Bookmark{})
	for range 1000 {
		b := randomBookmark(r)
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		back, err := Parse(ticketStream, raw)
		for _, half := range []*Bookmark{&b, &back} { // as the format has them
			half.Reconciliation = inMicroseconds(half.Reconciliation)
		}
		if err != nil || !reflect.DeepEqual(back, b) {
			t.Fatalf("seed %d: %s became %+v (%v)", seed, raw, back, err)
		}
		if keys(raw) != keys(zero) || strings.Contains(string(raw), "null") {
			t.Fatalf("seed %d: the keys differ: %s", seed, raw)
		}
	}
}

func inMicroseconds(r Reconciliation) Reconciliation {
	for _, at := range []*time.Time{&r.CoveredFrom, &r.Top, &r.Round.StartedAt, &r.Round.FinishedAt, &r.Round.From, &r.Round.Below} {
		*at = at.Truncate(time.Microsecond)
	}
	return r
}

func sorted(m map[string]json.RawMessage) string {
	raw, _ := json.Marshal(m) // encoding/json sorts keys
	var names []string
	d := json.NewDecoder(strings.NewReader(string(raw)))
	_, _ = d.Token()
	for d.More() {
		name, _ := d.Token()
		names = append(names, name.(string))
		var skip json.RawMessage
		_ = d.Decode(&skip)
	}
	return strings.Join(names, ",")
}

// A bookmark is small, however many fingerprints there are.
func TestBookmarkIsSmall(t *testing.T) {
	var full Fingerprints
	for i := range 3 * maxFingerprints {
		full = full.With([]stream.Fingerprint{stream.NewFingerprint([]byte{byte(i), byte(i >> 8)}, time.Unix(int64(i), 0), nil)}, time.Time{}, 0)
	}
	if len(full) != maxFingerprints {
		t.Errorf("%d fingerprints are kept", len(full))
	}
	if raw, _ := json.Marshal(Bookmark{Fingerprints: full}); len(raw) > 38_000 {
		t.Errorf("a full bookmark has %d bytes", len(raw))
	}
}

// The states of other connectors become watermarks, or a clear error.
func TestImportedStates(t *testing.T) {
	tickets, messages := ticketStream, messageStream
	const ok = ""
	for _, c := range []struct {
		s         *stream.Stream
		state     string
		watermark string
		err       string
	}{
		{tickets, ``, "", ok},
		{tickets, `null`, "", ok},
		{tickets, `{}`, "", ok},
		{tickets, `{"__ab_no_cursor_state_message":true}`, "", ok},
		{tickets, `{"__ab_full_refresh_sync_complete":true}`, "", ok},
		// Airbyte's own connector
		{tickets, `{"updated_datetime":"2026-01-02T03:04:05.123456+0000"}`, "2026-01-02T03:04:05.123456Z", ok},
		{messages, `{"created_datetime":"2026-01-02T05:04:05+02:00"}`, "2026-01-02T03:04:05Z", ok},
		{tickets, `{"state_type":"date-range","slices":[{"start":"2026-01-01T00:00:00Z","end":"2026-01-05T00:00:00Z"},{"start":"2026-01-05T00:00:00Z","end":"2026-01-06T00:00:00Z"},{"start":"2026-01-09T00:00:00Z","end":"2026-01-10T00:00:00Z"}]}`, "2026-01-06T00:00:00Z", ok},
		{tickets, `{"state_type":"date-range","slices":[{"start":"2026-01-01T00:00:00Z","end":"2026-01-05T00:00:00Z","most_recent_cursor_value":"2026-01-03T00:00:00Z"}]}`, "2026-01-03T00:00:00Z", ok},
		// Singer taps, of the SDK and before
		{tickets, `{"replication_key":"updated_datetime","replication_key_value":"2026-01-02T03:04:05Z"}`, "2026-01-02T03:04:05Z", ok},
		{tickets, `{"replication_key":"created_datetime","replication_key_value":"2026-01-02T03:04:05Z"}`, "", ok},
		{tickets, `{"updated_datetime":null}`, "", ok},
		{tickets, `{"updated_datetime":""}`, "", ok},
		{tickets, `{"starting_replication_value":null,"progress_markers":{"Note":"x"}}`, "", ok},
		{messageStream, `{"cursor":"abc"}`, "", ok},
		// ours, damaged
		{tickets, `{"version":1,"since":"2026-01-02T03:04:05.000000Z"}`, "", "version 1"},
		{tickets, `{"version":"1"}`, "", "version"},
		{tickets, `{"version":2,"watermark":"yesterday"}`, "", "timestamp"},
		{tickets, `{"version":2,"fingerprints":"AAA"}`, "", "fingerprints"},
		{tickets, `{"version":2,"scan":{"page_token":"cursor=x"}}`, "", "scan"},
		{tickets, `{"version":2,"scan":7}`, "", "scan"},
		{tickets, `[1]`, "", "object"},
		{tickets, `"x"`, "", "object"},
		{tickets, `{"updated_datetime":12}`, "", "updated_datetime"},
		{tickets, `{"something":"else"}`, "", "updated_datetime"},
		// a full refresh needs none
		{&stream.Stream{Name: "tags", Key: []string{"id"}}, `{"created_datetime":"2026-01-02T03:04:05Z"}`, "", ok},
	} {
		b, err := Parse(c.s, []byte(c.state))
		watermark, _ := timestamp(b.Watermark).MarshalText()
		want := c.watermark
		if want != "" {
			at, _ := time.Parse(time.RFC3339Nano, want)
			want = at.Format(stream.TimestampLayout)
		}
		switch {
		case c.err == ok && (err != nil || string(watermark) != want):
			t.Errorf("%s %s: got %q, %v; want %q", c.s.Name, c.state, watermark, err, want)
		case c.err != ok && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s %s: got error %v, want %q", c.s.Name, c.state, err, c.err)
		}
	}
}

// The bookmarks of reports are one string; any other string is an error.
func TestReportBookmarks(t *testing.T) {
	statistics := &stream.Stream{Name: "statistics", Cursor: "as_of_datetime"}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	reports := []ReportBookmark{{"0123456789ab", at, at, at, at}, {Report: "ba9876543210", Watermark: at}}
	raw, err := json.Marshal(Bookmark{Watermark: at, Reports: reports})
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse(statistics, raw)
	if err != nil || !slices.Equal(back.Reports, reports) {
		t.Errorf("%s: %v, %v", raw, back.Reports, err)
	}
	for _, bad := range []string{"x", "a/b/c/d/e", "a////\nb", "a/////"} {
		text, _ := json.Marshal(bad)
		if b, err := Parse(statistics, fmt.Appendf(nil, `{"version":2,"reports":%s}`, text)); err == nil {
			t.Errorf("%q was read: %v", bad, b.Reports)
		}
	}
}

func FuzzBookmark(f *testing.F) {
	for _, s := range []string{`{}`, `null`, `{"version":2}`, `{"updated_datetime":"2026-01-01"}`, `{"slices":[{"start":"2026-01-01","end":""}]}`,
		`{"version":2,"watermark":"2026-01-02T03:04:05.000000Z","fingerprints":"AAAAAAAAAAA","event_ids":"AgQ","scan":{"started_at":"2026-01-01","lower_bound":"2026-01-01","pages":3,"page_token":"cursor=a"}}`} {
		f.Add([]byte(s))
	}
	for seed := range uint64(4) {
		raw, err := json.Marshal(Bookmark{Reconciliation: randomReconciliation(rand.New(rand.NewPCG(seed, 9)))})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	s := ticketStream
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := Parse(s, raw)
		if err != nil {
			return
		}
		again, err := json.Marshal(b)
		if err != nil {
			t.Fatalf("%s cannot be written: %v", raw, err)
		}
		back, err := Parse(s, again)
		if err != nil {
			t.Fatalf("%s was written as %s, which is refused: %v", raw, again, err)
		}
		if third, _ := json.Marshal(back); string(third) != string(again) {
			t.Fatalf("%s does not settle: %s, %s", raw, again, third)
		}
	})
}

// What has been read stays read, whatever the scan saw of the time.
func TestFinishScan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	for range 2000 {
		b := randomBookmark(r)
		before, scan := b, b.Scan
		if b.FinishScan(time.Duration(r.Int64N(int64(1000*24*time.Hour))), r.IntN(2) == 0); b.Watermark.Before(before.Watermark) || b.WindowReadAt.Before(before.WindowReadAt) {
			t.Fatalf("%+v moved back to %v and %v from %v and %v", scan, b.Watermark, b.WindowReadAt, before.Watermark, before.WindowReadAt)
		}
	}
}

// No part of a clamped bookmark lies after the present, and what lay before stays.
func TestClampTo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for range 2000 {
		b := randomBookmark(r)
		present := time.UnixMicro(r.Int64N(4_000_000_000_000_000)).UTC()
		after := b
		changed := after.ClampTo(present)
		for name, at := range map[string][2]time.Time{"watermark": {b.Watermark, after.Watermark}, "window": {b.WindowReadAt, after.WindowReadAt},
			"event watermark": {b.EventWatermark, after.EventWatermark}, "start of the scan": {b.Scan.StartedAt, after.Scan.StartedAt},
			"watermark of the scan": {b.Scan.NextWatermark, after.Scan.NextWatermark}} {
			if at[1].After(present) || !strings.Contains(name, "scan") && !at[0].After(present) && !at[0].Equal(at[1]) {
				t.Fatalf("%s: %v became %v at %v", name, at[0], at[1], present)
			}
		}
		at := func() time.Time { return time.UnixMicro(r.Int64N(4_000_000_000_000_000)).UTC() }
		for range 3 {
			report := ReportBookmark{Watermark: at(), WindowReadAt: at(), LastNonEmptyDay: at()}
			clamped := report
			if clamped.ClampTo(present); clamped.Watermark.After(present) || clamped.WindowReadAt.After(present) {
				t.Fatalf("a report: %+v became %+v at %v", report, clamped, present)
			}
		}
		if again := after; again.ClampTo(present) || changed == reflect.DeepEqual(b, after) {
			t.Fatalf("changed %v: %+v became %+v", changed, b, after)
		}
	}
}

// Slices are joined, but not where the round under way goes on.
func TestCompact(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for day := range 40 {
		var r Reconciliation
		r.Begin(start.AddDate(-1, 0, 0), start, 10*time.Minute, 30*24*time.Hour)
		r.Round.Below = r.Top.Add(-time.Duration(day) * 24 * time.Hour)
		starts := func() bool {
			return slices.ContainsFunc(r.Slices, func(s Slice) bool { return s.From.Equal(r.Round.Below) })
		}
		kept, before := starts(), len(r.Slices)
		if r.Compact(100, 30*24*time.Hour); starts() != kept || len(r.Slices) > before {
			t.Errorf("day %d: the place of the round is a boundary: %v, before %v; %d slices", day, starts(), kept, len(r.Slices))
		}
	}
}
