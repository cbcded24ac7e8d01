package config

import (
	"testing"

	"source-gorgias/connector/streams"
)

// TestSettingsBesideSling: settings beside a Sling connection apply. They may
// exclude fields.
func TestSettingsBesideSling(t *testing.T) {
	s, err := Parse([]byte(`{"exclude_fields":["tickets.subject"],"connections":{"A":{"type":"api","spec":"gorgias",
		"secrets":{"subdomain":"acme","email":"a@acme.com","api_key":"k"}}}}`), false)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Privacy.Rules(streams.Find("tickets")).Exclude; len(got) != 1 {
		t.Errorf("%d fields are excluded", len(got))
	}
}
