package probe

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// A view is what the judges see of the responses.
type view struct {
	now     time.Time // of the server
	headers headers

	accountCreated time.Time
	account        outcome
	events         eventView
	lists          []list
	byCreation     []listOrder
	filters        map[filter]*filtered

	tickets map[int64]ticket // whatever list showed them
	merges  []merge
	tags    []tagMerge
	stamps  []stamp
	deleted deletions
	surveys surveys
	token   token
	values  valueView
	limits  limitView
}

// An outcome is what came of a request.
type outcome int

const (
	unasked    outcome = iota
	ok                 // a page
	rejected           // 400
	forbidden          // 403
	gone               // 404
	redirected         // 301: merged
	failed             // no page, after all attempts
	unsent             // the budget was used up
)

// reason returns why a request has no page.
func (o outcome) reason() reason {
	switch o {
	case forbidden:
		return notPermitted
	case unsent:
		return notSent
	case unasked:
		return noTickets
	}
	return requestFailed
}

// settleTime is how old a change must be: younger ones may not be visible everywhere.
const settleTime = 10 * time.Minute

// settled reports whether a change is visible wherever it will be.
func (v *view) settled(at time.Time) bool { return v.now.Sub(at) > settleTime }

// together is how far apart the dates are that one operation writes.
const together = 2 * time.Second

// near reports whether two dates can be of one operation.
func near(a, b time.Time) bool { return a.Sub(b).Abs() <= together }

// An event is what the judges see of an entry of the account's event log.
type event struct {
	id, object          int64
	at                  time.Time
	typ                 string // "" if the probe does not know the type
	ofTicket, ofMessage bool
	context             string
	ticket              int64   // that its data names
	others              []int64 // ids of other objects in its data
}

// newEvent reads an event.
func newEvent(rec stream.Record) event {
	var e struct {
		Context    string          `json:"context"`
		ObjectID   json.RawMessage `json:"object_id"`
		ObjectType string          `json:"object_type"`
		Type       string          `json:"type"`
		Data       json.RawMessage `json:"data"`
	}
	_ = json.Unmarshal(rec.Raw, &e) // what has another form shows nothing
	ev := event{id: rec.ID(), at: rec.Cursor, object: stream.Integer(e.ObjectID), context: e.Context,
		ofTicket: e.ObjectType == "Ticket", ofMessage: strings.HasPrefix(e.Type, "ticket-message-") && e.ObjectType != "Ticket"}
	if slices.Contains(knownTypes, e.Type) {
		ev.typ = e.Type
	}
	if len(e.Data) > 0 && e.Data[0] == '{' {
		ev.ticket = stream.Integer(stream.Field(e.Data, "ticket_id"))
	}
	d := json.NewDecoder(bytes.NewReader(e.Data))
	for d.UseNumber(); ; {
		token, err := d.Token()
		if err != nil {
			break
		}
		if n, isNumber := token.(json.Number); isNumber {
			if id := stream.Integer([]byte(n)); id > 0 && id != ev.object {
				ev.others = append(ev.others, id)
			}
		}
	}
	return ev
}

// A ticket is what the judges see of a ticket in a list.
type ticket struct {
	created, updated time.Time
	fields           []int64 // the custom fields of which it has a value
}

func newTicket(raw json.RawMessage) ticket {
	t := ticket{created: stream.Timestamp(raw, "created_datetime"), updated: stream.Timestamp(raw, "updated_datetime")}
	if values := stream.Field(raw, streams.ValuesField); len(values) > 0 && values[0] == '{' {
		for name := range conform.Members(values) {
			t.fields = append(t.fields, stream.Integer([]byte(name)))
		}
	}
	return t
}
