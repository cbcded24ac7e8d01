package connector

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"source-gorgias/connector/stream"
)

// EncodeLine writes a protocol message as JSON on one line.
func EncodeLine(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return []byte(LineBreaks.Replace(buf.String())), err
}

// LineBreaks escapes what some readers of JSON lines take for the end of a
// line.
var LineBreaks = strings.NewReplacer("\u0085", `\u0085`, "\u2028", `\u2028`, "\u2029", `\u2029`)

// A StreamFailure is the error that ended a stream.
type StreamFailure struct {
	Failure
	Stream string
	Err    error
	// Repeated is set if the error ended all streams and has been reported for
	// another one.
	Repeated bool
}

// Failures are the errors that ended the streams of a sync, in their order.
type Failures []StreamFailure

// Add classifies the error that ended a stream, and adds it.
func (f *Failures) Add(s *stream.Stream, err error) StreamFailure {
	failure := StreamFailure{Failure: Classify(s, err), Stream: s.Name, Err: err}
	failure.Repeated = failure.AllStreams && slices.ContainsFunc(*f, func(earlier StreamFailure) bool { return earlier.AllStreams })
	*f = append(*f, failure)
	return failure
}
