package integration_tests

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/streams"
	"source-gorgias/integration_tests/documents"
)

// packaging/image.sh builds an image and names it here.
var (
	engine    = flag.String("engine", "", "`command` of the engine that has the image, with its options")
	image     = flag.String("image", "", "`image` to test; none if empty")
	imageArch = flag.String("image-arch", runtime.GOARCH, "`processor` that the image is for")
)

// An instruction is a line of a Dockerfile, its continuations joined.
type instruction struct {
	name, rest string
	stage      int // -1 before the first
}

// instructions reads a Dockerfile.
func instructions(text string) (all []instruction) {
	stage := -1
	for line := range strings.Lines(regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(text, "")) {
		line = strings.TrimSpace(line)
		if n := len(all); n > 0 && strings.HasSuffix(all[n-1].rest, `\`) {
			all[n-1].rest = strings.TrimSpace(strings.TrimSuffix(all[n-1].rest, `\`)) + " " + line
			continue
		}
		if line == "" {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		if name = strings.ToUpper(name); name == "FROM" {
			stage++
		}
		all = append(all, instruction{name, strings.TrimSpace(rest), stage})
	}
	return all
}

// dockerfileFaults lists the requirements that a Dockerfile violates.
func dockerfileFaults(text string, about map[string]any) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if regexp.MustCompile(`(?mi)^#\s*syntax\s*=`).MatchString(text) {
		fault("a syntax line fetches the builder's front end from a registry")
	}
	all := instructions(text)
	get := func(stage int, name string) (rest []string) {
		for _, i := range all {
			if i.stage == stage && i.name == name {
				rest = append(rest, i.rest)
			}
		}
		return rest
	}
	const build, final = 0, 1
	if n := len(get(build, "FROM")) + len(get(final, "FROM")); n != 2 || len(get(2, "FROM")) > 0 {
		fault("not two stages")
		return faults
	}

	// The bases.
	bases := map[string]string{}
	for _, a := range get(-1, "ARG") {
		name, value, _ := strings.Cut(a, "=")
		bases[name] = value
	}
	from := regexp.MustCompile(`^(--platform=\S+ )?\$\{(\w+)\}( AS \w+)?$`)
	for stage := build; stage <= final; stage++ {
		m := from.FindStringSubmatch(get(stage, "FROM")[0])
		if m == nil {
			fault("stage %d has a base that is not an argument", stage)
			continue
		}
		if _, tag, ok := strings.Cut(bases[m[2]], ":"); !ok || strings.HasPrefix(tag, "latest") {
			fault("%s has no default with a version", m[2])
		}
		if (strings.TrimSpace(m[1]) == "--platform=$BUILDPLATFORM") != (stage == build) {
			fault("stage %d runs on the wrong processor", stage)
		}
		if stage == final && regexp.MustCompile(`scratch|distroless|static`).MatchString(bases[m[2]]) {
			fault("the platform needs a shell, and %s has none", bases[m[2]])
		}
	}

	// The program.
	var built, made string
	for _, r := range get(build, "RUN") {
		switch {
		case strings.Contains(r, "go build"):
			built = r
		case strings.Contains(r, "mkdir"):
			made = r
		}
	}
	for _, word := range []string{"CGO_ENABLED=0", "GOOS=$TARGETOS", "GOARCH=$TARGETARCH", "-trimpath", "-buildvcs=false",
		`-ldflags "-s -w -X source-gorgias/connector/cli.version=$VERSION"`} {
		if !strings.Contains(built, word+" ") {
			fault("the program is built without %s", word)
		}
	}
	before := map[string]bool{}
	for _, i := range all {
		if i.stage == build && i.name == "ARG" {
			name, _, _ := strings.Cut(i.rest, "=")
			before[name] = true
		}
		if i.rest == built && !(before["TARGETOS"] && before["TARGETARCH"] && before["VERSION"]) {
			fault("the program is built before its arguments are known")
		}
	}

	// The image.
	var entry []string
	if e := get(final, "ENTRYPOINT"); len(e) != 1 || json.Unmarshal([]byte(e[0]), &entry) != nil || len(entry) != 1 || !path.IsAbs(entry[0]) {
		fault("the entry point is not one absolute path, in the form of a list")
	} else if !strings.Contains(built, " -o /root-owned"+entry[0]+" ") {
		fault("the entry point is not what was built")
	}
	if e := get(final, "ENV"); !slices.Contains(e, fmt.Sprintf("AIRBYTE_ENTRYPOINT=%q", strings.Join(entry, " "))) {
		fault("AIRBYTE_ENTRYPOINT is not the entry point")
	}
	if u := get(final, "USER"); len(u) != 1 || u[0] != "1000:1000" {
		fault("the user is not 1000:1000")
	}
	for _, name := range []string{"RUN", "ADD", "CMD", "SHELL", "VOLUME"} {
		if len(get(final, name)) > 0 {
			fault("the second stage has a %s", name)
		}
	}
	if c := get(final, "COPY"); !slices.Equal(c, []string{"--from=build --chown=0:0 /root-owned/ /", "--from=build --chown=1000:1000 /user-owned/ /"}) {
		fault("the image does not have the files of the first stage")
	}
	for what, words := range map[string]string{
		"certificates":         "cp /etc/ssl/certs/ca-certificates.crt /root-owned/etc/ssl/certs/",
		"no name for its user": `airbyte:x:1000:1000:`,
		"the tap's name":       "ln -s source-gorgias /root-owned/usr/local/bin/tap-gorgias",
		"a home":               " /user-owned/airbyte/",
		"/config":              " /user-owned/config ",
		"/secrets":             " /user-owned/secrets ",
		"its license":          "cp LICENSE /root-owned/",
		"linked licenses":      "packaging licenses /root-owned/",
		"readable directories": "umask 022 ",
	} {
		if !strings.Contains(made, words) {
			fault("the image lacks %s", what)
		}
	}
	labels := map[string]string{}
	for _, l := range regexp.MustCompile(`(\S+)="([^"]*)"`).FindAllStringSubmatch(strings.Join(get(final, "LABEL"), " "), -1) {
		labels[l[1]] = l[2]
	}
	for name, want := range map[string]any{
		"io.airbyte.name": about["dockerRepository"], "io.airbyte.version": "$VERSION",
		"org.opencontainers.image.title": about["dockerRepository"], "org.opencontainers.image.version": "$VERSION",
		"org.opencontainers.image.revision": "$REVISION", "org.opencontainers.image.licenses": about["license"],
		"org.opencontainers.image.documentation": about["documentationUrl"],
	} {
		if labels[name] != want {
			fault("the label %s is %q, not %q", name, labels[name], want)
		}
	}
	for stage := build; stage <= final; stage++ {
		if !slices.Contains(get(stage, "ARG"), fmt.Sprintf("VERSION=%v", about["dockerImageTag"])) {
			fault("stage %d has another version than metadata.yaml", stage)
		}
	}
	return faults
}

// TestDockerfile compares the Dockerfile with what the platform and its tests
// require of an image, and checks that each violation is noticed.
func TestDockerfile(t *testing.T) {
	raw, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	text, about := string(raw), connectorMetadata(t)
	for _, f := range dockerfileFaults(text, about) {
		t.Error(f)
	}
	for _, change := range [][2]string{
		{"# The image", "# syntax=docker/dockerfile:1\n# The image"},
		{"FROM ${RUN_BASE}", "FROM busybox:1.37-musl"},
		{"BUILD_BASE=golang:1.26-alpine", "BUILD_BASE=golang"},
		{"BUILD_BASE=golang:1.26-alpine", "BUILD_BASE"},
		{"RUN_BASE=busybox:1.37-musl", "RUN_BASE=busybox:latest"},
		{"RUN_BASE=busybox:1.37-musl", "RUN_BASE=gcr.io/distroless/static:nonroot"},
		{"--platform=$BUILDPLATFORM ", ""},
		{"FROM ${RUN_BASE}", "FROM --platform=$BUILDPLATFORM ${RUN_BASE}"},
		{"FROM ${RUN_BASE}", "FROM ${RUN_BASE} AS base\nFROM ${RUN_BASE}"},
		{"CGO_ENABLED=0 ", ""},
		{"GOOS=$TARGETOS ", ""},
		{"GOARCH=$TARGETARCH ", ""},
		{"-trimpath ", ""},
		{"-buildvcs=false ", ""},
		{"cli.version=$VERSION", "cli.version=1"},
		{"ARG TARGETOS\n", ""},
		{"ARG TARGETARCH\n", ""},
		{`ENTRYPOINT ["/usr`, `ENTRYPOINT ["usr`},
		{`ENTRYPOINT ["/usr/local/bin/source-gorgias"]`, `ENTRYPOINT /usr/local/bin/source-gorgias`},
		{`ENTRYPOINT ["/usr/local/bin/source-gorgias"]`, `ENTRYPOINT ["/usr/local/bin/source-gorgias", "read"]`},
		{`ENTRYPOINT ["/usr/local/bin/source-gorgias"]`, `ENTRYPOINT ["/bin/source-gorgias"]`},
		{`AIRBYTE_ENTRYPOINT="/usr/local/bin/`, `AIRBYTE_ENTRYPOINT="./`},
		{"ENV AIRBYTE_ENTRYPOINT", "ENV ENTRYPOINT"},
		{"USER 1000:1000", "USER airbyte"},
		{"USER 1000:1000\n", ""},
		{"USER 1000:1000\n", "USER 1000:1000\nUSER 0\n"},
		{"WORKDIR /airbyte", "RUN chmod 0777 /config\nWORKDIR /airbyte"},
		{"WORKDIR /airbyte", "CMD [\"spec\"]\nWORKDIR /airbyte"},
		{"--chown=1000:1000 ", ""},
		{"--chown=0:0 ", ""},
		{"cp /etc/ssl/certs/ca-certificates.crt", "true"},
		{"airbyte:x:1000:1000:", "airbyte:x:1001:1001:"},
		{"ln -s source-gorgias", "true"},
		{"/user-owned/airbyte/integration_code", "/user-owned/home"},
		{" /user-owned/config ", " "},
		{" /user-owned/secrets ", " "},
		{"cp LICENSE", "true"},
		{"packaging licenses", "packaging licenses /dev/null #"},
		{"umask 022", "umask 077"},
		{`io.airbyte.name="source-gorgias"`, `io.airbyte.name="gorgias"`},
		{`io.airbyte.version="$VERSION"`, `io.airbyte.version="1"`},
		{`image.title="source-gorgias"`, `image.title=""`},
		{`image.version="$VERSION"`, `image.version="1"`},
		{`image.revision="$REVISION"`, `image.revision=""`},
		{`image.licenses="MIT"`, `image.licenses="ELv2"`},
		{"image.documentation", "image.source"},
		{"ARG VERSION=" + fmt.Sprint(about["dockerImageTag"]), "ARG VERSION=9.9.9"},
	} {
		broken := strings.Replace(text, change[0], change[1], 1)
		if broken == text {
			t.Errorf("nothing to break at %q", change[0])
		} else if len(dockerfileFaults(broken, about)) == 0 {
			t.Errorf("with %q for %q it passes", change[1], change[0])
		}
	}

	// The release is built with the same flags.
	if flags := fmt.Sprintf("%q", buildFlags(t)); flags != fmt.Sprintf(`["-trimpath" "-buildvcs=false" "-ldflags" "-s -w -X source-gorgias/connector/cli.version=%v"]`, about["dockerImageTag"]) {
		t.Errorf(".goreleaser.yaml has the flags %s", flags)
	}
}

// TestDockerignore checks that the image is built from all files that it needs,
// and from none that are private.
func TestDockerignore(t *testing.T) {
	raw, err := os.ReadFile("../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for l := range strings.Lines(string(raw)) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") {
			patterns = append(patterns, l)
		}
	}
	// The last pattern that matches a path, or a directory it is in, decides.
	ignored := func(name string) (out bool) {
		for _, p := range patterns {
			pattern, keep := strings.CutPrefix(p, "!")
			everywhere, deep := strings.CutPrefix(pattern, "**/")
			for at := name; at != "."; at = path.Dir(at) {
				matched, err := path.Match(pattern, at)
				if deep {
					matched, err = path.Match(everywhere, path.Base(at))
				}
				if err != nil {
					t.Fatal(err)
				}
				if matched {
					out = !keep
				}
			}
		}
		return out
	}
	list := exec.Command("go", "list", "-deps", "-f", `{{if .Module}}{{if .Module.Main}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}
{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}
{{end}}{{end}}{{end}}`, module, module+"/packaging")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	needed := append(strings.Fields(string(out)), root+"/go.mod", root+"/go.sum", root+"/LICENSE")
	if len(needed) < 50 {
		t.Errorf("only %d files are needed", len(needed))
	}
	for _, file := range needed {
		if name, _ := filepath.Rel(root, file); ignored(name) {
			t.Errorf("%s is needed and ignored", name)
		}
	}
	for _, name := range []string{".git/config", "config.json", "secrets/config.json", "bin/source-gorgias", "dist/SHA256SUMS", ".env",
		"connector/sync_test.go", "integration_tests/testdata/samples/errors.json", "packaging/acceptance/wrong_config.json"} {
		if !ignored(name) {
			t.Errorf("%s is not ignored", name)
		}
	}
}

// TestImage checks an image that packaging/image.sh has built, and calls it as
// the platform does: through a shell, from a directory of the platform, as user
// 1000 without capabilities, on a read-only root file system, without a network.
func TestImage(t *testing.T) {
	if *image == "" {
		t.Skip("no image: packaging/image.sh builds one and tests it")
	}
	b := &container{engine: strings.Fields(*engine)}
	t.Run("config", b.config)
	t.Run("program", b.program)
	if *imageArch != runtime.GOARCH {
		t.Logf("an image for %s is not run here", *imageArch)
		return
	}
	t.Run("confined", b.confined)
	t.Run("platform", b.platform)
	t.Run("entry_point", b.entryPoint)
	t.Run("terminate", b.terminate)
	t.Run("documents", b.documents)
}

// A container runs the image.
type container struct{ engine []string }

// do calls the engine.
func (b *container) do(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := b.command(t, args...)
	var fault bytes.Buffer
	cmd.Stderr = &fault
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, out, fault.Bytes())
	}
	return out
}

func (b *container) command(t *testing.T, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return exec.CommandContext(ctx, b.engine[0], append(b.engine[1:len(b.engine):len(b.engine)], args...)...)
}

// run returns the arguments that run the image, confined.
func (b *container) run(args ...string) []string {
	run := []string{"run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "1000:1000"}
	if b.engine[0] == "podman" { // which raises them, and where it is confined itself may not
		run = append(run, "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096")
	}
	return append(run, args...)
}

// config checks the image's configuration.
func (b *container) config(t *testing.T) {
	var all []struct {
		Architecture, Os string
		Size             int64
		Config           struct {
			User, WorkingDir     string
			Env, Entrypoint, Cmd []string
			Labels               map[string]string
		}
	}
	if err := json.Unmarshal(b.do(t, "image", "inspect", *image), &all); err != nil || len(all) != 1 {
		t.Fatal(err)
	}
	about, i := connectorMetadata(t), all[0]
	if i.Os != "linux" || i.Architecture != *imageArch {
		t.Errorf("it is for %s/%s", i.Os, i.Architecture)
	}
	if i.Config.User != "1000:1000" || i.Config.WorkingDir != "/airbyte/integration_code" || len(i.Config.Cmd) > 0 {
		t.Errorf("user %q, directory %q, command %q", i.Config.User, i.Config.WorkingDir, i.Config.Cmd)
	}
	if len(i.Config.Entrypoint) != 1 || !slices.Contains(i.Config.Env, "AIRBYTE_ENTRYPOINT="+strings.Join(i.Config.Entrypoint, " ")) {
		t.Errorf("entry point %q, environment %q", i.Config.Entrypoint, i.Config.Env)
	}
	if l := i.Config.Labels; l["io.airbyte.name"] != about["dockerRepository"] || l["io.airbyte.version"] != about["dockerImageTag"] {
		t.Errorf("labels %q", l)
	}
	t.Logf("%.1f MB", float64(i.Size)/1e6)
}

// program compares the program in the image with that of the release.
func (b *container) program(t *testing.T) {
	id := strings.TrimSpace(string(b.do(t, "create", *image)))
	defer b.do(t, "rm", id)
	path := filepath.Join(t.TempDir(), "program")
	b.do(t, "cp", id+":/usr/local/bin/source-gorgias", path)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sha256.Sum256(content), sha256.Sum256(buildProgram(t, "linux", *imageArch)); got != want {
		t.Errorf("the program in the image is %x, that of the release %x", got, want)
	}
}

// confined checks that the image runs with the restrictions above, and that it
// has the programs that the platform's script calls.
func (b *container) confined(t *testing.T) {
	script := `id -u; id -un; id -g; grep CapBnd /proc/self/status; for d in / /airbyte /config /secrets /usr/local/bin; do touch $d/x 2> /dev/null && echo writable $d; done
for c in sleep mv echo test kill cat mkfifo tap-gorgias source-gorgias; do command -v $c > /dev/null || echo no $c; done
test -s /etc/ssl/certs/ca-certificates.crt || echo no certificates; touch /tmp/x; stat -c '%A %u' /airbyte /config /secrets /usr/local/bin/source-gorgias; echo $HOME`
	got := string(b.do(t, b.run("--workdir", "/", "--entrypoint", "sh", *image, "-c", script)...))
	want := "1000\nairbyte\n1000\nCapBnd:\t0000000000000000\ndrwxr-xr-x 1000\ndrwxr-xr-x 1000\ndrwxr-xr-x 1000\n-rwxr-xr-x 0\n/airbyte\n"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// wrapper is a short form of the platform's script, beside a sandbox account: the
// program's output goes through named pipes, its exit code into a file.
const wrapper = `mkfifo /tmp/account /tmp/out /tmp/err
/usr/local/bin/source-gorgias sandbox --listen 127.0.0.1:8080 --limit 1000000 2> /tmp/account &
exec 3< /tmp/account; read -r ready <&3
cat /tmp/out > /files/stdout & out=$!
cat /tmp/err > /files/stderr & err=$!
eval "$AIRBYTE_ENTRYPOINT $1" 2> /tmp/err > /tmp/out
echo $? > /files/exit; wait $out $err; kill %1`

// call runs a command line in the image, with the files in /files.
func (b *container) call(t *testing.T, where, line string, files map[string]string) *transcript {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	tr := call{args: strings.Fields(strings.ReplaceAll(line, "/files/", dir+"/"))}.transcript()
	tr.secrets = []string{"sandbox-key"}
	b.do(t, b.run("--volume", dir+":/files", "--workdir", where, "--env", "USE_STREAM_CAPABLE_STATE=true",
		"--env", "LOG_LEVEL=INFO", "--env", "DEPLOYMENT_MODE=OSS", "--entrypoint", "sh", *image, "-c", wrapper, "sh", line)...)
	tr.ended = time.Now()
	tr.stdout, _ = os.ReadFile(dir + "/stdout")
	tr.stderr, _ = os.ReadFile(dir + "/stderr")
	exit, _ := os.ReadFile(dir + "/exit")
	if _, err := fmt.Sscan(string(exit), &tr.code); err != nil {
		t.Fatalf("no exit code: %q", exit)
	}
	tr.verify(t)
	return tr
}

// platform runs every command as the platform does, the last one twice.
func (b *container) platform(t *testing.T) {
	account := `{"subdomain":"sandbox","base_url":"http://127.0.0.1:8080","start_date":"1980-01-01","reports":` + someReports + `,
		"credentials":{"auth_type":"api_key","email":"sandbox@example.com","api_key":"sandbox-key"}}`
	files := map[string]string{"config.json": account, "wrong.json": strings.Replace(account, "sandbox-key", "another-key", 1)}
	for _, c := range []struct{ line, want string }{
		{"spec", `"type":"SPEC"`},
		{"check --config /files/config.json", `"status":"SUCCEEDED"`},
		{"check --config /files/wrong.json", `"status":"FAILED"`},
		{"discover --config /files/config.json", `"type":"CATALOG"`},
	} {
		tr := b.call(t, "/config", c.line, files)
		if tr.code != 0 || !strings.Contains(string(tr.stdout), c.want) {
			t.Errorf("%s: exit code %d, %s", c.line, tr.code, tail(tr.stdout))
		}
	}
	files["catalog.json"] = catalogFile("incremental", allStreams()...)
	first := b.call(t, "/secrets", "read --config /files/config.json --catalog /files/catalog.json", files)
	rows := records(first.messages())
	if len(rows) != len(streams.All()) || first.code != 0 {
		t.Errorf("exit code %d, records of %d streams: %s", first.code, len(rows), slices.Sorted(maps.Keys(rows)))
	}
	files["state.json"] = stateFile(assemble(nil, first.messages()))
	again := records(b.call(t, "/airbyte", "read --config /files/config.json --catalog /files/catalog.json --state /files/state.json", files).messages())
	if len(again["tags"]) != len(rows["tags"]) || len(again["tags"]) == 0 || len(again["ticket_messages"]) >= len(rows["ticket_messages"]) {
		t.Errorf("%d tags and %d messages, then %d and %d", len(rows["tags"]), len(rows["ticket_messages"]), len(again["tags"]), len(again["ticket_messages"]))
	}
}

// entryPoint calls the image without the platform's script.
func (b *container) entryPoint(t *testing.T) {
	version := fmt.Sprint(connectorMetadata(t)["dockerImageTag"])
	for _, c := range []struct {
		before, after []string
		want          string
	}{
		{nil, []string{"--version"}, "source-gorgias " + version},
		{[]string{"--entrypoint", "tap-gorgias"}, []string{"--version"}, "tap-gorgias " + version},
		{nil, []string{"spec"}, `{"type":"SPEC"`},
		{[]string{"--entrypoint", "tap-gorgias"}, []string{"--sandbox", "--discover"}, `{ "streams": [`},
	} {
		out := b.do(t, b.run(slices.Concat(c.before, []string{*image}, c.after)...)...)
		if !strings.HasPrefix(strings.Join(strings.Fields(string(out)), " "), c.want) {
			t.Errorf("%v: %.200s", c.after, out)
		}
	}
}

// terminate ends a program that is the first process of its container, to which
// the kernel does not deliver most signals.
func (b *container) terminate(t *testing.T) {
	name := fmt.Sprintf("source-gorgias-%d", os.Getpid())
	cmd := b.command(t, b.run("--name", name, *image, "sandbox", "--listen", "127.0.0.1:8080")...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	messages := bufio.NewScanner(stderr)
	if !messages.Scan() || !strings.Contains(messages.Text(), "listens") {
		t.Errorf("it wrote %q", messages.Text())
	}
	b.do(t, "kill", "--signal", "TERM", name)
	for messages.Scan() {
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 143 {
		t.Errorf("%v, want exit code 143", err)
	}
}

// documents runs the documents' docker commands. Their docker is a script that
// adds the network in which accounts are sandboxes, replaces source-gorgias:dev by
// the tested image, and passes the other arguments on.
func (b *container) documents(t *testing.T) {
	w := newDocRunner(t)
	certificate, err := os.ReadFile(w.network.certificate)
	if err != nil {
		t.Fatal(err)
	}
	shown := filepath.Join(t.TempDir(), "certificates")
	if err := os.WriteFile(shown, certificate, 0o444); err != nil {
		t.Fatal(err)
	}
	engine, err := exec.LookPath(b.engine[0])
	if err != nil {
		t.Fatal(err)
	}
	extra := b.run("--env", "HTTPS_PROXY="+w.network.proxy, "--volume", shown+":/etc/ssl/certs/ca-certificates.crt:ro")
	extra[slices.Index(extra, "none")] = "host" // the only network that leads to the proxy
	quoted := func(words []string) string { return "'" + strings.Join(words, "' '") + "'" }
	script := fmt.Sprintf(`test "$1" = run || { echo "only docker run is done here" >&2; exit 127; }
args=(); for a in "${@:2}"; do args+=("${a/#source-gorgias:dev/%s}"); done
HOME=%s PATH=%s exec %s %s "${args[@]}"`, *image, quoted([]string{os.Getenv("HOME")}), quoted([]string{os.Getenv("PATH")}),
		quoted(append([]string{engine}, b.engine[1:]...)), quoted(extra))
	w.addStandIn(t, "docker", script)
	n := 0
	for _, path := range repositoryFiles(t, ".md") {
		blocks, err := documents.Blocks(path)
		if err != nil {
			t.Fatal(err)
		}
		dir := w.scratch(t, w.config)
		for _, name := range []string{"", "config.json"} { // the image's user is another
			if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, block := range blocks {
			if block.By != "image" || block.Language != "sh" {
				continue
			}
			n++
			if problem := w.runShell(t, dir, w.config, block.Text, "…"); problem != "" {
				t.Errorf("%s:%d: %s", relative(path), block.Line, problem)
			}
		}
	}
	if n == 0 {
		t.Error("no document uses the image")
	}
	t.Logf("%d blocks", n)
}
