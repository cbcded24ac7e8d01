package sketch

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

const capacity = 16 // of most tests

// message is one of a million messages: three to a ticket, ids with gaps.
func message(i int) Element { return Element{int64(9_000_000 + i/3*2), int64(400_000_000 + i*3/2)} }

const messages = 1_000_000

// million is the sketch of all messages.
var million = sync.OnceValue(func() *Sketch {
	s := New(capacity)
	for i := range messages {
		s.Toggle(message(i))
	}
	return s
})

// changed returns the sketch of the messages after n changes, and what changed:
// deletions, and in every third set also additions.
func changed(r *rand.Rand, n int) (*Sketch, map[Element]bool) {
	now, changes := million().Clone(), map[Element]bool{}
	first, consecutive := r.IntN(messages-n), r.IntN(2) == 0
	additions := r.IntN(3) == 0
	for len(changes) < n {
		e := message(r.IntN(messages))
		if consecutive {
			e = message(first + len(changes))
		}
		if additions && len(changes)%2 == 1 {
			e = message(messages + len(changes))
		}
		if !changes[e] {
			changes[e] = true
			now.Toggle(e)
		}
	}
	return now, changes
}

func setOf(elements []Element) map[Element]bool {
	set := map[Element]bool{}
	for _, e := range elements {
		set[e] = true
	}
	return set
}

func TestChangesAreNamed(t *testing.T) {
	r := newRandom(t, 5)
	for n := range capacity + 1 {
		for range 5 {
			s, want := changed(r, n)
			if err := s.Merge(million()); err != nil {
				t.Fatal(err)
			}
			found, ok := s.Decode()
			if got := setOf(found); !ok || len(found) != n || !maps.Equal(got, want) {
				t.Fatalf("%d changes: %v, %v, expected %v", n, ok, got, want)
			}
		}
	}
}

func TestTooManyChangesAreNotNamed(t *testing.T) {
	r := newRandom(t, 6)
	for n := capacity + 1; n <= 5*capacity; n++ {
		s, _ := changed(r, n)
		if err := s.Merge(million()); err != nil {
			t.Fatal(err)
		}
		if found, ok := s.Decode(); ok || found != nil {
			t.Fatalf("%d changes: %v", n, found)
		}
	}
}

// Blocks of ids whose number is a power of two, with up to two ids left out, would
// cancel out if the elements themselves were summed.
func TestConsecutiveIDs(t *testing.T) {
	for _, capacity := range []int{1, 2, 3, 4, 8, 16} {
		for size := 2; size <= 1024; size *= 2 {
			s := New(capacity)
			for i := range size {
				s.Toggle(Element{64, int64(5*size + i)})
			}
			for leftOut := range 3 {
				n := size - leftOut
				found, ok := s.Decode()
				if ok != (n <= capacity) || ok && len(found) != n {
					t.Errorf("capacity %d, %d ids: %v, %v", capacity, n, ok, found)
				}
				s.Toggle(Element{64, int64(5*size + leftOut)})
			}
		}
	}
}

func TestAnyElementCounts(t *testing.T) {
	r := newRandom(t, 7)
	edges := []int64{0, 1, -1, 2, 1 << 53, math.MaxInt64, math.MinInt64, math.MinInt64 + 1}
	var elements []Element
	for _, owner := range edges {
		for _, id := range edges {
			elements = append(elements, Element{owner, id})
		}
	}
	for range 1000 {
		elements = append(elements, Element{int64(r.Uint64()), int64(r.Uint64())})
	}
	ignored := Element{math.MinInt64, math.MinInt64}
	for _, e := range elements {
		if got := e.word().element(); got != e {
			t.Fatalf("%v became %v", e, got)
		}
		s := New(2)
		s.Toggle(e)
		found, ok := s.Decode()
		if want := []Element{e}; !ok || e != ignored && !slices.Equal(found, want) || e == ignored && len(found) > 0 {
			t.Fatalf("%v: %v, %v", e, found, ok)
		}
		s.Toggle(e)
		if found, ok := s.Decode(); !ok || len(found) > 0 {
			t.Fatalf("%v, added and removed: %v, %v", e, found, ok)
		}
	}
}

// Sketches are stored, so their bytes stay the same for ever.
func TestBytesAreStable(t *testing.T) {
	s := New(2)
	for _, e := range []Element{{0, 1}, {7, 123456789}, {-1, math.MaxInt64}} {
		s.Toggle(e)
	}
	b, _ := s.AppendBinary(nil)
	const want = "dca358a269b09ec24832abb42dfc13041316332e468cb5bfb6d224998815e8bf92186160fb11a3a1fb28e3bb417674d1"
	if got := hex.EncodeToString(b); got != want {
		t.Errorf("%s, expected %s", got, want)
	}
}

func TestBinary(t *testing.T) {
	r := newRandom(t, 8)
	s := New(capacity)
	shorter := make([]*Sketch, capacity+1)
	for n := range shorter {
		shorter[n] = New(n)
	}
	for range 10 {
		e := Element{r.Int64(), r.Int64()}
		for _, s := range append(shorter, s) {
			s.Toggle(e)
		}
	}
	prefix := []byte("prefix")
	b, err := s.AppendBinary(prefix)
	if b = b[len(prefix):]; err != nil || len(b) != 16*(capacity+1) {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	for n, want := range shorter {
		var got Sketch
		if err := got.UnmarshalBinary(b[:16*(n+1)]); err != nil || got.Capacity() != n || !slices.Equal(got.sums, want.sums) {
			t.Errorf("%d sums: capacity %d, %v", n+1, got.Capacity(), err)
		}
	}
	for n := range len(b) {
		if err := new(Sketch).UnmarshalBinary(b[:n]); (err == nil) != (n > 0 && n%16 == 0) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestMerge(t *testing.T) {
	a, b := New(3), New(3)
	for i := range int64(5) {
		a.Toggle(Element{0, i})
		b.Toggle(Element{0, i + 1})
	}
	c := a.Clone()
	if err := c.Merge(b); err != nil {
		t.Fatal(err)
	}
	found, ok := c.Decode()
	if want := map[Element]bool{{0, 0}: true, {0, 5}: true}; !ok || !maps.Equal(setOf(found), want) {
		t.Errorf("%v, %v", found, ok)
	}
	if _, ok := a.Decode(); ok {
		t.Error("the clone was not a copy")
	}
	for _, other := range []*Sketch{New(2), New(4), {}} {
		if err := c.Merge(other); err == nil {
			t.Errorf("merged with capacity %d", other.Capacity())
		}
	}
	if found, ok := new(Sketch).Decode(); len(found) > 0 {
		t.Errorf("the zero value: %v, %v", found, ok)
	}
}

// FuzzSketch compares with a map what two sketches of small capacity make of any
// elements, toggled in one or the other.
func FuzzSketch(f *testing.F) {
	f.Add(byte(2), []byte{0, 0, 0, 0, 1, 0, 0, 1, 0, 56, 128, 128})
	f.Add(byte(4), bytes.Repeat([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 9))
	f.Fuzz(func(t *testing.T, c byte, toggles []byte) {
		capacity := int(c % 6)
		a, b, want := New(capacity), New(capacity), map[Element]bool{}
		for ; len(toggles) >= 4; toggles = toggles[4:] {
			shift := toggles[1] % 64
			e := Element{int64(int8(toggles[2])) << shift, int64(int8(toggles[3])) << shift}
			if toggles[0]%2 == 0 {
				a.Toggle(e)
			} else {
				b.Toggle(e)
			}
			if want[e] {
				delete(want, e)
			} else if e != (Element{math.MinInt64, math.MinInt64}) {
				want[e] = true
			}
		}
		if err := a.Merge(b); err != nil {
			t.Fatal(err)
		}
		found, ok := a.Decode()
		if ok != (len(want) <= capacity) || ok && (len(found) != len(want) || !maps.Equal(setOf(found), want)) {
			t.Errorf("capacity %d: %v, %v, expected %v", capacity, found, ok, want)
		}
	})
}

// FuzzBytes decodes sketches of any bytes. What is found has this sketch.
func FuzzBytes(f *testing.F) {
	f.Add(make([]byte, 48))
	for _, at := range []int{0, 16, 32, 48} { // only one sum is not zero
		f.Add(binary.BigEndian.AppendUint64(make([]byte, at+8, 64), 1)[:64])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(len(b), 16*8)]
		var s Sketch
		if s.UnmarshalBinary(b) != nil {
			return
		}
		found, ok := s.Decode()
		if !ok {
			return
		}
		again := New(s.Capacity())
		for _, e := range found {
			again.Toggle(e)
		}
		got, _ := again.AppendBinary(nil)
		if len(found) > s.Capacity() || !bytes.Equal(got, b) {
			t.Errorf("%x: %v", b, found)
		}
	})
}
