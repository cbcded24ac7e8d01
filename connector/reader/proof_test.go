package reader

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

type transport func(path string) (status int, body string)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := f(r.URL.Path)
	h := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// A 404 of another form than the API's counts if it lasts for minutes while the
// same request succeeds for a record that exists. It is reported once.
func TestProveGone(t *testing.T) {
	const list, foreign = `{"data":[{"id":7},{"id":8}],"meta":{"next_cursor":null}}`, "default backend - 404"
	surveys := &stream.Stream{Name: "surveys", Path: "surveys", Key: []string{"id"}, Mode: stream.NewestFirst}
	for name, test := range map[string]struct {
		responses map[string][]string // by path; the last one is repeated; what is no JSON object has the status 404
		kind      gorgias.Kind        // 0: the record is returned
	}{
		"a record":                   {map[string][]string{"/api/surveys/9": {`{"id":9}`}}, 0},
		"a 404 of the API":           {map[string][]string{"/api/surveys/9": {`404 {"error":{"msg":"Resource not found."}}`}}, gorgias.NotFound},
		"a momentary 404":            {map[string][]string{"/api/surveys/9": {foreign, foreign, `{"id":9}`}}, 0},
		"a lasting 404":              {map[string][]string{"/api/surveys/9": {foreign}, "/api/surveys": {list}, "/api/surveys/7": {`{"id":7}`}}, gorgias.NotFound},
		"a lasting 404 without body": {map[string][]string{"/api/surveys/9": {""}, "/api/surveys": {list}, "/api/surveys/7": {`{"id":7}`}}, gorgias.NotFound},
		"of the newest record too":   {map[string][]string{"/api/surveys/9": {foreign}, "/api/surveys": {list}, "/api/surveys/7": {foreign}, "/api/surveys/8": {`{"id":8}`}}, gorgias.NotFound},
		"a 404 of all records":       {map[string][]string{"/api/surveys/9": {foreign}, "/api/surveys": {list}, "/api/surveys/7": {foreign}, "/api/surveys/8": {foreign}}, gorgias.Unproven},
		"another witness":            {map[string][]string{"/api/surveys/9": {foreign}, "/api/surveys": {list}, "/api/surveys/7": {`{"id":1}`}, "/api/surveys/8": {`{"id":1}`}}, gorgias.Unproven},
		"a 404 of the list":          {map[string][]string{"/api/surveys/9": {foreign}, "/api/surveys": {foreign}}, gorgias.Unproven},
		"an empty list":              {map[string][]string{"/api/surveys/9": {foreign}, "/api/surveys": {`{"data":[],"meta":{"next_cursor":null}}`}}, gorgias.Unproven},
		"a 404 after other failures": {map[string][]string{"/api/surveys/9": {"502", "502", "502", "502", "502", "502", "502", "502", "502", "502", foreign}, "/api/surveys": {list}, "/api/surveys/7": {`{"id":7}`}}, gorgias.Unproven},
		"a 404 until the witness":    {map[string][]string{"/api/surveys/9": append(slices.Repeat([]string{foreign}, 11), `{"id":9}`), "/api/surveys": {list}, "/api/surveys/7": {`{"id":7}`}}, 0},
		"a lasting 403":              {map[string][]string{"/api/surveys/9": {"403 <html>"}, "/api/surveys": {list}, "/api/surveys/7": {`{"id":7}`}}, gorgias.Unproven},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, err := gorgias.New(gorgias.Options{Origin: "https://acme.example", Auth: gorgias.Basic("user@example.com", "secret-key"),
					Transport: transport(func(path string) (int, string) {
						next := test.responses[path]
						if len(next) == 0 {
							t.Errorf("%s was requested", path)
							return 500, ""
						}
						if len(next) > 1 {
							test.responses[path] = next[1:]
						}
						switch {
						case strings.HasPrefix(next[0], "{"):
							return 200, next[0]
						case next[0] == "502":
							return 502, ""
						case strings.HasPrefix(next[0], "403 "):
							return 403, next[0][4:]
						}
						return 404, strings.TrimPrefix(next[0], "404 ")
					})})
				if err != nil {
					t.Fatal(err)
				}
				warnings := 0
				l := &List{Source: surveys, Outputs: []*Output{NewOutput(surveys, state.Bookmark{})},
					Run: &Run{Options: Options{Client: client}, Emit: func(b Batch, _ error) {
						if b.Kind == Warning {
							warnings++
						}
					}}}
				proven := 0
				for i := range 2 {
					rec, _, err := l.FetchByID(context.Background(), surveys, surveys.Path, 0, 9)
					if i == 0 && (test.kind == 0 && (err != nil || rec.ID() != 9) || test.kind != 0 && !gorgias.Is(err, test.kind)) {
						t.Errorf("%v", err)
					}
					if gorgias.Is(err, gorgias.NotFound) && strings.Contains(err.Error(), "not Gorgias's own") {
						proven++
					}
				}
				if want := min(proven, 1); warnings != want {
					t.Errorf("%d warnings, expected %d", warnings, want)
				}
			})
		})
	}
}

// A response with another record than the one that was requested is none.
func TestOtherRecord(t *testing.T) {
	for _, others := range []int{0, 2, 1000} {
		synctest.Test(t, func(t *testing.T) {
			left := others
			client, err := gorgias.New(gorgias.Options{Origin: "https://acme.example", Auth: gorgias.Basic("user@example.com", "secret-key"),
				Transport: transport(func(string) (int, string) {
					if left--; left >= 0 {
						return 200, `{"id":8}`
					}
					return 200, `{"id":9}`
				})})
			if err != nil {
				t.Fatal(err)
			}
			s := &stream.Stream{Name: "records", Path: "records", Key: []string{"id"}, Mode: stream.NewestFirst}
			l := &List{Source: s, Run: &Run{Options: Options{Client: client}}}
			rec, _, err := l.FetchByID(context.Background(), s, s.Path, 0, 9)
			if others < 1000 && (err != nil || rec.ID() != 9) || others == 1000 && !gorgias.Is(err, gorgias.InvalidResponse) {
				t.Errorf("after %d others: %d, %v", others, rec.ID(), err)
			}
		})
	}
}

// A redirect to another record is a merge only where records can be merged.
func TestRedirectedRecord(t *testing.T) {
	for _, mergeable := range []bool{true, false} {
		for _, redirects := range []int{2, 1000} {
			synctest.Test(t, func(t *testing.T) {
				s := &stream.Stream{Name: "records", Path: "records", Key: []string{"id"}, Mode: stream.NewestFirst, Mergeable: mergeable}
				client, err := gorgias.New(gorgias.Options{Origin: "https://acme.example", Auth: gorgias.Basic("user@example.com", "secret-key"),
					Transport: redirector{&redirects}})
				if err != nil {
					t.Fatal(err)
				}
				l := &List{Source: s, Run: &Run{Options: Options{Client: client}}}
				want := gorgias.Kind(0)
				switch {
				case mergeable:
					want = gorgias.Merged
				case redirects > 2:
					want = gorgias.Unproven
				}
				rec, _, err := l.FetchByID(context.Background(), s, s.Path, 0, 9)
				if want == 0 && (err != nil || rec.ID() != 9) || want != 0 && !gorgias.Is(err, want) {
					t.Errorf("mergeable %v: %v", mergeable, err)
				}
			})
		}
	}
}

// A redirector redirects so many requests for a record to another one.
type redirector struct{ left *int }

func (f redirector) RoundTrip(r *http.Request) (*http.Response, error) {
	h := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}, "Location": {"/api/records/10"}}
	status, body := 301, ""
	if *f.left--; *f.left < 0 {
		status, body = 200, `{"id":9}`
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}
