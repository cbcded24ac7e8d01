package sandbox

import "math/bits"

// A chance is an endless row of random numbers that depends on nothing but
// where it began: whoever begins it again reads the same numbers. It is how a
// row of the account can be told from its place, without being kept.
type prng uint64

// A kind keeps the chances of different things apart.
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
	saltRequest
)

// begin returns the chance of the i-th thing of a kind.
func newPRNG(seed uint64, k salt, i int64) prng {
	c := prng(seed ^ uint64(k)*0xd6e8feb86659fd93 ^ uint64(i)*0xa0761d6478bd642f)
	c.next()
	return c
}

// next is splitmix64.
func (p *prng) next() uint64 {
	*p += 0x9e3779b97f4a7c15
	z := uint64(*p)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number in [0,n); 0 for n < 2.
func (p *prng) intn(n int) int {
	hi, _ := bits.Mul64(p.next(), uint64(max(n, 1)))
	return int(hi)
}

// one reports true once in n times.
func (p *prng) oneIn(n int) bool { return p.intn(n) == 0 }

func pick[T any](rng *prng, from []T) T { return from[rng.intn(len(from))] }
