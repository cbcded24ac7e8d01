package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"source-gorgias/connector/singer"
)

// Plugin returns the tap's definition for Meltano: its capabilities and its
// settings. It is YAML; scalars and lists are written as JSON, which YAML
// includes.
func Plugin() []byte {
	form := singer.Settings()
	var b bytes.Buffer
	put := func(format string, values ...any) {
		for i, v := range values {
			text, _ := json.Marshal(v) // strings, numbers and lists of strings
			values[i] = strings.ReplaceAll(string(text), `","`, `", "`)
		}
		fmt.Fprintf(&b, format, values...)
	}
	fmt.Fprintf(&b, "name: %s\nnamespace: %s\n", singer.Name, strings.ReplaceAll(singer.Name, "-", "_"))
	put("variant: source-gorgias\nlabel: Gorgias\ndescription: %s\n", singer.Description)
	fmt.Fprintf(&b, "executable: %s\n", singer.Name)
	put("capabilities: %s\nsettings_group_validation:\n", singer.Capabilities())
	for _, set := range form.RequiredGroups {
		put("- %s\n", set)
	}
	fmt.Fprint(&b, "settings:\n")
	for _, s := range form.Settings {
		fmt.Fprintf(&b, "- name: %s\n  kind: %s\n", s.Name, s.Kind)
		put("  label: %s\n  description: %s\n", s.Title, s.Description)
		if s.Aliases != nil {
			put("  aliases: %s\n", s.Aliases)
		}
		if s.Default != nil {
			put("  value: %s\n", s.Default)
		}
		if s.Secret {
			fmt.Fprint(&b, "  sensitive: true\n")
		}
	}
	return b.Bytes()
}

// indented makes text an item of a YAML list at that indentation.
func indented(text []byte, by string) []byte {
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	return []byte(by + "- " + strings.Join(lines, by+"  ") + "\n")
}
