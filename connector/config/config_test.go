package config

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/streams"
)

const account = `"credentials":{"auth_type":"api_key","email":"a@acme.com","api_key":"s3cr3t"}`

// TestConfig: accepted configurations.
func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name, config string
		check        func(*Settings) bool
	}{
		{"as specified", `{"subdomain":"acme",` + account + `}`, func(s *Settings) bool {
			return s.Origin == "https://acme.gorgias.com" && s.Credentials.APIKey == "s3cr3t" && s.Credentials.Email == "a@acme.com" &&
				s.Overlap == 10*time.Minute && s.Concurrency == 4 && s.RateLimitReserve == 0.1 && s.Start.IsZero() && s.End.IsZero() && len(s.Warnings) == 0
		}},
		{"zero is not a default", `{"subdomain":"acme","overlap":0,"rate_limit_reserve":0,` + account + `}`, func(s *Settings) bool {
			return s.Overlap == 0 && s.RateLimitReserve == 0
		}},
		{"host", `{"subdomain":"Acme.gorgias.com",` + account + `}`, func(s *Settings) bool { return s.Subdomain == "acme" }},
		{"URL", `{"subdomain":"https://acme.gorgias.com/app/tickets",` + account + `}`, func(s *Settings) bool { return s.Subdomain == "acme" }},
		{"Airbyte's source", `{"domain_name":"acme","username":"a@acme.com","password":"s3cr3t","start_date":"2026-01-01T00:00:00Z"}`, func(s *Settings) bool {
			return s.Subdomain == "acme" && s.Credentials.APIKey == "s3cr3t" && s.Start.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		}},
		{"flat credentials", `{"domain":"acme","email_address":"a@acme.com","api_key":"s3cr3t"}`, func(s *Settings) bool { return s.Credentials.Email == "a@acme.com" }},
		{"implied type of credentials", `{"subdomain":"acme","credentials":{"username":"a@acme.com","api_key":"s3cr3t"}}`, func(s *Settings) bool {
			return s.Credentials.AuthType == AuthAPIKey && s.Credentials.Email == "a@acme.com"
		}},
		{"OAuth", `{"subdomain":"acme","credentials":{"auth_type":"oauth2.0","access_token":"t0k3n"}}`, func(s *Settings) bool {
			return s.Credentials.AuthType == AuthOAuth && s.Secrets()[0] == "t0k3n"
		}},
		{"an empty string is not a value", `{"subdomain":"acme","start_date":"","base_url":null,` + account + `}`, func(s *Settings) bool { return s.Start.IsZero() }},
		{"a timestamp without zone is UTC", `{"subdomain":"acme","start_date":"2026-11-18T08:27:05.042621",` + account + `}`, func(s *Settings) bool {
			return s.Start.Equal(time.Date(2026, 11, 18, 8, 27, 5, 42621000, time.UTC))
		}},
		{"an end date includes the day", `{"subdomain":"acme","start_date":"2026-01-31","end_date":"2026-01-31",` + account + `}`, func(s *Settings) bool {
			return s.End.Sub(s.Start) == 24*time.Hour-time.Microsecond
		}},
		{"another origin", `{"subdomain":"acme","base_url":"http://127.0.0.1:8080/",` + account + `}`, func(s *Settings) bool { return s.Origin == "http://127.0.0.1:8080" }},
		{"names are case-sensitive", `{"subdomain":"acme","Overlap":-60,"CONCURRENCY":9999,` + account + `}`, func(s *Settings) bool {
			return s.Overlap == 10*time.Minute && s.Concurrency == 4 && len(s.Warnings) == 2
		}},
		{"spelling of numbers", `{"subdomain":"acme","overlap":1e1,"concurrency":2.0,` + account + `}`, func(s *Settings) bool {
			return s.Overlap == 10*time.Minute && s.Concurrency == 2
		}},
		{"blanks around strings", `{"subdomain":" acme\n","credentials":{},"email":" a@acme.com ","api_key":"s3cr3t\n"}`, func(s *Settings) bool {
			return s.Credentials.APIKey == "s3cr3t" && s.Credentials.Email == "a@acme.com"
		}},
		{"unknown settings", `{"subdomain":"acme","page_sze":7,"_limit":3,` + account + `}`, func(s *Settings) bool {
			return len(s.Warnings) == 1 && s.Warnings[0] == `the setting "page_sze" is unknown and was not used`
		}},
		{"strings for other types", `{"subdomain":"acme","overlap":"5","mask_secrets":"no","rate_limit_reserve":" 0.5 ","exclude_fields":"tickets.subject, tickets.customer.email",` + account + `}`, func(s *Settings) bool {
			v := s.Privacy.Rules(streams.Find("tickets"))
			return s.Overlap == 5*time.Minute && s.RateLimitReserve == 0.5 && len(v.Exclude) == 2 && s.Privacy.Rules(streams.Find("integrations")).SecretColumns == nil
		}},
		{"excluded and hashed fields", `{"subdomain":"acme","exclude_fields":["tickets.tags[].name","customers.data.note"],"hash_fields":["customers.email"],"hash_salt":"a salt of my own!",` + account + `}`, func(s *Settings) bool {
			c, i := s.Privacy.Rules(streams.Find("customers")), s.Privacy.Rules(streams.Find("integrations"))
			return slices.Equal(s.Privacy.Rules(streams.Find("tickets")).Exclude[0], []string{"tags", "name"}) && len(c.Exclude) == 1 && len(c.Hash) == 1 &&
				string(c.Salt) == "a salt of my own!" && len(i.SecretColumns) > 0 && slices.Contains(s.Secrets(), "a salt of my own!") && s.Warnings == nil
		}},
		{"a field that is not in the schema", `{"subdomain":"acme","exclude_fields":["tickets.customer.shoe_size"],` + account + `}`, func(s *Settings) bool {
			return len(s.Warnings) == 1 && s.Warnings[0] == "exclude_fields: entry 1: this field is not in the schema; the setting applies wherever the field occurs"
		}},
		{"Sling environment", `{"connections":{"PG":{"type":"postgres"},"HELP":{"type":"api","spec":"gorgias","secrets":{"subdomain":"acme","email":"a@acme.com","api_key":"s3cr3t"},"inputs":{"anchor_date":"2026-01-31"}}}}`, func(s *Settings) bool {
			return s.Subdomain == "acme" && s.Credentials.Email == "a@acme.com" && s.Credentials.APIKey == "s3cr3t" && s.Start.Day() == 31 && len(s.Warnings) == 0
		}},
		{"a setting beside the secrets of Sling", `{"type":"api","spec":"gorgias","secrets":{"subdomain":"acme","email":"a@acme.com","api_key":"old"},"api_key":"s3cr3t"}`, func(s *Settings) bool {
			return s.Credentials.APIKey == "s3cr3t"
		}},
		{"flat credentials with their type", `{"subdomain":"acme","auth_type":"oauth2.0","access_token":"t0k3n"}`, func(s *Settings) bool {
			return s.Credentials.AuthType == AuthOAuth && len(s.Warnings) == 0
		}},
		{"credentials of both types", `{"subdomain":"acme","client_id":"app","email":"a@acme.com","api_key":"s3cr3t"}`, func(s *Settings) bool {
			return s.Credentials.AuthType == AuthAPIKey && len(s.Warnings) == 0
		}},
		{"names of credentials are case-sensitive", `{"subdomain":"acme","credentials":{"email":"a@acme.com","api_key":"s3cr3t","API_KEY":"other"}}`, func(s *Settings) bool {
			return s.Credentials.APIKey == "s3cr3t" && len(s.Warnings) == 1 && strings.HasSuffix(s.Warnings[0], `"credentials.API_KEY" is unknown and was not used; did you mean api_key?`)
		}},
		{"lookback windows", `{"subdomain":"acme","jobs_window":3,"voice_calls_window":0,` + account + `}`, func(s *Settings) bool {
			return maps.Equal(s.Windows, map[string]time.Duration{"jobs": 72 * time.Hour, "voice_calls": 0}) && s.WindowInterval == 24*time.Hour
		}},
		{"byte order mark", "\ufeff" + `{"subdomain":"acme",` + account + `}`, func(s *Settings) bool { return true }},
	} {
		s, err := Parse([]byte(c.config), false)
		if err != nil || !c.check(s) {
			t.Errorf("%s: got %+v, %v", c.name, s, err)
		}
	}
}

// TestConfigMistakes: a message names the setting as the user wrote it, what is
// expected and an example. It contains nothing of the value.
func TestConfigMistakes(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{``, `the config is empty; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{"subdomain":"acme"`, `the config is truncated: a bracket or a quotation mark is not closed; expected a JSON object such as {"subdomain": "acme", …}`},
		{"{\n\"subdomain\": acme}", `the config is not valid JSON (line 2, character 14); expected a JSON object such as {"subdomain": "acme", …}`},
		{"subdomain: acme\napi_key: s3cr3t\n", `email: missing; expected the email address of the user who owns the API key`},
		{"subdomain: acme\n\tapi_key: s3cr3t\n", `the config is not valid YAML (line 2); expected settings such as subdomain: acme`},
		{"subdomain: acme\n? api_key:s3cr3t\n", `the config is YAML with an invalid name of a setting; write a blank after each colon, such as subdomain: acme`},
		{"subdomain: &a\n  - *a\n", `the config is YAML of more than 100000 values, or nested deeper than 20 levels: write it without aliases`},
		{"- subdomain: s3cr3t\n", `the config is YAML, but not a mapping; expected settings such as subdomain: acme`},
		{`{"subdomain":"${ACME}","email":"a@acme.com","api_key":"${s3cr3t}"}`, `(1) subdomain: ACME is not set in the environment: set the variable, or write the value itself; (2) api_key: the variable that it refers to is not set in the environment: set it, or write the value itself`},
		{"<html>s3cr3t", `the config is HTML or XML; expected a JSON object such as {"subdomain": "acme", …}`},
		{"{\x00\"\x00a\x00", `the config looks like UTF-16; save it as UTF-8; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{"a":1,}`, `the config is not valid JSON (line 1, character 8): remove the comma before the closing bracket; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{a:1}`, `the config is YAML with an invalid name of a setting; write a blank after each colon, such as subdomain: acme`},
		{`{"a":'s3cr3t'}`, `the config is not valid JSON (line 1, character 6): names and strings need double quotation marks; expected a JSON object such as {"subdomain": "acme", …}`},
		{"{\"a\":1\n\"b\":2}", `the config is not valid JSON (line 2, character 1): a comma is missing; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{"a":1, // s3cr3t`, `the config is not valid JSON (line 1, character 9): JSON does not allow comments; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{"connections":{"A":{"spec":"gorgias"},"B":{"spec":"gorgias"}}}`, `connections: 2 have "spec": "gorgias"; keep only the one to read`},
		{`{"type":"api","spec":"gorgias","secrets":"s3cr3t"}`, `secrets: expected an object`},
		{`{"connections":{"A":{"spec":"gorgias","secrets":{"subdomain":7},"inputs":{"anchor_date":"s3cr3t"}}}}`, `(1) connections.A.secrets.api_key: missing; expected the API key from Settings, REST API; (2) connections.A.secrets.email: missing; expected the email address of the user who owns the API key; (3) connections.A.secrets.subdomain: expected a string such as acme`},
		{`{"spec":"gorgias","secrets":{"subdomain":"acme","email":"a@acme.com","api_key":"${s3cr3t}"},"inputs":{"anchor_date":"s3cr3t"}}`, `(1) secrets.api_key: the variable that it refers to is not set in the environment: set it, or write the value itself; (2) inputs.anchor_date: expected a date such as 2026-01-31 or a timestamp such as 2026-01-31T00:00:00Z`},
		{`{"subdomian":"acme",` + account + `}`, `subdomain: missing; expected a string such as acme (if you meant "subdomian", rename it)`},
		{`{"subdomain":"acme","credentials":{"email":"a@acme.com","apikey":"s3cr3t"}}`, `credentials.api_key: missing; expected the API key from Settings, REST API (if you meant "credentials.apikey", rename it)`},
		{`{"subdomain":"acme","email":"s3cr3t","api_key":"a@acme.com"}`, `(1) email: expected an email address such as admin@acme.com; (2) api_key: this is an email address; expected the API key from Settings, REST API`},
		{`[]`, `the config is a list; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{} {}`, `the config has more text after its object; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{}`, `(1) credentials: missing; expected an object with "email" and "api_key"; (2) subdomain: missing; expected a string such as acme`},
		{`{` + account + `}`, `subdomain: missing; expected a string such as acme`},
		{`{"subdomain":7,` + account + `}`, `subdomain: expected a string such as acme`},
		{`{"domain_name":7,` + account + `}`, `domain_name: expected a string such as acme`},
		{`{"subdomain":"acme.zendesk.com",` + account + `}`, `subdomain: expected the part before .gorgias.com, such as acme; this is another host`},
		{`{"subdomain":"https://evil.example/acme.gorgias.com",` + account + `}`, `subdomain: expected the part before .gorgias.com, such as acme; this is another host`},
		{`{"subdomain":"a@b.gorgias.com",` + account + `}`, `subdomain: expected the part before .gorgias.com, such as acme; this is an email address`},
		{`{"domain":"-acme",` + account + `}`, `domain: expected the part before .gorgias.com, such as acme: only letters, digits and hyphens`},
		{`{"subdomain":"acme","credentials":"s3cr3t"}`, `credentials: expected an object with "email" and "api_key"`},
		{`{"subdomain":"acme","credentials":{"auth_type":"basic","api_key":"s3cr3t"}}`, `credentials.auth_type: expected "api_key" or "oauth2.0"`},
		{`{"subdomain":"acme","credentials":{"auth_type":"api_key","email":"a@acme.com"}}`, `credentials.api_key: missing; expected the API key from Settings, REST API`},
		{`{"subdomain":"acme","credentials":{"auth_type":"oauth2.0"}}`, `(1) credentials.client_id: missing; expected the client ID of your app; (2) credentials.client_secret: missing; expected the client secret of your app; (3) credentials.refresh_token: missing; expected the refresh token of your app`},
		{`{"subdomain":"acme","username":"a@acme.com"}`, `api_key: missing; expected the API key from Settings, REST API`},
		{`{"subdomain":"acme","password":["s3cr3t"],"username":"a@acme.com"}`, `password: expected the API key from Settings, REST API, as a string`},
		{`{"subdomain":"acme","start_date":"soon",` + account + `}`, `start_date: expected a date such as 2026-01-31 or a timestamp such as 2026-01-31T00:00:00Z`},
		{`{"subdomain":"acme","anchor_date":"31.1.2026",` + account + `}`, `anchor_date: expected a date such as 2026-01-31 or a timestamp such as 2026-01-31T00:00:00Z`},
		{`{"subdomain":"acme","start_date":20260131,` + account + `}`, `start_date: expected a date such as 2026-01-31 or a timestamp such as 2026-01-31T00:00:00Z, as a string`},
		{`{"subdomain":"acme","start_date":"2026-02-01","end_date":"2026-01-01",` + account + `}`, `end_date: earlier than start_date`},
		{`{"subdomain":"acme","overlap":-1,` + account + `}`, `overlap: expected an integer from 0 to 1440 such as 10`},
		{`{"subdomain":"acme","deletes":"never",` + account + `}`, `deletes: expected "tombstone" or "ignore"`},
		{`{"subdomain":"acme","mask_secrets":"perhaps",` + account + `}`, `mask_secrets: expected true or false`},
		{`{"subdomain":"acme","exclude_fields":7,` + account + `}`, `exclude_fields: expected a list of strings`},
		{`{"subdomain":"acme","exclude_fields":["tickets.subject",7],` + account + `}`, `exclude_fields: entry 2: expected a string`},
		{`{"subdomain":"acme","exclude_fields":["subject"],` + account + `}`, `exclude_fields: entry 1: no such stream; expected stream.field such as customers.email`},
		{`{"subdomain":"acme","exclude_fields":["tickets"],` + account + `}`, `exclude_fields: entry 1: no field; expected stream.field such as customers.email. To exclude a whole stream, deselect it`},
		{`{"subdomain":"acme","exclude_fields":["tickets..x"],` + account + `}`, `exclude_fields: entry 1: no field; expected stream.field such as customers.email. To exclude a whole stream, deselect it`},
		{`{"subdomain":"acme","exclude_fields":["tickets.id"],` + account + `}`, `exclude_fields: entry 1: tickets.id is required: it identifies and orders the records in the destination`},
		{`{"subdomain":"acme","exclude_fields":["tickets.s3cr3t"],` + account + `}`, `exclude_fields: entry 1: tickets has no such field; docs/streams.md lists its fields`},
		{`{"subdomain":"acme","hash_fields":"customers.email",` + account + `}`, `hash_salt: missing; expected a secret string of at least 16 characters. Without it, email addresses and phone numbers can be guessed from their hashes`},
		{`{"subdomain":"acme","hash_fields":["customers.updated_datetime"],"hash_salt":"s3cr3t-s3cr3t-s3cr3t",` + account + `}`, `hash_fields: entry 1: customers.updated_datetime is required: it identifies and orders the records in the destination`},
		{`{"subdomain":"acme","hash_salt":"s3cr3t",` + account + `}`, `hash_salt: expected a string of at least 16 characters`},
		{`{"subdomain":"acme","exclude_feilds":["tickets.subject"],` + account + `}`, `exclude_feilds: unknown setting; expected exclude_fields, hash_fields, hash_salt or mask_secrets`},
		{`{"subdomain":"acme","overlap":"ten",` + account + `}`, `overlap: expected an integer from 0 to 1440 such as 10`},
		{`{"subdomain":"acme","overlap":1e99999999,` + account + `}`, `overlap: expected an integer from 0 to 1440 such as 10`},
		{`{"subdomain":"acme","rate_limit_reserve":-1e99999999,` + account + `}`, `rate_limit_reserve: expected a number from 0 to 0.9 such as 0.1`},
		{`{"subdomain":"acme","concurrency":0,` + account + `}`, `concurrency: expected an integer from 1 to 10 such as 4`},
		{`{"subdomain":"acme","rate_limit_reserve":1,` + account + `}`, `rate_limit_reserve: expected a number from 0 to 0.9 such as 0.1`},
		{`{"subdomain":"acme","base_url":"ftp://x",` + account + `}`, `base_url: expected scheme and host only, such as https://gorgias-proxy.example.com`},
		{`{"subdomain":"acme","base_url":"https://user:s3cr3t@x",` + account + `}`, `base_url: expected scheme and host only, such as https://gorgias-proxy.example.com`},
		{`{"subdomain":"acme","base_url":"https://x/api",` + account + `}`, `base_url: expected scheme and host only, such as https://gorgias-proxy.example.com`},
	} {
		_, err := Parse([]byte(c.config), false)
		var invalid *Error
		if !errors.As(err, &invalid) || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.config, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: the message contains the secret: %v", c.config, err)
		}
	}
	if _, err := Parse([]byte(`{"subdomain":"acme","base_url":"https://x",`+account+`}`), true); err == nil {
		t.Error("base_url is accepted from users who do not operate the host")
	}
}

func FuzzConfig(f *testing.F) {
	for _, s := range []string{`{}`, `{"subdomain":"acme",` + account + `}`, `{"credentials":{}}`, `{"credentials":{"auth_type":null}}`, `{"subdomain":{"a":[]},"overlap":1e9}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Parse(raw, true)
		var invalid *Error
		switch {
		case err == nil && (s.Origin != "https://"+s.Subdomain+".gorgias.com" || len(s.Secrets()) == 0):
			t.Fatalf("%s: got %+v", raw, s)
		case err != nil && (!errors.As(err, &invalid) || len(invalid.Problems) == 0):
			t.Fatalf("%s: %v", raw, err)
		}
	})
}
