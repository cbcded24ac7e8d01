package config

import "strings"

// unwrapSling replaces a connection of a Sling environment by its settings. It
// returns where the user wrote what it moved.
func unwrapSling(fields map[string]any) (originalNames, error) {
	prefix, err := unwrapConnections(fields)
	if err != nil || !isSling(fields) {
		return originalNames{}, err
	}
	names := originalNames{}
	delete(fields, "type")
	delete(fields, "spec")
	for _, group := range []string{"inputs", "secrets"} {
		settings, ok := fields[group].(map[string]any)
		if !ok && fields[group] != nil {
			return nil, NewError(prefix+group, "expected an object")
		}
		for name, value := range settings {
			if fields[name] == nil {
				fields[name], names[name] = value, prefix+group+"."+name
			}
		}
		delete(fields, group)
	}
	if fields["auth_type"] == nil && fields["credentials"] == nil && fields["access_token"] == nil && fields["refresh_token"] == nil {
		fields["auth_type"] = AuthAPIKey // the only one in Sling
	}
	for _, name := range []string{"subdomain", "email", "api_key"} {
		if fields[name] == nil {
			names[name] = prefix + "secrets." + name // where it is missing
		}
	}
	return names, nil
}

// unwrapConnections replaces the connections of an environment by the one that
// is for Gorgias. It returns the path to it, with a period at the end.
func unwrapConnections(fields map[string]any) (prefix string, err error) {
	connections, ok := fields["connections"].(map[string]any)
	if !ok {
		return "", nil
	}
	var connection map[string]any
	matches := 0
	for name, c := range connections {
		c, _ := c.(map[string]any)
		if spec, _ := c["spec"].(string); strings.Contains(strings.ToLower(spec), "gorgias") {
			connection, prefix, matches = c, "connections."+name+".", matches+1
		}
	}
	switch matches {
	case 0:
		return "", NewError("connections", `none has "spec": "gorgias"`)
	case 1:
	default:
		return "", NewError("connections", `%d have "spec": "gorgias"; keep only the one to read`, matches)
	}
	delete(fields, "connections")
	delete(fields, "variables")
	for name, value := range connection {
		if fields[name] == nil { // settings beside the connections take precedence
			fields[name] = value
		}
	}
	return prefix, nil
}

// isSling reports whether fields are a connection of a Sling environment.
func isSling(fields map[string]any) bool {
	return fields["secrets"] != nil || fields["inputs"] != nil || fields["type"] == "api" && fields["spec"] != nil
}
