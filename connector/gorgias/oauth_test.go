package gorgias

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// office is a server that gives out tokens and accepts them.
type tokenServer struct {
	t        *testing.T
	mu       sync.Mutex
	refresh  string
	access   string
	until    time.Time
	rotates  bool
	credentialsInBody     bool // the app must name itself in the body
	revoked  bool
	failures  int // so many requests for tokens fail
	issued    int
	rejected int
	announced     string // the last access token that was announced
}

func (o *tokenServer) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	status, answer := http.StatusOK, empty
	switch {
	case r.URL.Path == "/oauth/token":
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		id, secret, header := r.BasicAuth()
		if o.credentialsInBody {
			id, secret, header = r.PostFormValue("client_id"), r.PostFormValue("client_secret"), true
		}
		switch {
		case o.failures > 0:
			o.failures--
			status, answer = http.StatusBadGateway, "<html>"
		case !header || id != "app" || secret != "app's secret":
			status, answer = http.StatusUnauthorized, `{"error":"invalid_client"}`
		case o.revoked || r.PostFormValue("grant_type") != "refresh_token" || r.PostFormValue("refresh_token") != o.refresh:
			status, answer = http.StatusBadRequest, `{"error":"invalid_grant"}`
		default:
			time.Sleep(time.Second)
			o.issued++
			o.access, o.until = fmt.Sprintf("access %d", o.issued), time.Now().Add(24*time.Hour)
			answer = fmt.Sprintf(`{"access_token":%q,"expires_in":86400,"token_type":"Bearer"}`, o.access)
			if o.rotates {
				o.refresh = fmt.Sprintf("refresh %d", o.issued)
				answer = fmt.Sprintf(`{"access_token":%q,"expires_in":86400,"refresh_token":%q}`, o.access, o.refresh)
			}
		}
	case r.Header.Get("Authorization") != "Bearer "+o.access || !time.Now().Before(o.until):
		o.rejected++
		status, answer = http.StatusUnauthorized, `{"error":{"msg":"expired"}}`
	case o.issued > 0 && o.announced != o.access:
		o.t.Errorf("%q was used before it was announced", o.access)
	}
	h := http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

func (o *tokenServer) client(t *testing.T, g Token) (*Client, *OAuth) {
	t.Helper()
	o.t = t
	keeper := NewOAuth("https://acme.example", o, g)
	keeper.Renewed = func(g Token) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.announced = g.Access
		if g.Refresh != o.refresh {
			t.Errorf("the refresh token %q was announced, and it is %q", g.Refresh, o.refresh)
		}
		return nil
	}
	c, err := New(Options{Origin: "https://acme.example", Transport: o, Auth: keeper.Authorize, Rejected: keeper.Rejected, Attempts: 4})
	if err != nil {
		t.Fatal(err)
	}
	return c, keeper
}

var app = Token{ClientID: "app", ClientSecret: "app's secret", Refresh: "refresh 0"}

// A token is replaced before it ends, once for all who need it, and announced
// before it is used; whether the refresh token is replaced with it or not.
func TestOAuthExpiry(t *testing.T) {
	for _, rotates := range []bool{false, true} {
		for _, body := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				o := &tokenServer{refresh: "refresh 0", rotates: rotates, credentialsInBody: body}
				c, _ := o.client(t, app)
				var streams sync.WaitGroup
				for range 4 {
					streams.Go(func() {
						for range 30 { // hours
							if _, err := c.List(context.Background(), CursorList, "tickets", nil, ""); err != nil {
								t.Error(err)
							}
							time.Sleep(2 * time.Hour)
						}
					})
				}
				streams.Wait()
				if o.issued != 3 || o.rejected != 0 {
					t.Errorf("in 60 hours %d tokens were given out and %d requests refused, expected 3 and none", o.issued, o.rejected)
				}
			})
		}
	}
}

// A token that the server does not accept before its time is replaced, once for
// all; one that was just given out is not replaced again.
func TestOAuthRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &tokenServer{refresh: "refresh 0", rotates: true}
		g := app
		g.Access, g.Expires = "of yesterday", time.Now().Add(time.Hour)
		c, _ := o.client(t, g)
		var streams sync.WaitGroup
		for range 4 {
			streams.Go(func() {
				if _, err := c.List(context.Background(), CursorList, "tickets", nil, ""); err != nil {
					t.Error(err)
				}
			})
		}
		streams.Wait()
		if o.issued != 1 {
			t.Errorf("%d tokens were given out for one that was refused", o.issued)
		}
		o.mu.Lock()
		o.access, o.announced = "of another app", "of another app"
		o.mu.Unlock()
		o.issued = 0
		o.revoked = true
		_, err := c.List(context.Background(), CursorList, "tickets", nil, "")
		var e *Error
		if !errors.As(err, &e) || e.Kind != Unauthorized || !strings.Contains(e.Error(), "revoked") {
			t.Errorf("after the app was revoked: %v", err)
		}
	})
}

// What cannot be renewed ends the request with words that say why, and with no
// secret in them; trouble at the server passes.
func TestOAuthErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		office *tokenServer
		grant  Token
		kind   Kind
		says   string
	}{
		{"a wrong secret", &tokenServer{refresh: "refresh 0"}, Token{ClientID: "app", ClientSecret: "wr0ng+s3cret", Refresh: "refresh 0"}, Unauthorized, "the app is not known"},
		{"a refresh token of long ago", &tokenServer{refresh: "refresh 9"}, app, Unauthorized, "authorize it again"},
		{"no refresh token", &tokenServer{}, Token{Access: "expired"}, Unauthorized, "401"},
		{"a moment's trouble", &tokenServer{refresh: "refresh 0", failures: 3}, app, 0, ""},
		{"lasting trouble", &tokenServer{refresh: "refresh 0", failures: 30}, app, Network, "no token could be had: status 502"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := c.office
				client, _ := o.client(t, c.grant)
				_, err := client.List(context.Background(), CursorList, "tickets", nil, "")
				var e *Error
				switch errors.As(err, &e); {
				case c.kind == 0 && err == nil:
				case e == nil || e.Kind != c.kind || !strings.Contains(e.Error(), c.says):
					t.Errorf("got %v", err)
				case strings.Contains(e.Error(), c.grant.ClientSecret) && c.grant.ClientSecret != "", strings.Contains(e.Error(), "refresh 0"):
					t.Errorf("a secret shows: %v", err)
				}
			})
		})
	}
}
