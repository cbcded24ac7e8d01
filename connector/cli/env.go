package cli

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"source-gorgias/connector/config"
	"source-gorgias/connector/singer"
)

// variable returns the environment variable of a setting.
func variable(setting string) string {
	return "TAP_GORGIAS_" + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

// environment returns a function that looks up variables: in the environment of
// the process, or else in the nearest file .env of the working directory and
// those above it.
func environment() func(string) string {
	var file map[string]string
	if dir, err := os.Getwd(); err == nil {
		for ; ; dir = filepath.Dir(dir) {
			if text, err := os.ReadFile(filepath.Join(dir, ".env")); err == nil {
				file = dotenv(string(text))
				break
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return func(name string) string {
		if value, ok := os.LookupEnv(name); ok {
			return value
		}
		return file[name]
	}
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
	lookup := environment()
	named := &config.Error{}
	for _, problem := range invalid.Problems {
		named.Problems = append(named.Problems, nameVariable(problem, lookup))
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
