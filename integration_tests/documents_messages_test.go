package integration_tests

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/integration_tests/documents"
)

// TestTroubleshooting provokes every message that docs/operations.md explains,
// and finds an explanation for every message that it provokes. In a message of
// the document, … stands for the parts that vary.
func TestTroubleshooting(t *testing.T) {
	t.Parallel()
	explained := explanations(t, "../docs/operations.md")
	said := map[string]bool{}
	for _, p := range provocations(t) {
		t.Run(p.name, func(t *testing.T) {
			text := p.provoke(t)
			found := false
			for quote, pattern := range explained {
				if pattern.MatchString(text) {
					said[quote], found = true, true
				}
			}
			if !found {
				t.Errorf("nothing explains %q", text)
			}
		})
	}
	for quote := range explained {
		if !said[quote] {
			t.Errorf("nothing provokes %q", quote)
		}
	}
	if len(explained) < 20 {
		t.Errorf("only %d messages were found", len(explained))
	}
}

// explanations returns the messages explained under Troubleshooting: each is in
// back-ticks on a line of its own, in bold.
func explanations(t *testing.T, path string) map[string]*regexp.Regexp {
	t.Helper()
	d, err := documents.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	from := 0
	for _, h := range d.Headings {
		if h.Text == "Troubleshooting" {
			from = h.Line
		}
	}
	quotes := map[string]*regexp.Regexp{}
	for _, l := range strings.Split(string(text), "\n")[from:] {
		quote, is := strings.CutPrefix(l, "**`")
		if quote, ends := strings.CutSuffix(quote, "`**"); is && ends {
			quotes[quote] = regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(quote), "…", ".*"))
		}
	}
	return quotes
}

// A provokedMessage makes the program write one message.
type provokedMessage struct {
	name    string
	provoke func(t *testing.T) string // returns the output
}

func provocations(t *testing.T) []provokedMessage {
	always := func(f *sandbox.Fault) func(*http.Request) *sandbox.Fault {
		return func(*http.Request) *sandbox.Fault { return f }
	}
	respond := func(status int, body string, header ...string) *sandbox.Fault {
		f := &sandbox.Fault{Status: status, Body: body, Header: http.Header{}}
		for i := 0; i+1 < len(header); i += 2 {
			f.Header.Set(header[i], header[i+1])
		}
		return f
	}
	// check runs the check of an account that fails in one way.
	check := func(f *sandbox.Fault) func(*testing.T) string {
		return func(t *testing.T) string {
			box := small()
			box.Fail = always(f)
			return outputOf(t, call{args: []string{"check", "--config", serveSandbox(t, box)}})
		}
	}
	// stream reads tags from a list that fails in one way, under a fake clock.
	stream := func(f *sandbox.Fault) func(*testing.T) string {
		return func(t *testing.T) (text string) {
			discoveredStreams(t)
			synctest.Test(t, func(t *testing.T) {
				box := small()
				box.Fail = always(f)
				text = errorsOf(readAirbyte(t, box, "tags"))
			})
			return text
		}
	}
	// read reads streams of an account that was changed.
	read := func(change func(*sandbox.Server), names ...string) func(*testing.T) string {
		return func(t *testing.T) string {
			box := small()
			change(box)
			return outputOf(t, call{args: []string{"read", "--config", serveSandbox(t, box), "--catalog", file(t, "catalog.json", catalogFile("incremental", names...))}})
		}
	}
	// broken requests the account over a network that fails.
	broken := func(err error) func(*testing.T) string {
		return func(t *testing.T) (text string) {
			synctest.Test(t, func(t *testing.T) {
				h := newFixtureBehind(t, small(), failingNetwork(func() error { return err }))
				text = connector.Classify(nil, connector.CheckConnection(t.Context(), h.client)).Message
			})
			return text
		}
	}
	// given runs the program with a configuration.
	given := func(config string, args ...string) func(*testing.T) string {
		return func(t *testing.T) string {
			return outputOf(t, call{args: append(args, "--config", file(t, "config.json", config))})
		}
	}
	// app reads with an app's credentials.
	app := func(change func(*sandbox.Server), credentials string, args ...string) func(*testing.T) string {
		return func(t *testing.T) string {
			box := &sandbox.Server{Limit: unlimited, ClientID: "app", ClientSecret: sandboxSecret, RefreshToken: "a-refresh-token", RotateRefreshToken: true}
			change(box)
			srv := httptest.NewServer(box)
			t.Cleanup(srv.Close)
			config := `{"subdomain":"acme","base_url":"` + srv.URL + `","credentials":{"auth_type":"oauth2.0",` + credentials + `}}`
			return outputOf(t, call{args: append(args, "--config", file(t, "config.json", config))})
		}
	}
	unchanged := func(*sandbox.Server) {}
	secret := `"client_secret":"` + strings.ReplaceAll(sandboxSecret, `"`, `\"`) + `"`
	const key = `"credentials":{"auth_type":"api_key","email":"a@example.com","api_key":"a-key"}`
	const state = `[{"type":"STREAM","stream":{"stream_descriptor":{"name":"tickets"},"stream_state":`
	lasting := []string{"Retry-After", "3600"}
	return []provokedMessage{
		{"a wrong key", check(respond(401, ""))},
		{"a key that may do nothing", check(respond(403, ""))},
		{"no such account", check(respond(404, ""))},
		{"another host", check(respond(302, "", "Location", "https://www.example.com/"))},
		{"rate limited, at the start", check(respond(429, "", lasting...))},
		{"rate limited, in the middle", stream(respond(429, "", "Retry-After", "30"))},
		{"server errors, at the start", check(respond(503, "", lasting...))},
		{"server errors, in the middle", stream(respond(502, ""))},
		{"a list that may not be read", read(func(s *sandbox.Server) { s.Forbidden = []string{"customers"} }, "customers")},
		{"calls that may not be read", read(func(s *sandbox.Server) { s.Forbidden = []string{"phone"} }, "voice_calls")},
		{"events that may not be read", read(func(s *sandbox.Server) { s.Forbidden = []string{"events"} }, "tickets")},
		{"events that cannot be read now", read(func(s *sandbox.Server) {
			s.Fail = func(r *http.Request) *sandbox.Fault {
				if r.URL.Path == "/api/events" {
					return unavailable()
				}
				return nil
			}
		}, "tickets")},
		{"events that are gone", expiredEvents},
		{"many messages that vanish", reconciled("ticket_messages", func(box *sandbox.Server, _ *connector.Plan) {
			for range 40 {
				box.DeleteMessageSilently(lowestID(box, "messages"))
			}
		})},
		{"an order that is rejected", reconciled("tickets", func(box *sandbox.Server, _ *connector.Plan) {
			box.Fail = func(r *http.Request) *sandbox.Fault {
				if r.URL.Query().Get("order_by") == "created_datetime:desc" {
					return respond(400, `{"error":{"msg":"Failed to validate."}}`)
				}
				return nil
			}
		})},
		{"too few syncs", reconciled("tickets", func(_ *sandbox.Server, plan *connector.Plan) {
			plan.ReconcileNow, plan.PageSize, plan.RateLimiter = false, 1, gorgias.NewRateLimiter(0)
		})},
		{"an invalid response", stream(respond(200, "<html></html>", "Content-Type", "text/html"))},
		{"half a page", stream(&sandbox.Fault{Truncate: 500})},
		{"a broken connection", stream(&sandbox.Fault{Disconnect: true})},
		{"a bad parameter", stream(respond(400, `{"error":{"msg":"Failed to validate.","data":{"order_by":["Not a valid choice."]}}}`))},
		{"no such host", broken(&net.DNSError{Err: "no such host", Name: "acme.gorgias.com", IsNotFound: true})},
		{"no way", broken(errors.New("connect: connection refused"))},
		{"an untrusted certificate", broken(&tls.CertificateVerificationError{Err: errors.New("x509: certificate signed by unknown authority")})},
		{"no certificate", broken(tls.RecordHeaderError{})},
		{"no subdomain", given(`{`+key+`}`, "check")},
		{"an address of another kind", given(`{"subdomain":"www.example.com",`+key+`}`, "check")},
		{"no JSON", given(`{"subdomain": "acme",}`, "check")},
		{"no YAML", given("subdomain: [acme", "check")},
		{"an unset variable", given(`{"subdomain":"${NO_SUCH_VARIABLE}",`+key+`}`, "check")},
		{"a date that is none", given(`{"subdomain":"acme","start_date":"01/31/2026",`+key+`}`, "check")},
		{"dates the wrong way round", given(`{"subdomain":"acme","start_date":"2026-02-01","end_date":"2026-01-01",`+key+`}`, "check")},
		{"no file", func(t *testing.T) string {
			return outputOf(t, call{args: []string{"check", "--config", filepath.Join(t.TempDir(), "config.json")}})
		}},
		{"an unknown setting", given(`{"subdomain":"acme","page_size":100,`+key+`}`, "read", "--sandbox", "--catalog", file(t, "catalog.json", catalogFile("incremental", "tags")))},
		{"an unknown stream", read(unchanged, "tickets", "chats")},
		{"no catalog", func(t *testing.T) string {
			return outputOf(t, call{args: []string{"read", "--sandbox", "--catalog", file(t, "catalog.json", "{}")}})
		}},
		{"a state of the future", func(t *testing.T) string {
			return outputOf(t, call{args: []string{"read", "--sandbox", "--state", file(t, "state.json", state+`{"version":3}}}]`)}})
		}},
		{"no configuration", func(t *testing.T) string { return outputOf(t, call{args: []string{"read"}}) }},
		{"an app without permission", app(func(s *sandbox.Server) { s.RefreshToken = "another" }, `"client_id":"app",`+secret+`,"refresh_token":"a-refresh-token"`, "check")},
		{"an unknown app", app(unchanged, `"client_id":"another",`+secret+`,"refresh_token":"a-refresh-token"`, "check")},
		{"a token of yesterday", app(unchanged, `"access_token":"of-yesterday"`, "check")},
		{"a tap whose values do not fit", func(t *testing.T) string {
			box := small()
			box.Fail = func(r *http.Request) *sandbox.Fault {
				switch r.URL.Path {
				case "/api/tags":
					return respond(200, `{"data":[{"id":1,"usage":"many"},{"id":"abc"},{"id":2,"usage":NaN}],"meta":{"next_cursor":null}}`)
				case "/api/tickets":
					return respond(200, `{"data":[{"id":1,"updated_datetime":"2026-01-02T03:04","tags":[{"name":"x"}]}],"meta":{"next_cursor":null}}`)
				}
				return nil
			}
			return outputOf(t, call{tap: true, args: []string{"--config", serveSandbox(t, box)}})
		}},
		{"events without ids", read(func(s *sandbox.Server) {
			s.Fail = func(r *http.Request) *sandbox.Fault {
				if r.URL.Path == "/api/events" {
					return respond(200, `{"data":[{"id":1.5,"type":"ticket-deleted"}],"meta":{"next_cursor":null}}`)
				}
				return nil
			}
		}, "tickets")},
		{"a tap that is interrupted", func(t *testing.T) string {
			box := small()
			box.Limit, box.Window = 1, time.Hour
			began := make(chan struct{}, 1000)
			box.Log = func(*http.Request, int) { began <- struct{}{} }
			return outputOf(t, call{tap: true, args: []string{"--config", serveSandbox(t, box)}, at: func(p *os.Process) {
				<-began
				_ = p.Signal(syscall.SIGTERM)
			}})
		}},
	}
}

// expiredEvents resumes after a time for which the account has no events any
// more.
func expiredEvents(t *testing.T) (text string) {
	discoveredStreams(t)
	synctest.Test(t, func(t *testing.T) {
		box := small()
		box.Quirks.EventRetention, box.ChangeRate = 24*time.Hour, 1
		h := newFixture(t, box)
		marks := map[string]state.Bookmark{}
		for range 2 {
			for batch, err := range h.plan([]string{"tickets"}, marks).Run(t.Context()) {
				if err != nil {
					t.Error(err)
				}
				text += batch.Warning
				marks["tickets"] = batch.Bookmark
			}
			time.Sleep(10 * 24 * time.Hour)
		}
	})
	return text
}

// reconciled syncs a stream, and again after a change and more days than a
// reconciliation may take. It returns the warnings.
func reconciled(name string, change func(*sandbox.Server, *connector.Plan)) func(t *testing.T) string {
	return func(t *testing.T) (text string) {
		discoveredStreams(t)
		synctest.Test(t, func(t *testing.T) {
			box := small()
			box.Size.Tickets = 700 // on pages of one, more than five minutes of the rate limit
			h := newFixture(t, box)
			marks := map[string]state.Bookmark{}
			for i := range 2 {
				plan := h.plan([]string{name}, marks)
				plan.ReconcileEvery, plan.ReconcileNow = 7*24*time.Hour, i > 0
				if i > 0 {
					change(box, plan)
				}
				for batch, err := range plan.Run(t.Context()) {
					if err != nil {
						t.Error(err)
					}
					text += batch.Warning
					marks[name] = batch.Bookmark
				}
				time.Sleep(10 * 24 * time.Hour)
			}
		})
		return text
	}
}

// A failingNetwork is a network on which every request fails.
type failingNetwork func() error

func (w failingNetwork) RoundTrip(*http.Request) (*http.Response, error) { return nil, w() }

// outputOf runs the program and returns what a user would read.
func outputOf(t *testing.T, c call) string {
	t.Helper()
	var tr *transcript
	if c.at != nil {
		tr = c.run(t)
	} else {
		tr = c.inside(t)
	}
	return errorsOf(tr) + string(tr.stderr)
}

// errorsOf returns the errors and warnings of a transcript, one per line.
func errorsOf(tr *transcript) string {
	var all strings.Builder
	if tr.tap != nil {
		return ""
	}
	for _, m := range tr.messages() {
		switch {
		case m.Connection != nil:
			all.WriteString(m.Connection.Message + "\n")
		case m.Trace != nil && m.Trace.Error != nil:
			all.WriteString(m.Trace.Error.Message + "\n")
		case m.Log != nil && m.Log.Level != "INFO":
			all.WriteString(m.Log.Message + "\n")
		}
	}
	return all.String()
}
