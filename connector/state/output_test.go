package state

import (
	"strings"
	"testing"
)

// TestReadOutput checks which state is in the output of a run, and that what is no
// output is left as it is.
func TestReadOutput(t *testing.T) {
	stream := func(name, state string) string {
		return `{"type":"STREAM","stream":{"stream_descriptor":{"name":"` + name + `"},"stream_state":` + state + `}}`
	}
	record := `{"type":"RECORD","record":{"stream":"tags","data":{"bookmarks":1,"type":"STATE"}}}` + "\n"
	for _, c := range []struct{ name, text, want string }{
		{"Singer", `{"type":"SCHEMA"}` + "\n" + `{"type":"STATE","value":{"a":1}}` + "\n" + record + `{"type":"STATE","value":{"a":2}}` + "\n", `{"a":2}`},
		{"Singer, truncated", `{"type":"STATE","value":{"a":1}}` + "\n" + `{"type":"STATE","value":{"a"`, `{"a":1}`},
		{"Airbyte", `{"type":"LOG"}` + "\n" + record + `{"type":"STATE","state":` + stream("x", "1") + "}\nno message\n" + `{"type":"STATE","state":` + stream("y", "2") + "}\n" + `{"type":"STATE","state":` + stream("x", "3") + "}",
			"[" + stream("x", "3") + "," + stream("y", "2") + "]"},
		{"the states of a target", `{"bookmarks":{"a":1}}` + "\n" + `{"currently_syncing":null,"bookmarks":{"a":2}}` + "\n", `{"currently_syncing":null,"bookmarks":{"a":2}}`},
		{"no state", record + record, ""},
		{"empty", "", ""},
		{"a state of Airbyte", "[" + stream("x", "1") + "]\n", "[" + stream("x", "1") + "]\n"},
		{"a state alone", stream("x", "1"), stream("x", "1")},
		{"a state on several lines", "{\n  \"bookmarks\": {}\n}\n", "{\n  \"bookmarks\": {}\n}\n"},
		{"truncated", `{"bookmarks":{`, `{"bookmarks":{`},
	} {
		got, err := ReadOutput(strings.NewReader(c.text))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.name, got, err, c.want)
		}
	}
}
