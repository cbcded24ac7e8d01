package cli

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"source-gorgias/connector/singer"
)

func TestDotenv(t *testing.T) {
	got := dotenv("\ufeff# a comment\n\nA=1\nexport B = two words  # and a note\r\nC=\"x # y \\\"z\\\" \\n\"\nD='$A \\n'\nE=\nF=#\nG=a#b\nH=x=y\nno line\nI=\"open\n  J = j\n")
	want := map[string]string{"A": "1", "B": "two words", "C": "x # y \"z\" \n", "D": `$A \n`, "E": "", "F": "", "G": "a#b", "H": "x=y", "I": `"open`, "J": "j"}
	if !maps.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestOverlay checks that the environment takes precedence over a configuration.
func TestOverlay(t *testing.T) {
	settings := singer.Settings().Settings
	for _, c := range []struct{ config, want string }{
		{`{}`, `{"access_token":"t","concurrency":" 3","email":"e","emit_activate_version_messages":"Yes","rate_limit_reserve":"0.5","subdomain":"007"}`},
		{`{"email":"x","credentials":{}}`, `{"access_token":"t","concurrency":" 3","credentials":{},"email":"e","emit_activate_version_messages":"Yes","rate_limit_reserve":"0.5","subdomain":"007"}`},
		{`{"credentials":{"auth_type":"api_key","email":"x","api_key":"k"}}`,
			`{"concurrency":" 3","credentials":{"access_token":"t","api_key":"k","auth_type":"api_key","email":"e"},"emit_activate_version_messages":"Yes","rate_limit_reserve":"0.5","subdomain":"007"}`},
	} {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(c.config), &fields); err != nil {
			t.Fatal(err)
		}
		env := map[string]string{
			"TAP_GORGIAS_DOMAIN": "007", "TAP_GORGIAS_USERNAME": "e", "TAP_GORGIAS_ACCESS_TOKEN": "t", "TAP_GORGIAS_CONCURRENCY": " 3", "TAP_GORGIAS_RATE_LIMIT_RESERVE": "0.5",
			"TAP_GORGIAS_EMIT_ACTIVATE_VERSION_MESSAGES": "Yes", "TAP_GORGIAS__SELECT": `["*.*"]`, "TAP_GORGIAS_CREDENTIALS": "{}", "TAP_GORGIAS_UNKNOWN": "1", "TAP_GORGIAS_START_DATE": "",
		}
		if err := overlay(fields, func(name string) string { return env[name] }, settings); err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(fields); string(got) != c.want {
			t.Errorf("%s became\n%s, want\n%s", c.config, got, c.want)
		}
	}
}

func TestJoinTestFlag(t *testing.T) {
	for _, c := range []struct{ args, want []string }{
		{[]string{"tap", "--test"}, []string{"tap", "--test=all"}},
		{[]string{"tap", "--test", "schema", "--config", "c"}, []string{"tap", "--test=schema", "--config", "c"}},
		{[]string{"tap", "--test", "--config", "c"}, []string{"tap", "--test=all", "--config", "c"}},
		{[]string{"tap", "-test", "all"}, []string{"tap", "--test=all"}},
		{[]string{"tap", "--test=schema"}, []string{"tap", "--test=schema"}},
		{[]string{"tap", "--test", "more"}, []string{"tap", "--test=all", "more"}},
		{[]string{"--test", "schema"}, []string{"--test", "schema"}}, // the first argument is the program's name
	} {
		if got := joinTestFlag(c.args); !slices.Equal(got, c.want) {
			t.Errorf("%q became %q", c.args, got)
		}
	}
}

// TestEnvironment: a file .env counts in the working directory alone, if the user
// owns it and no other user may write it.
func TestEnvironment(t *testing.T) {
	const name = "TAP_GORGIAS_USER_AGENT"
	for _, c := range []struct {
		what, dir string
		mode      os.FileMode
		owner     int
		link      bool
		want      string
		warned    bool
	}{
		{what: "its own", mode: 0o600, want: "x"},
		{what: "its own, readable by all", mode: 0o644, want: "x"},
		{what: "a link to its own", mode: 0o600, link: true, want: "x"},
		{what: "writable by the group", mode: 0o620, warned: true},
		{what: "writable by all", mode: 0o666, warned: true},
		{what: "a link to one that is writable by all", mode: 0o666, link: true, warned: true},
		{what: "of another user", mode: 0o600, owner: 12345, warned: true},
		{what: "in the parent", dir: "job", mode: 0o600},
		{what: "two above", dir: "a/b", mode: 0o600},
		{what: "below", dir: "", mode: 0},
	} {
		root := t.TempDir()
		path := filepath.Join(root, ".env")
		if c.link {
			path = filepath.Join(root, "target")
			if err := os.Symlink(path, filepath.Join(root, ".env")); err != nil {
				t.Fatal(err)
			}
		}
		if c.mode != 0 {
			if err := errors.Join(os.WriteFile(path, []byte(name+"=x"), 0o600), os.Chmod(path, c.mode)); err != nil {
				t.Fatal(err)
			}
		}
		if c.owner != 0 && os.Chown(path, c.owner, c.owner) != nil {
			continue // only root can
		}
		if err := os.MkdirAll(filepath.Join(root, c.dir), 0o700); err != nil {
			t.Fatal(err)
		}
		t.Chdir(filepath.Join(root, c.dir))
		e, warning := newEnvironment()
		if got := e.lookup(name); got != c.want || (warning != "") != c.warned {
			t.Errorf("%s: %q, %q", c.what, got, warning)
		}
	}
}

// TestKeepOrigin: the file .env cannot send credentials elsewhere that come from
// elsewhere.
func TestKeepOrigin(t *testing.T) {
	settings := singer.Settings().Settings
	for _, c := range []struct {
		what    string
		config  string
		process string
		kept    bool
	}{
		{"all in .env", `{}`, "", true},
		{"only the subdomain elsewhere", `{"subdomain":"acme"}`, "TAP_GORGIAS_SUBDOMAIN", true},
		{"credentials in the config file", `{"credentials":{"email":"e","api_key":"k"}}`, "", false},
		{"a flat key in the config file", `{"api_key":"k"}`, "", false},
		{"a refresh token in the config file", `{"refresh_token":"r"}`, "", false},
		{"the email alone in the environment", `{}`, "TAP_GORGIAS_EMAIL", false},
		{"the key in the environment, by an alias", `{}`, "TAP_GORGIAS_PASSWORD", false},
		{"a secret in the environment", `{}`, "TAP_GORGIAS_CLIENT_SECRET", false},
	} {
		t.Run(c.what, func(t *testing.T) {
			if c.process != "" {
				t.Setenv(c.process, "x")
			}
			var fields map[string]json.RawMessage
			if err := json.Unmarshal([]byte(c.config), &fields); err != nil {
				t.Fatal(err)
			}
			e := environment{dotenv("TAP_GORGIAS_BASE_URL=http://elsewhere.example\nTAP_GORGIAS_EMAIL=e\nTAP_GORGIAS_API_KEY=k")}
			warning := e.keepOrigin(fields, settings)
			if got := e.lookup("TAP_GORGIAS_BASE_URL") != ""; got != c.kept || c.kept == (warning != "") {
				t.Errorf("kept: %v, %q", got, warning)
			}
		})
	}
}
