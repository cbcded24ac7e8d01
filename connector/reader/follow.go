package reader

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/state"
)

// maxFollowed is how many unfinished records a sync fetches by their ids, and
// maxFollowedInWindow how many it fetches if it re-reads the lookback window. If
// there are more, each sync takes others.
const (
	maxFollowed         = 2
	maxFollowedInWindow = 50
)

// trackUnfinished keeps the ids of the unfinished records among the items that o
// has read. Their fingerprints matter at least until the next sync.
func (s *scan) trackUnfinished(o *Output, items []Item) {
	if s.Source.Unfinished == nil || o.Stream != s.Source {
		return
	}
	var unfinished []int64
	read := map[int64]bool{}
	for i := range items {
		it := &items[i]
		if read[it.ID()] = true; s.Source.Unfinished(it.Raw) { //rule:unfinished-records-are-kept
			unfinished = append(unfinished, it.ID())
			it.At = state.MaxTime(it.At, s.position.StartedAt)
		}
	}
	o.track(read, unfinished)
}

// track notes which records o has read, and which of them are unfinished.
func (o *Output) track(read map[int64]bool, unfinished []int64) {
	if o.read == nil {
		o.read = map[int64]bool{}
	}
	var kept []int64
	for _, id := range o.Bookmark.Unfinished {
		if !read[id] {
			kept = append(kept, id)
		}
	}
	o.Bookmark.Unfinished = state.IDs(nil).With(append(kept, unfinished...))
	for _, id := range unfinished {
		o.read[id] = true
	}
}

// follow fetches the unfinished records that this sync has not read: they may
// have changed, however old they are. A list that cannot be read by id is
// complete but for these changes.
func (s *scan) follow(ctx context.Context) error {
	if !s.End.IsZero() {
		return nil // the present is beyond the end date
	}
	for _, o := range s.Outputs {
		ids := s.toFollow(o)
		for _, id := range ids { //rule:unfinished-records-are-followed
			err := s.followOne(ctx, o, id)
			if gorgias.Is(err, gorgias.ClientError) || gorgias.Is(err, gorgias.Forbidden) {
				s.Warn(o, fmt.Sprintf("unfinished records cannot be fetched by id (%v): how they end is not captured", err))
				break
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// toFollow returns the ids to fetch: the newest, which is the most likely to have
// changed, and a selection of the others that depends on the server time.
func (s *scan) toFollow(o *Output) (ids []int64) {
	for _, id := range slices.Backward(o.Bookmark.Unfinished) {
		if !o.read[id] {
			ids = append(ids, id)
		}
	}
	limit := maxFollowed
	if o.windowDue {
		limit = maxFollowedInWindow
	}
	choice := rand.New(rand.NewPCG(uint64(s.LastServerTime().Unix()), uint64(len(ids))))
	for i := 1; i < min(limit, len(ids)); i++ {
		k := i + choice.IntN(len(ids)-i)
		ids[i], ids[k] = ids[k], ids[i]
	}
	return ids[:min(limit, len(ids))]
}

// followOne fetches an unfinished record and emits it if it has changed. One that
// is gone is not followed any longer.
func (s *scan) followOne(ctx context.Context, o *Output, id int64) error {
	rec, readAt, err := s.FetchByID(ctx, s.Source, s.Source.Path, 0, id)
	if merged, _ := gorgias.MergedInto(err); gorgias.Is(err, gorgias.NotFound) || merged {
		o.track(map[int64]bool{id: true}, nil)
		s.EmitRecords(o, nil)
		return nil
	}
	if err != nil {
		return err
	}
	items := []Item{{Record: rec, At: readAt}}
	var unfinished []int64
	if s.Source.Unfinished(rec.Raw) {
		unfinished = []int64{id}
	}
	o.track(map[int64]bool{id: true}, unfinished) //rule:finished-records-are-not-followed
	records, read := s.dedupe(o, items)
	s.remember(o, read)
	s.EmitRecords(o, records)
	return nil
}
