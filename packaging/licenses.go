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

// licenseFile matches the names of the files that must be passed on.
var licenseFile = regexp.MustCompile(`(?i)^(licen[cs]e|notice|copying|patents)([-.].*)?$`)

// licenses returns the licenses of Go and of the modules that the program links
// on any platform: all require to be passed on with binaries.
func licenses(ctx context.Context) ([]byte, error) {
	modules, err := linkedModules(ctx)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s is made with the following, under their licenses.\n", program)
	for _, m := range modules {
		files, err := os.ReadDir(m.Dir)
		if err != nil {
			return nil, err
		}
		files = slices.DeleteFunc(files, func(f os.DirEntry) bool { return f.IsDir() || !licenseFile.MatchString(f.Name()) })
		if len(files) == 0 {
			return nil, fmt.Errorf("%s has no license in %s", m.Path, m.Dir)
		}
		for _, f := range files {
			content, err := os.ReadFile(filepath.Join(m.Dir, f.Name()))
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&text, "\n%s\n%s %s: %s\n\n%s\n", strings.Repeat("-", 78), m.Path, m.Version, f.Name(), bytes.TrimSpace(content))
		}
	}
	return text.Bytes(), nil
}

type module struct {
	Path, Version, Dir string
	Main               bool
}

// linkedModules returns Go, and the linked modules in the order of their paths.
func linkedModules(ctx context.Context) ([]module, error) {
	linked := map[string]module{}
	for _, p := range platforms {
		out, err := goCommand(ctx, p, "list", "-deps", "-json=Module", ".")
		if err != nil {
			return nil, err
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
	root, err := goCommand(ctx, platforms[0], "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	all := []module{{Path: "Go", Version: strings.TrimPrefix(runtime.Version(), "go"), Dir: strings.TrimSpace(string(root))}}
	for _, m := range linked {
		all = append(all, m)
	}
	slices.SortFunc(all[1:], func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

func goCommand(ctx context.Context, p platform, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "GOOS="+p.os, "GOARCH="+p.arch, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", args[0], err)
	}
	return out, nil
}
