package schemas

import "time"

// A TicketMessage is a message of a ticket: sent, received, or an internal
// note. Messages have no modified stamp: what was sent, opened, failed or
// deleted later shows only in the fields that say so.
type TicketMessage struct {
	// Message id.
	ID int64 `json:"id"`
	// Path of the message below the account's address.
	URI *string `json:"uri"`
	// Id given by the channel: the Message-Id of an e-mail, or the provider's own.
	MessageID *string `json:"message_id"`
	// Id of the ticket. That it changes when tickets are merged is assumed.
	TicketID *int64 `json:"ticket_id"`
	// Id in another system, set through the API or by an import.
	ExternalID *string `json:"external_id"`
	// Whether the customer can see it; false for internal notes.
	Public *bool `json:"public"`
	// Channel of the message: the same words as a ticket's channel, `internal-note` for notes. Open set.
	Channel *string `json:"channel"`
	// How the message came in or went out: the same words as a ticket's via. Open set.
	Via *string `json:"via"`
	// Who it went to and came from.
	Source *MessageSource `json:"source"`
	// Who wrote it, a user or a customer.
	Sender *Person `json:"sender"`
	// Who was meant; null for notes and on some channels.
	Receiver *Person `json:"receiver"`
	// Who the customer is in the shop they were logged in to.
	AuthCustomerIdentity *CustomerIdentity `json:"auth_customer_identity"`
	// Id of the integration that sent or received it.
	IntegrationID *int64 `json:"integration_id"`
	// What the customer wants, as a model sees it.
	Intents []Intent `json:"intents"`
	// Id of the rule that sent it; null if a person did.
	RuleID *int64 `json:"rule_id"`
	// Whether it came from the company.
	FromAgent *bool `json:"from_agent"`
	// Subject; null on channels without one.
	Subject *string `json:"subject"`
	// Whole text.
	BodyText *string `json:"body_text"`
	// Whole text as HTML.
	BodyHTML *string `json:"body_html"`
	// Text without quotations and signature.
	StrippedText *string `json:"stripped_text"`
	// Text as HTML without quotations and signature.
	StrippedHTML *string `json:"stripped_html"`
	// The signature that was taken off.
	StrippedSignature *string `json:"stripped_signature"`
	// E-mail headers by name; null on other channels.
	Headers Object `json:"headers"`
	// Files that came with it; one by one in ticket_message_attachments.
	Attachments []Attachment `json:"attachments"`
	// What a macro or rule did along with it.
	Actions []MessageAction `json:"actions"`
	// Macros it was written with.
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
	// When the receiver opened it; null if that is not known.
	OpenedDatetime *time.Time `json:"opened_datetime"`
	// Why sending last failed; null if it did not.
	LastSendingError *SendingError `json:"last_sending_error"`
	// Whether sending can be tried again.
	IsRetriable *bool `json:"is_retriable"`
	// Whether it was imported from another system.
	Imported *bool `json:"imported"`
	// The message that answers this one, on social channels. Documented.
	RepliedBy *Reply `json:"replied_by"`
	// The message this one answers, on social channels. Documented.
	RepliedTo *Reply `json:"replied_to"`
	Rest
}

// A MessageSource says who a message went to and came from.
type MessageSource struct {
	// Kind of channel, such as `email`. Often the only field. Open set.
	Type *string `json:"type"`
	// Receivers.
	To []Address `json:"to"`
	// Receivers of a copy.
	CC []Address `json:"cc"`
	// Receivers of a blind copy.
	BCC []Address `json:"bcc"`
	// Sender.
	From *Address `json:"from"`
	// Data of the channel, such as `include_thread`, `parent_id` or `permalink`.
	Extra Object `json:"extra"`
}

// A CustomerIdentity says who a customer is in a shop they logged in to.
type CustomerIdentity struct {
	// The service that vouches for the customer. Documented.
	Service *IdentityService `json:"service"`
	// The customer's id there. Documented.
	Identifier *string `json:"identifier"`
}

// An IdentityService is a service that vouches for a customer.
type IdentityService struct {
	// Id of the service. Documented.
	ID *string `json:"id"`
	// Name of the service. Documented.
	Name *string `json:"name"`
}

// An Intent is what the customer wants, as a model sees it.
type Intent struct {
	// Name, such as `refund/status` or `order/cancel`. Open set.
	Name *string `json:"name"`
	// Whether a user said that it is wrong.
	Rejected *bool `json:"rejected"`
	// Whether a user set it.
	IsUserFeedback *bool `json:"is_user_feedback"`
}

// An Attachment is a file that came with a message.
type Attachment struct {
	// Where the file is; private files ask for credentials.
	URL *string `json:"url"`
	// File name.
	Name *string `json:"name"`
	// Media type, such as `image/png`.
	ContentType *string `json:"content_type"`
	// Bytes.
	Size *int64 `json:"size"`
	// Whether the file can be had without credentials. The meaning is assumed.
	Public *bool `json:"public"`
	// Free-form data about the file. Documented.
	Extra Object `json:"extra"`
}

// A MessageAction is what a macro or rule did along with a message. A
// `response`, whose form is not documented, is kept as it was sent.
type MessageAction struct {
	// What was done, such as `addTags`. Open set.
	Name *string `json:"name"`
	// What people see.
	Title *string `json:"title"`
	// Kind of action, such as `user`. Open set.
	Type *string `json:"type"`
	// With what it was done; the keys depend on the name.
	Arguments Object `json:"arguments"`
	// How it went, such as `success`. Open set.
	Status *string `json:"status"`
}

// A MacroID names a macro and nothing more.
type MacroID struct {
	// Macro id.
	ID *int64 `json:"id"`
}

// A SendingError says why a message could not be sent.
type SendingError struct {
	// The reason, in words.
	Error *string `json:"error"`
}

// A Reply is a message on a social channel that another one belongs to.
type Reply struct {
	// Id of the integration. Documented.
	IntegrationID *int64 `json:"integration_id"`
	// Id given by the channel. Documented.
	MessageID *string `json:"message_id"`
	// When it was created. Documented.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// Whole text. Documented.
	BodyText *string `json:"body_text"`
}

// A TicketMessageAttachment is a file that came with a message, cut from the
// message.
type TicketMessageAttachment struct {
	// Message id.
	MessageID int64 `json:"message_id"`
	// Place in the message's list, from 0.
	Position int64 `json:"position"`
	// Id of the message's ticket.
	TicketID *int64 `json:"ticket_id"`
	Attachment
	// created_datetime of the message.
	MessageCreatedDatetime *time.Time `json:"message_created_datetime"`
	Rest
}
