package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector/conform"
)

// A parser converts a valid Config to Settings. It collects what the
// specification cannot express.
type parser struct {
	Settings
	config   Config
	names    originalNames
	problems []Problem

	unresolved []string // settings that refer to a variable that is not set
}

// fail adds a problem, unless the value of the setting is not known.
func (p *parser) fail(setting, format string, args ...any) {
	if slices.Contains(p.unresolved, p.names.of(setting)) {
		return
	}
	p.problems = append(p.problems, Problem{Setting: p.names.of(setting), Text: fmt.Sprintf(format, args...)})
}

func (p *parser) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

// convert fills in the defaults of the specification and sets what needs no
// further check.
func (p *parser) convert(fields map[string]any) error {
	for name, property := range spec().Properties {
		if fields[name] == nil && property.Default != nil {
			fields[name] = property.Default
		}
	}
	raw, err := json.Marshal(fields)
	if err == nil {
		err = json.Unmarshal(raw, &p.config)
	}
	if err != nil {
		return NewError("", "the config does not match its specification") // err contains values
	}
	c := &p.config
	p.Credentials, p.hashSalt = c.Credentials, c.HashSalt
	p.ReconcileEvery, p.ReconcileNow = time.Duration(c.ReconcileDays)*24*time.Hour, c.ReconcileNow
	p.Overlap, p.WindowInterval = time.Duration(c.Overlap)*time.Minute, time.Duration(c.WindowInterval)*time.Hour
	p.Concurrency, p.RateLimitReserve, p.Tombstones = c.Concurrency, c.RateLimitReserve, c.Deletes == "tombstone"
	return nil
}

// account sets where requests are sent.
func (p *parser) account() {
	var err error
	if p.Subdomain, err = subdomain(p.config.Subdomain); err != nil {
		p.fail("subdomain", "%v", err)
	}
	p.Origin = "https://" + p.Subdomain + ".gorgias.com"
	if p.config.BaseURL == "" {
		return
	}
	if p.Origin, err = origin(p.config.BaseURL); err != nil {
		p.fail("base_url", "%v", err)
	} else if p.PublicOnly {
		p.fail("base_url", "not allowed in this deployment; leave it empty")
	}
}

var subdomainPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// subdomain finds the account's name in a name, a host or a URL.
func subdomain(text string) (string, error) {
	host := strings.ToLower(text)
	if i := strings.Index(host, "://"); i >= 0 {
		host = host[i+3:]
	}
	host, _, _ = strings.Cut(host, "/")
	name, isHost := strings.CutSuffix(host, ".gorgias.com")
	switch {
	case strings.Contains(name, "@"):
		return "", errors.New("expected the part before .gorgias.com, such as acme; this is an email address")
	case !isHost && strings.ContainsAny(name, ".:"):
		return "", errors.New("expected the part before .gorgias.com, such as acme; this is another host")
	case !subdomainPattern.MatchString(name):
		return "", errors.New("expected the part before .gorgias.com, such as acme: only letters, digits and hyphens")
	}
	return name, nil
}

// origin checks that text is a scheme and a host, and nothing else.
func origin(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("expected scheme and host only, such as https://gorgias-proxy.example.com")
	}
	return u.Scheme + "://" + u.Host, nil
}

// dates sets the bounds of a sync.
func (p *parser) dates() {
	p.Start = p.timestamp("start_date", p.config.StartDate, expectedDate)
	p.End = p.timestamp("end_date", p.config.EndDate, expectedDate)
	if len(p.config.EndDate) == len("2026-01-31") && !p.End.IsZero() { // a date includes the whole day
		p.End = p.End.AddDate(0, 0, 1).Add(-time.Microsecond)
	}
	if !p.Start.IsZero() && !p.End.IsZero() && p.End.Before(p.Start) {
		p.fail("end_date", "earlier than %s", p.names.of("start_date"))
	}
}

// timestamp returns a date or timestamp; zero if text is empty.
func (p *parser) timestamp(setting, text, expected string) time.Time {
	at, ok := conform.ParseTimestamp(text)
	if !ok && text != "" {
		p.fail(setting, "expected %s", expected)
	}
	return at
}

var (
	// placeholderPattern matches what another program should have replaced by a
	// value.
	placeholderPattern = regexp.MustCompile(`^(\$\{.*\}|\{\{.*\}\}|ref\+[a-z0-9]+://.*)$`)
	emailPattern       = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)
)

// credentials checks the credentials for what users put in their place.
func (p *parser) credentials() {
	c := p.Credentials
	p.TokenExpiry = p.timestamp("token_expiry_date", c.TokenExpiryDate, "a timestamp such as 2026-01-31T00:00:00Z; leave it empty if you do not know it")
	for _, field := range []struct{ name, value string }{{"email", c.Email}, {"api_key", c.APIKey}, {"client_id", c.ClientID},
		{"client_secret", c.ClientSecret}, {"refresh_token", c.RefreshToken}, {"access_token", c.AccessToken}} {
		switch isEmail := emailPattern.MatchString(field.value); {
		case placeholderPattern.MatchString(field.value):
			p.fail(field.name, "unresolved placeholder; expected the value itself")
		case field.name == "email" && field.value != "" && !isEmail:
			p.fail(field.name, "expected an email address such as admin@acme.com")
		case field.name == "api_key" && isEmail:
			p.fail(field.name, "this is an email address; expected %s", expected[field.name])
		}
	}
}
