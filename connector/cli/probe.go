package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector/probe"
)

func probeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "wait", Usage: "`TIME` to wait before the first page token is used again, such as 30m"},
		&cli.BoolFlag{Name: "json", Usage: "print JSON"},
	}
}

// probe prints what an account shows about the facts that are not certain, as a table
// or as JSON.
func (a *app) probe(c *cli.Context) error {
	a.humanOutput = true
	transport := &probe.Transport{}
	a.through = func(next http.RoundTripper) http.RoundTripper {
		transport.Next = next
		return transport
	}
	account, err := a.open(c)
	if err != nil {
		return err
	}
	defer account.close()
	report, err := probe.Run(c.Context, probe.Options{Client: account.client, Transport: transport, Wait: c.Duration("wait")})
	if err != nil {
		return err
	}
	if c.Bool("json") {
		out := json.NewEncoder(a.stdout)
		out.SetIndent("", "  ")
		return out.Encode(struct {
			Version string `json:"version"`
			*probe.Report
		}{Version(), report})
	}
	return printReport(a.stdout, report)
}

// headings are the parts of a report, in its order.
var headings = map[probe.Level]string{
	probe.Contradicts: "Otherwise than the connector assumes, with a consequence",
	probe.Differs:     "Otherwise than the connector assumes, without a consequence",
	probe.Open:        "Cannot be told here",
	probe.Agrees:      "As the connector assumes",
}

// printReport writes a report for people.
func printReport(w io.Writer, r *probe.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, without writing. %s, %d otherwise without a consequence, %d open, %d as assumed.\n", counted(r.Requests, "GET request"),
		counted(r.Count(probe.Contradicts), "contradiction"), r.Count(probe.Differs), r.Count(probe.Open), r.Count(probe.Agrees))
	level := probe.Level(-1)
	for _, f := range r.Findings {
		if f.Level() != level {
			level = f.Level()
			fmt.Fprintf(&b, "\n%s\n\n", strings.ToUpper(headings[level]))
		}
		fmt.Fprintf(&b, "%s: %s\n", f.ID(), f.Question())
		fmt.Fprintf(&b, "  %s%s\n", f.Answer(), evidence(f.Evidence()))
		if level == probe.Contradicts || level == probe.Differs {
			fmt.Fprintf(&b, "  assumed: %s\n", f.Assumed())
		}
		if f.Follows() != "" {
			fmt.Fprintf(&b, "  follows: %s\n", f.Follows())
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// evidence writes the numbers that an answer rests on.
func evidence(counts []probe.Count) string {
	var all []string
	for _, c := range counts {
		all = append(all, c.What+" "+formatNumber(c.N))
	}
	if all == nil {
		return ""
	}
	return " (" + strings.Join(all, ", ") + ")"
}
