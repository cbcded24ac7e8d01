package schemas

import "time"

// A TicketMessage is a message of a ticket: sent, received, or an internal
// note. Messages have no updated_datetime: only fields such as sent_datetime and
// deleted_datetime show later changes.
type TicketMessage struct {
	// Message id.
	ID int64 `json:"id"`
	// Path of the message relative to the account's URL.
	URI *string `json:"uri"`
	// Id assigned by the channel: the Message-Id of an e-mail, or an id of the provider.
	MessageID *string `json:"message_id"`
	// Id of the ticket. That a merge of tickets changes it is assumed.
	TicketID *int64 `json:"ticket_id"`
	// Id in another system, set through the API or by an import.
	ExternalID *string `json:"external_id"`
	// Whether the customer can see it; false for internal notes.
	Public *bool `json:"public"`
	// Channel of the message: the same values as the channel of tickets, and `internal-note` for notes. Open set.
	Channel *string `json:"channel"`
	// How the message was received or sent: the same values as the via of tickets. Open set.
	Via *string `json:"via"`
	// Sender and recipients.
	Source *MessageSource `json:"source"`
	// Author, a user or a customer.
	Sender *Person `json:"sender"`
	// Recipient; null for notes and on some channels.
	Receiver *Person `json:"receiver"`
	// Identity of the customer in the shop where they were logged in.
	AuthCustomerIdentity *CustomerIdentity `json:"auth_customer_identity"`
	// Id of the integration that sent or received it.
	IntegrationID *int64 `json:"integration_id"`
	// Intents of the customer, as detected by a model.
	Intents []Intent `json:"intents"`
	// Id of the rule that sent it; null if a person sent it.
	RuleID *int64 `json:"rule_id"`
	// Whether the company sent it.
	FromAgent *bool `json:"from_agent"`
	// Subject; null on channels without one.
	Subject *string `json:"subject"`
	// Full text.
	BodyText *string `json:"body_text"`
	// Full text as HTML.
	BodyHTML *string `json:"body_html"`
	// Text without quoted messages and signature.
	StrippedText *string `json:"stripped_text"`
	// Text as HTML without quoted messages and signature.
	StrippedHTML *string `json:"stripped_html"`
	// The signature that was removed.
	StrippedSignature *string `json:"stripped_signature"`
	// E-mail headers by name; null on other channels.
	Headers Object `json:"headers"`
	// Attached files. The stream ticket_message_attachments has one row for each.
	Attachments []Attachment `json:"attachments"`
	// Actions that a macro or rule performed with it.
	Actions []MessageAction `json:"actions"`
	// Macros that were used to write it.
	Macros []MacroID `json:"macros"`
	// Free-form data, such as `current_page` of a chat.
	Meta Object `json:"meta"`
	// When it was created. Imports may set it.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it was processed. Not sent before 2025.
	ProcessedDatetime *time.Time `json:"processed_datetime"`
	// When it was sent; null until then.
	SentDatetime *time.Time `json:"sent_datetime"`
	// When sending failed; null if it did not.
	FailedDatetime *time.Time `json:"failed_datetime"`
	// When it was deleted; null if it was not.
	DeletedDatetime *time.Time `json:"deleted_datetime"`
	// When the recipient opened it; null if unknown.
	OpenedDatetime *time.Time `json:"opened_datetime"`
	// Why sending last failed; null if it did not.
	LastSendingError *SendingError `json:"last_sending_error"`
	// Whether sending can be retried.
	IsRetriable *bool `json:"is_retriable"`
	// Whether it was imported from another system.
	Imported *bool `json:"imported"`
	// Message that replies to this one, on social channels. Documented.
	RepliedBy *Reply `json:"replied_by"`
	// Message that this one replies to, on social channels. Documented.
	RepliedTo *Reply `json:"replied_to"`
	// User or customer id of the author: `sender.id` in a column of its own, added by the connector.
	SenderID *int64 `json:"sender_id"`
	// User or customer id of the recipient: `receiver.id` in a column of its own, added by the connector; null for notes and on some channels.
	ReceiverID *int64 `json:"receiver_id"`
	Unrecognized
}

// A MessageSource is the sender and the recipients of a message.
type MessageSource struct {
	// Kind of channel, such as `email`. Often the only field. Open set.
	Type *string `json:"type"`
	// Recipients.
	To []Address `json:"to"`
	// Recipients of a copy.
	CC []Address `json:"cc"`
	// Recipients of a blind copy.
	BCC []Address `json:"bcc"`
	// Sender.
	From *Address `json:"from"`
	// Data of the channel, such as `include_thread`, `parent_id` or `permalink`.
	Extra Object `json:"extra"`
}

// A CustomerIdentity is the identity of a customer in a shop where they logged in.
type CustomerIdentity struct {
	// Service that identified the customer. Documented.
	Service *IdentityService `json:"service"`
	// Id that the service has for the customer. Documented.
	Identifier *string `json:"identifier"`
}

// An IdentityService is a service that identifies a customer.
type IdentityService struct {
	// Id of the service. Documented.
	ID *string `json:"id"`
	// Name of the service. Documented.
	Name *string `json:"name"`
}

// An Intent is a wish of the customer, as detected by a model.
type Intent struct {
	// Name, such as `refund/status` or `order/cancel`. Open set.
	Name *string `json:"name"`
	// Whether a user rejected it.
	Rejected *bool `json:"rejected"`
	// Whether a user set it.
	IsUserFeedback *bool `json:"is_user_feedback"`
}

// An Attachment is a file attached to a message.
type Attachment struct {
	// URL of the file; private files require credentials.
	URL *string `json:"url"`
	// File name.
	Name *string `json:"name"`
	// Media type, such as `image/png`.
	ContentType *string `json:"content_type"`
	// Size in bytes.
	Size *int64 `json:"size"`
	// Whether the file can be downloaded without credentials. The meaning is assumed.
	Public *bool `json:"public"`
	// Free-form data about the file. Documented.
	Extra Object `json:"extra"`
}

// A MessageAction is an action that a macro or rule performed with a message. The
// field `response`, whose form is not documented, is kept as it was sent.
type MessageAction struct {
	// Name of the action, such as `addTags`. Open set.
	Name *string `json:"name"`
	// Display title.
	Title *string `json:"title"`
	// Kind of action, such as `user`. Open set.
	Type *string `json:"type"`
	// Arguments of the action; the keys depend on the name.
	Arguments Object `json:"arguments"`
	// Result, such as `success`. Open set.
	Status *string `json:"status"`
}

// A MacroID is a reference to a macro.
type MacroID struct {
	// Macro id.
	ID *int64 `json:"id"`
}

// A SendingError is the reason why a message could not be sent.
type SendingError struct {
	// Text of the error.
	Error *string `json:"error"`
}

// A Reply is a message on a social channel that is related to another one.
type Reply struct {
	// Id of the integration. Documented.
	IntegrationID *int64 `json:"integration_id"`
	// Id assigned by the channel. Documented.
	MessageID *string `json:"message_id"`
	// When it was created. Documented.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// Full text. Documented.
	BodyText *string `json:"body_text"`
}

// A TicketMessageAttachment is a file attached to a message, derived from the
// message.
type TicketMessageAttachment struct {
	// Message id.
	MessageID int64 `json:"message_id"`
	// Position among the attachments of the message, from 0.
	Position int64 `json:"position"`
	// Id of the ticket of the message.
	TicketID *int64 `json:"ticket_id"`
	Attachment
	// created_datetime of the message.
	MessageCreatedDatetime *time.Time `json:"message_created_datetime"`
	Unrecognized
}
