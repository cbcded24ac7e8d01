// Package airbyte writes the Airbyte protocol from the batches of a sync. It
// also parses configured catalogs and states.
package airbyte

import (
	"encoding/json"
	"time"
)

// The messages, as airbyte_protocol.yaml declares them. Absent fields are
// omitted: an explicit null does not validate.

type message struct {
	Type       string      `json:"type"`
	Log        *logLine    `json:"log,omitempty"`
	Spec       *spec       `json:"spec,omitempty"`
	Connection *connection `json:"connectionStatus,omitempty"`
	Catalog    *catalog    `json:"catalog,omitempty"`
	Trace      *trace      `json:"trace,omitempty"`
	Control    *control    `json:"control,omitempty"`
}

type control struct {
	Type    string          `json:"type"`
	Emitted int64           `json:"emitted_at"`
	Config  connectorConfig `json:"connectorConfig"`
}

type connectorConfig struct {
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

type descriptor struct {
	Name string `json:"name"`
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
