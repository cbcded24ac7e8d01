//go:build clients

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A target is a Singer target that a tap is piped into, without Meltano.
type target struct {
	program string
	config  func(v *clientRun) string
	read    func(ctx context.Context, v *clientRun) (warehouse, error)
	dialect dialect
	// count returns a function that runs a query on what was loaded; nil if nothing can.
	count  func(v *clientRun) func(context.Context, string) ([]byte, error)
	verify func(ctx context.Context, v *clientRun, state string) error // nil: it is no database
}

func isSingerColumn(column string) bool { return strings.HasPrefix(column, "_sdc_") }

// piped is PipelineWise's target for PostgreSQL.
var piped = target{
	verify:  verifyPostgres,
	program: "target-postgres", count: (*clientRun).countInPostgres,
	config: func(v *clientRun) string {
		p := v.postgres
		// Small batches have it write down streams one by one, in mid-sync.
		return fmt.Sprintf(`{"host": "127.0.0.1", "port": %d, "user": %q, "password": %q, "dbname": %q, "default_target_schema": "gorgias",
			"hard_delete": true, "batch_size_rows": 300, "temp_dir": %q}`, p.port, p.user, p.password, database(v), v.workDir)
	},
	read: func(ctx context.Context, v *clientRun) (warehouse, error) {
		return v.postgres.dump(ctx, database(v), "gorgias")
	},
	dialect: dialect{
		own: isSingerColumn, tombstone: "_sdc_deleted_at", deletes: true,
		types: map[string][]string{
			"integer": {"int8"}, "number": {"float8"}, "string": {"varchar"}, "boolean": {"bool"}, "timestamp": {"timestamp"},
			"object": {"jsonb"}, "array": {"jsonb"},
		},
		bend: func(p *property, v any) any {
			text, ok := v.(string)
			switch {
			case !ok || p.isTimestamp():
				return v
			case text == "":
				return nil // an empty text becomes NULL
			}
			// It hands texts to PostgreSQL in CSV, but with JSON's escapes, of
			// which PostgreSQL knows two: control characters are stored as
			// they are escaped.
			return control.ReplaceAllStringFunc(text, func(c string) string { return strings.Trim(spelled(c), `"`) })
		},
	},
}

var escaped = regexp.MustCompile(`(?s)\\(.)`)

var control = regexp.MustCompile(`[\x00-\x1f]`)

// inFiles is the target for files of JSON lines.
var inFiles = target{
	program: "target-jsonl",
	config: func(v *clientRun) string {
		return fmt.Sprintf(`{"destination_path": %q, "do_timestamp_file": false}`, v.file("lines"))
	},
	// The files grow with every sync; of a row, the last line counts.
	read: func(_ context.Context, v *clientRun) (warehouse, error) {
		w := warehouse{}
		for _, s := range sources() {
			w[s.stream] = &stored{}
			raw, err := os.ReadFile(filepath.Join(v.file("lines"), s.stream+".jsonl"))
			if err != nil {
				return nil, err
			}
			last := map[string]record{}
			for l := range bytes.Lines(raw) {
				r, err := readRow(l)
				if err != nil {
					return nil, err
				}
				last[keyOf(s.key, r)] = r
			}
			for _, r := range last {
				w[s.stream].rows = append(w[s.stream].rows, r)
			}
		}
		return w, nil
	},
	dialect: dialect{own: isSingerColumn, tombstone: "_sdc_deleted_at"},
}

// duckTarget is the target for DuckDB.
var duckTarget = target{
	verify:  verifyDuckDB,
	program: "target-duckdb",
	config: func(v *clientRun) string {
		return fmt.Sprintf(`{"path": %q, "default_target_schema": "gorgias", "hard_delete": true, "temp_dir": %q}`, v.file("target.duckdb"), v.workDir)
	},
	read: func(ctx context.Context, v *clientRun) (warehouse, error) {
		return v.readDuckDB(ctx, v.file("target.duckdb"), "gorgias")
	},
	dialect: dialect{
		own: isSingerColumn, tombstone: "_sdc_deleted_at", deletes: true,
		types: map[string][]string{
			"integer": {"BIGINT"}, "number": {"DOUBLE"}, "string": {"VARCHAR"}, "boolean": {"BOOLEAN"}, "timestamp": {"TIMESTAMP"},
			"object": {"JSON"}, "array": {"JSON"},
		},
		bend: func(p *property, v any) any {
			if v == "" {
				return nil // an empty text becomes NULL
			}
			return v
		},
		// It has DuckDB guess how its CSV is escaped: where no value of a batch has
		// a quotation mark, backslashes are taken for it, and go.
		sometimes: func(text string) string { return escaped.ReplaceAllString(text, "$1") },
	},
}

// try loads an account through a pipe; once more when nothing has changed;
// then what has; then what is gone.
func (t target) try(ctx context.Context, v *clientRun) error {
	if err := v.postgres.create(ctx, database(v)); err != nil {
		return err
	}
	config, err := v.write("target.json", t.config(v))
	if err != nil {
		return err
	}
	all, err := v.account.expected()
	if err != nil {
		return err
	}
	names := all.names()
	state, marks := "", map[string]record{}
	for i, step := range []step{
		{"first sync", nil}, {"second sync, at rest", nil},
		{"third sync, after changes", (*account).changeRecords}, {"fourth sync, after deletions", (*account).deleteAndMerge},
	} {
		if step.change != nil {
			if err := step.change(v.account); err != nil {
				return err
			}
		}
		tap := []string{filepath.Join(v.programs, "tap-gorgias"), "--config", v.account.config}
		if i > 0 {
			tap = append(tap, "--state", state)
		}
		v.account.requests.Store(0)
		out, err := v.pipe(ctx, command{args: tap}, command{args: []string{v.env.program(t.program), "--config", config}, dir: v.workDir})
		if err != nil {
			return fmt.Errorf("%s: %w", step.when, err)
		}
		if n := v.account.requests.Load(); i > 0 && n > few {
			v.reportDifference("%s: %d requests, as if there were no state", step.when, n)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		last := lines[len(lines)-1]
		if !strings.HasPrefix(last, "{") {
			v.reportDifference("%s: the target gives no state back, but %.100q", step.when, last)
			last = "{}"
		}
		if d := statesMovedBack(marks, bookmarks(last)); i > 0 && d != "" {
			v.reportDifference("%s: the state: %s", step.when, d)
		}
		marks = bookmarks(last)
		if state, err = v.write(fmt.Sprintf("state-%d.json", i), last); err != nil {
			return err
		}
		w, err := t.read(ctx, v)
		if err != nil {
			return err
		}
		if err := v.compare(step.when, w, names, t.dialect); err != nil {
			return err
		}
		if t.count != nil {
			if err := v.checkNulls(ctx, step.when, "gorgias", t.dialect.tombstone, false, t.count(v)); err != nil {
				return err
			}
		}
	}
	if t.verify == nil {
		return nil
	}
	return t.verify(ctx, v, state)
}

// bookmarks reads a state, as targets or as Meltano write it.
func bookmarks(state string) map[string]record {
	var s struct {
		Bookmarks map[string]record
		Singer    *struct{ Bookmarks map[string]record } `json:"singer_state"`
	}
	d := json.NewDecoder(strings.NewReader(state))
	d.UseNumber()
	if d.Decode(&s) == nil && s.Singer != nil {
		return s.Singer.Bookmarks
	}
	return s.Bookmarks
}

// behind tells where a state falls behind an earlier one, or lacks what that
// has; "" if it does not. At rest a state may move all the same: records dated
// in the future stay ahead of it, and it knows when the account was last asked.
func statesMovedBack(was, is map[string]record) string {
	for _, s := range sources() {
		x, y := was[s.stream], is[s.stream]
		if x == nil || y == nil {
			return s.stream + " is missing"
		}
		for name, v := range x {
			at, _ := v.(string)
			then, isInstant := canonicalTimestamp(at)
			now, _ := canonicalTimestamp(fmt.Sprint(y[name]))
			switch {
			case y[name] == nil:
				return s.stream + ": " + name + " is missing"
			case isInstant && now < then:
				return fmt.Sprintf("%s: %s goes back from %s to %s", s.stream, name, then, now)
			}
		}
	}
	return ""
}

// database is the PostgreSQL database of a run.
func database(v *clientRun) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, strings.ToLower(filepath.Base(v.workDir)))
}

// checkTap runs Singer's own checker, which runs the tap twice. It counts what
// each stream wrote; we compare the numbers.
func checkTap(ctx context.Context, v *clientRun) error {
	out, err := v.run(ctx, command{
		args: []string{v.env.program("python"), v.script("checktap.py"), "--tap", filepath.Join(v.programs, "tap-gorgias"), "--config", v.account.config},
		dir:  v.workDir,
	})
	if err != nil {
		return err
	}
	all, err := v.account.expected()
	if err != nil {
		return err
	}
	runs := strings.Split(string(out), "Now re-running tap")
	if len(runs) != 2 {
		v.reportDifference("the tap was not run a second time, with its own state")
		return nil
	}
	for i, run := range runs {
		counted := map[string]string{}
		for _, m := range regexp.MustCompile(`(?m)^\| (\w+) +\| (\d+) +\| (\d+) +\|$`).FindAllStringSubmatch(run, -1) {
			counted[m[1]] = m[2] + " records, " + m[3] + " schemas"
		}
		for name, t := range all {
			n := len(t.rows)
			if i == 1 && !t.whole {
				n = 0 // there is nothing new
			}
			if is, want := counted[name], fmt.Sprintf("%d records, 1 schemas", n); is != want {
				v.reportDifference("run %d: %s: %s, not %s", i+1, name, is, want)
			}
			v.streams[name] = true
		}
	}
	return nil
}
