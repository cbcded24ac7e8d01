package state

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
)

// IDs are ids of events or records, sorted. A list is never changed, only replaced:
// bookmarks that have been handed out keep theirs.
type IDs []int64

// maxIDs bounds a list: 2,000 ids are about 5 kB of state. An event whose
// id was dropped is processed again; a record's is not followed.
const maxIDs = 2000

// Has reports whether an id is in the list.
func (e IDs) Has(id int64) bool {
	_, ok := slices.BinarySearch(e, id)
	return ok
}

// HasAll reports whether all ids are in the list.
func (e IDs) HasAll(ids []int64) bool {
	return !slices.ContainsFunc(ids, func(id int64) bool { return !e.Has(id) })
}

// With returns the list with further ids. Beyond the bound, the smallest ids,
// which are the oldest, are dropped.
func (e IDs) With(ids []int64) IDs {
	all := slices.Concat(e, IDs(ids))
	slices.Sort(all)
	all = slices.Compact(all)
	return all[max(0, len(all)-maxIDs):]
}

// MarshalText packs the differences between the ids into one string, so that
// clients that merge states replace it as a whole.
func (e IDs) MarshalText() ([]byte, error) {
	var packed []byte
	last := int64(0)
	for _, id := range e {
		packed = binary.AppendVarint(packed, id-last)
		last = id
	}
	return base64.RawStdEncoding.AppendEncode(nil, packed), nil
}

// UnmarshalText reads what MarshalText wrote.
func (e *IDs) UnmarshalText(text []byte) error {
	damaged := errors.New("ids are damaged")
	packed, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return damaged
	}
	*e = nil
	for last := int64(0); len(packed) > 0; {
		difference, n := binary.Varint(packed)
		if n <= 0 || difference <= 0 && len(*e) > 0 {
			return damaged
		}
		packed, last = packed[n:], last+difference
		*e = append(*e, last)
	}
	return nil
}
