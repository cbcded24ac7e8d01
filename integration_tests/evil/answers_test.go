package evil

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"time"

	"source-gorgias/connector/sandbox"
)

// An exchange is a request that is answered badly.
type exchange struct {
	http.ResponseWriter
	r   *http.Request
	box *sandbox.Server
	hit int // the first bad answer of a sync is 1
}

// A misbehavior is a way to answer badly.
type misbehavior struct {
	name   string
	answer func(x *exchange)
}

// A body is what a server other than Gorgias says instead of an answer.
type body struct{ name, contentType, text string }

const html = "text/html; charset=utf-8"

// foreign are the bodies of servers between us and Gorgias.
var foreign = []body{
	{"text", "text/plain; charset=utf-8", "default backend - 404"},
	{"HTML", html, "<!DOCTYPE html><html><title>Just a moment...</title></html>"},
	{"empty", "", ""},
	{"JSON of a router", "application/json", `{"message":"no Route matched with those values"}`},
	{"JSON of a login", "application/json; charset=utf-8", `{"error":"invalid_request","error_description":"The session ended."}`},
	{"list of errors", "application/problem+json", `{"errors":[{"status":"404","title":"Not Found"}]}`},
	{"empty object", "application/json", `{}`},
	{"page of a list", "application/json", `{"data":[],"object":"list","uri":"","meta":{"prev_cursor":null,"next_cursor":null}}`},
	{"JSON null", "application/json", "null"},
	{"echo", "text/plain", ""}, // of the request with its headers
}

// own is Gorgias's error.
const own = `{"error":{"msg":"Resource not found."}}`

// status answers with a status and a body.
func status(code int, b body) misbehavior {
	return misbehavior{fmt.Sprintf("%d, %s", code, b.name), func(x *exchange) {
		if b.name == "echo" {
			b.text = fmt.Sprint(x.r.URL, x.r.Header)
		}
		if b.contentType != "" {
			x.Header().Set("Content-Type", b.contentType)
		}
		x.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
		x.WriteHeader(code)
		_, _ = io.WriteString(x, b.text)
	}}
}

// genuine returns the account's answer, without compression.
func (x *exchange) genuine() *httptest.ResponseRecorder {
	r := x.r.Clone(x.r.Context())
	r.Header.Del("Accept-Encoding")
	rec := httptest.NewRecorder()
	x.box.ServeHTTP(rec, r)
	return rec
}

// headers changes the headers of the account's answer.
func headers(name string, change func(x *exchange, h http.Header)) misbehavior {
	return misbehavior{name, func(x *exchange) {
		rec := x.genuine()
		copyHeader(x.Header(), rec.Header())
		change(x, x.Header())
		x.WriteHeader(rec.Code)
		_, _ = x.Write(rec.Body.Bytes())
	}}
}

func copyHeader(to, from http.Header) {
	for name, values := range from {
		to[name] = values
	}
}

// header sets one header of the account's answer.
func header(name, value string) misbehavior {
	return headers(name+": "+value, func(_ *exchange, h http.Header) { h.Set(name, value) })
}

// date dates the account's answers.
func date(name string, of func(x *exchange, now time.Time) time.Time) misbehavior {
	return headers("Date "+name, func(x *exchange, h http.Header) {
		h.Set("Date", of(x, time.Now()).UTC().Format(http.TimeFormat))
	})
}

// rewritten changes the body of the account's answer.
func rewritten(name string, change func(x *exchange, text string) string) misbehavior {
	return misbehavior{name, func(x *exchange) {
		rec := x.genuine()
		copyHeader(x.Header(), rec.Header())
		x.Header().Del("Content-Length")
		x.WriteHeader(rec.Code)
		_, _ = io.WriteString(x, change(x, rec.Body.String()))
	}}
}

// replaced replaces the body of the account's answer.
func replaced(name, text string) misbehavior {
	return rewritten(name, func(*exchange, string) string { return text })
}

// member replaces the value of a member of the envelope, in every row and
// around them.
func member(name, value string) misbehavior {
	at := regexp.MustCompile(`"` + name + `":\s*(?:null|"[^"]*"|\[\]|\{[^{}]*\})`)
	return rewritten(name+" is "+abbreviated(value), func(_ *exchange, text string) string {
		return at.ReplaceAllLiteralString(text, `"`+name+`":`+value)
	})
}

func abbreviated(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}

// wire writes the bytes of an answer onto the connection, and closes it.
func wire(name string, answer func(x *exchange, body string) string) misbehavior {
	return misbehavior{name, func(x *exchange) {
		rec := x.genuine()
		conn, _, err := x.ResponseWriter.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, answer(x, rec.Body.String())) // the client may have hung up
	}}
}

func wireHeader(more string) string {
	return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: " + time.Now().UTC().Format(http.TimeFormat) + "\r\nConnection: close\r\n" + more + "\r\n"
}

// sleepy answers in pieces, each after a while.
func sleepy(name string, pieces int, pause time.Duration) misbehavior {
	return misbehavior{name, func(x *exchange) {
		rec := x.genuine()
		copyHeader(x.Header(), rec.Header())
		x.WriteHeader(rec.Code)
		all := rec.Body.Bytes()
		size := max(1, len(all)/pieces)
		for len(all) > 0 && x.r.Context().Err() == nil {
			n := min(size, len(all))
			_, _ = x.Write(all[:n])
			_ = http.NewResponseController(x.ResponseWriter).Flush()
			all = all[n:]
			select {
			case <-time.After(pause):
			case <-x.r.Context().Done():
			}
		}
	}}
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // into memory
	_ = z.Close()
	return b.String()
}

var firstID = regexp.MustCompile(`("data":\s*\[\{"id":\s*)\d+`)

// oddID gives the first row of a page another id; "" removes it.
func oddID(value string) misbehavior {
	name := "the id is " + value
	if value == "" {
		name = "there is no id"
	}
	return rewritten(name, func(_ *exchange, text string) string {
		if value == "" {
			return strings.Replace(text, firstID.FindString(text), `"data":[{"not_id":1`, 1)
		}
		return firstID.ReplaceAllString(text, "${1}"+strings.ReplaceAll(value, "$", "$$"))
	})
}

// oddMember adds a member to the first row of a page.
func oddMember(name, member string) misbehavior {
	return rewritten(name, func(_ *exchange, text string) string {
		return firstID.ReplaceAllStringFunc(text, func(start string) string { return start + "," + member })
	})
}

var nextToken = regexp.MustCompile(`"next_cursor":\s*(?:null|"[^"]*")`)

// token gives every page the token of a page that follows.
func token(name string, next func(x *exchange) string, empty bool) misbehavior {
	return rewritten(name, func(x *exchange, text string) string {
		if empty {
			text = `{"data":[],"object":"list","uri":"","meta":{"prev_cursor":null,"next_cursor":null}}`
		}
		return nextToken.ReplaceAllLiteralString(text, `"next_cursor":`+strconv.Quote(next(x)))
	})
}

// redirect redirects to a place.
func redirect(code int, to string) misbehavior {
	return misbehavior{fmt.Sprintf("%d to %s", code, to), func(x *exchange) {
		place := strings.NewReplacer("{path}", x.r.URL.Path, "{kind}", x.r.URL.Path[:strings.LastIndex(x.r.URL.Path, "/")], "{id}", x.r.URL.Path[strings.LastIndex(x.r.URL.Path, "/")+1:]).Replace(to)
		x.Header().Set("Location", place)
		x.WriteHeader(code)
	}}
}

// mergedForEver redirects each record to the next one.
func mergedForEver(x *exchange) {
	i := strings.LastIndex(x.r.URL.Path, "/")
	id, _ := strconv.Atoi(x.r.URL.Path[i+1:])
	x.Header().Set("Location", x.r.URL.Path[:i+1]+strconv.Itoa(id+1))
	x.WriteHeader(http.StatusMovedPermanently)
}
