package integration_tests

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"source-gorgias/connector/streams"
)

// A transcript is one run of the program and its output. Every test that runs
// the program checks its transcript against the protocol.
type transcript struct {
	command        string // spec, check, discover, read; "" for anything else
	configured     []string
	fewColumns     map[string]bool // streams whose columns the catalog names
	stdout, stderr []byte
	code           int  // the exit code; -1 if a signal ended it
	stopped        bool // interrupted: only whole lines are required
	began, ended   time.Time
	secrets        []string
	helpText       bool     // --help and --version write text
	report         bool     // plan and state write text, and what they wait for and errors to standard error
	tap            *tapCall // a run as a Singer tap; nil if it is none
	validateAll    bool     // every record is validated, also without -full
}

// A msg is a line of standard output.
type msg struct {
	Type   string
	Record *struct {
		Stream  string
		Data    json.RawMessage
		Emitted int64 `json:"emitted_at"`
	}
	State *struct {
		Stream struct {
			Descriptor named          `json:"stream_descriptor"`
			State      jsontext.Value `json:"stream_state"`
		}
		Stats struct {
			Count json.RawMessage `json:"recordCount"`
		} `json:"sourceStats"`
	}
	Log        *struct{ Level, Message string }
	Spec       json.RawMessage
	Connection *struct{ Status, Message string } `json:"connectionStatus"`
	Catalog    *struct{ Streams []offered }
	Trace      *struct {
		Emitted int64 `json:"emitted_at"`
		Error   *struct {
			Message  string
			Internal string `json:"internal_message"`
			Type     string `json:"failure_type"`
			Stream   *named `json:"stream_descriptor"`
		}
		Status *struct {
			Stream  named `json:"stream_descriptor"`
			Status  string
			Reasons []json.RawMessage
		} `json:"stream_status"`
	}

	line    []byte
	skipped bool // it is not validated
}

type named struct{ Name string }

// offered is a stream of a catalog.
type offered struct {
	Name      string
	Schema    json.RawMessage `json:"json_schema"`
	Modes     []string        `json:"supported_sync_modes"`
	OwnCursor bool            `json:"source_defined_cursor"`
	Cursor    []string        `json:"default_cursor_field"`
	Key       [][]string      `json:"source_defined_primary_key"`
	Resumable bool            `json:"is_resumable"`
}

// messages returns the lines that are valid JSON; faults reports the others.
func (tr *transcript) messages() []msg {
	var all []msg
	for l := range bytes.Lines(tr.stdout) {
		m := msg{line: bytes.TrimSuffix(l, []byte("\n"))}
		if json.Unmarshal(l, &m) == nil {
			all = append(all, m)
		}
	}
	return all
}

// verify reports every fault of the transcript.
func (tr *transcript) verify(t testing.TB) {
	t.Helper()
	faults := tr.faults(discoveredStreams(t))
	for i, f := range faults {
		if i == 10 {
			t.Errorf("… and %d more", len(faults)-i)
			break
		}
		t.Errorf("%s: %s", tr.command, f)
	}
}

// faults returns the violations of the protocol. discovered are the streams
// that discover returns.
func (tr *transcript) faults(discovered map[string]*contract) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }

	if n := len(tr.stdout); n > 0 && tr.stdout[n-1] != '\n' {
		fault("standard output ends within a line: …%s", tail(tr.stdout))
	}
	if bytes.HasPrefix(tr.stdout, []byte("\ufeff")) {
		fault("standard output begins with a byte order mark")
	}
	if !utf8.Valid(tr.stdout) {
		fault("standard output is not UTF-8")
	}
	// Python's splitlines splits at these.
	if i := bytes.IndexAny(tr.stdout, "\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029"); i >= 0 {
		fault("standard output holds a raw %+q", tr.stdout[i:min(i+3, len(tr.stdout))])
	}
	if len(tr.stderr) > 0 && tr.code != 2 && tr.tap == nil && !tr.report {
		fault("standard error is not empty: %s", tail(tr.stderr))
	}
	stderr := withoutSpace(tr.stderr)
	for _, secret := range tr.secrets {
		forms := encodings(secret)
		if form, shows := containsAny(tr.stdout, forms); shows {
			fault("the secret %q shows, as %q", secret, form)
		}
		for _, form := range forms {
			if bytes.Contains(stderr, withoutSpace([]byte(form))) {
				fault("the secret %q shows, as %q", secret, form)
			}
		}
	}
	if tr.report {
		if said := len(tr.stderr) > 0; said == (tr.code == 0) || said == (len(tr.stdout) > 0) {
			fault("exit code %d, and on standard error: %s", tr.code, tr.stderr)
		}
		return faults
	}
	if tr.helpText {
		if tr.code != 0 {
			fault("exit code %d", tr.code)
		}
		return faults
	}
	if tr.tap != nil {
		return append(faults, tr.targetFaults()...)
	}
	var all []msg
	records := 0
	for l := range bytes.Lines(tr.stdout) {
		m := msg{line: bytes.TrimSuffix(l, []byte("\n"))}
		if bytes.HasPrefix(l, []byte(`{"type":"RECORD"`)) {
			records++
			m.skipped = tr.skipsValidation(records)
		}
		if err := strictMessage(l, &m); err != nil {
			fault("%v: %.200s", err, l)
			continue
		}
		all = append(all, m)
	}
	return append(faults, tr.protocol(all, discovered)...)
}

// skipsValidation reports whether the n-th record of a run is not validated.
// Validation is half of the cost of these tests; without -full, it covers some
// records of each page.
func (tr *transcript) skipsValidation(n int) bool {
	return !*full && !tr.validateAll && n > 10 && n%29 != 0
}

// strictMessage decodes a line: one JSON object without duplicate names (at any
// depth) or lone surrogates that the message schema allows.
func strictMessage(l []byte, m *msg) error {
	if m.skipped {
		return json.Unmarshal(l, m)
	}
	d := jsontext.NewDecoder(bytes.NewReader(l))
	if v, err := d.ReadValue(); err != nil {
		return err
	} else if v.Kind() != '{' {
		return fmt.Errorf("not an object")
	}
	if rest := bytes.TrimSpace(l[d.InputOffset():]); len(rest) > 0 {
		return fmt.Errorf("more than one object")
	}
	if err := messageSchema().Validate(decode(l)); err != nil {
		return fmt.Errorf("not a message: %#v", err)
	}
	return json.Unmarshal(l, m)
}

// protocol checks the messages of a run against each other.
func (tr *transcript) protocol(all []msg, discovered map[string]*contract) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }

	allowed := map[string][]string{
		"spec":     {"SPEC", "LOG", "TRACE"},
		"check":    {"CONNECTION_STATUS", "LOG", "TRACE", "CONTROL"},
		"discover": {"CATALOG", "LOG", "TRACE", "CONTROL"},
		"read":     {"RECORD", "STATE", "LOG", "TRACE", "CONTROL"},
		"":         {"LOG", "TRACE"},
	}[tr.command]
	count := map[string]int{}
	errors, whole := 0, false
	streams := map[string]*streamProgress{}
	of := func(name string) *streamProgress {
		if streams[name] == nil {
			streams[name] = &streamProgress{}
		}
		return streams[name]
	}
	during := func(what string, ms int64, slack time.Duration) {
		if at := time.UnixMilli(ms); at.Before(tr.began.Truncate(time.Millisecond)) || at.After(tr.ended.Add(slack)) {
			fault("%s says it was emitted at %v, the run was from %v to %v", what, at, tr.began, tr.ended)
		}
	}
	for _, m := range all {
		if !slices.Contains(allowed, m.Type) {
			fault("%q does not write %s", tr.command, m.Type)
			continue
		}
		count[m.Type]++
		switch {
		case m.Log != nil:
			if len(m.line) > 8<<10 {
				fault("a log line of %d bytes", len(m.line))
			}
		case m.Trace != nil && m.Trace.Error != nil:
			errors++
			during("an error", m.Trace.Emitted, 0)
			// An error that ends all streams is reported once, without a
			// stream.
			whole = whole || m.Trace.Error.Stream == nil && !strings.HasPrefix(m.Trace.Error.Message, "During the sync")
			if s := m.Trace.Error.Stream; s != nil {
				c := of(s.Name)
				if c.ended() {
					fault("%s: an error after %s", s.Name, c.last())
				}
				c.failed = true
			}
		case m.Trace != nil:
			s := m.Trace.Status
			during("a status", m.Trace.Emitted, 0)
			for _, f := range of(s.Stream.Name).status(s.Status) {
				fault("%s: %s", s.Stream.Name, f)
			}
		case m.Record != nil:
			during("a record", m.Record.Emitted, 0)
			for _, f := range of(m.Record.Stream).record() {
				fault("%s: %s", m.Record.Stream, f)
			}
			s := discovered[m.Record.Stream]
			if s == nil {
				fault("a record of %q, which was not discovered", m.Record.Stream)
				continue
			}
			if m.skipped {
				continue
			}
			for _, f := range s.faults(m.Record.Data) {
				if tr.fewColumns[m.Record.Stream] && strings.HasSuffix(f, " is missing") {
					continue
				}
				fault("%s: %s: %.300s", m.Record.Stream, f, m.Record.Data)
			}
		case m.State != nil:
			name := m.State.Stream.Descriptor.Name
			for _, f := range of(name).state(m.State.Stream.State, m.State.Stats.Count) {
				fault("%s: %s", name, f)
			}
		}
	}
	for name, c := range streams {
		if tr.configured != nil && !slices.Contains(tr.configured, name) {
			fault("%s is not configured", name)
		}
		if c.records > 0 && c.last() == "COMPLETE" && c.counted != c.records {
			fault("%s: the states count %d records, there are %d", name, c.counted, c.records)
		}
	}
	if tr.stopped {
		return faults
	}
	if tr.code < 0 {
		fault("ended by a signal that no test sent")
	}
	want := map[string]string{"spec": "SPEC", "check": "CONNECTION_STATUS", "discover": "CATALOG"}[tr.command]
	ok := tr.code == 0
	if ok != (errors == 0) {
		fault("exit code %d with %d errors", tr.code, errors)
	}
	if want != "" && (count[want] == 1) != ok || count[want] > 1 {
		fault("exit code %d with %d %s", tr.code, count[want], want)
	}
	if tr.code == 2 && len(tr.stderr) == 0 {
		fault("invalid arguments, and standard error is empty")
	}
	if tr.command != "read" {
		return faults
	}
	faults = append(faults, tr.summaryFaults(all, discovered)...)
	began := len(streams) > 0
	for _, name := range tr.configured {
		c := of(name)
		switch {
		case ok && c.last() != "COMPLETE":
			fault("exit code 0, and %s is %q", name, c.last())
		case began && !c.ended():
			fault("%s has neither completed nor failed", name)
		case c.last() == "INCOMPLETE" && !c.failed && !whole:
			fault("%s is incomplete without an error", name)
		}
	}
	return faults
}

// A streamProgress is the output so far about one stream.
type streamProgress struct {
	statuses         []string
	records, counted int
	recordsBefore    []int // before each state
	sinceState       int   // records since the last state
	states           []string
	keys             string // the key paths of the states
	failed           bool
}

func (c *streamProgress) last() string {
	if len(c.statuses) == 0 {
		return ""
	}
	return c.statuses[len(c.statuses)-1]
}

func (c *streamProgress) ended() bool { return c.last() == "COMPLETE" || c.last() == "INCOMPLETE" }

func (c *streamProgress) status(s string) (faults []string) {
	fits := map[string][]string{
		"STARTED":    {""},
		"RUNNING":    {"STARTED", "RUNNING"},
		"COMPLETE":   {"RUNNING"},
		"INCOMPLETE": {"", "STARTED", "RUNNING"}, // "": a stream that does not exist
	}[s]
	if !slices.Contains(fits, c.last()) {
		faults = append(faults, fmt.Sprintf("%s after %q", s, c.last()))
	}
	if s == "COMPLETE" && (len(c.states) == 0 || c.sinceState > 0) {
		faults = append(faults, fmt.Sprintf("COMPLETE after %d states and %d records that no state covers", len(c.states), c.sinceState))
	}
	c.statuses = append(c.statuses, s)
	return faults
}

func (c *streamProgress) record() (faults []string) {
	c.records++
	c.sinceState++
	if c.last() != "RUNNING" {
		faults = append(faults, fmt.Sprintf("a record while it is %q", c.last()))
	}
	return faults
}

func (c *streamProgress) state(state jsontext.Value, count json.RawMessage) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if c.last() != "RUNNING" {
		fault("a state while it is %q", c.last())
	}
	if string(count) != strconv.Itoa(c.sinceState)+".0" {
		fault("recordCount is %s, %d records came since the last state", count, c.sinceState)
	}
	var keys []string
	keyPaths(decode(state), "", &keys)
	slices.Sort(keys)
	all := strings.Join(keys, " ")
	if strings.Contains(all, "=null") {
		fault("a null in the state %s", state)
	}
	if c.keys != "" && all != c.keys {
		fault("the state's keys come and go: %s", all)
	}
	c.keys = all
	canonical := string(state)
	// The same state may follow again only without records in between.
	if i := slices.Index(c.states, canonical); i >= 0 && c.records > c.recordsBefore[i] {
		fault("the state %s stands twice, with records in between", state)
	}
	c.states, c.recordsBefore = append(c.states, canonical), append(c.recordsBefore, c.records)
	c.counted += c.sinceState
	c.sinceState = 0
	return faults
}

// keyPaths appends the paths of a value's keys; nulls are marked.
func keyPaths(v any, at string, keys *[]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			*keys = append(*keys, at+"/"+name)
			keyPaths(inner, at+"/"+name, keys)
		}
	case []any:
		for _, inner := range v {
			keyPaths(inner, at+"/*", keys)
		}
	case nil:
		*keys = append(*keys, at+"=null")
	}
}

// A contract is the declaration of a discovered stream, which its records must
// satisfy.
type contract struct {
	offered
	schema   *jsonschema.Schema
	document map[string]any
	columns  map[string]any
}

// faults returns how a record violates it.
func (c *contract) faults(data json.RawMessage) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	v, _ := decode(data).(map[string]any)
	if err := c.schema.Validate(v); err != nil {
		fault("%#v", err)
	}
	for name := range v {
		if c.columns[name] == nil {
			fault("%q is not declared", name)
		}
	}
	for name := range c.columns {
		if _, ok := v[name]; !ok {
			fault("%q is missing", name)
		}
	}
	for _, k := range c.Key {
		switch v[k[0]].(type) {
		case json.Number, string:
		default:
			fault("the key %q is %v", k[0], v[k[0]])
		}
	}
	checkSpelling(c.document, v, "", fault)
	return faults
}

// timestampPattern is how timestamps are spelled in the output.
var timestampPattern = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)

// checkSpelling checks what the validator does not: integers are spelled as
// such, and all timestamps in one way.
func checkSpelling(schema map[string]any, v any, at string, fault func(string, ...any)) {
	types := fmt.Sprint(schema["type"])
	switch v := v.(type) {
	case json.Number:
		if strings.Contains(types, "integer") && strings.ContainsAny(v.String(), ".eE") {
			fault("%s: the integer is spelled %s", at, v)
		}
	case string:
		if schema["format"] == "date-time" && !timestampPattern.MatchString(v) {
			fault("%s: the timestamp is spelled %q", at, v)
		}
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for name, inner := range v {
			if s, ok := properties[name].(map[string]any); ok {
				checkSpelling(s, inner, at+"/"+name, fault)
			}
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for _, inner := range v {
			checkSpelling(items, inner, at+"/*", fault)
		}
	}
}

// discoveredStreams returns the streams that discover returns, by name.
func discoveredStreams(t testing.TB) map[string]*contract {
	t.Helper()
	streams, err := discoverOnce()
	if err != nil {
		t.Fatal(err)
	}
	return streams
}

// contracts returns the streams of the CATALOG message.
func contracts(all []msg) (map[string]*contract, error) {
	streams := map[string]*contract{}
	for _, m := range all {
		if m.Catalog == nil {
			continue
		}
		for _, s := range m.Catalog.Streams {
			c := &contract{offered: s}
			c.document, _ = decode(s.Schema).(map[string]any)
			c.columns, _ = c.document["properties"].(map[string]any)
			compiler := jsonschema.NewCompiler()
			compiler.Draft, compiler.AssertFormat = jsonschema.Draft7, true
			if err := compiler.AddResource(s.Name, bytes.NewReader(s.Schema)); err != nil {
				return nil, err
			}
			var err error
			if c.schema, err = compiler.Compile(s.Name); err != nil {
				return nil, err
			}
			streams[s.Name] = c
		}
	}
	if len(streams) == 0 {
		return nil, fmt.Errorf("no stream was discovered")
	}
	return streams, nil
}

var messageSchema = sync.OnceValue(func() *jsonschema.Schema {
	text, err := os.ReadFile("testdata/airbyte-message.schema.json")
	if err != nil {
		panic(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.Draft, compiler.AssertFormat = jsonschema.Draft7, true
	if err := compiler.AddResource("message.json", bytes.NewReader(text)); err != nil {
		panic(err)
	}
	return compiler.MustCompile("message.json")
})

// decode decodes JSON and keeps the spelling of numbers; nil if it is invalid.
func decode(raw []byte) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	_ = d.Decode(&v)
	return v
}

// encodings returns the forms in which a secret may be encoded, and the pieces of
// it that are long enough to be of use.
func encodings(secret string) []string {
	forms := append(pieces(secret), secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret))
	quoted, _ := json.Marshal(secret)
	forms = append(forms, string(quoted[1:len(quoted)-1]))
	for _, byByte := range []string{"%%%02X", "%%%02x", "%02x", "%02X", `\x%02x`} {
		forms = append(forms, formatEach(byByte, []byte(secret)))
	}
	for _, byRune := range []string{"&#%d;", "&#x%x;", "&#x%X;", `\u%04x`} {
		forms = append(forms, formatEach(byRune, []rune(secret)))
	}
	for _, text := range []string{secret, sandboxEmail + ":" + secret} {
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			forms = append(forms, e.EncodeToString([]byte(text)))
		}
	}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} { // within a longer text
		forms = append(forms, e.EncodeToString([]byte("0" + secret))[2:], e.EncodeToString([]byte("01" + secret))[3:])
	}
	return forms
}

// pieces returns the pieces of 12 bytes of a secret.
func pieces(secret string) (all []string) {
	for end := 12; end < len(secret); end++ {
		if piece := secret[end-12 : end]; utf8.ValidString(piece) {
			all = append(all, piece)
		}
	}
	return all
}

// containsAny returns one of some texts, of four bytes or more each, that a longer text
// contains. It reads the text once: what is compared are many megabytes and dozens of
// forms of a secret.
func containsAny(text []byte, forms []string) (found string, ok bool) {
	var begins [1 << 16]bool // with these two bytes
	at := func(i int) uint16 { return uint16(text[i])<<8 | uint16(text[i+1]) }
	byStart := map[string][]string{}
	for _, form := range forms {
		begins[uint16(form[0])<<8|uint16(form[1])] = true
		byStart[form[:4]] = append(byStart[form[:4]], form)
	}
	for i := range max(0, len(text)-3) {
		if !begins[at(i)] {
			continue
		}
		for _, form := range byStart[string(text[i:i+4])] {
			if bytes.HasPrefix(text[i:], []byte(form)) {
				return form, true
			}
		}
	}
	return "", false
}

// A text contains a form wherever that begins, and nothing else.
func TestContainsAny(t *testing.T) {
	forms := []string{"abcd", "abce", "xyz12345"}
	for text, want := range map[string]string{"": "", "abc": "", "abcd": "abcd", "..abce": "abce", "aabcd.": "abcd", "xyz1234": "", ".xyz12345": "xyz12345", "abcxyz": ""} {
		if found, ok := containsAny([]byte(text), forms); found != want || ok != (want != "") {
			t.Errorf("%q: %q", text, found)
		}
	}
}

func formatEach[T any](format string, all []T) string {
	var b strings.Builder
	for _, one := range all {
		fmt.Fprintf(&b, format, one)
	}
	return b.String()
}

// withoutSpace returns a text without white space: a secret that is broken over
// lines or writes is whole in it.
func withoutSpace(text []byte) []byte { return bytes.Join(bytes.Fields(text), nil) }

func tail(b []byte) []byte { return b[max(0, len(b)-300):] }

// assemble returns the state that a client passes to the next run: the last
// state of each stream, or the one it had.
func assemble(had map[string]json.RawMessage, all []msg) map[string]json.RawMessage {
	states := map[string]json.RawMessage{}
	for name, s := range had {
		states[name] = s
	}
	for _, m := range all {
		if m.State != nil {
			states[m.State.Stream.Descriptor.Name] = json.RawMessage(m.State.Stream.State)
		}
	}
	return states
}

// stateFile returns states in the form that the platform stores.
func stateFile(states map[string]json.RawMessage) string {
	entries := []string{}
	for _, s := range streams.All() {
		if state := states[s.Name]; state != nil {
			entries = append(entries, fmt.Sprintf(`{"type":"STREAM","stream":{"stream_descriptor":{"name":%q},"stream_state":%s}}`, s.Name, state))
		}
	}
	return "[" + strings.Join(entries, ",") + "]"
}

// catalogFile returns a configured catalog of the streams, as the platform
// writes it.
func catalogFile(mode string, names ...string) string {
	entries := []string{}
	for _, name := range names {
		entries = append(entries, fmt.Sprintf(`{"stream":{"name":%q,"json_schema":{"type":"object","properties":{}},"supported_sync_modes":["full_refresh","incremental"]},"sync_mode":%q,"destination_sync_mode":"append","generation_id":4,"minimum_generation_id":0,"sync_id":77}`, name, mode))
	}
	return `{"streams":[` + strings.Join(entries, ",") + `]}`
}
