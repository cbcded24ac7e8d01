package integration_tests

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/config"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/singer"
	"source-gorgias/connector/streams"
	"source-gorgias/integration_tests/documents"
)

// TestDocuments runs what the documents contain. In every document
//
//   - the sh blocks run in their order, each in a shell of its own, in one
//     directory with the files of the repository's root. There, config.json is the
//     first configuration of the document or else of the README, and state.json is
//     empty. The program is the real one; only the network is replaced: each
//     account is a sandbox. The text block after a block is its output; … stands
//     for some characters or, on a line of its own, for some lines;
//   - json blocks are configurations with which check succeeds, catalogs and
//     states with which a read succeeds, or messages of declared columns;
//   - yaml blocks are loaded, and python blocks run, by the runner that is named
//     before them;
//   - links have a target, and names in back-ticks exist: commands, flags, tests,
//     files.
//
// What another runner runs is named and counted. A block without a runner is an
// error.
func TestDocuments(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash to run the documents")
	}
	w := newDocRunner(t)
	total := map[string]int{}
	for _, file := range repositoryFiles(t, ".md") {
		t.Run(relative(file), func(t *testing.T) {
			done, problems := w.runDocument(t, file)
			for _, p := range problems {
				t.Error(p)
			}
			for what, n := range done {
				total[what] += n
			}
		})
	}
	for _, what := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%4d %s", total[what], what)
	}
}

// relative returns the path of a file from the root of the repository.
func relative(path string) string { return strings.TrimPrefix(filepath.ToSlash(path), "../") }

// repositoryFiles returns the repository's files with an extension.
func repositoryFiles(t testing.TB, extension string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "dist") {
			return fs.SkipDir
		}
		if filepath.Ext(path) == extension {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// A docRunner runs documents.
type docRunner struct {
	program, standIns string // directories of the PATH
	config            string // the README's
	tests             map[string][]string
	flags             map[string][]string // by command; "" is the tap
	targets           []string
	arguments         []string // of the Dockerfile
	shared            []string // of the environment
	network           *network
}

func newDocRunner(t testing.TB) *docRunner {
	t.Helper()
	w := &docRunner{program: filepath.Dir(program(t)), standIns: t.TempDir(), network: newNetwork(t)}
	readme, err := documents.Read("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	w.config = firstConfig(readme)
	if w.config == "" {
		t.Fatal("the README shows no configuration")
	}
	w.tests, w.flags, w.targets, w.arguments = everyTest(t), everyFlag(t), everyTarget(t), everyArgument(t)
	w.addStandIns(t)
	w.shared = append(w.network.env(), "LANG=C.UTF-8", "PATH="+w.program+":"+w.standIns)
	return w
}

// tools are the programs that documents may call besides this one.
var tools = []string{"bash", "cat", "cp", "cut", "date", "diff", "grep", "head", "ls", "mkdir", "mktemp", "mv", "rm", "sed", "sort", "tail", "tee", "test", "timeout", "wc"}

// standIns are scripts in place of programs that are not run here. Some write a
// note, and docRunner.exists checks what it names.
var standIns = map[string]string{
	"make":   `echo "make $*" >> "$NOTES"`,
	"docker": `echo "docker $*" >> "$NOTES"`,
	"go": `case "$*" in
"run . "*) shift 2; exec source-gorgias "$@" ;;
"build -o bin/source-gorgias .") mkdir -p bin && ln -sf "$(command -v source-gorgias)" bin/source-gorgias ;;
*) echo "go $*" >> "$NOTES" ;;
esac`,
	// A target writes the last state.
	"target-jsonl": `exec sed -n '$s/^{"type":"STATE","value":\(.*\)}$/\1/p'`,
}

func (w *docRunner) addStandIns(t testing.TB) {
	t.Helper()
	for _, name := range append(slices.Clone(tools), "ln") {
		path, err := exec.LookPath(name)
		if err == nil {
			err = os.Symlink(path, filepath.Join(w.standIns, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range standIns {
		w.addStandIn(t, name, script)
	}
}

// addStandIn puts a script in place of a program.
func (w *docRunner) addStandIn(t testing.TB, name, script string) {
	t.Helper()
	path := filepath.Join(w.standIns, name)
	_ = os.Remove(path) // there may be none
	if err := os.WriteFile(path, []byte("#!"+w.standIns+"/bash\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// runDocument runs one document. It returns how many things of each kind it
// ran, and the problems.
func (w *docRunner) runDocument(t testing.TB, file string) (done map[string]int, problems []string) {
	t.Helper()
	d, err := documents.Read(file)
	if err != nil {
		return nil, []string{err.Error()}
	}
	done = map[string]int{}
	at := func(line int, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%s:%d: %s", relative(file), line, fmt.Sprintf(format, args...)))
	}
	config := firstConfig(d)
	if config == "" {
		config = w.config
	}
	dir := w.scratch(t, config)
	for i, b := range d.Blocks {
		before := documents.Block{}
		if i > 0 {
			before = d.Blocks[i-1]
		}
		switch {
		case b.Language == "text" && !slices.Contains([]string{"sh", "sql", "python"}, before.Language):
			at(b.Line, "the text block has no block before it whose output it could be")
		case b.Language == "text" && (before.By != "" || b.By != ""):
			if before.By != b.By {
				at(b.Line, "the command and its output are not looked at by the same")
			}
			done["text blocks for "+b.By]++
		case b.Language == "text": // compared with its command
			done["outputs compared"]++
		case b.By != "":
			done[b.Language+" blocks for "+b.By]++
		case b.Language == "sh":
			done["sh blocks run"]++
			want := "…"
			if i+1 < len(d.Blocks) && d.Blocks[i+1].Language == "text" {
				want = d.Blocks[i+1].Text
			}
			if problem := w.runShell(t, dir, config, b.Text, want); problem != "" {
				at(b.Line, "%s", problem)
			}
		case b.Language == "json":
			done["json blocks used"]++
			if problem := w.checkJSON(t, b.Text); problem != "" {
				at(b.Line, "%s", problem)
			}
		default:
			at(b.Line, "no runner runs a block of %s without its name before it", b.Language)
		}
	}
	for _, name := range shippedFiles {
		shipped, _ := os.ReadFile("../" + name)
		if left, _ := os.ReadFile(filepath.Join(dir, name)); !bytes.Equal(left, shipped) {
			at(1, "its commands change %s, which comes with the repository", name)
		}
	}
	for _, s := range d.Spans {
		if problem, looked := w.checkName(filepath.Dir(file), s.Text); problem != "" {
			at(s.Line, "%s", problem)
		} else if looked {
			done["names found"]++
		}
	}
	for _, l := range d.Links {
		if strings.Contains(l.Text, "://") {
			continue // another site
		}
		done["links followed"]++
		if problem := checkLink(file, d, l.Text); problem != "" {
			at(l.Line, "%s", problem)
		}
	}
	return done, problems
}

// shippedFiles are files of the repository that documents use, and leave as they are.
var shippedFiles = []string{"catalog.json", "tap-gorgias.yml"}

// scratch makes a directory in which a document is run.
func (w *docRunner) scratch(t testing.TB, config string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"config.json": config, "state.json": "{}\n"}
	for _, name := range shippedFiles {
		text, err := os.ReadFile("../" + name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	for _, path := range append(repositoryFiles(t, ".sh"), "../.ci/run") {
		files[relative(path)] = "#!" + w.standIns + "/bash\n"
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		mode := fs.FileMode(0o600)
		if strings.HasPrefix(text, "#!") {
			mode = 0o700
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), mode)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runShell runs a block and returns its problem.
func (w *docRunner) runShell(t testing.TB, dir, config, text, want string) string {
	t.Helper()
	if strings.Contains(text, "…") {
		return "it cannot be run as it stands: …"
	}
	w.network.serve(account(config))
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	notes := filepath.Join(t.TempDir(), "notes")
	cmd := exec.CommandContext(ctx, filepath.Join(w.standIns, "bash"), "-euo", "pipefail", "-c", text)
	cmd.Dir, cmd.Env = dir, append(w.shared, "HOME="+dir, "NOTES="+notes)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, tail(out))
	}
	noted, _ := os.ReadFile(notes) // there need be none
	for l := range strings.Lines(string(noted)) {
		if problem, known := w.exists(strings.Fields(l)); problem != "" {
			return problem
		} else if !known {
			return "no runner runs: " + l
		}
	}
	if !shows(want, string(out)) {
		return fmt.Sprintf("its output is another:\n%s", out)
	}
	return ""
}

// shows reports whether a text block shows an output.
func shows(want, got string) bool {
	var pattern strings.Builder
	for l := range strings.Lines(strings.TrimSpace(want) + "\n") {
		l = strings.TrimRight(l, " \n")
		if strings.TrimSpace(l) == "…" {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(l), "…", ".*") + ` *\n`)
	}
	return regexp.MustCompile(`^\s*` + pattern.String() + `$`).MatchString(strings.TrimSpace(got) + "\n")
}

// firstConfig returns the first configuration in a document; "" if there is
// none.
func firstConfig(d *documents.Document) string {
	for _, b := range d.Blocks {
		var fields map[string]any
		if b.Language == "json" && json.Unmarshal([]byte(b.Text), &fields) == nil && isConfig(fields) {
			return b.Text
		}
	}
	return ""
}

func isConfig(fields map[string]any) bool {
	for _, name := range append(config.Aliases("subdomain"), "subdomain") {
		if fields[name] != nil {
			return true
		}
	}
	return false
}

// account returns the account of a configuration.
func account(text string) *sandbox.Server {
	box := &sandbox.Server{Seed: 1, Limit: unlimited}
	if s, err := config.Parse([]byte(text), false); err == nil { // else check reports it
		c := s.Credentials
		box.Subdomain, box.Email, box.APIKey = s.Subdomain, c.Email, c.APIKey
		box.ClientID, box.ClientSecret, box.RefreshToken, box.AccessToken = c.ClientID, c.ClientSecret, c.RefreshToken, c.AccessToken
	}
	return box
}

// checkJSON uses a JSON block and returns its problem.
func (w *docRunner) checkJSON(t testing.TB, text string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return err.Error()
	}
	if strings.Contains(text, "…") {
		return "it cannot be used as it stands: …"
	}
	fields, _ := value.(map[string]any)
	_, states := value.([]any)
	switch {
	case isConfig(fields):
		w.network.serve(account(text))
		return w.runProgram(t, `"status":"SUCCEEDED"`, text, "source-gorgias", "check", "--config")
	case fields["streams"] != nil:
		return w.runProgram(t, `"status":"COMPLETE"`, text, "source-gorgias", "read", "--sandbox", "--catalog")
	case states || fields["bookmarks"] != nil:
		return w.runProgram(t, `"type":"STATE"`, text, "tap-gorgias", "--sandbox", "--state")
	case fields["type"] == "RECORD":
		return declared(fields)
	}
	return "it is no configuration, catalog, state or record, and nothing uses it"
}

// runProgram runs the program with a file and returns the problem of its
// output.
func (w *docRunner) runProgram(t testing.TB, want, text string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(w.program, args[0]), append(args[1:], file(t, "file.json", text))...)
	cmd.Env = w.shared
	out, err := cmd.Output()
	if err != nil || !bytes.Contains(out, []byte(want)) {
		return fmt.Sprintf("%v: %v: %s", args, err, tail(out))
	}
	return ""
}

// declared returns the columns of a record that its stream does not have, as a
// problem.
func declared(message map[string]any) string {
	record, _ := message["record"].(map[string]any)
	name, tombstone := message["stream"], singer.TombstoneColumn
	if data, is := record["data"].(map[string]any); is { // Airbyte's
		name, tombstone, record = record["stream"], airbyte.TombstoneColumn, data
	}
	s := streams.Find(fmt.Sprint(name))
	if s == nil || len(record) == 0 {
		return fmt.Sprintf("a record of the stream %v", name)
	}
	var schema struct{ Properties map[string]any }
	if err := json.Unmarshal(s.Schema(tombstone), &schema); err != nil {
		return err.Error()
	}
	for _, column := range slices.Sorted(maps.Keys(record)) {
		if schema.Properties[column] == nil {
			return fmt.Sprintf("%s has no column %s", s.Name, column)
		}
	}
	return ""
}

// TestDocumentErrorsAreFound makes one error in a document at a time. Each is
// found.
func TestDocumentErrorsAreFound(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash to run the documents")
	}
	w := newDocRunner(t)
	good := `# A heading

See [below](#a-heading), ~source-gorgias read --state~, ~--debug~, ~make test~ and ~TestDocuments~.

~~~sh
source-gorgias spec
bin/nothing 2> errors || echo "there is no such thing" | sed 's/no/one/'
~~~
~~~text
{"type":"SPEC"…}
…
there is one such thing
~~~

~~~json
{"subdomain": "acme", "email": "a@example.com", "api_key": "a-key"}
~~~
`
	for _, c := range []struct{ from, to, want string }{
		{"", "", ""},
		{"source-gorgias spec", "wget https://example.com", "command not found"},
		{"source-gorgias spec", "source-gorgias read --config wrong.json", "exit status"},
		{"source-gorgias spec", "source-gorgias read --config wrong.json | cat", "exit status"},
		{"source-gorgias spec", "source-gorgias spec # …", "it cannot be run as it stands"},
		{"source-gorgias spec", "go install ./nothing", "no runner runs"},
		{"source-gorgias spec", "go test ./integration_tests -run TestNobody", "has no test TestNobody"},
		{"source-gorgias spec", "go run ./integration_tests/nothing", "there is no package"},
		{"source-gorgias spec", "make nothing", "has no target nothing"},
		{"source-gorgias spec", "docker build --build-arg NOTHING=1 .", "no argument NOTHING"},
		{"source-gorgias spec", "docker run --rm source-gorgias:dev spec", "no runner runs"},
		{"source-gorgias spec", "integration_tests/nothing.sh", "No such file"},
		{"there is one", "there are two", "its output is another"},
		{"…\n", "more\n", "its output is another"},
		{"SPEC", "SPECS", "its output is another"},
		{"~~~sh", "~~~zsh", "no runner runs a block of zsh"},
		{"~~~sh", "~~~yaml", "no runner runs a block of yaml"},
		{"~~~sh", "<!-- run by: image -->\n~~~sh", "not looked at by the same"},
		{"~~~sh", "<!-- run by: chance -->\n~~~sh", "there is no runner chance"},
		{"~~~sh", "~~~", "begins with its language"},
		{"~~~sh\nsource", "    source", "without fences"},
		{"~~~json", "~~~text", "no block before it"},
		{"acme", "…", "it cannot be used as it stands"},
		{`"a-key"}`, `"a-key"`, "unexpected end"},
		{"a@example.com", "", "email"},
		{`"acme"`, `"acme", "start_date": "soon"`, "start_date"},
		{`"acme"`, `"acme", "credentials": {"auth_type": "oauth2.0", "client_id": "an-app"}`, "client_secret"},
		{`"subdomain"`, `"sub_domain"`, "nothing uses it"},
		{`"subdomain": "acme"`, `"type": "RECORD", "stream": "tickets", "record": {"subjects": 1}`, "tickets has no column subjects"},
		{`"subdomain": "acme"`, `"type": "RECORD", "record": {"stream": "tickets", "data": {"_sdc_deleted_at": null}}`, "tickets has no column _sdc_deleted_at"},
		{`"subdomain": "acme"`, `"streams": 1`, "the catalog"},
		{`"subdomain": "acme"`, `"bookmarks": 1`, "state"},
		{"#a-heading", "#another", "there is no heading"},
		{"#a-heading", "nothing.md", "there is no nothing.md"},
		{"source-gorgias read --state", "source-gorgias write", "there is no command write"},
		{"source-gorgias read --state", "source-gorgias check --state", "check has no flag --state"},
		{"--debug", "--verbose", "no command has the flag --verbose"},
		{"make test", "make tests", "has no target tests"},
		{"~TestDocuments~", "~TestNobody~", "there is no TestNobody"},
	} {
		if !strings.Contains(good, c.from) {
			t.Fatalf("there is no %q", c.from)
		}
		path := filepath.Join(t.TempDir(), "a.md")
		text := strings.ReplaceAll(strings.Replace(good, c.from, c.to, 1), "~", "`")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		done, problems := w.runDocument(t, path)
		got := strings.Join(problems, "; ")
		if c.want == "" && (len(problems) > 0 || done["sh blocks run"]*done["outputs compared"]*done["json blocks used"]*done["links followed"] != 1) ||
			c.want != "" && !strings.Contains(got, c.want) {
			t.Errorf("%q in place of %q: %v, %s", c.to, c.from, done, got)
		}
	}
}
