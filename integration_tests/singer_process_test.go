package integration_tests

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"source-gorgias/connector/config"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/streams"
)

// TestTapArguments runs the program with the arguments that clients and users
// pass.
func TestTapArguments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"c.json": `{"start_date":"2020-01-01"}`, "k.json": tapCatalog("tags"), "s.json": `{"bookmarks":{"tickets":{"updated_datetime":"2999-01-01T00:00:00Z"}}}`,
		"later.json": `{"start_date":"2998-01-01"}`, "t.json": tapCatalog("tickets"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	type outcome string
	const (
		catalog, about, markdown, text, version, help outcome = `"tap_stream_id"`, `"sdk_version"`, "## Settings", "Settings (", "tap-gorgias dev", "USAGE:"
		tags, everything, nothing, schemas, sample    outcome = "tags", "everything", "nothing", "schemas", "sample"
		wrong                                         outcome = "wrong"
	)
	const future outcome = "a state that is later than the present"
	for _, c := range []struct {
		args string
		want outcome
	}{
		{"--config c.json --discover", catalog},
		{"--config c.json --catalog k.json", tags},
		{"--config c.json --state s.json --discover", catalog},
		{"--config c.json --catalog k.json --state s.json", tags},
		{"--config c.json --catalog k.json --state s.json --discover", catalog},
		{"--config c.json --about --format json", about},
		{"--config c.json --catalog k.json --state s.json --about --format json", about},
		{"--config c.json --catalog k.json --state s.json --version", version},
		{"--config c.json", everything},
		{"--config c.json --properties k.json", tags},

		{"--discover", catalog},
		{"-d", catalog},
		{"--config nowhere.json --discover", catalog}, // no account is needed
		{"--catalog nowhere.json --state nowhere.json --discover", catalog},
		{"-c c.json -p k.json -s s.json", tags},
		{"--catalog=k.json --config=c.json --state=s.json", tags},
		{"--state s.json --catalog=k.json --config c.json", tags},
		{"--config c.json --config later.json --catalog t.json", nothing},
		{"--config later.json --config=c.json --catalog t.json --config later.json", nothing},
		{"--config later.json --config c.json --catalog k.json", tags},
		{"--config c.json --state s.json --catalog t.json", future},
		{"--about", text},
		{"--about --format=markdown", markdown},
		{"--format text --about", text},
		{"--about --format xml", wrong},
		{"--version", version},
		{"-v", version},
		{"--help", help},
		{"-h", help},
		{"--test schema --config c.json", schemas},
		{"--test=schema --catalog k.json --config c.json", schemas},
		{"--test --config c.json", sample},
		{"--config c.json --test", sample},
		{"--config c.json --test all", sample},
		{"--config c.json --test=records", sample},
		{"--config c.json --test=everything", wrong},

		// the first of several modes applies
		{"--help --version --about --discover --test", help},
		{"--version --about --discover --test --config c.json", version},
		{"--about --discover --test --format json", about},
		{"--discover --test --config c.json", catalog},

		{"", wrong},
		{"--catalog k.json", wrong},
		{"--config", wrong},
		{"--config c.json more", wrong},
		{"--config c.json --cofnig c.json", wrong},
		{"--config c.json --test schema more", wrong},
		{"read --config c.json", wrong},
	} {
		for _, box := range []string{"before", "behind"} {
			args := strings.Fields(c.args)
			switch {
			case c.want == wrong && (c.args == "" || c.args == "--catalog k.json"):
			case box == "before":
				args = append([]string{"--sandbox"}, args...)
			case c.args != "--config": // which takes a value
				args = append(args, "--sandbox")
			}
			tr := call{tap: true, args: args, dir: dir}.run(t)
			rows := tapRecords(tr)
			ok := tr.code == 0
			switch c.want {
			case wrong:
				ok = tr.code == 2 && len(tr.stdout) == 0
			case tags:
				ok = ok && len(rows) == 1 && len(rows["tags"]) > 1
			case everything:
				ok = ok && len(rows) == len(config.AvailableStreams(nil))
			case nothing:
				ok = ok && len(rows) == 0 && bytes.Contains(tr.stdout, []byte(`"SCHEMA","stream":"tickets"`))
			case future:
				ok = ok && bytes.Contains(tr.stderr, []byte("tickets: the state is later than the server's present"))
			case schemas:
				ok = ok && len(rows) == 0 && bytes.Contains(tr.stdout, []byte(`"SCHEMA","stream":"tags"`))
			case sample:
				ok = ok && len(rows) == len(config.AvailableStreams(nil)) && len(rows["tags"]) == 1
			default:
				ok = ok && bytes.Contains(tr.stdout, []byte(c.want)) && len(rows) == 0
			}
			if !ok {
				t.Errorf("%q is not %s: exit code %d\n%s\n%s", args, c.want, tr.code, tail(tr.stdout), tail(tr.stderr))
			}
			if !*full {
				break
			}
		}
	}
}

// TestTapTerminate ends a tap with SIGTERM: it ends soon, its last line is
// complete and a state, and the next run emits what is missing.
func TestTapTerminate(t *testing.T) {
	t.Parallel()
	config := func(box *sandbox.Server) string { return serveSandbox(t, box) }
	ended := func(t *testing.T, tr *transcript, sent time.Time) {
		t.Helper()
		if d := tr.ended.Sub(sent); d > endsWithin || tr.code != -1 && tr.code != 143 {
			t.Errorf("exit code %d after %v: %s", tr.code, d, tail(tr.stderr))
		}
		if lines := tapMessages(tr); len(lines) == 0 || lines[len(lines)-1].Type != "STATE" {
			t.Errorf("the last message is no state: %s", tail(tr.stdout))
		}
	}
	t.Run("during a sync", func(t *testing.T) {
		box := small()
		now := newRequestTrigger(-1)
		var moment atomic.Pointer[requestTrigger]
		moment.Store(now)
		box.Log = func(*http.Request, int) { moment.Load().count() }
		path := config(box)
		whole := tapRecords(tapSync(t, path))
		asked := now.requests.Load()
		moments := []int64{1, asked / 3, asked * 2 / 3}
		if !*full {
			moments = moments[1:2]
		}
		for _, at := range moments {
			now := newRequestTrigger(at)
			moment.Store(now)
			var sent time.Time
			tr := call{tap: true, args: []string{"--config", path}, at: func(p *os.Process) {
				<-now.reached
				sent = time.Now()
				_ = p.Signal(syscall.SIGTERM)
			}}.run(t)
			ended(t, tr, sent)
			moment.Store(newRequestTrigger(-1))
			rest := tapRecords(tapSync(t, path, "--state", file(t, "state.json", string(lastState(tr)))))
			had := tapRecords(tr)
			for name, rows := range whole {
				for _, raw := range rows {
					same := func(r []byte) bool { return withoutAsOf(r) == withoutAsOf(raw) }
					if !slices.ContainsFunc(had[name], func(r json.RawMessage) bool { return same(r) }) && !slices.ContainsFunc(rest[name], func(r json.RawMessage) bool { return same(r) }) {
						t.Fatalf("%s: the record %s is lost", name, keyOf(streams.Find(name), raw))
					}
				}
			}
		}
	})
	t.Run("during a wait", func(t *testing.T) {
		box := small()
		resting := make(chan struct{}, 100)
		box.Fail = func(*http.Request) *sandbox.Fault {
			return &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"60"}}}
		}
		box.Log = func(*http.Request, int) { resting <- struct{}{} }
		var sent time.Time
		tr := call{tap: true, args: []string{"--config", config(box), "--state", file(t, "state.json", `{"bookmarks":{"x":{"a":1}}}`)}, at: func(p *os.Process) {
			<-resting
			sent = time.Now()
			_ = p.Signal(syscall.SIGTERM)
		}}.run(t)
		ended(t, tr, sent)
		if !bytes.Contains(tr.stderr, []byte("CRITICAL interrupted")) || string(lastState(tr)) != `{"bookmarks":{"x":{"a":1}}}` {
			t.Errorf("%s %s", tr.stderr, lastState(tr))
		}
	})
	for _, c := range []struct {
		name    string
		resumes bool // the reader continues some time after the signal
	}{{"full pipe, read later", true}, {"full pipe, never read", false}} {
		t.Run(c.name, func(t *testing.T) {
			if !c.resumes && !*full {
				t.Skip("it waits until the program gives up")
			}
			var asked atomic.Int64
			box := small()
			box.Size.Tickets, box.Size.Messages = 400, 2000
			box.Log = func(*http.Request, int) { asked.Add(1) }
			near, far, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer near.Close()
			args := call{tap: true, args: []string{"--config", config(box), "--catalog", file(t, "catalog.json", tapCatalog("tickets", "ticket_messages", "events"))}}
			tr := args.transcript()
			tr.stopped = true
			var fault bytes.Buffer
			cmd := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(program(t)), "tap-gorgias"), args.args...)
			cmd.Stdout, cmd.Stderr = far, &fault
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			far.Close()
			rest := time.NewTicker(100 * time.Millisecond)
			defer rest.Stop()
			for before := int64(-1); before != asked.Load() || before == 0; <-rest.C {
				before = asked.Load()
			}
			sent := time.Now()
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			read := make(chan []byte, 1)
			if c.resumes {
				<-rest.C
				go func() { all, _ := io.ReadAll(near); read <- all }()
			}
			_ = cmd.Wait()
			tr.ended, tr.code, tr.stderr = time.Now(), cmd.ProcessState.ExitCode(), fault.Bytes()
			if !c.resumes { // it must not wait forever; its last line may be incomplete
				if d := time.Since(sent); d > endsWithin || tr.code == 0 {
					t.Errorf("exit code %d after %v", tr.code, d)
				}
				return
			}
			tr.stdout = <-read
			tr.verify(t)
			ended(t, tr, sent)
		})
	}
}

// TestTapClosedOutput closes the pipe after some lines: the tap ends.
func TestTapClosedOutput(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	box := small()
	box.Size.Tickets, box.Size.Messages = 1000, 5000
	box.Log = func(*http.Request, int) { asked.Add(1) }
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t), "--config", serveSandbox(t, box), "--catalog", file(t, "catalog.json", tapCatalog("ticket_messages")))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for range 20 {
		if _, err := lines.ReadBytes('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if ctx.Err() != nil || !errors.As(err, &exit) || asked.Load() > 40 {
		t.Errorf("it ended with %v after %d requests, though its output was closed", err, asked.Load())
	}
}
