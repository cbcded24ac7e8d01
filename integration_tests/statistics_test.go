package integration_tests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/conform"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/streams"
)

// TestReportCrashRecovery checks random histories for the stream statistics
// alone, with tickets that enter and leave their days: the current rows of each
// day within the window are the account's, in every reading of the undocumented
// API, and a sync without changes emits nothing.
//
// DAYS_SEED repeats one history.
func TestReportCrashRecovery(t *testing.T) {
	t.Parallel()
	first, n := firstSeed(), *histories/5
	if seed, err := strconv.ParseUint(os.Getenv("DAYS_SEED"), 10, 64); err == nil {
		first, n = seed, 1
	}
	var judged atomic.Int64
	inParallel(t, n, func(t *testing.T, i int) {
		seed := first + uint64(i)
		var err error
		synctest.Test(t, func(t *testing.T) {
			h := &history{t: t, Rand: rand.New(rand.NewPCG(seed, 3)), maxChanges: defaultMaxChanges, only: []string{"statistics"}}
			err = h.play()
			judged.Add(int64(h.compared["statistics"]))
		})
		if err != nil {
			t.Fatalf("history %d: DAYS_SEED=%d: %v", i+1, seed, err)
		}
	})
	if judged.Load() == 0 && n > 10 {
		t.Error("no day was ever judged")
	}
}

// toggleCounted removes a recent ticket from what is counted and adds it again.
// The sync in between is interrupted, and its last records are in no bookmark.
func (h *history) toggleCounted() error {
	h.noChanges = true
	defer func() { h.noChanges = false }()
	now := time.Now().Add(h.box.ClockOffset)
	id := h.box.AddTicket(now.Add(-time.Duration(h.Int64N(int64(20*24*time.Hour)))), now, now)
	for i, stop := range []int{-1, h.IntN(6), -1} {
		if err := h.sync(stop); err != nil {
			return err
		}
		if i < 2 {
			h.box.TrashTicket(id, i == 0)
			time.Sleep(20 * time.Minute) // until it is visible
		}
	}
	return nil
}

// readReports reads the statistics with a plan that the function with changes,
// and returns the records by key and the number of requests.
func readReports(t *testing.T, h *fixture, marks map[string]state.Bookmark, with func(*connector.Plan)) (written map[string]string, requests int, failure error) {
	t.Helper()
	plan := h.plan([]string{"statistics"}, throughJSON(t, marks))
	plan.WindowInterval = 24 * time.Hour
	if with != nil {
		with(plan)
	}
	written, sent := map[string]string{}, h.budget.Sent()
	for b, err := range plan.Run(context.Background()) {
		if err != nil {
			failure = err
			continue
		}
		for _, rec := range b.Records {
			raw := rec.Raw
			written[keyOf(b.Stream, raw)] = string(raw)
		}
		marks["statistics"] = b.Bookmark
	}
	return written, h.budget.Sent() - sent, failure
}

// daysOf returns the days of the records.
func daysOf(written map[string]string) (all []string) {
	for _, raw := range written {
		day, _ := conform.Field([]byte(raw), "day")
		all = append(all, strings.Trim(string(day), `"`))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestDailyReports checks how many requests a sync of reports takes, and which
// days it reads and when.
func TestDailyReports(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2000, 6, 15, 12, 0, 0, 0, time.UTC)))
		box := &sandbox.Server{Limit: unlimited}
		h := newFixture(t, box)
		marks := map[string]state.Bookmark{}
		total := parseReports(`[{"scope":"tickets-created"}]`)
		from := func(p *connector.Plan) { p.Reports, p.Start = total, time.Time{} }
		expect := func(what string, requests int, wanted ...string) {
			t.Helper()
			written, n, err := readReports(t, h, marks, from)
			if got := daysOf(written); err != nil || n != requests || !slices.Equal(got, wanted) {
				t.Errorf("%s: %d requests, days %v, %v; expected %d, %v", what, n, got, err, requests, wanted)
			}
		}
		// A year in periods of 35, 70, 140 and 122 days, and one request for
		// the time.
		written, n, err := readReports(t, h, marks, from)
		if all := daysOf(written); err != nil || n != 5 || len(all) < 100 || all[len(all)-1] > "2000-06-15" || all[0] < "1999-06-15" {
			t.Fatalf("%d requests, %d days, %v", n, len(daysOf(written)), err)
		}
		ticket := func(at string) int64 {
			created, _ := time.Parse(time.RFC3339, at)
			return box.AddTicket(created, time.Now(), time.Now())
		}
		time.Sleep(time.Hour)
		expect("at rest", 2)
		ticket("2000-06-15T12:30:00Z")
		old := ticket("2000-05-20T00:00:00Z")
		expect("today", 2, "2000-06-15")
		time.Sleep(12 * time.Hour)
		expect("the day after", 2)
		time.Sleep(12 * time.Hour) // a day later, the window is read again
		expect("the window", 2, "2000-05-20")
		box.TrashTicket(old, true)
		ticket("2000-04-20T00:00:00Z") // before the window
		ticket("2000-06-17T00:00:00Z") // and after today
		time.Sleep(20 * time.Hour)
		expect("not yet the window", 2, "2000-06-17")
		time.Sleep(4 * time.Hour)
		expect("again", 2, "2000-05-20")

		// Changes within the window are captured by the next sync, whenever it
		// is.
		ticket(time.Now().AddDate(0, 0, -25).Format(time.RFC3339))
		changed := time.Now().AddDate(0, 0, -25).UTC().Format(time.DateOnly)
		time.Sleep(50 * 24 * time.Hour)
		if written, _, err := readReports(t, h, marks, from); err != nil || !slices.Contains(daysOf(written), changed) {
			t.Errorf("of %s nothing was read: %v, %v", changed, daysOf(written), err)
		}

		// The latest row of the day without tickets shows that it is empty.
		from = func(p *connector.Plan) {
			p.Reports = parseReports(`[{"scope":"tickets-created","dimensions":["agentId"]}]`)
		}
		marks = map[string]state.Bookmark{}
		readReports(t, h, marks, from)
		lone, day := ticket("2000-08-01T03:00:00Z"), "2000-08-01"
		time.Sleep(24 * time.Hour)
		expect("a lone ticket", 2, day)
		box.DeleteTicket(lone)
		time.Sleep(24 * time.Hour)
		written, _, err = readReports(t, h, marks, from)
		if len(written) != 1 || err != nil || !strings.Contains(fmt.Sprint(written), `"day":"`+day+`","row":"{}"`) {
			t.Errorf("the day without tickets became %v, %v", written, err)
		}

		// Another report, or another query under the old name, is read from the
		// start; the others continue.
		both := parseReports(`[{"scope":"tickets-created","dimensions":["agentId"]},{"scope":"tickets-closed"}]`)
		written, _, err = readReports(t, h, marks, func(p *connector.Plan) { p.Reports = both })
		for key := range written {
			if !strings.HasPrefix(key, `"tickets-closed"`) {
				t.Errorf("%s came again", key)
			}
		}
		if len(written) < 100 || err != nil {
			t.Errorf("%d rows of the new report, %v", len(written), err)
		}
		slices.Reverse(both)
		if written, _, err := readReports(t, h, marks, func(p *connector.Plan) { p.Reports = both }); len(written) > 0 || err != nil {
			t.Errorf("in another order, %d rows came again, %v", len(written), err)
		}
	})
}

// TestReportsResume stops a first sync after each of its batches: the next sync
// continues there, loses no record and repeats at most one period.
func TestReportsResume(t *testing.T) {
	t.Parallel()
	h := newFixture(t, &sandbox.Server{Limit: unlimited, Epoch: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Size: sandbox.Size{Tickets: 90, Messages: 300}})
	some := func(p *connector.Plan) {
		p.Reports = parseReports(`[{"scope":"tickets-closed","dimensions":["agentId"]},{"scope":"messages-sent","timezone":"Asia/Tokyo"}]`)
		p.Start = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	}
	whole, all, err := readReports(t, h, map[string]state.Bookmark{}, some)
	if err != nil || len(whole) < 100 {
		t.Fatalf("%d rows, %v", len(whole), err)
	}
	for stop := 0; ; stop++ {
		written, marks, n, done := map[string]string{}, map[string]state.Bookmark{}, 0, false
		plan := h.plan([]string{"statistics"}, nil)
		some(plan)
		sent := h.budget.Sent()
		for b, err := range plan.Run(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range b.Records {
				raw := rec.Raw
				written[keyOf(b.Stream, raw)] = withoutAsOf(raw)
			}
			if n++; n > stop {
				break // the bookmark of this batch is not stored
			}
			marks["statistics"], done = b.Bookmark, b.Kind == reader.Done
		}
		if done {
			break
		}
		asked := h.budget.Sent() - sent
		rest, more, err := readReports(t, h, marks, some)
		if err != nil {
			t.Fatal(err)
		}
		for key, raw := range rest {
			written[key] = withoutAsOf([]byte(raw))
		}
		for key, raw := range whole {
			if written[key] != withoutAsOf([]byte(raw)) {
				t.Fatalf("stopped after %d batches, %s is lost or another: %s", stop, key, written[key])
			}
		}
		// The time takes two requests, and the first periods of each report are
		// short.
		if asked+more > all+8 {
			t.Errorf("stopped after %d batches, %d requests and %d more; %d without", stop, asked, more, all)
		}
	}
}

// TestReportDates checks that the dates of the configuration bound the days, in
// any time zone.
func TestReportDates(t *testing.T) {
	t.Parallel()
	h := newFixture(t, &sandbox.Server{Limit: unlimited, Epoch: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)})
	for _, zone := range []string{"UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"} {
		marks := map[string]state.Bookmark{}
		between := func(p *connector.Plan) {
			settings, err := config.Parse([]byte(`{"subdomain":"a","email":"b@example.com","api_key":"c","start_date":"2026-04-01","end_date":"2026-04-10","reports":[{"scope":"messages-received","timezone":"`+zone+`"}]}`), false)
			if err != nil {
				t.Fatal(err)
			}
			p.Reports, p.Start, p.End = settings.Reports, settings.Start, settings.End
		}
		written, _, err := readReports(t, h, marks, between)
		if all := daysOf(written); err != nil || len(all) != 10 || all[0] != "2026-04-01" || all[9] != "2026-04-10" {
			t.Errorf("%s: %v, %v", zone, all, err)
		}
		if written, _, err := readReports(t, h, marks, between); len(written) > 0 || err != nil {
			t.Errorf("%s: %d rows came again, %v", zone, len(written), err)
		}
		if since := marks["statistics"].Watermark; since.After(time.Date(2026, 4, 11, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: the watermark is %v", zone, since)
		}
	}
}

// TestServerClockGoesBack checks that the rows read last have the latest
// as_of_datetime, even if the server's clock goes back.
func TestServerClockGoesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := &sandbox.Server{Limit: unlimited}
		var back time.Duration
		h := newFixtureBehind(t, box, alterResponses(func(r *http.Response) {
			at, _ := http.ParseTime(r.Header.Get("Date"))
			r.Header.Set("Date", at.Add(-back).Format(http.TimeFormat))
		}, inMemory{box}))
		marks := map[string]state.Bookmark{}
		now := func(p *connector.Plan) { p.Reports = parseReports(`[{"scope":"tickets-created"}]`) }
		add := func() string {
			at := time.Now().Add(-time.Minute)
			box.AddTicket(at, time.Now(), time.Now())
			written, _, err := readReports(t, h, marks, now)
			if err != nil {
				t.Fatal(err)
			}
			return written[fmt.Sprintf(`"tickets-created"/%q/"{}"`, at.UTC().Format(time.DateOnly))]
		}
		time.Sleep(12 * time.Hour)
		last := time.Time{}
		for _, back = range []time.Duration{0, 0, time.Minute, time.Hour, 0} {
			raw := add()
			if at := cursorOf(streams.Find("statistics"), []byte(raw)); !at.After(last) {
				t.Errorf("read at %v after %v: %s", at, last, raw)
			} else {
				last = at
			}
		}
	})
}

type alteredNetwork struct {
	change func(*http.Response)
	net    http.RoundTripper
}

func (n alteredNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := n.net.RoundTrip(r)
	if err == nil {
		n.change(res)
	}
	return res, err
}

func alterResponses(change func(*http.Response), net http.RoundTripper) http.RoundTripper {
	return alteredNetwork{change, net}
}

// TestReportsFail checks that a report that fails is reported, and the others
// are read.
func TestReportsFail(t *testing.T) {
	t.Parallel()
	h := newFixture(t, &sandbox.Server{Limit: unlimited})
	marks := map[string]state.Bookmark{}
	some := func(p *connector.Plan) {
		p.Reports = parseReports(`[{"scope":"tickets-created","dimensions":["teamId"]},{"scope":"tickets-closed"}]`)
	}
	written, _, err := readReports(t, h, marks, some)
	for key := range written {
		if !strings.HasPrefix(key, `"tickets-closed"`) {
			t.Errorf("%s was written", key)
		}
	}
	f := connector.Classify(streams.Find("statistics"), err)
	const want = "POST /api/reporting/stats: 400 Bad Request: reports: entry 1: Bad request. dimensions: Must be one of: ticketId, agentId, channel, integrationId, storeId. The documented measures of this scope are ticketCount and the dimensions ticketId, agentId, channel, integrationId, storeId. Correct that report in the configuration, or remove it"
	if len(written) == 0 || f.Type != connector.ConfigFailure || f.Message != want {
		t.Errorf("%d rows, %+v", len(written), f)
	}

	// Rows without a day, and periods that exclude their first day: one of them
	// cannot be read without the other.
	h = newFixture(t, &sandbox.Server{Limit: unlimited, Quirks: sandbox.Quirks{DayColumn: "-", PeriodStartExclusive: true}})
	if written, _, err := readReports(t, h, map[string]state.Bookmark{}, nil); len(written) > 0 || err == nil || !strings.Contains(err.Error(), "do not contain their day") {
		t.Errorf("%d rows, %v", len(written), err)
	}
	h = newFixture(t, &sandbox.Server{Limit: unlimited, Forbidden: []string{"reporting"}})
	_, _, err = readReports(t, h, map[string]state.Bookmark{}, nil)
	if f := connector.Classify(streams.Find("statistics"), err); f.Type != connector.ConfigFailure || !strings.Contains(f.Message, "the scope statistics:read, or deselect the stream statistics") {
		t.Errorf("%+v", f)
	}
}

// TestStatisticsWithoutReports checks that without reports in the configuration
// there is no stream: neither protocol offers or reads it, and a catalog that
// names it is an error that says what is missing.
func TestStatisticsWithoutReports(t *testing.T) {
	t.Parallel()
	named := []byte(`"statistics"`)
	config := file(t, "none.json", `{"overlap":10}`)
	for _, c := range []call{
		{args: []string{"discover"}}, {args: []string{"discover", "--sandbox", "--config", config}}, {args: []string{"read", "--sandbox"}},
		{tap: true, args: []string{"--discover"}}, {tap: true, args: []string{"--discover", "--config", config}}, {tap: true, args: []string{"--discover", "--config", "missing.json"}},
		{tap: true, args: []string{"--sandbox"}},
	} {
		if tr := c.inside(t); tr.code != 0 || bytes.Contains(tr.stdout, named) {
			t.Errorf("%s %v: exit code %d, named: %v", c.name(), c.args, tr.code, bytes.Contains(tr.stdout, named))
		}
	}
	const missing = "add reports to the configuration, or deselect the stream"
	tr := call{args: []string{"read", "--sandbox", "--catalog", file(t, "catalog.json", catalogFile("incremental", "tags", "statistics"))}}.inside(t)
	if rows := records(tr.messages()); tr.code != 1 || len(rows) != 1 || len(rows["tags"]) == 0 || !bytes.Contains(tr.stdout, []byte(missing)) || !bytes.Contains(tr.stdout, []byte(`"failure_type":"config_error"`)) {
		t.Errorf("exit code %d: %s", tr.code, tail(tr.stdout))
	}
	tr = call{tap: true, args: []string{"--sandbox", "--catalog", file(t, "catalog.json", tapCatalog("tags", "statistics"))}}.inside(t)
	if rows := tapRecords(tr); tr.code != 1 || len(rows) != 1 || !bytes.Contains(tr.stderr, []byte(missing)) {
		t.Errorf("exit code %d: %s", tr.code, tail(tr.stderr))
	}
	// Meltano passes it as a string.
	tr = call{tap: true, args: []string{"--discover", "--config", "ENV"}, env: []string{`TAP_GORGIAS_REPORTS=[{"scope":"tags"}]`}}.run(t)
	if tr.code != 0 || !bytes.Contains(tr.stdout, named) {
		t.Errorf("from the environment: exit code %d: %s", tr.code, tail(tr.stderr))
	}
}

// TestCheckReports checks that check requests each report.
func TestCheckReports(t *testing.T) {
	t.Parallel()
	for reports, want := range map[string]string{
		`[{"scope":"tags","dimensions":["tagId"]}]`:                                           `"SUCCEEDED"`,
		`[{"scope":"tags"},{"scope":"no-such-scope","measures":["n"],"time_dimension":"at"}]`: `reports: entry 2: Bad request. scope:`,
	} {
		tr := call{args: []string{"check", "--sandbox", "--config", file(t, "config.json", `{"reports":`+reports+`}`)}}.inside(t)
		if tr.code != 0 || !bytes.Contains(tr.stdout, []byte(want)) {
			t.Errorf("%s: exit code %d: %s", reports, tr.code, tail(tr.stdout))
		}
	}
}

// TestNothingIsWritten checks that no request could write (I12), whatever is
// read or re-fetched. POST is sent only for access tokens and for the
// statistics.
func TestNothingIsWritten(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	posted := map[string]bool{}
	box := small()
	box.ChangeRate, box.Quirks.PageTokenLifetime = 0.5, time.Millisecond
	box.Log = func(r *http.Request, _ int) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method != http.MethodGet {
			posted[r.Method+" "+r.URL.Path] = true
		}
	}
	h := newFixture(t, box)
	marks := map[string]state.Bookmark{}
	for range 3 {
		plan := h.plan(allStreams(), throughJSON(t, marks))
		plan.PageSize, plan.Tombstone, plan.Start = 50, tombstone, time.Time{}
		for b, err := range plan.Run(context.Background()) {
			if err == nil {
				marks[b.Stream.Name] = b.Bookmark
			}
		}
		if _, err := plan.Forecast(context.Background()); err != nil {
			t.Fatal(err)
		}
		for range plan.Permissions(context.Background()) {
		}
		if err := plan.CheckReports(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if got := slices.Collect(maps.Keys(posted)); !slices.Equal(got, []string{"POST /api/reporting/stats"}) {
		t.Errorf("sent: %q", got)
	}
}

// TestReportsSetting passes reports as a list of objects in both protocols.
func TestReportsSetting(t *testing.T) {
	t.Parallel()
	raw, _ := specification(t)
	var form struct {
		Properties struct {
			Reports struct {
				Type  string
				Items struct {
					Type       string
					Properties map[string]json.RawMessage
				}
			}
		}
	}
	if err := json.Unmarshal(raw, &form); err != nil {
		t.Fatal(err)
	}
	if r := form.Properties.Reports; r.Type != "array" || r.Items.Type != "object" || len(r.Items.Properties) != 7 {
		t.Errorf("%+v", r)
	}
	about := call{tap: true, args: []string{"--about", "--format", "json"}}.inside(t)
	if !bytes.Contains(about.stdout, []byte(`"tickets-created"`)) {
		t.Error("the tap does not describe reports")
	}
}

// TestPeriodStartIsRead checks that the first day of each period is read whether
// or not the API's periods include the day that they start with.
func TestPeriodStartIsRead(t *testing.T) {
	t.Parallel()
	var found [2][]string
	for i, exclusive := range []bool{false, true} {
		h := newFixture(t, &sandbox.Server{Limit: unlimited, Epoch: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Quirks: sandbox.Quirks{PeriodStartExclusive: exclusive}})
		written, _, err := readReports(t, h, map[string]state.Bookmark{}, func(p *connector.Plan) { p.Start = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC) })
		if err != nil {
			t.Fatal(err)
		}
		found[i] = daysOf(written)
	}
	if len(found[0]) < 100 || !slices.Equal(found[0], found[1]) {
		t.Errorf("%d days, and %d if periods exclude their start", len(found[0]), len(found[1]))
	}
}

// TestPublishedScopes checks that a report that names nothing but its scope uses
// values that the API's reference allows, for scopes of each kind.
func TestPublishedScopes(t *testing.T) {
	t.Parallel()
	tickets := "ticketId agentId channel integrationId storeId "
	published := map[string]struct{ times, measures, dimensions string }{
		"tickets-replied":                {"createdDatetime sentDatetime periodStart", "ticketCount", tickets},
		"zero-touch-tickets":             {"closedDatetime createdDatetime periodStart", "ticketCount", tickets},
		"satisfaction-surveys":           {"createdDatetime sentDatetime periodStart", "averageSurveyScore scoredSurveysCount responseRate satisfactionScore sentSurveysCount", tickets + "surveyScore"},
		"response-time":                  {"createdDatetime periodStart", "medianResponseTime", tickets},
		"messages-received":              {"sentDatetime periodStart", "messagesCount", tickets},
		"workload-tickets":               {"createdDatetime", "ticketCount", "ticketId channel"},
		"tags":                           {"timestamp", "ticketCount", tickets + "tagId"},
		"ticket-sla":                     {"anchorDatetime createdDatetime periodStart", "ticketCount slaAchievementRate", "status channel"},
		"auto-qa":                        {"closedDatetime", "averageResolutionCompletenessScore averageCommunicationSkillsScore averageLanguageProficiencyScore averageAccuracyScore averageEfficiencyScore averageInternalComplianceScore averageBrandVoiceScore ticketCount", tickets + "ticketQAScorerUserId"},
		"knowledge-insights":             {"createdDatetime", "averageSurveyScore ticketCount interactionsCount", "ticketId resourceType resourceSourceId resourceSourceSetId resourceVersion customFieldTop2LevelsValue createdDatetime"},
		"overall-automated-interactions": {"eventDatetime", "automatedInteractionsCount", "automationFeatureType orderManagementType flowId channel storeIntegrationId"},
		"ai-agent-coverage-rate":         {"eventDatetime", "coverageRate", "channel ticketId aiAgentRole aiIntentCustomField"},
		"flow-dataset":                   {"eventDatetime", "dropOffCount handoverInteractionsCount", "channel flowId storeIntegrationId"},
	}
	for _, scope := range reports.Scopes() {
		p, ok := published[scope.Name]
		if !ok {
			continue
		}
		delete(published, scope.Name)
		r := parseReports(`[{"scope":"` + scope.Name + `","filters":[` + requiredFilter(scope) + `]}]`)[0]
		if !slices.Contains(strings.Fields(p.times), r.TimeDimension) || len(r.Measures) == 0 {
			t.Errorf("%s: by %s, %q", scope.Name, r.TimeDimension, r.Measures)
		}
		for _, m := range r.Measures {
			if !slices.Contains(strings.Fields(p.measures), m) {
				t.Errorf("%s: the measure %s", scope.Name, m)
			}
		}
		if strings.Join(scope.Dimensions, " ") != strings.TrimSpace(p.dimensions) {
			t.Errorf("%s: the dimensions %q", scope.Name, scope.Dimensions)
		}
	}
	for name := range published {
		t.Errorf("%s is not a documented scope", name)
	}
}

// TestScopesAreAccepted checks a report of every scope, with nothing but the scope
// in the configuration, against the sandbox. The sandbox does not know them all.
func TestScopesAreAccepted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t, &sandbox.Server{Limit: unlimited})
		var unknown []string
		for _, scope := range reports.Scopes() {
			plan := h.plan([]string{"statistics"}, nil)
			plan.Reports = parseReports(`[{"scope":"` + scope.Name + `","filters":[` + requiredFilter(scope) + `]}]`)
			switch err := plan.CheckReports(context.Background()); {
			case err == nil:
			case strings.Contains(err.Error(), "scope: Must be one of"):
				unknown = append(unknown, scope.Name)
			default:
				t.Errorf("%s: %v", scope.Name, err)
			}
		}
		if all := len(reports.Scopes()); all-len(unknown) < 21 {
			t.Errorf("unknown: %q", unknown)
		}
	})
}

func requiredFilter(s reports.Scope) string {
	if s.Filter == "" {
		return ""
	}
	return `{"member":"` + s.Filter + `","values":["319001"]}`
}

// TestFilteredReports checks that a report counts what its filters leave, and that two
// reports that differ in their filters are read side by side.
func TestFilteredReports(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t, &sandbox.Server{Limit: unlimited})
		counts := map[string]int{}
		plan := h.plan([]string{"statistics"}, nil)
		plan.Reports = parseReports(`[{"scope":"tickets-created","name":"all"},
			{"scope":"tickets-created","name":"email","filters":[{"member":"channel","values":["email"]}]},
			{"scope":"tickets-created","name":"others","filters":[{"member":"channel","operator":"not-one-of","values":["email"]}]},
			{"scope":"ticket-fields","name":"field","filters":[{"member":"customFieldId","values":["319001"]}]}]`)
		for b, err := range plan.Run(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range b.Records {
				var row struct {
					Report   string
					Measures map[string]int
				}
				if err := json.Unmarshal(rec.Raw, &row); err != nil {
					t.Fatal(err)
				}
				counts[row.Report] += row.Measures["ticketCount"]
			}
		}
		if counts["email"] == 0 || counts["others"] == 0 || counts["email"]+counts["others"] != counts["all"] || counts["field"] == 0 {
			t.Error(counts)
		}
	})
}

// TestReportsWithWrongDates checks what a Date that is wrong from the first answer
// on costs: once, nothing; always, a few requests. The rows of the next sync win in
// any case.
func TestReportsWithWrongDates(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, off := range []time.Duration{-400 * day, -36 * time.Hour, -time.Hour, 5 * time.Minute, 36 * time.Hour, 365 * day, 280 * 365 * day} {
		for _, always := range []bool{false, true} {
			t.Run(fmt.Sprint(off, always), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					box := &sandbox.Server{Limit: unlimited}
					wrong := 0
					h := newFixtureBehind(t, box, alterResponses(func(r *http.Response) {
						if wrong == 0 {
							return
						}
						wrong--
						at, _ := http.ParseTime(r.Header.Get("Date"))
						r.Header.Set("Date", at.Add(off).Format(http.TimeFormat))
					}, inMemory{box}))
					marks := map[string]state.Bookmark{}
					total := func(p *connector.Plan) { p.Reports = parseReports(`[{"scope":"tickets-created"}]`) }
					last := time.Time{}
					read := func(always bool) {
						box.AddTicket(time.Now().Add(-time.Minute), time.Now(), time.Now())
						key := fmt.Sprintf(`"tickets-created"/%q/"{}"`, time.Now().UTC().Format(time.DateOnly))
						written, n, err := readReports(t, h, marks, total)
						if err != nil || n > 30 { // 24 in a first sync
							t.Errorf("%d requests, %v", n, err)
						}
						raw, ok := written[key]
						if !ok {
							if !always || off > 0 {
								t.Errorf("of today, nothing was read: %v", daysOf(written))
							}
							return
						}
						at := cursorOf(streams.Find("statistics"), []byte(raw))
						if !at.After(last) || at.After(time.Now().Add(time.Minute)) {
							t.Errorf("read at %v after %v, at %v", at, last, time.Now())
						}
						last = at
					}
					time.Sleep(12 * time.Hour)
					read(false)
					time.Sleep(day)
					if wrong = 1; always {
						wrong = -1
					}
					read(always)
					if at := marks["statistics"].Watermark; at.After(time.Now()) {
						t.Errorf("the watermark is %v, at %v", at, time.Now())
					}
					wrong = 0
					time.Sleep(time.Hour)
					read(false)
				})
			})
		}
	}
}

// TestFutureReportState checks that a state that is later than the server's present
// is reported once, that what it may hide is read, and that the rows that are read
// then win over those before.
func TestFutureReportState(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{10 * time.Minute, time.Hour, 50 * 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		for name, move := range map[string]func(*state.ReportBookmark, time.Time){
			"watermark": func(b *state.ReportBookmark, to time.Time) { b.Watermark = to },
			"window":    func(b *state.ReportBookmark, to time.Time) { b.WindowReadAt = to },
			"all": func(b *state.ReportBookmark, to time.Time) {
				*b = state.ReportBookmark{Report: b.Report, Watermark: to, WindowReadAt: to, LastNonEmptyDay: to, LastAsOf: to}
			},
		} {
			t.Run(fmt.Sprint(name, ahead), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					box := &sandbox.Server{Limit: unlimited}
					h := newFixture(t, box)
					marks := map[string]state.Bookmark{}
					two := func(p *connector.Plan) {
						p.Reports = parseReports(`[{"scope":"tickets-created"},{"scope":"tickets-created","dimensions":["channel"]}]`)
						p.WindowInterval = 0
					}
					time.Sleep(12 * time.Hour)
					readReports(t, h, marks, two)
					b := marks["statistics"]
					all := slices.Clone(b.Reports)
					for i := range all {
						move(&all[i], time.Now().Add(ahead))
					}
					b.Reports = all
					moved := all[0].LastAsOf
					time.Sleep(time.Minute)
					at := time.Now().Add(-time.Second)
					box.AddTicket(at, time.Now(), time.Now())
					plan := h.plan([]string{"statistics"}, map[string]state.Bookmark{"statistics": b})
					two(plan)
					warnings, read := 0, 0
					for b, err := range plan.Run(t.Context()) {
						if err != nil {
							t.Fatal(err)
						}
						if strings.Contains(b.Warning, "later than the server's present") {
							warnings++
						}
						for _, rec := range b.Records {
							if strings.Contains(string(rec.Raw), at.UTC().Format(`"2006-01-02"`)) {
								read++
							}
							if asOf := cursorOf(b.Stream, rec.Raw); !asOf.After(moved) {
								t.Errorf("read at %v, after %v", asOf, moved)
							}
						}
						marks["statistics"] = b.Bookmark
					}
					if warnings != 1 || read != 2 {
						t.Errorf("%d warnings, today was read of %d reports", warnings, read)
					}
					for _, b := range marks["statistics"].Reports {
						if b.Watermark.After(time.Now()) || b.WindowReadAt.After(time.Now()) {
							t.Errorf("the state is still later than the present: %v", b)
						}
					}
				})
			})
		}
	}
}

// TestReportsAfterAWrongDate checks that the first Date of a sync, which is wrong,
// hides no day: a second response corrects it.
func TestReportsAfterAWrongDate(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-36 * time.Hour, -365 * 24 * time.Hour, 36 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box := &sandbox.Server{Limit: unlimited}
				now := time.Now()
				box.AddTicket(now, now, now)
				responses := 0
				h := newFixtureBehind(t, box, alterResponses(func(r *http.Response) {
					if responses++; responses == 1 {
						r.Header.Set("Date", now.Add(off).UTC().Format(http.TimeFormat))
					}
				}, inMemory{box}))
				written, _, err := readReports(t, h, map[string]state.Bookmark{}, func(p *connector.Plan) {
					p.Reports = parseReports(`[{"scope":"tickets-created"}]`)
				})
				if days := daysOf(written); err != nil || !slices.Contains(days, now.UTC().Format(time.DateOnly)) {
					t.Errorf("%v, no row of today in %v", err, days)
				}
			})
		})
	}
}

// TestReportsOnALateHost checks that a host's clock that is late hides no day: those
// beyond its present are read, and do not count as read; and those of the window are
// read again when that is due by the server's clock.
func TestReportsOnALateHost(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{time.Hour, 36 * time.Hour, 300 * 24 * time.Hour, 30 * 365 * 24 * time.Hour} {
		t.Run(late.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box := &sandbox.Server{Limit: unlimited}
				ahead := time.Duration(0)
				h := newFixtureBehind(t, box, alterResponses(func(r *http.Response) {
					at, _ := http.ParseTime(r.Header.Get("Date"))
					r.Header.Set("Date", at.Add(ahead).Format(http.TimeFormat))
				}, inMemory{box}))
				marks := map[string]state.Bookmark{}
				total := func(p *connector.Plan) { p.Reports = parseReports(`[{"scope":"tickets-created"}]`) }
				readReports(t, h, marks, total)
				b := marks["statistics"] // of a host whose clock was right
				all := slices.Clone(b.Reports)
				for i := range all {
					all[i].Watermark = all[i].Watermark.Add(late)
					all[i].WindowReadAt = all[i].WindowReadAt.Add(late)
				}
				b.Reports, ahead = all, late
				marks["statistics"] = b
				for range 2 {
					now := time.Now().Add(late)
					box.AddTicket(now, now, time.Now())
					written, n, err := readReports(t, h, marks, total)
					if err != nil || n > 8 || !slices.Contains(daysOf(written), now.UTC().Format(time.DateOnly)) {
						t.Errorf("%d requests, %v, of %v", n, err, daysOf(written))
					}
					time.Sleep(time.Hour)
				}
				for _, again := range []struct{ pause, interval time.Duration }{{time.Minute, 0}, {24 * time.Hour, 24 * time.Hour}, {340 * 24 * time.Hour, 24 * time.Hour}} {
					time.Sleep(again.pause)
					now := time.Now().Add(late)
					past := now.AddDate(0, 0, -10)
					box.AddTicket(past, now, time.Now())
					box.AddTicket(now, now, time.Now())
					written, n, err := readReports(t, h, marks, func(p *connector.Plan) {
						total(p)
						p.WindowInterval = again.interval
					})
					for _, at := range []time.Time{past, now} {
						if day := at.UTC().Format(time.DateOnly); err != nil || n > 8 || !slices.Contains(daysOf(written), day) {
							t.Errorf("after %v with an interval of %v: %d requests, %v, not %s, but %v", again.pause, again.interval, n, err, day, daysOf(written))
						}
					}
				}
				if got := marks["statistics"].Reports[0].Watermark; got.After(state.MaxTime(all[0].Watermark, time.Now())) {
					t.Errorf("the watermark moved from %v to %v", all[0].Watermark, got)
				}
			})
		})
	}
}
