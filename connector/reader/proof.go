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

// ProveGone calls fetch, which requests a record of s or what belongs to it: with
// nil for the one in question, else for another one. It returns its error, as
// [gorgias.NotFound] if it is a 404 of another form than the API's that has been
// proven. No account has shown every form of a genuine 404, and a record that is
// gone must not end a stream in every sync. Such a 404 counts if it came at each
// attempt for minutes, before and after the same request succeeded for a record
// that exists: what was in the way may be gone when that is asked for.
func (l *List) ProveGone(ctx context.Context, s *stream.Stream, fetch func(context.Context, *stream.Record) error) error {
	err := fetch(ctx, nil)
	if foreign404(err) == nil || !l.hasWitness(ctx, s, fetch) { //rule:unproven-404-needs-a-witness
		return err
	}
	err = fetch(ctx, nil) //rule:unproven-404-outlasts-its-witness
	e := foreign404(err)
	if e == nil {
		return err
	}
	if len(l.All()) > 0 && !l.unproven404Reported.Swap(true) {
		l.Warn(l.All()[0], fmt.Sprintf("%v. The same request succeeds for another record, so the record counts as deleted. Please report this form of a 404", e))
	}
	proven := *e
	proven.Kind = gorgias.NotFound
	return &proven
}

// foreign404 returns a 404 of another form than the API's that came for minutes;
// nil if err is none.
func foreign404(err error) *gorgias.Error {
	var e *gorgias.Error
	if errors.As(err, &e) && e.Kind == gorgias.Unproven && e.Status == http.StatusNotFound && e.Lasting { //rule:unproven-404-has-to-last
		return e
	}
	return nil
}

// hasWitness reports whether fetch succeeds for one of the newest records of s.
func (l *List) hasWitness(ctx context.Context, s *stream.Stream, fetch func(context.Context, *stream.Record) error) bool {
	page, err := l.FetchPage(ctx, s, s.Path, url.Values{"limit": {"2"}}, "")
	return err == nil && slices.ContainsFunc(page.Records, func(rec stream.Record) bool { return fetch(ctx, &rec) == nil })
}

// PagesOf returns the pages of what belongs to one record of s; none if the record
// is gone. first requests the first page of another record's.
func (l *List) PagesOf(ctx context.Context, p Pager, s *stream.Stream, first func(context.Context, stream.Record) error) iter.Seq2[*Page, error] {
	own := p.Fetch
	p.Fetch = func(ctx context.Context, token string) (page *Page, err error) {
		if token != "" {
			return own(ctx, token)
		}
		err = l.ProveGone(ctx, s, func(ctx context.Context, other *stream.Record) (err error) {
			if other != nil {
				return first(ctx, *other)
			}
			page, err = own(ctx, "")
			return err
		})
		return page, err
	}
	return func(yield func(*Page, error) bool) {
		started := false
		p.Restart = func(context.Context) error { started = false; return nil }
		for page, err := range p.Pages(ctx) {
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
