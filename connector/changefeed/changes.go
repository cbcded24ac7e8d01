// Package changefeed reads the account's events after the lists and applies
// them: it re-fetches the records they name and emits tombstones for deleted
// ones. Each list has its own rules for that, in a file of its own.
package changefeed

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/state"
	"source-gorgias/connector/stream"
)

// Changes says which events show changes of a list's records that the list
// itself does not show, and applies them.
type Changes struct {
	// EventTypes are the types of those events.
	EventTypes []string
	// RefetchDoc says how the records are re-fetched and what that costs, as a
	// sentence fragment.
	RefetchDoc string
	// DeletedType is the type of event by which a record is asked for, and gets a
	// tombstone if it is gone.
	DeletedType string
	// AtEnd collects the events of all chunks and applies them once.
	AtEnd bool
	// ListProvesMerge is set if a record is fetched by its id only after its list, asked
	// for that id, lacked it. Then a redirect to a record that this sync has read proves
	// a merge; otherwise that record is fetched too.
	ListProvesMerge bool
	// Apply re-fetches what the events name and emits what changed.
	Apply func(ctx context.Context, a *Applier, events []Event) error
}

// An Applier applies events to the outputs of one list.
type Applier struct {
	*reader.List
	changes *Changes

	refetchUnavailable bool    // the API rejects the requests that re-fetch records
	processed          []Event // the events of this sync that have been applied
	unresolved         map[int64]bool
	lostTickets        map[int64]bool // they were asked for by their ids, and are gone
	searched           int            // pages that were read to find messages of unknown tickets
}

// A cause is why a record is re-fetched: its last change, and the events that
// show its changes.
type cause struct {
	at      time.Time
	events  []int64
	missing bool // no event shows it: the record is missing in its list
}

func (e Event) cause() cause {
	if e.Missing {
		return cause{at: e.At, missing: true}
	}
	return cause{at: e.At, events: []int64{e.ID}}
}

func (c cause) and(other cause) cause {
	return cause{state.MaxTime(c.at, other.at), slices.Concat(c.events, other.events), c.missing || other.missing}
}

// causes are those of several records, by id.
type causes map[int64]cause

func (c causes) add(id int64, why cause) {
	if id != 0 {
		c[id] = c[id].and(why)
	}
}

func (c causes) ids() []int64 { return slices.Sorted(maps.Keys(c)) }

// takeRead takes out of wanted the records that this sync has read after their
// last change had become visible, and returns those that it kept. Of the others
// it takes only those that the destination is certain to have, and none that
// needs its record.
func (a *Applier) takeRead(wanted causes, needsRecord func(id int64) bool) (items []reader.Item) {
	for _, id := range wanted.ids() {
		why, em := wanted[id], a.Emissions.Get(id)
		switch {
		case !em.ReadAt.After(why.at.Add(a.Overlap)): //rule:scan-counts-as-read-only-after-overlap
		case em.Record != nil:
			it := a.item(*em.Record, why)
			it.Emitted = em.Emitted
			items = append(items, it)
			delete(wanted, id)
		case (em.Emitted || a.hasProcessed(why.events)) && (needsRecord == nil || !needsRecord(id)):
			delete(wanted, id)
		}
	}
	return items
}

// latest returns the items without those of records that were fetched again since.
func (a *Applier) latest(items []reader.Item) []reader.Item {
	return slices.DeleteFunc(items, func(it reader.Item) bool { return !a.Emissions.IsLatest(it.Record) }) //rule:older-version-is-not-emitted-last
}

// hasProcessed reports whether earlier syncs have processed the events for all
// outputs.
func (a *Applier) hasProcessed(events []int64) bool {
	return !slices.ContainsFunc(a.Awaiting(), func(o *reader.Output) bool { return !o.Bookmark.EventIDs.HasAll(events) })
}

// item returns a record that is emitted because of events. Its fingerprint
// matters until neither they nor the record will be read again.
func (a *Applier) item(rec stream.Record, why cause) reader.Item {
	rec.Origin = stream.Refetched
	return reader.Item{Record: rec, At: state.MaxTime(why.at, rec.Cursor), Events: why.events}
}

// refetched returns the item of a record that was just read, and records that.
func (a *Applier) refetched(rec stream.Record, why cause, readAt time.Time) reader.Item {
	it := a.item(rec, why)
	it.Emitted = a.Emissions.HasEmitted(rec)
	// If the record is not emitted, the destination may hold another version,
	// from a sync that was killed. Its event is a later one, which emits again.
	emitted := it.Emitted || !slices.ContainsFunc(a.Awaiting(), func(o *reader.Output) bool { return !o.IsNew(it) })
	a.Emissions.Record(rec, reader.Emission{ReadAt: readAt, Held: true, Emitted: emitted})
	return it
}

// refetchOne fetches a record by id and returns it. If the record is gone, it emits
// a tombstone. If it was merged, it returns what remains instead, and its id: a
// redirect alone proves nothing, so the tombstone waits until that is found.
func (a *Applier) refetchOne(ctx context.Context, id int64, why cause) (items []reader.Item, mergedInto int64, err error) {
	gone := causes{}
	for range maxMoves { //rule:endless-merges-end
		rec, readAt, err := a.FetchByID(ctx, a.Source, a.Source.Path, 0, id)
		missing, into := isGone(err)
		switch {
		case missing:
			gone.add(id, why)
		case err != nil: //rule:survivor-proves-merge
			return nil, 0, err
		default:
			items = append(items, a.refetched(rec, why, readAt))
		}
		if into == 0 || a.changes.ListProvesMerge && !a.Emissions.Get(into).ReadAt.IsZero() { //rule:redirect-alone-proves-no-merge
			a.EmitChanges(nil, a.tombstones(gone))
			return items, cmp.Or(into, remaining(items, gone)), nil
		}
		id = into
	}
	return nil, 0, &gorgias.Error{Kind: gorgias.InvalidResponse, Path: fmt.Sprintf("/api/%s/%d", a.Source.Path, id), Status: http.StatusMovedPermanently,
		Message: fmt.Sprintf("merged through %d records without an end", maxMoves)}
}

// remaining returns the id of the record into which others were merged; 0 if none
// were.
func remaining(items []reader.Item, gone causes) int64 {
	if len(items) == 0 || len(gone) == 0 {
		return 0
	}
	return items[0].ID()
}

// isGone reports whether an error says that a record does not exist, and into
// which one it was merged; 0 if it was not.
func isGone(err error) (gone bool, mergedInto int64) {
	if gorgias.Is(err, gorgias.NotFound) { //rule:missing-record-is-a-deletion
		return true, 0
	}
	return gorgias.MergedInto(err)
}

// maxMoves is how often a record is followed to where it was merged or moved. A
// longer chain does not exist, or has no end.
const maxMoves = 20

// warnEndless warns that records were not followed any further.
func (a *Applier) warnEndless(what string, ids []int64) {
	a.Warn(a.output(), fmt.Sprintf("%s %v were followed through %d merges without an end: they may be out of date. Run a full refresh of %s", what, ids, maxMoves, a.Source.Name))
}

// output returns the output to which a warning about the list belongs: that of
// the list itself, if it waits.
func (a *Applier) output() *reader.Output {
	waiting := a.Awaiting()
	own := slices.IndexFunc(waiting, func(o *reader.Output) bool { return o.Stream == a.Source })
	return waiting[max(own, 0)] //rule:warning-belongs-to-the-list
}

// acknowledge marks events as processed, although others may fail.
func (a *Applier) acknowledge(done causes) {
	for _, why := range done {
		for _, id := range why.events {
			a.processed = append(a.processed, Event{ID: id, At: why.at})
		}
	}
}

// tombstone returns the record of a deletion of which events tell the time.
func (a *Applier) tombstone(s *stream.Stream, why cause, key ...int64) reader.TombstoneItem {
	return a.NewTombstone(s, why.at, why.at, why.events, key...)
}

// tombstones returns those of several deleted records of the list.
func (a *Applier) tombstones(deleted causes) (items []reader.TombstoneItem) {
	for _, id := range deleted.ids() {
		items = append(items, a.tombstone(a.Source, deleted[id], id))
	}
	return items
}
