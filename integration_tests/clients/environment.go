//go:build clients

package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// What the clients are made of, frozen to the last package: one environment
// for each set of clients that agree on what they need.
//
//go:embed requirements/*.txt
var requirements embed.FS

// frozenFor is the Python of the requirements.
const frozenFor = "3.11"

// An environment is where Python packages are installed.
type environment struct {
	dir      string
	versions map[string]string // of its packages
	download sync.Mutex
}

// program returns the path of a program of the environment.
func (e *environment) program(name string) string { return filepath.Join(e.dir, "bin", name) }

// An environments makes each environment once, and keeps it for the next run.
type environments struct {
	python, dir string
	mu          sync.Mutex
	made        map[string]func() (*environment, error)
}

// get returns an environment, made if need be.
func (v *environments) get(ctx context.Context, b *harness, name string) (*environment, error) {
	v.mu.Lock()
	made := v.made[name]
	if made == nil {
		made = sync.OnceValues(func() (*environment, error) { return v.make(ctx, b, name) })
		v.made[name] = made
	}
	v.mu.Unlock()
	return made()
}

// make installs the requirements of that name, unless an earlier run did. What
// is installed is known by the hash of what was asked for.
func (v *environments) make(ctx context.Context, b *harness, name string) (*environment, error) {
	text, err := fs.ReadFile(requirements, "requirements/"+name+".txt")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append(text, frozenFor...))
	e := &environment{dir: filepath.Join(v.dir, fmt.Sprintf("%s-%x", name, sum[:6])), versions: map[string]string{}}
	for l := range strings.Lines(string(text)) {
		if pkg, version, ok := strings.Cut(strings.TrimSpace(l), "=="); ok {
			e.versions[pkg] = version
		}
	}
	return e, unlessDone(e.program("installed"), func() error {
		if err := errors.Join(os.RemoveAll(e.dir), os.MkdirAll(v.dir, 0o755)); err != nil {
			return err
		}
		if _, err := b.run(ctx, command{args: []string{v.python, "-m", "venv", e.dir}}); err != nil {
			return err
		}
		if err := os.WriteFile(e.list(), text, 0o644); err != nil {
			return err
		}
		return b.fetch(ctx, e, "install", "-r", e.list())
	})
}

// printEnvironments installs environments and prints their directories, for
// other programs.
func printEnvironments(ctx context.Context, names []string, python, cache string) (err error) {
	v := environments{made: map[string]func() (*environment, error){}}
	if v.python, err = findPython(ctx, python); err != nil {
		return err
	}
	if v.dir, err = filepath.Abs(cache); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "clients")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, name := range names {
		e, err := v.get(ctx, &harness{dir: dir, env: os.Environ()}, name)
		if err != nil {
			return err
		}
		fmt.Println(e.dir)
	}
	return nil
}

// wheels returns a directory with the packages of an environment as they come
// from the index, for those who install them themselves.
func (b *harness) wheels(ctx context.Context, e *environment) (dir string, err error) {
	e.download.Lock()
	defer e.download.Unlock()
	dir = filepath.Join(e.dir, "wheels")
	return dir, unlessDone(filepath.Join(dir, "downloaded"), func() error {
		return b.fetch(ctx, e, "download", "--only-binary", ":all:", "-r", e.list(), "-d", dir)
	})
}

// list is the file with an environment's requirements.
func (e *environment) list() string { return filepath.Join(e.dir, "requirements.txt") }

// fetch runs pip as the machine has configured it: this alone asks the internet.
func (b *harness) fetch(ctx context.Context, e *environment, args ...string) error {
	c := command{args: append([]string{e.program("python"), "-m", "pip", "--quiet", "--disable-pip-version-check", args[0], "--no-deps"}, args[1:]...)}
	cmd := b.start(ctx, c)
	cmd.Env = append(os.Environ(), "TMPDIR="+b.dir)
	out, err := cmd.CombinedOutput()
	return commandError(ctx, c, err, out)
}

// unlessDone has something done unless an earlier run did, which left a file.
func unlessDone(file string, do func() error) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	if err := do(); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(time.Now().UTC().Format(time.RFC3339)+"\n"), 0o644)
}

// findPython returns a Python of the version the requirements are frozen for.
func findPython(ctx context.Context, asked string) (string, error) {
	names := []string{asked}
	if asked == "" {
		names = []string{"python3", "python" + frozenFor}
	}
	for _, name := range names {
		out, err := exec.CommandContext(ctx, name, "-c", "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2], sys.executable)").Output()
		if version, path, _ := strings.Cut(strings.TrimSpace(string(out)), " "); err == nil && version == frozenFor {
			return path, nil
		}
	}
	return "", fmt.Errorf("no Python %s with venv and pip among %s\nhint: the requirements are frozen for it; name one with -python", frozenFor, strings.Join(names, ", "))
}
