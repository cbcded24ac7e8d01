package state

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"source-gorgias/connector/reconcile/sketch"
	"source-gorgias/connector/stream"
)

// A Member is a record of a set, with its creation.
type Member struct {
	sketch.Element
	// Created is when the record was created, or the one it was derived from, in
	// seconds since 1970.
	Created uint32
}

// NewMember returns the member of a record.
func NewMember(owner, id int64, created time.Time) Member {
	return Member{sketch.Element{Owner: owner, ID: id}, stream.Seconds(created)}
}

// Members are a small set of records. A set is never changed, only replaced:
// bookmarks that have been handed out keep theirs.
type Members []Member // sorted by element

func (m Member) compare(other Member) int {
	return cmp.Or(cmp.Compare(m.ID, other.ID), cmp.Compare(m.Owner, other.Owner))
}

// Is reports whether a member, whose Owner may be 0, is an element.
func (m Member) Is(e sketch.Element) bool {
	return m.ID == e.ID && (m.Owner == 0 || m.Owner == e.Owner)
}

// Has reports whether an element is in the set.
func (m Members) Has(e sketch.Element) bool {
	_, ok := slices.BinarySearchFunc(m, Member{Element: e}, Member.compare)
	return ok
}

// With returns the set with further members. Beyond a bound, those that were created
// first are dropped.
func (m Members) With(more []Member, bound int) Members {
	if len(more) == 0 {
		return m
	}
	all := slices.Concat(more, m)
	slices.SortStableFunc(all, Member.compare)
	all = slices.CompactFunc(all, func(a, b Member) bool { return a.Element == b.Element })
	if excess := len(all) - bound; excess > 0 {
		ages := make([]uint32, len(all))
		for i, member := range all {
			ages[i] = member.Created
		}
		slices.Sort(ages)
		oldest := ages[excess]
		all = slices.DeleteFunc(all, func(member Member) bool { return member.Created < oldest })
		all = all[max(0, len(all)-bound):]
	}
	return all
}

// Without returns the set without the members that match.
func (m Members) Without(match func(Member) bool) Members {
	if !slices.ContainsFunc(m, match) {
		return m
	}
	return slices.DeleteFunc(slices.Clone(m), match)
}

// MarshalText packs the set into one string, so that clients that merge states
// replace it as a whole.
func (m Members) MarshalText() ([]byte, error) {
	var packed []byte
	var last Member
	for _, member := range m {
		packed = binary.AppendVarint(packed, member.ID-last.ID)
		packed = binary.AppendVarint(packed, member.Owner-last.Owner)
		packed = binary.AppendVarint(packed, int64(member.Created)-int64(last.Created))
		last = member
	}
	return base64.RawStdEncoding.AppendEncode(nil, packed), nil
}

// UnmarshalText reads what MarshalText wrote.
func (m *Members) UnmarshalText(text []byte) error {
	damaged := errors.New("the records to reconcile are damaged")
	packed, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return damaged
	}
	*m = nil
	var last Member
	for len(packed) > 0 {
		var differences [3]int64
		for i := range differences {
			n := 0
			if differences[i], n = binary.Varint(packed); n <= 0 {
				return damaged
			}
			packed = packed[n:]
		}
		created := int64(last.Created) + differences[2]
		next := Member{sketch.Element{Owner: last.Owner + differences[1], ID: last.ID + differences[0]}, uint32(created)}
		if created != int64(next.Created) || len(*m) > 0 && last.compare(next) >= 0 {
			return damaged
		}
		*m, last = append(*m, next), next
	}
	return nil
}
