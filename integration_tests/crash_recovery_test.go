package integration_tests

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/conform"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

var (
	full      = flag.Bool("full", false, "test in full: more rounds, larger accounts")
	histories = flag.Int("histories", 50, "random histories of TestCrashRecovery; of TestReportCrashRecovery a fifth")
	seed      = flag.Uint64("seed", 0, "seed of the first random history, which the others follow; 0 is a random one")
)

// firstSeed returns the seed of the first random history. Continuous integration sets
// the flag and plays the same histories each time: a new failure comes from the change.
func firstSeed() uint64 {
	if *seed > 0 {
		return *seed
	}
	return rand.Uint64() >> 16
}

// TestCrashRecovery checks I1 to I10 with random histories: an account that
// changes in every way while it is read, shows changes late, has equal
// timestamps across pages and dates records in the future and the past, over a
// network that truncates pages, loses responses, rejects page tokens, has
// gateways that answer instead of Gorgias, once or for minutes, dates that jump
// and limits that cannot be, and rows with odd values and odd ids. Syncs
// stop anywhere and resume from the last bookmark that was written. In the end,
// the destination equals the account: nothing is missing, stale or a ghost, and
// one more sync emits nothing. Some accounts forbid their events: then the
// destination has what the lists show, and the sync warns.
//
// HISTORY_SEED repeats one history; HISTORY_CHANGES bounds the number of its
// changes.
func TestCrashRecovery(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, seed uint64, changes int) (judged map[string]int, err error) {
		synctest.Test(t, func(t *testing.T) {
			h := &history{t: t, Rand: rand.New(rand.NewPCG(seed, 1)), maxChanges: changes}
			err, judged = h.play(), h.compared
		})
		return judged, err
	}
	if seed := os.Getenv("HISTORY_SEED"); seed != "" {
		n, err := strconv.ParseUint(seed, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		changes := defaultMaxChanges
		if text := os.Getenv("HISTORY_CHANGES"); text != "" {
			if changes, err = strconv.Atoi(text); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := run(t, n, changes); err != nil {
			t.Errorf("HISTORY_SEED=%d: %v", n, err)
		}
		return
	}
	first, n := firstSeed(), *histories
	judged := map[string]int{}
	var mu sync.Mutex
	inParallel(t, n, func(t *testing.T, i int) {
		seed := first + uint64(i)
		rows, err := run(t, seed, defaultMaxChanges)
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			for name, n := range rows {
				judged[name] += n
			}
			return
		}
		for _, changes := range []int{0, 1, 2, 3, 5, 10, 20, 50, 100} { // the shortest such history
			if _, shorter := run(t, seed, changes); shorter != nil {
				t.Fatalf("history %d: HISTORY_SEED=%d HISTORY_CHANGES=%d: %v", i+1, seed, changes, shorter)
			}
		}
		t.Fatalf("history %d: HISTORY_SEED=%d: %v", i+1, seed, err)
	})
	for _, name := range allStreams() {
		if n >= 1000 && judged[name] == 0 && streams.Find(name).Mode != stream.SingleObject {
			t.Errorf("%s: no record was ever judged", name)
		}
	}
}

// inParallel calls run with each number below n, on all processors. It stops
// after the first failure.
func inParallel(t *testing.T, n int, run func(t *testing.T, i int)) {
	var next atomic.Int64
	var failed atomic.Bool
	t.Run("all", func(t *testing.T) { // returns when its parallel subtests have ended
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				defer func() {
					if t.Failed() {
						failed.Store(true)
					}
				}()
				for i := int(next.Add(1)) - 1; i < n && !failed.Load(); i = int(next.Add(1)) - 1 {
					run(t, i)
				}
			})
		}
	})
}

// defaultMaxChanges is the number of changes in a history. A bookmark does not
// have fingerprints for more of them within one overlap, and records would be
// emitted twice, correctly.
const defaultMaxChanges = 200

// A history is what happens to one account, and what was read of it.
type history struct {
	t *testing.T
	*rand.Rand
	*fixture
	streams          []string
	bookmarks        map[string]state.Bookmark
	written          map[string]map[string]string // by stream and key: the version in the destination
	deletedEarly     []string                     // streams and keys: they were deleted before the time of their cursors
	lastFullRefresh  map[string]map[string]string // of full refreshes: the last complete one
	quiet            bool                         // no changes and no faults
	lastSyncAt       time.Time                    // by the server, when the last sync began
	quietSince       time.Time                    // by the server
	overlap          time.Duration
	tokens           *tokenNetwork
	network          *ordered
	sharedTimestamps bool // late tickets have the timestamp of the watermark
	maxChanges       int  // at most
	noChanges        bool // no changes, but faults
	changes          atomic.Int32
	faultRate        float64 // share of responses
	compared         map[string]int
	eventsForbidden  bool // no access to events
	odd              bool // rows have odd values and ids
	outages          outages
	dateShift        time.Duration                // of all dates of the sync under way
	account          map[string]map[string]string // its records in the end, by stream and key
	reconciles       time.Duration                // within which time; 0 is never
	reconcilesNow    bool
	sliceRows        int
	unnamed          map[string]bool // streams of which too many records were missing at once
	unsaved          map[string]bool // records that were written without a state, by stream and key
	only             []string        // the streams that are read; nil is random
}

func (h *history) chance(p float64) bool { return h.Float64() < p }

func (h *history) play() error {
	small := func() int { return max(h.IntN(40)-3, 0)*2 - 1 } // negative is none
	skew := []time.Duration{0, 26 * time.Hour, -26 * time.Hour}[h.IntN(3)]
	// Without an overlap nothing may be late, but timestamps may be equal.
	h.overlap = []time.Duration{0, 10 * time.Minute}[h.IntN(2)]
	box := &sandbox.Server{
		Seed: h.Uint64(), Limit: unlimited, ClockOffset: skew,
		Size: sandbox.Size{Tickets: small(), Messages: small(), Customers: small(), Events: small(), Surveys: small(),
			Calls: small(), CallEvents: small(), Recordings: small(), Users: small(), Teams: small(), Tags: small(),
			Macros: small(), Rules: small(), Views: 1 + h.IntN(3), CustomFields: small(), Integrations: small(), Jobs: small(), Widgets: small()},
		VisibilityLag: time.Duration(h.Int64N(int64(h.overlap)*9/10 + 1)), // within the overlap
	}
	if h.chance(0.5) { // undocumented details of changes
		box.Quirks = changeQuirks(h.Rand)
	}
	network := http.RoundTripper(inMemory{box})
	if h.odd = h.chance(0.2); h.odd {
		whim := rand.New(rand.NewPCG(h.Uint64(), 3))
		network = &oddNetwork{net: network, oddID: func() string {
			if h.quiet || whim.IntN(40) > 0 {
				return ""
			}
			return oddIDs[whim.IntN(len(oddIDs))]
		}}
	}
	if whim := rand.New(rand.NewPCG(h.Uint64(), 4)); h.chance(0.2) {
		network = &lyingNetwork{network, func() int {
			if h.quiet || whim.IntN(4) > 0 {
				return 0
			}
			return 1 + whim.IntN(4)
		}}
	}
	h.tokens = &tokenNetwork{net: network, now: func() time.Time { return time.Now().Add(skew) },
		known: map[string]bool{}, emptyPages: map[string]string{}}
	h.tokens.reversed = h.chance(0.1)
	if whim := rand.New(rand.NewPCG(h.Uint64(), 2)); h.chance(0.5) {
		h.tokens.insertEmptyPage = func() bool { return whim.IntN(30) == 0 }
	}
	h.network = &ordered{net: h.tokens, seed: box.Seed}
	h.fixture = newFixtureBehind(h.t, box, h.network)
	h.network.calibrate(h.t, h.client)
	box.Fail = h.intercept
	h.bookmarks, h.unsaved = map[string]state.Bookmark{}, map[string]bool{}
	h.written, h.lastFullRefresh, h.compared = map[string]map[string]string{}, map[string]map[string]string{}, map[string]int{}
	h.faultRate = []float64{0, 0.02, 0.1}[h.IntN(3)]
	h.eventsForbidden = h.chance(0.15)
	h.sliceRows, h.unnamed = []int{0, 3, 10}[h.IntN(3)], map[string]bool{}
	h.reconciles = []time.Duration{0, 36 * time.Hour, 7 * 24 * time.Hour}[h.IntN(3)]
	if h.tokens.reversed {
		h.reconciles = 0 // an unsorted list is not reconciled
	}
	all := allStreams()
	h.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	h.streams = all[:1+h.IntN(8)]
	if h.chance(0.3) { // streams that share a list
		h.streams = [][]string{{"customers", "customer_custom_field_values"}, {"ticket_messages", "ticket_message_attachments"},
			{"tickets", "ticket_tags", "ticket_custom_field_values"}}[h.IntN(3)]
	}
	if h.sharedTimestamps = h.overlap == 0 && h.chance(0.5); h.sharedTimestamps {
		// What appears late has no messages dated in the future above it here.
		h.streams = []string{"tickets", "ticket_tags", "ticket_custom_field_values"}[:1+h.IntN(3)]
	}

	if h.eventsForbidden {
		if h.streams = slices.DeleteFunc(h.streams, func(name string) bool { return name == "events" }); len(h.streams) == 0 {
			h.streams = []string{"tickets"}
		}
	}

	if h.only != nil {
		h.streams, h.sharedTimestamps, h.eventsForbidden = h.only, false, false
	}
	if h.chance(0.5) { // undocumented details of statistics
		name := []string{"", ".day", "-", "bucket"}[h.IntN(4)]
		box.Quirks.DayColumn, box.Quirks.PeriodStartExclusive = name, name != "-" && h.chance(0.5)
		box.Quirks.DaysInUTC, box.Quirks.StatsStatus201 = h.chance(0.5), h.chance(0.5)
	}
	if h.chance(0.3) {
		if err := h.killBeforeFirstRecord(); err != nil {
			return err
		}
	}
	for range 1 + h.IntN(5) {
		if h.chance(0.3) {
			h.tokens.forgetTokens()
		}
		stop := -1
		if h.chance(0.8) {
			stop = h.IntN(30)
		}
		if err := h.sync(stop); err != nil {
			return err
		}
		if h.sharedTimestamps {
			if err := h.addSharedTimestamp(); err != nil {
				return err
			}
		}
		if h.chance(0.3) {
			if err := h.interval(); err != nil {
				return err
			}
		}
		if !h.eventsForbidden && h.chance(0.2) && slices.Contains(h.streams, "ticket_tags") {
			if err := h.toggleTag(); err != nil {
				return err
			}
		}
		if h.only != nil && h.chance(0.5) {
			if err := h.toggleCounted(); err != nil {
				return err
			}
		}
		for range h.IntN(5) {
			h.change()
		}
		pause := []time.Duration{5 * time.Minute, 3 * time.Hour}[h.IntN(2)]
		time.Sleep(time.Duration(h.Int64N(int64(pause))))
		if h.chance(0.1) {
			time.Sleep(time.Duration(h.Int64N(int64(60 * 24 * time.Hour))))
		}
	}
	if h.chance(0.5) {
		h.box.EditMessage(h.pickInWindow(h.Rand, "messages"))
		h.box.AnswerSurvey(h.pickInWindow(h.Rand, "satisfaction-surveys"), 5)
	}
	h.quiet, h.quietSince = true, time.Now().Add(h.box.ClockOffset)
	if h.chance(0.5) {
		h.tokens.forgetTokens()
	}
	time.Sleep(10 * time.Minute) // until all is visible
	if err := h.sync(-1); err != nil {
		return err
	}
	if h.reconciles > 0 {
		if err := h.reconcile(); err != nil {
			return err
		}
	}
	if err := h.compare(); err != nil {
		return err
	}
	return h.syncUnchanged(5)
}

// reconcile syncs until each list has been read once more from end to end: at once, or
// day by day.
func (h *history) reconcile() error {
	if h.reconcilesNow = h.chance(0.5); h.reconcilesNow {
		return h.sync(-1)
	}
	for range int(h.reconciles/(24*time.Hour)) + 3 {
		time.Sleep(24 * time.Hour)
		if err := h.sync(-1); err != nil {
			return err
		}
	}
	return nil
}

// intercept makes changes and faults on requests. It runs in the goroutines of
// the client, so it has a random source of its own.
func (h *history) intercept(r *http.Request) *sandbox.Fault {
	if h.eventsForbidden && r.URL.Path == "/api/events" {
		return &sandbox.Fault{Status: 403}
	}
	if h.quiet {
		return nil
	}
	own := rand.New(rand.NewPCG(uint64(h.box.Requests()), uint64(len(r.URL.RawQuery))))
	for !h.noChanges && own.Float64() < 0.3 && h.changes.Load() < int32(h.maxChanges) {
		h.changeWith(own)
	}
	if f := h.outages.at(r); f != nil {
		return f
	}
	if h.dateShift != 0 {
		return &sandbox.Fault{Header: http.Header{"Date": {time.Now().Add(h.box.ClockOffset + h.dateShift).UTC().Format(http.TimeFormat)}}}
	}
	if own.Float64() >= h.faultRate {
		return nil
	}
	switch own.IntN(10) {
	case 0:
		return &sandbox.Fault{Truncate: 1 + own.IntN(400)}
	case 1:
		return &sandbox.Fault{Disconnect: true}
	case 2:
		return &sandbox.Fault{Status: 200, Body: "<html>maintenance</html>"}
	case 3:
		return &sandbox.Fault{Status: 502}
	case 4:
		return &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"3"}}}
	case 5:
		if r.URL.Query().Has("cursor") {
			h.tokens.forgetTokens()
		}
	case 6:
		return &sandbox.Fault{Delay: time.Duration(own.IntN(90)) * time.Second}
	case 7:
		return &sandbox.Fault{Header: oddHeaders(own, r.Method == http.MethodGet, time.Now().Add(h.box.ClockOffset))}
	case 8, 9:
		f := &gateways[own.IntN(len(gateways))]
		if own.IntN(4) == 0 {
			h.outages.begin(r, f, time.Duration(own.Int64N(int64(10*time.Minute))))
		}
		return f
	}
	return nil
}

// changeQuirks returns random readings of what is known of changes from a few
// recordings. If the event of a merge names the absorbed object only, and that is
// not found, no event leads to the other.
func changeQuirks(r *rand.Rand) sandbox.Quirks {
	yes := func() bool { return r.IntN(2) == 0 }
	q := sandbox.Quirks{TagsMoveUpdated: yes(), FieldValuesMoveUpdated: yes(), DeletedMessagesVanish: yes(), DeletedTicketsTakeSurveys: yes(),
		TicketCreatedAlone: yes(), MergesMoveCustomer: yes(), MergesLeaveTicket: yes(), CustomerMergesInOneContext: yes(), MergeEventsOnAbsorbed: yes()}
	q.MergedNotFound = !q.MergeEventsOnAbsorbed && yes()
	return q
}

func (h *history) change() { h.changeWith(h.Rand) }

// changeWith makes one change.
func (h *history) changeWith(r *rand.Rand) {
	if h.changes.Add(1) > int32(h.maxChanges) {
		return
	}
	now := time.Now().Add(h.box.ClockOffset)
	visible := now.Add(time.Duration(r.Int64N(int64(h.overlap)*9/10 + 1)))
	some := func(path string) int64 {
		var ids []int64
		for row := range h.box.Each(path) {
			id, _ := strconv.ParseInt(keyOf(streams.Find("tags"), row), 10, 64)
			ids = append(ids, id)
		}
		if len(ids) == 0 {
			return 0
		}
		return ids[r.IntN(len(ids))]
	}
	kinds := 40
	if h.eventsForbidden && h.reconciles == 0 {
		kinds = 20 // the lists show these
	}
	if h.reconciles > 0 {
		kinds = 46
	}
	switch r.IntN(kinds) {
	case 40:
		h.box.DeleteMessageSilently(some("messages"))
	case 41:
		h.box.EditTicketFieldSilently(some("tickets"))
	case 42:
		h.box.RemoveTicketFieldSilently(some("tickets"))
	case 43:
		h.box.EditCustomerFieldSilently(some("customers"))
	case 44:
		h.box.RemoveCustomerFieldSilently(some("customers"))
	case 45:
		h.box.AnswerSurveySilently(some("satisfaction-surveys"), 1+r.IntN(5))
	case 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31:
		h.box.Mutate(r)
	case 32:
		h.box.MergeTickets(some("tickets"), some("tickets"))
	case 33:
		h.box.MergeCustomers(some("customers"), some("customers"))
	case 34:
		id := some("messages")
		h.box.DeleteMessage(id)
		if r.IntN(2) == 0 { // and moves to another ticket
			h.box.MergeTickets(ticketOf(h.box, id), some("tickets"))
		}
	case 36, 37:
		// The same tag is added to the same ticket, and removed.
		if tag := lowestID(h.box, "tags"); tag != 0 {
			h.box.ToggleTicketTag(lowestID(h.box, "tickets"), tag)
		}
	case 38: // to and from one version
		h.box.SetMessageText(some("messages"), []string{"A", "B"}[r.IntN(2)])
	case 39:
		h.box.SetSurveyScore(some("satisfaction-surveys"), 1+r.IntN(2))
	case 35:
		h.box.AddTicket(now.AddDate(-2, 0, 0), now.AddDate(-2, 0, 0), visible) // an import
	case 16:
		h.box.EditMessage(h.pickInWindow(r, "messages"))
	case 17:
		h.box.OpenMessage(h.pickInWindow(r, "messages"))
	case 18:
		h.box.SendSurvey(h.pickInWindow(r, "satisfaction-surveys"))
	case 19:
		h.box.AnswerSurvey(h.pickInWindow(r, "satisfaction-surveys"), 1+r.IntN(5))
	case 0, 1:
		h.box.AddTicket(now, now, visible)
	case 2, 3:
		future := now.Add(time.Duration(r.Int64N(int64(200 * time.Hour))))
		h.box.AddTicket(future, now, visible)
	case 4, 5:
		h.box.AddMessage(some("tickets"))
	case 6:
		h.box.EditTicketSubject(some("tickets"))
	case 7:
		h.box.CloseTicket(some("tickets"), r.IntN(2) == 0)
	case 8:
		h.box.ScheduleSurvey(some("tickets"))
	case 9:
		h.box.AddCustomer()
	case 10:
		h.box.EditCustomer(some("customers"))
	case 11:
		h.box.AddCall(some("tickets"))
	case 12:
		h.box.DeleteTicket(some("tickets"))
	case 13:
		h.box.DeleteCustomer(some("customers"))
	default:
		paths := []string{"users", "teams", "tags", "macros", "rules", "views", "custom-fields", "integrations", "widgets", "jobs", "phone/voice-calls", "phone/voice-call-recordings"}
		path := paths[r.IntN(len(paths))]
		if path == "views" {
			return // each view takes a request
		}
		switch id := some(path); r.IntN(3) {
		case 0:
			h.box.Add(path)
		case 1:
			h.box.Edit(path, id)
		case 2:
			h.box.Deactivate(path, id)
		}
	}
}

// ticketOf returns the ticket of a message; 0 if there is no such message.
func ticketOf(box *sandbox.Server, message int64) (ticket int64) {
	for row := range box.Each("messages") {
		if id, _ := conform.Field(row, "id"); string(id) == strconv.FormatInt(message, 10) {
			of, _ := conform.Field(row, "ticket_id")
			ticket, _ = strconv.ParseInt(string(of), 10, 64)
		}
	}
	return ticket
}

// lowestID returns the lowest id of a list; 0 if it is empty.
func lowestID(box *sandbox.Server, path string) (lowest int64) {
	for row := range box.Each(path) {
		if id, _ := strconv.ParseInt(keyOf(streams.Find("tags"), row), 10, 64); lowest == 0 || id < lowest {
			lowest = id
		}
	}
	return lowest
}

// pickInWindow returns the id of a record within the window.
func (h *history) pickInWindow(r *rand.Rand, path string) int64 {
	var ids []int64
	for row := range h.box.Each(path) {
		if id, _ := strconv.ParseInt(keyOf(streams.Find("tags"), row), 10, 64); h.inWindow(streams.Find("ticket_messages"), string(row)) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return 0
	}
	return ids[r.IntN(len(ids))]
}

// addSharedTimestamp adds a ticket, syncs, and adds another one with the same
// timestamp.
func (h *history) addSharedTimestamp() error {
	time.Sleep(time.Minute)
	h.noChanges = true
	defer func() { h.noChanges = false }()
	now := time.Now().Add(h.box.ClockOffset)
	h.box.AddTicket(now, now, now)
	time.Sleep(time.Minute)
	for range 2 {
		if err := h.sync(-1); err != nil {
			return err
		}
	}
	h.box.AddTicket(now, now, now)
	return nil
}

// killBeforeFirstRecord stops a first sync as it starts, and deletes a record
// that it has written.
func (h *history) killBeforeFirstRecord() error {
	first := h.next()
	if h.chance(0.3) { // with an end date; the next sync cannot use its page token
		first.End = time.Now().Add(h.box.ClockOffset - time.Hour)
	}
	if err := h.read(first, h.IntN(3)); err != nil {
		return err
	}
	if !first.End.IsZero() {
		h.tokens.forgetTokens()
	}
	remove := map[string]func(int64) bool{"tickets": h.box.DeleteTicket, "customers": h.box.DeleteCustomer}
	for _, name := range []string{"tickets", "customers"} {
		if keys := slices.Sorted(maps.Keys(h.written[name])); len(keys) > 0 && !h.eventsForbidden {
			id, _ := strconv.ParseInt(keys[0], 10, 64)
			remove[name](id)
		}
	}
	time.Sleep(20 * time.Minute)
	return nil
}

// toggleTag removes a tag from a ticket, syncs, and adds it again, or the
// reverse.
func (h *history) toggleTag() error {
	tag := lowestID(h.box, "tags")
	if tag == 0 {
		return nil
	}
	for range 3 {
		h.box.ToggleTicketTag(lowestID(h.box, "tickets"), tag)
		time.Sleep(20 * time.Minute)
		if err := h.sync(-1); err != nil {
			return err
		}
	}
	return nil
}

// sync reads until stop batches are written; to the end if stop is negative.
// The records of the batch at which it stops may be written or not; its
// bookmark is not.
func (h *history) sync(stop int) error { return h.read(h.next(), stop) }

// next returns the plan of the next sync.
func (h *history) next() *connector.Plan {
	plan := h.plan(h.streams, throughJSON(h.t, h.bookmarks))
	plan.PageSize, plan.Concurrency, plan.Overlap = 1+h.IntN(7), 1+h.IntN(4), h.overlap
	plan.Tombstone = tombstone
	plan.ReconcileEvery, plan.ReconcileNow, plan.SliceRows = h.reconciles, h.reconcilesNow || !h.quiet && h.chance(0.1), h.sliceRows
	// What a report says is dated by the server: a later date would win for ever.
	if h.dateShift = 0; h.chance(0.05) && !slices.Contains(h.streams, "statistics") {
		h.dateShift = dateShifts[h.IntN(len(dateShifts))]
	}
	plan.ChunkPages = []int{1, 2, 3, 0}[h.IntN(4)]
	if !h.quiet && h.chance(0.5) {
		plan.WindowInterval = 24 * time.Hour
	}
	return plan
}

// interval reads up to a past time with the current state, as users do to read
// a month again. A bookmark past that time stays as it is, and later syncs lose
// no record.
func (h *history) interval() error {
	plan := h.next()
	back := []time.Duration{time.Hour, 20 * 24 * time.Hour, 300 * 24 * time.Hour}[h.IntN(3)]
	plan.End = time.Now().Add(h.box.ClockOffset - time.Duration(h.Int64N(int64(back))))
	before := throughJSON(h.t, h.bookmarks)
	begun := func(name string) bool {
		m := before[name]
		return !m.Watermark.IsZero() || !m.Scan.LowerBound.IsZero() || !streams.Find(name).Incremental()
	}
	if !slices.ContainsFunc(h.streams, func(name string) bool { return !begun(name) }) {
		plan.Start = plan.End.Add(-24 * time.Hour) // it bounds first syncs only
	}
	stop := -1
	if h.chance(0.5) {
		stop = h.IntN(20)
	}
	if err := h.read(plan, stop); err != nil {
		return err
	}
	for name, mark := range before {
		was, _ := json.Marshal(mark)
		is, _ := json.Marshal(h.bookmarks[name])
		if (mark.Watermark.After(plan.End) || mark.Scan.NextWatermark.After(plan.End)) && !bytes.Equal(was, is) {
			return fmt.Errorf("%s: an interval that ended at %v moved %s to %s", name, plan.End, was, is)
		}
	}
	return nil
}

// read writes what a plan reads, until stop batches are written.
func (h *history) read(plan *connector.Plan, stop int) error {
	pages := map[string]map[string]string{}
	h.lastSyncAt = time.Now().Add(h.box.ClockOffset)
	batches := 0
	for b, err := range plan.Run(context.Background()) {
		name := b.Stream.Name
		if err != nil {
			var p *connector.Panic
			if errors.As(err, &p) {
				return fmt.Errorf("%w\n%s", err, p.Stack)
			}
			if h.quiet {
				return fmt.Errorf("%s: %w", name, err)
			}
			continue // too many faults in a row; the next sync resumes
		}
		if strings.Contains(b.Warning, "They cannot be named") {
			h.unnamed[name] = true
		}
		if b.Kind == reader.Started {
			pages[name] = map[string]string{}
			continue
		}
		stopped := batches == stop
		if !stopped || h.chance(0.5) {
			for _, rec := range b.Records {
				raw := rec.Raw
				if key := keyOf(b.Stream, raw); badKey.MatchString(key) {
					return fmt.Errorf("%s: a key that is none: %s: %.200s", name, key, raw)
				}
				at := cursorOf(b.Stream, raw)
				if b.Stream.Mode == stream.DailyReport { // the end date bounds the days, not when they are read
					day, _ := conform.Field(raw, "day")
					at, _ = time.Parse(time.DateOnly, strings.Trim(string(day), `"`))
				}
				if !plan.End.IsZero() && b.Stream.Incremental() && at.After(plan.End) {
					return fmt.Errorf("%s: a record of %v in a sync up to %v: %.200s", name, at, plan.End, raw)
				}
				h.write(b.Stream, raw)
				h.unsaved[name+" "+keyOf(b.Stream, raw)] = stopped
				pages[name][keyOf(b.Stream, raw)] = string(raw)
			}
		}
		if stopped {
			synctest.Wait() // the next requests are on their way: the seed decides which
			break
		}
		batches++
		h.bookmarks[name] = b.Bookmark
		if b.Kind == reader.Done {
			h.lastFullRefresh[name] = pages[name]
		}
	}
	return nil
}

// badKey matches keys of which a part is missing or no id.
var badKey = regexp.MustCompile(`(^|/)($|/|null|true|\{|\[|"abc"|[0-9]+\.|[0-9]{20})`)

// write upserts a record: the version with the later cursor stays.
func (h *history) write(s *stream.Stream, raw []byte) {
	rows := h.written[s.Name]
	if rows == nil {
		rows = map[string]string{}
		h.written[s.Name] = rows
	}
	key := keyOf(s, raw)
	if old, ok := rows[key]; ok && s.Incremental() && cursorOf(s, []byte(old)).After(cursorOf(s, raw)) {
		if isTombstone(string(raw)) {
			h.deletedEarly = append(h.deletedEarly, s.Name+" "+key)
		}
		return
	}
	rows[key] = string(raw)
}

// tombstone is the tombstone column.
const tombstone = "_ab_cdc_deleted_at"

func isTombstone(raw string) bool { return strings.HasPrefix(raw, `{"`+tombstone+`":"`) }

// compare compares the destination with the account.
func (h *history) compare() error {
	var errs []error
	h.account = map[string]map[string]string{}
	for _, name := range h.streams {
		s := streams.Find(name)
		if s.Mode == stream.DailyReport {
			errs = append(errs, h.compareDays(s))
			continue
		}
		written := h.written[name]
		if !s.Incremental() {
			written = h.lastFullRefresh[name]
		}
		account := h.expectedOf(name)
		for key, want := range account {
			h.compared[name]++
			got, ok := written[key]
			switch {
			case !ok && s.Derive != nil && h.judgesLists(s) && !h.isReconciled(s, want):
			case !ok:
				errs = append(errs, fmt.Errorf("%s: %s is missing: %.200s", name, key, want))
			case h.judgesLists(s) && got != want && h.isReconciled(s, want),
				!h.judgesLists(s) && h.withoutUntracked(s, got) != h.withoutUntracked(s, want) && (h.showsEvents(s) || listShowsChanges(s) || h.inWindow(s, want)):
				errs = append(errs, fmt.Errorf("%s: %s is stale:\n got %.1900s\nwant %.1900s", name, key, got, want))
			}
		}
		for key, got := range written {
			switch _, ok := account[key]; {
			case ok || s.Mode == stream.SingleObject || slices.Contains(h.deletedEarly, name+" "+key):
			case isTombstone(got):
				h.compared["deletions of "+name]++
			case h.isReconciled(s, got) && s.Deletable && h.parentExists(s, got) && !h.unnamed[name] && !h.unsaved[name+" "+key],
				!h.judgesLists(s) && !h.isImpliedDeletion(s, got) && (h.showsEvents(s) || !s.Incremental()):
				errs = append(errs, fmt.Errorf("%s: %s is not there any more: %.300s", name, key, got))
			}
		}
	}
	return errors.Join(errs...)
}

// compareDays compares the current rows of each day within the window, those
// with its latest as_of_datetime, with the account's.
func (h *history) compareDays(s *stream.Stream) error {
	of := func(raw string) string { return strings.Join(strings.Split(keyOf(s, []byte(raw)), `"/"`)[:2], " ") }
	latest, present := map[string]time.Time{}, map[string]string{}
	for _, raw := range h.written[s.Name] {
		if at := cursorOf(s, []byte(raw)); at.After(latest[of(raw)]) {
			latest[of(raw)] = at
		}
	}
	for key, raw := range h.written[s.Name] {
		measures, _ := conform.Field([]byte(raw), "measures")
		if cursorOf(s, []byte(raw)).Equal(latest[of(raw)]) && len(measures) > 0 {
			present[key] = raw
		}
	}
	account := h.expectedOf(s.Name)
	var errs []error
	for key, want := range account {
		if h.compared[s.Name]++; h.dayHadStarted([]byte(want)) && h.inWindow(s, want) && present[key] == "" {
			errs = append(errs, fmt.Errorf("%s: %s is missing: %s", s.Name, key, want))
		}
	}
	for key, got := range present {
		var row struct{ Day, Timezone string }
		_ = json.Unmarshal([]byte(got), &row)
		zone, _ := time.LoadLocation(row.Timezone)
		begins, _ := time.ParseInLocation(time.DateOnly, row.Day, zone)
		if dated := asOf.ReplaceAllString(got, fmt.Sprintf(`,"as_of_datetime":%q`, begins.UTC().Format(time.RFC3339))); !h.inWindow(s, dated) {
			continue
		}
		if want := account[key]; want == "" {
			errs = append(errs, fmt.Errorf("%s: %s is not there any more: %s", s.Name, key, got))
		} else if a, b := decode([]byte(withoutAsOf([]byte(got)))).(map[string]any), decode([]byte(want)).(map[string]any); fmt.Sprint(a["measures"], a["dimensions"]) != fmt.Sprint(b["measures"], b["dimensions"]) {
			errs = append(errs, fmt.Errorf("%s: %s is stale:\n got %s\nwant %s", s.Name, key, got, want))
		}
	}
	return errors.Join(errs...)
}

// hasEvents reports whether events show changes of a stream's records.
func hasEvents(s *stream.Stream) bool {
	return slices.Contains([]string{"tickets", "ticket_messages", "satisfaction_surveys", "customers"}, s.Source().Name)
}

// parentExists reports whether the account has the record from which another one was
// derived.
func (h *history) parentExists(s *stream.Stream, raw string) bool {
	if s.Derive == nil {
		return true
	}
	id, _ := conform.Field([]byte(raw), s.Key[0])
	_, ok := h.expectedOf(s.Source().Name)[string(id)]
	return ok
}

// judgesLists reports whether a stream is to have what its list shows, whatever is
// announced; if not, what lists, windows and events show.
func (h *history) judgesLists(s *stream.Stream) bool {
	return h.reconciles > 0 && s.Source().Created != "" && !h.tokens.reversed
}

// isReconciled reports whether the destination has what the list of a stream shows of
// a record, whatever is announced: of those whose date was in the future when the last
// rounds began it need not.
func (h *history) isReconciled(s *stream.Stream, raw string) bool {
	source := s.Source()
	if !h.judgesLists(s) {
		return false
	}
	if s.Derive != nil {
		id, _ := conform.Field([]byte(raw), s.Key[0])
		raw = h.expectedOf(source.Name)[string(id)]
	}
	if raw == "" || isTombstone(raw) {
		return true
	}
	return source.NewRecord([]byte(raw)).Created.Before(h.quietSince)
}

func (h *history) showsEvents(s *stream.Stream) bool { return !h.eventsForbidden && hasEvents(s) }

// withoutUntracked removes from a record what changes without an event.
func (h *history) withoutUntracked(s *stream.Stream, raw string) string {
	if s.Name == "ticket_messages" && !h.inWindow(s, raw) {
		return opened.ReplaceAllString(raw, "")
	}
	return raw
}

var opened = regexp.MustCompile(`"opened_datetime":\s*("[^"]*"|null)`)

// isImpliedDeletion reports whether a record that the account no longer has is
// outdated by its parent: no event names the messages of a deleted ticket, nor its
// survey, if that goes with it, and only values and tags with the date of their
// parent are current.
func (h *history) isImpliedDeletion(s *stream.Stream, raw string) bool {
	of := func(field, parent string) (string, bool) {
		id, _ := conform.Field([]byte(raw), field)
		row, ok := h.expectedOf(parent)[string(id)]
		return row, ok
	}
	switch s.Name {
	case "ticket_messages":
		_, ok := of("ticket_id", "tickets")
		return !ok
	case "satisfaction_surveys":
		_, ok := of("ticket_id", "tickets")
		return !ok && h.box.Quirks.DeletedTicketsTakeSurveys
	case "ticket_message_attachments":
		_, ok := of("message_id", "ticket_messages")
		return !ok
	case "ticket_tags", "ticket_custom_field_values":
		ticket, ok := of("ticket_id", "tickets")
		return !ok || cursorOf(streams.Find("tickets"), []byte(ticket)).After(cursorOf(s, []byte(raw)))
	case "customer_custom_field_values":
		customer, ok := of("customer_id", "customers")
		return !ok || cursorOf(streams.Find("customers"), []byte(customer)).After(cursorOf(s, []byte(raw)))
	}
	return false
}

// expectedOf returns what the account holds now.
func (h *history) expectedOf(name string) map[string]string {
	if h.account[name] == nil {
		s := streams.Find(name)
		rows := expectedRecords(h.box, s)
		if h.odd && s.Mode != stream.Derived {
			for key, row := range rows {
				rows[key] = string(withOddValue([]byte(row), 1))
			}
		}
		h.account[name] = rows
	}
	return h.account[name]
}

// listShowsChanges reports whether the stream's list alone keeps its records up
// to date: full refreshes, and lists ordered by updated_datetime.
func listShowsChanges(s *stream.Stream) bool {
	return !s.Incremental() || strings.HasSuffix(s.Cursor, "updated_datetime")
}

// inWindow reports whether a record of a list ordered by creation is within the
// window, and therefore kept up to date.
func (h *history) inWindow(s *stream.Stream, raw string) bool {
	window := s.Source().LookbackWindow
	now := time.Now().Add(h.box.ClockOffset)
	return window > 0 && cursorOf(s, []byte(raw)).After(now.Add(-window))
}

// syncUnchanged syncs the unchanged account once more: incremental streams emit
// nothing.
func (h *history) syncUnchanged(page int) error {
	time.Sleep(time.Hour)
	plan := h.plan(h.streams, throughJSON(h.t, h.bookmarks))
	plan.PageSize, plan.Overlap, plan.WindowInterval, plan.Tombstone = page, h.overlap, 24*time.Hour, tombstone
	plan.ReconcileEvery, plan.ReconcileNow, plan.SliceRows = h.reconciles, true, h.sliceRows
	var warnings []string
	again, changed := map[string]error{}, map[string]bool{} // by record of the list
	for b, err := range plan.Run(context.Background()) {
		reprocessed := h.box.ClockOffset != 0 && strings.Contains(b.Warning, "their events name no ticket") // the host's clock is wrong: the last events are processed again
		if b.Warning != "" && !reprocessed && !(h.odd && strings.Contains(b.Warning, "NaN or Infinity")) && !strings.Contains(b.Warning, "They cannot be named") {
			warnings = append(warnings, b.Warning)
		}
		switch {
		case err != nil:
			return err
		case b.Stream.Mode == stream.DailyReport && !slices.ContainsFunc(b.Records, func(rec stream.Record) bool { return h.dayHadStarted(rec.Raw) }):
		case b.Stream.Incremental():
			// An earlier change without an event may show now, if this sync
			// reads its page.
			for _, rec := range b.Records {
				if h.box.ClockOffset != 0 && stream.Field(rec.Raw, tombstone) != nil {
					continue // the host's clock is wrong: the last events are processed again, in chunks
				}
				key := keyOf(b.Stream, rec.Raw)
				parent := b.Stream.Source().Name + " " + strings.Split(key, "/")[0]
				switch {
				case b.Stream.Mode != stream.DailyReport && h.written[b.Stream.Name][key] != string(rec.Raw):
					changed[parent] = true
				case b.Stream.Derive == nil || slices.Contains(h.streams, b.Stream.Source().Name):
					again[parent] = fmt.Errorf("%s: a sync at rest wrote a record again: %.200s", b.Stream.Name, rec.Raw)
				}
			}
		}
	}
	for parent, err := range again {
		if !changed[parent] { // or what is derived from it may be as it was
			return err
		}
	}
	forbidden := h.eventsForbidden && slices.ContainsFunc(h.streams, func(name string) bool { return hasEvents(streams.Find(name)) })
	if forbidden != (len(warnings) == 1) || !forbidden && len(warnings) > 0 {
		return fmt.Errorf("the warnings %q; events forbidden: %v", warnings, forbidden)
	}
	return nil
}

// dayHadStarted reports whether the day of a record had started, in the report's
// zone, when the last sync of the history began. Where Gorgias counts days in UTC,
// a day may have rows before that; the next sync reads them.
func (h *history) dayHadStarted(raw json.RawMessage) bool {
	var row struct{ Day, Timezone string }
	_ = json.Unmarshal(raw, &row)
	zone, _ := time.LoadLocation(row.Timezone)
	return h.lastSyncAt.In(zone).Format(time.DateOnly) >= row.Day
}

// tokenNetwork is a network that can invalidate all page tokens. Sometimes it
// inserts an empty page.
type tokenNetwork struct {
	net             http.RoundTripper
	now             func() time.Time
	mu              sync.Mutex
	reversed        bool        // newest-first lists come oldest first
	insertEmptyPage func() bool // nil inserts none
	known           map[string]bool
	emptyPages      map[string]string
}

var nextCursor = regexp.MustCompile(`"next_cursor":\s*"([^"]+)"`)

func (t *tokenNetwork) forgetTokens() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.known)
}

func (t *tokenNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.Lock()
	cursor := r.URL.Query().Get("cursor")
	ok := cursor == "" || t.known[cursor] || strings.HasPrefix(r.URL.Path, "/api/views/")
	real, back := t.emptyPages[cursor]
	empty := ""
	if t.insertEmptyPage != nil && ok && !back && r.URL.Query().Has("order_by") && t.insertEmptyPage() {
		empty = fmt.Sprintf("detour-%d", len(t.emptyPages))
		t.emptyPages[empty], t.known[empty] = cursor, true
	}
	t.mu.Unlock()
	if empty != "" { // the token leads to the requested page
		body := fmt.Sprintf(`{"data":[],"object":"list","uri":"","meta":{"prev_cursor":null,"next_cursor":%q}}`, empty)
		return &http.Response{StatusCode: 200, Header: http.Header{"Date": {t.now().UTC().Format(http.TimeFormat)}},
			Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
	if t.reversed {
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "datetime%3Adesc", "datetime%3Aasc", 1)
	}
	if back {
		q := r.URL.Query()
		if q.Del("cursor"); real != "" {
			q.Set("cursor", real)
		}
		r.URL.RawQuery = q.Encode()
	}
	if !ok {
		r.URL.RawQuery += "&limit=1000" // rejected with the same status as a bad cursor
	}
	res, err := t.net.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), brokenBody{}))
		return res, nil
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	if m := nextCursor.FindSubmatch(body); m != nil {
		t.mu.Lock()
		t.known[string(m[1])] = true
		t.mu.Unlock()
	}
	return res, nil
}
