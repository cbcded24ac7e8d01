package probe

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"source-gorgias/connector/stream"
)

// A Transport sends the requests of one probe, one after the other. Whatever the
// client above it does, it lets nothing through but GET, and no more than
// [MaxRequests]. It notes what responses show beside their records.
type Transport struct {
	Next http.RoundTripper

	sent    int
	refused bool
	stop    context.CancelFunc // ends the request under way, and its retries
	headers headers
	array   bool // the last body was an array
	bytes   int  // of the last body
}

// headers are counts of what responses had beside their bodies.
type headers struct {
	responses, withLimit, limit    int // limit: the last one
	successes, withRetryAfter      int
	redirects, absolute, withSlash int // 301, and the form of their Location
}

var errRefused = errors.New("a probe sends only GET, and no more than its budget")

// RoundTrip sends a request, unless it must not be sent.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet || t.sent >= MaxRequests { //rule:probe-only-gets
		t.refused = true
		t.stop()
		return nil, errRefused
	}
	t.sent++ //rule:probe-is-bounded
	res, err := t.Next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	t.headers.note(res)
	t.array, t.bytes = false, 0
	res.Body = &notedBody{res.Body, t}
	return res, nil
}

func (h *headers) note(res *http.Response) {
	h.responses++
	if _, limit, ok := strings.Cut(res.Header.Get("X-Gorgias-Account-Api-Call-Limit"), "/"); ok {
		h.withLimit++
		h.limit = int(stream.Integer([]byte(strings.TrimSpace(limit))))
	}
	switch res.StatusCode {
	case http.StatusOK:
		h.successes++
		if res.Header.Get("Retry-After") != "" {
			h.withRetryAfter++
		}
	case http.StatusMovedPermanently:
		to, err := url.Parse(res.Header.Get("Location"))
		if err != nil {
			return
		}
		h.redirects++
		if to.IsAbs() {
			h.absolute++
		}
		if strings.HasSuffix(to.Path, "/") {
			h.withSlash++
		}
	}
}

// A notedBody notes the size and the first character of a body.
type notedBody struct {
	io.ReadCloser
	t *Transport
}

func (b *notedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.t.bytes == 0 && n > 0 {
		b.t.array = p[0] == '['
	}
	b.t.bytes += n
	return n, err
}
