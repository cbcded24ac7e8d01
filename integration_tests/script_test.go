package integration_tests

import (
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScript runs the scripts in testdata/script, which contain the files that
// they need. Besides the commands of testscript there are
//
//	[!] source-gorgias …  run the program; with a !, it must fail
//	[!] tap-gorgias …     run it as a tap
//	input FILE            give a file to the next run as standard input
//	code N                its exit code was N
//	records STREAM N|+    it wrote N records of the stream, or some
//	states FILE           store its last states in a file
//	timeless FILE         store its output in a file, with AGE in place of durations
//
// Every run is checked against the protocol.
func TestScript(t *testing.T) {
	t.Parallel()
	last := func(ts *testscript.TestScript) *transcript {
		tr := *ts.Value("last").(**transcript)
		if tr == nil {
			ts.Fatalf("nothing has run yet")
		}
		return tr
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Values["last"], e.Values["input"] = new(*transcript), new(string)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"source-gorgias": func(ts *testscript.TestScript, neg bool, args []string) {
				scriptRun(t, ts, neg, call{args: args})
			},
			"tap-gorgias": func(ts *testscript.TestScript, neg bool, args []string) {
				scriptRun(t, ts, neg, call{tap: true, args: args})
			},
			"input": func(ts *testscript.TestScript, _ bool, args []string) {
				*ts.Value("input").(*string) = ts.MkAbs(args[0])
			},
			"code": func(ts *testscript.TestScript, neg bool, args []string) {
				if (strconv.Itoa(last(ts).code) == args[0]) == neg {
					ts.Fatalf("it was %d", last(ts).code)
				}
			},
			"records": func(ts *testscript.TestScript, neg bool, args []string) {
				n := len(records(last(ts).messages())[args[0]]) + len(tapRecords(last(ts))[args[0]])
				if (args[1] == "+" && n > 0 || strconv.Itoa(n) == args[1]) == neg {
					ts.Fatalf("it wrote %d", n)
				}
			},
			"states": func(ts *testscript.TestScript, _ bool, args []string) {
				text := stateFile(assemble(nil, last(ts).messages()))
				if last(ts).tap != nil {
					text = string(lastState(last(ts)))
				}
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
			},
			"timeless": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), ages.ReplaceAll(last(ts).stdout, []byte(", AGE")), 0o600))
			},
		},
	})
}

// ages matches how long ago something was.
var ages = regexp.MustCompile(`(?m), [^,]+ ago$`)

// scriptEnv are the variables that a script may set for the program.
var scriptEnv = []string{"GORGIAS", "GORGIAS_API_KEY", "HOME", "DEPLOYMENT_MODE", "LOG_LEVEL", "SINGER_SDK_LOG_CONFIG", "LOGLEVEL", "TAP_GORGIAS_LOGLEVEL",
	"TAP_GORGIAS_SUBDOMAIN", "TAP_GORGIAS_USERNAME", "TAP_GORGIAS_API_KEY", "TAP_GORGIAS_START_DATE", "TAP_GORGIAS_CONCURRENCY", "TAP_GORGIAS__SELECT"}

func scriptRun(t *testing.T, ts *testscript.TestScript, neg bool, c call) {
	c.dir = ts.MkAbs(".")
	for _, name := range scriptEnv {
		if v := ts.Getenv(name); v != "" {
			c.env = append(c.env, name+"="+v)
		}
	}
	if input := ts.Value("input").(*string); *input != "" {
		f, err := os.Open(*input)
		ts.Check(err)
		defer f.Close()
		c.stdin, *input = f, ""
	}
	tr := c.run(scriptTB{t, ts})
	*ts.Value("last").(**transcript) = tr
	_, _ = ts.Stdout().Write(tr.stdout)
	_, _ = ts.Stderr().Write(tr.stderr)
	if neg != (tr.code != 0) {
		ts.Fatalf("exit code %d", tr.code)
	}
}

// scriptTB ends a script when a check of a run fails.
type scriptTB struct {
	testing.TB
	ts *testscript.TestScript
}

func (s scriptTB) Errorf(format string, args ...any) { s.ts.Fatalf(format, args...) }
func (s scriptTB) Fatal(args ...any)                 { s.ts.Fatalf("%v", args) }
func (s scriptTB) Fatalf(format string, args ...any) { s.ts.Fatalf(format, args...) }
