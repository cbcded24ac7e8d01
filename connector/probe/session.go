package probe

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// pageSize is the number of records that a page has at most.
const pageSize = "100"

// A session asks an account.
type session struct {
	client    *gorgias.Client
	transport *Transport
	wait      time.Duration
	view      view
	first     map[*stream.Stream]listing // first pages
	reserved  int                        // requests that are kept for the end
	again     repeat
	last      error // of the last request that failed
	err       error // that ends the probe
}

// A listing is the response to one request.
type listing struct {
	outcome outcome
	raw     []json.RawMessage
	rows    []stream.Record
	next    string
	array   bool
	bytes   int
	query   url.Values
	of      *stream.Stream
}

func newSession(o Options) *session {
	s := &session{client: o.Client, transport: o.Transport, wait: o.Wait, first: map[*stream.Stream]listing{}, reserved: 1}
	s.view.filters = map[filter]*filtered{}
	for f := range filterCount {
		s.view.filters[f] = &filtered{}
	}
	s.view.tickets = map[int64]ticket{}
	return s
}

// ask sends the requests, the important ones first: those at the end are left out if
// repeated requests use up the budget.
func (s *session) ask(ctx context.Context) error {
	account := s.listOf(ctx, streams.Account)
	if s.err == nil && account.outcome != ok && account.outcome != forbidden {
		return s.last
	}
	s.view.account = account.outcome
	if len(account.raw) > 0 {
		s.view.accountCreated = stream.Timestamp(account.raw[0], "created_datetime")
	}
	for _, step := range []func(context.Context){
		s.askEvents, s.askLists, s.askTickets, s.askMerges, s.askDeletions, s.askSurveys, s.seeValues, s.askSingles, s.askLimits, s.askAgain,
	} {
		if step(ctx); s.err != nil {
			return s.err
		}
	}
	s.seeLabels()
	s.seeLists()
	return nil
}

// get requests a page, if the budget allows it.
func (s *session) get(ctx context.Context, envelope gorgias.Envelope, of *stream.Stream, path string, query url.Values, token string) listing {
	l := listing{outcome: unsent, query: query, of: of}
	if s.err != nil || MaxRequests-s.transport.sent <= s.reserved {
		return l
	}
	one, cancel := context.WithCancel(ctx)
	defer cancel()
	s.transport.stop, s.transport.refused = cancel, false
	page, err := s.client.List(one, envelope, path, query, token)
	switch {
	case err == nil:
		l.outcome, l.raw, l.next, l.array, l.bytes = ok, page.Records, page.NextToken, s.transport.array, s.transport.bytes
		s.view.now = page.ServerTime
		for _, raw := range page.Records {
			if rec := of.NewRecord(raw); rec.Key != nil {
				l.rows = append(l.rows, rec)
			}
		}
	case ctx.Err() != nil, gorgias.Is(err, gorgias.Unauthorized):
		s.err = err
	case s.transport.refused:
	default:
		s.last, l.outcome = err, outcomeOf(err)
	}
	return l
}

func outcomeOf(err error) outcome {
	for kind, o := range map[gorgias.Kind]outcome{gorgias.ClientError: rejected, gorgias.Forbidden: forbidden, gorgias.NotFound: gone, gorgias.Merged: redirected} {
		if gorgias.Is(err, kind) {
			return o
		}
	}
	return failed
}

// page requests a page of a stream's list with other parameters than the stream's.
func (s *session) page(ctx context.Context, of *stream.Stream, query url.Values, token string) listing {
	return s.get(ctx, of.Envelope, of, of.Path, query, token)
}

// listOf returns the first page of a stream's list as the connector reads it; each is
// requested once.
func (s *session) listOf(ctx context.Context, of *stream.Stream) listing {
	if l, known := s.first[of]; known {
		return l
	}
	path, query := of.Path, maps.Clone(of.Query)
	if query == nil {
		query = url.Values{}
	}
	if len(of.Partitions) > 0 {
		maps.Copy(query, of.Partitions[0])
	}
	if of.Mode != stream.SingleObject {
		query.Set("limit", pageSize)
	}
	if of.Mode == stream.PerParent {
		parents := s.listOf(ctx, of.Parent)
		if len(parents.rows) == 0 {
			return listing{outcome: parents.outcome, of: of}
		}
		path = strings.Replace(path, "{id}", string(parents.rows[0].Key), 1)
	}
	l := s.get(ctx, of.Envelope, of, path, query, "")
	s.first[of] = l
	return l
}

// listed are the streams with a list of their own that is read by GET: what other
// lists are compared with comes first.
func listed() []*stream.Stream {
	first := []*stream.Stream{streams.Account, streams.Events, streams.Tickets, streams.Messages, streams.Customers, streams.Surveys, streams.CustomFields, streams.Tags}
	for _, s := range streams.All() {
		if s.Mode != stream.Derived && s.Mode != stream.DailyReport && !slices.Contains(first, s) {
			first = append(first, s)
		}
	}
	return first
}

// askLists reads the first page of each list.
func (s *session) askLists(ctx context.Context) {
	for _, of := range listed() {
		s.keepToken(s.listOf(ctx, of))
	}
	s.addTickets(s.listOf(ctx, streams.Tickets))
	for _, of := range []*stream.Stream{streams.Tickets, streams.Customers} {
		query := maps.Clone(of.ByCreation)
		query.Set("limit", pageSize)
		l := s.page(ctx, of, query, "")
		s.view.byCreation = append(s.view.byCreation, listOrder{of, orderOf(l.rows, createdOf, true)})
		if of == streams.Tickets {
			s.addTickets(l)
		}
	}
}

// addTickets adds the tickets of a page to the view.
func (s *session) addTickets(l listing) {
	for _, rec := range l.rows {
		s.view.tickets[rec.ID()] = newTicket(rec.Raw)
	}
}

// askTickets requests, by their ids, the tickets that events are about.
func (s *session) askTickets(ctx context.Context) {
	wanted := map[int64]bool{}
	add := func(types []string, ticketOf func(event) int64) {
		events := s.view.eventsOf(types...)
		for _, e := range events[:min(40, len(events))] {
			if id := ticketOf(e); id != 0 {
				wanted[id] = true
			}
		}
	}
	add(labelTypes, func(e event) int64 { return e.object })
	add(messageTypes, s.view.events.ticketOf)
	add([]string{"ticket-message-created"}, s.view.events.ticketOf)
	if page := s.listOf(ctx, streams.Tickets); len(wanted) == 0 && len(page.rows) > 0 {
		wanted[page.rows[len(page.rows)/2].ID()] = true
	}
	s.missingTickets(ctx, wanted, 0)
	if page := s.listOf(ctx, streams.Messages); len(page.rows) > 0 {
		owner := page.rows[len(page.rows)/2].Owner
		l := s.page(ctx, streams.Messages, newestFirst("ticket_id", strconv.FormatInt(owner, 10)), "")
		s.view.filters[ticketFilter].note(l, func(rec stream.Record) bool { return rec.Owner != owner })
	}
}

// missingTickets requests up to 100 tickets by their ids at once. It returns up to n
// of those that are missing from the response.
func (s *session) missingTickets(ctx context.Context, wanted map[int64]bool, n int) (missing []int64) {
	ids := slices.Sorted(maps.Keys(wanted))
	slices.Reverse(ids)
	ids = slices.DeleteFunc(ids, func(id int64) bool { return id <= 0 })
	ids = ids[:min(100, len(ids))]
	f := s.view.filters[ticketIDsFilter]
	if len(ids) == 0 || f.outcome == rejected {
		return nil
	}
	query := url.Values{"limit": {pageSize}}
	for _, id := range ids {
		query.Add("ticket_ids", strconv.FormatInt(id, 10))
	}
	l := s.page(ctx, streams.Tickets, query, "")
	f.note(l, func(rec stream.Record) bool { return !wanted[rec.ID()] })
	if l.outcome != ok || f.outside > 0 {
		return nil
	}
	s.addTickets(l)
	for _, id := range ids {
		if _, there := s.view.tickets[id]; !there && len(missing) < n {
			missing = append(missing, id)
		}
	}
	return missing
}

// askSingles requests a ticket and a customer that have values of custom fields.
func (s *session) askSingles(ctx context.Context) {
	for _, of := range []*stream.Stream{streams.Tickets, streams.Customers} {
		for _, rec := range s.listOf(ctx, of).rows {
			if len(newTicket(rec.Raw).fields) == 0 {
				continue
			}
			if l := s.lookup(ctx, of, rec.ID()); l.outcome == ok {
				s.view.values.singles++
				if l.values > 0 {
					s.view.values.complete++
				}
			}
			break
		}
	}
}
