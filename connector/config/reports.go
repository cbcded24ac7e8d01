package config

import (
	"cmp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the time zones of reports, where the machine has none

	"source-gorgias/connector/reports"
)

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

// parseReports reads the configured reports. It passes mistakes to fail.
func parseReports(configured []ReportConfig, fail func(field, format string, args ...any)) (all []reports.Report) {
	names, asked := map[string]int{}, map[string]int{}
	for i, c := range configured {
		at := func(field string) string { return "reports: " + reports.EntryLabel(i) + ": " + field }
		r := reports.Report{Name: c.Name, Scope: c.Scope, TimeDimension: c.TimeDimension, Measures: c.Measures, Dimensions: c.Dimensions, Zone: time.UTC}
		for _, usual := range reports.Scopes() {
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
		switch same, named := asked[r.CanonicalQuery()], names[r.Name]; {
		case same > 0:
			fail("reports: "+reports.EntryLabel(i), "it asks for the same as %s", reports.EntryLabel(same-1))
		case named > 0:
			fail(at("name"), "%s is called the same; give one of them a name of its own", reports.EntryLabel(named-1))
		}
		asked[r.CanonicalQuery()], names[r.Name] = i+1, i+1
		all = append(all, r)
	}
	return all
}
