package integration_tests

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"source-gorgias/connector/reader"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// A summary is the totals that a run reports at its end.
type summary struct {
	completed, streams, records, refetched, tombstones, requests, share, nulled int
	failed                                                                      []string
}

var summaryLine = regexp.MustCompile(`^Summary: streams read: (\d+) of (\d+); records: (\d+), of which re-fetched: (\d+), reconciled: \d+, tombstones: (\d+); ` +
	`requests: (\d+), (\d+)% of the rate limit; time: [^;]+(?:; values set to null: (\d+) \([^;]+\))?(?:; warnings: \d+)?(?:; failed: (.+))?$`)

// parseSummary parses a line of a log; nil if it is no summary.
func parseSummary(text string) *summary {
	m := summaryLine.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	n := func(i int) int {
		v, _ := strconv.Atoi(m[i]) // "" is 0
		return v
	}
	s := &summary{n(1), n(2), n(3), n(4), n(5), n(6), n(7), n(8), nil}
	if m[9] != "" {
		s.failed = strings.Split(m[9], ", ")
	}
	return s
}

// summaryFaults compares the summary of an Airbyte read with its output.
func (tr *transcript) summaryFaults(all []msg, discovered map[string]*contract) (faults []string) {
	var said *summary
	var want summary
	lines, place, last := 0, 0, ""
	for i, m := range all {
		last = ""
		switch {
		case m.Log != nil && strings.HasPrefix(m.Log.Message, "Summary: "):
			lines++
			if said, place = parseSummary(m.Log.Message), i; said == nil {
				return []string{"not a summary: " + m.Log.Message}
			}
		case m.Log != nil:
			last = m.Log.Message
		case m.Record != nil:
			want.records++
			var r struct {
				Record struct {
					Data map[string]json.RawMessage
					Meta struct{ Changes []json.RawMessage }
				}
			}
			_ = json.Unmarshal(m.line, &r)
			want.nulled += len(r.Record.Meta.Changes)
			if at := r.Record.Data[tombstone]; at != nil && string(at) != "null" {
				want.tombstones++
			}
		case m.Trace != nil && m.Trace.Status != nil && m.Trace.Status.Status == "COMPLETE":
			want.completed++
		case m.Trace != nil && m.Trace.Status != nil && m.Trace.Status.Status == "INCOMPLETE" && discovered[m.Trace.Status.Stream.Name] != nil:
			want.failed = append(want.failed, m.Trace.Status.Stream.Name)
		}
	}
	if last == "Finished syncing" && (said == nil || place != len(all)-2) {
		faults = append(faults, "no summary before the last line")
	}
	if lines > 1 {
		faults = append(faults, strconv.Itoa(lines)+" summaries")
	}
	if said == nil || tr.stopped {
		return faults
	}
	slices.Sort(want.failed)
	slices.Sort(said.failed)
	if said.completed != want.completed || said.records != want.records || said.tombstones != want.tombstones || said.nulled != want.nulled || !slices.Equal(said.failed, want.failed) {
		faults = append(faults, "the summary differs: "+line(all[place])+" expected "+formatSummary(want))
	}
	return append(faults, said.plausible()...)
}

func line(m msg) string { return string(m.line) }

func formatSummary(s summary) string {
	return strings.Join([]string{"streams", strconv.Itoa(s.completed), "records", strconv.Itoa(s.records), "deletions", strconv.Itoa(s.tombstones),
		"nulled", strconv.Itoa(s.nulled), "failed", strings.Join(s.failed, " ")}, " ")
}

// plausible returns contradictions within a summary.
func (s *summary) plausible() (faults []string) {
	if s.completed+len(s.failed) > s.streams || s.refetched+s.tombstones > s.records || s.share > 100 || s.requests == 0 && s.completed > 0 {
		faults = append(faults, "the summary cannot be")
	}
	return faults
}

var tapNulled = regexp.MustCompile(`: (\d+) values of \S+ were set to null`)

// checkTapSummary compares the summary of a tap's run with its output.
func (tr *transcript) checkTapSummary(fault func(string, ...any)) {
	var said *summary
	began, nulled, lines := false, 0, 0
	for l := range bytes.Lines(tr.stderr) {
		text := strings.TrimSuffix(string(l), "\n")
		var entry struct {
			Stream  string `json:"stream_name"`
			Message string
		}
		if json.Unmarshal(l, &entry) == nil {
			text = " " + entry.Stream + ": " + entry.Message
		}
		began = began || strings.Contains(text, ", streams to read: ")
		if m := tapNulled.FindStringSubmatch(text); m != nil {
			n, _ := strconv.Atoi(m[1])
			nulled += n
		}
		if i := strings.Index(text, "Summary: "); i >= 0 {
			lines++
			if said = parseSummary(text[i:]); said == nil {
				fault("not a summary: %s", text)
				return
			}
		}
	}
	if tr.tap.mode != "sync" || !began || tr.stopped {
		return
	}
	if lines != 1 {
		fault("%d summaries", lines)
		return
	}
	records, tombstones := 0, 0
	for _, rows := range tapRecords(tr) {
		for _, r := range rows {
			records++
			var row map[string]json.RawMessage
			_ = json.Unmarshal(r, &row)
			if at := row["_sdc_deleted_at"]; at != nil && string(at) != "null" {
				tombstones++
			}
		}
	}
	if said.records != records || said.nulled != nulled || said.tombstones < tombstones || !tr.tap.changed && said.tombstones != tombstones {
		fault("the summary differs: %+v; there are %d records, %d tombstones, %d values set to null", *said, records, tombstones, nulled)
	}
	for _, f := range said.plausible() {
		fault("%s", f)
	}
}

// TestSummary reads an account that has changed, in both protocols: the summary
// has the re-fetched records, the tombstones, the nulled values and the
// failures. Every run of the program compares the counts with the output.
func TestSummary(t *testing.T) {
	t.Parallel()
	box := &sandbox.Server{Limit: unlimited, Email: sandboxEmail, APIKey: sandboxSecret, Forbidden: []string{"phone"}}
	odd := ""
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding") // the body is changed
		rec := httptest.NewRecorder()
		box.ServeHTTP(rec, r)
		maps.Copy(w.Header(), rec.Header())
		w.Header().Del("Content-Length")
		w.WriteHeader(rec.Code)
		body := rec.Body.Bytes()
		if odd != "" {
			body = bytes.ReplaceAll(body, []byte(`"public":true`), []byte(`"public":`+odd))
		}
		_, _ = w.Write(body)
	})
	srv := httptest.NewServer(api)
	t.Cleanup(srv.Close)
	config := file(t, "config.json", configText(srv.URL, sandboxSecret))

	airbyte := func(state string) (*transcript, *summary) {
		tr := call{args: []string{"read", "--config", config, "--state", file(t, "state.json", state)}}.inside(t)
		for _, m := range tr.messages() {
			if m.Log != nil && strings.HasPrefix(m.Log.Message, "Summary: ") {
				return tr, parseSummary(m.Log.Message)
			}
		}
		t.Fatalf("no summary: %s", tail(tr.stdout))
		return nil, nil
	}
	tap := func(state string) *summary {
		tr := tapSync(t, config, "--state", file(t, "state.json", state))
		return parseSummary(regexp.MustCompile(`Summary: .*`).FindString(string(tr.stderr)))
	}
	phone := []string{"voice_calls", "voice_call_events", "voice_call_recordings"}
	streams := len(streams.All())
	first, s := airbyte("[]")
	if s.completed != streams-len(phone) || s.streams != streams || !slices.Equal(s.failed, phone) || s.refetched != 0 || s.tombstones != 0 {
		t.Errorf("a first sync: %+v", *s)
	}
	if n := box.Requests(); s.requests != n {
		t.Errorf("it has %d requests, there were %d", s.requests, n)
	}

	state := stateFile(assemble(nil, first.messages()))
	var messages, tickets []int64
	for raw := range box.Each("messages") {
		messages = append(messages, idOf(raw))
	}
	for raw := range box.Each("tickets") {
		tickets = append(tickets, idOf(raw))
	}
	slices.Sort(messages)
	slices.Sort(tickets)
	if !box.EditMessage(messages[0]) || !box.DeleteTicket(tickets[len(tickets)/2]) {
		t.Fatal("nothing has happened")
	}
	odd = `"perhaps"`
	_, s = airbyte(state)
	if s.refetched == 0 || s.tombstones == 0 || s.nulled == 0 {
		t.Errorf("after an edit and a deletion, with a field that does not fit: %+v", *s)
	}
	if other := tap(state); other.refetched != s.refetched || other.tombstones != s.tombstones || other.nulled != s.nulled || other.records != s.records || !slices.Equal(other.failed, phone) {
		t.Errorf("the tap has %+v, the Airbyte source %+v", *other, *s)
	}
}

func idOf(raw []byte) int64 {
	var r struct{ ID int64 }
	_ = json.Unmarshal(raw, &r)
	return r.ID
}

// TestChangeFeedProgress checks each stream of two syncs: it is reading events
// from the end of its list to its own end, and only then emits re-fetched
// records and tombstones.
func TestChangeFeedProgress(t *testing.T) {
	t.Parallel()
	box := &sandbox.Server{Limit: unlimited, ChangeRate: 0.3}
	h := newFixture(t, box)
	marks := map[string]state.Bookmark{}
	again, tombstones := 0, 0
	for range 2 {
		plan := h.plan(allStreams(), throughJSON(t, marks))
		plan.Tombstone = tombstone
		listening := map[string]bool{}
		for b, err := range plan.Run(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			name := b.Stream.Name
			switch {
			case listening[name] && !b.ReadingEvents && b.Kind != reader.Done:
				t.Errorf("%s no longer listens", name)
			case b.ReadingEvents && (b.Kind == reader.Started || !b.Bookmark.Scan.StartedAt.IsZero()):
				t.Errorf("%s listens before its list has been read", name)
			case !b.ReadingEvents && b.Kind != reader.Done && b.Count(stream.Refetched)+b.Count(stream.Tombstone) > 0:
				t.Errorf("%s reads again before it listens", name)
			case b.Count(stream.Refetched)+b.Count(stream.Tombstone) > len(b.Records):
				t.Errorf("%s: %d records, of which %d and %d", name, len(b.Records), b.Count(stream.Refetched), b.Count(stream.Tombstone))
			}
			listening[name] = listening[name] || b.ReadingEvents
			again, tombstones = again+b.Count(stream.Refetched), tombstones+b.Count(stream.Tombstone)
			marks[name] = b.Bookmark
		}
		for _, name := range []string{"tickets", "ticket_tags", "ticket_messages", "customers", "satisfaction_surveys"} {
			if !listening[name] {
				t.Errorf("%s did not listen", name)
			}
		}
		for _, name := range []string{"tags", "events", "jobs"} {
			if listening[name] {
				t.Errorf("%s listens", name)
			}
		}
	}
	if again == 0 || tombstones == 0 {
		t.Errorf("%d records were read again, %d tombstones written", again, tombstones)
	}
}

// TestSummaryFile checks the file of --summary against what was written, and that it
// names what failed without a secret.
func TestSummaryFile(t *testing.T) {
	t.Parallel()
	box := small()
	box.Fail = func(r *http.Request) *sandbox.Fault {
		if strings.Contains(r.URL.Path, "/users") {
			return &sandbox.Fault{Status: http.StatusForbidden, Body: "no " + r.Header.Get("Authorization")}
		}
		return nil
	}
	path := filepath.Join(t.TempDir(), "summary.json")
	r := call{args: []string{"read", "--config", serveSandbox(t, box), "--streams", "tickets,users", "--summary", path}}.inside(t)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Streams []struct {
			Stream   string
			Records  int
			Complete bool
			Error    string
		}
		Records, Requests int
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	written := records(r.messages())
	for _, s := range got.Streams {
		if s.Records != len(written[s.Stream]) || s.Complete != (s.Stream == "tickets") || (s.Error != "") != (s.Stream == "users") {
			t.Errorf("%+v, %d records were written", s, len(written[s.Stream]))
		}
	}
	if len(got.Streams) != 2 || got.Records != len(written["tickets"]) || got.Records == 0 || got.Requests < 2 || bytes.Contains(raw, []byte("Basic c")) {
		t.Errorf("%s", raw)
	}
}
