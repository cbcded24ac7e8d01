package sandbox

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// expectedMembers has the members of the rows of each resource, in the order of
// the API. A ? after a name says that the member is null in some rows, but not
// in all; a ~ says that it is missing in some rows.
var expectedMembers = map[string]string{
	"tickets": `id uri external_id? language? status priority channel via from_agent? customer assignee_user? assignee_team? subject? summary?
		excerpt integrations meta? tags messages_count is_unread spam created_datetime opened_datetime? last_received_message_datetime?
		last_message_datetime last_sent_message_not_delivered updated_datetime closed_datetime? snooze_datetime? trashed_datetime? custom_fields`,
	"messages": `id uri message_id? ticket_id external_id? public channel via source? sender auth_customer_identity? integration_id? intents rule_id?
		from_agent receiver? subject? body_text? body_html? stripped_text? stripped_html? stripped_signature? headers? attachments? actions? macros meta?
		created_datetime processed_datetime? sent_datetime? failed_datetime? deleted_datetime? opened_datetime? last_sending_error? is_retriable imported?
		replied_to~ replied_by~`,
	"customers":            `id external_id? active email? name? firstname lastname language? timezone? created_datetime updated_datetime meta? data? note? custom_fields`,
	"events":               `id context created_datetime data? object_id object_type type user_id? uri`,
	"satisfaction-surveys": `id body_text? created_datetime customer_id meta? score? scored_datetime? sent_datetime? should_send_datetime? ticket_id uri`,
	"users": `id active bio? created_datetime country? deactivated_datetime? email external_id? firstname lastname name has_password has_2fa_enabled
		language? meta role timezone? updated_datetime client_id? uri`,
	"teams":  `id uri name description? decoration members created_datetime`,
	"tags":   `id decoration? description? name usage uri created_datetime deleted_datetime`,
	"macros": `id external_id? name intent? language? usage actions created_datetime updated_datetime? archived_datetime? uri`,
	"rules":  `id code code_ast created_datetime deactivated_datetime? description? event_types settings? name priority type updated_datetime uri`,
	"views": `id category created_datetime deactivated_datetime decoration? fields filters filters_ast name order_by order_dir search shared_with_teams
		shared_with_users section_id? slug type uri visibility`,
	"custom-fields": `id external_id? object_type label description? priority required requirement_type~ managed_type? definition created_datetime
		updated_datetime? deactivated_datetime?`,
	"integrations": `id created_datetime deactivated_datetime? decoration? description? http? locked_datetime meta? name type updated_datetime user uri
		application_id? managed business_hours_id? deleted_datetime~`,
	"jobs": `id cancel_requested_datetime? cancelled_datetime? created_datetime ended_datetime? failed_datetime? info locked_datetime? meta? params
		scheduled_datetime? started_datetime? status type user_id uri`,
	"widgets": `id app_id? context created_datetime deactivated_datetime? integration_id? order template type updated_datetime uri`,
	"phone/voice-calls": `id integration_id? ticket_id? phone_number_id external_id? provider? status direction phone_number_source? country_source
		phone_number_destination country_destination? duration? started_datetime created_datetime updated_datetime? initiated_by_agent_id?
		last_answered_by_agent_id? customer_id has_voicemail? has_call_recording? answered_by_external_customer_id~ answered_by_external_number~
		last_monitoring_agent_id~ last_rang_agent_id~ monitoring_status~ queue_id~ status_in_queue~ termination_status~ summaries~`,
	"phone/voice-call-events": `id account_id call_id customer_id? user_id? type created_datetime meta?`,
	"phone/voice-call-recordings": `id call_id external_id url? duration? type created_datetime deleted_datetime? deleted_by_user_id? error_code?
		transcription_status~`,
}

// memberNames returns the names of an object's members in order, and their
// values.
func memberNames(t *testing.T, object []byte) ([]string, map[string]json.RawMessage) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(object))
	var found []string
	values := map[string]json.RawMessage{}
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatalf("%v in %s", err, object)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatalf("%v in %s", err, object)
		}
		found = append(found, name.(string))
		if _, twice := values[name.(string)]; twice {
			t.Fatalf("%s twice in %s", name, object)
		}
		values[name.(string)] = value
	}
	return found, values
}

func TestListRowsHaveDocumentedMembers(t *testing.T) {
	// large enough to have every null and every missing member
	s := &Server{Size: Size{Widgets: 40, Integrations: 60, CustomFields: 60, Teams: 12, Rules: 60, Views: 40}}
	for _, path := range resources {
		specs := strings.Fields(expectedMembers[path])
		nulls, values, missing := map[string]int{}, map[string]int{}, map[string]int{}
		n := 0
		for row := range s.Each(path) {
			n++
			found, value := memberNames(t, row)
			var want []string
			for _, spec := range specs {
				name := strings.TrimRight(spec, "?~")
				if raw, there := value[name]; !there {
					missing[name]++
					if !strings.HasSuffix(spec, "~") {
						want = append(want, name)
					}
				} else if want = append(want, name); string(raw) == "null" {
					nulls[name]++
				} else {
					values[name]++
				}
			}
			if !slices.Equal(found, want) {
				t.Fatalf("%s: members %v, want %v", path, found, want)
			}
		}
		for _, spec := range specs {
			switch name := strings.TrimRight(spec, "?~"); {
			case strings.HasSuffix(spec, "?") && (nulls[name] == 0 || values[name] == 0):
				t.Errorf("%s: %s is null in %d of %d rows", path, name, nulls[name], n)
			case strings.HasSuffix(spec, "~") && (missing[name] == 0 || missing[name] == n):
				t.Errorf("%s: %s is missing in %d of %d rows", path, name, missing[name], n)
			}
		}
	}
}

func TestSingleRecordsHaveDocumentedMembers(t *testing.T) {
	s, a := withAccount(unlimited(&Server{}))
	person := "id email name firstname lastname meta"
	full := person + " channels data customer integrations external_id note external_data ecommerce_data"
	ticket := `id uri external_id language status priority channel via from_agent customer assignee_user assignee_team subject summary meta tags is_unread spam
		created_datetime opened_datetime last_received_message_datetime last_message_datetime updated_datetime closed_datetime snooze_datetime trashed_datetime
		events imported assignee_user_id assignee_team_id messages processed_datetime satisfaction_survey reply_options requester`
	message := strings.NewReplacer("headers", "", "macros", "", "deleted_datetime", "", "?", "").Replace(expectedMembers["messages"][:strings.Index(expectedMembers["messages"], "replied_to")])
	surveyed := 0
	for i := range 120 {
		id := a.tickets.base.id(i)
		found, value := memberNames(t, get(s, "/api/tickets/"+number(id)).Body.Bytes())
		if want := strings.Fields(ticket); !slices.Equal(found, want) {
			t.Fatalf("ticket: %v, want %v", found, want)
		}
		found, _ = memberNames(t, get(s, "/api/tickets/"+number(id)+"?relationships=custom_fields").Body.Bytes())
		if want := strings.Fields(strings.Replace(ticket, "trashed_datetime", "trashed_datetime custom_fields", 1)); !slices.Equal(found, want) {
			t.Fatalf("ticket with its fields: %v, want %v", found, want)
		}
		for name, want := range map[string]string{"customer": full, "requester": full, "assignee_user": person + " bio", "satisfaction_survey": strings.ReplaceAll(expectedMembers["satisfaction-surveys"], "?", "")} {
			if string(value[name]) == "null" {
				continue
			}
			if name == "satisfaction_survey" {
				surveyed++
			}
			if found, _ := memberNames(t, value[name]); !slices.Equal(found, strings.Fields(want)) {
				t.Errorf("ticket.%s: %v, want %v", name, found, want)
			}
		}
		var thread []json.RawMessage
		if err := json.Unmarshal(value["messages"], &thread); err != nil || len(thread) != len(a.threadMessages(id)) {
			t.Fatalf("ticket %d: %d messages, %v", id, len(thread), err)
		}
		for _, m := range thread {
			found, value := memberNames(t, m)
			found = slices.DeleteFunc(found, func(name string) bool { return strings.HasPrefix(name, "replied_") })
			if want := strings.Fields(message); !slices.Equal(found, want) || string(value["sent_datetime"]) != "null" {
				t.Fatalf("message of a ticket: %v, want %v", found, want)
			}
		}
	}
	if surveyed == 0 {
		t.Error("no ticket has its survey")
	}
	customer := strings.Replace(strings.ReplaceAll(expectedMembers["customers"], "?", ""), "custom_fields", "channels customer integrations external_data ecommerce_data", 1)
	item := strings.NewReplacer("?", "", "summary?", "", " custom_fields", "").Replace(expectedMembers["tickets"])
	for path, want := range map[string]string{
		"customers/" + number(firstCustomer):                                  customer,
		"customers/" + number(firstCustomer) + "?relationships=custom_fields": strings.Replace(customer, "channels", "custom_fields channels", 1),
		"account": "created_datetime current_subscription deactivated_datetime domain meta settings status",
	} {
		if found, _ := memberNames(t, get(s, "/api/"+path).Body.Bytes()); !slices.Equal(found, strings.Fields(want)) {
			t.Errorf("%s: %v, want %v", path, found, want)
		}
	}
	for _, row := range allRows(s, "views/"+number(firstView+3)+"/items") {
		if found, _ := memberNames(t, row); !slices.Equal(found, strings.Fields(item)) {
			t.Fatalf("item: %v, want %v", found, item)
		}
	}
	for _, row := range allRows(s, "views/"+number(firstView+1)+"/items") {
		if _, value := memberNames(t, row); value["channels"] == nil || value["integrations"] != nil {
			t.Fatalf("item: %s", row)
		}
	}
	seen := 0
	for i := range 60 {
		var l struct{ Data []json.RawMessage }
		path := "/api/tickets/" + number(a.tickets.base.id(i))
		if err := json.Unmarshal(get(s, path+"/custom-fields").Body.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		for _, row := range l.Data {
			seen++
			if found, _ := memberNames(t, row); !slices.Equal(found, []string{"field", "prediction", "value"}) {
				t.Fatalf("value of a field: %v", found)
			}
		}
		if err := json.Unmarshal(get(s, path+"/tags").Body.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		for _, row := range l.Data {
			if found, _ := memberNames(t, row); !slices.Equal(found, strings.Fields(strings.ReplaceAll(expectedMembers["tags"], "?", ""))) {
				t.Fatalf("tag of a ticket: %v", found)
			}
		}
	}
	if seen == 0 {
		t.Error("no values")
	}
}

// The default account has the unusual data that real accounts have.
func TestDefaultAccountHasUnusualData(t *testing.T) {
	r := randomSource(t)
	s, a := withAccount(&Server{Seed: r.Uint64()})
	text := map[string]string{}
	for _, path := range resources {
		text[path] = string(bytes.Join(allRows(s, path), []byte("\n")))
	}
	has := func(path string, patterns ...string) {
		t.Helper()
		for _, p := range patterns {
			if !regexp.MustCompile(p).MatchString(text[path]) {
				t.Errorf("%s: no %s", path, p)
			}
		}
	}
	has("messages", `\\u0000`, `\\ud83d[" ]`, "\u2028", "\u0085", `\\n`, `\\"`, `\\\\`, "🙏", `"name":""`)
	has("tickets", `\\u0000`, `"subject":""`, `"meta":\{"legacy_id":9007\d{12}`, `:1\.0[,}]`, `:1e3[,}]`, `"meta":"vip"`, `"meta":7,`, `"meta":false`, `"meta":\[`,
		`"spam":true`, `"trashed_datetime":"`, `"snooze_datetime":"`, `"custom_fields":\{\}`, `"value":true`, `"value":"`, `"prediction":\{`, `"tags":\[\]`)
	has("customers", `"name":""|"lastname":""`, `"value":"sil\\u0000ver"|"value":"gold"`)
	has("jobs", `"progress_count":"12"`)
	has("macros", `"archived_datetime":"`)
	has("views", `"type":"customer-list"`)
	has("custom-fields", `"object_type":"Ticket"`, `"object_type":"Customer"`, `"deactivated_datetime":"`)
	has("users", `"active":false`, `"uri":"https://sandbox\.gorgias\.com/api/users/`)
	has("events", `"type":"ticket-deleted"`, `"type":"ticket-merged"`, `"type":"customer-merged"`, `"object_type":"CustomField"`)
	has("satisfaction-surveys", `"sent_datetime":null,"should_send_datetime":"`)
	for path, body := range text {
		for _, at := range regexp.MustCompile(`"\w+_datetime":"([^"]*)"`).FindAllStringSubmatch(body, -1) {
			if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00$`).MatchString(at[1]) || strings.Contains(at[1], ".000000") {
				t.Fatalf("%s: %s", path, at[0])
			}
		}
		has(path, `_datetime":"[^".]*\.\d{6}\+00:00"`)
		if !slices.Contains([]string{"teams", "widgets", "integrations", "views", "custom-fields"}, path) { // too few rows
			has(path, `_datetime":"[^".]*\+00:00"`)
		}
	}
	now := timestampOf(time.Now())
	m := newModel(a)
	late := func(n int64) bool { return timestamp(n) > now+day }
	if len(idsWhere(m.tickets, func(t ticket) bool { return late(int64(t.created)) })) == 0 || len(idsWhere(m.messages, func(m message) bool { return late(int64(m.created)) })) == 0 {
		t.Error("nothing is dated in the future")
	}
	if len(idsWhere(m.tickets, func(t ticket) bool { return t.created < now-2*365*day })) == 0 || len(idsWhere(m.tickets, func(t ticket) bool { return t.closed != 0 && t.closed < t.created })) == 0 {
		t.Error("nothing is dated far back, or closed before it was created")
	}
	if len(idsWhere(m.records["satisfaction-surveys"], func(r record) bool { return late(r.sortKey("should_send_datetime").n) })) == 0 {
		t.Error("no survey is to be sent")
	}
	// equal timestamps on both sides of a page boundary
	for _, order := range []string{"created_datetime", "updated_datetime"} {
		ids := sortedIDs(m.tickets, order, true)
		boundaries, longest, run := 0, 0, 0
		for i := 1; i < len(ids); i++ {
			x, y := m.tickets[ids[i-1]], m.tickets[ids[i]]
			if run++; x.sortKey(order).n != y.sortKey(order).n {
				run = 0
			} else if i%100 == 0 {
				boundaries++
			}
			longest = max(longest, run+1)
		}
		if boundaries == 0 || longest <= 100 {
			t.Errorf("%s: %d page boundaries between equal timestamps, of which up to %d are equal", order, boundaries, longest)
		}
	}
}

func TestTextsAreJSON(t *testing.T) {
	for _, texts := range [][]string{firstNames, lastNames, products, subjects, sentences, oddities, teamNames, tagNames} {
		for _, s := range texts {
			if !json.Valid([]byte(`"` + s + `"`)) {
				t.Errorf("%q is not a JSON text", s)
			}
		}
	}
}
