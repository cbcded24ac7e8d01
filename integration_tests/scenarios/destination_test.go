package scenarios

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
// and key: of two versions it keeps the one with the later cursor, of equal
// ones the one that came later. A tombstone is a version. A full refresh
// replaces all rows of its stream when it completes.
type destination struct {
	tombstone     string
	streams       map[string]*stream.Stream
	rows, pending map[string]map[string]row // pending: rows of full refreshes that are not complete
	state         []byte                    // what a client passes to the next sync

	airbyteStates map[string]json.RawMessage // Airbyte's states, by stream
	selection     *singer.Selection          // Singer's, which takes long to parse

	// of the current sync
	stop, states int      // it is killed after so many states, -1 is never; states written so far
	writeRest    bool     // then the records before the next state are written too
	last         string   // it is killed once this record is written: stream and key
	killed       bool     // it was killed
	written      []string // rows of incremental streams
	failed       []string // streams
	errors       []string
	warned       []string

	tombstones int            // in all syncs
	reported   map[string]int // nulled values, in all syncs
}

type row struct {
	raw     string
	at      time.Time
	deleted bool
}

var errKilled = errors.New("killed")

// A message is a line of either protocol that is no record. It has the members
// that matter here.
type message struct {
	Type, Stream string
	Value        json.RawMessage
	State        struct{ Stream json.RawMessage }
	Log          struct{ Level, Message string }
	Trace        struct {
		Status struct {
			Of     struct{ Name string } `json:"stream_descriptor"`
			Status string
		} `json:"stream_status"`
	}
}

// Write reads lines.
func (d *destination) Write(lines []byte) (int, error) {
	for l := range bytes.Lines(lines) {
		if d.killed || d.states == d.stop && !d.writeRest {
			return 0, errKilled
		}
		if bytes.HasPrefix(l, []byte(`{"type":"RECORD"`)) {
			d.record(string(l))
			continue
		}
		var m message
		if err := json.Unmarshal(l, &m); err != nil {
			return 0, fmt.Errorf("%w: %.300s", err, l)
		}
		if m.Type == "STATE" {
			if d.states == d.stop {
				return 0, errKilled
			}
			d.states++
		}
		d.apply(m)
	}
	return len(lines), nil
}

func (d *destination) apply(m message) {
	status, name := m.Trace.Status, m.Trace.Status.Of.Name
	switch {
	case m.Type == "STATE" && m.Value != nil:
		d.state = m.Value
	case m.Type == "STATE":
		of := strings.Trim(fieldOf(fieldOf(string(m.State.Stream), "stream_descriptor"), "name"), `"`)
		d.airbyteStates[of] = fmt.Appendf(nil, `{"type":"STREAM","stream":%s}`, m.State.Stream)
		d.state, _ = json.Marshal(slices.Collect(maps.Values(d.airbyteStates))) // of valid JSON
	case m.Type == "SCHEMA", status.Status == "STARTED":
		d.pending[m.Stream+name] = map[string]row{}
	case m.Type == "ACTIVATE_VERSION", status.Status == "COMPLETE" && !d.streams[name].Incremental():
		d.rows[m.Stream+name] = d.pending[m.Stream+name]
	case status.Status == "INCOMPLETE":
		d.failed = append(d.failed, name)
	case m.Log.Level == "WARN":
		d.warned = append(d.warned, m.Log.Message)
	case m.Log.Level == "ERROR":
		d.errors = append(d.errors, m.Log.Message)
	}
}

var changed = regexp.MustCompile(`"field":"([^"]*)"`)

// record upserts a record. Airbyte wraps it together with its stream.
func (d *destination) record(line string) {
	record := fieldOf(line, "record")
	name, raw := fieldOf(line, "stream"), record
	if name == "" {
		name, raw = fieldOf(record, "stream"), fieldOf(record, "data")
		for _, field := range changed.FindAllStringSubmatch(fieldOf(record, "meta"), -1) {
			d.reported[strings.Trim(name, `"`)+": "+field[1]]++
		}
	}
	s := d.streams[strings.Trim(name, `"`)]
	key := keyOf(s, raw)
	if !s.Incremental() {
		d.pending[s.Name][key] = row{raw: raw}
		return
	}
	d.written = append(d.written, s.Name+" "+key)
	d.killed = d.killed || d.last == s.Name+" "+key
	r := row{raw, cursorOf(s, raw), s.Deletable && fieldOf(raw, d.tombstone) != "null"}
	if r.deleted {
		d.tombstones++
	}
	if d.rows[s.Name] == nil {
		d.rows[s.Name] = map[string]row{}
	}
	if old, ok := d.rows[s.Name][key]; !ok || !old.at.After(r.at) {
		d.rows[s.Name][key] = r
	}
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

// A writer writes what a plan reads, as the program does.
type writer struct {
	name, tombstone string
	sync            func(ctx context.Context, d *destination, plan *connector.Plan) error
}

var airbyteWriter = writer{"Airbyte", airbyte.TombstoneColumn, func(ctx context.Context, d *destination, plan *connector.Plan) (err error) {
	if plan.Bookmarks, err = airbyte.ParseState(d.state); err != nil {
		return err
	}
	return airbyte.NewWriter(d).Sync(ctx, plan.Run(ctx), nil)
}}

var singerWriter = writer{"Singer", singer.TombstoneColumn, func(ctx context.Context, d *destination, plan *connector.Plan) (err error) {
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
	plan.Streams, w.ActivateVersions = d.selection.Streams(), true
	return w.Sync(ctx, plan.Run(ctx), d.selection, state)
}}

// logReader reads the log of a tap.
type logReader struct{ *destination }

var nulledValues = regexp.MustCompile(`^WARNING (\w+: )\d+ values of (\S+) were set to null`)

func (d logReader) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	stream, _, _ := strings.Cut(strings.TrimPrefix(text, "ERROR "), ": ")
	if lost := nulledValues.FindStringSubmatch(text); lost != nil {
		d.reported[lost[1]+lost[2]]++
	} else if strings.HasPrefix(text, "WARNING ") {
		d.warned = append(d.warned, text)
	} else if strings.HasPrefix(text, "ERROR ") {
		d.failed, d.errors = append(d.failed, stream), append(d.errors, text)
	}
	return len(line), nil
}
