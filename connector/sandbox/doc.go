// Package sandbox is a small, strict Gorgias: an http.Handler that serves the
// reading half of the Gorgias REST API from an account in memory. The zero
// [Server] works. It is what --sandbox reads, what `source-gorgias sandbox`
// serves, and the other side of nearly every test.
//
// # What it serves
//
//   - The lists tickets, messages, customers, events, satisfaction-surveys,
//     users, teams, tags, macros, rules, views, custom-fields, integrations,
//     jobs, widgets and, below phone/, voice-calls, voice-call-events and
//     voice-call-recordings; each in the API's envelope, with its orders,
//     filters and page tokens. (The API calls a page token a cursor.)
//   - Single records by id; below tickets/{id}: tags, custom-fields, the
//     deprecated list messages and messages/{id}; customers/{id}/custom-fields;
//     views/{id}/items; account, account/settings and metric-cards.
//   - POST reporting/stats, the statistics, and POST /oauth/token.
//
// It is strict: an unknown path is a 404, an unknown parameter, a bad value or
// a foreign page token is a 400, wrong credentials are a 401, and a request
// above the rate limit is a 429. What is not known to be allowed is rejected.
//
// # Data
//
// The account is generated from Server.Seed, Size and Epoch. Equal values give
// equal accounts, byte for byte. The rows of the large lists are functions of
// their index: they are computed when a request needs them, so that an account
// of a million messages takes no memory. The data is unusual on purpose: it has
// half surrogate pairs, ids beyond 2^53, tickets dated years back and in the
// future, and more equal timestamps than fit on a page.
//
// Unlike in Gorgias, the copy of another object in a row (the customer of a
// ticket, the name of a tag) does not follow later changes of that object.
//
// # Changes and failures
//
// A test changes the account while it is read: by name (AddTicket,
// MergeCustomers, Delete, …), at random (Mutate), or at random per request
// (Server.ChangeRate). Every change is later than the one before it and adds
// the events that Gorgias is believed to add. Server.VisibilityLag and the
// third argument of AddTicket make lists show a change late; a record that is
// requested by its id is always current. Each and Statistics return what a
// complete read would return, and Requests, RateLimited and Hits what was
// requested.
//
// A test makes requests fail through Server.Fail, which may return a [Fault]
// per request: another status, a delay, a truncated body, a dropped
// connection. Server.Forbidden, Limit, Window and ClockOffset set what holds
// for all requests.
//
// [Listen] connects a server to an http.Client without a port, so that both
// run inside a synctest bubble with its fake clock.
//
// # Quirks
//
// Server.Quirks switches between the readings of every fact that is not
// certain. The comments of its fields say what each reading is based on:
// "documented" is the API reference, "recorded" is a recorded response of a
// real account, "seen in client code" is open-source code that uses the API,
// and the rest is a guess. In short:
//
//	EventTypesRejected          events: 400 for the filter types
//	TicketIDsRejected           tickets: 400 for the filter ticket_ids
//	PageTokenLifetime           page tokens expire
//	EventRetention              old events are not listed
//	TagsMoveUpdated             tags, values, trash and spam move updated_datetime
//	DeletedMessagesVanish       deleted messages are not found
//	MessageEventsWithoutTicket  message events do not lead to their ticket
//	MergeEventsOnAbsorbed       merge events are on the absorbed object
//	MergedNotFound              404 instead of 301 for an absorbed object
//	EventsNewestFirst           events ignore order_by
//	PeriodStartExclusive        statistics: a period excludes its first day
//	DayColumn                   statistics: the member that holds the day
//	DaysInUTC                   statistics: days as timestamps in UTC
//	StatsStatus201              statistics: status 201
//	EveryScopeWorks             statistics: no scope is answered with 500
//
// The package may import nothing of this module except schemas: a fake that
// shares code with what it tests shares its mistakes.
package sandbox
