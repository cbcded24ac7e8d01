package gorgias

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A Kind is what became of a request, for callers that must act on it.
type Kind int

const (
	ClientError     Kind = iota + 1 // 400 and every 4xx without a kind of its own: a bad parameter or page token
	Unauthorized                    // 401: the credentials are missing, wrong or expired
	Forbidden                       // 403: the role, the scope or the plan does not allow it
	NotFound                        // 404: mostly, it was deleted
	RateLimited                     // 429: the account's allowance is used up
	ServerError                     // 5xx and 408: the server is in trouble
	InvalidResponse                 // 200, but not a whole page of the expected form
	Oversized                       // the answer is longer than the client reads
	Network                         // no answer, or only a part of one
	Merged                          // 301: the object was merged into another, Error.Into
	Redirect                        // sent elsewhere, where the client does not go
)

// An Error says why a request failed in the end. It names the path and the status
// and what the API said, and never the query, a header, the user or the key.
type Error struct {
	Method     string // "POST"; "" is GET
	Path       string // "/api/tickets/1"
	Status     int    // the HTTP status; 0: there was no answer
	Kind       Kind
	Message    string // what the API said, or what was wrong; at most 300 characters
	MergedInto int64  // for Merged: the id of the survivor
	Attempts   int    // how often it was tried
	Cause      error  // what happened below, if anything did

	temporary bool
	rest      time.Duration // how long the server asks to be left alone
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(or(e.Method, http.MethodGet) + " " + e.Path)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": %d", e.Status)
		if text := http.StatusText(e.Status); text != "" {
			b.WriteString(" " + text)
		}
	}
	if e.Message != "" && e.Message != http.StatusText(e.Status) {
		b.WriteString(": " + e.Message)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (%d attempts)", e.Attempts)
	}
	return b.String()
}

// Temporary reports whether asking again later may help.
func (e *Error) Temporary() bool { return e.temporary }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// failed is the error of a status that is neither 200 nor a redirect.
func failed(status int) *Error {
	e := &Error{Status: status, Kind: ClientError}
	switch {
	case status == http.StatusUnauthorized:
		e.Kind = Unauthorized
	case status == http.StatusForbidden:
		e.Kind = Forbidden
	case status == http.StatusNotFound:
		e.Kind = NotFound
	case status == http.StatusTooManyRequests:
		e.Kind, e.temporary = RateLimited, true
	case status == http.StatusRequestTimeout, status >= 500:
		e.Kind, e.temporary = ServerError, true
	case status < 300:
		e = unproven("an answer without a page")
		e.Status = status
	}
	return e
}

// unproven is the error of an answer that may not be the whole truth.
func unproven(format string, a ...any) *Error {
	return &Error{Status: http.StatusOK, Kind: InvalidResponse, Message: fmt.Sprintf(format, a...), temporary: true}
}

// broken is the error of a request without a whole answer. What is wrong with a
// name or a certificate will be wrong again in a minute; the rest may pass.
func broken(err error) *Error {
	e := &Error{Kind: Network, Message: err.Error(), Cause: err, temporary: true}
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		e.Message, e.temporary = "no such host: "+name.Name, false
	case errors.As(err, &certificate):
		e.Message, e.temporary = "the server's certificate is not trusted: "+certificate.Err.Error(), false
	case errors.Is(err, errPrivate), errors.Is(err, errPlain):
		e.temporary = false
	case errors.As(err, &record):
		e.Message, e.temporary = "the server does not speak TLS", false
	}
	return e
}

// denied is the error of a request that could not be authorized.
func denied(err error) *Error {
	e := &Error{Kind: Unauthorized, Message: err.Error(), Cause: err}
	var t interface{ Temporary() bool }
	if errors.As(err, &t) && t.Temporary() {
		e.Kind, e.temporary = Network, true
	}
	return e
}

// said returns what an error's body says to a person: the API's own message with
// its reasons, or the text as it is; nothing of a gateway's HTML.
func said(body []byte) string {
	var wrapper struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &wrapper) != nil {
		if text := strings.TrimSpace(string(body)); !strings.HasPrefix(text, "<") {
			return text
		}
		return ""
	}
	var text string
	if json.Unmarshal(wrapper.Error, &text) == nil {
		return text
	}
	var detail struct {
		Msg  string          `json:"msg"`
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(wrapper.Error, &detail) != nil {
		return ""
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(detail.Data, &fields) != nil {
		return detail.Msg
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		reason := string(fields[field])
		var reasons []string
		if json.Unmarshal(fields[field], &reasons) == nil {
			reason = strings.Join(reasons, " ")
		}
		detail.Msg += " " + field + ": " + reason
	}
	return detail.Msg
}

// tidy makes a foreign text fit to print on one line: at most 300 characters.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:299]) + "…"
	}
	return text
}

// retryAfter reads a Retry-After header, in seconds or as a date. A date counts
// from the server's own clock.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, until.Sub(now))
}
