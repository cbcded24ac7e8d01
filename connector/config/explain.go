package config

import (
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

const expectedDate = "a date such as 2026-01-31 or a timestamp such as 2026-01-31T00:00:00Z"

// expected describes the strings of which the specification says nothing more.
var expected = map[string]string{
	"start_date":    expectedDate,
	"end_date":      expectedDate,
	"email":         "the email address of the user who owns the API key",
	"api_key":       "the API key from Settings, REST API",
	"client_id":     "the client ID of your app",
	"client_secret": "the client secret of your app",
	"refresh_token": "the refresh token of your app",
	"access_token":  "an access token of your app",
}

// describeExpected says what the specification expects of a setting.
func describeExpected(name string, s *jsonschema.Schema) string {
	switch items, _ := s.Items.(*jsonschema.Schema); {
	case name == "credentials":
		return `an object with "email" and "api_key"`
	case expected[name] != "":
		return expected[name]
	case len(s.Enum) > 0:
		return strings.Trim(strings.ReplaceAll(fmt.Sprintf("%q", s.Enum), " ", " or "), "[]")
	case items != nil && items.Types[0] == "string":
		return "a list of strings"
	case s.MinLength > 0:
		return fmt.Sprintf("a string of at least %d characters", s.MinLength)
	}
	text := map[string]string{"string": "a string", "integer": "an integer", "number": "a number", "object": "an object", "array": "a list",
		"boolean": "true or false"}[s.Types[0]]
	if s.Minimum != nil {
		low, _ := s.Minimum.Float64()
		high, _ := s.Maximum.Float64()
		text += fmt.Sprintf(" from %v to %v", low, high)
	}
	switch {
	case len(s.Examples) > 0:
		text += fmt.Sprintf(" such as %v", s.Examples[0])
	case s.Default != nil && s.Types[0] != "boolean":
		text += fmt.Sprintf(" such as %v", s.Default)
	}
	return text
}
