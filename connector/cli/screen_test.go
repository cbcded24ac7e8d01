package cli

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A terminal emulates a terminal: it keeps lines, wraps those that are longer
// than its width, and moves its cursor. When its width changes, it wraps all
// lines again.
type terminal struct {
	width, height int
	lines         []string // not wrapped
	line, column  int      // of the cursor
	top           int      // the first visible row, counted from the first line
	escape        string   // an incomplete escape sequence
}

// rows returns the number of rows of a line.
func (t *terminal) rows(line int) int {
	return max(1, (len(t.lines[line])+t.width-1)/t.width)
}

// row returns the row of the cursor, counted from the first line.
func (t *terminal) row() (row int) {
	for i := range t.line {
		row += t.rows(i)
	}
	return row + t.column/t.width
}

func (t *terminal) resize(width, height int) {
	t.width, t.height, t.top = width, height, 0
	t.scroll()
}

func (t *terminal) scroll() { t.top = max(t.top, t.row()-t.height+1) }

func (t *terminal) Write(text []byte) (int, error) {
	for _, c := range text {
		switch {
		case t.escape != "" || c == '\x1b':
			if t.escape += string(c); c >= 'A' && c <= 'Z' {
				t.execute(t.escape)
				t.escape = ""
			}
		case c == '\r':
			t.column -= t.column % t.width
		case c == '\n':
			if t.line++; t.line == len(t.lines) {
				t.lines = append(t.lines, "")
			}
			t.column = 0
		default:
			l := []byte(t.lines[t.line])
			if t.column == len(l) {
				l = append(l, ' ')
			}
			l[t.column] = c
			t.lines[t.line] = string(l)
			t.column++
		}
		t.scroll()
	}
	return len(text), nil
}

func (t *terminal) execute(escape string) {
	var n int
	switch {
	case escape == "\x1b[J":
		t.lines[t.line] = t.lines[t.line][:t.column]
		t.lines = t.lines[:t.line+1]
	case strings.HasSuffix(escape, "A"):
		if _, err := fmt.Sscanf(escape, "\x1b[%dA", &n); err != nil {
			panic(fmt.Sprintf("%q", escape))
		}
		row, within := max(t.top, t.row()-n), t.column%t.width
		for t.line = 0; row >= t.rows(t.line); t.line++ {
			row -= t.rows(t.line)
		}
		t.column = min(row*t.width+within, len(t.lines[t.line]))
	default:
		panic(fmt.Sprintf("%q", escape))
	}
}

// TestScreen checks at random sizes that the terminal contains the lines from
// before the program, the lines that are shown now, and none from in between.
func TestScreen(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for range 300 {
		shell := []string{"$ source-gorgias read --config config.json --catalog catalog.json > records.json"}
		term := &terminal{width: 80, height: 24, lines: append(slices.Clone(shell), ""), line: 1}
		s := &screen{out: term, size: func() (int, int) { return term.width, term.height }}
		for range 20 {
			if random.IntN(3) == 0 {
				term.resize(8+random.IntN(120), 2+random.IntN(40))
				rows := 0
				for i := len(shell); i < term.line; i++ {
					rows += term.rows(i)
				}
				if rows >= term.height {
					break // lines that have scrolled off the screen cannot be erased
				}
			}
			var lines []string
			for range random.IntN(12) {
				lines = append(lines, strings.Repeat("é", random.IntN(2))+strings.Repeat("x", random.IntN(150)))
			}
			s.show(func(int) []string { return lines })
			var want []string
			for _, l := range lines[:min(len(lines), term.height-1)] {
				want = append(want, truncate(l, term.width-1))
			}
			want = append(want, "")
			if want = append(slices.Clone(shell), want...); !slices.Equal(term.lines, want) {
				t.Fatalf("seed %d, at %d×%d:\n%s\nexpected\n%s", seed, term.width, term.height, strings.Join(term.lines, "\n"), strings.Join(want, "\n"))
			}
			for _, l := range lines[:min(len(lines), term.height-1)] {
				if len(truncate(l, term.width-1)) >= term.width {
					t.Fatalf("seed %d: %q fills a row of %d", seed, l, term.width)
				}
			}
		}
	}
}

// TestWrap checks that wrapped parts are complete and in order, and that no part
// is split.
func TestWrap(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for range 1000 {
		var parts []string
		for i := range random.IntN(8) {
			parts = append(parts, fmt.Sprint(i, strings.Repeat("x", random.IntN(30))))
		}
		width := 1 + random.IntN(100)
		lines := wrap(width, parts...)
		if text := strings.Join(lines, " "); text != strings.Join(parts, ", ") {
			t.Fatalf("seed %d: %q became %q", seed, parts, lines)
		}
		for i, l := range lines {
			if len(l) > width && strings.Contains(strings.TrimSuffix(l, ","), ", ") {
				t.Fatalf("seed %d: a line of %d columns instead of %d: %q", seed, len(l), width, l)
			}
			if i > 0 && len(lines[i-1])+1+len(strings.SplitN(l, ", ", 2)[0]) < width {
				t.Fatalf("seed %d: %q fits at the end of %q", seed, l, lines[i-1])
			}
		}
	}
}
