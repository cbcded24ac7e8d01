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
		"nobody's":             "<!-- run by: nobody -->\n'''sh\n'''\n",
		"marker alone":         "<!-- run by: image -->\n\n'''sh\n'''\n",
		"marker at the end":    "<!-- run by: image -->",
		"marker spelled oddly": "<!-- Run by:image -->\n'''sh\n'''\n",
	} {
		if got, err := parse("a.md", strings.ReplaceAll(text, "'", "`")); err == nil {
			t.Errorf("%s: %v, no error", name, got)
		}
	}
}
