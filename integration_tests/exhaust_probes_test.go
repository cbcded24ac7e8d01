package integration_tests

import (
	"net/http"
	"regexp"
	"slices"
	"sync"

	"source-gorgias/connector"
	"source-gorgias/connector/stream"
)

// probes are what the histories of TestEveryHistory have to reach: without it,
// that they pass shows nothing.
var probes = []string{
	"a record was read and not emitted again",
	"a record was re-fetched and not emitted again",
	"a tombstone",
	"a sync resumed a scan",
	"two outputs of one list at different positions",
	"a page token was rejected",
	"the head of a list was read again",
	"a record was emitted from memory",
	"events came in several chunks",
	"a record was gone",
	"a record was merged",
	"a sync was killed, and lost a state whose records were written",
	"a change became visible late",
	"two lists were read at once",
}

// observations are what shows of one sync which probes it reached. Requests come
// beside batches.
type observations struct {
	mu sync.Mutex

	reached  []string
	lists    map[string]int // requests, by path
	last     string         // the list that was requested last
	rejected map[string]bool
	events   int  // requests
	refetch  bool // a record was re-fetched
	emitted  int
}

func newObservations(plan *connector.Plan) *observations {
	o := &observations{lists: map[string]int{}, rejected: map[string]bool{}}
	for i, s := range plan.Streams {
		for _, other := range plan.Streams[:i] {
			a, b := plan.Bookmarks[s.Name].Scan, plan.Bookmarks[other.Name].Scan
			if s.Source() == other.Source() && a.Pages != b.Pages {
				o.reach("two outputs of one list at different positions")
			}
		}
	}
	return o
}

func (o *observations) reach(probe string) { o.reached = append(o.reached, probe) }

var byID = regexp.MustCompile(`/\d+$`)

// request takes note of a request.
func (o *observations) request(r *http.Request, status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	query, path := r.URL.Query(), r.URL.Path
	switch status {
	case http.StatusMovedPermanently:
		o.reach("a record was merged")
	case http.StatusNotFound:
		o.reach("a record was gone")
	case http.StatusBadRequest:
		if o.rejected[path] = true; query.Has("cursor") {
			o.reach("a page token was rejected")
		}
	}
	if o.lists == nil { // between two syncs
		return
	}
	switch {
	case path == "/api/events":
		if o.events++; o.events > 1 && o.refetch {
			o.reach("events came in several chunks")
		}
	case byID.MatchString(path) || query.Has("ticket_ids") || query.Has("ticket_id"):
		o.refetch = true
	case o.events > 0: // the list of surveys is read on
	default:
		o.list(path, !query.Has("cursor"))
	}
}

// list takes note of the request of a list, for its first page or another one.
func (o *observations) list(path string, first bool) {
	again := o.lists[path] > 0
	switch o.lists[path]++; {
	case !first && !again:
		o.reach("a sync resumed a scan")
	case first && again && !o.rejected[path]:
		o.reach("the head of a list was read again")
	case again && o.last != path:
		o.reach("two lists were read at once")
	}
	o.last = path
}

// batch takes note of a batch.
func (o *observations) batch(b connector.Batch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.emitted += len(b.Records)
	if b.Count(stream.Tombstone) > 0 {
		o.reach("a tombstone")
	}
	if b.Count(stream.Refetched) > 0 && !o.refetch {
		o.reach("a record was emitted from memory")
	}
}

// count adds the probes that the sync has reached.
func (o *observations) count(reached map[string]int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.emitted == 0 && len(o.lists) > 0 {
		o.reach("a record was read and not emitted again")
	}
	if o.emitted == 0 && o.refetch {
		o.reach("a record was re-fetched and not emitted again")
	}
	for _, probe := range slices.Compact(slices.Sorted(slices.Values(o.reached))) {
		reached[probe]++
	}
}
