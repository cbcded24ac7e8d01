package sandbox

import (
	"iter"
	"net/url"
	"slices"
)

// Each yields every row that a complete list has now, in the list's default
// order. The path is as in the API: tickets, views/7/items. For custom-fields
// and macros, which the API lists in two partitions, it yields both. The
// account must not change before the loop ends.
func (s *Server) Each(path string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		partitions := []url.Values{{}}
		switch path {
		case "custom-fields":
			partitions = []url.Values{{"object_type": {"Ticket"}}, {"object_type": {"Customer"}}}
		case "macros":
			partitions = []url.Values{{}, {"archived": {"true"}}}
		}
		for _, v := range partitions {
			q, source := s.findList(path, v)
			for more := source != nil; more; {
				rows, next := s.readRows(source, q)
				for _, row := range rows {
					if !yield(row) {
						return
					}
				}
				q.after, more = next, next != nil
			}
		}
	}
}

// findList returns the source of a list; nil if there is no such list.
func (s *Server) findList(path string, v url.Values) (*query, listSource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.openAccount()
	q := &query{Values: v, path: path, limit: 1000}
	if pattern, ids := splitPath(path); pattern == "views/{id}/items" {
		q.order, q.desc = viewFilterOf(ids[0]).orderBy, true
		return q, a.viewItemSource(ids[0])
	}
	endpoints := listEndpoints()
	i := slices.IndexFunc(endpoints, func(e listEndpoint) bool { return e.path == path })
	if i < 0 {
		return q, nil
	}
	q.order, q.desc = splitOrder(endpoints[i].orders[0])
	source, _ := endpoints[i].source(a, q) // no bad request: Each passes what is required
	return q, source
}

// readRows returns the next rows and the key of the last one; nil if the list
// has no more.
func (s *Server) readRows(source listSource, q *query) (rows [][]byte, next *sortKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := source.page(q)
	for i := range p.keys {
		var j jsonWriter
		p.write(&j, i)
		rows = append(rows, j.b)
	}
	if _, last := p.ends(); p.more {
		next = &last
	}
	return rows, next
}
