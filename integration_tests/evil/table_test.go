package evil

import (
	"net/http"
	"regexp"
	"strings"
	"time"
)

var (
	ticketStreams   = []string{"tickets", "ticket_tags", "ticket_custom_field_values"}
	messageStreams  = []string{"ticket_messages", "ticket_message_attachments"}
	customerStreams = []string{"customers", "customer_custom_field_values"}
	feedStreams     = concat(ticketStreams, messageStreams, customerStreams, []string{"satisfaction_surveys", "events"})
)

func concat(lists ...[]string) (all []string) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// path matches the requests of a path below /api/ that do or do not have a
// parameter; "*" at its end stands for an id.
func path(path, with, without string) func(*http.Request) bool {
	prefix, isPrefix := strings.CutSuffix("/api/"+path, "*")
	return func(r *http.Request) bool {
		q := r.URL.Query()
		return (r.URL.Path == prefix || isPrefix && strings.HasPrefix(r.URL.Path, prefix)) &&
			(with == "" || q.Has(with)) && (without == "" || !q.Has(without))
	}
}

func items(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/views/") && strings.HasSuffix(r.URL.Path, "/items")
}

var (
	firstPage  = &class{name: "first page", match: path("tags", "", "cursor"), streams: []string{"tags"}}
	laterPage  = &class{name: "later page", match: path("users", "cursor", ""), streams: []string{"users"}}
	scanned    = &class{name: "incremental list", match: func(r *http.Request) bool { return path("tickets", "", "ticket_ids")(r) }, streams: ticketStreams}
	batch      = &class{name: "batch by ids", match: path("tickets", "ticket_ids", ""), streams: ticketStreams}
	single     = &class{name: "single record", match: path("satisfaction-surveys/*", "", ""), streams: []string{"satisfaction_surveys"}}
	merged     = &class{name: "merged record", match: path("customers/*", "", ""), streams: customerStreams}
	thread     = &class{name: "thread", match: path("messages", "ticket_id", ""), streams: messageStreams}
	child      = &class{name: "child list", match: items, streams: []string{"view_items"}}
	events     = &class{name: "events", match: path("events", "", ""), streams: feedStreams}
	object     = &class{name: "single object", match: path("account", "", ""), streams: []string{"account"}}
	statistics = &class{name: "reports", match: path("reporting/stats", "", ""), streams: []string{"statistics"}}
	tokens     = &class{name: "token endpoint", match: func(r *http.Request) bool { return r.URL.Path == "/oauth/token" }, streams: append(names, ""), oauth: true}
	everything = &class{name: "every request", match: func(r *http.Request) bool { return true }, streams: append(names, "")}
)

// table returns all rows.
func table() (rows []*row) {
	for _, group := range [][]*row{statuses(), pages(), clocks(), redirects(), records(), renewals(), genuine()} {
		rows = append(rows, group...)
	}
	return rows
}

// statuses are answers of others, of each status for each class. The bodies take
// turns, so that each meets each status and each class.
func statuses() (rows []*row) {
	codes := []int{400, 401, 403, 404, 405, 407, 410, 422, 451}
	for i, c := range []*class{firstPage, laterPage, scanned, batch, single, merged, thread, child, events, object, statistics} {
		for j, code := range codes {
			b := foreign[(i+j)%len(foreign)]
			once, ever := &row{class: c, how: status(code, b), times: 1 + j%2, want: heals}, &row{class: c, how: status(code, b), times: always, want: fails, failure: "transient_error", unproven: true}
			if (i+j)%2 == 0 {
				rows = append(rows, once)
			} else {
				rows = append(rows, ever)
			}
		}
		// 404, 403 and 401 are the ones that mean something.
		for j, b := range foreign {
			code, r := []int{404, 403, 401}[(i+j)%3], &row{class: c, times: 3, want: heals}
			if (i+j/3)%2 == 0 {
				code, r = []int{404, 404, 403}[(i+j)%3], &row{class: c, times: always, want: fails, failure: "transient_error", unproven: true}
			}
			r.how = status(code, b)
			rows = append(rows, r)
		}
		// Errors of the usual kind.
		for _, code := range []int{408, 429, 500, 502, 503, 504, 520, 599} {
			if (i+code)%4 == 0 {
				rows = append(rows, &row{class: c, how: status(code, foreign[(i+code)%len(foreign)]), times: 2, want: heals})
			}
		}
	}
	var unique []*row
	seen := map[string]bool{}
	for _, r := range rows {
		if !seen[r.name()] {
			unique, seen[r.name()] = append(unique, r), true
		}
	}
	return unique
}

// pages are answers with status 200 that are no page, or not the right one.
func pages() (rows []*row) {
	broken := []misbehavior{
		status(200, foreign[0]), status(200, foreign[1]), status(200, foreign[2]), status(200, foreign[3]), status(200, foreign[4]),
		status(200, foreign[8]), status(204, foreign[2]), status(202, foreign[1]), status(206, foreign[6]),
		status(200, body{"Gorgias's error", "application/json", own}),
		rewritten("half of it", func(_ *exchange, text string) string { return text[:len(text)/2] }),
		rewritten("all but the last byte", func(_ *exchange, text string) string { return strings.TrimSpace(text)[:len(strings.TrimSpace(text))-1] }),
		rewritten("bytes after it", func(_ *exchange, text string) string { return text + "\n<!-- served by proxy -->" }),
		rewritten("it twice", func(_ *exchange, text string) string { return text + text }),
		rewritten("bytes before it", func(_ *exchange, text string) string { return ")]}',\n" + text }),
		replaced("an array of numbers", `[1,2,3]`), replaced("a string", `"data"`), replaced("a number", `42`), replaced("true", `true`),
		wire("gzip that ends early", func(_ *exchange, text string) string {
			z := gzipped(text)
			return wireHeader("Content-Encoding: gzip\r\n") + z[:len(z)/2]
		}),
		wire("no gzip, although it says so", func(_ *exchange, text string) string { return wireHeader("Content-Encoding: gzip\r\n") + text }),
		wire("a Content-Length beyond its bytes", func(_ *exchange, text string) string { return wireHeader("Content-Length: 999999\r\n") + text }),
		wire("a Content-Length of exbibytes", func(_ *exchange, text string) string {
			return wireHeader("Content-Length: 4611686018427387904\r\n") + text
		}),
		wire("a Content-Length of 200 MB", func(_ *exchange, text string) string { return wireHeader("Content-Length: 200000000\r\n") + text[:20] }),
		wire("a Content-Length that cuts it", func(_ *exchange, text string) string { return wireHeader("Content-Length: 25\r\n") + text }),
		wire("a negative Content-Length", func(_ *exchange, text string) string { return wireHeader("Content-Length: -1\r\n") + text }),
		wire("chunks that do not end", func(_ *exchange, text string) string {
			return wireHeader("Transfer-Encoding: chunked\r\n") + "10\r\n" + text[:16] + "\r\n"
		}),
		wire("a chunk of another size", func(_ *exchange, text string) string {
			return wireHeader("Transfer-Encoding: chunked\r\n") + "7fffffffffffffff\r\n" + text
		}),
		wire("no HTTP", func(*exchange, string) string { return "SSH-2.0-OpenSSH_9.6\r\n" }),
		wire("nothing", func(*exchange, string) string { return "" }),
		wire("headers alone", func(*exchange, string) string { return wireHeader("Content-Length: 10\r\n") }),
		sleepy("a byte every 50 s", 100, 50*time.Second),
		sleepy("a hang after half of it", 2, 1000*time.Hour),
		{"a hang", func(x *exchange) { <-x.r.Context().Done() }},
	}
	classes := []*class{firstPage, laterPage, scanned, batch, single, thread, child, events, object, statistics}
	for i, m := range broken {
		rows = append(rows,
			&row{class: classes[i%len(classes)], how: m, times: 1 + i%2, want: heals},
			&row{class: classes[(i+3)%len(classes)], how: m, times: always, want: fails})
	}

	lists := []*class{firstPage, scanned, thread, events, child}
	envelopes := []misbehavior{
		member("data", "null"), member("data", `"none"`), member("data", "{}"), member("meta", "null"), member("meta", "[]"),
		member("next_cursor", "17"), member("next_cursor", "true"), member("next_cursor", "{}"), member("next_cursor", `["a"]`),
		rewritten("no meta", func(_ *exchange, text string) string {
			i := strings.LastIndex(text, `"meta":`)
			return text[:max(i, 0)] + strings.Replace(text[max(i, 0):], `"meta":`, `"metadata":`, 1)
		}),
		rewritten("no data", func(_ *exchange, text string) string { return strings.Replace(text, `"data":`, `"rows":`, 1) }),
		rewritten("rows that are null", func(_ *exchange, text string) string { return strings.Replace(text, `"data":[`, `"data":[null,`, 1) }),
		rewritten("rows that are lists", func(_ *exchange, text string) string { return strings.Replace(text, `"data":[`, `"data":[[],`, 1) }),
	}
	for i, m := range envelopes {
		for j, times := range []int{1, always} {
			c := lists[(i+j)%len(lists)]
			rows = append(rows, &row{class: c, how: m, times: times, want: survives, lossy: c == events}) // events have data themselves
		}
	}

	endless := []misbehavior{
		token("one token for ever", func(*exchange) string { return "again" }, true),
		token("other tokens for ever", func(x *exchange) string {
			return "t" + strings.Repeat("x", x.hit%50) + time.Now().String() + string(rune('a'+x.hit%26))
		}, true),
		token("its own token", func(x *exchange) string {
			if c := x.r.URL.Query().Get("cursor"); c != "" {
				return c
			}
			return "self"
		}, true),
		token("two tokens in turn", func(x *exchange) string { return []string{"even", "odd"}[x.hit%2] }, true),
		{"the first page for ever", func(x *exchange) {
			q := x.r.URL.Query()
			q.Del("cursor")
			x.r.URL.RawQuery = q.Encode()
			token("", func(x *exchange) string {
				return time.Now().String() + string(rune('a'+x.hit%26)) + strings.Repeat("z", x.hit%100)
			}, false).answer(x)
		}},
	}
	for i, m := range endless {
		for _, c := range []*class{lists[i%len(lists)], lists[(i+2)%len(lists)]} {
			want := fails
			if c == scanned && m.name == "the first page for ever" {
				want = survives // it may be all that a scan needs
			}
			rows = append(rows, &row{class: c, how: m, times: always, want: want})
		}
	}
	return rows
}

// clocks are headers that say what cannot be.
func clocks() (rows []*row) {
	ahead := func(d time.Duration) func(*exchange, time.Time) time.Time {
		return func(_ *exchange, now time.Time) time.Time { return now.Add(d) }
	}
	epoch := time.Date(2000, 1, 20, 0, 0, 0, 0, time.UTC)
	for _, m := range []misbehavior{
		date("36 hours ahead", ahead(36*time.Hour)), date("three hours ahead", ahead(3*time.Hour)), date("a year ahead", ahead(365*day)), date("in year 9999", func(*exchange, time.Time) time.Time { return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) }),
		date("36 hours back", ahead(-36*time.Hour)), date("a year back", ahead(-365*day)),
		date("that stands", func(*exchange, time.Time) time.Time { return epoch }),
		date("that jumps", func(x *exchange, now time.Time) time.Time {
			return now.Add(time.Duration(x.hit*7919%97-48) * time.Hour)
		}),
		date("that runs fast", func(x *exchange, now time.Time) time.Time { return now.Add(time.Duration(x.hit) * time.Hour) }),
		date("that jumps later", func(x *exchange, now time.Time) time.Time {
			if x.hit < 20 {
				return now
			}
			return now.Add(36 * time.Hour)
		}),
		header("Date", "yesterday"), header("Date", ""), header("Date", "Mon, 99 Jan 2000 00:00:00 GMT"), header("Date", "0"),
	} {
		want := survives
		rows = append(rows, &row{class: everything, how: m, times: 1, want: heals}, &row{class: everything, how: m, times: always, want: want}, &row{class: events, how: m, times: 2, want: heals})
	}
	const limit = "X-Gorgias-Account-Api-Call-Limit"
	for i, value := range []string{"100000/40", "40/0", "-5/40", "5/-40", "1e9/40", "99999999999999999999/99999999999999999999", "9223372036854775807/40", "0/1000000", "1000000/1000000",
		"40", "/", "NaN/NaN", "40/40/40", "0x10/0x20", "1/1", "999999/1"} {
		rows = append(rows, &row{class: everything, how: header(limit, value), times: []int{1, always}[i%2], want: heals})
	}
	for _, value := range []string{"99999999", "-5", "NaN", "1e9", "9223372036854775807", "99999999999999999999999", "Fri, 31 Dec 2099 23:59:59 GMT", "Sat, 01 Jan 1900 00:00:00 GMT", "", "0", "0.5", "60; 60"} {
		busy := misbehavior{"429, Retry-After: " + value, func(x *exchange) {
			x.Header().Set("Retry-After", value)
			status(429, foreign[3]).answer(x)
		}}
		rows = append(rows, &row{class: firstPage, how: busy, times: 1, want: survives}, &row{class: events, how: busy, times: always, want: fails, failure: "transient_error"})
	}
	return rows
}

// redirects lead to where nothing is to be found.
func redirects() (rows []*row) {
	for i, to := range []string{"https://login.example.com/?next={path}", "http://127.0.0.1/api/account", "/login", "https://acme.gorgias.com.example.com{path}", "", "{path}", "//example.com{path}", "javascript:alert(1)", "https://user:pass@acme.gorgias.com/"} {
		code := []int{301, 302, 303, 307, 308}[i%5]
		for j, c := range []*class{firstPage, single, merged, thread, child, events, object, statistics, scanned} {
			if (i+j)%3 == 0 {
				rows = append(rows, &row{class: c, how: redirect(code, to), times: 1, want: survives}, &row{class: c, how: redirect(code, to), times: always, want: fails})
			}
		}
	}
	for _, c := range []*class{single, merged} {
		for _, to := range []string{"/api/users/{id}", "/api/customers", "/api/customers/abc", "/api/customers/-1", "/api/customers/{id}/data", "https://other.gorgias.com/api/customers/1", "/api/customers/99999999999999999999", "/api/tickets/1"} {
			rows = append(rows, &row{class: c, how: redirect(301, to), times: 2, want: survives}, &row{class: c, how: redirect(301, to), times: always, want: survives})
		}
		for _, code := range []int{302, 307, 308} {
			rows = append(rows, &row{class: c, how: redirect(code, "{kind}/1"), times: always, want: survives})
		}
		rows = append(rows, &row{class: c, how: misbehavior{"merged for ever", mergedForEver}, times: always, want: survives})
	}
	return rows
}

// records are rows with odd ids and values.
func records() (rows []*row) {
	for _, value := range []string{"null", `"abc"`, "1.5", "1180591620717411303424", "{}", "[]", "true", `""`, "-0.5e-3", "1e400", `"١٢"`, ""} {
		for _, c := range []*class{firstPage, scanned} {
			rows = append(rows, &row{class: c, how: oddID(value), times: always, want: fails})
		}
	}
	deep, digits := strings.Repeat(`{"a":`, 3000)+"1"+strings.Repeat("}", 3000), strings.Repeat("9", 20000)
	for i, value := range []string{"NaN", "Infinity", "-Infinity", deep, digits, "1e999999", `"\ud800"`, `"\u0000"`, `"` + strings.Repeat("x", 100_000) + `"`, "[]", "{}", "null", "true",
		`{"":1}`, `"2026-13-45T99:99:99"`} {
		for j, c := range []*class{firstPage, scanned} {
			name := []string{"unknown_field", "meta", "name"}[(i+j)%(3-j)] // tickets have no name
			rows = append(rows, &row{class: c, how: oddMember(name+" is "+abbreviated(value), `"`+name+`":`+value), times: always, want: heals, lossy: true})
		}
	}
	for _, m := range []string{`"tags":[{"id":null},{"name":"n"},{"id":"x"},7,null]`, `"tags":{}`, `"tags":"none"`, `"custom_fields":[]`, `"custom_fields":{"a":{"value":1}}`, `"custom_fields":{"9":{"id":null,"value":1}}`} {
		rows = append(rows, &row{class: scanned, how: oddMember(m, m), times: always, want: heals, lossy: true})
	}
	rows = append(rows, &row{class: firstPage, how: rewritten("a BOM", func(_ *exchange, text string) string { return "\ufeff" + text }), times: always, want: heals},
		&row{class: scanned, how: rewritten("a BOM", func(_ *exchange, text string) string { return "\ufeff" + text }), times: always, want: heals},
		&row{class: events, how: rewritten("a BOM", func(_ *exchange, text string) string { return "\ufeff" + text }), times: always, want: heals},
		&row{class: single, how: rewritten("a BOM", func(_ *exchange, text string) string { return "\ufeff" + text }), times: always, want: heals})
	return rows
}

// renewals are answers of the token endpoint.
func renewals() (rows []*row) {
	for i, b := range foreign {
		code := []int{404, 403, 502, 200, 503, 429, 500}[i%7]
		rows = append(rows, &row{class: tokens, how: status(code, b), times: 1, want: heals}, &row{class: tokens, how: status(code, b), times: always, want: fails})
	}
	for _, to := range []string{"https://login.example.com/", "{path}"} {
		rows = append(rows, &row{class: tokens, how: redirect(302, to), times: always, want: fails})
	}
	life := regexp.MustCompile(`"expires_in":\d+`)
	for _, value := range []string{"0", "-1", "null", `"86400"`, "1e30", "9223372036854775807", "-9223372036854775808", "0.5", "{}", `"soon"`, "1", "NaN"} {
		rows = append(rows, &row{class: tokens, how: rewritten("expires in "+value, func(_ *exchange, text string) string {
			return life.ReplaceAllLiteralString(text, `"expires_in":`+value)
		}), times: always, want: survives, maxHits: 40})
	}
	return rows
}

// genuine are errors of Gorgias's own, which are believed.
func genuine() (rows []*row) {
	mine := body{"Gorgias's error", "application/json", own}
	for _, c := range []*class{firstPage, laterPage, scanned, child, object} {
		rows = append(rows, &row{class: c, how: status(403, mine), times: always, want: fails, failure: "config_error"})
	}
	return append(rows, &row{class: everything, how: status(401, mine), times: always, want: fails, failure: "config_error"},
		&row{class: everything, how: status(401, foreign[1]), times: always, want: fails, failure: "transient_error"})
}
