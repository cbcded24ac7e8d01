//go:build clients

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"source-gorgias/integration_tests/documents"
)

// documentRuns does what the documents have people do at a shell with Meltano
// and PostgreSQL beside it: of each document, all blocks in one session, which
// begins in an empty directory.
func documentRuns(ctx context.Context, v *clientRun) error {
	found, err := sessions()
	if err != nil {
		return err
	}
	for i, blocks := range found {
		name := database(v) + "_" + strconv.Itoa(i)
		if err := v.document(ctx, blocks, name); err != nil {
			return fmt.Errorf("%s: %w", blocks[0].File, err)
		}
	}
	return nil
}

// sessions are the blocks that are ours to run, by document.
func sessions() (all [][]documents.Block, err error) {
	err = filepath.WalkDir(".", func(path string, f fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case f.IsDir() && (strings.HasPrefix(f.Name(), ".") && path != "." || f.Name() == "testdata" || path == "dbt"): // quickStart runs those of dbt
			return fs.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		blocks, err := documents.Blocks(path)
		if err != nil {
			return err
		}
		var ours []documents.Block
		language := ""
		for _, b := range blocks {
			if b.Language != "text" { // else it is the output of the block before
				language = b.Language
			}
			if b.By == "clients" && language != "sql" && language != "python" { // checkCurrent, recipeRuns and exampleRuns run those
				ours = append(ours, b)
			}
		}
		if ours != nil {
			all = append(all, ours)
		}
		return nil
	})
	if err == nil && all == nil {
		err = errors.New("no document has a block for us")
	}
	return all, err
}

// document runs the blocks of one document, and looks at what was loaded.
func (v *clientRun) document(ctx context.Context, blocks []documents.Block, name string) error {
	if err := v.open(true); err != nil {
		return err
	}
	// The account is one of those that source-gorgias sandbox serves.
	v.account.Email, v.account.APIKey = "sandbox@example.com", "sandbox-key"
	v.account.ClientID, v.account.ClientSecret, v.account.RefreshToken = "sandbox-app", "sandbox-secret", "sandbox-refresh"
	if err := v.postgres.create(ctx, name); err != nil {
		return err
	}
	text, err := v.typed(ctx, blocks)
	if err != nil || text == "" {
		return err
	}
	if v.session != nil {
		text = v.session(text)
	}
	env, err := v.shell(ctx, name)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(v.workDir, "document")
	if err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS("examples")); err != nil {
		return err
	}
	if _, err := v.run(ctx, command{args: []string{"bash", "-euo", "pipefail", "-c", text}, dir: dir, env: env, limit: 15 * time.Minute}); err != nil {
		return err
	}
	return v.loadedBy(ctx, name)
}

// typed is what a user types who follows the blocks; "" if there is
// nothing to type. Blocks that are not commands are only read.
func (v *clientRun) typed(ctx context.Context, blocks []documents.Block) (string, error) {
	var text strings.Builder
	for _, b := range blocks {
		place := fmt.Sprintf("%s:%d", b.File, b.Line)
		switch b.Language {
		case "sh":
			if text.Len() == 0 {
				text.WriteString("trap 'code=$?; [ $code = 0 ] || echo \"the block at $block ended with code $code\" >&2' EXIT\n")
			}
			fmt.Fprintf(&text, "block=%s\n%s", place, b.Text)
		case "yaml", "json": // which is YAML too
			path, err := v.write("block.yaml", b.Text)
			if err == nil {
				_, err = v.run(ctx, command{args: []string{v.env.program("python"), "-c", "import sys, yaml\nfor part in yaml.safe_load_all(open(sys.argv[1], encoding='utf-8')):\n    assert isinstance(part, (dict, list)), 'neither a mapping nor a list'", path}})
			}
			if err != nil {
				return "", fmt.Errorf("%s: %w", place, err)
			}
		default:
			return "", fmt.Errorf("%s: there is no way to run %s", place, b.Language)
		}
	}
	return text.String(), nil
}

// shell is the environment of such a session. Packages come from a directory,
// as they are frozen for our own.
func (v *clientRun) shell(ctx context.Context, database string) ([]string, error) {
	p, err := v.packed()
	if err != nil {
		return nil, err
	}
	loader, err := v.get(ctx, v.harness, "meltanolabs")
	if err != nil {
		return nil, err
	}
	wheels, err := v.wheels(ctx, loader)
	if err != nil {
		return nil, err
	}
	bin, err := os.MkdirTemp(v.workDir, "bin")
	if err != nil {
		return nil, err
	}
	if err := os.Symlink(v.env.program("meltano"), filepath.Join(bin, "meltano")); err != nil { // and no other program from beside it
		return nil, err
	}
	return append(v.postgres.variables(database),
		"PATH="+bin+":"+os.Getenv("PATH")+":"+filepath.Dir(v.postgres.psql)+":"+v.programs,
		"WHEEL="+p.wheel, "GORGIAS_BASE_URL="+v.account.url,
		"PYTHONDONTWRITEBYTECODE=", // what it installs would be compiled by every command
		"UV_OFFLINE=1", "UV_NO_INDEX=1", "UV_FIND_LINKS="+wheels, "PIP_NO_INDEX=1", "PIP_FIND_LINKS="+wheels), nil
}

// loadedBy looks at what a session has loaded: which rows and which columns is
// the document's choice, but what they hold is the account's.
func (v *clientRun) loadedBy(ctx context.Context, name string) error {
	schemas, err := v.postgres.query(ctx, name, "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')")
	if err != nil {
		return err
	}
	all, err := v.account.expected()
	if err != nil {
		return err
	}
	before := v.rows
	for _, schema := range strings.Fields(string(schemas)) {
		w, err := v.postgres.dump(ctx, name, schema)
		if err != nil {
			return err
		}
		for table, s := range w {
			t := all[table]
			if t == nil {
				continue // the document's own
			}
			rows, found := expected{table: t.selectColumns(s)}.compare(w, []string{table}, inMeltano, nil)
			if rows == 0 {
				v.reportDifference("%s.%s is empty", schema, table)
			}
			v.rows, v.streams[table] = v.rows+rows, true
			for _, f := range found {
				v.reportDifference("%s.%s", schema, f)
			}
		}
	}
	if v.rows == before {
		v.reportDifference("nothing was loaded into PostgreSQL")
	}
	return nil
}

// selectColumns returns what is expected of the rows and columns of a table, whose other
// columns go: the destination's own stay, and objects, which may have come in
// part.
func (t *expectedStream) selectColumns(s *stored) *expectedStream {
	c := &expectedStream{source: t.source, columns: map[string]*property{}, rows: map[string]record{}}
	for name := range s.columns {
		switch p := t.columns[name]; {
		case p != nil && p.jsonType() != "object":
			c.columns[name] = p
		case p != nil:
			delete(s.columns, name)
			for _, r := range s.rows {
				delete(r, name)
			}
		}
	}
	for _, r := range s.rows {
		k := keyOf(t.key, r)
		if row := t.rows[k]; row != nil {
			c.rows[k] = row
		}
	}
	return c
}
