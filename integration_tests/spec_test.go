package integration_tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"source-gorgias/connector/config"
	"source-gorgias/connector/streams"
)

// specification returns the program's SPEC message, and its form.
func specification(t *testing.T) (raw json.RawMessage, form map[string]any) {
	t.Helper()
	for _, m := range (call{args: []string{"spec"}}).inside(t).messages() {
		if m.Spec != nil {
			var s struct {
				Form json.RawMessage `json:"connectionSpecification"`
			}
			if err := json.Unmarshal(m.Spec, &s); err != nil {
				t.Fatal(err)
			}
			raw = s.Form
		}
	}
	form, ok := decode(raw).(map[string]any)
	if !ok {
		t.Fatal("no specification")
	}
	return raw, form
}

// A place is a schema within a schema.
type place struct {
	path   string
	name   string // of the property; "" for others
	schema map[string]any
}

// places yields all schemas within a schema.
func places(root map[string]any) iter.Seq[place] {
	return func(yield func(place) bool) {
		var visit func(path, name string, s map[string]any) bool
		visit = func(path, name string, s map[string]any) bool {
			if !yield(place{path, name, s}) {
				return false
			}
			properties, _ := s["properties"].(map[string]any)
			for _, name := range slices.Sorted(maps.Keys(properties)) {
				if p, ok := properties[name].(map[string]any); ok && !visit(path+"/"+name, name, p) {
					return false
				}
			}
			for _, key := range []string{"oneOf", "anyOf", "allOf"} {
				options, _ := s[key].([]any)
				for i, o := range options {
					if o, ok := o.(map[string]any); ok && !visit(fmt.Sprintf("%s/%s%d", path, key, i), "", o) {
						return false
					}
				}
			}
			if items, ok := s["items"].(map[string]any); ok {
				return visit(path+"/*", "", items)
			}
			return true
		}
		visit("", "", root)
	}
}

// TestSpec checks what Airbyte's acceptance tests check in a specification.
func TestSpec(t *testing.T) {
	t.Parallel()
	raw, form := specification(t)
	each := func(name string, check func(*testing.T, place)) {
		t.Run(name, func(t *testing.T) {
			for p := range places(form) {
				check(t, p)
			}
		})
	}
	t.Run("config_match_spec", func(t *testing.T) {
		// The formats are for date pickers; no client checks them, and a plain
		// date is valid.
		plain := regexp.MustCompile(`"format":"[a-z-]+",?`).ReplaceAll(raw, nil)
		c := jsonschema.NewCompiler()
		if err := c.AddResource("spec.json", bytes.NewReader(plain)); err != nil {
			t.Fatal(err)
		}
		schema := c.MustCompile("spec.json")
		for config, fits := range map[string]bool{
			configText("http://127.0.0.1:1", sandboxSecret): true,
			`{"subdomain":"acme","credentials":{"auth_type":"oauth2.0","client_id":"c","client_secret":"s","refresh_token":"r"},"unknown":1}`:            true,
			`{"subdomain":"acme","credentials":{"auth_type":"oauth2.0","client_id":"c","client_secret":"s"}}`:                                            false,
			`{"subdomain":"acme","credentials":{"auth_type":"api_key","email":"a@b.c"}}`:                                                                 false,
			`{"credentials":{"auth_type":"oauth2.0","client_id":"c","client_secret":"s","refresh_token":"r"}}`:                                           false,
			`{"subdomain":"acme","credentials":{"auth_type":"oauth2.0","client_id":"c","client_secret":"s","refresh_token":"r"},"overlap":"10"}`:         false,
			`{"subdomain":"acme","credentials":{"auth_type":"oauth2.0","client_id":"c","client_secret":"s","refresh_token":"r"},"rate_limit_reserve":1}`: false,
		} {
			if err := schema.Validate(decode([]byte(config))); (err == nil) != fits {
				t.Errorf("%s: %v", config, err)
			}
		}
	})
	each("enum_usage", func(t *testing.T, p place) {
		values, _ := p.schema["enum"].([]any)
		seen := map[string]bool{}
		for _, v := range values {
			if seen[fmt.Sprint(v)] {
				t.Errorf("%s: %v twice", p.path, v)
			}
			seen[fmt.Sprint(v)] = true
		}
	})
	each("oneof_usage", func(t *testing.T, p place) {
		options, ok := p.schema["oneOf"].([]any)
		if !ok {
			return
		}
		if p.schema["type"] != "object" {
			t.Errorf("%s: a choice that is no object", p.path)
		}
		constants := map[string]map[any]bool{}
		for _, o := range options {
			o := o.(map[string]any)
			properties, ok := o["properties"].(map[string]any)
			if o["type"] != "object" || !ok {
				t.Errorf("%s: an option without type or properties", p.path)
			}
			for name, q := range properties {
				q := q.(map[string]any)
				if v, ok := q["const"]; ok {
					if constants[name] == nil {
						constants[name] = map[any]bool{}
					}
					constants[name][v] = true
					if required, _ := o["required"].([]any); !slices.Contains(required, any(name)) {
						t.Errorf("%s: %s is not required", p.path, name)
					}
					if q["default"] != nil && q["default"] != v || q["enum"] != nil {
						t.Errorf("%s: %s has another default or an enum", p.path, name)
					}
				}
			}
		}
		common := 0
		for _, values := range constants {
			if len(values) == len(options) {
				common++
			}
		}
		if common != 1 {
			t.Errorf("%s: %d properties tell the options apart, not one", p.path, common)
		}
	})
	secret := regexp.MustCompile(`^(client_token|access_token|api_token|token|secret|client_secret|password|key|service_account(_info)?|tenant_id|certificate|jwt|credentials|app_id|appid|refresh_token|api_key|hash_salt)$`)
	secrets := 0
	each("secret_is_properly_marked", func(t *testing.T, p place) {
		typ, marked := p.schema["type"], p.schema["airbyte_secret"] == true
		can := (typ == "string" || typ == "integer" || typ == "number") && p.schema["const"] == nil
		if should := secret.MatchString(p.name) && can; should != marked {
			t.Errorf("%s: marked %v, should be %v", p.path, marked, should)
		} else if should {
			secrets++
		}
	})
	if secrets < 2 {
		t.Errorf("%d secrets, an API key and a token were expected", secrets)
	}
	each("property_type_is_not_array", func(t *testing.T, p place) {
		if types, ok := p.schema["type"].([]any); ok && len(types) != 1 && (len(types) != 2 || types[1] != "null") {
			t.Errorf("%s: %v", p.path, types)
		}
	})
	each("object_not_empty", func(t *testing.T, p place) {
		if p.schema["type"] == "object" && p.schema["properties"] == nil && p.schema["oneOf"] == nil {
			t.Errorf("%s is empty", p.path)
		}
	})
	each("array_type", func(t *testing.T, p place) {
		if p.schema["type"] != "array" {
			return
		}
		items, ok := p.schema["items"].(map[string]any)
		if !ok || items["enum"] == nil && !slices.Contains([]any{"object", "string", "number", "integer"}, items["type"]) {
			t.Errorf("%s: items are %v", p.path, p.schema["items"])
		}
	})
	each("forbidden_complex_types", func(t *testing.T, p place) {
		for _, word := range []string{"not", "anyOf", "patternProperties", "prefixItems", "allOf", "if", "then", "else", "dependentSchemas", "dependentRequired"} {
			if p.schema[word] != nil {
				t.Errorf("%s has %s", p.path, word)
			}
		}
	})
	each("date_format", func(t *testing.T, p place) {
		f, ok := p.schema["format"]
		if date := strings.HasSuffix(p.name, "_date"); date != ok || ok && f != "date" && f != "date-time" {
			t.Errorf("%s: format %v", p.path, f)
		}
	})
	each("duplicate_order", func(t *testing.T, p place) {
		properties, _ := p.schema["properties"].(map[string]any)
		seen := map[string]string{}
		for name, q := range properties {
			order := fmt.Sprint(q.(map[string]any)["order"])
			if other := seen[order]; other != "" {
				t.Errorf("%s: %s and %s have the order %s", p.path, name, other, order)
			}
			seen[order] = name
		}
	})
	t.Run("groups", func(t *testing.T) {
		var form struct {
			Groups     []struct{ ID, Title string }
			Properties map[string]struct {
				Group      string
				AlwaysShow bool `json:"always_show"`
			}
		}
		if err := json.Unmarshal(config.Spec(), &form); err != nil {
			t.Fatal(err)
		}
		used := map[string]bool{}
		for name, p := range form.Properties {
			used[p.Group] = true
			if !slices.ContainsFunc(form.Groups, func(g struct{ ID, Title string }) bool { return g.ID == p.Group && g.Title != "" }) {
				t.Errorf("%s: there is no group %q", name, p.Group)
			}
		}
		if len(used) != len(form.Groups) || !form.Properties["start_date"].AlwaysShow {
			t.Errorf("groups %v, used are %v; start_date is always shown: %v", form.Groups, used, form.Properties["start_date"].AlwaysShow)
		}
	})
	each("nested_group", func(t *testing.T, p place) {
		if p.schema["group"] != nil && strings.Count(p.path, "/") != 1 {
			t.Errorf("%s has a group", p.path)
		}
	})
	each("display_type", func(t *testing.T, p place) {
		if d, ok := p.schema["display_type"]; ok && (p.schema["oneOf"] == nil || d != "radio" && d != "dropdown") {
			t.Errorf("%s: display_type %v", p.path, d)
		}
	})
	t.Run("defined_refs_exist", func(t *testing.T) {
		if bytes.Contains(raw, []byte("$ref")) {
			t.Error("a $ref")
		}
	})
	t.Run("oauth_button", func(t *testing.T) {
		var m struct {
			Spec struct {
				Auth struct {
					Key    []string       `json:"predicate_key"`
					Value  string         `json:"predicate_value"`
					Config map[string]any `json:"oauth_config_specification"`
				} `json:"advanced_auth"`
			} `json:"spec"`
		}
		if err := json.Unmarshal((call{args: []string{"spec"}}).inside(t).stdout, &m); err != nil {
			t.Fatal(err)
		}
		// field returns the property at a path, for the OAuth kind of
		// credentials.
		field := func(path []any) map[string]any {
			at := form
			for _, name := range path {
				if options, ok := at["oneOf"].([]any); ok {
					at = options[0].(map[string]any)
				}
				at, _ = at["properties"].(map[string]any)[name.(string)].(map[string]any)
			}
			return at
		}
		auth := m.Spec.Auth
		if got := field([]any{auth.Key[0], auth.Key[1]})["const"]; got != auth.Value || auth.Value != "oauth2.0" {
			t.Errorf("the button is for %v = %q, in the specification it is %v", auth.Key, auth.Value, got)
		}
		paths := 0
		var visit func(any)
		visit = func(v any) {
			in, _ := v.(map[string]any)
			for name, v := range in {
				if path, ok := v.([]any); ok && name == "path_in_connector_config" {
					if paths++; field(path) == nil {
						t.Errorf("the specification has nothing at %v", path)
					}
				}
				visit(v)
			}
		}
		visit(auth.Config)
		if paths != 5 { // subdomain, two tokens, client id and secret
			t.Errorf("%d paths", paths)
		}
		input := auth.Config["oauth_connector_input_specification"].(map[string]any)
		scopes := strings.Fields(input["scope"].(string))
		for _, s := range streams.All() {
			if s.OAuthScope != "" && !slices.Contains(scopes, s.OAuthScope) {
				t.Errorf("the button does not request %s, which %s needs", s.OAuthScope, s.Name)
			}
		}
		if !slices.Contains(scopes, "offline") {
			t.Error("the button does not request a refresh token")
		}
	})
	t.Run("oauth_is_default_method", func(t *testing.T) {
		options := form["properties"].(map[string]any)["credentials"].(map[string]any)["oneOf"].([]any)
		if got := options[0].(map[string]any)["properties"].(map[string]any)["auth_type"].(map[string]any)["const"]; got != "oauth2.0" {
			t.Errorf("option 0 is %v", got)
		}
	})
	each("additional_properties_is_true", func(t *testing.T, p place) {
		if more, ok := p.schema["additionalProperties"]; ok && more != true {
			t.Errorf("%s: %v", p.path, more)
		}
	})
	each("default_of_its_type", func(t *testing.T, p place) {
		d, ok := p.schema["default"]
		if !ok {
			return
		}
		text, _ := json.Marshal(p.schema)
		schema, err := jsonschema.CompileString("place.json", string(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(d); err != nil {
			t.Errorf("%s: the default %#v is not a value the field takes", p.path, d)
		}
	})
	each("words_for_people", func(t *testing.T, p place) {
		if p.name == "" || p.schema["const"] != nil {
			return
		}
		text, _ := p.schema["description"].(string)
		if p.schema["title"] == nil || !strings.HasSuffix(text, ".") {
			t.Errorf("%s: title %v, description %q", p.path, p.schema["title"], text)
		}
	})
}
