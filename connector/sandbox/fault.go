package sandbox

import (
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Fault is a failure of one request.
type Fault struct {
	Delay time.Duration // before the request is served

	Status int         // of the response that replaces the account's; 0 = the account's response
	Header http.Header // added to the response
	Body   string      // with Status; "" = what Gorgias, or from 500 up the proxy before it (HTML), sends

	Truncate   int  // number of bytes of the body that are sent, as if it were complete; negative = none, 0 = all
	Disconnect bool // the connection is dropped after Truncate bytes of the body, or after half of it
}

// response returns the response that replaces the account's.
func (f *Fault) response(h http.Header) response {
	text := http.StatusText(f.Status)
	res := errorResponse(f.Status, text)
	if f.Body != "" {
		res.body = []byte(f.Body)
	} else if f.Status >= 500 {
		h.Set("Content-Type", "text/html; charset=UTF-8")
		res.body = fmt.Appendf(nil, "<html><head><title>%d %s</title></head>\n<body><h1>%[2]s</h1>cloudflare</body></html>\n", f.Status, text)
	}
	return res
}

// sleep returns after d; false if the client disconnected before.
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

// send writes the response, altered as the fault says.
func (s *Server) send(w http.ResponseWriter, r *http.Request, res response, fault Fault) {
	h := w.Header()
	size := len(res.body)
	switch {
	case fault.Truncate != 0:
		res.body = res.body[:min(max(fault.Truncate, 0), size)]
	case fault.Disconnect:
		res.body = res.body[:size/2]
	case size > 1000 && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip"):
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(res.status)
		z, ok := s.gzipWriters.Get().(*gzip.Writer)
		if !ok {
			z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level exists
		}
		z.Reset(w)
		_, _ = z.Write(res.body) // best effort: an error means that the client disconnected
		_ = z.Close()
		s.gzipWriters.Put(z)
		return
	}
	length := len(res.body)
	if fault.Disconnect {
		length = size // net/http drops the connection of a handler that writes less
	}
	h.Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(res.status)
	_, _ = w.Write(res.body)
}
