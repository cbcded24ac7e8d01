package integration_tests

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/streams"
)

// TestTerminate ends the program with SIGTERM during a sync, at random
// requests, several times, and resumes from the last states. All runs together
// write what one complete run writes.
//
// TERMINATE_SEED repeats one choice of requests.
func TestTerminate(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	if s := os.Getenv("TERMINATE_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		if t.Failed() {
			t.Logf("TERMINATE_SEED=%d", seed)
		}
	}()
	r := rand.New(rand.NewPCG(seed, 0))
	rounds := 6
	if !*full {
		rounds = 2
	}
	for range rounds {
		var next atomic.Pointer[requestTrigger]
		next.Store(newRequestTrigger(-1))
		box := small()
		box.Log = func(*http.Request, int) { next.Load().count() }
		config := serveSandbox(t, box)
		whole := records(call{args: []string{"read", "--config", config}}.inside(t).messages())
		requests := next.Load().requests.Load()

		written := map[string]map[string]bool{}
		states := assemble(nil, nil)
		for stops, done := 0, false; !done; stops++ {
			now := newRequestTrigger(1 + r.Int64N(requests))
			if stops == 3 {
				now = newRequestTrigger(-1) // this run is not interrupted
			}
			next.Store(now)
			args := []string{"read", "--config", config, "--state", file(t, "state.json", stateFile(states))}
			finished := make(chan struct{})
			tr := call{args: args, at: func(p *os.Process) {
				go func() {
					select {
					case <-now.reached:
						_ = p.Signal(syscall.SIGTERM)
					case <-finished:
					}
				}()
			}}.run(t)
			close(finished)
			switch tr.code {
			case 0:
				done = true
			case -1, 143:
			default:
				t.Fatalf("exit code %d: %s", tr.code, tail(tr.stdout))
			}
			all := tr.messages()
			if len(failures(all)) > 0 {
				t.Errorf("an interruption was reported as an error: %s", tail(tr.stdout))
			}
			for name, rows := range records(all) {
				if written[name] == nil {
					written[name] = map[string]bool{}
				}
				for _, raw := range rows {
					written[name][withoutAsOf(raw)] = true
				}
			}
			states = assemble(states, all)
		}
		for name, rows := range whole {
			for _, raw := range rows {
				if !written[name][withoutAsOf(raw)] {
					t.Errorf("%s: the record %s is lost", name, keyOf(streams.Find(name), raw))
				}
			}
		}
	}
}

// A requestTrigger closes its channel after so many responses; never if the
// number is negative.
type requestTrigger struct {
	requests atomic.Int64
	at       int64
	reached  chan struct{}
}

func newRequestTrigger(at int64) *requestTrigger {
	return &requestTrigger{at: at, reached: make(chan struct{})}
}

func (m *requestTrigger) count() {
	if m.requests.Add(1) == m.at {
		close(m.reached)
	}
}

// TestTerminateDuringWait ends the program while it waits for the rate limit,
// for a minute.
func TestTerminateDuringWait(t *testing.T) {
	t.Parallel()
	box := small()
	resting := make(chan struct{}, 100)
	box.Fail = func(*http.Request) *sandbox.Fault {
		return &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"60"}}}
	}
	box.Log = func(*http.Request, int) { resting <- struct{}{} }
	var sent time.Time
	tr := call{args: []string{"read", "--config", serveSandbox(t, box)}, at: func(p *os.Process) {
		<-resting
		sent = time.Now()
		if err := p.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}}.run(t)
	if d := tr.ended.Sub(sent); d > endsWithin || tr.code != -1 && tr.code != 143 {
		t.Errorf("exit code %d after %v", tr.code, d)
	}
}

// TestClosedOutput closes the pipe after some lines. The program ends.
func TestClosedOutput(t *testing.T) {
	t.Parallel()
	box := small()
	config := serveSandbox(t, box)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t), "read", "--config", config)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var fault bytes.Buffer
	cmd.Stderr = &fault
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
	if ctx.Err() != nil {
		t.Fatal("it still ran without a reader")
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Errorf("it ended with %v, though its output was closed", err)
	}
	if fault.Len() > 0 {
		t.Errorf("standard error: %s", fault.Bytes())
	}
}

// TestSlowOutput does not read the pipe for a while. The program waits,
// requests no more pages than it can hold, and loses no record.
func TestSlowOutput(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	box := small()
	box.Size.Tickets, box.Size.Messages = 400, 2000
	box.Log = func(*http.Request, int) { asked.Add(1) }
	config := serveSandbox(t, box)
	c := call{args: []string{"read", "--config", config, "--catalog", file(t, "catalog.json", catalogFile("incremental", "tickets", "ticket_messages", "events"))}}
	want := records(c.inside(t).messages())
	all := asked.Swap(0)

	near, far, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	tr := c.transcript()
	cmd := exec.CommandContext(t.Context(), program(t), c.args...)
	cmd.Stdout = far
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	far.Close()
	// Wait until no more requests come.
	rest := time.NewTicker(200 * time.Millisecond)
	defer rest.Stop()
	for before := int64(-1); before != asked.Load() || before == 0; <-rest.C {
		before = asked.Load()
	}
	stalled := asked.Load()
	if tr.stdout, err = io.ReadAll(near); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	tr.ended = time.Now()
	tr.verify(t)
	if stalled >= all {
		t.Errorf("%d of %d requests were made although the output was not read", stalled, all)
	}
	got := records(tr.messages())
	for name := range want {
		if len(got[name]) != len(want[name]) {
			t.Errorf("%s: %d records, want %d", name, len(got[name]), len(want[name]))
		}
	}
}

// TestStandardInput runs the program with a standard input that stays empty,
// and with a closed one. The program ignores it.
func TestStandardInput(t *testing.T) {
	t.Parallel()
	near, far, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	defer far.Close()
	catalog := file(t, "catalog.json", catalogFile("full_refresh", "account"))
	if tr := (call{args: []string{"read", "--sandbox", "--catalog", catalog}, stdin: near}).run(t); tr.code != 0 {
		t.Errorf("a silent standard input: exit code %d", tr.code)
	}
	out, err := exec.Command("sh", "-c", `exec "$0" "$@" <&-`, program(t), "read", "--sandbox", "--catalog", catalog).Output()
	if err != nil {
		t.Errorf("a closed standard input: %v", err)
	}
	tr := &transcript{command: "read", configured: []string{"account"}, stdout: out, began: time.Now().Add(-time.Minute), ended: time.Now()}
	tr.verify(t)
}

// TestWrapper runs the program as Airbyte's platform does: in a shell, with
// named pipes and the exit code in a file.
func TestWrapper(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := `mkfifo "$1/out" "$1/err"; cat "$1/out" > "$1/stdout" & cat "$1/err" > "$1/stderr" &
eval "$AIRBYTE_ENTRYPOINT read --config $1/connectorConfig.json --catalog $1/catalog.json" 2> "$1/err" > "$1/out"
echo $? > "$1/exit"; wait`
	config, err := os.ReadFile(serveSandbox(t, small()))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"connectorConfig.json": string(config), "catalog.json": catalogFile("incremental", "tickets", "account")} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	tr := &transcript{command: "read", configured: []string{"tickets", "account"}, began: time.Now(), secrets: []string{sandboxSecret}}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script, "sh", dir)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "AIRBYTE_ENTRYPOINT=" + program(t), "USE_STREAM_CAPABLE_STATE=true", "LOG_LEVEL=INFO"}
	cmd.Dir = "/"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	tr.ended = time.Now()
	tr.stdout, _ = os.ReadFile(dir + "/stdout")
	tr.stderr, _ = os.ReadFile(dir + "/stderr")
	if code, _ := os.ReadFile(dir + "/exit"); string(code) != "0\n" {
		t.Errorf("exit code %q", code)
	}
	tr.verify(t)
	if len(records(tr.messages())["tickets"]) == 0 {
		t.Error("no tickets")
	}
}
