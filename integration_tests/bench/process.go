package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"source-gorgias/connector/sandbox"
)

// A usage is what one process has used.
type usage struct {
	cpu, wall time.Duration // cpu: user and system
	peak      float64       // resident memory in MiB; 0 = unknown
	lines     tally
}

// measure runs a process to its end and counts the lines it writes.
func measure(cmd *exec.Cmd) (usage, error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return usage{}, err
	}
	var said bytes.Buffer
	if cmd.Stderr == nil {
		cmd.Stderr = &said
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	var u usage
	lines, err := count(out)
	if err = errors.Join(err, cmd.Wait()); err != nil {
		text := said.Bytes()
		return u, fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, text[max(0, len(text)-2000):])
	}
	u.wall, u.lines = time.Since(began), lines
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	u.peak = peak(cmd.ProcessState)
	return u, nil
}

// A tally is what an output consists of, in either protocol.
type tally struct {
	records int
	state   int // bytes: the last state, or the last of each stream
}

// count reads an output to its end.
func count(out io.Reader) (t tally, err error) {
	states := map[string]int{}
	in := bufio.NewReaderSize(out, 1<<20)
	for {
		start, err := in.Peek(64)
		if len(start) == 0 {
			if err != io.EOF {
				return t, err
			}
			for _, n := range states {
				t.state += n
			}
			return t, nil
		}
		start, _, _ = bytes.Cut(start, []byte("\n"))
		if bytes.Contains(start, []byte(`"type":"STATE"`)) || bytes.Contains(start, []byte(`"type": "STATE"`)) {
			line, err := in.ReadBytes('\n')
			if err != nil {
				return t, err
			}
			var message struct {
				State struct {
					Stream struct {
						Descriptor struct{ Name string } `json:"stream_descriptor"`
					}
				}
			}
			if err := json.Unmarshal(line, &message); err != nil {
				return t, err
			}
			states[message.State.Stream.Descriptor.Name] = len(line)
			continue
		}
		if bytes.Contains(start, []byte(`"type":"RECORD"`)) || bytes.Contains(start, []byte(`"type": "RECORD"`)) {
			t.records++
		}
		for {
			_, err := in.ReadSlice('\n')
			if err == nil || err == io.EOF {
				break
			} else if err != bufio.ErrBufferFull {
				return t, err
			}
		}
	}
}

// A bench has what the measurements need, in a directory that it removes.
type bench struct {
	dir, self, program string
	epoch              time.Time
}

// newBench builds the program.
func newBench(ctx context.Context) (b *bench, err error) {
	b = &bench{epoch: time.Now()}
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return nil, err
	}
	b.program = filepath.Join(b.dir, "source-gorgias")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.program, "source-gorgias")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.close()
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	return b, nil
}

func (b *bench) close() { _ = os.RemoveAll(b.dir) } // a directory for temporary files; nothing depends on it

// write writes a file that the program reads.
func (b *bench) write(name, text string) (path string, err error) {
	path = filepath.Join(b.dir, name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// sandbox starts a sandbox in a process of its own. It returns its
// configuration, which has a verb for the concurrency.
func (b *bench) sandbox(ctx context.Context, size sandbox.Size, body int) (config string, stop func(), err error) {
	cmd := exec.CommandContext(ctx, b.self, "sandbox", fmt.Sprintf("-epoch=%d", b.epoch.Unix()), fmt.Sprintf("-body=%d", body),
		fmt.Sprintf("-tickets=%d", size.Tickets), fmt.Sprintf("-messages=%d", size.Messages), fmt.Sprintf("-customers=%d", size.Customers),
		fmt.Sprintf("-surveys=%d", size.Surveys), fmt.Sprintf("-events=%d", size.Events))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = in.Close()
		_ = cmd.Wait() // its result says nothing about what was measured
	}
	config, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
	}
	return config, stop, err
}

// A row is a line of a table: a process, and what its rounds have used.
type row struct {
	name    string
	run     func(context.Context) (usage, error)
	ours    bool
	repeats int // of the work in one process
	rounds  []usage
}

// alternate runs all rows once per round, so that a busy machine slows all of
// them equally.
func alternate(ctx context.Context, rows []*row, rounds int) error {
	for range rounds {
		for _, r := range rows {
			u, err := r.run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			u.cpu /= time.Duration(r.repeats)
			r.rounds = append(r.rounds, u)
		}
	}
	return nil
}

// median returns the median over the rounds of a figure.
func (r *row) median(figure func(round int, u usage) float64) float64 {
	values := make([]float64, len(r.rounds))
	for i, u := range r.rounds {
		values[i] = figure(i, u)
	}
	return median(values)
}

// median returns the middle value; of an even number, the larger of the two.
func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}
