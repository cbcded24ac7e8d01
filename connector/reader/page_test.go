package reader

import (
	"context"
	"strconv"
	"testing"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/stream"
)

// TestPagerEnds checks that a list without end is an error after a bounded number
// of pages, and that a list with an end is read to it, however long it shows
// nothing new.
func TestPagerEnds(t *testing.T) {
	rows := func(ids ...int) (page []stream.Record) {
		for _, id := range ids {
			page = append(page, stream.Record{Key: []byte(strconv.Itoa(id))})
		}
		return page
	}
	forever := func(page int) string { return strconv.Itoa(page + 1) }
	until := func(last int) func(int) string {
		return func(page int) string {
			if page >= last {
				return ""
			}
			return forever(page)
		}
	}
	for _, c := range []struct {
		name  string
		rows  func(page int) []stream.Record
		next  func(page int) string
		pages int // 0: an error after at most 1001 pages
	}{
		{"empty pages for ever", func(int) []stream.Record { return nil }, forever, 0},
		{"the same page for ever", func(int) []stream.Record { return rows(1, 2) }, forever, 0},
		{"two pages in turn", func(i int) []stream.Record { return rows(i%2, 3) }, forever, 0},
		{"fewer and fewer of the rows", func(i int) []stream.Record { return rows(max(0, 50-i)) }, forever, 0},
		{"rows and empty pages", func(i int) []stream.Record { return rows(7)[:i%2] }, forever, 0},
		{"tokens in a loop", func(i int) []stream.Record { return rows(i) }, func(i int) string { return strconv.Itoa(i % 7) }, 0},
		{"a token that leads to itself", func(i int) []stream.Record { return rows(i) }, func(i int) string { return "x" }, 0},
		{"no rows", func(int) []stream.Record { return nil }, until(0), 1},
		{"a long gap", func(i int) []stream.Record {
			if i%999 == 0 {
				return rows(i)
			}
			return nil
		}, until(5000), 5001},
		{"a long list", func(i int) []stream.Record { return rows(i) }, until(150_000), 150_001},
		{"a list that slips back", func(i int) []stream.Record { return rows(i / 900) }, until(5000), 5001},
	} {
		t.Run(c.name, func(t *testing.T) {
			pages := 0
			p := Pager{Path: "tags", Fetch: func(_ context.Context, token string) (*Page, error) {
				i, _ := strconv.Atoi(token)
				if token == "x" {
					i = 1
				}
				return &Page{Records: c.rows(i), NextToken: c.next(i)}, nil
			}}
			var failed error
			for _, err := range p.Pages(t.Context()) {
				if failed = err; err == nil {
					pages++
				}
				if pages > max(c.pages, maxStalePages+50) {
					break
				}
			}
			switch {
			case c.pages > 0 && (failed != nil || pages != c.pages):
				t.Errorf("%d pages, expected %d: %v", pages, c.pages, failed)
			case c.pages == 0 && (!gorgias.Is(failed, gorgias.InvalidResponse) || pages > maxStalePages+50):
				t.Errorf("%d pages: %v", pages, failed)
			}
			if c.pages == 0 && c.name == "tokens in a loop" && pages > 50 {
				t.Errorf("a loop of seven was noticed after %d pages", pages)
			}
		})
	}
}
