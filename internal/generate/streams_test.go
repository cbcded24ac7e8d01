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
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/sandbox"
	"source-gorgias/schemas"
)

// written returns docs/streams.md as it is made from a table.
func written(t *testing.T, table []*connector.Stream) string {
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

// chapter is what the document says of a stream.
func chapter(t *testing.T, document, name string) string {
	t.Helper()
	_, text, found := strings.Cut(document, "\n### "+name+"\n")
	if !found {
		t.Errorf("nothing is said of %s", name)
	}
	text, _, _ = strings.Cut(text, "\n### ")
	return text
}

// TestStreamsWhole holds the document against the published schemas: every
// column at any depth stands in the chapter of its stream, with its type and
// whether it can be null, and there are no others.
func TestStreamsWhole(t *testing.T) {
	document := written(t, connector.Streams())
	type schema struct {
		Type, Format any
		Description  string
		Properties   map[string]json.RawMessage
		Items        json.RawMessage
	}
	for _, s := range connector.Streams() {
		text := chapter(t, document, s.Name)
		rows := strings.Count(text, "\n| `")
		var walk func(at string, raw json.RawMessage)
		walk = func(at string, raw json.RawMessage) {
			var n schema
			if err := json.Unmarshal(raw, &n); err != nil {
				t.Fatal(err)
			}
			if at == rest {
				return
			}
			if at != "" && !strings.HasSuffix(at, "[]") {
				kinds, null := n.Type.([]any), "no"
				if len(kinds) == 2 {
					null = "yes"
				}
				line := regexp.MustCompile("\n\\| `" + regexp.QuoteMeta(at) + "` \\| ([^|]+) \\| (yes|no) \\| (.*) \\|\n").FindStringSubmatch(text)
				if line == nil {
					t.Errorf("%s.%s is not told of", s.Name, at)
					return
				}
				rows--
				want := map[any]string{"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "array": "list of", "object": "object"}[kinds[0]]
				if n.Format != nil {
					want = "timestamp"
				}
				if !strings.Contains(line[1], want) {
					t.Errorf("%s.%s is called a %s, and is %v", s.Name, at, line[1], n.Type)
				}
				if slices.Contains(s.Secrets, at) != strings.Contains(line[3], "mask_secrets") {
					t.Errorf("%s.%s: what is masked is not as the row says: %s", s.Name, at, line[3])
				}
				if line[2] != null || !strings.HasPrefix(line[3], n.Description) {
					t.Errorf("%s.%s: %q", s.Name, at, line)
				}
			}
			for name, child := range n.Properties {
				walk(strings.TrimPrefix(at+"."+name, "."), child)
			}
			if n.Items != nil {
				walk(at+"[]", n.Items)
			}
		}
		walk("", schemas.Of(s.Record))
		if rows != 0 {
			t.Errorf("%s: %d rows tell of columns that it does not have", s.Name, rows)
		}
		want := []string{"`" + s.Key[0] + "`"}
		if s.Walk == connector.Derived {
			want = append(want, "["+s.Parent+"](#"+s.Parent+")")
		} else if s.Walk == connector.Daily {
			want = append(want, "`POST /api/"+s.Path+"`")
		} else {
			want = append(want, "`GET /api/"+s.Path+"`")
		}
		for _, w := range append(append(want, s.Cursor, s.Scope, s.Untold), s.Secrets...) {
			if !strings.Contains(text, w) {
				t.Errorf("%s: nothing is said of %s", s.Name, w)
			}
		}
		for _, kind := range s.Heeds() {
			if s.Walk != connector.Derived && !strings.Contains(text, "`"+kind+"`") {
				t.Errorf("%s: nothing is said of the event %s", s.Name, kind)
			}
		}
		if !strings.Contains(document, "\n| ["+s.Name+"](#"+s.Name+") |") {
			t.Errorf("%s is not in the table of all streams", s.Name)
		}
	}
}

// TestStreamsRow adds a row to the table, as somebody will: it gets its chapter.
func TestStreamsRow(t *testing.T) {
	document := written(t, append(connector.Streams(), &connector.Stream{
		Name: "made_up", Path: "made-up", Walk: connector.NewestFirst, Key: []string{"id"}, Cursor: "created_datetime",
		Record: schemas.Tag{}, Scope: "made_up:read", Untold: "what nobody knows",
	}))
	text := chapter(t, document, "made_up")
	for _, want := range []string{"A tag is a label", "`GET /api/made-up`", "`created_datetime`", "`made_up:read`", "what nobody knows.", "| `decoration` | free-form object | yes | Appearance"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if !strings.Contains(document, "| [made_up](#made_up) | A tag is a label") {
		t.Error("it is not in the table of all streams")
	}
}

// TestStreamsSpeechless gives the document rows that it has no words for.
func TestStreamsSpeechless(t *testing.T) {
	t.Chdir("../..")
	for _, s := range []*connector.Stream{
		{Name: "made_up", Walk: 99, Key: []string{"id"}, Record: schemas.Tag{}},
		{Name: "made_up", Walk: connector.NewestFirst, Mutable: time.Hour, Key: []string{"id"}, Cursor: "created_datetime", Record: schemas.Tag{}},
	} {
		all, err := sections([]*connector.Stream{s})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Streams(all); err == nil || !strings.Contains(err.Error(), `"made_up"`) {
			t.Errorf("walk %d: the error is %v", s.Walk, err)
		}
	}
}

// TestStreamsLinks follows every link of the document.
func TestStreamsLinks(t *testing.T) {
	document := written(t, connector.Streams())
	heads := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(document, -1) {
		heads["#"+strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")] = true
	}
	links := regexp.MustCompile(`\]\(([^)]*)\)`).FindAllStringSubmatch(document, -1)
	if len(links) < 80 {
		t.Errorf("there are %d links only", len(links))
	}
	for _, m := range links {
		if strings.HasPrefix(m[1], "#") {
			if !heads[m[1]] {
				t.Errorf("%s leads nowhere", m[1])
			}
		} else if _, err := os.Stat("docs/" + m[1]); err != nil {
			t.Error(err)
		}
	}
}

// TestRetells checks that what is said of re-reads is said of all streams that
// heed events, and of no other.
func TestRetells(t *testing.T) {
	for _, s := range connector.Streams() {
		if (s.Heeds() != nil) != (s.Retells() != "") {
			t.Errorf("%s heeds %q, and is read again: %q", s.Name, s.Heeds(), s.Retells())
		}
	}
}

// direct is a network without wires.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	d.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// TestAtRest reads each stream alone, twice, and counts: the second time takes as
// many requests as the document says.
func TestAtRest(t *testing.T) {
	t.Chdir("../..")
	all, err := sections(connector.Streams())
	if err != nil {
		t.Fatal(err)
	}
	counted := map[string]count{}
	for _, s := range all {
		synctest.Test(t, func(t *testing.T) { counted[s.Name] = atRest(t, s.Stream) })
	}
	for _, s := range all {
		r, err := read(s)
		if err != nil {
			t.Fatal(err)
		}
		got, want := counted[s.Name], 0
		parent := counted[s.Parent]
		switch rest, below := strings.CutPrefix(r.atRest, "those of `"+s.Parent+"`"); {
		case below && rest == "":
			want = parent.requests
		case below && rest == ", and at least 1 for each":
			want = max(got.requests, parent.requests+parent.rows)
		case strings.HasPrefix(r.atRest, "1 for 100 records"):
			// Lists of less than a page are one too, each time they are read.
			want = max(1, len(s.Passes), got.pages)
		default:
			for part := range strings.SplitSeq(r.atRest, ", and ") {
				n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSuffix(part, " for events"), " for each report"))
				if err != nil {
					t.Errorf("%s: %q is no number", s.Name, r.atRest)
				}
				want += n
			}
		}
		if got.requests != want {
			t.Errorf("%s: %q is %d, and it takes %d", s.Name, r.atRest, want, got.requests)
		}
	}
	t.Logf("%+v", counted)
	for _, name := range []string{"tags", "macros", "voice_call_events"} { // a list of one page proves little
		if counted[name].requests < 2 {
			t.Errorf("%s: %+v", name, counted[name])
		}
	}
}

// A count is what a sync took: the requests of the second, and the rows, and
// pages with any, of the first.
type count struct{ requests, rows, pages int }

// atRest reads a stream of the built-in account, and reads it again when
// nothing has happened for hours.
func atRest(t *testing.T, s *connector.Stream) (c count) {
	box := &sandbox.Server{Limit: 1_000_000}
	budget := gorgias.NewBudget(0)
	client, err := gorgias.New(gorgias.Options{Origin: "https://sandbox.gorgias.com", Auth: gorgias.Basic("sandbox@example.com", "sandbox-key"),
		Transport: direct{box}, Budget: budget})
	if err != nil {
		t.Fatal(err)
	}
	marks := map[string]connector.Bookmark{}
	sync := func() {
		p := &connector.Plan{Client: client, Budget: budget, Streams: []*connector.Stream{s}, Bookmarks: marks, Start: time.Unix(0, 0),
			Overlap: 10 * time.Minute, Revise: 24 * time.Hour, Concurrency: 1,
			Reports: []connector.Report{{Name: "a report", Scope: "tickets-created", TimeDimension: "createdDatetime", Measures: []string{"ticketCount"}, Zone: time.UTC}}}
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
