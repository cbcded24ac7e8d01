package connector

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the zones of reports, where the machine has none

	"github.com/go-json-experiment/json/jsontext"

	"source-gorgias/connector/conform"
)

// A Report is a question to the account's statistics, asked for every day.
type Report struct {
	// Name tells its rows from those of other reports. It is unique.
	Name string
	// Scope is what is counted, TimeDimension the instant by which it belongs
	// to a day, Measures how it is counted, Dimensions what tells rows apart.
	Scope, TimeDimension string
	Measures, Dimensions []string
	// Zone is where the days begin.
	Zone *time.Location
}

// A Scope is what there is to know of the reports on one subject.
type Scope struct {
	Name, TimeDimension string
	Measures            []string // asked for if a report names none
	Dimensions          []string // those that are documented
}

// Scopes are the subjects that are documented, with what was answered to a
// question about them. Others may be asked for.
func Scopes() []Scope {
	agents := []string{"agentId", "channel", "integrationId", "storeId"}
	shops := agents[1:]
	tickets := []string{"ticketCount"}
	return []Scope{
		{"tickets-created", "createdDatetime", tickets, agents},
		{"tickets-closed", "closedDatetime", tickets, agents},
		{"tickets-open", "createdDatetime", tickets, agents},
		{"tickets-replied", "createdDatetime", tickets, agents},
		{"one-touch-tickets", "closedDatetime", tickets, agents},
		{"zero-touch-tickets", "closedDatetime", tickets, shops},
		{"satisfaction-surveys", "createdDatetime", []string{"averageSurveyScore", "scoredSurveysCount", "responseRate"}, agents},
		{"resolution-time", "createdDatetime", []string{"medianResolutionTime"}, agents},
		{"first-response-time", "firstAgentMessageDatetime", []string{"medianFirstResponseTime"}, agents},
		{"human-first-response-time", "firstAgentMessageDatetime", []string{"medianFirstResponseTime"}, agents},
		{"response-time", "sentDatetime", []string{"medianResponseTime"}, agents},
		{"messages-sent", "sentDatetime", []string{"messagesCount"}, agents},
		{"messages-received", "sentDatetime", []string{"messagesCount"}, shops},
		{"messages-per-ticket", "createdDatetime", []string{"averageMessagesCount"}, agents},
		{"ticket-handle-time", "createdDatetime", []string{"averageHandleTime"}, agents},
		{"workload-tickets", "createdDatetime", tickets, []string{"agentId"}},
		{"tags", "timestamp", tickets, []string{"tagId"}},
		{"ticket-sla", "anchorDatetime", tickets, []string{"status"}},
		{"auto-qa", "closedDatetime", []string{"averageRatingScore"}, append(slices.Clone(agents), "categoryName")},
		{"automated-interactions", "createdDatetime", []string{"automatedInteractions"}, append([]string{"eventType"}, shops...)},
		{"knowledge-insights", "createdDatetime", []string{"viewsCount", "clicksCount"}, nil},
	}
}

// A ReportConfig is a daily report that a user asks for.
type ReportConfig struct {
	// What is counted, by the API's name for it: tickets-created, tickets-closed, messages-sent, first-response-time, satisfaction-surveys and others.
	Scope string `json:"scope" jsonschema:"title=Scope,example=tickets-created"`

	// What each day is broken down by, such as channel or agentId. One row a day if you name none.
	Dimensions []string `json:"dimensions,omitempty" jsonschema:"title=Dimensions"`

	// What is told of it, such as ticketCount. The usual measures of the scope if you name none.
	Measures []string `json:"measures,omitempty" jsonschema:"title=Measures"`

	// The instant by which it belongs to a day, such as createdDatetime. The usual one of the scope if you leave it empty.
	TimeDimension string `json:"time_dimension,omitempty" jsonschema:"title=Time dimension,example=createdDatetime"`

	// Where the days begin, such as Europe/Paris.
	Timezone string `json:"timezone,omitempty" jsonschema:"title=Time zone,default=UTC"`

	// What the report is called in its rows. Its scope and dimensions if you leave it empty.
	Name string `json:"name,omitempty" jsonschema:"title=Name"`
}

// reports understands the configured reports. It says of what it does not
// understand where that stands.
func reports(configured []ReportConfig, fail func(field, format string, args ...any)) (all []Report) {
	names, asked := map[string]int{}, map[string]int{}
	for i, c := range configured {
		at := func(field string) string { return "reports: " + entry(i) + ": " + field }
		r := Report{c.Name, c.Scope, c.TimeDimension, c.Measures, c.Dimensions, time.UTC}
		for _, usual := range Scopes() {
			if usual.Name != c.Scope {
				continue
			}
			r.TimeDimension = cmp.Or(r.TimeDimension, usual.TimeDimension)
			if len(r.Measures) == 0 {
				r.Measures = usual.Measures
			}
		}
		if r.TimeDimension == "" {
			fail(at("time_dimension"), "this scope has no usual one that is known; expected a text such as createdDatetime")
		}
		if len(r.Measures) == 0 {
			fail(at("measures"), "this scope has no usual ones that are known; expected a list of texts such as [\"ticketCount\"]")
		}
		for i, list := range [][]string{r.Measures, r.Dimensions} {
			if sorted := slices.Sorted(slices.Values(list)); slices.Contains(sorted, "") || len(slices.Compact(sorted)) != len(list) {
				fail(at([]string{"measures", "dimensions"}[i]), "a name is empty or stands twice")
			}
		}
		if slices.ContainsFunc(r.Dimensions, func(d string) bool { return d == r.TimeDimension || slices.Contains(r.Measures, d) }) {
			fail(at("dimensions"), "one of them is a measure, or the time dimension")
		}
		var err error
		// A day in the machine's own zone would be another on another machine.
		if r.Zone, err = time.LoadLocation(c.Timezone); err != nil || c.Timezone == "Local" {
			fail(at("timezone"), "expected the name of a time zone such as Europe/Paris")
			r.Zone = time.UTC
		}
		if r.Name == "" {
			r.Name = r.Scope
			if len(r.Dimensions) > 0 {
				r.Name += " by " + strings.Join(slices.Sorted(slices.Values(r.Dimensions)), ", ")
			}
		}
		switch same, named := asked[r.question()], names[r.Name]; {
		case same > 0:
			fail("reports: "+entry(i), "it asks for the same as %s", entry(same-1))
		case named > 0:
			fail(at("name"), "%s is called the same; give one of them a name of its own", entry(named-1))
		}
		asked[r.question()], names[r.Name] = i+1, i+1
		all = append(all, r)
	}
	return all
}

// question is what is asked for, however it is spelled.
func (r *Report) question() string {
	return fmt.Sprintf("%q", [][]string{{r.Scope, r.TimeDimension, r.Zone.String()},
		slices.Sorted(slices.Values(r.Measures)), slices.Sorted(slices.Values(r.Dimensions))})
}

// id names a report in a bookmark: if anything of it changes, it is another.
func (r *Report) id() string {
	sum := sha256.Sum256([]byte(r.Name + r.question()))
	return fmt.Sprintf("%x", sum[:6])
}

// A day counts the days since 1970.
type day int

// dayOf is the day of an instant in a zone.
func dayOf(at time.Time, zone *time.Location) day {
	y, m, d := at.In(zone).Date()
	return day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// start is when the day begins in a zone: mostly at midnight. Where the clock is
// put forward at midnight there is none.
func (d day) start(zone *time.Location) time.Time {
	at := time.Date(1970, 1, 1+int(d), 0, 0, 0, 0, zone)
	if dayOf(at, zone) < d {
		_, offset := at.Zone()
		at = time.Unix(int64(d)*24*60*60-int64(offset), 0).In(zone)
	}
	return at
}

func (d day) String() string { return d.start(time.UTC).Format(time.DateOnly) }

// body is the question for the days from the one to before the other.
func (r *Report) body(from, before day) []byte {
	type filter struct {
		Member   string   `json:"member"`
		Operator string   `json:"operator"`
		Values   []string `json:"values"`
	}
	type bucket struct {
		Dimension   string `json:"dimension"`
		Granularity string `json:"granularity"`
	}
	type query struct {
		Scope      string   `json:"scope"`
		Filters    []filter `json:"filters"`
		Timezone   string   `json:"timezone"`
		Dimensions []string `json:"dimensions,omitempty"`
		Measures   []string `json:"measures"`
		Buckets    []bucket `json:"time_dimensions"`
	}
	body, _ := json.Marshal(map[string]query{"query": {r.Scope, []filter{ // texts alone can always be written
		{"periodStart", "afterDate", []string{from.String()}},
		{"periodEnd", "beforeDate", []string{before.String()}},
	}, r.Zone.String(), r.Dimensions, r.Measures, []bucket{{r.TimeDimension, "day"}}}})
	return body
}

// A line is a row of a report, but for the instant at which it was read.
type line struct {
	row  string
	text []byte // the members of its record
}

// lines sorts the rows of an answer by day. Where they tell their day nobody
// has promised: under the time dimension's name, with or without .day, or as
// the one other value that is a day of the period. If it cannot be found, found
// is false. Days that were not asked for are left out: whether a period begins
// with the day it is said to begin after, nobody has promised either.
func (r *Report) lines(raws []json.RawMessage, from, to day) (days map[day][]line, found bool, err error) {
	days = map[day][]line{}
	if len(raws) == 0 {
		return days, true, nil
	}
	name, ok := r.bucket(raws, from-1, to+1)
	if !ok {
		return nil, false, nil
	}
	for _, raw := range raws {
		value := field(raw, name)
		if isNull(value) {
			continue // it is of no day at all
		}
		d, ok := r.dayIn(value)
		if !ok {
			return nil, true, fmt.Errorf("a row's %q is no day", name)
		}
		if from <= d && d <= to {
			days[d] = append(days[d], r.line(raw, d, name))
		}
	}
	return days, true, inOrder(days)
}

// inOrder brings the lines of each day into their order. A row that stands twice
// as it is, is one; if the two differ, something else tells them apart.
func inOrder(days map[day][]line) error {
	for d, lines := range days {
		slices.SortFunc(lines, func(a, b line) int { return strings.Compare(a.row, b.row) })
		for i := 1; i < len(lines); i++ {
			if a, b := lines[i-1], lines[i]; a.row == b.row && !bytes.Equal(a.text, b.text) {
				return errors.New("two rows of one day have the same dimensions")
			}
		}
		days[d] = slices.CompactFunc(lines, func(a, b line) bool { return a.row == b.row })
	}
	return nil
}

// bucket finds the name under which rows tell their day.
func (r *Report) bucket(raws []json.RawMessage, from, to day) (name string, ok bool) {
	in := func(name string) bool {
		some := false
		for _, raw := range raws {
			if value := field(raw, name); !isNull(value) {
				d, ok := r.dayIn(value)
				if some = true; !ok || d < from || d > to {
					return false
				}
			}
		}
		return some
	}
	for _, name := range []string{r.TimeDimension, r.TimeDimension + ".day"} {
		if in(name) {
			return name, true
		}
	}
	var others []string
	for name := range conform.Members(raws[0]) {
		if !slices.Contains(r.Dimensions, name) && !slices.Contains(r.Measures, name) && in(name) {
			others = append(others, name)
		}
	}
	if len(others) != 1 {
		return "", false
	}
	return others[0], true
}

// dayIn reads a text as a day: as the date that is written, if the time beside it
// is midnight or left out, or as the instant at which a day begins in the zone.
func (r *Report) dayIn(value []byte) (day, bool) {
	text := strings.Trim(string(value), `"`)
	at, ok := conform.ParseTimestamp(text)
	if !ok || len(text) < len(time.DateOnly) || value[0] != '"' {
		return 0, false
	}
	written, err := time.Parse(time.DateOnly, text[:len(time.DateOnly)])
	rest := strings.TrimLeft(text[len(time.DateOnly):], "T 0:.")
	if err == nil && (rest == "" || strings.ContainsAny(rest[:1], "Zz+-")) {
		return dayOf(written, time.UTC), true
	}
	d := dayOf(at, r.Zone)
	return d, d.start(r.Zone).Equal(at)
}

// line makes of a row what its record will hold.
func (r *Report) line(raw json.RawMessage, d day, bucket string) line {
	values := map[string][]byte{}
	var dimensions, measures, rest []byte
	for name, value := range conform.Members(raw) {
		switch {
		case slices.Contains(r.Dimensions, name):
			values[name] = value
			dimensions = put(dimensions, name, value)
		case slices.Contains(r.Measures, name):
			measures = put(measures, name, value)
		case name == bucket || name == r.TimeDimension || name == r.TimeDimension+".day":
		default:
			rest = put(rest, name, value)
		}
	}
	var row []byte
	for _, name := range slices.Sorted(slices.Values(r.Dimensions)) {
		value, ok := values[name]
		if !ok {
			value = []byte("null")
		}
		row = put(row, name, value)
	}
	l := line{row: "{" + string(row) + "}"}
	l.text = fmt.Appendf(nil, `%s,"dimensions":{%s},"measures":{%s}`, r.key(d, l.row), dimensions, measures)
	if len(rest) > 0 {
		l.text = append(append(l.text, ','), rest...)
	}
	return l
}

// put appends a member to those of an object.
func put(to []byte, name string, value []byte) []byte {
	if len(to) > 0 {
		to = append(to, ',')
	}
	return append(append(append(to, quote(name)...), ':'), value...)
}

// none is the line that says that a day has no rows any more.
func (r *Report) none(d day) line { return line{"{}", r.key(d, "{}")} }

func (r *Report) key(d day, row string) []byte {
	return fmt.Appendf(nil, `"report":%s,"day":"%s","row":%s,"timezone":%s`, quote(r.Name), d, quote(row), quote(r.Zone.String()))
}

// record is a line as it was read at an instant.
func (l line) record(asOf time.Time) json.RawMessage {
	return fmt.Appendf(nil, `{%s,"as_of_datetime":"%s"}`, l.text, asOf.UTC().Format(instantLayout))
}

// quote writes a text as JSON.
func quote(text string) []byte {
	quoted, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(text, "\uFFFD"))
	return quoted
}
