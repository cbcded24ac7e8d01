package main

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/invopop/jsonschema"
)

// Document returns the JSON Schema of a record's type, indented and ended by a
// newline. The descriptions are the comments in the package schemas, whose
// source is read from the working directory.
//
// An error means that the source cannot be read, or that a field has a type
// that some destination does not understand.
func Document(record any) ([]byte, error) {
	root, err := describe(record)
	if err != nil {
		return nil, err
	}
	document, err := json.Marshal(root, jsontext.WithIndent("  "))
	return append(document, '\n'), err
}

// describe returns the schema that Document formats.
func describe(record any) (*node, error) {
	r := jsonschema.Reflector{Anonymous: true, DoNotReference: true}
	if err := r.AddGoComments("source-gorgias", "schemas", jsonschema.WithFullComment()); err != nil {
		return nil, err
	}
	keys := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(record)) {
		switch f.Type.Kind() {
		case reflect.Int64, reflect.String:
			keys[f.Tag.Get("json")] = true
		}
	}
	root, err := repair(r.Reflect(record), keys)
	if err != nil {
		return nil, fmt.Errorf("%T: %w", record, err)
	}
	root.Draft, root.Type = "http://json-schema.org/draft-07/schema#", "object"
	return root, nil
}

// A node is a JSON Schema with only those keywords that every destination
// understands.
type node struct {
	Draft       string     `json:"$schema,omitzero"`
	Type        any        `json:"type"` // a string at the root, else a list
	Format      string     `json:"format,omitzero"`
	AirbyteType string     `json:"airbyte_type,omitzero"`
	Minimum     int64      `json:"minimum,omitzero"`
	Maximum     int64      `json:"maximum,omitzero"`
	Description string     `json:"description,omitzero"`
	Items       *node      `json:"items,omitzero"`
	Properties  properties `json:"properties,omitzero"`
	Open        bool       `json:"additionalProperties,omitzero"`
}

// properties is a JSON object in the order of the struct.
type properties []property

type property struct {
	name string
	*node
}

func (p properties) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, column := range p {
		if err := e.WriteToken(jsontext.String(column.name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(e, column.node); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

// repair converts a reflected schema to the keywords of node. The reflector
// knows one type per field, requires fields, forbids others and does not bound
// integers; here everything except the keys can be null.
func repair(s *jsonschema.Schema, keys map[string]bool) (*node, error) {
	n := &node{
		Type:        []string{s.Type, "null"},
		Format:      s.Format,
		Description: strings.Join(strings.Fields(s.Description), " "),
	}
	switch s.Type {
	case "string":
		if s.Format == "date-time" {
			n.AirbyteType = "timestamp_with_timezone"
		}
	case "boolean", "number":
	case "integer":
		n.Minimum, n.Maximum = math.MinInt64, math.MaxInt64
	case "array":
		if err := n.repairItems(s.Items); err != nil {
			return nil, err
		}
	case "object":
		n.Open = true
		if err := n.repairProperties(s, keys); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("destinations do not understand a field of type %q", s.Type)
	}
	return n, nil
}

func (n *node) repairItems(s *jsonschema.Schema) (err error) {
	// Some destinations fail on items that are lists or of any type.
	if s.Type == "" || s.Type == "array" {
		return nil
	}
	n.Items, err = repair(s, nil)
	if err == nil && s.Type == "object" && n.Items.Properties == nil {
		n.Items.Properties = properties{} // others fail on items that are objects without it
	}
	return err
}

func (n *node) repairProperties(s *jsonschema.Schema, keys map[string]bool) error {
	if s.Properties == nil {
		return nil
	}
	for name, field := range s.Properties.FromOldest() {
		column, err := repair(field, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if keys[name] {
			column.Type = []string{field.Type}
		}
		n.Properties = append(n.Properties, property{name, column})
	}
	return nil
}
