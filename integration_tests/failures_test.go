package integration_tests

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/sandbox"
)

// unavailable is a fault that no retry waits for: Retry-After is an hour.
func unavailable() *sandbox.Fault {
	return &sandbox.Fault{Status: 503, Header: http.Header{"Retry-After": {"3600"}}}
}

// finalStatuses returns the last status of each stream.
func finalStatuses(all []msg) map[string]string {
	last := map[string]string{}
	for _, m := range all {
		if m.Trace != nil && m.Trace.Status != nil {
			last[m.Trace.Status.Stream.Name] = m.Trace.Status.Status
		}
	}
	return last
}

// failures returns the errors of a run.
func failures(all []msg) []msg {
	return slices.DeleteFunc(slices.Clone(all), func(m msg) bool { return m.Trace == nil || m.Trace.Error == nil })
}

// TestPartialFailure forbids one stream and breaks another. The others
// complete, and transient errors are reported before those that the user must
// fix.
func TestPartialFailure(t *testing.T) {
	t.Parallel()
	box := small()
	box.Forbidden = []string{"customers"}
	box.Fail = func(r *http.Request) *sandbox.Fault {
		if r.URL.Path == "/api/tags" {
			return unavailable()
		}
		return nil
	}
	tr := call{args: []string{"read", "--config", serveSandbox(t, box)}}.inside(t)
	if tr.code != 1 {
		t.Errorf("exit code %d", tr.code)
	}
	all := tr.messages()
	failed := map[string]string{"customers": "config_error", "customer_custom_field_values": "config_error", "tags": "transient_error"}
	for name, status := range finalStatuses(all) {
		if want := map[bool]string{true: "INCOMPLETE", false: "COMPLETE"}[failed[name] != ""]; status != want {
			t.Errorf("%s ends %s, want %s", name, status, want)
		}
	}
	errs := failures(all)
	if len(errs) != len(failed)+1 {
		t.Fatalf("%d errors, want one for each of %v and one for all", len(errs), failed)
	}
	for i, m := range errs {
		e := m.Trace.Error
		if i > 0 && m.Trace.Emitted <= errs[i-1].Trace.Emitted {
			t.Errorf("error %d is not later than the one before", i)
		}
		switch {
		case i == 0 && (e.Stream == nil || e.Stream.Name != "tags"):
			t.Errorf("the first error is %+v: the platform would not try again", e)
		case i == len(errs)-1:
			if e.Stream != nil || !strings.Contains(e.Message, "tags") || !strings.Contains(e.Message, "customers") {
				t.Errorf("the last error is %+v, want one for all", e)
			}
		case e.Stream == nil || failed[e.Stream.Name] != e.Type:
			t.Errorf("%+v", e)
		case e.Stream.Name == "customers" && (!strings.Contains(e.Message, "403") || !strings.Contains(e.Message, "/api/customers") || !strings.Contains(e.Message, "customers:read")):
			t.Errorf("%q does not name the resource and the required permission", e.Message)
		}
	}
}

// TestUnauthorized rejects the credentials, from the start or from some request
// on. All streams end at once.
func TestUnauthorized(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]int64{"from the start": 0, "in the middle": 12} {
		t.Run(name, func(t *testing.T) {
			box := small()
			var asked, refused atomic.Int64
			box.Fail = func(*http.Request) *sandbox.Fault {
				if asked.Add(1) <= after {
					return nil
				}
				refused.Add(1)
				return &sandbox.Fault{Status: 401}
			}
			tr := call{args: []string{"read", "--config", serveSandbox(t, box)}}.inside(t)
			if tr.code != 1 {
				t.Errorf("exit code %d", tr.code)
			}
			if n := refused.Load(); n == 0 || n > 8 {
				t.Errorf("%d requests with credentials that were refused", n)
			}
			errs := failures(tr.messages())
			if len(errs) == 0 {
				t.Fatal("no error")
			}
			for _, m := range errs {
				if e := m.Trace.Error; e.Type != "config_error" || !strings.Contains(e.Message, "401") && e.Stream != nil {
					t.Errorf("%+v", e)
				}
			}
		})
	}
}

// readAirbyte runs a sync under a fake clock and returns the transcript of the
// Airbyte writer.
func readAirbyte(t *testing.T, box *sandbox.Server, names ...string) *transcript {
	t.Helper()
	tr := &transcript{command: "read", configured: names, began: time.Now(), secrets: []string{"sandbox-key"}}
	var out bytes.Buffer
	ctx := context.Background()
	plan, writer := newFixture(t, box).plan(names, nil), airbyte.NewWriter(&out)
	writer.Summary = plan.NewSummary()
	err := writer.Sync(ctx, plan.Run(ctx), nil)
	switch {
	case errors.Is(err, airbyte.ErrFailed):
		tr.code = 1
	case err != nil:
		t.Fatal(err)
	}
	tr.ended, tr.stdout = time.Now(), out.Bytes()
	tr.verify(t)
	return tr
}

// TestInvalidResponses sends responses that are no pages. A stream never
// completes with one: it fails, with the path, the status and the message of
// the API. If later responses are valid, no record is missing.
func TestInvalidResponses(t *testing.T) {
	t.Parallel()
	discoveredStreams(t) // outside the bubble
	html := http.Header{"Content-Type": {"text/html"}}
	for _, c := range []struct {
		name  string
		fault sandbox.Fault
		says  []string
		typ   string // "" = as it comes
	}{
		{"HTML with status 200", sandbox.Fault{Status: 200, Header: html, Body: "<html>Just a moment</html>"}, []string{"200", "text/html"}, "system_error"},
		{"HTML that claims to be JSON", sandbox.Fault{Status: 200, Body: "<html>Just a moment</html>"}, []string{"200"}, "system_error"},
		{"an empty object", sandbox.Fault{Status: 200, Body: "{}"}, []string{"200"}, "system_error"},
		{"no list", sandbox.Fault{Status: 200, Body: `{"data":null,"meta":{"next_cursor":null}}`}, []string{"200"}, "system_error"},
		{"a list of numbers", sandbox.Fault{Status: 200, Body: `{"data":[1],"meta":{"next_cursor":null}}`}, []string{"200"}, "system_error"},
		{"rows without ids", sandbox.Fault{Status: 200, Body: `{"data":[{"name":"x"}],"meta":{"next_cursor":null}}`}, []string{"tags: 1 rows", "id is not an integer of 64 bits"}, "config_error"},
		{"a truncated response", sandbox.Fault{Truncate: 500}, []string{"/api/tags"}, "system_error"},
		{"an empty body", sandbox.Fault{Truncate: -1}, []string{"/api/tags"}, "system_error"},
		{"a broken connection", sandbox.Fault{Disconnect: true}, []string{"/api/tags"}, ""},
		{"a gateway's page", sandbox.Fault{Status: 502}, []string{"502 Bad Gateway"}, "transient_error"},
		{"a bad parameter", sandbox.Fault{Status: 400, Body: `{"error":{"msg":"Failed to validate.","data":{"order_by":["Not a valid choice."]}}}`}, []string{"400", "order_by: Not a valid choice."}, "system_error"},
		{"not found", sandbox.Fault{Status: 404, Body: `{"error":{"msg":"Resource not found."}}`}, []string{"404", "Resource not found."}, "system_error"},
		{"another host", sandbox.Fault{Status: 302, Header: http.Header{"Location": {"https://evil.example.com/api/tags"}}}, []string{"302", "another host"}, "transient_error"},
		{"a limit that never ends", sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"30"}}}, []string{"429"}, "transient_error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box := small()
				box.Fail = func(r *http.Request) *sandbox.Fault {
					if r.URL.Path == "/api/tags" {
						return new(c.fault)
					}
					return nil
				}
				tr := readAirbyte(t, box, "account", "tags", "users")
				if tr.code != 1 {
					t.Fatalf("exit code %d: %s", tr.code, tail(tr.stdout))
				}
				all := tr.messages()
				if got := finalStatuses(all); got["tags"] != "INCOMPLETE" || got["users"] != "COMPLETE" || got["account"] != "COMPLETE" {
					t.Errorf("%v", got)
				}
				e := failures(all)[0].Trace.Error
				for _, part := range append(c.says, "/api/tags") {
					if !strings.Contains(e.Message, part) {
						t.Errorf("%q does not contain %q", e.Message, part)
					}
				}
				if c.typ != "" && e.Type != c.typ {
					t.Errorf("%s: %q", e.Type, e.Message)
				}
				if strings.Contains(e.Message, "<html") {
					t.Errorf("%q quotes a page", e.Message)
				}
			})
			if c.fault.Status == 400 || c.fault.Status == 404 || c.fault.Status == 302 || strings.HasPrefix(c.name, "rows") {
				return // these do not pass
			}
			synctest.Test(t, func(t *testing.T) {
				box := small()
				var n atomic.Int64
				box.Fail = func(r *http.Request) *sandbox.Fault {
					if n.Add(1)%3 != 0 { // two of three
						return new(c.fault)
					}
					return nil
				}
				tr := readAirbyte(t, box, "tags", "jobs")
				if tr.code != 0 {
					t.Fatalf("exit code %d: %s", tr.code, tail(tr.stdout))
				}
				rows := records(tr.messages())
				for path, name := range map[string]string{"tags": "tags", "jobs": "jobs"} {
					n := 0
					for range box.Each(path) {
						n++
					}
					if len(rows[name]) != n {
						t.Errorf("%s: %d records of %d", name, len(rows[name]), n)
					}
				}
			})
		})
	}
}

// TestCheck checks accounts. In every case there is exactly one status, and the
// exit code is 0.
func TestCheck(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	for _, c := range []struct {
		name  string
		fault *sandbox.Fault
		says  string // "" = it succeeds
	}{
		{"all is well", nil, ""},
		{"wrong credentials", &sandbox.Fault{Status: 401}, "API key"},
		{"no permission", &sandbox.Fault{Status: 403}, "403"},
		{"no such account", &sandbox.Fault{Status: 404}, "subdomain"},
		{"a redirect to elsewhere", &sandbox.Fault{Status: 302, Header: http.Header{"Location": {elsewhere.URL}}}, "base URL"},
		{"the API is down", unavailable(), "503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			box := small()
			box.Fail = func(*http.Request) *sandbox.Fault { return c.fault }
			tr := call{args: []string{"check", "--config", serveSandbox(t, box)}}.inside(t)
			if tr.code != 0 {
				t.Fatalf("exit code %d: %s", tr.code, tr.stdout)
			}
			for _, m := range tr.messages() {
				if m.Connection == nil {
					continue
				}
				want := map[bool]string{true: "SUCCEEDED", false: "FAILED"}[c.says == ""]
				if m.Connection.Status != want || !strings.Contains(m.Connection.Message, c.says) {
					t.Errorf("%+v, want %s with %q", m.Connection, want, c.says)
				}
			}
		})
	}
}

// TestEchoedCredentials makes the API send back the credentials in every form.
// The output contains none.
func TestEchoedCredentials(t *testing.T) {
	t.Parallel()
	forms := encodings(sandboxSecret)
	echoed := 0
	for _, status := range []int{400, 401, 403, 404} {
		for _, command := range []string{"read", "check", "tap"} {
			t.Run(fmt.Sprint(command, " ", status), func(t *testing.T) {
				box := small()
				var mu sync.Mutex
				box.Fail = func(*http.Request) *sandbox.Fault { // a message is at most 300 characters
					mu.Lock()
					defer mu.Unlock()
					echoed++
					form := forms[echoed%len(forms)]
					text, _ := json.Marshal("you sent: " + form + " and " + form[:len(form)/2] + "\n " + form[len(form)/2:])
					return &sandbox.Fault{Status: status, Body: `{"error":{"msg":` + string(text) + `}}`}
				}
				c := call{args: []string{command, "--config", serveSandbox(t, box)}}
				if command == "tap" {
					c.tap, c.args = true, c.args[1:]
				}
				tr := c.inside(t)
				// What Base64 puts before a secret at an offset is not a part of it.
				if !regexp.MustCompile(`you sent: \S{0,4}\*{4}`).Match(append(tr.stdout, tr.stderr...)) {
					t.Errorf("nothing of what the API said: %s %s", tail(tr.stdout), tail(tr.stderr))
				}
			})
		}
	}
	if echoed < len(forms) {
		t.Errorf("%d of %d forms were echoed", echoed, len(forms))
	}
}

// TestUnknownStreamNames selects streams that do not exist, by names with
// characters that could break a line.
func TestUnknownStreamNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a\u0085b", "a\u2028b\u2029c", "a\rb\nc\x0bd\x1ee", `a"b\c`, "é<&>😀", strings.Repeat("x", 5000)} {
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		path := file(t, "catalog.json", `{"streams":[{"stream":{"name":`+string(quoted)+`},"sync_mode":"incremental"}]}`)
		tr := call{args: []string{"read", "--sandbox", "--catalog", path}}.inside(t)
		if got := finalStatuses(tr.messages()); got[name] != "INCOMPLETE" {
			t.Errorf("%.20q ends %v", name, got)
		}
	}
}

// TestRateLimitDuringSync exhausts the rate limit during a sync: the wait is
// reported, and no record is missing.
func TestRateLimitDuringSync(t *testing.T) {
	t.Parallel()
	discoveredStreams(t)
	synctest.Test(t, func(t *testing.T) {
		box := small()
		var n atomic.Int64
		box.Fail = func(*http.Request) *sandbox.Fault {
			if n.Add(1) == 2 {
				return &sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"60"}}}
			}
			return nil
		}
		began := time.Now()
		tr := readAirbyte(t, box, "tickets", "events")
		if d := time.Since(began); tr.code != 0 || d < time.Minute || d > 5*time.Minute {
			t.Errorf("exit code %d after %v", tr.code, d)
		}
		if !bytes.Contains(tr.stdout, []byte(`"reasons":[{"type":"RATE_LIMITED"`)) {
			t.Error("the wait was not reported")
		}
	})
}
