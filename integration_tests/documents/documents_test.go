package documents

import (
	"reflect"
	"strings"
	"testing"
)

func TestBlocks(t *testing.T) {
	text := strings.ReplaceAll(`# A document

Words with ''code'', and a list:

* an item
    with a second line

'''sh
source-gorgias spec

  indented
'''
<!-- run by: clients -->
'''yaml
plugins: {}
'''

  '''text
  out
    put
  '''
''''json
{"fence": "'''"}
''''
<!-- another comment -->
'''sh
'''
`, "'", "`")
	want := []Block{
		{"a.md", 8, "sh", "", "source-gorgias spec\n\n  indented\n"},
		{"a.md", 14, "yaml", "clients", "plugins: {}\n"},
		{"a.md", 18, "text", "", "out\n  put\n"},
		{"a.md", 22, "json", "", "{\"fence\": \"```\"}\n"},
		{"a.md", 26, "sh", "", ""},
	}
	got, err := parse("a.md", text)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v\nwant %v", got, err, want)
	}
}

func TestEscapes(t *testing.T) {
	for name, text := range map[string]string{
		"no language":          "'''\nspec\n'''\n",
		"more than a word":     "'''sh skip\nspec\n'''\n",
		"no end":               "'''sh\nspec\n",
		"a shorter end":        "''''sh\nspec\n'''\n",
		"no fences":            "Run\n\n    source-gorgias spec\n",
		"unknown runner":       "<!-- run by: unknown -->\n'''sh\n'''\n",
		"marker alone":         "<!-- run by: image -->\n\n'''sh\n'''\n",
		"marker at the end":    "<!-- run by: image -->",
		"marker spelled oddly": "<!-- Run by:image -->\n'''sh\n'''\n",
	} {
		if got, err := parse("a.md", strings.ReplaceAll(text, "'", "`")); err == nil {
			t.Errorf("%s: %v, no error", name, got)
		}
	}
}

func TestRead(t *testing.T) {
	text := strings.ReplaceAll(`# The 'name', and more

See [a](b.md#c-d) and 'some
code': [x](y.md).

'''text
# no heading, 'no code', [no](link)
'''
## Part_2 – the rest
`, "'", "`")
	got, err := read("a.md", text)
	if err != nil {
		t.Fatal(err)
	}
	if h := got.Headings; len(h) != 2 || h[0].Anchor() != "the-name-and-more" || h[1] != (Heading{9, 2, "Part_2 – the rest"}) || h[1].Anchor() != "part_2--the-rest" {
		t.Errorf("headings %v", h)
	}
	if want := []Mark{{1, "name"}, {3, "some code"}}; !reflect.DeepEqual(got.Spans, want) {
		t.Errorf("spans %v, want %v", got.Spans, want)
	}
	if want := []Mark{{3, "b.md#c-d"}, {4, "y.md"}}; !reflect.DeepEqual(got.Links, want) {
		t.Errorf("links %v, want %v", got.Links, want)
	}
	if _, err := read("a.md", "an odd ` tick\n"); err == nil {
		t.Error("an odd back-tick passed")
	}
}
