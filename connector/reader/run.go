// Package reader reads lists: newest first or oldest first from a watermark, in
// full, and below each record of a parent. It turns pages into batches of
// records, each with the bookmark that is valid once the batch is written. It
// knows no events and no protocol.
package reader

import (
	"context"
	"fmt"
	"net/url"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// Options are the settings of one sync that its readers need.
type Options struct {
	Client *gorgias.Client
	// Start bounds a first sync, inclusive; zero is one year before the server's
	// present.
	Start time.Time
	// End bounds every sync, inclusive; zero is no bound. A stream that has been
	// read beyond it is not read again, and its bookmark stays as it is.
	End time.Time
	// Tombstone is the column, named by the protocol, that contains the time of
	// a deletion. If it is empty, deletions are not emitted.
	Tombstone string
	// Overlap is how long after its cursor value a record may become visible.
	Overlap time.Duration
	// Windows overrides Stream.LookbackWindow by stream name.
	Windows map[string]time.Duration
	// WindowInterval is the minimum time between two re-reads of the lookback
	// window; zero re-reads it in every sync.
	WindowInterval time.Duration
	// ReconcileEvery is the time in which each list is read once from end to end, a
	// part per sync; zero is never.
	ReconcileEvery time.Duration
	// ReconcileNow reads each list from end to end in this sync.
	ReconcileNow bool
	// SliceRows is how many records of a list are compared as one slice; zero is as few
	// as the size of the state allows.
	SliceRows int
	// PageSize is how many rows a page has, from 1 to 100; zero is 100.
	PageSize int
}

// MaxPageSize is the largest page the API allows.
const MaxPageSize = 100

// Limit is the page size in use.
func (o *Options) Limit() int {
	if o.PageSize > 0 {
		return o.PageSize
	}
	return MaxPageSize
}

// RowsPerSlice is how many records a slice should have, of a list with so many.
func (o *Options) RowsPerSlice(rows int) int {
	if o.SliceRows > 0 {
		return o.SliceRows
	}
	return max(500, min(rows/10, 6000), rows/80)
}

// Window returns how long a record of s may change after its cursor value.
func (o *Options) Window(s *stream.Stream) time.Duration {
	if w, ok := o.Windows[s.Name]; ok {
		return w
	}
	return s.LookbackWindow
}

// WindowDue reports whether a window that was last read at a time has to be read
// again, by the server's clock, right or wrong: what is certain of the time may stand
// still or lie before that, and to read too early loses nothing.
func (o *Options) WindowDue(readAt, server time.Time) bool {
	return o.WindowInterval == 0 || server.Sub(readAt) >= o.WindowInterval //rule:no-interval-rereads-in-every-sync
}

// A Kind says what a batch is.
type Kind uint8

const (
	// Started precedes the first request for a stream.
	Started Kind = iota + 1
	// Records carries the records of one page, which may be none, and a
	// bookmark: a checkpoint.
	Records
	// RateLimited says that the rate limit delays the stream, until Batch.Until.
	RateLimited
	// Heartbeat repeats the last bookmark of a stream, without records: the sync
	// is alive. What was emitted before is all that the bookmark covers.
	Heartbeat
	// Warning carries a text for the user. It does not end the stream.
	Warning
	// Done ends a stream that has been read completely.
	Done
)

// A Batch is one message of a sync. It is the unit of progress: once it has
// been written, its bookmark is valid.
type Batch struct {
	Stream *stream.Stream
	Kind   Kind
	// Records are the API's own bytes, not yet conformed. They are valid until
	// the next batch is requested.
	Records []stream.Record
	// Bookmark is that of the stream. A stream without a cursor has nothing to
	// store before it is Done.
	Bookmark state.Bookmark
	// Until is when a RateLimited stream continues, as far as is known.
	Until time.Time
	// Warning is the text of a Warning.
	Warning string
	// ReadingEvents is set once the stream's list has been read: what follows
	// comes from the change feed.
	ReadingEvents bool
}

// Count returns how many of the batch's records have an origin.
func (b Batch) Count(origin stream.Origin) (n int) {
	for i := range b.Records {
		if b.Records[i].Origin == origin {
			n++
		}
	}
	return n
}

// A Run is the state shared by all lists of one sync.
type Run struct {
	Options
	// Emit passes a batch on, or with an error the end of its stream. It blocks
	// until the batch is taken: a slow destination slows the sync down instead
	// of filling memory.
	Emit func(Batch, error)

	// Slots has an element for each chain of requests under way, and room for as many
	// as the sync may have; nil is one per list.
	Slots chan struct{}

	// RateLimiter is the client's; nil bounds no reconciliation.
	RateLimiter *gorgias.RateLimiter

	reconciled atomic.Int64 // requests

	serverNowMu sync.Mutex
	serverNow   time.Time // for first syncs without a start date

	unusable  counter // rows without a usable key
	nonFinite counter // NaN and Infinity, which were read as null

	clock
}

// sideBySide calls f with 0 to n-1: with several at once if the sync has slots left,
// so that the longest chain of requests does not decide how long it takes. The first
// error cancels the others and is returned.
func (r *Run) sideBySide(ctx context.Context, n int, f func(context.Context, int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	slots := r.Slots //rule:children-are-read-side-by-side
	var group sync.WaitGroup
	for i := 0; i < n && ctx.Err() == nil; i++ {
		one := func() {
			defer func() {
				if v := recover(); v != nil {
					stop(&Panic{Value: v, Stack: debug.Stack()})
				}
			}()
			if err := f(ctx, i); err != nil {
				stop(err)
			}
		}
		select {
		case slots <- struct{}{}:
			group.Go(func() {
				defer func() { <-slots }()
				one()
			})
		default:
			one()
		}
	}
	group.Wait()
	return context.Cause(ctx)
}

// reconcileTime is how much of the rate limit a sync may use to reconcile, if all else
// that it reads takes less.
const reconcileTime = 5 * time.Minute

// ReconcileBudget counts requests that reconcile, and reports whether the sync may
// send more: as many as it sends otherwise, or as reconcileTime allows.
func (r *Run) ReconcileBudget(requests int) bool {
	sent := int(r.reconciled.Add(int64(requests)))
	if r.RateLimiter == nil || r.ReconcileNow {
		return true
	}
	return sent < max(int(r.RateLimiter.Capacity(reconcileTime)), r.RateLimiter.Sent()-sent) //rule:reconciliation-is-bounded
}

// defaultStart is where a first sync starts: the configured date, or one year
// before the server's present. The host's clock may be wrong, so the first call
// requests one page of s to learn the server's.
func (r *Run) defaultStart(ctx context.Context, s *stream.Stream) (time.Time, error) {
	if !r.Start.IsZero() {
		return r.Start, nil
	}
	r.serverNowMu.Lock()
	defer r.serverNowMu.Unlock()
	if r.serverNow.IsZero() {
		asked := time.Now()
		page, err := r.Client.List(ctx, s.Envelope, s.Path, url.Values{"limit": {strconv.Itoa(MaxPageSize)}}, "")
		if err != nil {
			return time.Time{}, err
		}
		r.newPage(s, page, asked) // its records tell the time, too
		r.serverNow = r.Plausible(page.ServerTime)
	}
	return r.serverNow.AddDate(-1, 0, 0), nil
}

// A Reader is a way to read a list.
type Reader interface {
	// Read reads the list, emits its batches, and ends each output with Done,
	// except those that wait for events. Its error ends all outputs that have
	// not ended.
	Read(ctx context.Context, l *List) error
	// Forecast estimates what Read would request, in at most three requests.
	Forecast(ctx context.Context, l *List) (Estimate, error)
	// Check sends the smallest request that shows whether the list may be read.
	// It returns the first record, or nil if there is none.
	Check(ctx context.Context, l *List) (*stream.Record, error)
}

// An Estimate is what will be read of one list.
type Estimate struct {
	// Streams are made from the list's records, the first its own.
	Streams []string `json:"streams"`
	// Description says what is read, as a sentence fragment.
	Description string `json:"description"`
	Requests    int    `json:"requests"`
	Records     int    `json:"records"`
	// Accuracy is that of Requests and Records.
	Accuracy Accuracy `json:"accuracy"`
	// Error says why the list cannot be read; "" if it can.
	Error string `json:"error,omitempty"`
}

// An Accuracy is how well a number is known.
type Accuracy string

// The accuracies, the best first.
const (
	Exact   Accuracy = "exact" // at this moment
	About   Accuracy = "about" // from the density of records on one page or two
	AtLeast Accuracy = "at least"
)

// Worse returns the worse of two accuracies.
func (a Accuracy) Worse(b Accuracy) Accuracy {
	rank := map[Accuracy]int{Exact: 0, About: 1, AtLeast: 2}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// A Panic is a bug in this program, met while it read a stream.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string {
	return fmt.Sprintf("internal error: %v (please report it)", p.Value)
}
