package sketch

import (
	"fmt"
	"testing"
)

func BenchmarkToggle(b *testing.B) {
	s := New(capacity)
	for i := 0; b.Loop(); i++ {
		s.Toggle(message(i))
	}
}

// BenchmarkDecode finds 0, 1, … 16 deletions among a million, or that there are
// more than 16.
func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{0, 1, 4, 16, 17, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, _ := changed(newRandom(b, 9), n)
			if err := s.Merge(million()); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, ok := s.Decode(); ok != (n <= capacity) {
					b.Fatal(ok)
				}
			}
		})
	}
}
