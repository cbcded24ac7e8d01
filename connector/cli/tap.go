package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/singer"
	"source-gorgias/connector/stream"
)

// programName returns the one of the program's two names under which it was
// called.
func programName(called string) string {
	if strings.TrimSuffix(filepath.Base(called), ".exe") == singer.Name {
		return singer.Name
	}
	return "source-gorgias"
}

// isTap reports whether the program runs as a Singer tap: under the tap's name,
// or with a flag where Airbyte has its command.
func isTap(args []string) bool {
	return programName(args[0]) == singer.Name || len(args) > 1 && strings.HasPrefix(args[1], "-")
}

func usageText(name string) string {
	tap := name + ` --config FILE | --sandbox  [--streams NAMES | --catalog FILE] [--state FILE]
` + name + ` --discover
` + name + ` --about [--format text | json | markdown]
` + name + ` --config FILE | --sandbox  --test[=all | schema]`
	if name == singer.Name {
		return tap
	}
	return `Airbyte:
source-gorgias spec
source-gorgias check    --config FILE | --sandbox  [--streams NAMES]
source-gorgias discover [--config FILE]
source-gorgias read     --config FILE | --sandbox  [--streams NAMES | --catalog FILE] [--state FILE]
source-gorgias plan     --config FILE | --sandbox  [--streams NAMES | --catalog FILE] [--state FILE] [--json]
source-gorgias probe    --config FILE | --sandbox  [--wait TIME] [--json]
source-gorgias state    --state FILE [--catalog FILE]
source-gorgias verify   --config FILE | --sandbox  --stream NAME [--state FILE] [--full] [--json]  < ROWS

Singer; also under the name ` + singer.Name + `:
` + tap + `

The sandbox account, for other programs:
source-gorgias sandbox  [--listen ADDRESS]`
}

func tapFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "config", Aliases: []string{"c"}, Usage: configUsage + ". The last of several wins"},
		streamsFlag(),
		&cli.StringFlag{Name: "catalog", Usage: catalogUsage},
		&cli.StringFlag{Name: "summary", Usage: summaryUsage},
		&cli.StringFlag{Name: "properties", Aliases: []string{"p"}, Usage: "`FILE`: deprecated alias of --catalog"},
		&cli.StringFlag{Name: "state", Aliases: []string{"s"}, Usage: stateUsage},
		&cli.BoolFlag{Name: "sandbox", Usage: sandboxUsage},
		&cli.BoolFlag{Name: "save-tokens", Usage: saveTokensUsage},
		&cli.BoolFlag{Name: "reconcile", Usage: reconcileUsage},
		&cli.BoolFlag{Name: "discover", Aliases: []string{"d"}, Usage: "print the catalog"},
		&cli.StringFlag{Name: "test", Usage: "`WHAT` to test: all (one record per stream) or schema (no records)"},
		&cli.BoolFlag{Name: "about", Usage: "describe the tap and its settings"},
		&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of --about: text, json or markdown"},
		&cli.BoolFlag{Name: "version", Aliases: []string{"v"}, Usage: "print the version"},
	}
}

// joinTestFlag joins --test and its optional value in one argument.
func joinTestFlag(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if i > 0 && (arg == "--test" || arg == "-test") {
			arg = "--test=all"
			if i+1 < len(args) && slices.Contains(testModes, args[i+1]) {
				i++
				arg = "--test=" + args[i]
			}
		}
		out = append(out, arg)
	}
	return out
}

// testModes are the values of --test. records is an alias of all.
var testModes = []string{"all", "schema", "records"}

// tapLog returns the log that the environment configures. Meltano names a file
// for the loggers of the Singer SDK.
func tapLog(stderr io.Writer) *singer.Log {
	var settings []byte
	if path := os.Getenv("SINGER_SDK_LOG_CONFIG"); path != "" {
		settings, _ = os.ReadFile(path) // without it, the log is text
	}
	return singer.NewLog(stderr, settings, os.Getenv(variable("loglevel")), os.Getenv("LOGLEVEL"))
}

// tap runs what the flags select: of several, the first below.
func (a *app) tap(c *cli.Context) error {
	switch format := c.String("format"); {
	case a.log == nil && c.Args().Present():
		return unknownCommand(c.App, c.Args().First())
	case a.log == nil:
		return usageErrorf("a command is missing, such as check or read")
	case c.Args().Present():
		return usageErrorf("unexpected argument; a tap has no commands; give files by flags, such as --config FILE")
	case c.Bool("version"):
		_, err := fmt.Fprintln(a.stdout, c.App.Name, Version())
		return err
	case !slices.Contains(singer.AboutFormats(), format):
		return usageErrorf("--format: expected one of %s", strings.Join(singer.AboutFormats(), ", "))
	case c.Bool("about"):
		return singer.About(a.stdout, format, Version())
	case c.Bool("discover"):
		return a.tapDiscover(c)
	case c.IsSet("test") && !slices.Contains(testModes, c.String("test")):
		return usageErrorf("--test: expected all or schema")
	}
	return a.tapRead(c)
}

func (a *app) tapRead(c *cli.Context) error {
	startedAt := time.Now()
	test := c.String("test")
	own, settings, err := a.parseTapConfig(c)
	if err != nil {
		return err
	}
	account, err := a.connect(c, settings, own.userAgent, test != "")
	if err != nil {
		return err
	}
	defer account.close()
	selection, err := a.tapSelection(c, test, settings)
	if err != nil {
		return err
	}
	writer := singer.NewWriter(a.stdout, a.log)
	if test == "schema" {
		return writer.WriteSchemas(selection)
	}
	raw, err := a.readState(c)
	if err != nil {
		return err
	}
	state, err := singer.ParseState(raw)
	if err != nil {
		return err
	}
	bookmarks, foreign, err := state.Bookmarks(selection)
	if err != nil {
		return err
	}
	if len(foreign) > 0 {
		a.log.Print(singer.Warn, "", "another tap has written the bookmarks of %s. Some taps leave gaps: run a full refresh once", strings.Join(foreign, ", "))
	}
	newPlan := func(streams []*stream.Stream) *connector.Plan {
		p := connector.NewPlan(settings, singer.TombstoneColumn)
		p.ReconcileNow = p.ReconcileNow || c.Bool("reconcile")
		p.Client, p.RateLimiter = account.client, account.rateLimiter
		p.Streams, p.Bookmarks = streams, bookmarks
		return p
	}
	writer.ActivateVersions, writer.FreezeState = own.activateVersions, test != ""
	plan := newPlan(selection.Streams())
	batches := plan.Run(c.Context)
	if test == "" {
		writer.Summary = plan.NewSummary()
		writeSummary, err := a.createSummary(c)
		if err != nil {
			return err
		}
		defer func() { writeSummary(writer.Summary) }()
	} else {
		batches = singer.FirstRecords(selection.Streams(), func(s *stream.Stream) iter.Seq2[connector.Batch, error] {
			p := newPlan([]*stream.Stream{s})
			p.Bookmarks, p.Start, p.End = nil, earliestStart, time.Time{} // any record is a sample
			return p.Run(c.Context)
		})
	}
	a.log.Print(singer.Info, "", "%s %s, streams to read: %d", singer.Name, Version(), len(selection.Streams()))
	err = writer.Sync(c.Context, batches, selection, state)
	status := "succeeded"
	if err != nil {
		status = "failed"
	}
	a.log.Counter("http_request_count", account.rateLimiter.Sent(), map[string]any{})
	a.log.Timer(singer.Info, "job_duration", time.Since(startedAt), map[string]any{"status": status})
	return err
}

// earliestStart is before every record of every account.
var earliestStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// tapSelection returns the streams to read. A test for records reads all streams.
func (a *app) tapSelection(c *cli.Context, test string, settings *config.Settings) (*singer.Selection, error) {
	if test == "all" || test == "records" {
		return singer.Select(settings.Streams(), nil, settings.Privacy)
	}
	return a.singerSelection(c, settings)
}

// tapDiscover prints the catalog. The configuration, which hides fields and adds
// the stream of reports, may be missing or incomplete: users look at the catalog
// before they have configured everything.
func (a *app) tapDiscover(c *cli.Context) error {
	var privacy *config.Privacy
	if c.IsSet("config") || c.Bool("sandbox") {
		_, settings, err := a.parseTapConfig(c)
		if err != nil {
			a.log.Print(singer.Warn, "", "%s. The catalog contains every field", connector.Classify(nil, err).Message)
		} else {
			privacy = settings.Privacy
		}
	}
	fields, _, _ := a.mergeConfigs(c.StringSlice("config"))
	raw, _ := json.Marshal(fields)
	return singer.WriteCatalog(a.stdout, config.AvailableStreams(raw), privacy)
}

// A timingTransport logs how long responses take.
type timingTransport struct {
	http.RoundTripper
	log *singer.Log
}

var idSegment = regexp.MustCompile(`/\d+`)

func (t timingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	startedAt := time.Now()
	res, err := t.RoundTripper.RoundTrip(r)
	tags := map[string]any{"endpoint": idSegment.ReplaceAllString(r.URL.Path, "/{id}"), "status": "failed"}
	if err == nil {
		tags["http_status_code"] = res.StatusCode
		if res.StatusCode == http.StatusOK {
			tags["status"] = "succeeded"
		}
	}
	t.log.Timer(singer.Debug, "http_request_duration", time.Since(startedAt), tags)
	return res, err
}
