package schemas

import "time"

// A Customer is a person who has written to the company or was imported.
type Customer struct {
	// Customer id.
	ID int64 `json:"id"`
	// Id in another system, set through the API or by an import.
	ExternalID *string `json:"external_id"`
	// Whether the customer is active.
	Active *bool `json:"active"`
	// Main e-mail address.
	Email *string `json:"email"`
	// Full name, or a substitute such as a phone number.
	Name *string `json:"name"`
	// First name; empty when unknown.
	Firstname *string `json:"firstname"`
	// Last name; empty when unknown.
	Lastname *string `json:"lastname"`
	// Language as an ISO 639-1 code.
	Language *string `json:"language"`
	// Time zone as an IANA name.
	Timezone *string `json:"timezone"`
	// When the customer was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When the customer last changed. Whether new channels change this is not documented.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// Free-form data, such as `name_set_via`.
	Meta Object `json:"meta"`
	// Free-form data, set through the API.
	Data Object `json:"data"`
	// Note of the users about the customer.
	Note *string `json:"note"`
	// Values of custom fields, by the field's id as a string, each with `id` and `value`; empty if none is set. The stream customer_custom_field_values has one row for each.
	CustomFields Object `json:"custom_fields"`
	Unrecognized
}

// A CustomerChannel is an address that a customer writes from.
type CustomerChannel struct {
	// Channel id.
	ID *int64 `json:"id"`
	// `email`, `phone`, `chat`, `facebook`, `instagram`, `whatsapp` and others. Open set.
	Type *string `json:"type"`
	// E-mail address, phone number or an id of the channel's own.
	Address *string `json:"address"`
	// Whether it is the preferred channel of its type. The meaning is assumed.
	Preferred *bool `json:"preferred"`
	// When it was added.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it last changed.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When it was removed; null if it was not.
	DeletedDatetime *time.Time `json:"deleted_datetime"`
	// The customer, under an older name.
	User *CustomerName `json:"user"`
	// The customer.
	Customer *CustomerName `json:"customer"`
}

// A CustomerName is the shortest form of a customer.
type CustomerName struct {
	// Customer id.
	ID *int64 `json:"id"`
	// Full name.
	Name *string `json:"name"`
}

// A CustomerCustomFieldValue is the value of a custom field of a customer,
// derived from the customer. Its rows without a deletion time whose
// customer_updated_datetime is not before the updated_datetime of the customer itself are
// its current values; all others are past.
type CustomerCustomFieldValue struct {
	// Customer id.
	CustomerID int64 `json:"customer_id"`
	// Id of the custom field.
	ID int64 `json:"id"`
	// Value as a string, for any type of field: `2`, `true`, `gold`. Levels of a dropdown are joined by `::`.
	Value *string `json:"value"`
	// Prediction of an AI model. Its form is not documented.
	Prediction Object `json:"prediction"`
	// updated_datetime of the customer from which this row is derived.
	CustomerUpdatedDatetime *time.Time `json:"customer_updated_datetime"`
	Unrecognized
}
