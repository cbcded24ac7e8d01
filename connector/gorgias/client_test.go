package gorgias

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const empty = `{"data": [], "meta": {"next_cursor": null}}`

// memoryListener connects one server to its clients in memory, for synctest.
type memoryListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *memoryListener) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *memoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *memoryListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// client returns a client of a server whose handler is h. The responses are JSON
// unless h sets another type.
func client(t *testing.T, o Options, h http.HandlerFunc) *Client {
	t.Helper()
	p := &memoryListener{conns: make(chan net.Conn), done: make(chan struct{})}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		h(w, r)
	})}
	var serving sync.WaitGroup
	serving.Go(func() { s.Serve(p) })
	transport := &http.Transport{DialContext: p.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		s.Close()
		serving.Wait()
	})
	if o.Transport == nil {
		o.Transport = transport
	}
	if o.Origin == "" {
		o.Origin = "http://acme.example"
	}
	if o.Auth == nil {
		o.Auth = Basic("jo@acme.example", "k3y")
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNew(t *testing.T) {
	for _, origin := range []string{
		"", "acme", "acme.gorgias.com", "ftp://acme.gorgias.com", "https://", "https://:443", "https://jo:pw@acme.gorgias.com",
		"https://acme.gorgias.com/api", "https://acme.gorgias.com?x=1", "https://acme.gorgias.com#x", "https://acme.gorgias.com/?",
		"https:acme.gorgias.com", "://",
	} {
		_, err := New(Options{Origin: origin, Auth: Basic("jo", "k")})
		if err == nil {
			t.Errorf("origin %q was accepted", origin)
		} else if strings.Contains(err.Error(), "pw") {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
	for _, origin := range []string{"https://acme.gorgias.com", "https://acme.gorgias.com/", "http://127.0.0.1:8080"} {
		if _, err := New(Options{Origin: origin, Auth: Basic("jo", "k")}); err != nil {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
	if _, err := New(Options{Origin: "https://acme.gorgias.com"}); err == nil {
		t.Error("accepted without credentials")
	}
}

// A request is a GET with the parameters of the query and the page token, and the
// page contains the response's bytes.
func TestList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		body := `{"data": [{"id": 12345678901234567890, "a": 1.0}, {"id" : 2}], "meta": {"next_cursor": "n 2"}}`
		var requests []string
		c := client(t, Options{UserAgent: "ours/1"}, func(w http.ResponseWriter, r *http.Request) {
			user, key, _ := r.BasicAuth()
			requests = append(requests, strings.Join([]string{r.Method, r.Host, r.URL.String(), user, key, r.UserAgent(), r.Header.Get("Accept"), r.Header.Get("Accept-Encoding")}, " "))
			z := gzip.NewWriter(w)
			w.Header().Set("X-Gorgias-Account-Api-Call-Limit", "7/80")
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(z, body)
			z.Close()
		})
		query := url.Values{"limit": {"100"}, "types": {"a", "b"}}
		p, err := c.List(t.Context(), CursorList, "views/12/items", query, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s", p.Records); got != `[{"id": 12345678901234567890, "a": 1.0} {"id" : 2}]` {
			t.Errorf("records %s", got)
		}
		if p.NextToken != "cursor=n+2" || !p.ServerTime.Equal(begin) || p.ServerTime.Location() != time.UTC {
			t.Errorf("next %q, server time %v", p.NextToken, p.ServerTime)
		}
		if used, limit := c.limiter.Usage(); used < 7 || used > 8 || limit != 80 {
			t.Errorf("usage %v of %v, but the response had 7/80", used, limit)
		}
		body = empty
		if p, err = c.List(t.Context(), CursorList, "views/12/items", query, p.NextToken); err != nil || p.NextToken != "" || len(p.Records) != 0 {
			t.Errorf("second page: %+v, %v", p, err)
		}
		want := "GET acme.example /api/views/12/items?limit=100&types=a&types=b jo@acme.example k3y ours/1 application/json gzip"
		if len(requests) != 2 || requests[0] != want || requests[1] != strings.Replace(want, "?", "?cursor=n+2&", 1) {
			t.Errorf("requests\n%s\nwant\n%s", strings.Join(requests, "\n"), want)
		}
		if len(query) != 2 {
			t.Errorf("the caller's query became %v", query)
		}
		for _, path := range []string{"../oauth/token", "x/../../oauth"} {
			if _, err := c.List(t.Context(), SingleObject, path, nil, ""); !is(err, ClientError) || len(requests) != 2 {
				t.Errorf("path %q: %v", path, err)
			}
		}
	})
}

func is(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// Only values that a bucket can have are used.
func TestReadCallLimit(t *testing.T) {
	for header, want := range map[string]callLimit{
		"7/80": {used: 7, limit: 80}, " 7 / 80 ": {used: 7, limit: 80}, "0/1": {limit: 1}, "70/40": {used: 40, limit: 40},
		"9000000000000000000/40": {used: 40, limit: 40}, "": {}, "7": {}, "7/": {}, "/80": {}, "-1/80": {}, "7/0": {}, "7/-1": {}, "7/1000001": {used: 7, limit: maxCallLimit}, "999999999/999999999": {used: maxCallLimit, limit: maxCallLimit}, "7/99999999999999999999": {}, "a/b": {}, "7/80/1": {}, "7,80": {}, "1e3/40": {},
	} {
		res := &http.Response{StatusCode: 200, Header: http.Header{"X-Gorgias-Account-Api-Call-Limit": {header}}}
		if got := new(Client).readCallLimit(res); got != want {
			t.Errorf("%q: %+v, want %+v", header, got, want)
		}
	}
}

// No sequence of call limits makes a request wait for longer than a full bucket
// leaks, and none makes a sync flood the account.
func TestNoCallLimitStalls(t *testing.T) {
	seed := rand.Uint64()
	for i := range 200 {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			number := func() int { return []int{-1, 0, 1, 2, 39, 40, 80, 400, 100_000, math.MaxInt32}[r.IntN(10)] }
			c := client(t, Options{RateLimiter: NewRateLimiter([]float64{0, 0.1, 0.5, 0.9}[r.IntN(4)])}, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Gorgias-Account-Api-Call-Limit", fmt.Sprintf("%d/%d", number(), number()))
				io.WriteString(w, empty)
			})
			for n := range 50 {
				began := time.Now()
				if _, err := c.List(t.Context(), CursorList, "tags", nil, ""); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took > drainTime+time.Second {
					t.Errorf("seed %d, case %d: request %d took %v", seed, i, n, took)
				}
			}
		})
	}
}

// A Retry-After of years ends the stream, and does not block the others for long.
func TestAbsurdRetryAfter(t *testing.T) {
	for _, value := range []string{"315360000", "99999999999999999999", "Thu, 01 Jan 2060 00:00:00 GMT", "901"} {
		synctest.Test(t, func(t *testing.T) {
			hits := 0
			c := client(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
				if hits++; hits == 1 {
					w.Header().Set("Retry-After", value)
					w.WriteHeader(429)
				}
				io.WriteString(w, empty)
			})
			began := time.Now()
			if _, err := c.List(t.Context(), CursorList, "tags", nil, ""); !is(err, RateLimited) || hits != 1 {
				t.Errorf("%q: %v after %d requests", value, err, hits)
			}
			if _, err := c.List(t.Context(), CursorList, "tags", nil, ""); err != nil || time.Since(began) > drainTime+time.Second {
				t.Errorf("%q: %v after %v", value, err, time.Since(began))
			}
		})
	}
}

// A page of far more rows than asked for, and a token too long to be stored, are
// not believed.
func TestHugePages(t *testing.T) {
	rows := func(n int) string { return strings.TrimSuffix(strings.Repeat(`{"id":1},`, n), ",") }
	for name, body := range map[string]string{
		"rows":  `{"data": [` + rows(10_001) + `], "meta": {"next_cursor": null}}`,
		"token": `{"data": [], "meta": {"next_cursor": "` + strings.Repeat("x", 9000) + `"}}`,
	} {
		if _, err := parsePage([]byte(body), pageRequest{CursorList, url.Values{"limit": {"100"}}, ""}); !is(err, InvalidResponse) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, n := range []int{100, 101, 1000, 10_000} {
		page, err := parsePage([]byte(`{"data": [`+rows(n)+`], "meta": {"next_cursor": null}}`), pageRequest{CursorList, url.Values{"limit": {"100"}}, ""})
		if err != nil || len(page.Records) != n {
			t.Errorf("%d rows: %v", n, err)
		}
	}
}

// A Content-Length reserves little before the bytes arrive.
func TestContentLengthReservesLittle(t *testing.T) {
	c := &Client{maxBody: 96 << 20}
	for _, length := range []int64{-1, 0, 10, 1 << 20, 90 << 20, 1 << 40} {
		body, _, err := c.readBody(t.Context(), &http.Response{ContentLength: length, Body: io.NopCloser(strings.NewReader("{}"))})
		if err != nil || string(body) != "{}" || cap(body) > 2<<20 {
			t.Errorf("%d: %d bytes are reserved, %v", length, cap(body), err)
		}
	}
}

// Large responses are read one at a time; small ones do not wait for them.
func TestLargeBodiesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reading, most atomic.Int32
		c := client(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, empty)
			if r.URL.Query().Has("small") {
				return
			}
			spaces := bytes.Repeat([]byte(" "), 1<<20)
			for i := range 24 {
				if i == 12 {
					most.Store(max(most.Load(), reading.Add(1)))
					time.Sleep(5 * time.Second)
				}
				if _, err := w.Write(spaces); err != nil {
					return
				}
			}
			reading.Add(-1)
		})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := c.List(t.Context(), CursorList, "tags", nil, ""); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(2 * time.Second)
		began := time.Now()
		if _, err := c.List(t.Context(), CursorList, "tags", url.Values{"small": {"1"}}, ""); err != nil || time.Since(began) > time.Second {
			t.Errorf("a small response: %v after %v", err, time.Since(began))
		}
		all.Wait()
		if most.Load() != 1 {
			t.Errorf("%d large responses at once", most.Load())
		}
	})
}

// A response that is not a complete page is retried until a complete one arrives.
func TestInvalidResponseIsRetried(t *testing.T) {
	for name, bad := range map[string]http.HandlerFunc{
		"truncated":  func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, empty[:20]) },
		"empty":      func(w http.ResponseWriter, r *http.Request) {},
		"no content": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) },
		"not yet":    func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(202); io.WriteString(w, empty) },
		"html": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, empty)
		},
		"no date": func(w http.ResponseWriter, r *http.Request) { w.Header()["Date"] = nil; io.WriteString(w, empty) },
		"invalid date": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", "yesterday")
			io.WriteString(w, empty)
		},
		"two values": func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, empty+"{}") },
		"short": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(empty)+1))
			io.WriteString(w, empty)
		},
		"chunks broken off": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, empty)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"broken gzip": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			io.WriteString(z, empty)
			z.Close()
			w.Write(b.Bytes()[:b.Len()-4])
		},
		"connection closed": func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
		"stalled":           func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"stalled body": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, empty)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"500": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) },
		"502": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(502) },
		"503": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) },
		"504": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(504) },
		"520": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(520) },
		"429": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(429) },
		"408": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(408) },
	} {
		synctest.Test(t, func(t *testing.T) {
			hits, notified := 0, 0
			c := client(t, Options{Retried: func(err error, wait time.Duration) { notified++ }}, func(w http.ResponseWriter, r *http.Request) {
				if hits++; hits == 1 {
					bad(w, r)
					return
				}
				io.WriteString(w, empty)
			})
			begin := time.Now()
			if _, err := c.List(t.Context(), CursorList, "tickets", nil, ""); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if took := time.Since(begin); hits != 2 || notified != 1 || took < 750*time.Millisecond || took > 62*time.Second {
				t.Errorf("%s: %d requests in %v, notified %d times", name, hits, took, notified)
			}
		})
	}
}

// Retries bridge about five minutes of server errors; then the error contains the
// last one.
func TestRetriesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hits := 0
		c := client(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
			hits++
			w.WriteHeader(503)
			io.WriteString(w, `{"error": {"msg": "An external service had an issue."}}`)
		})
		begin := time.Now()
		_, err := c.List(t.Context(), CursorList, "tickets", url.Values{"limit": {"1"}}, "")
		var e *Error
		if !errors.As(err, &e) || e.Kind != ServerError || !e.Temporary() || e.Status != 503 ||
			err.Error() != "GET /api/tickets: 503 Service Unavailable: An external service had an issue. (11 attempts)" {
			t.Errorf("%#v", err)
		}
		if took := time.Since(begin); hits != 11 || took < 4*time.Minute || took > 6*time.Minute {
			t.Errorf("%d requests in %v", hits, took)
		}
	})
}

// A permanent error is not retried, and each status has its kind.
func TestErrors(t *testing.T) {
	long := strings.Repeat("é", 400)
	for _, test := range []struct {
		status int
		body   string
		kind   Kind
		want   string
	}{
		{400, `{"error":{"msg":"Bad request.","data":{"status":["Unknown field."],"limit":["Too high.","Not a number."]}}}`, ClientError,
			"400 Bad Request: Bad request. limit: Too high. Not a number. status: Unknown field."},
		{400, `{"error":{"msg":"Bad request.","data":{"x":7}}}`, ClientError, "400 Bad Request: Bad request. x: 7"},
		{401, `{"error":{"msg":"Authentication failed."}}`, Unauthorized, "401 Unauthorized: Authentication failed."},
		{403, `{"error":{"msg":"no \u0000\n\u001b[31mrights"}}`, Forbidden, "403 Forbidden: no [31mrights"},
		{404, `{"error":{"msg":"Resource not found."}}`, NotFound, "404 Not Found: Resource not found."},
		{404, ` {"error":{"msg":""}}`, NotFound, "404 Not Found"},
		{410, `{"error":{"msg":"gone","data":null}}`, NotFound, "410 Gone: gone"},
		{422, `{"error":{"msg":"` + long + `"}}`, ClientError, "422 Unprocessable Entity: " + long[:2*299] + "…"},
		{499, `{"error":{"msg":"?"}}`, ClientError, "499: ?"},
		// What gateways, proxies and login pages send proves nothing.
		{404, ``, Unproven, "404 Not Found: " + foreign},
		{404, `default backend - 404`, Unproven, "404 Not Found: " + foreign + ": default backend - 404"},
		{404, `<html>lost</html>`, Unproven, "404 Not Found: " + foreign},
		{404, `[]`, Unproven, "404 Not Found: " + foreign + ": []"},
		{404, `{}`, Unproven, "404 Not Found: " + foreign},
		{404, `{"message":"no Route matched with those values"}`, Unproven, "404 Not Found: " + foreign},
		{404, `{"timestamp":"2026-01-01","status":404,"error":"Not Found"}`, Unproven, "404 Not Found: " + foreign + ": Not Found"},
		{404, `{"errors":[{"msg":"gone"}]}`, Unproven, "404 Not Found: " + foreign},
		{404, `{"error":{"message":"gone","code":404}}`, Unproven, "404 Not Found: " + foreign},
		{404, `{"error":{"msg":null}}`, Unproven, "404 Not Found: " + foreign},
		{404, `{"error":{"msg":"gone"`, Unproven, "404 Not Found: " + foreign + `: {"error":{"msg":"gone"`},
		{401, `{"error":"unauthorized"}`, Unproven, "401 Unauthorized: " + foreign + ": unauthorized"},
		{401, `<html>sign in</html>`, Unproven, "401 Unauthorized: " + foreign},
		{403, `<!DOCTYPE html>blocked`, Unproven, "403 Forbidden: " + foreign},
		{405, `{"error":7}`, Unproven, "405 Method Not Allowed: " + foreign},
		{407, ``, Unproven, "407 Proxy Authentication Required: " + foreign},
		{409, `gone  fishing`, Unproven, "409 Conflict: " + foreign + ": gone fishing"},
		{400, `<html>request header too large</html>`, Unproven, "400 Bad Request: " + foreign},
	} {
		synctest.Test(t, func(t *testing.T) {
			hits := 0
			c := client(t, Options{Attempts: 3}, func(w http.ResponseWriter, r *http.Request) {
				hits++
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			})
			_, err := c.List(t.Context(), SingleObject, "tickets/1", url.Values{"limit": {"1"}}, "")
			attempts, want := 1, "GET /api/tickets/1: "+test.want
			if test.kind == Unproven {
				attempts, want = 3, want+" (3 attempts)"
			}
			if err == nil || err.Error() != want || !is(err, test.kind) || hits != attempts {
				t.Errorf("%d %s: %v after %d attempts, want %s", test.status, test.body, err, hits, want)
			}
		})
	}
}

// An unproven status is lasting if it came at each attempt for minutes.
func TestLasting(t *testing.T) {
	for name, test := range map[string]struct {
		attempts int
		status   func(hits int) int
		want     bool
	}{
		"always":        {0, func(int) int { return 404 }, true},
		"for seconds":   {4, func(int) int { return 404 }, false},
		"after others":  {0, func(hits int) int { return map[bool]int{true: 404, false: 502}[hits > 10] }, false},
		"interrupted":   {0, func(hits int) int { return map[bool]int{true: 403, false: 404}[hits == 10] }, false},
		"since a while": {0, func(hits int) int { return map[bool]int{true: 404, false: 403}[hits > 3] }, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			hits := 0
			c := client(t, Options{Attempts: test.attempts}, func(w http.ResponseWriter, r *http.Request) {
				hits++
				w.WriteHeader(test.status(hits))
			})
			_, err := c.List(t.Context(), SingleObject, "tickets/1", nil, "")
			var e *Error
			if !errors.As(err, &e) || e.Lasting != test.want {
				t.Errorf("%s: lasting %v, want %v", name, e.Lasting, test.want)
			}
		})
	}
}

// A network error is explained, and retried only if it can be temporary.
func TestNetworkErrors(t *testing.T) {
	for want, err := range map[string]error{
		"GET /api/account: no such host: acme.example":                                                             &net.OpError{Op: "dial", Err: &net.DNSError{Name: "acme.example", IsNotFound: true}},
		"GET /api/account: the server's certificate is not trusted: x509: certificate signed by unknown authority": &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
		"GET /api/account: the server does not speak TLS":                                                          tls.RecordHeaderError{},
		"GET /api/account: connection reset (11 attempts)":                                                         errors.New("connection\nreset"),
		"GET /api/account: unexpected EOF (11 attempts)":                                                           io.ErrUnexpectedEOF,
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			c := client(t, Options{Transport: roundTripper(func(*http.Request) (*http.Response, error) { tries++; return nil, err })}, nil)
			_, got := c.List(t.Context(), SingleObject, "account", nil, "")
			if got == nil || got.Error() != want || !is(got, Network) || !errors.Is(got, err) {
				t.Errorf("got  %v\nwant %s", got, want)
			}
			if again := strings.HasSuffix(want, "attempts)"); again != (tries > 1) {
				t.Errorf("%s: tried %d times", want, tries)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Retry-After is honored in seconds and as a date by the server's clock, by all
// requests, on 429 and 503 only; one that is too long is an error.
func TestRetryAfter(t *testing.T) {
	for _, test := range []struct {
		status int
		after  func(now time.Time) string
		from   time.Duration
		to     time.Duration // 0: not waited for
	}{
		{429, func(time.Time) string { return "20" }, 20 * time.Second, 21 * time.Second},
		{503, func(time.Time) string { return "20" }, 20 * time.Second, 21 * time.Second},
		{429, func(now time.Time) string { return now.Add(30 * time.Second).UTC().Format(http.TimeFormat) }, 30 * time.Second, 31 * time.Second},
		{429, func(time.Time) string { return "-5" }, 750 * time.Millisecond, 4 * time.Second},
		{429, func(time.Time) string { return "soon" }, 750 * time.Millisecond, 4 * time.Second},
		{500, func(time.Time) string { return "20" }, 0, 2 * time.Second},
		{429, func(time.Time) string { return "901" }, 0, 0},
		{429, func(time.Time) string { return "900" }, 900 * time.Second, 901 * time.Second},
	} {
		for _, clock := range []time.Duration{0, -time.Hour, 1000 * time.Hour} { // of the server, ahead of ours
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var hits []time.Time
				var notified time.Duration
				c := client(t, Options{Retried: func(_ error, wait time.Duration) { notified = wait }}, func(w http.ResponseWriter, r *http.Request) {
					now := time.Now().Add(clock)
					w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
					mu.Lock()
					defer mu.Unlock()
					if hits = append(hits, time.Now()); len(hits) == 1 {
						w.Header().Set("Retry-After", test.after(now))
						w.WriteHeader(test.status)
						return
					}
					io.WriteString(w, empty)
				})
				begin := time.Now()
				var other sync.WaitGroup
				other.Go(func() {
					synctest.Wait()
					time.Sleep(100 * time.Millisecond)
					c.List(t.Context(), CursorList, "tags", nil, "")
				})
				_, err := c.List(t.Context(), CursorList, "tickets", nil, "")
				took := time.Since(begin)
				other.Wait()
				if test.to == 0 {
					if all := time.Since(begin); !is(err, RateLimited) || took > 0 || all > 5*time.Second {
						t.Errorf("%d %s: %v after %v, all after %v", test.status, test.after(begin), err, took, all)
					}
					return
				}
				if err != nil || took < test.from || took > test.to {
					t.Errorf("%d %s: %v after %v", test.status, test.after(begin), err, took)
				}
				if notified < test.from {
					t.Errorf("%d %s: notified of a wait of %v", test.status, test.after(begin), notified)
				}
				if first := hits[1].Sub(begin); test.status != 500 && first < test.from {
					t.Errorf("%d %s: another request after %v", test.status, test.after(begin), first)
				}
			})
		}
	}
}

// foreign is what errors say of a response that is not the API's own.
var foreign = unproven(0, "").Message

func TestRedirects(t *testing.T) {
	for _, test := range []struct {
		path     string
		status   int
		location string
		kind     Kind // 0: followed
		into     int64
		want     string
	}{
		{"tickets", 301, "/api/tickets/", 0, 0, ""},
		{"tickets", 308, "http://acme.example/api/tickets/?limit=7&evil=1", 0, 0, ""},
		{"tickets", 302, "https://ACME.example:443/api/tickets/", 0, 0, ""},
		{"tickets/", 307, "/api/tickets", 0, 0, ""},
		{"customers/1", 301, "/api/customers/519000201", Merged, 519000201, "301 Moved Permanently: merged into 519000201"},
		{"customers/1", 301, "/api/customers/519000201/", Merged, 519000201, "301 Moved Permanently: merged into 519000201"},
		{"customers/1", 301, "519000201", Merged, 519000201, "301 Moved Permanently: merged into 519000201"},
		{"customers/1", 301, "http://acme.example/api/customers/2", Merged, 2, "301 Moved Permanently: merged into 2"},
		{"customers/1/custom-fields", 301, "/api/customers/2/custom-fields", Merged, 2, "301 Moved Permanently: merged into 2"},
		{"customers/1/custom-fields", 301, "/api/customers/2", Merged, 2, "301 Moved Permanently: merged into 2"},
		{"customers/1", 302, "/api/customers/2", Unproven, 0, "302 Found: " + foreign + ": redirected to another path"},
		{"customers/1", 301, "/api/tickets/2", Unproven, 0, "301 Moved Permanently: " + foreign + ": redirected to another path"},
		{"customers/1", 301, "/api/customers/x", Unproven, 0, "301 Moved Permanently: " + foreign + ": redirected to another path"},
		{"customers/1", 301, "/api/customers/2/custom-fields", Unproven, 0, "301 Moved Permanently: " + foreign + ": redirected to another path"},
		{"customers/1", 301, "/api/customers/1", Unproven, 0, "301 Moved Permanently: " + foreign + ": redirected to another path"},
		{"customers/1", 301, "", Unproven, 0, "301 Moved Permanently: " + foreign + ": redirected without a valid Location"},
		{"customers/1", 301, ":", Unproven, 0, "301 Moved Permanently: " + foreign + ": redirected without a valid Location"},
		{"tickets", 302, "https://evil.example/api/tickets/", Unproven, 0, "302 Found: " + foreign + ": redirected to another host, evil.example"},
		{"tickets", 302, "//evil.example/api/tickets/", Unproven, 0, "302 Found: " + foreign + ": redirected to another host, evil.example"},
		{"tickets", 302, "http://acme.example:8080/api/tickets/", Unproven, 0, "302 Found: " + foreign + ": redirected to another host, acme.example:8080"},
		{"customers/1", 301, "https://evil.example/api/customers/2", Unproven, 0, "301 Moved Permanently: " + foreign + ": redirected to another host, evil.example"},
		{"tickets", 304, "", Unproven, 0, "304 Not Modified: " + foreign + ": redirected without a valid Location"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var requests []string
			c := client(t, Options{Attempts: 1}, func(w http.ResponseWriter, r *http.Request) {
				if requests = append(requests, r.URL.String()); len(requests) > 1 {
					io.WriteString(w, empty)
					return
				}
				w.Header().Set("Location", test.location)
				w.WriteHeader(test.status)
			})
			_, err := c.List(t.Context(), CursorList, test.path, url.Values{"limit": {"1"}}, "")
			if test.kind == 0 {
				other := map[string]string{"tickets": "/api/tickets/?limit=1", "tickets/": "/api/tickets?limit=1"}[test.path]
				if err != nil || len(requests) != 2 || requests[1] != other {
					t.Errorf("%d %s: %v, requests %q", test.status, test.location, err, requests)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) || e.Kind != test.kind || e.MergedInto != test.into || e.Temporary() != (e.Kind == Unproven) || len(requests) != 1 ||
				err.Error() != "GET /api/"+test.path+": "+test.want {
				t.Errorf("%d %s: %v, requests %q", test.status, test.location, err, requests)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		hits := 0
		c := client(t, Options{Attempts: 1}, func(w http.ResponseWriter, r *http.Request) {
			hits++
			other := strings.TrimSuffix(r.URL.Path, "/")
			if other == r.URL.Path {
				other += "/"
			}
			http.Redirect(w, r, other, http.StatusMovedPermanently)
		})
		if _, err := c.List(t.Context(), CursorList, "tickets", nil, ""); !is(err, Unproven) || hits != 2 {
			t.Errorf("a redirect loop: %v after %d requests", err, hits)
		}
	})
}

// A server may echo the credentials anywhere; no error contains them.
func TestErrorsKeepSecrets(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	const letters = "abcXYZ019+/=&%@:. ~é\"\\"
	word := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteRune([]rune(letters)[r.IntN(len([]rune(letters)))])
		}
		return b.String()
	}
	for i := range 300 {
		user := strings.ReplaceAll("u"+word(3)+"@"+word(6)+"u", ":", "") // Basic allows none
		key := "k" + word(20) + "k"
		auth := Basic(user, key)
		secrets := []string{key, user, user + ":" + key}
		if i%3 == 0 {
			key = "t" + base64.RawURLEncoding.EncodeToString([]byte(word(20)))
			auth, secrets = NewOAuth("", nil, Token{Access: key}).Authorize, []string{key}
		}
		var forms []string
		for _, s := range secrets {
			b := []byte(s)
			forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s), strings.ToLower(url.QueryEscape(s)),
				strings.TrimRight(base64.StdEncoding.EncodeToString(b), "="), base64.RawURLEncoding.EncodeToString(b))
		}
		echo := forms[r.IntN(len(forms))] + strings.Repeat("=", r.IntN(3))
		text := strings.Repeat("x", r.IntN(320)) + " " + echo + " and " + forms[r.IntN(len(forms))]
		synctest.Test(t, func(t *testing.T) {
			o := Options{Auth: auth, Attempts: 1}
			echoSecrets := func(w http.ResponseWriter, req *http.Request) {
				switch i % 5 {
				case 0:
					w.WriteHeader(400)
					fmt.Fprintf(w, `{"error":{"msg":%s}}`, quoted(text))
				case 1:
					w.WriteHeader(500)
					fmt.Fprintf(w, `{"error":{"msg":"no","data":{%s:[%s]}}}`, quoted(text), quoted(text))
				case 2:
					w.WriteHeader(403)
					io.WriteString(w, text)
				case 3:
					w.Header().Set("Content-Type", "text/"+text)
				case 4:
					w.Header().Set("Location", "https://"+base64.RawURLEncoding.EncodeToString([]byte(key))+".example/")
					w.WriteHeader(302)
				}
			}
			if i%7 == 0 {
				o.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New(text) })
			}
			_, err := client(t, o, echoSecrets).List(t.Context(), SingleObject, "account", url.Values{"q": {"hidden"}}, "")
			if err == nil {
				t.Fatal("no error")
			}
			for _, form := range append(forms, "hidden", "Basic ", "Bearer ") {
				if strings.Contains(strings.ToLower(err.Error()), strings.ToLower(form)) {
					t.Errorf("seed %d, case %d: %q holds %q", seed, i, err, form)
				}
			}
			cutOff := strings.TrimSuffix(strings.ToLower(err.Error()), "…")
			for _, form := range forms {
				for n := 5; n < len(form); n++ {
					if strings.HasSuffix(cutOff, strings.ToLower(form[:n])) {
						t.Errorf("seed %d, case %d: %q ends with a part of %q", seed, i, err, form)
					}
				}
			}
			if len([]rune(err.Error())) > 400 {
				t.Errorf("seed %d, case %d: %d characters", seed, i, len(err.Error()))
			}
		})
	}
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// When the context ends, the request ends at once, in each of its phases.
func TestCancel(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"before the response": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"in a body": func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"between attempts": func(w http.ResponseWriter, r *http.Request) {
			if time.Now().Second() < 20 {
				w.WriteHeader(500)
				return
			}
			<-r.Context().Done()
		},
		"in a Retry-After": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "300")
			w.WriteHeader(429)
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			ctx, cancel := context.WithCancel(t.Context())
			c := client(t, Options{Retried: func(err error, _ time.Duration) {
				if ctx.Err() != nil {
					t.Errorf("%s: to be repeated: %v", name, err)
				}
			}}, h)
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					if _, err := c.List(ctx, CursorList, "tickets", nil, ""); err != context.Canceled {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			time.Sleep(17300 * time.Millisecond)
			cancel()
			all.Wait()
			if took := time.Since(begin); took != 17300*time.Millisecond {
				t.Errorf("%s: ended after %v", name, took)
			}
		})
	}
}

// A slow response ends at the timeout, and its error names it.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, Options{Timeout: 10 * time.Second, Attempts: 2}, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		begin := time.Now()
		_, err := c.List(t.Context(), CursorList, "tickets", nil, "")
		if took := time.Since(begin); err == nil || err.Error() != "GET /api/tickets: no complete response within 10s (2 attempts)" || took > 23*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// A slow body does not delay other requests.
func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Second)
			io.WriteString(w, empty)
		})
		begin := time.Now()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if _, err := c.List(t.Context(), CursorList, "tickets", nil, ""); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("three slow responses took %v", took)
		}
	})
}

// A response is not read beyond MaxBody bytes, decompressed, and not retried.
func TestMaxBody(t *testing.T) {
	for _, size := range []int{1 << 20, 1<<20 + 1, 64 << 20} {
		for _, packed := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				hits := 0
				c := client(t, Options{MaxBody: 1 << 20}, func(w http.ResponseWriter, r *http.Request) {
					hits++
					var out io.Writer = w
					if packed {
						w.Header().Set("Content-Encoding", "gzip")
						z := gzip.NewWriter(w)
						defer z.Close()
						out = z
					}
					io.WriteString(out, empty)
					spaces := bytes.Repeat([]byte(" "), 1<<16)
					for left := size - len(empty); left > 0; left -= len(spaces) {
						if _, err := out.Write(spaces[:min(left, len(spaces))]); err != nil {
							return
						}
					}
				})
				_, err := c.List(t.Context(), CursorList, "tickets", nil, "")
				if good := size == 1<<20; good != (err == nil) || !good && !is(err, Oversized) || hits != 1 {
					t.Errorf("%d bytes, packed %v: %v after %d requests", size, packed, err, hits)
				}
			})
		}
	}
}

// An error of Auth is permanent unless it is temporary.
func TestAuthFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		fail := errors.New("the refresh token was revoked")
		c := client(t, Options{Auth: func(context.Context, *http.Request) error { tries++; return fail }}, nil)
		_, err := c.List(t.Context(), SingleObject, "account", nil, "")
		if !is(err, Unauthorized) || !errors.Is(err, fail) || tries != 1 || err.Error() != "GET /api/account: the refresh token was revoked" {
			t.Errorf("%v after %d attempts", err, tries)
		}

		tries = 0
		c = client(t, Options{Auth: func(context.Context, *http.Request) error {
			if tries++; tries < 3 {
				return fmt.Errorf("refresh: %w", &net.DNSError{Err: "timeout", IsTemporary: true})
			}
			return nil
		}}, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"domain": "acme"}`) })
		if _, err := c.List(t.Context(), SingleObject, "account", nil, ""); err != nil || tries != 3 {
			t.Errorf("%v after %d attempts", err, tries)
		}
	})
}

// Against a strict server, 400 pages take the time that the rate limit requires,
// and no request is rejected.
func TestClientObeysRateLimit(t *testing.T) {
	for _, up := range []bool{false, true} {
		for _, workers := range []int{1, 8} {
			synctest.Test(t, func(t *testing.T) {
				server := newServerBucket(40, up)
				c := client(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(70 * time.Millisecond)
					a := server.serve()
					time.Sleep(70 * time.Millisecond)
					w.Header().Set("X-Gorgias-Account-Api-Call-Limit", fmt.Sprintf("%d/%d", a.used, a.limit))
					if a.rateLimited {
						w.WriteHeader(429)
						return
					}
					io.WriteString(w, empty)
				})
				begin := time.Now()
				var all sync.WaitGroup
				for range workers {
					all.Go(func() {
						for range 400 / workers {
							if _, err := c.List(t.Context(), CursorList, "tickets", nil, ""); err != nil {
								t.Error(err)
							}
						}
					})
				}
				all.Wait()
				if took := time.Since(begin); took > 180*time.Second*103/100 || server.rejected > 0 {
					t.Errorf("%d workers, rounds up %v: %v, %d rejected", workers, up, took, server.rejected)
				}
			})
		}
	}
}

// A query is a POST, with the same body after a failure and after a redirect to
// the path with a trailing slash; its page is validated like any other.
func TestQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests []string
		c := client(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			requests = append(requests, fmt.Sprint(r.Method, " ", r.URL, " ", r.Header.Get("Content-Type"), " ", string(body)))
			switch len(requests) {
			case 1:
				w.WriteHeader(503)
			case 2:
				w.Header().Set("Location", r.URL.Path+"/")
				w.WriteHeader(308)
			default:
				w.WriteHeader(201)
				fmt.Fprint(w, `{"data": [{"n": 1}], "meta": {"next_cursor": "x"}}`)
			}
		})
		page, err := c.Query(t.Context(), CursorList, "stats", url.Values{"limit": {"9"}}, []byte(`{"q":1}`), "cursor=y")
		if err != nil || len(page.Records) != 1 || page.NextToken != "cursor=x" {
			t.Fatalf("%+v, %v", page, err)
		}
		want := []string{"stats", "stats", "stats/"}
		for i, path := range want {
			want[i] = "POST /api/" + path + "?cursor=y&limit=9 application/json {\"q\":1}"
		}
		if strings.Join(requests, "\n") != strings.Join(want, "\n") {
			t.Errorf("requests\n%s\nwant\n%s", strings.Join(requests, "\n"), strings.Join(want, "\n"))
		}
		// In response to a GET, 201 is invalid.
		if page, err := c.List(t.Context(), CursorList, "stats", nil, ""); err == nil {
			t.Errorf("%+v", page)
		}
	})
}
