package sketch

// A word is an element of GF(2^128), the field with 2^128 elements: a polynomial
// over GF(2) modulo x^128 + x^7 + x^2 + x + 1. Bit i of lo is the coefficient of
// x^i, bit i of hi is that of x^(64+i).
type word struct{ hi, lo uint64 }

var one = word{lo: 1}

// plus is also minus: a word is its own negative.
func (a word) plus(b word) word { return word{a.hi ^ b.hi, a.lo ^ b.lo} }

// timesX multiplies by x. What would be x^128 is x^7 + x^2 + x + 1.
func (a word) timesX() word {
	return word{a.hi<<1 | a.lo>>63, a.lo<<1 ^ excess(a.hi>>63)}
}

// excess is the remainder of x^128 times a polynomial of degree below 57.
func excess(a uint64) uint64 { return a ^ a<<1 ^ a<<2 ^ a<<7 }

// A multiplier is a factor that is used several times: its products with the
// polynomials of degree below 4, and those with x^4 times them.
type multiplier [2][16]word

func (a word) multiplier() (m multiplier) {
	for i := range m {
		m[i][1] = a
		for j := 2; j < len(m[i]); j += 2 {
			m[i][j] = m[i][j/2].timesX()
			m[i][j+1] = m[i][j].plus(a)
		}
		a = m[i][8].timesX()
	}
	return m
}

// times multiplies by b, of which it takes eight coefficients at a time.
func (m *multiplier) times(b word) (p word) {
	for _, half := range [2]uint64{b.hi, b.lo} {
		for shift := 56; shift >= 0; shift -= 8 {
			next := half >> shift
			p = word{p.hi<<8 | p.lo>>56, p.lo<<8 ^ excess(p.hi>>56)}.plus(m[0][next&15]).plus(m[1][next>>4&15])
		}
	}
	return p
}

func (a word) times(b word) word {
	m := a.multiplier()
	return m.times(b)
}

// square uses that the square of a sum is the sum of the squares: every
// coefficient moves from x^i to x^2i.
func (a word) square() word {
	high := word{spread(a.hi >> 32), spread(a.hi)}
	low := word{spread(a.lo >> 32), spread(a.lo)}
	// high times x^128 is high times x^7 + x^2 + x + 1; 7 bits exceed once more.
	low.hi ^= excess(high.hi) ^ high.lo>>63 ^ high.lo>>62 ^ high.lo>>57
	low.lo ^= excess(high.lo) ^ excess(high.hi>>63^high.hi>>62^high.hi>>57)
	return low
}

// spread moves bit i of the lower 32 to bit 2i.
func spread(a uint64) uint64 {
	a &= 1<<32 - 1
	a = (a | a<<16) & 0x0000ffff0000ffff
	a = (a | a<<8) & 0x00ff00ff00ff00ff
	a = (a | a<<4) & 0x0f0f0f0f0f0f0f0f
	a = (a | a<<2) & 0x3333333333333333
	return (a | a<<1) & 0x5555555555555555
}

// inverse returns a^(2^128-2), which is 1/a; a is not zero. It raises a to the
// powers 2^n-1 for n = 1, 3, 7, … 127 and squares the last.
func (a word) inverse() word {
	factor, power := a.multiplier(), a
	for n := 1; n < 127; n = 2*n + 1 {
		shifted := power
		for range n {
			shifted = shifted.square()
		}
		power = shifted.times(power).square() // of 2^(2n)-1 first
		power = factor.times(power)
	}
	return power.square()
}
