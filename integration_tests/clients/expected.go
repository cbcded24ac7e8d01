//go:build clients

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"source-gorgias/schemas"
)

// The truth is what the sandbox would list now, with the rules for records
// applied to it in the plainest way. It shares no code with the program: not
// the shape, not the table of streams, not what it cuts from other records.

// A source says where the records of a stream come from.
type source struct {
	stream      string
	record      any // of the Go type its schema is generated from
	key         []string
	path        string                                 // of the list, or of the parent's
	cut         func(parent record) []record           // records that stand in others
	below       func(parent record) (path string)      // lists below the records of path
	adopt       func(parent record, r record)          // what they take from them
	single      func(answer record) (records []record) // path answers with an object
	mask        func(r record)                         // what hides the secrets of its records
	deletable   bool                                   // deletions of its records get tombstones
	someDeleted bool                                   // those of recent records do
	deletedWith string                                 // the list with which they are deleted, by ticket_id
	whole       bool                                   // read in full by every sync
}

// A record is a row: its fields, numbers as they are spelled.
type record = map[string]any

func sources() []source {
	cutValues := func(id, updated string) func(record) []record {
		return func(parent record) (values []record) {
			fields, _ := parent["custom_fields"].(record)
			for _, v := range fields {
				if v, ok := v.(record); ok {
					values = append(values, withParentColumns(v, record{id: parent["id"], updated: parent["updated_datetime"]}))
				}
			}
			return values
		}
	}
	id := []string{"id"}
	return []source{
		{stream: "account", record: schemas.Account{}, key: []string{"domain"}, path: "account", whole: true,
			single: func(answer record) []record { return []record{answer} }},
		{stream: "account_settings", record: schemas.AccountSetting{}, key: id, path: "account/settings", whole: true, single: func(answer record) (all []record) {
			for _, v := range answer["data"].([]any) {
				all = append(all, v.(record))
			}
			return all
		}},
		{stream: "metric_cards", record: schemas.MetricCard{}, key: []string{"slug"}, path: "metric-cards?include=deprecated", whole: true, single: func(answer record) (all []record) {
			for _, v := range answer["data"].([]any) {
				all = append(all, v.(record))
			}
			return all
		}},
		{stream: "customers", record: schemas.Customer{}, key: id, path: "customers", deletable: true},
		{stream: "customer_custom_field_values", record: schemas.CustomerCustomFieldValue{}, key: []string{"customer_id", "id"},
			path: "customers", cut: cutValues("customer_id", "customer_updated_datetime"), someDeleted: true},
		{stream: "custom_fields", record: schemas.CustomField{}, key: id, path: "custom-fields", whole: true},
		{stream: "events", record: schemas.Event{}, key: id, path: "events"},
		{stream: "integrations", record: schemas.Integration{}, key: id, path: "integrations", whole: true, mask: func(integration record) {
			request, _ := integration["http"].(record)
			headers, _ := request["headers"].(record)
			for name := range headers {
				headers[name] = "****"
			}
		}},
		{stream: "jobs", record: schemas.Job{}, key: id, path: "jobs"},
		{stream: "macros", record: schemas.Macro{}, key: id, path: "macros", whole: true},
		{stream: "rules", record: schemas.Rule{}, key: id, path: "rules", whole: true},
		{stream: "satisfaction_surveys", record: schemas.SatisfactionSurvey{}, key: id, path: "satisfaction-surveys", deletable: true, deletedWith: "tickets"},
		{stream: "tags", record: schemas.Tag{}, key: id, path: "tags", whole: true},
		{stream: "teams", record: schemas.Team{}, key: id, path: "teams", whole: true},
		{stream: "ticket_messages", record: schemas.TicketMessage{}, key: id, path: "messages", deletable: true, deletedWith: "tickets"},
		{stream: "ticket_message_attachments", record: schemas.TicketMessageAttachment{}, key: []string{"message_id", "position"}, path: "messages",
			cut: func(message record) (files []record) {
				all, _ := message["attachments"].([]any)
				for i, f := range all {
					if f, ok := f.(record); ok {
						files = append(files, withParentColumns(f, record{
							"message_id": message["id"], "ticket_id": message["ticket_id"],
							"message_created_datetime": message["created_datetime"], "position": json.Number(fmt.Sprint(i)),
						}))
					}
				}
				return files
			}},
		{stream: "tickets", record: schemas.Ticket{}, key: id, path: "tickets", deletable: true},
		{stream: "ticket_tags", record: schemas.TicketTag{}, key: []string{"ticket_id", "id"}, path: "tickets", deletable: true, deletedWith: "tickets",
			cut: func(ticket record) (tags []record) {
				all, _ := ticket["tags"].([]any)
				for _, t := range all {
					if t, ok := t.(record); ok {
						tags = append(tags, withParentColumns(t, record{"ticket_id": ticket["id"], "ticket_updated_datetime": ticket["updated_datetime"]}))
					}
				}
				return tags
			}},
		{stream: "ticket_custom_field_values", record: schemas.TicketCustomFieldValue{}, key: []string{"ticket_id", "id"},
			path: "tickets", cut: cutValues("ticket_id", "ticket_updated_datetime"), someDeleted: true},
		{stream: "users", record: schemas.User{}, key: id, path: "users", whole: true},
		{stream: "views", record: schemas.View{}, key: id, path: "views", whole: true},
		{stream: "view_items", record: schemas.ViewItem{}, key: []string{"view_id", "id"}, path: "views", whole: true,
			below: func(view record) string { return fmt.Sprintf("views/%s/items", view["id"]) },
			adopt: func(view, item record) { item["view_id"] = view["id"] }},
		{stream: "voice_calls", record: schemas.VoiceCall{}, key: id, path: "phone/voice-calls"},
		{stream: "voice_call_events", record: schemas.VoiceCallEvent{}, key: id, path: "phone/voice-call-events"},
		{stream: "voice_call_recordings", record: schemas.VoiceCallRecording{}, key: id, path: "phone/voice-call-recordings"},
		{stream: "widgets", record: schemas.Widget{}, key: id, path: "widgets", whole: true},
	}
}

// adopted returns a part with what it takes from its parent; that wins.
func withParentColumns(part, parent record) record {
	r := maps.Clone(part)
	maps.Copy(r, parent)
	return r
}

// A truth is what a warehouse should hold of each stream.
type expected map[string]*expectedStream

// An expectedStream is one stream of the expected data.
type expectedStream struct {
	source
	columns map[string]*property
	rows    map[string]record // by key
}

// truth reads the whole account.
func (a *account) expected() (expected, error) {
	all := expected{}
	for _, s := range sources() {
		columns, err := columnsOf(s.record)
		if err != nil {
			return nil, err
		}
		t := &expectedStream{source: s, columns: columns, rows: map[string]record{}}
		raw, err := a.records(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.stream, err)
		}
		for _, r := range raw {
			if s.mask != nil {
				s.mask(r)
			}
			row := conformed(columns, r)
			t.rows[keyOf(s.key, row)] = row
		}
		all[s.stream] = t
	}
	return all, nil
}

// records returns the records of a stream as the account holds them.
func (a *account) records(s source) (all []record, err error) {
	if s.single != nil {
		answer, err := a.get(s.path)
		if err != nil {
			return nil, err
		}
		return s.single(answer), nil
	}
	list, err := a.list(s.path)
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		switch {
		case s.cut != nil:
			all = append(all, s.cut(r)...)
		case s.below != nil:
			items, err := a.list(s.below(r))
			if err != nil {
				return nil, err
			}
			for _, item := range items {
				s.adopt(r, item)
				all = append(all, item)
			}
		default:
			all = append(all, r)
		}
	}
	return all, nil
}

func keyOf(key []string, r record) string {
	parts := make([]string, len(key))
	for i, k := range key {
		parts[i] = canonical(r[k])
	}
	return strings.Join(parts, "/")
}

// A property is a place of a schema.
type property struct {
	Types      oneOrMore `json:"type"`
	Format     string
	Minimum    *json.Number
	Properties map[string]*property
	Items      *property
}

type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		*o = make(oneOrMore, 1)
		return json.Unmarshal(raw, &(*o)[0])
	}
	return json.Unmarshal(raw, (*[]string)(o))
}

// jsonType is the property's type, beside null; "timestamp" for timestamps.
func (p *property) jsonType() string {
	if p.isTimestamp() {
		return "timestamp"
	}
	for _, t := range p.Types {
		if t != "null" {
			return t
		}
	}
	return ""
}

func (p *property) isTimestamp() bool { return p.Format == "date-time" }

func columnsOf(record any) (map[string]*property, error) {
	var p property
	err := json.Unmarshal(schemas.Of(record), &p)
	return p.Properties, err
}

// readRow reads a JSON object. Halves of surrogate pairs become U+FFFD, as the
// rules ask.
func readRow(raw []byte) (r record, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&r)
	return r, err
}

// conformed applies the rules to a record: every declared column is there, and
// undeclared fields are kept together in unrecognized_fields, with the values that
// fit no type.
func conformed(columns map[string]*property, r record) record {
	row, rest := record{}, record{}
	for name := range columns {
		row[name] = nil
	}
	for name, v := range r {
		if p := columns[name]; p != nil && name != "unrecognized_fields" {
			row[name] = expectedValue(p, v)
		} else {
			rest[withoutNUL(name)] = expectedValue(nil, v)
		}
	}
	for name, v := range r {
		if p := columns[name]; p != nil && name != "unrecognized_fields" {
			keepMisfits(p, v, name, rest)
		}
	}
	for name := range columns { // the id of an object, in a column of its own
		if object, ok := row[strings.TrimSuffix(name, "_id")].(record); ok && strings.HasSuffix(name, "_id") && row[name] == nil {
			row[name] = object["id"]
		}
	}
	if len(rest) > 0 {
		row["unrecognized_fields"] = rest
	}
	return row
}

// keepMisfits adds the values within v that fit no type of their schema, under
// their paths.
func keepMisfits(p *property, v any, path string, rest record) {
	if p == nil || v == nil {
		return
	}
	if expectedValue(p, v) == nil {
		for rest[path] != nil {
			path += "_"
		}
		rest[path] = expectedValue(nil, v)
		return
	}
	switch v := v.(type) {
	case record:
		for name, inner := range v {
			keepMisfits(p.Properties[name], inner, path+"."+name, rest)
		}
	case []any:
		for i, inner := range v {
			keepMisfits(p.Items, inner, fmt.Sprintf("%s[%d]", path, i), rest)
		}
	}
}

// plain is a text without what destinations break on.
func withoutNUL(text string) string { return strings.ReplaceAll(text, "\x00", "") }

// fit is a value as its schema allows it: as it is, as what it certainly
// stands for, or null. Without a schema anything goes.
func expectedValue(p *property, v any) any {
	allows := func(t string) bool { return p == nil || len(p.Types) == 0 || slices.Contains(p.Types, t) }
	switch v := v.(type) {
	case nil:
		return nil
	case record:
		if !allows("object") {
			return nil
		}
		out := record{}
		for name, inner := range v {
			var below *property
			if p != nil {
				below = p.Properties[name]
			}
			out[withoutNUL(name)] = expectedValue(below, inner)
		}
		return out
	case []any:
		if !allows("array") {
			return nil
		}
		out := make([]any, len(v))
		for i := range v {
			if p != nil {
				out[i] = expectedValue(p.Items, v[i])
			} else {
				out[i] = expectedValue(nil, v[i])
			}
		}
		return out
	case bool:
		if allows("boolean") {
			return v
		}
		return p.convert(fmt.Sprint(v))
	case json.Number:
		if allows("number") || allows("integer") && !strings.ContainsAny(v.String(), ".eE") && inRange(p, v.String()) {
			return v
		}
		return p.convert(v.String())
	case string:
		text := withoutNUL(v)
		switch {
		case p != nil && p.isTimestamp():
			at, ok := canonicalTimestamp(text)
			if !ok {
				return nil
			}
			return at
		case allows("string"):
			return text
		}
		return p.convert(text)
	}
	return nil
}

// convert returns what a scalar certainly stands for.
func (p *property) convert(spelling string) any {
	for _, t := range p.Types {
		switch t {
		case "string":
			if !p.isTimestamp() {
				return spelling
			}
		case "boolean":
			if spelling == "true" || spelling == "false" {
				return spelling == "true"
			}
		case "integer", "number":
			var n json.Number
			if d := json.NewDecoder(strings.NewReader(spelling)); strings.Trim(spelling, "0123456789+-.eE") != "" || d.Decode(&n) != nil || d.More() {
				continue
			}
			exact, ok := new(big.Rat).SetString(spelling)
			if t == "number" && ok {
				return n
			}
			if ok && exact.IsInt() && inRange(p, exact.Num().String()) {
				return json.Number(exact.Num().String())
			}
		}
	}
	return nil
}

// bounded reports whether an integer is one of 64 bits, if it has to be.
func inRange(p *property, spelling string) bool {
	if p == nil || p.Minimum == nil {
		return true
	}
	n, ok := new(big.Int).SetString(spelling, 10)
	return ok && n.IsInt64()
}

// written is the form in which timestamps are written.
const written = "2006-01-02T15:04:05.000000Z"

// canonicalTimestamp reads a timestamp and writes it as the rules ask: in UTC, finer
// fractions cut off.
func canonicalTimestamp(text string) (string, bool) {
	for _, layout := range []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05",
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05", "2006-01-02",
	} {
		if t, err := time.Parse(layout, text); err == nil { // a fraction is read though no layout names it
			return t.UTC().Truncate(time.Microsecond).Format(written), true
		}
	}
	return "", false
}

// canonical spells a value so that equal values are spelled alike: 1.0 and 1
// are one number, and the order of members means nothing.
func canonical(v any) string {
	switch v := v.(type) {
	case json.Number:
		exact, ok := new(big.Rat).SetString(v.String())
		if !ok {
			return v.String()
		}
		return exact.RatString()
	case record:
		names := slices.Sorted(maps.Keys(v))
		for i, name := range names {
			names[i] = quoted(name) + ":" + canonical(v[name])
		}
		return "{" + strings.Join(names, ",") + "}"
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = canonical(v[i])
		}
		return "[" + strings.Join(parts, ",") + "]"
	case string:
		return quoted(v)
	}
	return fmt.Sprint(v) // nil, true, false
}
