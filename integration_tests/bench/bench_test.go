package main

import (
	"os"
	"strings"
	"testing"
)

// TestCount checks that an output of either protocol is counted, and that only
// the last state of a stream counts.
func TestCount(t *testing.T) {
	state := func(stream, value string) string {
		return `{"type":"STATE","state":{"stream":{"stream_descriptor":{"name":"` + stream + `"},"stream_state":"` + value + `"}}}` + "\n"
	}
	record := `{"type":"RECORD","record":{"data":"` + strings.Repeat("x", 3<<20) + `"}}` + "\n"
	spaced := `{"type": "RECORD", "stream": "a"}` + "\n"
	tap := `{"type":"STATE","value":{"bookmarks":{}}}` + "\n"
	for text, want := range map[string]tally{
		"": {},
		record + state("a", "12345") + spaced + state("b", "") + state("a", "1"): {records: 2, state: len(state("b", "")) + len(state("a", "1"))},
		spaced + tap + `{"type":"SCHEMA"}` + "\n" + tap:                          {records: 1, state: len(tap)},
	} {
		if got, err := count(strings.NewReader(text)); got != want || err != nil {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
}

// TestBaselines checks that each part of the work accepts what the account
// sends, and notices a body that is damaged.
func TestBaselines(t *testing.T) {
	dir := t.TempDir()
	if err := saveBody(dir, 0, []byte(`{"data":[{"text":"\ud83d"}]}`)); err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	defer func(old *os.File) { os.Stdout = old }(os.Stdout)
	os.Stdout = out
	for _, b := range baselines {
		if err := b.run(dir); err != nil {
			t.Errorf("%s: %v", b.name, err)
		}
		if b.name != "cat" && b.do()([]byte(`{"data":[`)) == nil {
			t.Errorf("%s accepts a damaged body", b.name)
		}
	}
}
