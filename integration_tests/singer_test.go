package integration_tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/streams"
)

// TestTapEveryStream reads an account as a tap, without a catalog: each stream
// has all its records. Every run checks that they fit their schemas.
func TestTapEveryStream(t *testing.T) {
	t.Parallel()
	box := small()
	tr := tapSync(t, serveSandbox(t, box))
	if tr.code != 0 {
		t.Fatalf("exit code %d: %s", tr.code, tail(tr.stderr))
	}
	rows := tapRecords(tr)
	for _, s := range streams.All() {
		t.Run(s.Name, func(t *testing.T) {
			got := rows[s.Name]
			if len(got) == 0 {
				t.Fatal("no record")
			}
			byKey := byKey(s, got)
			if len(byKey) != len(got) {
				t.Errorf("%d records have %d keys", len(got), len(byKey))
			}
			for key, raw := range expectedRecords(box, s) {
				if old := s.Cursor != "" && cursorOf(s, []byte(raw)).Before(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)); !old && byKey[key] == "" {
					t.Errorf("the record %s is missing", key)
				}
			}
		})
	}
}

// TestSameRecords reads an account as a tap and as an Airbyte source. Except
// for the name of the tombstone column, the records have the same bytes.
func TestSameRecords(t *testing.T) {
	t.Parallel()
	config := serveSandbox(t, small())
	one := records(call{args: []string{"read", "--config", config}}.inside(t).messages())
	two := tapRecords(tapSync(t, config))
	for _, s := range streams.All() {
		sorted := func(rows []json.RawMessage) (texts []string) {
			for _, r := range rows {
				texts = append(texts, strings.Replace(withoutAsOf(r), `"_ab_cdc_deleted_at":`, `"_sdc_deleted_at":`, 1))
			}
			slices.Sort(texts)
			return texts
		}
		if len(two[s.Name]) == 0 || !slices.Equal(sorted(one[s.Name]), sorted(two[s.Name])) {
			t.Errorf("%s: %d records of Airbyte and %d of Singer are not the same", s.Name, len(one[s.Name]), len(two[s.Name]))
		}
	}
}

// TestTapSecondRun continues from the last state: only new records are emitted.
func TestTapSecondRun(t *testing.T) {
	t.Parallel()
	box := small()
	config := serveSandbox(t, box)
	first := tapSync(t, config)
	state := func(tr *transcript) string { return file(t, "state.json", string(lastState(tr))) }
	second := tapSync(t, config, "--state", state(first))
	for name, rows := range tapRecords(second) {
		if streams.Find(name).Incremental() {
			t.Errorf("%s: %d records of an account at rest", name, len(rows))
		}
	}
	ticket := box.AddTicket(time.Time{}, time.Time{}, time.Time{})
	third := tapRecords(tapSync(t, config, "--state", state(second)))
	if rows := third["tickets"]; len(rows) != 1 || keyOf(streams.Find("tickets"), rows[0]) != fmt.Sprint(ticket) {
		t.Errorf("expected the new ticket, %d, and got %d", ticket, len(rows))
	}
}

// TestTapResume cuts the output after every state, resumes from the last state,
// and misses no record. Of all cuts between two states, the one right after the
// first of them loses most.
func TestTapResume(t *testing.T) {
	t.Parallel()
	config := serveSandbox(t, small())
	whole := tapSync(t, config)
	all := tapRecords(whole)
	written := map[string]map[string]bool{}
	partly := map[string]bool{}
	n := 0
	for _, m := range tapMessages(whole) {
		if m.Type == "RECORD" {
			if written[m.Stream] == nil {
				written[m.Stream] = map[string]bool{}
			}
			written[m.Stream][withoutAsOf(m.Record)] = true
		}
		if m.Type != "STATE" {
			continue
		}
		if n++; !*full && n%8 != 1 {
			continue
		}
		rest := tapSync(t, config, "--state", file(t, "state.json", string(m.Value)))
		if rest.code != 0 {
			t.Fatalf("exit code %d: %s", rest.code, tail(rest.stderr))
		}
		again := tapRecords(rest)
		for name, rows := range all {
			had := len(written[name])
			partly[name] = partly[name] || 0 < had && had < len(rows)
			has := map[string]bool{}
			for _, r := range again[name] {
				has[withoutAsOf(r)] = true
			}
			for _, r := range rows {
				if !written[name][withoutAsOf(r)] && !has[withoutAsOf(r)] {
					t.Fatalf("%s: after state %d, the record %s is lost", name, n, keyOf(streams.Find(name), r))
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("%d states prove little", n)
	}
	for name := range all {
		if s := streams.Find(name); *full && s.Incremental() && len(all[name]) > 100 && !partly[name] {
			t.Errorf("%s was never cut in its middle", name)
		}
	}
}

// TestTapStates reads some streams with a state that has more: what does not
// belong to this run is kept, and the given state is the first message.
func TestTapStates(t *testing.T) {
	t.Parallel()
	config := serveSandbox(t, small())
	const given = `{"currently_syncing": "nothing",
		"bookmarks": {"customers": {"updated_datetime": "2999-01-01T00:00:00Z"}, "somebody_elses": {"z": [1.50, "é\u2028"], "a": null}, "tags": {"x": 9007199254740993}}}`
	tr := tapSync(t, config, "--state", file(t, "state.json", given), "--catalog", file(t, "catalog.json", tapCatalog("account", "tickets")))
	if tr.code != 0 {
		t.Fatalf("exit code %d: %s", tr.code, tail(tr.stderr))
	}
	last := decode(lastState(tr)).(map[string]any)
	want := decode([]byte(given)).(map[string]any)["bookmarks"].(map[string]any)
	got := last["bookmarks"].(map[string]any)
	for name, mark := range want {
		if !reflect.DeepEqual(got[name], mark) {
			t.Errorf("the bookmark of %s became %v", name, got[name])
		}
	}
	if last["currently_syncing"] != "nothing" || got["tickets"] == nil || len(got) != 5 {
		t.Errorf("the last state is %v", last)
	}
	if rows := tapRecords(tr); len(rows) != 2 {
		t.Errorf("records of %v", slices.Collect(maps.Keys(rows)))
	}
}

// tapCatalog returns a catalog that selects streams with all properties.
func tapCatalog(names ...string) string {
	entries := []string{}
	for _, name := range names {
		entries = append(entries, fmt.Sprintf(`{"tap_stream_id":%q,"stream":%q,"metadata":[{"breadcrumb":[],"metadata":{"selected":true}}]}`, name, name))
	}
	return `{"streams":[` + strings.Join(entries, ",") + `]}`
}

// TestStateOfEitherProtocol resumes in each protocol from a state of the other.
func TestStateOfEitherProtocol(t *testing.T) {
	t.Parallel()
	box := small()
	config := serveSandbox(t, box)
	quiet := func(what string, rows map[string][]json.RawMessage) {
		t.Helper()
		for name, r := range rows {
			if streams.Find(name).Incremental() {
				t.Errorf("%s: %d records of %s come again", what, len(r), name)
			}
		}
	}
	source := call{args: []string{"read", "--config", config}}.inside(t)
	states := assemble(nil, source.messages())
	for form, text := range map[string]string{"a list": stateFile(states), "one message": strings.TrimSuffix(strings.TrimPrefix(stateFile(map[string]json.RawMessage{"tickets": states["tickets"]}), "["), "]")} {
		args := []string{"--state", file(t, "state.json", text)}
		if form == "one message" {
			args = append(args, "--catalog", file(t, "catalog.json", tapCatalog("tickets")))
		}
		quiet("Airbyte to Singer, "+form, tapRecords(tapSync(t, config, args...)))
	}

	tap := tapSync(t, config)
	value := lastState(tap)
	for form, text := range map[string]string{
		"bare": string(value), "as a message": `{"type":"STATE","value":` + string(value) + `}`, "as Meltano prints it": `{"singer_state":` + string(value) + `}`,
	} {
		tr := call{args: []string{"read", "--config", config, "--state", file(t, "state.json", text)}}.inside(t)
		if tr.code != 0 {
			t.Fatalf("%s: exit code %d: %s", form, tr.code, tail(tr.stdout))
		}
		quiet("Singer to Airbyte, "+form, records(tr.messages()))
		quiet("Singer to Singer, "+form, tapRecords(tapSync(t, config, "--state", file(t, "state.json", text))))
	}

	// The JSON is the same: without changes, the bookmark of a stream does not
	// differ.
	marks := decode(value).(map[string]any)["bookmarks"].(map[string]any)
	for name, state := range assemble(nil, call{args: []string{"read", "--config", config, "--state", file(t, "state.json", string(value))}}.inside(t).messages()) {
		keys := func(v any) (names []string) { keyPaths(v, "", &names); slices.Sort(names); return names }
		if s := streams.Find(name); s.Incremental() && !slices.Equal(keys(decode(state)), keys(marks[name])) {
			t.Errorf("%s: Airbyte has %s, Singer %v", name, state, marks[name])
		}
	}
}

// TestTapTestMode checks --test: one record of each stream and no new state, or
// only schemas.
func TestTapTestMode(t *testing.T) {
	t.Parallel()
	config := serveSandbox(t, small())
	state := file(t, "state.json", `{"bookmarks":{"tickets":{"updated_datetime":"2999-01-01T00:00:00Z"}}}`)
	tr := tapSync(t, config, "--test", "--state", state)
	if rows := tapRecords(tr); tr.code != 0 || len(rows) != len(streams.All()) {
		t.Errorf("exit code %d, records of %d streams: %s", tr.code, len(rows), tail(tr.stderr))
	}
	if got := string(lastState(tr)); got != `{"bookmarks":{"tickets":{"updated_datetime":"2999-01-01T00:00:00Z"}}}` {
		t.Errorf("a test has moved the state to %s", got)
	}
	tr = tapSync(t, config, "--test", "schema")
	if n := len(tapMessages(tr)); tr.code != 0 || n != len(streams.All()) {
		t.Errorf("exit code %d and %d schemas", tr.code, n)
	}
	box := small()
	box.Forbidden = []string{"customers"}
	tr = tapSync(t, serveSandbox(t, box), "--test=all")
	if rows := tapRecords(tr); tr.code != 1 || len(rows) != len(streams.All())-2 || !bytes.Contains(tr.stderr, []byte("customers:read")) {
		t.Errorf("exit code %d, records of %d streams: %s", tr.code, len(rows), tail(tr.stderr))
	}
}

// TestTapVersions requests versions: each full refresh that completes ends with
// one, and no other stream has any.
func TestTapVersions(t *testing.T) {
	t.Parallel()
	box := small()
	box.Forbidden = []string{"tags"}
	config := serveSandbox(t, box)
	raw, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	config = file(t, "config.json", strings.Replace(string(raw), "{", `{"emit_activate_version_messages":true,`, 1))
	for _, args := range [][]string{nil, {"--catalog", file(t, "catalog.json", strings.ReplaceAll(tapCatalog(allStreams()...), `"selected":true`, `"selected":true,"replication-method":"FULL_TABLE"`))}} {
		tr := tapSync(t, config, args...)
		activated := map[string]bool{}
		for _, m := range tapMessages(tr) {
			if m.Type == "ACTIVATE_VERSION" {
				activated[m.Stream] = true
			}
		}
		for _, s := range streams.All() {
			if want := !s.Incremental() && s.Name != "tags"; activated[s.Name] != want {
				t.Errorf("%s: activated: %v", s.Name, activated[s.Name])
			}
		}
	}
	if tr := tapSync(t, config, "--test"); bytes.Contains(tr.stdout, []byte("ACTIVATE_VERSION")) {
		t.Error("a test activates a version, of one record")
	}
}

// TestTapFailedStream makes the events fail, and with them the streams that wait for
// them: what their lists showed is written, and their bookmarks move up to there.
// That of a deselected stream is kept.
func TestTapFailedStream(t *testing.T) {
	t.Parallel()
	box := small()
	healthy := box.Fail
	config := serveSandbox(t, box)
	state := lastState(tapSync(t, config))
	ticket := box.AddTicket(time.Time{}, time.Time{}, time.Time{})
	box.AddCustomer()
	box.Fail = func(r *http.Request) *sandbox.Fault {
		if r.URL.Path == "/api/events" {
			return unavailable()
		}
		return nil
	}
	args := []string{"--catalog", file(t, "catalog.json", tapCatalog("account", "customers", "events", "tickets")), "--state"}
	tr := tapSync(t, config, append(args, file(t, "state.json", string(state)))...)
	if tr.code != 1 {
		t.Errorf("exit code %d", tr.code)
	}
	lines := strings.Split(strings.TrimSpace(string(tr.stderr)), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "CRITICAL 3 of 4 streams failed (events, customers, tickets)") || !strings.Contains(last, "503") || !strings.Contains(last, "/api/events") {
		t.Errorf("the last line is %q", last)
	}
	before, after := decode(state).(map[string]any)["bookmarks"].(map[string]any), decode(lastState(tr)).(map[string]any)["bookmarks"].(map[string]any)
	for name := range before {
		moved := !reflect.DeepEqual(before[name], after[name])
		if want := name == "customers" || name == "tickets"; moved != want {
			t.Errorf("the bookmark of %s has moved: %v", name, moved)
		}
	}
	if rows := tapRecords(tr)["tickets"]; len(rows) != 1 || keyOf(streams.Find("tickets"), rows[0]) != fmt.Sprint(ticket) {
		t.Errorf("%d tickets", len(rows))
	}
	box.Fail = healthy
	tr = tapSync(t, config, append(args, file(t, "state.json", string(lastState(tr))))...)
	// The new ticket is emitted again: its event is processed only now.
	if rows := tapRecords(tr); tr.code != 0 || len(rows["events"]) == 0 || len(rows["tickets"]) > 1 {
		t.Errorf("exit code %d, then %d events and %d tickets", tr.code, len(rows["events"]), len(rows["tickets"]))
	}
}

// TestTapUnauthorized rejects the credentials. The last line says so.
func TestTapUnauthorized(t *testing.T) {
	t.Parallel()
	for _, mode := range [][]string{nil, {"--test"}} {
		box := small()
		var asked atomic.Int32
		box.Log = func(*http.Request, int) { asked.Add(1) }
		box.Fail = func(*http.Request) *sandbox.Fault {
			return &sandbox.Fault{Status: 401, Body: `{"error":{"msg":"no"}}`}
		}
		tr := tapSync(t, serveSandbox(t, box), mode...)
		lines := strings.Split(strings.TrimSpace(string(tr.stderr)), "\n")
		if last := lines[len(lines)-1]; tr.code != 1 || !strings.Contains(last, "401") || !strings.Contains(last, "API key") {
			t.Errorf("exit code %d: %q", tr.code, last)
		}
		if rows := tapRecords(tr); len(rows) > 0 || asked.Load() > 8 {
			t.Errorf("%d requests, records of %d streams", asked.Load(), len(rows))
		}
	}
}

// TestTapConformsInvalidData sends values of the wrong type in every field. A
// strict target accepts the output.
//
// AWKWARD_SEED repeats one account.
func TestTapConformsInvalidData(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	if s := os.Getenv("AWKWARD_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	defer func() {
		if t.Failed() {
			t.Logf("AWKWARD_SEED=%d", seed)
		}
	}()
	box := small()
	box.Email, box.APIKey, box.Limit = sandboxEmail, sandboxSecret, unlimited
	r := rand.New(rand.NewPCG(seed, 0))
	odd := []string{
		`null`, `true`, `"true"`, `0`, `-0`, `12.0`, `"12"`, `1.5`, `"1.5"`, `1e3`, `1e21`, `9007199254740993`, `9223372036854775807`, `9223372036854775808`, `1e400`,
		`""`, `"0000-00-00T00:00:00Z"`, `"2026-02-30"`, `"2026-01-02"`, `"2026-01-02T03:04:05+05:30"`, `"2026-01-02 03:04:05.123456789"`, `"Fri, 02 Jan 2026 03:04:05 GMT"`, `1767225600`,
		`"nul \u0000 within"`, `"half \ud83d of a pair"`, `"whole \ud83d\ude00"`, `"line \u2028 ends \u0085 raw ` + "\u0085\u2028\u2029" + `"`, `"tab\tand\nnewline \"quoted\""`, `"<&>"`,
		`{}`, `{"a\u0000b":1,"ab":2,"ab":3}`, `{"id":"7","deep":{"x":[null,{"y":"\u0000"}]}}`, `[]`, `[1,"a",null]`, `[[1],[2]]`, `[{"id":1.0,"name":"\ud800"}]`,
	}
	api := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		q.Header.Del("Accept-Encoding") // the body is changed
		rec := httptest.NewRecorder()
		box.ServeHTTP(rec, q)
		maps.Copy(w.Header(), rec.Header())
		w.Header().Del("Content-Length")
		w.WriteHeader(rec.Code)
		body := rec.Body.Bytes()
		if q.Method == http.MethodGet { // rows of reports are only keys
			body = corruptRows(r, body, odd)
		}
		_, _ = w.Write(body)
	})
	srv := httptest.NewServer(api)
	t.Cleanup(srv.Close)
	config := file(t, "config.json", strings.Replace(configText(srv.URL, sandboxSecret), "{", `{"concurrency":1,`, 1))
	rounds := 6
	if !*full {
		rounds = 1
	}
	for range rounds {
		tr := tapSync(t, config)
		rows := tapRecords(tr)
		if n := len(rows["tickets"]); tr.code != 0 || n < 100 {
			t.Fatalf("exit code %d and %d tickets: %s", tr.code, n, tail(tr.stderr))
		}
		if !bytes.Contains(tr.stderr, []byte("were set to null")) || !bytes.Contains(tr.stdout, []byte("9007199254740993")) {
			t.Error("nothing was lost, or too much")
		}
	}
}

// corruptRows puts odd values into the rows of a page, removes fields and adds
// others. Keys and cursors stay.
func corruptRows(r *rand.Rand, body []byte, odd []string) []byte {
	var page struct {
		Data []map[string]json.RawMessage `json:"data"`
		Meta json.RawMessage              `json:"meta,omitempty"`
	}
	if json.Unmarshal(body, &page) != nil || page.Data == nil {
		return body
	}
	// json.Marshal would repair odd values.
	var b bytes.Buffer
	b.WriteString(`{"data":[`)
	for i, row := range page.Data {
		if i > 0 {
			b.WriteByte(',')
		}
		row["new_field"] = json.RawMessage(odd[r.IntN(len(odd))])
		b.WriteByte('{')
		first := true
		for _, name := range slices.Sorted(maps.Keys(row)) {
			value := row[name]
			key := name == "id" || name == "slug" && row["id"] == nil
			if fixed := key || strings.HasSuffix(name, "_datetime") && slices.Contains([]string{"created_datetime", "updated_datetime"}, name); !fixed {
				switch r.IntN(8) {
				case 0:
					continue
				case 1, 2:
					value = json.RawMessage(odd[r.IntN(len(odd))])
				}
			}
			if !first {
				b.WriteByte(',')
			}
			first = false
			fmt.Fprintf(&b, "%q:%s", name, value)
		}
		b.WriteByte('}')
	}
	b.WriteByte(']')
	if page.Meta != nil {
		fmt.Fprintf(&b, `,"meta":%s`, page.Meta)
	}
	b.WriteByte('}')
	return b.Bytes()
}
