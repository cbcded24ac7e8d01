package config

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestYAML checks that a configuration may be YAML, and that the spelling of its
// scalars survives: a key of digits is not a number, a date not a timestamp.
func TestYAML(t *testing.T) {
	const sling = "connections:\n  PG:\n    type: postgres\n  GORGIAS:\n    type: api\n    spec: gorgias\n    secrets:\n      subdomain: acme\n      email: a@acme.com\n      api_key: %s\n    inputs:\n      anchor_date: 2026-01-05\n"
	january := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for text, key := range map[string]string{
		"# ours\nsubdomain: acme\nemail: a@acme.com\napi_key: 0123\nstart_date: 2026-01-05\nconcurrency: 3\nmask_secrets: no\nexclude_fields: [tickets.subject]\n": "0123",
		"subdomain: acme\nstart_date: 2026-01-05\ncredentials: &c\n  email: a@acme.com\n  api_key: 1e5\nend_date:\n":                                               "1e5",
		strings.ReplaceAll(sling, "%s", "'s3cr3t'"): "s3cr3t",
		"{ type: api, spec: gorgias, secrets: { subdomain: acme, email: a@acme.com, api_key: 12345678901234567890 }, inputs: { anchor_date: 2026-01-05 } }": "12345678901234567890",
	} {
		s, err := Parse([]byte(text), false)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if s.Credentials.APIKey != key || s.Subdomain != "acme" || !s.Start.Equal(january) || len(s.Warnings) > 0 {
			t.Errorf("%s: got %+v", text, s)
		}
	}
}

// TestResolve checks references: of the environment before those of the file, and
// none at all where the users of the connector do not operate its host.
func TestResolve(t *testing.T) {
	env := func(name string) (string, bool) {
		value, ok := map[string]string{"KEY": `s3"cr3t`, "EMPTY": ""}[name]
		return value, ok
	}
	const text = "subdomain: acme\nvariables: {KEY: other, MAIL: a@acme.com, SELF: '${SELF}'}\nemail: ${MAIL}\napi_key: x${KEY}y\nuser: [\"${EMPTY}\", \"${NOWHERE}\", \"${SELF}\", \"$KEY ${no name}\"]\n"
	raw, err := Resolve([]byte(text), env)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Email  string   `json:"email"`
		APIKey string   `json:"api_key"`
		User   []string `json:"user"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.Email != "a@acme.com" || got.APIKey != `xs3"cr3ty` || strings.Join(got.User, "|") != "|${NOWHERE}|${SELF}|$KEY ${no name}" {
		t.Errorf("got %+v", got)
	}
	raw, err = Resolve([]byte(text), nil)
	if err != nil || !strings.Contains(string(raw), `"x${KEY}y"`) {
		t.Errorf("without an environment: %s, %v", raw, err)
	}
}
