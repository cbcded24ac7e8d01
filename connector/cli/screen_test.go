package cli

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A terminal does what terminals do with the text it is given: it keeps lines,
// breaks those that are longer than it is wide, and moves its cursor. When its
// width changes, it breaks all of them anew.
type terminal struct {
	width, height int
	lines         []string // unbroken
	line, column  int      // of the cursor
	top           int      // the first row on the screen, of all the rows
	escape        string   // begun and not ended
}

// rows is how many rows a line takes.
func (t *terminal) rows(line int) int {
	return max(1, (len(t.lines[line])+t.width-1)/t.width)
}

// row is the cursor's, of all the rows.
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
				t.obey(t.escape)
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

func (t *terminal) obey(escape string) {
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

// Whatever is shown, at whatever size: the terminal holds what was there
// before, what is shown now, and nothing of what was shown in between.
func TestScreen(t *testing.T) {
	seed := rand.Uint64()
	whim := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for range 300 {
		shell := []string{"$ source-gorgias read --config config.json --catalog catalog.json > records.json"}
		term := &terminal{width: 80, height: 24, lines: append(slices.Clone(shell), ""), line: 1}
		s := &screen{out: term, size: func() (int, int) { return term.width, term.height }}
		for range 20 {
			if whim.IntN(3) == 0 {
				term.resize(8+whim.IntN(120), 2+whim.IntN(40))
				rows := 0
				for i := len(shell); i < term.line; i++ {
					rows += term.rows(i)
				}
				if rows >= term.height {
					break // what has left the screen cannot be reached: some of it stays above
				}
			}
			var lines []string
			for range whim.IntN(12) {
				lines = append(lines, strings.Repeat("é", whim.IntN(2))+strings.Repeat("x", whim.IntN(150)))
			}
			s.show(func(int) []string { return lines })
			var want []string
			for _, l := range lines[:min(len(lines), term.height-1)] {
				want = append(want, cut(l, term.width-1))
			}
			want = append(want, "")
			if want = append(slices.Clone(shell), want...); !slices.Equal(term.lines, want) {
				t.Fatalf("seed %d, at %d×%d:\n%s\nexpected\n%s", seed, term.width, term.height, strings.Join(term.lines, "\n"), strings.Join(want, "\n"))
			}
			for _, l := range lines[:min(len(lines), term.height-1)] {
				if len(cut(l, term.width-1)) >= term.width {
					t.Fatalf("seed %d: %q fills a row of %d", seed, l, term.width)
				}
			}
		}
	}
}

// Folded parts are all there, in their order, and none is broken.
func TestFold(t *testing.T) {
	seed := rand.Uint64()
	whim := rand.New(rand.NewPCG(seed, 0))
	for range 1000 {
		var parts []string
		for i := range whim.IntN(8) {
			parts = append(parts, fmt.Sprint(i, strings.Repeat("x", whim.IntN(30))))
		}
		width := 1 + whim.IntN(100)
		lines := fold(width, parts...)
		if text := strings.Join(lines, " "); text != strings.Join(parts, ", ") {
			t.Fatalf("seed %d: %q became %q", seed, parts, lines)
		}
		for i, l := range lines {
			if len(l) > width && strings.Contains(strings.TrimSuffix(l, ","), ", ") {
				t.Fatalf("seed %d: a line of %d columns instead of %d: %q", seed, len(l), width, l)
			}
			if i > 0 && len(lines[i-1])+1+len(strings.SplitN(l, ", ", 2)[0]) < width {
				t.Fatalf("seed %d: %q would have fitted at the end of %q", seed, l, lines[i-1])
			}
		}
	}
}
