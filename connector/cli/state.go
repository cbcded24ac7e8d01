package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/singer"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// state tells people what a state says. It asks nobody: a state, and a catalog
// if there is one, are enough. What a read would refuse, it refuses in the same
// words.
func (s *invocation) state(c *cli.Context) error {
	s.people = true
	path := c.String("state")
	if path == "" {
		return usageError{errors.New("state: --state is missing")}
	}
	raw, err := readFile("state", path)
	if err != nil {
		return err
	}
	var catalog []byte
	if path := c.String("catalog"); path != "" {
		if catalog, err = readFile("catalog", path); err != nil {
			return err
		}
	}
	stored, err := parseStored(raw, catalog)
	if err != nil {
		return err
	}
	return stored.write(s.stdout, time.Now())
}

// stored is what a state holds, and of which streams it is asked.
type stored struct {
	streams []*stream.Stream
	all     bool // no catalog says which
	marks   map[string]state.Bookmark
	entries []singer.Entry
}

// parseStored reads a state as a read would, or as a tap would if the state or
// the catalog is one of Singer's.
func parseStored(raw, catalog []byte) (s *stored, err error) {
	s = &stored{all: catalog == nil}
	if ofTap(catalog) || catalog == nil && singer.IsState(raw) {
		selection, err := singer.Everything(streams.All(), nil) // no record is read
		if catalog != nil {
			selection, err = singer.ParseCatalog(catalog, nil)
		}
		if err != nil {
			return nil, err
		}
		state, err := singer.ParseState(raw)
		if err != nil {
			return nil, err
		}
		s.streams, s.entries = selection.Streams(), state.Entries()
		s.marks, _, err = state.Marks(selection)
		return s, err
	}
	selection := airbyte.Everything(streams.All())
	if catalog != nil {
		if selection, err = airbyte.ParseCatalog(catalog); err != nil {
			return nil, err
		}
	}
	s.streams = selection.Streams
	if s.marks, err = airbyte.ParseState(singer.Bookmarks(raw)); err != nil {
		return nil, err
	}
	state, err := singer.ParseState(raw) // which understands the states of both
	if err != nil {
		return nil, err
	}
	s.entries = state.Entries()
	return s, nil
}

// ofTap reports whether a catalog is one of Singer's.
func ofTap(catalog []byte) bool {
	var c struct {
		Streams []struct {
			ID string `json:"tap_stream_id"`
		} `json:"streams"`
	}
	_ = json.Unmarshal(catalog, &c) // what is neither is told by those who read it
	return slices.ContainsFunc(c.Streams, func(s struct {
		ID string `json:"tap_stream_id"`
	}) bool {
		return s.ID != ""
	})
}

// entry is what the state says of a stream, under its own name or another's.
func (s *stored) entry(stream *stream.Stream) *singer.Entry {
	for _, name := range append([]string{stream.Name}, stream.Aliases...) {
		for i, e := range s.entries {
			if e.Name == name {
				return &s.entries[i]
			}
		}
	}
	return nil
}

func (s *stored) write(out io.Writer, now time.Time) error {
	if len(s.entries) == 0 {
		_, err := fmt.Fprintln(out, "the state is empty: everything is read from the start date on")
		return err
	}
	var whole, missing, left, strange []string
	type paragraph struct {
		names []string
		text  string
	}
	var told []*paragraph
	for _, st := range s.streams {
		mark, incremental := s.marks[st.Name]
		e := s.entry(st)
		switch {
		case !st.Incremental() || !incremental && e != nil:
			if e != nil || !s.all {
				whole = append(whole, st.Name)
			}
			continue
		case e == nil && s.all && st.Mode == stream.DailyReport: // offered by some configurations only
			continue
		case e == nil:
			missing = append(missing, st.Name)
			continue
		}
		text := describe(st, mark, e, now)
		i := slices.IndexFunc(told, func(p *paragraph) bool { return p.text == text })
		if i < 0 {
			i = len(told)
			told = append(told, &paragraph{text: text})
		}
		told[i].names = append(told[i].names, st.Name)
	}
	for _, e := range s.entries {
		st := streams.Lookup(e.Name)
		switch {
		case st == nil:
			strange = append(strange, fmt.Sprintf("%q", e.Name))
		case !slices.Contains(s.streams, st):
			left = append(left, e.Name)
		}
	}
	var b strings.Builder
	for _, p := range told {
		fmt.Fprintf(&b, "%s\n%s\n", strings.Join(p.names, ", "), p.text)
	}
	b.WriteString(list("read whole every time", whole))
	b.WriteString(list("not in the state, and read from the start date on", missing))
	b.WriteString(list("in the state, and not selected", left))
	b.WriteString(list("not streams of this source", strange))
	_, err := io.WriteString(out, b.String())
	return err
}

// describe tells, in lines, how far a stream has got.
func describe(s *stream.Stream, mark state.Bookmark, e *singer.Entry, now time.Time) string {
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "  %-12s %s\n", what, fmt.Sprintf(format, args...))
	}
	if e.Foreign() {
		as := ""
		if e.Name != s.Name {
			as = fmt.Sprintf(", as %s", e.Name)
		}
		what := "the next read takes it over"
		if mark.Watermark.IsZero() {
			what = "it holds nothing to go on from"
		}
		line("written by", "another connector%s; %s", as, what)
	}
	w := mark.Scan
	switch {
	case len(mark.Reports) > 0:
		reached := func(a, b state.ReportBookmark) int { return a.Watermark.Compare(b.Watermark) }
		least, most := slices.MinFunc(mark.Reports, reached).Watermark, slices.MaxFunc(mark.Reports, reached).Watermark
		text := "all days of " + counted(len(mark.Reports), "report") + " up to " + utc(least) + ", " + age(now, least)
		if least.IsZero() {
			text = "of " + counted(len(mark.Reports), "report") + ", not all days of each"
		}
		if !least.Equal(most) {
			text += "; of some up to " + utc(most)
		}
		line("captured", "%s", text)
	case !mark.Watermark.IsZero() && e.Foreign():
		line("captured", "up to %s, %s", utc(mark.Watermark), age(now, mark.Watermark))
	case !mark.Watermark.IsZero(): // a quiet stream is not behind
		line("captured", "up to its newest record, of %s, %s", utc(mark.Watermark), age(now, mark.Watermark))
	case w.StartedAt.IsZero():
		line("captured", "nothing: it is read from the start date on")
	default:
		line("captured", "nothing whole yet: the first walk is under way")
	}
	if !w.StartedAt.IsZero() {
		how := counted(w.Pages, "page") + " read"
		if share, ok := mark.ScanProgress(s); ok {
			how += fmt.Sprintf(", %.1f%%", percent(share))
		}
		line("under way", "since %s: %s", utc(w.StartedAt), how)
		switch {
		case w.Unsorted:
			line("", "in no order of time, and therefore to the end of the list")
		case w.LastCursor.IsZero():
		case s.Mode == stream.OldestFirst:
			line("", "from %s up to %s", utc(w.LowerBound), utc(w.LastCursor))
		default:
			line("", "back to %s, on the way to %s", utc(w.LastCursor), utc(w.LowerBound))
		}
	}
	if s.Source().LookbackWindow > 0 && !e.Foreign() && !mark.WindowReadAt.IsZero() {
		line("looked again", "at %s, at all that could still have changed", utc(mark.WindowReadAt))
	}
	if !mark.EventWatermark.IsZero() {
		line("events", "heeded up to %s", utc(mark.EventWatermark))
	}
	if n := len(mark.Fingerprints); n > 0 && s.Mode == stream.DailyReport {
		line("remembered", "%s, written again only when changed", counted(n, "day"))
	} else if n > 0 {
		line("remembered", "%s, written again only when changed", counted(n, "record"))
	}
	return b.String()
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// age is how long ago it was.
func age(now, t time.Time) string {
	if t.After(now) {
		return "in the future"
	}
	return span(now.Sub(t)) + " ago"
}
