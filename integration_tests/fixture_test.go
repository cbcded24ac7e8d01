// Package integration_tests tests the program from outside, and the engine
// against a sandbox.
package integration_tests

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/conform"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// inMemory is a network without connections: requests go straight to a handler,
// and take no time in a synctest bubble.
type inMemory struct{ http.Handler }

func (d inMemory) RoundTrip(r *http.Request) (res *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	defer func() {
		if v := recover(); v == http.ErrAbortHandler { // the connection was closed within the body
			res, err = rec.Result(), nil
			res.Body = io.NopCloser(io.MultiReader(res.Body, brokenBody{}))
		} else if v != nil {
			panic(v)
		}
	}()
	d.ServeHTTP(rec, r)
	return rec.Result(), nil
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// fixture is a sandbox account and a client that reads it.
type fixture struct {
	box    *sandbox.Server
	client *gorgias.Client
	budget *gorgias.RateLimiter
}

// unlimited is a rate limit that no test reaches.
const unlimited = 1_000_000

func newFixture(t testing.TB, box *sandbox.Server) *fixture {
	return newFixtureBehind(t, box, inMemory{box})
}

// newFixtureBehind uses a network between account and client.
func newFixtureBehind(t testing.TB, box *sandbox.Server, net http.RoundTripper) *fixture {
	t.Helper()
	h := &fixture{box: box, budget: gorgias.NewRateLimiter(0.1)}
	var err error
	h.client, err = gorgias.New(gorgias.Options{
		Origin: "https://sandbox.gorgias.com", Auth: gorgias.Basic("sandbox@example.com", "sandbox-key"),
		Transport: net, RateLimiter: h.budget,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// plan returns a plan that reads streams from their bookmarks.
func (h *fixture) plan(names []string, marks map[string]state.Bookmark) *connector.Plan {
	p := &connector.Plan{
		Options:     reader.Options{Client: h.client, Overlap: 10 * time.Minute, Start: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)},
		RateLimiter: h.budget, Bookmarks: marks, Concurrency: 4, Reports: parseReports(someReports),
	}
	for _, n := range names {
		s := streams.Find(n)
		if s == nil {
			panic("no stream " + n)
		}
		p.Streams = append(p.Streams, s)
	}
	return p
}

// allStreams returns the names of the table's rows.
func allStreams() []string { return streamNames(streams.All()) }

func streamNames(streams []*stream.Stream) (names []string) {
	for _, s := range streams {
		names = append(names, s.Name)
	}
	return names
}

// withoutAsOf returns a record without the time at which it was read, which
// differs between reads.
func withoutAsOf(raw []byte) string { return asOf.ReplaceAllString(string(raw), "") }

var asOf = regexp.MustCompile(`,"as_of_datetime":"[^"]*"`)

// keyOf returns a record's primary key as a string.
func keyOf(s *stream.Stream, raw []byte) string {
	parts := make([]string, len(s.Key))
	for i, name := range s.Key {
		value, _ := conform.Field(raw, name)
		parts[i] = string(value)
	}
	return strings.Join(parts, "/")
}

// cursorOf returns a record's cursor value.
func cursorOf(s *stream.Stream, raw []byte) time.Time {
	value, _ := conform.Field(raw, s.Cursor)
	at, _ := conform.ParseTimestamp(strings.Trim(string(value), `"`))
	return at
}

// expectedRecords returns every record of a stream that the account lists now,
// by key.
func expectedRecords(box *sandbox.Server, s *stream.Stream) map[string]string {
	rows := map[string]string{}
	put := func(raw []byte) { rows[keyOf(s, raw)] = string(raw) }
	switch s.Mode {
	case stream.Derived:
		for parent := range box.Each(s.Parent.Path) {
			for _, p := range s.Derive(parent) {
				put(p)
			}
		}
	case stream.PerParent:
		parent := s.Parent
		for row := range box.Each(parent.Path) {
			id := keyOf(parent, row)
			for item := range box.Each(strings.Replace(s.Path, "{id}", id, 1)) {
				put(fmt.Appendf(nil, `{%q:%s,%s`, s.Key[0], id, item[1:]))
			}
		}
	case stream.SingleObject:
		return nil // there is one object
	case stream.DailyReport:
		for _, r := range parseReports(someReports) {
			expectedReportRows(box, r, put)
		}
	default:
		for row := range box.Each(s.Path) {
			put(row)
		}
	}
	return rows
}

// parseReports parses a configuration's reports.
func parseReports(text string) []reports.Report {
	settings, err := config.Parse([]byte(`{"subdomain":"acme","credentials":{"email":"a@b.example","api_key":"k"},"reports":`+text+`}`), false)
	if err != nil {
		panic(err)
	}
	return settings.Reports
}

// expectedReportRows passes the current rows of a report to put, dated as their
// day starts.
func expectedReportRows(box *sandbox.Server, r reports.Report, put func(raw []byte)) {
	today := time.Now().Add(box.ClockOffset).In(r.Zone).Format(time.DateOnly)
	for year := 1980; year <= 2040; year++ {
		question, _ := json.Marshal(map[string]any{"query": map[string]any{
			"scope": r.Scope, "timezone": r.Zone.String(), "measures": r.Measures, "dimensions": r.Dimensions,
			"time_dimensions": []any{map[string]any{"dimension": r.TimeDimension, "granularity": "day"}},
			"filters": []any{
				map[string]any{"member": "periodStart", "operator": "afterDate", "values": []string{fmt.Sprintf("%d-01-01", year)}},
				map[string]any{"member": "periodEnd", "operator": "beforeDate", "values": []string{fmt.Sprintf("%d-01-01", year+1)}},
			},
		}})
		for _, row := range box.Statistics(question) {
			fields := decode(row).(map[string]any)
			day := fields[r.TimeDimension].(string)[:len(today)]
			if day > today {
				continue
			}
			begins, _ := time.ParseInLocation(time.DateOnly, day, r.Zone)
			dimensions, measures := map[string]any{}, map[string]any{}
			for _, name := range r.Dimensions {
				dimensions[name] = fields[name]
			}
			for _, name := range r.Measures {
				measures[name] = fields[name]
			}
			text, _ := json.Marshal(dimensions)
			raw, _ := json.Marshal(map[string]any{"report": r.Name, "day": day, "row": string(text), "timezone": r.Zone.String(),
				"dimensions": dimensions, "measures": measures, "as_of_datetime": begins.UTC()})
			put(raw)
		}
	}
}

// throughJSON encodes bookmarks and decodes them again.
func throughJSON(t testing.TB, marks map[string]state.Bookmark) map[string]state.Bookmark {
	t.Helper()
	out := map[string]state.Bookmark{}
	for name, mark := range marks {
		raw, err := json.Marshal(mark)
		if err != nil {
			t.Fatal(err)
		}
		if out[name], err = state.Parse(streams.Find(name), raw); err != nil {
			t.Fatalf("%s: %s: %v", name, raw, err)
		}
	}
	return out
}
