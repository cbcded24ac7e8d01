package conform_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/conform"
)

const (
	flatInteger = `{"type":["integer","null"],"minimum":-9223372036854775808,"maximum":9223372036854775807}`
	flatPerson  = `{"type":["object","null"],"properties":{"id":` + flatInteger + `,"email":{"type":["string","null"]}},"additionalProperties":true}`
	flatSchema  = `{"type":"object","properties":{"id":{"type":["integer"]},"customer":` + flatPerson + `,"user":` + flatPerson + `,
		"customer_id":` + flatInteger + `,"user_id":` + flatInteger + `,"unrecognized_fields":{"type":["object","null"]}}}`
)

// TestFlatKeys: the id of an object is in its column, whatever becomes of the object,
// and what privacy does to the id it does to the column.
func TestFlatKeys(t *testing.T) {
	path := func(text string) [][]string { return [][]string{strings.Split(text, ".")} }
	const hash7 = `"2ab204d76cdcec4609d290441fed2eec4186d288ca47c40cc7dd661a0de1b0d0"`
	for _, c := range []struct {
		name, record  string
		exclude, hash string
		deselected    string
		want          string // customer_id; "" if there is no such column
	}{
		{name: "id", record: `{"customer":{"id":7,"email":"a"}}`, want: "7"},
		{name: "not the first member", record: `{"customer":{"email":"a","meta":{"id":8}, "id" : 7 }}`, want: "7"},
		{name: "spaces", record: "{ \"customer\" : {\n\"id\"\t:\n7\n} }", want: "7"},
		{name: "name with an escape", record: `{"customer":{"\u0069d":7}}`, want: "7"},
		{name: "beyond 2^53", record: `{"customer":{"id":9007199254740993}}`, want: "9007199254740993"},
		{name: "a text", record: `{"customer":{"id":"7"}}`, want: "7"},
		{name: "no id", record: `{"customer":{"email":"a"}}`, want: "null"},
		{name: "null id", record: `{"customer":{"id":null}}`, want: "null"},
		{name: "null", record: `{"customer":null}`, want: "null"},
		{name: "absent", record: `{}`, want: "null"},
		{name: "a list", record: `{"customer":[{"id":7}]}`, want: "null"},
		{name: "no integer", record: `{"customer":{"id":"x"}}`, want: "null"},
		{name: "repeated object", record: `{"customer":{"id":6},"customer":{"id":7}}`, want: "7"},
		{name: "repeated id", record: `{"customer":{"id":6,"id":7}}`, want: "7"},
		{name: "own field", record: `{"customer":{"id":6},"customer_id":7}`, want: "7"},
		{name: "of another object", record: `{"user":{"id":6},"customer":{"id":7}}`, want: "7"},
		{name: "deselected object", record: `{"customer":{"id":6,"id":7}}`, deselected: "customer", want: "7"},
		{name: "deselected id", record: `{"customer":{"id":7}}`, deselected: "customer.id", want: "7"},
		{name: "deselected column", record: `{"customer":{"id":7}}`, deselected: "customer_id"},
		{name: "excluded object", record: `{"customer":{"id":7}}`, exclude: "customer"},
		{name: "excluded id", record: `{"customer":{"id":7}}`, exclude: "customer.id"},
		{name: "excluded column", record: `{"customer":{"id":7}}`, exclude: "customer_id"},
		{name: "excluded as a field that is not declared", record: `{"customer":{"id":7}}`, exclude: "unrecognized_fields.customer.id"},
		{name: "other member excluded", record: `{"customer":{"id":7}}`, exclude: "customer.email", want: "7"},
		{name: "hashed object", record: `{"customer":{"id":7}}`, hash: "customer", want: hash7},
		{name: "hashed id", record: `{"customer":{"id":7}}`, hash: "customer.id", want: hash7},
		{name: "hashed column", record: `{"customer":{"id":7}}`, hash: "customer_id", want: hash7},
		{name: "other member hashed", record: `{"customer":{"id":7}}`, hash: "customer.email", want: "7"},
		{name: "excluded and hashed", record: `{"customer":{"id":7}}`, exclude: "customer", hash: "customer.id"},
		{name: "hashed and deselected", record: `{"customer":{"id":7}}`, hash: "customer", deselected: "customer", want: hash7},
		{name: "excluded and deselected", record: `{"customer":{"id":7}}`, exclude: "customer", deselected: "customer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := &conform.FieldRules{FlatKeys: []string{"customer", "user", "team"}, Salt: []byte("salt")}
			if c.exclude != "" {
				rules.Exclude = path(c.exclude)
			}
			if c.hash != "" {
				rules.Hash = path(c.hash)
			}
			s, err := rules.Compile([]byte(flatSchema), func(path []string) bool { return strings.Join(path, ".") != c.deselected })
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the schema keeps nothing of a record
				out, nulled, err := s.Append(nil, []byte(c.record))
				if err != nil {
					t.Fatal(err)
				}
				value, ok := conform.Field(out, "customer_id")
				if string(value) != c.want || ok != (c.want != "") {
					t.Errorf("customer_id is %s in %s, want %s", value, out, c.want)
				}
				if kept, _ := conform.Field(out, conform.Unrecognized); strings.Contains(string(kept), "customer_id") || len(nulled) > 1 {
					t.Errorf("reported more than once: %s, %v", out, nulled)
				}
				if !json.Valid(out) {
					t.Errorf("no JSON: %s", out)
				}
			}
			columns, _ := conform.Field(s.JSON(), "properties")
			declared, ok := conform.Field(columns, "customer_id")
			if ok != (c.want != "") || ok && c.want == hash7 != strings.Contains(string(declared), "SHA-256") {
				t.Errorf("the schema declares %s", declared)
			}
		})
	}
}

// TestFlatKeyOfUndeclaredObject: a catalog that lacks the object still has its id.
func TestFlatKeyOfUndeclaredObject(t *testing.T) {
	schema := `{"type":"object","properties":{"customer_id":` + flatInteger + `,"unrecognized_fields":{"type":["object","null"]}}}`
	s, err := (&conform.FieldRules{FlatKeys: []string{"customer"}}).Compile([]byte(schema), nil)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := s.Append(nil, []byte(`{"customer":{"id":7}}`))
	if want := `{"customer_id":7,"unrecognized_fields":{"customer":{"id":7}}}`; err != nil || string(out) != want {
		t.Errorf("%s, %v; want %s", out, err, want)
	}
}

// BenchmarkFlatKeys measures messages with and without the columns for their two
// people in turns, and reports how much more the columns cost.
func BenchmarkFlatKeys(b *testing.B) {
	page := messages(100)
	columns := fmt.Sprintf(`"sender_id":%s,"receiver_id":%s,"unrecognized_fields"`, flatInteger, flatInteger)
	schema := []byte(strings.Replace(messageSchema, `"unrecognized_fields"`, columns, 1))
	compile := func(keys ...string) *conform.Schema {
		s, err := (&conform.FieldRules{FlatKeys: keys}).Compile(schema, nil)
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	with, without := compile("sender", "receiver"), compile()
	var dst []byte
	var spent [2]time.Duration
	for b.Loop() {
		start := time.Now()
		dst = appendAll(b, with, dst, page)
		middle := time.Now()
		dst = appendAll(b, without, dst, page)
		spent[0], spent[1] = spent[0]+middle.Sub(start), spent[1]+time.Since(middle)
	}
	b.ReportMetric(100*float64(spent[0]-spent[1])/float64(spent[1]), "%-more")
}
