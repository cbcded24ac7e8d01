package schemas

import "time"

// A Statistic is one row of a daily report: what Gorgias itself counts for one
// day and one combination of dimensions. Days change after they are over; the
// present rows of a day are those with its latest as_of_datetime.
type Statistic struct {
	// Name of the report, as configured or made of its scope and dimensions.
	Report string `json:"report"`
	// The day in the report's time zone, such as `2026-01-31`.
	Day string `json:"day"`
	// The values of the dimensions as one text, by which rows of a day are told apart: JSON, sorted by name; `{}` without dimensions.
	Row string `json:"row"`
	// The values of the dimensions by name; null in the row that says that a day has no rows any more.
	Dimensions Object `json:"dimensions"`
	// The measures by name, as the API sends them: durations are seconds, and any may be null; null as a whole where the day has no rows any more.
	Measures Object `json:"measures"`
	// The time zone whose days are counted.
	Timezone *string `json:"timezone"`
	// When the day was read, by the server's clock. A day that was not over by then was not complete.
	AsOf *time.Time `json:"as_of_datetime"`
	Rest
}
