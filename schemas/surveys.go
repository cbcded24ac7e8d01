package schemas

import "time"

// A SatisfactionSurvey asks a customer how a ticket went; there is one per
// ticket. It is answered days after it was created, without a modified stamp.
type SatisfactionSurvey struct {
	// Survey id.
	ID int64 `json:"id"`
	// What the customer wrote.
	BodyText *string `json:"body_text"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// Id of the customer.
	CustomerID *int64 `json:"customer_id"`
	// Free-form data.
	Meta Object `json:"meta"`
	// 1 to 5; null until answered.
	Score *int64 `json:"score"`
	// When it was answered; null until then.
	ScoredDatetime *time.Time `json:"scored_datetime"`
	// When it was sent; null until then.
	SentDatetime *time.Time `json:"sent_datetime"`
	// When it should be sent; null if it will not be.
	ShouldSendDatetime *time.Time `json:"should_send_datetime"`
	// Id of the ticket.
	TicketID *int64 `json:"ticket_id"`
	// Path of the survey below the account's address.
	URI *string `json:"uri"`
	Rest
}
