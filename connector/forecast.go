package connector

import (
	"context"
	"slices"

	"source-gorgias/connector/reader"
	"source-gorgias/connector/reconcile"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// A Forecast is what the next sync will request.
type Forecast struct {
	Lists []reader.Estimate `json:"lists"`
	// Requests is the sum of those of the lists; Accuracy is the worst of them.
	Requests int             `json:"requests"`
	Accuracy reader.Accuracy `json:"accuracy"`
	// Seconds is how long the sync will take at the account's rate limit, if
	// other integrations use no more than the reserve.
	Seconds float64 `json:"seconds"`
	// RateLimit is the number of requests that fit in the account's bucket, which
	// empties in 20 seconds. Reserve is the share that is left to others.
	RateLimit int     `json:"rate_limit"`
	Reserve   float64 `json:"reserve"`
	// ForecastRequests is how many requests the forecast itself took.
	ForecastRequests int `json:"forecast_requests"`
}

// Forecast requests a page of each list, and of some lists the page at the
// other end. It leaves the plan as it is. It returns an error only if the
// credentials are rejected, the host cannot be reached or ctx ends; other errors are in the estimates.
func (p *Plan) Forecast(ctx context.Context) (*Forecast, error) {
	sent := p.RateLimiter.Sent()
	run := &reader.Run{Options: p.Options}
	lists, feed := p.splitFeed(run, p.groupByList(run))
	f := &Forecast{Accuracy: reader.Exact}
	if l := feed.Shared(); l != nil && !slices.Contains(lists, l) {
		lists = append(lists, l)
	}
	for _, l := range lists {
		if err := f.addList(ctx, l, p.readerOf(l.Source)); err != nil {
			return nil, err
		}
	}
	for _, l := range lists {
		if e, due := reconcile.Forecast(l); due {
			if err := f.add(ctx, l.Source, e, nil); err != nil {
				return nil, err
			}
		}
	}
	if feed.Waits() {
		e, err := feed.Forecast(ctx)
		if err := f.add(ctx, streams.Events, e, err); err != nil {
			return nil, err
		}
	}
	f.ForecastRequests = p.RateLimiter.Sent() - sent
	f.RateLimit, f.Reserve, f.Seconds = p.RateLimiter.Forecast(f.Requests)
	return f, nil
}

// addList adds the estimate of a list. It returns an error if that ends the forecast.
func (f *Forecast) addList(ctx context.Context, l *reader.List, r reader.Reader) error {
	e, err := r.Forecast(ctx, l)
	if err == nil {
		f.addChildren(l, e)
	}
	for _, o := range l.Outputs {
		e.Streams = append(e.Streams, o.Stream.Name)
	}
	if len(e.Streams) == 0 {
		e.Streams = []string{l.Source.Name}
	}
	return f.add(ctx, l.Source, e, err)
}

// add adds an estimate, with the error that prevented a better one. It returns
// the error if it ends the forecast.
func (f *Forecast) add(ctx context.Context, s *stream.Stream, e reader.Estimate, err error) error {
	if err != nil {
		if ctx.Err() != nil || EndsAll(err) {
			return err
		}
		e.Error = Classify(s, err).Message
	} else {
		f.Requests += e.Requests
	}
	f.Accuracy = f.Accuracy.Worse(e.Accuracy)
	f.Lists = append(f.Lists, e)
	return nil
}

// addChildren adds the lists below each record of a list.
func (f *Forecast) addChildren(l *reader.List, parent reader.Estimate) {
	for _, o := range l.Children {
		f.Requests += parent.Records
		f.Accuracy = f.Accuracy.Worse(reader.AtLeast)
		f.Lists = append(f.Lists, reader.Estimate{Streams: []string{o.Stream.Name}, Description: "one list for each of " + l.Source.Name,
			Requests: parent.Records, Accuracy: reader.AtLeast})
	}
}
