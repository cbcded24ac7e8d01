package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/stream"
)

// An entry is a field of the specification's form.
type entry struct {
	Title, Description, Type string
	Const, Default           any
	Order                    int
	Properties               map[string]entry
	Required                 []string
	OneOf                    []entry `json:"oneOf"`
}

// formTable lists the fields of the specification in the order of the form.
func formTable(specification []byte) ([]byte, error) {
	var root entry
	if err := json.Unmarshal(specification, &root); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("| field | default | what it means |\n| --- | --- | --- |\n")
	var list func(within string, f entry)
	list = func(within string, f entry) {
		names := slices.SortedFunc(maps.Keys(f.Properties), func(a, b string) int {
			return cmp.Compare(f.Properties[a].Order, f.Properties[b].Order)
		})
		for _, name := range names {
			p := f.Properties[name]
			if p.Const != nil {
				continue // it only discriminates between the options
			}
			value := ""
			switch {
			case slices.Contains(f.Required, name):
				value = "required"
			case p.Default != nil:
				text, _ := json.Marshal(p.Default) // it was decoded from JSON
				value = "`" + strings.Trim(string(text), `"`) + "`"
			}
			fmt.Fprintf(&b, "| %s**%s** | %s | %s |\n", within, p.Title, value, p.Description)
			for _, option := range p.OneOf {
				list(p.Title+", "+option.Title+": ", option)
			}
		}
	}
	list("", root)
	return b.Bytes(), nil
}

// syncModes lists the sync modes of the streams.
func syncModes(streams []*stream.Stream) []byte {
	var b bytes.Buffer
	b.WriteString("| stream | full refresh | incremental | primary key | cursor | deletions |\n| --- | :-: | :-: | --- | --- | :-: |\n")
	for _, s := range streams {
		incremental, cursor, deletions := "", "", ""
		if s.Incremental() {
			incremental, cursor = "yes", "`"+s.Cursor+"`"
		}
		if s.Deletable {
			deletions = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | yes | %s | `%s` | %s | %s |\n", s.Name, incremental, strings.Join(s.Key, "`, `"), cursor, deletions)
	}
	return b.Bytes()
}

// columnTypes has the types of columns, in the order of their table: in the
// schemas, in Airbyte, and a description.
var columnTypes = [][3]string{
	{"integer", "`integer`", "ids and counts; spelled as the API does, beyond 2^53 too"},
	{"number", "`number`", "measures"},
	{"string", "`string`", "texts; without U+0000 and halves of surrogate pairs"},
	{"date-time", "`timestamp_with_timezone`", "timestamps, in UTC, with six digits of the second's fraction"},
	{"boolean", "`boolean`", ""},
	{"object", "`object`", "JSON in most destinations; nested timestamps are spelled like the others"},
	{"array", "`array`", "JSON in most destinations"},
}

// typeTable counts the columns of each type in all streams. A type that
// columnTypes does not have is an error.
func typeTable(streams []*stream.Stream) ([]byte, error) {
	count := map[string]int{}
	for _, s := range streams {
		var schema struct {
			Properties map[string]struct {
				Type   any
				Format string
			}
		}
		if err := json.Unmarshal(s.Schema(airbyte.TombstoneColumn), &schema); err != nil {
			return nil, err
		}
		for path, column := range schema.Properties {
			name := column.Format
			if name == "" {
				name = strings.TrimSuffix(strings.Trim(fmt.Sprint(column.Type), "[]"), " null")
			}
			if !slices.ContainsFunc(columnTypes, func(t [3]string) bool { return t[0] == name }) {
				return nil, fmt.Errorf("%s.%s has the type %q, which columnTypes in airbyte.go does not describe", s.Name, path, name)
			}
			count[name]++
		}
	}
	var b bytes.Buffer
	b.WriteString("| in the schemas | Airbyte's type | columns | |\n| --- | --- | ---: | --- |\n")
	for _, t := range columnTypes {
		if count[t[0]] > 0 {
			fmt.Fprintf(&b, "| `%s` | %s | %d | %s |\n", t[0], t[1], count[t[0]], t[2])
		}
	}
	return b.Bytes(), nil
}

// scopeTable lists the OAuth scopes that an app requests, and for which streams.
func scopeTable(streams []*stream.Stream) []byte {
	byScope := map[string][]string{}
	for _, s := range streams {
		if s.OAuthScope != "" {
			byScope[s.OAuthScope] = append(byScope[s.OAuthScope], "`"+s.Name+"`")
		}
	}
	var b bytes.Buffer
	b.WriteString("| scope | for |\n| --- | --- |\n| `offline` | the refresh token |\n")
	for _, scope := range slices.Sorted(maps.Keys(byScope)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", scope, strings.Join(byScope[scope], ", "))
	}
	return b.Bytes()
}

// airbyteDocument fills the tables of docs/airbyte.md.
func airbyteDocument(text, specification []byte, streams []*stream.Stream) ([]byte, error) {
	fields, err := formTable(specification)
	if err != nil {
		return nil, err
	}
	columns, err := typeTable(streams)
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		name string
		with []byte
	}{{"scopes", scopeTable(streams)}, {"fields", fields}, {"modes", syncModes(streams)}, {"types", columns}} {
		if text, err = between(text, "docs/airbyte.md", "", part.name, part.with); err != nil {
			return nil, err
		}
	}
	return text, nil
}
