package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
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
	what := describeNonJSON(text, err)
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
func describeNonJSON(text []byte, err error) string {
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
func unwrapSling(fields map[string]any) (spelled spelling, err error) {
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

// aliases are the names other connectors of this API give to the settings.
// The first that is there is taken.
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

// Aliases returns the other names under which a setting is understood.
func Aliases(name string) []string {
	for _, a := range aliases {
		if a.name == name {
			return slices.Clone(a.other)
		}
	}
	return nil
}

// decodeAny reads any JSON in the same way.
func decodeAny(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err = d.Decode(&v); err == nil && d.More() {
		err = errors.New("more than one value")
	}
	return normalizeScalars(v), err
}

// plain writes every number in its plainest form, 10.0 as 10, within what a
// float64 holds: the validator trips over others. Texts lose the blanks around
// them, which people paste along.
func normalizeScalars(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = normalizeScalars(v[name])
		}
	case []any:
		for i := range v {
			v[i] = normalizeScalars(v[i])
		}
	case json.Number:
		f, _ := v.Float64()
		f = min(max(f, -1e18), 1e18)
		return json.Number(strconv.FormatFloat(f, 'f', -1, 64))
	case string:
		return strings.TrimSpace(v)
	}
	return v
}

// spelling maps a setting to the name the user gave it.
type spelling map[string]string

func (s spelling) of(name string) string {
	if other := s[name]; other != "" {
		return other
	}
	return name
}

// flat are the fields of credentials, as some write them beside the others.
var credentialFields = []string{"auth_type", "email", "api_key", "client_id", "client_secret", "refresh_token", "access_token", "token_expiry_date"}

// normalize brings the fields into the one form: other names for settings,
// credentials written flat, values that stand for nothing. It returns how the
// user spelled what it renamed, and what has been moved before.
func applyAliases(fields map[string]any, moved spelling) spelling {
	spelled := spelling{}
	defer func() {
		for name, at := range moved {
			if spelled.of(name) == name {
				spelled[name] = at
			}
		}
		for name, other := range spelled {
			if at := moved[other]; at != "" {
				spelled[name] = at
			}
		}
	}()
	credentials, nested := fields["credentials"].(map[string]any)
	for _, in := range []map[string]any{fields, credentials} {
		for name, v := range in {
			if v == nil || v == "" {
				delete(in, name)
			}
		}
		for _, a := range aliases {
			for _, other := range a.other {
				if v, ok := in[other]; ok && in[a.name] == nil {
					in[a.name], spelled[a.name] = v, other
					delete(in, other)
				}
			}
		}
	}
	reports, _ := fields["reports"].([]any)
	for _, r := range reports {
		report, _ := r.(map[string]any)
		for name, v := range report {
			if list, ok := v.([]any); v == nil || v == "" || ok && len(list) == 0 {
				delete(report, name)
			}
		}
	}
	if _, ok := fields["reports"].([]any); ok && len(reports) == 0 {
		delete(fields, "reports")
	}
	if fields["credentials"] == nil || nested && len(credentials) == 0 {
		credentials = map[string]any{}
		for _, name := range credentialFields {
			if v, ok := fields[name]; ok {
				credentials[name] = v
				delete(fields, name)
			}
			if spelled[name] == "" {
				spelled[name] = name
			}
		}
		if len(credentials) > 0 {
			fields["credentials"], nested = credentials, true
			spelled["credentials"] = "credentials"
		}
	} else {
		for _, name := range credentialFields {
			spelled[name] = "credentials." + spelled.of(name)
		}
	}
	if nested && credentials["auth_type"] == nil {
		credentials["auth_type"] = AuthAPIKey
		if credentials["api_key"] == nil && (credentials["access_token"] != nil || credentials["refresh_token"] != nil) {
			credentials["auth_type"] = AuthOAuth
		}
	}
	return spelled
}

// fit reads texts that stand for something else: "10" for a number, "true" for
// a yes, "a, b" or ["a", "b"] for a list. Addresses, environments and forms can
// write nothing but texts. What does not fit stays as it is.
func coerceTypes(fields map[string]any) {
	var form struct {
		Properties map[string]struct{ Type string }
	}
	_ = json.Unmarshal(spec, &form)
	for name, v := range fields {
		text, ok := v.(string)
		if !ok {
			continue
		}
		switch form.Properties[name].Type {
		case "integer", "number":
			if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
				fields[name] = normalizeScalars(json.Number(text))
			}
		case "boolean":
			switch strings.ToLower(text) {
			case "true", "1", "yes", "on":
				fields[name] = true
			case "false", "0", "no", "off":
				fields[name] = false
			}
		case "array":
			if v, err := decodeAny(text); err == nil {
				fields[name] = v
			} else if !strings.ContainsAny(text, `[{"`) {
				var list []any
				for part := range strings.SplitSeq(text, ",") {
					if part = strings.TrimSpace(part); part != "" {
						list = append(list, part)
					}
				}
				fields[name] = list
			}
		}
	}
}

// DescribeJSONError says what is wrong with a JSON text without showing it.
func DescribeJSONError(raw []byte, err error) string {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		var v any // the decoder's error says more
		return "it " + describeNonJSON(raw, json.NewDecoder(bytes.NewReader(raw)).Decode(&v))
	case errors.As(err, &typ) && typ.Field != "":
		return fmt.Sprintf("%q is a JSON %s", typ.Field, typ.Value)
	case errors.As(err, &typ):
		return fmt.Sprintf("it is a JSON %s", typ.Value)
	}
	return "it is not as expected"
}
