package verify

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-gorgias/connector/changefeed"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// An account answers for its records.
type account struct {
	*reader.List
	changes  *changefeed.Changes
	oneByOne bool           // the list takes no ids
	rowless  map[int64]bool // groups without rows: if the list lacks them, all is well
}

func newAccount(o *Options) *account {
	run := &reader.Run{Options: reader.Options{Client: o.Client}, Emit: func(reader.Batch, error) {}}
	return &account{List: &reader.List{Run: run, Source: o.Stream.Source()}, changes: streams.ChangesOf(o.Stream)}
}

// ask passes to each the records of some groups: as many at once as the list takes,
// those of a thread, or one by one. Those that are gone are none.
func (a *account) ask(ctx context.Context, groups []int64, each func(stream.Record)) error {
	if a.Source.BelongsTo != "" {
		for _, id := range groups {
			if err := a.askThread(ctx, id, each); err != nil {
				return err
			}
		}
		return nil
	}
	if a.Source.IDsParam == "" || a.oneByOne {
		return a.askOneByOne(ctx, groups, each)
	}
	for ids := range slices.Chunk(groups, reader.MaxPageSize) {
		missing, err := a.askTogether(ctx, ids, each)
		if gorgias.Is(err, gorgias.ClientError) {
			a.oneByOne = true
			return a.ask(ctx, groups, each)
		}
		if err == nil {
			missing = slices.DeleteFunc(missing, func(id int64) bool { return a.rowless[id] })
			err = a.askOneByOne(ctx, missing, each)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// askOneByOne requests each record by its id.
func (a *account) askOneByOne(ctx context.Context, ids []int64, each func(stream.Record)) error {
	for _, id := range ids {
		rec, _, err := a.FetchByID(ctx, a.Source, a.Source.Path, 0, id)
		merged, _ := gorgias.MergedInto(err)
		switch {
		case merged, gorgias.Is(err, gorgias.NotFound):
		case err != nil:
			return err
		default:
			each(rec)
		}
	}
	return nil
}

// askTogether requests records by their ids in one request. It returns the ids that the
// list lacks.
func (a *account) askTogether(ctx context.Context, ids []int64, each func(stream.Record)) (missing []int64, err error) {
	query, found := url.Values{}, map[int64]bool{}
	for _, id := range ids {
		query.Add(a.Source.IDsParam, strconv.FormatInt(id, 10))
	}
	for page, err := range a.Pages(ctx, a.Source, a.Source.Path, query, "", nil) {
		if err != nil {
			return nil, err
		}
		for _, rec := range page.Records {
			if !found[rec.ID()] {
				found[rec.ID()] = true
				each(rec)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return found[id] }), nil
}

// askThread reads what belongs to one record.
func (a *account) askThread(ctx context.Context, id int64, each func(stream.Record)) error {
	fetch := func(ctx context.Context, owner int64, token string) (*reader.Page, error) {
		return a.FetchPage(ctx, a.Source, a.Source.Path, url.Values{a.Source.BelongsTo: {strconv.FormatInt(owner, 10)}}, token)
	}
	pager := reader.Pager{Path: a.Source.Path, Fetch: func(ctx context.Context, token string) (*reader.Page, error) { return fetch(ctx, id, token) }}
	same := func(ctx context.Context, other stream.Record) error {
		_, err := fetch(ctx, other.Owner, "")
		return err
	}
	seen := map[int64]bool{}
	for page, err := range a.PagesOf(ctx, pager, a.Source, same) {
		if err != nil {
			return err
		}
		for _, rec := range page.Records {
			if !seen[rec.ID()] {
				seen[rec.ID()] = true
				each(rec)
			}
		}
	}
	return nil
}

// list passes all records of the list to each, and calls restart before it begins
// again. They come in the order of their creation, if the list has it: what changes
// meanwhile keeps its place.
func (a *account) list(ctx context.Context, restart func(), each func(stream.Record)) error {
	for _, partition := range a.partitions() {
		extra := url.Values{}
		for _, values := range []url.Values{a.Source.ByCreation, partition} {
			for name := range values {
				extra[name] = values[name]
			}
		}
		for page, err := range a.Pages(ctx, a.Source, a.Source.Path, extra, "", nil) {
			if err != nil {
				return err
			}
			if page.Restarted {
				restart()
			}
			for _, rec := range page.Records {
				each(rec)
			}
		}
	}
	return nil
}

// partitions are the further parameters of each reading of the list.
func (a *account) partitions() []url.Values {
	if len(a.Source.Partitions) == 0 {
		return []url.Values{nil}
	}
	return a.Source.Partitions
}

// first requests the first record of the list.
func (a *account) first(ctx context.Context) (*reader.Page, error) {
	query := url.Values{"limit": {"1"}}
	for name, values := range a.partitions()[0] {
		query[name] = values
	}
	return a.FetchPage(ctx, a.Source, a.Source.Path, query, "")
}

// random returns up to n groups that random windows of the account's events name, by the
// time of the server: what rows do not show. The events of the list itself are its records.
func (a *account) random(ctx context.Context, n int, since time.Time, rng *rand.Rand) ([]int64, error) {
	events := streams.Events
	if a.changes == nil && a.Source != events {
		return nil, nil
	}
	types := a.groupTypes()
	oldest, err := a.window(ctx, events, types, time.Time{}, 1)
	if err != nil || len(oldest.Records) == 0 {
		return nil, err
	}
	begin := oldest.Records[0].Cursor
	if since.After(begin) {
		begin = since
	}
	found := map[int64]bool{}
	for range max(1, n/50) {
		span := a.LastServerTime().Sub(begin)
		if span <= 0 {
			break
		}
		page, err := a.window(ctx, events, types, begin.Add(time.Duration(rng.Int64N(int64(span)))), reader.MaxPageSize)
		if err != nil {
			return nil, err
		}
		for _, rec := range page.Records {
			id := rec.ID()
			if a.Source != events {
				id = stream.Integer(stream.Field(rec.Raw, "object_id"))
			}
			found[id] = true
		}
	}
	delete(found, 0) // an event of no object
	groups := slices.Sorted(maps.Keys(found))
	rng.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	return groups[:min(n, len(groups))], nil
}

// groupTypes are the types of the events whose objects are groups; none for the list of
// events itself. Of ticket-message-deleted, that is ticket-message-…; what belongs to a
// ticket is asked for by that: ticket-….
func (a *account) groupTypes() (types []string) {
	if a.Source == streams.Events {
		return nil
	}
	prefix := a.changes.DeletedType[:strings.LastIndexByte(a.changes.DeletedType, '-')+1]
	if a.Source.BelongsTo != "" {
		prefix = strings.TrimSuffix(a.Source.BelongsTo, "_id") + "-"
	}
	for _, t := range a.changes.EventTypes {
		if rest, ok := strings.CutPrefix(t, prefix); ok && !strings.Contains(rest, "-") {
			types = append(types, t)
		}
	}
	return types
}

// window requests one page of events from a time on; of all types, if the account does
// not take the filter.
func (a *account) window(ctx context.Context, events *stream.Stream, types []string, from time.Time, limit int) (*reader.Page, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if !from.IsZero() {
		query.Set(events.SinceParam, from.UTC().Format(reader.SinceLayout))
	}
	if len(types) > 0 {
		query["types"] = types
	}
	page, err := a.FetchPage(ctx, events, events.Path, query, "")
	if gorgias.Is(err, gorgias.ClientError) && query.Has("types") {
		query.Del("types")
		page, err = a.FetchPage(ctx, events, events.Path, query, "")
	}
	if err == nil && len(types) > 0 {
		page.Records = slices.DeleteFunc(page.Records, func(rec stream.Record) bool {
			return !slices.Contains(types, strings.Trim(string(stream.Field(rec.Raw, "type")), `"`))
		})
	}
	return page, err
}

// touched returns the ids of all objects that events since a time name: what changed
// after the rows were loaded, or while they are compared.
func (a *account) touched(ctx context.Context, since time.Time) (map[int64]bool, error) {
	events := streams.Events
	query := url.Values{events.SinceParam: {since.UTC().Format(reader.SinceLayout)}}
	if a.changes != nil {
		query["types"] = a.changes.EventTypes
	}
	ids, err := a.namedBy(ctx, query)
	if gorgias.Is(err, gorgias.ClientError) && query.Has("types") {
		query.Del("types")
		ids, err = a.namedBy(ctx, query)
	}
	return ids, err
}

func (a *account) namedBy(ctx context.Context, query url.Values) (map[int64]bool, error) {
	ids := map[int64]bool{}
	for page, err := range a.Pages(ctx, streams.Events, streams.Events.Path, query, "", nil) {
		if err != nil {
			return nil, err
		}
		for _, rec := range page.Records {
			ids[stream.Integer(stream.Field(rec.Raw, "object_id"))] = true
			addIDs(ids, stream.Field(rec.Raw, "data"))
		}
	}
	return ids, nil
}

// idInData matches the ids of other objects that the data of an event name.
var idInData = regexp.MustCompile(`"[a-z_]*(?:id|ticket|customer)":\s*"?(\d+)`)

// addIDs adds the ids that the data of an event name.
func addIDs(ids map[int64]bool, data []byte) {
	for _, found := range idInData.FindAllSubmatch(data, -1) {
		ids[stream.Integer(found[1])] = true
	}
}
