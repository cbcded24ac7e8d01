package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// A progress shows, on a terminal, how a sync is getting on: how long it has
// taken and will take, each list that is under way and how much of it has been
// read, and what is being waited for. It is drawn twice a second whatever
// comes: whoever watches a sync wants to see that it has not stopped.
type progress struct {
	screen  *screen
	mask    func(string) string
	account *account
	began   time.Time
	streams int

	mu      sync.Mutex // what is below is written by the sync, and read to draw it
	under   []*course  // the streams that have begun and not ended
	begun   int
	done    int
	failed  int
	records int
	retold  int
	pace    pace
	born    time.Time // when the account was made; zero while that is not known
	handed  time.Time // when the batch came that is being written; zero if none is
	sent    int       // requests
	moved   time.Time // when the last of them was sent
	waiting time.Time // the allowance is used up until then
	again   time.Time // a request is asked again then
	trouble string    // and why
	repeats int
	faults  []string
}

// A course is a stream under way.
type course struct {
	stream    *stream.Stream
	mark      state.Bookmark
	records   int
	listening bool
}

// interval is how often progress is drawn.
const interval = 500 * time.Millisecond

// quiet is how long there may be no answer before it is said.
const quiet = 15 * time.Second

func newProgress(out io.Writer, mask func(string) string, streams int, a *account) *progress {
	now := time.Now()
	p := &progress{screen: onTerminal(out), mask: mask, account: a, streams: streams, began: now, moved: now}
	a.retried = p.retried
	return p
}

// watch passes batches through and shows what they tell. When they end, what
// was shown is taken away.
func (p *progress) watch(batches iter.Seq2[connector.Batch, error]) iter.Seq2[connector.Batch, error] {
	return func(yield func(connector.Batch, error) bool) {
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			ticker := time.NewTicker(interval)
			defer ticker.Stop()
			for {
				select {
				case <-ticker.C:
					p.screen.show(p.lines)
				case <-stop:
					p.screen.show(func(int) []string { return nil })
					return
				}
			}
		}()
		defer func() {
			close(stop)
			<-stopped
		}()
		for batch, err := range batches {
			p.note(batch, err)
			ok := yield(batch, err)
			if p.written(); !ok {
				return
			}
		}
	}
}

func (p *progress) note(b connector.Batch, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handed = time.Now()
	if b.Kind == reader.RateLimited { // every stream says it
		p.waiting = b.Until
		return
	}
	i := slices.IndexFunc(p.under, func(c *course) bool { return c.stream.Name == b.Stream.Name })
	if i < 0 {
		i = len(p.under)
		p.under = append(p.under, &course{stream: b.Stream})
		p.begun++
	}
	c := p.under[i]
	c.mark, c.listening = b.Bookmark, b.ReadingEvents
	c.records += len(b.Records)
	p.records += len(b.Records)
	p.retold += b.Count(stream.Refetched)
	if b.Stream == streams.Account && len(b.Records) > 0 {
		var account struct {
			Created time.Time `json:"created_datetime"`
		}
		_ = json.Unmarshal(b.Records[0].Raw, &account) // what cannot be read, nobody knows
		p.born = account.Created
	}
	if b.Kind == reader.Warning && err == nil {
		p.faults = append(p.faults, b.Stream.Name+": "+b.Warning)
	}
	if err != nil {
		p.failed++
		p.faults = append(p.faults, b.Stream.Name+" failed: "+connector.Classify(b.Stream, err).Message)
	}
	if b.Kind == reader.Done || err != nil {
		p.under = slices.Delete(p.under, i, i+1)
		p.done++
	}
}

// written is told that the batch which was handed on has been written.
func (p *progress) written() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handed = time.Time{}
}

// retried is told of each request that will be made again.
func (p *progress) retried(err error, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.repeats++
	p.again, p.trouble = time.Now().Add(wait), err.Error()
}

// maxFaults is how many of what has gone wrong are shown, the last of them.
const maxFaults = 3

// lines are what is shown.
func (p *progress) lines(width int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	sent := p.account.budget.Sent()
	if sent != p.sent {
		p.sent, p.moved = sent, now
	}
	p.pace.note(mark{now, p.records, sent})
	perRecord, perRequest := p.pace.rates(recently)
	used, limit := p.account.budget.Usage()

	done := fmt.Sprintf("%d of %d streams", p.done, p.streams)
	if p.failed > 0 {
		done += fmt.Sprintf(" (%d failed)", p.failed)
	}
	head := []string{
		span(now.Sub(p.began)), done,
		fmt.Sprintf("%s records (%s/s)", grouped(p.records), grouped(int(perRecord+0.5))),
		fmt.Sprintf("%s requests (%.1f/s)", grouped(sent), perRequest),
		fmt.Sprintf("%.0f%% of the allowance in use", 100*used/max(1, limit)),
	}
	if p.repeats > 0 {
		head = append(head, grouped(p.repeats)+" asked again")
	}
	lines := append(fold(width, head...), p.outlook(now, width)...)
	lines = append(lines, p.places()...)
	for _, fault := range p.faults[max(0, len(p.faults)-maxFaults):] {
		lines = append(lines, p.mask(fault))
	}
	switch {
	case now.Before(p.waiting):
		lines = append(lines, "waiting for the account's allowance until "+p.waiting.Local().Format(time.TimeOnly))
	case now.Before(p.again):
		lines = append(lines, fmt.Sprintf("asking again in %s: %s", span(p.again.Sub(now)), p.mask(p.trouble)))
	case !p.handed.IsZero() && now.Sub(p.handed) > quiet:
		lines = append(lines, "who reads standard output has taken nothing for "+span(now.Sub(p.handed)))
	case now.Sub(p.moved) > quiet:
		lines = append(lines, "no answer for "+span(now.Sub(p.moved)))
	}
	return lines
}

// outlook says how long it will take as far as is known: what has not begun is
// not.
func (p *progress) outlook(now time.Time, width int) []string {
	pages := 0.0
	for _, c := range p.lists() {
		if share, ok := p.share(c); ok && share > 0 && c.mark.Scan.Pages >= 5 {
			pages += float64(c.mark.Scan.Pages) * (1 - share) / share
		}
	}
	if pages == 0 {
		p.pace.forget()
	} else {
		_, _, least := p.account.budget.Forecast(int(pages))
		p.pace.expect(now, pages, time.Duration(least*float64(time.Second)))
	}
	var parts []string
	if left := p.pace.left(now); left != "" {
		parts = append(parts, left)
	}
	if n := p.streams - p.begun; n > 0 {
		yet := counted(n, "stream") + " to come"
		if len(parts) > 0 {
			yet = "not counting " + yet
		}
		parts = append(parts, yet)
	}
	return fold(width, parts...)
}

// lists are the streams under way that stand for a list: those that are cut
// from another's pages do not, beside it.
func (p *progress) lists() (all []*course) {
	known := map[*stream.Stream]bool{}
	for _, c := range p.under {
		known[c.stream] = true
	}
	for _, c := range p.under {
		derived := c.stream.Mode == stream.Derived
		if c.listening || derived && known[c.stream.Parent] {
			continue
		}
		if derived {
			known[c.stream.Parent] = true
		}
		all = append(all, c)
	}
	return all
}

// places has a line for each list under way, and one for the account's events.
func (p *progress) places() (lines []string) {
	lists := p.lists()
	widest := 0
	for _, c := range lists {
		widest = max(widest, len(c.stream.Name))
	}
	others := len(lists) // than the events themselves
	for _, c := range lists {
		if c.stream == streams.Events {
			others--
		}
		line := fmt.Sprintf("  %-*s  ", widest, c.stream.Name)
		share, ok := p.share(c)
		switch at := c.mark.Scan.LastCursor.Format(time.DateOnly); {
		case !ok && c.records > 0:
			line += grouped(c.records) + " records"
		case !ok:
		case c.stream.Mode == stream.OldestFirst:
			line += fmt.Sprintf("%4.1f%%, up to %s", percent(share), at)
		default:
			line += fmt.Sprintf("%4.1f%%, back to %s", percent(share), at)
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	waiting := 0
	var heard time.Time
	for _, c := range p.under {
		if c.listening {
			if waiting++; heard.IsZero() || c.mark.EventWatermark.Before(heard) {
				heard = c.mark.EventWatermark
			}
		}
	}
	switch {
	case waiting == 0:
	case others > 0 || p.streams-p.begun > 1:
		lines = append(lines, fmt.Sprintf("  %d streams are read and wait for the account's events", waiting))
	default:
		line := "  changes that only events tell of: heard up to " + heard.Format(time.DateTime)
		if p.retold > 0 {
			line += fmt.Sprintf(", %s records read again", grouped(p.retold))
		}
		lines = append(lines, line)
	}
	return lines
}

// share is how much of its list a stream has read. Of a start that lies before
// the account, nothing will be found there, unless it was imported.
func (p *progress) share(c *course) (float64, bool) {
	mark := c.mark
	if w := &mark.Scan; p.born.After(w.LowerBound) && !w.LastCursor.Before(p.born) {
		w.LowerBound = p.born
	}
	return mark.ScanProgress(c.stream)
}

// percent is a share as people read it: a hundred is for what has ended.
func percent(share float64) float64 { return min(99.9, math.Floor(1000*share)/10) }
