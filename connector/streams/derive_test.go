package streams

import (
	"fmt"
	"strings"
	"testing"

	"source-gorgias/connector/stream"
)

// rowsOf derives the records of a stream and returns their keys, without those
// that have none.
func rowsOf(s *stream.Stream, parent string) string {
	var keys []string
	for _, raw := range s.DeriveFrom(s.Parent.NewRecord([]byte(parent))) {
		if s.HasKey(raw) {
			keys = append(keys, fmt.Sprintf("%d/%d", stream.Integer(stream.Field(raw, s.Key[0])), stream.Integer(stream.Field(raw, s.Key[1]))))
		} else {
			keys = append(keys, "none")
		}
	}
	return strings.Join(keys, " ")
}

// The key of a derived record is the parent's id, and the element's own id or the
// name or position that identifies it, whatever fields the element has.
func TestKeysOfDerivedStreams(t *testing.T) {
	for _, c := range []struct{ stream, field, want string }{
		{"ticket_custom_field_values", `{"77":{"value":"a"},"78":{"id":null},"79":{"id":"x"},"80":{"id":1.5},"81":{"id":18446744073709551616}}`, "9/77 9/78 9/79 9/80 9/81"},
		{"ticket_custom_field_values", `{"77":{"id":5,"value":"a"},"78":{"id":"6"},"x":{"id":7}}`, "9/5 9/6 9/7"},
		{"ticket_custom_field_values", `{"x":{"value":"a"},"":{},"1.5":{},"18446744073709551616":{"id":null}}`, "none none none none"},
		{"ticket_custom_field_values", `{"77":{"value":"a"},"77":{"value":"b"},"\u00377":{"value":"c"}}`, "9/77"},
		{"ticket_custom_field_values", `{"77":null,"78":"text","79":{}}`, "none 9/79"},
		{"ticket_custom_field_values", `[{"id":5},{"value":"a"},null]`, "9/5 none"},
		{"ticket_custom_field_values", `{"77":{"ticket_id":1,"value":"a"}}`, "9/77"},
		{"ticket_custom_field_values", `"77"`, ""},
		{"customer_custom_field_values", `{"81":{"value":"a"},"82":{"customer_id":null,"id":3}}`, "9/81 9/3"},
		{"ticket_tags", `[{"id":null},{"name":"x"},{"id":5},{"id":"6"},{"id":5.5},7]`, "none none 9/5 9/6 none none"},
		{"ticket_tags", `{"1":{"name":"x"}}`, "none"},
		{"ticket_tags", `[{"id":5,"ticket_id":1}]`, "9/5"},
		{"ticket_message_attachments", `[{"url":"a"},null,{"url":"b","position":0,"message_id":7}]`, "9/0 9/2"},
	} {
		s := Lookup(c.stream)
		field := map[string]string{"ticket_tags": "tags", "ticket_message_attachments": "attachments"}[c.stream]
		if field == "" {
			field = "custom_fields"
		}
		parent := `{"id":1,"id":9,"` + field + `":` + c.field + `}`
		if got := rowsOf(s, parent); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.stream, c.field, got, c.want)
		}
	}
}
