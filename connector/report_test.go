package connector

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/conform"
)

func configured(reports string) (*Settings, error) {
	return Parse([]byte(`{"subdomain":"acme","reports":`+reports+`,`+account+`}`), false)
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
	if err != nil || other.Reports[0].id() != s.Reports[1].id() {
		t.Errorf("the same report, spelled otherwise, is another: %v", err)
	}
	if s.Windows["statistics"] != 30*24*time.Hour {
		t.Errorf("a window of %v", s.Windows["statistics"])
	}

	// Without reports there is no stream.
	for _, none := range []string{`[]`, `null`, `""`} {
		s, err := configured(none)
		if err != nil || slices.ContainsFunc(s.Streams(), func(s *Stream) bool { return s.Mode == DailyReport }) {
			t.Errorf("%s: %v, and the stream is offered", none, err)
		}
	}
	if n, all := len(s.Streams()), len(Streams()); n != all {
		t.Errorf("%d of %d streams are offered", n, all)
	}
	for config, want := range map[string]bool{``: false, `null`: false, `{}`: false, `{"reports":[]}`: false, `{"reports":[{}]}`: true, `{"reports":[{"scope":"x"}],"overlap":"x"}`: true} {
		if got := len(AvailableStreams([]byte(config))) == len(Streams()); got != want {
			t.Errorf("%s: offered: %v", config, got)
		}
	}
	// The scopes are complete: any of them may stand alone.
	for _, scope := range Scopes() {
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

// However rows tell their day, they come to it: under which name, as a date, as
// a time without a zone or with one, or as the instant at which the day begins.
// What is outside the days that were asked for is left out, and no value is
// lost.
func TestLines(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	zones := []string{"UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Kiritimati"}
	for range 2000 {
		zone, err := time.LoadLocation(zones[rnd.IntN(len(zones))])
		if err != nil {
			t.Fatal(err)
		}
		r := &Report{Name: `a "report"`, Scope: "s", TimeDimension: "createdDatetime", Measures: []string{"n"}, Dimensions: []string{"b", "a"}, Zone: zone}
		name := []string{"createdDatetime", "createdDatetime.day", "bucket"}[rnd.IntN(3)]
		from := day(rnd.IntN(25_000))
		to := from + day(rnd.IntN(40))
		spell := map[int]func(day) string{
			0: func(d day) string { return d.String() },
			1: func(d day) string { return d.String() + "T00:00:00.000" },
			2: func(d day) string { return d.String() + " 00:00:00" },
			3: func(d day) string { return d.String() + "T00:00:00Z" },
			4: func(d day) string { return d.start(zone).Format(time.RFC3339) },
			5: func(d day) string { return d.start(zone).UTC().Format(time.RFC3339Nano) },
		}[rnd.IntN(6)]
		var raws []json.RawMessage
		want := map[string]int{}
		for d := from - 1; d <= to+1; d++ {
			if missing := !d.start(zone).Before((d + 1).start(zone)); missing {
				continue // a zone that crossed the date line
			}
			for i := range rnd.IntN(3) {
				raws = append(raws, fmt.Appendf(nil, `{"a":%d,%q:%q,"n":null,"b":"x\"%d","more":[%d]}`, i, name, spell(d), i, d))
				if from <= d && d <= to {
					want[fmt.Sprintf(`%s {"a":%d,"b":"x\"%d"} [%d]`, d, i, i, d)]++
				}
			}
		}
		days, found, err := r.lines(raws, from, to)
		if err != nil || !found {
			t.Fatalf("seed %d: %s in %v: found %v, %v: %s", seed, name, zone, found, err, raws)
		}
		for d, lines := range days {
			for _, l := range lines {
				record := l.record(time.Unix(0, 0))
				if !json.Valid(record) {
					t.Fatalf("seed %d: %s", seed, record)
				}
				var row struct{ Report, Day, Row string }
				_ = json.Unmarshal(record, &row)
				more, _ := conform.Field(record, "more")
				measures, _ := conform.Field(record, "measures")
				want[row.Day+" "+row.Row+" "+string(more)]--
				if row.Report != r.Name || row.Day != d.String() || string(measures) != `{"n":null}` || strings.Contains(string(record), name) {
					t.Fatalf("seed %d: %s", seed, record)
				}
			}
		}
		for key, n := range want {
			if n != 0 {
				t.Fatalf("seed %d: %s in %v: %+d of %s", seed, name, zone, n, key)
			}
		}
	}
}

// What is of no day, or of no certain one, is not guessed at.
func TestLinesInDoubt(t *testing.T) {
	r := &Report{TimeDimension: "at", Measures: []string{"n"}, Dimensions: []string{"a"}, Zone: time.UTC}
	for _, c := range []struct {
		rows  string
		found bool
		fails bool
		lines int
	}{
		{`[]`, true, false, 0},
		{`[{"n":1}]`, false, false, 0},
		{`[{"n":1,"at":"2024-01-01T10:00:00Z"}]`, false, false, 0},                                 // no day
		{`[{"n":1,"at":"2023-01-01"}]`, false, false, 0},                                           // another period
		{`[{"n":1,"x":"2024-01-01","y":"2024-01-01"}]`, false, false, 0},                           // which?
		{`[{"n":1,"x":1704067200}]`, false, false, 0},                                              // a number is anything
		{`[{"n":1,"a":"2024-01-01"}]`, false, false, 0},                                            // a dimension may look like a day
		{`[{"n":1,"at":"2024-01-01"},{"n":2,"at":null}]`, true, false, 1},                          // of no day at all
		{`[{"n":1,"a":1,"at":"2024-01-01"},{"n":1,"a":1,"at":"2024-01-01"}]`, true, false, 1},      // twice
		{`[{"n":1,"a":1,"at":"2024-01-01"},{"n":2,"a":1,"at":"2024-01-01"}]`, true, true, 0},       // something else tells them apart
		{`[{"n":1,"a":null,"at":"2024-01-01"},{"n":1,"a":2,"at":"2024-01-01"}]`, true, false, 2},   //
		{`[{"n":1,"at":"2024-01-01T00:00:00.000","at.day":"2024-01-01T00:00"}]`, true, false, 1},   // both names
		{`[{"n":1,"at":"2024-01-01T10:11:12","at.day":"2024-01-01T00:00:00"}]`, true, false, 1},    // the instant, and its day
		{`[{"n":1,"at":"2024-01-01","x":"2024-01-01"},{"n":2,"at":"2023-12-31"}]`, true, false, 1}, // the day before
	} {
		var raws []json.RawMessage
		if err := json.Unmarshal([]byte(c.rows), &raws); err != nil {
			t.Fatal(err)
		}
		days, found, err := r.lines(raws, probed, probed)
		if n := len(days[probed]); found != c.found || (err != nil) != c.fails || err == nil && (n != c.lines || len(days) > 1) {
			t.Errorf("%s: found %v, %d lines, %v", c.rows, found, n, err)
		}
	}
}

// Marks travel in one text, and what is no such text is refused.
func TestReportMarks(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	marks := []ReportBookmark{{"0123456789ab", at, at, at, at}, {Report: "ba9876543210", Watermark: at}}
	raw, err := json.Marshal(Bookmark{Watermark: at, Reports: marks})
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse(Find("statistics"), raw)
	if err != nil || !slices.Equal(back.Reports, marks) {
		t.Errorf("%s: %v, %v", raw, back.Reports, err)
	}
	for _, bad := range []string{"x", "a/b/c/d/e", "a////\nb", "a/////"} {
		text, _ := json.Marshal(bad)
		if b, err := Parse(Find("statistics"), fmt.Appendf(nil, `{"version":1,"reports":%s}`, text)); err == nil {
			t.Errorf("%q was read: %v", bad, b.Reports)
		}
	}
}
