package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/changefeed"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
	"source-gorgias/schemas"
)

// documentOf returns docs/streams.md for a stream table.
func documentOf(t *testing.T, table []*stream.Stream) string {
	t.Helper()
	t.Chdir("../..")
	all, err := sections(table)
	if err != nil {
		t.Fatal(err)
	}
	document, err := Streams(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// sectionOf returns the document's section about a stream.
func sectionOf(t *testing.T, document, name string) string {
	t.Helper()
	_, text, found := strings.Cut(document, "\n### "+name+"\n")
	if !found {
		t.Errorf("there is no section about %s", name)
	}
	text, _, _ = strings.Cut(text, "\n### ")
	return text
}

// TestStreamsColumns compares the document with the published schemas: every
// column at any depth is in the section of its stream, with its type and
// whether it can be null, and there are no others.
func TestStreamsColumns(t *testing.T) {
	document := documentOf(t, streams.All())
	type schema struct {
		Type, Format any
		Description  string
		Properties   map[string]json.RawMessage
		Items        json.RawMessage
	}
	for _, s := range streams.All() {
		text := sectionOf(t, document, s.Name)
		rows := strings.Count(text, "\n| `")
		var visit func(at string, raw json.RawMessage)
		visit = func(at string, raw json.RawMessage) {
			var n schema
			if err := json.Unmarshal(raw, &n); err != nil {
				t.Fatal(err)
			}
			if at == unrecognized {
				return
			}
			if at != "" && !strings.HasSuffix(at, "[]") {
				kinds, null := n.Type.([]any), "no"
				if len(kinds) == 2 {
					null = "yes"
				}
				line := regexp.MustCompile("\n\\| `" + regexp.QuoteMeta(at) + "` \\| ([^|]+) \\| (yes|no) \\| (.*) \\|\n").FindStringSubmatch(text)
				if line == nil {
					t.Errorf("%s.%s is missing", s.Name, at)
					return
				}
				rows--
				want := map[any]string{"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "array": "list of", "object": "object"}[kinds[0]]
				if n.Format != nil {
					want = "timestamp"
				}
				if !strings.Contains(line[1], want) {
					t.Errorf("%s.%s has the type %s, want %v", s.Name, at, line[1], n.Type)
				}
				if slices.Contains(s.SecretColumns, at) != strings.Contains(line[3], "mask_secrets") {
					t.Errorf("%s.%s: the masking differs from the row: %s", s.Name, at, line[3])
				}
				if line[2] != null || !strings.HasPrefix(line[3], n.Description) {
					t.Errorf("%s.%s: %q", s.Name, at, line)
				}
			}
			for name, child := range n.Properties {
				visit(strings.TrimPrefix(at+"."+name, "."), child)
			}
			if n.Items != nil {
				visit(at+"[]", n.Items)
			}
		}
		visit("", schemas.Of(s.Record))
		if rows != 0 {
			t.Errorf("%s: %d rows for columns that it does not have", s.Name, rows)
		}
		want := []string{"`" + s.Key[0] + "`"}
		if s.Mode == stream.Derived {
			want = append(want, "["+s.Parent.Name+"](#"+s.Parent.Name+")")
		} else if s.Mode == stream.DailyReport {
			want = append(want, "`POST /api/"+s.Path+"`")
		} else {
			want = append(want, "`GET /api/"+s.Path+"`")
		}
		for _, w := range append(append(want, s.Cursor, s.OAuthScope, s.Limitations), s.SecretColumns...) {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %s is missing", s.Name, w)
			}
		}
		changes := streams.ChangesOf(s)
		if changes == nil {
			changes = &changefeed.Changes{}
		}
		for _, eventType := range changes.EventTypes {
			if s.Mode != stream.Derived && !strings.Contains(text, "`"+eventType+"`") {
				t.Errorf("%s: the event %s is missing", s.Name, eventType)
			}
		}
		if !strings.Contains(document, "\n| ["+s.Name+"](#"+s.Name+") |") {
			t.Errorf("%s is missing in the table of all streams", s.Name)
		}
	}
}

// TestStreamsNewRow adds a row to the table: it gets a section and a line.
func TestStreamsNewRow(t *testing.T) {
	document := documentOf(t, append(streams.All(), &stream.Stream{
		Name: "made_up", Path: "made-up", Mode: stream.NewestFirst, Key: []string{"id"}, Cursor: "created_datetime",
		Record: schemas.Tag{}, OAuthScope: "made_up:read", Limitations: "changes at night",
	}))
	text := sectionOf(t, document, "made_up")
	for _, want := range []string{"A tag is a label", "`GET /api/made-up`", "`created_datetime`", "`made_up:read`", "changes at night.", "| `decoration` | free-form object | yes | Appearance"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if !strings.Contains(document, "| [made_up](#made_up) | A tag is a label") {
		t.Error("it is missing in the table of all streams")
	}
}

// TestStreamsUndescribed checks the errors for rows that cannot be described.
func TestStreamsUndescribed(t *testing.T) {
	t.Chdir("../..")
	for _, s := range []*stream.Stream{
		{Name: "made_up", Mode: 99, Key: []string{"id"}, Record: schemas.Tag{}},
		{Name: "made_up", Mode: stream.NewestFirst, LookbackWindow: time.Hour, Key: []string{"id"}, Cursor: "created_datetime", Record: schemas.Tag{}},
	} {
		all, err := sections([]*stream.Stream{s})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Streams(all); err == nil || !strings.Contains(err.Error(), `"made_up"`) {
			t.Errorf("read mode %d: the error is %v", s.Mode, err)
		}
	}
}

// TestStreamsLinks checks every link of the document.
func TestStreamsLinks(t *testing.T) {
	document := documentOf(t, streams.All())
	heads := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(document, -1) {
		heads["#"+strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")] = true
	}
	links := regexp.MustCompile(`\]\(([^)]*)\)`).FindAllStringSubmatch(document, -1)
	if len(links) < 80 {
		t.Errorf("there are only %d links", len(links))
	}
	for _, m := range links {
		if strings.HasPrefix(m[1], "#") {
			if !heads[m[1]] {
				t.Errorf("%s is a broken link", m[1])
			}
		} else if _, err := os.Stat("docs/" + m[1]); err != nil {
			t.Error(err)
		}
	}
}

// TestRefetchDoc checks that the streams that events change have event types
// and describe their re-fetches.
func TestRefetchDoc(t *testing.T) {
	for _, s := range streams.All() {
		if c := streams.ChangesOf(s); c != nil && (len(c.EventTypes) == 0 || c.RefetchDoc == "") {
			t.Errorf("%s: event types %q, re-fetches %q", s.Name, c.EventTypes, c.RefetchDoc)
		}
	}
}

// direct is a transport that calls the handler itself.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	d.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// TestAtRest reads each stream alone, twice, and counts: the second sync takes
// as many requests as the document says.
func TestAtRest(t *testing.T) {
	t.Chdir("../..")
	all, err := sections(streams.All())
	if err != nil {
		t.Fatal(err)
	}
	counted := map[string]count{}
	for _, s := range all {
		synctest.Test(t, func(t *testing.T) { counted[s.Name] = atRest(t, s.Stream) })
	}
	for _, s := range all {
		d, err := describeStream(s)
		if err != nil {
			t.Fatal(err)
		}
		got, want := counted[s.Name], 0
		parent, parentName := count{}, ""
		if s.Parent != nil {
			parent, parentName = counted[s.Parent.Name], s.Parent.Name
		}
		switch suffix, child := strings.CutPrefix(d.atRest, "those of `"+parentName+"`"); {
		case child && suffix == "":
			want = parent.requests
		case child && suffix == ", and at least 1 for each":
			want = max(got.requests, parent.requests+parent.rows)
		case strings.HasPrefix(d.atRest, "1 for 100 records"):
			// Each scan of a list takes at least one request.
			want = max(1, len(s.Partitions), got.pages)
		default:
			for part := range strings.SplitSeq(d.atRest, ", and ") {
				part = strings.TrimSuffix(strings.TrimPrefix(part, "up to "), " for unfinished records") // the sandbox has more
				n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSuffix(part, " for events"), " for each report"))
				if err != nil {
					t.Errorf("%s: %q is not a number", s.Name, d.atRest)
				}
				want += n
			}
		}
		if got.requests != want {
			t.Errorf("%s: the document says %q (%d), a sync takes %d", s.Name, d.atRest, want, got.requests)
		}
	}
	t.Logf("%+v", counted)
	for _, name := range []string{"tags", "macros", "voice_call_events"} { // a list of one page shows little
		if counted[name].requests < 2 {
			t.Errorf("%s: %+v", name, counted[name])
		}
	}
}

// A count has the requests of the second sync, and the rows and non-empty pages
// of the first.
type count struct{ requests, rows, pages int }

// atRest reads a stream of the sandbox account, and again after hours without
// changes.
func atRest(t *testing.T, s *stream.Stream) (c count) {
	box := &sandbox.Server{Limit: 1_000_000}
	budget := gorgias.NewRateLimiter(0)
	client, err := gorgias.New(gorgias.Options{Origin: "https://sandbox.gorgias.com", Auth: gorgias.Basic("sandbox@example.com", "sandbox-key"),
		Transport: direct{box}, RateLimiter: budget})
	if err != nil {
		t.Fatal(err)
	}
	marks := map[string]state.Bookmark{}
	sync := func() {
		p := &connector.Plan{RateLimiter: budget, Streams: []*stream.Stream{s}, Bookmarks: marks, Concurrency: 1,
			Options: reader.Options{Client: client, Start: time.Unix(0, 0), Overlap: 10 * time.Minute, WindowInterval: 24 * time.Hour},
			Reports: []reports.Report{{Name: "a report", Scope: "tickets-created", TimeDimension: "createdDatetime", Measures: []string{"ticketCount"}, Zone: time.UTC}}}
		for b, err := range p.Run(context.Background()) {
			if err != nil {
				t.Fatal(s.Name, err)
			}
			if len(b.Records) > 0 {
				c.rows += len(b.Records)
				c.pages++
			}
			marks[s.Name] = b.Bookmark
		}
	}
	sync()
	time.Sleep(3 * time.Hour)
	rows, pages, sent := c.rows, c.pages, budget.Sent()
	sync()
	return count{budget.Sent() - sent, rows, pages}
}
