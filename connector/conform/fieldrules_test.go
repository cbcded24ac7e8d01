package conform_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"source-gorgias/connector/conform"
)

// privacy makes up what is not to be shown of records, most of it being there.
func (g *generator) fieldRules(records ...*tree) *conform.FieldRules {
	var there [][]string
	var visit func(t *tree, path []string)
	visit = func(t *tree, path []string) {
		for i, kid := range t.children {
			at := path
			if t.kind == '{' {
				at = append(slices.Clone(path), t.names[i])
				there = append(there, at)
			}
			visit(kid, at)
		}
	}
	for _, r := range records {
		visit(r, nil)
	}
	places := func() (all [][]string) {
		for range g.IntN(4) {
			if g.IntN(3) > 0 && len(there) > 0 {
				all = append(all, pick(g, there...))
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
	return &conform.FieldRules{Exclude: places(), Hash: places(), Salt: []byte("salt")}
}

// conceal does to a shaped record what privacy asks for, one place after the
// other: what is left out first, then the hashes, the deepest first.
func applyRules(v *conform.FieldRules, schema, record *tree, unrecognized bool) {
	visit := func(path []string, do func(in *tree, i int)) {
		declared := schema.get("properties").get(path[0]) != nil
		if path[0] == conform.Unrecognized && len(path) > 1 && schema.get("properties").get(path[1]) != nil {
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
	full := unrecognized && column != nil && len(column.children) > 0
	for _, path := range v.Exclude {
		visit(path, (*tree).remove)
	}
	if full && column.kind == '{' && len(column.children) == 0 { // all that was undeclared is left out
		*column = *nullTree()
	}
	deepest := slices.SortedFunc(slices.Values(v.Hash), func(a, b []string) int { return depthOf(b) - depthOf(a) })
	for i, path := range deepest {
		if slices.ContainsFunc(deepest[:i], func(other []string) bool { return slices.Equal(withoutUnrecognized(other), withoutUnrecognized(path)) }) {
			continue // said twice
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

// loosen lets a place of a schema be anything.
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

// place is a path without the column in which undeclared fields are gathered,
// and below is its depth.
func withoutUnrecognized(path []string) []string {
	if path[0] == conform.Unrecognized && len(path) > 1 {
		return path[1:]
	}
	return path
}

func depthOf(path []string) int {
	if path[0] == conform.Unrecognized && len(path) == 1 {
		return 0
	}
	return len(withoutUnrecognized(path))
}

// find calls do for each member that a path leads to, through lists.
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

// TestPrivacy holds records that are not to be shown as they are against the
// same records shaped without it and concealed afterwards.
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
		v := g.fieldRules(mustParse(string(raw)), mustParse(record))
		v.Hash = slices.DeleteFunc(v.Hash, func(path []string) bool { return !unrecognized && path[0] == conform.Unrecognized })
		loose := mustParse(schema)
		for _, path := range v.Hash {
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
		private, err := v.Compile([]byte(schema), keep)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := private.Append(nil, []byte(record))
		if err != nil {
			t.Fatal(err)
		}
		applyRules(v, mustParse(schema), want, unrecognized)
		if string(got) != want.encode() {
			t.Fatalf("seed %d\nschema  %s\nrecord  %s\nleft out %q\nhashed  %q\ngot  %s\nwant %s", seed, schema, record, v.Exclude, v.Hash, got, want.encode())
		}
		if !g.nonNull && !strings.Contains(schema, "required") {
			checkValid(func(format string, args ...any) { t.Fatalf("seed %d: "+format, append([]any{seed}, args...)...) }, private.JSON(), got)
		}
	}
}

// TestPrivateSchema: the schema says what is done.
func TestFieldRulesSchema(t *testing.T) {
	v := &conform.FieldRules{Exclude: [][]string{{"b"}, {"tags", "name"}, {"free", "x"}}, Hash: [][]string{{"a"}, {"tags", "id"}, {"free", "y"}}, SecretColumns: []string{"free"}}
	s, err := v.Compile([]byte(`{"type":"object","required":["a","b"],"properties":{
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

// TestSecrets: what stands under the name of a secret, or looks like one, is
// masked, and all else is left as it is.
func TestMaskSecrets(t *testing.T) {
	v := &conform.FieldRules{SecretColumns: []string{"free", conform.Unrecognized}}
	s, err := v.Compile([]byte(`{"type":"object","properties":{"free":{"type":["object","null"],"additionalProperties":true},
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
		`{"key":"colour","value":"red","public_key":"pk"}`:                                            `{"key":"colour","value":"red","public_key":"pk"}`,
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

// TestSecretsAnywhere hides a secret at random places of random documents under
// names that tell, and looks for it in what is written, in every form.
func TestMaskSecretsAnywhere(t *testing.T) {
	const secret = "c0rrect+horse/battery"
	v := &conform.FieldRules{SecretColumns: []string{"free"}}
	s, err := v.Compile([]byte(`{"type":"object","properties":{"free":{}}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(5_000) {
		g := newGenerator(seed)
		hidden := pick[any](g, secret, []any{secret, 5}, map[string]any{"a": secret}, map[string]any{"b": []any{map[string]any{"c": secret}}})
		var doc any = map[string]any{pick(g, "token", "client_secret", "refreshToken", "X-Api-Key", "Password", "webhook_signature", "stripe_key", "basic_auth", "session_id"): hidden}
		switch g.IntN(3) {
		case 0:
			doc = map[string]any{"headers": map[string]any{pick(g, "X-Anything", "Cookie", "authorization"): hidden}}
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
