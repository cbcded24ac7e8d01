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

// What a report leaves open is filled in; however it is spelled, it is the same.
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
		t.Errorf("the same report, spelled otherwise, is another: %v", err)
	}

	// Without reports there is no stream.
	for _, none := range []string{`[]`, `null`, `""`} {
		s, err := configured(none)
		if err != nil || slices.ContainsFunc(s.Streams(), func(s *stream.Stream) bool { return s.Mode == stream.DailyReport }) {
			t.Errorf("%s: %v, and the stream is offered", none, err)
		}
	}
	if n, all := len(s.Streams()), len(streams.All()); n != all {
		t.Errorf("%d of %d streams are offered", n, all)
	}
	for config, want := range map[string]bool{``: false, `null`: false, `{}`: false, `{"reports":[]}`: false, `{"reports":[{}]}`: true, `{"reports":[{"scope":"x"}],"overlap":"x"}`: true} {
		if got := len(AvailableStreams([]byte(config))) == len(streams.All()); got != want {
			t.Errorf("%s: offered: %v", config, got)
		}
	}
	// The scopes are complete: any of them may stand alone.
	for _, scope := range reports.Scopes() {
		if _, err := configured(`[{"scope":"` + scope.Name + `"}]`); err != nil {
			t.Errorf("%s: %v", scope.Name, err)
		}
	}
}

// What is wrong with a report is said by its place, and without its values.
func TestReportMistakes(t *testing.T) {
	for _, c := range []struct{ reports, want string }{
		{`"tickets-created"`, `reports: entry 1: expected an object`},
		{`["s3cr3t"]`, `reports: entry 1: expected an object`},
		{`[{}]`, `reports: entry 1: scope: it is missing, expected a text such as tickets-created`},
		{`[{"scope":7}]`, `reports: entry 1: scope: expected a text such as tickets-created`},
		{`[{"scope":"tags","dimensions":"tagId"}]`, `reports: entry 1: dimensions: expected a list of texts`},
		{`[{"scope":"tags","dimensions":[7]}]`, `reports: entry 1: dimensions: entry 1: expected a text`},
		{`[{"scope":"tags","dimensions":["tagId","tagId"]}]`, `reports: entry 1: dimensions: a name is empty or stands twice`},
		{`[{"scope":"tags","dimensions":["ticketCount"]}]`, `reports: entry 1: dimensions: one of them is a measure, or the time dimension`},
		{`[{"scope":"tags","measure":["ticketCount"]}]`, `reports: entry 1: measure: it is not known; expected one of dimensions, measures, name, scope, time_dimension, timezone`},
		{`[{"scope":"s3cr3t"}]`, `(1) reports: entry 1: time_dimension: this scope has no usual one that is known; expected a text such as createdDatetime; (2) reports: entry 1: measures: this scope has no usual ones that are known; expected a list of texts such as ["ticketCount"]`},
		{`[{"scope":"tags","timezone":"Mars/s3cr3t"}]`, `reports: entry 1: timezone: expected the name of a time zone such as Europe/Paris`},
		{`[{"scope":"tags","timezone":"Local"}]`, `reports: entry 1: timezone: expected the name of a time zone such as Europe/Paris`},
		{`[{"scope":"tags"},{"scope":"tags","measures":["ticketCount"],"name":"s3cr3t"}]`, `reports: entry 2: it asks for the same as entry 1`},
		{`[{"scope":"tags"},{"scope":"tags","timezone":"Europe/Paris"}]`, `reports: entry 2: name: entry 1 is called the same; give one of them a name of its own`},
	} {
		_, err := configured(c.reports)
		var misfit *Error
		if !errors.As(err, &misfit) || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.reports, err, c.want)
		}
	}
}
