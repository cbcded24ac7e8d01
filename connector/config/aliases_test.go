package config

import (
	"testing"

	"source-gorgias/connector/streams"
)

// What stands beside a Sling connection is not lost: it may conceal something.
func TestLiftKeeps(t *testing.T) {
	s, err := Parse([]byte(`{"exclude_fields":["tickets.subject"],"connections":{"A":{"type":"api","spec":"gorgias",
		"secrets":{"subdomain":"acme","email":"a@acme.com","api_key":"k"}}}}`), false)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Privacy.Rules(streams.Find("tickets")).Exclude; len(got) != 1 {
		t.Errorf("%d fields are left out", len(got))
	}
}
