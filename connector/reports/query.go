// Package reports reads the account's statistics as daily reports: one query per
// report and period of days.
package reports

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// A Report is a query of the account's statistics that is made for every day.
type Report struct {
	// Name tells its rows from those of other reports. It is unique.
	Name string
	// Scope is what is counted. TimeDimension is the timestamp by which a row
	// belongs to a day, Measures are the numbers, Dimensions tell rows apart.
	Scope, TimeDimension string
	Measures, Dimensions []string
	// Zone is the time zone of the days.
	Zone *time.Location
}

// A Scope is a subject of reports.
type Scope struct {
	Name, TimeDimension string
	Measures            []string // the default of a report that names none
	Dimensions          []string // the documented ones
}

// Scopes are the documented subjects, with measures from recorded responses.
// The API may offer others.
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

// CanonicalQuery identifies what a report queries, in whatever order the
// configuration lists it.
func (r *Report) CanonicalQuery() string {
	return fmt.Sprintf("%q", [][]string{{r.Scope, r.TimeDimension, r.Zone.String()},
		slices.Sorted(slices.Values(r.Measures)), slices.Sorted(slices.Values(r.Dimensions))})
}

// id identifies a report in a bookmark. If anything of it changes, it is another
// report.
func (r *Report) id() string {
	sum := sha256.Sum256([]byte(r.Name + r.CanonicalQuery()))
	return fmt.Sprintf("%x", sum[:6])
}

// body is the query for the days from one up to, and without, another.
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
	body, _ := json.Marshal(map[string]query{"query": {r.Scope, []filter{ // strings can always be written
		{"periodStart", "afterDate", []string{from.String()}},
		{"periodEnd", "beforeDate", []string{before.String()}},
	}, r.Zone.String(), r.Dimensions, r.Measures, []bucket{{r.TimeDimension, "day"}}}})
	return body
}

// EntryLabel names an element of a list of the configuration in messages.
func EntryLabel(i int) string { return fmt.Sprintf("entry %d", i+1) }
