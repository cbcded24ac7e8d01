// Package singer is the pen of the Singer protocol: it writes messages to
// standard output and logs to standard error, and reads catalogs and states.
package singer

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"time"
)

// The messages. A record's line is put together by hand (write.go).

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

// The catalog, as discovery writes it and as selection comes back.

type catalog struct {
	Streams []entry `json:"streams"`
}

type entry struct {
	ID       string          `json:"tap_stream_id"`
	Stream   string          `json:"stream"`
	Key      []string        `json:"key_properties"`
	Cursor   string          `json:"replication_key,omitempty"`
	Method   string          `json:"replication_method"`
	Schema   json.RawMessage `json:"schema"`
	Metadata []place         `json:"metadata"`
}

// A place is what there is to say of a stream, whose breadcrumb is empty, or
// of one of its properties. Neither list may ever be null.
type place struct {
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

// instantLayout spells instants as targets take them: in UTC, of one width.
const instantLayout = "2006-01-02T15:04:05.000000Z"

func spell(t time.Time) string { return t.UTC().Format(instantLayout) }

// encode writes v as JSON, without escapes that only HTML needs.
func encode(out io.Writer, v any, indent string) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	return enc.Encode(v)
}

// line encodes a message as one line.
func line(v any) ([]byte, error) {
	var buf bytes.Buffer
	err := encode(&buf, v, "")
	return []byte(oneLine.Replace(buf.String())), err
}

// oneLine escapes what some readers take for a line's end.
var oneLine = strings.NewReplacer("\u0085", `\u0085`, "\u2028", `\u2028`, "\u2029", `\u2029`)

// flat puts valid JSON on one line.
func flat(doc []byte) json.RawMessage {
	var buf bytes.Buffer
	if err := json.Compact(&buf, bytes.ToValidUTF8(doc, []byte("\ufffd"))); err != nil {
		return doc
	}
	return json.RawMessage(oneLine.Replace(buf.String()))
}
