package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"source-gorgias/connector/singer"
)

// Plugin returns the definition by which Meltano knows the tap: what it can do
// and what there is to configure. It is YAML, written with JSON's scalars and
// lists, which are YAML's too.
func Plugin() []byte {
	form := singer.Settings()
	var b bytes.Buffer
	put := func(format string, values ...any) {
		for i, v := range values {
			text, _ := json.Marshal(v) // texts, numbers and lists of texts
			values[i] = strings.ReplaceAll(string(text), `","`, `", "`)
		}
		fmt.Fprintf(&b, format, values...)
	}
	fmt.Fprintf(&b, "name: %s\nnamespace: %s\n", singer.Name, strings.ReplaceAll(singer.Name, "-", "_"))
	put("variant: source-gorgias\nlabel: Gorgias\ndescription: %s\n", singer.Description)
	fmt.Fprintf(&b, "executable: %s\n", singer.Name)
	put("capabilities: %s\nsettings_group_validation:\n", singer.Capabilities())
	for _, set := range form.Needed {
		put("- %s\n", set)
	}
	fmt.Fprint(&b, "settings:\n")
	for _, s := range form.Settings {
		fmt.Fprintf(&b, "- name: %s\n  kind: %s\n", s.Name, s.Kind)
		put("  label: %s\n  description: %s\n", s.Title, s.Description)
		if s.Other != nil {
			put("  aliases: %s\n", s.Other)
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

// indented moves text to the right, as an item of a list.
func indented(text []byte, by string) []byte {
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	return []byte(by + "- " + strings.Join(lines, by+"  ") + "\n")
}
