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
	full      = flag.Bool("full", false, "test in full: more rounds, larger accounts, the release of this platform")
	histories = flag.Int("histories", 100, "random histories of TestKillAnywhere; of TestDaysAnywhere a fifth")
)

// TestKillAnywhere holds I1 to I10 against random histories: an account that
// changes in every way it can while it is read, shows changes late, shares
// instants across pages and dates records in the future and in the past, over a
// network that cuts pages, loses answers and refuses page tokens. Syncs are
// stopped anywhere and gone on with from the last bookmark that was written. In
// the end, what a destination holds is what the account holds: nothing is
// missing, stale, or still there; and a further sync of the account at rest
// writes nothing. Some accounts do not grant their events: then what the lists
// show is held, and the warning.
//
// HISTORY_SEED repeats one history; HISTORY_CHANGES lets only so many changes
// happen in it.
func TestKillAnywhere(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, seed uint64, changes int) (judged map[string]int, err error) {
		synctest.Test(t, func(t *testing.T) {
			h := &history{t: t, Rand: rand.New(rand.NewPCG(seed, 1)), most: changes}
			err, judged = h.live(), h.judged
		})
		return judged, err
	}
	if seed := os.Getenv("HISTORY_SEED"); seed != "" {
		n, err := strconv.ParseUint(seed, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		changes := enough
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
	first, n := rand.Uint64()>>16, *histories
	judged := map[string]int{}
	var mu sync.Mutex
	inParallel(t, n, func(t *testing.T, i int) {
		seed := first + uint64(i)
		rows, err := run(t, seed, enough)
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
	for _, name := range everyStream() {
		if n >= 1000 && judged[name] == 0 && streams.Find(name).Mode != stream.SingleObject {
			t.Errorf("%s: no record was ever judged", name)
		}
	}
}

// inParallel calls run with each number below n, on as many processors as there
// are. It stops after the first failure.
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

// enough changes for a history: more of them within one overlap than a bookmark
// has fingerprints for would rightly be written twice.
const enough = 200

// A history is one account's life and what was read of it.
type history struct {
	t *testing.T
	*rand.Rand
	*house
	streams []string
	marks   map[string]state.Bookmark
	written map[string]map[string]string // by stream and key: the version a destination would hold
	whole   map[string]map[string]string // of streams read whole: what the last complete read wrote
	quiet   bool                         // nothing changes and nothing fails
	overlap time.Duration
	tokens  *tokens
	network *ordered
	ties    bool // tickets appear late that share the instant of the watermark
	most    int  // changes
	calm    bool // nothing changes, though it may fail
	changes atomic.Int32
	spoils  float64 // share of answers that are spoiled
	judged  map[string]int
	deaf    bool                         // the account's events are not granted
	account map[string]map[string]string // what it holds in the end, by stream and key
	only    []string                     // the streams that are read; nil leaves it to chance
}

func (h *history) chance(p float64) bool { return h.Float64() < p }

func (h *history) live() error {
	small := func() int { return max(h.IntN(40)-3, 0)*2 - 1 } // negative is none
	skew := []time.Duration{0, 26 * time.Hour, -26 * time.Hour}[h.IntN(3)]
	// With no overlap nothing may be late, but instants may still be shared.
	h.overlap = []time.Duration{0, 10 * time.Minute}[h.IntN(2)]
	box := &sandbox.Server{
		Seed: h.Uint64(), Limit: unlimited, ClockOffset: skew,
		Size: sandbox.Size{Tickets: small(), Messages: small(), Customers: small(), Events: small(), Surveys: small(),
			Calls: small(), CallEvents: small(), Recordings: small(), Users: small(), Teams: small(), Tags: small(),
			Macros: small(), Rules: small(), Views: 1 + h.IntN(3), CustomFields: small(), Integrations: small(), Jobs: small(), Widgets: small()},
		VisibilityLag: time.Duration(h.Int64N(int64(h.overlap)*9/10 + 1)), // within the overlap
	}
	h.tokens = &tokens{net: direct{box}, now: func() time.Time { return time.Now().Add(skew) },
		known: map[string]bool{}, detours: map[string]string{}}
	h.tokens.disorder = h.chance(0.1)
	if whim := rand.New(rand.NewPCG(h.Uint64(), 2)); h.chance(0.5) {
		h.tokens.empty = func() bool { return whim.IntN(30) == 0 }
	}
	h.network = &ordered{net: h.tokens, seed: box.Seed}
	h.house = newHouseBehind(h.t, box, h.network)
	h.network.calibrate(h.t, h.client)
	box.Fail = h.happen
	h.marks = map[string]state.Bookmark{}
	h.written, h.whole, h.judged = map[string]map[string]string{}, map[string]map[string]string{}, map[string]int{}
	h.spoils = []float64{0, 0.02, 0.1}[h.IntN(3)]
	h.deaf = h.chance(0.15)
	all := everyStream()
	h.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	h.streams = all[:1+h.IntN(8)]
	if h.chance(0.3) { // streams that share a list
		h.streams = [][]string{{"customers", "customer_custom_field_values"}, {"ticket_messages", "ticket_message_attachments"},
			{"tickets", "ticket_tags", "ticket_custom_field_values"}}[h.IntN(3)]
	}
	if h.ties = h.overlap == 0 && h.chance(0.5); h.ties {
		// What appears late has no messages dated in the future above it here.
		h.streams = []string{"tickets", "ticket_tags", "ticket_custom_field_values"}[:1+h.IntN(3)]
	}

	if h.deaf {
		if h.streams = slices.DeleteFunc(h.streams, func(name string) bool { return name == "events" }); len(h.streams) == 0 {
			h.streams = []string{"tickets"}
		}
	}

	if h.only != nil {
		h.streams, h.ties, h.deaf = h.only, false, false
	}
	if h.chance(0.5) { // what nobody knows of statistics
		name := []string{"", ".day", "-", "bucket"}[h.IntN(4)]
		box.Quirks = sandbox.Quirks{DayColumn: name, PeriodStartExclusive: name != "-" && h.chance(0.5), DaysInUTC: h.chance(0.5), StatsStatus201: h.chance(0.5)}
	}
	if h.chance(0.3) {
		if err := h.nip(); err != nil {
			return err
		}
	}
	for range 1 + h.IntN(5) {
		if h.chance(0.3) {
			h.tokens.forget()
		}
		stop := -1
		if h.chance(0.8) {
			stop = h.IntN(30)
		}
		if err := h.sync(stop); err != nil {
			return err
		}
		if h.ties {
			if err := h.share(); err != nil {
				return err
			}
		}
		if h.chance(0.3) {
			if err := h.interval(); err != nil {
				return err
			}
		}
		if !h.deaf && h.chance(0.2) && slices.Contains(h.streams, "ticket_tags") {
			if err := h.untag(); err != nil {
				return err
			}
		}
		if h.only != nil && h.chance(0.5) {
			if err := h.flicker(); err != nil {
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
		h.box.EditMessage(h.young(h.Rand, "messages"))
		h.box.AnswerSurvey(h.young(h.Rand, "satisfaction-surveys"), 5)
	}
	h.quiet = true
	if h.chance(0.5) {
		h.tokens.forget()
	}
	time.Sleep(10 * time.Minute) // until all is visible
	if err := h.sync(-1); err != nil {
		return err
	}
	if err := h.judge(); err != nil {
		return err
	}
	return h.idle(5)
}

// happen stands between the client and the account. It runs in the client's
// goroutines, so it draws from a source of its own.
func (h *history) happen(r *http.Request) *sandbox.Fault {
	if h.deaf && r.URL.Path == "/api/events" {
		return &sandbox.Fault{Status: 403}
	}
	if h.quiet {
		return nil
	}
	own := rand.New(rand.NewPCG(uint64(h.box.Requests()), uint64(len(r.URL.RawQuery))))
	for !h.calm && own.Float64() < 0.3 && h.changes.Load() < int32(h.most) {
		h.changeWith(own)
	}
	if own.Float64() >= h.spoils {
		return nil
	}
	switch own.IntN(7) {
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
			h.tokens.forget()
		}
	case 6:
		return &sandbox.Fault{Delay: time.Duration(own.IntN(90)) * time.Second}
	}
	return nil
}

func (h *history) change() { h.changeWith(h.Rand) }

// changeWith makes a change.
func (h *history) changeWith(r *rand.Rand) {
	if h.changes.Add(1) > int32(h.most) {
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
	if h.deaf {
		kinds = 20 // the lists show these
	}
	switch r.IntN(kinds) {
	case 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31:
		h.box.Mutate(r)
	case 32:
		h.box.MergeTickets(some("tickets"), some("tickets"))
	case 33:
		h.box.MergeCustomers(some("customers"), some("customers"))
	case 34:
		id := some("messages")
		h.box.DeleteMessage(id)
		if r.IntN(2) == 0 { // and goes to another ticket with the others
			h.box.MergeTickets(ticketOf(h.box, id), some("tickets"))
		}
	case 36, 37:
		// The same tag of the same ticket comes and goes.
		if tag := lowest(h.box, "tags"); tag != 0 {
			h.box.ToggleTicketTag(lowest(h.box, "tickets"), tag)
		}
	case 38: // to and fro
		h.box.SetMessageText(some("messages"), []string{"A", "B"}[r.IntN(2)])
	case 39:
		h.box.SetSurveyScore(some("satisfaction-surveys"), 1+r.IntN(2))
	case 35:
		h.box.AddTicket(now.AddDate(-2, 0, 0), now.AddDate(-2, 0, 0), visible) // an import
	case 16:
		h.box.EditMessage(h.young(r, "messages"))
	case 17:
		h.box.OpenMessage(h.young(r, "messages"))
	case 18:
		h.box.SendSurvey(h.young(r, "satisfaction-surveys"))
	case 19:
		h.box.AnswerSurvey(h.young(r, "satisfaction-surveys"), 1+r.IntN(5))
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
			return // their number is the cost of a history
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

// ticketOf is the ticket of a message; 0 if there is no such message.
func ticketOf(box *sandbox.Server, message int64) (ticket int64) {
	for row := range box.Each("messages") {
		if id, _ := conform.Field(row, "id"); string(id) == strconv.FormatInt(message, 10) {
			of, _ := conform.Field(row, "ticket_id")
			ticket, _ = strconv.ParseInt(string(of), 10, 64)
		}
	}
	return ticket
}

// lowest is the lowest id of a list; 0 if there is none.
func lowest(box *sandbox.Server, path string) (lowest int64) {
	for row := range box.Each(path) {
		if id, _ := strconv.ParseInt(keyOf(streams.Find("tags"), row), 10, 64); lowest == 0 || id < lowest {
			lowest = id
		}
	}
	return lowest
}

// young picks a record that may still change.
func (h *history) young(r *rand.Rand, path string) int64 {
	var ids []int64
	for row := range h.box.Each(path) {
		if id, _ := strconv.ParseInt(keyOf(streams.Find("tags"), row), 10, 64); h.mutable(streams.Find("ticket_messages"), string(row)) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return 0
	}
	return ids[r.IntN(len(ids))]
}

// share adds a ticket, reads, and adds another of the very same instant.
func (h *history) share() error {
	time.Sleep(time.Minute)
	h.calm = true
	defer func() { h.calm = false }()
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

// nip stops a first sync as it begins, and deletes a record that it has written.
func (h *history) nip() error {
	first := h.next()
	if h.chance(0.3) { // up to an end; and the next one cannot go on from its place
		first.End = time.Now().Add(h.box.ClockOffset - time.Hour)
	}
	if err := h.read(first, h.IntN(3)); err != nil {
		return err
	}
	if !first.End.IsZero() {
		h.tokens.forget()
	}
	remove := map[string]func(int64) bool{"tickets": h.box.DeleteTicket, "customers": h.box.DeleteCustomer}
	for _, name := range []string{"tickets", "customers"} {
		if keys := slices.Sorted(maps.Keys(h.written[name])); len(keys) > 0 && !h.deaf {
			id, _ := strconv.ParseInt(keys[0], 10, 64)
			remove[name](id)
		}
	}
	time.Sleep(20 * time.Minute)
	return nil
}

// untag takes a tag off a ticket, reads, and puts it on again, or the reverse.
func (h *history) untag() error {
	tag := lowest(h.box, "tags")
	if tag == 0 {
		return nil
	}
	for range 3 {
		h.box.ToggleTicketTag(lowest(h.box, "tickets"), tag)
		time.Sleep(20 * time.Minute)
		if err := h.sync(-1); err != nil {
			return err
		}
	}
	return nil
}

// sync reads until stop batches have been written; to the end if it is
// negative. The records of the batch at which it stops may have been written
// or not; its bookmark has not.
func (h *history) sync(stop int) error { return h.read(h.next(), stop) }

// next is the sync that comes next.
func (h *history) next() *connector.Plan {
	plan := h.plan(h.streams, stored(h.t, h.marks))
	plan.PageSize, plan.Concurrency, plan.Overlap = 1+h.IntN(7), 1+h.IntN(4), h.overlap
	plan.Tombstone = tombstone
	plan.ChunkPages = []int{1, 2, 3, 0}[h.IntN(4)]
	if !h.quiet && h.chance(0.5) {
		plan.WindowInterval = 24 * time.Hour
	}
	return plan
}

// interval reads up to some instant of the past, as people do who want a month
// once more and have a state at hand. A bookmark that has been there already
// stays as it is, and later syncs lose nothing by any of it.
func (h *history) interval() error {
	plan := h.next()
	back := []time.Duration{time.Hour, 20 * 24 * time.Hour, 300 * 24 * time.Hour}[h.IntN(3)]
	plan.End = time.Now().Add(h.box.ClockOffset - time.Duration(h.Int64N(int64(back))))
	before := stored(h.t, h.marks)
	begun := func(name string) bool {
		m := before[name]
		return !m.Watermark.IsZero() || !m.Scan.LowerBound.IsZero() || !streams.Find(name).Incremental()
	}
	if !slices.ContainsFunc(h.streams, func(name string) bool { return !begun(name) }) {
		plan.Start = plan.End.Add(-24 * time.Hour) // it counts for first syncs alone
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
		is, _ := json.Marshal(h.marks[name])
		if (mark.Watermark.After(plan.End) || mark.Scan.NextWatermark.After(plan.End)) && !bytes.Equal(was, is) {
			return fmt.Errorf("%s: an interval that ended at %v moved %s to %s", name, plan.End, was, is)
		}
	}
	return nil
}

// read writes what a plan reads, until stop batches have been written.
func (h *history) read(plan *connector.Plan, stop int) error {
	pages := map[string]map[string]string{}
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
			continue // too many faults in a row; the next sync goes on from the bookmark
		}
		if b.Kind == reader.Started {
			pages[name] = map[string]string{}
			continue
		}
		stopped := batches == stop
		if !stopped || h.chance(0.5) {
			for _, rec := range b.Records {
				raw := rec.Raw
				at := cursorOf(b.Stream, raw)
				if b.Stream.Mode == stream.DailyReport { // the end bounds the days, not when they are read
					day, _ := conform.Field(raw, "day")
					at, _ = time.Parse(time.DateOnly, strings.Trim(string(day), `"`))
				}
				if !plan.End.IsZero() && b.Stream.Incremental() && at.After(plan.End) {
					return fmt.Errorf("%s: a record of %v in a sync up to %v: %.200s", name, at, plan.End, raw)
				}
				h.write(b.Stream, raw)
				pages[name][keyOf(b.Stream, raw)] = string(raw)
			}
		}
		if stopped {
			synctest.Wait() // the requests under way are those that the seed decides on
			break
		}
		batches++
		h.marks[name] = b.Bookmark
		if b.Kind == reader.Done {
			h.whole[name] = pages[name]
		}
	}
	return nil
}

// write does what a destination does: the version with the later cursor stays.
func (h *history) write(s *stream.Stream, raw []byte) {
	rows := h.written[s.Name]
	if rows == nil {
		rows = map[string]string{}
		h.written[s.Name] = rows
	}
	key := keyOf(s, raw)
	if old, ok := rows[key]; ok && s.Incremental() && cursorOf(s, []byte(old)).After(cursorOf(s, raw)) {
		return
	}
	rows[key] = string(raw)
}

// tombstone is the column of deletions.
const tombstone = "_ab_cdc_deleted_at"

func buried(raw string) bool { return strings.HasPrefix(raw, `{"`+tombstone+`":"`) }

// judge compares what a destination holds with the account.
func (h *history) judge() error {
	var errs []error
	h.account = map[string]map[string]string{}
	for _, name := range h.streams {
		s := streams.Find(name)
		if s.Mode == stream.DailyReport {
			errs = append(errs, h.judgeDays(s))
			continue
		}
		written := h.written[name]
		if !s.Incremental() {
			written = h.whole[name]
		}
		account := h.truth(name)
		for key, want := range account {
			h.judged[name]++
			got, ok := written[key]
			switch {
			case !ok:
				errs = append(errs, fmt.Errorf("%s: %s is missing: %.200s", name, key, want))
			case h.plain(s, got) != h.plain(s, want) && (h.told(s) || current(s) || h.mutable(s, want)):
				errs = append(errs, fmt.Errorf("%s: %s is stale:\n got %.1900s\nwant %.1900s", name, key, got, want))
			}
		}
		for key, got := range written {
			switch _, ok := account[key]; {
			case ok || s.Mode == stream.SingleObject:
			case buried(got):
				h.judged["deletions of "+name]++
			case !h.past(s, got) && (h.told(s) || !s.Incremental()):
				errs = append(errs, fmt.Errorf("%s: %s is not there any more: %.300s", name, key, got))
			}
		}
	}
	return errors.Join(errs...)
}

// judgeDays compares the present rows of each day, which are those with its
// latest as_of_datetime, with the account's, for the days that may still change.
func (h *history) judgeDays(s *stream.Stream) error {
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
	account := h.truth(s.Name)
	var errs []error
	for key, want := range account {
		if h.judged[s.Name]++; h.mutable(s, want) && present[key] == "" {
			errs = append(errs, fmt.Errorf("%s: %s is missing: %s", s.Name, key, want))
		}
	}
	for key, got := range present {
		var row struct{ Day, Timezone string }
		_ = json.Unmarshal([]byte(got), &row)
		zone, _ := time.LoadLocation(row.Timezone)
		begins, _ := time.ParseInLocation(time.DateOnly, row.Day, zone)
		if dated := asOf.ReplaceAllString(got, fmt.Sprintf(`,"as_of_datetime":%q`, begins.UTC().Format(time.RFC3339))); !h.mutable(s, dated) {
			continue
		}
		if want := account[key]; want == "" {
			errs = append(errs, fmt.Errorf("%s: %s is not there any more: %s", s.Name, key, got))
		} else if a, b := loose([]byte(timeless([]byte(got)))).(map[string]any), loose([]byte(want)).(map[string]any); fmt.Sprint(a["measures"], a["dimensions"]) != fmt.Sprint(b["measures"], b["dimensions"]) {
			errs = append(errs, fmt.Errorf("%s: %s is stale:\n got %s\nwant %s", s.Name, key, got, want))
		}
	}
	return errors.Join(errs...)
}

// heard reports whether events tell what becomes of a stream's records.
func heard(s *stream.Stream) bool {
	return slices.Contains([]string{"tickets", "ticket_messages", "satisfaction_surveys", "customers"}, s.Source().Name)
}

func (h *history) told(s *stream.Stream) bool { return !h.deaf && heard(s) }

// plain leaves out of a record what changes without a trace.
func (h *history) plain(s *stream.Stream, raw string) string {
	if s.Name == "ticket_messages" && !h.mutable(s, raw) {
		return opened.ReplaceAllString(raw, "")
	}
	return raw
}

var opened = regexp.MustCompile(`"opened_datetime":\s*("[^"]*"|null)`)

// past reports whether a record that is not in the account any more tells so
// itself, by what it belongs to: no event names the messages and the survey
// that go with a ticket, and of values and tags those are the present ones that
// are dated as what they belong to.
func (h *history) past(s *stream.Stream, raw string) bool {
	of := func(field, parent string) (string, bool) {
		id, _ := conform.Field([]byte(raw), field)
		row, ok := h.truth(parent)[string(id)]
		return row, ok
	}
	switch s.Name {
	case "ticket_messages", "satisfaction_surveys":
		_, ok := of("ticket_id", "tickets")
		return !ok
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

// truth is what the account holds now.
func (h *history) truth(name string) map[string]string {
	if h.account[name] == nil {
		h.account[name] = truth(h.box, streams.Find(name))
	}
	return h.account[name]
}

// current reports whether the stream's lists alone keep its records current:
// those that are read whole, and those that are read by when they were updated.
func current(s *stream.Stream) bool {
	return !s.Incremental() || strings.HasSuffix(s.Cursor, "updated_datetime")
}

// mutable reports whether a record of a list sorted by creation may still have
// changed when it was last looked at: those are kept current too.
func (h *history) mutable(s *stream.Stream, raw string) bool {
	window := s.Source().LookbackWindow
	now := time.Now().Add(h.box.ClockOffset)
	return window > 0 && cursorOf(s, []byte(raw)).After(now.Add(-window))
}

// idle reads the account at rest once more: no incremental stream has anything
// to write.
func (h *history) idle(page int) error {
	time.Sleep(time.Hour)
	plan := h.plan(h.streams, stored(h.t, h.marks))
	plan.PageSize, plan.Overlap, plan.WindowInterval, plan.Tombstone = page, h.overlap, 24*time.Hour, tombstone
	warnings := 0
	for b, err := range plan.Run(context.Background()) {
		if b.Warning != "" {
			warnings++
		}
		switch {
		case err != nil:
			return err
		case b.Stream.Mode == stream.DailyReport && !slices.ContainsFunc(b.Records, func(rec stream.Record) bool { return h.known(rec.Raw) }):
		case b.Stream.Incremental():
			for _, rec := range b.Records { // a row that no scan has to reach may be read by another page size, and differ
				if h.written[b.Stream.Name][keyOf(b.Stream, rec.Raw)] == string(rec.Raw) {
					return fmt.Errorf("%s: a sync at rest wrote %d records: %.200s", b.Stream.Name, len(b.Records), rec.Raw)
				}
			}
		}
	}
	deaf := h.deaf && slices.ContainsFunc(h.streams, func(name string) bool { return heard(streams.Find(name)) })
	if deaf != (warnings == 1) || !deaf && warnings > 0 {
		return fmt.Errorf("%d warnings; events refused: %v", warnings, deaf)
	}
	return nil
}

// known reports whether the day of a record had begun when the account came to
// rest, an hour ago. Those that began since are news.
func (h *history) known(raw json.RawMessage) bool {
	var row struct{ Day, Timezone string }
	_ = json.Unmarshal(raw, &row)
	zone, _ := time.LoadLocation(row.Timezone)
	return time.Now().Add(h.box.ClockOffset-time.Hour).In(zone).Format(time.DateOnly) >= row.Day
}

// tokens is a network whose server forgets the page tokens it has given out.
// Now and then it gives out an empty page before the one that was asked for.
type tokens struct {
	net      http.RoundTripper
	now      func() time.Time
	mu       sync.Mutex
	disorder bool        // what is asked for newest first comes oldest first
	empty    func() bool // decides on an empty page; nil gives none
	known    map[string]bool
	detours  map[string]string
}

var nextCursor = regexp.MustCompile(`"next_cursor":\s*"([^"]+)"`)

func (t *tokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.known)
}

func (t *tokens) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.Lock()
	cursor := r.URL.Query().Get("cursor")
	ok := cursor == "" || t.known[cursor] || strings.HasPrefix(r.URL.Path, "/api/views/")
	real, back := t.detours[cursor]
	empty := ""
	if t.empty != nil && ok && !back && r.URL.Query().Has("order_by") && t.empty() {
		empty = fmt.Sprintf("detour-%d", len(t.detours))
		t.detours[empty], t.known[empty] = cursor, true
	}
	t.mu.Unlock()
	if empty != "" { // a page without rows, and the next one after it
		body := fmt.Sprintf(`{"data":[],"object":"list","uri":"","meta":{"prev_cursor":null,"next_cursor":%q}}`, empty)
		return &http.Response{StatusCode: 200, Header: http.Header{"Date": {t.now().UTC().Format(http.TimeFormat)}},
			Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
	if t.disorder {
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
		r.URL.RawQuery += "&limit=1000" // which is refused as a bad cursor is
	}
	res, err := t.net.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), broken{}))
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
