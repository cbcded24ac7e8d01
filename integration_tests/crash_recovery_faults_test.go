package integration_tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/sandbox"
)

// gateways are answers of servers between us and Gorgias.
var gateways = []sandbox.Fault{
	{Status: 404, Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, Body: "default backend - 404"},
	{Status: 404, Body: `{"message":"no Route matched with those values"}`},
	{Status: 404, Body: `{"errors":[{"status":"404"}]}`},
	{Status: 403, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<!DOCTYPE html><title>Just a moment...</title>"},
	{Status: 403, Body: `{"message":"Forbidden"}`},
	{Status: 401, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html><h1>401 Authorization Required</h1></html>"},
	{Status: 401, Body: `{"error":"login_required","error_description":"The session ended."}`},
	{Status: 410, Header: http.Header{"Content-Type": {"text/plain"}}, Body: "gone"},
	{Status: 200, Body: `{"status":"ok"}`},
	{Status: 200, Body: `[]`, Header: http.Header{"Content-Type": {"text/html"}}},
	{Status: 301, Header: http.Header{"Location": {"https://login.example.com/"}}, Body: " "},
	{Status: 302, Header: http.Header{"Location": {"/login"}}, Body: " "},
}

// dateShifts are how wrong a server's clock can be.
var dateShifts = []time.Duration{36 * time.Hour, -36 * time.Hour, 3 * time.Hour, -400 * 24 * time.Hour, 400 * 24 * time.Hour}

// oddHeaders are headers of an answer that is right otherwise: a limit, or a
// date.
func oddHeaders(r *rand.Rand, dates bool, now time.Time) http.Header {
	if r.IntN(2) == 0 || !dates {
		used := []string{"100000/40", "40/0", "-7/40", "99999999999999999999/40", "0/1000000", "40/40", "x"}
		return http.Header{"X-Gorgias-Account-Api-Call-Limit": {used[r.IntN(len(used))]}}
	}
	return http.Header{"Date": {now.Add(dateShifts[r.IntN(len(dateShifts))]).UTC().Format(http.TimeFormat)}}
}

// outages are gateways that answer all requests of one kind for minutes.
type outages struct {
	mu    sync.Mutex
	until map[string]time.Time
	fault map[string]*sandbox.Fault
}

var digits = regexp.MustCompile(`\d+`)

// kind is what the requests of one endpoint have in common.
func kind(r *http.Request) string { return digits.ReplaceAllString(r.URL.Path, "{id}") }

// begin makes a gateway answer the requests of a kind.
func (o *outages) begin(r *http.Request, f *sandbox.Fault, d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.until == nil {
		o.until, o.fault = map[string]time.Time{}, map[string]*sandbox.Fault{}
	}
	o.until[kind(r)], o.fault[kind(r)] = time.Now().Add(d), f
}

// at returns the gateway that answers now; nil is none.
func (o *outages) at(r *http.Request) *sandbox.Fault {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Now().Before(o.until[kind(r)]) {
		return o.fault[kind(r)]
	}
	return nil
}

// oddValues are what some rows hold in a field that is not declared, and how
// they are read.
var oddValues = [][2]string{{"NaN", "null"}, {"-Infinity", "null"}, {"1e400", "1e400"},
	{strings.Repeat("[", 700) + strings.Repeat("]", 700), ""}, {strings.Repeat("7", 5000), ""}, {`"\ud800\u0000"`, ""}}

// withOddValue adds its odd value to the row of an id, as it is sent (0) or as
// it is read (1).
func withOddValue(row []byte, read int) []byte {
	text, _ := conform.Field(row, "id")
	id, err := strconv.Atoi(string(text))
	if err != nil || id%5 != 0 {
		return row
	}
	value := oddValues[id/5%len(oddValues)]
	if value[read] == "" {
		read = 0
	}
	return fmt.Appendf(nil, `%s,"odd":%s}`, row[:bytes.LastIndexByte(row, '}')], value[read])
}

// oddIDs are ids of rows that identify no row.
var oddIDs = []string{"null", `"abc"`, "1.5", "1180591620717411303424", "{}", "[]", "true", `""`}

// oddNetwork is a network whose rows have odd values, and among whose rows are
// some with odd ids.
type oddNetwork struct {
	net   http.RoundTripper
	oddID func() string // of a row that a list has besides its own; "" is none
}

func (o *oddNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := o.net.RoundTrip(r)
	if err != nil || res.StatusCode != http.StatusOK || r.Method != http.MethodGet {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	var page struct {
		Data []json.RawMessage `json:"data"`
		Meta json.RawMessage   `json:"meta"`
	}
	isPage := !byID.MatchString(r.URL.Path) && json.Unmarshal(body, &page) == nil // a customer has data of its own
	switch {
	case err != nil:
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), brokenBody{}))
		return res, nil
	case !json.Valid(body), isPage && page.Data != nil && page.Meta == nil:
	case !isPage, page.Data == nil: // one record
		body = withOddValue(body, 0)
	default:
		rows := make([][]byte, 0, len(page.Data)+1)
		for _, row := range page.Data {
			rows = append(rows, withOddValue(row, 0))
		}
		if id := o.oddID(); id != "" {
			rows = append(rows, fmt.Appendf(nil, `{"id":%s,"created_datetime":"2000-01-01T00:00:00","updated_datetime":"2000-01-01T00:00:00"}`, id))
		}
		body = fmt.Appendf(nil, `{"data":[%s],"object":"list","uri":"","meta":%s}`, bytes.Join(rows, []byte(",")), page.Meta)
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), -1
	return res, nil
}

// lyingNetwork is a network whose lists, in the order of creation, are cut short or lack
// rows. Only a reconciliation reads tickets and customers in that order.
type lyingNetwork struct {
	net  http.RoundTripper
	lies func() int // 0: none
}

func (l *lyingNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := l.net.RoundTrip(r)
	path := r.URL.Path
	if err != nil || res.StatusCode != http.StatusOK || path != "/api/tickets" && path != "/api/customers" || r.URL.Query().Get("order_by") != "created_datetime:desc" {
		return res, err
	}
	lie := l.lies()
	if lie == 0 {
		return res, nil
	}
	body, err := io.ReadAll(res.Body)
	var page struct {
		Data []json.RawMessage `json:"data"`
		Meta json.RawMessage   `json:"meta"`
	}
	if err != nil || json.Unmarshal(body, &page) != nil {
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), brokenBody{}))
		return res, nil
	}
	if lie == 1 {
		page.Meta = json.RawMessage(`{"next_cursor":null,"prev_cursor":null}`)
	}
	page.Data = page.Data[min(lie-1, len(page.Data)):]
	rows := make([][]byte, len(page.Data))
	for i, row := range page.Data {
		rows[i] = row
	}
	body = fmt.Appendf(nil, `{"data":[%s],"object":"list","uri":"","meta":%s}`, bytes.Join(rows, []byte(",")), page.Meta)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), -1
	return res, nil
}
