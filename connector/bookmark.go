package connector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector/conform"
)

// A Bookmark is how far a stream has got. It holds from the moment the batch
// that carries it has been written: every batch is a safe place to stop.
//
// Its JSON is the same in both protocols. Every key is always there and none
// is ever null, because some clients merge states instead of replacing them.
type Bookmark struct {
	// Since is the watermark: everything up to it has been read. It stands
	// still while a walk is under way, and never passes the server's time at
	// which the walk began. Zero before the first walk has ended.
	Watermark time.Time
	// Seen are the versions last written of the records that will be met
	// again, so that only what is new is written again.
	Fingerprints Fingerprints
	// Revised is the server's time at which the last walk began that reached
	// back over all records which may still have changed (Stream.Mutable).
	WindowReadAt time.Time
	// Heard is up to when the account's events have been heeded for good; zero
	// before the first page of the first walk.
	EventWatermark time.Time
	// Walk is the walk under way; zero between walks.
	Scan ScanPosition
	// Reports are how far each report has got (Daily streams only). Since and
	// Revised are then the earliest of those that are configured.
	Reports []ReportBookmark

	whole bool // the stream is read whole every time: there is nothing to tell
}

// Progress is the place of a walk under way.
type ScanPosition struct {
	// Began is the server's time when the walk began; zero if none is under way.
	StartedAt time.Time
	// From is how far back the walk reaches.
	LowerBound time.Time
	// Until is the latest instant seen, at most Began: the next watermark.
	NextWatermark time.Time
	// Pages counts the pages read, and with them the batches written.
	Pages int
	// Unsorted is set by a page that was not in the order asked for. Nothing
	// can then be inferred from where an old record stands.
	Unsorted bool
	// At is the cursor of the last row read.
	LastCursor time.Time
	// Next is the token of the next page. It may be refused; the walk then
	// begins again.
	PageToken string
}

// A ReportMark is how far a report has got.
type ReportBookmark struct {
	// Report is a digest of its name and its question.
	Report string
	// Since is up to when all days have been read.
	Watermark time.Time
	// Revised is the server's time up to which no day could have changed that
	// was not read again.
	WindowReadAt time.Time
	// Reached is when the last day begins of which rows may have been written.
	LastNonEmptyDay time.Time
	// Told is the latest as_of_datetime that may have been written: the next is later,
	// also if the server's clock goes back.
	LastAsOf time.Time
}

// Resumable reports whether a sync can go on from the bookmark; if not, the
// stream is read whole every time.
func (b Bookmark) Resumable() bool { return !b.whole }

// end moves the bookmark to where its walk has got. The watermark never goes
// back: a list can be shorter than it was. Of records that change for the given
// time after their cursor, the walk has revised those that could have changed
// since the last time, if it has reached that far.
func (b *Bookmark) end(mutable time.Duration) {
	if b.WindowReadAt.IsZero() || !b.Scan.LowerBound.After(b.WindowReadAt.Add(-mutable)) {
		b.WindowReadAt = b.Scan.StartedAt
	}
	b.Watermark = later(b.Watermark, b.Scan.NextWatermark)
	b.Scan = ScanPosition{}
}

// Share returns how much of its span of time the walk under way has read, from
// 0 to 1; false if none is or it cannot be told.
func (b Bookmark) ScanProgress(s *Stream) (float64, bool) {
	span := b.Scan.StartedAt.Sub(b.Scan.LowerBound)
	if b.Scan.LastCursor.IsZero() || b.Scan.Unsorted || span <= 0 {
		return 0, false
	}
	read := b.Scan.StartedAt.Sub(b.Scan.LastCursor)
	if s.Mode == OldestFirst {
		read = span - read
	}
	return min(1, max(0, float64(read)/float64(span))), true
}

// bookmarkVersion changes when older binaries can no longer read what is
// written. Newer fields alone do not change it.
const bookmarkVersion = 1

type bookmarkJSON struct {
	Version int          `json:"version"`
	Since   instant      `json:"since"`
	Seen    Fingerprints       `json:"seen"`
	Revised instant      `json:"revised"`
	Heard   instant      `json:"heard"`
	Walk    progressJSON `json:"walk"`
	Reports reportMarks  `json:"reports"`
}

// reportMarks are packed into one string, so that clients that merge states
// replace it as a whole.
type reportMarks []ReportBookmark

func (r reportMarks) MarshalText() ([]byte, error) {
	var text []byte
	for _, mark := range r {
		text = append(text, mark.Report...)
		for _, at := range []time.Time{mark.Watermark, mark.WindowReadAt, mark.LastNonEmptyDay, mark.LastAsOf} {
			spelled, _ := instant(at).MarshalText() // every instant can be spelled
			text = append(append(text, '/'), spelled...)
		}
		text = append(text, '\n')
	}
	return bytes.TrimSuffix(text, []byte{'\n'}), nil
}

func (r *reportMarks) UnmarshalText(text []byte) error {
	*r = nil
	for line := range strings.Lines(string(text)) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), "/")
		var at [4]instant
		for i := range at {
			if len(parts) != 5 || at[i].UnmarshalText([]byte(parts[1+i])) != nil {
				return errors.New("the marks of reports are damaged")
			}
		}
		*r = append(*r, ReportBookmark{parts[0], time.Time(at[0]), time.Time(at[1]), time.Time(at[2]), time.Time(at[3])})
	}
	return nil
}

type progressJSON struct {
	Began    instant `json:"began"`
	From     instant `json:"from"`
	Until    instant `json:"until"`
	Pages    int     `json:"pages"`
	Unsorted bool    `json:"unsorted"`
	At       instant `json:"at"`
	Next     string  `json:"next"`
}

// noCursor is the state by which Airbyte's own kit says that there is nothing
// to go on from. A protocol wants a state of every stream, also of these.
const noCursor = `{"__ab_no_cursor_state_message":true}`

// MarshalJSON writes the bookmark: one object, never empty.
func (b Bookmark) MarshalJSON() ([]byte, error) {
	if b.whole {
		return []byte(noCursor), nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	w := b.Scan
	err := enc.Encode(bookmarkJSON{bookmarkVersion, instant(b.Watermark), b.Fingerprints, instant(b.WindowReadAt), instant(b.EventWatermark), progressJSON{
		instant(w.StartedAt), instant(w.LowerBound), instant(w.NextWatermark), w.Pages, w.Unsorted, instant(w.LastCursor), w.PageToken,
	}, b.Reports})
	return bytes.TrimSpace(buf.Bytes()), err
}

// ParseBookmark reads the state of a stream: our own, or that of another
// connector of this API. An absent or empty state, or one of a kind this stream
// cannot go on from, is a zero bookmark. The error says what was expected.
func Parse(s *Stream, raw []byte) (Bookmark, error) {
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
		return foreign(s, keys)
	}
	var v struct{ Version *int }
	if err := json.Unmarshal(raw, &v); err != nil || v.Version == nil {
		return Bookmark{}, errors.New(`expected a number in "version"`)
	}
	if *v.Version != bookmarkVersion {
		return Bookmark{}, fmt.Errorf("it has version %d, this program reads version %d", *v.Version, bookmarkVersion)
	}
	var j bookmarkJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return Bookmark{}, stateError(err)
	}
	if j.Walk.Pages < 0 || j.Walk.Next != "" && (time.Time(j.Walk.Began).IsZero() || time.Time(j.Walk.From).IsZero()) {
		return Bookmark{}, errors.New(`"walk" is not as this program writes it`)
	}
	w := j.Walk
	return Bookmark{Reports: j.Reports, Watermark: time.Time(j.Since), Fingerprints: j.Seen, WindowReadAt: time.Time(j.Revised), EventWatermark: time.Time(j.Heard), Scan: ScanPosition{
		time.Time(w.Began), time.Time(w.From), time.Time(w.Until), w.Pages, w.Unsorted, time.Time(w.At), w.Next,
	}}, nil
}

// foreign reads the states of Airbyte's own connector, of the Singer taps and
// of the Singer SDK: a watermark under one name or another.
func foreign(s *Stream, keys map[string]json.RawMessage) (Bookmark, error) {
	at := func(name string) (time.Time, bool, error) {
		raw, ok := keys[name]
		if !ok || string(raw) == "null" {
			return time.Time{}, ok, nil
		}
		var text string
		if json.Unmarshal(raw, &text) == nil {
			if text == "" {
				return time.Time{}, true, nil // a run that ended before its first bookmark
			}
			if t, ok := conform.ParseTimestamp(text); ok {
				return t, true, nil
			}
		}
		return time.Time{}, false, fmt.Errorf("expected an instant such as 2026-01-31T00:00:00Z in %q", name)
	}
	if name, ok := keys["replication_key"]; ok && string(name) != `"`+s.Cursor+`"` && string(name) != "null" {
		return Bookmark{}, nil // it counts something else
	}
	for _, name := range []string{"replication_key_value", s.Cursor} {
		if t, ok, err := at(name); ok || err != nil {
			return Bookmark{Watermark: t, WindowReadAt: t}, err
		}
	}
	if raw, ok := keys["slices"]; ok {
		t, err := sliceEnd(raw)
		return Bookmark{Watermark: t, WindowReadAt: t}, err
	}
	if keys["cursor"] != nil || keys["partitions"] != nil || keys["progress_markers"] != nil || keys["starting_replication_value"] != nil {
		return Bookmark{}, nil // a run that ended before its first bookmark, or a page token of long ago
	}
	return Bookmark{}, fmt.Errorf("expected a state of this program, or one with %q", s.Cursor)
}

// sliceEnd returns how far the time slices of Airbyte's kit reach without a
// gap, starting from the earliest.
func sliceEnd(raw json.RawMessage) (time.Time, error) {
	type slot struct {
		Start, End instant
		Recent     instant `json:"most_recent_cursor_value"`
	}
	var slots []slot
	if err := json.Unmarshal(raw, &slots); err != nil {
		return time.Time{}, stateError(err)
	}
	slices.SortFunc(slots, func(a, b slot) int {
		return time.Time(a.Start).Compare(time.Time(b.Start))
	})
	var end time.Time
	for i, s := range slots {
		if i > 0 && time.Time(s.Start).After(end.Add(time.Second)) {
			break
		}
		to := time.Time(s.End)
		if recent := time.Time(s.Recent); !recent.IsZero() {
			to = earlier(to, recent)
		}
		end = later(end, to)
	}
	return end, nil
}

func stateError(err error) error {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) && typ.Field != "" {
		return fmt.Errorf("%q is not as this program writes it", typ.Field)
	}
	return err
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// instant is a time as a state spells it; the zero time is "".
type instant time.Time

// Spelling of instants in states and records.
const instantLayout = "2006-01-02T15:04:05.000000Z"

func (i instant) MarshalText() ([]byte, error) {
	if time.Time(i).IsZero() {
		return nil, nil
	}
	return []byte(time.Time(i).UTC().Format(instantLayout)), nil
}

func (i *instant) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*i = instant{}
		return nil
	}
	t, ok := conform.ParseTimestamp(string(text))
	if !ok {
		return errors.New("expected an instant such as 2026-01-31T00:00:00Z")
	}
	*i = instant(t)
	return nil
}
