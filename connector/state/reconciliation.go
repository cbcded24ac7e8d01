package state

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"source-gorgias/connector/reconcile/sketch"
	"source-gorgias/connector/stream"
)

// A Reconciliation is what a stream's records in the destination are compared with
// when its list is read again: a summary of all of them, in slices.
type Reconciliation struct {
	// CoveredFrom is the cursor value from which on records were read; zero if that
	// is not known.
	CoveredFrom time.Time
	// Top is the end of the newest slice, exclusive. Zero if there are none.
	Top time.Time
	// Slices divide the records that were created before Top, the newest first, each
	// down to where the next one starts.
	Slices Slices
	// Recent are records that were emitted and may be in no slice: those that are
	// younger than Top, and others since their slice was read.
	Recent Members
	// Gone are records that got tombstones and may still be in a slice.
	Gone Members
	// Suspects were missing in a list that was read. Each is asked for by its id
	// before it gets a tombstone.
	Suspects Members
	// Round is the round under way, or the last one.
	Round Round
}

// EndOfTime is later than each creation time that a Member can have.
var EndOfTime = time.Unix(1<<32, 0).UTC()

// bound is how many members each set may have: of a member, the state has five to
// eight bytes.
//
// Without slices, which a first scan does not begin if the time is not certain, they are
// all that is known.
func (r *Reconciliation) bound() int {
	if len(r.Slices) == 0 {
		return maxMembers
	}
	return min(max(400, r.Rows()/150), maxMembers)
}

const maxMembers = 2000

// A Round is one reading of the whole list, a part per sync.
type Round struct {
	// StartedAt is the server time at its start; zero before the first one. It is earlier
	// if the round was hurried: so that it had the usual pace.
	StartedAt time.Time
	// FinishedAt is the server time at its end; zero while it is under way. It lies in the
	// future if the list could not be read: the next round begins then.
	FinishedAt time.Time
	// From is the cursor value from which on it covers the list. If that is before
	// CoveredFrom, what lies between is read for the first time.
	From time.Time
	// Rows is how many rows of the list were read, in whole slices.
	Rows int
	// Below is the creation time from which on everything has been read; zero before
	// the first part.
	Below time.Time
	// PageToken requests the page on which the next part starts; "" at the start of
	// the list. The API may reject it.
	PageToken string
	// Changed and Vanished are how many records the round found.
	Changed, Vanished int
}

// A Slice summarizes the records that were created in a span of time.
type Slice struct {
	// From is where the span starts, inclusive, in whole seconds; zero in the oldest
	// slice, which contains all that is older than the others.
	From time.Time
	// Rows is how many records it contains.
	Rows int
	// Digests are sums of the records' versions. Each record counts in one of them.
	Digests [DigestCount]uint32
	// Members are the records, as far as a difference of up to SketchCapacity
	// records can be named.
	Members *sketch.Sketch
}

const (
	// DigestCount is how many digests a slice has: of its records, so large a share
	// is written again if one has changed.
	DigestCount = 32
	// SketchCapacity is how many records that are missing in a slice can be named.
	SketchCapacity = 16
)

// sketchSize is how many bytes the sketch of a slice has.
const sketchSize = 16 * (SketchCapacity + 1)

// Slices are the slices of a list.
type Slices []Slice

// NewSlice returns an empty slice.
func NewSlice(from time.Time) Slice { return Slice{From: from, Members: sketch.New(SketchCapacity)} }

// Bucket is the digest in which a record counts.
func Bucket(e sketch.Element) int { return int(uint64(e.ID) * 0x9e3779b97f4a7c15 >> 59) }

// Add adds a record.
func (s *Slice) Add(e sketch.Element, v stream.Version) {
	s.Count(e, v)
	s.Members.Toggle(e)
}

// Count adds a record to all but the members.
func (s *Slice) Count(e sketch.Element, v stream.Version) {
	s.Rows++
	s.Digests[Bucket(e)] += binary.BigEndian.Uint32(v[:])
}

// Merge adds the records of another slice; From stays.
func (s *Slice) Merge(other Slice) {
	s.Rows += other.Rows
	for i, d := range other.Digests {
		s.Digests[i] += d
	}
	_ = s.Members.Merge(other.Members) // of the same capacity
}

func (s Slice) clone() Slice {
	s.Members = s.Members.Clone()
	return s
}

// Rows is how many records all slices contain.
func (r *Reconciliation) Rows() (n int) {
	for _, s := range r.Slices {
		n += s.Rows
	}
	return n
}

// top is where a slice ends, exclusive.
func (r *Reconciliation) top(i int) time.Time {
	if i == 0 {
		return r.Top
	}
	return r.Slices[i-1].From
}

// Between returns the slices of a span as one. It reports false if they do not
// cover exactly that.
func (r *Reconciliation) Between(from, to time.Time) (all Slice, ok bool) {
	all = NewSlice(to)
	for i, s := range r.Slices {
		if r.top(i).Equal(all.From) && !s.From.Before(from) {
			all.Merge(s)
			all.From = s.From
		}
	}
	return all, all.From.Equal(from) && from.Before(to)
}

// YoungSliceStart returns where the slice starts in which a lookback window does, so that
// it can be compared as a whole; the start of the window itself if that is far before it.
func (r *Reconciliation) YoungSliceStart(windowStart time.Time, window time.Duration) time.Time {
	i := slices.IndexFunc(r.Slices, func(s Slice) bool { return !s.From.After(windowStart) })
	if i >= 0 && windowStart.Before(r.Top) && windowStart.Sub(r.Slices[i].From) <= 2*youngSpan(window) {
		return r.Slices[i].From
	}
	return windowStart
}

// Replace returns the reconciliation with other slices in a span.
func (r *Reconciliation) Replace(from, to time.Time, with []Slice) Reconciliation {
	replaced := *r
	replaced.Slices = nil
	for _, s := range r.Slices {
		if !s.From.Before(to) {
			replaced.Slices = append(replaced.Slices, s)
		}
	}
	if len(replaced.Slices) == 0 {
		replaced.Top = to
	}
	replaced.Slices = append(replaced.Slices, with...)
	for _, s := range r.Slices {
		if s.From.Before(from) { // also one that goes beyond: what is asked for in vain is no harm
			replaced.Slices = append(replaced.Slices, s)
		}
	}
	return replaced
}

// Begin divides the time from a date up to an overlap before the start of a first
// scan into empty slices: the scan finds records in another order than that of their
// creation. Slices are the longer the older they are, since accounts grow; those of the
// lookback window are short, so that it can be compared whenever it is read again.
func (r *Reconciliation) Begin(from, startedAt time.Time, overlap, window time.Duration) {
	to := startedAt.Add(-overlap).Truncate(time.Second)
	r.CoveredFrom = from
	if to.Unix() <= 0 { // the time is not certain
		return
	}
	r.Top, r.Round = to, Round{StartedAt: startedAt, From: from}
	span, at := youngSpan(window), to
	for n := 0; n < maxFirstSlices && at.Add(-span).After(from) && at.Add(-span).Unix() > 0; n++ {
		at = at.Add(-span)
		r.Slices = append(r.Slices, NewSlice(at))
		if at.Before(to.Add(-window)) {
			span += span * 3 / 20
		}
		span = span.Truncate(time.Second)
	}
	r.Slices = append(r.Slices, NewSlice(time.Time{}))
}

// maxFirstSlices bounds the slices of a first scan: those of a window, and of as many
// years as matter.
const maxFirstSlices = 70

// youngSpan is the length of the slices of a lookback window: a day, or an eighth.
func youngSpan(window time.Duration) time.Duration {
	return max(24*time.Hour, window/8).Truncate(time.Second)
}

// An Emitted record is one that a destination has got.
type Emitted struct {
	Member
	Version stream.Version
	// New is set if it was not emitted before.
	New bool
}

// Emit notes records that were emitted. New ones go to their slice, the others are
// Recent.
func (r *Reconciliation) Emit(records []Emitted) {
	var recent []Member
	changed := map[int]bool{}
	for _, e := range records {
		i := r.sliceOf(e.Created)
		if !e.New || i < 0 {
			recent = append(recent, e.Member)
			continue
		}
		if len(changed) == 0 {
			r.Slices = slices.Clone(r.Slices)
		}
		s := &r.Slices[i]
		if !changed[i] {
			*s, changed[i] = s.clone(), true
		}
		s.Add(e.Element, e.Version)
	}
	for _, m := range recent {
		if r.IsGone(m.Element) { // it is back
			r.Gone = r.Gone.Without(func(gone Member) bool { return gone.Is(m.Element) })
		}
	}
	r.Recent = r.Recent.With(recent, r.bound())
}

// sliceOf returns the slice of a creation time; -1 if there is none.
func (r *Reconciliation) sliceOf(created uint32) int {
	if created >= stream.Seconds(r.Top) {
		return -1
	}
	return slices.IndexFunc(r.Slices, func(s Slice) bool { return s.From.IsZero() || created >= stream.Seconds(s.From) })
}

// Delete notes that a record got a tombstone. Owner may be 0 if the id alone identifies
// it.
func (r *Reconciliation) Delete(e sketch.Element) {
	is := func(m Member) bool { return (Member{Element: e}).Is(m.Element) }
	r.Recent, r.Suspects = r.Recent.Without(is), r.Suspects.Without(is)
	r.Gone = r.Gone.With([]Member{{Element: e}}, r.bound())
}

// IsGone reports whether a record got a tombstone.
func (r *Reconciliation) IsGone(e sketch.Element) bool {
	return r.Gone.Has(e) || r.Gone.Has(sketch.Element{ID: e.ID})
}

// Suspect notes members that were missing in a list.
func (r *Reconciliation) Suspect(missing []Member) {
	r.Suspects = r.Suspects.With(missing, r.bound())
}

// Compact joins neighboring slices up to a number of rows each; those of the lookback
// window, which ends with the newest slice, up to a part of it. Where the round under way
// goes on, slices stay apart.
func (r *Reconciliation) Compact(rows int, window time.Duration) {
	var all Slices
	until := r.Top // of the last slice of all
	for i, s := range r.Slices {
		top := r.top(i)
		young := top.After(r.Top.Add(-window))
		goesOn := top.Equal(r.Round.Below)                                                                                                             //rule:round-keeps-its-place
		if n := len(all); n > 0 && !goesOn && all[n-1].Rows+s.Rows <= rows && (!young || !s.From.IsZero() && until.Sub(s.From) <= youngSpan(window)) { //rule:young-slices-are-joined
			joined := all[n-1].clone()
			joined.Merge(s)
			joined.From = s.From
			all[n-1] = joined
			continue
		}
		all, until = append(all, s), top
	}
	r.Slices = all
}

// MarshalText packs the slices into one string, so that clients that merge states
// replace it as a whole.
func (s Slices) MarshalText() ([]byte, error) {
	packed := make([]byte, 0, len(s)*(4+binary.MaxVarintLen64+1+4*DigestCount+sketchSize))
	for _, slice := range s {
		packed = binary.BigEndian.AppendUint32(packed, stream.Seconds(slice.From))
		packed = binary.AppendUvarint(packed, uint64(slice.Rows))
		packed = append(packed, 1)
		full := len(packed)
		for _, d := range slice.Digests {
			packed = binary.BigEndian.AppendUint32(packed, d)
		}
		packed, _ = slice.Members.AppendBinary(packed)
		if slice.Rows == 0 && len(bytes.Trim(packed[full:], "\x00")) == 0 {
			packed = append(packed[:full-1], 0)
		}
	}
	return base64.RawStdEncoding.AppendEncode(nil, packed), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *Slices) UnmarshalText(text []byte) error {
	damaged := errors.New("the slices are damaged")
	packed, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return damaged
	}
	*s = nil
	for len(packed) > 0 {
		slice, rest, ok := parseSlice(packed)
		if n := len(*s); !ok || n > 0 && !slice.From.Before((*s)[n-1].From) {
			return damaged
		}
		*s, packed = append(*s, slice), rest
	}
	return nil
}

// parseSlice reads a slice, and returns what follows it.
func parseSlice(packed []byte) (slice Slice, rest []byte, ok bool) {
	slice = NewSlice(time.Time{})
	if len(packed) < 4 {
		return slice, nil, false
	}
	if from := binary.BigEndian.Uint32(packed); from > 0 {
		slice.From = time.Unix(int64(from), 0).UTC()
	}
	packed = packed[4:]
	rows, n := binary.Uvarint(packed)
	if n <= 0 || len(packed) < n+1 || rows > 1<<40 {
		return slice, nil, false
	}
	slice.Rows = int(rows)
	isFull := packed[n] != 0
	if packed = packed[n+1:]; !isFull {
		return slice, packed, true
	}
	if len(packed) < 4*DigestCount+sketchSize {
		return slice, nil, false
	}
	for i := range slice.Digests {
		slice.Digests[i] = binary.BigEndian.Uint32(packed[4*i:])
	}
	packed = packed[4*DigestCount:]
	return slice, packed[sketchSize:], slice.Members.UnmarshalBinary(packed[:sketchSize]) == nil
}
