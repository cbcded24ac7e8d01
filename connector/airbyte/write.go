package airbyte

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/conform"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// Tombstone is the column by which the protocol's destinations know a deleted
// record.
const Tombstone = "_ab_cdc_deleted_at"

// A Writer writes messages, each whole and in one call. It belongs to one
// goroutine.
type Writer struct {
	out io.Writer
	// Debug lets messages of that level through.
	Debug bool
	// Mask hides secrets in texts; nil hides nothing.
	Mask func(string) string
	// Privacy is what is not to be shown of records.
	Privacy *config.Privacy
	// Tally counts what Sync writes, and is its last line but one; nil for none.
	Summary *connector.Summary

	buf []byte
}

// NewWriter returns a Writer to out, which should not buffer.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// ErrFailed says that a command ended with an error which has been reported.
var ErrFailed = errors.New("reported")

// Spec writes the specification.
func (w *Writer) Spec(documentation string) error {
	return w.send(message{Type: "SPEC", Spec: &spec{
		DocumentationURL: documentation,
		Protocol:         "0.2.0", Incremental: true, Destinations: []string{},
		Connection: flat(config.Spec()), Auth: flat([]byte(button)),
	}})
}

// Control writes a configuration that has changed, whole: the platform puts it
// in the place of the one it has. This may be done beside another Writer if the
// output they share takes whole writes one after the other.
func (w *Writer) Control(config []byte) error {
	return w.send(message{Type: "CONTROL", Control: &control{"CONNECTOR_CONFIG", millis(time.Now()), carrier{flat(config)}}})
}

// Check writes whether the account can be read. A check that says no has
// done its work: only an error to write is returned.
func (w *Writer) Check(err error) error {
	if err == nil {
		return w.send(message{Type: "CONNECTION_STATUS", Connection: &connection{Status: "SUCCEEDED"}})
	}
	return w.send(message{Type: "CONNECTION_STATUS", Connection: &connection{
		Status: "FAILED", Message: w.mask(connector.Classify(nil, err).Message)}})
}

// Catalog writes the streams.
func (w *Writer) Catalog(streams []*stream.Stream) error {
	all, err := discovered(streams, w.Privacy)
	if err != nil {
		return err
	}
	return w.send(message{Type: "CATALOG", Catalog: all})
}

// Log writes a line for people. Levels are those of the protocol.
func (w *Writer) Log(level, format string, args ...any) error {
	if level == "DEBUG" && !w.Debug {
		return nil
	}
	return w.send(message{Type: "LOG", Log: &logLine{level, w.mask(fmt.Sprintf(format, args...))}})
}

// Fail reports an error that belongs to no stream, and returns ErrFailed.
func (w *Writer) Fail(err error) error {
	if err := w.trace(failure{Failure: connector.Classify(nil, err), err: err}); err != nil {
		return err
	}
	return ErrFailed
}

func (w *Writer) mask(text string) string {
	if w.Mask != nil {
		text = w.Mask(text)
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

func (w *Writer) send(m message) error {
	l, err := line(m)
	if err != nil {
		return err
	}
	_, err = w.out.Write(l)
	return err
}

// A failure is an error that waits for the end of the sync to be reported.
type failure struct {
	connector.Failure
	stream string // "" for the whole sync
	err    error
}

var types = map[connector.FailureType]string{
	connector.TransientFailure: "transient_error",
	connector.SystemFailure:    "system_error",
	connector.ConfigFailure:    "config_error",
}

// trace writes a failure. The platform sorts failures by their stamps, so no
// two have the same.
func (w *Writer) trace(f failure) error {
	time.Sleep(time.Millisecond)
	e := &failed{Message: w.mask(f.Message), Type: types[f.Type]}
	if f.err != nil {
		e.Internal = w.mask(f.err.Error())
	}
	var p *connector.Panic
	if errors.As(f.err, &p) {
		e.Stack = w.mask(string(p.Stack))
	}
	if f.stream != "" && !f.AllStreams {
		e.Stream = &descriptor{f.stream}
	}
	return w.send(message{Type: "TRACE", Trace: &trace{Type: "ERROR", Emitted: millis(time.Now()), Error: e}})
}

func (w *Writer) status(stream, s string, reasons ...reason) error {
	return w.send(message{Type: "TRACE", Trace: &trace{Type: "STREAM_STATUS", Emitted: millis(time.Now()),
		Status: &status{descriptor{stream}, s, reasons}}})
}

// progress is what the writer knows of a stream under way.
type progress struct {
	stream  *stream.Stream
	shape   *conform.Schema
	prefix  []byte
	running bool
	count   int    // records since the last state
	stored  []byte // the latest bookmark that was written
	total   int
}

// Sync writes the batches of a run: statuses, records, and after each batch
// the state that holds from there. The errors of streams are kept
// and reported at the end, those that may pass first: the platform gives up at
// once if the first one is the user's. It returns ErrFailed if any stream
// failed, ctx's error if it was interrupted, or the error to write.
func (w *Writer) Sync(ctx context.Context, batches iter.Seq2[connector.Batch, error], unknown []string) error {
	if err := w.Log("INFO", "Starting syncing"); err != nil {
		return err
	}
	var failures []failure
	for _, name := range unknown {
		if err := w.Log("WARN", "the stream %q is not of this source and was skipped", name); err != nil {
			return err
		}
		w.Summary.Warn(fmt.Sprintf("the stream %q is not of this source and was skipped", name))
		text := fmt.Sprintf("The stream %q does not exist. Refresh the source's schema and deselect it%s", name, config.DidYouMean(name, streams.Names()))
		if s := streams.Lookup(name); s != nil { // as another connector calls it
			text = fmt.Sprintf("The stream %q is called %s here. Refresh the source's schema and select that", name, s.Name)
		}
		failures = append(failures, failure{connector.Failure{Type: connector.ConfigFailure, Message: text}, name, nil})
	}
	streams := map[*stream.Stream]*progress{}
	for batch, err := range batches {
		p := streams[batch.Stream]
		if p == nil {
			s, err := w.Privacy.Rules(batch.Stream).Compile(batch.Stream.Schema(Tombstone), nil)
			if err != nil {
				return w.Fail(err)
			}
			p = &progress{stream: batch.Stream, shape: s, prefix: fmt.Appendf(nil, `{"type":"RECORD","record":{"stream":%q,"emitted_at":`, batch.Stream.Name)}
			streams[batch.Stream] = p
		}
		if err != nil {
			f := connector.Classify(batch.Stream, err)
			told := f.AllStreams && len(failures) > 0 // what ends all of them is told once
			failures = append(failures, failure{f, batch.Stream.Name, err})
			w.Summary.Add(batch, err)
			if err = nil; !told {
				err = w.Log("ERROR", "the stream %s failed: %s", batch.Stream.Name, f.Message)
			}
		} else {
			if err = w.batch(batch, p); err == nil {
				w.Summary.Add(batch, nil)
			}
		}
		if err != nil {
			return err
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if w.Summary != nil {
		if err := w.Log("INFO", "%s", w.Summary); err != nil {
			return err
		}
	}
	if err := w.report(failures); err != nil {
		return err
	}
	return w.Log("INFO", "Finished syncing")
}

// batch writes a batch in one call.
func (w *Writer) batch(b connector.Batch, p *progress) error {
	name := b.Stream.Name
	switch b.Kind {
	case reader.Started:
		return w.status(name, "STARTED")
	case reader.RateLimited:
		p.running = true
		limited := reason{Type: "RATE_LIMITED"}
		limited.RateLimited.QuotaReset = millis(b.Until)
		return w.status(name, "RUNNING", limited)
	case reader.Warning:
		return w.Log("WARN", "%s: %s", name, b.Warning)
	}
	if !p.running {
		p.running = true
		if err := w.status(name, "RUNNING"); err != nil {
			return err
		}
	}
	if err := w.records(b, p); err != nil || b.Kind != reader.Done {
		return err
	}
	if err := w.status(name, "COMPLETE"); err != nil {
		return err
	}
	return w.Log("INFO", "Read %d records from %s stream", p.total, name)
}

// records writes the records of a batch and the state that is valid then. The
// state of a full refresh is always the same, and is written at its end. A state
// is not repeated after records: the next one that differs covers them.
func (w *Writer) records(b connector.Batch, p *progress) error {
	w.buf = w.buf[:0]
	for _, rec := range b.Records {
		if err := w.record(p, rec.Raw); err != nil {
			return fmt.Errorf("%s: %w", b.Stream.Name, err)
		}
		p.count++
		p.total++
	}
	stored, err := b.Bookmark.MarshalJSON()
	if err != nil {
		return err
	}
	done, changed := b.Kind == reader.Done, !bytes.Equal(stored, p.stored)
	if b.Bookmark.Resumable() && (changed || p.count == 0) && !done || done && (changed || p.count > 0) {
		l, err := line(message{Type: "STATE", State: &stateMessage{"STREAM", streamState{descriptor{b.Stream.Name}, b.Bookmark},
			stats{json.RawMessage(strconv.Itoa(p.count) + ".0")}}})
		if err != nil {
			return err
		}
		w.buf, p.count, p.stored = append(w.buf, l...), 0, stored
	}
	if len(w.buf) == 0 {
		return nil
	}
	_, err = w.out.Write(w.buf)
	return err
}

// record appends the line of one record.
func (w *Writer) record(p *progress, raw []byte) error {
	w.buf = append(w.buf, p.prefix...)
	w.buf = strconv.AppendInt(w.buf, millis(time.Now()), 10)
	w.buf = append(w.buf, `,"data":`...)
	buf, changes, err := p.shape.Append(w.buf, raw)
	if err != nil {
		return err
	}
	w.buf = buf
	for i, c := range changes {
		if i == 0 {
			w.buf = append(w.buf, `,"meta":{"changes":[`...)
		} else {
			w.buf = append(w.buf, ',')
		}
		reason := "SOURCE_SERIALIZATION_ERROR"
		if c.Reason == conform.TooLarge {
			reason = "SOURCE_FIELD_SIZE_LIMITATION"
		}
		w.Summary.CountNulled(p.stream, c)
		w.buf = fmt.Appendf(w.buf, `{"field":%q,"change":"NULLED","reason":%q}`, c.Field, reason)
	}
	if len(changes) > 0 {
		w.buf = append(w.buf, `]}`...)
	}
	w.buf = append(w.buf, "}}\n"...)
	return nil
}

// report writes the failures of a sync, and one for the whole of it.
func (w *Writer) report(failures []failure) error {
	if len(failures) == 0 {
		return nil
	}
	slices.SortStableFunc(failures, func(a, b failure) int { return cmp.Compare(a.Type, b.Type) })
	var names []string
	for i, f := range failures {
		// What ended all streams at once is told once.
		if i == 0 || !f.AllStreams || !failures[i-1].AllStreams {
			if err := w.trace(f); err != nil {
				return err
			}
		}
		if err := w.status(f.stream, "INCOMPLETE"); err != nil {
			return err
		}
		names = append(names, f.stream)
	}
	all := failure{Failure: connector.Failure{
		Type:    failures[0].Type,
		Message: "During the sync, the following streams did not sync successfully: " + strings.Join(names, ", "),
	}}
	if err := w.trace(all); err != nil {
		return err
	}
	return ErrFailed
}
