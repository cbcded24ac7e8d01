// Package shape conforms records: one record in, one record out that every
// destination can take. It knows neither HTTP nor a protocol.
//
// A record stays bytes. jsontext vouches once that it is JSON; then one walk
// copies it, and on the way
//
//   - drops what was deselected, and writes null for columns that are absent;
//   - drops, hashes or masks what is not to be shown ([Privacy]);
//   - moves top-level fields that nobody declared into the column
//     unrecognized_fields, if there is one, and drops them otherwise;
//   - writes instants in UTC, with microseconds;
//   - converts values that do not fit their declared type where their meaning
//     is certain ("12" for an integer), and writes null where it is not;
//   - takes out of strings and names what destinations break on: U+0000 goes,
//     halves of surrogate pairs and invalid UTF-8 become U+FFFD, and the line
//     breaks U+0085, U+2028 and U+2029 are escaped;
//   - writes each name once per object (of repeated ones the first wins), and
//     no insignificant white space.
//
// All else keeps its bytes: the order of members, the spelling of numbers and
// strings. Names alone are always written in their shortest spelling.
package conform

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Unrecognized is the column for top-level fields that the schema does not
// declare. It is used if the schema declares it as an object that may hold
// anything, and it is selected. A field of this name in a record is itself
// undeclared data, and goes into the column like any other.
const Unrecognized = "unrecognized_fields"

// MaxField is the size in bytes up to which a column's value is written.
// Larger ones become null, except in columns that may not be null: those are
// keys, and destinations cut records to them when they must.
const MaxField = 10 << 20

// A Shape is what a record of one stream must look like, compiled once from
// the stream's schema and the selection. It owns the space its work needs, so
// only one goroutine at a time may call Append.
type Schema struct {
	root   *node
	rest   int   // the column Unrecognized in root.props, or -1
	covert *node // of undeclared fields, what is not to be shown; may be nil
	schema []byte
	pass   pass
}

// A Change tells that a value was lost: null stands in its place.
type Nulled struct {
	Column string // the top-level column
	Field  string // the place within it: "customer.email", "tags[].name"
	Reason Reason
}

// A Reason says why a value was lost.
type Reason uint8

const (
	BadType      Reason = iota + 1 // it is not, and does not certainly stand for, a value of the declared type
	BadTimestamp                   // it cannot be read as an instant between the years 1 and 9999
	TooLarge                       // it is larger than MaxField
)

func (r Reason) String() string {
	switch r {
	case BadType:
		return "does not fit the declared type"
	case BadTimestamp:
		return "cannot be read as an instant"
	case TooLarge:
		return "is too large"
	}
	return "is unknown"
}

// Schema returns the schema without the deselected properties, on one line and
// otherwise as it was given. The caller must not change it.
func (s *Schema) JSON() []byte { return s.schema }

var errRecord = errors.New("record is not one JSON object")

// Append appends the conformed record to dst: one JSON object without a final
// newline. The changes say what was lost, each place and reason once; they are
// nil for most records. An error means that raw is not one JSON object; dst is
// then returned as it was.
func (s *Schema) Append(dst, raw []byte) ([]byte, []Nulled, error) {
	// This is close to half of the work. A walk that checks the grammar as it
	// goes would save most of it, but then the grammar would be ours to get right.
	// Repeated names and invalid UTF-8 are not refused, for they are mended.
	if !jsontext.Value(raw).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		return dst, nil, errRecord
	}
	p := &s.pass
	p.src, p.dst, p.i = raw, dst, skipBlank(raw, 0)
	if raw[p.i] != '{' {
		return dst, nil, errRecord
	}
	p.record(s)
	dst, changes := p.dst, p.changes
	*p = pass{seen: p.seen[:0], names: p.names[:0], rest: p.rest[:0], salt: p.salt}
	return dst, changes, nil
}
