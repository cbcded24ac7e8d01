package connector

import (
	"bytes"
	"encoding/json"
	"fmt"

	"source-gorgias/connector/config"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// An InputError is a mistake in what the program was given beside its
// configuration: arguments, files, catalog, state.
type InputError struct{ Text string }

func (e *InputError) Error() string { return e.Text }

// NewInputError formats an InputError.
func NewInputError(format string, args ...any) error {
	return &InputError{fmt.Sprintf(format, args...)}
}

// ParseState parses a state in any form that clients of either protocol store.
func ParseState(raw []byte) (*state.Stored, error) {
	unreadable := func(why string) error {
		return NewInputError("the state cannot be read: %s; expected a state that this program has written. Correct it, or clear it to read everything again", why)
	}
	raw = bytes.TrimSpace(raw)
	var doc json.RawMessage
	if err := json.Unmarshal(raw, &doc); err != nil && len(raw) > 0 {
		return nil, unreadable(config.DescribeJSONError(raw, err))
	}
	stored, err := state.ParseStored(doc, streams.Lookup)
	if err != nil {
		return nil, unreadable(err.Error())
	}
	return stored, nil
}

// ParseBookmarks parses the states of some streams. A stream without a state has
// no bookmark.
func ParseBookmarks(stored state.Entries, streams []*stream.Stream) (map[string]state.Bookmark, error) {
	bookmarks := map[string]state.Bookmark{}
	for _, s := range streams {
		e := stored.Of(s)
		if e == nil {
			continue
		}
		b, err := state.Parse(s, e.State)
		if err != nil {
			return nil, NewInputError("the state of the stream %q cannot be used: %v; correct it, or clear it to read the stream from the start date again", e.Name, err)
		}
		bookmarks[s.Name] = b
	}
	return bookmarks, nil
}
