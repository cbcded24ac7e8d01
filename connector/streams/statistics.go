package streams

import (
	"source-gorgias/connector/reports"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

var statisticRows = []*Row{
	{Reader: reports.Reader{}, Stream: &stream.Stream{
		Name: "statistics", Path: "reporting/stats", Mode: stream.DailyReport,
		Key: []string{"report", "day", "row"}, TextKey: true, Cursor: "as_of_datetime", LookbackWindow: 30 * day, Record: schemas.Statistic{}, OAuthScope: "statistics:read",
	}},
}
