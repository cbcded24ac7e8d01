package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A platform is what a program is built for.
type platform struct {
	os, arch string
	// tags are those of the wheel. A static program asks for no C library, so
	// that one wheel serves the systems of both.
	tags []string
}

// platforms returns all of them. The oldest macOS is the oldest that Go runs on.
func platforms() []platform {
	return []platform{
		{"linux", "amd64", []string{"manylinux_2_17_x86_64", "manylinux2014_x86_64", "musllinux_1_1_x86_64"}},
		{"linux", "arm64", []string{"manylinux_2_17_aarch64", "manylinux2014_aarch64", "musllinux_1_1_aarch64"}},
		{"darwin", "amd64", []string{"macosx_12_0_x86_64"}},
		{"darwin", "arm64", []string{"macosx_12_0_arm64"}},
		{"windows", "amd64", []string{"win_amd64"}},
	}
}

func (p platform) String() string { return p.os + "/" + p.arch }

// suffix is what the names of programs end with.
func (p platform) suffix() string {
	if p.os == "windows" {
		return ".exe"
	}
	return ""
}

func names() (all []string) {
	for _, p := range platforms() {
		all = append(all, p.String())
	}
	return all
}

func find(name string) (platform, error) {
	i := slices.Index(names(), name)
	if i < 0 {
		return platform{}, fmt.Errorf("no platform %q\nhint: there are %s", name, strings.Join(names(), ", "))
	}
	return platforms()[i], nil
}

// build builds the program. The Dockerfile has the same words.
func (r *release) build(ctx context.Context, p platform, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X source-gorgias/connector/cli.version="+r.version, "-o", path, ".")
	cmd.Env = append(slices.Clip(r.env), "GOOS="+p.os, "GOARCH="+p.arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// cleanEnvironment returns the environment of all builds: of the machine's it
// keeps where modules come from and go to, and nothing that changes the result.
func cleanEnvironment(ctx context.Context) ([]string, error) {
	keep := []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOTOOLCHAIN"}
	out, err := exec.CommandContext(ctx, "go", append([]string{"env", "-json"}, keep...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	var values map[string]string
	if err := json.Unmarshal(out, &values); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	env := []string{"GOENV=off", "GO111MODULE=on", "GOWORK=off", "CGO_ENABLED=0", "LC_ALL=C"}
	for _, name := range keep {
		env = append(env, name+"="+values[name])
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SystemRoot"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env, nil
}

// sums writes the checksums of what was made, in the form that sha256sum reads.
func (r *release) sums(made [][]string, stdout io.Writer) error {
	all := slices.Sorted(slices.Values(slices.Concat(made...)))
	var list strings.Builder
	for _, name := range all {
		content, err := os.ReadFile(filepath.Join(r.out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&list, "%x  %s\n", sha256.Sum256(content), name)
		if _, err := fmt.Fprintf(stdout, "%10d %s\n", len(content), filepath.Join(r.out, name)); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(list.String()), 0o644)
}
