package integration_tests

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTranscript breaks a good transcript in every way the checker knows of:
// each must be noticed, and the good one must pass.
func TestTranscript(t *testing.T) {
	good := call{args: []string{"read", "--sandbox", "--catalog", file(t, "catalog.json", catalogFile("incremental", "account", "jobs", "tags"))}}.inside(t)
	good.secrets = []string{"k3y+of/the house"}
	streams := catalogue(t)
	if faults := good.faults(streams); len(faults) > 0 {
		t.Fatal(faults)
	}
	lines := bytes.SplitAfter(good.stdout, []byte("\n"))
	// first returns the place of the first line that holds all of that.
	first := func(parts ...string) int {
		i := slices.IndexFunc(lines, func(l []byte) bool {
			return !slices.ContainsFunc(parts, func(p string) bool { return !bytes.Contains(l, []byte(p)) })
		})
		if i < 0 {
			t.Fatalf("no line with %q", parts)
		}
		return i
	}
	record := first(`"RECORD"`, `"jobs"`)
	state := first(`"STATE"`, `"jobs"`, `"pages":1`)
	final := first(`"STATE"`, `"jobs"`, `"pages":0`)
	started := first(`"STARTED"`, `"jobs"`)
	running := first(`"RUNNING"`, `"jobs"`)
	complete := first(`"COMPLETE"`, `"jobs"`)
	logged := first(`"LOG"`)

	swap := func(i int, old, new string) func(*transcript) {
		return func(tr *transcript) {
			l := bytes.Replace(lines[i], []byte(old), []byte(new), 1)
			if bytes.Equal(l, lines[i]) {
				t.Fatalf("%q is not in %s", old, lines[i])
			}
			tr.stdout = bytes.Join(slices.Concat(lines[:i], [][]byte{l}, lines[i+1:]), nil)
		}
	}
	drop := func(i int) func(*transcript) {
		return func(tr *transcript) { tr.stdout = bytes.Join(slices.Concat(lines[:i], lines[i+1:]), nil) }
	}
	add := func(i int, line string) func(*transcript) {
		return func(tr *transcript) {
			tr.stdout = bytes.Join(slices.Concat(lines[:i], [][]byte{[]byte(line + "\n")}, lines[i:]), nil)
		}
	}
	line := func(i int) string { return strings.TrimSuffix(string(lines[i]), "\n") }
	const fail = `{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1767225600000,"error":{"message":"m","failure_type":"system_error"}}}`

	for name, harm := range map[string]func(*transcript){
		"half a line at the end":        func(tr *transcript) { tr.stdout = tr.stdout[:len(tr.stdout)-1] },
		"not UTF-8":                     swap(record, `"status":"`, "\"status\":\"\xff"),
		"a raw U+0085":                  swap(record, `"status":"`, "\"status\":\"\u0085"),
		"a raw U+2028":                  swap(record, `"status":"`, "\"status\":\"\u2028"),
		"a lone surrogate":              swap(record, `"status":"`, `"status":"\ud83d`),
		"a duplicate name":              swap(record, `"data":{`, `"data":{"status":"done",`),
		"a duplicate name, deep down":   swap(record, `"data":{`, `"data":{"params":{"a":{"b":1,"b":2}},`),
		"two messages on a line":        swap(record, "\n", line(state)+"\n"),
		"a line of text":                add(record, "hello"),
		"an empty line":                 add(record, ""),
		"a null in an envelope":         swap(state, `"stream_descriptor":{`, `"stream_descriptor":{"namespace":null,`),
		"an empty namespace":            swap(state, `"stream_descriptor":{`, `"stream_descriptor":{"namespace":"",`),
		"two payloads":                  swap(logged, `"log":{`, `"control":{},"log":{`),
		"a payload of another type":     swap(logged, `"type":"LOG"`, `"type":"TRACE"`),
		"a type the command has not":    add(record, `{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}`),
		"a level nobody knows":          swap(logged, `"INFO"`, `"WARNING"`),
		"a stream not configured":       func(tr *transcript) { tr.configured = []string{"account", "tags"} },
		"an empty record":               add(record, `{"type":"RECORD","record":{"stream":"jobs","emitted_at":1767225600000,"data":{}}}`),
		"emitted in seconds":            add(record, `{"type":"RECORD","record":{"stream":"jobs","emitted_at":1767225600,"data":{"id":1}}}`),
		"emitted before the run":        func(tr *transcript) { tr.began = tr.ended.Add(time.Minute); tr.ended = tr.began },
		"emitted after the run":         func(tr *transcript) { tr.ended = tr.began.Add(-time.Minute); tr.began = tr.ended },
		"an integer spelled 1.0":        swap(record, `,"status"`, `.0,"status"`),
		"a value of another type":       swap(record, `"status":"`, `"status":7,"x":"`),
		"an undeclared column":          swap(record, `"data":{`, `"data":{"surprise":1,`),
		"a missing column":              swap(record, `"status":`, `"statu5":`),
		"an instant without its zone":   swap(record, `Z","`, `","`),
		"an instant with another zone":  swap(record, `Z","`, `+00:00","`),
		"a null key":                    swap(record, `"id":`, `"id":null,"id2":`),
		"an id in the state":            swap(state, `"state":{`, `"state":{"id":1,`),
		"an empty state":                add(final, `{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"jobs"},"stream_state":{}},"sourceStats":{"recordCount":0.0}}}`),
		"a state without a count":       swap(state, `,"sourceStats":{"recordCount":100.0}`, ``),
		"a count without a point":       swap(state, `100.0`, `100`),
		"a wrong count":                 swap(state, `100.0`, `99.0`),
		"a null in a state":             swap(final, `"seen":"`, `"seen":null,"other":"`),
		"a key that vanishes":           swap(final, `"unsorted":false,`, ``),
		"the same state after records":  func(tr *transcript) { swap(record, line(record), line(state)+"\n"+line(record))(tr) },
		"a state that does not move":    swap(final, line(final)[:strings.Index(line(final), `,"sourceStats"`)], line(state)[:strings.Index(line(state), `,"sourceStats"`)]),
		"no final state":                drop(final),
		"records after the last state":  add(complete, line(record)),
		"a record after the end":        add(complete+1, line(record)),
		"a state after the end":         add(complete+1, line(final)),
		"a status after the end":        add(complete+1, line(running)),
		"an error after the end":        add(complete+1, strings.Replace(fail, `"message"`, `"stream_descriptor":{"name":"jobs"},"message"`, 1)),
		"no STARTED":                    drop(started),
		"no RUNNING":                    drop(running),
		"no COMPLETE":                   drop(complete),
		"COMPLETE twice":                add(complete+1, line(complete)),
		"a stream that failed quietly":  swap(complete, `"COMPLETE"`, `"INCOMPLETE"`),
		"an error and exit code 0":      add(logged, fail),
		"exit code 1 without an error":  func(tr *transcript) { tr.code = 1 },
		"exit code 2 without a word":    func(tr *transcript) { tr.code = 2; add(logged, fail)(tr) },
		"a death nobody asked for":      func(tr *transcript) { tr.code = -1 },
		"an error without its time":     swap(started, `"emitted_at":`, `"emitted":`),
		"a text on standard error":      func(tr *transcript) { tr.stderr = []byte("warning") },
		"a secret":                      swap(logged, "Starting", "k3y+of/the house"),
		"a secret in a URL":             swap(logged, "Starting", "k3y%2Bof%2Fthe+house"),
		"a secret in Base64":            swap(logged, "Starting", "azN5K29mL3RoZSBob3VzZQ=="),
		"a secret on standard error":    func(tr *transcript) { tr.code = 2; add(logged, fail)(tr); tr.stderr = []byte("k3y+of/the house") },
		"a log line of nine kilobytes":  swap(logged, "Starting", strings.Repeat("x", 9000)),
		"a spec that is none":           func(tr *transcript) { tr.command = "spec"; tr.stdout = []byte(`{"type":"LOG","log":{"level":"INFO","message":"m"}}` + "\n") },
		"two answers to one check":      func(tr *transcript) { tr.command = "check"; tr.stdout = []byte(strings.Repeat(`{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}`+"\n", 2)) },
		"a refusal without a message":   func(tr *transcript) { tr.command = "check"; tr.stdout = []byte(`{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}}` + "\n") },
		"a cursor of nobody's choosing": func(tr *transcript) { tr.command = "discover"; tr.stdout = []byte(`{"type":"CATALOG","catalog":{"streams":[{"name":"a","json_schema":{"type":"object","properties":{"id":{}}},"supported_sync_modes":["full_refresh","incremental"],"source_defined_primary_key":[["id"]],"is_resumable":true}]}}` + "\n") },
	} {
		t.Run(name, func(t *testing.T) {
			bad := *good
			harm(&bad)
			if len(bad.faults(streams)) == 0 {
				t.Error("nobody noticed")
			}
		})
	}
}
