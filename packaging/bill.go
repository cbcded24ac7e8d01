package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"
)

// A component is a part of the program, or the program itself, in the words of
// CycloneDX.
type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Scope      string     `json:"scope,omitempty"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Licences   []choice   `json:"licenses,omitempty"`
	PURL       string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type choice struct {
	License struct {
		ID string `json:"id"`
	} `json:"license"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref string   `json:"ref"`
	On  []string `json:"dependsOn,omitempty"`
}

// bill returns the bill of materials of a program, read from the program: what
// the linker says it put in, and not what go.mod would allow. It tells no time
// and has no random number, so that it is as reproducible as the program.
func (r *release) bill(p platform, binary []byte) ([]byte, error) {
	info, err := buildinfo.Read(bytes.NewReader(binary))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(binary)
	main := component{
		Type: "application", Name: program, Version: r.version,
		Ref: purl(info.Main.Path, r.version), PURL: purl(info.Main.Path, r.version) + "?goarch=" + p.arch + "&goos=" + p.os,
		Hashes: []hash{{"SHA-256", fmt.Sprintf("%x", sum)}}, Licences: make([]choice, 1),
	}
	main.Licences[0].License.ID = licence
	for _, s := range info.Settings {
		main.Properties = append(main.Properties, property{"go:build:" + s.Key, s.Value})
	}
	version := strings.TrimPrefix(info.GoVersion, "go")
	parts := []component{{Type: "library", Ref: purl("std", version), Name: "std", Version: version, Scope: "required", PURL: purl("std", version)}}
	for _, m := range info.Deps {
		parts = append(parts, part(m))
	}
	tree := []dependency{{Ref: main.Ref}}
	for _, c := range parts {
		tree[0].On = append(tree[0].On, c.Ref)
		tree = append(tree, dependency{Ref: c.Ref})
	}
	var doc struct {
		Format   string `json:"bomFormat"`
		Spec     string `json:"specVersion"`
		Serial   string `json:"serialNumber"`
		Version  int    `json:"version"`
		Metadata struct {
			Component component `json:"component"`
		} `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	doc.Format, doc.Spec, doc.Version = "CycloneDX", "1.6", 1
	doc.Serial = serial(sum)
	doc.Metadata.Component, doc.Components, doc.Dependencies = main, parts, tree
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err = e.Encode(doc)
	return text.Bytes(), err
}

// part is a module that was linked. Its h1 sum is that of go.sum: a hash over
// the files of the module, not over one file, hence no hash of CycloneDX's.
func part(m *debug.Module) component {
	if m.Replace != nil {
		m = m.Replace
	}
	return component{
		Type: "library", Ref: purl(m.Path, m.Version), Name: m.Path, Version: m.Version, Scope: "required",
		PURL: purl(m.Path, m.Version), Properties: []property{{"go:sum", m.Sum}},
	}
}

// purl is a package URL: the name by which vulnerability databases know a module.
func purl(path, version string) string {
	return "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
}

// serial is a UUID of version 8, whose content is the maker's own: the
// program's hash.
func serial(sum [sha256.Size]byte) string {
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
