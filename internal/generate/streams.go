package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"source-gorgias/connector/airbyte"
	"source-gorgias/connector/singer"
)

// Streams returns docs/streams.md: what each stream is, how it is read, what
// that costs and captures, and every column of it. All of it comes from the
// rows of the table and the comments of the record types.
//
// It is an error if a row is read in a way for which there are no words.
func Streams(all []*section) ([]byte, error) {
	var b bytes.Buffer
	put := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	put("%s", strings.TrimSpace(fmt.Sprintf(introduction, airbyte.Tombstone, singer.Tombstone, rest)))
	put("\n## At a glance\n\n![The streams and the columns that join them](streams.svg)\n")
	put("| stream | what a record is | primary key | cursor | read | requests at rest |\n| --- | --- | --- | --- | --- | --- |")
	found, _ := relations(all)
	told := map[string]*reading{}
	for _, s := range all {
		r, err := read(s)
		if err != nil {
			return nil, err
		}
		told[s.Name] = r
		first, _, _ := strings.Cut(s.About, ". ")
		put("| [%s](#%s) | %s | %s | %s | %s | %s |", s.Name, s.Name, strings.TrimSuffix(first, "."),
			quoted(s.Key), quoted([]string{s.Cursor}), r.briefly, r.atRest)
	}
	put("\n## The streams")
	for _, s := range all {
		r := told[s.Name]
		put("\n### %s\n\n%s\n", s.Name, s.About)
		put("* **Primary key:** %s. **Cursor:** %s", quoted(s.Key), cursorOf(s))
		put("* **How it is read:** %s", r.how)
		put("* **What it costs:** %s", r.costs)
		put("* **Captured:** %s", r.captured)
		put("* **Deletions:** %s", r.deletions)
		put("* **Not captured:** %s", r.missing)
		if s.SecretColumns != nil {
			put("* **Masked:** what looks like a credential in %s, unless `mask_secrets` is false.", quoted(s.SecretColumns))
		}
		put("* **Permission:** %s\n", r.permission)
		put("| column | type | null | description |\n| --- | --- | --- | --- |")
		for _, c := range s.Columns {
			null := "no"
			if c.nullable() {
				null = "yes"
			}
			put("| `%s` | %s | %s | %s |", c.Path, c.word(), null, describeColumn(all, found, s, c))
		}
	}
	return b.Bytes(), nil
}

// introduction is filled with the tombstone columns of Airbyte and of Singer,
// and with the column for all that is not declared.
const introduction = `
<!-- Generated from connector/streams.go and schemas/ by go generate: change those. -->

# Streams

What this connector reads, stream by stream: what a record is, how and at what cost it is read, what is captured and what is
not, and every column. The whole argument why nothing is lost is in [correctness.md](correctness.md).

## How to read this

**Columns.** Nested ones are written with dots, those of the objects in a list with ` + "`[]`" + `: ` + "`customer.email`, `tags[].name`" + `. They arrive
nested, as the API sends them; a destination may flatten them. A *timestamp* is a string in UTC, ` + "`2026-01-02T03:04:05.000000Z`" + `. An
*integer* has 64 bits. A *free-form object* has whatever keys the API sends. An arrow names the column that an id leads to.

**Null.** Only what belongs to the primary key is never null. What the API leaves out is null too.

**How sure a description is.** Where it says nothing of its source, the reference documentation and recorded answers of real accounts
agree. *Documented* means that no recorded answer shows it, *seen* that no documentation mentions it, *assumed* that it was concluded
from something else. An *open set* of words may grow without notice.

**Columns of every stream.** ` + "`%[3]s`" + ` is an object with the fields that the API sent and this version does not declare, by their
names; null if there were none. Nothing undeclared is lost, and none of it can break a table.

**Columns of deletions.** A stream whose deletions arrive as tombstones has one more column, a timestamp: ` + "`%[1]s`" + ` in Airbyte,
` + "`%[2]s`" + ` in Singer. It is null while the record exists. A tombstone holds the primary key, that column and the cursor; all else is null. With
the setting ` + "`deletes: ignore`" + ` none are written.

**Costs.** In requests, of which an account allows two a second (four with OAuth2). Pages have 100 records. *At rest* is a sync in which nothing has
changed since the last one, nor so much shortly before it that it fills a page of its own. Where events are heeded, they are asked for once for all streams, and not at all if the stream
` + "`events`" + ` is selected: they are then read anyway. ` + "`source-gorgias plan`" + ` estimates all this for your account.

**Settings.** Every sync of an incremental stream reaches back ` + "`overlap`" + ` minutes before the end of the last one, because records can become
visible late; what has not changed is not written again. A list that does not come
in the order asked for is read to its end. A first sync begins at ` + "`start_date`" + `. With an ` + "`end_date`" + ` no events are heeded.
A column named in ` + "`exclude_fields`" + ` is left out, one in ` + "`hash_fields`" + ` is hashed.

**Permission.** An API key may do what its user may. Which role each list asks for is not documented: an admin's key reads all.
` + "`source-gorgias check`" + ` lists, on a terminal, the streams that your credentials may read.
`

func quoted(names []string) string {
	if len(names) == 0 || names[0] == "" {
		return "–"
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

func cursorOf(s *section) string {
	if s.Incremental() {
		return "`" + s.Cursor + "`."
	}
	return "none: it is read whole every time."
}

// describeColumn adds to a column's comment what is masked in it and where it
// leads.
func describeColumn(all []*section, found []relation, s *section, c column) string {
	text := c.Description
	if c.kind() == "array" && c.Items != nil && text == "" {
		text = c.Items.Description
	}
	text = strings.ReplaceAll(text, "|", "\\|")
	if slices.Contains(s.SecretColumns, c.Path) {
		text += " Credentials in it are masked (`mask_secrets`)."
	}
	for _, r := range found {
		if r.From != s.Name || r.Column != c.Path {
			continue
		}
		var to []string
		for _, name := range r.To {
			i := slices.IndexFunc(all, func(t *section) bool { return t.Name == name })
			to = append(to, fmt.Sprintf("[%s](#%s).`%s`", name, name, all[i].Key[len(all[i].Key)-1]))
		}
		text += " → " + strings.Join(to, " or ")
		if r.By != "" {
			text += ", as `" + r.By + "` says"
		}
	}
	return text
}
