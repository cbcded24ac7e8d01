package gorgias

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Grant is what lets an app into an account with OAuth2.
type Token struct {
	ClientID, ClientSecret string
	// Refresh is given for access tokens. It does not expire by itself, and may
	// be replaced whenever it is used.
	Refresh string
	// Access is what requests are authorized with, until Expires. It may be
	// empty. A zero Expires stands for one that is not known.
	Access  string
	Expires time.Time
}

// An OAuth keeps a grant's access token fresh. It may be used by many
// goroutines: whoever finds the token at its end asks for another one, and the
// others wait for it.
type OAuth struct {
	// Renewed, if set, is told of a grant that has changed, before it is used
	// for the first time. Its error ends the request that needed it.
	Renewed func(Token) error

	tokenURL     string
	transport http.RoundTripper

	lock  chan struct{} // held by who looks at the grant, or renews it
	token Token
}

// NewOAuth returns the keeper of a grant for the account at an origin.
func NewOAuth(origin string, transport http.RoundTripper, grant Token) *OAuth {
	if transport == nil {
		transport = Transport()
	}
	return &OAuth{tokenURL: strings.TrimSuffix(origin, "/") + "/oauth/token", transport: transport, lock: make(chan struct{}, 1), token: grant}
}

// early is how long before its end a token is replaced: longer than an answer
// takes.
const renewBefore = 2 * time.Minute

// Authorize is an Auth: it authorizes a request with a token that holds.
func (o *OAuth) Authorize(ctx context.Context, r *http.Request) error {
	select {
	case o.lock <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-o.lock }()
	if o.token.Access == "" || !o.token.Expires.IsZero() && time.Now().After(o.token.Expires.Add(-renewBefore)) {
		next, err := o.renew(ctx)
		if err != nil {
			return err
		}
		if o.Renewed != nil {
			if err := o.Renewed(next); err != nil {
				return err
			}
		}
		o.token = next
	}
	r.Header.Set("Authorization", "Bearer "+o.token.Access)
	return nil
}

// Rejected hears that the server did not accept what a request was authorized
// with. It reports whether another attempt will have another token.
func (o *OAuth) Rejected(r *http.Request) bool {
	o.lock <- struct{}{}
	defer func() { <-o.lock }()
	if o.token.Refresh == "" {
		return false
	}
	if r.Header.Get("Authorization") == "Bearer "+o.token.Access {
		o.token.Access = ""
	}
	return true
}

// A RenewalError says why there is no other token.
type RenewalError struct {
	Message   string
	temporary bool
}

func (e *RenewalError) Error() string { return e.Message }

// Temporary reports whether asking again later may help.
func (e *RenewalError) Temporary() bool { return e.temporary }

// renew asks for an access token. That the app names itself in the header is
// what others do; that it may do so in the body is said of some servers.
func (o *OAuth) renew(ctx context.Context) (Token, error) {
	next, err := o.ask(ctx, true)
	var unknown *errUnknownClient
	if errors.As(err, &unknown) {
		if other, again := o.ask(ctx, false); again == nil || !errors.As(again, &unknown) {
			next, err = other, again
		}
	}
	if errors.As(err, &unknown) {
		err = &RenewalError{Message: "the app is not known: client_id or client_secret is wrong"}
	}
	return next, err
}

type errUnknownClient struct{ error }

func (o *OAuth) ask(ctx context.Context, header bool) (Token, error) {
	g := o.token
	if g.Refresh == "" {
		return g, &RenewalError{Message: "the access token has expired, and there is no refresh token"}
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {g.Refresh}}
	if !header {
		form.Set("client_id", g.ClientID)
		form.Set("client_secret", g.ClientSecret)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.tokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return g, &RenewalError{Message: "the origin is no place to ask for a token"}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if header {
		req.SetBasicAuth(g.ClientID, g.ClientSecret)
	}
	res, err := o.transport.RoundTrip(req)
	if err != nil {
		e := networkError(err)
		return g, &RenewalError{Message: "no token could be had: " + o.redact(e.Message), temporary: e.temporary}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return g, &RenewalError{Message: "no token could be had: the answer broke off", temporary: true}
	}
	var a struct {
		Access  string  `json:"access_token"`
		Refresh string  `json:"refresh_token"`
		Seconds float64 `json:"expires_in"`
		Error   string  `json:"error"`
		Reason  string  `json:"error_description"`
	}
	_ = json.Unmarshal(body, &a) // an answer in another form has none of these
	switch {
	case res.StatusCode == http.StatusOK && a.Access != "":
		g.Access, g.Expires = a.Access, time.Time{}
		if a.Seconds > 0 {
			g.Expires = time.Now().Add(time.Duration(a.Seconds * float64(time.Second))).Truncate(time.Second)
		}
		g.Refresh = or(a.Refresh, g.Refresh)
		return g, nil
	case a.Error == "invalid_client":
		return g, &errUnknownClient{errors.New("invalid_client")}
	case a.Error == "invalid_grant":
		return g, &RenewalError{Message: "the app's permission was revoked, or its refresh token was replaced: authorize it again"}
	case res.StatusCode == http.StatusOK, res.StatusCode == http.StatusTooManyRequests, res.StatusCode >= 500:
		return g, &RenewalError{Message: fmt.Sprintf("no token could be had: status %d without one", res.StatusCode), temporary: true}
	}
	said := strings.TrimSpace(a.Error + " " + a.Reason)
	return g, &RenewalError{Message: o.redact(strings.TrimSpace(fmt.Sprintf("no token could be had: status %d %s", res.StatusCode, said)))}
}

// safe hides what a server may echo.
func (o *OAuth) redact(text string) string {
	for _, secret := range []string{o.token.ClientSecret, o.token.Refresh, o.token.Access} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
			text = strings.ReplaceAll(text, url.QueryEscape(secret), "***")
		}
	}
	return singleLine(text)
}
