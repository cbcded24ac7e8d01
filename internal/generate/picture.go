package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A plot is a piece of the picture: streams of one subject, in up to three
// columns, the first of which is column At of the picture.
type plot struct {
	Subject string
	Tint    string
	At      int
	Streams [][]string
}

// plots is where everything stands; a plot lies as high as those before it
// let it. Lines run between the columns only, so that they cross no box: what
// stands in the first column must not name records of what stands in the last.
var plots = []plot{
	{"Tickets and messages", "#eaf2fb", 0, [][]string{{"ticket_messages", "ticket_message_attachments"}, {"tickets"}, {"ticket_tags", "ticket_custom_field_values"}}},
	{"Customers", "#fdf1e4", 0, [][]string{{"satisfaction_surveys"}, {"customers"}, {"customer_custom_field_values"}}},
	{"Phone", "#eaf6ec", 0, [][]string{{"voice_calls", "voice_call_events", "voice_call_recordings"}}},
	{"People", "#f6edf8", 1, [][]string{{"users"}, {"teams"}}},
	{"Settings", "#f1f1ea", 1, [][]string{{"integrations", "widgets", "macros", "rules"}, {"tags", "custom_fields", "views", "view_items"}}},
	{"Account", "#eef0f3", 0, [][]string{{"account", "account_settings"}, {"events"}, {"jobs", "statistics"}}},
}

// The measures of the picture, in pixels.
const (
	fontSize = 12
	advance  = 7.3  // of a letter; monospaced fonts advance by 0.6 of their size, or less
	line     = 20.0 // from one row of a box to the next
	head     = 26.0
	margin   = 22.0
	reach    = 17.0 // from a box to the first line that passes it
	pitch    = 9.0  // from one such line to the next
	apart    = 4.0  // two lines of one row, from its middle
	across   = 3    // columns of boxes
)

// A box is a stream in the picture.
type box struct {
	*section
	column     int
	x, y, w, h float64
	rows       []row
}

// A row is a column of the stream that the picture shows.
type row struct {
	column string
	mark   string // what it is: key, cursor, n:1
	key    bool
	lead   *relation // nil if it names no other stream's records
	y      float64
}

func (b *box) right() float64 { return b.x + b.w }

// keyRow is the row that names the stream's own records.
func (b *box) keyRow() *row {
	own := b.Key[len(b.Key)-1]
	return &b.rows[slices.IndexFunc(b.rows, func(r row) bool { return r.column == own })]
}

// An area is where a plot lies.
type area struct {
	plot
	x, y, w, h float64
}

// A picture is laid out, and not yet drawn.
type picture struct {
	boxes []*box
	areas []area
	nets  []*net
	w, h  float64
}

// layOut places all streams and their lines. It is an error if a stream has no
// place, or has two, or if a relation has no way.
func layOut(all []*section) (*picture, error) {
	found, _ := relations(all)
	p := &picture{}
	byName := map[string]*box{}
	for _, s := range all {
		byName[s.Name] = &box{section: s, column: -1, rows: rows(s, all, found)}
	}
	widths := [across]float64{}
	for _, pl := range plots {
		for i, names := range pl.Streams {
			for _, name := range names {
				b := byName[name]
				if b == nil || b.column >= 0 {
					return nil, fmt.Errorf("picture: %q is no stream, or has two places", name)
				}
				b.column = pl.At + i
				b.h = head + line*float64(len(b.rows)) + 6
				widths[b.column] = max(widths[b.column], b.width())
				p.boxes = append(p.boxes, b)
			}
		}
	}
	for _, s := range all {
		if byName[s.Name].column < 0 {
			return nil, fmt.Errorf("picture: the stream %q has no place: give it one in plots", s.Name)
		}
	}
	// How wide the channels between the columns are, their lines tell, and these
	// need heights alone.
	p.stack(byName)
	channels, err := p.connect(byName, found)
	if err != nil {
		return nil, err
	}
	x := margin
	lefts := [across]float64{}
	for c := range across {
		lefts[c] = x
		x += widths[c]
		if c < len(channels) {
			x += 2*reach + pitch*float64(max(0, tracks(channels[c])-1))
		}
	}
	p.w = x + margin
	for _, b := range p.boxes {
		b.x, b.w = lefts[b.column], widths[b.column]
	}
	for i := range p.areas {
		a := &p.areas[i]
		last := a.At + len(a.Streams) - 1
		a.x = lefts[a.At] - 10
		a.w = lefts[last] + widths[last] + 10 - a.x
	}
	for c, nets := range channels {
		for _, n := range nets {
			n.x = lefts[c] + widths[c] + reach + pitch*float64(n.track)
			p.nets = append(p.nets, n)
		}
	}
	return p, nil
}

// rows returns what the picture shows of a stream: its key, its cursor, and
// what names records of others. What an item of a view repeats of its ticket
// is left to the ticket.
func rows(s *section, all []*section, found []relation) (list []row) {
	copied := func(column string) bool {
		i := slices.IndexFunc(all, func(t *section) bool { return t.Name == "tickets" })
		if s.Name != "view_items" || i < 0 {
			return false
		}
		_, repeats := all[i].column(column)
		return repeats || strings.HasPrefix(column, "channels[].")
	}
	add := func(column string) {
		if slices.ContainsFunc(list, func(r row) bool { return r.column == column }) {
			return
		}
		r := row{column: column, key: slices.Contains(s.Key, column)}
		var marks []string
		if r.key {
			marks = append(marks, "key")
		}
		if column == s.Cursor {
			marks = append(marks, "cursor")
		}
		for _, rel := range found {
			if rel.From == s.Name && rel.Column == column {
				r.lead = &rel
				marks = append(marks, rel.Many)
				if rel.By != "" {
					marks[len(marks)-1] = "by " + rel.By
				}
			}
		}
		r.mark = strings.Join(marks, " ")
		list = append(list, r)
	}
	for _, k := range s.Key {
		add(k)
	}
	if s.Cursor != "" {
		add(s.Cursor)
	}
	for _, r := range found {
		if r.From == s.Name && !copied(r.Column) {
			add(r.Column)
		}
	}
	return list
}

func (b *box) width() float64 {
	w := advance*float64(len(b.Name))*13/fontSize + 20
	for _, r := range b.rows {
		w = max(w, advance*float64(len(r.column)+2+len(r.mark))+16)
	}
	return w
}

// stack gives every box its height above the ground. The rows of the middle
// column stand half a row lower than those beside it: so no line from one side
// runs into one from the other.
func (p *picture) stack(byName map[string]*box) {
	const above, below = 10, 12 // the first box of an area begins on a row of its column
	floor := [across]float64{above, above, above}
	for _, pl := range plots {
		columns := floor[pl.At : pl.At+len(pl.Streams)]
		top := slices.Max(columns)
		bottom := top
		for i, names := range pl.Streams {
			y := top + 30
			for _, name := range names {
				b := byName[name]
				phase := line / 2 * float64((pl.At+i)%2)
				for b.y = y; int(b.y-phase)%int(line) != 0; b.y++ {
				}
				for j := range b.rows {
					b.rows[j].y = b.y + head + line*(float64(j)+0.5)
				}
				bottom = max(bottom, b.y+b.h)
				y = b.y + b.h + 8
			}
		}
		bottom = math.Ceil((bottom+below+below-above)/line)*line + above - below
		p.areas = append(p.areas, area{plot: pl, y: top, h: bottom - top})
		for i := range columns {
			columns[i] = bottom + below
		}
		p.h = max(p.h, bottom)
	}
}
