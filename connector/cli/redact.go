package cli

import (
	"encoding/base64"
	"fmt"

	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/singer"
)

// redact removes the secrets of the configuration from later output, and what is
// made of them to authorize requests.
func (a *app) redact(user string, secrets ...string) {
	for _, secret := range secrets {
		a.redactor.Add(secret)
		if len(secret) >= gorgias.MinSecret {
			a.redactor.Add(base64.StdEncoding.EncodeToString([]byte(user + ":" + secret)))
		}
	}
}

// tokenRenewed passes new tokens on: to the platform, and to the config file if
// --save-tokens is set. It is called before the tokens are used, from any
// goroutine.
func (a *app) tokenRenewed(token gorgias.Token) error {
	a.redact(token.ClientID, token.Access, token.Refresh)
	if a.tokens != nil {
		if err := a.tokens.save(token); err != nil {
			return err
		}
	}
	if a.log != nil || a.humanOutput {
		if a.tokens == nil && token.Refresh != a.refreshToken {
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
