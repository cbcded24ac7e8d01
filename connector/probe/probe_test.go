package probe

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
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

// idsOf returns the ids of a list in their order.
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

const open = "cannot be told here, because"

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
			off: "yes; for how much longer is not known, because a run is short", answer: "no, it is rejected"},
		{quirk: "PageTokenLifetime", on: sandbox.Quirks{PageTokenLifetime: 20 * time.Minute}, fact: "page-token-life", wait: 30 * time.Minute,
			off: "yes; for how much longer is not known, because a run is short", answer: "no, it is rejected"},
		{quirk: "PageTokenLifetime", on: sandbox.Quirks{PageTokenLifetime: 20 * time.Minute}, fact: "page-token-life",
			off: "yes; for how much longer is not known, because a run is short", answer: "yes; for how much longer is not known, because a run is short"},
		{quirk: "EventRetention", on: sandbox.Quirks{EventRetention: 100 * 24 * time.Hour}, fact: "events-retention", size: withEvents,
			off: "yes, as far as this account shows", answer: "no, older ones are not listed"},
		{quirk: "TagsMoveUpdated", on: sandbox.Quirks{TagsMoveUpdated: true}, fact: "labels-move-updated", off: "yes", answer: "no, it moves"},
		{quirk: "FieldValuesMoveUpdated", on: sandbox.Quirks{FieldValuesMoveUpdated: true}, fact: "values-move-updated", off: open, answer: open},
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
		{quirk: "PeriodStartExclusive", on: sandbox.Quirks{PeriodStartExclusive: true}, fact: "statistics-period", off: open, answer: open},
		{quirk: "DayColumn", on: sandbox.Quirks{DayColumn: "-"}, fact: "statistics-day-name", off: open, answer: open},
		{quirk: "DaysInUTC", on: sandbox.Quirks{DaysInUTC: true}, fact: "statistics-day-zone", off: open, answer: open},
		{quirk: "EveryScopeWorks", on: sandbox.Quirks{EveryScopeWorks: true}, fact: "statistics-scopes", off: open, answer: open},
		{quirk: "StatsStatus201", on: sandbox.Quirks{StatsStatus201: true}, fact: "statistics-status", off: open, answer: open},
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
			if !strings.HasPrefix(off[r.fact], r.off) || !strings.HasPrefix(on[r.fact], r.answer) || r.answer != open && on[r.fact] != r.answer {
				t.Errorf("%s: %q without the quirk and %q with it, want %q and %q", r.fact, off[r.fact], on[r.fact], r.off, r.answer)
			}
			for id, answer := range on {
				if id != r.fact && id != r.also && answer != off[id] && !strings.HasPrefix(answer, open) {
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
		began := time.Now()
		report, err := probeOf(t, box, wait, nil)
		if took := time.Since(began) - wait; took > 15*time.Second {
			t.Errorf("it took %v", took)
		}
		if err != nil {
			t.Fatal(err)
		}
		result = answers(report)
	})
	return result
}

// A canary is planted into each string of a response that is not needed, and into
// names, headers and errors.
const canary = "xCANARYx"

// A planter plants canaries, and collects the integers that are long enough to be ids.
type planter struct {
	next http.RoundTripper
	ids  map[string]bool
}

var (
	datePattern = regexp.MustCompile(`^\d{4}-\d\d-\d\dT`)
	idPattern   = regexp.MustCompile(`\d{6,}`)
	needed      = []string{"type", "object_type", "context", "next_cursor", "next_items"}
)

func (p *planter) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := p.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	raw, _ := io.ReadAll(res.Body)
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var body any
	if d.Decode(&body) == nil {
		raw, _ = json.Marshal(p.plant(body, ""))
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	res.Header.Set("X-Request-Id", canary)
	res.Header.Set("X-Gorgias-Release", canary)
	return res, nil
}

func (p *planter) plant(v any, name string) any {
	switch v := v.(type) {
	case string:
		if !datePattern.MatchString(v) && !slices.Contains(needed, name) {
			return v + canary
		}
	case json.Number:
		if idPattern.MatchString(v.String()) {
			p.ids[v.String()] = true
		}
	case []any:
		for i := range v {
			v[i] = p.plant(v[i], name)
		}
	case map[string]any:
		for n := range v {
			v[n] = p.plant(v[n], n)
		}
		v["field_"+canary] = canary
	}
	return v
}

// Whatever the account has, a report has nothing of it: its strings are constants of
// the package and names of streams, and its numbers are no ids.
func TestReportsHaveNoValues(t *testing.T) {
	t.Parallel()
	constant := append([]string{"id", "question", "level", "answer", "assumed", "evidence", "follows", "what", "n", "requests", "findings", ""}, levels...)
	for _, f := range facts() {
		constant = append(append(constant, f.id, f.question), f.evidence...)
		for _, s := range f.perStream {
			constant = append(constant, f.prefix+s.Name)
		}
		for _, a := range f.answers {
			constant = append(constant, a.text, a.follows)
		}
		for _, r := range reasons {
			constant = append(constant, open+" "+r)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		box := &sandbox.Server{Seed: 1, Size: changesOnly, Forbidden: []string{"rules"}}
		live(t, box)
		p := &planter{ids: map[string]bool{}}
		report, err := probeOf(t, box, 0, func(next http.RoundTripper) http.RoundTripper { p.next = next; return p })
		if err != nil {
			t.Fatal(err)
		}
		if known := len(report.Findings) - report.Count(Open); known < 25 {
			t.Errorf("only %d of %d facts have an answer", known, len(report.Findings))
		}
		raw, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(string(raw)), strings.ToLower(canary)) {
			t.Error("the report has a canary")
		}
		for d := json.NewDecoder(bytes.NewReader(raw)); ; {
			token, err := d.Token()
			if err != nil {
				break
			}
			switch v := token.(type) {
			case string:
				if !slices.Contains(constant, v) {
					t.Errorf("the report has the text %q", v)
				}
			case float64:
				if p.ids[fmt.Sprintf("%.0f", v)] {
					t.Errorf("the report has the id %.0f", v)
				}
			}
		}
	})
}

// A flaky network answers some requests with 503, and the others as they are.
type flaky struct {
	next http.RoundTripper
	n    int
}

func (f *flaky) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.n++; f.n%3 == 2 {
		r.URL.Path = "/api/no-such-path"
		res, err := f.next.RoundTrip(r)
		if err == nil {
			res.StatusCode = http.StatusServiceUnavailable
		}
		return res, err
	}
	return f.next.RoundTrip(r)
}

// Repeated requests count: what the budget does not suffice for is open, and says so.
func TestBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := &sandbox.Server{Seed: 1, Size: changesOnly}
		live(t, box)
		report, err := probeOf(t, box, 0, func(next http.RoundTripper) http.RoundTripper { return &flaky{next: next} })
		if err != nil {
			t.Fatal(err)
		}
		if report.Requests != MaxRequests {
			t.Errorf("%d requests", report.Requests)
		}
		if got := answers(report)["limit-above-100"]; got != open+" "+reasons[notSent] {
			t.Errorf("limit-above-100: %q", got)
		}
	})
}

// A transport refuses what is no GET, whatever the client does.
func TestOnlyGET(t *testing.T) {
	t.Parallel()
	stopped := false
	transport := &Transport{Next: http.NewFileTransport(http.Dir(".")), stop: func() { stopped = true }}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodHead} {
		r, _ := http.NewRequest(method, "http://sandbox.gorgias.com/api/tickets", nil)
		if _, err := transport.RoundTrip(r); err == nil || !stopped || transport.sent != 0 {
			t.Errorf("%s was sent", method)
		}
	}
}

// What the credentials do not permit is a finding; wrong credentials and an account
// that is not there are errors.
func TestAccounts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		box  *sandbox.Server
		fact string
		want string // its answer; "" is an error
	}{
		"a key of a lower role":  {&sandbox.Server{Forbidden: []string{"account", "events", "phone"}}, "permissions", "no"},
		"no events":              {&sandbox.Server{Forbidden: []string{"events"}}, "events-order", open + " " + reasons[notPermitted]},
		"bare lists":             {&sandbox.Server{BareLists: true}, "envelopes", "no, some are an array"},
		"an empty account":       {&sandbox.Server{Size: sandbox.Size{Tickets: -1, Messages: -1, Customers: -1, Events: -1, Surveys: -1, Calls: -1, Users: -1, Teams: -1, Tags: -1, Macros: -1, Rules: -1, Views: -1, CustomFields: -1, Integrations: -1, Jobs: -1, Widgets: -1}}, "page-token-life", open + " " + reasons[noPages]},
		"wrong credentials":      {&sandbox.Server{APIKey: "another"}, "", ""},
		"a gateway in its place": {&sandbox.Server{Fail: func(*http.Request) *sandbox.Fault { return &sandbox.Fault{Status: 502} }}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				report, err := probeOf(t, test.box, 0, nil)
				if (err != nil) != (test.want == "") {
					t.Fatalf("error %v", err)
				}
				if err == nil && answers(report)[test.fact] != test.want {
					t.Errorf("%s: %q, want %q", test.fact, answers(report)[test.fact], test.want)
				}
			})
		})
	}
}

// The judges of what the sandbox cannot show.
func TestJudges(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	at := ago(time.Hour)
	survivor, moved := lookup{outcome: ok, updated: ago(2 * time.Hour)}, lookup{outcome: ok, updated: at}
	for _, test := range []struct {
		fact string
		view view
		want string
	}{
		{"values-move-updated", view{values: valueView{older: 2}}, "yes"},
		{"labels-move-updated", view{stamps: []stamp{{at, at}, {at, ago(3 * time.Hour)}}}, "not always"},
		{"labels-move-updated", view{stamps: []stamp{{at, now}}}, open + " " + reasons[noEvidence]},
		{"merge-events", view{merges: []merge{{object: survivor, others: []lookup{{outcome: gone}}}, {object: lookup{outcome: redirected}, others: []lookup{survivor}}}}, "not always"},
		{"merge-events", view{merges: []merge{{object: lookup{outcome: gone}, others: []lookup{{outcome: gone}}}}}, open + " " + reasons[ambiguous]},
		{"merge-events", view{merges: []merge{{object: survivor, others: []lookup{survivor}}}}, open + " " + reasons[ambiguous]},
		{"merged-ids", view{merges: []merge{{object: survivor, others: []lookup{{outcome: gone}}}, {object: survivor, others: []lookup{{outcome: redirected}}}}}, "not always"},
		{"ticket-merges-move-updated", view{merges: []merge{{at: at, object: moved}, {at: at, object: moved}}}, "yes"},
		{"customer-merges-move-updated", view{merges: []merge{{at: at, object: moved}}}, open + " " + reasons[noSuchEvent]},
		{"deleted-messages", view{deleted: deletions{messages: []outcome{ok, gone}}}, "not always"},
		{"deleted-tickets", view{deleted: deletions{tickets: []outcome{gone, ok}}}, "it is still there"},
		{"deleted-tickets", view{deleted: deletions{tickets: []outcome{gone, failed}}}, "another one"},
		{"unknown-ids", view{deleted: deletions{unknown: failed}}, "another one"},
		{"survey-scores", view{surveys: surveys{outcome: ok, scored: 3, announced: 1}}, "not always"},
		{"list-orders", view{lists: []list{{of: streams.Tickets, order: order{9, 1}}}}, "no, at least one has another"},
		{"page-size", view{lists: []list{{more: true, rows: 30}}}, "no, fewer"},
		{"dates", view{lists: []list{{layouts: [layoutCount]int{3, 0, 0, 1, 0}}}}, "yes, but some have no offset"},
		{"dates", view{lists: []list{{layouts: [layoutCount]int{3, 0, 0, 1, 1}}}}, "no"},
		{"undeclared-fields", view{lists: []list{{undeclared: 1}}}, "no"},
		{"single-record-values", view{values: valueView{singles: 2, complete: 0}}, "no"},
		{"call-limit-header", view{headers: headers{responses: 3, withLimit: 2}}, "not each one"},
		{"call-limit-header", view{headers: headers{responses: 3}}, "none does"},
		{"retry-after-header", view{headers: headers{successes: 3, withRetryAfter: 3}}, "no, successful ones too"},
		{"events-order", view{events: eventView{outcome: ok, ascending: order{5, 2}}}, "no, it has another order"},
		{"events-since-filter", view{filters: map[filter]*filtered{sinceFilter: {outcome: ok, rows: 3, outside: 1}}}, "no, it is ignored"},
		{"limit-above-100", view{limits: limitView{limit101: ok}}, "no"},
		{"unknown-parameters", view{limits: limitView{unknownParameter: ok}}, "no"},
		{"page-token-form", view{token: token{form: opaque}}, "no JSON"},
	} {
		test.view.now = now
		all := facts()
		f := all[slices.IndexFunc(all, func(f *fact) bool { return f.id == test.fact })]
		if got := (Finding{f, f.judge(&test.view)}).Answer(); got != test.want {
			t.Errorf("%s of %+v: %q, want %q", test.fact, test.view, got, test.want)
		}
	}
}

// The forms of page tokens and of dates.
func TestForms(t *testing.T) {
	t.Parallel()
	encode := func(text string) string {
		return url.Values{"cursor": {base64.StdEncoding.EncodeToString([]byte(text))}}.Encode()
	}
	for token, want := range map[string]tokenForm{
		encode(`["next", "2026-08-26T18:35:31.646547", 519753904]`): keyset,
		encode(`["prev", 29, 929]`):                                 keyset,
		encode(`["next", 929]`):                                     jsonForm,
		encode(`{"page":2}`):                                        jsonForm,
		encode("prev__6__2021-03-03 06:00:00"):                      opaque,
		"cursor=%F0%9F":                                             opaque,
	} {
		if got := formOf(token); got != want {
			t.Errorf("%s: %v, want %v", token, got, want)
		}
	}
	for date, want := range map[string]layout{
		`"2026-08-26T18:35:31.646547+00:00"`: microseconds,
		`"2026-08-26T18:40:00+00:00"`:        seconds,
		`"2026-08-26T18:40:00Z"`:             otherLayout,
		`"2026-08-26T18:40:00.5-05:00"`:      otherLayout,
		`"2019-11-16T15:59:41.966927"`:       withoutOffset,
		`"tomorrow"`:                         unreadable,
		`7`:                                  unreadable,
	} {
		if got := layoutOf([]byte(date)); got != want {
			t.Errorf("%s: %v, want %v", date, got, want)
		}
	}
}
