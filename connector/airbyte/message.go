// Package airbyte is the pen of the Airbyte protocol: it writes messages to
// standard output and reads configured catalogs and states.
package airbyte

import (
	"bytes"
	"encoding/json"
	"time"
)

// The envelopes, as airbyte_protocol.yaml has them. A field that is absent is
// left out: an explicit null does not validate.

type message struct {
	Type       string        `json:"type"`
	Log        *logLine      `json:"log,omitempty"`
	Spec       *spec         `json:"spec,omitempty"`
	Connection *connection   `json:"connectionStatus,omitempty"`
	Catalog    *catalog      `json:"catalog,omitempty"`
	State      *stateMessage `json:"state,omitempty"`
	Trace      *trace        `json:"trace,omitempty"`
	Control    *control      `json:"control,omitempty"`
}

type control struct {
	Type    string  `json:"type"`
	Emitted int64   `json:"emitted_at"`
	Config  carrier `json:"connectorConfig"`
}

type carrier struct {
	Config json.RawMessage `json:"config"`
}

type logLine struct {
	Level   string `json:"level"`
	Message string `json:"message"`
}

type spec struct {
	DocumentationURL string          `json:"documentationUrl,omitempty"`
	Protocol         string          `json:"protocol_version"`
	Incremental      bool            `json:"supportsIncremental"`
	Destinations     []string        `json:"supported_destination_sync_modes"`
	Connection       json.RawMessage `json:"connectionSpecification"`
	Auth             json.RawMessage `json:"advanced_auth"`
}

type connection struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

type catalog struct {
	Streams []discoveredStream `json:"streams"`
}

type discoveredStream struct {
	Name      string          `json:"name"`
	Schema    json.RawMessage `json:"json_schema"`
	Modes     []string        `json:"supported_sync_modes"`
	OwnCursor bool            `json:"source_defined_cursor,omitempty"`
	Cursor    []string        `json:"default_cursor_field,omitempty"`
	Key       [][]string      `json:"source_defined_primary_key"`
	Resumable bool            `json:"is_resumable"`
}

type stateMessage struct {
	Type   string      `json:"type"`
	Stream streamState `json:"stream"`
	Stats  stats       `json:"sourceStats"`
}

type streamState struct {
	Descriptor descriptor `json:"stream_descriptor"`
	State      any        `json:"stream_state"`
}

type descriptor struct {
	Name string `json:"name"`
}

type stats struct {
	// The schema wants a number with a decimal point.
	Records json.RawMessage `json:"recordCount"`
}

type trace struct {
	Type    string  `json:"type"`
	Emitted int64   `json:"emitted_at"`
	Error   *failed `json:"error,omitempty"`
	Status  *status `json:"stream_status,omitempty"`
}

type failed struct {
	Message  string      `json:"message"`
	Internal string      `json:"internal_message,omitempty"`
	Stack    string      `json:"stack_trace,omitempty"`
	Type     string      `json:"failure_type"`
	Stream   *descriptor `json:"stream_descriptor,omitempty"`
}

type status struct {
	Descriptor descriptor `json:"stream_descriptor"`
	Status     string     `json:"status"`
	Reasons    []reason   `json:"reasons,omitempty"`
}

type reason struct {
	Type        string `json:"type"`
	RateLimited struct {
		QuotaReset int64 `json:"quota_reset"`
	} `json:"rate_limited"`
}

func millis(t time.Time) int64 { return t.UnixMilli() }

// line encodes a message as one line. Some readers take U+0085 for a line's
// end as well; it and its kin are escaped.
func line(m message) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(buf.Bytes(), []byte("\u0085"), []byte(`\u0085`)), nil
}

// flat puts a JSON document on one line.
func flat(doc []byte) json.RawMessage {
	var buf bytes.Buffer
	if err := json.Compact(&buf, doc); err != nil {
		return doc
	}
	return buf.Bytes()
}
