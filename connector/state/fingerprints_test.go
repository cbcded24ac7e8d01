package state

import (
	"fmt"
	"math/rand/v2"
	"reflect"
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

// TestElements checks that elements are kept as long as the fingerprint of their
// record, up to the bound, and survive their text.
func TestElements(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var kept Fingerprints
		more := map[uint32]IDs{}
		for i := range 1 + r.IntN(900) {
			kept = append(kept, stream.Fingerprint{Key: uint32(3 * i), At: uint32(i)})
			more[uint32(2*i)] = IDs(nil).With([]int64{r.Int64N(1 << 40), r.Int64N(100), -r.Int64N(9)}[:r.IntN(4)])
		}
		list := Elements(nil).With(more, kept)
		text, _ := list.MarshalText()
		var back Elements
		if err := back.UnmarshalText(text); err != nil || !reflect.DeepEqual(back, list) || len(text) > 32<<10 {
			t.Fatalf("%d bytes: %v", len(text), err)
		}
		count := 0
		for _, of := range list {
			count += len(of.ids)
			if of.record%3 != 0 || !slices.Equal(list.Of(of.record), more[of.record]) {
				t.Fatalf("the elements of %d: %v", of.record, list.Of(of.record))
			}
		}
		if count > maxElements || list.Of(1) != nil {
			t.Fatalf("%d elements", count)
		}
		if changed := list.With(map[uint32]IDs{0: nil}, kept); changed.Of(0) != nil {
			t.Fatal("removed elements are kept")
		}
	}
	for _, damaged := range []string{"?", "AAAA", "AAAAAAA", "AAAAAQECAAAAAAEC", "AAAAAAD/////Dw"} {
		var back Elements
		if err := back.UnmarshalText([]byte(damaged)); err == nil {
			t.Errorf("%q was read as %v", damaged, back)
		}
	}
}
