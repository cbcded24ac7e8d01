package stream

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"source-gorgias/connector/conform"
)

// TimestampLayout is how the connector writes timestamps, in states and in
// records of its own.
const TimestampLayout = "2006-01-02T15:04:05.000000Z"

// A Record is one JSON object of a page, with what the engine needs to know of
// it. That is found once, in one pass, when the page arrives.
type Record struct {
	// Raw is the object as the API spells it. It shares the page's memory.
	Raw json.RawMessage
	// Key is the value of the stream's ID column: an integer in digits, or a text as
	// spelled; nil if it cannot be a key.
	Key []byte
	// Cursor is the cursor value; zero if the record has none that can be read.
	Cursor time.Time
	// Owner is the id in the column Stream.BelongsTo; 0 if there is none.
	Owner int64
	// Origin says why the record is emitted.
	Origin Origin

	// Created is when the record was created; zero if it does not show it, or if the list
	// cannot be reconciled.
	Created time.Time

	version Version
	without [2]bool // whether the fields Stream.Nested are known to have no elements
}

// An Origin is the part of a sync that emits a record.
type Origin uint8

const (
	Listed     Origin = iota // read in a list
	Refetched                // re-fetched, because an event names it
	Reconciled               // read again in its list, and maybe different
	Tombstone                // the record of a deletion
)

// A Version is a short hash of a record's bytes. Two versions of a record have
// the same one about once in 10^14 pairs.
type Version [6]byte

// NewRecord finds what the engine needs to know of a row of the stream's list.
func (s *Stream) NewRecord(raw json.RawMessage) Record {
	names := [...]string{s.ID(), s.Cursor, s.BelongsTo, s.Created, s.Nested[0], s.Nested[1]}
	var values [len(names)][]byte
	conform.Fields(raw, names[:], values[:])
	for i, name := range names {
		if name == "" {
			values[i] = nil // it is no field
		}
	}
	r := Record{Raw: raw, Key: s.keyOf(values[0]), Cursor: timestamp(values[1]), Owner: Integer(values[2]), Created: timestamp(values[3])}
	for i, value := range values[4:] {
		r.without[i] = s.Nested[i] != "" && (len(value) <= len(`[]`) || IsNull(value)) //rule:fields-with-elements-are-derived
	}
	if s.Incremental() {
		r.version = versionOf(raw)
	}
	return r
}

// DeriveFrom returns the records of a Derived stream that are in one of its parent's.
func (s *Stream) DeriveFrom(parent Record) []json.RawMessage {
	if i := slices.Index(s.Parent.Nested[:], s.Field); i >= 0 && parent.without[i] {
		return nil
	}
	return s.Derive(parent.Raw)
}

// keyOf returns a value of the key as [Record.Key] has it: what the conformed
// record will contain. It is nil if that would be null or another row's.
func (s *Stream) keyOf(value []byte) []byte {
	if s.TextKey {
		if len(value) > len(`""`) && value[0] == '"' {
			return value
		}
		return nil
	}
	digits, _ := conform.Integer(value)
	return digits
}

// HasKey reports whether a record can be identified by the whole primary key.
func (s *Stream) HasKey(raw []byte) bool {
	if raw[0] != '{' {
		return false
	}
	values := make([][]byte, len(s.Key))
	conform.Fields(raw, s.Key, values)
	return !slices.ContainsFunc(values, func(value []byte) bool { return s.keyOf(value) == nil })
}

// NewTombstone returns the record that says that a record with a key was
// deleted: the key, and the time of the deletion in the column that the
// protocol names and in the cursor.
func (s *Stream) NewTombstone(column string, deleted time.Time, key ...int64) Record {
	at := deleted.UTC().Format(TimestampLayout)
	raw := fmt.Appendf(nil, `{%q:%q,%q:%q`, column, at, s.Cursor, at)
	var id []byte
	for i, k := range key {
		raw = fmt.Appendf(raw, ",%q:%d", s.Key[i], k)
		if i > 0 {
			id = append(id, '/')
		}
		id = strconv.AppendInt(id, k, 10)
	}
	raw = append(raw, '}')
	return Record{Raw: raw, Key: id, Cursor: deleted, Origin: Tombstone, version: versionOf(raw)}
}

// ID returns the key as an integer; 0 if it is none.
func (r *Record) ID() int64 { return Integer(r.Key) }

// A Fingerprint identifies one version of one record: 14 bytes.
type Fingerprint struct {
	Key     uint32 // hash of what identifies the record
	At      uint32 // its cursor value in seconds since 1970; the oldest are dropped first
	Version Version
}

// Fingerprint returns the record's fingerprint. at is the time up to which it
// matters, mostly the cursor value. Two records with the same key hash displace
// each other, which only means that they are emitted again.
func (r *Record) Fingerprint(at time.Time) Fingerprint {
	return Fingerprint{HashKey(r.Key), Seconds(at), r.version}
}

// NewFingerprint returns the fingerprint of data that is not a record of a list.
func NewFingerprint(key []byte, at time.Time, data []byte) Fingerprint {
	return Fingerprint{HashKey(key), Seconds(at), versionOf(data)}
}

// Version returns the version of the record.
func (r *Record) Version() Version { return r.version }

// VersionOf returns the version of a record's bytes.
func VersionOf(raw []byte) Version { return versionOf(raw) }

func versionOf(raw []byte) Version {
	sum := xxhash.Sum64(raw)
	return Version(binary.BigEndian.AppendUint64(nil, sum)[:6])
}

// HashKey returns the hash by which a fingerprint identifies its record.
func HashKey(key []byte) uint32 {
	h := fnv.New32a()
	_, _ = h.Write(key)
	return h.Sum32()
}

// Seconds returns a time as fingerprints store it.
func Seconds(at time.Time) uint32 { return uint32(min(max(at.Unix(), 0), 1<<32-1)) }

// Field returns the value of a top-level field as spelled; nil if absent.
func Field(raw []byte, name string) []byte {
	value, _ := conform.Field(raw, name)
	return value
}

// Timestamp reads a top-level field as a timestamp; zero if it is none.
func Timestamp(raw []byte, name string) time.Time { return timestamp(Field(raw, name)) }

func timestamp(value []byte) time.Time {
	if len(value) < 2 || value[0] != '"' {
		return time.Time{}
	}
	t, _ := conform.ParseTimestamp(string(value[1 : len(value)-1]))
	return t
}

// Integer reads an integer, or a string that holds one; 0 if it is neither.
func Integer(raw []byte) int64 {
	if len(raw) > 1 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	n, _ := strconv.ParseInt(string(raw), 10, 64)
	return n
}

// IsNull reports whether a value is null or absent.
func IsNull(value []byte) bool { return len(value) == 0 || value[0] == 'n' }
