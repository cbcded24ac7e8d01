package cli

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector"
	"source-gorgias/connector/conform"
	"source-gorgias/connector/streams"
	"source-gorgias/connector/verify"
)

// verifyFlags are the flags of verify, beside those that it shares with read.
func verifyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "stream", Usage: "`NAME` of the stream that the rows belong to"},
		&cli.StringFlag{Name: "key", Usage: "`COLUMN` of the primary key, if renamed; separate two by a comma"},
		&cli.IntFlag{Name: "sample", DefaultText: "1000 tickets, 100 of others", Usage: "`NUMBER` of records to compare"},
		&cli.StringFlag{Name: "since", Usage: "compare only records with a cursor value from this `TIME` on"},
		&cli.BoolFlag{Name: "full", Usage: "compare all rows with the whole list"},
		&cli.IntFlag{Name: "settle", Value: -1, DefaultText: "the setting overlap", Usage: "`MINUTES` to wait for late events before reporting differences"},
		&cli.Uint64Flag{Name: "seed", DefaultText: "random", Usage: "`NUMBER` from an earlier report, to draw the same sample again"},
		&cli.BoolFlag{Name: "json", Usage: "print JSON"},
	}
}

// An exitCode ends a command with a code of its own, and its error if there is one.
type exitCode struct {
	code int
	err  error
}

func (e exitCode) Error() string { return "exit" }
func (e exitCode) Unwrap() error { return e.err }

// The exit codes of verify.
const (
	exitDifferent   = 1
	exitNotCompared = 2
)

// verify compares the rows of standard input with the account.
func (a *app) verify(c *cli.Context) error {
	a.humanOutput = true
	a.stdinFor = "the rows"
	report, err := a.compareRows(c)
	if err == nil {
		write := report.WriteText
		if c.Bool("json") {
			write = report.WriteJSON
		}
		err = write(a.stdout)
	}
	switch {
	case err != nil:
		return exitCode{exitNotCompared, err} //rule:what-was-not-compared-is-not-equal
	case !report.Equal:
		return exitCode{exitDifferent, nil} //rule:differences-have-an-exit-code
	}
	return nil
}

func (a *app) compareRows(c *cli.Context) (*verify.Report, error) {
	s := streams.Lookup(c.String("stream"))
	switch {
	case c.String("stream") == "":
		return nil, usageErrorf("verify: --stream is missing")
	case s == nil:
		return nil, connector.NewInputError("--stream: there is no such stream; expected one of %s", strings.Join(streams.Names(), ", "))
	case c.Int("sample") < 0:
		return nil, usageErrorf("verify: --sample: expected a number from 1 on")
	case isTerminalInput(a.stdin):
		return nil, connector.NewInputError("standard input is a terminal: pipe the rows of the table into the command, as CSV with a header or as JSON lines")
	}
	account, err := a.open(c)
	if err != nil {
		return nil, err
	}
	defer account.close()
	o := verify.Options{Client: account.client, RateLimiter: account.rateLimiter, Settings: account.settings, Stream: s,
		Sample: c.Int("sample"), Full: c.Bool("full"), Seed: c.Uint64("seed"), Settle: account.settings.Overlap}
	if c.IsSet("settle") {
		o.Settle = time.Duration(max(0, c.Int("settle"))) * time.Minute
	}
	if err := a.applyVerifyFlags(c, &o); err != nil {
		return nil, err
	}
	return verify.Run(c.Context, o, a.stdin)
}

// applyVerifyFlags sets the options that need more than a flag's value.
func (a *app) applyVerifyFlags(c *cli.Context, o *verify.Options) error {
	if o.Seed == 0 {
		o.Seed = rand.Uint64() >> 32
	}
	if text := c.String("key"); text != "" {
		o.Key = strings.Split(text, ",")
	}
	if text := c.String("since"); text != "" {
		var ok bool
		if o.Since, ok = conform.ParseTimestamp(text); !ok {
			return usageErrorf("verify: --since: expected a date or a timestamp, such as 2026-01-01")
		}
	}
	if path := c.String("state"); path != "" {
		raw, err := a.readGivenState(path)
		if err != nil {
			return err
		}
		report, err := newStateReport(raw, nil, noCatalog)
		if err != nil {
			return err
		}
		if b, ok := report.bookmarks[o.Stream.Name]; ok {
			o.Bookmark = &b
		} else if o.Stream.Incremental() {
			return connector.NewInputError("the state has nothing of %s: give the state with which its rows were loaded, or none", o.Stream.Name)
		}
	}
	return nil
}

// isTerminalInput reports whether a user would have to type the rows.
func isTerminalInput(in io.Reader) bool {
	out, ok := in.(io.Writer) // a file is both
	return ok && isTerminal(out)
}

// exit prints the error of an exit code, and returns the code.
func (a *app) exit(e exitCode) int {
	if e.err != nil {
		a.fail(fmt.Errorf("not compared: %w", e.err))
	}
	return e.code
}
