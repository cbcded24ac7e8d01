package state

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"source-gorgias/connector/stream"
)

// Fingerprints are the versions last emitted, one per record: what a
// destination holds of each record that may be read again. They are bounded;
// a record whose fingerprint was dropped is at worst emitted again. A list is
// never changed, only replaced: bookmarks that have been handed out keep theirs.
type Fingerprints []stream.Fingerprint // sorted by key

// maxFingerprints bounds a list: 2,000 are 37 kB of state.
const maxFingerprints = 2000

// Has reports whether the list contains this version of the record.
func (f Fingerprints) Has(fp stream.Fingerprint) bool {
	i, ok := slices.BinarySearchFunc(f, fp, compareKeys)
	return ok && f[i].Version == fp.Version //rule:fingerprint-identifies-version
}

// Knows reports whether the list contains any version of the record.
func (f Fingerprints) Knows(fp stream.Fingerprint) bool {
	_, ok := slices.BinarySearchFunc(f, fp, compareKeys)
	return ok
}

func compareKeys(a, b stream.Fingerprint) int { return cmp.Compare(a.Key, b.Key) }

// Without returns the list without the records of other fingerprints.
func (f Fingerprints) Without(other []stream.Fingerprint) Fingerprints {
	return slices.DeleteFunc(slices.Clone(f), func(a stream.Fingerprint) bool {
		return slices.ContainsFunc(other, func(b stream.Fingerprint) bool { return a.Key == b.Key })
	})
}

// With returns the list with further fingerprints, the last of each key, and
// without those from before the horizon; of these the newest margin are kept. A
// version that is read again keeps its latest time.
func (f Fingerprints) With(more []stream.Fingerprint, horizon time.Time, margin int) Fingerprints {
	latest := slices.Clone(more)
	slices.Reverse(latest)
	slices.SortStableFunc(latest, compareKeys)
	all := make(Fingerprints, 0, len(f)+len(more))
	for len(latest) > 0 || len(f) > 0 {
		if len(f) == 0 || len(latest) > 0 && latest[0].Key <= f[0].Key {
			all, latest = append(all, latest[0]), latest[1:]
		} else {
			all, f = append(all, f[0]), f[1:]
		}
	}
	for i := len(all) - 1; i > 0; i-- {
		if a, b := &all[i-1], all[i]; a.Key == b.Key && a.Version == b.Version {
			a.At = max(a.At, b.At)
		}
	}
	all = slices.CompactFunc(all, func(a, b stream.Fingerprint) bool { return a.Key == b.Key })
	return all.newest(stream.Seconds(horizon), margin)
}

// newest drops what is older than the horizon, beyond the newest margin of
// that, and what is over the bound.
func (f Fingerprints) newest(horizon uint32, margin int) Fingerprints {
	ages, recent := make([]uint32, len(f)), 0
	for i, fp := range f {
		if ages[i] = fp.At; fp.At >= horizon {
			recent++
		}
	}
	keep := min(recent+margin, maxFingerprints, len(f))
	if keep == len(f) || keep == 0 {
		return f[:keep:keep]
	}
	slices.Sort(ages)
	kept, oldest := make(Fingerprints, 0, keep), ages[len(f)-keep]
	first, _ := slices.BinarySearch(ages, oldest)
	spare := keep // how many of the oldest age are kept
	for _, age := range ages[first:] {
		if age > oldest {
			spare--
		}
	}
	for _, fp := range f {
		switch {
		case fp.At == oldest && spare > 0:
			spare--
		case fp.At <= oldest:
			continue
		}
		kept = append(kept, fp)
	}
	return kept
}

// lastBefore returns the latest time of a record that is not after another; zero
// if there is none.
func (f Fingerprints) lastBefore(present time.Time) (last time.Time) {
	newest := uint32(0)
	for _, fp := range f {
		if fp.At > newest && !time.Unix(int64(fp.At), 0).After(present) {
			newest = fp.At
			last = time.Unix(int64(newest), 0).UTC()
		}
	}
	return last
}

const fingerprintSize = 4 + 4 + len(stream.Version{})

// MarshalText packs the list into one string, so that clients that merge
// states replace it as a whole.
func (f Fingerprints) MarshalText() ([]byte, error) {
	packed := make([]byte, 0, fingerprintSize*len(f))
	for _, fp := range f {
		packed = binary.BigEndian.AppendUint32(packed, fp.Key)
		packed = binary.BigEndian.AppendUint32(packed, fp.At)
		packed = append(packed, fp.Version[:]...)
	}
	return base64.RawStdEncoding.AppendEncode(nil, packed), nil
}

// UnmarshalText reads what MarshalText wrote.
func (f *Fingerprints) UnmarshalText(text []byte) error {
	damaged := errors.New("fingerprints are damaged")
	packed, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil || len(packed)%fingerprintSize != 0 {
		return damaged
	}
	*f = nil
	for ; len(packed) > 0; packed = packed[fingerprintSize:] {
		fp := stream.Fingerprint{Key: binary.BigEndian.Uint32(packed), At: binary.BigEndian.Uint32(packed[4:]), Version: stream.Version(packed[8:fingerprintSize])}
		if n := len(*f); n > 0 && (*f)[n-1].Key >= fp.Key {
			return damaged
		}
		*f = append(*f, fp)
	}
	return nil
}
