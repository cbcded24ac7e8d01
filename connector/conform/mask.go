package conform

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// A maskLevel is which values are masked.
type maskLevel uint8

const (
	maskNothing maskLevel = iota
	maskSecrets           // members with the name of a secret, and strings that look like one
	maskHeaders           // all members but the public HTTP headers
	maskAll
)

// Masked replaces a secret.
const Masked = "****"

// ofMember returns the level of a member's value.
func (l maskLevel) ofMember(name []byte) maskLevel {
	switch l {
	case maskSecrets:
		switch {
		case isSecretName(string(name)):
			return maskAll
		case strings.EqualFold(string(name), "headers"):
			return maskHeaders
		}
	case maskHeaders:
		if !slices.Contains(publicHeaders, strings.ToLower(string(name))) {
			return maskAll
		}
		return maskSecrets
	}
	return l
}

// publicHeaders are HTTP headers that carry no credentials.
var publicHeaders = []string{
	"accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection", "content-encoding",
	"content-language", "content-length", "content-type", "host", "origin", "user-agent", "x-requested-with",
}

// valueLevel returns the level of the member "value" of the object at p.i, which
// another member names: {"name": "Authorization", "value": "…"}.
func (p *pass) valueLevel() maskLevel {
	object := p.src[p.i:skipValue(p.src, p.i)]
	for _, field := range []string{"name", "key", "header"} {
		if name, ok := Field(object, field); ok && name[0] == '"' {
			text, _ := unquote(name, 0)
			return p.masking.ofMember(text)
		}
	}
	return p.masking
}

// maskScalar masks the value at p.i if it is a scalar to mask, and reports
// whether it was.
func (p *pass) maskScalar(n *node) bool {
	masked := Masked
	switch c := p.src[p.i]; {
	case c == '"':
		text, _ := unquote(p.src, p.i)
		if p.masking == maskSecrets {
			masked = maskText(text)
		}
		if len(text) == 0 || masked == string(text) {
			return false
		}
	case c == '-' || '0' <= c && c <= '9':
		if p.masking == maskSecrets {
			return false
		}
	default:
		return false
	}
	start := p.i
	p.skip()
	p.masked = true
	if n.accepts&typeString == 0 || n.timestamp {
		if p.src[start] == '"' {
			p.keep(n, start)
		}
		p.dst = append(p.dst, "null"...)
	} else {
		p.dst = appendQuoted(p.dst, []byte(masked))
	}
	return true
}

// maskText masks the secrets in a string. A string that contains JSON is
// searched as JSON.
func maskText(text []byte) string {
	if len(text) > 1 && (text[0] == '{' || text[0] == '[') && jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true)) {
		text, _ := appendLast(nil, text, 0, 0)
		inner := pass{src: text, masking: maskSecrets}
		if inner.conformValue(anyValue); inner.masked {
			return string(inner.dst)
		}
		return string(text)
	}
	return maskPatterns(string(text))
}

// isSecretName reports whether a member of this name is likely to hold a secret.
func isSecretName(name string) bool {
	parts := nameParts(name)
	if len(parts) == 0 || slices.Contains(nonSecretSuffixes, parts[len(parts)-1]) {
		return false
	}
	for i, word := range parts {
		singular := strings.TrimSuffix(word, "s")
		if slices.Contains(secretWords, singular) || slices.Contains(secretWords, word) ||
			slices.ContainsFunc(secretSuffixes, func(suffix string) bool { return strings.HasSuffix(singular, suffix) }) {
			return true
		}
		if singular == "key" && i > 0 && !slices.Contains(publicKeyPrefixes, parts[i-1]) {
			return true
		}
	}
	return parts[len(parts)-1] == "auth"
}

var (
	secretWords = []string{
		"apikey", "authorization", "bearer", "cookie", "credential", "dsn", "hmac", "jwt", "otp", "pass", "passcode", "passphrase", "passwd",
		"password", "privatekey", "accesskey", "secretkey", "pwd", "secret", "session", "signature", "token",
	}
	// Endings of words without separators: accesstoken.
	secretSuffixes = []string{"token", "secret", "password", "apikey", "privatekey", "sessionid"}
	// Words before "key" that make it no credential.
	publicKeyPrefixes = []string{"public", "publishable", "primary", "foreign", "sort", "order", "translation"}
	// Last words of names that describe a secret without holding it.
	nonSecretSuffixes = []string{"at", "count", "date", "datetime", "enabled", "expires", "expiry", "expiration", "in", "scope", "scopes", "status", "type"}
)

// nameParts splits a name in snake, kebab or camel case into words in lower
// case.
func nameParts(name string) []string {
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
	// Credentials in a URL: user:password@, and parameters of a query or a form.
	userinfo   = regexp.MustCompile(`://[^/?#\s]+@`)
	queryParam = regexp.MustCompile(`(?:^|[?&;#\s])[\w.\[\]-]+=[^&;#\s]+`)
	// Secrets with a form of their own: schemes of HTTP's Authorization header,
	// signed tokens, private keys, API keys with a known prefix, URLs that work as
	// a key.
	secretPattern = regexp.MustCompile(`(?i)\b(?:bearer|basic|digest)\s+[a-z0-9._~+/=-]{8,}` +
		`|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*` +
		`|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?` +
		`|(?-i:\b(?:[srp]k_(?:live|test)_|whsec_|shp(?:at|ss|ca|pa)_|xox[abprs]-|gh[opsu]_|glpat-|SG\.|key-)[\w.-]{12,}|\bAKIA[A-Z0-9]{16}\b)` +
		`|hooks\.slack\.com/services/[\w/]+`)
)

// maskPatterns masks the parts of a string that look like a secret.
func maskPatterns(text string) string {
	text = userinfo.ReplaceAllString(text, "://"+Masked+"@")
	text = queryParam.ReplaceAllStringFunc(text, func(q string) string {
		if name, _, _ := strings.Cut(q, "="); isSecretName(name) {
			return name + "=" + Masked
		}
		return q
	})
	return secretPattern.ReplaceAllString(text, Masked)
}
