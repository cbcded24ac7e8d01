package sandbox

import "time"

// Quirks are facts about Gorgias that nobody has settled. Of each the zero
// value is the reading that the account takes by itself, and any other value
// the other one.
type Quirks struct {
	EventTypesRejected bool // the list of events does not know the filter types: 400
	TicketIDsRejected  bool // the list of tickets does not know the filter ticket_ids: 400

	PageTokenLifetime time.Duration // cursors of lists are refused so long after they were given out, with 400; 0 = never
	EventRetention    time.Duration // events are listed for so long only; 0 = for ever

	TagsMoveUpdated       bool // tags, field values, the trash and spam do move a ticket's updated_datetime
	DeletedMessagesVanish bool // a deleted message is gone, rather than there with a deleted_datetime

	MessageEventsWithoutTicket bool // no event of a message names its ticket: neither its data nor another of its context
	MergeEventsOnAbsorbed      bool // the events of merges stand at what was absorbed and name the survivor, rather than the reverse
	MergedNotFound             bool // what was absorbed answers with 404 rather than with 301

	EventsNewestFirst bool // events come newest first, whatever is asked for

	// Of statistics:
	PeriodStartExclusive bool   // a period begins after the day it is said to begin after, rather than with it
	DayColumn            string // under which rows tell their day; "" = the time dimension, ".day" = that with .day behind it, "-" = they do not
	DaysInUTC            bool   // their day is told as the instant at which it begins, in UTC, rather than as a time without a zone
	StatsStatus201       bool   // answers have the status 201
}

// merge tells the object at which a merge is told, and the data that name the
// other one. How data would name a survivor nobody can know, so it does it in
// a way nobody can guess.
func (a *account) mergeEvent(what string, from, into int64) (object int64, data string) {
	if a.quirks.MergeEventsOnAbsorbed {
		return from, `{"survivor":{"` + what + `":` + number(into) + `}}`
	}
	return into, `{"source_` + what + `_id":` + number(from) + `}`
}

// stamp puts a ticket after a change of which it is not known whether it moves
// its updated_datetime.
func (c *change) putLabeled(t ticket) {
	if c.quirks.TagsMoveUpdated {
		t.updated = c.at
	}
	putRow(c, c.tickets, t.id, t)
}

// forgotten is the instant before which events are no longer listed; 0 = none
// is.
func (a *account) oldestListedEvent() int64 {
	if a.quirks.EventRetention == 0 {
		return 0
	}
	return int64(timestampOf(a.now().Add(-a.quirks.EventRetention)))
}
