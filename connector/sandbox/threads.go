package sandbox

import "slices"

// Which base message belongs to which base ticket. Every ticket has a number
// of message slots: the messages created between this ticket and the next one.
// Slot 0 is the first message of the ticket itself; slot j is a message of the
// ticket that is ticketsBack(j) older. Therefore threads interleave, as they do
// in real accounts, the newest tickets have the shortest threads, and ticket
// and message can be computed from each other.

// slotCount returns the number of slots of ticket t. All tickets have the same
// number; the first ones have one more, if the numbers do not divide.
func (a *account) slotCount(t int) int {
	per, rest := a.slotsPerTicket()
	if t < rest {
		return per + 1
	}
	return per
}

// slotsPerTicket returns the number of slots of each ticket, and of how many
// tickets have one more.
func (a *account) slotsPerTicket() (per, rest int) {
	if a.size.Tickets == 0 {
		return 0, 0
	}
	return a.size.Messages / a.size.Tickets, a.size.Messages % a.size.Tickets
}

// slotOf returns the ticket and the slot of message m.
func (a *account) slotOf(m int) (t, j int) {
	per, rest := a.slotsPerTicket()
	if long := rest * (per + 1); m < long {
		return m / (per + 1), m % (per + 1)
	} else if per > 0 {
		return rest + (m-long)/per, (m - long) % per
	}
	return 0, 0
}

// messageIndex returns the message in slot j of ticket t.
func (a *account) messageIndex(t, j int) int {
	per, rest := a.slotsPerTicket()
	return t*per + min(t, rest) + j
}

const maxTicketsBack = 20

// ticketsBack returns how many tickets older than the ticket of slot j the
// ticket of its message is.
func ticketsBack(j int) int { return min(j*(j+1)/2, maxTicketsBack) }

// targetTicket returns the ticket that the message in slot j of ticket t
// belongs to.
func targetTicket(t, j int) int {
	if j == 0 {
		return t
	}
	to := t - ticketsBack(j)
	if to < 0 { // no ticket is that old: t gets a long thread
		to = t
	}
	if to%8 == 5 { // some tickets get no reply, and their neighbors two
		to--
	}
	return to
}

// ticketIndexOf returns the index of the ticket that base message m belongs to.
func (a *account) ticketIndexOf(m int) int {
	return targetTicket(a.slotOf(m))
}

// threadIndices returns the indices of the messages of base ticket t, oldest
// first.
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

// messageCreated returns when base message m was created: the slots of a ticket
// are spread over the time until the next ticket.
func (a *account) messageCreated(m int) timestamp {
	t, j := a.slotOf(m)
	from := a.tickets.base.created(t)
	if j == 0 {
		return from
	}
	return from + (a.tickets.base.created(t+1)-from)*timestamp(j)/timestamp(a.slotCount(t))
}

// sentByAgent reports whether an agent wrote base message m. Most threads begin
// with a message of the customer.
func (a *account) sentByAgent(m int) bool {
	rng := newPRNG(a.seed, saltMessage, int64(m))
	if _, j := a.slotOf(m); j == 0 {
		return rng.oneIn(10)
	}
	return rng.oneIn(2)
}
