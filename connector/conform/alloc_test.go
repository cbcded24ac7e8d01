//go:build !race

package conform_test

import (
	"bytes"
	"testing"

	"source-gorgias/connector/conform"
)

// A clean record needs no memory but its own bytes. This does not hold under the
// race detector, where sync.Pool, which holds jsontext's decoders, drops items at
// random.
func TestAllocations(t *testing.T) {
	s, err := conform.Compile([]byte(messageSchema), nil)
	if err != nil {
		t.Fatal(err)
	}
	page := messages(20)
	var dst []byte
	names := []string{"id", "created_datetime", "absent"}
	values := make([][]byte, len(names))
	work := func() {
		dst = dst[:0]
		for _, record := range page {
			var nulled []conform.Nulled
			if dst, nulled, err = s.Append(dst, record); err != nil || nulled != nil {
				t.Fatal(nulled, err)
			}
			if id, ok := conform.Field(record, "created_datetime"); !ok || id[0] != '"' {
				t.Fatal(string(id))
			}
			if conform.Fields(record, names, values); values[0] == nil || values[1] == nil || values[2] != nil {
				t.Fatalf("%q", values)
			}
		}
	}
	work()
	if n := testing.AllocsPerRun(20, work); n != 0 {
		t.Errorf("%v allocations for a page", n)
	}
	if bytes.Contains(dst, []byte(`"auth_customer_identity":null,"unrec`)) || !bytes.Contains(dst, []byte(`"unrecognized_fields":{"auth_customer_identity":null}`)) {
		t.Error("the page is wrong")
	}
}
