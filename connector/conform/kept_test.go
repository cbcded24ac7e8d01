package conform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"source-gorgias/connector/conform"

	"github.com/go-json-experiment/json/jsontext"
)

const keptSchema = `{"type":"object","properties":{
	"id":{"type":["integer"]},"score":{"type":["integer","null"]},"at":{"type":["string","null"],"format":"date-time"},"flag":{"type":["boolean","null"]},"meta":{"type":["object","null"]},
	"customer":{"type":["object","null"],"properties":{"email":{"type":["string","null"]},"data":{"type":["object","null"]},"address":{"type":["object","null"],"properties":{"zip":{"type":["integer","null"]}}}}},
	"tags":{"type":["array","null"],"items":{"type":["object","null"],"properties":{"name":{"type":["string","null"]},"at":{"type":["array","null"],"items":{"type":["string","null"],"format":"date-time"}}}}},
	"unrecognized_fields":{"type":["object","null"]}}}`

// A value that does not fit is kept under its path, and reported unless it may
// be anything.
func TestUnfitValuesAreKept(t *testing.T) {
	s, err := conform.Compile([]byte(keptSchema), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ record, kept, fields string }{
		{`"score":4.5`, `"score":4.5`, "score"},
		{`"score":"good"`, `"score":"good"`, "score"},
		{`"score":{"value": [ 5 ]}`, `"score":{"value":[5]}`, "score"},
		{`"at":"yesterday"`, `"at":"yesterday"`, "at"},
		{`"at":1767225600`, `"at":1767225600`, "at"},
		{`"flag":"a\u0000b\ud800"`, `"flag":"ab` + "\uFFFD" + `"`, "flag"},
		{`"customer":["a"]`, `"customer":["a"]`, "customer"},
		{`"customer":{"email":{"x":1,"x":2},"address":{"zip":"SW1"}}`, `"customer.email":{"x":2},"customer.address.zip":"SW1"`, "customer.email customer.address.zip"},
		{`"tags":[{"name":"a"},{"name":["b"],"at":["2026-01-02T03:04","soon"]},7]`, `"tags[1].name":["b"],"tags[1].at[1]":"soon","tags[2]":7`, "tags[].name tags[].at[] tags[]"},
		{`"meta":["a",1]`, `"meta":["a",1]`, ""},
		{`"meta":"tier-1"`, `"meta":"tier-1"`, ""},
		{`"meta":true`, `"meta":true`, ""},
		{`"customer":{"data":7}`, `"customer.data":7`, ""},
		{`"other":1,"score":[]`, `"other":1,"score":[]`, "score"},
		{`"score":[],"other":1`, `"other":1,"score":[]`, "score"},
		{`"customer.email":1,"customer":{"email":[]}`, `"customer.email":1,"customer.email_":[]`, "customer.email"},
	} {
		got, nulled, err := s.Append(nil, []byte(`{`+c.record+`}`))
		if err != nil {
			t.Fatal(err)
		}
		if want := `"unrecognized_fields":{` + c.kept + `}`; !strings.Contains(string(got), want) {
			t.Errorf("%s: %s, want %s", c.record, got, want)
		}
		var fields []string
		for _, n := range nulled {
			fields = append(fields, n.Field)
		}
		if strings.Join(fields, " ") != c.fields {
			t.Errorf("%s: reported %q, want %q", c.record, fields, c.fields)
		}
	}
}

// Without the column nothing is kept, and all that is lost is reported.
func TestNothingIsKeptWithoutTheColumn(t *testing.T) {
	s, err := conform.Compile([]byte(keptSchema), without(conform.Unrecognized))
	if err != nil {
		t.Fatal(err)
	}
	got, nulled, err := s.Append(nil, []byte(`{"score":"lost-1","meta":["lost-2"],"at":"lost-3","other":"lost-4"}`))
	if err != nil || strings.Contains(string(got), "lost") || len(nulled) != 3 {
		t.Errorf("%s, %v, %v", got, nulled, err)
	}
}

// What is hidden in a value that fits does not show in one that does not,
// whatever its form.
func TestKeptValuesHideWhatIsHidden(t *testing.T) {
	const secret = "jo@example.net"
	values := []string{`"` + secret + `"`, `["` + secret + `"]`, `[{"email":"` + secret + `"}]`, `{"email":"` + secret + `"}`, `"{\"email\":\"` + secret + `\"}"`, `[[{"name":"` + secret + `"}]]`}
	for _, c := range []struct {
		place string   // in the record, %s is the value
		paths []string // each of them hides the value
	}{
		{`"score":%s`, []string{"score", "unrecognized_fields.score", "unrecognized_fields"}},
		{`"score":%s`, []string{"score.email", "unrecognized_fields.score.email"}},
		{`"at":%s`, []string{"at"}},
		{`"meta":%s`, []string{"meta", "meta.email"}},
		{`"customer":%s`, []string{"customer", "customer.email", "customer.address.zip", "customer.undeclared", "unrecognized_fields.customer.email"}},
		{`"customer":{"data":%s}`, []string{"customer", "customer.data", "customer.data.email"}},
		{`"tags":%s`, []string{"tags", "tags.name"}},
		{`"tags":[1,%s]`, []string{"tags", "tags.name"}},
		{`"tags":[{"at":[%s]}]`, []string{"tags", "tags.at"}},
	} {
		for _, path := range c.paths {
			for _, value := range values {
				for _, rules := range []*conform.FieldRules{{Exclude: [][]string{strings.Split(path, ".")}}, {Hash: [][]string{strings.Split(path, ".")}}} {
					s, err := rules.Compile([]byte(keptSchema), nil)
					if err != nil {
						t.Fatal(err)
					}
					record := `{` + fmt.Sprintf(c.place, value) + `}`
					got, _, err := s.Append(nil, []byte(record))
					_, kept, _ := strings.Cut(string(got), `"unrecognized_fields":`)
					if err != nil || strings.Contains(kept, secret) {
						t.Errorf("%+v: %s became %s, %v", rules, record, got, err)
					}
				}
			}
		}
	}
	s, err := conform.Compile([]byte(keptSchema), without("customer.email"))
	if err != nil {
		t.Fatal(err)
	}
	if got, nulled, _ := s.Append(nil, []byte(`{"customer":["`+secret+`"]}`)); strings.Contains(string(got), secret) || len(nulled) != 1 {
		t.Errorf("deselected: %s, %v", got, nulled)
	}
}

// Secrets are masked in what is kept, too.
func TestKeptValuesAreMasked(t *testing.T) {
	rules := &conform.FieldRules{SecretColumns: []string{"meta", "customer"}}
	s, err := rules.Compile([]byte(keptSchema), nil)
	if err != nil {
		t.Fatal(err)
	}
	for record, want := range map[string]string{
		`"meta":[{"api_key":"s3cret"},"https://u:s3cret@h/"]`:             `{"meta":[{"api_key":"****"},"https://****@h/"]}`,
		`"meta":"{\"token\":\"s3cret\",\"token\":\"s3cret\"}"`:            `{"meta":"{\"token\":\"****\"}"}`,
		`"meta":"{\"a\":{\"token\":\"\"},\"a\":\"https://u:s3cret@h/\"}"`: `{"meta":"{\"a\":\"https://****@h/\"}"}`,
		`"customer":{"address":{"zip":{"password":"s3cret"}}}`:            `{"customer.address.zip":{"password":"****"}}`,
		`"customer":{"address":{"zip":["Bearer s3cret-s3cret"]}}`:         `{"customer.address.zip":["****"]}`,
	} {
		got, _, err := s.Append(nil, []byte(`{`+record+`}`))
		if err != nil || !strings.Contains(string(got), `"unrecognized_fields":`+want) || strings.Contains(string(got), "s3cret") {
			t.Errorf("%s: %s, %v, want %s", record, got, err, want)
		}
	}
}

// What destinations cannot read becomes null, at every place.
func TestBounds(t *testing.T) {
	s, err := conform.Compile([]byte(keptSchema), nil)
	if err != nil {
		t.Fatal(err)
	}
	nest := func(n int) string { return strings.Repeat(`[{"x":`, n/2) + "7" + strings.Repeat(`}]`, n/2) }
	long := strings.Repeat("7", 4301)
	for _, c := range []struct {
		record string
		want   []conform.Nulled
	}{
		{`"meta":{"x":` + nest(conform.MaxDepth-2) + `}`, nil},
		{`"meta":{"x":` + nest(conform.MaxDepth) + `}`, []conform.Nulled{{Column: "meta", Field: "meta", Reason: conform.TooDeep}}},
		{`"meta":{"x":` + nest(1200) + `}`, []conform.Nulled{{Column: "meta", Field: "meta", Reason: conform.TooDeep}}},
		{`"other":` + nest(1200), []conform.Nulled{{Column: "unrecognized_fields", Field: "unrecognized_fields", Reason: conform.TooDeep}}},
		{`"tags":[` + nest(9000) + `]`, []conform.Nulled{{Column: "tags", Field: "tags", Reason: conform.TooDeep}, {Column: "tags", Field: "tags[]", Reason: conform.BadType}}},
		{`"meta":` + nest(9000), []conform.Nulled{{Column: "meta", Field: "meta", Reason: conform.TooDeep}}},
		{`"meta":{"x":` + long[1:] + `,"y":-` + long[1:] + `,"z":` + long + `.5}`, nil},
		{`"meta":{"x":[` + long + `]}`, []conform.Nulled{{Column: "meta", Field: "meta", Reason: conform.TooLarge}}},
		{`"score":` + long, []conform.Nulled{{Column: "score", Field: "score", Reason: conform.TooLarge}}},
		{`"customer":{"address":{"zip":-` + long + `}}`, []conform.Nulled{{Column: "customer", Field: "customer.address.zip", Reason: conform.TooLarge}}},
		{`"other":{"x":` + long + `}`, []conform.Nulled{{Column: "unrecognized_fields", Field: "unrecognized_fields", Reason: conform.TooLarge}}},
	} {
		got, nulled, err := s.Append(nil, []byte(`{"id":1,`+c.record+`}`))
		if err != nil || !slices.Equal(nulled, c.want) {
			t.Errorf("%.40s…: %v, %v, want %v", c.record, nulled, err, c.want)
		}
		if depth := depthOfJSON(string(got)); depth > conform.MaxDepth || len(c.want) > 0 && strings.Contains(string(got), long) {
			t.Errorf("%.40s…: %d levels", c.record, depth)
		}
	}
}

func depthOfJSON(text string) (deepest int) {
	depth := 0
	for _, c := range text {
		switch c {
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth--
		}
	}
	return deepest
}

// The largest columns of a record that is too large become null, and no more of
// them than needed.
func TestMaxRecord(t *testing.T) {
	var props, members []string
	sizes := []int{3_000_000, 9_900_000, 9_900_001, 9_900_000, 9_900_000, 9_900_002, 10}
	for i, size := range sizes {
		props = append(props, fmt.Sprintf(`"c%d":{"type":["string"%s]}`, i, map[bool]string{true: "", false: `,"null"`}[i == 5]))
		members = append(members, fmt.Sprintf(`"c%d":%q`, i, strings.Repeat("x", size)))
	}
	got, nulled := conformOne(t, strings.Join(props, ","), nil, `{`+strings.Join(members, ",")+`}`)
	var fields []string
	for _, n := range nulled {
		fields = append(fields, n.Field+" "+n.Reason.String())
	}
	if want := []string{"c2 is too large", "c1 is too large"}; !slices.Equal(fields, want) {
		t.Errorf("nulled %q, want %q", fields, want)
	}
	if !jsontext.Value(got).IsValid() || len(got) > conform.MaxRecord || len(got) < conform.MaxRecord-10_000_000 || !strings.HasPrefix(got, `{"c0":"xxx`) || !strings.HasSuffix(got, `,"c6":"xxxxxxxxxx"}`) {
		t.Errorf("%d bytes", len(got))
	}
}

// Of the fields that are kept together, the largest become null. There may be
// very many: with a search for each one, this test would take hours.
func TestLargeUnrecognizedFields(t *testing.T) {
	var b strings.Builder
	for i := range 400_000 {
		fmt.Fprintf(&b, `,"f%d":"%030d"`, i, i)
	}
	got, nulled := conformOne(t, `"unrecognized_fields":{"type":["object","null"]}`, nil, `{"first":"`+strings.Repeat("x", 1000)+`"`+b.String()+`}`)
	if len(got) > conform.MaxField+100 || len(got) < conform.MaxField-100 || !strings.Contains(got, `"first":null`) || !strings.Contains(got, `"f399999":"0`) || !jsontext.Value(got).IsValid() {
		t.Errorf("%d bytes", len(got))
	}
	if want := []conform.Nulled{{Column: conform.Unrecognized, Field: conform.Unrecognized, Reason: conform.TooLarge}}; !slices.Equal(nulled, want) {
		t.Errorf("nulled %v", nulled)
	}
}

// Integer reads the values that stand for one integer of 64 bits, and no others.
func TestInteger(t *testing.T) {
	for value, want := range map[string]string{`12`: "12", `-7`: "-7", `0`: "0", `"12"`: "12", `12.0`: "12", `1.2e1`: "12", `"12.0"`: "12", `9223372036854775807`: "9223372036854775807", `"\u0031"`: "1"} {
		if got, ok := conform.Integer([]byte(value)); !ok || string(got) != want {
			t.Errorf("%s: %s, %v", value, got, ok)
		}
	}
	for _, value := range []string{``, `null`, `"abc"`, `""`, `1.5`, `"1.5"`, `1180591620717411303424`, `9223372036854775808`, `-9223372036854775809`, `1e30`, `{"id":1}`, `[1]`, `true`, `false`, `" 1"`, `"007"`, `"+1"`, `"NaN"`} {
		if got, ok := conform.Integer([]byte(value)); ok {
			t.Errorf("%s was read as %s", value, got)
		}
	}
}
