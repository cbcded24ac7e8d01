package main

import (
	"reflect"
	"regexp"
	"strings"

	"source-gorgias/connector/stream"
)

// A section is a stream with the columns of its records: the input of every
// document.
type section struct {
	*stream.Stream
	// About is the comment of the record's type, with the name of the type in
	// words: "A ticket message is …".
	About   string
	Columns []column
}

// A column is a field of a record, at any depth: customer.email, tags[].name.
type column struct {
	Path string
	*node
}

// sections returns a section for each row of the stream table, without the
// column that every stream has: docs/streams.md describes it once.
func sections(table []*stream.Stream) ([]*section, error) {
	var all []*section
	for _, s := range table {
		root, err := describe(s.Record)
		if err != nil {
			return nil, err
		}
		all = append(all, &section{s, inWords(root.Description, s.Record), columns("", root.Properties)})
	}
	return all, nil
}

var wordBoundary = regexp.MustCompile(`([a-z])([A-Z])`)

// inWords replaces the name of a record's type by words: a ticket message.
func inWords(comment string, record any) string {
	name := reflect.TypeOf(record).Name()
	words := strings.ToLower(wordBoundary.ReplaceAllString(name, "$1 $2"))
	for _, article := range []string{"A ", "An "} {
		if after, ok := strings.CutPrefix(comment, article+name+" "); ok {
			return article + words + " " + after
		}
	}
	return comment
}

// unrecognized is the column of the fields that no schema declares.
const unrecognized = "unrecognized_fields"

func columns(prefix string, fields properties) (all []column) {
	for _, f := range fields {
		path := prefix + f.name
		if path == unrecognized {
			continue
		}
		all = append(all, column{path, f.node})
		all = append(all, columns(path+".", f.Properties)...)
		if f.Items != nil {
			all = append(all, columns(path+"[].", f.Items.Properties)...)
		}
	}
	return all
}

// column returns the column of that path; false if there is none.
func (s *section) column(path string) (column, bool) {
	for _, c := range s.Columns {
		if c.Path == path {
			return c, true
		}
	}
	return column{}, false
}

// jsonType is the first of a node's types; the second is null.
func (n *node) jsonType() string {
	if types, ok := n.Type.([]string); ok {
		return types[0]
	}
	return "object"
}

// nullable reports whether the value can be null.
func (n *node) nullable() bool {
	types, ok := n.Type.([]string)
	return ok && len(types) > 1
}

// typeName is the name of the node's type in docs/streams.md.
func (n *node) typeName() string {
	switch n.jsonType() {
	case "array":
		if n.Items == nil {
			return "list of anything"
		}
		return "list of " + strings.Replace(n.Items.typeName(), "object", "objects", 1)
	case "object":
		if len(n.Properties) == 0 {
			return "free-form object"
		}
	case "string":
		if n.Format != "" {
			return "timestamp"
		}
	}
	return n.jsonType()
}
