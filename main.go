// Command source-gorgias reads a Gorgias helpdesk account, for Airbyte and for
// Singer.
package main

import (
	"context"
	"io"
	"log"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"source-gorgias/connector/cli"
)

//go:generate go run ./internal/generate schemas
//go:generate go run ./internal/generate spec
//go:generate go run ./internal/generate
//go:generate go run -C internal/generate/graphviz . ../../../docs/streams.dot ../../../docs/streams.svg

// gracePeriod is how long an interrupted command may take to end.
const gracePeriod = 4 * time.Second

func main() {
	// To this log, net/http writes what a server sends unasked.
	log.SetOutput(io.Discard)
	ctx, interrupt := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-signals
		interrupt(cli.Interrupted{Signal: s})
		// A write to standard output may block forever.
		time.AfterFunc(gracePeriod, func() { exitBySignal(s) })
	}()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(usualGC)
	}
	if debug.SetMemoryLimit(-1) == math.MaxInt64 { // GOMEMLIMIT is not set
		debug.SetMemoryLimit(usualMemory)
	}
	code, by := cli.Main(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
	if by != nil {
		exitBySignal(by)
	}
	os.Exit(code)
}

// usualGC is how much garbage there may be, in percent of what is in use. That is little, a
// few pages, so the default would make the collector run for every other page.
const usualGC = 300

// usualMemory is where the garbage collector begins to work harder: a sync of usual
// pages stays below it, so that it costs nothing there, and huge pages do not leave
// several times their size as garbage.
const usualMemory = 28 << 20

// exitBySignal ends the process by a signal, so that its parent sees the signal
// as the cause. The kernel does not deliver signals to the first process of a
// container, and the Go runtime then exits with code 2. Such a process exits
// with the code that a shell reports for the signal.
func exitBySignal(s os.Signal) {
	signal.Reset(s)
	code := 1
	if n, ok := s.(syscall.Signal); ok {
		code = 128 + int(n)
		if p, err := os.FindProcess(os.Getpid()); os.Getpid() != 1 && err == nil && p.Signal(s) == nil {
			time.Sleep(100 * time.Millisecond)
		}
	}
	os.Exit(code)
}
