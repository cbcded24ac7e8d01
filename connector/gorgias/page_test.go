package gorgias

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
)

func TestParsePage(t *testing.T) {
	limit3 := url.Values{"limit": {"3"}}
	for _, test := range []struct {
		pageRequest
		body    string
		records int
		next    string
		wantErr string // a part of the error
	}{
		{pageRequest{envelope: CursorList}, `{"data":[],"meta":{"next_cursor":null}}`, 0, "", ""},
		{pageRequest{envelope: CursorList}, ` {"object":"list","uri":"x","data":[{"a":[{}]}, {}],"meta":{"prev_cursor":"p","next_cursor":"W=&","total_resources":null}} `, 2, "cursor=W%3D%26", ""},
		{pageRequest{envelope: CursorList}, `{"meta":{"next_cursor":"\u0061"},"data":[]}`, 0, "cursor=a", ""},
		{pageRequest{envelope: CursorList, token: "cursor=a"}, `{"data":[],"meta":{"next_cursor":"b"}}`, 0, "cursor=b", ""},
		{pageRequest{envelope: CursorList, token: "cursor=a"}, `{"data":[],"meta":{"next_cursor":"a"}}`, 0, "", "names itself"},
		{pageRequest{envelope: CursorList}, `{"data":[],"meta":{"next_cursor":""}}`, 0, "", "no meta.next_cursor"},
		{pageRequest{envelope: CursorList}, `{"data":[],"meta":{"next_cursor":7}}`, 0, "", "no meta.next_cursor"},
		{pageRequest{envelope: CursorList}, `{"data":[],"meta":{}}`, 0, "", "no meta.next_cursor"},
		{pageRequest{envelope: CursorList}, `{"data":[],"meta":{"next_items":null}}`, 0, "", "no meta.next_cursor"},
		{pageRequest{envelope: CursorList}, `{"data":[],"meta":null}`, 0, "", "meta"},
		{pageRequest{envelope: CursorList}, `{"data":[],"meta":[]}`, 0, "", "meta"},
		{pageRequest{envelope: CursorList}, `{"data":[]}`, 0, "", "no meta.next_cursor"},
		{pageRequest{envelope: CursorList}, `{"data":[],"data":[],"meta":{"next_cursor":null}}`, 0, "", "data"},
		{pageRequest{envelope: CursorList}, `{"data":[],"meta":{"next_cursor":null},"meta":{"next_cursor":null}}`, 0, "", "meta"},
		{pageRequest{envelope: CursorList}, `{"data":[],"meta":{"next_cursor":null},"meta":{}}`, 0, "", "meta"},
		{pageRequest{envelope: CursorList}, `{"data":[],"meta":{"next_cursor":null,"next_cursor":"b"}}`, 0, "", "repeated meta.next_cursor"},
		{pageRequest{envelope: CursorList}, `{"data":null,"meta":{"next_cursor":null}}`, 0, "", "expected a list"},
		{pageRequest{envelope: CursorList}, `{"data":{},"meta":{"next_cursor":null}}`, 0, "", "expected a list"},
		{pageRequest{envelope: CursorList}, `{"data":[{},7],"meta":{"next_cursor":null}}`, 0, "", "expected a list of objects"},
		{pageRequest{envelope: CursorList}, `{"data":[null],"meta":{"next_cursor":null}}`, 0, "", "expected a list of objects"},
		{pageRequest{envelope: CursorList}, `{"meta":{"next_cursor":null}}`, 0, "", "no data"},
		{pageRequest{envelope: CursorList}, `{"error":{"msg":"Too many requests."}}`, 0, "", "no data"},
		{pageRequest{envelope: CursorList}, `{"data":[],"meta":{"next_cursor":null}}{}`, 0, "", "more than one"},
		{pageRequest{envelope: CursorList}, `{"data":[],"meta":{"next_cursor":null}}x`, 0, "", "not complete JSON"},
		{pageRequest{envelope: CursorList}, `{"data":[{],"meta":{"next_cursor":null}}`, 0, "", "not complete JSON"},
		{pageRequest{envelope: CursorList}, `{"data":[{}],"meta":{"next_cursor":null}`, 0, "", "not complete JSON"},
		{pageRequest{envelope: CursorList}, ``, 0, "", "not complete JSON"},
		{pageRequest{envelope: CursorList}, `null`, 0, "", "expected an object"},
		{pageRequest{envelope: CursorList}, `"data"`, 0, "", "expected an object"},
		{pageRequest{envelope: CursorList}, "{\"data\":[{\"a\":\"\xff\\ud800\",\"a\":1}],\"meta\":{\"next_cursor\":null}}", 1, "", ""},

		{pageRequest{envelope: CursorList, query: limit3}, `[{},{}]`, 2, "", ""},
		{pageRequest{envelope: CursorList, query: limit3}, `[{},{},{}]`, 0, "", "whether there are more"},
		{pageRequest{envelope: CursorList}, `[{}]`, 0, "", "whether there are more"},
		{pageRequest{envelope: PlainList}, `[{},{},{}]`, 3, "", ""},
		{pageRequest{envelope: PlainList, query: limit3}, `[{},{},{}]`, 0, "", "whether there are more"},
		{pageRequest{envelope: LinkList, query: limit3}, `[]`, 0, "", "expected an object"},
		{pageRequest{envelope: SingleObject}, `[]`, 0, "", "expected an object"},
		{pageRequest{envelope: PlainList}, `[7]`, 0, "", "expected a list of objects"},

		{pageRequest{envelope: PlainList}, `{"data":[{}]}`, 1, "", ""},
		{pageRequest{envelope: PlainList}, `{"data":[{}],"meta":null}`, 1, "", ""},
		{pageRequest{envelope: PlainList}, `{"data":[{}],"meta":{"next_cursor":null}}`, 1, "", ""},
		{pageRequest{envelope: PlainList}, `{"data":[{}],"meta":{"next_cursor":"a"}}`, 0, "", "more pages"},
		{pageRequest{envelope: PlainList}, `{"data":[{}],"meta":{"next_items":"a"}}`, 0, "", "more pages"},

		{pageRequest{envelope: LinkList}, `{"data":[{}],"meta":{"next_items":null,"prev_items":"x","current_cursor":"c"}}`, 1, "", ""},
		{pageRequest{envelope: LinkList}, `{"data":[{}],"meta":{"next_items":"/api/views/1/items/?direction=next&ignored_item=82&cursor=M%3D"}}`, 1, "cursor=M%3D&direction=next&ignored_item=82", ""},
		{pageRequest{envelope: LinkList, query: limit3}, `{"data":[{}],"meta":{"next_items":"https://evil.example/x?cursor=M&limit=1"}}`, 1, "cursor=M", ""},
		{pageRequest{envelope: LinkList, token: "cursor=M&direction=next"}, `{"data":[{}],"meta":{"next_items":"?direction=next&cursor=M"}}`, 0, "", "names itself"},
		{pageRequest{envelope: LinkList}, `{"data":[{}],"meta":{"next_items":"/api/views/1/items/"}}`, 0, "", "no page token"},
		{pageRequest{envelope: LinkList, query: limit3}, `{"data":[{}],"meta":{"next_items":"?limit=1"}}`, 0, "", "no page token"},
		{pageRequest{envelope: LinkList}, `{"data":[{}],"meta":{"next_items":"?cursor=%zz"}}`, 0, "", "no page token"},
		{pageRequest{envelope: LinkList}, `{"data":[{}],"meta":{"next_items":"::?a=b"}}`, 0, "", "no page token"},
		{pageRequest{envelope: LinkList}, `{"data":[{}],"meta":{"next_cursor":null}}`, 0, "", "no meta.next_items"},

		{pageRequest{envelope: SingleObject}, ` {"id": 1, "error": null} `, 1, "", ""},
		{pageRequest{envelope: SingleObject}, `{}`, 0, "", "without content"},
		{pageRequest{envelope: SingleObject}, `{"error":{"msg":"no"}}`, 0, "", "without content"},
		{pageRequest{envelope: SingleObject}, `{"id":1`, 0, "", "not complete JSON"},
		{pageRequest{envelope: SingleObject}, `{"id":1}{}`, 0, "", "more than one"},
		{pageRequest{envelope: SingleObject}, `null`, 0, "", "expected an object"},
	} {
		p, err := parsePage([]byte(test.body), test.pageRequest)
		switch {
		case test.wantErr != "":
			if !is(err, InvalidResponse) || !strings.Contains(err.Error(), test.wantErr) || p != nil {
				t.Errorf("form %d, %s: %+v, %v; want an error with %q", test.envelope, test.body, p, err, test.wantErr)
			}
		case err != nil:
			t.Errorf("form %d, %s: %v", test.envelope, test.body, err)
		case len(p.Records) != test.records || p.NextToken != test.next:
			t.Errorf("form %d, %s: %d records, next %q", test.envelope, test.body, len(p.Records), p.NextToken)
		case test.envelope == SingleObject && string(p.Records[0]) != strings.TrimSpace(test.body):
			t.Errorf("%s became %s", test.body, p.Records[0])
		}
	}
}

// Records are the body's own bytes, and appending to one does not overwrite the
// next.
func TestRecordsShareTheBody(t *testing.T) {
	body := []byte(`{"data":[{"a":1}, {"b":2}],"meta":{"next_cursor":null}}`)
	p, err := parsePage(body, pageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if &p.Records[0][0] != &body[9] {
		t.Error("a record was copied")
	}
	_ = append(p.Records[0], "!!!!"...)
	if string(p.Records[1]) != `{"b":2}` {
		t.Errorf("the second record became %s", p.Records[1])
	}
}

// FuzzPage compares the parser with encoding/json: the same records, and the same
// pages are valid. No truncated page is valid.
func FuzzPage(f *testing.F) {
	f.Add([]byte(empty))
	f.Add([]byte(`{"data":[{"a":"\ud83d\ude00"},{"data":[1]}],"meta":{"next_cursor":"a","x":{"next_cursor":1}}}`))
	f.Add([]byte("{\"data\" : [ {} ,\n{\"\\u0061\":1e5}] , \"meta\":{\"next_cursor\":null}}\r\n"))
	f.Add([]byte(`{"d\u0061ta":[{}],"meta":{"next_\u0063ursor":null}}`))
	f.Add([]byte(`[{},{"a":1}]`))
	f.Add([]byte(`{"data":[{}],"meta":{"next_cursor":null}} {}`))
	f.Add([]byte(`{"data":[],"data":[{}],"meta":{"next_cursor":null}}`))
	f.Add([]byte("{\"data\":[{\"\xff\":\"\xc0\"}],\"meta\":{\"next_cursor\":\"\xff\"}}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		a := pageRequest{envelope: CursorList, query: url.Values{"limit": {"3"}}}
		before := bytes.Clone(body)
		p, err := parsePage(body, a)
		if !bytes.Equal(body, before) {
			t.Fatalf("%q became %q", before, body)
		}
		want, next, good := parseWithStdlib(body)
		if good != (err == nil) {
			t.Fatalf("%q: %v, but with encoding/json, valid: %v", body, err, good)
		}
		if err != nil {
			return
		}
		if len(p.Records) != len(want) {
			t.Fatalf("%q: %d records, want %d", body, len(p.Records), len(want))
		}
		for i := range want {
			if !bytes.Equal(p.Records[i], want[i]) {
				t.Fatalf("%q: record %d is %q, want %q", body, i, p.Records[i], want[i])
			}
		}
		if p.NextToken != next {
			t.Fatalf("%q: next %q, want %q", body, p.NextToken, next)
		}
		for n := range len(bytes.TrimRight(body, " \t\r\n")) {
			if _, err := parsePage(body[:n:n], a); err == nil {
				t.Fatalf("%q is truncated, but valid", body[:n])
			}
		}
	})
}

// parseWithStdlib is parsePage for a list with a limit of three, with encoding/json.
func parseWithStdlib(body []byte) (records []json.RawMessage, next string, good bool) {
	if !json.Valid(body) {
		return nil, "", false
	}
	if json.Unmarshal(body, &records) == nil {
		return records, "", records != nil && len(records) < 3 && objects(records)
	}
	envelope, ok := object(body)
	if !ok || len(envelope["data"]) != 1 || len(envelope["meta"]) != 1 {
		return nil, "", false
	}
	if json.Unmarshal(envelope["data"][0], &records) != nil || records == nil || !objects(records) {
		return nil, "", false
	}
	meta, ok := object(envelope["meta"][0])
	if !ok || len(meta["next_items"]) > 1 || len(meta["next_cursor"]) != 1 {
		return nil, "", false
	}
	cursor := meta["next_cursor"][0]
	if string(cursor) == "null" {
		return records, "", true
	}
	var text string
	if json.Unmarshal(cursor, &text) != nil || text == "" || strings.ContainsRune(text, '\uFFFD') && !strings.Contains(string(cursor), "\uFFFD") && !strings.Contains(strings.ToLower(string(cursor)), `\ufffd`) {
		return nil, "", false // a token that is not valid UTF-8 cannot be sent
	}
	return records, url.Values{"cursor": {text}}.Encode(), true
}

func objects(records []json.RawMessage) bool {
	for _, r := range records {
		if r[0] != '{' {
			return false
		}
	}
	return true
}

// object returns all values of each member.
func object(raw json.RawMessage) (map[string][]json.RawMessage, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	members := map[string][]json.RawMessage{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, false
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, false
		}
		members[name.(string)] = append(members[name.(string)], value)
	}
	_, err := d.Token()
	return members, err == nil || err == io.EOF
}

func BenchmarkParsePage(b *testing.B) {
	row := `{"id":82000102,"uri":"/api/tickets/82000102/","subject":"Where is my \"order\"?","tags":[{"id":1,"name":"vip"}],"meta":{},"text":"` + strings.Repeat("lorem ipsum ", 100) + `"}`
	body := fmt.Appendf(nil, `{"object":"list","data":[%s],"meta":{"prev_cursor":null,"next_cursor":"x"}}`, strings.TrimSuffix(strings.Repeat(row+",", 100), ","))
	a := pageRequest{envelope: CursorList, query: url.Values{"limit": {"100"}}}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parsePage(body, a); err != nil {
			b.Fatal(err)
		}
	}
}
