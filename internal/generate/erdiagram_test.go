package main

import (
	"encoding/xml"
	"errors"
	"html"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

var (
	erTable = regexp.MustCompile(`(?m)^(\w+) \[label=<<table[^\n]*\n((?:<.*\n)*)\]?`)
	erRow   = regexp.MustCompile(`port="([^"]*)">(<b>)?[^<]*(?:</b>)?</td>.*>([^<]*)&#160;</font>`)
	erEdge  = regexp.MustCompile(`(?m)^(\w+):"([^"]*) out":e -> (\w+):"([^"]*)":w \[arrowtail=(\w+) arrowhead=(\w+) color="(#\w+)"\]$`)
)

// erColumns returns the roles of the columns in the diagram, by stream.column;
// those in bold end with "!".
func erColumns(dot string) map[string]string {
	all := map[string]string{}
	for _, table := range erTable.FindAllStringSubmatch(dot, -1) {
		for _, row := range erRow.FindAllStringSubmatch(table[2], -1) {
			if row[2] != "" {
				row[3] += "!"
			}
			all[table[1]+"."+html.UnescapeString(row[1])] = row[3]
		}
	}
	return all
}

// erEdges returns the edges of the diagram in both directions, as
// "from.column crow tee to.column", and their colors.
func erEdges(dot string) map[string]string {
	all := map[string]string{}
	for _, e := range erEdge.FindAllStringSubmatch(dot, -1) {
		all[e[1]+"."+e[2]+" "+e[5]+" "+e[6]+" "+e[3]+"."+e[4]] = e[7]
		all[e[3]+"."+e[4]+" "+e[6]+" "+e[5]+" "+e[1]+"."+e[2]] = e[7]
	}
	return all
}

// TestERDiagram checks that the diagram shows the key, the cursor and the
// relations of every stream.
func TestERDiagram(t *testing.T) {
	all := everySection(t)
	dot := string(ERDiagram(all))
	columns, edges := erColumns(dot), erEdges(dot)
	for _, s := range all {
		for _, name := range s.Key {
			if role := columns[s.Name+"."+name]; !strings.HasPrefix(role, "key") || !strings.HasSuffix(role, "!") {
				t.Errorf("%s.%s is part of the key, and shown as %q", s.Name, name, role)
			}
		}
		if role := columns[s.Name+"."+s.Cursor]; s.Cursor != "" && !strings.Contains(role, "cursor") {
			t.Errorf("%s.%s is the cursor, and shown as %q", s.Name, s.Cursor, role)
		}
	}
	ends := map[byte]string{'1': "tee", 'n': "crow", 'm': "crow"}
	found, _ := relations(all)
	drawn := 0
	for _, r := range found {
		role, shown := columns[r.From+"."+r.Column]
		if !shown && r.From != "view_items" { // whose records are copies of tickets and customers
			t.Errorf("%s.%s is not shown", r.From, r.Column)
		}
		if !shown {
			continue
		}
		if r.By != "" {
			if role != "by "+r.By {
				t.Errorf("%s.%s depends on %s, and is shown as %q", r.From, r.Column, r.By, role)
			}
			continue
		}
		if !strings.Contains(role, r.Many) {
			t.Errorf("%s.%s is %s, and shown as %q", r.From, r.Column, r.Many, role)
		}
		for _, to := range r.To {
			edge := r.From + "." + r.Column + " " + ends[r.Many[0]] + " " + ends[r.Many[2]] + " " + to + ".id"
			if drawn++; !strings.Contains(dot, `color="`+edges[edge]+`" bgcolor="white">`+"\n"+`<tr><td colspan="3" align="left" bgcolor="`+edges[edge]+`"><font color="white"><b>`+to+"&#160;") {
				t.Errorf("there is no edge %s in the color of %s", edge, to)
			}
		}
	}
	if n := strings.Count(dot, " -> "); n != drawn {
		t.Errorf("there are %d edges for %d relations", n, drawn)
	}
}

// TestERDiagramNewStream adds a stream: it is in the diagram, with its
// relations, without further changes.
func TestERDiagramNewStream(t *testing.T) {
	all := everySection(t)
	made := &section{Stream: &stream.Stream{Name: "made_up", Key: []string{"id"}, Cursor: "created_datetime", Record: schemas.Tag{}},
		Columns: []column{{"ticket_id", &node{Type: []string{"integer", "null"}}}, {"walkers[].id", &node{Type: []string{"integer", "null"}, Description: "User or customer id."}}}}
	dot := string(ERDiagram(append(slices.Clone(all), made)))
	columns, edges := erColumns(dot), erEdges(dot)
	for name, want := range map[string]string{"id": "key!", "created_datetime": "cursor", "ticket_id": "n:1", "walkers[].id": "n:m"} {
		if got := columns["made_up."+name]; strings.Split(got, " ")[0] != want {
			t.Errorf("%s is shown as %q, want %q", name, got, want)
		}
	}
	for _, edge := range []string{"ticket_id crow tee tickets.id", "walkers[].id crow crow users.id", "walkers[].id crow crow customers.id"} {
		if edges["made_up."+edge] == "" {
			t.Errorf("there is no edge %s", edge)
		}
	}
}

// TestERDiagramImage checks that docs/streams.svg is drawn from the current
// source, as far as that shows without drawing it: it has the same nodes, edges
// and texts. Continuous integration draws it again.
func TestERDiagramImage(t *testing.T) {
	dot := string(ERDiagram(everySection(t)))
	image, err := os.Open("docs/streams.svg")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = image.Close() }()
	got := map[string][]string{}
	var element string
	for d := xml.NewDecoder(image); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			element = token.Name.Local
		case xml.EndElement:
			element = ""
		case xml.CharData:
			got[element] = append(got[element], strings.TrimRight(string(token), "\u00a0"))
		}
	}
	titles := []string{"streams"}
	var texts []string
	for _, m := range erTable.FindAllStringSubmatch(dot, -1) {
		titles = append(titles, m[1])
	}
	for _, m := range erEdge.FindAllStringSubmatch(dot, -1) {
		titles = append(titles, m[1]+":e->"+m[3]+":w")
	}
	for _, m := range regexp.MustCompile(`>([^<>\n]+)<`).FindAllStringSubmatch(dot, -1) {
		texts = append(texts, strings.TrimRight(html.UnescapeString(m[1]), "\u00a0"))
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(legend, `\l`), `\l`) {
		texts = append(texts, line)
	}
	for element, want := range map[string][]string{"title": titles, "text": texts} {
		slices.Sort(got[element])
		slices.Sort(want)
		if !slices.Equal(got[element], want) {
			t.Errorf("docs/streams.svg is out of date: run go generate ./...\n%s: %q\nwant %q", element, got[element], want)
		}
	}
}
