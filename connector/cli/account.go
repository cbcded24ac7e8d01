package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/singer"
)

// An account is a Gorgias account to read.
type account struct {
	settings    *config.Settings
	client      *gorgias.Client
	rateLimiter *gorgias.RateLimiter
	close       func()
	// onRetry is called before each wait for a retry; it may be nil.
	onRetry func(err error, wait time.Duration)
}

// open reads the configuration and connects to its account.
func (a *app) open(c *cli.Context) (*account, error) {
	settings, err := a.settings(c)
	if err != nil {
		return nil, err
	}
	return a.connect(c, settings, "source-gorgias/"+Version(), slices.Contains([]string{"check", "plan", "probe"}, c.Command.Name))
}

// connect returns the account of the settings, or the sandbox account.
// interactive bounds the retries, because a user waits for the result.
func (a *app) connect(c *cli.Context, settings *config.Settings, userAgent string, interactive bool) (*account, error) {
	if err := gorgias.CheckProxies(); err != nil && !c.Bool("sandbox") {
		return nil, connector.NewInputError("%v", err)
	}
	account := &account{settings: settings, rateLimiter: gorgias.NewRateLimiter(settings.RateLimitReserve), close: func() {}}
	options := gorgias.Options{
		UserAgent: userAgent, Origin: settings.Origin, RateLimiter: account.rateLimiter, Transport: gorgias.Transport(),
		Auth: gorgias.Basic(settings.Credentials.Email, settings.Credentials.APIKey),
		Retried: func(err error, wait time.Duration) {
			a.logRetry(err, wait) //rule:retries-are-logged
			if account.onRetry != nil {
				account.onRetry(err, wait)
			}
		},
	}
	if interactive {
		options.Attempts, options.MaxWait = 4, 30*time.Second
	}
	if settings.PublicOnly {
		options.Transport = gorgias.PublicTransport(settings.Origin)
	}
	if c.Bool("sandbox") {
		listener := sandbox.Listen()
		server := &http.Server{Handler: &sandbox.Server{Seed: 1, Polite: true, Limit: 100_000, Email: sandboxEmail, APIKey: sandboxKey}, ReadHeaderTimeout: time.Minute,
			ErrorLog: log.New(io.Discard, "", 0)}
		go func() { _ = server.Serve(listener) }()
		options.Transport = &http.Transport{DialContext: listener.DialContext}
		account.close = func() { _ = server.Close() }
	}
	if a.log != nil {
		options.Transport = timingTransport{options.Transport, a.log}
	}
	if c := settings.Credentials; c.AuthType == config.AuthOAuth {
		oauth := gorgias.NewOAuth(options.Origin, options.Transport, gorgias.Token{
			ClientID: c.ClientID, ClientSecret: c.ClientSecret, Refresh: c.RefreshToken, Access: c.AccessToken, Expires: settings.TokenExpiry})
		oauth.Renewed = a.tokenRenewed
		if a.tokens != nil {
			oauth.Begin, oauth.End = a.tokens.begin, a.tokens.end
		}
		options.Auth, options.Rejected = oauth.Authorize, oauth.Rejected
	}
	if a.through != nil {
		options.Transport = a.through(options.Transport)
	}
	var err error
	if account.client, err = gorgias.New(options); err != nil {
		return nil, &config.Error{Problems: []config.Problem{{Text: err.Error()}}}
	}
	return account, nil
}

// logRetry logs a failed request before the wait for its next attempt. It may run
// concurrently with the writer of the sync.
func (a *app) logRetry(err error, wait time.Duration) {
	const format = "%v: trying again in %v"
	wait = wait.Round(time.Second)
	switch {
	case a.log != nil:
		a.log.Print(singer.Info, "", format, err, wait)
	case a.humanOutput && a.showRetries:
		fmt.Fprintln(a.stderr, "source-gorgias:", a.redactor.Redact(fmt.Sprintf(format, err, wait)))
	case !a.humanOutput:
		_ = a.control.Log("INFO", format, err, wait) // an output that is closed fails the next batch
	}
}

// settings reads the configuration. With --sandbox it may be missing; if it is
// given, all its settings but those of the account are used.
func (a *app) settings(c *cli.Context) (*config.Settings, error) {
	path, useSandbox := c.String("config"), c.Bool("sandbox")
	if path == "" {
		if !useSandbox {
			return nil, usageErrorf("%s: --config is missing%s", c.Command.Name, configHint())
		}
		return a.parseConfig([]byte("{}"), true)
	}
	if c.Bool("save-tokens") {
		if path == "ENV" || path == "-" || config.IsURI(path) {
			return nil, usageErrorf("%s: --save-tokens needs a config file", c.Command.Name)
		}
		if err := a.keepTokens(c.Context, path); err != nil {
			return nil, err
		}
	}
	if path != "ENV" {
		raw, err := a.readConfig(path)
		if err != nil {
			return nil, err
		}
		return a.parseConfig(raw, useSandbox)
	}
	fields, warnings, err := a.mergeConfigs([]string{path})
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	settings, err := a.parseConfig(raw, useSandbox)
	if err != nil {
		return nil, nameVariables(err, []string{path})
	}
	settings.Warnings = append(warnings, settings.Warnings...)
	return settings, nil
}

// configHint names what there is to give to --config.
func configHint() string {
	if os.Getenv(slingVariable) != "" {
		return "; the variable " + slingVariable + " has one: --config ENV"
	}
	return " (or --sandbox, for the sandbox account)"
}

// keepTokens makes renewed tokens be saved in a config file.
func (a *app) keepTokens(ctx context.Context, path string) error {
	a.tokens = newTokenStore(path)
	if err := a.tokens.start(ctx); err != nil {
		return err
	}
	if raw, err := os.ReadFile(path); err == nil && !json.Valid(bytes.TrimPrefix(raw, []byte("\ufeff"))) {
		return connector.NewInputError("--save-tokens needs a config file in JSON, because it writes the file again; yq -o=json converts YAML")
	}
	return nil
}

// parseConfig parses a configuration, for the sandbox account if useSandbox is
// set, and redacts its secrets from now on.
func (a *app) parseConfig(raw []byte, useSandbox bool) (*config.Settings, error) {
	if useSandbox {
		var err error
		if raw, err = config.WithAccount(raw, "sandbox", sandboxEmail, sandboxKey); err != nil {
			return nil, err
		}
	}
	settings, err := config.Parse(raw, inCloud())
	if err != nil {
		return nil, err
	}
	if useSandbox {
		settings.Origin = "http://sandbox.gorgias.com"
	}
	a.config, a.refreshToken = raw, settings.Credentials.RefreshToken
	a.redact(settings.Credentials.Email, settings.Secrets()...)
	a.redact(settings.Credentials.ClientID, settings.Secrets()...)
	a.writer.Redact, a.control.Redact, a.writer.Privacy = a.redactor.Redact, a.redactor.Redact, settings.Privacy
	if a.log != nil {
		a.log.Redact = a.redactor.Redact
	}
	return settings, nil
}
