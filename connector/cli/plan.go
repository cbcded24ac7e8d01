package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector/reader"
)

// plan writes a forecast of the next read: for people, or as JSON.
func (s *invocation) plan(c *cli.Context) error {
	s.people = true
	account, err := s.open(c)
	if err != nil {
		return err
	}
	defer account.close()
	plan, _, err := s.planned(c, account)
	if err != nil {
		return err
	}
	forecast, err := plan.Forecast(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		out := json.NewEncoder(s.stdout)
		out.SetIndent("", "  ")
		return out.Encode(forecast)
	}
	w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STREAMS\tREQUESTS\tRECORDS\tREADS")
	for _, e := range forecast.Lists {
		// The others are cut from the records of the first.
		name := e.Streams[0]
		if more := len(e.Streams) - 1; more > 0 {
			name += " +" + strconv.Itoa(more)
		}
		if e.Error != "" {
			fmt.Fprintf(w, "%s\t\t\t%s\n", name, e.Error)
			continue
		}
		records := spelled(e.Accuracy, e.Records)
		if e.Records == 0 && e.Accuracy == reader.AtLeast {
			records = ""
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", name, spelled(e.Accuracy, e.Requests), records, e.Description)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.stdout, "\n%s requests, %s at this account's allowance of %d in 20 seconds, %.0f%% of it left to others. This forecast took %d.\n",
		spelled(forecast.Accuracy, forecast.Requests), lasting(forecast.Seconds), forecast.RateLimit, 100*forecast.Reserve, forecast.ForecastRequests)
	return err
}

// spelled writes a number as well as it is known.
func spelled(p reader.Accuracy, n int) string {
	digits := grouped(n)
	if p == reader.Exact {
		return digits
	}
	return string(p) + " " + digits
}

// grouped writes a number in groups of three digits.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// lasting spells how long something will take, at least a second.
func lasting(seconds float64) string {
	if seconds == 0 {
		return "no waiting"
	}
	return span(time.Duration(math.Ceil(seconds)) * time.Second)
}
