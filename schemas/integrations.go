package schemas

import "time"

// An Integration is a connection of the account to a channel, a shop or
// another service.
type Integration struct {
	// Integration id.
	ID int64 `json:"id"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it last changed.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When it was switched off; null while it is on.
	DeactivatedDatetime *time.Time `json:"deactivated_datetime"`
	// Looks; null if it has none of its own.
	Decoration Object `json:"decoration"`
	// What it is for.
	Description *string `json:"description"`
	// Requests it makes, for those of type `http`; null for others.
	HTTP *HTTPIntegration `json:"http"`
	// When it was locked; null if it is not.
	LockedDatetime *time.Time `json:"locked_datetime"`
	// Data of the service, depending on the type. It can be large and can hold personal data.
	Meta Object `json:"meta"`
	// What people see.
	Name *string `json:"name"`
	// `email`, `phone`, `gorgias_chat`, `http`, `shopify` and many others. Open set.
	Type *string `json:"type"`
	// The user who added it.
	User *UserID `json:"user"`
	// Path of the integration below the account's address.
	URI *string `json:"uri"`
	// Id of the app it belongs to, if it is a third party's.
	ApplicationID *string `json:"application_id"`
	// Whether the helpdesk manages it.
	Managed *bool `json:"managed"`
	// Id of its business hours, if it has its own.
	BusinessHoursID *int64 `json:"business_hours_id"`
	// When it was deleted. Only in older answers; assumed.
	DeletedDatetime *time.Time `json:"deleted_datetime"`
	Rest
}

// An HTTPIntegration is a request to another service.
type HTTPIntegration struct {
	// Id of the request.
	ID *int64 `json:"id"`
	// Where it goes; variables are in double braces.
	URL *string `json:"url"`
	// HTTP method.
	Method *string `json:"method"`
	// HTTP headers by name. They can hold credentials.
	Headers Object `json:"headers"`
	// Body, field by field.
	Form Object `json:"form"`
	// Media type of the body.
	RequestContentType *string `json:"request_content_type"`
	// Media type of the answer.
	ResponseContentType *string `json:"response_content_type"`
	// Whether it is made, by the event that starts it.
	Triggers Object `json:"triggers"`
	// Place in the order of execution.
	ExecutionOrder *int64 `json:"execution_order"`
}

// A Widget shows data of an integration or app beside tickets or customers.
// Its fields are documented; no recorded answer shows them.
type Widget struct {
	// Widget id.
	ID int64 `json:"id"`
	// Id of the app it belongs to. Documented.
	AppID *string `json:"app_id"`
	// Where it is shown: `ticket`, `customer` or `user`. Documented.
	Context *string `json:"context"`
	// When it was created. Documented.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it last changed. Documented.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When it was switched off; null while it is on. Documented.
	DeactivatedDatetime *time.Time `json:"deactivated_datetime"`
	// Id of the integration whose data it shows. Documented.
	IntegrationID *int64 `json:"integration_id"`
	// Place in the order of display, from 0. Documented.
	Order *int64 `json:"order"`
	// What it looks like: a tree of `wrapper`, `card` and `text` parts. Documented.
	Template Object `json:"template"`
	// Where its data comes from: `shopify`, `http`, `customer_external_data`, `standalone` and others. Open set. Documented.
	Type *string `json:"type"`
	// Path of the widget below the account's address. Documented.
	URI *string `json:"uri"`
	Rest
}
