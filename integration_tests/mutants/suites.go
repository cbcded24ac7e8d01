package main

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// A suite is a set of tests that may notice a mutant.
type suite struct {
	pkg, run string
	timeout  string // for a busy machine; a mutant that makes the tests loop is not noticed
	from     int    // the first random history, if the package plays any
	full     bool   // it is skipped unless it is run in full
}

var (
	scenarios = suite{pkg: "./integration_tests/scenarios", timeout: "5m"}
	every     = suite{pkg: outsidePkg, run: "^TestEveryHistory$", timeout: "10m"}
	histories = suite{pkg: outsidePkg, run: "^TestCrashRecovery$", timeout: "20m", from: 1}
	hostile   = suite{pkg: outsidePkg, run: "^TestHostileServer$", timeout: "5m", full: true}
)

const outsidePkg = "./integration_tests"

// secrets are the tests of what the whole program shows.
var secrets = outside("TestSecretsAreHidden|TestUnsolicitedBytes|TestProxyErrors|TestDisguisedKeys")

// outside are tests of the program from outside.
func outside(names string) []suite {
	return []suite{{pkg: outsidePkg, run: "^(" + names + ")$", timeout: "20m", from: 1}}
}

// unit are the tests of one package of the connector.
func unit(pkg string) []suite { return []suite{{pkg: "./connector/" + pkg, timeout: "5m"}} }

// evil are the rows of the server that misbehaves whose names match.
func evil(rows string) []suite {
	return []suite{{pkg: "./integration_tests/evil", run: "^TestEvilServer$/" + rows, timeout: "10m"}}
}

// scenario is the scenario of a name, and any test after it.
func scenario(name string) []suite {
	one := scenarios
	one.run = "^TestScenarios$/^" + regexp.QuoteMeta(strings.ReplaceAll(name, " ", "_")) + "$"
	return append([]suite{one}, anyTest...)
}

// historiesFrom are the random histories from one on that is known to notice. Where
// the pauses between retries matter, which are random, it is one of the next.
func historiesFrom(first int) []suite {
	all := histories
	all.from = first
	return []suite{all}
}

// test runs the suite and returns its output and whether it passed.
func (s suite) test(ctx context.Context, r *runner, more ...string) (out string, passed bool) {
	args := append([]string{"test", "-vet=off", "-count=1", "-timeout", s.timeout}, more...)
	if !r.every {
		args = append(args, "-failfast")
	}
	if s.run != "" {
		args = append(args, "-run", s.run)
	}
	args = append(args, s.pkg)
	if s.from > 0 {
		args = append(args, "-histories", strconv.Itoa(r.histories), "-seed", strconv.Itoa(s.from)) // the same each time
	}
	if s.full {
		args = append(args, "-full")
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(r.procs))
	if len(more) == 2 { // a flag and its value: also for the program that a test builds
		cmd.Env = append(cmd.Env, "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" "+strings.Join(more, "=")))
	}
	text, err := cmd.CombinedOutput()
	return string(text), err == nil
}
