package changefeed

import (
	"context"

	"source-gorgias/connector/reader"
)

// Customers returns the changes of customers.
func Customers() *Changes {
	return &Changes{
		EventTypes:  []string{"customer-created", "customer-updated", "customer-merged", "customer-deleted"},
		DeletedType: "customer-deleted",
		RefetchDoc:  "a customer is re-fetched in one request, if an event is later than what the list shows of the customer",
		Apply: func(ctx context.Context, a *Applier, events []Event) error {
			return applyCustomers(ctx, a, planCustomers(events, a.Emissions))
		},
	}
}

// planCustomers returns the customers that events require. A merge changes both
// customers, and not always the updated_datetime of the one that remains. What the
// list shows is enough if it is dated as late as the event.
func planCustomers(events []Event, read *reader.Emissions) causes {
	refetch := causes{}
	for _, e := range events {
		em := read.Get(e.ObjectID)
		switch {
		case e.Type == "customer-created" && em.Held:
		case e.Type == "customer-updated" && em.Held && !em.Cursor.Before(e.At): //rule:dated-change-is-not-refetched
		default:
			refetch.add(e.ObjectID, e.cause())
			refetch.add(e.RelatedID, e.cause())
		}
	}
	return refetch
}

// applyCustomers fetches customers one by one: the list has no filter by id. One
// that is gone, deleted or merged into another, gets a tombstone.
func applyCustomers(ctx context.Context, a *Applier, refetch causes) error {
	fetched := map[int64]bool{}
	for _, id := range refetch.ids() { //rule:customers-are-refetched
		if fetched[id] {
			continue
		}
		items, into, err := a.refetchOne(ctx, id, refetch[id])
		if err != nil {
			return err
		}
		a.EmitChanges(items, nil)
		fetched[into] = len(items) > 0
	}
	return nil
}
