package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/stream"
)

// A Stored is the state of all streams, as a client stored it.
type Stored struct {
	Streams Entries // not yet parsed
	Extra   Entries // what a Singer state contains beside the bookmarks
}

// ParseStored parses a state in any form that clients store. These are of
// Airbyte: a list of STREAM, GLOBAL or LEGACY messages, one of them alone, or
// the older map from stream to state; and of Singer: the value of a STATE
// message, alone, in the message or in the key that Meltano puts around it.
//
// A map without a stream that lookup knows is refused: it belongs to something
// else, and to ignore it would mean to read everything again. raw must be valid
// JSON or empty. The error completes the sentence "the state cannot be read: …".
func ParseStored(raw []byte, lookup func(name string) *stream.Stream) (*Stored, error) {
	raw, s := unwrap(raw), &Stored{}
	messages := []json.RawMessage{raw}
	switch all, ok := parseObject(raw); {
	case !given(raw):
		return s, nil
	case ok && all.Get("bookmarks") != nil:
		return s, s.parseSinger(all)
	case raw[0] == '[':
		_ = json.Unmarshal(raw, &messages) // a valid list
	}
	for _, m := range messages {
		entries, err := parseMessage(m, lookup)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if bytes.Contains(e.State, []byte(`"__ab_`)) { // nothing to continue from
				e.State = json.RawMessage("{}")
			}
			if given(e.State) {
				s.Streams.Set(e.Name, e.State)
			}
		}
	}
	return s, nil
}

// unwrap removes what Singer's clients put around a state.
func unwrap(raw []byte) []byte {
	keys, _ := parseObject(raw)
	if inner := keys.Get("singer_state"); inner != nil {
		return unwrap(inner)
	}
	if inner := keys.Get("value"); inner != nil && string(keys.Get("type")) == `"STATE"` {
		return unwrap(inner)
	}
	return raw
}

func (s *Stored) parseSinger(all Entries) error {
	for _, e := range all {
		bookmarks, ok := parseObject(e.State)
		switch {
		case e.Name != "bookmarks":
			s.Extra.Set(e.Name, e.State)
		case !ok && given(e.State):
			return errors.New(`its "bookmarks" are not an object`)
		default:
			s.Streams = bookmarks
		}
	}
	return nil
}

// A streamState is the state of one stream within an Airbyte message.
type streamState struct {
	Descriptor struct {
		Name string `json:"name"`
	} `json:"stream_descriptor"`
	State json.RawMessage `json:"stream_state"`
}

func parseMessage(raw []byte, lookup func(name string) *stream.Stream) (all Entries, err error) {
	var m struct {
		Stream *streamState `json:"stream"`
		Global *struct {
			Shared map[string]json.RawMessage `json:"shared_state"`
			States []streamState              `json:"stream_states"`
		} `json:"global"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, errUnknownForm
	}
	var states []streamState
	switch {
	case m.Stream != nil:
		states = []streamState{*m.Stream}
	case m.Global != nil && len(m.Global.Shared) > 0:
		return nil, errors.New("it is shared between streams, and this program never writes such a state")
	case m.Global != nil:
		states = m.Global.States
	case given(m.Data):
		return parseMap(m.Data, lookup)
	default:
		return parseMap(raw, lookup)
	}
	for _, s := range states {
		if s.Descriptor.Name == "" {
			return nil, errors.New("an entry has no stream_descriptor")
		}
		all.Set(s.Descriptor.Name, s.State)
	}
	return all, nil
}

func parseMap(raw []byte, lookup func(name string) *stream.Stream) (Entries, error) {
	all, ok := parseObject(raw)
	if !ok {
		return nil, errUnknownForm
	}
	if len(all) > 0 && !slices.ContainsFunc(all, func(e Entry) bool { return lookup(e.Name) != nil }) {
		return nil, errors.New("it contains no stream of this source")
	}
	return all, nil
}

var errUnknownForm = errors.New("it has an unknown form")

// An Entry is the state of one stream, as a client stored it.
type Entry struct {
	Name  string // that of the stream, here or in another connector
	State json.RawMessage
}

// Foreign reports whether another connector has written the state.
func (e Entry) Foreign() bool {
	keys, _ := parseObject(e.State)
	return len(keys) > 0 && keys.Get("version") == nil
}

// Entries are named values in the client's order. Each name occurs once.
type Entries []Entry

// parseObject returns the members of valid JSON, and whether it is an object. Of
// a name that occurs twice, the last value counts.
func parseObject(raw []byte) (all Entries, ok bool) {
	if !bytes.HasPrefix(raw, []byte("{")) {
		return nil, false
	}
	for name, value := range conform.Members(raw) {
		all.Set(name, json.RawMessage(value))
	}
	return all, true
}

func (e Entries) find(name string) int {
	return slices.IndexFunc(e, func(entry Entry) bool { return entry.Name == name })
}

// Get returns the value of a name; nil if there is none.
func (e Entries) Get(name string) json.RawMessage {
	if i := e.find(name); i >= 0 {
		return e[i].State
	}
	return nil
}

// Set adds or replaces an entry. It reports whether that changed anything.
func (e *Entries) Set(name string, state json.RawMessage) bool {
	i := e.find(name)
	if i < 0 {
		*e = append(*e, Entry{name, state})
		return true
	}
	changed := !bytes.Equal((*e)[i].State, state)
	(*e)[i].State = state
	return changed
}

// Of returns the entry of a stream: under its own name, or under the one that
// another connector uses. It is nil if there is none.
func (e Entries) Of(s *stream.Stream) *Entry {
	for _, name := range append([]string{s.Name}, s.Aliases...) {
		if i := e.find(name); i >= 0 {
			return &e[i]
		}
	}
	return nil
}

// given reports whether a value is there and not null.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
