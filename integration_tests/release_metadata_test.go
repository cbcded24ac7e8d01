package integration_tests

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"source-gorgias/connector/streams"
)

// connectorMetadata is the data of metadata.yaml.
func connectorMetadata(t testing.TB) map[string]any {
	t.Helper()
	doc, _ := yamlFile(t, "../metadata.yaml").(map[string]any)
	data, _ := doc["data"].(map[string]any)
	if data == nil {
		t.Fatal("metadata.yaml has no data")
	}
	return data
}

func yamlFile(t testing.TB, path string) any {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parseYAML(string(raw))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return doc
}

// A yamlLine is a line that is not empty: where it begins, and its text.
type yamlLine struct {
	at   int
	text string
}

// parseYAML reads the subset of YAML that our files use, in which no string can be
// mistaken for another type, and rejects everything else.
func parseYAML(text string) (any, error) {
	var lines []yamlLine
	for l := range strings.Lines(text) {
		trimmed := strings.TrimLeft(strings.TrimRight(l, "\n"), " ")
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		at := len(strings.TrimRight(l, "\n")) - len(trimmed)
		for strings.HasPrefix(trimmed, "- ") { // an item is a line of its own, further in
			lines = append(lines, yamlLine{at, "-"})
			at, trimmed = at+2, trimmed[2:]
		}
		lines = append(lines, yamlLine{at, trimmed})
	}
	v, rest, err := yamlBlock(lines, 0)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%q is outside of the document", rest[0].text)
	}
	return v, err
}

var (
	yamlKey   = regexp.MustCompile(`^([A-Za-z_]+):(?: (.+))?$`)
	yamlPlain = regexp.MustCompile(`^[A-Za-z0-9/][\w ./:=-]*$`)
)

// yamlBlock reads a list or a mapping that begins at a column.
func yamlBlock(lines []yamlLine, at int) (any, []yamlLine, error) {
	list, mapping := []any{}, map[string]any{}
	for len(lines) > 0 && lines[0].at == at {
		var key, value string
		item := lines[0].text == "-"
		if m := yamlKey.FindStringSubmatch(lines[0].text); m != nil {
			key, value = m[1], m[2]
		} else if !item {
			if len(list)+len(mapping) > 0 {
				return nil, nil, fmt.Errorf("neither a key nor an item: %q", lines[0].text)
			}
			v, err := yamlScalar(lines[0].text)
			return v, lines[1:], err
		}
		if _, twice := mapping[key]; twice || item && len(mapping) > 0 || !item && len(list) > 0 {
			return nil, nil, fmt.Errorf("%q does not belong there", lines[0].text)
		}
		lines = lines[1:]
		var v any
		var err error
		if value != "" {
			v, err = yamlScalar(value)
		} else {
			v, lines, err = yamlBlock(lines, at+2)
		}
		if err != nil {
			return nil, nil, err
		}
		if item {
			list = append(list, v)
		} else {
			mapping[key] = v
		}
	}
	switch {
	case len(list) > 0:
		return list, lines, nil
	case len(mapping) > 0:
		return mapping, lines, nil
	}
	return nil, nil, fmt.Errorf("nothing at column %d: %v", at, lines)
}

func yamlScalar(text string) (any, error) {
	switch {
	case text == "true" || text == "false":
		return text == "true", nil
	case text == "[]":
		return []any{}, nil
	case text[0] == '"':
		return strconv.Unquote(text)
	}
	if n, err := strconv.Atoi(text); err == nil && strconv.Itoa(n) == text {
		return json.Number(text), nil
	}
	_, err := strconv.ParseFloat(text, 64)
	if err == nil || !yamlPlain.MatchString(text) || strings.Contains(text, ": ") || strings.HasSuffix(text, ":") ||
		slices.Contains([]string{"null", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(text)) {
		return nil, fmt.Errorf("%q could be mistaken for another type", text)
	}
	return text, nil
}

// metadataForm is the part of Airbyte's schema of metadata.yaml that we use: other
// keys are rejected.
const metadataForm = `{
	"type": "object", "additionalProperties": false, "required": ["metadataSpecVersion", "data"],
	"properties": {"metadataSpecVersion": {"const": "1.0"}, "data": {
		"type": "object", "additionalProperties": false,
		"required": ["name", "definitionId", "connectorType", "connectorSubtype", "dockerRepository", "dockerImageTag", "license",
			"documentationUrl", "githubIssueLabel", "releaseStage", "supportLevel", "icon", "tags", "allowedHosts", "suggestedStreams",
			"registryOverrides", "maxSecondsBetweenMessages"],
		"properties": {
			"name": {"const": "Gorgias"},
			"definitionId": {"type": "string", "format": "uuid", "not": {"const": "9fdc3733-c51a-4129-9be5-7e9ad6eab6ac"}},
			"connectorType": {"const": "source"},
			"connectorSubtype": {"const": "api"},
			"dockerRepository": {"type": "string", "pattern": "^([a-z0-9.-]+/)*source-gorgias$"},
			"dockerImageTag": {"type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$"},
			"githubIssueLabel": {"const": "source-gorgias"},
			"icon": {"type": "string"},
			"license": {"const": "MIT"},
			"releaseStage": {"enum": ["alpha", "beta", "generally_available", "custom"]},
			"releaseDate": {"type": "string", "format": "date"},
			"supportLevel": {"enum": ["community", "certified", "archived"]},
			"documentationUrl": {"type": "string", "format": "uri", "pattern": "^https://"},
			"protocolVersion": {"type": "string"},
			"maxSecondsBetweenMessages": {"type": "integer", "minimum": 60},
			"tags": {"type": "array", "items": {"type": "string", "pattern": "^(language|cdk|keyword):"}, "contains": {"const": "language:go"}},
			"allowedHosts": {"type": "object", "additionalProperties": false, "required": ["hosts"], "properties": {
				"hosts": {"type": "array", "minItems": 1, "items": {"type": "string"}}}},
			"suggestedStreams": {"type": "object", "additionalProperties": false, "required": ["streams"], "properties": {
				"streams": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string"}}}},
			"registryOverrides": {"type": "object", "additionalProperties": false, "required": ["oss", "cloud"], "properties": {
				"oss": {"$ref": "#/definitions/registry"}, "cloud": {"$ref": "#/definitions/registry"}}},
			"ab_internal": {"type": "object", "additionalProperties": false, "required": ["ql", "sl"], "properties": {
				"ql": {"enum": [0, 100, 200, 300, 400, 500, 600]}, "sl": {"enum": [0, 100, 200, 300]}}},
			"connectorTestSuitesOptions": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["suite"],
				"properties": {"suite": {"enum": ["unitTests", "integrationTests", "acceptanceTests", "liveTests"]}}}},
			"externalDocumentationUrls": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["title", "url"],
				"properties": {"title": {"type": "string"}, "url": {"type": "string", "format": "uri"}, "type": {"type": "string"}}}}}}},
	"definitions": {"registry": {"type": "object", "additionalProperties": false, "required": ["enabled"], "properties": {"enabled": {"type": "boolean"}}}}}`

// acceptanceForm is the same for acceptance-test-config.yml. Two test suites
// reject each other's keys: it has those that both accept.
const acceptanceForm = `{
	"type": "object", "additionalProperties": false, "required": ["connector_image", "acceptance_tests"],
	"properties": {"connector_image": {"type": "string"}, "acceptance_tests": {
		"type": "object", "additionalProperties": false,
		"required": ["spec", "connection", "discovery", "basic_read", "full_refresh", "incremental", "connector_attributes"],
		"properties": {
			"spec": {"$ref": "#/definitions/tests", "properties": {"tests": {"items": {"additionalProperties": false, "properties": {
				"config_path": {}, "backward_compatibility_tests_config": {"$ref": "#/definitions/versions"}}}}}},
			"connection": {"$ref": "#/definitions/tests", "properties": {"tests": {"minItems": 2, "items": {"additionalProperties": false, "required": ["status"],
				"properties": {"config_path": {}, "status": {"enum": ["succeed", "failed", "exception"]}}}}}},
			"discovery": {"$ref": "#/definitions/tests", "properties": {"tests": {"items": {"additionalProperties": false, "properties": {
				"config_path": {}, "backward_compatibility_tests_config": {"$ref": "#/definitions/versions"}}}}}},
			"basic_read": {"$ref": "#/definitions/tests", "properties": {"tests": {"items": {"additionalProperties": false, "properties": {"config_path": {}}}}}},
			"full_refresh": {"$ref": "#/definitions/tests", "properties": {"tests": {"items": {"additionalProperties": false, "properties": {"config_path": {}}}}}},
			"incremental": {"$ref": "#/definitions/tests", "properties": {"tests": {"items": {"additionalProperties": false, "required": ["future_state"],
				"properties": {"config_path": {}, "future_state": {"type": "object", "additionalProperties": false, "required": ["bypass_reason"],
				"properties": {"bypass_reason": {"type": "string"}}}}}}}},
			"connector_attributes": {"$ref": "#/definitions/tests", "properties": {"tests": {"items": {"additionalProperties": false, "properties": {
				"config_path": {}, "streams_without_primary_key": {"maxItems": 0}}}}}}}}},
	"definitions": {
		"tests": {"type": "object", "required": ["tests"], "maxProperties": 1, "properties": {"tests": {"type": "array", "minItems": 1, "items": {
			"type": "object", "required": ["config_path"], "properties": {"config_path": {"type": "string"}}}}}},
		"versions": {"type": "object", "additionalProperties": false, "properties": {"disable_for_version": {"type": "string"}}}}}`

func fits(form, text string) error {
	c := jsonschema.NewCompiler()
	c.Draft, c.AssertFormat = jsonschema.Draft2019, true
	if err := c.AddResource("form.json", strings.NewReader(form)); err != nil {
		return err
	}
	schema, err := c.Compile("form.json")
	if err != nil {
		return err
	}
	doc, err := parseYAML(text)
	if err != nil {
		return err
	}
	return schema.Validate(doc)
}

// TestMetadata compares metadata.yaml with Airbyte's schema, and with the streams,
// files and settings that it refers to.
func TestMetadata(t *testing.T) {
	raw, err := os.ReadFile("../metadata.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	if err := fits(metadataForm, text); err != nil {
		t.Errorf("%#v", err)
	}
	data := connectorMetadata(t)
	list := func(of, name string) (all []string) {
		for _, v := range data[of].(map[string]any)[name].([]any) {
			all = append(all, v.(string))
		}
		return all
	}
	for _, name := range list("suggestedStreams", "streams") {
		if streams.Find(name) == nil {
			t.Errorf("it suggests %s, which is not a stream", name)
		}
	}
	if hosts := list("allowedHosts", "hosts"); !slices.Equal(hosts, []string{"*.gorgias.com"}) {
		t.Errorf("it allows %q", hosts)
	}
	if _, err := os.Stat("../" + data["icon"].(string)); err != nil {
		t.Error(err)
	}
	spec := call{args: []string{"spec"}}.inside(t)
	for _, name := range []string{"documentationUrl", "protocolVersion"} {
		if v, _ := json.Marshal(data[name]); !strings.Contains(string(spec.stdout), ":"+string(v)) {
			t.Errorf("its %s is %s, which differs from the specification", name, v)
		}
	}
	for _, change := range [][2]string{
		{`metadataSpecVersion: "1.0"`, `metadataSpecVersion: "2.0"`},
		{"  name: Gorgias\n", ""},
		{"definitionId: f74eddd3", "definitionId: f74eddd"},
		{"f74eddd3-2a77-45a2-a5e5-5406bd9678a7", "9fdc3733-c51a-4129-9be5-7e9ad6eab6ac"},
		{"connectorType: source", "connectorType: origin"},
		{"connectorSubtype: api", "connectorSubtype: web"},
		{"dockerRepository: source-gorgias", "dockerRepository: Source"},
		{"dockerImageTag: ", "dockerImageTag: v"},
		{"license: MIT", "license: ELv2"},
		{"releaseStage: alpha", "releaseStage: gamma"},
		{"supportLevel: community", "supportLevel: none"},
		{"documentationUrl: https://", "documentationUrl: ftp://"},
		{"maxSecondsBetweenMessages: 10800", `maxSecondsBetweenMessages: "10800"`},
		{"language:go", "language:java"},
		{"- \"*.gorgias.com\"", "- 1"},
		{"- tickets\n", "- users\n"},
		{"  registryOverrides:\n", "  registries:\n"},
		{"cloud:\n      enabled: false", "cloud:\n      on: false"},
		{"suite: unitTests", "suite: tests"},
		{"- title: Gorgias API reference\n      url", "- title: Gorgias API reference\n      address"},
		{"  icon: icon.svg\n", "  icon: icon.svg\n  icon: icon.svg\n"},
		{"  icon: icon.svg\n", "   icon: icon.svg\n"},
		{"  icon: icon.svg\n", "  icon: {}\n"},
	} {
		broken := strings.Replace(text, change[0], change[1], 1)
		if broken == text {
			t.Errorf("nothing to break at %q", change[0])
		} else if fits(metadataForm, broken) == nil {
			t.Errorf("with %q for %q it passes", change[1], change[0])
		}
	}
}

// TestAcceptanceConfig does the same for Airbyte's acceptance tests, and checks
// that the connector treats their files as they expect.
func TestAcceptanceConfig(t *testing.T) {
	raw, err := os.ReadFile("../acceptance-test-config.yml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	if err := fits(acceptanceForm, text); err != nil {
		t.Errorf("%#v", err)
	}
	if want := fmt.Sprintf("\nconnector_image: %v:dev\n", connectorMetadata(t)["dockerRepository"]); !strings.Contains(text, want) {
		t.Errorf("the image is not %s", want)
	}
	for _, m := range regexp.MustCompile(`_path: (\S+)`).FindAllStringSubmatch(text, -1) {
		if m[1] == "secrets/config.json" { // the user's own
			continue
		}
		if _, err := os.Stat("../" + m[1]); err != nil {
			t.Error(err)
		}
	}
	for _, change := range [][2]string{
		{"connector_image", "image"},
		{"acceptance_tests:", "test_strictness_level: high\nacceptance_tests:"},
		{"  discovery:\n", "  discover:\n"},
		{"config_path", "config"},
		{"status: failed", "status: fails"},
		{"  basic_read:\n    tests:\n      - config_path: secrets/config.json\n", "  basic_read:\n    tests:\n      - config_path: secrets/config.json\n        fail_on_extra_columns: true\n"},
		{"bypass_reason", "reason"},
		{"disable_for_version", "disable_for"},
		{"streams_without_primary_key: []", "streams_without_primary_key:\n          - tags"},
	} {
		broken := strings.Replace(text, change[0], change[1], 1)
		if broken == text {
			t.Errorf("nothing to break at %q", change[0])
		} else if fits(acceptanceForm, broken) == nil {
			t.Errorf("with %q for %q it passes", change[1], change[0])
		}
	}

	t.Run("wrong_config", func(t *testing.T) {
		tr := call{args: []string{"check", "--config", "../packaging/acceptance/wrong_config.json"}}.inside(t)
		if tr.code != 0 || !strings.Contains(string(tr.stdout), `"status":"FAILED"`) {
			t.Errorf("exit code %d: %s", tr.code, tail(tr.stdout))
		}
	})
}

// TestIcon checks that the icon has the required size and consists of shapes.
func TestIcon(t *testing.T) {
	raw, err := os.ReadFile("../icon.svg")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	if err := iconFault(text); err != nil {
		t.Error(err)
	}
	for _, change := range [][2]string{
		{`width="250"`, `width="256"`},
		{`viewBox="0 0 250 250"`, `viewBox="0 0 24 24"`},
		{"<circle", `<image href="https://example.com/logo.png"/><circle`},
		{"<circle", `<script>x</script><circle`},
		{"<circle", `<circle onclick="x"`},
		{"</svg>", ""},
	} {
		broken := strings.Replace(text, change[0], change[1], 1)
		if broken == text {
			t.Errorf("nothing to break at %q", change[0])
		} else if iconFault(broken) == nil {
			t.Errorf("with %q for %q it passes", change[1], change[0])
		}
	}
}

func iconFault(text string) error {
	d := xml.NewDecoder(strings.NewReader(text))
	for n := 0; ; n++ {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !slices.Contains([]string{"svg", "title", "rect", "path", "circle"}, start.Name.Local) {
			return fmt.Errorf("it has a <%s>", start.Name.Local)
		}
		values := map[string]string{}
		for _, a := range start.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
				return fmt.Errorf("it has a %s", a.Name.Local)
			}
			values[a.Name.Local] = a.Value
		}
		if start.Name.Local == "svg" && (values["width"] != "250" || values["height"] != "250" || values["viewBox"] != "0 0 250 250") {
			return fmt.Errorf("its size is %s by %s of %q", values["width"], values["height"], values["viewBox"])
		}
	}
}
