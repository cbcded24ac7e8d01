package sandbox

import "time"

// Quirks are the documented uncertainties of the API. The zero value of each
// field is the likely reading or, if none is likely, the one that is harder for
// a client. Any other value is the alternative.
type Quirks struct {
	// EventTypesRejected: the list of events rejects the filter types with
	// 400. The filter is documented, but not recorded.
	EventTypesRejected bool

	// TicketIDsRejected: the list of tickets rejects the filter ticket_ids
	// with 400. The filter is documented, but not recorded.
	TicketIDsRejected bool

	// PageTokenLifetime is how long a page token of a list is valid. An older
	// one is rejected with 400. 0 = for ever. The lifetime is not documented.
	PageTokenLifetime time.Duration

	// EventRetention is how long events are listed; 0 = for ever. The
	// retention is not documented.
	EventRetention time.Duration

	// TagsMoveUpdated: a change of a ticket's tags, custom-field values, trash
	// or spam moves its updated_datetime. This is not documented; recorded
	// changes of tags moved it, recorded changes of values did not. Without the
	// quirk only the events show such a change.
	TagsMoveUpdated bool

	// DeletedMessagesVanish: a deleted message is not in lists, and a request
	// for it is a 404, as recorded for deletions through the API. Without the
	// quirk it stays, with a deleted_datetime: the field is documented, but not
	// when it is set.
	DeletedMessagesVanish bool

	// MessageEventsWithoutTicket: no event of a message names its ticket,
	// neither in its data nor by another event of the same context. That one
	// of them does is a guess.
	MessageEventsWithoutTicket bool

	// MergeEventsOnAbsorbed: the object of a merge event is the absorbed
	// ticket or customer, and the data name the survivor. Without the quirk it
	// is the reverse, as recorded for customers.
	MergeEventsOnAbsorbed bool

	// MergedNotFound: a request for an absorbed ticket or customer is a 404.
	// Without the quirk it is a 301 to the survivor, as documented since 2024.
	MergedNotFound bool

	// EventsNewestFirst: the list of events is newest first, whatever order is
	// requested. Without the quirk it has the requested order, as documented.
	EventsNewestFirst bool

	// The rest is about statistics. Only their request is documented; the
	// rows of their responses are untyped, and none is recorded.

	// PeriodStartExclusive: a period begins after the day periodStart, as the
	// name of its operator, afterDate, suggests. Without the quirk it begins
	// with that day.
	PeriodStartExclusive bool

	// DayColumn is the member that holds the day of a row. "" = the name of
	// the time dimension, as seen in client code; ".day" = that name followed
	// by .day; "-" = rows have no such member; any other value is the member's
	// name.
	DayColumn string

	// DaysInUTC: the day of a row is the timestamp of its start in UTC.
	// Without the quirk it is the local time without a zone.
	DaysInUTC bool

	// StatsStatus201: responses have the status 201, which the documentation
	// gives for the older statistics endpoint. Without the quirk it is 200.
	StatsStatus201 bool
}

// mergeEvent returns the object of the event of a merge, and the data that
// name the other object. How data would name a survivor is not known. The form
// used here is arbitrary, so that a client cannot depend on it.
func (a *account) mergeEvent(objectType string, from, into int64) (objectID int64, data string) {
	if a.quirks.MergeEventsOnAbsorbed {
		return from, `{"survivor":{"` + objectType + `":` + number(into) + `}}`
	}
	return into, `{"source_` + objectType + `_id":` + number(from) + `}`
}

// putLabeled stores a ticket after a change that moves its updated_datetime
// only with Quirks.TagsMoveUpdated.
func (c *change) putLabeled(t ticket) {
	if c.quirks.TagsMoveUpdated {
		t.updated = c.at
	}
	putRow(c, c.tickets, t.id, t)
}

// oldestListedEvent returns the timestamp before which events are not listed
// any more; 0 if all are.
func (a *account) oldestListedEvent() int64 {
	if a.quirks.EventRetention == 0 {
		return 0
	}
	return int64(timestampOf(a.now().Add(-a.quirks.EventRetention)))
}
