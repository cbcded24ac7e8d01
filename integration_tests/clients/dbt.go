//go:build clients

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"source-gorgias/integration_tests/documents"
)

// A dbtProject is the package in dbt/, as a project that builds on the tables of one load.
type dbtProject struct {
	*clientRun
	program, dir string
	vars         map[string]any
	env          []string
	target       string
}

// dbtSchema is the schema of the target; the package adds its own suffixes.
const dbtSchema = "analytics"

// newDBT copies the package, with what a mutant changes in it.
func newDBT(ctx context.Context, v *clientRun, target, profile string, vars map[string]any, env ...string) (*dbtProject, error) {
	e, err := v.get(ctx, v.harness, "dbt")
	if err != nil {
		return nil, err
	}
	p := &dbtProject{clientRun: v, program: e.program("dbt"), dir: v.file("dbt-" + target), vars: vars, target: target, env: append(env,
		"PGTZ=America/New_York", "DBT_SEND_ANONYMOUS_USAGE_STATS=false", "DBT_PROFILES_DIR="+v.workDir, "DBT_NO_VERSION_CHECK=1")}
	if err := os.CopyFS(p.dir, os.DirFS("dbt")); err != nil {
		return nil, fmt.Errorf("%w\nhint: this program runs at the root of the repository", err)
	}
	if v.model != nil {
		if err := p.spoil(v.model); err != nil {
			return nil, err
		}
	}
	_, err = v.write("profiles.yml", "gorgias:\n  target: "+target+"\n  outputs:\n    "+target+": "+profile+"\n")
	return p, err
}

// spoil applies a mutant to every file of the package; it has to change one.
func (p *dbtProject) spoil(change func(path, text string) string) error {
	changed := 0
	err := filepath.WalkDir(p.dir, func(path string, f os.DirEntry, err error) error {
		if err != nil || f.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(p.dir, path)
		if err != nil {
			return err
		}
		if spoiled := change(name, string(text)); spoiled != string(text) {
			changed++
			return os.WriteFile(path, []byte(spoiled), 0o600)
		}
		return nil
	})
	if err == nil && changed == 0 {
		err = fmt.Errorf("the mutant changes nothing in the package")
	}
	return err
}

// dbt runs one of dbt's commands.
func (p *dbtProject) dbt(ctx context.Context, args ...string) ([]byte, error) {
	vars, err := json.Marshal(p.vars)
	if err != nil {
		return nil, err
	}
	return p.run(ctx, command{dir: p.dir, env: p.env,
		args: append(append([]string{p.program}, args...), "--project-dir", p.dir, "--target", p.target, "--vars", string(vars), "--threads", "2")})
}

// postgresProfile is the target for a database of our server.
func (p *postgres) dbtProfile(database string) string {
	return fmt.Sprintf("{type: postgres, host: 127.0.0.1, port: %d, user: %s, password: %q, dbname: %s, schema: %s, threads: 2}", p.port, p.user, p.password, database, dbtSchema)
}

// dbtInPostgres loads PostgreSQL through Meltano, with the wheel, and builds on it.
func dbtInPostgres(ctx context.Context, v *clientRun) error {
	if err := v.postgres.create(ctx, database(v)); err != nil {
		return err
	}
	released, err := v.packed()
	if err != nil {
		return err
	}
	loads, err := v.wheelProject(ctx, released, "project", "tap-gorgias")
	if err != nil {
		return err
	}
	loads.env = append(append(loads.env, withKey...), "TAP_GORGIAS_RECONCILE_NOW=true", "TAP_GORGIAS_REPORTS="+dbtReports)
	p, err := newDBT(ctx, v, "warehouse", v.postgres.dbtProfile(database(v)), map[string]any{"gorgias_loader": "singer", "gorgias_schema": "tap_gorgias", "gorgias_has_statistics": true})
	if err != nil {
		return err
	}
	if err := p.histories(ctx, func() error { return loads.load(ctx) }, func() (warehouse, error) {
		return v.postgres.dump(ctx, database(v), dbtSchema+"_gorgias")
	}); err != nil {
		return err
	}
	if err := p.recipesInPostgres(ctx); err != nil {
		return err
	}
	return p.quickStart(ctx)
}

// quickStart runs the commands of dbt/README.md in a project of the user's own, on the
// tables that are there.
func (p *dbtProject) quickStart(ctx context.Context) error {
	blocks, err := documents.Blocks("dbt/README.md")
	if err != nil {
		return err
	}
	dir := p.file("shop")
	if err := os.MkdirAll(filepath.Join(dir, "source-gorgias"), 0o755); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(dir, "source-gorgias", "dbt"), os.DirFS("dbt")); err != nil {
		return err
	}
	profile := "shop:\n  target: dev\n  outputs:\n    dev: " + strings.Replace(p.postgres.dbtProfile(database(p.clientRun)), "schema: "+dbtSchema, "schema: shop", 1) + "\n"
	if err := os.WriteFile(filepath.Join(dir, "profiles.yml"), []byte(profile), 0o600); err != nil {
		return err
	}
	env := append(p.env[:len(p.env):len(p.env)], "DBT_PROFILES_DIR="+dir, "PATH="+filepath.Dir(p.program)+":"+os.Getenv("PATH"))
	for _, b := range blocks {
		if b.Language != "sh" {
			continue
		}
		if _, err := p.run(ctx, command{dir: dir, env: env, args: []string{"bash", "-euo", "pipefail", "-c", b.Text}}); err != nil {
			return fmt.Errorf("dbt/README.md:%d: %w", b.Line, err)
		}
	}
	w, err := p.postgres.dump(ctx, database(p.clientRun), "shop_gorgias")
	if err != nil {
		return err
	}
	return p.compareCurrent("quick start", w)
}

// dbtReports are the reports that the reconciliation model reads.
const dbtReports = `[{"scope":"standard"}]`

// dbtInDuckDB loads DuckDB through PyAirbyte, with the wheel, and builds on it.
func dbtInDuckDB(ctx context.Context, v *clientRun) error {
	var settings map[string]any
	if err := json.Unmarshal([]byte(v.account.settings(key)), &settings); err != nil {
		return err
	}
	settings["reconcile_now"], settings["reports"] = true, json.RawMessage(dbtReports)
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	config, err := v.write("reconciling.json", string(text))
	if err != nil {
		return err
	}
	file := v.file("cache.duckdb")
	p, err := newDBT(ctx, v, "warehouse", fmt.Sprintf("{type: duckdb, path: %q, schema: %s, threads: 2}", file, dbtSchema), map[string]any{"gorgias_has_statistics": true})
	if err != nil {
		return err
	}
	released, err := v.packed()
	if err != nil {
		return err
	}
	programs, err := v.install(ctx, released)
	if err != nil {
		return err
	}
	load := func() error { _, err := v.run(ctx, v.airbyteSyncOf(programs, config, file)); return err }
	return p.histories(ctx, load, func() (warehouse, error) { return v.readDuckDB(ctx, file, dbtSchema+"_gorgias") })
}

// histories loads and builds, first as the account is and then after random changes, and
// compares the current models with the account each time.
func (p *dbtProject) histories(ctx context.Context, load func() error, read func() (warehouse, error)) error {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	rounds := 3
	if p.hasty {
		rounds = 2
	}
	for round := range rounds {
		if round > 0 {
			if err := p.account.history(r, 40); err != nil {
				return err
			}
		}
		if err := load(); err != nil {
			return err
		}
		if _, err := p.dbt(ctx, "build"); err != nil {
			return fmt.Errorf("round %d of seed %d: %w", round, seed, err)
		}
		w, err := read()
		if err != nil {
			return err
		}
		if err := p.compareCurrent(fmt.Sprintf("round %d of seed %d", round, seed), w); err != nil {
			return err
		}
	}
	return nil
}

// history lets the account live through random changes, and those that no random change makes for sure.
func (a *account) history(r *rand.Rand, changes int) error {
	if err := a.deleteAndMerge(); err != nil {
		return err
	}
	for range changes {
		a.Mutate(r)
	}
	tickets, err := a.list("tickets")
	if err != nil {
		return err
	}
	for _, i := range r.Perm(len(tickets))[:20] {
		t := tickets[i]
		if tags, _ := t["tags"].([]any); len(tags) > 0 {
			tag, _ := tags[0].(record)
			a.ToggleTicketTag(id(t), id(tag))
		}
		a.RemoveTicketField(id(t))
	}
	return nil
}

// A currentModel is a current model, with the stream whose records it holds.
type currentModel struct {
	table, stream string
	key           []string
	// fields are the columns that are named otherwise than the field; the rest follows the
	// rules of fieldOf.
	fields map[string]string
	// extra are the columns that no field has.
	extra []string
}

func currentModels() []currentModel {
	return []currentModel{
		{"gorgias__tickets", "tickets", []string{"ticket_id"}, map[string]string{"ticket_id": "id", "snoozed_until": "snooze_datetime", "is_trashed": "trashed_datetime"}, []string{"is_snoozed"}},
		{"gorgias__messages", "ticket_messages", []string{"message_id"}, map[string]string{"message_id": "id", "is_deleted": "deleted_datetime"}, nil},
		{"gorgias__customers", "customers", []string{"customer_id"}, map[string]string{"customer_id": "id", "customer_name": "name"}, nil},
		{"gorgias__ticket_tags", "ticket_tags", []string{"ticket_id", "tag_id"}, map[string]string{"tag_id": "id", "tag_name": "name"}, nil},
		{"gorgias__ticket_field_values", "ticket_custom_field_values", []string{"ticket_id", "custom_field_id"}, map[string]string{"custom_field_id": "id", "field_value": "value"}, nil},
		{"gorgias__customer_field_values", "customer_custom_field_values", []string{"customer_id", "custom_field_id"}, map[string]string{"custom_field_id": "id", "field_value": "value"}, nil},
		{"gorgias__surveys", "satisfaction_surveys", []string{"survey_id"}, map[string]string{"survey_id": "id", "comment_text": "body_text"}, []string{"has_ticket"}},
	}
}

// fieldOf returns the field that a column of the model has, and whether the column is a flag.
func (m currentModel) fieldOf(column string) (field string, flag bool) {
	name, flag := strings.CutPrefix(column, "is_")
	if field, ok := m.fields[column]; ok {
		return field, flag
	}
	if at, ok := strings.CutSuffix(column, "_at"); ok {
		return at + "_datetime", false
	}
	if column == "is_unread" {
		return column, true
	}
	return name, flag
}

// row returns the model's row of a record.
func (m currentModel) row(columns map[string]string, r record) record {
	row := record{}
	for column := range columns {
		field, flag := m.fieldOf(column)
		value, known := r[field]
		truth, isBool := value.(bool)
		switch {
		case slices.Contains(m.extra, column):
		case !known:
			row[column] = "no field " + field
		case flag && !isBool && (column != "is_from_agent" && column != "is_unread" && column != "is_active" || m.table == "gorgias__messages"):
			row[column] = value != nil // a time, or a flag without a value
		case flag && isBool:
			row[column] = truth
		default:
			row[column] = value
		}
	}
	return row
}

// compareCurrent compares the current models with the account, row by row and value by value.
func (p *dbtProject) compareCurrent(when string, w warehouse) error {
	all, err := p.account.expected()
	if err != nil {
		return err
	}
	for _, m := range currentModels() {
		s := w[m.table]
		if s == nil {
			p.reportDifference("%s: there is no %s", when, m.table)
			continue
		}
		p.streams[m.table] = true
		want := map[string]record{}
		for _, r := range all[m.stream].rows {
			row := m.row(s.columns, r)
			want[keyOf(m.key, row)] = row
		}
		for _, got := range s.rows {
			p.rows++
			k := keyOf(m.key, got)
			expected, ok := want[k]
			if !ok {
				p.reportDifference("%s: %s: row %s is not in the account, or stands twice", when, m.table, k)
				continue
			}
			delete(want, k)
			for column, value := range expected {
				if a, b := comparable(got[column]), comparable(value); a != b {
					p.reportDifference("%s: %s: row %s: %s is %s, not %s", when, m.table, k, column, cutShort(a), cutShort(b))
				}
			}
		}
		for _, k := range slices.Sorted(maps.Keys(want)) {
			p.reportDifference("%s: %s: row %s is missing", when, m.table, k)
		}
	}
	if p.hasty && len(p.found) > 0 {
		return errEnough
	}
	return nil
}

// comparable spells a value, a timestamp in the account's own form.
func comparable(v any) string {
	if text, ok := v.(string); ok {
		if at, ok := canonicalTimestamp(text); ok {
			return at
		}
	}
	return canonical(v)
}
