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

// A Kind classifies an error by what its caller can do about it.
type Kind int

const (
	ClientError     Kind = iota + 1 // 400, and each 4xx without a kind of its own: a bad parameter or page token
	Unauthorized                    // 401: the credentials are missing, wrong or expired
	Forbidden                       // 403: the role, the scope or the plan does not allow it
	NotFound                        // 404 and 410: the object was deleted, most often
	RateLimited                     // 429: the account's rate limit is exceeded
	ServerError                     // 5xx and 408
	InvalidResponse                 // 200, but not a complete page of the expected form
	Oversized                       // the response exceeds Options.MaxBody
	Network                         // no response, or a part of one
	Merged                          // 301: the object was merged into Error.MergedInto
	Unproven                        // a 3xx or 4xx that is not the API's own: a gateway or proxy responded, most likely
)

// lasting is for how long an unproven status must have come, at each attempt, for
// [Error.Lasting].
const lasting = 2 * time.Minute

// An Error says why a request failed after its last attempt. It contains the path,
// the status and the API's message, and neither the query nor a header nor
// credentials.
type Error struct {
	Method     string // "POST"; "" is GET
	Path       string // "/api/tickets/1"
	Status     int    // the HTTP status; 0: no response
	Kind       Kind
	Message    string // the API's message, or what is wrong; at most 300 characters
	MergedInto int64  // for Merged: the id of the object that remains
	Proxy      string // "proxy.example:3128", if the proxy is the cause
	Disguise   string // a sentence about the form in which the rejected credentials seem to be given; "" if there is none
	Attempts   int
	Lasting    bool  // for Unproven: the same status came at several attempts, over minutes
	Cause      error // the network error or the error of Auth, if any

	temporary  bool
	retryAfter time.Duration
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

// Temporary reports whether the same request may succeed later.
func (e *Error) Temporary() bool { return e.temporary }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// statusError is the error of a status that is neither 200 nor a redirect. A 4xx
// counts only with an error of the API's own form in its body.
func statusError(status int, body []byte) *Error {
	e := &Error{Status: status, Kind: ClientError, Message: apiMessage(body)}
	switch {
	case status == http.StatusTooManyRequests:
		e.Kind, e.temporary = RateLimited, true //rule:rate-limited-is-retried
	case status == http.StatusRequestTimeout, status >= 500:
		e.Kind, e.temporary = ServerError, true //rule:server-error-is-retried
	case status/100 == 4 && !isAPIError(body): //rule:status-is-proven-by-its-body
		e = unproven(status, e.Message)
	case status == http.StatusUnauthorized:
		e.Kind = Unauthorized
	case status == http.StatusForbidden:
		e.Kind = Forbidden
	case status == http.StatusNotFound, status == http.StatusGone:
		e.Kind = NotFound
	case status < 300:
		e = invalidResponse("a response without a page")
		e.Status = status
	}
	return e
}

// notOwn is what is wrong with a response that the API may not have sent.
const notOwn = "the response is not Gorgias's own, a proxy or gateway before it may have sent it"

// unproven is the error of a status that the API may not have sent.
func unproven(status int, text string) *Error {
	e := &Error{Status: status, Kind: Unproven, temporary: true, Message: notOwn}
	if text != "" {
		e.Message += ": " + text
	}
	return e
}

// isAPIError reports whether a body is an error of the API's own form:
// {"error": {"msg": "…"}}. Errors of other forms, even in JSON, are what gateways,
// proxies and login pages send.
func isAPIError(body []byte) bool {
	var wrapper struct {
		Error struct {
			Msg *string `json:"msg"`
		} `json:"error"`
	}
	return json.Unmarshal(body, &wrapper) == nil && wrapper.Error.Msg != nil
}

// isRejectedToken reports whether a 401 says that an access token is no longer
// valid: an error of the API's own, or one of RFC 6750.
func isRejectedToken(res *http.Response, body []byte) bool {
	var rfc6750 struct {
		Error string `json:"error"`
	}
	return isAPIError(body) || json.Unmarshal(body, &rfc6750) == nil && rfc6750.Error == "invalid_token" ||
		strings.Contains(res.Header.Get("WWW-Authenticate"), `error="invalid_token"`)
}

// invalidResponse is the error of a response that cannot be relied on.
func invalidResponse(format string, a ...any) *Error {
	return &Error{Status: http.StatusOK, Kind: InvalidResponse, Message: fmt.Sprintf(format, a...), temporary: true}
}

// networkError is the error of a request without a complete response. An unknown
// host or a bad certificate stays so; anything else may be temporary.
func networkError(err error) *Error {
	e := &Error{Kind: Network, Message: err.Error(), Cause: err, temporary: true}
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		e.Message, e.temporary = "no such host: "+name.Name, false
	case errors.As(err, &certificate):
		e.Message, e.temporary = "the server's certificate is not trusted: "+certificate.Err.Error(), false
	case errors.Is(err, errNotPublic), errors.Is(err, errNoTLS):
		e.temporary = false
	case errors.As(err, &record):
		e.Message, e.temporary = "the server does not speak TLS", false
	}
	return e
}

// authError is the error of a request that could not be authorized.
func authError(err error) *Error {
	e := &Error{Kind: Unauthorized, Message: err.Error(), Cause: err}
	var t interface{ Temporary() bool }
	if errors.As(err, &t) && t.Temporary() {
		e.Kind, e.temporary = Network, true
	}
	return e
}

// apiMessage returns the message in the body of an error: the API's own with its
// reasons, or the text as it is, unless it is HTML.
func apiMessage(body []byte) string {
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

// singleLine makes a text from outside printable: one line, at most 300 characters.
func singleLine(text string) string {
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

// parseRetryAfter returns for how long the API wants no requests. The header counts
// only with 429 and 503.
func parseRetryAfter(res *http.Response) time.Duration {
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	value := res.Header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) {
		return max(0, time.Duration(seconds)*time.Second) //rule:retry-after-is-honored
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(res.Header.Get("Date")) // the clock of the date
	if err != nil {
		now = time.Now()
	}
	return max(0, until.Sub(now))
}
