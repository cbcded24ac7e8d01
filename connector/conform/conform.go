// Package conform makes records fit their schema: one raw record in, one record
// out that every destination accepts. It knows neither HTTP nor a protocol.
//
// A record stays bytes. jsontext first checks that it is valid JSON; then a
// single pass copies it, and on the way
//
//   - drops deselected fields, and writes null for columns that are absent;
//   - excludes, hashes or masks fields ([FieldRules]);
//   - fills a column of its own with the id of an object (FieldRules.FlatKeys);
//   - moves top-level fields that the schema does not declare into the column
//     unrecognized_fields, if there is one, and drops them otherwise;
//   - writes timestamps in UTC, with microseconds;
//   - converts values that do not fit their declared type where their meaning
//     is certain ("12" for an integer); where it is not, it writes null and
//     keeps the value in unrecognized_fields, under its path;
//   - writes null for what destinations cannot read: columns and records that
//     are too large, integers that are too long, nesting that is too deep;
//   - repairs strings and names that break destinations: it removes U+0000,
//     replaces lone surrogates and invalid UTF-8 by U+FFFD, and escapes the
//     line breaks U+0085, U+2028 and U+2029;
//   - writes each name once per object, with its last value, and no
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

// Unrecognized is the column for what fits no column: top-level fields that the
// schema does not declare, and values that do not fit their declared type or
// timestamp. Such a value has its path in the record for a name, with the
// positions of array elements: "score", "customer.email", "tags[0].name". It is
// not kept if members of the field are excluded, hashed or deselected.
//
// The column is filled if the schema declares it as an object without
// properties of its own, and it is selected. A field of this name in a record
// is itself undeclared, and goes into the column like any other.
const Unrecognized = "unrecognized_fields" //rule:undeclared-fields-are-kept

// MaxField is the size in bytes up to which a column's value is written.
// Larger values become null, except in columns that may not be null: those are
// keys, which destinations truncate if they must.
const MaxField = 10 << 20

// MaxRecord is the size in bytes up to which a record is written. The largest
// columns of a larger one become null, except those that may not.
const MaxRecord = 40_000_000

// MaxDepth is how deep objects and arrays may be nested, the record included.
// What is deeper becomes null: common JSON readers stop at 1,000.
const MaxDepth = 500

// A Schema is what the records of one stream must look like, compiled once from
// the stream's JSON schema, the selection and the field rules. It owns the
// buffers of its work, so only one goroutine at a time may call Append.
type Schema struct {
	root              *node
	unrecognized      int            // the column Unrecognized in root.props, or -1
	unrecognizedRules *node          // the rules for undeclared fields; nil without any
	idColumns         map[string]int // of undeclared objects: see prop.idColumn
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
	TooLarge                       // it is larger than MaxField, makes the record larger than MaxRecord, or contains an integer of too many digits
	TooDeep                        // it is nested deeper than MaxDepth
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
	case TooDeep:
		return "is nested too deep"
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
//
// A value that may be anything, because its schema is an object without
// properties, is not reported if it is kept in the column Unrecognized.
func (s *Schema) Append(dst, raw []byte) ([]byte, []Nulled, error) {
	// Repeated names and invalid UTF-8 are allowed, because the pass repairs them.
	if !jsontext.Value(raw).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		return dst, nil, errRecord
	}
	if raw[skipSpace(raw, 0)] != '{' {
		return dst, nil, errRecord
	}
	dst, nulled := s.AppendValid(dst, raw)
	return dst, nulled, nil
}

// AppendValid is Append for a raw that has been proven to be one JSON object, such as a
// record of a parsed page: that proof is close to half of the work. For anything else the
// result is undefined.
func (s *Schema) AppendValid(dst, raw []byte) ([]byte, []Nulled) {
	p := &s.pass
	start := skipSpace(raw, 0)
	p.begin(raw, dst, start)
	p.conformRecord(s)
	if p.repeated {
		raw, _ = appendLast(nil, raw, start, 0)
		p.begin(raw, dst, 0)
		p.conformRecord(s)
	}
	dst, nulled := p.dst, p.nulled
	p.begin(nil, nil, 0) // keeps nothing alive
	return dst, nulled
}
