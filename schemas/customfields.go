package schemas

import "time"

// A CustomField is a field that the company added to tickets or customers.
type CustomField struct {
	// Custom field id.
	ID int64 `json:"id"`
	// Id in another system.
	ExternalID *string `json:"external_id"`
	// Kind of object that has the field: `Ticket` or `Customer`.
	ObjectType *string `json:"object_type"`
	// Display label.
	Label *string `json:"label"`
	// Purpose of the field.
	Description *string `json:"description"`
	// Position in the display order, 0 to 5000.
	Priority *int64 `json:"priority"`
	// Whether a value is required.
	Required *bool `json:"required"`
	// `visible`, `required` or `conditional`. Sent since 2025.
	RequirementType *string `json:"requirement_type"`
	// Use of the field by the helpdesk itself: `contact_reason`, `product`, `resolution`, `ai_intent`, `ai_outcome`, `managed_sentiment`, `call_status` and others; null for fields that the helpdesk does not manage. Open set.
	ManagedType *string `json:"managed_type"`
	// Type and input settings of its values.
	Definition *FieldDefinition `json:"definition"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it last changed.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When it was archived; null while it is in use.
	DeactivatedDatetime *time.Time `json:"deactivated_datetime"`
	Unrecognized
}

// A FieldDefinition defines the values of a custom field.
type FieldDefinition struct {
	// `text`, `number` or `boolean`.
	DataType *string `json:"data_type"`
	// How users enter a value: `input_type`, with `choices`, `default`, `min`, `max` or `placeholder`.
	InputSettings Object `json:"input_settings"`
}
