package schemas

import "time"

// A Statistic is one row of a daily report: the measures that Gorgias computes
// for one day and one combination of dimensions. Days change after they are
// over; the current rows of a day are those with its latest as_of_datetime.
type Statistic struct {
	// Name of the report, as configured or derived from its scope and dimensions.
	Report string `json:"report"`
	// Day in the time zone of the report, such as `2026-01-31`.
	Day string `json:"day"`
	// Dimensions as JSON, sorted by name, which identify the row within its day; `{}` without dimensions.
	Row string `json:"row"`
	// Dimensions by name; null in the row which shows that the day no longer has any rows.
	Dimensions Object `json:"dimensions"`
	// Measures by name, as the API sends them: durations are in seconds, and any measure may be null; null if the day no longer has any rows.
	Measures Object `json:"measures"`
	// Time zone of the report.
	Timezone *string `json:"timezone"`
	// When the day was read, by the server's clock. If the day was not over then, the row is incomplete.
	AsOf *time.Time `json:"as_of_datetime"`
	Unrecognized
}

// A MetricCard is Gorgias's own definition of one of its metrics, and how to request
// it from the reporting endpoint. Deprecated cards are included. Its fields are documented; no
// recorded response contains them.
type MetricCard struct {
	// Name of the metric in URLs, such as `created-tickets`.
	Slug string `json:"slug"`
	// Group of metrics. Open set. Documented.
	Category *string `json:"category"`
	// Display name. Documented.
	Title *string `json:"title"`
	// `published` or `deprecated`. Documented.
	Status *string `json:"status"`
	// When the definition was last revised, as a date or a timestamp: the form is not documented.
	DefinitionRevisedAt *string `json:"definition_revised_at"`
	// Definition of the metric. Documented.
	Public *MetricDefinition `json:"public"`
	// How to request the metric from the reporting endpoint; null if that is not possible. Documented.
	API *MetricQuery `json:"api"`
	// Other names of the metric. Documented.
	Aliases []string `json:"aliases"`
	// Related metrics. Documented.
	Related []MetricLink `json:"related"`
	// Metrics that this one replaces. Documented.
	Replaces []MetricLink `json:"replaces"`
	// Reports of Gorgias that show the metric. Documented.
	UsedInReports []string `json:"used_in_reports"`
	Unrecognized
}

// A MetricDefinition is the definition of a metric.
type MetricDefinition struct {
	// What the metric means. Documented.
	Definition *string `json:"definition"`
	// How it is calculated. Documented.
	Formula *string `json:"formula"`
	// What counts and what does not, one rule each. Documented.
	ComputationLogic []string `json:"computation_logic"`
}

// A MetricQuery is a query of the reporting endpoint.
type MetricQuery struct {
	// Scope of the report. Documented.
	Scope *string `json:"scope"`
	// Measures of the scope. Documented.
	Measures []string `json:"measures"`
	// Dimensions of the scope. Documented.
	Dimensions []string `json:"dimensions"`
	// Filters, beside the period. Documented.
	Filters []MetricFilter `json:"filters"`
}

// A MetricFilter restricts what a query counts.
type MetricFilter struct {
	// What is filtered by. Documented.
	Member *string `json:"member"`
	// Values that count. Documented.
	Values []string `json:"values"`
}

// A MetricLink refers to another metric.
type MetricLink struct {
	// Name of the metric in URLs. Documented.
	Slug *string `json:"slug"`
	// Path of its card relative to the account's URL. Documented.
	URL *string `json:"url"`
}
