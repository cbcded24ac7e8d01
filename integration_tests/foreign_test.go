package integration_tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"source-gorgias/connector/sandbox"
)

// TestForeignCommands types the commands of ingestr's and Sling's documentation of
// Gorgias, after the name of this program. Each is answered by a command that works
// when it is pasted, and that contains no secret.
func TestForeignCommands(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	const uri = "gorgias://fjordshop?api_key=" + foreignKey + "&email=" + foreignMail
	const variable = `{ type: api, spec: gorgias, secrets: { subdomain: fjordshop, email: ` + foreignMail + `, api_key: ` + foreignKey + ` } }`
	const connection = "    type: api\n    spec: gorgias\n    secrets:\n      subdomain: fjordshop\n      email: " + foreignMail + "\n      api_key: " + foreignKey + "\n"
	network := newNetwork(t)
	network.serve(&sandbox.Server{Seed: 1, Subdomain: "fjordshop", Email: foreignMail, APIKey: foreignKey, Limit: unlimited, Size: sandbox.Size{Tickets: 9, Messages: 9}})
	for _, c := range []struct {
		typed string
		env   []string
		wants []string // in the output, or the file that it names
	}{
		{typed: `ingest --source-table 'tickets' --source-uri "$GORGIAS_URI" --dest-uri duckdb:///x.duckdb --interval-start 2020-06-19 --dest-table 'gorgias.tickets' --loader-file-format jsonl`,
			env: []string{"GORGIAS_URI=" + uri}, wants: []string{"tickets.jsonl", `"stream":"tickets"`}},
		{typed: `ingestr ingest --source-uri='` + uri + `' --source-table=customers --dest-uri=duckdb:///x.duckdb --dest-table=dest.customers`,
			wants: []string{"customers.jsonl", `"stream":"customers"`}},
		{typed: `sling conns list`, wants: []string{"", `"SUCCEEDED"`}},
		{typed: `conns test GORGIAS`, env: []string{"GORGIAS=" + variable}, wants: []string{"", `"SUCCEEDED"`}},
		{typed: `conns test HELPDESK`, env: []string{"HELPDESK=" + variable}, wants: []string{"", `"SUCCEEDED"`}},
		{typed: `conns discover GORGIAS`, wants: []string{"", `"CATALOG"`}},
		{typed: `conns set GORGIAS type=api spec=gorgias secrets='{ subdomain: fjordshop, email: ` + foreignMail + `, api_key: ` + foreignKey + ` }'`, wants: []string{"", `"SUCCEEDED"`}},
		{typed: `run --src-conn GORGIAS --src-stream tickets --tgt-conn PG --tgt-object public.tickets`, wants: []string{"tickets.jsonl", `"stream":"tickets"`}},
		{typed: `sling run -r replication.yaml`, env: []string{"GORGIAS=" + variable}, wants: []string{"gorgias.jsonl", `"stream":"customers"`}},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{
			".sling/env.yaml":  "connections:\n  GORGIAS:\n" + connection,
			"replication.yaml": "source: GORGIAS\ntarget: PG\nstreams:\n  tickets:\n  customers:\n    mode: full-refresh\n",
		} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		run := func(script, stdin string) (string, error) {
			cmd := exec.Command("bash", "-euc", script)
			cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
			cmd.Env = append(append(network.env(), "HOME="+dir, "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH")), c.env...)
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
		answer, _ := run("source-gorgias "+c.typed, "")
		if strings.Contains(answer, foreignKey) {
			t.Errorf("%s: the answer shows the key:\n%s", c.typed, answer)
		}
		var pasted []string
		for l := range strings.Lines(answer) {
			if text, ok := strings.CutPrefix(l, "  "); ok {
				pasted = append(pasted, text)
			}
		}
		out, err := run(strings.Join(pasted, ""), foreignKey+"\n")
		if file := c.wants[0]; err == nil && file != "" {
			raw, err2 := os.ReadFile(filepath.Join(dir, file))
			out, err = string(raw), err2
		}
		if err != nil || len(pasted) == 0 || !strings.Contains(out, c.wants[1]) {
			t.Errorf("%s:\n%s%v: %s", c.typed, answer, err, tail([]byte(out)))
		}
	}
}
