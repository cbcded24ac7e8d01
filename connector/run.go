package connector

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"source-gorgias/connector/changefeed"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
)

// A Batch is one message of a sync, as the readers emit it.
type Batch = reader.Batch

// Run reads the streams and yields their batches. An error ends the stream that
// its batch names, and only that; the stream's last bookmark stays valid.
// Rejected credentials are the exception: they end every stream. When ctx ends,
// so does Run, without an error. Run can be used once.
func (p *Plan) Run(ctx context.Context) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		r := &run{Plan: p, yield: yield, results: make(chan result), rateLimited: make(chan time.Time, 1)}
		r.execute(ctx)
	}
}

type result struct {
	Batch
	err error
}

// run is the state of one Plan.Run.
type run struct {
	*Plan
	yield       func(Batch, error) bool
	results     chan result
	rateLimited chan time.Time

	active []Batch // the latest batch of each stream that has started and not ended
}

// execute starts the lists and yields what they emit.
func (r *run) execute(caller context.Context) {
	ctx, cancel := context.WithCancelCause(caller)
	if r.RateLimiter != nil {
		r.RateLimiter.Waiting = func(until time.Time) {
			select {
			case r.rateLimited <- until:
			default: // one is on its way
			}
		}
	}
	shared := &reader.Run{Options: r.Options, RateLimiter: r.RateLimiter, Slots: make(chan struct{}, max(1, r.Concurrency)), Emit: func(b Batch, err error) { r.results <- result{b, err} }}
	lists, feed := r.splitFeed(shared, r.groupByList(shared))
	go r.readAll(ctx, shared.Slots, lists, feed)
	defer func() {
		cancel(context.Canceled)
		for range r.results { // let every sender finish
		}
	}()

	var heartbeat <-chan time.Time
	if r.Heartbeat > 0 {
		ticker := time.NewTicker(r.Heartbeat)
		defer ticker.Stop()
		heartbeat = ticker.C
	}
	for goOn := true; goOn; {
		select {
		case res, ok := <-r.results:
			if !ok || caller.Err() != nil {
				return
			}
			r.track(res)
			goOn = r.yield(res.Batch, res.err)
			if gorgias.Is(res.err, gorgias.Unauthorized) { //rule:unauthorized-alone-ends-all-streams
				cancel(res.err)
			}
		case until := <-r.rateLimited:
			goOn = r.yieldRateLimited(until)
		case <-heartbeat:
			goOn = r.yieldHeartbeat()
		}
	}
}

// readAll reads the lists in their order, as many at once as there are slots, and
// then the change feed.
func (r *run) readAll(ctx context.Context, slots chan struct{}, lists []*reader.List, feed *changefeed.Feed) {
	defer close(r.results)
	var group sync.WaitGroup
	for _, l := range lists {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if l.ReadAgain && (r.RateLimiter == nil || !r.RateLimiter.Slow(ctx)) {
				l.ReadAgain = false // once is enough, after the other lists
				return
			}
			l.Execute(ctx, r.readerOf(l.Source))
		})
	}
	group.Wait()
	feed.Execute(ctx)
}

// track keeps the latest batch of each active stream.
func (r *run) track(res result) {
	for i, b := range r.active {
		if b.Stream == res.Stream {
			r.active = append(r.active[:i], r.active[i+1:]...)
			break
		}
	}
	if res.err == nil && res.Kind != reader.Done {
		res.Records = nil
		r.active = append(r.active, res.Batch)
	}
}

// yieldRateLimited says of each active stream that it is delayed.
func (r *run) yieldRateLimited(until time.Time) bool {
	for _, b := range r.active {
		b.Kind, b.Until, b.Warning = reader.RateLimited, until, ""
		if !r.yield(b, nil) {
			return false
		}
	}
	return true
}

// yieldHeartbeat yields a Heartbeat of one active stream: of those that continue
// from their bookmark, if there are any, the one that was silent for the longest.
func (r *run) yieldHeartbeat() bool {
	if len(r.active) == 0 {
		return true
	}
	i := slices.IndexFunc(r.active, func(b Batch) bool { return b.Bookmark.Resumable() })
	b := r.active[max(0, i)] //rule:heartbeat-covers-full-refreshes
	b.Kind, b.Warning = reader.Heartbeat, ""
	return r.yield(b, nil)
}
