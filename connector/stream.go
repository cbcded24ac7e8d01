package connector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/schemas"
)

// A Stream is a row of the table: one kind of record, and how the account
// tells of it.
type Stream struct {
	// Name is what the stream is called in both protocols. It never changes.
	Name string
	// Path is the endpoint below /api/. {id} stands for the parent's id
	// (PerParent only); a Derived stream has none.
	Path string
	// Form is the envelope the endpoint answers with.
	Envelope gorgias.Envelope
	// Query is sent with every request, beside limit and the page token.
	Query url.Values
	// Passes are further fixed parameters: the list is read once with each.
	Partitions []url.Values
	// Key is the primary key: top-level fields, never null.
	Key []string
	// Cursor is the top-level instant that moves forward in time; "" means
	// that the stream can only be read whole.
	Cursor string
	// Walk is how the endpoint can be read.
	Mode ReadMode
	// Since is the parameter that filters by Cursor on the server, inclusive
	// (OldestFirst only); "" if the list has no such filter.
	SinceParam string
	// Parent is the stream whose pages (Derived) or whose ids (PerParent)
	// this stream is read from. Rows below a parent get its id as Key[0].
	Parent string
	// Cut makes the records of a Derived stream from one of the parent's.
	Derive func(parent json.RawMessage) []json.RawMessage
	// Mutable is how long a record may still change after its Cursor (lists
	// sorted by creation, whose records have no modified stamp).
	LookbackWindow time.Duration
	// Mortal records can be deleted so that only the account's events tell of
	// it. Such a deletion reaches the destination as a tombstone.
	Deletable bool
	// Secrets are the columns in which credentials for other services lie. What
	// looks like one is masked, unless that is not wanted.
	SecretColumns []string
	// Untold is what no request can tell of the records, beside what follows
	// from the row, in words that a sentence can end with; "" if that is all.
	Limitations string
	// Record is a zero value of the record's Go type, the schema's source.
	Record any
	// Scope is what an OAuth app needs to read the stream; "" where the
	// documentation names none.
	OAuthScope string
	// Formerly lists the names under which other connectors keep this
	// stream's state.
	Aliases []string
}

// A Walk is a way to read an endpoint.
type ReadMode int

const (
	// NewestFirst lists are read from the top down to what is already known.
	NewestFirst ReadMode = iota
	// OldestFirst lists are read upwards, from the bookmark if the server can
	// filter by time, else from the beginning.
	OldestFirst
	// Scan reads the whole list every time.
	FullRefresh
	// Single is one object, not a list.
	SingleObject
	// PerParent is a list below each record of the parent stream.
	PerParent
	// Derived streams are cut from the parent's pages and cost no request.
	Derived
	// Daily streams are made of reports that are asked for by the day. They
	// are offered if reports are configured.
	DailyReport
)

// Incremental reports whether the stream can go on from a bookmark.
func (s *Stream) Incremental() bool { return s.Cursor != "" }

// Schema returns the JSON Schema of the stream's records. The column named by
// tombstone, which is the protocol's, is added to those of a Mortal stream: it
// is null, and in the record of a deletion the instant of it.
func (s *Stream) Schema(tombstone string) []byte {
	schema := schemas.Of(s.Record)
	if !s.Deletable || tombstone == "" {
		return schema
	}
	const properties = `"properties": {`
	at := bytes.Index(schema, []byte(properties)) + len(properties)
	column := fmt.Sprintf("\n    %q: {\n      \"description\": \"When the record was deleted; null while it exists.\",\n      \"format\": \"date-time\",\n      \"type\": [\"string\", \"null\"]\n    },", tombstone)
	return slices.Concat(schema[:at], []byte(column), schema[at:])
}

// offered are the streams of the table that there are with or without reports.
func offered(reports bool) []*Stream {
	return slices.DeleteFunc(Streams(), func(s *Stream) bool { return s.Mode == DailyReport && !reports })
}

// Find returns the stream of that name; nil if there is none.
func Find(name string) *Stream {
	for _, s := range Streams() {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Names returns the names of the table's rows.
func Names() (names []string) {
	for _, s := range Streams() {
		names = append(names, s.Name)
	}
	return names
}

// Lookup returns the stream of that name, or the one whose state another
// connector keeps under it; nil if there is none.
func Lookup(name string) *Stream {
	for _, s := range Streams() {
		if s.Name == name || slices.Contains(s.Aliases, name) {
			return s
		}
	}
	return nil
}

// Check finds the mistakes a row of the table can have: what would otherwise
// show itself only in the middle of somebody's sync.
func Check(table []*Stream) error {
	var errs []error
	fail := func(s *Stream, format string, args ...any) {
		errs = append(errs, fmt.Errorf("stream %q: "+format, append([]any{s.Name}, args...)...))
	}
	byName := map[string]*Stream{}
	for _, s := range table {
		if byName[s.Name] != nil {
			fail(s, "the name is taken")
		}
		byName[s.Name] = s
	}
	for _, s := range table {
		var schema struct {
			Properties map[string]struct {
				Type   []string
				Format string
			}
		}
		if s.Record == nil {
			fail(s, "no record type")
			continue
		}
		if err := json.Unmarshal(s.Schema("deleted"), &schema); err != nil {
			fail(s, "schema: %v", err)
			continue
		}
		if len(s.Key) == 0 {
			fail(s, "no primary key")
		}
		for _, k := range s.Key {
			if _, ok := schema.Properties[k]; !ok {
				fail(s, "key %q is not in the record", k)
			}
		}
		for _, name := range s.SecretColumns {
			if _, ok := schema.Properties[name]; !ok {
				fail(s, "%q, where secrets lie, is not in the record", name)
			}
		}
		for name, p := range schema.Properties {
			if key := slices.Contains(s.Key, name); key == slices.Contains(p.Type, "null") {
				fail(s, "%q: what belongs to the key is never null, all else may be", name)
			}
		}
		if s.Cursor != "" && schema.Properties[s.Cursor].Format != "date-time" {
			fail(s, "cursor %q is no instant of the record", s.Cursor)
		}
		if want := s.Mode == NewestFirst || s.Mode == OldestFirst || s.Mode == DailyReport; want && s.Cursor == "" {
			fail(s, "a walk in time needs a cursor")
		}
		if s.SinceParam != "" && s.Mode != OldestFirst {
			fail(s, "a time filter needs a walk from the oldest")
		}
		if len(s.Partitions) > 0 && s.Mode != FullRefresh {
			fail(s, "several passes need a scan")
		}
		child := s.Mode == PerParent || s.Mode == Derived
		if (s.Derive != nil) != (s.Mode == Derived) {
			fail(s, "a cut belongs to a derived stream and to no other")
		}
		if parent := byName[s.Parent]; child != (parent != nil) {
			fail(s, "a parent that exists belongs to Derived and PerParent streams and to no other")
		} else if child && (parent.Parent != "" || s.Mode == PerParent && parent.Mode != FullRefresh) {
			fail(s, "the parent must be a list of its own, and one that is scanned if its ids are needed")
		}
		if hole := strings.Contains(s.Path, "{id}"); hole != (s.Mode == PerParent) {
			fail(s, "{id} belongs into the path of a PerParent stream and of no other")
		}
		if (s.Path == "") != (s.Mode == Derived) {
			fail(s, "every stream but a derived one has a path")
		}
	}
	return errors.Join(errs...)
}
