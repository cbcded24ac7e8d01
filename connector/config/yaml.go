package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v4"
)

// The limits of a configuration in YAML. Its aliases can repeat a part of it, and
// a part can contain itself.
const maxYAMLDepth, maxYAMLNodes = 20, 100_000

// inBraces matches a YAML mapping in braces. One whose names have quotation marks
// is JSON with a mistake, which the error of the JSON decoder describes best.
var inBraces = regexp.MustCompile(`^\{\s*[A-Za-z_]`)

// isYAML reports whether a text that is no JSON value is meant to be YAML.
func isYAML(text []byte) bool {
	text = bytes.TrimSpace(text)
	if bytes.HasPrefix(text, []byte("{")) {
		return inBraces.Match(text)
	}
	return !bytes.HasPrefix(text, []byte("[")) && yamlPattern.Match(text)
}

// decodeYAML reads a YAML mapping. Its scalars are strings with the spelling of
// the user, so that 0123 and 1e5 can be keys and 2026-01-31 a date; coerceTypes
// converts them to the types of their settings. Null is nil.
func decodeYAML(text []byte) (map[string]any, error) {
	var document yaml.Node
	if err := yaml.Load(text, &document); err != nil {
		return nil, NewError("", "the config is not valid YAML%s; expected settings such as subdomain: acme", describeYAMLError(err)) // err contains values
	}
	r := yamlReader{nodes: maxYAMLNodes}
	value := r.value(&document, 0)
	switch {
	case r.badName:
		return nil, NewError("", "the config is YAML with an invalid name of a setting; write a blank after each colon, such as subdomain: acme")
	case r.nodes < 0:
		return nil, NewError("", "the config is YAML of more than %d values, or nested deeper than %d levels: write it without aliases", maxYAMLNodes, maxYAMLDepth)
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return nil, NewError("", "the config is YAML, but not a mapping; expected settings such as subdomain: acme")
	}
	return fields, nil
}

func describeYAMLError(err error) string {
	var at *yaml.LoadError
	if errors.As(err, &at) && at.Mark.Line > 0 {
		return fmt.Sprintf(" (line %d)", at.Mark.Line)
	}
	return ""
}

// A yamlReader converts nodes to values.
type yamlReader struct {
	nodes   int  // how many more it may read; negative once that, or the depth, was exceeded
	badName bool // a name is none: it may contain a value, so no message shows it
}

var yamlName = regexp.MustCompile(`^[\w.-]+$`)

func (r *yamlReader) value(n *yaml.Node, depth int) any {
	if r.nodes--; depth > maxYAMLDepth {
		r.nodes = -1
	}
	if r.nodes < 0 {
		return nil
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return r.value(n.Content[0], depth+1)
	case yaml.AliasNode:
		return r.value(n.Alias, depth+1)
	case yaml.MappingNode:
		fields := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			r.badName = r.badName || !yamlName.MatchString(name)
			fields[name] = r.value(n.Content[i+1], depth+1)
		}
		return fields
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, r.value(item, depth+1))
		}
		return list
	}
	if n.ShortTag() == "!!null" {
		return nil
	}
	return n.Value
}
