package main

import (
	"go/format"
	"strings"
	"testing"
)

// Every marker of the source has a mutant and every mutant a marker, and all
// changes can be made.
func TestTable(t *testing.T) {
	rules, err := findMarkers("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range stale(rules, mutants) {
		t.Error(text)
	}
	for _, m := range mutants {
		if _, err := writeOverlay(t.TempDir(), rules[m.rule], m.change); err != nil {
			t.Errorf("%s: %s: %v", m.rule, m.name, err)
		}
	}
}

// Each change of a line gives the line expected, and a text that can be parsed.
func TestChanges(t *testing.T) {
	for _, c := range []struct {
		change    change
		line, out string
	}{
		{Delete, "f(x)", "if false { f(x) }"},
		{Delete, "if x { f(x) }", "if false { if x { f(x) } }"},
		{True, "if x || y { }", "if true || (x || y) { }"},
		{True, "return x", "return true || (x)"},
		{False, "for x { }", "for false && (x) { }"},
		{False, "x = y && z", "x = false && (y && z)"},
		{Drop(2), "if a && (b && !c || d) { }", "if a && ((true || b) && !c || d) { }"},
		{Drop(4), "if a && (b && !c || d) { }", "if a && (b && !c || (false && d)) { }"},
		{Shift(1), "x = !a.IsZero() && a.Before(b) || c < d", "x = !a.IsZero() && !a.After(b) || c < d"},
		{Shift(2), "x = !a.IsZero() && a.Before(b) || c < d", "x = !a.IsZero() && a.Before(b) || c <= d"},
		{Skip, "for _, y := range x { }", "for _, y := range x { if true { break }; }"},
		{Value(2, "0 * ($)"), "x, y = 1, a.b", "x, y = 1, 0 * (a.b)"},
		{Value(1, `"" + $`), "if x = y; x { }", `if x = "" + y; x { }`},
		{Call(1, "$f($2, $1)"), "a.F(b, G(c))", "a.F(G(c), b)"},
		{Call(1, "$1"), "a.F(b, G(c))", "insteadN(b, func() { _ = a.F(b, G(c)) })"},
		{Call(2, "$1 + $"), "a.F(b, G(c))", "a.F(b, c + G(c))"},
		{Call(1, "$0"), "x = a.Add(b)", "x = insteadN(a, func() { _ = a.Add(b) })"},
		{Stmt("y = $0; $"), "f(x)", "y = ; f(x)"},
	} {
		before, after := "package p\n\nfunc f() {\n\t", "\n}\n"
		out, err := apply("f.go", []byte(before+c.line+after), []int{4}, c.change)
		if err != nil {
			t.Errorf("%s: %v", c.line, err)
			continue
		}
		if _, err := format.Source(out); err != nil && !strings.HasPrefix(c.out, "y = ;") {
			t.Errorf("%s: %v", c.line, err)
		}
		got, _, _ := strings.Cut(strings.TrimPrefix(string(out), before), "\n")
		want := c.out
		if i := strings.Index(got, "instead"); i >= 0 { // the name has a number
			end := i + strings.Index(got[i:], "(")
			want = strings.Replace(want, "insteadN", got[i:end], 1)
		}
		if got != want {
			t.Errorf("%s became\n%s\nexpected\n%s", c.line, got, want)
		}
	}
	for _, c := range []struct {
		change change
		line   string
	}{{Delete, "x := 1"}, {True, "f()"}, {Drop(3), "x = a && b"}, {Shift(1), "x = a"}, {Skip, "f()"}, {Value(1, ""), "f()"}, {Call(2, ""), "f()"}} {
		if out, err := apply("f.go", []byte("package p\nfunc f() {\n"+c.line+"\n}"), []int{3}, c.change); err == nil {
			t.Errorf("%s became %s", c.line, out)
		}
	}
}
