package gorgias

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// tokenServer issues access tokens and accepts them.
type tokenServer struct {
	t                 *testing.T
	mu                sync.Mutex
	refresh           string
	access            string
	until             time.Time
	rotates           bool
	credentialsInBody bool // the app's credentials are accepted in the body only
	revoked           bool
	failures          int // how many token requests will fail
	issued            int
	rejected          int
	announced         string // the last access token passed to Renewed
}

func (s *tokenServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, response := http.StatusOK, empty
	switch {
	case r.URL.Path == "/oauth/token":
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		id, secret, header := r.BasicAuth()
		id, _ = url.QueryUnescape(id) // RFC 6749, 2.3.1
		secret, _ = url.QueryUnescape(secret)
		if s.credentialsInBody {
			id, secret, header = r.PostFormValue("client_id"), r.PostFormValue("client_secret"), true
		}
		switch {
		case s.failures > 0:
			s.failures--
			status, response = http.StatusBadGateway, "<html>"
		case !header || id != "app" || secret != "app's secret":
			status, response = http.StatusUnauthorized, `{"error":"invalid_client"}`
		case s.revoked || r.PostFormValue("grant_type") != "refresh_token" || r.PostFormValue("refresh_token") != s.refresh:
			status, response = http.StatusBadRequest, `{"error":"invalid_grant"}`
		default:
			time.Sleep(time.Second)
			s.issued++
			s.access, s.until = fmt.Sprintf("access %d", s.issued), time.Now().Add(24*time.Hour)
			response = fmt.Sprintf(`{"access_token":%q,"expires_in":86400,"token_type":"Bearer"}`, s.access)
			if s.rotates {
				s.refresh = fmt.Sprintf("refresh %d", s.issued)
				response = fmt.Sprintf(`{"access_token":%q,"expires_in":86400,"refresh_token":%q}`, s.access, s.refresh)
			}
		}
	case r.Header.Get("Authorization") != "Bearer "+s.access || !time.Now().Before(s.until):
		s.rejected++
		status, response = http.StatusUnauthorized, `{"error":{"msg":"expired"}}`
	case s.issued > 0 && s.announced != s.access:
		s.t.Errorf("%q was used before it was announced", s.access)
	}
	h := http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(response)), Request: r}, nil
}

// client returns a client that is authorized by the server.
func (s *tokenServer) client(t *testing.T, token Token) *Client {
	t.Helper()
	s.t = t
	o := NewOAuth("https://acme.example", s, token)
	o.Renewed = func(renewed Token) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.announced = renewed.Access
		if renewed.Refresh != s.refresh {
			t.Errorf("the refresh token %q was announced, and it is %q", renewed.Refresh, s.refresh)
		}
		return nil
	}
	c, err := New(Options{Origin: "https://acme.example", Transport: s, Auth: o.Authorize, Rejected: o.Rejected, Attempts: 4})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var app = Token{ClientID: "app", ClientSecret: "app's secret", Refresh: "refresh 0"}

// A token is renewed before it expires, once for all goroutines, and announced
// before it is used, whether the refresh token rotates or not.
func TestOAuthExpiry(t *testing.T) {
	for _, rotates := range []bool{false, true} {
		for _, body := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := &tokenServer{refresh: "refresh 0", rotates: rotates, credentialsInBody: body}
				c := s.client(t, app)
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
				if s.issued != 3 || s.rejected != 0 {
					t.Errorf("in 60 hours %d tokens were issued and %d requests rejected, expected 3 and none", s.issued, s.rejected)
				}
			})
		}
	}
}

// A token that the API rejects before it expires is renewed, once for all
// goroutines.
func TestOAuthRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tokenServer{refresh: "refresh 0", rotates: true}
		g := app
		g.Access, g.Expires = "expired", time.Now().Add(time.Hour)
		c := s.client(t, g)
		var streams sync.WaitGroup
		for range 4 {
			streams.Go(func() {
				if _, err := c.List(context.Background(), CursorList, "tickets", nil, ""); err != nil {
					t.Error(err)
				}
			})
		}
		streams.Wait()
		if s.issued != 1 {
			t.Errorf("%d tokens were issued for one that was rejected", s.issued)
		}
		s.mu.Lock()
		s.access, s.announced = "of another app", "of another app"
		s.mu.Unlock()
		s.issued = 0
		s.revoked = true
		_, err := c.List(context.Background(), CursorList, "tickets", nil, "")
		var e *Error
		if !errors.As(err, &e) || e.Kind != Unauthorized || !strings.Contains(e.Error(), "revoked") {
			t.Errorf("after the app was revoked: %v", err)
		}
	})
}

// A 401 that a gateway sends renews no token: it would spend the refresh token.
func TestOAuthGateway(t *testing.T) {
	for _, test := range []struct {
		header, body string
		issued       int
	}{
		{"", "<html>sign in</html>", 0},
		{"", `{"error":"unauthorized"}`, 0},
		{"", ``, 0},
		{`Basic realm="proxy"`, ``, 0},
		{"", `{"error":{"msg":"expired"}}`, 1},
		{"", `{"error":"invalid_token","error_description":"expired"}`, 1},
		{`Bearer error="invalid_token"`, ``, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &tokenServer{refresh: "refresh 0", rotates: true, access: "good", until: time.Now().Add(time.Hour), announced: "good"}
			g := app
			g.Access, g.Expires = "good", time.Now().Add(time.Hour)
			c := s.client(t, g)
			once := false
			c.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				if once {
					return s.RoundTrip(r)
				}
				once = true
				h := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}, "Www-Authenticate": {test.header}}
				return &http.Response{StatusCode: 401, Header: h, Body: io.NopCloser(strings.NewReader(test.body)), Request: r}, nil
			})
			if _, err := c.List(context.Background(), CursorList, "tickets", nil, ""); err != nil || s.issued != test.issued {
				t.Errorf("%s %s: %d tokens were issued, expected %d; %v", test.header, test.body, s.issued, test.issued, err)
			}
		})
	}
}

// If a token cannot be renewed, the error contains the reason and no secret. A
// server error is retried.
func TestOAuthErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		server *tokenServer
		token  Token
		kind   Kind
		says   string
	}{
		{"a wrong secret", &tokenServer{refresh: "refresh 0"}, Token{ClientID: "app", ClientSecret: "wr0ng+s3cret", Refresh: "refresh 0"}, Unauthorized, "the app is not known"},
		{"an old refresh token", &tokenServer{refresh: "refresh 9"}, app, Unauthorized, "authorize it again"},
		{"no refresh token", &tokenServer{}, Token{Access: "expired"}, Unauthorized, "401"},
		{"a few server errors", &tokenServer{refresh: "refresh 0", failures: 3}, app, 0, ""},
		{"lasting server errors", &tokenServer{refresh: "refresh 0", failures: 30}, app, Network, "the access token could not be renewed: status 502"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := c.server.client(t, c.token)
				_, err := client.List(context.Background(), CursorList, "tickets", nil, "")
				var e *Error
				switch errors.As(err, &e); {
				case c.kind == 0 && err == nil:
				case e == nil || e.Kind != c.kind || !strings.Contains(e.Error(), c.says):
					t.Errorf("got %v", err)
				case strings.Contains(e.Error(), c.token.ClientSecret) && c.token.ClientSecret != "", strings.Contains(e.Error(), "refresh 0"):
					t.Errorf("a secret is visible: %v", err)
				}
			})
		})
	}
}

// Whatever the token endpoint responds, it gets one request, at most 64 KiB of its
// response are read, and the error contains no secret.
func TestOAuthResponses(t *testing.T) {
	for _, c := range []struct {
		status    int // 0: no response
		body      string
		temporary bool
		want      string
	}{
		{200, `{"access_token":"a"}`, false, ""},
		{200, `{"access_token":"a"}` + strings.Repeat(" ", 64<<10), false, ""}, // complete within 64 KiB
		{200, strings.Repeat(" ", 64<<10) + `{"access_token":"a"}`, true, "the response is incomplete or contains no token"},
		{200, `{}`, true, "the response is incomplete or contains no token"},
		{200, `<html>`, true, "the response is incomplete or contains no token"},
		{200, `{"error":"busy"}`, true, "status 200 busy"},
		{200, `{"error":"invalid_scope"}`, false, "status 200 invalid_scope"},
		{302, ``, true, "status 302: " + notOwn},
		{307, ``, true, "status 307: " + notOwn},
		{403, `<html>`, true, "status 403: " + notOwn},
		{404, `default backend - 404`, true, "status 404: " + notOwn},
		{401, ``, true, "status 401: " + notOwn},
		{400, `null`, true, "status 400: " + notOwn},
		{403, `{"message":"no Route matched with those values"}`, true, "status 403: " + notOwn},
		{404, `{"data":[],"object":"list","meta":{"next_cursor":null}}`, true, "status 404: " + notOwn},
		{403, `{"error":"Forbidden"}`, true, "status 403 Forbidden: " + notOwn},
		{403, `{"error":["invalid_grant"]}`, true, "status 403: " + notOwn},
		{404, `{"error":{"msg":"not found"}}`, true, "status 404 not found: " + notOwn},
		{503, `{"error":"invalid_request"}`, true, "status 503 invalid_request"},
		{403, `{"error":{"msg":"no such app,\nrefresh 0"}}`, false, "status 403 no such app, ****"},
		{401, `{"error":"unauthorized_client"}`, false, "status 401 unauthorized_client"},
		{400, `{"error":"invalid_request","error_description":"refresh 0 of\napp%27s+secret"}`, false, "status 400 invalid_request **** of ****"},
		{429, ``, true, "status 429"},
		{0, ``, false, "no such host: acme.example"},
	} {
		requests := 0
		o := NewOAuth("https://acme.example", roundTripper(func(*http.Request) (*http.Response, error) {
			requests++
			if c.status == 0 {
				return nil, &net.DNSError{Name: "acme.example", IsNotFound: true}
			}
			h := http.Header{"Content-Type": {"application/json"}, "Location": {"https://evil.example/"}}
			return &http.Response{StatusCode: c.status, Header: h, Body: io.NopCloser(strings.NewReader(c.body))}, nil
		}), app)
		err := o.Authorize(context.Background(), &http.Request{Header: http.Header{}})
		var e *RenewalError
		switch {
		case requests != 1:
			t.Errorf("%d %.80s: %d requests", c.status, c.body, requests)
		case c.want == "" && err != nil:
			t.Errorf("%d %.80s: %v", c.status, c.body, err)
		case c.want != "" && (!errors.As(err, &e) || e.Temporary() != c.temporary || e.Error() != "the access token could not be renewed: "+c.want):
			t.Errorf("%d %.80s: %v, want %s", c.status, c.body, err, c.want)
		}
	}
}

// TestOAuthLifetimes: whatever lifetime a response gives an access token, one
// request is made for it, and it is used until it expires or is rejected.
func TestOAuthLifetimes(t *testing.T) {
	for lifetime, known := range map[string]bool{
		"86400": true, `"86400"`: true, "86400.75": true, `"3600.0"`: true, "8.64e4": true, "300": true,
		"0": false, "-1": false, "1": false, "119": false, "1e300": false, `"1e300"`: false, "9223372036854775807": false, "99999999999999999999": false,
		"null": false, `""`: false, `"never"`: false, "{}": false, "[86400]": false, "true": false, `"NaN"`: false, `"Infinity"`: false, "1e9": false,
		"NaN": false, "-Infinity": false, "nan": false,
	} {
		for _, body := range []string{`{"access_token":"a","expires_in":` + lifetime + `}`, `{"access_token":"a","token_type":"Bearer","expires_in":` + lifetime + `,"refresh_token":"refresh 1"}`, `{"access_token":"a"}`} {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				o := NewOAuth("https://acme.example", roundTripper(func(*http.Request) (*http.Response, error) {
					requests++
					return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
				}), app)
				for range 20 {
					if err := o.Authorize(context.Background(), &http.Request{Header: http.Header{}}); err != nil {
						t.Errorf("%s: %v", body, err)
					}
					time.Sleep(time.Second)
				}
				known := known && strings.Contains(body, "expires_in")
				if requests != 1 || o.token.Expires.IsZero() == known || o.token.Expires.After(time.Now().Add(maxLifetime)) {
					t.Errorf("%s: %d requests, expires %v", body, requests, o.token.Expires)
				}
			})
		}
	}
}
