package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/reconcile/sketch"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// An account has one list of things, in the order of creation or not.
type account struct {
	things   []thing // the newest first
	unsorted bool
	rejects  bool          // the order is rejected
	empty    bool          // the first page is empty
	ahead    time.Duration // of the Date
	requests int
	kill     func() // called with a request of a sync, unless it is nil
	killAt   int    // the number of that request
}

type thing struct {
	id      int64
	created time.Time
	text    string
}

func (a *account) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.requests++; a.requests == a.killAt && a.kill != nil {
		a.kill()
	}
	q := r.URL.Query()
	from, _ := strconv.Atoi(q.Get("cursor"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	things := slices.Clone(a.things)
	if a.unsorted {
		slices.Reverse(things)
	}
	if a.empty && q.Get("cursor") == "" {
		limit = 0
	}
	var rows []string
	for _, t := range things[min(from, len(things)):min(from+limit, len(things))] {
		rows = append(rows, fmt.Sprintf(`{"id":%d,"created":%q,"updated":%q,"text":%q}`, t.id, t.created.Format(time.RFC3339), t.created.Format(time.RFC3339), t.text))
	}
	next := "null"
	if from+limit < len(things) {
		next = strconv.Quote(strconv.Itoa(from + limit))
	}
	if limit == 0 {
		next = `"0000"`
	}
	status, body := 200, fmt.Sprintf(`{"data":[%s],"meta":{"next_cursor":%s}}`, strings.Join(rows, ","), next)
	if a.rejects && q.Get("order_by") != "" {
		status, body = 400, `{"error":{"msg":"unknown order"}}`
	}
	h := http.Header{"Date": {time.Now().Add(a.ahead).UTC().Format(http.TimeFormat)}, "Content-Type": {"application/json"}}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// things makes so many things, one an hour, the newest an hour old.
func things(n int) (all []thing) {
	for i := range n {
		all = append(all, thing{int64(n - i), time.Now().UTC().Add(-time.Hour - time.Duration(i)*time.Hour).Truncate(time.Second), "as it was"})
	}
	return all
}

// A destination is what one stream of an account was written to.
type destination struct {
	*account
	t        *testing.T
	stream   *stream.Stream
	options  reader.Options
	limiter  *gorgias.RateLimiter
	bookmark state.Bookmark
	written  []string // keys, in their order, of the sync under way
	warnings []string

	derived         *stream.Stream // read along with the other one
	derivedBookmark state.Bookmark
	emissions       *reader.Emissions // of the last sync
}

func newDestination(t *testing.T, n int) *destination {
	d := &destination{account: &account{things: things(n)}, t: t, stream: &stream.Stream{Name: "things", Path: "things", Key: []string{"id"},
		Cursor: "updated", Created: "created", ByCreation: map[string][]string{"order_by": {"created:desc"}}, Mode: stream.NewestFirst, Deletable: true}}
	client, err := gorgias.New(gorgias.Options{Origin: "https://acme.example", Auth: gorgias.Basic("user@example.com", "secret-key"), Transport: d.account})
	if err != nil {
		t.Fatal(err)
	}
	d.options = reader.Options{Client: client, Tombstone: "deleted", Overlap: 10 * time.Minute, PageSize: 10, SliceRows: 20,
		ReconcileEvery: 7 * 24 * time.Hour, Start: time.Now().Add(-365 * 24 * time.Hour)}
	d.sync()
	return d
}

// sync reads what is new, and what is due.
func (d *destination) sync() {
	d.t.Helper()
	d.written, d.warnings, d.requests = nil, nil, 0
	l := &reader.List{Source: d.stream, Outputs: []*reader.Output{reader.NewOutput(d.stream, d.bookmark)}, Emissions: reader.NewEmissions()}
	if d.derived != nil {
		l.Outputs = append(l.Outputs, reader.NewOutput(d.derived, d.derivedBookmark))
	}
	d.emissions = l.Emissions
	l.Run = &reader.Run{Options: d.options, RateLimiter: d.limiter, Emit: func(b reader.Batch, err error) {
		if err != nil && d.kill == nil {
			d.t.Fatal(err)
		}
		if b.Kind == reader.Warning {
			d.warnings = append(d.warnings, b.Warning)
		}
		for _, rec := range b.Records {
			d.written = append(d.written, string(rec.Key))
		}
		raw, err := json.Marshal(b.Bookmark)
		if err != nil {
			d.t.Fatal(err)
		}
		to := &d.bookmark
		if b.Stream == d.derived {
			to = &d.derivedBookmark
		}
		if *to, err = state.Parse(b.Stream, raw); err != nil {
			d.t.Fatal(err)
		}
	}}
	Attach(l)
	ctx := context.Background()
	if d.kill != nil {
		ctx, d.kill = context.WithCancel(ctx)
	}
	l.Execute(ctx, reader.Incremental{})
}

// days syncs once a day, and returns what was written.
func (d *destination) days(n int) (written []string) {
	for range n {
		time.Sleep(24 * time.Hour)
		d.sync()
		written = append(written, d.written...)
	}
	slices.Sort(written)
	return written
}

func (d *destination) suspects() (ids []int64) {
	for _, m := range d.bookmark.Reconciliation.Suspects {
		ids = append(ids, m.ID)
	}
	return ids
}

// What has changed silently is written within the days of a round, with what counts in the
// same digests, and what has not changed is not.
func TestSilentChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 200)
		if written := d.days(8); len(written) > 0 {
			t.Errorf("unchanged, and written: %v", written)
		}
		d.things[150].text = "as it is"
		written := d.days(8)
		if id := strconv.FormatInt(d.things[150].id, 10); !slices.Contains(written, id) || len(written) > 20 {
			t.Errorf("%s has changed, written: %v", id, written)
		}
		if written := d.days(8); len(written) > 0 {
			t.Errorf("unchanged since, and written: %v", written)
		}
		d.things = slices.Insert(d.things, 0, thing{1000, time.Now().UTC(), "new"})
		if written := d.days(16); !slices.Contains(written, "1000") || len(d.suspects()) > 0 {
			t.Errorf("new: %v; suspects: %v", written, d.suspects())
		}
	})
}

// The change feed knows what was written again, so that it is not written twice.
func TestEmissions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 100)
		d.options.ReconcileNow = true
		d.days(1)
		d.things[90].text = "as it is"
		if d.days(1); !d.emissions.Get(d.things[90].id).Emitted {
			t.Errorf("%v were written, and the feed does not know", d.written)
		}
	})
}

// What was derived from a record and is not derived from it any longer gets a tombstone,
// although nothing says that the record has changed.
func TestRemovedElements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 0)
		d.derived = &stream.Stream{Name: "words", Parent: d.stream, Mode: stream.Derived, Key: []string{"thing_id", "id"}, Cursor: "updated", Deletable: true,
			Derive: func(thing json.RawMessage) (words []json.RawMessage) {
				for word := range strings.FieldsSeq(strings.Trim(string(stream.Field(thing, "text")), `"`)) {
					words = append(words, fmt.Appendf(nil, `{"thing_id":%s,"id":%s,"updated":%s}`, stream.Field(thing, "id"), word, stream.Field(thing, "updated")))
				}
				return words
			}}
		d.things, d.bookmark = things(200), state.Bookmark{}
		for i := range d.things {
			d.things[i].text = "1 2 3"
		}
		if d.sync(); len(d.written) != 4*200 {
			t.Fatalf("%d were written", len(d.written))
		}
		d.days(8)
		d.things[150].text = "1 3"
		if key := strconv.FormatInt(d.things[150].id, 10) + "/2"; !slices.Contains(d.days(8), key) {
			t.Errorf("%s was removed, and got no tombstone", key)
		}
		if written := d.days(8); len(written) > 0 {
			t.Errorf("unchanged since, and written: %v", written)
		}
	})
}

// What vanishes is a suspect within the days of a round, up to the capacity of a slice;
// more than that is reported, and nothing else is suspected.
func TestVanished(t *testing.T) {
	for _, n := range []int{1, 2, state.SketchCapacity, state.SketchCapacity + 1, 60} {
		synctest.Test(t, func(t *testing.T) {
			d := newDestination(t, 300)
			d.options.SliceRows = 100
			d.days(8)
			var want []int64
			for i := range n {
				want = append(want, d.things[120+i].id)
			}
			d.things = slices.Delete(d.things, 120, 120+n)
			d.days(9)
			slices.Sort(want)
			got := d.suspects()
			if n <= state.SketchCapacity && !slices.Equal(got, want) {
				t.Errorf("%d vanished: %v, not %v", n, got, want)
			}
			for _, id := range got {
				if !slices.Contains(want, id) {
					t.Errorf("%d vanished: %d is there", n, id)
				}
			}
		})
	}
}

// A list that is scanned in the order of creation is compared by each re-read of its
// lookback window, and its slices stay few.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 0)
		d.stream.Cursor, d.stream.ByCreation, d.stream.LookbackWindow = "created", nil, 20*24*time.Hour
		d.things, d.bookmark = things(1000), state.Bookmark{}
		d.options.WindowInterval, d.options.SliceRows = 24*time.Hour, 100
		d.sync()
		slicesAtFirst, gone := len(d.bookmark.Reconciliation.Slices), d.things[200].id // of the ninth day
		d.things = slices.Delete(d.things, 200, 201)
		for i := range 48 {
			time.Sleep(time.Hour)
			d.things = slices.Insert(d.things, 0, thing{int64(2000 + i), time.Now().UTC().Add(-time.Hour).Truncate(time.Second), "new"})
			if d.sync(); len(d.warnings) > 0 {
				t.Error(d.warnings)
			}
		}
		if !slices.Equal(d.suspects(), []int64{gone}) {
			t.Errorf("suspects %v, not %d", d.suspects(), gone)
		}
		if n := len(d.bookmark.Reconciliation.Slices); n > slicesAtFirst+4 {
			t.Errorf("%d slices, at first %d", n, slicesAtFirst)
		}
	})
}

// However many records the lookback window has, what has not changed is not written when
// it is read again, and what has changed is: also if the list turns out not to be in the
// order of creation.
func TestLargeWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 0)
		d.stream.Cursor, d.stream.ByCreation, d.stream.LookbackWindow = "created", nil, 120*24*time.Hour
		d.things, d.bookmark = things(3500), state.Bookmark{} // 2,880 of them in the window
		d.options.WindowInterval, d.options.SliceRows, d.options.PageSize = 24*time.Hour, 0, 100
		d.sync()
		if written := d.days(2); len(written) > 0 {
			t.Errorf("unchanged, and %d were written", len(written))
		}
		d.things[2480].text = "as it is"
		id := strconv.FormatInt(d.things[2480].id, 10)
		if written := d.days(1); !slices.Contains(written, id) || len(written) > 60 {
			t.Errorf("%s has changed, %d were written: %v", id, len(written), written)
		}
		d.things[2480].text = "as it was"
		d.things[2510], d.things[2511] = d.things[2511], d.things[2510]
		if written := d.days(1); !slices.Contains(written, id) {
			t.Errorf("%s has changed in an unsorted list, %d were written", id, len(written))
		}
	})
}

// If the server's clock was ahead when slices were made, they are compared all the same.
func TestClockAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 200)
		d.days(8)
		d.ahead = 100 * 24 * time.Hour
		d.options.ReconcileNow = true
		d.sync()
		d.ahead = 0
		gone := d.things[5].id
		d.things = slices.Delete(d.things, 5, 6)
		if d.days(1); !slices.Equal(d.suspects(), []int64{gone}) {
			t.Errorf("suspects %v, not %d", d.suspects(), gone)
		}
	})
}

// An empty page does not end the list.
func TestEmptyPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 0)
		d.stream.Cursor, d.things, d.bookmark = "created", things(100), state.Bookmark{}
		d.sync()
		d.empty, d.things[90].text = true, "as it is"
		if written := d.days(8); !slices.Contains(written, "10") || len(d.suspects()) > 0 {
			t.Errorf("written: %v; suspects: %v", written, d.suspects())
		}
	})
}

// Rows that are too large to wait for the end of their part are written before it. What
// vanishes is still found.
func TestHeldRowsAreBounded(t *testing.T) {
	defer func(bound int) { maxHeld = bound }(maxHeld)
	maxHeld = 0
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 300)
		d.options.SliceRows = 100
		gone := d.things[120].id
		d.things = slices.Delete(d.things, 120, 121)
		d.things[130].text = "as it is"
		if written := d.days(7); len(written) < 150 || len(written) > 300 || !slices.Equal(d.suspects(), []int64{gone}) {
			t.Errorf("%d written: %v, suspects %v", len(written), written, d.suspects())
		}
	})
}

// A round takes its days, and the requests of its parts are spread over them.
func TestPartsAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 700) // 70 pages, 35 parts
		for day := range 14 {
			time.Sleep(24 * time.Hour)
			// The slices of the first scan are of different sizes.
			if d.sync(); d.requests > 40 || day >= 7 && (d.requests < 8 || d.requests > 20) {
				t.Errorf("day %d: %d requests", day, d.requests)
			}
		}
		for range 4 {
			time.Sleep(5 * 24 * time.Hour) // the rest of a round, and a part of the next one
			if d.sync(); d.requests < 42 || d.requests > 62 {
				t.Errorf("after five days: %d requests", d.requests)
			}
		}
		d.options.ReconcileNow = true
		if d.sync(); d.requests < 70 || d.requests > 75 {
			t.Errorf("at once: %d requests", d.requests)
		}
	})
}

// After a reconciliation of everything that was killed, no record waits longer than a round.
func TestKilledReconciliation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 700) // 70 pages
		d.days(8)
		d.options.ReconcileNow, d.kill, d.killAt = true, func() {}, 50
		d.sync()
		if d.requests != 50 {
			t.Fatalf("%d requests", d.requests)
		}
		d.options.ReconcileNow, d.kill = false, nil
		d.things[400].text = "as it is"
		if written := d.days(8); !slices.Contains(written, "300") {
			t.Errorf("written: %v", written)
		}
	})
}

// What a killed sync held of the lookback window is read again, although the next sync
// finishes its scan.
func TestHeldRowsAreReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 0)
		d.stream.Cursor, d.stream.ByCreation, d.stream.LookbackWindow = "created", nil, 20*24*time.Hour
		d.options.WindowInterval, d.options.SliceRows = 24*time.Hour, 100
		d.things, d.bookmark = things(400), state.Bookmark{}
		d.sync()
		d.days(2)
		for killAt := 3; killAt < 30; killAt += 5 {
			changed := &d.things[10*(killAt-1)-3]
			changed.text = fmt.Sprint("killed at ", killAt)
			time.Sleep(24 * time.Hour)
			d.kill, d.killAt = func() {}, killAt
			d.sync()
			d.kill = nil
			written := d.written
			for range 2 {
				time.Sleep(time.Hour)
				d.sync()
				written = append(written, d.written...)
			}
			if !slices.Contains(written, fmt.Sprint(changed.id)) {
				t.Errorf("killed at request %d: %d is not among %v", killAt, changed.id, written)
			}
		}
	})
}

// A page has the rows of several parts, of which not all are due.
func TestShortParts(t *testing.T) {
	for _, rows := range []int{2, 5, 10} {
		synctest.Test(t, func(t *testing.T) {
			d := newDestination(t, 0)
			d.stream.Cursor, d.stream.ByCreation, d.stream.LookbackWindow = "created", nil, 20*24*time.Hour
			d.options.PageSize, d.options.SliceRows, d.options.WindowInterval = 100, rows, 24*time.Hour
			d.things, d.bookmark = things(20), state.Bookmark{}
			d.sync()
			for day := range 20 {
				for i := range 3 {
					d.things = slices.Insert(d.things, 0, thing{int64(100 + 3*day + i), time.Now().UTC().Add(time.Duration(i) * time.Second).Truncate(time.Second), "as it was"})
				}
				if d.days(1); len(d.suspects()) > 0 || len(d.written) != 3 {
					t.Errorf("slices of %d, day %d: %q written, suspects %v", rows, day, d.written, d.suspects())
				}
			}
		})
	}
}

// A list that is not in the order of creation, or rejects it, is not compared. Warnings say
// so, once a round.
func TestUnsorted(t *testing.T) {
	for _, rejects := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			d := newDestination(t, 100)
			d.unsorted, d.rejects = !rejects, rejects
			warned := 0
			for range 8 {
				d.days(1)
				warned += len(d.warnings)
			}
			if warned == 0 || warned > 2 || len(d.suspects()) > 0 {
				t.Errorf("rejects %v: %d warnings, suspects %v", rejects, warned, d.suspects())
			}
		})
	}
}

// An earlier start date is read once, by the next sync.
func TestBackfill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestinationFrom(t, 200, -100*time.Hour)
		if n := len(d.bookmark.Reconciliation.Slices); n == 0 {
			t.Fatal("no slices")
		}
		d.options.Start = d.options.Start.Add(-24 * 24 * time.Hour)
		written := d.days(1)
		if len(written) < 100 {
			t.Errorf("%d of the older ones were written", len(written))
		}
		if written = d.days(8); len(written) > 0 {
			t.Errorf("and again: %v", written)
		}
		d.options.Start = d.options.Start.Add(48 * time.Hour) // later: nothing changes
		if written = d.days(8); len(written) > 0 {
			t.Errorf("a later date: %v", written)
		}
	})
}

// newDestinationFrom is newDestination with another start date.
func newDestinationFrom(t *testing.T, n int, start time.Duration) *destination {
	d := newDestination(t, 0)
	d.things = things(n)
	d.bookmark = state.Bookmark{}
	d.options.Start = time.Now().Add(start)
	d.sync()
	return d
}

// What got a tombstone because of an event is no suspect.
func TestTombstonesAreNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 100)
		d.bookmark.Reconciliation.Delete(sketch.Element{ID: d.things[50].id})
		d.things = slices.Delete(d.things, 50, 52)
		if d.days(8); len(d.suspects()) != 1 {
			t.Errorf("suspects: %v", d.suspects())
		}
		if n := len(d.bookmark.Reconciliation.Gone); n > 0 {
			t.Errorf("%d are remembered although no slice has them", n)
		}
	})
}

// A sync reads no more than the rate limit allows in minutes, and reports what is late.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDestination(t, 8000)
		d.limiter = gorgias.NewRateLimiter(0.1)
		time.Sleep(9 * 24 * time.Hour)
		d.options.SliceRows = 100
		if d.sync(); d.requests < 500 || d.requests > 700 || len(d.warnings) != 1 {
			t.Errorf("%d requests, warnings %q", d.requests, d.warnings)
		}
		if d.sync(); d.requests > 300+800*2/7 || len(d.warnings) > 0 {
			t.Errorf("the rest, and two days of the next round: %d requests, warnings %q", d.requests, d.warnings)
		}
	})
}

// The state of a list's reconciliation is bounded: 16 kB at 60,000 records.
func TestStateSize(t *testing.T) {
	if size := stateSize(t, 60_000); size > 16_000 || size < 8_000 {
		t.Errorf("%d bytes", size)
	}
}

// BenchmarkStateSize reports the state at a million records, up to 64 kB.
func BenchmarkStateSize(b *testing.B) {
	for b.Loop() {
		size := stateSize(b, 1_000_000)
		if b.ReportMetric(float64(size), "bytes"); size > 64_000 {
			b.Errorf("%d bytes", size)
		}
	}
}

// stateSize returns the size of the state of so many records, of an account that grows by
// half each year, with full sets of members.
func stateSize(t testing.TB, n int) int {
	var r state.Reconciliation
	var o reader.Options
	const years, window = 5, 30 * 24 * time.Hour
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r.Begin(now.AddDate(-years, 0, 0), now, 10*time.Minute, window)
	emitted := func(id int, isNew bool) state.Emitted {
		age := min(years, math.Log(float64(n+1)/float64(n+1-id))/math.Log(1.5)) // in years
		at := now.Add(-time.Duration(age * 365 * 24 * float64(time.Hour)))
		return state.Emitted{Member: state.NewMember(0, int64(10_000_000+n-id), at), New: isNew}
	}
	for first := 0; first < n; first += 100 {
		var records []state.Emitted
		for id := first; id < min(first+100, n); id++ {
			records = append(records, emitted(id, true))
		}
		r.Emit(records)
	}
	r.Compact(o.RowsPerSlice(r.Rows()), window)
	for id := 0; id < n; id += n / 5000 {
		r.Emit([]state.Emitted{emitted(id, false)})
		r.Delete(sketch.Element{ID: int64(5_000_000 + id)})
	}
	raw, err := json.Marshal(state.Bookmark{Reconciliation: r})
	empty, _ := json.Marshal(state.Bookmark{})
	if err != nil || r.Rows() < n-100 {
		t.Fatalf("%d rows (%v)", r.Rows(), err)
	}
	return len(raw) - len(empty)
}
