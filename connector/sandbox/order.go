package sandbox

import (
	"cmp"
	"strings"
)

// A sortKey is the position of a row in an order: the value that the list is
// sorted by (a number, a string or both), then the id.
type sortKey struct {
	n  int64
	s  string
	id int64
}

func (k sortKey) compare(o sortKey) int {
	return cmp.Or(cmp.Compare(k.n, o.n), cmp.Compare(k.s, o.s), cmp.Compare(k.id, o.id))
}

// splitOrder splits a value of order_by into the field and the direction.
func splitOrder(orderBy string) (field string, desc bool) {
	desc = strings.HasSuffix(orderBy, "desc")
	field = strings.ReplaceAll(strings.ReplaceAll(orderBy, ":asc", ""), ":desc", "")
	return field, desc
}

// bothDirections returns the values of order_by for some fields.
func bothDirections(fields ...string) []string {
	var orders []string
	for _, f := range fields {
		orders = append(orders, f+":asc", f+":desc")
	}
	return orders
}

// A sortType is the type of the values that an order compares.
type sortType int

const (
	sortByTime sortType = iota
	sortByText
	sortByNumber
	sortByNumberAndText // a number, then a string
)

func sortTypeOf(order string) sortType {
	switch order {
	case "name", "email", "role.name", "language":
		return sortByText
	case "id", "usage", "relevance", "priority", "order":
		return sortByNumber
	case "usage,name":
		return sortByNumberAndText
	}
	return sortByTime
}
