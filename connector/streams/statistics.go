package streams

import (
	"net/url"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

// Statistics is the stream of reports.
func Statistics() *stream.Stream { return statisticRows[1].Stream }

var statisticRows = []*Row{
	{Reader: reader.FullRefresh{}, Stream: &stream.Stream{
		Name: "metric_cards", Path: "metric-cards", Query: url.Values{"include": {"deprecated"}}, Envelope: gorgias.PlainList, Mode: stream.SingleObject,
		Key: []string{"slug"}, TextKey: true, Record: schemas.MetricCard{},
	}},
	{Reader: reports.Reader{}, Stream: &stream.Stream{
		Name: "statistics", Path: "reporting/stats", Mode: stream.DailyReport,
		Key: []string{"report", "day", "row"}, TextKey: true, Cursor: "as_of_datetime", LookbackWindow: 30 * day, Record: schemas.Statistic{}, OAuthScope: "statistics:read",
	}},
}
