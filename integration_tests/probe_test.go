package integration_tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"source-gorgias/connector/sandbox"
)

// probeReport is the output of probe --json.
type probeReport struct {
	Requests int `json:"requests"`
	Findings []struct{ ID, Question, Level, Answer string }
}

// runProbe runs probe and returns its report.
func runProbe(t *testing.T, env []string, args ...string) (r probeReport) {
	t.Helper()
	tr := call{args: append([]string{"probe", "--json"}, args...), env: env}.run(t)
	if err := json.Unmarshal(tr.stdout, &r); tr.code != 0 || len(tr.stderr) > 0 || err != nil {
		t.Fatalf("exit code %d, %v: %s%s", tr.code, err, tr.stdout, tr.stderr)
	}
	if r.Requests == 0 || r.Requests > 60 {
		t.Errorf("%d requests", r.Requests)
	}
	return r
}

// TestProbeOAuth checks that probe gets and saves tokens, and sends only GET besides.
func TestProbeOAuth(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var posts []string
	path := file(t, "config.json", oauthConfig(t, func(r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method != http.MethodGet {
			posts = append(posts, r.Method+" "+r.URL.Path)
		}
	}))
	first := runProbe(t, nil, "--config", path, "--save-tokens")
	renewals := len(posts)
	second := runProbe(t, nil, "--config", path, "--save-tokens") // with the saved token
	if len(posts) != renewals || slices.ContainsFunc(posts, func(p string) bool { return p != "POST /oauth/token" }) || first.Requests != second.Requests+1 {
		t.Errorf("%q, %d and %d requests", posts, first.Requests, second.Requests)
	}
}

// TestProbeProxy checks that probe reaches an account through the proxy of the
// environment.
func TestProbeProxy(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	n.serve(&sandbox.Server{Limit: unlimited, Subdomain: "acme"})
	config := file(t, "config.json", `{"subdomain":"acme","credentials":{"auth_type":"api_key","email":"sandbox@example.com","api_key":"sandbox-key"}}`)
	runProbe(t, n.env(), "--config", config)
}

// TestProbePrivacy checks that probe works with privacy settings, that these make no
// difference, and that neither the report nor the table has what the account has.
func TestProbePrivacy(t *testing.T) {
	t.Parallel()
	box := &sandbox.Server{Limit: unlimited, Email: sandboxEmail, APIKey: sandboxSecret}
	srv := httptest.NewServer(box)
	t.Cleanup(srv.Close)
	plain := configText(srv.URL, sandboxSecret)
	private := strings.Replace(plain, `"_note":1`, `"exclude_fields":["tickets.subject","events.data"],"hash_fields":["customers.email","tickets.external_id"],"hash_salt":"0123456789abcdef"`, 1)
	without, with := runProbe(t, nil, "--config", file(t, "config.json", plain)), runProbe(t, nil, "--config", file(t, "config.json", private))
	if !slices.Equal(without.Findings, with.Findings) {
		t.Errorf("without: %v\nwith: %v", without.Findings, with.Findings)
	}
	tr := call{args: []string{"probe", "--config", file(t, "config.json", private)}}.run(t)
	out := string(tr.stdout)
	for raw := range box.Each("customers") {
		var c struct{ Name, Email string }
		if json.Unmarshal(raw, &c) == nil && (len(c.Email) > 3 && strings.Contains(out, c.Email) || len(c.Name) > 8 && strings.Contains(out, c.Name)) {
			t.Errorf("the table has %q or %q", c.Email, c.Name)
		}
	}
	if tr.code != 0 || strings.Contains(out, sandboxSecret) || !strings.Contains(out, "message-events: ") {
		t.Errorf("exit code %d: %s", tr.code, out)
	}
}

// TestIssueForms checks that issue forms have what GitHub requires, and that those that
// ask for a probe name the command of docs/probe.md.
func TestIssueForms(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../docs/probe.md")
	if err != nil {
		t.Fatal(err)
	}
	forms, _ := filepath.Glob("../.github/ISSUE_TEMPLATE/*.yml") // the pattern is valid
	asking := 0
	for _, path := range forms {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"(?m)^name: .", "(?m)^description: .", "(?m)^body:$", "(?m)^  - type: (?:textarea|input|dropdown)$", "(?m)^      label: ."} {
			if !regexp.MustCompile(key).Match(raw) {
				t.Errorf("%s has no %s", path, key)
			}
		}
		for _, command := range regexp.MustCompile("source-gorgias probe[^`\n]*").FindAllString(string(raw), -1) {
			if asking++; !strings.Contains(string(document), command) {
				t.Errorf("%s: docs/probe.md has no %q", path, command)
			}
		}
	}
	if asking != 2 {
		t.Errorf("%d forms ask for the output of probe", asking)
	}
}

// TestProbeDocument checks that docs/probe.md lists each fact.
func TestProbeDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/probe.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range runProbe(t, nil, "--sandbox").Findings {
		if !strings.Contains(string(text), "\n| "+f.ID+" | "+f.Question+" |\n") {
			t.Errorf("docs/probe.md lacks the fact %s", f.ID)
		}
	}
}

// TestProbeCanaries checks that nothing of a record, of a header or of an error's message
// is in what probe prints, and in what it says while it repeats requests.
func TestProbeCanaries(t *testing.T) {
	t.Parallel()
	const canary = "xCANARYx"
	member := regexp.MustCompile(`"(\w+)":"([^"\\]*)"`)
	needed := regexp.MustCompile(`^(?:type|object_type|context|next_cursor|next_items|\w+_datetime)$`)
	box := &sandbox.Server{Limit: unlimited, Email: sandboxEmail, APIKey: sandboxSecret, Forbidden: []string{"rules"}}
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding")
		rec := httptest.NewRecorder()
		box.ServeHTTP(rec, r)
		w.Header().Set("X-Request-Id", canary)
		w.Header().Set("X-Gorgias-Account-Api-Call-Limit", rec.Header().Get("X-Gorgias-Account-Api-Call-Limit"))
		w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		w.Header().Set("Location", rec.Header().Get("Location"))
		code := rec.Code
		if n.Add(1)%60 == 5 {
			code = http.StatusServiceUnavailable
		}
		w.WriteHeader(code)
		_, _ = w.Write(member.ReplaceAllFunc(rec.Body.Bytes(), func(raw []byte) []byte {
			m := member.FindSubmatch(raw)
			if needed.Match(m[1]) {
				return raw
			}
			return fmt.Appendf(nil, `"%s":"%s%s","%s":"%[3]s"`, m[1], m[2], canary, "f_"+canary)
		}))
	}))
	t.Cleanup(srv.Close)
	config := file(t, "config.json", configText(srv.URL, sandboxSecret))
	for _, args := range [][]string{nil, {"--json"}, {"--debug"}} {
		tr := call{args: append([]string{"probe", "--config", config}, args...)}.run(t)
		if tr.code != 0 || !strings.Contains(string(tr.stdout), "message-events") {
			t.Errorf("%v: exit code %d: %s%s", args, tr.code, tr.stdout, tr.stderr)
		}
		for _, out := range [][]byte{tr.stdout, tr.stderr} {
			if i := strings.Index(strings.ToLower(string(out)), strings.ToLower(canary)); i >= 0 {
				t.Errorf("%v: a canary: %s", args, out[max(0, i-100):min(len(out), i+100)])
			}
		}
	}
}
