package main

import (
	"regexp"
	"slices"
	"strings"
)

// A relation is a column that names records of another stream by their id.
type relation struct {
	From, Column string
	// To are the streams it can name a record of: one of them at a time.
	To []string
	// Of how many records on this side the column belongs to how many on the
	// other: n:1, n:m, 1:1 or 1:n.
	Many string
	// By is the column that says which of them it is; "" if none does.
	By string
}

// said are the relations that neither name nor comment of the column tells,
// or not whole. What they leave empty is derived.
var said = []relation{
	{From: "account", Column: "settings[].id", Many: "1:n"}, // there is one account
	{From: "events", Column: "object_id", By: "object_type",
		To: []string{"tickets", "ticket_messages", "customers", "satisfaction_surveys", "tags", "users", "custom_fields"}},
	{From: "satisfaction_surveys", Column: "ticket_id", Many: "1:1"}, // the documentation says so
	{From: "view_items", Column: "id", To: []string{"tickets", "customers"}},
	{From: "voice_calls", Column: "summaries[].recording_id", Many: "1:n"}, // a recording is of one call
}

// nowhere are the ids that no stream has records of.
var nowhere = map[string][]string{
	"integrations":      {"http.id", "business_hours_id"},
	"view_items":        {"channels[].id"},
	"views":             {"section_id"},
	"voice_call_events": {"account_id"}, // the account goes by its domain
	"voice_calls":       {"phone_number_id", "queue_id", "summaries[].id"},
}

// relations derives from the columns of all streams how they hang together: an
// id says in its name or in its comment what it is one of. Lost are the ids of
// which that is not known.
func relations(all []*section) (found []relation, lost []string) {
	for _, s := range all {
		for _, c := range s.Columns {
			if c.kind() != "integer" || len(s.Key) == 1 && c.Path == s.Key[0] {
				continue
			}
			r := relation{From: s.Name, Column: c.Path, To: leads(all, c), Many: "n:1"}
			if strings.Contains(c.Path, "[]") {
				r.Many = "n:m"
			}
			for _, t := range said {
				if t.From == r.From && t.Column == r.Column {
					r.By = t.By
					if t.To != nil {
						r.To = t.To
					}
					if t.Many != "" {
						r.Many = t.Many
					}
				}
			}
			switch {
			case len(r.To) > 0:
				found = append(found, r)
			case isID(c.Path) && !slices.Contains(nowhere[s.Name], c.Path):
				lost = append(lost, s.Name+"."+c.Path)
			}
		}
	}
	return found, lost
}

func isID(path string) bool {
	return path == "id" || strings.HasSuffix(path, ".id") || strings.HasSuffix(path, "_id")
}

// Comments of ids: "User or customer id.", "Id of the user who asked for it."
var (
	before = regexp.MustCompile(`^(\w+)(?: or (\w+))? id\b`)
	behind = regexp.MustCompile(`^Id of the ((?:[\w']+ ?)+)`)
)

// leads returns the streams whose records an id names. The comment knows best;
// where it leaves a choice, the name decides.
func leads(all []*section, c column) (to []string) {
	add := func(list []string, name string) []string {
		if s := named(all, name); s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
		return list
	}
	if m := before.FindStringSubmatch(c.Description); m != nil {
		to = add(add(to, strings.ToLower(m[1])), m[2])
	} else if m := behind.FindStringSubmatch(c.Description); m != nil {
		words := strings.Fields(m[1])
		for n := len(words); n > 0 && to == nil; n-- {
			to = add(to, strings.Join(words[:n], "_"))
		}
	}
	if !isID(c.Path) {
		return to
	}
	parts := strings.Split(c.Path, ".")
	name := strings.TrimSuffix(parts[len(parts)-1], "_id")
	if name == "id" && len(parts) > 1 {
		name = strings.TrimSuffix(strings.TrimSuffix(parts[len(parts)-2], "[]"), "s")
	}
	var byName []string
	for ok := true; ok && byName == nil; _, name, ok = strings.Cut(name, "_") {
		byName = add(byName, name) // deleted_by_user, by_user, user
	}
	if to == nil || len(byName) > 0 && slices.Contains(to, byName[0]) {
		return byName
	}
	return to
}

// named returns the stream of such records: that of calls is voice_calls. It
// is "" if there is none, or more than one.
func named(all []*section, singular string) string {
	var found []string
	for _, s := range all {
		if s.Name == singular+"s" {
			return s.Name
		}
		if singular != "" && strings.HasSuffix(s.Name, "_"+singular+"s") {
			found = append(found, s.Name)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}
