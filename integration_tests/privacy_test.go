package integration_tests

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"source-gorgias/connector/cli"
	"source-gorgias/connector/config"
	"source-gorgias/connector/conform"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// A leakServer serves an account. It plants values in the records of streams,
// and lets requests fail with responses that repeat the whole request.
type leakServer struct {
	box    *sandbox.Server
	plants []plantedValue
	faults float64

	mu      sync.Mutex
	random  *rand.Rand
	tokens  []string // that the server issued
	grown   map[string]bool
	nonRead string // a request that does not only read
}

// A plantedValue is a string that is put into a field of the records of a
// stream.
type plantedValue struct {
	stream string
	path   []string
	mark   string
}

func (s *leakServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if asks := r.Method == http.MethodPost && slices.Contains([]string{"/oauth/token", "/api/reporting/stats"}, r.URL.Path); r.Method != http.MethodGet && !asks {
		s.mu.Lock()
		s.nonRead = r.Method + " " + r.URL.Path
		s.mu.Unlock()
	}
	r.Header.Del("Accept-Encoding")
	s.mu.Lock()
	fails := s.random.Float64() < s.faults
	kind := s.random.IntN(5)
	s.mu.Unlock()
	if fails {
		said := r.Header.Get("Authorization")
		_, coded, _ := strings.Cut(said, " ")
		plain, _ := base64.StdEncoding.DecodeString(coded)
		_, secret, _ := strings.Cut(string(plain), ":")
		text := fmt.Sprintf("%s | %s | %s", said, plain, secret)
		if forms := encodings(secret); secret != "" {
			s.mu.Lock()
			text = fmt.Sprintf("%s | %s | %s", forms[s.random.IntN(len(forms))], forms[s.random.IntN(len(forms))], said)
			s.mu.Unlock()
		}
		body, _ := json.Marshal(map[string]any{"error": map[string]any{"msg": text, "data": map[string]any{"a": []string{text}}}})
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "https://elsewhere.example/?key="+url.QueryEscape(secret))
		w.WriteHeader([]int{400, 401, 403, 404, 301}[kind])
		_, _ = w.Write(body)
		return
	}
	rec := httptest.NewRecorder()
	s.box.ServeHTTP(rec, r)
	body := rec.Body.Bytes()
	if strings.HasPrefix(r.URL.Path, "/oauth/") {
		var given struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		}
		_ = json.Unmarshal(body, &given)
		s.mu.Lock()
		s.tokens = append(s.tokens, given.Access, given.Refresh)
		s.mu.Unlock()
	} else if rec.Code == http.StatusOK {
		body = s.plant(r.URL.Path, body)
	}
	maps.Copy(w.Header(), rec.Header())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(rec.Code)
	_, _ = w.Write(body)
}

var (
	ofThread = regexp.MustCompile(`^/api/tickets/\d+/messages`)
	ofItem   = regexp.MustCompile(`/\d+$`)
	ofView   = regexp.MustCompile(`^/api/views/\d+/items$`)
)

// streamsAt returns the streams that are made from the list at a path.
func streamsAt(path string) (names []string) {
	path = ofItem.ReplaceAllString(ofThread.ReplaceAllString(ofView.ReplaceAllString(path, "/api/views/{id}/items"), "/api/messages"), "")
	for _, s := range streams.All() {
		if "/api/"+s.Path == path || s.Mode == stream.Derived && "/api/"+s.Parent.Path == path {
			names = append(names, s.Name)
		}
	}
	return names
}

// parentField is the field of the parent's record that contains the records of
// a derived stream.
var parentField = map[string]string{"ticket_tags": "tags", "ticket_custom_field_values": "custom_fields", "customer_custom_field_values": "custom_fields",
	"ticket_message_attachments": "attachments"}

func (s *leakServer) plant(path string, body []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var doc any
	if d.Decode(&doc) != nil {
		return body
	}
	records := doc
	if page, ok := doc.(map[string]any); ok && page["data"] != nil && page["id"] == nil {
		records = page["data"]
	}
	at := streamsAt(path)
	for _, p := range s.plants {
		if slices.Contains(at, p.stream) {
			path := p.path
			if list := parentField[p.stream]; list != "" {
				path = append([]string{list}, path...)
			}
			if setPath(records, path, p.mark) {
				s.mu.Lock()
				s.grown[p.mark] = true
				s.mu.Unlock()
			}
		}
	}
	out, _ := json.Marshal(doc)
	return out
}

// setPath sets the values at a path to a mark and reports whether there are
// any.
func setPath(v any, path []string, mark string) (done bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			done = setPath(e, path, mark) || done
		}
	case map[string]any:
		below, there := v[path[0]]
		if !there && path[0] != conform.Unrecognized && len(v) > 0 { // values by id
			for _, e := range v {
				if m, ok := e.(map[string]any); ok && m["id"] != nil && m["value"] != nil {
					done = setPath(e, path, mark) || done
				}
			}
		}
		if len(path) > 1 {
			if below == nil {
				below = map[string]any{}
				v[path[0]] = below
			}
			return setPath(below, path[1:], mark) || done
		}
		switch below := below.(type) {
		case map[string]any:
			below["zz"] = mark
		case []any:
			v[path[0]] = append(below, mark)
		default:
			v[path[0]] = mark
		}
		return true
	}
	return done
}

// allFields returns all fields of all streams that may be excluded or hashed.
func allFields() (all []plantedValue) {
	var below func(stream string, schema []byte, path []string)
	below = func(stream string, schema []byte, path []string) {
		for name, property := range conform.Properties(schema) {
			at := append(slices.Clone(path), name)
			all = append(all, plantedValue{stream: stream, path: at})
			below(stream, property, at)
		}
	}
	for _, s := range streams.All() {
		below(s.Name, s.Schema(""), nil)
	}
	return slices.DeleteFunc(all, func(p plantedValue) bool {
		s := streams.Find(p.stream)
		switch p.path[0] {
		case s.Cursor, conform.Unrecognized:
			return true
		case "tags", "custom_fields", "attachments", "ticket_id": // they are in other streams too
			return slices.Contains([]string{"tickets", "customers", "ticket_messages"}, p.stream)
		}
		parents := map[string]bool{"ticket_id": true, "message_id": true, "customer_id": true, "view_id": true, "position": true}
		return slices.Contains(s.Key, p.path[0]) || s.Mode == stream.Derived && parents[p.path[0]]
	})
}

// TestSecretsAreHidden reads accounts with random configurations, catalogs and
// faults, in both protocols, twice each with changes between. All requests only
// read. The output contains no secret of the configuration or of an integration
// and no excluded or hashed value in any encoding, and no content of records
// outside of records.
func TestSecretsAreHidden(t *testing.T) {
	runs := 12
	if *full {
		runs = 80
	}
	t.Setenv("LOG_LEVEL", "debug")
	t.Setenv("TAP_GORGIAS_LOGLEVEL", "DEBUG")
	all := allFields()
	var hashed atomic.Int64
	inParallel(t, runs, func(t *testing.T, seed int) {
		n, err := checkLeaks(t, slices.Clone(all), rand.New(rand.NewPCG(uint64(seed), 7)))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		hashed.Add(int64(n))
	})
	if n := hashed.Load(); n < int64(runs) {
		t.Errorf("%d hashes were found in %d runs", n, runs)
	}
}

func checkLeaks(t *testing.T, all []plantedValue, random *rand.Rand) (hashed int, err error) {
	const salt, integration = "salt of/the house+é", "int3gration/secret+é"
	secrets := []string{sandboxSecret, salt, "s3cret/of the app", "refresh+token", "of yester/day+"}
	s := &leakServer{random: random, faults: []float64{0, 0, 0.02, 0.2}[random.IntN(4)], grown: map[string]bool{}, box: &sandbox.Server{
		Seed: random.Uint64(), Limit: unlimited, Email: sandboxEmail, APIKey: sandboxSecret, ClientID: "my-app1", ClientSecret: "s3cret/of the app", RefreshToken: "refresh+token",
		RotateRefreshToken: true, ChangeRate: 1, Size: sandbox.Size{Tickets: 30, Messages: 60, Customers: 30, Events: 100, Users: 5}}}
	srv := httptest.NewServer(s)
	defer srv.Close()
	for stream, paths := range map[string][]string{
		"integrations":    {"http.headers.X-Shop", "meta.access_token", "meta.oauth.refresh_token"},
		"macros":          {"actions.arguments.headers.Authorization", "actions.arguments.api_key"},
		"ticket_messages": {"actions.arguments.headers.Authorization"},
		"account":         {"settings.data.custom_sso_providers.okta.client_secret", "settings.data.saml.x.private_key", "meta.deep.er.webhook_token"},
		"account_settings": {"data.custom_sso_providers.okta.client_secret", "data.custom_sso_providers.list.settings.signing_secret", "oauth.password",
			"data.providers.apiKey"},
	} {
		for _, path := range paths {
			s.plants = append(s.plants, plantedValue{stream, strings.Split(path, "."), integration})
		}
	}
	config := map[string]any{"subdomain": "acme", "base_url": srv.URL, "start_date": "2020-01-01",
		"credentials": map[string]any{"auth_type": "api_key", "email": sandboxEmail, "api_key": sandboxSecret}}
	if random.IntN(3) == 0 {
		config["credentials"] = map[string]any{"auth_type": "oauth2.0", "client_id": "my-app1", "client_secret": "s3cret/of the app",
			"refresh_token": "refresh+token", "access_token": "of yester/day+"}
	}
	var exclude, hash []string
	concealed, hashes := []string{}, []string{}
	for i := range random.IntN(12) {
		p := all[random.IntN(len(all))]
		p.mark = fmt.Sprintf("conc3aled %d/+é", i)
		name := p.stream + "." + strings.Join(p.path, ".")
		if slices.ContainsFunc(s.plants, func(o plantedValue) bool { return o.stream == p.stream && o.path[0] == p.path[0] }) {
			continue // one would replace the other
		}
		concealed = append(concealed, p.mark)
		if random.IntN(2) == 0 {
			exclude = append(exclude, name)
		} else {
			hash = append(hash, name)
			sum := sha256.Sum256([]byte(salt + p.mark))
			hashes = append(hashes, hex.EncodeToString(sum[:]))
		}
		if list := parentField[p.stream]; list != "" { // which contains them too
			exclude = append(exclude, streams.Find(p.stream).Parent.Name+"."+list)
		}
		s.plants = append(s.plants, p)
	}
	content := []string{}
	for i := range random.IntN(6) {
		p := all[random.IntN(len(all))]
		p.mark = fmt.Sprintf("c0ntent %d/+é", i)
		if !slices.ContainsFunc(s.plants, func(o plantedValue) bool { return o.stream == p.stream && o.path[0] == p.path[0] }) {
			s.plants, content = append(s.plants, p), append(content, p.mark)
		}
	}
	config["exclude_fields"], config["hash_fields"] = exclude, hash
	if len(hash) > 0 || random.IntN(2) == 0 {
		config["hash_salt"] = salt
	}
	text, _ := json.Marshal(config)
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write("config.json", text)
	run := func(args ...string) (out, fault []byte) {
		var o, f bytes.Buffer
		cli.Main(context.Background(), args, strings.NewReader(""), &o, &f)
		return o.Bytes(), f.Bytes()
	}
	var outputs, faults [][]byte // outputs has the faults too
	record := func(args ...string) []byte {
		out, fault := run(args...)
		outputs, faults = append(outputs, out, fault), append(faults, fault)
		return out
	}
	var state []byte
	if random.IntN(2) == 0 {
		args := []string{"tap-gorgias", "--config", file, "--save-tokens"}[:3]
		if config["credentials"].(map[string]any)["auth_type"] == "oauth2.0" {
			args = append(args, "--save-tokens")
		}
		catalog := record("tap-gorgias", "--config", file, "--discover")
		switch random.IntN(3) {
		case 0:
			args = append(args, "--catalog", write("catalog.json", catalog))
		case 1: // an older one with fewer columns
			catalog, _ = run("tap-gorgias", "--discover")
			args = append(args, "--catalog", write("catalog.json", withoutColumns(catalog, random)))
		}
		first := record(args...)
		if i := bytes.LastIndex(first, []byte(`{"type":"STATE"`)); i >= 0 {
			var m struct{ Value json.RawMessage }
			line, _, _ := bytes.Cut(first[i:], []byte("\n"))
			if json.Unmarshal(line, &m) == nil {
				state = m.Value
			}
		}
		if state != nil {
			record(append(args, "--state", write("state.json", state))...)
		}
	} else {
		record("source-gorgias", "check", "--config", file)
		record("source-gorgias", "discover", "--config", file)
		args := []string{"source-gorgias", "read", "--debug", "--config", file}
		if config["credentials"].(map[string]any)["auth_type"] == "oauth2.0" {
			args = append(args, "--save-tokens")
		}
		var states []json.RawMessage
		for line := range bytes.Lines(record(args...)) {
			var m struct {
				Type  string
				State json.RawMessage
			}
			if json.Unmarshal(line, &m) == nil && m.Type == "STATE" {
				var entry map[string]json.RawMessage
				_ = json.Unmarshal(m.State, &entry)
				delete(entry, "sourceStats")
				raw, _ := json.Marshal(entry)
				states = append(states, raw)
			}
		}
		state, _ = json.Marshal(states)
		record(append(args, "--state", write("state.json", state))...)
		record("source-gorgias", "plan", "--config", file, "--state", filepath.Join(dir, "state.json"))
		record("source-gorgias", "probe", "--config", file)
	}
	if s.nonRead != "" {
		return 0, fmt.Errorf("it requested %s", s.nonRead)
	}
	secrets = append(secrets, s.tokens...)
	var hidden []string
	for _, secret := range append(append(secrets, concealed...), integration) {
		if secret != "" {
			hidden = append(hidden, encodings(secret)...)
			hidden = append(hidden, base64.RawStdEncoding.EncodeToString([]byte("my-app1:"+secret)), base64.RawURLEncoding.EncodeToString([]byte("my-app1:"+secret)))
		}
	}
	for _, fault := range faults { // byte by byte, whatever the lines
		for _, h := range hidden {
			if bytes.Contains(withoutSpace(fault), withoutSpace([]byte(h))) {
				return hashed, fmt.Errorf("%q shows on standard error: %.2000s", h, fault)
			}
		}
	}
	for _, output := range outputs {
		for line := range bytes.Lines(output) {
			if bytes.HasPrefix(line, []byte(`{"type":"CONTROL"`)) {
				continue // it contains the configuration, for the platform
			}
			for _, h := range hidden {
				if bytes.Contains(line, []byte(h)) {
					return hashed, fmt.Errorf("left out %q, hashed %q: %q shows in %.2000s", exclude, hash, h, line)
				}
			}
			if bytes.HasPrefix(line, []byte(`{"type":"RECORD"`)) {
				continue
			}
			for _, c := range content {
				for _, h := range encodings(c) {
					if bytes.Contains(line, []byte(h)) {
						return hashed, fmt.Errorf("the content of a record, %q, shows in %.2000s", h, line)
					}
				}
			}
		}
	}
	everything := bytes.Join(outputs, nil)
	for _, h := range hashes {
		if bytes.Contains(everything, []byte(h)) {
			hashed++
		}
	}
	return hashed, nil
}

// withoutColumns removes columns from the schemas of a catalog, so that they
// are undeclared.
func withoutColumns(catalog []byte, random *rand.Rand) []byte {
	var c struct {
		Streams []map[string]any `json:"streams"`
	}
	_ = json.Unmarshal(catalog, &c)
	for _, s := range c.Streams {
		properties := s["schema"].(map[string]any)["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			key, _ := s["key_properties"].([]any)
			if random.IntN(3) == 0 && !slices.Contains(key, any(name)) && name != conform.Unrecognized {
				delete(properties, name)
			}
		}
	}
	out, _ := json.Marshal(c)
	return out
}

// TestPrivacyExample checks that the configuration in docs/security.md covers
// all fields that are named like names and addresses of customers.
func TestPrivacyExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```json\n")
	example, _, _ = strings.Cut(example, "```")
	settings, err := config.Parse([]byte(example), true)
	if err != nil || settings.Warnings != nil {
		t.Fatal(err, settings)
	}
	personal := []string{"email", "address", "firstname", "lastname", "phone_number_source", "phone_number_destination", "body_text", "body_html", "note"}
	own := []string{"users", "assignee_user", "teams", "shared_with_users", "integrations", "views"} // of the company
	found := 0
	for _, p := range allFields() {
		last := p.path[len(p.path)-1]
		if !slices.Contains(personal, last) || slices.ContainsFunc(append(slices.Clone(p.path), p.stream), func(n string) bool { return slices.Contains(own, n) }) {
			continue
		}
		found++
		v := settings.Privacy.Rules(streams.Find(p.stream))
		if !slices.ContainsFunc(slices.Concat(v.Exclude, v.Hash), func(path []string) bool { return len(path) <= len(p.path) && slices.Equal(path, p.path[:len(path)]) }) {
			t.Errorf("%s.%s shows", p.stream, strings.Join(p.path, "."))
		}
	}
	if found < 15 {
		t.Errorf("%d fields were looked at", found)
	}
}

// TestSecurityGuarantees checks that each guarantee names a test. TestDocuments
// checks that these tests exist.
func TestSecurityGuarantees(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| --- | --- | --- |\n")
	rows := 0
	for row := range strings.Lines(table) {
		if !strings.HasPrefix(row, "|") {
			break
		}
		rows++
		cells := strings.Split(row, "|")
		if !regexp.MustCompile("^ (`Test[A-Za-z0-9]+`(, )?)+ $").MatchString(cells[3]) {
			t.Errorf("no test: %s", row)
		}
	}
	if rows < 10 {
		t.Errorf("%d promises", rows)
	}
}
