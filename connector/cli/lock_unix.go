//go:build !windows

package cli

import (
	"context"
	"os"
	"syscall"
	"time"
)

// lockWait is longer than a holder needs for its token request.
const lockWait = 3 * time.Minute

// lockDirectory waits until no other process of this program renews tokens of a
// file in a directory. The lock ends with the process that has it. Where there
// are no locks, it returns nil.
func lockDirectory(ctx context.Context, dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, nil
	}
	for began := time.Now(); ; {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
		case err == nil:
			return f, nil
		case err != syscall.EWOULDBLOCK && err != syscall.EINTR, time.Since(began) > lockWait: // it hangs, and must not stop others for ever
			return nil, f.Close()
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			_ = f.Close()
			return nil, ctx.Err()
		}
	}
}
