//go:build clients

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// inMeltano is MeltanoLabs' target for PostgreSQL, Meltano's own.
var inMeltano = dialect{
	own: isSingerColumn, tombstone: "_sdc_deleted_at",
	types: map[string][]string{
		"integer": {"int8"}, "number": {"numeric"}, "string": {"text"}, "boolean": {"bool"}, "timestamp": {"timestamp"},
		"object": {"jsonb"}, "array": {"_text", "_jsonb", "jsonb"},
	},
}

// A project is a Meltano project, ours, in a directory of its own.
type project struct {
	*clientRun
	program, dir string
	env          []string
}

// newProject makes the project of examples/meltano in a directory of
// that name, with changes of the caller's and some of its own: Meltano would
// install the newest of what the loader needs, ours is frozen; and there is a
// loader for files.
func newProject(ctx context.Context, v *clientRun, name string, changes ...[2]string) (*project, error) {
	text, err := os.ReadFile("examples/meltano/meltano.yml")
	if err != nil {
		return nil, fmt.Errorf("%w\nhint: this program runs at the root of the repository", err)
	}
	loader, err := v.get(ctx, v.harness, "meltanolabs")
	if err != nil {
		return nil, err
	}
	files, err := v.get(ctx, v.harness, "checkers")
	if err != nil {
		return nil, err
	}
	const pkg = "meltanolabs-target-postgres"
	yml := string(text)
	for _, change := range append(changes,
		[2]string{"    pip_url: " + pkg + "==" + loader.versions[pkg] + "\n", ""},
		[2]string{"    executable: target-postgres\n", "    executable: " + loader.program("target-postgres") + "\n"},
		[2]string{"  loaders:\n", fmt.Sprintf(`  loaders:
  - name: target-jsonl
    namespace: target_jsonl
    executable: %s
    settings:
    - name: destination_path
    - name: do_timestamp_file
      kind: boolean
    config: %s
`, files.program("target-jsonl"), inFiles.config(v))},
	) {
		if strings.Count(yml, change[0]) != 1 {
			return nil, fmt.Errorf("examples/meltano/meltano.yml has no line %q", change[0])
		}
		yml = strings.Replace(yml, change[0], change[1], 1)
	}
	p := &project{clientRun: v, program: v.env.program("meltano"), dir: v.file(name), env: []string{
		"TAP_GORGIAS_SUBDOMAIN=sandbox", "TAP_GORGIAS_BASE_URL=" + v.account.url, "TAP_GORGIAS_START_DATE=1980-01-01",
		"TARGET_POSTGRES_PORT=" + strconv.Itoa(v.postgres.port), "TARGET_POSTGRES_USER=" + v.postgres.user,
		"TARGET_POSTGRES_PASSWORD=" + v.postgres.password, "TARGET_POSTGRES_DATABASE=" + database(v),
	}}
	return p, errors.Join(os.Mkdir(p.dir, 0o755), os.WriteFile(filepath.Join(p.dir, "meltano.yml"), []byte(yml), 0o644))
}

// The two kinds of credentials in Meltano's settings.
var (
	withKey = []string{"TAP_GORGIAS_EMAIL=" + email, "TAP_GORGIAS_API_KEY=" + key}
	withApp = []string{"TAP_GORGIAS_CLIENT_ID=" + app, "TAP_GORGIAS_CLIENT_SECRET=" + appSecret}
)

// meltano runs one of Meltano's commands.
func (p *project) meltano(ctx context.Context, env []string, args ...string) (string, error) {
	out, err := p.run(ctx, command{args: append([]string{p.program, "--log-level", "warning"}, args...), dir: p.dir, env: append(p.env[:len(p.env):len(p.env)], env...)})
	return string(out), err
}

// sync loads what there is, and compares.
func (p *project) sync(ctx context.Context, when string, args ...string) error {
	if err := p.load(ctx, args...); err != nil {
		return fmt.Errorf("%s: %w", when, err)
	}
	return p.loaded(ctx, when)
}

// load runs the whole pipeline.
func (p *project) load(ctx context.Context, args ...string) error {
	_, err := p.meltano(ctx, nil, append(append([]string{"run"}, args...), "tap-gorgias", "target-postgres")...)
	return err
}

const stateID = "dev:tap-gorgias-to-target-postgres"

// bookmarks returns those that Meltano has stored.
func (p *project) bookmarks(ctx context.Context) (map[string]record, error) {
	out, err := p.meltano(ctx, nil, "state", "get", stateID)
	return bookmarks(out), err
}

// loaded compares what was loaded.
func (p *project) loaded(ctx context.Context, when string) error {
	w, err := p.postgres.dump(ctx, database(p.clientRun), "tap_gorgias")
	if err != nil {
		return err
	}
	var names []string
	for _, s := range sources() {
		names = append(names, s.stream)
	}
	if err := p.clientRun.compare(when, w, names, inMeltano); err != nil {
		return err
	}
	return p.checkNulls(ctx, when, "tap_gorgias", inMeltano.tombstone, true, p.countInPostgres())
}

// meltanoRuns is what a Meltano user does, from the test of the configuration
// to a sync after one that failed.
func meltanoRuns(ctx context.Context, v *clientRun) error {
	if err := v.postgres.create(ctx, database(v)); err != nil {
		return err
	}
	p, err := newProject(ctx, v, "project")
	if err != nil {
		return err
	}
	p.env = append(p.env, withKey...)
	if !v.hasty { // a spoiler's lines reach Meltano in another order, which config test would show
		if err := p.configured(ctx); err != nil {
			return err
		}
	}
	if err := p.sync(ctx, "first sync"); err != nil {
		return err
	}
	first, err := p.bookmarks(ctx)
	if err != nil {
		return err
	}
	v.account.requests.Store(0)
	if err := p.sync(ctx, "second sync, at rest"); err != nil {
		return err
	}
	if n := v.account.requests.Load(); n > few {
		v.reportDifference("second sync, at rest: %d requests, as if there were no state", n)
	}
	second, err := p.bookmarks(ctx)
	if err != nil {
		return err
	}
	if d := statesMovedBack(first, second); d != "" {
		v.reportDifference("second sync, at rest: the state: %s", d)
	}

	// One list fails, in the middle of a sync that has much to read.
	if err := v.account.changeRecords(); err != nil {
		return err
	}
	v.account.breakResponses("customers")
	var ended *commandFailed
	if err := p.load(ctx); !errors.As(err, &ended) || ended.code != 1 {
		v.reportDifference("a sync in which a list failed ended so: %v", err)
	}
	v.account.breakResponses("")
	third, err := p.bookmarks(ctx)
	if err != nil {
		return err
	}
	if d := statesMovedBack(second, third); d != "" {
		v.reportDifference("after a failure the state: %s", d)
	}
	if canonical(second["customers"]["watermark"]) != canonical(third["customers"]["watermark"]) {
		v.reportDifference("customers failed, and their bookmark moved: %s to %s", spelled(second["customers"]), spelled(third["customers"]))
	}
	if canonical(second["tickets"]) == canonical(third["tickets"]) {
		v.reportDifference("customers failed, and the bookmark of tickets did not move")
	}
	if err := p.sync(ctx, "sync after a failure"); err != nil {
		return err
	}

	if err := p.stateIsCarriedOver(ctx); err != nil {
		return err
	}
	if err := v.account.deleteAndMerge(); err != nil {
		return err
	}
	if err := p.sync(ctx, "sync after deletions"); err != nil {
		return err
	}
	v.account.requests.Store(0)
	if err := p.sync(ctx, "full refresh", "--full-refresh"); err != nil {
		return err
	}
	if n := v.account.requests.Load(); n <= few {
		v.reportDifference("a full refresh took %d requests, as if it had gone on from a state", n)
	}
	return p.selected(ctx)
}

// configured asks Meltano's own questions, before anything is loaded.
func (p *project) configured(ctx context.Context) error {
	if out, err := p.meltano(ctx, nil, "config", "test", "tap-gorgias"); err != nil || !strings.Contains(out, "Plugin configuration is valid") {
		return fmt.Errorf("config test: %s: %w", out, err)
	}
	var ended *commandFailed
	out, err := p.meltano(ctx, []string{"TAP_GORGIAS_API_KEY=not-the-key"}, "config", "test", "tap-gorgias")
	if said := fmt.Sprint(out, err); !errors.As(err, &ended) || !strings.Contains(said, "401") || strings.Contains(said, "not-the-key") {
		p.reportDifference("config test with a wrong key ended so: %s", said)
	}
	if out, err = p.meltano(ctx, nil, "select", "tap-gorgias", "--list", "--all"); err != nil {
		return err
	}
	for _, s := range sources() {
		for _, k := range s.key {
			if !strings.Contains(out, "[automatic  ] "+s.stream+"."+k+"\n") {
				p.reportDifference("select --list: %s.%s is not automatic", s.stream, k)
			}
		}
	}
	if out, err = p.meltano(ctx, nil, "invoke", "tap-gorgias", "--about", "--format", "json"); err != nil {
		return err
	}
	var about struct{ Name string }
	if err := json.Unmarshal([]byte(out), &about); err != nil || about.Name != "tap-gorgias" {
		p.reportDifference("invoke --about: %v: %.200s", err, out)
	}
	return p.added(ctx)
}

// added is a project of the user's own, to which the tap's definition is added.
func (p *project) added(ctx context.Context) error {
	definition, err := filepath.Abs("tap-gorgias.yml")
	if err != nil {
		return err
	}
	if _, err := p.run(ctx, command{args: []string{p.program, "init", "--no-usage-stats", "fresh"}, dir: p.workDir}); err != nil {
		return err
	}
	fresh := *p
	fresh.dir = p.file("fresh")
	if _, err := fresh.meltano(ctx, nil, "add", "--plugin-type", "extractor", "tap-gorgias", "--from-ref", definition); err != nil {
		return err
	}
	out, err := fresh.meltano(ctx, nil, "config", "test", "tap-gorgias")
	if err != nil || !strings.Contains(out, "Plugin configuration is valid") {
		p.reportDifference("config test in a project to which the tap was added: %s: %v", out, err)
	}
	return nil
}

// carried takes the state out of Meltano and puts it back.
func (p *project) stateIsCarriedOver(ctx context.Context) error {
	state, err := p.meltano(ctx, nil, "state", "get", stateID)
	if err != nil {
		return err
	}
	path, err := p.write("carried.json", state)
	if err != nil {
		return err
	}
	if _, err := p.meltano(ctx, nil, "state", "clear", "--force", stateID); err != nil {
		return err
	}
	if _, err := p.meltano(ctx, nil, "state", "set", "--force", "--input-file", path, stateID); err != nil {
		return err
	}
	p.account.requests.Store(0)
	if err := p.load(ctx); err != nil {
		return err
	}
	if n := p.account.requests.Load(); n > few {
		p.reportDifference("a sync from the state that was put back took %d requests, as if there were none", n)
	}
	marks, err := p.bookmarks(ctx)
	if d := statesMovedBack(bookmarks(state), marks); d != "" {
		p.reportDifference("the state that was put back: %s", d)
	}
	return err
}

// selected loads what is left when streams, columns and what is below them are
// deselected, and when the user has a type of his own for one.
func (p *project) selected(ctx context.Context) error {
	name := database(p.clientRun) + "_selected"
	if err := p.postgres.create(ctx, name); err != nil {
		return err
	}
	env := []string{
		"TARGET_POSTGRES_DATABASE=" + name,
		`TAP_GORGIAS__SELECT=["tickets.*", "!tickets.customer.email", "!tickets.tags", "ticket_messages.*", "!ticket_messages.body_html", "tags.name", "tags.usage"]`,
		`TAP_GORGIAS__SCHEMA={"tags": {"usage": {"type": ["string", "null"]}}}`,
	}
	if _, err := p.meltano(ctx, env, "el", "tap-gorgias", "target-postgres", "--state-id", "selected"); err != nil {
		return err
	}
	w, err := p.postgres.dump(ctx, name, "tap_gorgias")
	if err != nil {
		return err
	}
	all, err := p.account.expected()
	if err != nil {
		return err
	}
	want := expected{"tickets": all["tickets"], "ticket_messages": all["ticket_messages"], "tags": all["tags"]}
	want.drop("tickets", "tags")
	want.drop("ticket_messages", "body_html")
	want.drop("tags", without(slices.Collect(maps.Keys(all["tags"].columns)), "id", "name", "usage")...)
	delete(all["tickets"].columns["customer"].Properties, "email")
	for _, r := range all["tickets"].rows {
		if c, ok := r["customer"].(record); ok {
			// With a part of it deselected, undeclared fields go as well.
			maps.DeleteFunc(c, func(k string, _ any) bool { return all["tickets"].columns["customer"].Properties[k] == nil })
		}
	}
	all["tags"].columns["usage"] = &property{Types: oneOrMore{"string", "null"}}
	for _, r := range all["tags"].rows {
		r["usage"] = all["tags"].columns["usage"].convert(fmt.Sprint(r["usage"]))
	}
	rows, found := want.compare(w, slices.Sorted(maps.Keys(want)), inMeltano, p.past) // of what was deleted a moment ago, a first sync tells too
	p.rows += rows
	for _, f := range found {
		p.reportDifference("selection: %s", f)
	}
	for table := range w {
		if want[table] == nil {
			p.reportDifference("selection: there is a table %s", table)
		}
	}
	return nil
}

// drop takes columns out of a stream of the truth.
func (all expected) drop(stream string, columns ...string) {
	for _, c := range columns {
		delete(all[stream].columns, c)
		for _, r := range all[stream].rows {
			delete(r, c)
		}
	}
}
