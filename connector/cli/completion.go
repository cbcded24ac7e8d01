package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// shellCommands returns the commands that print what a shell and man load.
func (a *app) shellCommands() []*cli.Command {
	return []*cli.Command{{
		Name: "completion", Usage: "print the completion script of a SHELL: bash, zsh or fish", ArgsUsage: "SHELL", HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			a.humanOutput = true
			text, err := completion(c.App, c.Args().First())
			if err != nil {
				return err
			}
			_, err = io.WriteString(a.stdout, text)
			return err
		},
	}, {
		Name: "man", Usage: "print the manual page", HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			page, err := c.App.ToManWithSection(1)
			if err != nil {
				return err
			}
			_, err = io.WriteString(a.stdout, page)
			return err
		},
	}}
}

// completion returns the script that completes commands, flags and file names.
func completion(app *cli.App, shell string) (string, error) {
	switch shell {
	case "bash":
		return bashCompletion(app), nil
	case "zsh":
		return "autoload -U +X bashcompinit && bashcompinit\n" + bashCompletion(app), nil
	case "fish":
		return app.ToFishCompletion()
	}
	return "", usageErrorf("completion: expected bash, zsh or fish")
}

func bashCompletion(app *cli.App) string {
	var commands []string
	var cases strings.Builder
	for _, c := range app.VisibleCommands() {
		commands = append(commands, c.Name)
		fmt.Fprintf(&cases, "    %s) words=%q ;;\n", c.Name, strings.Join(flagNames(c.Flags), " "))
	}
	return fmt.Sprintf(`_source_gorgias() {
  local words=%q
  case "${COMP_WORDS[1]}" in
%s  esac
  [ "$COMP_CWORD" -gt 1 ] || words=%q
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _source_gorgias %s
`, strings.Join(flagNames(app.Flags), " "), cases.String(), strings.Join(append(commands, flagNames(app.Flags)...), " "), app.Name)
}

func flagNames(flags []cli.Flag) (names []string) {
	for _, f := range flags {
		names = append(names, "--"+f.Names()[0])
	}
	return names
}
