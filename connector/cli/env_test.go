package cli

import (
	"encoding/json"
	"maps"
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
