package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/sandbox"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
	"source-gorgias/schemas"
)

func everySection(t *testing.T) []*section {
	t.Helper()
	t.Chdir("../..")
	all, err := sections(streams.All())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestRelations checks that the stream of every id is known, and that declared
// and external name columns and streams that exist, and only those that need it.
func TestRelations(t *testing.T) {
	all := everySection(t)
	byName := map[string]*section{}
	for _, s := range all {
		byName[s.Name] = s
	}
	exists := func(stream, column string) {
		if s := byName[stream]; s == nil {
			t.Errorf("%s is no stream", stream)
		} else if _, ok := s.column(column); !ok {
			t.Errorf("%s.%s is no column", stream, column)
		}
	}
	found, unknown := relations(all)
	for _, id := range unknown {
		t.Errorf("the stream of the ids in %s is unknown: name it in the column's comment, in declared or in external (relations.go)", id)
	}
	for _, r := range found {
		exists(r.From, r.Column)
		for _, to := range r.To {
			exists(to, "id")
			if !slices.Equal(byName[to].Key, []string{"id"}) {
				t.Errorf("%s.%s refers to %s, whose key is %q", r.From, r.Column, to, byName[to].Key)
			}
		}
		if r.By != "" {
			exists(r.From, r.By)
		}
		if slices.Contains(external[r.From], r.Column) {
			t.Errorf("%s.%s is in external and has a relation", r.From, r.Column)
		}
	}
	for _, r := range declared {
		exists(r.From, r.Column)
	}
	for stream, columns := range external {
		for _, c := range columns {
			exists(stream, c)
		}
	}
}

// TestRelationsInferred infers the streams of invented columns.
func TestRelationsInferred(t *testing.T) {
	all := everySection(t)
	for _, c := range []struct{ path, comment, want string }{
		{"pet_id", "Id of the pet.", "unknown"},
		{"pet.id", "Pet id.", "unknown"},
		{"pets[].id", "The pet.", "unknown"},
		{"walker_id", "Id of the user who walks it.", "users n:1"},
		{"walked_by_user_id", "Who walks it.", "users n:1"},
		{"walkers[].id", "User or customer id.", "users,customers n:m"},
		{"customers[].id", "User or customer id.", "customers n:m"},
		{"walked_by", "Id of the user who walks it.", "users n:1"},
		{"field_id", "Id of the custom field.", "custom_fields n:1"},
		{"call.id", "The call's.", "voice_calls n:1"},
		{"count", "Number of tickets.", ""},
	} {
		made := &section{Stream: &stream.Stream{Name: "made_up", Key: []string{"id"}, Record: schemas.Tag{}},
			Columns: []column{{c.path, &node{Type: []string{"integer", "null"}, Description: c.comment}}}}
		found, unknown := relations(append(slices.Clone(all), made))
		got := ""
		if len(unknown) > 0 {
			got = "unknown"
		}
		for _, r := range found {
			if r.From == "made_up" {
				got += strings.Join(r.To, ",") + " " + r.Many
			}
		}
		if got != c.want {
			t.Errorf("%s (%s): %q, expected %q", c.path, c.comment, got, c.want)
		}
	}
}

// TestRelationsJoin joins the streams of the sandbox account by every relation:
// the records that a column refers to exist, and cardinalities hold.
func TestRelationsJoin(t *testing.T) {
	all := everySection(t)
	found, _ := relations(all)
	records := map[string][]any{}
	synctest.Test(t, func(t *testing.T) { records = everyRecord(t) })
	ids := map[string]map[string]bool{}
	for name, list := range records {
		ids[name] = map[string]bool{}
		for _, r := range list {
			for _, id := range values(r, "id") {
				ids[name][id] = true
			}
		}
	}
	// The sandbox account has no values for these, or none that refer to a record.
	unused := []string{"ticket_messages.receiver.id of customers", "ticket_messages.receiver_id of customers", "ticket_messages.replied_to.integration_id of integrations",
		"voice_calls.answered_by_external_customer_id of customers", "voice_calls.last_monitoring_agent_id of users",
		"voice_calls.summaries[].recording_id of voice_call_recordings"}
	for _, r := range found {
		if r.By != "" {
			continue // events also refer to deleted records
		}
		hits, missed, rows := map[string]int{}, 0, map[string]int{}
		for _, record := range records[r.From] {
			for _, id := range values(record, r.Column) {
				known := false
				for _, to := range r.To {
					if ids[to][id] {
						hits[to]++
						known = true
					}
				}
				if rows[id]++; !known {
					missed++
				}
				if strings.HasPrefix(r.Many, "1:") && rows[id] > 1 {
					t.Errorf("%s.%s is %s, and refers to %s twice", r.From, r.Column, r.Many, id)
				}
			}
		}
		for _, to := range r.To {
			at := r.From + "." + r.Column + " of " + to
			if skip := slices.Contains(unused, at); skip == (hits[to] > 0) || !skip && missed > 0 {
				t.Errorf("%s: refers to %d records, and to %d that do not exist", at, hits[to], missed)
			}
		}
	}
}

// everyRecord reads the sandbox account.
func everyRecord(t *testing.T) map[string][]any {
	budget := gorgias.NewRateLimiter(0)
	client, err := gorgias.New(gorgias.Options{Origin: "https://sandbox.gorgias.com", Auth: gorgias.Basic("sandbox@example.com", "sandbox-key"),
		Transport: direct{&sandbox.Server{Limit: 1_000_000}}, RateLimiter: budget})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]any{}
	p := &connector.Plan{Options: reader.Options{Client: client, Start: time.Unix(0, 0)}, RateLimiter: budget, Streams: config.AvailableStreams(nil), Concurrency: 1}
	for b, err := range p.Run(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range b.Records {
			var record any
			d := json.NewDecoder(strings.NewReader(string(raw.Raw)))
			d.UseNumber()
			if err := d.Decode(&record); err != nil {
				t.Fatal(err)
			}
			for _, object := range b.Stream.FlatKeys {
				for _, id := range values(record, object+".id") {
					record.(map[string]any)[object+"_id"] = id
				}
			}
			all[b.Stream.Name] = append(all[b.Stream.Name], record)
		}
	}
	return all
}

// values returns the values of a record at a path, without nulls.
func values(record any, path string) (all []string) {
	switch v := record.(type) {
	case nil:
	case []any:
		for _, item := range v {
			all = append(all, values(item, path)...)
		}
	case map[string]any:
		name, below, _ := strings.Cut(path, ".")
		all = values(v[strings.TrimSuffix(name, "[]")], below)
	default:
		all = []string{fmt.Sprint(v)}
	}
	return all
}
