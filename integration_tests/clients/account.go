//go:build clients

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"source-gorgias/connector/sandbox"
)

const email, key = "agent@example.com", "k3y+of/the house&=%é"

// The account can also be read by an app.
const app, appSecret, refresh = "app of the house", "s3cret+of/the app&=%é", "refresh+of/the house&=%"

// An account is a sandbox on a port of this machine.
type account struct {
	*sandbox.Server
	url, config string // config is the path of a file
	server      *http.Server
	plain       bool // its records are the sandbox's; set before the first request
	fail        atomic.Pointer[func(*http.Request) *sandbox.Fault]
	requests    atomic.Int64
	tokens      sync.Map // the access tokens that were used, and how often: *atomic.Int64
}

// tokenLife is how many requests an access token is good for: many fewer than
// a first sync takes, so that tokens end in its middle.
const tokenLife = 25

// newAccount opens an account, the same one every time. Its rate limit is not
// what is tested. If rotate is set, it takes each refresh token of the app
// once.
func newAccount(dir string, rotate bool) (*account, error) {
	a := &account{}
	a.Server = &sandbox.Server{Seed: 7, Limit: 1_000_000, Email: email, APIKey: key, ClientID: app, ClientSecret: appSecret, RefreshToken: refresh, RotateRefreshToken: rotate,
		Fail: func(r *http.Request) *sandbox.Fault {
			a.requests.Add(1)
			if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
				used, _ := a.tokens.LoadOrStore(token, new(atomic.Int64))
				if used.(*atomic.Int64).Add(1) > tokenLife {
					return &sandbox.Fault{Status: http.StatusUnauthorized}
				}
			}
			if fail := a.fail.Load(); fail != nil {
				return (*fail)(r)
			}
			return nil
		}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a.url = "http://" + listener.Addr().String()
	a.server = &http.Server{Handler: http.HandlerFunc(a.serve), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = a.server.Serve(listener) }() // until close
	a.config = filepath.Join(dir, "config.json")
	return a, os.WriteFile(a.config, []byte(a.settings(key)), 0o400)
}

// serve answers for the sandbox, with records made odder than its own.
func (a *account) serve(w http.ResponseWriter, r *http.Request) {
	if a.plain {
		a.ServeHTTP(w, r)
		return
	}
	r.Header.Del("Accept-Encoding") // what is packed cannot be changed
	answer := httptest.NewRecorder()
	a.ServeHTTP(answer, r)
	maps.Copy(w.Header(), answer.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(answer.Code)
	_, _ = w.Write(awkwardBody(answer.Body.Bytes())) // the client may be gone
}

var (
	even      = regexp.MustCompile(`"messages_count":(\d*[02468]),`)
	elsewhere = regexp.MustCompile(`"last_message_datetime":"([^"]+)\+00:00"`)
	mood      = []byte(`"mood":{"is":"🙂\n\"fine\"","since":9007199254740995},"excerpt":`)
)

// odd has records come as an API might send them some day: integers in texts,
// timestamps of another zone, an undeclared field.
func awkwardBody(body []byte) []byte {
	body = even.ReplaceAll(body, []byte(`"messages_count":"$1",`))
	body = elsewhere.ReplaceAllFunc(body, func(field []byte) []byte {
		at, _ := time.Parse(time.RFC3339, string(elsewhere.FindSubmatch(field)[1])+"Z") // the sandbox's timestamps are well formed
		return []byte(`"last_message_datetime":"` + at.In(time.FixedZone("", 5*3600+1800)).Format(time.RFC3339Nano) + `"`)
	})
	return bytes.ReplaceAll(body, []byte(`"excerpt":`), mood)
}

func (a *account) close() { _ = a.server.Close() }

// settings spells a configuration for the account. It reaches back before the
// oldest record.
func (a *account) settings(key string) string {
	return fmt.Sprintf(`{"subdomain": "sandbox", "base_url": %s, "start_date": "1980-01-01", "credentials": {"auth_type": "api_key", "email": %s, "api_key": %s}}`, quoted(a.url), quoted(email), quoted(key))
}

// grant spells a configuration with which an app reads the account.
func (a *account) grant() string {
	return fmt.Sprintf(`{"subdomain": "sandbox", "base_url": %s, "start_date": "1980-01-01", "credentials": {"auth_type": "oauth2.0", "client_id": %s, "client_secret": %s, "refresh_token": %s}}`,
		quoted(a.url), quoted(app), quoted(appSecret), quoted(refresh))
}

// used counts the access tokens that were used so far.
func (a *account) tokenRequests() (n int) {
	a.tokens.Range(func(any, any) bool { n++; return true })
	return n
}

// list returns the rows a complete list would show now.
func (a *account) list(path string) (rows []record, err error) {
	for raw := range a.Each(path) {
		r, err := readRow(awkwardBody(raw))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// ask reads what is no list.
func (a *account) get(path string) (record, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/api/"+path, nil)
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(a.Email, a.APIKey)
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, res.Status)
	}
	if err != nil {
		return nil, err
	}
	return readRow(raw)
}

// few requests are enough for a sync that goes on from a state, and not enough
// for one from the beginning.
const few = 75

// breaks has every request below a path fail; "" ends that.
func (a *account) breakResponses(path string) {
	if path == "" {
		a.fail.Store(nil)
		return
	}
	fail := func(r *http.Request) *sandbox.Fault {
		if r.URL.Path == "/api/"+path {
			return &sandbox.Fault{Status: http.StatusForbidden}
		}
		return nil
	}
	a.fail.Store(&fail)
}

// live has the account go through an hour of work: of each kind of record that
// lists can follow some are new, and some have changed.
func (a *account) changeRecords() error {
	tickets, err := a.list("tickets")
	if err != nil {
		return err
	}
	customers, err := a.list("customers")
	if err != nil {
		return err
	}
	first := id(tickets[0])
	if a.AddTicket(time.Time{}, time.Time{}, time.Time{}) == 0 || a.AddMessage(first) == 0 || a.AddCustomer() == 0 || a.AddCall(first) == 0 ||
		!a.EditTicketSubject(id(tickets[5])) || !a.CloseTicket(id(tickets[7]), true) || !a.EditCustomer(id(customers[3])) || a.Add("tags") == 0 {
		return errors.New("the account cannot change")
	}
	return nil
}

// deleteAndMerge makes changes that no list shows: tickets and customers are
// deleted and merged, old messages are edited and deleted, an old survey is
// answered, and tickets get a tag and lose one, which does not move updated_datetime.
func (a *account) deleteAndMerge() error {
	tickets, err := a.list("tickets")
	if err != nil {
		return err
	}
	customers, err := a.list("customers")
	if err != nil {
		return err
	}
	messages, err := a.list("messages")
	if err != nil {
		return err
	}
	surveys, err := a.list("satisfaction-surveys")
	if err != nil {
		return err
	}
	tags, err := a.list("tags")
	if err != nil {
		return err
	}
	tagged, tag := ticketWithTag(tickets[50:])
	old := func(rows []record, i int) int64 { return id(rows[len(rows)-1-i]) }
	if !a.DeleteTicket(id(tickets[20])) || !a.MergeTickets(id(tickets[30]), id(tickets[31])) ||
		!a.DeleteCustomer(id(customers[20])) || !a.MergeCustomers(id(customers[30]), id(customers[31])) ||
		!a.ToggleTicketTag(id(tickets[40]), id(tags[0])) || !a.ToggleTicketTag(tagged, tag) || !a.EditTicketField(id(tickets[41])) ||
		!a.EditMessage(old(messages, 0)) || !a.DeleteMessage(old(messages, 9)) || !a.AnswerSurvey(old(surveys, 0), 4) {
		return errors.New("the account cannot change")
	}
	return nil
}

// ticketWithTag returns a ticket that has a tag, and the tag.
func ticketWithTag(tickets []record) (ticket, tag int64) {
	for _, t := range tickets {
		if tags, _ := t["tags"].([]any); len(tags) > 0 {
			first, _ := tags[0].(record)
			return id(t), id(first)
		}
	}
	return 0, 0
}

// id returns the id of a record.
func id(r record) int64 {
	n, _ := r["id"].(json.Number).Int64() // ids are whole
	return n
}
