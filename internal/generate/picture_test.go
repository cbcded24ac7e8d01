package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

// A drawing is what an SVG image shows, measured from the image itself.
type drawing struct {
	ground rect
	boxes  map[string]rect // by stream
	lines  []stroke
	texts  []label
}

type rect struct{ x1, y1, x2, y2 float64 }

func (a rect) overlaps(b rect) bool {
	return a.x1 < b.x2 && b.x1 < a.x2 && a.y1 < b.y2 && b.y1 < a.y2
}

func (a rect) within(b rect) bool {
	return a.x1 >= b.x1 && a.x2 <= b.x2 && a.y1 >= b.y1 && a.y2 <= b.y2
}

func (a rect) wider(by float64) rect { return rect{a.x1 - by, a.y1 - by, a.x2 + by, a.y2 + by} }

// A stroke is a line, straight up or across but for the prongs at a box.
type stroke struct {
	net, class     string
	x1, y1, x2, y2 float64
}

func (s stroke) rect() rect {
	return rect{min(s.x1, s.x2), min(s.y1, s.y2), max(s.x1, s.x2), max(s.y1, s.y2)}
}

type label struct {
	in, class, text string
	size            float64
	rect
}

// measure reads an image. How wide a text is depends on the reader's fonts: it
// is taken to be as wide as in the widest of the common ones.
func measure(t *testing.T, svg []byte) *drawing {
	t.Helper()
	d := &drawing{boxes: map[string]rect{}}
	dec := xml.NewDecoder(strings.NewReader(string(svg)))
	var groups, fonts []string
	var in, font string
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return d
		}
		if err != nil {
			t.Fatal(err)
		}
		if end, ok := token.(xml.EndElement); ok && end.Name.Local == "g" {
			groups, fonts = groups[:len(groups)-1], fonts[:len(fonts)-1]
			in, font = "", ""
		}
		el, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attr := map[string]string{"font-size": "12"}
		for _, a := range el.Attr {
			attr[a.Name.Local] = a.Value
		}
		number := func(name string) float64 {
			n, err := strconv.ParseFloat(attr[name], 64)
			if err != nil {
				t.Fatalf("%s: %v", el.Name.Local, err)
			}
			return n
		}
		switch el.Name.Local {
		case "g":
			in, font = attr["id"], attr["font-family"]
			groups, fonts = append(groups, in), append(fonts, font)
		case "rect":
			r := rect{number("x"), number("y"), number("x") + number("width"), number("y") + number("height")}
			switch attr["class"] {
			case "ground":
				d.ground = r
			case "box":
				d.boxes[in] = r
			}
		case "line":
			d.lines = append(d.lines, stroke{in, attr["class"], number("x1"), number("y1"), number("x2"), number("y2")})
		case "text":
			next, _ := dec.Token()
			text := string(next.(xml.CharData))
			size := number("font-size")
			letter := 0.605
			if !strings.Contains(font+attr["font-family"], "monospace") {
				letter = 0.56 // in the mean of a sentence
			}
			if strings.Contains(attr["font-weight"], "bold") && letter < 0.6 {
				letter = 0.68
			}
			w := letter * size * float64(utf8.RuneCountInString(text))
			x := number("x")
			if attr["text-anchor"] == "end" {
				x -= w
			}
			d.texts = append(d.texts, label{in, attr["class"], text, size, rect{x, number("y") - 0.78*size, x + w, number("y") + 0.24*size}})
		}
	}
}

// faults are what makes an image hard to read, or false.
func (d *drawing) faults(all []*section) (found []string) {
	fault := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }

	// At 100 % it fits beside a page's margins, and can be read.
	if d.ground.x2 > 1012 {
		fault("the picture is %.0f pixels wide", d.ground.x2)
	}
	names := slices.Sorted(maps.Keys(d.boxes))
	for i, a := range names {
		if !d.boxes[a].within(d.ground) {
			fault("the box of %s leaves the ground", a)
		}
		for _, b := range names[i+1:] {
			if d.boxes[a].wider(3).overlaps(d.boxes[b].wider(3)) {
				fault("the boxes of %s and %s touch", a, b)
			}
		}
	}
	for _, s := range all {
		if d.boxes[s.Name] == (rect{}) {
			fault("%s has no box", s.Name)
		}
		for _, name := range append([]string{s.Cursor}, s.Key...) {
			if name != "" && d.row(s.Name, name) == nil {
				fault("%s.%s is not shown", s.Name, name)
			}
		}
	}

	for i, a := range d.texts {
		if a.size < 12 {
			fault("%q is %.0f pixels high", a.text, a.size)
		}
		if !a.within(d.ground.wider(-6)) {
			fault("%q leaves the ground", a.text)
		}
		if box, ok := d.boxes[a.in]; ok && !a.within(box.wider(-3)) {
			fault("%q leaves the box of %s", a.text, a.in)
		}
		for _, b := range d.texts[i+1:] {
			if a.overlaps(b.rect) {
				fault("%q and %q overlap", a.text, b.text)
			}
		}
		for _, l := range d.lines {
			if a.overlaps(l.rect().wider(0.7)) {
				fault("a line of %s%s runs through %q", l.net, l.class, a.text)
			}
		}
	}
	for i, l := range d.lines {
		if l.class == "rule" {
			continue
		}
		for name, box := range d.boxes {
			if l.rect().wider(0.01).overlaps(box.wider(-0.2)) {
				fault("a line of %s runs through %s", l.net, name)
			}
		}
		if l.class != "" {
			continue
		}
		for _, m := range d.lines[i+1:] {
			if m.class != "" || m.net == l.net {
				continue
			}
			// Lines of two nets may cross. They may not run side by side without
			// space between, nor end on each other, which looks like a dot.
			a, b := l.rect(), m.rect()
			upright, other := a.x1 == a.x2, b.x1 == b.x2
			switch {
			case upright == other && a.wider(1.9).overlaps(b.wider(1.9)):
				fault("lines of %s and %s run into each other", l.net, m.net)
			case upright != other && a.wider(0.1).overlaps(b.wider(0.1)):
				if !upright {
					a, b = b, a
				}
				if ends := min(math.Abs(b.y1-a.y1), math.Abs(b.y1-a.y2), math.Abs(a.x1-b.x1), math.Abs(a.x1-b.x2)); ends < 2 {
					fault("a line of %s ends on one of %s", l.net, m.net)
				}
			}
		}
	}

	relations, _ := relations(all)
	drawn := map[stroke]bool{}
	for _, r := range relations {
		row := d.row(r.From, r.Column)
		if row == nil {
			if r.From != "view_items" { // it repeats the ticket
				fault("%s.%s is not shown", r.From, r.Column)
			}
			continue
		}
		if r.By != "" {
			continue
		}
		if mark := d.mark(row); !strings.Contains(mark, r.Many) {
			fault("%s.%s is marked %q, and is %s", r.From, r.Column, mark, r.Many)
		}
		for _, to := range r.To {
			if from, ok := d.joined(row, to, r.Many); !ok {
				fault("%s.%s is not joined to %s", r.From, r.Column, to)
			} else {
				drawn[from] = true
			}
		}
	}
	for _, l := range d.lines {
		if l.class == "" && l.y1 == l.y2 && !drawn[l] && !d.ofKey(l) {
			fault("a line of %s joins nothing", l.net)
		}
	}
	return found
}

// row is the text of a stream's column.
func (d *drawing) row(stream, column string) *label {
	for i, l := range d.texts {
		if l.in == stream && l.class == "column" && l.text == column {
			return &d.texts[i]
		}
	}
	return nil
}

// mark is what stands in the row of a text.
func (d *drawing) mark(row *label) string {
	for _, l := range d.texts {
		if l.in == row.in && l.class == "mark" && l.y1 == row.y1 {
			return l.text
		}
	}
	return ""
}

// leaves reports whether a line across leaves the box at the height of the row.
func (d *drawing) leaves(l stroke, row *label) bool {
	box := d.boxes[row.in]
	return l.class == "" && l.y1 == l.y2 && (l.x1 == box.x1 || l.x1 == box.x2) && row.y1 <= l.y1 && l.y1 <= row.y2
}

// joined follows the lines from a row to a stream's key, and returns the first.
// It has prongs where many rows name one record, and a bar where one does.
func (d *drawing) joined(row *label, to, many string) (stroke, bool) {
	for _, l := range d.lines {
		if !d.leaves(l, row) || !strings.HasPrefix(l.net, to+"-") || d.sign(l) != many[:1] {
			continue
		}
		for _, key := range d.lines {
			if key.net == l.net && d.ofKey(key) && key.x2 == l.x2 && slices.ContainsFunc(d.lines, func(trunk stroke) bool {
				return trunk.net == l.net && trunk.x1 == l.x2 && trunk.x2 == l.x2 && trunk.y1 <= min(l.y1, key.y1) && trunk.y2 >= max(l.y1, key.y1)
			}) {
				return l, true
			}
		}
	}
	return stroke{}, false
}

// ofKey reports whether a line leaves a stream at its key. It has a bar, or
// prongs if nothing but lists leads there.
func (d *drawing) ofKey(l stroke) bool {
	stream, _, _ := strings.Cut(l.net, "-")
	row := d.row(stream, "id")
	if row == nil || !d.leaves(l, row) {
		return false
	}
	want := "n"
	for _, other := range d.lines {
		for i, text := range d.texts {
			if other.net == l.net && text.class == "column" && text.in != stream && d.leaves(other, &d.texts[i]) && strings.HasSuffix(d.mark(&d.texts[i]), ":1") {
				want = "1"
			}
		}
	}
	return d.sign(l) == want
}

// sign is what a line begins with: n for three prongs, 1 for a bar.
func (d *drawing) sign(l stroke) string {
	toes, bars := 0, 0
	for _, s := range d.lines {
		switch {
		case s.net != l.net || math.Abs(s.x1-l.x1) > 8:
		case s.class == "many" && s.x1 == l.x1 && s.y2 == l.y1:
			toes++
		case s.class == "one" && s.y1 < l.y1 && l.y1 < s.y2:
			bars++
		}
	}
	switch {
	case toes == 2 && bars == 0:
		return "n"
	case toes == 0 && bars == 1:
		return "1"
	}
	return ""
}

// TestPicture measures the picture.
func TestPicture(t *testing.T) {
	all := everySection(t)
	svg, err := Picture(all)
	if err != nil {
		t.Fatal(err)
	}
	d := measure(t, svg)
	for _, fault := range d.faults(all) {
		t.Error(fault)
	}
	t.Logf("%.0f by %.0f pixels, %d boxes, %d lines, %d texts", d.ground.x2, d.ground.y2, len(d.boxes), len(d.lines), len(d.texts))
	if again, err := Picture(all); err != nil || string(again) != string(svg) {
		t.Error("drawn again, it is another")
	}
}

// TestPictureNotices spoils the picture, in one way after the other: what is not
// noticed here is not kept out there either.
func TestPictureNotices(t *testing.T) {
	all := everySection(t)
	svg, err := Picture(all)
	if err != nil {
		t.Fatal(err)
	}
	text := string(svg)
	move := func(pattern string, group int, by float64) string { // the number that the pattern finds
		at := regexp.MustCompile(pattern).FindStringSubmatchIndex(text)
		if at == nil {
			t.Fatalf("%s is not there", pattern)
		}
		from, to := at[2*group], at[2*group+1]
		n, err := strconv.ParseFloat(text[from:to], 64)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%s%.1f%s", text[:from], n+by, text[to:])
	}
	without := func(pattern string) string {
		at := regexp.MustCompile(pattern).FindStringIndex(text)
		if at == nil {
			t.Fatalf("%s is not there", pattern)
		}
		return text[:at[0]] + text[at[1]:]
	}
	for _, c := range []struct{ want, svg string }{
		{"pixels wide", move(`class="ground" x="0.5" y="0.5" width="(\d+)"`, 1, 100)},
		{"leaves the ground", move(`class="ground" x="0.5" y="0.5" width="(\d+)"`, 1, -100)},
		{"touch", move(`id="views"[^>]*>\n<rect class="box" x="[\d.]+" y="([\d.]+)"`, 1, 30)},
		{"has no box", without(`<rect class="box".*`)},
		{"is not shown", without(`<text class="column"[^>]*>account_updated_datetime.*|<text class="column"[^>]*>customer_updated_datetime.*`)},
		{"pixels high", strings.Replace(text, `font-size="13"`, `font-size="11"`, 1)},
		{"leaves the box", strings.Replace(text, ">shared_with_users[].id<", ">shared_with_all_the_users_there_are[].id<", 1)},
		{"overlap", strings.Replace(text, ">summary.triggered_by<", ">summary.triggered_by_me<", 1)},
		{"runs through \"", move(`class="subject" x="([\d.]+)"[^>]*>Phone`, 1, 280)},
		{"runs through", move(`id="users-\d+"[^>]*>\n<line x1="[\d.]+" y1="[\d.]+" x2="([\d.]+)"`, 1, 200)},
		{"run into each other", move(`id="custom_fields-\d+"[^>]*>\n<line x1="([\d.]+)"`, 1, -9)},
		{"ends on one of", move(`id="views-\d+"[^>]*>\n<line x1="([\d.]+)"`, 1, -9)},
		{"is marked", strings.Replace(text, ">n:m<", ">n:1<", 1)},
		{"is not joined", move(`id="users-\d+"[^>]*>\n<line x1="[\d.]+" y1="([\d.]+)"`, 1, 60)},
		{"is not joined", without(`<line class="one".*`)},
		{"is not joined", without(`<line class="many".*`)},
		{"voice_calls.summaries[].recording_id is not joined", strings.Replace(text, ">1:n<", ">1:1<", 2)},
		{"joins nothing", strings.Replace(text, `</g>`, `<line x1="400.0" y1="500.0" x2="360.0" y2="500.0"/></g>`, 1)},
	} {
		if c.svg == text {
			t.Errorf("nothing was spoiled so that %q", c.want)
		}
		faults := measure(t, []byte(c.svg)).faults(all)
		if !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, c.want) }) {
			t.Errorf("it was not noticed that something %s, only %q", c.want, faults)
		}
	}
}

// TestPicturePlaces gives the picture streams that it has no place for, and takes
// some away.
func TestPicturePlaces(t *testing.T) {
	all := everySection(t)
	made := &section{Stream: &stream.Stream{Name: "made_up", Key: []string{"id"}, Record: schemas.Tag{}}}
	if _, err := Picture(append(slices.Clone(all), made)); err == nil || !strings.Contains(err.Error(), "made_up") || !strings.Contains(err.Error(), "plots") {
		t.Errorf("a stream without a place: %v", err)
	}
	if _, err := Picture(all[1:]); err == nil || !strings.Contains(err.Error(), all[0].Name) {
		t.Errorf("a place without a stream: %v", err)
	}
}
