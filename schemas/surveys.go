package schemas

import "time"

// A SatisfactionSurvey asks a customer to rate a ticket; there is one per ticket.
// Customers answer it days after its creation, and it has no updated_datetime.
type SatisfactionSurvey struct {
	// Survey id.
	ID int64 `json:"id"`
	// Comment of the customer.
	BodyText *string `json:"body_text"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// Id of the customer.
	CustomerID *int64 `json:"customer_id"`
	// Free-form data.
	Meta Object `json:"meta"`
	// Score from 1 to 5; null until it is answered.
	Score *float64 `json:"score"`
	// When it was answered; null until then.
	ScoredDatetime *time.Time `json:"scored_datetime"`
	// When it was sent; null until then.
	SentDatetime *time.Time `json:"sent_datetime"`
	// When it should be sent; null if it will not be sent.
	ShouldSendDatetime *time.Time `json:"should_send_datetime"`
	// Id of the ticket.
	TicketID *int64 `json:"ticket_id"`
	// Path of the survey relative to the account's URL.
	URI *string `json:"uri"`
	Unrecognized
}
