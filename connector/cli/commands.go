package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector"
	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/config"
)

func (a *app) spec(*cli.Context) error { return a.writer.Spec(documentation) }

// check writes whether the account can be read. On a terminal, it writes a line per
// stream, and fails if one of them cannot be read.
func (a *app) check(c *cli.Context) error {
	a.humanOutput, a.showRetries = isTerminal(a.stdout), true
	err := a.checkAccount(c)
	var usage usageError
	switch {
	case c.Context.Err() != nil:
		return c.Context.Err()
	case a.humanOutput || errors.As(err, &usage): // of a usage error, nothing was checked
		return err
	}
	return a.writer.Check(err)
}

// checkAccount checks the account, and what of it can be read.
func (a *app) checkAccount(c *cli.Context) error {
	account, err := a.open(c)
	if err != nil {
		return err
	}
	defer account.close()
	plan := connector.NewPlan(account.settings, "")
	plan.Client, plan.Streams = account.client, account.settings.Streams()
	if named, err := namedStreams(c); err != nil {
		return err
	} else if named != nil {
		plan.Streams = named
	}
	a.warnSettings(account.settings)
	if err := connector.CheckConnection(c.Context, account.client); err != nil {
		return err
	}
	if err := plan.CheckReports(c.Context); err != nil {
		return err
	}
	switch {
	case a.humanOutput:
		return a.listPermissions(c.Context, a.stdout, plan)
	case isTerminal(a.stderr):
		_ = a.listPermissions(c.Context, a.stderr, plan) // the result is that of the account
	}
	return nil
}

// listPermissions writes a line per stream: whether the credentials may read it. It
// returns an error if they may not read all.
func (a *app) listPermissions(ctx context.Context, out io.Writer, plan *connector.Plan) error {
	failed := 0
	for stream, err := range plan.Permissions(ctx) {
		result := "yes"
		if err != nil {
			failed++
			result = "no: " + a.redactor.Redact(connector.Classify(stream, err).Message)
		}
		fmt.Fprintf(out, "%-30s %s\n", stream.Name, result)
		if connector.EndsAll(err) {
			return err
		}
	}
	if failed > 0 {
		return connector.NewInputError("%d of %s cannot be read", failed, counted(len(plan.Streams), "stream")) //rule:check-fails-on-a-terminal
	}
	return nil
}

// discover needs no account. Without a configuration, it lists the streams that
// exist in every account.
func (a *app) discover(c *cli.Context) error {
	settings := &config.Settings{}
	if c.String("config") != "" {
		var err error
		if settings, err = a.settings(c); err != nil {
			return err
		}
	}
	return a.writer.Catalog(settings.Streams())
}

// warnSettings logs the warnings about the configuration.
func (a *app) warnSettings(settings *config.Settings) {
	for _, text := range settings.Warnings {
		a.warn("", text)
	}
}

func (a *app) read(c *cli.Context) error {
	account, err := a.open(c)
	if err != nil {
		return err
	}
	defer account.close()
	a.warnSettings(account.settings)
	plan, selection, err := a.newPlan(c, account)
	if err != nil {
		return err
	}
	if len(selection.Streams)+len(selection.Unknown) == 0 {
		a.warn("", "the catalog selects no stream, so nothing is read: add streams to it, or give no catalog to read all")
	}
	a.writer.Columns = selection.Columns
	a.writer.Summary = plan.NewSummary()
	writeSummary, err := a.createSummary(c)
	if err != nil {
		return err
	}
	defer func() { writeSummary(a.writer.Summary) }()
	batches := plan.Run(c.Context)
	if isTerminal(a.stderr) {
		if !isTerminal(a.stdout) && supportsCursor() { // otherwise the terminal shows the records
			batches = newProgress(a.stderr, a.redactor.Redact, len(plan.Streams), account).watch(batches)
		}
		defer func() { summarize(a.stderr, a.redactor.Redact, a.writer.Summary, c.Context.Err() != nil) }()
	}
	return a.writer.Sync(c.Context, batches, selection.Unknown)
}

// newPlan makes a plan of the streams and the state that flags name.
func (a *app) newPlan(c *cli.Context, account *account) (plan *connector.Plan, selection *airbyte.Selection, err error) {
	if selection, err = a.airbyteSelection(c, account.settings); err != nil {
		return nil, nil, err
	}
	state, err := a.readState(c)
	if err != nil {
		return nil, nil, err
	}
	plan = connector.NewPlan(account.settings, airbyte.TombstoneColumn)
	plan.ReconcileNow = plan.ReconcileNow || c.Bool("reconcile")
	plan.Client, plan.RateLimiter, plan.Streams = account.client, account.rateLimiter, selection.Streams
	plan.Bookmarks, err = airbyte.ParseState(state)
	return plan, selection, err
}
