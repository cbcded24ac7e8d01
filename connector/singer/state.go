package singer

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"source-gorgias/connector/config"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// A State is how far all streams have got. It is always complete: clients
// replace what they have stored by the last one they are given, so it carries
// along what is not of this run, unread.
type State struct {
	beside    []member // what stands beside the bookmarks
	bookmarks []member
}

// A member is one of an object's, in their order.
type member struct {
	name  string
	value json.RawMessage
}

// members reads an object; of what stands twice, the last counts.
func members(raw []byte) (all []member, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		all = set(all, name.(string), value)
	}
	return all, nil
}

func set(all []member, name string, value json.RawMessage) []member {
	if i := find(all, name); i >= 0 {
		all[i].value = value
		return all
	}
	return append(all, member{name, value})
}

func find(all []member, name string) int {
	return slices.IndexFunc(all, func(m member) bool { return m.name == name })
}

func get(all []member, name string) json.RawMessage {
	if i := find(all, name); i >= 0 && string(all[i].value) != "null" {
		return all[i].value
	}
	return nil
}

// ParseState reads a state: as this tap wrote it, as Meltano prints it, as a
// message, or as it was written for Airbyte. The bookmarks themselves are read
// when they are needed.
func ParseState(raw []byte) (*State, error) {
	raw = unwrap(raw)
	if len(raw) == 0 {
		return &State{}, nil
	}
	if !json.Valid(raw) {
		var any any
		return nil, unreadable(config.DescribeJSONError(raw, json.Unmarshal(raw, &any)))
	}
	raw = flat(raw)
	var err error
	s := &State{}
	switch all, notObject := members(raw); {
	case notObject != nil:
		var entries []json.RawMessage
		if json.Unmarshal(raw, &entries) != nil {
			return nil, unreadable("it is neither an object nor a list")
		}
		for _, e := range entries {
			if err = s.adopt(e); err != nil {
				return nil, err
			}
		}
		return s, nil
	case len(all) == 0:
		return s, nil
	case find(all, "bookmarks") >= 0:
		if marks := get(all, "bookmarks"); marks != nil {
			if s.bookmarks, err = members(marks); err != nil {
				return nil, unreadable(`its "bookmarks" are not an object`)
			}
		}
		s.beside = slices.DeleteFunc(all, func(m member) bool { return m.name == "bookmarks" })
		return s, nil
	case slices.ContainsFunc(all, func(m member) bool { return streams.Lookup(m.name) != nil }):
		for _, m := range all { // the map of old, which Airbyte's clients send
			s.put(m.name, m.value)
		}
		return s, nil
	}
	return s, s.adopt(raw)
}

func unreadable(why string) error {
	return inputError(`the state cannot be read: %s; expected {"bookmarks": {…}} as this tap has written it. Give none to read everything anew`, why)
}

// unwrap takes off what clients put around a state; nothing is left of none.
func unwrap(raw []byte) []byte {
	raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\ufeff")))
	if string(raw) == "null" {
		return nil
	}
	var w struct {
		Type   string
		Value  json.RawMessage
		Singer json.RawMessage `json:"singer_state"`
	}
	if json.Unmarshal(raw, &w) == nil {
		if w.Singer != nil {
			return unwrap(w.Singer)
		}
		if w.Type == "STATE" && w.Value != nil {
			return unwrap(w.Value)
		}
	}
	return raw
}

// IsState reports whether a state is in the Singer protocol's form, be it well
// formed or not.
func IsState(raw []byte) bool {
	raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\ufeff")))
	return !bytes.Equal(Bookmarks(raw), raw)
}

// An Entry is what a state says of one stream.
type Entry struct {
	Name string // of the stream, as the state has it
	mark json.RawMessage
}

// Foreign reports whether another connector has written the entry.
func (e Entry) Foreign() bool {
	mark, _ := members(e.mark)
	return len(mark) > 0 && find(mark, "version") < 0
}

// Entries returns what the state says of each stream, its own and strangers.
func (s *State) Entries() (all []Entry) {
	for _, m := range s.bookmarks {
		all = append(all, Entry{m.name, m.value})
	}
	return all
}

// Bookmarks returns what a state of the Singer protocol says of each stream, a
// map that other readers of states understand; any other state as it is.
func Bookmarks(raw []byte) []byte {
	raw = unwrap(raw)
	if all, err := members(raw); err == nil {
		if marks := get(all, "bookmarks"); marks != nil {
			return marks
		}
	}
	return raw
}

// adopt takes over an entry of a state that was written for Airbyte.
func (s *State) adopt(raw []byte) error {
	type perStream struct {
		Descriptor struct {
			Name string `json:"name"`
		} `json:"stream_descriptor"`
		State json.RawMessage `json:"stream_state"`
	}
	var e struct {
		Stream *perStream `json:"stream"`
		Global *struct {
			Shared map[string]json.RawMessage `json:"shared_state"`
			States []perStream                `json:"stream_states"`
		} `json:"global"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return unreadable(config.DescribeJSONError(raw, err))
	}
	var states []perStream
	switch {
	case e.Stream != nil:
		states = append(states, *e.Stream)
	case e.Global != nil:
		if len(e.Global.Shared) > 0 {
			return unreadable("it is shared between streams, which this tap never writes")
		}
		states = e.Global.States
	case len(e.Data) > 0:
		old, err := members(e.Data)
		if err != nil {
			return unreadable(`its "data" are not an object`)
		}
		for _, m := range old {
			s.put(m.name, m.value)
		}
		return nil
	case string(raw) == "{}":
		return nil
	default:
		return unreadable("it has no bookmarks")
	}
	for _, state := range states {
		if state.Descriptor.Name == "" {
			return unreadable("an entry has no stream_descriptor")
		}
		s.put(state.Descriptor.Name, state.State)
	}
	return nil
}

// put takes over what a stream's state for Airbyte says, if it says something.
func (s *State) put(name string, state json.RawMessage) {
	if bytes.Contains(state, []byte(`"__ab_`)) {
		state = json.RawMessage("{}")
	}
	if len(state) > 0 {
		s.bookmarks = set(s.bookmarks, name, state)
	}
}

// Marks returns the bookmarks of what is selected, and the streams whose
// bookmark another tap has written.
func (s *State) Marks(sel *Selection) (marks map[string]state.Bookmark, foreign []string, err error) {
	marks = map[string]state.Bookmark{}
	for _, c := range sel.choices {
		if c.whole {
			continue
		}
		raw := s.of(c.Stream)
		if marks[c.Name], err = state.Parse(c.Stream, raw); err != nil {
			return nil, nil, inputError("the bookmark of the stream %q cannot be used: %v; take it out of the state to read that stream anew, or correct it", c.Name, err)
		}
		if (Entry{c.Name, raw}).Foreign() {
			foreign = append(foreign, c.Name)
		}
	}
	return marks, foreign, nil
}

// of returns a stream's bookmark: its own, or the one that another tap keeps
// under the name it has there.
func (s *State) of(stream *stream.Stream) json.RawMessage {
	for _, name := range append([]string{stream.Name}, stream.Aliases...) {
		if i := find(s.bookmarks, name); i >= 0 {
			return s.bookmarks[i].value
		}
	}
	return nil
}

// set moves a stream's bookmark. It reports whether that changed anything.
func (s *State) set(name string, mark []byte) bool {
	if i := find(s.bookmarks, name); i >= 0 && bytes.Equal(s.bookmarks[i].value, mark) {
		return false
	}
	s.bookmarks = set(s.bookmarks, name, mark)
	return true
}

// append appends the message.
func (s *State) append(dst []byte) []byte {
	dst = append(dst, `{"type":"STATE","value":{"bookmarks":`...)
	dst = append(appendMembers(append(dst, '{'), s.bookmarks), '}')
	if len(s.beside) > 0 {
		dst = appendMembers(append(dst, ','), s.beside)
	}
	return append(dst, "}}\n"...)
}

func appendMembers(dst []byte, all []member) []byte {
	for i, m := range all {
		if i > 0 {
			dst = append(dst, ',')
		}
		name, _ := line(m.name) // a string can always be written
		dst = append(append(dst, bytes.TrimSpace(name)...), ':')
		dst = append(dst, m.value...)
	}
	return dst
}
