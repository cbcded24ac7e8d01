package reader

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/stream"
)

// A Page is one response of a list, taken apart.
type Page struct {
	Records []stream.Record
	// NextToken requests the next page; "" at the end of the list.
	NextToken  string
	ServerTime time.Time
	// Restarted is set on the first page of a list that was started again
	// because its page token was rejected.
	Restarted bool
}

// maxInvalidPages is how often a page with an invalid row is requested.
const maxInvalidPages = 3

// FetchPage requests one page of a list of s. Every parameter goes with every
// page: a token belongs to the query it was made with. extra replaces
// parameters of the stream.
func (r *Run) FetchPage(ctx context.Context, s *stream.Stream, path string, extra url.Values, token string) (*Page, error) {
	query := url.Values{}
	if s.Mode != stream.SingleObject {
		query.Set("limit", strconv.Itoa(r.Limit()))
	}
	for _, values := range []url.Values{s.Query, extra} {
		for name := range values {
			query[name] = values[name]
		}
	}
	for tries := 1; ; tries++ {
		response, err := r.Client.List(ctx, s.Envelope, path, query, token)
		if err != nil {
			return nil, err
		}
		page := r.newPage(s, response)
		i := slices.IndexFunc(page.Records, func(rec stream.Record) bool { return rec.Key == nil })
		if i < 0 {
			return page, nil
		}
		if tries == maxInvalidPages {
			return nil, &gorgias.Error{Kind: gorgias.InvalidResponse, Path: "/api/" + path, Status: 200, Attempts: tries,
				Message: fmt.Sprintf("row %d of the page has no %q", i+1, s.ID())}
		}
	}
}

// newPage takes a response apart.
func (r *Run) newPage(s *stream.Stream, response *gorgias.Page) *Page {
	r.Observe(response.ServerTime)
	page := &Page{Records: make([]stream.Record, len(response.Records)), NextToken: response.NextToken, ServerTime: response.ServerTime}
	for i, raw := range response.Records {
		page.Records[i] = s.NewRecord(raw)
	}
	return page
}

// FetchByID requests one record of s by its id, below a path in which the id of its
// owner replaces "{id}". A response with another record is requested again, and
// then an error.
func (l *List) FetchByID(ctx context.Context, s *stream.Stream, path string, owner, id int64) (stream.Record, time.Time, error) {
	rec, readAt, err := l.fetchByID(ctx, s, path, owner, id)
	err = l.ProveGone(ctx, err, s, func(ctx context.Context, other stream.Record) error {
		_, _, err := l.fetchByID(ctx, s, path, other.Owner, other.ID())
		return err
	})
	return rec, readAt, err
}

func (r *Run) fetchByID(ctx context.Context, s *stream.Stream, path string, owner, id int64) (stream.Record, time.Time, error) {
	path = fmt.Sprintf("%s/%d", childPath(path, strconv.FormatInt(owner, 10)), id)
	for tries := 1; ; tries++ {
		response, err := r.Client.List(ctx, gorgias.SingleObject, path, s.QueryByID, "")
		if err != nil {
			return stream.Record{}, time.Time{}, err
		}
		for i, raw := range response.Records {
			response.Records[i] = stream.WithoutFields(raw, s.OnlyByID)
		}
		page := r.newPage(s, response)
		if len(page.Records) == 1 && page.Records[0].ID() == id { //rule:record-fetched-by-id-is-verified
			return page.Records[0], page.ServerTime, nil
		}
		if tries == maxInvalidPages {
			return stream.Record{}, time.Time{}, &gorgias.Error{Kind: gorgias.InvalidResponse, Path: "/api/" + path, Status: 200, Attempts: tries,
				Message: "another record than the one that was requested"}
		}
	}
}

// childPath returns the path of what is below one parent.
func childPath(path, parent string) string { return strings.Replace(path, "{id}", parent, 1) }

// maxRestarts is how often one sync starts a list again because the API
// rejected a page token. A list whose tokens never last that long cannot be
// read.
const maxRestarts = 3 //rule:rejected-token-restarts-scan

// A Pager requests the pages of one list, one after the other. The request for
// the next page is on its way while a page is processed.
type Pager struct {
	// Path is the endpoint, for errors.
	Path string
	// Fetch requests the page of a token; "" is the first page.
	Fetch func(ctx context.Context, token string) (*Page, error)
	// Token is where to start; "" is the beginning of the list.
	Token string
	// Observe, if set, sees each page before the next one is requested. It
	// reports whether there should be a next one.
	Observe func(*Page) bool
	// Restart, if set, is called before the list is started again.
	Restart func(ctx context.Context) error
}

// Pages returns the pages; an error is the last element. If the API rejects a
// token, the list starts again from its first page. A token from an earlier
// sync counts as rejected on any failure, since it is not documented what the
// API does with one that is too old.
func (p *Pager) Pages(ctx context.Context) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		for token, restarts := p.Token, 0; ; token, restarts = "", restarts+1 {
			rejected, err := p.read(ctx, token, restarts, yield)
			if rejected && restarts < maxRestarts {
				if err = p.restart(ctx); err == nil {
					continue
				}
			}
			if err != nil {
				yield(nil, err)
			}
			return
		}
	}
}

func (p *Pager) restart(ctx context.Context) error {
	if p.Restart == nil {
		return nil
	}
	return p.Restart(ctx)
}

// read yields the pages from a token on. It reports whether an error means that
// the token was rejected.
func (p *Pager) read(ctx context.Context, token string, restarts int, yield func(*Page, error) bool) (rejected bool, err error) {
	var loop loopDetector
	next := p.prefetch(ctx, token)
	for first := true; ; first = false {
		page, err := next()
		if err != nil {
			return token != "" && (IsRejectedToken(err) || first && IsExhausted(err)), err
		}
		page.Restarted = first && restarts > 0
		more := p.Observe == nil || p.Observe(page)
		if token = page.NextToken; token == "" { //rule:empty-page-continues-list,list-is-read-to-its-end
			more = false
		}
		if more {
			if loop.check(token) {
				return false, &gorgias.Error{Kind: gorgias.InvalidResponse, Path: "/api/" + p.Path, Message: "the page tokens repeat in a loop"}
			}
			next = p.prefetch(ctx, token)
		}
		if !yield(page, nil) || !more {
			return false, nil
		}
	}
}

// prefetch requests a page at once and returns a function that waits for it.
func (p *Pager) prefetch(ctx context.Context, token string) func() (*Page, error) {
	type response struct {
		page *Page
		err  error
	}
	arrived := make(chan response, 1)
	go func() {
		var r response
		defer func() {
			if v := recover(); v != nil {
				r.err = &Panic{Value: v, Stack: debug.Stack()}
			}
			arrived <- r
		}()
		r.page, r.err = p.Fetch(ctx, token)
	}()
	return func() (*Page, error) {
		r := <-arrived
		return r.page, r.err
	}
}

// Pages returns the pages of a list of s, from a token on, as long as more
// reports that the next one is needed; nil reads the list to its end.
func (r *Run) Pages(ctx context.Context, s *stream.Stream, path string, extra url.Values, token string, more func(*Page) bool) iter.Seq2[*Page, error] {
	p := Pager{Path: path, Token: token, Observe: more, Fetch: func(ctx context.Context, token string) (*Page, error) {
		return r.FetchPage(ctx, s, path, extra, token)
	}}
	return p.Pages(ctx)
}

// IsExhausted reports whether the API failed although the request was retried.
func IsExhausted(err error) bool {
	return gorgias.Is(err, gorgias.ServerError) || gorgias.Is(err, gorgias.InvalidResponse) || gorgias.Is(err, gorgias.Unproven)
}

// IsRejectedToken reports whether the API rejected a page token. The status it
// uses for that is not documented.
func IsRejectedToken(err error) bool {
	return gorgias.Is(err, gorgias.ClientError) || gorgias.Is(err, gorgias.NotFound)
}

// A loopDetector notices page tokens that lead back to an earlier page. It
// keeps one token, for twice as long each time (Brent's algorithm).
type loopDetector struct {
	kept         string
	steps, limit int
}

// check reports whether the token has been seen before.
func (d *loopDetector) check(token string) bool {
	if token == d.kept { //rule:repeated-tokens-are-detected
		return true
	}
	if d.steps++; d.steps > d.limit {
		d.kept, d.steps, d.limit = token, 0, 2*d.limit+1
	}
	return false
}

// Query requests one page of an endpoint that takes its query in the body. Its
// rows have no key.
func (r *Run) Query(ctx context.Context, s *stream.Stream, params url.Values, body []byte, token string) (*Page, error) {
	response, err := r.Client.Query(ctx, s.Envelope, s.Path, params, body, token)
	if err != nil {
		return nil, err
	}
	r.Observe(response.ServerTime)
	page := &Page{NextToken: response.NextToken, ServerTime: response.ServerTime}
	for _, raw := range response.Records {
		page.Records = append(page.Records, stream.Record{Raw: raw})
	}
	return page, nil
}
