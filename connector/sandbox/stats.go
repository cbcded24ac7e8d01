package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // time zones, where the machine has none
)

const statsPath = "reporting/stats"

// A statsQuery is the body of a request for statistics. The values of order
// are not known, therefore it is not allowed.
type statsQuery struct {
	Scope      string        `json:"scope"`
	Filters    []statsFilter `json:"filters"`
	Timezone   string        `json:"timezone"`
	Dimensions []string      `json:"dimensions"`
	Measures   []string      `json:"measures"`
	Times      []struct {
		Dimension   string `json:"dimension"`
		Granularity string `json:"granularity"`
	} `json:"time_dimensions"`

	scope    scope
	zone     *time.Location
	from, to time.Time           // the period, without to
	allowed  map[string][]string // values by filtered member, without quotation marks
	denied   map[string][]string // the same, of what is left out
}

type statsFilter struct {
	Member   string            `json:"member"`
	Operator string            `json:"operator"`
	Values   []json.RawMessage `json:"values"`
}

// periodOperators has the operator of each member of the period.
var periodOperators = map[string]string{"periodStart": "afterDate", "periodEnd": "beforeDate"}

// parse reads and checks a query.
func (q *statsQuery) parse(body []byte, startExclusive bool) *badRequest {
	var outer struct {
		Query *statsQuery `json:"query"`
	}
	outer.Query = q
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&outer); err != nil || outer.Query == nil || d.More() {
		return newBadRequest("query", "Not a valid query.")
	}
	var known bool
	if q.scope, known = findScope(q.Scope); !known {
		return newBadRequest("scope", "Must be one of the known scopes.")
	}
	var err error
	if q.zone, err = time.LoadLocation(q.Timezone); err != nil || q.Timezone == "" {
		return newBadRequest("timezone", "Not a valid timezone.")
	}
	if bad := q.checkColumns(); bad != nil {
		return bad
	}
	if bad := q.parseFilters(); bad != nil {
		return bad
	}
	if startExclusive {
		q.from = q.from.AddDate(0, 0, 1)
	}
	return nil
}

// checkColumns checks the dimensions, the measures and the time dimension.
func (q *statsQuery) checkColumns() *badRequest {
	for i, name := range q.Dimensions {
		if !slices.Contains(q.scope.dimensions, name) || slices.Contains(q.Dimensions[:i], name) {
			return newBadRequest("dimensions", "Must be one of: "+strings.Join(q.scope.dimensions, ", ")+".")
		}
	}
	for i, name := range q.Measures {
		if q.scope.measures[name] == nil || slices.Contains(q.Measures[:i], name) {
			return newBadRequest("measures", "Not a measure of the scope.")
		}
	}
	if len(q.Dimensions)+len(q.Measures) == 0 {
		return newBadRequest("measures", "Missing data for required field.")
	}
	for i, t := range q.Times {
		if !slices.Contains(q.scope.timeDimensions, t.Dimension) || !slices.Contains([]string{"hour", "day", "week", "month"}, t.Granularity) || i > 0 {
			return newBadRequest("time_dimensions", "Not a time dimension of the scope.")
		}
	}
	return nil
}

// parseFilters reads the period and the allowed values of other members.
func (q *statsQuery) parseFilters() *badRequest {
	q.allowed, q.denied = map[string][]string{}, map[string][]string{}
	for _, f := range q.Filters {
		if bad := q.parseFilter(f); bad != nil {
			return bad
		}
	}
	required := q.scope.requiredFilter
	switch {
	case q.from.IsZero() || q.to.IsZero():
		return newBadRequest("filters", "periodStart and periodEnd are required.")
	case required != "" && q.allowed[required] == nil:
		return newBadRequest("filters", required+" is required.")
	case q.to.Before(q.from) || q.to.After(q.from.AddDate(0, 0, 366)):
		return newBadRequest("filters", "The period must be of 366 days or less.")
	}
	return nil
}

func (q *statsQuery) parseFilter(f statsFilter) *badRequest {
	operator, isPeriod := periodOperators[f.Member]
	switch {
	case isPeriod && f.Operator == operator && len(f.Values) == 1:
		return q.parsePeriod(f)
	case isPeriod || len(f.Values) == 0 || !q.canFilter(f.Member):
	case f.Operator == "one-of":
		q.allowed[f.Member] = unquoted(f.Values)
		return nil
	case f.Operator == "not-one-of":
		q.denied[f.Member] = unquoted(f.Values)
		return nil
	}
	return newBadRequest("filters", "Not a filter of the scope.")
}

// parsePeriod reads the start or the end of the period.
func (q *statsQuery) parsePeriod(f statsFilter) *badRequest {
	var text string
	_ = json.Unmarshal(f.Values[0], &text) // not a string: not a date
	date, err := time.ParseInLocation(time.DateOnly, text, q.zone)
	if err != nil {
		return newBadRequest(f.Member, "Not a valid date.")
	}
	*pickIf(f.Member == "periodStart", &q.from, &q.to) = date
	return nil
}

// canFilter reports whether the scope can be filtered by a member.
func (q *statsQuery) canFilter(member string) bool {
	return member == q.scope.requiredFilter || slices.Contains(q.scope.dimensions, member)
}

// matches reports whether the fact passes the filters.
func (q *statsQuery) matches(f fact) bool {
	for member, values := range q.allowed {
		if !slices.Contains(values, unquote(f.dimensions[member])) {
			return false
		}
	}
	for member, values := range q.denied {
		if slices.Contains(values, unquote(f.dimensions[member])) {
			return false
		}
	}
	return true
}

// unquoted returns values without quotation marks: an id may be written as a text.
func unquoted(values []json.RawMessage) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = unquote(string(v))
	}
	return all
}

func unquote(value string) string { return strings.Trim(value, `"`) }

// intervalStart returns the start of the hour, day, week or month of a time;
// zero if the query has no time dimension.
func (q *statsQuery) intervalStart(t time.Time) time.Time {
	if len(q.Times) == 0 {
		return time.Time{}
	}
	y, m, d := t.Date()
	h := 0
	switch q.Times[0].Granularity {
	case "hour":
		h = t.Hour()
	case "week":
		d -= (int(t.Weekday()) + 6) % 7
	case "month":
		d = 1
	}
	return time.Date(y, m, d, h, 0, 0, 0, q.zone)
}

// A statsRow is a row of a response.
type statsRow struct {
	sortKey    string // raw
	start      time.Time
	dimensions []string
	facts      []fact
}

// rows returns all rows of the query in order.
func (q *statsQuery) rows(a *account) []*statsRow {
	rows := map[string]*statsRow{}
	from, to := timestampOf(q.from), timestampOf(q.to)
	q.scope.facts(a, func(f fact) {
		if f.at < from || f.at >= to || !q.matches(f) {
			return
		}
		start := q.intervalStart(time.UnixMicro(int64(f.at)).In(q.zone))
		var dimensions []string
		for _, name := range q.Dimensions {
			dimensions = append(dimensions, pickIf(f.dimensions[name] == "", "null", f.dimensions[name]))
		}
		key := quote(fmt.Sprintf("%s %q", start.Format(time.RFC3339), dimensions))
		if rows[key] == nil {
			rows[key] = &statsRow{sortKey: key, start: start, dimensions: dimensions}
		}
		rows[key].facts = append(rows[key].facts, f)
	})
	var sorted []*statsRow
	for _, row := range rows {
		sorted = append(sorted, row)
	}
	slices.SortFunc(sorted, func(a, b *statsRow) int { return strings.Compare(a.sortKey, b.sortKey) })
	return sorted
}

// writeRow writes a row.
func (q *statsQuery) writeRow(j *jsonWriter, row *statsRow, quirks Quirks) {
	j.open("", '{')
	for i, name := range q.Dimensions {
		j.raw(name, row.dimensions[i])
	}
	if len(q.Times) > 0 && quirks.DayColumn != "-" {
		name := q.Times[0].Dimension
		if strings.HasPrefix(quirks.DayColumn, ".") {
			name += quirks.DayColumn
		} else if quirks.DayColumn != "" {
			name = quirks.DayColumn
		}
		start := row.start.Format("2006-01-02T15:04:05.000")
		if quirks.DaysInUTC {
			start = row.start.UTC().Format("2006-01-02T15:04:05.000Z")
		}
		j.raw(name, quote(start))
	}
	for _, name := range q.Measures {
		j.raw(name, q.scope.measures[name](row.facts))
	}
	j.close('}')
}

// statsParams are the parameters of the path. serveStats checks the cursor.
var statsParams = map[string]paramCheck{"cursor": func([]string) string { return "" }, "limit": limitParam(10_000)}

// serveStats serves POST /api/reporting/stats.
func (a *account) serveStats(r *request) response {
	if bad := checkParams(r.values, statsParams); bad != nil {
		return bad.response()
	}
	var q statsQuery
	if bad := q.parse(r.body, a.quirks.PeriodStartExclusive); bad != nil {
		return bad.response()
	}
	if slices.Contains(failingScopes, q.Scope) && !a.quirks.EveryScopeWorks {
		return errorResponse(http.StatusInternalServerError, "Internal error.")
	}
	// a page token is valid with the body that it was returned for
	list := &query{Values: url.Values{"body": {string(r.body)}}, path: statsPath, order: "name", now: r.now, tokenLifetime: r.tokenLifetime()}
	if r.values.Has("cursor") && !list.applyToken(r.values.Get("cursor")) {
		return newBadRequest("cursor", "Invalid cursor.").response()
	}
	rows := q.rows(a)
	if list.after != nil {
		rows = slices.DeleteFunc(rows, func(row *statsRow) bool { return row.sortKey <= list.after.s })
	}
	limit, next := limitOf(r.values, 30), ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = list.pageToken("next", sortKey{s: rows[limit-1].sortKey})
	}
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
	j.raw("next_cursor", quoteOrNull(next))
	j.close('}')
	j.close('}')
	return response{status: pickIf(a.quirks.StatsStatus201, http.StatusCreated, http.StatusOK), body: j.b}
}

// Statistics returns all rows that the body of a request for statistics would
// get now, without the quirks; nil if the request would be rejected.
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
