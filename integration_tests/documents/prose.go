package documents

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"unicode"
)

// A Document is what a document contains that can be checked.
type Document struct {
	Blocks   []Block
	Headings []Heading
	Spans    []Mark // code within prose, on one line each
	Links    []Mark // where the links lead
}

// A Heading is one: its level, from 1, and its text.
type Heading struct {
	Line, Level int
	Text        string
}

// Anchor is the name under which GitHub links to the heading.
func (h Heading) Anchor() string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, h.Text)
}

// A Mark is a text and the line on which it begins.
type Mark struct {
	Line int
	Text string
}

var (
	heading = regexp.MustCompile(`^(#{1,6}) +(.+?) *$`)
	span    = regexp.MustCompile("`([^`]+)`")
	link    = regexp.MustCompile(`\]\(([^) ]+)\)`)
)

// Read reads a document whole.
func Read(file string) (*Document, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return read(file, string(text))
}

func read(file, text string) (*Document, error) {
	blocks, err := parse(file, text)
	if err != nil {
		return nil, err
	}
	d := &Document{Blocks: blocks}
	lines := strings.Split(text, "\n")
	for _, b := range blocks { // leave the prose
		for i := range 2 + strings.Count(b.Text, "\n") {
			lines[b.Line-1+i] = ""
		}
	}
	paragraph, from := "", 0
	for i, l := range append(lines, "") {
		if m := heading.FindStringSubmatch(l); m != nil {
			d.Headings = append(d.Headings, Heading{i + 1, len(m[1]), strings.ReplaceAll(m[2], "`", "")})
		}
		if strings.TrimSpace(l) != "" {
			if paragraph == "" {
				from = i + 1
			}
			paragraph += l + "\n"
			continue
		}
		if strings.Count(paragraph, "`")%2 == 1 || strings.Contains(paragraph, "``") {
			return nil, fmt.Errorf("%s:%d: the paragraph has an odd back-tick", file, from)
		}
		d.Spans = append(d.Spans, marks(span, paragraph, from)...)
		plain := span.ReplaceAllStringFunc(paragraph, func(code string) string { return strings.Repeat("\n", strings.Count(code, "\n")) })
		d.Links = append(d.Links, marks(link, plain, from)...)
		paragraph = ""
	}
	return d, nil
}

// marks finds what a pattern has in a paragraph that begins on a line.
func marks(pattern *regexp.Regexp, paragraph string, from int) (all []Mark) {
	for _, m := range pattern.FindAllStringSubmatchIndex(paragraph, -1) {
		line := from + strings.Count(paragraph[:m[0]], "\n")
		all = append(all, Mark{line, strings.Join(strings.Fields(paragraph[m[2]:m[3]]), " ")})
	}
	return all
}
