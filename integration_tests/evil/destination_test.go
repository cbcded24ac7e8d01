package evil

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/conform"
	"source-gorgias/connector/singer"
	"source-gorgias/connector/stream"
)

// A destination reads the output of either protocol and upserts rows, by stream
// and key: the version with the later cursor stays, of equal ones the one that
// came later. A full refresh replaces the rows of its stream when it completes.
type destination struct {
	protocol
	streams       map[string]*stream.Stream
	rows, pending map[string]map[string]string // by stream and key
	states        map[string]json.RawMessage   // Airbyte's, by stream
	state         []byte                       // what a client passes to the next sync
	selection     *singer.Selection

	// of the last sync
	failed     map[string]string // by stream: the failure type; Singer has none
	warned     []string
	tombstones []string     // stream and key
	nullKeys   []string     // records
	output     bytes.Buffer // all but the records
}

// A protocol is how a destination is written to.
type protocol struct {
	name, tombstone string
	sync            func(ctx context.Context, d *destination, plan *connector.Plan) error
}

func newDestination(p protocol, list []*stream.Stream) *destination {
	d := &destination{protocol: p, streams: map[string]*stream.Stream{}, rows: map[string]map[string]string{},
		pending: map[string]map[string]string{}, states: map[string]json.RawMessage{}}
	for _, s := range list {
		d.streams[s.Name], d.rows[s.Name], d.pending[s.Name] = s, map[string]string{}, map[string]string{}
	}
	return d
}

var protocols = []protocol{
	{"Airbyte", airbyte.TombstoneColumn, func(ctx context.Context, d *destination, plan *connector.Plan) (err error) {
		if plan.Bookmarks, err = airbyte.ParseState(d.state); err != nil {
			return err
		}
		return airbyte.NewWriter(d).Sync(ctx, plan.Run(ctx), nil)
	}},
	{"Singer", singer.TombstoneColumn, func(ctx context.Context, d *destination, plan *connector.Plan) (err error) {
		if d.selection == nil {
			var catalog bytes.Buffer
			if err := singer.WriteCatalog(&catalog, plan.Streams, nil); err != nil {
				return err
			}
			if d.selection, err = singer.ParseCatalog(catalog.Bytes(), nil); err != nil {
				return err
			}
		}
		state, err := singer.ParseState(d.state)
		if err != nil {
			return err
		}
		if plan.Bookmarks, _, err = state.Bookmarks(d.selection); err != nil {
			return err
		}
		w := singer.NewWriter(d, singer.NewLog(logReader{d}, nil))
		w.ActivateVersions = true
		return w.Sync(ctx, plan.Run(ctx), d.selection, state)
	}},
}

// A message is a line of either protocol that is no record. It has the members that matter here.
type message struct {
	Type, Stream string
	Value        json.RawMessage
	State        struct{ Stream json.RawMessage }
	Log          struct{ Level, Message string }
	Trace        struct {
		Type  string
		Error struct {
			FailureType string                `json:"failure_type"`
			Of          struct{ Name string } `json:"stream_descriptor"`
		}
		Status struct {
			Of     struct{ Name string } `json:"stream_descriptor"`
			Status string
		} `json:"stream_status"`
	}
}

// Write reads lines.
func (d *destination) Write(lines []byte) (int, error) {
	for l := range bytes.Lines(lines) {
		if !json.Valid(l) {
			return 0, fmt.Errorf("not JSON: %.300s", l)
		}
		if bytes.HasPrefix(l, []byte(`{"type":"RECORD"`)) {
			d.record(string(l))
			continue
		}
		d.output.Write(l)
		var m message
		if err := json.Unmarshal(l, &m); err != nil {
			return 0, fmt.Errorf("%w: %.300s", err, l)
		}
		d.apply(m)
	}
	return len(lines), nil
}

func (d *destination) apply(m message) {
	status, name := m.Trace.Status, m.Stream+m.Trace.Status.Of.Name
	switch {
	case m.Type == "STATE" && m.Value != nil:
		d.state = m.Value
	case m.Type == "STATE":
		var of struct {
			D struct{ Name string } `json:"stream_descriptor"`
		}
		_ = json.Unmarshal(m.State.Stream, &of)
		d.states[of.D.Name] = fmt.Appendf(nil, `{"type":"STREAM","stream":%s}`, m.State.Stream)
	case m.Type == "SCHEMA", status.Status == "STARTED":
		d.pending[name] = map[string]string{}
	case m.Type == "ACTIVATE_VERSION", status.Status == "COMPLETE":
		if !d.streams[name].Incremental() {
			d.rows[name] = d.pending[name]
		}
	case status.Status == "INCOMPLETE":
		if _, ok := d.failed[name]; !ok {
			d.failed[name] = ""
		}
	case m.Trace.Type == "ERROR":
		if of := m.Trace.Error.Of.Name; of != "" || len(d.failed) == 0 { // else it sums up
			d.failed[of] = m.Trace.Error.FailureType
		}
	case m.Log.Level == "WARN":
		d.warned = append(d.warned, m.Log.Message)
	}
}

var integer = regexp.MustCompile(`^-?[0-9]+$`)

// record upserts a record. Airbyte wraps it together with its stream.
func (d *destination) record(line string) {
	raw, name := fieldOf(line, "record"), fieldOf(line, "stream")
	if name == "" {
		raw, name = fieldOf(raw, "data"), fieldOf(raw, "stream")
	}
	s := d.streams[strings.Trim(name, `"`)]
	for _, name := range s.Key {
		if value := fieldOf(raw, name); value == "" || value == "null" || strings.HasSuffix(name, "id") && !integer.MatchString(value) {
			d.nullKeys = append(d.nullKeys, fmt.Sprintf("%s: %s: %.200s", s.Name, name, raw))
			return
		}
	}
	key := keyOf(s, raw)
	if !s.Incremental() {
		d.pending[s.Name][key] = raw
		return
	}
	if d.isTombstone(s, raw) {
		d.tombstones = append(d.tombstones, s.Name+" "+key)
	}
	if old, ok := d.rows[s.Name][key]; !ok || !cursorOf(s, old).After(cursorOf(s, raw)) {
		d.rows[s.Name][key] = raw
	}
}

func (d *destination) isTombstone(s *stream.Stream, raw string) bool {
	return s.Deletable && fieldOf(raw, d.tombstone) != "null"
}

// keyOf returns a record's primary key as a string.
func keyOf(s *stream.Stream, raw string) string {
	var parts []string
	for _, name := range s.Key {
		parts = append(parts, fieldOf(raw, name))
	}
	return strings.Join(parts, "/")
}

func cursorOf(s *stream.Stream, raw string) time.Time {
	at, _ := conform.ParseTimestamp(strings.Trim(fieldOf(raw, s.Cursor), `"`))
	return at
}

func fieldOf(raw, name string) string {
	value, _ := conform.Field([]byte(raw), name)
	return string(value)
}

// logReader reads the log of a tap.
type logReader struct{ *destination }

func (d logReader) Write(line []byte) (int, error) {
	d.output.Write(line)
	text := strings.TrimSpace(string(line))
	if failed, ok := strings.CutPrefix(text, "ERROR "); ok {
		name, _, _ := strings.Cut(failed, ": ")
		d.failed[name] = ""
	} else if strings.HasPrefix(text, "WARNING ") {
		d.warned = append(d.warned, text)
	}
	return len(line), nil
}

// readSync runs a sync and resets what is known of the one before.
func (d *destination) readSync(ctx context.Context, plan *connector.Plan) error {
	d.failed, d.warned, d.tombstones, d.nullKeys = map[string]string{}, nil, nil, nil
	d.output.Reset()
	err := d.sync(ctx, d, plan)
	if len(d.states) > 0 {
		d.state, _ = json.Marshal(slices.Collect(maps.Values(d.states))) // valid JSON
	}
	if (err != nil) != (len(d.failed) > 0) {
		return errors.Join(fmt.Errorf("the error of the sync is %w, and the streams %v failed", err, d.failed), err)
	}
	return nil
}
