// Command packaging writes what GoReleaser has no pipe for; .goreleaser.yaml
// runs it. It needs no other file than those of the repository, and writes the
// same bytes on every machine.
//
//	go run ./packaging licenses FILE
//
// writes the licenses of Go and of every module that the program links.
//
//	go run ./packaging platform VERSION OS ARCH BINARY
//
// completes the build of a platform: tap-gorgias beside the binary, and in the
// directory above a bill of materials and a Python wheel.
//
//	go run ./packaging managers VERSION DOWNLOADS DIST
//
// completes the release in a directory: Homebrew's formula and Scoop's manifest,
// for archives that can be downloaded below a URL.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

// A test compares these with metadata.yaml and the Dockerfile.
const (
	program = "source-gorgias"
	tap     = "tap-gorgias"
	summary = "Reads a Gorgias helpdesk account, for Airbyte and for Singer"
	license = "MIT"
)

// linkedLicenses is the file that the licenses command writes, and the
// platform command reads.
const linkedLicenses = "bin/LICENSES-linked.txt"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 2 && args[0] == "licenses":
		text, err := licenses(ctx)
		if err != nil {
			return err
		}
		return errors.Join(os.MkdirAll(filepath.Dir(args[1]), 0o755), os.WriteFile(args[1], text, 0o644))
	case len(args) == 5 && args[0] == "platform":
		i := slices.IndexFunc(platforms, func(p platform) bool { return p.os == args[2] && p.arch == args[3] })
		if i < 0 {
			return fmt.Errorf("no platform %s/%s", args[2], args[3])
		}
		return complete(ctx, args[1], platforms[i], args[4])
	case len(args) == 4 && args[0] == "managers":
		return managers(args[1], args[2], args[3])
	}
	return errors.New("usage: packaging licenses FILE | platform VERSION OS ARCH BINARY | managers VERSION DOWNLOADS DIST")
}

// A platform is an operating system and a processor.
type platform struct {
	os, arch string
	// tags are those of the wheel. A static program needs no C library, so one
	// wheel is for glibc and for musl.
	tags []string
}

// platforms are the targets of .goreleaser.yaml. The macOS version is the oldest
// that Go supports.
var platforms = []platform{
	{"linux", "amd64", []string{"manylinux_2_17_x86_64", "manylinux2014_x86_64", "musllinux_1_1_x86_64"}},
	{"linux", "arm64", []string{"manylinux_2_17_aarch64", "manylinux2014_aarch64", "musllinux_1_1_aarch64"}},
	{"darwin", "amd64", []string{"macosx_12_0_x86_64"}},
	{"darwin", "arm64", []string{"macosx_12_0_arm64"}},
	{"windows", "amd64", []string{"win_amd64"}},
}

// complete writes what belongs to the binary of a platform.
func complete(ctx context.Context, version string, p platform, path string) error {
	binary, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	exe := filepath.Ext(path)
	if exe == "" {
		err = os.Symlink(program, filepath.Join(filepath.Dir(path), tap))
	} else { // on Windows, links need a privilege
		err = os.WriteFile(filepath.Join(filepath.Dir(path), tap+exe), binary, 0o755)
	}
	if err != nil {
		return err
	}
	sbom, err := billOfMaterials(ctx, version, path)
	if err != nil {
		return err
	}
	name, content, err := wheel(p, version, exe, binary, sbom)
	if err != nil {
		return err
	}
	dist := filepath.Dir(filepath.Dir(path))
	return errors.Join(
		os.WriteFile(filepath.Join(dist, strings.Join([]string{program, version, p.os, p.arch}, "_")+".cdx.json"), sbom, 0o644),
		os.WriteFile(filepath.Join(dist, name), content, 0o644))
}
