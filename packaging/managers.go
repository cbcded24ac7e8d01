package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// formula is Homebrew's. Homebrew unpacks an archive and enters its directory.
var formula = template.Must(template.New("formula").Parse(`# Written by make release.
class SourceGorgias < Formula
  desc "{{.About}}"
  homepage "{{.Home}}"
  version "{{.Version}}"
  license "{{.License}}"
{{range .Systems}}
  on_{{.Name}} do
{{- range .Archives}}
    on_{{.Processor}} do
      url "{{.URL}}"
      sha256 "{{.Hash}}"
    end
{{- end}}
  end
{{end}}
  def install
    bin.install "{{.Program}}"
    bin.install_symlink "{{.Program}}" => "{{.Tap}}"
    pkgshare.install "catalog.json", "tap-gorgias.yml"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/{{.Program}} --version")
    assert_match "SCHEMA", shell_output("#{bin}/{{.Tap}} --sandbox --test=schema")
  end
end
`))

// An archive is that of a platform, as a package manager downloads it.
type archive struct{ URL, Hash, Processor string }

type system struct {
	Name     string
	Archives []archive
}

// managers writes Homebrew's formula and Scoop's manifest to the directory of a
// release, and adds their checksums. Both refer to the archives by their URLs
// below downloads and by their checksums.
func managers(version, downloads, dist string) error {
	sums, err := os.ReadFile(filepath.Join(dist, "SHA256SUMS"))
	if err != nil {
		return err
	}
	of := func(os, arch string) (archive, error) {
		name := strings.Join([]string{program, version, os, arch}, "_") + ".tar.gz"
		for line := range strings.Lines(string(sums)) {
			if hash, listed, _ := strings.Cut(strings.TrimSpace(line), "  "); listed == name {
				return archive{URL: downloads + "/" + name, Hash: hash}, nil
			}
		}
		return archive{}, fmt.Errorf("SHA256SUMS has no %s", name)
	}
	brew := map[string]any{"About": summary, "Home": downloads, "Version": version, "License": license, "Program": program, "Tap": tap}
	systems := []system{{Name: "macos"}, {Name: "linux"}}
	for i, goos := range []string{"darwin", "linux"} {
		for _, p := range [][2]string{{"arm64", "arm"}, {"amd64", "intel"}} {
			a, err := of(goos, p[0])
			if err != nil {
				return err
			}
			a.Processor = p[1]
			systems[i].Archives = append(systems[i].Archives, a)
		}
	}
	brew["Systems"] = systems
	var ruby bytes.Buffer
	if err := formula.Execute(&ruby, brew); err != nil {
		return err
	}
	a, err := of("windows", "amd64")
	if err != nil {
		return err
	}
	scoop, err := json.MarshalIndent(map[string]any{
		"version": version, "description": summary, "homepage": downloads, "license": license,
		"architecture": map[string]any{"64bit": map[string]string{"url": a.URL, "hash": a.Hash}},
		"extract_dir":  strings.TrimSuffix(filepath.Base(a.URL), ".tar.gz"),
		"bin":          []string{program + ".exe", tap + ".exe"},
	}, "", "  ")
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{{program + ".rb", ruby.Bytes()}, {program + ".json", append(scoop, '\n')}} {
		if err := os.WriteFile(filepath.Join(dist, f.name), f.content, 0o644); err != nil {
			return err
		}
		sums = fmt.Appendf(sums, "%x  %s\n", sha256.Sum256(f.content), f.name)
	}
	return os.WriteFile(filepath.Join(dist, "SHA256SUMS"), sums, 0o644)
}
