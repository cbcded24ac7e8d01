package changefeed

import (
	"context"
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

// applySurveys re-fetches surveys: those that the scan has read by reading the list again,
// those close to where it has ended by reading on, the others by id.
func applySurveys(ctx context.Context, a *Applier, refetch causes) error {
	a.EmitChanges(a.takeRead(refetch, nil), nil)
	if err := a.rereadList(ctx, refetch, causes.ids); err != nil {
		return err
	}
	if a.EndToken != "" {
		if err := a.readList(ctx, a.EndToken, refetch, causes.ids); err != nil {
			return err
		}
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
