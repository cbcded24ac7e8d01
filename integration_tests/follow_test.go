package integration_tests

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector/reader"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/state"
	"source-gorgias/connector/streams"
)

// jobs is a destination of the stream jobs.
type jobs struct {
	*fixture
	t        *testing.T
	bookmark state.Bookmark
	rows     map[string]string
	warnings []string
}

// sync reads the jobs and returns the number of records. It ends after so many
// batches; negative is never.
func (j *jobs) sync(stop int, interval time.Duration) (written int) {
	j.t.Helper()
	jobStream := streams.Find("jobs")
	plan := j.plan([]string{"jobs"}, throughJSON(j.t, map[string]state.Bookmark{"jobs": j.bookmark}))
	plan.PageSize, plan.WindowInterval = 5, interval
	for b, err := range plan.Run(context.Background()) {
		if err != nil {
			j.t.Fatal(err)
		}
		if stop == 0 {
			return written
		}
		stop--
		switch b.Kind {
		case reader.Warning:
			j.warnings = append(j.warnings, b.Warning)
		case reader.Records, reader.Done:
			for _, rec := range b.Records {
				j.rows[keyOf(jobStream, rec.Raw)] = string(rec.Raw)
			}
			written += len(b.Records)
			j.bookmark = b.Bookmark
		}
	}
	return written
}

// missing says which jobs the destination does not have as they are.
func (j *jobs) missing() (missing []string) {
	for key, raw := range expectedRecords(j.box, streams.Find("jobs")) {
		if j.rows[key] != raw {
			missing = append(missing, key)
		}
	}
	return missing
}

func newJobs(t *testing.T) *jobs {
	box := &sandbox.Server{Limit: unlimited, Epoch: time.Now(), Size: sandbox.Size{Jobs: 40}}
	return &jobs{fixture: newFixture(t, box), t: t, rows: map[string]string{}}
}

// TestJobsAreFollowed plays random histories of jobs that run for days and weeks,
// with syncs that are killed: once the last ones are done, the destination has
// them all, and a further sync writes nothing.
func TestJobsAreFollowed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			j := newJobs(t)
			interval := time.Duration(r.IntN(2)) * 24 * time.Hour
			var running []int64
			for range 25 {
				time.Sleep(time.Duration(r.IntN(72)) * time.Hour)
				for range r.IntN(4) {
					running = append(running, j.box.Add("jobs"))
				}
				if n := len(running); n > 0 && r.IntN(2) == 0 {
					i := r.IntN(n)
					j.box.Deactivate("jobs", running[i])
					running = append(running[:i], running[i+1:]...)
				}
				j.sync(-1+r.IntN(2)*r.IntN(12), interval)
			}
			for _, id := range running {
				j.box.Deactivate("jobs", id)
			}
			time.Sleep(48 * time.Hour)
			j.sync(-1, interval)
			if missing := j.missing(); len(missing) > 0 {
				t.Errorf("seed %d: not up to date: %q", seed, missing)
			}
			for _, id := range j.bookmark.Unfinished {
				if raw := j.rows[fmt.Sprint(id)]; !streams.Find("jobs").Unfinished(json.RawMessage(raw)) {
					t.Errorf("seed %d: %d is followed, although it is finished", seed, id)
				}
			}
			if n := j.sync(-1, interval); n > 0 {
				t.Errorf("seed %d: a sync of a quiet account writes %d records", seed, n)
			}
		})
	}
}

// TestFollowingIsBounded checks how unfinished jobs beyond the pages read are
// followed: at most two requests each sync, and what happens when the API does
// not return them.
func TestFollowingIsBounded(t *testing.T) {
	t.Parallel()
	byID := func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/jobs/") }
	for name, c := range map[string]struct {
		fault    *sandbox.Fault
		warnings int
		followed bool // they are after the API has recovered
	}{
		"found":     {nil, 0, true},
		"gone":      {&sandbox.Fault{Status: 404, Body: `{"error":{"msg":"Not found."}}`}, 0, false},
		"forbidden": {&sandbox.Fault{Status: 403, Body: `{"error":{"msg":"Forbidden."}}`}, 1, true},
		"rejected":  {&sandbox.Fault{Status: 400, Body: `{"error":{"msg":"Bad request."}}`}, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJobs(t)
				for range 7 {
					j.box.Add("jobs")
					time.Sleep(time.Hour)
				}
				j.sync(-1, 24*time.Hour)
				for range 30 { // finished ones, so that the others lie beyond the first page
					j.box.Deactivate("jobs", j.box.Add("jobs"))
				}
				time.Sleep(time.Hour)
				j.sync(-1, 24*time.Hour)
				unfinished := len(j.bookmark.Unfinished)
				if unfinished < 7 {
					t.Fatalf("%d unfinished jobs", unfinished)
				}
				n := 0
				j.box.Fail = func(r *http.Request) *sandbox.Fault {
					if !byID(r) {
						return nil
					}
					n++
					return c.fault
				}
				j.warnings = nil
				time.Sleep(time.Hour)
				j.sync(-1, 24*time.Hour)
				if n == 0 || n > 2 || len(j.warnings) != c.warnings {
					t.Errorf("%d requests, warnings %q", n, j.warnings)
				}
				if kept := len(j.bookmark.Unfinished) == unfinished; kept != c.followed {
					t.Errorf("%d of %d are followed", len(j.bookmark.Unfinished), unfinished)
				}
			})
		})
	}
}

// TestUnfinishedJobs checks which jobs are followed.
func TestUnfinishedJobs(t *testing.T) {
	t.Parallel()
	unfinished := streams.Find("jobs").Unfinished
	for status, want := range map[string]bool{
		"pending": true, "scheduled": true, "running": true, "cancel_requested": true, "queued": true,
		"done": false, "canceled": false, "errored": false, "fatal_errored": false,
	} {
		if got := unfinished(json.RawMessage(fmt.Sprintf(`{"id":1,"status":%q}`, status))); got != want {
			t.Errorf("%s: %v", status, got)
		}
	}
	for _, raw := range []string{`{}`, `{"status":null}`, `{"status":7}`} {
		if unfinished(json.RawMessage(raw)) {
			t.Errorf("%s is followed", raw)
		}
	}
}
