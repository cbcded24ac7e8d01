// Command bench measures the connector from outside, in processes of its own,
// and prints one table. It reads a sandbox account in another process over HTTP
// with gzip. What it is compared with runs in the same rounds, in turns: so the
// ratios hold on a busy machine, and the absolute figures do not.
//
//	go run ./integration_tests/bench          # the table, and memory
//	go run ./integration_tests/bench -short   # without the large accounts
//	go run ./integration_tests/bench -peers   # other readers of the same account
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"

	"source-gorgias/connector/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run does what the arguments say: the measurement, or the part of one of its
// processes.
func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "sandbox" {
		return serveAccount(args[1:])
	}
	for _, p := range baselines {
		if len(args) == 2 && args[0] == p.name {
			return p.run(args[1])
		}
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rounds := flags.Int("rounds", 7, "run each row this `many` times; the median counts")
	short := flags.Bool("short", false, "leave out the large accounts")
	peers := flags.Bool("peers", false, "compare with other readers of the same account")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	if *peers {
		return b.peers(ctx, *rounds)
	}
	if err := b.table(ctx, *rounds); err != nil {
		return err
	}
	return b.lines(ctx, *rounds, *short)
}

// The streams of the five large lists, and those derived from them.
var (
	lists   = []string{"tickets", "ticket_messages", "customers", "satisfaction_surveys", "events"}
	derived = []string{"ticket_tags", "ticket_custom_field_values", "ticket_message_attachments", "customer_custom_field_values"}
)

// A reading is how a command finds an account: the files that it reads.
type reading struct{ config, airbyte, singer string }

// reading writes a configuration, and a catalog for each protocol.
func (b *bench) reading(config string, concurrency int, streams []string) (r reading, err error) {
	var airbyte, singer []string
	for _, s := range streams {
		airbyte = append(airbyte, fmt.Sprintf(`{"stream":{"name":%q},"sync_mode":"incremental"}`, s))
		singer = append(singer, fmt.Sprintf(`{"tap_stream_id":%q,"metadata":[{"breadcrumb":[],"metadata":{"selected":true}}]}`, s))
	}
	var errs [3]error
	r.config, errs[0] = b.write("config.json", fmt.Sprintf(config, concurrency))
	r.airbyte, errs[1] = b.write("airbyte.json", `{"streams":[`+strings.Join(airbyte, ",")+`]}`)
	r.singer, errs[2] = b.write("singer.json", `{"streams":[`+strings.Join(singer, ",")+`]}`)
	return r, errors.Join(errs[:]...)
}

// ours are the rows of the connector, as a source and as a tap.
func (b *bench) ours(r reading) []*row {
	as := func(name string, args ...string) *row {
		return &row{name: name, ours: true, repeats: 1, run: func(ctx context.Context) (usage, error) {
			return measure(exec.CommandContext(ctx, b.program, args...))
		}}
	}
	return []*row{
		as("source-gorgias, Airbyte", "read", "--config", r.config, "--catalog", r.airbyte),
		as("source-gorgias, Singer", "--config", r.config, "--catalog", r.singer),
	}
}

// record reads the account once and stores the response bodies.
func (b *bench) record(ctx context.Context) (bodies int, plain int, err error) {
	var mu sync.Mutex
	var failed error
	config, stop, err := listen(recorder{newServer(account, b.epoch), func(body []byte) {
		mu.Lock()
		defer mu.Unlock()
		failed = errors.Join(failed, saveBody(b.dir+"/bodies", bodies, body))
		bodies++
		plain += len(body)
	}})
	if err != nil {
		return 0, 0, err
	}
	r, err := b.reading(config, 4, append(lists, derived...))
	if err == nil {
		err = os.Mkdir(b.dir+"/bodies", 0o700)
	}
	if err == nil {
		_, err = b.ours(r)[0].run(ctx)
	}
	return bodies, plain, errors.Join(err, failed, stop())
}

// table compares the connector with parts of its work.
func (b *bench) table(ctx context.Context, rounds int) error {
	bodies, plain, err := b.record(ctx)
	if err != nil {
		return err
	}
	config, stop, err := b.sandbox(ctx, account, 0)
	if err != nil {
		return err
	}
	defer stop()
	r, err := b.reading(config, 4, append(lists, derived...))
	if err != nil {
		return err
	}
	rows := b.ours(r)
	for _, p := range baselines {
		rows = append(rows, &row{name: p.about, repeats: repeats, run: func(ctx context.Context) (usage, error) {
			return measure(exec.CommandContext(ctx, b.self, p.name, b.dir+"/bodies"))
		}})
	}
	if err := alternate(ctx, rows, rounds); err != nil {
		return err
	}
	ours := rows[0]
	records := float64(ours.rounds[0].lines.records)
	fmt.Printf("first sync of %.0f records of %d streams, %d responses of %.1f MB of plain JSON, medians of %d rounds\n\n",
		records, len(lists)+len(derived), bodies, float64(plain)/1e6, rounds)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\trecords per CPU second\tMB per CPU second\tspeed of ours to it\tpeak MiB\tbytes of state\t")
	for _, r := range rows {
		perSecond := r.median(func(_ int, u usage) float64 { return 1 / u.cpu.Seconds() })
		state := ""
		if r.ours {
			state = fmt.Sprint(r.rounds[0].lines.state)
		}
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.3f\t%.0f\t%s\t\n", r.name, records*perSecond, float64(plain)/1e6*perSecond,
			r.median(func(i int, u usage) float64 { return u.cpu.Seconds() / ours.rounds[i].cpu.Seconds() }),
			r.median(func(_ int, u usage) float64 { return u.peak }), state)
	}
	return w.Flush()
}

// lines measures what is not a matter of speed: memory, and the start.
func (b *bench) lines(ctx context.Context, rounds int, short bool) error {
	fmt.Println()
	if !short {
		if err := b.memory(ctx, "a million messages", 40, 4, sandbox.Size{Messages: 1_000_000, Tickets: 200_000, Customers: -1, Surveys: -1, Events: -1}, 0); err != nil {
			return err
		}
		if err := b.memory(ctx, "pages of 14 MB, concurrency 10", 120, 10, sandbox.Size{Messages: 400, Tickets: 80, Customers: -1, Surveys: -1, Events: -1}, 80_000); err != nil {
			return err
		}
	}
	start := func(name string, args ...string) *row {
		return &row{name: name, repeats: 1, run: func(ctx context.Context) (usage, error) { return measure(exec.CommandContext(ctx, name, args...)) }}
	}
	rows := []*row{start(b.program, "spec"), start("true")}
	if err := alternate(ctx, rows, 5*rounds); err != nil {
		return err
	}
	fmt.Printf("spec from start to end: %.1f ms, %.1f times that of true\n",
		1e3*rows[0].median(func(_ int, u usage) float64 { return u.wall.Seconds() }),
		rows[0].median(func(i int, u usage) float64 { return u.wall.Seconds() / rows[1].rounds[i].wall.Seconds() }))
	return nil
}

// memory reads messages and prints the peak, and what it must not exceed.
func (b *bench) memory(ctx context.Context, name string, most, concurrency int, size sandbox.Size, body int) error {
	config, stop, err := b.sandbox(ctx, size, body)
	if err != nil {
		return err
	}
	defer stop()
	r, err := b.reading(config, concurrency, []string{"ticket_messages"})
	if err != nil {
		return err
	}
	u, err := b.ours(r)[0].run(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("%s: %d records, peak %.0f MiB (at most %d), %.0f records per CPU second, %.0f s, state of %d bytes\n",
		name, u.lines.records, u.peak, most, float64(u.lines.records)/u.cpu.Seconds(), u.wall.Seconds(), u.lines.state)
	return nil
}
