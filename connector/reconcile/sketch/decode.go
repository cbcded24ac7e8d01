package sketch

import "slices"

// solve returns the words whose sums of odd powers are given: sums[i] is the sum
// of their powers 2i+1. It reports whether it found as many words as the degree
// of the locator, which is at most len(sums). They need not be the right ones if
// there are more than len(sums).
func solve(sums []word) ([]word, bool) {
	p, ok := locator(sums)
	if !ok {
		return nil, false
	}
	return p.roots(0)
}

// A poly is a polynomial over the field, from the constant upwards. Its last
// coefficient is not zero; the polynomial 0 has no coefficients.
type poly []word

// locator returns the polynomial whose roots are the words. With its coefficients
// each sum of powers follows from the sums before it; the Berlekamp–Massey
// algorithm finds the shortest such rule. It reports whether the rule is at most
// as long as there are sums; otherwise it would not be the only one.
func locator(sums []word) (poly, bool) {
	powers := make([]word, 2*len(sums)) // powers[i] is the sum of the powers i+1
	for i := range powers {
		if i%2 == 0 {
			powers[i] = sums[i/2]
		} else {
			powers[i] = powers[i/2].square()
		}
	}
	length := 0
	rule, before := poly{one}, poly{one} // before: divided by what it was wrong by
	for n := range powers {
		before = append(poly{{}}, before...)
		var wrong word
		for i, c := range rule {
			wrong = wrong.plus(c.times(powers[n-i]))
		}
		if wrong == (word{}) {
			continue
		}
		mended := make(poly, max(len(rule), len(before)))
		copy(mended, rule)
		for i, c := range before.times(wrong) {
			mended[i] = mended[i].plus(c)
		}
		if 2*length <= n {
			length = n + 1 - length
			if length > len(sums) { //rule:locator-has-one-solution
				return nil, false
			}
			before = rule.times(wrong.inverse())
		}
		rule = mended
	}
	slices.Reverse(rule) // its first coefficient is 1: the last one of the result
	return rule, true
}

// roots returns the roots of a polynomial whose last coefficient is 1, if it has
// as many roots as its degree. It is the trace algorithm of Berlekamp. The trace
// of a word, the sum of its powers 1, 2, 4, … 2^127, is 0 or 1. So the roots r
// are of two kinds by the trace of x^bit·r. For every two roots, there is a bit at
// which they are of different kinds.
func (p poly) roots(bit int) ([]word, bool) {
	switch len(p) {
	case 1:
		return nil, true
	case 2:
		return []word{p[0]}, true
	}
	trace, ok := p.trace(bit)
	if !ok {
		return nil, false
	}
	of0 := gcd(p, trace)
	of1, _ := slices.Clone(p).divide(of0)
	found, ok := of0.roots(bit + 1)
	others, too := of1.roots(bit + 1)
	return append(found, others...), ok && too
}

// trace returns the polynomial of the trace of x^bit·z modulo p, and reports
// whether p has as many roots as its degree. It has if z^(2^128) is z modulo p,
// since all words are the roots of z^(2^128) - z, each of them once.
func (p poly) trace(bit int) (poly, bool) {
	first := poly{{}, one}
	for range bit {
		first[1] = first[1].timesX()
	}
	power, sum := first, make(poly, len(p)-1)
	for range 128 {
		for i, c := range power {
			sum[i] = sum[i].plus(c)
		}
		squared := make(poly, 2*len(power))
		for i, c := range power {
			squared[2*i] = c.square()
		}
		_, power = squared.divide(p)
	}
	return sum.trim(), slices.Equal(power, first) //rule:all-roots-are-words
}

// divide returns quotient and remainder of the division by a polynomial whose
// last coefficient is 1. They overwrite p.
func (p poly) divide(by poly) (quotient, remainder poly) {
	degree := len(by) - 1
	p = p.trim()
	for i := len(p) - 1; i >= degree; i-- {
		m := p[i].multiplier()
		for j, c := range by[:degree] {
			p[i-degree+j] = p[i-degree+j].plus(m.times(c))
		}
	}
	if len(p) < degree {
		return nil, p
	}
	return p[degree:], p[:degree].trim()
}

// gcd returns the greatest common divisor; its last coefficient is 1. That of a
// is 1.
func gcd(a, b poly) poly {
	for len(b) > 0 {
		b = b.times(b[len(b)-1].inverse())
		_, rest := slices.Clone(a).divide(b)
		a, b = b, rest
	}
	return a
}

func (p poly) times(a word) poly {
	m, product := a.multiplier(), make(poly, len(p))
	for i, c := range p {
		product[i] = m.times(c)
	}
	return product
}

// trim drops zeros at the end.
func (p poly) trim() poly {
	for len(p) > 0 && p[len(p)-1] == (word{}) {
		p = p[:len(p)-1]
	}
	return p
}
