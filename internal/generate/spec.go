package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/invopop/jsonschema"

	"source-gorgias/connector/config"
	"source-gorgias/connector/streams"
)

// Specification returns the JSON Schema of the configuration, as both
// protocols publish it.
func Specification() ([]byte, error) {
	r := jsonschema.Reflector{Anonymous: true, DoNotReference: true, AllowAdditionalProperties: true}
	if err := r.AddGoComments("source-gorgias", "connector", jsonschema.WithFullComment()); err != nil {
		return nil, err
	}
	root := form(r.Reflect(config.Config{}))
	root.Draft, root.Title, root.Description = "http://json-schema.org/draft-07/schema#", "Gorgias", ""
	root.Required, root.Groups = []string{"subdomain", "credentials"}, groups

	// The two types of credentials are alternatives; a form shows the fields of
	// the selected one.
	options := []*setting{}
	for _, option := range []struct {
		name, title string
		record      any
	}{
		{config.AuthOAuth, "OAuth 2.0", config.OAuthCredentials{}},
		{config.AuthAPIKey, "API key", config.APIKeyCredentials{}},
	} {
		o := form(r.Reflect(option.record))
		discriminator := field{"auth_type", &setting{Type: "string", Const: option.name, Order: new(int)}}
		for i := range o.Properties {
			*o.Properties[i].Order++
		}
		o.Title, o.Description = option.title, ""
		o.Properties = append(fields{discriminator}, o.Properties...)
		o.Required = append([]string{"auth_type"}, o.Required...)
		options = append(options, o)
	}
	for _, p := range root.Properties {
		// The default of a lookback window is in the row of its stream.
		if s := streams.Find(strings.TrimSuffix(p.name, "_window")); s != nil && s.LookbackWindow > 0 {
			p.Default = jsonNumber(strconv.Itoa(int(s.LookbackWindow / (24 * time.Hour))))
		}
		if p.name == "credentials" {
			p.OneOf, p.Display, p.Properties, p.Required = options, "radio", nil, nil
		}
	}
	document, err := json.Marshal(root, jsontext.WithIndent("  "))
	return append(document, '\n'), err
}

// A setting is a field of a form, in the keywords that the forms of both
// protocols understand.
type setting struct {
	Draft       string     `json:"$schema,omitzero"`
	Title       string     `json:"title,omitzero"`
	Type        string     `json:"type"`
	Description string     `json:"description,omitzero"`
	Const       string     `json:"const,omitzero"`
	Format      string     `json:"format,omitzero"`
	Examples    []any      `json:"examples,omitzero"`
	Enum        []any      `json:"enum,omitzero"`
	Default     any        `json:"default,omitzero"`
	Minimum     jsonNumber `json:"minimum,omitzero"`
	Maximum     jsonNumber `json:"maximum,omitzero"`
	MinLength   *uint64    `json:"minLength,omitzero"`
	Items       *setting   `json:"items,omitzero"`
	Secret      bool       `json:"airbyte_secret,omitzero"`
	Order       *int       `json:"order,omitzero"`
	Display     string     `json:"display_type,omitzero"`
	Required    []string   `json:"required,omitzero"`
	Open        bool       `json:"additionalProperties,omitzero"`
	Group       string     `json:"group,omitzero"`
	AlwaysShow  bool       `json:"always_show,omitzero"` // an optional field stands beside the required ones
	Groups      []group    `json:"groups,omitzero"`
	Properties  fields     `json:"properties,omitzero"`
	OneOf       []*setting `json:"oneOf,omitzero"`
}

// A group is a card of the form, with the settings that name it.
type group struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// groups are those of the form, in their order.
var groups = []group{{"authentication", "Authentication"}, {"range", "Range"}, {"reports", "Reports"}, {"privacy", "Privacy"}, {"advanced", "Advanced"}}

// A jsonNumber is a number, spelled as in the struct tag.
type jsonNumber string

func (n jsonNumber) MarshalJSON() ([]byte, error) { return []byte(n), nil }

type fields []field

type field struct {
	name string
	*setting
}

func (f fields) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, s := range f {
		if err := e.WriteToken(jsontext.String(s.name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(e, s.setting); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

// form converts a reflected schema to a form field.
func form(s *jsonschema.Schema) *setting {
	f := &setting{
		Title: s.Title, Type: s.Type, Format: s.Format, Examples: s.Examples, Enum: s.Enum, Default: s.Default,
		Description: strings.Join(strings.Fields(s.Description), " "),
		Minimum:     jsonNumber(s.Minimum), Maximum: jsonNumber(s.Maximum),
	}
	f.MinLength = s.MinLength
	flag := func(name string) bool {
		set, _ := strconv.ParseBool(text(s.Extras[name]))
		return set
	}
	f.Secret, f.AlwaysShow, f.Group = flag("airbyte_secret"), flag("always_show"), text(s.Extras["group"])
	if s.Default != nil && s.Type != "string" {
		f.Default = jsonNumber(fmt.Sprint(s.Default))
	}
	if s.Items != nil {
		f.Items = form(s.Items)
		f.Items.Description = "" // the list has the same one
	}
	if s.Properties != nil {
		f.Open, f.Required = true, s.Required
		order := 0
		for name, p := range s.Properties.FromOldest() {
			child, n := form(p), order
			child.Order = &n
			f.Properties = append(f.Properties, field{name, child})
			order++
		}
	}
	return f
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
