package connector

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

func randomBookmark(r *rand.Rand) Bookmark {
	at := func() time.Time {
		return time.UnixMicro(r.Int64N(4_000_000_000_000_000)).UTC()
	}
	prints := func() Fingerprints {
		var p Fingerprints
		for range r.IntN(5) {
			p = p.with([]print{printOf([]byte{byte(r.Uint32())}, at(), []byte{byte(r.Uint32())})}, time.Time{})
		}
		return p
	}
	b := Bookmark{Watermark: at(), Fingerprints: prints(), WindowReadAt: at(), EventWatermark: at()}
	if r.IntN(2) == 0 {
		b.Scan = ScanPosition{StartedAt: at(), LowerBound: at(), NextWatermark: at(), Pages: 1 + r.IntN(9), Unsorted: r.IntN(2) == 0, LastCursor: at(), PageToken: "cursor=" + string(rune('a'+r.IntN(26)))}
	}
	return b
}

// A bookmark survives its JSON, whose keys are always the same and never null.
func TestBookmarkRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	keys := func(raw []byte) string {
		var top map[string]json.RawMessage
		var walk map[string]json.RawMessage
		if err := json.Unmarshal(raw, &top); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(top["walk"], &walk); err != nil {
			t.Fatal(err)
		}
		return strings.Join([]string{sorted(top), sorted(walk)}, "/")
	}
	zero, _ := json.Marshal(Bookmark{})
	for range 1000 {
		b := randomBookmark(r)
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		back, err := Parse(Find("tickets"), raw)
		if err != nil || !reflect.DeepEqual(back, b) {
			t.Fatalf("seed %d: %s became %+v (%v)", seed, raw, back, err)
		}
		if keys(raw) != keys(zero) || strings.Contains(string(raw), "null") {
			t.Fatalf("seed %d: keys come and go: %s", seed, raw)
		}
	}
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

// A bookmark is small, however much it remembers.
func TestBookmarkIsSmall(t *testing.T) {
	var full Fingerprints
	for i := range 3 * maxPrints {
		full = full.with([]print{printOf([]byte{byte(i), byte(i >> 8)}, time.Unix(int64(i), 0), nil)}, time.Time{})
	}
	if len(full) != maxPrints {
		t.Errorf("%d fingerprints are kept", len(full))
	}
	if raw, _ := json.Marshal(Bookmark{Fingerprints: full}); len(raw) > 38_000 {
		t.Errorf("a full bookmark has %d bytes", len(raw))
	}
}

// The states of other connectors, and what becomes of them.
func TestForeignStates(t *testing.T) {
	tickets, messages := Find("tickets"), Find("ticket_messages")
	const ok = ""
	for _, c := range []struct {
		s     *Stream
		state string
		since string
		err   string
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
		{Find("voice_call_events"), `{"cursor":"abc"}`, "", ok},
		// ours, damaged
		{tickets, `{"version":2}`, "", "version 2"},
		{tickets, `{"version":"1"}`, "", "version"},
		{tickets, `{"version":1,"since":"yesterday"}`, "", "instant"},
		{tickets, `{"version":1,"seen":"AAA"}`, "", "fingerprints"},
		{tickets, `{"version":1,"walk":{"next":"cursor=x"}}`, "", "walk"},
		{tickets, `{"version":1,"walk":7}`, "", "walk"},
		{tickets, `[1]`, "", "object"},
		{tickets, `"x"`, "", "object"},
		{tickets, `{"updated_datetime":12}`, "", "updated_datetime"},
		{tickets, `{"something":"else"}`, "", "updated_datetime"},
		// a stream that is read whole needs none
		{Find("tags"), `{"created_datetime":"2026-01-02T03:04:05Z"}`, "", ok},
	} {
		b, err := Parse(c.s, []byte(c.state))
		since, _ := instant(b.Watermark).MarshalText()
		want := c.since
		if want != "" {
			at, _ := time.Parse(time.RFC3339Nano, want)
			want = at.Format(instantLayout)
		}
		switch {
		case c.err == ok && (err != nil || string(since) != want):
			t.Errorf("%s %s: got %q, %v; want %q", c.s.Name, c.state, since, err, want)
		case c.err != ok && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s %s: got error %v, want %q", c.s.Name, c.state, err, c.err)
		}
	}
}

func FuzzBookmark(f *testing.F) {
	for _, s := range []string{`{}`, `null`, `{"version":1}`, `{"updated_datetime":"2026-01-01"}`, `{"slices":[{"start":"2026-01-01","end":""}]}`,
		`{"version":1,"since":"2026-01-02T03:04:05.000000Z","seen":"AAAAAAAAAAA","walk":{"began":"2026-01-01","from":"2026-01-01","pages":3,"next":"cursor=a"}}`} {
		f.Add([]byte(s))
	}
	s := Find("tickets")
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
