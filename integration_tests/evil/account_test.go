package evil

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// Credentials of the account.
const email, apiKey, clientSecret, refreshToken = "agent@example.com", "k3y-0f-the-house-42", "cl13nt-secret-0815", "r3fresh-t0ken-4711"

const day = 24 * time.Hour

// maxRequests is far above what any sync of this account takes.
const maxRequests = 4000

// maxTime is how long a sync may take at most: eleven attempts that wait for the
// longest Retry-After.
const maxTime = 4 * time.Hour

// names are the streams that are read: of each way of reading one, and their
// neighbors.
var names = []string{"account", "customers", "customer_custom_field_values", "events", "satisfaction_surveys", "statistics", "tags",
	"ticket_custom_field_values", "ticket_message_attachments", "ticket_messages", "ticket_tags", "tickets", "users", "view_items", "views"}

// An account is a sandbox behind a server that misbehaves.
type account struct {
	*testing.T
	*row
	box       *sandbox.Server
	list      []*stream.Stream
	transport *http.Transport
	settings  *config.Settings

	oldTickets, oldMessages, surveys, customers, tags []int64

	mu       sync.Mutex
	evil     bool // now
	requests int  // of the sync under way
	hits     int  // of them, those that were answered badly
	stop     context.CancelCauseFunc
}

// newAccount returns an account that serves over connections in memory.
func newAccount(t *testing.T, r *row) *account {
	a := &account{T: t, row: r}
	a.box = &sandbox.Server{Seed: 7, Limit: 1_000_000, Email: email, APIKey: apiKey, ClientID: "app", ClientSecret: clientSecret, RefreshToken: refreshToken,
		Size: sandbox.Size{Tickets: 4, Messages: 8, Customers: 6, Events: 4, Surveys: 4, Calls: -1, CallEvents: -1, Recordings: -1, Users: 6, Teams: -1, Tags: 8,
			Macros: -1, Rules: -1, Views: 2, CustomFields: 4, Integrations: -1, Jobs: -1, Widgets: -1}}
	listener := sandbox.Listen()
	server := &http.Server{Handler: a, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(listener) }()
	a.transport = &http.Transport{DialContext: listener.DialContext}
	t.Cleanup(func() {
		a.transport.CloseIdleConnections()
		_ = server.Close()
	})
	for _, s := range streams.All() {
		if slices.Contains(names, s.Name) {
			a.list = append(a.list, s)
		}
	}
	credentials := fmt.Sprintf(`{"auth_type":"api_key","email":%q,"api_key":%q}`, email, apiKey)
	var err error
	// The first sync reads all records: a changed one that is older would be written
	// in one destination and not in the other.
	a.settings, err = config.Parse([]byte(`{"subdomain":"acme","start_date":"1990-01-01","reports":[{"scope":"tickets-created"}],"credentials":`+credentials+`}`), false)
	if err != nil {
		t.Fatal(err)
	}
	a.surveys = a.ids("satisfaction-surveys", "")
	for range 6 {
		id, messages := a.ticket(100 * day)
		a.oldTickets, a.oldMessages = append(a.oldTickets, id), append(a.oldMessages, messages...)
	}
	for range 12 { // pages of newer surveys, so that the old ones are fetched by id
		id, _ := a.ticket(time.Hour)
		a.box.ScheduleSurvey(id)
	}
	a.tags = a.ids("tags", "")
	for range 4 {
		a.customers = append(a.customers, a.box.AddCustomer())
	}
	time.Sleep(time.Hour)
	return a
}

// ServeHTTP answers badly if it is the row's turn. Where merged customers are to
// be asked for, no event says that one is gone.
func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	if a.requests++; a.requests > maxRequests {
		a.stop(errors.New("requests without end"))
	}
	bad := a.evil && a.class.match(r) && (a.times == always || a.hits < a.times)
	if bad {
		a.hits++
	}
	hit := a.hits
	a.mu.Unlock()
	if bad {
		a.how.answer(&exchange{w, r, a.box, hit})
		return
	}
	if a.class == merged && r.URL.Path == "/api/events" {
		rewritten("", func(_ *exchange, text string) string {
			return strings.ReplaceAll(text, "customer-deleted", "customer-renamed")
		}).answer(&exchange{w, r, a.box, 0})
		return
	}
	a.box.ServeHTTP(w, r)
}

// sync reads all streams into a destination.
func (a *account) sync(d *destination) {
	a.Helper()
	options := gorgias.Options{Origin: "http://acme.gorgias.com", Transport: a.transport, RateLimiter: gorgias.NewRateLimiter(a.settings.RateLimitReserve),
		Auth: gorgias.Basic(email, apiKey)}
	if a.class.oauth {
		oauth := gorgias.NewOAuth(options.Origin, a.transport, gorgias.Token{ClientID: "app", ClientSecret: clientSecret, Refresh: refreshToken})
		options.Auth, options.Rejected = oauth.Authorize, oauth.Rejected
	}
	client, err := gorgias.New(options)
	if err != nil {
		a.Fatal(err)
	}
	plan := connector.NewPlan(a.settings, d.tombstone)
	plan.Client, plan.RateLimiter, plan.Streams, plan.PageSize, plan.Heartbeat = client, options.RateLimiter, a.list, 5, 5*time.Minute
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	timer := time.AfterFunc(maxTime, func() { stop(fmt.Errorf("no end within %v", maxTime)) })
	defer timer.Stop()
	a.mu.Lock()
	a.requests, a.hits, a.stop = 0, 0, stop
	a.mu.Unlock()
	if err := d.readSync(ctx, plan); err != nil {
		a.Errorf("sync: %v", err)
	}
	if err := context.Cause(ctx); err != nil {
		a.Errorf("sync: %v", err)
	}
	a.checkOutput(d)
}

// checkOutput checks what holds of every sync, whatever the server does.
func (a *account) checkOutput(d *destination) {
	a.Helper()
	for _, record := range d.nullKeys {
		a.Errorf("a key that is none: %s", record)
	}
	out := d.output.String()
	for _, secret := range []string{apiKey, clientSecret, refreshToken, base64.StdEncoding.EncodeToString([]byte(email + ":" + apiKey)), "access-1"} {
		for _, form := range []string{secret, url.QueryEscape(secret), fmt.Sprintf("%x", secret)} {
			if i := strings.Index(out, form); i >= 0 {
				a.Errorf("a secret shows: %.200s", out[max(0, i-100):])
			}
		}
	}
	if i := strings.Index(out, "panic"); i >= 0 {
		a.Errorf("panic: %.2000s", out[i:])
	}
	living := a.living()
	for _, key := range d.tombstones {
		if living[key] {
			a.Errorf("a tombstone of a record that exists: %s", key)
		}
	}
}

// living returns the streams and keys of all records that can get a tombstone.
func (a *account) living() map[string]bool {
	all := map[string]bool{}
	for _, s := range a.list {
		switch {
		case !s.Deletable || s.Mode == stream.PerParent:
		case s.Mode == stream.Derived:
			for parent := range a.box.Each(s.Parent.Path) {
				for _, part := range s.Derive(parent) {
					all[s.Name+" "+keyOf(s, string(part))] = true
				}
			}
		default:
			for raw := range a.box.Each(s.Path) {
				all[s.Name+" "+keyOf(s, string(raw))] = true
			}
		}
	}
	return all
}

// compare compares a destination with what a destination has that is empty
// before it reads the account without fault. The streams without are left out.
func (a *account) compare(d *destination, without []string) {
	a.Helper()
	truth := newDestination(d.protocol, a.list)
	truth.selection = d.selection
	if a.sync(truth); len(truth.failed) > 0 {
		a.Fatalf("without fault, the streams %v failed", truth.failed)
	}
	tickets := truth.rows["tickets"]
	for _, s := range a.list {
		if slices.Contains(without, s.Name) {
			continue
		}
		got, want := d.rows[s.Name], truth.rows[s.Name]
		for _, key := range slices.Sorted(maps.Keys(want)) {
			switch row, ok := got[key]; {
			case !ok || d.isTombstone(s, row):
				a.Errorf("missing: %s %s", s.Name, key)
			case s.Mode == stream.DailyReport: // dated as they are read
			case row != want[key] && (s.Incremental() || s.Mode == stream.PerParent):
				a.Errorf("stale: %s %s:\n got %.1500s\nwant %.1500s", s.Name, key, row, want[key])
			}
		}
		for _, key := range slices.Sorted(maps.Keys(got)) {
			// No event names what went with its ticket.
			ticket := fieldOf(got[key], "ticket_id")
			if _, ok := tickets[ticket]; want[key] == "" && !d.isTombstone(s, got[key]) && (ticket == "" || ok) && s.Mode != stream.DailyReport && s.Mode != stream.Derived {
				a.Errorf("ghost: %s %s", s.Name, key)
			}
		}
	}
}

// ids returns the ids of the rows of a path that contain a string.
func (a *account) ids(path, text string) (ids []int64) {
	for raw := range a.box.Each(path) {
		if strings.Contains(string(raw), text) {
			id, _ := strconv.ParseInt(fieldOf(string(raw), "id"), 10, 64)
			ids = append(ids, id)
		}
	}
	return ids
}

// ticket adds a ticket that was created so long ago, and returns its id and
// those of its messages.
func (a *account) ticket(age time.Duration) (id int64, messages []int64) {
	at := time.Now().Add(-age)
	id = a.box.AddTicket(at, at, time.Now())
	return id, a.ids("messages", fmt.Sprintf(`"ticket_id":%d,`, id))
}

// change makes a change of each kind that makes the next sync send each class
// of request; turn is 0 or 1.
func (a *account) change(turn int) {
	a.box.EditMessage(a.oldMessages[2*turn])
	a.box.AnswerSurvey(a.surveys[len(a.surveys)-1-turn], 2)
	a.box.MergeCustomers(a.customers[2*turn], a.customers[2*turn+1])
	a.box.ToggleTicketTag(a.oldTickets[1+turn], a.tags[0])
	a.box.DeleteTicket(a.oldTickets[4+turn])
	a.box.EditCustomer(a.box.AddCustomer())
	a.box.Edit("tags", a.tags[turn])
	a.ticket(0)
	time.Sleep(time.Hour)
}
