package reports

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/conform"
)

// Rows are sorted by their day under any of its names, as a date, as a time
// with or without a zone, or as the time at which the day begins. Rows outside
// the period are left out, and no value is lost.
func TestRowsByDay(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	zones := []string{"UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Kiritimati"}
	for range 2000 {
		zone, err := time.LoadLocation(zones[rnd.IntN(len(zones))])
		if err != nil {
			t.Fatal(err)
		}
		r := &Report{Name: `a "report"`, Scope: "s", TimeDimension: "createdDatetime", Measures: []string{"n"}, Dimensions: []string{"b", "a"}, Zone: zone}
		name := []string{"createdDatetime", "createdDatetime.day", "bucket"}[rnd.IntN(3)]
		from := day(rnd.IntN(25_000))
		to := from + day(rnd.IntN(40))
		spell := map[int]func(day) string{
			0: func(d day) string { return d.String() },
			1: func(d day) string { return d.String() + "T00:00:00.000" },
			2: func(d day) string { return d.String() + " 00:00:00" },
			3: func(d day) string { return d.String() + "T00:00:00Z" },
			4: func(d day) string { return d.start(zone).Format(time.RFC3339) },
			5: func(d day) string { return d.start(zone).UTC().Format(time.RFC3339Nano) },
		}[rnd.IntN(6)]
		var raws []json.RawMessage
		want := map[string]int{}
		for d := from - 1; d <= to+1; d++ {
			if missing := !d.start(zone).Before((d + 1).start(zone)); missing {
				continue // a zone that crossed the date line
			}
			for i := range rnd.IntN(3) {
				raws = append(raws, fmt.Appendf(nil, `{"a":%d,%q:%q,"n":null,"b":"x\"%d","more":[%d]}`, i, name, spell(d), i, d))
				if from <= d && d <= to {
					want[fmt.Sprintf(`%s {"a":%d,"b":"x\"%d"} [%d]`, d, i, i, d)]++
				}
			}
		}
		days, found, err := r.rowsByDay(raws, from, to)
		if err != nil || !found {
			t.Fatalf("seed %d: %s in %v: found %v, %v: %s", seed, name, zone, found, err, raws)
		}
		for d, rows := range days {
			for _, row := range rows {
				record := row.record(time.Unix(0, 0))
				if !json.Valid(record) {
					t.Fatalf("seed %d: %s", seed, record)
				}
				var got struct{ Report, Day, Row string }
				_ = json.Unmarshal(record, &got)
				more, _ := conform.Field(record, "more")
				measures, _ := conform.Field(record, "measures")
				want[got.Day+" "+got.Row+" "+string(more)]--
				if got.Report != r.Name || got.Day != d.String() || string(measures) != `{"n":null}` || strings.Contains(string(record), name) {
					t.Fatalf("seed %d: %s", seed, record)
				}
			}
		}
		for key, n := range want {
			if n != 0 {
				t.Fatalf("seed %d: %s in %v: %+d of %s", seed, name, zone, n, key)
			}
		}
	}
}

// Rows without a day, or without a certain one, are not guessed at.
func TestUndatedRowsAreNotGuessed(t *testing.T) {
	r := &Report{TimeDimension: "at", Measures: []string{"n"}, Dimensions: []string{"a"}, Zone: time.UTC}
	for _, c := range []struct {
		rows  string
		found bool
		fails bool
		count int
	}{
		{`[]`, true, false, 0},
		{`[{"n":1}]`, false, false, 0},
		{`[{"n":1,"at":"2024-01-01T10:00:00Z"}]`, false, false, 0},                                 // no day
		{`[{"n":1,"at":"2023-01-01"}]`, false, false, 0},                                           // another period
		{`[{"n":1,"x":"2024-01-01","y":"2024-01-01"}]`, false, false, 0},                           // which?
		{`[{"n":1,"x":1704067200}]`, false, false, 0},                                              // a number is anything
		{`[{"n":1,"a":"2024-01-01"}]`, false, false, 0},                                            // a dimension may look like a day
		{`[{"n":1,"at":"2024-01-01"},{"n":2,"at":null}]`, true, false, 1},                          // belongs to no day
		{`[{"n":1,"a":1,"at":"2024-01-01"},{"n":1,"a":1,"at":"2024-01-01"}]`, true, false, 1},      // twice
		{`[{"n":1,"a":1,"at":"2024-01-01"},{"n":2,"a":1,"at":"2024-01-01"}]`, true, true, 0},       // something else tells them apart
		{`[{"n":1,"a":null,"at":"2024-01-01"},{"n":1,"a":2,"at":"2024-01-01"}]`, true, false, 2},   //
		{`[{"n":1,"at":"2024-01-01T00:00:00.000","at.day":"2024-01-01T00:00"}]`, true, false, 1},   // both names
		{`[{"n":1,"at":"2024-01-01T10:11:12","at.day":"2024-01-01T00:00:00"}]`, true, false, 1},    // the time, and its day
		{`[{"n":1,"at":"2024-01-01","x":"2024-01-01"},{"n":2,"at":"2023-12-31"}]`, true, false, 1}, // the day before
	} {
		var raws []json.RawMessage
		if err := json.Unmarshal([]byte(c.rows), &raws); err != nil {
			t.Fatal(err)
		}
		days, found, err := r.rowsByDay(raws, checkDay, checkDay)
		if n := len(days[checkDay]); found != c.found || (err != nil) != c.fails || err == nil && (n != c.count || len(days) > 1) {
			t.Errorf("%s: found %v, %d rows, %v", c.rows, found, n, err)
		}
	}
}
