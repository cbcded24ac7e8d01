package gorgias

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"
)

// retry calls attempt up to c.attempts times, as long as it fails with a
// temporary [*Error]: after 1, 2, 4 … 60 seconds, give or take a quarter, and not
// before the end of the API's Retry-After. If that is longer than c.maxWait, retry
// gives up.
func (c *Client) retry(ctx context.Context, path string, attempt func(context.Context) error) error {
	var last *Error
	var since time.Time // when the status of last came first
	attempts := 0
	backoff := retry.WithJitterPercent(25, retry.NewExponential(time.Second))
	backoff = retry.WithMaxRetries(uint64(c.attempts-1), retry.WithCappedDuration(time.Minute, backoff))
	backoff = honorRetryAfter(func() time.Duration { return last.retryAfter }, backoff)
	backoff = notify(func(wait time.Duration) {
		if c.retried != nil {
			c.retried(last, wait)
		}
	}, backoff)

	err := retry.Do(ctx, backoff, func(ctx context.Context) error {
		attempts++
		before := last
		err := attempt(ctx)
		if ctx.Err() != nil || !errors.As(err, &last) {
			return err
		}
		if before == nil || before.Kind != last.Kind || before.Status != last.Status {
			since = time.Now()
		}
		last.Path, last.Attempts = path, attempts
		last.Lasting = last.Kind == Unproven && time.Since(since) >= lasting
		if last.temporary && last.retryAfter <= c.maxWait {
			return retry.RetryableError(last)
		}
		return last
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// honorRetryAfter extends the waits of a backoff to the API's Retry-After.
func honorRetryAfter(retryAfter func() time.Duration, next retry.Backoff) retry.Backoff {
	return retry.BackoffFunc(func() (time.Duration, bool) {
		wait, stop := next.Next()
		return max(wait, retryAfter()), stop
	})
}

// notify calls f with each wait of a backoff.
func notify(f func(time.Duration), next retry.Backoff) retry.Backoff {
	return retry.BackoffFunc(func() (time.Duration, bool) {
		wait, stop := next.Next()
		if !stop {
			f(wait)
		}
		return wait, stop
	})
}
