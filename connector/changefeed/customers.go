package changefeed

import (
	"cmp"
	"context"
)

// Customers returns the changes of customers.
func Customers() *Changes {
	return &Changes{
		EventTypes: []string{"customer-merged", "customer-deleted"},
		RefetchDoc: "of two customers that were merged, the absorbed one is fetched, in one request",
		Apply: func(ctx context.Context, a *Applier, events []Event) error {
			return applyCustomers(ctx, a, planCustomers(events))
		},
	}
}

// customerWork is what events require of customers.
type customerWork struct {
	refetch causes
	deleted causes
	other   map[int64]int64 // the other customer of a merge
}

// planCustomers decides what events require. Of two merged customers, the one
// named as the source is fetched: the documentation does not say which one
// remains. The merge moves updated_datetime of that one, so the list shows it.
func planCustomers(events []Event) customerWork {
	work := customerWork{causes{}, causes{}, map[int64]int64{}}
	for _, e := range events {
		if e.Type == "customer-deleted" {
			work.deleted.add(e.ObjectID, e.cause())
			continue
		}
		work.refetch.add(cmp.Or(e.RelatedID, e.ObjectID), e.cause())
		work.other[e.RelatedID] = e.ObjectID
	}
	for id := range work.deleted {
		delete(work.refetch, id)
	}
	return work
}

// applyCustomers emits a tombstone for each customer that is gone. If the
// source of a merge remains, the other customer is fetched.
func applyCustomers(ctx context.Context, a *Applier, work customerWork) error {
	a.EmitChanges(nil, a.tombstones(work.deleted)) //rule:deleted-customers-get-tombstones
	for queue := work.refetch.ids(); len(queue) > 0; queue = queue[1:] {
		id := queue[0]
		items, _, err := a.refetchOne(ctx, id, work.refetch[id])
		if err != nil {
			return err
		}
		a.EmitChanges(items, nil)
		other := work.other[id]
		if _, deleted := work.deleted[other]; len(items) > 0 && other != 0 && !deleted {
			work.refetch.add(other, work.refetch[id])
			queue = append(queue, other)
		}
	}
	return nil
}
