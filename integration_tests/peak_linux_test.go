package integration_tests

import (
	"os/exec"
	"syscall"
)

// peak returns a finished program's peak resident memory in MiB.
func peak(c *exec.Cmd) float64 {
	if u, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		return float64(u.Maxrss) / 1024 // Linux counts in KiB
	}
	return 0
}
