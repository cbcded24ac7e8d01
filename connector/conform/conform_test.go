package conform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"source-gorgias/connector/conform"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A generator makes random schemas, selections and records, mostly awkward ones.
type generator struct {
	*rand.Rand
	nonNull bool // a type without null was used
}

func newGenerator(seed uint64) *generator { return &generator{Rand: rand.New(rand.NewPCG(seed, 1))} }

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

var fieldNames = []string{"id", "a", "b", "c", "email", "tags", "é", `q"`, "x\u2028y", "created_datetime", conform.Unrecognized}

// schema makes the schema of a record or of an object within one.
func (g *generator) schema(depth int) string {
	object := func(extra string) string {
		var props []string
		for _, i := range g.Perm(len(fieldNames))[:g.IntN(5)] {
			props = append(props, quote(fieldNames[i])+":"+g.property(depth+1))
		}
		return fmt.Sprintf(`{%s"properties":{%s}%s}`, extra, strings.Join(props, ","), pick(g, "", "", `,"additionalProperties":true`, `,"additionalProperties":false`, `, "description" : "a \n\u2028 b" `, `,"required":["id","a","zz"]`))
	}
	if depth == 0 {
		return object(pick(g, `"type":"object",`, "", `"type":["null","object"],`))
	}
	return object(pick(g, `"type":["object","null"],`, `"type":["null","object"],`, `"type":["object","string","null"],`, ""))
}

func (g *generator) property(depth int) string {
	if depth < 4 && g.IntN(3) == 0 {
		if g.IntN(2) == 0 {
			return g.schema(depth)
		}
		return fmt.Sprintf(`{"type":["array","null"],"items":%s}`, g.property(depth+1))
	}
	if g.IntN(12) == 0 {
		g.nonNull = true
		return pick(g, `{"type":"integer"}`, `{"type":["string"]}`, `{"type":"string","format":"date-time"}`)
	}
	return pick(g,
		`{"type":["integer","null"]}`,
		`{"type":["integer","null"],"minimum":-9223372036854775808,"maximum":9223372036854775807}`,
		`{"type":["null","integer"],"maximum":9223372036854776000,"minimum":-9.223372036854775808e18}`,
		`{"type":["integer","null"],"minimum":0,"maximum":100}`,
		`{"type":["number","null"]}`,
		`{"type":["string","null"],"title":"x"}`,
		`{"type":["boolean","null"]}`,
		`{"type":["string","null"],"format":"date-time"}`,
		`{"format":"date-time"}`,
		`{"type":["integer","null"],"format":"date-time"}`,
		`{"type":["integer","string","null"],"format":"date-time"}`,
		`{"type":["object","null"]}`,
		`{"type":["object","null"],"additionalProperties":true}`,
		`{"type":["array","null"]}`,
		`{"type":["object","array","null"]}`,
		`{"type":["string","integer","null"]}`,
		`{"type":["null","boolean","integer","number"]}`,
		`{"type":["null","boolean","string"]}`,
		`{"type":"null"}`,
		`{}`, `true`)
}

// keep makes a selection that is the same for the same path.
func (g *generator) keep() func([]string) bool {
	salt, share := g.Uint64(), pick[uint64](g, 0, 0, 1, 3)
	return func(path []string) bool {
		h := fnv.New64a()
		fmt.Fprint(h, salt, path)
		return h.Sum64()%8 >= share
	}
}

func (g *generator) blank() string { return pick(g, "", "", "", " ", "\n\t", " \r") }

// record makes a record: members that the schema may declare, spelled awkwardly.
func (g *generator) record(depth int) string {
	var b strings.Builder
	b.WriteString("{" + g.blank())
	for i := range g.IntN(8) {
		if i > 0 {
			b.WriteString("," + g.blank())
		}
		name := quote(pick(g, fieldNames...))
		if g.IntN(4) == 0 {
			name = pick(g, `"\u0061"`, `"a\u0000"`, `"\u0000id"`, `"\ud800"`, `"\udfff"`, "\"\xff\"", `"\ufffd"`, `"zz"`, `""`, `"\u2028"`, "\"\u2028\"", `"emai\u006C"`, `"\/"`)
		}
		b.WriteString(name + g.blank() + ":" + g.blank() + g.value(depth+1) + g.blank())
	}
	return b.String() + "}"
}

func (g *generator) value(depth int) string {
	switch k := g.IntN(8); {
	case k == 7 && g.IntN(40) == 0: // bounds
		n := conform.MaxDepth - depth + g.IntN(3) - 1
		return pick(g, strings.Repeat("[", n)+strings.Repeat("]", n), strings.Repeat(`{"a":`, n)+"{}"+strings.Repeat("}", n),
			strings.Repeat("7", 4301), "-"+strings.Repeat("7", 4300), strings.Repeat("7", 4301)+".0", `"`+strings.Repeat("7", 4301)+`"`)
	case k == 0 && depth < 5:
		return g.record(depth)
	case k == 1 && depth < 5:
		var parts []string
		for range g.IntN(4) {
			parts = append(parts, g.blank()+g.value(depth+1)+g.blank())
		}
		return "[" + g.blank() + strings.Join(parts, ",") + "]"
	case k < 5:
		return g.text()
	}
	return pick(g, "null", "true", "false", "0", "-0", "1", "12", "12.0", "1.2e1", "1.5", "100e-2", "1E2", "0.0", "-0e99999999999", "1e63", "1e64", "1e99999999999",
		"101", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "9223372036854775807.0",
		"123456789012345678901234567890", "1.00000000000000000000000000000001", "1767225600", "1e-1")
}

func (g *generator) text() string {
	if g.IntN(2) == 0 {
		return `"` + pick(g, "", "x", "12", "12.0", "007", "+1", " 1", "1 ", "1\\u0000", "\\u0031", "-", "1.5", "9223372036854775808", "true", "false", "TRUE", "null", "NaN", "1e5",
			"2026-01-02", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00", "2026-01-02 03:04:05.123456789+0530", "2026-01-02T03:04:05.9999999999-08", "2026-01-02T03:04:05",
			"2026-02-30T00:00:00Z", "0000-00-00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-00:01", "2026-01-02T03:04:05.Z", "2026-01-02\\u005403:04:05Z",
			"2026-01-02T24:00:00Z", "2026-01-02T03:04Z", "2026-01-02 03:04", "2026-01-02T03:04-0700", "2026-01-02T03:04.5", "1767225600", "Fri, 02 Jan 2026 03:04:05 GMT") + `"`
	}
	var b strings.Builder
	for range g.IntN(12) {
		b.WriteString(pick(g, "a", "longer than eight bytes ", "é", "ж", "📦", "€", "\u0085", "\u2028", "\u2029", "\u0080", "\u2027", "\x7f", "\xff", "\xe2\x80", "\xed\xa0\x80", "\ufffd",
			`\u0000`, `\u0001`, `\n`, `\"`, `\\`, `\/`, `\u0085`, `\u2028`, `\ud83d`, `\uDE00`, `\ud83d\ude00`, `\ud83D\u0041`, `\u00e9`, `\\u0000`, "<", "/"))
	}
	return `"` + b.String() + `"`
}

// check conforms one record and compares it with the reference and with what
// must be true of every conformed record.
func check(t *testing.T, schema string, keep func([]string) bool, record string, nonNull bool) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("%s\nschema: %s\nrecord: %q", fmt.Sprintf(format, args...), schema, record)
	}
	s, err := conform.Compile([]byte(schema), keep)
	if err != nil {
		fail("compile: %v", err)
	}
	before := strings.Clone(record)
	got, nulled, err := s.Append([]byte("<"), []byte(record))
	ref := &reference{keep: keep}
	want, wantNulled, wantErr := ref.run([]byte(schema), []byte(record))
	if (err != nil) != (wantErr != nil) {
		fail("error %v, want %v", err, wantErr)
	}
	if record != before {
		fail("the input changed")
	}
	if err != nil {
		if string(got) != "<" || nulled != nil {
			fail("after an error: %q, %v", got, nulled)
		}
		return
	}
	if got = got[1:]; string(got) != want {
		fail("record differs\ngot:  %s\nwant: %s", got, want)
	}
	if !slices.Equal(unordered(nulled), unordered(wantNulled)) {
		fail("nulled %v, want %v", nulled, wantNulled)
	}
	if !jsontext.Value(got).IsValid() {
		fail("a strict decoder rejects %q", got)
	}
	compact := jsontext.Value(bytes.Clone(got))
	if err := compact.Compact(); err != nil || !bytes.Equal(compact, got) {
		fail("not compact: %s, %v", got, err)
	}
	if bytes.ContainsAny(got, "\u0085\u2028\u2029") {
		fail("a line break: %q", got)
	}
	tidy, err := parse(got)
	if err != nil {
		fail("%v", err)
	}
	checkSelection(fail, mustParse(schema), tidy, keep)
	if hasNUL(tidy) {
		fail("a NUL: %q", got)
	}
	if !nonNull {
		checkValid(fail, s.JSON(), got)
	}
	checkFixedPoint(fail, s, ref.hasUnrecognizedColumn(mustParse(schema)), tidy)
}

func mustParse(raw string) *tree {
	t, err := parse([]byte(raw))
	if err != nil {
		panic(err)
	}
	return t
}

func hasNUL(t *tree) bool {
	return t.kind == '"' && strings.Contains(content(t.spelling), "\x00") ||
		slices.ContainsFunc(t.names, func(s string) bool { return strings.Contains(s, "\x00") }) || slices.ContainsFunc(t.children, hasNUL)
}

// checkSelection: the record has exactly the selected columns.
func checkSelection(fail func(string, ...any), schema, record *tree, keep func([]string) bool) {
	var want []string
	if props := schema.get("properties"); props != nil {
		for _, name := range props.names {
			if keep([]string{name}) {
				want = append(want, name)
			}
		}
	}
	got := slices.Sorted(slices.Values(record.names))
	if slices.Sort(want); !slices.Equal(got, want) {
		fail("columns %q, want %q", got, want)
	}
}

// checkValid: the record is valid under the pruned schema.
func checkValid(fail func(string, ...any), schema, record []byte) {
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft7
	if err := c.AddResource("s.json", bytes.NewReader(schema)); err != nil {
		fail("pruned schema: %v: %s", err, schema)
	}
	compiled, err := c.Compile("s.json")
	if err != nil {
		fail("pruned schema: %v: %s", err, schema)
	}
	d := json.NewDecoder(bytes.NewReader(record))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		fail("%v", err)
	}
	if err := compiled.Validate(relaxed(v)); err != nil {
		fail("record is not valid: %v\nrecord: %s\nschema: %s", err, record, schema)
	}
}

// relaxed replaces numbers that the validator cannot compute with by others of
// the same type.
func relaxed(v any) any {
	switch v := v.(type) {
	case json.Number:
		if strings.Contains(string(v), "e999") || strings.Contains(string(v), "e-999") {
			return json.Number("0.5")
		}
	case []any:
		for i := range v {
			v[i] = relaxed(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = relaxed(v[k])
		}
	}
	return v
}

// checkFixedPoint: a conformed record is a fixed point, except that the field
// unrecognized_fields, which is undeclared data now, moves below itself.
func checkFixedPoint(fail func(string, ...any), s *conform.Schema, unrecognized bool, conformed *tree) {
	raw := conformed.encode()
	if unrecognized {
		i := slices.Index(conformed.names, conform.Unrecognized)
		below := &tree{kind: '{'}
		below.add(conform.Unrecognized, conformed.children[i])
		conformed.remove(i)
		conformed.add(conform.Unrecognized, below)
	}
	again, nulled, err := s.Append(nil, []byte(raw))
	if slices.ContainsFunc(nulled, func(n conform.Nulled) bool { return n.Column == conform.Unrecognized && n.Reason == conform.TooDeep }) {
		return // one level below itself
	}
	if err != nil || nulled != nil || string(again) != conformed.encode() {
		fail("conformed again: %s, %v, %v\nwas: %s", again, nulled, err, raw)
	}
}

func checkSeed(t *testing.T, seed uint64) {
	t.Helper()
	g := newGenerator(seed)
	schema, keep, record := g.schema(0), g.keep(), g.record(0)
	defer func() {
		if t.Failed() {
			t.Logf("seed: %d", seed)
		}
	}()
	check(t, schema, keep, record, g.nonNull || strings.Contains(schema, "required"))
}

func TestReference(t *testing.T) {
	for seed := range uint64(5_000) {
		checkSeed(t, seed)
	}
}

func FuzzAppend(f *testing.F) {
	for seed := range uint64(50) {
		g := newGenerator(seed)
		g.schema(0)
		g.keep()
		f.Add(seed, []byte(g.record(0)))
	}
	for _, record := range []string{"", "{", "{}", "[]", "{}{}", `{"a":1,}`, `{"a" 1}`, `{"a":tru}`, `{"a":01}`, `{"a":"\x"}`, `{"a":"\u00"}`, "{\"a\":\"\n\"}", " {} ", "\ufeff{}", `{"a":1 "b":2}`, `{,"a":1}`, `{"a":"\ud83`} {
		f.Add(uint64(7), []byte(record))
	}
	// The seed makes the schema, the selection and a record. The record that the
	// fuzzer mutates is then conformed to the same schema.
	f.Fuzz(func(t *testing.T, seed uint64, record []byte) {
		checkSeed(t, seed)
		g := newGenerator(seed)
		schema, keep := g.schema(0), g.keep()
		check(t, schema, keep, string(record), true)
		conform.Field(record, "id") // does not panic
	})
}
