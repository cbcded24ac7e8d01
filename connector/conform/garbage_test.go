package conform_test

import (
	"bytes"
	"runtime"
	"testing"
	"weak"

	"source-gorgias/connector/conform"
)

// Nothing keeps a record alive, nor the page that it is a part of, once it has been
// conformed: the memory of a sync would have more pages than its own bounds say.
func TestRecordsAreGarbageSoon(t *testing.T) {
	for _, text := range []string{
		`{"id":1}`, `{"new":1,"newer":{"a":[{"b":null}]}}`, `{"id":{"no":"number"},"new":"x"}`, `{"new":1,"new":2}`,
		`{"source":{"extra":{"deep":[1]},"extra":2},"new":1}`,
	} {
		s, err := conform.Compile([]byte(messageSchema), nil)
		if err != nil {
			t.Fatal(err)
		}
		raw := bytes.Clone([]byte(text + string(bytes.Repeat([]byte(" "), 100))))
		page := weak.Make(&raw[0])
		if _, _, err := s.Append(nil, raw); err != nil {
			t.Fatal(err)
		}
		raw = nil
		for range 3 {
			runtime.GC()
		}
		if page.Value() != nil {
			t.Errorf("%s is still there", text)
		}
		runtime.KeepAlive(s)
	}
}
