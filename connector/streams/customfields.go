package streams

import (
	"encoding/json"
	"fmt"
	"net/url"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

// CustomFields is the stream of the definitions of custom fields: first those of
// tickets, then those of customers.
var CustomFields = &stream.Stream{
	Name: "custom_fields", Path: "custom-fields", Query: url.Values{"order_by": {"priority:asc"}}, Mode: stream.FullRefresh,
	Partitions: []url.Values{{"object_type": {"Ticket"}}, {"object_type": {"Customer"}}},
	Key:        []string{"id"}, Record: schemas.CustomField{}, OAuthScope: "custom_fields:read", Aliases: []string{"custom-fields"},
}

var customFieldRows = []*Row{{Stream: CustomFields, Reader: reader.FullRefresh{}}}

// ValuesField is the field of a ticket or a customer with its values of custom fields,
// by their ids.
const ValuesField = "custom_fields"

// fieldValues takes the custom field values out of a ticket or a customer. id
// and updated are the columns for its id and its updated_datetime. A value without
// an id has the name under which the API lists it for one.
func fieldValues(id, updated string) func(json.RawMessage) []json.RawMessage {
	copied := []stream.Copied{{Field: "id", As: id}, {Field: "updated_datetime", As: updated}}
	return func(parent json.RawMessage) []json.RawMessage {
		return stream.Elements(parent, ValuesField, copied, func(e stream.Element, fields []byte) json.RawMessage {
			if _, ok := conform.Integer(stream.Field(e.Raw, "id")); !ok {
				if id, ok := conform.Integer([]byte(e.Name)); ok { //rule:custom-field-takes-id-from-name
					fields = fmt.Appendf(fields, `,"id":%s`, id)
				}
			}
			return stream.PrependFields(e.Raw, fields)
		})
	}
}
