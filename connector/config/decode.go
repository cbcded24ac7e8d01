package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"source-gorgias/connector/reports"
)

// decode reads a JSON object, or a mapping in YAML.
func decode(raw []byte) (map[string]any, error) {
	text := bytes.TrimPrefix(raw, []byte("\ufeff"))
	value, err := decodeAny(text)
	if fields, ok := value.(map[string]any); ok && err == nil {
		return fields, nil
	}
	if err != nil && isYAML(text) {
		return decodeYAML(text)
	}
	return nil, NewError("", `the config %s; expected a JSON object such as {"subdomain": "acme", …}`, describeNonJSON(text, err))
}

var errTrailingText = errors.New("text after the value")

// decodeAny reads one JSON value. Numbers keep their spelling.
func decodeAny(text []byte) (value any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errTrailingText
	}
	return value, nil
}

// DescribeJSONError says what is wrong with a JSON text without showing it. err
// is what decoding it returned.
func DescribeJSONError(raw []byte, err error) string {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		_, err := decodeAny(raw) // unlike Unmarshal, it returns where a truncated text ends
		return "it " + describeNonJSON(raw, err)
	case errors.As(err, &typ) && typ.Field != "":
		return fmt.Sprintf("%q is a JSON %s", typ.Field, typ.Value)
	case errors.As(err, &typ):
		return fmt.Sprintf("it is a JSON %s", typ.Value)
	}
	return "it does not have the expected form"
}

// yamlPattern matches a line of YAML: a name, a colon, and a blank or nothing.
var yamlPattern = regexp.MustCompile(`(?m)^[ \t]*(- )?[A-Za-z_][A-Za-z0-9_-]*:([ \t\r]|$)`)

// describeNonJSON says what a text is that is not one JSON object, without
// showing it. err is what decodeAny returned for it.
func describeNonJSON(text []byte, err error) string {
	trimmed := bytes.TrimSpace(text)
	var syntax *json.SyntaxError
	switch {
	case len(trimmed) == 0:
		return "is empty"
	case bytes.IndexByte(trimmed, 0) >= 0:
		return "looks like UTF-16; save it as UTF-8"
	case trimmed[0] == '<':
		return "is HTML or XML"
	case json.Valid(trimmed) && trimmed[0] == '[':
		return "is a list"
	case json.Valid(trimmed):
		return "is a single value"
	case trimmed[0] != '{' && yamlPattern.Match(trimmed): // catalogs and states; a config may be YAML
		return "is YAML (yq -o=json converts it)"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "is truncated: a bracket or a quotation mark is not closed"
	case errors.Is(err, errTrailingText):
		return "has more text after its object"
	case errors.As(err, &syntax):
		offset := min(max(int(syntax.Offset)-1, 0), len(text))
		return describeSyntaxError(text[:offset], text[offset:])
	}
	return "is not one JSON object"
}

// describeSyntaxError says what is wrong with a text that is JSON up to a
// character.
func describeSyntaxError(before, from []byte) string {
	line := 1 + bytes.Count(before, []byte("\n"))
	character := 1 + len([]rune(string(before[bytes.LastIndexByte(before, '\n')+1:])))
	what := fmt.Sprintf("is not valid JSON (line %d, character %d)", line, character)
	before = bytes.TrimSpace(before)
	if len(from) == 0 || len(before) == 0 {
		return what
	}
	switch previous := before[len(before)-1]; {
	case (from[0] == '}' || from[0] == ']') && previous == ',':
		return what + ": remove the comma before the closing bracket"
	case from[0] == '\n' || from[0] == '\r':
		return what + ": a quotation mark is missing at the end of the line"
	case from[0] == '\'':
		return what + ": names and strings need double quotation marks"
	case from[0] == '/' || from[0] == '#':
		return what + ": JSON does not allow comments"
	case previous == '{' || previous == ',':
		return what + ": names need double quotation marks"
	case from[0] == '"':
		return what + ": a comma is missing"
	}
	return what
}

// normalizeScalars removes the blanks around strings and writes every number in
// its shortest form, 10.0 as 10, within what a float64 holds: the validator
// rejects other spellings. Members that are null or empty strings are deleted:
// forms write them for settings that are not given.
func normalizeScalars(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name := range v {
			if v[name] = normalizeScalars(v[name]); v[name] == nil || v[name] == "" {
				delete(v, name)
			}
		}
	case []any:
		for i := range v {
			v[i] = normalizeScalars(v[i])
		}
	case json.Number:
		f, _ := v.Float64() // out of range: an infinity
		return json.Number(strconv.FormatFloat(min(max(f, -1e18), 1e18), 'f', -1, 64))
	case string:
		return strings.TrimSpace(v)
	}
	return value
}

// coerceTypes converts strings to the types of their settings: URIs, environment
// variables and some forms contain only strings.
func coerceTypes(fields map[string]any) {
	for name, value := range fields {
		text, isString := value.(string)
		if name == "reports" && text == reports.Standard {
			fields[name] = []any{map[string]any{"scope": text}}
		} else if property := spec().Properties[name]; isString && property != nil {
			if fields[name] = coerce(text, property.Types[0]); fields[name] == nil {
				delete(fields, name)
			}
		}
	}
}

// coerce converts a string: "10" to a number, "yes" to true, "a, b" and
// ["a", "b"] to a list, null to nil. It returns other strings as they are.
func coerce(text, typ string) any {
	switch typ {
	case "integer", "number":
		if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
			return normalizeScalars(json.Number(text))
		}
	case "boolean":
		if b, ok := ParseBool(text); ok {
			return b
		}
	case "array":
		if value, err := decodeAny([]byte(text)); err == nil {
			return normalizeScalars(value)
		}
		if strings.ContainsAny(text, `[{"`) {
			return text
		}
		list := []any{}
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		return list
	}
	return text
}

// ParseBool parses the strings that are accepted for true and false.
func ParseBool(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "true", "1", "yes", "on":
		return true, true
	case "false", "0", "no", "off":
		return false, true
	}
	return false, false
}
