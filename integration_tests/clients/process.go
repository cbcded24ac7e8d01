//go:build clients

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// A command is a program to run to its end.
type command struct {
	args  []string
	dir   string
	env   []string      // besides the harness's own
	limit time.Duration // 0 = 5 minutes
}

// An exit is a command that ended with a code other than 0.
type commandFailed struct {
	name string
	code int
	said string // the end of what it said
}

func (e *commandFailed) Error() string {
	return fmt.Sprintf("%s: exit code %d\n%s", e.name, e.code, e.said)
}

// start prepares a command that dies with ctx, and whatever it started with it.
func (b *harness) start(ctx context.Context, c command) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	if cmd.Dir == "" {
		cmd.Dir = b.dir
	}
	cmd.Env = append(b.env[:len(b.env):len(b.env)], c.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// run runs a command and returns its standard output.
func (b *harness) run(ctx context.Context, c command) ([]byte, error) {
	if c.limit == 0 {
		c.limit = 5 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	cmd := b.start(ctx, c)
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	err := cmd.Run()
	return out.Bytes(), commandError(ctx, c, err, out.Bytes(), fault.Bytes())
}

// pipe runs tap | target, and returns the target's standard output. Unlike a
// shell's, its error tells of both ends.
func (b *harness) pipe(ctx context.Context, tap, target command) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	first, second := b.start(ctx, tap), b.start(ctx, target)
	var out, tapSaid, targetSaid bytes.Buffer
	between, err := first.StdoutPipe()
	if err != nil {
		return nil, err
	}
	second.Stdin, second.Stdout = between, &out
	first.Stderr, second.Stderr = &tapSaid, &targetSaid
	if err := first.Start(); err != nil {
		return nil, err
	}
	err = second.Start()
	if err == nil {
		err = second.Wait()
	}
	_ = between.Close() // if the target died early the tap must not write on
	return out.Bytes(), errors.Join(
		commandError(ctx, tap, first.Wait(), tapSaid.Bytes()),
		commandError(ctx, target, err, out.Bytes(), targetSaid.Bytes()),
	)
}

// ending tells how a command ended.
func commandError(ctx context.Context, c command, err error, said ...[]byte) error {
	var died *exec.ExitError
	switch name := strings.Join(c.args, " "); {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", name, context.Cause(ctx))
	case errors.As(err, &died):
		return &commandFailed{name, died.ExitCode(), tail(said...)}
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// tail returns the last lines of what a program said.
func tail(said ...[]byte) string {
	const most = 25
	lines := strings.Split(strings.TrimSpace(string(bytes.Join(said, []byte("\n")))), "\n")
	for i, l := range lines {
		lines[i] = "    " + l[:min(len(l), 400)]
	}
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
