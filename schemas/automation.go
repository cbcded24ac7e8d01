package schemas

import "time"

// A Macro is a prepared answer with actions. Archived ones are included.
type Macro struct {
	// Macro id.
	ID int64 `json:"id"`
	// Id in another system.
	ExternalID *string `json:"external_id"`
	// What people see.
	Name *string `json:"name"`
	// The intent it answers, such as `refund/status`. Open set.
	Intent *string `json:"intent"`
	// Language of the answer as an ISO 639-1 code.
	Language *string `json:"language"`
	// How often it was used.
	Usage *int64 `json:"usage"`
	// What it does.
	Actions []MacroAction `json:"actions"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it last changed; null until its first edit.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When it was archived; null while it is in use.
	ArchivedDatetime *time.Time `json:"archived_datetime"`
	// Path of the macro below the account's address.
	URI *string `json:"uri"`
	Rest
}

// A MacroAction is one thing a macro does.
type MacroAction struct {
	// What is done, such as `addTags` or `setResponseText`. Open set.
	Name *string `json:"name"`
	// What people see.
	Title *string `json:"title"`
	// Kind of action, such as `user`. Open set.
	Type *string `json:"type"`
	// With what it is done; the keys depend on the name.
	Arguments Object `json:"arguments"`
	// What it is for. Documented.
	Description *string `json:"description"`
}

// A Rule acts on tickets by itself when something happens.
type Rule struct {
	// Rule id.
	ID int64 `json:"id"`
	// Source text, in a language like JavaScript.
	Code *string `json:"code"`
	// The code as an ESTree syntax tree. It can be tens of kilobytes.
	CodeAST Object `json:"code_ast"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it last changed.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When it was switched off; null while it is on.
	DeactivatedDatetime *time.Time `json:"deactivated_datetime"`
	// What it is for.
	Description *string `json:"description"`
	// Events that start it, joined by commas: `ticket-created,ticket-updated`.
	EventTypes *string `json:"event_types"`
	// Settings of a rule that the helpdesk manages; null for the company's own.
	Settings Object `json:"settings"`
	// What people see.
	Name *string `json:"name"`
	// Rules with a higher priority run first.
	Priority *int64 `json:"priority"`
	// `user` for the company's own, other words for managed rules. Open set.
	Type *string `json:"type"`
	// Path of the rule below the account's address.
	URI *string `json:"uri"`
	Rest
}
