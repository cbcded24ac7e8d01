package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
)

const cyclonedx = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0"

// billOfMaterials returns the SBOM of a program (CycloneDX): the modules that the
// linker recorded in it, with their hashes and licenses.
//
// Nothing in it depends on the machine that makes it. -short-purls omits the
// machine's platform, which is not the program's. And two places of the output
// are changed: it has hashes of the generator itself, which differ between the
// machines that compile it; and it lacks the license of the program, whose
// module cannot be downloaded.
func billOfMaterials(ctx context.Context, version, path string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "run", cyclonedx, "bin", "-json", "-std", "-licenses", "-short-purls", "-notimestamp", "-noserial", "-version", version, path)
	var messages bytes.Buffer
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("cyclonedx-gomod: %w\n%s", err, &messages)
	}
	var doc map[string]any
	if err := json.Unmarshal(out, &doc); err != nil {
		return nil, fmt.Errorf("cyclonedx-gomod: %w", err)
	}
	metadata, _ := doc["metadata"].(map[string]any)
	tools, _ := metadata["tools"].([]any)
	main, _ := metadata["component"].(map[string]any)
	if len(tools) != 1 || main == nil {
		return nil, fmt.Errorf("cyclonedx-gomod: unknown metadata %v", metadata)
	}
	delete(tools[0].(map[string]any), "hashes")
	main["licenses"] = []any{map[string]any{"license": map[string]any{"id": license}}}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err = e.Encode(doc)
	return text.Bytes(), err
}
