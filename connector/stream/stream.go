// Package stream describes what a stream is: its endpoint, its keys, the order
// in which it can be read, and its records. It knows no state and no table.
package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/schemas"
)

// A Stream describes one kind of record and the endpoint that returns it. Each
// stream exists once, in the table of package streams; a pointer identifies it.
type Stream struct {
	// Name is the stream's name in both protocols. It never changes.
	Name string
	// Path is the endpoint below /api/. {id} stands for the parent's id
	// (PerParent only). A Derived stream has none.
	Path string
	// Envelope is the JSON around the endpoint's records.
	Envelope gorgias.Envelope
	// Query is sent with every request, beside limit and the page token.
	Query url.Values
	// QueryByID is sent with a request for one record by its id.
	QueryByID url.Values
	// IDsParam is the parameter by which the list returns records of some ids, up to a
	// page of them in one request; "" if it has none.
	IDsParam string
	// Mergeable is set if a record can be merged into another one: a request for it
	// is redirected to that.
	Mergeable bool
	// OnlyByID are top-level fields that only such a response has. They are left
	// out: a record does not depend on how it was read.
	OnlyByID []string
	// Partitions are further fixed parameters: the list is read once with each.
	Partitions []url.Values
	// Key is the primary key: top-level fields, never null.
	Key []string
	// TextKey is set if the columns of the key are texts instead of integers.
	TextKey bool
	// Cursor is the top-level timestamp that orders the list; "" if the stream
	// has none and every sync is a full refresh.
	Cursor string
	// Created is the top-level timestamp of a record's creation, if the list can be
	// read again from end to end in that order, newest first; else "".
	Created string
	// CountedBy is the scope of the account's statistics that counts the records by the
	// day of their creation, by other definitions; "" if there is none.
	CountedBy string
	// CountedIn are the records of another list that count how many rows of this stream
	// name them; nil if there is none.
	CountedIn *Counter
	// Counters are columns that count other records. They change with those, without a
	// date, and each sync brings them.
	Counters []string
	// ByCreation are the parameters that order the list by Created; nil if Query
	// does.
	ByCreation url.Values
	// Mode is how the endpoint is read.
	Mode ReadMode
	// SinceParam is the parameter that filters by Cursor on the server,
	// inclusive (OldestFirst only); "" if the list has no such filter.
	SinceParam string
	// Parent is the stream whose pages (Derived) or whose ids (PerParent) this
	// stream is read from; else nil. Rows below a parent get its id as Key[0].
	Parent *Stream
	// Derive takes the records of a Derived stream out of one of the parent's.
	Derive func(parent json.RawMessage) []json.RawMessage
	// Field is the parent's field of which Derive takes the elements (Derived only).
	Field string
	// Nested are the fields with the elements of derived streams. NewRecord finds those
	// that have none, as most do.
	Nested [2]string
	// BelongsTo is the field with the id of the record that this one belongs
	// to, if events name that record instead of this one; else "".
	BelongsTo string
	// LookbackWindow is how long a record may still change after its Cursor.
	// It is for lists sorted by creation whose records have no modification
	// date.
	LookbackWindow time.Duration
	// Unfinished reports whether a record will still change. Such a record is
	// fetched by its id until it is finished, however old it is. nil if no column
	// shows it.
	Unfinished func(record json.RawMessage) bool
	// Deletable records can be deleted, and only the account's events show it.
	// Each deletion is emitted as a tombstone.
	Deletable bool
	// SecretColumns can contain credentials of other services. Values that look
	// like one are masked, unless the user turns that off.
	SecretColumns []string
	// FlatKeys are columns that contain objects with an id. The id is also in a column
	// of its own: that of customer in customer_id. It is not part of the API's record.
	FlatKeys []string
	// Limitations names changes that the API does not expose, as a sentence
	// fragment for docs/streams.md; "" if there are none beyond those that
	// follow from the other fields.
	Limitations string
	// Record is a zero value of the record's Go type, the source of the schema.
	Record any
	// OAuthScope is the scope an OAuth app needs to read the stream; "" where
	// the API's documentation names none.
	OAuthScope string
	// Aliases are the names under which other connectors keep this stream's
	// state.
	Aliases []string
}

// A Counter is a list whose records have a number of rows of another stream: those with
// the record's id in the last column of their key.
type Counter struct {
	Stream *Stream
	// Column is the number.
	Column string
	// Query orders the list by that, the largest number first.
	Query url.Values
}

// A ReadMode is a way to read an endpoint.
type ReadMode int

const (
	// NewestFirst lists are read from the newest record down to the watermark.
	NewestFirst ReadMode = iota
	// OldestFirst lists are read upward: from the watermark if the server can
	// filter by time, else from the beginning.
	OldestFirst
	// FullRefresh lists are read to their end in every sync.
	FullRefresh
	// SingleObject endpoints return everything in one response.
	SingleObject
	// PerParent streams have one list per record of the parent stream.
	PerParent
	// Derived streams are taken out of the parent's pages, without requests.
	Derived
	// DailyReport streams consist of reports that are requested by the day. They
	// exist only if reports are configured.
	DailyReport
)

// Incremental reports whether a sync of the stream continues from a bookmark.
func (s *Stream) Incremental() bool { return s.Cursor != "" }

// Ordered reports whether the list of the stream is read in the order of time.
func (s *Stream) Ordered() bool { return s.Mode == NewestFirst || s.Mode == OldestFirst }

// Source returns the stream whose list this stream is read from: its parent,
// or itself.
func (s *Stream) Source() *Stream {
	if s.Parent != nil {
		return s.Parent
	}
	return s
}

// ID is the column that identifies a record within its list: the last one of
// the primary key. Those before it are the connector's.
func (s *Stream) ID() string { return s.Key[len(s.Key)-1] }

// Schema returns the JSON Schema of the stream's records. A Deletable stream
// also gets the column that the protocol names for tombstones: null, and in a
// tombstone the time of the deletion. With "" it does not.
func (s *Stream) Schema(tombstone string) []byte {
	schema := schemas.Of(s.Record)
	if !s.Deletable || tombstone == "" || len(schema) == 0 {
		return schema
	}
	const properties = `"properties": {`
	at := bytes.Index(schema, []byte(properties)) + len(properties)
	column := fmt.Sprintf("\n    %q: {\n      \"description\": \"When the record was deleted; null while it exists.\",\n      \"format\": \"date-time\",\n      \"type\": [\"string\", \"null\"]\n    },", tombstone)
	return slices.Concat(schema[:at], []byte(column), schema[at:])
}

// Validate finds the mistakes that a description can have, which would
// otherwise show only in the middle of a sync. It returns one error per
// mistake.
func (s *Stream) Validate() (errs []error) {
	fail := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("stream %q: "+format, append([]any{s.Name}, args...)...))
	}
	if s.Record == nil {
		fail("it has no record type")
		return errs
	}
	s.validateColumns(fail)
	s.validateReading(fail)
	return errs
}

// validateColumns holds the columns that the description names against the
// schema.
func (s *Stream) validateColumns(fail func(format string, args ...any)) {
	var schema struct {
		Properties map[string]struct {
			Type   []string
			Format string
		}
	}
	if err := json.Unmarshal(s.Schema("deleted"), &schema); err != nil {
		fail("schema: %v; run go generate ./...", err)
		return
	}
	if len(s.Key) == 0 {
		fail("it has no primary key")
	}
	for _, name := range slices.Concat(s.Key, s.SecretColumns, nonEmpty(s.Cursor, s.BelongsTo, s.Created)) {
		if _, ok := schema.Properties[name]; !ok {
			fail("column %q is not in the record", name)
		}
	}
	for _, name := range s.FlatKeys {
		if flat := schema.Properties[name+"_id"].Type; !slices.Contains(schema.Properties[name].Type, "object") || !slices.Contains(flat, "integer") {
			fail("flat key: %q is not an object with a column %q for its id", name, name+"_id")
		}
	}
	for name, p := range schema.Properties {
		if key := slices.Contains(s.Key, name); key == slices.Contains(p.Type, "null") {
			fail("%q: columns of the key are never null, all others can be", name)
		} else if key && slices.Contains(p.Type, "integer") == s.TextKey {
			fail("%q: the type of the column does not agree with TextKey", name)
		}
	}
	if s.Cursor != "" && schema.Properties[s.Cursor].Format != "date-time" {
		fail("cursor %q is not a timestamp of the record", s.Cursor)
	}
}

// validateReading checks that the mode and the fields that depend on it agree.
func (s *Stream) validateReading(fail func(format string, args ...any)) {
	child := s.Mode == PerParent || s.Mode == Derived
	checks := []struct {
		ok   bool
		text string
	}{
		{s.Cursor != "" || !s.Ordered() && s.Mode != DailyReport, "an ordered list needs a cursor"},
		{s.SinceParam == "" || s.Mode == OldestFirst, "a time filter needs the mode OldestFirst"},
		{s.SinceParam == "" || s.LookbackWindow == 0, "a list with a time filter has no lookback window"},
		{s.Envelope != gorgias.PlainList || s.Mode == SingleObject, "an endpoint without pages needs the mode SingleObject"},
		{s.Created == "" || s.Mode == NewestFirst, "only a list that is read newest first can be reconciled"},
		{s.Unfinished == nil || s.Ordered(), "only records of an ordered list can be followed"},
		{len(s.Partitions) == 0 || s.Mode == FullRefresh, "partitions need the mode FullRefresh"},
		{(s.Derive != nil) == (s.Mode == Derived), "Derive belongs to a derived stream and to no other"},
		{s.Mode != Derived || s.Parent == nil || s.Field != "" && slices.Contains(s.Parent.Nested[:], s.Field), "the parent names the field of a Derived stream among its nested ones"},
		{(s.Parent != nil) == child, "a parent belongs to Derived and PerParent streams and to no other"},
		{s.Parent == nil || s.Parent.Parent == nil, "the parent must have a list of its own"},
		{s.Mode != PerParent || s.Parent == nil || s.Parent.Mode == FullRefresh, "the parent of a PerParent stream must be read in full"},
		{strings.Contains(s.Path, "{id}") == (s.Mode == PerParent), "{id} belongs in the path of a PerParent stream and of no other"},
		{(s.Path == "") == (s.Mode == Derived), "every stream but a derived one has a path"},
	}
	for _, c := range checks {
		if !c.ok {
			fail("%s", c.text)
		}
	}
}

func nonEmpty(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}
