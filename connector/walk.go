package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-gorgias/connector/gorgias"
)

// A walk that took longer than longWalk is followed by another over what has
// come meanwhile, and that by another, but not by more than maxHeads.
const (
	longWalk = 30 * time.Minute
	maxHeads = 3
)

// maxRestarts is how often one sync begins a list again because a page token
// was refused. A list whose tokens never last that long cannot be read.
const maxRestarts = 3

// walk reads a list in time. From new to old it ends at the first record that
// is older than anything it could miss; from old to new, and whenever a page
// is not in the order asked for, at the list's end.
func (t *task) walk(ctx context.Context) error {
	w := &walker{task: t}
	if err := w.resume(ctx); err != nil {
		return err
	}
	fetch := w.fetch(ctx)
	for restarts, heads := 0, 0; ; {
		page, err := fetch()
		if w.mark.PageToken != "" && (refused(err) || w.fresh && failed(err)) && restarts < maxRestarts {
			restarts++
			if err := w.restart(ctx); err != nil {
				return err
			}
			fetch = w.fetch(ctx)
			continue
		}
		if err != nil {
			return err
		}
		rows := w.read(page)
		ended := w.ended()
		last := ended && (!w.resumed && !w.long(page) || heads == maxHeads)
		if !ended {
			if err := w.ring.pass(w.source.Path, w.mark.PageToken); err != nil {
				return err
			}
			fetch = w.fetch(ctx) // while this page is being written
		}
		w.sight(rows)
		for _, m := range t.members {
			w.hand(m, rows, ended, last)
		}
		if t.hear != nil {
			t.hear(page, w)
		}
		if last {
			t.began, t.rest = w.mark.StartedAt, w.mark.PageToken
			return nil
		}
		if ended {
			// It took long, or began in an earlier sync. What has come since
			// lies above it.
			heads++
			head := !w.resumed
			if err := w.begin(ctx); err != nil {
				return err
			}
			w.head = head
			fetch = w.fetch(ctx)
		}
	}
}

// A walker is a walk over one list.
type walker struct {
	*task
	mark ScanPosition
	ring ring

	ordered bool // two rows have shown that the list is in the order asked for
	resumed bool // the walk began in an earlier sync
	fresh   bool // no page has come yet
	cut     bool // rows beyond the sync's end were left out
	head    bool // a whole walk has ended in this sync: only what came since is missing

	reach time.Time // what lies before it may not have been read by this sync
}

// A row is a record of a page and what the walk needs to know of it.
type row struct {
	raw   json.RawMessage
	at    time.Time // its cursor; zero if that cannot be read
	print print
	// told is set if an event has told to read it again: what was written for
	// that. Written is set if this sync has written this very version before.
	told    print
	written bool
}

// resume sets out where the streams' bookmarks say: in the middle of the walk
// under way, else at its beginning.
func (w *walker) resume(ctx context.Context) error {
	mark := w.members[0].mark.Scan
	for _, m := range w.members {
		if m.mark.Scan.Pages < mark.Pages {
			mark = m.mark.Scan // stopped between the batches of one page: the one behind leads
		}
	}
	// A walk can be joined only if what is asked for now lies within it.
	join := mark.PageToken != "" && (w.End.IsZero() || !mark.NextWatermark.After(w.End))
	for _, m := range w.members {
		// Two walks that began within the same second look alike. One that leads
		// must be behind the others in the list, and have seen no more above it.
		p := m.mark.Scan
		join = join && p.Pages-mark.Pages <= 1 && (p.Pages > mark.Pages || p.PageToken == mark.PageToken) &&
			!p.NextWatermark.Before(mark.NextWatermark) && (p.Unsorted || mark.Unsorted || !w.precedes(p.LastCursor, mark.LastCursor))
		m.first = m.mark.Watermark.IsZero()
		if m.from = mark.LowerBound; w.window(w.source) == 0 {
			m.from = later(m.from, m.mark.Watermark.Add(-w.Overlap))
		}
		if m.first && join {
			start, err := w.epoch(ctx, w.source)
			if err != nil {
				return err
			}
			m.from, join = mark.LowerBound, !start.Before(mark.LowerBound)
		}
	}
	if !join {
		return w.begin(ctx)
	}
	w.mark, w.resumed, w.fresh, w.reach = mark, true, true, mark.LastCursor
	return nil
}

// precedes reports whether a walk comes by the instant a before b.
func (w *walker) precedes(a, b time.Time) bool {
	if w.source.Mode == OldestFirst {
		return a.Before(b)
	}
	return a.After(b)
}

// begin sets out anew, reaching back as far as the stream that knows least.
func (w *walker) begin(ctx context.Context) error {
	*w = walker{task: w.task}
	for i, m := range w.members {
		m.first = m.mark.Watermark.IsZero()
		if m.from = m.mark.Watermark.Add(-w.Overlap); m.first {
			start, err := w.epoch(ctx, w.source)
			if err != nil {
				return err
			}
			if m.from = start; !m.mark.Scan.LowerBound.IsZero() {
				m.from = earlier(start, m.mark.Scan.LowerBound) // a first walk that was begun is to be ended
			}
		}
		if i == 0 {
			w.mark.LowerBound = m.from
		}
		w.mark.LowerBound = earlier(w.mark.LowerBound, m.from)
	}
	w.reach = w.mark.LowerBound
	return nil
}

// revise reaches back over the records that may have changed since they were
// last looked at, if that is long enough ago. The server's time tells.
func (w *walker) revise() {
	window := w.window(w.source)
	if w.head {
		return
	}
	for _, m := range w.members {
		if window == 0 || m.mark.Watermark.IsZero() || w.mark.StartedAt.Sub(m.mark.WindowReadAt) < w.WindowInterval {
			continue
		}
		// What was before the start of all syncs has never been read.
		back := later(m.mark.WindowReadAt.Add(-window), w.Start)
		m.from = earlier(m.from, back)
		w.mark.LowerBound = earlier(w.mark.LowerBound, m.from)
	}
}

// restart begins again after a refused token. A walk from the oldest that the
// server has ordered and can filter has left behind for good what it has read.
func (w *walker) restart(ctx context.Context) error {
	if w.source.SinceParam != "" && !w.mark.Unsorted {
		for _, m := range w.members {
			m.mark.Scan = w.mark
			m.mark.end(0)
		}
	}
	return w.begin(ctx)
}

// epoch is the beginning of time for a first sync.
func (r *round) epoch(ctx context.Context, s *Stream) (time.Time, error) {
	if !r.Start.IsZero() {
		return r.Start, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.present.IsZero() {
		// The host's clock may be wrong; the server's decides. One page tells
		// it, once for all streams.
		page, err := r.Client.List(ctx, s.Envelope, s.Path, url.Values{"limit": {strconv.Itoa(maxPage)}}, "")
		if err != nil {
			return time.Time{}, err
		}
		r.present = page.ServerTime
	}
	return r.present.AddDate(-1, 0, 0), nil
}

// sinceLayout spells the instants that lists are filtered by: whole seconds,
// rounded down.
const sinceLayout = "2006-01-02T15:04:05Z"

// fetch asks for the next page of the walk.
func (w *walker) fetch(ctx context.Context) func() (*gorgias.Page, error) {
	extra := url.Values{}
	if w.source.SinceParam != "" {
		extra.Set(w.source.SinceParam, w.mark.LowerBound.UTC().Format(sinceLayout))
	}
	return w.ask(ctx, w.source, w.source.Path, extra, w.mark.PageToken)
}

// read takes note of a page: how far it reaches, whether it is in order, and
// which of its records the next walk will meet again.
func (w *walker) read(page *gorgias.Page) []row {
	m := &w.mark
	w.fresh = false
	if m.StartedAt.IsZero() {
		m.StartedAt = page.ServerTime
		w.revise()
	}
	m.Pages++
	m.PageToken = page.NextToken
	rows := make([]row, len(page.Records))
	for i, raw := range page.Records {
		at := cursorOf(raw, w.source.Cursor)
		key := field(raw, w.source.Key[len(w.source.Key)-1])
		if at.IsZero() { // it tells nothing of the order
			rows[i] = row{raw: raw, print: printOf(key, m.StartedAt, raw)}
			continue
		}
		rows[i] = row{raw: raw, at: at, print: printOf(key, at, raw)}
		if !m.LastCursor.IsZero() {
			rises, falls := at.After(m.LastCursor), at.Before(m.LastCursor)
			if w.source.Mode == OldestFirst {
				rises, falls = falls, rises
			}
			m.Unsorted, w.ordered = m.Unsorted || rises, w.ordered || falls
		}
		m.LastCursor = at
		w.cut = w.cut || w.beyond(at)
		if !w.resumed || w.source.Mode == OldestFirst {
			m.NextWatermark = later(m.NextWatermark, w.bound(at)) // what lies above a resumed walk is read after it
		}
	}
	return rows
}

// long reports whether the walk has taken so long that its head is worth
// reading again.
func (w *walker) long(page *gorgias.Page) bool {
	return w.source.Mode == NewestFirst && page.ServerTime.Sub(w.mark.StartedAt) > longWalk
}

// bound keeps a watermark from passing the walk's beginning or the sync's end.
func (w *walker) bound(at time.Time) time.Time {
	at = earlier(at, w.mark.StartedAt)
	if w.beyond(at) {
		at = w.End
	}
	return at
}

// beyond reports whether at lies after the sync's end.
func (w *walker) beyond(at time.Time) bool { return !w.End.IsZero() && at.After(w.End) }

// ended reports whether the page just read is the last that matters.
func (w *walker) ended() bool {
	m := &w.mark
	switch {
	case m.PageToken == "":
		return true
	case m.Unsorted || !w.ordered:
		return false // where a record stands says nothing, or not yet
	case w.source.Mode == NewestFirst:
		return m.LastCursor.Before(m.LowerBound)
	default:
		return w.source.SinceParam != "" && w.beyond(m.LastCursor)
	}
}

// hand gives m what is new to it of a page, with the bookmark that then holds.
func (w *walker) hand(m *member, rows []row, ended, last bool) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
		return !r.at.IsZero() && r.at.Before(m.from) || w.beyond(r.at)
	})
	records, met := m.unwritten(rows)
	if m.told && m.mark.EventWatermark.IsZero() {
		// What was visible when the first walk began, it sees; after an imported
		// watermark the events tell. This is known before the first record is
		// written: who stops there will hear of its deletion.
		m.mark.EventWatermark = w.mark.StartedAt
		if !m.mark.Watermark.IsZero() {
			m.mark.EventWatermark = m.mark.Watermark
		}
		m.mark.EventWatermark = m.mark.EventWatermark.Add(-w.Overlap)
		w.send(m, Batch{Bookmark: m.mark})
	}
	m.mark.Scan = w.mark
	if w.cut && (w.source.Mode == OldestFirst || w.mark.Unsorted) {
		m.mark.Scan.PageToken = "" // who goes on from here without that end would miss what was left out
	}
	if ended {
		m.mark.end(w.window(w.source))
	}
	m.mark.Fingerprints = m.mark.Fingerprints.with(met, w.floor(m))
	m.read = last
	w.send(m, Batch{Records: records, Bookmark: m.mark, Last: last && !m.fed})
}

// sight remembers for the feed which records the destination is going to have
// as they were when the walk began. Those that are not written again it has in
// some version: which one, a sync that was cut off may have changed without a
// trace. The feed of a first walk asks for the latest records only.
func (w *walker) sight(rows []row) {
	if w.sights == nil {
		return
	}
	from := w.mark.LowerBound
	for _, m := range w.members {
		if from = later(from, m.from); m.first {
			from = later(from, w.mark.StartedAt.Add(-w.Overlap))
		}
	}
	for _, r := range rows {
		if !r.at.IsZero() && r.at.Before(from) {
			continue
		}
		at := w.mark.StartedAt
		if slices.ContainsFunc(w.members, func(m *member) bool { return m.mark.Fingerprints.has(r.print) }) {
			at = time.Time{}
		}
		w.see(r, at)
	}
}

// floor is how far back m may meet a record again: in its walks, or because the
// events are heard from there on.
func (t *task) floor(m *member) time.Time {
	known, revised := m.mark.Watermark, m.mark.WindowReadAt
	if known.IsZero() {
		known = m.mark.Scan.NextWatermark
	}
	if revised.IsZero() {
		revised = known
	}
	floor := earlier(known.Add(-t.Overlap), revised.Add(-t.window(t.source)))
	if m.told {
		floor = earlier(floor, m.mark.EventWatermark)
	}
	return floor
}

// scan reads a list whole, once with each of its passes, and then what lies
// below its records.
func (t *task) scan(ctx context.Context) error {
	passes := t.source.Partitions
	if len(passes) == 0 {
		passes = []url.Values{nil}
	}
	var ids []string
	known := map[string]bool{} // a list that was begun again names them twice
	for i, pass := range passes {
		for page, err := range t.pages(ctx, t.source, t.source.Path, pass) {
			if err != nil {
				return err
			}
			for _, m := range t.members {
				t.send(m, Batch{Records: page.Records, Bookmark: m.mark, Last: page.NextToken == "" && i == len(passes)-1})
			}
			for _, raw := range page.Records {
				if id := string(field(raw, t.source.Key[0])); len(t.below) > 0 && !known[id] {
					known[id], ids = true, append(ids, id)
				}
			}
		}
	}
	for _, m := range t.below {
		if err := t.under(ctx, m, ids); err != nil {
			t.fail(ctx, m, err)
		}
	}
	return nil
}

// under reads m's list below each of the parent's records. One that these
// credentials may not read does not keep the others from being read.
func (t *task) under(ctx context.Context, m *member, ids []string) error {
	var forbidden error
	for _, id := range ids {
		begun := false
		for page, err := range t.pages(ctx, m.Stream, strings.Replace(m.Path, "{id}", id, 1), nil) {
			if is(err, gorgias.NotFound) && !begun {
				break // the parent was deleted since it was listed
			}
			if is(err, gorgias.Forbidden) {
				forbidden = err
				break
			}
			if err != nil {
				return err
			}
			begun = true
			records := make([]json.RawMessage, len(page.Records))
			for i, raw := range page.Records {
				records[i] = splice(raw, fmt.Appendf(nil, "%q:%s", m.Key[0], id))
			}
			t.send(m, Batch{Records: records, Bookmark: m.mark})
		}
	}
	if forbidden != nil {
		return forbidden
	}
	t.send(m, Batch{Bookmark: m.mark, Last: true})
	return nil
}

// pages reads a list from its first page to its last; an error is the end of
// it. The next page is asked for before one is yielded.
func (t *task) pages(ctx context.Context, s *Stream, path string, extra url.Values) iter.Seq2[*gorgias.Page, error] {
	return t.pagesFrom(ctx, s, path, extra, "")
}

// pagesFrom goes on from a page token; it begins anew if that is refused.
func (t *task) pagesFrom(ctx context.Context, s *Stream, path string, extra url.Values, next string) iter.Seq2[*gorgias.Page, error] {
	return func(yield func(*gorgias.Page, error) bool) {
		for restarts := 0; ; restarts++ {
			var circle ring
			fetch := t.ask(ctx, s, path, extra, next)
			for {
				page, err := fetch()
				if refused(err) && next != "" && restarts < maxRestarts {
					next = ""
					break
				}
				if err != nil {
					yield(nil, err)
					return
				}
				if next = page.NextToken; next != "" {
					if err := circle.pass(path, next); err != nil {
						yield(nil, err)
						return
					}
					fetch = t.ask(ctx, s, path, extra, next)
				}
				if !yield(page, nil) || next == "" {
					return
				}
			}
		}
	}
}

// failed reports whether the API would not answer, though it was asked again
// and again. What it does with a token that is too old is not documented.
func failed(err error) bool {
	return is(err, gorgias.ServerError) || is(err, gorgias.InvalidResponse)
}

// refused reports whether the API did not want the page token it was given.
// Which status it uses is not documented.
func refused(err error) bool {
	return is(err, gorgias.ClientError) || is(err, gorgias.NotFound)
}

func is(err error, kind gorgias.Kind) bool {
	var e *gorgias.Error
	return errors.As(err, &e) && e.Kind == kind
}

// A ring notices page tokens that lead back to where the walk has been, by
// keeping one of them for twice as long each time (Brent's algorithm).
type ring struct {
	kept         string
	steps, limit int
}

func (r *ring) pass(path, token string) error {
	if token == r.kept {
		return &gorgias.Error{Kind: gorgias.InvalidResponse, Path: "/api/" + path, Message: "the page tokens go round in a circle"}
	}
	if r.steps++; r.steps > r.limit {
		r.kept, r.steps, r.limit = token, 0, 2*r.limit+1
	}
	return nil
}
