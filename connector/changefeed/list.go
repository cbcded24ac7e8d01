package changefeed

import (
	"context"
	"maps"
	"math"
	"slices"

	"source-gorgias/connector/reader"
)

// rereadList reads the list again from its start, if that takes fewer requests than
// fetching what is wanted of the rows that this sync has read. It removes from wanted
// what it finds. Each of the ids that lowest returns takes a request otherwise.
func (a *Applier) rereadList(ctx context.Context, wanted causes, lowest func(causes) []int64) error {
	read := maps.Clone(wanted)
	maps.DeleteFunc(read, func(id int64, _ cause) bool {
		return a.Emissions.Get(id).ReadAt.IsZero() //rule:read-records-are-reread-together
	})
	all := read.ids()
	err := a.readList(ctx, "", read, lowest)
	for _, id := range all {
		if _, left := read[id]; !left {
			delete(wanted, id)
		}
	}
	return err
}

// readList reads the list from a page on, as long as that takes fewer requests than the
// ids that lowest returns, of what is left. It removes from wanted what it finds.
func (a *Applier) readList(ctx context.Context, token string, wanted causes, lowest func(causes) []int64) error {
	if len(lowest(wanted)) < 2 { //rule:lists-are-read-for-several-records
		return nil
	}
	more := func(page *reader.Page) bool {
		left := maps.Clone(wanted)
		first, last := int64(math.MaxInt64), int64(0)
		for _, rec := range page.Records {
			first, last = min(first, rec.ID()), max(last, rec.ID())
			delete(left, rec.ID())
		}
		return scanIsCheaper(lowest(left), first, last-first+1)
	}
	for page, err := range a.Pages(ctx, a.Source, a.Source.Path, nil, token, more) {
		if err != nil {
			return err
		}
		var items []reader.Item
		for _, rec := range page.Records {
			if why, ok := wanted[rec.ID()]; ok {
				items = append(items, a.refetched(rec, why, page.ServerTime))
				delete(wanted, rec.ID())
			}
		}
		a.EmitChanges(items, nil)
	}
	return nil
}

// scanIsCheaper reports whether reading on in a list, whose pages span so many
// ids, finds some of the ids below with fewer requests than fetching them by
// id. The ids are sorted upward.
func scanIsCheaper(ids []int64, below, perPage int64) bool {
	found := int64(0)
	for _, id := range slices.Backward(ids) {
		if id >= below {
			continue // the list has been read there
		}
		found++
		if pages := (below - id + perPage - 1) / perPage; pages < found {
			return true
		}
	}
	return false
}
