package integration_tests

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestScript runs what one types: testdata/script holds scripts with the files
// they need below, in the manner of testscript. The commands are
//
//	[!] source-gorgias …  run the program; with a !, it must fail
//	code N                its exit code was N
//	[!] stdout PATTERN    its output matches, as do
//	[!] stderr PATTERN
//	records STREAM N|+    it wrote N records of the stream, or some
//	states FILE           its last states are kept in a file
//	env NAME=VALUE, cd DIRECTORY, chmod MODE FILE
//
// $WORK is the directory of the files. Every run is held against the protocol
// like all others.
func TestScript(t *testing.T) {
	paths, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s := &script{T: t, work: t.TempDir()}
			s.dir = s.work
			lines, files := unpack(string(text))
			for name, content := range files {
				p := filepath.Join(s.work, name)
				if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for i, l := range lines {
				if l = strings.TrimSpace(l); l == "" || l[0] == '#' {
					continue
				}
				if err := s.line(l); err != nil {
					t.Fatalf("%s:%d: %s: %v", path, i+1, l, err)
				}
				if t.Failed() {
					t.Fatalf("%s:%d: %s", path, i+1, l)
				}
			}
		})
	}
}

var mark = regexp.MustCompile(`(?m)^-- (\S+) --\n`)

// unpack splits a script from its files.
func unpack(text string) (lines []string, files map[string]string) {
	places := mark.FindAllStringSubmatchIndex(text, -1)
	files = map[string]string{}
	end := len(text)
	for i := len(places) - 1; i >= 0; i-- {
		p := places[i]
		files[text[p[2]:p[3]]] = text[p[1]:end]
		end = p[0]
	}
	return strings.Split(text[:end], "\n"), files
}

type script struct {
	*testing.T
	work, dir string
	env       []string
	last      *transcript
}

// words splits a line at spaces outside single quotes.
var words = regexp.MustCompile(`(?:'[^']*'|[^'\s])+`)

func (s *script) line(l string) error {
	args := words.FindAllString(l, -1)
	for i, a := range args {
		args[i] = strings.ReplaceAll(strings.ReplaceAll(a, "'", ""), "$WORK", s.work)
	}
	not := args[0] == "!"
	if not {
		args = args[1:]
	}
	name, args := args[0], args[1:]
	if s.last == nil && (name == "code" || name == "stdout" || name == "stderr" || name == "records" || name == "states") {
		return fmt.Errorf("nothing has run yet")
	}
	switch name {
	case "source-gorgias":
		s.last = call{args: args, dir: s.dir, env: s.env}.run(s.T)
		if not != (s.last.code != 0) {
			return fmt.Errorf("exit code %d: %s%s", s.last.code, tail(s.last.stdout), s.last.stderr)
		}
		return nil
	case "code":
		if strconv.Itoa(s.last.code) != args[0] {
			return fmt.Errorf("it was %d", s.last.code)
		}
		return nil
	case "stdout", "stderr":
		text := map[string][]byte{"stdout": s.last.stdout, "stderr": s.last.stderr}[name]
		pattern, err := regexp.Compile("(?m)" + args[0])
		if err != nil {
			return err
		}
		if pattern.Match(text) == not {
			return fmt.Errorf("it is: %s", tail(text))
		}
		return nil
	case "records":
		n := len(records(s.last.messages())[args[0]])
		if args[1] == "+" && n > 0 || strconv.Itoa(n) == args[1] {
			return nil
		}
		return fmt.Errorf("it wrote %d", n)
	case "states":
		return os.WriteFile(filepath.Join(s.work, args[0]), []byte(stateFile(assemble(nil, s.last.messages()))), 0o600)
	case "env":
		s.env = append(s.env, args...)
		return nil
	case "cd":
		s.dir = filepath.Join(s.dir, args[0])
		if filepath.IsAbs(args[0]) {
			s.dir = args[0]
		}
		return nil
	case "chmod":
		mode, err := strconv.ParseUint(args[0], 8, 32)
		if err != nil {
			return err
		}
		return os.Chmod(filepath.Join(s.work, args[1]), os.FileMode(mode))
	}
	return fmt.Errorf("no such command")
}

// TestScriptNotices makes sure that a script can fail.
func TestScriptNotices(t *testing.T) {
	s := &script{T: t, work: t.TempDir(), last: &transcript{stdout: bytes.Repeat([]byte("x"), 3), code: 1}}
	for _, l := range []string{"code 0", "stdout y", "! stdout x", "stderr x", "records tickets 1", "records tickets +", "chmod 400 nothing", "surprise"} {
		if s.line(l) == nil {
			t.Errorf("%s passed", l)
		}
	}
}
