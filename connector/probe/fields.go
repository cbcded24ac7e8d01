package probe

import (
	"regexp"

	"source-gorgias/connector/conform"
)

// valueView is what the judges see of the values of custom fields.
type valueView struct {
	older             int // tickets with a value of a field that is younger than their date
	singles, complete int // single records of which the list shows values, and those that show them too
}

// A layout is the way in which a date is written.
type layout int

const (
	microseconds layout = iota // and an offset of zero
	seconds                    // and an offset of zero
	otherLayout                // that can be read
	withoutOffset
	unreadable
	layoutCount
)

var layoutPatterns = [...]*regexp.Regexp{
	microseconds:  regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$`),
	seconds:       regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$`),
	withoutOffset: regexp.MustCompile(`^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?$`),
}

// layoutOf returns the layout of a date, as JSON.
func layoutOf(value []byte) layout {
	if len(value) < 2 || value[0] != '"' {
		return unreadable
	}
	text := string(value[1 : len(value)-1])
	if _, ok := conform.ParseTimestamp(text); !ok {
		return unreadable
	}
	for l, pattern := range layoutPatterns {
		if pattern != nil && pattern.MatchString(text) {
			return layout(l)
		}
	}
	return otherLayout
}

func fieldFacts() []*fact {
	return []*fact{{
		id: "dates", question: "Can all dates be read?",
		answers: []answer{
			{"yes", "they arrive in UTC, with microseconds", Agrees},
			{"yes, but some have no offset", "they are taken as UTC", Differs},
			{"no", "a date that cannot be read becomes null, is reported, and is kept in unrecognized_fields", Contradicts},
		},
		evidence: []string{"with microseconds", "with seconds", "in another layout", "without an offset", "unreadable"},
		judge:    judgeDates,
	}, {
		id: "undeclared-fields", question: "Are all fields declared?",
		answers: []answer{
			{"yes", "each field is a column", Agrees},
			{"no", "fields that are not declared arrive together in unrecognized_fields", Differs},
		},
		evidence: []string{"fields that are not declared"}, prefix: "in ", perStream: listed(),
		judge: func(v *view) verdict {
			numbers := []int{0}
			for _, l := range v.lists {
				numbers[0] += l.undeclared
				numbers = append(numbers, l.undeclared)
			}
			return found(min(numbers[0], 1), numbers...)
		},
	}, {
		id: "single-record-values", question: "Does a single ticket or customer show its custom-field values, if asked to?",
		answers: []answer{
			{"yes", "a record that is re-fetched by its id is complete", Agrees},
			{"no", "a record that is re-fetched by its id loses its values until its list is read again", Contradicts},
			{"not always", "a record that is re-fetched by its id can lose its values until its list is read again", Contradicts},
		},
		evidence: []string{"single records of which the list shows values", "of them with values"},
		judge: func(v *view) verdict {
			if v.values.singles == 0 {
				return unknown(noTickets)
			}
			return share(v.values.singles, v.values.complete)
		},
	}}
}

func judgeDates(v *view) verdict {
	numbers, all := make([]int, layoutCount), 0
	for _, l := range v.lists {
		for i, n := range l.layouts {
			numbers[i] += n
			all += n
		}
	}
	switch {
	case all == 0:
		return unknown(noTickets)
	case numbers[unreadable] > 0:
		return found(2, numbers...)
	case numbers[withoutOffset] > 0:
		return found(1, numbers...)
	}
	return found(0, numbers...)
}
