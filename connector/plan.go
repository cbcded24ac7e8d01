package connector

import (
	"cmp"
	"slices"
	"time"

	"source-gorgias/connector/changefeed"
	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/reconcile"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// A Plan is one sync: which streams are read, from where, and how far. It can
// be run once.
type Plan struct {
	reader.Options
	// RateLimiter is the client's. If set, its long waits are emitted as batches.
	RateLimiter *gorgias.RateLimiter
	// Streams are read side by side, the first one and those with long lists first.
	Streams []*stream.Stream
	// Bookmarks by stream name; a missing one is a first sync.
	Bookmarks map[string]state.Bookmark
	// Reports are what the stream of daily reports consists of.
	Reports []reports.Report
	// Concurrency is how many lists are read at once; at least 1.
	Concurrency int
	// Heartbeat is the time between two heartbeats, whatever else is emitted: the
	// longest silence while a stream is under way. Zero emits none.
	Heartbeat time.Duration
	// ChunkPages is the number of pages of events that the change feed processes
	// at once; zero is the default.
	ChunkPages int
}

// heartbeat is the time between the heartbeats of a sync. The documentation
// promises a record or state every five minutes.
const heartbeat = 4 * time.Minute

// NewPlan returns a sync with the user's settings, without streams. tombstone
// is the column, named by the protocol, that contains the time of a deletion.
func NewPlan(s *config.Settings, tombstone string) *Plan {
	if !s.Tombstones { //rule:deletes-ignore-emits-no-tombstones
		tombstone = ""
	}
	return &Plan{
		Options: reader.Options{Start: s.Start, End: s.End, Tombstone: tombstone, Overlap: s.Overlap,
			Windows: s.Windows, WindowInterval: s.WindowInterval, ReconcileEvery: s.ReconcileEvery, ReconcileNow: s.ReconcileNow},
		Reports: s.Reports, Concurrency: s.Concurrency, Heartbeat: heartbeat,
	}
}

// readerOf returns how the list of a stream is read.
func (p *Plan) readerOf(source *stream.Stream) reader.Reader {
	r := streams.RowOf(source).Reader
	if _, ok := r.(reports.Reader); ok {
		return reports.Reader{Reports: p.Reports}
	}
	return r
}

// groupByList groups the streams by the list they are read from: one request
// serves them all. Streams whose scans of one list stand at different positions
// finish them separately, so that none loses its position; the next sync reads
// them together. Long lists come first: a list is one chain of requests, and the
// longest one must not be the last.
func (p *Plan) groupByList(run *reader.Run) []*reader.List {
	var lists []*reader.List
	type scan struct {
		source                *stream.Stream
		startedAt, lowerBound string
	}
	byScan := map[scan]*reader.List{}
	for _, s := range p.Streams {
		source := s.Source()
		o := reader.NewOutput(s, p.Bookmarks[s.Name])
		o.HasEvents = streams.RowOf(source).Changes != nil //rule:end-date-keeps-event-watermark
		o.AwaitsEvents = o.HasEvents && p.End.IsZero()
		key := scan{source, o.Bookmark.Scan.StartedAt.String(), o.Bookmark.Scan.LowerBound.String()}
		l := byScan[key]
		if l == nil {
			l = &reader.List{Run: run, Source: source}
			reconcile.Attach(l)
			byScan[key] = l
			lists = append(lists, l)
		}
		if s.Mode == stream.PerParent {
			l.Children = append(l.Children, o)
		} else {
			l.Outputs = append(l.Outputs, o)
		}
	}
	if len(lists) > 1 { // the first one is cheap, and shows at once that the connection works
		slices.SortStableFunc(lists[1:], func(a, b *reader.List) int { return cmp.Compare(lengthRank(a), lengthRank(b)) }) //rule:long-lists-are-read-first
	}
	return lists
}

// lengthRank is lower for lists that need more requests, one after the other. Lists that
// begin with their newest record come before those that begin with the oldest: those
// prove little of the time at first.
func lengthRank(l *reader.List) int {
	switch {
	case l.Source.BelongsTo != "": // there are more of these than of the others
		return 0
	case l.Source.Mode == stream.NewestFirst:
		return 1
	case l.Source.Mode == stream.OldestFirst:
		return 2
	case len(l.Children) > 0:
		return 3
	}
	return 4
}

// splitFeed makes the lists with events wait for the change feed. If there are
// any, the list of events itself is read by the feed, and it is among the lists only
// if it is read before as well.
func (p *Plan) splitFeed(run *reader.Run, all []*reader.List) (lists []*reader.List, feed *changefeed.Feed) {
	feed = &changefeed.Feed{Run: run, Events: streams.Events, ChunkPages: p.ChunkPages}
	if feed.ChunkPages == 0 {
		feed.ChunkPages = changefeed.DefaultChunkPages
	}
	for _, l := range all {
		for _, o := range l.Outputs {
			if o.AwaitsEvents {
				feed.Add(l, streams.RowOf(l.Source).Changes)
				break
			}
		}
	}
	for _, l := range all {
		if !feed.Waits() || l.Source != streams.Events || feed.Share(l) {
			lists = append(lists, l)
		}
	}
	return lists, feed
}
