//go:build clients

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// mutantCommand is the argument that makes this program a mutant: it runs another and
// breaks one thing in what that writes.
const mutantCommand = "spoil"

// A mutant is one thing that could be wrong with the program, seen from
// outside.
type mutant struct {
	name string
	// clients are those that must notice it, each by itself.
	clients []string
	// line returns what is written in a line's place; nil leaves all as it is.
	line func(line string) []string
	// args are what the program is called with; nil leaves them.
	args func(args []string) []string
	// well has the program end with code 0 whatever happened.
	well bool
	// wheel returns what the wheel has in a file's place, nil for none; nil
	// leaves it.
	wheel func(name string, content []byte) []byte
	// session returns what is run in place of a document's commands; nil leaves
	// them.
	session func(script string) string
	// model returns what stands in a file of the package for dbt; nil leaves all.
	model func(path, text string) string
}

// every names the clients that compare rows of the whole account.
var every = []string{"pyairbyte", "protocol-models", "target-postgres", "target-duckdb", "target-jsonl", "meltano"}

// mutantTable lists the mutants, fresh: some keep count.
func mutantTable() []mutant {
	states, reported := 0, 0
	return []mutant{
		{name: "a record is lost", clients: append([]string{"singer-check-tap"}, every...),
			line: once("ticket_messages", ``, regexp.MustCompile(`^.*$`))},
		{name: "another timestamp", clients: every,
			line: once("tickets", `"created_datetime":"${1}1Z"`, regexp.MustCompile(`"created_datetime":"([^"]+)[02-9]Z"`))},
		{name: "a timestamp has an offset", clients: []string{"pyairbyte", "protocol-models", "target-postgres", "target-jsonl"},
			line: onceFunc("tickets", func(record string) string {
				return createdAt.ReplaceAllStringFunc(record, func(field string) string {
					at, _ := time.Parse(written, createdAt.FindStringSubmatch(field)[1])
					return fmt.Sprintf(`"created_datetime":"%s"`, at.In(time.FixedZone("", 5*3600)).Format(time.RFC3339Nano))
				})
			})},
		{name: "an integer is spelled 2.0", clients: []string{"meltano", "singer-check-tap"},
			line: once("tickets", `"messages_count":$1.0`, regexp.MustCompile(`"messages_count":(\d+)`))},
		{name: "a large integer is rounded", clients: every,
			line: once("", `${1}0$2`, regexp.MustCompile(`(:9007199\d{8})[1-9](\D)`))},
		{name: "a key is missing", clients: every,
			line: once("tickets", `$1`, regexp.MustCompile(`([{,])"id":\d+,`))},
		{name: "a column is missing", clients: every,
			line: once("tickets", ``, regexp.MustCompile(`"channel":"\w+",`))},
		{name: "an undeclared field is lost", clients: every,
			line: once("tickets", `"unrecognized_fields":null`, regexp.MustCompile(`"unrecognized_fields":\{"mood":\{[^}]*\}\}`))},
		{name: "a line break is lost", clients: every,
			line: once("ticket_messages", `"body_text":"$1 `, regexp.MustCompile(`"body_text":"([^"\\]*)\\n`))},
		{name: "an emoji is lost", clients: every,
			line: once("ticket_messages", `"body_text":"$1?`, regexp.MustCompile(`"body_text":"([^"\\]*)[\x{10000}-\x{10ffff}]`))},
		{name: "half of a surrogate pair", clients: []string{"pyairbyte", "protocol-models", "target-postgres", "target-duckdb", "target-jsonl", "meltano"},
			line: once("tickets", `"subject":"\ud83d`, regexp.MustCompile(`"subject":"`))},
		{name: "U+0000", clients: every,
			line: once("tickets", `"subject":"\u0000`, regexp.MustCompile(`"subject":"`))},
		{name: "a line that is no message", clients: []string{"protocol-models", "airbyte-cdk", "singer-check-tap", "target-postgres", "target-duckdb", "target-jsonl", "meltano"},
			line: once("tickets", "reading tickets\n$0", regexp.MustCompile(`^.*$`))},
		{name: "no state", clients: []string{"pyairbyte", "singer-check-tap", "target-postgres", "target-duckdb", "target-jsonl", "meltano"},
			line: func(line string) []string {
				if isState(line) {
					return nil
				}
				return []string{line}
			}},
		{name: "states only at first", clients: []string{"target-jsonl"},
			line: func(line string) []string {
				if isState(line) {
					if states++; states > 3 {
						return nil
					}
				}
				return []string{line}
			}},
		{name: "a deletion is not emitted", clients: []string{"pyairbyte", "target-postgres", "target-duckdb", "target-jsonl", "meltano"},
			line: once("tickets", ``, regexp.MustCompile(`^.*"_(?:sdc|ab_cdc)_deleted_at":".*$`))},
		{name: "the state is not read", clients: []string{"pyairbyte", "singer-check-tap", "target-jsonl", "meltano"}, args: withoutFlag("--state")},
		{name: "the catalog is not read", clients: []string{"airbyte-cdk", "meltano"}, args: withoutFlag("--catalog")},
		{name: "failures are kept quiet", clients: []string{"meltano", "protocol-models"}, well: true},
		{name: "a schema stands twice", clients: []string{"singer-check-tap"},
			line: func(line string) []string {
				if strings.HasPrefix(line, `{"type":"SCHEMA","stream":"tags"`) {
					return []string{line, line}
				}
				return []string{line}
			}},
		{name: "no primary key", clients: []string{"target-postgres", "target-duckdb"},
			line: onceIn(`{"type":"SCHEMA"`, `"key_properties":null`, regexp.MustCompile(`"key_properties":\[[^]]*\]`))},
		{name: "a field that messages have not", clients: []string{"protocol-models"},
			line: onceIn(`{"type":"`, `{"note":1,`, regexp.MustCompile(`^{`))},
		{name: "new tokens are not reported", clients: []string{"pyairbyte-oauth"},
			line: func(line string) []string {
				if strings.HasPrefix(line, `{"type":"CONTROL"`) {
					return nil
				}
				return []string{line}
			}},
		{name: "only the first new tokens are reported", clients: []string{"pyairbyte-oauth"},
			line: func(line string) []string {
				if strings.HasPrefix(line, `{"type":"CONTROL"`) {
					if reported++; reported > 1 {
						return nil
					}
				}
				return []string{line}
			}},
		{name: "what is reported is not the whole configuration", clients: []string{"pyairbyte-oauth"},
			line: onceIn(`{"type":"CONTROL"`, ``, regexp.MustCompile(`,"subdomain":"[^"]*"`))},
		{name: "new tokens are not saved", clients: []string{"meltano-oauth"},
			args: func(args []string) []string {
				return slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == "--save-tokens" })
			}},
		{name: "the wheel carries another program", clients: []string{"wheel"},
			wheel: func(name string, content []byte) []byte {
				if strings.HasSuffix(name, "scripts/tap-gorgias") {
					return append(content, 0) // which runs all the same
				}
				return content
			}},
		{name: "the wheel has one name only", clients: []string{"wheel"},
			wheel: func(name string, content []byte) []byte {
				if strings.HasSuffix(name, "scripts/source-gorgias") {
					return nil
				}
				return content
			}},
		{name: "a tap in the wheel that says nothing", clients: []string{"wheel", "documents"},
			wheel: func(name string, content []byte) []byte {
				if strings.HasSuffix(name, "scripts/tap-gorgias") {
					return []byte("#!/bin/sh\n")
				}
				return content
			}},
		{name: "a command of a document is no command", clients: []string{"documents"},
			session: func(script string) string { return strings.Replace(script, "\nmeltano run ", "\nmeltano rum ", 1) }},
		{name: "a document in which nothing is done", clients: []string{"documents"}, session: func(string) string { return ":" }},
		{name: "a row that is left over is not named", clients: []string{"faults"},
			line: onceIn(`      "kind": "left over"`, `      "kind": "stale"`, regexp.MustCompile(`      "kind": "left over"`))},
		{name: "deleted tickets are current", clients: []string{"dbt-duckdb"}, model: inModel("gorgias__tickets", "where not is_tombstone", "")},
		{name: "messages of deleted tickets are current", clients: []string{"dbt-duckdb"}, model: inModel("gorgias__messages", "\njoin ", "\nleft join ")},
		{name: "tags that were removed are current", clients: []string{"dbt-duckdb"}, model: inModel("gorgias__ticket_tags", "not g.is_tombstone and", "")},
		{name: "values that were taken off are current", clients: []string{"dbt-postgres"}, model: inModel("gorgias__ticket_field_values", "else {{", "else true or {{")},
		{name: "trash is not current", clients: []string{"dbt-duckdb"}, model: inModel("gorgias__tickets", "where not is_tombstone", "where not is_tombstone and not is_trashed")},
		{name: "timestamps are of another time zone", clients: []string{"dbt-postgres"}, model: inModel("columns", "interval '1 second')", "interval '1 second' + interval '5 hours')")},
		{name: "the key in a log", clients: []string{"airbyte-cdk"},
			line: onceIn(`{"type":"CONNECTION_STATUS"`, fmt.Sprintf(`{"type":"LOG","log":{"level":"INFO","message":%s}}`, strings.ReplaceAll(quoted("with "+key), "$", "$$"))+"\n$0", regexp.MustCompile(`^.*$`))},
	}
}

// inModel changes a text of one file of the package for dbt.
func inModel(file, from, to string) func(string, string) string {
	return func(path, text string) string {
		if strings.TrimSuffix(filepath.Base(path), ".sql") != file {
			return text
		}
		return strings.Replace(text, from, to, 1)
	}
}

var createdAt = regexp.MustCompile(`"created_datetime":"([^"]+Z)"`)

func isState(line string) bool { return strings.HasPrefix(line, `{"type":"STATE"`) }

// once changes the first record of a stream ("" = any) that fits.
func once(stream, to string, from *regexp.Regexp) func(string) []string {
	return onceFunc(stream, func(record string) string {
		at := from.FindStringSubmatchIndex(record)
		if at == nil {
			return record
		}
		return record[:at[0]] + string(from.ExpandString(nil, to, record, at)) + record[at[1]:]
	})
}

func onceFunc(stream string, change func(record string) string) func(string) []string {
	return first(func(line string) bool {
		return strings.HasPrefix(line, `{"type":"RECORD"`) && (stream == "" || strings.Contains(line, fmt.Sprintf(`"stream":%q`, stream)))
	}, change)
}

// onceIn changes the first line with a beginning.
func onceIn(beginning, to string, from *regexp.Regexp) func(string) []string {
	return first(func(line string) bool { return strings.HasPrefix(line, beginning) }, func(line string) string {
		return from.ReplaceAllString(line, to)
	})
}

// first applies a change to those lines that are meant, until one is changed by
// it. A line that becomes empty is not written.
func first(meant func(string) bool, change func(string) string) func(string) []string {
	done := false
	return func(line string) []string {
		if done || !meant(line) {
			return []string{line}
		}
		changed := change(line)
		done = changed != line
		return slices.DeleteFunc(strings.Split(changed, "\n"), func(l string) bool { return l == "" })
	}
}

// withoutFlag takes a flag and its value away.
func withoutFlag(flag string) func([]string) []string {
	return func(args []string) []string {
		if i := slices.Index(args, flag); i >= 0 {
			args = slices.Delete(slices.Clone(args), i, min(i+2, len(args)))
		}
		return args
	}
}

// withMutant is the harness with a mutant in the program's place.
func (b *harness) withMutant(m *mutant, dir string) (*harness, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := *b
	s.programs = filepath.Join(dir, "bin")
	s.env = append(slices.Clone(b.env), "PATH="+s.programs+":"+os.Getenv("PATH"))
	if err := os.Mkdir(s.programs, 0o755); err != nil {
		return nil, err
	}
	for _, name := range []string{"source-gorgias", "tap-gorgias"} {
		script := fmt.Sprintf("#!/bin/sh\nexec %q %s %q %q \"$@\"\n", self, mutantCommand, m.name, filepath.Join(b.programs, name))
		if err := os.WriteFile(filepath.Join(s.programs, name), []byte(script), 0o755); err != nil {
			return nil, err
		}
	}
	s.session, s.model = m.session, m.model
	if m.wheel != nil {
		s.packed = func() (*wheel, error) {
			p, err := b.packed()
			if err != nil {
				return nil, err
			}
			return p.withChange(filepath.Join(dir, "dist"), m.wheel)
		}
	}
	return &s, nil
}

// spoiler runs the program and spoils what it writes.
func runMutant(args []string) int {
	all := mutantTable()
	i := slices.IndexFunc(all, func(m mutant) bool { return m.name == args[0] })
	if i < 0 {
		fmt.Fprintln(os.Stderr, "no such mutant")
		return 2
	}
	m, program, args := all[i], args[1], args[2:]
	if m.args != nil {
		args = m.args(args)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdin, cmd.Stderr = os.Stdin, os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // it may have ended
		}
	}()
	var lines []string
	for r := bufio.NewReader(out); err == nil; {
		var line string
		line, err = r.ReadString('\n')
		switch {
		case err != nil:
			lines = nil
		case m.line == nil:
			lines = []string{strings.TrimSuffix(line, "\n")}
		default:
			lines = m.line(strings.TrimSuffix(line, "\n"))
		}
		for _, l := range lines {
			if _, err := fmt.Println(l); err != nil {
				return 1
			}
		}
	}
	var died *exec.ExitError
	if err := cmd.Wait(); errors.As(err, &died) && !m.well {
		return max(died.ExitCode(), 1)
	}
	return 0
}

// mutants lets the clients meet the mutants, or those that are named, each
// those that it must notice. Without a mutant they have nothing to complain of;
// that is not tried here.
func (b *harness) mutants(ctx context.Context, chosen []client, named []string) error {
	var mu sync.Mutex
	var survived []string
	slots, wait := make(chan struct{}, max(2, runtime.NumCPU())), sync.WaitGroup{}
	for _, m := range mutantTable() {
		for _, c := range chosen {
			if !slices.Contains(m.clients, c.name) || len(named) > 0 && !slices.Contains(named, m.name) {
				continue
			}
			wait.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				v := b.newClientRun(ctx, c, &m)
				mu.Lock()
				defer mu.Unlock()
				if ctx.Err() != nil {
					return // cut off
				}
				verdict := "noticed "
				if v.err == nil && len(v.found) == 0 {
					verdict = "SURVIVED"
					survived = append(survived, m.name+" ("+c.name+")")
				}
				fmt.Printf("%s  %-32s %-18s %s\n", verdict, m.name, c.name, v.reason())
			})
		}
	}
	wait.Wait()
	if len(survived) > 0 {
		return fmt.Errorf("not noticed: %s", strings.Join(survived, ", "))
	}
	return context.Cause(ctx)
}

// reason is the first thing a client complained of, in short.
func (v *clientRun) reason() string {
	text := ""
	if len(v.found) > 0 {
		text = v.found[0]
	} else if v.err != nil {
		// The last line that speaks of an error tells most; of pytest's, the
		// last that quotes one.
		lines := strings.Split(v.err.Error(), "\n")
		text = lines[len(lines)-1]
		for _, tells := range []string{"rror", "    E  "} {
			for _, l := range lines {
				if strings.Contains(l, tells) {
					text = l
				}
			}
		}
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, v.harness.dir, "…"))
	return strings.ToValidUTF8(text[:min(len(text), 140)], "")
}
