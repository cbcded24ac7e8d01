//go:build clients

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"source-gorgias/integration_tests/documents"
)

// documentedExport returns the line of docs/verify.md that exports from a warehouse.
func documentedExport(start string) (string, error) {
	blocks, err := documents.Blocks("docs/verify.md")
	if err != nil {
		return "", err
	}
	for _, b := range blocks {
		if line, ok := strings.CutPrefix(strings.TrimSpace(b.Text), "export: "); ok && strings.HasPrefix(line, start) {
			return line, nil
		}
	}
	return "", fmt.Errorf("docs/verify.md has no line that exports with %q", start)
}

// verifyExport runs verify with what a command exports, and checks its exit code.
func (v *clientRun) verifyExport(ctx context.Context, export command, state string, code int) error {
	rows, err := v.run(ctx, export)
	if err != nil {
		return err
	}
	c := command{args: []string{filepath.Join(v.programs, "source-gorgias"), "verify", "--config", v.account.config, "--stream", "tickets",
		"--state", state, "--settle", "0"}}
	cmd := v.start(ctx, c)
	cmd.Stdin = strings.NewReader(string(rows))
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return err
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		v.reportDifference("verify ends with %d, not %d:\n%s", got, code, tail(out))
	}
	return nil
}

// verifyPostgres verifies what was loaded into PostgreSQL, then with a row less, with
// another status, and with a row that is left over.
func verifyPostgres(ctx context.Context, v *clientRun, state string) error {
	line, err := documentedExport("psql ")
	if err != nil {
		return err
	}
	// The columns that the target stores as they are.
	columns := "(select id, updated_datetime, created_datetime, status, tags from gorgias.tickets)"
	line = strings.Replace(line, "helpdesk.tickets", columns, 1)
	export := command{args: []string{"bash", "-euo", "pipefail", "-c", strings.Replace(line, "psql", v.postgres.psql, 1)}, env: v.postgres.variables(database(v))}
	if err := v.verifyExport(ctx, export, state, 0); err != nil {
		return err
	}
	// One that the changes before did not touch.
	one := "select id from gorgias.tickets where updated_datetime < now() - interval '2 days' order by id offset 200 limit 1"
	for _, fault := range []string{
		"delete from gorgias.tickets where id = (" + one + ")",
		"update gorgias.tickets set status = 'planted' where id = (" + one + ")",
		"update gorgias.tickets set id = id + 1000000000 where id = (" + one + ")",
	} {
		planted := command{args: []string{v.postgres.psql, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", "begin; " + fault + ";" + strings.Trim(line[strings.Index(line, "'"):], "'") + "; rollback"},
			env: v.postgres.variables(database(v))}
		if err := v.verifyExport(ctx, planted, state, 1); err != nil {
			return err
		}
	}
	return nil
}

// verifyDuckDB verifies what was loaded into a DuckDB file.
func verifyDuckDB(ctx context.Context, v *clientRun, state string) error {
	statement, err := documentedExport("copy ")
	if err != nil {
		return err
	}
	program := "import duckdb, sys\nduckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2])"
	export := command{args: []string{v.env.program("python"), "-c", program, v.file("target.duckdb"), statement}}
	return v.verifyExport(ctx, export, state, 0)
}
