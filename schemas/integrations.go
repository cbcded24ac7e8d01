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
	// When it was deactivated; null while it is active.
	DeactivatedDatetime *time.Time `json:"deactivated_datetime"`
	// Appearance; null for the default.
	Decoration Object `json:"decoration"`
	// Purpose of the integration.
	Description *string `json:"description"`
	// HTTP request of integrations of type `http`; null for others.
	HTTP *HTTPIntegration `json:"http"`
	// When it was locked; null while it is not locked.
	LockedDatetime *time.Time `json:"locked_datetime"`
	// Data of the service, depending on the type. It can be large and contain personal data.
	Meta Object `json:"meta"`
	// Display name.
	Name *string `json:"name"`
	// `email`, `phone`, `gorgias_chat`, `http`, `shopify` and many others. Open set.
	Type *string `json:"type"`
	// The user who added it.
	User *UserID `json:"user"`
	// Path of the integration relative to the account's URL.
	URI *string `json:"uri"`
	// Id of the app of third-party integrations.
	ApplicationID *string `json:"application_id"`
	// Whether the helpdesk manages it.
	Managed *bool `json:"managed"`
	// Id of its own business hours, if any.
	BusinessHoursID *int64 `json:"business_hours_id"`
	// When it was deleted. Only in older responses. Assumed.
	DeletedDatetime *time.Time `json:"deleted_datetime"`
	Unrecognized
}

// An HTTPIntegration is a request to another service.
type HTTPIntegration struct {
	// Id of the request.
	ID *int64 `json:"id"`
	// URL of the request; variables are in double braces.
	URL *string `json:"url"`
	// HTTP method.
	Method *string `json:"method"`
	// HTTP headers by name. They can contain credentials.
	Headers Object `json:"headers"`
	// Body, field by field.
	Form Object `json:"form"`
	// Media type of the body.
	RequestContentType *string `json:"request_content_type"`
	// Media type of the response.
	ResponseContentType *string `json:"response_content_type"`
	// Whether it is made, by the event that starts it.
	Triggers Object `json:"triggers"`
	// Position in the execution order.
	ExecutionOrder *int64 `json:"execution_order"`
}

// A Widget shows data of an integration or app next to tickets or customers.
// Its fields are documented; no recorded response contains them.
type Widget struct {
	// Widget id.
	ID int64 `json:"id"`
	// Id of its app. Documented.
	AppID *string `json:"app_id"`
	// Place where it is shown: `ticket`, `customer` or `user`. Documented.
	Context *string `json:"context"`
	// When it was created. Documented.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it last changed. Documented.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When it was deactivated; null while it is active. Documented.
	DeactivatedDatetime *time.Time `json:"deactivated_datetime"`
	// Id of the integration that provides its data. Documented.
	IntegrationID *int64 `json:"integration_id"`
	// Position in the display order, from 0. Documented.
	Order *int64 `json:"order"`
	// Layout: a tree of `wrapper`, `card` and `text` parts. Documented.
	Template Object `json:"template"`
	// Source of its data: `shopify`, `http`, `customer_external_data`, `standalone` and others. Open set. Documented.
	Type *string `json:"type"`
	// Path of the widget relative to the account's URL. Documented.
	URI *string `json:"uri"`
	Unrecognized
}
