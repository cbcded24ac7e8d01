//go:build clients

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A parcel is the program as it is released for this platform.
type wheel struct {
	wheel   string // path
	program []byte // from the archive
}

// names are those of the program.
var names = []string{"source-gorgias", "tap-gorgias"}

// pack makes a parcel.
func (b *harness) buildWheel(ctx context.Context) (*wheel, error) {
	dir, err := filepath.Abs("dist")
	if err != nil {
		return nil, err
	}
	cmd := b.start(ctx, command{args: []string{"make", "wheel"}})
	cmd.Dir, cmd.Env = "", os.Environ()
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, commandError(ctx, command{args: cmd.Args}, err, out)
	}
	wheels, _ := filepath.Glob(filepath.Join(dir, "*.whl"))      // the pattern is good
	archives, _ := filepath.Glob(filepath.Join(dir, "*.tar.gz")) // and this
	if len(wheels) != 1 || len(archives) != 1 {
		return nil, fmt.Errorf("a release for one platform has the wheels %q and the archives %q", wheels, archives)
	}
	program, err := unpack(archives[0])
	return &wheel{wheels[0], program}, err
}

// unpack returns the program in an archive.
func unpack(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("%s: no %s: %w", path, names[0], err)
		}
		if filepath.Base(h.Name) == names[0] && h.Typeflag == tar.TypeReg {
			return io.ReadAll(r)
		}
	}
}

// withChange makes another wheel, which carries what change makes of each of
// its files; nil leaves it out.
func (p *wheel) withChange(dir string, change func(name string, content []byte) []byte) (*wheel, error) {
	if err := os.CopyFS(dir, os.DirFS(filepath.Dir(p.wheel))); err != nil {
		return nil, err
	}
	in, err := zip.OpenReader(p.wheel)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		content, err := fs.ReadFile(in, f.Name)
		if err != nil {
			return nil, err
		}
		if content = change(f.Name, content); content == nil {
			continue
		}
		w, err := out.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store, ExternalAttrs: f.ExternalAttrs, CreatorVersion: f.CreatorVersion})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			return nil, err
		}
	}
	path := filepath.Join(dir, filepath.Base(p.wheel))
	return &wheel{path, p.program}, errors.Join(out.Close(), os.WriteFile(path, b.Bytes(), 0o644))
}

// wheelRuns installs the wheel: with pip alone, then with Meltano, which loads
// an account with it.
func wheelRuns(ctx context.Context, v *clientRun) error {
	p, err := v.packed()
	if err != nil {
		return err
	}
	if err := v.pip(ctx, p); err != nil {
		return err
	}
	if v.hasty && len(v.found) > 0 {
		return errEnough
	}
	if err := v.postgres.create(ctx, database(v)); err != nil {
		return err
	}
	project, err := v.wheelProject(ctx, p, "project", "tap-gorgias")
	if err != nil {
		return err
	}
	project.env = append(project.env, withKey...)
	if err := project.cached(ctx); err != nil {
		return err
	}
	if err := v.account.changeRecords(); err != nil {
		return err
	}
	if err := project.sync(ctx, "into PostgreSQL"); err != nil {
		return err
	}

	// Around the installed program there may be a script: it is found from where
	// Meltano looks for programs.
	if err := errors.Join(v.open(true), os.RemoveAll(v.file("lines"))); err != nil {
		return err
	}
	if project, err = v.wheelProject(ctx, p, "wrapped", "../../../../../tap-gorgias.sh"); err != nil {
		return err
	}
	project.env = append(project.env, withApp...)
	if err := project.keeps(); err != nil {
		return err
	}
	if err := project.files(ctx, "with a script around it"); err != nil {
		return err
	}
	return project.kept("with a script around it")
}

// pip installs the wheel from nothing but the file, and takes it away again.
func (v *clientRun) pip(ctx context.Context, p *wheel) error {
	dir := v.file("venv")
	if _, err := v.run(ctx, command{args: []string{v.python, "-m", "venv", dir}}); err != nil {
		return err
	}
	before, err := filesBelow(dir)
	if err != nil {
		return err
	}
	bin := filepath.Join(dir, "bin")
	pip := func(args ...string) error {
		_, err := v.run(ctx, command{args: append([]string{filepath.Join(bin, "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"}, args...)})
		return err
	}
	if err := pip("install", "--no-index", p.wheel); err != nil {
		return err
	}
	if err := v.carries(bin, p); err != nil {
		return err
	}
	version := strings.Split(filepath.Base(p.wheel), "-")[1]
	for _, name := range names {
		// As one calls it whose PATH has the environment's programs first.
		out, err := v.run(ctx, command{args: []string{"sh", "-c", "command -v " + name + " && " + name + " --version"}, env: []string{"PATH=" + bin + ":" + os.Getenv("PATH")}})
		if err != nil {
			return err
		}
		if want := filepath.Join(bin, name) + "\n" + name + " " + version + "\n"; string(out) != want {
			v.reportDifference("on the PATH of its environment stands %q, not %q", out, want)
		}
	}
	if err := pip("uninstall", "--yes", names[0]); err != nil {
		return err
	}
	after, err := filesBelow(dir)
	if left := without(after, before...); len(left) > 0 {
		v.reportDifference("uninstalled, the wheel leaves %q", left)
	}
	if gone := without(before, after...); len(gone) > 0 {
		v.reportDifference("uninstalled, the wheel has taken along %q", gone)
	}
	return err
}

// install installs the wheel into an environment of its own, and returns the directory
// with its programs.
func (v *clientRun) install(ctx context.Context, p *wheel) (string, error) {
	dir := v.file("installed")
	if _, err := v.run(ctx, command{args: []string{v.python, "-m", "venv", dir}}); err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "bin")
	_, err := v.run(ctx, command{args: []string{filepath.Join(bin, "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-index", p.wheel}})
	return bin, err
}

// carries compares the programs that were installed with that of the archive.
func (v *clientRun) carries(bin string, p *wheel) error {
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(bin, name))
		if errors.Is(err, fs.ErrNotExist) {
			v.reportDifference("the wheel has no %s", name)
		} else if err != nil {
			return err
		} else if !bytes.Equal(content, p.program) {
			v.reportDifference("the wheel's %s is not the program of the archive", name)
		}
	}
	return nil
}

// filesBelow lists what there is below a directory.
func filesBelow(dir string) (all []string, err error) {
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, strings.TrimPrefix(path, dir))
		return err
	})
	return all, err
}

// wheelProject makes a project that has Meltano install the wheel. No other
// program of ours is to be found.
func (v *clientRun) wheelProject(ctx context.Context, p *wheel, name, executable string) (*project, error) {
	project, err := newProject(ctx, v, name, [2]string{"    executable: tap-gorgias\n", "    pip_url: " + p.wheel + "\n    executable: " + executable + "\n"})
	if err != nil {
		return nil, err
	}
	project.env = append(project.env, "PATH="+os.Getenv("PATH"))
	if _, err := project.meltano(ctx, nil, "install", "extractor", "tap-gorgias"); err != nil {
		return nil, err
	}
	return project, v.carries(filepath.Join(project.dir, ".meltano", "extractors", "tap-gorgias", "venv", "bin"), p)
}

// cached looks at the catalog that Meltano keeps from run to run, if what it
// runs was installed by itself, and the settings are the same.
func (p *project) cached(ctx context.Context) error {
	if err := p.files(ctx, "first sync"); err != nil {
		return err
	}
	// Who uses this catalog does not know of tags.
	if err := p.forget("tags"); err != nil {
		return err
	}
	if err := p.files(ctx, "second sync, at rest"); err != nil {
		return err
	}
	streams, err := p.catalog()
	if err != nil {
		return err
	}
	if slices.Contains(streams, "tags") {
		p.reportDifference("second sync, at rest: the catalog was discovered again")
	}
	p.env = append(p.env, "TAP_GORGIAS_OVERLAP=11")
	if err := p.files(ctx, "with another setting"); err != nil {
		return err
	}
	if streams, err = p.catalog(); err == nil && !slices.Contains(streams, "tags") {
		p.reportDifference("with another setting the catalog was not discovered again")
	}
	return err
}

func (p *project) catalogPath() string {
	return filepath.Join(p.dir, ".meltano", "run", "tap-gorgias", "tap.properties.json")
}

// catalog lists the streams of the catalog that Meltano keeps.
func (p *project) catalog() (names []string, err error) {
	var c struct {
		Streams []struct {
			ID string `json:"tap_stream_id"`
		}
	}
	raw, err := os.ReadFile(p.catalogPath())
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	for _, s := range c.Streams {
		names = append(names, s.ID)
	}
	return names, err
}

// forget takes a stream out of that catalog.
func (p *project) forget(name string) error {
	raw, err := os.ReadFile(p.catalogPath())
	if err != nil {
		return err
	}
	var c struct {
		Streams []record `json:"streams"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	c.Streams = slices.DeleteFunc(c.Streams, func(s record) bool { return s["tap_stream_id"] == name })
	if raw, err = json.Marshal(c); err != nil {
		return err
	}
	return os.WriteFile(p.catalogPath(), raw, 0o644)
}
