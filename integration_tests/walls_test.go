package integration_tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A room is a package as the compiler sees it.
type room struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
	Standard                           bool
	Module                             *struct{ Path string }
}

// rooms asks the compiler.
func rooms(t *testing.T, args ...string) []room {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,TestImports,XTestImports,Standard,Module"}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []room
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var r room
		if err := d.Decode(&r); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
}

const module = "source-gorgias"

// walls says who may import whom: of our rooms, and of other people's modules.
// A room that is not here may import nothing of either.
var walls = map[string]struct{ ours, theirs []string }{
	"":                            {ours: []string{"connector/cli"}},
	"connector/cli":               {ours: []string{"connector", "connector/airbyte", "connector/singer", "connector/sandbox", "connector/gorgias"}, theirs: []string{"github.com/urfave/cli/v2", "golang.org/x/term"}},
	"connector/airbyte":           {ours: []string{"connector", "connector/conform"}},
	"connector/singer":            {ours: []string{"connector", "connector/conform"}},
	"connector":                   {ours: []string{"connector/gorgias", "connector/conform", "schemas"}, theirs: []string{"github.com/santhosh-tekuri/jsonschema/v5", "github.com/go-json-experiment/json"}},
	"connector/gorgias":           {theirs: []string{"github.com/go-json-experiment/json", "github.com/sethvargo/go-retry", "golang.org/x/oauth2", "golang.org/x/time"}},
	"connector/conform":           {theirs: []string{"github.com/go-json-experiment/json"}},
	"connector/sandbox":           {ours: []string{"schemas"}}, // a fake that shares code with what it tests shares its mistakes
	"schemas":                     {},
	"internal/generate":           {ours: []string{"connector", "connector/airbyte", "connector/singer", "schemas"}, theirs: []string{"github.com/invopop/jsonschema", "github.com/go-json-experiment/json"}},
	"integration_tests":           {},
	"integration_tests/scenarios": {},
	"integration_tests/documents": {}, // reads Markdown, and knows nothing of the program
	"packaging":                   {}, // packs the program, and knows no more of it than its name
}

// TestWalls holds the imports of every room against the walls.
func TestWalls(t *testing.T) {
	t.Parallel()
	for _, r := range rooms(t, module+"/...") {
		for _, breach := range breaches(r) {
			t.Error(breach)
		}
	}
}

// breaches lists what a room imports and may not.
func breaches(r room) (found []string) {
	name := strings.TrimPrefix(strings.TrimPrefix(r.ImportPath, module), "/")
	wall, known := walls[name]
	if !known {
		return []string{name + " is a room of which no wall is known"}
	}
	for _, i := range r.Imports {
		first, _, _ := strings.Cut(i, "/")
		switch {
		case i == module || strings.HasPrefix(i, module+"/"):
			if !slices.Contains(wall.ours, strings.TrimPrefix(i, module+"/")) {
				found = append(found, name+" imports "+i)
			}
		case strings.Contains(first, "."):
			if !slices.ContainsFunc(wall.theirs, func(m string) bool { return i == m || strings.HasPrefix(i, m+"/") }) {
				found = append(found, name+" imports "+i)
			}
		}
	}
	// Tests may reach for a reader, but not through the walls of the fake.
	for _, i := range slices.Concat(r.TestImports, r.XTestImports) {
		if name == "connector/sandbox" && strings.HasPrefix(i, module+"/connector") && i != r.ImportPath {
			found = append(found, name+" is tested with "+i)
		}
	}
	return found
}

// TestWallsNotice makes sure that a wall can be breached.
func TestWallsNotice(t *testing.T) {
	t.Parallel()
	for _, r := range []room{
		{ImportPath: module + "/connector/sandbox", Imports: []string{module + "/connector/gorgias"}},
		{ImportPath: module + "/connector/airbyte", Imports: []string{module + "/connector/singer"}},
		{ImportPath: module + "/connector/conform", Imports: []string{"github.com/urfave/cli/v2"}},
		{ImportPath: module + "/connector/sandbox", XTestImports: []string{module + "/connector/gorgias"}},
		{ImportPath: module + "/connector/util"},
	} {
		if len(breaches(r)) == 0 {
			t.Errorf("%+v passed", r)
		}
	}
}

// TestLinked holds the modules that the program carries against a list: what
// only tests and generators need stays out.
func TestLinked(t *testing.T) {
	t.Parallel()
	allowed := []string{
		module,
		"github.com/go-json-experiment/json",
		"github.com/santhosh-tekuri/jsonschema/v5",
		"github.com/sethvargo/go-retry",
		"github.com/urfave/cli/v2", "github.com/cpuguy83/go-md2man/v2", "github.com/russross/blackfriday/v2", "github.com/xrash/smetrics",
		"golang.org/x/oauth2", "golang.org/x/sys", "golang.org/x/term", "golang.org/x/time",
	}
	for _, r := range rooms(t, "-deps", module) {
		if r.Module != nil && !slices.Contains(allowed, r.Module.Path) {
			t.Errorf("%s is linked, of %s", r.ImportPath, r.Module.Path)
		}
		if r.Standard && (r.ImportPath == "testing" || r.ImportPath == "net/http/httptest" || r.ImportPath == "net/http/pprof") {
			t.Errorf("%s is linked", r.ImportPath)
		}
	}
}
