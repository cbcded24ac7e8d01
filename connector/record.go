package connector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-gorgias/connector/conform"
)

// field returns the value of a top-level field as it stands; nil if absent.
func field(raw []byte, name string) []byte {
	value, _ := conform.Field(raw, name)
	return value
}

func isNull(value []byte) bool { return len(value) == 0 || value[0] == 'n' }

// cursorOf reads a record's cursor; zero if it has none that can be read.
func cursorOf(raw []byte, name string) time.Time {
	value := field(raw, name)
	if len(value) < 2 || value[0] != '"' {
		return time.Time{}
	}
	t, _ := conform.ParseTimestamp(string(value[1 : len(value)-1]))
	return t
}

// splice puts further members in front of those of an object.
func splice(object, members []byte) json.RawMessage {
	body := bytes.TrimLeft(object[1:], " \t\r\n")
	out := make([]byte, 0, len(object)+len(members)+2)
	out = append(append(out, '{'), members...)
	if body[0] != '}' {
		out = append(out, ',')
	}
	return append(out, body...)
}

// ticketTags cuts the tags of a ticket.
func ticketTags(ticket json.RawMessage) []json.RawMessage {
	members := copied(ticket, "ticket_id", "id", "ticket_updated_datetime", "updated_datetime")
	return parts(ticket, "tags", func(_ int, tag []byte) json.RawMessage { return splice(tag, members) })
}

// fieldValues cuts the custom field values of a ticket or a customer.
func fieldValues(id, updated string) func(json.RawMessage) []json.RawMessage {
	return func(parent json.RawMessage) []json.RawMessage {
		members := copied(parent, id, "id", updated, "updated_datetime")
		return parts(parent, "custom_fields", func(_ int, value []byte) json.RawMessage { return splice(value, members) })
	}
}

// attachments cuts the attachments of a message. They have no id; their place
// in the message's list stands for it.
func attachments(message json.RawMessage) []json.RawMessage {
	members := copied(message, "message_id", "id", "ticket_id", "ticket_id", "message_created_datetime", "created_datetime")
	return parts(message, "attachments", func(i int, file []byte) json.RawMessage {
		return splice(file, fmt.Appendf(members[:len(members):len(members)], `,"position":%d`, i))
	})
}

// copied writes the members named to with the values of those named from;
// names come in pairs.
func copied(raw []byte, names ...string) []byte {
	var members []byte
	for i := 0; i < len(names); i += 2 {
		value := field(raw, names[i+1])
		if value == nil {
			value = []byte("null")
		}
		if i > 0 {
			members = append(members, ',')
		}
		members = fmt.Appendf(members, "%q:%s", names[i], value)
	}
	return members
}

// parts cuts what a record holds under name: the objects of a list, or those
// that are the values of an object. There are none in anything else; the
// record's own shape reports a value that does not fit.
func parts(raw []byte, name string, cut func(i int, part []byte) json.RawMessage) []json.RawMessage {
	value := field(raw, name)
	if len(value) == 0 || value[0] != '[' && value[0] != '{' {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	open, err := d.ReadToken()
	if err != nil {
		return nil
	}
	var out []json.RawMessage
	for i := 0; ; i++ {
		if open.Kind() == '{' && d.PeekKind() != '}' {
			err = d.SkipValue() // the name
		}
		if k := d.PeekKind(); err != nil || k == '}' || k == ']' || k == jsontext.KindInvalid {
			return out
		}
		part, err := d.ReadValue()
		if err != nil {
			return out
		}
		if part.Kind() == '{' {
			out = append(out, cut(i, part))
		}
	}
}
