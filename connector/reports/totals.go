package reports

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
)

// Totals returns the sum of a report's first measure on each day from one date up to,
// and without, another, by the date as YYYY-MM-DD. source is the stream of reports.
func Totals(ctx context.Context, run *reader.Run, source *stream.Stream, r Report, from, before time.Time) (map[string]int, error) {
	d := &reportReader{List: &reader.List{Run: run, Source: source}, Report: &r}
	days, _, _, err := d.period(ctx, dayOf(from, r.Zone), dayOf(before, r.Zone)-1)
	if err != nil {
		return nil, err
	}
	totals := map[string]int{}
	for on, rows := range days {
		for _, row := range rows {
			measures, _ := conform.Field([]byte("{"+string(row.text)+"}"), "measures")
			value, _ := conform.Field(measures, r.Measures[0])
			n, err := strconv.ParseFloat(strings.Trim(string(value), `"`), 64)
			if err != nil || math.Abs(n) > 1<<50 {
				return nil, d.invalid(fmt.Sprintf("%s is no number on %s", r.Measures[0], on))
			}
			totals[on.String()] += int(n)
		}
	}
	return totals, nil
}
