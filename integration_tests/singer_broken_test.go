package integration_tests

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestStrictTarget breaks a valid transcript in every way that a target or a
// client rejects. The strict target finds each fault, and none in the valid
// transcript.
func TestStrictTarget(t *testing.T) {
	t.Parallel()
	good := call{tap: true, args: []string{"--sandbox", "--config", file(t, "config.json", `{"emit_activate_version_messages":true}`),
		"--state", file(t, "state.json", `{"bookmarks":{"users":{"version":1}},"beside":7}`), "--catalog", file(t, "catalog.json", tapCatalog("account", "jobs", "tags"))}}.inside(t)
	good.validateAll = true
	good.tap.changed = false // only streams were selected
	if faults := good.faults(nil); good.code != 0 || len(faults) > 0 {
		t.Fatal(good.code, faults)
	}
	lines := bytes.SplitAfter(bytes.TrimSuffix(good.stdout, []byte("\n")), []byte("\n"))
	lines[len(lines)-1] = append(lines[len(lines)-1], '\n')
	first := func(parts ...string) int {
		i := slices.IndexFunc(lines, func(l []byte) bool {
			return !slices.ContainsFunc(parts, func(p string) bool { return !bytes.Contains(l, []byte(p)) })
		})
		if i < 0 {
			t.Fatalf("no line with %q", parts)
		}
		return i
	}
	schema := first(`"SCHEMA"`, `"stream":"jobs"`)
	record := first(`"RECORD"`, `"stream":"jobs"`)
	second := record + 1
	tag := first(`"RECORD"`, `"stream":"tags"`)
	state := first(`"STATE"`, `"jobs"`)
	activate := first(`"ACTIVATE_VERSION"`, `"tags"`)
	last := len(lines) - 1

	swap := func(i int, old, new string) func(*transcript) {
		return func(tr *transcript) {
			l := bytes.Replace(lines[i], []byte(old), []byte(new), 1)
			if bytes.Equal(l, lines[i]) {
				t.Fatalf("%q is not in %.300s", old, lines[i])
			}
			tr.stdout = bytes.Join(slices.Concat(lines[:i], [][]byte{l}, lines[i+1:]), nil)
		}
	}
	more := "," // the job may have no parameters
	if bytes.Contains(lines[record], []byte(`"params":{}`)) {
		more = ""
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
	column := func(text string) func(*transcript) { // adds a column to jobs
		return swap(schema, `"properties":{`, `"properties":{`+text+`,`)
	}
	stderr := func(text string) func(*transcript) {
		return func(tr *transcript) { tr.stderr = append(slices.Clone(tr.stderr), text...) }
	}
	id := regexp.MustCompile(`"record":\{"id":(\d+)`).FindStringSubmatch(line(record))[1]
	uri := regexp.MustCompile(`"uri":"[^"]+"`).FindString(line(record))
	created := regexp.MustCompile(`"created_datetime":"[^"]+"`).FindString(line(record))
	stamp := regexp.MustCompile(`"time_extracted":"[^"]+"`).FindString(line(record))
	version := regexp.MustCompile(`"version":\d+`).FindString(line(tag))
	const entry = `{"level":"info","pid":1,"logger_name":"l","ts":1.5,"thread_name":"main","app_name":"a","stream_name":null,"message":"m"}`

	for _, c := range []struct {
		name, says string
		harm       func(*transcript)
	}{
		{"half a line at the end", `ends within a line`, func(tr *transcript) { tr.stdout = tr.stdout[:len(tr.stdout)-1] }},
		{"a log line", `hello|invalid`, add(record, "INFO hello")},
		{"an empty line", `EOF`, add(record, "")},
		{"blanks behind a message", `more than one object`, swap(record, "}\n", "} \n")},
		{"two messages on a line", `more than one object`, swap(record, "\n", line(second)+"\n")},
		{"CRLF", `holds a raw`, swap(record, "\n", "\r\n")},
		{"a list", `not an object`, add(record, `[1]`)},
		{"a type in lower case", `a message of type`, swap(record, `"RECORD"`, `"record"`)},
		{"a BATCH", `a message of type "BATCH"`, add(record, `{"type":"BATCH","stream":"jobs","encoding":{"format":"jsonl"},"manifest":[]}`)},
		{"a record without a stream", `without "stream"`, swap(record, `"stream":"jobs",`, ``)},
		{"a member too many", `with "namespace"`, swap(record, `"stream":"jobs",`, `"stream":"jobs","namespace":"x",`)},
		{"no key", `without "key_properties"`, swap(schema, `,"key_properties":["id"]`, ``)},
		{"a null for a key", `without "key_properties"`, swap(schema, `"key_properties":["id"]`, `"key_properties":null`)},
		{"an empty key", `no key`, swap(schema, `"key_properties":["id"]`, `"key_properties":[]`)},
		{"a key that is not in the schema", `is not in the schema`, swap(schema, `"key_properties":["id"]`, `"key_properties":["number"]`)},
		{"a nested key", `is not in the schema`, swap(schema, `"key_properties":["id"]`, `"key_properties":["params.id"]`)},
		{"an undeclared bookmark property", `the bookmark property`, swap(schema, `"bookmark_properties":["created_datetime"]`, `"bookmark_properties":["updated"]`)},
		{"a record before its schema", `before its schema`, drop(schema)},
		{"a second SCHEMA", `a second SCHEMA`, add(second, line(schema))},
		{"a stream with a hyphen", `name of a table|that of a table`, swap(schema, `"stream":"jobs"`, `"stream":"all-jobs"`)},
		{"a column with a dot", `that of a column`, column(`"a.b":{"type":["string","null"]}`)},
		{"a column of 64 letters", `that of a column`, column(`"` + strings.Repeat("x", 64) + `":{"type":["string","null"]}`)},
		{"columns that differ in case", `two columns`, column(`"Status":{"type":["string","null"]}`)},
		{"a column of the target's", `that of a column`, column(`"_sdc_batched_at":{"type":["string","null"]}`)},
		{"a column without a type", `of type \[\]`, column(`"a":{}`)},
		{"a column of two types", `of type`, column(`"a":{"type":["string","number","null"]}`)},
		{"a column that may not be null", `null must be allowed`, column(`"a":{"type":["string"]}`)},
		{"anyOf", `the keyword "anyOf"`, column(`"a":{"anyOf":[{"type":"string"},{"type":"null"}]}`)},
		{"a reference", `the keyword "\$ref"`, column(`"a":{"$ref":"#/x"}`)},
		{"an enum", `the keyword "enum"`, column(`"a":{"type":["string","null"],"enum":["x"]}`)},
		{"a draft", `the keyword "\$schema"`, swap(schema, `"properties":{`, `"$schema":"http://json-schema.org/draft-07/schema#","properties":{`)},
		{"a format of its own", `the format date`, column(`"a":{"type":["string","null"],"format":"date"}`)},
		{"a closed schema", `additionalProperties is false`, column(`"a":{"type":["object","null"],"additionalProperties":false}`)},
		{"a list of items", `items are no schema`, column(`"a":{"type":["array","null"],"items":[{"type":"string"}]}`)},
		{"a list of lists", `a list of lists`, column(`"a":{"type":["array","null"],"items":{"type":["array","null"],"items":{"type":["string","null"]}}}`)},
		{"a list of bare objects", `without properties`, column(`"a":{"type":["array","null"],"items":{"type":["object","null"]}}`)},
		{"no properties", `a schema without properties`, func(tr *transcript) {
			tr.stdout = regexp.MustCompile(`(?m)^\{"type":"SCHEMA","stream":"jobs".*$`).ReplaceAll(tr.stdout, []byte(`{"type":"SCHEMA","stream":"jobs","schema":{"type":"object","properties":{}},"key_properties":["id"]}`))
		}},
		{"an undeclared column", `is not declared`, swap(record, `"record":{`, `"record":{"surprise":1,`)},
		{"a missing column", `is missing`, swap(record, uri+",", "")},
		{"a null key", `the key`, swap(record, `"record":{"id":`+id, `"record":{"id":null`)},
		{"an integer spelled 1.0", `the integer is spelled`, swap(record, `"id":`+id, `"id":`+id+`.0`)},
		{"an integer in quotes", `expected integer`, swap(record, `"id":`+id, `"id":"`+id+`"`)},
		{"an integer beyond 64 bits", `maximum|must be <=`, swap(record, `"id":`+id, `"id":9223372036854775808`)},
		{"a value of another type", `expected string`, swap(record, uri, `"uri":7`)},
		{"a timestamp in another zone", `the timestamp is spelled`, swap(record, created, strings.Replace(created, `Z"`, `+00:00"`, 1))},
		{"a timestamp in seconds", `the timestamp is spelled`, swap(record, created, regexp.MustCompile(`\.\d+Z`).ReplaceAllString(created, "Z"))},
		{"an empty timestamp", `date-time`, swap(record, created, `"created_datetime":""`)},
		{"U+0000", `U\+0000`, swap(record, `"status":"`, `"status":"\u0000`)},
		{"U+0000 in a name", `U\+0000`, swap(record, `"params":{`, `"params":{"a\u0000":1`+more)},
		{"a lone surrogate", `invalid UTF-8|surrogate`, swap(record, `"status":"`, `"status":"\ud83d`)},
		{"not a number", `invalid`, swap(record, uri, `"uri":NaN`)},
		{"a name twice", `duplicate`, swap(record, `"record":{`, `"record":{"status":"x",`)},
		{"extracted in another zone", `extracted at`, swap(record, stamp, `"time_extracted":"2026-01-02T03:04:05.000000+01:00"`)},
		{"extracted at another time", `extracted at`, swap(record, stamp, `"time_extracted":"2016-01-02T03:04:05.000000Z"`)},
		{"no time_extracted", `without "time_extracted"`, swap(record, stamp+",", ``)},
		{"a version without the option", `versions were not requested`, func(tr *transcript) { tr.tap.activate = false }},
		{"a version of one record", `the versions differ`, swap(tag, version+",", ``)},
		{"another version", `the versions differ|not the version`, swap(tag, version, `"version":7`)},
		{"a version in milliseconds", `does not fit`, swap(tag, version, `"version":1767225600000`)},
		{"another version is activated", `not the version`, swap(activate, version, `"version":7`)},
		{"a version is activated early", `after its version`, add(tag+1, line(activate))},
		{"a version is activated twice", `not the version`, add(activate, line(activate))},
		{"a version before the schema", `before its schema`, add(1, line(activate))},
		{"a version of an incremental stream", `has no versions`, add(last, `{"type":"ACTIVATE_VERSION","stream":"jobs","version":1767225600}`)},
		{"a version is never activated", `never activated`, drop(activate)},
		{"no first state", `the first message is no state`, drop(0)},
		{"another first state", `not the one that was given`, swap(0, `"version":1`, `"version":2`)},
		{"no last state", `the last message is no state`, add(last+1, line(tag))},
		{"the same state twice", `twice in a row`, add(last, line(last))},
		{"a state without bookmarks", `a state without bookmarks`, swap(last, `"bookmarks":`, `"marks":`)},
		{"an empty state", `a state without bookmarks`, add(last, `{"type":"STATE","value":{}}`)},
		{"a bookmark is lost", `lost the bookmark of "users"`, swap(last, `"users":{"version":1},`, ``)},
		{"another key of the state is lost", `has lost "beside"`, swap(last, `,"beside":7`, ``)},
		{"the bookmark of another stream moves", `which is not read, has changed`, swap(last, `"users":{"version":1}`, `"users":{"version":2}`)},
		{"a bookmark without a stream", `without a table`, swap(last, `"users":`, `"unknown":{},"users":`)},
		{"progress markers", `holds "progress_markers"`, swap(last, `"jobs":{`, `"jobs":{"progress_markers":{},`)},
		{"a signpost", `holds "replication_key_signpost"`, swap(state, `"jobs":{`, `"jobs":{"replication_key_signpost":"x",`)},
		{"a secret", `shows`, func(tr *transcript) { swap(record, `"status":"`, `"status":"top-s3cret+4711`)(tr) }},
		{"a secret in the log", `shows`, stderr("INFO top-s3cret+4711\n")},
		{"a log line without a level", `without a level`, stderr("hello\n")},
		{"a log line that is a number", `a line on standard error without`, stderr("42\n")},
		{"a log line that is a list", `a line on standard error without`, stderr("[1]\n")},
		{"a log line without its thread", `without "thread_name"`, stderr(strings.Replace(entry, `"thread_name":"main",`, "", 1) + "\n")},
		{"a log line whose extra is a string", `extra is no object`, stderr(strings.Replace(entry, `"level"`, `"extra":"x","level"`, 1) + "\n")},
		{"a log line of 64 kB", `a line of \d+ bytes`, stderr("INFO " + strings.Repeat("x", 64<<10) + "\n")},
		{"half a log line", `within a line`, stderr("INFO x")},
		{"an error and exit code 0", `exit code 0, and`, stderr("ERROR x\n")},
		{"exit code 1 without a cause", `the last line is no cause`, func(tr *transcript) { tr.code = 1 }},
		{"a cause before the last line", `the last line is no cause`, func(tr *transcript) { tr.code = 1; stderr("CRITICAL x\nINFO y\n")(tr) }},
		{"an unexpected signal", `no test sent`, func(tr *transcript) { tr.code = -1; stderr("CRITICAL x\n")(tr) }},
		{"a test of the schemas with records", `a test of the schemas`, func(tr *transcript) { tr.tap.mode = "schema" }},
		{"a test with many records", `a test writes`, func(tr *transcript) { tr.tap.mode = "test" }},
		{"a deselected nested field", `was not selected`, func(tr *transcript) {
			tr.tap.changed = true
			tr.stdout = bytes.ReplaceAll(tr.stdout, []byte(`"stream":"jobs"`), []byte(`"stream":"tickets"`))
			replaceInSchema(tr, `"properties":{`, `"properties":{"customer":{"type":["object","null"],"properties":{"id":{"type":["integer","null"]}}},`)
			tr.stdout = bytes.ReplaceAll(tr.stdout, []byte(`"record":{`), []byte(`"record":{"customer":{"id":1,"email":"x"},`))
		}},
		{"a catalog on one line", `not laid out`, func(tr *transcript) {
			tr.tap.mode, tr.stdout = "discover", []byte(`{"streams":[{"tap_stream_id":"a"}]}`+"\n")
		}},
		{"a catalog with a long line", `bytes in the catalog`, func(tr *transcript) {
			tr.tap.mode, tr.stdout = "discover", []byte(`{"streams":[{"tap_stream_id":"`+strings.Repeat("a", 64<<10)+`"}]}`+"\n")
		}},
		{"a catalog of nothing", `0 streams`, func(tr *transcript) { tr.tap.mode, tr.stdout = "discover", []byte(`{"streams":[]}`+"\n") }},
		{"no summary", `0 summaries`, func(tr *transcript) {
			tr.stderr = bytes.Replace(tr.stderr, []byte("Summary: "), []byte("Sum: "), 1)
		}},
		{"a summary that is none", `not a summary`, func(tr *transcript) {
			tr.stderr = bytes.Replace(tr.stderr, []byte("; records:"), []byte("; rows:"), 1)
		}},
		{"a record too many in the summary", `the summary differs`, func(tr *transcript) {
			tr.stderr = bytes.Replace(tr.stderr, []byte("; records: "), []byte("; records: 1"), 1)
		}},
		{"a deletion in the summary", `the summary differs`, func(tr *transcript) {
			tr.stderr = bytes.Replace(tr.stderr, []byte("tombstones: 0"), []byte("tombstones: 1"), 1)
		}},
		{"a nulled value without a warning", `the summary differs`, func(tr *transcript) {
			tr.stderr = append(tr.stderr, "WARNING tags: 3 values of name were set to null: the API's value is too large\n"...)
		}},
		{"after the run", `extracted at`, func(tr *transcript) { tr.ended = tr.began.Add(-time.Minute) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad, tap := *good, *good.tap
			bad.tap = &tap
			c.harm(&bad)
			faults := strings.Join(bad.faults(nil), "\n")
			if !regexp.MustCompile(c.says).MatchString(faults) {
				t.Errorf("%q was not found, but:\n%.1000s", c.says, faults)
			}
		})
	}
}

// replaceInSchema replaces the first occurrence of a text in the schema of
// tickets.
func replaceInSchema(tr *transcript, old, new string) {
	head, rest, _ := bytes.Cut(tr.stdout, []byte(`{"type":"SCHEMA","stream":"tickets"`))
	tr.stdout = slices.Concat(head, []byte(`{"type":"SCHEMA","stream":"tickets"`), bytes.Replace(rest, []byte(old), []byte(new), 1))
}
