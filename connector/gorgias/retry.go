package gorgias

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"
)

// retry asks again, up to c.attempts times, as long as it fails for a reason that
// may pass: after 1, 2, 4 … 60 seconds, more or less, and not before the time
// the server names. A server that asks for more than c.maxWait is not waited for.
func (c *Client) retry(ctx context.Context, path string, attempt func(context.Context) error) error {
	var last *Error
	tries := 0
	pause := retry.WithJitterPercent(25, retry.NewExponential(time.Second))
	pause = retry.WithMaxRetries(uint64(c.attempts-1), retry.WithCappedDuration(time.Minute, pause))
	pause = heed(func() time.Duration { return last.rest }, pause)
	pause = tell(func(wait time.Duration) {
		if c.retried != nil {
			c.retried(last, wait)
		}
	}, pause)

	err := retry.Do(ctx, pause, func(ctx context.Context) error {
		tries++
		err := attempt(ctx)
		if ctx.Err() != nil || !errors.As(err, &last) {
			return err
		}
		last.Path, last.Attempts = path, tries
		if last.temporary && last.rest <= c.maxWait {
			return retry.RetryableError(last)
		}
		return last
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// heed stretches a backoff to what the server asked for.
func heed(hint func() time.Duration, next retry.Backoff) retry.Backoff {
	return retry.BackoffFunc(func() (time.Duration, bool) {
		wait, stop := next.Next()
		return max(wait, hint()), stop
	})
}

// tell announces each wait of a backoff.
func tell(f func(time.Duration), next retry.Backoff) retry.Backoff {
	return retry.BackoffFunc(func() (time.Duration, bool) {
		wait, stop := next.Next()
		if !stop {
			f(wait)
		}
		return wait, stop
	})
}
