package reader

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// An outcome is what one execution of a list emitted, by stream.
type outcome struct {
	ids      map[string][]string // the last columns of the keys, as spelled
	errs     map[string]error
	done     map[string]bool
	warnings map[string][]string
	requests map[string]int // by path
}

// execute reads a list of responses by path. Page tokens are not used.
func execute(t *testing.T, r Reader, source *stream.Stream, outputs, children []*stream.Stream, responses map[string]string) outcome {
	t.Helper()
	s := outcome{map[string][]string{}, map[string]error{}, map[string]bool{}, map[string][]string{}, map[string]int{}}
	client, err := gorgias.New(gorgias.Options{Origin: "https://acme.example", Auth: gorgias.Basic("user@example.com", "secret-key"),
		Transport: transport(func(path string) (int, string) {
			s.requests[path]++
			return 200, responses[path]
		})})
	if err != nil {
		t.Fatal(err)
	}
	l := &List{Source: source, Run: &Run{Options: Options{Client: client, Start: time.Unix(0, 0)}, Emit: func(b Batch, err error) {
		name := b.Stream.Name
		for _, rec := range b.Records {
			s.ids[name] = append(s.ids[name], string(stream.Field(rec.Raw, b.Stream.ID())))
		}
		if b.Kind == Warning {
			s.warnings[name] = append(s.warnings[name], b.Warning)
		}
		if err != nil {
			s.errs[name] = err
		}
		s.done[name] = s.done[name] || b.Kind == Done
	}}}
	for _, o := range outputs {
		l.Outputs = append(l.Outputs, NewOutput(o, state.Bookmark{}))
	}
	for _, o := range children {
		l.Children = append(l.Children, NewOutput(o, state.Bookmark{}))
	}
	l.Execute(context.Background(), r)
	return s
}

var oddKeys = []string{`null`, `"abc"`, `""`, `1.5`, `"1.5"`, `1180591620717411303424`, `-9223372036854775809`, `1e30`, `true`, `{"id":1}`, `[1]`, `"null"`}

func keyedStreams() (list, derived, child *stream.Stream) {
	list = &stream.Stream{Name: "things", Path: "things", Key: []string{"id"}, Mode: stream.FullRefresh}
	derived = &stream.Stream{Name: "parts", Parent: list, Mode: stream.Derived, Key: []string{"thing_id", "id"}, Derive: func(parent json.RawMessage) []json.RawMessage {
		return stream.Elements(parent, "parts", []stream.Copied{{Field: "id", As: "thing_id"}}, func(e stream.Element, fields []byte) json.RawMessage {
			return stream.PrependFields(e.Raw, fields)
		})
	}}
	child = &stream.Stream{Name: "items", Path: "things/{id}/items", Parent: list, Mode: stream.PerParent, Key: []string{"thing_id", "id"}}
	return list, derived, child
}

func page(rows ...string) string {
	return `{"data":[` + strings.Join(rows, ",") + `],"meta":{"next_cursor":null}}`
}

// A row whose key cannot be stored is left out. All others arrive, and then the
// stream ends with an error that says how many are missing, and so does each
// stream that would have been made from the row.
func TestRowsWithoutKey(t *testing.T) {
	rows := []string{`{"name":"absent"}`, `{"id":7,"id":null}`}
	for _, key := range oddKeys {
		rows = append(rows, `{"id":`+key+`,"parts":[{"id":5}]}`)
	}
	for _, row := range rows {
		for name, reader := range map[string]Reader{"full refresh": FullRefresh{}, "incremental": Incremental{}} {
			t.Run(name+" "+row, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					list, derived, child := keyedStreams()
					outputs, children := []*stream.Stream{list}, []*stream.Stream{child}
					if name == "incremental" {
						list.Mode, list.Cursor, derived.Cursor = stream.NewestFirst, "created_datetime", "at"
						outputs, children = append(outputs, derived), nil
					}
					at := `,"created_datetime":"2099-01-01T00:00:00Z"`
					s := execute(t, reader, list, outputs, children, map[string]string{
						"/api/things":         page(`{"id":1,"parts":[{"id":11}]`+at+`}`, row[:len(row)-1]+at+`}`, `{"id":"2","parts":[{"id":12}]`+at+`}`, `{"id":3.0`+at+`}`),
						"/api/things/1/items": page(`{"id":21}`),
						"/api/things/2/items": page(`{"id":22}`, `{"id":"23"}`),
						"/api/things/3/items": page(),
					})
					if want := []string{"1", `"2"`, "3.0"}; !slices.Equal(s.ids["things"], want) {
						t.Errorf("read %q, want %q", s.ids["things"], want)
					}
					for _, o := range append(outputs, children...) {
						var key *KeyError
						if !errors.As(s.errs[o.Name], &key) || key.Rows != 1 || key.Stream != list || s.done[o.Name] {
							t.Errorf("%s ended with %v, done %v", o.Name, s.errs[o.Name], s.done[o.Name])
						}
					}
					if name == "incremental" && !slices.Equal(s.ids["parts"], []string{"11", "12"}) {
						t.Errorf("derived %q", s.ids["parts"])
					}
					if name == "full refresh" && !slices.Equal(s.ids["items"], []string{"21", "22", `"23"`}) {
						t.Errorf("children %q", s.ids["items"])
					}
					if n := s.requests["/api/things"]; n != maxInvalidPages {
						t.Errorf("%d requests: it may have been a moment's fault", n)
					}
				})
			})
		}
	}
}

// The same of rows below a parent, whose parents' stream is complete. Only the
// first page with such rows is requested again.
func TestChildRowsWithoutKey(t *testing.T) {
	for _, key := range oddKeys {
		synctest.Test(t, func(t *testing.T) {
			list, _, child := keyedStreams()
			s := execute(t, FullRefresh{}, list, []*stream.Stream{list}, []*stream.Stream{child}, map[string]string{
				"/api/things":         page(`{"id":1}`, `{"id":2}`),
				"/api/things/1/items": page(`{"id":`+key+`}`, `{"id":21}`),
				"/api/things/2/items": page(`{"id":22,"thing_id":99}`, `{"id":`+key+`}`),
			})
			var e *KeyError
			if !s.done["things"] || s.done["items"] || !errors.As(s.errs["items"], &e) || e.Rows != 2 || e.Stream != child || !slices.Equal(s.ids["items"], []string{"21", "22"}) {
				t.Errorf("%s: %+v", key, s)
			}
			if n := s.requests["/api/things/2/items"]; n != 1 {
				t.Errorf("%s: %d requests for a list whose keys are known to be odd", key, n)
			}
		})
	}
}

// Elements without a key are left out and counted in one warning, and do not fail
// their stream.
func TestElementsWithoutKey(t *testing.T) {
	for _, key := range oddKeys {
		synctest.Test(t, func(t *testing.T) {
			list, derived, _ := keyedStreams()
			list.Mode, list.Cursor, derived.Cursor = stream.NewestFirst, "created_datetime", "at"
			const at = `,"created_datetime":"2099-01-01T00:00:00Z"}`
			s := execute(t, Incremental{}, list, []*stream.Stream{list, derived}, nil, map[string]string{
				"/api/things": page(`{"id":1,"parts":[{"id":11},{"id":`+key+`},{"x":1},null,"text",[1]]`+at, `{"id":2,"parts":{"a":{"id":`+key+`},"b":{"id":12,"thing_id":null}}`+at),
			})
			if !s.done["things"] || !s.done["parts"] || len(s.errs) > 0 || !slices.Equal(s.ids["parts"], []string{"11", "12"}) {
				t.Errorf("%s: %+v", key, s)
			}
			if w := s.warnings["parts"]; len(w) != 1 || !strings.Contains(w[0], "5 elements of things") || len(s.warnings["things"]) > 0 {
				t.Errorf("%s: warnings %q", key, s.warnings)
			}
		})
	}
}

// Numbers that are no JSON are reported once, and the rest is read.
func TestNonFiniteIsReported(t *testing.T) {
	for _, row := range []string{`{"id":1,"x":NaN}`, `{"id":1,"x":[-Infinity]}`, `{"x":{"y":Infinity},"id":1}`} {
		synctest.Test(t, func(t *testing.T) {
			list, _, _ := keyedStreams()
			s := execute(t, FullRefresh{}, list, []*stream.Stream{list}, nil, map[string]string{"/api/things": page(row, `{"id":2}`)})
			if w := s.warnings["things"]; !s.done["things"] || !slices.Equal(s.ids["things"], []string{"1", "2"}) || len(w) != 1 || !strings.Contains(w[0], "1 values of things were read as null") || s.requests["/api/things"] != 1 {
				t.Errorf("%s: %+v", row, s)
			}
		})
	}
}

func TestKeyErrorNamesTheRemedy(t *testing.T) {
	list, _, _ := keyedStreams()
	if got := fmt.Sprint(&KeyError{list, 3}); !strings.Contains(got, "things: 3 rows of /api/things were") || !strings.Contains(got, "id is not an integer of 64 bits") || !strings.Contains(got, "without its state") {
		t.Error(got)
	}
}
