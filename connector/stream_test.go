package connector

import (
	"net/url"
	"strings"
	"testing"

	"source-gorgias/schemas"
)

func TestTable(t *testing.T) {
	if err := Check(Streams()); err != nil {
		t.Error(err)
	}
}

// Every mistake Check knows is found in a table that makes it.
func TestCheckFindsMistakes(t *testing.T) {
	tag := func(change func(*Stream)) *Stream {
		s := &Stream{Name: "tags", Path: "tags", Mode: FullRefresh, Key: []string{"id"}, Record: schemas.Tag{}}
		change(s)
		return s
	}
	for _, c := range []struct {
		want  string
		table []*Stream
	}{
		{"the name is taken", []*Stream{tag(func(*Stream) {}), tag(func(*Stream) {})}},
		{"no record type", []*Stream{tag(func(s *Stream) { s.Record = nil })}},
		{"no primary key", []*Stream{tag(func(s *Stream) { s.Key = nil })}},
		{`key "nr" is not in the record`, []*Stream{tag(func(s *Stream) { s.Key = []string{"nr"} })}},
		{`cursor "name" is no instant`, []*Stream{tag(func(s *Stream) { s.Cursor = "name" })}},
		{"needs a cursor", []*Stream{tag(func(s *Stream) { s.Mode = NewestFirst })}},
		{"needs a walk from the oldest", []*Stream{tag(func(s *Stream) { s.SinceParam = "x" })}},
		{"need a scan", []*Stream{tag(func(s *Stream) {
			s.Mode, s.Cursor, s.Partitions = NewestFirst, "created_datetime", []url.Values{{}}
		})}},
		{"a cut belongs to", []*Stream{tag(func(s *Stream) { s.Derive = ticketTags })}},
		{"a parent that exists", []*Stream{tag(func(s *Stream) { s.Mode, s.Parent, s.Path = PerParent, "none", "x/{id}" })}},
		{"{id} belongs", []*Stream{tag(func(s *Stream) { s.Path = "tags/{id}" })}},
		{"has a path", []*Stream{tag(func(s *Stream) { s.Path = "" })}},
	} {
		err := Check(c.table)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
