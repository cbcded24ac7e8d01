package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector/config"
)

// usageError is a mistake in the arguments.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usageErrorf(format string, args ...any) error {
	return usageError{fmt.Sprintf(format, args...)}
}

// onUsageError describes a mistake in the flags. Unlike the parser's error, it
// shows no values, because a value can be a secret.
func (a *app) onUsageError(c *cli.Context, err error, isSubcommand bool) error {
	flags, args, prefix := c.App.Flags, a.args[1:], ""
	if isSubcommand {
		flags, args, prefix = c.Command.Flags, args[slices.Index(args, c.Command.Name)+1:], c.Command.Name+": "
	}
	return usageError{prefix + explainFlagError(flags, args)}
}

// printableName matches the names of unknown flags that can be shown. Others
// may be values.
var printableName = regexp.MustCompile(`^[A-Za-z][A-Za-z_-]{0,30}$`)

// explainFlagError describes the first mistake in the flags.
func explainFlagError(flags []cli.Flag, args []string) string {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && len(args[0]) > 1 && args[0] != "--" {
		problem, used := checkFlag(flags, args)
		if problem != "" {
			return problem
		}
		args = args[used:]
	}
	return "a flag is invalid"
}

// checkFlag describes the mistake in the first argument, a flag, or returns how
// many arguments the flag takes.
func checkFlag(flags []cli.Flag, args []string) (problem string, used int) {
	name, value, given := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(args[0], "-"), "-"), "=")
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return unknownFlag(flags, name), 0
	}
	if _, ok := flags[i].(*cli.BoolFlag); ok {
		if _, err := strconv.ParseBool(value); given && err != nil {
			return "--" + name + ": expected true, false or no value", 0
		}
		return "", 1
	}
	used = 1
	if !given {
		if len(args) == 1 {
			return "--" + name + ": expected a value", 0
		}
		value, used = args[1], 2
	}
	var err error
	switch flags[i].(type) {
	case *cli.DurationFlag:
		if _, err := time.ParseDuration(value); err != nil {
			return "--" + name + ": expected a duration such as 30m", 0
		}
	case *cli.Float64Flag:
		_, err = strconv.ParseFloat(value, 64)
	case *cli.IntFlag, *cli.Uint64Flag:
		_, err = strconv.ParseUint(value, 0, 63)
	}
	if err != nil {
		return "--" + name + ": expected a number", 0
	}
	return "", used
}

func unknownFlag(flags []cli.Flag, name string) string {
	if !printableName.MatchString(name) {
		return "unknown flag"
	}
	var known []string
	for _, f := range flags {
		for _, n := range f.Names() {
			if len(n) > 1 {
				known = append(known, "--"+n)
			}
		}
	}
	return "unknown flag --" + name + config.DidYouMean("--"+name, known)
}

// unknownCommand describes an argument that is no command. It shows the argument only
// if that cannot be a secret.
func unknownCommand(app *cli.App, arg string) error {
	var known []string
	for _, c := range app.Commands {
		if !c.Hidden {
			known = append(known, c.Name)
		}
	}
	what := "the first argument is not a command"
	if printableName.MatchString(arg) {
		what = fmt.Sprintf("%q is not a command", arg)
	}
	if near := config.ClosestMatch(arg, known); near != "" {
		return usageErrorf("%s; did you mean %s?", what, near)
	}
	return usageErrorf("%s; expected one of %s", what, strings.Join(known, ", "))
}
