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

// variable is the name of a setting in the environment.
func variable(setting string) string {
	return "TAP_GORGIAS_" + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

// environment returns what looks up a variable: in the process's own
// environment, else in the nearest file .env of this directory or one above.
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

// dotenv reads lines of the form NAME=VALUE, with comments, quotes and an
// export in front. Nothing in a value is replaced but \n, \" and \\ between
// double quotes.
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

// overlay lays the settings that look finds over those of a configuration. No
// others are looked for: clients keep things of their own beside them.
func overlay(fields map[string]json.RawMessage, look func(string) string, settings []singer.Setting) error {
	var credentials map[string]json.RawMessage
	_ = json.Unmarshal(fields["credentials"], &credentials) // what is no object, its reader refuses
	for _, s := range settings {
		for _, name := range append([]string{s.Name}, s.Other...) {
			text := look(variable(name))
			if text == "" {
				continue
			}
			if s.Inner && len(credentials) > 0 {
				credentials[s.Name] = cast(s.Kind, text)
			} else {
				fields[s.Name] = cast(s.Kind, text)
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

// variables names, in the problems of a configuration, the variables that the
// settings came from or may come from, if the environment was read.
func variables(err error, paths []string) error {
	var invalid *config.Error
	if !slices.Contains(paths, "ENV") || !errors.As(err, &invalid) {
		return err
	}
	look := environment()
	named := &config.Error{}
	for _, p := range invalid.Problems {
		name := p.Setting[strings.LastIndex(p.Setting, ".")+1:]
		if name == "credentials" && p.Missing {
			p.Text += " (in the environment, " + variable("email") + " and " + variable("api_key") + ")"
		}
		for _, s := range singer.Settings().Settings {
			names := append([]string{s.Name}, s.Other...)
			if !slices.Contains(names, name) {
				continue
			}
			i := slices.IndexFunc(names, func(n string) bool { return look(variable(n)) != "" })
			switch {
			case i >= 0:
				p.Setting = variable(names[i])
			case p.Missing:
				p.Text += " (in the environment, " + variable(s.Name) + ")"
			}
			break
		}
		named.Problems = append(named.Problems, p)
	}
	return named
}

// cast writes a text as JSON of the kind that a setting has. What does not fit
// stays a text; the reader of the configuration says what it should be.
func cast(kind, text string) json.RawMessage {
	raw := json.RawMessage(strings.TrimSpace(text))
	switch kind {
	case "integer", "decimal", "array", "object":
		if json.Valid(raw) {
			return raw
		}
	case "boolean":
		if slices.Contains([]string{"true", "1", "yes", "on"}, strings.ToLower(string(raw))) {
			return json.RawMessage("true")
		}
		if slices.Contains([]string{"false", "0", "no", "off"}, strings.ToLower(string(raw))) {
			return json.RawMessage("false")
		}
	}
	quoted, _ := json.Marshal(text) // a text can always be written
	return quoted
}
