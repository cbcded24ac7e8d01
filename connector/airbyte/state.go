package airbyte

import (
	"encoding/json"
	"strconv"

	"source-gorgias/connector"
	"source-gorgias/connector/state"
	"source-gorgias/connector/streams"
)

// ParseState parses a state in any form that clients store, and returns the
// bookmarks by stream name. It ignores the states of unknown streams.
func ParseState(raw []byte) (map[string]state.Bookmark, error) {
	stored, err := connector.ParseState(raw)
	if err != nil {
		return nil, err
	}
	return connector.ParseBookmarks(stored.Streams, streams.All())
}

// appendState appends a STATE message with the bookmark of a batch.
func (w *Writer) appendState(o *output, b connector.Batch) error {
	line, err := connector.EncodeLine(message{Type: "STATE", State: &stateMessage{"STREAM",
		streamState{descriptor{b.Stream.Name}, b.Bookmark}, stats{json.RawMessage(strconv.Itoa(o.records) + ".0")}}})
	if err != nil {
		return err
	}
	w.buf, o.records, o.stored = append(w.buf, line...), 0, true
	return nil
}
