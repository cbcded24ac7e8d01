package streams

import (
	"encoding/json"
	"net/url"

	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

var customFieldRows = []*Row{
	{Reader: reader.FullRefresh{}, Stream: &stream.Stream{
		Name: "custom_fields", Path: "custom-fields", Query: url.Values{"order_by": {"priority:asc"}}, Mode: stream.FullRefresh,
		Partitions: []url.Values{{"object_type": {"Ticket"}}, {"object_type": {"Customer"}}},
		Key:        []string{"id"}, Record: schemas.CustomField{}, OAuthScope: "custom_fields:read", Aliases: []string{"custom-fields"},
	}},
}

// fieldValues takes the custom field values out of a ticket or a customer. id
// and updated are the columns for its id and its updated_datetime.
func fieldValues(id, updated string) func(json.RawMessage) []json.RawMessage {
	return func(parent json.RawMessage) []json.RawMessage {
		fields := stream.CopyFields(parent, id, "id", updated, "updated_datetime")
		return stream.Elements(parent, "custom_fields", func(_ int, value []byte) json.RawMessage {
			return stream.PrependFields(value, fields)
		})
	}
}
