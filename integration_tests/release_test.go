package integration_tests

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"source-gorgias/integration_tests/documents"
)

// everything is a release of all platforms, to be built a second time.
var everything = flag.String("release", "", "`directory` of a release of all platforms, to be tested as a whole")

// A product is what go run ./packaging made for a platform.
type product struct {
	dir, base, wheel string
	program          []byte // that the archive holds
	archived         map[string]*tar.Header
}

// released makes what a release has for a platform.
func released(t *testing.T, platform string) *product {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "run", "./packaging", "-platforms", platform, "-out", dir)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return open(t, dir, platform)
}

// open reads what a release has for a platform.
func open(t *testing.T, dir, platform string) *product {
	t.Helper()
	p := &product{dir: dir, archived: map[string]*tar.Header{}}
	p.base = fmt.Sprintf("source-gorgias_%s_%s", connectorMetadata(t)["dockerImageTag"], strings.ReplaceAll(platform, "/", "_"))
	tag := map[string]string{"linux/amd64": "*linux*x86_64*", "linux/arm64": "*linux*aarch64*", "darwin/amd64": "*macosx*x86_64*",
		"darwin/arm64": "*macosx*arm64*", "windows/amd64": "*win_amd64*"}[platform]
	wheels, err := filepath.Glob(filepath.Join(dir, "source_gorgias-"+tag+".whl"))
	if err != nil || len(wheels) != 1 {
		t.Fatalf("wheels %q, %v", wheels, err)
	}
	p.wheel = wheels[0]
	f, err := os.Open(filepath.Join(dir, p.base+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return p
		} else if err != nil {
			t.Fatal(err)
		}
		name, inside := strings.CutPrefix(h.Name, p.base+"/")
		if !inside {
			t.Errorf("%s is not in the archive's directory", h.Name)
		}
		p.archived[name] = h
		if strings.TrimSuffix(name, ".exe") == "source-gorgias" {
			if p.program, err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// host is the platform these tests run on, if there is a release for it.
func host(t *testing.T) string {
	t.Helper()
	if !*full && *everything == "" {
		t.Skip("builds the program again")
	}
	if runtime.GOOS == "windows" {
		t.Skip("runs scripts of Unix")
	}
	return runtime.GOOS + "/" + runtime.GOARCH
}

// TestRelease looks at what is released for this platform.
func TestRelease(t *testing.T) {
	p := released(t, host(t))
	t.Run("archive", p.archive)
	t.Run("wheel", p.looksLikeWheel)
	t.Run("pip", p.pip)
	t.Run("bill", p.bill)
	t.Run("sums", p.sums)
}

// archive unpacks the archive and runs what it holds.
func (p *product) archive(t *testing.T) {
	want := []string{"LICENSE", "LICENSES-linked.txt", "README.md", "catalog.json", "source-gorgias", "tap-gorgias", "tap-gorgias.yml"}
	if names := slices.Sorted(maps.Keys(p.archived)); !slices.Equal(names, want) {
		t.Errorf("it holds %q", names)
	}
	for name, h := range p.archived {
		mode := int64(0o644)
		if name == "source-gorgias" {
			mode = 0o755
		}
		if h.Typeflag == tar.TypeReg && h.Mode != mode || h.Uid != 0 || h.Gid != 0 || h.Uname != "" || !h.ModTime.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %+v", name, h)
		}
	}
	dir := t.TempDir()
	if out, err := exec.Command("tar", "-C", dir, "-xzf", filepath.Join(p.dir, p.base+".tar.gz")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	runs(t, filepath.Join(dir, p.base))
}

// runs runs both programs of a directory.
func runs(t *testing.T, dir string) {
	t.Helper()
	version := fmt.Sprint(connectorMetadata(t)["dockerImageTag"])
	for _, name := range []string{"source-gorgias", "tap-gorgias"} {
		out, err := exec.Command(filepath.Join(dir, name), "--version").CombinedOutput()
		if got := strings.Join(strings.Fields(string(out)), " "); err != nil || got != name+" "+version {
			t.Errorf("%s --version: %v: %q", name, err, got)
		}
	}
	spec, err := exec.Command(filepath.Join(dir, "source-gorgias"), "spec").CombinedOutput()
	if want := (call{args: []string{"spec"}}).inside(t).stdout; err != nil || !bytes.Equal(spec, want) {
		t.Errorf("spec: %v: %s", err, tail(spec))
	}
	catalog, err := exec.Command(filepath.Join(dir, "tap-gorgias"), "--sandbox", "--discover").Output()
	if want := (call{tap: true, args: []string{"--sandbox", "--discover"}}).inside(t).stdout; err != nil || !bytes.Equal(catalog, want) {
		t.Errorf("--discover: %v: %s", err, tail(catalog))
	}
}

// unzip reads a wheel.
func unzip(content []byte) (map[string][]byte, *zip.Reader, error) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, nil, err
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, nil, err
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			return nil, nil, err
		}
	}
	return files, z, nil
}

// wheelFaults lists where a wheel is not what the standards say: PEP 427 for
// its form, PEP 425 for its tags, PEP 639 for its licences.
func wheelFaults(name string, files map[string][]byte, z *zip.Reader, program []byte) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	parts := strings.Split(strings.TrimSuffix(name, ".whl"), "-")
	if len(parts) != 5 || parts[2] != "py3" || parts[3] != "none" {
		return append(faults, "its name is "+name)
	}
	base, exe := parts[0]+"-"+parts[1], ""
	info := base + ".dist-info/"
	if strings.HasPrefix(parts[4], "win") {
		exe = ".exe"
	}
	header := func(file, key string) (values []string) {
		head, _, _ := strings.Cut(string(files[info+file]), "\n\n")
		for l := range strings.Lines(head) {
			if k, v, ok := strings.Cut(strings.TrimSuffix(l, "\n"), ": "); ok && k == key {
				values = append(values, v)
			}
		}
		return values
	}

	// The record: every file once, with its hash and size; itself without.
	rows, err := csv.NewReader(bytes.NewReader(files[info+"RECORD"])).ReadAll()
	if err != nil {
		fault("RECORD: %v", err)
	}
	recorded := map[string]bool{}
	for _, row := range rows {
		content, exists := files[row[0]]
		sum := sha256.Sum256(content)
		want := []string{row[0], "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:]), fmt.Sprint(len(content))}
		if row[0] == info+"RECORD" {
			want = []string{row[0], "", ""}
		}
		if !exists || recorded[row[0]] || !slices.Equal(row, want) {
			fault("RECORD says %q", row)
		}
		recorded[row[0]] = true
	}
	if len(recorded) != len(files) || len(z.File) != len(files) {
		fault("%d files, %d names, %d in RECORD", len(z.File), len(files), len(recorded))
	}

	for _, f := range z.File {
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(f.Name, base+".data/scripts/") {
			mode = 0o755
		}
		if f.Mode() != mode || f.Modified.Year() != 1980 {
			fault("%s has mode %v and is of %v", f.Name, f.Mode(), f.Modified)
		}
		if !strings.HasPrefix(f.Name, info) && mode == 0o644 {
			fault("%s would end up among other people's packages", f.Name)
		}
	}
	for _, script := range []string{"source-gorgias", "tap-gorgias"} {
		if !bytes.Equal(files[base+".data/scripts/"+script+exe], program) {
			fault("%s is not the program", script)
		}
	}

	var tags []string
	for t := range strings.SplitSeq(parts[4], ".") {
		tags = append(tags, "py3-none-"+t)
	}
	if got := header("WHEEL", "Tag"); !slices.Equal(got, tags) {
		fault("WHEEL has the tags %q, the name %q", got, tags)
	}
	for key, want := range map[string]string{"Wheel-Version": "1.0", "Root-Is-Purelib": "false"} {
		if got := header("WHEEL", key); !slices.Equal(got, []string{want}) {
			fault("WHEEL: %s is %q", key, got)
		}
	}
	for key, want := range map[string]string{
		"Metadata-Version": "2.4", "Name": strings.ReplaceAll(parts[0], "_", "-"), "Version": parts[1], "License-Expression": "MIT",
		"Requires-Python": ">=3.9", "Description-Content-Type": "text/markdown",
	} {
		if got := header("METADATA", key); !slices.Equal(got, []string{want}) {
			fault("METADATA: %s is %q", key, got)
		}
	}
	if got := header("METADATA", "License-File"); len(got) != 2 {
		fault("METADATA: licences %q", got)
	}
	for _, name := range header("METADATA", "License-File") {
		if len(files[info+"licenses/"+name]) == 0 {
			fault("%s is not in it", name)
		}
	}
	if got := header("METADATA", "Project-URL"); len(got) == 0 || !strings.Contains(got[0], ", https://") {
		fault("METADATA: addresses %q", got)
	}
	if len(header("METADATA", "Summary")) != 1 {
		fault("METADATA: no summary")
	}
	return faults
}

// looksLikeWheel holds the wheel against the standards, and then makes sure
// that each of them can be missed.
func (p *product) looksLikeWheel(t *testing.T) {
	content, err := os.ReadFile(p.wheel)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(p.wheel)
	files, z, err := unzip(content)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range wheelFaults(name, files, z, p.program) {
		t.Error(f)
	}
	info := regexp.MustCompile(`^[^-]+-[^-]+`).FindString(name) + ".dist-info/"
	for file, changes := range map[string][][2]string{
		"RECORD":           {{"sha256=", "sha256=A"}, {",sha256", "x,sha256"}, {"RECORD,,", "RECORD,,1"}, {"\n", "\n\"\n"}},
		"WHEEL":            {{"Tag: py3-none-", "Tag: py3-none-any-"}, {"Purelib: false", "Purelib: true"}, {"Version: 1.0", "Version: 2.0"}},
		"licenses/LICENSE": {{"MIT", "ELv2"}},
		"METADATA": {{"Name: source", "Name: tap"}, {"Version: 0", "Version: 1"}, {"\nVersion: ", "\nVersions: "}, {"License-Expression: MIT", "License: MIT"},
			{"License-File: LICENSE\n", ""}, {"License-File: LICENSE\n", "License-File: COPYING\n"}, {"https://", "ftp://"}, {"Requires-Python: >=3.9\n", ""}, {"Summary", "About"}},
	} {
		for _, change := range changes {
			was := files[info+file]
			files[info+file] = bytes.Replace(was, []byte(change[0]), []byte(change[1]), 1)
			if bytes.Equal(was, files[info+file]) {
				t.Errorf("%s: nothing to break at %q", file, change[0])
			} else if file != "RECORD" { // whose sums would give every change away
				files[info+"RECORD"] = rerecord(files[info+"RECORD"], info+file, was, files[info+file])
			}
			// The licence is any text: the record alone tells.
			if file == "licenses/LICENSE" {
				files[info+"RECORD"] = rerecord(files[info+"RECORD"], info+file, files[info+file], was)
			}
			if len(wheelFaults(name, files, z, p.program)) == 0 {
				t.Errorf("%s: with %q for %q it passes", file, change[1], change[0])
			}
			if file != "RECORD" && file != "licenses/LICENSE" {
				files[info+"RECORD"] = rerecord(files[info+"RECORD"], info+file, files[info+file], was)
			}
			files[info+file] = was
		}
	}
	if f := wheelFaults(name, files, z, p.program); len(f) > 0 {
		t.Errorf("after all is mended: %q", f)
	}
	if len(wheelFaults(name, files, z, p.program[1:])) == 0 {
		t.Error("with another program it passes")
	}
	if len(wheelFaults(strings.Replace(name, "linux", "linus", 1)+"x", files, z, p.program)) == 0 {
		t.Error("with another tag it passes")
	}
}

// rerecord changes a wheel's record along with a file.
func rerecord(record []byte, name string, was, is []byte) []byte {
	line := func(content []byte) []byte {
		sum := sha256.Sum256(content)
		return fmt.Appendf(nil, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(content))
	}
	return bytes.Replace(record, line(was), line(is), 1)
}

// pip installs the wheel, from nothing but the file, and runs what it brought.
func (p *product) pip(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))").Run() != nil {
		t.Skip("no Python 3.9 or newer with venv and pip")
	}
	dir := t.TempDir()
	if out, err := exec.Command(python, "-m", "venv", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	pip := func(args ...string) {
		t.Helper()
		cmd := exec.Command(filepath.Join(dir, "bin", "python"), append([]string{"-I", "-m", "pip", "--disable-pip-version-check", "--no-cache-dir"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("pip %v: %v: %s", args, err, out)
		}
	}
	p.documents(t, filepath.Join(dir, "bin"))
	pip("install", "--no-index", p.wheel)
	runs(t, filepath.Join(dir, "bin"))
	pip("uninstall", "--yes", "source-gorgias")
	left, err := filepath.Glob(filepath.Join(dir, "bin", "*gorgias*"))
	if err != nil || len(left) > 0 {
		t.Errorf("uninstalled, it leaves %q", left)
	}
}

// documents does with the wheel what the documents do, where it is the one they
// name.
func (p *product) documents(t *testing.T, bin string) {
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		t.Log("the documents name the wheel of another platform")
		return
	}
	n := 0
	for _, path := range repositoryFiles(t, ".md") {
		blocks, err := documents.Blocks(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks {
			if b.By != "release" || b.Language != "sh" {
				continue
			}
			n++
			cmd := exec.Command("bash", "-euo", "pipefail", "-c", b.Text)
			cmd.Dir = p.dir
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "PIP_NO_INDEX=1", "PIP_DISABLE_PIP_VERSION_CHECK=1")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s:%d: %v: %s", relative(path), b.Line, err, tail(out))
			}
		}
	}
	if n == 0 {
		t.Error("no document does anything with the wheel")
	}
}

// bill compares the bill of materials with what Go itself says of the program.
func (p *product) bill(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(p.dir, p.base+".cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, p.program, 0o755); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command("go", "version", "-m", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range billFaults(raw, string(said), p.program) {
		t.Error(f)
	}
	for _, change := range [][2]string{
		{`"CycloneDX"`, `"SPDX"`},
		{`"specVersion": "1.6"`, `"specVersion": "2"`},
		{`urn:uuid:`, `uuid:`},
		{`"content": "`, `"content": "0`},
		{`"SHA-256"`, `"MD5"`},
		{`"MIT"`, `"GPL-3.0-only"`},
		{`"pkg:golang/std@`, `"pkg:golang/std@0`},
		{`"name": "github.com/urfave/cli/v2"`, `"name": "github.com/urfave/cli"`},
		{`"value": "h1:`, `"value": "h1:x`},
		{`goarch=`, `arch=`},
		{`"type": "library"`, `"type": "module"`},
		{`"dependsOn"`, `"depends"`},
		{`"ref": "pkg:golang/std`, `"ref": "pkg:golang/stds`},
		{`"bom-ref": "pkg:golang/github.com/urfave`, `"bom-ref": "pkg:golang/github.com/urfave2`},
		{`"value": "0"`, `"value": "1"`},
	} {
		broken := strings.Replace(string(raw), change[0], change[1], 1)
		if broken == string(raw) {
			t.Errorf("nothing to break at %q", change[0])
		} else if len(billFaults([]byte(broken), string(said), p.program)) == 0 {
			t.Errorf("with %q for %q it passes", change[1], change[0])
		}
	}
}

// billFaults lists where a bill is no CycloneDX of version 1.6, or tells
// something other than go version -m does.
func billFaults(raw []byte, said string, program []byte) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	type part struct {
		Type, Name, Version, Scope, PURL string
		Ref                              string `json:"bom-ref"`
		Hashes                           []struct{ Alg, Content string }
		Licenses                         []struct{ License struct{ ID string } }
		Properties                       []struct{ Name, Value string }
	}
	var doc struct {
		Format       string `json:"bomFormat"`
		Spec         string `json:"specVersion"`
		Serial       string `json:"serialNumber"`
		Version      int
		Metadata     struct{ Component part }
		Components   []part
		Dependencies []struct {
			Ref string
			On  []string `json:"dependsOn"`
		}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		return append(faults, err.Error())
	}
	if doc.Format != "CycloneDX" || doc.Spec != "1.6" || doc.Version != 1 ||
		!regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(doc.Serial) {
		fault("it is %s %s, %s, version %d", doc.Format, doc.Spec, doc.Serial, doc.Version)
	}
	main := doc.Metadata.Component
	sum := fmt.Sprintf("%x", sha256.Sum256(program))
	if main.Type != "application" || len(main.Hashes) != 1 || main.Hashes[0].Alg != "SHA-256" || main.Hashes[0].Content != sum {
		fault("it is of a %s with the hashes %v", main.Type, main.Hashes)
	}
	if len(main.Licenses) != 1 || main.Licenses[0].License.ID != "MIT" {
		fault("licences %v", main.Licenses)
	}

	// In the words of go version -m.
	var told strings.Builder
	settings := map[string]string{}
	for _, p := range main.Properties {
		name, ok := strings.CutPrefix(p.Name, "go:build:")
		if !ok {
			fault("property %s", p.Name)
		}
		settings[name] = p.Value
		fmt.Fprintf(&told, "build\t%s=%s\n", name, p.Value)
	}
	if want := fmt.Sprintf("pkg:golang/%s@%s?goarch=%s&goos=%s", main.Name, main.Version, settings["GOARCH"], settings["GOOS"]); main.PURL != want {
		fault("its name is %s, not %s", main.PURL, want)
	}
	refs := map[string]bool{main.Ref: true}
	var parts []string
	for _, c := range doc.Components {
		purl := "pkg:golang/" + c.Name + "@" + strings.ReplaceAll(c.Version, "+", "%2B")
		if c.Type != "library" || c.PURL != purl || c.Ref != purl || refs[c.Ref] {
			fault("component %+v", c)
		}
		refs[c.Ref] = true
		parts = append(parts, c.Ref)
		switch {
		case c.Name == "std":
			fmt.Fprintf(&told, "go%s\n", c.Version)
		case len(c.Properties) == 1 && c.Properties[0].Name == "go:sum":
			fmt.Fprintf(&told, "dep\t%s\t%s\t%s\n", c.Name, c.Version, c.Properties[0].Value)
		default:
			fault("component without a sum: %s", c.Name)
		}
	}
	want := map[string]bool{}
	first, rest, _ := strings.Cut(said, "\n")
	for l := range strings.Lines(rest) {
		if l = strings.TrimSpace(l); strings.HasPrefix(l, "dep\t") || strings.HasPrefix(l, "build\t") {
			want[l] = true
		}
	}
	_, version, _ := strings.Cut(first, ": ")
	want[version] = true
	got := map[string]bool{}
	for l := range strings.Lines(told.String()) {
		got[strings.TrimSuffix(l, "\n")] = true
	}
	if !maps.Equal(got, want) {
		fault("it tells\n%s\nand Go tells\n%s", strings.Join(slices.Sorted(maps.Keys(got)), "\n"), strings.Join(slices.Sorted(maps.Keys(want)), "\n"))
	}

	// The tree: the program depends on all, and all are there.
	for _, d := range doc.Dependencies {
		if !refs[d.Ref] {
			fault("%s is twice among the dependencies, or no part", d.Ref)
		}
		delete(refs, d.Ref)
		if d.Ref == main.Ref && !slices.Equal(d.On, parts) {
			fault("the program depends on %q", d.On)
		}
	}
	if len(refs) > 0 {
		fault("no dependencies of %v", refs)
	}
	return faults
}

// sums compares the checksums with the files.
func (p *product) sums(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(p.dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for l := range strings.Lines(string(raw)) {
		var sum, name string
		if _, err := fmt.Sscan(l, &sum, &name); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(content)); got != sum {
			t.Errorf("%s is %s", l, got)
		}
		listed++
	}
	if files, err := os.ReadDir(p.dir); err != nil || len(files) != listed+1 {
		t.Errorf("%d files, %d sums, %v", len(files), listed, err)
	}
}

// TestReproducible builds the release of this platform a second time: from a
// copy in another directory, with empty caches, for a user whose environment
// and settings would change what Go makes. It must be the same to the byte.
func TestReproducible(t *testing.T) {
	if *everything == "" {
		t.Skip("compiles everything anew: make release does it")
	}
	platform := host(t)
	dir := t.TempDir()
	copyTree(t, "..", filepath.Join(dir, "elsewhere", "deep er"))
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"home/.config/go", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	settings := "GOFLAGS=-tags=nonsense -ldflags=-X=main.x=1\nGOAMD64=v3\nGOARM64=v9.0\nCGO_ENABLED=1\n"
	for _, name := range []string{"home/.config/go/env", "home/settings"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(settings), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// sh, for its umask.
	cmd := exec.Command("sh", "-c", `umask 077; exec go run ./packaging -platforms "$1" -out "$2"`, "sh", platform, filepath.Join(dir, "out"))
	cmd.Dir = filepath.Join(dir, "elsewhere", "deep er")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir + "/home", "TMPDIR=" + dir + "/tmp", "GOENV=" + dir + "/home/settings",
		"GOPATH=" + dir + "/path", "GOCACHE=" + dir + "/cache", "GOMODCACHE=" + dir + "/modules", "GOFLAGS=-modcacherw -tags=other",
		"GOPROXY=file://" + strings.TrimSpace(string(cache)) + "/cache/download", "GOSUMDB=off", "GOTOOLCHAIN=local",
		"GOAMD64=v2", "GOARM64=v8.1", "CGO_ENABLED=1", "GOWORK=", "USER=somebody", "TZ=Asia/Kathmandu", "LANG=de_DE.UTF-8", "SOURCE_DATE_EPOCH=1",
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	first, second := open(t, *everything, platform), open(t, filepath.Join(dir, "out"), platform)
	for _, name := range []string{first.base + ".tar.gz", first.base + ".cdx.json", filepath.Base(first.wheel)} {
		a, err := os.ReadFile(filepath.Join(first.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(second.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s: %x, then %x", name, sha256.Sum256(a), sha256.Sum256(b))
		}
	}
	for _, trace := range []string{dir, "/elsewhere/", os.Getenv("HOME") + "/go/pkg/mod"} {
		if bytes.Contains(second.program, []byte(trace)) {
			t.Errorf("the program tells of %s", trace)
		}
	}
}

// copyTree copies what is built, and what tests are: not what was made, nor
// the history.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(from, path)
		if d.IsDir() && (name == "integration_tests" || name == "bin" || name == "dist" || strings.HasPrefix(name, ".") && name != ".") {
			return fs.SkipDir
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), content, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestReleaseEverywhere looks at what is released for the other platforms,
// which are not run here.
func TestReleaseEverywhere(t *testing.T) {
	if *everything == "" {
		t.Skip("needs a release: make release makes it")
	}
	dir, err := filepath.Abs(*everything)
	if err != nil {
		t.Fatal(err)
	}
	for platform, magic := range map[string]string{
		"linux/amd64": "\x7fELF\x02\x01", "linux/arm64": "\x7fELF\x02\x01", "darwin/amd64": "\xcf\xfa\xed\xfe\x07", "darwin/arm64": "\xcf\xfa\xed\xfe\x0c", "windows/amd64": "MZ",
	} {
		t.Run(strings.ReplaceAll(platform, "/", "_"), func(t *testing.T) {
			p := open(t, dir, platform)
			if !bytes.HasPrefix(p.program, []byte(magic)) {
				t.Errorf("it begins with %q", p.program[:8])
			}
			content, err := os.ReadFile(p.wheel)
			if err != nil {
				t.Fatal(err)
			}
			files, z, err := unzip(content)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range wheelFaults(filepath.Base(p.wheel), files, z, p.program) {
				t.Error(f)
			}
			p.bill(t)
		})
	}
	(&product{dir: dir}).sums(t)
}
