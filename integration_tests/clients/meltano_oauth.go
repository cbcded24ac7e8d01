//go:build clients

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// meltanoApp has Meltano read with OAuth2, where access tokens end in the
// middle of a run: while a refresh token is good for ever; where it is taken
// once and the next is lost; and where it is kept.
func meltanoApp(ctx context.Context, v *clientRun) error {
	if !v.hasty {
		if err := tokensAreKept(ctx, v); err != nil {
			return fmt.Errorf("refresh tokens for ever: %w", err)
		}
		if err := tokensAreLost(ctx, v); err != nil {
			return fmt.Errorf("refresh tokens that are lost: %w", err)
		}
	}
	if err := errors.Join(v.open(true), os.RemoveAll(v.file("lines"))); err != nil {
		return err
	}
	p, err := newProject(ctx, v, "kept", [2]string{"    executable: tap-gorgias\n", "    executable: ./tap-gorgias.sh\n"})
	if err != nil {
		return err
	}
	p.env = append(p.env, withApp...)
	if err := p.keeps(); err != nil {
		return err
	}
	if err := p.files(ctx, "tokens kept, first sync"); err != nil {
		return err
	}
	if n := v.account.tokenRequests(); n < 2 {
		v.reportDifference("tokens kept, first sync: %d access tokens: none ended in its middle", n)
	}
	if err := v.account.changeRecords(); err != nil {
		return err
	}
	if err := p.files(ctx, "tokens kept, second sync"); err != nil {
		return err
	}
	return p.kept("tokens kept")
}

// steady is Meltano as it is: nothing has to be kept.
func tokensAreKept(ctx context.Context, v *clientRun) error {
	if err := v.open(false); err != nil {
		return err
	}
	p, err := newProject(ctx, v, "steady")
	if err != nil {
		return err
	}
	p.env = append(append(p.env, withApp...), "TAP_GORGIAS_REFRESH_TOKEN="+refresh)
	if err := p.files(ctx, "first sync"); err != nil {
		return err
	}
	if n := v.account.tokenRequests(); n < 2 {
		v.reportDifference("first sync: %d access tokens: none ended in its middle", n)
	}
	if err := v.account.changeRecords(); err != nil {
		return err
	}
	return p.files(ctx, "second sync")
}

// lost is the same where a refresh token is taken once: Meltano has one of them,
// and so one run.
func tokensAreLost(ctx context.Context, v *clientRun) error {
	if err := errors.Join(v.open(true), os.RemoveAll(v.file("lines"))); err != nil {
		return err
	}
	p, err := newProject(ctx, v, "lost")
	if err != nil {
		return err
	}
	p.env = append(append(p.env, withApp...), "TAP_GORGIAS_REFRESH_TOKEN="+refresh)
	if err := p.files(ctx, "first sync"); err != nil {
		return err
	}
	var ended *commandFailed
	_, err = p.meltano(ctx, nil, "run", "tap-gorgias", "target-jsonl")
	if said := fmt.Sprint(err); !errors.As(err, &ended) || ended.code != 1 || !strings.Contains(said, "authorize it again") {
		v.reportDifference("a second sync, with a refresh token that was taken, ended so: %s", said)
	}
	return nil
}

// files loads what there is into files, and compares.
func (p *project) files(ctx context.Context, when string) error {
	if _, err := p.meltano(ctx, nil, "run", "tap-gorgias", "target-jsonl"); err != nil {
		return fmt.Errorf("%s: %w", when, err)
	}
	w, err := inFiles.read(ctx, p.clientRun)
	if err != nil {
		return err
	}
	all, err := p.account.expected()
	if err != nil {
		return err
	}
	return p.compare(when, w, all.names(), inFiles.dialect)
}

// keeps gives the project a place to keep tokens in: a script around the tap,
// and a file with the first of them.
func (p *project) keeps() error {
	script, err := os.ReadFile("examples/meltano/tap-gorgias.sh")
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(p.dir, "tap-gorgias.sh"), script, 0o755),
		os.WriteFile(p.tokens(), []byte(`{"refresh_token": `+quoted(refresh)+`}`), 0o644),
	)
}

func (p *project) tokens() string { return filepath.Join(p.dir, "tokens.json") }

// kept looks at what that file has become.
func (p *project) kept(when string) error {
	raw, err := os.ReadFile(p.tokens())
	if err != nil {
		return err
	}
	info, err := os.Stat(p.tokens())
	if err != nil {
		return err
	}
	var tokens map[string]string
	if err := json.Unmarshal(raw, &tokens); err != nil || tokens["refresh_token"] == refresh || tokens["access_token"] == "" || tokens["token_expiry_date"] == "" || len(tokens) != 3 {
		p.reportDifference("%s: the file of tokens has come to hold %d of three fields, or the first of the tokens still: %v", when, len(tokens), err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		p.reportDifference("%s: the file of tokens has the mode %v", when, mode)
	}
	return nil
}
