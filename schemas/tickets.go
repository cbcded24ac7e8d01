package schemas

import "time"

// A Ticket is a conversation with a customer, on whatever channel. Trashed and
// spam tickets are included.
type Ticket struct {
	TicketRow
	// What an AI model says the ticket is about; null if it was not asked. Sent since 2026.
	Summary *Summary `json:"summary"`
	Rest
}

// A TicketRow is what tickets and the items of ticket views have in common.
type TicketRow struct {
	// Ticket id.
	ID int64 `json:"id"`
	// Path of the ticket below the account's address.
	URI *string `json:"uri"`
	// Id in another system, set through the API or by an import.
	ExternalID *string `json:"external_id"`
	// Language of the first message as an ISO 639-1 code; null when not detected.
	Language *string `json:"language"`
	// `open` or `closed`. A snoozed ticket is open.
	Status *string `json:"status"`
	// `critical`, `high`, `normal` or `low`. Open set.
	Priority *string `json:"priority"`
	// Channel the ticket began on: `email`, `chat`, `phone`, `sms`, `whatsapp`, `facebook`, `instagram-comment`, `internal-note` and others, also channels of installed apps. Open set.
	Channel *string `json:"channel"`
	// How the ticket came in: a channel, or `helpdesk`, `form`, `gorgias_chat`, `rule`, `self_service`, `shopify`, `twilio`, `zendesk` and others. Open set.
	Via *string `json:"via"`
	// Whether the first message came from the company; null for some tickets, for reasons not documented.
	FromAgent *bool `json:"from_agent"`
	// The customer, in short.
	Customer *Person `json:"customer"`
	// The user the ticket is assigned to; null if nobody.
	AssigneeUser *Assignee `json:"assignee_user"`
	// The team the ticket is assigned to; null if none.
	AssigneeTeam *ShortTeam `json:"assignee_team"`
	// Subject; null or empty on channels without one.
	Subject *string `json:"subject"`
	// Beginning of the last message, about 200 characters at most.
	Excerpt *string `json:"excerpt"`
	// The integrations the conversation ran over.
	Integrations []TicketIntegration `json:"integrations"`
	// Free-form data, set through the API or by an integration.
	Meta Object `json:"meta"`
	// Tags on the ticket; one by one in ticket_tags.
	Tags []ShortTag `json:"tags"`
	// Number of messages. Whether internal notes count is not documented.
	MessagesCount *int64 `json:"messages_count"`
	// Whether the ticket is unread. By whom is not documented.
	IsUnread *bool `json:"is_unread"`
	// Whether the ticket is marked as spam.
	Spam *bool `json:"spam"`
	// When the ticket was created. Imports may set it, also into the future.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When a user first opened the ticket; null until then.
	OpenedDatetime *time.Time `json:"opened_datetime"`
	// When the customer last wrote.
	LastReceivedMessageDatetime *time.Time `json:"last_received_message_datetime"`
	// When anybody last wrote.
	LastMessageDatetime *time.Time `json:"last_message_datetime"`
	// Whether the last message of the company could not be delivered. Sent since 2026. Seen.
	LastSentMessageNotDelivered *bool `json:"last_sent_message_not_delivered"`
	// When the ticket last changed: new messages, status, assignment, edited fields. Tags, custom fields and the trash may not move it.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When the ticket was closed. Whether reopening clears it is not documented.
	ClosedDatetime *time.Time `json:"closed_datetime"`
	// When a snoozed ticket comes back; null if it is not snoozed.
	SnoozeDatetime *time.Time `json:"snooze_datetime"`
	// When the ticket was moved to the trash; null if it is not there.
	TrashedDatetime *time.Time `json:"trashed_datetime"`
	// Values of custom fields, by the field's id as a string, each with `id`, `value` and sometimes `prediction`; empty when none is set. One by one in ticket_custom_field_values. Sent since 2026, and not with the items of views.
	CustomFields Object `json:"custom_fields"`
}

// A Summary is what an AI model says a ticket is about.
type Summary struct {
	// The text.
	Content *string `json:"content"`
	// When it was first written.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it was last written.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// Id of the user who asked for it.
	TriggeredBy *int64 `json:"triggered_by"`
}

// A TicketIntegration is an integration a ticket's conversation ran over.
type TicketIntegration struct {
	// Name of the integration.
	Name *string `json:"name"`
	// The company's address on it.
	Address *string `json:"address"`
	// Kind of integration, such as `email`. Open set.
	Type *string `json:"type"`
}

// A TicketTag says that a ticket carried a tag, cut from the ticket. Rows with
// the updated_datetime that the ticket has now are its current tags, others
// are past.
type TicketTag struct {
	// Ticket id.
	TicketID int64 `json:"ticket_id"`
	// Tag id.
	ID int64 `json:"id"`
	// What people see.
	Name *string `json:"name"`
	// Looks: empty, or with a `color`.
	Decoration Object `json:"decoration"`
	// updated_datetime of the ticket this row was cut from.
	TicketUpdatedDatetime *time.Time `json:"ticket_updated_datetime"`
	Rest
}

// A TicketCustomFieldValue is the value of a custom field of a ticket, cut
// from the ticket. Rows with the updated_datetime that the ticket has now are
// its current values, others are past.
type TicketCustomFieldValue struct {
	// Ticket id.
	TicketID int64 `json:"ticket_id"`
	// Id of the custom field.
	ID int64 `json:"id"`
	// The value as a string, whatever the field's type: `2`, `true`, `gold`. Levels of a dropdown are joined by `::`.
	Value *string `json:"value"`
	// What an AI model predicted. Its form is not documented.
	Prediction Object `json:"prediction"`
	// updated_datetime of the ticket this row was cut from.
	TicketUpdatedDatetime *time.Time `json:"ticket_updated_datetime"`
	Rest
}
