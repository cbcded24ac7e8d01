package integration_tests

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"source-gorgias/connector/streams"
)

// A tapCall is what a call requests of the program as a Singer tap.
type tapCall struct {
	mode     string         // sync, test, schema, discover or about
	state    map[string]any // the given state, if it has bookmarks; else nil
	changed  bool           // it was given a catalog, whose schemas may have changed
	activate bool           // ACTIVATE_VERSION was requested
}

// parseTapCall reads it from the arguments.
func (c call) parseTapCall() *tapCall {
	a := &tapCall{mode: "sync"}
	value := func(names ...string) (values []string) {
		for i, arg := range c.args {
			for _, name := range names {
				if v, ok := strings.CutPrefix(arg, name+"="); ok {
					values = append(values, v)
				} else if arg == name && i+1 < len(c.args) {
					values = append(values, c.args[i+1])
				}
			}
		}
		return values
	}
	read := func(path string) []byte {
		if !filepath.IsAbs(path) {
			path = filepath.Join(c.dir, path)
		}
		raw, _ := os.ReadFile(path)
		return raw
	}
	for _, path := range value("--state", "-s") {
		a.state, _ = decode(read(path)).(map[string]any)
		if a.state["bookmarks"] == nil {
			a.state = nil
		}
	}
	for _, path := range value("--config", "-c") {
		config, _ := decode(read(path)).(map[string]any)
		a.activate = a.activate || config["emit_activate_version_messages"] == true
	}
	a.changed = len(value("--catalog", "--properties", "-p", "--streams")) > 0
	has := func(names ...string) bool {
		return slices.ContainsFunc(c.args, func(arg string) bool {
			name, _, _ := strings.Cut(arg, "=")
			return slices.Contains(names, name)
		})
	}
	switch {
	case has("--about"):
		a.mode = "about"
	case has("--discover", "-d"):
		a.mode = "discover"
	case slices.Equal(value("--test"), []string{"schema"}):
		a.mode = "schema"
	case has("--test"):
		a.mode = "test"
	}
	return a
}

// A tapMessage is a message of a tap.
type tapMessage struct {
	Type, Stream string
	Schema       json.RawMessage
	Key          []string `json:"key_properties"`
	Cursor       []string `json:"bookmark_properties"`
	Record       json.RawMessage
	Extracted    string `json:"time_extracted"`
	Version      *int64
	Value        json.RawMessage
}

// tapMessages returns the valid messages of a run.
func tapMessages(tr *transcript) (all []tapMessage) {
	for l := range bytes.Lines(tr.stdout) {
		var m tapMessage
		if tr.tap != nil && json.Unmarshal(l, &m) == nil {
			all = append(all, m)
		}
	}
	return all
}

// tapRecords returns the records of a tap's run, by stream.
func tapRecords(tr *transcript) map[string][]json.RawMessage {
	rows := map[string][]json.RawMessage{}
	for _, m := range tapMessages(tr) {
		if m.Type == "RECORD" {
			rows[m.Stream] = append(rows[m.Stream], m.Record)
		}
	}
	return rows
}

// lastState returns the value of the last STATE; nil if there is none.
func lastState(tr *transcript) (value json.RawMessage) {
	for _, m := range tapMessages(tr) {
		if m.Type == "STATE" {
			value = m.Value
		}
	}
	return value
}

// A table is a target's table of a stream: the stream's SCHEMA creates it, and
// it accepts rows under the rules of the strictest known targets.
type table struct {
	tapMessage
	schema    *jsonschema.Schema
	document  map[string]any
	columns   map[string]any
	full      map[string]any // the tap's own schema
	id        [sha256.Size]byte
	activated bool
	version   *int64
	rows      int
}

// targetFaults is the strict target: it returns what in a tap's run would stop
// a target or a client, or leave wrong rows.
func (tr *transcript) targetFaults() []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	tr.checkLog(fault)
	if tr.tap.mode == "about" {
		return faults
	}
	if tr.code != 0 && tr.tap.mode == "discover" {
		fault("discovery failed")
	}
	if tr.tap.mode == "discover" {
		tr.checkTapCatalog(fault)
		return faults
	}

	tr.checkTapSummary(fault)
	tables := map[string]*table{}
	records := 0
	var types []string
	var state, first map[string]any
	for l := range bytes.Lines(tr.stdout) {
		read := strictTapMessage
		if bytes.HasPrefix(l, []byte(`{"type":"RECORD"`)) {
			records++
			if tr.skipsValidation(records) {
				read = func(l []byte) (*tapMessage, error) { m := &tapMessage{}; return m, json.Unmarshal(l, m) }
			}
		}
		m, err := read(l)
		if err != nil {
			fault("%v: %.200s", err, l)
			continue
		}
		types = append(types, m.Type)
		t := tables[m.Stream]
		switch m.Type {
		case "SCHEMA":
			if t != nil {
				fault("%s: a second SCHEMA", m.Stream)
			}
			t = &table{tapMessage: *m}
			tables[m.Stream] = t
			for _, f := range t.create(tr.tap.changed) {
				fault("%s: %s", m.Stream, f)
			}
		case "RECORD":
			if t == nil {
				fault("%s: a record before its schema", m.Stream)
				continue
			}
			if len(l) > 5<<20 {
				fault("%s: a line of %d bytes", m.Stream, len(l))
			}
			for _, f := range t.insert(m, tr) {
				fault("%s: %s: %.300s", m.Stream, f, m.Record)
			}
		case "ACTIVATE_VERSION":
			switch {
			case t == nil:
				fault("%s: a version is activated before its schema", m.Stream)
			case !tr.tap.activate:
				fault("%s: versions were not requested", m.Stream)
			case len(t.Cursor) > 0:
				fault("%s: an incremental stream has no versions", m.Stream)
			case t.activated || t.version != nil && *t.version != *m.Version:
				fault("%s: not the version of its records", m.Stream)
			default:
				t.activated = true
			}
		case "STATE":
			next, _ := decode(m.Value).(map[string]any)
			if first == nil {
				first = next
			}
			if state != nil && reflect.DeepEqual(state, next) && types[len(types)-2] == "STATE" {
				fault("the same state twice in a row")
			}
			state = next
			for _, f := range stateFaults(first, next, tables) {
				fault("%s: %.300s", f, m.Value)
			}
		}
	}
	if tr.tap.mode == "schema" {
		if i := slices.IndexFunc(types, func(t string) bool { return t != "SCHEMA" }); i >= 0 {
			fault("a test of the schemas writes a %s", types[i])
		}
		return faults
	}
	if tr.tap.mode == "test" {
		for name, t := range tables {
			if t.rows > 1 {
				fault("%s: a test writes %d records", name, t.rows)
			}
		}
	}
	if tr.code == 2 && len(types) == 0 || tr.code == 1 && len(types) == 0 {
		return faults // the sync did not start
	}
	if len(types) == 0 || types[0] != "STATE" {
		fault("the first message is no state")
	}
	if len(types) > 0 && types[len(types)-1] != "STATE" && (!tr.stopped || tr.code == 0) {
		fault("the last message is no state")
	}
	if want := tr.tap.state; want != nil && !reflect.DeepEqual(first, want) {
		fault("the first state is not the one that was given: %v", first)
	}
	for name, t := range tables {
		if tr.tap.activate && tr.tap.mode == "sync" && tr.code == 0 && len(t.Cursor) == 0 && streams.Find(name).Cursor == "" && !t.activated {
			fault("%s: its version was never activated", name)
		}
	}
	return faults
}

// tapMessageMembers are the members of each message: the required ones, then
// the optional ones.
var tapMessageMembers = map[string][2]string{
	"SCHEMA":           {"type stream schema key_properties", "bookmark_properties"},
	"RECORD":           {"type stream record time_extracted", "version"},
	"STATE":            {"type value", ""},
	"ACTIVATE_VERSION": {"type stream version", ""},
}

// strictTapMessage reads a line as one message.
func strictTapMessage(l []byte) (*tapMessage, error) {
	d := jsontext.NewDecoder(bytes.NewReader(l)) // refuses duplicate names and lone surrogates
	if v, err := d.ReadValue(); err != nil {
		return nil, err
	} else if v.Kind() != '{' {
		return nil, fmt.Errorf("not an object")
	}
	if rest := l[d.InputOffset():]; string(rest) != "\n" {
		return nil, fmt.Errorf("more than one object on a line, or blanks")
	}
	var names map[string]json.RawMessage
	if err := json.Unmarshal(l, &names); err != nil {
		return nil, err
	}
	m := &tapMessage{}
	for name, into := range map[string]any{"type": &m.Type, "stream": &m.Stream, "key_properties": &m.Key, "bookmark_properties": &m.Cursor, "time_extracted": &m.Extracted, "version": &m.Version} {
		if raw := names[name]; raw != nil {
			if err := json.Unmarshal(raw, into); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	m.Schema, m.Record, m.Value = names["schema"], names["record"], names["value"]
	known, ok := tapMessageMembers[m.Type]
	if !ok {
		return nil, fmt.Errorf("a message of type %q", m.Type)
	}
	must := strings.Fields(known[0])
	for _, name := range must {
		if v := names[name]; v == nil || string(v) == "null" {
			return nil, fmt.Errorf("%s without %q", m.Type, name)
		}
	}
	for name := range names {
		if !slices.Contains(append(must, strings.Fields(known[1])...), name) {
			return nil, fmt.Errorf("%s with %q", m.Type, name)
		}
	}
	if bytes.Contains(l, []byte("u0000")) && containsNUL(decode(l)) {
		return nil, fmt.Errorf("U+0000 in a string")
	}
	return m, nil
}

// containsNUL reports whether a string or a name in v contains U+0000.
func containsNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, "\x00")
	case []any:
		return slices.ContainsFunc(v, containsNUL)
	case map[string]any:
		for name, inner := range v {
			if containsNUL(name) || containsNUL(inner) {
				return true
			}
		}
	}
	return false
}

// portableName matches names of tables and columns that no database has to
// quote.
var portableName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// create creates a table from a SCHEMA. The schema of a changed catalog is the
// user's: only what makes it unusable is a fault.
func (t *table) create(changed bool) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	t.document, _ = decode(t.Schema).(map[string]any)
	t.columns, _ = t.document["properties"].(map[string]any)
	if !portableName.MatchString(t.Stream) {
		fault("the name cannot be that of a table")
	}
	if len(t.columns) == 0 {
		fault("a schema without properties")
	}
	if len(t.Key) == 0 {
		fault("no key")
	}
	for _, k := range t.Key {
		column, _ := t.columns[k].(map[string]any)
		if column == nil {
			fault("the key %q is not in the schema", k)
		} else if types := fmt.Sprint(column["type"]); !changed && types != "[integer]" && types != "[string]" {
			fault("the key %q is of type %v", k, types)
		}
	}
	for _, c := range t.Cursor {
		if t.columns[c] == nil {
			fault("the bookmark property %q is not in the schema", c)
		}
	}
	if !changed {
		names := map[string]bool{}
		for name := range t.columns {
			if low := strings.ToLower(name); names[low] {
				fault("two columns %q", low)
			} else {
				names[low] = true
			}
			if !portableName.MatchString(name) && name != "_sdc_deleted_at" {
				fault("the name %q cannot be that of a column", name)
			}
		}
		checkKeywords(t.document, "", t.Key, fault)
	}
	t.full, t.id = fullSchema(t.Stream), sha256.Sum256(fmt.Appendf(nil, "%s %s %s", t.Stream, t.Key, t.Schema))
	var err error
	if t.schema, err = compiled(string(t.Schema)); err != nil {
		fault("%v", err)
	}
	return faults
}

// compilations are the compiled schemas, by text.
var compilations sync.Map

// compiled compiles a schema for the validator of the strictest targets.
func compiled(text string) (*jsonschema.Schema, error) {
	if schema, ok := compilations.Load(text); ok {
		return schema.(*jsonschema.Schema), nil
	}
	compiler := jsonschema.NewCompiler()
	compiler.Draft, compiler.AssertFormat = jsonschema.Draft2020, true
	if err := compiler.AddResource("schema.json", strings.NewReader(text)); err != nil {
		return nil, err
	}
	schema, err := compiler.Compile("schema.json")
	if err == nil {
		compilations.Store(text, schema)
	}
	return schema, err
}

// checkKeywords checks that a schema means the same to every target.
func checkKeywords(s map[string]any, at string, keys []string, fault func(string, ...any)) {
	for keyword := range s {
		switch keyword {
		case "type", "properties", "items", "description", "format", "minimum", "maximum", "additionalProperties":
		default:
			fault("%s: the keyword %q", at, keyword)
		}
	}
	root := at == ""
	if open, ok := s["additionalProperties"]; ok && open != true {
		fault("%s: additionalProperties is %v", at, open)
	}
	if f, ok := s["format"]; ok && f != "date-time" {
		fault("%s: the format %v", at, f)
	}
	properties, known := s["properties"].(map[string]any)
	types := []string{}
	switch v := s["type"].(type) {
	case string:
		types = append(types, v)
	case []any:
		for _, name := range v {
			types = append(types, fmt.Sprint(name))
		}
	}
	nullable := slices.Contains(types, "null")
	kinds := slices.DeleteFunc(slices.Clone(types), func(t string) bool { return t == "null" })
	switch {
	case root && (len(types) != 1 || types[0] != "object"):
		fault("the schema is of type %v", types)
	case len(kinds) != 1 || len(types) > 2:
		fault("%s: of type %v", at, types)
	case root:
	case nullable == slices.Contains(keys, strings.TrimPrefix(at, "/")):
		fault("%s: null must be allowed, except in keys", at)
	}
	for _, bound := range []string{"minimum", "maximum"} {
		if v, ok := s[bound]; ok && (kinds[0] != "integer" || reflect.TypeOf(v) != reflect.TypeFor[json.Number]()) {
			fault("%s: %s is %v", at, bound, v)
		}
	}
	if items, ok := s["items"]; ok {
		inner, _ := items.(map[string]any)
		element := fmt.Sprint(inner["type"])
		switch {
		case inner == nil:
			fault("%s: items are no schema", at)
		case strings.Contains(element, "array"):
			fault("%s: a list of lists", at)
		case strings.Contains(element, "object") && inner["properties"] == nil:
			fault("%s: a list of objects without properties", at)
		default:
			checkKeywords(inner, at+"/*", keys, fault)
		}
	}
	if known {
		for name, p := range properties {
			inner, _ := p.(map[string]any)
			checkKeywords(inner, at+"/"+name, keys, fault)
		}
	}
}

// insert checks a record as a row.
func (t *table) insert(m *tapMessage, tr *transcript) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	t.rows++
	row := sha256.Sum256(append(t.id[:], m.Record...))
	if _, known := validRows.Load(row); !known && !tr.skipsValidation(t.rows) {
		if faults = t.fits(m.Record); len(faults) == 0 {
			validRows.Store(row, true)
		}
	}
	if at := m.Extracted; !timestampPattern.MatchString(at) || at < tr.began.UTC().Format("2006-01-02T15:04:05") || at > tr.ended.UTC().Format("2006-01-02T15:04:05.999999Z") {
		fault("extracted at %q, the run was from %v to %v", at, tr.began, tr.ended)
	}
	switch {
	case m.Version == nil && t.version != nil, m.Version != nil && t.rows > 1 && (t.version == nil || *t.version != *m.Version):
		fault("the versions differ")
	case m.Version != nil && !tr.tap.activate:
		fault("versions were not requested")
	case m.Version != nil && *m.Version > 1<<31-1:
		fault("the version %d does not fit into 32 bits", *m.Version)
	case t.activated:
		fault("a record after its version was activated")
	}
	t.version = m.Version
	return faults
}

// validRows are rows that were valid before: some tests read an account several
// times.
var validRows sync.Map

// fits checks a record against its table.
func (t *table) fits(raw json.RawMessage) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	v, _ := decode(raw).(map[string]any)
	if v == nil {
		return []string{"not an object"}
	}
	if t.schema != nil {
		if err := t.schema.Validate(v); err != nil {
			fault("%#v", err)
		}
	}
	for name := range v {
		if t.columns[name] == nil {
			fault("%q is not declared", name)
		}
	}
	for name := range t.columns {
		if _, ok := v[name]; !ok {
			fault("%q is missing, which overwrites it with NULL", name)
		}
	}
	for _, k := range t.Key {
		switch v[k].(type) {
		case json.Number, string:
		default:
			fault("the key %q is %v", k, v[k])
		}
	}
	checkSpelling(t.document, v, "", fault)
	checkSelected(t.document, t.full, v, "", fault)
	return faults
}

// fullSchema returns the tap's own schema of a stream.
func fullSchema(name string) map[string]any {
	s := streams.Find(name)
	if s == nil {
		return nil
	}
	v, _ := decode(s.Schema("_sdc_deleted_at")).(map[string]any)
	return v
}

// checkSelected checks that an object with a deselected property contains only
// selected ones.
func checkSelected(schema, full map[string]any, v any, at string, fault func(string, ...any)) {
	object, ok := v.(map[string]any)
	properties, _ := schema["properties"].(map[string]any)
	all, _ := full["properties"].(map[string]any)
	if _, declared := schema["properties"]; !ok || !declared || all == nil {
		return
	}
	shut := slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(name string) bool { return properties[name] == nil })
	for name, inner := range object {
		if properties[name] == nil && shut {
			fault("%s/%s was not selected", at, name)
		}
		below, _ := properties[name].(map[string]any)
		allBelow, _ := all[name].(map[string]any)
		checkSelected(below, allBelow, inner, at+"/"+name, fault)
	}
}

// stateFaults compares a state with the first one: it keeps every key, and all
// others belong to streams that have a SCHEMA.
func stateFaults(first, state map[string]any, tables map[string]*table) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	marks, ok := state["bookmarks"].(map[string]any)
	if !ok {
		return []string{"a state without bookmarks"}
	}
	had, _ := first["bookmarks"].(map[string]any)
	for name, value := range first {
		if name != "bookmarks" && !reflect.DeepEqual(state[name], value) {
			fault("the state has lost %q", name)
		}
	}
	for name, value := range had {
		if _, ok := marks[name]; !ok {
			fault("the state has lost the bookmark of %q", name)
		} else if tables[name] == nil && !reflect.DeepEqual(marks[name], value) {
			fault("the bookmark of %q, which is not read, has changed", name)
		}
	}
	for name, value := range marks {
		mark, object := value.(map[string]any)
		if _, old := had[name]; !old && (tables[name] == nil || !object) {
			fault("a bookmark of %q, without a table", name)
		}
		if reflect.DeepEqual(had[name], value) {
			continue // unchanged
		}
		for key := range mark {
			if slices.Contains([]string{"progress_markers", "replication_key_signpost", "starting_replication_value", "partitions"}, key) {
				fault("the bookmark of %q holds %q", name, key)
			}
		}
	}
	return faults
}

// checkLog checks standard error: valid lines, and the cause of a failure as
// the last one.
func (tr *transcript) checkLog(fault func(string, ...any)) {
	level := ""
	for l := range bytes.Lines(tr.stderr) {
		if len(l) >= 64<<10 {
			fault("a line of %d bytes on standard error", len(l))
		}
		var v any
		if json.Unmarshal(l, &v) == nil {
			object, _ := v.(map[string]any)
			for _, name := range []string{"level", "pid", "logger_name", "ts", "thread_name", "app_name", "stream_name", "message"} {
				if _, ok := object[name]; !ok {
					fault("a line on standard error without %q: %.200s", name, l)
				}
			}
			if extra, ok := object["extra"]; ok && reflect.TypeOf(extra) != reflect.TypeFor[map[string]any]() {
				fault("extra is no object: %.200s", l)
			}
			level = strings.ToUpper(fmt.Sprint(object["level"]))
		} else if level, _, _ = strings.Cut(string(l), " "); !slices.Contains([]string{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "hint:"}, level) {
			fault("a line without a level on standard error: %.200s", l)
		}
		if tr.code == 0 && (level == "ERROR" || level == "CRITICAL") {
			fault("exit code 0, and: %.200s", l)
		}
	}
	if n := len(tr.stderr); n > 0 && tr.stderr[n-1] != '\n' {
		fault("standard error ends within a line")
	}
	if tr.code != 0 && !tr.stopped && level != "CRITICAL" {
		fault("exit code %d, and the last line is no cause: %s", tr.code, tail(tr.stderr))
	}
	if tr.code < 0 && !tr.stopped {
		fault("ended by a signal that no test sent")
	}
}

// checkTapCatalog checks what clients require of a catalog: lines of limited
// length, and streams.
func (tr *transcript) checkTapCatalog(fault func(string, ...any)) {
	for l := range bytes.Lines(tr.stdout) {
		if len(l) >= 64<<10 {
			fault("a line of %d bytes in the catalog", len(l))
		}
	}
	v, err := jsontext.NewDecoder(bytes.NewReader(tr.stdout)).ReadValue()
	if err != nil {
		fault("the catalog: %v", err)
		return
	}
	if bytes.Count(v, []byte("\n")) < 100 {
		fault("the catalog is not laid out over many lines")
	}
	var c struct{ Streams []tapStream }
	if err := json.Unmarshal(v, &c); err != nil || len(c.Streams) == 0 {
		fault("the catalog: %d streams, %v", len(c.Streams), err)
	}
}

// A tapStream is a stream of a catalog.
type tapStream struct {
	ID       string         `json:"tap_stream_id"`
	Stream   string         `json:"stream"`
	Key      []string       `json:"key_properties"`
	Cursor   string         `json:"replication_key"`
	Method   string         `json:"replication_method"`
	Schema   map[string]any `json:"schema"`
	Metadata []struct {
		Breadcrumb []string
		Metadata   map[string]any
	} `json:"metadata"`
}

// tapSync runs the tap with a configuration.
func tapSync(t testing.TB, config string, more ...string) *transcript {
	t.Helper()
	return call{tap: true, args: append([]string{"--config", config}, more...)}.inside(t)
}
