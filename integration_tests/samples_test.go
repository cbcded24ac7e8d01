package integration_tests

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"source-gorgias/connector/cli"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// samples are recorded responses, by the path that returns them.
var samples = map[string]string{
	"account": "account.get", "account/settings": "account-settings.list", "customers": "customers.list",
	"custom-fields": "custom-fields.list", "events": "events.list", "integrations": "integrations.list", "jobs": "jobs.list",
	"macros": "macros.list", "rules": "rules.list", "satisfaction-surveys": "satisfaction-surveys.list", "tags": "tags.list",
	"teams": "teams.list", "messages": "messages.list", "tickets": "tickets.list", "users": "users.list", "views": "views.list",
	"views/{id}/items": "view-items.list", "phone/voice-calls": "voice-calls.list", "phone/voice-call-events": "voice-call-events.list",
	"phone/voice-call-recordings": "voice-call-recordings.list", "widgets": "widgets.list",
	"reporting/stats": "reporting-stats.post", "metric-cards": "metric-cards.list",
}

// unusedSamples are responses from which no stream is read.
var unusedSamples = []string{
	"customer-custom-field-values.list", "customer.get", "errors", "search.post", "stats-overview.post",
	"ticket-custom-field-values.list", "ticket-messages.legacy.list", "ticket-tags.list", "ticket.get",
}

// TestSamples serves every sample with a plain HTTP server and reads it with
// the program: no field is unrecognized, no value is nulled, every record fits
// the discovered schema.
func TestSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/samples/*.json")
	if err != nil || len(files) != len(samples)+len(unusedSamples) {
		t.Fatalf("%d samples, %v; expected %d", len(files), err, len(samples)+len(unusedSamples))
	}
	bodies := map[string][]byte{}
	rows := map[string]int{}
	for path, name := range samples {
		body, err := os.ReadFile(filepath.Join("testdata", "samples", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Data     []json.RawMessage
			Response json.RawMessage // next to the query, if there is one
		}
		if err := json.Unmarshal(body, &page); err != nil {
			t.Fatal(err)
		}
		if page.Response != nil {
			if err := json.Unmarshal(page.Response, &page); err != nil {
				t.Fatal(err)
			}
			body = page.Response
		}
		bodies[path], rows[path] = body, max(1, len(page.Data))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/api/")
		if strings.HasPrefix(path, "views/") {
			path = "views/{id}/items"
		}
		body, q := bodies[path], r.URL.Query()
		if body == nil {
			http.NotFound(w, r)
			return
		}
		if r.Method == http.MethodPost {
			if asked := period(r.Body); asked[0] > "2026-02-01" || asked[1] <= "2026-02-01" {
				q.Set("cursor", "another day than the sample's")
			}
		}
		switch {
		case q.Has("cursor"), q.Get("archived") == "true", q.Get("object_type") == "Customer": // there is one page
			body = []byte(`{"data": [], "meta": {"prev_cursor": null, "next_cursor": null, "next_items": null}}`)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	}))
	defer server.Close()

	config := filepath.Join(t.TempDir(), "config.json")
	text := `{"subdomain":"acme-outdoor","base_url":"` + server.URL + `","start_date":"2020-01-01","reports":[{"scope":"tickets-created","dimensions":["channel"]}],"credentials":{"auth_type":"api_key","email":"a@b.example","api_key":"k"}}`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code, _ := cli.Main(t.Context(), []string{"source-gorgias", "read", "--config", config}, nil, &out, &errs); code != 0 || errs.Len() > 0 {
		t.Fatalf("exit code %d, %s\n%s", code, errs.String(), out.String())
	}

	schemas := map[string]*jsonschema.Schema{}
	for _, s := range streams.All() {
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat = true
		if err := compiler.AddResource(s.Name, bytes.NewReader(s.Schema(""))); err != nil {
			t.Fatal(err)
		}
		schemas[s.Name] = compiler.MustCompile(s.Name)
	}
	got := map[string]int{}
	for line := range bytes.Lines(out.Bytes()) {
		var m struct {
			Type   string
			Record struct {
				Stream string
				Data   map[string]any
				Meta   json.RawMessage
			}
		}
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&m); err != nil {
			t.Fatal(err)
		}
		if m.Type != "RECORD" {
			continue
		}
		r := m.Record
		got[r.Stream]++
		if err := schemas[r.Stream].Validate(r.Data); err != nil {
			t.Errorf("%s: %#v", r.Stream, err)
		}
		if rest, ok := r.Data["unrecognized_fields"]; !ok || rest != nil {
			t.Errorf("%s: unrecognized fields: %v", r.Stream, rest)
		}
		if r.Meta != nil {
			t.Errorf("%s: lost: %s", r.Stream, r.Meta)
		}
		for _, k := range streams.Find(r.Stream).Key {
			if r.Data[k] == nil {
				t.Errorf("%s: %s is null", r.Stream, k)
			}
		}
	}
	want := map[string]int{
		"ticket_tags": 2, "ticket_custom_field_values": 2, "customer_custom_field_values": 1, "ticket_message_attachments": 1,
	}
	for _, s := range streams.All() {
		switch {
		case s.Mode == stream.PerParent:
			want[s.Name] = rows[s.Path] * rows["views"]
		case s.Path != "":
			want[s.Name] = rows[s.Path]
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("records per stream:\n got %v\nwant %v", got, want)
	}
}

// period returns the first day and the day after the last of a query.
func period(body io.Reader) (days [2]string) {
	var question struct {
		Query struct{ Filters []struct{ Values []string } }
	}
	_ = json.NewDecoder(body).Decode(&question)
	for i, f := range question.Query.Filters {
		days[i] = f.Values[0]
	}
	return days
}
