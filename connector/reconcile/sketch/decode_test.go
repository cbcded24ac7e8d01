package sketch

import (
	"math"
	"slices"
	"testing"
)

// polyOf returns the polynomial with some roots.
func polyOf(roots ...word) poly {
	p := poly{one}
	for _, root := range roots {
		higher := append(poly{{}}, p...)
		for i, c := range p.times(root) {
			higher[i] = higher[i].plus(c)
		}
		p = higher
	}
	return p
}

// A polynomial that has fewer roots than its degree is recognized: one with a
// double root, and one without roots.
func TestRootsAreMissing(t *testing.T) {
	r := newRandom(t, 2)
	without := 0
	for range 20 {
		a := randomWord(r)
		if _, ok := polyOf(a, a).trace(0); ok {
			t.Fatalf("the double root %x passes for two roots", a)
		}
		trace, power := word{}, a
		for range 128 {
			trace, power = trace.plus(power), power.square()
		}
		// z² + z + a has roots if and only if the trace of a is 0.
		if _, ok := (poly{a, one, one}).trace(0); ok != (trace == word{}) {
			t.Fatalf("z² + z + %x: %v", a, ok)
		}
		if trace == one {
			without++
		}
	}
	if without == 0 {
		t.Error("all have roots")
	}
}

func TestRootsAreFound(t *testing.T) {
	r := newRandom(t, 3)
	for n := range 20 {
		roots := make([]word, n)
		for i := range roots {
			roots[i] = randomWord(r)
		}
		if n > 2 {
			roots[1] = roots[0].plus(one) // different in one bit
			roots[2] = word{}
		}
		found, ok := polyOf(roots...).roots(0)
		if !ok || len(found) != n || slices.ContainsFunc(roots, func(w word) bool { return !slices.Contains(found, w) }) {
			t.Fatalf("%d roots: %v, %x, expected %x", n, ok, found, roots)
		}
	}
}

func TestDivision(t *testing.T) {
	r := newRandom(t, 4)
	for range 200 {
		a, b, common := make([]word, r.IntN(6)), make([]word, r.IntN(6)), make([]word, r.IntN(4))
		for _, s := range [][]word{a, b, common} {
			for i := range s {
				s[i] = randomWord(r)
			}
		}
		p, q := polyOf(append(a, common...)...), polyOf(append(b, common...)...)
		if got, want := gcd(p, q.times(randomWord(r))), polyOf(common...); !slices.Equal(got, want) {
			t.Fatalf("gcd of %x and %x: %x, expected %x", p, q, got, want)
		}
		quotient, rest := slices.Clone(p).divide(polyOf(common...))
		if !slices.Equal(quotient, polyOf(a...)) || len(rest) > 0 {
			t.Fatalf("%x divided by %x: %x, %x", p, polyOf(common...), quotient, rest)
		}
	}
}

// Without the last sum, wrong elements are found for 1 in c! differences above the
// capacity, as the package comment states; with it, never.
func TestWrongElements(t *testing.T) {
	for _, kind := range []struct {
		name string
		next func(trial, i int) Element
	}{
		{"scattered", func(trial, i int) Element { return Element{int64(trial * 7919), int64(trial)<<40 | int64(i*i)*104729} }},
		{"consecutive", func(trial, i int) Element { return Element{0, int64(trial)*64 + int64(i)} }},
		{"threads", func(trial, i int) Element { return Element{int64(trial + i/3), int64(trial*100 + i)} }},
	} {
		for capacity := 1; capacity <= 4; capacity++ {
			const trials = 1000
			wrong, factorial := 0, math.Gamma(float64(capacity+1))
			for trial := range trials {
				s := New(capacity)
				for i := range capacity + 1 + trial%(4*capacity) {
					s.Toggle(kind.next(trial, i))
				}
				if _, ok := solve(s.sums[:capacity]); ok {
					wrong++
				}
				if found, ok := s.Decode(); ok {
					t.Fatalf("capacity %d, %s ids, trial %d: wrong elements %v", capacity, kind.name, trial, found)
				}
			}
			p := 1 / factorial
			got, deviation := float64(wrong)/trials, math.Sqrt(p*(1-p)/trials)
			t.Logf("capacity %d, %s ids: %.4f without the last sum, 1/c! is %.4f", capacity, kind.name, got, p)
			if math.Abs(got-p) > 4*deviation {
				t.Errorf("capacity %d, %s ids: wrong elements for %.4f of the differences without the last sum, expected %.4f ± %.4f", capacity, kind.name, got, p, deviation)
			}
		}
	}
}

// Sums can belong to more elements than the capacity and still agree: here to the
// three cube roots of a number, of which the sums of powers 1 and 5 are zero.
func TestLocatorHasOneSolution(t *testing.T) {
	third := one // of the multiplicative group: x to the power (2^128-1)/3 = 0b0101…01
	for range 64 {
		third = third.square().square().times(word{lo: 2})
	}
	if third == one || third.times(third).times(third) != one {
		t.Fatalf("%x is no cube root of 1", third)
	}
	s, root := New(2), Element{5, 7}.word()
	for range 3 {
		s.Toggle(root.element())
		root = root.times(third)
	}
	if found, ok := s.Decode(); ok {
		t.Errorf("capacity 2: %v", found)
	}
}
