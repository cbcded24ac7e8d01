//go:build clients

package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

//go:embed python/*.py
var scripts embed.FS

// A harness is what the clients need: the program, a PostgreSQL server, the
// environments they live in. Nothing of it is left behind but the environments.
type harness struct {
	dir      string // everything is in here
	env      []string
	programs string // the directory with the program, under both its names
	packed   func() (*wheel, error)
	session  func(script string) string     // spoils a document's commands; nil leaves them
	model    func(path, text string) string // spoils a file of the package for dbt; nil leaves all
	*environments
	postgres *postgres
}

// openBench builds the program and starts the server.
func openHarness(ctx context.Context, python, cache string) (b *harness, err error) {
	path, err := findPython(ctx, python)
	if err != nil {
		return nil, err
	}
	if cache, err = filepath.Abs(cache); err != nil {
		return nil, err
	}
	b = &harness{environments: &environments{python: path, dir: cache, made: map[string]func() (*environment, error){}}}
	if b.dir, err = os.MkdirTemp("", "clients"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	b.programs = filepath.Join(b.dir, "bin")
	b.packed = sync.OnceValues(func() (*wheel, error) { return b.buildWheel(ctx) })
	b.env = b.environ()
	build := b.start(ctx, command{args: []string{"go", "build", "-trimpath", "-o", filepath.Join(b.programs, "source-gorgias"), "source-gorgias"}})
	build.Dir, build.Env = "", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, commandError(ctx, command{args: build.Args}, err, out)
	}
	err = errors.Join(
		os.Symlink("source-gorgias", filepath.Join(b.programs, "tap-gorgias")),
		os.CopyFS(b.dir, scripts),
		os.Mkdir(filepath.Join(b.dir, "tmp"), 0o777),
		os.Chmod(b.dir, 0o711), // the server of another user has its data below
	)
	if err == nil {
		b.postgres, err = openPostgres(ctx, b)
	}
	return b, err
}

// surroundings are what every client finds around it: nothing of this machine's
// but the PATH, no home but ours, no telemetry. What asks the internet all the
// same comes upon a proxy that is not there.
func (b *harness) environ() []string {
	nowhere := "http://127.0.0.1:9"
	return []string{
		"PATH=" + b.programs + ":" + os.Getenv("PATH"), "HOME=" + b.dir, "TMPDIR=" + filepath.Join(b.dir, "tmp"),
		"LANG=C.UTF-8", "TZ=America/New_York", // what depends on the machine's time zone shows itself
		"HTTP_PROXY=" + nowhere, "HTTPS_PROXY=" + nowhere, "http_proxy=" + nowhere, "https_proxy=" + nowhere,
		"NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
		"DO_NOT_TRACK=1", "AIRBYTE_OFFLINE_MODE=1", "AIRBYTE_LOGGING_ROOT=" + filepath.Join(b.dir, "airbyte"), "MELTANO_SEND_ANONYMOUS_USAGE_STATS=0",
		"PYTHONDONTWRITEBYTECODE=1", "NO_COLOR=1",
	}
}

func (b *harness) close() {
	if b.postgres != nil {
		b.postgres.close()
	}
	_ = os.RemoveAll(b.dir) // a directory for temporary files; nothing depends on it
}

// script returns the path of one of our Python programs.
func (b *harness) script(name string) string { return filepath.Join(b.dir, "python", name) }

// A clientRun is one run of a client.
type clientRun struct {
	*harness
	client   client
	hasty    bool              // the first difference is enough
	workDir  string            // the client's own files
	env      *environment      // the first of its environments
	versions map[string]string // of the packages of all
	account  *account

	past    expected // what the warehouse was compared with so far
	streams map[string]bool
	rows    int
	found   []string
	err     error
	took    time.Duration
}

// newClientRun runs a client, with the program or a mutant of it.
func (b *harness) newClientRun(ctx context.Context, c client, m *mutant) *clientRun {
	v := &clientRun{harness: b, client: c, hasty: m != nil, streams: map[string]bool{}, versions: map[string]string{}}
	name := c.name
	if m != nil {
		name += "-" + m.name
	}
	v.workDir = filepath.Join(b.dir, strings.ReplaceAll(name, " ", "-"))
	v.err = func() (err error) {
		if err := os.Mkdir(v.workDir, 0o755); err != nil {
			return err
		}
		for i, name := range c.envs {
			e, err := b.get(ctx, b, name)
			if err != nil {
				return err
			}
			if i == 0 {
				v.env = e
			}
			maps.Copy(v.versions, e.versions)
		}
		if m != nil {
			if v.harness, err = b.withMutant(m, v.workDir); err != nil {
				return err
			}
		}
		began := time.Now()
		defer func() { v.took = time.Since(began) }()
		if err := v.open(true); err != nil {
			return err
		}
		defer func() { v.account.close() }()
		return c.try(ctx, v)
	}()
	return v
}

// open opens another account, with nothing compared so far. If rotate is set,
// it takes each refresh token once.
func (v *clientRun) open(rotate bool) error {
	if v.account != nil {
		v.account.close()
	}
	dir, err := os.MkdirTemp(v.workDir, "account")
	if err != nil {
		return err
	}
	a, err := newAccount(dir, rotate)
	if err == nil {
		v.account, v.past = a, nil
	}
	return err
}

// file is a file of the client's own.
func (v *clientRun) file(name string) string { return filepath.Join(v.workDir, name) }

// write writes such a file.
func (v *clientRun) write(name, text string) (path string, err error) {
	return v.file(name), os.WriteFile(v.file(name), []byte(text), 0o600)
}

// differs notes what is not as it should be.
func (v *clientRun) reportDifference(format string, args ...any) {
	v.found = append(v.found, fmt.Sprintf(format, args...))
}

// holds compares a warehouse with the account as it is now.
func (v *clientRun) compare(when string, w warehouse, streams []string, d dialect) error {
	all, err := v.account.expected()
	if err != nil {
		return err
	}
	rows, found := all.compare(w, streams, d, v.past)
	v.rows, v.past = v.rows+rows, all.mergedWith(v.past)
	for _, s := range streams {
		v.streams[s] = true
	}
	for _, f := range found {
		v.reportDifference("%s: %s", when, f)
	}
	if v.hasty && len(v.found) > 0 {
		return errEnough
	}
	return nil
}

var errEnough = errors.New("that is enough")

// version names what was tested.
func (v *clientRun) version() string {
	var parts []string
	for _, p := range v.client.parts {
		parts = append(parts, p+" "+v.versions[p])
	}
	return strings.Join(parts, ", ")
}

// fault is nil if all is well.
func (v *clientRun) fault() error {
	if v.err == nil && len(v.found) == 0 {
		return nil
	}
	const most = 12
	text := strings.Join(v.found[:min(most, len(v.found))], "\n  ")
	if more := len(v.found) - most; more > 0 {
		text += fmt.Sprintf("\n  … and %d more", more)
	}
	return errors.Join(fmt.Errorf("%s: %s", v.client.name, text), v.err)
}

// readTables reads what a script wrote about tables: lines with the columns of
// one, or with a row of one.
func readTables(raw []byte) (warehouse, error) {
	w := warehouse{}
	for l := range bytes.Lines(raw) {
		var t struct {
			Table   string
			Columns map[string]string
			Row     json.RawMessage
		}
		if err := json.Unmarshal(l, &t); err != nil {
			return nil, fmt.Errorf("%w: %.200s", err, l)
		}
		if w[t.Table] == nil {
			w[t.Table] = &stored{columns: t.Columns}
		}
		if t.Row == nil {
			continue
		}
		row, err := readRow(t.Row)
		if err != nil {
			return nil, err
		}
		w[t.Table].rows = append(w[t.Table].rows, row)
	}
	return w, nil
}

// duck reads a DuckDB file.
func (v *clientRun) readDuckDB(ctx context.Context, path, schema string) (warehouse, error) {
	out, err := v.run(ctx, command{args: []string{v.env.program("python"), v.script("duck.py"), path, schema}})
	if err != nil {
		return nil, err
	}
	return readTables(out)
}
