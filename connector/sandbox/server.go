// Package sandbox is a small Gorgias: an http.Handler that answers the reading
// half of its REST API from an account that lives in memory.
//
// It is strict where Gorgias is, and where nobody knows: what is not allowed
// is refused. The account is computed from a seed, so that it costs nothing to
// hold, and it can change while it is read, with the events that tell of it.
//
// What a row holds of another (the customer of a ticket, a tag's name) is a
// copy that later changes of the other do not reach, unlike in Gorgias, where
// it may change without any trace.
package sandbox

import (
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"iter"
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

// A Server is a Gorgias account that lives in memory. Its zero value works.
// The fields are set before its first use and left alone after.
type Server struct {
	Seed  uint64    // the account's contents; equal seeds, sizes and epochs give equal accounts
	Size  Size      // how many rows it begins with
	Epoch time.Time // where the account stands at first: its rows are of the 300 days before; zero = the time of the first use

	Subdomain     string // the account's domain; "" = sandbox
	Email, APIKey string // what Basic authentication takes; "" = sandbox@example.com, sandbox-key
	AccessToken   string // the Bearer token that is taken; "" = none

	// The OAuth app that POST /oauth/token knows; it takes the refresh token
	// (any number of times) if RefreshToken is set. The access tokens it gives
	// out are taken for a day.
	ClientID, ClientSecret, RefreshToken string

	RotateRefreshToken bool // a refresh token is taken once; with the access token comes the next

	Limit  int           // the height of the leaky bucket, for any credentials; 0 = 40
	Window time.Duration // the time in which a full bucket runs empty; 0 = 20 s

	ClockOffset time.Duration // how far the account's clock is ahead of this machine's; negative = behind

	ChangeRate    float64       // random changes (see Mutate) per answered request, on average
	VisibilityLag time.Duration // a change is visible in lists up to this long after the instants it writes

	// Fail, if set, is asked before each request, from many goroutines. A fault
	// with a Status stands in front of the account: nothing else happens, and
	// the bucket does not see the request. Other faults spoil the real answer.
	Fail func(*http.Request) *Fault

	Forbidden []string // paths answered with 403, and all below them: "events", "phone"
	BareLists bool     // lists that fit one page are bare arrays, as the documentation prints them
	Quirks    Quirks   // what nobody knows of Gorgias, read otherwise

	// Log, if set, is told of every request and the status it was answered
	// with, from many goroutines; 0 if it was not.
	Log func(r *http.Request, status int)

	mu         sync.Mutex
	account    *account
	handlers   map[string]handler
	bucket     bucket
	grants     []grant
	changesDue float64 // changes due, less than one

	requests, refused int
	hits              map[string]int

	writers sync.Pool // of *gzip.Writer
}

// A Fault is what goes wrong with one answer.
type Fault struct {
	Delay time.Duration // before anything else

	Status int         // answered in the account's place; 0 = the account answers
	Header http.Header // added to the answer's
	Body   string      // with Status; "" = what Gorgias or the proxy before it sends (HTML from 500 up)

	Truncate   int  // only so many bytes of the body are sent, as if they were all; negative = none
	Disconnect bool // the connection is dropped after Cut bytes of the body, or after half of it
}

// now is the time by the account's clock.
func (s *Server) now() time.Time { return time.Now().Add(s.ClockOffset) }

// open makes the account. The lock is held.
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

// Requests returns how many requests came in, whatever became of them.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Refused returns how many requests found the bucket full.
func (s *Server) RateLimited() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// Hits returns how many requests the account answered for a path, whatever the
// answer. Ids are written {id}: tickets, tickets/{id}, views/{id}/items.
func (s *Server) Hits(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[path]
}

// Each yields every row a complete list would show now, in the list's default
// order. The path is as in the API: tickets, views/7/items. Custom fields are
// those of tickets and of customers, macros those in use and the archived.
// The account must not change before the loop ends.
func (s *Server) Each(path string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		passes := []url.Values{{}}
		switch path {
		case "custom-fields":
			passes = []url.Values{{"object_type": {"Ticket"}}, {"object_type": {"Customer"}}}
		case "macros":
			passes = []url.Values{{}, {"archived": {"true"}}}
		}
		for _, v := range passes {
			q, look := s.findList(path, v)
			for more := look != nil; more; {
				rows, next := s.readRows(look, q)
				for _, row := range rows {
					if !yield(row) {
						return
					}
				}
				q.after, more = next, next != nil
			}
		}
	}
}

// list finds the shelf of a path; nil if there is no such list.
func (s *Server) findList(path string, v url.Values) (*query, listSource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.openAccount()
	q := &query{Values: v, path: path, limit: 1000}
	if pattern, ids := splitPath(path); pattern == "views/{id}/items" {
		q.order, q.desc = viewFilterOf(ids[0]).orderBy, true
		return q, a.viewItemSource(ids[0])
	}
	all := listEndpoints()
	i := slices.IndexFunc(all, func(e listEndpoint) bool { return e.path == path })
	if i < 0 {
		return q, nil
	}
	q.order, q.desc = splitOrder(all[i].orders[0])
	look, _ := all[i].source(a, q)
	return q, look
}

// rows cuts the next rows and tells the key to go on from.
func (s *Server) readRows(look listSource, q *query) (rows [][]byte, next *sortKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := look.page(q)
	for i := range p.keys {
		var j jsonWriter
		p.write(&j, i)
		rows = append(rows, j.b)
	}
	if _, last := p.ends(); p.more {
		next = &last
	}
	return rows, next
}

// ServeHTTP answers as Gorgias would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := 0
	if s.Log != nil {
		defer func() { s.Log(r, status) }()
	}
	s.mu.Lock()
	s.requests++
	n := s.requests
	s.mu.Unlock()
	var f Fault
	if s.Fail != nil {
		if fault := s.Fail(r); fault != nil {
			f = *fault
		}
	}
	if !sleep(r.Context(), f.Delay) {
		return
	}
	h := w.Header()
	h.Set("Date", s.now().UTC().Format(http.TimeFormat))
	h.Set("Content-Type", "application/json")
	h.Set("X-Request-Id", fmt.Sprintf("%032x", n))
	h.Set("Vary", "Accept-Encoding, Cookie")
	var a response
	if f.Status != 0 {
		a = f.response(h)
	} else {
		a = s.serve(r, h)
	}
	for name, values := range f.Header {
		h[name] = values
	}
	if a.location != "" {
		h.Set("Location", a.location)
		h.Del("Content-Type") // merged objects answer with an empty body
	}
	status = a.status
	s.send(w, r, a, f)
}

// pause waits; false if the client went away.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (f *Fault) response(h http.Header) response {
	text := http.StatusText(f.Status)
	a := errorResponse(f.Status, text)
	if f.Body != "" {
		a.body = []byte(f.Body)
	} else if f.Status >= 500 {
		h.Set("Content-Type", "text/html; charset=UTF-8")
		a.body = fmt.Appendf(nil, "<html><head><title>%d %s</title></head>\n<body><h1>%[2]s</h1>cloudflare</body></html>\n", f.Status, text)
	}
	return a
}

// serve asks who is there, lets the request into the bucket and has it
// answered.
func (s *Server) serve(r *http.Request, h http.Header) response {
	var body []byte
	if r.Method == http.MethodPost {
		_ = r.ParseForm()                                   // of a form that cannot be read nothing will match
		body, _ = io.ReadAll(io.LimitReader(r.Body, 1<<20)) // nor does the half of a question
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
		s.refused++
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return errorResponse(http.StatusTooManyRequests, "Too many requests.")
	}
	path, below := strings.CutPrefix(path, "/api/")
	pattern, ids := splitPath(path)
	serve, found := s.handlers[pattern]
	if !below || !found {
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
	got := serve(a, &request{
		path: path, uri: strings.TrimSuffix(r.URL.Path, "/") + "?" + r.URL.RawQuery, ids: ids, values: values, body: body, bare: s.BareLists,
		now: timestampOf(s.now()), quirks: s.Quirks,
	})
	for s.changesDue += s.ChangeRate; s.changesDue > 0 && a.rand.Float64() < s.changesDue; s.changesDue-- {
		a.newChange(time.Time{}).mutate(a.rand)
	}
	return got
}

// knows tells whether the request's credentials are the account's.
func (s *Server) authorized(r *http.Request) bool {
	if email, key, ok := r.BasicAuth(); ok {
		return email == cmp.Or(s.Email, defaultEmail) && key == cmp.Or(s.APIKey, defaultKey)
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && token != "" && (token == s.AccessToken || s.validToken(token))
}

// send writes the answer, spoiled as the fault says.
func (s *Server) send(w http.ResponseWriter, r *http.Request, a response, f Fault) {
	h := w.Header()
	whole := len(a.body)
	switch {
	case f.Truncate != 0:
		a.body = a.body[:min(max(f.Truncate, 0), whole)]
	case f.Disconnect:
		a.body = a.body[:whole/2]
	case whole > 1000 && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip"):
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(a.status)
		z, ok := s.writers.Get().(*gzip.Writer)
		if !ok {
			z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level exists
		}
		z.Reset(w)
		_, _ = z.Write(a.body) // the client may be gone; nobody is left to tell
		_ = z.Close()
		s.writers.Put(z)
		return
	}
	length := len(a.body)
	if f.Disconnect {
		length = whole // and net/http drops the connection of a handler that wrote less
	}
	h.Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// Mutate changes the account in one random, believable way.
func (s *Server) Mutate(r *rand.Rand) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.openAccount().newChange(time.Time{}).mutate(r)
}
