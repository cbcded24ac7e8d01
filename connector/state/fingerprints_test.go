package state

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"source-gorgias/connector/stream"
)

// TestFingerprintsWith holds With against a simple model: of each key the last
// version, then those at or after the horizon, and of the older ones the newest.
func TestFingerprintsWith(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	second := func(n int) time.Time { return time.Unix(int64(n), 0) }
	for range 500 {
		var list Fingerprints
		model := map[uint32]stream.Fingerprint{}
		for range 1 + r.IntN(4) {
			var more []stream.Fingerprint
			for range r.IntN(20) {
				fp := stream.NewFingerprint(fmt.Append(nil, r.IntN(15)), second(r.IntN(50)), fmt.Append(nil, r.IntN(3)))
				if old, ok := model[fp.Key]; ok && old.Version == fp.Version {
					fp.At = max(fp.At, old.At)
				}
				more, model[fp.Key] = append(more, fp), fp
			}
			horizon, margin := r.IntN(60), r.IntN(5)
			list = list.With(more, second(horizon), margin)
			var ages []int
			for _, fp := range model {
				ages = append(ages, int(fp.At))
			}
			slices.Sort(ages)
			slices.Reverse(ages)
			recent := len(slices.DeleteFunc(slices.Clone(ages), func(age int) bool { return age < horizon }))
			keep := min(len(ages), recent+margin)
			if len(list) != keep {
				t.Fatalf("seed %d: %d are kept, expected %d of %v from %d on", seed, len(list), keep, ages, horizon)
			}
			if !slices.IsSortedFunc(list, compareKeys) {
				t.Fatalf("seed %d: not sorted: %v", seed, list)
			}
			kept := map[uint32]stream.Fingerprint{}
			for _, fp := range list {
				if model[fp.Key] != fp || keep > 0 && int(fp.At) < ages[keep-1] {
					t.Fatalf("seed %d: %v is kept, the model has %v", seed, fp, model[fp.Key])
				}
				if !list.Has(fp) || !list.Knows(fp) {
					t.Fatalf("seed %d: %v is not found", seed, fp)
				}
				kept[fp.Key] = fp
			}
			model = kept
		}
	}
}

// TestEventIDs checks that ids are found, that the smallest are dropped beyond
// the bound, and that a list survives its text.
func TestEventIDs(t *testing.T) {
	var ids IDs
	for i := range maxIDs + 10 {
		ids = ids.With([]int64{int64(7 * i)})
	}
	if len(ids) != maxIDs || ids.Has(63) || !ids.Has(70) || ids.Has(71) {
		t.Errorf("%d ids, from %d on", len(ids), ids[0])
	}
	if !ids.HasAll(nil) || !ids.HasAll([]int64{70, 77}) || ids.HasAll([]int64{63, 70}) {
		t.Error("HasAll and Has disagree")
	}
	text, _ := ids.MarshalText()
	var back IDs
	if err := back.UnmarshalText(text); err != nil || !slices.Equal(back, ids) || len(text) > 6000 {
		t.Errorf("%d ids became %d in %d bytes: %v", len(ids), len(back), len(text), err)
	}
	for _, damaged := range []string{"?", "gA", "AgA"} {
		if err := back.UnmarshalText([]byte(damaged)); err == nil {
			t.Errorf("%q was read as %v", damaged, back)
		}
	}
}
