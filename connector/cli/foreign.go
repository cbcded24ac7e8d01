package cli

import (
	"encoding/json"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector/config"
	"source-gorgias/connector/streams"
)

// foreignCommands returns hidden commands with the names that other programs give to
// theirs: ingestr and Sling. Users type them by habit, and are shown the command to
// type instead.
func (a *app) foreignCommands() (all []*cli.Command) {
	for _, name := range []string{"ingestr", "ingest", "sling", "conns", "run"} {
		all = append(all, &cli.Command{Name: name, Hidden: true, SkipFlagParsing: true, HideHelp: true, Action: func(c *cli.Context) error {
			a.humanOutput = true
			return translate(append([]string{name}, c.Args().Slice()...))
		}})
	}
	return all
}

// translate returns the command of this program for one of another program, as the
// error that shows it. It contains no secret: where the user typed one, the command
// has a variable.
func translate(args []string) error {
	if args[0] == "ingestr" || args[0] == "sling" {
		args = args[1:]
	}
	flags := foreignFlags(args)
	var from, command, hint string
	switch name := append(args, "", "")[0]; {
	case name == "ingest":
		from, command, hint = "ingestr", translateIngest(flags), loadHint
	case name == "run":
		from, command, hint = "Sling", translateRun(flags), loadHint
	case name == "conns":
		from, command = "Sling", translateConnections(args)
	default:
		return usageErrorf("this is not ingestr or Sling; expected a command such as check, read or plan")
	}
	return usageErrorf("that is a command of %s. Here, type:\n\n%s\n%s", from, indent(command), hint)
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// foreignFlags returns the flags of a command by their names without dashes, and with
// the long names of short ones.
func foreignFlags(args []string) map[string]string {
	long := map[string]string{"r": "replication", "p": "pipeline"}
	flags := map[string]string{}
	for i, arg := range args {
		name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !strings.HasPrefix(arg, "-") {
			continue
		}
		if !given && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			value = args[i+1]
		}
		if long[name] != "" {
			name = long[name]
		}
		flags[name] = value
	}
	return flags
}

// loadHint says how to load records, which is not this program's task.
const loadHint = "\nTo load the records, leave out \"read\" and pipe the output into a Singer target in place of the file.\n"

func translateIngest(flags map[string]string) string {
	var interval string
	for _, name := range []string{"interval-start", "interval-end"} {
		if value := flags[name]; value != "" {
			interval += "&" + strings.ReplaceAll(name, "-", "_") + "=" + escape(value)
		}
	}
	before, uri := shellURI(flags["source-uri"], interval)
	return before + readCommand(uri, []string{flags["source-table"]})
}

// shellURI returns a URI as a shell writes it, with more parameters, and the commands
// before it that set a variable for the API key. A URI that a variable has is that
// variable.
func shellURI(uri, more string) (before, quoted string) {
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if uri != "" && value == uri && shellName.MatchString(name) {
			return "", `"$` + name + more + `"`
		}
	}
	if uri == "" { // a shell replaces a variable that is not set by nothing
		return "", `"$GORGIAS_URI` + more + `"`
	}
	var account foreignAccount
	if raw, err := config.ParseURI(uri); err == nil {
		_ = json.Unmarshal(raw, &account) // of strings
	}
	return account.uri(more)
}

// A foreignAccount is what other programs know of an account. Only what cannot be a
// secret is shown.
type foreignAccount struct {
	Subdomain string `json:"subdomain"`
	Email     string `json:"email"`
}

var (
	shellName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	emailShape = regexp.MustCompile(`^[^@\s'"]+@[^@\s'"]+\.[^@\s'"]+$`)
	hostShape  = regexp.MustCompile(`^[A-Za-z0-9-]{1,63}(\.gorgias\.com)?$`)
)

// uri returns a URI in single quotation marks, with a variable for the API key and
// for what cannot be shown, and the commands that ask for these variables.
func (f foreignAccount) uri(more string) (before, quoted string) {
	ask := func(variable, silent string) string {
		if os.Getenv(variable) == "" {
			before += "read -r" + silent + " " + variable + " && export " + variable + "\n"
		}
		return "${" + variable + "}"
	}
	host, email := f.Subdomain, escape(f.Email)
	if !hostShape.MatchString(host) {
		host = "acme" // the user's own is not known
	}
	if !emailShape.MatchString(f.Email) {
		email = ask("GORGIAS_EMAIL", "")
	}
	key := ask("GORGIAS_API_KEY", "s")
	return before, "'" + "gorgias://" + host + "?email=" + email + "&api_key=" + key + more + "'"
}

// escape encodes a value for a URI. No character of the result is one of a shell.
func escape(value string) string { return strings.ReplaceAll(url.QueryEscape(value), "+", "%20") }

// readCommand returns the command that reads streams to a file.
func readCommand(config string, names []string) string {
	var known []string
	for _, name := range names {
		if s := streams.Lookup(strings.TrimSpace(name)); s != nil && !slices.Contains(known, s.Name) {
			known = append(known, s.Name)
		}
	}
	file, selection := "gorgias.jsonl", ""
	if len(known) > 0 {
		selection = " --streams " + strings.Join(known, ",")
	}
	if len(known) == 1 {
		file = known[0] + ".jsonl"
	}
	return "source-gorgias read --config " + config + selection + " > " + file
}

// slingConfig returns where a connection of Sling is, for --config, and the command
// that writes it to standard input.
func slingConfig(connection string) (before, config string) {
	home := "~/.sling"
	if os.Getenv("SLING_HOME_DIR") != "" {
		home = `"$SLING_HOME_DIR"`
	}
	switch {
	case os.Getenv(slingVariable) != "" && (connection == slingVariable || connection == ""):
		return "", "ENV"
	case shellName.MatchString(connection) && os.Getenv(connection) != "":
		return `printf %s "$` + connection + `" | `, "-"
	}
	return "", home + "/env.yaml"
}

func translateRun(flags map[string]string) string {
	connection, names := flags["src-conn"], []string{flags["src-stream"]}
	if raw, err := os.ReadFile(flags["replication"]); err == nil {
		var replication struct {
			Source  string                     `json:"source"`
			Streams map[string]json.RawMessage `json:"streams"`
		}
		raw, _ = config.Resolve(raw, nil)
		_ = json.Unmarshal(raw, &replication) // another file names no streams
		connection, names = replication.Source, nil
		for name := range replication.Streams {
			names = append(names, name)
		}
		slices.Sort(names)
	}
	before, config := slingConfig(connection)
	return before + readCommand(config, names)
}

func translateConnections(args []string) string {
	operation, connection := append(args, "", "")[1], append(args, "", "", "")[2]
	before, config := slingConfig(connection)
	switch operation {
	case "discover":
		return before + "source-gorgias discover --config " + config
	case "set":
		before, uri := slingAccount(args[2:]).uri("")
		return before + "source-gorgias check --config " + uri
	}
	return before + "source-gorgias check --config " + config
}

// slingAccount returns the account of the settings that conns set has: name=value, of
// which secrets is YAML.
func slingAccount(args []string) (account foreignAccount) {
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		if name != "secrets" {
			continue
		}
		raw, _ := config.Resolve([]byte(value), nil)
		_ = json.Unmarshal(raw, &account) // without them, they are asked for
	}
	return account
}
