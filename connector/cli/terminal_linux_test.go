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

	"source-gorgias/connector/sandbox"
)

// tty opens a terminal of a size. What is written to it can be read from the
// other end.
func tty(t *testing.T, width, height int) (other, terminal *os.File) {
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

// A scene is a read with standard error on a terminal: what the terminal was
// told, and what it shows at the end.
type scene struct {
	told  string
	shows []string
	out   []byte
	code  int
}

// play reads the sandbox, which is slow to answer, on a terminal. When during
// is on the screen, at is called.
func play(t *testing.T, kind string, width int, box *sandbox.Server, during string, at func(cancel context.CancelCauseFunc), onStdout bool) scene {
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
	other, slave := tty(t, width, 30)
	var mu sync.Mutex
	var told bytes.Buffer
	seen := make(chan struct{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		met := false
		buf := make([]byte, 64<<10)
		for {
			n, err := other.Read(buf)
			if err != nil { // the terminal was closed
				return
			}
			mu.Lock()
			told.Write(buf[:n])
			if !met && during != "" && bytes.Contains(told.Bytes(), []byte(during)) {
				met = true
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
		stdout = slave
	}
	var s scene
	s.code, _ = Main(ctx, []string{"source-gorgias", "read", "--config", config}, strings.NewReader(""), stdout, slave)
	close(ended)
	_ = slave.Close()
	<-gone
	mu.Lock()
	defer mu.Unlock()
	s.out, s.told = out.Bytes(), told.String()
	if !onStdout { // else it is megabytes
		screen := &terminal{width: width, height: 30, lines: []string{""}}
		_, _ = screen.Write(told.Bytes())
		s.shows = screen.lines
	}
	return s
}

func (s scene) has(text string) bool { return strings.Contains(strings.Join(s.shows, "\n"), text) }

// slow is a sandbox that takes its time over one answer.
func slow(wait time.Duration, forbidden ...string) *sandbox.Server {
	box := &sandbox.Server{Forbidden: forbidden}
	var n atomic.Int32
	box.Fail = func(r *http.Request) *sandbox.Fault {
		if r.URL.Path == "/api/tickets" && r.URL.Query().Has("cursor") && n.Add(1) == 1 {
			return &sandbox.Fault{Delay: wait}
		}
		return nil
	}
	return box
}

// What people see: lists under way, and at the end nothing of them, but what it
// has come to. The records go elsewhere.
func TestTerminal(t *testing.T) {
	s := play(t, "xterm", 80, slow(1200*time.Millisecond, "phone"), "", nil, false)
	if s.code != 1 || !bytes.Contains(s.out, []byte(`"RECORD"`)) {
		t.Fatalf("exit code %d: %s", s.code, s.out)
	}
	for _, during := range []string{" of 25 streams", "back to 20", "voice_calls failed: GET /api/phone/voice-calls: 403", "% of the allowance in use"} {
		if !strings.Contains(s.told, during) {
			t.Errorf("it never showed %q", during)
		}
		if s.has(during) && during[0] != 'v' && during[0] != ' ' {
			t.Errorf("at the end it still shows %q", during)
		}
	}
	for _, end := range []string{"STREAM ", "tickets  ", "voice_calls failed: GET /api/phone/voice-calls: 403", "became null, since what the API sent does not fit", "22 of 25 streams read in "} {
		if !s.has(end) {
			t.Errorf("at the end it does not show %q:\n%s", end, strings.Join(s.shows, "\n"))
		}
	}
	if n := strings.Count(strings.Join(s.shows, "\n"), "22 of 25 streams"); n != 1 {
		t.Errorf("%d last lines", n)
	}
	if strings.Contains(s.told, "\x1b[?") || strings.Contains(s.told, "m\x1b") || strings.HasSuffix(s.told, "\x1b") {
		t.Error("the cursor was hidden, or there are colours")
	}
}

// An interrupt takes the lists away and says what there is.
func TestTerminalInterrupted(t *testing.T) {
	stop := func(cancel context.CancelCauseFunc) { cancel(Interrupted{syscall.SIGINT}) }
	s := play(t, "xterm", 60, slow(1200*time.Millisecond), "back to 20", stop, false)
	if s.code != 1 || !s.has("interrupted; the next read goes on from the last states that were ") || s.has("back to 20") {
		t.Errorf("exit code %d:\n%s", s.code, strings.Join(s.shows, "\n"))
	}
}

// A terminal that knows no escape codes is told the end alone, and so is one
// that shows the records.
func TestTerminalPlain(t *testing.T) {
	for _, s := range []scene{
		play(t, "dumb", 80, slow(1200*time.Millisecond), "", nil, false),
		play(t, "", 80, slow(1200*time.Millisecond), "", nil, false),
		play(t, "xterm", 80, slow(1200*time.Millisecond), "", nil, true),
	} {
		if s.code != 0 || strings.ContainsAny(s.told, "\x1b") || !strings.Contains(s.told, "25 of 25 streams read in ") {
			t.Errorf("exit code %d: %.300q", s.code, s.told)
		}
	}
}
