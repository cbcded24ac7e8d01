package conform

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// A cover is how closely values are looked at.
type cover uint8

const (
	open    cover = iota // not at all
	watched              // what stands under the name of a secret, or looks like one, is masked
	headers              // all is masked but what stands under the name of a harmless HTTP header
	hidden               // all is masked
)

// Masked stands in the place of a secret.
const Masked = "****"

// under returns the cover of a member's value.
func (c cover) under(name []byte) cover {
	switch c {
	case watched:
		switch {
		case secretName(string(name)):
			return hidden
		case strings.EqualFold(string(name), "headers"):
			return headers
		}
	case headers:
		if !slices.Contains(harmless, strings.ToLower(string(name))) {
			return hidden
		}
		return watched
	}
	return c
}

// harmless are the HTTP headers in which no credentials travel.
var harmless = []string{
	"accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection", "content-encoding",
	"content-language", "content-length", "content-type", "host", "origin", "user-agent", "x-requested-with",
}

// paired returns the cover of the member "value" in an object, whose name
// stands beside it: {"name": "Authorization", "value": "…"}.
func (p *pass) paired() cover {
	object := p.src[p.i:skipValue(p.src, p.i)]
	for _, n := range []string{"name", "key", "header"} {
		if name, ok := Field(object, n); ok && name[0] == '"' {
			said, _ := readText(name, 0)
			return p.cover.under(said)
		}
	}
	return p.cover
}

// member writes the value of a member.
func (p *pass) member(c *prop, name []byte, paired cover) {
	start, outer := len(p.dst), p.cover
	if c.masked && outer == open {
		p.cover = watched
	} else if outer != open {
		p.cover = outer.under(name)
		if string(name) == "value" {
			p.cover = paired
		}
	}
	p.value(c.node)
	if p.cover = outer; c.hashed {
		p.digest(start)
	}
}

// mask writes the scalar at p.i if it is to be masked, and reports whether it
// was.
func (p *pass) mask(n *node) bool {
	with := Masked
	switch c := p.src[p.i]; {
	case c == '"':
		said, _ := readText(p.src, p.i)
		if p.cover == watched {
			with = within(said)
		}
		if len(said) == 0 || with == string(said) {
			return false
		}
	case c == '-' || '0' <= c && c <= '9':
		if p.cover == watched {
			return false
		}
	default:
		return false
	}
	p.skip()
	p.hidden = true
	if n.accepts&text == 0 || n.instant {
		p.dst = append(p.dst, "null"...)
	} else {
		p.dst = appendQuoted(p.dst, []byte(with))
	}
	return true
}

// within is a text without the secrets in it. JSON in a text is looked through
// as JSON.
func within(said []byte) string {
	if len(said) > 1 && (said[0] == '{' || said[0] == '[') && jsontext.Value(said).IsValid(jsontext.AllowDuplicateNames(true)) {
		inner := pass{src: said, cover: watched}
		if inner.clear(anything); inner.hidden {
			return string(inner.dst)
		}
		return string(said)
	}
	return censored(string(said))
}

// secretName reports whether a secret is likely to stand under a name.
func secretName(name string) bool {
	said := words(name)
	if len(said) == 0 || slices.Contains(aside, said[len(said)-1]) {
		return false
	}
	for i, w := range said {
		one := strings.TrimSuffix(w, "s")
		if slices.Contains(secretWords, one) || slices.Contains(secretWords, w) ||
			slices.ContainsFunc(secretEnds, func(end string) bool { return strings.HasSuffix(one, end) }) {
			return true
		}
		if key := w == "key" || w == "keys"; key && i > 0 && !slices.Contains(openKeys, said[i-1]) {
			return true
		}
	}
	return said[len(said)-1] == "auth"
}

var (
	secretWords = []string{
		"apikey", "authorization", "bearer", "cookie", "credential", "dsn", "hmac", "jwt", "otp", "pass", "passcode", "passphrase", "passwd",
		"password", "privatekey", "accesskey", "secretkey", "pwd", "secret", "session", "signature", "token",
	}
	// And words that run together: accesstoken.
	secretEnds = []string{"token", "secret", "password", "apikey", "privatekey", "sessionid"}
	// A key of these kinds opens nothing.
	openKeys = []string{"public", "publishable", "primary", "foreign", "sort", "order", "translation"}
	// What a name ends with that tells of a secret, and holds none.
	aside = []string{"at", "count", "date", "datetime", "enabled", "expires", "expiry", "expiration", "in", "scope", "scopes", "status", "type"}
)

// words are the parts of a name in snake, kebab or camel case, in small
// letters.
func words(name string) []string {
	var b strings.Builder
	var last rune
	for _, r := range name {
		if unicode.IsUpper(r) && (unicode.IsLower(last) || unicode.IsDigit(last)) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
		last = r
	}
	return strings.FieldsFunc(b.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

var (
	// Credentials in an address: user:password@, and the values of its query or
	// of a form.
	userinfo = regexp.MustCompile(`://[^/?#\s]+@`)
	queried  = regexp.MustCompile(`(?:^|[?&;#\s])[\w.\[\]-]+=[^&;#\s]+`)
	// What can be told by its looks: schemes of HTTP's Authorization, signed
	// tokens, private keys, keys of services that mark them as such, addresses
	// that are themselves a key.
	telling = regexp.MustCompile(`(?i)\b(?:bearer|basic|digest)\s+[a-z0-9._~+/=-]{8,}` +
		`|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*` +
		`|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?` +
		`|(?-i:\b(?:[srp]k_(?:live|test)_|whsec_|shp(?:at|ss|ca|pa)_|xox[abprs]-|gh[opsu]_|glpat-|SG\.|key-)[\w.-]{12,}|\bAKIA[A-Z0-9]{16}\b)` +
		`|hooks\.slack\.com/services/[\w/]+`)
)

// censored is a text without what looks like a secret in it.
func censored(said string) string {
	said = userinfo.ReplaceAllString(said, "://"+Masked+"@")
	said = queried.ReplaceAllStringFunc(said, func(q string) string {
		if name, _, _ := strings.Cut(q, "="); secretName(name) {
			return name + "=" + Masked
		}
		return q
	})
	return telling.ReplaceAllString(said, Masked)
}
