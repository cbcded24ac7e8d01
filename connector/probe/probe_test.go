package probe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/streams"
)

// probeOf probes a sandbox through a network, and checks that it only sends GET and
// keeps to its budget. It must run in a synctest bubble.
func probeOf(t *testing.T, box *sandbox.Server, wait time.Duration, network func(http.RoundTripper) http.RoundTripper) (*Report, error) {
	t.Helper()
	writes := 0
	box.Log = func(r *http.Request, _ int) {
		if r.Method != http.MethodGet {
			writes++
		}
	}
	listener := sandbox.Listen()
	server := &http.Server{Handler: box}
	go func() { _ = server.Serve(listener) }()
	wire := &http.Transport{DialContext: listener.DialContext}
	defer func() { _ = server.Close(); wire.CloseIdleConnections() }()
	next := http.RoundTripper(wire)
	if network != nil {
		next = network(wire)
	}
	transport := &Transport{Next: next}
	limiter := gorgias.NewRateLimiter(0.1)
	client, err := gorgias.New(gorgias.Options{Origin: "http://sandbox.gorgias.com", Auth: gorgias.Basic("sandbox@example.com", "sandbox-key"),
		Transport: transport, RateLimiter: limiter, Attempts: 4})
	if err != nil {
		t.Fatal(err)
	}
	before := box.Requests()
	report, err := Run(t.Context(), Options{Client: client, Transport: transport, Wait: wait})
	if sent := box.Requests() - before; sent > MaxRequests || report != nil && sent > report.Requests {
		t.Errorf("%d requests, reported %v", sent, report)
	}
	if writes > 0 {
		t.Errorf("%d requests other than GET", writes)
	}
	return report, err
}

// firstIDs returns the first ids of a list, oldest first.
func idsOf(box *sandbox.Server, path string) (ids []int64) {
	for raw := range box.Each(path) {
		var row struct{ ID int64 }
		if json.Unmarshal(raw, &row) == nil {
			ids = append(ids, row.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// live lets an account have a history that shows each quirk: one change an hour.
func live(t *testing.T, box *sandbox.Server) {
	t.Helper()
	tickets, customers, tags := idsOf(box, "tickets"), idsOf(box, "customers"), idsOf(box, "tags")
	var made []int64
	add := func() int64 {
		id := box.AddTicket(time.Time{}, time.Time{}, time.Time{})
		made = append(made, id)
		return id
	}
	messagesOf := func(ticket int64) (ids []int64) {
		for raw := range box.Each("messages") {
			var m struct {
				ID     int64
				Ticket int64 `json:"ticket_id"`
			}
			if json.Unmarshal(raw, &m) == nil && m.Ticket == ticket {
				ids = append(ids, m.ID)
			}
		}
		return ids
	}
	survey := func(ticket int64) (id int64) {
		id = box.ScheduleSurvey(ticket)
		time.Sleep(time.Hour)
		box.SendSurvey(id)
		return id
	}
	for _, change := range []func(){
		func() { add() }, func() { add() }, func() { add() }, func() { add() },
		func() { box.AddMessage(made[0]) },
		func() { box.ToggleTicketTag(tickets[20], tags[3]) },
		func() { box.TrashTicket(tickets[21], true) },
		func() { box.EditTicketField(tickets[22]) },
		func() { box.MergeTickets(tickets[30], tickets[31]) },
		func() { box.MergeCustomers(customers[10], customers[11]) },
		func() { box.MergeTags(tags[5], tags[6]) },
		func() { box.EditMessage(messagesOf(tickets[40])[0]) },
		func() { box.FailMessage(messagesOf(tickets[41])[0]) },
		func() { box.AnswerSurvey(survey(tickets[50]), 4) },
		func() { box.AnswerSurvey(survey(tickets[51]), 2) },
		func() { survey(tickets[52]) },
		func() { box.DeleteTicket(tickets[52]) },
		func() { box.DeleteTicket(tickets[53]) },
		func() { box.DeleteMessage(messagesOf(made[1])[0]) },
		func() { box.DeleteMessage(messagesOf(made[2])[1]) },
	} {
		change()
		time.Sleep(time.Hour)
	}
}

// answers returns the answers of a report by the ids of the facts.
func answers(r *Report) map[string]string {
	all := map[string]string{}
	for _, f := range r.Findings {
		all[f.ID()] = f.Answer()
	}
	return all
}

const untold = "cannot be told here, because"

// changesOnly: the account has no events but those of its changes.
var changesOnly = sandbox.Size{Events: -1, Surveys: -1, Tickets: 70, Messages: 300, Customers: 30, Users: 3, Macros: 5, Tags: 10, Calls: 10, CallEvents: 10, Recordings: 5, Jobs: 5}

var withEvents = sandbox.Size{Events: 1500, Surveys: -1, Tickets: 70, Messages: 300, Customers: 30}

// Every quirk of the sandbox, on and off: the probe names it, and no other one, or it
// says that it cannot tell.
func TestQuirks(t *testing.T) {
	t.Parallel()
	type row struct {
		quirk  string
		on     sandbox.Quirks
		fact   string // that names it
		off    string // its answer without the quirk
		answer string // and with it
		also   string // another fact that names it
		size   sandbox.Size
		wait   time.Duration
	}
	rows := []row{
		{quirk: "EventTypesRejected", on: sandbox.Quirks{EventTypesRejected: true}, fact: "events-types-filter", off: "yes", answer: "no, it is rejected"},
		{quirk: "TicketIDsRejected", on: sandbox.Quirks{TicketIDsRejected: true}, fact: "ticket-ids-filter", off: "yes", answer: "no, it is rejected"},
		{quirk: "PageTokenLifetime", on: sandbox.Quirks{PageTokenLifetime: 3 * time.Second}, fact: "page-token-life",
			off: "yes; for how much longer cannot be told here, because a run is short", answer: "no, it is rejected"},
		{quirk: "PageTokenLifetime", on: sandbox.Quirks{PageTokenLifetime: 20 * time.Minute}, fact: "page-token-life", wait: 30 * time.Minute,
			off: "yes; for how much longer cannot be told here, because a run is short", answer: "no, it is rejected"},
		{quirk: "PageTokenLifetime", on: sandbox.Quirks{PageTokenLifetime: 20 * time.Minute}, fact: "page-token-life",
			off: "yes; for how much longer cannot be told here, because a run is short", answer: "yes; for how much longer cannot be told here, because a run is short"},
		{quirk: "EventRetention", on: sandbox.Quirks{EventRetention: 100 * 24 * time.Hour}, fact: "events-retention", size: withEvents,
			off: "yes, as far as this account shows", answer: "no, older ones are not listed"},
		{quirk: "TagsMoveUpdated", on: sandbox.Quirks{TagsMoveUpdated: true}, fact: "labels-move-updated", off: "yes", answer: "no, it moves"},
		{quirk: "FieldValuesMoveUpdated", on: sandbox.Quirks{FieldValuesMoveUpdated: true}, fact: "values-move-updated", off: untold, answer: untold},
		{quirk: "SilentChanges", on: sandbox.Quirks{SilentChanges: true}, fact: "silent-deletions", off: "yes, as far as this account shows", answer: "no, some messages vanished without one", also: "survey-scores"},
		{quirk: "DeletedMessagesVanish", on: sandbox.Quirks{DeletedMessagesVanish: true}, fact: "deleted-messages", off: "yes", answer: "no, it is 404"},
		{quirk: "DeletedTicketsTakeSurveys", on: sandbox.Quirks{DeletedTicketsTakeSurveys: true}, fact: "surveys-of-deleted-tickets", off: "yes", answer: "no, it is gone"},
		{quirk: "MessageEventsWithoutTicket", on: sandbox.Quirks{MessageEventsWithoutTicket: true}, fact: "message-events", off: "yes", answer: "no"},
		{quirk: "MessageEventsAlone", on: sandbox.Quirks{MessageEventsAlone: true}, fact: "message-events", off: "yes", answer: "only those of new messages"},
		{quirk: "TicketCreatedAlone", on: sandbox.Quirks{TicketCreatedAlone: true}, fact: "ticket-created-events", off: "yes", answer: "no"},
		{quirk: "MergesMoveCustomer", on: sandbox.Quirks{MergesMoveCustomer: true}, fact: "customer-merges-move-updated", off: "yes", answer: "no, it moves"},
		{quirk: "MergesLeaveTicket", on: sandbox.Quirks{MergesLeaveTicket: true}, fact: "ticket-merges-move-updated", off: "yes", answer: "no"},
		{quirk: "CustomerMergesInOneContext", on: sandbox.Quirks{CustomerMergesInOneContext: true}, fact: "customer-merge-contexts", off: "yes", answer: "no, both are in one context"},
		{quirk: "TagMergesNameSurvivor", on: sandbox.Quirks{TagMergesNameSurvivor: true}, fact: "tag-merge-events", off: "yes", answer: "no, it is the one that remains"},
		{quirk: "MergeEventsOnAbsorbed", on: sandbox.Quirks{MergeEventsOnAbsorbed: true}, fact: "merge-events", off: "yes", answer: "no, it is the absorbed one"},
		{quirk: "MergedNotFound", on: sandbox.Quirks{MergedNotFound: true}, fact: "merged-ids", off: "yes, with 301", answer: "no, it is 404"},
		{quirk: "EventsNewestFirst", on: sandbox.Quirks{EventsNewestFirst: true}, fact: "events-order", off: "yes", answer: "no, it is newest first in any case"},
		{quirk: "PeriodStartExclusive", on: sandbox.Quirks{PeriodStartExclusive: true}, fact: "statistics-period", off: untold, answer: untold},
		{quirk: "DayColumn", on: sandbox.Quirks{DayColumn: "-"}, fact: "statistics-day-name", off: untold, answer: untold},
		{quirk: "DaysInUTC", on: sandbox.Quirks{DaysInUTC: true}, fact: "statistics-day-zone", off: untold, answer: untold},
		{quirk: "StatsStatus201", on: sandbox.Quirks{StatsStatus201: true}, fact: "statistics-status", off: untold, answer: untold},
	}
	for f := range reflect.TypeFor[sandbox.Quirks]().Fields() {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.quirk == f.Name }) {
			t.Errorf("the quirk %s has no row", f.Name)
		}
	}
	without := map[sandbox.Size]map[string]string{}
	for _, r := range rows {
		if r.size == (sandbox.Size{}) {
			r.size = changesOnly
		}
		t.Run(r.quirk, func(t *testing.T) {
			if without[r.size] == nil {
				without[r.size] = probeQuirks(t, r.size, sandbox.Quirks{}, 0)
			}
			off, on := without[r.size], probeQuirks(t, r.size, r.on, r.wait)
			if !strings.HasPrefix(off[r.fact], r.off) || !strings.HasPrefix(on[r.fact], r.answer) || r.answer != untold && on[r.fact] != r.answer {
				t.Errorf("%s: %q without the quirk and %q with it, want %q and %q", r.fact, off[r.fact], on[r.fact], r.off, r.answer)
			}
			for id, answer := range on {
				if id != r.fact && id != r.also && answer != off[id] && !strings.HasPrefix(answer, untold) {
					t.Errorf("%s is named instead: %q, without the quirk %q", id, answer, off[id])
				}
			}
			if r.also != "" && on[r.also] == off[r.also] {
				t.Errorf("%s is %q with the quirk and without", r.also, on[r.also])
			}
		})
	}
}

// probeQuirks returns the answers of an account with a history.
func probeQuirks(t *testing.T, size sandbox.Size, quirks sandbox.Quirks, wait time.Duration) (result map[string]string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		box := &sandbox.Server{Seed: 1, Size: size, Quirks: quirks}
		live(t, box)
		report, err := probeOf(t, box, wait, nil)
		if err != nil {
			t.Fatal(err)
		}
		result = answers(report)
	})
	return result
}

var _ = fmt.Sprint
var _ = regexp.MustCompile
var _ = streams.All
