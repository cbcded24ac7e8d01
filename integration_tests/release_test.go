package integration_tests

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
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

// releaseDir is the release to test: building one takes minutes.
var releaseDir = flag.String("release", "", "`directory` of a release of all platforms, built by make release")

// A release has the files of one platform.
type release struct {
	dir, base, wheel string
	program          []byte // from the archive
	archived         map[string]*tar.Header
}

// openRelease reads the files of a platform.
func openRelease(t *testing.T, dir, platform string) *release {
	t.Helper()
	p := &release{dir: dir, archived: map[string]*tar.Header{}}
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

// ofHost opens the release of the platform these tests run on.
func ofHost(t *testing.T) *release {
	t.Helper()
	if *releaseDir == "" {
		t.Skip("no release: make release builds one and tests it")
	}
	if runtime.GOOS == "windows" {
		t.Skip("runs scripts of Unix")
	}
	dir, err := filepath.Abs(*releaseDir)
	if err != nil {
		t.Fatal(err)
	}
	return openRelease(t, dir, runtime.GOOS+"/"+runtime.GOARCH)
}

// buildFlags returns the arguments of go build in .goreleaser.yaml.
func buildFlags(t *testing.T) []string {
	t.Helper()
	config, err := os.ReadFile("../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^    flags: \[(.*)\]\n    ldflags: (.*)$`).FindSubmatch(config)
	if m == nil {
		t.Fatal(".goreleaser.yaml has no flags followed by ldflags")
	}
	version := fmt.Sprint(connectorMetadata(t)["dockerImageTag"])
	return append(strings.Split(string(m[1]), ", "), "-ldflags", strings.ReplaceAll(string(m[2]), "{{ .Version }}", version))
}

// buildProgram builds the program with the flags of a release.
func buildProgram(t *testing.T, goos, goarch string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("go", slices.Concat([]string{"build"}, buildFlags(t), []string{"-o", path, ".."})...)
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// TestRelease tests the release of this platform.
func TestRelease(t *testing.T) {
	p := ofHost(t)
	t.Run("archive", p.archive)
	t.Run("wheel", p.checkWheel)
	t.Run("pip", p.pip)
	t.Run("sbom", p.sbom)
	t.Run("checksums", p.checksums)
	t.Run("packages", p.packages)
	t.Run("managers", p.managers)
	if !bytes.Equal(p.program, buildProgram(t, runtime.GOOS, runtime.GOARCH)) {
		t.Error("go build, with the flags of .goreleaser.yaml, makes another program")
	}
}

// archive unpacks the archive and runs its programs.
func (p *release) archive(t *testing.T) {
	want := []string{"LICENSE", "LICENSES-linked.txt", "README.md", "catalog.json", "source-gorgias", "tap-gorgias", "tap-gorgias.yml"}
	if names := slices.Sorted(maps.Keys(p.archived)); !slices.Equal(names, want) {
		t.Errorf("it has the files %q", names)
	}
	for name, h := range p.archived {
		mode := int64(0o644)
		if name == "source-gorgias" {
			mode = 0o755
		}
		if h.Typeflag == tar.TypeReg && h.Mode != mode || h.Uid != 0 || h.Gid != 0 || h.Uname != "root" || !h.ModTime.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %+v", name, h)
		}
	}
	dir := t.TempDir()
	if out, err := exec.Command("tar", "-C", dir, "-xzf", filepath.Join(p.dir, p.base+".tar.gz")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	runs(t, filepath.Join(dir, p.base))
}

// runs checks that both programs of a directory run.
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

// wheelFaults lists where a wheel violates the standards: PEP 427 for its
// format, PEP 425 for its tags, PEP 639 for its licenses.
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
			fault("%s would be installed beside other packages", f.Name)
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
		fault("METADATA: licenses %q", got)
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

// checkWheel compares the wheel with the standards, and checks that each
// violation is noticed.
func (p *release) checkWheel(t *testing.T) {
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
			} else if file != "RECORD" { // whose hashes would reveal every change
				files[info+"RECORD"] = rerecord(files[info+"RECORD"], info+file, was, files[info+file])
			}
			// The license is any text: only the record reveals a change.
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
		t.Errorf("without changes: %q", f)
	}
	if len(wheelFaults(name, files, z, p.program[1:])) == 0 {
		t.Error("with another program it passes")
	}
	if len(wheelFaults(strings.Replace(name, "linux", "linus", 1)+"x", files, z, p.program)) == 0 {
		t.Error("with another tag it passes")
	}
}

// rerecord updates a wheel's record for a changed file.
func rerecord(record []byte, name string, was, is []byte) []byte {
	line := func(content []byte) []byte {
		sum := sha256.Sum256(content)
		return fmt.Appendf(nil, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(content))
	}
	return bytes.Replace(record, line(was), line(is), 1)
}

// pip installs the wheel without an index, and runs its programs.
func (p *release) pip(t *testing.T) {
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

// documents runs the documents' commands about the wheel, if they are about the
// one of this platform.
func (p *release) documents(t *testing.T, bin string) {
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		t.Log("the documents use the wheel of another platform")
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
		t.Error("no document uses the wheel")
	}
}

// sbom compares the bill of materials with what Go reports of the program.
func (p *release) sbom(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(p.dir, p.base+".cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.Read(bytes.NewReader(p.program))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range sbomFaults(raw, info, p.program) {
		t.Error(f)
	}
	for _, change := range [][2]string{
		{`"CycloneDX"`, `"SPDX"`},
		{`"specVersion": "1.6"`, `"specVersion": "2"`},
		{`"cdx:gomod:binary:hash:SHA-256"`, `"cdx:gomod:binary:hash:SHA"`},
		{`"MIT"`, `"GPL-3.0-only"`},
		{`"evidence"`, `"guess"`},
		{`"version": "go1.`, `"version": "go2.`},
		{`"name": "github.com/urfave/cli/v2"`, `"name": "github.com/urfave/cli"`},
		{`"content": "`, `"content": "0`},
		{`build:env:GOARCH`, `build:env:ARCH`},
		{`"dependsOn"`, `"depends"`},
		{`"ref": "pkg:golang/std`, `"ref": "pkg:golang/stds`},
		{`"tools": [
      {`, `"tools": [
      {
        "hashes": [],`},
	} {
		broken := strings.ReplaceAll(string(raw), change[0], change[1])
		if broken == string(raw) {
			t.Errorf("%q is not there to be changed", change[0])
		} else if len(sbomFaults([]byte(broken), info, p.program)) == 0 {
			t.Errorf("with %q for %q it passes", change[1], change[0])
		}
	}
}

// sbomFaults lists where a bill of materials is not CycloneDX 1.6, differs from
// the build information of the program, or depends on the machine it was made on.
func sbomFaults(raw []byte, info *buildinfo.BuildInfo, program []byte) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	type licenses []struct{ License struct{ ID string } }
	type component struct {
		Type, Name, Version, PURL string
		Ref                       string `json:"bom-ref"`
		Hashes                    []struct{ Alg, Content string }
		Licenses                  licenses
		Evidence                  struct{ Licenses licenses }
	}
	var doc struct {
		BomFormat, SpecVersion, SerialNumber string
		Metadata                             struct {
			Timestamp  string
			Tools      []map[string]any
			Component  component
			Properties []struct{ Name, Value string }
		}
		Components   []component
		Dependencies []struct {
			Ref       string
			DependsOn []string
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return append(faults, err.Error())
	}
	if doc.BomFormat != "CycloneDX" || doc.SpecVersion != "1.6" {
		fault("it is %s %s", doc.BomFormat, doc.SpecVersion)
	}
	if doc.SerialNumber != "" || doc.Metadata.Timestamp != "" || len(doc.Metadata.Tools) != 1 || doc.Metadata.Tools[0]["hashes"] != nil {
		fault("it is not reproducible: serial number %q, time %q, tools %v", doc.SerialNumber, doc.Metadata.Timestamp, doc.Metadata.Tools)
	}
	purl := func(name, version string) string {
		return "pkg:golang/" + name + "@" + strings.ReplaceAll(version, "+", "%2B")
	}
	main := doc.Metadata.Component
	if main.Type != "application" || main.Name != info.Main.Path || main.PURL != purl(main.Name, main.Version) || len(main.Licenses) != 1 || main.Licenses[0].License.ID != "MIT" {
		fault("it is about %+v", main)
	}
	properties := map[string]string{}
	for _, p := range doc.Metadata.Properties {
		properties[strings.TrimPrefix(p.Name, "cdx:gomod:")] = p.Value
	}
	for _, s := range info.Settings {
		if got, ok := properties["build:env:"+s.Key]; ok && got != s.Value || !ok && (s.Key == "GOOS" || s.Key == "GOARCH") {
			fault("%s is %q, and of the program %q", s.Key, got, s.Value)
		}
	}
	if hash := fmt.Sprintf("%x", sha256.Sum256(program)); properties["binary:hash:SHA-256"] != hash {
		fault("it has the hash %s, and the program %s", properties["binary:hash:SHA-256"], hash)
	}

	// The modules, each with the hash of go.sum.
	want := []string{"std " + info.GoVersion}
	for _, m := range info.Deps {
		sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:"))
		if err != nil {
			fault("%s: %v", m.Path, err)
		}
		want = append(want, fmt.Sprintf("%s %s %x", m.Path, m.Version, sum))
	}
	refs := map[string]bool{main.Ref: true}
	var got, parts []string
	for _, c := range doc.Components {
		line := c.Name + " " + c.Version
		for _, h := range c.Hashes {
			line += " " + h.Content
		}
		got = append(got, line)
		if c.Type != "library" || c.PURL != purl(c.Name, c.Version) || c.Name != "std" && len(c.Evidence.Licenses) == 0 {
			fault("component %+v", c)
		}
		refs[c.Ref] = true
		if c.Name != "std" { // on which the generator lets nothing depend
			parts = append(parts, c.Ref)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		fault("its components are\n%s\nand the program's\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	// The dependencies: the program depends on all modules.
	for _, d := range doc.Dependencies {
		if !refs[d.Ref] {
			fault("%s is twice among the dependencies, or is no component", d.Ref)
		}
		delete(refs, d.Ref)
		if d.Ref == main.Ref && !slices.Equal(slices.Sorted(slices.Values(d.DependsOn)), slices.Sorted(slices.Values(parts))) {
			fault("the program depends on %q", d.DependsOn)
		}
	}
	if len(refs) > 0 {
		fault("no dependencies of %v", refs)
	}
	return faults
}

// packageNames returns the deb and rpm packages of this platform. Only Linux has
// some.
func (p *release) packageNames(t *testing.T) (names []string) {
	if runtime.GOOS != "linux" {
		return nil
	}
	for _, pattern := range []string{"*_" + runtime.GOARCH + ".deb", "*." + map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH] + ".rpm"} {
		found, err := filepath.Glob(filepath.Join(p.dir, pattern))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %q, %v", pattern, found, err)
		}
		names = append(names, filepath.Base(found[0]))
	}
	return names
}

// packages unpacks the deb and the rpm package, and runs their programs.
func (p *release) packages(t *testing.T) {
	for _, name := range p.packageNames(t) {
		unpack := []string{"dpkg-deb", "-x", filepath.Join(p.dir, name), "."}
		if filepath.Ext(name) == ".rpm" {
			unpack = []string{"sh", "-c", `rpm2cpio "$0" | cpio -id --quiet --no-absolute-filenames`, filepath.Join(p.dir, name)}
		}
		if tools := map[string][]string{".deb": {"dpkg-deb"}, ".rpm": {"rpm2cpio", "cpio"}}[filepath.Ext(name)]; slices.ContainsFunc(tools, func(tool string) bool { return !onPath(tool) }) {
			t.Logf("%s is not unpacked: there is no %q", name, tools)
			continue
		}
		cmd := exec.Command(unpack[0], unpack[1:]...)
		cmd.Dir = t.TempDir()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", unpack, err, out)
		}
		runs(t, filepath.Join(cmd.Dir, "usr", "bin"))
		for _, file := range []string{"doc/source-gorgias/copyright", "doc/source-gorgias/LICENSES-linked.txt", "source-gorgias/catalog.json", "source-gorgias/tap-gorgias.yml"} {
			if info, err := os.Stat(filepath.Join(cmd.Dir, "usr", "share", filepath.FromSlash(file))); err != nil || info.Mode() != 0o644 {
				t.Errorf("%s: %s: %v, %v", name, file, info, err)
			}
		}
		installed, err := os.ReadFile(filepath.Join(cmd.Dir, "usr", "bin", "source-gorgias"))
		if err != nil || !bytes.Equal(installed, p.program) {
			t.Errorf("%s has another program, %v", name, err)
		}
	}
}

func onPath(tool string) bool {
	_, err := exec.LookPath(tool)
	return err == nil
}

// managers checks that what Homebrew and Scoop download is in the release, with
// the checksum that they expect.
func (p *release) managers(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	check := func(url, hash string) {
		if got := fmt.Sprintf("%x", sha256.Sum256([]byte(read(filepath.Base(url))))); got != hash {
			t.Errorf("%s has the checksum %s, expected %s", url, got, hash)
		}
	}
	ruby := read("source-gorgias.rb")
	downloads := regexp.MustCompile(`on_(arm|intel) do\n +url "(.+_(\w+)_(amd64|arm64)\.tar\.gz)"\n +sha256 "(.+)"`).FindAllStringSubmatch(ruby, -1)
	if len(downloads) != 4 {
		t.Errorf("the formula has %d archives, expected 4:\n%s", len(downloads), ruby)
	}
	for _, d := range downloads {
		check(d[2], d[5])
		if (d[1] == "arm") != (d[4] == "arm64") {
			t.Errorf("on %s, Homebrew downloads %s", d[1], d[2])
		}
	}
	if macos, linux, _ := strings.Cut(ruby, "on_linux"); strings.Count(macos, "_darwin_") != 2 || strings.Count(linux, "_linux_") != 2 {
		t.Errorf("the formula mixes up the systems:\n%s", ruby)
	}
	if onPath("ruby") {
		if out, err := exec.Command("ruby", "-c", filepath.Join(p.dir, "source-gorgias.rb")).CombinedOutput(); err != nil {
			t.Errorf("ruby -c: %v: %s", err, out)
		}
	}
	var scoop struct {
		Version      string
		Architecture map[string]struct{ URL, Hash string }
		ExtractDir   string `json:"extract_dir"`
		Bin          []string
	}
	if err := json.Unmarshal([]byte(read("source-gorgias.json")), &scoop); err != nil {
		t.Fatal(err)
	}
	a := scoop.Architecture["64bit"]
	check(a.URL, a.Hash)
	windows := openRelease(t, p.dir, "windows/amd64")
	if scoop.ExtractDir != windows.base || filepath.Base(a.URL) != windows.base+".tar.gz" || scoop.Version != fmt.Sprint(connectorMetadata(t)["dockerImageTag"]) {
		t.Errorf("Scoop's manifest: %+v", scoop)
	}
	for _, name := range scoop.Bin {
		if windows.archived[name] == nil {
			t.Errorf("the archive for Windows has no %s", name)
		}
	}
}

// TestReleaseModule renames the module, as its publication does, and builds it.
func TestReleaseModule(t *testing.T) {
	ofHost(t)
	dir := t.TempDir()
	copyTree(t, "..", dir)
	cmd := exec.Command("sh", "-c", `make module MODULE=github.com/acme/source-gorgias && go vet ./... && make build && bin/source-gorgias spec`)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte(`"type":"SPEC"`)) {
		t.Fatalf("%v: %s", err, tail(out))
	}
	left, err := exec.Command("grep", "-rnE", `"source-gorgias/[a-z]|X source-gorgias/`, dir, "--include=*.go", "--include=Dockerfile", "--include=.goreleaser.yaml").Output()
	if err == nil {
		t.Errorf("the former name is left: %s", left)
	}
}

// checksums compares the checksums with the files.
func (p *release) checksums(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(p.dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
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
		listed[name] = true
	}
	for _, pattern := range []string{"*.tar.gz", "*.whl", "*.cdx.json", "*.deb", "*.rpm", "source-gorgias.rb", "source-gorgias.json"} {
		paths, err := filepath.Glob(filepath.Join(p.dir, pattern))
		if err != nil || len(paths) == 0 {
			t.Errorf("no %s, %v", pattern, err)
		}
		for _, path := range paths {
			if !listed[filepath.Base(path)] {
				t.Errorf("%s has no checksum", path)
			}
		}
	}
}

// TestReproducible builds the release of this platform a second time: from a
// copy in another directory, with empty caches, by a user whose environment and
// settings would change what Go builds. Every file must be the same to the byte.
func TestReproducible(t *testing.T) {
	first := ofHost(t)
	dir := t.TempDir()
	tree := filepath.Join(dir, "elsewhere", "deep er")
	copyTree(t, "..", tree)
	for _, d := range []string{"home/.config/go", "tmp", "tools"} {
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
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	// GoReleaser itself takes minutes to compile: the usual caches have it.
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	tool := regexp.MustCompile(`(?m)^GORELEASER = go run (\S+)$`).FindSubmatch(makefile)
	if tool == nil {
		t.Fatal("the Makefile has no GORELEASER")
	}
	install := exec.Command("go", "install", string(tool[1]))
	install.Env = append(os.Environ(), "GOBIN="+filepath.Join(dir, "tools"))
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// sh, for its umask.
	cmd := exec.Command("sh", "-c", `umask 077; exec make wheel GORELEASER="$1"`, "sh", filepath.Join(dir, "tools", "goreleaser"))
	cmd.Dir = tree
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir + "/home", "TMPDIR=" + dir + "/tmp", "GOENV=" + dir + "/home/settings",
		"GOPATH=" + dir + "/path", "GOCACHE=" + dir + "/cache", "GOMODCACHE=" + dir + "/modules", "GOFLAGS=-modcacherw -tags=other",
		"GOPROXY=file://" + strings.TrimSpace(string(cache)) + "/cache/download", "GOSUMDB=off", "GOTOOLCHAIN=local",
		"GOAMD64=v2", "GOARM64=v8.1", "CGO_ENABLED=1", "GOWORK=", "USER=other", "TZ=Asia/Kathmandu", "LANG=de_DE.UTF-8", "SOURCE_DATE_EPOCH=1",
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	second := openRelease(t, filepath.Join(tree, "dist"), runtime.GOOS+"/"+runtime.GOARCH)
	for _, name := range append(first.packageNames(t), first.base+".tar.gz", first.base+".cdx.json", filepath.Base(first.wheel)) {
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
			t.Errorf("the program contains the path %s", trace)
		}
	}
}

// copyTree copies the sources: no tests, builds or history.
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

// TestReleaseEverywhere checks the release of the platforms that do not run here.
func TestReleaseEverywhere(t *testing.T) {
	dir := ofHost(t).dir
	for platform, magic := range map[string]string{
		"linux/amd64": "\x7fELF\x02\x01", "linux/arm64": "\x7fELF\x02\x01", "darwin/amd64": "\xcf\xfa\xed\xfe\x07", "darwin/arm64": "\xcf\xfa\xed\xfe\x0c", "windows/amd64": "MZ",
	} {
		t.Run(strings.ReplaceAll(platform, "/", "_"), func(t *testing.T) {
			p := openRelease(t, dir, platform)
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
			p.sbom(t)
		})
	}
}
