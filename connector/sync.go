package connector

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"source-gorgias/connector/gorgias"
)

// A Batch is the unit of progress: the records of one page and the bookmark
// that holds once they have been written.
type Batch struct {
	Stream *Stream
	// Records are the API's own bytes, not yet conformed. They are valid until
	// the next batch is asked for.
	Records []json.RawMessage
	// Bookmark holds from the moment the batch has been written. That of a
	// stream which is read whole says nothing before the last batch.
	Bookmark Bookmark
	// First marks the batch that comes before the stream's first request. It
	// has no records.
	First bool
	// Last marks the batch that completes the stream.
	Last bool
	// Waiting is set in a batch without records: the account's allowance is
	// used up until then.
	Until time.Time
	// Warning is set in a batch without records: something that a person
	// should know of the stream, and that does not end it.
	Warning string
	// Listening is set once the stream's list has been read: what is yet to
	// come is what the account's events tell of it.
	ReadingEvents bool
	// Retold is how many of the records were read again because an event named
	// them, and Graves how many are tombstones.
	Retold, Graves int
}

// A Plan is one sync: which streams are read, from where, and how far.
type Plan struct {
	Client *gorgias.Client
	// Budget is the client's; if set, its long waits are told in batches.
	RateLimiter *gorgias.RateLimiter
	// Streams are read side by side, begun in this order.
	Streams []*Stream
	// Bookmarks by stream name; a missing one is a first sync.
	Bookmarks map[string]Bookmark
	// Start bounds a first sync, inclusive; zero is one year before the
	// server's present.
	Start time.Time
	// End bounds every sync, inclusive; zero is no bound. What has been read
	// beyond it is not read again, and its bookmark stays as it is.
	End time.Time
	// Tombstone names the column that marks the record of a deletion with its
	// instant; the protocol's. If it is empty, deletions are not told.
	Tombstone string
	// Overlap is how long after its instant a record may become visible.
	Overlap time.Duration
	// Reports are what a Daily stream is made of.
	Reports []Report
	// Windows overrides Stream.Mutable by stream name.
	Windows map[string]time.Duration
	// Revise is how long what may still change is left alone between two
	// looks at all of it; zero is not at all: every sync looks.
	WindowInterval time.Duration
	// Concurrency is how many lists are read at once; at least 1.
	Concurrency int
	// PageSize is how many rows a page has, from 1 to 100; zero is 100.
	PageSize int
	// Heartbeat is how long Run stays silent at most while a stream is under
	// way; zero is for ever.
	Heartbeat time.Duration
}

// window is how long a record of s may change after its cursor.
func (p *Plan) window(s *Stream) time.Duration {
	if w, ok := p.Windows[s.Name]; ok {
		return w
	}
	return s.LookbackWindow
}

// maxPage is the largest page the API allows.
const maxPage = 100

// Run reads the streams and yields their batches. An error with a batch that
// names a stream is the end of that stream alone; its last bookmark stands.
// The one exception are credentials that are refused: they end every stream.
// When ctx ends, so does Run, without a word. Run can be used once.
func (p *Plan) Run(ctx context.Context) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		caller := ctx
		ctx, cancel := context.WithCancelCause(ctx)
		r := &round{Plan: p, out: make(chan result), waiting: make(chan time.Time, 1)}
		if p.RateLimiter != nil {
			p.RateLimiter.Waiting = func(until time.Time) {
				select {
				case r.waiting <- until:
				default: // one is on its way
				}
			}
		}
		go r.launch(ctx)
		defer func() {
			cancel(context.Canceled)
			for range r.out { // every sender gets away
			}
		}()

		var tick <-chan time.Time
		if p.Heartbeat > 0 {
			ticker := time.NewTicker(p.Heartbeat)
			defer ticker.Stop()
			tick = ticker.C
		}
		under := underway{}
		silent := false
		for {
			select {
			case res, ok := <-r.out:
				if !ok || caller.Err() != nil {
					return
				}
				silent = false
				under.note(res)
				if !yield(res.Batch, res.err) {
					return
				}
				var e *gorgias.Error
				if errors.As(res.err, &e) && e.Kind == gorgias.Unauthorized {
					cancel(res.err)
				}
			case until := <-r.waiting:
				for _, b := range under {
					if !yield(Batch{Stream: b.Stream, Bookmark: b.Bookmark, ReadingEvents: b.ReadingEvents, Until: until}, nil) {
						return
					}
				}
			case <-tick:
				for _, b := range under {
					if silent && b.Bookmark.Resumable() {
						if !yield(Batch{Stream: b.Stream, Bookmark: b.Bookmark, ReadingEvents: b.ReadingEvents}, nil) {
							return
						}
						break
					}
				}
				silent = true
			}
		}
	}
}

// underway holds the latest batch of each stream that has begun and not ended.
type underway []Batch

func (u *underway) note(r result) {
	for i, b := range *u {
		if b.Stream == r.Stream {
			*u = append((*u)[:i], (*u)[i+1:]...)
			break
		}
	}
	if r.err == nil && !r.Last {
		r.Records = nil
		*u = append(*u, r.Batch)
	}
}

type result struct {
	Batch
	err error
}

// A round is what the tasks of one Run share.
type round struct {
	*Plan
	out     chan result
	waiting chan time.Time

	mu      sync.Mutex
	present time.Time // the server's, for a first sync without a start
	served  latest    // of the last page
}

// launch begins the tasks in the plan's order, as many at once as it allows;
// when they have ended, it lets the feed tell what they could not. It closes
// out when all is done.
func (r *round) launch(ctx context.Context) {
	defer close(r.out)
	tasks, f := r.feed(r.tasks())
	var lists sync.WaitGroup
	slots := make(chan struct{}, max(1, r.Concurrency))
	for _, t := range tasks {
		slots <- struct{}{}
		lists.Go(func() {
			defer func() { <-slots }()
			t.run(ctx)
		})
	}
	lists.Wait()
	f.run(ctx)
}

// tasks groups the streams by the list they are read from: one fetch serves
// them all. Streams that are on different walks over the same list finish them
// apart, so that none loses its place; the next sync finds them together.
func (r *round) tasks() []*task {
	var tasks []*task
	type walk struct{ source, began, from string }
	byWalk := map[walk]*task{}
	for _, s := range r.Streams {
		source := s
		if s.Parent != "" {
			source = Find(s.Parent)
		}
		m := &member{Stream: s, mark: r.Bookmarks[s.Name]}
		m.mark.whole = !s.Incremental()
		m.told = len(kinds(source)) > 0
		m.fed = m.told && r.End.IsZero()
		on := walk{source.Name, m.mark.Scan.StartedAt.String(), m.mark.Scan.LowerBound.String()}
		t := byWalk[on]
		if t == nil {
			t = &task{round: r, source: source}
			byWalk[on] = t
			tasks = append(tasks, t)
		}
		if s.Mode == PerParent {
			t.below = append(t.below, m)
		} else {
			t.members = append(t.members, m)
		}
	}
	return tasks
}

// A task reads one list for all the streams that are made from it.
type task struct {
	*round
	source  *Stream
	members []*member // cut from the pages of the list
	below   []*member // lists of their own below each of its records

	began  time.Time                    // the server's, when the last whole walk began
	rest   string                       // the page token at which that walk ended; "" if there was no more
	sights map[int64]sight              // of records by id, for the feed; nil if it wants none
	hear   func(*gorgias.Page, *walker) // hears each page once it is written; may be nil
	deaf   bool                         // what the events tell of the list cannot be read
}

// A member is a stream on its way.
type member struct {
	*Stream
	mark  Bookmark
	from  time.Time // records before this are none of this sync's
	first bool      // no walk of its own has ended yet
	told  bool      // the account's events tell what becomes of its records
	fed   bool      // after the list, it waits for the feed
	read  bool      // its list has been read
	over  bool
}

// unwritten returns what is new to m of some rows, and the fingerprints of all.
func (m *member) unwritten(rows []row) (records []json.RawMessage, met []print) {
	for _, r := range rows {
		known := m.mark.Fingerprints.has(r.print)
		met = append(met, r.print)
		if r.told != (print{}) {
			known = r.written || m.mark.Fingerprints.has(r.told)
			met = append(met, r.told)
		}
		switch {
		case known:
		case m.Derive == nil:
			records = append(records, r.raw)
		default:
			records = append(records, m.Derive(r.raw)...)
		}
	}
	return records, met
}

// run reads the list and what is below it, and ends each of its streams with
// a last batch or an error.
func (t *task) run(ctx context.Context) {
	all := append(append([]*member{}, t.members...), t.below...)
	fail := func(err error) {
		for _, m := range all {
			t.fail(ctx, m, err)
		}
	}
	if ctx.Err() != nil { // the whole sync has ended before this had begun
		fail(ctx.Err())
		return
	}
	defer func() {
		if v := recover(); v != nil {
			fail(&Panic{Value: v, Stack: debug.Stack()})
		}
	}()
	for _, m := range all {
		t.send(m, Batch{First: true, Bookmark: m.mark})
	}
	t.members = slices.DeleteFunc(t.members, func(m *member) bool {
		if !t.ahead(m) {
			return false
		}
		t.send(m, Batch{Bookmark: m.mark, Warning: "the state is past the end date: nothing was read, and the state stays as it is. To read an interval again, give no state"})
		t.send(m, Batch{Bookmark: m.mark, Last: true})
		return true
	})
	if len(t.members)+len(t.below) == 0 {
		return
	}
	read := t.scan
	switch t.source.Mode {
	case NewestFirst, OldestFirst:
		read = t.walk
	case DailyReport:
		read = t.daily
	}
	if err := read(ctx); err != nil {
		fail(err)
	}
}

// ahead reports whether m has been where this sync is to end: nothing is left
// to read, or what is left is another sync's, whose place would be lost. To walk
// there again without writing what lies beyond would tell the bookmark of looks
// that nobody has had.
func (t *task) ahead(m *member) bool {
	return !t.End.IsZero() && (m.mark.Watermark.After(t.End) || m.mark.Scan.NextWatermark.After(t.End))
}

// send hands a batch of m to whoever ranges over Run. It blocks until the
// batch is taken: a slow reader slows the sync and fills no memory.
func (t *task) send(m *member, b Batch) {
	b.Stream, m.over = m.Stream, m.over || b.Last
	b.ReadingEvents = m.read && !b.Last
	t.out <- result{Batch: b}
}

// fail ends m with err, unless it has already ended.
func (t *task) fail(ctx context.Context, m *member, err error) {
	if m.over {
		return
	}
	m.over = true
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	t.out <- result{Batch{Stream: m.Stream, Bookmark: m.mark}, err}
}

// get asks for a page of the list. Every parameter goes with every page: a
// token belongs to the query it was made with.
func (t *task) get(ctx context.Context, s *Stream, path string, extra url.Values, next string) (*gorgias.Page, error) {
	query := url.Values{}
	if s.Mode != SingleObject {
		query.Set("limit", strconv.Itoa(cmp.Or(t.PageSize, maxPage)))
	}
	for _, add := range []url.Values{s.Query, extra} {
		for name, values := range add {
			query[name] = values
		}
	}
	// The last part of a key is the record's own; those before it are ours.
	key := s.Key[len(s.Key)-1]
	for tries := 1; ; tries++ {
		page, err := t.Client.List(ctx, s.Envelope, path, query, next)
		if err != nil {
			return nil, err
		}
		t.served.note(page.ServerTime)
		i := slices.IndexFunc(page.Records, func(raw json.RawMessage) bool { return isNull(field(raw, key)) })
		if i < 0 {
			return page, nil
		}
		if tries == 3 {
			return nil, &gorgias.Error{Kind: gorgias.InvalidResponse, Path: "/api/" + path, Status: 200, Attempts: tries,
				Message: fmt.Sprintf("row %d of the page has no %q", i+1, key)}
		}
	}
}

// ask asks for a page at once and returns a function that waits for it, so
// that the answer travels while the page before it is written.
func (t *task) ask(ctx context.Context, s *Stream, path string, extra url.Values, next string) func() (*gorgias.Page, error) {
	type answer struct {
		page *gorgias.Page
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if v := recover(); v != nil {
				a.err = &Panic{Value: v, Stack: debug.Stack()}
			}
			got <- a
		}()
		a.page, a.err = t.get(ctx, s, path, extra, next)
	}()
	return func() (*gorgias.Page, error) {
		a := <-got
		return a.page, a.err
	}
}

// A Panic is a mistake in this program, met while it read a stream.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string {
	return fmt.Sprintf("internal error: %v (please report it)", p.Value)
}
