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

// Name is what this program is called as a tap.
const Name = "tap-gorgias"

// Description says what it is.
const Description = "Reads a Gorgias helpdesk account: tickets, messages, customers and all else that its API can list."

// Capabilities are those that clients know a tap by.
func Capabilities() []string {
	return []string{"about", "activate-version", "catalog", "discover", "state", "structured-logging", "test"}
}

// A Setting is one thing to configure, in the words of a JSON Schema.
type Setting struct {
	Name  string   `json:"-"`
	Kind  string   `json:"-"` // Meltano's word for its type
	Other []string `json:"-"` // further names under which it is understood
	Inner bool     `json:"-"` // it is a part of the credentials

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

// A Form is everything there is to configure.
type Form struct {
	Settings []Setting
	// Needed are sets of settings of which one must be given whole.
	Needed [][]string
}

// Settings returns what the specification of the configuration has and what
// only the tap has, all of it flat.
func Settings() Form {
	var f Form
	f.read(config.Spec(), nil, false)
	f.Settings = append(f.Settings, Setting{
		Name: "user_agent", Kind: "string", Type: []string{"string", "null"}, Title: "User agent",
		Description: "How the tap introduces itself to Gorgias. By its name and version if you leave it empty.",
	}, Setting{
		Name: "emit_activate_version_messages", Kind: "boolean", Type: []string{"boolean", "null"}, Title: "Activate versions", Default: false,
		Description: "Whether streams that are read whole every time end with a message by which targets put away the rows that are gone. Not every target understands it.",
	})
	return f
}

// A field is a setting as the specification has it.
type field struct {
	Setting
	Type   string            `json:"type"`
	Const  string            `json:"const"`
	Secret bool              `json:"airbyte_secret"`
	Kinds  []json.RawMessage `json:"oneOf"`
}

// read adds the settings of a specification. It is ours, so it can be read.
// Needed are those that must be given beside them.
func (f *Form) read(spec []byte, needed []string, inner bool) {
	properties, _ := conform.Field(spec, "properties")
	all, _ := members(properties)
	var form struct{ Required []string }
	_ = json.Unmarshal(spec, &form)
	var kinds []json.RawMessage
	for _, m := range all {
		var s field
		_ = json.Unmarshal(m.value, &s)
		kinds = append(kinds, s.Kinds...)
		if s.Kinds == nil && s.Const == "" && slices.Contains(form.Required, m.name) {
			needed = append(needed, m.name)
		}
	}
	if kinds == nil {
		f.Needed = append(f.Needed, needed)
	}
	for _, m := range all {
		var s field
		_ = json.Unmarshal(m.value, &s)
		switch {
		case s.Const != "": // which kind it is, the settings that are given tell
		case s.Kinds != nil:
			for _, kind := range s.Kinds {
				f.read(kind, slices.Clone(needed), true)
			}
		default:
			f.Settings = append(f.Settings, s.setting(m.name, inner))
		}
	}
}

func (f field) setting(name string, inner bool) Setting {
	s := f.Setting
	s.Name, s.Other, s.Inner, s.Secret, s.WriteOnly = name, config.Aliases(name), inner, f.Secret, f.Secret
	s.Type, s.Kind = []string{f.Type, "null"}, f.Type
	switch {
	case f.Format == "date-time":
		s.Kind = "date_iso8601"
	case f.Type == "number":
		s.Kind = "decimal"
	}
	return s
}

// Formats are the forms in which About writes.
func Formats() []string { return []string{"text", "json", "markdown"} }

// About writes what this tap is and what there is to configure.
func About(out io.Writer, format, version string) error {
	form := Settings()
	switch format {
	case "json":
		return encode(out, form.document(version), "  ")
	case "markdown":
		return form.list(out, version, "# `%s`\n\n%s\n\nVersion: %s\n\n## Capabilities\n\n%s\n\n## Settings\n\nYou need %s.\n\n| setting | default | meaning |\n| --- | --- | --- |\n",
			"* `%s`", "\n", "| `%s` | %s | %s |\n")
	}
	return form.list(out, version, "%s: %s\nVersion: %s\nCapabilities: %s\nSettings (you need %s):\n", "%s", ", ", "  %s (default %s): %s\n")
}

// list writes for people: a head, and a row for each setting.
func (f Form) list(out io.Writer, version, head, each, between, row string) error {
	var can, needed []string
	for _, c := range Capabilities() {
		can = append(can, fmt.Sprintf(each, c))
	}
	for _, set := range f.Needed {
		needed = append(needed, strings.Join(set, " and "))
	}
	var text strings.Builder
	fmt.Fprintf(&text, head, Name, Description, version, strings.Join(can, between), strings.Join(needed, ", or "))
	for _, s := range f.Settings {
		usual := "none"
		if s.Default != nil {
			usual = fmt.Sprint(s.Default)
		}
		fmt.Fprintf(&text, row, s.Name, usual, s.Description)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// document lays it out as the programs read it that list taps.
func (f Form) document(version string) any {
	type settings struct {
		Type       string              `json:"type"`
		Properties map[string]Setting  `json:"properties"`
		Required   []string            `json:"required"`
		Dependent  map[string][]string `json:"dependentRequired"`
	}
	form := settings{"object", map[string]Setting{}, slices.Clone(f.Needed[0]), map[string][]string{}}
	for _, set := range f.Needed {
		form.Required = slices.DeleteFunc(form.Required, func(name string) bool { return !slices.Contains(set, name) })
	}
	for _, set := range f.Needed {
		for _, name := range set {
			others := slices.DeleteFunc(slices.Clone(set), func(o string) bool { return o == name || slices.Contains(form.Required, o) })
			if !slices.Contains(form.Required, name) && len(others) > 0 {
				form.Dependent[name] = others
			}
		}
	}
	for _, s := range f.Settings {
		if slices.Contains(form.Required, s.Name) {
			s.Type = s.Type[:1]
		}
		form.Properties[s.Name] = s
	}
	return struct {
		Name         string   `json:"name"`
		Description  string   `json:"description"`
		Version      string   `json:"version"`
		Kit          string   `json:"sdk_version"`
		Pythons      []string `json:"supported_python_versions"`
		Capabilities []string `json:"capabilities"`
		Settings     settings `json:"settings"`
	}{Name, Description, version, "", nil, Capabilities(), form}
}
