//go:build clients

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/verify"
)

// samples is how many samples are drawn of tables with faults.
var samples = flag.Int("samples", 300, "how many samples the client faults draws; 1000 take about three times as long")

// The plantings: so many faults of each kind among so many tickets, how many samples are
// drawn of each, and how large they are.
const (
	faultTickets     = 60_000
	faultsOfEachKind = 100
	seedsPerPlanting = 10
	faultSample      = 400
)

// kindsOfFaults are those that are planted.
var kindsOfFaults = []string{verify.Missing, verify.Stale, verify.LeftOver}

// A faulty table is a PostgreSQL table with tickets, into which faults are planted.
type faultyTable struct {
	*clientRun
	state  string   // the path of the state with which it was loaded
	export []string // the documented export: the arguments of psql, the statement last
	rows   int      // without faults
}

// faultRuns loads 60,000 tickets into PostgreSQL, plants faults, and checks that samples
// find them as often as their size makes likely, that --full finds and names each, and
// that neither calls a row wrong that the next sync brings.
func faultRuns(ctx context.Context, v *clientRun) error {
	t, err := loadFaultyTable(ctx, v)
	if err != nil {
		return err
	}
	table, err := t.planted(ctx, "")
	if err != nil {
		return err
	}
	if t.rows, err = t.countRows(ctx); err != nil {
		return err
	}
	v.rows, v.streams["tickets"] = t.rows, true
	for _, args := range [][]string{{"--seed", "1"}, {"--full"}} {
		if err := t.expectEqual(ctx, table, false, args...); err != nil {
			return err
		}
	}
	if err := t.checkFull(ctx); err != nil {
		return err
	}
	if v.hasty && len(v.found) > 0 {
		return errEnough
	}
	if err := t.checkRate(ctx); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(7, 1))
	for range 50 {
		v.account.Mutate(rng)
	}
	for _, args := range [][]string{{"--seed", "1"}, {"--full"}} {
		if err := t.expectEqual(ctx, table, true, args...); err != nil {
			return err
		}
	}
	return nil
}

// loadFaultyTable loads a large account by a tap and a target.
func loadFaultyTable(ctx context.Context, v *clientRun) (*faultyTable, error) {
	v.account.plain = true // oddities make each response slow
	v.account.Size = sandbox.Size{Tickets: faultTickets, Messages: 500, Customers: 1000, Events: faultTickets}
	line, err := documentedExport("psql --csv ")
	if err != nil {
		return nil, err
	}
	before, statement, _ := strings.Cut(strings.TrimSuffix(line, "'"), "'")
	t := &faultyTable{clientRun: v, export: append(strings.Fields(before), strings.Replace(statement, "helpdesk.", "gorgias.", 1))}
	columns := strings.Split(strings.TrimSuffix(strings.TrimPrefix(statement, "select "), " from helpdesk.tickets"), ", ")
	catalog, err := v.ticketCatalog(ctx, columns)
	if err != nil {
		return nil, err
	}
	config, err := v.write("target.json", strings.Replace(piped.config(v), `"batch_size_rows": 300`, `"batch_size_rows": 20000`, 1))
	if err == nil {
		err = v.postgres.create(ctx, database(v))
	}
	if err != nil {
		return nil, err
	}
	out, err := v.pipe(ctx, command{args: []string{filepath.Join(v.programs, "tap-gorgias"), "--config", v.account.config, "--catalog", catalog}},
		command{args: []string{v.env.program(piped.program), "--config", config}, dir: v.workDir})
	if err != nil {
		return nil, err
	}
	out = bytes.TrimSpace(out)
	t.state, err = v.write("state.json", string(out[bytes.LastIndexByte(out, '\n')+1:]))
	return t, err
}

// ticketCatalog writes a catalog that selects columns of tickets.
func (v *clientRun) ticketCatalog(ctx context.Context, columns []string) (path string, err error) {
	out, err := v.run(ctx, command{args: []string{filepath.Join(v.programs, "tap-gorgias"), "--config", v.account.config, "--discover"}})
	if err != nil {
		return "", err
	}
	type entry struct {
		Breadcrumb []string       `json:"breadcrumb"`
		Metadata   map[string]any `json:"metadata"`
	}
	type stream struct {
		ID       string          `json:"tap_stream_id"`
		Stream   string          `json:"stream"`
		Schema   json.RawMessage `json:"schema"`
		Metadata []entry         `json:"metadata"`
	}
	var catalog struct {
		Streams []stream `json:"streams"`
	}
	if err := json.Unmarshal(out, &catalog); err != nil {
		return "", err
	}
	catalog.Streams = slices.DeleteFunc(catalog.Streams, func(s stream) bool { return s.Stream != "tickets" })
	for _, s := range catalog.Streams {
		for _, e := range s.Metadata {
			if len(e.Breadcrumb) > 1 {
				e.Metadata["selected"] = len(e.Breadcrumb) == 2 && slices.Contains(columns, e.Breadcrumb[1])
			}
		}
	}
	text, err := json.Marshal(catalog)
	if err != nil {
		return "", err
	}
	return v.write("catalog.json", string(text))
}

func (t *faultyTable) countRows(ctx context.Context) (int, error) {
	out, err := t.postgres.query(ctx, database(t.clientRun), "select count(*) from gorgias.tickets")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// chosenFaults returns a statement that chooses the rows of a planting, without those that
// the account may have changed lately.
func chosenFaults(planting int) string {
	return fmt.Sprintf(`create temporary table chosen on commit drop as select id, row_number() over (order by md5(id || '-%d')) as n
		from gorgias.tickets where updated_datetime < now() - interval '2 days' order by n limit %d`, planting, len(kindsOfFaults)*faultsOfEachKind)
}

// plant are the statements of a planting: ghosts have ids that the account never had.
func plant(planting int) string {
	return fmt.Sprintf(`%[1]s;
		delete from gorgias.tickets t using chosen c where t.id = c.id and n <= %[2]d;
		update gorgias.tickets t set status = 'planted' from chosen c where t.id = c.id and n > %[2]d and n <= 2 * %[2]d;
		update gorgias.tickets t set id = t.id + 1000000000 from chosen c where t.id = c.id and n > 2 * %[2]d`, chosenFaults(planting), faultsOfEachKind)
}

// planted exports the table as documented, after statements that are then undone.
func (t *faultyTable) planted(ctx context.Context, statements string) (table []byte, err error) {
	args := append([]string{t.postgres.psql, "-q", "-v", "ON_ERROR_STOP=1", "-c", "begin"}, t.export[1:len(t.export)-1]...)
	args = slices.Insert(args, len(args)-1, "-c", statements)
	args = append(args, t.export[len(t.export)-1], "-c", "rollback")
	return t.run(ctx, command{args: args, env: t.postgres.variables(database(t.clientRun))})
}

// verify runs verify on an export, and returns its report.
func (t *faultyTable) verify(ctx context.Context, table []byte, args ...string) (r verify.Report, err error) {
	cmd := t.start(ctx, command{args: append([]string{filepath.Join(t.programs, "source-gorgias"), "verify", "--config", t.account.config, "--stream", "tickets",
		"--state", t.state, "--settle", "0", "--sample", strconv.Itoa(faultSample), "--json"}, args...)})
	cmd.Stdin = bytes.NewReader(table)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) && failed.ExitCode() == 1 {
		err = nil // differences
	}
	if err == nil {
		err = json.Unmarshal(out.Bytes(), &r)
	}
	if err != nil {
		return r, fmt.Errorf("verify %s: %w\n%s", strings.Join(args, " "), err, tail(errs.Bytes()))
	}
	if code := cmd.ProcessState.ExitCode(); (code == 0) != r.Equal {
		t.reportDifference("verify %s: exit code %d, and equal is %v", strings.Join(args, " "), code, r.Equal)
	}
	return r, nil
}

// expectEqual checks that no row is called wrong, in as many requests as documented.
// pending is whether the account has changed since.
func (t *faultyTable) expectEqual(ctx context.Context, table []byte, pending bool, args ...string) error {
	t.account.requests.Store(0)
	r, err := t.verify(ctx, table, args...)
	if err != nil {
		return err
	}
	if !r.Equal || pending && r.Full && len(r.Pending) == 0 || !pending && len(r.Pending) > 0 {
		t.reportDifference("verify %s of a table without faults: %+v", strings.Join(args, " "), r)
	}
	t.checkRequests(r)
	return nil
}

// checkRequests holds what docs/verify.md says of requests: one per 100 tickets, at most
// one per 20 of the sample for the account's side, one for the totals, and one for each
// difference or page of events since.
func (t *faultyTable) checkRequests(r verify.Report) {
	most := r.Groups/100 + faultSample/2/50 + 8
	if r.Full {
		most = t.rows/100 + 8
	}
	for _, n := range r.Pending {
		most += n
	}
	most += min(len(r.Differences), 100)
	if sent := int(t.account.requests.Load()); r.Requests != sent || sent > most {
		t.reportDifference("verify (full %v) sent %d requests, reports %d, and at most %d are documented", r.Full, sent, r.Requests, most)
	}
}

// checkFull checks that --full finds all faults of a planting, and names them.
func (t *faultyTable) checkFull(ctx context.Context) error {
	table, err := t.planted(ctx, plant(0))
	if err != nil {
		return err
	}
	out, err := t.postgres.query(ctx, database(t.clientRun), "begin; "+chosenFaults(0)+"; select id from chosen order by n; rollback")
	if err != nil {
		return err
	}
	want := map[string]string{}
	for i, id := range strings.Fields(string(out)) {
		kind := kindsOfFaults[i/faultsOfEachKind]
		if kind == verify.LeftOver { // and the ticket that it was is missing
			n, err := strconv.Atoi(id)
			if err != nil {
				return err
			}
			want[strconv.Itoa(n+1_000_000_000)] = kind
			kind = verify.Missing
		}
		want[id] = kind
	}
	t.account.requests.Store(0)
	r, err := t.verify(ctx, table, "--full")
	if err != nil {
		return err
	}
	t.checkRequests(r)
	found := map[string]string{}
	for _, d := range r.Differences {
		found[d.Key] = d.Kind
	}
	if len(found) != (len(kindsOfFaults)+1)*faultsOfEachKind || !maps.Equal(found, want) || r.Uncounted > 0 {
		correct := 0
		for key, kind := range found {
			if want[key] == kind {
				correct++
			}
		}
		t.reportDifference("of %d planted faults, --full finds %d, and %d others", len(want), correct, len(found)-correct)
	}
	return nil
}

// A rate compares how often faults of a kind are found with how often they are expected.
type rate struct{ found, expected, variance float64 }

func (r *rate) add(found, faults int, p float64) {
	r.found, r.expected = r.found+float64(found), r.expected+float64(faults)*p
	r.variance += float64(faults) * p * (1 - p)
}

// checkRate draws many samples of many plantings, and checks that faults are found as
// often as the share of rows and records that were compared makes likely.
func (t *faultyTable) checkRate(ctx context.Context) error {
	var mu sync.Mutex
	rates := map[string]*rate{}
	for _, kind := range kindsOfFaults {
		rates[kind] = &rate{}
	}
	var wait sync.WaitGroup
	var failed error
	slots := make(chan struct{}, runtime.NumCPU())
	t.account.breakResponses("reporting/stats") // what the sandbox counts there takes longer than all else
	defer t.account.breakResponses("")
	for planting := range *samples / seedsPerPlanting {
		table, err := t.planted(ctx, plant(planting))
		if err != nil {
			return err
		}
		for i := range seedsPerPlanting {
			slots <- struct{}{}
			wait.Go(func() {
				defer func() { <-slots }()
				r, err := t.verify(ctx, table, "--seed", strconv.Itoa(1+planting*seedsPerPlanting+i))
				mu.Lock()
				defer mu.Unlock()
				failed = errors.Join(failed, err)
				if err == nil {
					t.addRates(rates, r)
				}
			})
		}
	}
	wait.Wait()
	for _, kind := range kindsOfFaults {
		r := rates[kind]
		sigma := math.Sqrt(r.variance)
		text := fmt.Sprintf("%s: %.0f found by %d samples, expected are %.0f ± %.0f", kind, r.found, *samples, r.expected, sigma)
		if math.Abs(r.found-r.expected) > 3*sigma || r.expected == 0 {
			t.reportDifference("%s", text)
		} else {
			fmt.Println("  " + text)
		}
	}
	return failed
}

// addRates adds what one sample has found. The ticket that a ghost was is missing too.
func (t *faultyTable) addRates(rates map[string]*rate, r verify.Report) {
	found := map[string]int{}
	for _, d := range r.Differences {
		found[d.Kind]++
	}
	fromRows := r.Groups - r.FromAccount
	// What events name exists partly: they name deleted tickets, too.
	drawn := float64(r.AccountRecords - (fromRows - found[verify.LeftOver]))
	rows, account := float64(t.rows-faultsOfEachKind), float64(t.rows)
	rates[verify.Missing].add(found[verify.Missing], 2*faultsOfEachKind, drawn/account)
	rates[verify.Stale].add(found[verify.Stale], faultsOfEachKind, float64(r.Compared)/rows)
	rates[verify.LeftOver].add(found[verify.LeftOver], faultsOfEachKind, float64(fromRows)/(rows-drawn))
}
