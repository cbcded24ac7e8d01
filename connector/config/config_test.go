package config

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/streams"
)

const account = `"credentials":{"auth_type":"api_key","email":"a@acme.com","api_key":"s3cr3t"}`

// What is understood, however it is spelled.
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
		{"flat", `{"domain":"acme","email_address":"a@acme.com","api_key":"s3cr3t"}`, func(s *Settings) bool { return s.Credentials.Email == "a@acme.com" }},
		{"a kind of credentials is implied", `{"subdomain":"acme","credentials":{"username":"a@acme.com","api_key":"s3cr3t"}}`, func(s *Settings) bool {
			return s.Credentials.AuthType == AuthAPIKey && s.Credentials.Email == "a@acme.com"
		}},
		{"OAuth", `{"subdomain":"acme","credentials":{"auth_type":"oauth2.0","access_token":"t0k3n"}}`, func(s *Settings) bool {
			return s.Credentials.AuthType == AuthOAuth && s.Secrets()[0] == "t0k3n"
		}},
		{"an empty string is no value", `{"subdomain":"acme","start_date":"","base_url":null,` + account + `}`, func(s *Settings) bool { return s.Start.IsZero() }},
		{"naive instants are UTC", `{"subdomain":"acme","start_date":"2026-11-18T08:27:05.042621",` + account + `}`, func(s *Settings) bool {
			return s.Start.Equal(time.Date(2026, 11, 18, 8, 27, 5, 42621000, time.UTC))
		}},
		{"a date ends with its day", `{"subdomain":"acme","start_date":"2026-01-31","end_date":"2026-01-31",` + account + `}`, func(s *Settings) bool {
			return s.End.Sub(s.Start) == 24*time.Hour-time.Microsecond
		}},
		{"another origin", `{"subdomain":"acme","base_url":"http://127.0.0.1:8080/",` + account + `}`, func(s *Settings) bool { return s.Origin == "http://127.0.0.1:8080" }},
		{"a setting of another case is unknown", `{"subdomain":"acme","Overlap":-60,"CONCURRENCY":9999,` + account + `}`, func(s *Settings) bool {
			return s.Overlap == 10*time.Minute && s.Concurrency == 4 && len(s.Warnings) == 2
		}},
		{"numbers may be spelled", `{"subdomain":"acme","overlap":1e1,"concurrency":2.0,` + account + `}`, func(s *Settings) bool {
			return s.Overlap == 10*time.Minute && s.Concurrency == 2
		}},
		{"blanks around", `{"subdomain":" acme\n","credentials":{},"email":" a@acme.com ","api_key":"s3cr3t\n"}`, func(s *Settings) bool {
			return s.Credentials.APIKey == "s3cr3t" && s.Credentials.Email == "a@acme.com"
		}},
		{"unknown settings", `{"subdomain":"acme","page_sze":7,"_limit":3,` + account + `}`, func(s *Settings) bool {
			return len(s.Warnings) == 1 && s.Warnings[0] == `the setting "page_sze" is not known and was not used`
		}},
		{"texts for other values", `{"subdomain":"acme","overlap":"5","mask_secrets":"no","rate_limit_reserve":" 0.5 ","exclude_fields":"tickets.subject, tickets.customer.email",` + account + `}`, func(s *Settings) bool {
			v := s.Privacy.Rules(streams.Find("tickets"))
			return s.Overlap == 5*time.Minute && s.RateLimitReserve == 0.5 && len(v.Exclude) == 2 && s.Privacy.Rules(streams.Find("integrations")).SecretColumns == nil
		}},
		{"what is concealed", `{"subdomain":"acme","exclude_fields":["tickets.tags[].name","customers.data.note"],"hash_fields":["customers.email"],"hash_salt":"a salt of my own!",` + account + `}`, func(s *Settings) bool {
			c, i := s.Privacy.Rules(streams.Find("customers")), s.Privacy.Rules(streams.Find("integrations"))
			return slices.Equal(s.Privacy.Rules(streams.Find("tickets")).Exclude[0], []string{"tags", "name"}) && len(c.Exclude) == 1 && len(c.Hash) == 1 &&
				string(c.Salt) == "a salt of my own!" && len(i.SecretColumns) > 0 && slices.Contains(s.Secrets(), "a salt of my own!") && s.Warnings == nil
		}},
		{"a field nobody documented", `{"subdomain":"acme","exclude_fields":["tickets.customer.shoe_size"],` + account + `}`, func(s *Settings) bool {
			return len(s.Warnings) == 1 && s.Warnings[0] == "exclude_fields: entry 1: no such field is documented; it is concealed if there is one"
		}},
		{"Sling's environment", `{"connections":{"PG":{"type":"postgres"},"HELP":{"type":"api","spec":"gorgias","secrets":{"subdomain":"acme","email":"a@acme.com","api_key":"s3cr3t"},"inputs":{"anchor_date":"2026-01-31"}}}}`, func(s *Settings) bool {
			return s.Subdomain == "acme" && s.Credentials.Email == "a@acme.com" && s.Credentials.APIKey == "s3cr3t" && s.Start.Day() == 31 && len(s.Warnings) == 0
		}},
		{"what lies over Sling's connection", `{"type":"api","spec":"gorgias","secrets":{"subdomain":"acme","email":"a@acme.com","api_key":"old"},"api_key":"s3cr3t"}`, func(s *Settings) bool {
			return s.Credentials.APIKey == "s3cr3t"
		}},
		{"a kind of credentials, written flat", `{"subdomain":"acme","auth_type":"oauth2.0","access_token":"t0k3n"}`, func(s *Settings) bool {
			return s.Credentials.AuthType == AuthOAuth && len(s.Warnings) == 0
		}},
		{"credentials of another case are unknown", `{"subdomain":"acme","credentials":{"email":"a@acme.com","api_key":"s3cr3t","API_KEY":"other"}}`, func(s *Settings) bool {
			return s.Credentials.APIKey == "s3cr3t" && len(s.Warnings) == 1 && strings.HasSuffix(s.Warnings[0], `"credentials.API_KEY" is not known and was not used; did you mean api_key?`)
		}},
		{"byte order mark", "\ufeff" + `{"subdomain":"acme",` + account + `}`, func(s *Settings) bool { return true }},
	} {
		s, err := Parse([]byte(c.config), false)
		if err != nil || !c.check(s) {
			t.Errorf("%s: got %+v, %v", c.name, s, err)
		}
	}
}

// What is not understood: the field as it was written, what is expected, an
// example, and nothing of the value.
func TestConfigMistakes(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{``, `the config is empty; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{"subdomain":"acme"`, `the config is cut short: its last bracket or quotation mark is not closed; expected a JSON object such as {"subdomain": "acme", …}`},
		{"{\n\"subdomain\": acme}", `the config is not JSON (line 2, character 14); expected a JSON object such as {"subdomain": "acme", …}`},
		{"subdomain: acme\napi_key: s3cr3t\n", `the config is YAML; expected a JSON object such as {"subdomain": "acme", …}. yq -o=json turns the one into the other`},
		{"<html>s3cr3t", `the config is HTML or XML; expected a JSON object such as {"subdomain": "acme", …}`},
		{"{\x00\"\x00a\x00", `the config is not UTF-8, but looks like UTF-16; save it as UTF-8; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{"a":1,}`, `the config is not JSON (line 1, character 8): a comma stands before a closing bracket; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{a:1}`, `the config is not JSON (line 1, character 2): names stand in double quotation marks; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{"a":'s3cr3t'}`, `the config is not JSON (line 1, character 6): names and texts stand in double quotation marks; expected a JSON object such as {"subdomain": "acme", …}`},
		{"{\"a\":1\n\"b\":2}", `the config is not JSON (line 2, character 1): a comma is missing; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{"a":1, // s3cr3t`, `the config is not JSON (line 1, character 9): JSON has no comments; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{"connections":{"A":{"spec":"gorgias"},"B":{"spec":"gorgias"}}}`, `connections: 2 of them have "spec": "gorgias"; leave the one that is to be read`},
		{`{"type":"api","spec":"gorgias","secrets":"s3cr3t"}`, `secrets: expected an object`},
		{`{"connections":{"A":{"spec":"gorgias","secrets":{"subdomain":7},"inputs":{"anchor_date":"s3cr3t"}}}}`, `connections.A.secrets.api_key: it is missing, expected the API key from Settings, REST API; connections.A.secrets.email: it is missing, expected the e-mail address of the user the API key belongs to; connections.A.secrets.subdomain: expected a text such as acme`},
		{`{"spec":"gorgias","secrets":{"subdomain":"acme","email":"a@acme.com","api_key":"${s3cr3t}"},"inputs":{"anchor_date":"s3cr3t"}}`, `inputs.anchor_date: expected a date such as 2026-01-31 or an instant such as 2026-01-31T00:00:00Z; secrets.api_key: it is a reference that nobody has filled in; expected the value itself`},
		{`{"subdomian":"acme",` + account + `}`, `subdomain: it is missing, expected a text such as acme (if "subdomian" is meant, rename it)`},
		{`{"subdomain":"acme","credentials":{"email":"a@acme.com","apikey":"s3cr3t"}}`, `credentials.api_key: it is missing, expected the API key from Settings, REST API (if "credentials.apikey" is meant, rename it)`},
		{`{"subdomain":"acme","email":"s3cr3t","api_key":"a@acme.com"}`, `api_key: it is an e-mail address; expected the API key from Settings, REST API; email: expected an e-mail address such as admin@acme.com`},
		{`[]`, `the config is a list; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{} {}`, `the config goes on behind its object; expected a JSON object such as {"subdomain": "acme", …}`},
		{`{}`, `credentials: it is missing, expected an object with "email" and "api_key"; subdomain: it is missing, expected a text such as acme`},
		{`{` + account + `}`, `subdomain: it is missing, expected a text such as acme`},
		{`{"subdomain":7,` + account + `}`, `subdomain: expected a text such as acme`},
		{`{"domain_name":7,` + account + `}`, `domain_name: expected a text such as acme`},
		{`{"subdomain":"acme.zendesk.com",` + account + `}`, `subdomain: expected the part before .gorgias.com, such as acme; this names another host`},
		{`{"subdomain":"https://evil.example/acme.gorgias.com",` + account + `}`, `subdomain: expected the part before .gorgias.com, such as acme; this names another host`},
		{`{"subdomain":"a@b.gorgias.com",` + account + `}`, `subdomain: expected the part before .gorgias.com, such as acme; this is an e-mail address`},
		{`{"domain":"-acme",` + account + `}`, `domain: expected the part before .gorgias.com, such as acme: letters, digits and hyphens alone`},
		{`{"subdomain":"acme","credentials":"s3cr3t"}`, `credentials: expected an object with "email" and "api_key"`},
		{`{"subdomain":"acme","credentials":{"auth_type":"basic","api_key":"s3cr3t"}}`, `credentials.auth_type: expected "api_key" or "oauth2.0"`},
		{`{"subdomain":"acme","credentials":{"auth_type":"api_key","email":"a@acme.com"}}`, `credentials.api_key: it is missing, expected the API key from Settings, REST API`},
		{`{"subdomain":"acme","credentials":{"auth_type":"oauth2.0"}}`, `credentials.client_id: it is missing, expected the client ID of your app; credentials.client_secret: it is missing, expected the client secret of your app; credentials.refresh_token: it is missing, expected the refresh token your app was given`},
		{`{"subdomain":"acme","username":"a@acme.com"}`, `api_key: it is missing, expected the API key from Settings, REST API`},
		{`{"subdomain":"acme","password":["s3cr3t"],"username":"a@acme.com"}`, `password: expected the API key from Settings, REST API, as a text`},
		{`{"subdomain":"acme","start_date":"soon",` + account + `}`, `start_date: expected a date such as 2026-01-31 or an instant such as 2026-01-31T00:00:00Z`},
		{`{"subdomain":"acme","anchor_date":"31.1.2026",` + account + `}`, `anchor_date: expected a date such as 2026-01-31 or an instant such as 2026-01-31T00:00:00Z`},
		{`{"subdomain":"acme","start_date":20260131,` + account + `}`, `start_date: expected a date such as 2026-01-31 or an instant such as 2026-01-31T00:00:00Z, as a text`},
		{`{"subdomain":"acme","start_date":"2026-02-01","end_date":"2026-01-01",` + account + `}`, `end_date: it lies before start_date`},
		{`{"subdomain":"acme","overlap":-1,` + account + `}`, `overlap: expected a whole number from 0 to 1440 such as 10`},
		{`{"subdomain":"acme","deletes":"never",` + account + `}`, `deletes: expected "tombstone" or "ignore"`},
		{`{"subdomain":"acme","mask_secrets":"perhaps",` + account + `}`, `mask_secrets: expected true or false`},
		{`{"subdomain":"acme","exclude_fields":7,` + account + `}`, `exclude_fields: expected a list of texts`},
		{`{"subdomain":"acme","exclude_fields":["tickets.subject",7],` + account + `}`, `exclude_fields: entry 2: expected a text`},
		{`{"subdomain":"acme","exclude_fields":["subject"],` + account + `}`, `exclude_fields: entry 1: it names no stream; expected stream.field such as customers.email`},
		{`{"subdomain":"acme","exclude_fields":["tickets"],` + account + `}`, `exclude_fields: entry 1: it names no field; expected stream.field such as tickets.uri. To leave out a stream, deselect it`},
		{`{"subdomain":"acme","exclude_fields":["tickets..x"],` + account + `}`, `exclude_fields: entry 1: it names no field; expected stream.field such as tickets.uri. To leave out a stream, deselect it`},
		{`{"subdomain":"acme","exclude_fields":["tickets.id"],` + account + `}`, `exclude_fields: entry 1: tickets.id is needed: by it the destination tells records and their versions apart`},
		{`{"subdomain":"acme","exclude_fields":["tickets.s3cr3t"],` + account + `}`, `exclude_fields: entry 1: tickets has no such field; docs/streams.md lists them`},
		{`{"subdomain":"acme","hash_fields":"customers.email",` + account + `}`, `hash_salt: it is missing; expected a text of at least 16 characters that you keep to yourself: without it, hashes of e-mail addresses and phone numbers are soon guessed`},
		{`{"subdomain":"acme","hash_fields":["customers.updated_datetime"],"hash_salt":"s3cr3t-s3cr3t-s3cr3t",` + account + `}`, `hash_fields: entry 1: customers.updated_datetime is needed: by it the destination tells records and their versions apart`},
		{`{"subdomain":"acme","hash_salt":"s3cr3t",` + account + `}`, `hash_salt: expected a text of at least 16 characters`},
		{`{"subdomain":"acme","exclude_feilds":["tickets.subject"],` + account + `}`, `exclude_feilds: there is no such setting; expected exclude_fields, hash_fields, hash_salt or mask_secrets`},
		{`{"subdomain":"acme","overlap":"ten",` + account + `}`, `overlap: expected a whole number from 0 to 1440 such as 10`},
		{`{"subdomain":"acme","overlap":1e99999999,` + account + `}`, `overlap: expected a whole number from 0 to 1440 such as 10`},
		{`{"subdomain":"acme","rate_limit_reserve":-1e99999999,` + account + `}`, `rate_limit_reserve: expected a number from 0 to 0.9 such as 0.1`},
		{`{"subdomain":"acme","concurrency":0,` + account + `}`, `concurrency: expected a whole number from 1 to 10 such as 4`},
		{`{"subdomain":"acme","rate_limit_reserve":1,` + account + `}`, `rate_limit_reserve: expected a number from 0 to 0.9 such as 0.1`},
		{`{"subdomain":"acme","base_url":"ftp://x",` + account + `}`, `base_url: expected scheme and host only, such as https://gorgias-proxy.example.com`},
		{`{"subdomain":"acme","base_url":"https://user:s3cr3t@x",` + account + `}`, `base_url: expected scheme and host only, such as https://gorgias-proxy.example.com`},
		{`{"subdomain":"acme","base_url":"https://x/api",` + account + `}`, `base_url: expected scheme and host only, such as https://gorgias-proxy.example.com`},
	} {
		_, err := Parse([]byte(c.config), false)
		var misfit *Error
		if !errors.As(err, &misfit) || strings.Join(misfit.Problems, "; ") != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.config, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: the secret is shown: %v", c.config, err)
		}
	}
	if _, err := Parse([]byte(`{"subdomain":"acme","base_url":"https://x",`+account+`}`), true); err == nil {
		t.Error("base_url was taken from people who are not the host's")
	}
}

// TestURI: an address is another way to write a configuration.
func TestURI(t *testing.T) {
	for uri, check := range map[string]func(*Settings) bool{
		"gorgias://acme?api_key=s3cr3t&email=a%40acme.com":            func(s *Settings) bool { return s.Concurrency == 4 },
		"gorgias://acme.gorgias.com/?api_key=s3cr3t&email=a@acme.com": func(s *Settings) bool { return true },
		"GORGIAS://a%40acme.com:s3cr3t@acme?overlap=5&mask_secrets=false&exclude_fields=tickets.subject,users.email&start_date=2026-01-31": func(s *Settings) bool {
			return s.Overlap == 5*time.Minute && len(s.Privacy.Rules(streams.Find("users")).Exclude) == 1 && s.Start.Day() == 31 && s.Privacy.secretsVisible
		},
		"gorgias://acme?password=s3cr3t&username=a@acme.com&&interval_start=2026-01-31": func(s *Settings) bool { return s.Start.Day() == 31 },
	} {
		raw, err := ParseURI(uri)
		if err != nil || !IsURI(uri) {
			t.Errorf("%s: %v", uri, err)
			continue
		}
		s, err := Parse(raw, false)
		if err != nil || s.Subdomain != "acme" || s.Credentials.APIKey != "s3cr3t" || s.Credentials.Email != "a@acme.com" || !check(s) {
			t.Errorf("%s: %+v, %v", uri, s, err)
		}
	}
	if raw, err := ParseURI("gorgias://acme?email=a+b@acme.com"); err != nil || !strings.Contains(string(raw), "a+b@acme.com") {
		t.Errorf("a plus sign: %s, %v", raw, err)
	}
	for uri, want := range map[string]string{
		"gorgias://?api_key=s3cr3t":                   "it has no subdomain",
		"gorgias://acme/s3cr3t?email=a":               "there is a path in it; in a value, write / as %2F, # as %23 and ? as %3F",
		"gorgias://acme?api_key=s3cr3t#x":             "there is a path in it; in a value, write / as %2F, # as %23 and ? as %3F",
		"gorgias://acme?api_key=s3cr3t%":              "a sign in it must be written with %",
		"gorgias://acme?api_key=s3cr3t&api_key=s3cr3": "a setting stands in it twice",
		"gorgias://s3cr3t\x7f":                        "it is not a URL, or a sign in it must be written with %",
	} {
		_, err := ParseURI(uri)
		if err == nil || strings.Contains(err.Error(), "s3cr3") || !strings.HasPrefix(err.Error(), "the address cannot be read: "+want+"; expected one such as gorgias://") {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func FuzzConfig(f *testing.F) {
	for _, s := range []string{`{}`, `{"subdomain":"acme",` + account + `}`, `{"credentials":{}}`, `{"credentials":{"auth_type":null}}`, `{"subdomain":{"a":[]},"overlap":1e9}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Parse(raw, true)
		var misfit *Error
		switch {
		case err == nil && (s.Origin != "https://"+s.Subdomain+".gorgias.com" || len(s.Secrets()) == 0):
			t.Fatalf("%s became %+v", raw, s)
		case err != nil && (!errors.As(err, &misfit) || len(misfit.Problems) == 0):
			t.Fatalf("%s: %v", raw, err)
		}
	})
}
