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

// plan prints a forecast of the next read, as a table or as JSON.
func (a *app) plan(c *cli.Context) error {
	a.humanOutput, a.showRetries = true, true
	account, err := a.open(c)
	if err != nil {
		return err
	}
	defer account.close()
	plan, _, err := a.newPlan(c, account)
	if err != nil {
		return err
	}
	forecast, err := plan.Forecast(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		out := json.NewEncoder(a.stdout)
		out.SetIndent("", "  ")
		return out.Encode(forecast)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STREAMS\tREQUESTS\tRECORDS\tREADS")
	for _, e := range forecast.Lists {
		// The other streams are derived from the records of the first.
		name := e.Streams[0]
		if more := len(e.Streams) - 1; more > 0 {
			name += " +" + strconv.Itoa(more)
		}
		if e.Error != "" {
			fmt.Fprintf(w, "%s\t\t\t%s\n", name, e.Error)
			continue
		}
		records := formatEstimate(e.Accuracy, e.Records)
		if e.Records == 0 && e.Accuracy == reader.AtLeast {
			records = ""
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", name, formatEstimate(e.Accuracy, e.Requests), records, e.Description)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	duration := "no waiting"
	if forecast.Seconds > 0 {
		duration = formatDuration(time.Duration(math.Ceil(forecast.Seconds)) * time.Second)
	}
	_, err = fmt.Fprintf(a.stdout, "\n%s requests, %s at the rate limit of %s requests per 20 seconds, of which %.0f%% are reserved for other integrations. This forecast took %s.\n",
		formatEstimate(forecast.Accuracy, forecast.Requests), duration, formatNumber(forecast.RateLimit), 100*forecast.Reserve, counted(forecast.ForecastRequests, "request"))
	return err
}

// formatEstimate writes a number and how well it is known.
func formatEstimate(accuracy reader.Accuracy, n int) string {
	if accuracy == reader.Exact {
		return formatNumber(n)
	}
	return string(accuracy) + " " + formatNumber(n)
}

// formatNumber writes a number with thousands separators.
func formatNumber(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// counted writes a number of things.
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return formatNumber(n) + " " + thing
}
