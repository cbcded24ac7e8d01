package connector

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"time"

	"source-gorgias/connector/gorgias"
)

// retell tells the streams of a list what the events say of it.
func (f *feed) retell(ctx context.Context, t *task) error {
	from, wanted := t.heard(), kinds(t.source)
	var events []event
	for _, e := range f.events {
		if slices.Contains(wanted, e.kind) && !e.at.Before(from) {
			events = append(events, e)
		}
	}
	switch t.source.Name {
	case "tickets":
		return f.tickets(ctx, t, events)
	case "ticket_messages":
		return f.messages(ctx, t, events)
	case "satisfaction_surveys":
		return f.surveys(ctx, t, events)
	default:
		return f.customers(ctx, t, events)
	}
}

// Retells says in words how the records are read again that the events name,
// and what that costs; "" if the stream heeds none.
func (s *Stream) Retells() string {
	if s.Mode == Derived {
		s = Find(s.Parent)
	}
	switch {
	case s.Heeds() == nil:
		return ""
	case s.Name == "tickets":
		return "tickets are read again up to 100 in one request"
	case s.Name == "ticket_messages":
		return "messages are read again by their tickets, 100 messages of one ticket in one request"
	case s.Name == "satisfaction_surveys":
		return "surveys are read again by reading on in the list or one by one, whichever takes fewer requests"
	default:
		return "of two customers that were merged, the absorbed one is asked for, one in one request"
	}
}

// A sight is what the feed knows of a record that a walk or it has met.
type sight struct {
	at     time.Time // the server's, when it was read or before; zero if it was not written
	read   time.Time // the same, whether it was written or not; zero if a walk did not write it
	ticket int64     // that it belongs to; 0 if it is none that belongs to one
	print  print     // of what was written
}

// see notes that the destination has a record as it was at the given time.
func (t *task) see(r row, at time.Time) {
	t.sights[number(field(r.raw, "id"))] = sight{at: at, read: at, ticket: number(field(r.raw, "ticket_id")), print: r.print}
}

// current reports whether a record was read after something had happened to it
// and had become visible.
func (t *task) current(id int64, at time.Time) bool {
	return t.sights[id].at.After(at.Add(t.Overlap))
}

// instants are those at which something last happened, by id.
type instants map[int64]time.Time

func (i instants) add(id int64, at time.Time) {
	if id != 0 {
		i[id] = later(i[id], at)
	}
}

// without returns those that stand in none of the others.
func (i instants) without(others ...instants) instants {
	rest := maps.Clone(i)
	for _, other := range others {
		for id := range other {
			delete(rest, id)
		}
	}
	return rest
}

// tickets reads tickets again, as many at once as a page holds. Those that do
// not come are asked for one by one: only so is it certain that they are gone.
func (f *feed) tickets(ctx context.Context, t *task, events []event) error {
	wanted, current, dead, off := instants{}, instants{}, instants{}, map[int64][]event{}
	for _, e := range events {
		switch e.kind {
		case "ticket-deleted":
			dead.add(e.object, e.at)
		case "ticket-tags-removed":
			// Only the ticket tells whether the tag has come back since.
			wanted.add(e.object, e.at)
			off[e.object] = append(off[e.object], e)
		default: // what a ticket was merged with may be the one that remains, or that is gone
			for _, id := range []int64{e.object, e.other} {
				if t.current(id, e.at) {
					current.add(id, e.at)
				} else {
					wanted.add(id, e.at)
				}
			}
		}
	}
	f.passed(t, current.without(wanted, dead))
	var graves []grave
	for _, id := range slices.Sorted(maps.Keys(dead)) {
		delete(wanted, id)
		graves = append(graves, f.grave(t.source, dead[id], id))
	}
	f.write(t, nil, graves)
	size := cmp.Or(t.PageSize, maxPage)
	for queue := slices.Sorted(maps.Keys(wanted)); len(queue) > 0; {
		query := url.Values{}
		for _, id := range queue[:min(size, len(queue))] {
			query.Add("ticket_ids", strconv.FormatInt(id, 10))
		}
		missing := slices.Clone(queue[:min(size, len(queue))])
		queue = queue[len(missing):]
		for page, err := range t.pages(ctx, t.source, t.source.Path, query) {
			if err != nil {
				return err
			}
			var rows []row
			var graves []grave
			for _, raw := range page.Records {
				id := number(field(raw, "id"))
				missing = slices.DeleteFunc(missing, func(other int64) bool { return other == id })
				rows = append(rows, f.row(t, raw, wanted[id], page.ServerTime))
				graves = append(graves, f.removed(t, raw, off[id])...)
			}
			f.write(t, rows, graves)
		}
		for _, id := range missing {
			_, into, err := f.one(ctx, t, id, wanted[id])
			if err != nil {
				return err
			}
			if _, known := wanted[into]; into != 0 && !known {
				wanted.add(into, wanted[id])
				queue = append(queue, into)
			}
		}
	}
	return nil
}

// removed makes the graves of the tags that were taken off a ticket and are not
// on it any more. They are dated as the ticket is: a tag that is put on again
// does not date the ticket anew, and must not come before its own end.
func (f *feed) removed(t *task, ticket json.RawMessage, off []event) (graves []grave) {
	tags := Find("ticket_tags")
	ends := instants{}
	for _, e := range off {
		for _, tag := range e.removed {
			ends.add(int64(tag), e.at)
		}
	}
	for _, tag := range tags.Derive(ticket) {
		delete(ends, number(field(tag, "id")))
	}
	id, dated := number(field(ticket, "id")), cursorOf(ticket, t.source.Cursor)
	for _, tag := range slices.Sorted(maps.Keys(ends)) {
		graves = append(graves, f.graveDated(tags, dated, ends[tag], id, tag))
	}
	return graves
}

// messages reads messages again in the threads they belong to.
func (f *feed) messages(ctx context.Context, t *task, events []event) error {
	threads, dead := threads{}, map[int64]bool{}
	current, asked := instants{}, instants{}
	var graves []grave
	for _, e := range events {
		e.ticket = cmp.Or(e.ticket, t.sights[e.object].ticket)
		switch _, met := t.sights[e.object]; {
		case e.kind == "ticket-deleted":
			dead[e.object] = true
		case e.kind == "ticket-merged" || e.kind == "ticket-split":
			threads.of(e.object, e.at).whole = true
			if e.other != 0 {
				threads.of(e.other, e.at).whole = true
			} else {
				threads.of(e.object, e.at).moved = true
			}
		case e.kind == "ticket-updated":
		case t.current(e.object, e.at):
			current.add(e.object, e.at)
		case e.kind == "ticket-message-created" && met:
		case e.kind == "ticket-message-deleted" && e.ticket == 0:
			graves = append(graves, f.grave(t.source, e.at, e.object))
		case e.ticket == 0:
			f.lost[e.object] = true
		default:
			threads.of(e.ticket, e.at).messages.add(e.object, e.at)
			asked.add(e.object, e.at)
			if e.kind == "ticket-message-deleted" {
				threads.of(e.ticket, e.at).deleted.add(e.object, e.at)
			}
		}
	}
	f.passed(t, current.without(asked))
	for moves := 0; len(threads) > 0 && moves < maxMoves; moves++ {
		next, err := f.threads(ctx, t, threads, dead)
		if err != nil {
			return err
		}
		threads = next
	}
	f.write(t, nil, graves)
	return nil
}

// maxMoves is how often messages are followed to another ticket.
const maxMoves = 10

// threads reads threads, and buries the deleted messages that are gone. It
// returns the threads to which others have moved.
func (f *feed) threads(ctx context.Context, t *task, wanted threads, dead map[int64]bool) (next threads, err error) {
	next = threads{}
	missing := map[int64]int64{} // in which ticket a deleted message is not
	gone := instants{}
	for _, ticket := range slices.Sorted(maps.Keys(wanted)) {
		thread := wanted[ticket]
		if !dead[ticket] {
			if err := f.thread(ctx, t, ticket, thread); err != nil {
				return nil, err
			}
		}
		if thread.moved {
			_, err := t.single(ctx, "tickets", ticket)
			var e *gorgias.Error
			if errors.As(err, &e) && e.Kind == gorgias.Merged {
				next.of(e.MergedInto, thread.at).whole = true
			} else if err != nil && !is(err, gorgias.NotFound) {
				return nil, err
			}
		}
		for id, at := range thread.deleted {
			missing[id] = ticket
			gone.add(id, at)
		}
	}
	// A deleted message may stay, with the date of its deletion, or not. It may
	// also have gone to another ticket with the others. A grave cannot be taken
	// back: so it is asked for.
	for _, id := range slices.Sorted(maps.Keys(gone)) {
		if at := gone[id]; t.sights[id].read.Before(at.Truncate(time.Second)) { // answers are dated in whole seconds
			_, err := t.single(ctx, fmt.Sprintf("tickets/%d/messages", missing[id]), id)
			var e *gorgias.Error
			switch {
			case errors.As(err, &e) && e.Kind == gorgias.Merged:
				next.of(e.MergedInto, at).messages.add(id, at)
				next.of(e.MergedInto, at).deleted.add(id, at)
			case is(err, gorgias.NotFound):
				f.write(t, nil, []grave{f.grave(t.source, at, id)})
			case err != nil:
				return nil, err
			}
		}
	}
	return next, nil
}

// threads are those that are wanted, by ticket.
type threads map[int64]*thread

func (w threads) of(ticket int64, at time.Time) *thread {
	if w[ticket] == nil {
		w[ticket] = &thread{messages: instants{}, deleted: instants{}}
	}
	w[ticket].at = later(w[ticket].at, at)
	return w[ticket]
}

// A thread is what is wanted of the messages of a ticket.
type thread struct {
	whole    bool      // all of them: they have come from elsewhere
	moved    bool      // they may have gone to a ticket that only this one tells
	messages instants  // those that have changed
	deleted  instants  // and of these, those that were deleted
	at       time.Time // when something last happened in it
}

// thread reads the messages of a ticket and takes what it finds out of what is
// wanted.
func (f *feed) thread(ctx context.Context, t *task, ticket int64, wanted *thread) error {
	query := url.Values{"ticket_id": {strconv.FormatInt(ticket, 10)}}
	for page, err := range t.pages(ctx, t.source, t.source.Path, query) {
		if is(err, gorgias.NotFound) {
			return nil // the ticket is gone, and its messages with it
		}
		if err != nil {
			return err
		}
		var rows []row
		for _, raw := range page.Records {
			id := number(field(raw, "id"))
			if _, ok := wanted.messages[id]; ok || wanted.whole {
				rows = append(rows, f.row(t, raw, wanted.at, page.ServerTime))
			}
			delete(wanted.messages, id)
			delete(wanted.deleted, id)
		}
		if f.write(t, rows, nil); !wanted.whole && len(wanted.messages) == 0 {
			return nil
		}
	}
	return nil
}

// surveys reads surveys again: those that lie near where the walk has ended by
// reading on in the list, the others one by one, as costs the fewest requests.
func (f *feed) surveys(ctx context.Context, t *task, events []event) error {
	wanted, current := instants{}, instants{}
	for _, e := range events {
		if t.current(e.object, e.at) {
			current.add(e.object, e.at)
		} else {
			wanted.add(e.object, e.at)
		}
	}
	f.passed(t, current.without(wanted))
	queue := slices.Sorted(maps.Keys(wanted))
	slices.Reverse(queue) // newer ones have greater ids
	// What lies above where the walk has ended, it has read.
	if len(queue) > 1 && t.rest != "" {
		for page, err := range t.pagesFrom(ctx, t.source, t.source.Path, nil, t.rest) {
			if err != nil {
				return err
			}
			var rows []row
			lowest, highest := int64(math.MaxInt64), int64(0)
			for _, raw := range page.Records {
				id := number(field(raw, "id"))
				lowest, highest = min(lowest, id), max(highest, id)
				if i := slices.Index(queue, id); i >= 0 {
					queue = slices.Delete(queue, i, i+1)
					rows = append(rows, f.row(t, raw, wanted[id], page.ServerTime))
				}
			}
			if f.write(t, rows, nil); !worthReading(queue, lowest, highest-lowest+1) {
				break
			}
		}
	}
	for _, id := range queue {
		found, _, err := f.one(ctx, t, id, wanted[id])
		if err != nil {
			return err
		}
		if found != nil {
			f.write(t, []row{*found}, nil)
		}
	}
	return nil
}

// worthReading reports whether reading on in a list, whose pages hold ids that
// lie so close, finds some of the ids with fewer requests than asking for them
// one by one.
func worthReading(ids []int64, below, perPage int64) bool {
	for i, id := range ids { // from the greatest on
		if pages := (below - id + perPage - 1) / perPage; pages < int64(i+1) {
			return true
		}
	}
	return false
}

// customers tells which customers are gone. Of two that were merged, one is
// asked for: which of them remains, the API's documentation leaves open. The
// merge dates that one anew, so that the list has shown it.
func (f *feed) customers(ctx context.Context, t *task, events []event) error {
	wanted, dead, into := instants{}, instants{}, map[int64]int64{}
	for _, e := range events {
		if e.kind == "customer-deleted" {
			dead.add(e.object, e.at)
			continue
		}
		wanted.add(cmp.Or(e.other, e.object), e.at)
		into[e.other] = e.object
	}
	var graves []grave
	for id, at := range dead {
		delete(wanted, id)
		graves = append(graves, f.grave(t.source, at, id))
	}
	f.write(t, nil, graves)
	for queue := slices.Sorted(maps.Keys(wanted)); len(queue) > 0; queue = queue[1:] {
		id := queue[0]
		found, _, err := f.one(ctx, t, id, wanted[id])
		if err != nil {
			return err
		}
		if other := into[id]; found != nil && other != 0 && dead[other].IsZero() {
			wanted.add(other, wanted[id])
			queue = append(queue, other)
		}
	}
	return nil
}

// one asks for a record by its id. If it is gone, its grave is written; into is
// then the one it was merged into, if it was.
func (f *feed) one(ctx context.Context, t *task, id int64, at time.Time) (found *row, into int64, err error) {
	page, err := t.single(ctx, t.source.Path, id)
	var e *gorgias.Error
	if errors.As(err, &e) && (e.Kind == gorgias.NotFound || e.Kind == gorgias.Merged) {
		f.write(t, nil, []grave{f.grave(t.source, at, id)})
		return nil, e.MergedInto, nil
	}
	if err != nil {
		return nil, 0, err
	}
	r := f.row(t, page.Records[0], at, page.ServerTime)
	return &r, 0, nil
}

// single asks for a record by its id. Whatever else is answered in its place is
// asked for again, and then an error.
func (t *task) single(ctx context.Context, path string, id int64) (*gorgias.Page, error) {
	path = fmt.Sprintf("%s/%d", path, id)
	for tries := 1; ; tries++ {
		page, err := t.Client.List(ctx, gorgias.SingleObject, path, nil, "")
		switch {
		case err != nil:
			return nil, err
		case len(page.Records) == 1 && number(field(page.Records[0], "id")) == id:
			return page, nil
		case tries == 3:
			return nil, &gorgias.Error{Kind: gorgias.InvalidResponse, Path: "/api/" + path, Status: 200, Attempts: tries, Message: "another record than the one that was asked for"}
		}
	}
}

// row takes note of a record that was read again because of what happened at
// the given time.
func (f *feed) row(t *task, raw json.RawMessage, at, served time.Time) row {
	id := field(raw, "id")
	until := later(at, cursorOf(raw, t.source.Cursor)) // remembered until neither will be met again
	r := row{raw: raw, at: until, print: printOf(id, until, raw)}
	r.told = told(fmt.Appendf(nil, "told %s", id), at, until, r.print)
	if s := t.sights[number(id)]; !s.at.IsZero() && s.print.sum == r.print.sum {
		r.written = true
	}
	t.see(r, served)
	if !r.written && slices.ContainsFunc(t.fed(), func(m *member) bool { return m.mark.Fingerprints.has(r.told) }) {
		// It will not be written again because of this, and the destination may
		// hold another version all the same: what a sync that was killed wrote
		// because of something later. Only when that is heard is it certain.
		s := t.sights[number(id)]
		s.at = time.Time{}
		t.sights[number(id)] = s
	}
	return r
}

// told is the fingerprint of a record that was written because of what happened
// at a certain time. If it is there, so is the record; that the same version was
// written last does not say so: a sync that was killed may have written another
// since, and have had no time to say it.
func told(name []byte, at, until time.Time, version print) print {
	return printOf(name, until, fmt.Appendf(nil, "%d %x", at.UnixMicro(), version.sum))
}

// passed are the records that need not be read again because of what happened
// at the given times, since this sync has written them later. The next one, which
// hears of it again, is to know.
func (f *feed) passed(t *task, current instants) {
	var rows []row
	for _, id := range slices.Sorted(maps.Keys(current)) {
		s := t.sights[id]
		until := later(current[id], time.Unix(int64(s.print.at), 0))
		rows = append(rows, row{at: until, print: s.print, told: told(fmt.Appendf(nil, "told %d", id), current[id], until, s.print), written: true})
	}
	f.write(t, rows, nil)
}

// A grave is the record of a deletion.
type grave struct {
	stream string
	row
}

// grave makes the record that says that one with that key was deleted. It holds
// nothing but the key, the tombstone, and the cursor.
func (f *feed) grave(s *Stream, at time.Time, key ...int64) grave {
	return f.graveDated(s, at, at, key...)
}

// graveDated makes a grave that is dated otherwise than when it was dug.
func (f *feed) graveDated(s *Stream, dated, at time.Time, key ...int64) grave {
	spelled := dated.UTC().Format(instantLayout)
	raw := fmt.Appendf(nil, `{%q:%q,%q:%q`, f.Tombstone, spelled, s.Cursor, spelled)
	var name []byte
	for i, k := range key {
		raw = fmt.Appendf(raw, ",%q:%d", s.Key[i], k)
		name = fmt.Appendf(name, "/%d", k)
	}
	raw = append(raw, '}')
	return grave{s.Name, row{raw: raw, at: dated, print: told(name[1:], at, later(at, dated), printOf(nil, at, raw))}}
}

// write hands what is new to them to the streams of t that wait.
func (f *feed) write(t *task, rows []row, graves []grave) {
	for _, g := range graves {
		if g.stream == t.source.Name { // what was written of it before does not count any more
			delete(t.sights, number(field(g.raw, "id")))
		}
	}
	for _, m := range t.fed() {
		records, met := m.unwritten(rows)
		retold := len(records)
		for _, g := range graves {
			if g.stream != m.Name || f.Tombstone == "" {
				continue
			}
			met = append(met, g.print)
			if !m.mark.Fingerprints.has(g.print) {
				records = append(records, g.raw)
			}
		}
		m.mark.Fingerprints = m.mark.Fingerprints.with(met, t.floor(m))
		if len(records) > 0 {
			t.send(m, Batch{Records: records, Bookmark: m.mark, Retold: retold, Graves: len(records) - retold})
		}
	}
}
