package integration_tests

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"source-gorgias/connector/cli"
	"source-gorgias/connector/config"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/streams"
)

// sandboxEmail and sandboxSecret are credentials of the sandbox. The secret
// differs in each encoding.
const sandboxEmail, sandboxSecret = "agent@example.com", "k3y+of/the house&=%é"

// endsWithin is how long an interrupted program may take to end. It takes at
// most four seconds itself; the rest is for a busy machine. The waits that a
// signal must interrupt are longer.
const endsWithin = 45 * time.Second

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // thousands of small accounts are garbage soon: an eighth less processor time
	code := m.Run()
	if buildDir != "" {
		_ = os.RemoveAll(buildDir)
	}
	os.Exit(code)
}

// buildDir is where the program was built; "" if no test needed it.
var buildDir string

// buildOnce builds the program, once, and returns its path.
var buildOnce = sync.OnceValues(func() (string, error) {
	var err error
	if buildDir, err = os.MkdirTemp("", "source-gorgias"); err != nil {
		return "", err
	}
	path := filepath.Join(buildDir, "source-gorgias")
	if err := os.Symlink(path, filepath.Join(buildDir, "tap-gorgias")); err != nil {
		return "", err
	}
	// CGO_ENABLED=0, as in a release, would compile half of the standard
	// library a second time.
	if out, err := exec.Command("go", "build", "-o", path, "source-gorgias").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func program(t testing.TB) string {
	t.Helper()
	path, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// discoverOnce returns the streams that discover returns.
var discoverOnce = sync.OnceValues(func() (map[string]*contract, error) {
	var out, fault bytes.Buffer
	dir, err := os.MkdirTemp("", "discover")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	config := filepath.Join(dir, "config.json")
	if err := os.WriteFile(config, []byte(`{"reports":`+someReports+`}`), 0o400); err != nil {
		return nil, err
	}
	if code, _ := cli.Main(context.Background(), []string{"source-gorgias", "discover", "--sandbox", "--config", config}, strings.NewReader(""), &out, &fault); code != 0 {
		return nil, fmt.Errorf("discover: exit code %d: %s", code, fault.Bytes())
	}
	return contracts((&transcript{stdout: out.Bytes()}).messages())
})

// A call is one run of the program.
type call struct {
	tap   bool // as tap-gorgias
	args  []string
	dir   string    // the working directory; "" is a new one
	env   []string  // besides PATH
	stdin *os.File  // nil is empty
	out   io.Writer // a copy of the output; nil is none
	// at gets the process once it runs, and may end it.
	at func(*os.Process)
}

func (c call) name() string {
	if c.tap {
		return "tap-gorgias"
	}
	return "source-gorgias"
}

// run runs the program in a process.
func (c call) run(t testing.TB) *transcript {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(program(t)), c.name()), c.args...)
	cmd.Dir, cmd.Env = c.dir, append([]string{"PATH=" + os.Getenv("PATH")}, c.env...)
	if c.dir == "" {
		cmd.Dir = t.TempDir()
	}
	if c.stdin != nil {
		cmd.Stdin = c.stdin
	}
	tr := c.transcript()
	if c.stdin != nil && slices.Contains(c.args, "-") {
		tr.configured = nil // standard input may be the catalog
	}
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	if c.out != nil {
		cmd.Stdout = io.MultiWriter(&out, c.out)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if c.at != nil {
		tr.stopped = true
		c.at(cmd.Process)
	}
	err := cmd.Wait()
	if ctx.Err() != nil {
		t.Fatalf("%v: still running after three minutes", c.args)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	tr.ended, tr.code, tr.stdout, tr.stderr = time.Now(), cmd.ProcessState.ExitCode(), out.Bytes(), fault.Bytes()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && tr.stopped && tr.code == -1 && status.Signal() != syscall.SIGTERM {
		t.Errorf("ended by %v", status.Signal())
	}
	tr.verify(t)
	return tr
}

// inside runs the program in this process, which is faster.
func (c call) inside(t testing.TB) *transcript {
	t.Helper()
	tr := c.transcript()
	var out, fault bytes.Buffer
	var to io.Writer = &out
	if c.out != nil {
		to = io.MultiWriter(&out, c.out)
	}
	tr.code, _ = cli.Main(context.Background(), append([]string{c.name()}, c.args...), strings.NewReader(""), to, &fault)
	tr.ended, tr.stdout, tr.stderr = time.Now(), out.Bytes(), fault.Bytes()
	tr.verify(t)
	return tr
}

// transcript returns the transcript of a call, without output.
func (c call) transcript() *transcript {
	tr := &transcript{began: time.Now(), secrets: []string{sandboxSecret, "top-s3cret+4711", foreignKey}}
	tr.report = len(c.args) > 0 && slices.Contains([]string{"plan", "state", "probe", "verify", "completion", "man"}, c.args[0])
	tr.helpText = len(c.args) > 0 && (c.args[0] == "help" || c.args[0] == "version") || slices.ContainsFunc(c.args, func(a string) bool { return a == "--help" || a == "-h" || a == "--version" || a == "-v" })
	if c.tap || len(c.args) > 0 && strings.HasPrefix(c.args[0], "-") {
		tr.tap = c.parseTapCall()
		return tr
	}
	if len(c.args) == 0 || !slices.Contains([]string{"spec", "check", "discover", "read"}, c.args[0]) {
		return tr
	}
	tr.command = c.args[0]
	if tr.command == "read" {
		raw := []byte(nil)
		if i := slices.IndexFunc(c.args, func(a string) bool { return a == "--config" || a == "-config" }); i >= 0 && i+1 < len(c.args) {
			raw, _ = os.ReadFile(c.args[i+1])
		}
		tr.configured = streamNames(config.AvailableStreams(raw))
	}
	for i, arg := range c.args {
		path, is := strings.CutPrefix(strings.TrimPrefix(arg, "-"), "-catalog=")
		if (arg == "--catalog" || arg == "-catalog") && i+1 < len(c.args) {
			path, is = c.args[i+1], true
		}
		if !is {
			continue
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(c.dir, path)
		}
		raw, _ := os.ReadFile(path)
		tr.parseCatalog(raw)
	}
	if i := slices.Index(c.args, "--streams"); i >= 0 && i+1 < len(c.args) {
		tr.configured = []string{}
		for name := range strings.SplitSeq(c.args[i+1], ",") {
			if s := streams.Lookup(name); s != nil {
				tr.configured = append(tr.configured, s.Name)
			}
		}
	}
	return tr
}

// parseCatalog notes what a catalog of either protocol configures.
func (tr *transcript) parseCatalog(raw []byte) {
	var catalog struct {
		Streams []struct {
			Stream struct {
				Name   string
				Schema struct{ Properties map[string]any } `json:"json_schema"`
			}
			Singer   string `json:"tap_stream_id"`
			Selected *bool
		}
	}
	_ = json.Unmarshal(bytes.TrimPrefix(raw, []byte("\ufeff")), &catalog)
	tr.configured, tr.fewColumns = []string{}, map[string]bool{}
	for _, s := range catalog.Streams {
		name := cmp.Or(s.Stream.Name, s.Singer)
		if s.Singer != "" && (streams.Find(name) == nil || s.Selected != nil && !*s.Selected) { // skipped with a warning
			continue
		}
		tr.fewColumns[name] = s.Singer != "" || len(s.Stream.Schema.Properties) > 0
		tr.configured = append(tr.configured, name)
	}
}

// file writes a file for the program to read and returns its path.
func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o400); err != nil {
		t.Fatal(err)
	}
	return path
}

// serveSandbox serves an account on a local port, without rate limit, and
// returns the path of a configuration for it.
func serveSandbox(t testing.TB, box *sandbox.Server) (config string) {
	t.Helper()
	box.Email, box.APIKey = sandboxEmail, sandboxSecret
	if box.Limit == 0 {
		box.Limit = unlimited
	}
	srv := httptest.NewServer(box)
	t.Cleanup(srv.Close)
	return file(t, "config.json", configText(srv.URL, sandboxSecret))
}

// someReports are the reports of the stream statistics in these tests.
const someReports = `[{"scope":"tickets-created","dimensions":["channel"]},{"scope":"resolution-time","timezone":"America/New_York"}]`

func configText(origin, secret string) string {
	quoted, _ := json.Marshal(secret)
	return fmt.Sprintf(`{"subdomain":"acme","base_url":%q,"start_date":"2020-01-01","_note":1,"reports":`+someReports+`,
		"credentials":{"auth_type":"api_key","email":%q,"api_key":%s}}`, origin, sandboxEmail, quoted)
}
