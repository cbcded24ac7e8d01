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
// that costs and captures, and every column. Its sources are the rows of the
// stream table and the comments of the record types.
//
// It is an error if describeStream fails for a stream.
func Streams(all []*section) ([]byte, error) {
	var b bytes.Buffer
	put := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	put("%s", strings.TrimSpace(fmt.Sprintf(introduction, airbyte.TombstoneColumn, singer.TombstoneColumn, unrecognized)))
	put("\n## At a glance\n\n![Entity-relationship diagram of the streams](streams.svg)\n")
	put("| stream | what a record is | primary key | cursor | read | requests at rest |\n| --- | --- | --- | --- | --- | --- |")
	found, _ := relations(all)
	docs := map[string]*streamDoc{}
	for _, s := range all {
		d, err := describeStream(s)
		if err != nil {
			return nil, err
		}
		docs[s.Name] = d
		first, _, _ := strings.Cut(s.About, ". ")
		put("| [%s](#%s) | %s | %s | %s | %s | %s |", s.Name, s.Name, strings.TrimSuffix(first, "."),
			quoted(s.Key), quoted([]string{s.Cursor}), d.mode, d.atRest)
	}
	put("\n## The streams")
	for _, s := range all {
		d := docs[s.Name]
		put("\n### %s\n\n%s\n", s.Name, s.About)
		put("* **Primary key:** %s. **Cursor:** %s", quoted(s.Key), cursorOf(s))
		put("* **How it is read:** %s", d.how)
		put("* **What it costs:** %s", d.cost)
		put("* **Captured:** %s", d.captured)
		put("* **Deletions:** %s", d.deletions)
		put("* **Not captured:** %s", d.missing)
		if s.SecretColumns != nil {
			put("* **Masked:** values that look like credentials in %s, unless `mask_secrets` is false.", quoted(s.SecretColumns))
		}
		put("* **Permission:** %s\n", d.permission)
		put("| column | type | null | description |\n| --- | --- | --- | --- |")
		for _, c := range s.Columns {
			null := "no"
			if c.nullable() {
				null = "yes"
			}
			put("| `%s` | %s | %s | %s |", c.Path, c.typeName(), null, describeColumn(all, found, s, c))
		}
	}
	return b.Bytes(), nil
}

// introduction is a format: its arguments are the tombstone columns of Airbyte
// and of Singer, and the column of unrecognized fields.
const introduction = `
<!-- Generated from connector/streams/ and schemas/ by go generate: change those. -->

# Streams

What this connector reads, stream by stream: what a record is, how it is read and at what cost, what is captured and what is
not, and every column. [correctness.md](correctness.md) explains why no data is lost.

## How to read this

**Columns.** Nested ones are written with dots, those of the objects in a list with ` + "`[]`" + `: ` + "`customer.email`, `tags[].name`" + `. They arrive
nested, as the API sends them; a destination may flatten them. A *timestamp* is a string in UTC, ` + "`2026-01-02T03:04:05.000000Z`" + `. An
*integer* has 64 bits. A *free-form object* has the keys that the API sends. An arrow names the column to which an id refers.

**Null.** Only the columns of the primary key are never null. Fields that the API omits are null.

**Sources of a description.** If it names none, the reference documentation and recorded responses of real accounts
agree. *Documented* means that no recorded response shows it, *seen* that no documentation mentions it, *assumed* that it was inferred
from something else. An *open set* of values may grow without notice.

**Columns of every stream.** ` + "`%[3]s`" + ` is an object with the fields that the API sent and this version does not declare, by their
names, and the values that do not fit the declared type of their column, by their paths: ` + "`score`, `customer.email`, `tags[0].name`" + `. In the
column itself such a value is null. It is not kept where members of the field are excluded, hashed or deselected. Without any, the object is
null. Nothing that the API sends is lost, and nothing undeclared can break a table. A *free-form object* may be any JSON in practice: what is
no object is kept there, too.

**Columns of deletions.** A stream whose deletions arrive as tombstones has one more column, a timestamp: ` + "`%[1]s`" + ` in Airbyte,
` + "`%[2]s`" + ` in Singer. It is null while the record exists. A tombstone has the primary key, that column and the cursor; all else is null. With
the setting ` + "`deletes: ignore`" + ` none are written.

**Current rows.** A loader that keeps tombstones keeps the rows of tags and values that were taken off a ticket, and every loader keeps what belonged
to a deleted ticket. So a current row has no deletion time, its parent exists, and it is as recent as its parent. Do not compare it with the latest
` + "`ticket_updated_datetime`" + ` of its own table: there a tombstone has the time of the deletion, and would hide the tags that remain.

<!-- run by: clients -->
` + "```sql" + `
-- _ab_cdc_deleted_at in Airbyte; true with every loader, whether it keeps tombstones or deletes rows
select tag.* from ticket_tags tag join tickets ticket on ticket.id = tag.ticket_id
where tag._sdc_deleted_at is null and ticket._sdc_deleted_at is null and tag.ticket_updated_datetime >= ticket.updated_datetime
` + "```" + `

**Null in a warehouse.** Some loaders write a null object as the JSON value null, which ` + "`IS NULL`" + ` does not find: MeltanoLabs' target-postgres
does, PipelineWise's and PyAirbyte's DuckDB do not. Ask the column of the id instead: ` + "`assignee_user_id IS NULL`" + ` finds the tickets without
an assignee everywhere.

**Costs.** In requests; the rate limit is two a second with an API key, four with OAuth2. A page has 100 records. *At rest* is a sync without
changes since the last one, and with less than a page of changes shortly before it. The events of the change feed are requested once for all streams; if the stream
` + "`events`" + ` is selected, they are taken from its pages. ` + "`source-gorgias plan`" + ` estimates all this for your account.

**Settings.** Every sync of an incremental stream re-reads ` + "`overlap`" + ` minutes before the last watermark, because records can become
visible late; unchanged records are not written again. A list that is not sorted as requested is read to its end.
The first sync begins at ` + "`start_date`" + `. With an ` + "`end_date`" + ` the change feed is not read.
A column named in ` + "`exclude_fields`" + ` is omitted, one in ` + "`hash_fields`" + ` is hashed.

**Permission.** An API key has the permissions of its user. Which role each list needs is not documented: an admin's key can read all.
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
	return "none: every sync is a full refresh."
}

// describeColumn adds to a column's comment that it is masked, and the key to
// which its ids refer.
func describeColumn(all []*section, found []relation, s *section, c column) string {
	text := c.Description
	if c.jsonType() == "array" && c.Items != nil && text == "" {
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
			text += ", depending on `" + r.By + "`"
		}
	}
	return text
}
