package streams

import (
	"encoding/json"
	"fmt"

	"source-gorgias/connector/changefeed"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

// Messages is the stream of the messages of tickets.
var Messages = &stream.Stream{
	Name: "ticket_messages", Path: "messages", Query: newestCreated, Mode: stream.NewestFirst,
	Key: []string{"id"}, Cursor: "created_datetime", Created: "created_datetime", BelongsTo: "ticket_id", LookbackWindow: 7 * day, Deletable: true,
	SecretColumns: []string{"actions"}, FlatKeys: []string{"sender", "receiver"}, Nested: [2]string{"attachments"}, Record: schemas.TicketMessage{}, OAuthScope: "tickets:read", Aliases: []string{"messages"},
	Limitations: "that a message older than its window was opened; which messages belonged to a deleted ticket: filter by ticket_id",
}

var messageRows = []*Row{
	{Stream: Messages, Reader: reader.Incremental{}, Changes: changefeed.Messages(Tickets)},
	{Stream: &stream.Stream{
		Name: "ticket_message_attachments", Parent: Messages, Mode: stream.Derived, Field: "attachments", Derive: attachments,
		Key: []string{"message_id", "position"}, Cursor: "message_created_datetime", Record: schemas.TicketMessageAttachment{}, OAuthScope: "tickets:read",
		Limitations: "which attachments belonged to a deleted ticket: filter by ticket_id",
	}},
}

var messageOfAttachment = []stream.Copied{{Field: "id", As: "message_id"}, {Field: "ticket_id", As: "ticket_id"}, {Field: "created_datetime", As: "message_created_datetime"}}

// attachments takes the attachments out of a message. They have no id: their
// position in the message's list identifies them.
func attachments(message json.RawMessage) []json.RawMessage {
	return stream.Elements(message, "attachments", messageOfAttachment, func(e stream.Element, fields []byte) json.RawMessage {
		return stream.PrependFields(e.Raw, fmt.Appendf(fields, `,"position":%d`, e.Index))
	})
}
