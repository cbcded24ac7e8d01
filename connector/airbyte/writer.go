package airbyte

import (
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

// TombstoneColumn is the column by which destinations recognize a tombstone.
const TombstoneColumn = "_ab_cdc_deleted_at"

// A Writer writes messages, each with one call of Write. It belongs to one
// goroutine.
type Writer struct {
	out io.Writer
	// Debug enables messages of the level DEBUG.
	Debug bool
	// Redact removes secrets from logs and error messages; nil removes none.
	Redact func(string) string
	// Privacy are the rules for fields that are hidden from destinations.
	Privacy *config.Privacy
	// Columns are the columns to write, by stream name; without an entry, all are
	// written.
	Columns map[string][]string
	// Summary counts what Sync writes. Sync logs it at the end. It may be nil.
	Summary *connector.Summary

	buf []byte
}

// NewWriter returns a Writer to out, which should not buffer.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// ErrFailed ends a command whose error has been written.
var ErrFailed = errors.New("reported")

// Spec writes the specification.
func (w *Writer) Spec(documentation string) error {
	return w.send(message{Type: "SPEC", Spec: &spec{
		DocumentationURL: documentation,
		Protocol:         "0.2.0", Incremental: true, Destinations: []string{},
		Connection: config.Spec(), Auth: json.RawMessage(advancedAuth),
	}})
}

// Control writes a changed configuration, which replaces the platform's. It may
// run concurrently with another Writer if the output that they share is safe
// for concurrent writes.
func (w *Writer) Control(config []byte) error {
	return w.send(message{Type: "CONTROL", Control: &control{"CONNECTOR_CONFIG", millis(time.Now()), connectorConfig{config}}})
}

// Check writes whether the account can be read, or the error that prevents it.
// It returns only errors of the output.
func (w *Writer) Check(err error) error {
	if err == nil {
		return w.send(message{Type: "CONNECTION_STATUS", Connection: &connection{Status: "SUCCEEDED"}})
	}
	return w.send(message{Type: "CONNECTION_STATUS", Connection: &connection{
		Status: "FAILED", Message: w.redact(connector.Classify(nil, err).Message)}})
}

// Catalog writes the streams.
func (w *Writer) Catalog(streams []*stream.Stream) error {
	all, err := discover(streams, w.Privacy)
	if err != nil {
		return err
	}
	return w.send(message{Type: "CATALOG", Catalog: all})
}

// Log writes a log message. Levels are those of the protocol. Like Control, it may
// run concurrently with another Writer.
func (w *Writer) Log(level, format string, args ...any) error {
	if level == "DEBUG" && !w.Debug {
		return nil
	}
	return w.send(message{Type: "LOG", Log: &logLine{level, w.redact(fmt.Sprintf(format, args...))}})
}

// Fail writes an error that belongs to no stream, and returns ErrFailed.
func (w *Writer) Fail(err error) error {
	if err := w.trace(connector.StreamFailure{Failure: connector.Classify(nil, err), Err: err}); err != nil {
		return err
	}
	return ErrFailed
}

func (w *Writer) redact(text string) string {
	if w.Redact != nil {
		text = w.Redact(text)
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

func (w *Writer) send(m message) error {
	line, err := connector.EncodeLine(m)
	if err != nil {
		return err
	}
	_, err = w.out.Write(line)
	return err
}

var failureTypes = map[connector.FailureType]string{
	connector.TransientFailure: "transient_error",
	connector.SystemFailure:    "system_error",
	connector.ConfigFailure:    "config_error",
}

// trace writes a failure. The platform sorts failures by their timestamps, so
// no two have the same.
func (w *Writer) trace(f connector.StreamFailure) error {
	time.Sleep(time.Millisecond)
	e := &failed{Message: w.redact(f.Message), Type: failureTypes[f.Type]}
	if f.Err != nil {
		e.Internal = w.redact(f.Err.Error())
	}
	var p *connector.Panic
	if errors.As(f.Err, &p) {
		e.Stack = w.redact(string(p.Stack))
	}
	if f.Stream != "" && !f.AllStreams {
		e.Stream = &descriptor{f.Stream}
	}
	return w.send(message{Type: "TRACE", Trace: &trace{Type: "ERROR", Emitted: millis(time.Now()), Error: e}})
}

func (w *Writer) status(stream, s string, reasons ...reason) error {
	return w.send(message{Type: "TRACE", Trace: &trace{Type: "STREAM_STATUS", Emitted: millis(time.Now()),
		Status: &status{descriptor{stream}, s, reasons}}})
}

// output is the state of one stream's output.
type output struct {
	stream  *stream.Stream
	schema  *conform.Schema
	prefix  []byte
	running bool   // the status RUNNING has been written
	stored  []byte // the bookmark in the last STATE message
	records int    // since the last STATE message
	total   int
}

// Sync writes the batches of a sync: stream statuses, records, and after the
// records of each batch the state that they complete. Failed streams are
// reported at the end, transient failures first, because the platform does not
// retry if the first one is a config error. unknown are the selected streams
// that this source does not have. Sync returns ErrFailed if a stream failed,
// the cause of ctx if it was interrupted, or the error of the output.
func (w *Writer) Sync(ctx context.Context, batches iter.Seq2[connector.Batch, error], unknown []string) error {
	if err := w.Log("INFO", "Starting syncing"); err != nil {
		return err
	}
	var failures connector.Failures
	for _, name := range unknown {
		failures = append(failures, unknownStream(name))
		text := fmt.Sprintf("the stream %q does not exist and was skipped", name)
		if err := w.Log("WARN", "%s", text); err != nil {
			return err
		}
		w.Summary.Warn(text)
	}
	outputs := map[*stream.Stream]*output{}
	for batch, err := range batches {
		if err != nil {
			err = w.failStream(&failures, batch, err)
		} else {
			err = w.writeBatch(outputs, batch)
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

// unknownStream is the failure of a selected stream that does not exist.
func unknownStream(name string) connector.StreamFailure {
	text := fmt.Sprintf("The stream %q does not exist. Refresh the source's schema and deselect it%s", name, config.DidYouMean(name, streams.Names()))
	if s := streams.Lookup(name); s != nil { // the name in another connector
		text = fmt.Sprintf("The stream %q is called %s here. Refresh the source's schema and select that", name, s.Name)
	}
	return connector.StreamFailure{Failure: connector.Failure{Type: connector.ConfigFailure, Message: text}, Stream: name}
}

// failStream notes and logs the error that ended a stream.
func (w *Writer) failStream(failures *connector.Failures, b connector.Batch, err error) error {
	w.Summary.Add(b, err)
	f := failures.Add(b.Stream, err)
	if f.Repeated {
		return nil
	}
	return w.Log("ERROR", "the stream %s failed: %s", f.Stream, f.Message)
}

func (w *Writer) writeBatch(outputs map[*stream.Stream]*output, b connector.Batch) error {
	o := outputs[b.Stream]
	if o == nil {
		schema, err := compile(b.Stream, w.Privacy, w.Columns[b.Stream.Name]) //rule:unconfigured-columns-are-not-written
		if err != nil {
			return err
		}
		o = &output{stream: b.Stream, schema: schema, prefix: fmt.Appendf(nil, `{"type":"RECORD","record":{"stream":%q,"emitted_at":`, b.Stream.Name)}
		outputs[b.Stream] = o
	}
	var err error
	switch b.Kind {
	case reader.Started:
		err = w.status(b.Stream.Name, "STARTED")
	case reader.RateLimited:
		limited := reason{Type: "RATE_LIMITED"}
		limited.RateLimited.QuotaReset = millis(b.Until)
		o.running = true
		err = w.status(b.Stream.Name, "RUNNING", limited)
	case reader.Warning:
		err = w.Log("WARN", "%s: %s", b.Stream.Name, b.Warning)
	default:
		err = w.writeRecords(o, b)
	}
	if err == nil {
		w.Summary.Add(b, nil)
	}
	return err
}

// writeRecords writes the records of a batch and the state that is valid after
// them with one call of Write, and ends the stream if it is done.
func (w *Writer) writeRecords(o *output, b connector.Batch) error {
	name, done := b.Stream.Name, b.Kind == reader.Done
	if !o.running {
		o.running = true
		if err := w.status(name, "RUNNING"); err != nil {
			return err
		}
	}
	w.buf = w.buf[:0]
	for _, rec := range b.Records {
		w.appendRecord(o, rec.Raw)
		o.records++
		o.total++
	}
	if err := w.appendState(o, b); err != nil {
		return err
	}
	if len(w.buf) > 0 {
		if _, err := w.out.Write(w.buf); err != nil {
			return err
		}
	}
	if !done {
		return nil
	}
	if err := w.status(name, "COMPLETE"); err != nil {
		return err
	}
	return w.Log("INFO", "Read %d records from %s stream", o.total, name)
}

// appendRecord appends a RECORD message.
func (w *Writer) appendRecord(o *output, raw []byte) {
	w.buf = append(w.buf, o.prefix...)
	w.buf = strconv.AppendInt(w.buf, millis(time.Now()), 10)
	w.buf = append(w.buf, `,"data":`...)
	buf, nulled := o.schema.AppendValid(w.buf, raw)
	separator := `,"meta":{"changes":[`
	for _, n := range nulled {
		reason := "SOURCE_SERIALIZATION_ERROR"
		if n.Reason == conform.TooLarge {
			reason = "SOURCE_FIELD_SIZE_LIMITATION"
		}
		w.Summary.CountNulled(o.stream, n)
		buf = fmt.Appendf(buf, `%s{"field":%q,"change":"NULLED","reason":%q}`, separator, n.Field, reason)
		separator = ","
	}
	if len(nulled) > 0 {
		buf = append(buf, `]}`...)
	}
	w.buf = append(buf, "}}\n"...)
}

// report writes the failures of a sync, and one for the sync as a whole.
func (w *Writer) report(failures connector.Failures) error {
	if len(failures) == 0 {
		return nil
	}
	slices.SortStableFunc(failures, func(a, b connector.StreamFailure) int { return cmp.Compare(a.Type, b.Type) })
	var names []string
	for _, f := range failures {
		if !f.Repeated {
			if err := w.trace(f); err != nil {
				return err
			}
		}
		if err := w.status(f.Stream, "INCOMPLETE"); err != nil {
			return err
		}
		names = append(names, f.Stream)
	}
	all := connector.Failure{
		Type:    failures[0].Type,
		Message: "During the sync, the following streams did not sync successfully: " + strings.Join(names, ", "),
	}
	if err := w.trace(connector.StreamFailure{Failure: all}); err != nil {
		return err
	}
	return ErrFailed
}
