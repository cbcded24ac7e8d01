//go:build clients

// Command clients lets other people's programs use ours, and looks at what
// arrives: real Singer targets and Meltano, PostgreSQL, PyAirbyte, the kits
// and checkers of both protocols. Each of them reads a sandbox account of its
// own, over a port of this machine; what its warehouse then holds is compared
// with the account row by row and value by value.
//
// It asks the internet for nothing but the frozen Python packages, once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A client is one of those other people's programs.
type client struct {
	name  string
	envs  []string // the environments it lives in
	parts []string // the packages whose versions tell what was tested
	try   func(context.Context, *clientRun) error
}

func clients() []client {
	return []client{
		{"pyairbyte", []string{"airbyte"}, []string{"airbyte", "duckdb"}, pyAirbyte},
		{"pyairbyte-oauth", []string{"airbyte"}, []string{"airbyte", "duckdb"}, pyAirbyteApp},
		{"airbyte-cdk", []string{"airbyte"}, []string{"airbyte-cdk"}, standardTests},
		{"protocol-models", []string{"checkers"}, []string{"airbyte_protocol_models"}, protocolModels},
		{"singer-check-tap", []string{"checkers"}, []string{"singer-tools"}, checkTap},
		{"meltano", []string{"meltano", "meltanolabs"}, []string{"meltano", "meltanolabs-target-postgres"}, meltanoRuns},
		{"meltano-oauth", []string{"meltano", "checkers"}, []string{"meltano", "target-jsonl"}, meltanoApp},
		{"wheel", []string{"meltano", "meltanolabs", "checkers"}, []string{"meltano"}, wheelRuns},
		{"documents", []string{"meltano", "meltanolabs"}, []string{"meltano", "meltanolabs-target-postgres"}, documentRuns},
		{"dbt-postgres", []string{"meltano", "meltanolabs", "checkers", "dbt"}, []string{"dbt-core", "dbt-postgres"}, dbtInPostgres},
		{"dbt-definitions", []string{"dbt"}, []string{"dbt-core", "dbt-duckdb"}, definitionRuns},
		{"dbt-dialects", []string{"dbt"}, []string{"dbt-bigquery", "dbt-snowflake", "dbt-redshift"}, dialectRuns},
		{"dbt-recipes", []string{"airbyte", "dbt"}, []string{"dbt-core", "dbt-duckdb"}, recipeRuns},
		{"dbt-duckdb", []string{"airbyte", "dbt"}, []string{"dbt-core", "dbt-duckdb"}, dbtInDuckDB},
		{"examples", []string{"airbyte", "checkers", "meltanolabs"}, []string{"airbyte", "duckdb", "target-jsonl", "meltanolabs-target-postgres"}, exampleRuns},
		{"schedulers", []string{"schedulers"}, []string{"apache-airflow", "dagster", "kubernetes-validate"}, schedulerRuns},
		{"target-postgres", []string{"pipelinewise"}, []string{"pipelinewise-target-postgres"}, piped.try},
		{"target-duckdb", []string{"pipelinewise"}, []string{"target-duckdb", "duckdb"}, duckTarget.try},
		{"faults", []string{"pipelinewise"}, []string{"pipelinewise-target-postgres"}, faultRuns},
		{"target-jsonl", []string{"checkers"}, []string{"target-jsonl"}, inFiles.try},
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == mutantCommand {
		os.Exit(runMutant(os.Args[2:]))
	}
	only := flag.String("only", "", "run these `clients` alone, separated by commas")
	python := flag.String("python", "", "the Python to use, of version "+frozenFor)
	cache := flag.String("environments", "integration_tests/clients/.environments", "`directory` where Python environments are kept")
	broken := flag.Bool("mutants", false, "break what the program writes, one thing at a time or as the arguments name them, and see the clients notice")
	install := flag.String("install", "", "install these `environments`, separated by commas, print their directories, and do no more")
	limit := flag.Duration("limit", 60*time.Minute, "give up after this time")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, *limit, errors.New("out of time"))
	defer cancel()
	if *install != "" {
		if err := printEnvironments(ctx, strings.Split(*install, ","), *python, *cache); err != nil {
			fmt.Fprintln(os.Stderr, "clients:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(ctx, *only, *python, *cache, *broken); err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(1)
	}
}

// run opens the harness and runs the clients, some at a time.
func run(ctx context.Context, only, python, cache string, broken bool) error {
	chosen := clients()
	if only != "" {
		names := strings.Split(only, ",")
		chosen = slices.DeleteFunc(chosen, func(c client) bool { return !slices.Contains(names, c.name) })
		if len(chosen) != len(names) {
			return fmt.Errorf("-only %s: not all of these are clients", only)
		}
	}
	b, err := openHarness(ctx, python, cache)
	if err != nil {
		return err
	}
	defer b.close()
	if broken {
		return b.mutants(ctx, chosen, flag.Args())
	}
	began := time.Now()
	fmt.Printf("%-24s %-54s %7s %8s %11s %8s\n", "client", "version", "streams", "rows", "differences", "seconds")
	var all total
	slots := make(chan struct{}, max(2, runtime.NumCPU()))
	var wait sync.WaitGroup
	for _, c := range chosen {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			all.add(b.newClientRun(ctx, c, nil))
		})
	}
	wait.Wait()
	fmt.Printf("%-24s %-54s %7s %8d %11d %8.0f\n", "all", "", "", all.rows, all.found, time.Since(began).Seconds())
	return all.err
}

// A total adds up what the clients found, and prints it as they finish.
type total struct {
	mu          sync.Mutex
	rows, found int
	err         error
}

func (t *total) add(v *clientRun) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows, t.found = t.rows+v.rows, t.found+len(v.found)
	result := fmt.Sprint(len(v.found))
	if v.err != nil {
		result = "FAILED"
	}
	fmt.Printf("%-24s %-54s %7d %8d %11s %8.0f\n", v.client.name, v.version(), len(v.streams), v.rows, result, v.took.Seconds())
	if err := v.fault(); err != nil {
		t.err = errors.Join(t.err, err)
	}
}
