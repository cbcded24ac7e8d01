package airbyte

import (
	"bytes"
	"fmt"

	"source-gorgias/connector"
	"source-gorgias/connector/reader"
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

// appendState appends a STATE message with the bookmark of a batch, if it is due.
// The state of a full refresh never changes and is written at the end, and as a
// heartbeat. A state is not repeated after records: the next one that differs
// covers them. Its count of records has a decimal point, as the protocol's schema
// requires.
func (w *Writer) appendState(o *output, b connector.Batch) error {
	bookmark, err := b.Bookmark.MarshalJSON()
	if err != nil {
		return err
	}
	changed := !bytes.Equal(bookmark, o.stored)
	due := b.Bookmark.Resumable() && (changed || o.records == 0)
	switch b.Kind {
	case reader.Done:
		due = changed || o.records > 0
	case reader.Heartbeat:
		due = true //rule:heartbeat-writes-a-state
		if !b.Bookmark.Resumable() {
			bookmark = fmt.Appendf(bookmark[:len(bookmark)-1:len(bookmark)-1], `,"records":%d}`, o.total) // clients expect another state after records
		}
	}
	if !due {
		return nil
	}
	w.buf = fmt.Appendf(w.buf, `{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":%q},"stream_state":`, b.Stream.Name)
	w.buf = fmt.Appendf(append(w.buf, bookmark...), `},"sourceStats":{"recordCount":%d.0}}}`+"\n", o.records)
	o.records, o.stored = 0, bookmark
	return nil
}
