package sandbox

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const defaultEmail, defaultKey = "sandbox@example.com", "sandbox-key"

// A Server is a Gorgias account in memory. The zero value works. The fields
// must be set before the first use and not be changed afterwards.
type Server struct {
	Seed uint64 // of the generated data; equal seeds, sizes and epochs give equal accounts

	// Polite leaves out what a real account has at its worst: control characters and
	// halves of characters in texts, and values of types that a field should not have.
	Polite bool

	Size  Size      // number of rows at the beginning
	Epoch time.Time // end of the 300 days that the generated rows cover; zero = the time of the first use

	Subdomain     string // "" = sandbox
	Email, APIKey string // credentials for Basic authentication; "" = sandbox@example.com, sandbox-key
	AccessToken   string // the valid Bearer token; "" = none

	// The OAuth app of POST /oauth/token, if RefreshToken is set. The refresh
	// token can be used any number of times. The access tokens are valid for a
	// day.
	ClientID, ClientSecret, RefreshToken string

	// RotateRefreshToken makes a refresh token valid once. The response that
	// has the access token has the next refresh token.
	RotateRefreshToken bool

	Limit  int           // the rate limit: size of the leaky bucket, for any credentials; 0 = 40
	Window time.Duration // the time in which a full bucket leaks empty; 0 = 20 s

	ClockOffset time.Duration // the account's clock less this machine's

	ChangeRate    float64       // random changes (see Mutate) per request that the account served, on average
	VisibilityLag time.Duration // lists show a change up to this long after the timestamps it writes

	// Fail, if set, is called before each request, by many goroutines. A fault
	// with a Status is the whole response: the account and the rate limit do
	// not see the request. Other faults alter the account's response.
	Fail func(*http.Request) *Fault

	Forbidden []string // paths that answer with 403, with all below them: "events", "phone"
	BareLists bool     // lists that fit on one page are bare arrays, as in the examples of the documentation
	Quirks    Quirks   // alternative readings of what is not certain about Gorgias

	// Log, if set, is called after every request, by many goroutines, with the
	// status of the response; 0 if there was none.
	Log func(r *http.Request, status int)

	mu         sync.Mutex
	account    *account
	handlers   map[string]handler
	bucket     bucket
	grants     []grant
	changesDue float64 // random changes that the served requests cause, less those made

	requests, rateLimited int
	hits                  map[string]int // by path pattern

	gzipWriters sync.Pool // of *gzip.Writer
}

// now returns the time of the account's clock.
func (s *Server) now() time.Time { return time.Now().Add(s.ClockOffset) }

// openAccount returns the account, which the first call generates. The caller
// holds the lock.
func (s *Server) openAccount() *account {
	if s.account == nil {
		now := s.Epoch
		if now.IsZero() {
			now = s.now()
		}
		s.account = newAccount(s, now)
		s.handlers = handlers()
		s.bucket = newBucket(cmp.Or(s.Limit, 40), cmp.Or(s.Window, 20*time.Second))
		s.hits = map[string]int{}
	}
	s.account.showPending()
	return s.account
}

// Requests returns the number of requests, whatever their responses.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// RateLimited returns the number of requests that exceeded the rate limit.
func (s *Server) RateLimited() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rateLimited
}

// Hits returns the number of requests to a path that the account served,
// whatever their responses. The path has {id} for ids: tickets, tickets/{id},
// views/{id}/items.
func (s *Server) Hits(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[path]
}

// ServeHTTP serves a request as Gorgias would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := 0
	if s.Log != nil {
		defer func() { s.Log(r, status) }()
	}
	s.mu.Lock()
	s.requests++
	n := s.requests
	s.mu.Unlock()
	var fault Fault
	if s.Fail != nil {
		if f := s.Fail(r); f != nil {
			fault = *f
		}
	}
	if !sleep(r.Context(), fault.Delay) {
		return
	}
	h := w.Header()
	h.Set("Date", s.now().UTC().Format(http.TimeFormat))
	h.Set("Content-Type", "application/json")
	h.Set("X-Request-Id", fmt.Sprintf("%032x", n))
	h.Set("Vary", "Accept-Encoding, Cookie")
	var res response
	if fault.Status != 0 {
		res = fault.response(h)
	} else {
		res = s.serve(r, h)
	}
	for name, values := range fault.Header {
		h[name] = values
	}
	if res.location != "" {
		h.Set("Location", res.location)
		h.Del("Content-Type") // the body of a redirect is empty
	}
	status = res.status
	s.send(w, r, res, fault)
}

// serve checks the credentials and the rate limit, and passes the request to
// the handler of its path.
func (s *Server) serve(r *http.Request, h http.Header) response {
	var body []byte
	if r.Method == http.MethodPost {
		_ = r.ParseForm()                                   // an invalid form has no values: a 400
		body, _ = io.ReadAll(io.LimitReader(r.Body, 1<<20)) // an incomplete query is a 400
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.openAccount()
	path := strings.TrimSuffix(r.URL.Path, "/")
	if path == "/oauth/token" {
		return s.serveToken(r)
	}
	if !s.authorized(r) {
		return errorResponse(http.StatusUnauthorized, "Authentication failed.")
	}
	now := time.Now()
	wait, ok := s.bucket.add(now)
	h.Set("X-Gorgias-Account-Api-Call-Limit", fmt.Sprintf("%d/%d", s.bucket.used(now), s.bucket.size))
	if !ok {
		s.rateLimited++
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return errorResponse(http.StatusTooManyRequests, "Too many requests.")
	}
	path, isAPI := strings.CutPrefix(path, "/api/")
	pattern, ids := splitPath(path)
	serve, found := s.handlers[pattern]
	if !isAPI || !found {
		return notFound()
	}
	s.hits[pattern]++
	method := http.MethodGet
	if pattern == statsPath {
		method = http.MethodPost
	}
	if r.Method != method {
		return errorResponse(http.StatusMethodNotAllowed, "The specified HTTP method is not allowed.")
	}
	if slices.ContainsFunc(s.Forbidden, func(f string) bool { return path == f || strings.HasPrefix(path, f+"/") }) {
		return errorResponse(http.StatusForbidden, "You do not have enough permissions to perform this action.")
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return newBadRequest("query", "Not a valid query.").response()
	}
	res := serve(a, &request{
		path: path, uri: strings.TrimSuffix(r.URL.Path, "/") + "?" + r.URL.RawQuery, ids: ids, values: values, body: body, bare: s.BareLists,
		now: timestampOf(s.now()), quirks: s.Quirks,
	})
	for s.changesDue += s.ChangeRate; s.changesDue > 0 && a.rand.Float64() < s.changesDue; s.changesDue-- {
		a.newChange(time.Time{}).mutate(a.rand)
	}
	return res
}

// authorized reports whether the request has valid credentials.
func (s *Server) authorized(r *http.Request) bool {
	if email, key, ok := r.BasicAuth(); ok {
		return email == cmp.Or(s.Email, defaultEmail) && key == cmp.Or(s.APIKey, defaultKey)
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && token != "" && (token == s.AccessToken || s.validToken(token))
}

// Mutate makes one random change to the account, with the frequencies of a
// small shop.
func (s *Server) Mutate(r *rand.Rand) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.openAccount().newChange(time.Time{}).mutate(r)
}
