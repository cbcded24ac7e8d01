package airbyte

import (
	"bytes"
	"encoding/json"
	"fmt"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

func discovered(streams []*stream.Stream, privacy *config.Privacy) (*catalog, error) {
	c := &catalog{Streams: []discoveredStream{}}
	for _, s := range streams {
		conform, err := privacy.Rules(s).Compile(s.Schema(Tombstone), nil)
		if err != nil {
			return nil, err
		}
		d := discoveredStream{Name: s.Name, Schema: flat(conform.JSON()), Modes: []string{"full_refresh"}}
		for _, k := range s.Key {
			d.Key = append(d.Key, []string{k})
		}
		if s.Incremental() {
			d.Modes = append(d.Modes, "incremental")
			d.OwnCursor, d.Cursor, d.Resumable = true, []string{s.Cursor}, true
		}
		c.Streams = append(c.Streams, d)
	}
	return c, nil
}

// Configured returns a configured catalog with all the streams, for people to
// cut down. It holds no schemas: those are the source's to know, and no reader
// of ours asks a catalog for them.
func Configured(streams []*stream.Stream) ([]byte, error) {
	type configured struct {
		Stream discoveredStream `json:"stream"`
		Mode   string           `json:"sync_mode"`
		Target string           `json:"destination_sync_mode"`
	}
	c := struct {
		Streams []configured `json:"streams"`
	}{}
	all, err := discovered(streams, nil)
	if err != nil {
		return nil, err
	}
	for _, s := range all.Streams {
		s.Schema = json.RawMessage("{}")
		e := configured{s, "incremental", "append_dedup"}
		if !s.Resumable {
			e.Mode, e.Target = "full_refresh", "overwrite"
		}
		c.Streams = append(c.Streams, e)
	}
	doc, err := json.MarshalIndent(c, "", "  ")
	return append(doc, '\n'), err
}

// A Selection is what a configured catalog asks for.
type Selection struct {
	Streams []*stream.Stream
	Unknown []string // configured, but not of this source
}

// Everything selects all of some streams.
func Everything(streams []*stream.Stream) *Selection { return &Selection{Streams: streams} }

func inputError(format string, args ...any) error {
	return &connector.InputError{Text: fmt.Sprintf(format, args...)}
}

// ParseCatalog reads a configured catalog. Of each stream only its name
// counts, since clients alter the rest: every stream is looked up in our own
// table. Both sync modes are one to us: a state that is given is honoured, so
// that a full refresh can be resumed, and streams without a cursor are read
// whole whatever the mode says.
func ParseCatalog(raw []byte) (*Selection, error) {
	const remedy = "; expected the configured catalog the platform writes: {\"streams\": [{\"stream\": {\"name\": …}, \"sync_mode\": \"full_refresh\" or \"incremental\"}]}"
	var c struct {
		Type    string `json:"type"`
		Streams *[]struct {
			Stream *struct {
				Name string `json:"name"`
			} `json:"stream"`
			Mode   string `json:"sync_mode"`
			Name   string `json:"name"`
			Singer string `json:"tap_stream_id"`
		} `json:"streams"`
	}
	const discovered = "the catalog is what discover writes, which says what there is and not what is to be read; give none to read everything, or one such as catalog.json"
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, inputError("the catalog cannot be read: %s%s", config.DescribeJSONError(raw, err), remedy)
	}
	if c.Type == "CATALOG" {
		return nil, inputError(discovered)
	}
	if c.Streams == nil {
		return nil, inputError("the catalog has no list of streams%s", remedy)
	}
	sel := &Selection{}
	taken := map[string]bool{}
	for i, e := range *c.Streams {
		switch {
		case e.Stream == nil && e.Singer != "":
			return nil, inputError("the catalog is one of the Singer protocol%s", remedy)
		case e.Stream == nil && e.Name != "":
			return nil, inputError(discovered)
		case e.Stream == nil || e.Stream.Name == "":
			return nil, inputError("the catalog's stream %d has no name%s", i+1, remedy)
		}
		name := e.Stream.Name
		if e.Mode != "full_refresh" && e.Mode != "incremental" {
			return nil, inputError("the catalog's stream %q has the sync_mode %q%s", name, e.Mode, remedy)
		}
		if taken[name] {
			return nil, inputError("the catalog names the stream %q twice; leave one of them", name)
		}
		taken[name] = true
	}
	for _, s := range streams.All() { // our order: the first is quick to answer
		if taken[s.Name] {
			sel.Streams = append(sel.Streams, s)
			delete(taken, s.Name)
		}
	}
	for _, e := range *c.Streams {
		if taken[e.Stream.Name] {
			sel.Unknown = append(sel.Unknown, e.Stream.Name)
		}
	}
	return sel, nil
}

// ParseState reads a state in any of the forms clients send: per stream, one
// entry alone, global, or the old map from stream to state. States of streams
// this source does not have are left aside.
func ParseState(raw []byte) (map[string]state.Bookmark, error) {
	raw = bytes.TrimSpace(raw)
	marks := map[string]state.Bookmark{}
	put := func(name string, raw json.RawMessage) error {
		s := streams.Lookup(name)
		if s == nil {
			return nil
		}
		mark, err := state.Parse(s, raw)
		if err != nil {
			return inputError("the state of the stream %q cannot be used: %v; reset (clear) that stream to read it anew, or correct the state", name, err)
		}
		marks[s.Name] = mark
		return nil
	}
	if len(raw) == 0 || string(raw) == "null" {
		return marks, nil
	}
	unreadable := func(why string) error {
		return inputError("the state cannot be read: %s; expected the list of states this source has written. Clear the state to read everything anew, or correct it", why)
	}
	var entries []map[string]json.RawMessage
	switch raw[0] {
	case '[':
		if err := json.Unmarshal(raw, &entries); err != nil {
			return nil, unreadable(config.DescribeJSONError(raw, err))
		}
	default:
		var one map[string]json.RawMessage
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, unreadable(config.DescribeJSONError(raw, err))
		}
		entries = append(entries, one)
	}
	for _, e := range entries {
		var err error
		switch {
		case given(e["stream"]) && isEntry(e):
			err = perStream(e["stream"], put)
		case given(e["global"]):
			err = global(e["global"], put)
		case given(e["data"]):
			err = legacy(e["data"], put)
		case e["type"] == nil && e["stream"] == nil && raw[0] == '{':
			err = legacy(raw, put)
		case len(e) > 0 && (e["type"] != nil || raw[0] == '['):
			err = unreadable("an entry is of no known form")
		}
		if err != nil {
			return nil, err
		}
	}
	return marks, nil
}

func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// isEntry tells a STREAM entry from a map of old in which some stream is
// called "stream".
func isEntry(e map[string]json.RawMessage) bool {
	var s map[string]json.RawMessage
	return json.Unmarshal(e["stream"], &s) == nil && s["stream_descriptor"] != nil
}

func perStream(raw json.RawMessage, put func(string, json.RawMessage) error) error {
	var s struct {
		Descriptor struct {
			Name string `json:"name"`
		} `json:"stream_descriptor"`
		State json.RawMessage `json:"stream_state"`
	}
	if err := json.Unmarshal(raw, &s); err != nil || s.Descriptor.Name == "" {
		return inputError("the state has an entry without a stream_descriptor; clear the state to read everything anew, or correct it")
	}
	return put(s.Descriptor.Name, s.State)
}

func global(raw json.RawMessage, put func(string, json.RawMessage) error) error {
	var g struct {
		Shared map[string]json.RawMessage `json:"shared_state"`
		States []json.RawMessage          `json:"stream_states"`
	}
	if err := json.Unmarshal(raw, &g); err != nil {
		return inputError("the global state cannot be read: %s", config.DescribeJSONError(raw, err))
	}
	if len(g.Shared) > 0 {
		return inputError("the state is shared between streams, which this source never writes; clear it to read everything anew")
	}
	for _, s := range g.States {
		if err := perStream(s, put); err != nil {
			return err
		}
	}
	return nil
}

// legacy reads the map from stream to state. A map that names no stream of
// ours is something else, and dropping it would start from zero.
func legacy(raw json.RawMessage, put func(string, json.RawMessage) error) error {
	var states map[string]json.RawMessage
	if err := json.Unmarshal(raw, &states); err != nil {
		return inputError("the state cannot be read: %s", config.DescribeJSONError(raw, err))
	}
	known := len(states) == 0
	for name := range states {
		known = known || streams.Lookup(name) != nil
	}
	if !known {
		return inputError("the state names no stream of this source; clear it to read everything anew, or give the state this source has written")
	}
	for name, state := range states {
		if err := put(name, state); err != nil {
			return err
		}
	}
	return nil
}
