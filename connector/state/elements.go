package state

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"source-gorgias/connector/stream"
)

// Elements are the ids of what was derived from records, by the record's hash:
// what a destination holds of each record whose fingerprint is kept. A list is
// never changed, only replaced: bookmarks that have been handed out keep theirs.
type Elements []elementsOf // sorted by record

type elementsOf struct {
	record uint32 // stream.HashKey of its key
	ids    IDs
}

// maxElements bounds a list: 2,000 are at most 16 kB of state, mostly 8 kB. Of an
// element that was dropped, it is not noticed that it was removed.
const maxElements = 2000

// Of returns the ids of a record's elements. Two records with the same hash
// displace each other.
func (e Elements) Of(record uint32) IDs {
	i, ok := slices.BinarySearchFunc(e, record, func(a elementsOf, record uint32) int { return cmp.Compare(a.record, record) })
	if !ok {
		return nil
	}
	return e[i].ids
}

// With returns the list with the elements of further records, as far as
// fingerprints are kept of them: those of the newest records up to the bound.
func (e Elements) With(more map[uint32]IDs, kept Fingerprints) Elements {
	all := map[uint32]IDs{}
	for _, of := range e {
		all[of.record] = of.ids
	}
	maps.Copy(all, more)
	newest := slices.Clone(kept)
	slices.SortStableFunc(newest, func(a, b stream.Fingerprint) int { return cmp.Compare(b.At, a.At) })
	var list Elements
	left := maxElements
	for _, fp := range newest {
		if ids := all[fp.Key]; len(ids) > 0 && len(ids) <= left {
			list = append(list, elementsOf{fp.Key, ids})
			left -= len(ids)
		}
	}
	slices.SortFunc(list, func(a, b elementsOf) int { return cmp.Compare(a.record, b.record) })
	return list
}

// MarshalText packs the list into one string, so that clients that merge states
// replace it as a whole.
func (e Elements) MarshalText() ([]byte, error) {
	var packed []byte
	for _, of := range e {
		packed = binary.BigEndian.AppendUint32(packed, of.record)
		packed = binary.AppendUvarint(packed, uint64(len(of.ids)))
		last := int64(0)
		for _, id := range of.ids {
			packed = binary.AppendVarint(packed, id-last)
			last = id
		}
	}
	return base64.RawStdEncoding.AppendEncode(nil, packed), nil
}

// UnmarshalText reads what MarshalText wrote.
func (e *Elements) UnmarshalText(text []byte) error {
	damaged := errors.New("elements are damaged")
	packed, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return damaged
	}
	*e = nil
	for len(packed) > 0 {
		if len(packed) < 5 {
			return damaged
		}
		of := elementsOf{record: binary.BigEndian.Uint32(packed)}
		count, n := binary.Uvarint(packed[4:])
		if n <= 0 || count == 0 || count > uint64(len(packed)) || len(*e) > 0 && (*e)[len(*e)-1].record >= of.record {
			return damaged
		}
		packed = packed[4+n:]
		for last := int64(0); count > 0; count-- {
			difference, n := binary.Varint(packed)
			if n <= 0 || difference <= 0 && len(of.ids) > 0 {
				return damaged
			}
			packed, last = packed[n:], last+difference
			of.ids = append(of.ids, last)
		}
		*e = append(*e, of)
	}
	return nil
}
