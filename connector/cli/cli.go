// Package cli is the entrance: it alone touches flags, files and standard
// streams.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector"
	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/singer"
)

// documentation is what the specification sends its readers to.
const documentation = "https://developers.gorgias.com/reference/introduction"

// Interrupted is the cause with which the context of an interrupted command
// ends.
type Interrupted struct{ Signal os.Signal }

func (i Interrupted) Error() string { return "interrupted" }

// Main runs the command that args name and returns its exit code, and the
// signal that ended it if one did.
//
//	0  done; a check that says no has done its work
//	1  failed
//	2  called wrongly
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int, by os.Signal) {
	stdout = &shared{out: stdout}
	s := &invocation{stdout: stdout, stderr: stderr, pen: airbyte.NewWriter(stdout), control: airbyte.NewWriter(stdout)}
	s.pen.Debug = strings.EqualFold(os.Getenv("LOG_LEVEL"), "debug")
	if isTap(args) {
		s.log = tapLog(stderr)
		args = withTest(args)
	}
	s.args = args
	defer func() {
		if v := recover(); v != nil {
			s.fail(&connector.Panic{Value: v, Stack: debug.Stack()})
			code = 1
		}
	}()
	err := s.app(args[0]).RunContext(ctx, args)
	var signal Interrupted
	var usage usageError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(context.Cause(ctx), &signal):
		if s.log != nil {
			s.fail(fmt.Errorf("%w: %v", signal, signal.Signal))
		}
		return 1, signal.Signal
	case errors.As(err, &usage):
		if s.log == nil {
			fmt.Fprintf(stderr, "source-gorgias: %v\n", err)
		}
		fmt.Fprintf(stderr, "hint: %s --help tells how to call it\n", name(args[0]))
		if !s.people {
			s.fail(&connector.InputError{Text: "called wrongly: " + err.Error()})
		}
		return 2, nil
	case errors.Is(err, airbyte.ErrFailed):
		return 1, nil
	default:
		s.fail(err)
		return 1, nil
	}
}

// invocation is one run of the program.
type invocation struct {
	args           []string
	stdout, stderr io.Writer
	pen            *airbyte.Writer
	log            *singer.Log // of a tap; nil if the program is none
	people         bool        // the command writes for people, and so do its errors

	veil    veil            // over all secrets there are
	control *airbyte.Writer // beside pen, from any goroutine
	config  []byte          // as it was given
	save    string          // the file into which renewed tokens are written; "" for none
	refresh string          // the refresh token as it was given
	lost    bool            // another came, and goes
}

// fail tells what ended the program, in the words of its protocol.
func (s *invocation) fail(err error) {
	if s.log != nil {
		var broken *connector.Panic
		if errors.As(err, &broken) {
			s.log.Print(singer.Error, "", "%s", broken.Stack)
		}
		s.log.Print(singer.Critical, "", "%s", connector.Classify(nil, err).Message)
		return
	}
	if s.people {
		fmt.Fprintln(s.stderr, "source-gorgias:", s.veil.mask(connector.Classify(nil, err).Message))
		return
	}
	if werr := s.pen.Fail(err); !errors.Is(werr, airbyte.ErrFailed) { // standard output is gone
		fmt.Fprintln(s.stderr, "source-gorgias:", werr)
	}
}

// saveUsage says what --save-tokens is for.
const saveUsage = "write renewed OAuth2 tokens back into the config file"

func (s *invocation) app(called string) *cli.App {
	config := &cli.StringFlag{Name: "config", Usage: "JSON `FILE` with the configuration"}
	save := &cli.BoolFlag{Name: "save-tokens", Usage: saveUsage}
	box := &cli.BoolFlag{Name: "sandbox", Usage: "read the built-in account: no credentials, no network"}
	debug := &cli.BoolFlag{Name: "debug", Usage: "log more", Action: func(_ *cli.Context, on bool) error {
		s.pen.Debug = s.pen.Debug || on
		return nil
	}}
	app := &cli.App{
		Name:                      name(called),
		Usage:                     "read a Gorgias helpdesk account, for Airbyte and for Singer",
		UsageText:                 usage(name(called)),
		HideVersion:               true, // --version is among the flags
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		Writer:                    s.stdout,
		ErrWriter:                 s.stderr,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              s.wrongUsage,
		Flags:                     tapFlags(),
		Action:                    s.tap,
		Commands: []*cli.Command{{
			Name: "spec", Usage: "write the specification of the configuration",
			Flags: []cli.Flag{debug}, Action: s.spec,
		}, {
			Name: "check", Usage: "tell whether the account can be read; on a terminal, which streams",
			Flags: []cli.Flag{config, box, save, debug}, Action: s.check,
		}, {
			Name: "discover", Usage: "write the catalog of streams",
			Flags: []cli.Flag{config, box, debug}, Action: s.discover,
		}, {
			Name: "read", Usage: "write the records of the streams; of all if there is no catalog",
			Flags: []cli.Flag{config, box, save, debug,
				&cli.StringFlag{Name: "catalog", Usage: "JSON `FILE` with the configured catalog"},
				&cli.StringFlag{Name: "state", Usage: "JSON `FILE` with the state of the last sync"},
			}, Action: s.read,
		}, {
			Name: "plan", Usage: "tell what the next read will ask for, and how long it will take",
			Flags: []cli.Flag{config, box, save, debug,
				&cli.StringFlag{Name: "catalog", Usage: "JSON `FILE` with the configured catalog"},
				&cli.StringFlag{Name: "state", Usage: "JSON `FILE` with the state of the last sync"},
				&cli.BoolFlag{Name: "json", Usage: "as JSON"},
			}, Action: s.plan,
		}, {
			Name: "state", Usage: "tell how far a state has got, of either protocol; no account is asked",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "state", Usage: "JSON `FILE` with the state"},
				&cli.StringFlag{Name: "catalog", Usage: "JSON `FILE` with the catalog, of either protocol"},
			}, Action: s.state,
		}, {
			Name: "sandbox", Usage: "serve the built-in account to other programs",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8080", Usage: "`ADDRESS` to serve on"},
				&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "another `NUMBER`, another account"},
				&cli.Float64Flag{Name: "live", Usage: "`CHANGES` to the account per request"},
				&cli.IntFlag{Name: "limit", Value: 40, Usage: "`REQUESTS` in a full bucket, which runs empty in 20 s"},
				&cli.BoolFlag{Name: "rotate", Usage: "each OAuth2 refresh token is taken once; the next comes with the access token"},
				&cli.IntFlag{Name: "messages", Usage: "another `NUMBER` of messages, with a fifth as many tickets"},
			}, Action: s.sandbox,
		}},
	}
	if app.Name == singer.Name {
		app.Commands, app.Usage = nil, "read a Gorgias helpdesk account, for Singer"
	}
	for _, c := range app.Commands {
		c.OnUsageError = s.wrongUsage
		c.HideHelpCommand = true
		action := c.Action
		c.Action = func(c *cli.Context) error {
			if c.Lineage()[1].NumFlags() > 0 {
				return usageError{fmt.Errorf("%[1]s: flags stand behind the command: %[2]s %[1]s --config …", c.Command.Name, c.App.Name)}
			}
			if c.Args().Present() {
				return usageError{fmt.Errorf("%s: an argument stands outside the flags; files are given as --config FILE and the like", c.Command.Name)}
			}
			return action(c)
		}
	}
	return app
}

// version is set by the linker when a release is built, from the source alone:
// packaging/build.go, Dockerfile.
var version string

// Version is that of the release, or of the module if it was built from one,
// else "dev".
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
