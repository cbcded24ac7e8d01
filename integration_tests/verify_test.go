package integration_tests

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/config"
	"source-gorgias/connector/conform"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
	"source-gorgias/connector/verify"
)

// A loadedTable is what a destination has of a stream, by key.
type loadedTable map[string]string

// lines are the rows as JSON lines.
func (t loadedTable) lines() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(t)) {
		b.WriteString(t[k] + "\n")
	}
	return b.String()
}

// verifySettings are the settings of a configuration.
func verifySettings(t testing.TB, more string) *config.Settings {
	t.Helper()
	s, err := config.Parse([]byte(`{"subdomain":"acme","credentials":{"email":"a@b.example","api_key":"k"}`+more+`}`), false)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// conformed returns a record as it is loaded.
func conformed(t testing.TB, s *stream.Stream, settings *config.Settings) func(raw []byte) string {
	t.Helper()
	schema, err := settings.Privacy.Rules(s).Compile(s.Schema(""), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(raw []byte) string {
		out, _ := schema.AppendValid(nil, raw)
		return string(out)
	}
}

// perfectTable is what a table has that equals the account now.
func perfectTable(t testing.TB, box *sandbox.Server, s *stream.Stream, settings *config.Settings) loadedTable {
	t.Helper()
	shape, table := conformed(t, s, settings), loadedTable{}
	for k, raw := range expectedRecords(box, s) {
		if table[k] = shape([]byte(raw)); !s.Incremental() {
			table[k] = fmt.Sprintf(`{"_airbyte_extracted_at":%q,%s`, time.Now().UTC().Format(time.RFC3339Nano), table[k][1:])
		}
	}
	return table
}

// verifyTable compares rows with the account of a fixture.
func (h *fixture) verifyTable(t testing.TB, s *stream.Stream, rows string, change func(*verify.Options)) (*verify.Report, error) {
	t.Helper()
	o := verify.Options{Client: h.client, RateLimiter: h.budget, Settings: verifySettings(t, ""), Stream: s, Seed: 1}
	if change != nil {
		change(&o)
	}
	return verify.Run(context.Background(), o, strings.NewReader(rows))
}

// verifiable are the streams that can be verified.
func verifiable() []*stream.Stream {
	return slices.DeleteFunc(streams.All(), func(s *stream.Stream) bool { return verify.Unverifiable(s) != "" })
}

// TestVerifyEqual checks that a table that equals the account is found to, of each stream,
// by a sample and in full; and that each kind of fault is found in full, and named.
func TestVerifyEqual(t *testing.T) {
	t.Parallel()
	for _, s := range verifiable() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				box := &sandbox.Server{Seed: 7, Limit: unlimited, Epoch: time.Now().Add(-time.Hour)}
				h := newFixture(t, box)
				table := perfectTable(t, box, s, verifySettings(t, ""))
				for _, full := range []bool{false, true} {
					r, err := h.verifyTable(t, s, table.lines(), func(o *verify.Options) { o.Full = full })
					if err != nil {
						t.Fatal(err)
					}
					if !r.Equal || len(r.Pending) > 0 || r.Compared == 0 || r.Requests == 0 || s.Mode == stream.FullRefresh && !r.Full {
						t.Errorf("full %v: %+v", full, r)
					}
				}
				h.checkFaults(t, s, table)
			})
		})
	}
}

// checkFaults plants a fault of each kind.
func (h *fixture) checkFaults(t *testing.T, s *stream.Stream, table loadedTable) {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 1))
	f := plant(rng, s, maps.Clone(table), 2)
	mark := state.Bookmark{Watermark: time.Now(), EventWatermark: time.Now(), WindowReadAt: time.Now()} // nothing has changed since
	r, err := h.verifyTable(t, s, f.rows.lines(), func(o *verify.Options) { o.Full, o.Bookmark = true, &mark })
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, d := range r.Differences {
		found[d.Key] = d.Kind
	}
	if !maps.Equal(found, f.kinds) {
		t.Errorf("planted %v\nfound   %v\n%+v", f.kinds, found, r)
	}
}

// planted are the faults in a table.
type planted struct {
	rows  loadedTable
	kinds map[string]string // by key
}

// plant plants k faults of each kind in a table, of rows that no sync would bring.
func plant(rng *rand.Rand, s *stream.Stream, table loadedTable, k int) planted {
	f := planted{table, map[string]string{}}
	keys := slices.Sorted(maps.Keys(table))
	old := slices.DeleteFunc(keys, func(key string) bool {
		return f.isYoung(s, key)
	})
	rng.Shuffle(len(old), func(i, j int) { old[i], old[j] = old[j], old[i] })
	for i, key := range old[:min(3*k, len(old))] {
		switch i % 3 {
		case 0:
			delete(table, key)
			f.kinds[key] = verify.Missing
		case 1:
			table[key] = strings.TrimSuffix(table[key], "}") + `,` + staleColumn(s, table[key]) + `}`
			f.kinds[key] = verify.Stale
		case 2:
			id, _ := strconv.ParseInt(key[strings.LastIndexByte(key, '/')+1:], 10, 64)
			ghost := key[:strings.LastIndexByte(key, '/')+1] + strconv.FormatInt(id+1_000_000_001, 10)
			table[ghost] = strings.TrimSuffix(table[key], "}") + fmt.Sprintf(`,%q:%d}`, s.ID(), id+1_000_000_001)
			f.kinds[ghost] = verify.LeftOver
		}
	}
	return f
}

// isYoung reports whether a row has a date of the last days.
func (f planted) isYoung(s *stream.Stream, key string) bool {
	for name, value := range conform.Members([]byte(f.rows[key])) {
		if name == "_airbyte_extracted_at" {
			continue
		}
		at, ok := conform.ParseTimestamp(strings.Trim(string(value), `"`))
		if ok && strings.HasSuffix(name, "_datetime") && time.Until(at) > -time.Hour {
			return true
		}
	}
	return false
}

// staleColumn returns a column with another value than a row has.
func staleColumn(s *stream.Stream, row string) string {
	for name, value := range conform.Members([]byte(row)) {
		if value[0] == '"' && !slices.Contains(s.Key, name) && name != s.Cursor && name != s.Source().BelongsTo && name[0] != '_' && !strings.HasSuffix(name, "_datetime") {
			return fmt.Sprintf("%q:%q", name, "planted")
		}
	}
	for name := range conform.Members([]byte(row)) {
		if strings.HasSuffix(name, "_datetime") {
			return fmt.Sprintf("%q:%q", name, "2001-01-01T00:00:00.000000Z")
		}
	}
	return `"name":"planted"`
}

// TestVerifyDetectionRate plants faults at random and draws samples: how often one is
// found is what the share of the rows that was compared makes likely. The seeds are the
// same in each run, unless others are asked for: one in a hundred random runs would fail.
func TestVerifyDetectionRate(t *testing.T) {
	t.Parallel()
	rounds := 40
	if *full {
		rounds = 1000
	}
	first := cmp.Or(*seed, 1)
	synctest.Test(t, func(t *testing.T) {
		box := &sandbox.Server{Seed: 7, Limit: unlimited, Epoch: time.Now().Add(-time.Hour), Size: sandbox.Size{Tickets: 600, Messages: 20, Events: 4000, Customers: 20}}
		h := newFixture(t, box)
		s := streams.Find("tickets")
		table := perfectTable(t, box, s, verifySettings(t, ""))
		mark := state.Bookmark{Watermark: time.Now(), EventWatermark: time.Now()} // nothing has changed since
		var expected, variance, detected [3]float64
		kinds := []string{verify.Missing, verify.Stale, verify.LeftOver}
		for i := range rounds {
			seed := first + uint64(i)
			f := plant(rand.New(rand.NewPCG(seed, 9)), s, maps.Clone(table), 1)
			r, err := h.verifyTable(t, s, f.rows.lines(), func(o *verify.Options) { o.Sample, o.Seed, o.Bookmark = 100, seed, &mark })
			if err != nil {
				t.Fatal(err)
			}
			ghosts := 0
			for _, d := range r.Differences {
				if f.kinds[d.Key] != d.Kind {
					t.Fatalf("seed %d: %s is not %s", seed, d.Key, d.Kind)
				}
				detected[slices.Index(kinds, d.Kind)]++
				if d.Kind == verify.LeftOver {
					ghosts++
				}
			}
			fromRows := r.Groups - r.FromAccount
			drawn := float64(r.AccountRecords - (fromRows - ghosts)) // records that events name
			for k, p := range []float64{drawn / float64(len(table)), float64(r.Compared) / float64(len(f.rows)), float64(fromRows) / (float64(len(f.rows)) - drawn)} {
				expected[k], variance[k] = expected[k]+p, variance[k]+p*(1-p)
			}
		}
		for k, kind := range kinds {
			text := fmt.Sprintf("seeds from %d: %.0f of %d %s rows were found, expected are %.1f ± %.1f", first, detected[k], rounds, kind, expected[k], math.Sqrt(variance[k]))
			if math.Abs(detected[k]-expected[k]) > 3*math.Sqrt(variance[k]) {
				t.Error(text)
			}
			t.Log(text)
		}
	})
}

// TestVerifyLarge finds and names every fault among 60,000 messages, in the requests of
// one reading and those that prove the faults.
func TestVerifyLarge(t *testing.T) {
	t.Parallel()
	size, k := sandbox.Size{Tickets: 600, Messages: 3000, Events: 1000}, 5
	if *full {
		size, k = sandbox.Size{Tickets: 10_000, Messages: 60_000, Events: 1000}, 20
	}
	synctest.Test(t, func(t *testing.T) {
		box := &sandbox.Server{Seed: 7, Limit: unlimited, Epoch: time.Now().Add(-time.Hour), Size: size}
		h := newFixture(t, box)
		s := streams.Find("ticket_messages")
		f := plant(rand.New(rand.NewPCG(3, 1)), s, perfectTable(t, box, s, verifySettings(t, "")), k)
		mark := state.Bookmark{Watermark: time.Now(), EventWatermark: time.Now(), WindowReadAt: time.Now()}
		r, err := h.verifyTable(t, s, f.rows.lines(), func(o *verify.Options) { o.Full, o.Bookmark = true, &mark })
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, d := range r.Differences {
			found[d.Key] = d.Kind
		}
		if !maps.Equal(found, f.kinds) {
			t.Errorf("planted %v\nfound   %v", f.kinds, found)
		}
		if most := (size.Messages+12)/100 + 2 + len(f.kinds) + 4; r.Requests > most {
			t.Errorf("%d requests, of at most %d", r.Requests, most)
		}
	})
}

// TestVerifyHistories loads accounts that change while they are read, and compares them
// while they go on changing: no row is called wrong.
func TestVerifyHistories(t *testing.T) {
	t.Parallel()
	n := max(6, *histories/5)
	if *full {
		n = 1000
	}
	first := firstSeed()
	inParallel(t, n, func(t *testing.T, i int) {
		synctest.Test(t, func(t *testing.T) { verifyHistory(t, first+uint64(i)) })
	})
}

func verifyHistory(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 5))
	box := &sandbox.Server{Seed: seed, Limit: unlimited, VisibilityLag: time.Duration(rng.Int64N(int64(9 * time.Minute))),
		Size: sandbox.Size{Tickets: 60, Messages: 150, Customers: 40, Events: 200, Surveys: 30, Calls: 20, CallEvents: 20, Recordings: 10, Jobs: 20, Macros: 10, Tags: 20, Views: 2}}
	own := rand.New(rand.NewPCG(seed, 6))
	changing := false
	box.Fail = func(*http.Request) *sandbox.Fault {
		if changing && own.IntN(3) == 0 {
			box.Mutate(own)
		}
		return nil
	}
	h := newFixture(t, box)
	// Of other lists, neither a date nor an event shows a change.
	all := slices.DeleteFunc(verifiable(), func(s *stream.Stream) bool { return s != streams.Events && streams.ChangesOf(s) == nil })
	s := all[rng.IntN(len(all))]
	table, marks := loadedTable{}, map[string]state.Bookmark{}
	shape := conformed(t, s, verifySettings(t, ""))
	for range 1 + rng.IntN(3) {
		changing = true
		for range rng.IntN(20) {
			box.Mutate(rng)
		}
		time.Sleep(time.Duration(rng.Int64N(int64(30 * time.Hour))))
		h.load(t, s, table, marks, shape)
	}
	rows := table.lines()
	for range rng.IntN(20) { // under way: the next sync brings them
		box.Mutate(rng)
		time.Sleep(time.Duration(rng.Int64N(int64(time.Hour))))
	}
	mark := marks[s.Name]
	for _, o := range []verify.Options{{}, {Full: true}} {
		r, err := h.verifyTable(t, s, rows, func(v *verify.Options) {
			v.Full, v.Seed, v.Bookmark, v.Settle = o.Full, seed, &mark, 10*time.Minute
			v.Since = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
		})
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, s.Name, err)
		}
		if !r.Equal {
			t.Fatalf("seed %d: %s: full %v: %+v\n%s", seed, s.Name, o.Full, r, table[r.Differences[0].Key])
		}
	}
}

// load reads a stream once, with all that reconciliation finds, into a table.
func (h *fixture) load(t *testing.T, s *stream.Stream, table loadedTable, marks map[string]state.Bookmark, shape func([]byte) string) {
	plan := h.plan([]string{s.Name}, marks)
	plan.Tombstone, plan.ReconcileEvery, plan.ReconcileNow = "_ab_cdc_deleted_at", 7*24*time.Hour, true
	for b, err := range plan.Run(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range b.Records {
			key := keyOf(s, rec.Raw)
			if rec.Origin == stream.Tombstone {
				delete(table, key)
			} else {
				table[key] = shape(rec.Raw)
			}
		}
		if b.Kind == reader.Records || b.Kind == reader.Done {
			marks[s.Name] = b.Bookmark
		}
	}
}

// TestVerifyLateList checks that a row is not left over because the list does not show
// its record yet.
func TestVerifyLateList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		box := &sandbox.Server{Seed: 7, Limit: unlimited, Epoch: now.Add(-time.Hour), Forbidden: []string{"events"}}
		h := newFixture(t, box)
		s := streams.Find("tickets")
		table := perfectTable(t, box, s, verifySettings(t, ""))
		id := box.AddTicket(now.Add(-50*time.Hour), now.Add(-50*time.Hour), now.Add(time.Hour))
		response, err := h.client.List(context.Background(), gorgias.SingleObject, fmt.Sprintf("%s/%d", s.Path, id), s.QueryByID, "")
		if err != nil {
			t.Fatal(err)
		}
		table["late"] = conformed(t, s, verifySettings(t, ""))(response.Records[0])
		r, err := h.verifyTable(t, s, table.lines(), func(o *verify.Options) { o.Full = true })
		if err != nil || !r.Equal {
			t.Errorf("%v: %+v", err, r)
		}
		delete(table, "late")
		table["ghost"] = strings.Replace(conformed(t, s, verifySettings(t, ""))(response.Records[0]), fmt.Sprint(id), "1", 1)
		if r, err = h.verifyTable(t, s, table.lines(), func(o *verify.Options) { o.Full = true }); err != nil || len(r.Differences) != 1 || !r.EventsUnreadable {
			t.Errorf("%v: %+v", err, r)
		}
	})
}

// TestVerifyDatedChange checks that a change without an event is no fault if a date of
// the record shows it.
func TestVerifyDatedChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := &sandbox.Server{Seed: 7, Limit: unlimited, Epoch: time.Now().Add(-time.Hour)}
		h := newFixture(t, box)
		s := streams.Find("ticket_messages")
		table := perfectTable(t, box, s, verifySettings(t, ""))
		mark := state.Bookmark{Watermark: time.Now(), EventWatermark: time.Now(), WindowReadAt: time.Now()}
		opened := 0
		for row := range box.Each(s.Path) {
			if box.OpenMessage(stream.Integer(stream.Field(row, "id"))) {
				if opened++; opened == 5 {
					break
				}
			}
		}
		r, err := h.verifyTable(t, s, table.lines(), func(o *verify.Options) { o.Full, o.Bookmark = true, &mark })
		if err != nil || !r.Equal || len(r.Pending) == 0 {
			t.Errorf("%v: %+v", err, r)
		}
	})
}

// TestVerifyControl checks the control totals: a day whose rows a sample does not meet
// shows, without being a fault; and what prevents the totals is said, and is no fault.
func TestVerifyControl(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tickets := streams.Find("tickets")
		box := &sandbox.Server{Seed: 7, Limit: unlimited, Epoch: time.Now().Add(-time.Hour)}
		h := newFixture(t, box)
		table := perfectTable(t, box, tickets, verifySettings(t, ""))
		control := func(table loadedTable) *verify.Control {
			r, err := h.verifyTable(t, tickets, table.lines(), nil)
			if err != nil || !r.Equal || r.Control == nil {
				t.Fatalf("%+v, %v", r, err)
			}
			return r.Control
		}
		all := control(table)
		if all.Unavailable != "" || all.Rows == 0 || all.Account == 0 {
			t.Fatalf("%+v", all)
		}
		perDay := map[string]int{}
		for _, row := range table {
			perDay[strings.Trim(fieldOf(row, "created_datetime"), `"`)[:len(time.DateOnly)]]++
		}
		most := ""
		for day, n := range perDay {
			if day >= all.From && day < all.Before && n > perDay[most] {
				most = day
			}
		}
		for _, kept := range []int{perDay[most] - 1, 0} {
			lacking, n := loadedTable{}, 0
			for key, row := range table {
				if strings.HasPrefix(fieldOf(row, "created_datetime"), `"`+most) {
					if n++; n > kept {
						continue
					}
				}
				lacking[key] = row
			}
			r, err := h.verifyTable(t, tickets, lacking.lines(), func(o *verify.Options) { o.Full = true })
			if err != nil || r.Control == nil {
				t.Fatalf("%+v, %v", r, err)
			}
			at := slices.IndexFunc(r.Control.Differing, func(d verify.Drift) bool { return d.Of == most && d.Rows == kept })
			if kept == 0 && at < 0 {
				t.Errorf("%s without rows does not show: %+v", most, r.Control)
			}
			if r.Control.Rows != all.Rows-perDay[most]+kept || r.Control.Account != all.Account {
				t.Errorf("without %d rows of %s: %+v, before %+v", perDay[most]-kept, most, r.Control, all)
			}
		}

		short := loadedTable{}
		for key, row := range table {
			short[key] = fmt.Sprintf(`{"id":%s,"updated_datetime":%s}`, fieldOf(row, "id"), fieldOf(row, "updated_datetime"))
		}
		if c := control(short); !strings.Contains(c.Unavailable, "created_datetime") {
			t.Errorf("without the column: %+v", c)
		}
		box.Forbidden = []string{"reporting"}
		if c := control(table); !strings.Contains(c.String(), "no totals") {
			t.Errorf("without permission: %+v", c)
		}
	})
}

// TestVerifyTagUsage checks the control totals of the tags of tickets, in one request:
// they name the tags that differ, and are no fault.
func TestVerifyTagUsage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := streams.Find("ticket_tags")
		box := &sandbox.Server{Seed: 7, Limit: unlimited, Epoch: time.Now().Add(-time.Hour)}
		h := newFixture(t, box)
		table := perfectTable(t, box, s, verifySettings(t, ""))
		usage, perTag := map[string]int{}, map[string]int{}
		for raw := range box.Each("tags") {
			usage[fieldOf(string(raw), "id")], _ = strconv.Atoi(fieldOf(string(raw), "usage"))
		}
		for _, row := range table {
			perTag[fieldOf(row, "id")]++
		}
		r, err := h.verifyTable(t, s, table.lines(), nil)
		if err != nil || !r.Equal || r.Control == nil || r.Control.Unavailable != "" {
			t.Fatalf("%+v, %v", r, err)
		}
		byUsage := slices.SortedFunc(maps.Keys(usage), func(a, b string) int { return usage[b] - usage[a] })
		wantRows, wantUsage, differing := 0, 0, 0
		for _, d := range r.Control.Differing {
			if d.Rows != perTag[d.Of] || d.Account != usage[d.Of] || d.Account < usage[byUsage[99]] {
				t.Errorf("%+v, expected %d rows and usage %d", d, perTag[d.Of], usage[d.Of])
			}
			if differing++; d.Rows == d.Account {
				t.Errorf("%+v does not differ", d)
			}
			wantRows, wantUsage = wantRows+d.Rows, wantUsage+d.Account
		}
		if differing == 0 || r.Control.Account-r.Control.Rows != wantUsage-wantRows {
			t.Errorf("%+v", r.Control)
		}
		requests := r.Requests
		box.Forbidden = []string{"tags"}
		if r, err = h.verifyTable(t, s, table.lines(), nil); err != nil || !r.Equal || !strings.Contains(r.Control.String(), "no totals: ") || r.Requests != requests {
			t.Errorf("without permission: %+v, %v", r, err)
		}
	})
}

// TestVerifyCounters checks that a column that counts other records is not compared: it
// changes without a date.
func TestVerifyCounters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, name := range []string{"tags", "macros"} {
			s := streams.Find(name)
			box := &sandbox.Server{Seed: 7, Limit: unlimited, Epoch: time.Now().Add(-time.Hour)}
			h := newFixture(t, box)
			table := perfectTable(t, box, s, verifySettings(t, ""))
			for key, row := range table {
				table[key] = strings.Replace(row, `"usage":`, `"usage":1`, 1)
			}
			if r, err := h.verifyTable(t, s, table.lines(), nil); err != nil || !r.Equal || len(r.Problems) > 0 {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		}
	})
}

// TestVerifyInput checks what is said of rows that cannot be compared.
func TestVerifyInput(t *testing.T) {
	t.Parallel()
	s := streams.Find("tags")
	box := &sandbox.Server{Seed: 7, Limit: unlimited, Epoch: time.Now().Add(-time.Hour)}
	h := newFixture(t, box)
	table := perfectTable(t, box, s, verifySettings(t, ""))
	lines := table.lines()
	var rows bytes.Buffer
	w := csv.NewWriter(&rows)
	_ = w.Write([]string{"ID", "NAME", "CREATED_DATETIME", "_AIRBYTE_RAW_ID"})
	for _, k := range slices.Sorted(maps.Keys(table)) {
		var tag struct {
			ID      int64
			Name    *string
			Created string `json:"created_datetime"`
		}
		if err := json.Unmarshal([]byte(table[k]), &tag); err != nil {
			t.Fatal(err)
		}
		name := ""
		if tag.Name != nil {
			name = *tag.Name
		}
		_ = w.Write([]string{strconv.FormatInt(tag.ID, 10), name, strings.Replace(tag.Created[:23], "T", " ", 1) + "+00", "x"})
	}
	w.Flush()
	table2 := rows.String()
	for _, c := range []struct {
		name, rows, err, problem string
		equal                    bool
	}{
		{"CSV", table2, "", "", true},
		{"JSON array", "[" + strings.ReplaceAll(strings.TrimSpace(lines), "\n", ",") + "]", "", "", true},
		{"tombstone", lines + `{"id":5,"_ab_cdc_deleted_at":"2026-01-01T00:00:00Z"}` + "\n", "", "", true},
		{"no rows", "", "has no rows, but the account has records", "", false},
		{"a header alone", "id,name\n", "has no rows, but the account has records", "", false},
		{"half a CSV", table2[:len(table2)-1], "broke off", "", false},
		{"half a CSV line", table2[:len(table2)-30], "broke off|broken off", "", false},
		{"half a JSON line", lines[:len(lines)-9], "broke off", "", false},
		{"half an array", "[" + lines[:strings.IndexByte(lines, '\n')], "broke off", "", false},
		{"no JSON", lines + "12\n", "not a JSON object", "", false},
		{"no key column", "name\nx\n", "no column id", "", false},
		{"a row without a key", lines + `{"id":null,"name":"x"}` + "\n", "", "no usable id", false},
		{"an unknown column", strings.Replace(lines, `{`, `{"colour":1,`, 1), "", `the column "colour"`, true},
		{"an unreadable date", strings.Replace(lines, `"created_datetime":"2`, `"created_datetime":"x2`, 1), "", "created_datetime cannot be read as timestamps", false},
		{"a row twice", lines + lines[:strings.IndexByte(lines, '\n')+1], "", "", false},
	} {
		r, err := h.verifyTable(t, s, c.rows, nil)
		switch {
		case c.err != "":
			if err == nil || !slices.ContainsFunc(strings.Split(c.err, "|"), func(text string) bool { return strings.Contains(err.Error(), text) }) {
				t.Errorf("%s: %v", c.name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case r.Equal != c.equal || (c.problem == "") != (len(r.Problems) == 0) || len(r.Problems) > 0 && !strings.Contains(r.Problems[0].Text, c.problem):
			t.Errorf("%s: %+v", c.name, r)
		}
	}
	for _, name := range []string{"account", "view_items", "statistics"} {
		if _, err := h.verifyTable(t, streams.Find(name), lines, nil); err == nil || !strings.Contains(err.Error(), "cannot be verified: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
