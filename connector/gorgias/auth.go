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

// Auth sets the Authorization header of a request that is about to be sent. It is
// asked for each attempt, so a token may change on the way. An error ends the
// request as unauthorized, unless it has a method Temporary that reports true:
// then it is tried again like a broken connection.
type Auth func(ctx context.Context, r *http.Request) error

// Basic authorizes with an API key of the user with that e-mail address.
func Basic(email, key string) Auth {
	return func(_ context.Context, r *http.Request) error {
		r.SetBasicAuth(email, key)
		return nil
	}
}

// Bearer authorizes with an OAuth2 access token.
func Bearer(token string) Auth {
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
}

// scrub removes from a text what the request was authorized with, should a server
// echo it: plain, in Base64 and URL-encoded, in any case.
func scrub(text string, r *http.Request) string {
	header := r.Header.Get("Authorization")
	_, token, _ := strings.Cut(header, " ")
	secrets := []string{header, token}
	if user, key, ok := r.BasicAuth(); ok {
		secrets = append(secrets, user+":"+key, key, user)
	}
	var forms []string
	for _, s := range secrets {
		forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s),
			base64.RawStdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s)))
	}
	forms = slices.DeleteFunc(forms, func(s string) bool { return s == "" })
	if len(forms) == 0 {
		return text
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // the whole before its parts
	for i, s := range forms {
		forms[i] = regexp.QuoteMeta(s)
	}
	return regexp.MustCompile(`(?i)(?:`+strings.Join(forms, "|")+`)=*`).ReplaceAllLiteralString(text, "***")
}
