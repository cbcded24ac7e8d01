package integration_tests

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/streams"
)

// TestComparison compares the first row of the README's comparison with the stream
// table and with the measured table of costs.
func TestComparison(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\| source-gorgias \| (\d+) \|.*\| (\d+) \|$`).FindSubmatch(text)
	day := regexp.MustCompile(`(?m)^\| a day's changes: .* \| (\d+) \| \d+ \| \d+ \|$`).FindSubmatch(text)
	if row == nil || day == nil {
		t.Fatal("the README has no comparison, or no table of costs")
	}
	if got, want := string(row[1]), strconv.Itoa(len(streams.All())); got != want {
		t.Errorf("the comparison says %s streams, expected %s", got, want)
	}
	for _, claim := range []string{string(row[2]), regexp.MustCompile(`take (\d+) requests`).FindStringSubmatch(string(text))[1]} {
		if want := string(day[1]); claim != want {
			t.Errorf("the README claims %s requests for one day's changes, expected %s", claim, want)
		}
	}
}

// TestScheduleFigures compares the figures in docs/operations.md with those of
// the README, which TestRequestCount checks, and with the forecast.
func TestScheduleFigures(t *testing.T) {
	t.Parallel()
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	_, costs, _ := strings.Cut(read("../README.md"), "<!-- costs -->")
	costs, _, _ = strings.Cut(costs, "<!-- end of costs -->")
	rows := regexp.MustCompile(`(?m)^\| (.+) \| (\d+) \| (.+) \| (.+) \|$`).FindAllStringSubmatch(read("../docs/operations.md"), -1)
	if len(rows) < 6 {
		t.Fatalf("%d rows", len(rows))
	}
	limit, reserve, _ := gorgias.NewRateLimiter(0.1).Forecast(0)
	takes := func(requests, limit int) string {
		seconds := max(0, float64(requests)-float64(limit)*(1-reserve)) * 20 / float64(limit)
		if _, _, forecast := gorgias.NewRateLimiter(0.1).Forecast(requests); limit == 40 && math.Abs(forecast-seconds) > 1e-6 {
			t.Errorf("%d requests take %v s here, %v s by the forecast", requests, seconds, forecast)
		}
		if seconds == 0 {
			return "at once"
		}
		return fmt.Sprintf("%.0f min", math.Ceil(seconds/60))
	}
	for _, row := range rows {
		if !strings.Contains(costs, " "+row[2]+" ") {
			t.Errorf("%s: the README has no %s requests", row[1], row[2])
		}
		n, err := strconv.Atoi(row[2])
		if err != nil {
			t.Fatal(err)
		}
		if key, app := takes(n, limit), takes(n, 2*limit); row[3] != key || row[4] != app {
			t.Errorf("%s: %s and %s, want %s and %s", row[1], row[3], row[4], key, app)
		}
	}
}
