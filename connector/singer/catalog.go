package singer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/conform"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// Tombstone is the column by which the protocol's targets know a deleted
// record.
const Tombstone = "_sdc_deleted_at"

// schema returns the JSON Schema of the stream's records as they are shown, on
// one line and in the keywords that mean the same to every target.
func schema(s *stream.Stream, privacy *config.Privacy) (json.RawMessage, error) {
	conform, err := privacy.Rules(s).Compile(s.Schema(Tombstone), nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return singers(conform.JSON()), nil
}

// singers is a schema of ours on one line, in the protocol's keywords.
func singers(schema []byte) json.RawMessage {
	text := flat(schema)
	// In a string the quotes would be escaped: these can only be keywords.
	for _, airbytes := range []string{`"$schema":"http://json-schema.org/draft-07/schema#",`, `,"airbyte_type":"timestamp_with_timezone"`} {
		text = bytes.ReplaceAll(text, []byte(airbytes), nil)
	}
	return text
}

// paths lists the properties a schema declares, in its order; not those within
// lists, which are selected as one.
func paths(schema []byte) (all [][]string, err error) {
	_, err = conform.Compile(schema, func(path []string) bool {
		all = append(all, path)
		return true
	})
	return all, err
}

// automatics are the columns a stream cannot do without: its key, what it is
// bookmarked by, and what marks the record of a deletion.
func automatics(s *stream.Stream) []string {
	columns := slices.Clone(s.Key)
	if s.Incremental() && !slices.Contains(columns, s.Cursor) {
		columns = append(columns, s.Cursor)
	}
	if s.Deletable {
		columns = append(columns, Tombstone)
	}
	return columns
}

func method(s *stream.Stream) string {
	if s.Incremental() {
		return incremental
	}
	return fullTable
}

// WriteCatalog writes what there is to select: every stream, with an entry for
// every property. It is laid out over many lines, since a client reads it by
// lines of limited length.
func WriteCatalog(out io.Writer, streams []*stream.Stream, privacy *config.Privacy) error {
	c := catalog{Streams: []entry{}}
	for _, s := range streams {
		shown, err := schema(s, privacy)
		if err != nil {
			return err
		}
		e := entry{
			ID: s.Name, Stream: s.Name, Key: s.Key, Cursor: s.Cursor, Method: method(s), Schema: shown,
			Metadata: []place{{[]string{}, metadata{
				Inclusion: available, Selected: true, Default: true,
				Key: s.Key, Cursor: s.Cursor, Method: method(s),
			}}},
		}
		if s.Incremental() {
			e.Metadata[0].Metadata.Cursors = []string{s.Cursor}
		}
		all, err := paths(e.Schema)
		if err != nil {
			return err
		}
		for _, path := range all {
			inclusion := available
			if len(path) == 1 && slices.Contains(automatics(s), path[0]) {
				inclusion = automatic
			}
			e.Metadata = append(e.Metadata, place{breadcrumb(path), metadata{Inclusion: inclusion}})
		}
		c.Streams = append(c.Streams, e)
	}
	return encode(out, c, "  ")
}

func breadcrumb(path []string) []string {
	crumbs := make([]string, 0, 2*len(path))
	for _, name := range path {
		crumbs = append(crumbs, "properties", name)
	}
	return crumbs
}

// A Selection is what is to be read: which streams, which of their properties.
type Selection struct {
	// Warnings tell what of the catalog could not be heeded, by the stream
	// they are about.
	Warnings []Warning

	choices []*choice // in the order of the table
}

// A Warning is a text for people.
type Warning struct{ Stream, Text string }

// A choice is a stream that was selected.
type choice struct {
	*stream.Stream
	shape *conform.Schema
	key   []string
	whole bool // its bookmark is neither heeded nor kept
}

// Streams returns what is selected.
func (s *Selection) Streams() []*stream.Stream {
	var all []*stream.Stream
	for _, c := range s.choices {
		all = append(all, c.Stream)
	}
	return all
}

// Everything selects all of some streams, with all their properties that may be
// shown.
func Everything(streams []*stream.Stream, privacy *config.Privacy) (*Selection, error) {
	sel := &Selection{}
	for _, s := range streams {
		conform, err := privacy.Rules(s).Compile(singers(s.Schema(Tombstone)), nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		sel.choices = append(sel.choices, &choice{s, conform, s.Key, !s.Incremental()})
	}
	return sel, nil
}

func inputError(format string, args ...any) error {
	return &connector.InputError{Text: fmt.Sprintf(format, args...)}
}

// answer is a yes or a no, or neither.
type answer struct{ said, yes bool }

func (a *answer) UnmarshalJSON(raw []byte) error {
	switch strings.ToLower(strings.Trim(string(raw), `"`)) {
	case "true":
		*a = answer{true, true}
	case "false":
		*a = answer{true, false}
	}
	return nil
}

// first is the first answer that was given, or the fallback.
func first(fallback bool, answers ...answer) bool {
	for _, a := range answers {
		if a.said {
			return a.yes
		}
	}
	return fallback
}

// wanted is a stream of a catalog as a client sends it.
type wanted struct {
	ID       string          `json:"tap_stream_id"`
	Stream   string          `json:"stream"`
	Key      []string        `json:"key_properties"`
	Cursor   string          `json:"replication_key"`
	Method   string          `json:"replication_method"`
	Selected answer          `json:"selected"`
	Schema   json.RawMessage `json:"schema"`
	Metadata []struct {
		Breadcrumb []string `json:"breadcrumb"`
		Metadata   said     `json:"metadata"`
	} `json:"metadata"`
}

// said is what a client's catalog says of a place.
type said struct {
	Inclusion string `json:"inclusion"`
	Selected  answer `json:"selected"`
	Default   answer `json:"selected-by-default"`
	Method    string `json:"replication-method"`
	Cursor    string `json:"replication-key"`
}

// ParseCatalog reads the catalog a client sends. The schemas in it are heeded,
// with all that people have changed in them. Whatever is not known is left
// out with a warning. Of what may not be shown, a catalog changes nothing.
func ParseCatalog(raw []byte, privacy *config.Privacy) (*Selection, error) {
	const remedy = "; expected a catalog as --discover writes it"
	var c struct {
		Streams *[]wanted `json:"streams"`
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if err := json.Unmarshal(raw, &c); err != nil {
		var airbytes struct {
			Streams []struct {
				Stream struct{ Name string }
			}
		}
		if json.Unmarshal(raw, &airbytes) == nil {
			return nil, inputError("the catalog is one of the Airbyte protocol%s", remedy)
		}
		return nil, inputError("the catalog cannot be read: %s%s", config.DescribeJSONError(raw, err), remedy)
	}
	if c.Streams == nil {
		return nil, inputError("the catalog has no list of streams%s", remedy)
	}
	sel := &Selection{}
	chosen := map[string]*wanted{}
	for i := range *c.Streams {
		w := &(*c.Streams)[i]
		if w.ID == "" {
			w.ID = w.Stream
		}
		switch {
		case w.ID == "":
			return nil, inputError("the catalog's stream %d has no tap_stream_id%s", i+1, remedy)
		case !w.chosen():
		case streams.Find(w.ID) == nil:
			text := "this tap has no such stream; it was skipped" + config.DidYouMean(w.ID, streams.Names())
			if s := streams.Lookup(w.ID); s != nil {
				text = fmt.Sprintf("the stream is called %s here; it was skipped", s.Name)
			}
			sel.Warnings = append(sel.Warnings, Warning{w.ID, text})
		case chosen[w.ID] != nil:
			return nil, inputError("the catalog names the stream %q twice; leave one of them", w.ID)
		default:
			chosen[w.ID] = w
		}
	}
	for _, s := range streams.All() { // our order: the first is quick to answer
		if w := chosen[s.Name]; w != nil {
			choice, err := w.choice(s, privacy, func(format string, args ...any) {
				sel.Warnings = append(sel.Warnings, Warning{s.Name, fmt.Sprintf(format, args...)})
			})
			if err != nil {
				return nil, inputError("the catalog's stream %q cannot be read: %v", s.Name, err)
			}
			sel.choices = append(sel.choices, choice)
		}
	}
	return sel, nil
}

// at returns what was said of a place; of what stands twice, the last counts.
func (w *wanted) at(path []string) (s said) {
	for _, m := range w.Metadata {
		if slices.Equal(m.Breadcrumb, breadcrumb(path)) {
			s = m.Metadata
		}
	}
	return s
}

// chosen reports whether the stream is selected. What is said of its
// properties has no part in it.
func (w *wanted) chosen() bool {
	root := w.at(nil)
	return first(true, root.Selected, w.Selected, root.Default)
}

// choice compiles what is wanted of the stream s.
func (w *wanted) choice(s *stream.Stream, privacy *config.Privacy, warn func(string, ...any)) (*choice, error) {
	ours := singers(s.Schema(Tombstone))
	c := &choice{Stream: s, key: s.Key, whole: w.whole(s, warn)}
	if len(w.Key) > 0 {
		c.key = w.Key
	}
	w.Schema = flat(w.Schema)
	columns, declared := conform.Field(w.Schema, "properties")
	if !declared || string(columns) == "{}" {
		w.Schema = ours // none was sent
	}
	var err error
	for _, name := range automatics(s) {
		if w.Schema, err = declare(w.Schema, ours, name); err != nil {
			return nil, err
		}
	}
	all, err := paths(w.Schema)
	if err != nil {
		return nil, err
	}
	for _, name := range c.key {
		if !has(all, []string{name}) {
			return nil, fmt.Errorf("the key %q is not in its schema; name another in key_properties, or add it to the schema", name)
		}
	}
	known, err := paths(ours)
	if err != nil {
		return nil, err
	}
	w.strangers(all, known, warn)

	needed := append(automatics(s), c.key...)
	var kept [][]string
	v := privacy.Rules(s)
	if slices.Contains(v.SecretColumns, conform.Unrecognized) {
		for _, path := range all {
			if len(path) == 1 && !has(known, path) { // else it would be among the undeclared
				v.SecretColumns = append(slices.Clone(v.SecretColumns), path[0])
			}
		}
	}
	c.shape, err = v.Compile(w.Schema, func(path []string) bool {
		m := w.at(path)
		keep := len(path) == 1 && slices.Contains(needed, path[0]) || m.Inclusion == automatic ||
			m.Inclusion != unsupported && first(true, m.Selected, m.Default)
		if keep {
			kept = append(kept, path)
		}
		return keep
	})
	if err != nil {
		return nil, err
	}
	shown, _ := conform.Field(c.shape.JSON(), "properties")
	for _, name := range c.key {
		if _, ok := conform.Field(shown, name); !ok {
			return nil, fmt.Errorf("the key %q is left out by exclude_fields", name)
		}
	}
	for _, path := range kept {
		below := func(p []string) bool { return len(p) == len(path)+1 && slices.Equal(p[:len(path)], path) }
		if slices.ContainsFunc(all, below) && !slices.ContainsFunc(kept, below) {
			name := s.Name + "." + strings.Join(path, ".")
			warn("%s is selected and nothing below it, so that it stays empty; select %s.* to fill it", name, name)
		}
	}
	return c, nil
}

// whole reports whether the stream is to be read whole, as it can or as the
// catalog asks.
func (w *wanted) whole(s *stream.Stream, warn func(string, ...any)) bool {
	root := w.at(nil)
	if cursor := cmp.Or(root.Cursor, w.Cursor); cursor != "" && cursor != s.Cursor {
		warn("the replication key %q was not used: it cannot be chosen", cursor)
	}
	asked := strings.ToUpper(cmp.Or(root.Method, w.Method))
	switch asked {
	case "", incremental, fullTable:
	default:
		warn("the replication method %q is not known; it is read %s", asked, method(s))
		asked = ""
	}
	if asked == incremental && !s.Incremental() {
		warn("the stream can only be read whole")
	}
	return !s.Incremental() || asked == fullTable
}

// strangers warns of properties that this tap does not know. Declared ones are
// written all the same, if the API should send them.
func (w *wanted) strangers(declared, known [][]string, warn func(string, ...any)) {
	var added, missing []string
	for _, path := range declared {
		if !has(known, path) {
			added = append(added, strings.Join(path, "."))
		}
	}
	for _, m := range w.Metadata {
		path := []string{}
		for i := 1; i < len(m.Breadcrumb); i += 2 {
			path = append(path, m.Breadcrumb[i])
		}
		if len(path) > 0 && !has(declared, path) && first(true, m.Metadata.Selected, m.Metadata.Default) {
			missing = append(missing, strings.Join(path, "."))
		}
	}
	if len(added) > 0 {
		warn("the catalog declares %q, of which this tap knows nothing: null, unless the API sends it", added)
	}
	if len(missing) > 0 {
		warn("the catalog selects %q, which is not in its schema; it was skipped", missing)
	}
}

func has(paths [][]string, path []string) bool {
	return slices.ContainsFunc(paths, func(p []string) bool { return slices.Equal(p, path) })
}

// declare puts a property into a schema, as ours declares it, unless it is
// there.
func declare(schema, ours []byte, name string) ([]byte, error) {
	columns, _ := conform.Field(schema, "properties")
	if _, there := conform.Field(columns, name); there || len(columns) == 0 {
		return schema, nil
	}
	at := bytes.Index(schema, columns)
	if at < 0 {
		return nil, errors.New("its schema cannot be read")
	}
	mine, _ := conform.Field(ours, "properties")
	value, _ := conform.Field(mine, name)
	column := fmt.Appendf(nil, "%q:%s,", name, value)
	return slices.Concat(schema[:at+1], column, schema[at+1:]), nil
}
