package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// get sends a request with the default credentials.
func get(s *Server, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.SetBasicAuth("sandbox@example.com", "sandbox-key")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// A listing is a page in either envelope.
type listing struct {
	Data []struct{ ID int64 }
	URI  string
	Meta struct {
		Next *string `json:"next_cursor"`
		Prev *string `json:"prev_cursor"`
	}
}

func readList(t *testing.T, s *Server, path string) listing {
	t.Helper()
	w := get(s, path)
	var l listing
	if err := json.Unmarshal(w.Body.Bytes(), &l); err != nil || w.Code != 200 {
		t.Fatalf("GET %s: %d %v %.300s", path, w.Code, err, w.Body)
	}
	return l
}

func unlimited(s *Server) *Server {
	s.Limit = 1e9
	return s
}

func ids(l listing) []int64 {
	var ids []int64
	for _, r := range l.Data {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestInvalidRequestsAreRejected(t *testing.T) {
	s := unlimited(&Server{Forbidden: []string{"phone", "rules"}})
	ticket, deleted := firstTicket+9, firstTicket+3
	s.DeleteTicket(deleted)
	token := url.QueryEscape(*readList(t, s, "/api/tickets?limit=5").Meta.Next)
	for _, test := range []struct {
		path   string
		status int
		has    string // part of the body
	}{
		{"/api/account", 200, `"domain":"sandbox"`},
		{"/api/account/", 200, `"domain":"sandbox"`},
		{"/api/account?x=1", 400, `"x":["Unknown field."]`},
		{"/api/account/settings", 200, `{"data":[{"id":9001,"type":"business-hours"`},
		{"/api/account/settings?type=auto-merge", 200, `{"data":[{"id":9005`},
		{"/api/users/0", 200, `"email":"sandbox@example.com"`},
		{"/api/tickets/?limit=1", 200, `"uri":"/api/tickets?limit=1"`},
		{"/api/tickets", 200, `"uri":"/api/tickets?"`},
		{"/api/tickets?status=open", 400, `{"error":{"msg":"Bad request.","data":{"status":["Unknown field."]}}}`},
		{"/api/tickets?limit=101", 400, `"limit":`},
		{"/api/tickets?limit=0", 400, `"limit":`},
		{"/api/tickets?limit=-1", 400, `"limit":`},
		{"/api/tickets?limit=99999999999999999999", 400, `"limit":`},
		{"/api/tickets?limit=", 400, `"limit":`},
		{"/api/tickets?limit=1&limit=2", 400, `"limit":`},
		{"/api/tickets?order_by=created_datetime", 400, `"order_by":["Must be one of: created_datetime:desc, `},
		{"/api/tickets?order_by=id:asc", 400, `"order_by":`},
		{"/api/messages?order_by=updated_datetime:desc", 400, `"order_by":`},
		{"/api/events?order_by=created_datetime", 400, `"order_by":`},
		{"/api/phone/voice-calls", 403, `"msg":"You do not have enough permissions`},
		{"/api/rules", 403, "permissions"},
		{"/api/rules/" + number(firstRule), 403, "permissions"},
		{"/api/tickets?cursor=", 400, `"cursor":`},
		{"/api/tickets?cursor=abc", 400, `"cursor":`},
		{"/api/tickets?cursor=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(`["next", "2026-01-01T00:00:00", 1]`))), 400, `"cursor":`},
		{"/api/tickets?cursor=" + token, 200, `"object":"list"`},
		{"/api/tickets?limit=7&order_by=created_datetime:desc&cursor=" + token, 200, ""},
		{"/api/tickets?order_by=created_datetime:asc&cursor=" + token, 400, `"cursor":`},
		{"/api/tickets?order_by=updated_datetime:desc&cursor=" + token, 400, `"cursor":`},
		{"/api/tickets?trashed=false&cursor=" + token, 400, `"cursor":`},
		{"/api/messages?cursor=" + token, 400, `"cursor":`},
		{"/api/tickets?trashed=maybe", 400, `"trashed":`},
		{"/api/tickets?ticket_ids=x", 400, `"ticket_ids":`},
		{"/api/tickets?" + strings.Repeat("ticket_ids=1&", 101), 400, `"ticket_ids":`},
		{"/api/custom-fields", 400, `"object_type":["Missing data for required field."]`},
		{"/api/custom-fields?object_type=ticket", 400, `"object_type":`},
		{"/api/events?object_type=Ticket", 400, `"object_type":`},
		{"/api/events?object_type=Ticket&object_id=" + number(ticket), 200, `"data":[`},
		{"/api/events?created_datetime[gte]=yesterday", 400, `"created_datetime[gte]":`},
		{"/api/events?created_datetime%5Bgte%5D=2026-01-01T00:00:00Z", 200, ""},
		{"/api/macros?order_by=relevance:desc", 400, `"order_by":`},
		{"/api/customers?channel_type=email", 400, `"channel_type":`},
		{"/api/tickets/" + number(ticket), 200, `"reply_options":`},
		{"/api/tickets/" + number(ticket) + "/", 200, `"reply_options":`},
		{"/api/tickets/" + number(ticket) + "?relationships=custom_fields", 200, `"custom_fields":`},
		{"/api/tickets/" + number(ticket) + "?relationships=tags", 400, `"relationships":`},
		{"/api/tickets/" + number(deleted), 404, `{"error":{"msg":"Resource not found."}}`},
		{"/api/tickets/" + number(deleted+1), 404, `{"error":{"msg":"Resource not found."}}`},
		{"/api/tickets/" + number(deleted) + "/messages", 404, ""},
		{"/api/tickets/x", 404, ""},
		{"/api/tickets/" + number(ticket) + "/tags", 200, `{"data":[`},
		{"/api/tickets/" + number(ticket) + "/custom-fields", 200, `{"data":[`},
		{"/api/tickets/" + number(ticket) + "/messages?page=9999999999999", 200, `"data":[]`},
		{"/api/tickets/1/messages/" + number(firstMessage), 404, ""},
		{"/api/messages/" + number(firstMessage), 404, ""},
		{"/api/views/1/items", 404, ""},
		{"/api/views/" + number(firstView) + "/items?order_by=name:asc", 400, `"order_by":`},
		{"/api/views/" + number(firstView) + "/items?cursor=abc", 400, `"cursor":`},
		{"/api/nothing", 404, `"msg":"Resource not found."`},
		{"/tickets", 404, ""},
		{"/api", 404, ""},
	} {
		w := get(s, test.path)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.has) {
			t.Errorf("GET %s: %d %.300s; want %d %s", test.path, w.Code, w.Body, test.status, test.has)
		}
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("GET %s: not JSON: %.300s", test.path, w.Body)
		}
	}
	for _, path := range []string{"phone/voice-calls", "phone/voice-call-events", "phone/voice-call-recordings"} {
		if w := get(unlimited(&Server{}), "/api/"+path+"?order_by=created_datetime:desc"); w.Code != 400 {
			t.Errorf("%s accepts an order: %d", path, w.Code)
		}
	}
}

func TestMethodsAndCredentialsAreChecked(t *testing.T) {
	s := unlimited(&Server{AccessToken: "tok"})
	for _, test := range []struct {
		method, path, user, key, auth string
		status                        int
	}{
		{"GET", "/api/tags", "sandbox@example.com", "sandbox-key", "", 200},
		{"GET", "/api/tags", "sandbox@example.com", "wrong", "", 401},
		{"GET", "/api/tags", "", "sandbox-key", "", 401},
		{"GET", "/api/tags", "", "", "", 401},
		{"GET", "/api/tags", "", "", "Bearer tok", 200},
		{"GET", "/api/tags", "", "", "Bearer to", 401},
		{"GET", "/api/tags", "", "", "Bearer ", 401},
		{"GET", "/api/nothing", "", "", "", 401},
		{"HEAD", "/api/tags", "", "", "Bearer tok", 405},
		{"POST", "/api/tags", "", "", "Bearer tok", 405},
		{"PUT", "/api/views/" + number(firstView) + "/items", "", "", "Bearer tok", 405},
		{"DELETE", "/api/tickets/" + number(firstTicket), "", "", "Bearer tok", 405},
		{"POST", "/oauth/token", "", "", "", 401},
	} {
		r := httptest.NewRequest(test.method, test.path, nil)
		if test.auth != "" {
			r.Header.Set("Authorization", test.auth)
		} else if test.key != "" {
			r.SetBasicAuth(test.user, test.key)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%s %s as %q %q %q: %d, want %d", test.method, test.path, test.user, test.key, test.auth, w.Code, test.status)
		}
		if _, err := http.ParseTime(w.Header().Get("Date")); err != nil {
			t.Errorf("%s %s: %v", test.method, test.path, err)
		}
		if limit := w.Header().Get("X-Gorgias-Account-Api-Call-Limit"); (limit == "") != (test.status == 401) {
			t.Errorf("%s %s: %d with limit %q", test.method, test.path, w.Code, limit)
		}
		if w.Code >= 400 && !strings.HasPrefix(w.Body.String(), `{"error":`) {
			t.Errorf("%s %s: %d without the wrapper: %s", test.method, test.path, w.Code, w.Body)
		}
	}
	none := unlimited(&Server{})
	r := httptest.NewRequest("GET", "/api/tags", nil)
	r.Header.Set("Authorization", "Bearer ")
	w := httptest.NewRecorder()
	if none.ServeHTTP(w, r); w.Code != 401 {
		t.Errorf("an empty token is accepted: %d", w.Code)
	}
}

func TestAccessTokensExpireAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := unlimited(&Server{ClientID: "app", ClientSecret: "secret", RefreshToken: "again"})
		grant := func(basic bool, v url.Values) *httptest.ResponseRecorder {
			if !basic {
				v.Set("client_id", "app")
				v.Set("client_secret", "secret")
			}
			r := httptest.NewRequest("POST", "/oauth/token", strings.NewReader(v.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if basic {
				r.SetBasicAuth("app", "secret")
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w
		}
		use := func(token string) int {
			r := httptest.NewRequest("GET", "/api/account", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w.Code
		}
		if w := grant(true, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"other"}}); w.Code != 400 {
			t.Errorf("a wrong refresh token: %d %s", w.Code, w.Body)
		}
		s.ClientSecret = "other"
		if w := grant(true, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"again"}}); w.Code != 401 {
			t.Errorf("a wrong secret: %d %s", w.Code, w.Body)
		}
		s.ClientSecret = "secret"
		for _, basic := range []bool{true, false} {
			w := grant(basic, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"again"}})
			var got struct {
				Token string `json:"access_token"`
				Life  int    `json:"expires_in"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.Life != 86400 {
				t.Fatalf("grant: %d %v %s", w.Code, err, w.Body)
			}
			if code := use(got.Token); code != 200 {
				t.Errorf("a new token: %d", code)
			}
			time.Sleep(24*time.Hour - time.Second)
			if code := use(got.Token); code != 200 {
				t.Errorf("a token of almost a day: %d", code)
			}
			time.Sleep(time.Second)
			if code := use(got.Token); code != 401 {
				t.Errorf("a token of a day: %d", code)
			}
		}
	})
}

func TestListsHaveTheirEnvelope(t *testing.T) {
	s := unlimited(&Server{})
	modern := regexp.MustCompile(`(?s)^\{"object":"list","uri":"/api/[^"]*","data":\[.*\],"meta":\{"prev_cursor":null,"next_cursor":("[^"]+"|null),"total_resources":null\}\}$`)
	old := regexp.MustCompile(`(?s)^\{"data":\[.*\],"object":"list","uri":"/api/[^"]*","meta":\{"prev_cursor":null,"next_cursor":("[^"]+"|null)\}\}$`)
	for _, path := range resources {
		want := old
		if slices.Contains([]string{"tickets", "users", "tags", "integrations", "custom-fields", "views"}, path) {
			want = modern
		}
		query := "?limit=2"
		if path == "custom-fields" {
			query += "&object_type=Ticket"
		}
		w := get(s, "/api/"+path+query)
		if body := w.Body.String(); !want.MatchString(body) || !strings.Contains(body, `"uri":"/api/`+path+query+`"`) {
			t.Errorf("%s: %.200s … %s", path, body, body[max(len(body)-200, 0):])
		}
	}
	if l := readList(t, s, "/api/rules"); len(l.Data) != DefaultSize.Rules {
		t.Errorf("a page of %d rules", len(l.Data))
	}
	if l := readList(t, unlimited(&Server{Size: Size{Rules: 101}}), "/api/rules"); len(l.Data) != 100 {
		t.Errorf("a page of %d rules, want 100", len(l.Data))
	}
	if l := readList(t, s, "/api/tags"); len(l.Data) != 30 || l.Meta.Next == nil {
		t.Errorf("a page of %d tags, want 30 and more", len(l.Data))
	}
	bare := unlimited(&Server{BareLists: true})
	if body := get(bare, "/api/rules").Body.String(); !strings.HasPrefix(body, `[{"id":`) {
		t.Errorf("not bare: %.60s", body)
	}
	if body := get(bare, "/api/tags").Body.String(); !strings.HasPrefix(body, `{"object":`) {
		t.Errorf("bare, but longer than its page: %.60s", body)
	}
}

func TestPageTokenNamesLastRow(t *testing.T) {
	s, a := withAccount(unlimited(&Server{}))
	form := regexp.MustCompile(`^\["next", "(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?)", (\d+)\s+\]$`)
	l := readList(t, s, "/api/tickets?limit=50&order_by=updated_datetime:desc")
	b, err := base64.StdEncoding.DecodeString(*l.Meta.Next)
	m := form.FindStringSubmatch(string(b))
	if err != nil || m == nil || m[3] != number(l.Data[49].ID) {
		t.Fatalf("page token %q, %v", b, err)
	}
	last, _ := a.tickets.getListed(l.Data[49].ID)
	if at, _ := parseTimestamp(m[1]); at != last.updated {
		t.Errorf("page token %s, the last row was updated at %d", b, last.updated)
	}
	b, _ = base64.StdEncoding.DecodeString(*readList(t, s, "/api/users?limit=3").Meta.Next)
	if !regexp.MustCompile(`^\["next", ".+", \d+\s+\]$`).Match(b) || !json.Valid(b) {
		t.Errorf("page token %q", b)
	}
	b, _ = base64.StdEncoding.DecodeString(*readList(t, s, "/api/tags?limit=3&order_by=usage:desc,name:desc").Meta.Next)
	if !json.Valid(b) {
		t.Errorf("page token %q", b)
	}
}

// The pages of every list, in every order, together have the rows of Each.
func TestPagesOverHTTPEqualEach(t *testing.T) {
	s := unlimited(&Server{})
	for _, e := range listEndpoints() {
		for i, filter := range []string{"", "&object_type=Ticket", "&object_type=Customer", "&archived=true"} {
			if (e.path == "custom-fields") != strings.Contains(filter, "object") || i == 3 && e.path != "macros" {
				continue
			}
			for _, orderBy := range e.orders {
				if strings.HasPrefix(orderBy, "relevance") {
					continue
				}
				path := "/api/" + e.path + "?limit=100" + filter
				if !e.fixedOrder {
					path += "&order_by=" + orderBy
				}
				var got []int64
				for next := path; next != ""; {
					l := readList(t, s, next)
					got = append(got, ids(l)...)
					if next = ""; l.Meta.Next != nil {
						next = path + "&cursor=" + url.QueryEscape(*l.Meta.Next)
					}
				}
				n := len(got)
				slices.Sort(got)
				if got = slices.Compact(got); len(got) != n {
					t.Errorf("%s: %d rows, %d of them different", path, n, len(got))
				}
				var want []int64
				for row := range s.Each(e.path) {
					var r struct {
						ID       int64
						Type     string  `json:"object_type"`
						Archived *string `json:"archived_datetime"`
					}
					if err := json.Unmarshal(row, &r); err != nil {
						t.Fatalf("%s: %v in %s", e.path, err, row)
					}
					if e.path == "custom-fields" && !strings.HasSuffix(filter, r.Type) || e.path == "macros" && (r.Archived != nil) != (i == 3) {
						continue
					}
					want = append(want, r.ID)
				}
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("%s: %d rows, Each has %d", path, len(got), len(want))
				}
			}
		}
	}
}

func TestFiltersKeepMatchingRows(t *testing.T) {
	s, a := withAccount(unlimited(&Server{}))
	m := newModel(a)
	// check compares the rows of a filtered list with the expected ids
	check := func(path string, want []int64) {
		t.Helper()
		var got []int64
		for next := "/api/" + path + "&limit=37"; next != ""; {
			l := readList(t, s, next)
			got = append(got, ids(l)...)
			if next = ""; l.Meta.Next != nil {
				next = "/api/" + path + "&limit=37&cursor=" + url.QueryEscape(*l.Meta.Next)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("%s: %d rows %v, want %d %v", path, len(got), got[:min(len(got), 9)], len(want), want[:min(len(want), 9)])
		}
	}
	some := firstTicket + 3*33
	tk := m.tickets[some]
	check("tickets?trashed=false", idsWhere(m.tickets, func(t ticket) bool { return t.trashed == 0 }))
	check("tickets?trashed=true", idsWhere(m.tickets, func(ticket) bool { return true }))
	check("tickets?customer_id="+number(tk.customer), idsWhere(m.tickets, func(t ticket) bool { return t.customer == tk.customer }))
	check("tickets?ticket_ids="+number(some)+"&ticket_ids=1&ticket_ids="+number(some+3)+"&ticket_ids="+number(some), []int64{some, some + 3})
	check("messages?ticket_id="+number(some), idsWhere(m.messages, func(m message) bool { return m.ticket == some }))
	check("messages?ticket_id="+number(firstTicket), idsWhere(m.messages, func(m message) bool { return m.ticket == firstTicket }))
	check("events?types=ticket-closed&types=ticket-deleted", idsWhere(m.events, func(e event) bool { return e.eventType == "ticket-closed" || e.eventType == "ticket-deleted" }))
	check("events?user_ids="+number(firstUser)+"&user_ids="+number(firstUser+3), idsWhere(m.events, func(e event) bool { return e.userID == firstUser || e.userID == firstUser+3 }))
	e := m.events[firstEvent+2*700]
	check("events?object_id="+number(e.objectID), idsWhere(m.events, func(o event) bool { return o.objectID == e.objectID }))
	check("events?object_type="+e.objectType+"&object_id="+number(e.objectID), idsWhere(m.events, func(o event) bool { return o.objectID == e.objectID && o.objectType == e.objectType }))
	at := url.QueryEscape(string(e.created.appendTo(nil, true)))
	until := e.created + 20*day
	to := url.QueryEscape(string(until.appendTo(nil, false)))
	for _, dir := range []string{"&order_by=created_datetime:asc", "&order_by=created_datetime:desc"} {
		check("events?created_datetime[gte]="+at+dir, idsWhere(m.events, func(o event) bool { return o.created >= e.created }))
		check("events?created_datetime[gt]="+at+dir, idsWhere(m.events, func(o event) bool { return o.created > e.created }))
		check("events?created_datetime[lt]="+at+dir, idsWhere(m.events, func(o event) bool { return o.created < e.created }))
		check("events?created_datetime[lte]="+at+dir, idsWhere(m.events, func(o event) bool { return o.created <= e.created }))
		check("events?created_datetime%5Bgte%5D="+at+"&created_datetime%5Blt%5D="+to+dir, idsWhere(m.events, func(o event) bool { return o.created >= e.created && o.created < until }))
	}
	surveys := m.records["satisfaction-surveys"]
	for id, r := range surveys {
		check("satisfaction-surveys?ticket_id="+r.get("ticket_id"), []int64{id})
		break
	}
	check("jobs?status=done", idsWhere(m.records["jobs"], func(r record) bool { return r.get("status") == `"done"` }))
	check("integrations?type=http", idsWhere(m.records["integrations"], func(r record) bool { return r.get("type") == `"http"` }))
	check("users?roles=agent&roles=bot", idsWhere(m.records["users"], func(r record) bool {
		return r.get("role") == `{"name":"agent"}` || r.get("role") == `{"name":"bot"}`
	}))
	check("tags?search=VI", idsWhere(m.records["tags"], func(r record) bool { return strings.Contains(strings.ToLower(r.get("name")), "vi") }))
	check("phone/voice-call-events?call_id="+number(firstCall+4), idsWhere(m.records["phone/voice-call-events"], func(r record) bool { return r.get("call_id") == number(firstCall+4) }))
	check("customers?email=p"+number((firstCustomer+9)%1e7)+"@example.net", idsWhere(m.customers, func(c customer) bool { return c.email == `"p`+number((firstCustomer+9)%1e7)+`@example.net"` }))
}

func idsWhere[R row](rows map[int64]R, keep func(R) bool) []int64 {
	var ids []int64
	for id, r := range rows {
		if keep(r) {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestViewItemsAreFilteredAndSorted(t *testing.T) {
	s, a := withAccount(unlimited(&Server{}))
	m := newModel(a)
	for i, l := range viewFilters {
		view := firstView + int64(i)
		path := "views/" + number(view) + "/items"
		want := idsWhere(m.tickets, func(t ticket) bool { return l.keep != nil && l.keep(firstUser, &t) })
		order := l.orderBy
		for _, orderBy := range []string{"", "&order_by=created_datetime:asc"} {
			var got []int64
			for next := "/api/" + path + "?limit=7"; next != ""; {
				w := get(s, next+orderBy)
				var page struct {
					Data []struct{ ID int64 }
					Meta struct {
						Next, Prev *string
						NextItems  *string `json:"next_items"`
						PrevItems  *string `json:"prev_items"`
						Current    *string `json:"current_cursor"`
					}
				}
				if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != 200 {
					t.Fatalf("%s: %d %v %.200s", next, w.Code, err, w.Body)
				}
				if !strings.HasPrefix(w.Body.String(), `{"data":[`) || strings.Contains(w.Body.String(), `"object":"list"`) {
					t.Fatalf("not the envelope of items: %.100s", w.Body)
				}
				for _, r := range page.Data {
					got = append(got, r.ID)
				}
				if next = ""; page.Meta.NextItems != nil {
					if m := regexp.MustCompile(`^/api/views/\d+/items/\?direction=next&ignored_item=(\d+)&cursor=(.+)$`).FindStringSubmatch(*page.Meta.NextItems); m == nil || m[1] != number(got[len(got)-1]) {
						t.Fatalf("next_items %s", *page.Meta.NextItems)
					}
					next = *page.Meta.NextItems + "&limit=7"
				}
			}
			if l.customers {
				if len(got) != len(m.customers) {
					t.Errorf("%s: %d customers of %d", path, len(got), len(m.customers))
				}
				continue
			}
			rows := map[int64]ticket{}
			for _, id := range want {
				rows[id] = m.tickets[id]
			}
			sorted := sortedIDs(rows, order, true)
			if orderBy != "" {
				sorted = sortedIDs(rows, "created_datetime", false)
			}
			if !slices.Equal(got, sorted) {
				t.Errorf("%s %s%s: %d rows, want %d in order", l.name, path, orderBy, len(got), len(sorted))
			}
			if i != 4 && len(got) > 300 || len(got) == 0 {
				t.Errorf("%s: %d tickets", l.name, len(got))
			}
		}
		if n := len(allRows(s, path)); n == 0 {
			t.Errorf("Each(%s) has no rows", path)
		}
	}
}

func TestThreadIsPagedByNumber(t *testing.T) {
	s, a := withAccount(unlimited(&Server{}))
	for len(a.threadMessages(firstTicket)) < 65 {
		s.AddMessage(firstTicket)
	}
	want := a.threadMessages(firstTicket)
	path := "/api/tickets/" + number(firstTicket) + "/messages"
	var got []int64
	pages := (len(want) + 29) / 30
	for n := 1; n <= pages; n++ {
		w := get(s, path+"?page="+strconv.Itoa(n))
		var page struct {
			Data []struct {
				ID   int64
				Sent *string `json:"sent_datetime"`
			}
			Meta json.RawMessage
		}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		if meta := fmt.Sprintf(`{"page":%d,"per_page":30,"current_page":"%s/?page=%[1]d","item_count":%[3]d,"nb_pages":%[4]d}`, n, path, len(want), pages); string(page.Meta) != meta {
			t.Errorf("meta %s, want %s", page.Meta, meta)
		}
		for _, m := range page.Data {
			got = append(got, m.ID)
			if m.Sent != nil {
				t.Errorf("message %d has sent_datetime %s, want null", m.ID, *m.Sent)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("messages %v, want %v", got, want)
	}
	if w := get(s, path+"/"+number(want[0])); w.Code != 200 {
		t.Errorf("one message: %d", w.Code)
	}
}

func TestMergedRedirectsAndDeletedIsNotFound(t *testing.T) {
	s, a := withAccount(unlimited(&Server{}))
	b1, b2, b3 := firstTicket+30, firstTicket+60, firstTicket+90
	c1, c2 := firstCustomer+30, firstCustomer+60
	moved := a.threadMessages(b1)
	owned := a.ticketsOf(c1)
	if !s.MergeTickets(b1, b2) || !s.MergeTickets(b2, b3) || s.MergeTickets(b1, b3) || s.MergeTickets(b3, b3) || !s.MergeCustomers(c1, c2) || len(owned) == 0 {
		t.Fatal("a merge does not return whether it merged")
	}
	for _, test := range []struct{ path, location string }{
		{"/api/tickets/" + number(b1), "/api/tickets/" + number(b3)},
		{"/api/tickets/" + number(b1) + "/", "/api/tickets/" + number(b3)},
		{"/api/tickets/" + number(b2) + "/tags", "/api/tickets/" + number(b3) + "/tags"},
		{"/api/tickets/" + number(b1) + "/messages/" + number(moved[0]), "/api/tickets/" + number(b3) + "/messages/" + number(moved[0])},
		{"/api/tickets/" + number(firstTicket+2), "/api/tickets/" + number(firstTicket)}, // merged before the changes began
		{"/api/tickets/" + number(b1+2), "/api/tickets/" + number(b3)},
		{"/api/customers/" + number(c1), "/api/customers/" + number(c2)},
		{"/api/customers/" + number(c1) + "/custom-fields", "/api/customers/" + number(c2) + "/custom-fields"},
	} {
		w := get(s, test.path)
		if w.Code != 301 || w.Header().Get("Location") != test.location || w.Body.Len() != 0 {
			t.Errorf("GET %s: %d to %q, %q; want 301 to %s", test.path, w.Code, w.Header().Get("Location"), w.Body, test.location)
		}
	}
	for _, id := range moved {
		if m, _ := a.messages.get(id); m.ticket != b3 {
			t.Errorf("message %d is of ticket %d", id, m.ticket)
		}
	}
	for _, id := range owned {
		if tk, ok := a.tickets.get(id); ok && tk.customer != c2 {
			t.Errorf("ticket %d is of customer %d", id, tk.customer)
		}
	}
	thread := a.threadMessages(b3)
	if !s.DeleteTicket(b3) || s.DeleteTicket(b3) || !s.DeleteCustomer(c2) {
		t.Fatal("a deletion does not return whether it deleted")
	}
	for _, path := range []string{"tickets/" + number(b3), "tickets/" + number(b1), "tickets/" + number(b3) + "/messages/" + number(thread[0]), "customers/" + number(c2), "customers/" + number(c1)} {
		if w := get(s, "/api/"+path); w.Code != 404 {
			t.Errorf("GET %s: %d", path, w.Code)
		}
	}
	for _, path := range []string{"tickets", "messages"} {
		for row := range s.Each(path) {
			if bytes.Contains(row, []byte(number(b3))) {
				t.Errorf("%s: %s", path, row)
			}
		}
	}
}

// Every named change writes its fields, moves updated_datetime or not, and adds
// its event.
func TestChangesWriteFieldsAndEvents(t *testing.T) {
	s, a := withAccount(unlimited(&Server{}))
	tk := s.AddTicket(time.Time{}, time.Time{}, time.Time{})
	for name, change := range map[string]struct {
		do    func() bool
		moves bool
		event string
	}{
		"touch":   {func() bool { return s.EditTicketSubject(tk) }, true, "ticket-subject-updated"},
		"close":   {func() bool { return s.CloseTicket(tk, true) }, true, "ticket-closed"},
		"assign":  {func() bool { return s.AssignTicket(tk) }, true, "ticket-assigned"},
		"message": {func() bool { return s.AddMessage(tk) != 0 }, true, "ticket-message-created"},
		"import":  {func() bool { return s.ImportMessage(tk, time.Now().AddDate(-1, 0, 0)) != 0 }, true, "ticket-message-created"},
		"tag":     {func() bool { return s.ToggleTicketTag(tk, firstTag) }, false, "ticket-tags-added"},
		"fill":    {func() bool { return s.EditTicketField(tk) }, false, "ticket-updated"},
		"trash":   {func() bool { return s.TrashTicket(tk, true) }, false, "ticket-trashed"},
		"spam":    {func() bool { return s.MarkTicketSpam(tk, true) }, false, "ticket-marked-spam"},
	} {
		before, _ := a.tickets.get(tk)
		body := get(s, "/api/tickets/"+number(tk)+"?relationships=custom_fields").Body.String()
		top := a.events.maxID
		if !change.do() {
			t.Errorf("%s: not done", name)
		}
		after, _ := a.tickets.get(tk)
		if moved := after.updated > before.updated; moved != change.moves {
			t.Errorf("%s: updated_datetime moved: %v", name, moved)
		}
		if name != "assign" && get(s, "/api/tickets/"+number(tk)+"?relationships=custom_fields").Body.String() == body {
			t.Errorf("%s: no change", name)
		}
		found := false
		for id := top + 1; id <= a.events.maxID; id++ {
			e, _ := a.events.get(id)
			found = found || e.eventType == change.event
		}
		if !found {
			t.Errorf("%s: no event %s", name, change.event)
		}
	}
	s.CloseTicket(tk, true)
	for range 100 { // until the customer writes a message
		if m, _ := a.messages.get(s.AddMessage(tk)); !m.agent {
			break
		}
	}
	if reopened, _ := a.tickets.get(tk); !reopened.open || reopened.closed != 0 || reopened.lastReceived != reopened.updated || reopened.messages != len(a.threadMessages(tk)) {
		t.Errorf("the ticket after a message of the customer: %+v", reopened)
	}
	m := a.threadMessages(tk)[0]
	survey := s.ScheduleSurvey(tk)
	call := s.AddCall(tk)
	customer := s.AddCustomer()
	into := s.AddCustomer()
	recording := a.recordings.maxID
	for name, test := range map[string]struct {
		ok, want  bool
		path, has string
	}{
		"edit message":     {s.EditMessage(m), true, "/api/tickets/" + number(tk) + "/messages/" + number(m), `"body_text":"Edited: `},
		"fail message":     {s.FailMessage(m), true, "/api/tickets/" + number(tk) + "/messages/" + number(m), `"last_sending_error":{`},
		"open message":     {s.OpenMessage(m), true, "/api/tickets/" + number(tk) + "/messages/" + number(m), `"opened_datetime":"`},
		"delete message":   {s.DeleteMessage(m), true, "/api/tickets/" + number(tk) + "/messages/" + number(m), `"deleted_datetime":"`},
		"no message":       {s.DeleteMessage(1), false, "", ""},
		"schedule twice":   {s.ScheduleSurvey(tk) != 0, false, "", ""},
		"send survey":      {s.SendSurvey(survey), true, "/api/satisfaction-surveys/" + number(survey), `"sent_datetime":"`},
		"answer survey":    {s.AnswerSurvey(survey, 4), true, "/api/satisfaction-surveys/" + number(survey), `"score":4,"scored_datetime":"`},
		"call":             {call != 0, true, "/api/phone/voice-calls/" + number(call), `"ticket_id":`},
		"delete recording": {s.Deactivate("phone/voice-call-recordings", recording), true, "/api/phone/voice-call-recordings/" + number(recording), `"url":null`},
		"edit customer":    {s.EditCustomer(customer), true, "", ""},
		"merge customers":  {s.MergeCustomers(customer, into), true, "/api/customers/" + number(into), ""},
		"merge tags":       {s.MergeTags(firstTag+1, firstTag), true, "/api/tags/" + number(firstTag), ""},
		"merge no tags":    {s.MergeTags(firstTag+1, firstTag), false, "", ""},
		"delete a job":     {s.Delete("jobs", firstJob), false, "/api/jobs/" + number(firstJob), ""},
		"deactivate a tag": {s.Deactivate("tags", firstTag), false, "", ""},
	} {
		if test.ok != test.want {
			t.Errorf("%s: %v", name, test.ok)
		}
		if test.path != "" && (get(s, test.path).Code != 200 || !strings.Contains(get(s, test.path).Body.String(), test.has)) {
			t.Errorf("%s: %s", name, get(s, test.path).Body)
		}
	}
	for _, path := range []string{"users", "teams", "tags", "macros", "rules", "views", "custom-fields", "integrations", "widgets", "jobs"} {
		n := len(allRows(s, path))
		id := s.Add(path)
		if got := len(allRows(s, path)); id == 0 || got != n+1 {
			t.Errorf("%s: %d after %d and one more (%d)", path, got, n, id)
		}
		before := get(s, "/api/"+path+"/"+number(id)).Body.String()
		if !s.Edit(path, id) || get(s, "/api/"+path+"/"+number(id)).Body.String() == before {
			t.Errorf("%s: not edited", path)
		}
		s.Deactivate(path, id)
		if deleted := s.Delete(path, id); deleted != (path != "jobs") || (get(s, "/api/"+path+"/"+number(id)).Code == 404) != deleted {
			t.Errorf("%s: deleted %v", path, deleted)
		}
	}
}

func TestRateLimitIsALeakyBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{}
		limit := func(w *httptest.ResponseRecorder) string {
			return w.Header().Get("X-Gorgias-Account-Api-Call-Limit")
		}
		for i := range 40 {
			if w := get(s, "/api/account"); w.Code != 200 || limit(w) != fmt.Sprintf("%d/40", i+1) {
				t.Fatalf("request %d: %d, %s", i, w.Code, limit(w))
			}
		}
		for range 3 {
			w := get(s, "/api/account")
			if w.Code != 429 || limit(w) != "40/40" || w.Header().Get("Retry-After") != "1" || !strings.HasPrefix(w.Body.String(), `{"error":`) {
				t.Fatalf("request 41: %d, %s, %v %s", w.Code, limit(w), w.Header(), w.Body)
			}
		}
		time.Sleep(500*time.Millisecond - time.Nanosecond)
		if w := get(s, "/api/account"); w.Code != 429 {
			t.Errorf("before half a second: %d", w.Code)
		}
		time.Sleep(time.Nanosecond)
		if w := get(s, "/api/account"); w.Code != 200 || limit(w) != "40/40" {
			t.Errorf("after half a second: %d, %s", w.Code, limit(w))
		}
		time.Sleep(10 * time.Second)
		if w := get(s, "/api/nothing"); w.Code != 404 || limit(w) != "21/40" {
			t.Errorf("after ten seconds: %d, %s", w.Code, limit(w))
		}
		time.Sleep(time.Hour)
		if w := get(s, "/api/account"); limit(w) != "1/40" {
			t.Errorf("after an hour: %s", limit(w))
		}
		if s.Requests() != 47 || s.RateLimited() != 4 || s.Hits("account") != 42 {
			t.Errorf("%d requests, %d rate limited, %d hits", s.Requests(), s.RateLimited(), s.Hits("account"))
		}
		slow := &Server{Limit: 2, Window: 10 * time.Second}
		get(slow, "/api/account")
		get(slow, "/api/account")
		if w := get(slow, "/api/account"); w.Header().Get("Retry-After") != "5" {
			t.Errorf("Retry-After %q, want 5", w.Header().Get("Retry-After"))
		}
		free := unlimited(&Server{})
		for range 1000 {
			if w := get(free, "/api/account"); w.Code != 200 || !strings.HasSuffix(limit(w), "/1000000000") {
				t.Fatalf("%d, %s", w.Code, limit(w))
			}
		}
	})
}

// client returns an HTTP client that is connected to the server in memory.
func client(t *testing.T, s *Server) *http.Client {
	t.Helper()
	l := Listen()
	srv := &http.Server{Handler: s}
	go srv.Serve(l)
	tr := &http.Transport{DialContext: l.DialContext}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		srv.Close()
	})
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func TestResponsesAndFaultsOverListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := map[string]int{}
		s := &Server{Log: func(r *http.Request, status int) { log[r.URL.Path] = status }}
		c := client(t, s)
		request := func(path string, header ...string) (*http.Response, []byte, error) {
			r, err := http.NewRequest("GET", "http://sandbox"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.SetBasicAuth("sandbox@example.com", "sandbox-key")
			for i := 0; i+1 < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
			w, err := c.Do(r)
			if err != nil {
				return nil, nil, err
			}
			defer w.Body.Close()
			b, err := io.ReadAll(w.Body)
			return w, b, err
		}
		time.Sleep(42 * time.Second)
		w, plain, err := request("/api/tickets", "Accept-Encoding", "identity")
		if err != nil || w.StatusCode != 200 || w.Header.Get("Date") != "Sat, 01 Jan 2000 00:00:42 GMT" || w.Header.Get("Content-Encoding") != "" {
			t.Fatalf("%v %+v", err, w)
		}
		w, b, err := request("/api/tickets", "Accept-Encoding", "gzip")
		if err != nil || w.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%v %+v", err, w)
		}
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if unzipped, err := io.ReadAll(z); err != nil || !bytes.Equal(unzipped, plain) || len(b) >= len(plain)/2 {
			t.Errorf("%v: %d bytes, zipped %d", err, len(unzipped), len(b))
		}

		fault := &Fault{}
		s.Fail = func(*http.Request) *Fault { return fault }
		before := s.Hits("tickets")
		*fault = Fault{Status: 502, Delay: 3 * time.Second, Header: http.Header{"Retry-After": {"7"}}}
		start := time.Now()
		w, b, err = request("/api/tickets")
		if err != nil || w.StatusCode != 502 || w.Header.Get("Retry-After") != "7" || !strings.HasPrefix(w.Header.Get("Content-Type"), "text/html") || !bytes.HasPrefix(b, []byte("<html>")) || time.Since(start) != 3*time.Second {
			t.Errorf("%v %+v %s after %v", err, w, b, time.Since(start))
		}
		*fault = Fault{Status: 403}
		if w, b, err = request("/api/tickets"); err != nil || w.StatusCode != 403 || string(b) != `{"error":{"msg":"Forbidden"}}` {
			t.Errorf("%v %+v %s", err, w, b)
		}
		*fault = Fault{Status: 200, Body: "[]"}
		if w, b, err = request("/api/tickets"); err != nil || w.StatusCode != 200 || string(b) != "[]" {
			t.Errorf("%v %+v %s", err, w, b)
		}
		if n := s.Hits("tickets"); n != before {
			t.Errorf("%d faults reached the account", n-before)
		}
		*fault = Fault{Truncate: 100}
		if _, b, err = request("/api/tickets"); err != nil || !bytes.Equal(b, plain[:100]) {
			t.Errorf("cut: %v, %d bytes", err, len(b))
		}
		*fault = Fault{Truncate: -1}
		if w, b, err = request("/api/tickets"); err != nil || len(b) != 0 || w.StatusCode != 200 {
			t.Errorf("cut to nothing: %v, %d bytes", err, len(b))
		}
		*fault = Fault{Disconnect: true}
		if _, b, err = request("/api/tickets"); !errors.Is(err, io.ErrUnexpectedEOF) || len(b) != len(plain)/2 {
			t.Errorf("broken: %v, %d bytes", err, len(b))
		}
		*fault = Fault{Disconnect: true, Truncate: 7}
		if _, b, err = request("/api/tickets"); !errors.Is(err, io.ErrUnexpectedEOF) || len(b) != 7 {
			t.Errorf("broken at 7: %v, %d bytes", err, len(b))
		}
		*fault = Fault{}
		if w, b, err = request("/api/tickets/" + number(firstTicket+2)); err != nil || w.StatusCode != 301 || len(b) != 0 || w.Header.Get("Content-Type") != "" {
			t.Errorf("%v %+v %s", err, w, b)
		}
		if log["/api/tickets"] != 200 || log["/api/tickets/"+number(firstTicket+2)] != 301 {
			t.Errorf("log %v", log)
		}
	})
}

func TestClosedListenerFails(t *testing.T) {
	l := Listen()
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("accepts after Close")
	}
	if _, err := l.DialContext(t.Context(), "tcp", "x:1"); err == nil {
		t.Error("dials after Close")
	}
}

func TestChangeRate(t *testing.T) {
	s, a := withAccount(unlimited(&Server{}))
	quiet := a.lastSeq
	for range 100 {
		get(s, "/api/account")
	}
	if a.lastSeq != quiet {
		t.Error("a quiet account changed")
	}
	// the clock does not advance, so that every change takes one microsecond
	synctest.Test(t, func(t *testing.T) {
		s, a := withAccount(unlimited(&Server{ChangeRate: 2.5}))
		get(s, "/api/account")
		start := a.lastChange
		for range 1000 {
			get(s, "/api/account")
		}
		if n := a.lastChange - start; n < 2400 || n > 2600 {
			t.Errorf("%d changes in 1000 requests, want about 2500", n)
		}
	})
}

func TestConcurrentRequestsSucceed(t *testing.T) {
	s := unlimited(&Server{ChangeRate: 1, Fail: func(*http.Request) *Fault { return nil }})
	done := make(chan int)
	for i := range 4 {
		go func() {
			n := 0
			for k := range 40 {
				w := get(s, "/api/"+[]string{"tickets", "messages", "events", "views/" + number(firstView+3) + "/items"}[(i+k)%4]+"?limit=50")
				n += w.Code
				s.Mutate(rand.New(rand.NewPCG(uint64(i), uint64(k))))
				s.Requests()
			}
			done <- n
		}()
	}
	for range 4 {
		if n := <-done; n != 40*200 {
			t.Errorf("not all responses were 200: %d", n)
		}
	}
}

// TestPolite checks that a polite account has no control characters and no halves of
// characters, and that its free-form fields are objects. Another one has both.
func TestPolite(t *testing.T) {
	awkward := []string{`\u0000`, `\ud83d`, "\u2028", `"meta":7`, `"meta":false`, `"data":"vip"`, `nul`}
	for _, polite := range []bool{true, false} {
		s := &Server{Seed: 1, Limit: 100_000, Polite: polite}
		var all strings.Builder
		for _, path := range []string{"tickets", "messages", "customers", "tags", "satisfaction-surveys", "users"} {
			for token := ""; ; {
				r := httptest.NewRequest(http.MethodGet, "/api/"+path+"?limit=100&cursor="+url.QueryEscape(token), nil)
				if token == "" {
					r = httptest.NewRequest(http.MethodGet, "/api/"+path+"?limit=100", nil)
				}
				r.SetBasicAuth(defaultEmail, defaultKey)
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				var page struct {
					Meta struct {
						Next *string `json:"next_cursor"`
					} `json:"meta"`
				}
				if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != http.StatusOK {
					t.Fatalf("%s: %d %v %.200s", path, w.Code, err, w.Body)
				}
				all.Write(w.Body.Bytes())
				if page.Meta.Next == nil {
					break
				}
				token = *page.Meta.Next
			}
		}
		for _, text := range awkward[:3] {
			if strings.Contains(all.String(), text) == polite {
				t.Errorf("polite: %v, %q", polite, text)
			}
		}
		if polite && (strings.Contains(all.String(), awkward[3]) || strings.Contains(all.String(), awkward[4]) || strings.Contains(all.String(), awkward[5])) {
			t.Error("a polite account has values of wrong types")
		}
	}
}
