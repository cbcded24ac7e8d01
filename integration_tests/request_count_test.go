package integration_tests

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/config"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

var update = flag.Bool("update", false, "rewrite what is golden: the table of costs in the README, testdata/wrong_inputs.golden")

// shop is the account of the README's table of request counts. The sandbox adds
// six imported tickets with their messages and events, which makes the numbers
// of the table.
var shop = sandbox.Size{Tickets: 9_994, Messages: 59_988, Customers: 8_000, Surveys: 3_000, Events: 99_970}

// scaledShop returns the shop, or a twentieth of it, and the divisor.
func scaledShop() (size sandbox.Size, divisor int) {
	if *full {
		return shop, 1
	}
	const d = 20
	return sandbox.Size{Tickets: shop.Tickets / d, Messages: shop.Messages / d, Customers: shop.Customers / d, Surveys: shop.Surveys / d, Events: shop.Events / d}, d
}

// largeListStreams are the streams of the five large lists.
var largeListStreams = []string{"tickets", "ticket_tags", "ticket_custom_field_values", "ticket_messages", "ticket_message_attachments",
	"customers", "customer_custom_field_values", "satisfaction_surveys", "events"}

// TestRequestCount compares the numbers of requests with the targets of the design: a
// first sync takes as many requests as its rows fill pages, and at most one more
// per list; a day's changes, all of them captured, take few requests; a sync
// without changes takes one or two per list, and writes nothing. With -full, the
// shop has the size of the README's table, and the table is compared too.
func TestRequestCount(t *testing.T) {
	t.Parallel()
	size, divisor := scaledShop()
	var costs [3][4]int
	var parts [3][2]int // without reconciliation, and with it
	sets := [3][]string{largeListStreams, largeListStreams[:len(largeListStreams)-1], streamNames(config.AvailableStreams(nil))}
	t.Run("all", func(t *testing.T) { // returns when its parallel subtests have ended
		for i, names := range sets {
			t.Run(strconv.Itoa(len(names))+" streams", func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { costs[i] = countRequests(t, names, size, divisor) })
			})
		}
		for i, names := range sets {
			if i > 0 && !*full {
				break
			}
			for j, every := range []time.Duration{0, 7 * 24 * time.Hour} {
				t.Run(fmt.Sprintf("%d streams, two weeks, reconciled within %v", len(names), every), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { parts[i][j] = reconcileShop(t, names, size, every) })
				})
			}
		}
	})
	fed, own := costs[0], costs[1]
	first := 5 // one more per list
	for _, rows := range []int{size.Tickets, size.Messages, size.Customers, size.Surveys, size.Events} {
		first += (rows + 99) / 100
	}
	if fed[0] > first {
		t.Errorf("a first sync took %d requests, expected at most %d", fed[0], first)
	}
	day := 20 + 115/divisor // 15 of them ask whether customers are gone
	if fed[1] > day || own[1] > day {
		t.Errorf("a day took %d requests, without events %d; expected at most %d", fed[1], own[1], day)
	}
	if fed[3] > 2*5 || own[3] > 2*5 {
		t.Errorf("a sync without changes took %d requests, without events %d; expected at most 2 per list", fed[3], own[3])
	}
	// Each list has a page more where a part starts, and one where it ends.
	part := func(set int) int { return (parts[set][1] - parts[set][0] + twoWeeks - 1) / twoWeeks }
	most := 2*4 + (size.Tickets+size.Messages+size.Customers+size.Surveys)/100*5/4/7
	if part(0) < most/2 || part(0) > most {
		t.Errorf("a day's part of the reconciliation took %d requests, expected at most %d", part(0), most)
	}
	if !*full {
		t.Logf("requests: %v; a day's part of the reconciliation: %d", costs, part(0))
		return
	}
	var table strings.Builder
	table.WriteString("| requests | streams of the five large lists | the same without `events` | all streams |\n| --- | ---: | ---: | ---: |\n")
	for _, row := range []struct {
		what string
		i    int
	}{
		{"first sync: 10,000 tickets, 60,000 messages, 8,000 customers, 3,000 surveys, 100,000 events", 0},
		{"a day's changes: 500 tickets changed, 1,500 messages new, 60 surveys answered, 20 old messages edited, 30 deletions and merges", 1},
		{"the same, with the daily re-read of the lookback windows", 2},
		{"no changes", 3},
	} {
		fmt.Fprintf(&table, "| %s | %d | %d | %d |\n", row.what, costs[0][row.i], costs[1][row.i], costs[2][row.i])
	}
	fmt.Fprintf(&table, "| in addition, each day: the part of the lists that is read again, on average of two weeks | %d | %d | %d |\n", part(0), part(1), part(2))
	compareReadmeTable(t, "costs", table.String())
}

// compareReadmeTable compares a table of the README with what was measured.
func compareReadmeTable(t *testing.T, name, table string) {
	t.Helper()
	const path = "../README.md"
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	head, rest, found := strings.Cut(string(readme), begin)
	old, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("the README has no place for the table of %s:\n%s", name, table)
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+begin+table+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if old != table {
		t.Errorf("the README's table of %s is not what was measured (go test ./integration_tests -run %s -full -update writes it):\n%s", name, t.Name(), table)
	}
}

// countRequests counts the requests of a first sync, of two days' changes, and
// of a sync without changes.
func countRequests(t *testing.T, names []string, size sandbox.Size, divisor int) (costs [4]int) {
	h, read := openShop(t, names, size)
	costs[0] = read(24*time.Hour, 0)
	for i, revise := range []time.Duration{24 * time.Hour, 0} {
		h.changeForOneDay(divisor)
		costs[1+i] = read(revise, 0)
		if err := h.compare(); err != nil {
			t.Errorf("day %d: %v", 1+i, err)
		}
	}
	sent := h.budget.Sent()
	if err := h.syncUnchanged(100); err != nil {
		t.Error(err)
	}
	costs[3] = h.budget.Sent() - sent
	return costs
}

// openShop returns the history of an account, and a function that syncs it and counts the
// requests.
func openShop(t *testing.T, names []string, size sandbox.Size) (h *history, read func(revise, reconcile time.Duration) int) {
	h = &history{t: t, Rand: rand.New(rand.NewPCG(1, 1)), quiet: true, streams: names, overlap: 10 * time.Minute,
		bookmarks: map[string]state.Bookmark{}, written: map[string]map[string]string{}, lastFullRefresh: map[string]map[string]string{}, compared: map[string]int{},
		unnamed: map[string]bool{}, unsaved: map[string]bool{}}
	h.fixture = newFixture(t, &sandbox.Server{Seed: 1, Limit: unlimited, Size: size})
	return h, func(revise, reconcile time.Duration) int {
		sent := h.budget.Sent()
		plan := h.plan(names, throughJSON(t, h.bookmarks))
		plan.WindowInterval, plan.Tombstone, plan.ReconcileEvery = revise, tombstone, reconcile
		if err := h.read(plan, -1); err != nil {
			t.Fatal(err)
		}
		return h.budget.Sent() - sent
	}
}

// reconcileShop counts the requests of the daily syncs of two weeks without changes.
func reconcileShop(t *testing.T, names []string, size sandbox.Size, every time.Duration) (requests int) {
	h, read := openShop(t, names, size)
	read(24*time.Hour, every)
	for range twoWeeks {
		time.Sleep(24 * time.Hour)
		requests += read(24*time.Hour, every)
	}
	if err := h.compare(); err != nil {
		t.Error(err)
	}
	return requests
}

const twoWeeks = 14

// changeForOneDay changes the shop: 500 tickets change, by 1,500 new messages
// and otherwise; 60 surveys are answered and 20 messages edited, most of them
// old; 30 tickets and customers are deleted or merged. The numbers are divided
// by divisor.
func (h *history) changeForOneDay(divisor int) {
	ids := map[string][]int64{}
	for _, path := range []string{"tickets", "messages", "customers", "satisfaction-surveys"} {
		for row := range h.box.Each(path) {
			id, _ := strconv.ParseInt(keyOf(streams.Find("tags"), row), 10, 64)
			ids[path] = append(ids[path], id)
		}
		h.Shuffle(len(ids[path]), func(i, j int) { ids[path][i], ids[path][j] = ids[path][j], ids[path][i] })
	}
	next := func(path string) int64 {
		id := ids[path][0]
		ids[path] = ids[path][1:]
		return id
	}
	var changes []func()
	do := func(n int, change func()) {
		for range (n + divisor - 1) / divisor {
			changes = append(changes, change)
		}
	}
	do(400, func() {
		id := next("tickets")
		for range 3 {
			h.box.AddMessage(id)
		}
	})
	do(100, func() {
		id := h.box.AddTicket(time.Time{}, time.Time{}, time.Time{}) // with two messages
		h.box.AddMessage(id)
	})
	do(60, func() { h.box.AnswerSurvey(next("satisfaction-surveys"), 1+h.IntN(5)) })
	do(20, func() { h.box.EditMessage(next("messages")) })
	do(15, func() { h.box.DeleteTicket(next("tickets")) })
	do(5, func() { h.box.MergeTickets(next("tickets"), next("tickets")) })
	do(5, func() { h.box.DeleteCustomer(next("customers")) })
	do(5, func() { h.box.MergeCustomers(next("customers"), next("customers")) })
	h.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
	for _, change := range changes {
		time.Sleep(20 * time.Hour / time.Duration(len(changes)))
		change()
	}
	time.Sleep(2 * time.Hour)
}

// TestRequestCountOfRefetches checks that what changed among the newest rows, which each
// sync reads, is not requested one by one, however recent the events are.
func TestRequestCountOfRefetches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what    string
		stream  string
		size    sandbox.Size
		changes int
		change  func(*sandbox.Server, int64) bool
		most    int // requests of the stream's list, its records and the events
	}{
		{"2 of the newest surveys answered", "satisfaction_surveys", sandbox.Size{Surveys: 2000}, 2, answer, 3},
		{"10 of the newest surveys answered", "satisfaction_surveys", sandbox.Size{Surveys: 2000}, 10, answer, 3},
		{"60 of the newest surveys answered", "satisfaction_surveys", sandbox.Size{Surveys: 2000}, 60, answer, 3},
		{"200 of the newest surveys answered", "satisfaction_surveys", sandbox.Size{Surveys: 2000}, 200, answer, 6},
		{"60 of the newest 100 messages edited", "ticket_messages", sandbox.Size{Tickets: 500, Messages: 1000}, 60, (*sandbox.Server).EditMessage, 4},
	} {
		for _, later := range []time.Duration{time.Second, time.Hour} {
			t.Run(c.what+", "+later.String()+" ago", func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					box := &sandbox.Server{Limit: unlimited, Size: c.size}
					h, marks := newFixture(t, box), map[string]state.Bookmark{}
					sync := func() (written int) {
						plan := h.plan([]string{c.stream}, throughJSON(t, marks))
						plan.WindowInterval, plan.Tombstone = 24*time.Hour, tombstone
						for b, err := range plan.Run(t.Context()) {
							if err != nil {
								t.Fatal(err)
							}
							written += len(b.Records)
							marks[b.Stream.Name] = b.Bookmark
						}
						return written
					}
					sync()
					time.Sleep(time.Hour)
					sync()
					rows := slices.SortedFunc(box.Each(streams.Find(c.stream).Path), func(a, b []byte) int {
						return strings.Compare(createdOf(string(b)), createdOf(string(a)))
					})
					for _, row := range rows[:c.changes] {
						id, _ := strconv.ParseInt(keyOf(streams.Find("tags"), row), 10, 64)
						c.change(box, id)
					}
					time.Sleep(later)
					var log []string
					box.Log = func(r *http.Request, status int) {
						log = append(log, fmt.Sprintf("%s?%s %d", r.URL.Path, r.URL.RawQuery, status))
					}
					if written := sync(); written < c.changes || len(log) > c.most {
						t.Errorf("%d records with %d requests, expected %d with at most %d:\n%s", written, len(log), c.changes, c.most, strings.Join(log, "\n"))
					}
				})
			})
		}
	}
}

// TestRequestCountOfBurst checks that a burst of changes is read again by one sync, and
// not by each until the next change.
func TestRequestCountOfBurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t, &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Tickets: 3500}})
		marks := map[string]state.Bookmark{}
		sync := func() int {
			before := h.budget.Sent()
			plan := h.plan([]string{"tickets"}, throughJSON(t, marks))
			for b, err := range plan.Run(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				marks[b.Stream.Name] = b.Bookmark
			}
			return h.budget.Sent() - before
		}
		sync()
		for row := range h.box.Each("tickets") {
			id, _ := strconv.ParseInt(keyOf(streams.Find("tags"), row), 10, 64)
			h.box.EditTicketSubject(id)
		}
		time.Sleep(time.Hour)
		sync()
		time.Sleep(time.Hour)
		again := sync()
		for range 3 {
			time.Sleep(time.Hour)
			if n := sync(); n > 3 {
				t.Errorf("%d requests for a list without changes, after %d", n, again)
			}
		}
	})
}

func answer(box *sandbox.Server, survey int64) bool { return box.AnswerSurvey(survey, 3) }

// TestRequestCountPerList checks each list: a first sync takes as many requests
// as its rows fill pages, and at most one more; a sync without changes takes
// one request per incremental list and emits no record.
func TestRequestCountPerList(t *testing.T) {
	t.Parallel()
	box := &sandbox.Server{Limit: unlimited}
	h := newFixture(t, box)
	marks := map[string]state.Bookmark{}
	read := func() (records int) {
		plan := h.plan(allStreams(), throughJSON(t, marks))
		plan.WindowInterval = 24 * time.Hour
		for b, err := range plan.Run(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Stream.Incremental() {
				records += len(b.Records)
			}
			marks[b.Stream.Name] = b.Bookmark
		}
		return records
	}
	asked := func() map[string]int {
		hits := map[string]int{}
		for _, s := range streams.All() {
			if s.Path != "" {
				hits[s.Name] = box.Hits(s.Path)
			}
		}
		return hits
	}
	records := read()
	first, total := asked(), h.budget.Sent()
	for _, s := range streams.All() {
		if s.Path == "" || s.Mode == stream.PerParent || s.Mode == stream.SingleObject {
			continue
		}
		rows := len(expectedRecords(box, s))
		most := (rows+99)/100 + max(1, len(s.Partitions))
		if s.Mode == stream.DailyReport { // a period is at most a year, and shorter at first
			most = len(parseReports(someReports)) * (time.Now().Year() - 1980 + 5)
		}
		if first[s.Name] > most {
			t.Errorf("%s: %d rows took %d requests, expected at most %d", s.Name, rows, first[s.Name], most)
		}
	}
	t.Logf("a first sync: %d records of incremental streams, %d requests", records, total)

	if records := read(); records != 0 {
		t.Errorf("a sync at rest wrote %d records", records)
	}
	for name, n := range asked() {
		s := streams.Find(name)
		// The events of calls have no filter and come oldest first, so all are
		// read.
		most := 1
		if s.Mode == stream.DailyReport {
			most = len(parseReports(someReports))
		}
		if s.Incremental() && name != "voice_call_events" && n-first[name] > most {
			t.Errorf("%s: a sync at rest took %d requests", name, n-first[name])
		}
	}
	t.Logf("a sync at rest: %d requests", h.budget.Sent()-total)
}
