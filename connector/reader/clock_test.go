package reader

import (
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/stream"
)

// TestUncertainResponse checks that a response whose Date is ahead of the host's
// clock is dated when it was asked for: what another list shows meanwhile may have
// happened since.
func TestUncertainResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock
		tickets := &stream.Stream{}
		record := func(at time.Time) []stream.Record { return []stream.Record{{Cursor: at}} }
		start := time.Now().UTC()
		c.observe(tickets, &Page{ServerTime: start.Add(time.Hour), Records: record(start)})
		asked := time.Now()
		time.Sleep(time.Minute) // the account answers within this time
		c.observe(tickets, &Page{ServerTime: start.Add(time.Hour), Records: record(time.Now())})
		if got := c.Certain(read(start.Add(time.Hour), asked)); !got.Equal(start) {
			t.Errorf("%v, expected %v", got, start)
		}
	})
}
