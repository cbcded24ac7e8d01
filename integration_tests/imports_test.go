package integration_tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"source-gorgias/connector/streams"
	"strconv"
	"strings"
	"testing"
)

// A pkg is go list's description of a package.
type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
	Standard                           bool
	Module                             *struct{ Path string }
}

// listPackages runs go list.
func listPackages(t *testing.T, args ...string) []pkg {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,TestImports,XTestImports,Standard,Module"}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

const module = "source-gorgias"

// layers are the packages in the order in which they may import each other: only
// those of later layers.
var layers = [][]string{
	{""},
	{"connector/cli"},
	{"connector/airbyte", "connector/singer", "connector/sandbox", "connector/verify"},
	{"connector", "connector/probe"},
	{"connector/config"},
	{"connector/streams"},
	{"connector/changefeed", "connector/reconcile", "connector/reports"},
	{"connector/reader"},
	{"connector/state"},
	{"connector/stream"},
	{"connector/conform", "connector/gorgias", "connector/reconcile/sketch", "schemas"},
}

// ownImports are the packages of this module that some packages may import, in
// addition to the layers or against them.
var ownImports = map[string][]string{
	"connector/sandbox":           {"schemas"}, // a fake that shares code with what it tests shares its mistakes
	"connector/gorgias":           {},
	"connector/conform":           {},
	"connector/reconcile/sketch":  {},
	"schemas":                     {},
	"internal/generate":           nil,
	"integration_tests":           {},
	"integration_tests/evil":      {},
	"integration_tests/scenarios": {},
	"integration_tests/documents": {}, // parses Markdown
	"integration_tests/mutants":   {},
	"integration_tests/bench":     {"connector/sandbox"}, // a server, and what it is compared with
	"packaging":                   {},                    // packs the built program
}

// modules are the packages that may import a module of a third party.
var modules = map[string][]string{
	"connector/cli":           {"github.com/urfave/cli/v2", "golang.org/x/term"},
	"connector/config":        {"github.com/santhosh-tekuri/jsonschema/v5", "go.yaml.in/yaml/v4"},
	"connector/reports":       {"github.com/go-json-experiment/json"},
	"connector/state":         {"github.com/go-json-experiment/json"},
	"connector/stream":        {"github.com/cespare/xxhash/v2", "github.com/go-json-experiment/json"},
	"connector/gorgias":       {"github.com/go-json-experiment/json", "github.com/klauspost/compress", "github.com/sethvargo/go-retry", "golang.org/x/oauth2", "golang.org/x/time"},
	"connector/conform":       {"github.com/go-json-experiment/json"},
	"integration_tests/bench": {"github.com/go-json-experiment/json", "github.com/klauspost/compress"},
	"internal/generate":       {"github.com/invopop/jsonschema", "github.com/go-json-experiment/json"},
}

// TestImports checks what every package imports.
func TestImports(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t, module+"/...") {
		for _, text := range forbiddenImports(p) {
			t.Error(text)
		}
	}
}

// layerOf returns the layer of a package, or -1.
func layerOf(name string) int {
	return slices.IndexFunc(layers, func(layer []string) bool { return slices.Contains(layer, name) })
}

// forbiddenImports lists what a package imports and may not.
func forbiddenImports(p pkg) (found []string) {
	name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
	own, known := ownImports[name]
	if !known && layerOf(name) < 0 {
		return []string{name + " belongs to no layer"}
	}
	for _, i := range p.Imports {
		first, _, _ := strings.Cut(i, "/")
		var ok bool
		switch imported := strings.TrimPrefix(i, module+"/"); {
		case i != module && imported == i:
			ok = !strings.Contains(first, ".") || slices.ContainsFunc(modules[name], func(m string) bool { return i == m || strings.HasPrefix(i, m+"/") })
		case known && own != nil:
			ok = slices.Contains(own, imported)
		default:
			ok = layerOf(imported) > layerOf(name)
		}
		if !ok {
			found = append(found, name+" imports "+i)
		}
	}
	// Tests may use a reader, but the sandbox's share no code with the engine.
	for _, i := range slices.Concat(p.TestImports, p.XTestImports) {
		if name == "connector/sandbox" && strings.HasPrefix(i, module+"/connector") && i != p.ImportPath {
			found = append(found, name+" is tested with "+i)
		}
	}
	return found
}

// TestForbiddenImportsAreFound makes sure that the check above can fail.
func TestForbiddenImportsAreFound(t *testing.T) {
	t.Parallel()
	for _, p := range []pkg{
		{ImportPath: module + "/connector/sandbox", Imports: []string{module + "/connector/gorgias"}},
		{ImportPath: module + "/connector/airbyte", Imports: []string{module + "/connector/singer"}},
		{ImportPath: module + "/connector/state", Imports: []string{module + "/connector/reader"}},
		{ImportPath: module + "/connector/gorgias", Imports: []string{module + "/schemas"}},
		{ImportPath: module + "/connector/conform", Imports: []string{"github.com/urfave/cli/v2"}},
		{ImportPath: module + "/connector/sandbox", XTestImports: []string{module + "/connector/gorgias"}},
		{ImportPath: module + "/connector/util"},
	} {
		if len(forbiddenImports(p)) == 0 {
			t.Errorf("%+v passed", p)
		}
	}
}

// TestStreamNames checks that the engine names no stream in a string: a stream's
// row is the one place for what is special about it.
func TestStreamNames(t *testing.T) {
	t.Parallel()
	names := streams.Names()
	// Fields and endpoints that have the same name as a stream.
	ordinary := []string{"account", "users", "tags", "teams", "jobs"}
	for _, dir := range slices.Concat(layers...) {
		if slices.Contains([]string{"connector/streams", "connector/sandbox", "schemas"}, dir) {
			continue
		}
		files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
		if err != nil || dir != "" && len(files) == 0 {
			t.Fatalf("%s: %v", dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if ok && lit.Kind == token.STRING {
					text, _ := strconv.Unquote(lit.Value)
					if slices.Contains(names, text) && !slices.Contains(ordinary, text) {
						t.Errorf("%s names the stream %q", file, text)
					}
				}
				return true
			})
		}
	}
}

// TestLinkedModules checks the modules that the program contains: what only tests
// and generators need stays out.
func TestLinkedModules(t *testing.T) {
	t.Parallel()
	allowed := []string{
		module,
		"github.com/cespare/xxhash/v2",
		"github.com/go-json-experiment/json",
		"github.com/klauspost/compress",
		"github.com/santhosh-tekuri/jsonschema/v5",
		"github.com/sethvargo/go-retry",
		"github.com/urfave/cli/v2", "github.com/cpuguy83/go-md2man/v2", "github.com/russross/blackfriday/v2", "github.com/xrash/smetrics",
		"go.yaml.in/yaml/v4",
		"golang.org/x/oauth2", "golang.org/x/sys", "golang.org/x/term", "golang.org/x/time",
	}
	for _, p := range listPackages(t, "-deps", module) {
		if p.Module != nil && !slices.Contains(allowed, p.Module.Path) {
			t.Errorf("%s is linked, of %s", p.ImportPath, p.Module.Path)
		}
		if p.Standard && (p.ImportPath == "testing" || p.ImportPath == "net/http/httptest" || p.ImportPath == "net/http/pprof") {
			t.Errorf("%s is linked", p.ImportPath)
		}
	}
}
