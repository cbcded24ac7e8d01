package state

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/stream"
)

// importState reads the states of Airbyte's own connector, of the Singer taps
// and of the Singer SDK: a watermark under one name or another.
func importState(s *stream.Stream, keys map[string]json.RawMessage) (Bookmark, error) {
	if name, ok := keys["replication_key"]; ok && string(name) != `"`+s.Cursor+`"` && string(name) != "null" {
		return Bookmark{}, nil // another cursor
	}
	for _, name := range []string{"replication_key_value", s.Cursor} {
		if t, ok, err := importTime(keys, name); ok || err != nil {
			return Bookmark{Watermark: t, WindowReadAt: t}, err
		}
	}
	if raw, ok := keys["slices"]; ok {
		t, err := sliceEnd(raw)
		return Bookmark{Watermark: t, WindowReadAt: t}, err
	}
	for _, name := range []string{"cursor", "partitions", "progress_markers", "starting_replication_value"} {
		if keys[name] != nil {
			return Bookmark{}, nil // a run that ended before its first bookmark, or an old page token
		}
	}
	return Bookmark{}, fmt.Errorf("expected a state of this program, or one with %q", s.Cursor)
}

// importTime reads the time under a key. An empty one, of a run that ended
// before its first bookmark, is zero.
func importTime(keys map[string]json.RawMessage, name string) (at time.Time, ok bool, err error) {
	raw, ok := keys[name]
	if !ok || string(raw) == "null" {
		return time.Time{}, ok, nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text == "" {
			return time.Time{}, true, nil
		}
		if t, ok := conform.ParseTimestamp(text); ok {
			return t, true, nil
		}
	}
	return time.Time{}, false, fmt.Errorf("expected a timestamp such as 2026-01-31T00:00:00Z in %q", name)
}

// sliceEnd returns how far the time slices of Airbyte's CDK reach without a
// gap, from the earliest on.
func sliceEnd(raw json.RawMessage) (time.Time, error) {
	type slice struct {
		Start, End timestamp
		Recent     timestamp `json:"most_recent_cursor_value"`
	}
	var all []slice
	if err := json.Unmarshal(raw, &all); err != nil {
		return time.Time{}, describe(err)
	}
	slices.SortFunc(all, func(a, b slice) int {
		return time.Time(a.Start).Compare(time.Time(b.Start))
	})
	var end time.Time
	for i, s := range all {
		if i > 0 && time.Time(s.Start).After(end.Add(time.Second)) {
			break
		}
		to := time.Time(s.End)
		if recent := time.Time(s.Recent); !recent.IsZero() {
			to = MinTime(to, recent)
		}
		end = MaxTime(end, to)
	}
	return end, nil
}
