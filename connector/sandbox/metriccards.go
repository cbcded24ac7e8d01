package sandbox

import (
	"net/http"
	"strings"
)

// A metricCard is a definition of a metric.
type metricCard struct {
	slug, category, title, status, definition, api string
}

// metricCards are a few of the cards: one per status, and one without a query.
var metricCards = []metricCard{
	{"created-tickets", "support-volume", "Created tickets", "published", "How many tickets were opened.", `{"scope":"tickets-created","measures":["ticketCount"],"dimensions":["agentId","channel"],"filters":[]}`},
	{"closed-tickets", "support-volume", "Closed tickets", "published", "How many tickets were closed.", `{"scope":"tickets-closed","measures":["ticketCount"]}`},
	{"average-csat", "quality", "Average CSAT", "published", "Mean of the scores that customers gave.", `{"scope":"satisfaction-surveys","measures":["averageSurveyScore"],"filters":[{"member":"score","values":["1","2","3","4","5"]}]}`},
	{"first-response-time", "performance", "First response time", "published", "Median time to the first reply.", `{"scope":"first-response-time","measures":["medianFirstResponseTime"]}`},
	{"cost-saved", "automation", "Cost saved", "published", "What automation saved.", ""},
	{"satisfaction-score", "quality", "Satisfaction score", "deprecated", "Share of good scores.", ""},
}

var metricCardParams = map[string]paramCheck{"category": textParam, "status": oneOf("published", "deprecated"), "q": textParam, "include": oneOf("deprecated")}

// serveMetricCards serves all cards that the parameters select, everything at once.
func serveMetricCards(_ *account, r *request) response {
	var j jsonWriter
	j.open("", '{')
	j.open("data", '[')
	for _, c := range metricCards {
		if c.matches(r) {
			c.write(&j)
		}
	}
	j.close(']')
	j.close('}')
	return response{status: http.StatusOK, body: j.b}
}

// matches reports whether the parameters select the card. Deprecated ones must be asked
// for.
func (c metricCard) matches(r *request) bool {
	v := r.values
	status := v.Get("status")
	if status == "" && v.Get("include") == "" {
		status = "published"
	}
	text := strings.ToLower(c.title + " " + c.definition)
	return (status == "" || c.status == status) && (!v.Has("category") || c.category == v.Get("category")) && strings.Contains(text, strings.ToLower(v.Get("q")))
}

func (c metricCard) write(j *jsonWriter) {
	j.open("", '{')
	j.raw("slug", quote(c.slug))
	j.raw("category", quote(c.category))
	j.raw("title", quote(c.title))
	j.raw("status", quote(c.status))
	j.raw("definition_revised_at", `"2026-04-14T00:00:00+00:00"`)
	j.raw("public", `{"definition":`+quote(c.definition)+`,"formula":"count","computation_logic":["Counts once."]}`)
	if c.api != "" {
		j.raw("api", c.api)
	}
	j.raw("aliases", "[]")
	j.raw("related", "[]")
	j.raw("replaces", pickIf(c.slug == "average-csat", `[{"slug":"satisfaction-score","url":"/api/metric-cards/satisfaction-score"}]`, "[]"))
	j.raw("used_in_reports", `["Overview"]`)
	j.close('}')
}
