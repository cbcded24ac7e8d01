package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
)

// A tokenEndpoint accepts each refresh token once.
type tokenEndpoint struct {
	mu     sync.Mutex
	issued int
	dead   func() bool // the process that asks is dead
}

func (s *tokenEndpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead != nil && s.dead() {
		return nil, errors.New("killed")
	}
	body, _ := io.ReadAll(r.Body)
	status, answer := http.StatusBadRequest, `{"error":"invalid_grant"}`
	if strings.HasSuffix(string(body), fmt.Sprintf("refresh_token=refresh-%d", s.issued)) {
		s.issued++
		status, answer = http.StatusOK, fmt.Sprintf(`{"access_token":"access-%d","refresh_token":"refresh-%[1]d","expires_in":86400}`, s.issued)
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

// process starts a process with a config file: it reads the tokens, and returns
// what authorizes its requests.
func process(t *testing.T, path string, server http.RoundTripper, before func(string) error) (*gorgias.OAuth, error) {
	t.Helper()
	s := newTokenStore(path)
	s.before = before
	if err := s.start(t.Context()); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	access, refresh, expires := config.Tokens(raw)
	o := gorgias.NewOAuth("https://acme.example", server, gorgias.Token{ClientID: "app", ClientSecret: "s", Refresh: refresh, Access: access, Expires: expires})
	o.Begin, o.Renewed, o.End = s.begin, s.save, s.end
	return o, nil
}

func tokenConfig(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config [1].json")
	if err := os.WriteFile(path, []byte(`{"note":1,"credentials":{"refresh_token":"refresh-0"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func request() *http.Request { return &http.Request{Header: http.Header{}} }

// renewals authorizes a request, and others after the access token was rejected.
func renewals(o *gorgias.OAuth, n int) error {
	for range n {
		r := request()
		if err := o.Authorize(context.Background(), r); err != nil {
			return err
		}
		o.Rejected(r)
	}
	return nil
}

// TestTokensSurviveKills kills a process after each operation on files in turn,
// and the one that recovers after each of its own. A third one has a valid token.
func TestTokensSurviveKills(t *testing.T) {
	errKilled := errors.New("killed")
	kills := func(n int) (before func(string) error, dead func() bool) {
		return func(string) error {
			if n == 0 {
				return errKilled
			}
			n--
			return nil
		}, func() bool { return n == 0 }
	}
	all := 0
	for first := 1; ; first++ {
		survived := false
		for second := 1; second < 30; second++ {
			server := &tokenEndpoint{}
			path := tokenConfig(t)
			before, dead := kills(first)
			server.dead = dead
			if o, err := process(t, path, server, before); err == nil && renewals(o, 2) == nil && !dead() {
				survived = true
			}
			before, dead = kills(second)
			server.dead = dead
			o, err := process(t, path, server, before)
			if err == nil {
				err = renewals(o, 1)
			}
			server.dead = nil
			o, lastErr := process(t, path, server, nil)
			if lastErr == nil {
				lastErr = renewals(o, 2)
			}
			if lastErr != nil {
				t.Errorf("killed after %d and %d operations: %v", first, second, lastErr)
			}
			if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
				t.Errorf("killed after %d and %d operations: files were left: %v", first, second, left)
			}
			raw, _ := os.ReadFile(path)
			if !json.Valid(raw) || !strings.Contains(string(raw), `"note":1`) {
				t.Errorf("killed after %d and %d operations: %s", first, second, raw)
			}
			all++
			if err == nil && !dead() {
				break
			}
		}
		if survived {
			break
		}
	}
	if all < 50 {
		t.Errorf("%d kills only", all)
	}
}

// TestTokensAreShared: processes that share a file use each other's tokens, at
// the same time and one after the other, and none is locked out.
func TestTokensAreShared(t *testing.T) {
	server := &tokenEndpoint{}
	path := tokenConfig(t)
	var group sync.WaitGroup
	for range 8 {
		o, err := process(t, path, server, nil)
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			if err := renewals(o, 5); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("files were left: %v", left)
	}
}

// TestTokensAreSavedFirst: if the file cannot be replaced, no token is spent.
func TestTokensAreSavedFirst(t *testing.T) {
	for _, failing := range []string{"create", "write", "truncate", "sync", "close", "rename"} {
		server := &tokenEndpoint{}
		path := tokenConfig(t)
		o, err := process(t, path, server, func(operation string) error {
			if operation == failing {
				return errors.New("no")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = renewals(o, 1)
		if err == nil || !strings.Contains(err.Error(), "no token was renewed") || server.issued != 0 {
			t.Errorf("%s: %v, %d tokens issued", failing, err, server.issued)
		}
		again, err := process(t, path, server, nil)
		if err != nil || renewals(again, 1) != nil {
			t.Errorf("%s: the next process has no token", failing)
		}
	}
}

// TestPendingTokens: what a process left counts only if it is complete and not
// older than the file.
func TestPendingTokens(t *testing.T) {
	const complete = `{"credentials":{"refresh_token":"refresh-9"}}`
	for _, c := range []struct {
		name, text string
		older      bool
		want       string
	}{
		{".source-gorgias-config [1].json-1", complete, false, "refresh-9"},
		{".source-gorgias-config [1].json-1", complete + strings.Repeat(" ", 500), false, "refresh-9"},
		{".source-gorgias-config [1].json-1", complete[:30], false, "refresh-0"},
		{".source-gorgias-config [1].json-1", strings.Repeat(" ", 500), false, "refresh-0"},
		{".source-gorgias-config [1].json-1", complete, true, "refresh-0"},
		{".source-gorgias-other.json-1", complete, false, "refresh-0"},
	} {
		path := tokenConfig(t)
		pending := filepath.Join(filepath.Dir(path), c.name)
		if err := os.WriteFile(pending, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		older := path
		if c.older {
			older = pending
		}
		if err := os.Chtimes(older, time.Unix(1e9, 0), time.Unix(1e9, 0)); err != nil {
			t.Fatal(err)
		}
		if err := newTokenStore(path).start(t.Context()); err != nil {
			t.Fatal(err)
		}
		raw, _ := os.ReadFile(path)
		if _, got, _ := config.Tokens(raw); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
