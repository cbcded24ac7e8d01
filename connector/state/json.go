package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/stream"
)

// version changes when older binaries can no longer read what is written.
// Additional keys alone do not change it.
const version = 2

type bookmarkJSON struct {
	Version        int                `json:"version"`
	Watermark      timestamp          `json:"watermark"`
	Fingerprints   Fingerprints       `json:"fingerprints"`
	WindowReadAt   timestamp          `json:"window_read_at"`
	EventWatermark timestamp          `json:"event_watermark"`
	EventIDs       IDs                `json:"event_ids"`
	Unfinished     IDs                `json:"unfinished"`
	Elements       Elements           `json:"elements"`
	Scan           scanJSON           `json:"scan"`
	Reconciliation reconciliationJSON `json:"reconciliation"`
	Reports        reportBookmarks    `json:"reports"`
}

type reconciliationJSON struct {
	CoveredFrom timestamp `json:"covered_from"`
	Top         timestamp `json:"top"`
	Slices      Slices    `json:"slices"`
	Recent      Members   `json:"recent"`
	Gone        Members   `json:"gone"`
	Suspects    Members   `json:"suspects"`
	StartedAt   timestamp `json:"started_at"`
	FinishedAt  timestamp `json:"finished_at"`
	From        timestamp `json:"from"`
	Rows        int       `json:"rows"`
	Below       timestamp `json:"below"`
	PageToken   string    `json:"page_token"`
	Changed     int       `json:"changed"`
	Vanished    int       `json:"vanished"`
}

type scanJSON struct {
	StartedAt     timestamp `json:"started_at"`
	LowerBound    timestamp `json:"lower_bound"`
	NextWatermark timestamp `json:"next_watermark"`
	Pages         int       `json:"pages"`
	Unsorted      bool      `json:"unsorted"`
	LastCursor    timestamp `json:"last_cursor"`
	PageToken     string    `json:"page_token"`
}

// noCursor is the state by which Airbyte's CDK says that there is nothing to
// continue from. The protocol wants a state of every stream, these included.
const noCursor = `{"__ab_no_cursor_state_message":true}`

// MarshalJSON writes the bookmark: one object, never empty.
func (b Bookmark) MarshalJSON() ([]byte, error) {
	if b.fullRefresh {
		return []byte(noCursor), nil
	}
	s, r := b.Scan, b.Reconciliation
	return jsonv2.Marshal(bookmarkJSON{version, timestamp(b.Watermark), b.Fingerprints,
		timestamp(b.WindowReadAt), timestamp(b.EventWatermark), b.EventIDs, b.Unfinished, b.Elements, scanJSON{
			timestamp(s.StartedAt), timestamp(s.LowerBound), timestamp(s.NextWatermark), s.Pages, s.Unsorted,
			timestamp(s.LastCursor), s.PageToken,
		}, reconciliationJSON{
			timestamp(r.CoveredFrom), timestamp(r.Top), r.Slices, r.Recent, r.Gone, r.Suspects, timestamp(r.Round.StartedAt), timestamp(r.Round.FinishedAt), timestamp(r.Round.From),
			r.Round.Rows, timestamp(r.Round.Below), r.Round.PageToken, r.Round.Changed, r.Round.Vanished,
		}, b.Reports})
}

// Parse reads the state of a stream: ours, or that of another connector of
// this API. An absent or empty state, or one of a kind that this stream cannot
// continue from, is a zero bookmark. The error says what was expected.
func Parse(s *stream.Stream, raw []byte) (Bookmark, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return Bookmark{}, nil
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return Bookmark{}, errors.New("expected an object")
	}
	switch {
	case !s.Incremental(), len(keys) == 0, keys["__ab_no_cursor_state_message"] != nil, keys["__ab_full_refresh_sync_complete"] != nil:
		return Bookmark{}, nil
	case keys["version"] == nil:
		return importState(s, keys)
	}
	var v struct{ Version *int }
	if err := json.Unmarshal(raw, &v); err != nil || v.Version == nil {
		return Bookmark{}, errors.New(`expected a number in "version"`)
	}
	if *v.Version != version {
		return Bookmark{}, fmt.Errorf("it has version %d, this program reads version %d", *v.Version, version)
	}
	var j bookmarkJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return Bookmark{}, describe(err)
	}
	scan := j.Scan
	if scan.Pages < 0 || scan.PageToken != "" && (time.Time(scan.StartedAt).IsZero() || time.Time(scan.LowerBound).IsZero()) {
		return Bookmark{}, errors.New(`"scan" is not as this program writes it`)
	}
	r := j.Reconciliation
	return Bookmark{
		Reconciliation: Reconciliation{time.Time(r.CoveredFrom), time.Time(r.Top), r.Slices, r.Recent, r.Gone, r.Suspects, Round{
			time.Time(r.StartedAt), time.Time(r.FinishedAt), time.Time(r.From), r.Rows, time.Time(r.Below), r.PageToken, r.Changed, r.Vanished,
		}},
		Watermark: time.Time(j.Watermark), Fingerprints: j.Fingerprints,
		WindowReadAt: time.Time(j.WindowReadAt), EventWatermark: time.Time(j.EventWatermark), EventIDs: j.EventIDs, Unfinished: j.Unfinished, Elements: j.Elements,
		Scan: ScanPosition{
			time.Time(scan.StartedAt), time.Time(scan.LowerBound), time.Time(scan.NextWatermark), scan.Pages, scan.Unsorted,
			time.Time(scan.LastCursor), scan.PageToken,
		},
		Reports: j.Reports,
	}, nil
}

// describe names the key of a state that has the wrong type.
func describe(err error) error {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) && typ.Field != "" {
		return fmt.Errorf("%q is not as this program writes it", typ.Field)
	}
	return err
}

// reportBookmarks are packed into one string, so that clients that merge states
// replace it as a whole.
type reportBookmarks []ReportBookmark

func (r reportBookmarks) MarshalText() ([]byte, error) {
	var text []byte
	for _, b := range r {
		text = append(text, b.Report...)
		for _, at := range []time.Time{b.Watermark, b.WindowReadAt, b.LastNonEmptyDay, b.LastAsOf} {
			spelled, _ := timestamp(at).MarshalText() // never fails
			text = append(append(text, '/'), spelled...)
		}
		text = append(text, '\n')
	}
	return bytes.TrimSuffix(text, []byte{'\n'}), nil
}

func (r *reportBookmarks) UnmarshalText(text []byte) error {
	*r = nil
	for line := range strings.Lines(string(text)) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), "/")
		var at [4]timestamp
		for i := range at {
			if len(parts) != 5 || at[i].UnmarshalText([]byte(parts[1+i])) != nil {
				return errors.New("the states of the reports are damaged")
			}
		}
		*r = append(*r, ReportBookmark{parts[0], time.Time(at[0]), time.Time(at[1]), time.Time(at[2]), time.Time(at[3])})
	}
	return nil
}

// timestamp is a time as a state spells it; the zero time is "".
type timestamp time.Time

func (t timestamp) MarshalText() ([]byte, error) {
	if time.Time(t).IsZero() {
		return nil, nil
	}
	return []byte(time.Time(t).UTC().Format(stream.TimestampLayout)), nil
}

func (t *timestamp) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*t = timestamp{}
		return nil
	}
	parsed, ok := conform.ParseTimestamp(string(text))
	if !ok {
		return errors.New("expected a timestamp such as 2026-01-31T00:00:00Z")
	}
	*t = timestamp(parsed)
	return nil
}
