package cli

import (
	"bytes"
	"encoding/json"
	"errors"
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
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/singer"
	"source-gorgias/connector/stream"
)

// name is what the program was called as: one of its two names.
func name(called string) string {
	if strings.TrimSuffix(filepath.Base(called), ".exe") == singer.Name {
		return singer.Name
	}
	return "source-gorgias"
}

// isTap reports whether the program is called as a Singer tap is: under a
// tap's name, or with a flag where Airbyte has its command.
func isTap(args []string) bool {
	return name(args[0]) == singer.Name || len(args) > 1 && strings.HasPrefix(args[1], "-")
}

func usage(name string) string {
	tap := name + ` --config FILE | --sandbox  [--catalog FILE] [--state FILE]
` + name + ` --discover
` + name + ` --about [--format text | json | markdown]
` + name + ` --config FILE | --sandbox  --test[=all | schema]`
	if name == singer.Name {
		return tap
	}
	return `Airbyte:
source-gorgias spec
source-gorgias check    --config FILE | --sandbox
source-gorgias discover [--config FILE]
source-gorgias read     --config FILE | --sandbox  [--catalog FILE] [--state FILE]
source-gorgias plan     --config FILE | --sandbox  [--catalog FILE] [--state FILE] [--json]
source-gorgias state    --state FILE [--catalog FILE]

Singer; also under the name ` + singer.Name + `:
` + tap + `

A built-in account for other programs to read:
source-gorgias sandbox  [--listen ADDRESS]`
}

func tapFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "config", Aliases: []string{"c"}, Usage: "JSON `FILE` with the configuration, or ENV for the environment's " + variable("…") + "; later ones lie over earlier ones"},
		&cli.StringFlag{Name: "catalog", Usage: "JSON `FILE` with the catalog that says what is selected; all, if there is none"},
		&cli.StringFlag{Name: "properties", Aliases: []string{"p"}, Usage: "JSON `FILE` with the catalog, by the name this flag once had"},
		&cli.StringFlag{Name: "state", Aliases: []string{"s"}, Usage: "JSON `FILE` with the state of the last sync"},
		&cli.BoolFlag{Name: "sandbox", Usage: "read the built-in account: no credentials, no network"},
		&cli.BoolFlag{Name: "save-tokens", Usage: saveUsage},
		&cli.BoolFlag{Name: "discover", Aliases: []string{"d"}, Usage: "write the catalog"},
		&cli.StringFlag{Name: "test", Usage: "`WHAT` to write as a test: all, the first record of every stream, or schema, the schemas alone"},
		&cli.BoolFlag{Name: "about", Usage: "tell what this tap is and what there is to configure"},
		&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORM` in which --about tells it: text, json or markdown"},
		&cli.BoolFlag{Name: "version", Aliases: []string{"v"}, Usage: "tell the version"},
	}
}

// withTest writes --test and its optional word as one argument.
func withTest(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if i > 0 && (arg == "--test" || arg == "-test") {
			arg = "--test=all"
			if i+1 < len(args) && slices.Contains(tests, args[i+1]) {
				i++
				arg = "--test=" + args[i]
			}
		}
		out = append(out, arg)
	}
	return out
}

// tests are the words that may follow --test. Records is what some people
// write for all.
var tests = []string{"all", "schema", "records"}

// tapLog makes the log that the environment asks for: Meltano leaves a file
// for the loggers of Singer's own kit.
func tapLog(stderr io.Writer) *singer.Log {
	var settings []byte
	if path := os.Getenv("SINGER_SDK_LOG_CONFIG"); path != "" {
		settings, _ = os.ReadFile(path) // without it, text will do
	}
	return singer.NewLog(stderr, settings, os.Getenv(variable("loglevel")), os.Getenv("LOGLEVEL"))
}

// tap does what its flags ask for; of several things, the first of these.
func (s *invocation) tap(c *cli.Context) error {
	switch format := c.String("format"); {
	case s.log == nil:
		if c.Args().Present() {
			return noCommand(c.App, c.Args().First())
		}
		return usageError{errors.New("a command is missing, such as check or read")}
	case c.Args().Present():
		return usageError{errors.New("an argument stands outside the flags; a tap has no commands, and files are given as --config FILE and the like")}
	case c.Bool("version"):
		_, err := fmt.Fprintln(s.stdout, c.App.Name, Version())
		return err
	case !slices.Contains(singer.Formats(), format):
		return usageError{fmt.Errorf("--format: expected one of %s", strings.Join(singer.Formats(), ", "))}
	case c.Bool("about"):
		return singer.About(s.stdout, format, Version())
	case c.Bool("discover"):
		return s.tapDiscover(c)
	case c.IsSet("test") && !slices.Contains(tests, c.String("test")):
		return usageError{errors.New("--test: expected all or schema")}
	}
	return s.tapRead(c)
}

func (s *invocation) tapRead(c *cli.Context) error {
	began := time.Now()
	test := c.String("test")
	own, account, err := s.tapOpen(c)
	if err != nil {
		return err
	}
	defer account.close()
	selection, err := tapSelection(c, test, account.settings)
	if err != nil {
		return err
	}
	pen := singer.NewWriter(s.stdout, s.log)
	if test == "schema" {
		return pen.Schemas(selection)
	}
	state := &singer.State{}
	if path := c.String("state"); path != "" {
		raw, err := readFile("state", path)
		if err != nil {
			return err
		}
		if state, err = singer.ParseState(raw); err != nil {
			return err
		}
	}
	marks, foreign, err := state.Marks(selection)
	if err != nil {
		return err
	}
	if len(foreign) > 0 {
		s.log.Print(singer.Warn, "", "another tap has written the bookmarks of %s. Some leave gaps: a full refresh is advisable once", strings.Join(foreign, ", "))
	}
	plan := func(selected []*stream.Stream) *connector.Plan {
		p := connector.NewPlan(account.settings, singer.Tombstone)
		p.Client, p.RateLimiter, p.Heartbeat = account.client, account.budget, tapHeartbeat
		p.Streams, p.Bookmarks = selected, marks
		return p
	}
	pen.Activate, pen.FreezeState = own.activate, test != ""
	whole := plan(selection.Streams())
	batches := whole.Run(c.Context)
	if test == "" {
		pen.Summary = whole.NewSummary()
	} else {
		batches = singer.Sample(selection.Streams(), func(s *stream.Stream) iter.Seq2[connector.Batch, error] {
			p := plan([]*stream.Stream{s})
			p.Bookmarks, p.Start, p.End = nil, longAgo, time.Time{} // any record will do
			return p.Run(c.Context)
		})
	}
	s.log.Print(singer.Info, "", "%s %s, streams to read: %d", singer.Name, Version(), len(selection.Streams()))
	err = pen.Sync(c.Context, batches, selection, state)
	status := map[bool]string{true: "succeeded", false: "failed"}[err == nil]
	s.log.Count("http_request_count", account.budget.Sent(), map[string]any{})
	s.log.Took(singer.Info, "job_duration", time.Since(began), map[string]any{"status": status})
	return err
}

// tapHeartbeat is how long a sync under way stays silent at most: so often are
// its figures logged.
const tapHeartbeat = time.Minute

// longAgo is before anything that an account can hold.
var longAgo = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// tapOffered is what a configuration offers. It may be missing, or not good yet:
// clients ask for the catalog before they have it.
func tapOffered(paths []string) []*stream.Stream {
	fields, _ := tapConfig(paths)
	raw, _ := json.Marshal(fields) // of nothing, null
	return config.AvailableStreams(raw)
}

// tapSelection is what the catalog selects; of the streams that are offered,
// all, if there is none. A test reads everything.
func tapSelection(c *cli.Context, test string, settings *config.Settings) (*singer.Selection, error) {
	path := c.String("catalog")
	if path == "" {
		path = c.String("properties")
	}
	if path == "" || test == "all" || test == "records" {
		return singer.Everything(settings.Streams(), settings.Privacy)
	}
	raw, err := readFile("catalog", path)
	if err != nil {
		return nil, err
	}
	return singer.ParseCatalog(raw, settings.Privacy)
}

// tapOwn are the settings that only a tap has.
type tapOwn struct {
	userAgent string
	activate  bool
}

// tapDiscover writes the catalog, without what the configuration conceals.
// There may be none yet, or one to be completed: people look at the streams
// before all is set up.
func (s *invocation) tapDiscover(c *cli.Context) error {
	var privacy *config.Privacy
	if c.IsSet("config") || c.Bool("sandbox") {
		_, settings, err := s.tapSettings(c)
		if err != nil {
			s.log.Print(singer.Warn, "", "%s. The catalog shows every field", connector.Classify(nil, err).Message)
		} else {
			privacy = settings.Privacy
		}
	}
	return singer.WriteCatalog(s.stdout, tapOffered(c.StringSlice("config")), privacy)
}

// tapOpen reads the configuration and makes a client of it.
func (s *invocation) tapOpen(c *cli.Context) (*tapOwn, *account, error) {
	own, settings, err := s.tapSettings(c)
	if err != nil {
		return nil, nil, err
	}
	options := gorgias.Options{UserAgent: own.userAgent}
	if c.IsSet("test") {
		options.Attempts, options.MaxWait = impatient, 30*time.Second
	}
	account, err := s.dial(settings, options, c.Bool("sandbox"))
	return own, account, err
}

// tapSettings reads the configuration.
func (s *invocation) tapSettings(c *cli.Context) (*tapOwn, *config.Settings, error) {
	box, paths := c.Bool("sandbox"), c.StringSlice("config")
	if len(paths) == 0 && !box {
		return nil, nil, usageError{errors.New("--config is missing (or --sandbox, for the built-in account)")}
	}
	fields, err := tapConfig(paths)
	if err != nil {
		return nil, nil, err
	}
	if c.Bool("save-tokens") {
		if s.save = tokenFile(paths); s.save == "" {
			return nil, nil, usageError{errors.New("--save-tokens: no config file has a refresh_token")}
		}
	}
	own, err := s.tapOwn(fields)
	if err != nil {
		return nil, nil, variables(err, paths)
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, nil, err
	}
	settings, err := s.understand(raw, box)
	if err != nil {
		return nil, nil, variables(err, paths)
	}
	for _, text := range settings.Warnings {
		s.log.Print(singer.Warn, "", "%s", text)
	}
	return own, settings, nil
}

// tapConfig reads the configuration from files and, if one of them is ENV,
// from the environment, which lies over them all.
func tapConfig(paths []string) (map[string]json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	for _, path := range paths {
		if path == "ENV" {
			continue
		}
		raw, err := readConfig(path)
		if err != nil {
			return nil, err
		}
		if json.Unmarshal(bytes.TrimPrefix(raw, []byte("\ufeff")), &fields) != nil || string(bytes.TrimSpace(raw)) == "null" {
			_, err := config.Parse(raw, false) // which says it best
			return nil, err
		}
	}
	if slices.Contains(paths, "ENV") {
		return fields, overlay(fields, environment(), singer.Settings().Settings)
	}
	return fields, nil
}

// tokenFile is the file that the refresh token comes from: the last that has
// one; "" if none has.
func tokenFile(paths []string) (file string) {
	for _, path := range paths {
		var fields struct {
			Refresh     string `json:"refresh_token"`
			Credentials struct {
				Refresh string `json:"refresh_token"`
			} `json:"credentials"`
		}
		raw, _ := os.ReadFile(path) // what cannot be read has been refused before
		_ = json.Unmarshal(bytes.TrimPrefix(raw, []byte("\ufeff")), &fields)
		if fields.Refresh != "" || fields.Credentials.Refresh != "" {
			file = path
		}
	}
	return file
}

// tapOwn takes the settings of taps alone out of a configuration: those that
// are ours, and those that Singer's own kit has and this tap leaves to others.
func (s *invocation) tapOwn(fields map[string]json.RawMessage) (*tapOwn, error) {
	take := func(name string) (value string) {
		raw := fields[name]
		delete(fields, name)
		if json.Unmarshal(raw, &value) != nil {
			value = string(raw)
		}
		return strings.TrimSpace(value)
	}
	own := &tapOwn{userAgent: singer.Name + "/" + Version()}
	if agent := take("user_agent"); agent != "" {
		own.userAgent = agent
	}
	if strings.ContainsFunc(own.userAgent, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, config.NewError("user_agent", "expected an ASCII string such as acme-etl/1.0")
	}
	switch strings.ToLower(take("emit_activate_version_messages")) {
	case "true":
		own.activate = true
	case "false", "":
	default:
		return nil, config.NewError("emit_activate_version_messages", "expected true or false")
	}
	var left []string
	for _, name := range []string{"stream_maps", "stream_map_config", "faker_config", "batch_config",
		"flattening_enabled", "flattening_max_depth", "flattening_max_key_length", "flattening_separator"} {
		if value := take(name); value != "" && value != "false" && value != "{}" {
			left = append(left, name)
		}
	}
	if len(left) > 0 {
		s.log.Print(singer.Warn, "", "the settings %q were not used: this tap leaves mapping, flattening and batches to the target, or to a mapper such as meltano-map-transformer", left)
	}
	if take("page_size") != "" {
		s.log.Print(singer.Warn, "", "the setting \"page_size\" was not used: pages are as large as the API allows")
	}
	if take("tickets_view_id") != "" {
		s.log.Print(singer.Warn, "", "the setting \"tickets_view_id\" was not used: tickets of all views are read")
	}
	return own, nil
}

// metered is a way to the API that tells how long its answers take.
type metered struct {
	http.RoundTripper
	log *singer.Log
}

var number = regexp.MustCompile(`/\d+`)

func (m metered) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	res, err := m.RoundTripper.RoundTrip(r)
	tags := map[string]any{"endpoint": number.ReplaceAllString(r.URL.Path, "/{id}"), "status": "failed"}
	if err == nil {
		tags["http_status_code"] = res.StatusCode
		if res.StatusCode == http.StatusOK {
			tags["status"] = "succeeded"
		}
	}
	m.log.Took(singer.Debug, "http_request_duration", time.Since(began), tags)
	return res, err
}
