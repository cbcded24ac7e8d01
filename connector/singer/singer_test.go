package singer

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/streams"
)

// FuzzCatalog checks that any catalog is accepted or refused with an
// InputError, and that no stream is selected twice, or without its key and
// cursor.
func FuzzCatalog(f *testing.F) {
	var all bytes.Buffer
	if err := WriteCatalog(&all, streams.All()[:3], nil); err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{all.String(), `{}`, `null`, `{"streams":[]}`, `{"streams":[{"tap_stream_id":"tags"}]}`, `{"streams":[{"stream":"tickets","selected":"true","schema":null}]}`,
		`{"streams":[{"tap_stream_id":"tags","metadata":[{"breadcrumb":null,"metadata":{"selected":false}}],"key_properties":null}]}`,
		`{"streams":[{"tap_stream_id":"tags","schema":{"type":["object"],"properties":{"id":{"type":"integer"},"x":{}}},"metadata":[{"breadcrumb":["properties","id"],"metadata":{"inclusion":"unsupported"}}]}]}`,
		`{"streams":[{"tap_stream_id":"users","schema":{"properties":{ }},"replication_method":"full_table"}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		sel, err := ParseCatalog(raw, nil)
		var input *connector.InputError
		if err != nil {
			if !errors.As(err, &input) {
				t.Fatalf("%s: %v", raw, err)
			}
			return
		}
		seen := map[string]bool{}
		for _, c := range sel.streams {
			if seen[c.Name] || streams.Find(c.Name) == nil {
				t.Fatalf("%s selects %s", raw, c.Name)
			}
			seen[c.Name] = true
			var schema struct{ Properties map[string]any }
			if err := json.Unmarshal(c.schema.JSON(), &schema); err != nil {
				t.Fatalf("%s: %s: %v", raw, c.schema.JSON(), err)
			}
			for _, name := range append(automaticColumns(c.Stream), c.key...) {
				if _, ok := schema.Properties[name]; !ok {
					t.Fatalf("%s: %s has no %s", raw, c.Name, name)
				}
			}
		}
	})
}

// FuzzState checks that any state is accepted or refused with an InputError,
// and that an accepted one is written on one line, which parses to the same.
func FuzzState(f *testing.F) {
	for _, s := range []string{``, `null`, `{}`, `[]`, `[{}]`, `{"bookmarks":null}`, `{"bookmarks":{"tickets":{"version":2}},"extra":[1.50]}`, `{"singer_state":{"bookmarks":{}}}`, `{"type":"STATE","value":{}}`,
		"{\n\"bookmarks\": {\"a\u2028\": \"\u0085\"}}", `{"tickets":{"updated_datetime":"2026-01-01"}}`, `[{"type":"STREAM","stream":{"stream_descriptor":{"name":"tags"},"stream_state":{"__ab_x":1}}}]`,
		`[{"type":"GLOBAL","global":{"shared_state":null,"stream_states":[{"stream_descriptor":{"name":"tags"}}]}}]`, `{"data":{"tickets":null}}`, `{"bookmarks":{"a":1,"a":2}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := ParseState(raw)
		var input *connector.InputError
		if err != nil {
			if !errors.As(err, &input) {
				t.Fatalf("%s: %v", raw, err)
			}
			return
		}
		line := s.append(nil)
		if !json.Valid(line) || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("%s was written as %s", raw, line)
		}
		again, err := ParseState(line)
		if err != nil || !bytes.Equal(again.append(nil), line) {
			t.Fatalf("%s was written as %s and then as %s: %v", raw, line, again.append(nil), err)
		}
	})
}

// TestLog logs texts that contain line breaks, invalid UTF-8 or secrets, or are
// too long.
func TestLog(t *testing.T) {
	for _, settings := range []string{``, `{"formatters":{"x":{"()":"singer_sdk.logging.StructuredFormatter"}},"root":{"level":20}}`} {
		var out bytes.Buffer
		l := NewLog(&out, []byte(settings), "nonsense", "warn", "debug")
		l.Redact = func(text string) string { return strings.ReplaceAll(text, "secret", "****") }
		for _, text := range []string{"a\nb\r\nc", "\xff half", "a\u2028b\u0085c", strings.Repeat("é", 1<<20), "my secret", "<&>"} {
			out.Reset()
			l.Print(Info, "tickets", "%s", text)
			if out.Len() > 0 && settings == "" {
				t.Errorf("logged below its level: %s", out.Bytes())
			}
			out.Reset()
			l.Print(Error, "tickets", "%s", text)
			line := out.String()
			if strings.Count(line, "\n") != 1 || len(line) > 16<<10 || strings.ContainsAny(line[:len(line)-1], "\r\u0085\u2028") || strings.ToValidUTF8(line, "") != line || strings.Contains(line, "secret") {
				t.Errorf("%.20q was written as %.200q", text, line)
			}
			if json.Valid(out.Bytes()) != (settings != "") {
				t.Errorf("%.200s", line)
			}
		}
	}
}

// TestCatalogPrivacy checks that the rules of privacy apply to columns that only
// the catalog declares, and that a description names a rule once, although the
// discovered catalog names it already.
func TestCatalogPrivacy(t *testing.T) {
	raw := []byte(`{"subdomain":"acme","email":"a@acme.com","api_key":"k","exclude_fields":["customers.unrecognized_fields.ssn"],
		"hash_fields":["customers.email"],"hash_salt":"sixteen characters"}`)
	settings, err := config.Parse(raw, false)
	if err != nil {
		t.Fatal(err)
	}
	var discovered bytes.Buffer
	if err := WriteCatalog(&discovered, streams.All(), settings.Privacy); err != nil {
		t.Fatal(err)
	}
	text := discovered.String()
	for stream, column := range map[string]string{"customers": "ssn", "integrations": "oauth"} {
		at := strings.Index(text, `"tap_stream_id": "`+stream+`"`)
		properties := at + strings.Index(text[at:], `"properties": {`) + len(`"properties": {`)
		text = text[:properties] + `"` + column + `":{"type":["object","string","null"]},` + text[properties:]
	}
	sel, err := ParseCatalog([]byte(text), settings.Privacy)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, c := range sel.streams {
		got, _, err := c.schema.Append(nil, []byte(`{"id":1,"email":"jo@example.com","ssn":"123-45","oauth":{"access_token":"very-secret"}}`))
		if err != nil {
			t.Fatal(err)
		}
		switch c.Name {
		case "customers":
			seen++
			if bytes.Contains(got, []byte("123-45")) || bytes.Contains(got, []byte("jo@example.com")) {
				t.Errorf("customers: %s", got)
			}
		case "integrations":
			seen++
			if bytes.Contains(got, []byte("very-secret")) {
				t.Errorf("integrations: %s", got)
			}
		}
		for _, words := range []string{"Secrets in it are masked. Secrets", "of: A salted"} {
			if bytes.Contains(c.schema.JSON(), []byte(words)) {
				t.Errorf("%s: %s", c.Name, words)
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d streams were checked", seen)
	}
}
