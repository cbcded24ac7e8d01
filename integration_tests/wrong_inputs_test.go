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

// A mistake is something that people give to the program, and that does not
// fit. What stands in it for a secret is never shown.
type wrongInput struct {
	name  string
	args  string // ORIGIN is where the account is
	files []string
	env   []string
	tap   bool
	box   *sandbox.Server // at ORIGIN; nil = nobody is
}

const fakeSecret = "top-s3cret+4711"

// settings is a config.json with these in place of what the good one has.
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
	quiet := []string{"TAP_GORGIAS_LOGLEVEL=WARNING"} // figures are no answer
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
		// Answers that are asked for again: these take longest.
		{name: "answer: HTML", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>" + fakeSecret})},
		{name: "answer: a text", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 200, Body: `"` + fakeSecret + `"`})},
		{name: "answer: none", args: check, files: settings(`, "base_url": "http://127.0.0.1:1"`)},

		// What is no JSON object.
		{name: "config: empty", args: check, files: config("")},
		{name: "config: YAML", args: check, files: config("subdomain: acme\nemail: a@acme.com\napi_key: " + fakeSecret + "\n")},
		{name: "config: YAML, for a tap", tap: true, args: tap, files: config("connections:\n  GORGIAS:\n    type: api\n    secrets: {api_key: " + fakeSecret + "}\n")},
		{name: "config: YAML in braces", args: check, files: config("{ type: api, spec: gorgias, secrets: { api_key: " + fakeSecret + " } }")},
		{name: "config: HTML", args: check, files: config("<!DOCTYPE html><p>" + fakeSecret)},
		{name: "config: a list", args: check, files: config(`["` + fakeSecret + `"]`)},
		{name: "config: a text", args: check, files: config(`"` + fakeSecret + `"`)},
		{name: "config: UTF-16", args: check, files: config("\xff\xfe{\x00\"\x00s\x00")},
		{name: "config: cut short", args: check, files: config(`{"subdomain": "acme", "api_key": "` + fakeSecret)},
		{name: "config: a comma too many", args: check, files: config("{\n  \"subdomain\": \"acme\",\n  \"api_key\": \"" + fakeSecret + "\",\n}")},
		{name: "config: a comma too few", args: check, files: config("{\n  \"subdomain\": \"acme\"\n  \"api_key\": \"" + fakeSecret + "\"\n}")},
		{name: "config: single quotation marks", args: check, files: config(`{'subdomain': 'acme', 'api_key': '` + fakeSecret + `'}`)},
		{name: "config: a comment", args: check, files: config("{\n  // the key\n  \"api_key\": \"" + fakeSecret + "\"\n}")},
		{name: "config: two objects", args: check, files: config(`{"subdomain": "acme"} {"api_key": "` + fakeSecret + `"}`)},

		// What is missing, or is called otherwise.
		{name: "config: nothing in it", args: check, files: config(`{}`)},
		{name: "config: nothing in it, for discover", args: "discover --config config.json", files: config(`{}`)},
		{name: "config: nothing in it, for a tap", tap: true, args: tap, files: config(`{}`)},
		{name: "config: no key", args: check, files: config(`{"domain_name": "acme", "username": "a@acme.com"}`)},
		{name: "config: no subdomain, but something like it", args: check, files: config(`{"sub_domian": "acme", "email": "a@acme.com", "api_key": "` + fakeSecret + `"}`)},
		{name: "config: no key, but something like it", args: check, files: config(`{"subdomain": "acme", "credentials": {"email": "a@acme.com", "apiKey": "` + fakeSecret + `"}}`)},
		{name: "config: a setting misspelled", args: "read --sandbox --config config.json --catalog catalog.json", files: append(config(`{"star_date": "2026-01-01", "concurency": 2, "colour": 1}`), catalog(`{"streams": []}`)...)},
		{name: "config: a setting misspelled, for a tap", tap: true, env: quiet, args: "--sandbox --config config.json --catalog catalog.json", files: append(config(`{"Start-Date": "2026-01-01"}`), catalog(`{"streams": []}`)...)},
		{name: "config: OAuth2 without its secret", args: check, files: config(`{"subdomain": "acme", "credentials": {"auth_type": "oauth2.0", "client_id": "app", "refresh_token": "` + fakeSecret + `"}}`)},
		{name: "config: a connection of Sling without its key", args: check, files: config(`{"connections": {"HELPDESK": {"type": "api", "spec": "gorgias", "secrets": {"subdomain": "acme", "email": "a@acme.com"}}}}`)},
		{name: "config: an environment of Sling without us", args: check, files: config(`{"connections": {"PG": {"type": "postgres", "password": "` + fakeSecret + `"}}}`)},

		// What is of another kind, or out of bounds.
		{name: "config: credentials as a text", args: check, files: config(`{"subdomain": "acme", "credentials": "` + fakeSecret + `"}`)},
		{name: "config: a kind of credentials that does not exist", args: check, files: config(`{"subdomain": "acme", "credentials": {"auth_type": "` + fakeSecret + `", "api_key": "x"}}`)},
		{name: "config: a number for a text", args: check, files: config(`{"subdomain": 7, "email": "a@acme.com", "api_key": ["` + fakeSecret + `"]}`)},
		{name: "config: numbers out of bounds", args: check, files: settings(`, "overlap": -1, "concurrency": 50, "rate_limit_reserve": 1, "jobs_window": 1000`)},
		{name: "config: texts for numbers", args: check, files: settings(`, "overlap": "ten minutes", "concurrency": "` + fakeSecret + `"`)},
		{name: "config: a choice that is none", args: check, files: settings(`, "deletes": "soft"`)},
		{name: "config: another helpdesk", args: check, files: config(`{"subdomain": "acme.zendesk.com", "email": "a@acme.com", "api_key": "` + fakeSecret + `"}`)},
		{name: "config: an e-mail address for a subdomain", args: check, files: config(`{"domain": "a@acme.com", "email": "a@acme.com", "api_key": "` + fakeSecret + `"}`)},
		{name: "config: a shop's name for a subdomain", args: check, files: config(`{"subdomain": "Acme & Sons", "email": "a@acme.com", "api_key": "` + fakeSecret + `"}`)},
		{name: "config: key and e-mail exchanged", args: check, files: config(`{"subdomain": "acme", "username": "` + fakeSecret + `", "password": "a@acme.com"}`)},
		{name: "config: a reference nobody filled in", args: check, files: config(`{"subdomain": "acme", "email": "a@acme.com", "api_key": "${` + fakeSecret + `}"}`)},
		{name: "config: a date as people write it", args: check, files: settings(`, "start_date": "31.1.2026", "interval_end": "next week"`)},
		{name: "config: a day there is not", args: check, files: settings(`, "anchor_date": "2026-02-30"`)},
		{name: "config: a date as a number", args: check, files: settings(`, "start_date": 20260131`)},
		{name: "config: an end before its start", args: check, files: settings(`, "interval_start": "2026-02-01", "interval_end": "2026-01-01"`)},
		{name: "config: a base URL with a path", args: check, files: settings(`, "base_url": "https://proxy.example.com/api"`)},
		{name: "config: a base URL with a password", args: check, files: settings(`, "base_url": "https://me:` + fakeSecret + `@proxy.example.com"`)},
		{name: "config: a base URL without https", args: check, files: settings(`, "base_url": "proxy.example.com"`)},
		{name: "config: a base URL where strangers configure", args: check, env: []string{"DEPLOYMENT_MODE=cloud"}, files: settings(`, "base_url": "https://proxy.example.com"`)},
		{name: "config: fields to leave out that do not exist", args: check, files: settings(`, "exclude_fields": ["tickets", "ticket.subject", "tickets.colour", "tickets.id"]`)},
		{name: "config: fields to leave out, but not as a list", args: check, files: settings(`, "exclude_fields": {"tickets": ["subject"]}`)},
		{name: "config: fields to hash without a salt", args: check, files: settings(`, "hash_fields": ["customers.email"]`)},
		{name: "config: a salt too short", args: check, files: settings(`, "hash_fields": ["customers.email"], "hash_salt": "` + fakeSecret + `"`)},
		{name: "config: a setting that conceals, misspelled", args: check, files: settings(`, "exclude_field": ["customers.email"]`)},
		{name: "config: a yes that is none", args: check, files: settings(`, "mask_secrets": "perhaps"`)},
		{name: "config: a report without its scope", args: check, files: settings(`, "reports": [{"dimensions": ["channel"]}]`)},
		{name: "config: a report with a name misspelled", args: check, files: settings(`, "reports": [{"scope": "tickets-created"}, {"scope": "tickets-created", "dimension": ["channel"]}]`)},
		{name: "config: a report in a time zone there is not", args: check, files: settings(`, "reports": [{"scope": "tickets-created", "timezone": "Middle Earth"}]`)},
		{name: "config: two reports that are called the same", args: check, files: settings(`, "reports": [{"scope": "tickets-created", "name": "new"}, {"scope": "tags", "name": "new"}]`)},
		{name: "config: a report that is no object", args: check, files: settings(`, "reports": ["tickets-created"], "reports_window": 1000`)},

		// Addresses.
		{name: "address: no subdomain", args: "check --config gorgias://?email=a@acme.com&api_key=" + fakeSecret},
		{name: "address: a path", args: "check --config gorgias://acme/tickets?email=a@acme.com&api_key=" + fakeSecret},
		{name: "address: no key", args: "check --config gorgias://acme?email=a@acme.com"},
		{name: "address: a parameter twice", args: "check --config gorgias://acme?api_key=1&api_key=" + fakeSecret},
		{name: "address: a parameter misspelled", args: "check --config gorgias://acme?email=a@acme.com&apikey=" + fakeSecret},
		{name: "address: a sign that is not escaped", args: "check --config gorgias://acme?email=a@acme.com&api_key=%zz" + fakeSecret},
		{name: "address: another scheme", args: "check --config https://acme.gorgias.com?api_key=" + fakeSecret},
		{name: "address: tokens to be saved in it", args: "check --save-tokens --config gorgias://acme?refresh_token=" + fakeSecret},

		// Files.
		{name: "file: none there", args: "read --config nowhere.json"},
		{name: "file: none there, for a tap", tap: true, args: "--sandbox --catalog nowhere.json"},
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
		{name: "arguments: a yes or no that is neither", args: "read --sandbox=" + fakeSecret},
		{name: "arguments: a number that is none", args: "sandbox --seed " + fakeSecret},
		{name: "arguments: flags before the command", args: "--config config.json read"},
		{name: "arguments: a command, for a tap", tap: true, args: "read --config config.json"},
		{name: "arguments: a file without its flag", args: "read --sandbox " + fakeSecret},
		{name: "arguments: no config", args: "check"},
		{name: "arguments: no config, for a tap", tap: true, args: "--catalog catalog.json"},
		{name: "arguments: no state to tell of", args: "state"},
		{name: "arguments: a state to tell of that is none", args: "state --state state.json", files: []string{"state.json", `["` + fakeSecret + `"]`}},
		{name: "arguments: a form that does not exist", tap: true, args: "--about --format yaml"},
		{name: "arguments: a test that does not exist", tap: true, args: "--sandbox --test=" + fakeSecret},
		{name: "arguments: tokens to be saved nowhere", tap: true, args: "--config config.json --save-tokens", files: settings("")},

		// The environment.
		{name: "environment: a number that is none", tap: true, args: "--config ENV --sandbox", env: []string{"TAP_GORGIAS_CONCURRENCY=many"}},
		{name: "environment: credentials that are not all there", tap: true, args: "--config ENV", env: []string{"TAP_GORGIAS_SUBDOMAIN=acme", "TAP_GORGIAS_PASSWORD=" + fakeSecret}},
		{name: "environment: nothing", tap: true, args: "--config ENV"},

		// Catalogs.
		{name: "catalog: empty", args: read, files: catalog("")},
		{name: "catalog: cut short", args: read, files: catalog(`{"streams": [{"stream":`)},
		{name: "catalog: an object without streams", args: read, files: catalog(`{"stream": {}}`)},
		{name: "catalog: a list", args: read, files: catalog(`[]`)},
		{name: "catalog: as discover writes it", args: read, files: catalog(`{"type": "CATALOG", "catalog": {"streams": [{"name": "tags"}]}}`)},
		{name: "catalog: not configured", args: read, files: catalog(`{"streams": [{"name": "tags", "json_schema": {}}]}`)},
		{name: "catalog: of a tap", args: read, files: catalog(`{"streams": [{"tap_stream_id": "tags"}]}`)},
		{name: "catalog: names in a list", args: read, files: catalog(`{"streams": ["tags"]}`)},
		{name: "catalog: a mode there is not", args: read, files: catalog(`{"streams": [{"stream": {"name": "tags"}, "sync_mode": "append"}]}`)},
		{name: "catalog: a stream twice", args: read, files: catalog(`{"streams": [{"stream": {"name": "tags"}, "sync_mode": "full_refresh"}, {"stream": {"name": "tags"}, "sync_mode": "incremental"}]}`)},
		{name: "catalog: a stream there is not", args: read, files: catalog(`{"streams": [{"stream": {"name": "ticket"}, "sync_mode": "incremental"}]}`)},
		{name: "catalog: a stream as another connector calls it", args: read, files: catalog(`{"streams": [{"stream": {"name": "messages"}, "sync_mode": "incremental"}]}`)},
		{name: "catalog: of Airbyte, for a tap", tap: true, args: "--sandbox --catalog catalog.json", files: catalog(tags)},
		{name: "catalog: a stream there is not, for a tap", tap: true, env: quiet, args: "--sandbox --catalog catalog.json", files: catalog(`{"streams": [{"tap_stream_id": "ticket"}]}`)},
		{name: "catalog: a key that is not in its schema", tap: true, args: "--sandbox --catalog catalog.json", files: catalog(`{"streams": [{"tap_stream_id": "tags", "key_properties": ["uuid"]}]}`)},
		{name: "catalog: a schema that is none", tap: true, args: "--sandbox --catalog catalog.json", files: catalog(`{"streams": [{"tap_stream_id": "tags", "schema": {"type": "object", "properties": {"id": {"type": "whole"}}}}]}`)},
		{name: "catalog: YAML, for a tap", tap: true, args: "--sandbox --catalog catalog.json", files: catalog("streams:\n- tap_stream_id: tags\n")},

		// States.
		{name: "state: cut short", args: start, files: state(`[{"type": "STREAM"`)},
		{name: "state: a text", args: start, files: state(`"` + fakeSecret + `"`)},
		{name: "state: of another source", args: start, files: state(`{"orders": {"updated_at": "2026-01-01"}}`)},
		{name: "state: an entry without a stream", args: start, files: state(`[{"type": "STREAM", "stream": {"stream_state": {}}}]`)},
		{name: "state: shared", args: start, files: state(`[{"type": "GLOBAL", "global": {"shared_state": {"x": 1}, "stream_states": []}}]`)},
		{name: "state: an instant that is none", args: start, files: state(`{"tickets": {"updated_datetime": "` + fakeSecret + `"}}`)},
		{name: "state: something else", args: start, files: state(`{"tickets": {"offset": 7}}`)},
		{name: "state: of a later version", args: start, files: state(`{"tickets": {"version": 2}}`)},
		{name: "state: altered by hand", args: start, files: state(`{"tickets": {"version": 1, "since": 7}}`)},
		{name: "state: cut short, for a tap", tap: true, args: "--sandbox --catalog catalog.json --state state.json", files: sung(`{"bookmarks": {`)},
		{name: "state: bookmarks in a list, for a tap", tap: true, args: "--sandbox --catalog catalog.json --state state.json", files: sung(`{"bookmarks": []}`)},
		{name: "state: of nothing, for a tap", tap: true, args: "--sandbox --catalog catalog.json --state state.json", files: sung(`{"offset": 7}`)},
		{name: "state: an instant that is none, for a tap", tap: true, args: "--sandbox --catalog catalog.json --state state.json", files: sung(`{"bookmarks": {"tickets": {"updated_datetime": "` + fakeSecret + `"}}}`)},

		// Answers.
		{name: "answer: 401", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 401})},
		{name: "answer: 401, for a tap", tap: true, args: "--config config.json --catalog catalog.json", env: quiet, files: append(slices.Clone(there), catalog(`{"streams": [{"tap_stream_id": "tags"}]}`)...), box: respondingWith(sandbox.Fault{Status: 401})},
		{name: "answer: 403", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 403})},
		{name: "answer: 403 for one list", args: "read --config config.json --catalog catalog.json", files: append(slices.Clone(there), catalog(tags)...), box: respondingWith(sandbox.Fault{Status: 403}, "/api/tags")},
		{name: "answer: 403 for one list, for a tap", tap: true, env: quiet, args: "--config config.json --catalog catalog.json", files: append(slices.Clone(there), catalog(`{"streams": [{"tap_stream_id": "tags"}]}`)...), box: respondingWith(sandbox.Fault{Status: 403}, "/api/tags")},
		{name: "answer: 404", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 404})},
		{name: "answer: 503", args: check, files: there, box: respondingWith(*notFound())},
		{name: "answer: moved to another host", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 301, Header: http.Header{"Location": {"https://other.gorgias.com/api/account"}}})},
		{name: "answer: JSON that is cut", args: check, files: there, box: respondingWith(sandbox.Fault{Truncate: 40})},
		{name: "answer: another content type", args: check, files: there, box: respondingWith(sandbox.Fault{Status: 200, Header: http.Header{"Content-Type": {"text/plain"}}, Body: `{}`})},
		{name: "answer: of no TLS", args: check, files: settings(`, "base_url": "httpsORIGIN"`), box: respondingWith(sandbox.Fault{Status: 200})},
		{name: "answer: a permission that was revoked", args: check, files: app("refresh-of-old", fakeSecret), box: respondingWith(sandbox.Fault{}, "none")},
		{name: "answer: a wrong client secret", args: check, files: app("refresh-"+fakeSecret, "secret-of-another"), box: respondingWith(sandbox.Fault{}, "none")},
		{name: "answer: an access token that has ended", args: check, files: config(`{"subdomain": "acme", "base_url": "ORIGIN", "access_token": "` + fakeSecret + `"}`), box: respondingWith(sandbox.Fault{}, "none")},
	}
}

// TestWrongInputs holds what the program says to people's mistakes, whole, in
// testdata/wrong_inputs.golden. -update rewrites it: read it then as somebody
// would who has never seen the program.
func TestWrongInputs(t *testing.T) {
	t.Parallel()
	all := wrongInputs()
	said := make([]string, len(all))
	program(t)
	var wait sync.WaitGroup
	queue := make(chan struct{}, 8) // some of them only wait, for an answer
	for i, m := range all {
		queue <- struct{}{}
		wait.Go(func() {
			defer func() { <-queue }()
			said[i] = m.run(namedTB{t, m.name})
		})
	}
	wait.Wait()
	var text strings.Builder
	for i, m := range all {
		fmt.Fprintf(&text, "-- %s --\n%s\n", m.name, said[i])
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
		t.Errorf("%d mistakes, and %d in the golden file", len(all), len(was))
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

// mistaken tells what a fault belongs to.
type namedTB struct {
	testing.TB
	name string
}

func (n namedTB) Errorf(format string, args ...any) { n.TB.Errorf(n.name+": "+format, args...) }

// What is another in each run.
var variableParts = []struct {
	pattern *regexp.Regexp
	stands  string
}{
	{regexp.MustCompile(`"emitted_at":\d+`), `"emitted_at":0`},
	{regexp.MustCompile(`https?://127\.0\.0\.1:\d{4,}`), "ORIGIN"},
	{regexp.MustCompile(`127\.0\.0\.1:\d{4,}`), "HOST"},
	{regexp.MustCompile(`Summary: [^"\n]*`), `Summary: …`},
	{regexp.MustCompile(`"schema":\{.*\},"key_properties"`), `"schema":{…},"key_properties"`},
}

// made makes a mistake and returns all that was written.
func (m wrongInput) run(t testing.TB) string {
	// Whatever should pass by mistake does not reach the internet.
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
