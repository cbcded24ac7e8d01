package schemas

import "time"

// A CustomField is a field that the company has added to tickets or customers.
type CustomField struct {
	// Custom field id.
	ID int64 `json:"id"`
	// Id in another system.
	ExternalID *string `json:"external_id"`
	// What it was added to: `Ticket` or `Customer`.
	ObjectType *string `json:"object_type"`
	// What people see.
	Label *string `json:"label"`
	// What it is for.
	Description *string `json:"description"`
	// Place in the order of display, 0 to 5000.
	Priority *int64 `json:"priority"`
	// Whether a value has to be given.
	Required *bool `json:"required"`
	// `visible`, `required` or `conditional`. Sent since 2025.
	RequirementType *string `json:"requirement_type"`
	// What the helpdesk itself uses it for: `contact_reason`, `product`, `resolution`, `ai_intent`, `ai_outcome`, `managed_sentiment`, `call_status` and others; null for the company's own. Open set.
	ManagedType *string `json:"managed_type"`
	// What values it takes.
	Definition *FieldDefinition `json:"definition"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it last changed.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When it was archived; null while it is in use.
	DeactivatedDatetime *time.Time `json:"deactivated_datetime"`
	Rest
}

// A FieldDefinition says what values a custom field takes.
type FieldDefinition struct {
	// `text`, `number` or `boolean`.
	DataType *string `json:"data_type"`
	// How a value is entered: `input_type`, and with it `choices`, `default`, `min`, `max` or `placeholder`.
	InputSettings Object `json:"input_settings"`
}
