package reconcile

import (
	"bytes"
	"compress/flate"
	"io"
	"slices"
	"time"

	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
)

// maxHeld bounds the memory of the rows that wait for the end of their part, in bytes.
var maxHeld = 32 << 20

// A part is what was read between two times of creation. Its rows wait for its end,
// compressed: only then it is known which of them have changed.
type part struct {
	kind     partKind
	from, to time.Time // by creation; from is zero at the end of the list
	read     int       // rows of the round, when it ended
	rows     []stream.Record
	packed   [][]byte   // what the rows contain; nil if that is not held
	size     int        // of packed
	contents []*content // by output
	token    string     // of the page on which the next part starts
	readAt   time.Time  // server time of the first page
}

type partKind uint8

const (
	allRows      partKind = iota
	newestRows            // in no slice yet
	releasedRows          // before the part has ended
)

// newPart returns a part that ends at a time of creation, without rows.
func (p *pass) newPart(to time.Time) *part {
	of := &part{to: to}
	for _, o := range p.outputs {
		of.contents = append(of.contents, newContent(o))
	}
	return of
}

// hold adds a row to a part, if the round covers it.
func (p *pass) hold(of *part, rec stream.Record, created time.Time) {
	if len(of.rows) == 0 {
		of.readAt = p.page.ServerTime
	}
	if rec.Cursor.IsZero() || !rec.Cursor.Before(p.round.From) {
		for _, c := range of.contents {
			c.add(len(of.rows), rec, created)
		}
	}
	var packed []byte
	if of.kind == allRows && (!p.watches || slices.ContainsFunc(p.outputs, func(o *reader.Output) bool { return p.Comparer.Holds(o, rec) })) {
		packed = p.packer.pack(rec.Raw)
	}
	rec.Raw, rec.Key = nil, bytes.Clone(rec.Key) // they would hold the page
	of.rows, of.packed, of.size = append(of.rows, rec), append(of.packed, packed), of.size+len(packed)
}

// release returns a part with the rows that are held so far, and holds them no longer.
func (of *part) release() *part {
	released := *of
	released.kind = releasedRows
	of.packed, of.size = make([][]byte, len(of.rows)), 0
	return &released
}

// A packer compresses rows.
type packer struct{ w *flate.Writer }

func (p *packer) pack(raw []byte) []byte {
	var buf bytes.Buffer
	if p.w == nil {
		p.w, _ = flate.NewWriter(nil, flate.BestSpeed) // no other level fails
	}
	p.w.Reset(&buf)
	_, _ = p.w.Write(raw) // a buffer does not fail
	_ = p.w.Close()
	return bytes.Clone(buf.Bytes())
}

// unpack returns what pack was given.
func unpack(packed []byte) []byte {
	raw, _ := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	return raw
}
