package connector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// decode reads a JSON object without touching its numbers.
func decode(raw []byte) (map[string]any, error) {
	text := bytes.TrimPrefix(raw, []byte("\ufeff"))
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var fields map[string]any
	err := d.Decode(&fields)
	if err == nil && fields != nil {
		if _, end := d.Token(); end == io.EOF {
			return fields, nil
		}
		err = errTwice
	}
	what := other(text, err)
	remedy := ""
	if what == isYAML {
		remedy = ". yq -o=json turns the one into the other"
	}
	return nil, fmt.Errorf("the config %s; expected a JSON object such as {\"subdomain\": \"acme\", …}%s", what, remedy)
}

// Lines as they stand in YAML: a name, a colon, and a blank or nothing.
var yaml = regexp.MustCompile(`(?m)^[ \t]*(- )?[A-Za-z_][A-Za-z0-9_-]*:([ \t\r]|$)`)

var errTwice = errors.New("there is more behind the object")

const isYAML = "is YAML"

// other says what a text is that is no JSON object, without showing it.
func other(text []byte, err error) string {
	plain := bytes.TrimSpace(text)
	var syntax *json.SyntaxError
	switch {
	case len(plain) == 0:
		return "is empty"
	case bytes.IndexByte(plain, 0) >= 0:
		return "is not UTF-8, but looks like UTF-16; save it as UTF-8"
	case plain[0] == '<':
		return "is HTML or XML"
	case json.Valid(plain):
		if plain[0] == '[' {
			return "is a list"
		}
		return "is a single value"
	case plain[0] != '{' && yaml.Match(plain):
		return isYAML
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "is cut short: its last bracket or quotation mark is not closed"
	case errors.As(err, &syntax):
		at := text[:min(max(int(syntax.Offset)-1, 0), len(text))]
		line := 1 + bytes.Count(at, []byte("\n"))
		where := fmt.Sprintf("is not JSON (line %d, character %d)", line, 1+len([]rune(string(at[bytes.LastIndexByte(at, '\n')+1:]))))
		before, next := bytes.TrimSpace(at), text[len(at):]
		switch {
		case len(next) == 0 || len(before) == 0:
		case (next[0] == '}' || next[0] == ']') && before[len(before)-1] == ',':
			return where + ": a comma stands before a closing bracket"
		case next[0] == '\n' || next[0] == '\r':
			return where + ": a quotation mark is missing at the end of the line"
		case next[0] == '\'':
			return where + ": names and texts stand in double quotation marks"
		case next[0] == '/' || next[0] == '#':
			return where + ": JSON has no comments"
		case before[len(before)-1] == '{' || before[len(before)-1] == ',':
			return where + ": names stand in double quotation marks"
		case next[0] == '"':
			return where + ": a comma is missing"
		}
		return where
	}
	if errors.Is(err, errTwice) {
		return "goes on behind its object"
	}
	return "is not one JSON object"
}

// lift brings the connection of a Sling environment into the form of all
// others: its secrets and inputs are ours, what else it says is Sling's. It
// returns where the user wrote what it moved.
func lift(fields map[string]any) (spelled spelling, err error) {
	spelled, at := spelling{}, ""
	if connections, ok := fields["connections"].(map[string]any); ok {
		var ours []string
		for name, c := range connections {
			c, _ := c.(map[string]any)
			if spec, _ := c["spec"].(string); strings.Contains(strings.ToLower(spec), "gorgias") {
				ours = append(ours, name)
			}
		}
		switch len(ours) {
		case 0:
			return nil, errors.New(`connections: none of them has "spec": "gorgias"`)
		case 1:
		default:
			return nil, fmt.Errorf(`connections: %d of them have "spec": "gorgias"; leave the one that is to be read`, len(ours))
		}
		at = "connections." + ours[0] + "."
		delete(fields, "connections")
		delete(fields, "variables")
		for name, v := range connections[ours[0]].(map[string]any) {
			if fields[name] == nil { // what stands beside the connections lies over them
				fields[name] = v
			}
		}
	}
	if !sling(fields) {
		return spelled, nil
	}
	delete(fields, "type")
	delete(fields, "spec")
	for _, group := range []string{"inputs", "secrets"} {
		in, ok := fields[group].(map[string]any)
		if v := fields[group]; v != nil && !ok {
			return nil, fmt.Errorf("%s%s: expected an object", at, group)
		}
		for _, name := range slices.Sorted(maps.Keys(in)) {
			if fields[name] == nil {
				fields[name], spelled[name] = in[name], at+group+"."+name
			}
		}
		delete(fields, group)
	}
	if fields["auth_type"] == nil && fields["credentials"] == nil && fields["access_token"] == nil && fields["refresh_token"] == nil {
		fields["auth_type"] = AuthAPIKey // Sling knows no other
	}
	for _, name := range []string{"subdomain", "email", "api_key"} {
		if spelled[name] == "" && fields[name] == nil {
			spelled[name] = at + "secrets." + name
		}
	}
	return spelled, nil
}

// sling reports whether fields are a connection as Sling has it.
func sling(fields map[string]any) bool {
	_, secrets := fields["secrets"]
	_, inputs := fields["inputs"]
	return secrets || inputs || fields["type"] == "api" && fields["spec"] != nil
}
