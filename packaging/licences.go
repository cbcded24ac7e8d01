package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// isLicence knows the files that have to be passed on by their names.
var isLicence = regexp.MustCompile(`(?i)^(licen[cs]e|notice|copying|patents)([-.].*)?$`)

// linkedLicences returns the licences of the modules that the program links, on
// whatever platform, and of Go: all of them ask to be passed on with binaries.
func linkedLicences(ctx context.Context) ([]byte, error) {
	type module struct {
		Path, Version, Dir string
		Main               bool
	}
	linked := map[string]module{}
	env, err := cleanEnvironment(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range platforms() {
		cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Module", ".")
		cmd.Env = append(slices.Clip(env), "GOOS="+p.os, "GOARCH="+p.arch)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var of struct{ Module *module }
			if err := d.Decode(&of); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("go list: %w", err)
			}
			if of.Module != nil && !of.Module.Main {
				linked[of.Module.Path] = *of.Module
			}
		}
	}
	cmd := exec.CommandContext(ctx, "go", "env", "GOROOT")
	cmd.Env = env
	root, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	all := []module{{Path: "Go", Version: strings.TrimPrefix(runtime.Version(), "go"), Dir: strings.TrimSpace(string(root))}}
	for _, m := range linked {
		all = append(all, m)
	}
	slices.SortFunc(all[1:], func(a, b module) int { return strings.Compare(a.Path, b.Path) })

	var text bytes.Buffer
	fmt.Fprintf(&text, "%s is made with the following, under their licences.\n", program)
	for _, m := range all {
		files, err := os.ReadDir(m.Dir)
		if err != nil {
			return nil, err
		}
		files = slices.DeleteFunc(files, func(f os.DirEntry) bool { return f.IsDir() || !isLicence.MatchString(f.Name()) })
		if len(files) == 0 {
			return nil, fmt.Errorf("%s has no licence in %s", m.Path, m.Dir)
		}
		for _, f := range files {
			licence, err := os.ReadFile(filepath.Join(m.Dir, f.Name()))
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&text, "\n%s\n%s %s: %s\n\n%s\n", strings.Repeat("-", 78), m.Path, m.Version, f.Name(), bytes.TrimSpace(licence))
		}
	}
	return text.Bytes(), nil
}
