package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"source-gorgias/connector/sandbox"
)

// The account that is read: 15,600 records, and those derived from them.
var account = sandbox.Size{Tickets: 2000, Messages: 8000, Customers: 1200, Surveys: 400, Events: 4000}

// newServer returns the sandbox account. Equal sizes and epochs give equal
// responses.
func newServer(size sandbox.Size, epoch time.Time) *sandbox.Server {
	return &sandbox.Server{Size: size, Epoch: epoch, Limit: 1_000_000}
}

// listen serves a handler on a free port of this machine and returns a
// configuration that reads it.
func listen(h http.Handler) (config string, stop func() error, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with stop
	return fmt.Sprintf(`{"subdomain":"sandbox","base_url":"http://%s","start_date":"1990-01-01","concurrency":%%d,`+
		`"credentials":{"auth_type":"api_key","email":"sandbox@example.com","api_key":"sandbox-key"}}`, l.Addr()), server.Close, nil
}

// serveAccount is the process of the sandbox. It prints the configuration, and
// serves until its standard input ends: so it ends with the process that
// started it.
func serveAccount(args []string) error {
	var size sandbox.Size
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.IntVar(&size.Tickets, "tickets", 0, "")
	flags.IntVar(&size.Messages, "messages", 0, "")
	flags.IntVar(&size.Customers, "customers", 0, "")
	flags.IntVar(&size.Surveys, "surveys", 0, "")
	flags.IntVar(&size.Events, "events", 0, "")
	epoch := flags.Int64("epoch", 0, "")
	body := flags.Int("body", 0, "`BYTES` of text in each message")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var h http.Handler = newServer(size, time.Unix(*epoch, 0))
	if *body > 0 {
		h = longMessages{h, *body}
	}
	config, stop, err := listen(h)
	if err != nil {
		return err
	}
	fmt.Println(config)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return stop()
}

// longMessages makes the text of each message in the list of messages this many
// bytes long.
type longMessages struct {
	http.Handler
	bytes int
}

func (l longMessages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.Trim(r.URL.Path, "/") != "api/messages" {
		l.Handler.ServeHTTP(w, r)
		return
	}
	plain := r.Clone(r.Context())
	plain.Header.Del("Accept-Encoding")
	rec := httptest.NewRecorder()
	l.Handler.ServeHTTP(rec, plain)
	body, err := l.lengthen(rec.Body.Bytes())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	for name, values := range rec.Header() {
		h[name] = values
	}
	h.Del("Content-Length")
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(rec.Code)
	z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // the level exists
	_, _ = z.Write(body)                           // best effort: an error means that the client disconnected
	_ = z.Close()
}

// lengthen returns a page with longer messages.
func (l longMessages) lengthen(body []byte) ([]byte, error) {
	var page map[string]json.RawMessage
	var rows []map[string]json.RawMessage
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(page["data"], &rows); err != nil {
		return nil, err
	}
	for i, row := range rows {
		text, err := json.Marshal(strings.Repeat(fmt.Sprintf("%08d: the order, \"as agreed\"\n", i), l.bytes/40))
		if err != nil {
			return nil, err
		}
		row["body_text"], row["body_html"] = text, text
	}
	var err error
	if page["data"], err = json.Marshal(rows); err != nil {
		return nil, err
	}
	return json.Marshal(page)
}

// A recorder keeps the plain body of each response of an account.
type recorder struct {
	http.Handler
	add func(body []byte)
}

func (c recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kept := &keptResponse{ResponseWriter: w}
	r.Header.Del("Accept-Encoding")
	c.Handler.ServeHTTP(kept, r)
	c.add(kept.body.Bytes())
}

type keptResponse struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (k *keptResponse) Write(p []byte) (int, error) {
	k.body.Write(p)
	return k.ResponseWriter.Write(p)
}
