package state

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"slices"
)

// messageTypes are the types of messages with which the output of a run can begin.
var messageTypes = []string{"RECORD", "STATE", "SCHEMA", "LOG", "TRACE", "CONTROL", "ACTIVATE_VERSION"}

// ReadOutput reads a state that may be in the output of a run, of either protocol:
// it returns the last state in it, or of Airbyte the last one of each stream.
// Without a state in the output, it returns nothing. What is no output of a run is
// returned as it is. The output of several runs counts as one. A line that is no message, such as
// a truncated one, is skipped: the state before it holds, too.
func ReadOutput(in io.Reader) ([]byte, error) {
	r := bufio.NewReaderSize(in, 1<<20)
	line, err := r.ReadBytes('\n')
	if m := parseOutput(line); m == nil || !slices.Contains(messageTypes, m.Type) && m.Bookmarks == nil {
		if err != nil && err != io.EOF {
			return nil, err
		}
		rest, err := io.ReadAll(r)
		return append(line, rest...), err
	}
	var last lastStates
	for ; len(line) > 0; line, err = r.ReadBytes('\n') {
		if bytes.Contains(line, []byte(`"STATE"`)) || bytes.Contains(line, []byte(`"bookmarks"`)) {
			last.add(line) //rule:the-last-state-counts
		}
		if err != nil {
			break
		}
	}
	if err != io.EOF {
		return nil, err
	}
	return last.encode(), nil
}

// An outputLine is what matters here of a line of a run's output.
type outputLine struct {
	Type      string          `json:"type"`
	Value     json.RawMessage `json:"value"`     // of a state of Singer
	Bookmarks json.RawMessage `json:"bookmarks"` // of a state that a target has written
	State     json.RawMessage `json:"state"`     // of Airbyte
}

// parseOutput returns a line; nil if it is no object.
func parseOutput(line []byte) *outputLine {
	var m outputLine
	if json.Unmarshal(line, &m) != nil {
		return nil
	}
	return &m
}

// lastStates are the last states in an output.
type lastStates struct {
	singer  json.RawMessage
	airbyte Entries // by stream
}

func (l *lastStates) add(line []byte) {
	m := parseOutput(line)
	switch {
	case m == nil:
	case m.Bookmarks != nil:
		l.singer = bytes.TrimSpace(line)
	case m.Type != "STATE":
	case m.Value != nil:
		l.singer = m.Value
	case m.State != nil:
		var s struct {
			Stream *streamState `json:"stream"`
		}
		_ = json.Unmarshal(m.State, &s) // ParseStored reports another form
		name := ""
		if s.Stream != nil {
			name = s.Stream.Descriptor.Name
		}
		l.airbyte.Set(name, m.State)
	}
}

func (l *lastStates) encode() []byte {
	if l.airbyte == nil {
		return l.singer
	}
	var states []json.RawMessage
	for _, e := range l.airbyte {
		states = append(states, e.State)
	}
	raw, _ := json.Marshal(states) // valid JSON can always be encoded
	return raw
}
