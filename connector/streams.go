package connector

import (
	"net/url"
	"time"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/gorgias"
	"source-gorgias/schemas"
)

// Streams is the table. To add an endpoint, add its row (doc.go tells the
// rest). The first row is cheap and always has a record: clients that stop at
// the first record learn at once that the connection works.
//
// Orders and filters are those of the reference documentation; order_by is
// sent wherever it is allowed, so that no endpoint's default matters.
func Streams() []*Stream {
	const day = 24 * time.Hour
	created := url.Values{"order_by": {"created_datetime:desc"}}
	updated := url.Values{"order_by": {"updated_datetime:desc"}}
	// Lists that are read whole are read oldest first: what is added
	// meanwhile comes last, and is seen.
	oldest := url.Values{"order_by": {"created_datetime:asc"}}

	return []*Stream{{
		Name: "account", Path: "account", Form: gorgias.SingleObject, Walk: Single,
		Key: []string{"domain"}, Record: schemas.Account{}, Scope: "account:read",
	}, {
		Name: "account_settings", Path: "account/settings", Form: gorgias.PlainList, Walk: Single,
		Key: []string{"id"}, Record: schemas.AccountSetting{}, Scope: "account:read",
	}, {
		Name: "customers", Path: "customers", Query: updated, Walk: NewestFirst,
		Key: []string{"id"}, Cursor: "updated_datetime", Mortal: true, Record: schemas.Customer{}, Scope: "customers:read",
	}, {
		Name: "customer_custom_field_values", Parent: "customers", Walk: Derived, Cut: fieldValues("customer_id", "customer_updated_datetime"),
		Key: []string{"customer_id", "id"}, Cursor: "customer_updated_datetime", Record: schemas.CustomerCustomFieldValue{}, Scope: "customers:read",
		Untold: "which rows belonged to a deleted customer: they name it",
	}, {
		Name: "custom_fields", Path: "custom-fields", Query: url.Values{"order_by": {"priority:asc"}}, Walk: Scan,
		Passes: []url.Values{{"object_type": {"Ticket"}}, {"object_type": {"Customer"}}},
		Key:    []string{"id"}, Record: schemas.CustomField{}, Scope: "custom_fields:read", Formerly: []string{"custom-fields"},
	}, {
		Name: "events", Path: "events", Query: oldest, Walk: OldestFirst, Since: "created_datetime[gte]",
		Key: []string{"id"}, Cursor: "created_datetime", Record: schemas.Event{}, Scope: "events:read",
	}, {
		Name: "integrations", Path: "integrations", Query: oldest, Walk: Scan,
		Key: []string{"id"}, Secrets: []string{"http", "meta", conform.Unrecognized}, Record: schemas.Integration{}, Scope: "integrations:read",
	}, {
		Name: "jobs", Path: "jobs", Query: created, Walk: NewestFirst,
		Key: []string{"id"}, Cursor: "created_datetime", Mutable: 7 * day, Record: schemas.Job{}, Scope: "jobs:read",
	}, {
		// Of the six orders of the documentation, this one is in no doubt.
		Name: "macros", Path: "macros", Query: oldest, Walk: Scan,
		Passes: []url.Values{{}, {"archived": {"true"}}},
		Key:    []string{"id"}, Secrets: []string{"actions", conform.Unrecognized}, Record: schemas.Macro{}, Scope: "macros:read",
	}, {
		Name: "rules", Path: "rules", Query: oldest, Walk: Scan,
		Key: []string{"id"}, Record: schemas.Rule{}, Scope: "rules:read",
	}, {
		Name: "satisfaction_surveys", Path: "satisfaction-surveys", Query: created, Walk: NewestFirst,
		Key: []string{"id"}, Cursor: "created_datetime", Mutable: 30 * day, Mortal: true, Record: schemas.SatisfactionSurvey{}, Scope: "satisfaction_survey:read", Formerly: []string{"satisfaction-surveys"},
		Untold: "which survey went with a deleted ticket: it names the ticket",
	}, {
		Name: "statistics", Path: "reporting/stats", Walk: Daily,
		Key: []string{"report", "day", "row"}, Cursor: "as_of_datetime", Mutable: 30 * day, Record: schemas.Statistic{}, Scope: "statistics:read",
	}, {
		Name: "tags", Path: "tags", Query: oldest, Walk: Scan,
		Key: []string{"id"}, Record: schemas.Tag{}, Scope: "tags:read",
	}, {
		Name: "teams", Path: "teams", Query: oldest, Walk: Scan,
		Key: []string{"id"}, Record: schemas.Team{}, Scope: "users:read",
	}, {
		Name: "ticket_messages", Path: "messages", Query: created, Walk: NewestFirst,
		Key: []string{"id"}, Cursor: "created_datetime", Mutable: 7 * day, Mortal: true, Secrets: []string{"actions"}, Record: schemas.TicketMessage{}, Scope: "tickets:read", Formerly: []string{"messages"},
		Untold: "that a message older than its window was opened; which messages went with a deleted ticket: they name it",
	}, {
		Name: "ticket_message_attachments", Parent: "ticket_messages", Walk: Derived, Cut: attachments,
		Key: []string{"message_id", "position"}, Cursor: "message_created_datetime", Record: schemas.TicketMessageAttachment{}, Scope: "tickets:read",
		Untold: "which attachments went with a deleted ticket: they name it",
	}, {
		Name: "tickets", Path: "tickets", Query: updated, Walk: NewestFirst,
		Key: []string{"id"}, Cursor: "updated_datetime", Mortal: true, Record: schemas.Ticket{}, Scope: "tickets:read",
	}, {
		Name: "ticket_tags", Parent: "tickets", Walk: Derived, Cut: ticketTags,
		Key: []string{"ticket_id", "id"}, Cursor: "ticket_updated_datetime", Mortal: true, Record: schemas.TicketTag{}, Scope: "tickets:read",
		Untold: "which rows belonged to a deleted ticket: they name it",
	}, {
		Name: "ticket_custom_field_values", Parent: "tickets", Walk: Derived, Cut: fieldValues("ticket_id", "ticket_updated_datetime"),
		Key: []string{"ticket_id", "id"}, Cursor: "ticket_updated_datetime", Record: schemas.TicketCustomFieldValue{}, Scope: "tickets:read",
		Untold: "which rows belonged to a deleted ticket: they name it",
	}, {
		Name: "users", Path: "users", Query: oldest, Walk: Scan,
		Key: []string{"id"}, Record: schemas.User{}, Scope: "users:read",
	}, {
		Name: "views", Path: "views", Query: oldest, Walk: Scan,
		Key: []string{"id"}, Record: schemas.View{}, Scope: "tickets:read",
	}, {
		Name: "view_items", Path: "views/{id}/items", Form: gorgias.LinkList, Query: oldest, Parent: "views", Walk: PerParent,
		Key: []string{"view_id", "id"}, Record: schemas.ViewItem{}, Scope: "tickets:read", Formerly: []string{"views_items"},
	}, {
		// The lists of the phone take no order_by. Newest first is what was
		// observed; a page that shows otherwise is noticed (walk.go).
		Name: "voice_calls", Path: "phone/voice-calls", Walk: NewestFirst,
		Key: []string{"id"}, Cursor: "created_datetime", Mutable: 7 * day, Record: schemas.VoiceCall{},
	}, {
		Name: "voice_call_events", Path: "phone/voice-call-events", Walk: OldestFirst,
		Key: []string{"id"}, Cursor: "created_datetime", Record: schemas.VoiceCallEvent{},
	}, {
		Name: "voice_call_recordings", Path: "phone/voice-call-recordings", Walk: NewestFirst,
		Key: []string{"id"}, Cursor: "created_datetime", Mutable: 30 * day, Record: schemas.VoiceCallRecording{},
	}, {
		Name: "widgets", Path: "widgets", Query: oldest, Walk: Scan,
		Key: []string{"id"}, Record: schemas.Widget{}, Scope: "integrations:read",
	}}
}
