//go:build clients

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// inDuckDB is what PyAirbyte makes of our types.
var inDuckDB = dialect{
	own:       func(column string) bool { return strings.HasPrefix(column, "_airbyte_") },
	tombstone: "_ab_cdc_deleted_at",
	types: map[string][]string{
		"integer": {"BIGINT"}, "number": {"DECIMAL(38,9)"}, "string": {"VARCHAR"}, "boolean": {"BOOLEAN"}, "timestamp": {"TIMESTAMP"},
		"object": {"JSON"}, "array": {"JSON"},
	},
}

// A step is one sync, after something may have happened in the account.
type step struct {
	when   string
	change func(*account) error
}

// pyAirbyte reads everything into DuckDB; then once more, when nothing has
// changed; then what has; then what is gone.
func pyAirbyte(ctx context.Context, v *clientRun) error {
	return v.airbyte(ctx, v.account.config, []step{
		{"first sync", nil}, {"second sync, at rest", nil},
		{"third sync, after changes", (*account).changeRecords}, {"fourth sync, after deletions", (*account).deleteAndMerge},
	})
}

// pyAirbyteApp reads with OAuth2. A refresh token is taken once, and access
// tokens end in the middle of a sync, so that what the program says of new ones
// has to come back to it.
func pyAirbyteApp(ctx context.Context, v *clientRun) error {
	config, err := v.write("grant.json", v.account.grant())
	if err != nil {
		return err
	}
	if err := v.airbyte(ctx, config, []step{{"first sync", nil}, {"second sync, after changes", (*account).changeRecords}}, keep); err != nil || v.hasty {
		return err
	}
	// PyAirbyte leaves it to its user to keep them. Who does not is refused by
	// the next command, and be it of the same session.
	if err := v.open(true); err != nil {
		return err
	}
	if config, err = v.write("lost.json", v.account.grant()); err != nil {
		return err
	}
	var ended *commandFailed
	lost := v.airbyteSync(config, v.file("lost.duckdb"))
	lost.env = []string{"AIRBYTE_LOGGING_ROOT=" + v.file("logs")}
	if _, err := v.run(ctx, lost); !errors.As(err, &ended) {
		v.reportDifference("if the tokens are not kept, a sync ended so: %v", err)
	}
	said := false // what connectors say, PyAirbyte writes into a file
	err = filepath.WalkDir(v.file("logs"), func(path string, f fs.DirEntry, err error) error {
		if err == nil && f.Type().IsRegular() {
			var log []byte
			log, err = os.ReadFile(path)
			said = said || strings.Contains(string(log), "authorize it again")
		}
		return err
	})
	if !said {
		v.reportDifference("if the tokens are not kept, no log says what to do")
	}
	return err
}

// keep makes the script keep the tokens that it receives.
const keep = "keep"

// airbyteSync is one sync of PyAirbyte.
func (v *clientRun) airbyteSync(config, database string, more ...string) command {
	return v.airbyteSyncOf(v.programs, config, database, more...)
}

// airbyteSyncOf is the same, with the program in a directory.
func (v *clientRun) airbyteSyncOf(programs, config, database string, more ...string) command {
	return command{dir: v.workDir, args: append([]string{
		v.env.program("python"), v.script("pyairbyte.py"), filepath.Join(programs, "source-gorgias"), config, database, v.file("summary.json"),
	}, more...)}
}

// airbyte makes syncs of PyAirbyte, and compares after each.
func (v *clientRun) airbyte(ctx context.Context, config string, steps []step, more ...string) error {
	database := v.file("cache.duckdb")
	all, err := v.account.expected()
	if err != nil {
		return err
	}
	whole := 0
	for _, t := range all {
		if t.whole {
			whole += len(t.rows)
		}
	}
	for i, step := range steps {
		least, most := whole, whole // records that are read
		switch {
		case i == 0:
			least, most = all.count(), all.count()
		case step.change != nil:
			least, most = whole+1, whole+200
			if err := step.change(v.account); err != nil {
				return err
			}
		}
		if _, err := v.run(ctx, v.airbyteSync(config, database, more...)); err != nil {
			return fmt.Errorf("%s: %w", step.when, err)
		}
		raw, err := os.ReadFile(v.file("summary.json"))
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
			v.reportDifference("%s: %d streams are offered, not %d", step.when, len(said.Streams), len(all))
		}
		if said.Records < least || said.Records > most {
			v.reportDifference("%s: %d records were read, not %d to %d", step.when, said.Records, least, most)
		}
		if n := v.account.tokenRequests(); i == 0 && slices.Contains(more, keep) && n < 2 {
			v.reportDifference("%s: %d access tokens: none ended in its middle", step.when, n)
		}
		w, err := v.readDuckDB(ctx, database, "gorgias")
		if err != nil {
			return err
		}
		if err := v.compare(step.when, w, said.Streams, inDuckDB); err != nil {
			return err
		}
		if err := v.checkNulls(ctx, step.when, "gorgias", inDuckDB.tombstone, false, v.countInDuckDB(database)); err != nil {
			return err
		}
	}
	return nil
}

// standardTests runs what the kit for Airbyte's connectors runs for each.
func standardTests(ctx context.Context, v *clientRun) error {
	wrong, err := v.write("wrong.json", v.account.settings("not the key"))
	if err != nil {
		return err
	}
	out, err := v.run(ctx, command{
		args: []string{v.env.program("python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "airbyte_cdk.test.standard_tests.pytest_hooks",
			"-m", "not image_tests", "-W", "ignore::pytest.PytestUnknownMarkWarning", v.script("standard.py")},
		dir: v.workDir,
		env: []string{"SOURCE=" + filepath.Join(v.programs, "source-gorgias"), "CONFIG=" + v.account.config, "WRONG_CONFIG=" + wrong},
	})
	if err != nil {
		return err
	}
	// spec; check, basic_read, fail_read_with_bad_catalog, config_matches_spec
	// with each config; discover with the good one.
	if want := regexp.MustCompile(`(?m)^10 passed, 1 skipped`); !want.Match(out) {
		v.reportDifference("not the tests that were expected:\n%s", tail(out))
	}
	return nil
}

// inMessages is what records are before anybody stores them.
var inMessages = dialect{own: func(string) bool { return false }, tombstone: "_ab_cdc_deleted_at"}

// protocolModels reads all that the program writes with the official models of
// the protocol, and compares the records they make of it.
func protocolModels(ctx context.Context, v *clientRun) error {
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
		var ended *commandFailed
		switch fails := errors.As(err, &ended); {
		case err != nil && !fails || fails && name != "failed":
			return fmt.Errorf("%s: %w", name, err)
		case name == "failed" && !fails:
			v.reportDifference("a read with a wrong key ended well")
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
	all, err := v.account.expected()
	if err != nil {
		return err
	}
	return v.compare("read", w, all.names(), inMessages)
}
