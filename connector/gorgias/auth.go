package gorgias

import (
	"context"
	"net/http"
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

// redact removes secrets from a text, in case a server echoes them.
func redact(text string, secrets ...string) string {
	var r Redactor
	r.Add(secrets...)
	return r.Redact(text)
}
