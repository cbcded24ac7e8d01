package sandbox

import "slices"

// Who talks to whom in the base account. With every new ticket comes its first
// message, and with it come messages to older tickets: the j-th of them goes
// to the ticket reach(j) before. So threads interleave as they do in life, the
// newest tickets have the shortest ones, and both directions are arithmetic.

// slots is how many messages come with ticket t: as many for each, and one
// more for the first ones where the numbers do not divide.
func (a *account) slotCount(t int) int {
	per, rest := a.slotsPerTicket()
	if t < rest {
		return per + 1
	}
	return per
}

func (a *account) slotsPerTicket() (per, rest int) {
	if a.size.Tickets == 0 {
		return 0, 0
	}
	return a.size.Messages / a.size.Tickets, a.size.Messages % a.size.Tickets
}

// slot tells of message m with which ticket it comes, and as which.
func (a *account) slotOf(m int) (t, j int) {
	per, rest := a.slotsPerTicket()
	if long := rest * (per + 1); m < long {
		return m / (per + 1), m % (per + 1)
	} else if per > 0 {
		return rest + (m-long)/per, (m - long) % per
	}
	return 0, 0
}

func (a *account) messageIndex(t, j int) int {
	per, rest := a.slotsPerTicket()
	return t*per + min(t, rest) + j
}

const maxTicketsBack = 20

func ticketsBack(j int) int { return min(j*(j+1)/2, maxTicketsBack) }

// addressee is the ticket that message j of those that come with ticket t
// belongs to.
func targetTicket(t, j int) int {
	if j == 0 {
		return t
	}
	to := t - ticketsBack(j)
	if to < 0 { // there is none so old: the thread of t grows long
		to = t
	}
	if to%8 == 5 { // some tickets get no answer, and their neighbours two
		to--
	}
	return to
}

// ticketOf is the index of the ticket that base message m belongs to.
func (a *account) ticketIndexOf(m int) int {
	return targetTicket(a.slotOf(m))
}

// thread returns the indices of the messages of base ticket t, oldest first.
func (a *account) threadIndices(t int) []int {
	var ms []int
	if a.slotCount(t) > 0 {
		ms = append(ms, a.messageIndex(t, 0))
	}
	for _, to := range []int{t, t + 1} {
		for j := 1; j <= a.slotCount(0); j++ {
			for _, from := range []int{to, to + ticketsBack(j)} {
				if from < a.size.Tickets && j < a.slotCount(from) && targetTicket(from, j) == t {
					ms = append(ms, a.messageIndex(from, j))
				}
			}
		}
	}
	slices.Sort(ms)
	return slices.Compact(ms)
}

// messageTime spreads the messages that come with a ticket over the time until
// the next ticket.
func (a *account) messageCreated(m int) timestamp {
	t, j := a.slotOf(m)
	from := a.tickets.base.created(t)
	if j == 0 {
		return from
	}
	return from + (a.tickets.base.created(t+1)-from)*timestamp(j)/timestamp(a.slotCount(t))
}

// byAgent tells whether somebody of the shop wrote base message m. Most
// threads begin with the customer.
func (a *account) sentByAgent(m int) bool {
	rng := newPRNG(a.seed, saltMessage, int64(m))
	if _, j := a.slotOf(m); j == 0 {
		return rng.oneIn(10)
	}
	return rng.oneIn(2)
}
