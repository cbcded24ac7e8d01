package singer

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"source-gorgias/connector/config"
	"source-gorgias/connector/conform"
)

// Name is the name of the program as a tap.
const Name = "tap-gorgias"

// Description is the tap's description in catalogs of taps.
const Description = "Reads a Gorgias helpdesk account: tickets, messages, customers and all other lists of its API."

// Capabilities are what the tap supports, in the Singer SDK's names.
func Capabilities() []string {
	return []string{"about", "activate-version", "catalog", "discover", "state", "structured-logging", "test"}
}

// A Setting is one setting, in the keywords of JSON Schema.
type Setting struct {
	Name          string   `json:"-"`
	Kind          string   `json:"-"` // Meltano's name of the type
	Aliases       []string `json:"-"` // other accepted names
	InCredentials bool     `json:"-"` // it can also stand in the object "credentials"

	Type        []string `json:"type"`
	Format      string   `json:"format,omitempty"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Examples    []any    `json:"examples,omitempty"`
	Enum        []any    `json:"enum,omitempty"`
	Default     any      `json:"default,omitempty"`
	Minimum     any      `json:"minimum,omitempty"`
	Maximum     any      `json:"maximum,omitempty"`
	MinLength   any      `json:"minLength,omitempty"`
	Items       any      `json:"items,omitempty"`
	Secret      bool     `json:"secret,omitempty"`
	WriteOnly   bool     `json:"writeOnly,omitempty"`
}

// A SettingsSpec describes all settings.
type SettingsSpec struct {
	Settings []Setting
	// RequiredGroups are sets of settings, one of which must be given completely.
	RequiredGroups [][]string
}

// Settings returns the settings of the configuration's specification, without
// nesting, and those that only the tap has.
func Settings() SettingsSpec {
	var s SettingsSpec
	s.add(config.Spec(), nil, false)
	s.Settings = append(s.Settings, Setting{
		Name: "user_agent", Kind: "string", Type: []string{"string", "null"}, Title: "User agent",
		Description: "The User-Agent header of the tap's requests. If you leave it empty, it is the tap's name and version.",
	}, Setting{
		Name: "emit_activate_version_messages", Kind: "boolean", Type: []string{"boolean", "null"}, Title: "Activate versions", Default: false,
		Description: "Whether each stream without a cursor ends with an ACTIVATE_VERSION message, so that targets remove rows that no longer exist. Not every target supports it.",
	})
	return s
}

// A property is a setting in the specification.
type property struct {
	Setting
	Type    string            `json:"type"`
	Const   string            `json:"const"`
	Secret  bool              `json:"airbyte_secret"`
	Options []json.RawMessage `json:"oneOf"`
}

// add adds the settings of a specification, or of one option of an object in
// it. required are the settings outside the option that are required with it.
func (s *SettingsSpec) add(spec []byte, required []string, inCredentials bool) {
	var object struct{ Required []string }
	_ = json.Unmarshal(spec, &object) // the program's own specification is valid
	var options []json.RawMessage
	for name, raw := range conform.Properties(spec) {
		var p property
		_ = json.Unmarshal(raw, &p)
		options = append(options, p.Options...)
		if p.Options == nil && p.Const == "" && slices.Contains(object.Required, name) {
			required = append(required, name)
		}
	}
	if options == nil {
		s.RequiredGroups = append(s.RequiredGroups, required)
	}
	for name, raw := range conform.Properties(spec) {
		var p property
		_ = json.Unmarshal(raw, &p)
		switch {
		case p.Const != "": // the option follows from the settings that are given
		case p.Options != nil:
			for _, option := range p.Options {
				s.add(option, slices.Clone(required), true)
			}
		default:
			s.Settings = append(s.Settings, p.setting(name, inCredentials))
		}
	}
}

func (p property) setting(name string, inCredentials bool) Setting {
	s := p.Setting
	s.Name, s.Aliases, s.InCredentials, s.Secret, s.WriteOnly = name, config.Aliases(name), inCredentials, p.Secret, p.Secret
	s.Type, s.Kind = []string{p.Type, "null"}, p.Type
	switch {
	case p.Format == "date-time":
		s.Kind = "date_iso8601"
	case p.Type == "number":
		s.Kind = "decimal"
	}
	return s
}

// AboutFormats are the output formats of About.
func AboutFormats() []string { return []string{"text", "json", "markdown"} }

// About writes the description of the tap and its settings.
func About(out io.Writer, format, version string) error {
	spec := Settings()
	switch format {
	case "json":
		return encode(out, spec.document(version))
	case "markdown":
		return spec.list(out, version, "# `%s`\n\n%s\n\nVersion: %s\n\n## Capabilities\n\n%s\n\n## Settings\n\nRequired: %s.\n\n| setting | default | meaning |\n| --- | --- | --- |\n",
			"* `%s`", "\n", "| `%s` | %s | %s |\n")
	}
	return spec.list(out, version, "%s: %s\nVersion: %s\nCapabilities: %s\nSettings (required: %s):\n", "%s", ", ", "  %s (default %s): %s\n")
}

// list writes a text from the formats of its parts: the head, a capability,
// what separates capabilities, and the row of a setting.
func (s SettingsSpec) list(out io.Writer, version, head, capability, separator, row string) error {
	var capabilities, required []string
	for _, c := range Capabilities() {
		capabilities = append(capabilities, fmt.Sprintf(capability, c))
	}
	for _, group := range s.RequiredGroups {
		required = append(required, strings.Join(group, " and "))
	}
	var text strings.Builder
	fmt.Fprintf(&text, head, Name, Description, version, strings.Join(capabilities, separator), strings.Join(required, ", or "))
	for _, setting := range s.Settings {
		value := "none"
		if setting.Default != nil {
			value = fmt.Sprint(setting.Default)
		}
		fmt.Fprintf(&text, row, setting.Name, value, setting.Description)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// document returns the JSON document of the Singer SDK's --about.
func (s SettingsSpec) document(version string) any {
	type settings struct {
		Type       string              `json:"type"`
		Properties map[string]Setting  `json:"properties"`
		Required   []string            `json:"required"`
		Dependent  map[string][]string `json:"dependentRequired"`
	}
	doc := settings{"object", map[string]Setting{}, slices.Clone(s.RequiredGroups[0]), map[string][]string{}}
	for _, group := range s.RequiredGroups {
		doc.Required = slices.DeleteFunc(doc.Required, func(name string) bool { return !slices.Contains(group, name) })
	}
	for _, group := range s.RequiredGroups {
		for _, name := range group {
			others := slices.DeleteFunc(slices.Clone(group), func(o string) bool { return o == name || slices.Contains(doc.Required, o) })
			if !slices.Contains(doc.Required, name) && len(others) > 0 {
				doc.Dependent[name] = others
			}
		}
	}
	for _, setting := range s.Settings {
		if slices.Contains(doc.Required, setting.Name) {
			setting.Type = setting.Type[:1]
		}
		doc.Properties[setting.Name] = setting
	}
	return struct {
		Name         string   `json:"name"`
		Description  string   `json:"description"`
		Version      string   `json:"version"`
		SDKVersion   string   `json:"sdk_version"`
		Pythons      []string `json:"supported_python_versions"`
		Capabilities []string `json:"capabilities"`
		Settings     settings `json:"settings"`
	}{Name, Description, version, "", nil, Capabilities(), doc}
}
