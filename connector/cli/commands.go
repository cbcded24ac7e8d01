package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector"
	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/singer"
	"source-gorgias/connector/state"
)

// The sandbox's own credentials.
const boxEmail, boxKey = "sandbox@example.com", "sandbox-key"

// And those of an app.
const boxApp, boxAppSecret, boxRefresh = "sandbox-app", "sandbox-secret", "sandbox-refresh"

// heartbeat is how long a sync under way stays silent at most. Airbyte ends
// one after an hour and a half at the earliest.
const heartbeat = 5 * time.Minute

func (s *invocation) spec(*cli.Context) error { return s.pen.Spec(documentation) }

func (s *invocation) check(c *cli.Context) error {
	account, err := s.open(c)
	if err == nil {
		defer account.close()
		if err := s.warn(account.settings); err != nil {
			return err
		}
		if err = connector.CheckConnection(c.Context, account.client); err == nil {
			plan := connector.NewPlan(account.settings, "")
			plan.Client, plan.Streams = account.client, account.settings.Streams()
			if err = plan.CheckReports(c.Context); err == nil {
				s.permissions(c.Context, plan)
			}
		}
	}
	if c.Context.Err() != nil {
		return c.Context.Err()
	}
	var usage usageError
	if errors.As(err, &usage) {
		return err // the question could not be asked
	}
	return s.pen.Check(err)
}

// permissions lists, for people, the streams these credentials may read.
func (s *invocation) permissions(ctx context.Context, plan *connector.Plan) {
	if !isTerminal(s.stderr) {
		return
	}
	for stream, err := range plan.Permissions(ctx) {
		answer := "yes"
		if err != nil {
			answer = "no: " + connector.Classify(stream, err).Message
		}
		fmt.Fprintf(s.stderr, "%-30s %s\n", stream.Name, answer)
	}
}

// discover needs no account: but for reports, which a config asks for, the
// streams are the same for all. A config that is given is checked.
func (s *invocation) discover(c *cli.Context) error {
	settings := &config.Settings{}
	if c.String("config") != "" {
		var err error
		if settings, err = s.settings(c); err != nil {
			return err
		}
	}
	return s.pen.Catalog(settings.Streams())
}

// warn tells what of the configuration was not used.
func (s *invocation) warn(settings *config.Settings) error {
	for _, text := range settings.Warnings {
		if err := s.pen.Log("WARN", "%s", text); err != nil {
			return err
		}
	}
	return nil
}

func (s *invocation) read(c *cli.Context) error {
	account, err := s.open(c)
	if err != nil {
		return err
	}
	defer account.close()
	if err := s.warn(account.settings); err != nil {
		return err
	}
	plan, unknown, err := s.planned(c, account)
	if err != nil {
		return err
	}
	s.pen.Summary = plan.NewSummary()
	batches := plan.Run(c.Context)
	if isTerminal(s.stderr) {
		if !isTerminal(s.stdout) && movable() { // else the records are what is seen
			batches = newProgress(s.stderr, s.veil.mask, len(plan.Streams), account).watch(batches)
		}
		defer func() { summarize(s.stderr, s.veil.mask, s.pen.Summary, c.Context.Err() != nil) }()
	}
	return s.pen.Sync(c.Context, batches, unknown)
}

// planned reads catalog and state, and makes a plan of them. It also returns
// the names in the catalog that nobody knows.
func (s *invocation) planned(c *cli.Context, account *account) (plan *connector.Plan, unknown []string, err error) {
	selection := airbyte.Everything(account.settings.Streams())
	if path := c.String("catalog"); path != "" {
		raw, err := readFile("catalog", path)
		if err != nil {
			return nil, nil, err
		}
		if selection, err = airbyte.ParseCatalog(raw); err != nil {
			return nil, nil, err
		}
	}
	var marks map[string]state.Bookmark
	if path := c.String("state"); path != "" {
		raw, err := readFile("state", path)
		if err != nil {
			return nil, nil, err
		}
		if marks, err = airbyte.ParseState(singer.Bookmarks(raw)); err != nil {
			return nil, nil, err
		}
	}
	plan = connector.NewPlan(account.settings, airbyte.Tombstone)
	plan.Client, plan.RateLimiter, plan.Heartbeat = account.client, account.budget, heartbeat
	plan.Streams, plan.Bookmarks = selection.Streams, marks
	return plan, selection.Unknown, nil
}

// sandbox serves the built-in account until it is interrupted.
func (s *invocation) sandbox(c *cli.Context) error {
	listener, err := net.Listen("tcp", c.String("listen"))
	if err != nil {
		return err
	}
	box := &sandbox.Server{
		Seed: c.Uint64("seed"), ChangeRate: c.Float64("live"), Limit: c.Int("limit"), Email: boxEmail, APIKey: boxKey,
		ClientID: boxApp, ClientSecret: boxAppSecret, RefreshToken: boxRefresh, RotateRefreshToken: c.Bool("rotate"),
		Size: sandbox.Size{Messages: c.Int("messages"), Tickets: c.Int("messages") / 5},
	}
	fmt.Fprintf(s.stderr, "the sandbox listens on %[1]s\nconfig: {\"subdomain\": \"sandbox\", \"base_url\": \"http://%[1]s\", \"credentials\": {\"auth_type\": \"api_key\", \"email\": %[2]q, \"api_key\": %[3]q}}\n"+
		"or with OAuth2: \"credentials\": {\"auth_type\": \"oauth2.0\", \"client_id\": %[4]q, \"client_secret\": %[5]q, \"refresh_token\": %[6]q}\n",
		listener.Addr(), boxEmail, boxKey, boxApp, boxAppSecret, boxRefresh)
	server := &http.Server{Handler: box, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(c.Context, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return context.Cause(c.Context)
}

// account is an account opened for reading.
type account struct {
	settings *config.Settings
	client   *gorgias.Client
	budget   *gorgias.RateLimiter
	close    func()
	retried  func(err error, wait time.Duration) // told of requests that will be made again; may be nil
}

// open reads the configuration and makes a client of it.
func (s *invocation) open(c *cli.Context) (*account, error) {
	settings, err := s.settings(c)
	if err != nil {
		return nil, err
	}
	options := gorgias.Options{UserAgent: "source-gorgias/" + Version()}
	if c.Command.Name == "check" {
		options.Attempts, options.MaxWait = impatient, 30*time.Second
	}
	return s.dial(settings, options, c.Bool("sandbox"))
}

// impatient is how often a request is tried while somebody waits for the
// answer.
const impatient = 4

// dial makes a client of the settings, for the account in the box if that is
// asked for.
func (s *invocation) dial(settings *config.Settings, options gorgias.Options, box bool) (*account, error) {
	a := &account{settings: settings, budget: gorgias.NewRateLimiter(settings.RateLimitReserve), close: func() {}}
	options.Origin, options.RateLimiter, options.Transport = settings.Origin, a.budget, gorgias.Transport()
	if settings.PublicOnly {
		options.Transport = gorgias.PublicTransport(settings.Origin)
	}
	options.Retried = func(err error, wait time.Duration) {
		if a.retried != nil {
			a.retried(err, wait)
		}
	}
	options.Auth = gorgias.Basic(settings.Credentials.Email, settings.Credentials.APIKey)
	if box {
		listener := sandbox.Listen()
		server := &http.Server{Handler: &sandbox.Server{Seed: 1, Limit: 100_000, Email: boxEmail, APIKey: boxKey}, ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(listener) }()
		options.Transport = &http.Transport{DialContext: listener.DialContext}
		a.close = func() { _ = server.Close() }
	}
	if s.log != nil {
		options.Transport = metered{options.Transport, s.log}
	}
	if c := settings.Credentials; c.AuthType == config.AuthOAuth {
		keeper := gorgias.NewOAuth(options.Origin, options.Transport, gorgias.Token{
			ClientID: c.ClientID, ClientSecret: c.ClientSecret, Refresh: c.RefreshToken, Access: c.AccessToken, Expires: settings.TokenExpiry})
		keeper.Renewed = s.renewed
		options.Auth, options.Rejected = keeper.Authorize, keeper.Rejected
	}
	var err error
	if a.client, err = gorgias.New(options); err != nil {
		return nil, config.NewError("", "%v", err)
	}
	return a, nil
}

// settings reads the configuration. That of the sandbox is built in; a file
// given with it may set everything but the account.
func (s *invocation) settings(c *cli.Context) (*config.Settings, error) {
	path, box := c.String("config"), c.Bool("sandbox")
	raw := []byte("{}")
	switch {
	case path != "":
		if c.Bool("save-tokens") {
			if s.save = path; config.IsURI(path) {
				return nil, usageError{fmt.Errorf("%s: --save-tokens needs a config file", c.Command.Name)}
			}
		}
		var err error
		if raw, err = readConfig(path); err != nil {
			return nil, err
		}
	case !box:
		return nil, usageError{fmt.Errorf("%s: --config is missing (or --sandbox, for the built-in account)", c.Command.Name)}
	}
	return s.understand(raw, box)
}

// understand checks a configuration, with the account in the box if that is
// asked for, and hides its secrets from here on.
func (s *invocation) understand(raw []byte, box bool) (*config.Settings, error) {
	if box {
		var err error
		if raw, err = config.WithAccount(raw, "sandbox", boxEmail, boxKey); err != nil {
			return nil, err
		}
	}
	settings, err := config.Parse(raw, strings.EqualFold(os.Getenv("DEPLOYMENT_MODE"), "cloud"))
	if err != nil {
		return nil, err
	}
	if box {
		settings.Origin = "http://sandbox.gorgias.com"
	}
	s.config, s.refresh = raw, settings.Credentials.RefreshToken
	s.veil.hide(settings.Credentials.Email, settings.Secrets()...)
	s.veil.hide(settings.Credentials.ClientID, settings.Secrets()...)
	s.pen.Mask, s.pen.Privacy = s.veil.mask, settings.Privacy
	if s.log != nil {
		s.log.Mask = s.veil.mask
	}
	return settings, nil
}

// readConfig reads a configuration: a file, or the address that is given in its
// place.
func readConfig(path string) ([]byte, error) {
	if config.IsURI(path) {
		return config.ParseURI(path)
	}
	return readFile("config", path)
}

// readFile reads an input file. Its error names what the file is for, and not
// the file: what is given as its name may be anything.
func readFile(what, path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		return bytes.TrimPrefix(raw, []byte("\ufeff")), nil
	}
	why := "" // what to do
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	switch info, _ := os.Stat(path); {
	case path == "":
		why = "; its name is empty"
	case strings.HasPrefix(strings.TrimSpace(path), "{"):
		return nil, &connector.InputError{Text: fmt.Sprintf("--%[1]s: expected the name of a file, and this is what should stand in one; write it into a file and give its name", what)}
	case what == "config" && strings.Contains(path, "://"):
		return nil, &connector.InputError{Text: "--config: expected the name of a file, or an address that begins with gorgias://"}
	case info != nil && info.IsDir():
		why = "; expected a file"
	case errors.Is(err, fs.ErrNotExist):
		why = "; a name without / at its front is looked for in the working directory"
	case errors.Is(err, fs.ErrPermission):
		why = fmt.Sprintf("; the program runs as the user %d, who must be allowed to read it", os.Getuid())
	}
	return nil, &connector.InputError{Text: fmt.Sprintf("the %s file cannot be read: %v%s", what, err, why)}
}
