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

func TestCut(t *testing.T) {
	hundred := url.Values{"limit": {"3"}}
	for _, test := range []struct {
		ask
		body    string
		records int
		next    string
		wrong   string // a part of the error
	}{
		{ask{form: CursorList}, `{"data":[],"meta":{"next_cursor":null}}`, 0, "", ""},
		{ask{form: CursorList}, ` {"object":"list","uri":"x","data":[{"a":[{}]}, {}],"meta":{"prev_cursor":"p","next_cursor":"W=&","total_resources":null}} `, 2, "cursor=W%3D%26", ""},
		{ask{form: CursorList}, `{"meta":{"next_cursor":"\u0061"},"data":[]}`, 0, "cursor=a", ""},
		{ask{form: CursorList, next: "cursor=a"}, `{"data":[],"meta":{"next_cursor":"b"}}`, 0, "cursor=b", ""},
		{ask{form: CursorList, next: "cursor=a"}, `{"data":[],"meta":{"next_cursor":"a"}}`, 0, "", "names itself"},
		{ask{form: CursorList}, `{"data":[],"meta":{"next_cursor":""}}`, 0, "", "no meta.next_cursor"},
		{ask{form: CursorList}, `{"data":[],"meta":{"next_cursor":7}}`, 0, "", "no meta.next_cursor"},
		{ask{form: CursorList}, `{"data":[],"meta":{}}`, 0, "", "no meta.next_cursor"},
		{ask{form: CursorList}, `{"data":[],"meta":{"next_items":null}}`, 0, "", "no meta.next_cursor"},
		{ask{form: CursorList}, `{"data":[],"meta":null}`, 0, "", "meta"},
		{ask{form: CursorList}, `{"data":[],"meta":[]}`, 0, "", "meta"},
		{ask{form: CursorList}, `{"data":[]}`, 0, "", "no meta.next_cursor"},
		{ask{form: CursorList}, `{"data":[],"data":[],"meta":{"next_cursor":null}}`, 0, "", "data"},
		{ask{form: CursorList}, `{"data":[],"meta":{"next_cursor":null},"meta":{"next_cursor":null}}`, 0, "", "meta"},
		{ask{form: CursorList}, `{"data":[],"meta":{"next_cursor":null},"meta":{}}`, 0, "", "meta"},
		{ask{form: CursorList}, `{"data":[],"meta":{"next_cursor":null,"next_cursor":"b"}}`, 0, "", "repeated meta.next_cursor"},
		{ask{form: CursorList}, `{"data":null,"meta":{"next_cursor":null}}`, 0, "", "expected a list"},
		{ask{form: CursorList}, `{"data":{},"meta":{"next_cursor":null}}`, 0, "", "expected a list"},
		{ask{form: CursorList}, `{"data":[{},7],"meta":{"next_cursor":null}}`, 0, "", "expected a list of objects"},
		{ask{form: CursorList}, `{"data":[null],"meta":{"next_cursor":null}}`, 0, "", "expected a list of objects"},
		{ask{form: CursorList}, `{"meta":{"next_cursor":null}}`, 0, "", "no data"},
		{ask{form: CursorList}, `{"error":{"msg":"Too many requests."}}`, 0, "", "no data"},
		{ask{form: CursorList}, `{"data":[],"meta":{"next_cursor":null}}{}`, 0, "", "more than one"},
		{ask{form: CursorList}, `{"data":[],"meta":{"next_cursor":null}}x`, 0, "", "not complete JSON"},
		{ask{form: CursorList}, `{"data":[{],"meta":{"next_cursor":null}}`, 0, "", "not complete JSON"},
		{ask{form: CursorList}, `{"data":[{}],"meta":{"next_cursor":null}`, 0, "", "not complete JSON"},
		{ask{form: CursorList}, ``, 0, "", "not complete JSON"},
		{ask{form: CursorList}, `null`, 0, "", "expected an object"},
		{ask{form: CursorList}, `"data"`, 0, "", "expected an object"},
		{ask{form: CursorList}, "{\"data\":[{\"a\":\"\xff\\ud800\",\"a\":1}],\"meta\":{\"next_cursor\":null}}", 1, "", ""},

		{ask{form: CursorList, query: hundred}, `[{},{}]`, 2, "", ""},
		{ask{form: CursorList, query: hundred}, `[{},{},{}]`, 0, "", "whether there are more"},
		{ask{form: CursorList}, `[{}]`, 0, "", "whether there are more"},
		{ask{form: PlainList}, `[{},{},{}]`, 3, "", ""},
		{ask{form: PlainList, query: hundred}, `[{},{},{}]`, 0, "", "whether there are more"},
		{ask{form: LinkList, query: hundred}, `[]`, 0, "", "expected an object"},
		{ask{form: Offset, query: hundred}, `[]`, 0, "", "expected an object"},
		{ask{form: SingleObject}, `[]`, 0, "", "expected an object"},
		{ask{form: PlainList}, `[7]`, 0, "", "expected a list of objects"},

		{ask{form: PlainList}, `{"data":[{}]}`, 1, "", ""},
		{ask{form: PlainList}, `{"data":[{}],"meta":null}`, 1, "", ""},
		{ask{form: PlainList}, `{"data":[{}],"meta":{"next_cursor":null}}`, 1, "", ""},
		{ask{form: PlainList}, `{"data":[{}],"meta":{"next_cursor":"a"}}`, 0, "", "more pages"},
		{ask{form: PlainList}, `{"data":[{}],"meta":{"next_items":"a"}}`, 0, "", "more pages"},

		{ask{form: LinkList}, `{"data":[{}],"meta":{"next_items":null,"prev_items":"x","current_cursor":"c"}}`, 1, "", ""},
		{ask{form: LinkList}, `{"data":[{}],"meta":{"next_items":"/api/views/1/items/?direction=next&ignored_item=82&cursor=M%3D"}}`, 1, "cursor=M%3D&direction=next&ignored_item=82", ""},
		{ask{form: LinkList, query: hundred}, `{"data":[{}],"meta":{"next_items":"https://evil.example/x?cursor=M&limit=1"}}`, 1, "cursor=M", ""},
		{ask{form: LinkList, next: "cursor=M&direction=next"}, `{"data":[{}],"meta":{"next_items":"?direction=next&cursor=M"}}`, 0, "", "names itself"},
		{ask{form: LinkList}, `{"data":[{}],"meta":{"next_items":"/api/views/1/items/"}}`, 0, "", "leads nowhere"},
		{ask{form: LinkList, query: hundred}, `{"data":[{}],"meta":{"next_items":"?limit=1"}}`, 0, "", "leads nowhere"},
		{ask{form: LinkList}, `{"data":[{}],"meta":{"next_items":"?cursor=%zz"}}`, 0, "", "leads nowhere"},
		{ask{form: LinkList}, `{"data":[{}],"meta":{"next_items":"::?a=b"}}`, 0, "", "leads nowhere"},
		{ask{form: LinkList}, `{"data":[{}],"meta":{"next_cursor":null}}`, 0, "", "no meta.next_items"},

		{ask{form: Offset}, `{"data":[{}],"meta":{"page":1,"per_page":30,"item_count":1,"nb_pages":1}}`, 1, "", ""},
		{ask{form: Offset}, `{"data":[],"meta":{"page":1,"per_page":30,"item_count":0,"nb_pages":0}}`, 0, "", ""},
		{ask{form: Offset}, `{"data":[{}],"meta":{"page":1,"nb_pages":3}}`, 1, "page=2", ""},
		{ask{form: Offset, next: "page=2"}, `{"data":[{}],"meta":{"page":2,"nb_pages":3}}`, 1, "page=3", ""},
		{ask{form: Offset, next: "page=3"}, `{"data":[{}],"meta":{"page":3,"nb_pages":3}}`, 1, "", ""},
		{ask{form: Offset, next: "page=2"}, `{"data":[{}],"meta":{"page":1,"nb_pages":3}}`, 0, "", "page 1 instead"},
		{ask{form: Offset}, `{"data":[{}],"meta":{"page":2,"nb_pages":3}}`, 0, "", "page 2 instead"},
		{ask{form: Offset}, `{"data":[{}],"meta":{"page":1}}`, 0, "", "no page and nb_pages"},
		{ask{form: Offset}, `{"data":[{}],"meta":{"page":"1","nb_pages":1}}`, 0, "", "no page and nb_pages"},
		{ask{form: Offset}, `{"data":[{}]}`, 0, "", "no page and nb_pages"},

		{ask{form: SingleObject}, ` {"id": 1, "error": null} `, 1, "", ""},
		{ask{form: SingleObject}, `{}`, 0, "", "without content"},
		{ask{form: SingleObject}, `{"error":{"msg":"no"}}`, 0, "", "without content"},
		{ask{form: SingleObject}, `{"id":1`, 0, "", "not complete JSON"},
		{ask{form: SingleObject}, `{"id":1}{}`, 0, "", "more than one"},
		{ask{form: SingleObject}, `null`, 0, "", "expected an object"},
	} {
		p, err := cut([]byte(test.body), test.ask)
		switch {
		case test.wrong != "":
			if !is(err, InvalidResponse) || !strings.Contains(err.Error(), test.wrong) || p != nil {
				t.Errorf("form %d, %s: %+v, %v; want an error with %q", test.form, test.body, p, err, test.wrong)
			}
		case err != nil:
			t.Errorf("form %d, %s: %v", test.form, test.body, err)
		case len(p.Records) != test.records || p.NextToken != test.next || p.Bytes != len(test.body):
			t.Errorf("form %d, %s: %d records, next %q, %d bytes", test.form, test.body, len(p.Records), p.NextToken, p.Bytes)
		case test.form == SingleObject && string(p.Records[0]) != strings.TrimSpace(test.body):
			t.Errorf("%s became %s", test.body, p.Records[0])
		}
	}
}

// Records are the body's own bytes, and appending to one does not spill into the
// next.
func TestRecordsShareTheBody(t *testing.T) {
	body := []byte(`{"data":[{"a":1}, {"b":2}],"meta":{"next_cursor":null}}`)
	p, err := cut(body, ask{})
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

// FuzzPage holds the cutter against encoding/json: the same records, the same
// verdict; and no page that broke off is taken for a whole one.
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
		a := ask{form: CursorList, query: url.Values{"limit": {"3"}}}
		before := bytes.Clone(body)
		p, err := cut(body, a)
		if !bytes.Equal(body, before) {
			t.Fatalf("%q became %q", before, body)
		}
		want, next, good := read(body)
		if good != (err == nil) {
			t.Fatalf("%q: %v, but the standard library's verdict is %v", body, err, good)
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
			if _, err := cut(body[:n:n], a); err == nil {
				t.Fatalf("%q was taken for a whole page", body[:n])
			}
		}
	})
}

// read is cut for a list of fewer than three, by other means.
func read(body []byte) (records []json.RawMessage, next string, good bool) {
	if !json.Valid(body) {
		return nil, "", false
	}
	if json.Unmarshal(body, &records) == nil {
		return records, "", records != nil && len(records) < 3 && objects(records)
	}
	whole, ok := object(body)
	if !ok || len(whole["data"]) != 1 || len(whole["meta"]) != 1 {
		return nil, "", false
	}
	if json.Unmarshal(whole["data"][0], &records) != nil || records == nil || !objects(records) {
		return nil, "", false
	}
	meta, ok := object(whole["meta"][0])
	for _, name := range []string{"next_items", "page", "nb_pages"} {
		ok = ok && len(meta[name]) < 2
	}
	if !ok || len(meta["next_cursor"]) != 1 {
		return nil, "", false
	}
	cursor := meta["next_cursor"][0]
	if string(cursor) == "null" {
		return records, "", true
	}
	var text string
	if json.Unmarshal(cursor, &text) != nil || text == "" || strings.ContainsRune(text, '\uFFFD') && !strings.Contains(string(cursor), "\uFFFD") && !strings.Contains(strings.ToLower(string(cursor)), `\ufffd`) {
		return nil, "", false // a token that is not text cannot be sent back
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

func BenchmarkCut(b *testing.B) {
	row := `{"id":82000102,"uri":"/api/tickets/82000102/","subject":"Where is my \"order\"?","tags":[{"id":1,"name":"vip"}],"meta":{},"text":"` + strings.Repeat("lorem ipsum ", 100) + `"}`
	body := fmt.Appendf(nil, `{"object":"list","data":[%s],"meta":{"prev_cursor":null,"next_cursor":"x"}}`, strings.TrimSuffix(strings.Repeat(row+",", 100), ","))
	a := ask{form: CursorList, query: url.Values{"limit": {"100"}}}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cut(body, a); err != nil {
			b.Fatal(err)
		}
	}
}
