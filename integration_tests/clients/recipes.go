//go:build clients

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"source-gorgias/integration_tests/documents"
)

// A recipe is a query of docs/recipes.md with its result.
type recipe struct {
	line        int
	sql, result string
}

const recipesDocument = "docs/recipes.md"

func recipes() (all []recipe, err error) {
	blocks, err := documents.Blocks(recipesDocument)
	if err != nil {
		return nil, err
	}
	for i, b := range blocks {
		if b.Language != "sql" {
			continue
		}
		r := recipe{line: b.Line, sql: b.Text}
		if i+1 < len(blocks) && blocks[i+1].Language == "text" {
			r.result = blocks[i+1].Text
		}
		all = append(all, r)
	}
	if len(all) < 10 {
		err = fmt.Errorf("%s has %d queries, not 10", recipesDocument, len(all))
	}
	return all, err
}

// recipeRuns loads an account that is the same every day, builds the models as of its end,
// and compares the results of the queries with those of the document.
func recipeRuns(ctx context.Context, v *clientRun) error {
	end := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	v.account.Epoch = end // nothing has asked it yet
	file := v.file("recipes.duckdb")
	if _, err := v.run(ctx, v.airbyteSync(v.account.config, file)); err != nil {
		return err
	}
	p, err := newDBT(ctx, v, "warehouse", fmt.Sprintf("{type: duckdb, path: %q, schema: %s, threads: 2}", file, dbtSchema),
		map[string]any{"gorgias_as_of": end.Add(-time.Second).Format(time.DateTime)})
	if err != nil {
		return err
	}
	if _, err := p.dbt(ctx, "run"); err != nil {
		return err
	}
	all, err := recipes()
	if err != nil {
		return err
	}
	var queries []string
	for _, r := range all {
		queries = append(queries, r.sql)
	}
	raw, err := json.Marshal(queries)
	if err != nil {
		return err
	}
	out, err := v.run(ctx, command{args: []string{v.env.program("python"), v.script("recipe.py"), file, dbtSchema + "_gorgias", string(raw)}})
	if err != nil {
		return err
	}
	for d := json.NewDecoder(bytes.NewReader(out)); len(all) > 0; all = all[1:] {
		var got struct {
			Rows int
			Text string
		}
		if err := d.Decode(&got); err != nil {
			return err
		}
		if v.rows += got.Rows; got.Rows == 0 || got.Text != all[0].result {
			v.reportDifference("%s:%d: the result is\n%s", recipesDocument, all[0].line, got.Text)
		}
	}
	return nil
}

// recipesInPostgres runs the queries of the document on what was built in PostgreSQL: they
// are to have rows there too.
func (p *dbtProject) recipesInPostgres(ctx context.Context) error {
	all, err := recipes()
	if err != nil {
		return err
	}
	for _, r := range all {
		out, err := p.postgres.query(ctx, database(p.clientRun), "SET search_path TO "+dbtSchema+"_gorgias; "+r.sql)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", recipesDocument, r.line, err)
		}
		if strings.TrimSpace(string(out)) == "" {
			p.reportDifference("%s:%d: no rows in PostgreSQL", recipesDocument, r.line)
		}
	}
	return nil
}
