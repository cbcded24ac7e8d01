// Package singer writes the Singer protocol and its logs from the batches of a
// sync. It also writes and parses catalogs, and parses states.
package singer

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/stream"
)

// The messages, except RECORD and STATE: their lines are joined from parts that
// are JSON already.

type schemaMessage struct {
	Type      string          `json:"type"`
	Stream    string          `json:"stream"`
	Schema    json.RawMessage `json:"schema"`
	Key       []string        `json:"key_properties"`
	Bookmarks []string        `json:"bookmark_properties,omitempty"`
}

type activateMessage struct {
	Type    string `json:"type"`
	Stream  string `json:"stream"`
	Version int64  `json:"version"`
}

// The catalog that discovery writes.

type catalog struct {
	Streams []discoveredStream `json:"streams"`
}

type discoveredStream struct {
	ID       string          `json:"tap_stream_id"`
	Stream   string          `json:"stream"`
	Key      []string        `json:"key_properties"`
	Cursor   string          `json:"replication_key,omitempty"`
	Method   string          `json:"replication_method"`
	Schema   json.RawMessage `json:"schema"`
	Metadata []metadataEntry `json:"metadata"`
}

// A metadataEntry is the metadata of a stream, with an empty breadcrumb, or of
// one of its properties. The breadcrumb must not be null.
type metadataEntry struct {
	Breadcrumb []string `json:"breadcrumb"`
	Metadata   metadata `json:"metadata"`
}

type metadata struct {
	Inclusion string   `json:"inclusion"`
	Selected  bool     `json:"selected,omitempty"`
	Default   bool     `json:"selected-by-default,omitempty"`
	Key       []string `json:"table-key-properties,omitempty"`
	Cursor    string   `json:"replication-key,omitempty"`
	Cursors   []string `json:"valid-replication-keys,omitempty"`
	Method    string   `json:"forced-replication-method,omitempty"`
}

const (
	incremental = "INCREMENTAL"
	fullTable   = "FULL_TABLE"

	available   = "available"
	automatic   = "automatic"
	unsupported = "unsupported"
)

// formatTime writes a timestamp as targets expect it: in UTC, with microseconds.
func formatTime(t time.Time) string { return t.UTC().Format(stream.TimestampLayout) }

// encode writes v as indented JSON.
func encode(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// compact writes valid JSON on one line.
func compact(doc []byte) json.RawMessage {
	var buf bytes.Buffer
	if err := json.Compact(&buf, bytes.ToValidUTF8(doc, []byte("\ufffd"))); err != nil {
		return doc
	}
	return json.RawMessage(connector.LineBreaks.Replace(buf.String()))
}
