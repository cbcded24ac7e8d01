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

// A Writer writes messages, those of a batch with one call of Write. It belongs
// to one goroutine.
type Writer struct {
	// Log gets everything that is not a message.
	Log *Log
	// Summary counts what Sync writes. Sync logs it at the end. It may be nil.
	Summary *connector.Summary
	// ActivateVersions ends each stream without a cursor with the message by
	// which targets remove rows that no longer exist.
	ActivateVersions bool
	// FreezeState leaves the state as it is, whatever is read.
	FreezeState bool

	out         io.Writer
	buf         []byte
	stateIsLast bool      // the last message is the current state
	limited     time.Time // the end of the last rate limit that was logged
}

// NewWriter returns a Writer to out, which should not buffer.
func NewWriter(out io.Writer, log *Log) *Writer { return &Writer{Log: log, out: out} }

// A SyncError ends a sync with failed streams. Its text is for the last line of
// the log.
type SyncError struct{ text string }

func (e *SyncError) Error() string { return e.text }

// metricsInterval is how often counters are logged.
const metricsInterval = time.Minute

// maxLine is the length that some clients allow for a line.
const maxLine = 4 << 20

// output is the state of one stream's output.
type output struct {
	*selectedStream
	startedAt time.Time
	version   int64 // of the stream's rows in the target; 0 if it has none
	records   int   // since the counter was logged
	countedAt time.Time
	nulled    map[conform.Nulled]int
	longLine  bool  // a line was longer than maxLine
	unusable  int   // records left out: the catalog's own schema makes their key null
	err       error // a record could not be written, which ends the stream
}

// WriteSchemas writes the schemas of the selected streams, and no records.
func (w *Writer) WriteSchemas(sel *Selection) error {
	w.warn(sel)
	for _, s := range sel.streams {
		if err := w.writeSchema(s); err != nil {
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

func (w *Writer) writeSchema(s *selectedStream) error {
	m := schemaMessage{Type: "SCHEMA", Stream: s.Name, Schema: s.schema.JSON(), Key: s.key}
	if !s.fullTable {
		m.Bookmarks = []string{s.Cursor}
	}
	line, err := connector.EncodeLine(m)
	if err == nil {
		w.stateIsLast = false
		_, err = w.out.Write(line)
	}
	return err
}

func (w *Writer) writeState(state *State) error {
	w.buf, w.stateIsLast = state.append(w.buf[:0]), true
	_, err := w.out.Write(w.buf)
	return err
}

// Sync writes the batches of a sync of the selected streams. It begins and ends
// with a state. Every state is complete, and valid for the records before it.
// The error is a *SyncError if a stream failed, the cause of ctx if the sync was
// interrupted, or the error of the output.
func (w *Writer) Sync(ctx context.Context, batches iter.Seq2[connector.Batch, error], sel *Selection, state *State) error {
	w.warn(sel)
	outputs := w.newOutputs(sel)
	if err := w.writeState(state); err != nil {
		return err
	}
	var failures connector.Failures
	for batch, err := range batches {
		if err := w.take(outputs[batch.Stream], batch, err, state, &failures); err != nil {
			return err
		}
	}
	if !w.stateIsLast {
		if err := w.writeState(state); err != nil {
			return err
		}
	}
	if w.Summary != nil {
		w.Log.Print(Info, "", "%s", w.Summary)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return syncError(failures, len(sel.streams))
}

// take writes a batch, or the end of its stream with an error. Its own error is
// one of the output.
func (w *Writer) take(o *output, batch connector.Batch, err error, state *State, failures *connector.Failures) error {
	if batch.Kind == reader.Heartbeat {
		return w.heartbeat(o, state)
	}
	if o.err != nil {
		return nil // the stream has ended here
	}
	if err == nil {
		if err := w.writeBatch(o, batch, state); err != nil {
			return err
		}
		err = o.err
	}
	w.Summary.Add(batch, err)
	if err != nil {
		w.logFailure(failures.Add(batch.Stream, err))
		w.endStream(o, "failed")
	} else if batch.Kind == reader.Done {
		w.endStream(o, "succeeded")
	}
	return nil
}

// heartbeat writes the state again, which every moment of a sync may do.
func (w *Writer) heartbeat(o *output, state *State) error {
	w.logMetricsIfDue(o)
	return w.writeState(state) //rule:heartbeat-repeats-the-state
}

func (w *Writer) newOutputs(sel *Selection) map[*stream.Stream]*output {
	now := time.Now()
	outputs := map[*stream.Stream]*output{}
	for _, s := range sel.streams {
		o := &output{selectedStream: s, startedAt: now, countedAt: now, nulled: map[conform.Nulled]int{}}
		if w.ActivateVersions && !w.FreezeState && !s.Incremental() {
			o.version = now.Unix()
		}
		outputs[s.Stream] = o
	}
	return outputs
}

func (w *Writer) writeBatch(o *output, b connector.Batch, state *State) error {
	switch b.Kind {
	case reader.Started:
		o.startedAt = time.Now()
		return w.writeSchema(o.selectedStream)
	case reader.RateLimited:
		if !b.Until.Equal(w.limited) { // there is a batch for every stream
			w.limited = b.Until
			w.Log.Print(Info, "", "rate limited until %s", formatTime(b.Until))
		}
		return nil
	case reader.Warning:
		w.Log.Print(Warn, o.Name, "%s", b.Warning)
		return nil
	}
	return w.writeRecords(o, b, state)
}

// writeRecords writes the records of a batch, and the state that is valid after
// them if it has changed, with one call of Write. If a record cannot be written,
// it writes nothing and sets o.err.
func (w *Writer) writeRecords(o *output, b connector.Batch, state *State) error {
	prefix := fmt.Appendf(nil, `{"type":"RECORD","stream":%q,"time_extracted":%q,`, o.Name, formatTime(time.Now()))
	if o.version > 0 {
		prefix = fmt.Appendf(prefix, `"version":%d,`, o.version)
	}
	prefix = append(prefix, `"record":`...)
	if b.Kind == reader.Done && o.unusable > 0 {
		o.err = fmt.Errorf("%d records were left out, because %s, the key that the catalog declares, is null in them or cannot hold their values; all others were written. Correct the catalog, and read the stream once without its state",
			o.unusable, strings.Join(o.key, ", "))
		return nil
	}
	w.buf = w.buf[:0]
	for _, rec := range b.Records {
		w.appendRecord(o, prefix, rec.Raw)
	}
	if b.Kind == reader.Done && o.version > 0 {
		line, err := connector.EncodeLine(activateMessage{"ACTIVATE_VERSION", o.Name, o.version})
		if err != nil {
			return err
		}
		w.buf = append(w.buf, line...)
	}
	changed, err := w.advanceState(state, o, b)
	switch {
	case err != nil:
		return err
	case changed:
		w.buf, w.stateIsLast = state.append(w.buf), true
	case len(w.buf) > 0:
		w.stateIsLast = false
	}
	o.records += len(b.Records)
	w.logMetricsIfDue(o)
	if len(w.buf) > 0 {
		_, err = w.out.Write(w.buf)
	}
	return err
}

// advanceState puts a batch's bookmark into the state, and reports whether that
// has changed it.
func (w *Writer) advanceState(state *State, o *output, b connector.Batch) (bool, error) {
	switch {
	case w.FreezeState, o.fullTable && b.Kind != reader.Done:
		return false, nil
	case o.fullTable:
		return state.Streams.Set(o.Name, []byte("{}")), nil
	}
	bookmark, err := b.Bookmark.MarshalJSON() // json.Marshal would escape & < >
	return err == nil && state.Streams.Set(o.Name, bookmark), err
}

// appendRecord appends a RECORD message, unless the record's key became null. The
// tap's own schemas make no key null: rows without one are not among the records.
func (w *Writer) appendRecord(o *output, prefix, raw []byte) {
	start := len(w.buf)
	buf, nulled := o.schema.AppendValid(append(w.buf, prefix...), raw)
	if o.isKeyNull(buf[start+len(prefix):], nulled) { //rule:null-keys-are-not-written
		o.unusable++
		return
	}
	for _, n := range nulled {
		o.nulled[n]++
		w.Summary.CountNulled(o.Stream, n)
	}
	w.buf = append(buf, "}\n"...)
	if n := len(w.buf) - start; n > maxLine && !o.longLine {
		o.longLine = true
		w.Log.Print(Warn, o.Name, "a record is %d MB, which exceeds the limit of some clients", n>>20)
	}
}

// isKeyNull reports whether a column of the key that the catalog declares is null
// in a conformed record.
func (o *output) isKeyNull(record []byte, nulled []conform.Nulled) bool {
	if slices.ContainsFunc(nulled, func(n conform.Nulled) bool { return slices.Contains(o.key, n.Column) }) {
		return true
	}
	if slices.Equal(o.key, o.Key) {
		return false // no row without it is read
	}
	values := make([][]byte, len(o.key))
	conform.Fields(record, o.key, values)
	return slices.ContainsFunc(values, stream.IsNull)
}

func (w *Writer) logMetricsIfDue(o *output) {
	if time.Since(o.countedAt) >= metricsInterval {
		w.logMetrics(o)
	}
}

// logMetrics logs the number of records, and warns of values set to null.
func (w *Writer) logMetrics(o *output) {
	w.Log.Counter("record_count", o.records, map[string]any{"stream": o.Name})
	o.records, o.countedAt = 0, time.Now()
	for _, n := range slices.SortedFunc(maps.Keys(o.nulled), func(a, b conform.Nulled) int { return cmp.Compare(a.Field, b.Field) }) {
		w.Log.Print(Warn, o.Name, "%d values of %s were set to null: the API's value %v", o.nulled[n], n.Field, n.Reason)
	}
	clear(o.nulled)
}

func (w *Writer) endStream(o *output, status string) {
	w.logMetrics(o)
	w.Log.Timer(Info, "sync_duration", time.Since(o.startedAt), map[string]any{"stream": o.Name, "status": status})
}

func (w *Writer) logFailure(f connector.StreamFailure) {
	if !f.Repeated {
		w.Log.Print(Error, f.Stream, "%s", f.Message)
	}
	var p *connector.Panic
	if errors.As(f.Err, &p) {
		w.Log.Print(Error, f.Stream, "%s", p.Stack)
	}
}

// syncError returns the error of a sync of so many streams.
func syncError(failures connector.Failures, streams int) error {
	if len(failures) == 0 {
		return nil
	}
	var names []string
	for _, f := range failures {
		if f.AllStreams {
			return &SyncError{f.Message}
		}
		names = append(names, f.Stream)
	}
	const maxNames = 5
	list := strings.Join(names[:min(len(names), maxNames)], ", ")
	if len(names) > maxNames {
		list += ", …"
	}
	return &SyncError{fmt.Sprintf("%d of %d streams failed (%s); the first error: %s", len(names), streams, list, failures[0].Message)}
}

// FirstRecords reads the streams one after the other, each up to its first
// record.
func FirstRecords(streams []*stream.Stream, read func(*stream.Stream) iter.Seq2[connector.Batch, error]) iter.Seq2[connector.Batch, error] {
	return func(yield func(connector.Batch, error) bool) {
		for _, s := range streams {
			if !firstRecord(read(s), yield) {
				return
			}
		}
	}
}

// firstRecord yields the batches of one stream up to its first record. It
// reports whether the next stream can be read.
func firstRecord(batches iter.Seq2[connector.Batch, error], yield func(connector.Batch, error) bool) bool {
	for batch, err := range batches {
		found := len(batch.Records) > 0
		batch.Records = batch.Records[:min(1, len(batch.Records))]
		if !yield(batch, err) || err != nil && connector.Classify(batch.Stream, err).AllStreams {
			return false
		}
		if found && batch.Kind != reader.Done {
			batch.Kind, batch.Records = reader.Done, nil
			return yield(batch, nil)
		}
	}
	return true
}
