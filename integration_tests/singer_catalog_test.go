package integration_tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"source-gorgias/connector/streams"
)

// discoveredCatalog runs the tap's discovery.
func discoveredCatalog(t testing.TB) (raw []byte, streams []tapStream) {
	t.Helper()
	tr := call{tap: true, args: []string{"--discover", "--config", file(t, "config.json", `{"reports":`+someReports+`}`)}}.inside(t)
	var c struct{ Streams []tapStream }
	d := json.NewDecoder(bytes.NewReader(tr.stdout))
	d.UseNumber()
	if err := d.Decode(&c); err != nil || tr.code != 0 {
		t.Fatalf("exit code %d: %v", tr.code, err)
	}
	return tr.stdout, c.Streams
}

// TestTapCatalog checks the discovered catalog against what clients do with it.
func TestTapCatalog(t *testing.T) {
	t.Parallel()
	raw, found := discoveredCatalog(t)
	if len(found) != len(streams.All()) || found[0].ID != "account" {
		t.Errorf("%d streams, the first is %q: the first one must be quick and always have a record", len(found), found[0].ID)
	}
	t.Run("by lines", func(t *testing.T) { // Meltano reads lines of at most 64 kB
		for l := range bytes.Lines(raw) {
			if len(l) > 16<<10 {
				t.Errorf("a line of %d bytes", len(l))
			}
		}
	})
	t.Run("names", func(t *testing.T) {
		seen := map[string]bool{}
		for _, s := range found {
			if s.ID != s.Stream || !portableName.MatchString(s.ID) || seen[s.ID] {
				t.Errorf("%q, %q", s.ID, s.Stream)
			}
			seen[s.ID] = true
			flat := map[string]string{}
			var visit func(at string, schema map[string]any)
			visit = func(at string, schema map[string]any) {
				properties, _ := schema["properties"].(map[string]any)
				for name, p := range properties {
					path := strings.Trim(at+"."+name, ".")
					if !regexp.MustCompile(`^\w+$`).MatchString(name) {
						t.Errorf("%s.%s cannot be selected", s.ID, path)
					}
					column := strings.ToLower(strings.ReplaceAll(path, ".", "__"))
					if other, taken := flat[column]; taken {
						t.Errorf("%s: %s and %s are one column once flattened", s.ID, path, other)
					}
					flat[column] = path
					inner, _ := p.(map[string]any)
					visit(path, inner)
				}
			}
			visit("", s.Schema)
		}
	})
	t.Run("schemas", func(t *testing.T) {
		for _, s := range found {
			checkKeywords(s.Schema, "", s.Key, func(format string, args ...any) { t.Errorf("%s: "+format, append([]any{s.ID}, args...)...) })
			row := streams.Find(s.ID)
			properties := s.Schema["properties"].(map[string]any)
			if _, marked := properties["_sdc_deleted_at"]; marked != row.Deletable {
				t.Errorf("%s: there is a column for deletions: %v", s.ID, marked)
			}
		}
	})
	t.Run("metadata", func(t *testing.T) {
		if bytes.Contains(raw, []byte(`"breadcrumb": null`)) || bytes.Contains(raw, []byte(`": null`)) {
			t.Error("a null in the catalog")
		}
		for _, s := range found {
			row := streams.Find(s.ID)
			var want, got []string
			var visit func(at string, schema map[string]any)
			visit = func(at string, schema map[string]any) {
				want = append(want, at)
				properties, _ := schema["properties"].(map[string]any)
				for name, p := range properties {
					visit(at+"/properties/"+name, p.(map[string]any))
				}
			}
			visit("", s.Schema)
			for _, m := range s.Metadata {
				at := strings.Join(append([]string{""}, m.Breadcrumb...), "/")
				at = strings.TrimSuffix(at, "/")
				got = append(got, at)
				inclusion := "available"
				if len(m.Breadcrumb) == 2 && slices.Contains(append(slices.Clone(row.Key), row.Cursor, "_sdc_deleted_at"), m.Breadcrumb[1]) {
					inclusion = "automatic"
				}
				if m.Metadata["inclusion"] != inclusion {
					t.Errorf("%s%s is %v", s.ID, at, m.Metadata)
				}
				if at != "" {
					continue
				}
				method := map[bool]string{true: "INCREMENTAL", false: "FULL_TABLE"}[row.Incremental()]
				if m.Metadata["selected"] != true || m.Metadata["selected-by-default"] != true || m.Metadata["forced-replication-method"] != method || s.Method != method ||
					s.Cursor != row.Cursor || row.Incremental() && (m.Metadata["replication-key"] != row.Cursor || !reflect.DeepEqual(m.Metadata["valid-replication-keys"], []any{row.Cursor})) ||
					fmt.Sprint(m.Metadata["table-key-properties"]) != fmt.Sprint(row.Key) || !slices.Equal(s.Key, row.Key) {
					t.Errorf("%s: %v", s.ID, m.Metadata)
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("%s: entries of %q, properties are %q", s.ID, got, want)
			}
		}
	})
}

// TestTapRoundTrip passes the discovered catalog to the tap, with the current
// flag and with the deprecated one: the run is the same as without a catalog.
func TestTapRoundTrip(t *testing.T) {
	t.Parallel()
	raw, _ := discoveredCatalog(t)
	config := serveSandbox(t, small())
	plain := func(tr *transcript) (text []string) {
		for l := range bytes.Lines(tr.stdout) {
			if bytes.HasPrefix(l, []byte(`{"type":"STATE"`)) {
				continue // the order of streams varies
			}
			text = append(text, string(regexp.MustCompile(`"time_extracted":"[^"]*"`).ReplaceAll([]byte(withoutAsOf(l)), nil)))
		}
		slices.Sort(text)
		return text
	}
	want := plain(tapSync(t, config))
	for _, flag := range []string{"--catalog", "--properties", "-p"} {
		if got := plain(tapSync(t, config, flag, file(t, "catalog.json", string(raw)))); !slices.Equal(got, want) {
			t.Errorf("%s: %d lines, without it %d", flag, len(got), len(want))
		}
	}
}

// A selection is what a client sets in the catalog, by place: "" is the stream,
// "customer.email" a property. The value is a bool or further metadata.
type selection map[string]any

// selectedCatalog changes the discovered catalog as a client does: it selects
// one stream and its properties.
func selectedCatalog(t testing.TB, stream string, sel selection, edit func(entry map[string]any)) string {
	t.Helper()
	raw, _ := discoveredCatalog(t)
	c := decode(raw).(map[string]any)
	for _, e := range c["streams"].([]any) {
		e := e.(map[string]any)
		chosen := e["tap_stream_id"] == stream
		for _, m := range e["metadata"].([]any) {
			m := m.(map[string]any)
			data := m["metadata"].(map[string]any)
			var path []string
			for i, crumb := range m["breadcrumb"].([]any) {
				if i%2 == 1 {
					path = append(path, crumb.(string))
				}
			}
			if len(path) == 0 {
				data["selected"] = chosen
			}
			if !chosen {
				continue
			}
			place := strings.Join(path, ".")
			v, named := sel[place]
			if !named && place != "" {
				v = sel["*"]
			}
			switch v := v.(type) {
			case bool, string:
				data["selected"] = v
			case map[string]any:
				maps.Copy(data, v)
			}
		}
		if chosen && edit != nil {
			edit(e)
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "catalog.json", string(text))
}

// TestTapSelection selects in each way in which clients set it in the catalog.
func TestTapSelection(t *testing.T) {
	t.Parallel()
	config := serveSandbox(t, small())
	var all, customer []string
	_, streams := discoveredCatalog(t)
	for _, s := range streams {
		if s.ID == "tickets" {
			properties := s.Schema["properties"].(map[string]any)
			all = slices.Sorted(maps.Keys(properties))
			customer = slices.Sorted(maps.Keys(properties["customer"].(map[string]any)["properties"].(map[string]any)))
		}
	}
	without := func(names []string, name string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
	}
	always := []string{"_sdc_deleted_at", "id", "updated_datetime"}
	for _, c := range []struct {
		name    string
		sel     selection
		columns []string // of tickets; nil: the stream is not selected
		inner   []string // of the customer; nil: there is none
		says    string
	}{
		{"everything", selection{"*": true}, all, customer, ""},
		{"nothing said", selection{}, all, customer, ""},
		{"one column, and what is automatic", selection{"*": false, "subject": true}, append(slices.Clone(always), "subject"), nil, ""},
		{"what is automatic, deselected by name", selection{"id": false, "updated_datetime": false, "_sdc_deleted_at": false}, all, customer, ""},
		{"a parent deselected, its children selected", selection{"*": true, "customer": false}, without(all, "customer"), nil, ""},
		{"one leaf deselected", selection{"customer.email": false}, all, without(customer, "email"), ""},
		{"one leaf selected", selection{"*": false, "customer": true, "customer.email": true}, append(slices.Clone(always), "customer"), []string{"email"}, ""},
		{"a parent without its children", selection{"*": false, "customer": true}, append(slices.Clone(always), "customer"), []string{}, "tickets.customer.*"},
		{"the stream alone deselected", selection{"": false, "*": true}, nil, nil, ""},
		{"strings for booleans", selection{"": "true", "subject": "false"}, without(all, "subject"), customer, ""},
		{"unsupported beats selected", selection{"subject": map[string]any{"inclusion": "unsupported", "selected": true}}, without(all, "subject"), customer, ""},
		{"deselected by default", selection{"subject": map[string]any{"selected-by-default": false}}, without(all, "subject"), customer, ""},
		{"automatic below a deselected parent", selection{"customer": false, "customer.id": map[string]any{"inclusion": "automatic"}}, without(all, "customer"), nil, ""},
		{"the stream is automatic and deselected", selection{"": map[string]any{"inclusion": "automatic", "selected": false}}, nil, nil, ""},
		{"null is the default", selection{"": map[string]any{"selected": nil}, "subject": map[string]any{"selected": nil}}, all, customer, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := tapSync(t, config, "--catalog", selectedCatalog(t, "tickets", c.sel, nil))
			if tr.code != 0 {
				t.Fatalf("exit code %d: %s", tr.code, tail(tr.stderr))
			}
			var columns, inner []string
			for _, m := range tapMessages(tr) {
				if m.Type == "SCHEMA" {
					properties := decode(m.Schema).(map[string]any)["properties"].(map[string]any)
					columns = slices.Sorted(maps.Keys(properties))
					if p, ok := properties["customer"].(map[string]any); ok {
						inner = slices.AppendSeq([]string{}, maps.Keys(p["properties"].(map[string]any)))
						slices.Sort(inner)
					}
				}
			}
			want := slices.Sorted(slices.Values(c.columns))
			if !slices.Equal(columns, want) || !slices.Equal(inner, c.inner) || (inner == nil) != (c.inner == nil) {
				t.Errorf("columns %q, customer %q\nwant    %q, %q", columns, inner, want, c.inner)
			}
			rows := tapRecords(tr)["tickets"]
			if (len(rows) > 0) != (c.columns != nil) {
				t.Errorf("%d records", len(rows))
			}
			for _, raw := range rows { // the strict target checks the columns, this checks nested fields
				object, _ := decode(raw).(map[string]any)["customer"].(map[string]any)
				for name := range object {
					if len(c.inner) < len(customer) && !slices.Contains(c.inner, name) {
						t.Fatalf("a customer with %q in %s", name, raw)
					}
				}
			}
			if !bytes.Contains(tr.stderr, []byte(c.says)) || c.says == "" && bytes.Contains(tr.stderr, []byte("WARNING tickets: tickets.")) {
				t.Errorf("standard error: %s", tr.stderr)
			}
		})
	}
}

// TestTapNothingSelected checks that a catalog that selects nothing is reported,
// with what to do, and that the sync succeeds and keeps its state.
func TestTapNothingSelected(t *testing.T) {
	t.Parallel()
	config := serveSandbox(t, small())
	for name, catalog := range map[string]string{
		"no streams":       `{"streams":[]}`,
		"deselected":       `{"streams":[{"tap_stream_id":"tags","metadata":[{"breadcrumb":[],"metadata":{"selected":false}}]},{"tap_stream_id":"teams","selected":false}]}`,
		"by default":       `{"streams":[{"tap_stream_id":"tickets","metadata":[{"breadcrumb":[],"metadata":{"selected-by-default":false}}]}]}`,
		"a stream unknown": `{"streams":[{"tap_stream_id":"unheard_of","selected":true}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			state := file(t, "state.json", `{"bookmarks":{"tickets":{"kept":1}}}`)
			tr := tapSync(t, config, "--catalog", file(t, "catalog.json", catalog), "--state", state)
			if tr.code != 0 || !bytes.Contains(tr.stderr, []byte(`WARNING the catalog selects no stream, so nothing is read: set "selected": true`)) {
				t.Errorf("exit code %d: %s", tr.code, tr.stderr)
			}
			if !bytes.Contains(tr.stdout, []byte(`"tickets":{"kept":1}`)) {
				t.Errorf("the state is lost: %s", tr.stdout)
			}
		})
	}
	if tr := tapSync(t, config, "--catalog", selectedCatalog(t, "tickets", nil, nil)); bytes.Contains(tr.stderr, []byte("selects no stream")) {
		t.Errorf("a selected stream is overlooked: %s", tr.stderr)
	}
}

// TestTapChangedSchemas reads with a catalog whose schemas the user changed:
// the user's schemas apply.
func TestTapChangedSchemas(t *testing.T) {
	t.Parallel()
	config := serveSandbox(t, small())
	var schema map[string]any
	path := selectedCatalog(t, "tickets", nil, func(e map[string]any) {
		schema = e["schema"].(map[string]any)
		properties := schema["properties"].(map[string]any)
		properties["subject"] = map[string]any{"type": []any{"null", "string"}, "maxLength": json.Number("1e3"), "x-note": "kept"}
		properties["updated_datetime"] = map[string]any{"type": []any{"string", "null"}} // no longer a timestamp
		properties["messages_count"] = map[string]any{"type": []any{"string", "null"}}   // a number as a string
		properties["added"] = map[string]any{"type": []any{"integer", "null"}}           // which no record has
		delete(properties, "uri")                                                        // becomes unrecognized
		delete(properties, "id")                                                         // is required
		e["metadata"] = append(e["metadata"].([]any), map[string]any{"breadcrumb": []any{"properties", "added"}, "metadata": map[string]any{"inclusion": "automatic"}},
			map[string]any{"breadcrumb": []any{"properties", "nowhere"}, "metadata": map[string]any{"inclusion": "available", "selected": true}})
	})
	tr := tapSync(t, config, "--catalog", path)
	if tr.code != 0 {
		t.Fatalf("exit code %d: %s", tr.code, tail(tr.stderr))
	}
	for _, m := range tapMessages(tr) {
		if m.Type != "SCHEMA" {
			continue
		}
		got := decode(m.Schema).(map[string]any)["properties"].(map[string]any)
		for _, name := range []string{"subject", "updated_datetime", "messages_count", "added"} {
			if want := schema["properties"].(map[string]any)[name]; !reflect.DeepEqual(got[name], want) {
				t.Errorf("%s is %v, want %v", name, got[name], want)
			}
		}
		if id, _ := got["id"].(map[string]any); id["type"] == nil || got["uri"] != nil {
			t.Errorf("id is %v, uri %v", got["id"], got["uri"])
		}
	}
	rows := tapRecords(tr)["tickets"]
	if len(rows) == 0 {
		t.Fatal("no record")
	}
	for _, raw := range rows {
		v := decode(raw).(map[string]any)
		_, counted := v["messages_count"].(string)
		rest, _ := v["unrecognized_fields"].(map[string]any)
		at, _ := v["updated_datetime"].(string)
		if !counted || v["added"] != nil || rest["uri"] == nil || at == "" {
			t.Fatalf("%s", raw)
		}
	}
	for _, says := range []string{`declares ["added"]`, `selects ["uri" "nowhere"]`} {
		if !bytes.Contains(tr.stderr, []byte(says)) {
			t.Errorf("%q is missing in: %s", says, tr.stderr)
		}
	}
}

// TestTapReplicationMethods sets valid and invalid replication methods.
func TestTapReplicationMethods(t *testing.T) {
	t.Parallel()
	config := serveSandbox(t, small())
	state := file(t, "state.json", string(lastState(tapSync(t, config))))
	all := len(tapRecords(tapSync(t, config))["tickets"])
	for _, c := range []struct {
		name   string
		edit   func(root, entry map[string]any)
		whole  bool
		says   string
		stream string
	}{
		{"as discovered", func(_, _ map[string]any) {}, false, "", "tickets"},
		{"whole, in the metadata", func(root, _ map[string]any) { root["replication-method"] = "FULL_TABLE" }, true, "", "tickets"},
		{"whole, in the entry", func(_, entry map[string]any) { entry["replication_method"] = "FULL_TABLE" }, true, "", "tickets"},
		{"the metadata beat the entry", func(root, entry map[string]any) {
			root["replication-method"], entry["replication_method"] = "INCREMENTAL", "FULL_TABLE"
		}, false, "", "tickets"},
		{"incremental, where it cannot be", func(root, _ map[string]any) { root["replication-method"] = "INCREMENTAL" }, true, "every sync reads it in full", "tags"},
		{"an unknown method", func(root, _ map[string]any) { root["replication-method"] = "LOG_BASED" }, false, "LOG_BASED", "tickets"},
		{"another replication key", func(root, _ map[string]any) { root["replication-key"] = "created_datetime" }, false, "cannot be chosen", "tickets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := selectedCatalog(t, c.stream, nil, func(e map[string]any) {
				c.edit(e["metadata"].([]any)[0].(map[string]any)["metadata"].(map[string]any), e)
			})
			tr := tapSync(t, config, "--catalog", path, "--state", state)
			n := len(tapRecords(tr)[c.stream])
			if tr.code != 0 || c.whole && n == 0 || !c.whole && n > 0 || c.stream == "tickets" && c.whole && n != all {
				t.Errorf("exit code %d, %d records: %s", tr.code, n, tail(tr.stderr))
			}
			mark := decode(lastState(tr)).(map[string]any)["bookmarks"].(map[string]any)[c.stream].(map[string]any)
			if (len(mark) == 0) != c.whole {
				t.Errorf("its bookmark is %v", mark)
			}
			if !bytes.Contains(tr.stderr, []byte(c.says)) {
				t.Errorf("%q is missing in: %s", c.says, tr.stderr)
			}
		})
	}
}
