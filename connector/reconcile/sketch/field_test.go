package sketch

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// newRandom returns the same numbers in every run. A failure prints the seed.
func newRandom(t testing.TB, seed uint64) *rand.Rand {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

func randomWord(r *rand.Rand) word { return word{r.Uint64(), r.Uint64()} }

// naiveTimes multiplies one bit at a time, and divides by the polynomial of the
// field as one does on paper.
func naiveTimes(a, b word) word {
	toInt := func(w word) *big.Int {
		n := new(big.Int).SetUint64(w.hi)
		return n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(w.lo))
	}
	x, y, product := toInt(a), toInt(b), new(big.Int)
	for i := range 128 {
		if y.Bit(i) == 1 {
			product.Xor(product, new(big.Int).Lsh(x, uint(i)))
		}
	}
	modulus := new(big.Int).SetBit(big.NewInt(1<<7|1<<2|1<<1|1), 128, 1)
	for n := product.BitLen(); n > 128; n = product.BitLen() {
		product.Xor(product, new(big.Int).Lsh(modulus, uint(n-129)))
	}
	mask := new(big.Int).SetUint64(1<<64 - 1)
	return word{new(big.Int).Rsh(product, 64).Uint64(), new(big.Int).And(product, mask).Uint64()}
}

func TestField(t *testing.T) {
	r := newRandom(t, 1)
	edges := []word{{}, one, {hi: 1 << 63}, {1<<64 - 1, 1<<64 - 1}, {lo: 1 << 63}, {hi: 1}}
	for i := range 2000 {
		a, b, c := randomWord(r), randomWord(r), randomWord(r)
		if i < len(edges)*len(edges) {
			a, b = edges[i/len(edges)], edges[i%len(edges)]
		}
		if got, want := a.times(b), naiveTimes(a, b); got != want {
			t.Fatalf("%x · %x = %x, expected %x", a, b, got, want)
		}
		if got, want := a.timesX(), naiveTimes(a, word{lo: 2}); got != want {
			t.Fatalf("%x · x = %x, expected %x", a, got, want)
		}
		if got, want := a.square(), naiveTimes(a, a); got != want {
			t.Fatalf("%x² = %x, expected %x", a, got, want)
		}
		if a.plus(b).square() != a.square().plus(b.square()) {
			t.Fatalf("the square of %x + %x is not the sum of the squares", a, b)
		}
		if a.times(b) != b.times(a) || a.times(b).times(c) != a.times(b.times(c)) {
			t.Fatalf("the order counts in %x · %x · %x", a, b, c)
		}
		if a.times(b.plus(c)) != a.times(b).plus(a.times(c)) {
			t.Fatalf("%x · (%x + %x) is not the sum of the products", a, b, c)
		}
		if a != (word{}) && a.times(a.inverse()) != one {
			t.Fatalf("%x is not the inverse of %x", a.inverse(), a)
		}
	}
}
