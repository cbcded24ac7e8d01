package sandbox

import "math/bits"

// A seed is what the data of an account depend on.
type seed struct {
	number uint64
	polite bool // see Server.Polite
}

// A prng is a pseudorandom number generator whose state is one word. The
// numbers depend on the start value only, so that a row of the account can be
// computed from its index again and again, without being stored.
type prng struct {
	state  uint64
	polite bool
}

// A salt makes the numbers for one purpose independent of those for another.
type salt uint64

const (
	saltTime salt = iota + 1
	saltOrder
	saltTicket
	saltTicketDetails
	saltMessage
	saltMessageDetails
	saltAttachments
	saltPerson
	saltCustomer
	saltEvent
	saltSurvey
	saltCall
	saltRecording
	saltUser
	saltTag
	saltField
	saltSetting
	saltChange
)

// newPRNG returns the generator for the i-th object that uses the salt.
func newPRNG(from seed, s salt, i int64) prng {
	p := prng{from.number ^ uint64(s)*0xd6e8feb86659fd93 ^ uint64(i)*0xa0761d6478bd642f, from.polite}
	p.next()
	return p
}

// next returns the next 64 random bits, by splitmix64.
func (p *prng) next() uint64 {
	p.state += 0x9e3779b97f4a7c15
	z := p.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// intn returns a number in [0,n); 0 for n < 2.
func (p *prng) intn(n int) int {
	hi, _ := bits.Mul64(p.next(), uint64(max(n, 1)))
	return int(hi)
}

// oneIn returns true with a probability of 1/n.
func (p *prng) oneIn(n int) bool { return p.intn(n) == 0 }

// pick returns a random element.
func pick[T any](rng *prng, from []T) T { return from[rng.intn(len(from))] }
