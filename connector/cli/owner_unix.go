//go:build !windows

package cli

import (
	"io/fs"
	"os"
	"syscall"
)

// isOwn reports whether a file is the user's, and no other user may write it.
func isOwn(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid() && info.Mode().IsRegular() && info.Mode().Perm()&0o022 == 0 //rule:dotenv-is-own
}
