package probe

import (
	"slices"
	"time"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/stream"
)

// A list is what the judges see of the first page of a stream's list.
type list struct {
	of         *stream.Stream
	outcome    outcome
	rows       int
	more       bool // there is a next page
	array      bool // the body is an array
	bytes      int
	order      order
	undeclared int // fields that the schema does not have, each once
	layouts    [layoutCount]int
}

// An order counts the rows of a page that were compared with the one before, by
// dates that differ, and those of them that are out of order.
type order struct{ compared, misplaced int }

// A listOrder is the order of a list that is not a stream's own.
type listOrder struct {
	of *stream.Stream
	order
}

func cursorOf(rec stream.Record) time.Time  { return rec.Cursor }
func createdOf(rec stream.Record) time.Time { return stream.Timestamp(rec.Raw, "created_datetime") }

// orderOf compares the rows of a list that should be in the order of a date.
func orderOf(rows []stream.Record, date func(stream.Record) time.Time, newestFirst bool) (o order) {
	for i := 1; i < len(rows); i++ {
		a, b := date(rows[i-1]), date(rows[i])
		if a.IsZero() || b.IsZero() || a.Equal(b) {
			continue
		}
		if o.compared++; a.Before(b) == newestFirst {
			o.misplaced++
		}
	}
	return o
}

// seeLists describes the first pages.
func (s *session) seeLists() {
	for _, of := range listed() {
		p := s.first[of]
		l := list{of: of, outcome: p.outcome, rows: len(p.raw), more: p.next != "", array: p.array, bytes: p.bytes}
		if of.Mode == stream.NewestFirst {
			l.order = orderOf(p.rows, cursorOf, true)
		}
		l.seeFields(p)
		s.view.lists = append(s.view.lists, l)
	}
}

// seeFields counts the layouts of the dates of a page, and its undeclared fields.
func (l *list) seeFields(p listing) {
	declared, dates, other := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for name, schema := range conform.Properties(l.of.Schema("")) {
		declared[name] = true
		format, _ := conform.Field(schema, "format")
		dates[name] = string(format) == `"date-time"`
	}
	for _, name := range l.of.OnlyByID {
		declared[name] = true
	}
	for _, raw := range p.raw {
		if len(raw) == 0 || raw[0] != '{' {
			continue
		}
		for name, value := range conform.Members(raw) {
			if !declared[name] {
				other[name] = true
			} else if dates[name] && !stream.IsNull(value) {
				l.layouts[layoutOf(value)]++
			}
		}
	}
	l.undeclared = len(other)
}

// orderedLists are the streams whose syncs end where they meet what is known. The list
// of events is a fact of its own.
func orderedLists() []*stream.Stream {
	return slices.DeleteFunc(listed(), func(s *stream.Stream) bool { return s.Mode != stream.NewestFirst })
}

func listFacts() []*fact {
	return []*fact{{
		id: "permissions", question: "Do the credentials permit each list?",
		answers: []answer{
			{"yes", "each stream can be read", Agrees},
			{"no", "a stream that is not permitted fails in each sync, and the others are read; without events, deletions come with reconciliation alone. Use an admin's key, or give the app the scope of the stream", Contradicts},
		},
		evidence: []string{"lists", "permitted"}, prefix: "not permitted: ", perStream: listed(),
		judge: judgePermissions,
	}, {
		id: "list-orders", question: "Do the lists have the order that the connector requests or expects?",
		answers: []answer{
			{"yes", "a sync ends at what it has read before", Agrees},
			{"no, at least one has another", "a list in another order is read to its end in each sync: that costs requests, and loses nothing", Contradicts},
		},
		evidence: []string{"rows compared", "of them out of order"}, prefix: "out of order in ", perStream: orderedLists(),
		judge: judgeOrders,
	}, {
		id: "page-size", question: "Does a page have the 100 rows that are requested, if there is another one?",
		answers: []answer{
			{"yes", "a sync takes one request for 100 records", Agrees},
			{"no, fewer", "a sync takes more requests than a forecast says; nothing is lost", Contradicts},
		},
		evidence: []string{"pages with another one", "rows of the smallest", "bytes of the largest"},
		judge:    judgePageSize,
	}, {
		id: "envelopes", question: "Is the JSON of a list an object with the records in data?",
		answers: []answer{
			{"yes", "the page token of the next page is in it", Agrees},
			{"no, some are an array", "an array is read as a list that ends with it", Differs},
		},
		evidence: []string{"pages", "of them an array"},
		judge:    judgeEnvelopes,
	}}
}

func judgeOrders(v *view) verdict {
	misplaced := map[*stream.Stream]int{}
	compared, all := 0, 0
	add := func(of *stream.Stream, o order) {
		compared += o.compared
		all += o.misplaced
		misplaced[of] += o.misplaced
	}
	for _, l := range v.lists {
		add(l.of, l.order)
	}
	for _, l := range v.byCreation {
		add(l.of, l.order)
	}
	numbers := []int{compared, all}
	for _, of := range orderedLists() {
		numbers = append(numbers, misplaced[of])
	}
	switch {
	case compared == 0:
		return unknown(noTickets, numbers...)
	case all > 0: //rule:probe-tells-orders
		return found(1, numbers...)
	}
	return found(0, numbers...)
}

func judgePermissions(v *view) verdict {
	numbers, permitted := []int{len(v.lists), 0}, 0
	for _, l := range v.lists {
		denied := 0
		if l.outcome == forbidden || l.outcome == gone {
			denied = 1
		}
		permitted += 1 - denied
		numbers = append(numbers, denied)
	}
	numbers[1] = permitted
	if permitted < len(v.lists) {
		return found(1, numbers...)
	}
	return found(0, numbers...)
}

func judgePageSize(v *view) verdict {
	pages, smallest, largest := 0, 0, 0
	for _, l := range v.lists {
		if l.more {
			if pages++; smallest == 0 || l.rows < smallest {
				smallest = l.rows
			}
		}
		largest = max(largest, l.bytes)
	}
	switch {
	case pages == 0:
		return unknown(noPages, 0, 0, largest)
	case smallest < 100:
		return found(1, pages, smallest, largest)
	}
	return found(0, pages, smallest, largest)
}

func judgeEnvelopes(v *view) verdict {
	pages, arrays := 0, 0
	for _, l := range v.lists {
		if l.outcome == ok {
			if pages++; l.array {
				arrays++
			}
		}
	}
	if pages == 0 {
		return unknown(noTickets)
	}
	return found(min(arrays, 1), pages, arrays)
}
