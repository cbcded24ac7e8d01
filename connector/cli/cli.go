// Package cli is the command line: flags, files, the environment and the
// terminal. No other package uses them.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector"
	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/singer"
)

// documentation is the URL in the specification.
const documentation = "https://developers.gorgias.com/reference/introduction"

// Interrupted is the cause with which the context of an interrupted command
// ends.
type Interrupted struct{ Signal os.Signal }

func (i Interrupted) Error() string { return "interrupted" }

// Main runs the command that args name. It returns the exit code, and the
// signal that ended the command, if one did.
//
//	0  success, also of a check that reports a failure
//	1  failure; of verify, differences
//	2  invalid arguments; of verify, nothing was compared
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int, by os.Signal) {
	stdout = &lockedWriter{out: stdout}
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, writer: airbyte.NewWriter(stdout), control: airbyte.NewWriter(stdout)}
	a.writer.Debug = strings.EqualFold(os.Getenv("LOG_LEVEL"), "debug")
	if isTap(args) {
		a.log = tapLog(stderr)
		args = joinTestFlag(args)
	}
	a.args = args
	defer func() {
		if v := recover(); v != nil {
			a.fail(&connector.Panic{Value: v, Stack: debug.Stack()})
			code = 1
		}
	}()
	err := a.commands(args[0]).RunContext(ctx, args)
	var signal Interrupted
	var usage usageError
	var exit exitCode
	switch {
	case err == nil:
		return 0, nil
	case errors.As(context.Cause(ctx), &signal):
		if a.log != nil {
			a.fail(fmt.Errorf("%w: %v", signal, signal.Signal))
		}
		return 1, signal.Signal
	case errors.As(err, &usage):
		if a.log == nil {
			fmt.Fprintf(stderr, "source-gorgias: %v\n", usage)
		}
		fmt.Fprintf(stderr, "hint: run %s --help\n", programName(args[0]))
		if !a.humanOutput {
			a.fail(connector.NewInputError("invalid arguments: %v", usage))
		}
		return 2, nil
	case errors.Is(err, airbyte.ErrFailed):
		return 1, nil
	case errors.As(err, &exit):
		return a.exit(exit), nil
	default:
		a.fail(err)
		return 1, nil
	}
}

// A sharedFlag is a flag that urfave/cli shares between all apps of a process.
// Its Apply writes to the flag, which programs that run side by side must not.
type sharedFlag struct{ *cli.BoolFlag }

func init() { cli.HelpFlag = sharedFlag{cli.HelpFlag.(*cli.BoolFlag)} }

// Apply applies a copy.
func (f sharedFlag) Apply(set *flag.FlagSet) error {
	own := *f.BoolFlag
	return own.Apply(set)
}

// An app is one run of the program.
type app struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	writer         *airbyte.Writer
	log            *singer.Log                               // nil unless the program runs as a tap
	humanOutput    bool                                      // the command's output and errors are text for users
	showRetries    bool                                      // such a command writes to standard error what it waits for
	through        func(http.RoundTripper) http.RoundTripper // around the transport of the account; nil: none

	redactor       gorgias.Redactor
	control        *airbyte.Writer // for concurrent use with writer
	stdinFor       string          // what standard input was read for; "" if it was not
	stdinText      []byte          // what was read
	config         []byte          // as it was given
	tokens         *tokenStore     // to which renewed tokens are saved; nil if they are not
	refreshToken   string          // as it was given
	rotationWarned bool
}

// fail reports the error that ended the program.
func (a *app) fail(err error) {
	message := connector.Classify(nil, err).Message
	switch {
	case a.log != nil:
		var p *connector.Panic
		if errors.As(err, &p) {
			a.log.Print(singer.Error, "", "%s", p.Stack)
		}
		a.log.Print(singer.Critical, "", "%s", message)
	case a.humanOutput:
		fmt.Fprintln(a.stderr, "source-gorgias:", a.redactor.Redact(message))
	default:
		if err := a.writer.Fail(err); !errors.Is(err, airbyte.ErrFailed) { // standard output is closed
			fmt.Fprintln(a.stderr, "source-gorgias:", err)
		}
	}
}

const (
	configUsage     = "JSON or YAML `FILE` with the configuration, or a gorgias:// URI; -: standard input; ENV: the variables " + variablePrefix + "…"
	catalogUsage    = "JSON `FILE` with the catalog, of either protocol; without one, all streams are read; -: standard input"
	stateUsage      = "`FILE` with the state of the last sync, of either protocol, or with its output; -: standard input"
	saveTokensUsage = "write renewed OAuth2 tokens to the config file"
	reconcileUsage  = "read all lists again from end to end, to find what neither a date nor an event shows"
	sandboxUsage    = "read the sandbox account: no credentials, no network"
)

// streamsFlag returns the flag that selects streams without a catalog.
func streamsFlag() cli.Flag {
	return &cli.StringFlag{Name: "streams", Usage: "`NAMES` of the streams, with commas, in place of a catalog: tickets,users"}
}

// commands returns the program's commands and flags.
func (a *app) commands(called string) *cli.App {
	config := &cli.StringFlag{Name: "config", Usage: configUsage}
	save := &cli.BoolFlag{Name: "save-tokens", Usage: saveTokensUsage}
	sandbox := &cli.BoolFlag{Name: "sandbox", Usage: sandboxUsage}
	catalog := &cli.StringFlag{Name: "catalog", Usage: catalogUsage}
	streams := streamsFlag()
	state := &cli.StringFlag{Name: "state", Usage: stateUsage}
	summary := &cli.StringFlag{Name: "summary", Usage: summaryUsage}
	reconcile := &cli.BoolFlag{Name: "reconcile", Usage: reconcileUsage}
	debug := &cli.BoolFlag{Name: "debug", Usage: "write debug messages", Action: func(_ *cli.Context, on bool) error {
		a.writer.Debug = a.writer.Debug || on
		return nil
	}}
	app := &cli.App{
		Name:                      programName(called),
		Usage:                     "read a Gorgias helpdesk account, for Airbyte and for Singer",
		UsageText:                 usageText(programName(called)),
		HideVersion:               true, // --version is one of the tap's flags
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		Writer:                    a.stdout,
		ErrWriter:                 a.stderr,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              a.onUsageError,
		Flags:                     tapFlags(),
		Action:                    a.tap,
		Commands: []*cli.Command{{
			Name: "spec", Usage: "print the specification of the configuration",
			Flags: []cli.Flag{debug}, Action: a.spec,
		}, {
			Name: "check", Usage: "check whether the account can be read; on a terminal, each stream",
			Flags: []cli.Flag{config, sandbox, save, debug, streams}, Action: a.check,
		}, {
			Name: "discover", Usage: "print the catalog of streams",
			Flags: []cli.Flag{config, sandbox, debug}, Action: a.discover,
		}, {
			Name: "read", Usage: "read the streams of the catalog, or all streams",
			Flags: []cli.Flag{config, sandbox, save, debug, streams, catalog, state, reconcile, summary}, Action: a.read,
		}, {
			Name: "plan", Usage: "estimate the requests, records and duration of the next read",
			Flags: []cli.Flag{config, sandbox, save, debug, streams, catalog, state, reconcile,
				&cli.BoolFlag{Name: "json", Usage: "print JSON"},
			}, Action: a.plan,
		}, {
			Name: "probe", Usage: "check which assumptions about the API hold for an account, by at most 60 GET requests",
			Flags: append([]cli.Flag{config, sandbox, save, debug}, probeFlags()...), Action: a.probe,
		}, {
			Name: "state", Usage: "show how far each stream of a state has got, without requests",
			Flags: []cli.Flag{
				state, catalog,
				&cli.BoolFlag{Name: "json", Usage: "print JSON"},
			}, Action: a.state,
		}, {
			Name: "verify", Usage: "compare rows of a table, from standard input, with the account",
			Flags: append([]cli.Flag{config, sandbox, save, debug, state}, verifyFlags()...), Action: a.verify,
		}, {
			Name: "sandbox", Usage: "serve the sandbox account to other programs",
			Flags: sandboxFlags(), Action: a.sandbox,
		}},
	}
	if app.Name == singer.Name {
		app.Commands, app.Usage = nil, "read a Gorgias helpdesk account, for Singer"
	}
	for _, c := range app.Commands {
		c.OnUsageError = a.onUsageError
		c.HideHelpCommand = true
		action := c.Action
		c.Action = func(c *cli.Context) error {
			if c.Lineage()[1].NumFlags() > 0 {
				return usageErrorf("%[1]s: put the flags after the command: %[2]s %[1]s --config …", c.Command.Name, c.App.Name)
			}
			if c.Args().Present() {
				return usageErrorf("%s: unexpected argument; give files by flags, such as --config FILE", c.Command.Name)
			}
			return action(c)
		}
	}
	if app.Name != singer.Name {
		app.Flags = append(app.Flags, cli.HelpFlag) // which the library leaves out beside a command help
		app.Commands = append(app.Commands, a.manners()...)
		app.Commands = append(app.Commands, a.shellCommands()...)
		app.Commands = append(app.Commands, a.foreignCommands()...)
	}
	return app
}

// manners returns the commands that users expect of every program.
func (a *app) manners() []*cli.Command {
	return []*cli.Command{{
		Name: "help", Usage: "show help, for the program or for a COMMAND", ArgsUsage: "[COMMAND]", HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			a.humanOutput = true
			name := c.Args().First()
			switch command := c.App.Command(name); {
			case name == "":
				return cli.ShowAppHelp(c)
			case command == nil || command.Hidden:
				return unknownCommand(c.App, name)
			}
			return cli.ShowCommandHelp(c.Lineage()[1], name)
		},
	}, {
		Name: "version", Usage: "print the version", HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			_, err := fmt.Fprintln(a.stdout, c.App.Name, Version())
			return err
		},
	}}
}

// version is set by the linker when a release is built, from the source alone:
// packaging/build.go, Dockerfile.
var version string

// Version returns the version of the release, or of the module if the program
// was built from one, or "dev".
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
