package sandbox

import "math/bits"

// A chance is an endless row of random numbers that depends on nothing but
// where it began: whoever begins it again reads the same numbers. It is how a
// row of the account can be told from its place, without being kept.
type chance uint64

// A kind keeps the chances of different things apart.
type kind uint64

const (
	ofTime kind = iota + 1
	ofOrder
	ofTicket
	ofTicketLook
	ofMessage
	ofMessageLook
	ofAttachments
	ofPerson
	ofCustomer
	ofEvent
	ofSurvey
	ofCall
	ofRecording
	ofUser
	ofTag
	ofField
	ofSetting
	ofChange
	ofRequest
)

// begin returns the chance of the i-th thing of a kind.
func begin(seed uint64, k kind, i int64) chance {
	c := chance(seed ^ uint64(k)*0xd6e8feb86659fd93 ^ uint64(i)*0xa0761d6478bd642f)
	c.next()
	return c
}

// next is splitmix64.
func (c *chance) next() uint64 {
	*c += 0x9e3779b97f4a7c15
	z := uint64(*c)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number in [0,n); 0 for n < 2.
func (c *chance) below(n int) int {
	hi, _ := bits.Mul64(c.next(), uint64(max(n, 1)))
	return int(hi)
}

// one reports true once in n times.
func (c *chance) one(n int) bool { return c.below(n) == 0 }

func pick[T any](c *chance, from []T) T { return from[c.below(len(from))] }
