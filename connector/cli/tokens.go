package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
)

// A tokenStore keeps the tokens of a config file. A refresh token may be valid
// once, so a new one must not be lost: begin proves that the file can be replaced
// and prepares the pending file, before a token is spent; save writes the new one
// there and renames it. A process that ends in between leaves the pending file,
// which the next one finds (recover).
type tokenStore struct {
	path    string                       // without symbolic links
	known   string                       // the refresh token that was in the file when it was last looked at
	before  func(operation string) error // for tests: called before each operation on files
	lock    *os.File
	pending *os.File
}

// newTokenStore returns the store of a config file.
func newTokenStore(path string) *tokenStore {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return &tokenStore{path: path}
}

// do runs an operation on files.
func (s *tokenStore) do(operation string, run func() error) error {
	if s.before != nil {
		if err := s.before(operation); err != nil {
			return err
		}
	}
	return run()
}

// prefix is how the names of pending files begin.
func (s *tokenStore) prefix() string { return ".source-gorgias-" + filepath.Base(s.path) + "-" }

// start recovers what a process before has left, before the configuration is
// read.
func (s *tokenStore) start(ctx context.Context) error {
	err := s.acquire(ctx)
	defer s.end()
	if err == nil {
		err = s.recover()
	}
	if raw, err := os.ReadFile(s.path); err == nil {
		_, s.known, _ = config.Tokens(raw)
	}
	return err
}

// acquire locks the file for this process.
func (s *tokenStore) acquire(ctx context.Context) (err error) {
	if s.lock == nil {
		s.lock, err = lockDirectory(ctx, filepath.Dir(s.path))
	}
	return err
}

// recover replaces the file by a pending one that is complete and not older: its
// process ended before it could. No other process writes them now.
func (s *tokenStore) recover() error {
	entries, _ := os.ReadDir(filepath.Dir(s.path)) // begin reports a directory that cannot be used
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), s.prefix()) {
			continue
		}
		name := filepath.Join(filepath.Dir(s.path), e.Name())
		raw, err := os.ReadFile(name)
		info, err2 := os.Stat(name)
		current, err3 := os.Stat(s.path)
		if errors.Join(err, err2, err3) != nil {
			continue
		}
		if _, refresh, _ := config.Tokens(raw); refresh != "" && !info.ModTime().Before(current.ModTime()) { //rule:pending-tokens-are-recovered
			err = s.do("rename", func() error { return os.Rename(name, s.path) })
		} else if s.lock != nil {
			err = s.do("remove", func() error { return os.Remove(name) })
		}
		if err != nil {
			return fmt.Errorf("the tokens that a run before has renewed could not be saved in the config file: %w", withoutPath(err))
		}
	}
	return nil
}

// begin proves that the file can be replaced, by a copy of itself, and prepares
// the pending file. It returns the tokens in the file if another process has
// renewed them meanwhile.
func (s *tokenStore) begin(ctx context.Context, t gorgias.Token) (gorgias.Token, error) {
	if err := s.acquire(ctx); err != nil {
		return t, err
	}
	raw, err := os.ReadFile(s.path)
	if err != nil {
		return t, fmt.Errorf("the config file cannot be read: %w", withoutPath(err))
	}
	if access, refresh, expires := config.Tokens(raw); refresh != s.known && refresh != "" { //rule:tokens-of-others-are-used
		s.known = refresh
		t.Access, t.Refresh, t.Expires = access, refresh, expires
		return t, nil
	}
	if s.pending != nil {
		return t, nil
	}
	if s.lock != nil { // else another process may be replacing it
		err = s.create(raw)
		if err == nil {
			err = s.replace()
		}
	}
	if err == nil {
		err = s.create(bytes.Repeat([]byte{' '}, len(raw)+4<<10)) // so that the disk has room
	}
	if err != nil {
		s.end()
		return t, fmt.Errorf("the config file cannot be replaced, so no token was renewed: %w. Make its directory writable for the user who runs this, or leave out --save-tokens", withoutPath(err))
	}
	return t, nil
}

// create writes a pending file.
func (s *tokenStore) create(content []byte) error {
	err := s.do("create", func() (err error) {
		s.pending, err = os.CreateTemp(filepath.Dir(s.path), s.prefix()+"*") // mode 0600
		return err
	})
	if err != nil {
		return err
	}
	return s.write(content)
}

// write writes the pending file durably.
func (s *tokenStore) write(content []byte) error {
	err := s.do("write", func() error { _, err := s.pending.WriteAt(content, 0); return err })
	if err == nil {
		err = s.do("truncate", func() error { return s.pending.Truncate(int64(len(content))) })
	}
	if err == nil {
		err = s.do("sync", s.pending.Sync)
	}
	return err
}

// replace replaces the file by the pending one.
func (s *tokenStore) replace() error {
	err := s.do("close", s.pending.Close)
	if err == nil {
		err = s.do("rename", func() error { return os.Rename(s.pending.Name(), s.path) })
	}
	if err != nil {
		return err
	}
	s.pending = nil
	return s.do("sync the directory", func() error {
		d, err := os.Open(filepath.Dir(s.path))
		if err == nil {
			_ = d.Sync() // not all systems can
			err = d.Close()
		}
		return err
	})
}

// save saves renewed tokens.
func (s *tokenStore) save(t gorgias.Token) error {
	raw, err := os.ReadFile(s.path)
	if err == nil {
		raw, err = config.WithToken(raw, t.Access, t.Refresh, t.Expires)
	}
	if err == nil && s.pending == nil {
		err = s.create(nil)
	}
	if err == nil {
		err = s.write(append(raw, '\n'))
	}
	if err == nil {
		err = s.replace()
	}
	if err != nil {
		return fmt.Errorf("the renewed tokens could not be written to the config file: %w", withoutPath(err))
	}
	s.known = t.Refresh
	return nil
}

// end removes a pending file that is not needed, and lets other processes renew
// tokens. One that has new tokens stays.
func (s *tokenStore) end() {
	if s.pending != nil {
		_ = s.pending.Close()
		if raw, err := os.ReadFile(s.pending.Name()); err == nil && len(bytes.TrimSpace(raw)) == 0 {
			_ = s.do("remove", func() error { return os.Remove(s.pending.Name()) })
		}
		s.pending = nil
	}
	if s.lock != nil {
		_ = s.lock.Close()
		s.lock = nil
	}
}
