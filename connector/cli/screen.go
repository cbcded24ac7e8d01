package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// isTerminal reports whether people read what is written there.
func isTerminal(w io.Writer) bool {
	if s, ok := w.(*shared); ok {
		w = s.out
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// movable reports whether the terminal, as the environment describes it, lets
// what is on it be written over.
func movable() bool {
	kind := os.Getenv("TERM")
	return kind != "" && kind != "dumb"
}

// A screen shows some lines at the end of a terminal, and other lines in their
// place the next time. The cursor stays visible, on the empty line below them:
// however the program ends, nothing needs to be put back. There are no colours.
type screen struct {
	out   io.Writer
	size  func() (width, height int)
	shown []int // how long the lines are that are there now
}

// onTerminal is a screen at the end of a terminal.
func onTerminal(w io.Writer) *screen {
	return &screen{out: w, size: func() (width, height int) {
		if f, ok := w.(*os.File); ok {
			width, height, _ = term.GetSize(int(f.Fd())) // 0 if it will not say
		}
		if width <= 0 || height <= 0 {
			width, height = 80, 24
		}
		return width, height
	}}
}

// show puts the lines that make gives for the width in the place of those that
// were shown. Each is cut to the width, and all of them to the height.
func (s *screen) show(make func(width int) []string) {
	width, height := s.size()
	// A terminal that has become narrower has broken the old lines.
	rows := 0
	for _, n := range s.shown {
		rows += max(1, (n+width-1)/width)
	}
	s.shown = s.shown[:0]
	var b strings.Builder
	b.WriteByte('\r')
	if rows = min(rows, height-1); rows > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", rows)
	}
	b.WriteString("\x1b[J")
	lines := make(width - 1) // the last column would let some terminals begin a new line
	for _, line := range lines[:min(len(lines), max(0, height-1))] {
		line = cut(line, width-1)
		s.shown = append(s.shown, utf8.RuneCountInString(line))
		b.WriteString(line)
		b.WriteByte('\n')
	}
	_, _ = io.WriteString(s.out, b.String()) // there is nobody left to tell
}

// cut shortens a line to a width. What is not ASCII may be wider than it
// looks, and stands as a question mark.
func cut(line string, width int) string {
	line = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, line)
	if len(line) > width {
		line = line[:max(0, width-3)] + "..."
	}
	return line[:max(0, min(len(line), width))]
}

// fold puts parts on as few lines as the width allows.
func fold(width int, parts ...string) (lines []string) {
	for _, part := range parts {
		last := len(lines) - 1
		if last >= 0 && len(lines[last])+len(", ")+len(part) < width {
			lines[last] += ", " + part
			continue
		}
		if last >= 0 {
			lines[last] += ","
		}
		lines = append(lines, part)
	}
	return lines
}
