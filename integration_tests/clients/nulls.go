//go:build clients

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"source-gorgias/integration_tests/documents"
)

// checkNulls holds what docs/streams.md says of current rows and of null in a loader's tables: the flat key
// of a ticket without an assignee is NULL; the column of the object is NULL too, or, where
// jsonNull is set, holds the JSON value null, so that IS NULL finds none of them. count
// runs a query and returns what it prints.
func (v *clientRun) checkNulls(ctx context.Context, when, schema, tombstone string, jsonNull bool, count func(context.Context, string) ([]byte, error)) error {
	tickets, err := v.account.list("tickets")
	if err != nil {
		return err
	}
	want := 0
	for _, t := range tickets {
		if t["assignee_user"] == nil {
			want++
		}
	}
	number := func(condition string) (int, error) {
		out, err := count(ctx, fmt.Sprintf("SELECT count(*) FROM %s.tickets WHERE %s IS NULL AND %s", schema, tombstone, condition))
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(strings.TrimSpace(string(out)))
	}
	flat, err := number("assignee_user_id IS NULL")
	if err != nil {
		return err
	}
	object, err := number("assignee_user IS NULL")
	if err != nil {
		return err
	}
	objects := want
	if jsonNull {
		objects = 0
	}
	if flat != want || object != objects || want == 0 {
		v.reportDifference("%s: of %d tickets without an assignee, assignee_user_id is NULL in %d, assignee_user in %d, expected %d", when, want, flat, object, objects)
	}
	return v.checkCurrent(ctx, when, schema, tombstone, count)
}

// currentTags returns the query of docs/streams.md for current rows, on the tables of a
// schema, as one that returns the keys of the rows.
func currentTags(schema, tombstone string) (string, error) {
	blocks, err := documents.Blocks("docs/streams.md")
	if err != nil {
		return "", err
	}
	for _, b := range blocks {
		if b.Language == "sql" {
			rule := strings.ReplaceAll(b.Text, "_sdc_deleted_at", tombstone)
			return fmt.Sprintf("WITH ticket_tags AS (SELECT * FROM %[1]s.ticket_tags), tickets AS (SELECT * FROM %[1]s.tickets), present AS (%[2]s) SELECT string_agg(concat(ticket_id, '/', id), ' ') FROM present",
				schema, rule), nil
		}
	}
	return "", errors.New("docs/streams.md has no query for current rows")
}

// checkCurrent holds the rule for current rows against the account: the tags that it
// finds are those that the tickets have.
func (v *clientRun) checkCurrent(ctx context.Context, when, schema, tombstone string, query func(context.Context, string) ([]byte, error)) error {
	rule, err := currentTags(schema, tombstone)
	if err != nil {
		return err
	}
	out, err := query(ctx, rule)
	if err != nil {
		return err
	}
	all, err := v.account.expected()
	if err != nil {
		return err
	}
	got, want := strings.Fields(string(out)), slices.Sorted(maps.Keys(all["ticket_tags"].rows))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		v.reportDifference("%s: the rule finds %d current tags, the account has %d", when, len(got), len(want))
	}
	return nil
}

// countInDuckDB returns a function that runs a query on a DuckDB file.
func (v *clientRun) countInDuckDB(path string) func(context.Context, string) ([]byte, error) {
	return func(ctx context.Context, query string) ([]byte, error) {
		const script = "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2]).fetchone()[0])"
		return v.run(ctx, command{args: []string{v.env.program("python"), "-c", script, path, query}})
	}
}

// countInPostgres returns a function that runs a query on the run's database.
func (v *clientRun) countInPostgres() func(context.Context, string) ([]byte, error) {
	return func(ctx context.Context, query string) ([]byte, error) {
		return v.postgres.query(ctx, database(v), query)
	}
}
