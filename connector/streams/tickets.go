package streams

import (
	"encoding/json"
	"net/url"

	"source-gorgias/connector/changefeed"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

// Tickets is the stream of tickets, which messages and tags belong to.
var Tickets = &stream.Stream{
	Name: "tickets", Path: "tickets", Query: newestUpdated, QueryByID: withFields, IDsParam: "ticket_ids", CountedBy: "tickets-created", Mergeable: true, Mode: stream.NewestFirst,
	Key: []string{"id"}, Cursor: "updated_datetime", Created: "created_datetime", ByCreation: newestCreated, Deletable: true, FlatKeys: ticketKeys, Nested: [2]string{"tags", ValuesField}, Record: schemas.Ticket{}, OAuthScope: "tickets:read",
}

// ticketKeys are the flat keys of tickets and of the items of ticket views.
var ticketKeys = []string{"customer", "assignee_user", "assignee_team"}

var ticketTags = &stream.Stream{
	Name: "ticket_tags", Parent: Tickets, Mode: stream.Derived, Field: "tags", Derive: tagsOf,
	Key: []string{"ticket_id", "id"}, Cursor: "ticket_updated_datetime", Deletable: true, Record: schemas.TicketTag{}, OAuthScope: "tickets:read",
	Limitations: "which rows belonged to a deleted ticket: filter by ticket_id",
	CountedIn:   &stream.Counter{Stream: Tags, Column: "usage", Query: url.Values{"order_by": {"usage:desc,name:desc"}}},
}

var ticketRows = []*Row{
	{Stream: Tickets, Reader: reader.Incremental{}, Changes: changefeed.Tickets(ticketTags)},
	{Stream: ticketTags},
	{Stream: &stream.Stream{
		Name: "ticket_custom_field_values", Parent: Tickets, Mode: stream.Derived, Field: ValuesField, Derive: fieldValues("ticket_id", "ticket_updated_datetime"),
		Key: []string{"ticket_id", "id"}, Cursor: "ticket_updated_datetime", Deletable: true, Record: schemas.TicketCustomFieldValue{}, OAuthScope: "tickets:read",
		Limitations: "which rows belonged to a deleted ticket: filter by ticket_id; that a value was taken off a ticket without a new updated_datetime, unless it is one of the hundred that were updated last",
	}},
}

var ticketOfTag = []stream.Copied{{Field: "id", As: "ticket_id"}, {Field: "updated_datetime", As: "ticket_updated_datetime"}}

// tagsOf takes the tags out of a ticket.
func tagsOf(ticket json.RawMessage) []json.RawMessage {
	return stream.Elements(ticket, "tags", ticketOfTag, func(e stream.Element, fields []byte) json.RawMessage {
		return stream.PrependFields(e.Raw, fields)
	})
}
