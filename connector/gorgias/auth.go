package gorgias

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Auth sets the Authorization header of a request before it is sent. It is called
// for each attempt, so that tokens may change in between. An error ends the
// request as unauthorized, unless it has a method Temporary that returns true:
// then the request is retried as after a network error.
type Auth func(ctx context.Context, r *http.Request) error

// Basic authorizes with an API key and the e-mail address of the user it belongs to.
func Basic(email, key string) Auth {
	return func(_ context.Context, r *http.Request) error {
		r.SetBasicAuth(email, key)
		return nil
	}
}

// authSecrets returns what a request was authorized with, and its parts.
func authSecrets(r *http.Request) []string {
	header := r.Header.Get("Authorization")
	_, token, _ := strings.Cut(header, " ")
	secrets := []string{header, token}
	if user, key, ok := r.BasicAuth(); ok {
		secrets = append(secrets, user+":"+key, key, user)
	}
	return secrets
}

// redact removes secrets from a text, in case a server echoes them: as they are,
// in Base64 and URL-encoded, in upper and lower case.
func redact(text string, secrets ...string) string {
	var forms []string
	for _, s := range secrets {
		forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s),
			base64.RawStdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s)))
	}
	forms = slices.DeleteFunc(forms, func(s string) bool { return s == "" })
	if len(forms) == 0 {
		return text
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // longer ones contain shorter ones
	for i, s := range forms {
		forms[i] = regexp.QuoteMeta(s)
	}
	return regexp.MustCompile(`(?i)(?:`+strings.Join(forms, "|")+`)=*`).ReplaceAllLiteralString(text, "***")
}
