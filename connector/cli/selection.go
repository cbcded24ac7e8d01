package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/config"
	"source-gorgias/connector/singer"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// A catalogKind is the protocol of a catalog.
type catalogKind int

const (
	noCatalog catalogKind = iota
	airbyteCatalog
	singerCatalog
)

// readCatalog reads a catalog and finds its protocol: other, if the catalog does not
// show it.
func (a *app) readCatalog(path string, other catalogKind) (raw []byte, kind catalogKind, err error) {
	if path == "" {
		return nil, noCatalog, nil
	}
	if raw, err = a.readFile("catalog", path); err != nil {
		return nil, noCatalog, err
	}
	var c struct {
		Streams []struct {
			ID     string          `json:"tap_stream_id"`
			Stream json.RawMessage `json:"stream"`
		} `json:"streams"`
	}
	_ = json.Unmarshal(raw, &c) // ParseCatalog reports errors
	for _, s := range c.Streams {
		switch {
		case bytes.HasPrefix(s.Stream, []byte("{")):
			return raw, airbyteCatalog, nil
		case s.ID != "" || len(s.Stream) > 0:
			return raw, singerCatalog, nil
		}
	}
	return raw, other, nil
}

// namedStreams returns the streams that --streams names; nil if the flag is not
// set.
func namedStreams(c *cli.Context) (named []*stream.Stream, err error) {
	if !c.IsSet("streams") {
		return nil, nil
	}
	if c.String("catalog")+c.String("properties") != "" {
		return nil, usageErrorf("give --streams or --catalog, not both")
	}
	selected := map[*stream.Stream]bool{}
	for name := range strings.SplitSeq(c.String("streams"), ",") {
		name = strings.TrimSpace(name)
		s := streams.Lookup(name)
		switch {
		case s != nil:
			selected[s] = true
		case name == "" || !printableName.MatchString(name): // it can be anything
			return nil, usageErrorf("--streams: expected names of streams, separated by commas, such as tickets,users; discover lists them")
		default:
			return nil, usageErrorf("--streams: there is no stream %q%s", name, cmp.Or(config.DidYouMean(name, streams.Names()), "; discover lists the streams"))
		}
	}
	for _, s := range streams.All() { // in this order the first records come quickly
		if selected[s] {
			named = append(named, s)
		}
	}
	return named, nil
}

// airbyteSelection returns what --streams or the catalog select, which may be one
// of Singer.
func (a *app) airbyteSelection(c *cli.Context, settings *config.Settings) (*airbyte.Selection, error) {
	named, err := namedStreams(c)
	if err != nil || named != nil {
		return &airbyte.Selection{Streams: named}, err
	}
	raw, kind, err := a.readCatalog(c.String("catalog"), airbyteCatalog)
	if err != nil {
		return nil, err
	}
	switch kind {
	case airbyteCatalog:
		return airbyte.ParseCatalog(raw)
	case singerCatalog:
		sel, err := singer.ParseCatalog(raw, settings.Privacy)
		if err != nil {
			return nil, err
		}
		for _, w := range sel.Warnings {
			a.warn(w.Stream, w.Text)
		}
		return &airbyte.Selection{Streams: sel.Streams(), Columns: sel.Columns()}, nil
	}
	return &airbyte.Selection{Streams: settings.Streams()}, nil
}

// singerSelection returns what --streams or the catalog select, which may be one of
// Airbyte.
func (a *app) singerSelection(c *cli.Context, settings *config.Settings) (*singer.Selection, error) {
	named, err := namedStreams(c)
	if err != nil {
		return nil, err
	}
	if named != nil {
		return singer.Select(named, nil, settings.Privacy)
	}
	raw, kind, err := a.readCatalog(cmp.Or(c.String("catalog"), c.String("properties")), singerCatalog)
	if err != nil {
		return nil, err
	}
	switch kind {
	case singerCatalog:
		return singer.ParseCatalog(raw, settings.Privacy)
	case airbyteCatalog:
		configured, err := airbyte.ParseCatalog(raw)
		if err != nil {
			return nil, err
		}
		sel, err := singer.Select(configured.Streams, configured.Columns, settings.Privacy)
		for _, name := range configured.Unknown {
			sel.SkipUnknown(name)
		}
		return sel, err
	}
	return singer.Select(settings.Streams(), nil, settings.Privacy)
}

// readState reads the state that --state names: a state of either protocol, or the
// output of a run. A file that does not exist yet is the state of a first run,
// which a log message says.
func (a *app) readState(c *cli.Context) ([]byte, error) {
	path := c.String("state")
	if path == "" {
		return nil, nil
	}
	raw, err := a.readStateFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return raw, err
	}
	if info, err2 := os.Stat(filepath.Dir(path)); err2 != nil || !info.IsDir() || !isFileName(path) {
		return nil, fileError("state", path, err) //rule:only-a-file-can-be-missing
	}
	a.inform("the state file %s does not exist yet: this is the first run, which reads everything from the start date on", path)
	return nil, nil
}

// readGivenState reads a state that must exist.
func (a *app) readGivenState(path string) ([]byte, error) {
	raw, err := a.readStateFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = fileError("state", path, err)
	}
	return raw, err
}

// readStateFile reads a state from a file, which may have the output of a run. Its
// error is fs.ErrNotExist if there is no such file.
func (a *app) readStateFile(path string) ([]byte, error) {
	in := io.Reader(nil)
	if path == "-" {
		raw, err := a.readStdin("state")
		if err != nil {
			return nil, err
		}
		in = bytes.NewReader(raw)
	} else {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err != nil {
			return nil, fileError("state", path, err)
		}
		defer f.Close()
		in = f
	}
	raw, err := state.ReadOutput(in)
	if err != nil {
		return nil, fileError("state", path, err)
	}
	return bytes.TrimPrefix(raw, []byte("\ufeff")), nil
}

// warn logs a warning about a stream, or with "" about the whole run.
func (a *app) warn(stream, text string) {
	if stream != "" && a.log == nil {
		text = stream + ": " + text
	}
	switch {
	case a.log != nil:
		a.log.Print(singer.Warn, stream, "%s", text)
	case a.humanOutput:
		fmt.Fprintln(a.stderr, "source-gorgias: warning:", a.redactor.Redact(text))
	default:
		_ = a.writer.Log("WARN", "%s", text) // an output that is closed fails the next message
	}
}

// inform logs what is no warning.
func (a *app) inform(format string, args ...any) {
	switch {
	case a.log != nil:
		a.log.Print(singer.Info, "", format, args...)
	case a.humanOutput:
		fmt.Fprintln(a.stderr, "source-gorgias:", a.redactor.Redact(fmt.Sprintf(format, args...)))
	default:
		_ = a.control.Log("INFO", format, args...) // an output that is closed fails the next message
	}
}
