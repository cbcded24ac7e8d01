package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/streams"
	"source-gorgias/schemas"
)

// TestDrift compares the files, and the embedded schemas, with what would be
// generated.
func TestDrift(t *testing.T) {
	t.Chdir("../..")
	wanted, err := generate(streams.Records())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range wanted {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: run go generate ./...", name)
		}
	}
	for _, record := range streams.Records() {
		if !bytes.Equal(schemas.Of(record), wanted[filepath.Join("schemas", schemas.File(record))]) {
			t.Errorf("Of(%T) is not the generated schema", record)
		}
	}
	names, err := filepath.Glob("schemas/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if wanted[name] == nil {
			t.Errorf("%s belongs to no record", name)
		}
	}
}

// TestEveryRecord checks that every record type has a stream: a type that ends
// with Unrecognized is a record, and no field follows it.
func TestEveryRecord(t *testing.T) {
	generated := map[string]bool{}
	for _, record := range streams.Records() {
		generated[reflect.TypeOf(record).Name()] = true
	}
	names, err := filepath.Glob("../../schemas/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			ends := false
			if fields, ok := spec.Type.(*ast.StructType); ok {
				for i, f := range fields.Fields.List {
					if id, ok := f.Type.(*ast.Ident); ok && id.Name == "Unrecognized" {
						ends = i == len(fields.Fields.List)-1
					}
				}
			}
			if ends != generated[spec.Name.Name] {
				t.Errorf("%s: is generated: %v, ends with Unrecognized: %v", spec.Name.Name, generated[spec.Name.Name], ends)
			}
			return true
		})
	}
}

// TestNullable checks that only the key's fields of a record, at any depth,
// cannot be nil.
func TestNullable(t *testing.T) {
	var check func(at string, typ reflect.Type, root bool)
	check = func(at string, typ reflect.Type, root bool) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice:
			check(at, typ.Elem(), false)
			return
		}
		if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			switch kind := f.Type.Kind(); {
			case f.Anonymous:
				check(at, f.Type, root)
				continue
			case kind == reflect.Pointer, kind == reflect.Slice, kind == reflect.Map:
			case root && (kind == reflect.Int64 || kind == reflect.String):
			default:
				t.Errorf("%s.%s cannot be nil", at, f.Name)
			}
			check(at+"."+f.Name, f.Type, false)
		}
	}
	for _, record := range streams.Records() {
		typ := reflect.TypeOf(record)
		check(typ.Name(), typ, true)
	}
}

// TestDocument generates the schema of a type with one field of every type.
func TestDocument(t *testing.T) {
	t.Chdir("../..")
	type Part struct {
		Flag *bool `json:"flag"`
	}
	type Inner struct {
		Promoted int64 `json:"promoted"`
	}
	type Record struct {
		Name string `json:"name"`
		Inner
		Number  *float64         `json:"number"`
		Instant *time.Time       `json:"instant"`
		Part    *Part            `json:"part"`
		Free    schemas.Object   `json:"free"`
		Words   []string         `json:"words"`
		Parts   []Part           `json:"parts"`
		Frees   []schemas.Object `json:"frees"`
		Nested  [][]string       `json:"nested"`
		Mixed   []any            `json:"mixed"`
	}
	got, err := Document(Record{})
	if err != nil {
		t.Fatal(err)
	}
	const part = `"properties":{"flag":{"type":["boolean","null"]}},"additionalProperties":true`
	want := `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{` +
		`"name":{"type":["string"]},` +
		`"promoted":{"type":["integer"],"minimum":-9223372036854775808,"maximum":9223372036854775807},` +
		`"number":{"type":["number","null"]},` +
		`"instant":{"type":["string","null"],"format":"date-time","airbyte_type":"timestamp_with_timezone"},` +
		`"part":{"type":["object","null"],` + part + `},` +
		`"free":{"type":["object","null"],"additionalProperties":true},` +
		`"words":{"type":["array","null"],"items":{"type":["string","null"]}},` +
		`"parts":{"type":["array","null"],"items":{"type":["object","null"],` + part + `}},` +
		`"frees":{"type":["array","null"],"items":{"type":["object","null"],"description":"An Object is a JSON object with any keys.","properties":{},"additionalProperties":true}},` +
		`"nested":{"type":["array","null"]},` +
		`"mixed":{"type":["array","null"]}` +
		`},"additionalProperties":true}`
	if got := strings.Join(strings.Fields(string(got)), ""); got != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	if _, err := Document(struct {
		Any any `json:"any"`
	}{}); err == nil {
		t.Error("a field of any type has a schema")
	}
}
