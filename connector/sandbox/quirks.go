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

	// TagsMoveUpdated: a change of a ticket's tags, trash or spam moves its
	// updated_datetime, as recorded twice for tags. This is not documented.
	// Without the quirk only the events show such a change.
	TagsMoveUpdated bool

	// FieldValuesMoveUpdated: a change of a custom-field value moves the
	// updated_datetime of its ticket or customer. The recorded changes, two of
	// either, did not.
	FieldValuesMoveUpdated bool

	// SilentChanges: a custom-field value, the deletion of a message and the
	// score of a survey raise no event and move no updated_datetime, as recorded
	// once each for a customer's value and a message that was deleted through
	// the API. With the quirk, DeleteMessage and the like do what their silent
	// variants do, and random changes are silent too.
	SilentChanges bool

	// DeletedMessagesVanish: a deleted message is not in lists, and a request
	// for it is a 404, as recorded for deletions through the API. Without the
	// quirk it stays, with a deleted_datetime: the field is documented, but not
	// when it is set.
	DeletedMessagesVanish bool

	// DeletedTicketsTakeSurveys: the survey of a deleted ticket is deleted with
	// it, without an event. The one that was recorded stayed.
	DeletedTicketsTakeSurveys bool

	// MessageEventsWithoutTicket: no event of a message names its ticket,
	// neither in its data nor by another event of the same context. Recorded for
	// messages that were created is that one of the same context does; for all
	// others it is a guess.
	MessageEventsWithoutTicket bool

	// MessageEventsAlone: only a message that is created raises an event of its
	// ticket.
	MessageEventsAlone bool

	// TicketCreatedAlone: a new ticket raises no ticket-updated, as recorded for
	// one of nine. Its ticket-created names the ticket of its messages.
	TicketCreatedAlone bool

	// MergesMoveCustomer: a merge moves the updated_datetime of the customer
	// that remains. In the one that was recorded it did not.
	MergesMoveCustomer bool

	// MergesLeaveTicket: a merge does not move the updated_datetime of the
	// ticket that remains. No merge of tickets is recorded.
	MergesLeaveTicket bool

	// CustomerMergesInOneContext: the events of a merge of customers have one
	// context, and that of the merge comes first. Recorded once is the reverse:
	// customer-deleted, then customer-merged in a context of its own.
	CustomerMergesInOneContext bool

	// TagMergesNameSurvivor: the object of tag-merged is the tag that remains,
	// its data name the absorbed one, and tag-deleted follows. Recorded for one
	// tag is that its object is the absorbed one and nothing else is named.
	TagMergesNameSurvivor bool

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

	// EveryScopeWorks: online-time and the scopes of calls have statistics, as documented.
	// Without the quirk they are answered with 500, as seen in client code.
	EveryScopeWorks bool
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

// putTicket stores a ticket and, if moves is set, moves its updated_datetime.
func (c *change) putTicket(t ticket, moves bool) {
	if moves && !c.silent {
		t.updated = c.at
	}
	putRow(c, c.tickets, t.id, t)
}

// putLabeled stores a ticket after a change of its tags, trash or spam.
func (c *change) putLabeled(t ticket) { c.putTicket(t, c.quirks.TagsMoveUpdated) }

// silently makes a change that raises no event and moves no updated_datetime.
func silently[R row](f func(c *change, r R)) func(c *change, r R) {
	return func(c *change, r R) {
		c.silent = true
		f(c, r)
	}
}

// maybeSilent begins a change that is silent with Quirks.SilentChanges.
func (c *change) maybeSilent() { c.silent = c.silent || c.quirks.SilentChanges }

// oldestListedEvent returns the timestamp before which events are not listed
// any more; 0 if all are.
func (a *account) oldestListedEvent() int64 {
	if a.quirks.EventRetention == 0 {
		return 0
	}
	return int64(timestampOf(a.now().Add(-a.quirks.EventRetention)))
}
