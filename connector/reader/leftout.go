package reader

import (
	"fmt"
	"sync"

	"source-gorgias/connector/stream"
)

// A KeyError ends a stream of whose list rows were left out, because their key is
// missing or cannot be stored: written as null, they would all be one record. All
// other rows have been emitted, and the bookmark has moved past the row: no later
// sync could write it, and a watermark that stood still would make each sync read
// more than the last one. The row is reported again whenever it is read again.
type KeyError struct {
	Stream *stream.Stream // of the list
	Rows   int
}

func (e *KeyError) Error() string {
	kind := "an integer of 64 bits"
	if e.Stream.TextKey {
		kind = "a text"
	}
	return fmt.Sprintf("%s: %d rows of /api/%s were left out, because their %s is not %s; all others were read. Ask Gorgias's support to correct them, then read the stream once without its state",
		e.Stream.Name, e.Rows, e.Stream.Path, e.Stream.ID(), kind)
}

// keyError returns the error of a stream of whose own or whose parent's list rows
// were left out; nil if there are none.
func (r *Run) keyError(s *stream.Stream) error {
	for _, list := range []*stream.Stream{s, s.Source()} {
		if n := r.unusable.get(list); n > 0 {
			return &KeyError{list, n}
		}
	}
	return nil
}

// Unusable returns how many rows of a list were left out.
func (r *Run) Unusable(s *stream.Stream) int { return r.unusable.get(s) }

// warnOfValues warns, once per stream, of elements that were left out, and of
// numbers that were read as null.
func (r *Run) warnOfValues(o *Output) {
	if o.leftOut > 0 {
		r.Warn(o, fmt.Sprintf("%d elements of %s were left out: they have no usable %s", o.leftOut, o.Stream.Source().Name, o.Stream.ID()))
		o.leftOut = 0
	}
	for _, list := range []*stream.Stream{o.Stream, o.Stream.Source()} {
		if n := r.nonFinite.take(list); n > 0 {
			r.Warn(o, fmt.Sprintf("%d values of %s were read as null: the API sent NaN or Infinity, which JSON does not have", n, list.Name)) //rule:nan-is-reported
		}
	}
}

// A counter counts by stream.
type counter struct {
	mu sync.Mutex
	n  map[*stream.Stream]int
}

func (c *counter) add(s *stream.Stream, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[*stream.Stream]int{}
	}
	c.n[s] += n
}

func (c *counter) get(s *stream.Stream) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[s]
}

// take returns the count and begins again.
func (c *counter) take(s *stream.Stream) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.n[s]
	delete(c.n, s)
	return n
}
