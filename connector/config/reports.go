package config

import (
	"cmp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the time zones of reports, for machines without them

	"source-gorgias/connector/reports"
)

// A ReportConfig is a daily report in the configuration.
type ReportConfig struct {
	// What the report counts, by the API's name: tickets-created, tickets-closed, messages-sent, first-response-time, satisfaction-surveys and others. The scope standard stands for the eighteen reports that most teams need.
	Scope string `json:"scope" jsonschema:"title=Scope,example=tickets-created"`

	// The fields that each day is broken down by, such as channel or agentId. If you name none, each day is one row.
	Dimensions []string `json:"dimensions,omitempty" jsonschema:"title=Dimensions"`

	// The values in each row, such as ticketCount. If you name none, these are the default measures of the scope.
	Measures []string `json:"measures,omitempty" jsonschema:"title=Measures"`

	// What is counted, by conditions such as channel one-of email. Everything is, if you name none. The scope ticket-fields needs the filter customFieldId.
	Filters []FilterConfig `json:"filters,omitempty" jsonschema:"title=Filters"`

	// The timestamp that decides to which day something belongs, such as createdDatetime. If you leave it empty, it is the default of the scope.
	TimeDimension string `json:"time_dimension,omitempty" jsonschema:"title=Time dimension,example=createdDatetime"`

	// The time zone in which the days begin, such as Europe/Paris.
	Timezone string `json:"timezone,omitempty" jsonschema:"title=Time zone,default=UTC"`

	// The name of the report in its rows. If you leave it empty, it consists of the scope and the dimensions.
	Name string `json:"name,omitempty" jsonschema:"title=Name"`
}

// A FilterConfig is a filter of a report in the configuration.
type FilterConfig struct {
	// The field that is compared, by the API's name, such as channel, agentId or storeId.
	Member string `json:"member" jsonschema:"title=Member,example=channel"`

	// How it is compared: one-of, not-one-of, all-of, contains, set, afterDate, beforeDate or inDateRange.
	Operator string `json:"operator,omitempty" jsonschema:"title=Operator,default=one-of"`

	// What it is compared with. Write ids as text, such as "5".
	Values []string `json:"values" jsonschema:"title=Values"`
}

// reports sets the reports.
func (p *parser) reports() {
	names, queries := map[string]int{}, map[string]int{}
	for _, e := range p.reportEntries() {
		i, c := e.place, e.ReportConfig
		fail := func(format string, args ...any) { p.fail("reports", reports.EntryLabel(i)+": "+format, args...) }
		r := newReport(c)
		checkColumns(&r, fail)
		checkFilters(&r, fail)
		var err error
		// Local is not the same zone on every machine.
		if r.Zone, err = time.LoadLocation(c.Timezone); err != nil || c.Timezone == "Local" {
			fail("timezone: expected the name of a time zone such as Europe/Paris")
			r.Zone = time.UTC
		}
		if same, ok := queries[r.CanonicalQuery()]; ok {
			fail("same report as %s", reports.EntryLabel(same))
		} else if same, ok := names[r.Name]; ok {
			fail("name: %s has the same name; names must be unique", reports.EntryLabel(same))
		}
		queries[r.CanonicalQuery()], names[r.Name] = i, i
		p.Settings.Reports = append(p.Settings.Reports, r)
	}
}

// A reportEntry is a report, and where the configuration lists it.
type reportEntry struct {
	place int
	ReportConfig
}

// reportEntries returns the reports of the configuration, with those that the scope
// standard stands for. What is also listed by itself is not among these.
func (p *parser) reportEntries() (entries []reportEntry) {
	listed := map[string]bool{}
	for _, c := range p.config.Reports {
		listed[newReport(c).Name] = true
	}
	for i, c := range p.config.Reports {
		if c.Scope != reports.Standard {
			entries = append(entries, reportEntry{i, c})
			continue
		}
		if c.Name != "" || c.TimeDimension != "" || len(c.Measures)+len(c.Dimensions)+len(c.Filters) > 0 {
			p.fail("reports", "%s: the scope %s stands for several reports: only timezone can be added to it", reports.EntryLabel(i), reports.Standard)
		}
		for _, standard := range reports.StandardReports() {
			own := ReportConfig{Scope: standard[0], Timezone: c.Timezone}
			if standard[1] != "" {
				own.Dimensions = []string{standard[1]}
			}
			if !listed[newReport(own).Name] { //rule:listed-reports-replace-the-preset
				entries = append(entries, reportEntry{i, own})
			}
		}
	}
	return entries
}

// newReport returns a report with the defaults of its scope.
func newReport(c ReportConfig) reports.Report {
	r := reports.Report{Name: c.Name, Scope: c.Scope, TimeDimension: c.TimeDimension, Measures: c.Measures, Dimensions: c.Dimensions}
	for _, f := range c.Filters {
		r.Filters = append(r.Filters, reports.Filter{Member: f.Member, Operator: cmp.Or(f.Operator, "one-of"), Values: f.Values})
	}
	for _, scope := range reports.Scopes() {
		if scope.Name == c.Scope {
			r.TimeDimension = cmp.Or(r.TimeDimension, scope.TimeDimension)
			if len(r.Measures) == 0 {
				r.Measures = scope.Measures
			}
		}
	}
	if r.Name == "" {
		r.Name = r.Scope
		if len(r.Dimensions) > 0 {
			r.Name += " by " + strings.Join(slices.Sorted(slices.Values(r.Dimensions)), ", ")
		}
	}
	return r
}

// checkColumns checks the time dimension, the measures and the dimensions.
func checkColumns(r *reports.Report, fail func(format string, args ...any)) {
	if r.TimeDimension == "" {
		fail("time_dimension: missing, and this scope has no known default; expected a string such as createdDatetime")
	}
	if len(r.Measures) == 0 {
		fail(`measures: missing, and this scope has no known default; expected a list of strings such as ["ticketCount"]`)
	}
	for i, list := range [][]string{r.Measures, r.Dimensions} {
		sorted := slices.Sorted(slices.Values(list))
		if slices.Contains(sorted, "") || len(slices.Compact(sorted)) != len(list) {
			fail("%s: a name is empty or occurs twice", []string{"measures", "dimensions"}[i])
		}
	}
	if slices.ContainsFunc(r.Dimensions, func(d string) bool { return d == r.TimeDimension || slices.Contains(r.Measures, d) }) {
		fail("dimensions: one of them is a measure or the time dimension")
	}
}

// checkFilters checks the filters. The members tags and customFields have values of
// another form.
func checkFilters(r *reports.Report, fail func(format string, args ...any)) {
	var members []string
	for i, f := range r.Filters {
		at := "filters, " + reports.EntryLabel(i)
		switch {
		case f.Member == "" || slices.Contains(members, f.Member):
			fail("%s: member: expected a name that no other filter has", at)
		case slices.Contains([]string{"periodStart", "periodEnd"}, f.Member):
			fail("%s: member: the connector sets the period", at)
		case slices.Contains([]string{"tags", "customFields"}, f.Member):
			fail("%s: member: filters by %s are not supported; use the scope tags or ticket-fields", at, f.Member)
		case !slices.Contains(reports.Operators, f.Operator):
			fail("%s: operator: expected one of %s", at, strings.Join(reports.Operators, ", "))
		case len(f.Values) == 0 || slices.Contains(f.Values, ""):
			fail(`%s: values: expected a list of strings such as ["email"]`, at)
		}
		members = append(members, f.Member)
	}
	for _, scope := range reports.Scopes() {
		if scope.Name == r.Scope && scope.Filter != "" && !slices.Contains(members, scope.Filter) { //rule:required-filters-are-demanded
			fail("filters: the scope %s needs one by %s", r.Scope, scope.Filter)
		}
	}
}
