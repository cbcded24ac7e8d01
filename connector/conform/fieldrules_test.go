package conform_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"source-gorgias/connector/conform"
)

// fieldRules makes random rules, mostly for fields that the records have.
func (g *generator) fieldRules(records ...*tree) *conform.FieldRules {
	var present [][]string
	var visit func(t *tree, path []string)
	visit = func(t *tree, path []string) {
		for i, kid := range t.children {
			at := path
			if t.kind == '{' {
				at = append(slices.Clone(path), t.names[i])
				present = append(present, at)
			}
			visit(kid, at)
		}
	}
	for _, r := range records {
		visit(r, nil)
	}
	paths := func() (all [][]string) {
		for range g.IntN(4) {
			if g.IntN(3) > 0 && len(present) > 0 {
				all = append(all, pick(g, present...))
				continue
			}
			var path []string
			for range 1 + g.IntN(3) {
				path = append(path, pick(g, append(fieldNames, "zz")...))
			}
			all = append(all, path)
		}
		return all
	}
	return &conform.FieldRules{Exclude: paths(), Hash: paths(), Salt: []byte("salt")}
}

// applyRules applies the rules to a conformed record, one path after the other:
// first it excludes, then it hashes, the deepest paths first.
func applyRules(rules *conform.FieldRules, schema, record *tree, unrecognized bool) {
	visit := func(path []string, do func(in *tree, i int)) {
		declared := schema.get("properties").get(path[0]) != nil
		if path[0] == conform.Unrecognized && len(path) > 1 && path[1] != conform.Unrecognized && schema.get("properties").get(path[1]) != nil {
			visitPath(record, path[1:], do)
		}
		switch in := record.get(conform.Unrecognized); {
		case declared && (!unrecognized || path[0] != conform.Unrecognized || len(path) == 1):
			visitPath(record, path, do)
		case in == nil || !unrecognized:
		case declared:
			visitPath(in, path[1:], do)
		default:
			visitPath(in, path, do)
		}
	}
	column := record.get(conform.Unrecognized)
	if unrecognized {
		forgetHidden(slices.Concat(rules.Exclude, rules.Hash), schema, column)
	}
	full := unrecognized && column != nil && len(column.children) > 0
	for _, path := range rules.Exclude {
		visit(path, (*tree).remove)
	}
	if full && column.kind == '{' && len(column.children) == 0 { // every undeclared field is excluded
		*column = *nullTree()
	}
	deepest := slices.SortedFunc(slices.Values(rules.Hash), func(a, b []string) int { return depthOf(b) - depthOf(a) })
	for i, path := range deepest {
		if slices.ContainsFunc(deepest[:i], func(other []string) bool { return slices.Equal(withoutUnrecognized(other), withoutUnrecognized(path)) }) {
			continue // repeated
		}
		visit(path, func(in *tree, i int) {
			kid := in.children[i]
			text := kid.encode()
			switch kid.kind {
			case 'n':
				return
			case '"':
				text = content(kid.spelling)
			}
			sum := sha256.Sum256([]byte("salt" + text))
			in.children[i] = &tree{kind: '"', spelling: quote(hex.EncodeToString(sum[:]))}
		})
	}
}

// forgetHidden removes what was kept of values that do not fit, if a rule hides
// them or members of them.
func forgetHidden(rules [][]string, schema, column *tree) {
	if column.kind != '{' {
		return
	}
	for i := len(column.names) - 1; i >= 0; i-- {
		at := strings.Split(elementIndex.ReplaceAllString(column.names[i], ""), ".")
		if schema.get("properties").get(at[0]) == nil || at[0] == conform.Unrecognized {
			continue // an undeclared field
		}
		if slices.ContainsFunc(rules, func(rule []string) bool {
			rule = withoutUnrecognized(rule)
			n := min(len(rule), len(at))
			return slices.Equal(rule[:n], at[:n])
		}) {
			column.remove(i)
		}
	}
	if len(column.children) == 0 {
		*column = *nullTree()
	}
}

var elementIndex = regexp.MustCompile(`\[\d+\]`)

// acceptAll makes a schema accept every value at a path.
func acceptAll(schema *tree, path []string) {
	if items := schema.get("items"); items != nil && allows(schema, "array") {
		acceptAll(items, path)
	}
	properties := schema.get("properties")
	if properties == nil {
		return
	}
	switch i := slices.Index(properties.names, path[0]); {
	case i < 0:
	case len(path) > 1:
		acceptAll(properties.children[i], path[1:])
	case !slices.Equal(path, []string{conform.Unrecognized}):
		properties.children[i] = &tree{kind: '{'}
	}
}

// withoutUnrecognized returns a path without the column for undeclared fields.
func withoutUnrecognized(path []string) []string {
	if path[0] == conform.Unrecognized && len(path) > 1 {
		return path[1:]
	}
	return path
}

// depthOf returns the depth of the field, which that column does not add to.
func depthOf(path []string) int {
	if path[0] == conform.Unrecognized && len(path) == 1 {
		return 0
	}
	return len(withoutUnrecognized(path))
}

// visitPath calls do for each member at a path, through arrays.
func visitPath(t *tree, path []string, do func(in *tree, i int)) {
	switch t.kind {
	case '[':
		for _, kid := range t.children {
			visitPath(kid, path, do)
		}
	case '{':
		i := slices.Index(t.names, path[0])
		switch {
		case i < 0:
		case len(path) > 1:
			visitPath(t.children[i], path[1:], do)
		default:
			do(t, i)
		}
	}
}

// TestFieldRules compares records conformed under rules with records conformed
// without them, to which the rules are applied afterwards.
func TestFieldRules(t *testing.T) {
	for seed := range uint64(5_000) {
		g := newGenerator(seed)
		schema, keep, record := g.schema(0), g.keep(), g.record(0)
		plain, err := conform.Compile([]byte(schema), keep)
		if err != nil {
			t.Fatal(err)
		}
		raw, _, err := plain.Append(nil, []byte(record))
		if err != nil {
			t.Fatal(err)
		}
		unrecognized := (&reference{keep: keep}).hasUnrecognizedColumn(mustParse(schema))
		rules := g.fieldRules(mustParse(string(raw)), mustParse(record))
		rules.Hash = slices.DeleteFunc(rules.Hash, func(path []string) bool { return !unrecognized && path[0] == conform.Unrecognized })
		loose := mustParse(schema)
		for _, path := range rules.Hash {
			acceptAll(loose, path)
			if path[0] == conform.Unrecognized && len(path) > 1 {
				acceptAll(loose, path[1:])
			}
		}
		if plain, err = conform.Compile([]byte(loose.encode()), keep); err != nil {
			t.Fatal(err)
		}
		if raw, _, err = plain.Append(nil, []byte(record)); err != nil {
			t.Fatal(err)
		}
		want := mustParse(string(raw))
		ruled, err := rules.Compile([]byte(schema), keep)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := ruled.Append(nil, []byte(record))
		if err != nil {
			t.Fatal(err)
		}
		applyRules(rules, mustParse(schema), want, unrecognized)
		if string(got) != want.encode() {
			t.Fatalf("seed %d\nschema  %s\nrecord  %s\nexcluded %q\nhashed   %q\ngot  %s\nwant %s", seed, schema, record, rules.Exclude, rules.Hash, got, want.encode())
		}
		if !g.nonNull && !strings.Contains(schema, "required") {
			checkValid(func(format string, args ...any) { t.Fatalf("seed %d: "+format, append([]any{seed}, args...)...) }, ruled.JSON(), got)
		}
	}
}

// TestFieldRulesSchema: the schema describes what the rules do.
func TestFieldRulesSchema(t *testing.T) {
	rules := &conform.FieldRules{Exclude: [][]string{{"b"}, {"tags", "name"}, {"free", "x"}}, Hash: [][]string{{"a"}, {"tags", "id"}, {"free", "y"}}, SecretColumns: []string{"free"}}
	s, err := rules.Compile([]byte(`{"type":"object","required":["a","b"],"properties":{
		"a":{"type":["integer","null"],"description":"An \"a\"."},"b":{"type":["string","null"]},
		"tags":{"type":["array","null"],"items":{"type":["object","null"],"properties":{"id":{"type":["integer","null"]},"name":{"type":["string","null"]}}}},
		"free":{"description":"Free.","type":["object","null"],"additionalProperties":true}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"object","required":["a"],"properties":{` +
		`"a":{"description":"A salted SHA-256, in hexadecimal digits, of: An \"a\".","type":["string","null"]},` +
		`"tags":{"type":["array","null"],"items":{"type":["object","null"],"properties":{"id":{"description":"A salted SHA-256, in hexadecimal digits, of: this field","type":["string","null"]}}}},` +
		`"free":{"description":"Secrets in it are masked. Free.","type":["object","null"],"additionalProperties":true}}}`
	if got := string(s.JSON()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestMaskSecrets: members with the name of a secret and strings that look like
// one are masked, and everything else is unchanged.
func TestMaskSecrets(t *testing.T) {
	rules := &conform.FieldRules{SecretColumns: []string{"free", conform.Unrecognized}}
	s, err := rules.Compile([]byte(`{"type":"object","properties":{"free":{"type":["object","null"],"additionalProperties":true},
		"unrecognized_fields":{"type":["object","null"],"additionalProperties":true},"token":{"type":["string","null"]}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for free, want := range map[string]string{
		`{"headers":{"X-Shop":"s3cret","Content-Type":"application/json","Authorization":null}}`: `{"headers":{"X-Shop":"****","Content-Type":"application/json","Authorization":null}}`,
		`{"HEADERS":["a","b"]}`: `{"HEADERS":["****","****"]}`,
		`{"headers":[{"name":"Accept","value":"x"},{"value":"s3cret","name":"X-Key"}]}`:               `{"headers":[{"name":"****","value":"x"},{"value":"****","name":"****"}]}`,
		`{"oauth":{"status":"ok","access_token":"s3cret","token_type":"bearer","expires_in":5}}`:      `{"oauth":{"status":"ok","access_token":"****","token_type":"bearer","expires_in":5}}`,
		`{"accessToken":"s","apiKey":1,"API-KEY":"k","password":""}`:                                  `{"accessToken":"****","apiKey":"****","API-KEY":"****","password":""}`,
		`{"credentials":{"user":"u","nested":[{"a":1,"b":true}]}}`:                                    `{"credentials":{"user":"****","nested":[{"a":"****","b":true}]}}`,
		`{"key":"api_key","value":"s3cret"}`:                                                          `{"key":"api_key","value":"****"}`,
		`{"key":"color","value":"red","public_key":"pk"}`:                                             `{"key":"color","value":"red","public_key":"pk"}`,
		`{"url":"https://jo:s3cret@shop.example/a?id=5&api_key=s3cret&b=c#d"}`:                        `{"url":"https://****@shop.example/a?id=5&api_key=****&b=c#d"}`,
		`{"note":"send Bearer abcdefgh12345 along"}`:                                                  `{"note":"send **** along"}`,
		`{"hook":"https://hooks.slack.com/services/T0/B0/xyz"}`:                                       `{"hook":"https://****"}`,
		`{"shop_name":"acme","keyword":"a","monkey":"b","key_id":"7","tokenised":"c"}`:                `{"shop_name":"acme","keyword":"a","monkey":"b","key_id":"7","tokenised":"c"}`,
		`{"performance":"key_performance_indicators sk_ate sg-1234567890123"}`:                        `{"performance":"key_performance_indicators sk_ate sg-1234567890123"}`,
		`{"jwt_like":"x eyJhbGciOiJI.eyJzdWIiOiIx.c2ln"}`:                                             `{"jwt_like":"****"}`,
		`{"form":"token=abcdefgh123&x=1","at":"https://h/#access_token=abc"}`:                         `{"form":"token=****&x=1","at":"https://h/#access_token=****"}`,
		`{"text":"{\"api_key\": \"abc\", \"n\": [1, 2]}","same":"{\"a\": 1}"}`:                        `{"text":"{\"api_key\":\"****\",\"n\":[1,2]}","same":"{\"a\": 1}"}`,
		`{"accesstoken":"a","refreshtokens":["b"],"clientsecret":"c","sessionid":"d","tokenise":"e"}`: `{"accesstoken":"****","refreshtokens":["****"],"clientsecret":"****","sessionid":"****","tokenise":"e"}`,
		`{"db":"postgres://u:p@ss@host/db","mail":"a@b.example x=1"}`:                                 `{"db":"postgres://****@host/db","mail":"a@b.example x=1"}`,
		`{"escaped":"https:\/\/jo:s3\u0063ret@shop.example\/"}`:                                       `{"escaped":"https://****@shop.example/"}`,
	} {
		got, nulled, err := s.Append(nil, []byte(`{"token":"kept","free":`+free+`,"other":`+free+`,"secret_key":"s3cret"}`))
		if err != nil || nulled != nil {
			t.Fatal(err, nulled)
		}
		if w := `{"token":"kept","free":` + want + `,"unrecognized_fields":{"other":` + want + `,"secret_key":"****"}}`; string(got) != w {
			t.Errorf("got  %s\nwant %s", got, w)
		}
	}
}

// TestMaskSecretsAnywhere puts a secret somewhere in random documents, under the
// name of a secret, and searches the output for every form of it.
func TestMaskSecretsAnywhere(t *testing.T) {
	const secret = "c0rrect+horse/battery"
	rules := &conform.FieldRules{SecretColumns: []string{"free"}}
	s, err := rules.Compile([]byte(`{"type":"object","properties":{"free":{}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(5_000) {
		g := newGenerator(seed)
		value := pick[any](g, secret, []any{secret, 5}, map[string]any{"a": secret}, map[string]any{"b": []any{map[string]any{"c": secret}}})
		var doc any = map[string]any{pick(g, "token", "client_secret", "refreshToken", "X-Api-Key", "Password", "webhook_signature", "stripe_key", "basic_auth", "session_id"): value}
		switch g.IntN(3) {
		case 0:
			doc = map[string]any{"headers": map[string]any{pick(g, "X-Anything", "Cookie", "authorization"): value}}
		case 1:
			doc = map[string]any{"url": "https://" + pick(g, "u:"+url.QueryEscape(secret)+"@h/", "h/?a=1&access_token="+url.QueryEscape(secret), "h/p?signature="+url.QueryEscape(secret)+"&z=1")}
		}
		for range g.IntN(5) {
			doc = pick[any](g, map[string]any{"deep": doc, "x": "y"}, []any{1, doc}, map[string]any{"oauth": doc}, map[string]any{"list": []any{"a", doc}})
		}
		raw, err := json.Marshal(map[string]any{"free": doc})
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := s.Append(nil, raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
			if bytes.Contains(got, []byte(form)) {
				t.Fatalf("seed %d: %s\nof %s", seed, got, raw)
			}
		}
	}
}
