package connector

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/url"
	"strings"
	"time"

	"source-gorgias/connector/gorgias"
)

// Probe asks whether these credentials open this account. The account itself
// is the lightest question; a key of a lower role, or an app without that
// scope, may be refused it and still be good for other streams.
func CheckConnection(ctx context.Context, c *gorgias.Client) error {
	_, err := c.List(ctx, gorgias.SingleObject, "account", nil, "")
	for _, next := range []string{"users/0", "tickets"} {
		var e *gorgias.Error
		if !errors.As(err, &e) || e.Kind != gorgias.Forbidden {
			return err
		}
		form, query := gorgias.SingleObject, url.Values(nil)
		if next == "tickets" {
			form, query = gorgias.CursorList, url.Values{"limit": {"1"}}
		}
		if _, other := c.List(ctx, form, next, query, ""); other == nil {
			return nil
		}
	}
	return err
}

// ProbeReports asks for each configured report whether the API has it, with one
// small request. That it may not be read is the stream's affair.
func (p *Plan) CheckReports(ctx context.Context) error {
	for _, err := range p.reports(ctx) {
		if is(err, gorgias.ClientError) {
			return err
		}
	}
	return nil
}

// reports asks each report for a row, and yields what went wrong or nil.
func (p *Plan) reports(ctx context.Context) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		s := Find("statistics")
		t := &task{round: &round{Plan: p}, source: s, members: []*member{{Stream: s}}}
		for i, d := range t.diaries(time.Time{}) {
			if !yield(i, d.probe(ctx)) {
				return
			}
		}
	}
}

// Permissions asks, list by list, which of the plan's streams these credentials
// may read: one small request each. Streams made from another's pages share its
// answer.
func (p *Plan) Permissions(ctx context.Context) iter.Seq2[*Stream, error] {
	return func(yield func(*Stream, error) bool) {
		type answer struct {
			id  string // of the first record
			err error
		}
		answers := map[string]answer{}
		var ask func(s *Stream) answer
		ask = func(s *Stream) (a answer) {
			if a, asked := answers[s.Name]; asked {
				return a
			}
			defer func() { answers[s.Name] = a }()
			path := s.Path
			if s.Mode == DailyReport {
				for _, err := range p.reports(ctx) {
					if err != nil {
						return answer{err: err}
					}
				}
				return a
			}
			if s.Parent != "" {
				parent := ask(Find(s.Parent))
				if s.Mode == Derived || parent.err != nil || parent.id == "" {
					return parent
				}
				path = strings.Replace(path, "{id}", parent.id, 1)
			}
			query := url.Values{}
			if s.Mode != SingleObject {
				query.Set("limit", "1")
			}
			for _, pass := range s.Partitions[:min(1, len(s.Partitions))] {
				maps.Copy(query, pass)
			}
			page, err := p.Client.List(ctx, s.Envelope, path, query, "")
			if err == nil && len(page.Records) > 0 {
				a.id = string(field(page.Records[0], s.Key[0]))
			}
			return answer{a.id, err}
		}
		for _, s := range p.Streams {
			if !yield(s, ask(s).err) || ctx.Err() != nil {
				return
			}
		}
	}
}
