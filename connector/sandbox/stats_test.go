package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func post(s *Server, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.SetBasicAuth("sandbox@example.com", "sandbox-key")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// asking is a question about the days from one date to before another.
func asking(scope, from, to, rest string) string {
	return fmt.Sprintf(`{"query":{"scope":%q,"timezone":"UTC","filters":[{"member":"periodStart","operator":"afterDate","values":[%q]},{"member":"periodEnd","operator":"beforeDate","values":[%q]}]%s}}`,
		scope, from, to, rest)
}

func TestStatsRefused(t *testing.T) {
	s := unlimited(&Server{})
	const counts = `,"measures":["ticketCount"]`
	good := asking("tickets-created", "2026-01-01", "2026-02-01", counts)
	for _, c := range []struct {
		path, body string
		status     int
		says       string
	}{
		{"", good, 200, `"meta":{"prev_cursor":null,"next_cursor":null}`},
		{"/", good, 200, `"object":"list"`},
		{"?limit=10000", good, 200, ""},
		{"?limit=10001", good, 400, `"limit":`},
		{"?limit=0", good, 400, `"limit":`},
		{"?order_by=x", good, 400, `"order_by":`},
		{"?cursor=abc", good, 400, `"cursor":`},
		{"", ``, 400, `"query":`},
		{"", `{}`, 400, ``},
		{"", `{"query":{"scop":"tags"}}`, 400, `"query":`},
		{"", good + good, 400, `"query":`},
		{"", asking("tickets", "2026-01-01", "2026-02-01", counts), 400, `"scope":`},
		{"", asking("voice-calls", "2026-01-01", "2026-02-01", counts), 500, ``},
		{"", strings.Replace(good, "UTC", "Mars/Base", 1), 400, `"timezone":`},
		{"", strings.Replace(good, `"UTC"`, `""`, 1), 400, `"timezone":`},
		{"", strings.Replace(good, "afterDate", "set", 1), 400, `"filters":`},
		{"", strings.Replace(good, "periodEnd", "periodStart", 1), 400, `"filters":`},
		{"", strings.Replace(good, "periodEnd", "teamId", 1), 400, `"filters":`},
		{"", strings.Replace(good, "2026-02-01", "yesterday", 1), 400, `"periodEnd":`},
		{"", asking("tickets-created", "2025-01-01", "2026-01-02", counts), 200, ``},                             // 366 days
		{"", asking("tickets-created", "2025-01-01", "2026-01-03", counts), 400, `"filters":`},                   // 367
		{"", asking("tickets-created", "2026-02-01", "2026-01-01", counts), 400, `"filters":`},                   //
		{"", asking("tickets-created", "2026-01-01", "2026-02-01", `,"measures":["count"]`), 400, `"measures":`}, //
		{"", asking("tickets-created", "2026-01-01", "2026-02-01", ``), 400, `"measures":`},                      //
		{"", asking("tickets-created", "2026-01-01", "2026-02-01", counts+`,"dimensions":["teamId"]`), 400, `"dimensions":["Must be one of: agentId`},
		{"", asking("zero-touch-tickets", "2026-01-01", "2026-02-01", counts+`,"dimensions":["agentId"]`), 400, `"dimensions":`},
		{"", asking("tickets-created", "2026-01-01", "2026-02-01", counts+`,"time_dimensions":[{"dimension":"closedDatetime","granularity":"day"}]`), 400, `"time_dimensions":`},
		{"", asking("tickets-created", "2026-01-01", "2026-02-01", counts+`,"time_dimensions":[{"dimension":"createdDatetime","granularity":"year"}]`), 400, `"time_dimensions":`},
		{"", asking("ticket-fields", "2026-01-01", "2026-02-01", counts), 400, `customFieldId is required`},
	} {
		if w := post(s, "/api/reporting/stats"+c.path, c.body); w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s: %d %s; want %d %s", c.path, c.body, w.Code, w.Body, c.status, c.says)
		}
	}
	if w := get(s, "/api/reporting/stats"); w.Code != 405 {
		t.Errorf("a GET: %d", w.Code)
	}
	r := httptest.NewRequest("POST", "/api/reporting/stats", strings.NewReader(good))
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != 401 {
		t.Errorf("without credentials: %d", w.Code)
	}
	tight := &Server{Limit: 1}
	post(tight, "/api/reporting/stats", good)
	if w := post(tight, "/api/reporting/stats", good); w.Code != 429 {
		t.Errorf("with a full bucket: %d", w.Code)
	}
	if w := post(unlimited(&Server{Forbidden: []string{"reporting"}}), "/api/reporting/stats", good); w.Code != 403 {
		t.Errorf("forbidden: %d", w.Code)
	}
}

// Every scope answers, in pages that are together the whole; a cursor is good
// for its own question only.
func TestStatsPages(t *testing.T) {
	s := unlimited(&Server{Epoch: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)})
	var last string
	for _, topic := range scopes() {
		var names []string
		for name := range topic.measures {
			names = append(names, name)
		}
		slices.Sort(names)
		ask, _ := json.Marshal(names)
		by, _ := json.Marshal(append([]string{}, topic.dimensions...))
		body := asking(topic.name, "2025-07-01", "2026-06-01", fmt.Sprintf(`,"measures":%s,"dimensions":%s,"time_dimensions":[{"dimension":%q,"granularity":"day"}]`, ask, by, topic.timeDimension))
		if topic.requiredFilter != "" {
			body = strings.Replace(body, `"filters":[`, fmt.Sprintf(`"filters":[{"member":%q,"operator":"one-of","values":[%d,%d]},`, topic.requiredFilter, firstField, firstField+1), 1)
		}
		var rows []string
		for cursor, pages := "", 0; ; pages++ {
			w := post(s, "/api/reporting/stats?limit=7"+cursor, body)
			var page struct {
				Data []json.RawMessage
				Meta struct {
					Next *string `json:"next_cursor"`
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != 200 || len(page.Data) > 7 {
				t.Fatalf("%s: %d, %d rows, %v", topic.name, w.Code, len(page.Data), err)
			}
			for _, raw := range page.Data {
				rows = append(rows, string(raw))
			}
			if page.Meta.Next == nil {
				break
			}
			cursor = "&cursor=" + url.QueryEscape(*page.Meta.Next)
			last = cursor
		}
		var whole []string
		for _, raw := range s.Statistics([]byte(body)) {
			whole = append(whole, string(raw))
		}
		if len(whole) < 3 || !slices.Equal(rows, whole) {
			t.Errorf("%s: %d rows in pages, %d at once", topic.name, len(rows), len(whole))
		}
	}
	if w := post(s, "/api/reporting/stats?limit=7"+last, asking("tags", "2025-07-01", "2026-06-01", `,"measures":["ticketCount"]`)); w.Code != 400 {
		t.Errorf("a cursor of another question: %d", w.Code)
	}
}

// What is counted is what the lists show, in the days of a zone, and it changes
// with them.
func TestStatsCount(t *testing.T) {
	s := unlimited(&Server{Epoch: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)})
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		want := map[string]int{}
		for row := range s.Each("tickets") {
			var k struct {
				Created time.Time  `json:"created_datetime"`
				Trashed *time.Time `json:"trashed_datetime"`
				Spam    bool
				Channel string
			}
			if err := json.Unmarshal(row, &k); err != nil {
				t.Fatal(err)
			}
			if at := k.Created.In(zone); k.Trashed == nil && !k.Spam && at.Format(time.DateOnly) >= "2026-01-01" && at.Format(time.DateOnly) < "2026-03-01" {
				want[at.Format(time.DateOnly)+" "+k.Channel]++
			}
		}
		got := map[string]int{}
		body := strings.Replace(asking("tickets-created", "2026-01-01", "2026-03-01", `,"measures":["ticketCount"],"dimensions":["channel"],"time_dimensions":[{"dimension":"createdDatetime","granularity":"day"}]`), "UTC", zone.String(), 1)
		for _, row := range s.Statistics([]byte(body)) {
			var k struct {
				Created string `json:"createdDatetime"`
				Channel string
				Count   int `json:"ticketCount"`
			}
			if err := json.Unmarshal(row, &k); err != nil {
				t.Fatal(err)
			}
			got[strings.TrimSuffix(k.Created, "T00:00:00.000")+" "+k.Channel] += k.Count
		}
		if len(want) < 20 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v\nwant %v", got, want)
		}
	}
	check()
	for i := range int64(250) {
		s.MarkTicketSpam(firstTicket+3*i, i%2 == 0)
	}
	check()
}

func TestStatsQuirks(t *testing.T) {
	for _, c := range []struct {
		doubts Quirks
		status int
		says   string
		hides  string
	}{
		{Quirks{}, 200, `"createdDatetime":"2026-04-05T00:00:00.000"`, ""},
		{Quirks{DayColumn: ".day"}, 200, `"createdDatetime.day":"2026-04-05T00:00:00.000"`, `"createdDatetime":`},
		{Quirks{DayColumn: "bucket"}, 200, `"bucket":"2026-04-05T00:00:00.000"`, `"createdDatetime":`},
		{Quirks{DayColumn: "-"}, 200, `"ticketCount":`, `2026-04`},
		{Quirks{DaysInUTC: true}, 200, `"createdDatetime":"2026-04-05T04:00:00.000Z"`, ""},
		{Quirks{PeriodStartExclusive: true}, 200, `"createdDatetime":"2026-04-06`, `"createdDatetime":"2026-04-05`},
		{Quirks{StatsStatus201: true}, 201, `"createdDatetime":"2026-04-05`, ""},
	} {
		s := unlimited(&Server{Epoch: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Quirks: c.doubts})
		body := asking("tickets-created", "2026-04-05", "2026-04-10", `,"measures":["ticketCount"],"time_dimensions":[{"dimension":"createdDatetime","granularity":"day"}]`)
		w := post(s, "/api/reporting/stats", strings.Replace(body, "UTC", "America/New_York", 1))
		if text := w.Body.String(); w.Code != c.status || !strings.Contains(text, c.says) || c.hides != "" && strings.Contains(text, c.hides) {
			t.Errorf("%+v: %d %s", c.doubts, w.Code, text)
		}
	}
}
