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

// redactRequest removes from a text what a request was authorized with, in case a
// server echoes it.
func redactRequest(text string, r *http.Request) string {
	header := r.Header.Get("Authorization")
	_, token, _ := strings.Cut(header, " ")
	var redactor Redactor
	redactor.Add(token)
	if user, key, ok := r.BasicAuth(); ok {
		redactor.AddWhole(user)
		redactor.Add(key)
	}
	return redactor.Redact(text)
}
