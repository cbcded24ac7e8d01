package cli

import "testing"

// A duration that is none is reported without its value.
func TestDurationFlags(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"soon", "30"} {
		if got, want := explainFlagError(probeFlags(), []string{"--wait", value}), "--wait: expected a duration such as 30m"; got != want {
			t.Errorf("%s: %q", value, got)
		}
	}
}
