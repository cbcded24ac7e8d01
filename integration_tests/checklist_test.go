package integration_tests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// checklist has the ids of the rows that README.md must have, by who requires
// them.
const checklist = `
CAT-spec- config-match-spec match-expected enum-usage oneof-usage secret property-type object-not-empty array-type forbidden-types date
CAT-spec- duplicate-order nested-group display-type refs oauth-parameters oauth-default additional-properties image-labels image-environment backward
CAT-connection- succeed failed exception
CAT-discovery- discover schemas cursors keys key-types keywords sync-modes additional-properties types backward
CAT-read- records empty keys data-points expected statuses states
CAT- trace-on-failure full-sequential incremental-two-reads incremental-slices incremental-future attributes-keys attributes-metadata documentation
CAT-historic- secrets stderr duplicates identical
CDK- spec check discover basic-read bad-catalog image-spec image-check image-read
CLIENT- estuary-check estuary-bare-state estuary-merge estuary-catalog estuary-unconfigured platform-order platform-at-once platform-nonsense platform-limit
OWN- 1 2 3 4 5 6 7 8 9 10-terminate 10-resume 10-at-rest
OWN-11- catalogs states flags usage files configs foreign mistakes stdin slow-reader early-reader
OWN-12- wrapper pyairbyte image
C 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29
`

// TestChecklist compares the table in README.md with the checklist and with the
// tests that exist.
func TestChecklist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, l := range strings.Split(strings.TrimSpace(checklist), "\n") {
		words := strings.Fields(l)
		for _, w := range words[1:] {
			want = append(want, words[0]+w)
		}
	}
	exists := testNames(t)
	for _, m := range regexp.MustCompile("(?m)^\\| ((?:CAT-|CDK-|CLIENT-|OWN-|C\\d)\\S+) \\|.*\\| (?:`([^`]+)`|Real clients) \\|$").FindAllStringSubmatch(string(text), -1) {
		got = append(got, m[1])
		if m[2] != "" && !exists(m[2]) {
			t.Errorf("%s: there is no %s", m[1], m[2])
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	for _, id := range want {
		if !slices.Contains(got, id) {
			t.Errorf("the row %s is missing, or its form is not that of the others", id)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
	if exists("TestNothing") || exists("TestSpec/nothing") {
		t.Error("every name seems to be that of a test")
	}
}

// testNames parses this package and returns a function that reports whether it
// has a test of a name. The name of a subtest is a string in its test, or that
// of a script.
func testNames(t *testing.T) func(name string) bool {
	t.Helper()
	paths, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]string{}
	for _, path := range paths {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Test") {
				continue
			}
			texts[fn.Name.Name] = []string{}
			ast.Inspect(fn, func(n ast.Node) bool {
				if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
					if s, err := strconv.Unquote(l.Value); err == nil {
						texts[fn.Name.Name] = append(texts[fn.Name.Name], strings.ReplaceAll(s, " ", "_"))
					}
				}
				return true
			})
		}
	}
	return func(name string) bool {
		test, sub, nested := strings.Cut(name, "/")
		if _, err := os.Stat("testdata/script/" + sub + ".txtar"); test == "TestScript" && err == nil {
			return true
		}
		within, ok := texts[test]
		return ok && (!nested || slices.Contains(within, sub))
	}
}
