// Command source-gorgias reads a Gorgias helpdesk account, for Airbyte and for
// Singer.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"source-gorgias/connector/cli"
)

//go:generate go run ./internal/generate
//go:generate go run -C internal/generate/graphviz . ../../../docs/streams.dot ../../../docs/streams.svg

// graceful is how long an interrupted command may take to come to rest.
const graceful = 4 * time.Second

func main() {
	ctx, interrupt := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-signals
		interrupt(cli.Interrupted{Signal: s})
		// Whoever reads our output may have stopped reading.
		time.AfterFunc(graceful, func() { die(s) })
	}()
	code, by := cli.Main(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
	if by != nil {
		die(by)
	}
	os.Exit(code)
}

// die ends the process by the signal that asked for it, as those who sent it
// expect. As the first process of a container, which the kernel shields from
// its own signals and the runtime would then end with code 2, it leaves with
// the code a shell would show.
func die(s os.Signal) {
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
