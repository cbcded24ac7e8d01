package integration_tests

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"source-gorgias/connector/cli"
	"source-gorgias/connector/sandbox"
)

// oauthConfig serves an account with OAuth2 and returns a configuration with a
// refresh token and an expired access token.
func oauthConfig(t *testing.T, before func(*http.Request)) (config string) {
	t.Helper()
	box := &sandbox.Server{Limit: unlimited, ClientID: "app", ClientSecret: "s3cret/of the app", RefreshToken: "refresh+token", RotateRefreshToken: true,
		Size: sandbox.Size{Tickets: 100, Messages: 100}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before != nil {
			before(r)
		}
		box.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return `{"subdomain":"acme","base_url":"` + srv.URL + `","start_date":"2020-01-01","_note":1,"credentials":{"auth_type":"oauth2.0",
		"client_id":"app","client_secret":"s3cret/of the app","refresh_token":"refresh+token","access_token":"of yesterday"}}`
}

// controlConfig returns the configuration of the CONTROL message, and how many
// records precede it.
func controlConfig(t *testing.T, tr *transcript) (config string, records int) {
	t.Helper()
	for _, m := range tr.messages() {
		switch m.Type {
		case "RECORD":
			if config == "" {
				records++
			}
		case "CONTROL":
			if config != "" {
				t.Error("there are two CONTROL messages")
			}
			var c struct {
				Control struct {
					Connector struct{ Config json.RawMessage } `json:"connectorConfig"`
				} `json:"control"`
			}
			if err := json.Unmarshal(m.line, &c); err != nil {
				t.Fatal(err)
			}
			config = string(c.Control.Connector.Config)
		}
	}
	return config, records
}

// TestOAuthControl checks that new tokens are written with the whole
// configuration before they are used. The next sync accepts that configuration,
// and rejects the one before.
func TestOAuthControl(t *testing.T) {
	t.Parallel()
	var reported atomic.Bool
	out := &lineWriter{onLine: func(line string) {
		if strings.Contains(line, `"CONTROL"`) {
			reported.Store(true)
		}
	}}
	text := oauthConfig(t, func(r *http.Request) {
		if token := r.Header.Get("Authorization"); strings.HasPrefix(token, "Bearer access-") && !reported.Load() {
			t.Errorf("%s was used before the CONTROL message", token)
		}
	})
	run := func(config string, out *lineWriter) *transcript {
		c := call{args: []string{"read", "--config", file(t, "config.json", config), "--catalog", file(t, "catalog.json", catalogFile("incremental", "tickets", "customers"))}}
		if out != nil {
			c.out = out
		}
		return c.inside(t)
	}
	first := run(text, out)
	if first.code != 0 {
		t.Fatalf("exit code %d: %s", first.code, tail(first.stdout))
	}
	renewed, before := controlConfig(t, first)
	if before > 0 {
		t.Errorf("%d records precede the CONTROL message", before)
	}
	var got, want map[string]any
	_ = json.Unmarshal([]byte(renewed), &got) // empty if it is invalid
	_ = json.Unmarshal([]byte(text), &want)
	in, _ := got["credentials"].(map[string]any)
	if in["access_token"] != "access-1" || in["refresh_token"] != "refresh+token-1" || in["token_expiry_date"] == nil {
		t.Errorf("the CONTROL message has %v", in)
	}
	for name := range want {
		if name != "credentials" && got[name] != want[name] {
			t.Errorf("%s became %v", name, got[name])
		}
	}
	second := run(renewed, nil)
	if again, _ := controlConfig(t, second); second.code != 0 || again != "" {
		t.Errorf("with the new configuration: exit code %d, CONTROL again: %q", second.code, again)
	}
	if third := run(text, nil); third.code != 1 || !strings.Contains(string(third.stdout), "authorize it again") {
		t.Errorf("with the old configuration: exit code %d: %s", third.code, tail(third.stdout))
	}
	for _, tr := range []*transcript{second} {
		if strings.Contains(string(tr.stdout), "access-1") || strings.Contains(string(tr.stdout), "refresh+token-1") {
			t.Error("a token shows")
		}
	}
}

// TestOAuthSave checks that tokens are saved in the config file only with
// --save-tokens.
func TestOAuthSave(t *testing.T) {
	t.Parallel()
	for _, tap := range []bool{false, true} {
		for _, save := range []bool{false, true} {
			text := oauthConfig(t, nil)
			path := filepath.Join(t.TempDir(), "config.json")
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			c := call{tap: tap, args: []string{"read", "--config", path}}
			if tap {
				c.args = []string{"--config", path}
			}
			if save {
				c.args = append(c.args, "--save-tokens")
			}
			tr := c.run(t)
			if tr.code != 0 {
				t.Fatalf("tap: %v: exit code %d: %s %s", tap, tr.code, tail(tr.stdout), tr.stderr)
			}
			// As a source, the program reports them in a CONTROL message; as a
			// tap, it cannot.
			warned := strings.Count(string(tr.stderr), "the next run will fail")
			if want := map[bool]int{true: 1}[tap && !save]; warned != want {
				t.Errorf("tap: %v, --save-tokens: %v: warned %d times, not %d: %s", tap, save, warned, want, tr.stderr)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !save {
				if string(got) != text {
					t.Errorf("tap: %v: the config file was changed: %s", tap, got)
				}
				continue
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			var config struct {
				Note        int `json:"_note"`
				Credentials map[string]string
			}
			err = json.Unmarshal(got, &config)
			if err != nil || config.Note != 1 || config.Credentials["refresh_token"] != "refresh+token-1" || info.Mode().Perm() != 0o600 {
				t.Errorf("tap: %v: %v, mode %v: %s", tap, err, info.Mode(), got)
			}
			if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
				t.Errorf("files were left: %v", left)
			}
		}
	}
}

// TestOAuthPlan checks that plan gets a token too, and warns that it is not
// saved.
func TestOAuthPlan(t *testing.T) {
	t.Parallel()
	path := file(t, "config.json", oauthConfig(t, nil))
	for _, args := range [][]string{{"plan", "--config", path, "--save-tokens"}, {"plan", "--config", path}} {
		// The first run requests a token, the second one uses what the first
		// has saved.
		if tr := (call{args: args}).run(t); tr.code != 0 || len(tr.stderr) > 0 {
			t.Errorf("%s: exit code %d: %s", args, tr.code, tr.stderr)
		}
	}
	var fault bytes.Buffer
	code, _ := cli.Main(context.Background(), []string{"source-gorgias", "plan", "--config", file(t, "config.json", oauthConfig(t, nil))}, strings.NewReader(""), io.Discard, &fault)
	if said := fault.String(); code != 0 || !strings.Contains(said, "Use --save-tokens") || strings.Contains(said, "refresh+token") {
		t.Errorf("exit code %d: %s", code, said)
	}
}

// lineWriter passes each line of output to a function.
type lineWriter struct {
	rest   string
	onLine func(string)
}

func (w *lineWriter) Write(p []byte) (int, error) {
	lines := strings.SplitAfter(w.rest+string(p), "\n")
	for _, l := range lines[:len(lines)-1] {
		w.onLine(l)
	}
	w.rest = lines[len(lines)-1]
	return len(p), nil
}
