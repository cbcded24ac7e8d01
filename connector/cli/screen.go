package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// isTerminal reports whether an output is a terminal.
func isTerminal(w io.Writer) bool {
	if l, ok := w.(*lockedWriter); ok {
		w = l.out
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// supportsCursor reports whether the terminal, according to the environment, can
// move its cursor.
func supportsCursor() bool {
	kind := os.Getenv("TERM")
	return kind != "" && kind != "dumb"
}

// A screen shows lines at the end of a terminal, and replaces them with other
// lines. The cursor stays visible, on the empty line below them, so nothing has
// to be restored however the program ends. There are no colors.
type screen struct {
	out   io.Writer
	size  func() (width, height int)
	shown []int // the lengths of the lines that are shown
}

func newScreen(w io.Writer) *screen {
	return &screen{out: w, size: func() (width, height int) {
		if f, ok := w.(*os.File); ok {
			width, height, _ = term.GetSize(int(f.Fd())) // 0 if it is unknown
		}
		if width <= 0 || height <= 0 {
			width, height = 80, 24
		}
		return width, height
	}}
}

// show replaces the lines that are shown with those that render returns for the
// width. Lines are cut at the width, and their number at the height.
func (s *screen) show(render func(width int) []string) {
	width, height := s.size()
	// If the terminal has become narrower, it has wrapped the old lines.
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
	lines := render(width - 1) // after a character in the last column, some terminals begin a new line
	for _, line := range lines[:min(len(lines), max(0, height-1))] {
		line = truncate(line, width-1)
		s.shown = append(s.shown, utf8.RuneCountInString(line))
		b.WriteString(line)
		b.WriteByte('\n')
	}
	_, _ = io.WriteString(s.out, b.String()) // best effort: the terminal may be closed
}

// truncate cuts a line at a width. Other characters than ASCII have an unknown
// width and become question marks.
func truncate(line string, width int) string {
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

// wrap joins parts with commas into as few lines of a width as possible.
func wrap(width int, parts ...string) (lines []string) {
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
