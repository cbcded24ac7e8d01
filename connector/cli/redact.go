package cli

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"

	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/singer"
)

// A redactor removes secrets from texts. It is safe for concurrent use.
type redactor struct {
	mu       sync.RWMutex
	pairs    []string // of the replacer
	replacer *strings.Replacer
}

// unescapeHTML undoes the escapes that encoding/json adds for HTML.
var unescapeHTML = strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">")

// add adds secrets, alone and after a user name, in every form in which they
// are sent: plain, in JSON, in Base64 and in URLs.
func (r *redactor) add(user string, secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		for _, text := range []string{secret, user + ":" + secret} {
			quoted, _ := json.Marshal(text) // strings can always be encoded
			inner := string(quoted[1 : len(quoted)-1])
			for _, form := range []string{text, inner, unescapeHTML.Replace(inner), url.QueryEscape(text), url.PathEscape(text),
				base64.StdEncoding.EncodeToString([]byte(text)), base64.RawStdEncoding.EncodeToString([]byte(text)),
				base64.URLEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text))} {
				r.pairs = append(r.pairs, form, "****")
			}
		}
	}
	r.replacer = strings.NewReplacer(r.pairs...)
}

func (r *redactor) redact(text string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.replacer == nil {
		return text
	}
	return r.replacer.Replace(text)
}

// tokenRenewed passes new tokens on: to the platform, and to the config file if
// --save-tokens is set. It is called before the tokens are used, from any
// goroutine.
func (a *app) tokenRenewed(token gorgias.Token) error {
	a.redactor.add(token.ClientID, token.Access, token.Refresh)
	if a.tokenFile != "" {
		raw, err := os.ReadFile(a.tokenFile)
		if err == nil {
			if raw, err = config.WithToken(raw, token.Access, token.Refresh, token.Expires); err == nil {
				err = replaceFile(a.tokenFile, raw)
			}
		}
		if err != nil {
			return fmt.Errorf("the renewed tokens could not be written to the config file: %w", withoutPath(err))
		}
	}
	if a.log != nil || a.humanOutput {
		if a.tokenFile == "" && token.Refresh != a.refreshToken {
			a.warnTokenRotated()
		}
		return nil
	}
	config, err := config.WithToken(a.config, token.Access, token.Refresh, token.Expires)
	if err != nil {
		return err
	}
	return a.control.Control(config)
}

// warnTokenRotated warns once that the configured refresh token is no longer
// valid.
func (a *app) warnTokenRotated() {
	const text = "the refresh token was rotated and the new one was not saved, so the next run will fail. Use --save-tokens to save it in the config file"
	if a.rotationWarned {
		return
	}
	a.rotationWarned = true
	if a.log != nil {
		a.log.Print(singer.Warn, "", text)
		return
	}
	fmt.Fprintln(a.stderr, "source-gorgias:", text)
}
