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

// A progress shows the progress of a sync on a terminal: the totals, the
// remaining time, the position in each active list, and the reason of a delay.
// It is updated twice a second even without new records, so that users see that
// the program is running.
type progress struct {
	screen    *screen
	redact    func(string) string
	account   *account
	startedAt time.Time
	streams   int

	mu               sync.Mutex // for all fields below
	active           []*streamProgress
	started          int // streams, also those that have ended
	done             int
	failed           int
	records          int
	refetched        int
	rates            rateEstimator
	accountCreatedAt time.Time // zero if it is unknown
	writeStartedAt   time.Time // of the batch that is being written; zero if none is
	requests         int
	lastRequestAt    time.Time
	rateLimitedUntil time.Time
	retryAt          time.Time
	retryReason      string
	retries          int
	problems         []string
}

// A streamProgress is the progress of an active stream.
type streamProgress struct {
	stream        *stream.Stream
	bookmark      state.Bookmark
	records       int
	readingEvents bool
}

// interval is the time between two updates.
const interval = 500 * time.Millisecond

// maxSilence is how long a response or a write may take before the delay is
// shown.
const maxSilence = 15 * time.Second

func newProgress(out io.Writer, redact func(string) string, streams int, a *account) *progress {
	now := time.Now()
	p := &progress{screen: newScreen(out), redact: redact, account: a, streams: streams, startedAt: now, lastRequestAt: now}
	a.onRetry = p.addRetry
	return p
}

// watch passes batches on and shows the progress until they end.
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
			p.addBatch(batch, err)
			ok := yield(batch, err)
			if p.batchWritten(); !ok {
				return
			}
		}
	}
}

func (p *progress) addBatch(b connector.Batch, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writeStartedAt = time.Now()
	if b.Kind == reader.RateLimited { // there is a batch for every stream
		p.rateLimitedUntil = b.Until
		return
	}
	i := slices.IndexFunc(p.active, func(s *streamProgress) bool { return s.stream == b.Stream })
	if i < 0 {
		i = len(p.active)
		p.active = append(p.active, &streamProgress{stream: b.Stream})
		p.started++
	}
	s := p.active[i]
	s.bookmark, s.readingEvents = b.Bookmark, b.ReadingEvents
	s.records += len(b.Records)
	p.records += len(b.Records)
	p.refetched += b.Count(stream.Refetched)
	if b.Stream == streams.Account && len(b.Records) > 0 {
		var account struct {
			Created time.Time `json:"created_datetime"`
		}
		_ = json.Unmarshal(b.Records[0].Raw, &account) // an invalid time counts as unknown
		p.accountCreatedAt = account.Created
	}
	switch {
	case err != nil:
		p.failed++
		p.problems = append(p.problems, b.Stream.Name+" failed: "+connector.Classify(b.Stream, err).Message)
	case b.Kind == reader.Warning:
		p.problems = append(p.problems, b.Stream.Name+": "+b.Warning)
	}
	if b.Kind == reader.Done || err != nil {
		p.active = slices.Delete(p.active, i, i+1)
		p.done++
	}
}

func (p *progress) batchWritten() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writeStartedAt = time.Time{}
}

func (p *progress) addRetry(err error, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retries++
	p.retryAt, p.retryReason = time.Now().Add(wait), err.Error()
}

// maxProblems is how many errors and warnings are shown, the last ones.
const maxProblems = 3

// lines returns what the screen shows.
func (p *progress) lines(width int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if sent := p.account.rateLimiter.Sent(); sent != p.requests {
		p.requests, p.lastRequestAt = sent, now
	}
	p.rates.add(sample{now, p.records, p.requests})
	lines := append(wrap(width, p.totals(now)...), wrap(width, p.remaining(now)...)...)
	lines = append(lines, p.listLines()...)
	if feed := p.feedLine(); feed != "" {
		lines = append(lines, feed)
	}
	for _, problem := range p.problems[max(0, len(p.problems)-maxProblems):] {
		lines = append(lines, p.redact(problem))
	}
	if delay := p.delay(now); delay != "" {
		lines = append(lines, delay)
	}
	return lines
}

// totals returns the totals of the sync.
func (p *progress) totals(now time.Time) []string {
	recordRate, requestRate := p.rates.rates(rateWindow)
	used, limit := p.account.rateLimiter.Usage()
	done := fmt.Sprintf("%d of %d streams", p.done, p.streams)
	if p.failed > 0 {
		done += fmt.Sprintf(" (%d failed)", p.failed)
	}
	parts := []string{
		formatDuration(now.Sub(p.startedAt)), done,
		fmt.Sprintf("%s records (%s/s)", formatNumber(p.records), formatNumber(int(recordRate+0.5))),
		fmt.Sprintf("%s requests (%.1f/s)", formatNumber(p.requests), requestRate),
		fmt.Sprintf("%.0f%% of the rate limit in use", 100*used/max(1, limit)),
	}
	if p.retries > 0 {
		parts = append(parts, formatNumber(p.retries)+" retries")
	}
	return parts
}

// delay returns the reason why there are no new records; "" if there is none.
func (p *progress) delay(now time.Time) string {
	switch {
	case now.Before(p.rateLimitedUntil):
		return "rate limited until " + p.rateLimitedUntil.Local().Format(time.TimeOnly)
	case now.Before(p.retryAt):
		return fmt.Sprintf("retrying in %s: %s", formatDuration(p.retryAt.Sub(now)), p.redact(p.retryReason))
	case !p.writeStartedAt.IsZero() && now.Sub(p.writeStartedAt) > maxSilence:
		return "standard output has been blocked for " + formatDuration(now.Sub(p.writeStartedAt))
	case now.Sub(p.lastRequestAt) > maxSilence:
		return "no response for " + formatDuration(now.Sub(p.lastRequestAt))
	}
	return ""
}

// remaining returns the remaining time of the active streams, if it is known,
// and the number of the others.
func (p *progress) remaining(now time.Time) (parts []string) {
	pages := 0.0
	for _, s := range p.lists() {
		if share, ok := p.share(s); ok && share > 0 && s.bookmark.Scan.Pages >= 5 {
			pages += float64(s.bookmark.Scan.Pages) * (1 - share) / share
		}
	}
	if pages == 0 {
		p.rates.reset()
	} else {
		_, _, least := p.account.rateLimiter.Forecast(int(pages))
		p.rates.update(now, pages, time.Duration(least*float64(time.Second)))
	}
	if eta := p.rates.remaining(now); eta != "" {
		parts = append(parts, eta)
	}
	if n := p.streams - p.started; n > 0 {
		waiting := counted(n, "stream") + " not started"
		if len(parts) > 0 {
			waiting = "excluding " + waiting
		}
		parts = append(parts, waiting)
	}
	return parts
}

// lists returns the active streams, one for each list that is being read.
func (p *progress) lists() (all []*streamProgress) {
	shown := map[*stream.Stream]bool{}
	for _, s := range p.active {
		shown[s.stream] = true
	}
	for _, s := range p.active {
		derived := s.stream.Mode == stream.Derived
		if s.readingEvents || derived && shown[s.stream.Parent] {
			continue
		}
		if derived {
			shown[s.stream.Parent] = true
		}
		all = append(all, s)
	}
	return all
}

// listLines returns a line for each list that is being read.
func (p *progress) listLines() (lines []string) {
	lists := p.lists()
	widest := 0
	for _, s := range lists {
		widest = max(widest, len(s.stream.Name))
	}
	for _, s := range lists {
		line := fmt.Sprintf("  %-*s  ", widest, s.stream.Name)
		share, ok := p.share(s)
		switch at := s.bookmark.Scan.LastCursor.Format(time.DateOnly); {
		case !ok && s.records > 0:
			line += formatNumber(s.records) + " records"
		case !ok:
		case s.stream.Mode == stream.OldestFirst:
			line += fmt.Sprintf("%4.1f%%, up to %s", percent(share), at)
		default:
			line += fmt.Sprintf("%4.1f%%, back to %s", percent(share), at)
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// feedLine returns the progress of the change feed; "" if no stream has reached
// it.
func (p *progress) feedLine() string {
	waiting, others := 0, 0
	var processed time.Time
	for _, s := range p.active {
		switch {
		case s.readingEvents:
			if waiting++; processed.IsZero() || s.bookmark.EventWatermark.Before(processed) {
				processed = s.bookmark.EventWatermark
			}
		case s.stream != streams.Events:
			others++
		}
	}
	switch {
	case waiting == 0:
		return ""
	case others > 0 || p.streams-p.started > 1:
		return fmt.Sprintf("  %d streams are complete except for the change feed", waiting)
	}
	line := "  change feed: processed up to " + processed.Format(time.DateTime)
	if p.refetched > 0 {
		line += fmt.Sprintf(", %s records re-fetched", formatNumber(p.refetched))
	}
	return line
}

// share returns how much of its list a stream has read. A lower bound before
// the account's creation is not reached, except in lists of imported records.
func (p *progress) share(s *streamProgress) (float64, bool) {
	b := s.bookmark
	if created := p.accountCreatedAt; created.After(b.Scan.LowerBound) && !b.Scan.LastCursor.Before(created) {
		b.Scan.LowerBound = created
	}
	return b.ScanProgress(s.stream)
}

// percent rounds a share down: only what has ended is at 100 %.
func percent(share float64) float64 { return min(99.9, math.Floor(1000*share)/10) }
