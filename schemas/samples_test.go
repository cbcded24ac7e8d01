package schemas_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"source-gorgias/schemas"
)

// A sample is the API's responses for one kind of record, as in its reference.
type sample struct {
	record any
	rows   func(*testing.T) []map[string]any
	// unseen are the columns that no row contains, apart from unrecognized_fields.
	unseen []string
}

var samples = []sample{
	{record: schemas.Account{}, rows: list("account.get.json")},
	{record: schemas.AccountSetting{}, rows: list("account-settings.list.json"), unseen: []string{"name"}},
	{record: schemas.CustomField{}, rows: list("custom-fields.list.json")},
	{record: schemas.CustomField{}, rows: inner(list("ticket-custom-field-values.list.json"), "field")},
	{record: schemas.CustomField{}, rows: inner(list("customer-custom-field-values.list.json"), "field")},
	{record: schemas.Customer{}, rows: list("customers.list.json")},
	{record: schemas.CustomerCustomFieldValue{}, rows: fieldValues(list("customers.list.json"), "customer"), unseen: []string{"prediction"}},
	{record: schemas.Event{}, rows: list("events.list.json")},
	{record: schemas.Integration{}, rows: list("integrations.list.json"), unseen: []string{"deleted_datetime"}},
	{record: schemas.Job{}, rows: list("jobs.list.json")},
	{record: schemas.Macro{}, rows: list("macros.list.json"), unseen: []string{"actions[].description"}},
	{record: schemas.Rule{}, rows: list("rules.list.json")},
	{record: schemas.SatisfactionSurvey{}, rows: list("satisfaction-surveys.list.json")},
	{record: schemas.MetricCard{}, rows: list("metric-cards.list.json")},
	{record: schemas.Statistic{}, rows: statistics(list("reporting-stats.post.json"))},
	{record: schemas.Tag{}, rows: list("tags.list.json")},
	{record: schemas.Tag{}, rows: list("ticket-tags.list.json")},
	{record: schemas.Team{}, rows: list("teams.list.json")},
	{record: schemas.Ticket{}, rows: flat(list("tickets.list.json"), "customer_id", "assignee_user_id", "assignee_team_id"), unseen: []string{"tags[].uri"}},
	{record: schemas.TicketTag{}, rows: ticketTags(list("tickets.list.json"))},
	{record: schemas.TicketCustomFieldValue{}, rows: fieldValues(list("tickets.list.json"), "ticket")},
	{record: schemas.TicketMessage{}, rows: flat(list("messages.list.json"), "sender_id", "receiver_id"), unseen: []string{
		"attachments[].extra", "source.extra", "source.bcc[].address", "source.bcc[].name", "source.cc[].address", "source.cc[].name", "replied_by", "replied_to",
		"auth_customer_identity.identifier", "auth_customer_identity.service",
	}},
	{record: schemas.TicketMessageAttachment{}, rows: attachments(list("messages.list.json")), unseen: []string{"extra"}},
	{record: schemas.User{}, rows: list("users.list.json")},
	{record: schemas.View{}, rows: list("views.list.json"), unseen: []string{
		"shared_with_users[].id", "shared_with_users[].meta", "shared_with_users[].name",
	}},
	{record: schemas.ViewItem{}, rows: with("view_id", json.Number("1177002"), flat(list("view-items.list.json"), "customer_id", "assignee_user_id", "assignee_team_id")), unseen: []string{
		"tags[].uri", "custom_fields", "active", "email", "name", "firstname", "lastname", "timezone", "data", "note", "channels",
	}},
	{record: schemas.VoiceCall{}, rows: list("voice-calls.list.json")},
	{record: schemas.VoiceCallEvent{}, rows: list("voice-call-events.list.json")},
	{record: schemas.VoiceCallRecording{}, rows: list("voice-call-recordings.list.json")},
	{record: schemas.Widget{}, rows: list("widgets.list.json")},
}

// TestSamples checks that every field of the API is declared, that every row is
// valid under every draft, and that no column is misspelled: each one is in some
// row, or known to be in none.
func TestSamples(t *testing.T) {
	sampled := map[string]bool{}
	for _, s := range samples {
		name := schemas.File(s.record)
		sampled[name] = true
		schema := decode[map[string]any](t, schemas.Of(s.record))
		compiled := compile(t, name, schemas.Of(s.record))
		seen := map[string]bool{}
		rows := s.rows(t)
		if len(rows) == 0 {
			t.Errorf("%s: no rows", name)
		}
		for _, row := range rows {
			for i, draft := range compiled {
				if err := draft.Validate(row); err != nil {
					t.Errorf("%s: %s: %v", name, drafts[i], err)
				}
			}
			for column, s := range schema["properties"].(map[string]any) {
				if len(s.(map[string]any)["type"].([]any)) == 1 && row[column] == nil {
					t.Errorf("%s: the key %s is missing", name, column)
				}
			}
			for _, path := range undeclared(schema, row, "", seen) {
				t.Errorf("%s does not declare %s", name, path)
			}
		}
		unseen := append(slices.Clone(s.unseen), "unrecognized_fields")
		slices.Sort(unseen)
		if got := slices.DeleteFunc(columns(schema, "", seen), func(path string) bool { return seen[path] }); !slices.Equal(got, unseen) {
			t.Errorf("%s: no row has %v, want %v", name, got, unseen)
		}
	}
	for name := range files(t) {
		if !sampled[name] {
			t.Errorf("%s has no sample", name)
		}
	}
}

// undeclared returns the paths of a value that its schema does not declare, and
// adds all others to seen.
func undeclared(schema map[string]any, value any, at string, seen map[string]bool) (paths []string) {
	seen[at] = true
	switch v := value.(type) {
	case map[string]any:
		declared, _ := schema["properties"].(map[string]any)
		if declared == nil {
			return nil
		}
		for k, v := range v {
			path := strings.TrimPrefix(at+"."+k, ".")
			if column, ok := declared[k].(map[string]any); ok {
				paths = append(paths, undeclared(column, v, path, seen)...)
			} else {
				paths = append(paths, path)
			}
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for _, v := range v {
			paths = append(paths, undeclared(items, v, at+"[]", seen)...)
		}
	}
	return paths
}

// columns returns the paths that a schema declares, in order, without those below
// a path that was not seen itself.
func columns(schema map[string]any, at string, seen map[string]bool) (paths []string) {
	if items, ok := schema["items"].(map[string]any); ok {
		return columns(items, at+"[]", seen)
	}
	declared, _ := schema["properties"].(map[string]any)
	for _, k := range slices.Sorted(maps.Keys(declared)) {
		path := strings.TrimPrefix(at+"."+k, ".")
		paths = append(paths, path)
		if seen[path] {
			paths = append(paths, columns(declared[k].(map[string]any), path, seen)...)
		}
	}
	slices.Sort(paths)
	return paths
}

// list reads the rows of a response: a list, or a single object.
func list(name string) func(*testing.T) []map[string]any {
	return func(t *testing.T) []map[string]any {
		t.Helper()
		data, err := os.ReadFile(filepath.Join("..", "integration_tests", "testdata", "samples", name))
		if err != nil {
			t.Fatal(err)
		}
		response := decode[map[string]any](t, data)
		data, err = json.Marshal(response["data"])
		if err != nil {
			t.Fatal(err)
		}
		if response["data"] == nil {
			return []map[string]any{response}
		}
		return decode[[]map[string]any](t, data)
	}
}

// each derives any number of rows from every row.
func each(rows func(*testing.T) []map[string]any, derive func(map[string]any) []map[string]any) func(*testing.T) []map[string]any {
	return func(t *testing.T) (all []map[string]any) {
		t.Helper()
		for _, row := range rows(t) {
			all = append(all, derive(row)...)
		}
		return all
	}
}

func with(key string, value any, rows func(*testing.T) []map[string]any) func(*testing.T) []map[string]any {
	return each(rows, func(row map[string]any) []map[string]any {
		row[key] = value
		return []map[string]any{row}
	})
}

// flat gives each row columns for the ids of objects.
func flat(rows func(*testing.T) []map[string]any, columns ...string) func(*testing.T) []map[string]any {
	return each(rows, func(row map[string]any) []map[string]any {
		for _, column := range columns {
			if object, ok := row[strings.TrimSuffix(column, "_id")].(map[string]any); ok {
				row[column] = object["id"]
			}
		}
		return []map[string]any{row}
	})
}

func inner(rows func(*testing.T) []map[string]any, key string) func(*testing.T) []map[string]any {
	return each(rows, func(row map[string]any) []map[string]any {
		return []map[string]any{row[key].(map[string]any)}
	})
}

func statistics(responses func(*testing.T) []map[string]any) func(*testing.T) []map[string]any {
	return each(responses, func(response map[string]any) (rows []map[string]any) {
		for _, counted := range response["response"].(map[string]any)["data"].([]any) {
			row := counted.(map[string]any)
			rows = append(rows, map[string]any{
				"report": "tickets-created by channel", "day": row["createdDatetime"].(string)[:len("2026-02-01")], "row": `{"channel":"` + row["channel"].(string) + `"}`,
				"dimensions": map[string]any{"channel": row["channel"]}, "measures": map[string]any{"ticketCount": row["ticketCount"]},
				"timezone": "UTC", "as_of_datetime": "2026-03-01T00:00:00.000000Z",
			})
		}
		return rows
	})
}

func ticketTags(tickets func(*testing.T) []map[string]any) func(*testing.T) []map[string]any {
	return each(tickets, func(ticket map[string]any) (rows []map[string]any) {
		for _, tag := range ticket["tags"].([]any) {
			row := tag.(map[string]any)
			row["ticket_id"], row["ticket_updated_datetime"] = ticket["id"], ticket["updated_datetime"]
			rows = append(rows, row)
		}
		return rows
	})
}

// fieldValues spells values as strings, as the connector does.
func fieldValues(parents func(*testing.T) []map[string]any, parent string) func(*testing.T) []map[string]any {
	return each(parents, func(object map[string]any) (rows []map[string]any) {
		for _, value := range object["custom_fields"].(map[string]any) {
			row := value.(map[string]any)
			switch v := row["value"].(type) {
			case json.Number:
				row["value"] = v.String()
			case bool:
				row["value"] = strconv.FormatBool(v)
			}
			row[parent+"_id"], row[parent+"_updated_datetime"] = object["id"], object["updated_datetime"]
			rows = append(rows, row)
		}
		return rows
	})
}

func attachments(messages func(*testing.T) []map[string]any) func(*testing.T) []map[string]any {
	return each(messages, func(message map[string]any) (rows []map[string]any) {
		files, _ := message["attachments"].([]any)
		for i, file := range files {
			row := file.(map[string]any)
			row["message_id"], row["position"] = message["id"], json.Number(strconv.Itoa(i))
			row["ticket_id"], row["message_created_datetime"] = message["ticket_id"], message["created_datetime"]
			rows = append(rows, row)
		}
		return rows
	})
}
