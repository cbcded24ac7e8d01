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
