package gorgias

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a Client. Origin and Auth are required; the zero value of each
// other field stands for its default.
type Options struct {
	Origin      string // "https://acme.gorgias.com": scheme, host and port only; the API is below /api/
	Auth        Auth
	UserAgent   string            // default "source-gorgias"
	Transport   http.RoundTripper // default: [Transport]
	RateLimiter *RateLimiter      // the account's; default: one with a reserve of a tenth
	Timeout     time.Duration     // of one attempt, including its body; default 60s
	Attempts    int               // default 11: with their waits, about five minutes
	MaxBody     int64             // bytes of a response, decompressed; default 96 MiB
	MaxWait     time.Duration     // the longest Retry-After that the client waits for; default 15 minutes

	// Rejected, if set, is called with a request that the API rejected as
	// unauthorized. If it returns true, the request is sent once more, with a
	// new Authorization.
	Rejected func(r *http.Request) bool

	// Retried, if set, is called after each failed attempt that will be repeated,
	// with the wait until then.
	Retried func(err error, wait time.Duration)
}

// A Client reads pages of one account. It may be used by many goroutines.
type Client struct {
	origin    *url.URL
	auth      Auth
	userAgent string
	transport http.RoundTripper
	limiter   *RateLimiter
	timeout   time.Duration
	attempts  int
	maxBody   int64
	maxWait   time.Duration
	rejected  func(*http.Request) bool
	retried   func(error, time.Duration)
	clock     serverClock
	large     atomic.Bool // a large response is in memory
	lastBody  atomic.Int64
}

// New returns a client, or an error if the origin is invalid or Auth is missing.
func New(o Options) (*Client, error) {
	origin, err := url.Parse(o.Origin)
	if err != nil {
		return nil, errors.New("the origin is not a URL") // err contains the origin, which may contain a password
	}
	bare := url.URL{Scheme: origin.Scheme, Host: origin.Host}
	if (origin.Scheme != "https" && origin.Scheme != "http") || origin.Hostname() == "" ||
		strings.TrimSuffix(origin.String(), "/") != bare.String() {
		return nil, errors.New("the origin must be https://host or http://host, and nothing else")
	}
	if o.Auth == nil {
		return nil, errors.New("no credentials")
	}
	c := &Client{
		origin:    bare.JoinPath("/"), // JoinPath on an empty path would lose the slash before "api"
		auth:      o.Auth,
		userAgent: or(o.UserAgent, "source-gorgias"),
		transport: o.Transport,
		limiter:   o.RateLimiter,
		timeout:   or(o.Timeout, time.Minute),
		attempts:  max(1, or(o.Attempts, 11)),
		maxBody:   or(o.MaxBody, 96<<20),
		maxWait:   or(o.MaxWait, 15*time.Minute),
		rejected:  o.Rejected,
		retried:   o.Retried,
	}
	if c.transport == nil {
		c.transport = Transport()
	}
	if c.limiter == nil {
		c.limiter = NewRateLimiter(defaultReserve)
	}
	return c, nil
}

const dialTimeout, keepAlive = 15 * time.Second, 30 * time.Second

// Transport returns the default transport of a Client: proxies from the
// environment, TLS 1.2 or later, HTTP/2.
func Transport() http.RoundTripper { return unzipper{newTransport()} }

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,

		OnProxyConnectResponse: onProxyConnect,

		DialContext:         (&net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}).DialContext,
		TLSHandshakeTimeout: 15 * time.Second,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     90 * time.Second,
	}
}

// List returns one page of the list at a path below /api/, like "users" or
// "views/12/items". The page token is [Page.NextToken] of the page before, or ""
// for the first page; its parameters replace those of the query.
//
// The error is the context's if that has ended, and otherwise an [*Error].
func (c *Client) List(ctx context.Context, envelope Envelope, path string, query url.Values, token string) (*Page, error) {
	return c.page(ctx, envelope, path, query, token, nil)
}

// Query is List with a query in JSON in the body. It is sent as a POST, which may
// be repeated: it must be a request that only reads.
func (c *Client) Query(ctx context.Context, envelope Envelope, path string, query url.Values, body []byte, token string) (*Page, error) {
	return c.page(ctx, envelope, path, query, token, body)
}

// page requests a page, with a body unless it is nil.
func (c *Client) page(ctx context.Context, envelope Envelope, path string, query url.Values, token string, body []byte) (*Page, error) {
	params, err := url.ParseQuery(token)
	if err != nil {
		return nil, &Error{Path: "/api/" + path, Kind: ClientError, Message: "not a page token"}
	}
	all := url.Values{}
	for _, values := range []url.Values{query, params} {
		for name := range values {
			all[name] = values[name]
		}
	}
	u := c.origin.JoinPath("api", path)
	u.RawQuery = all.Encode()
	if !strings.HasPrefix(u.Path, "/api/") {
		return nil, &Error{Path: u.Path, Kind: ClientError, Message: "not a path below /api/"}
	}

	var page *Page
	err = c.retry(ctx, u.Path, func(ctx context.Context) error {
		r, err := c.roundTrip(ctx, u, body)
		if err != nil {
			return err
		}
		if page, err = parsePage(r.body, pageRequest{envelope, query, params.Encode()}); err != nil {
			r.release()
			return err
		}
		if len(r.body) > smallBody {
			runtime.AddCleanup(&r.body[0], func(release func()) { release() }, r.release)
		}
		page.ServerTime = r.serverTime
		return nil
	})
	var e *Error
	if errors.As(err, &e) && body != nil {
		e.Method = http.MethodPost
	}
	if err != nil {
		return nil, err
	}
	return page, nil
}

// A response is a complete response with a good status, in JSON.
type response struct {
	serverTime time.Time
	body       []byte
	release    func() // to be called when the body is no longer in memory
}

// roundTrip sends a request: once more with a new token if there is one, and once
// more if it is redirected to the same path with or without a trailing slash.
func (c *Client) roundTrip(ctx context.Context, u *url.URL, body []byte) (*response, error) {
	r, err := c.send(ctx, u, body, c.rejected)
	if err == errNewToken {
		r, err = c.send(ctx, u, body, nil)
	}
	if err != errTrailingSlash {
		return r, err
	}
	other := *u
	if other.Path = strings.TrimSuffix(u.Path, "/"); other.Path == u.Path {
		other.Path += "/"
	}
	r, err = c.send(ctx, &other, body, nil)
	if err == errTrailingSlash {
		err = unproven(http.StatusMovedPermanently, "redirected back and forth")
	}
	return r, err
}

// errNewToken is the result of a request whose token was rejected and is replaced.
var errNewToken = errors.New("rejected, but there is a new token")

// send waits for the rate limiter, sends one request and reads its response.
func (c *Client) send(ctx context.Context, u *url.URL, body []byte, rejected func(*http.Request) bool) (*response, error) {
	call, err := c.limiter.wait(ctx)
	if err != nil {
		return nil, err
	}
	var limit callLimit
	done := sync.OnceFunc(func() { c.limiter.done(call, limit) })
	defer done()

	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	method, content := http.MethodGet, io.Reader(nil)
	if body != nil {
		method, content = http.MethodPost, bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), content)
	if err != nil {
		return nil, &Error{Kind: ClientError, Message: "not a path"}
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if err := c.auth(ctx, req); err != nil {
		return nil, c.sanitize(authError(err), req)
	}

	// Not http.Client: it would follow redirects, and its errors contain the query.
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, c.sanitize(networkError(err).blameProxy(req.URL), req)
	}
	defer res.Body.Close()
	limit = c.readCallLimit(res)
	done() // now: a slow body must not delay other requests

	r, err := c.read(res, req, rejected)
	if e, ok := err.(*Error); ok {
		return nil, c.sanitize(e, req)
	}
	return r, err
}

// maxCallLimit is far above the limit of any plan. A header that shows more must
// not let a sync flood the account.
const maxCallLimit = 100_000

// readCallLimit returns what the headers of a response show of the bucket. It holds
// no more than its limit, so that no header delays a request for longer than a
// full bucket leaks; values that mean nothing are ignored.
func (c *Client) readCallLimit(res *http.Response) callLimit {
	r := callLimit{rateLimited: res.StatusCode == http.StatusTooManyRequests}
	used, limit, _ := strings.Cut(res.Header.Get("X-Gorgias-Account-Api-Call-Limit"), "/")
	u, err1 := strconv.Atoi(strings.TrimSpace(used))
	l, err2 := strconv.Atoi(strings.TrimSpace(limit))
	if err1 == nil && err2 == nil && u >= 0 && l > 0 {
		l = min(l, maxCallLimit)       //rule:call-limit-is-plausible
		r.used, r.limit = min(u, l), l //rule:call-limit-is-bounded
	}
	if wait := parseRetryAfter(res); wait <= c.maxWait {
		r.retryAfter = wait
	}
	return r
}

// read turns an HTTP response into a response or an error.
func (c *Client) read(res *http.Response, req *http.Request, rejected func(*http.Request) bool) (*response, error) {
	if res.StatusCode/100 == 3 {
		return nil, redirectError(res, req.URL)
	}
	if !isGood(res.StatusCode, req.Method) {
		return nil, readError(res, req, rejected)
	}
	if contentType := res.Header.Get("Content-Type"); contentType != "" {
		media, _, _ := mime.ParseMediaType(contentType)
		if media != "application/json" && !strings.HasSuffix(media, "+json") {
			return nil, invalidResponse("expected JSON, got %s", contentType)
		}
	}
	serverTime, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return nil, invalidResponse("a response without a valid Date header")
	}
	if off := c.clock.prove(serverTime); off != 0 {
		return nil, invalidResponse("a Date header that is %v off the server's time so far", off.Round(time.Second))
	}
	body, release, err := c.readBody(req.Context(), res)
	if err != nil {
		return nil, err
	}
	return &response{serverTime.UTC(), body, release}, nil
}

// A small response is read at once, whatever others do. Of those that turn out to
// be larger, one at a time is in memory, from there on until its page is garbage:
// so the memory of all is bounded.
const smallBody = 8 << 20

// maxTurn is how long a large response waits for its turn. Who handles one may need
// another one, so it is then read in any case.
const (
	maxTurn      = 30 * time.Second
	turnInterval = 100 * time.Millisecond // between two looks at whose turn it is
)

// takeTurn waits until no other large response is in memory.
func (c *Client) takeTurn(ctx context.Context) (release func(), err error) {
	for range maxTurn / turnInterval {
		if c.large.CompareAndSwap(false, true) { //rule:large-bodies-are-read-in-turn
			return sync.OnceFunc(func() { c.large.Store(false) }), nil
		}
		select {
		case <-ctx.Done():
			return nil, networkError(ctx.Err())
		case <-time.After(turnInterval):
			runtime.GC() // it tells who is done
		}
	}
	return func() {}, nil
}

// maxReserved is how much memory a Content-Length reserves before a byte arrives.
const maxReserved = 1 << 20

// readBody reads a body of at most maxBody bytes. release must be called when it
// is no longer in memory.
func (c *Client) readBody(ctx context.Context, res *http.Response) (body []byte, release func(), err error) {
	release = func() {}
	defer func() {
		if err != nil {
			release()
		}
	}()
	usual := c.lastBody.Load() * 9 / 8                                                     // pages of a list are about as long as the one before
	body = make([]byte, 0, min(max(res.ContentLength, usual, bytes.MinRead), maxReserved)) //rule:content-length-reserves-little
	for {
		if len(body) == cap(body) {
			body = slices.Grow(body, min(len(body), smallBody))
		}
		n, err := res.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > c.maxBody: //rule:bodies-are-bounded
			return nil, release, &Error{Status: res.StatusCode, Kind: Oversized, Message: fmt.Sprintf("a response of more than %d bytes", c.maxBody)}
		case err == io.EOF:
			c.lastBody.Store(int64(len(body)))
			return body, release, nil
		case err != nil:
			return nil, release, networkError(fmt.Errorf("the response is incomplete: %w", err))
		case len(body) > smallBody && len(body)-n <= smallBody:
			turn, err := c.takeTurn(ctx)
			if err != nil {
				return nil, release, err
			}
			release = turn
		}
	}
}

// isGood reports whether a status comes with a page. The API's documentation leaves
// open whether a query responds with 200 or 201.
func isGood(status int, method string) bool {
	return status == http.StatusOK || status == http.StatusCreated && method == http.MethodPost
}

// readError turns a response with another status into an error. It is errNewToken
// if the API rejected a token that rejected has replaced.
func readError(res *http.Response, req *http.Request, rejected func(*http.Request) bool) error {
	body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	body = withoutMark(body)
	if res.StatusCode == http.StatusUnauthorized && rejected != nil && isRejectedToken(res, body) && rejected(req) { //rule:unproven-401-renews-no-token
		return errNewToken
	}
	e := statusError(res.StatusCode, body)
	e.retryAfter = parseRetryAfter(res)
	return e
}

// sanitize makes an error's message safe to print.
func (c *Client) sanitize(e *Error, req *http.Request) *Error {
	if e.Kind == Network && req.Context().Err() == context.DeadlineExceeded {
		e.Message = fmt.Sprintf("no complete response within %v", c.timeout)
	}
	e.Message = singleLine(redactRequest(e.Message, req))
	if e.Kind == Unauthorized && e.Status == http.StatusUnauthorized {
		e.Disguise = disguised(req) //rule:keys-in-disguise-are-reported
	}
	return e
}

// or returns a value, or the fallback if the value is zero.
func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
