package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"source-gorgias/connector/config"
	"source-gorgias/connector/singer"
)

// variablePrefix is how the variables of settings begin.
const variablePrefix = "TAP_GORGIAS_"

// variable returns the environment variable of a setting.
func variable(setting string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

// slingVariable is the variable that has a connection in Sling.
const slingVariable = "GORGIAS"

// addSlingVariable adds the connection of Sling in the environment: YAML, JSON or a
// URI. Other values belong to something else.
func addSlingVariable(fields map[string]json.RawMessage) error {
	text := os.Getenv(slingVariable)
	raw, err := []byte(text), error(nil)
	switch {
	case config.IsURI(text):
		raw, err = config.ParseURI(text)
	case !strings.ContainsAny(text, "{:"):
		return nil
	}
	if err == nil {
		raw, err = resolve(raw)
	}
	if err != nil {
		return fmt.Errorf("the variable %s: %w", slingVariable, err)
	}
	return json.Unmarshal(raw, &fields)
}

// An environment has variables: those of the process, or else those of the file
// .env in the working directory.
type environment struct{ file map[string]string }

// newEnvironment reads the file .env. A file that another user may have written
// is not used, and the warning says why.
func newEnvironment() (e environment, warning string) {
	f, err := os.Open(".env")
	if err != nil {
		return e, ""
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !isOwn(info) {
		return e, "the file .env was not used: it must belong to you, and no other user may write it: chown it to the user who runs the tap, and chmod 600 .env"
	}
	if text, err := io.ReadAll(io.LimitReader(f, 1<<20)); err == nil {
		e.file = dotenv(string(text))
	}
	return e, ""
}

func (e environment) lookup(name string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return e.file[name]
}

// keepOrigin ignores a base_url in the file .env unless the credentials are in it
// too, and returns a warning if there is one. Else such a file could send the
// credentials of a configuration elsewhere.
func (e environment) keepOrigin(fields map[string]json.RawMessage, settings []singer.Setting) (warning string) {
	elsewhere := len(fields["credentials"]) > 0
	for _, s := range settings {
		for _, name := range append([]string{s.Name}, s.Aliases...) {
			_, inProcess := os.LookupEnv(variable(name))
			elsewhere = elsewhere || s.InCredentials && (inProcess || len(fields[name]) > 0)
		}
	}
	if !elsewhere {
		return ""
	}
	for _, name := range append([]string{"base_url"}, config.Aliases("base_url")...) {
		if e.file[variable(name)] != "" {
			delete(e.file, variable(name)) //rule:dotenv-keeps-origin
			warning = variable(name) + " in the file .env was not used: the credentials come from elsewhere. Set it where the credentials are"
		}
	}
	return warning
}

// dotenv parses lines of the form NAME=VALUE, with comments, quotes and a
// leading export. Values are literal, except for \n, \" and \\ in double quotes.
func dotenv(text string) map[string]string {
	values := map[string]string{}
	for l := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		l = strings.TrimSpace(l)
		name, value, ok := strings.Cut(strings.TrimPrefix(l, "export "), "=")
		if !ok || strings.HasPrefix(l, "#") {
			continue
		}
		value = strings.TrimSpace(value)
		quote := value[:min(1, len(value))]
		if end := strings.LastIndex(value, quote); (quote == `"` || quote == "'") && end > 0 {
			value = value[1:end]
			if quote == `"` {
				value = strings.NewReplacer(`\n`, "\n", `\"`, `"`, `\\`, `\`).Replace(value)
			}
		} else {
			value, _, _ = strings.Cut(" "+value, " #")
			value = strings.TrimSpace(value)
		}
		values[strings.TrimSpace(name)] = value
	}
	return values
}

// overlay sets the settings that lookup finds in a configuration, as strings.
// Other variables with the prefix are ignored, because clients set some.
func overlay(fields map[string]json.RawMessage, lookup func(string) string, settings []singer.Setting) error {
	var credentials map[string]json.RawMessage
	_ = json.Unmarshal(fields["credentials"], &credentials) // config.Parse reports what is no object
	for _, s := range settings {
		for _, name := range append([]string{s.Name}, s.Aliases...) {
			text := lookup(variable(name))
			if text == "" {
				continue
			}
			value, _ := json.Marshal(text) // strings can always be encoded
			if s.InCredentials && len(credentials) > 0 {
				credentials[s.Name] = value
			} else {
				fields[s.Name] = value
			}
			break
		}
	}
	if len(credentials) == 0 {
		return nil
	}
	var err error
	fields["credentials"], err = json.Marshal(credentials)
	return err
}

// nameVariables adds the names of environment variables to the problems of a
// configuration, if ENV is among its paths.
func nameVariables(err error, paths []string) error {
	var invalid *config.Error
	if !slices.Contains(paths, "ENV") || !errors.As(err, &invalid) {
		return err
	}
	env, _ := newEnvironment()
	named := &config.Error{}
	for _, problem := range invalid.Problems {
		named.Problems = append(named.Problems, nameVariable(problem, env.lookup))
	}
	return named
}

// nameVariable names the variable that contains the value of a problem, or that
// can contain a missing one.
func nameVariable(p config.Problem, lookup func(string) string) config.Problem {
	name := p.Setting[strings.LastIndex(p.Setting, ".")+1:]
	if name == "credentials" && p.Missing {
		p.Text += " (in the environment, " + variable("email") + " and " + variable("api_key") + ")"
	}
	for _, s := range singer.Settings().Settings {
		names := append([]string{s.Name}, s.Aliases...)
		if !slices.Contains(names, name) {
			continue
		}
		if i := slices.IndexFunc(names, func(n string) bool { return lookup(variable(n)) != "" }); i >= 0 {
			p.Setting = variable(names[i])
		} else if p.Missing {
			p.Text += " (in the environment, " + variable(s.Name) + ")"
		}
		break
	}
	return p
}
