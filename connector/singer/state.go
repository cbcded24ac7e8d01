package singer

import (
	"bytes"

	"source-gorgias/connector"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// A State is the state of all streams. Clients replace the stored state with
// the last one that is written, so it includes the parts that this sync does
// not use, as they were given.
type State struct{ *state.Stored }

// ParseState parses a state in any form that clients store. The states of the
// streams are parsed by Bookmarks.
func ParseState(raw []byte) (*State, error) {
	stored, err := connector.ParseState(compact(raw))
	return &State{stored}, err
}

// Bookmarks returns the bookmarks of the selected streams, and the names of the
// streams whose bookmark another tap has written.
func (s *State) Bookmarks(sel *Selection) (bookmarks map[string]state.Bookmark, foreign []string, err error) {
	var selected []*stream.Stream
	for _, c := range sel.streams {
		if c.fullTable {
			continue
		}
		selected = append(selected, c.Stream)
		if e := s.Streams.Of(c.Stream); e != nil && e.Foreign() {
			foreign = append(foreign, c.Name)
		}
	}
	bookmarks, err = connector.ParseBookmarks(s.Streams, selected)
	return bookmarks, foreign, err
}

// append appends the STATE message.
func (s *State) append(dst []byte) []byte {
	dst = append(dst, `{"type":"STATE","value":{"bookmarks":{`...)
	dst = append(appendEntries(dst, s.Streams), '}')
	if len(s.Extra) > 0 {
		dst = appendEntries(append(dst, ','), s.Extra)
	}
	return append(dst, "}}\n"...)
}

func appendEntries(dst []byte, entries state.Entries) []byte {
	for i, e := range entries {
		if i > 0 {
			dst = append(dst, ',')
		}
		name, _ := connector.EncodeLine(e.Name) // strings can always be encoded
		dst = append(append(dst, bytes.TrimSpace(name)...), ':')
		dst = append(dst, e.State...)
	}
	return dst
}
