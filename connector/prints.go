package connector

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"slices"
	"time"
)

// Prints are fingerprints of what was written last, one per key: the version
// a destination holds of each record that may be met again. They are bounded;
// what is forgotten is at worst written again. A list is never changed, only
// replaced: bookmarks that have been handed out keep theirs.
type Fingerprints []print // sorted by key

// maxPrints bounds a list of fingerprints: 2,000 are 37 kB of state.
const maxPrints = 2000

// A print is what is kept of a record: 14 bytes.
type print struct {
	key uint32  // of what identifies it
	at  uint32  // its instant in seconds since 1970; what is oldest is forgotten first
	sum [6]byte // of its bytes as they came
}

// printOf takes the fingerprint of a record as it came. Two versions of a
// record have the same one about once in 10^14 pairs. Two records with the
// same key make each other forgotten, which only costs writing them again.
func printOf(key []byte, at time.Time, raw []byte) print {
	sum := sha256.Sum256(raw)
	return print{keyPrint(key), seconds(at), [6]byte(sum[:6])}
}

func keyPrint(key []byte) uint32 {
	h := fnv.New32a()
	_, _ = h.Write(key)
	return h.Sum32()
}

func seconds(at time.Time) uint32 { return uint32(min(max(at.Unix(), 0), 1<<32-1)) }

func (p Fingerprints) find(key uint32) (int, bool) {
	return slices.BinarySearchFunc(p, key, func(f print, key uint32) int {
		switch {
		case f.key < key:
			return -1
		case f.key > key:
			return 1
		}
		return 0
	})
}

// has reports whether this very version was written last.
func (p Fingerprints) has(f print) bool {
	i, ok := p.find(f.key)
	return ok && p[i].sum == f.sum
}

// without returns the list without those that have other versions now.
func (p Fingerprints) without(other []print) Fingerprints {
	return slices.DeleteFunc(slices.Clone(p), func(f print) bool {
		return slices.ContainsFunc(other, func(o print) bool { return o.key == f.key })
	})
}

// with returns the list with those that were met now, and without those from
// before floor. A version that is met again is as old as it was at the latest.
func (p Fingerprints) with(met []print, floor time.Time) Fingerprints {
	from := seconds(floor)
	all := make(Fingerprints, 0, len(p)+len(met))
	for i := len(met) - 1; i >= 0; i-- { // the last version of a key first
		all = append(all, met[i])
	}
	all = append(all, p...)
	slices.SortStableFunc(all, func(a, b print) int { return int(int64(a.key) - int64(b.key)) })
	for i := len(all) - 1; i > 0; i-- {
		if a, b := &all[i-1], all[i]; a.key == b.key && a.sum == b.sum {
			a.at = max(a.at, b.at)
		}
	}
	all = slices.CompactFunc(all, func(a, b print) bool { return a.key == b.key })
	if over := len(all) - maxPrints; over > 0 {
		ages := make([]uint32, len(all))
		for i, f := range all {
			ages[i] = f.at
		}
		slices.Sort(ages)
		from = max(from, ages[over])
	}
	all = slices.DeleteFunc(all, func(f print) bool { return f.at < from })
	return all[:min(len(all), maxPrints):min(len(all), maxPrints)] // of those of one second, any
}

const printSize = 4 + 4 + 6

// MarshalText packs the list into one string, so that clients that merge
// states replace it as a whole.
func (p Fingerprints) MarshalText() ([]byte, error) {
	packed := make([]byte, 0, printSize*len(p))
	for _, f := range p {
		packed = binary.BigEndian.AppendUint32(packed, f.key)
		packed = binary.BigEndian.AppendUint32(packed, f.at)
		packed = append(packed, f.sum[:]...)
	}
	return base64.RawStdEncoding.AppendEncode(nil, packed), nil
}

// UnmarshalText reads what MarshalText wrote.
func (p *Fingerprints) UnmarshalText(text []byte) error {
	damaged := errors.New("fingerprints are damaged")
	packed, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil || len(packed)%printSize != 0 {
		return damaged
	}
	*p = nil
	for ; len(packed) > 0; packed = packed[printSize:] {
		f := print{binary.BigEndian.Uint32(packed), binary.BigEndian.Uint32(packed[4:]), [6]byte(packed[8:printSize])}
		if n := len(*p); n > 0 && (*p)[n-1].key >= f.key {
			return damaged
		}
		*p = append(*p, f)
	}
	return nil
}
