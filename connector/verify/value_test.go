package verify

import "testing"

// TestEqualByMeaning checks which spellings of a warehouse are the account's value.
func TestEqualByMeaning(t *testing.T) {
	t.Parallel()
	null := Cell{Null: true}
	for _, c := range []struct {
		kind         kind
		row, account Cell
		equal        bool
	}{
		{numberKind, Cell{Text: "12.0"}, Cell{Text: "12"}, true},
		{numberKind, Cell{Text: "9007199254740993"}, Cell{Text: "9007199254740992"}, false},
		{numberKind, Cell{Text: "0.50"}, Cell{Text: "0.5"}, true},
		{numberKind, Cell{Text: "0"}, Cell{Text: "-0"}, true},
		{numberKind, Cell{Text: "1000"}, Cell{Text: "1e3"}, true},
		{numberKind, Cell{Text: "4"}, Cell{Text: "5"}, false},
		{booleanKind, Cell{Text: "t"}, Cell{Text: "true"}, true},
		{booleanKind, Cell{Text: "FALSE"}, Cell{Text: "false"}, true},
		{booleanKind, Cell{Text: "f"}, Cell{Text: "true"}, false},
		{timestampKind, Cell{Text: "2026-01-02 03:04:05+00"}, Cell{Text: "2026-01-02T03:04:05.678901Z"}, true},
		{timestampKind, Cell{Text: "2026-01-02 03:04:05.678+00"}, Cell{Text: "2026-01-02T03:04:05.678901Z"}, true},
		{timestampKind, Cell{Text: "2026-01-02 04:04:05.678901+01"}, Cell{Text: "2026-01-02T03:04:05.678901Z"}, true},
		{timestampKind, Cell{Text: "2026-01-02 03:04:05.678+00"}, Cell{Text: "2026-01-02T03:04:05.700000Z"}, false},
		{timestampKind, Cell{Text: "2026-01-02 03:04:06+00"}, Cell{Text: "2026-01-02T03:04:05.000000Z"}, false},
		{textKind, Cell{}, null, true},
		{textKind, Cell{Text: "a\nb"}, Cell{Text: "a\r\nb"}, true},
		{textKind, Cell{Text: "12.0"}, Cell{Text: "12"}, false},
		{jsonKind, Cell{Text: `null`}, null, true},
		{jsonKind, Cell{Text: `{"b": 1.0, "a": [null]}`}, Cell{Text: `{"a":[null],"b":1}`}, true},
		{jsonKind, Cell{Text: `{"a":"1"}`}, Cell{Text: `{"a":1}`}, false},
		{jsonKind, Cell{Text: `[]`}, null, false},
		{jsonKind, Cell{Text: `{"a":9007199254740993}`}, Cell{Text: `{"a":9007199254740992}`}, false},
	} {
		row, _ := c.kind.canonical(c.row)
		account, _ := c.kind.canonical(c.account)
		if got := c.kind.equal(row, account); got != c.equal {
			t.Errorf("%v: %q and %q: %v", c.kind, c.row.Text, c.account.Text, got)
		}
		if c.equal && c.kind.hash("x", row) != c.kind.hash("x", account) {
			t.Errorf("%v: %q and %q have different hashes", c.kind, c.row.Text, c.account.Text)
		}
	}
}

// TestReservoir checks that each group is as likely to be in the sample as any other,
// with all its rows.
func TestReservoir(t *testing.T) {
	t.Parallel()
	const rounds, groups, size = 3000, 40, 8
	times := map[int64]int{}
	for seed := range uint64(rounds) {
		r := newReservoir(size, seed, []int64{5})
		for i := range int64(groups * 3) {
			r.add(entry{key: key{id: i}, group: i % groups})
		}
		if len(r.all()) < size || len(r.all()) > size+1 || len(r.rows[5]) != 3 {
			t.Fatalf("seed %d: %d groups", seed, len(r.all()))
		}
		for g, rows := range r.rows {
			if times[g]++; len(rows) != 3 {
				t.Fatalf("seed %d: group %d has %d rows", seed, g, len(rows))
			}
		}
	}
	for g := range int64(groups) {
		want := float64(rounds) * size / (groups - 1)
		if d := float64(times[g]) - want; g != 5 && d*d > 16*want {
			t.Errorf("group %d was drawn %d times of about %.0f", g, times[g], want)
		}
	}
}
