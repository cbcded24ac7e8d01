package cli

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/singer"
)

// A veil hides secrets in texts. There may come more of them while it is used.
type veil struct {
	mu    sync.RWMutex
	pairs []string
	all   *strings.Replacer
}

// html takes back the escapes in JSON that only HTML needs.
var html = strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">")

// hide hides secrets, and each with the user's name before it, in every form in
// which they travel: as they are, in JSON, in Base64 and in a URL.
func (v *veil) hide(user string, secrets ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		for _, text := range []string{secret, user + ":" + secret} {
			quoted, _ := json.Marshal(text) // a text can always be encoded
			inner := string(quoted[1 : len(quoted)-1])
			for _, form := range []string{text, inner, html.Replace(inner), url.QueryEscape(text), url.PathEscape(text),
				base64.StdEncoding.EncodeToString([]byte(text)), base64.RawStdEncoding.EncodeToString([]byte(text)),
				base64.URLEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text))} {
				v.pairs = append(v.pairs, form, "****")
			}
		}
	}
	v.all = strings.NewReplacer(v.pairs...)
}

func (v *veil) mask(text string) string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.all == nil {
		return text
	}
	return v.all.Replace(text)
}

// renewed keeps tokens that have just been given out: it tells the platform,
// and writes them into the configuration file if that was asked for. It comes
// from any goroutine, before the tokens are used.
func (s *invocation) renewed(g gorgias.Token) error {
	s.veil.hide(g.ClientID, g.Access, g.Refresh)
	if s.save != "" {
		raw, err := os.ReadFile(s.save)
		if err == nil {
			if raw, err = config.WithToken(raw, g.Access, g.Refresh, g.Expires); err == nil {
				err = replace(s.save, raw)
			}
		}
		if err != nil {
			return fmt.Errorf("the renewed tokens could not be written into the config file: %w", plainly(err))
		}
	}
	if s.log != nil || s.people {
		if s.save == "" && g.Refresh != s.refresh {
			s.lose()
		}
		return nil
	}
	config, err := config.WithToken(s.config, g.Access, g.Refresh, g.Expires)
	if err != nil {
		return err
	}
	return s.control.Control(config)
}

// lose warns, once, that the next run will not be let in.
func (s *invocation) lose() {
	const text = "the refresh token was taken and another one given for it, which is not kept: the next run will be refused. --save-tokens keeps it in the config file"
	if s.lost {
		return
	}
	s.lost = true
	if s.log != nil {
		s.log.Print(singer.Warn, "", text)
		return
	}
	fmt.Fprintln(s.stderr, "source-gorgias:", text) // a hint at most; nothing depends on it
}

// plainly is an error without the path it happened at.
func plainly(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// replace puts a file in the place of another, whole or not at all, and
// readable by its owner alone.
func replace(path string, content []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".source-gorgias-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(content, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// shared is an output that several write to: each write is whole.
type shared struct {
	mu  sync.Mutex
	out io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}
