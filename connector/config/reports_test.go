package config

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"source-gorgias/connector/reports"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

func configured(list string) (*Settings, error) {
	return Parse([]byte(`{"subdomain":"acme","reports":`+list+`,`+account+`}`), false)
}

// TestReports: the defaults of a report, and what identifies it.
func TestReports(t *testing.T) {
	s, err := configured(`[{"scope":"tickets-closed"},{"scope":"tickets-created","dimensions":["channel","agentId"],"timezone":"Europe/Paris","measures":null,"name":""},
		{"scope":"newest","time_dimension":"at","measures":["n"],"name":"mine"}]`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.Reports {
		got = append(got, fmt.Sprint(r.Name, "|", r.TimeDimension, "|", r.Measures, "|", r.Dimensions, "|", r.Zone))
	}
	want := []string{"tickets-closed|closedDatetime|[ticketCount]|[]|UTC", "tickets-created by agentId, channel|createdDatetime|[ticketCount]|[channel agentId]|Europe/Paris", "mine|at|[n]|[]|UTC"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	other, err := configured(`[{"timezone":"Europe/Paris","scope":"tickets-created","measures":["ticketCount"],"dimensions":["agentId","channel"],"time_dimension":"createdDatetime"}]`)
	if err != nil || other.Reports[0].CanonicalQuery() != s.Reports[1].CanonicalQuery() {
		t.Errorf("the order of fields changes the query of a report: %v", err)
	}

	// What is listed by itself replaces its like in the preset.
	if preset, err := configured(`[{"scope":"standard"},{"scope":"tags","dimensions":["tagId"]}]`); err != nil || len(preset.Reports) != len(reports.StandardReports()) {
		t.Errorf("the preset: %v", err)
	}
	// The stream exists only with reports.
	for _, none := range []string{`[]`, `null`, `""`} {
		s, err := configured(none)
		if err != nil || slices.ContainsFunc(s.Streams(), func(s *stream.Stream) bool { return s.Mode == stream.DailyReport }) {
			t.Errorf("%s: the stream exists: %v", none, err)
		}
	}
	if n, all := len(s.Streams()), len(streams.All()); n != all {
		t.Errorf("%d of %d streams exist", n, all)
	}
	for config, want := range map[string]bool{``: false, `null`: false, `{}`: false, `{"reports":[]}`: false, `{"reports":[{}]}`: true, `{"reports":[{"scope":"x"}],"overlap":"x"}`: true} {
		if got := len(AvailableStreams([]byte(config))) == len(streams.All()); got != want {
			t.Errorf("%s: exists: %v", config, got)
		}
	}
	// Every documented scope has defaults.
	for _, scope := range reports.Scopes() {
		_, err := configured(`[{"scope":"` + scope.Name + `"}]`)
		if scope.Filter != "" {
			if want := "reports: entry 1: filters: the scope " + scope.Name + " needs one by " + scope.Filter; err == nil || err.Error() != want {
				t.Errorf("%s: %v", scope.Name, err)
			}
			_, err = configured(`[{"scope":"` + scope.Name + `","filters":[{"member":"` + scope.Filter + `","values":["5"]}]}]`)
		}
		if err != nil {
			t.Errorf("%s: %v", scope.Name, err)
		}
	}
}

// TestReportMistakes: a message names the place in the report, and no values.
func TestReportMistakes(t *testing.T) {
	for _, c := range []struct{ reports, want string }{
		{`"tickets-created"`, `reports: entry 1: expected an object`},
		{`["s3cr3t"]`, `reports: entry 1: expected an object`},
		{`[{}]`, `reports: entry 1: scope: missing; expected a string such as tickets-created`},
		{`[{"scope":7}]`, `reports: entry 1: scope: expected a string such as tickets-created`},
		{`[{"scope":"tags","dimensions":"tagId"}]`, `reports: entry 1: dimensions: expected a list of strings`},
		{`[{"scope":"tags","dimensions":[7]}]`, `reports: entry 1: dimensions: entry 1: expected a string`},
		{`[{"scope":"tags","dimensions":["tagId","tagId"]}]`, `reports: entry 1: dimensions: a name is empty or occurs twice`},
		{`[{"scope":"tags","dimensions":["ticketCount"]}]`, `reports: entry 1: dimensions: one of them is a measure or the time dimension`},
		{`[{"scope":"tags","measure":["ticketCount"]}]`, `reports: entry 1: measure: unknown field; expected one of dimensions, filters, measures, name, scope, time_dimension, timezone`},
		{`[{"scope":"s3cr3t"}]`, `(1) reports: entry 1: time_dimension: missing, and this scope has no known default; expected a string such as createdDatetime; (2) reports: entry 1: measures: missing, and this scope has no known default; expected a list of strings such as ["ticketCount"]`},
		{`[{"scope":"tags","filters":[{"member":"channel"}]}]`, `reports: entry 1: filters: entry 1: values: missing; expected a list of strings`},
		{`[{"scope":"tags","filters":[{"member":"channel","values":[]}]}]`, `reports: entry 1: filters, entry 1: values: expected a list of strings such as ["email"]`},
		{`[{"scope":"tags","filters":[{"member":"channel","values":["a"]},{"member":"channel","values":["b"]}]}]`, `reports: entry 1: filters, entry 2: member: expected a name that no other filter has`},
		{`[{"scope":"tags","filters":[{"member":"periodEnd","values":["a"]}]}]`, `reports: entry 1: filters, entry 1: member: the connector sets the period`},
		{`[{"scope":"tags","filters":[{"member":"tags","values":["5"]}]}]`, `reports: entry 1: filters, entry 1: member: filters by tags are not supported; use the scope tags or ticket-fields`},
		{`[{"scope":"tags","filters":[{"member":"channel","operator":"s3cr3t","values":["a"]}]}]`, `reports: entry 1: filters, entry 1: operator: expected one of one-of, not-one-of, all-of, contains, set, afterDate, beforeDate, inDateRange`},
		{`[{"scope":"standard","filters":[{"member":"channel","values":["a"]}]}]`, `reports: entry 1: the scope standard stands for several reports: only timezone can be added to it`},
		{`[{"scope":"tags","timezone":"Mars/s3cr3t"}]`, `reports: entry 1: timezone: expected the name of a time zone such as Europe/Paris`},
		{`[{"scope":"tags","timezone":"Local"}]`, `reports: entry 1: timezone: expected the name of a time zone such as Europe/Paris`},
		{`[{"scope":"tags"},{"scope":"tags","measures":["ticketCount"],"name":"s3cr3t"}]`, `reports: entry 2: same report as entry 1`},
		{`[{"scope":"tags"},{"scope":"tags","timezone":"Europe/Paris"}]`, `reports: entry 2: name: entry 1 has the same name; names must be unique`},
	} {
		_, err := configured(c.reports)
		var invalid *Error
		if !errors.As(err, &invalid) || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.reports, err, c.want)
		}
	}
}
