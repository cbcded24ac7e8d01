package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector/config"
)

// usageError is a mistake in the arguments.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }

// wrongUsage says what is wrong with the flags of a command, and shows no
// value of theirs, as the parser's own error would.
func (s *invocation) wrongUsage(c *cli.Context, err error, below bool) error {
	flags, args, of := c.App.Flags, s.args[1:], ""
	if below {
		flags, args, of = c.Command.Flags, args[slices.Index(args, c.Command.Name)+1:], c.Command.Name+": "
	}
	return usageError{errors.New(of + wrongFlag(flags, args))}
}

// A flag's name can be shown if nobody could have meant a value by it.
var harmless = regexp.MustCompile(`^[A-Za-z][A-Za-z_-]{0,30}$`)

// wrongFlag says which flag the parser stumbles over.
func wrongFlag(flags []cli.Flag, args []string) string {
	var known []string
	for _, f := range flags {
		for _, name := range f.Names() {
			if len(name) > 1 {
				known = append(known, "--"+name)
			}
		}
	}
	for i := 0; i < len(args) && strings.HasPrefix(args[i], "-") && len(args[i]) > 1 && args[i] != "--"; i++ {
		name, value, given := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(args[i], "-"), "-"), "=")
		at := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
		if at < 0 && !harmless.MatchString(name) {
			return "a flag is not known"
		}
		if at < 0 {
			return "there is no flag --" + name + config.DidYouMean("--"+name, known)
		}
		if _, yesNo := flags[at].(*cli.BoolFlag); yesNo {
			if _, err := strconv.ParseBool(value); given && err != nil {
				return "--" + name + ": expected true, false or nothing behind it"
			}
			continue
		}
		if !given {
			if i++; i == len(args) {
				return "--" + name + ": expected a value behind it"
			}
			value = args[i]
		}
		var err error
		switch flags[at].(type) {
		case *cli.Float64Flag:
			_, err = strconv.ParseFloat(value, 64)
		case *cli.IntFlag, *cli.Uint64Flag:
			_, err = strconv.ParseUint(value, 0, 63)
		}
		if err != nil {
			return "--" + name + ": expected a number"
		}
	}
	return "a flag is not as expected"
}

// noCommand says what is wrong with a first argument that is no command. What
// it is may be anything, also a secret, and is not shown.
func noCommand(app *cli.App, arg string) error {
	var known []string
	for _, c := range app.Commands {
		known = append(known, c.Name)
	}
	if near := config.ClosestMatch(arg, known); near != "" {
		return usageError{fmt.Errorf("the first argument is not a command; did you mean %s?", near)}
	}
	return usageError{fmt.Errorf("the first argument is not a command; expected one of %s", strings.Join(known, ", "))}
}
