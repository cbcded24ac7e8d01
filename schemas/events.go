package schemas

import "time"

// An Event is something that happened in the account. Events never change.
type Event struct {
	// Event id.
	ID int64 `json:"id"`
	// UUID that the events of one operation share.
	Context *string `json:"context"`
	// When it happened.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// What else there is to say; the keys depend on the type.
	Data Object `json:"data"`
	// Id of the object it happened to.
	ObjectID *int64 `json:"object_id"`
	// Kind of that object: `Ticket`, `TicketMessage`, `Customer`, `SatisfactionSurvey`, `Tag`, `User`, `CustomField` and others. Open set.
	ObjectType *string `json:"object_type"`
	// What happened, such as `ticket-created`, `ticket-deleted` or `customer-merged`. Open set.
	Type *string `json:"type"`
	// Id of the user who did it; null for the system.
	UserID *int64 `json:"user_id"`
	// Path of the event below the account's address.
	URI *string `json:"uri"`
	Rest
}
