// Package sketch computes the difference between two large sets from a few bytes
// of each. It names the elements that were removed from a set or added to it since
// its sketch was stored.
//
// # How it works
//
// A sketch holds sums in a field in which adding a value twice cancels it out. So
// one operation both adds an element and removes it, and two sketches added give
// the sketch of the elements that only one of the sets contains. If that is a
// single element, the sum of all values is its value. The sums of the powers 1, 3,
// 5, … 2c-1 determine up to c elements. The sums of even powers would be redundant:
// they are squares of others. [Sketch.Decode] first computes a polynomial whose
// roots are the elements (Berlekamp–Massey), then its roots (the trace algorithm of
// Berlekamp). The size of the two sets does not matter, only that of the difference.
//
// The sums are the syndromes of a BCH code. Minsky, Trachtenberg and Zippel
// reconcile sets with the help of polynomials (Set Reconciliation with Nearly
// Optimal Communication Complexity, 2003). Dodis, Ostrovsky, Reyzin and Smith
// describe the form used here and call it PinSketch (Fuzzy Extractors, 2008).
//
// # More elements than the capacity
//
// If the difference has more than c elements, its c sums are as good as random.
// There are (2^128)^c values of c sums, and about (2^128)^c / c! sets of up to c
// elements, each with its own sums. So random sums are those of such a set with a
// probability of 1/c!, and Decode would name its elements, all of them wrong. This
// is certain for c = 1, happens to every sixth difference for c = 3, and to one in
// 2·10^13 for c = 16.
//
// A sketch of capacity c therefore holds c+1 sums. The elements are computed from
// the first c and must agree with the last. That makes the probability of a wrong
// result 2^-128 / c! for 16 bytes more. Capacity 16 would not need it, but sketches
// of small slices would, and no caller has to consider the difference.
//
// # Consecutive ids
//
// Sums of powers of consecutive numbers are not random: they cancel out. For 64
// ids in a row that start at a multiple of 64, the first 17 sums are all zero; if
// 63 of them were deleted, the sketch would name the one that was not. So the value
// of an element is not the pair of its ids, but the image of the pair under a fixed
// permutation that destroys such patterns. The permutation is not secret: if an
// attacker chooses the ids, a difference that decodes wrongly can be constructed.
// The ids of this connector are assigned by the API.
package sketch

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// An Element is a record: its id, and the id of the record that it belongs to or 0.
// Both may be any number, also negative. There is one exception, since one value,
// zero, adds nothing to a sum: the element of which both are -2^63 is ignored.
type Element struct{ Owner, ID int64 }

// A Sketch is a summary of a set. Sketches are made by [New] and
// [Sketch.UnmarshalBinary].
type Sketch struct {
	sums []word // of the powers 1, 3, 5, … of all elements; the last is for checking
}

// New returns the sketch of the empty set. Its capacity is the largest difference
// that it can name.
func New(capacity int) *Sketch { return &Sketch{make([]word, capacity+1)} }

// Capacity returns the largest number of elements that Decode can name.
func (s *Sketch) Capacity() int { return max(0, len(s.sums)-1) }

// Clone returns a sketch of the same set.
func (s *Sketch) Clone() *Sketch { return &Sketch{slices.Clone(s.sums)} }

// Toggle adds an element that is not in the set, and removes one that is.
func (s *Sketch) Toggle(e Element) { s.toggle(e.word()) }

func (s *Sketch) toggle(power word) {
	square := power.square().multiplier()
	for i := range s.sums {
		s.sums[i] = s.sums[i].plus(power)
		power = square.times(power)
	}
}

// Merge makes s the sketch of the elements that are in one of the two sets only.
// Both must have the same capacity.
func (s *Sketch) Merge(other *Sketch) error {
	if len(s.sums) != len(other.sums) { //rule:only-equal-capacities-are-merged
		return fmt.Errorf("sketches of capacity %d and %d cannot be merged: make both with the same", s.Capacity(), other.Capacity())
	}
	for i, sum := range other.sums {
		s.sums[i] = s.sums[i].plus(sum)
	}
	return nil
}

// Decode returns all elements of the set, in no order, if their number is at most
// the capacity. Otherwise it reports false.
func (s *Sketch) Decode() ([]Element, bool) {
	found, ok := solve(s.sums[:s.Capacity()])
	if !ok {
		return nil, false
	}
	again := New(s.Capacity())
	elements := make([]Element, len(found))
	for i, w := range found {
		again.toggle(w)
		elements[i] = w.element()
	}
	if !slices.Equal(again.sums, s.sums) { //rule:decoded-elements-have-the-same-sketch
		return nil, false
	}
	return elements, true
}

// AppendBinary appends the sketch: 16 bytes for each element that it can name and
// 16 more. The first 16·(n+1) bytes are the sketch of capacity n of the same set.
func (s *Sketch) AppendBinary(b []byte) ([]byte, error) {
	for _, sum := range s.sums {
		b = binary.BigEndian.AppendUint64(b, sum.hi)
		b = binary.BigEndian.AppendUint64(b, sum.lo)
	}
	return b, nil
}

// UnmarshalBinary reads what AppendBinary wrote. The capacity follows from the
// length.
func (s *Sketch) UnmarshalBinary(b []byte) error {
	if len(b) == 0 || len(b)%16 != 0 { //rule:sketches-cut-short-are-refused
		return fmt.Errorf("a sketch has a multiple of 16 bytes, not %d: drop it and read its records again", len(b))
	}
	s.sums = make([]word, len(b)/16)
	for i := range s.sums {
		s.sums[i] = word{binary.BigEndian.Uint64(b[16*i:]), binary.BigEndian.Uint64(b[16*i+8:])}
	}
	return nil
}

// rounds are the factors of the permutation: digits of the square roots of 2, 3, 5
// and 7. Stored sketches depend on them.
var rounds = [...]uint64{0x6a09e667f3bcc909, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1}

// sign is flipped in both numbers, since the permutation maps zero to zero.
const sign = 1 << 63 //rule:ids-of-zero-count

// word returns the element's value, which differs from that of every other. It is
// a Feistel network: each round changes one half by a function of the other half,
// which stays, so that the round can be undone.
func (e Element) word() word {
	w := word{uint64(e.Owner) ^ sign, uint64(e.ID) ^ sign}
	for _, factor := range rounds { //rule:consecutive-ids-are-scattered
		w = word{w.lo, w.hi ^ mix(w.lo, factor)}
	}
	return w
}

// element returns the element that has a value.
func (w word) element() Element {
	for _, factor := range slices.Backward(rounds[:]) { //rule:consecutive-ids-are-scattered
		w = word{w.lo ^ mix(w.hi, factor), w.hi}
	}
	return Element{int64(w.hi ^ sign), int64(w.lo ^ sign)}
}

// mix is the sum of both halves of a product.
func mix(a, factor uint64) uint64 {
	hi, lo := bits.Mul64(a, factor)
	return hi ^ lo
}
