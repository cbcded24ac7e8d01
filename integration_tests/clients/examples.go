//go:build clients

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"source-gorgias/integration_tests/documents"
)

// exampleRuns runs the Python of the documents, and what examples contains for a
// shell and for PyAirbyte.
func exampleRuns(ctx context.Context, v *clientRun) error {
	checkers, err := v.get(ctx, v.harness, "checkers")
	if err != nil {
		return err
	}
	if err := errors.Join(v.copyExamples(), os.Symlink(checkers.program("target-jsonl"), v.file("bin/target-jsonl"))); err != nil {
		return err
	}
	if err := errors.Join(v.pythonBlocks(ctx), v.pyAirbyteExample(ctx)); err != nil {
		return err
	}
	if err := v.open(true); err != nil { // an account in which nothing is deleted yet
		return err
	}
	return errors.Join(v.syncScript(ctx), v.flattening(ctx))
}

// copyExamples makes a directory in which the examples run: with a copy of them,
// config.json, and programs on the PATH.
func (v *clientRun) copyExamples() error {
	config, err := os.ReadFile(v.account.config)
	if err != nil {
		return err
	}
	bin := v.file("bin")
	return errors.Join(
		os.CopyFS(v.file("examples"), os.DirFS("examples")), os.Mkdir(bin, 0o755),
		os.Symlink(v.file("examples/sync.sh"), filepath.Join(bin, "sync.sh")),
		os.WriteFile(v.file("config.json"), config, 0o600))
}

// inExamples is a command in that directory.
func (v *clientRun) inExamples(args ...string) command {
	return command{args: args, dir: v.workDir, env: []string{
		"PATH=" + v.file("bin") + ":" + v.programs + ":" + os.Getenv("PATH"), "CONFIG=config.json", "STATE=state.json", "TARGET=target-jsonl --config target.json",
	}}
}

// pythonBlocks runs the Python blocks of the README. A text block after one is its
// output.
func (v *clientRun) pythonBlocks(ctx context.Context) error {
	messages, err := v.run(ctx, command{args: []string{filepath.Join(v.programs, "source-gorgias"), "read", "--sandbox"}})
	if err != nil {
		return err
	}
	blocks, err := documents.Blocks("README.md")
	if err = errors.Join(err, os.WriteFile(v.file("account.jsonl"), messages, 0o600)); err != nil {
		return err
	}
	ran := 0
	for i, b := range blocks {
		if b.Language != "python" {
			continue
		}
		ran++
		out, err := v.run(ctx, v.inExamples(v.env.program("python"), "-c", b.Text))
		if err != nil {
			return fmt.Errorf("%s:%d: %w", b.File, b.Line, err)
		}
		if i+1 < len(blocks) && blocks[i+1].Language == "text" && strings.TrimSpace(string(out)) != strings.TrimSpace(blocks[i+1].Text) {
			v.reportDifference("%s:%d: the output is another:\n%s", b.File, b.Line, out)
		}
	}
	if ran == 0 {
		return errors.New("the README has no Python")
	}
	return nil
}

// pyAirbyteExample runs the script twice. The second run reads what has changed,
// and leaves out what is deleted.
func (v *clientRun) pyAirbyteExample(ctx context.Context) error {
	figures := regexp.MustCompile(`(?s)(\d+) records were read.*\n(\d+) tickets are deleted; (\d+) messages belong to the other (\d+)\n`)
	var runs [2][]string
	for i := range runs {
		if i == 1 {
			if err := v.account.deleteAndMerge(); err != nil {
				return err
			}
		}
		out, err := v.run(ctx, v.inExamples(v.env.program("python"), "examples/pyairbyte/tickets.py"))
		if err != nil {
			return err
		}
		if runs[i] = figures.FindStringSubmatch(string(out)); runs[i] == nil {
			return fmt.Errorf("tickets.py, run %d: %s", i+1, tail(out))
		}
	}
	first, second := runs[0], runs[1]
	if len(first[1]) <= len(second[1]) || first[2] != "0" || second[2] == "0" || first[4] == second[4] || first[3] == "0" {
		v.reportDifference("tickets.py: %q, then %q", first[1:], second[1:])
	}
	return nil
}

// syncScript runs sync.sh: with a target, with one that fails, and while
// another sync is running.
func (v *clientRun) syncScript(ctx context.Context) error {
	config, err := os.ReadFile(v.account.config)
	if err = errors.Join(err, os.WriteFile(v.file("config.json"), config, 0o600), os.WriteFile(v.file("target.json"), []byte(inFiles.config(v)), 0o600)); err != nil {
		return err
	}
	crontab, err := os.ReadFile("examples/cron/crontab")
	if err != nil {
		return err
	}
	line := regexp.MustCompile(`(?m)^17 \* \* \* \* (.+)$`).FindStringSubmatch(string(crontab))
	if line == nil {
		return errors.New("the crontab has no line that this program knows")
	}
	cron := strings.NewReplacer("/srv/gorgias/sync.sh", "sync.sh", "cd /srv/gorgias && ", "", "target-postgres --config postgres.json", "target-jsonl --config target.json").Replace(line[1])
	for i, c := range []command{v.inExamples(v.file("examples/sync.sh")), v.inExamples("bash", "-c", cron)} {
		if _, err := v.run(ctx, c); err != nil {
			return err
		}
		w, err := inFiles.read(ctx, v)
		if err != nil {
			return err
		}
		all, err := v.account.expected()
		if err != nil {
			return err
		}
		if err := v.compare(fmt.Sprintf("sync.sh, run %d", i+1), w, all.names(), inFiles.dialect); err != nil {
			return err
		}
		if err := v.account.changeRecords(); err != nil {
			return err
		}
	}
	before, err := os.ReadFile(v.file("state.json"))
	if err != nil {
		return err
	}
	if len(bookmarks(string(before))) == 0 {
		v.reportDifference("sync.sh keeps no state, but %.100q", before)
	}
	failing := v.inExamples(v.file("examples/sync.sh"))
	failing.env = append(failing.env, "TARGET=false")
	var failed *commandFailed
	if _, err := v.run(ctx, failing); !errors.As(err, &failed) {
		v.reportDifference("sync.sh does not fail with its target: %v", err)
	}
	if after, err := os.ReadFile(v.file("state.json")); err != nil || string(after) != string(before) {
		v.reportDifference("sync.sh changes the state although the target returned none: %v", err)
	}
	lock, err := os.Create(v.file("state.json.lock"))
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	if _, err := v.run(ctx, v.inExamples(v.file("examples/sync.sh"))); !errors.As(err, &failed) || failed.code != 75 {
		v.reportDifference("two syncs run at once: %v", err)
	}
	return nil
}

// flattening loads with the settings of a target that a document shows.
func (v *clientRun) flattening(ctx context.Context) error {
	blocks, err := documents.Blocks("docs/migrate/brooklyn-data.md")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(blocks, func(b documents.Block) bool { return b.Language == "yaml" })
	if i < 0 {
		return errors.New("the document shows no settings of a target")
	}
	out, err := v.run(ctx, v.inExamples(v.env.program("python"), "-c",
		"import json, sys, yaml\nprint(json.dumps(yaml.safe_load(sys.argv[1])['plugins']['loaders'][0]['config']))", blocks[i].Text))
	if err != nil {
		return err
	}
	settings := map[string]any{}
	if err := json.Unmarshal(out, &settings); err != nil {
		return err
	}
	p, name := v.postgres, database(v)
	for key, value := range map[string]any{"host": "127.0.0.1", "port": p.port, "user": p.user, "password": p.password, "database": name, "default_target_schema": "flat"} {
		settings[key] = value
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	config, err := v.write("flat.json", string(text))
	if err == nil {
		err = p.create(ctx, name)
	}
	if err != nil {
		return err
	}
	loader, err := v.get(ctx, v.harness, "meltanolabs")
	if err != nil {
		return err
	}
	if _, err := v.pipe(ctx, command{args: []string{filepath.Join(v.programs, "tap-gorgias"), "--config", v.account.config}},
		command{args: []string{loader.program("target-postgres"), "--config", config}, dir: v.workDir}); err != nil {
		return err
	}
	columns, err := p.query(ctx, name, "SELECT string_agg(column_name, ' ') FROM information_schema.columns WHERE table_schema = 'flat' AND table_name = 'tickets'")
	if err != nil {
		return err
	}
	for column, want := range map[string]bool{"customer__id": true, "ticket_key": true, "excerpt": false, "customer": false, "subject": true} {
		if slices.Contains(strings.Fields(string(columns)), column) != want {
			v.reportDifference("flattened tickets: column %s: expected %v among %s", column, want, columns)
		}
	}
	return nil
}

// schedulerRuns has each scheduler read its example, and run it where that needs
// no server.
func schedulerRuns(ctx context.Context, v *clientRun) error {
	if err := v.copyExamples(); err != nil {
		return err
	}
	// In place of the script, one that leaves a trace. exampleRuns runs the script.
	trace := v.file("ran")
	if err := errors.Join(os.Remove(v.file("bin/sync.sh")), os.WriteFile(v.file("bin/sync.sh"), []byte("#!/bin/sh\necho \"$PWD $TARGET\" >> "+trace+"\n"), 0o755)); err != nil {
		return err
	}
	dag, err := os.ReadFile("examples/airflow/gorgias.py")
	if err != nil {
		return err
	}
	text := strings.Replace(string(dag), `"/srv/gorgias"`, fmt.Sprintf("%q", v.workDir), 1)
	if err := errors.Join(os.Mkdir(v.file("dags"), 0o755), os.WriteFile(v.file("dags/gorgias.py"), []byte(text), 0o600)); err != nil {
		return err
	}
	for _, args := range [][]string{
		{v.env.program("kubernetes-validate"), "--strict", "-k", "1.30", "examples/kubernetes/cronjob.yaml"},
		{v.env.program("dagster"), "asset", "materialize", "--select", "gorgias", "-f", "examples/dagster/gorgias.py"},
		{v.env.program("airflow"), "db", "migrate"},
		{v.env.program("airflow"), "dags", "test", "gorgias", "2026-01-02"},
	} {
		c := v.inExamples(args...)
		c.env = append(c.env, "TARGET=", "GORGIAS_DIRECTORY="+v.workDir, "DAGSTER_DISABLE_TELEMETRY=1", "AIRFLOW_HOME="+v.file("airflow"),
			"AIRFLOW__CORE__LOAD_EXAMPLES=False", "AIRFLOW__CORE__DAGS_FOLDER="+v.file("dags"))
		c.env = slices.DeleteFunc(c.env, func(e string) bool { return strings.HasPrefix(e, "TARGET=") })
		if out, err := v.run(ctx, c); err != nil {
			return fmt.Errorf("%w\n%s", err, tail(out))
		}
	}
	want := v.workDir + " target-postgres --config postgres.json\n"
	if ran, err := os.ReadFile(trace); err != nil || string(ran) != want+want {
		v.reportDifference("Dagster and Airflow ran %q, %v", ran, err)
	}
	return v.checkedByTools(ctx)
}

// checkedByTools checks the files whose tools are programs in Go or belong to the
// system.
func (v *clientRun) checkedByTools(ctx context.Context) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	for _, tool := range [][]string{
		{"go", "run", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12", filepath.Join(root, "examples/github-actions/gorgias.yml")},
		{"go", "run", "github.com/compose-spec/compose-go/v2/cmd@v2.16.2", filepath.Join(root, "examples/compose/compose.yaml")},
		{"systemd-analyze", "verify", v.file("examples/systemd/source-gorgias.service"), v.file("examples/systemd/source-gorgias.timer")},
	} {
		c := command{args: tool}
		cmd := v.start(ctx, c)
		if tool[0] == "go" { // fetched like the Python packages
			cmd.Env = append(os.Environ(), "TMPDIR="+v.dir)
		} else if cmd.Err != nil {
			continue // no systemd
		}
		out, err := cmd.CombinedOutput()
		if err := commandError(ctx, c, err, out); err != nil {
			return err
		}
		if tool[0] != "go" && len(out) > 0 {
			v.reportDifference("%s: %s", tool[0], out)
		}
	}
	return nil
}
