package integration_tests

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// dates is a network that replaces the Date header of the responses.
type dates struct {
	net  http.RoundTripper
	mu   sync.Mutex
	date func(now time.Time) string // nil: the right one
	now  func() time.Time
}

func (d *dates) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := d.net.RoundTrip(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil && d.date != nil {
		res.Header.Del("Date")
		if text := d.date(d.now()); text != "" {
			res.Header.Set("Date", text)
		}
	}
	return res, err
}

func httpDate(at time.Time) string { return at.UTC().Format(http.TimeFormat) }

// dateFaults are ways in which the dates of one sync can be wrong.
var dateFaults = []func(r *rand.Rand) func(now time.Time) string{
	func(*rand.Rand) func(time.Time) string { return nil },
	func(r *rand.Rand) func(time.Time) string { // ahead or behind from the first response to the last
		off := someError(r)
		return func(now time.Time) string { return httpDate(now.Add(off)) }
	},
	func(r *rand.Rand) func(time.Time) string { // the first ones only
		off, left := someError(r), 1+r.IntN(5)
		return func(now time.Time) string {
			if left--; left < 0 {
				off = 0
			}
			return httpDate(now.Add(off))
		}
	},
	func(r *rand.Rand) func(time.Time) string { // from some response on
		off, left := someError(r), 1+r.IntN(20)
		return func(now time.Time) string {
			if left--; left >= 0 {
				return httpDate(now)
			}
			return httpDate(now.Add(off))
		}
	},
	func(r *rand.Rand) func(time.Time) string { // some of them
		off := someError(r)
		return func(now time.Time) string {
			if r.IntN(4) > 0 {
				return httpDate(now)
			}
			return httpDate(now.Add(off))
		}
	},
	func(r *rand.Rand) func(time.Time) string { // every one differently
		return func(now time.Time) string { return httpDate(now.Add(someError(r))) }
	},
	func(r *rand.Rand) func(time.Time) string { // it stands still
		off, stuck := someError(r), time.Time{}
		return func(now time.Time) string {
			if stuck.IsZero() {
				stuck = now.Add(off)
			}
			return httpDate(stuck)
		}
	},
	func(r *rand.Rand) func(time.Time) string { // it runs twice or half as fast
		var began time.Time
		speed := []float64{0, 0.5, 2, 100}[r.IntN(4)]
		return func(now time.Time) string {
			if began.IsZero() {
				began = now
			}
			return httpDate(began.Add(time.Duration(speed * float64(now.Sub(began)))))
		}
	},
	func(r *rand.Rand) func(time.Time) string { // local time that claims to be GMT
		zone := time.FixedZone("", (r.IntN(27)-12)*3600)
		return func(now time.Time) string { return now.In(zone).Format(http.TimeFormat) }
	},
	func(r *rand.Rand) func(time.Time) string { // none, or none that can be read
		text := []string{"", "now", "Sat, 01 Jan 2000", "0", "2000-01-01T00:00:00Z", "Sat, 01 Jan 2000 00:00:00 +0200", "Mon, 32 Jan 2000 25:00:00 GMT"}[r.IntN(7)]
		return func(now time.Time) string {
			if r.IntN(3) > 0 {
				return httpDate(now)
			}
			return text
		}
	},
	func(r *rand.Rand) func(time.Time) string { // backends that differ by a minute
		return func(now time.Time) string {
			return httpDate(now.Add(time.Duration(r.IntN(60)-30) * time.Second))
		}
	},
}

// someError is how far a Date is off: by minutes or by years, in either direction.
func someError(r *rand.Rand) time.Duration {
	largest := []time.Duration{10 * time.Minute, 36 * time.Hour, 60 * 24 * time.Hour, 30 * 365 * 24 * time.Hour}[r.IntN(4)]
	return time.Duration(r.Int64N(int64(2*largest))) - largest
}

// TestAnyDates checks that no sequence of dates loses anything: syncs with
// dates that are wrong in every way, on a host with a right or a wrong clock,
// while the account changes. Once the dates are right again, the destination
// equals the account. Streams may fail meanwhile. DATES_SEED repeats one.
func TestAnyDates(t *testing.T) {
	t.Parallel()
	first, n := firstSeed(), max(1, *histories/16)
	if seed := os.Getenv("DATES_SEED"); seed != "" {
		n = 1
		if _, err := fmt.Sscan(seed, &first); err != nil {
			t.Fatal(err)
		}
	}
	inParallel(t, n, func(t *testing.T, i int) {
		seed := first + uint64(i)
		synctest.Test(t, func(t *testing.T) {
			if err := playDates(t, rand.New(rand.NewPCG(seed, 3))); err != nil {
				t.Fatalf("DATES_SEED=%d: %v", seed, err)
			}
		})
	})
}

func playDates(t *testing.T, r *rand.Rand) error {
	skew := []time.Duration{0, 0, 26 * time.Hour, -26 * time.Hour}[r.IntN(4)]
	h := &history{t: t, Rand: r, maxChanges: defaultMaxChanges, overlap: 10 * time.Minute,
		bookmarks: map[string]state.Bookmark{}, written: map[string]map[string]string{}, lastFullRefresh: map[string]map[string]string{}, compared: map[string]int{},
		unnamed: map[string]bool{}, unsaved: map[string]bool{}}
	small := func() int { return r.IntN(30) }
	box := &sandbox.Server{Seed: r.Uint64(), Limit: unlimited, ClockOffset: skew, VisibilityLag: time.Duration(r.Int64N(int64(9 * time.Minute))),
		Size: sandbox.Size{Tickets: small(), Messages: small(), Customers: small(), Events: small(), Surveys: small(), Tags: 3, Jobs: small()}}
	net := &dates{net: inMemory{box}, now: func() time.Time { return time.Now().Add(skew) }}
	h.tokens = &tokenNetwork{known: map[string]bool{}}
	all := []string{"tickets", "ticket_messages", "customers", "satisfaction_surveys", "events", "ticket_tags", "jobs"}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	h.streams = all[:1+r.IntN(len(all))]
	sync := func(stop int) error {
		h.fixture = newFixtureBehind(t, box, net) // a process of its own
		return h.sync(stop)
	}
	for range 1 + r.IntN(5) {
		net.date = dateFaults[r.IntN(len(dateFaults))](rand.New(rand.NewPCG(r.Uint64(), 4))) // drawn from while the lists are read
		stop := -1
		if r.IntN(3) == 0 {
			stop = r.IntN(20)
		}
		h.fixture = &fixture{box: box}
		if err := sync(stop); err != nil {
			return err
		}
		for range r.IntN(8) {
			h.change()
		}
		time.Sleep(time.Duration(r.Int64N(int64([]time.Duration{5 * time.Minute, 3 * time.Hour, 50 * time.Hour}[r.IntN(3)]))))
	}
	h.quiet, net.date = true, nil
	time.Sleep(10 * time.Minute)
	if err := sync(-1); err != nil {
		return err
	}
	return h.compare()
}

// TestDateAheadOnce checks that the deletion of a record arrives after a sync
// whose dates were ahead from the first to the last, however far, and however
// long ago that was.
func TestDateAheadOnce(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{5 * time.Minute, time.Hour, 36 * time.Hour, 400 * 24 * time.Hour} {
		for _, later := range []time.Duration{time.Minute, 2 * time.Hour, 37 * time.Hour, 500 * 24 * time.Hour} {
			for _, name := range []string{"tickets", "ticket_messages"} {
				t.Run(fmt.Sprint(name, " ", off, " ", later), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { deleteAfterDateAhead(t, name, off, later) })
				})
			}
		}
	}
}

// deleteAfterDateAhead deletes a record after a sync whose dates were ahead, and
// syncs again later. One message has a date of someone's choice, between the
// present and the Date.
func deleteAfterDateAhead(t *testing.T, name string, off, later time.Duration) {
	box := &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Tickets: 3, Messages: 6}, Quirks: sandbox.Quirks{DeletedMessagesVanish: true}}
	box.ImportMessage(lowestID(box, "tickets"), time.Now().Add(off/2))
	net := &dates{net: inMemory{box}, now: time.Now}
	h := &history{t: t, Rand: rand.New(rand.NewPCG(1, 1)), streams: []string{name}, overlap: 10 * time.Minute, quiet: true,
		bookmarks: map[string]state.Bookmark{}, written: map[string]map[string]string{}, lastFullRefresh: map[string]map[string]string{}, compared: map[string]int{},
		unnamed: map[string]bool{}, unsaved: map[string]bool{}}
	for i := range 2 {
		net.date = nil
		if i == 0 {
			net.date = func(now time.Time) string { return httpDate(now.Add(off)) }
		}
		h.fixture = newFixtureBehind(t, box, net)
		if err := h.sync(-1); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			time.Sleep(30 * time.Second)
			if name == "tickets" {
				box.DeleteTicket(lowestID(box, name))
			} else {
				box.DeleteMessage(lowestID(box, "messages"))
			}
			time.Sleep(later)
		}
	}
	if err := h.compare(); err != nil {
		t.Error(err)
	}
}

// TestFutureState checks that a state that is later than the server's present is
// reported, and that everything it may hide is read: the records, and the event of a
// deletion.
func TestFutureState(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{10 * time.Minute, time.Hour, 50 * 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		for _, name := range []string{"tickets", "ticket_messages", "customers", "satisfaction_surveys", "events", "jobs"} {
			t.Run(name+" "+strconv.Itoa(int(ahead.Hours())), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := streams.Find(name)
					h := newFixture(t, &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Tickets: 150, Messages: 150, Customers: 150, Surveys: 150, Events: 150, Jobs: 150}})
					id := lowestID(h.box, s.Path)
					deleted := name == "tickets" && h.box.DeleteTicket(id) || name == "customers" && h.box.DeleteCustomer(id)
					time.Sleep(time.Hour)
					imported, err := state.Parse(s, fmt.Appendf(nil, `{%q:%q}`, s.Cursor, time.Now().Add(ahead).UTC().Format(time.RFC3339)))
					if err != nil {
						t.Fatal(err)
					}
					got, warnings := map[string]bool{}, 0
					var last state.Bookmark
					plan := h.plan([]string{name}, map[string]state.Bookmark{name: imported})
					plan.Tombstone = tombstone
					for b, err := range plan.Run(t.Context()) {
						if err != nil {
							t.Fatal(err)
						}
						if last = b.Bookmark; strings.Contains(b.Warning, "later than the server's present") {
							warnings++
						}
						for _, rec := range b.Records {
							got[keyOf(s, rec.Raw)] = true
						}
					}
					for key := range expectedRecords(h.box, s) {
						if !got[key] {
							t.Errorf("%s was not read", key)
						}
					}
					if deleted && !got[strconv.FormatInt(id, 10)] {
						t.Errorf("%d was deleted before the sync, and got no tombstone", id)
					}
					if warnings != 1 {
						t.Errorf("%d warnings, expected one", warnings)
					}
					for _, at := range []time.Time{last.Watermark, last.WindowReadAt, last.EventWatermark} {
						if at.After(time.Now()) {
							t.Errorf("the state is still later than the present: %v", at)
						}
					}
				})
			})
		}
	}
}

// TestDateCorrected checks what a wrong Date costs: one that jumps is asked for
// again, and a clock that is corrected during a sync is believed after a few
// responses. No stream fails.
func TestDateCorrected(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-400 * 24 * time.Hour, -time.Hour, 5 * time.Minute, 36 * time.Hour} {
		for _, c := range []struct {
			name    string
			wrong   func(response int) bool
			repeats int
		}{
			{"once", func(i int) bool { return i == 3 }, 1},
			{"twice", func(i int) bool { return i == 3 || i == 6 }, 2},
			{"from the fourth on", func(i int) bool { return i >= 3 }, 2},
			{"up to the third", func(i int) bool { return i < 3 }, 2},
			{"never by more than the tolerance", func(int) bool { return false }, 0},
		} {
			t.Run(fmt.Sprint(c.name, " ", off), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					requests := func(date func(time.Time) string) int {
						box := &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Tags: 100}}
						h := newFixtureBehind(t, box, &dates{net: inMemory{box}, now: time.Now, date: date})
						p := h.plan([]string{"tags"}, map[string]state.Bookmark{})
						p.PageSize = 10
						for b, err := range p.Run(t.Context()) {
							if err != nil || b.Warning != "" {
								t.Errorf("%v %s", err, b.Warning)
							}
						}
						return box.Requests()
					}
					i := -1
					got := requests(func(now time.Time) string {
						if i++; c.wrong(i) {
							now = now.Add(off)
						} else if i%2 == 0 {
							now = now.Add(time.Minute)
						}
						return httpDate(now)
					})
					if want := requests(nil) + c.repeats; got != want {
						t.Errorf("%d requests, expected %d", got, want)
					}
				})
			})
		}
	}
}

// TestDeletedDuringSync checks that a record that is deleted after its list was
// read gets its tombstone in the same sync, within the same second or with any
// Date: that the list was read since the deletion is not believed.
func TestDeletedDuringSync(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{0, 90 * time.Second, 36 * time.Hour, 400 * 24 * time.Hour, -36 * time.Hour, -400 * 24 * time.Hour} {
		for _, name := range []string{"tickets", "ticket_messages", "customers"} {
			t.Run(fmt.Sprint(name, " ", off), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := streams.Find(name)
					// The host's clock is wrong as well, in the same way.
					box := &sandbox.Server{Limit: unlimited, ClockOffset: -off, Size: sandbox.Size{Tickets: 5, Messages: 10}, Quirks: sandbox.Quirks{DeletedMessagesVanish: true}}
					net := &dates{net: inMemory{box}, now: time.Now}
					h, marks := newFixtureBehind(t, box, net), map[string]state.Bookmark{}
					deleted, gone := int64(0), false
					sync := func() {
						p := h.plan([]string{name}, marks)
						p.Tombstone = tombstone
						for b, err := range p.Run(t.Context()) {
							if err != nil {
								t.Fatal(err)
							}
							marks[name] = b.Bookmark
							for _, rec := range b.Records {
								gone = gone || rec.Origin == stream.Tombstone && rec.ID() == deleted
							}
						}
					}
					sync()
					time.Sleep(time.Hour)
					now := time.Now().Add(-off)
					switch ticket := box.AddTicket(now, now, now); name {
					case "tickets":
						deleted = ticket
					case "ticket_messages":
						deleted = box.AddMessage(ticket)
					default:
						deleted = box.AddCustomer()
					}
					h = newFixtureBehind(t, box, &dates{net: inMemory{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/api/events" { // after the list
							switch name {
							case "tickets":
								box.DeleteTicket(deleted)
							case "ticket_messages":
								box.DeleteMessage(deleted)
							default:
								box.DeleteCustomer(deleted)
							}
						}
						box.ServeHTTP(w, r)
					})}, now: time.Now, date: func(now time.Time) string { return httpDate(now) }})
					if sync(); !gone {
						t.Errorf("%s %d was deleted and has no tombstone", s.Name, deleted)
					}
				})
			})
		}
	}
}
