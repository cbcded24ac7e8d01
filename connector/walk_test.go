package connector

import (
	"context"
	"testing"
	"time"
)

// Streams that share a list go on together only from the same walk, or when
// one was stopped a page before the other. A walk begun again within a second
// looks like the one before it but for its pages and its token.
func TestResumeTogether(t *testing.T) {
	began := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	at := func(pages int, next string) Bookmark {
		return Bookmark{Scan: ScanPosition{StartedAt: began, LowerBound: began.AddDate(-1, 0, 0), NextWatermark: began, Pages: pages, PageToken: next}}
	}
	for _, c := range []struct {
		name string
		a, b Bookmark
		next string // where the walk goes on; "" for a new walk
	}{
		{"the same page", at(5, "next=e"), at(5, "next=e"), "next=e"},
		{"stopped between the batches of one page", at(4, "next=d"), at(5, "next=e"), "next=d"},
		{"the other way round", at(5, "next=e"), at(4, "next=d"), "next=d"},
		{"begun again in between", at(1, "next=b"), at(5, "next=e"), ""},
		{"begun again, and as far", at(5, "next=f"), at(5, "next=e"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &round{Plan: &Plan{Start: began.AddDate(-1, 0, 0)}}
			w := &walker{task: &task{round: r, source: Find("tickets"), members: []*member{
				{Stream: Find("tickets"), mark: c.a}, {Stream: Find("ticket_tags"), mark: c.b}}}}
			if err := w.resume(context.Background()); err != nil {
				t.Fatal(err)
			}
			if w.mark.PageToken != c.next {
				t.Errorf("the walk goes on at %q, expected %q", w.mark.PageToken, c.next)
			}
		})
	}
}
