package main

import (
	"os"
	"syscall"
)

// peak returns a finished process's peak resident memory in MiB.
func peak(p *os.ProcessState) float64 {
	if u, ok := p.SysUsage().(*syscall.Rusage); ok {
		return float64(u.Maxrss) / 1024 // Linux counts in KiB
	}
	return 0
}
