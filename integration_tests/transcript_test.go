package integration_tests

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTranscript breaks a valid transcript in every way that the checks cover.
// They find each fault, and none in the valid transcript.
func TestTranscript(t *testing.T) {
	t.Parallel()
	good := call{args: []string{"read", "--sandbox", "--catalog", file(t, "catalog.json", catalogFile("incremental", "account", "jobs", "tags"))}}.inside(t)
	good.validateAll = true
	good.secrets = []string{"k3y+of/the house"}
	streams := discoveredStreams(t)
	if faults := good.faults(streams); len(faults) > 0 {
		t.Fatal(faults)
	}
	lines := bytes.SplitAfter(good.stdout, []byte("\n"))
	// first returns the index of the first line that contains all parts.
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
	summed := first(`"LOG"`, `"Summary: `)

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
	id := regexp.MustCompile(`"data":\{"id":(\d+)`).FindStringSubmatch(string(lines[record]))[1]
	uri := regexp.MustCompile(`"uri":"[^"]+"`).FindString(string(lines[record]))
	line := func(i int) string { return strings.TrimSuffix(string(lines[i]), "\n") }
	const fail = `{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1767225600000,"error":{"message":"m","failure_type":"system_error"}}}`

	for _, c := range []struct {
		name, says string
		harm       func(*transcript)
	}{
		{"half a line at the end", `ends within a line`, func(tr *transcript) { tr.stdout = tr.stdout[:len(tr.stdout)-1] }},
		{"not UTF-8", `not UTF-8`, swap(record, `"status":"`, "\"status\":\"\xff")},
		{"a raw U+0085", `holds a raw`, swap(record, `"status":"`, "\"status\":\"\u0085")},
		{"a raw U+2028", `holds a raw`, swap(record, `"status":"`, "\"status\":\"\u2028")},
		{"a byte order mark", `byte order mark`, func(tr *transcript) { tr.stdout = append([]byte("\ufeff"), tr.stdout...) }},
		{"a lone surrogate", `invalid UTF-8|surrogate`, swap(record, `"status":"`, `"status":"\ud83d`)},
		{"a duplicate name", `duplicate object member`, swap(record, `"data":{`, `"data":{"status":"done",`)},
		{"a duplicate name, deep down", `duplicate object member`, swap(record, `"data":{`, `"data":{"params":{"a":{"b":1,"b":2}},`)},
		{"two messages on a line", `more than one object`, swap(record, "\n", line(state)+"\n")},
		{"a line of text", `hello`, add(record, "hello")},
		{"an empty line", `EOF`, add(record, "")},
		{"a null in an envelope", `namespace`, swap(state, `"stream_descriptor":{`, `"stream_descriptor":{"namespace":null,`)},
		{"an empty namespace", `namespace`, swap(state, `"stream_descriptor":{`, `"stream_descriptor":{"namespace":"",`)},
		{"two payloads", `control`, swap(logged, `"log":{`, `"control":{},"log":{`)},
		{"a payload of another type", `not a message`, swap(logged, `"type":"LOG"`, `"type":"TRACE"`)},
		{"a type the command has not", `does not write`, add(record, `{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}`)},
		{"an unknown level", `log/level`, swap(logged, `"INFO"`, `"WARNING"`)},
		{"a stream not configured", `not configured`, func(tr *transcript) { tr.configured = []string{"account", "tags"} }},
		{"an empty record", `minProperties|minimum 1 properties`, add(record, `{"type":"RECORD","record":{"stream":"jobs","emitted_at":1767225600000,"data":{}}}`)},
		{"emitted in seconds", `emitted_at`, add(record, `{"type":"RECORD","record":{"stream":"jobs","emitted_at":1767225600,"data":{"id":1}}}`)},
		{"emitted before the run", `says it was emitted`, func(tr *transcript) { tr.began = tr.ended.Add(time.Minute); tr.ended = tr.began }},
		{"emitted after the run", `says it was emitted`, func(tr *transcript) { tr.ended = tr.began.Add(-time.Minute); tr.began = tr.ended }},
		{"an integer spelled 1.0", `the integer is spelled`, swap(record, `"id":`+id, `"id":`+id+`.0`)},
		{"a value of another type", `expected null or string|expected string`, swap(record, uri, `"uri":7`)},
		{"an undeclared column", `not declared`, swap(record, `"data":{`, `"data":{"surprise":1,`)},
		{"a missing column", `is missing`, swap(record, uri+",", "")},
		{"a timestamp without its zone", `the timestamp is spelled|date-time`, swap(record, `Z","`, `","`)},
		{"a timestamp with another zone", `the timestamp is spelled`, swap(record, `Z","`, `+00:00","`)},
		{"a null key", `the key`, swap(record, `"data":{"id":`+id, `"data":{"id":null`)},
		{"an id in the state", `'id'`, swap(state, `"state":{`, `"state":{"id":1,`)},
		{"an empty state", `minimum 1 properties`, add(final, `{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"jobs"},"stream_state":{}},"sourceStats":{"recordCount":0.0}}}`)},
		{"a state without a count", `sourceStats`, swap(state, `,"sourceStats":{"recordCount":100.0}`, ``)},
		{"a count without a point", `recordCount is`, swap(state, `100.0`, `100`)},
		{"a wrong count", `recordCount is`, swap(state, `100.0`, `99.0`)},
		{"a null in a state", `a null in the state`, swap(final, `"fingerprints":"`, `"fingerprints":null,"other":"`)},
		{"a key that vanishes", `come and go`, swap(final, `"unsorted":false,`, ``)},
		{"the same state after records", `stands twice|recordCount is`, func(tr *transcript) { swap(record, line(record), line(state)+"\n"+line(record))(tr) }},
		{"a state that does not move", `stands twice`, swap(final, line(final)[:strings.Index(line(final), `,"sourceStats"`)], line(state)[:strings.Index(line(state), `,"sourceStats"`)])},
		{"no final state", `that no state covers`, func(tr *transcript) {
			tr.stdout = bytes.Join(slices.DeleteFunc(slices.Clone(lines), func(l []byte) bool {
				return bytes.Contains(l, []byte(`"STATE"`)) && bytes.Contains(l, []byte(`"jobs"`)) && !bytes.Contains(l, []byte(`"pages":1`))
			}), nil)
		}},
		{"records after the last state", `that no state covers`, add(complete, line(record))},
		{"a record after the end", `a record while`, add(complete+1, line(record))},
		{"a state after the end", `a state while`, add(complete+1, line(final))},
		{"a status after the end", `RUNNING after "COMPLETE"`, add(complete+1, line(running))},
		{"an error after the end", `an error after`, add(complete+1, strings.Replace(fail, `"message"`, `"stream_descriptor":{"name":"jobs"},"message"`, 1))},
		{"no STARTED", `RUNNING after`, drop(started)},
		{"no RUNNING", `while it is`, drop(running)},
		{"no COMPLETE", `exit code 0, and jobs is "RUNNING"`, drop(complete)},
		{"an error and no end", `neither completed`, func(tr *transcript) { tr.code = 1; swap(complete, line(complete), fail)(tr) }},
		{"COMPLETE twice", `COMPLETE after`, add(complete+1, line(complete))},
		{"a stream that failed quietly", `incomplete without`, func(tr *transcript) {
			tr.code = 1
			swap(complete, `"COMPLETE"`, `"INCOMPLETE"`)(tr)
		}},
		{"an error and exit code 0", `exit code 0 with 1 errors`, add(logged, fail)},
		{"exit code 1 without an error", `exit code 1 with 0 errors`, func(tr *transcript) { tr.code = 1 }},
		{"exit code 2 without an error", `standard error is empty`, func(tr *transcript) { tr.code = 2; add(logged, fail)(tr) }},
		{"an unexpected signal", `no test sent`, func(tr *transcript) { tr.code = -1 }},
		{"an error without its time", `emitted_at`, swap(started, `"emitted_at":`, `"emitted":`)},
		{"output on standard error", `standard error is not empty`, func(tr *transcript) { tr.stderr = []byte("warning") }},
		{"a secret", `shows`, swap(logged, "Starting", "k3y+of/the house")},
		{"a secret in a URL", `shows`, swap(logged, "Starting", "k3y%2Bof%2Fthe+house")},
		{"a secret in Base64", `shows`, swap(logged, "Starting", "azN5K29mL3RoZSBob3VzZQ==")},
		{"a secret on standard error", `shows`, func(tr *transcript) { tr.code = 2; add(logged, fail)(tr); tr.stderr = []byte("k3y+of/the house") }},
		{"no summary", `no summary`, drop(summed)},
		{"a summary that is none", `not a summary`, swap(summed, `records:`, `rows:`)},
		{"two summaries", `2 summaries`, add(summed, line(summed))},
		{"a record too many in the summary", `the summary differs`, swap(summed, `records: `, `records: 1`)},
		{"a deletion too many in the summary", `the summary differs`, swap(summed, `tombstones: 0`, `tombstones: 1`)},
		{"a stream too few in the summary", `the summary differs`, swap(summed, `read: 3`, `read: 2`)},
		{"a value too many in the summary", `the summary differs`, swap(summed, `"}}`, `; values set to null: 1 (tags.name 1)"}}`)},
		{"a failure in the summary", `the summary differs`, swap(summed, `"}}`, `; failed: tags"}}`)},
		{"more than the rate limit", `cannot be`, swap(summed, `% of`, `999% of`)},
		{"a log line of nine kilobytes", `a log line of`, swap(logged, "Starting", strings.Repeat("x", 9000))},
		{"a spec that is none", `with 0 SPEC`, func(tr *transcript) {
			tr.command = "spec"
			tr.stdout = []byte(`{"type":"LOG","log":{"level":"INFO","message":"m"}}` + "\n")
		}},
		{"two answers to one check", `with 2 CONNECTION`, func(tr *transcript) {
			tr.command = "check"
			tr.stdout = []byte(strings.Repeat(`{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}`+"\n", 2))
		}},
		{"a check that broke", `with 1 CONNECTION`, func(tr *transcript) { // it must have an error and no status
			tr.command, tr.code = "check", 1
			tr.stdout = []byte(fail + "\n" + `{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}` + "\n")
		}},
		{"a refusal without a message", `message`, func(tr *transcript) {
			tr.command = "check"
			tr.stdout = []byte(`{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}}` + "\n")
		}},
		{"a cursor of no origin", `source_defined_cursor`, func(tr *transcript) {
			tr.command = "discover"
			tr.stdout = []byte(`{"type":"CATALOG","catalog":{"streams":[{"name":"a","json_schema":{"type":"object","properties":{"id":{}}},"supported_sync_modes":["full_refresh","incremental"],"source_defined_primary_key":[["id"]],"is_resumable":true}]}}` + "\n")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := *good
			c.harm(&bad)
			faults := strings.Join(bad.faults(streams), "\n")
			if !regexp.MustCompile(c.says).MatchString(faults) {
				t.Errorf("%q was not found, but:\n%s", c.says, faults)
			}
		})
	}
}
