package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"source-gorgias/connector"
	"source-gorgias/connector/airbyte"
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

// formTable lists the fields of the specification as the form shows them.
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
				continue // the choice between options shows it
			}
			value := ""
			switch {
			case slices.Contains(f.Required, name):
				value = "required"
			case p.Default != nil:
				text, _ := json.Marshal(p.Default) // it was JSON a moment ago
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

// modes tells how the streams can be synced.
func modes(streams []*connector.Stream) []byte {
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

// kinds says what becomes of the kinds of columns there are: in the schemas,
// in Airbyte, and in words. In this order they are listed.
var kinds = [][3]string{
	{"integer", "`integer`", "ids and counts; spelled as the API does, beyond 2^53 too"},
	{"number", "`number`", "measures"},
	{"string", "`string`", "texts; without U+0000 and halves of surrogate pairs"},
	{"date-time", "`timestamp_with_timezone`", "instants, in UTC, with six digits of the second's fraction"},
	{"boolean", "`boolean`", ""},
	{"object", "`object`", "JSON in most destinations; nested instants are spelled like the others"},
	{"array", "`array`", "JSON in most destinations"},
}

// types counts the columns of each kind in all streams. A kind that is not in
// the table is an error.
func types(streams []*connector.Stream) ([]byte, error) {
	count := map[string]int{}
	for _, s := range streams {
		var schema struct {
			Properties map[string]struct {
				Type   any
				Format string
			}
		}
		if err := json.Unmarshal(s.Schema(airbyte.Tombstone), &schema); err != nil {
			return nil, err
		}
		for name, column := range schema.Properties {
			kind := column.Format
			if kind == "" {
				kind = strings.TrimSuffix(strings.Trim(fmt.Sprint(column.Type), "[]"), " null")
			}
			if !slices.ContainsFunc(kinds, func(k [3]string) bool { return k[0] == kind }) {
				return nil, fmt.Errorf("%s.%s is of the kind %q, of which the documents say nothing", s.Name, name, kind)
			}
			count[kind]++
		}
	}
	var b bytes.Buffer
	b.WriteString("| in the schemas | Airbyte's type | columns | |\n| --- | --- | ---: | --- |\n")
	for _, k := range kinds {
		if count[k[0]] > 0 {
			fmt.Fprintf(&b, "| `%s` | %s | %d | %s |\n", k[0], k[1], count[k[0]], k[2])
		}
	}
	return b.Bytes(), nil
}

// scopesNeeded lists what an app asks for, and for which streams.
func scopesNeeded(streams []*connector.Stream) []byte {
	wanted := map[string][]string{}
	for _, s := range streams {
		if s.OAuthScope != "" {
			wanted[s.OAuthScope] = append(wanted[s.OAuthScope], "`"+s.Name+"`")
		}
	}
	var b bytes.Buffer
	b.WriteString("| scope | for |\n| --- | --- |\n| `offline` | the refresh token |\n")
	for _, scope := range slices.Sorted(maps.Keys(wanted)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", scope, strings.Join(wanted[scope], ", "))
	}
	return b.Bytes()
}

// airbyteDocument fills the tables of the page for users of Airbyte.
func airbyteDocument(text, specification []byte, streams []*connector.Stream) ([]byte, error) {
	fields, err := formTable(specification)
	if err != nil {
		return nil, err
	}
	columns, err := types(streams)
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		name string
		with []byte
	}{{"scopes", scopesNeeded(streams)}, {"fields", fields}, {"modes", modes(streams)}, {"types", columns}} {
		if text, err = between(text, "docs/airbyte.md", "", part.name, part.with); err != nil {
			return nil, err
		}
	}
	return text, nil
}
