package singer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/conform"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
)

// A Writer writes messages, each whole, and those of a batch in one call. It
// belongs to one goroutine.
type Writer struct {
	// Log is where all else goes.
	Log *Log
	// Tally counts what Sync writes, and is logged at its end; nil for none.
	Summary *connector.Summary
	// Activate ends each stream that is always read whole with the message by
	// which targets put away the rows that are gone.
	Activate bool
	// Still leaves the state as it is, whatever is read.
	FreezeState bool

	out     io.Writer
	buf     []byte
	waiting time.Time // the last wait that was told
}

// NewWriter returns a Writer to out, which should not buffer.
func NewWriter(out io.Writer, log *Log) *Writer { return &Writer{Log: log, out: out} }

// Failed is the end of a sync some of whose streams failed. Its text is for
// the last line of the log.
type Failed struct{ text string }

func (f *Failed) Error() string { return f.text }

// pace is how often counters are logged.
const pace = time.Minute

// longLine is the length from which on some clients refuse a line.
const longLine = 4 << 20

// progress is what the writer knows of a stream under way.
type progress struct {
	*choice
	began   time.Time
	version int64 // of its records, for targets; 0 if they are not told
	count   int   // records since the counter was logged
	counted time.Time
	lost    map[conform.Nulled]int
	long    bool  // a line was longer than some can take
	fault   error // a record could not be written: the stream is over
}

// Schemas writes what the records of a selection look like, and nothing else.
func (w *Writer) Schemas(sel *Selection) error {
	w.warn(sel)
	for _, c := range sel.choices {
		if err := w.schema(c); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) warn(sel *Selection) {
	for _, warning := range sel.Warnings {
		w.Log.Print(Warn, warning.Stream, "%s", warning.Text)
	}
}

func (w *Writer) schema(c *choice) error {
	m := schemaMessage{Type: "SCHEMA", Stream: c.Name, Schema: c.shape.JSON(), Key: c.key}
	if !c.whole {
		m.Bookmarks = []string{c.Cursor}
	}
	l, err := line(m)
	if err == nil {
		_, err = w.out.Write(l)
	}
	return err
}

// Sync writes the batches of a run of what is selected. It begins and ends
// with a state; every state is complete, and true of all that stands above it.
// The error is a *Failed if any stream failed; ctx's cause, if the sync was
// interrupted; or the error to write.
func (w *Writer) Sync(ctx context.Context, batches iter.Seq2[connector.Batch, error], sel *Selection, state *State) error {
	w.warn(sel)
	began := time.Now()
	streams := map[*stream.Stream]*progress{}
	for _, c := range sel.choices {
		p := &progress{choice: c, began: began, counted: began, lost: map[conform.Nulled]int{}}
		if w.Activate && !w.FreezeState && !c.Incremental() {
			p.version = began.Unix()
		}
		streams[c.Stream] = p
	}
	w.buf = state.append(w.buf[:0])
	if _, err := w.out.Write(w.buf); err != nil {
		return err
	}
	told := true // the last line is the state
	var failures []failure
	for batch, err := range batches {
		p := streams[batch.Stream]
		switch {
		case p.fault != nil:
			continue // the stream is over for us
		case err == nil && batch.Kind == reader.Started:
			p.began, told = time.Now(), false
			if err := w.schema(p.choice); err != nil {
				return err
			}
			continue
		case err == nil:
			if told, err = w.batch(batch, p, state, told); err != nil {
				return err
			}
		}
		if err == nil {
			err = p.fault
		}
		if w.Summary.Add(batch, err); err != nil {
			failures = w.fail(failures, p, err)
		}
		if batch.Kind == reader.Done || err != nil {
			w.account(p)
			status := map[bool]string{true: "succeeded", false: "failed"}[err == nil]
			w.Log.Took(Info, "sync_duration", time.Since(p.began), map[string]any{"stream": p.Name, "status": status})
		}
	}
	if !told {
		w.buf = state.append(w.buf[:0])
		if _, err := w.out.Write(w.buf); err != nil {
			return err
		}
	}
	if w.Summary != nil {
		w.Log.Print(Info, "", "%s", w.Summary)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return sum(failures, len(sel.choices))
}

// batch writes a batch in one call, and the state that then holds if it has
// moved. Told says whether the last line before it was the state, and then
// whether the last line now is.
func (w *Writer) batch(b connector.Batch, p *progress, state *State, told bool) (bool, error) {
	switch b.Kind {
	case reader.RateLimited:
		if !b.Until.Equal(w.waiting) { // every stream says it
			w.waiting = b.Until
			w.Log.Print(Info, "", "the account's allowance is used up until %s", spell(b.Until))
		}
		return told, nil
	case reader.Warning:
		w.Log.Print(Warn, p.Name, "%s", b.Warning)
		return told, nil
	}
	w.buf = w.buf[:0]
	prefix := fmt.Appendf(nil, `{"type":"RECORD","stream":%q,"time_extracted":%q,`, p.Name, spell(time.Now()))
	if p.version > 0 {
		prefix = fmt.Appendf(prefix, `"version":%d,`, p.version)
	}
	prefix = append(prefix, `"record":`...)
	for _, rec := range b.Records {
		if p.fault = w.record(p, prefix, rec.Raw); p.fault != nil {
			return told, nil // its bookmark stays where it is, and so does what came with this one
		}
	}
	if b.Kind == reader.Done && p.version > 0 {
		l, err := line(activateMessage{"ACTIVATE_VERSION", p.Name, p.version})
		if err != nil {
			return told, err
		}
		w.buf = append(w.buf, l...)
	}
	if len(w.buf) > 0 {
		told = false
	}
	moved, err := w.move(state, p.choice, b)
	if err != nil {
		return told, err
	}
	if moved {
		w.buf, told = state.append(w.buf), true
	}
	p.count += len(b.Records)
	if time.Since(p.counted) >= pace {
		w.account(p)
	}
	if len(w.buf) == 0 {
		return told, nil
	}
	_, err = w.out.Write(w.buf)
	return told, err
}

// move takes a batch's bookmark into the state and reports whether that is
// news.
func (w *Writer) move(state *State, c *choice, b connector.Batch) (bool, error) {
	switch {
	case w.FreezeState, c.whole && b.Kind != reader.Done:
		return false, nil
	case c.whole:
		return state.set(c.Name, []byte("{}")), nil
	}
	mark, err := b.Bookmark.MarshalJSON() // by itself, since json.Marshal would escape what HTML needs
	return err == nil && state.set(c.Name, mark), err
}

// record appends the line of one record. An error means that no target could
// take it.
func (w *Writer) record(p *progress, prefix, raw []byte) error {
	before := len(w.buf)
	buf, changes, err := p.shape.Append(append(w.buf, prefix...), raw)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if slices.Contains(p.key, c.Column) {
			return fmt.Errorf("a record's key cannot be used: %s %v", c.Field, c.Reason)
		}
		p.lost[c]++
		w.Summary.CountNulled(p.Stream, c)
	}
	w.buf = append(buf, "}\n"...)
	if n := len(w.buf) - before; n > longLine && !p.long {
		p.long = true
		w.Log.Print(Warn, p.Name, "a record is %d MB long, more than some clients take", n>>20)
	}
	return nil
}

// account logs what has become of a stream's records.
func (w *Writer) account(p *progress) {
	w.Log.Count("record_count", p.count, map[string]any{"stream": p.Name})
	p.count, p.counted = 0, time.Now()
	for _, c := range slices.SortedFunc(maps.Keys(p.lost), func(a, b conform.Nulled) int { return cmp.Compare(a.Field, b.Field) }) {
		w.Log.Print(Warn, p.Name, "%d values of %s became null: what the API sent %v", p.lost[c], c.Field, c.Reason)
	}
	clear(p.lost)
}

// A failure is the end of a stream.
type failure struct {
	connector.Failure
	stream string
}

// fail logs what ended a stream; what ends all of them, once.
func (w *Writer) fail(failures []failure, p *progress, err error) []failure {
	f := failure{connector.Classify(p.Stream, err), p.Name}
	if !f.AllStreams || !slices.ContainsFunc(failures, func(f failure) bool { return f.AllStreams }) {
		w.Log.Print(Error, p.Name, "%s", f.Message)
	}
	var broken *connector.Panic
	if errors.As(err, &broken) {
		w.Log.Print(Error, p.Name, "%s", broken.Stack)
	}
	return append(failures, f)
}

// sum is the error of a whole sync.
func sum(failures []failure, streams int) error {
	if len(failures) == 0 {
		return nil
	}
	var names []string
	for _, f := range failures {
		if f.AllStreams {
			return &Failed{f.Message}
		}
		names = append(names, f.stream)
	}
	told := strings.Join(names[:min(len(names), 5)], ", ")
	if len(names) > 5 {
		told += ", …"
	}
	return &Failed{fmt.Sprintf("%d of %d streams failed (%s), the first of them so: %s", len(names), streams, told, failures[0].Message)}
}

// Sample reads one stream after the other, and of each only the first record.
func Sample(streams []*stream.Stream, read func(*stream.Stream) iter.Seq2[connector.Batch, error]) iter.Seq2[connector.Batch, error] {
	return func(yield func(connector.Batch, error) bool) {
		for _, s := range streams {
			for batch, err := range read(s) {
				found := len(batch.Records) > 0
				if found {
					batch.Records = batch.Records[:1]
				}
				if !yield(batch, err) || err != nil && connector.Classify(s, err).AllStreams {
					return
				}
				if found {
					batch.Kind, batch.Records = reader.Done, nil
					if !yield(batch, nil) {
						return
					}
					break
				}
			}
		}
	}
}
