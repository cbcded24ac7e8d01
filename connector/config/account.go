package config

import (
	"encoding/json"
	"time"

	"source-gorgias/connector/conform"
)

// WithAccount returns the configuration with another account.
func WithAccount(raw []byte, subdomain, email, key string) ([]byte, error) {
	fields, err := decode(raw)
	if err != nil {
		return nil, err
	}
	if _, err := unwrapSling(fields); err != nil {
		return nil, err
	}
	for _, name := range append([]string{"base_url", "subdomain"}, credentialFields...) {
		for _, name := range append(Aliases(name), name) {
			delete(fields, name)
		}
	}
	fields["subdomain"] = subdomain
	fields["credentials"] = map[string]any{"auth_type": AuthAPIKey, "email": email, "api_key": key}
	return json.Marshal(fields)
}

// WithToken returns the configuration with other tokens, in the places where the
// user wrote them. Everything else in it stays as it is.
func WithToken(raw []byte, access, refresh string, expires time.Time) ([]byte, error) {
	fields, err := decode(raw)
	if err != nil {
		return nil, err
	}
	in := fields
	if credentials, ok := fields["credentials"].(map[string]any); ok && len(credentials) > 0 {
		in = credentials
	}
	in["access_token"], in["refresh_token"] = access, refresh
	delete(in, "token_expiry_date")
	if !expires.IsZero() {
		in["token_expiry_date"] = expires.UTC().Format(time.RFC3339)
	}
	return json.Marshal(fields)
}

// Tokens returns the tokens in a configuration, from where [WithToken] writes
// them; "" if there are none.
func Tokens(raw []byte) (access, refresh string, expires time.Time) {
	fields, _ := decode(raw)
	in := fields
	if credentials, ok := fields["credentials"].(map[string]any); ok && len(credentials) > 0 {
		in = credentials
	}
	access, _ = in["access_token"].(string)
	refresh, _ = in["refresh_token"].(string)
	text, _ := in["token_expiry_date"].(string)
	expires, _ = conform.ParseTimestamp(text)
	return access, refresh, expires
}
