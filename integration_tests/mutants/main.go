// Command mutants breaks the rules of the connector, one at a time, and runs the
// tests that must notice. It changes no file: the compiler gets the changed
// source as an overlay. Run it in the root of the repository:
//
//	go run ./integration_tests/mutants              all rules
//	go run ./integration_tests/mutants -run overlap those that match
//	go run ./integration_tests/mutants -list        only list them
//
// A comment //rule:some-name at the end of a line marks the statement of a rule.
// The table in table.go says how to break it and which tests must notice. A
// rename breaks neither; a marker without a mutant, or the reverse, is reported.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	only := flag.String("run", "", "`pattern` of the mutants to run, by rule and name")
	histories := flag.Int("histories", 4000, "random histories per mutant, for rules that only these break")
	parallel := flag.Int("parallel", 2, "mutants at once")
	list := flag.Bool("list", false, "list the mutants and run none")
	every := flag.Bool("every", false, "run all scenarios of each mutant, and list those that notice; scenarios that notice no mutant are failures")
	passed := flag.Bool("passed", false, "the tests have just passed: do not run them without a mutant first")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: mutants [-run pattern] [-histories n] [-parallel n] [-every] [-list] [-passed]:", err)
		os.Exit(2)
	}
	rules, err := findMarkers(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	failed := stale(rules, mutants)
	for _, text := range failed {
		fmt.Println("STALE     ", text)
	}
	var selected []mutant
	for _, m := range mutants {
		if pattern.MatchString(m.rule+": "+m.name) && len(rules[m.rule]) > 0 {
			selected = append(selected, m)
		}
	}
	if *list {
		for _, m := range selected {
			fmt.Printf("%s: %s\n", m.rule, m.name)
		}
		os.Exit(min(1, len(failed)))
	}
	r := &runner{rules: rules, histories: *histories, every: *every, procs: max(1, runtime.NumCPU()/max(1, *parallel))}
	if !*passed && !r.passes(ctx, selected) {
		os.Exit(1)
	}
	ok := r.runAll(ctx, selected, max(1, *parallel)) && len(failed) == 0
	if *every && *only == "" {
		ok = r.reportUseless(ctx) && ok
	}
	if ctx.Err() != nil || !ok {
		os.Exit(1)
	}
}

// stale lists markers without a mutant and mutants without a marker.
func stale(rules map[string][]place, all []mutant) (texts []string) {
	named := map[string]bool{}
	for _, m := range all {
		named[m.rule] = true
		if len(rules[m.rule]) == 0 {
			texts = append(texts, m.rule+": no marker in the source")
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(rules)) {
		if !named[rule] {
			texts = append(texts, fmt.Sprintf("%s: %s has no mutant", rule, rules[rule][0]))
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// A runner runs mutants.
type runner struct {
	rules     map[string][]place
	histories int
	every     bool
	procs     int // processors for each

	mu      sync.Mutex
	noticed map[string]int // by scenario: mutants that it notices
}

// passes reports whether the tests pass without a mutant.
func (r *runner) passes(ctx context.Context, selected []mutant) bool {
	unbroken := &runner{histories: min(r.histories, 50), procs: runtime.NumCPU()}
	var suites []suite
	for _, m := range selected {
		for _, s := range m.suites {
			if !slices.Contains(suites, s) {
				suites = append(suites, s)
			}
		}
	}
	for _, s := range suites {
		if out, ok := s.test(ctx, unbroken); !ok {
			fmt.Printf("%s fails without a mutant:\n%s", s.pkg, out)
			return false
		}
	}
	return true
}

// runAll runs mutants side by side and prints a line about each. It reports
// whether all were noticed.
func (r *runner) runAll(ctx context.Context, selected []mutant, parallel int) bool {
	var group sync.WaitGroup
	queue := make(chan mutant)
	survived := 0
	count := map[string]int{}
	for range parallel {
		group.Go(func() {
			for m := range queue {
				began := time.Now()
				result, by := r.run(ctx, m)
				if ctx.Err() != nil {
					continue
				}
				r.mu.Lock()
				fmt.Printf("%-10s %s: %s (%s%.0f s)\n", result, m.rule, m.name, by, time.Since(began).Seconds())
				if count[result]++; result != "noticed" {
					survived++
				}
				r.mu.Unlock()
			}
		})
	}
	for _, m := range selected {
		select {
		case queue <- m:
		case <-ctx.Done():
		}
	}
	close(queue)
	group.Wait()
	fmt.Printf("%d mutants: %v\n", len(selected), count)
	return survived == 0
}

// run runs the suites of a mutant, one after the other, until one notices.
func (r *runner) run(ctx context.Context, m mutant) (result, by string) {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return "BROKEN", err.Error() + "; "
	}
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := writeOverlay(dir, r.rules[m.rule], m.change)
	if err != nil {
		return "BROKEN", err.Error() + "; "
	}
	for _, s := range m.suites {
		out, passed := s.test(ctx, r, "-overlay", overlay)
		switch {
		case passed:
		case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
			return "BROKEN", firstError(out) + "; "
		case timedOut.MatchString(out):
			return "TIMEOUT", ""
		default:
			return "noticed", r.by(out) + ", "
		}
	}
	return "SURVIVED", ""
}

var (
	failure  = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)
	history  = regexp.MustCompile(`history \d+`)
	timedOut = regexp.MustCompile(`(?m)^panic: test timed out|Test killed with quit: ran too long`)
	crash    = regexp.MustCompile(`(?m)^(?:panic|fatal error): .*`)
)

// by returns what has noticed a mutant, from the output of go test.
func (r *runner) by(out string) string {
	if crashed := crash.FindString(out); crashed != "" {
		return crashed
	}
	var names []string
	for _, m := range failure.FindAllStringSubmatch(out, -1) {
		if name := scenarioName(m[1]); name != "" {
			names = append(names, name)
		}
	}
	if r.every && len(names) > 0 {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.noticed == nil {
			r.noticed = map[string]int{}
		}
		for _, name := range names {
			r.noticed[name]++
		}
		return fmt.Sprintf("%d scenarios: %s", len(names), strings.Join(names, "; "))
	}
	if len(names) > 0 {
		return names[0]
	}
	name := ""
	if m := failure.FindStringSubmatch(out); m != nil {
		name = m[1]
	}
	return strings.TrimSpace(name + " " + history.FindString(out))
}

// scenarioName returns the name of a scenario as its table has it; "" if the
// test is none.
func scenarioName(test string) string {
	name, ok := strings.CutPrefix(test, "TestScenarios/")
	if !ok || strings.Contains(name, "/") {
		return ""
	}
	return strings.ReplaceAll(name, "_", " ")
}

// reportUseless plays the scenarios without a mutant, and reports those that
// have noticed none.
func (r *runner) reportUseless(ctx context.Context) bool {
	out, passed := scenarios.test(ctx, r, "-v")
	ok := passed
	if !passed {
		fmt.Println("FAIL      ", firstError(out))
	}
	for _, m := range regexp.MustCompile(`(?m)^ *--- PASS: (\S+)`).FindAllStringSubmatch(out, -1) {
		if name := scenarioName(m[1]); name != "" && r.noticed[name] == 0 {
			fmt.Println("USELESS   ", name)
			ok = false
		}
	}
	return ok
}

// firstError returns the line of go test's output that explains it.
func firstError(out string) string {
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
			return strings.TrimSpace(line)
		}
	}
	return "no output"
}
