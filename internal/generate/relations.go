package main

import (
	"regexp"
	"slices"
	"strings"
)

// A relation is a column that contains ids of another stream's records.
type relation struct {
	From, Column string
	// To lists the streams the ids can belong to, one of them at a time.
	To []string
	// Many is the cardinality: how many records of From belong to how many of
	// To (n:1, n:m, 1:1 or 1:n).
	Many string
	// By is the column that names the stream of an id; "" if there is none.
	By string
}

// declared corrects what is inferred from a column's name and comment. An
// empty field keeps the inferred value.
var declared = []relation{
	{From: "account", Column: "settings[].id", Many: "1:n"}, // there is one account
	{From: "events", Column: "object_id", By: "object_type",
		To: []string{"tickets", "ticket_messages", "customers", "satisfaction_surveys", "tags", "users", "custom_fields"}},
	{From: "satisfaction_surveys", Column: "ticket_id", Many: "1:1"}, // the documentation says so
	{From: "view_items", Column: "id", To: []string{"tickets", "customers"}},
	{From: "voice_calls", Column: "summaries[].recording_id", Many: "1:n"}, // a recording is of one call
}

// external lists the columns with ids of records that no stream has.
var external = map[string][]string{
	"integrations":      {"http.id", "business_hours_id"},
	"view_items":        {"channels[].id"},
	"views":             {"section_id"},
	"voice_call_events": {"account_id"}, // the account's key is its domain
	"voice_calls":       {"phone_number_id", "queue_id", "summaries[].id"},
}

// relations infers the relations of all streams from their columns. unknown
// lists the id columns whose stream cannot be inferred: the column's comment,
// declared or external must name it.
func relations(all []*section) (found []relation, unknown []string) {
	for _, s := range all {
		for _, c := range s.Columns {
			if c.jsonType() != "integer" || len(s.Key) == 1 && c.Path == s.Key[0] {
				continue
			}
			r := relation{From: s.Name, Column: c.Path, To: referredStreams(all, c), Many: "n:1"}
			if strings.Contains(c.Path, "[]") {
				r.Many = "n:m"
			}
			r.correct()
			switch {
			case len(r.To) > 0:
				found = append(found, r)
			case isID(c.Path) && !slices.Contains(external[s.Name], c.Path):
				unknown = append(unknown, s.Name+"."+c.Path)
			}
		}
	}
	return found, unknown
}

// correct applies what is declared of the relation.
func (r *relation) correct() {
	for _, d := range declared {
		if d.From != r.From || d.Column != r.Column {
			continue
		}
		r.By = d.By
		if d.To != nil {
			r.To = d.To
		}
		if d.Many != "" {
			r.Many = d.Many
		}
	}
}

func isID(path string) bool {
	return path == "id" || strings.HasSuffix(path, ".id") || strings.HasSuffix(path, "_id")
}

// Comments of ids: "User or customer id.", "Id of the user who asked for it."
var (
	nounBefore = regexp.MustCompile(`^(\w+)(?: or (\w+))? id\b`)
	nounAfter  = regexp.MustCompile(`^Id of the ((?:[\w']+ ?)+)`)
)

// referredStreams returns the streams whose ids a column contains. The comment
// takes precedence; if it names several streams, the column's name selects one.
func referredStreams(all []*section, c column) []string {
	byComment := streamsInComment(all, c.Description)
	if !isID(c.Path) {
		return byComment
	}
	if byName := streamInName(all, c.Path); byName != "" && (byComment == nil || slices.Contains(byComment, byName)) {
		return []string{byName}
	}
	return byComment
}

func streamsInComment(all []*section, comment string) (names []string) {
	if m := nounBefore.FindStringSubmatch(comment); m != nil {
		for _, noun := range m[1:] {
			if name := streamOf(all, strings.ToLower(noun)); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	} else if m := nounAfter.FindStringSubmatch(comment); m != nil {
		words := strings.Fields(m[1])
		for n := len(words); n > 0 && names == nil; n-- {
			if name := streamOf(all, strings.Join(words[:n], "_")); name != "" {
				names = []string{name}
			}
		}
	}
	return names
}

// streamInName tries shorter and shorter ends of a column's name:
// deleted_by_user, by_user, user.
func streamInName(all []*section, path string) string {
	parts := strings.Split(path, ".")
	noun := strings.TrimSuffix(parts[len(parts)-1], "_id")
	if noun == "id" && len(parts) > 1 {
		noun = strings.TrimSuffix(strings.TrimSuffix(parts[len(parts)-2], "[]"), "s")
	}
	for ok := true; ok; _, noun, ok = strings.Cut(noun, "_") {
		if name := streamOf(all, noun); name != "" {
			return name
		}
	}
	return ""
}

// streamOf returns the stream whose records a noun stands for: call means
// voice_calls. It is "" if there is none, or more than one.
func streamOf(all []*section, noun string) string {
	var found []string
	for _, s := range all {
		if s.Name == noun+"s" {
			return s.Name
		}
		if noun != "" && strings.HasSuffix(s.Name, "_"+noun+"s") {
			found = append(found, s.Name)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}
