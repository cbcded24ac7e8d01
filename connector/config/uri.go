package config

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
)

// scheme begins a configuration that is written as one address:
// gorgias://acme?email=admin%40acme.com&api_key=…
const scheme = "gorgias://"

// IsURI reports whether a text is meant as such an address.
func IsURI(text string) bool {
	return len(text) >= len(scheme) && strings.EqualFold(text[:len(scheme)], scheme)
}

// ParseURI turns a configuration that is written as an address into JSON. The
// host is the subdomain, and the parameters are all other settings by their
// names, credentials among them; a user with a password, before the host, is
// the e-mail address with the API key. A plus sign stands for itself. The error
// is a *Error, and shows nothing of the address.
func ParseURI(text string) ([]byte, error) {
	fail := func(what string) ([]byte, error) {
		return nil, &Error{[]string{"the address cannot be read: " + what + "; expected one such as gorgias://acme?email=admin%40acme.com&api_key=…"}}
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "":
		return fail("it is not a URL, or a sign in it must be written with %")
	case u.Host == "":
		return fail("it has no subdomain")
	case strings.Trim(u.Path, "/") != "" || u.Fragment != "":
		return fail("there is a path in it; in a value, write / as %2F, # as %23 and ? as %3F")
	}
	fields := map[string]any{"subdomain": u.Host}
	if u.User != nil {
		fields["email"] = u.User.Username()
		fields["api_key"], _ = u.User.Password()
	}
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err1 := url.PathUnescape(name)
		value, err2 := url.PathUnescape(value)
		switch _, twice := fields[name]; {
		case errors.Join(err1, err2) != nil:
			return fail("a sign in it must be written with %")
		case twice:
			return fail("a setting stands in it twice")
		}
		fields[name] = value
	}
	return json.Marshal(fields)
}
