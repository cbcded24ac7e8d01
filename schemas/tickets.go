package schemas

import "time"

// A Ticket is a conversation with a customer on any channel. Trashed and spam
// tickets are included.
type Ticket struct {
	TicketRow
	// Summary of the ticket by an AI model; null if none was requested. Sent since 2026.
	Summary *Summary `json:"summary"`
	Unrecognized
}

// A TicketRow is the common part of tickets and the items of ticket views.
type TicketRow struct {
	// Ticket id.
	ID int64 `json:"id"`
	// Path of the ticket relative to the account's URL.
	URI *string `json:"uri"`
	// Id in another system, set through the API or by an import.
	ExternalID *string `json:"external_id"`
	// Language of the first message as an ISO 639-1 code; null if not detected.
	Language *string `json:"language"`
	// `open` or `closed`. A snoozed ticket is open.
	Status *string `json:"status"`
	// `critical`, `high`, `normal` or `low`. Open set.
	Priority *string `json:"priority"`
	// Channel on which the ticket began: `email`, `chat`, `phone`, `sms`, `whatsapp`, `facebook`, `instagram-comment`, `internal-note` and others, including channels of installed apps. Open set.
	Channel *string `json:"channel"`
	// How the ticket was created: a channel, or `helpdesk`, `form`, `gorgias_chat`, `rule`, `self_service`, `shopify`, `twilio`, `zendesk` and others. Open set.
	Via *string `json:"via"`
	// Whether the company sent the first message; null for some tickets, for reasons not documented.
	FromAgent *bool `json:"from_agent"`
	// Customer, in short form.
	Customer *Person `json:"customer"`
	// User that the ticket is assigned to; null if none.
	AssigneeUser *Assignee `json:"assignee_user"`
	// Team that the ticket is assigned to; null if none.
	AssigneeTeam *ShortTeam `json:"assignee_team"`
	// Subject; null or empty on channels without one.
	Subject *string `json:"subject"`
	// Start of the last message, up to about 200 characters.
	Excerpt *string `json:"excerpt"`
	// Integrations of the conversation.
	Integrations []TicketIntegration `json:"integrations"`
	// Free-form data, set through the API or by an integration.
	Meta Object `json:"meta"`
	// Tags of the ticket. The stream ticket_tags has one row for each.
	Tags []ShortTag `json:"tags"`
	// Number of messages. Whether internal notes count is not documented.
	MessagesCount *int64 `json:"messages_count"`
	// Whether the ticket is unread. By which user is not documented.
	IsUnread *bool `json:"is_unread"`
	// Whether the ticket is marked as spam.
	Spam *bool `json:"spam"`
	// When the ticket was created. Imports may set it, even to a time in the future.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When a user first opened the ticket; null until then.
	OpenedDatetime *time.Time `json:"opened_datetime"`
	// When the customer last wrote.
	LastReceivedMessageDatetime *time.Time `json:"last_received_message_datetime"`
	// When the last message was written.
	LastMessageDatetime *time.Time `json:"last_message_datetime"`
	// Whether the last message of the company was not delivered. Sent since 2026. Seen.
	LastSentMessageNotDelivered *bool `json:"last_sent_message_not_delivered"`
	// When the ticket last changed: new messages, status, assignment, edited fields. Changes of tags, custom fields and the trash may not change it.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When the ticket was closed. Whether reopening clears it is not documented.
	ClosedDatetime *time.Time `json:"closed_datetime"`
	// When the snooze ends; null if the ticket is not snoozed.
	SnoozeDatetime *time.Time `json:"snooze_datetime"`
	// When the ticket was moved to the trash; null if it is not in the trash.
	TrashedDatetime *time.Time `json:"trashed_datetime"`
	// Values of custom fields, by the field's id as a string, each with `id`, `value` and sometimes `prediction`; empty if none is set. The stream ticket_custom_field_values has one row for each. Sent since 2026, but not in view items.
	CustomFields Object `json:"custom_fields"`
	// Id of the customer: `customer.id` in a column of its own, added by the connector.
	CustomerID *int64 `json:"customer_id"`
	// Id of the user that the ticket is assigned to: `assignee_user.id` in a column of its own, added by the connector; null if none.
	AssigneeUserID *int64 `json:"assignee_user_id"`
	// Id of the team that the ticket is assigned to: `assignee_team.id` in a column of its own, added by the connector; null if none.
	AssigneeTeamID *int64 `json:"assignee_team_id"`
}

// A Summary is the summary of a ticket by an AI model.
type Summary struct {
	// Text of the summary.
	Content *string `json:"content"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it was last updated.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// Id of the user who requested it.
	TriggeredBy *int64 `json:"triggered_by"`
}

// A TicketIntegration is an integration that a ticket's conversation used.
type TicketIntegration struct {
	// Name of the integration.
	Name *string `json:"name"`
	// Address of the company in the integration.
	Address *string `json:"address"`
	// Kind of integration, such as `email`. Open set.
	Type *string `json:"type"`
}

// A TicketTag is a tag of a ticket, derived from the ticket. Its rows without a
// deletion time whose ticket_updated_datetime is not before the updated_datetime of the
// ticket itself are its current tags; all others are past.
type TicketTag struct {
	// Ticket id.
	TicketID int64 `json:"ticket_id"`
	// Tag id.
	ID int64 `json:"id"`
	// Display name.
	Name *string `json:"name"`
	// Appearance: empty, or with a `color`.
	Decoration Object `json:"decoration"`
	// updated_datetime of the ticket from which this row is derived.
	TicketUpdatedDatetime *time.Time `json:"ticket_updated_datetime"`
	Unrecognized
}

// A TicketCustomFieldValue is the value of a custom field of a ticket, derived
// from the ticket. Its rows without a deletion time whose ticket_updated_datetime is not
// before the updated_datetime of the ticket itself are its current values; all others are
// past.
type TicketCustomFieldValue struct {
	// Ticket id.
	TicketID int64 `json:"ticket_id"`
	// Id of the custom field.
	ID int64 `json:"id"`
	// Value as a string, for any type of field: `2`, `true`, `gold`. Levels of a dropdown are joined by `::`.
	Value *string `json:"value"`
	// Prediction of an AI model. Its form is not documented.
	Prediction Object `json:"prediction"`
	// updated_datetime of the ticket from which this row is derived.
	TicketUpdatedDatetime *time.Time `json:"ticket_updated_datetime"`
	Unrecognized
}
