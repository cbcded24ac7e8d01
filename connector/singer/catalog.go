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

// TombstoneColumn is the column by which targets recognize a tombstone.
const TombstoneColumn = "_sdc_deleted_at"

// compile returns the schema of a stream's records as they are emitted. columns
// are the selected ones, besides those that are automatic; nil are all.
func compile(s *stream.Stream, privacy *config.Privacy, columns []string) (*conform.Schema, error) {
	var keep func(path []string) bool
	if columns != nil {
		kept := slices.Concat(columns, automaticColumns(s))
		keep = func(path []string) bool { return len(path) > 1 || slices.Contains(kept, path[0]) }
	}
	schema, err := privacy.Rules(s).Compile(toSingerSchema(s.Schema(TombstoneColumn)), keep)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return schema, nil
}

// toSingerSchema removes keywords that not every target accepts, and writes the
// schema on one line.
func toSingerSchema(schema []byte) json.RawMessage {
	text := compact(schema)
	// In a string the quotes would be escaped, so these are keywords.
	for _, keyword := range []string{`"$schema":"http://json-schema.org/draft-07/schema#",`, `,"airbyte_type":"timestamp_with_timezone"`} {
		text = bytes.ReplaceAll(text, []byte(keyword), nil)
	}
	return text
}

// properties returns the paths of the properties that a schema declares, in its
// order. Those within arrays are not among them: an array is selected as a
// whole.
func properties(schema []byte) (all [][]string, err error) {
	_, err = conform.Compile(schema, func(path []string) bool {
		all = append(all, path)
		return true
	})
	return all, err
}

// automaticColumns are the columns that cannot be deselected: the key, the
// cursor and the column of tombstones.
func automaticColumns(s *stream.Stream) []string {
	columns := slices.Clone(s.Key)
	if s.Incremental() && !slices.Contains(columns, s.Cursor) {
		columns = append(columns, s.Cursor)
	}
	if s.Deletable {
		columns = append(columns, TombstoneColumn)
	}
	return columns
}

func replicationMethod(s *stream.Stream) string {
	if s.Incremental() {
		return incremental
	}
	return fullTable
}

// WriteCatalog writes the available streams, with a metadata entry for every
// property. The JSON is indented, because a client reads it with a limit on the
// length of lines.
func WriteCatalog(out io.Writer, streams []*stream.Stream, privacy *config.Privacy) error {
	c := catalog{Streams: []discoveredStream{}}
	for _, s := range streams {
		schema, err := compile(s, privacy, nil)
		if err != nil {
			return err
		}
		d := discoveredStream{
			ID: s.Name, Stream: s.Name, Key: s.Key, Cursor: s.Cursor, Method: replicationMethod(s), Schema: schema.JSON(),
			Metadata: []metadataEntry{{[]string{}, metadata{
				Inclusion: available, Selected: true, Default: true,
				Key: s.Key, Cursor: s.Cursor, Method: replicationMethod(s),
			}}},
		}
		if s.Incremental() {
			d.Metadata[0].Metadata.Cursors = []string{s.Cursor}
		}
		paths, err := properties(d.Schema)
		if err != nil {
			return err
		}
		for _, path := range paths {
			inclusion := available
			if len(path) == 1 && slices.Contains(automaticColumns(s), path[0]) {
				inclusion = automatic
			}
			d.Metadata = append(d.Metadata, metadataEntry{breadcrumb(path), metadata{Inclusion: inclusion}})
		}
		c.Streams = append(c.Streams, d)
	}
	return encode(out, c)
}

func breadcrumb(path []string) []string {
	crumbs := make([]string, 0, 2*len(path))
	for _, name := range path {
		crumbs = append(crumbs, "properties", name)
	}
	return crumbs
}

// A Selection is the streams and properties that a catalog selects.
type Selection struct {
	// Warnings name the parts of the catalog that were ignored.
	Warnings []Warning

	streams []*selectedStream // in the order of the stream table
}

// A Warning is a warning for the user.
type Warning struct{ Stream, Text string }

type selectedStream struct {
	*stream.Stream
	schema *conform.Schema
	key    []string
	// fullTable is set if every sync reads the stream in full. Its bookmark is
	// then neither used nor stored.
	fullTable bool
}

// Streams returns the selected streams.
func (s *Selection) Streams() []*stream.Stream {
	var all []*stream.Stream
	for _, selected := range s.streams {
		all = append(all, selected.Stream)
	}
	return all
}

// Columns returns the names of the selected columns, by stream name.
func (s *Selection) Columns() map[string][]string {
	columns := map[string][]string{}
	for _, selected := range s.streams {
		declared, _ := conform.Field(selected.schema.JSON(), "properties")
		for name := range conform.Members(declared) {
			columns[selected.Name] = append(columns[selected.Name], name)
		}
	}
	return columns
}

// Select selects streams. columns are the columns of each, by stream name; without
// an entry, all are selected.
func Select(streams []*stream.Stream, columns map[string][]string, privacy *config.Privacy) (*Selection, error) {
	sel := &Selection{}
	for _, s := range streams {
		schema, err := compile(s, privacy, columns[s.Name])
		if err != nil {
			return nil, err
		}
		sel.streams = append(sel.streams, &selectedStream{s, schema, s.Key, !s.Incremental()})
	}
	return sel, nil
}

// SkipUnknown adds the warning that a selected stream does not exist.
func (s *Selection) SkipUnknown(name string) { s.Warnings = append(s.Warnings, unknownStream(name)) }

// An optionalBool is true, false or not set. Clients write it as a boolean or a
// string.
type optionalBool struct{ set, value bool }

func (b *optionalBool) UnmarshalJSON(raw []byte) error {
	switch strings.ToLower(strings.Trim(string(raw), `"`)) {
	case "true":
		*b = optionalBool{true, true}
	case "false":
		*b = optionalBool{true, false}
	}
	return nil
}

// firstSet returns the first value that is set, or true.
func firstSet(values ...optionalBool) bool {
	for _, v := range values {
		if v.set {
			return v.value
		}
	}
	return true
}

// A catalogEntry is a stream of a client's catalog.
type catalogEntry struct {
	ID       string          `json:"tap_stream_id"`
	Stream   string          `json:"stream"`
	Key      []string        `json:"key_properties"`
	Cursor   string          `json:"replication_key"`
	Method   string          `json:"replication_method"`
	Selected optionalBool    `json:"selected"`
	Schema   json.RawMessage `json:"schema"`
	Metadata []struct {
		Breadcrumb []string      `json:"breadcrumb"`
		Metadata   entryMetadata `json:"metadata"`
	} `json:"metadata"`
}

// entryMetadata is the metadata of a stream or property in a client's catalog.
type entryMetadata struct {
	Inclusion string       `json:"inclusion"`
	Selected  optionalBool `json:"selected"`
	Default   optionalBool `json:"selected-by-default"`
	Method    string       `json:"replication-method"`
	Cursor    string       `json:"replication-key"`
}

// ParseCatalog parses a client's catalog. Its schemas are used, with the
// changes that users have made in them. Unknown streams are skipped with a
// warning. A catalog cannot change the rules of privacy.
func ParseCatalog(raw []byte, privacy *config.Privacy) (*Selection, error) {
	const remedy = "; expected a catalog as --discover writes it"
	var c struct {
		Streams *[]*catalogEntry `json:"streams"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, connector.NewInputError("the catalog cannot be read: %s%s", config.DescribeJSONError(raw, err), remedy)
	}
	if c.Streams == nil {
		return nil, connector.NewInputError("the catalog has no list of streams%s", remedy)
	}
	sel := &Selection{}
	selected := map[string]*catalogEntry{}
	for i, e := range *c.Streams {
		if e == nil || cmp.Or(e.ID, e.Stream) == "" {
			return nil, connector.NewInputError("the catalog's stream %d has no tap_stream_id%s", i+1, remedy)
		}
		switch name := cmp.Or(e.ID, e.Stream); {
		case !e.selected():
		case streams.Find(name) == nil:
			sel.Warnings = append(sel.Warnings, unknownStream(name))
		case selected[name] != nil:
			return nil, connector.NewInputError("the catalog names the stream %q twice; remove one of the two entries", name)
		default:
			selected[name] = e
		}
	}
	for _, s := range streams.All() { // in this order the first records come quickly
		e := selected[s.Name]
		if e == nil {
			continue
		}
		stream, err := e.compile(s, privacy, func(format string, args ...any) {
			sel.Warnings = append(sel.Warnings, Warning{s.Name, fmt.Sprintf(format, args...)})
		})
		if err != nil {
			return nil, connector.NewInputError("the catalog's stream %q cannot be read: %v", s.Name, err)
		}
		sel.streams = append(sel.streams, stream)
	}
	if len(sel.streams) == 0 { //rule:nothing-selected-is-reported
		sel.Warnings = append(sel.Warnings, Warning{"", `the catalog selects no stream, so nothing is read: set "selected": true in the metadata of a stream, or give no catalog to read all`})
	}
	return sel, nil
}

// unknownStream is the warning about a selected stream that does not exist.
func unknownStream(name string) Warning {
	if s := streams.Lookup(name); s != nil { // the name in another connector
		return Warning{name, fmt.Sprintf("the stream is called %s here; it was skipped", s.Name)}
	}
	return Warning{name, "this tap has no such stream; it was skipped" + config.DidYouMean(name, streams.Names())}
}

// at returns the metadata of a path, the last if there are several.
func (e *catalogEntry) at(path []string) (found entryMetadata) {
	for _, m := range e.Metadata {
		if slices.Equal(m.Breadcrumb, breadcrumb(path)) {
			found = m.Metadata
		}
	}
	return found
}

// selected reports whether the stream is selected, whatever its properties are.
func (e *catalogEntry) selected() bool {
	root := e.at(nil)
	return firstSet(root.Selected, e.Selected, root.Default)
}

// compile returns the stream s with the schema and the selection of the entry.
func (e *catalogEntry) compile(s *stream.Stream, privacy *config.Privacy, warn func(string, ...any)) (*selectedStream, error) {
	selected := &selectedStream{Stream: s, key: s.Key, fullTable: e.fullTable(s, warn)}
	if len(e.Key) > 0 {
		selected.key = e.Key
	}
	own := toSingerSchema(s.Schema(TombstoneColumn))
	known, err := properties(own)
	if err != nil {
		return nil, err
	}
	schema, err := e.completeSchema(own, automaticColumns(s))
	if err != nil {
		return nil, err
	}
	declared, err := properties(schema)
	if err != nil {
		return nil, err
	}
	for _, name := range selected.key {
		if !has(declared, []string{name}) {
			return nil, fmt.Errorf("the key %q is not in its schema; name another in key_properties, or add it to the schema", name)
		}
	}
	e.warnUnknownProperties(declared, known, warn)

	var kept [][]string
	required := append(automaticColumns(s), selected.key...)
	selected.schema, err = rules(s, privacy, declared, known).Compile(schema, func(path []string) bool {
		keep := len(path) == 1 && slices.Contains(required, path[0]) || e.keeps(path)
		if keep {
			kept = append(kept, path)
		}
		return keep
	})
	if err != nil {
		return nil, err
	}
	columns, _ := conform.Field(selected.schema.JSON(), "properties")
	for _, name := range selected.key {
		if _, ok := conform.Field(columns, name); !ok {
			return nil, fmt.Errorf("the key %q is excluded by exclude_fields", name)
		}
	}
	warnEmptyObjects(s.Name, declared, kept, warn)
	return selected, nil
}

// completeSchema returns the entry's schema with the columns that cannot be
// deselected, or the tap's own schema if the entry has none.
func (e *catalogEntry) completeSchema(own []byte, automatic []string) (schema []byte, err error) {
	schema = compact(e.Schema)
	if columns, ok := conform.Field(schema, "properties"); !ok || string(columns) == "{}" {
		return own, nil
	}
	for _, name := range automatic {
		if schema, err = ensureProperty(schema, own, name); err != nil {
			return nil, err
		}
	}
	return schema, nil
}

// ensureProperty adds a property to a schema, as the tap's own declares it, if
// it is missing.
func ensureProperty(schema, own []byte, name string) ([]byte, error) {
	columns, _ := conform.Field(schema, "properties")
	if _, ok := conform.Field(columns, name); ok || len(columns) == 0 {
		return schema, nil
	}
	at := bytes.Index(schema, columns)
	if at < 0 {
		return nil, errors.New("its schema cannot be read")
	}
	ownColumns, _ := conform.Field(own, "properties")
	value, _ := conform.Field(ownColumns, name)
	column := fmt.Appendf(nil, "%q:%s,", name, value)
	return slices.Concat(schema[:at+1], column, schema[at+1:]), nil
}

// rules returns the rules of privacy for a stream. Columns that only the
// catalog declares would otherwise be in the column of unrecognized fields, so
// they are masked as that one is.
func rules(s *stream.Stream, privacy *config.Privacy, declared, known [][]string) *conform.FieldRules {
	r := privacy.Rules(s)
	if slices.Contains(r.SecretColumns, conform.Unrecognized) {
		r.SecretColumns = slices.Clone(r.SecretColumns)
		for _, path := range declared {
			if len(path) == 1 && !has(known, path) {
				r.SecretColumns = append(r.SecretColumns, path[0])
			}
		}
	}
	return r
}

// keeps reports whether a property is selected.
func (e *catalogEntry) keeps(path []string) bool {
	m := e.at(path)
	return m.Inclusion == automatic || m.Inclusion != unsupported && firstSet(m.Selected, m.Default)
}

// fullTable reports whether every sync reads the stream in full, because it has
// no cursor or the catalog selects FULL_TABLE.
func (e *catalogEntry) fullTable(s *stream.Stream, warn func(string, ...any)) bool {
	root := e.at(nil)
	if cursor := cmp.Or(root.Cursor, e.Cursor); cursor != "" && cursor != s.Cursor {
		warn("the replication key %q was ignored: it cannot be chosen", cursor)
	}
	method := strings.ToUpper(cmp.Or(root.Method, e.Method))
	switch method {
	case "", incremental, fullTable:
	default:
		warn("the replication method %q is unknown; the stream is read %s", method, replicationMethod(s))
		method = ""
	}
	if method == incremental && !s.Incremental() {
		warn("the stream has no replication key, so every sync reads it in full")
	}
	return !s.Incremental() || method == fullTable
}

// warnUnknownProperties warns of properties that this tap does not know.
// Declared ones are written all the same, if the API should send them.
func (e *catalogEntry) warnUnknownProperties(declared, known [][]string, warn func(string, ...any)) {
	var added, missing []string
	for _, path := range declared {
		if !has(known, path) {
			added = append(added, strings.Join(path, "."))
		}
	}
	for _, m := range e.Metadata {
		path := []string{}
		for i := 1; i < len(m.Breadcrumb); i += 2 {
			path = append(path, m.Breadcrumb[i])
		}
		if len(path) > 0 && !has(declared, path) && firstSet(m.Metadata.Selected, m.Metadata.Default) {
			missing = append(missing, strings.Join(path, "."))
		}
	}
	if len(added) > 0 {
		warn("the catalog declares %q, which this tap does not know: null, unless the API sends it", added)
	}
	if len(missing) > 0 {
		warn("the catalog selects %q, which is not in its schema; it was skipped", missing)
	}
}

// warnEmptyObjects warns of selected objects without a selected property.
func warnEmptyObjects(stream string, declared, kept [][]string, warn func(string, ...any)) {
	for _, path := range kept {
		child := func(p []string) bool { return len(p) == len(path)+1 && slices.Equal(p[:len(path)], path) }
		if slices.ContainsFunc(declared, child) && !slices.ContainsFunc(kept, child) {
			name := stream + "." + strings.Join(path, ".")
			warn("%s is selected without any of its properties, so it stays empty; select %s.* to fill it", name, name)
		}
	}
}

func has(paths [][]string, path []string) bool {
	return slices.ContainsFunc(paths, func(p []string) bool { return slices.Equal(p, path) })
}
