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
	"strings"
)

// inDuckDB is what PyAirbyte makes of our types.
var inDuckDB = dialect{
	own:       func(column string) bool { return strings.HasPrefix(column, "_airbyte_") },
	tombstone: "_ab_cdc_deleted_at",
	types: map[string][]string{
		"integer": {"BIGINT"}, "string": {"VARCHAR"}, "boolean": {"BOOLEAN"}, "instant": {"TIMESTAMP"},
		"object": {"JSON"}, "array": {"JSON"},
	},
}

// pyAirbyte reads everything into DuckDB; then once more, when nothing has
// changed; then what has.
func pyAirbyte(ctx context.Context, v *visit) error {
	database, summary := v.file("cache.duckdb"), v.file("summary.json")
	all, err := v.account.truth()
	if err != nil {
		return err
	}
	whole := 0
	for _, t := range all {
		if t.whole {
			whole += len(t.rows)
		}
	}
	for _, step := range []struct {
		when        string
		change      func(*account) error
		least, most int // records read
	}{
		{"first sync", nil, all.count(), all.count()},
		{"second sync, at rest", nil, whole, whole},
		{"third sync, after changes", (*account).live, whole + 1, whole + 200},
		{"fourth sync, after deletions", (*account).bury, whole + 1, whole + 200},
	} {
		if step.change != nil {
			if err := step.change(v.account); err != nil {
				return err
			}
		}
		if _, err := v.run(ctx, command{args: []string{
			v.env.program("python"), v.script("pyairbyte.py"), filepath.Join(v.programs, "source-gorgias"), v.account.config, database, summary,
		}, dir: v.here}); err != nil {
			return fmt.Errorf("%s: %w", step.when, err)
		}
		raw, err := os.ReadFile(summary)
		if err != nil {
			return err
		}
		var said struct {
			Streams []string
			Records int
		}
		if err := json.Unmarshal(raw, &said); err != nil {
			return err
		}
		if len(said.Streams) != len(all) {
			v.differs("%s: %d streams are offered, not %d", step.when, len(said.Streams), len(all))
		}
		if said.Records < step.least || said.Records > step.most {
			v.differs("%s: %d records were read, not %d to %d", step.when, said.Records, step.least, step.most)
		}
		w, err := v.duck(ctx, database, "gorgias")
		if err != nil {
			return err
		}
		if err := v.holds(step.when, w, said.Streams, inDuckDB); err != nil {
			return err
		}
	}
	return nil
}

// standardTests runs what the kit for Airbyte's connectors runs for each.
func standardTests(ctx context.Context, v *visit) error {
	wrong, err := v.write("wrong.json", v.account.settings("not the key"))
	if err != nil {
		return err
	}
	out, err := v.run(ctx, command{
		args: []string{v.env.program("python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "airbyte_cdk.test.standard_tests.pytest_hooks",
			"-m", "not image_tests", "-W", "ignore::pytest.PytestUnknownMarkWarning", v.script("standard.py")},
		dir: v.here,
		env: []string{"SOURCE=" + filepath.Join(v.programs, "source-gorgias"), "CONFIG=" + v.account.config, "WRONG_CONFIG=" + wrong},
	})
	if err != nil {
		return err
	}
	// spec; check, basic_read, fail_read_with_bad_catalog, config_matches_spec
	// with each config; discover with the good one.
	if want := regexp.MustCompile(`(?m)^10 passed, 1 skipped`); !want.Match(out) {
		v.differs("not the tests that were expected:\n%s", tail(out))
	}
	return nil
}

// inMessages is what records are before anybody stores them.
var inMessages = dialect{own: func(string) bool { return false }, tombstone: "_ab_cdc_deleted_at"}

// protocolModels reads all that the program writes with the official models of
// the protocol, and compares the records they make of it.
func protocolModels(ctx context.Context, v *visit) error {
	program := filepath.Join(v.programs, "source-gorgias")
	wrong, err := v.write("wrong.json", v.account.settings("not the key"))
	if err != nil {
		return err
	}
	models := []string{v.env.program("python"), v.script("models.py")}
	for name, args := range map[string][]string{
		"spec":     {"spec"},
		"check":    {"check", "--config", v.account.config},
		"refused":  {"check", "--config", wrong},
		"discover": {"discover", "--config", v.account.config},
		"failed":   {"read", "--config", wrong},
	} {
		out, err := v.run(ctx, command{args: append([]string{program}, args...)})
		var ended *exit
		switch fails := errors.As(err, &ended); {
		case err != nil && !fails || fails && name != "failed":
			return fmt.Errorf("%s: %w", name, err)
		case name == "failed" && !fails:
			v.differs("a read with a wrong key ended well")
		}
		path, err := v.write(name+".jsonl", string(out))
		if err != nil {
			return err
		}
		models = append(models, path)
	}
	if out, err := v.run(ctx, command{args: models}); err != nil || len(out) > 0 {
		return fmt.Errorf("records where none belong, or none that can be read: %.200s: %w", out, err)
	}
	read, err := v.run(ctx, command{args: []string{program, "read", "--config", v.account.config}})
	if err != nil {
		return err
	}
	path, err := v.write("read.jsonl", string(read))
	if err != nil {
		return err
	}
	out, err := v.run(ctx, command{args: []string{models[0], models[1], path}})
	if err != nil {
		return err
	}
	w, err := readTables(out)
	if err != nil {
		return err
	}
	all, err := v.account.truth()
	if err != nil {
		return err
	}
	return v.holds("read", w, all.names(), inMessages)
}
