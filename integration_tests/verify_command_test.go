package integration_tests

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"source-gorgias/connector/cli"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
	"source-gorgias/connector/verify"
)

// runAtOnce runs the program in a bubble of its own: the sandbox account is the same
// each time.
func runAtOnce(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		var out, errs bytes.Buffer
		code, _ = cli.Main(context.Background(), append([]string{"source-gorgias"}, args...), strings.NewReader(stdin), &out, &errs)
		stdout, stderr = out.String(), errs.String()
	})
	return code, stdout, stderr
}

func fieldOf(raw, name string) string { return string(stream.Field([]byte(raw), name)) }

// readTickets returns the tickets of the sandbox account, and the file of the state.
func readTickets(t *testing.T, config string) (rows []string, states string) {
	t.Helper()
	catalog := file(t, "catalog.json", `{"streams":[{"stream":{"name":"tickets","json_schema":{}},"sync_mode":"full_refresh","destination_sync_mode":"overwrite"}]}`)
	code, out, _ := runAtOnce(t, "", "read", "--sandbox", "--config", config, "--catalog", catalog)
	if code != 0 {
		t.Fatal(out)
	}
	last := ""
	for l := range strings.Lines(out) {
		if record := fieldOf(l, "record"); record != "" {
			rows = append(rows, fieldOf(record, "data")+"\n")
		} else if strings.Contains(l, `"STATE"`) {
			last = fieldOf(l, "state")
		}
	}
	return rows, file(t, "state.json", "["+last+"]")
}

// TestVerifyPrivacy checks that values are compared as they were written: hidden.
func TestVerifyPrivacy(t *testing.T) {
	t.Parallel()
	config := file(t, "config.json", `{"start_date":"1980-01-01","exclude_fields":["tickets.subject","tickets.customer.name"],
		"hash_fields":["tickets.customer.email","tickets.excerpt"],"hash_salt":"0123456789abcdef"}`)
	rows, states := readTickets(t, config)
	all := strings.Join(rows, "")
	for _, more := range [][]string{nil, {"--full"}} {
		args := append([]string{"verify", "--sandbox", "--config", config, "--stream", "tickets", "--state", states}, more...)
		if code, out, errs := runAtOnce(t, all, args...); code != 0 {
			t.Errorf("%v: %s%s", more, out, errs)
		}
	}
	other := file(t, "other.json", `{"start_date":"1980-01-01"}`)
	code, out, _ := runAtOnce(t, all, "verify", "--sandbox", "--config", other, "--stream", "tickets", "--state", states, "--settle", "0")
	if code != 1 || !strings.Contains(out, "customer, excerpt") {
		t.Errorf("without the rules: %d\n%s", code, out)
	}
}

// TestVerifyCommand checks exit codes, reports and errors of the command.
func TestVerifyCommand(t *testing.T) {
	t.Parallel()
	s := streams.Find("tickets")
	start := file(t, "config.json", `{"start_date":"1980-01-01"}`)
	rows, states := readTickets(t, start)
	all := strings.Join(rows, "")
	missing := keyOf(s, []byte(rows[200]))
	with := func(more ...string) []string {
		return append([]string{"verify", "--sandbox", "--config", start, "--state", states, "--settle", "0", "--stream", "tickets"}, more...)
	}
	for _, c := range []struct {
		name, rows string
		args       []string
		code       int
		out, err   string
	}{
		{"a sample", all, with("--sample", "100"), 0, "tickets: equal to the account\n", ""},
		{"the bound", all, with("--sample", "100", "--seed", "3"), 0, " are wrong: with 95 % probability fewer than 3.", ""},
		{"all", all, with("--full"), 0, "all 406 rows with all 406 records", ""},
		{"since", all, with("--full", "--since", "2031-01-01"), 0, "before the start", ""},
		{"missing", strings.Replace(all, rows[200], "", 1), with("--full"), 1, "missing      1: " + missing, ""},
		{"stale", strings.Replace(all, `"subject":"`, `"subject":"x`, 1), with(), 1, "(subject)", ""},
		{"twice", all + rows[200], with(), 1, "duplicated   1: " + missing, ""},
		{"another name of the key", strings.ReplaceAll("\n"+all, "\n{\"id\":", "\n{\"pk\":"), with("--key", "pk"), 0, "equal", ""},
		{"half", all[:len(all)-9], with(), 2, "", "row 406 has no end: the export broke off"},
		{"nothing", "", with(), 2, "", "has no rows, but the account has records"},
		{"no stream", all, []string{"verify", "--sandbox"}, 2, "", "verify: --stream is missing"},
		{"unknown stream", all, []string{"verify", "--sandbox", "--stream", "x"}, 2, "", "there is no such stream"},
		{"no config", all, []string{"verify", "--stream", "tickets"}, 2, "", "--config is missing"},
		{"wrong date", all, with("--since", "yesterday"), 2, "", "--since: expected a date"},
		{"state of others", all, []string{"verify", "--sandbox", "--stream", "customers", "--state", states}, 2, "", "the state has nothing of customers"},
	} {
		code, out, errs := runAtOnce(t, c.rows, c.args...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.err) || (c.code == 2) != (errs != "") {
			t.Errorf("%s: exit code %d\n%s%s", c.name, code, out, errs)
		}
	}
	_, out, _ := runAtOnce(t, all, with("--json", "--sample", "100")...)
	var r verify.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || !r.Equal || r.Bound == nil || *r.Bound != 3/float64(r.Compared) || r.Full || r.Requests > 10 {
		t.Errorf("%v: %s", err, out)
	}
}

// TestVerifyOAuth checks that verify reads an account through an OAuth2 app: only one
// that it can read shows that rows are missing.
func TestVerifyOAuth(t *testing.T) {
	t.Parallel()
	var errs bytes.Buffer
	code, _ := cli.Main(context.Background(), []string{"source-gorgias", "verify", "--stream", "tags", "--config", file(t, "config.json", oauthConfig(t, nil)), "--save-tokens"},
		strings.NewReader(""), io.Discard, &errs)
	if code != 2 || !strings.Contains(errs.String(), "but the account has records") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}

// TestVerifyProxy checks that verify reaches an account through the proxy of the
// environment.
func TestVerifyProxy(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	box := &sandbox.Server{Limit: unlimited, Subdomain: "acme"}
	n.serve(box)
	in, err := os.Open(file(t, "rows.jsonl", perfectTable(t, box, streams.Find("tags"), verifySettings(t, "")).lines()))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	config := file(t, "config.json", `{"subdomain":"acme","credentials":{"auth_type":"api_key","email":"sandbox@example.com","api_key":"sandbox-key"}}`)
	tr := call{args: []string{"verify", "--stream", "tags", "--settle", "0", "--config", config}, env: n.env(), stdin: in}.run(t)
	if tr.code != 0 || !strings.HasPrefix(string(tr.stdout), "tags: equal to the account\n") {
		t.Errorf("exit code %d: %s%s", tr.code, tr.stdout, tr.stderr)
	}
}
