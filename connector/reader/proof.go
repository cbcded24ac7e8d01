package reader

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/stream"
)

// ProveGone returns err, as [gorgias.NotFound] if it is a 404 of another form than
// the API's that has been proven. No account has shown every form of a genuine
// 404, and a record that is gone must not end a stream in every sync. Such a 404
// counts if it came at each attempt for minutes, and if at the same time the same
// request succeeds for a record of s that exists.
func (l *List) ProveGone(ctx context.Context, err error, s *stream.Stream, same func(context.Context, stream.Record) error) error {
	var e *gorgias.Error
	if !errors.As(err, &e) || e.Kind != gorgias.Unproven || e.Status != http.StatusNotFound || !e.Lasting { //rule:unproven-404-has-to-last
		return err
	}
	page, listErr := l.FetchPage(ctx, s, s.Path, url.Values{"limit": {"2"}}, "")
	if listErr != nil {
		return err
	}
	succeeds := func(rec stream.Record) bool { return same(ctx, rec) == nil }
	if !slices.ContainsFunc(page.Records, succeeds) { //rule:unproven-404-needs-a-witness
		return err
	}
	if !l.unproven404Reported && len(l.All()) > 0 {
		l.unproven404Reported = true
		l.Warn(l.All()[0], fmt.Sprintf("%v. The same request succeeds for another record, so the record counts as deleted. Please report this form of a 404", e))
	}
	proven := *e
	proven.Kind = gorgias.NotFound
	return &proven
}

// PagesOf returns the pages of what belongs to one record of s; none if the record
// is gone. same requests what belongs to another record.
func (l *List) PagesOf(ctx context.Context, p Pager, s *stream.Stream, same func(context.Context, stream.Record) error) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		started := false
		p.Restart = func(context.Context) error { started = false; return nil }
		for page, err := range p.Pages(ctx) {
			if err != nil && !started {
				err = l.ProveGone(ctx, err, s, same)
			}
			if gorgias.Is(err, gorgias.NotFound) && !started {
				return
			}
			started = true
			if !yield(page, err) {
				return
			}
		}
	}
}
