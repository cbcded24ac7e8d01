package cli

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector/sandbox"
)

// The credentials of the sandbox: an API key, and an app.
const (
	sandboxEmail, sandboxKey                                  = "sandbox@example.com", "sandbox-key"
	sandboxClientID, sandboxClientSecret, sandboxRefreshToken = "sandbox-app", "sandbox-secret", "sandbox-refresh"
)

func sandboxFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8080", Usage: "`ADDRESS` to serve on"},
		&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`NUMBER` from which the account is generated"},
		&cli.Float64Flag{Name: "live", Usage: "`CHANGES` to the account per request, 0 to 1"},
		&cli.BoolFlag{Name: "awkward", Usage: "add control characters to texts, and values of types that a field should not have"},
		&cli.IntFlag{Name: "limit", Value: 40, Usage: "rate limit: `REQUESTS` per 20 s"},
		&cli.BoolFlag{Name: "rotate", Usage: "replace the OAuth2 refresh token whenever it is used"},
		&cli.IntFlag{Name: "messages", Usage: "`NUMBER` of messages; a fifth of it is the number of tickets"},
	}
}

// maxLive is the highest rate of changes. A change can take a request of its own, so
// with many more than one per request, a sync would never end.
const maxLive = 1

// sandbox serves the sandbox account until it is interrupted.
func (a *app) sandbox(c *cli.Context) error {
	if live := c.Float64("live"); !(live >= 0 && live <= maxLive) {
		return usageErrorf("sandbox: --live: expected a number from 0 to %d", maxLive)
	}
	listener, err := net.Listen("tcp", c.String("listen"))
	if err != nil {
		return err
	}
	handler := &sandbox.Server{
		Seed: c.Uint64("seed"), Polite: !c.Bool("awkward"), ChangeRate: c.Float64("live"), Limit: c.Int("limit"), Email: sandboxEmail, APIKey: sandboxKey,
		ClientID: sandboxClientID, ClientSecret: sandboxClientSecret, RefreshToken: sandboxRefreshToken, RotateRefreshToken: c.Bool("rotate"),
		Size: sandbox.Size{Messages: c.Int("messages"), Tickets: c.Int("messages") / 5},
	}
	fmt.Fprintf(a.stderr, "the sandbox listens on %[1]s\nconfig: {\"subdomain\": \"sandbox\", \"base_url\": \"http://%[1]s\", \"credentials\": {\"auth_type\": \"api_key\", \"email\": %[2]q, \"api_key\": %[3]q}}\n"+
		"or with OAuth2: \"credentials\": {\"auth_type\": \"oauth2.0\", \"client_id\": %[4]q, \"client_secret\": %[5]q, \"refresh_token\": %[6]q}\n",
		listener.Addr(), sandboxEmail, sandboxKey, sandboxClientID, sandboxClientSecret, sandboxRefreshToken)
	server := &http.Server{Handler: handler, ErrorLog: log.New(a.stderr, "", 0), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(c.Context, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return context.Cause(c.Context)
}
