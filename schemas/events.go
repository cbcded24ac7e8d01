package schemas

import "time"

// An Event is an entry of the account's event log. Events never change.
type Event struct {
	// Event id.
	ID int64 `json:"id"`
	// UUID that the events of one operation share.
	Context *string `json:"context"`
	// When the event happened.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// Details of the event; the keys depend on the type.
	Data Object `json:"data"`
	// Id of the object that the event is about.
	ObjectID *int64 `json:"object_id"`
	// Kind of that object: `Ticket`, `TicketMessage`, `Customer`, `SatisfactionSurvey`, `Tag`, `User`, `CustomField` and others. Open set.
	ObjectType *string `json:"object_type"`
	// Type of event, such as `ticket-created`, `ticket-deleted` or `customer-merged`. Open set.
	Type *string `json:"type"`
	// Id of the user who caused it; null for the system.
	UserID *int64 `json:"user_id"`
	// Path of the event relative to the account's URL.
	URI *string `json:"uri"`
	Unrecognized
}
