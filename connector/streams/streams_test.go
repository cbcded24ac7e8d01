package streams

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"source-gorgias/connector/changefeed"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

func TestTableIsValid(t *testing.T) {
	if err := Validate(table()); err != nil {
		t.Error(err)
	}
}

// Every mistake that Validate knows is found in a table that makes it.
func TestValidateFindsMistakes(t *testing.T) {
	tag := func(change func(*Row)) *Row {
		row := &Row{Reader: reader.FullRefresh{}, Stream: &stream.Stream{Name: "tags", Path: "tags", Mode: stream.FullRefresh, Key: []string{"id"}, Record: schemas.Tag{}}}
		change(row)
		return row
	}
	derive := func(json.RawMessage) []json.RawMessage { return nil }
	for _, c := range []struct {
		want  string
		table []*Row
	}{
		{"the name is taken", []*Row{tag(func(*Row) {}), tag(func(*Row) {})}},
		{"no record type", []*Row{tag(func(r *Row) { r.Record = nil })}},
		{"no primary key", []*Row{tag(func(r *Row) { r.Key = nil })}},
		{`column "nr" is not in the record`, []*Row{tag(func(r *Row) { r.Key = []string{"nr"} })}},
		{`column "owner" is not in the record`, []*Row{tag(func(r *Row) { r.BelongsTo = "owner" })}},
		{`cursor "name" is not a timestamp`, []*Row{tag(func(r *Row) { r.Cursor = "name" })}},
		{"needs a cursor", []*Row{tag(func(r *Row) { r.Mode = stream.NewestFirst })}},
		{"needs the mode OldestFirst", []*Row{tag(func(r *Row) { r.SinceParam = "x" })}},
		{"need the mode FullRefresh", []*Row{tag(func(r *Row) {
			r.Mode, r.Cursor, r.Partitions = stream.NewestFirst, "created_datetime", []url.Values{{}}
		})}},
		{"Derive belongs to", []*Row{tag(func(r *Row) { r.Derive = derive })}},
		{"a parent belongs to", []*Row{tag(func(r *Row) { r.Mode, r.Path = stream.PerParent, "x/{id}" })}},
		{"its parent is not in the table", []*Row{tag(func(r *Row) { r.Parent = &stream.Stream{Name: "other"} })}},
		{"either a reader or a parent", []*Row{tag(func(r *Row) { r.Reader = nil })}},
		{"of ordered lists only", []*Row{tag(func(r *Row) { r.Changes = changefeed.Customers() })}},
		{"{id} belongs", []*Row{tag(func(r *Row) { r.Path = "tags/{id}" })}},
		{"has a path", []*Row{tag(func(r *Row) { r.Path = "" })}},
	} {
		err := Validate(c.table)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
