package gorgias

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// A Token authorizes an app with OAuth2.
type Token struct {
	ClientID, ClientSecret string
	// Refresh is exchanged for access tokens. It does not expire, but each
	// renewal may replace it.
	Refresh string
	// Access authorizes requests until Expires. It may be empty. A zero Expires
	// is an unknown one.
	Access  string
	Expires time.Time
}

// An OAuth authorizes requests with a Token and renews it. It may be used by many
// goroutines; they share one renewal.
type OAuth struct {
	// Renewed, if set, is called with each renewed token before it is used. Its
	// error ends the request for which the token was renewed.
	Renewed func(Token) error
	// Begin, if set, is called before a refresh token is spent, and again if it is
	// rejected. Its error ends the request, and nothing was spent. It returns
	// newer tokens if it knows some. End is called when the renewal has ended.
	Begin func(context.Context, Token) (Token, error)
	End   func()

	tokenURL string
	client   *http.Client
	lock     chan struct{} // guards token; a channel, so that a context can end the wait
	token    Token
}

// NewOAuth returns an OAuth for the account at an origin.
func NewOAuth(origin string, transport http.RoundTripper, token Token) *OAuth {
	if transport == nil {
		transport = Transport()
	}
	return &OAuth{
		tokenURL: strings.TrimSuffix(origin, "/") + "/oauth/token",
		client: &http.Client{
			Transport:     tokenTransport{transport},
			Timeout:       time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the request has secrets
		},
		lock:  make(chan struct{}, 1),
		token: token,
	}
}

// renewBefore is how long before its expiry a token is renewed: longer than a
// request takes.
const renewBefore = 2 * time.Minute

// Authorize is an [Auth]. It renews the token if it is about to expire or was
// rejected.
func (o *OAuth) Authorize(ctx context.Context, r *http.Request) error {
	select {
	case o.lock <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-o.lock }()
	if !o.token.usable() {
		renewed, err := o.replaced(ctx)
		if err != nil {
			return err
		}
		o.token = renewed
	}
	r.Header.Set("Authorization", "Bearer "+o.token.Access)
	return nil
}

// usable reports whether a token has an access token that does not expire soon.
func (t Token) usable() bool {
	return t.Access != "" && (t.Expires.IsZero() || time.Now().Before(t.Expires.Add(-renewBefore)))
}

// replaced returns the token that replaces the one that is not usable any more:
// one that Begin knows, or a renewed one.
func (o *OAuth) replaced(ctx context.Context) (Token, error) {
	if o.End != nil {
		defer o.End()
	}
	t, err := o.begin(ctx, o.token)
	if err != nil || t.Refresh != o.token.Refresh && t.usable() {
		return t, err
	}
	renewed, err := o.renew(ctx, t)
	if errors.Is(err, errSpent) {
		spent := t.Refresh
		if t, beginErr := o.begin(ctx, t); beginErr == nil && t.Refresh != spent { // another process has renewed it
			if t.usable() {
				return t, nil
			}
			renewed, err = o.renew(ctx, t)
		}
	}
	if err == nil && o.Renewed != nil {
		err = o.Renewed(renewed)
	}
	return renewed, err
}

func (o *OAuth) begin(ctx context.Context, t Token) (Token, error) {
	if o.Begin == nil || t.Refresh == "" {
		return t, nil
	}
	return o.Begin(ctx, t) //rule:saving-is-proved-first
}

// errSpent is the cause of a RenewalError: the refresh token is not valid.
var errSpent = errors.New("the refresh token was rejected")

// Rejected marks the access token of a request that the API rejected for renewal.
// It returns whether the request may be sent again with another one.
func (o *OAuth) Rejected(r *http.Request) bool {
	o.lock <- struct{}{}
	defer func() { <-o.lock }()
	if o.token.Refresh == "" {
		return false
	}
	if r.Header.Get("Authorization") == "Bearer "+o.token.Access { // else it is renewed already
		o.token.Access = ""
	}
	return true
}

// A RenewalError says why a token could not be renewed, and what to do.
type RenewalError struct {
	Message   string
	temporary bool
	cause     error
}

// Unwrap returns the cause, if it is known.
func (e *RenewalError) Unwrap() error { return e.cause }

func (e *RenewalError) Error() string { return e.Message }

// Temporary reports whether a renewal may succeed later.
func (e *RenewalError) Temporary() bool { return e.temporary }

// renew requests a new access token. Servers take the app's credentials from the
// header or, as some do, from the body only.
func (o *OAuth) renew(ctx context.Context, t Token) (Token, error) {
	if t.Refresh == "" {
		return t, &RenewalError{Message: "the access token has expired, and there is no refresh token"}
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, o.client)
	var next *oauth2.Token
	var err error
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
		app := oauth2.Config{ClientID: t.ClientID, ClientSecret: t.ClientSecret, Endpoint: oauth2.Endpoint{TokenURL: o.tokenURL, AuthStyle: style}}
		next, err = app.TokenSource(ctx, &oauth2.Token{RefreshToken: t.Refresh}).Token()
		var e *oauth2.RetrieveError
		if !errors.As(err, &e) || e.ErrorCode != "invalid_client" {
			break
		}
	}
	if err != nil {
		return t, o.renewalError(err, t)
	}
	t.Access, t.Refresh, t.Expires = next.AccessToken, next.RefreshToken, next.Expiry.Truncate(time.Second)
	return t, nil
}

// renewalError explains an error of oauth2, without the body of the response that
// its own message contains.
func (o *OAuth) renewalError(err error, t Token) *RenewalError {
	const failed = "the access token could not be renewed: "
	var noResponse *url.Error
	var e *oauth2.RetrieveError
	switch {
	case errors.As(err, &noResponse):
		n := networkError(noResponse.Err).blameProxy(o.url())
		return &RenewalError{Message: t.redact(failed + n.Message), temporary: n.temporary}
	case !errors.As(err, &e):
		return &RenewalError{Message: failed + "the response is incomplete or contains no token", temporary: true}
	}
	proven := isProven(e) //rule:renewal-errors-are-proven
	switch {
	case proven && e.ErrorCode == "invalid_client":
		return &RenewalError{Message: sentences("the app is not known: client_id or client_secret is wrong", disguise("client secret", t.ClientSecret))}
	case proven && e.ErrorCode == "invalid_grant":
		return &RenewalError{Message: sentences("the app's permission was revoked, or its refresh token was replaced: authorize it again", disguise("refresh token", t.Refresh)), cause: errSpent}
	}
	text := fmt.Sprintf("%sstatus %d %s %s", failed, e.Response.StatusCode, e.ErrorCode, e.ErrorDescription)
	if isAPIError(e.Body) {
		text += apiMessage(e.Body)
	}
	if status := e.Response.StatusCode; !proven && status >= 300 && status < 500 && status != http.StatusTooManyRequests {
		text = strings.TrimSpace(text) + ": " + notOwn
	}
	return &RenewalError{Message: t.redact(text), temporary: !proven}
}

// isProven reports whether a response is an error of the token endpoint itself,
// which another attempt would not change: one of RFC 6749 or of Gorgias's own
// form. Any other may come from a gateway or proxy.
func isProven(e *oauth2.RetrieveError) bool {
	switch e.Response.StatusCode {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return isOAuthError(e.ErrorCode) || isAPIError(e.Body)
	case http.StatusOK: // as some servers have it
		return isOAuthError(e.ErrorCode)
	}
	return false
}

// isOAuthError reports whether a code is one of RFC 6749, 5.2.
func isOAuthError(code string) bool {
	return slices.Contains([]string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}, code)
}

func (o *OAuth) url() *url.URL {
	u, _ := url.Parse(o.tokenURL) // nil has no proxy
	return u
}

// sentences joins a text and a sentence, which may be empty.
func sentences(text, more string) string {
	if more == "" {
		return text
	}
	return text + ". " + more
}

func (t Token) redact(text string) string {
	var r Redactor
	r.Add(t.ClientSecret, t.Refresh, t.Access)
	return singleLine(r.Redact(text))
}

// tokenTransport bounds the responses that oauth2 reads, and mends what it would
// reject or take at its word: after a response that it rejects, a refresh token
// that was replaced would be lost.
type tokenTransport struct{ next http.RoundTripper }

func (t tokenTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept", "application/json")
	res, err := t.next.RoundTrip(r)
	if err == nil {
		defer res.Body.Close()
		body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
		if err != nil {
			return nil, err
		}
		res.Body = io.NopCloser(bytes.NewReader(mend(body)))
	}
	return res, err
}

// The lifetimes of an access token that are believed. With another one, or none,
// it is used until the API rejects it.
const minLifetime, maxLifetime = 5 * time.Minute, 366 * 24 * time.Hour

// mend returns a response without its byte order mark and its NaNs, and without
// an expires_in that is not believed.
func mend(body []byte) []byte {
	mended := withoutMark(body)
	mended, _ = replaceNonFinite(mended, "null") //rule:nan-is-no-lost-token
	var fields map[string]json.RawMessage
	if json.Unmarshal(mended, &fields) != nil {
		return body
	}
	seconds, err := strconv.ParseFloat(strings.Trim(string(fields["expires_in"]), "\" "), 64)
	delete(fields, "expires_in")
	if err == nil && seconds >= minLifetime.Seconds() && seconds <= maxLifetime.Seconds() { //rule:odd-lifetimes-are-not-believed
		fields["expires_in"] = strconv.AppendInt(nil, int64(seconds), 10)
	}
	mended, err = json.Marshal(fields)
	if err != nil {
		return body
	}
	return mended
}
