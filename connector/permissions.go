package connector

import (
	"context"
	"iter"
	"net/url"
	"strings"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// CheckConnection checks whether the credentials give access to the account. It
// requests the account, which is the cheapest endpoint. A key of a lower role,
// or an app without that scope, may be denied it and still read other streams.
func CheckConnection(ctx context.Context, c *gorgias.Client) error {
	_, err := c.List(ctx, gorgias.SingleObject, streams.Account.Path, nil, "")
	if !gorgias.Is(err, gorgias.Forbidden) {
		return err
	}
	if _, other := c.List(ctx, gorgias.SingleObject, "users/0", nil, ""); other == nil {
		return nil
	}
	if _, other := c.List(ctx, gorgias.CursorList, streams.Tickets.Path, url.Values{"limit": {"1"}}, ""); other == nil {
		return nil
	}
	return err
}

// CheckReports checks whether the API accepts each configured report, in one
// small request each. Missing permissions are not its concern.
func (p *Plan) CheckReports(ctx context.Context) error {
	l := p.listOf(reportStream())
	for _, err := range (reports.Reader{Reports: p.Reports}).CheckEach(ctx, l) {
		if gorgias.Is(err, gorgias.ClientError) {
			return err
		}
	}
	return nil
}

func reportStream() *stream.Stream {
	for _, s := range streams.All() {
		if s.Mode == stream.DailyReport {
			return s
		}
	}
	return nil
}

// listOf returns the list of a stream, for checks.
func (p *Plan) listOf(s *stream.Stream) *reader.List {
	return &reader.List{Run: &reader.Run{Options: p.Options}, Source: s, Outputs: []*reader.Output{reader.NewOutput(s, p.Bookmarks[s.Name])}}
}

// Permissions checks which of the plan's streams the credentials may read: one
// small request per list. Derived streams share the result of their parent's
// list.
func (p *Plan) Permissions(ctx context.Context) iter.Seq2[*stream.Stream, error] {
	return func(yield func(*stream.Stream, error) bool) {
		c := checker{p, map[*stream.Stream]checked{}}
		for _, s := range p.Streams {
			if !yield(s, c.check(ctx, s).err) || ctx.Err() != nil {
				return
			}
		}
	}
}

// checked is the result of a check: the first record, or nil, or an error.
type checked struct {
	first *stream.Record
	err   error
}

type checker struct {
	*Plan
	results map[*stream.Stream]checked
}

// check checks a stream once.
func (c checker) check(ctx context.Context, s *stream.Stream) checked {
	result, ok := c.results[s]
	if !ok {
		result = c.request(ctx, s)
		c.results[s] = result
	}
	return result
}

func (c checker) request(ctx context.Context, s *stream.Stream) (result checked) {
	if s.Parent == nil {
		result.first, result.err = c.readerOf(s).Check(ctx, c.listOf(s))
		return result
	}
	parent := c.check(ctx, s.Parent)
	if s.Mode == stream.Derived || parent.err != nil || parent.first == nil {
		return parent
	}
	path := strings.Replace(s.Path, "{id}", string(parent.first.Key), 1)
	result.first, result.err = c.listOf(s).CheckPath(ctx, s, path, nil)
	return result
}
