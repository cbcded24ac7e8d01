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
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options say whom a client asks, and how. Origin and Auth are required; the zero
// value of each other field stands for its default.
type Options struct {
	Origin      string // "https://acme.gorgias.com": scheme, host and port only; the API is below /api/
	Auth        Auth
	UserAgent   string            // default "source-gorgias"
	Transport   http.RoundTripper // default: proxies from the environment, TLS 1.2 or later, HTTP/2
	RateLimiter *RateLimiter      // the account's; default: one that leaves a tenth to others
	Timeout     time.Duration     // of one attempt, its body included; default 60s
	Attempts    int               // default 11: with their waits, about five minutes
	MaxBody     int64             // bytes of an answer, unpacked; default 256 MiB
	MaxWait     time.Duration     // the longest Retry-After that is waited for; default 15 minutes

	// Rejected, if set, is told of a request whose authorization was not
	// accepted. If it reports that there is another, the request is sent again,
	// once.
	Rejected func(r *http.Request) bool

	// Retried, if set, is told of each attempt that failed and will be repeated
	// after a wait.
	Retried func(err error, wait time.Duration)
}

// A Client reads pages of one account. It may be used by many goroutines.
type Client struct {
	origin    *url.URL
	auth      Auth
	userAgent string
	transport http.RoundTripper
	budget    *RateLimiter
	timeout   time.Duration
	attempts  int
	maxBody   int64
	maxWait   time.Duration
	rejected  func(*http.Request) bool
	retried   func(error, time.Duration)
}

// New returns a client, or an error if the origin is not one or nothing
// authorizes it.
func New(o Options) (*Client, error) {
	origin, err := url.Parse(o.Origin)
	if err != nil {
		return nil, errors.New("the origin is not a URL") // which may hold a password
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
		origin:    bare.JoinPath("/"), // with an empty path, joining would forget the slash
		auth:      o.Auth,
		userAgent: or(o.UserAgent, "source-gorgias"),
		transport: o.Transport,
		budget:    o.RateLimiter,
		timeout:   or(o.Timeout, time.Minute),
		attempts:  max(1, or(o.Attempts, 11)),
		maxBody:   or(o.MaxBody, 256<<20),
		maxWait:   or(o.MaxWait, 15*time.Minute),
		rejected:  o.Rejected,
		retried:   o.Retried,
	}
	if c.transport == nil {
		c.transport = Transport()
	}
	if c.budget == nil {
		c.budget = NewRateLimiter(spare)
	}
	return c, nil
}

// or returns a value, or its default when it is zero.
func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

const dialTimeout, keepAlive = 15 * time.Second, 30 * time.Second

// Transport returns the way to the API that a Client takes by default.
func Transport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}).DialContext,
		TLSHandshakeTimeout: 15 * time.Second,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     90 * time.Second,
	}
}

// List returns one page of what is at a path below /api/, like "tickets" or
// "views/12/items". The page token, which [Page.Next] of the page before holds,
// is laid over the query; it is "" for the first page.
//
// The error is the context's when that is over, and otherwise an [*Error].
func (c *Client) List(ctx context.Context, form Envelope, path string, query url.Values, next string) (*Page, error) {
	return c.page(ctx, form, path, query, next, nil)
}

// Query is List for a question that is put in a body, as JSON. It is sent as a
// POST, again if need be: it must be one that only reads.
func (c *Client) Query(ctx context.Context, form Envelope, path string, query url.Values, body []byte, next string) (*Page, error) {
	return c.page(ctx, form, path, query, next, body)
}

// page asks for a page, with a body if there is one.
func (c *Client) page(ctx context.Context, form Envelope, path string, query url.Values, next string, body []byte) (*Page, error) {
	token, err := url.ParseQuery(next)
	if err != nil {
		return nil, &Error{Path: "/api/" + path, Kind: ClientError, Message: "not a page token"}
	}
	a := ask{form: form, query: query, next: token.Encode()}
	all := url.Values{}
	for _, values := range []url.Values{query, token} {
		for name := range values {
			all[name] = values[name]
		}
	}
	place := c.origin.JoinPath("api", path)
	place.RawQuery = all.Encode()
	if !strings.HasPrefix(place.Path, "/api/") {
		return nil, &Error{Path: place.Path, Kind: ClientError, Message: "not a path below /api/"}
	}

	var page *Page
	err = c.retry(ctx, place.Path, func(ctx context.Context) error {
		r, err := c.get(ctx, place, body)
		if err != nil {
			return err
		}
		if page, err = cut(r.body, a); err != nil {
			return err
		}
		page.ServerTime = r.served
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

// A reply is a whole answer with a good status, in JSON, with a date.
type reply struct {
	served time.Time
	body   []byte
}

// get is the road every request takes. It goes a second time with another token,
// and where the same path is only spelled differently, with or without a slash
// at its end.
func (c *Client) get(ctx context.Context, place *url.URL, body []byte) (*reply, error) {
	r, err := c.send(ctx, place, body, c.rejected)
	if err == errToken {
		r, err = c.send(ctx, place, body, nil)
	}
	if err != errSpelling {
		return r, err
	}
	other := *place
	if other.Path = strings.TrimSuffix(place.Path, "/"); other.Path == place.Path {
		other.Path += "/"
	}
	r, err = c.send(ctx, &other, body, nil)
	if err == errSpelling {
		err = &Error{Status: http.StatusMovedPermanently, Kind: Redirect, Message: "redirected to and fro"}
	}
	return r, err
}

// errSpelling says that the path has moved to its other spelling.
var errSpelling = errors.New("the same path with or without a slash at its end")

// errToken says that there is another token than the one that was not accepted.
var errToken = errors.New("another token")

// send waits for the budget, sends one request and reads its answer.
func (c *Client) send(ctx context.Context, place *url.URL, body []byte, rejected func(*http.Request) bool) (*reply, error) {
	out, err := c.budget.wait(ctx)
	if err != nil {
		return nil, err
	}
	var heard answer
	tell := sync.OnceFunc(func() { c.budget.answered(out, heard) })
	defer tell()

	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	method, content := http.MethodGet, io.Reader(nil)
	if body != nil {
		method, content = http.MethodPost, bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, place.String(), content)
	if err != nil {
		return nil, &Error{Kind: ClientError, Message: "not a path"}
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if err := c.auth(ctx, req); err != nil {
		return nil, c.explain(denied(err), req)
	}

	// Not http.Client: it would follow redirects, and name the query in errors.
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, c.explain(broken(err), req)
	}
	defer res.Body.Close()
	heard = c.hear(res)
	tell() // now, not when the body has come
	if res.StatusCode == http.StatusUnauthorized && rejected != nil && rejected(req) {
		return nil, errToken
	}

	r, err := c.read(res, req)
	if e, ok := err.(*Error); ok {
		return nil, c.explain(e, req)
	}
	return r, err
}

// hear returns what an answer says of the bucket.
func (c *Client) hear(res *http.Response) answer {
	a := answer{refused: res.StatusCode == http.StatusTooManyRequests}
	used, limit, _ := strings.Cut(res.Header.Get("X-Gorgias-Account-Api-Call-Limit"), "/")
	u, err1 := strconv.Atoi(strings.TrimSpace(used))
	l, err2 := strconv.Atoi(strings.TrimSpace(limit))
	if err1 == nil && err2 == nil && u >= 0 && l > 0 && l <= 1_000_000 {
		a.used, a.limit = u, l
	}
	if rest := resting(res); rest <= c.maxWait {
		a.rest = rest
	}
	return a
}

// resting returns for how long the server asks to be left alone. Only these two
// say so; on other answers the header means nothing.
func resting(res *http.Response) time.Duration {
	if res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable {
		return retryAfter(res.Header)
	}
	return 0
}

// read turns an answer into a reply, or into an error.
func (c *Client) read(res *http.Response, req *http.Request) (*reply, error) {
	if res.StatusCode/100 == 3 {
		return nil, redirected(res, req.URL)
	}
	// Of a query it is in doubt whether the answer counts as created.
	if res.StatusCode != http.StatusOK && (req.Method != http.MethodPost || res.StatusCode != http.StatusCreated) {
		e := failed(res.StatusCode)
		e.rest = resting(res)
		if body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10)); e.Message == "" {
			e.Message = said(body)
		}
		return nil, e
	}
	if kind := res.Header.Get("Content-Type"); kind != "" {
		media, _, _ := mime.ParseMediaType(kind)
		if media != "application/json" && !strings.HasSuffix(media, "+json") {
			return nil, unproven("expected JSON, got %s", kind)
		}
	}
	served, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return nil, unproven("an answer without a date")
	}
	var b bytes.Buffer
	if n := res.ContentLength; n > 0 && n <= c.maxBody {
		b.Grow(int(n) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(io.LimitReader(res.Body, c.maxBody+1)); err != nil {
		return nil, broken(fmt.Errorf("the answer broke off: %w", err))
	}
	if int64(b.Len()) > c.maxBody {
		return nil, &Error{Status: res.StatusCode, Kind: Oversized, Message: fmt.Sprintf("an answer of more than %d bytes", c.maxBody)}
	}
	return &reply{served.UTC(), b.Bytes()}, nil
}

// explain makes an error's message fit to be seen.
func (c *Client) explain(e *Error, req *http.Request) *Error {
	if e.Kind == Network && req.Context().Err() == context.DeadlineExceeded {
		e.Message = fmt.Sprintf("no whole answer within %v", c.timeout)
	}
	e.Message = tidy(scrub(e.Message, req))
	return e
}

// redirected reads a redirect: it is errSpelling or an [*Error].
func redirected(res *http.Response, from *url.URL) error {
	e := &Error{Status: res.StatusCode, Kind: Redirect}
	location := res.Header.Get("Location")
	to, err := from.Parse(location)
	if location == "" || err != nil {
		e.Message = "redirected nowhere"
		return e
	}
	if host(to) != host(from) { // the scheme is the business of a gateway; we keep ours
		e.Message = "redirected to another host: " + to.Host
		return e
	}
	if to.Path != from.Path && strings.TrimSuffix(to.Path, "/") == strings.TrimSuffix(from.Path, "/") {
		return errSpelling
	}
	permanent := res.StatusCode == http.StatusMovedPermanently || res.StatusCode == http.StatusPermanentRedirect
	if into, ok := merged(from.Path, to.Path); ok && permanent {
		e.Kind, e.MergedInto, e.Message = Merged, into, "merged into "+strconv.FormatInt(into, 10)
		return e
	}
	e.Message = "redirected to another path"
	return e
}

// host returns where a URL leads, without a port that goes without saying.
func host(u *url.URL) string {
	name := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		name = strings.TrimSuffix(name, ":443")
	case "http":
		name = strings.TrimSuffix(name, ":80")
	}
	return name
}

// merged returns the id that stands in one path where another stood in the other:
// /api/customers/1/custom-fields and /api/customers/2, with or without its rest.
func merged(from, to string) (into int64, ok bool) {
	a, b := strings.Split(strings.Trim(from, "/"), "/"), strings.Split(strings.Trim(to, "/"), "/")
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			continue
		}
		_, err1 := strconv.ParseInt(a[i], 10, 64)
		into, err2 := strconv.ParseInt(b[i], 10, 64)
		rest := strings.Join(b[i+1:], "/")
		return into, err1 == nil && err2 == nil && (rest == "" || rest == strings.Join(a[i+1:], "/"))
	}
	return 0, false
}
