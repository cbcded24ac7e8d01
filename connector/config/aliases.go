package config

import "slices"

// aliases are the names that other connectors of this API give to settings. The
// first one that is given is used.
var aliases = []struct {
	name  string
	other []string
}{
	{"subdomain", []string{"domain_name", "domain"}},
	{"email", []string{"username", "email_address"}},
	{"api_key", []string{"password"}},
	{"start_date", []string{"anchor_date", "interval_start"}},
	{"end_date", []string{"interval_end"}},
}

// credentialFields are the settings within credentials. They may also be given
// at the top level.
var credentialFields = []string{"auth_type", "email", "api_key", "client_id", "client_secret", "refresh_token", "access_token", "token_expiry_date"}

// Aliases returns the other names of a setting.
func Aliases(name string) []string {
	for _, a := range aliases {
		if a.name == name {
			return slices.Clone(a.other)
		}
	}
	return nil
}

// originalNames maps settings to the names and places that the user gave them.
type originalNames map[string]string

// of returns the original name of a setting; the setting itself if it was not
// renamed.
func (n originalNames) of(setting string) string {
	if original := n[setting]; original != "" {
		return original
	}
	return setting
}

// applyAliases renames aliases and moves the credentials into an object of their
// own. It adds their original names to names.
func applyAliases(fields map[string]any, names originalNames) {
	renameAliases(fields, names)
	credentials, isObject := fields["credentials"].(map[string]any)
	switch {
	case len(credentials) > 0:
		nested := originalNames{}
		renameAliases(credentials, nested)
		for _, name := range credentialFields {
			names[name] = names.of("credentials") + "." + nested.of(name)
		}
	case isObject || fields["credentials"] == nil:
		credentials = map[string]any{}
		for _, name := range credentialFields {
			if value, ok := fields[name]; ok {
				credentials[name] = value
				delete(fields, name)
			}
			names[name] = names.of(name)
		}
		delete(fields, "credentials")
		if len(credentials) > 0 {
			fields["credentials"] = credentials
		}
	}
	if len(credentials) > 0 && credentials["auth_type"] == nil {
		credentials["auth_type"] = AuthAPIKey
		if credentials["api_key"] == nil && (credentials["access_token"] != nil || credentials["refresh_token"] != nil) {
			credentials["auth_type"] = AuthOAuth
		}
	}
}

func renameAliases(fields map[string]any, names originalNames) {
	for _, a := range aliases {
		for _, other := range a.other {
			if value := fields[other]; value != nil && fields[a.name] == nil {
				fields[a.name], names[a.name] = value, names.of(other)
				delete(fields, other)
			}
		}
	}
}
