package streams

import (
	"source-gorgias/connector/changefeed"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

// Customers is the stream of customers.
var Customers = &stream.Stream{
	Name: "customers", Path: "customers", Query: newestUpdated, QueryByID: withFields, Mergeable: true, Mode: stream.NewestFirst,
	OnlyByID: []string{"channels", "customer", "integrations", "external_data", "ecommerce_data"},
	Key:      []string{"id"}, Cursor: "updated_datetime", Created: "created_datetime", ByCreation: newestCreated, Deletable: true, Nested: [2]string{ValuesField}, Record: schemas.Customer{}, OAuthScope: "customers:read",
}

var customerRows = []*Row{
	{Stream: Customers, Reader: reader.Incremental{}, Changes: changefeed.Customers()},
	{Stream: &stream.Stream{
		Name: "customer_custom_field_values", Parent: Customers, Mode: stream.Derived, Field: ValuesField, Derive: fieldValues("customer_id", "customer_updated_datetime"),
		Key: []string{"customer_id", "id"}, Cursor: "customer_updated_datetime", Deletable: true, Record: schemas.CustomerCustomFieldValue{}, OAuthScope: "customers:read",
		Limitations: "which rows belonged to a deleted customer: filter by customer_id; that a value was taken off a customer without a new updated_datetime, unless it is one of the hundred that were updated last",
	}},
}
