package reader

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"net/http"
	"net/url"
	"runtime/debug"
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
	NextToken string
	// ServerTime is when the API responded, or an earlier time if that is not
	// certain.
	ServerTime time.Time
	// Reading is the same as it arrived: later pages may prove more of it.
	Reading Reading
	// Restarted is set on the first page of a list that was started again
	// because its page token was rejected.
	Restarted bool
}

// maxInvalidPages is how often a page with an invalid row is requested, unless such
// rows of the list have been seen to stay.
const maxInvalidPages = 3

// FetchPage requests one page of a list of s. Every parameter goes with every
// page: a token belongs to the query it was made with. extra replaces
// parameters of the stream. Rows without a usable key are left out and counted:
// each stream that is made from the list then ends with a [KeyError].
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
		asked := time.Now()
		response, err := r.Client.List(ctx, s.Envelope, path, query, token)
		if err != nil {
			return nil, err
		}
		page, unusable := r.newPage(s, response, asked)
		if unusable == 0 || tries == maxInvalidPages || r.unusable.get(s) > 0 {
			r.unusable.add(s, unusable)
			return page, nil
		}
	}
}

// newPage takes a response apart, which was asked for at a time of the host's clock.
// It returns how many rows have no usable key and are left out.
func (r *Run) newPage(s *stream.Stream, response *gorgias.Page, asked time.Time) (page *Page, unusable int) {
	r.nonFinite.add(s, response.NonFinite)
	page = &Page{Records: make([]stream.Record, 0, len(response.Records)), NextToken: response.NextToken, ServerTime: response.ServerTime}
	for _, raw := range response.Records {
		if rec := s.NewRecord(raw); rec.Key != nil { //rule:rows-without-a-key-are-left-out
			page.Records = append(page.Records, rec)
		} else {
			unusable++
		}
	}
	r.observe(s, page)
	page.Reading = read(response.ServerTime, asked)
	page.ServerTime = r.Certain(page.Reading)
	return page, unusable
}

// FetchByID requests one record of s by its id, below a path in which the id of its
// owner replaces "{id}". A response with another record is requested again, and
// then an error.
func (l *List) FetchByID(ctx context.Context, s *stream.Stream, path string, owner, id int64) (rec stream.Record, readAt time.Time, err error) {
	err = l.ProveGone(ctx, s, func(ctx context.Context, other *stream.Record) (err error) {
		if other != nil {
			_, _, err = l.fetchByID(ctx, s, path, other.Owner, other.ID())
		} else {
			rec, readAt, err = l.fetchByID(ctx, s, path, owner, id)
		}
		return err
	})
	return rec, readAt, err
}

func (r *Run) fetchByID(ctx context.Context, s *stream.Stream, path string, owner, id int64) (stream.Record, time.Time, error) {
	path = fmt.Sprintf("%s/%d", childPath(path, strconv.FormatInt(owner, 10)), id)
	for tries := 1; ; tries++ {
		asked := time.Now()
		response, err := r.Client.List(ctx, gorgias.SingleObject, path, s.QueryByID, "")
		if gorgias.Is(err, gorgias.Merged) && owner == 0 && !s.Mergeable { //rule:only-mergeable-records-are-merged
			if tries < maxInvalidPages {
				continue
			}
			err = &gorgias.Error{Kind: gorgias.Unproven, Path: "/api/" + path, Status: http.StatusMovedPermanently, Attempts: tries,
				Message: "a redirect to another record, although these records are never merged"}
		}
		if err != nil {
			return stream.Record{}, time.Time{}, err
		}
		for i, raw := range response.Records {
			response.Records[i] = stream.WithoutFields(raw, s.OnlyByID)
		}
		page, _ := r.newPage(s, response, asked)
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
	var news newsDetector
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
			if message := endless(loop.check(token), news.check(page)); message != "" {
				return false, &gorgias.Error{Kind: gorgias.InvalidResponse, Path: "/api/" + p.Path, Message: message}
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

// endless returns what is wrong with a list that does not end; "" if it may end.
func endless(repeated, stale bool) string {
	switch {
	case repeated:
		return "the page tokens repeat in a loop"
	case stale: //rule:endless-lists-end
		return fmt.Sprintf("%d pages in a row without a new row: the list does not end", maxStalePages)
	}
	return ""
}

const (
	// maxStalePages is how many pages in a row may have no row that this pass has not
	// read. A page may be empty where a list is filtered after it is cut into pages;
	// so many of them would be a gap of 100,000 rows.
	maxStalePages = 1000
	// maxSeenRows bounds the memory of a newsDetector, to some megabytes.
	maxSeenRows = 100_000
)

// A newsDetector notices a list whose tokens are new and whose rows are not. It
// forgets the rows before the last maxSeenRows or fewer.
type newsDetector struct {
	seed  maphash.Seed
	seen  map[uint64]struct{}
	stale int // pages in a row without a new row
}

// check reports whether there have been too many pages without a new row.
func (d *newsDetector) check(page *Page) bool {
	if d.seen == nil {
		d.seed, d.seen = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	before := len(d.seen)
	for i := range page.Records {
		identity := page.Records[i].Key
		if identity == nil {
			identity = page.Records[i].Raw
		}
		d.seen[maphash.Bytes(d.seed, identity)] = struct{}{}
	}
	d.stale++
	if len(d.seen) > before {
		d.stale = 0
	}
	if len(d.seen) > maxSeenRows {
		clear(d.seen)
	}
	return d.stale >= maxStalePages
}

// Query requests one page of an endpoint that takes its query in the body. Its
// rows have no key.
func (r *Run) Query(ctx context.Context, s *stream.Stream, params url.Values, body []byte, token string) (*Page, error) {
	response, err := r.Client.Query(ctx, s.Envelope, s.Path, params, body, token)
	if err != nil {
		return nil, err
	}
	r.nonFinite.add(s, response.NonFinite)
	page := &Page{NextToken: response.NextToken, ServerTime: response.ServerTime}
	r.observe(s, page)
	for _, raw := range response.Records {
		page.Records = append(page.Records, stream.Record{Raw: raw})
	}
	return page, nil
}
