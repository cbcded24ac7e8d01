package conform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"source-gorgias/connector/conform"

	"github.com/go-json-experiment/json/jsontext"
)

// conformOne compiles {"properties":{…}} and conforms one record.
func conformOne(t *testing.T, props string, keep func([]string) bool, record string) (string, []conform.Nulled) {
	t.Helper()
	s, err := conform.Compile([]byte(`{"type":"object","properties":{`+props+`}}`), keep)
	if err != nil {
		t.Fatal(err)
	}
	got, nulled, err := s.Append(nil, []byte(record))
	if err != nil {
		t.Fatal(err)
	}
	return string(got), nulled
}

// without keeps all paths but the given ones, written like customer.email.
func without(fields ...string) func([]string) bool {
	return func(path []string) bool { return !slices.Contains(fields, strings.Join(path, ".")) }
}

func TestMembers(t *testing.T) {
	const customer = `"customer":{"type":["object","null"],"properties":{"id":{"type":["integer","null"]},"email":{"type":["string","null"]}},"additionalProperties":true}`
	const unrecognized = `"unrecognized_fields":{"type":["object","null"]}`
	for _, c := range []struct {
		name, props  string
		keep         func([]string) bool
		record, want string
	}{
		{"white space is removed", `"a":{},"b":{}`, nil, " { \"a\" : [ 1 , { } , [ ] ] ,\n\"b\":\t\"x y\" } ", `{"a":[1,{},[]],"b":"x y"}`},
		{"order stays", `"a":{},"b":{}`, nil, `{"b":1,"a":2}`, `{"b":1,"a":2}`},
		{"absent is null, in the order of the schema", `"a":{},"b":{},"c":{}`, nil, `{"b":1}`, `{"b":1,"a":null,"c":null}`},
		{"absent below stays absent", customer, nil, `{"customer":{"id":1}}`, `{"customer":{"id":1}}`},
		{"an empty record", `"a":{}`, nil, `{}`, `{"a":null}`},
		{"no columns", ``, nil, `{"a":1}`, `{}`},
		{"undeclared is dropped", `"a":{}`, nil, `{"a":1,"b":2}`, `{"a":1}`},
		{"undeclared moves to the column", `"a":{},` + unrecognized + `,"z":{}`, nil, `{"x":{"p": 1},"a":1,"y":[ ]}`, `{"a":1,"unrecognized_fields":{"x":{"p":1},"y":[]},"z":null}`},
		{"nothing undeclared", `"a":{},` + unrecognized, nil, `{"a":1}`, `{"a":1,"unrecognized_fields":null}`},
		{"a field of that name", `"a":{},` + unrecognized, nil, `{"unrecognized_fields":null,"a":1}`, `{"a":1,"unrecognized_fields":{"unrecognized_fields":null}}`},
		{"the column is deselected", `"a":{},` + unrecognized, without("unrecognized_fields"), `{"a":1,"x":2,"unrecognized_fields":3}`, `{"a":1}`},
		{"the column is not an object", `"unrecognized_fields":{"type":["string","null"]}`, nil, `{"x":2,"unrecognized_fields":"y"}`, `{"unrecognized_fields":"y"}`},
		{"the column is closed", `"unrecognized_fields":{"type":["object","null"],"additionalProperties":false}`, nil, `{"x":2,"unrecognized_fields":{"y":1}}`, `{"unrecognized_fields":{}}`},
		{"deselected", `"a":{},"b":{}`, without("a"), `{"a":1,"b":2}`, `{"b":2}`},
		{"deselected and absent", `"a":{},"b":{}`, without("a"), `{}`, `{"b":null}`},
		{"undeclared below stays", customer, nil, `{"customer":{"x":1,"id":2}}`, `{"customer":{"x":1,"id":2}}`},
		{"a deselected child drops the undeclared too", customer, without("customer.email"), `{"customer":{"x":1,"id":2,"email":"e"}}`, `{"customer":{"id":2}}`},
		{"a deselected parent drops its children too", customer, without("customer"), `{"customer":{"id":2}}`, `{}`},
		{"all children deselected", customer, without("customer.id", "customer.email"), `{"customer":{"id":2,"x":1}}`, `{"customer":{}}`},
		{"selection ends at arrays", `"l":{"items":{"properties":{"a":{}}}}`, without("l.a", "a", "l.items.a"), `{"l":[{"a":1}]}`, `{"l":[{"a":1}]}`},
		{"a closed object", `"a":{"properties":{"b":{}},"additionalProperties":false}`, nil, `{"a":{"b":1,"c":2}}`, `{"a":{"b":1}}`},
		{"the last of repeated fields", `"a":{},"b":{}`, nil, `{"a":1,"b":0,"a":2}`, `{"b":0,"a":2}`},
		{"repeated in another spelling", `"a":{}`, nil, `{"\u0061":1,"a":2,"a\u0000":3}`, `{"a":3}`},
		{"repeated below", customer, nil, `{"customer":{"id":1,"id":2,"x":1,"x":2}}`, `{"customer":{"id":2,"x":2}}`},
		{"repeated in objects without a schema", `"m":{}`, nil, `{"m":[{"x":3,"x":{"y":1,"y":2}}]}`, `{"m":[{"x":{"y":2}}]}`},
		{"repeated and undeclared", unrecognized, nil, `{"x":1,"x":2}`, `{"unrecognized_fields":{"x":2}}`},
		{"repeated after repair", `"m":{}`, nil, `{"m":{"x":1,"x\u0000":2,"\ud800":3,"\udfff":4}}`, `{"m":{"x":2,"` + "\uFFFD" + `":4}}`},
		{"not repeated: another object", `"m":{}`, nil, `{"m":[{"x":1},{"x":{"x":1}}]}`, `{"m":[{"x":1},{"x":{"x":1}}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, nulled := conformOne(t, c.props, c.keep, c.record); got != c.want || nulled != nil {
				t.Errorf("%s\ngot:  %s, %v\nwant: %s", c.record, got, nulled, c.want)
			}
		})
	}
}

func TestValues(t *testing.T) {
	const (
		integer   = `{"type":["integer","null"]}`
		int64s    = `{"type":["integer","null"],"minimum":-9223372036854775808,"maximum":9223372036854775807}`
		number    = `{"type":["number","null"]}`
		str       = `{"type":["string","null"]}`
		flag      = `{"type":["boolean","null"]}`
		timestamp = `{"type":["string","null"],"format":"date-time"}`
		object    = `{"type":["object","null"]}`
		array     = `{"type":["array","null"]}`
		same      = "" // unchanged
		unfit     = "unfit"
	)
	for _, c := range []struct{ schema, value, want string }{
		{integer, `12`, same}, {integer, `-0`, same}, {integer, `9007199254740993`, same}, {integer, `null`, same},
		{integer, `12.0`, `12`}, {integer, `1.2e1`, `12`}, {integer, `1200e-2`, `12`}, {integer, `-1.20E+2`, `-120`}, {integer, `0.0`, `0`}, {integer, `-0e5`, `0`},
		{integer, `"12"`, `12`}, {integer, `"-12.0"`, `-12`}, {integer, `"1\u00002"`, `12`}, {integer, `"\u0031"`, `1`},
		{integer, `1.5`, unfit}, {integer, `"1.5"`, unfit}, {integer, `"007"`, unfit}, {integer, `" 1"`, unfit}, {integer, `"+1"`, unfit}, {integer, `""`, unfit},
		{integer, `"x"`, unfit}, {integer, `true`, unfit}, {integer, `{}`, unfit}, {integer, `[1]`, unfit}, {integer, `"1 2"`, unfit},
		{integer, `9223372036854775808`, same}, {integer, `1e63`, "1" + strings.Repeat("0", 63)}, {integer, `1e64`, unfit}, {integer, `1e999999999999`, unfit}, {integer, `1e-999999999999`, unfit},
		{int64s, `9223372036854775807`, same}, {int64s, `-9223372036854775808`, same}, {int64s, `9223372036854775807.0`, `9223372036854775807`},
		{int64s, `9223372036854775808`, unfit}, {int64s, `-9223372036854775809`, unfit}, {int64s, `"9223372036854775808"`, unfit}, {int64s, `1e20`, unfit},
		{`{"type":["integer","null"],"minimum":-9223372036854776000,"maximum":9223372036854776000}`, `9223372036854775808`, unfit},
		{`{"type":["integer","null"],"minimum":-9.3e18,"maximum":9.3e18}`, `9223372036854775808`, unfit},
		{`{"type":["integer","null"],"minimum":-9223372036854776000,"maximum":9223372036854776000}`, `-9223372036854775808`, same},
		{`{"type":["integer","null"],"minimum":-9.3e18,"maximum":9.3e18}`, `9223372036854775807`, same},
		{`{"type":["integer","null"],"minimum":-1.5e1,"maximum":2e1}`, `20`, same}, {`{"type":["integer","null"],"minimum":-1.5e1,"maximum":2e1}`, `21`, unfit},
		{`{"type":["integer","null"],"minimum":0,"maximum":100}`, `101`, unfit},
		{`{"type":["integer","null"],"minimum":0}`, `-1`, same},
		{number, `1.50`, same}, {number, `1E400`, same}, {number, `0.1234567890123456789012345678901234567890`, same}, {number, `12`, same},
		{number, `"1.5"`, `1.5`}, {number, `"1E5"`, `1E5`}, {number, `"1."`, unfit}, {number, `"NaN"`, unfit}, {number, `false`, unfit}, {number, `""`, unfit}, {number, `"-"`, unfit},
		{flag, `true`, same}, {flag, `"true"`, `true`}, {flag, `"false"`, `false`}, {flag, `"True"`, unfit}, {flag, `1`, unfit}, {flag, `"1"`, unfit}, {flag, `{}`, unfit},
		{str, `"x"`, same}, {str, `12.50`, `"12.50"`}, {str, `true`, `"true"`}, {str, `{}`, unfit}, {str, `["a"]`, unfit},
		{object, `{"a":1}`, same}, {object, `"{}"`, unfit}, {object, `[]`, unfit}, {object, `1`, unfit},
		{array, `[1,"a",[{}]]`, same}, {array, `{}`, unfit}, {array, `"a"`, unfit}, {array, `false`, unfit},
		{timestamp, `"2026-01-02T03:04:05+00:00"`, `"2026-01-02T03:04:05.000000Z"`}, {timestamp, `"2026-01-02T03:04:05.000000Z"`, same},
		{timestamp, `1767225600`, unfit}, {timestamp, `"1767225600"`, unfit}, {timestamp, `""`, unfit}, {timestamp, `{}`, unfit}, {timestamp, `true`, unfit},
		{timestamp, `"2026\u002d01-02"`, `"2026-01-02T00:00:00.000000Z"`},

		// What a catalog may contain.
		{`{"type":"string"}`, `1`, `"1"`}, {`{"type":["null","integer"]}`, `"1"`, `1`}, {`{}`, `[1,"x",{"a":1.0}]`, same}, {`true`, `1.0`, same},
		{`{"type":["null","integer"],"title":"x","oneOf":[{"type":"string"}],"readOnly":true}`, `"1"`, `1`}, {`{"type":[]}`, `1.0`, same},
		{`{"type":["string","integer"]}`, `1`, same}, {`{"type":["string","integer"]}`, `1.0`, `"1.0"`}, {`{"type":["integer","string"]}`, `1.0`, `1`}, {`{"type":["integer","string"]}`, `1.5`, `"1.5"`},
		{`{"type":["boolean","integer"]}`, `"true"`, `true`}, {`{"type":["boolean","integer"]}`, `"1"`, `1`}, {`{"type":["integer","number"]}`, `1.0`, same}, {`{"type":["object","array"]}`, `[1]`, same}, {`{"type":"null"}`, `1`, unfit},
		{`{"type":["integer","string"],"format":"date-time"}`, `5`, same}, {`{"type":["integer","string"],"format":"date-time"}`, `"5"`, `5`}, {`{"type":["integer","string"],"format":"date-time"}`, `5.5`, unfit},
		{`{"type":["string","null"],"format":"email"}`, `"x"`, same}, {`{"type":["integer","null"],"format":"date-time"}`, `"5"`, `5`}, {`{"format":"date-time"}`, `"5"`, unfit}, {`{"format":"date-time"}`, `5`, same},
		{`{"type":"integer"}`, `null`, same}, {`{"type":"integer"}`, `"x"`, unfit},
	} {
		want := c.want
		var nulled []conform.Nulled
		switch want {
		case same:
			want = c.value
		case unfit:
			want, nulled = "null", []conform.Nulled{{Column: "v", Field: "v", Reason: conform.BadType}}
			if strings.Contains(c.schema, "date-time") {
				nulled[0].Reason = conform.BadTimestamp
			}
		}
		got, gotNulled := conformOne(t, `"v":`+c.schema, nil, `{"v":`+c.value+`}`)
		if got != `{"v":`+want+`}` || !slices.Equal(gotNulled, nulled) {
			t.Errorf("%s as %s: %s, %v; want %s", c.value, c.schema, got, gotNulled, want)
		}
	}
}

func TestNulled(t *testing.T) {
	const props = `"id":{"type":"integer"},"tags":{"items":{"type":"object","properties":{"name":{"type":"string"},"at":{"type":"string","format":"date-time"}}}},"customer":{"properties":{"a":{"properties":{"b":{"type":"integer"}}}}}`
	got, nulled := conformOne(t, props, nil, `{"tags":[{"name":[]},7,{"at":"soon"},{"name":{}}],"customer":{"a":{"b":"x"}},"id":"y"}`)
	if want := `{"tags":[{"name":null},null,{"at":null},{"name":null}],"customer":{"a":{"b":null}},"id":null}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := []conform.Nulled{
		{Column: "tags", Field: "tags[].name", Reason: conform.BadType},
		{Column: "tags", Field: "tags[]", Reason: conform.BadType},
		{Column: "tags", Field: "tags[].at", Reason: conform.BadTimestamp},
		{Column: "customer", Field: "customer.a.b", Reason: conform.BadType},
		{Column: "id", Field: "id", Reason: conform.BadType},
	}
	if !slices.Equal(nulled, want) {
		t.Errorf("nulled %v, want %v", nulled, want)
	}
	for _, c := range nulled {
		if strings.Contains(c.Reason.String(), "unknown") {
			t.Errorf("%v has no text", c)
		}
	}
}

// The nulled values of one record stay valid after the next.
func TestNulledIsNotReused(t *testing.T) {
	s, err := conform.Compile([]byte(`{"properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, first, _ := s.Append(nil, []byte(`{"a":"x"}`))
	_, second, _ := s.Append(nil, []byte(`{"b":"x"}`))
	if len(first) != 1 || first[0].Column != "a" || len(second) != 1 || second[0].Column != "b" {
		t.Errorf("nulled %v and %v", first, second)
	}
}

func TestStrings(t *testing.T) {
	const kept = "kept"
	for _, c := range []struct{ in, want string }{
		{`plain`, kept}, {`é ж 📦`, kept}, {`\n\t\"\\\/\b`, kept}, {`\u0041\u00e9`, kept}, {`\ud83d\uDE00`, kept}, {`\u0001`, kept}, {`<&>`, kept}, {`\\u0000`, kept}, {"\x7f\u0080", kept},
		{`\u0085\u2028\u2029`, kept}, {`\uffff\uFFFD`, kept}, {"\ufffd", kept},
		{"a\u0085b", `a\u0085b`}, {"\u2028", `\u2028`}, {"\u2029x", `\u2029x`}, {"\u2027\u202a", kept},
		{`a\u0000b`, `ab`}, {`\u0000`, ``}, {`\\\u0000`, `\\`},
		{`\ud83d`, "\uFFFD"}, {`\udE00x`, "\uFFFDx"}, {`\ud83d\ud83d\ude00`, "\uFFFD" + `\ud83d\ude00`}, {`\ud83d\u0041`, "\uFFFD" + `\u0041`}, {`\ud83d\n`, "\uFFFD" + `\n`}, {`\ud83d\u0000\ude00`, "\uFFFD\uFFFD"},
		{"\xff", "\uFFFD"}, {"a\xe2\x80b", "a\uFFFD\uFFFDb"}, {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"}, {"\xc2", "\uFFFD"},
	} {
		want := c.want
		if want == kept {
			want = c.in
		}
		for _, pad := range []string{"", "12345", "1234567", "12345678"} { // eight bytes are tested together
			in, want := `"`+pad+c.in+pad+`"`, `"`+pad+want+pad+`"`
			got, nulled := conformOne(t, `"declared":{"type":"string"},"free":{}`, nil, `{"declared":`+in+`,"free":[{"x":`+in+`}]}`)
			if want := `{"declared":` + want + `,"free":[{"x":` + want + `}]}`; got != want || nulled != nil {
				t.Errorf("%q: %q, %v, want %q", in, got, nulled, want)
			}
		}
	}
	got, _ := conformOne(t, `"free":{}`, nil, `{"free":{"a\u0000\u0062\/":1,"\u2028":2,"`+"\u2029"+`":3,"\ud83d\ude00":4,"\"":5}}`)
	if want := `{"free":{"ab/":1,"\u2028":2,"\u2029":3,"😀":4,"\"":5}}`; got != want {
		t.Errorf("names: %s, want %s", got, want)
	}
}

func TestTooLarge(t *testing.T) {
	const props = `"id":{"type":"string"},"body":{"type":["string","null"]},"meta":{"type":["object","null"],"properties":{"n":{"type":"integer"}}},"unrecognized_fields":{"type":["object","null"]}`
	fits := strings.Repeat("x", conform.MaxField-2)
	got, nulled := conformOne(t, props, nil, `{"body":"`+fits+`"}`)
	if len(got) < conform.MaxField || nulled != nil {
		t.Errorf("%d bytes are left of a body that fits, %v", len(got), nulled)
	}
	large := fits + "x"
	got, nulled = conformOne(t, props, nil, `{"id":"`+large+`","body":"`+large+`","meta":{"n":"x","y":"`+large+`"},"z":"`+large+`"}`)
	if want := `{"id":"` + large + `","body":null,"meta":null,"unrecognized_fields":{"z":null,"meta.n":"x"}}`; got != want {
		t.Errorf("got %d bytes, ending in %s", len(got), got[len(got)-80:])
	}
	want := []conform.Nulled{{Column: "body", Field: "body", Reason: conform.TooLarge}, {Column: "meta", Field: "meta", Reason: conform.TooLarge}, {Column: "unrecognized_fields", Field: "unrecognized_fields", Reason: conform.TooLarge}}
	if !slices.Equal(nulled, want) {
		t.Errorf("nulled %v, want %v", nulled, want)
	}
	// The written size counts.
	if _, nulled = conformOne(t, props, nil, `{"body":"`+fits+strings.Repeat(`\u0000`, 100)+`"}`); nulled != nil {
		t.Errorf("removed characters count: %v", nulled)
	}
}

func TestErrors(t *testing.T) {
	s, err := conform.Compile([]byte(`{"properties":{"a":{}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{"", " ", "null", "[]", `"x"`, "1", "{", `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1}{}`, `{"a":1} x`, `{"a":01}`, `{"a":"\x"}`, "{\"a\":\"\t\"}", `{'a':1}`, "\ufeff{}",
		`{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`} {
		got, nulled, err := s.Append([]byte("before"), []byte(raw))
		if err == nil || string(got) != "before" || nulled != nil {
			t.Errorf("%.40q: %q, %v, %v", raw, got, nulled, err)
		}
	}
	if got, _, err := s.Append([]byte("before"), []byte(`{"a":1}`)); err != nil || string(got) != `before{"a":1}` {
		t.Errorf("after errors: %s, %v", got, err)
	}
}

// An object may have very many members: with a search through all of them for
// each one, this test would take minutes.
func TestManyNames(t *testing.T) {
	const n = 300_000
	var b strings.Builder
	b.WriteString(`{"m":{"0":0`)
	for i := range n {
		fmt.Fprintf(&b, `,"%d":%d`, i, i)
	}
	b.WriteString(`,"7":7,"99999":0}}`)
	got, _ := conformOne(t, `"m":{}`, nil, b.String())
	if !jsontext.Value(got).IsValid() || strings.Count(got, ",") != n-1 {
		t.Errorf("%d commas, and valid: %v", strings.Count(got, ","), jsontext.Value(got).IsValid())
	}
}
