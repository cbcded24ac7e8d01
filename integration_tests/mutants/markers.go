package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A place is a line that carries a marker.
type place struct {
	file string
	line int
}

func (p place) String() string { return p.file + ":" + strconv.Itoa(p.line) }

const marker = "//rule:"

// findMarkers returns the places of all rules below a directory. Tests have no
// markers, and neither has this program.
func findMarkers(root string) (map[string][]place, error) {
	rules := map[string][]place{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "integration_tests" || d.Name() == "testdata" || len(d.Name()) > 1 && d.Name()[0] == '.' && d.Name() != ".."):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), marker) {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, group := range file.Comments {
			for _, c := range group.List {
				if names, ok := strings.CutPrefix(c.Text, marker); ok {
					for name := range strings.SplitSeq(names, ",") {
						rules[name] = append(rules[name], place{path, fset.Position(c.Pos()).Line})
					}
				}
			}
		}
		return nil
	})
	return rules, err
}

// writeOverlay applies a change at the places of a rule. It writes the changed
// files and an overlay that names them, and returns the path of the overlay.
func writeOverlay(dir string, places []place, c change) (path string, err error) {
	replace := map[string]string{}
	for i, file := range filesOf(places) {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		var lines []int
		for _, p := range places {
			if p.file == file {
				lines = append(lines, p.line)
			}
		}
		changed, err := apply(file, text, lines, c)
		if err != nil {
			return "", err
		}
		to := filepath.Join(dir, strconv.Itoa(i)+".go")
		if err := os.WriteFile(to, changed, 0o600); err != nil {
			return "", err
		}
		if file, err = filepath.Abs(file); err != nil {
			return "", err
		}
		replace[file] = to
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, overlay, 0o600)
}

func filesOf(places []place) (files []string) {
	for _, p := range places {
		files = append(files, p.file)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// apply returns the text of a file with a change applied at some lines.
func apply(name string, text []byte, lines []int, c change) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, 0)
	if err != nil {
		return nil, err
	}
	s := &source{text: text, fset: fset, file: file}
	for _, line := range lines {
		node := s.nodeAt(line)
		if node == nil {
			return nil, fmt.Errorf("%s:%d: no statement", name, line)
		}
		if err := c(s, node); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
	}
	return s.edited(), nil
}

// nodeAt returns the statement, declaration or field that starts in a line.
func (s *source) nodeAt(line int) (found ast.Node) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		if n == nil || found != nil {
			return false
		}
		switch n.(type) {
		case *ast.BlockStmt, *ast.DeclStmt:
		case ast.Stmt, *ast.ValueSpec, *ast.KeyValueExpr:
			if s.fset.Position(n.Pos()).Line == line {
				found = n
			}
		}
		return found == nil
	})
	return found
}
