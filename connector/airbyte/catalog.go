package airbyte

import (
	"encoding/json"
	"slices"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/conform"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// compile returns the schema of a stream's records as they are emitted. columns
// are those that the catalog configures; nil are all. Destinations need the key,
// the cursor and the tombstone column in any case.
func compile(s *stream.Stream, privacy *config.Privacy, columns []string) (*conform.Schema, error) {
	if columns == nil {
		return privacy.Rules(s).Compile(s.Schema(TombstoneColumn), nil)
	}
	kept := slices.Concat(columns, s.Key, []string{s.Cursor, TombstoneColumn})
	return privacy.Rules(s).Compile(s.Schema(TombstoneColumn), func(path []string) bool {
		return len(path) > 1 || slices.Contains(kept, path[0])
	})
}

func discover(streams []*stream.Stream, privacy *config.Privacy) (*catalog, error) {
	c := &catalog{Streams: []discoveredStream{}}
	for _, s := range streams {
		schema, err := compile(s, privacy, nil)
		if err != nil {
			return nil, err
		}
		d := discoveredStream{Name: s.Name, Schema: schema.JSON(), Modes: []string{"full_refresh"}}
		for _, k := range s.Key {
			d.Key = append(d.Key, []string{k})
		}
		if s.Incremental() {
			d.Modes = append(d.Modes, "incremental")
			d.OwnCursor, d.Cursor, d.Resumable = true, []string{s.Cursor}, true
		}
		c.Streams = append(c.Streams, d)
	}
	return c, nil
}

// ConfiguredCatalog returns a configured catalog with all the streams, for
// users to edit. It contains no schemas, because ParseCatalog needs none.
func ConfiguredCatalog(streams []*stream.Stream) ([]byte, error) {
	type configured struct {
		Stream discoveredStream `json:"stream"`
		Mode   string           `json:"sync_mode"`
		Target string           `json:"destination_sync_mode"`
	}
	c := struct {
		Streams []configured `json:"streams"`
	}{}
	all, err := discover(streams, nil)
	if err != nil {
		return nil, err
	}
	for _, s := range all.Streams {
		s.Schema = json.RawMessage("{}")
		e := configured{s, "incremental", "append_dedup"}
		if !s.Resumable {
			e.Mode, e.Target = "full_refresh", "overwrite"
		}
		c.Streams = append(c.Streams, e)
	}
	doc, err := json.MarshalIndent(c, "", "  ")
	return append(doc, '\n'), err
}

// A Selection is what a configured catalog selects.
type Selection struct {
	Streams []*stream.Stream
	Unknown []string // names of selected streams that this source does not have
	// Columns are the selected columns by stream name; without an entry, all are.
	Columns map[string][]string
}

// A configuredStream is an entry of a configured catalog. Name is set in
// catalogs of another kind.
type configuredStream struct {
	Stream *struct {
		Name   string          `json:"name"`
		Schema json.RawMessage `json:"json_schema"`
	} `json:"stream"`
	Mode string `json:"sync_mode"`
	Name string `json:"name"`
}

const (
	configuredRemedy = "; expected the configured catalog that the platform writes: {\"streams\": [{\"stream\": {\"name\": …}, \"sync_mode\": \"full_refresh\" or \"incremental\"}]}"
	discoveredRemedy = "the catalog is the output of discover, which lists the available streams, not the selected ones; use a configured catalog such as catalog.json, or no catalog to read all streams"
)

// ParseCatalog parses a configured catalog. Of each stream only the name and the
// names of the columns are used, because clients alter the rest. The sync mode
// makes no difference: a state is always used, so that a full refresh can be
// resumed, and a stream without a cursor is always read in full.
func ParseCatalog(raw []byte) (*Selection, error) {
	var c struct {
		Type    string              `json:"type"`
		Streams *[]configuredStream `json:"streams"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, connector.NewInputError("the catalog cannot be read: %s%s", config.DescribeJSONError(raw, err), configuredRemedy)
	}
	if c.Type == "CATALOG" {
		return nil, connector.NewInputError(discoveredRemedy)
	}
	if c.Streams == nil {
		return nil, connector.NewInputError("the catalog has no list of streams%s", configuredRemedy)
	}
	sel := &Selection{Columns: map[string][]string{}}
	selected := map[string]bool{}
	for i, e := range *c.Streams {
		if err := e.validate(i); err != nil {
			return nil, err
		}
		if selected[e.Stream.Name] {
			return nil, connector.NewInputError("the catalog names the stream %q twice; remove one of the two entries", e.Stream.Name)
		}
		selected[e.Stream.Name] = true
		if s := streams.Find(e.Stream.Name); s == nil {
			sel.Unknown = append(sel.Unknown, e.Stream.Name)
		} else if columns := e.columns(s); columns != nil {
			sel.Columns[s.Name] = columns
		}
	}
	for _, s := range streams.All() { // in this order the first records come quickly
		if selected[s.Name] {
			sel.Streams = append(sel.Streams, s)
		}
	}
	return sel, nil
}

// columns returns the columns of s that the entry's schema declares; nil if it
// declares none: some clients write a schema of their own, or none.
func (e configuredStream) columns(s *stream.Stream) (columns []string) {
	var own, configured struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	_ = json.Unmarshal(e.Stream.Schema, &configured) // another form declares no columns
	_ = json.Unmarshal(s.Schema(TombstoneColumn), &own)
	for name := range configured.Properties {
		if own.Properties[name] != nil {
			columns = append(columns, name)
		}
	}
	return columns
}

func (e configuredStream) validate(i int) error {
	switch {
	case e.Stream == nil && e.Name != "":
		return connector.NewInputError(discoveredRemedy)
	case e.Stream == nil || e.Stream.Name == "":
		return connector.NewInputError("the catalog's stream %d has no name%s", i+1, configuredRemedy)
	case e.Mode != "full_refresh" && e.Mode != "incremental":
		return connector.NewInputError("the catalog's stream %q has the sync_mode %q%s", e.Stream.Name, e.Mode, configuredRemedy)
	}
	return nil
}
