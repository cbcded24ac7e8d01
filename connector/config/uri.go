package config

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
)

const uriScheme = "gorgias://"

// IsURI reports whether a text is a configuration in the form of a URI:
// gorgias://acme?email=admin%40acme.com&api_key=…
func IsURI(text string) bool {
	return len(text) >= len(uriScheme) && strings.EqualFold(text[:len(uriScheme)], uriScheme)
}

// ParseURI converts a configuration in the form of a URI to JSON. The host is the
// subdomain. The parameters are the other settings by their names, credentials
// included. A user and password before the host are the email address and the API
// key. A plus sign is not a blank. The error is an *Error and contains nothing of
// the URI.
func ParseURI(text string) ([]byte, error) {
	fail := func(what string) ([]byte, error) {
		return nil, NewError("", "the config URI is invalid: %s; expected a URI such as gorgias://acme?email=admin%%40acme.com&api_key=…", what)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "":
		return fail("a character must be percent-encoded, or it is not a URI")
	case u.Host == "":
		return fail("the subdomain is missing")
	case strings.Trim(u.Path, "/") != "" || u.Fragment != "":
		return fail("it has a path or a fragment; in a value, write / as %2F, # as %23 and ? as %3F")
	}
	fields := map[string]any{"subdomain": u.Host}
	if u.User != nil {
		fields["email"] = u.User.Username()
		fields["api_key"], _ = u.User.Password()
	}
	for parameter := range strings.SplitSeq(u.RawQuery, "&") {
		if parameter == "" {
			continue
		}
		name, value, _ := strings.Cut(parameter, "=")
		name, err1 := url.PathUnescape(name)
		value, err2 := url.PathUnescape(value)
		switch _, twice := fields[name]; {
		case errors.Join(err1, err2) != nil:
			return fail("a character must be percent-encoded")
		case twice:
			return fail("a setting occurs twice")
		}
		fields[name] = value
	}
	return json.Marshal(fields)
}
