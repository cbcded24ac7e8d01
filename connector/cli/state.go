package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector"
	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/singer"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// state prints how far each stream of a state has got. It makes no requests. A
// state that read would refuse is refused with the same error.
func (a *app) state(c *cli.Context) error {
	a.humanOutput = true
	if c.String("state") == "" {
		return usageErrorf("state: --state is missing")
	}
	raw, err := a.readGivenState(c.String("state"))
	if err != nil {
		return err
	}
	catalog, kind, err := a.readCatalog(c.String("catalog"), airbyteCatalog)
	if err != nil {
		return err
	}
	report, err := newStateReport(raw, catalog, kind)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		encoder := json.NewEncoder(a.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report.json())
	}
	return report.write(a.stdout, time.Now())
}

// A progressJSON is the output of state --json. Programs read it: names stay as they are.
// Times are in UTC; null is none.
type progressJSON struct {
	Streams     []streamProgressJSON `json:"streams"`
	FullRefresh []string             `json:"full_refresh"` // streams that every sync reads from the beginning
	Missing     []string             `json:"missing"`      // read from the start date
	NotSelected []string             `json:"not_selected"` // in the state, not in the catalog
	Unknown     []string             `json:"unknown"`      // names that are no stream's
}

type streamProgressJSON struct {
	Stream         string     `json:"stream"`
	Foreign        bool       `json:"of_another_connector"`
	Watermark      *time.Time `json:"watermark"`       // everything older was read
	EventWatermark *time.Time `json:"event_watermark"` // up to here, the change feed was processed
	WindowReadAt   *time.Time `json:"window_read_at"`
	ScanStartedAt  *time.Time `json:"scan_started_at"` // of a scan under way
	ScanReached    *time.Time `json:"scan_reached"`
	ReconciledAt   *time.Time `json:"reconciled_at"` // when the last round of reconciliation ended
}

// json returns the report for programs.
func (r *stateReport) json() progressJSON {
	g := r.grouped()
	out := progressJSON{Streams: []streamProgressJSON{}, FullRefresh: list(g.fullRefresh), Missing: list(g.missing)}
	deselected, unknown := r.others()
	out.NotSelected, out.Unknown = list(deselected), list(unknown)
	for _, s := range g.read {
		b := r.bookmarks[s.Name]
		out.Streams = append(out.Streams, streamProgressJSON{s.Name, r.entries.Of(s).Foreign(), known(b.Watermark), known(b.EventWatermark), known(b.WindowReadAt),
			known(b.Scan.StartedAt), known(b.Scan.LastCursor), known(b.Reconciliation.Round.FinishedAt)})
	}
	return out
}

// list returns names, not nil.
func list(names []string) []string { return append([]string{}, names...) }

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// A stateReport is a parsed state, and the streams to report on.
type stateReport struct {
	streams   []*stream.Stream
	all       bool // there is no catalog
	bookmarks map[string]state.Bookmark
	entries   state.Entries
}

// newStateReport parses a state and a catalog, if there is one, as a read does.
func newStateReport(raw, catalog []byte, kind catalogKind) (*stateReport, error) {
	r := &stateReport{all: kind == noCatalog, streams: streams.All()}
	state, err := singer.ParseState(raw)
	if err != nil {
		return nil, err
	}
	r.entries = state.Streams
	switch kind {
	case singerCatalog:
		selection, err := singer.ParseCatalog(catalog, nil)
		if err != nil {
			return nil, err
		}
		r.streams = selection.Streams()
		r.bookmarks, _, err = state.Bookmarks(selection)
		return r, err
	case airbyteCatalog:
		selection, err := airbyte.ParseCatalog(catalog)
		if err != nil {
			return nil, err
		}
		r.streams = selection.Streams
	}
	r.bookmarks, err = connector.ParseBookmarks(r.entries, streams.All())
	return r, err
}

func (r *stateReport) write(out io.Writer, now time.Time) error {
	if len(r.entries) == 0 {
		_, err := fmt.Fprintln(out, "the state is empty: the next read begins at the start date")
		return err
	}
	type paragraph struct {
		names []string
		text  string
	}
	var paragraphs []*paragraph // streams of equal progress share one
	g := r.grouped()
	for _, s := range g.read {
		text := describe(s, r.bookmarks[s.Name], r.entries.Of(s), now)
		i := slices.IndexFunc(paragraphs, func(p *paragraph) bool { return p.text == text })
		if i < 0 {
			i = len(paragraphs)
			paragraphs = append(paragraphs, &paragraph{text: text})
		}
		paragraphs[i].names = append(paragraphs[i].names, s.Name)
	}
	var b strings.Builder
	for _, p := range paragraphs {
		fmt.Fprintf(&b, "%s\n%s\n", strings.Join(p.names, ", "), p.text)
	}
	deselected, unknown := r.others()
	b.WriteString(listLine("full refresh", g.fullRefresh))
	b.WriteString(listLine("not in the state, read from the start date", g.missing))
	b.WriteString(listLine("in the state, but not selected", deselected))
	b.WriteString(listLine("unknown streams", unknown))
	_, err := io.WriteString(out, b.String())
	return err
}

// groupedStreams are the streams of a report: those with a position in the state, and the
// names of the others.
type groupedStreams struct {
	read                 []*stream.Stream
	fullRefresh, missing []string
}

func (r *stateReport) grouped() (g groupedStreams) {
	for _, s := range r.streams {
		_, parsed := r.bookmarks[s.Name]
		e := r.entries.Of(s)
		switch {
		case !s.Incremental() || !parsed && e != nil:
			if e != nil || !r.all {
				g.fullRefresh = append(g.fullRefresh, s.Name)
			}
		case e == nil && r.all && s.Mode == stream.DailyReport: // it exists only if reports are configured
		case e == nil:
			g.missing = append(g.missing, s.Name)
		default:
			g.read = append(g.read, s)
		}
	}
	return g
}

// others returns the names in the state that belong to no stream of the report.
func (r *stateReport) others() (deselected, unknown []string) {
	for _, e := range r.entries {
		if s := streams.Lookup(e.Name); s == nil {
			unknown = append(unknown, fmt.Sprintf("%q", e.Name))
		} else if !slices.Contains(r.streams, s) {
			deselected = append(deselected, e.Name)
		}
	}
	return deselected, unknown
}

// describe returns lines that show how far a stream has got.
func describe(s *stream.Stream, b state.Bookmark, e *state.Entry, now time.Time) string {
	var lines strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&lines, "  %-14s %s\n", label, fmt.Sprintf(format, args...))
	}
	foreign := e.Foreign()
	if foreign {
		name, effect := "", "the next read imports it"
		if e.Name != s.Name {
			name = ", as " + e.Name
		}
		if b.Watermark.IsZero() {
			effect = "it contains no position to resume from"
		}
		line("written by", "another connector%s; %s", name, effect)
	}
	line("captured", "%s", describeCaptured(b, foreign, now))
	describeScan(s, b, line)
	if s.Source().LookbackWindow > 0 && !foreign && !b.WindowReadAt.IsZero() {
		line("window re-read", "at %s", formatUTC(b.WindowReadAt))
	}
	describeReconciliation(b, line)
	if !b.EventWatermark.IsZero() {
		line("change feed", "processed up to %s", formatUTC(b.EventWatermark))
	}
	if n := len(b.Fingerprints); n > 0 {
		thing := "record"
		if s.Mode == stream.DailyReport {
			thing = "day"
		}
		line("deduplicated", "%s, written again only if changed", counted(n, thing))
	}
	return lines.String()
}

// describeReconciliation describes the round under way, or the last one.
func describeReconciliation(b state.Bookmark, line func(label, format string, args ...any)) {
	r := &b.Reconciliation
	if r.Round.StartedAt.IsZero() || len(r.Slices) == 0 {
		return
	}
	found := fmt.Sprintf("%s written again, %d missing", counted(r.Round.Changed, "record"), r.Round.Vanished)
	switch {
	case !r.Round.FinishedAt.IsZero():
		line("reconciled", "in full at %s: %s", formatUTC(r.Round.FinishedAt), found)
	case r.Round.Below.IsZero():
		line("reconciled", "in slices, %s; the next round has begun", counted(len(r.Slices), "slice"))
	default:
		line("reconciled", "since %s, back to %s: %s", formatUTC(r.Round.StartedAt), formatUTC(r.Round.Below), found)
	}
	if n := len(r.Suspects); n > 0 {
		line("", "%s to be asked for", counted(n, "missing record"))
	}
}

// describeCaptured describes what has been read completely.
func describeCaptured(b state.Bookmark, foreign bool, now time.Time) string {
	switch {
	case len(b.Reports) > 0:
		byWatermark := func(a, b state.ReportBookmark) int { return a.Watermark.Compare(b.Watermark) }
		least, most := slices.MinFunc(b.Reports, byWatermark).Watermark, slices.MaxFunc(b.Reports, byWatermark).Watermark
		text := "all days of " + counted(len(b.Reports), "report") + " up to " + formatUTC(least) + ", " + formatAge(now, least)
		if least.IsZero() {
			text = counted(len(b.Reports), "report") + ", not all days of each"
		}
		if !least.Equal(most) {
			text += "; some up to " + formatUTC(most)
		}
		return text
	case !b.Watermark.IsZero() && foreign:
		return "up to " + formatUTC(b.Watermark) + ", " + formatAge(now, b.Watermark)
	case !b.Watermark.IsZero(): // its age is not a delay: there may be no newer record
		return "up to the newest record, from " + formatUTC(b.Watermark) + ", " + formatAge(now, b.Watermark)
	case b.Scan.StartedAt.IsZero():
		return "nothing: the next read begins at the start date"
	}
	return "first scan in progress"
}

// describeScan describes the scan under way.
func describeScan(s *stream.Stream, b state.Bookmark, line func(label, format string, args ...any)) {
	scan := b.Scan
	if scan.StartedAt.IsZero() {
		return
	}
	progress := counted(scan.Pages, "page") + " read"
	if share, ok := b.ScanProgress(s); ok {
		progress += fmt.Sprintf(", %.1f%%", percent(share))
	}
	line("scan", "since %s: %s", formatUTC(scan.StartedAt), progress)
	switch {
	case scan.Unsorted:
		line("", "the list is not sorted by time and is read to its end")
	case scan.LastCursor.IsZero():
	case s.Mode == stream.OldestFirst:
		line("", "from %s up to %s", formatUTC(scan.LowerBound), formatUTC(scan.LastCursor))
	default:
		line("", "back to %s, continues to %s", formatUTC(scan.LastCursor), formatUTC(scan.LowerBound))
	}
}

func formatUTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// formatAge describes how long before now t is.
func formatAge(now, t time.Time) string {
	if t.After(now) {
		return "in the future"
	}
	return formatDuration(now.Sub(t)) + " ago"
}
