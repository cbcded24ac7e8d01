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

// statsBody returns the body of a query about the days from one date until
// before another.
func statsBody(scope, from, to, rest string) string {
	return fmt.Sprintf(`{"query":{"scope":%q,"timezone":"UTC","filters":[{"member":"periodStart","operator":"afterDate","values":[%q]},{"member":"periodEnd","operator":"beforeDate","values":[%q]}]%s}}`,
		scope, from, to, rest)
}

func TestInvalidStatsQueriesAreRejected(t *testing.T) {
	s := unlimited(&Server{})
	const counts = `,"measures":["ticketCount"]`
	good := statsBody("tickets-created", "2026-01-01", "2026-02-01", counts)
	for _, c := range []struct {
		path, body string
		status     int
		has        string
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
		{"", statsBody("tickets", "2026-01-01", "2026-02-01", counts), 400, `"scope":`},
		{"", statsBody("voice-calls", "2026-01-01", "2026-02-01", counts), 400, `"measures":`},
		{"", statsBody("voice-calls", "2026-01-01", "2026-02-01", `,"measures":["voiceCallsCount"]`), 500, ``},
		{"", strings.Replace(good, "UTC", "Mars/Base", 1), 400, `"timezone":`},
		{"", strings.Replace(good, `"UTC"`, `""`, 1), 400, `"timezone":`},
		{"", strings.Replace(good, "afterDate", "set", 1), 400, `"filters":`},
		{"", strings.Replace(good, "periodEnd", "periodStart", 1), 400, `"filters":`},
		{"", strings.Replace(good, "periodEnd", "teamId", 1), 400, `"filters":`},
		{"", strings.Replace(good, "2026-02-01", "yesterday", 1), 400, `"periodEnd":`},
		{"", statsBody("tickets-created", "2025-01-01", "2026-01-02", counts), 200, ``},                             // 366 days
		{"", statsBody("tickets-created", "2025-01-01", "2026-01-03", counts), 400, `"filters":`},                   // 367
		{"", statsBody("tickets-created", "2026-02-01", "2026-01-01", counts), 400, `"filters":`},                   //
		{"", statsBody("tickets-created", "2026-01-01", "2026-02-01", `,"measures":["count"]`), 400, `"measures":`}, //
		{"", statsBody("tickets-created", "2026-01-01", "2026-02-01", ``), 400, `"measures":`},                      //
		{"", statsBody("tickets-created", "2026-01-01", "2026-02-01", counts+`,"dimensions":["teamId"]`), 400, `"dimensions":["Must be one of: ticketId`},
		{"", statsBody("workload-tickets", "2026-01-01", "2026-02-01", counts+`,"dimensions":["agentId"]`), 400, `"dimensions":`},
		{"", statsBody("tickets-created", "2026-01-01", "2026-02-01", counts+`,"time_dimensions":[{"dimension":"closedDatetime","granularity":"day"}]`), 400, `"time_dimensions":`},
		{"", statsBody("tickets-created", "2026-01-01", "2026-02-01", counts+`,"time_dimensions":[{"dimension":"createdDatetime","granularity":"year"}]`), 400, `"time_dimensions":`},
		{"", statsBody("ticket-fields", "2026-01-01", "2026-02-01", counts), 400, `customFieldId is required`},
	} {
		if w := post(s, "/api/reporting/stats"+c.path, c.body); w.Code != c.status || !strings.Contains(w.Body.String(), c.has) {
			t.Errorf("%s %s: %d %s; want %d %s", c.path, c.body, w.Code, w.Body, c.status, c.has)
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

// The pages of every scope together are all its rows, and a page token is valid
// for its own query only.
func TestStatsPagesEqualStatistics(t *testing.T) {
	s := unlimited(&Server{Epoch: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)})
	var last string
	for _, own := range scopes() {
		scope, _ := findScope(own.name)
		var names []string
		for name := range scope.measures {
			names = append(names, name)
		}
		slices.Sort(names)
		measures, _ := json.Marshal(names)
		dimensions, _ := json.Marshal(append([]string{}, scope.dimensions...))
		body := statsBody(scope.name, "2025-07-01", "2026-06-01", fmt.Sprintf(`,"measures":%s,"dimensions":%s,"time_dimensions":[{"dimension":%q,"granularity":"day"}]`, measures, dimensions, scope.timeDimensions[0]))
		if scope.requiredFilter != "" {
			body = strings.Replace(body, `"filters":[`, fmt.Sprintf(`"filters":[{"member":%q,"operator":"one-of","values":[%d,%d]},`, scope.requiredFilter, firstField, firstField+1), 1)
		}
		var rows []string
		for token, pages := "", 0; ; pages++ {
			w := post(s, "/api/reporting/stats?limit=7"+token, body)
			var page struct {
				Data []json.RawMessage
				Meta struct {
					Next *string `json:"next_cursor"`
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != 200 || len(page.Data) > 7 {
				t.Fatalf("%s: %d, %d rows, %v", scope.name, w.Code, len(page.Data), err)
			}
			for _, raw := range page.Data {
				rows = append(rows, string(raw))
			}
			if page.Meta.Next == nil {
				break
			}
			token = "&cursor=" + url.QueryEscape(*page.Meta.Next)
			last = token
		}
		var all []string
		for _, raw := range s.Statistics([]byte(body)) {
			all = append(all, string(raw))
		}
		if len(all) < 3 || !slices.Equal(rows, all) {
			t.Errorf("%s: %d rows in pages, %d at once", scope.name, len(rows), len(all))
		}
	}
	if w := post(s, "/api/reporting/stats?limit=7"+last, statsBody("tags", "2025-07-01", "2026-06-01", `,"measures":["ticketCount"]`)); w.Code != 400 {
		t.Errorf("the page token of another query: %d", w.Code)
	}
}

// The statistics count what the lists show, by the days of a time zone, and
// change with the lists.
func TestStatsCountListedTickets(t *testing.T) {
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
		body := strings.Replace(statsBody("tickets-created", "2026-01-01", "2026-03-01", `,"measures":["ticketCount"],"dimensions":["channel"],"time_dimensions":[{"dimension":"createdDatetime","granularity":"day"}]`), "UTC", zone.String(), 1)
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

func TestStatsQuirksSwitchReadings(t *testing.T) {
	for _, c := range []struct {
		quirks Quirks
		status int
		has    string
		lacks  string
	}{
		{Quirks{}, 200, `"createdDatetime":"2026-04-05T00:00:00.000"`, ""},
		{Quirks{DayColumn: ".day"}, 200, `"createdDatetime.day":"2026-04-05T00:00:00.000"`, `"createdDatetime":`},
		{Quirks{DayColumn: "bucket"}, 200, `"bucket":"2026-04-05T00:00:00.000"`, `"createdDatetime":`},
		{Quirks{DayColumn: "-"}, 200, `"ticketCount":`, `2026-04`},
		{Quirks{DaysInUTC: true}, 200, `"createdDatetime":"2026-04-05T04:00:00.000Z"`, ""},
		{Quirks{PeriodStartExclusive: true}, 200, `"createdDatetime":"2026-04-06`, `"createdDatetime":"2026-04-05`},
		{Quirks{StatsStatus201: true}, 201, `"createdDatetime":"2026-04-05`, ""},
	} {
		s := unlimited(&Server{Epoch: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Quirks: c.quirks})
		body := statsBody("tickets-created", "2026-04-05", "2026-04-10", `,"measures":["ticketCount"],"time_dimensions":[{"dimension":"createdDatetime","granularity":"day"}]`)
		w := post(s, "/api/reporting/stats", strings.Replace(body, "UTC", "America/New_York", 1))
		if text := w.Body.String(); w.Code != c.status || !strings.Contains(text, c.has) || c.lacks != "" && strings.Contains(text, c.lacks) {
			t.Errorf("%+v: %d %s", c.quirks, w.Code, text)
		}
	}
}
