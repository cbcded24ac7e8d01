package conform_test

import (
	"slices"
	"strings"
	"testing"

	"source-gorgias/connector/conform"
)

func TestCompileErrors(t *testing.T) {
	for schema, want := range map[string]string{
		``:                                    "not valid JSON",
		`{"type":"object",}`:                  "not valid JSON",
		`{"properties":{"a":{},"a":{}}}`:      "repeated",
		`[]`:                                  "not an object",
		`{"type":"string"}`:                   "a record is an object",
		`{"properties":[]}`:                   "properties is not an object",
		`{"properties":{"a":{"type":7}}}`:     "a: type is neither",
		`{"properties":{"a":{"type":"int"}}}`: `a: unknown type "int"`,
		`{"properties":{"a":{"items":{"properties":{"b":{"type":["x"]}}}}}}`: `a[].b: unknown type "x"`,
		`{"properties":{"a":{},"a\u0000":{}}}`:                               "declared twice",
	} {
		if _, err := conform.Compile([]byte(schema), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", schema, err, want)
		}
	}
}

func TestKeepCalledOnce(t *testing.T) {
	var called []string
	keep := func(path []string) bool {
		called = append(called, strings.Join(path, "."))
		path[0] = "overwritten"
		return !strings.HasSuffix(called[len(called)-1], "gone")
	}
	_, err := conform.Compile([]byte(`{"properties":{"a":{"properties":{"b":{"properties":{"c":{}}},"gone":{"properties":{"d":{}}}}},"l":{"items":{"properties":{"e":{}}}}}}`), keep)
	if want := []string{"a", "a.b", "a.b.c", "a.gone", "l"}; err != nil || !slices.Equal(called, want) {
		t.Errorf("keep was called for %q, want %q; %v", called, want, err)
	}
}

func TestSchema(t *testing.T) {
	for _, c := range []struct {
		keep         func([]string) bool
		schema, want string
	}{
		{nil, " {\n \"type\" : \"object\",\"x\":1.0, \"properties\" : { \"b\" : { } , \"a\":true } }\n", `{"type":"object","x":1.0,"properties":{"b":{},"a":true}}`},
		{without("a"), `{"required":["a","b"],"properties":{"b":{},"a":{}},"z":[{"a": 1}]}`, `{"required":["b"],"properties":{"b":{}},"z":[{"a":1}]}`},
		{without("a.b"), `{"properties":{"a":{"type":["object","null"],"properties":{"b":{},"c":{"description":"x\ny"}},"additionalProperties":true}}}`, `{"properties":{"a":{"type":["object","null"],"properties":{"c":{"description":"x\ny"}},"additionalProperties":true}}}`},
		{without("a.b", "a.c"), `{"properties":{"a":{"required":true,"properties":{"b":{},"c":{}}}}}`, `{"properties":{"a":{"required":true,"properties":{}}}}`},
		{without("a"), "{\"description\":\"\u2028\",\"properties\":{\"a\":{},\"l\":{\"items\":{\"properties\":{\"a\":{}}}}}}", `{"description":"\u2028","properties":{"l":{"items":{"properties":{"a":{}}}}}}`},
	} {
		s, err := conform.Compile([]byte(c.schema), c.keep)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(s.JSON()); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
