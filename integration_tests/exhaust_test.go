package integration_tests

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/streams"
)

var (
	depth      = flag.Int("depth", 2, "operations per history of TestEveryHistory")
	budget     = flag.Duration("budget", 10*time.Minute, "time for TestEveryHistory")
	oneHistory = flag.String("history", "", "the one `history` that TestEveryHistory runs: the name of its scope, a colon, operations")
)

// TestEveryHistory runs every history of -depth operations in each scope: a tiny
// account, and operations on it (exhaust_scopes_test.go). After each history, one
// more sync makes the destination equal to the account, and the next one emits
// nothing.
//
// The operations, between which some minutes pass:
//
//	edit         a change of the account
//	sync         a complete sync
//	kill3        a sync that is killed after the third batch
//	kill3+       the same, and the records of the fourth batch were written, but not its state
//	edit,sync    a change and a sync, as one operation; also with kill3
//	edit@2       a complete sync, and the change before its second request
//	hour         that much time; also day and month
//
// Histories that lead to the same state are run once: the state is what the
// account, the bookmarks and the destination hold, and the time. So are histories
// that differ in the order of two changes of different objects.
//
//	go test ./integration_tests -run TestEveryHistory -depth 3 -budget 10m
//	go test ./integration_tests -run TestEveryHistory -history 'messages: edit kill2+ edit'
//
// It runs before the parallel tests: among them, its time would pass while it waits.
func TestEveryHistory(t *testing.T) {
	if *oneHistory != "" {
		name, operations, _ := strings.Cut(*oneHistory, ":")
		i := slices.IndexFunc(scopes(), func(s *scope) bool { return s.name == name })
		if i < 0 {
			t.Fatalf("no scope %q", name)
		}
		if err := newExplorer(scopes()[i]).replay(t, strings.Fields(operations)); err != nil {
			t.Errorf("%s: %v", *oneHistory, err)
		}
		return
	}
	var all []*explorer
	for _, s := range scopes() {
		all = append(all, newExplorer(s))
	}
	exploreAll(t, all, *depth, time.Now().Add(*budget))

	reached, played, stopped := map[string]int{}, 0, false
	for _, x := range all {
		t.Logf("%-35s %6d histories", x.name, x.played)
		played, stopped = played+x.played, stopped || x.stopped
		for name, n := range x.reached {
			reached[name] += n
		}
		slices.SortStableFunc(x.failures, func(a, b failure) int { return cmp.Compare(len(a.operations), len(b.operations)) })
		for _, f := range x.failures {
			t.Errorf("%s: %s: %.1200v", x.name, strings.Join(f.operations, " "), f.err)
		}
	}
	t.Logf("%d histories of at most %d operations; stopped because the time was up: %v", played, *depth, stopped)
	for _, name := range probes {
		if t.Logf("%-62s %7d times", name, reached[name]); reached[name] == 0 && !t.Failed() {
			t.Errorf("no history reached: %s", name)
		}
	}
}

// exploreAll runs the histories of all scopes, the short ones first. It runs no
// longer ones than those that fail.
func exploreAll(t *testing.T, all []*explorer, depth int, deadline time.Time) {
	inParallel(t, len(all), func(t *testing.T, i int) { all[i].start(t) })
	for range depth {
		type step struct {
			*explorer
			from *point
		}
		var steps []step
		for _, x := range all {
			if len(x.failures) > 0 {
				return
			}
			for _, p := range x.found {
				steps = append(steps, step{x, p})
			}
			x.found = nil
		}
		// If the time is up in between, each scope has had its share.
		rand.New(rand.NewPCG(1, 1)).Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
		inParallel(t, len(steps), func(t *testing.T, i int) { steps[i].extend(t, steps[i].from, deadline) })
	}
}

// A scope is a tiny account and what can happen to it.
type scope struct {
	name    string
	streams []string
	setup   func(a *tiny) // before the first operation
	fresh   bool          // no sync precedes the first operation

	changes []change
	during  int      // a change can happen before each of the first so many requests of a sync
	then    bool     // a sync, complete or killed, can follow a change within one operation
	noKills bool     // syncs are killed only then
	more    []string // further operations: "hour", "day", and those of special
	special map[string]func(a *tiny) error
	inner   []change // that only special operations make
	late    bool     // lists show changes late

	page        int
	clock       time.Duration // the account's less the host's
	lag         time.Duration // until lists show a change, at most
	quirks      sandbox.Quirks
	concurrency int           // 0 is 1
	noOverlap   bool          // instead of 10 minutes
	pause       time.Duration // after each operation; 0 is 7 minutes
	writing     time.Duration // for which the destination writes each batch
	intercepts  func(a *tiny, r *http.Request) *sandbox.Fault
	forbidden   bool // the account's events are
}

// A change is one change of the account. It reports whether it changed anything.
type change struct {
	name string
	of   string // the object: changes of different objects commute
	do   func(a *tiny) bool
}

// A point is where a history has led.
type point struct {
	operations []string
	log        []logged // changes of the account
	now        time.Time
	bookmarks  map[string]json.RawMessage
	written    map[string]map[string]string
	alone      *change // the last operation, if it was a change alone
	settled    bool    // a complete sync was the last operation, and nothing changed since
}

// logged is a change that happened.
type logged struct {
	at   time.Time
	name string
}

// hash identifies the state: histories with the same one are continued once.
func (p *point) hash() uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, p.now.UnixNano())
	for _, l := range p.log {
		fmt.Fprint(h, l.at.UnixNano(), l.name)
	}
	for _, name := range slices.Sorted(maps.Keys(p.bookmarks)) {
		fmt.Fprint(h, name)
		h.Write(p.bookmarks[name])
	}
	for _, name := range slices.Sorted(maps.Keys(p.written)) {
		for _, key := range slices.Sorted(maps.Keys(p.written[name])) {
			fmt.Fprint(h, key, p.written[name][key])
		}
	}
	return h.Sum64()
}

// An explorer runs the histories of a scope.
type explorer struct {
	*scope

	mu       sync.Mutex
	seen     map[uint64]bool // states
	found    []*point        // from which longer histories continue
	reached  map[string]int  // how often, by probe
	played   int
	failures []failure
	stopped  bool // the time was up
}

// A failure is a history that failed.
type failure struct {
	operations []string
	err        error
}

// maxFailures is how many histories of a scope fail before the others are not
// run.
const maxFailures = 5

func newExplorer(s *scope) *explorer {
	return &explorer{scope: s, seen: map[uint64]bool{}, reached: map[string]int{}}
}

// start checks the history without operations.
func (x *explorer) start(t *testing.T) {
	var p *point
	var err error
	x.in(t, nil, func(a *tiny) { p, err = a.start() })
	if err != nil {
		x.fail(t, nil, err)
		return
	}
	x.check(t, p)
}

// extend continues a history by each operation.
func (x *explorer) extend(t *testing.T, p *point, deadline time.Time) {
	for _, op := range x.operations(p) {
		if x.isDone(deadline) {
			return
		}
		points, err := x.continuations(t, p, op)
		for _, q := range points {
			x.check(t, q)
		}
		if err != nil {
			x.fail(t, append(slices.Clone(p.operations), op), err)
		}
	}
}

// isDone reports whether no more histories are run.
func (x *explorer) isDone(deadline time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stopped = x.stopped || time.Now().After(deadline)
	return x.stopped || len(x.failures) >= maxFailures
}

// check checks the history that leads to a point, if no other one led to the
// same state.
func (x *explorer) check(t *testing.T, p *point) {
	hash := p.hash()
	x.mu.Lock()
	seen := x.seen[hash]
	if x.seen[hash] = true; !seen {
		x.played++
	}
	x.mu.Unlock()
	if seen {
		return
	}
	var err error
	x.in(t, p, func(a *tiny) { err = a.check() })
	if err != nil {
		x.fail(t, p.operations, err)
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.found = append(x.found, p)
}

// fail notes a history that failed. It is run again from its beginning, as by
// -history.
func (x *explorer) fail(t *testing.T, operations []string, err error) {
	if again := x.replay(t, operations); again == nil {
		err = fmt.Errorf("(not if it is run alone) %w", err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.failures = append(x.failures, failure{operations, err})
}

// replay runs one history from its beginning.
func (x *explorer) replay(t *testing.T, operations []string) (err error) {
	var p *point
	x.in(t, nil, func(a *tiny) { p, err = a.start() })
	for _, op := range operations {
		if err != nil {
			return err
		}
		x.in(t, p, func(a *tiny) { p, err = a.operate(p, op) })
		if p == nil && err == nil {
			err = fmt.Errorf("%s changes nothing", op)
		}
	}
	if err == nil {
		x.in(t, p, func(a *tiny) { err = a.check() })
	}
	return err
}

// operations lists what can happen next. A kill stands for all kills of a sync,
// and for the complete one.
func (x *explorer) operations(p *point) (ops []string) {
	for i := range x.changes {
		c := &x.changes[i]
		if p.alone == nil || p.alone.of == c.of || slices.IndexFunc(x.changes, func(c change) bool { return c.name == p.alone.name }) < i {
			ops = append(ops, c.name) // else the other order is the one that is run
		}
		if x.then {
			ops = append(ops, c.name+",kill")
		}
		for n := range x.during {
			ops = append(ops, fmt.Sprint(c.name, "@", n+1))
		}
	}
	if x.noKills {
		ops = append(ops, "sync")
	} else {
		ops = append(ops, "kill")
	}
	return append(ops, x.more...)
}

// continuations returns the points to which an operation leads.
func (x *explorer) continuations(t *testing.T, p *point, op string) (points []*point, err error) {
	change, kills := strings.CutSuffix(op, "kill")
	x.in(t, p, func(a *tiny) {
		if !kills {
			var q *point
			if q, err = a.operate(p, op); q != nil {
				points = append(points, q)
			}
			return
		}
		if name, ok := strings.CutSuffix(change, ","); !ok || a.make(name) {
			points, err = a.killAnywhere(p, change)
		}
	})
	return points, err
}

// in calls f with the account as it is at a point; nil is the beginning.
func (x *explorer) in(t *testing.T, p *point, f func(a *tiny)) {
	reached := map[string]int{}
	synctest.Test(t, func(t *testing.T) {
		a := newTiny(t, x.scope, reached)
		if p != nil {
			a.restore(p)
		}
		f(a)
	})
	x.mu.Lock()
	defer x.mu.Unlock()
	for name, n := range reached {
		x.reached[name] += n
	}
}

// tiny is the account of a scope and what was read of it.
type tiny struct {
	*history
	*scope
	network *ordered // if lists are read side by side
	log     []logged

	tickets, messages, surveys, customers []int64 // by age, the oldest first
	tag                                   int64

	reached map[string]int // how often, by probe
	flips   map[string]bool
	settled bool // the destination equals the account

	allowedWarnings int
	fault           func(r *http.Request) *sandbox.Fault // of a special operation

	// of the sync under way, or of the last one
	seen     *observations
	failed   []string // streams
	warnings []string

	mu       sync.Mutex
	requests int    // of the sync under way
	at       int    // the request before which then is called
	then     func() // nil: nothing happens during a sync
}

func newTiny(t *testing.T, s *scope, reached map[string]int) *tiny {
	a := &tiny{scope: s, reached: reached, flips: map[string]bool{}, seen: &observations{rejected: map[string]bool{}}}
	box := &sandbox.Server{
		Seed: 7, Limit: unlimited, ClockOffset: s.clock, VisibilityLag: s.lag, Quirks: s.quirks,
		Size: sandbox.Size{Tickets: -1, Messages: -1, Customers: -1, Events: -1, Surveys: -1, Calls: -1, CallEvents: -1, Recordings: -1, Users: 1,
			Teams: -1, Tags: 1, Macros: -1, Rules: -1, Views: -1, CustomFields: -1, Integrations: -1, Jobs: -1, Widgets: -1},
		Fail: a.intercept, Log: a.observe,
	}
	if s.forbidden {
		box.Forbidden = []string{"events"}
	}
	a.history = &history{t: t, streams: s.streams, bookmarks: map[string]state.Bookmark{}, written: map[string]map[string]string{},
		lastFullRefresh: map[string]map[string]string{}, compared: map[string]int{}, eventsForbidden: s.forbidden, overlap: 10 * time.Minute}
	if s.noOverlap {
		a.history.overlap = 0
	}
	a.network = &ordered{net: inMemory{box}}
	a.fixture = newFixtureBehind(t, box, a.network)
	a.network.instant = s.concurrency < 2
	a.tag = a.ids("tags")[0]
	s.setup(a)
	return a
}

// box is the account.
func (a *tiny) box() *sandbox.Server { return a.fixture.box }

// ids returns the ids of a list's rows, the lowest first.
func (a *tiny) ids(path string) (ids []int64) {
	for row := range a.fixture.box.Each(path) {
		id, _ := strconv.ParseInt(keyOf(streams.Find("tags"), row), 10, 64)
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// start returns the point from which the histories of the scope start.
func (a *tiny) start() (*point, error) {
	if !a.fresh {
		if err := a.sync(nil); err != nil {
			return nil, fmt.Errorf("the first sync: %w", err)
		}
		time.Sleep(time.Hour)
	}
	return a.pointAfter(&point{}, ""), nil
}

// pointAfter returns where the history is after an operation, which follows p.
func (a *tiny) pointAfter(p *point, operation string) *point {
	q := &point{operations: slices.Clone(p.operations), log: slices.Clone(a.log), now: time.Now(),
		bookmarks: map[string]json.RawMessage{}, written: map[string]map[string]string{}}
	if operation != "" {
		q.operations = append(q.operations, operation)
	}
	for name, b := range a.bookmarks {
		q.bookmarks[name], _ = json.Marshal(b) // a bookmark can be written
	}
	for name, rows := range a.written {
		q.written[name] = maps.Clone(rows)
	}
	return q
}

// restore repeats what happened to the account, and what is known of it.
func (a *tiny) restore(p *point) {
	for _, l := range p.log {
		time.Sleep(time.Until(l.at))
		a.make(l.name)
	}
	time.Sleep(time.Until(p.now))
	for name, raw := range p.bookmarks {
		var err error
		if a.bookmarks[name], err = state.Parse(streams.Find(name), raw); err != nil {
			a.t.Fatal(err)
		}
	}
	for name, rows := range p.written {
		a.written[name] = maps.Clone(rows)
	}
	a.settled = p.settled
}

// make makes the change of a name. It reports whether it changed anything.
func (a *tiny) make(name string) bool {
	all := slices.Concat(a.scope.changes, a.inner)
	i := slices.IndexFunc(all, func(c change) bool { return c.name == name })
	if i < 0 {
		a.t.Fatalf("no change %q", name)
	}
	at := time.Now()
	if !all[i].do(a) {
		return false
	}
	a.settled = false
	a.log = append(a.log, logged{at, name})
	return true
}

// restTime is how long nothing happens after an operation.
func (a *tiny) restTime() time.Duration { return cmp.Or(a.pause, 7*time.Minute) }

func (a *tiny) rest() { time.Sleep(a.restTime()) }

// operate does one operation. The point is nil if it changes nothing.
func (a *tiny) operate(p *point, op string) (*point, error) {
	name, then, combined := strings.Cut(op, ",")
	if combined {
		if !a.make(name) {
			return nil, nil
		}
		a.rest()
		return a.operateAlone(p, op, then)
	}
	return a.operateAlone(p, op, op)
}

func (a *tiny) operateAlone(p *point, whole, op string) (*point, error) {
	var alone *change
	var err error
	during, request, isDuring := strings.Cut(op, "@")
	killed, isKilled := strings.CutPrefix(op, "kill")
	special := a.special[op]
	switch {
	case special != nil:
		err = special(a)
	case op == "sync":
		err = a.sync(nil)
	case op == "hour":
		time.Sleep(time.Hour)
	case op == "day":
		time.Sleep(25 * time.Hour)
	case op == "month":
		time.Sleep(40 * 24 * time.Hour)
	case isKilled:
		batches, spill := strings.CutSuffix(killed, "+")
		var stop int
		if stop, err = strconv.Atoi(batches); err == nil {
			err = a.sync(&kill{stop, spill})
		}
	case isDuring:
		if a.at, err = strconv.Atoi(request); err == nil {
			happened := false
			a.then = func() { happened = a.make(during) }
			err = a.sync(nil)
			if a.then = nil; !happened {
				return nil, err
			}
		}
	default:
		if !a.make(op) {
			return nil, nil
		}
		i := slices.IndexFunc(a.scope.changes, func(c change) bool { return c.name == op })
		alone = &a.scope.changes[i]
	}
	if err == errNothing {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a.rest()
	q := a.pointAfter(p, whole)
	q.alone, q.settled = alone, op == "sync" && !a.late
	return q, nil
}

// errNothing is returned by a special operation that changes nothing.
var errNothing = errors.New("nothing changes")

// A kill is where a sync is killed: after so many batches. The records of the
// next one may have been written; its state has not.
type kill struct {
	batches int
	spill   bool
}

// syncPlan returns the plan of the next sync.
func (a *tiny) syncPlan() *connector.Plan {
	plan := &connector.Plan{
		Options: reader.Options{Client: a.client, Start: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), Overlap: a.history.overlap,
			Tombstone: tombstone, PageSize: a.page, WindowInterval: 24 * time.Hour},
		RateLimiter: a.budget, Bookmarks: throughJSON(a.t, a.bookmarks), Concurrency: a.concurrency, ChunkPages: 1,
	}
	for _, name := range a.history.streams {
		plan.Streams = append(plan.Streams, streams.Find(name))
	}
	if a.quiet {
		plan.WindowInterval = 0
	}
	if !a.network.instant {
		a.network.restart()
		a.network.calibrate(a.t, a.client)
	}
	a.requests, a.seen = 0, newObservations(plan)
	return plan
}

// sync reads to the end, or until it is killed.
func (a *tiny) sync(k *kill) error {
	return a.read(a.syncPlan(), k, nil)
}

// read runs a plan. It calls at, if set, before each batch is written, and after
// its records are.
func (a *tiny) read(plan *connector.Plan, k *kill, at func(batch int, spill bool)) (err error) {
	a.failed, a.warnings = nil, nil
	atRest := a.settled && a.then == nil && a.fault == nil
	batches := 0
	var errs []error
	for b, err := range plan.Run(context.Background()) {
		switch {
		case err != nil:
			a.failed = append(a.failed, b.Stream.Name)
			errs = append(errs, fmt.Errorf("%s: %w", b.Stream.Name, err))
			continue
		case b.Kind == reader.Started:
			continue
		case b.Kind == reader.Warning:
			a.warnings = append(a.warnings, b.Warning)
		}
		if rec := a.unexpected(plan, atRest, b); rec != nil {
			errs = append(errs, fmt.Errorf("%s: unexpected: %.300s", b.Stream.Name, rec))
		}
		killed := k != nil && k.batches == batches
		if at != nil {
			at(batches, false)
		}
		if !killed || k.spill {
			a.seen.batch(b)
			for _, rec := range b.Records {
				a.write(b.Stream, rec.Raw)
			}
		}
		if at != nil && len(b.Records) > 0 {
			at(batches, true)
		}
		if spill := at != nil || k != nil && k.spill && killed; spill && len(b.Records) > 0 {
			a.reached["a sync was killed, and lost a state whose records were written"]++
		}
		if killed {
			synctest.Wait() // the next requests are on their way
			break
		}
		batches++
		a.bookmarks[b.Stream.Name] = b.Bookmark
		time.Sleep(a.writing)
	}
	a.seen.count(a.reached)
	if n := len(a.warnings); k == nil && (n > a.allowedWarnings && !a.forbidden || n != 1 && a.forbidden) {
		errs = append(errs, fmt.Errorf("%d warnings: %q", n, a.warnings))
	}
	return errors.Join(errs...)
}

// unexpected returns a record that a sync must not emit: one beyond its end date
// or, if nothing has changed, one that the destination holds.
func (a *tiny) unexpected(plan *connector.Plan, atRest bool, b connector.Batch) []byte {
	for _, rec := range b.Records {
		if !plan.End.IsZero() && rec.Cursor.After(plan.End) || atRest && a.written[b.Stream.Name][keyOf(b.Stream, rec.Raw)] == string(rec.Raw) {
			return rec.Raw
		}
	}
	return nil
}

// killAnywhere returns the points to which a sync leads that is killed somewhere,
// and the one to which the complete sync leads. The account does not change
// meanwhile, so one sync shows them all.
func (a *tiny) killAnywhere(p *point, change string) (points []*point, err error) {
	if change != "" {
		a.rest()
	}
	add := func(name string) {
		q := a.pointAfter(p, change+name)
		q.now = q.now.Add(a.restTime())
		points = append(points, q)
	}
	err = a.read(a.syncPlan(), nil, func(batch int, spill bool) {
		switch {
		case spill:
			add(fmt.Sprint("kill", batch, "+"))
		case batch > 0: // else the sync has done nothing
			add(fmt.Sprint("kill", batch))
		}
	})
	add("sync")
	points[len(points)-1].settled = !a.late
	return points, err
}

// check syncs the account, which does not change any more, and compares it with
// the destination. One more sync emits nothing.
func (a *tiny) check() error {
	a.quiet = true
	before := a.rows()
	time.Sleep(10 * time.Minute) // until all changes are visible
	if a.rows() != before {
		a.reached["a change became visible late"]++
	}
	if err := a.sync(nil); err != nil {
		return fmt.Errorf("the last sync: %w", err)
	}
	if err := a.compare(); err != nil {
		return err
	}
	a.quiet, a.settled = false, true
	for _, pause := range []time.Duration{3 * time.Minute, time.Hour} {
		time.Sleep(pause)
		if err := a.sync(nil); err != nil {
			return fmt.Errorf("a sync at rest: %w", err)
		}
	}
	return nil
}

// rows is what the lists of the scope show.
func (a *tiny) rows() string {
	var b strings.Builder
	for _, name := range a.history.streams {
		for row := range a.fixture.box.Each(streams.Find(name).Source().Path) {
			b.Write(row)
		}
	}
	return b.String()
}

// intercept handles a request before the account does.
func (a *tiny) intercept(r *http.Request) *sandbox.Fault {
	if r.URL.Path == "/api/account" { // calibrates the rate limiter
		return nil
	}
	a.mu.Lock()
	a.requests++
	then := a.then
	if a.requests != a.at {
		then = nil
	}
	a.mu.Unlock()
	if then != nil {
		then()
	}
	switch {
	case a.fault != nil:
		return a.fault(r)
	case a.intercepts != nil:
		return a.intercepts(a, r)
	}
	return nil
}

// observe takes note of a request that was served.
func (a *tiny) observe(r *http.Request, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen.request(r, status)
}
