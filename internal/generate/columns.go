package main

import (
	"reflect"
	"regexp"
	"strings"

	"source-gorgias/connector/stream"
)

// A section is a stream with the columns of its records: what there is to tell.
type section struct {
	*stream.Stream
	// About is the comment of the record's type, which it calls by a name that
	// is no Go type's.
	About   string
	Columns []column
}

// A column is a field of a record, or of what lies in it: customer.email,
// tags[].name.
type column struct {
	Path string
	*node
}

// sections returns what there is to tell of each row of the table. The column
// that ends every record is left out: it is told of once.
func sections(table []*stream.Stream) ([]*section, error) {
	var all []*section
	for _, s := range table {
		root, err := describe(s.Record)
		if err != nil {
			return nil, err
		}
		all = append(all, &section{s, plainly(root.Description, s.Record), columns("", root.Properties)})
	}
	return all, nil
}

var inner = regexp.MustCompile(`([a-z])([A-Z])`)

// plainly writes the name of a record's type as words: a ticket message.
func plainly(comment string, record any) string {
	name := reflect.TypeOf(record).Name()
	words := strings.ToLower(inner.ReplaceAllString(name, "$1 $2"))
	for _, article := range []string{"A ", "An "} {
		if after, ok := strings.CutPrefix(comment, article+name+" "); ok {
			return article + words + " " + after
		}
	}
	return comment
}

// rest is the column for what no other is for.
const rest = "unrecognized_fields"

func columns(prefix string, fields properties) (all []column) {
	for _, f := range fields {
		path := prefix + f.name
		if path == rest {
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

// kind is the first word of a node's type: the other is null.
func (n *node) kind() string {
	if kinds, ok := n.Type.([]string); ok {
		return kinds[0]
	}
	return "object"
}

// nullable reports whether a record may go without a value.
func (n *node) nullable() bool {
	kinds, ok := n.Type.([]string)
	return ok && len(kinds) > 1
}

// word is the node's type, for people.
func (n *node) word() string {
	switch n.kind() {
	case "array":
		if n.Items == nil {
			return "list of anything"
		}
		return "list of " + strings.Replace(n.Items.word(), "object", "objects", 1)
	case "object":
		if len(n.Properties) == 0 {
			return "free-form object"
		}
	case "string":
		if n.Format != "" {
			return "timestamp"
		}
	}
	return n.kind()
}
