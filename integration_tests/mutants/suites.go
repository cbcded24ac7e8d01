package main

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// A suite is a set of tests that may notice a mutant.
type suite struct {
	pkg, run  string
	timeout   string // for a busy machine; a mutant that makes the tests loop is not noticed
	histories bool   // it takes the number of histories
	full      bool   // it is skipped unless it is run in full
}

var (
	scenarios  = suite{pkg: "./integration_tests/scenarios", timeout: "5m"}
	every      = suite{pkg: "./integration_tests", run: "^TestEveryHistory$", timeout: "10m"}
	histories  = suite{pkg: "./integration_tests", run: "^TestCrashRecovery$", timeout: "20m", histories: true}
	following  = suite{pkg: "./integration_tests", run: "^(TestJobsAreFollowed|TestFollowingIsBounded)$", timeout: "5m"}
	silence    = suite{pkg: "./integration_tests", run: "^TestNoSilence$", timeout: "5m"}
	protocols  = suite{pkg: "./integration_tests", run: "^(TestRetriesAreLogged|TestConfiguredColumns|TestTapSelection|TestTapNothingSelected)$", timeout: "5m"}
	dates      = suite{pkg: "./integration_tests", run: "^(TestAnyDates|TestDateAheadOnce|TestFutureState|TestDateCorrected)$", timeout: "20m", histories: true}
	hostile    = suite{pkg: "./integration_tests", run: "^TestHostileServer$", timeout: "5m", full: true}
	merges     = suite{pkg: "./integration_tests", run: "^TestEndlessMerges$", timeout: "1m"}
	lateHost   = suite{pkg: "./integration_tests", run: "^TestReportsOnALateHost$", timeout: "5m"}
	reports    = suite{pkg: "./integration_tests", run: "^(TestDailyReports|TestPeriodStartIsRead|TestReportsResume|TestReportCrashRecovery|TestServerClockGoesBack|TestReportsWithWrongDates|TestFutureReportState|TestReportsOnALateHost)$", timeout: "20m", histories: true}
	unresolved = suite{pkg: "./integration_tests", run: "^TestUnresolvedMessages$", timeout: "1m"}
	shared     = suite{pkg: "./integration_tests", run: "^TestSharedEvents$", timeout: "5m"}
	refetches  = suite{pkg: "./integration_tests", run: "^TestRequestCountOf(Refetches|Burst)$", timeout: "5m"}
	verifying  = suite{pkg: "./integration_tests", run: "^TestVerify(Command|Input|Equal|LateList|DatedChange|Histories)$", timeout: "10m"}
	resuming   = suite{pkg: "./integration_tests", run: "^TestResumeWithoutEndDate$", timeout: "5m"}
	hidden     = suite{pkg: "./integration_tests", run: "^TestHiddenRecord$", timeout: "5m"}
	removed    = suite{pkg: "./integration_tests", run: "^TestRemovedTagOfOldTicket$", timeout: "5m"}
)

// deletions are the tests of what is deleted during a sync, and after one with
// dates that were ahead.
var deletions = []suite{{pkg: "./integration_tests", run: "^(TestDeletedDuringSync|TestDateAheadOnce)$", timeout: "5m"}}

// secrets are the tests of what the whole program shows.
var secrets = []suite{{pkg: "./integration_tests", run: "^(TestSecretsAreHidden|TestUnsolicitedBytes|TestProxyErrors|TestDisguisedKeys)$", timeout: "5m"}}

// unit are the tests of one package of the connector.
func unit(pkg string) []suite { return []suite{{pkg: "./connector/" + pkg, timeout: "5m"}} }

// evil are the rows of the server that misbehaves whose names match.
func evil(rows string) []suite {
	return []suite{{pkg: "./integration_tests/evil", run: "^TestEvilServer$/" + rows, timeout: "10m"}}
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
	if s.histories {
		args = append(args, "-histories", strconv.Itoa(r.histories), "-seed", "1") // the same each time
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
