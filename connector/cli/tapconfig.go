package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector/config"
	"source-gorgias/connector/singer"
)

// tapSettings are the settings that only the tap has.
type tapSettings struct {
	userAgent        string
	activateVersions bool
}

// parseTapConfig reads the configuration.
func (a *app) parseTapConfig(c *cli.Context) (*tapSettings, *config.Settings, error) {
	useSandbox, paths := c.Bool("sandbox"), c.StringSlice("config")
	if len(paths) == 0 && !useSandbox {
		return nil, nil, usageErrorf("--config is missing%s", configHint())
	}
	if c.Bool("save-tokens") {
		file := findTokenFile(paths)
		if file == "" {
			return nil, nil, usageErrorf("--save-tokens: no config file has a refresh_token")
		}
		if err := a.keepTokens(c.Context, file); err != nil {
			return nil, nil, err
		}
	}
	fields, ignored, err := a.mergeConfigs(paths)
	for _, text := range ignored {
		a.log.Print(singer.Warn, "", "%s", text)
	}
	if err != nil {
		return nil, nil, err
	}
	own, warnings, err := takeTapSettings(fields)
	if err != nil {
		return nil, nil, nameVariables(err, paths)
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, nil, err
	}
	settings, err := a.parseConfig(raw, useSandbox)
	if err != nil {
		return nil, nil, nameVariables(err, paths)
	}
	for _, text := range append(warnings, settings.Warnings...) {
		a.log.Print(singer.Warn, "", "%s", text)
	}
	return own, settings, nil
}

// mergeConfigs merges the configurations of files, of which the later ones take
// precedence, and the environment if ENV is one of the paths. The environment
// takes precedence over all files. The warnings say what was ignored.
func (a *app) mergeConfigs(paths []string) (fields map[string]json.RawMessage, warnings []string, err error) {
	fields = map[string]json.RawMessage{}
	if slices.Contains(paths, "ENV") {
		if err := addSlingVariable(fields); err != nil {
			return nil, nil, err
		}
	}
	for _, path := range paths {
		if path == "ENV" {
			continue
		}
		raw, err := a.readConfig(path)
		if err != nil {
			return nil, nil, err
		}
		if json.Unmarshal(raw, &fields) != nil || fields == nil {
			_, err := config.Parse(raw, false) // it describes the mistake
			return nil, nil, err
		}
	}
	if slices.Contains(paths, "ENV") {
		settings := singer.Settings().Settings
		env, warning := newEnvironment()
		warnings = slices.DeleteFunc([]string{warning, env.keepOrigin(fields, settings)}, func(text string) bool { return text == "" })
		err = overlay(fields, env.lookup, settings)
	}
	return fields, warnings, err
}

// findTokenFile returns the last file that has a refresh token; "" if none has.
func findTokenFile(paths []string) (file string) {
	for _, path := range paths {
		raw, _ := os.ReadFile(path) // ENV, - and URIs are not files
		if _, refresh, _ := config.Tokens(raw); refresh != "" {
			file = path
		}
	}
	return file
}

// mapperSettings are settings of the Singer SDK that this tap does not have.
var mapperSettings = []string{"stream_maps", "stream_map_config", "faker_config", "batch_config",
	"flattening_enabled", "flattening_max_depth", "flattening_max_key_length", "flattening_separator"}

// takeTapSettings removes from a configuration the settings that only the tap
// has, and those of other taps that it does not have, with warnings.
func takeTapSettings(fields map[string]json.RawMessage) (own *tapSettings, warnings []string, err error) {
	take := func(name string) (value string) {
		raw := fields[name]
		delete(fields, name)
		if json.Unmarshal(raw, &value) != nil {
			value = string(raw)
		}
		return strings.TrimSpace(value)
	}
	own = &tapSettings{userAgent: singer.Name + "/" + Version()}
	if agent := take("user_agent"); agent != "" {
		own.userAgent = agent
	}
	if strings.ContainsFunc(own.userAgent, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, nil, &config.Error{Problems: []config.Problem{{Setting: "user_agent", Text: "expected ASCII text such as acme-etl/1.0"}}}
	}
	if text := take("emit_activate_version_messages"); text != "" {
		var ok bool
		if own.activateVersions, ok = config.ParseBool(text); !ok {
			return nil, nil, &config.Error{Problems: []config.Problem{{Setting: "emit_activate_version_messages", Text: "expected true or false"}}}
		}
	}
	var ignored []string
	for _, name := range mapperSettings {
		if value := take(name); value != "" && value != "false" && value != "{}" {
			ignored = append(ignored, name)
		}
	}
	if len(ignored) > 0 {
		warnings = append(warnings, "the settings \""+strings.Join(ignored, `", "`)+"\" were not used: this tap leaves mapping, flattening and batches to the target, or to a mapper such as meltano-map-transformer")
	}
	for _, s := range [][2]string{{"page_size", "pages are as large as the API allows"}, {"tickets_view_id", "tickets of all views are read"}} {
		if take(s[0]) != "" {
			warnings = append(warnings, fmt.Sprintf("the setting %q was not used: %s", s[0], s[1]))
		}
	}
	return own, warnings, nil
}
