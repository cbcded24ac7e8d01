package integration_tests

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"source-gorgias/integration_tests/documents"
)

// TestAirbyteDocument checks docs/airbyte.md as Airbyte's documentation check
// does: the headings in their order and no others, and the titles of the
// required fields under Prerequisites.
func TestAirbyteDocument(t *testing.T) {
	t.Parallel()
	_, form := specification(t)
	name := fmt.Sprint(connectorMetadata(t)["name"])
	check := func(path string) error {
		d, err := documents.Read(path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return airbyteWants(d, string(text), name, form)
	}
	const page = "../docs/airbyte.md"
	if err := check(page); err != nil {
		t.Fatal(err)
	}

	// Each omission is found.
	good, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"# " + name + "\n", "# Source " + name + "\n"}, {"## Prerequisites", "## Before you begin"}, {"## Setup guide", "## Setup guide\n\n## Tutorials"},
		{"### Set up " + name, "#### Set up " + name}, {"## Supported Streams", "## Streams"}, {"## Changelog", "## Changes"}, {"## Data type map\n", "\n"},
		{"**Subdomain**", "subdomain"}, {"**Credentials**", "a key"},
	} {
		bad := filepath.Join(t.TempDir(), "airbyte.md")
		if err := os.WriteFile(bad, []byte(strings.Replace(string(good), change[0], change[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if check(bad) == nil {
			t.Errorf("%q in place of %q passed", change[1], change[0])
		}
	}
}

func airbyteWants(d *documents.Document, text, name string, form map[string]any) error {
	want := []string{"# " + name, "## Prerequisites", "## Setup guide", "### Set up " + name, "## Supported sync modes", "## Supported Streams",
		"## Performance considerations", "## Data type map", "## Troubleshooting", "## Tutorials", "## Changelog"}
	var got []string
	for _, h := range d.Headings {
		got = append(got, strings.Repeat("#", h.Level)+" "+h.Text)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("the headings are %q, want %q", got, want)
	}
	_, section, _ := strings.Cut(text, "\n## Prerequisites\n")
	section, _, _ = strings.Cut(section, "\n## ")
	required, _ := form["required"].([]any)
	properties, _ := form["properties"].(map[string]any)
	if len(required) == 0 {
		return errors.New("the specification requires nothing")
	}
	for _, field := range required {
		property, _ := properties[fmt.Sprint(field)].(map[string]any)
		if title := fmt.Sprint(property["title"]); !strings.Contains(section, "**"+title+"**") {
			return fmt.Errorf("the prerequisites do not name %s", title)
		}
	}
	return nil
}
