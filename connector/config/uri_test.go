package config

import (
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/streams"
)

// TestURI: a configuration can be written as a URI.
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
		"gorgias://?api_key=s3cr3t":                   "the subdomain is missing",
		"gorgias://acme/s3cr3t?email=a":               "it has a path or a fragment; in a value, write / as %2F, # as %23 and ? as %3F",
		"gorgias://acme?api_key=s3cr3t#x":             "it has a path or a fragment; in a value, write / as %2F, # as %23 and ? as %3F",
		"gorgias://acme?api_key=s3cr3t%":              "a character must be percent-encoded",
		"gorgias://acme?api_key=s3cr3t&api_key=s3cr3": "a setting occurs twice",
		"gorgias://s3cr3t\x7f":                        "a character must be percent-encoded, or it is not a URI",
	} {
		_, err := ParseURI(uri)
		if err == nil || strings.Contains(err.Error(), "s3cr3") || !strings.HasPrefix(err.Error(), "the config URI is invalid: "+want+"; expected a URI such as gorgias://") {
			t.Errorf("%s: %v", uri, err)
		}
	}
}
