package schemas_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"source-gorgias/schemas"
)

// drafts are the drafts by which targets validate records.
var drafts = []*jsonschema.Draft{jsonschema.Draft4, jsonschema.Draft7, jsonschema.Draft2020}

// compile compiles a schema under every draft, whichever one it names itself.
func compile(t *testing.T, name string, data []byte) (compiled []*jsonschema.Schema) {
	t.Helper()
	anonymous := strings.Replace(string(data), `"$schema": "http://json-schema.org/draft-07/schema#",`, "", 1)
	if anonymous == string(data) {
		t.Fatalf("%s names no draft", name)
	}
	for _, draft := range drafts {
		c := jsonschema.NewCompiler()
		c.Draft = draft
		if err := c.AddResource(name, strings.NewReader(anonymous)); err != nil {
			t.Fatalf("%s, %s: %v", name, draft, err)
		}
		schema, err := c.Compile(name)
		if err != nil {
			t.Fatalf("%s, %s: %v", name, draft, err)
		}
		compiled = append(compiled, schema)
	}
	return compiled
}

func TestOf(t *testing.T) {
	data := schemas.Of(schemas.TicketMessage{})
	if !bytes.Contains(data, []byte("A TicketMessage is")) {
		t.Errorf("Of(TicketMessage) = %q", data)
	}
	for _, other := range []any{nil, 7, time.Time{}, schemas.Person{}, &schemas.Ticket{}} {
		if data := schemas.Of(other); data != nil {
			t.Errorf("Of(%T) = %q, want nil", other, data)
		}
	}
}

// TestDrafts checks that a schema means the same under every draft: about
// recorded rows with random changes, all drafts agree.
func TestDrafts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for _, s := range samples {
		name := schemas.File(s.record)
		compiled := compile(t, name, schemas.Of(s.record))
		rows := s.rows(t)
		verdicts := map[bool]int{}
		for range 200 {
			// A copy: spoil changes it.
			text, _ := json.Marshal(rows[r.IntN(len(rows))])
			row := spoil(r, decode[any](t, text))
			first := compiled[0].Validate(row)
			verdicts[first == nil]++
			for i, schema := range compiled[1:] {
				if err := schema.Validate(row); (err == nil) != (first == nil) {
					t.Fatalf("seed %d: %s: %s: %v, %s: %v, row %v", seed, name, drafts[0], first, drafts[i+1], err, row)
				}
			}
		}
		if verdicts[true] == 0 || verdicts[false] == 0 {
			t.Errorf("seed %d: %s: %d rows were valid and %d were not: nothing was compared", seed, name, verdicts[true], verdicts[false])
		}
	}
}

// spoil replaces one in twenty of the values in v.
func spoil(r *rand.Rand, v any) any {
	if r.IntN(20) == 0 {
		others := []any{
			nil, true, "", "2026-03-02", json.Number("7"), json.Number("-1.5"), json.Number("9223372036854775808"),
			map[string]any{}, map[string]any{"id": "x"}, []any{}, []any{nil}, []any{"a", json.Number("1"), []any{}},
		}
		return others[r.IntN(len(others))]
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			v[k] = spoil(r, v[k])
		}
	case []any:
		for i := range v {
			v[i] = spoil(r, v[i])
		}
	}
	return v
}
