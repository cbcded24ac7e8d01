package verify

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"source-gorgias/connector/conform"
)

// A Cell is the value of a column in one row: the text of a string, and any other
// value as JSON spells it. CSV has no types: its values are texts, and one that is
// empty is null.
type Cell struct {
	Text string
	Null bool
}

// newCell returns the cell of a JSON value.
func newCell(raw []byte) Cell {
	switch raw[0] {
	case 'n':
		return Cell{Null: true}
	case '"':
		if bytes.IndexByte(raw, '\\') < 0 {
			return Cell{Text: string(raw[1 : len(raw)-1])} // as most are: nothing is escaped
		}
		var text string
		_ = json.Unmarshal(raw, &text) // it is a part of valid JSON
		return Cell{Text: text}
	}
	return Cell{Text: string(raw)}
}

// A Row is one row of a table: what it has of each column. It is valid until the next
// one is read.
type Row struct {
	Columns []string
	Cells   []Cell
}

// ReadRows reads a table: CSV with a header, JSON lines, or one JSON array of objects.
// The first byte shows which. An error is the last element. A table that ends within a
// row is an error: CSV has to end with a line break.
func ReadRows(in io.Reader) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		b := bufio.NewReaderSize(in, 1<<16)
		if mark, _ := b.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
			_, _ = b.Discard(3)
		}
		first, err := firstByte(b)
		switch {
		case errors.Is(err, io.EOF):
			return // no rows
		case err != nil:
			yield(Row{}, fmt.Errorf("the rows cannot be read: %w", err))
		case first == '{' || first == '[':
			readJSON(b, first == '[', yield)
		default:
			readCSV(b, yield)
		}
	}
}

// firstByte returns the first byte that is not white space, and leaves it.
func firstByte(b *bufio.Reader) (byte, error) {
	for {
		c, err := b.ReadByte()
		if err != nil {
			return 0, err
		}
		if !bytes.ContainsRune([]byte(" \t\r\n"), rune(c)) {
			return c, b.UnreadByte()
		}
	}
}

// readJSON yields the objects of a list of lines, or of an array.
func readJSON(in io.Reader, array bool, yield func(Row, error) bool) {
	d := json.NewDecoder(in)
	if array {
		_, _ = d.Token() // the bracket was seen
	}
	for n := 1; !array || d.More(); n++ {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if errors.Is(err, io.EOF) && !array {
			return
		}
		if err == nil && raw[0] != '{' {
			err = errors.New("it is not a JSON object")
		}
		if err != nil {
			yield(Row{}, truncated(n, err))
			return
		}
		var row Row
		for name, value := range conform.Members(raw) {
			row.Columns, row.Cells = append(row.Columns, name), append(row.Cells, newCell(value))
		}
		if !yield(row, nil) {
			return
		}
	}
	if _, err := d.Token(); err != nil { //rule:half-tables-are-refused
		yield(Row{}, errors.New("the array of rows has no end: the export broke off"))
	}
}

func truncated(n int, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("row %d has no end: the export broke off", n)
	}
	return fmt.Errorf("row %d cannot be read: %w", n, err)
}

// A lastByte is a reader that knows the last byte that was read.
type lastByte struct {
	io.Reader
	last byte
}

func (l *lastByte) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if n > 0 {
		l.last = p[n-1]
	}
	return n, err
}

// readCSV yields the rows below a header.
func readCSV(in io.Reader, yield func(Row, error) bool) {
	l := &lastByte{Reader: in}
	r := csv.NewReader(l)
	r.ReuseRecord = true
	header, err := r.Read()
	row := Row{Columns: append([]string(nil), header...), Cells: make([]Cell, len(header))}
	var held Row // one row is held back until the next one shows that it is whole
	for n := 1; err == nil; n++ {
		var fields []string
		if fields, err = r.Read(); err != nil {
			break
		}
		if held.Cells != nil && !yield(held, nil) {
			return
		}
		for i, text := range fields {
			row.Cells[i] = Cell{text, text == ""}
		}
		held = row
	}
	switch {
	case !errors.Is(err, io.EOF):
		yield(Row{}, fmt.Errorf("the CSV cannot be read: %w; the export may have broken off", err))
	case l.last != '\n': //rule:half-tables-are-refused
		yield(Row{}, errors.New("the CSV does not end with a line break: the export broke off"))
	case held.Cells != nil:
		yield(held, nil)
	}
}
