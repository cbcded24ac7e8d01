package integration_tests

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"source-gorgias/connector/sandbox"
)

// A wrongInput is a call of the program with an invalid input. fakeSecret never
// appears in the output.
type wrongInput struct {
	name  string
	args  string // ORIGIN stands for the address of box
	files []string
	env   []string
	tap   bool
	box   *sandbox.Server // nil: there is no server
}

const fakeSecret = "top-s3cret+4711"

// settings is a valid config.json with these settings added.
func settings(rest string) []string {
	return []string{"config.json", `{"subdomain": "acme", "credentials": {"email": "a@acme.com", "api_key": "` + fakeSecret + `"}` + rest + `}`}
}

func respondingWith(f sandbox.Fault, paths ...string) *sandbox.Server {
	return &sandbox.Server{Email: "a@acme.com", APIKey: fakeSecret, Limit: unlimited, Size: sandbox.Size{Tickets: 3, Messages: 3},
		ClientID: "app", ClientSecret: fakeSecret, RefreshToken: "refresh-" + fakeSecret,
		Fail: func(r *http.Request) *sandbox.Fault {
			if len(paths) == 0 || slices.Contains(paths, r.URL.Path) {
				return new(f)
			}
			return nil
		}}
}

func wrongInputs() []wrongInput {
	const check, read = "check --config config.json", "read --sandbox --catalog catalog.json"
	const tap, start = "--config config.json", "read --sandbox --catalog catalog.json --state state.json"
	catalog := func(text string) []string { return []string{"catalog.json", text} }
	quiet := []string{"TAP_GORGIAS_LOGLEVEL=WARNING"} // without metrics
	tags := `{"streams": [{"stream": {"name": "tags"}, "sync_mode": "full_refresh"}]}`
	tickets := `{"streams": [{"stream": {"name": "tickets"}, "sync_mode": "incremental"}]}`
	state := func(text string) []string { return append(catalog(tickets), "state.json", text) }
	sung := func(text string) []string {
		return append(catalog(`{"streams": [{"tap_stream_id": "tickets"}]}`), "state.json", text)
	}
	config := func(text string) []string { return []string{"config.json", text} }
	there := settings(`, "base_url": "ORIGIN"`)
	app := func(refresh, secret string) []string {
		return config(`{"subdomain": "acme", "base_url": "ORIGIN", "credentials": {"auth_type": "oauth2.0", "client_id": "app", "client_secret": "` + secret + `", "refresh_token": "` + refresh + `"}}`)
	}
	return []wrongInput{
		// Responses that are retried: these take longest.
		{name: "response: HTML", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>" + fakeSecret})},
		{name: "response: a string", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 200, Body: `"` + fakeSecret + `"`})},
		{name: "response: none", args: check, files: settings(`, "base_url": "http://127.0.0.1:1"`)},
		{name: "response: none, for plan", args: "plan --config config.json", files: settings(`, "base_url": "http://127.0.0.1:1"`)},

		// Not a JSON object.
		{name: "config: empty", args: check, files: config("")},
		{name: "config: YAML", args: check, files: config("subdomain: acme\nemail: a@acme.com\napi_key: [" + fakeSecret + "\n")},
		{name: "config: YAML, for a tap", tap: true, args: tap, files: config("connections:\n  GORGIAS:\n    type: api\n    secrets: {api_key: " + fakeSecret + "}\n")},
		{name: "config: YAML in braces", args: check, files: config("{ type: api, spec: gorgias, secrets: { api_key: " + fakeSecret + " } }")},
		{name: "config: HTML", args: check, files: config("<!DOCTYPE html><p>" + fakeSecret)},
		{name: "config: a list", args: check, files: config(`["` + fakeSecret + `"]`)},
		{name: "config: a string", args: check, files: config(`"` + fakeSecret + `"`)},
		{name: "config: UTF-16", args: check, files: config("\xff\xfe{\x00\"\x00s\x00")},
		{name: "config: truncated", args: check, files: config(`{"subdomain": "acme", "api_key": "` + fakeSecret)},
		{name: "config: a comma too many", args: check, files: config("{\n  \"subdomain\": \"acme\",\n  \"api_key\": \"" + fakeSecret + "\",\n}")},
		{name: "config: a comma too few", args: check, files: config("{\n  \"subdomain\": \"acme\"\n  \"api_key\": \"" + fakeSecret + "\"\n}")},
		{name: "config: single quotation marks", args: check, files: config(`{'subdomain': 'acme', 'api_key': '` + fakeSecret + `'}`)},
		{name: "config: a comment", args: check, files: config("{\n  // the key\n  \"api_key\": \"" + fakeSecret + "\"\n}")},
		{name: "config: two objects", args: check, files: config(`{"subdomain": "acme"} {"api_key": "` + fakeSecret + `"}`)},

		// Missing or misspelled settings.
		{name: "config: an empty object", args: check, files: config(`{}`)},
		{name: "config: an empty object, for discover", args: "discover --config config.json", files: config(`{}`)},
		{name: "config: an empty object, for a tap", tap: true, args: tap, files: config(`{}`)},
		{name: "config: no key", args: check, files: config(`{"domain_name": "acme", "username": "a@acme.com"}`)},
		{name: "config: no subdomain, but something like it", args: check, files: config(`{"sub_domian": "acme", "email": "a@acme.com", "api_key": "` + fakeSecret + `"}`)},
		{name: "config: no key, but something like it", args: check, files: config(`{"subdomain": "acme", "credentials": {"email": "a@acme.com", "apiKey": "` + fakeSecret + `"}}`)},
		{name: "config: a setting misspelled", args: "read --sandbox --config config.json --catalog catalog.json", files: append(config(`{"star_date": "2026-01-01", "concurency": 2, "colour": 1}`), catalog(`{"streams": []}`)...)},
		{name: "config: a setting misspelled, for a tap", tap: true, env: quiet, args: "--sandbox --config config.json --catalog catalog.json", files: append(config(`{"Start-Date": "2026-01-01"}`), catalog(`{"streams": []}`)...)},
		{name: "config: OAuth2 without its secret", args: check, files: config(`{"subdomain": "acme", "credentials": {"auth_type": "oauth2.0", "client_id": "app", "refresh_token": "` + fakeSecret + `"}}`)},
		{name: "config: a Sling connection without its key", args: check, files: config(`{"connections": {"HELPDESK": {"type": "api", "spec": "gorgias", "secrets": {"subdomain": "acme", "email": "a@acme.com"}}}}`)},
		{name: "config: a Sling environment without Gorgias", args: check, files: config(`{"connections": {"PG": {"type": "postgres", "password": "` + fakeSecret + `"}}}`)},

		// Wrong types and values.
		{name: "config: credentials as a string", args: check, files: config(`{"subdomain": "acme", "credentials": "` + fakeSecret + `"}`)},
		{name: "config: an unknown type of credentials", args: check, files: config(`{"subdomain": "acme", "credentials": {"auth_type": "` + fakeSecret + `", "api_key": "x"}}`)},
		{name: "config: a number for a string", args: check, files: config(`{"subdomain": 7, "email": "a@acme.com", "api_key": ["` + fakeSecret + `"]}`)},
		{name: "config: numbers out of bounds", args: check, files: settings(`, "overlap": -1, "concurrency": 50, "rate_limit_reserve": 1, "jobs_window": 1000`)},
		{name: "config: strings for numbers", args: check, files: settings(`, "overlap": "ten minutes", "concurrency": "` + fakeSecret + `"`)},
		{name: "config: a value outside the enumeration", args: check, files: settings(`, "deletes": "soft"`)},
		{name: "config: another helpdesk", args: check, files: config(`{"subdomain": "acme.zendesk.com", "email": "a@acme.com", "api_key": "` + fakeSecret + `"}`)},
		{name: "config: an email address for a subdomain", args: check, files: config(`{"domain": "a@acme.com", "email": "a@acme.com", "api_key": "` + fakeSecret + `"}`)},
		{name: "config: a shop's name for a subdomain", args: check, files: config(`{"subdomain": "Acme & Sons", "email": "a@acme.com", "api_key": "` + fakeSecret + `"}`)},
		{name: "config: API key and email address exchanged", args: check, files: config(`{"subdomain": "acme", "username": "` + fakeSecret + `", "password": "a@acme.com"}`)},
		{name: "config: an unresolved placeholder", args: check, files: config(`{"subdomain": "acme", "email": "a@acme.com", "api_key": "${` + fakeSecret + `}"}`)},
		{name: "config: dates in other formats", args: check, files: settings(`, "start_date": "31.1.2026", "interval_end": "next week"`)},
		{name: "config: a day that does not exist", args: check, files: settings(`, "anchor_date": "2026-02-30"`)},
		{name: "config: a date as a number", args: check, files: settings(`, "start_date": 20260131`)},
		{name: "config: an end before its start", args: check, files: settings(`, "interval_start": "2026-02-01", "interval_end": "2026-01-01"`)},
		{name: "config: a base URL with a path", args: check, files: settings(`, "base_url": "https://proxy.example.com/api"`)},
		{name: "config: a base URL with a password", args: check, files: settings(`, "base_url": "https://me:` + fakeSecret + `@proxy.example.com"`)},
		{name: "config: a base URL without https", args: check, files: settings(`, "base_url": "proxy.example.com"`)},
		{name: "config: a base URL in a shared deployment", args: check, env: []string{"DEPLOYMENT_MODE=cloud"}, files: settings(`, "base_url": "https://proxy.example.com"`)},
		{name: "config: excluded fields that do not exist", args: check, files: settings(`, "exclude_fields": ["tickets", "ticket.subject", "tickets.colour", "tickets.id"]`)},
		{name: "config: excluded fields that are not a list", args: check, files: settings(`, "exclude_fields": {"tickets": ["subject"]}`)},
		{name: "config: hashed fields without a salt", args: check, files: settings(`, "hash_fields": ["customers.email"]`)},
		{name: "config: a salt too short", args: check, files: settings(`, "hash_fields": ["customers.email"], "hash_salt": "` + fakeSecret + `"`)},
		{name: "config: a privacy setting misspelled", args: check, files: settings(`, "exclude_field": ["customers.email"]`)},
		{name: "config: a boolean that is none", args: check, files: settings(`, "mask_secrets": "perhaps"`)},
		{name: "config: a report without its scope", args: check, files: settings(`, "reports": [{"dimensions": ["channel"]}]`)},
		{name: "config: a report with a name misspelled", args: check, files: settings(`, "reports": [{"scope": "tickets-created"}, {"scope": "tickets-created", "dimension": ["channel"]}]`)},
		{name: "config: a report in an unknown time zone", args: check, files: settings(`, "reports": [{"scope": "tickets-created", "timezone": "Middle Earth"}]`)},
		{name: "config: two reports with the same name", args: check, files: settings(`, "reports": [{"scope": "tickets-created", "name": "new"}, {"scope": "tags", "name": "new"}]`)},
		{name: "config: a report that is no object", args: check, files: settings(`, "reports": ["tickets-created"], "statistics_window": 1000`)},

		// URIs.
		{name: "URI: no subdomain", args: "check --config gorgias://?email=a@acme.com&api_key=" + fakeSecret},
		{name: "URI: a path", args: "check --config gorgias://acme/tickets?email=a@acme.com&api_key=" + fakeSecret},
		{name: "URI: no key", args: "check --config gorgias://acme?email=a@acme.com"},
		{name: "URI: a parameter twice", args: "check --config gorgias://acme?api_key=1&api_key=" + fakeSecret},
		{name: "URI: a parameter misspelled", args: "check --config gorgias://acme?email=a@acme.com&apikey=" + fakeSecret},
		{name: "URI: a character that is not escaped", args: "check --config gorgias://acme?email=a@acme.com&api_key=%zz" + fakeSecret},
		{name: "URI: another scheme", args: "check --config https://acme.gorgias.com?api_key=" + fakeSecret},
		{name: "URI: tokens to be saved in it", args: "check --save-tokens --config gorgias://acme?refresh_token=" + fakeSecret},

		// Files.
		{name: "file: missing", args: "read --config nowhere.json"},
		{name: "file: missing, for a tap", tap: true, args: "--sandbox --catalog nowhere.json"},
		{name: "file: a directory", args: "read --sandbox --state ."},
		{name: "file: its content in place of its name", args: `check --config {"api_key":"` + fakeSecret + `"}`},
		{name: "file: no name", args: "check --config="},

		// Arguments.
		{name: "arguments: none"},
		{name: "arguments: none, for a tap", tap: true},
		{name: "arguments: a command misspelled", args: "reed --config config.json"},
		{name: "arguments: no command at all", args: fakeSecret},
		{name: "arguments: a flag misspelled", args: "read --cofnig config.json"},
		{name: "arguments: a flag misspelled, for a tap", tap: true, args: "--confg config.json"},
		{name: "arguments: a flag of another command", args: "check --sandbox --catalog catalog.json"},
		{name: "arguments: a flag that may be a value", tap: true, args: "-p" + fakeSecret},
		{name: "arguments: a flag without its value", args: "read --config"},
		{name: "arguments: a boolean that is none", args: "read --sandbox=" + fakeSecret},
		{name: "arguments: a number that is none", args: "sandbox --seed " + fakeSecret},
		{name: "arguments: flags before the command", args: "--config config.json read"},
		{name: "arguments: a command, for a tap", tap: true, args: "read --config config.json"},
		{name: "arguments: a file without its flag", args: "read --sandbox " + fakeSecret},
		{name: "arguments: no config", args: "check"},
		{name: "arguments: no config, for a tap", tap: true, args: "--catalog catalog.json"},
		{name: "arguments: no state file", args: "state"},
		{name: "arguments: an invalid state file", args: "state --state state.json", files: []string{"state.json", `["` + fakeSecret + `"]`}},
		{name: "arguments: an unknown format", tap: true, args: "--about --format yaml"},
		{name: "arguments: an unknown test", tap: true, args: "--sandbox --test=" + fakeSecret},
		{name: "arguments: no file to save tokens in", tap: true, args: "--config config.json --save-tokens", files: settings("")},

		// The environment.
		{name: "environment: a number that is none", tap: true, args: "--config ENV --sandbox", env: []string{"TAP_GORGIAS_CONCURRENCY=many"}},
		{name: "environment: incomplete credentials", tap: true, args: "--config ENV", env: []string{"TAP_GORGIAS_SUBDOMAIN=acme", "TAP_GORGIAS_PASSWORD=" + fakeSecret}},
		{name: "environment: nothing", tap: true, args: "--config ENV"},

		// Catalogs.
		{name: "catalog: empty", args: read, files: catalog("")},
		{name: "catalog: truncated", args: read, files: catalog(`{"streams": [{"stream":`)},
		{name: "catalog: an object without streams", args: read, files: catalog(`{"stream": {}}`)},
		{name: "catalog: a list", args: read, files: catalog(`[]`)},
		{name: "catalog: as discover writes it", args: read, files: catalog(`{"type": "CATALOG", "catalog": {"streams": [{"name": "tags"}]}}`)},
		{name: "catalog: not configured", args: read, files: catalog(`{"streams": [{"name": "tags", "json_schema": {}}]}`)},
		{name: "catalog: names in a list", args: read, files: catalog(`{"streams": ["tags"]}`)},
		{name: "catalog: an unknown sync mode", args: read, files: catalog(`{"streams": [{"stream": {"name": "tags"}, "sync_mode": "append"}]}`)},
		{name: "catalog: a stream twice", args: read, files: catalog(`{"streams": [{"stream": {"name": "tags"}, "sync_mode": "full_refresh"}, {"stream": {"name": "tags"}, "sync_mode": "incremental"}]}`)},
		{name: "catalog: an unknown stream", args: read, files: catalog(`{"streams": [{"stream": {"name": "ticket"}, "sync_mode": "incremental"}]}`)},
		{name: "catalog: a stream as another connector calls it", args: read, files: catalog(`{"streams": [{"stream": {"name": "messages"}, "sync_mode": "incremental"}]}`)},
		{name: "catalog: an unknown stream, for a tap", tap: true, env: quiet, args: "--sandbox --catalog catalog.json", files: catalog(`{"streams": [{"tap_stream_id": "ticket"}]}`)},
		{name: "catalog: a key that is not in its schema", tap: true, args: "--sandbox --catalog catalog.json", files: catalog(`{"streams": [{"tap_stream_id": "tags", "key_properties": ["uuid"]}]}`)},
		{name: "catalog: a schema that is none", tap: true, args: "--sandbox --catalog catalog.json", files: catalog(`{"streams": [{"tap_stream_id": "tags", "schema": {"type": "object", "properties": {"id": {"type": "whole"}}}}]}`)},
		{name: "catalog: YAML, for a tap", tap: true, args: "--sandbox --catalog catalog.json", files: catalog("streams:\n- tap_stream_id: tags\n")},

		// States.
		{name: "state: truncated", args: start, files: state(`[{"type": "STREAM"`)},
		{name: "state: a string", args: start, files: state(`"` + fakeSecret + `"`)},
		{name: "state: of another source", args: start, files: state(`{"orders": {"updated_at": "2026-01-01"}}`)},
		{name: "state: an entry without a stream", args: start, files: state(`[{"type": "STREAM", "stream": {"stream_state": {}}}]`)},
		{name: "state: shared", args: start, files: state(`[{"type": "GLOBAL", "global": {"shared_state": {"x": 1}, "stream_states": []}}]`)},
		{name: "state: an invalid timestamp", args: start, files: state(`{"tickets": {"updated_datetime": "` + fakeSecret + `"}}`)},
		{name: "state: unknown fields", args: start, files: state(`{"tickets": {"offset": 7}}`)},
		{name: "state: of a later version", args: start, files: state(`{"tickets": {"version": 3}}`)},
		{name: "state: edited by hand", args: start, files: state(`{"tickets": {"version": 2, "watermark": 7}}`)},
		{name: "state: truncated, for a tap", tap: true, args: "--sandbox --catalog catalog.json --state state.json", files: sung(`{"bookmarks": {`)},
		{name: "state: bookmarks in a list, for a tap", tap: true, args: "--sandbox --catalog catalog.json --state state.json", files: sung(`{"bookmarks": []}`)},
		{name: "state: without bookmarks, for a tap", tap: true, args: "--sandbox --catalog catalog.json --state state.json", files: sung(`{"offset": 7}`)},
		{name: "state: an invalid timestamp, for a tap", tap: true, args: "--sandbox --catalog catalog.json --state state.json", files: sung(`{"bookmarks": {"tickets": {"updated_datetime": "` + fakeSecret + `"}}}`)},

		// Responses.
		{name: "response: 401", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 401})},
		{name: "response: 401, for a tap", tap: true, args: "--config config.json --catalog catalog.json", env: quiet, files: append(slices.Clone(there), catalog(`{"streams": [{"tap_stream_id": "tags"}]}`)...), box: respondingWith(sandbox.Fault{Status: 401})},
		{name: "response: 403", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 403})},
		{name: "response: 403 for one list", args: "read --config config.json --catalog catalog.json", files: append(slices.Clone(there), catalog(tags)...), box: respondingWith(sandbox.Fault{Status: 403}, "/api/tags")},
		{name: "response: 403 for one list, for a tap", tap: true, env: quiet, args: "--config config.json --catalog catalog.json", files: append(slices.Clone(there), catalog(`{"streams": [{"tap_stream_id": "tags"}]}`)...), box: respondingWith(sandbox.Fault{Status: 403}, "/api/tags")},
		{name: "response: 404", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 404})},
		{name: "response: 503", args: check, files: there, box: respondingWith(*unavailable())},
		{name: "response: a redirect to another host", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 301, Header: http.Header{"Location": {"https://other.gorgias.com/api/account"}}})},
		{name: "response: truncated JSON", args: check, files: there, box: respondingWith(sandbox.Fault{Truncate: 40})},
		{name: "response: another content type", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 200, Header: http.Header{"Content-Type": {"text/plain"}}, Body: `{}`})},
		{name: "response: no TLS", args: check, files: settings(`, "base_url": "httpsORIGIN"`), box: respondingWith(sandbox.Fault{Status: 200})},
		{name: "response: a revoked refresh token", args: check, files: app("refresh-of-old", fakeSecret), box: respondingWith(sandbox.Fault{}, "none")},
		{name: "response: a wrong client secret", args: check, files: app("refresh-"+fakeSecret, "secret-of-another"), box: respondingWith(sandbox.Fault{}, "none")},
		{name: "response: an expired access token", args: check, files: config(`{"subdomain": "acme", "base_url": "ORIGIN", "access_token": "` + fakeSecret + `"}`), box: respondingWith(sandbox.Fault{}, "none")},
	}
}

// TestWrongInputs compares the output for every wrong input with
// testdata/wrong_inputs.golden. -update rewrites the file. Read it then: each
// message must be clear to a user who sees the program for the first time.
func TestWrongInputs(t *testing.T) {
	t.Parallel()
	all := wrongInputs()
	outputs := make([]string, len(all))
	program(t)
	var wait sync.WaitGroup
	queue := make(chan struct{}, 8) // some only wait for a response
	for i, m := range all {
		queue <- struct{}{}
		wait.Go(func() {
			defer func() { <-queue }()
			outputs[i] = m.run(namedTB{t, m.name})
		})
	}
	wait.Wait()
	var text strings.Builder
	for i, m := range all {
		fmt.Fprintf(&text, "-- %s --\n%s\n", m.name, outputs[i])
	}
	path := filepath.Join("testdata", "wrong_inputs.golden")
	if *update {
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	was := sections(string(golden))
	is := sections(text.String())
	for _, m := range all {
		if was[m.name] != is[m.name] {
			t.Errorf("%s: got\n%s\nwant\n%s", m.name, is[m.name], cmp.Or(was[m.name], "nothing\n"))
		}
	}
	if len(was) != len(all) {
		t.Errorf("%d inputs, and %d in the golden file", len(all), len(was))
	}
}

var heading = regexp.MustCompile(`(?m)^-- (.+) --\n`)

// sections are the parts of a golden file by their headings.
func sections(text string) map[string]string {
	parts := map[string]string{}
	at := heading.FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		parts[text[m[2]:m[3]]] = strings.TrimSpace(text[m[1]:end])
	}
	return parts
}

// namedTB adds the name of an input to its errors.
type namedTB struct {
	testing.TB
	name string
}

func (n namedTB) Errorf(format string, args ...any) { n.TB.Errorf(n.name+": "+format, args...) }

// variableParts differ from run to run.
var variableParts = []struct {
	pattern *regexp.Regexp
	stands  string
}{
	{regexp.MustCompile(`"emitted_at":\d+`), `"emitted_at":0`},
	{regexp.MustCompile(`https?://127\.0\.0\.1:\d{4,}`), "ORIGIN"},
	{regexp.MustCompile(`127\.0\.0\.1:\d{4,}`), "HOST"},
	{regexp.MustCompile(`trying again in [0-9ms]+`), "trying again in …"},
	{regexp.MustCompile(`Summary: [^"\n]*`), `Summary: …`},
	{regexp.MustCompile(`"schema":\{.*\},"key_properties"`), `"schema":{…},"key_properties"`},
}

// run calls the program and returns the input and all output.
func (m wrongInput) run(t testing.TB) string {
	// The proxy keeps accepted inputs from reaching the internet.
	c := call{tap: m.tap, args: strings.Fields(m.args), dir: t.TempDir(), env: append([]string{"HTTPS_PROXY=http://127.0.0.1:1"}, m.env...)}
	origin := ""
	if m.box != nil {
		srv := httptest.NewServer(m.box)
		defer srv.Close()
		origin = srv.URL
	}
	var text strings.Builder
	for i := 0; i < len(m.files); i += 2 {
		name, content := m.files[i], m.files[i+1]
		fmt.Fprintf(&text, "%s:\n%s", name, indented(content))
		content = strings.ReplaceAll(content, "httpsORIGIN", "https"+strings.TrimPrefix(origin, "http"))
		content = strings.ReplaceAll(content, "ORIGIN", origin)
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, set := range m.env {
		text.WriteString(set + " ")
	}
	tr := c.run(t)
	fmt.Fprintf(&text, "$ %s %s\nexit code %d\n", c.name(), m.args, tr.code)
	for _, out := range []struct {
		name string
		text []byte
	}{{"standard output", tr.stdout}, {"standard error", tr.stderr}} {
		seen := string(out.text)
		for _, p := range variableParts {
			seen = p.pattern.ReplaceAllString(seen, p.stands)
		}
		if seen != "" {
			text.WriteString(out.name + ":\n" + indented(seen))
		}
	}
	return text.String()
}

func indented(text string) string {
	var out strings.Builder
	for line := range strings.Lines(strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "�"), "�")) {
		out.WriteString("    " + strings.TrimSuffix(line, "\n") + "\n")
	}
	return out.String()
}
