package integration_tests

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"source-gorgias/connector/config"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/sandbox"
)

// TestReportScopesAreAccepted: an account that rejects what the reference does not list
// accepts every scope with its defaults and with each of its dimensions, and every report of
// the preset; a scope of the preset can also be listed by itself.
func TestReportScopesAreAccepted(t *testing.T) {
	t.Parallel()
	box := &sandbox.Server{Limit: unlimited, Quirks: sandbox.Quirks{EveryScopeWorks: true}}
	accepts := func(list string) []reports.Report {
		t.Helper()
		settings, err := config.Parse(fmt.Appendf(nil, `{"subdomain":"acme","email":"a@example.com","api_key":"k","reports":%s}`, list), false)
		if err != nil {
			t.Fatalf("%s: %v", list, err)
		}
		for _, r := range settings.Reports {
			filters, err := json.Marshal(r.Filters)
			if err != nil {
				t.Fatal(err)
			}
			more := strings.TrimSuffix(strings.TrimPrefix(string(filters), "["), "]")
			if more == "null" {
				more = ""
			}
			body := fmt.Sprintf(`{"query":{"scope":%q,"timezone":"UTC","measures":[%s],"dimensions":[%s],"time_dimensions":[{"dimension":%q,"granularity":"day"}],
				"filters":[{"member":"periodStart","operator":"afterDate","values":["2026-01-01"]},{"member":"periodEnd","operator":"beforeDate","values":["2026-01-03"]}%s]}}`,
				r.Scope, quoted(r.Measures), quoted(r.Dimensions), r.TimeDimension, strings.TrimSuffix(","+more, ","))
			request := httptest.NewRequest("POST", "/api/reporting/stats", strings.NewReader(body))
			request.SetBasicAuth("sandbox@example.com", "sandbox-key")
			answer := httptest.NewRecorder()
			if box.ServeHTTP(answer, request); answer.Code != 200 {
				t.Errorf("%s %v %v by %s: %d %s", r.Scope, r.Measures, r.Dimensions, r.TimeDimension, answer.Code, answer.Body)
			}
		}
		return settings.Reports
	}
	scopes := reports.Scopes()
	for _, s := range scopes {
		filters := ""
		if s.Filter != "" {
			filters = fmt.Sprintf(`,"filters":[{"member":%q,"values":["319001"]}]`, s.Filter)
		}
		accepts(fmt.Sprintf(`[{"scope":%q%s}]`, s.Name, filters))
		for _, d := range s.Dimensions {
			if d != s.TimeDimension {
				accepts(fmt.Sprintf(`[{"scope":%q,"dimensions":[%q]%s}]`, s.Name, d, filters))
			}
		}
	}
	standard := accepts(`"standard"`)
	if len(standard) != len(reports.StandardReports()) || len(scopes) < 40 {
		t.Errorf("%d reports of the preset, %d scopes", len(standard), len(scopes))
	}
	for _, r := range accepts(`[{"scope":"standard","timezone":"Europe/Paris"},{"scope":"tags","dimensions":["tagId"],"measures":["ticketCount"]}]`) {
		if zone := r.Zone.String(); zone != "Europe/Paris" && r.Scope != "tags" || zone != "UTC" && r.Scope == "tags" {
			t.Errorf("%s is in %s", r.Name, zone)
		}
	}
	if _, err := config.Parse([]byte(`{"subdomain":"acme","email":"a@example.com","api_key":"k","reports":[{"scope":"standard","name":"x"}]}`), false); err == nil {
		t.Error("a name for the preset is accepted")
	}
}

// quoted returns names as the elements of a JSON list.
func quoted(names []string) string {
	all := slices.Clone(names)
	for i, name := range all {
		all[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(all, ",")
}
