package schemas

import "time"

// A Macro is a prepared reply with actions. Archived macros are included.
type Macro struct {
	// Macro id.
	ID int64 `json:"id"`
	// Id in another system.
	ExternalID *string `json:"external_id"`
	// Display name.
	Name *string `json:"name"`
	// Intent that it replies to, such as `refund/status`. Open set.
	Intent *string `json:"intent"`
	// Language of the reply as an ISO 639-1 code.
	Language *string `json:"language"`
	// Number of times it was used.
	Usage *int64 `json:"usage"`
	// Actions of the macro.
	Actions []MacroAction `json:"actions"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it last changed; null until its first edit.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When it was archived; null while it is in use.
	ArchivedDatetime *time.Time `json:"archived_datetime"`
	// Path of the macro relative to the account's URL.
	URI *string `json:"uri"`
	Unrecognized
}

// A MacroAction is one action of a macro.
type MacroAction struct {
	// Name of the action, such as `addTags` or `setResponseText`. Open set.
	Name *string `json:"name"`
	// Display title.
	Title *string `json:"title"`
	// Kind of action, such as `user`. Open set.
	Type *string `json:"type"`
	// Arguments of the action; the keys depend on the name.
	Arguments Object `json:"arguments"`
	// Purpose of the action. Documented.
	Description *string `json:"description"`
}

// A Rule acts on tickets automatically when certain events happen.
type Rule struct {
	// Rule id.
	ID int64 `json:"id"`
	// Source code, in a language like JavaScript.
	Code *string `json:"code"`
	// The code as an ESTree syntax tree. It can be tens of kilobytes.
	CodeAST Object `json:"code_ast"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it last changed.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When it was deactivated; null while it is active.
	DeactivatedDatetime *time.Time `json:"deactivated_datetime"`
	// Purpose of the rule.
	Description *string `json:"description"`
	// Events that trigger it, joined by commas: `ticket-created,ticket-updated`.
	EventTypes *string `json:"event_types"`
	// Settings of a rule that the helpdesk manages; null for custom rules.
	Settings Object `json:"settings"`
	// Display name.
	Name *string `json:"name"`
	// Rules with a higher priority run first.
	Priority *int64 `json:"priority"`
	// `user` for custom rules, other values for managed rules. Open set.
	Type *string `json:"type"`
	// Path of the rule relative to the account's URL.
	URI *string `json:"uri"`
	Unrecognized
}
