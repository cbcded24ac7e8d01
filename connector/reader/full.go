package reader

import (
	"bytes"
	"context"
	"net/url"
	"sync/atomic"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/stream"
)

// FullRefresh reads a list to its end, once with each of its partitions, and
// then the lists below each of its records. It also reads single objects.
type FullRefresh struct{ listChecker }

// Read reads the list.
func (FullRefresh) Read(ctx context.Context, l *List) error {
	var ids parentIDs
	for _, partition := range partitions(l.Source) {
		for page, err := range l.Pages(ctx, l.Source, l.Source.Path, partition, "", nil) {
			if err != nil {
				return err
			}
			for _, o := range l.Outputs {
				l.EmitRecords(o, page.Records)
			}
			if len(l.Children) > 0 {
				ids.add(page.Records)
			}
		}
	}
	for _, o := range l.Outputs {
		l.Done(o)
	}
	for _, o := range l.Children {
		if err := l.readChildren(ctx, o, ids.all); err != nil {
			l.Fail(ctx, o, err)
		}
	}
	return nil
}

// parentIDs are the keys of the records of a list, each once: a list that was
// started again contains them twice.
type parentIDs struct {
	all  [][]byte
	seen map[string]bool
}

func (p *parentIDs) add(records []stream.Record) {
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	for _, rec := range records {
		if !p.seen[string(rec.Key)] {
			p.seen[string(rec.Key)] = true
			p.all = append(p.all, bytes.Clone(rec.Key)) // or it would keep its page
		}
	}
}

func partitions(s *stream.Stream) []url.Values {
	if len(s.Partitions) == 0 {
		return []url.Values{nil}
	}
	return s.Partitions
}

// readChildren reads the list of o below each parent. One that these credentials may
// not read does not stop the others.
func (l *List) readChildren(ctx context.Context, o *Output, parents [][]byte) error {
	var forbidden atomic.Value
	err := l.sideBySide(ctx, len(parents), func(ctx context.Context, i int) error {
		err := l.readChild(ctx, o, parents[i])
		if gorgias.Is(err, gorgias.Forbidden) {
			forbidden.Store(err)
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if err, _ := forbidden.Load().(error); err != nil {
		return err
	}
	l.Done(o)
	return nil
}

// readChild reads the list of o below one parent. A parent that was deleted
// since it was listed has none.
func (l *List) readChild(ctx context.Context, o *Output, parent []byte) error {
	path := func(parent []byte) string { return childPath(o.Stream.Path, string(parent)) }
	pager := Pager{Path: path(parent), Fetch: func(ctx context.Context, token string) (*Page, error) {
		return l.FetchPage(ctx, o.Stream, path(parent), nil, token)
	}}
	same := func(ctx context.Context, other stream.Record) error {
		_, err := l.FetchPage(ctx, o.Stream, path(other.Key), nil, "")
		return err
	}
	for page, err := range l.PagesOf(ctx, pager, l.Source, same) {
		if err != nil {
			return err
		}
		records := make([]stream.Record, len(page.Records))
		for i, rec := range page.Records {
			rec.Raw = stream.PrependFields(rec.Raw, parentField(o.Stream, parent))
			records[i] = rec
		}
		l.EmitRecords(o, records)
	}
	return nil
}

// parentField is the column with the parent's id.
func parentField(s *stream.Stream, id []byte) []byte {
	return append(append([]byte(`"`+s.Key[0]+`"`), ':'), id...)
}

// Forecast requests the first page of each partition.
func (FullRefresh) Forecast(ctx context.Context, l *List) (Estimate, error) {
	all := partitions(l.Source)
	e := Estimate{Description: "the whole list, as in every sync", Requests: len(all), Accuracy: Exact}
	for _, partition := range all {
		page, err := l.FetchPage(ctx, l.Source, l.Source.Path, partition, "")
		if err != nil {
			return e, err
		}
		if e.Records += len(page.Records); page.NextToken != "" {
			e.Requests++
			e.Accuracy = AtLeast
		}
	}
	return e, nil
}

// A listChecker checks permissions by requesting one row of the list.
type listChecker struct{}

func (listChecker) Check(ctx context.Context, l *List) (*stream.Record, error) {
	return l.CheckPath(ctx, l.Source, l.Source.Path, partitions(l.Source)[0])
}

// CheckPath requests one row of a list of s and returns it; nil if the list is
// empty.
func (r *Run) CheckPath(ctx context.Context, s *stream.Stream, path string, extra url.Values) (*stream.Record, error) {
	query := url.Values{}
	if s.Mode != stream.SingleObject {
		query.Set("limit", "1")
	}
	for name := range extra {
		query[name] = extra[name]
	}
	response, err := r.Client.List(ctx, s.Envelope, path, query, "")
	if err != nil || len(response.Records) == 0 {
		return nil, err
	}
	rec := s.NewRecord(response.Records[0])
	return &rec, nil
}
