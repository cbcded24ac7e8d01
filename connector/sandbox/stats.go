package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the zones of reports, where the machine has none
)

const statsPath = "reporting/stats"

// A fact is one thing that is counted: a ticket, a message, a survey.
type fact struct {
	at         timestamp
	dimensions map[string]string // raw values of dimensions; what is missing is null
	value      float64           // what is measured of it
	hasValue   bool              // there is a value
}

// A measure makes one raw number of the facts of a row.
type measure func(facts []fact) string

// A topic is a scope that can be asked for.
type scope struct {
	name, timeDimension string
	measures            map[string]measure
	dimensions          []string
	requiredFilter      string // a further member that must be filtered by; "" = none
	eachFact            func(a *account, tell func(fact))
}

func count(facts []fact) string { return strconv.Itoa(len(facts)) }

func sortedValues(facts []fact) (vs []float64) {
	for _, f := range facts {
		if f.hasValue {
			vs = append(vs, f.value)
		}
	}
	slices.Sort(vs)
	return vs
}

func countValues(facts []fact) string { return strconv.Itoa(len(sortedValues(facts))) }

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func mean(facts []fact) string {
	vs, sum := sortedValues(facts), 0.0
	if len(vs) == 0 {
		return "null"
	}
	for _, v := range vs {
		sum += v
	}
	return decimal(sum / float64(len(vs)))
}

func median(facts []fact) string {
	vs := sortedValues(facts)
	if len(vs) == 0 {
		return "null"
	}
	return decimal((vs[(len(vs)-1)/2] + vs[len(vs)/2]) / 2)
}

func rate(facts []fact) string {
	return decimal(100 * float64(len(sortedValues(facts))) / float64(len(facts)))
}

// topics are the scopes of the documentation, and what they count here. How
// Gorgias counts is not documented; trashed tickets and spam are left out, so
// that changes of what is old change the numbers of days long over.
func scopes() []scope {
	agents := []string{"agentId", "channel", "integrationId", "storeId"}
	shops := agents[1:]
	number := map[string]measure{"ticketCount": count}
	replies := map[string]measure{"medianFirstResponseTime": median}
	return []scope{
		{"tickets-created", "createdDatetime", number, agents, "", ticketFacts(func(t *ticketStats) (timestamp, float64, bool) { return t.created, 0, false })},
		{"tickets-closed", "closedDatetime", number, agents, "", ticketFacts(func(t *ticketStats) (timestamp, float64, bool) { return t.closed, 0, false })},
		{"tickets-open", "createdDatetime", number, agents, "", ticketFacts(func(t *ticketStats) (timestamp, float64, bool) { return pickIf(t.open, t.created, 0), 0, false })},
		{"tickets-replied", "createdDatetime", number, agents, "", threadFacts(func(t *ticketStats) (timestamp, float64, bool) { return pickIf(t.replies > 0, t.created, 0), 0, false })},
		{"one-touch-tickets", "closedDatetime", number, agents, "", threadFacts(func(t *ticketStats) (timestamp, float64, bool) { return pickIf(t.replies == 1, t.closed, 0), 0, false })},
		{"zero-touch-tickets", "closedDatetime", number, shops, "", threadFacts(func(t *ticketStats) (timestamp, float64, bool) { return pickIf(t.replies == 0, t.closed, 0), 0, false })},
		{"satisfaction-surveys", "createdDatetime", map[string]measure{"averageSurveyScore": mean, "scoredSurveysCount": countValues, "responseRate": rate}, agents, "", surveyFacts},
		{"resolution-time", "createdDatetime", map[string]measure{"medianResolutionTime": median}, agents, "", ticketFacts(func(t *ticketStats) (timestamp, float64, bool) {
			return t.created, float64((t.closed - t.created) / second), t.closed > t.created
		})},
		{"first-response-time", "firstAgentMessageDatetime", replies, agents, "", threadFacts(firstReplyTime)},
		{"human-first-response-time", "firstAgentMessageDatetime", replies, agents, "", threadFacts(firstReplyTime)},
		{"response-time", "sentDatetime", map[string]measure{"medianResponseTime": median}, agents, "", messageFacts(true)},
		{"messages-sent", "sentDatetime", map[string]measure{"messagesCount": count}, agents, "", messageFacts(true)},
		{"messages-received", "sentDatetime", map[string]measure{"messagesCount": count}, shops, "", messageFacts(false)},
		{"messages-per-ticket", "createdDatetime", map[string]measure{"averageMessagesCount": mean}, agents, "", ticketFacts(func(t *ticketStats) (timestamp, float64, bool) { return t.created, float64(t.messages), true })},
		{"ticket-handle-time", "createdDatetime", map[string]measure{"averageHandleTime": mean}, agents, "", threadFacts(func(t *ticketStats) (timestamp, float64, bool) {
			return t.created, 180 * float64(t.replies), t.replies > 0
		})},
		{"workload-tickets", "createdDatetime", number, agents[:1], "", ticketFacts(func(t *ticketStats) (timestamp, float64, bool) { return pickIf(t.open, t.created, 0), 0, false })},
		{"tags", "timestamp", number, []string{"tagId"}, "", tagFacts},
		{"ticket-fields", "createdDatetime", number, []string{"customFieldValue"}, "customFieldId", fieldValueFacts},
		{"ticket-sla", "anchorDatetime", number, []string{"status"}, "", ticketFacts(func(t *ticketStats) (timestamp, float64, bool) { return t.created, 0, false })},
		{"auto-qa", "closedDatetime", map[string]measure{"averageRatingScore": mean}, append(slices.Clone(agents), "categoryName"), "", ticketFacts(func(t *ticketStats) (timestamp, float64, bool) {
			return t.closed, float64(1 + t.id%5), t.id%2 == 0
		})},
		{"automated-interactions", "createdDatetime", map[string]measure{"automatedInteractions": count}, append([]string{"eventType"}, shops...), "", ticketFacts(func(t *ticketStats) (timestamp, float64, bool) { return pickIf(t.id%3 == 0, t.created, 0), 0, false })},
		{"knowledge-insights", "createdDatetime", map[string]measure{"viewsCount": count, "clicksCount": countValues}, nil, "", ticketFacts(func(t *ticketStats) (timestamp, float64, bool) { return t.created, 1, t.id%3 == 0 })},
	}
}

// broken are the scopes that answered with 500 when somebody tried them.
var failingScopes = []string{"automation-rate", "online-time", "voice-calls", "voice-agent-events", "voice-calls-summary"}

// A counting is a ticket, and what its thread adds to it.
type ticketStats struct {
	ticket
	replies    int       // by agents, for the customer to read
	firstReply timestamp // the first of them; 0 = none
}

// facets are a ticket's dimensions.
func (a *account) ticketDimensions(t *ticket) map[string]string {
	channel, _ := a.channelOf(t.id)
	rng := newPRNG(a.seed, saltTicketDetails, -t.id-1)
	return map[string]string{
		"agentId": idOrNull(t.user), "channel": quote(channel), "tagId": "null",
		"integrationId": pickIf(a.size.Integrations > 0 && !rng.oneIn(4), number(firstIntegration), "null"),
		"storeId":       pick(&rng, []string{"null", "41", "42"}),
		"status":        pickIf(t.closed > t.created && t.closed-t.created < 20*day, `"SATISFIED"`, `"BREACHED"`),
		"categoryName":  pick(&rng, []string{`"tone"`, `"accuracy"`}),
		"eventType":     pick(&rng, []string{`"flow"`, `"article"`}),
	}
}

// heeded yields the tickets that are counted.
func (a *account) countable(yield func(*ticket)) {
	for _, t := range a.tickets.rows("created_datetime", false, nil) {
		if t.trashed == 0 && !t.spam {
			yield(&t)
		}
	}
}

// ofTickets counts tickets by an instant, and not those where it is 0.
func ticketFacts(of func(t *ticketStats) (timestamp, float64, bool)) func(*account, func(fact)) {
	return func(a *account, tell func(fact)) {
		a.countable(func(t *ticket) {
			if at, value, known := of(&ticketStats{ticket: *t}); at != 0 {
				tell(fact{at, a.ticketDimensions(t), value, known})
			}
		})
	}
}

// ofThreads counts tickets by what is in their threads.
func threadFacts(of func(t *ticketStats) (timestamp, float64, bool)) func(*account, func(fact)) {
	return func(a *account, tell func(fact)) {
		replies, first := map[int64]int{}, map[int64]timestamp{}
		for _, m := range a.messages.rows("created_datetime", false, nil) {
			if m.agent && !m.note && m.deleted == 0 {
				if replies[m.ticket]++; replies[m.ticket] == 1 {
					first[m.ticket] = m.created
				}
			}
		}
		a.countable(func(t *ticket) {
			if at, value, known := of(&ticketStats{*t, replies[t.id], first[t.id]}); at != 0 {
				tell(fact{at, a.ticketDimensions(t), value, known})
			}
		})
	}
}

func firstReplyTime(t *ticketStats) (timestamp, float64, bool) {
	return t.firstReply, float64((t.firstReply - t.created) / second), t.firstReply >= t.created
}

// ofMessages counts messages by when they were sent; of an agent's, how long
// after the last of the customer's.
func messageFacts(agent bool) func(*account, func(fact)) {
	return func(a *account, tell func(fact)) {
		asked := map[int64]timestamp{}
		for _, m := range a.messages.rows("created_datetime", false, nil) {
			if m.deleted != 0 || m.note || m.sent == 0 {
				continue
			}
			since := asked[m.ticket]
			if !m.agent {
				asked[m.ticket] = m.created
			}
			t, ok := a.tickets.getListed(m.ticket)
			if m.agent != agent || !ok || t.spam || t.trashed != 0 {
				continue
			}
			facet := a.ticketDimensions(&t)
			if agent {
				facet["agentId"] = idOrNull(m.author)
			}
			tell(fact{m.sent, facet, float64((m.created - since) / second), agent && since != 0})
		}
	}
}

func surveyFacts(a *account, tell func(fact)) {
	for k, s := range a.surveys.rows("created_datetime", false, nil) {
		if s.get("sent_datetime") == "null" {
			continue
		}
		f := fact{at: timestamp(k.n), dimensions: map[string]string{}}
		if t, ok := a.tickets.getListed(s.number("ticket_id")); ok {
			f.dimensions = a.ticketDimensions(&t)
		}
		f.value, f.hasValue = float64(s.number("score")), s.get("score") != "null"
		tell(f)
	}
}

func tagFacts(a *account, tell func(fact)) {
	a.countable(func(t *ticket) {
		for _, tag := range t.tags {
			tell(fact{at: t.created, dimensions: map[string]string{"tagId": number(tag)}})
		}
	})
}

func fieldValueFacts(a *account, tell func(fact)) {
	a.countable(func(t *ticket) {
		for _, v := range t.values {
			tell(fact{at: t.created, dimensions: map[string]string{"customFieldId": number(v.field), "customFieldValue": v.raw}})
		}
	})
}

// A question is the body of a request for statistics. The order it may ask for
// is not known here.
type statsQuery struct {
	Scope   string `json:"scope"`
	Filters []struct {
		Member   string            `json:"member"`
		Operator string            `json:"operator"`
		Values   []json.RawMessage `json:"values"`
	} `json:"filters"`
	Timezone   string   `json:"timezone"`
	Dimensions []string `json:"dimensions"`
	Measures   []string `json:"measures"`
	Times      []struct {
		Dimension   string `json:"dimension"`
		Granularity string `json:"granularity"`
	} `json:"time_dimensions"`

	scope
	zone     *time.Location
	from, to time.Time
	keep     func(fact) bool
}

// read checks a question as Gorgias would.
func (q *statsQuery) parse(body []byte, after bool) *badRequest {
	var outer struct {
		Query *statsQuery `json:"query"`
	}
	outer.Query = q
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&outer); err != nil || outer.Query == nil || d.More() {
		return newBadRequest("query", "Not a valid query.")
	}
	all := scopes()
	i := slices.IndexFunc(all, func(t scope) bool { return t.name == q.Scope })
	if i < 0 {
		return newBadRequest("scope", "Must be one of the known scopes.")
	}
	q.scope = all[i]
	var err error
	if q.zone, err = time.LoadLocation(q.Timezone); err != nil || q.Timezone == "" {
		return newBadRequest("timezone", "Not a valid timezone.")
	}
	for i, name := range q.Dimensions {
		if !slices.Contains(q.dimensions, name) || slices.Contains(q.Dimensions[:i], name) {
			return newBadRequest("dimensions", "Must be one of: "+strings.Join(q.dimensions, ", ")+".")
		}
	}
	for i, name := range q.Measures {
		if q.measures[name] == nil || slices.Contains(q.Measures[:i], name) {
			return newBadRequest("measures", "Not a measure of the scope.")
		}
	}
	if len(q.Dimensions)+len(q.Measures) == 0 {
		return newBadRequest("measures", "Missing data for required field.")
	}
	for i, t := range q.Times {
		if t.Dimension != q.timeDimension || !slices.Contains([]string{"hour", "day", "week", "month"}, t.Granularity) || i > 0 {
			return newBadRequest("time_dimensions", "Not a time dimension of the scope.")
		}
	}
	return q.parseFilters(after)
}

// filters reads the period and what else is filtered by.
func (q *statsQuery) parseFilters(after bool) *badRequest {
	kept := map[string][]string{}
	for _, f := range q.Filters {
		switch period := f.Member == "periodStart" || f.Member == "periodEnd"; {
		case period && (f.Member == "periodStart") == (f.Operator == "afterDate") && (f.Member == "periodEnd") == (f.Operator == "beforeDate") && len(f.Values) == 1:
			var text string
			_ = json.Unmarshal(f.Values[0], &text)
			at, err := time.ParseInLocation(time.DateOnly, text, q.zone)
			if err != nil {
				return newBadRequest(f.Member, "Not a valid date.")
			}
			if f.Member == "periodStart" {
				q.from = at
			} else {
				q.to = at
			}
		case !period && f.Operator == "one-of" && len(f.Values) > 0 && (f.Member == q.requiredFilter || slices.Contains(q.dimensions, f.Member)):
			for _, v := range f.Values {
				kept[f.Member] = append(kept[f.Member], string(v))
			}
		default:
			return newBadRequest("filters", "Not a filter of the scope.")
		}
	}
	switch {
	case q.from.IsZero() || q.to.IsZero():
		return newBadRequest("filters", "periodStart and periodEnd are required.")
	case q.requiredFilter != "" && kept[q.requiredFilter] == nil:
		return newBadRequest("filters", q.requiredFilter+" is required.")
	case q.to.Before(q.from) || q.to.After(q.from.AddDate(0, 0, 366)):
		return newBadRequest("filters", "The period must be of 366 days or less.")
	}
	if after {
		q.from = q.from.AddDate(0, 0, 1)
	}
	q.keep = func(f fact) bool {
		for member, values := range kept {
			if !slices.Contains(values, f.dimensions[member]) {
				return false
			}
		}
		return true
	}
	return nil
}

// bucket is when the hour, day, week or month of an instant begins.
func (q *statsQuery) intervalStart(at time.Time) time.Time {
	if len(q.Times) == 0 {
		return time.Time{}
	}
	y, m, d := at.Date()
	h := 0
	switch q.Times[0].Granularity {
	case "hour":
		h = at.Hour()
	case "week":
		d -= (int(at.Weekday()) + 6) % 7
	case "month":
		d = 1
	}
	return time.Date(y, m, d, h, 0, 0, 0, q.zone)
}

// A stat is a row of an answer.
type statsRow struct {
	sortKey    string // by which rows are sorted, as JSON
	begin      time.Time
	dimensions []string
	facts      []fact
}

// answer counts.
func (q *statsQuery) rows(a *account) []*statsRow {
	rows := map[string]*statsRow{}
	from, to := timestampOf(q.from), timestampOf(q.to)
	q.eachFact(a, func(f fact) {
		if f.at < from || f.at >= to || !q.keep(f) {
			return
		}
		begin := q.intervalStart(time.UnixMicro(int64(f.at)).In(q.zone))
		var facet []string
		for _, name := range q.Dimensions {
			facet = append(facet, pickIf(f.dimensions[name] == "", "null", f.dimensions[name]))
		}
		key := quote(fmt.Sprintf("%s %q", begin.Format(time.RFC3339), facet))
		if rows[key] == nil {
			rows[key] = &statsRow{sortKey: key, begin: begin, dimensions: facet}
		}
		rows[key].facts = append(rows[key].facts, f)
	})
	var all []*statsRow
	for _, row := range rows {
		all = append(all, row)
	}
	slices.SortFunc(all, func(a, b *statsRow) int { return strings.Compare(a.sortKey, b.sortKey) })
	return all
}

// write writes a row as the doubts want it.
func (q *statsQuery) writeRow(j *jsonWriter, row *statsRow, doubts Quirks) {
	j.open("", '{')
	for i, name := range q.Dimensions {
		j.raw(name, row.dimensions[i])
	}
	if len(q.Times) > 0 && doubts.DayColumn != "-" {
		name := q.timeDimension
		if strings.HasPrefix(doubts.DayColumn, ".") {
			name += doubts.DayColumn
		} else if doubts.DayColumn != "" {
			name = doubts.DayColumn
		}
		text := row.begin.Format("2006-01-02T15:04:05.000")
		if doubts.DaysInUTC {
			text = row.begin.UTC().Format("2006-01-02T15:04:05.000Z")
		}
		j.raw(name, quote(text))
	}
	for _, name := range q.Measures {
		j.raw(name, q.measures[name](row.facts))
	}
	j.close('}')
}

// stats answers POST /api/reporting/stats.
func (a *account) serveStats(r *request) response {
	limit := 30
	for _, name := range sortedNames(r.values) {
		switch reason := numberParam(r.values[name]); {
		case name == "cursor":
		case name != "limit":
			return newBadRequest(name, "Unknown field.").response()
		case reason != "":
			return newBadRequest(name, reason).response()
		default:
			if limit, _ = strconv.Atoi(r.values[name][0]); limit > 10_000 { // checked; too long a number is 0
				return newBadRequest(name, "Must be between 1 and 10000.").response()
			}
		}
	}
	var asked struct {
		Query struct{ Scope string }
	}
	if json.Unmarshal(r.body, &asked) == nil && slices.Contains(failingScopes, asked.Query.Scope) {
		return errorResponse(http.StatusInternalServerError, "Internal error.")
	}
	var q statsQuery
	if bad := q.parse(r.body, a.quirks.PeriodStartExclusive); bad != nil {
		return bad.response()
	}
	// A cursor belongs to the body it was made with.
	list := &query{Values: url.Values{"body": {string(r.body)}}, path: statsPath, order: "name", now: r.now, tokenLifetime: timestamp(r.quirks.PageTokenLifetime / time.Microsecond)}
	if r.values.Has("cursor") && !list.applyToken(r.values.Get("cursor")) {
		return newBadRequest("cursor", "Invalid cursor.").response()
	}
	rows := q.rows(a)
	if list.after != nil {
		rows = slices.DeleteFunc(rows, func(row *statsRow) bool { return row.sortKey <= list.after.s })
	}
	more := len(rows) > limit
	rows = rows[:min(len(rows), limit)]
	var j jsonWriter
	j.open("", '{')
	j.raw("object", `"list"`)
	j.raw("uri", quote("/api/"+statsPath))
	j.open("data", '[')
	for _, row := range rows {
		q.writeRow(&j, row, a.quirks)
	}
	j.close(']')
	j.open("meta", '{')
	j.raw("prev_cursor", "")
	next := ""
	if more {
		next = quote(list.pageToken("next", sortKey{s: rows[len(rows)-1].sortKey}))
	}
	j.raw("next_cursor", next)
	j.close('}')
	j.close('}')
	return response{status: pickIf(a.quirks.StatsStatus201, http.StatusCreated, http.StatusOK), body: j.b}
}

// Statistics returns all rows that would answer a request for statistics now,
// in the likely reading of what is in doubt; nil if it would be refused.
func (s *Server) Statistics(body []byte) (rows [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.openAccount()
	var q statsQuery
	if q.parse(body, false) != nil {
		return nil
	}
	for _, row := range q.rows(a) {
		var j jsonWriter
		q.writeRow(&j, row, Quirks{})
		rows = append(rows, j.b)
	}
	return rows
}
