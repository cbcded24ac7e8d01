// Package conform makes records fit their schema: one raw record in, one record
// out that every destination accepts. It knows neither HTTP nor a protocol.
//
// A record stays bytes. jsontext first checks that it is valid JSON; then a
// single pass copies it, and on the way
//
//   - drops deselected fields, and writes null for columns that are absent;
//   - excludes, hashes or masks fields ([FieldRules]);
//   - moves top-level fields that the schema does not declare into the column
//     unrecognized_fields, if there is one, and drops them otherwise;
//   - writes timestamps in UTC, with microseconds;
//   - converts values that do not fit their declared type where their meaning
//     is certain ("12" for an integer), and writes null where it is not;
//   - repairs strings and names that break destinations: it removes U+0000,
//     replaces lone surrogates and invalid UTF-8 by U+FFFD, and escapes the
//     line breaks U+0085, U+2028 and U+2029;
//   - writes each name once per object, with its first value, and no
//     insignificant white space.
//
// Everything else keeps its bytes: the order of members, the spelling of
// numbers and strings. Only names are always written in their shortest
// spelling.
package conform

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Unrecognized is the column for top-level fields that the schema does not
// declare. It is filled if the schema declares it as an object without
// properties of its own, and it is selected. A field of this name in a record
// is itself undeclared, and goes into the column like any other.
const Unrecognized = "unrecognized_fields" //rule:undeclared-fields-are-kept

// MaxField is the size in bytes up to which a column's value is written.
// Larger values become null, except in columns that may not be null: those are
// keys, which destinations truncate if they must.
const MaxField = 10 << 20

// A Schema is what the records of one stream must look like, compiled once from
// the stream's JSON schema, the selection and the field rules. It owns the
// buffers of its work, so only one goroutine at a time may call Append.
type Schema struct {
	root              *node
	unrecognized      int   // the column Unrecognized in root.props, or -1
	unrecognizedRules *node // the rules for undeclared fields; nil without any
	json              []byte
	pass              pass
}

// A Nulled is a value that was set to null.
type Nulled struct {
	Column string // the top-level column
	Field  string // the path within the record: "customer.email", "tags[].name"
	Reason Reason
}

// A Reason is why a value was set to null.
type Reason uint8

const (
	BadType      Reason = iota + 1 // it is not, and does not certainly stand for, a value of the declared type
	BadTimestamp                   // it is not a timestamp between the years 1 and 9999
	TooLarge                       // it is larger than MaxField
)

// String returns a sentence fragment whose subject is the value.
func (r Reason) String() string {
	switch r {
	case BadType:
		return "does not fit the declared type"
	case BadTimestamp:
		return "is not a valid timestamp"
	case TooLarge:
		return "is too large"
	}
	return "is unknown"
}

// JSON returns the JSON schema of the conformed records: the given one without
// dropped properties, on one line. The caller must not change it.
func (s *Schema) JSON() []byte { return s.json }

var errRecord = errors.New("record is not one JSON object")

// Append appends the conformed record to dst: one JSON object without a final
// newline. It returns each place and reason of nulled values once, and nil for
// most records. An error means that raw is not one JSON object; dst is then
// returned unchanged.
func (s *Schema) Append(dst, raw []byte) ([]byte, []Nulled, error) {
	// This check is close to half of the work. A pass that checked the grammar as
	// it went would save most of it, but the grammar would then be ours to get
	// right. Repeated names and invalid UTF-8 are allowed, because the pass
	// repairs them.
	if !jsontext.Value(raw).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		return dst, nil, errRecord
	}
	p := &s.pass
	p.src, p.dst, p.i = raw, dst, skipSpace(raw, 0)
	if raw[p.i] != '{' {
		return dst, nil, errRecord
	}
	p.conformRecord(s)
	dst, nulled := p.dst, p.nulled
	*p = pass{seen: p.seen[:0], names: p.names[:0], unrecognized: p.unrecognized[:0], salt: p.salt}
	return dst, nulled, nil
}
