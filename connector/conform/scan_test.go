package conform_test

import (
	"strings"
	"testing"

	"source-gorgias/connector/conform"
)

func TestField(t *testing.T) {
	const raw = ` { "x" : {"id":7,"s":"}"} , "id" : 12 ,"\u0061t":"a\"}b","n":null,"l":[1,[{}]],"id":13,"last":-1.5e3 } `
	for name, want := range map[string]string{"x": `{"id":7,"s":"}"}`, "id": `13`, "at": `"a\"}b"`, "n": `null`, "l": `[1,[{}]]`, "last": `-1.5e3`, "none": "", "s": ""} {
		if got, ok := conform.Field([]byte(raw), name); string(got) != want || ok != (want != "") {
			t.Errorf("%s: %s, %v, want %s", name, got, ok, want)
		}
	}
	if _, ok := conform.Field([]byte(`{}`), ""); ok {
		t.Error("a field in an empty object")
	}
}

// Field agrees with Append about which of several fields of one name counts, and
// about its value.
func TestFieldAgrees(t *testing.T) {
	for seed := range uint64(3_000) {
		raw := newGenerator(seed).record(0)
		for _, name := range []string{"id", "a", "zz", ""} {
			got, _ := conformOne(t, quote(name)+":{}", nil, raw)
			want := `{` + quote(name) + `:null}`
			if value, ok := conform.Field([]byte(raw), name); ok {
				want, _ = conformOne(t, quote(name)+":{}", nil, `{`+quote(name)+`:`+string(value)+`}`)
			}
			if got != want {
				t.Fatalf("seed %d: %s of %s: %s, want %s", seed, name, raw, got, want)
			}
		}
	}
}

// checkFields compares Fields with Field.
func checkFields(t *testing.T, raw []byte, names ...string) {
	t.Helper()
	values := make([][]byte, len(names))
	for i := range values {
		values[i] = []byte("from the last record")
	}
	conform.Fields(raw, names, values)
	for i, name := range names {
		want, ok := conform.Field(raw, name)
		if string(values[i]) != string(want) || (values[i] != nil) != ok {
			t.Fatalf("%s of %q: %q, %v; want %q, %v", name, raw, values[i], values[i] != nil, want, ok)
		}
	}
}

// Fields agrees with Field, also about repeated names.
func TestFields(t *testing.T) {
	checkFields(t, []byte(`{"id":1,"a":2}`))
	for seed := range uint64(3_000) {
		g := newGenerator(seed)
		raw := []byte(g.record(0))
		var names []string
		for range g.IntN(5) {
			names = append(names, pick(g, append(fieldNames, "zz", "")...))
		}
		checkFields(t, raw, names...)
	}
}

func FuzzFields(f *testing.F) {
	for seed := range uint64(50) {
		f.Add([]byte(newGenerator(seed).record(0)), "id", "a", "zz")
	}
	f.Fuzz(func(t *testing.T, raw []byte, a, b, c string) {
		checkFields(t, raw, a, b, c, a)
	})
}

// A string may contain very many escapes: with a search for its end at each one,
// this test would take minutes.
func TestManyEscapes(t *testing.T) {
	raw := `{"a":"` + strings.Repeat(`\u3042`, 2_000_000) + `","b":"\\\"","c":1}`
	if got, ok := conform.Field([]byte(raw), "c"); string(got) != "1" {
		t.Errorf("%s, %v", got, ok)
	}
}
