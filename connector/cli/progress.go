package cli

import (
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"golang.org/x/term"

	"source-gorgias/connector"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progress is one line on a terminal that tells how a sync is getting on. It
// is drawn between batches, by the goroutine that reads them.
type progress struct {
	out      io.Writer
	account  *account
	began    time.Time
	drawn    time.Time
	streams  int
	finished int
	records  int
	current  string
	share    map[string]float64 // how much of its span each stream under way has read
	before   map[string]float64 // and had read when it was begun or resumed
}

func newProgress(out io.Writer, streams int, a *account) *progress {
	return &progress{out: out, account: a, streams: streams, began: time.Now(), share: map[string]float64{}, before: map[string]float64{}}
}

// watch passes batches through and draws what they tell.
func (p *progress) watch(batches iter.Seq2[connector.Batch, error]) iter.Seq2[connector.Batch, error] {
	return func(yield func(connector.Batch, error) bool) {
		for batch, err := range batches {
			p.note(batch, err)
			if !yield(batch, err) {
				return
			}
		}
	}
}

func (p *progress) note(b connector.Batch, err error) {
	p.records += len(b.Records)
	p.current = b.Stream.Name
	if b.Last || err != nil {
		p.finished++
		delete(p.share, b.Stream.Name)
	} else if share, ok := b.Bookmark.Share(b.Stream); ok {
		p.share[b.Stream.Name] = share
		if _, known := p.before[b.Stream.Name]; !known {
			p.before[b.Stream.Name] = share
		}
	}
	if time.Since(p.drawn) > 100*time.Millisecond {
		p.draw()
	}
}

func (p *progress) draw() {
	p.drawn = time.Now()
	used, limit := p.account.budget.Usage()
	text := fmt.Sprintf("%d/%d streams  %d records  %d requests  %.0f%% of the allowance in use  %s",
		p.finished, p.streams, p.records, p.account.budget.Sent(), 100*used/max(1, limit), p.current)
	if left, ok := p.left(); ok {
		text += "  about " + left.Round(time.Second).String() + " left"
	}
	if f, ok := p.out.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && len(text) >= width {
			text = text[:max(0, width-1)]
		}
	}
	fmt.Fprint(p.out, "\r\x1b[K"+text)
}

// left estimates the rest from the slowest stream under way, by the span of
// time it has read and has yet to read. The streams that have not begun are
// not in it.
func (p *progress) left() (time.Duration, bool) {
	slowest := 0.0
	for name, share := range p.share {
		done := share - p.before[name]
		if done < 0.01 {
			return 0, false
		}
		slowest = max(slowest, (1-share)/done)
	}
	return time.Duration(float64(time.Since(p.began)) * slowest), len(p.share) > 0
}

// close leaves the last state of things on the terminal.
func (p *progress) close() {
	p.current = ""
	clear(p.share)
	p.draw()
	fmt.Fprintln(p.out)
}
