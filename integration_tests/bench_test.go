package integration_tests

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/sandbox"
)

// BenchmarkSync measures a complete first sync of messages from a sandbox
// without rate limit, in one process. The time includes the sandbox.
func BenchmarkSync(b *testing.B) {
	for _, rows := range []int{10_000, 1_000_000} {
		if testing.Short() && rows > 10_000 {
			continue
		}
		b.Run(strconv.Itoa(rows), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h := newFixture(b, &sandbox.Server{Limit: unlimited, Size: sandbox.Size{Messages: rows, Tickets: rows / 5}})
				ctx := context.Background()
				plan, writer := h.plan([]string{"ticket_messages"}, nil), airbyte.NewWriter(io.Discard)
				writer.Summary = plan.NewSummary()
				if err := writer.Sync(ctx, plan.Run(ctx), nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkMemory reads a million messages with the program, from a sandbox in
// another process, and reports the program's peak resident memory and CPU time.
func BenchmarkMemory(b *testing.B) {
	if testing.Short() {
		b.Skip("a million records")
	}
	program := build(b)
	for b.Loop() {
		rows := 1_000_000
		box := exec.Command(program, "sandbox", "--listen", "127.0.0.1:0", "--limit", strconv.Itoa(unlimited), "--messages", strconv.Itoa(rows))
		config, stop := serve(b, box)
		catalog := filepath.Join(b.TempDir(), "catalog.json")
		if err := os.WriteFile(catalog, []byte(`{"streams":[{"stream":{"name":"ticket_messages"},"sync_mode":"incremental"}]}`), 0o600); err != nil {
			b.Fatal(err)
		}
		var lines counter
		read := exec.Command(program, "read", "--config", config, "--catalog", catalog)
		read.Stdout = &lines
		began := time.Now()
		if err := read.Run(); err != nil {
			b.Fatal(err)
		}
		took := time.Since(began).Seconds()
		stop()
		if lines.n < int64(rows) {
			b.Fatalf("%d lines", lines.n)
		}
		b.ReportMetric(float64(rows)/took, "records/s")
		b.ReportMetric(peak(read), "MiB-peak")
		b.ReportMetric((read.ProcessState.UserTime() + read.ProcessState.SystemTime()).Seconds(), "s-of-a-core")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkStart measures the spec command as a ratio to a program that does
// nothing.
func BenchmarkStart(b *testing.B) {
	program := build(b)
	spec, nothing := time.Duration(0), time.Duration(0)
	n := 0
	for b.Loop() {
		spec += run(b, program, "spec")
		nothing += run(b, "true")
		n++
	}
	b.ReportMetric(float64(spec.Microseconds())/float64(n)/1000, "ms/spec")
	b.ReportMetric(float64(spec)/float64(nothing), "x-of-true")
}

// BenchmarkBudget reports how long 400 requests take under a fake clock, as a
// ratio to the minimum that the rate limit requires.
func BenchmarkBudget(b *testing.B) {
	t := new(testing.T)
	var ratio float64
	for b.Loop() {
		synctest.Test(t, func(*testing.T) {
			box := &sandbox.Server{}
			client, err := gorgias.New(gorgias.Options{Origin: "https://sandbox.gorgias.com",
				Auth: gorgias.Basic("sandbox@example.com", "sandbox-key"), Transport: inMemory{box}, RateLimiter: gorgias.NewRateLimiter(0.1)})
			if err != nil {
				b.Fatal(err)
			}
			began := time.Now()
			var left atomic.Int32
			left.Store(400)
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					for left.Add(-1) >= 0 {
						if _, err := client.List(context.Background(), gorgias.CursorList, "tags", url.Values{"limit": {"1"}}, ""); err != nil {
							b.Error(err)
						}
					}
				})
			}
			group.Wait()
			ratio = time.Since(began).Seconds() / 180
		})
	}
	b.ReportMetric(ratio, "of-minimum")
}

// build compiles the program.
func build(b *testing.B) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "source-gorgias")
	make := exec.Command("go", "build", "-trimpath", "-o", program, "source-gorgias")
	make.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := make.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return program
}

// run runs a program and returns how long it took.
func run(b *testing.B, name string, args ...string) time.Duration {
	b.Helper()
	began := time.Now()
	if err := exec.Command(name, args...).Run(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// serve starts a sandbox and returns a file with its configuration, which is
// the second line of its output.
func serve(b *testing.B, box *exec.Cmd) (config string, stop func()) {
	b.Helper()
	said, err := box.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := box.Start(); err != nil {
		b.Fatal(err)
	}
	var text []byte
	for buf := make([]byte, 1024); bytes.Count(text, []byte("\n")) < 2; {
		n, err := said.Read(buf)
		if err != nil {
			b.Fatal(err)
		}
		text = append(text, buf[:n]...)
	}
	_, text, _ = bytes.Cut(text, []byte("config: "))
	config = filepath.Join(b.TempDir(), "config.json")
	if err := os.WriteFile(config, []byte(strings.TrimSpace(string(text))), 0o600); err != nil {
		b.Fatal(err)
	}
	return config, func() {
		_ = box.Process.Kill()
		_ = box.Wait()
	}
}

// counter counts lines and discards them.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(bytes.Count(p, []byte("\n")))
	return len(p), nil
}
