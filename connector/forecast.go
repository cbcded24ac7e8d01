package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector/gorgias"
)

// A Forecast tells what the next sync will ask for, before it is begun.
type Forecast struct {
	Lists []Estimate `json:"lists"`
	// Requests is the sum of those of the lists; Precision the worst of them.
	Requests  int       `json:"requests"`
	Accuracy Accuracy `json:"precision"`
	// Seconds is how long the sync will take at the account's allowance, if
	// nobody else uses more than what is left to others.
	Seconds float64 `json:"seconds"`
	// Allowance is how many requests the account's bucket holds; it runs empty
	// in 20 seconds. Reserve is the share that is left to others.
	RateLimit int     `json:"allowance"`
	Reserve   float64 `json:"reserve"`
	// Probes is how many requests the forecast took.
	ForecastRequests int `json:"probes"`
}

// An Estimate is what will be read of one list.
type Estimate struct {
	// Streams are what is made from the list's records, the first its own.
	Streams []string `json:"streams"`
	// Reads says what is read, in words.
	Description     string    `json:"reads"`
	Requests  int       `json:"requests"`
	Records   int       `json:"records"`
	Accuracy Accuracy `json:"precision"`
	// Fault says why the list cannot be read; "" if it can.
	Error string `json:"fault,omitempty"`
}

// A Precision is how well a number is known.
type Accuracy string

// The precisions, the best first.
const (
	Exact Accuracy = "exactly" // at this moment
	About   Accuracy = "about"   // from how close records lie on one page or two
	AtLeast Accuracy = "at least"
)

func (p Accuracy) worse(q Accuracy) Accuracy {
	order := []Accuracy{Exact, About, AtLeast}
	return order[max(slices.Index(order, p), slices.Index(order, q))]
}

// Forecast asks each list for a page, and of some for the page at its other
// end. It writes nothing, and leaves the plan as it is. Its error is that of
// credentials which are refused; what else goes wrong stands with the list.
func (p *Plan) Forecast(ctx context.Context) (*Forecast, error) {
	sent := p.RateLimiter.Sent()
	r := &round{Plan: p}
	tasks, feed := r.feed(r.tasks())
	f := &Forecast{Accuracy: Exact}
	for _, t := range slices.Concat(tasks, feed.lists) {
		e, err := t.forecast(ctx)
		if err == nil && len(t.below) > 0 {
			f.Lists = append(f.Lists, t.forecastBelow(e)...)
		}
		if len(e.Streams) == 0 {
			e.Streams = []string{t.source.Name}
		}
		if err != nil {
			if ctx.Err() != nil || is(err, gorgias.Unauthorized) {
				return nil, err
			}
			e.Error = Classify(t.source, err).Message
		}
		f.Lists = append(f.Lists, e)
	}
	if len(feed.tasks) > 0 {
		f.Lists = append(f.Lists, feed.forecast(ctx))
	}
	for _, e := range f.Lists {
		if e.Error == "" {
			f.Requests += e.Requests
		}
		f.Accuracy = f.Accuracy.worse(e.Accuracy)
	}
	f.ForecastRequests = p.RateLimiter.Sent() - sent
	f.RateLimit, f.Reserve, f.Seconds = p.RateLimiter.Forecast(f.Requests)
	return f, nil
}

// forecast estimates what a task will read. It takes the walk's own first step,
// and does not hand on what it finds.
func (t *task) forecast(ctx context.Context) (e Estimate, err error) {
	e.Accuracy, e.Requests = Exact, 1
	for _, m := range t.members {
		e.Streams = append(e.Streams, m.Name)
	}
	if t.source.Mode == DailyReport {
		err := t.forecastDays(ctx, &e)
		return e, err
	}
	if t.source.Mode != NewestFirst && t.source.Mode != OldestFirst {
		e.Description = "all of it, as every time"
		e.Requests = max(1, len(t.source.Partitions))
		for _, pass := range append(slices.Clone(t.source.Partitions), nil)[:e.Requests] {
			page, err := t.get(ctx, t.source, t.source.Path, pass, "")
			if err != nil {
				return e, err
			}
			if e.Records += len(page.Records); page.NextToken != "" {
				e.Requests++
				e.Accuracy = AtLeast
			}
		}
		return e, nil
	}
	if t.members = slices.DeleteFunc(t.members, t.ahead); len(t.members) == 0 {
		e.Description, e.Requests = "nothing: the state is past the end date", 0
		return e, nil
	}
	w := &walker{task: t}
	if err := w.resume(ctx); err != nil {
		return e, err
	}
	begun := w.mark.Pages
	page, err := w.fetch(ctx)()
	if w.resumed && (refused(err) || failed(err)) {
		if err = w.begin(ctx); err == nil {
			page, err = w.fetch(ctx)()
		}
	}
	if err != nil {
		return e, err
	}
	rows := w.read(page)
	e.Description = t.reads(w, begun)
	for _, r := range rows {
		if r.at.IsZero() || !r.at.Before(w.mark.LowerBound) && !w.beyond(r.at) {
			e.Records++
		}
	}
	if w.ended() {
		return e, nil
	}
	e.Accuracy = AtLeast
	more := w.remaining(ctx, page)
	if more > 0 {
		e.Accuracy = About
		e.Records += more
	}
	e.Requests += max(1, (more+maxPage-1)/maxPage)
	return e, nil
}

// forecastDays estimates what reports will ask for: of each, the first period is
// read.
func (t *task) forecastDays(ctx context.Context, e *Estimate) error {
	if len(t.Reports) == 0 {
		return errNoReports
	}
	e.Requests = 0
	if t.served.Load() == 0 {
		e.Requests = 1 // the time
	}
	now, err := t.clock(ctx)
	if err != nil {
		return err
	}
	var since day
	var faults []error
	for i, d := range t.diaries(now) {
		if i == 0 || d.from < since {
			since = d.from
		}
		if d.from > d.last {
			continue
		}
		to := min(d.from+minPeriod-1, d.last)
		page, err := d.page(ctx, d.from-1, to+1, d.limit(), "")
		if err != nil {
			var api *gorgias.Error
			if errors.As(err, &api) {
				err = d.named(api)
			}
			if faults = append(faults, err); ctx.Err() != nil || len(faults) == len(t.Reports) {
				return err
			}
			continue
		}
		days, found, _ := d.lines(page.Records, d.from, to)
		for _, lines := range days {
			e.Records += len(lines)
		}
		e.Requests++
		if to < d.last || page.NextToken != "" || !found {
			e.Accuracy = AtLeast
		}
		for length := 2 * minPeriod; to < d.last; length = min(2*length, maxPeriod) {
			to += day(length)
			e.Requests++
		}
	}
	e.Description = fmt.Sprintf("the days since %s, of each of %d reports", since, len(t.Reports))
	if !t.End.IsZero() && since > dayOf(t.End, time.UTC) {
		e.Description = "nothing: the state is past the end date"
	}
	for _, err := range faults {
		e.Description += "; " + Classify(t.source, err).Message
	}
	return nil
}

// reads says in words what a walk is going to read.
func (t *task) reads(w *walker, begun int) string {
	how := "changed"
	if !strings.HasSuffix(t.source.Cursor, "updated_datetime") {
		how = "created"
	}
	text := fmt.Sprintf("what was %s since %s", how, w.mark.LowerBound.UTC().Format(time.DateTime))
	if begun > 0 && w.resumed {
		text += fmt.Sprintf("; it goes on after page %d", begun)
	}
	if t.source.Mode == OldestFirst && t.source.SinceParam == "" {
		text = "all of it, to find what is new"
	}
	return text
}

// remaining estimates how many rows of the walk lie beyond its first page; 0 if
// that cannot be told. How close the rows of that page are in time tells it of a
// short time; of a longer one, the page from the other end of the list, by how
// many ids lie between and how close they are to each other.
func (w *walker) remaining(ctx context.Context, page *gorgias.Page) int {
	var ats []time.Time
	for _, raw := range page.Records {
		if at := cursorOf(raw, w.source.Cursor); !at.IsZero() && !at.After(w.mark.StartedAt) {
			ats = append(ats, at)
		}
	}
	from, to := w.mark.LowerBound, w.mark.LastCursor // what lies between is beyond the page
	end := "created_datetime:asc"
	if w.source.Mode == OldestFirst {
		from, to, end = w.mark.LastCursor, w.mark.StartedAt, "created_datetime:desc"
	}
	if n := len(ats); n > 1 {
		if span := ats[0].Sub(ats[n-1]).Abs(); to.Sub(from) <= 3*span {
			return int(float64(n-1)*to.Sub(from).Seconds()/span.Seconds() + 0.5)
		}
	}
	if w.source.Query.Get("order_by") == "" {
		return 0
	}
	other, err := w.get(ctx, w.source, w.source.Path, url.Values{"order_by": {end}}, "")
	if err != nil || len(other.Records) < 3 {
		return 0
	}
	gap := spacing(other.Records)
	if w.source.Cursor == "created_datetime" { // else the page is in another order
		gap = (gap + spacing(page.Records)) / 2
	}
	// A few rows at either end may have been imported with a date of their own:
	// the middle of the page is not among them.
	middle := other.Records[len(other.Records)/2]
	var newest int64
	for _, raw := range page.Records {
		newest = max(newest, number(field(raw, "id")))
	}
	id, at := number(field(middle, "id")), cursorOf(middle, "created_datetime")
	if gap == 0 || at.IsZero() {
		return 0
	}
	between := math.Abs(float64(newest-id)) / gap
	share := 1.0
	if w.source.Mode == NewestFirst {
		share = min(1, w.mark.StartedAt.Sub(from).Seconds()/max(1, w.mark.StartedAt.Sub(at).Seconds()))
	}
	return max(0, int(between*share)+len(other.Records)/2-len(page.Records))
}

// spacing is how far apart the ids of a page lie, in the mean of the middle
// ones; 0 if that cannot be told.
func spacing(records []json.RawMessage) float64 {
	var gaps []float64
	for i := range len(records) - 1 {
		gaps = append(gaps, math.Abs(float64(number(field(records[i], "id"))-number(field(records[i+1], "id")))))
	}
	slices.Sort(gaps)
	gaps = gaps[len(gaps)/10 : len(gaps)-len(gaps)/10]
	sum := 0.0
	for _, g := range gaps {
		sum += g
	}
	return sum / max(1, float64(len(gaps)))
}

// forecastBelow estimates the lists below each record of a parent's.
func (t *task) forecastBelow(parent Estimate) (all []Estimate) {
	for _, m := range t.below {
		all = append(all, Estimate{Streams: []string{m.Name}, Description: "one list for each of " + t.source.Name, Requests: parent.Records, Accuracy: AtLeast})
	}
	return all
}

// forecast estimates what the events will tell.
func (f *feed) forecast(ctx context.Context) Estimate {
	f.tasks = slices.DeleteFunc(f.tasks, func(t *task) bool { return t.heard().IsZero() }) // a first sync hears what happens meanwhile
	f.begin()
	e := Estimate{Streams: []string{"changes that only events tell of"}, Accuracy: AtLeast}
	if f.from.IsZero() {
		e.Description, e.Requests = "what happens while the lists are read", 1-min(1, len(f.lists))
		return e
	}
	e.Description = "what happened since " + f.from.UTC().Format(time.DateTime) + ", and what the events name, again"
	if len(f.lists) > 0 {
		e.Description += "; the events are read in any case"
		return e
	}
	events := &task{round: f.round, source: Find("events")}
	page, err := events.get(ctx, events.source, events.source.Path, f.query(), "")
	if err != nil {
		e.Error = Classify(events.source, err).Message
		return e
	}
	e.Requests, e.Records = 1, len(page.Records)
	if n := len(page.Records); page.NextToken != "" && n > 1 {
		first, last := cursorOf(page.Records[0], "created_datetime"), cursorOf(page.Records[n-1], "created_datetime")
		more := int(float64(n-1) * page.ServerTime.Sub(last).Seconds() / max(1, last.Sub(first).Seconds()))
		e.Requests, e.Records = 1+max(1, (more+maxPage-1)/maxPage), e.Records+more
	}
	return e
}
