package changefeed

import (
	"context"
	"maps"
	"math"
	"slices"

	"source-gorgias/connector/reader"
)

// Surveys returns the changes of satisfaction surveys.
func Surveys() *Changes {
	return &Changes{
		EventTypes:  []string{"satisfaction-survey-sent", "satisfaction-survey-responded"},
		DeletedType: "satisfaction-survey-responded",
		RefetchDoc:  "surveys are re-fetched by reading on in the list or by id, whichever takes fewer requests",
		AtEnd:       true, // the list is read on once
		Apply: func(ctx context.Context, a *Applier, events []Event) error {
			return applySurveys(ctx, a, planSurveys(events))
		},
	}
}

// planSurveys returns the surveys that events require.
func planSurveys(events []Event) causes {
	refetch := causes{}
	for _, e := range events {
		refetch.add(e.ObjectID, e.cause())
	}
	return refetch
}

// applySurveys re-fetches surveys: those close to where the scan has ended by
// reading on in the list, the others by id.
func applySurveys(ctx context.Context, a *Applier, refetch causes) error {
	a.EmitChanges(a.takeRead(refetch, nil), nil)
	if err := a.readOn(ctx, refetch); err != nil {
		return err
	}
	for _, id := range refetch.ids() { //rule:surveys-are-refetched
		items, _, err := a.refetchOne(ctx, id, refetch[id])
		if err != nil {
			return err
		}
		a.EmitChanges(items, nil)
	}
	return nil
}

// readOn reads the list on from where the scan has ended, as long as that takes
// fewer requests than fetching by id. It removes from refetch what it finds.
func (a *Applier) readOn(ctx context.Context, refetch causes) error {
	if len(refetch) < 2 || a.EndToken == "" {
		return nil
	}
	more := func(page *reader.Page) bool {
		left := maps.Clone(refetch)
		lowest, highest := int64(math.MaxInt64), int64(0)
		for _, rec := range page.Records {
			lowest, highest = min(lowest, rec.ID()), max(highest, rec.ID())
			delete(left, rec.ID())
		}
		return scanIsCheaper(left.ids(), lowest, highest-lowest+1)
	}
	for page, err := range a.Pages(ctx, a.Source, a.Source.Path, nil, a.EndToken, more) {
		if err != nil {
			return err
		}
		var items []reader.Item
		for _, rec := range page.Records {
			if why, ok := refetch[rec.ID()]; ok {
				items = append(items, a.refetched(rec, why, page.ServerTime))
				delete(refetch, rec.ID())
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
