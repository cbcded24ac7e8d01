package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"source-gorgias/connector/config"
	"source-gorgias/connector/sandbox"
)

// openTTY opens a pseudoterminal of a size. What is written to it can be read
// from its other end.
func openTTY(t *testing.T, width, height int) (other, terminal *os.File) {
	t.Helper()
	other, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err) // not every container has them
	}
	t.Cleanup(func() { _ = other.Close() })
	control := func(f *os.File, request uintptr, arg unsafe.Pointer) {
		raw, err := f.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Control(func(fd uintptr) {
			if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(arg)); errno != 0 {
				t.Fatal(errno)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	var unlock, number int32
	control(other, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	control(other, syscall.TIOCGPTN, unsafe.Pointer(&number))
	size := [4]uint16{uint16(height), uint16(width)}
	control(other, syscall.TIOCSWINSZ, unsafe.Pointer(&size))
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return other, terminal
}

// A session is a read with standard error on a terminal.
type session struct {
	written string   // to the terminal
	screen  []string // at the end
	out     []byte   // standard output
	code    int
}

// runOnTerminal reads a sandbox on a terminal. When during is on the screen, at
// is called.
func runOnTerminal(t *testing.T, kind string, width int, box *sandbox.Server, during string, at func(cancel context.CancelCauseFunc), onStdout bool) session {
	t.Helper()
	t.Setenv("TERM", kind)
	box.Limit = 100_000
	srv := httptest.NewServer(box)
	defer srv.Close()
	config := filepath.Join(t.TempDir(), "config.json")
	text := `{"subdomain":"acme","base_url":"` + srv.URL + `","credentials":{"auth_type":"api_key","email":"sandbox@example.com","api_key":"sandbox-key"}}`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	other, tty := openTTY(t, width, 30)
	var mu sync.Mutex
	var written bytes.Buffer
	seen := make(chan struct{})
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		found := false
		buf := make([]byte, 64<<10)
		for {
			n, err := other.Read(buf)
			if err != nil { // the terminal was closed
				return
			}
			mu.Lock()
			written.Write(buf[:n])
			if !found && during != "" && bytes.Contains(written.Bytes(), []byte(during)) {
				found = true
				close(seen)
			}
			mu.Unlock()
		}
	}()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	ended := make(chan struct{})
	go func() {
		select {
		case <-seen:
			if at != nil {
				at(cancel)
			}
		case <-ended:
		}
	}()
	var out bytes.Buffer
	var stdout io.Writer = &out
	if onStdout {
		stdout = tty
	}
	var s session
	s.code, _ = Main(ctx, []string{"source-gorgias", "read", "--config", config}, strings.NewReader(""), stdout, tty)
	close(ended)
	_ = tty.Close()
	<-closed
	mu.Lock()
	defer mu.Unlock()
	s.out, s.written = out.Bytes(), written.String()
	if !onStdout { // which is megabytes
		screen := &terminal{width: width, height: 30, lines: []string{""}}
		_, _ = screen.Write(written.Bytes())
		s.screen = screen.lines
	}
	return s
}

func (s session) has(text string) bool { return strings.Contains(strings.Join(s.screen, "\n"), text) }

// slow returns a sandbox that delays one response, and has a tag with a value that
// does not fit.
func slow(wait time.Duration, forbidden ...string) *sandbox.Server {
	box := &sandbox.Server{Forbidden: forbidden}
	var n atomic.Int32
	box.Fail = func(r *http.Request) *sandbox.Fault {
		switch {
		case r.URL.Path == "/api/tickets" && r.URL.Query().Has("cursor") && n.Add(1) == 1:
			return &sandbox.Fault{Delay: wait}
		case r.URL.Path == "/api/tags" && r.URL.Query().Get("limit") != "1":
			return &sandbox.Fault{Status: 200, Body: `{"data":[{"id":1,"usage":"many"}],"meta":{"next_cursor":null}}`}
		}
		return nil
	}
	return box
}

// TestTerminal checks that a terminal shows the progress, and at the end only the
// summary. The records are not on the terminal.
func TestTerminal(t *testing.T) {
	s := runOnTerminal(t, "xterm", 80, slow(1200*time.Millisecond, "phone"), "", nil, false)
	if s.code != 1 || !bytes.Contains(s.out, []byte(`"RECORD"`)) {
		t.Fatalf("exit code %d: %s", s.code, s.out)
	}
	for _, during := range []string{" of " + available + " streams", "back to 20", "voice_calls failed: GET /api/phone/voice-calls: 403", "% of the rate limit in use"} {
		if !strings.Contains(s.written, during) {
			t.Errorf("%q was not shown", during)
		}
		if s.has(during) && during[0] != 'v' && during[0] != ' ' {
			t.Errorf("%q is still shown at the end", during)
		}
	}
	for _, end := range []string{"STREAM ", "tickets  ", "voice_calls failed: GET /api/phone/voice-calls: 403", " set to null, because the API's value does not fit", others + " of " + available + " streams read in "} {
		if !s.has(end) {
			t.Errorf("%q is not shown at the end:\n%s", end, strings.Join(s.screen, "\n"))
		}
	}
	if n := strings.Count(strings.Join(s.screen, "\n"), others+" of "+available+" streams"); n != 1 {
		t.Errorf("%d last lines", n)
	}
	if strings.Contains(s.written, "\x1b[?") || strings.Contains(s.written, "m\x1b") || strings.HasSuffix(s.written, "\x1b") {
		t.Error("the cursor was hidden, or there are colors")
	}
}

// TestTerminalInterrupted checks that an interrupted read shows the summary.
func TestTerminalInterrupted(t *testing.T) {
	stop := func(cancel context.CancelCauseFunc) { cancel(Interrupted{syscall.SIGINT}) }
	s := runOnTerminal(t, "xterm", 60, slow(1200*time.Millisecond), "back to 20", stop, false)
	if s.code != 1 || !s.has("interrupted; the next read resumes from the last state written") || s.has("back to 20") {
		t.Errorf("exit code %d:\n%s", s.code, strings.Join(s.screen, "\n"))
	}
}

// TestTerminalPlain checks that a terminal without escape sequences, or with the
// records on it, shows only the summary.
func TestTerminalPlain(t *testing.T) {
	for _, s := range []session{
		runOnTerminal(t, "dumb", 80, slow(1200*time.Millisecond), "", nil, false),
		runOnTerminal(t, "", 80, slow(1200*time.Millisecond), "", nil, false),
		runOnTerminal(t, "xterm", 80, slow(1200*time.Millisecond), "", nil, true),
	} {
		if s.code != 0 || strings.ContainsAny(s.written, "\x1b") || !strings.Contains(s.written, available+" of "+available+" streams read in ") {
			t.Errorf("exit code %d: %.300q", s.code, s.written)
		}
	}
}

// available is how many streams there are without reports, and others how many
// are read if those of the phone cannot be.
var (
	available = strconv.Itoa(len(config.AvailableStreams(nil)))
	others    = strconv.Itoa(len(config.AvailableStreams(nil)) - 3)
)

// TestCheckOnTerminal checks that check writes a line per stream to a terminal, no
// message, and exits with 1 if a stream, or the account, cannot be read.
func TestCheckOnTerminal(t *testing.T) {
	for _, c := range []struct {
		box   *sandbox.Server
		flags []string
		key   string
		code  int
		want  []string
	}{
		{box: &sandbox.Server{}, code: 0, key: "sandbox-key", want: []string{"tickets                        yes\n", "events                         yes\n"}},
		{box: &sandbox.Server{Forbidden: []string{"events"}}, code: 1, key: "sandbox-key", want: []string{"tickets                        yes\n", "events                         no: GET /api/events: 403", "\nsource-gorgias: 1 of " + available + " streams cannot be read\n"}},
		{box: &sandbox.Server{Forbidden: []string{"events"}}, flags: []string{"--streams", "tickets"}, code: 0, key: "sandbox-key", want: []string{"tickets                        yes\n"}},
		{box: &sandbox.Server{}, code: 1, key: "wrong-key", want: []string{"source-gorgias: GET /api/account: 401"}},
	} {
		c.box.Limit = 100_000
		srv := httptest.NewServer(c.box)
		defer srv.Close()
		other, tty := openTTY(t, 200, 30)
		config := "gorgias://acme?base_url=" + srv.URL + "&email=sandbox@example.com&api_key=" + c.key
		var written bytes.Buffer
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_, _ = io.Copy(&written, other) // it ends when the terminal is closed
		}()
		code, _ := Main(context.Background(), append([]string{"source-gorgias", "check", "--config", config}, c.flags...), strings.NewReader(""), tty, tty)
		_ = tty.Close()
		<-closed
		got := strings.ReplaceAll(written.String(), "\r\n", "\n")
		if code != c.code || strings.Contains(got, `{"type"`) {
			t.Errorf("exit code %d: %s", code, got)
		}
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%q is missing:\n%s", want, got)
			}
		}
	}
}
