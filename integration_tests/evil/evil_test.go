// Package evil tests the program against a server that misbehaves in every way
// that we could think of.
//
// Each row of the table is one class of requests, one way to answer it badly,
// and how often. The account changes, a sync reads it from the evil server, the
// account changes again, and a sync without fault follows. Of every sync must
// hold, in both protocols: it ends, without panic; no key is null; no record
// that exists gets a tombstone; no secret shows; streams of other classes are
// complete. A fault that passes costs nothing: the destination equals the
// account at once. Any other ends its streams with an error, and the next sync
// makes the destination equal to the account.
package evil

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

var full = flag.Bool("full", false, "every row, in both protocols")

// A class is one kind of requests.
type class struct {
	name    string
	match   func(r *http.Request) bool
	streams []string // that may fail because of it
	oauth   bool     // the account is read with OAuth2
}

const always = -1

// An outcome is what is expected of a sync.
type outcome int

const (
	heals    outcome = iota // the streams complete, and the destination equals the account
	fails                   // some of the class's streams end with an error
	survives                // either; what holds of every sync does
)

// A row is one way to misbehave.
type row struct {
	class *class
	how   misbehavior
	times int // so many requests of the sync; always is each
	want  outcome
	// lossy: values of the class's streams are other ones while the fault lasts,
	// and are not read again if they are old
	lossy bool
	// failure is the type of failure that Airbyte receives; "" is any.
	failure string
	// unproven: the answers may hide anything; the streams that wait for events
	// must fail as well
	unproven bool
	maxHits  int // requests of the class in the sync, at most; 0 is any number
}

func (r *row) name() string {
	times := map[int]string{1: "once", always: "always"}[r.times]
	if times == "" {
		times = fmt.Sprint(r.times, " times")
	}
	return fmt.Sprintf("%s: %s, %s", r.class.name, r.how.name, times)
}

func TestEvilServer(t *testing.T) {
	t.Parallel()
	rows := table()
	if len(rows) < 120 {
		t.Errorf("%d rows", len(rows))
	}
	seen := map[string]bool{}
	all := *full || strings.Contains(flag.Lookup("test.run").Value.String(), "/") // rows were asked for
	for i, r := range rows {
		if seen[r.name()] {
			t.Errorf("twice: %s", r.name())
		}
		seen[r.name()] = true
		// The steps are odd, so that both protocols take part.
		if step := map[bool]int{false: 9, true: 15}[testing.Short()]; !all && i%step != 0 {
			continue
		}
		for j, p := range protocols {
			if *full || i%len(protocols) == j {
				t.Run(r.name()+", "+p.name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { r.play(t, p) })
				})
			}
		}
	}
}

// play plays the row.
func (r *row) play(t *testing.T, p protocol) {
	a := newAccount(t, r)
	d := newDestination(p, a.list)
	if a.sync(d); len(d.failed) > 0 {
		t.Fatalf("without fault, the streams %v failed", d.failed)
	}
	a.change(0)

	a.evil = true
	a.sync(d)
	a.evil = false
	if a.hits == 0 {
		t.Error("the fault never happened")
	}
	if r.maxHits > 0 && a.hits > r.maxHits {
		t.Errorf("%d requests, expected at most %d", a.hits, r.maxHits)
	}
	failed := slices.Sorted(maps.Keys(d.failed))
	for _, name := range failed {
		if !slices.Contains(r.class.streams, name) {
			t.Errorf("%s failed, too: %.3000s", name, d.lastLines())
		}
		if got := d.failed[name]; r.failure != "" && got != "" && got != r.failure {
			t.Errorf("%s: %s, expected %s: %.3000s", name, got, r.failure, d.lastLines())
		}
	}
	var without []string
	if r.lossy {
		without = r.class.streams
	}
	switch {
	case r.want == heals && len(failed) > 0:
		t.Errorf("the streams %v failed: %.3000s", failed, d.lastLines())
	case r.want == fails && len(failed) == 0:
		t.Errorf("no stream failed: %.3000s", d.lastLines())
	case r.want == heals:
		if a.compare(d, without); r.class != everything {
			return // nothing is left of the fault
		}
	case r.want == survives && r.class != everything: // what is complete is the account's
		a.compare(d, slices.Concat(failed, without))
	case r.unproven && r.class == events && !slices.Contains(failed, "tickets"):
		t.Errorf("without its events, tickets is complete: %.3000s", d.lastLines())
	}

	a.change(1)
	if a.sync(d); len(d.failed) > 0 {
		t.Errorf("the fault is over, and the streams %v failed: %.3000s", d.failed, d.lastLines())
	}
	a.compare(d, without)
}

var failure = regexp.MustCompile(`(?m)^.*(?:"ERROR"|"WARN"|^ERROR|^WARNING).*$`)

// lastLines returns the errors and warnings of the last sync.
func (d *destination) lastLines() string {
	return strings.Join(failure.FindAllString(d.output.String(), -1), "\n")
}
