package gorgias

import (
	"fmt"
	"strings"
	"testing"
)

// NaN and Infinity become null wherever a value can stand, and only there.
func TestNonFinite(t *testing.T) {
	page := func(rows string) string { return `{"data":[` + rows + `],"meta":{"next_cursor":null}}` }
	words := []string{"NaN", "Infinity", "-Infinity", "nan", "-nan", "inf", "-inf", "+Infinity", "INF"}
	for _, word := range words {
		for _, place := range []string{`{"a":%s}`, `{"a":[1,%s , 2],"b":"x\"NaN\\"}`, `{"a" : { "b" :%s} }`, "{\"a\":\n%s\n}"} {
			p, err := parsePage([]byte(page(fmt.Sprintf(place, word)+`,{"id":2}`)), pageRequest{})
			if err != nil || p.NonFinite != 1 || len(p.Records) != 2 || string(p.Records[0]) != fmt.Sprintf(place, "null") || string(p.Records[1]) != `{"id":2}` {
				t.Errorf("%s: %+v, %v", fmt.Sprintf(place, word), p, err)
			}
		}
	}
	p, err := parsePage([]byte(page(`{"a":NaN,"b":[Infinity,-Infinity],"c":"NaN"}`)), pageRequest{})
	if err != nil || p.NonFinite != 3 || string(p.Records[0]) != `{"a":null,"b":[null,null],"c":"NaN"}` {
		t.Errorf("several: %+v, %v", p, err)
	}
	if p, err := parsePage([]byte(page(`{"a":"NaN \" Infinity"}`)), pageRequest{}); err != nil || p.NonFinite != 0 || string(p.Records[0]) != `{"a":"NaN \" Infinity"}` {
		t.Errorf("in a string: %+v, %v", p, err)
	}
	// What is wrong for another reason stays wrong, and no word ends a list.
	for _, body := range []string{
		page(`{"a":NaNa}`), page(`{"a":NaN`), page(`{NaN:1}`), page(`NaN`), page(`{"a":Nil}`), page(`{"a":--Infinity}`), page(`{"a":1NaN}`), page(`{"a":"NaN}`), `NaN`, `[NaN]`, `<html>NaN</html>`,
		`{"data":[],"meta":{"next_cursor":NaN}}`, `{"data":[{"a":NaN}],"meta":{"next_cursor":-Infinity}}`, `{"data":[],"meta":NaN}`, `{"data":NaN,"meta":{"next_cursor":null}}`,
	} {
		if p, err := parsePage([]byte(body), pageRequest{}); err == nil {
			t.Errorf("%s: %+v", body, p)
		}
	}
	if p, err := parsePage([]byte(`{"data":[{}],"meta":{"next_items":NaN}}`), pageRequest{envelope: LinkList}); err == nil {
		t.Errorf("the link of a list: %+v", p)
	}
}

// A byte order mark of UTF-8 in front of the body is skipped; a body in UTF-16 is
// no page.
func TestByteOrderMark(t *testing.T) {
	const body = `{"data":[{"name":"é ж 📦"}],"meta":{"next_cursor":null}}`
	for name, encoded := range map[string]string{
		"UTF-8":         "\ufeff" + body,
		"UTF-8, twice":  "\ufeff\ufeff" + body,
		"UTF-8 and NaN": "\ufeff" + strings.Replace(body, `"meta"`, `"x":NaN,"meta"`, 1),
	} {
		p, err := parsePage([]byte(encoded), pageRequest{})
		if err != nil || len(p.Records) != 1 || string(p.Records[0]) != `{"name":"é ж 📦"}` {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	utf16 := strings.Join(strings.Split(`{"data":[{"id":1}],"meta":{"next_cursor":null}}`, ""), "\x00")
	for name, encoded := range map[string]string{"not in front": body + "\ufeff", "half a mark": "\xef\xbb" + body, "alone": "\ufeff", "UTF-16LE": "\xff\xfe" + utf16 + "\x00", "UTF-16BE": "\xfe\xff\x00" + utf16, "UTF-16 without a mark": utf16 + "\x00"} {
		if p, err := parsePage([]byte(encoded), pageRequest{}); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
