package evil

import (
	"os"
	"runtime/debug"
	"testing"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // small accounts are garbage soon
	os.Exit(m.Run())
}
