package integration_tests

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// maxHostileMemory is what no server can make the program exceed, in MiB.
const maxHostileMemory = 400

// hostile are servers that try to exhaust the program: how each answers the
// first and every further request for a list.
var hostile = map[string]http.HandlerFunc{
	"a huge Content-Length": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(95<<20)) // within the bound: it could be reserved
		io.WriteString(w, `{"data":[`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	},
	"an endless body": func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"data":[`)
		repeat(w, strings.Repeat(" ", 1<<16))
	},
	"an endless string": func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"data":[{"id":1,"subject":"`)
		repeat(w, strings.Repeat("x", 1<<16))
	},
	"a bomb": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb())
	},
	"a million rows": func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"data":[{"id":0}`)
		for i := range 1000 {
			if _, err := io.WriteString(w, strings.Repeat(fmt.Sprintf(`,{"id":%d}`, i+1), 1000)); err != nil {
				return
			}
		}
		io.WriteString(w, `],"meta":{"next_cursor":null}}`)
	},
	"ever more pages of the largest size": func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().UTC().Format(time.RFC3339)
		fmt.Fprintf(w, `{"data":[{"id":%d,"created_datetime":%q,"updated_datetime":%q,"type":"x","subject":"`, pages.Add(1), now, now)
		for range 90 {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<20)); err != nil {
				return
			}
		}
		fmt.Fprintf(w, `"}],"meta":{"next_cursor":"%d"}}`, pages.Add(1))
	},
	"a drip": func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	},
}

var pages atomic.Int64

func repeat(w io.Writer, text string) {
	for {
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
	}
}

// bomb returns a gigabyte of spaces, packed.
var bomb = sync.OnceValue(func() []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	spaces := bytes.Repeat([]byte(" "), 1<<20)
	for range 1 << 10 {
		_, _ = z.Write(spaces)
	}
	_ = z.Close()
	return out.Bytes()
})

// TestHostileServer checks that a server cannot make the program hold more memory
// than it must, nor keep it from ending.
func TestHostileServer(t *testing.T) {
	if !*full {
		t.Skip("takes a minute; -full")
	}
	for name, answer := range hostile {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("X-Gorgias-Account-Api-Call-Limit", "1/10000")
				answer(w, r)
			}))
			defer srv.CloseClientConnections()
			var asked time.Time
			peak := 0
			call{args: []string{"read", "--config", file(t, "config.json", configText(srv.URL, sandboxSecret))}, at: func(p *os.Process) {
				go func() {
					time.Sleep(8 * time.Second)
					peak = peakOf(p.Pid)
					asked = time.Now()
					_ = p.Signal(syscall.SIGTERM)
				}()
			}}.run(t)
			if took := time.Since(asked); asked.IsZero() || took > 5*time.Second {
				t.Errorf("it ended %v after SIGTERM", took)
			}
			t.Logf("%d MiB", peak)
			if peak > maxHostileMemory {
				t.Errorf("a peak of %d MiB, expected at most %d", peak, maxHostileMemory)
			}
		})
	}
}

var highWater = regexp.MustCompile(`VmHWM:\s*(\d+) kB`)

// peakOf returns a running process's peak resident memory in MiB.
func peakOf(pid int) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	m := highWater.FindSubmatch(status)
	if m == nil {
		return 0
	}
	kib, _ := strconv.Atoi(string(m[1]))
	return kib >> 10
}
