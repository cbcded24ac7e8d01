package integration_tests

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
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
