// Command packaging makes what a release consists of, for every platform: an
// archive with the program, a Python wheel that carries it, a bill of
// materials, and the checksums of all. It runs at the root of the repository:
//
//	go run ./packaging                          # every platform, into dist
//	go run ./packaging -platforms linux/amd64   # one
//	go run ./packaging -licences                # the licences of what is linked, on standard output
//
// With the same Go and the same files it makes the same bytes, in whatever
// directory and for whomever it runs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
)

// What the packages say of themselves. A test holds it against metadata.yaml
// and the Dockerfile.
const (
	program     = "source-gorgias"
	asTap       = "tap-gorgias"
	summary     = "Reads a Gorgias helpdesk account, for Airbyte and for Singer"
	licence     = "MIT"
	description = "README.md"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("packaging", flag.ExitOnError)
	out := flags.String("out", "dist", "`directory` to write to")
	only := flags.String("platforms", strings.Join(names(), ","), "`platforms` to build for, separated by commas")
	licences := flags.Bool("licences", false, "write the licences of all that is linked, and nothing else")
	_ = flags.Parse(args) // exits
	if *licences {
		text, err := linkedLicences(ctx)
		if err != nil {
			return err
		}
		_, err = stdout.Write(text)
		return err
	}
	r, err := newRelease(ctx, *out)
	if err != nil {
		return err
	}
	var chosen []platform
	for name := range strings.SplitSeq(*only, ",") {
		p, err := find(name)
		if err != nil {
			return err
		}
		chosen = append(chosen, p)
	}
	made := make([][]string, len(chosen))
	faults := make([]error, len(chosen))
	slots := make(chan struct{}, max(1, runtime.NumCPU()/2)) // the compiler takes more than one core by itself
	var wait sync.WaitGroup
	for i, p := range chosen {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if made[i], faults[i] = r.make(ctx, p); faults[i] != nil {
				faults[i] = fmt.Errorf("%s: %w", p, faults[i])
			}
		})
	}
	wait.Wait()
	if err := errors.Join(faults...); err != nil {
		return err
	}
	return r.sums(made, stdout)
}

// A release is one version of the program, about to be packed.
type release struct {
	version  string
	out      string // directory
	env      []string
	licences []byte            // of what is linked
	files    map[string][]byte // that go along, by name
}

// newRelease reads what all platforms have in common.
func newRelease(ctx context.Context, out string) (*release, error) {
	r := &release{out: out, files: map[string][]byte{}}
	metadata, err := os.ReadFile("metadata.yaml")
	if err != nil {
		return nil, fmt.Errorf("%w\nhint: this program runs at the root of the repository", err)
	}
	// The version stands in one place: where Airbyte looks for it.
	found := regexp.MustCompile(`(?m)^  dockerImageTag: ([0-9]+\.[0-9]+\.[0-9]+)$`).FindSubmatch(metadata)
	if found == nil {
		return nil, errors.New("metadata.yaml has no dockerImageTag of the form 1.2.3")
	}
	r.version = string(found[1])
	for _, name := range []string{"LICENSE", description, "tap-gorgias.yml", "catalog.json"} {
		if r.files[name], err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	if r.env, err = cleanEnvironment(ctx); err != nil {
		return nil, err
	}
	if r.licences, err = linkedLicences(ctx); err != nil {
		return nil, err
	}
	return r, os.MkdirAll(out, 0o755)
}

// make builds for a platform, packs, and returns the names of the files made.
func (r *release) make(ctx context.Context, p platform) ([]string, error) {
	dir, err := os.MkdirTemp("", "packaging")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, program+p.suffix())
	if err := r.build(ctx, p, path); err != nil {
		return nil, err
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	bill, err := r.bill(p, binary)
	if err != nil {
		return nil, err
	}
	archive, err := r.archive(p, binary)
	if err != nil {
		return nil, err
	}
	name, wheel, err := r.wheel(p, binary, bill)
	if err != nil {
		return nil, err
	}
	base := fmt.Sprintf("%s_%s_%s_%s", program, r.version, p.os, p.arch)
	made := []string{base + ".cdx.json", base + ".tar.gz", name}
	for i, content := range [][]byte{bill, archive, wheel} {
		if err := os.WriteFile(filepath.Join(r.out, made[i]), content, 0o644); err != nil {
			return nil, err
		}
	}
	return made, nil
}
