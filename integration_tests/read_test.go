package integration_tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// small returns an account that is read quickly but has several pages in some
// lists.
func small() *sandbox.Server {
	return &sandbox.Server{Seed: 3, Limit: unlimited, Epoch: time.Now().Add(-time.Hour), Size: sandbox.Size{
		Tickets: 150, Messages: 260, Customers: 130, Events: 240, Surveys: 30, Calls: 120, CallEvents: 130, Recordings: 20, Views: 3,
	}}
}

// records returns the records of a run, by stream.
func records(all []msg) map[string][]json.RawMessage {
	rows := map[string][]json.RawMessage{}
	for _, m := range all {
		if m.Record != nil {
			rows[m.Record.Stream] = append(rows[m.Record.Stream], m.Record.Data)
		}
	}
	return rows
}

// byKey returns the records of a stream by key; of several versions, the last
// one.
func byKey(s *stream.Stream, rows []json.RawMessage) map[string]string {
	byKey := map[string]string{}
	for _, r := range rows {
		byKey[keyOf(s, r)] = string(r)
	}
	return byKey
}

// isFreeForm reports whether a path, as unrecognized_fields has it, is that of an
// object that can be anything.
func isFreeForm(schema []byte, path string) bool {
	for _, name := range strings.Split(elementIndex.ReplaceAllString(path, ""), ".") {
		found := false
		for declared, property := range conform.Properties(schema) {
			if declared == name {
				schema, found = property, true
				break
			}
		}
		if !found {
			return false
		}
	}
	_, closed := conform.Field(schema, "properties")
	types, _ := conform.Field(schema, "type")
	return !closed && strings.Contains(string(types), `"object"`)
}

var elementIndex = regexp.MustCompile(`\[\d+\]`)

// TestEveryStream checks each row of the table in one read of an account.
// verify checks schemas, states and statuses in every run.
func TestEveryStream(t *testing.T) {
	t.Parallel()
	box := small()
	config := serveSandbox(t, box)
	tr := call{args: []string{"read", "--config", config}}.inside(t)
	if tr.code != 0 {
		t.Fatalf("exit code %d: %s", tr.code, tail(tr.stdout))
	}
	all := tr.messages()
	rows := records(all)
	states := map[string]int{}
	statuses := map[string][]string{}
	for _, m := range all {
		switch {
		case m.State != nil:
			states[m.State.Stream.Descriptor.Name]++
		case m.Trace != nil && m.Trace.Status != nil:
			name := m.Trace.Status.Stream.Name
			statuses[name] = append(statuses[name], m.Trace.Status.Status)
		}
	}
	for _, s := range streams.All() {
		t.Run(s.Name, func(t *testing.T) {
			got := rows[s.Name]
			if len(got) == 0 {
				t.Fatal("no record")
			}
			if n := len(byKey(s, got)); n != len(got) {
				t.Errorf("%d records have %d keys", len(got), n)
			}
			want := expectedRecords(box, s)
			for key := range want {
				if s.Cursor != "" && cursorOf(s, []byte(want[key])).Before(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)) {
					delete(want, key) // before the start_date
				}
			}
			byKey := byKey(s, got)
			for key := range want {
				if byKey[key] == "" {
					t.Errorf("the record %s is missing", key)
				}
			}
			if len(want) > 0 && len(got) != len(want) {
				t.Errorf("%d records, the account has %d", len(got), len(want))
			}
			for _, raw := range got {
				if s.Cursor != "" && cursorOf(s, raw).IsZero() {
					t.Errorf("no %s in %s", s.Cursor, raw)
				}
				kept, _ := decode(raw).(map[string]any)["unrecognized_fields"].(map[string]any)
				for path := range kept {
					if !isFreeForm(s.Schema(""), path) {
						t.Errorf("the schema does not declare %s, or not its value %v", path, kept[path])
					}
				}
			}
			if states[s.Name] == 0 || len(statuses[s.Name]) < 3 {
				t.Errorf("%d states, statuses %q", states[s.Name], statuses[s.Name])
			}
			// The platform's catalog, for this stream alone.
			if !*full {
				return
			}
			path := file(t, "catalog.json", catalogFile("full_refresh", s.Name))
			alone := records(call{args: []string{"read", "--config", config, "--catalog", path}}.inside(t).messages())
			if len(alone) != 1 || len(alone[s.Name]) != len(got) {
				t.Errorf("read alone it has %d records, with the others %d", len(alone[s.Name]), len(got))
			}
			for i, raw := range alone[s.Name] {
				if key := keyOf(s, raw); withoutAsOf([]byte(byKey[key])) != withoutAsOf(raw) {
					t.Errorf("record %d, %s, differs when the stream is read alone", i, key)
				}
			}
		})
	}
	t.Run("shared_paths", func(t *testing.T) { // columns have values
		for name, c := range discoveredStreams(t) {
			filled := map[string]bool{}
			for _, raw := range rows[name] {
				for column, v := range decode(raw).(map[string]any) {
					filled[column] = filled[column] || v != nil
				}
			}
			n := 0
			for column := range c.columns {
				if filled[column] {
					n++
				}
			}
			if n*3 < len(c.columns) {
				t.Errorf("%s: only %d of %d columns ever have a value", name, n, len(c.columns))
			}
		}
	})
}

// TestReadsAreRepeatable reads twice: the records of the second read were
// emitted later and are the same.
func TestReadsAreRepeatable(t *testing.T) {
	t.Parallel()
	c := call{args: []string{"read", "--config", serveSandbox(t, small()), "--catalog", file(t, "catalog.json", catalogFile("full_refresh", allStreams()...))}}
	first := c.inside(t).messages()
	for begun := time.Now().UnixMilli(); time.Now().UnixMilli() == begun; { // emitted_at is in milliseconds
	}
	second := c.inside(t).messages()
	var last, next int64 = 0, 1 << 60
	for _, m := range first {
		if m.Record != nil {
			last = max(last, m.Record.Emitted)
		}
	}
	for _, m := range second {
		if m.Record != nil {
			next = min(next, m.Record.Emitted)
		}
	}
	if next <= last {
		t.Errorf("the second read emitted at %d what the first did until %d", next, last)
	}
	one, two := records(first), records(second)
	for _, s := range streams.All() {
		sort := func(rows []json.RawMessage) [][]byte {
			var out [][]byte
			for _, r := range rows {
				out = append(out, []byte(withoutAsOf(r)))
			}
			slices.SortFunc(out, bytes.Compare)
			return out
		}
		if !slices.EqualFunc(sort(one[s.Name]), sort(two[s.Name]), bytes.Equal) {
			t.Errorf("%s differs between two reads of the same account", s.Name)
		}
	}
}

// TestIncremental reads, changes the account, and continues.
func TestIncremental(t *testing.T) {
	t.Parallel()
	box := small()
	config := serveSandbox(t, box)
	read := func(states map[string]json.RawMessage, names ...string) []msg {
		t.Helper()
		tr := call{args: []string{"read", "--config", config, "--catalog", file(t, "catalog.json", catalogFile("incremental", names...)), "--state", file(t, "state.json", stateFile(states))}}.inside(t)
		if tr.code != 0 {
			t.Fatalf("exit code %d: %s", tr.code, tail(tr.stdout))
		}
		return tr.messages()
	}
	var incremental []string
	for _, s := range streams.All() {
		if s.Incremental() {
			incremental = append(incremental, s.Name)
		}
	}
	first := read(nil, allStreams()...)
	states := assemble(nil, first)

	t.Run("two_sequential_reads", func(t *testing.T) {
		again := read(states, allStreams()...)
		for name, rows := range records(again) {
			if slices.Contains(incremental, name) {
				t.Errorf("%s: %d records of an account at rest", name, len(rows))
			}
		}
		ticket := box.AddTicket(time.Time{}, time.Time{}, time.Time{})
		customer := box.AddCustomer()
		rows := records(read(assemble(states, again), allStreams()...))
		for name, id := range map[string]int64{"tickets": ticket, "customers": customer} {
			if got := rows[name]; len(got) != 1 || keyOf(streams.Find(name), got[0]) != fmt.Sprint(id) {
				t.Errorf("%s: expected the new one, %d, and got %d", name, id, len(got))
			}
		}
		if len(rows["ticket_messages"]) != 2 || len(rows["events"]) == 0 {
			t.Errorf("%d messages of the new ticket and %d events", len(rows["ticket_messages"]), len(rows["events"]))
		}
	})

	t.Run("read_sequential_slices", func(t *testing.T) {
		for _, name := range incremental {
			s := streams.Find(name)
			alone := read(nil, name)
			whole := byKey(s, records(alone)[name])
			total := len(whole)
			seen := map[string]string{}
			taken := 0
			for i, m := range alone {
				if m.Record != nil {
					seen[keyOf(s, m.Record.Data)] = string(m.Record.Data)
				}
				if m.State == nil || i == 0 || string(m.State.Stats.Count) == "0.0" {
					continue
				}
				if taken++; taken > 5 {
					break
				}
				rest := byKey(s, records(read(map[string]json.RawMessage{name: json.RawMessage(m.State.Stream.State)}, name))[name])
				if len(rest) < total-len(seen) || len(rest) == total {
					t.Errorf("%s: after %d of %d records the rest were %d", name, len(seen), total, len(rest))
				}
				for key := range whole {
					if seen[key] == "" && rest[key] == "" {
						t.Errorf("%s: the record %s is lost between two runs", name, key)
					}
				}
			}
			if taken == 0 {
				t.Errorf("%s: no checkpoint", name)
			}
		}
	})

	t.Run("state_with_abnormally_large_values", func(t *testing.T) {
		const far = "2999-01-01T00:00:00.000000Z"
		future := map[string]json.RawMessage{}
		for _, name := range incremental {
			future[name] = fmt.Appendf(nil, `{%q:"2999-01-01T00:00:00+00:00"}`, streams.Find(name).Cursor)
		}
		// A state later than the present is a mistake, of a clock or a user: it must not
		// hide what changes until then.
		all := read(future, incremental...)
		after := assemble(nil, all)
		for _, name := range incremental {
			if strings.Contains(string(after[name]), far) {
				t.Errorf("%s: the future cursor is kept: %s", name, after[name])
			}
		}
	})
}

// TestMergedStates stores states as one client does: it merges later states
// into earlier ones, key by key. Merged and replaced states give the same
// result.
func TestMergedStates(t *testing.T) {
	t.Parallel()
	box := small()
	config := serveSandbox(t, box)
	names := []string{"tickets", "events", "tags"}
	merged := map[string]any{}
	last := map[string]json.RawMessage{}
	for range 2 {
		tr := call{args: []string{"read", "--config", config, "--catalog", file(t, "catalog.json", catalogFile("incremental", names...)), "--state", file(t, "state.json", stateFile(last))}}.inside(t)
		for _, m := range tr.messages() {
			if m.State == nil {
				continue
			}
			name := m.State.Stream.Descriptor.Name
			merged[name] = merge(merged[name], decode(m.State.Stream.State))
			last[name] = json.RawMessage(m.State.Stream.State)
		}
		box.AddTicket(time.Time{}, time.Time{}, time.Time{})
	}
	for _, name := range names {
		kept, _ := json.Marshal(merged[name])
		one, _ := json.Marshal(decode(last[name]))
		if !bytes.Equal(kept, one) {
			t.Errorf("%s: merged %s, replaced %s", name, kept, one)
		}
	}
	// That client sends the bare object.
	bare, _ := json.Marshal(merged)
	tr := call{args: []string{"read", "--config", config, "--catalog", file(t, "catalog.json", catalogFile("incremental", names...)), "--state", file(t, "state.json", string(bare))}}.inside(t)
	if rows := records(tr.messages()); len(rows["tickets"]) != 1 {
		t.Errorf("from the merged states it read %d tickets, expected the new one", len(rows["tickets"]))
	}
}

// merge merges patch into a value (RFC 7396).
func merge(value, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	v, ok := value.(map[string]any)
	if !ok {
		v = map[string]any{}
	}
	for name, inner := range p {
		if inner == nil {
			delete(v, name)
			continue
		}
		v[name] = merge(v[name], inner)
	}
	return v
}
